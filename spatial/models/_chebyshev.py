"""A function that is dear to compute, replaced by a polynomial whose error is known."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev

FEWEST, MOST = 6, 256
#: How many times larger than judged the error is taken to be.
CAUTION = 10.0


@dataclass(frozen=True, eq=False)
class Fitted:
    """A polynomial and its error relative to the largest value, judged from how its coefficients fall."""

    polynomial: Chebyshev
    error: float


def fitted(
    function: Callable[[float], float],
    low: float,
    high: float,
    tolerance: float = 1e-12,
    *,
    near: Chebyshev | None = None,
    fewest: int = FEWEST,
    fall: float = 1.0,
) -> Fitted:
    """
    Interpolate an analytic function at Chebyshev nodes, twice as many until the coefficients have fallen.

    Parameters
    ----------
    function
        Analytic between `low` and `high`, such as a log-determinant inside its interval.
    low, high
        The range, `low` < `high`.
    tolerance
        The error to reach, relative to the largest absolute value of the function.
    near
        A polynomial of any degree on the same range, close to the function: then only the difference is interpolated.
    fewest
        Intervals to begin with.
    fall
        By how much coefficients must fall at least from one to the next, where it is known how far the function is analytic, see
        `known_fall`; 1 where it is not known.

    Returns
    -------
    Fitted
        The polynomial and its error, ten times the sum of the coefficients that would follow if they went on to fall as they
        did: for an analytic function they fall geometrically.

    Notes
    -----
    Nodes are the extreme points of a Chebyshev polynomial, of which those for n intervals are half of those for 2n, so
    nothing is computed twice. Trefethen, L. N. (2019). Approximation Theory and Approximation Practice. SIAM.
    """
    values: dict[float, float] = {}
    size, error, count = 0.0, np.inf, fewest
    while True:
        for key in _keys(count):
            if key not in values:
                node = _node(key, low, high)
                found = function(node)
                size = max(size, abs(found))
                values[key] = found - (float(near(node)) if near is not None else 0.0)
        polynomial = _through(np.array([values[key] for key in _keys(count)]), low, high, count)
        coefficients = np.abs(polynomial.coef)
        error = min(_following(coefficients), _left(coefficients, fall)) / (size or 1.0)
        if error <= tolerance or 2 * count > MOST:
            break
        count *= 2
    return Fitted(polynomial if near is None else polynomial + near, float(error))


def _following(coefficients: Any) -> float:
    """Judge what follows the last coefficients from how quickly they fell, the last even and the last odd one."""
    largest, last = coefficients.max(), max(coefficients[-2], 2 * coefficients[-1])
    if last == 0:
        return 0.0
    share = min((last / largest) ** (1 / (len(coefficients) - 2)), 0.99)
    return float(CAUTION * last * share / (1 - share))


def _left(coefficients: Any, fall: float) -> float:
    """Judge what follows from how quickly it must fall, on from each coefficient that is known."""
    if fall >= 1:
        return float("inf")
    steps = np.arange(len(coefficients), 0, -1)
    return float(CAUTION * (coefficients * fall**steps).max() / (1 - fall))


def known_fall(low: float, high: float, reach: float) -> float:
    """
    Tell by how much the Chebyshev coefficients of a function fall from one to the next.

    Parameters
    ----------
    low, high
        The range of the polynomial.
    reach
        How far from its middle the nearest singularity is.

    Returns
    -------
    float
        1 / the parameter of the Bernstein ellipse half-way to the singularity; 1 where that is no further than the ends.

    References
    ----------
    Trefethen, L. N. (2019). Approximation Theory and Approximation Practice. SIAM. Theorem 8.1.
    """
    half = (high - low) / 2
    wide = max((reach / half + 1) / 2, 1.0) if half > 0 else np.inf
    return float(1 / (wide + np.sqrt(wide * wide - 1)))


def _node(key: float, low: float, high: float) -> float:
    return (low + high) / 2 + (high - low) / 2 * float(np.cos(np.pi * key))


def _keys(count: int) -> list[float]:
    return [place / count for place in range(count + 1)]


def _through(values: Any, low: float, high: float, count: int) -> Chebyshev:
    """Find the coefficients by the discrete cosine transform, written out: count is small."""
    places = np.arange(count + 1)
    ends = np.where((places == 0) | (places == count), 0.5, 1.0)
    coefficients = 2 / count * ends * (np.cos(np.pi * np.outer(places, places) / count) @ (ends * values))
    return Chebyshev(coefficients, domain=[low, high])
