"""What the neighbours' sum of a place is when the other places' values are dealt out around it by chance."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.explore._permutations import Exact
from spatial.explore._significance import Alternative, Array, two_tails

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Whole = np.ndarray[Any, np.dtype[np.int64]]
Indices = np.ndarray[Any, np.dtype[np.int32]]

_BLOCK = 32_768  # draws held at a time; small enough to stay in the processor's cache


@dataclass(frozen=True)
class Conditional:
    """For each place, how many of its draws gave a sum as small, or as large, as its own."""

    less: Whole
    greater: Whole
    draws: Whole
    exact: "np.ndarray[Any, np.dtype[np.bool_]]"  # whether the draws are all there are

    def p(self, alternative: Alternative, upward: "np.ndarray[Any, np.dtype[np.bool_]] | bool" = True) -> Array:  # noqa: FBT002  (an array more often)
        """
        Give the permutation p of each place; NaN for one without neighbours.

        ``upward`` is False where the statistic falls when the sum grows. A sampled p is (c + 1) / (m + 1), an exact one c / m.
        """
        less, greater = self._share(self.less), self._share(self.greater)
        found: Array = two_tails(np.where(upward, less, greater), np.where(upward, greater, less), alternative)
        return found

    def smaller_tail(self) -> Array:
        """Give the smaller of the two one-sided p values, which GeoDa and PySAL print as pseudo p."""
        return np.minimum(self._share(self.less), self._share(self.greater))

    def smallest_p(self, alternative: Alternative) -> Array:
        """Give the smallest p the number of draws allows."""
        least = 1 / (self.draws + ~self.exact)
        return np.minimum(1.0, least * (2 if alternative == "two-sided" else 1))

    def _share(self, count: Whole) -> Array:
        found: Array = np.where(self.draws > 0, (count + ~self.exact) / np.maximum(self.draws + ~self.exact, 1), np.nan)
        return found


def conditional(values: Array, matrix: "csr_array", *, count: int, seed: int, exact: Exact) -> Conditional:
    """
    Hold each place's own value fixed, deal the others out around it, and see how often the sum is as extreme.

    Parameters
    ----------
    values
        One per place, in the order of the sorted labels.
    matrix
        Weights without a diagonal, in the same order.
    count
        How many draws each place gets where they are sampled.
    seed
        Of the random generators.
    exact
        ``"auto"``: where a place has no more than ``count`` possible sets of neighbours, all of them are tried.

    Returns
    -------
    Conditional
        Counts per place.

    Notes
    -----
    Only the values that fall on the k neighbours of a place matter: k of the n - 1 others, drawn without replacement. Every
    place gets draws of its own, so that the errors of their p values are independent. Places are handled by number of
    neighbours and then in the order of their labels, a fixed number at a time; each such block has its own generator, named
    by seed, number of neighbours and number of the block. So neither the order of the rows nor the number of processors can
    change a number.
    """
    n = matrix.shape[0]
    degrees = np.diff(matrix.indptr)
    observed = matrix @ values
    reach = np.asarray(abs(matrix).sum(axis=1)).ravel() * np.abs(values).max()
    close = 1e-10 * reach  # sums of the same values in another order differ in the last digits
    less, greater, draws = (np.zeros(n, np.int64) for _ in range(3))
    everything = np.zeros(n, bool)
    for degree in np.unique(degrees[degrees > 0]):
        members = np.flatnonzero(degrees == degree)
        weights = matrix.data[matrix.indptr[members][:, None] + np.arange(degree)]
        same = np.ptp(weights, axis=1) <= 1e-12 * np.abs(weights).max(axis=1)
        for equal in (True, False):
            chosen = same if equal else ~same
            ways = math.comb(n - 1, int(degree)) if equal else math.perm(n - 1, int(degree))
            complete = exact == "auto" and ways <= count
            here = members[chosen]
            everything[here], draws[here] = complete, ways if complete else count
            name = (seed, int(degree), int(equal))
            drawn = (
                _every(n - 1, int(degree), equal, len(here)) if complete else _sampled(n - 1, int(degree), len(here), count, name)
            )
            for block, indices in drawn:
                who, share = here[block], weights[chosen][block]
                sums = _sums(values, who, share, indices)
                own, near = observed[who][:, None], close[who][:, None]
                less[who] += np.count_nonzero(sums <= own + near, axis=1)
                greater[who] += np.count_nonzero(sums >= own - near, axis=1)
    return Conditional(less, greater, draws, everything)


def _sums(values: Array, who: Whole, weights: Array, indices: Indices) -> Array:
    """Sum weighted values; indices (neighbour, place or 1, draw) count the other places, leaving out the place itself."""
    total = np.zeros((len(who), indices.shape[2]))
    for number, drawn in enumerate(indices):
        total += weights[:, number, None] * values[drawn + (drawn >= who[:, None])]
    return total


def _every(others: int, degree: int, equal: bool, places: int) -> Iterator[tuple[slice, Indices]]:  # noqa: FBT001  (private)
    """All sets of neighbours, or where their weights differ all ordered ones; the same for each place."""
    found = np.array(list((combinations if equal else permutations)(range(others), degree)), np.int32)
    step = max(1, _BLOCK * 8 // len(found))
    for first in range(0, places, step):
        yield slice(first, first + step), found.T[:, None, :]


def _sampled(others: int, degree: int, places: int, count: int, name: tuple[int, ...]) -> Iterator[tuple[slice, Indices]]:
    """Draw ordered sets of neighbours; a block holds several places, or a part of the draws of one."""
    shuffled = degree**2 > others
    width = others if shuffled else degree
    step = max(1, _BLOCK // count)
    part = min(count, max(1, 64 * _BLOCK // (width * step)))
    for number, first in enumerate(range(0, places, step)):
        random = np.random.default_rng([*name, number])
        block = slice(first, min(first + step, places))
        for begin in range(0, count, part):
            shape = (block.stop - block.start, min(part, count - begin))
            rows = shape[0] * shape[1]
            drawn = _shuffled(random, rows, degree, others) if shuffled else _dealt(random, rows, degree, others)
            yield block, drawn.reshape(degree, *shape)


def _shuffled(random: np.random.Generator, rows: int, degree: int, others: int) -> Indices:
    """Shuffle all and take the first; right where many are taken."""
    everyone = np.broadcast_to(np.arange(others, dtype=np.int32), (rows, others))
    return np.ascontiguousarray(random.permuted(everyone, axis=1)[:, :degree].T)


def _dealt(random: np.random.Generator, rows: int, degree: int, others: int) -> Indices:
    """
    Take the first few of a Fisher-Yates shuffle without holding the whole deck.

    Step j swaps card j with card r_j >= j. Which card lies where is found by looking back at the earlier swaps, which is cheap
    while few cards are taken: no deck is stored and no draw is thrown away. Knuth (1997), The Art of Computer Programming 2,
    algorithm 3.4.2P.
    """
    targets = np.stack([random.integers(step, others, size=rows, dtype=np.int32) for step in range(degree)])
    moved = np.empty_like(targets)  # moved[j]: the card that lay at j and went to targets[j]
    taken = targets.copy()
    for step in range(degree):
        moved[step] = step
        for before in range(step):
            np.copyto(taken[step], moved[before], where=targets[before] == targets[step])
            np.copyto(moved[step], moved[before], where=targets[before] == step)
    return taken
