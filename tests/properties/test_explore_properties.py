"""What must hold for spatial statistics whatever the data."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spatial

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
