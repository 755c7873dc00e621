"""Which polygons have a border in common: by common vertices where there are any, by geometry where not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.weights._positions import metres_per_unit

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


def shared_borders(of: Outlines, rule: Literal["queen", "rook"], snap: float, *, vertices_only: bool = False) -> Numbers:
    """
    Find the pairs of polygons that share a border.

    Parameters
    ----------
    of
        The polygons.
    rule
        ``"queen"``: at least one point; ``"rook"``: a stretch of border.
    snap
        The widest gap, in metres, that still counts as none.
    vertices_only
        Whether vertices that are exactly equal decide alone.

    Returns
    -------
    numpy.ndarray
        (pairs, 2) positions, each pair once, the smaller first, sorted.
    """
    known = _matched(of, sides=rule == "rook")
    if vertices_only:
        return known
    tolerance = max(snap, of.rounding)
    pairs = near_boxes(of, tolerance)
    pairs = pairs[~np.isin(_keys(pairs), _keys(known))]
    if rule == "rook":
        pairs = pairs[_more_than_a_corner(of, pairs, tolerance)]
    decide = _side_by_side if rule == "rook" else _touching
    found = [known]
    for some in np.array_split(pairs, 1 + len(pairs) // PORTION):
        first, second, metres = in_one_plane(of, some)
        found.append(some[decide(first, second, tolerance / metres)])
    everything = np.concatenate(found)
    return everything[np.argsort(_keys(everything))]


def near_boxes(of: Outlines, reach: float) -> Numbers:
    """
    Pair polygons whose bounding boxes come near each other.

    Parameters
    ----------
    of
        The polygons.
    reach
        How near, in metres.

    Returns
    -------
    numpy.ndarray
        (pairs, 2), each pair once, the smaller position first.
    """
    import shapely

    west, south, east, north = of.boxes.T
    up = along = reach / of.metres
    if of.degrees:  # a degree of longitude is shorter; boxes are widened for the end nearer to a pole
        along = up / np.cos(np.radians(np.minimum(np.maximum(np.abs(south), np.abs(north)), 89.0)))
    wide: Numbers = shapely.box(west - along, south - up, east + along, north + up)
    first, second = shapely.STRtree(wide).query(of.shapes)
    pairs = np.sort(np.column_stack([first, second]), axis=1)[first != second]
    return _once(pairs)


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
        shapely.prepare(of.shapes)
        return of.shapes[first], of.shapes[second], of.metres
    latitude = (np.maximum(of.boxes[first, 1], of.boxes[second, 1]) + np.minimum(of.boxes[first, 3], of.boxes[second, 3])) / 2
    scale = np.column_stack([of.metres * np.cos(np.radians(latitude)), np.full(len(pairs), of.metres)])
    return _scaled(of.shapes[first], scale), _scaled(of.shapes[second], scale), 1.0


def _scaled(shapes: Numbers, scale: Numbers) -> Numbers:
    import shapely

    points, owner = shapely.get_coordinates(shapes, return_index=True)
    scaled: Numbers = shapely.set_coordinates(shapes.copy(), points * scale[owner])
    return scaled


def _matched(of: Outlines, *, sides: bool) -> Numbers:
    """Pair polygons that have a vertex, or with ``sides`` a stretch between two vertices, exactly in common."""
    import shapely

    parts, owner = shapely.get_parts(of.shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    place = owner[part[ring]]
    vertex = np.unique((points + 0.0).view(np.complex128), return_inverse=True)[1].ravel()  # + 0.0 turns -0.0 into 0.0
    if not sides:
        return _together(vertex, place)
    inside = ring[1:] == ring[:-1]
    start, end = vertex[:-1][inside], vertex[1:][inside]
    return _together(np.minimum(start, end) * np.int64(len(points)) + np.maximum(start, end), place[:-1][inside])


def _together(thing: Numbers, place: Numbers) -> Numbers:
    """Pair places that have the same thing, such as a vertex."""
    order = np.lexsort((place, thing))
    thing, place = thing[order], place[order]
    once = np.concatenate([[True], (thing[1:] != thing[:-1]) | (place[1:] != place[:-1])])
    thing, place = thing[once], place[once]
    found, step, start = [], 1, np.arange(len(thing) - 1)
    while len(start):
        start = start[start + step < len(thing)]
        start = start[thing[start] == thing[start + step]]
        found.append(np.column_stack([place[start], place[start + step]]))
        step += 1
    pairs = np.concatenate([np.empty((0, 2), np.int64), *found])
    return _once(pairs)


def _once(pairs: Numbers) -> Numbers:
    return pairs[np.unique(_keys(pairs), return_index=True)[1]]


def _keys(pairs: Numbers) -> Numbers:
    keys: Numbers = pairs[:, 0] << np.int64(32) | pairs[:, 1]
    return keys


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
