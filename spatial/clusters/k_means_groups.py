"""Groups of alike places by k-means."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from spatial.clusters._agreement import drawn_anew
from spatial.clusters._gap import gaps
from spatial.clusters._grouping import Grouping, other_grouping, parts, resamples_used
from spatial.clusters._groups import Array, Whole, enough_kinds, most_groups, numbered, standardised
from spatial.clusters._partitions import ways
from spatial.clusters._search import MOST_SEEN, best_grouping
from spatial.options import Between, Column, used
from spatial.places import Missing, aligned
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

_FEWER_STARTS = 10  # for data drawn anew or at random, of which there are many
_TRIED_IN_FULL = 1_000  # places up to which other numbers of groups are searched as long as the one asked for


@dataclass(frozen=True, kw_only=True, eq=False)
class KMeans(Grouping):
    """Groups found by k-means, and how good they are."""

    cluster: "pd.Series[Any]" = shown("Group (k-means)", theme="categories")
    best_possible: bool = shown("Best of all possible groupings, by trying all")
    gap: "pd.DataFrame | None" = shown("Gap statistic", required=False)


def k_means(
    places: "GeoDataFrame",
    *,
    columns: list[Column],
    k: Annotated[int, Between(2, 50)],
    starts: Annotated[int, Between(1, 10_000)] = 50,
    resamples: Annotated[int, Between(0, 10_000)] | None = None,
    references: Annotated[int, Between(0, 1_000)] = 0,
    other: Column | None = None,
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> KMeans:
    """
    Group places by several indicators so that places within a group are as alike as possible (k-means).

    Parameters
    ----------
    places
        The table of places.
    columns
        The indicators; each is centred and divided by its standard deviation (divisor n - 1), so that all weigh the same.
    k
        How many groups.
    starts
        From how many random starts the search begins; not used where all groupings are tried.
    resamples
        How often places are drawn anew, with replacement, to see whether the groups come back; 100 up to 2,000 places and 0
        beyond where nothing is said. At most 1,000 places are drawn.
    references
        With how many sets of random numbers without groups the gap statistic compares; 0 leaves it out.
    other
        A column with another grouping, to tell how far both agree.
    seed
        Where the random numbers start; the same seed gives the same groups.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    KMeans
        ``cluster`` is "1", "2", ... by falling mean of the first column, "No data" for places left out. Sums of squares are of
        the standardised columns; ``share_between`` is the share of the total that the groups account for. ``silhouette`` is
        from -1 to 1. ``choice`` shows the search for 2 to 10 groups: sum of squares within, share between, mean silhouette, and
        the index of Calinski and Harabasz (higher is better); of more than 1,000 places the numbers of groups not asked for are
        searched from 10 starts. ``stability`` has for each group the mean ``jaccard`` index with the group most like it in a
        resample, and the shares of resamples in which it is ``recovered`` (above 0.75) and ``dissolved`` (at most 0.5). ``gap``
        has the gap statistic for 1 to 10 groups with its ``error``; the smallest number whose gap is no less than the next
        one's minus that one's error is ``chosen``.

    Raises
    ------
    DataError
        When a value is missing or no number, or a place has no group in ``other``.
    ModelError
        When there are not more places than groups, fewer different places than groups, or a column is constant.

    Notes
    -----
    Where there are at most 100,000 ways to form the groups (always for up to 10 places) all are tried and the best is certain.
    Otherwise the best of many starts is taken, which may not be the best there is. Of more than 5,000 places the starts see
    5,000 drawn at random; the best two go on with all places until no more than one in a thousand changes its group, and then
    single places move in at most 20 rounds. Neighbourhood plays no part: groups may be scattered over the map. Silhouettes of
    more than 7,071 places are worked out for some of them, drawn at random; a note says how many.

    References
    ----------
    Lloyd, S. P. (1982). Least squares quantization in PCM. IEEE Transactions on Information Theory 28, 129-137.
    doi:10.1109/TIT.1982.1056489
    Arthur, D. and Vassilvitskii, S. (2007). k-means++: the advantages of careful seeding. SODA '07, 1027-1035.
    Rousseeuw, P. J. (1987). Silhouettes. Journal of Computational and Applied Mathematics 20, 53-65.
    doi:10.1016/0377-0427(87)90125-7
    Calinski, T. and Harabasz, J. (1974). A dendrite method for cluster analysis. Communications in Statistics 3, 1-27.
    doi:10.1080/03610927408827101
    Tibshirani, R., Walther, G. and Hastie, T. (2001). Estimating the number of clusters in a data set via the gap statistic.
    Journal of the Royal Statistical Society B 63, 411-423. doi:10.1111/1467-9868.00293
    Hennig, C. (2007). Cluster-wise assessment of cluster stability. Computational Statistics and Data Analysis 52, 258-271.
    doi:10.1016/j.csda.2006.11.025

    Examples
    --------
    >>> import geopandas, spatial
    >>> from shapely import Point
    >>> points = [Point(x, 0) for x in range(5)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 8, 9, 10]}, geometry=points, index=list("abcde"), crs="EPSG:32642")
    >>> found = spatial.k_means(places, columns=["value"], k=2)
    >>> found.cluster.tolist(), found.best_possible
    (['2', '2', '1', '1', '1'], True)
    """
    options = used(k_means, locals())
    columns = list(dict.fromkeys(columns))
    given = aligned(places, None, columns, missing=missing, least=k + 1)
    values = standardised(given)
    enough_kinds(values, k, "k_means, option 'k'")
    compared = other_grouping(places, given, other)
    counts = range(2, most_groups(values) + 1)
    few = len(values) <= _TRIED_IN_FULL
    aside = {"starts": starts if few else min(starts, _FEWER_STARTS), "finalists": 5 if few else 1}
    cuts = {count: best_grouping(values, count, seed=seed, **aside) for count in counts if count != k}
    cuts[k] = best_grouping(values, k, seed=seed, starts=starts)
    labels, certain = numbered(cuts[k][0], values), cuts[k][1]
    draws, said = resamples_used(resamples, len(values))
    fewer = min(starts, _FEWER_STARTS)

    def regroup(drawn: Array, number: int) -> Whole:
        return best_grouping(drawn, k, seed=number, starts=fewer, finalists=1)[0]

    common = parts(
        given,
        columns,
        values,
        labels,
        method="k-means",
        cuts={count: cuts[count][0] for count in sorted(cuts)},
        seed=seed,
        other=compared,
        stability=drawn_anew(values, labels, regroup, resamples=draws, seed=seed) if draws else None,
        notes=(_certainty(len(values), k, starts, certain=certain), *said),
    )
    gap = gaps(values, references, seed, lambda drawn, count: best_grouping(drawn, count, seed=seed, starts=fewer, finalists=1)[0])
    return KMeans(operation="k_means", options=options, best_possible=certain, gap=gap, **common)


def _certainty(places: int, groups: int, starts: int, *, certain: bool) -> str:
    if certain:
        return f"All {ways(places, groups):,} ways to put {places} places into {groups} groups were tried: no grouping has a smaller within sum of squares."
    seen = f" on {MOST_SEEN:,} places drawn at random" if places > MOST_SEEN else ""
    return f"The grouping is the best of {starts} random starts{seen}; a better one cannot be ruled out."
