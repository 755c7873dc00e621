"""The links of a graph as lines one can draw."""

from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.places import checked
from spatial.weights._centres import centroids
from spatial.weights._positions import Numbers, distances, positions

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


def edges(places: "GeoDataFrame", graph: "Graph") -> "GeoDataFrame":
    """
    Draw each link as a line between centroids.

    Parameters
    ----------
    places
        The table.
    graph
        Weights on its labels.

    Returns
    -------
    geopandas.GeoDataFrame
        One row for each link, sorted by ``from`` and ``to``, with ``weight`` and ``distance`` (metres, or local units), in
        the reference system of ``places``. Links in both directions are two rows, for their weights differ. In degrees, where
        a line goes the short way over the 180th meridian, all of them are lines of several parts, cut there.
    """
    import geopandas
    import shapely

    from spatial.places import aligned

    places = checked(places)
    given = aligned(places, graph, least=1)
    start, end = given.weights.tocoo().coords
    order = places.index.get_indexer(given.labels)
    first, second = order[start], order[end]
    points = centroids(places)
    table = {
        "from": given.labels[start].to_numpy(object),
        "to": given.labels[end].to_numpy(object),
        "weight": given.weights.tocoo().data,
        "distance": distances(positions(places), first, second),
    }
    lines = shapely.linestrings(np.stack([points[first], points[second]], axis=1))
    if places.crs.is_geographic:
        lines = the_short_way(lines, points[first], points[second])
    return geopandas.GeoDataFrame(table, geometry=lines, crs=places.crs)


def the_short_way(lines: Any, start: Numbers, end: Numbers) -> Any:
    """
    Lead lines over the 180th meridian where that is the short way, in two parts.

    Parameters
    ----------
    lines
        Straight ones.
    start, end
        (lines, 2): their ends, in degrees.

    Returns
    -------
    numpy.ndarray
        The lines; where one of them goes over the meridian all are lines of several parts.
    """
    import shapely

    over = np.flatnonzero(np.abs(start[:, 0] - end[:, 0]) > 180)
    if not len(over):
        return lines
    whole: Numbers = np.asarray(shapely.multilinestrings(lines, indices=np.arange(len(lines))))
    one, two = start[over], end[over]
    side = np.sign(one[:, 0])  # the line leaves on this side
    rest = 360 - np.abs(two[:, 0] - one[:, 0])
    share = np.divide(180 - np.abs(one[:, 0]), rest, out=np.full(len(over), 0.5), where=rest > 0)
    height = one[:, 1] + share * (two[:, 1] - one[:, 1])
    leaves, enters = np.column_stack([180 * side, height]), np.column_stack([-180 * side, height])
    parts: Numbers = np.asarray(
        shapely.linestrings(np.stack([np.concatenate([one, enters]), np.concatenate([leaves, two])], axis=1))
    )
    whole[over] = [shapely.multilinestrings([parts[each], parts[each + len(over)]]) for each in range(len(over))]
    return whole
