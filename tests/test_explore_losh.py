"""Local scatter (LOSH) when values are dealt out: over all orders, under pure noise, where scatter was put, in any unit."""

from itertools import permutations

import numpy as np
import pytest

import spatial
from spatial.errors import ModelError


def tables(values, matrix):
    """Places in a row, and any weights between them."""
    import geopandas
    from libpysal.graph import Graph

    labels = np.array([f"p{number:04d}" for number in range(len(values))])
    points = geopandas.points_from_xy(1000.0 * np.arange(len(values)), np.zeros(len(values)))
    places = geopandas.GeoDataFrame({"value": values}, geometry=points, index=labels, crs="EPSG:32642").rename_axis("place")
    focal, near = np.nonzero(matrix)
    alone = labels[~matrix.any(axis=1)]
    return places, Graph.from_arrays(
        np.append(labels[focal], alone), np.append(labels[near], alone), np.append(matrix[focal, near], np.zeros(len(alone)))
    )


def lattice(side, rule="queen"):
    """Squares, and which of them touch."""
    import geopandas
    from shapely import box

    cells = [box(1000 * (i % side), 1000 * (i // side), 1000 * (i % side + 1), 1000 * (i // side + 1)) for i in range(side**2)]
    labels = [f"p{number:04d}" for number in range(side**2)]
    places = geopandas.GeoDataFrame({"value": 0.0}, geometry=cells, index=labels, crs="EPSG:32642").rename_axis("place")
    return places, spatial.contiguity(places, rule=rule)


def by_definition(values, matrix, power):
    """H of each place, in loops; NaN for islands, and 1 where no residual is above 0."""
    n = len(values)
    linked = [place for place in range(n) if matrix[place].any()]
    size = np.zeros(n)
    for place in linked:
        size[place] = abs(values[place] - matrix[place] @ values / matrix[place].sum()) ** power
    mean = size[linked].mean()
    size = np.array([size[place] if place in linked else mean for place in range(n)])
    if mean < 1e-14:
        return np.where(matrix.any(axis=1), 1.0, np.nan)
    return np.array([matrix[place] @ size / matrix[place].sum() / mean if place in linked else np.nan for place in range(n)])


ROW = np.eye(5, k=1) + np.eye(5, k=-1)
ISLAND = np.pad(ROW, (0, 1))
DIRECTED = np.array(
    [[0, 2, 1, 0, 0, 0], [3, 0, 0, 1, 0, 0], [0, 1, 0, 1, 1, 0], [0, 0, 5, 0, 0, 0], [1, 0, 0, 0, 0, 2], [0, 0, 0, 0, 1, 0.0]]
)
TO_ISLAND = np.array([[0, 1, 0, 0, 0], [1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 0, 0, 1, 0.0]])


@pytest.mark.parametrize("power", [0.5, 1, 2, 4])
@pytest.mark.parametrize(
    ("values", "matrix"),
    [
        ([3.0, 1.0, 4.0, 1.5, 9.0], ROW),
        ([3.0, 1.0, 4.0, 1.5, 9.0, 2.0], ISLAND),
        ([1.0, 1.0, 9.0, 1.0, 1.0, 1.0], ISLAND),  # some orders put the 9 on the island: nothing is left to scatter
        ([0.3, 0.1, 0.4, 0.1, 0.5, 0.9], DIRECTED),
        ([3.0, 1.0, 4.0, 1.5, 9.0], TO_ISLAND),
    ],
)
def test_all_orders(values, matrix, power):
    places, graph = tables(values, matrix)
    linked = matrix.any(axis=1)
    observed = by_definition(np.array(values), matrix, power)[linked]
    every = np.array([by_definition(np.array(order), matrix, power)[linked] for order in permutations(values)])
    less, greater = (every <= observed + 1e-9).mean(axis=0), (every >= observed - 1e-9).mean(axis=0)
    for alternative, expected in (
        ("less", less),
        ("greater", greater),
        ("two-sided", np.minimum(1, 2 * np.minimum(less, greater))),
    ):
        found = spatial.losh(places, graph, column="value", power=power, alternative=alternative)
        np.testing.assert_allclose(found.statistic[linked], observed, rtol=1e-12)
        np.testing.assert_allclose(found.p_permutation[linked], expected, rtol=1e-12)
        assert found.p_permutation[~linked].isna().all()
        assert (found.cluster[~linked] == "Isolated").all()
        assert any(f"all possible orders of the values were enumerated ({len(every)})" in note for note in found.notes)


def test_a_sample_of_orders_is_near_all_of_them():
    places, graph = tables([0.3, 0.1, 0.4, 0.1, 0.5, 0.9], DIRECTED)
    every = spatial.losh(places, graph, column="value", alternative="less").p_permutation
    some = spatial.losh(places, graph, column="value", alternative="less", exact="no", permutations=9_999)
    assert (np.abs(some.p_permutation - every) < 5 * (every * (1 - every) / 9_999) ** 0.5 + 1e-4).all()
    assert not any("enumerated" in note for note in some.notes)
    assert not any("enumerated" in note for note in spatial.losh(places, graph, column="value", permutations=719).notes)


@pytest.mark.parametrize("kind", ["rook", "queen", "nearest"])
def test_noise_is_as_often_called_scatter_as_alpha_says(kind):
    """
    With 199 orders p is at most 0.05 with a probability of just 0.05 at every place, for any distribution.

    Places of one map depend on each other, so the share of one place is binomial, 10 of 200 maps, and that of all places is
    compared with its error over maps. To deal out the residuals gave 6 %, 12 % and 14 %.
    """
    random = np.random.default_rng(11)
    places, graph = lattice(7, "queen" if kind == "queen" else "rook")
    if kind == "nearest":
        import geopandas

        places = places.set_geometry(geopandas.points_from_xy(*random.uniform(0, 1e4, (2, 49))), crs=places.crs)
        graph = spatial.nearest(places, k=6)
    small = np.empty((200, 49), bool)
    for number in range(200):
        places["value"] = random.lognormal(size=49)
        small[number] = spatial.losh(places, graph, column="value", permutations=199, seed=number).p_permutation <= 0.05
    error = small.mean(axis=1).std() / 200**0.5
    assert error < 0.005
    assert small.mean() == pytest.approx(0.05, abs=4 * error)
    assert ((small.sum(axis=0) >= 1) & (small.sum(axis=0) <= 25)).all()  # beyond with a probability of 1 in 100,000 each


def test_scatter_is_found_where_it_was_put_and_nowhere_else():
    places, graph = lattice(40)
    inside, far = np.zeros((40, 40), bool), np.ones((40, 40), bool)
    inside[12:22, 12:22] = True
    far[10:24, 10:24] = False
    values = np.random.default_rng(3).normal(size=1_600) * np.where(inside.ravel(), 8.0, 1.0)
    options = {"column": "value", "permutations": 4_999, "alternative": "greater"}
    found = spatial.losh(places.assign(value=values), graph, **options)
    assert (found.cluster[inside.ravel()] == "High variance").sum() >= 20
    assert (found.cluster[far.ravel()] == "Not significant").all()
    assert (found.p_permutation[inside.ravel()] <= 0.05).sum() >= 75
    assert (found.p_permutation[far.ravel()] <= 0.05).mean() <= 0.05


def test_the_place_itself_can_stand_out_by_what_it_does_to_its_neighbours():
    places, graph = lattice(9)
    values = np.random.default_rng(4).normal(size=81)
    values[40] = 60.0
    found = spatial.losh(places.assign(value=values), graph, column="value", permutations=9_999, alternative="greater")
    assert found.p_permutation.iloc[40] < 0.15  # it or one of its 8 neighbours has the 60 in 1 order of 9
    assert found.p_permutation.drop(places.index[[30, 31, 32, 39, 40, 41, 48, 49, 50]]).min() > 0.1


@pytest.mark.parametrize("power", [0.5, 1, 2, 3, 4])
def test_any_unit_gives_the_same(power):
    places, graph = lattice(6)
    values = np.random.default_rng(8).gamma(2, size=36)
    found = [
        spatial.losh(places.assign(value=values * unit + shift), graph, column="value", power=power, permutations=199)
        for unit, shift in ((1.0, 0.0), (1e60, 0.0), (1e-60, 0.0), (-3.0, 7.0))
    ]
    for other in found[1:]:
        for field in ("statistic", "variance", "z", "p", "p_permutation", "ties"):
            np.testing.assert_allclose(getattr(other, field), getattr(found[0], field), rtol=1e-9)
        assert (other.cluster == found[0].cluster).all()
    for other, unit in zip(found[1:], (1e60, 1e-60, 3.0), strict=True):
        np.testing.assert_allclose(other.residual, found[0].residual * unit**power, rtol=1e-9)


@pytest.mark.parametrize("power", [0.5, 2, 3])
def test_ties_are_ties_in_tenths_too(power):
    """Few ones among zeros, and tenths whose differences are rounded; a large value beside them takes their last digits away."""
    places, graph = lattice(6, "rook")
    whole = np.isin(np.arange(36), [3, 17, 20, 35]).astype(float)
    for largest in (1.0, 1e5):
        whole[17] = largest
        found = [
            spatial.losh(places.assign(value=values), graph, column="value", power=power) for values in (whole, whole / 10 + 0.7)
        ]
        assert (found[0].ties > 0).any()
        np.testing.assert_array_equal(found[0].p_permutation, found[1].p_permutation)
        np.testing.assert_array_equal(found[0].ties, found[1].ties)


def test_rows_and_cores_change_no_number(monkeypatch):
    places, graph = lattice(50)
    places["value"] = np.random.default_rng(6).lognormal(size=2_500)
    one = spatial.losh(places, graph, column="value")
    monkeypatch.setattr("spatial.progress.cores", lambda: 1)
    other = spatial.losh(places.sample(frac=1, random_state=3), graph, column="value")
    np.testing.assert_array_equal(one.p_permutation, other.p_permutation[places.index])
    np.testing.assert_array_equal(one.ties, other.ties[places.index])


def test_places_that_are_gathered_keep_their_counts(monkeypatch):
    """Neighbours far apart among the labels are put together first; only the random orders are others."""
    places, _ = lattice(15)
    places = places.set_axis(np.random.default_rng(2).permutation(places.index)).rename_axis("place")
    values = np.random.default_rng(9).lognormal(size=225)
    places, graph = places.assign(value=values), spatial.contiguity(places)
    options = {"column": "value", "permutations": 4_999, "alternative": "greater"}
    p = spatial.losh(places, graph, **options).p_permutation
    monkeypatch.setattr("spatial.explore._permutations._FAR_APART", 0)
    other = spatial.losh(places, graph, **options).p_permutation
    assert not np.array_equal(p, other)
    assert (np.abs(p - other) < 5 * (2 * np.maximum(p * (1 - p), 1e-3) / 4_999) ** 0.5).all()


def test_a_place_that_is_left_out_is_as_if_it_had_not_been():
    places, graph = lattice(5)
    places["value"] = np.random.default_rng(3).normal(size=25)
    places.loc["p0007", "value"] = np.nan
    found = spatial.losh(places, graph, column="value", missing="drop", permutations=199)
    rest = places.drop("p0007")
    other = spatial.losh(rest, spatial.contiguity(rest), column="value", permutations=199)
    assert np.isnan(found.p_permutation["p0007"])
    np.testing.assert_array_equal(found.p_permutation.drop("p0007"), other.p_permutation)


def test_it_is_told_how_far_it_is_and_that_draws_are_not_used():
    from spatial.progress import telling

    places, graph = lattice(50)
    places["value"] = np.random.default_rng(6).lognormal(size=2_500)
    told = []
    with telling(lambda done, total, words: told.append((done, total, words))):
        found = spatial.losh(places, graph, column="value", draws="own", permutations=499)
    assert told[-1] == (5, 5, "Trying random orders")
    assert any('draws = "own" has no effect' in note for note in found.notes)
    plain = spatial.losh(places, graph, column="value", permutations=499)
    assert not any("draws" in note for note in plain.notes)
    np.testing.assert_array_equal(found.p_permutation, plain.p_permutation)


def test_few_places_cannot_show_anything_and_say_so():
    places, graph = tables([3.0, 1.0, 4.0, 1.5], np.eye(4, k=1) + np.eye(4, k=-1))
    found = spatial.losh(places, graph, column="value", alpha=0.01)
    assert any("4 places have so few possible orders of the values that no p up to 0.01" in note for note in found.notes)
    assert (found.p_smallest == 2 / 24).all()


def test_nothing_to_scatter_is_named():
    places, graph = tables([1.1, 1.1, 1.1, 1.1, 1.1, 7.0], ISLAND)
    with pytest.raises(ModelError, match="every place has its neighbours' mean"):
        spatial.losh(places, graph, column="value")


def test_residuals_that_are_all_alike_have_no_variance_but_other_orders_have():
    places, graph = tables([0.1, 0.3, 0.1, 0.3, 0.1, 0.3, 0.1, 0.3], np.eye(8, k=1) + np.eye(8, k=-1))
    found = spatial.losh(places, graph, column="value")
    np.testing.assert_allclose(found.statistic, 1.0)
    assert (found.variance == 0).all()
    assert found.z.isna().all()
    assert found.p.isna().all()
    assert found.p_permutation.notna().all()
    assert any("no variance, and so no z and no analytical p, for 'p0000'" in note for note in found.notes)
    assert not any("cannot vary" in note for note in found.notes)
