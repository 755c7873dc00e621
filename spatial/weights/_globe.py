"""Which outlines are nearest to each other on the globe."""

from typing import Any

import numpy as np

from spatial.weights._outlines import POLEWARDS, Numbers, Outlines, in_one_plane, meeting, round_a_pole, sideways

#: So many polygons are measured at once when the nearest one is looked for.
AT_ONCE = 32


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
    Which are near, and where two are nearest to each other, is found on a plane with the scale of the latitude between them,
    and beyond 65 degrees also on one round the pole; how far it is then, along the ellipsoid. Boxes tell whom there is no
    need to measure.
    """
    others = np.delete(np.arange(len(of.shapes)), island)
    pairs = np.column_stack([np.full(len(others), island), others])
    least = _apart_at_least(of, pairs)
    order = np.argsort(least, kind="stable")
    near, apart, measured = np.empty(0, np.int64), np.empty(0), 0
    while measured < len(order) and (not len(apart) or least[order[measured]] <= apart.min()):
        some = order[measured : measured + AT_ONCE]
        near, apart = np.append(near, others[some]), np.append(apart, _far(of, pairs[some], geod))
        measured += len(some)
    found: Numbers = near[apart <= apart.min()]
    return found


def _far(of: Outlines, pairs: Numbers, geod: Any) -> Numbers:
    """Measure how far outlines are apart, in metres along the ellipsoid."""
    import shapely

    first, second, _ = in_one_plane(of, pairs)
    ends = _ends(first, second)
    along, up = (of.metres * np.cos(np.radians(meeting(of, pairs))))[:, None], of.metres
    far = np.asarray(_along(geod, ends[:, :, 0] / along, ends[:, :, 1] / up))
    polar = np.flatnonzero(np.abs(of.boxes[pairs][:, :, [1, 3]]).max(axis=(1, 2)) > POLEWARDS)
    if len(polar):
        first, second, pole = round_a_pole(of, pairs[polar])
        lines = shapely.boundary(first)  # what overlaps is 0 apart on the first plane
        shapely.prepare(lines)
        ends = _ends(lines, shapely.boundary(second))
        latitude = pole[:, None] * (90 - np.hypot(ends[:, :, 0], ends[:, :, 1]) / of.metres)
        round_it = _along(geod, np.degrees(np.arctan2(ends[:, :, 1], ends[:, :, 0])), latitude)
        far[polar] = np.minimum(far[polar], round_it)
    return far


def _ends(first: Numbers, second: Numbers) -> Numbers:
    """Give where shapes are nearest to each other: (pairs, 2, 2)."""
    import shapely

    return shapely.get_coordinates(shapely.shortest_line(first, second)).reshape(-1, 2, 2)


def _along(geod: Any, longitude: Numbers, latitude: Numbers) -> Numbers:
    far: Numbers = geod.inv(longitude[:, 0], latitude[:, 0], longitude[:, 1], latitude[:, 1])[2]
    return far


def _apart_at_least(of: Outlines, pairs: Numbers) -> Numbers:
    """Bound from below how far polygons are apart, in metres: by latitude, and by longitude at the latitude nearest to a pole."""
    gap = np.maximum(sideways(of, pairs), 0.0)
    highest = np.minimum(np.abs(of.boxes[pairs][:, :, [1, 3]]).max(axis=(1, 2)), 90.0)
    along = np.where(gap[:, 0] < 90, np.sin(np.radians(np.minimum(gap[:, 0], 90.0))), 1.0) * np.cos(np.radians(highest))
    # A great circle to another meridian is shortest where it meets that meridian at a right angle.
    least: Numbers = 0.99 * of.metres * np.maximum(gap[:, 1], np.degrees(np.arcsin(np.minimum(along, 1.0))))
    return least
