"""What a graph is like: islands, components, neighbours, symmetry, and polygons that miss each other by a sliver."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import counted, in_words, listed
from spatial.options import used
from spatial.places import aligned, checked, graph_checked
from spatial.results import Result, shown
from spatial.weights._outlines import outlines
from spatial.weights._positions import Numbers, Positions, distances, nearest_to, positions
from spatial.weights._slivers import named, slivers, without_a_link
from spatial.weights._vertices import once

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

#: So many of the longest links are listed.
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
    itself: int = shown("Places that are their own neighbour")
    unit: str = shown("Unit of distances")
    band_for_all: float = shown("Smallest distance band that leaves no place alone")
    neighbours: "pd.Series[Any]" = shown("Number of neighbours", figure="links")
    component: "pd.Series[Any]" = shown("Connected component")
    histogram: "pd.DataFrame" = shown("Places by number of neighbours", figure="histogram")
    component_sizes: "pd.DataFrame" = shown("Places by connected component")
    longest: "pd.DataFrame" = shown("Longest links")
    near_misses: "pd.DataFrame" = shown("Polygons that touch, or miss each other by a sliver, and are no neighbours")
    policies: "pd.DataFrame" = shown("What each policy for places without neighbours would do")
    attachments: "pd.DataFrame" = shown("Nearest place of each place without neighbours")


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
        the side of a square as large as the median polygon: perhaps a border that was digitised twice; and, with a gap of 0,
        those that touch or overlap but have no vertex in common that could tell (no side, where corners are no links). ``policies`` has a
        row for each value that ``islands`` takes, with the islands, links and components there would be; ``"error"`` builds
        no graph where there are islands. ``attachments`` names the nearest place of each island by centroid and how far it
        is; contiguity attaches by outlines, which may choose another one. A place that is its own neighbour (a kernel can
        make it so) is counted in ``itself`` and nowhere else.

    Raises
    ------
    DataError
        When labels of graph and places differ, or the graph is none.
    """
    options = used(connectivity, locals())
    places = checked(places)
    graph_checked(graph, "connectivity")
    given = aligned(places, graph, least=2)
    ordered = places.loc[given.labels]
    at = positions(ordered)
    matrix, itself = _others(given.weights)
    counts = np.diff(matrix.indptr)
    number = _components(matrix)
    one_way = _one_way(matrix)
    nearest = nearest_to(at, 1, np.arange(len(counts)))[:, 0]
    band = float(distances(at, np.arange(len(counts)), nearest).max())
    linked = _linked(matrix)
    misses, notes = _near_misses(ordered, linked, at.unit)
    alone = np.flatnonzero(counts == 0)
    return Connectivity(
        operation="connectivity",
        options=options | {"graph": given.graph},
        observations=len(counts),
        notes=given.notes + notes,
        reading=_reading(given.labels, counts, number, one_way, in_words(band, at.unit), misses),
        links=int(counts.sum()),
        share=float(counts.sum() / (len(counts) * (len(counts) - 1))),
        mean_neighbours=float(counts.mean()),
        least_neighbours=int(counts.min()),
        most_neighbours=int(counts.max()),
        islands=tuple(given.labels[alone]),
        components=int(number.max()),
        symmetric=one_way == 0,
        one_way=one_way,
        itself=itself,
        unit=at.unit,
        band_for_all=band,
        neighbours=given.series(counts),
        component=given.series(number),
        histogram=_tally(counts, "neighbours"),
        component_sizes=_tally(number, "component"),
        longest=_longest(given.labels, linked, at),
        near_misses=misses,
        policies=_policies(matrix, alone, nearest),
        attachments=_attachments(given.labels, alone, nearest, at),
    )


def _others(weights: "csr_array") -> "tuple[csr_array, int]":
    """Leave out links of places to themselves, and count them."""
    from scipy.sparse import csr_array

    own = weights.diagonal() != 0
    if not own.any():
        return weights, 0
    matrix = weights.copy()
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    return csr_array(matrix), int(own.sum())


def _policies(matrix: "csr_array", alone: Numbers, nearest: Numbers) -> "pd.DataFrame":
    """Count what each policy would leave."""
    import pandas as pd
    from scipy.sparse import csr_array

    parts, links = int(_components(matrix).max()), int(matrix.nnz)
    kept = {"graph": "as it is", "islands": len(alone), "links": links, "components": parts}
    if not len(alone):
        rows = dict.fromkeys(("error", "keep", "nearest"), kept)
    else:
        ways = (np.concatenate([alone, nearest[alone]]), np.concatenate([nearest[alone], alone]))
        joined = csr_array(matrix.astype(bool) + csr_array((np.ones(2 * len(alone), bool), ways), shape=matrix.shape))
        attached = {"graph": f"{counted(len(alone), 'place')} attached", "islands": 0, "links": int(joined.nnz)}
        rows = {
            "error": {"graph": "none: the study stops", "islands": len(alone), "links": 0, "components": 0},
            "keep": kept | {"graph": f"{counted(len(alone), 'place')} with a spatial lag of 0"},
            "nearest": attached | {"components": int(_components(joined).max())},
        }
    if not links:
        rows["nearest"] = rows["error"] | {"graph": "none: nobody has a neighbour"}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("islands_policy")


def _attachments(labels: "pd.Index[str]", alone: Numbers, nearest: Numbers, at: Positions) -> "pd.DataFrame":
    import pandas as pd

    partners = nearest[alone]
    return pd.DataFrame({"island": labels[alone], "nearest": labels[partners], "distance": distances(at, alone, partners)})


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
    return once(np.sort(np.column_stack(matrix.tocoo().coords).astype(np.int64), axis=1))


def _tally(values: Numbers, name: str) -> "pd.DataFrame":
    import pandas as pd

    found, counts = np.unique(values, return_counts=True)
    return pd.DataFrame({"places": counts}, index=pd.Index(found, name=name))


def _longest(labels: "pd.Index[str]", pairs: Numbers, at: Positions) -> "pd.DataFrame":
    import pandas as pd

    first, second = pairs.T
    apart = distances(at, first, second)
    most = np.lexsort((second, first, -apart))[:LONGEST]
    return pd.DataFrame({"from": labels[first[most]], "to": labels[second[most]], "distance": apart[most]})


def _near_misses(places: "GeoDataFrame", linked: Numbers, unit: str) -> "tuple[pd.DataFrame, tuple[str, ...]]":
    import pandas as pd

    if not places.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        return pd.DataFrame(columns=["from", "to", "gap"]), ()
    labels: Numbers = np.asarray(places.index)
    of = outlines(places)
    found = slivers(of, labels, linked)
    met = without_a_link(of, np.asarray(places.geometry.array), found.met)
    ends = labels[np.concatenate([met, found.pairs])]
    table = pd.DataFrame({"from": ends[:, 0], "to": ends[:, 1], "gap": np.concatenate([np.zeros(len(met)), found.gap])})
    notes = []
    if len(met):
        notes.append(
            f'{counted(len(met), "pair")} of polygons touch or overlap and are no neighbours, since no vertices tell that they do: {named(labels, met)}. contiguity with by = "geometry" makes them neighbours.'
        )
    if not len(found.pairs):
        return table, tuple(notes)
    return table, (
        *notes,
        f"{counted(len(found.pairs), 'pair')} of polygons are no neighbours but less than {in_words(found.limit, unit)} apart ({found.widths(unit)}): {found.named(labels)}. If these are gaps in the outlines, snap = {found.snap:g} of contiguity closes them.",
    )


def _reading(
    labels: "pd.Index[str]", counts: Numbers, number: Numbers, one_way: int, band: str, misses: "pd.DataFrame"
) -> tuple[str, ...]:
    count, alone = len(counts), int((counts == 0).sum())
    said = [f"Each of the {count} places has {counts.mean():.1f} neighbours on average, from {counts.min()} to {counts.max()}."]
    if alone:
        said.append(
            f"{counted(alone, 'place has', 'places have')} none: {listed(labels[counts == 0])}. What happens around {'it' if alone == 1 else 'them'} cannot influence {'it' if alone == 1 else 'them'} in any model that uses this graph."
        )
    parts = int(number.max())
    said.append(
        f"All places are connected with each other{', links taken both ways' if one_way else ''}."
        if parts == 1
        else f"The graph falls into {parts} parts without a link between them; the largest has {counted(int(np.bincount(number).max()), 'place')}."
    )
    if one_way:
        said.append(
            f"{counted(one_way, 'link goes', 'links go', of=int(counts.sum()))} one way only, as they do for nearest neighbours."
        )
    said.append(f"A distance band would have to reach {band} to leave no place alone.")
    if len(misses):
        how = "touch or nearly touch" if (misses["gap"] == 0).any() else "nearly touch"
        said.append(f"{counted(len(misses), 'pair')} of polygons {how}; look whether they should be neighbours.")
    return tuple(said[:5])
