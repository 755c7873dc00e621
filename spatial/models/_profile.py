"""The sum of squares of a spatial model for any rho and lambda, all other coefficients being at their best."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._least_squares import LeastSquares, least_squares

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: A spatial lag of which the regressors leave less than this share of its squares is their combination.
EXPLAINED = 1e-18


@dataclass(frozen=True, eq=False)
class Problem:
    """
    y = rho W y + Z b + u, u = lambda W u + e, in units in which all columns have a size near 1.

    Either parameter may be absent. `roots` are the square roots of weights of observations: the variance of e is s / roots^2.
    """

    response: Vector
    matrix: Matrix  # Z: regressors and, in a Durbin model, their lags
    weights: "csr_array"
    rho: bool
    error: bool
    roots: Vector | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the spatial parameters."""
        return ("rho",) * self.rho + ("lambda",) * self.error

    def weighted(self, values: Matrix) -> Matrix:
        """Multiply rows by the roots of the weights."""
        if self.roots is None:
            return values
        return values * (self.roots if values.ndim == 1 else self.roots[:, None])


@dataclass(frozen=True, eq=False)
class Profile:
    """Cross products of the residuals of y and W y, of an orthonormal basis of Z, and of their lags: all a search needs."""

    ordinary: LeastSquares  # of y on Z, weighted
    products: Matrix
    size: int  # columns of Z
    rho: bool
    error: bool

    def at(self, rho: float, error: float) -> tuple[float, float, float]:
        """
        Evaluate the sum of squares and its slopes.

        Parameters
        ----------
        rho, error
            The spatial parameters; 0 where the model has none.

        Returns
        -------
        tuple
            The sum of squares, and minus half its derivatives with respect to rho and to lambda.
        """
        count = 1 + self.rho
        start = np.array([1.0, -rho])[:count]
        if not self.error:
            inner = self.products[:count, :count] @ start
            return float(start @ inner), float(inner[1]) if self.rho else 0.0, 0.0
        own, lagged = slice(2 * count, 2 * count + self.size), slice(2 * count + self.size, None)
        response = np.zeros(len(self.products))
        response[:count], response[count : 2 * count] = start, -error * start
        filtered, mixed = self._filtered(own, lagged, error)
        crossed = self.products @ response
        change = _solved(filtered, crossed[own] - error * crossed[lagged], mixed)
        residual = response
        residual[own], residual[lagged] = -change, error * change
        inner = self.products @ residual
        slope = np.zeros(len(self.products))
        slope[count : 2 * count], slope[lagged] = start, -change
        half_rho = float(inner[1] - error * inner[3]) if self.rho else 0.0
        return float(residual @ inner), half_rho, float(slope @ inner)

    def parabola(self, error: float) -> tuple[float, float, float]:
        """
        Give the sum of squares for one lambda as a function of rho: a - 2 rho b + rho^2 c.

        Parameters
        ----------
        error
            Lambda; the model has both parameters.

        Returns
        -------
        tuple
            a, b and c, to fewer digits than `at` gives.
        """
        own, lagged = slice(4, 4 + self.size), slice(4 + self.size, None)
        columns = np.zeros((len(self.products), 2))
        columns[[0, 1], [0, 1]], columns[[2, 3], [0, 1]] = 1.0, -error
        filtered, scale = self._filtered(own, lagged, error)
        crossed = self.products @ columns
        mixed = crossed[own] - error * crossed[lagged]
        change = _solved(filtered, mixed, scale[:, None])
        found = columns.T @ crossed - mixed.T @ change
        return float(found[0, 0]), float(found[0, 1]), float(found[1, 1])

    def _filtered(self, own: slice, lagged: slice, error: float) -> tuple[Matrix, Vector]:
        across = self.products[own, lagged]
        found = self.products[own, own] - error * (across + across.T) + error**2 * self.products[lagged, lagged]
        return found, 1 / np.sqrt(np.diag(found))


def profile_of(problem: Problem, name: str) -> Profile:
    """
    Compute the cross products once.

    Parameters
    ----------
    problem
        The model.
    name
        Of the response, for complaints.

    Returns
    -------
    Profile
        Ready for a search; a value costs a few microseconds however many places there are.

    Raises
    ------
    ModelError
        When the spatial lag of the response follows from the regressors.

    Notes
    -----
    Replacing y and W y by their residuals on Z changes none of the residuals of the model, as Z stays free to adapt, and keeps
    the cross products well scaled.
    """
    ordinary = least_squares(problem.weighted(problem.response), problem.weighted(problem.matrix))
    columns = [problem.response - problem.matrix @ ordinary.coefficients]
    if problem.rho:
        lag = problem.weights @ problem.response
        spatial = least_squares(problem.weighted(lag), problem.weighted(problem.matrix))
        if spatial.squares <= EXPLAINED * float(lag @ lag):
            raise ModelError(
                complaint(
                    f"column {name!r}",
                    "its spatial lag is a combination of the regressors, in all the digits that a computer has",
                    "Expected a lag that varies on its own",
                    "Use another graph or fewer regressors; take a large constant off the column",
                )
            )
        columns.append(lag - problem.matrix @ spatial.coefficients)
    stacked = np.column_stack(columns)
    if problem.error:
        basis = problem.matrix @ ordinary.root
        stacked = np.column_stack([stacked, problem.weights @ stacked, basis, problem.weights @ basis])
    stacked = problem.weighted(stacked)
    return Profile(ordinary, stacked.T @ stacked, problem.matrix.shape[1], problem.rho, problem.error)


def _solved(matrix: Matrix, right: Matrix, scale: Vector) -> Matrix:
    found: Matrix = scale * np.linalg.solve(matrix * np.outer(scale, scale), scale * right)
    return found


@dataclass(frozen=True, eq=False)
class Solution:
    """The model at given rho and lambda, computed from the data themselves, in scaled units."""

    rho: float
    error: float
    filtered: LeastSquares  # of (I - lambda W)(I - rho W) y on (I - lambda W) Z, weighted
    filtered_matrix: Matrix  # (I - lambda W) Z, weighted
    lag: Vector  # W y; zeros without rho
    deviations: Vector  # u = (I - rho W) y - Z b
    residuals: Vector  # e = (I - lambda W) u, not weighted

    @property
    def coefficients(self) -> Vector:
        """The coefficients b."""
        return self.filtered.coefficients

    @property
    def variance(self) -> float:
        """Sum of (weighted) squares / n."""
        return self.filtered.squares / len(self.residuals)


def solution_at(problem: Problem, rho: float, error: float) -> Solution:
    """
    Solve for the other coefficients.

    Parameters
    ----------
    problem
        The model.
    rho, error
        The spatial parameters.

    Returns
    -------
    Solution
        Coefficients and residuals.
    """
    weights = problem.weights
    lag = weights @ problem.response if problem.rho else np.zeros_like(problem.response)
    response, matrix = problem.response - rho * lag, problem.matrix
    if problem.error:
        response, matrix = response - error * (weights @ response), matrix - error * (weights @ matrix)
    matrix = problem.weighted(matrix)
    fit = least_squares(problem.weighted(response), matrix)
    deviations = problem.response - rho * lag - problem.matrix @ fit.coefficients
    residuals = deviations - error * (weights @ deviations) if problem.error else deviations
    return Solution(rho, error, fit, matrix, lag, deviations, residuals)
