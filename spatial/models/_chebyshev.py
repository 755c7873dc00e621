"""A function that is dear to compute, replaced by a polynomial whose error was measured where it was not fitted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev

FEWEST, MOST = 8, 256


@dataclass(frozen=True, eq=False)
class Fitted:
    """A polynomial and the largest error that was found at points between its nodes, relative to the largest value."""

    polynomial: Chebyshev
    error: float


def fitted(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-12) -> Fitted:
    """
    Interpolate a function at Chebyshev nodes, twice as many until it is right at the nodes that are new.

    Parameters
    ----------
    function
        Smooth between `low` and `high`.
    low, high
        The range, `low` < `high`.
    tolerance
        The error to reach, relative to the largest absolute value of the function.

    Returns
    -------
    Fitted
        The polynomial, and the error of the one with half as many nodes at the nodes added last: an upper estimate.

    Notes
    -----
    Nodes are the extreme points of a Chebyshev polynomial, of which those for n intervals are half of those for 2n, so
    nothing is computed twice. Trefethen, L. N. (2019). Approximation Theory and Approximation Practice. SIAM.
    """
    middle, half = (low + high) / 2, (high - low) / 2
    values: dict[float, float] = {}
    before, error, count = None, np.inf, FEWEST
    while count <= MOST and error > tolerance:
        angles = np.cos(np.pi * np.arange(count + 1) / count)
        new = [angle for angle in _keys(count) if angle not in values]
        for key in new:
            values[key] = function(middle + half * float(np.cos(np.pi * key)))
        size = max(abs(value) for value in values.values()) or 1.0
        if before is not None:
            error = max(abs(before(middle + half * float(np.cos(np.pi * key))) - values[key]) for key in new) / size
        before = _through(np.array([values[key] for key in _keys(count)]), low, high, len(angles) - 1)
        count *= 2
    assert before is not None
    return Fitted(before, float(error))


def _keys(count: int) -> list[float]:
    return [place / count for place in range(count + 1)]


def _through(values: Any, low: float, high: float, count: int) -> Chebyshev:
    """Find the coefficients by the discrete cosine transform, written out: count is small."""
    places = np.arange(count + 1)
    ends = np.where((places == 0) | (places == count), 0.5, 1.0)
    coefficients = 2 / count * ends * (np.cos(np.pi * np.outer(places, places) / count) @ (ends * values))
    return Chebyshev(coefficients, domain=[low, high])
