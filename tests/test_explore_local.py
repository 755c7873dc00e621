"""Local statistics on maps small enough to compute by hand or to try every set of neighbours."""

from itertools import combinations
from itertools import permutations as orders

import numpy as np
import pytest

import spatial
from spatial.errors import ModelError, StudyError
from spatial.explore._conditional import Conditional, conditional
from spatial.explore._own import _dealt, _shuffled
from spatial.explore._significance import benjamini_hochberg, corrected
from spatial.operations import OPERATIONS
from spatial.options import declared


def chain(values):
    import geopandas
    from libpysal.graph import Graph
    from shapely import box

    squares = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(len(values))]
    labels = [chr(ord("a") + number) for number in range(len(values))]
    places = geopandas.GeoDataFrame({"value": values}, geometry=squares, index=labels, crs="EPSG:32642").rename_axis("place")
    return places, Graph.build_contiguity(places, rook=True)


@pytest.fixture
def field():
    """Eight by eight squares; a block of high values in the north-east, the rest scattered about zero."""
    import geopandas
    from libpysal.graph import Graph
    from shapely import box

    cells = [box(column * 1000, row * 1000, column * 1000 + 1000, row * 1000 + 1000) for row in range(8) for column in range(8)]
    values = np.random.default_rng(1).normal(size=64)
    high = [row >= 5 and column >= 5 for row in range(8) for column in range(8)]
    labels = [f"{row}{column}" for row in range(8) for column in range(8)]
    places = geopandas.GeoDataFrame(
        {"value": values + 6 * np.array(high)}, geometry=cells, index=labels, crs="EPSG:32642"
    ).rename_axis("place")
    return places, Graph.build_contiguity(places, rook=False).transform("r")


def test_local_values_add_up_to_the_global_one(field):
    places, graph = field
    for transform in ("r", "b"):
        weights = graph.transform("b").transform(transform)
        whole = spatial.moran(places, weights, column="value").statistic
        assert spatial.local_moran(places, weights, column="value").statistic.sum() == pytest.approx(whole * weights.sparse.sum())


def test_a_block_of_high_values_is_a_cluster_and_a_hot_spot(field):
    places, graph = field
    moran = spatial.local_moran(places, graph, column="value", permutations=9_999)
    spots = spatial.local_getis_ord(places, graph, column="value", permutations=9_999)
    for label in ("66", "67", "76", "77"):
        assert moran.cluster[label] == "High-High"
        assert spots.cluster[label] == "Hot spot"
    assert moran.cluster["00"] == "Not significant"
    assert (moran.quadrant[moran.statistic > 0].isin(["High-High", "Low-Low"])).all()
    assert moran.counts.loc["fdr", "High-High"] == (moran.cluster == "High-High").sum()
    assert moran.counts.loc["fdr", "total"] == (moran.cluster != "Not significant").sum()


def test_every_set_of_neighbours_is_tried_for_few_places():
    values = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0]
    places, graph = chain(values)
    found = {
        kind: spatial.local_moran(places, graph, column="value", alternative=kind) for kind in ("greater", "less", "two-sided")
    }
    deviation = np.array(values) - np.mean(values)
    for number, label in enumerate(places.index):
        near = [each for each in (number - 1, number + 1) if 0 <= each < 7]
        others = [each for each in range(7) if each != number]
        sums = np.array([deviation[list(some)].sum() for some in combinations(others, len(near))]) * deviation[number]
        observed = deviation[near].sum() * deviation[number]
        less, greater = (sums <= observed + 1e-12).mean(), (sums >= observed - 1e-12).mean()
        assert found["greater"].p_permutation[label] == pytest.approx(greater)
        assert found["less"].p_permutation[label] == pytest.approx(less)
        assert found["two-sided"].p_permutation[label] == pytest.approx(min(1, 2 * min(less, greater)))
    assert any("all possible sets of neighbours were enumerated (6 to 15)" in note for note in found["less"].notes)
    assert any("no p below 0.13 is possible" in sentence for sentence in found["two-sided"].reading)


def test_unequal_weights_are_dealt_out_in_every_order():
    from libpysal.graph import Graph

    values = np.array([3.0, 1.0, 4.0, 1.5, 5.0])
    places, _ = chain(values)
    weights = [0.7, 0.3, 0.4, 0.6, 1.0, 2.0, 1.0]
    graph = Graph.from_arrays(list("aabbcde"), list("bcacadd".replace("add", "abc")), weights)
    found = spatial.local_getis_ord(places, graph, column="value", star=False, alternative="greater")
    sums = np.array([0.7 * values[one] + 0.3 * values[two] for one, two in orders([1, 2, 3, 4], 2)])
    assert found.p_permutation["a"] == pytest.approx((sums >= 0.7 * 1.0 + 0.3 * 4.0 - 1e-12).mean())


def test_a_sample_of_neighbours_agrees_with_all(field):
    places, graph = field
    few = graph.transform("b")
    every = spatial.local_moran(places, few, column="value", permutations=50_000)
    sampled = spatial.local_moran(places, few, column="value", permutations=5_000, exact="no", seed=2)
    corners = ["00", "07", "70", "77"]  # three neighbours: 39,711 sets
    error = 4 * np.sqrt(every.p_permutation[corners] / 5_000) * 2 + 2 / 5_001
    assert ((every.p_permutation[corners] - sampled.p_permutation[corners]).abs() < error).all()


@pytest.mark.parametrize("draw", [_dealt, _shuffled])
def test_draws_are_ordered_sets_with_equal_chances(draw):
    drawn = draw(np.random.default_rng(4), 120_000, 3, 5)
    assert drawn.shape == (3, 120_000)
    codes = drawn[0] * 25 + drawn[1] * 5 + drawn[2]
    outcomes, counts = np.unique(codes, return_counts=True)
    assert len(outcomes) == 60  # 5 x 4 x 3, none twice
    assert np.abs(counts - 2_000).max() < 5 * 2_000**0.5


def test_every_value_can_be_drawn_but_the_own():
    from scipy.sparse import csr_array

    # each of five places has one neighbour; with values 1, 10, 100, ... every outcome can be told
    values = 10.0 ** np.arange(5)
    matrix = csr_array((np.ones(5), ([0, 1, 2, 3, 4], [1, 2, 3, 4, 0])), shape=(5, 5))
    found = conditional(values, matrix, count=999, seed=0, exact="auto")
    assert found.exact.all()
    assert found.draws.tolist() == [4] * 5
    assert found.greater.tolist() == [4, 3, 2, 1, 4]
    assert found.less.tolist() == [1, 2, 3, 4, 1]


def test_how_many_are_drawn_at_a_time_is_part_of_the_method_but_cores_are_not(field):
    places, graph = field
    one, two = (spatial.local_moran(places, graph, column="value", seed=9).to_dict() for _ in range(2))
    assert one == two
    assert one["p_permutation"] != spatial.local_moran(places, graph, column="value", seed=10).to_dict()["p_permutation"]


def test_isolated_and_missing_places_are_named():
    from libpysal.graph import Graph

    places, graph = chain([1.0, 2.0, 3.0, 9.0, 4.0, np.nan])
    links = graph.adjacency.reset_index().query("focal != 'e' and neighbor != 'e' and focal != 'f'")
    alone = Graph.from_arrays([*links["focal"], "e", "f"], [*links["neighbor"], "e", "f"], [*links["weight"], 0, 0])
    for found in (
        spatial.local_moran(places, alone, column="value", missing="drop"),
        spatial.local_getis_ord(places, alone, column="value", missing="drop"),
        spatial.local_getis_ord(places, alone, column="value", missing="drop", inference="analytical"),
    ):
        assert found.cluster["e"] == "Isolated"
        assert found.cluster["f"] == "No data"
        for series in (found.p, found.p_permutation, found.p_adjusted):
            assert np.isnan(series["e"])
            assert np.isnan(series["f"])
        assert list(found.cluster.index) == list("abcdef")
        assert found.observations == 5
        assert any("no neighbours: 'e'" in note for note in found.notes)
    assert spatial.local_moran(places, alone, column="value", missing="drop").quadrant[["e", "f"]].isna().all()


def test_quadrants_are_those_of_the_scatterplot():
    places, graph = chain([9.0, 8.0, 1.0, 9.0, 1.0, 2.0])
    # mean 5; neighbours' deviations: a 3, b 4 - 4, c 3 + 4, d -4 - 4, e 4 - 3, f -4
    found = spatial.local_moran(places, graph, column="value")
    assert found.quadrant.to_dict() == {
        "a": "High-High",
        "b": "High-Low",
        "c": "Low-High",
        "d": "High-Low",
        "e": "Low-High",
        "f": "Low-Low",
    }


def test_corrections_let_fewer_and_fewer_through(field):
    places, graph = field
    found = {
        each: spatial.local_moran(places, graph, column="value", correction=each, permutations=9999)
        for each in ("none", "fdr", "bonferroni")
    }
    standing = {each: set(result.cluster.index[result.cluster != "Not significant"]) for each, result in found.items()}
    assert standing["bonferroni"] < standing["fdr"] < standing["none"]
    for each, result in found.items():
        assert result.counts.loc[each, "total"] == len(standing[each])
        assert result.counts.loc["smaller tail", "total"] >= len(standing["none"])
    assert found["none"].p_adjusted.equals(found["fdr"].p_adjusted)


def test_the_one_sided_pseudo_p_is_half_of_ours(field):
    places, graph = field
    two = spatial.local_moran(places, graph, column="value", correction="none", alpha=0.05)
    one = spatial.local_moran(places, graph, column="value", correction="none", alpha=0.1)
    assert two.counts.loc["smaller tail", "total"] == one.counts.loc["none", "total"]


def test_one_sided_alternatives_find_one_kind(field):
    places, graph = field
    found = spatial.local_getis_ord(places, graph, column="value", alternative="greater", correction="none")
    assert set(found.cluster) == {"Hot spot", "Not significant"}
    found = spatial.local_getis_ord(
        places, graph, column="value", alternative="less", correction="none", inference="analytical", alpha=0.2
    )
    assert set(found.cluster) == {"Cold spot", "Not significant"}


def test_the_floor_of_permutations_is_said(field):
    places, graph = field
    notes = spatial.local_moran(places, graph, column="value").notes
    assert any("smallest p that 999 permutations can give is 0.002" in note for note in notes)
    assert any("only if at least 3 places reach" in note for note in notes)  # 0.002 x 64 / 0.05 = 2.56
    notes = spatial.local_moran(places, graph, column="value", correction="bonferroni").notes
    assert any("no permutation p can pass" in note for note in notes)


def test_place_at_the_mean_is_no_cluster():
    places, graph = chain([1.0, 2.0, 3.0, 4.0, 5.0])
    found = spatial.local_moran(places, graph, column="value", correction="none", alpha=1.0)
    assert found.statistic["c"] == 0
    assert found.p_permutation["c"] == 1
    assert np.isnan(found.z["c"])


def test_own_weight_of_the_star_statistic():
    from libpysal.graph import Graph

    places, graph = chain([1.0, 1.0, 4.0, 4.0])
    binary = spatial.local_getis_ord(places, graph, column="value")
    rows = spatial.local_getis_ord(places, graph.transform("r"), column="value")
    assert binary.statistic.tolist() == pytest.approx([0.2, 0.6, 0.9, 0.8])
    assert rows.statistic.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert rows.z.tolist() == pytest.approx(binary.z.tolist())
    links = graph.adjacency.reset_index()
    own = Graph.from_arrays([*links["focal"], *"abcd"], [*links["neighbor"], *"abcd"], [1.0] * 10)
    assert spatial.local_getis_ord(places, own, column="value").z.tolist() == pytest.approx(binary.z.tolist())
    without = spatial.local_getis_ord(places, graph, column="value", star=False)
    assert without.statistic.tolist() == pytest.approx([1 / 9, 5 / 9, 5 / 6, 4 / 6])


@pytest.mark.parametrize(("style", "ends", "middle"), [("d", 1, 1), ("c", 4, 4), ("v", 0.5**0.5, (1 / 3) ** 0.5)])
def test_the_star_statistic_is_standardised_with_the_own_weights(style, ends, middle):
    """As R's spdep does: own links first, then the style. A row of 4 squares, and two without neighbours."""
    from libpysal.graph import Graph

    values = np.array([1.0, 1.0, 4.0, 4.0, 2.0, 3.0])
    places, _ = chain(values)
    links = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    graph = Graph.from_arrays(list("abbccdef"), list("bacbdcef"), np.array(links) * (4 / 6 if style == "c" else 1))
    graph = graph if style == "c" else graph.transform(style)
    raw = np.array([[ends, ends, 0, 0], [middle] * 3 + [0], [0] + [middle] * 3, [0, 0, ends, ends]], float)
    own = 1.0 if style == "v" else ends
    total = raw.sum() + 2 * own
    scale = {"d": 1, "c": 6, "v": 6}[style] / total
    expected = [*(raw @ values[:4] * scale / values.sum()), *(own * values[4:] * scale / values.sum())]
    found = spatial.local_getis_ord(places, graph, column="value")
    assert found.statistic.tolist() == pytest.approx(expected)
    assert found.z.tolist() == pytest.approx(
        spatial.local_getis_ord(places, graph.transform("b"), column="value").z.tolist(), nan_ok=True
    )


def test_z_of_negative_values_keeps_its_sign():
    values = np.array([1.0, 2.0, 3.0, 9.0, 8.0, 4.0])
    places, graph = chain(values)
    shifted, _ = chain(values - 100)
    for star in (True, False):
        plain = spatial.local_getis_ord(places, graph, column="value", star=star)
        lower = spatial.local_getis_ord(shifted, graph, column="value", star=star)
        assert lower.z.tolist() == pytest.approx(plain.z.tolist())
        assert any("negative" in note for note in lower.notes)


def test_benjamini_hochberg_by_hand():
    found = benjamini_hochberg(np.array([0.03, np.nan, 0.01, 0.5, 0.02]))
    assert found.tolist() == pytest.approx([0.04, np.nan, 0.04, 0.5, 0.04], nan_ok=True)
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()
    assert corrected(np.array([0.01, 0.5, np.nan]), "bonferroni").tolist() == pytest.approx([0.02, 1, np.nan], nan_ok=True)
    assert corrected(np.array([0.01]), "none").tolist() == [0.01]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("alpha", 1.5, "from 0 to 1"), ("correction", "holm", "'holm' is not known"), ("inference", "normal", "is not known")],
)
@pytest.mark.parametrize("name", ["local_moran", "local_getis_ord"])
def test_options_that_cannot_be_used(name, option, value, message):
    with pytest.raises(StudyError, match=message):
        getattr(spatial, name)(*chain([1, 2, 3, 4]), column="value", **{option: value})


@pytest.mark.parametrize("transform", ["B", "R", "V"])
@pytest.mark.parametrize("method", ["local_moran", "local_getis_ord"])
def test_a_place_next_to_all_others_cannot_be_surprising(method, transform):
    from libpysal.graph import Graph

    places, _ = chain([3.3, 1.7, 4.1, 1.3, 5.9, 9.2, 2.6])
    graph = Graph.from_arrays([*"aaaaaabcdefgbc"], [*"bcdefgaaaaaacb"], [1.0] * 14).transform(transform)
    options = {"star": False} if method == "local_getis_ord" else {}
    found = getattr(spatial, method)(places, graph, column="value", **options)
    assert found.variance["a"] == 0
    assert np.isnan(found.z["a"])
    assert found.z.drop("a").notna().all()
    assert found.p_permutation["a"] == 1
    assert any("cannot vary" in note and "a" in note for note in found.notes)


@pytest.mark.parametrize("method", ["local_moran", "local_getis_ord"])
def test_the_moments_of_a_place_with_nearly_all_of_the_variance_keep_their_digits(method):
    values = [3.0, 1.0, 1e9, 1.0, 5.0, 9.0, 2.0]
    places, graph = chain(values)
    options = {"star": False} if method == "local_getis_ord" else {}
    found = getattr(spatial, method)(places, graph, column="value", **options)
    others = [values[number] for number in range(7) if number != 2]
    sums = np.array([one + two for one, two in combinations(others, 2)])  # every pair the neighbours of c could be
    assert found.z["c"] == pytest.approx((values[1] + values[3] - sums.mean()) / sums.std(), rel=1e-6)


def test_the_smaller_tail_is_that_of_geoda():
    """Of 99 draws 10 are below, 9 tied, 80 above: theirs is (min(89, 10) + 1) / 100, and where it falls with the sum (19 + 1) / 100."""
    whole, once = np.array([19, 19, 1, 0]), np.array([89, 89, 4, 0])
    draws, every = np.array([99, 99, 4, 0]), np.array([False, False, True, True])
    found = Conditional(whole, once, draws, every, 99)
    assert found.smaller_tail(np.array([True, False, True, True]))[:3] == pytest.approx([0.11, 0.2, 0.01])
    assert np.isnan(found.smaller_tail()[3])
    assert found.p("two-sided")[:3] == pytest.approx([0.4, 0.4, 0.5])


DRAWN = {
    "local_moran": {"column": "value"},
    "local_geary": {"column": "value"},
    "local_getis_ord": {"column": "value"},
    "local_bivariate_moran": {"column": "value", "second": "noise"},
    "local_join_counts": {"column": "east"},
    "local_rate_moran": {"events": "ill", "population": "people"},
}


@pytest.mark.parametrize("operation", DRAWN)
def test_results_and_help_say_how_the_p_of_places_depend_on_each_other(operation, grid):
    """What every local statistic says of its draws is the same; of draws that all places share the result tells as well."""
    function = getattr(spatial, operation)
    words = {each.name: each.help for each in declared(function)}["draws"]
    assert words == {each.name: each.help for each in declared(spatial.local_moran)}["draws"]
    assert "correlation between -1/n and 0" in words
    assert "the p of all places err together" in words
    places = grid.assign(east=(grid["value"] > 1).astype(float), ill=grid["value"] + 1, people=100.0)
    graph = spatial.contiguity(places)
    told = {
        draws: sum(
            "All places share their draws" in note for note in function(places, graph, draws=draws, **DRAWN[operation]).notes
        )
        for draws in ("rotated", "own", "shared")
    }
    assert told == {"rotated": 0, "own": 0, "shared": 1}


def test_every_operation_with_draws_is_among_them():
    offered = {row.name for row in OPERATIONS for each in declared(row.function()) if each.choices == ("rotated", "own", "shared")}
    assert offered == {*DRAWN, "losh"}  # which deals out all values, and says so


def test_where_all_sets_are_tried_no_draws_are_shared():
    places, graph = chain([1, 3, 2, 5, 4])
    notes = spatial.local_moran(places, graph, column="value", draws="shared").notes
    assert any("all possible sets of neighbours" in note for note in notes)
    assert not any("share their draws" in note for note in notes)


def test_tied_draws_are_not_hidden_in_what_geoda_would_show():
    """A kind that few places are of: a place without any nearby has as few as most draws, and a map of GeoDa calls it cold."""
    import geopandas
    from libpysal.graph import Graph
    from shapely import Point

    rare = np.isin(np.arange(64), [3, 20, 41]).astype(float)
    points = [Point(1000 * (number % 8), 1000 * (number // 8)) for number in range(64)]
    places = geopandas.GeoDataFrame({"rare": rare}, geometry=points, index=[f"{each:02d}" for each in range(64)], crs="EPSG:32642")
    graph = Graph.build_knn(places.rename_axis("place"), k=4).transform("r")
    found = spatial.local_getis_ord(places, graph, column="rare", star=False)
    assert found.counts.loc["smaller tail", "Cold spot"] == (graph.sparse @ rare == 0).sum() == 52
    assert found.counts.loc["none", "total"] == 0
    assert len(found.flips) >= 52


def test_ties_and_floors_are_marked():
    places, graph = chain([1.0, 1.0, 1.0, 1.0, 1.0, 5.0, 1.0, 1.0])
    found = spatial.local_moran(places, graph, column="value")
    # a: of the others' 7 values 6 are the observed 1; c: of 21 pairs 15 are 1 and 1, one of them the observed one
    assert found.ties["a"] == pytest.approx(5 / 7)
    assert found.ties["c"] == pytest.approx(14 / 21)
    assert found.p_smallest[["a", "c"]].tolist() == pytest.approx([2 / 7, 2 / 21])
    coarse = spatial.local_moran(places, graph, column="value", alpha=0.3)
    assert any("For 8 of 8 places so many draws gave just what was observed (ties)" in note for note in coarse.notes)
    different, _ = chain([8.0, 1.0, 64.0, 2.0, 32.0, 4.0, 128.0, 16.0])  # no two pairs have the same sum
    assert (spatial.local_moran(different, graph, column="value").ties == 0).all()
    sampled = spatial.local_moran(places, graph, column="value", exact="no", permutations=4_999)
    assert sampled.ties["c"] == pytest.approx(15 / 21, abs=0.03)
    assert (sampled.p_smallest == 2 / 5_000).all()


def test_only_places_of_the_kind_are_said_to_be_tested():
    places, graph = chain([1, 1, 1, 0, 0, 0, 1, 0, 0, 1])
    found = spatial.local_join_counts(places, graph, column="value")
    assert any("5 of 10 places with neighbours are of the kind; only these are tested" in note for note in found.notes)
    assert any("For 5 of 5 places all possible sets" in note for note in found.notes)
    assert not any("cannot vary" in note for note in found.notes)
    assert found.ties.notna().sum() == found.p_smallest.notna().sum() == 5


def test_a_correlogram_says_how_its_p_came_about():
    assert any("All 120 orders" in note for note in spatial.correlogram(*chain([1, 2, 3, 5, 4]), column="value", steps=2).notes)


@pytest.mark.parametrize("correction", ["fdr", "none", "bonferroni"])
def test_nothing_stands_out_at_an_alpha_of_0(grid, correction):
    found = spatial.local_moran(grid, spatial.contiguity(grid), column="value", alpha=0.0, exact="no", correction=correction)
    assert set(found.cluster) == {"Not significant"}


@pytest.mark.parametrize("operation", [spatial.rate_moran, spatial.local_rate_moran])
@pytest.mark.parametrize("people", [lambda n: 100.0 + 0 * n, lambda n: 100.0 * (n + 1)])
def test_equal_rates_are_refused(grid, operation, people):
    people = people(np.arange(len(grid)))
    table = grid.assign(ill=people / 10, people=people)
    with pytest.raises(ModelError, match="rates: all 16 are 0.1"):
        operation(table, spatial.contiguity(grid), events="ill", population="people")


def test_analytical_join_counts_are_told_to_be_rough():
    import geopandas

    import spatial

    random = np.random.default_rng(2)
    points = geopandas.points_from_xy(*random.uniform(0, 1e4, (2, 40)))
    table = {"kind": (random.uniform(size=40) < 0.4).astype(int)}
    places = geopandas.GeoDataFrame(table, geometry=points, index=[f"p{n:02d}" for n in range(40)], crs="EPSG:32642")
    places = places.rename_axis("place")
    graph = spatial.nearest(places, k=3).transform("b")
    for inference in ("permutation", "analytical"):
        found = spatial.local_join_counts(places, graph, column="kind", inference=inference)
        assert any("hypergeometric" in note for note in found.notes) == (inference == "analytical")


def test_one_huge_value_leaves_the_others_their_local_geary():
    """A clear trend from 0 to 91; with the last value at ten million all other draws once counted as ties."""
    import geopandas
    from shapely import box

    values = np.arange(100.0) // 10 * 10 + np.random.default_rng(0).uniform(0, 1, 100)
    cells = [box(number % 10, number // 10, number % 10 + 1, number // 10 + 1) for number in range(100)]
    places = geopandas.GeoDataFrame({"value": values}, geometry=cells, crs="EPSG:32642", index=[f"p{n:02d}" for n in range(100)])
    graph = spatial.contiguity(places)
    for largest in (1e4, 1e6, 1e7):
        places.loc["p99", "value"] = largest
        for draws in ("rotated", "own", "shared"):
            found = spatial.local_geary(places, graph, column="value", draws=draws)
            assert (found.p_permutation <= 0.05).sum() > 90
            assert not any("ties" in note for note in found.notes)


@pytest.mark.parametrize("operation", ["local_moran", "local_bivariate_moran"])
def test_a_value_that_is_the_mean_is_so_in_any_unit(operation):
    import geopandas
    from shapely import box

    cells = [box(number % 5, number // 5, number % 5 + 1, number // 5 + 1) for number in range(25)]
    places = geopandas.GeoDataFrame(geometry=cells, index=[f"p{number:02d}" for number in range(25)], crs="EPSG:32642")
    graph = spatial.contiguity(places, rule="rook")
    for seed in range(40):
        random = np.random.default_rng(seed)
        values = random.integers(0, 100, 25).astype(float)
        values[12] = 0
        values[0] += -values.sum() % 24
        values[12] = values.sum() / 24  # just the mean
        found = []
        for unit in (1, 10, 1000, 3):
            places["value"] = values / unit
            options = {"column": "value"} if operation == "local_moran" else {"column": "value", "second": "value"}
            found.append(getattr(spatial, operation)(places, graph, **options))
            assert found[-1].p_permutation["p12"] == 1
            assert np.isnan(found[-1].p["p12"])
            assert found[-1].quadrant.tolist() == found[0].quadrant.tolist()
            assert found[-1].p_permutation.tolist() == found[0].p_permutation.tolist()


def test_too_few_permutations_are_told_from_too_few_neighbours(field):
    places, graph = field
    notes = " ".join(spatial.local_moran(places, graph, column="value", alpha=0.01, permutations=99, exact="no").notes)
    assert "The smallest p that 99 permutations can give is 0.02 (two-sided). No sampled p up to 0.01 can come about" in notes
    assert "so few possible sets" not in notes
    assert "at least" not in notes


@pytest.mark.parametrize("operation", ["local_moran", "local_getis_ord", "local_geary", "local_bivariate_moran"])
@pytest.mark.parametrize("draws", ["rotated", "own", "shared"])
def test_a_constant_added_to_decimals_changes_no_tie(operation, draws):
    """0.1, 0.2 and 0.3 more than ten thousand or a million have lost digits; draws that are tied without it stay tied."""
    import geopandas
    from shapely import points

    row, column = np.divmod(np.arange(49), 7)
    steps = np.random.default_rng(0).integers(0, 4, 49) * 0.1
    table = {"low": steps, "high": 10_000.1 + steps, "higher": 1_000_000.1 + steps}
    index = [f"p{number:02d}" for number in range(49)]
    places = geopandas.GeoDataFrame(table, geometry=points(column * 1e3, row * 1e3), index=index, crs="EPSG:32642")
    graph = spatial.contiguity(places, by="lattice")
    found = []
    for name in table:
        columns = {"column": name} if operation != "local_bivariate_moran" else {"column": "low", "second": name}
        found.append(getattr(spatial, operation)(places, graph, draws=draws, **columns))
    assert found[0].ties.mean() > 0.05
    for other in found[1:]:
        assert other.ties.tolist() == found[0].ties.tolist()
        assert other.p_permutation.tolist() == found[0].p_permutation.tolist()
