"""Lambda from the moments of residuals: the conditions, and the one minimum of their sum of squares that is the least."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: A second minimum whose sum of squares is within this factor of the least is told.
RIVAL = 2.0


@dataclass(frozen=True)
class Minimum:
    """Where the conditions are met best."""

    parameter: float
    loss: float
    rivals: tuple[tuple[float, float], ...]  # other local minima with a loss not much larger: parameter, loss
    at_limit: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know."""
        found: tuple[str, ...] = ()
        if self.at_limit:
            found += (
                f"The moment conditions are met best at a limit of lambda, {self.parameter:.6g}: treat all numbers as unreliable.",
            )
        if self.rivals:
            also = ", ".join(f"{parameter:.6g}" for parameter, _ in self.rivals)
            found += (
                f"The moment conditions are met almost as well by lambda = {also}; the best, {self.parameter:.6g}, was taken.",
            )
        return found


def least(loss: Polynomial, low: float, high: float) -> Minimum:
    """
    Find the least value of a polynomial on an interval among all its stationary points.

    Parameters
    ----------
    loss
        A quartic.
    low, high
        The admissible interval.

    Returns
    -------
    Minimum
        The best, and other local minima that are almost as good.
    """
    slope, bend = loss.deriv(), loss.deriv(2)
    roots = slope.roots()
    real = np.sort(roots.real[np.abs(roots.imag) <= 1e-7 * (1 + np.abs(roots.real))])
    inner = [_polished(slope, bend, float(root)) for root in real if low < root < high and bend(root) > 0]
    points = [*inner, low, high]
    values = [float(loss(point)) for point in points]
    best = int(np.argmin(values))
    rivals = [
        (points[place], values[place])
        for place in range(len(inner))
        if place != best and values[place] <= RIVAL * max(values[best], 0.0)
    ]
    return Minimum(points[best], values[best], tuple(rivals), at_limit=best >= len(inner))


def _polished(slope: Polynomial, bend: Polynomial, root: float) -> float:
    for _ in range(2):
        root -= float(slope(root) / bend(root))
    return root


@dataclass(frozen=True, eq=False)
class Classic:
    """The three moments of Kelejian and Prucha (1999): matrix (lambda, lambda², s2)' = vector + what chance adds."""

    matrix: Matrix  # (3, 3)
    vector: Vector  # (3,)
    spread: float  # trace(W'W) / n
    unit: float  # root mean square of the residuals: they were divided by it
    residuals: Vector  # u / unit
    once: Vector  # W u / unit
    twice: Vector  # W W u / unit


def classic_moments(residuals: Vector, weights: "csr_array") -> Classic:
    """
    Compute the three moments; two sparse products.

    Parameters
    ----------
    residuals
        u, (n,).
    weights
        W.

    Returns
    -------
    Classic
        The conditions for u divided by its root mean square, so that no unit matters.
    """
    n = len(residuals)
    unit = float(np.sqrt(residuals @ residuals / n))
    u = residuals / unit
    v = weights @ u
    w = weights @ v
    spread = square_sum(weights) / n
    matrix = np.array([[2 * (u @ v), -(v @ v), n], [2 * (w @ v), -(w @ w), n * spread], [u @ w + v @ v, -(v @ w), 0.0]]) / n
    return Classic(matrix, np.array([u @ u, v @ v, u @ v]) / n, spread, unit, u, v, w)


def classic_minimum(moments: Classic, low: float, high: float) -> tuple[Minimum, float]:
    """
    Solve the three conditions by non-linear least squares.

    Parameters
    ----------
    moments
        The conditions.
    low, high
        Interval of lambda.

    Returns
    -------
    tuple
        lambda, and s2 in the units of the residuals squared.

    Notes
    -----
    For a given lambda the best s2 is linear, which leaves a quartic polynomial in lambda: its least value on the interval is exact.
    spatialreg starts a general search at one point (and stops there when y has small numbers), spreg searches (-0.99, 0.99)
    and stops at about 1e-5.

    References
    ----------
    Kelejian, H. H., Prucha, I. R. (1999). A generalized moments estimator for the autoregressive parameter in a spatial model.
    International Economic Review 40, 509-533. doi:10.1111/1468-2354.00027.
    """
    third = moments.matrix[:, 2]
    along = third / (third @ third)
    clear = np.eye(3) - np.outer(third, along)
    found = least(quartic(clear @ moments.matrix[:, :2], clear @ moments.vector, np.eye(3)), low, high)
    s = float(along @ (moments.vector - moments.matrix[:, :2] @ [found.parameter, found.parameter**2]))
    return found, s * moments.unit**2


def quartic(matrix: Matrix, vector: Vector, weight: Matrix) -> Polynomial:
    """
    Write (g - G (r, r²)')' A (g - G (r, r²)') as a polynomial in r.

    Parameters
    ----------
    matrix
        G, (m, 2).
    vector
        g, (m,).
    weight
        A, (m, m).

    Returns
    -------
    numpy.polynomial.Polynomial
        Of degree 4.
    """
    first, second = matrix.T
    return Polynomial(
        [
            vector @ weight @ vector,
            -2 * (vector @ weight @ first),
            first @ weight @ first - 2 * (vector @ weight @ second),
            2 * (first @ weight @ second),
            second @ weight @ second,
        ]
    )


def square_sum(matrix: "csr_array") -> float:
    """Sum the squares of all elements of a matrix that holds each once."""
    return float(matrix.data @ matrix.data)


def cross_product(weights: "csr_array") -> "csr_array":
    """Multiply W' by W."""
    return weights.T.tocsr() @ weights.tocsr()


def classic_spread(
    moments: Classic, weights: "csr_array", parameter: float, s: float, moving: Matrix | None = None
) -> tuple[float, Matrix]:
    """
    Give the standard error of lambda of the three-moment estimator, for errors with equal variances and any distribution.

    Parameters
    ----------
    moments
        The conditions, from first-step residuals.
    weights
        W.
    parameter
        lambda.
    s
        s2, in the units of the residuals squared.
    moving
        (n, 3): how the errors move the conditions through the first-step coefficients, a_i in m_i = (e'A_i e + a_i'e) / n, residuals in
        their own unit; None where there are no endogenous regressors, whose coefficients then do not matter.

    Returns
    -------
    tuple
        The error, from the sandwich (D'D)^-1 D' V D (D'D)^-1, D the derivatives of the three conditions with respect to (lambda, s2), V
        the covariance of e'e / n, e'W'W e / n and e'W e / n; and (n,) the covariance of lambda with each error, times n, in
        the unit of the residuals.

    Notes
    -----
    spatialreg prints another number, see `spatialreg_error`.

    References
    ----------
    Kelejian, H. H., Prucha, I. R. (2010). Specification and estimation of spatial autoregressive models with autoregressive and
    heteroskedastic disturbances. Journal of Econometrics 157, 53-67. doi:10.1016/j.jeconom.2009.10.025. (Covariance of
    linear and quadratic forms, lemma A.1.)
    """
    n = len(moments.residuals)
    s /= moments.unit**2
    errors = moments.residuals - parameter * moments.once
    third, fourth = float((errors**3).mean()), float((errors**4).mean() / (errors**2).mean() ** 2) - 3
    product = cross_product(weights)
    own = product.diagonal()
    both = product.multiply(weights).sum()
    # cov(e'A e, e'B e) = 2 s² tr(A B) + s² excess sum(a_ii b_ii), A and B symmetric: I, W'W, (W + W') / 2.
    diagonals = np.column_stack([np.ones(n), own, weights.diagonal()])
    pairs = np.diag([float(n), square_sum(product), (square_sum(weights) + weights.multiply(weights.T).sum()) / 2])
    pairs[0, 1:] = pairs[1:, 0] = diagonals[:, 1:].sum(axis=0)
    pairs[1, 2] = pairs[2, 1] = both
    spread = s**2 * (2 * pairs + fourth * (diagonals.T @ diagonals))
    moved = third * diagonals
    if moving is not None:
        skew = third * (moving.T @ diagonals)
        spread += s * (moving.T @ moving) + skew + skew.T
        moved = moved + s * moving
    slopes = np.column_stack([moments.matrix[:, 0] + 2 * parameter * moments.matrix[:, 1], moments.matrix[:, 2]])
    turn = (np.linalg.inv(slopes.T @ slopes) @ slopes.T)[0]
    return float(np.sqrt(turn @ spread @ turn)) / n, moved @ turn * moments.unit


def spatialreg_error(moments: Classic, weights: "csr_array", parameter: float, s: float) -> float:
    """
    Give the standard error of lambda that spatialreg 1.2 `GMerrorsar` prints.

    Parameters
    ----------
    moments
        The conditions.
    weights
        W.
    parameter
        lambda.
    s
        The variance spatialreg uses, see `FilteredFit.first_variance`.

    Returns
    -------
    float
        For comparison only.

    Notes
    -----
    It is not the error of this estimator: the second of its two matrices is W'W where the condition u'W u asks for W, and the
    trace of their product is the sum of all elements. In simulations it is about twice too large; `classic_spread` is right.
    """
    n = len(moments.residuals)
    s /= moments.unit**2
    u, v, w, a = moments.residuals, moments.once, moments.twice, moments.spread
    c = 1 / np.sqrt(1 + a**2)
    slopes = np.array(
        [
            [2 * c * (w @ v - a * (v @ u)), -c * (w @ w - a * (v @ v))],
            [w @ u + v @ v, -(w @ v)],
        ]
    )
    slope = slopes @ [1.0, 2 * parameter] / n
    product = cross_product(weights)
    ahead = np.asarray(product.sum(axis=0)).ravel()
    squares, own = square_sum(product), product.diagonal().sum()
    first = 4 * c**2 * (squares - 2 * a * own + n * a**2)
    across = 4 * c * (ahead @ ahead - a * ahead.sum())
    inner = s**2 / (2 * n) * np.array([[first, across], [across, 4 * (ahead @ ahead)]])
    return float(np.sqrt(slope @ inner @ slope / (slope @ slope) ** 2 / n))
