"""Where places are and how far apart: metres on the plane or on the ellipsoid, never degrees."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, complaint
from spatial.places import is_local

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Numbers = np.ndarray[Any, np.dtype[Any]]

#: Distances that differ by less than this share are equal; sums of squares are not exact.
ROUNDING = 1e-12

#: What fits into the memory of a small computer: 5,000 places, each paired with each.
MOST_PAIRS = 12_500_000
BYTES = 230  # that a pair was measured to take while a graph is built of it


@dataclass(frozen=True, eq=False)
class Positions:
    """One point for each place, and the space in which near ones are looked up."""

    points: Numbers  # (places, 2): metres, local units, or degrees where `geod` is given
    space: Numbers  # (places, 2 or 3): never farther apart than the places themselves
    geod: Any  # pyproj.Geod of the reference system, None on the plane
    unit: str  # "m", or "local units"


def positions(places: "GeoDataFrame") -> Positions:
    """
    Take one point for each place: the point itself, or the centroid of a polygon.

    Parameters
    ----------
    places
        A checked table. Centroids are planar, in the coordinates of the table; for a polygon that crosses the 180th
        meridian the western longitudes are counted on from 180.

    Returns
    -------
    Positions
        In metres; feet and other units are converted. Local coordinates keep their own unit.
    """
    points = centroids(places)
    if places.crs.is_geographic:
        geod = places.crs.get_geod()
        return Positions(points, _in_space(points, geod), geod, "m")
    points = points * metres_per_unit(places)
    return Positions(points, points, None, "local units" if is_local(places) else "m")


def metres_per_unit(places: "GeoDataFrame") -> float:
    """
    Tell how long one unit of the coordinates is.

    Parameters
    ----------
    places
        A table in projected or local coordinates.

    Returns
    -------
    float
        In metres; 1 for local coordinates, whose unit nobody knows.
    """
    return 1.0 if is_local(places) else float(places.crs.axis_info[0].unit_conversion_factor)


def centroids(places: "GeoDataFrame") -> Numbers:
    """
    Give the centroids in the coordinates of the table.

    Parameters
    ----------
    places
        A checked table.

    Returns
    -------
    numpy.ndarray
        (places, 2).
    """
    import shapely

    shapes = np.asarray(places.geometry.array)
    points = shapely.get_coordinates(shapely.centroid(shapes))
    if places.crs.is_geographic:
        bounds = shapely.bounds(shapes)
        wide = bounds[:, 2] - bounds[:, 0] > 180
        if wide.any():
            turned = shapely.transform(
                shapes[wide], lambda xy: np.column_stack([np.where(xy[:, 0] < 0, xy[:, 0] + 360, xy[:, 0]), xy[:, 1]])
            )
            points[wide] = shapely.get_coordinates(shapely.centroid(turned))
            points[:, 0] = (points[:, 0] + 180) % 360 - 180
    return points


def distances(at: Positions, first: Numbers, second: Numbers) -> Numbers:
    """
    Measure the distance between places.

    Parameters
    ----------
    at
        Where they are.
    first, second
        Positions in the table, of one shape.

    Returns
    -------
    numpy.ndarray
        Metres along the plane, or along the geodesic on the ellipsoid (Karney 2013, doi:10.1007/s00190-012-0578-z).
    """
    if at.geod is None:
        difference = at.points[first] - at.points[second]
        return np.asarray(np.hypot(difference[..., 0], difference[..., 1]))
    start, end = np.broadcast_arrays(at.points[first], at.points[second])
    measured = at.geod.inv(start[..., 0].ravel(), start[..., 1].ravel(), end[..., 0].ravel(), end[..., 1].ravel())[2]
    return np.asarray(measured, float).reshape(start.shape[:-1])


def in_words(length: float, unit: str) -> str:
    """
    Write a length out for a reader.

    Parameters
    ----------
    length
        In the unit of `Positions.unit`.
    unit
        That unit.

    Returns
    -------
    str
        Long ones in kilometres.

    Examples
    --------
    >>> in_words(422_345.6, "m")
    '422.3 km'
    >>> in_words(3.374271, "local units")
    '3.374 local units'
    """
    if unit == "m" and length >= 10_000:
        return f"{length / 1000:,.1f} km"
    return f"{length:,.0f} {unit}" if length >= 1000 else f"{length:.4g} {unit}"


def nearest_distances(at: Positions) -> Numbers:
    """
    Measure how far the nearest other place of each place is.

    Parameters
    ----------
    at
        Where they are.

    Returns
    -------
    numpy.ndarray
        Metres, or local units.
    """
    everyone = np.arange(len(at.points))
    return distances(at, everyone, nearest_to(at, 1, everyone)[:, 0])


def nearest_to(at: Positions, count: int, rank: Numbers) -> Numbers:
    """
    Find the nearest other places of each place.

    Parameters
    ----------
    at
        Where they are.
    count
        How many, fewer than there are places.
    rank
        What decides between places equally far: the smaller rank.

    Returns
    -------
    numpy.ndarray
        (places, count) positions, nearest first.
    """
    from scipy.spatial import cKDTree

    everyone = len(at.space)
    tree = cKDTree(at.space)
    found = np.empty((everyone, count), np.int64)
    todo, wanted = np.arange(everyone), min(everyone, count + (2 if at.geod is None else 6))
    while len(todo):
        open_rows = []
        for rows in np.array_split(todo, 1 + len(todo) * wanted // 4_000_000):  # bounds memory
            chosen, complete = _chosen(at, tree, rows, wanted, count, rank)
            found[rows] = chosen
            open_rows.append(rows[~complete])
        todo, wanted = np.concatenate(open_rows), min(everyone, 2 * wanted)
    return found


def _chosen(at: Positions, tree: Any, rows: Numbers, wanted: int, count: int, rank: Numbers) -> tuple[Numbers, Numbers]:
    """Choose among ``wanted`` candidates; say in which rows nobody outside them can be as near."""
    reach, others = tree.query(at.space[rows], k=wanted, workers=-1)
    far = distances(at, rows[:, None], others)
    far[others == rows[:, None]] = np.inf
    last = np.partition(far, count - 1, axis=1)[:, count - 1 : count]
    far = np.where(np.abs(far - last) <= ROUNDING * last, last, far)
    order = np.lexsort((rank[others], far), axis=1)[:, :count]
    complete = (reach[:, -1] > last[:, 0] * (1 + ROUNDING)) | (wanted == len(at.space))
    return np.take_along_axis(others, order, axis=1), complete


def within(at: Positions, threshold: float) -> tuple[Numbers, Numbers, Numbers]:
    """
    Find all pairs of places within a distance.

    Parameters
    ----------
    at
        Where they are.
    threshold
        The largest distance, itself included.

    Returns
    -------
    first, second, distance : numpy.ndarray
        Each pair once.
    """
    from scipy.spatial import cKDTree

    limit = threshold * (1 + ROUNDING)
    tree = cKDTree(at.space)
    bounded((int(tree.count_neighbors(tree, limit)) - len(at.space)) // 2, f"within {in_words(threshold, at.unit)} of each other")
    pairs = tree.query_pairs(limit, output_type="ndarray")
    apart = distances(at, pairs[:, 0], pairs[:, 1])
    near = apart <= limit
    return pairs[near, 0], pairs[near, 1], apart[near]


def bounded(pairs: int, which: str) -> None:
    """
    Refuse more pairs of places than a computer holds, before they are made.

    Parameters
    ----------
    pairs
        How many there would be.
    which
        What makes two places a pair, in words.

    Raises
    ------
    DataError
        When there would be too many; the message estimates the memory.
    """
    if pairs > MOST_PAIRS:
        what = f"{pairs:,} pairs of places lie {which}, which would take about {pairs * BYTES / 1e9:,.0f} GB"
        raise DataError(
            complaint("weights", what, f"Expected at most {MOST_PAIRS:,} pairs", "Choose nearer neighbours, or fewer places")
        )


def _in_space(points: Numbers, geod: Any) -> Numbers:
    """Geocentric coordinates: the straight line between two points is never longer than the geodesic."""
    longitude, latitude = np.radians(points[:, 0]), np.radians(points[:, 1])
    radius = geod.a / np.sqrt(1 - geod.es * np.sin(latitude) ** 2)
    return np.column_stack(
        [
            radius * np.cos(latitude) * np.cos(longitude),
            radius * np.cos(latitude) * np.sin(longitude),
            radius * (1 - geod.es) * np.sin(latitude),
        ]
    )
