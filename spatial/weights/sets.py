"""Graphs made of what is known already: of a column, or of other graphs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np

from spatial.errors import DataError, complaint, counted, listed
from spatial.options import Between, Column, used
from spatial.places import aligned, checked, columns_checked, graph_checked
from spatial.weights._links import Islands, Links, Numbers, Transform, graph_of, higher, links_of, settled
from spatial.weights._near_pairs import bounded
from spatial.weights._positions import located, nearest_to

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array


def block(places: "GeoDataFrame", *, column: Column, islands: Islands = "error", transform: Transform = "r") -> "Graph":
    """
    Make all places with the same value neighbours, such as the districts of one region.

    Parameters
    ----------
    places
        The table.
    column
        The column of regions, groups or regimes: texts or numbers.
    islands
        What a place means that is alone with its value: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to its
        nearest place both ways.
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
        When the column is not there, a value is missing, groups are too large for all their pairs, or there are islands
        without a policy.
    """
    import pandas as pd
    from scipy.sparse import csr_array

    used(block, locals())
    places = checked(places)
    columns_checked(places, [column])
    without = places.index[places[column].isna()]
    if len(without):
        raise DataError(
            complaint(
                f"column {column!r}",
                f"{counted(len(without), 'place has', 'places have', of=len(places))} no value: {listed(without)}",
                "A place without a group has no neighbours",
                "Fill the gaps",
            )
        )
    try:
        group, _ = pd.factorize(places[column])
    except TypeError:
        what = f"a value is of the type {type(places[column].iloc[0]).__name__}"
        raise DataError(complaint(f"column {column!r}", what, "Expected texts or numbers that name groups")) from None
    sizes = np.bincount(group).astype(np.int64)
    bounded(int((sizes * (sizes - 1)).sum()) // 2, f"in the same group of {column!r}")
    members = csr_array((np.ones(len(places)), group, np.arange(len(places) + 1)), shape=(len(places), len(sizes)))
    return _settled_graph(places, csr_array(members @ members.T), islands, transform, "block")


def union(places: "GeoDataFrame", graphs: "Sequence[Graph]", *, islands: Islands = "error", transform: Transform = "r") -> "Graph":
    """
    Link places that at least one of several graphs links.

    Parameters
    ----------
    places
        The table.
    graphs
        Two graphs or more, on its labels.
    islands
        What a place without neighbours means: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to its nearest place
        both ways.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as computed (here 1). The weights of the given graphs are not used, only their links.

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order.

    Raises
    ------
    DataError
        When there are fewer than two graphs, their labels differ from the places, or there are islands without a policy.
    """
    used(union, locals())
    places = checked(places)
    first, *others = _patterns(places, graphs, "union")
    for other in others:
        first = first.maximum(other)
    return _settled_graph(places, first, islands, transform, "union")


def intersection(
    places: "GeoDataFrame", graphs: "Sequence[Graph]", *, islands: Islands = "error", transform: Transform = "r"
) -> "Graph":
    """
    Link places that each of several graphs links.

    Parameters
    ----------
    places
        The table.
    graphs
        Two graphs or more, on its labels.
    islands
        What a place without neighbours means: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to its nearest place
        both ways.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as computed (here 1). The weights of the given graphs are not used, only their links.

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order.

    Raises
    ------
    DataError
        When there are fewer than two graphs, their labels differ from the places, or there are islands without a policy.
    """
    used(intersection, locals())
    places = checked(places)
    first, *others = _patterns(places, graphs, "intersection")
    for other in others:
        first = first.multiply(other)
    return _settled_graph(places, first, islands, transform, "intersection")


def difference(
    places: "GeoDataFrame", graphs: "Sequence[Graph]", *, islands: Islands = "error", transform: Transform = "r"
) -> "Graph":
    """
    Link places that the first of several graphs links and no other one.

    Parameters
    ----------
    places
        The table.
    graphs
        Two graphs or more, on its labels; the first is what links are taken from.
    islands
        What a place without neighbours means: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to its nearest place
        both ways.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as computed (here 1). The weights of the given graphs are not used, only their links.

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order.

    Raises
    ------
    DataError
        When there are fewer than two graphs, their labels differ from the places, or there are islands without a policy.
    """
    used(difference, locals())
    places = checked(places)
    first, *others = _patterns(places, graphs, "difference")
    for other in others:
        first = first - first.multiply(other)
    return _settled_graph(places, first, islands, transform, "difference")


def higher_order(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    order: Annotated[int, Between(2, 100)] = 2,
    inclusive: bool = False,
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Link places that are so many steps apart in a graph, by the shortest way.

    Parameters
    ----------
    places
        The table.
    graph
        Weights on its labels; links in one direction are followed in that direction.
    order
        How many steps: 2 for the neighbours of neighbours.
    inclusive
        Whether fewer steps count too.
    islands
        What a place without neighbours means: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to its nearest place
        both ways.
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
        When labels of graph and places differ, or there are islands without a policy.
    """
    used(higher_order, locals())
    places = checked(places)
    graph_checked(graph, "higher_order")
    links = higher(links_of(_pattern(places, graph)), len(places), order, inclusive=inclusive)
    return _graph(places, links, islands, transform, "higher_order")


def _patterns(places: "GeoDataFrame", graphs: "Sequence[Graph]", where: str) -> "list[csr_array]":
    if hasattr(graphs, "adjacency"):
        graphs = [graphs]
    if not isinstance(graphs, Sequence):
        raise DataError(complaint(where, f"a {type(graphs).__name__} is given", "Expected a list of two graphs or more"))
    if len(graphs) < 2:
        raise DataError(
            complaint(
                where, f"{counted(len(graphs), 'graph is', 'graphs are')} given", "Expected two or more", "Name them as graphs"
            )
        )
    for each in graphs:
        graph_checked(each, where)
    return [_pattern(places, each) for each in graphs]


def _pattern(places: "GeoDataFrame", graph: "Graph") -> "csr_array":
    """Give the links of a graph as ones, in the order of the table; nobody is linked to itself."""
    from scipy.sparse import csr_array

    given = aligned(places, graph, least=1)
    order = places.index.get_indexer(given.labels)
    rows, columns = (order[each] for each in given.weights.tocoo().coords)
    other = rows != columns
    return csr_array((np.ones(int(other.sum())), (rows[other], columns[other])), shape=(len(places), len(places)))


def _settled_graph(places: "GeoDataFrame", matrix: "csr_array", islands: Islands, transform: Transform, where: str) -> "Graph":
    from scipy.sparse import csr_array

    found = csr_array(matrix).tocoo()
    rows, columns = found.coords
    some = (found.data != 0) & (rows != columns)
    return _graph(places, Links(rows[some], columns[some], np.ones(int(some.sum()))), islands, transform, where)


def _graph(places: "GeoDataFrame", links: Links, islands: Islands, transform: Transform, where: str) -> "Graph":
    def attached(alone: Numbers) -> tuple[Numbers, Numbers]:
        at, rank = located(places, where)
        return nearest_to(at, 1, rank)[alone, 0], np.ones(len(alone))

    links = settled(places, links, islands, where, attached=attached, advice=lambda: "Link these places in another graph")
    return graph_of(places, links, transform)
