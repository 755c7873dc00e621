"""Connected groups of alike places by Ward's hierarchy on a map."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from spatial.clusters._agreement import shaken
from spatial.clusters._grouping import Grouping, other_grouping, parts, resamples_used
from spatial.clusters._groups import Array, Whole, most_groups, numbered, standardised
from spatial.clusters._hierarchy import cut, merges, unreadable
from spatial.clusters._joining import joined_hierarchy
from spatial.clusters._linked import enough_groups, linked
from spatial.clusters.skater_groups import SHAKEN
from spatial.options import Between, Column, used
from spatial.places import Missing, aligned
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class ConstrainedWard(Grouping):
    """Connected groups cut from Ward's hierarchy, and the hierarchy."""

    cluster: "pd.Series[Any]" = shown("Group (constrained Ward)", theme="categories")
    merges: "pd.DataFrame" = shown("Steps of the hierarchy")


def constrained_ward(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    columns: list[Column],
    k: Annotated[int, Between(2, 1_000)],
    resamples: Annotated[int, Between(0, 10_000)] | None = None,
    other: Column | None = None,
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> ConstrainedWard:
    """
    Group alike places into connected groups, merging the two most alike neighbours again and again (constrained Ward).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is a neighbour of whom; a link in either direction joins two places, weights play no part.
    columns
        The indicators; each is centred and divided by its standard deviation (divisor n - 1), so that all weigh the same.
    k
        How many groups.
    resamples
        How often noise is added to the values to see whether the groups come back; 100 up to 2,000 places and 0 beyond where
        nothing is said.
    other
        A column with another grouping, to tell how far both agree.
    seed
        Where the random numbers for stability start; the groups need none.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    ConstrainedWard
        ``cluster`` is "1", "2", ... by falling mean of the first column, "No data" for places left out. ``merges`` has a row for
        each step, as that of ward; its ``height`` is the sum of squares within groups that is reached, and ``rise`` what the step
        adds to it. ``choice`` cuts the hierarchy into 2 to 10 groups, no fewer than the graph has parts. ``stability`` is that of
        k_means, but for values with normal noise of a tenth of a standard deviation: places drawn anew would have no neighbours.

    Raises
    ------
    DataError
        When a value is missing or no number, or labels differ from the graph's.
    ModelError
        When the graph falls into more parts than groups are asked for, there are not more places than groups, or a column is
        constant.

    Notes
    -----
    Of all pairs of groups with a link between them the pair is merged that raises the within sum of squares least; of equal
    ones that of the first place names. A step may raise it by less than the one before, for two groups may become neighbours
    only late; heights are therefore the sum reached, not its rise as in ward. scikit-learn's ``AgglomerativeClustering`` with
    ``connectivity`` gives the same groups. Unlike skater, which cuts the whole, this builds up from single places, and mostly
    leaves a smaller sum of squares within groups.

    References
    ----------
    Ward, J. H. (1963). Hierarchical grouping to optimize an objective function. Journal of the American Statistical
    Association 58, 236-244. doi:10.1080/01621459.1963.10500845
    Guo, D. (2008). Regionalization with dynamically constrained agglomerative clustering and partitioning (REDCAP). International
    Journal of Geographical Information Science 22, 801-823. doi:10.1080/13658810701674970

    Examples
    --------
    >>> import geopandas, spatial
    >>> from shapely import box
    >>> cells = [box(x, 0, x + 1, 1) for x in range(6)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 9, 8, 1, 2]}, geometry=cells, index=list("abcdef"), crs="EPSG:32642")
    >>> spatial.constrained_ward(places, spatial.contiguity(places), columns=["value"], k=3).cluster.tolist()
    ['2', '2', '1', '1', '3', '3']
    """
    options = used(constrained_ward, locals())
    columns = list(dict.fromkeys(columns))
    given = aligned(places, graph, columns, missing=missing, least=k + 1)
    values = standardised(given)
    pairs, components, notes = linked(given)
    enough_groups(given, components, k, "constrained_ward")
    compared = other_grouping(places, given, other)
    steps = joined_hierarchy(pairs, values)
    least = max(2, len(values) - len(steps))
    cuts = {count: cut(steps, len(values), count) for count in sorted({*range(least, most_groups(values) + 1), k})}
    labels = numbered(cuts[k], values)
    draws, said = resamples_used(resamples, len(values))

    def regroup(moved: Array, _: int) -> Whole:
        return cut(joined_hierarchy(pairs, moved), len(values), k)

    common = parts(
        given,
        columns,
        values,
        labels,
        method="Ward's method among neighbours",
        cuts=cuts,
        seed=seed,
        other=compared,
        stability=shaken(values, labels, regroup, resamples=draws, seed=seed, share=SHAKEN) if draws else None,
        notes=(*notes, *said, *unreadable(len(steps), len(values), k)),
    )
    return ConstrainedWard(
        operation="constrained_ward",
        options=options | {"graph": given.graph},
        merges=_rising(merges(steps, given.labels)),
        **common,
    )


def _rising(steps: "pd.DataFrame") -> "pd.DataFrame":
    """Let heights be the sum of squares reached, which never falls, so that a cut at a height gives the groups."""
    rises = steps["height"] ** 2 / 2
    return steps.assign(height=steps["within"], rise=rises)
