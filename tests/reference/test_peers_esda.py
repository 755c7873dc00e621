"""Statistics beside those of esda (2.7 and later, without numba) on maps drawn here; relative 1e-8, sampled p within their error."""

import contextlib
import io
import warnings

import numpy as np
import pytest

import spatial

TOLERANCE = 1e-8
DRAWS = 999
KINDS = ("mutual", "directed", "islands")
CASES = [(seed, n, kind, transform) for seed, n in ((1, 17), (2, 60)) for kind in KINDS for transform in ("B", "R")]


@pytest.fixture(scope="module")
def esda():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("esda")


def drawn(seed, n, kind, transform):
    """Random points, skewed positive values without ties, the nearest three; two places alone where ``kind`` says so."""
    import geopandas
    from libpysal.graph import Graph

    random = np.random.default_rng([seed, n])
    points = random.uniform(0, 1e5, (n, 2))
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    near = np.zeros((n, n), bool)
    near[np.arange(n)[:, None], np.argsort(apart, axis=1)[:, :3]] = True
    if kind != "directed":
        near |= near.T
    if kind == "islands":
        near[[0, 5]] = near[:, [0, 5]] = False
    names = np.array([f"place {number:02d}" for number in range(n)])
    values = np.exp(random.normal(size=n)) + 2 * points[:, 0] / 1e5
    places = geopandas.GeoDataFrame(
        {"value": values}, geometry=geopandas.points_from_xy(*points.T), index=names, crs="EPSG:32642"
    ).rename_axis("place")
    links = near.astype(float)
    links[~near.any(axis=1), ~near.any(axis=1)] = 0
    focal, neighbor = np.nonzero(near | (np.eye(n, dtype=bool) & ~near.any(axis=1)[:, None]))
    return places, Graph.from_arrays(names[focal], names[neighbor], links[focal, neighbor]).transform(transform)


def peer(esda, name, places, graph, **options):
    """Give esda's own object; its weights in the order of the places, as it matches by position."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        weights = graph.transform("B").to_W()
        assert list(weights.id_order) == list(places.index)
        np.random.seed(1)  # noqa: NPY002  (esda draws from the global generator)
        return getattr(esda, name)(places["value"].to_numpy(), weights, permutations=DRAWS, **options)


def check_p(ours, theirs):
    """Compare with twice their p of the smaller tail, within five standard errors of the difference."""
    tail = np.maximum(np.asarray(theirs, float), 3 / DRAWS)
    reach = 5 * 2 * np.sqrt(2 * tail * (1 - tail) / DRAWS)
    assert (np.abs(np.asarray(ours) - np.minimum(1, 2 * np.asarray(theirs, float))) <= reach).all()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_moran(esda, case):
    places, graph = drawn(*case)
    theirs = peer(esda, "Moran", places, graph, transformation=case[-1])
    found = spatial.moran(places, graph, column="value", permutations=DRAWS)
    normal = spatial.moran(places, graph, column="value", permutations=99, assumption="normality")
    assert found.statistic == pytest.approx(theirs.I, rel=TOLERANCE)
    np.testing.assert_allclose(
        [found.expected, found.variance, found.z], [theirs.EI, theirs.VI_rand, theirs.z_rand], rtol=TOLERANCE
    )
    np.testing.assert_allclose(
        [normal.variance, normal.z, normal.p], [theirs.VI_norm, theirs.z_norm, theirs.p_norm], rtol=TOLERANCE
    )
    assert found.p == pytest.approx(theirs.p_rand, rel=TOLERANCE)
    check_p(found.p_permutation, theirs.p_sim)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_geary(esda, case):
    """Our z has the sign of Moran's, theirs the opposite one."""
    places, graph = drawn(*case)
    theirs = peer(esda, "Geary", places, graph, transformation=case[-1])
    found = spatial.geary(places, graph, column="value", permutations=DRAWS)
    np.testing.assert_allclose(
        [found.statistic, found.variance, -found.z], [theirs.C, theirs.VC_rand, theirs.z_rand], rtol=TOLERANCE
    )
    check_p(found.p_permutation, theirs.p_sim)


@pytest.mark.parametrize("case", [case for case in CASES if case[-1] == "B"], ids=str)
def test_getis_ord(esda, case):
    places, graph = drawn(*case)
    theirs = peer(esda, "G", places, graph)
    found = spatial.getis_ord(places, graph, column="value", permutations=DRAWS)
    np.testing.assert_allclose(
        [found.statistic, found.expected, found.variance, found.z], [theirs.G, theirs.EG, theirs.VG, theirs.z_norm], rtol=TOLERANCE
    )
    check_p(found.p_permutation, theirs.p_sim)


@pytest.mark.parametrize("case", [case for case in CASES if case[2] != "islands"], ids=str)
def test_local_moran(esda, case):
    """They divide by the variance with n - 1, and print the p of the smaller tail."""
    places, graph = drawn(*case)
    theirs = peer(esda, "Moran_Local", places, graph, transformation=case[-1], seed=1, n_jobs=1)
    found = spatial.local_moran(places, graph, column="value", permutations=DRAWS)
    n = len(places)
    np.testing.assert_allclose(found.statistic * (n - 1) / n, theirs.Is, rtol=TOLERANCE)
    assert found.quadrant.tolist() == [["High-High", "Low-High", "Low-Low", "High-Low"][number - 1] for number in theirs.q]
    check_p(found.p_permutation, theirs.p_sim)


@pytest.mark.parametrize("star", [False, True])
@pytest.mark.parametrize("case", [case for case in CASES if case[2] != "islands"], ids=str)
def test_local_getis_ord(esda, case, star):
    """Their z is right for binary weights only; ours is the same for both."""
    places, graph = drawn(*case)
    theirs = peer(esda, "G_Local", places, graph, transform=case[-1], star=star, seed=1, n_jobs=1)
    binary = peer(esda, "G_Local", places, graph, transform="B", star=star, seed=1, n_jobs=1)
    found = spatial.local_getis_ord(places, graph, column="value", star=star, permutations=DRAWS)
    np.testing.assert_allclose(found.statistic, theirs.Gs, rtol=TOLERANCE)
    np.testing.assert_allclose(found.z, binary.Zs, rtol=TOLERANCE)
    check_p(found.p_permutation, theirs.p_sim)


@pytest.mark.parametrize("case", [case for case in CASES if case[2:] in (("mutual", "R"), ("directed", "R"))], ids=str)
def test_bivariate_moran(esda, case):
    """Their first argument is our column, their second is lagged too."""
    places, graph = drawn(*case)
    values = places["value"].to_numpy()
    places["other"] = np.roll(values, 1) + values**2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = esda.Moran_BV(values, places["other"].to_numpy(), graph.transform("B").to_W(), permutations=0)
    assert spatial.bivariate_moran(places, graph, column="value", second="other", permutations=99).statistic == pytest.approx(
        theirs.I, rel=TOLERANCE
    )
