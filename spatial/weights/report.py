"""What a graph is like: islands, components, neighbours, symmetry, and polygons that miss each other by a sliver."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import listed
from spatial.options import used
from spatial.places import Aligned, aligned, checked
from spatial.results import Result, shown
from spatial.weights._borders import Outlines, in_one_plane, near_boxes, outlines
from spatial.weights._positions import Numbers, Positions, distances, in_words, nearest_distances, positions

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

#: Two polygons miss each other by a sliver when the gap is below this share of the side of a usual polygon.
SLIVER = 0.01
#: So many of the longest links and of the near misses are listed.
LONGEST = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Connectivity(Result):
    """What a graph is like."""

    links: int = shown("Links")
    share: float = shown("Share of possible links")
    mean_neighbours: float = shown("Mean number of neighbours")
    least_neighbours: int = shown("Smallest number of neighbours")
    most_neighbours: int = shown("Largest number of neighbours")
    islands: tuple[str, ...] = shown("Places without neighbours")
    components: int = shown("Connected components")
    symmetric: bool = shown("Every link goes both ways")
    one_way: int = shown("Links that go one way only")
    unit: str = shown("Unit of distances")
    band_for_all: float = shown("Smallest distance band that leaves no place alone")
    neighbours: "pd.Series[Any]" = shown("Number of neighbours")
    component: "pd.Series[Any]" = shown("Connected component")
    histogram: "pd.DataFrame" = shown("Places by number of neighbours")
    component_sizes: "pd.DataFrame" = shown("Places by connected component")
    longest: "pd.DataFrame" = shown("Longest links")
    near_misses: "pd.DataFrame" = shown("Polygons that miss each other by a sliver")


def connectivity(places: "GeoDataFrame", graph: "Graph") -> Connectivity:
    """
    Report what a graph is like, before anything is computed with it.

    Parameters
    ----------
    places
        The table.
    graph
        Weights on its labels.

    Returns
    -------
    Connectivity
        Numbers of links, neighbours, islands and components. Components are numbered from 1, the largest first; a link in
        one direction is enough to connect. Distances are metres (local coordinates: their own unit) between centroids.
        ``near_misses`` lists polygons that are no neighbours and whose outlines have a gap between them of less than 1 % of
        the side of a square as large as the median polygon: perhaps a border that was digitised twice.

    Raises
    ------
    DataError
        When labels of graph and places differ.
    """
    options = used(connectivity, locals())
    places = checked(places)
    given = aligned(places, graph, least=2)
    ordered = places.loc[given.labels]
    at = positions(ordered)
    counts = np.diff(given.weights.indptr)
    number = _components(given.weights)
    one_way = _one_way(given.weights)
    band = float(nearest_distances(at).max())
    misses, notes = _near_misses(ordered, given.weights, at.unit)
    return Connectivity(
        operation="connectivity",
        options=options | {"graph": given.graph},
        observations=len(counts),
        notes=given.notes + notes,
        reading=_reading(given, counts, number, one_way, in_words(band, at.unit), len(misses)),
        links=int(counts.sum()),
        share=float(counts.sum() / (len(counts) * (len(counts) - 1))),
        mean_neighbours=float(counts.mean()),
        least_neighbours=int(counts.min()),
        most_neighbours=int(counts.max()),
        islands=tuple(given.labels[given.islands]),
        components=int(number.max()),
        symmetric=one_way == 0,
        one_way=one_way,
        unit=at.unit,
        band_for_all=band,
        neighbours=given.series(counts),
        component=given.series(number),
        histogram=_tally(counts, "neighbours"),
        component_sizes=_tally(number, "component"),
        longest=_longest(given, at),
        near_misses=misses,
    )


def _components(matrix: "csr_array") -> Numbers:
    """Give each place the number of its component, 1 for the largest; equal ones in the order of their first labels."""
    from scipy.sparse.csgraph import connected_components

    count, labels = connected_components(matrix, directed=False)
    first = np.full(count, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    place = np.empty(count, np.int64)
    place[np.lexsort((first, -np.bincount(labels)))] = np.arange(1, count + 1)
    numbered: Numbers = place[labels]
    return numbered


def _one_way(matrix: "csr_array") -> int:
    pattern = matrix.astype(bool).astype(np.int64)
    return int(pattern.nnz - pattern.multiply(pattern.T).nnz)


def _linked(matrix: "csr_array") -> Numbers:
    """List the pairs that are linked one way or both, each once, the smaller position first."""
    return np.unique(np.sort(np.column_stack(matrix.tocoo().coords).astype(np.int64), axis=1), axis=0)


def _tally(values: Numbers, name: str) -> "pd.DataFrame":
    import pandas as pd

    found, counts = np.unique(values, return_counts=True)
    return pd.DataFrame({"places": counts}, index=pd.Index(found, name=name))


def _longest(given: Aligned, at: Positions) -> "pd.DataFrame":
    import pandas as pd

    pairs = _linked(given.weights)
    first, second = pairs.T
    apart = distances(at, first, second)
    most = np.lexsort((second, first, -apart))[:LONGEST]
    return pd.DataFrame({"from": given.labels[first[most]], "to": given.labels[second[most]], "distance": apart[most]})


def _near_misses(places: "GeoDataFrame", matrix: "csr_array", unit: str) -> "tuple[pd.DataFrame, tuple[str, ...]]":
    import pandas as pd
    import shapely

    if not places.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        return pd.DataFrame(columns=["from", "to", "gap"]), ()
    of = outlines(places)
    limit = SLIVER * _side(of)
    pairs = near_boxes(of, limit)
    size = np.int64(len(places))
    linked = _linked(matrix)
    pairs = pairs[~np.isin(pairs[:, 0] * size + pairs[:, 1], linked[:, 0] * size + linked[:, 1])]
    first, second, metres = in_one_plane(of, pairs)
    gap: Numbers = np.asarray(shapely.distance(first, second)) * metres
    near = (gap > of.rounding) & (gap <= limit)
    labels: Numbers = np.asarray(places.index)[pairs[near]]
    found = pd.DataFrame({"from": labels[:, 0], "to": labels[:, 1], "gap": gap[near]}).sort_values(
        ["gap", "from", "to"], ignore_index=True
    )
    if found.empty:
        return found, ()
    return found, (
        f"{len(found)} pairs of polygons are no neighbours but less than {in_words(limit, unit)} apart: {_pairs(found)}. If these are gaps in the outlines, close them with snap.",
    )


def _side(of: Outlines) -> float:
    """Give the side of a square as large as the median polygon, in metres."""
    import shapely

    each = np.arange(len(of.shapes))
    shapes, _, metres = in_one_plane(of, np.column_stack([each, each]))
    return float(np.sqrt(np.median(shapely.area(shapes))) * metres)


def _pairs(table: "pd.DataFrame") -> str:
    return listed([f"{start} and {to}" for start, to in zip(table["from"], table["to"], strict=True)])


def _reading(given: Aligned, counts: Numbers, number: Numbers, one_way: int, band: str, misses: int) -> tuple[str, ...]:
    count, alone = len(counts), int(given.islands.sum())
    said = [f"Each of the {count} places has {counts.mean():.1f} neighbours on average, from {counts.min()} to {counts.max()}."]
    if alone:
        said.append(
            f"{alone} places have none: {listed(given.labels[given.islands])}. What happens around them cannot influence them in any model that uses this graph."
        )
    parts = int(number.max())
    said.append(
        f"All places are connected with each other{', links taken both ways' if one_way else ''}."
        if parts == 1
        else f"The graph falls into {parts} parts without a link between them; the largest has {np.bincount(number).max()} places."
    )
    if one_way:
        said.append(f"{one_way} of {counts.sum()} links go one way only, as they do for nearest neighbours.")
    said.append(f"A distance band would have to reach {band} to leave no place alone.")
    if misses:
        said.append(f"{misses} pairs of polygons nearly touch; look whether they should be neighbours.")
    return tuple(said[:5])
