"""Moments beside every order of the values, and statistics that no order can change: these have no z."""

from itertools import permutations

import numpy as np
import pytest

import spatial
from spatial.explore._moments import Constants, centred, constants, kurtosis, moran_variance
from spatial.explore._pairs import Likeness, directed_moments, directed_products, directed_weights, pair_moments


def row_of(**columns):
    """Points in a row, a kilometre apart, labelled a, b, c, ..., or p000, p001, ... where there are more."""
    import geopandas
    from shapely import Point

    count = len(next(iter(columns.values())))
    labels = [chr(ord("a") + number) if count < 27 else f"p{number:03d}" for number in range(count)]
    points = [Point(1000 * number, 0) for number in range(count)]
    return geopandas.GeoDataFrame(columns, geometry=points, index=labels, crs="EPSG:32642").rename_axis("place")


def graph_of(places, weights):
    """A graph from a matrix of weights; the diagonal marks islands."""
    from libpysal.graph import Graph

    alone = np.diag(~(weights > 0).any(axis=1))
    starts, ends = np.nonzero((weights > 0) | alone)
    return Graph.from_arrays(places.index[starts], places.index[ends], weights[starts, ends])


@pytest.mark.parametrize("island", [False, True])
@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_pairs_are_dealt_out_in_every_order_of_a_directed_graph(n, island):
    random = np.random.default_rng([n, island])
    x, y = random.gamma(2, size=(2, n))
    weights = random.uniform(0.1, 3, (n, n)) * (random.uniform(size=(n, n)) < 0.6) * ~np.eye(n, dtype=bool)
    if island:
        weights[1] = weights[:, 1] = 0
    places = row_of(x=x, y=y)
    found = spatial.bivariate_moran(places, graph_of(places, weights), column="x", second="y", dealt="pairs")
    z, u = ((values - values.mean()) / values.std() for values in (x, y))
    tried = [z[list(order)] @ weights @ u[list(order)] / weights.sum() for order in permutations(range(n))]
    assert found.exact
    assert found.expected == pytest.approx(np.mean(tried), abs=1e-12)
    assert found.variance == pytest.approx(np.var(tried))
    assert found.variance == pytest.approx(found.simulated_sd**2)


def test_analytical_p_of_pairs_is_small_as_seldom_as_it_says():
    """Unrelated places with related columns, each with its four nearest neighbours, which need not be mutual; once 6.7 %."""
    import geopandas

    random = np.random.default_rng(1)
    points = geopandas.points_from_xy(*random.uniform(0, 1e4, (2, 100)))
    places = geopandas.GeoDataFrame(geometry=points, index=[f"p{n:02d}" for n in range(100)], crs="EPSG:32642").rename_axis("place")
    matrix = spatial.nearest(places, k=4).sparse
    weights = directed_weights(matrix)
    z = []
    for _ in range(10_000):
        one = centred(random.normal(size=100))
        other = centred(0.3 * one + random.normal(size=100))
        expected, variance = directed_moments(weights, directed_products(one, other), 100)
        z.append((one @ (matrix @ other) - expected) / variance**0.5)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.05, abs=0.0065)  # three standard errors


GLOBAL = {
    "moran": {"column": "value"},
    "moran under normality": {"column": "value", "assumption": "normality"},
    "geary": {"column": "value"},
    "geary under normality": {"column": "value", "assumption": "normality"},
    "getis_ord": {"column": "value"},
    "bivariate_moran": {"column": "value", "second": "other", "dealt": "pairs"},
    "lee": {"column": "value", "second": "other"},
}


@pytest.mark.parametrize("n", [5, 6, 9, 20, 50])
@pytest.mark.parametrize("weight", ["B", "R", "V", 0.1])
@pytest.mark.parametrize("name", GLOBAL)
def test_nothing_varies_where_all_are_neighbours_alike(name, weight, n):
    random = np.random.default_rng(n)
    places = row_of(value=np.exp(2 * random.normal(size=n)), other=random.normal(size=n))
    graph = graph_of(places, (1 - np.eye(n)) * (1.0 if isinstance(weight, str) else weight))
    graph = graph.transform(weight) if isinstance(weight, str) else graph
    found = getattr(spatial, name.split()[0])(places, graph, **GLOBAL[name], permutations=99)
    assert found.variance == 0
    assert np.isnan(found.z)
    assert np.isnan(found.p)
    assert found.p_permutation == 1
    assert any("cannot vary" in note for note in found.notes)


def test_joins_cannot_vary_where_all_are_neighbours_alike():
    places = row_of(kind=list("AABBBCC"))
    found = spatial.join_counts(places, graph_of(places, 1 - np.eye(7)).transform("R"), column="kind")
    assert found.joins["z"].isna().all()
    assert (found.joins["variance"] == 0).all()


@pytest.mark.parametrize("name", ["moran", "geary", "getis_ord"])
def test_one_odd_value_is_as_good_anywhere_on_a_ring(name):
    ring = np.roll(np.eye(30), 1, axis=1)
    places = row_of(value=[0.1] * 29 + [1.7])
    found = getattr(spatial, name)(places, graph_of(places, ring + ring.T), column="value")
    assert np.isnan(found.z)
    found = getattr(spatial, name)(places, graph_of(places, ring + ring.T * (np.arange(30) > 0)), column="value")
    assert found.variance == pytest.approx(found.simulated_sd**2, rel=0.3)  # one link less, and it can


def test_second_column_is_as_good_anywhere_where_the_first_pulls_alike():
    """Whoever has whatever second value, those who count it have the same weighted sum of the first column."""
    random = np.random.default_rng(8)
    one, other = random.normal(size=(2, 8))
    z = (one - one.mean()) / one.std()
    weights = random.uniform(1, 2, (8, 8)) * np.where(z > 0, 9, 1)[:, None] * (1 - np.eye(8))
    places = row_of(one=one, other=other)
    graph = graph_of(places, weights / (z @ weights))
    found = spatial.bivariate_moran(places, graph, column="one", second="other", permutations=99)
    assert found.variance == 0
    assert np.isnan(found.z)


def test_what_varies_little_is_not_taken_for_nothing():
    """All but one of the links among 60 places: the statistic is -1/59 less what that one link would add."""
    random = np.random.default_rng(3)
    values = random.normal(size=60)
    weights = 1 - np.eye(60)
    weights[3, 4] = 0
    places = row_of(value=values)
    found = spatial.moran(places, graph_of(places, weights), column="value", permutations=99)
    z = (values - values.mean()) / values.std()
    products = np.outer(z, z)[~np.eye(60, dtype=bool)]
    assert found.variance == pytest.approx(products.var() / weights.sum() ** 2, rel=1e-9)


def test_a_rare_kind_among_a_million_keeps_its_variance():
    """All joins but those of one place on a grid of a thousand by a thousand: as variable as its number of neighbours."""
    n, inner, sides, corners = 1_000_000, 998 * 998, 4 * 998, 4
    links = 4 * inner + 3 * sides + 2 * corners
    sums = Constants(n, links, 2 * links, 4 * (16 * inner + 9 * sides + 4 * corners))
    many = float(n - 1)
    _, variance = pair_moments(sums, Likeness(many * (many - 1), 2 * many * (many - 1), 4 * many * (many - 1) ** 2))
    neighbours = np.repeat([4, 3, 2], [inner, sides, corners])
    assert variance / 4 == pytest.approx(neighbours.var(), rel=1e-6)


LOCAL = {
    "local_geary": {"column": "odd"},
    "local_geary of two": {"column": "odd", "others": ["odd"]},
    "local_geary of distances": {"column": "even"},
    "local_bivariate_moran": {"column": "value", "second": "odd"},
    "local_join_counts": {"column": "alone"},
}


@pytest.mark.parametrize("n", [5, 6, 7, 9, 21])
@pytest.mark.parametrize("transform", ["B", "R"])
@pytest.mark.parametrize("name", LOCAL)
def test_a_place_whose_others_are_all_equal_cannot_be_surprising(name, transform, n):
    alone = np.arange(n) == 2
    sides = np.where(np.arange(n) % 2, 0.3, -0.3)
    places = row_of(
        value=np.random.default_rng(n).normal(size=n),
        odd=np.where(alone, 1.7, 0.1),
        even=np.where(alone, 0.0, sides),  # all others are equally far from it
        alone=alone.astype(int),
    )
    graph = spatial.nearest(places, k=2).transform(transform)
    found = getattr(spatial, name.split()[0])(places, graph, **LOCAL[name])
    assert np.isnan(found.z["c"])
    assert np.isnan(found.p["c"])
    assert any("cannot vary" in note for note in found.notes)


def test_moments_of_a_place_with_nearly_all_of_the_variance_keep_their_digits():
    values = [3.0, 1.0, 1e9, 1.0, 5.0, 9.0, 2.0]
    places = row_of(one=[1.0, 2.0, 4.0, 2.0, 3.0, 1.0, 0.5], other=values)
    found = spatial.local_bivariate_moran(places, spatial.nearest(places, k=2), column="one", second="other")
    others = [values[number] for number in range(7) if number != 2]
    sums = np.array([others[i] + others[j] for i in range(6) for j in range(i)])
    neighbours = sum(values[number] for number in (1, 3))
    assert found.z["c"] == pytest.approx((neighbours - sums.mean()) / sums.std(), rel=1e-6)


@pytest.mark.parametrize("n", [6, 25])
def test_variance_of_moran_is_that_of_the_textbook(n):
    """Cliff and Ord (1981, p. 46), as printed."""
    random = np.random.default_rng(n)
    places = row_of(value=random.gamma(1, size=n))
    sums = constants(graph_of(places, random.uniform(size=(n, n)) * (random.uniform(size=(n, n)) < 0.4) * (1 - np.eye(n))).sparse)
    b = kurtosis(centred(places["value"].to_numpy()))
    first = n * ((n**2 - 3 * n + 3) * sums.s1 - n * sums.s2 + 3 * sums.s0**2)
    second = b * ((n**2 - n) * sums.s1 - 2 * n * sums.s2 + 6 * sums.s0**2)
    printed = (first - second) / ((n - 1) * (n - 2) * (n - 3) * sums.s0**2) - 1 / (n - 1) ** 2
    assert moran_variance(sums, b) == pytest.approx(printed, rel=1e-11)
