"""The links of a graph as lines one can draw."""

from typing import TYPE_CHECKING

import numpy as np

from spatial.places import checked
from spatial.weights._positions import centroids, distances, positions

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
        the reference system of ``places``. Links in both directions are two rows, for their weights differ.
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
    return geopandas.GeoDataFrame(table, geometry=lines, crs=places.crs)
