"""The places whose neighbours are drawn by chance: their weights in the form every way of drawing needs."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.explore._significance import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Whole = np.ndarray[Any, np.dtype[np.int64]]
Counts = tuple[np.ndarray[Any, np.dtype[Any]], np.ndarray[Any, np.dtype[Any]]]

EVEN = 1e-12  # weights of a place that differ by less are the same


@dataclass(frozen=True, eq=False)
class Task:
    """
    What is to be counted for a number of places.

    A place's sum is sum_c share[c] * sum_j weight[j] * values[c, j] over the neighbours j that a draw gave it. Places are
    ordered by number of neighbours, most first, then by label.
    """

    values: Array  # (columns, n), of all places
    who: Whole  # (m,), positions of the places whose neighbours are drawn
    degrees: Whole  # (m,), falling
    weights: Array | None  # those of each place one after another; None where all weights of a place are alike
    starts: Whole  # (m + 1,), where the weights of a place begin
    share: Array | None  # (columns, m); None where the one column simply counts
    low: Array  # (m,): a draw with a sum of at least this is as large as what was observed
    high: Array  # (m,): a draw with a sum of at most this is as small
    count: int
    seed: int

    @property
    def n(self) -> int:
        """The number of places that have values."""
        return int(self.values.shape[1])

    @cached_property
    def reach(self) -> Whole:
        """For each rank of neighbour, how many places have one of it."""
        most = int(self.degrees[0])
        return np.searchsorted(-self.degrees, -np.arange(most), side="left").astype(np.int64)

    @cached_property
    def ranked(self) -> list[Array]:
        """The weights of all first neighbours, of all second ones, and so on."""
        if self.weights is None:
            return []
        return [self.weights[self.starts[:reach] + rank] for rank, reach in enumerate(self.reach)]


def task_of(
    values: Array,
    matrix: "csr_array",
    who: Whole,
    share: Array | None,
    bounds: tuple[Array, Array],
    count: int,
    seed: int,
    *,
    alike: bool,
) -> Task:
    """
    Order the places ``who`` and their weights; ``bounds`` (low, high) and ``share`` are those of all places.

    ``alike`` says whether each of them gives all its neighbours the same weight.
    """
    degrees = np.diff(matrix.indptr)
    who = who[np.argsort(-degrees[who], kind="stable")]
    found = degrees[who].astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(found)])
    first = matrix.indptr[who]
    weights = None if alike else matrix.data[np.repeat(first - starts[:-1], found) + np.arange(starts[-1])]
    scale = matrix.data[first] if alike else np.ones(len(who))
    lower, upper = bounds[0][who] / scale, bounds[1][who] / scale
    chosen = None if share is None else np.ascontiguousarray(share[:, who])
    return Task(values, who, found, weights, starts, chosen, lower, upper, count, seed)
