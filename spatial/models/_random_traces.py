"""log |I - r W| from traces of powers of W, measured with random vectors: quick for any r, and only nearly right."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]

#: Standard errors between the mean of the probes and a stated bound.
SURE = 4.0


@dataclass(frozen=True, eq=False)
class Moments:
    """
    Traces of polynomials of W, one column for each random vector.

    Chebyshev polynomials on the range of the eigenvalues where W is symmetric, else powers of W over its largest eigenvalue.
    """

    traces: Vector  # (terms, probes)
    low: float  # of the eigenvalues
    high: float
    symmetric: bool


def moments(matrix: "csr_array", low: float, high: float, *, symmetric: bool, probes: int, terms: int) -> Moments:
    """
    Measure the traces.

    Parameters
    ----------
    matrix
        W, without a diagonal.
    low, high
        Smallest and largest eigenvalue.
    symmetric
        Whether W is symmetric.
    probes
        How many random vectors.
    terms
        How many polynomials.

    Returns
    -------
    Moments
        The first three are exact: those of 1, W and W W.

    References
    ----------
    Barry, R. P., Pace, R. K. (1999). Monte Carlo estimates of the log determinant of large sparse matrices.
    Linear Algebra and its Applications 289, 41-54. doi:10.1016/S0024-3795(97)10009-X.
    Han, I., Malioutov, D., Shin, J. (2015). Large-scale log-determinant computation through stochastic Chebyshev expansions.
    ICML 2015, PMLR 37, 908-917.
    """
    n = matrix.shape[0]
    start = np.where(np.random.default_rng(0).integers(0, 2, (n, probes), dtype=np.int8) > 0, 1.0, -1.0)
    square = float(matrix.data @ matrix.data if symmetric else (matrix * matrix.T).sum())
    found = np.empty((terms, probes))
    if not symmetric:
        scaled, vector = matrix / high, start
        for term in range(terms):
            found[term] = np.einsum("ij,ij->j", start, vector)
            vector = scaled @ vector
        found[:3] = np.array([n, 0, square / high**2])[:, None]
        return Moments(found, low, high, symmetric)
    middle, half = (low + high) / 2, (high - low) / 2

    def times(vector: Vector) -> Vector:
        product: Vector = matrix @ vector
        if middle:
            product -= middle * vector
        if half != 1:
            product /= half
        return product

    before, now = start, times(start)
    found[0], found[1] = n, np.einsum("ij,ij->j", before, now)
    for term in range(2, terms, 2):  # T_2k = 2 T_k T_k - 1, T_2k+1 = 2 T_k T_k+1 - T_1
        found[term] = 2 * np.einsum("ij,ij->j", now, now) - n
        following = times(now)
        following *= 2
        following -= before
        if term + 1 < terms:
            found[term + 1] = 2 * np.einsum("ij,ij->j", now, following) - found[1]
        before, now = now, following
    found[1], found[2] = -middle * n / half, 2 * (square + middle**2 * n) / half**2 - n
    return Moments(found, low, high, symmetric)


def approximated(given: Moments, parameter: float) -> tuple[float, float, float]:
    """
    Sum the series.

    Parameters
    ----------
    given
        As measured.
    parameter
        r, inside the admissible interval.

    Returns
    -------
    tuple
        log |I - r W|, its derivative, and how far the first may be from the truth: four standard errors of the mean over the
        probes, and what the terms that were left out amount to (a bound where W is symmetric, else judged from the last term).
    """
    series, count = _series(given, parameter), given.traces.shape[0]
    order = np.arange(1, count)
    each = -series.factor * (series.t**order / order) @ given.traces[1:]
    left_out = series.following * abs(series.t) ** count / count
    return float(series.whole + each.mean()), float(series.slope + _slopes(given, series).mean()), _spread(each) + left_out


def slope_error(given: Moments, parameter: float) -> float:
    """
    Tell how far the derivative of the series may be from the truth, as `approximated` does of its value.

    Parameters
    ----------
    given
        As measured.
    parameter
        r, inside the admissible interval.

    Returns
    -------
    float
        Four standard errors of the mean over the probes, and what the terms that were left out amount to.
    """
    series, count = _series(given, parameter), given.traces.shape[0]
    left_out = float(series.following * abs(series.t_slope) * abs(series.t) ** (count - 1))
    return _spread(_slopes(given, series)) + left_out


@dataclass(frozen=True)
class _Series:
    """The series at one r: a sum of -factor / k t^k trace_k, and what is known exactly."""

    t: float
    t_slope: float
    whole: float
    slope: float
    factor: float
    following: float  # what a geometric series of terms left out is multiplied with


def _series(given: Moments, parameter: float) -> _Series:
    n = float(given.traces[0, 0])
    t, t_slope, whole, slope, factor = parameter * given.high, given.high, 0.0, 0.0, 1.0
    if given.symmetric:
        middle, half = (given.low + given.high) / 2, (given.high - given.low) / 2
        a, b = 1 - parameter * middle, parameter * half
        root = float(np.sqrt(max(a * a - b * b, 1e-300)))
        size, size_slope = a + root, -middle + (-a * middle - b * half) / root
        t, t_slope = b / size, (half * size - b * size_slope) / size**2
        whole, slope, factor = n * float(np.log(size / 2)), n * size_slope / size, 2.0
    trace = n if given.symmetric else max(1.0, float(np.abs(given.traces[-1].mean())))
    return _Series(t, t_slope, whole, slope, factor, factor * trace / (1 - min(abs(t), 1 - 1e-12)))


def _slopes(given: Moments, series: _Series) -> Vector:
    """Sum the derivatives of the terms, for each random vector."""
    order = np.arange(given.traces.shape[0] - 1)
    return np.asarray(-series.factor * series.t_slope * (series.t**order) @ given.traces[1:])


def _spread(each: Vector) -> float:
    return SURE * float(each.std(ddof=1)) / float(np.sqrt(len(each))) if len(each) > 1 else float("inf")


def ratio(low: float, high: float, parameter: float, *, symmetric: bool) -> float:
    """
    Tell by how much the terms of the series fall from one to the next.

    Parameters
    ----------
    low, high
        Smallest and largest eigenvalue.
    parameter
        r.
    symmetric
        Whether W is symmetric.

    Returns
    -------
    float
        Below 1 where the series converges.
    """
    if not symmetric:
        return abs(parameter * high)
    a, b = 1 - parameter * (low + high) / 2, parameter * (high - low) / 2
    return abs(b) / (a + float(np.sqrt(max(a * a - b * b, 1e-300))))
