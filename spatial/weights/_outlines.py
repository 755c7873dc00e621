"""The outlines of places, ready to be measured against each other in a plane, also near the poles."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.weights._centres import metres_per_unit, uncut

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Numbers = np.ndarray[Any, np.dtype[Any]]

#: Gaps below this share of the largest coordinate are rounding (5 mm at 5,000 km), not gaps.
ROUNDING = 1e-9
METRES_PER_DEGREE = 2e7 / 180
#: Up to this latitude one scale does for two polygons.
POLEWARDS = 65.0
#: Polygons that are more degrees of longitude apart, and yet near each other, are so over a pole.
OVER = 30.0
#: How much longer a degree of longitude may be at one edge of a band of latitudes than at the other.
BAND = 1.02
#: Sides are cut into pieces of at most so many degrees before they are bent round a pole.
PIECE = 1.0


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


@dataclass(frozen=True, eq=False)
class Planes:
    """Pairs of shapes in planes of their own; where one scale does not do, a pair has several rows."""

    first: Numbers
    second: Numbers
    row: Numbers  # which pair each is part of
    metres: float  # in one unit of the shapes


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


def in_one_plane(of: Outlines, pairs: Numbers, cautious: Numbers | None = None) -> tuple[Numbers, Numbers, float]:
    """
    Give pairs of shapes that can be measured against each other, with one scale for each pair.

    Parameters
    ----------
    of
        The polygons.
    pairs
        (pairs, 2) positions.
    cautious
        Which pairs are to be nowhere nearer to each other than they are; none if not given.

    Returns
    -------
    first, second : numpy.ndarray
        Shapes. Where coordinates are degrees, in metres, with the scale of the latitude at which the two meet, or, to be
        cautious, of that where degrees of longitude are longest.
    metres : float
        How long one unit of these shapes is.
    """
    import shapely

    first, second = pairs.T
    if not of.degrees:
        shapely.prepare(of.shapes[np.unique(first)])
        return of.shapes[first], of.shapes[second], of.metres
    degree = np.cos(np.radians(meeting(of, pairs)))
    if cautious is not None and cautious.any():
        degree = np.where(cautious, _degree(*_common(of, pairs)[:2])[0], degree)
    return *_scaled(of, pairs, of.shapes[first], of.shapes[second], degree), 1.0


def in_planes(of: Outlines, pairs: Numbers) -> Planes:
    """
    Give pairs of shapes that can be measured against each other, as many rows for each pair as it takes.

    Parameters
    ----------
    of
        The polygons.
    pairs
        (pairs, 2) positions.

    Returns
    -------
    Planes
        Of a pair that meets beyond 65 degrees of latitude, and at latitudes of which one scale is not that of another, also
        a row for each band of latitudes; of one that faces each other over a pole, both as seen from there. No row shows
        two polygons nearer to each other than they are by more than two percent.
    """
    over = over_a_pole(of, pairs)
    beside = np.flatnonzero(~over)
    if not of.degrees or not len(beside):
        tall = beside[:0]
    else:
        low, high, overlap = _common(of, pairs[beside])
        longest, shortest = _degree(low, high)
        tall = beside[overlap & (np.maximum(np.abs(low), np.abs(high)) > POLEWARDS) & (longest > shortest * BAND**2)]
    first, second, metres = in_one_plane(of, pairs[beside], np.isin(beside, tall))
    if not len(tall) and len(beside) == len(pairs):
        return Planes(first, second, beside, metres)
    (one, other, row), across = _in_bands(of, pairs, tall), np.flatnonzero(over)
    seen = round_a_pole(of, pairs[across])
    return Planes(
        np.concatenate([first, one, seen[0]]),
        np.concatenate([second, other, seen[1]]),
        np.concatenate([beside, row, across]),
        metres,
    )


def over_a_pole(of: Outlines, pairs: Numbers) -> Numbers:
    """
    Tell which pairs could only be near each other over a pole.

    Parameters
    ----------
    of
        The polygons.
    pairs
        (pairs, 2) positions.

    Returns
    -------
    numpy.ndarray
        (pairs,) truths; none where coordinates are no degrees.
    """
    if not of.degrees:
        return np.zeros(len(pairs), bool)
    found: Numbers = (sideways(of, pairs)[:, 0] > OVER) & (np.abs(of.boxes[pairs][:, :, [1, 3]]).max(axis=(1, 2)) > POLEWARDS)
    return found


def round_a_pole(of: Outlines, pairs: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """
    Show pairs as seen from the pole that is nearer to them: what lies on a meridian is as far as it is on the globe.

    Parameters
    ----------
    of
        The polygons, in degrees.
    pairs
        (pairs, 2) positions.

    Returns
    -------
    first, second : numpy.ndarray
        Shapes, in metres from the pole (azimuthal equidistant).
    pole : numpy.ndarray
        1 for the north, -1 for the south.
    """
    import shapely

    edges = of.boxes[pairs][:, :, [1, 3]]
    pole = np.where(edges.max(axis=(1, 2)) >= -edges.min(axis=(1, 2)), 1.0, -1.0)

    def seen(shapes: Numbers) -> Numbers:
        shapes = shapely.segmentize(shapes, PIECE)
        points, owner = shapely.get_coordinates(shapes, return_index=True)
        away, turned = of.metres * (90 - pole[owner] * points[:, 1]), np.radians(points[:, 0])
        moved: Numbers = shapely.set_coordinates(shapes, np.column_stack([away * np.cos(turned), away * np.sin(turned)]))
        return moved

    return seen(of.shapes[pairs[:, 0]]), seen(of.shapes[pairs[:, 1]]), pole


def sideways(of: Outlines, pairs: Numbers) -> Numbers:
    """
    Measure how far boxes are apart along either axis.

    Parameters
    ----------
    of
        The polygons.
    pairs
        (pairs, 2) positions.

    Returns
    -------
    numpy.ndarray
        (pairs, 2) in units of the coordinates; below 0 where boxes have something in common along that axis.
    """
    one, two = of.boxes[pairs[:, 0]], of.boxes[pairs[:, 1]] + turns(of, pairs)[:, None] * [1, 0, 1, 0]
    apart: Numbers = np.maximum(two[:, :2] - one[:, 2:], one[:, :2] - two[:, 2:])
    return apart


def meeting(of: Outlines, pairs: Numbers) -> Numbers:
    """
    Give the latitude at which two polygons meet, or that in the middle between them.

    Parameters
    ----------
    of
        The polygons.
    pairs
        (pairs, 2) positions.

    Returns
    -------
    numpy.ndarray
        (pairs,).
    """
    low, high, _ = _common(of, pairs)
    found: Numbers = (low + high) / 2
    return found


def turns(of: Outlines, pairs: Numbers) -> Numbers:
    """
    Tell by how many degrees the second of two shapes must go round the globe to be nearest to the first.

    Parameters
    ----------
    of
        The polygons.
    pairs
        (pairs, 2) positions.

    Returns
    -------
    numpy.ndarray
        (pairs,); 0 where coordinates are no degrees.
    """
    each = np.array([0.0, -360.0, 360.0])
    if not of.degrees:
        return np.zeros(len(pairs))
    one, two = of.boxes[pairs[:, 0]], of.boxes[pairs[:, 1]]
    apart = np.maximum(two[:, :1] + each - one[:, 2:3], one[:, :1] - two[:, 2:3] - each)
    found: Numbers = each[np.argmin(apart, axis=1)]
    return found


def _common(of: Outlines, pairs: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Give the lowest and highest latitude that two polygons have in common, or that lie between them; and whether they have any in common."""
    one, two = of.boxes[pairs[:, 0]], of.boxes[pairs[:, 1]]
    south, north = np.maximum(one[:, 1], two[:, 1]), np.minimum(one[:, 3], two[:, 3])
    return np.minimum(south, north), np.maximum(south, north), south < north


def _degree(low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
    """Give the length of a degree of longitude where it is longest and where it is shortest between two latitudes; 1 at the equator."""
    ends = np.sort(np.cos(np.radians([low, high])), axis=0)
    return np.where(low * high < 0, 1.0, ends[1]), ends[0]


def _in_bands(of: Outlines, pairs: Numbers, tall: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Cut some pairs into bands of latitude that reach half of their height into the next ones, each with the scale of its middle."""
    import shapely

    north = np.append(np.degrees(np.arccos(BAND ** -np.arange(np.ceil(np.log(1e4) / np.log(BAND))))), 90.0)
    edges = np.concatenate([-north[:0:-1], north])  # to 0.006 degrees from the pole, and the pole
    low, high, _ = _common(of, pairs[tall])
    start = np.maximum(np.searchsorted(edges, low, side="right") - 1, 0)
    count = np.minimum(np.searchsorted(edges, high, side="left"), len(edges) - 1) - start
    band = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - start, count)
    south, north, row = edges[band], edges[band + 1], np.repeat(tall, count)
    margin = (north - south) / 2
    strips = shapely.box(-1080.0, south - margin, 1080.0, north + margin)
    first, second = (shapely.intersection(of.shapes[pairs[row, side]], strips) for side in (0, 1))
    return *_scaled(of, pairs[row], first, second, np.cos(np.radians((south + north) / 2))), row


def _scaled(of: Outlines, pairs: Numbers, first: Numbers, second: Numbers, degree: Numbers) -> tuple[Numbers, Numbers]:
    """Put two shapes beside each other in metres, with one length of a degree of longitude."""
    import shapely

    scale = np.column_stack([of.metres * degree, np.full(len(pairs), of.metres)])
    turn = np.column_stack([turns(of, pairs), np.zeros(len(pairs))])

    def moved(shapes: Numbers, turn: Numbers) -> Numbers:
        points, owner = shapely.get_coordinates(shapes, return_index=True)
        found: Numbers = shapely.set_coordinates(shapes.copy(), (points + turn[owner]) * scale[owner])
        return found

    return moved(first, 0.0 * turn), moved(second, turn)
