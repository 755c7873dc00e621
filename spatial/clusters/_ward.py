"""Ward's hierarchy from sizes and means alone, without the distances between every two places."""

import heapq
from dataclasses import dataclass

import numpy as np

from spatial.clusters._groups import Array, Whole
from spatial.progress import shared_out, tell, told_as

_ROUNDED = 12  # decimals of heights; merges whose heights agree in them are equally good
_SLACK = 2e-12  # heights further apart than this are not rounded to the same
_BESIDE = 8  # groups looked at around each, before all are looked at
_LEAF = 64  # groups in a leaf of the tree; more than usual, for with many columns most leaves are looked at
_FEW = 20  # groups that rounds are not worthwhile for
_BLOCK = 200_000  # distances held at a time
_ASKED = 500  # groups whose neighbours are found in one call
_WORTHWHILE = 50  # rounds go on as long as they merge at least one group in so many
_TOLD = 500  # merges from one word on progress to the next
_WORDS = "Merging groups"

#: Merges as they were found: the first place of either group, the smaller before the larger, and the height.
Found = list[tuple[int, int, float]]


@dataclass(slots=True)
class _Groups:
    """The groups there are, in the order of their first places; the arrays are replaced and changed."""

    first: Whole
    sizes: Array
    means: Array  # a row for each column, so that each is read in one go


def ward_hierarchy(values: Array) -> Array:
    """
    Merge the two groups that raise the within sum of squares least, until one is left.

    Parameters
    ----------
    values
        One row per place, the columns on a scale of about 1.

    Returns
    -------
    numpy.ndarray
        As scipy's table of merges: two groups, height, size; groups from n on are the merged ones.

    Notes
    -----
    A merged group is no nearer to a third one than the nearer of its two parts was. Two groups that are nearest to each other
    therefore merge sooner or later, whatever others do (Bruynooghe 1978). They are found in rounds, among the groups
    with the nearest means (a k-d tree), as long as that is certain and finds many; the rest by going from each group to its
    nearest (Murtagh 1983, doi:10.1093/comjnl/26.4.354; Müllner 2011, arXiv:1109.2378). Only sizes and means are held, for the
    height of a merge follows from them. At the end merges are put in order: of equal heights, to twelve decimals, that of the
    groups with the first places comes first.
    """
    tell(0, len(values), _WORDS)
    found: Found = []
    groups = _different(values, found)
    _merge_in_rounds(groups, len(values), found)
    _merge_in_chains(groups, len(values), found)
    return _in_order(found, len(values))


def _different(values: Array, found: Found) -> _Groups:
    """Merge places with the same values."""
    order = np.lexsort(values.T)  # equal ones stay in their order
    fresh = np.concatenate([[True], (values[order[1:]] != values[order[:-1]]).any(axis=1)])
    starts, number = np.flatnonzero(fresh), np.cumsum(fresh) - 1
    again = np.flatnonzero(~fresh)
    first = order[starts]
    found += [(one, other, 0.0) for one, other in zip(first[number[again]].tolist(), order[again].tolist(), strict=True)]
    kept = np.argsort(first)
    sizes = np.diff(np.append(starts, len(order))).astype(float)
    return _Groups(first[kept], sizes[kept], np.ascontiguousarray(values[first[kept]].T))


def _merge_in_rounds(groups: _Groups, places: int, found: Found) -> None:
    """Merge all pairs of groups that are nearest to each other, again and again, as long as they are many."""
    count = merged = len(groups.first)
    nearest = np.full(count, -1)
    while count > _FEW and merged * _WORTHWHILE >= count:
        with told_as(len(found), places, _WORDS):
            unknown = np.flatnonzero(nearest < 0)
            nearest[unknown] = _nearest(groups, unknown)
        here = np.arange(count)
        one = np.flatnonzero((nearest > here) & (nearest[nearest] == here))
        other = nearest[one]
        _merge(groups, one, other, found)
        kept = np.delete(here, other)
        now = np.full(count, -1)
        now[kept] = np.arange(len(kept))
        now[one] = -1  # who was nearest to a group that changed looks again; for others nothing has come nearer
        nearest = now[nearest]
        nearest[one] = -1
        nearest = nearest[kept]
        _keep(groups, kept)
        count, merged = len(kept), len(one)


def _merge(groups: _Groups, one: Whole, other: Whole, found: Found) -> None:
    """Let some groups take in others, each of which is later one of them."""
    heights = _heights(groups, one, other)
    found += zip(groups.first[one].tolist(), groups.first[other].tolist(), heights.tolist(), strict=True)
    share = groups.sizes[other] / (groups.sizes[one] + groups.sizes[other])
    groups.means[:, one] += (groups.means[:, other] - groups.means[:, one]) * share
    groups.sizes[one] += groups.sizes[other]


def _keep(groups: _Groups, kept: Whole) -> None:
    groups.first, groups.sizes, groups.means = groups.first[kept], groups.sizes[kept], groups.means[:, kept]


def _heights(groups: _Groups, one: Whole, other: Whole) -> Array:
    """Give the heights at which groups would merge: the same to the last digit whichever of two is named first."""
    squares = np.zeros(np.broadcast_shapes(one.shape, other.shape))
    for column in groups.means:
        squares += (column[one] - column[other]) ** 2
    sizes, others = groups.sizes[one], groups.sizes[other]
    found: Array = np.sqrt(2 * (sizes * others) / (sizes + others) * squares)
    return found


def _nearest(groups: _Groups, asked: Whole) -> Whole:
    """Give the nearest of some groups, of equal ones the first."""
    from scipy.spatial import cKDTree

    points = np.ascontiguousarray(groups.means.T)
    tree = cKDTree(points, leafsize=_LEAF)
    least = float(groups.sizes.min())

    def answer(start: int) -> Whole:
        own = asked[start : start + _ASKED]
        rows, sizes = np.arange(len(own)), groups.sizes[own]
        away, beside = tree.query(points[own], _BESIDE)
        beside = np.sort(beside, axis=1)
        heights = np.round(_heights(groups, own[:, None], beside), _ROUNDED)
        heights[beside == own[:, None]] = np.inf
        at = heights.argmin(axis=1)
        found: Whole = beside[rows, at]
        beyond = away[:, -1] * np.sqrt(2 * sizes * least / (sizes + least))  # no other group can be nearer than this
        unsure = np.flatnonzero(heights[rows, at] + _SLACK >= beyond * (1 - 1e-9))
        step = max(1, _BLOCK // len(points))
        for first in range(0, len(unsure), step):
            some = unsure[first : first + step]
            found[some] = _nearest_of_all(groups, points, own[some])
        return found

    return np.concatenate(list(shared_out(answer, range(0, len(asked), _ASKED), _WORDS)))


def _nearest_of_all(groups: _Groups, points: Array, own: Whole) -> Whole:
    """Give the nearest of some groups by looking at all."""
    from scipy.spatial.distance import cdist

    squares = cdist(points[own], points, "sqeuclidean")
    squares *= groups.sizes
    squares /= groups.sizes[own][:, None] + groups.sizes
    squares[np.arange(len(own)), own] = np.inf
    rows, near = np.nonzero(squares <= (np.sqrt(squares.min(axis=1)) + _SLACK)[:, None] ** 2)  # heights are larger than these roots
    if len(rows) == len(own):
        return near
    heights = np.round(_heights(groups, own[rows], near), _ROUNDED)
    order = np.lexsort((near, heights, rows))
    return near[order[np.searchsorted(rows, np.arange(len(own)))]]  # rows are in order already


def _merge_in_chains(groups: _Groups, places: int, found: Found) -> None:
    """Go from group to nearest group until two are nearest to each other; merge them, and go on from the one before them."""
    chain: list[int] = []
    living = len(groups.first)
    spare = np.empty((2, living))
    while living > 1:
        chain = chain or [0]  # a group that takes in another keeps its number, so that there always is a first
        if living * 2 <= len(groups.first):
            kept = np.flatnonzero(np.isfinite(groups.means[0]))
            chain = np.searchsorted(kept, chain).tolist()
            _keep(groups, kept)
            spare = np.empty((2, living))
        nearest = _nearest_of(groups, chain[-1], spare)
        if nearest not in chain[-2:-1]:
            chain.append(nearest)
            continue
        one, other = sorted((chain.pop(), chain.pop()))
        _merge(groups, np.array([one]), np.array([other]), found)
        groups.means[:, other] = np.inf
        living -= 1
        if living % _TOLD == 0:
            tell(len(found), places, _WORDS)


def _nearest_of(groups: _Groups, own: int, spare: Array) -> int:
    """Give the nearest of one group, of equal ones the first; groups that are no more are infinitely far."""
    squares, term = spare
    squares[:] = 0
    for column in groups.means:
        np.subtract(column, column[own], out=term)
        np.multiply(term, term, out=term)
        squares += term
    size = groups.sizes[own]
    squares *= groups.sizes
    squares /= np.add(groups.sizes, size, out=term)
    squares[own] = np.inf
    least = float(squares.min())
    near = np.flatnonzero(squares <= (np.sqrt(least) + _SLACK) ** 2)  # heights are larger than these roots
    if len(near) == 1:
        return int(near[0])
    return int(near[np.round(_heights(groups, np.array([own]), near), _ROUNDED).argmin()])


def _in_order(found: Found, places: int) -> Array:
    """Put merges in order: by height, equal ones by their first places, none before those that made its groups."""
    heights = [height for _, _, height in found]
    made: dict[int, int] = {}  # by the first place of a group, the merge that made it
    waits, following = [0] * len(found), [-1] * len(found)
    for number, (one, other, _) in enumerate(found):
        for before in (made[each] for each in (one, other) if each in made):
            waits[number] += 1
            following[before] = number
            heights[number] = max(heights[number], heights[before])
        made[one] = number
    ready = [(round(heights[number], _ROUNDED), *found[number][:2], number) for number, wait in enumerate(waits) if not wait]
    heapq.heapify(ready)
    group, size = list(range(places)), [1] * places
    rows: list[tuple[float, ...]] = []
    while ready:
        _, one, other, number = heapq.heappop(ready)
        size[one] += size[other]
        rows.append((*sorted((group[one], group[other])), heights[number], size[one]))
        group[one] = places + len(rows) - 1
        after = following[number]
        if after >= 0:
            waits[after] -= 1
            if not waits[after]:
                heapq.heappush(ready, (round(heights[after], _ROUNDED), *found[after][:2], after))
    steps = np.array(rows, float).reshape(-1, 4)
    steps[:, 2] = np.maximum.accumulate(steps[:, 2])  # those that are equal but for rounding
    return steps
