"""What must hold for spatial statistics whatever the data."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spatial
from spatial.errors import DataError

GLOBAL = ("moran", "geary", "getis_ord")
LOCAL = ("local_moran", "local_getis_ord")
seeds = st.integers(0, 2**31 - 1)


@cache
def squares():
    """Five by five squares with a queen graph, made once."""
    import geopandas
    from libpysal.graph import Graph
    from shapely import box

    cells = [box(column * 1000, row * 1000, column * 1000 + 1000, row * 1000 + 1000) for row in range(5) for column in range(5)]
    labels = [f"{row}{column}" for row in range(5) for column in range(5)]
    places = geopandas.GeoDataFrame(geometry=cells, index=labels, crs="EPSG:32642").rename_axis("place")
    return places, Graph.build_contiguity(places, rook=False).transform("r")


def drawn(seed):
    """Skewed positive values, different ones for each seed."""
    places, graph = squares()
    return places.assign(value=np.random.default_rng(seed).gamma(1.5, size=25)), graph


def equal(one, two):
    """The same numbers for the same labels, to the last digit."""
    first, second = one.to_dict(), two.to_dict()
    assert first.keys() == second.keys()
    for name in first:
        assert first[name] == second[name], name


@pytest.mark.parametrize("name", [*GLOBAL, *LOCAL])
@given(seed=seeds)
@settings(max_examples=8, deadline=None)
def test_the_order_of_rows_does_not_matter(name, seed):
    places, graph = drawn(seed)
    mixed = places.sample(frac=1, random_state=seed % 1000)
    function = getattr(spatial, name)
    first, second = function(places, graph, column="value"), function(mixed, graph, column="value")
    equal(first, second)
    if name in LOCAL:
        assert list(second.cluster.index) == list(mixed.index)


@pytest.mark.parametrize("name", GLOBAL)
@given(seed=seeds)
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_graph_does_not_matter(name, seed):
    from libpysal.graph import Graph

    places, graph = drawn(seed)
    links = graph.adjacency.reset_index().sample(frac=1, random_state=seed % 1000)
    mixed = Graph.from_arrays(links["focal"].to_numpy(), links["neighbor"].to_numpy(), links["weight"].to_numpy())
    first, second = (getattr(spatial, name)(places, each, column="value") for each in (graph, mixed))
    for field in ("statistic", "variance", "z", "p", "p_permutation"):
        assert getattr(first, field) == pytest.approx(getattr(second, field), rel=1e-12)


@given(seed=seeds, scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3))
@settings(max_examples=25, deadline=None)
def test_moran_and_geary_survive_rescaling(seed, scale, shift):
    places, graph = drawn(seed)
    other = places.assign(value=places["value"] * scale + shift * scale)
    for function in (spatial.moran, spatial.geary):
        first, second = function(places, graph, column="value"), function(other, graph, column="value")
        for field in ("statistic", "variance", "z", "p"):
            assert getattr(first, field) == pytest.approx(getattr(second, field), rel=1e-8, abs=1e-12)
        assert first.p_permutation == second.p_permutation
    assert spatial.moran(places.assign(value=-places["value"]), graph, column="value").statistic == pytest.approx(
        spatial.moran(places, graph, column="value").statistic, rel=1e-10, abs=1e-13
    )


@given(seed=seeds, scale=st.floats(1e-6, 1e6))
@settings(max_examples=15, deadline=None)
def test_getis_ord_survives_another_unit(seed, scale):
    places, graph = drawn(seed)
    other = places.assign(value=places["value"] * scale)
    first, second = (spatial.getis_ord(each, graph, column="value") for each in (places, other))
    for field in ("statistic", "variance", "z"):
        assert getattr(first, field) == pytest.approx(getattr(second, field), rel=1e-8, abs=1e-12)
    assert first.p_permutation == second.p_permutation


@given(seed=seeds, scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3))
@settings(max_examples=10, deadline=None)
def test_clusters_survive_rescaling(seed, scale, shift):
    places, graph = drawn(seed)
    other = places.assign(value=places["value"] * scale + shift * scale)
    for name in LOCAL:
        first, second = (getattr(spatial, name)(each, graph, column="value", correction="none") for each in (places, other))
        assert first.cluster.equals(second.cluster)
        assert first.p_permutation.equals(second.p_permutation)
        np.testing.assert_allclose(first.z, second.z, rtol=1e-6, atol=1e-9)


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_local_values_add_up(seed):
    places, graph = drawn(seed)
    local = spatial.local_moran(places, graph, column="value")
    total = graph.sparse.sum() * spatial.moran(places, graph, column="value").statistic
    assert local.statistic.sum() == pytest.approx(total, rel=1e-10, abs=1e-10)


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_p_values_are_probabilities_and_corrections_only_raise_them(seed):
    places, graph = drawn(seed)
    for name in LOCAL:
        found = getattr(spatial, name)(places, graph, column="value")
        assert found.p_permutation.between(2 / 1000, 1).all()
        assert (found.p_adjusted >= found.p_permutation - 1e-15).all()
        assert found.p_adjusted.le(1).all()
        counts = found.counts["total"]
        assert counts["none"] >= counts["fdr"] >= counts["bonferroni"]
        assert counts["smaller tail"] >= counts["none"]


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_two_sided_is_twice_the_smaller_tail(seed):
    places, graph = drawn(seed)
    for name in GLOBAL:
        function = getattr(spatial, name)
        p = {
            kind: function(places, graph, column="value", alternative=kind).p_permutation
            for kind in ("two-sided", "greater", "less")
        }
        assert p["two-sided"] == pytest.approx(min(1, 2 * min(p["greater"], p["less"])))
        assert p["greater"] + p["less"] >= 1 + 1 / 1000


@given(seed=seeds)
@settings(max_examples=3, deadline=None)
def test_under_chance_the_permutation_p_is_no_liberal_test(seed):
    """Independent values: p at or below 0.05 in about 5 percent of the draws, for the global test."""
    _, graph = squares()
    places, _ = drawn(seed)
    random = np.random.default_rng(seed)
    p = [
        spatial.moran(places.assign(value=random.normal(size=25)), graph, column="value", permutations=99, seed=turn).p_permutation
        for turn in range(60)
    ]
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 5 * (0.05 * 0.95 / 60) ** 0.5


def several(seed):
    """Several columns: numbers, kinds, ones and zeros, counts and populations."""
    places, graph = drawn(seed)
    random = np.random.default_rng([seed, 1])
    kinds = random.permutation(np.arange(25) % 3)
    population = random.integers(20, 5_000, size=25)
    columns = {
        "other": random.normal(size=25),
        "kind": np.array(list("ABC"))[kinds],
        "town": (kinds == 0).astype(int),
        "port": random.permutation(np.arange(25) % 2),
        "population": population,
        "events": random.binomial(population, 0.05) + 1,
    }
    return places.assign(**columns), graph


PAIR, RATE = {"column": "value", "second": "other"}, {"events": "events", "population": "population"}
MORE = {
    "join_counts": {"column": "kind"},
    "bivariate_moran": PAIR,
    "lee": PAIR,
    "rate_moran": RATE,
    "correlogram": {"column": "value", "steps": 3},
    "local_geary": {"column": "value", "others": ["other"]},
    "local_bivariate_moran": PAIR,
    "local_join_counts": {"column": "town", "others": ["port"], "together": "neighbours"},
    "losh": {"column": "value"},
    "heteroskedasticity": {"column": "value"},
    "local_rate_moran": RATE,
    "spatial_rate": RATE,
}


@pytest.mark.parametrize("name", MORE)
@given(seed=seeds)
@settings(max_examples=3, deadline=None)
def test_the_order_of_rows_does_not_matter_to_any(name, seed):
    places, graph = several(seed)
    mixed = places.sample(frac=1, random_state=seed % 1000)
    equal(*(getattr(spatial, name)(each, graph, **MORE[name]) for each in (places, mixed)))


@pytest.mark.parametrize("draws", ["rotated", "own", "shared"])
@given(seed=seeds)
@settings(max_examples=3, deadline=None)
def test_the_order_of_rows_does_not_matter_to_any_way_of_drawing(draws, seed):
    places, graph = drawn(seed)
    mixed = places.sample(frac=1, random_state=seed % 1000)
    equal(*(spatial.local_moran(each, graph, column="value", draws=draws, exact="no") for each in (places, mixed)))


@pytest.mark.parametrize("name", [name for name, options in MORE.items() if options is not RATE and "kind" not in options.values()])
@given(seed=seeds, scale=st.floats(1e-3, 1e3), shift=st.floats(-100, 100))
@settings(max_examples=3, deadline=None)
def test_another_unit_changes_no_verdict(name, seed, scale, shift):
    places, graph = several(seed)
    other = places.assign(value=places["value"] * scale + shift * scale, other=places["other"] * scale)
    one, two = (getattr(spatial, name)(each, graph, **MORE[name]) for each in (places, other))
    if name == "correlogram":
        np.testing.assert_allclose(one.table["statistic"], two.table["statistic"], rtol=1e-6, atol=1e-9)
    else:
        np.testing.assert_allclose(one.statistic, two.statistic, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(one.p_permutation, two.p_permutation)


@given(seed=seeds)
@settings(max_examples=4, deadline=None)
def test_names_of_kinds_do_not_matter(seed):
    places, graph = several(seed)
    renamed = places.assign(kind=places["kind"].map({"A": "one", "B": "two", "C": "three"}))
    one, two = (spatial.join_counts(each, graph, column="kind") for each in (places, renamed))
    assert one.statistic == pytest.approx(two.statistic)
    assert one.p == pytest.approx(two.p)
    assert sorted(one.joins["count"]) == pytest.approx(sorted(two.joins["count"]))
    assert one.joins["count"].drop("unlike").sum() == pytest.approx(graph.sparse.sum() / 2)


@given(seed=seeds)
@settings(max_examples=4, deadline=None)
def test_a_column_with_itself_is_the_statistic_of_one(seed):
    places, graph = several(seed)
    one, two = (
        spatial.moran(places, graph, column="value"),
        spatial.bivariate_moran(places, graph, column="value", second="value", dealt="pairs"),
    )
    assert two.statistic == pytest.approx(one.statistic)
    assert two.variance == pytest.approx(one.variance)
    local, both = (
        spatial.local_moran(places, graph, column="value"),
        spatial.local_bivariate_moran(places, graph, column="value", second="value"),
    )
    for field in ("statistic", "expected", "variance", "p_permutation"):
        np.testing.assert_allclose(getattr(both, field), getattr(local, field), rtol=1e-9, atol=1e-12)


@given(seed=seeds, parts=st.sampled_from([1, 2, 10]))
@settings(max_examples=8, deadline=None)
def test_one_component_or_ten_and_places_on_one_spot(seed, parts):
    import geopandas
    from libpysal.graph import Graph
    from shapely import Point

    n = 20
    random = np.random.default_rng(seed)
    labels = np.array([f"{number:02d}" for number in range(n)])
    focal, near = zip(
        *[(one, two) for one in range(n) for two in range(n) if one != two and one % parts == two % parts], strict=True
    )
    values = {"value": random.normal(size=n), "other": random.normal(size=n), "town": np.arange(n) % 2}
    places = geopandas.GeoDataFrame(values, geometry=[Point(0, 0)] * n, index=labels, crs="EPSG:32642").rename_axis("place")
    graph = Graph.from_arrays(labels[list(focal)], labels[list(near)], np.ones(len(focal))).transform("r")
    for name in ("moran", "local_moran", "local_geary", "losh", "lee", "local_join_counts"):
        options = {"column": "town"} if name == "local_join_counts" else PAIR if name == "lee" else {"column": "value"}
        found = getattr(spatial, name)(places, graph, **options)
        assert np.isfinite(found.statistic).all()
        p = np.asarray(found.p_permutation, float)
        assert ((p > 0) & (p <= 1) | np.isnan(p)).all()


@given(seed=seeds, power=st.floats(0.5, 4))
@settings(max_examples=6, deadline=None)
def test_heteroskedasticity_is_the_likeness_of_the_residuals_of_losh(seed, power):
    places, graph = several(seed)
    found = spatial.heteroskedasticity(places, graph, column="value", power=power)
    residual = spatial.losh(places, graph, column="value", power=power).residual
    np.testing.assert_allclose(found.residual, residual, rtol=1e-9, atol=1e-12)
    other = spatial.moran(places.assign(value=residual), graph, column="value")
    assert found.statistic == pytest.approx(other.statistic)


ALL = {name: {"column": "value"} for name in (*GLOBAL, *LOCAL)} | MORE
ANALYTICAL = ("statistic", "expected", "variance", "z", "p", "rate", "crude")
OLD = [f"place {number:02d}" for number in range(25)]
NEW = sorted(
    [
        "Ä",
        "a b",
        "A",
        "aa",
        "b",
        "Zürich",
        "Ñ",
        "ñ",
        "é",
        "0",
        "10",
        "2",
        "-1",
        "_",
        "Ақтау",
        "ақтау",
        "Ә",
        "Қ",
        "Я",
        "я",
        "日本",
        "東京",
        "ß",
        "ss",
        "🌍",
    ]
)
orders = st.permutations(range(25))


def called(seed, labels):
    """The same places under other names."""
    import pandas as pd

    places = several(seed)[0].iloc[: len(labels)].set_axis(pd.Index(labels, name="place"))
    if len(labels) < 25:  # so few that each kind must be dealt out by hand
        places = places.assign(kind=list("ABABA"), town=[1, 0, 1, 1, 0], port=[0, 1, 0, 0, 1])
    return places, spatial.contiguity(places)


def translated(value, words):
    """Put other names wherever the first ones stand."""
    if isinstance(value, dict):
        return {words.get(key, key): translated(each, words) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [translated(each, words) for each in value]
    return words.get(value, value) if isinstance(value, str) else value


def numbers_of(found):
    """What a result holds that is not drawn by chance, in the order of the places."""
    if found.operation == "correlogram":
        return found.table[["statistic", "expected", "variance", "z", "p"]].to_numpy(float)
    if found.operation == "heteroskedasticity":  # its moments are those of the orders drawn
        return np.array([found.statistic, *found.residual])
    return np.array([np.asarray(getattr(found, name), float) for name in ANALYTICAL if hasattr(found, name)])


@pytest.mark.parametrize("name", ALL)
@given(seed=seeds)
@settings(max_examples=3, deadline=None)
def test_names_in_the_same_order_change_nothing(name, seed):
    """Random numbers belong to the rank of a place among the sorted names: where ranks stay, so does every p."""
    one, two = (getattr(spatial, name)(*called(seed, each), **ALL[name]).to_dict() for each in (OLD, NEW))
    words = dict(zip(OLD, NEW, strict=True))
    for field in one.keys() - {"notes", "reading"}:  # these are sentences with names in them
        assert translated(one[field], words) == translated(two[field], {}), field


@pytest.mark.parametrize("name", ALL)
@given(seed=seeds, order=orders)
@settings(max_examples=3, deadline=None)
def test_names_in_any_order_change_nothing_but_what_is_drawn(name, seed, order):
    one, two = (getattr(spatial, name)(*called(seed, each), **ALL[name]) for each in (OLD, [NEW[rank] for rank in order]))
    numbers = numbers_of(one)
    assert numbers.size
    np.testing.assert_allclose(numbers, numbers_of(two), rtol=1e-9, atol=1e-12)
    p, other = (np.asarray(getattr(each, "p_permutation", 1.0), float) for each in (one, two))
    np.testing.assert_allclose(p, other, atol=0.2)  # the error of a two-sided p of 999 orders is 0.03 at most


@pytest.mark.parametrize("name", [name for name in ALL if name != "spatial_rate"])
@given(seed=seeds, order=orders)
@settings(max_examples=3, deadline=None)
def test_names_in_any_order_change_no_p_where_everything_is_tried(name, seed, order):
    """Five places of a row: all their orders, and all sets of neighbours, are fewer than the permutations."""
    options = ALL[name] | ({"steps": 2} if name == "correlogram" else {})
    found = [getattr(spatial, name)(*called(seed, each), **options) for each in (OLD[:5], [NEW[rank] for rank in order[:5]])]
    one, two = (each.table if name == "correlogram" else each for each in found)
    np.testing.assert_allclose(np.asarray(one.p_permutation, float), np.asarray(two.p_permutation, float), rtol=1e-12)
    if hasattr(one, "cluster"):
        assert one.cluster.tolist() == two.cluster.tolist()


OPERATIONS = ALL | {"describe": {"columns": ["value"]}, "empirical_bayes": RATE}


@pytest.mark.parametrize("name", OPERATIONS)
@given(seed=seeds, where=st.integers(0, 24), shape=st.sampled_from([None, "POLYGON EMPTY", "MULTIPOLYGON EMPTY"]))
@settings(max_examples=4, deadline=None)
def test_a_place_without_a_geometry_is_named(name, seed, where, shape):
    """Nothing is computed of a table that holds a place nobody can map, though the numbers alone would do."""
    import shapely

    places, graph = several(seed)
    shapes = places.geometry.to_numpy().copy()
    shapes[where] = shape and shapely.from_wkt(shape)
    places = places.set_geometry(shapes, crs=places.crs)
    data = (places,) if name in ("describe", "empirical_bayes") else (places, graph)
    with pytest.raises(DataError, match=f"1 place has no geometry: '{places.index[where]}'"):
        getattr(spatial, name)(*data, **OPERATIONS[name])
