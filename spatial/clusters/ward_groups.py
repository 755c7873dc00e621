"""Groups of alike places by Ward's hierarchy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from spatial.clusters._agreement import drawn_anew
from spatial.clusters._gap import gaps
from spatial.clusters._grouping import Grouping, other_grouping, parts, resamples_used
from spatial.clusters._groups import Array, Whole, enough_kinds, most_groups, numbered, standardised
from spatial.clusters._hierarchy import cut, merges, unreadable
from spatial.clusters._ward import ward_hierarchy
from spatial.errors import ModelError, complaint
from spatial.options import Between, Column, used
from spatial.places import Missing, aligned
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: With many columns, or values at equal steps, so many places take about a minute.
MOST_PLACES = 100_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Ward(Grouping):
    """Groups cut from Ward's hierarchy, and the hierarchy."""

    cluster: "pd.Series[Any]" = shown("Group (Ward)", theme="categories")
    merges: "pd.DataFrame" = shown("Steps of the hierarchy")
    gap: "pd.DataFrame | None" = shown("Gap statistic", required=False)


def ward(
    places: "GeoDataFrame",
    *,
    columns: list[Column],
    k: Annotated[int, Between(2, 50)],
    resamples: Annotated[int, Between(0, 10_000)] | None = None,
    references: Annotated[int, Between(0, 1_000)] = 0,
    other: Column | None = None,
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> Ward:
    """
    Group places by several indicators, merging the two most alike groups again and again (Ward's hierarchy).

    Parameters
    ----------
    places
        The table of places.
    columns
        The indicators; each is centred and divided by its standard deviation (divisor n - 1), so that all weigh the same.
    k
        How many groups.
    resamples
        How often places are drawn anew, with replacement, to see whether the groups come back; 100 up to 2,000 places and 0
        beyond where nothing is said. At most 1,000 places are drawn.
    references
        With how many sets of random numbers without groups the gap statistic compares; 0 leaves it out.
    other
        A column with another grouping, to tell how far both agree.
    seed
        Where the random numbers for stability and gap start.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    Ward
        ``cluster`` is "1", "2", ... by falling mean of the first column, "No data" for places left out. ``merges`` has a row
        for each step: the two groups, the ``height`` in the dendrogram, the ``size`` of the new group, how many groups are
        left, and the sum of squares ``within`` them. ``choice`` cuts the hierarchy into 2 to 10 groups. ``stability`` and ``gap``
        are as of k_means.

    Raises
    ------
    DataError
        When a value is missing or no number, or a place has no group in ``other``.
    ModelError
        When there are not more places than groups, fewer different places than groups, a column is constant, or there are
        more than 100,000 places.

    Notes
    -----
    Each step merges the two groups that raise the within sum of squares least. Heights are the square root of twice that rise,
    as R's ``hclust(method = "ward.D2")`` and scipy give them. No step is taken back, so that k-means may find better groups.
    Merges whose heights agree in twelve decimals are equally good; of these the one of the first place names is made. The
    distances between every two places are never held; time grows with the number of places, where columns are many with its
    square: 100,000 places take seconds with four columns, about a minute with twelve, some with thirty.

    References
    ----------
    Ward, J. H. (1963). Hierarchical grouping to optimize an objective function. Journal of the American Statistical
    Association 58, 236-244. doi:10.1080/01621459.1963.10500845
    Murtagh, F. and Legendre, P. (2014). Ward's hierarchical agglomerative clustering method: which algorithms implement Ward's
    criterion? Journal of Classification 31, 274-295. doi:10.1007/s00357-014-9161-z
    Murtagh, F. (1983). A survey of recent advances in hierarchical clustering algorithms. The Computer Journal 26, 354-359.
    doi:10.1093/comjnl/26.4.354

    Examples
    --------
    >>> import geopandas, spatial
    >>> from shapely import Point
    >>> points = [Point(x, 0) for x in range(5)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 7, 9, 10]}, geometry=points, index=list("abcde"), crs="EPSG:32642")
    >>> spatial.ward(places, columns=["value"], k=2).cluster.tolist()
    ['2', '2', '1', '1', '1']
    """
    options = used(ward, locals())
    columns = list(dict.fromkeys(columns))
    given = aligned(places, None, columns, missing=missing, least=k + 1)
    _not_too_many(len(given.labels))
    values = standardised(given)
    enough_kinds(values, k, "ward, option 'k'")
    compared = other_grouping(places, given, other)
    steps = ward_hierarchy(values)
    cuts = {count: cut(steps, len(values), count) for count in sorted({*range(2, most_groups(values) + 1), k})}
    labels = numbered(cuts[k], values)
    draws, said = resamples_used(resamples, len(values))
    common = parts(
        given,
        columns,
        values,
        labels,
        method="Ward's method",
        cuts=cuts,
        seed=seed,
        other=compared,
        stability=drawn_anew(values, labels, lambda drawn, _: _groups(drawn, k), resamples=draws, seed=seed) if draws else None,
        notes=(*said, *unreadable(len(steps), len(values), k)),
    )
    return Ward(
        operation="ward",
        options=options,
        merges=merges(steps, given.labels),
        gap=gaps(values, references, seed, _groups),
        **common,
    )


def _groups(values: Array, count: int) -> Whole:
    return cut(ward_hierarchy(values), len(values), count)


def _not_too_many(places: int) -> None:
    if places > MOST_PLACES:
        raise ModelError(
            complaint(
                "places",
                f"there are {places:,}",
                f"Ward's method takes at most {MOST_PLACES:,}; more would take many minutes",
                "Use k_means",
            )
        )
