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
