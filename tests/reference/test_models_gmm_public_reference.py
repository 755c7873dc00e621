"""Operations with `estimator = "gmm"` against spatialreg, and Stata's published example of Texas homicides."""

import functools
from pathlib import Path

import numpy as np
import pytest
from outside import reference
from reference_models import CASES, close, graph_of, table

from spatial.models import combined_model, error_model, lag_model

EXACT, MOMENTS = 1e-8, 1e-4
needed = pytest.mark.skipif(not CASES, reason="needs the shared reference results, which are not on this machine")
#: Powers of W that spatialreg's traces reach.
POWERS = 30
#: Where spatialreg's search for lambda ends outside the interval, and where its model has no lag of the intercept.
ASTRAY = [("columbus", "crime_inc_hoval_B")]


@functools.cache
def fitted(function, name, model, **options):
    block = reference(name)["models"][model]
    return function(
        table(name), graph_of(name, block["weights"], block["style"]), formula=block["formula"], estimator="gmm", **options
    )


def answers(name, model, key):
    found = reference(name)["models"][model]["gm"][key]
    if "error" in found:
        pytest.skip(f"spatialreg: {found['error'][:60]}")
    return found


def equal(found, theirs, tolerance, *, first):
    """Compare the coefficients; spatialreg writes rho first."""
    rows = found.coefficients.drop(index="lambda", errors="ignore")
    turned = [*rows.index[-1:], *rows.index[:-1]] if first else list(rows.index)
    for ours, other in (("estimate", "estimate"), ("std_error", "se"), ("statistic", "stat")):
        close(rows.loc[turned, ours], theirs["coefficients"][other], tolerance)
    np.testing.assert_allclose(rows.loc[turned, "p"], theirs["coefficients"]["p"], rtol=100 * tolerance, atol=1e-12)


@needed
@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("stsls_W2X", {}),
        ("stsls_WX_only", {"instrument_lags": 1}),
        ("stsls_W2X_HC0", {"vcov": "robust"}),
        ("stsls_W2X_HC1", {"vcov": "hc1"}),
    ],
)
@pytest.mark.parametrize(("name", "model"), CASES)
def test_lag(name, model, key, options):
    theirs, found = answers(name, model, key), fitted(lag_model, name, model, **options)
    equal(found, theirs, EXACT, first=True)
    close(found.sigma2, theirs["s2"], EXACT)
    assert found.log_likelihood is None
    assert found.estimator == "gmm"


@needed
@pytest.mark.parametrize(("name", "model"), CASES)
def test_impacts(name, model):
    """Ours are exact; spatialreg's are sums of 30 powers of W, and take every row to sum to 1."""
    theirs, found = answers(name, model, "stsls_W2X")["impacts_trW"], fitted(lag_model, name, model)
    if "error" in theirs:
        pytest.skip(f"spatialreg: {theirs['error']}")
    rho = found.coefficients.loc["rho", "estimate"]
    close(found.impacts["direct"], theirs["direct"], EXACT + 2 * abs(rho) ** POWERS)
    block = reference(name)["models"][model]
    sums = np.asarray(graph_of(name, block["weights"], block["style"]).sparse.sum(axis=1)).ravel()
    if np.ptp(sums) < 1e-12:
        close(found.impacts["total"] * (1 - rho**POWERS), theirs["total"], 1e-7)
    else:
        slopes = found.coefficients["estimate"].drop(index=["Intercept", "rho"])
        close(slopes * (1 - rho**POWERS) / (1 - rho), theirs["total"], 1e-7)


@needed
@pytest.mark.parametrize(("name", "model"), [case for case in CASES if case not in ASTRAY])
def test_error(name, model):
    theirs, found = answers(name, model, "GMerrorsar_scaleU"), fitted(error_model, name, model)
    equal(found, theirs, MOMENTS, first=False)
    assert abs(found.coefficients.loc["lambda", "estimate"] - theirs["lambda"]["estimate"]) < MOMENTS
    close(found.sigma2, theirs["s2"], MOMENTS)


@needed
@pytest.mark.parametrize(("key", "robust"), [("gstsls_scaleU", False), ("gstsls_HC0", True)])
@pytest.mark.parametrize(("name", "model"), [case for case in CASES if case not in ASTRAY])
def test_combined(name, model, key, robust):
    if key == "gstsls_HC0" and model == "beta_convergence_W":
        pytest.skip("spatialreg does not scale here, and its search stops early")
    theirs = answers(name, model, key)
    options = {"moments": "classic", "vcov": "robust"} if robust else {}
    found = fitted(combined_model, name, model, **options)
    equal(found, theirs, MOMENTS, first=True)
    assert abs(found.coefficients.loc["lambda", "estimate"] - theirs["lambda"]) < MOMENTS
    close(found.sigma2, theirs["s2"], MOMENTS)


def test_stata():
    """
    Stata's manual, [SP] spregress: ``spregress hrate gini, gs2sls dvarlag(W)``, W of touching counties divided by its largest eigenvalue.

    Stata lags the intercept, twice as R does by default, and divides the sum of squares by n.
    """
    import geopandas
    import pandas as pd
    from libpysal.graph import Graph

    counties = pd.read_csv(Path(__file__).parent / "texas_homicides.csv", comment="#", dtype={"fips": str}).set_index("fips")
    names = counties.index.to_numpy(str)
    focal, neighbor = np.transpose([(name, other) for name, row in counties["neighbours"].items() for other in row.split()])
    graph = Graph.from_arrays(focal, neighbor, np.ones(len(focal)))
    binary = graph.sparse.toarray()
    assert (binary == binary.T).all()
    graph = Graph.from_arrays(focal, neighbor, np.full(len(focal), 1 / np.linalg.eigvalsh(binary)[-1]))
    # Geometry plays no part in this model; points in a row keep the table under contract.
    points = geopandas.points_from_xy(np.arange(len(names)) * 1000.0, np.zeros(len(names)))
    places = geopandas.GeoDataFrame(counties[["hrate", "gini"]], geometry=points, crs="EPSG:32614")
    found = lag_model(places, graph, formula="hrate ~ gini", estimator="gmm", divisor="n")
    np.testing.assert_allclose(found.coefficients["estimate"], [-10.42408, 46.40451, 0.0010684], rtol=1e-6, atol=5e-8)
    np.testing.assert_allclose(found.coefficients["std_error"], [5.657206, 14.15305, 0.2164789], rtol=2e-7)
