"""What lag and error model fill in the same way: units, tests they share, fields they share."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.models._design import Design, refuse_exact
from spatial.models._least_squares import LeastSquares, log_likelihood, unit
from spatial.models._likelihood import Maximum
from spatial.models._log_determinant import LogDeterminant
from spatial.models._tables import Test, chi_squared, coefficients_table, covariance_table, quantiles, tests_table, unknown_note
from spatial.models._tests import heteroskedasticity, residual_moran

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: Up to here the test that needs the trace of an inverse is computed although the standard errors do not need it.
FEWER_TRACES = 5_000


@dataclass(frozen=True, eq=False)
class Scaled:
    """Response and regressors, each divided by a power of two near its size."""

    response: Vector
    matrix: Matrix
    response_unit: float
    matrix_units: Vector


def scaled(found: Design) -> Scaled:
    """Divide by units, so that y in billions gives the same digits as y in thousandths."""
    size = unit(found.response)
    units = np.array([unit(column) for column in found.matrix.T])
    return Scaled(found.response / size, found.matrix / units, size, units)


def rescaled(estimate: Vector, covariance: Matrix, units: Scaled) -> tuple[Vector, Matrix]:
    """Put (b, spatial parameter) and their covariance back into the units of the data."""
    factors = np.append(units.response_unit / units.matrix_units, 1.0)
    return estimate * factors, covariance * np.outer(factors, factors)


def common_tests(
    ordinary: LeastSquares, maximum: Maximum, residuals: Vector, matrix: Matrix, found: Design, variance: float
) -> dict[str, Test]:
    """
    Compute the tests that lag and error model share.

    Parameters
    ----------
    ordinary
        The regression without spatial parameter.
    maximum
        The spatial model.
    residuals
        Of the spatial model.
    matrix
        Regressors for the tests of spread: X, or the filtered X of the error model.
    found
        The design.
    variance
        Of the spatial parameter.

    Returns
    -------
    dict
        Name to test.
    """
    ratio = 2 * (maximum.log_likelihood - log_likelihood(ordinary.squares, len(residuals)))
    spread = heteroskedasticity(residuals, matrix, intercept=found.intercept)
    return {
        "Likelihood ratio": chi_squared(ratio, 1),
        "Wald": chi_squared(maximum.parameter**2 / variance, 1),
        **{f"{name} spatial": test for name, test in spread.items()},
        "Moran residuals": residual_moran(residuals, found.given.weights).test,
    }


def shared_fields(
    found: Design,
    units: Scaled,
    ordinary: LeastSquares,
    maximum: Maximum,
    tests: dict[str, Test],
    determinant: LogDeterminant,
    *,
    name: str,
    estimate: Vector,
    covariance: Matrix,
    level: float,
    residuals: Vector,
    signal: Vector,
) -> dict[str, Any]:
    """
    Fill the fields of `SpatialRegression`.

    Parameters
    ----------
    found, units, ordinary, maximum, tests, determinant
        What the model found.
    name
        ``"rho"`` or ``"lambda"``.
    estimate, covariance
        Coefficients and spatial parameter in the units of the data.
    level
        Of the intervals.
    residuals, signal
        In scaled units.

    Returns
    -------
    dict
        Field name to value.
    """
    n, k = found.matrix.shape
    refuse_exact(found, maximum.squares, units.response_unit)
    size, parameters = units.response_unit, k + 2
    shift = n * float(np.log(size))
    likelihood, likelihood_ols = maximum.log_likelihood - shift, log_likelihood(ordinary.squares, n) - shift
    trend, signal, residuals = found.matrix @ estimate[:-1], signal * size, residuals * size
    predicted = trend + signal if name == "rho" else trend
    variance = maximum.squares / n * size**2
    names = [*found.names, name]
    give = found.given.series
    return {
        "observations": n,
        "notes": found.given.notes + determinant.notes + maximum.notes + unknown_note(tests),
        "coefficients": coefficients_table(names, estimate, covariance, level),
        "tests": tests_table(tests),
        "log_likelihood": likelihood,
        "parameters": parameters,
        "aic": 2 * parameters - 2 * likelihood,
        "bic": float(np.log(n)) * parameters - 2 * likelihood,
        "sigma2": variance,
        "sigma": float(np.sqrt(variance)),
        "residual_quantiles": quantiles(residuals),
        "fitted": give(trend + signal),
        "residuals": give(residuals),
        "vcov": covariance_table(names, covariance),
        "estimator": "ml",
        "residual_moran": residual_moran(residuals, found.given.weights).statistic,
        "pseudo_r2": float(np.corrcoef(found.response, predicted)[0, 1] ** 2) if np.ptp(predicted) > 0 else float("nan"),
        "log_likelihood_ols": likelihood_ols,
        "aic_ols": 2 * (k + 1) - 2 * likelihood_ols,
        "admissible_low": determinant.low,
        "admissible_high": determinant.high,
        "prediction_trend": give(trend),
        "prediction_signal": give(signal),
    }
