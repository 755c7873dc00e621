"""As many connected regions as can be, each of which holds enough (max-p)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from spatial.clusters._agreement import shaken
from spatial.clusters._grouping import Grouping, other_grouping, parts, resamples_used
from spatial.clusters._groups import Array, Whole, named, numbered
from spatial.clusters._land import land
from spatial.clusters._linked import JOINING, linked
from spatial.clusters._regions import best_regions
from spatial.clusters.skater_groups import SHAKEN, apart
from spatial.errors import ModelError, complaint, listed
from spatial.options import Between, Column, used
from spatial.places import Aligned, Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

_FEWER_STARTS = 12  # for shaken values, three for each way to begin; as few as 4, or fewer improved, make regions look less stable
_MOST_RESAMPLED = 50  # places: every resample is a search of its own


@dataclass(frozen=True, kw_only=True, eq=False)
class MaxP(Grouping):
    """Connected regions that hold enough."""

    cluster: "pd.Series[Any]" = shown("Region (max-p)", theme="categories")
    regions: "pd.DataFrame" = shown("What each region holds")
    most_possible: int = shown("Regions there could be at most, by the total alone")
    most_certain: bool = shown("No more regions are possible")
    starts_with_most: int = shown("Starts that found so many regions")


def max_p(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    columns: list[Column],
    minimum: Annotated[float, Between(0, 1e15)],
    size: Column | None = None,
    starts: Annotated[int, Between(1, 10_000)] = 48,
    patience: Annotated[int, Between(0, 100_000)] = 100,
    resamples: Annotated[int, Between(0, 10_000)] | None = None,
    other: Column | None = None,
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> MaxP:
    """
    Form as many connected regions of alike places as can be, each of which holds enough (max-p).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is a neighbour of whom; a link in either direction joins two places, weights play no part.
    columns
        The indicators; each is centred and divided by its standard deviation (divisor n - 1), so that all weigh the same.
    minimum
        How much each region must hold: of ``size``, or places where that is not given.
    size
        The column that ``minimum`` is counted in, such as population; no value below 0.
    starts
        From how many random beginnings regions grow.
    patience
        After how many moves in a row that bring nothing better the search ends.
    resamples
        How often noise is added to the values to see whether the groups come back; 100 up to 50 places and 0 beyond where
        nothing is said.
    other
        A column with another grouping, to tell how far both agree.
    seed
        Where the random numbers start; the same seed gives the same regions.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    MaxP
        ``cluster`` is "1", "2", ... by falling mean of the first column, "No data" for places left out. ``groups`` is the number of
        regions, ``most_possible`` what the totals alone would allow; where both are equal ``most_certain`` is true. ``regions`` has
        for each region its places and what it holds. Sums of squares are of the standardised columns. ``stability`` is that of
        skater; the regions of a resample may be more or fewer, and are searched from at most 12 starts with random numbers of
        their own, so that it also tells whether the search comes back to the same regions.

    Raises
    ------
    DataError
        When a value is missing or no number, a ``size`` is below 0, or labels differ from the graph's.
    ModelError
        When a part of the graph that no link joins to the rest holds less than ``minimum``, fewer than two regions are found, or an
        indicator is constant.

    Notes
    -----
    Regions begin in four ways in turn. They grow one after the other from random places until each holds enough: by likeness,
    by taking first what would be left over, or at random; places left over join the region they change least. Or they are cut from a long
    winding tree through all places, which yields about as many as there can be. Regions that hold enough for one more, alone or
    two together, are formed anew. Of the beginnings with the most regions the three with the smallest within sum of squares are
    improved: places on a border move to the next region while that lowers the sum; then tabu search makes the least bad moves,
    undoes none within ten, and keeps the best regions it meets. No search of this kind is sure to find the most regions or the
    smallest sum; ``most_possible`` says how many more there could be.
    The paper adds up differences between every two places of a region where this adds up squared distances to its mean, so
    that regions can be compared with those of the other groupings.

    References
    ----------
    Duque, J. C., Anselin, L. and Rey, S. J. (2012). The max-p-regions problem. Journal of Regional Science 52, 397-419.
    doi:10.1111/j.1467-9787.2011.00743.x
    Wei, R., Rey, S. and Knaap, E. (2021). Efficient regionalization for spatially explicit neighborhood delineation.
    International Journal of Geographical Information Science 35, 135-151. doi:10.1080/13658816.2020.1759806

    Examples
    --------
    >>> import geopandas, spatial
    >>> from shapely import box
    >>> cells = [box(x, 0, x + 1, 1) for x in range(6)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 9, 8, 1, 2]}, geometry=cells, index=list("abcdef"), crs="EPSG:32642")
    >>> spatial.max_p(places, spatial.contiguity(places), columns=["value"], minimum=2).cluster.tolist()
    ['2', '2', '1', '1', '3', '3']
    """
    options = used(max_p, locals())
    columns = list(dict.fromkeys(columns))
    given, values, sizes = apart(places, graph, columns, size, missing=missing)
    weights = np.ones(len(values)) if sizes is None else sizes
    pairs, components, notes = linked(given)
    most = _most(given, components, weights, minimum, size)
    compared = other_grouping(places, given, other)
    found, times = best_regions(land(pairs, values, weights, minimum), starts=starts, patience=patience, seed=seed)
    labels = numbered(found, values)
    count = int(labels.max()) + 1
    if count < 2:
        raise _one_region(minimum, size, most)
    draws, said = resamples_used(resamples, len(values), _MOST_RESAMPLED)

    def regroup(moved: Array, number: int) -> Whole:
        again = land(pairs, moved, weights, minimum)
        return best_regions(again, starts=min(starts, _FEWER_STARTS), patience=patience, seed=seed + 1 + number)[0]

    common = parts(
        given,
        columns,
        values,
        labels,
        method="Max-p",
        cuts={count: labels},
        seed=seed,
        other=compared,
        stability=shaken(values, labels, regroup, resamples=draws, seed=seed, share=SHAKEN) if draws else None,
        notes=(*notes, _how_many(count, most, starts, times), *said),
    )
    common["reading"] = (_first_words(count, most, minimum, size), *common["reading"])
    return MaxP(
        operation="max_p",
        options=options | {"graph": given.graph},
        regions=_regions(given, labels, weights, size),
        most_possible=most,
        most_certain=count == most,
        starts_with_most=times,
        **common,
    )


def _most(given: Aligned, components: Whole, weights: Array, minimum: float, size: str | None) -> int:
    """Tell how many regions there can be at most, and make sure that each part of the graph can have one."""
    held = np.bincount(components, weights)
    if held.sum() < 2 * minimum * (1 - 1e-12):
        raise _one_region(minimum, size, 1)
    poor = np.flatnonzero(held < minimum * (1 - 1e-12))
    if len(poor):
        which = [f"{named(given.labels[components == part], 3)} ({held[part]:g})" for part in poor]
        unit = f"of {size!r}" if size else "places"
        raise ModelError(
            complaint(
                "max_p, option 'minimum'",
                f"parts of the graph that no link joins to the rest hold less than {minimum:g} {unit} each ({len(poor)}): {listed(which)}",
                "Every region is to be connected and to hold enough",
                f"Lower the minimum, or {JOINING}",
            )
        )
    counts = np.bincount(components)
    if minimum <= 0:
        return len(weights)
    return int(np.minimum(np.floor(held / minimum * (1 + 1e-12)), counts).sum())


def _one_region(minimum: float, size: str | None, most: int) -> ModelError:
    unit = f"of {size!r}" if size else "places"
    found = "all places together hold less than twice that" if most < 2 else "no division into two was found"
    return ModelError(
        complaint(
            "max_p, option 'minimum'", f"with {minimum:g} {unit} {found}", "Expected at least two regions", "Lower the minimum"
        )
    )


def _how_many(count: int, most: int, starts: int, times: int) -> str:
    certain = (
        "no more are possible"
        if count == most
        else f"the totals alone would allow {most:,}; more regions than found cannot be ruled out"
    )
    return f"{count:,} regions were found from {times:,} of {starts:,} starts; {certain}."


def _first_words(count: int, most: int, minimum: float, size: str | None) -> str:
    unit = f"of {size}" if size else "places"
    sure = "more cannot be" if count == most else f"at most {most:,} could be"
    return f"There are {count:,} connected regions with at least {minimum:,.10g} {unit} each; {sure}."


def _regions(given: Aligned, labels: Whole, weights: Array, size: str | None) -> "pd.DataFrame":
    import pandas as pd

    table = {"n": np.bincount(labels)}
    if size:
        table[size if size != "n" else "held"] = np.bincount(labels, weights)
    found = pd.DataFrame(table, index=pd.Index([str(group + 1) for group in range(int(labels.max()) + 1)], name="region"))
    found["places"] = [named(given.labels[labels == group]) for group in range(len(found))]
    return found
