"""Covariance of the estimates: inverse of the expected or of the observed information of a spatial model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._likelihood import inverse_of
from spatial.models._log_determinant import LogDeterminant, derivatives
from spatial.models._profile import Problem, Solution
from spatial.models._systems import solver
from spatial.models._traces import crossed

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: Values of rho and lambda nearer to each other than this share a trace.
NEAR = 1e-5
#: With weights of observations the traces are those of dense matrices.
MOST_WEIGHTED = 5_000


@dataclass(frozen=True, eq=False)
class Information:
    """Covariance of b and the spatial parameters in scaled units, and the relative error its traces may have."""

    covariance: Matrix
    error: float


def information_of(problem: Problem, solution: Solution, determinant: LogDeterminant, vcov: str, name: str) -> Information:
    """
    Invert the information matrix of (b, rho, lambda, variance).

    Parameters
    ----------
    problem, solution
        The model and where its likelihood is largest.
    determinant
        As prepared.
    vcov
        ``"asymptotic"``: expected; ``"hessian"``: observed, by formula.
    name
        Of the operation, for complaints.

    Returns
    -------
    Information
        Without the row of the variance.

    Notes
    -----
    In a basis in which the filtered regressors are orthonormal, and with coefficients that do not change as rho and lambda do: what
    the regressors explain of a derivative is taken off before anything is squared, as it may be as large as the mean of y. With
    A = I - rho W, B = I - lambda W, G_r = W (I - r W)^-1: because both processes have the same W, B W A^-1 B^-1 is G_rho, and
    tr(G_rho G_lambda) = (tr G_rho - tr G_lambda) / (rho - lambda).

    References
    ----------
    Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer, chapter 6. doi:10.1007/978-94-015-7799-1.
    """
    n, k = problem.matrix.shape
    s, count = solution.variance, len(problem.parameters)
    found = np.zeros((k + count + 1, k + count + 1))
    found[:k, :k] = np.eye(k) / s
    found[-1, -1] = n / (2 * s**2)
    error, explained = 0.0, np.zeros((k, count))
    if count:
        values = np.array([solution.rho] * problem.rho + [solution.error] * problem.error)
        slopes = [derivatives(determinant, np.array([each])) for each in values]  # one by one: each has its own polynomial
        first, second = np.concatenate([each[0] for each in slopes]), np.concatenate([each[1] for each in slopes])
        if vcov == "asymptotic":
            explained, error = _expected(found, problem, solution, determinant, values, first, second)
        else:
            explained = _observed(found, problem, solution, second)
    low = np.tril_indices_from(found, -1)
    found[low] = found.T[low]
    turn = np.eye(k + count)
    turn[:k, :k] = solution.filtered.root
    turn[:k, k:] = -solution.filtered.root @ explained
    return Information(turn @ inverse_of(found, name)[: k + count, : k + count] @ turn.T, error)


def _expected(
    found: Matrix,
    problem: Problem,
    solution: Solution,
    determinant: LogDeterminant,
    values: Vector,
    first: Vector,
    second: Vector,
) -> tuple[Matrix, float]:
    """Fill the upper triangle with expected second derivatives; give what the regressors explain, and the error of traces."""
    k, s, count = problem.matrix.shape[1], solution.variance, len(values)
    explained, worst = np.zeros((k, count)), 0.0
    for row in range(count):
        for column in range(row, count):
            transposed, error = _transposed(problem, determinant, float(values[row]), float(values[column]))
            worst = max(worst, error)
            found[k + row, k + column] = transposed + _plain(values, first, second, row, column)
        found[k + row, -1] = -first[row] / s
    if problem.rho:
        spread = problem.weights @ solver(determinant, problem.weights, solution.rho).solve(problem.matrix @ solution.coefficients)
        spread = problem.weighted(spread - solution.error * (problem.weights @ spread) if problem.error else spread)
        explained[:, 0], rest = _split(solution, spread)
        found[k, k] += float(rest @ rest) / s
    return explained, worst


def _split(solution: Solution, direction: Vector) -> tuple[Vector, Vector]:
    """Divide a direction into what the filtered regressors explain, in their basis, and the rest."""
    basis = solution.filtered.basis
    explained = basis.T @ direction
    rest = direction - basis @ explained
    more = basis.T @ rest  # once more: the first pass leaves rounding errors of the size of the direction
    return explained + more, rest - basis @ more


def _plain(values: Vector, first: Vector, second: Vector, row: int, column: int) -> float:
    """tr(G_r G_s)."""
    if row == column:
        return -float(second[row])
    gap = float(values[row] - values[column])
    if abs(gap) < NEAR:
        return -float(second[row] + second[column]) / 2
    return -float(first[row] - first[column]) / gap


def _transposed(problem: Problem, determinant: LogDeterminant, one: float, other: float) -> tuple[float, float]:
    """tr(G_r' G_s); with weights of observations of R G R^-1."""
    if problem.roots is None:
        return crossed(determinant, problem.weights, one, other)
    n = len(problem.roots)
    if n > MOST_WEIGHTED:
        raise ModelError(
            complaint(
                "option 'vcov'",
                f"'asymptotic' with weights of observations needs a full matrix of {n:,} places",
                f"Expected at most {MOST_WEIGHTED:,}",
                'Set vcov = "hessian"',
            )
        )
    full = _weighted_inverse(determinant, problem.weights, one, problem.roots)
    second = full if one == other else _weighted_inverse(determinant, problem.weights, other, problem.roots)
    return float((full * second).sum()), 0.0


def _weighted_inverse(determinant: LogDeterminant, weights: "csr_array", parameter: float, roots: Vector) -> Matrix:
    inner = solver(determinant, weights, parameter).solve(weights.toarray())
    return np.asarray(inner * roots[:, None] / roots[None, :])


def _observed(found: Matrix, problem: Problem, solution: Solution, second: Vector) -> Matrix:
    """Fill the upper triangle with second derivatives at the maximum; give what the regressors explain."""
    k, s, weights = problem.matrix.shape[1], solution.variance, problem.weights
    errors = problem.weighted(solution.residuals)
    directions = []
    if problem.rho:
        lag = solution.lag - solution.error * (weights @ solution.lag) if problem.error else solution.lag
        directions.append(problem.weighted(lag))
    if problem.error:
        directions.append(problem.weighted(weights @ solution.deviations))
    parts = [_split(solution, direction) for direction in directions]
    explained = np.column_stack([part for part, _ in parts])
    for row, (_, rest) in enumerate(parts):
        found[k + row, -1] = float(errors @ rest) / s**2
        for column in range(row, len(parts)):
            found[k + row, k + column] = float(rest @ parts[column][1]) / s
        found[k + row, k + row] -= second[row]
    if problem.error:
        mixed = solution.filtered.root.T @ (problem.weighted(weights @ problem.matrix).T @ errors) / s
        last, moved = k + len(parts) - 1, explained.T @ mixed
        found[:k, last] = mixed
        found[k:last, last] -= moved[:-1]
        found[last, last] -= 2 * moved[-1]
    if len(parts) == 2:
        found[k, k + 1] += float(errors @ problem.weighted(weights @ solution.lag)) / s
    return explained
