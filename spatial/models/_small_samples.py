"""Few places: p values from data simulated under the null hypothesis instead of from a limit."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError
from spatial.models._least_squares import LeastSquares, log_likelihood
from spatial.models._likelihood import maximised
from spatial.models._log_determinant import LogDeterminant
from spatial.models._profile import Problem, profile_of
from spatial.models._tests import dependence_tests, linked, regression_moran
from spatial.models._two_parameters import maximised_pair

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: Below this many places the asymptotic p values of tests are accompanied by simulated ones.
FEW = 30


def simulated_p(observed: float, draws: Vector) -> float:
    """(c + 1) / (m + 1), c of m simulated statistics being at least the observed one; NaN where there is none."""
    draws = draws[np.isfinite(draws)]
    if not np.isfinite(observed) or not len(draws):
        return float("nan")
    return float((draws >= observed * (1 - 1e-12)).sum() + 1) / (len(draws) + 1)


def likelihood_ratios(problem: Problem, determinant: LogDeterminant, *, draws: int, seed: int) -> Vector:
    """
    Simulate the likelihood ratio of a spatial model against the model without spatial parameters, which is true.

    Parameters
    ----------
    problem
        The model that was fitted, in scaled units.
    determinant
        As prepared.
    draws
        How many data sets are drawn: the fitted linear model and independent normal errors.
    seed
        Of the draws.

    Returns
    -------
    numpy.ndarray
        One ratio for each data set; NaN where the likelihood had no maximum inside its interval.

    References
    ----------
    Davidson, R., MacKinnon, J. G. (2006). Bootstrap methods in econometrics. In Palgrave Handbook of Econometrics 1, 812-838.
    Lin, K.-P., Long, Z., Ou, B. (2011). The size and power of bootstrap tests for spatial dependence in a linear regression
    model. Computational Economics 38, 153-171. doi:10.1007/s10614-010-9224-0.
    """
    from dataclasses import replace

    random = np.random.default_rng(seed)
    linear = profile_of(problem, "response").ordinary
    n = len(problem.response)
    trend = problem.matrix @ linear.coefficients
    spread = np.sqrt(linear.squares / n)
    found = np.full(draws, np.nan)
    for draw in range(draws):
        errors = random.standard_normal(n) * spread
        response = trend + (errors if problem.roots is None else errors / problem.roots)
        try:
            found[draw] = _ratio(replace(problem, response=response), determinant)
        except ModelError:
            continue
    return found


def _ratio(problem: Problem, determinant: LogDeterminant) -> float:
    profile, n = profile_of(problem, "response"), len(problem.response)
    linear = log_likelihood(profile.ordinary.squares, n)
    if problem.rho and problem.error:
        return 2 * (maximised_pair(determinant, profile, n).log_likelihood - linear)
    place = 1 if problem.rho else 2

    def one(parameter: float) -> tuple[float, float]:
        found = profile.at(*((parameter, 0.0) if problem.rho else (0.0, parameter)))
        return found[0], found[place]

    return 2 * (maximised(determinant, one, n, problem.parameters[0]).log_likelihood - linear)


def dependence_p(
    fit: LeastSquares, response: Vector, matrix: Matrix, weights: "csr_array", *, intercept: bool, draws: int, seed: int
) -> dict[str, float]:
    """
    Simulate the tests of spatial dependence after least squares, under independent normal errors.

    Parameters
    ----------
    fit, response, matrix, weights, intercept
        As for `dependence_tests`.
    draws
        How many data sets are drawn.
    seed
        Of the draws.

    Returns
    -------
    dict
        Name of the test to its p; for "Moran residuals" two-sided, by |z|.
    """
    random = np.random.default_rng(seed)
    n = len(response)
    trend, spread = response - fit.residuals, np.sqrt(fit.squares / n)

    def statistics(drawn: LeastSquares, values: Vector) -> dict[str, float]:
        found = dependence_tests(drawn, values, matrix, weights, intercept=intercept)
        moran = regression_moran(drawn, matrix, weights, linked(weights)).test[0]
        return {"Moran residuals": abs(moran), **{name: test[0] for name, test in found.items()}}

    observed = statistics(fit, response)
    rows = [statistics(*_drawn(fit, trend, spread * random.standard_normal(n))) for _ in range(draws)]
    return {name: simulated_p(value, np.array([row.get(name, np.nan) for row in rows])) for name, value in observed.items()}


def _drawn(fit: LeastSquares, trend: Vector, errors: Vector) -> tuple[LeastSquares, Vector]:
    """Regress a drawn response on the same regressors, whose decomposition is known."""
    inside = fit.basis.T @ errors
    residuals = errors - fit.basis @ inside
    response = trend + errors
    return LeastSquares(fit.root @ (fit.basis.T @ response), residuals, fit.basis, fit.root), response
