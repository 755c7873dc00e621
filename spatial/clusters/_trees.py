"""Trees of links over the map, and where they are best cut: the numbers behind skater."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from spatial.clusters._groups import SAME, Array, Whole

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Criterion = Literal["distances", "squares"]
_ROUNDED = 12  # decimals of standardised values by which costs are compared


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut: the places it takes off, the link it removes, and by how much the sum within groups falls."""

    gain: float
    link: tuple[int, int]
    off: Whole
    rest: Whole


def links_of(matrix: "csr_array") -> Whole:
    """List the pairs of places that are linked in either direction, once each, in order; a place is no neighbour of its own."""
    from scipy.sparse import triu

    found = triu(matrix + matrix.T, k=1).tocoo()
    pairs = np.column_stack([found.row, found.col]).astype(np.int64)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def spanning_forest(pairs: Whole, values: Array) -> Whole:
    """
    Keep the links that join everything that can be joined, alike places first (minimum spanning forest).

    Cost is the Euclidean distance; of equal costs the link that comes first is kept.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    costs = np.round(np.sqrt(((values[pairs[:, 0]] - values[pairs[:, 1]]) ** 2).sum(axis=1)), _ROUNDED)
    order = np.argsort(costs, kind="stable")
    rank = np.empty(len(pairs))
    rank[order] = np.arange(1, len(pairs) + 1)  # ranks, for a cost of 0 would be no link to scipy, and ties would be its choice
    tree = minimum_spanning_tree(csr_matrix((rank, (pairs[:, 0], pairs[:, 1])), shape=(len(values), len(values))))
    kept: Whole = pairs[np.sort(order[tree.data.astype(int) - 1])]
    return kept


def unfolded(pairs: Whole, size: int) -> tuple[list[Whole], Whole, Whole]:
    """
    Write each tree as a list of places in which all that hangs on a place follows it.

    Returns
    -------
    tuple
        The places of each tree, trees by their first place; for every place the one it hangs on (-1 for the first of a tree),
        and how deep it hangs.
    """
    near: list[list[int]] = [[] for _ in range(size)]
    for one, other in pairs.tolist():
        near[one].append(other)
        near[other].append(one)
    above, depth = np.full(size, -1), np.full(size, -1)
    trees = []
    for root in range(size):
        if depth[root] >= 0:
            continue
        depth[root] = 0
        stack, order = [root], []
        while stack:
            place = stack.pop()
            order.append(place)
            for other in near[place]:
                if depth[other] < 0:
                    depth[other], above[other] = depth[place] + 1, place
                    stack.append(other)
        trees.append(np.array(order))
    return trees, above, depth


def dispersion(values: Array, criterion: Criterion) -> float:
    """Add up the distances of places to their mean, or the squares of them."""
    squares = ((values - values.mean(axis=0)) ** 2).sum(axis=1)
    return float(squares.sum() if criterion == "squares" else np.sqrt(squares).sum())


def cuts_of(
    pairs: Whole, values: Array, criterion: Criterion, *, sizes: Array | None = None, minimum: float = 0.0
) -> "tuple[list[Whole], Iterator[tuple[int, Cut]]]":
    """
    Cut trees again and again where the sum within groups falls most.

    Parameters
    ----------
    pairs
        The links of a forest.
    values
        One row per place.
    criterion
        What is summed: distances to the mean of the group or their squares.
    sizes
        What each place counts towards ``minimum``; None for 1 each.
    minimum
        What each part of a cut must hold.

    Returns
    -------
    tuple
        The trees at the beginning, and the cuts one by one: which group is cut (its rest keeps the number, the part cut off
        gets the next number), and how. They end when no cut is allowed.
    """
    trees, above, depth = unfolded(pairs, len(values))
    weights = np.ones(len(values)) if sizes is None else sizes
    close = SAME * max(dispersion(values, criterion), 1e-300)

    def steps() -> Iterator[tuple[int, Cut]]:
        waiting: list[tuple[float, tuple[int, int], int, Cut]] = []

        def look(number: int, group: Whole) -> None:
            cut = _best_cut(group, above, depth, values, weights, minimum, criterion, close)
            if cut is not None:
                heapq.heappush(waiting, (-round(cut.gain / close), cut.link, number, cut))

        for number, group in enumerate(trees):
            look(number, group)
        count = len(trees)
        while waiting:
            _, _, number, cut = heapq.heappop(waiting)
            yield number, cut
            look(number, cut.rest)
            look(count, cut.off)
            count += 1

    return trees, steps()


def _best_cut(
    group: Whole, above: Whole, depth: Whole, values: Array, weights: Array, minimum: float, criterion: Criterion, close: float
) -> Cut | None:
    ends = _ends(depth[group].tolist())
    held = np.concatenate([[0.0], np.cumsum(weights[group])])
    starts = np.arange(len(group))
    inside = held[ends] - held[starts]
    least = minimum * (1 - 1e-12)  # sums of shares may miss a round number by their last digit
    allowed = np.flatnonzero((inside >= least) & (held[-1] - inside >= least) & (starts > 0))
    if not len(allowed):
        return None
    own = values[group] - values[group].mean(axis=0)
    gains = (_squares_saved if criterion == "squares" else _distances_saved)(own, allowed, ends[allowed], close)
    best = allowed[gains >= gains.max() - close]
    links = [tuple(sorted((int(group[at]), int(above[group[at]])))) for at in best]
    link, at = min(zip(links, best.tolist(), strict=True))
    part = slice(at, int(ends[at]))
    gain = float(gains[np.searchsorted(allowed, at)])
    return Cut(gain=gain, link=(link[0], link[1]), off=group[part], rest=np.delete(group, part))


def _ends(depths: list[int]) -> Whole:
    """Tell for each place of the list where that which hangs on it ends."""
    ends = np.full(len(depths), len(depths))
    stack: list[int] = []
    for at, deep in enumerate(depths):
        while stack and depths[stack[-1]] >= deep:
            ends[stack.pop()] = at
        stack.append(at)
    return ends


def _sums(values: Array, starts: Whole, ends: Whole) -> Array:
    running = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    found: Array = running[ends] - running[starts]
    return found


def _squares_saved(values: Array, starts: Whole, ends: Whole, close: float) -> Array:  # noqa: ARG001  (as its sister)
    """Tell for centred values by how much the sum of squares falls with each cut."""
    inside = (ends - starts).astype(float)
    found: Array = (_sums(values, starts, ends) ** 2).sum(axis=1) * (1 / inside + 1 / (len(values) - inside))
    return found


def _distances_saved(values: Array, starts: Whole, ends: Whole, close: float) -> Array:
    """
    Tell for centred values by how much the sum of distances falls with each cut, exactly where that can be the most.

    The sum of distances from a group's places to a point is convex in the point. Its slope at the mean of the whole bounds
    from below what the sum at the part's own mean can be, and so from above what a cut saves; cuts are worked out in the order
    of these bounds until none can be better. The others are given as minus infinity.
    """
    lengths = np.sqrt((values**2).sum(axis=1))
    units = np.divide(values, lengths[:, None], out=np.zeros_like(values), where=lengths[:, None] > 0)
    inside = (ends - starts).astype(float)[:, None]
    sums, slopes = _sums(values, starts, ends), _sums(units, starts, ends)
    means, others = sums / inside, -sums / (len(values) - inside)
    most = (slopes * means).sum(axis=1) + ((units.sum(axis=0) - slopes) * others).sum(axis=1)
    total = float(lengths.sum())
    found = np.full(len(starts), -np.inf)
    best = -np.inf
    for at in np.argsort(-most, kind="stable"):
        if most[at] < best - 2 * close:
            break
        part = slice(int(starts[at]), int(ends[at]))
        away = values - others[at]
        away[part] = values[part] - means[at]
        found[at] = total - float(np.sqrt(np.einsum("ij,ij->i", away, away)).sum())
        best = max(best, found[at])
    return found
