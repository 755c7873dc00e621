"""Delaunay's triangles on the plane and round the globe; which are found depends on where places are, not on the order of rows."""

from typing import Any

import numpy as np

from spatial.errors import DataError, complaint, counted, listed
from spatial.progress import awaited
from spatial.weights._positions import ROUNDINGS, Numbers, Positions
from spatial.weights._vertices import keys_of, once

#: Points this near to one line, or circles this near to half the globe, against the extent of all, are taken to be it.
ROUNDING = 1e-9
#: Shorter links, against the extent of all, may be wrong: Qhull compares squares of coordinates.
SHORT = 1e-6

ENDS = ([0, 1], [1, 2], [0, 2])  # of the sides of a triangle, among its corners
STAGES = 2  # triangles, then what is made of them


def sides(at: Positions, order: Numbers, labels: Any) -> Numbers:
    """
    List the sides of all triangles.

    Parameters
    ----------
    at
        Where places are, no two of them at one point.
    order
        The positions of places sorted by their coordinates.
    labels
        Their labels, for messages.

    Returns
    -------
    numpy.ndarray
        (sides, 2) positions, each pair once, sorted.

    Raises
    ------
    DataError
        When places are so near to others that their coordinates on the plane are the same.

    Notes
    -----
    Everything is computed of sorted points, sums too: the last digits, which decide between triangulations that are equally good,
    are the same for any order of rows.
    """
    space, labels = at.space[order], labels[order]
    if at.geod is None:
        found = _on_the_plane(space, labels)
    else:
        unit = space / np.linalg.norm(space, axis=1, keepdims=True)
        middle = _scaled(unit.mean(axis=0))
        half = bool((_along(unit, middle) > 0).all())
        found = _on_the_plane(_stereographic(unit, middle), labels) if half else _on_the_globe(unit, labels)
    return once(np.sort(order[found], axis=1))


def _on_the_plane(plane: Numbers, labels: Any) -> Numbers:
    """List the sides of the triangles between points of the plane; of points on one line, the links along it."""
    from scipy.spatial import Delaunay, QhullError

    points = plane - plane.mean(axis=0)
    points /= np.abs(points).max()
    if len(points) == 2 or np.linalg.svd(points, compute_uv=False)[1] < ROUNDING:
        return _in_line(points)
    try:
        mesh = awaited(lambda: Delaunay(points), 0, STAGES, f"Triangulating {len(points):,} points")
    except QhullError:
        return _in_line(points)
    # Qhull leaves a point out that is nearly another one, against the extent of all, and takes small circles for equal.
    corners = _exactly(plane, labels) if len(mesh.coplanar) or _spoilt(points, mesh) else mesh.simplices
    found, over = _joined(corners), _over_a_place(plane, corners)
    return found[~np.isin(_keys(found), _keys(over))] if len(over) else found


def _keys(pairs: Numbers) -> Numbers:
    return keys_of(np.sort(pairs, axis=1))


def _joined(corners: Numbers) -> Numbers:
    return np.concatenate([corners[:, ends] for ends in ENDS])


def _in_line(points: Numbers) -> Numbers:
    direction = np.linalg.svd(points, full_matrices=False)[2][0]
    order = np.lexsort([*points.T, points @ direction])
    return np.column_stack([order[:-1], order[1:]])


def _squares(points: Numbers, corners: Numbers) -> Numbers:
    """Measure the sides of triangles, squared, in the order of `ENDS`."""
    columns = np.ascontiguousarray(points.T)
    return np.stack([sum((each[corners[:, one]] - each[corners[:, other]]) ** 2 for each in columns) for one, other in ENDS])


def _over_a_place(plane: Numbers, corners: Numbers) -> Numbers:
    """Find links on which a third place lies: on a straight outline rounding leaves room for flat triangles."""
    x, y = (plane[:, axis][corners] for axis in (0, 1))
    doubled = np.abs((x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (y[:, 1] - y[:, 0]) * (x[:, 2] - x[:, 0]))
    squares = _squares(plane, corners)
    shortest, longest = np.sqrt(squares.min(axis=0)), np.sqrt(squares.max(axis=0))
    rounding = ROUNDINGS * np.finfo(float).eps * np.abs(plane).max()
    flat = np.flatnonzero(doubled <= longest * (ROUNDING * shortest + rounding))
    return np.take_along_axis(corners[flat], np.array(ENDS)[squares[:, flat].argmax(axis=0)], axis=1)


def _spoilt(points: Numbers, mesh: Any) -> bool:
    """Tell whether the circle of a small triangle, or of one beside it, holds the point of the other; larger ones are right."""
    small = np.flatnonzero(_squares(points, mesh.simplices).min(axis=0) < SHORT**2)
    for opposite in range(3):
        beside = mesh.neighbors[small, opposite]
        here, there = mesh.simplices[small[beside >= 0]], mesh.simplices[beside[beside >= 0]]
        first, second, third = (points[here[:, (opposite + step) % 3]] for step in range(3))
        fourth = points[there.sum(axis=1) - here.sum(axis=1) + here[:, opposite]]
        # Then both angles over the side between them are more than half a turn together.
        if (_angle(first, second, third) + _angle(fourth, second, third) > np.pi + ROUNDING).any():
            return True
    return False


def _angle(at: Numbers, one: Numbers, other: Numbers) -> Numbers:
    one, other = one - at, other - at
    crossed = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
    turned: Numbers = np.arctan2(crossed, (one * other).sum(axis=1))
    return turned


def _exactly(plane: Numbers, labels: Any) -> Numbers:
    """Give the corners of all triangles with GEOS, which is ten times as slow and does not mind how near two points are."""
    import shapely

    points = shapely.multipoints(plane)
    words = f"Triangulating {len(plane):,} points, some very near to others"
    triangles = awaited(lambda: shapely.delaunay_triangles(points), 0, STAGES, words)
    found = shapely.get_coordinates(shapely.get_parts(triangles)).reshape(-1, 4, 2)[:, :3]
    keys, ends = (np.ascontiguousarray(each + 0.0).view(complex) for each in (plane, found))
    order = np.argsort(keys[:, 0])  # complex numbers sort by their first part and then by their second
    corners: Numbers = order[np.searchsorted(keys[order, 0], ends[..., 0])]
    lacking = np.setdiff1d(np.arange(len(plane)), corners)
    if len(lacking):
        raise DataError(
            complaint(
                "triangulation",
                f"{counted(len(lacking), 'place is', 'places are')} too near to others to be triangulated: {listed(labels[lacking])}",
                "Expected places apart",
                "Move or merge them, or use nearest or distance_band",
            )
        )
    return corners


def _along(unit: Numbers, direction: Numbers) -> Numbers:
    """Multiply and add column by column: linear algebra would round by where a row stands."""
    product: Numbers = unit[:, 0] * direction[0] + unit[:, 1] * direction[1] + unit[:, 2] * direction[2]
    return product


def _scaled(direction: Numbers) -> Numbers:
    length = np.sqrt((direction**2).sum())
    return direction / length if length > ROUNDING else np.zeros(3)


def _stereographic(unit: Numbers, middle: Numbers) -> Numbers:
    """Project points of the globe from the side opposite to their middle; circles stay circles."""
    east = _scaled(np.cross([0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0], middle))
    away = 1 + _along(unit, middle)
    return np.column_stack([_along(unit, east) / away, _along(unit, np.cross(middle, east)) / away])


def _on_the_globe(unit: Numbers, labels: Any) -> Numbers:
    """
    List the sides of the triangles between points all over the globe whose circles are smaller than half of it.

    The plane through the corners of such a triangle has all other points on one side, so they are a facet of the convex hull
    (Brown 1979, doi:10.1016/0020-0190(79)90074-7); the middle of the globe lies on the same side.
    """
    from scipy.spatial import ConvexHull

    plain = _on_one_circle(unit, labels)
    if plain is not None:
        return plain
    hull = awaited(lambda: ConvexHull(unit), 0, STAGES, f"Triangulating {len(unit):,} points")
    facets, outward, level = hull.simplices, hull.equations[:, :3], -hull.equations[:, 3]
    smaller = level > ROUNDING
    if len(hull.vertices) == len(unit) and _squares(unit, facets).min() > SHORT**2:
        return _joined(facets[smaller])
    # The middle of the largest empty circle is a good point to project from; only triangles whose circles hold it are lost.
    pole = outward[level.argmin()]
    behind = _along(outward, pole) > level - ROUNDING
    front = _exactly(_stereographic(unit, -pole), labels)
    return _joined(np.concatenate([facets[behind & smaller], front[_level(unit[front], pole) > ROUNDING]]))


def _level(corners: Numbers, pole: Numbers) -> Numbers:
    """Tell how far the planes of triangles are beyond the middle of the globe, seen from the side where `pole` is."""
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    across /= np.maximum(np.sqrt((across**2).sum(axis=1, keepdims=True)), np.finfo(float).tiny)
    level: Numbers = (across * corners[:, 0]).sum(axis=1)
    return np.where(_along(across, pole) > level, -level, level)


def _on_one_circle(unit: Numbers, labels: Any) -> Numbers | None:
    """Link points that all lie on one circle, next to each other where it is a great one; else there is nothing to give."""
    if len(unit) == 2:  # on opposite sides
        return np.array([[0, 1]])
    _, widths, axes = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    if widths[2] > ROUNDING:
        return None
    level = float(_along(unit, axes[2]).mean())
    if abs(level) > ROUNDING:  # the plane holds them, as seen from within
        return _on_the_plane(_stereographic(unit, axes[2] * np.sign(level)), labels)
    angle = np.arctan2(_along(unit, axes[1]), _along(unit, axes[0]))
    order = np.argsort(angle)
    gap = np.append(np.diff(angle[order]), angle[order[0]] + 2 * np.pi - angle[order[-1]])
    linked: Numbers = np.column_stack([order, np.roll(order, -1)])[gap < np.pi - ROUNDING]
    return linked
