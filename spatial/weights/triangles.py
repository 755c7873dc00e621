"""Neighbours by triangulation: Delaunay's triangles, and the links of theirs that stay when nearer places speak against."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import DataError, complaint, counted, listed
from spatial.options import used
from spatial.places import checked
from spatial.progress import shared_out, tell
from spatial.weights._delaunay import STAGES, sides
from spatial.weights._links import Islands, Numbers, Transform, both_ways, graph_of, settled
from spatial.weights._positions import Positions, located, nearest_to

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

#: A point nearer to a circle than this share of its radius is on it.
ROUNDING = 1e-9

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
    Two places are linked where some circle through both holds no other place. On geographic coordinates circles are drawn on
    the globe, as they are seen from its middle; spdep takes degrees for a plane. Where all places are within 90 degrees of the
    middle of all, circles that hold the point opposite to it do not count: a stereographic projection, which keeps circles, is
    triangulated. Else only circles count that are smaller than half the globe: the facets of a convex hull. Lengths are
    compared along chords.

    Where four or more places lie on one circle that holds nobody, several triangulations are equally good; the last digits of
    coordinates decide between them, never the order of rows nor labels. Places on one line or great circle are linked along it,
    not across half the globe or more unless there are but two. The circle of a Gabriel link includes its rim, so neither
    diagonal of a square is one (spdep keeps both).

    References
    ----------
    Gabriel, K. and Sokal, R. (1969), doi:10.2307/2412323; Toussaint, G. (1980), doi:10.1016/0031-3203(80)90066-7;
    Avis, D. and Horton, J. (1985), doi:10.1111/j.1749-6632.1985.tb14563.x.
    """
    used(triangulation, locals())
    places = checked(places)
    at, rank = located(places, "triangulation")
    pairs = sides(at, _sorted(places, at), places.index)
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
        advice=lambda: 'With rule = "delaunay" places have more neighbours',
    )
    return graph_of(places, links, transform)


def _sorted(places: "GeoDataFrame", at: Positions) -> Numbers:
    """Sort places by their coordinates, and refuse two at one point."""
    points = at.points if at.geod is None else _written_one_way(at.points)
    order = np.lexsort(points.T)
    same = (points[order][1:] == points[order][:-1]).all(axis=1)
    if same.any():
        named = [f"{places.index[order[each]]} and {places.index[order[each + 1]]}" for each in np.flatnonzero(same)]
        raise DataError(
            complaint(
                "triangulation",
                f"{counted(len(named), 'pair of places lies', 'pairs of places lie')} at the same point: {listed(named)}",
                "A triangle needs three different points",
                "Move or merge these places, or use nearest or distance_band",
            )
        )
    return order


def _written_one_way(degrees: Numbers) -> Numbers:
    """Write each point of the globe in one way: longitudes from -180 to below 180, and 0 at the poles; nothing is rounded."""
    longitude = np.fmod(degrees[:, 0], 360)
    longitude -= 360.0 * (longitude >= 180)
    longitude += 360.0 * (longitude < -180)
    return np.column_stack([np.where(np.abs(degrees[:, 1]) == 90, 0, longitude), degrees[:, 1]])


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
    """Look for places on or within the circle that has the link for its diameter: there the link is seen at a right angle or wider."""

    def within(apart: Numbers, one: Numbers, other: Numbers) -> Numbers:
        first, second = np.linalg.norm(one, axis=2), np.linalg.norm(other, axis=2)
        wide = (one * other).sum(axis=2) <= ROUNDING * first * second + rounding * (first + second)
        # A place next to one end is on the circle but for rounding; if it is as far from the other end, it is not within.
        spoils: Numbers = wide & (np.maximum(first, second) < apart[:, None])
        return spoils

    return _unspoilt(space, pairs, within, lambda apart: apart / 2 * (1 + ROUNDING) + 2 * rounding, 3)


def _relative(space: Numbers, pairs: Numbers, rounding: float) -> Numbers:
    """Look for places nearer to both ends of a link than these to each other."""

    def nearer(apart: Numbers, one: Numbers, other: Numbers) -> Numbers:
        limit = (apart * (1 - ROUNDING) - rounding)[:, None]
        spoils: Numbers = (np.linalg.norm(one, axis=2) < limit) & (np.linalg.norm(other, axis=2) < limit)
        return spoils

    keep = _gabriel(space, pairs, rounding)  # a place within the circle is nearer to both ends
    # Nobody farther from the middle than so is nearer than `apart` to both ends.
    keep[keep] = _unspoilt(space, pairs[keep], nearer, lambda apart: apart * (np.sqrt(3) / 2), 8)
    return keep


def _unspoilt(
    space: Numbers, pairs: Numbers, spoils: Callable[..., Numbers], reach: Callable[[Numbers], Numbers], count: int
) -> Numbers:
    """Tell which links no third place spoils, looking for them round the middle of each link, and ever more of them up to a reach."""
    from scipy.spatial import cKDTree

    tree, keep, todo = cKDTree(space), np.ones(len(pairs), bool), np.arange(len(pairs))
    middle, apart = _measured(space, pairs)

    def compared(count: int, links: Numbers) -> tuple[Numbers, Numbers]:
        far, others = tree.query(middle[links], k=count)
        most = reach(apart[links])
        found = far[:, 2] < apart[links] / 2 * (1 - ROUNDING)  # a third place within the circle spoils a link in any case
        unclear = ~found & (far[:, 2] <= most)  # others have but their ends within reach
        rows, others = links[unclear], others[unclear]
        one, other = (pairs[rows, end][:, None] for end in (0, 1))
        third = (others != one) & (others != other)
        found[unclear] = (third & spoils(apart[rows], space[others] - space[one], space[others] - space[other])).any(axis=1)
        return found, far[:, -1] > most

    count = min(count, len(space))
    while len(todo) and len(space) > 2:
        found, complete = _in_blocks(partial(compared, count), todo)
        keep[todo[found]] = False
        todo, count = todo[~found & ~(complete | (count == len(space)))], min(2 * count, len(space))
    return keep


def _influence(space: Numbers, pairs: Numbers, rounding: float) -> Numbers:
    from scipy.spatial import cKDTree

    nearest = _reaches(cKDTree(space), space, 2)
    within: Numbers = _measured(space, pairs)[1] <= nearest[pairs].sum(axis=1) * (1 + ROUNDING) + rounding
    return within
