"""What the neighbours' sum of a place is when the other places' values are dealt out around it by chance."""

import math
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.explore._draws import EVEN, Counts, Task, Whole, task_of
from spatial.explore._moments import row_sums
from spatial.explore._own import own, summed
from spatial.explore._permutations import Exact
from spatial.explore._rotated import rotated
from spatial.explore._shared import shared
from spatial.explore._significance import Alternative, Array, two_tails

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Draws = Literal["rotated", "own", "shared"]
Tally = np.ndarray[Any, np.dtype[np.int32]]

_WAYS = {"rotated": rotated, "own": own, "shared": shared}
ORDER = 1e-13  # what a neighbour more does to the last digits of a sum
ROUNDINGS = 1e-14  # what is left of a value that was added and taken off
LOST = 4  # values that are off in a sum and in the one it is compared with
_HELD = 262_144  # sums held at a time where all sets are tried


@dataclass(frozen=True)
class Conditional:
    """For each place, how many of its draws gave a sum as small, or as large, as its own."""

    less: Tally
    greater: Tally
    draws: Tally
    exact: "np.ndarray[Any, np.dtype[np.bool_]]"  # whether the draws are all there are
    permutations: int  # that were asked for
    way: Draws = "rotated"  # how those that are not exact were sampled

    def p(self, alternative: Alternative, upward: "np.ndarray[Any, np.dtype[np.bool_]] | bool" = True) -> Array:  # noqa: FBT002  (an array more often)
        """
        Give the permutation p of each place; NaN for one without neighbours.

        ``upward`` is False where the statistic falls when the sum grows. A sampled p is (c + 1) / (m + 1), an exact one c / m.
        """
        less, greater = self._share(self.less), self._share(self.greater)
        found: Array = two_tails(np.where(upward, less, greater), np.where(upward, greater, less), alternative)
        return found

    def smaller_tail(self, upward: "np.ndarray[Any, np.dtype[np.bool_]] | bool" = True) -> Array:  # noqa: FBT002  (as in p)
        """
        Give the one-sided pseudo p of GeoDa and PySAL: of the smaller tail, where the lower one leaves draws out that are tied.

        It is (c + 1) / (m + 1) for them always, with c as many of the m ``permutations`` as would be, where all sets were tried.
        """
        count = np.where(upward, self.greater, self.less)
        share = np.minimum(count, self.draws - count) / np.maximum(self.draws, 1)
        return np.where(self.draws > 0, (share * self.permutations + 1) / (self.permutations + 1), np.nan)

    def ties(self) -> Array:
        """Give the share of draws whose sum is just the observed one; where all sets were tried, of the others."""
        tied = self.less + self.greater - self.draws - self.exact
        return np.where(self.draws > 0, tied / np.maximum(self.draws, 1), np.nan)

    def smallest_p(self, alternative: Alternative) -> Array:
        """Give the smallest p the number of draws allows."""
        least = 1 / (self.draws + ~self.exact)
        return np.minimum(1.0, least * (2 if alternative == "two-sided" else 1))

    def _share(self, count: Tally) -> Array:
        found: Array = np.where(self.draws > 0, (count + ~self.exact) / np.maximum(self.draws + ~self.exact, 1), np.nan)
        return found


def conditional(
    values: Array,
    matrix: "csr_array",
    *,
    count: int,
    seed: int,
    exact: Exact,
    draws: Draws = "rotated",
    share: Array | None = None,
    digits: Array | float = 0.0,
) -> Conditional:
    """
    Hold each place's own value fixed, deal the others out around it, and see how often the sum is as extreme.

    Parameters
    ----------
    values
        One per place, in the order of the sorted labels; or (columns, places), dealt out together.
    matrix
        Weights of 0 or more, without a diagonal, in the same order.
    count
        How many draws each place gets where they are sampled.
    seed
        Of the random generators.
    exact
        ``"auto"``: where a place has no more than ``count`` possible sets of neighbours, all of them are tried.
    draws
        How neighbours are sampled: ``"rotated"`` (see ``_rotated``), ``"own"`` (see ``_own``) or ``"shared"`` (see ``_shared``).
    share
        (columns, places): what the sum of each column counts for a place; by default 1, for one column.
    digits
        How far the values of each column may be off, in their unit: what was left of the digits they were computed from.

    Returns
    -------
    Conditional
        Counts per place.

    Notes
    -----
    Only the values that fall on the k neighbours of a place matter: k of the n - 1 others, drawn without replacement. Neither
    the order of the rows nor the number of processors can change a number: random numbers are named by the seed and by the
    places' rank among the labels.
    """
    table = np.atleast_2d(np.asarray(values, float))
    n = matrix.shape[0]
    observed = _observed(table, matrix, share)
    close = _rounding(table, matrix, share, digits)
    bounds = observed - close, observed + close
    del observed, close  # with millions of places memory counts
    less, greater, tried = (np.zeros(n, np.int32) for _ in range(3))
    alike = _alike(matrix)
    ways = _ways(matrix, alike, count)
    complete = (ways > 0) & (ways <= count) & (exact == "auto")
    for chosen, some in ((complete, True), ((ways > 0) & ~complete, False)):
        who = np.flatnonzero(chosen)
        if not len(who):
            continue
        task = task_of(table, matrix, who, share, bounds, count, seed, alike=bool(alike[who].all()))
        less[task.who], greater[task.who] = _every(task) if some else _WAYS[draws](task)
        tried[task.who] = ways[task.who] if some else count
    return Conditional(less, greater, tried, complete, count, draws)


def _observed(table: Array, matrix: "csr_array", share: Array | None) -> Array:
    sums = np.stack([matrix @ values for values in table])
    found: Array = sums[0] if share is None else (sums * share).sum(axis=0)
    return found


def _rounding(table: Array, matrix: "csr_array", share: Array | None, digits: Array | float) -> Array:
    """
    Bound what rounding does to a sum of just the observed values in another order, for each place.

    It goes by the size of what was observed: next to one huge value, the other places' draws still differ. What is left of the
    largest value after it was added and taken off again comes on top, and that deviations from the mean of large values have lost
    their last digits.
    """
    size = np.abs(table)
    share = None if share is None else np.abs(share)
    own, largest = _observed(size, matrix, share), size.max(axis=1)
    found: Array = own * (ORDER * (10 + np.diff(matrix.indptr)))
    least = ROUNDINGS * largest + LOST * np.broadcast_to(digits, largest.shape)
    found += row_sums(matrix) * (least[0] if share is None else least @ share)
    return found


def _alike(matrix: "csr_array") -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Tell of each place whether the weights of its neighbours are the same."""
    found = np.ones(matrix.shape[0], bool)
    linked = np.flatnonzero(np.diff(matrix.indptr))
    high, low = (each.reduceat(matrix.data, matrix.indptr[linked]) for each in (np.maximum, np.minimum))
    found[linked] = high - low <= EVEN * np.abs(high)
    return found


def _ways(matrix: "csr_array", alike: "np.ndarray[Any, np.dtype[np.bool_]]", most: int) -> Whole:
    """Count, for each place, the sets of neighbours it could have, ordered ones where its weights differ; above ``most`` roughly."""
    others = matrix.shape[0] - 1
    degrees = np.diff(matrix.indptr)
    found = np.zeros(len(degrees), np.int64)
    for degree in np.flatnonzero(np.bincount(degrees)):
        if not degree:
            continue
        here = degrees == degree
        for equal, number in ((True, math.comb), (False, math.perm)):
            found[here & (alike == equal)] = min(number(others, int(degree)), most + 1)
    return found


def _every(task: Task) -> Counts:
    """Try all sets of neighbours, or where weights differ all ordered ones; the same for each place."""
    less, greater = (np.zeros(len(task.who), np.int64) for _ in range(2))
    ends = np.flatnonzero(np.diff(task.degrees, append=-1)) + 1
    for start, last in zip([0, *ends[:-1]], ends, strict=True):
        degree = int(task.degrees[start])
        rows = np.arange(start, last)
        alike = np.ones(len(rows), bool)
        if task.weights is not None:
            weights = task.weights[task.starts[start] : task.starts[last]].reshape(-1, degree)
            alike = np.ptp(weights, axis=1) <= EVEN * np.abs(weights).max(axis=1)
        for some, sets in ((rows[alike], combinations), (rows[~alike], permutations)):
            if not len(some):
                continue
            drawn = np.array(list(sets(range(task.n - 1), degree)), np.int32).T[:, None, :]
            step = max(1, _HELD // drawn.shape[2])
            for first in range(0, len(some), step):
                part = _part(task, some[first : first + step])
                sums = summed(part, drawn, 0, len(part.who))
                less[some[first : first + step]] = np.count_nonzero(sums <= part.high[:, None], axis=1)
                greater[some[first : first + step]] = np.count_nonzero(sums >= part.low[:, None], axis=1)
    return less, greater


def _part(task: Task, rows: Whole) -> Task:
    """Take some places of one number of neighbours out of a task."""
    degree = int(task.degrees[rows[0]])
    weights = None if task.weights is None else task.weights[task.starts[rows][:, None] + np.arange(degree)].ravel()
    return replace(
        task,
        who=task.who[rows],
        degrees=task.degrees[rows],
        weights=weights,
        starts=np.arange(len(rows) + 1) * degree,
        share=None if task.share is None else task.share[:, rows],
        low=task.low[rows],
        high=task.high[rows],
    )
