"""Which polygons have vertices or sides exactly in common: coordinates are hashed, sorted and compared, never measured."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from spatial.progress import shared_out

Numbers = np.ndarray[Any, np.dtype[Any]]

MANY = 500_000  # numbers worth a second thread
WORDS = "Comparing vertices"
FEW = 16  # one of so many numbers, or fewer, is looked up in a table of hashes of so many bits
TABLE = 20


@dataclass(frozen=True, eq=False)
class Match:
    """What comparing coordinates finds."""

    pairs: Numbers  # (pairs, 2) positions, each pair once, the smaller first, sorted
    loose: Numbers  # positions of the polygons with a side that is no side of another


@dataclass(frozen=True, eq=False)
class _Rings:
    """All vertices of all rings, the closing one of each left out."""

    points: Numbers  # (vertices, 2)
    owner: Numbers  # the position of the polygon, never falling
    last: Numbers  # where in `points` each ring ends


def matched(shapes: Numbers, *, sides: bool, globe: bool = False) -> Match:
    """
    Pair polygons that have a vertex exactly in common.

    Parameters
    ----------
    shapes
        Polygons.
    sides
        Whether a vertex is not enough and a stretch between two consecutive vertices must be common.
    globe
        Whether coordinates are degrees, so that longitudes of 180 and -180 are one meridian.

    Returns
    -------
    Match
        The pairs, and which polygons have a side of their own.
    """
    rings = _rings(shapes)
    points = rings.points
    points += 0.0  # turns -0.0 into 0.0
    if globe:
        points[points[:, 0] >= 180, 0] -= 360  # exact, so no two vertices become one
    points = points.view(np.uint64)
    order, opens = grouped(points[:, 0], points[:, 1])
    vertex = np.empty(len(order), np.uint64)
    vertex[order] = np.cumsum(opens) - 1
    if sides:
        del order, opens, points
        owner, opens = _same_sides(*_sides(rings, vertex))
        return Match(_together(owner, opens), _by_themselves(owner, opens))
    # What has a vertex in common and what has a side of its own do not wait for one another.
    work = [partial(_together, rings.owner[order], opens), partial(_with_loose_sides, rings, vertex)]
    del order, opens, points
    pairs, loose = shared_out(_done, work, WORDS, threads=None if len(vertex) > MANY else 1)
    return Match(pairs, loose)


def _done(work: Callable[[], Numbers]) -> Numbers:
    return work()


def _with_loose_sides(rings: _Rings, vertex: Numbers) -> Numbers:
    return _loose(*_sides(rings, vertex))


def _sides(rings: _Rings, vertex: Numbers) -> tuple[Numbers, Numbers]:
    """Give the polygon of each side, and the side: the numbers of both ends, the smaller first, in one."""
    following = np.roll(vertex, -1)
    following[rings.last] = vertex[np.concatenate([[0], rings.last[:-1] + 1])] if len(rings.last) else vertex[:0]
    side = np.minimum(vertex, following) << np.uint64(32)
    side |= np.maximum(vertex, following)
    some = vertex != following  # a vertex given twice makes a side of no length
    return (rings.owner, side) if some.all() else (rings.owner[some], side[some])


def _same_sides(owner: Numbers, side: Numbers) -> tuple[Numbers, Numbers]:
    """Bring equal sides together: their polygons, and which of them begin a group."""
    order, opens = grouped(side, np.zeros_like(side))
    return owner[order], opens


def _by_themselves(owner: Numbers, opens: Numbers) -> Numbers:
    """Find the polygons with a side that is no other's."""
    first = np.flatnonzero(opens)
    lengths = np.diff(np.concatenate([first, [len(opens)]]))
    alone = owner[first] == owner[first + lengths - 1]  # within a group owners stand in rising order
    return np.unique(owner[first[alone]])


def _loose(owner: Numbers, side: Numbers) -> Numbers:
    """
    Find the polygons with a side that is no other's, mostly without bringing sides together.

    Sides are sorted by themselves. Where few stand alone, a table of their hashes tells nearly all others apart from them.
    (A side that a polygon has twice counts as shared here; no valid polygon has one.)
    """
    ordered = np.sort(side)
    changes = np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])
    single = ordered[changes[1:] & changes[:-1]]
    if len(single) > len(side) // FEW:
        return _by_themselves(*_same_sides(owner, side))
    table = np.zeros(1 << TABLE, bool)
    table[_hashed(single)] = True
    maybe = np.flatnonzero(table[_hashed(side)])
    found = np.searchsorted(single, side[maybe])
    return np.unique(owner[maybe[single[np.minimum(found, len(single) - 1)] == side[maybe]]])


def _hashed(values: Numbers) -> Numbers:
    """Make a few bits of each number (multiplicative hashing, Knuth 1998, The Art of Computer Programming 3, section 6.4)."""
    return (values * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - TABLE)


def grouped(first: Numbers, second: Numbers) -> tuple[Numbers, Numbers]:
    """
    Bring equal pairs of numbers together.

    Parameters
    ----------
    first, second
        Of type uint64.

    Returns
    -------
    order : numpy.ndarray
        Positions in which equal ones follow each other, in rising order; else in no meaningful order.
    opens : numpy.ndarray
        For each of these, whether it begins a group of equal ones.

    Notes
    -----
    A hash and the position share 64 bits, because numbers are sorted several times faster than positions by numbers. Where
    hashes agree and numbers do not, which shows afterwards, the numbers themselves are sorted.
    """
    count = len(first)
    bits = np.uint64(max(1, (count - 1).bit_length()))
    packed, order, opens = np.empty(count, np.uint64), np.empty(count, np.int64), np.ones(count, bool)

    def hashed(part: slice) -> None:
        mixed = _mixed(_mixed(first[part]) + second[part])
        mixed >>= bits
        mixed <<= bits
        np.bitwise_or(mixed, np.arange(part.start, part.stop, dtype=np.uint64), out=packed[part])

    def compared(part: slice) -> None:
        order[part] = packed[part] & ((np.uint64(1) << bits) - np.uint64(1))
        packed[part] >>= bits
        these = order[part]
        opens[part] = _changes(first[these], second[these])

    _in_parts(hashed, count)
    packed.sort()
    _in_parts(compared, count)
    for start in _starts(count)[1:]:  # each part took its first one for the beginning of a group
        opens[start] = (first[order[start]], second[order[start]]) != (first[order[start - 1]], second[order[start - 1]])
    clash = np.flatnonzero(opens[1:] & (packed[1:] == packed[:-1]))
    if len(clash):
        at = np.flatnonzero(np.isin(packed, np.unique(packed[clash])))
        these = order[at]
        order[at] = these[np.lexsort((these, second[these], first[these], packed[at]))]
        opens = _changes(first[order], second[order])
    return order, opens


def _starts(count: int) -> list[int]:
    return [0, count // 2] if count > MANY else [0]


def _in_parts(work: Callable[[slice], None], count: int) -> None:
    """Do something with all numbers; with many of them, both halves at a time."""
    starts = _starts(count)
    parts = [slice(start, stop) for start, stop in zip(starts, [*starts[1:], count], strict=True)]
    list(shared_out(work, parts, WORDS))


def once(pairs: Numbers) -> Numbers:
    """
    Leave each pair of positions in once, sorted.

    Parameters
    ----------
    pairs
        (pairs, 2) positions.

    Returns
    -------
    numpy.ndarray
        (fewer pairs, 2).
    """
    keys = np.sort(keys_of(pairs))
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    return np.column_stack([keys >> np.int64(32), keys & np.int64(0xFFFFFFFF)])


def keys_of(pairs: Numbers) -> Numbers:
    """
    Make one number of each pair of positions.

    Parameters
    ----------
    pairs
        (pairs, 2) positions.

    Returns
    -------
    numpy.ndarray
        (pairs,), in the same order as pairs sorted by first and second.
    """
    keys: Numbers = pairs[:, 0].astype(np.int64) << np.int64(32) | pairs[:, 1]
    return keys


def _mixed(values: Numbers) -> Numbers:
    """Spread numbers over 64 bits, one to one (the finalizer of Steele, Lea and Flood 2014, doi:10.1145/2714064.2660195)."""
    values = values ^ (values >> np.uint64(30))
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


def _changes(first: Numbers, second: Numbers) -> Numbers:
    opens = np.ones(len(first), bool)
    np.not_equal(first[1:], first[:-1], out=opens[1:])
    opens[1:] |= second[1:] != second[:-1]
    return opens


def _together(place: Numbers, opens: Numbers) -> Numbers:
    """Pair places that stand in one group."""
    follows = ~opens  # whether the one at a position and the one `step` before it are of one group
    found, step, at = [np.empty((0, 2), np.int64)], 1, np.flatnonzero(follows)
    while len(at):
        pairs = np.column_stack([place[at - step], place[at]])
        found.append(pairs[pairs[:, 0] != pairs[:, 1]])
        step += 1
        at = at[at >= step]
        at = at[follows[at - step + 1]]
    return once(np.concatenate(found))


def _rings(shapes: Numbers) -> _Rings:
    """
    Take polygons apart.

    Where the first vertex of a polygon comes back once, at its end, the polygon is one ring; only others are taken apart
    geometry by geometry, which takes ten times as long.
    """
    import shapely

    points, owner = shapely.get_coordinates(shapes, return_index=True)
    counts = np.bincount(owner, minlength=len(shapes))
    end = np.cumsum(counts)
    first = points[end - counts]
    back = points[:, 0] == np.repeat(first[:, 0], counts)
    maybe = np.flatnonzero(back)
    back[maybe] = points[maybe, 1] == first[owner[maybe], 1]
    simple = (np.add.reduceat(back, end - counts, dtype=np.int64) == 2) & back[end - 1]
    ends = end[simple] - 1
    if not simple.all():
        several = np.flatnonzero(~simple)
        parts, part_of = shapely.get_parts(shapes[several], return_index=True)
        rings, ring_of = shapely.get_rings(parts, return_index=True)
        lengths = shapely.get_num_coordinates(rings)
        whose = several[part_of[ring_of]]
        total = np.cumsum(lengths)
        before = np.concatenate([[0], np.cumsum(counts[several])[:-1]])  # vertices of the several before each of them
        offset = dict(zip(several.tolist(), (end[several] - counts[several] - before).tolist(), strict=True))
        ends = np.sort(np.concatenate([ends, total - 1 + np.asarray([offset[each] for each in whose.tolist()], np.int64)]))
    kept = np.ones(len(points), bool)
    kept[ends] = False
    return _Rings(points[kept], owner[kept].astype(np.int32), ends - np.arange(len(ends)) - 1)
