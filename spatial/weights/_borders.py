"""Which polygons have a border in common though their vertices do not say so: by geometry."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from spatial.weights._outlines import POLEWARDS, Numbers, Outlines, in_planes, over_a_pole, sideways
from spatial.weights._vertices import keys_of, once

#: Two borders run side by side where they do so for this many times the tolerance.
STRETCH = 10.0
#: Two sides that leave a corner at an angle below 0.06 degrees stay within the tolerance for this many times its width.
SHARP = 1000.0
#: So many pairs are measured at once; bounds memory.
PORTION = 50_000


def by_geometry(of: Outlines, rule: Literal["queen", "rook"], snap: float, known: Numbers, some: Numbers | None = None) -> Numbers:
    """
    Find the pairs of polygons that share a border though coordinates do not say so.

    Parameters
    ----------
    of
        The polygons.
    rule
        ``"queen"``: at least one point; ``"rook"``: a stretch of border.
    snap
        The widest gap, in metres, that still counts as none.
    known
        (pairs, 2), each once and sorted: the pairs that there is no need to look at.
    some
        Positions of polygons of which a pair has one at least; all of them if not given.

    Returns
    -------
    numpy.ndarray
        (pairs, 2) positions, each pair once, the smaller first, sorted; without the ``known`` ones.

    Notes
    -----
    Where polygons do not overlap, a vertex on the middle of a side means that this side is no other polygon's side: what
    lies beyond it has a vertex there. So of two polygons that touch without a common vertex one has a side of its own, and
    of two that overlap nearly always. Looking only at these makes the check nearly free for borders that were digitised once.
    """
    tolerance = max(snap, of.rounding)
    pairs = near_boxes(of, tolerance, some)
    pairs = pairs[~among(pairs, known)]
    if tolerance <= of.rounding:  # that all meridians meet at a pole makes nobody neighbours
        pairs = pairs[~over_a_pole(of, pairs)]
    if rule == "queen":
        return _decided(of, pairs, partial(_touching, tolerance=tolerance))
    if tolerance <= of.rounding:
        return with_a_border(of, pairs, tolerance)
    found = with_a_border(of, pairs, tolerance)
    # A border shorter than what a wide snap asks for is one all the same.
    return once(np.concatenate([found, by_geometry(of, rule, 0.0, once(np.concatenate([known, found])), some)]))


def with_a_border(of: Outlines, pairs: Numbers, tolerance: float) -> Numbers:
    """
    Keep the pairs that run beside each other for a stretch, for which a corner is not enough.

    Parameters
    ----------
    of
        The polygons.
    pairs
        (pairs, 2) positions.
    tolerance
        The widest gap, in metres, that counts as none.

    Returns
    -------
    numpy.ndarray
        (fewer pairs, 2), in the same order.
    """
    decide = partial(_side_by_side, tolerance=tolerance, exact=tolerance <= of.rounding)
    return _decided(of, _more_than_corners(of, pairs, tolerance), decide)


def gaps(of: Outlines, pairs: Numbers) -> Numbers:
    """
    Measure how far polygons are apart.

    Parameters
    ----------
    of
        The polygons.
    pairs
        (pairs, 2) positions.

    Returns
    -------
    numpy.ndarray
        Metres; 0 where they touch but for rounding.
    """
    import shapely

    planes, wide = in_planes(of, pairs), np.full(len(pairs), np.inf)
    np.fmin.at(wide, planes.row, shapely.distance(planes.first, planes.second) * planes.metres)
    return np.where(wide > of.rounding, wide, 0.0)


def among(pairs: Numbers, known: Numbers) -> Numbers:
    """
    Tell which pairs are among others.

    Parameters
    ----------
    pairs
        (pairs, 2) positions, the smaller first.
    known
        (others, 2), each once and sorted.

    Returns
    -------
    numpy.ndarray
        (pairs,) truths.
    """
    if not len(known):
        return np.zeros(len(pairs), bool)
    keys, there = keys_of(pairs), keys_of(known)
    found: Numbers = there[np.minimum(np.searchsorted(there, keys), len(there) - 1)] == keys
    return found


def near_boxes(of: Outlines, reach: float, some: Numbers | None = None) -> Numbers:
    """
    Pair polygons whose bounding boxes come near each other.

    Parameters
    ----------
    of
        The polygons.
    reach
        How near, in metres.
    some
        Positions of polygons of which a pair has one at least; all of them if not given.

    Returns
    -------
    numpy.ndarray
        (pairs, 2), each pair once, the smaller position first.
    """
    import shapely

    these = np.arange(len(of.shapes)) if some is None else some
    west, south, east, north = of.boxes[these].T
    up = reach / of.metres
    along = _degrees_along(up, np.maximum(np.abs(south), np.abs(north))) if of.degrees else np.full(len(these), up)
    tree = shapely.STRtree(shapely.box(west - along, south - up, east + along, north + up))
    found = [tree.query(of.shapes)]
    if of.degrees and len(these) and np.max(of.boxes[:, 2]) + along.max() >= 360 + np.min(of.boxes[:, 0]) - along.max():
        west, south, east, north = of.boxes.T  # the last ones may touch the first ones
        found += [tree.query(shapely.box(west + turn, south, east + turn, north)) for turn in (-360, 360)]
    first, second = np.concatenate(found, axis=1)
    return once(np.sort(np.column_stack([first, these[second]]), axis=1)[first != these[second]])


def _degrees_along(up: float, latitude: Numbers) -> Numbers:
    """Tell how many degrees of longitude a distance, in degrees of latitude, reaches to either side of what ends at a latitude."""
    along = up / np.cos(np.radians(np.minimum(latitude, 89.0)))
    high = latitude > POLEWARDS
    share = np.sin(np.radians(up)) / np.cos(np.radians(np.minimum(latitude[high], 89.9999)))
    round_it = (latitude[high] + up >= 90) | (share >= 1)
    along[high] = np.where(round_it, 180.0, np.degrees(np.arcsin(np.minimum(share, 1.0))))
    return along


def _more_than_corners(of: Outlines, pairs: Numbers, tolerance: float) -> Numbers:
    """Spare pairs whose boxes have no more than a corner in common, such as the diagonal neighbours of a grid."""
    found: Numbers = pairs[sideways(of, pairs).min(axis=1) < -tolerance / of.metres]
    return found


def _decided(of: Outlines, pairs: Numbers, decide: Callable[[Numbers, Numbers, float], Numbers]) -> Numbers:
    """Keep the pairs of which at least one row passes."""
    kept = [np.empty((0, 2), np.int64)]
    for portion in np.array_split(pairs, 1 + len(pairs) // PORTION):
        planes = in_planes(of, portion)
        passes = decide(planes.first, planes.second, planes.metres)
        kept.append(portion[np.unique(planes.row[passes])])
    return np.concatenate(kept)


def _touching(first: Numbers, second: Numbers, metres: float, *, tolerance: float) -> Numbers:
    import shapely

    found: Numbers = shapely.dwithin(first, second, tolerance / metres)
    return found


def _side_by_side(first: Numbers, second: Numbers, metres: float, *, tolerance: float, exact: bool) -> Numbers:
    """
    Tell which polygons run beside each other in one stretch.

    A stretch along which two sides leave a common corner becomes twice as long with twice the tolerance; a border does not,
    so what is ``exact`` but for rounding is told from a sharp corner by what would be left of it without any tolerance.
    """
    found, width = _touching(first, second, metres, tolerance=tolerance), tolerance / metres
    first, second = first[found], second[found]
    side = np.zeros(len(first), bool)
    for one, other in ((first, second), (second, first)):  # a polygon inside another has all of the common border
        longest, total = _beside(one, other, width)
        runs = longest > STRETCH * width
        if exact:
            short = np.flatnonzero(runs & (longest <= SHARP * width))
            runs[short] = 2 * total[short] - _beside(one[short], other[short], 2 * width)[1] > STRETCH * width
        side |= runs
    found[found] = side
    return found


def _beside(one: Numbers, other: Numbers, width: float) -> tuple[Numbers, Numbers]:
    """Measure the longest stretch of the border of one that is within a width of the other, and all of them together."""
    import shapely

    near = shapely.intersection(shapely.boundary(one), shapely.buffer(other, width, quad_segs=2))
    parts, owner = shapely.get_parts(shapely.line_merge(near), return_index=True)
    lengths, longest = shapely.length(parts), np.zeros(len(one))
    np.maximum.at(longest, owner, lengths)
    return longest, np.bincount(owner, lengths, minlength=len(one))
