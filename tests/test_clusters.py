"""Groups of places whose answer a person can see, and the published grouping of seven regions."""

import numpy as np
import pandas as pd
import pytest
from outside import shared

import spatial
from spatial.clusters._agreement import adjusted_rand
from spatial.clusters._groups import numbered, within
from spatial.clusters._partitions import few_ways, partitions, ways
from spatial.clusters._search import best_grouping
from spatial.errors import DataError, ModelError, StudyError


def table(**columns):
    import geopandas
    from shapely import Point

    size = len(next(iter(columns.values())))
    labels = [chr(ord("a") + number) for number in range(size)]
    points = [Point(number, 0) for number in range(size)]
    return geopandas.GeoDataFrame(columns, geometry=points, index=labels, crs="EPSG:32642").rename_axis("place")


@pytest.fixture
def crosses():
    """Three clear heaps of four places each, too many to try all groupings of."""
    random = np.random.default_rng(3)
    centres = np.repeat([[0, 0], [10, 0], [5, 9]], 40, axis=0)
    values = centres + random.normal(scale=0.5, size=(120, 2))
    import geopandas
    from shapely import points

    labels = [f"p{number:03d}" for number in range(120)]
    return geopandas.GeoDataFrame(
        {"x": values[:, 0], "y": values[:, 1]}, geometry=points(values), index=labels, crs="EPSG:32642"
    ).rename_axis("place")


@pytest.fixture
def regions():
    """Seven survey regions with five printed means, the shares answering yes, and the published clusters."""
    printed = pd.read_csv(shared("data", "published", "seed001_table2_wide.csv"), index_col="region").drop(index="National")
    yes = pd.read_csv(shared("data", "published", "seed001_table2_reconstruction.csv"))
    columns = {
        name: printed[name].to_numpy()
        for name in ("outages", "digital", "environment", "innovation", "permits", "published_cluster")
    }
    for name in ("environment", "innovation"):
        columns[f"yes_{name}"] = (
            yes[yes["indicator"] == name].set_index("region")["yes_share_of_all_pct"].loc[printed.index].to_numpy()
        )
    return table(**columns).set_axis(printed.index.rename("place"))


PRINTED = ["outages", "digital", "environment", "innovation", "permits"]
YES = ["outages", "digital", "yes_environment", "yes_innovation", "permits"]


@pytest.mark.parametrize("name", ["k_means", "ward"])
def test_two_heaps_on_a_line(name):
    places = table(value=[1, 2, 9, 10, 11], other=[5, 5, 1, 1, 1])
    found = getattr(spatial, name)(places, columns=["value", "other"], k=2)
    assert found.cluster.to_dict() == {"a": "2", "b": "2", "c": "1", "d": "1", "e": "1"}
    assert found.profile["n"].to_dict() == {"1": 3, "2": 2, "All": 5}
    assert found.profile["value"].to_dict() == {"1": 10, "2": 1.5, "All": pytest.approx(6.6)}
    assert found.profile["places"].to_dict() == {"1": "c, d, e", "2": "a, b", "All": "all"}
    assert found.total == pytest.approx(8)
    variance = np.var([1, 2, 9, 10, 11], ddof=1)
    assert found.within == pytest.approx((0.5 + 2) / variance)
    assert found.share_between == pytest.approx(1 - found.within / 8)


def test_silhouettes_by_hand():
    found = spatial.k_means(table(value=[0.0, 1.0, 5.0, 7.0]), columns=["value"], k=2)
    # a: own 1, others (5 + 7) / 2 = 6; b: 1, 5; c: 2, 4.5; d: 2, 6.5
    expected = {"a": 5 / 6, "b": 4 / 5, "c": 2.5 / 4.5, "d": 4.5 / 6.5}
    assert found.silhouette_places.to_dict() == pytest.approx(expected)
    assert found.silhouette == pytest.approx(np.mean(list(expected.values())))
    alone = spatial.k_means(table(value=[0.0, 1.0, 9.0]), columns=["value"], k=2)
    assert alone.silhouette_places["c"] == 0


def test_clear_heaps_are_found_from_any_seed(crosses):
    expected = [["1", "2"][number < 40] if number < 80 else "x" for number in range(120)]
    for seed in (0, 1, 2):
        found = spatial.k_means(crosses, columns=["x", "y"], k=3, seed=seed, starts=5)
        assert not found.best_possible
        assert found.cluster.map({"1": "1", "2": "x", "3": "2"}).tolist() == expected
        assert found.choice["silhouette"].idxmax() == 3
        assert any("a better one cannot be ruled out" in note for note in found.notes)
    assert spatial.ward(crosses, columns=["x", "y"], k=3).cluster.tolist() == found.cluster.tolist()


def test_search_finds_the_best_of_all_and_no_worse_than_sklearn(crosses):
    from sklearn.cluster import KMeans

    random = np.random.default_rng(8)
    for size, groups in ((11, 3), (12, 4)):
        values = random.normal(size=(size, 3))
        assert few_ways(size, groups, 1_000_000)
        everything = partitions(size, groups)
        least = min(within(values, labels.astype(int)) for labels in everything[:: max(1, len(everything) // 2000)])
        found, _ = best_grouping(values, groups, seed=0, starts=50)
        assert within(values, found) <= least + 1e-9
    values = random.normal(size=(300, 3))
    found, certain = best_grouping(values, 6, seed=0, starts=50)
    assert not certain
    assert within(values, found) <= KMeans(6, n_init=10, random_state=0).fit(values).inertia_ * 1.005


def test_search_reaches_the_optimum_of_enumeration(monkeypatch):
    random = np.random.default_rng(5)
    for groups in (2, 3, 4):
        values = random.normal(size=(10, 2))
        best, certain = best_grouping(values, groups, seed=0, starts=50)
        assert certain
        with monkeypatch.context() as patched:
            patched.setattr("spatial.clusters._search.MOST_PARTITIONS", 0)
            searched, certain = best_grouping(values, groups, seed=0, starts=50)
        assert not certain
        assert within(values, searched) == pytest.approx(within(values, best))


def test_all_partitions_once():
    for places in range(2, 9):
        for groups in range(1, places + 1):
            rows = partitions(places, groups)
            assert len(rows) == ways(places, groups)
            assert len(np.unique(rows, axis=0)) == len(rows)
            assert all(len(set(row)) == groups for row in rows.tolist())
    assert [ways(7, groups) for groups in range(1, 8)] == [1, 63, 301, 350, 140, 21, 1]


def test_hierarchy_is_laid_open():
    found = spatial.ward(table(value=[0.0, 1.0, 5.0, 7.0]), columns=["value"], k=2)
    sd = np.std([0, 1, 5, 7], ddof=1)
    assert found.merges["first"].tolist() == ["a", "c", "a, b"]
    assert found.merges["second"].tolist() == ["b", "d", "c, d"]
    assert found.merges["size"].tolist() == [2, 2, 4]
    assert found.merges["groups"].tolist() == [3, 2, 1]
    assert found.merges["height"].tolist() == pytest.approx([1 / sd, 2 / sd, np.sqrt(2 * 5.5**2) / sd])
    assert found.merges["within"].iloc[-1] == pytest.approx(found.total)
    assert found.merges.loc[2, "within"] == pytest.approx(found.within)


def test_equal_heights_still_give_as_many_groups_as_asked_for():
    places = table(value=[0, 1, 10, 11, 20, 21, 30, 31])
    for k in range(2, 8):
        assert spatial.ward(places, columns=["value"], k=k).cluster.nunique() == k


def test_groups_are_numbered_by_the_first_column():
    values = np.array([[3.0], [1.0], [2.0], [1.0]])
    assert numbered(np.array([5, 9, 7, 9]), values).tolist() == [0, 2, 1, 2]


def test_missing_values_are_an_error_or_leave_a_place_out():
    places = table(value=[1, 2, np.nan, 9, 10, 11])
    for name in ("k_means", "ward"):
        with pytest.raises(DataError, match="1 of 6 places has no value: 'c'"):
            getattr(spatial, name)(places, columns=["value"], k=2)
        found = getattr(spatial, name)(places, columns=["value"], k=2, missing="drop")
        assert found.cluster["c"] == "No data"
        assert np.isnan(found.silhouette_places["c"])
        assert found.observations == 5


@pytest.mark.parametrize("name", ["k_means", "ward"])
@pytest.mark.parametrize(
    ("values", "k", "error", "message"),
    [
        ([1, 2, 3], 3, ModelError, "there are 3. Expected at least 4"),
        ([1, 1, 2, 2, 2], 3, ModelError, "2 different places, but 3 groups are asked for"),
        ([4, 4, 4, 4], 2, ModelError, "all 4 values are 4"),
        ([1, 2, 3, 4], 1, StudyError, "from 2 to 50"),
        (["x", 2, 3, 4], 2, DataError, "1 of 4 values is no number"),
    ],
)
def test_columns_and_numbers_that_cannot_be_used(name, values, k, error, message):
    with pytest.raises(error, match=message):
        getattr(spatial, name)(table(value=values), columns=["value"], k=k)


def test_the_published_grouping_ranks_255th_of_301(regions):
    found = spatial.compare_grouping(regions, columns=PRINTED, grouping="published_cluster")
    assert (found.rank, found.partitions) == (255, 301)
    assert found.exact
    assert (found.rank_same_sizes, found.partitions_same_sizes) == (84, 105)
    assert found.p == pytest.approx(84 / 105)
    assert any("number 255 of the 301" in sentence for sentence in found.reading)
    assert any("80% of all groupings with the same group sizes are as good or better" in sentence for sentence in found.reading)
    best = {frozenset(found.best.index[found.best == group]) for group in found.best.unique()}
    assert best == {frozenset({"Astana", "Center"}), frozenset({"East"}), frozenset({"Almaty", "West", "North", "South"})}


def test_the_published_grouping_is_no_better_on_the_shares_answering_yes(regions):
    found = spatial.compare_grouping(regions, columns=YES, grouping="published_cluster")
    assert (found.rank, found.partitions) == (285, 301)
    assert found.silhouette < 0 < found.silhouette_best


@pytest.mark.parametrize("columns", [PRINTED, YES])
def test_rank_by_brute_force(regions, columns):
    values = ((regions[columns] - regions[columns].mean()) / regions[columns].std()).to_numpy()
    given = regions["published_cluster"].to_numpy()

    def inside(labels):
        return sum(((values[labels == group] - values[labels == group].mean(axis=0)) ** 2).sum() for group in set(labels))

    sums = sorted(inside(np.array(labels)) for labels in partitions(7, 3).tolist())
    found = spatial.compare_grouping(regions, columns=columns, grouping="published_cluster")
    assert found.within == pytest.approx(inside(given))
    assert found.within_best == pytest.approx(sums[0])
    assert found.rank == 1 + sum(value < inside(given) - 1e-9 for value in sums)


def test_k_means_and_ward_agree_on_the_regions(regions):
    means, hierarchy = spatial.k_means(regions, columns=PRINTED, k=3), spatial.ward(regions, columns=PRINTED, k=3)
    assert means.best_possible
    assert any("All 301 ways" in note for note in means.notes)
    assert means.cluster.equals(hierarchy.cluster)
    assert list(means.choice.index) == [2, 3, 4, 5, 6]
    assert any("With 7 places" in sentence for sentence in means.reading)


def test_a_grouping_that_is_the_best():
    places = table(value=[1, 2, 9, 10, 11], group=["low", "low", "high", "high", "high"])
    found = spatial.compare_grouping(places, columns=["value"], grouping="group")
    assert found.rank == 1
    assert found.adjusted_rand == 1
    assert found.within == found.within_best
    assert found.p == pytest.approx(1 / 10)
    assert found.given.to_dict() == {"a": "low", "b": "low", "c": "high", "d": "high", "e": "high"}
    assert found.profile.loc["low", "value"] == 1.5


def test_too_many_places_to_enumerate(crosses):
    crosses["heap"] = [number // 40 for number in range(120)]
    crosses["third"] = [number % 3 for number in range(120)]
    good = spatial.compare_grouping(crosses, columns=["x", "y"], grouping="heap")
    assert good.rank is None
    assert not good.exact
    assert good.p == pytest.approx(1 / 1000)
    assert good.adjusted_rand == 1
    bad = spatial.compare_grouping(crosses, columns=["x", "y"], grouping="third")
    assert bad.p > 0.05
    assert abs(bad.adjusted_rand) < 0.05
    assert any("too many ways" in note for note in bad.notes)
    assert bad.to_dict()["rank"] is None


def test_agreement_by_hand():
    # pairs together: 3 + 1 and 3 + 1; in both: 1 + 0 + ...; expected 4 x 4 / 10
    one, two = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1])
    assert adjusted_rand(one, two) == pytest.approx((2 - 1.6) / (4 - 1.6))
    assert adjusted_rand(one, 1 - one) == 1


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        (["a"] * 5, ModelError, "puts 5 places into 1 groups"),
        (list("abcde"), ModelError, "puts 5 places into 5 groups"),
        (["a", None, "b", "a", "b"], DataError, "1 of 5 places has no group: 'b'"),
    ],
)
def test_groupings_that_cannot_be_used(groups, error, message):
    with pytest.raises(error, match=message):
        spatial.compare_grouping(table(value=[1, 2, 4, 8, 16], group=groups), columns=["value"], grouping="group")


def test_a_missing_group_can_be_left_out():
    places = table(value=[1, 2, 4, 8, 16], group=["a", None, "b", "a", "b"])
    found = spatial.compare_grouping(places, columns=["value"], grouping="group", missing="drop")
    assert found.observations == 4
    assert found.given["b"] == found.best["b"] == "No data"
    assert "1 of 5 places has no group and was left out: 'b'." in found.notes
    with pytest.raises(DataError, match="there is no column 'gruop'. Did you mean 'group'"):
        spatial.compare_grouping(places, columns=["value"], grouping="gruop")


def test_choice_is_shown(crosses):
    found = spatial.k_means(crosses, columns=["x", "y"], k=4, references=20, resamples=20)
    assert list(found.choice.index) == list(range(2, 11))
    assert found.choice["calinski_harabasz"].idxmax() == found.choice["silhouette"].idxmax() == 3
    assert any(
        "Of 2 to 10 groups, 3 are furthest apart" in sentence and "4 were asked for" in sentence for sentence in found.reading
    )
    assert list(found.gap.index) == list(range(1, 11))
    assert found.gap.index[found.gap["chosen"]].tolist() == [3]
    assert (found.gap["error"] > 0).all()
    ours = (found.choice.loc[3, "share_between"] * found.total / 2) / (found.choice.loc[3, "within"] / 117)
    assert found.choice.loc[3, "calinski_harabasz"] == pytest.approx(ours)


def test_gap_finds_no_groups_where_there_are_none():
    random = np.random.default_rng(11)
    places = table(value=random.uniform(size=26), other=random.uniform(size=26))
    found = spatial.ward(places, columns=["value", "other"], k=2, references=30, resamples=0)
    assert found.gap.index[found.gap["chosen"]].tolist() == [1]
    assert found.stability is None
    assert spatial.ward(places, columns=["value", "other"], k=2, resamples=0).gap is None


@pytest.mark.parametrize("name", ["k_means", "ward"])
def test_groups_that_come_back_and_one_that_does_not(name, crosses):
    clear = getattr(spatial, name)(crosses, columns=["x", "y"], k=3)
    assert (clear.stability["jaccard"] > 0.95).all()
    assert any("all groups come back" in sentence for sentence in clear.reading)
    assert clear.stability["resamples"].tolist() == [100] * 3
    torn = getattr(spatial, name)(crosses, columns=["x", "y"], k=4)
    assert (torn.stability["jaccard"] < 0.8).sum() == 2  # the heap that was torn
    again = getattr(spatial, name)(crosses, columns=["x", "y"], k=4)
    assert torn.stability.equals(again.stability)


def test_stability_by_hand():
    from spatial.clusters._agreement import _likeness

    # group 0 of four: two with one of the other, two with another of three; group 1 of two
    labels, other = np.array([0, 0, 0, 0, 2, 2]), np.array([0, 0, 1, 1, 1, 2])
    assert _likeness(labels, other, 3).tolist() == [0.5, pytest.approx(np.nan, nan_ok=True), 0.5]


def test_standardised_profile(crosses):
    found = spatial.ward(crosses, columns=["x", "y"], k=3, resamples=0)
    z = (crosses[["x", "y"]] - crosses[["x", "y"]].mean()) / crosses[["x", "y"]].std()
    means = z.groupby(found.cluster).mean()
    np.testing.assert_allclose(found.profile_standardised, means, atol=1e-11)


def test_silhouettes_of_many_places_are_of_some_of_them(crosses, monkeypatch):
    monkeypatch.setattr("spatial.clusters._groups.MOST_DISTANCES", 120 * 50)
    monkeypatch.setattr("spatial.clusters._groups.LEAST_DRAWN", 10)
    whole = spatial.k_means(crosses, columns=["x", "y"], k=3, resamples=0)
    assert whole.silhouette_places.notna().sum() == 50
    assert any("50 of 120 places, drawn at random" in note and "standard error" in note for note in whole.notes)


def test_hierarchies_of_many_places_are_refused(monkeypatch, crosses):
    monkeypatch.setattr("spatial.clusters.ward_groups.MOST_PLACES", 100)
    with pytest.raises(
        ModelError, match="there are 120. Ward's method takes at most 100; more would take many minutes. Use k_means"
    ):
        spatial.ward(crosses, columns=["x", "y"], k=3)
    monkeypatch.setattr("spatial.clusters._grouping.MOST_RESAMPLED", 100)
    assert any("Stability was not measured" in note for note in spatial.k_means(crosses, columns=["x", "y"], k=3).notes)


def test_a_tree_of_too_many_places_is_told_of():
    """Up to 121 places a dendrogram is drawn whole, beyond only its top."""
    import geopandas

    for count in (121, 122):
        points = geopandas.points_from_xy(1000 * np.arange(count), np.zeros(count))
        table = {"value": np.random.default_rng(0).normal(size=count)}
        places = geopandas.GeoDataFrame(table, geometry=points, index=[f"p{n:03d}" for n in range(count)], crs="EPSG:32642")
        found = spatial.ward(places.rename_axis("place"), columns=["value"], k=2, resamples=0)
        assert any("The dendrogram shows the last 59 of 121 joinings;" in note for note in found.notes) == (count == 122)
