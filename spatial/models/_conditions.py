"""The two moments of Drukker, Egger and Prucha: what they are, and how they and the coefficients vary together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._moments import cross_product
from spatial.models._two_stage import TwoStage

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Errors = Literal["equal", "unequal"]


@dataclass(frozen=True, eq=False)
class Conditions:
    """u'A u = 0 for the filtered u, for A = scale (W'W - diag(centre)) and A = (W + W') / 2, and sums that their covariance needs."""

    errors: Errors
    weights: "csr_array"
    turned: "csr_array"  # W'
    scale: float
    centre: Vector  # (n,)
    diagonal: Vector  # of the first A, (n,)
    squared: "csr_array"  # a_ij² of the first A
    crossed: "csr_array"  # a_ij (w_ij + w_ji)
    doubled: "csr_array"  # (w_ij + w_ji)²

    def first(self, values: Vector) -> Vector:
        """Multiply the first A with a vector."""
        return np.asarray(self.scale * (self.turned @ (self.weights @ values) - self.centre * values))

    def moments(self, residuals: Vector) -> tuple[Matrix, Vector]:
        """G and g with g - G (lambda, lambda²)' = 0, for residuals in their own unit."""
        n = len(residuals)
        u = residuals / np.sqrt(residuals @ residuals / n)
        v = self.weights @ u
        of_v = self.first(v)
        matrix = np.array([[2 * (u @ of_v), -(v @ of_v)], [u @ (self.weights @ v) + v @ v, -(v @ (self.weights @ v))]]) / n
        return matrix, np.array([u @ self.first(u), u @ v]) / n

    def spread(
        self,
        fit: TwoStage,
        residuals: Vector,
        parameter: float,
        *,
        instrumented: bool,
        inverse: Callable[[Matrix], Matrix] | None = None,
    ) -> tuple[Matrix, Matrix]:
        """
        Give the covariance of the moments times n, and (n, 2) how e moves them through d; for residuals in their own unit.

        `inverse` solves with (I - lambda W)', for coefficients that were not estimated from filtered columns.
        """
        n = len(residuals)
        u = residuals / np.sqrt(residuals @ residuals / n)
        e = u - parameter * (self.weights @ u)
        moving = np.zeros((n, 2))
        if instrumented:
            slopes = np.column_stack([self.first(e), (self.weights @ e + self.turned @ e) / 2])
            moving = -2 * fit.basis @ (fit.influence @ (fit.regressors.T @ slopes))
            if inverse is not None:
                moving = inverse(moving)
        if self.errors == "unequal":
            s = e**2
            across = s @ (self.crossed @ s)
            own = np.array([[2 * (s @ (self.squared @ s)), across], [across, s @ (self.doubled @ s) / 2]])
            return (own + moving.T @ (s[:, None] * moving)) / n, moving
        second, third, fourth = (float((e**power).mean()) for power in (2, 3, 4))
        across = second**2 * self.crossed.sum()
        own = np.array([[2 * second**2 * self.squared.sum(), across], [across, second**2 * self.doubled.sum() / 2]])
        own[0, 0] += (fourth - 3 * second**2) * (self.diagonal @ self.diagonal)
        skew = third * (moving.T @ self.diagonal)
        own += second * (moving.T @ moving) + np.array([[2 * skew[0], skew[1]], [skew[1], 0.0]])
        return own / n, moving


def conditions_of(weights: "csr_array", errors: Errors) -> Conditions:
    """Prepare the conditions of one graph, for errors of equal or of unequal variances."""
    from scipy.sparse import csr_array, diags_array

    n = weights.shape[0]
    product = cross_product(weights)
    own = product.diagonal()
    mean = float(own.sum()) / n
    centre = own if errors == "unequal" else np.full(n, mean)
    scale = 1.0 if errors == "unequal" else 1 / (1 + mean**2)
    first = csr_array(product - diags_array(centre, format="csr"))
    del product  # at a million places it holds some hundred megabytes
    first.data *= scale
    turned = csr_array(weights.T)
    both = csr_array(weights + turned)
    return Conditions(
        errors=errors,
        weights=weights,
        turned=turned,
        scale=scale,
        centre=centre,
        diagonal=scale * (own - centre),
        squared=csr_array((first.data**2, first.indices, first.indptr), shape=first.shape),
        crossed=csr_array(first.multiply(both)),
        doubled=csr_array((both.data**2, both.indices, both.indptr), shape=both.shape),
    )


def joint_covariance(conditions: Conditions, fit: TwoStage, residuals: Vector, parameter: float, *, instrumented: bool) -> Matrix:
    """Covariance of (d, lambda); `fit` is filtered with this lambda, residuals are those of the coefficients."""
    n, k = fit.regressors.shape
    unit = float(np.sqrt(residuals @ residuals / n))
    u = residuals / unit
    e = u - parameter * (conditions.weights @ u)
    matrix, _ = conditions.moments(residuals)
    spread, moving = conditions.spread(fit, residuals, parameter, instrumented=instrumented)
    slope = matrix @ [1.0, 2 * parameter]
    weighted = inverse_spread(spread) @ slope
    own = 1 / float(slope @ weighted) / n
    if conditions.errors == "unequal":
        inner = fit.basis.T @ (e[:, None] ** 2 * fit.basis)
        shared = fit.basis.T @ (e[:, None] ** 2 * moving)
    else:
        second, third = float((e**2).mean()), float((e**3).mean())
        inner = second * np.eye(fit.basis.shape[1])
        shared = second * (fit.basis.T @ moving)
        shared[:, 0] += third * (fit.basis.T @ conditions.diagonal)
    whole = np.empty((k + 1, k + 1))
    whole[:k, :k] = fit.influence.T @ inner @ fit.influence * unit**2
    whole[:k, k] = whole[k, :k] = fit.influence.T @ (shared @ weighted) * own * unit
    whole[k, k] = own
    return whole


def inverse_spread(spread: Matrix) -> Matrix:
    """Invert the covariance of the moments, by which they are weighted."""
    try:
        np.linalg.cholesky(spread)
        return np.asarray(np.linalg.inv(spread), dtype=float)
    except np.linalg.LinAlgError:
        raise ModelError(
            complaint(
                "parameter lambda",
                "the covariance of its moment conditions is singular",
                "Expected a graph in which the neighbours of neighbours differ from the neighbours",
                "Use another graph",
            )
        ) from None
