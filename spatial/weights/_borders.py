"""Which polygons have a border in common though their vertices do not say so: by geometry."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.weights._positions import metres_per_unit
from spatial.weights._vertices import Match, keys_of, once

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Numbers = np.ndarray[Any, np.dtype[Any]]

#: Gaps below this share of the largest coordinate are rounding (5 mm at 5,000 km), not gaps.
ROUNDING = 1e-9
#: Two borders run side by side where they do so for this many times the tolerance; at a mere corner they do not.
STRETCH = 10.0
METRES_PER_DEGREE = 2e7 / 180
#: So many pairs are measured at once; bounds memory.
PORTION = 50_000


@dataclass(frozen=True, eq=False)
class Outlines:
    """The polygons of a table, ready to be measured against each other."""

    shapes: Numbers
    boxes: Numbers  # (places, 4)
    degrees: bool
    metres: float  # in one unit of the coordinates; for degrees, one degree of latitude

    @property
    def rounding(self) -> float:
        """The widest gap, in metres, that is nothing but rounding."""
        return ROUNDING * (180.0 if self.degrees else float(np.abs(self.boxes).max())) * self.metres


def outlines(places: "GeoDataFrame") -> Outlines:
    """
    Take the polygons of a table.

    Parameters
    ----------
    places
        A checked table of polygons.

    Returns
    -------
    Outlines
        In the order of the table.
    """
    import shapely

    shapes = np.asarray(places.geometry.array)
    degrees = bool(places.crs.is_geographic)
    return Outlines(shapes, shapely.bounds(shapes), degrees, METRES_PER_DEGREE if degrees else metres_per_unit(places))


def by_geometry(of: Outlines, rule: Literal["queen", "rook"], snap: float, match: Match, some: Numbers | None = None) -> Numbers:
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
    match
        What comparing coordinates has found.
    some
        Positions of the polygons to look at; all of them if not given.

    Returns
    -------
    numpy.ndarray
        (pairs, 2) positions, each pair once, the smaller first, sorted; without the pairs of ``match``.
    """
    tolerance = max(snap, of.rounding)
    pairs = near_boxes(of, tolerance, some)
    pairs = pairs[~among(pairs, match.pairs)]
    if rule == "rook":
        pairs = pairs[_more_than_a_corner(of, pairs, tolerance)]
    decide = _side_by_side if rule == "rook" else _touching
    found = [np.empty((0, 2), np.int64)]
    for portion in np.array_split(pairs, 1 + len(pairs) // PORTION):
        first, second, metres = in_one_plane(of, portion)
        found.append(portion[decide(first, second, tolerance / metres)])
    return np.concatenate(found)


def not_settled(match: Match, rule: Literal["queen", "rook"]) -> Numbers:
    """
    Name the polygons that can touch another without a common vertex.

    Parameters
    ----------
    match
        What comparing coordinates has found.
    rule
        What counts as touching.

    Returns
    -------
    numpy.ndarray
        Positions, sorted.

    Notes
    -----
    Where polygons do not overlap, a vertex on the middle of a side means that this side is no other polygon's side: what
    lies beyond it has a vertex there. So one of the two polygons has a side of its own (rook: both have), and the other one
    does, or has the vertex in common with one that does. Looking only at these makes the check nearly free for borders
    that were digitised once.
    """
    if rule == "rook":
        return match.loose
    own = np.zeros(int(max(match.pairs.max(initial=0), match.loose.max(initial=0))) + 1, bool)
    own[match.loose] = True
    beside = match.pairs[own[match.pairs].any(axis=1)]
    own[beside] = True
    return np.flatnonzero(own)


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

    first, second, metres = in_one_plane(of, pairs)
    wide = np.asarray(shapely.distance(first, second)) * metres
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
        Positions of the polygons to look at; all of them if not given.

    Returns
    -------
    numpy.ndarray
        (pairs, 2), each pair once, the smaller position first.
    """
    import shapely

    these = np.arange(len(of.shapes)) if some is None else some
    west, south, east, north = of.boxes[these].T
    up = along = reach / of.metres
    if of.degrees:  # a degree of longitude is shorter; boxes are widened for the end nearer to a pole
        along = up / np.cos(np.radians(np.minimum(np.maximum(np.abs(south), np.abs(north)), 89.0)))
    wide: Numbers = shapely.box(west - along, south - up, east + along, north + up)
    first, second = shapely.STRtree(wide).query(of.shapes[these])
    return once(np.sort(these[np.column_stack([first, second])], axis=1)[first != second])


def in_one_plane(of: Outlines, pairs: Numbers) -> tuple[Numbers, Numbers, float]:
    """
    Give pairs of shapes that can be measured against each other.

    Parameters
    ----------
    of
        The polygons.
    pairs
        (pairs, 2) positions.

    Returns
    -------
    first, second : numpy.ndarray
        Shapes. Where coordinates are degrees, in metres, with the scale of the latitude at which the two meet.
    metres : float
        How long one unit of these shapes is.
    """
    import shapely

    first, second = pairs.T
    if not of.degrees:
        shapely.prepare(of.shapes[np.unique(first)])
        return of.shapes[first], of.shapes[second], of.metres
    latitude = (np.maximum(of.boxes[first, 1], of.boxes[second, 1]) + np.minimum(of.boxes[first, 3], of.boxes[second, 3])) / 2
    scale = np.column_stack([of.metres * np.cos(np.radians(latitude)), np.full(len(pairs), of.metres)])
    return _scaled(of.shapes[first], scale), _scaled(of.shapes[second], scale), 1.0


def _scaled(shapes: Numbers, scale: Numbers) -> Numbers:
    import shapely

    points, owner = shapely.get_coordinates(shapes, return_index=True)
    scaled: Numbers = shapely.set_coordinates(shapes.copy(), points * scale[owner])
    return scaled


def _more_than_a_corner(of: Outlines, pairs: Numbers, tolerance: float) -> Numbers:
    """Spare pairs whose boxes have no more than a corner in common, such as the diagonal neighbours of a grid."""
    one, two = of.boxes[pairs[:, 0]], of.boxes[pairs[:, 1]]
    common = np.minimum(one[:, 2:], two[:, 2:]) - np.maximum(one[:, :2], two[:, :2])
    larger: Numbers = common.max(axis=1) > tolerance / of.metres
    return larger


def _touching(first: Numbers, second: Numbers, tolerance: float) -> Numbers:
    import shapely

    found: Numbers = shapely.dwithin(first, second, tolerance)
    return found


def _side_by_side(first: Numbers, second: Numbers, tolerance: float) -> Numbers:
    import shapely

    found = _touching(first, second, tolerance)
    first, second = first[found], second[found]
    common = np.zeros(len(first))
    for one, other in ((first, second), (second, first)):  # a polygon inside another has all of the common border
        beside = shapely.buffer(other, tolerance, quad_segs=2)
        common = np.maximum(common, shapely.length(shapely.intersection(shapely.boundary(one), beside)))
    found[found] = common > STRETCH * tolerance
    return found
