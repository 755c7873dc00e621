"""Links between places become a Graph: what happens to places without any, and how weights are standardised."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import DataError, SpatialWarning, complaint, counted, listed

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

Transform = Literal["r", "b", "d", "v", "o"]
Islands = Literal["error", "keep", "nearest"]
Numbers = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Links:
    """Weights different from 0, by position in the table: ``weights[m]`` is what ``columns[m]`` means to ``rows[m]``."""

    rows: Numbers
    columns: Numbers
    weights: Numbers

    def alone(self, count: int) -> Numbers:
        """Positions of the places, of ``count``, that have no neighbour."""
        return np.flatnonzero(np.bincount(self.rows, minlength=count) == 0)


def nobody(count: int) -> str:
    """Say that no place has a neighbour, of how many there are."""
    return "the only place has no neighbour" if count == 1 else f"none of the {count} places has a neighbour"


def both_ways(first: Numbers, second: Numbers, count: int, weights: Numbers | None = None) -> Links:
    """
    Make links in both directions.

    Parameters
    ----------
    first, second
        Pairs of positions, each pair once.
    count
        How many places there are.
    weights
        What each pair weighs; 1 if not given.

    Returns
    -------
    Links
        Twice as many, sorted by rows and columns.
    """
    from scipy.sparse import csr_array

    values = np.ones(len(first)) if weights is None else weights
    half = csr_array((values, (first.astype(np.int32), second.astype(np.int32))), shape=(count, count))
    return links_of(csr_array(half + half.T))


def links_of(matrix: "csr_array") -> Links:
    """
    Take the links out of a matrix.

    Parameters
    ----------
    matrix
        Weights, none of them 0.

    Returns
    -------
    Links
        Sorted by rows and columns.
    """
    if not matrix.has_sorted_indices:
        matrix = matrix.copy()
        matrix.sort_indices()
    return Links(np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr)), matrix.indices, matrix.data)


def higher(links: Links, count: int, order: int, *, inclusive: bool) -> Links:
    """
    Find the neighbours of neighbours.

    Parameters
    ----------
    links
        Neighbours of the first order.
    count
        How many places there are.
    order
        How many links the shortest way has.
    inclusive
        Whether shorter ways count too.

    Returns
    -------
    Links
        Of weight 1; nobody is a neighbour of itself.
    """
    from scipy.sparse import csr_array, eye_array

    step = csr_array((links.weights > 0, (links.rows, links.columns)), shape=(count, count), dtype=bool)
    reached, last = csr_array(eye_array(count, dtype=bool)), csr_array(eye_array(count, dtype=bool))
    for _ in range(order):
        further = last @ step
        last = csr_array(further > (further.multiply(reached)))
        reached = csr_array(reached + last)
        if not last.nnz:
            break
    wanted = csr_array(reached - csr_array(eye_array(count, dtype=bool)) if inclusive else last).astype(float)
    wanted.eliminate_zeros()
    return links_of(wanted)


def settled(
    places: "GeoDataFrame",
    links: Links,
    islands: Islands,
    where: str,
    *,
    attached: Callable[[Numbers], tuple[Numbers, Numbers]],
    advice: Callable[[], str],
) -> Links:
    """
    Apply the policy for places without neighbours.

    Parameters
    ----------
    places
        The table.
    links
        What was found.
    islands
        ``"error"``, ``"keep"`` or ``"nearest"``.
    where
        The operation, for messages.
    attached
        Gives, for positions of islands, the positions of their nearest places and the weight of each new link.
    advice
        Says what else the user could change; only asked where there is something to complain of.

    Returns
    -------
    Links
        With two more for each island that was attached.

    Raises
    ------
    DataError
        When there are islands and the policy is ``"error"``, or when nobody has a neighbour.
    """
    alone = links.alone(len(places))
    if not len(links.rows):
        raise DataError(complaint(where, nobody(len(places)), "Expected at least one link", advice()))
    if not len(alone) or islands == "keep":
        return links
    names = places.index[alone]
    if islands == "error":
        remedy = 'Set islands = "keep" to leave them without neighbours (their spatial lag is 0), or islands = "nearest" to attach each to its nearest place both ways'
        raise DataError(
            complaint(
                where,
                f"{counted(len(alone), 'place has', 'places have', of=len(places))} no neighbour: {listed(names, 10)}",
                "A place without neighbours has no spatial lag, so the study must say what is meant",
                f"{remedy}. {advice()}",
            )
        )
    partners, weights = attached(alone)
    shown = [f"{name} and {other}" for name, other in zip(names, places.index[partners], strict=True)]
    warnings.warn(
        f"{where}: {counted(len(alone), 'place without neighbours was attached to its', 'places without neighbours were attached to their', of=len(places))} nearest place, both ways: {listed(shown, 10)}.",
        SpatialWarning,
        stacklevel=3,
    )
    rows, columns = np.concatenate([links.rows, alone, partners]), np.concatenate([links.columns, partners, alone])
    values = np.concatenate([links.weights, weights, weights])
    _, once = np.unique(rows.astype(np.int64) * len(places) + columns, return_index=True)  # two islands may be each other's nearest
    return Links(rows[once], columns[once], values[once])


def graph_of(places: "GeoDataFrame", links: Links, transform: Transform) -> "Graph":
    """
    Build libpysal's Graph in the order of the table.

    Parameters
    ----------
    places
        The table; its index becomes the labels.
    links
        Every link once.
    transform
        ``"r"``: each row sums to 1. ``"b"``: 1 for every neighbour. ``"d"``: all weights sum to 1. ``"v"``: variance
        stabilising (Tiefelsdorf, Griffith and Boots 1999, doi:10.1068/a310165), scaled to the number of places that have
        neighbours, as spdep does (libpysal scales to all places). ``"o"``: as they are.

    Returns
    -------
    libpysal.graph.Graph
        A place without neighbours stands in it as a link of weight 0 to itself, which is libpysal's convention.
    """
    import pandas as pd
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

    count, alone = len(places), links.alone(len(places))
    rows, columns, weights = links.rows, links.columns, _transformed(links, count, transform)
    rows, columns = rows.astype(np.int32, copy=False), columns.astype(np.int32, copy=False)
    if not _sorted(rows, columns):
        order = np.argsort(rows.astype(np.int64) * count + columns, kind="stable")
        rows, columns, weights = rows[order], columns[order], weights[order]
    if len(alone):
        at = np.searchsorted(rows, alone)
        rows, columns, weights = np.insert(rows, at, alone), np.insert(columns, at, alone), np.insert(weights, at, 0.0)
    # Levels in the order of the table: libpysal reads the order of its sparse matrix from their codes.
    codes: Any = [rows, columns]
    labels = pd.MultiIndex(levels=[places.index, places.index], codes=codes, names=["focal", "neighbor"], verify_integrity=False)
    graph = Graph(pd.Series(weights, index=labels, name="weight", copy=False), transformation=transform.upper(), is_sorted=True)
    # What libpysal would work out from the labels when first asked, at a second or more for a million places, is known here.
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))]).astype(np.int32)
    graph.sparse = csr_array((weights, columns, starts), shape=(count, count))
    graph.unique_ids = places.index.rename("focal")
    return graph


def _sorted(rows: Numbers, columns: Numbers) -> bool:
    return bool(((rows[1:] > rows[:-1]) | ((rows[1:] == rows[:-1]) & (columns[1:] > columns[:-1]))).all())


def _transformed(links: Links, count: int, transform: Transform) -> Numbers:
    weights: Numbers = links.weights.astype(float)
    if transform == "b":
        weights = np.ones(len(weights))
    elif transform == "d":
        weights = weights / weights.sum()
    elif transform == "r":
        weights = weights / np.bincount(links.rows, weights, minlength=count)[links.rows]
    elif transform == "v":
        lengths = np.sqrt(np.bincount(links.rows, weights**2, minlength=count))
        weights = weights / lengths[links.rows]
        weights = weights * (np.count_nonzero(lengths) / weights.sum())
    return weights
