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
    traces, count = given.traces, given.traces.shape[0]
    order, n = np.arange(1, count), traces[0, 0]
    if given.symmetric:
        middle, half = (given.low + given.high) / 2, (given.high - given.low) / 2
        a, b = 1 - parameter * middle, parameter * half
        root = np.sqrt(max(a * a - b * b, 1e-300))
        size, size_slope = a + root, -middle + (-a * middle - b * half) / root
        t, t_slope = b / size, (half * size - b * size_slope) / size**2
        whole, slope = n * np.log(size / 2), n * size_slope / size
        factor = 2.0
    else:
        t, t_slope, whole, slope, factor = parameter * given.high, given.high, 0.0, 0.0, 1.0
    each = -factor * (t**order / order) @ traces[1:]
    slopes = -factor * t_slope * (t ** (order - 1)) @ traces[1:]
    left_out = factor * abs(t) ** count / (count * (1 - min(abs(t), 1 - 1e-12)))
    left_out *= n if given.symmetric else max(1.0, float(np.abs(traces[-1].mean())))
    spread = SURE * float(each.std(ddof=1)) / np.sqrt(len(each)) if len(each) > 1 else np.inf
    return float(whole + each.mean()), float(slope + slopes.mean()), float(spread + left_out)


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
