"""Which polygons have a border in common though their vertices do not say so: by geometry."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.weights._centres import metres_per_unit, uncut
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
#: So many polygons are measured at once when the nearest one is looked for.
AT_ONCE = 32


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
    if degrees:
        shapes, _ = uncut(shapes)
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
    tree = shapely.STRtree(wide)
    found = [tree.query(of.shapes[these])]
    if of.degrees and np.max(east + along) - np.min(west - along) >= 360:  # the last ones may touch the first ones
        found += [tree.query(shapely.box(west + turn, south, east + turn, north)) for turn in (-360, 360)]
    first, second = np.concatenate(found, axis=1)
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
    latitude = _meeting(of, pairs)
    scale = np.column_stack([of.metres * np.cos(np.radians(latitude)), np.full(len(pairs), of.metres)])
    turn = np.column_stack([_turns(of, pairs), np.zeros(len(pairs))])
    return _scaled(of.shapes[first], 0.0 * turn, scale), _scaled(of.shapes[second], turn, scale), 1.0


def nearest_on_the_globe(of: Outlines, island: int, geod: Any) -> Numbers:
    """
    Find the polygons whose outlines are nearest to that of another one, in degrees.

    Parameters
    ----------
    of
        The polygons.
    island
        The position of the one.
    geod
        The ellipsoid (pyproj.Geod).

    Returns
    -------
    numpy.ndarray
        Positions of those that are equally near.

    Notes
    -----
    Which are near, and where two are nearest to each other, is found on a plane with the scale of the latitude between them;
    how far it is then, along the ellipsoid. Boxes tell whom there is no need to measure.
    """
    import shapely

    others = np.delete(np.arange(len(of.shapes)), island)
    pairs = np.column_stack([np.full(len(others), island), others])
    least = _apart_at_least(of, pairs)
    order = np.argsort(least, kind="stable")
    near, apart, measured = np.empty(0, np.int64), np.empty(0), 0
    while measured < len(order) and (not len(apart) or least[order[measured]] <= apart.min()):
        some = order[measured : measured + AT_ONCE]
        first, second, _ = in_one_plane(of, pairs[some])
        ends = shapely.get_coordinates(shapely.shortest_line(first, second)).reshape(-1, 4)
        latitude = _meeting(of, pairs[some])
        along, up = of.metres * np.cos(np.radians(latitude)), of.metres
        far = geod.inv(ends[:, 0] / along, ends[:, 1] / up, ends[:, 2] / along, ends[:, 3] / up)[2]
        near, apart = np.append(near, others[some]), np.append(apart, far)
        measured += len(some)
    found: Numbers = near[apart <= apart.min()]
    return found


def _apart_at_least(of: Outlines, pairs: Numbers) -> Numbers:
    """Bound from below how far polygons are apart, in metres: by latitude, and by longitude at the latitude nearest to a pole."""
    one, two = of.boxes[pairs[:, 0]], of.boxes[pairs[:, 1]] + _turns(of, pairs)[:, None] * [1, 0, 1, 0]
    gap = np.maximum(np.maximum(two[:, :2] - one[:, 2:], one[:, :2] - two[:, 2:]), 0.0)
    highest = np.minimum(np.abs(np.hstack([one[:, [1, 3]], two[:, [1, 3]]])).max(axis=1), 90.0)
    sideways = np.where(gap[:, 0] < 90, np.sin(np.radians(np.minimum(gap[:, 0], 90.0))), 1.0) * np.cos(np.radians(highest))
    # A great circle to another meridian is shortest where it meets that meridian at a right angle.
    least: Numbers = 0.99 * of.metres * np.maximum(gap[:, 1], np.degrees(np.arcsin(np.minimum(sideways, 1.0))))
    return least


def _meeting(of: Outlines, pairs: Numbers) -> Numbers:
    """Give the latitude at which two polygons meet, or that in the middle between them."""
    first, second = pairs.T
    found: Numbers = (np.maximum(of.boxes[first, 1], of.boxes[second, 1]) + np.minimum(of.boxes[first, 3], of.boxes[second, 3])) / 2
    return found


def _turns(of: Outlines, pairs: Numbers) -> Numbers:
    """Tell by how many degrees the second of two shapes must go round the globe to be nearest to the first."""
    turns = np.array([0.0, -360.0, 360.0])
    if not of.degrees:
        return np.zeros(len(pairs))
    one, two = of.boxes[pairs[:, 0]], of.boxes[pairs[:, 1]]
    apart = np.maximum(two[:, :1] + turns - one[:, 2:3], one[:, :1] - two[:, 2:3] - turns)
    found: Numbers = turns[np.argmin(apart, axis=1)]
    return found


def _scaled(shapes: Numbers, turn: Numbers, scale: Numbers) -> Numbers:
    import shapely

    points, owner = shapely.get_coordinates(shapes, return_index=True)
    scaled: Numbers = shapely.set_coordinates(shapes.copy(), (points + turn[owner]) * scale[owner])
    return scaled


def _more_than_a_corner(of: Outlines, pairs: Numbers, tolerance: float) -> Numbers:
    """Spare pairs whose boxes have no more than a corner in common, such as the diagonal neighbours of a grid."""
    one, two = of.boxes[pairs[:, 0]], of.boxes[pairs[:, 1]] + _turns(of, pairs)[:, None] * [1, 0, 1, 0]
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
