"""Neighbours by triangulation: Delaunay's triangles, and the links of theirs that stay when nearer places speak against."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import DataError, complaint, listed
from spatial.options import used
from spatial.places import checked
from spatial.progress import awaited, shared_out, tell
from spatial.weights._links import Islands, Numbers, Transform, both_ways, graph_of, settled
from spatial.weights._positions import Positions, located, nearest_to
from spatial.weights._vertices import once

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

#: A point nearer to a circle than this share of its radius is on it.
ROUNDING = 1e-9

STAGES = 2  # triangles, then links and their graph; what a rule compares in between has a count of its own
ROWS = 100_000  # links compared together


def triangulation(
    places: "GeoDataFrame",
    *,
    rule: Literal["delaunay", "gabriel", "relative", "sphere_of_influence"] = "delaunay",
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Make places neighbours that are linked in a triangulation, or in the part of it that a rule leaves.

    Parameters
    ----------
    places
        Points, or polygons by their centroids.
    rule
        ``"delaunay"``: the triangles whose circles hold no other place; ``"gabriel"``: of these links those whose circle of
        diameter holds none; ``"relative"``: those where no third place is nearer to both ends than they are to each other;
        ``"sphere_of_influence"``: those shorter than the distances of both ends to their nearest places together.
    islands
        What a place without neighbours means, which only ``"sphere_of_influence"`` can make by rounding: ``"error"``,
        ``"keep"``, or ``"nearest"`` to attach it to its nearest place both ways.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as computed (here 1).

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order.

    Raises
    ------
    DataError
        When two places lie at the same point.

    Notes
    -----
    On geographic coordinates circles are drawn on the globe: places are projected stereographically round their middle,
    which keeps circles, and compared along chords; spdep takes degrees for a plane. Where four places lie on one circle
    either diagonal makes a triangulation; which one is found does not depend on the order of rows. The circle of a Gabriel
    link includes its rim, so neither diagonal of a square is one (spdep keeps both). Places on one line are linked along it.

    References
    ----------
    Gabriel, K. and Sokal, R. (1969), doi:10.2307/2412323; Toussaint, G. (1980), doi:10.1016/0031-3203(80)90066-7;
    Avis, D. and Horton, J. (1985), doi:10.1111/j.1749-6632.1985.tb14563.x.
    """
    used(triangulation, locals())
    places = checked(places)
    at, rank = located(places, "triangulation")
    _apart(places, at)
    pairs = _delaunay(at, places.index)
    if rule != "delaunay":
        keep = {"gabriel": _gabriel, "relative": _relative, "sphere_of_influence": _influence}[rule]
        pairs = pairs[keep(at.space, pairs, at.rounding)]
    tell(1, STAGES, "Building the graph")
    links = settled(
        places,
        both_ways(pairs[:, 0], pairs[:, 1], len(places)),
        islands,
        "triangulation",
        attached=lambda alone: (nearest_to(at, 1, rank)[alone, 0], np.ones(len(alone))),
        advice=lambda: 'Or set rule = "delaunay"',
    )
    return graph_of(places, links, transform)


def _apart(places: "GeoDataFrame", at: Positions) -> None:
    order = np.lexsort(at.points.T)
    same = (at.points[order][1:] == at.points[order][:-1]).all(axis=1)
    if same.any():
        named = [f"{places.index[order[each]]} and {places.index[order[each + 1]]}" for each in np.flatnonzero(same)]
        raise DataError(
            complaint(
                "triangulation",
                f"{len(named)} pairs of places lie at the same point: {listed(named)}",
                "A triangle needs three different points",
                "Move or merge these places, or use nearest or distance_band",
            )
        )


def _delaunay(at: Positions, labels: Any) -> Numbers:
    """List the sides of all triangles, each once; points are taken in the order of their coordinates, not of the rows."""
    from scipy.spatial import Delaunay, QhullError

    plane = at.space if at.geod is None else _stereographic(at.space)
    order = np.lexsort(plane.T)
    points = plane[order] - plane.mean(axis=0)
    points /= np.abs(points).max()
    if len(points) == 2 or np.linalg.svd(points, compute_uv=False)[1] < ROUNDING:
        return _along(order)
    try:
        mesh = awaited(lambda: Delaunay(points), 0, STAGES, f"Triangulating {len(points):,} points")
    except QhullError:
        return _along(order)
    if len(mesh.coplanar):  # Qhull leaves a point out that is nearly another one, against the extent of all
        return _exactly(plane, labels)
    sides = np.concatenate([mesh.simplices[:, [0, 1]], mesh.simplices[:, [1, 2]], mesh.simplices[:, [0, 2]]])
    return once(np.sort(order[sides], axis=1))


def _exactly(plane: Numbers, labels: Any) -> Numbers:
    """List the sides of all triangles with GEOS, which is ten times as slow and does not mind how near two points are."""
    import shapely

    points = shapely.multipoints(plane)
    words = f"Triangulating {len(plane):,} points, some very near to others"
    sides = awaited(lambda: shapely.delaunay_triangles(points, only_edges=True), 0, STAGES, words)
    found = shapely.get_coordinates(shapely.get_parts(sides))
    keys, ends = (np.ascontiguousarray(each).view(complex).ravel() for each in (plane + 0.0, found + 0.0))
    order = np.argsort(keys)  # complex numbers sort by their first part and then by their second
    pairs = once(np.sort(order[np.searchsorted(keys[order], ends)].reshape(-1, 2), axis=1))
    lacking = np.setdiff1d(np.arange(len(plane)), pairs)
    if len(lacking):
        raise DataError(
            complaint(
                "triangulation",
                f"{len(lacking)} places are too near to others to be triangulated: {listed(labels[lacking])}",
                "Expected them apart",
                "Move or merge them, or use nearest or distance_band",
            )
        )
    return pairs


def _along(order: Numbers) -> Numbers:
    return np.sort(np.column_stack([order[:-1], order[1:]]), axis=1)


def _stereographic(space: Numbers) -> Numbers:
    """Project points of the globe from the side opposite to their middle; circles stay circles."""
    unit = space / np.linalg.norm(space, axis=1, keepdims=True)
    middle = unit.mean(axis=0)
    middle = middle / np.linalg.norm(middle) if np.linalg.norm(middle) > ROUNDING else unit[0]
    east = np.cross([0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0], middle)
    east /= np.linalg.norm(east)
    away = np.maximum(1 + unit @ middle, ROUNDING)
    projected: Numbers = np.column_stack([unit @ east, unit @ np.cross(middle, east)]) / away[:, None]
    return projected


def _measured(space: Numbers, pairs: Numbers) -> tuple[Numbers, Numbers]:
    start, end = space[pairs[:, 0]], space[pairs[:, 1]]
    return (start + end) / 2, np.linalg.norm(start - end, axis=1)


def _in_blocks(work: Callable[[Numbers], tuple[Numbers, ...]], rows: Numbers) -> tuple[Numbers, ...]:
    """Do work that looks at each row by itself on so many of them at a time, and put what it finds together."""
    blocks = [rows[start : start + ROWS] for start in range(0, max(len(rows), 1), ROWS)]
    found = shared_out(work, blocks, "Comparing links with places nearby")
    return tuple(np.concatenate(each) for each in zip(*found, strict=True))


def _reaches(tree: Any, points: Numbers, count: int) -> Numbers:
    """Tell how far the last of so many nearest places of each point is."""
    return _in_blocks(lambda rows: (tree.query(points[rows], k=count)[0][:, -1],), np.arange(len(points)))[0]


def _gabriel(space: Numbers, pairs: Numbers, rounding: float) -> Numbers:
    from scipy.spatial import cKDTree

    middle, apart = _measured(space, pairs)
    third = _reaches(cKDTree(space), middle, min(3, len(space)))  # the ends are two of the three
    clear: Numbers = third > apart / 2 * (1 + ROUNDING) + rounding
    return clear | (len(space) == 2)


def _relative(space: Numbers, pairs: Numbers, rounding: float) -> Numbers:
    """Look for places nearer to both ends than these to each other, round the middle of each link and ever farther."""
    from scipy.spatial import cKDTree

    middle, apart = _measured(space, pairs)
    tree, keep = cKDTree(space), _gabriel(space, pairs, rounding)  # a place within the circle is nearer to both ends
    todo, count = np.flatnonzero(keep), min(8, len(space))

    def compared(count: int, links: Numbers) -> tuple[Numbers, Numbers]:
        reach, others = tree.query(middle[links], k=count)
        limit = apart[links] * (1 - ROUNDING) - rounding
        first, second = (np.linalg.norm(space[others] - space[pairs[links, end]][:, None], axis=2) for end in (0, 1))
        nearer = ((first < limit[:, None]) & (second < limit[:, None])).any(axis=1)
        # Nobody farther from the middle than this is nearer than `apart` to both ends.
        return nearer, reach[:, -1] >= apart[links] * np.sqrt(3) / 2

    while len(todo):
        nearer, complete = _in_blocks(partial(compared, count), todo)
        keep[todo[nearer]] = False
        todo, count = todo[~nearer & ~(complete | (count == len(space)))], min(2 * count, len(space))
    return keep


def _influence(space: Numbers, pairs: Numbers, rounding: float) -> Numbers:
    from scipy.spatial import cKDTree

    nearest = _reaches(cKDTree(space), space, 2)
    within: Numbers = _measured(space, pairs)[1] <= nearest[pairs].sum(axis=1) * (1 + ROUNDING) + rounding
    return within
