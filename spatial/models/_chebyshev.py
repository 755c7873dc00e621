"""A function that is dear to compute, replaced by a polynomial whose error was measured where it was not fitted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev

FEWEST, MOST = 8, 256
#: How many times larger than measured the error of the coarser polynomial is taken to be, before it is squared.
CAUTION = 10.0


@dataclass(frozen=True, eq=False)
class Fitted:
    """A polynomial and its error relative to the largest value, estimated from points where a coarser one was not fitted."""

    polynomial: Chebyshev
    error: float


def fitted(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-12) -> Fitted:
    """
    Interpolate an analytic function at Chebyshev nodes, twice as many until it is right at the nodes that are new.

    Parameters
    ----------
    function
        Analytic between `low` and `high`, such as a log-determinant inside its interval.
    low, high
        The range, `low` < `high`.
    tolerance
        The error to reach, relative to the largest absolute value of the function.

    Returns
    -------
    Fitted
        The polynomial and its error. The error of the polynomial with half as many intervals is measured at the nodes added
        last; since errors fall geometrically, that of the last one is about its square.

    Notes
    -----
    Nodes are the extreme points of a Chebyshev polynomial, of which those for n intervals are half of those for 2n, so
    nothing is computed twice. Trefethen, L. N. (2019). Approximation Theory and Approximation Practice. SIAM.
    """
    values: dict[float, float] = {}
    coarse, error, count = None, np.inf, FEWEST
    while count <= MOST and error > tolerance:
        new = {key: _node(key, low, high) for key in _keys(count) if key not in values}
        values |= {key: function(node) for key, node in new.items()}
        if coarse is not None:
            size = max(abs(each) for each in values.values()) or 1.0
            measured = max(abs(coarse(node) - values[key]) for key, node in new.items()) / size
            error = (CAUTION * measured) ** 2 if measured < 1 / CAUTION else np.inf
        coarse = _through(np.array([values[key] for key in _keys(count)]), low, high, count)
        count *= 2
    assert coarse is not None
    return Fitted(coarse, float(error))


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
