"""Linear regression on any design: estimates, tests and fields of the result, for `ols` and `slx_model`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models import _reading as reading
from spatial.models._design import Design, refuse_exact
from spatial.models._diagnostics import condition_number, jarque_bera, variance_inflation, white
from spatial.models._least_squares import LeastSquares, least_squares, log_likelihood, unit
from spatial.models._memory import refuse_too_large
from spatial.models._prediction import predicted_fields
from spatial.models._small_samples import FEW, dependence_p
from spatial.models._tables import Test, coefficients_table, covariance_table, quantiles, tests_table, unknown_note
from spatial.models._tests import dependence_tests, heteroskedasticity, linked, regression_moran
from spatial.models._units import roots_of

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear regression, the response divided by `size`; with weights of observations, rows multiplied by their roots."""

    found: Design
    size: float
    response: Vector
    matrix: Matrix
    fit: LeastSquares
    roots: Vector | None

    @property
    def log_likelihood(self) -> float:
        """In the units of the data."""
        n = len(self.response)
        weights = 0.0 if self.roots is None else float(np.log(self.roots).sum())
        return log_likelihood(self.fit.squares, n) - n * float(np.log(self.size)) + weights

    @property
    def covariance(self) -> Matrix:
        """The usual one, in the units of the data."""
        n, k = self.matrix.shape
        return np.asarray(self.fit.squares / (n - k) * self.fit.inverse * self.size**2)

    @property
    def robust(self) -> Matrix:
        """White's covariance in the form HC1."""
        n, k = self.matrix.shape
        scores = self.fit.basis * self.fit.residuals[:, None]
        return np.asarray(n / (n - k) * (self.fit.root @ (scores.T @ scores) @ self.fit.root.T) * self.size**2)


def linear_of(found: Design, weights_column: str | None = None) -> Linear:
    """
    Regress by (weighted) least squares.

    Parameters
    ----------
    found
        The design.
    weights_column
        Weights of observations, one of the extra columns of the design.

    Returns
    -------
    Linear
        The regression.

    Raises
    ------
    ModelError
        When nothing is left to explain.
    """
    refuse_too_large(len(found.response), len(found.names), 0 if found.given.matrix is None else found.given.matrix.nnz)
    size, roots = unit(found.response), roots_of(found, weights_column)
    response, matrix = found.response / size, found.matrix
    if roots is not None:
        response, matrix = response * roots, matrix * roots[:, None]
    fit = least_squares(response, matrix)
    refuse_exact(found, fit.squares, size)
    return Linear(found, size, response, matrix, fit, roots)


def linear_fields(linear: Linear, options: dict[str, Any], *, covariance: Matrix, lags: bool) -> dict[str, Any]:
    """
    Fill the fields of `Ols`.

    Parameters
    ----------
    linear
        The regression.
    options
        As used by the operation.
    covariance
        Of the coefficients, in the units of the data.
    lags
        Whether lags of regressors are among the regressors: then W X needs no test.

    Returns
    -------
    dict
        Field name to value.
    """
    found, fit, size = linear.found, linear.fit, linear.size
    n, k = linear.matrix.shape
    tests, moran = _tests(linear, lags=lags)
    table, more = _with_simulated(linear, tests_table(tests), options, lags=lags)
    residuals = found.response - found.matrix @ fit.coefficients * size if linear.roots is not None else fit.residuals * size
    inflation = variance_inflation(found.regressors, found.matrix[:, 1:] if found.intercept else found.matrix)
    value, squares = linear.log_likelihood, fit.squares * size**2
    return {
        "observations": n,
        "notes": found.given.notes + _notes(linear, tests, options) + more,
        "coefficients": coefficients_table(found.names, fit.coefficients * size, covariance, options["level"], n - k),
        "tests": table,
        "log_likelihood": value,
        "parameters": k + 1,
        "aic": 2 * (k + 1) - 2 * value,
        "bic": float(np.log(n)) * (k + 1) - 2 * value,
        "sigma2": squares / (n - k),
        "sigma": float(np.sqrt(squares / (n - k))),
        "residual_quantiles": quantiles(residuals),
        "fitted": found.given.series(found.response - residuals),
        "residuals": found.given.series(residuals),
        "vcov": covariance_table(found.names, covariance),
        "estimator": "ols",
        "condition_number": condition_number(found.matrix),
        "vif": inflation,
        **_shares(linear),
        **moran,
        **predicted_fields(found, fit.coefficients * size, 0.0, 0.0, squares / (n - k)),
    }


def linear_reading(title: str, found: Design, fields: dict[str, Any], level: float, *, lags: bool = False) -> tuple[str, ...]:
    """Say what a linear regression found."""
    response, n = found.response_name, fields["observations"]
    regressors = tuple(name for name in found.regressors if not (lags and name.startswith("W_")))
    coefficients = reading.of_coefficients(fields["coefficients"], level, response)
    return (
        f"{reading.opening(title, response, regressors, n)} {coefficients}",
        *((reading.of_dependence(fields["tests"]),) if "Moran residuals" in fields["tests"].index else ()),
        *reading.of_entangled(fields["vif"]),
        *reading.of_few(n, fields["parameters"]),
    )


def _tests(linear: Linear, *, lags: bool) -> tuple[dict[str, Test], dict[str, Any]]:
    found, fit = linear.found, linear.fit
    tests = {
        "Jarque-Bera": jarque_bera(fit.residuals),
        **heteroskedasticity(fit.residuals, linear.matrix, intercept=found.intercept),
    }
    squared = white(fit.residuals, linear.matrix)
    if squared is not None:
        tests["White"] = squared
    if found.given.matrix is None:
        return tests, {}
    if found.given.matrix.nnz == 0:
        raise ModelError(
            complaint("graph", "there are no links", "Expected places that have neighbours", "Build another graph, or give none")
        )
    moran = regression_moran(fit, linear.matrix, found.given.weights, linked(found.given.weights))
    tests["Moran residuals"] = moran.test
    spatial = dependence_tests(fit, linear.response, linear.matrix, found.given.weights, intercept=found.intercept)
    tests |= {name: test for name, test in spatial.items() if not (lags and ("WX" in name or "SDM" in name))}
    fields = {
        "residual_moran": moran.statistic,
        "residual_moran_expected": moran.expected,
        "residual_moran_variance": moran.variance,
    }
    return tests, fields


def _with_simulated(linear: Linear, table: Any, options: dict[str, Any], *, lags: bool) -> tuple[Any, tuple[str, ...]]:
    """Add p values from simulated data where there are few places."""
    found, draws = linear.found, options["bootstrap"]
    if len(linear.response) >= FEW or not draws or found.given.matrix is None:
        return table, ()
    simulated = dependence_p(
        linear.fit,
        linear.response,
        linear.matrix,
        found.given.weights,
        intercept=found.intercept,
        draws=draws,
        seed=options["seed"],
    )
    table = table.assign(p_bootstrap=np.nan)
    for name, p in simulated.items():
        if name in table.index and not (lags and ("WX" in name or "SDM" in name)):
            table.loc[name, "p_bootstrap"] = p
    note = (
        f"With fewer than {FEW} places the limits behind p are a poor guide: p_bootstrap is the share of {draws} data sets, simulated"
        f" without spatial dependence (seed {options['seed']}), whose statistic is at least as large."
    )
    return table, (note,)


def _shares(linear: Linear) -> dict[str, Any]:
    from scipy.special import fdtrc

    found, fit = linear.found, linear.fit
    n, k = linear.matrix.shape
    ones = np.ones(n) if linear.roots is None else linear.roots
    centred = linear.response - ones * float(ones @ linear.response) / float(ones @ ones) if found.intercept else linear.response
    whole, freedom = float(centred @ centred), k - found.intercept
    r2 = 1 - fit.squares / whole
    shares: dict[str, Any] = {"r2": r2, "adjusted_r2": 1 - (1 - r2) * (n - found.intercept) / (n - k)}
    if freedom:
        statistic = (whole - fit.squares) / freedom / (fit.squares / (n - k))
        shares |= {"f_statistic": statistic, "f_p": float(fdtrc(freedom, n - k, statistic))}
    return shares


def _notes(linear: Linear, tests: dict[str, Test], options: dict[str, Any]) -> tuple[str, ...]:
    found = linear.found
    notes = ["Standard errors are robust to heteroskedasticity (HC1)."] if options["vcov"] == "robust" else []
    if linear.roots is not None:
        notes.append(
            f"Observations are weighted by {options['weights_column']!r} (mean weight 1); the tests are those of the weighted residuals."
        )
    if "White" not in tests and found.regressors:
        notes.append("White's test was left out: there are more squares and products of the regressors than places can tell apart.")
    if found.given.matrix is None:
        notes.append("No graph was given: the residuals were not tested for spatial dependence.")
    if found.given.islands.any() and "Moran residuals" in tests:
        exact = regression_moran(linear.fit, linear.matrix, found.given.weights)
        notes.append(
            "Moran's I of the residuals counts only places with neighbours, as spdep does; with the exact moments for all places"
            f" z is {exact.test[0]:.3f}, p {exact.test[2]:.3f}."
        )
    if not found.intercept:
        notes.append("Without an intercept R² compares with 0, not with the mean.")
    return (*notes, *unknown_note(tests))
