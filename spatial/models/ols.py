"""Linear regression, and what its residuals say about neighbours."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models import _reading as reading
from spatial.models._design import Design, design, refuse_exact
from spatial.models._diagnostics import condition_number, jarque_bera, variance_inflation, white
from spatial.models._least_squares import LeastSquares, least_squares, log_likelihood, unit
from spatial.models._records import Ols
from spatial.models._tables import Test, coefficients_table, covariance_table, quantiles, tests_table, unknown_note
from spatial.models._tests import dependence_tests, heteroskedasticity, linked, regression_moran
from spatial.options import Between, Formula, used
from spatial.places import Missing

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


def ols(
    places: "GeoDataFrame",
    graph: "Graph | None" = None,
    *,
    formula: Formula,
    vcov: Literal["asymptotic", "robust"] = "asymptotic",
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> Ols:
    """
    Fit a linear regression by ordinary least squares and test its residuals.

    Parameters
    ----------
    places
        The table.
    graph
        Weights with the same labels, for the tests of spatial dependence; without it these tests are left out.
    formula
        The model, such as ``CRIME ~ INC + HOVAL``; C(column) for categories, functions such as log(column).
    vcov
        Standard errors: "asymptotic" for the usual ones, "robust" for White's in the small-sample form HC1.
    level
        Confidence level of the intervals.
    missing
        What a missing value means: "error", or "drop" to leave the place out.

    Returns
    -------
    Ols
        Coefficients with t tests (n - k degrees of freedom), tests, R², likelihood, residuals. In `tests`, the statistic of
        "Moran residuals" is z and its p two-sided; I itself is `residual_moran`. `sigma2` is the sum of squared residuals / (n - k).

    Raises
    ------
    StudyError
        When the formula cannot be read.
    DataError
        When columns, values or labels do not fit.
    ModelError
        When there are too few places, a constant column, collinear regressors, or nothing left to explain.

    Notes
    -----
    AIC and BIC count the coefficients and the variance, as R does. With places that have no neighbours the n of Moran's I is
    that of the places which have some, as in spdep, though its moments are then not exact; a note gives the exact z. "Breusch-Pagan" assumes normal errors, "Koenker-Bassett"
    does not; "White" adds squares and products of the regressors.

    References
    ----------
    Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer. doi:10.1007/978-94-015-7799-1.
    MacKinnon, J. G., White, H. (1985). Some heteroskedasticity-consistent covariance matrix estimators with improved finite
    sample properties. Journal of Econometrics 29, 305-325. doi:10.1016/0304-4076(85)90158-7. (HC1.)
    """
    options = used(ols, locals())
    found = design(places, graph, formula, missing)
    n, k = found.matrix.shape
    size = unit(found.response)
    fit = least_squares(found.response / size, found.matrix)
    refuse_exact(found, fit.squares, size)
    covariance = _covariance(fit, found.matrix, vcov) * size**2
    residuals = fit.residuals * size
    squares = fit.squares * size**2
    likelihood = log_likelihood(fit.squares, n) - n * float(np.log(size))
    tests, moran = _tests(found, fit, size)
    table = tests_table(tests)
    inflation = variance_inflation(found.regressors, found.matrix[:, 1:] if found.intercept else found.matrix)
    coefficients = coefficients_table(found.names, fit.coefficients * size, covariance, level, n - k)
    return Ols(
        operation="ols",
        options=options | {"graph": found.given.graph},
        observations=n,
        notes=found.given.notes + _notes(found, tests, vcov),
        reading=(
            f"{reading.opening('Linear regression', found.response_name, found.regressors, n)} {reading.of_coefficients(coefficients, level, found.response_name)}",
            *((reading.of_dependence(table),) if moran else ()),
            *reading.of_entangled(inflation),
            *reading.of_few(n, k + 1),
        ),
        coefficients=coefficients,
        tests=table,
        log_likelihood=likelihood,
        parameters=k + 1,
        aic=2 * (k + 1) - 2 * likelihood,
        bic=float(np.log(n)) * (k + 1) - 2 * likelihood,
        sigma2=squares / (n - k),
        sigma=float(np.sqrt(squares / (n - k))),
        residual_quantiles=quantiles(residuals),
        fitted=found.given.series(found.response - residuals),
        residuals=found.given.series(residuals),
        vcov=covariance_table(found.names, covariance),
        estimator="ols",
        condition_number=condition_number(found.matrix),
        vif=inflation,
        **_shares(found, fit, size),
        **moran,
    )


def _covariance(fit: LeastSquares, matrix: NDArray[np.float64], vcov: str) -> NDArray[np.float64]:
    n, k = matrix.shape
    if vcov == "asymptotic":
        return np.asarray(fit.squares / (n - k) * fit.inverse)
    scores = fit.basis * fit.residuals[:, None]
    return np.asarray(n / (n - k) * (fit.root @ (scores.T @ scores) @ fit.root.T))


def _tests(found: Design, fit: LeastSquares, size: float) -> tuple[dict[str, Test], dict[str, Any]]:
    tests = {
        "Jarque-Bera": jarque_bera(fit.residuals),
        **heteroskedasticity(fit.residuals, found.matrix, intercept=found.intercept),
    }
    squared = white(fit.residuals, found.matrix)
    if squared is not None:
        tests["White"] = squared
    if found.given.matrix is None:
        return tests, {}
    if found.given.matrix.nnz == 0:
        raise ModelError(
            complaint("graph", "there are no links", "Expected places that have neighbours", "Build another graph, or give none")
        )
    moran = regression_moran(fit, found.matrix, found.given.weights, linked(found.given.weights))
    tests["Moran residuals"] = moran.test
    tests |= dependence_tests(fit, found.response / size, found.matrix, found.given.weights, intercept=found.intercept)
    fields = {
        "residual_moran": moran.statistic,
        "residual_moran_expected": moran.expected,
        "residual_moran_variance": moran.variance,
    }
    return tests, fields


def _shares(found: Design, fit: LeastSquares, size: float) -> dict[str, Any]:
    from scipy.special import fdtrc

    n, k = found.matrix.shape
    scaled = found.response / size
    centred = scaled - scaled.mean() if found.intercept else scaled
    whole, freedom = float(centred @ centred), k - found.intercept
    r2 = 1 - fit.squares / whole
    shares: dict[str, Any] = {"r2": r2, "adjusted_r2": 1 - (1 - r2) * (n - found.intercept) / (n - k)}
    if freedom:
        statistic = (whole - fit.squares) / freedom / (fit.squares / (n - k))
        shares |= {"f_statistic": statistic, "f_p": float(fdtrc(freedom, n - k, statistic))}
    return shares


def _notes(found: Design, tests: dict[str, Test], vcov: str) -> tuple[str, ...]:
    notes = ["Standard errors are robust to heteroskedasticity (HC1)."] if vcov == "robust" else []
    if "White" not in tests and found.regressors:
        notes.append("White's test was left out: there are more squares and products of the regressors than places can tell apart.")
    if found.given.matrix is None:
        notes.append("No graph was given: the residuals were not tested for spatial dependence.")
    if found.given.islands.any() and "Moran residuals" in tests:
        exact = regression_moran(least_squares(found.response, found.matrix), found.matrix, found.given.weights)
        notes.append(
            "Moran's I of the residuals counts only places with neighbours, as spdep does; with the exact moments for all places"
            f" z is {exact.test[0]:.3f}, p {exact.test[2]:.3f}."
        )
    if not found.intercept:
        notes.append("Without an intercept R² compares with 0, not with the mean.")
    return (*notes, *unknown_note(tests))
