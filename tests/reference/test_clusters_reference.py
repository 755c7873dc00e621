"""Groupings beside those of R 4.2.2 (kmeans, hclust ward.D2, silhouettes from their definition; explore_clusters.R); relative 1e-8."""

from pathlib import Path

import numpy as np
import pytest
from outside import shared

import spatial
from spatial.clusters._agreement import adjusted_rand

TOLERANCE = 1e-8
COLUMNS = ["CRIME", "INC", "HOVAL"]
ROWS = {line.split()[0]: line.split()[1:] for line in (Path(__file__).parent / "explore_clusters.txt").read_text().splitlines()}


@pytest.fixture(scope="module")
def columbus():
    import geopandas
    import pandas as pd
    from shapely import Point

    table = pd.read_csv(shared("references", "columbus", "data.csv"), index_col="id")
    table.index = table.index.map(str)
    return geopandas.GeoDataFrame(table, geometry=[Point(number, 0) for number in range(len(table))], crs="EPSG:32642").rename_axis(
        "place"
    )


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_k_means(columbus, k):
    found = spatial.k_means(columbus, columns=COLUMNS, k=k)
    assert found.within == pytest.approx(float(ROWS["k_means_within"][k - 2]), rel=TOLERANCE)
    assert found.silhouette == pytest.approx(float(ROWS["k_means_silhouette"][k - 2]), rel=TOLERANCE)
    assert found.choice.loc[k, "within"] == pytest.approx(found.within)
    if k == 3:
        assert adjusted_rand(found.cluster.to_numpy(), np.array(ROWS["k_means_3"])) == 1


def test_ward(columbus):
    found = spatial.ward(columbus, columns=COLUMNS, k=4)
    np.testing.assert_allclose(found.merges["height"], np.array(ROWS["ward_heights"], float), rtol=TOLERANCE)
    assert adjusted_rand(found.cluster.to_numpy(), np.array(ROWS["ward_4"])) == 1
    np.testing.assert_allclose(found.silhouette_places, np.array(ROWS["ward_silhouette_4"], float), rtol=TOLERANCE)


@pytest.mark.parametrize(("places", "columns"), [(3, 1), (25, 2), (400, 4), (1_500, 12), (3_000, 3), (3_000, 1)])
def test_ward_beside_scipy(places, columns):
    """The same table of merges, to the number."""
    from scipy.cluster.hierarchy import linkage

    from spatial.clusters._ward import ward_hierarchy

    values = np.random.default_rng(places + columns).gamma(2, size=(places, columns))
    values = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    ours, theirs = ward_hierarchy(values), linkage(values, "ward")
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2], rtol=1e-10)
    assert (ours[:, [0, 1, 3]] == theirs[:, [0, 1, 3]]).all()


@pytest.mark.parametrize("places", [30, 800, 2_500])
def test_ward_of_places_with_the_same_values_beside_scipy(places):
    """As resamples have them: which of the same places merge first differs, heights and groups do not."""
    from scipy.cluster.hierarchy import linkage

    from spatial.clusters._hierarchy import cut
    from spatial.clusters._ward import ward_hierarchy

    random = np.random.default_rng(places)
    values = random.normal(size=(places, 3))[random.integers(0, places, places)]
    different = len(np.unique(values, axis=0))
    assert different < 0.7 * places
    ours, theirs = ward_hierarchy(values), linkage(values, "ward")
    assert (ours[: places - different, 2] == 0).all()
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2], rtol=1e-10)
    for groups in (2, 3, 7, different // 2, different):
        assert adjusted_rand(cut(ours, places, groups), cut(theirs, places, groups)) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sums_of_many_places_beside_sklearn(seed):
    """Beyond 5,000 places the starts see a sample: no worse than ten starts of scikit-learn by more than one in a thousand."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import calinski_harabasz_score

    from spatial.clusters._groups import choices, within
    from spatial.clusters._search import best_grouping

    random = np.random.default_rng(seed)
    values = random.normal(size=(6_000, 3)) + random.normal(size=(5, 3))[random.integers(0, 5, 6_000)] * 2
    values = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    labels, certain = best_grouping(values, 5, seed=seed, starts=20)
    assert not certain
    assert within(values, labels) <= KMeans(5, n_init=10, random_state=seed).fit(values).inertia_ * 1.001
    index = choices(values, {5: labels}).loc[5, "calinski_harabasz"]
    assert index == pytest.approx(calinski_harabasz_score(values, labels), rel=TOLERANCE)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_silhouettes_beside_sklearn(seed, monkeypatch):
    from sklearn.metrics import silhouette_samples

    from spatial.clusters import _groups

    random = np.random.default_rng(seed)
    values, labels = random.normal(size=(900, 3)), random.integers(0, 4, 900)
    theirs = silhouette_samples(values, labels)
    np.testing.assert_allclose(_groups.silhouettes(values, [labels])[0], theirs, rtol=TOLERANCE)
    monkeypatch.setattr(_groups, "MOST_DISTANCES", 300 * 900)
    some = _groups.silhouettes(values, [labels], seed)[0]
    known = np.isfinite(some)
    assert known.sum() == 300
    np.testing.assert_allclose(some[known], theirs[known], rtol=TOLERANCE)
    assert "300 of 900 places" in _groups.too_many(900, some)[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_constrained_ward_beside_sklearn(seed):
    from scipy.sparse import coo_array
    from sklearn.cluster import AgglomerativeClustering

    from spatial.clusters._hierarchy import cut
    from spatial.clusters._joining import joined_hierarchy

    cells = np.arange(400).reshape(20, 20)
    pairs = np.vstack(
        [np.column_stack([cells[:, :-1].ravel(), cells[:, 1:].ravel()]), np.column_stack([cells[:-1].ravel(), cells[1:].ravel()])]
    )
    values = np.random.default_rng(seed).normal(size=(400, 2))
    both = np.vstack([pairs, pairs[:, ::-1]])
    links = coo_array((np.ones(len(both)), (both[:, 0], both[:, 1]))).tocsr()
    steps = joined_hierarchy(pairs, values)
    theirs = AgglomerativeClustering(6, connectivity=links, linkage="ward", compute_distances=True, compute_full_tree=True).fit(
        values
    )
    np.testing.assert_allclose(steps[:, 2], theirs.distances_, rtol=TOLERANCE)
    assert adjusted_rand(cut(steps, 400, 6), theirs.labels_) == 1


def test_adjusted_rand_beside_sklearn():
    from sklearn.metrics import adjusted_rand_score

    random = np.random.default_rng(1)
    for _ in range(5):
        one, other = random.integers(0, 4, 60), random.integers(0, 3, 60)
        assert adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other), rel=TOLERANCE)
