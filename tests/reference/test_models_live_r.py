"""Lag and error models against spatialreg running beside, on processes drawn here: contiguity and directed nearest neighbours."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from outside import component

from spatial.models import error_model, lag_model, ols

SCRIPT = """
suppressPackageStartupMessages({library(spdep); library(spatialreg)})
folder <- commandArgs(TRUE)[1]
one <- function(i) {
  d <- read.csv(file.path(folder, paste0(i, "-data.csv")))
  e <- read.csv(file.path(folder, paste0(i, "-edges.csv")))
  n <- nrow(d)
  ids <- split(e$to, factor(e$from, levels = 1:n))
  nb <- lapply(ids, function(x) if (length(x)) as.integer(sort(x)) else 0L)
  class(nb) <- "nb"; attr(nb, "region.id") <- as.character(1:n)
  lw <- nb2listw(nb, style = "W", zero.policy = TRUE)
  linear <- lm(y ~ x + z, d)
  lag <- lagsarlm(y ~ x + z, d, lw, zero.policy = TRUE, tol.solve = 1e-14, control = list(tol.opt = 1e-12))
  err <- errorsarlm(y ~ x + z, d, lw, zero.policy = TRUE, tol.solve = 1e-14, control = list(tol.opt = 1e-12))
  lm.tests <- lm.LMtests(linear, lw, test = "all", zero.policy = TRUE)
  list(
    lag = c(coef(lag), lag$rest.se, lag$rho.se, logLik(lag), lag$LMtest, AIC(lag), BIC(lag)),
    error = c(coef(err), err$rest.se, err$lambda.se, logLik(err), AIC(err), BIC(err)),
    lm = sapply(lm.tests, function(t) t$statistic),
    moran = as.numeric(lm.morantest(linear, lw, zero.policy = TRUE)$statistic),
    direct = if (any(card(nb) == 0)) numeric(0) else unname(impacts(lag, listw = lw)$direct),
    total = if (any(card(nb) == 0)) numeric(0) else unname(impacts(lag, listw = lw)$total))
}
number <- function(x) paste0("[", paste(sprintf("%.15g", x), collapse = ","), "]")
parts <- sapply(commandArgs(TRUE)[-1], function(i) { r <- one(i)
  paste0('"', i, '": {', paste(sprintf('"%s": %s', names(r), sapply(r, number)), collapse = ", "), "}") })
cat("{", paste(parts, collapse = ",\\n"), "}")
"""
CASES = [(seed, n, kind) for seed in (1, 2, 3) for n in (50, 300) for kind in ("mutual", "directed")]


def case_name(seed, n, kind):
    return f"{kind}-{n}-{seed}"


def drawn(seed, n, kind):
    """Random points; links to the five nearest, made mutual or not; the third seed leaves two places alone where links are mutual."""
    import geopandas
    from libpysal.graph import Graph

    random = np.random.default_rng(seed)
    points = random.uniform(0, 1e5, (n, 2))
    distances = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    np.fill_diagonal(distances, np.inf)
    near = np.zeros((n, n), bool)
    near[np.arange(n)[:, None], np.argsort(distances, axis=1)[:, :5]] = True
    if kind == "mutual":
        near |= near.T
        if seed == 3:
            near[:2] = near[:, :2] = False
    w = near / np.maximum(near.sum(axis=1), 1)[:, None]
    x, z = random.normal(size=(2, n))
    y = np.linalg.solve(
        np.eye(n) - (0.2 + 0.2 * seed - 0.4 * (kind == "directed")) * w, 2 + x - 0.5 * z * 10 + random.normal(size=n)
    )
    names = np.array([f"place {number:04d}" for number in range(n)])
    places = geopandas.GeoDataFrame(
        {"y": y, "x": x, "z": 100 * z}, geometry=geopandas.points_from_xy(*points.T), index=names, crs="EPSG:32642"
    )
    focal, neighbor = np.nonzero(near)
    alone = np.flatnonzero(~near.any(axis=1))
    graph = Graph.from_arrays(
        names[np.append(focal, alone)], names[np.append(neighbor, alone)], np.append(w[focal, neighbor], np.zeros(len(alone)))
    )
    return places.rename_axis("place"), graph, (focal + 1, neighbor + 1)


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """What spatialreg says of all cases, in one run."""
    import pandas as pd

    program = shutil.which("Rscript")
    ready = program and subprocess.run([program, "-e", "library(spatialreg)"], capture_output=True, check=False).returncode == 0
    component(ready, "R with spatialreg")
    folder = tmp_path_factory.mktemp("live")
    for case in CASES:
        places, _, (focal, neighbor) = drawn(*case)
        places[["y", "x", "z"]].to_csv(folder / f"{case_name(*case)}-data.csv", index=False, float_format="%.17g")
        pd.DataFrame({"from": focal, "to": neighbor}).to_csv(folder / f"{case_name(*case)}-edges.csv", index=False)
    (folder / "peers.R").write_text(SCRIPT)
    answer = subprocess.run(
        [program, folder / "peers.R", folder, *(case_name(*case) for case in CASES)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case_name(*case))
def test_lag(peers, case):
    places, graph, _ = drawn(*case)
    found, theirs = lag_model(places, graph, formula="y ~ x + z"), peers[case_name(*case)]["lag"]
    rho, table = found.coefficients.loc["rho"], found.coefficients.drop(index="rho")
    assert abs(rho["estimate"] - theirs[0]) < 1e-6
    np.testing.assert_allclose(table["estimate"], theirs[1:4], rtol=1e-5)
    np.testing.assert_allclose([*table["std_error"], rho["std_error"]], theirs[4:8], rtol=1e-5)
    np.testing.assert_allclose([found.log_likelihood, found.aic, found.bic], [theirs[8], *theirs[10:]], rtol=1e-7)
    np.testing.assert_allclose(found.tests.loc["LM residual autocorrelation", "statistic"], theirs[9], rtol=1e-5, atol=1e-6)
    if peers[case_name(*case)]["direct"]:
        np.testing.assert_allclose(found.impacts["direct"], peers[case_name(*case)]["direct"], rtol=1e-5)
        np.testing.assert_allclose(found.impacts["total"], peers[case_name(*case)]["total"], rtol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case_name(*case))
def test_error(peers, case):
    places, graph, _ = drawn(*case)
    found, theirs = error_model(places, graph, formula="y ~ x + z"), peers[case_name(*case)]["error"]
    parameter, table = found.coefficients.loc["lambda"], found.coefficients.drop(index="lambda")
    assert abs(parameter["estimate"] - theirs[0]) < 1e-6
    np.testing.assert_allclose(table["estimate"], theirs[1:4], rtol=1e-5)
    np.testing.assert_allclose([*table["std_error"], parameter["std_error"]], theirs[4:8], rtol=1e-5)
    np.testing.assert_allclose([found.log_likelihood, found.aic, found.bic], theirs[8:], rtol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case_name(*case))
def test_linear(peers, case):
    places, graph, _ = drawn(*case)
    found, theirs = ols(places, graph, formula="y ~ x + z").tests["statistic"], peers[case_name(*case)]
    np.testing.assert_allclose(
        found[["LM error", "LM lag", "Robust LM error", "Robust LM lag", "LM SARMA"]], theirs["lm"], rtol=1e-8
    )
    np.testing.assert_allclose(found["Moran residuals"], theirs["moran"][0], rtol=1e-8)
