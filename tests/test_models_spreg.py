"""Diagnostics of the linear model against spreg, which the reference files do not hold."""

import contextlib
import io
import warnings

import numpy as np
import pytest

from spatial.models import error_model, lag_model, ols
from spatial.models._tests import heteroskedasticity

N, SIDE = 64, 8


def peer(seed, intercepts=1.0):
    """The same grid as places and as spreg's own weights, in one order."""
    import geopandas
    from libpysal.graph import Graph

    random = np.random.default_rng(seed)
    names = np.array([f"place {number:02d}" for number in range(N)])
    rows, columns = np.divmod(np.arange(N), SIDE)
    focal, neighbor = np.nonzero(np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns) == 1)
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
    x, z = random.normal(size=(2, N))
    y = np.linalg.solve(
        np.eye(N) - 0.4 * graph.sparse.toarray(), intercepts + x - z + random.standard_t(5, size=N) * (1 + np.abs(x))
    )
    places = geopandas.GeoDataFrame(
        {"y": y, "x": x, "z": z}, geometry=geopandas.points_from_xy(columns * 1e3, rows * 1e3), index=names, crs="EPSG:32642"
    )
    return places.rename_axis("place"), graph


def quietly(function, *arguments, **options):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


@pytest.fixture(scope="module")
def spreg():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("spreg")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_diagnostics(spreg, seed):
    places, graph = peer(seed)
    theirs = quietly(
        spreg.OLS,
        places[["y"]].to_numpy(),
        places[["x", "z"]].to_numpy(),
        w=quietly(graph.to_W),
        spat_diag=True,
        moran=True,
        white_test=True,
        name_x=["x", "z"],
    )
    found = ols(places, graph, formula="y ~ x + z")
    expected = {
        "Jarque-Bera": [theirs.jarque_bera["jb"], theirs.jarque_bera["df"], theirs.jarque_bera["pvalue"]],
        "White": [theirs.white["wh"], theirs.white["df"], theirs.white["pvalue"]],
        "LM lag": [theirs.lm_lag[0], 1, theirs.lm_lag[1]],
        "LM error": [theirs.lm_error[0], 1, theirs.lm_error[1]],
        "Robust LM lag": [theirs.rlm_lag[0], 1, theirs.rlm_lag[1]],
        "Robust LM error": [theirs.rlm_error[0], 1, theirs.rlm_error[1]],
        "LM SARMA": [theirs.lm_sarma[0], 2, theirs.lm_sarma[1]],
    }
    for name, row in expected.items():
        np.testing.assert_allclose(found.tests.loc[name], np.array(row, dtype=float), rtol=1e-8, err_msg=name)
    np.testing.assert_allclose(
        [found.residual_moran, *found.tests.loc["Moran residuals", ["statistic", "p"]]],
        np.ravel(theirs.moran_res).astype(float),
        rtol=1e-8,
    )
    np.testing.assert_allclose(found.vif, [row[0] for row in spreg.diagnostics.vif(theirs)[1:]], rtol=1e-8)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spread(spreg, seed):
    """spreg explains the squared residuals by the squares of the regressors, R and this package by the regressors: give ours the squares."""
    places, _ = peer(seed)
    theirs = quietly(spreg.OLS, places[["y"]].to_numpy(), places[["x", "z"]].to_numpy(), name_x=["x", "z"])
    squares = np.column_stack([np.ones(N), places["x"] ** 2, places["z"] ** 2])
    found = heteroskedasticity(ols(places, formula="y ~ x + z").residuals.to_numpy(), squares, intercept=True)
    for name, row, key in (("Breusch-Pagan", theirs.breusch_pagan, "bp"), ("Koenker-Bassett", theirs.koenker_bassett, "kb")):
        np.testing.assert_allclose(found[name], [row[key], row["df"], row["pvalue"]], rtol=1e-8, err_msg=name)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_durbin_diagnostics(spreg, seed):
    from spreg import diagnostics_sp

    places, graph = peer(seed)
    w = quietly(graph.to_W)
    theirs = quietly(spreg.OLS, places[["y"]].to_numpy(), places[["x", "z"]].to_numpy(), name_x=["x", "z"])
    wx = diagnostics_sp.lm_wx(theirs, w)
    both = diagnostics_sp.lm_spdurbin(theirs, w)
    lag = diagnostics_sp.LMtests(theirs, w, tests=["lml"]).lml
    found = ols(places, graph, formula="y ~ x + z").tests
    for name, row, freedom in (
        ("LM WX", wx, 2),
        ("Robust LM WX", diagnostics_sp.rlm_wx(theirs, both, lag), 2),
        ("Robust LM lag SDM", diagnostics_sp.rlm_durlag(both, wx), 1),
    ):
        np.testing.assert_allclose(found.loc[name], [float(row[0]), freedom, float(row[1])], rtol=1e-7, err_msg=name)


def test_robust_errors(spreg):
    """spreg's White errors are HC0 or HC1, depending on the version: n / (n - k) lies between."""
    places, graph = peer(5)
    theirs = quietly(spreg.OLS, places[["y"]].to_numpy(), places[["x", "z"]].to_numpy(), robust="white")
    found = ols(places, graph, formula="y ~ x + z", vcov="robust")
    ratio = found.coefficients["std_error"].to_numpy() / np.ravel(theirs.std_err)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-10)
    assert ratio[0] == pytest.approx(1) or ratio[0] == pytest.approx(np.sqrt(N / (N - 3)))


def test_pseudo_r2(spreg):
    places, graph = peer(6)
    w = quietly(graph.to_W)
    w.transform = "r"
    data = places[["y"]].to_numpy(), places[["x", "z"]].to_numpy()
    for ours, theirs in ((lag_model, spreg.ML_Lag), (error_model, spreg.ML_Error)):
        found, peers = ours(places, graph, formula="y ~ x + z"), quietly(theirs, *data, w=w)
        np.testing.assert_allclose(found.pseudo_r2, peers.pr2, rtol=1e-4)
        np.testing.assert_allclose(found.log_likelihood, peers.logll, rtol=1e-7)
