"""Coordinates for places that have none: how many links they are from far ends of the graph."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: How often a place is moved half way to the middle of its neighbours.
SMOOTHINGS = 30


def coordinates_from(pattern: "csr_array") -> NDArray[np.float64]:
    """
    Lay a graph out by steps from four places that are far from one another, like the corners of a map.

    Parameters
    ----------
    pattern
        Symmetric pattern of ones, (n, n).

    Returns
    -------
    numpy.ndarray
        (n, 2), in steps: those of neighbours are close.
    """
    from scipy.sparse.csgraph import connected_components

    component = connected_components(pattern, directed=False)[1]
    one = _steps(pattern, _last(component, np.zeros(len(component))))
    one = _steps(pattern, _last(component, one))
    other = _steps(pattern, _last(component, one))
    third = _steps(pattern, _last(component, np.minimum(one, other)))
    fourth = _steps(pattern, _last(component, third + np.minimum(one, other)))
    found = np.stack([one - other, third - fourth], axis=1)
    counts = np.diff(pattern.indptr)[:, None]
    for _ in range(SMOOTHINGS):  # whole numbers are the same for many places; means with the neighbours are not
        found = (found + (pattern @ found) / np.maximum(counts, 1)) / 2
    return found


def _last(component: Any, values: Any) -> Any:
    """Find the place with the largest value of every component."""
    order = np.lexsort((values, component))
    return order[np.append(np.flatnonzero(np.diff(component[order])), len(order) - 1)]


def _steps(pattern: "csr_array", starts: Any) -> Any:
    """Count steps from the nearest start, by a search from one place that is added and linked to all of them."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import breadth_first_order

    n = pattern.shape[0]
    indices = np.concatenate([pattern.indices, starts])
    ends = np.append(pattern.indptr, pattern.indptr[-1] + len(starts))
    order, before = breadth_first_order(csr_matrix((np.ones(len(indices)), indices, ends), shape=(n + 1, n + 1)), n)
    place = np.empty(n + 1, dtype=np.int64)
    place[order] = np.arange(n + 1)
    # Found in this order, places come in the order of those they were found from: one search for each step will do.
    found_from = place[before[order[1:]]]
    steps, first, step = np.zeros(n + 1), 1, 0
    while first <= n:
        step += 1
        last = 1 + int(np.searchsorted(found_from, first))
        steps[order[first:last]] = step
        first = last
    return steps[:n]
