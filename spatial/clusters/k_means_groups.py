"""Groups of alike places by k-means."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from spatial.clusters._groups import (
    choices,
    enough_kinds,
    most_groups,
    numbered,
    profile,
    silhouettes,
    standardised,
    texts,
    too_many,
    within,
)
from spatial.clusters._partitions import ways
from spatial.clusters._reading import reading
from spatial.clusters._search import best_grouping
from spatial.options import Between, Column, used
from spatial.places import Missing, aligned
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame


@dataclass(frozen=True, kw_only=True, eq=False)
class KMeans(Result):
    """Groups found by k-means, and how good they are."""

    cluster: "pd.Series[Any]" = shown("Group (k-means)", theme="categories")
    silhouette_places: "pd.Series[Any]" = shown("Silhouette")
    profile: "pd.DataFrame" = shown("Means of the groups, in the columns' own units")
    choice: "pd.DataFrame" = shown("Groupings into more and more groups")
    groups: int = shown("Groups")
    silhouette: float = shown("Mean silhouette")
    within: float = shown("Sum of squares within groups")
    between: float = shown("Sum of squares between groups")
    total: float = shown("Total sum of squares")
    share_between: float = shown("Share of the sum of squares between groups")
    best_possible: bool = shown("Best of all possible groupings, by trying all")


def k_means(
    places: "GeoDataFrame",
    *,
    columns: list[Column],
    k: Annotated[int, Between(2, 50)],
    starts: Annotated[int, Between(1, 10_000)] = 50,
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
    seed
        Where the random numbers start; the same seed gives the same groups.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    KMeans
        ``cluster`` is "1", "2", ... by falling mean of the first column, "No data" for places left out. Sums of squares are of
        the standardised columns; ``share_between`` is the share of the total that the groups account for. ``silhouette`` is
        from -1 to 1. ``choice`` shows the same search for 2 to 8 groups.

    Raises
    ------
    DataError
        When a value is missing or no number.
    ModelError
        When there are not more places than groups, fewer different places than groups, or a column is constant.

    Notes
    -----
    Where there are at most 100,000 ways to form the groups (always for up to 10 places) all are tried and the best is certain.
    Otherwise the best of many starts is taken, which may not be the best there is. Neighbourhood plays no part: groups may be
    scattered over the map.

    References
    ----------
    Lloyd, S. P. (1982). Least squares quantization in PCM. IEEE Transactions on Information Theory 28, 129-137.
    doi:10.1109/TIT.1982.1056489
    Arthur, D. and Vassilvitskii, S. (2007). k-means++: the advantages of careful seeding. SODA '07, 1027-1035.
    Rousseeuw, P. J. (1987). Silhouettes. Journal of Computational and Applied Mathematics 20, 53-65.
    doi:10.1016/0377-0427(87)90125-7

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
    tried = {
        count: best_grouping(values, count, seed=seed, starts=starts) for count in sorted({*range(2, most_groups(values) + 1), k})
    }
    labels = numbered(tried[k][0], values)
    widths = silhouettes(values, [labels])
    width = np.full(len(values), np.nan) if widths is None else widths[0]
    total, inside = float((values**2).sum()), within(values, labels)
    certain = tried[k][1]
    means = profile(given, columns, labels)
    return KMeans(
        operation="k_means",
        options=options,
        observations=len(values),
        notes=(*given.notes, _certainty(len(values), k, starts, certain=certain), *too_many(len(values))),
        reading=reading("k-means", means, columns, 1 - inside / total, float(width.mean())),
        cluster=given.series(texts(labels), fill="No data"),
        silhouette_places=given.series(width),
        profile=means,
        choice=choices(values, {count: found[0] for count, found in tried.items()}),
        groups=k,
        silhouette=float(width.mean()),
        within=inside,
        between=total - inside,
        total=total,
        share_between=1 - inside / total,
        best_possible=certain,
    )


def _certainty(places: int, groups: int, starts: int, *, certain: bool) -> str:
    if certain:
        return f"All {ways(places, groups):,} ways to put {places} places into {groups} groups were tried: no grouping has a smaller within sum of squares."
    return f"The grouping is the best of {starts} random starts; a better one cannot be ruled out."
