"""Groups of alike places by Ward's hierarchy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from spatial.clusters._groups import (
    Array,
    Whole,
    choices,
    enough_kinds,
    most_groups,
    named,
    numbered,
    profile,
    silhouettes,
    standardised,
    texts,
    within,
)
from spatial.clusters._reading import reading
from spatial.errors import ModelError, complaint
from spatial.options import Between, Column, used
from spatial.places import Aligned, Missing, aligned
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: The distances between every two of this many places take 1 GB.
MOST_PLACES = 16_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Ward(Result):
    """Groups cut from Ward's hierarchy, and the hierarchy."""

    cluster: "pd.Series[Any]" = shown("Group (Ward)", theme="categories")
    silhouette_places: "pd.Series[Any]" = shown("Silhouette")
    profile: "pd.DataFrame" = shown("Means of the groups, in the columns' own units")
    choice: "pd.DataFrame" = shown("Groupings into more and more groups")
    merges: "pd.DataFrame" = shown("Steps of the hierarchy")
    groups: int = shown("Groups")
    silhouette: float = shown("Mean silhouette")
    within: float = shown("Sum of squares within groups")
    between: float = shown("Sum of squares between groups")
    total: float = shown("Total sum of squares")
    share_between: float = shown("Share of the sum of squares between groups")


def ward(places: "GeoDataFrame", *, columns: list[Column], k: Annotated[int, Between(2, 50)], missing: Missing = "error") -> Ward:
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
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    Ward
        ``cluster`` is "1", "2", ... by falling mean of the first column, "No data" for places left out. ``merges`` has a row
        for each step: the two groups, the ``height`` in the dendrogram, the ``size`` of the new group, how many groups are
        left, and the sum of squares ``within`` them. ``choice`` cuts the hierarchy into 2 to 8 groups.

    Raises
    ------
    DataError
        When a value is missing or no number.
    ModelError
        When there are not more places than groups, fewer different places than groups, a column is constant, or there are
        more than 16,000 places.

    Notes
    -----
    Each step merges the two groups that raise the within sum of squares least. Heights are the square root of twice that rise,
    as R's ``hclust(method = "ward.D2")`` and scipy give them. No step is taken back, so that k-means may find better groups.
    Of equally good merges the one found first in the order of the place names is made.

    References
    ----------
    Ward, J. H. (1963). Hierarchical grouping to optimize an objective function. Journal of the American Statistical
    Association 58, 236-244. doi:10.1080/01621459.1963.10500845
    Murtagh, F. and Legendre, P. (2014). Ward's hierarchical agglomerative clustering method: which algorithms implement Ward's
    criterion? Journal of Classification 31, 274-295. doi:10.1007/s00357-014-9161-z

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
    steps = _hierarchy(values)
    cuts = {count: _cut(steps, len(values), count) for count in sorted({*range(2, most_groups(values) + 1), k})}
    labels = numbered(cuts[k], values)
    widths = silhouettes(values, [labels])
    width = np.full(len(values), np.nan) if widths is None else widths[0]
    total, inside = float((values**2).sum()), within(values, labels)
    means = profile(given, columns, labels)
    return Ward(
        operation="ward",
        options=options,
        observations=len(values),
        notes=given.notes,
        reading=reading("Ward's method", means, columns, 1 - inside / total, float(width.mean())),
        cluster=given.series(texts(labels), fill="No data"),
        silhouette_places=given.series(width),
        profile=means,
        choice=choices(values, cuts),
        merges=_merges(steps, given),
        groups=k,
        silhouette=float(width.mean()),
        within=inside,
        between=total - inside,
        total=total,
        share_between=1 - inside / total,
    )


def _not_too_many(places: int) -> None:
    if places > MOST_PLACES:
        raise ModelError(
            complaint(
                "places",
                f"there are {places:,}",
                f"Ward's method compares every two places and takes at most {MOST_PLACES:,}",
                "Use k_means",
            )
        )


def _hierarchy(values: Array) -> Array:
    """Give scipy's table of merges: two groups, height, size; groups from n on are the merged ones."""
    from scipy.cluster.hierarchy import linkage

    found: Array = linkage(values, method="ward")
    return found


def _cut(steps: Array, places: int, groups: int) -> Whole:
    """Stop before the last merges. (A cut by height would give fewer groups where heights are equal.)"""
    members = {number: [number] for number in range(places)}
    for number, (first, second, *_) in enumerate(steps[: places - groups]):
        members[places + number] = members.pop(int(first)) + members.pop(int(second))
    labels = np.empty(places, np.int64)
    for group, inside in enumerate(members.values()):
        labels[inside] = group
    return labels


def _merges(steps: Array, given: Aligned) -> "pd.DataFrame":
    import pandas as pd

    places = len(given.labels)
    members = {number: [number] for number in range(places)}
    rows, inside = [], 0.0
    for number, (first, second, height, size) in enumerate(steps):
        pair = sorted((sorted(members.pop(int(first))), sorted(members.pop(int(second)))))
        members[places + number] = pair[0] + pair[1]
        inside += float(height) ** 2 / 2
        rows.append(
            {
                "first": named(given.labels[pair[0]], 3),
                "second": named(given.labels[pair[1]], 3),
                "height": float(height),
                "size": int(size),
                "groups": places - number - 1,
                "within": inside,
            }
        )
    return pd.DataFrame(rows, index=pd.RangeIndex(1, places, name="step"))
