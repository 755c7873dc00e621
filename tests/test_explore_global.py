"""Global statistics on maps small enough to compute by hand or to try every order."""

from itertools import permutations

import numpy as np
import pytest

import spatial
from spatial.errors import DataError, ModelError, StudyError

STATISTICS = ("moran", "geary", "getis_ord")


def chain(values, **columns):
    """Unit squares in a row, labelled a, b, c, ..., and a binary graph of neighbours along it."""
    import geopandas
    from libpysal.graph import Graph
    from shapely import box

    squares = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(len(values))]
    labels = [chr(ord("a") + number) for number in range(len(values))]
    places = geopandas.GeoDataFrame({"value": values} | columns, geometry=squares, index=labels, crs="EPSG:32642").rename_axis(
        "place"
    )
    return places, Graph.build_contiguity(places, rook=True)


def by_hand(name, values, links):
    """The statistic with binary weights, straight from its definition."""
    n = len(values)
    mean = sum(values) / n
    spread = sum((value - mean) ** 2 for value in values)
    if name == "moran":
        return n / len(links) * sum((values[i] - mean) * (values[j] - mean) for i, j in links) / spread
    if name == "geary":
        return (n - 1) / (2 * len(links)) * sum((values[i] - values[j]) ** 2 for i, j in links) / spread
    return sum(values[i] * values[j] for i, j in links) / sum(values[i] * values[j] for i in range(n) for j in range(n) if i != j)


def links_of(n):
    return [(i, j) for i in range(n) for j in range(n) if abs(i - j) == 1]


@pytest.mark.parametrize(("name", "expected"), [("moran", 1 / 3), ("geary", 0.3), ("getis_ord", 40 / 70)])
def test_four_in_a_row(name, expected):
    places, graph = chain([1, 2, 3, 4])
    found = getattr(spatial, name)(places, graph, column="value")
    assert found.statistic == pytest.approx(expected)
    assert found.observations == 4
    assert found.options["graph"]["links"] == 6


@pytest.mark.parametrize("name", STATISTICS)
def test_every_order_is_tried_for_few_places(name):
    values = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0]
    places, graph = chain(values)
    links = links_of(7)
    everything = np.array([by_hand(name, order, links) for order in permutations(values)])
    observed = by_hand(name, values, links)
    less, greater = (everything <= observed + 1e-12).mean(), (everything >= observed - 1e-12).mean()
    if name == "geary":
        less, greater = greater, less  # a small c means alike
    found = {
        kind: getattr(spatial, name)(places, graph, column="value", alternative=kind) for kind in ("greater", "less", "two-sided")
    }
    assert found["greater"].p_permutation == pytest.approx(greater)
    assert found["less"].p_permutation == pytest.approx(less)
    assert found["two-sided"].p_permutation == pytest.approx(min(1, 2 * min(less, greater)))
    assert found["greater"].permutations == 5040
    assert found["greater"].exact
    assert any("All 5,040 orders" in note for note in found["greater"].notes)


@pytest.mark.parametrize("name", STATISTICS)
def test_moments_under_randomization_are_those_of_all_orders(name):
    places, graph = chain([3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0])
    found = getattr(spatial, name)(places, graph.transform("r"), column="value")
    assert found.simulated_mean == pytest.approx(found.expected, abs=1e-12)
    assert found.simulated_sd**2 == pytest.approx(found.variance, rel=1e-10)


@pytest.mark.parametrize("name", STATISTICS)
def test_a_sample_of_orders_agrees_with_all(name):
    places, graph = chain([3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0])
    function = getattr(spatial, name)
    every = function(places, graph, column="value")
    sampled = function(places, graph, column="value", exact="no", permutations=20_000, seed=3)
    assert not sampled.exact
    assert sampled.permutations == 20_000
    assert sampled.p_permutation == pytest.approx(every.p_permutation, abs=4 * (every.p_permutation / 20_000) ** 0.5 * 2)
    assert sampled.p_smallest == pytest.approx(2 / 20_001)


def test_a_checkerboard_is_as_unlike_as_can_be(grid):
    from libpysal.graph import Graph

    grid["squares"] = [float((row + column) % 2) for row in range(4) for column in range(4)]
    graph = Graph.build_contiguity(grid, rook=True).transform("r")
    found = spatial.moran(grid, graph, column="squares")
    assert found.statistic == pytest.approx(-1)
    assert found.z < 0
    assert found.p_permutation == pytest.approx(0.002)
    assert "less alike" in found.reading[1]
    assert spatial.geary(grid, graph, column="squares").statistic == pytest.approx(2 * 15 / 16)


def test_alike_neighbours_have_positive_z_in_moran_and_geary(grid):
    from libpysal.graph import Graph

    graph = Graph.build_contiguity(grid, rook=True).transform("r")
    assert spatial.moran(grid, graph, column="value").z > 0
    geary = spatial.geary(grid, graph, column="value", alternative="greater")
    assert geary.statistic < 1
    assert geary.z > 0
    assert geary.p_permutation == pytest.approx(0.001)
    assert spatial.geary(grid, graph, column="value", alternative="less").p_permutation > 0.99


def test_scatterplot_columns_give_the_statistic_as_slope(grid):
    from libpysal.graph import Graph

    found = spatial.moran(grid, Graph.build_contiguity(grid, rook=True).transform("r"), column="noise")
    assert found.deviation.std(ddof=0) == pytest.approx(1)
    assert (found.deviation * found.lag).mean() == pytest.approx(found.statistic)
    assert list(found.deviation.index) == list(grid.index)


def test_where_everybody_is_a_neighbour_nothing_can_vary():
    from libpysal.graph import Graph

    places, _ = chain([1.0, 2.0, 4.0, 9.0, 3.0])
    graph = Graph.build_knn(places.set_geometry(places.centroid), k=4)
    found = spatial.moran(places, graph, column="value")
    assert found.statistic == pytest.approx(-0.25)
    assert np.isnan(found.z)
    assert np.isnan(found.p)
    assert found.p_permutation == 1
    assert any("cannot vary" in note for note in found.notes)
    assert found.to_dict()["z"] is None


@pytest.mark.parametrize("name", STATISTICS)
def test_same_seed_same_numbers(name, grid):
    from libpysal.graph import Graph

    graph = Graph.build_contiguity(grid, rook=True).transform("r")
    grid["positive"] = grid["noise"] - grid["noise"].min()
    function = getattr(spatial, name)
    first, again = (function(grid, graph, column="positive", seed=5).to_dict() for _ in range(2))
    other = function(grid, graph, column="positive", seed=6).to_dict()
    assert first == again
    assert first["simulated_mean"] != other["simulated_mean"]


def test_the_number_of_places_held_at_a_time_changes_nothing(grid, monkeypatch):
    from libpysal.graph import Graph

    graph = Graph.build_contiguity(grid, rook=True).transform("r")
    whole = spatial.moran(grid, graph, column="noise").to_dict()
    monkeypatch.setattr("spatial.explore._permutations._BLOCK", 16 * 7)
    assert spatial.moran(grid, graph, column="noise").to_dict() == whole


def test_islands_count_and_are_said():
    from libpysal.graph import Graph

    places, graph = chain([1.0, 2.0, 3.0, 4.0, 9.0])
    links = graph.adjacency.reset_index().query("focal != 'e' and neighbor != 'e'")
    alone = Graph.from_arrays([*links["focal"], "e"], [*links["neighbor"], "e"], [*links["weight"], 0])
    found = spatial.moran(places, alone, column="value")
    assert found.observations == 5
    assert found.statistic == pytest.approx(by_hand("moran", [1, 2, 3, 4, 9], links_of(4)))
    assert any("no neighbours: 'e'" in note for note in found.notes)
    assert any("spdep" in note for note in found.notes)


@pytest.mark.parametrize("name", STATISTICS)
def test_missing_values_are_an_error_or_are_left_out(name):
    places, graph = chain([1.0, 2.0, 4.0, 3.0, np.nan])
    function = getattr(spatial, name)
    with pytest.raises(DataError, match="1 of 5 places has no value: 'e'"):
        function(places, graph, column="value")
    found = function(places, graph, column="value", missing="drop")
    assert found.observations == 4
    assert found.statistic == pytest.approx(by_hand(name, [1, 2, 4, 3], links_of(4)))
    assert any("left out: 'e'" in note for note in found.notes)


def test_moran_of_places_left_out_is_missing():
    places, graph = chain([1.0, 2.0, 4.0, 3.0, np.nan])
    found = spatial.moran(places, graph, column="value", missing="drop")
    assert np.isnan(found.deviation["e"])
    assert found.lag.notna().sum() == 4


def test_few_places_are_admitted():
    places, graph = chain([0, 0, 0, 1, 1, 1, 1])
    found = spatial.moran(places, graph, column="value")
    # 3! x 4! = 144 orders look alike; only 0001111 and 1111000 are this clustered, and only 1010101 is the other extreme
    assert found.p_permutation == pytest.approx(2 * (2 * 144) / 5040)
    assert found.p_smallest == pytest.approx(2 * 144 / 5040)
    assert any("With only 7 places" in sentence and "0.057" in sentence for sentence in found.reading)


def test_reading_states_size_and_chance(grid):
    from libpysal.graph import Graph

    graph = Graph.build_contiguity(grid, rook=True).transform("r")
    text = " ".join(spatial.moran(grid, graph, column="noise").reading)
    assert "16 places" in text
    assert "no proof that there is none" in text
    assert "With only" not in text


def test_disagreement_of_both_p_is_noted():
    places, graph = chain([1, 2, 3, 9, 8])
    found = spatial.moran(places, graph, column="value", alternative="greater")
    assert found.p < 0.05 <= found.p_permutation
    assert any("different sides" in note for note in found.notes)


def test_getis_ord_says_when_weights_are_not_binary(grid):
    from libpysal.graph import Graph

    graph = Graph.build_contiguity(grid, rook=True)
    assert any("not binary" in note for note in spatial.getis_ord(grid, graph.transform("r"), column="value").notes)
    assert not any("not binary" in note for note in spatial.getis_ord(grid, graph, column="value").notes)


def test_getis_ord_refuses_negative_values(grid):
    from libpysal.graph import Graph

    with pytest.raises(ModelError, match=r"values are negative.*natural zero"):
        spatial.getis_ord(grid, Graph.build_contiguity(grid), column="noise")


@pytest.mark.parametrize("name", [*STATISTICS, "heteroskedasticity", "local_moran", "local_getis_ord"])
@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        ("valeu", DataError, "there is no column 'valeu'. Did you mean 'value'"),
        ("words", DataError, "are not numbers: 'a: x', 'b: y'"),
        ("same", ModelError, "all 5 values are 2"),
    ],
)
def test_columns_that_cannot_be_used(name, column, error, message):
    places, graph = chain([1, 2, 3, 4, 5], words=["x", "y", "1", "2", "3"], same=[2] * 5)
    with pytest.raises(error, match=message):
        getattr(spatial, name)(places, graph, column=column)


@pytest.mark.parametrize("name", [*STATISTICS, "heteroskedasticity", "local_moran", "local_getis_ord"])
def test_graphs_that_cannot_be_used(name):
    from libpysal.graph import Graph

    function = getattr(spatial, name)
    places, graph = chain([1, 2, 3, 4, 5])
    with pytest.raises(DataError, match="1 label of the graph is no place: 'e'"):
        function(places.drop(index="e"), graph, column="value")
    with pytest.raises(ModelError, match="none of the 5 places has a neighbour"):
        function(places, Graph.from_arrays(list("abcde"), list("abcde"), [0] * 5), column="value")
    with pytest.raises(ModelError, match="there are 3. Expected at least 4"):
        function(*chain([1, 2, 3]), column="value")
    if name != "local_getis_ord":
        with pytest.raises(DataError, match="1 place is its own neighbour: 'b'"):
            function(places, Graph.from_arrays(list("abcde"), list("bbdcd"), [1] * 5), column="value")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("permutations", 10, "a whole number from 99 to 99999"),
        ("alternative", "bigger", "one of 'two-sided', 'greater', 'less'"),
        ("seed", -1, "out of range"),
        ("exact", "yes", "'yes' is not known"),
    ],
)
@pytest.mark.parametrize("name", [*STATISTICS, "heteroskedasticity"])
def test_options_that_cannot_be_used(name, option, value, message):
    with pytest.raises(StudyError, match=message):
        getattr(spatial, name)(*chain([1, 2, 3, 4]), column="value", **{option: value})


@pytest.mark.parametrize("shift", [1e3, 1e5])
def test_getis_ord_keeps_its_variance_where_values_differ_little(shift):
    places, graph = chain([shift + value for value in (2.0, 7.0, 1.0, 8.0, 2.5, 9.0, 4.0)])
    found = spatial.getis_ord(places, graph.transform("r"), column="value")
    assert found.permutations == 5040
    assert found.simulated_sd**2 == pytest.approx(found.variance, rel=1e-15 * shift**2)  # rounding of the enumerated ones


def test_getis_ord_sees_small_values_beside_a_very_large_one():
    places, graph = chain([1e9, 1.0, 0.0, 1.0])  # pairs: 2 (1e9 + 1e9 + 1)
    assert spatial.getis_ord(places, graph, column="value").statistic == pytest.approx(1e9 / (2e9 + 1), rel=1e-15)


FAR = ("moran", "geary", "lee", "bivariate_moran", "heteroskedasticity", "local_moran", "local_geary", "local_getis_ord", "losh")


@pytest.mark.parametrize("name", FAR)
def test_values_far_from_zero_keep_their_digits(name):
    """Shifts that are exact in binary numbers change no statistic of deviations."""
    near = np.round(np.random.default_rng(3).gamma(2, size=45) * 1024) / 1024
    second = {"second": "other"} if name in ("lee", "bivariate_moran") else {}
    found = []
    for shift in (0.0, 2.0**30, -(2.0**33)):
        places, graph = chain(near + shift, other=np.roll(near, 3) - 2 * shift)
        found.append(getattr(spatial, name)(places, graph.transform("r"), column="value", permutations=99, **second))
    fields = ["z", "p", *(() if name == "local_getis_ord" else ("statistic", "expected", "variance"))]
    for field in fields:
        for other in found[1:]:
            np.testing.assert_allclose(getattr(other, field), getattr(found[0], field), rtol=1e-10, atol=1e-13, err_msg=field)


def scatter_by_hand(values, power=2):
    """Moran's I of the squared distances from the mean of the neighbours in a row."""
    around = [np.mean([values[near] for near in (place - 1, place + 1) if 0 <= near < len(values)]) for place in range(len(values))]
    return by_hand("moran", np.abs(np.array(values) - around) ** power, links_of(len(values)))


@pytest.mark.parametrize("power", [2, 1])
def test_heteroskedasticity_over_all_orders(power):
    values = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0]
    places, graph = chain(values)
    everything = np.array([scatter_by_hand(order, power) for order in permutations(values)])
    observed = scatter_by_hand(values, power)
    less, greater = (everything <= observed + 1e-9).mean(), (everything >= observed - 1e-9).mean()
    found = spatial.heteroskedasticity(places, graph, column="value", power=power)
    assert found.statistic == pytest.approx(observed)
    assert found.exact
    assert found.expected == found.simulated_mean == pytest.approx(everything.mean())
    assert found.variance == pytest.approx(everything.var())
    assert found.p_permutation == pytest.approx(min(1, 2 * min(less, greater)))
    assert found.residual.tolist() == pytest.approx(
        [2**power, 2.5**power, 2.75**power, 3**power, 0.25**power, 5.5**power, 7**power]
    )
    one_sided = [
        spatial.heteroskedasticity(places, graph, column="value", power=power, alternative=kind) for kind in ("less", "greater")
    ]
    assert [each.p_permutation for each in one_sided] == pytest.approx([less, greater])
    sampled = spatial.heteroskedasticity(places, graph, column="value", power=power, exact="no", permutations=20_000)
    assert sampled.p_permutation == pytest.approx(found.p_permutation, abs=0.02)
    assert sampled.p_smallest == pytest.approx(2 / 20_001)


def test_heteroskedasticity_is_found_where_it_was_put_and_not_in_a_trend():
    import geopandas
    from libpysal.graph import Graph
    from shapely import box

    cells = [box(column * 1000, row * 1000, column * 1000 + 1000, row * 1000 + 1000) for row in range(12) for column in range(12)]
    east, noise = np.tile(np.arange(12.0), 12), np.random.default_rng(2).normal(size=144)
    columns = {"trend": 2 * east + noise, "planted": 2 * east + noise * np.where(east > 5, 4, 1)}
    labels = [f"{number:03d}" for number in range(144)]
    places = geopandas.GeoDataFrame(columns, geometry=cells, index=labels, crs="EPSG:32642").rename_axis("place")
    graph = Graph.build_contiguity(places, rook=False).transform("r")
    assert spatial.heteroskedasticity(places, graph, column="trend").p_permutation > 0.1
    found = spatial.heteroskedasticity(places, graph, column="planted")
    assert found.p_permutation == pytest.approx(0.002)
    assert found.z > 3
    assert "scatter more in some parts" in found.reading[1]


@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_heteroskedasticity_errs_as_seldom_as_it_says(draw, grid):
    """Values that scatter alike: p up to 0.05 in about 5 percent of the maps, although residuals share neighbours."""
    from libpysal.graph import Graph

    graph, random = Graph.build_contiguity(grid, rook=True).transform("r"), np.random.default_rng(8)
    found = [
        spatial.heteroskedasticity(grid.assign(value=getattr(random, draw)(size=16)), graph, column="value", permutations=199)
        for _ in range(200)
    ]
    wrong = np.mean([each.p_permutation <= 0.05 for each in found])
    assert abs(wrong - 0.05) < 3 * (0.05 * 0.95 / 200) ** 0.5
    assert np.mean([each.statistic for each in found]) == pytest.approx(np.mean([each.expected for each in found]), abs=0.04)


def test_heteroskedasticity_without_neighbours_or_values():
    from libpysal.graph import Graph

    values = [1.0, 2.0, 5.0, 4.0, 9.0, np.nan]
    places, graph = chain(values)
    links = graph.adjacency.reset_index().query("focal != 'e' and neighbor != 'e' and focal != 'f'")
    alone = Graph.from_arrays([*links["focal"], "e", "f"], [*links["neighbor"], "e", "f"], [*links["weight"], 0, 0])
    found = spatial.heteroskedasticity(places, alone, column="value", missing="drop")
    assert found.statistic == pytest.approx(scatter_by_hand([1, 2, 5, 4]))
    assert found.residual[["e", "f"]].isna().all()
    assert found.observations == 5
    assert any("do not count in n" in note for note in found.notes)
    assert not any("as in PySAL" in note for note in found.notes)


def test_heteroskedasticity_needs_residuals_that_differ():
    from libpysal.graph import Graph

    places, _ = chain([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    ring = Graph.from_arrays(list("abcdefabcdef"), list("bcdefafabcde"), [1.0] * 12)
    with pytest.raises(ModelError, match="all 6 places are equally far from their neighbours' mean"):
        spatial.heteroskedasticity(places, ring, column="value")
    places["value"] = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0]  # some orders of these alternate: their index is 0
    found = spatial.heteroskedasticity(places, ring, column="value")
    assert found.exact
    assert 0 < found.p_permutation <= 1


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_heteroskedasticity_of_very_large_and_small_numbers(scale):
    values = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0])
    one, two = (spatial.heteroskedasticity(*chain(each), column="value", power=4) for each in (values, values * scale))
    assert two.statistic == pytest.approx(one.statistic)
    assert two.p_permutation == one.p_permutation
