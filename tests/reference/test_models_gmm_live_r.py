"""Models by instruments and moments against spatialreg running beside, on processes drawn here: contiguity and directed neighbours."""

import functools
import json
import shutil
import subprocess

import numpy as np
import pytest
from outside import component

from spatial.models import combined_model, error_model, lag_model

SCRIPT = """
suppressPackageStartupMessages({library(spdep); library(spatialreg)})
folder <- commandArgs(TRUE)[1]
one <- function(i) {
  d <- read.csv(file.path(folder, paste0(i, "-data.csv")))
  e <- read.csv(file.path(folder, paste0(i, "-edges.csv")))
  nb <- unname(lapply(split(e$to, factor(e$from, levels = 1:nrow(d))), function(x) as.integer(sort(x))))
  class(nb) <- "nb"; attr(nb, "region.id") <- row.names(d)
  lw <- nb2listw(nb, style = "W")
  both <- function(fit) c(fit$coefficients, sqrt(diag(fit$var)))
  fine <- list(rel.tol = 1e-14, x.tol = 1e-12)
  error <- GMerrorsar(y ~ x + z, d, lw, scaleU = TRUE, control = fine)
  pair <- gstsls(y ~ x + z, d, lw, scaleU = TRUE, control = fine)
  robust <- gstsls(y ~ x + z, d, lw, scaleU = TRUE, control = fine, robust = TRUE)
  list(two = both(stsls(y ~ x + z, d, lw)), once = both(stsls(y ~ x + z, d, lw, W2X = FALSE)),
       hc0 = both(stsls(y ~ x + z, d, lw, robust = TRUE)), hc1 = both(stsls(y ~ x + z, d, lw, robust = TRUE, HC = "HC1")),
       error = c(error$coefficients, error$rest.se, error$lambda), pair = c(pair$coefficients, pair$rest.se, pair$lambda),
       robust = c(robust$coefficients, robust$rest.se, robust$lambda))
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
    columns = {"y": y, "x": x, "z": 100 * z}
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
        places[["y", "x", "z"]].to_csv(folder / f"{case_name(case)}-data.csv", index=False, float_format="%.17g")
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
    order = ["rho", "Intercept", "x", "z"] if rho else ["Intercept", "x", "z"]
    return found.coefficients.loc[order, ["estimate", "std_error"]].to_numpy(float).T.ravel()


@pytest.mark.parametrize(
    ("case", "part", "options"), [(case, *each) for case in CASES for each in LAG[: 1 if case[1] == 3000 else 4]]
)
def test_lag(peers, case, part, options):
    found = fitted(lag_model, case, **options)
    np.testing.assert_allclose(rows(found, rho=True), peers[case_name(case)][part], rtol=EXACT)


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_error(peers, case):
    places, graph, _ = drawn(case)
    found = error_model(places, graph, formula="y ~ x + z", estimator="gmm")
    theirs = peers[case_name(case)]["error"]
    np.testing.assert_allclose(rows(found, rho=False), theirs[:-1], rtol=MOMENTS)
    assert abs(found.coefficients.loc["lambda", "estimate"] - theirs[-1]) < MOMENTS


@pytest.mark.parametrize(
    ("case", "part", "options"), [(case, *each) for case in CASES for each in PAIR[: 1 if case[1] == 3000 else 2]]
)
def test_combined(peers, case, part, options):
    found, theirs = fitted(combined_model, case, **options), peers[case_name(case)][part]
    np.testing.assert_allclose(rows(found, rho=True), theirs[:-1], rtol=MOMENTS)
    assert abs(found.coefficients.loc["lambda", "estimate"] - theirs[-1]) < MOMENTS
