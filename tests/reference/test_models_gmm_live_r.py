"""Models by instruments and moments against spatialreg running beside, on processes drawn here: contiguity and directed neighbours."""

import functools
import json
import shutil
import subprocess

import numpy as np
import pytest
from outside import component

from spatial.errors import ModelError
from spatial.models import combined_model, durbin_error_model, durbin_model, error_model, lag_model

SCRIPT = """
suppressPackageStartupMessages({library(spdep); library(spatialreg)})
folder <- commandArgs(TRUE)[1]
# Of instruments that follow from others it drops none, and gives coefficients of the order of 1e-32: here they are left out before.
whole <- spatialreg:::tsls
assignInNamespace("tsls", function(y, yend, X, Zinst, ...) {
  all <- qr(cbind(X, Zinst)); kept <- sort(all$pivot[seq_len(all$rank)])
  whole(y, yend, X, Zinst[, kept[kept > ncol(X)] - ncol(X), drop = FALSE], ...)
}, "spatialreg")
one <- function(i) {
  d <- read.csv(file.path(folder, paste0(i, "-data.csv")))
  e <- read.csv(file.path(folder, paste0(i, "-edges.csv")))
  nb <- unname(lapply(split(e$to, factor(e$from, levels = 1:nrow(d))), function(x) as.integer(sort(x))))
  class(nb) <- "nb"; attr(nb, "region.id") <- row.names(d)
  lw <- nb2listw(nb, style = "W")
  both <- function(fit) c(fit$coefficients, sqrt(diag(fit$var)))
  fine <- list(rel.tol = 1e-14, x.tol = 1e-12)
  moments <- function(fit) c(fit$coefficients, fit$rest.se, fit$lambda)
  # There is no option for lags of regressors: they are regressors.
  d$wx <- lag(lw, d$x); d$wz <- lag(lw, d$z)
  models <- function(f) list(
    two = both(stsls(f, d, lw)), once = both(stsls(f, d, lw, W2X = FALSE)),
    hc0 = both(stsls(f, d, lw, robust = TRUE)), hc1 = both(stsls(f, d, lw, robust = TRUE, HC = "HC1")),
    error = moments(GMerrorsar(f, d, lw, scaleU = TRUE, control = fine)),
    pair = moments(gstsls(f, d, lw, scaleU = TRUE, control = fine)),
    robust = moments(gstsls(f, d, lw, scaleU = TRUE, control = fine, robust = TRUE)))
  durbin <- models(y ~ x + z + wx + wz)
  # There are no weights of observations: rows are multiplied with their roots r, and links with r_i / r_j. Without an intercept scaleU
  # would take a mean off that is not 0.
  r <- sqrt(d$size / mean(d$size))
  turned <- nb2listw(nb, glist = lapply(seq_along(nb), function(i) r[i] / r[nb[[i]]] / length(nb[[i]])), style = "B")
  dr <- with(d, data.frame(y = r * y / 1e3, one = r, x = r * x, z = r * z))
  weighted <- moments(GMerrorsar(y ~ 0 + one + x + z, dr, turned, control = fine))
  c(models(y ~ x + z), setNames(durbin, paste0("durbin_", names(durbin))), list(weighted_error = weighted))
}
number <- function(x) paste0("[", paste(sprintf("%.15g", x), collapse = ","), "]")
parts <- sapply(commandArgs(TRUE)[-1], function(i) { r <- one(i)
  paste0('"', i, '": {', paste(sprintf('"%s": %s', names(r), sapply(r, number)), collapse = ", "), "}") })
cat("{", paste(parts, collapse = ",\\n"), "}")
"""

CASES = [(seed, n, kind) for n in (50, 500, 3000) for seed in (1, 2, 3) for kind in ("mutual", "directed")]
EXACT, MOMENTS = 1e-8, 1e-4
LAG = [("two", {}), ("once", {"instrument_lags": 1}), ("hc0", {"vcov": "robust"}), ("hc1", {"vcov": "hc1"})]
PAIR = [("pair", {}), ("robust", {"moments": "classic", "vcov": "robust"})]


def case_name(case):
    return "-".join(map(str, case))


@functools.cache
def drawn(case):
    """Draw a process with a lag and correlated errors of unequal variances."""
    import geopandas
    from libpysal.graph import Graph
    from scipy.sparse import csr_array, diags_array, eye_array
    from scipy.sparse.linalg import spsolve
    from scipy.spatial import KDTree

    seed, n, kind = case
    random = np.random.default_rng(seed)
    points = random.uniform(0, 1e5, (n, 2))
    near = KDTree(points).query(points, k=6)[1][:, 1:]
    links = csr_array((np.ones(5 * n), (np.repeat(np.arange(n), 5), near.ravel())), shape=(n, n))
    if kind == "mutual":
        links = csr_array(((links + links.T) > 0).astype(float))
    w = csr_array(diags_array(1 / links.sum(axis=1)) @ links)
    x, z, noise = random.normal(size=(3, n))
    errors = spsolve((eye_array(n) - 0.3 * w).tocsc(), noise * np.sqrt(0.5 + x**2 / 2))
    y = 1e3 * spsolve((eye_array(n) - (0.1 + 0.15 * seed) * w).tocsc(), 2 + x - 0.5 * z + errors)
    names = np.array([f"place {number:04d}" for number in range(n)])
    columns = {"y": y, "x": x, "z": 100 * z, "size": random.uniform(0.5, 3, n)}
    places = geopandas.GeoDataFrame(columns, geometry=geopandas.points_from_xy(*points.T), index=names, crs="EPSG:32642")
    focal, neighbor = links.nonzero()
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
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
        places, _, (focal, neighbor) = drawn(case)
        places[["y", "x", "z", "size"]].to_csv(folder / f"{case_name(case)}-data.csv", index=False, float_format="%.17g")
        pd.DataFrame({"from": focal, "to": neighbor}).to_csv(folder / f"{case_name(case)}-edges.csv", index=False)
    (folder / "peers.R").write_text(SCRIPT)
    answer = subprocess.run(
        [program, folder / "peers.R", folder, *map(case_name, CASES)], capture_output=True, text=True, check=False, timeout=600
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout)


def fitted(function, case, **options):
    places, graph, _ = drawn(case)
    return function(places, graph, formula="y ~ x + z", estimator="gmm", impacts="delta", **options)


def rows(found, *, rho):
    """Estimates and errors, rho first as spatialreg writes them."""
    names = [name for name in found.coefficients.index if name not in ("rho", "lambda")]
    return found.coefficients.loc[["rho"] * rho + names, ["estimate", "std_error"]].to_numpy(float).T.ravel()


def refused(function, case, parameter, value, **options):
    """Where regressors have lags, their second lags are weak instruments: some estimates lie outside the interval, in both."""
    with pytest.raises(ModelError, match=f"parameter {parameter}: .*" + (f" gives {value:.4g} " if parameter == "rho" else "")):
        fitted(function, case, **options)


@pytest.mark.parametrize(
    ("case", "part", "options"), [(case, *each) for case in CASES for each in LAG[: 1 if case[1] == 3000 else 4]]
)
@pytest.mark.parametrize(("function", "prefix"), [(lag_model, ""), (durbin_model, "durbin_")])
def test_lag(peers, case, part, options, function, prefix):
    theirs = peers[case_name(case)][prefix + part]
    if theirs[0] >= 1:
        refused(function, case, "rho", theirs[0], **options)
        return
    np.testing.assert_allclose(rows(fitted(function, case, **options), rho=True), theirs, rtol=EXACT)


@pytest.mark.parametrize("case", CASES, ids=case_name)
@pytest.mark.parametrize(("function", "part"), [(error_model, "error"), (durbin_error_model, "durbin_error")])
def test_error(peers, case, function, part):
    places, graph, _ = drawn(case)
    found = function(places, graph, formula="y ~ x + z", estimator="gmm")
    theirs = peers[case_name(case)][part]
    np.testing.assert_allclose(rows(found, rho=False), theirs[:-1], rtol=MOMENTS)
    assert abs(found.coefficients.loc["lambda", "estimate"] - theirs[-1]) < MOMENTS


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_error_with_weights_of_observations(peers, case):
    places, graph, _ = drawn(case)
    found = error_model(places, graph, formula="y ~ x + z", estimator="gmm", weights_column="size")
    theirs = np.array(peers[case_name(case)]["weighted_error"])
    np.testing.assert_allclose(rows(found, rho=False), 1e3 * theirs[:-1], rtol=MOMENTS)
    assert abs(found.coefficients.loc["lambda", "estimate"] - theirs[-1]) < MOMENTS


@pytest.mark.parametrize(
    ("case", "part", "options"), [(case, *each) for case in CASES for each in PAIR[: 1 if case[1] == 3000 else 2]]
)
@pytest.mark.parametrize("durbin", [False, True])
def test_combined(peers, case, part, options, durbin):
    theirs = peers[case_name(case)][f"durbin_{part}" if durbin else part]
    if theirs[-1] >= 1 or theirs[0] >= 1:
        parameter, value = ("lambda", theirs[-1]) if theirs[-1] >= 1 else ("rho", theirs[0])
        refused(combined_model, case, parameter, value, durbin=durbin, **options)
        return
    found = fitted(combined_model, case, durbin=durbin, **options)
    np.testing.assert_allclose(rows(found, rho=True), theirs[:-1], rtol=MOMENTS)
    assert abs(found.coefficients.loc["lambda", "estimate"] - theirs[-1]) < MOMENTS
