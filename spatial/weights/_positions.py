"""Where places are and how far apart: metres on the plane or on the ellipsoid, never degrees."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, complaint, in_words
from spatial.places import is_local
from spatial.progress import tell
from spatial.weights._centres import centroids, metres_per_unit, on_the_globe
from spatial.weights._near_pairs import along_a_curve, near_pairs, planted_tree

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Numbers = np.ndarray[Any, np.dtype[Any]]

#: Distances that differ by less than this share are equal; sums of squares are not exact.
ROUNDING = 1e-12
#: So many roundings of the largest coordinate may make a difference between distances that are equal (18 nanometres at 5,000 km).
ROUNDINGS = 16

#: So many places look their neighbours up at once; bounds memory.
ROWS = 250_000


@dataclass(frozen=True, eq=False)
class Positions:
    """One point for each place, and the space in which near ones are looked up."""

    points: Numbers  # (places, 2): metres, local units, or degrees where `geod` is given
    space: Numbers  # (places, 2 or 3): never farther apart than the places themselves
    geod: Any  # pyproj.Geod of the reference system, None on the plane
    unit: str  # "m", or "local units"
    rounding: float  # what the rounding of coordinates does to distances, at most

    def most(self, distance: Any) -> Any:
        """Give the longest distance that is equal to one but for rounding."""
        return distance * (1 + ROUNDING) + self.rounding

    def longest(self, straight: Numbers) -> Numbers:
        """
        Bound the distance of places that are ``straight`` apart in `space`.

        A geodesic bends nowhere more than a circle of radius b^2/a, the smallest radius of curvature of the ellipsoid, so it
        is no longer than the arc of this circle over the same chord (Schur's theorem).
        """
        if self.geod is None:
            return straight
        radius = self.geod.b**2 / self.geod.a
        arc: Numbers = 2 * radius * np.arcsin(np.minimum(straight / (2 * radius), 1.0))
        return np.where(straight < radius, arc, np.inf)


def positions(places: "GeoDataFrame") -> Positions:
    """
    Take one point for each place: the point itself, or the centroid of a polygon.

    Parameters
    ----------
    places
        A checked table. Centroids are planar, in the coordinates of the table; of a polygon that the 180th meridian cuts
        the western longitudes are counted on from 180.

    Returns
    -------
    Positions
        In metres; feet and other units are converted. Local coordinates keep their own unit.

    Raises
    ------
    DataError
        When geographic coordinates are not in degrees, or latitudes beyond 90.
    """
    points = centroids(places)
    if places.crs.is_geographic:
        on_the_globe(places, np.tile(points, 2))
        geod = places.crs.get_geod()
        space = _in_space(points, geod)
        return Positions(points, space, geod, "m", _rounding(space))
    points = points * metres_per_unit(places)
    return Positions(points, points, None, "local units" if is_local(places) else "m", _rounding(points))


def _rounding(space: Numbers) -> float:
    return ROUNDINGS * float(np.finfo(float).eps) * float(np.abs(space).max())


def located(places: "GeoDataFrame", where: str) -> tuple[Positions, Numbers]:
    """
    Give where places are, and the rank of each label, which decides between places equally far.

    Parameters
    ----------
    places
        A checked table.
    where
        The operation, for messages.

    Returns
    -------
    at : Positions
        In the order of the table.
    rank : numpy.ndarray
        For each place how many labels are smaller.

    Raises
    ------
    DataError
        When there is one place only.
    """
    if len(places) < 2:
        raise DataError(complaint(where, "there is one place", "Expected at least two, for nobody is a neighbour of itself"))
    rank = np.empty(len(places), np.int64)
    rank[places.index.argsort()] = np.arange(len(places))
    return positions(places), rank


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
    everyone = len(at.space)
    order = along_a_curve(at.space)
    tree = planted_tree(at.space[order])
    found = np.empty((everyone, count), np.int32)
    open_rows = []
    for start in range(0, everyone, ROWS):
        rows = np.arange(start, min(start + ROWS, everyone))
        tell(start, everyone, "Finding the nearest places")
        reach, others = tree.query(tree.data[rows], k=count + 2, workers=-1)
        # Without anybody at the same point the place itself stands first; then the `count` next are certain unless one
        # beyond them is as near.
        clear = (reach[:, 1] > 0) & (at.most(at.most(at.longest(reach[:, count]))) < reach[:, count + 1])
        found[order[rows[clear]]] = order[others[clear, 1 : count + 1]]
        open_rows.append(order[rows[~clear]])
    todo, wanted = np.sort(np.concatenate(open_rows)), min(everyone, count + (3 if at.geod is None else 6))
    while len(todo):
        open_rows = [todo[:0]]
        for rows in np.array_split(todo, 1 + len(todo) * wanted // 4_000_000):  # bounds memory
            chosen, complete = _chosen(at, (tree, order), rows, wanted, count, rank)
            found[rows] = chosen
            open_rows.append(rows[~complete])
        todo, wanted = np.concatenate(open_rows), min(everyone, 2 * wanted)
    return found


def _chosen(at: Positions, tree: Any, rows: Numbers, wanted: int, count: int, rank: Numbers) -> tuple[Numbers, Numbers]:
    """Choose among ``wanted`` candidates; say in which rows nobody outside them can be as near."""
    reach, others = tree[0].query(at.space[rows], k=wanted, workers=-1)
    others = tree[1][others]
    far = distances(at, rows[:, None], others)
    far[others == rows[:, None]] = np.inf
    last = np.partition(far, count - 1, axis=1)[:, count - 1 : count]
    far = np.where(np.abs(far - last) <= at.most(last) - last, last, far)
    order = np.lexsort((rank[others], far), axis=1)[:, :count]
    complete = (reach[:, -1] > at.most(last[:, 0])) | (wanted == len(at.space))
    return np.take_along_axis(others, order, axis=1), complete


def within(at: Positions, threshold: float, *, measured: bool = True) -> tuple[Numbers, Numbers, Numbers]:
    """
    Find all pairs of places within a distance.

    Parameters
    ----------
    at
        Where they are.
    threshold
        The largest distance, itself included.
    measured
        Whether distances are wanted.

    Returns
    -------
    first, second, distance : numpy.ndarray
        Each pair once; the distances empty where they are not wanted.
    """
    limit = at.most(threshold)
    first, second = near_pairs(at.space, limit, f"within {in_words(threshold, at.unit)} of each other")
    if at.geod is None:
        return first, second, distances(at, first, second) if measured else np.empty(0)
    if measured:
        apart = distances(at, first, second)
        near = apart <= limit
        return first[near], second[near], apart[near]
    straight = np.linalg.norm(at.space[first] - at.space[second], axis=1)
    near = at.longest(straight) <= limit
    unclear = np.flatnonzero(~near)
    near[unclear] = distances(at, first[unclear], second[unclear]) <= limit
    return first[near], second[near], np.empty(0)


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
