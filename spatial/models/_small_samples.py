"""Few places: p values from data simulated under the null hypothesis instead of from a limit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError
from spatial.models._least_squares import LeastSquares, log_likelihood
from spatial.models._likelihood import maximised
from spatial.models._log_determinant import LogDeterminant
from spatial.models._many_responses import search_of
from spatial.models._profile import Problem, profile_of, solution_at
from spatial.models._tests import dependence_tests, linked, regression_moran
from spatial.progress import tell

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


@dataclass(frozen=True, eq=False)
class SimulatedRatio:
    """A likelihood ratio and its p from data sets that were drawn from the smaller of the two models."""

    tested: tuple[str, ...]  # the spatial parameters that the smaller model lacks
    observed: float  # NaN where the smaller model has no maximum
    draws: Vector  # NaN where the likelihood of a drawn data set has none

    @property
    def p(self) -> float:
        """The share of data sets with at least this ratio, (c + 1) / (m + 1)."""
        return simulated_p(self.observed, self.draws)

    @property
    def lost(self) -> int:
        """How many data sets had no maximum."""
        return int(np.isnan(self.draws).sum())


def simulated_ratios(
    problem: Problem, determinant: LogDeterminant, value: float, *, draws: int, seed: int
) -> tuple[SimulatedRatio, ...]:
    """
    Simulate the likelihood ratio of a spatial model against each model that lacks some of its spatial parameters.

    Parameters
    ----------
    problem
        The model that was fitted, in scaled units.
    determinant
        As prepared.
    value
        Its log-likelihood, without the part of weights of observations.
    draws
        How many data sets are drawn for each: from the fitted smaller model, with independent normal errors.
    seed
        Of the draws.

    Returns
    -------
    tuple of SimulatedRatio
        First for all spatial parameters together; where there are two also for rho, the error model being true, and for lambda,
        the lag model being true.
    """
    n = len(problem.response)
    linear = log_likelihood(profile_of(problem, "response").ordinary.squares, n)
    ratios = likelihood_ratios(problem, determinant, draws=draws, seed=seed)
    found = [SimulatedRatio(problem.parameters, 2 * (value - linear), ratios)]
    for name in problem.parameters if len(problem.parameters) == 2 else ():
        smaller = replace(problem, rho=name != "rho", error=name != "lambda")
        try:
            maximum = maximised(determinant, _along(smaller), n, smaller.parameters[0])
        except ModelError:
            found.append(SimulatedRatio((name,), np.nan, np.full(draws, np.nan)))
            continue
        true = (maximum.parameter, 0.0) if smaller.rho else (0.0, maximum.parameter)
        ratios = likelihood_ratios(problem, determinant, draws=draws, seed=seed, true=true)
        found.append(SimulatedRatio((name,), max(2 * (value - maximum.log_likelihood), 0.0), ratios))
    return tuple(found)


def simulated_notes(ratios: Sequence[SimulatedRatio], draws: int, seed: int) -> tuple[str, ...]:
    """Say what was simulated, and what came out."""
    found: list[str] = []
    for each in ratios:
        names = " and ".join(each.tested)
        start = f"With fewer than {FEW} places a limit is a poor guide: of" if not found else "Of"
        other = {"rho": "lambda", "lambda": "rho"}[names] if each is not ratios[0] else ""
        if np.isnan(each.observed):
            found.append(f"There is no simulated p of {names}: without {names} the likelihood has no maximum inside.")
            continue
        true = f"with the {other} of the model without {names}" if other else "without spatial dependence"
        found.append(
            f"{start} {draws - each.lost} data sets simulated {true} (seed {seed}), the share with at least this likelihood"
            f" ratio gives p = {each.p:.3g} for {names}."
        )
        if each.lost:
            found.append(f"In {each.lost} of {draws} simulated data sets the likelihood had no maximum.")
    return tuple(found)


def likelihood_ratios(
    problem: Problem, determinant: LogDeterminant, *, draws: int, seed: int, true: tuple[float, float] = (0.0, 0.0)
) -> Vector:
    """
    Simulate the likelihood ratio of a spatial model against a smaller one, which is true.

    Parameters
    ----------
    problem
        The model that was fitted, in scaled units.
    determinant
        As prepared.
    draws
        How many data sets are drawn: the fitted smaller model and independent normal errors.
    seed
        Of the draws.
    true
        rho and lambda of the smaller model; it lacks those that are 0.

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
    return ratios_of(problem, determinant, drawn_from(problem, true, draws=draws, seed=seed), true)


def drawn_from(problem: Problem, true: tuple[float, float], *, draws: int, seed: int) -> Matrix:
    """Draw responses, (n, draws), from the model with this rho and lambda, the other parameters being at their best."""
    n, (rho, error) = len(problem.response), true
    smaller = solution_at(replace(problem, rho=rho != 0, error=error != 0), rho, error)
    drawn = np.random.default_rng(seed).standard_normal((draws, n)).T * np.sqrt(smaller.variance)
    if problem.roots is not None:
        drawn = drawn / problem.roots[:, None]
    weights = problem.weights.toarray()
    drawn = (problem.matrix @ smaller.coefficients)[:, None] + np.linalg.solve(np.eye(n) - error * weights, drawn)
    return np.asarray(np.linalg.solve(np.eye(n) - rho * weights, drawn))


def ratios_of(problem: Problem, determinant: LogDeterminant, responses: Matrix, true: tuple[float, float]) -> Vector:
    """Compute the likelihood ratio of the model against the smaller one for each of many responses, (n, m)."""
    search = search_of(problem, determinant)
    heights = search.heights(responses, rho=problem.rho, error=problem.error)
    return np.asarray(2 * (heights - search.heights(responses, rho=true[0] != 0, error=true[1] != 0)))


def _along(problem: Problem) -> Callable[[float], tuple[float, float]]:
    """Give the sum of squares and minus half its slope as a function of the one spatial parameter."""
    profile = profile_of(problem, "response")

    def one(parameter: float) -> tuple[float, float]:
        squares, half_rho, half_error = profile.at(*((parameter, 0.0) if problem.rho else (0.0, parameter)))
        return squares, half_rho if problem.rho else half_error

    return one


def simulated_test(
    problem: Problem,
    statistic: Callable[[Vector], float],
    observed: float,
    true: tuple[float, float],
    *,
    draws: int,
    seed: int,
) -> tuple[float, int]:
    """
    Simulate a statistic of any estimator under a model that lacks what it tests.

    Parameters
    ----------
    problem
        The model.
    statistic
        Fits the model to a response and gives the statistic, which is large where the smaller model is wrong.
    observed
        That of the data.
    true
        rho and lambda of the smaller model.
    draws
        How many data sets are drawn.
    seed
        Of the draws.

    Returns
    -------
    tuple
        p, and how many data sets gave no statistic.
    """
    found = []
    for number, response in enumerate(drawn_from(problem, true, draws=draws, seed=seed).T):
        tell(number, draws, "Simulating the tests")
        try:
            found.append(statistic(response))
        except (ModelError, np.linalg.LinAlgError):
            found.append(np.nan)
    return simulated_p(observed, np.array(found)), int(np.isnan(found).sum())


def remaining_autocorrelation(problem: Problem, determinant: LogDeterminant, responses: Matrix, vcov: str) -> Vector:
    """
    Compute the Lagrange multiplier test of what is left in the residuals of a lag model, for many responses.

    Parameters
    ----------
    problem
        The lag model.
    determinant
        As prepared.
    responses
        (n, m).
    vcov
        "asymptotic" or "hessian": whose variance of rho the test takes.

    Returns
    -------
    numpy.ndarray
        (m,), as "LM residual autocorrelation" of `spatial_tests`; NaN where the likelihood has no maximum.
    """
    weights, n = problem.weights.toarray(), len(problem.response)
    rhos = search_of(problem, determinant).lags(responses)
    found = np.full(responses.shape[1], np.nan)
    basis = profile_of(problem, "response").ordinary.basis
    lagged = weights @ responses
    errors = responses - rhos * lagged
    errors = errors - basis @ (basis.T @ errors)
    squares = (errors**2).sum(axis=0) / n
    constant = float((weights * weights).sum() + (weights * weights.T).sum())
    for place in np.flatnonzero(np.isfinite(rhos)):
        inverse = np.linalg.inv(np.eye(n) - rhos[place] * weights)
        multiplier = weights @ inverse
        direction = lagged[:, place]
        if vcov == "asymptotic":
            direction = multiplier @ (responses[:, place] - rhos[place] * lagged[:, place] - errors[:, place])
        rest = direction - basis @ (basis.T @ direction)
        information = (multiplier * multiplier.T).sum() + float(rest @ rest) / squares[place] - 2 * np.trace(multiplier) ** 2 / n
        information += (multiplier * multiplier).sum() if vcov == "asymptotic" else 0.0
        both = ((weights + weights.T) * multiplier.T).sum()  # tr((W + W') G)
        spread = constant - both**2 / information
        score = float(errors[:, place] @ (weights @ errors[:, place])) / squares[place]
        found[place] = score**2 / spread if information > 0 < spread else np.nan
    return found


def simulated_note(
    name: str, p: float, lost: int, true: tuple[float, float], *, draws: int, seed: int, first: bool = True
) -> tuple[str, ...]:
    """Say what was simulated for one test, and what came out."""
    start = f"With fewer than {FEW} places a limit is a poor guide: of" if first else "Of"
    how = f"with rho {true[0]:.3g} and nothing left in the errors" if true[0] else "without spatial dependence"
    what = f"{start} {draws - lost} data sets simulated {how} (normal errors of equal variance, seed {seed})"
    notes = (f'{what}, the share with at least this statistic gives p = {p:.3g} for "{name}".',)
    return (*notes, f"{lost} of {draws} simulated data sets gave no statistic.") if lost else notes


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
    rows = []
    for number in range(draws):
        tell(number, draws, "Simulating the tests")
        rows.append(statistics(*_drawn(fit, trend, spread * random.standard_normal(n))))
    return {name: simulated_p(value, np.array([row.get(name, np.nan) for row in rows])) for name, value in observed.items()}


def _drawn(fit: LeastSquares, trend: Vector, errors: Vector) -> tuple[LeastSquares, Vector]:
    """Regress a drawn response on the same regressors, whose decomposition is known."""
    inside = fit.basis.T @ errors
    residuals = errors - fit.basis @ inside
    response = trend + errors
    return LeastSquares(fit.root @ (fit.basis.T @ response), residuals, fit.basis, fit.root), response
