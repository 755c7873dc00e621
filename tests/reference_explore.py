"""Data sets of the references as places and graphs, in every style of weights; and what R does with places without neighbours."""

from dataclasses import replace
from functools import cache

from outside import shared

from spatial.explore._moments import constants, kurtosis, moran_variance

TOLERANCE = 1e-8
TRANSFORMS = {"W": "r", "B": "b", "U": "d", "S": "v"}


@cache
def places_of(name):
    import geopandas
    import pandas as pd
    from shapely import Point

    table = pd.read_csv(shared("references", name, "data.csv"), index_col="id")
    table.index = table.index.map(str)
    points = [Point(number, 0) for number in range(len(table))]
    return geopandas.GeoDataFrame(table, geometry=points, crs="EPSG:32642").rename_axis("place")


@cache
def graph_of(name, weights, style):
    import pandas as pd
    from libpysal.graph import Graph

    edges = pd.read_csv(shared("references", name, f"{weights}_edges.csv"))
    alone = [int(label) for label in places_of(name).index if int(label) not in set(edges["from"])]
    focal, neighbor = ([*map(str, [*edges[side], *alone])] for side in ("from", "to"))
    graph = Graph.from_arrays(focal, neighbor, [*edges["weight"], *[0] * len(alone)])
    if style == "C":  # sums to n, which libpysal does not know: binary weights times a constant
        links = graph.adjacency.reset_index()
        total = sum(links["weight"])
        return Graph.from_arrays(
            links["focal"].to_numpy(), links["neighbor"].to_numpy(), links["weight"].to_numpy() * graph.n / total
        )
    return graph.transform(TRANSFORMS[style])


def linked_only(places, graph, column):
    """Take the value from places without neighbours: ``missing = "drop"`` then leaves them out."""
    return places.assign(**{column: places[column].where(~places.index.isin(graph.isolates))})


def moran_with_the_n_of_r(statistic, values, matrix, linked):
    """
    Give Moran's I as spdep does by default: n counts only the places with neighbours, mean and kurtosis are those of all.

    Returns the statistic, its expectation, its variance under randomization, that under normality.
    """
    sums = replace(constants(matrix.astype(float)), n=linked)
    shape = kurtosis(values - values.mean())
    return statistic * linked / len(values), -1 / (linked - 1), moran_variance(sums, shape), moran_variance(sums, None)
