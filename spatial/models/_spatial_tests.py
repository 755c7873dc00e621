"""Tests after a spatial model: is the spatial parameter needed, and what is left in the residuals?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.models._log_determinant import LogDeterminant
from spatial.models._profile import Problem, Solution, profile_of
from spatial.models._systems import solver
from spatial.models._tables import Test, chi_squared
from spatial.models._tests import heteroskedasticity, residual_moran, trace
from spatial.models._traces import with_transpose

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def spatial_tests(
    problem: Problem,
    solution: Solution,
    determinant: LogDeterminant,
    covariance: Matrix,
    *,
    linear: tuple[float, int],
    value: float,
    intercept: bool,
) -> dict[str, Test]:
    """
    Compute the tests that apply to a model.

    Parameters
    ----------
    problem, solution
        The model, in scaled units.
    determinant
        As prepared.
    covariance
        Of coefficients and spatial parameters, in any units of the coefficients.
    linear
        Log-likelihood and number of coefficients of the model without spatial parameters.
    value
        Log-likelihood of the model.
    intercept
        Whether there is an intercept.

    Returns
    -------
    dict
        Name to test. "Wald" is of all spatial parameters together.
    """
    count = len(problem.parameters)
    parameters = np.array([solution.rho] * problem.rho + [solution.error] * problem.error)
    spatial = covariance[-count:, -count:]
    residuals = problem.weighted(solution.residuals)
    spread = heteroskedasticity(residuals, solution.filtered_matrix, intercept=intercept)
    found: dict[str, Test] = {
        "Likelihood ratio": chi_squared(2 * (value - linear[0]), problem.matrix.shape[1] + count - linear[1]),
        "Wald": chi_squared(float(parameters @ np.linalg.solve(spatial, parameters)), count),
        **{f"{name} spatial": test for name, test in spread.items()},
        "Moran residuals": residual_moran(solution.residuals, problem.weights).test,
    }
    if problem.rho and not problem.error:
        found |= _autocorrelation(problem, solution, determinant, float(spatial[0, 0]))
    if problem.error and not problem.rho and problem.roots is None:
        found |= _hausman(problem, solution, determinant)
    return found


def _autocorrelation(problem: Problem, solution: Solution, determinant: LogDeterminant, variance: float) -> dict[str, Test]:
    """
    Test the residuals of a lag model for what is left of spatial dependence.

    Anselin, L. (1988). Spatial Econometrics: Methods and Models, p. 106. doi:10.1007/978-94-015-7799-1.
    """
    score = float(solution.residuals @ (problem.weights @ solution.residuals)) / solution.variance
    spread = trace(problem.weights) - with_transpose(determinant, problem.weights, solution.rho)[0] ** 2 * variance
    return {"LM residual autocorrelation": chi_squared(score**2 / spread, 1) if spread > 0 else (float("nan"), 1.0, float("nan"))}


def _hausman(problem: Problem, solution: Solution, determinant: LogDeterminant) -> dict[str, Any]:
    """
    Compare an error model with least squares, whose covariance under it is (X'X)^-1 X'(B'B)^-1 X (X'X)^-1 s.

    Pace, R. K., LeSage, J. (2008). A spatial Hausman test. Economics Letters 101, 282-284. doi:10.1016/j.econlet.2008.09.003.
    """
    ordinary = profile_of(problem, "").ordinary
    system = solver(determinant, problem.weights, solution.error)
    spread = system.solve(system.solve(ordinary.basis, transposed=True))
    turn = np.linalg.solve(ordinary.root, solution.filtered.root)
    difference = solution.variance * (ordinary.basis.T @ spread - turn @ turn.T)
    gap = np.linalg.solve(ordinary.root, ordinary.coefficients - solution.coefficients)
    eigenvalues = np.linalg.eigvalsh(difference)
    if eigenvalues[0] <= 1e-10 * abs(eigenvalues[-1]):
        return {"Hausman": (float("nan"), float(len(gap)), float("nan"))}
    return {"Hausman": chi_squared(float(gap @ np.linalg.solve(difference, gap)), len(gap))}
