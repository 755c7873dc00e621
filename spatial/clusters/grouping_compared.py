"""Is a given grouping a good one? Against the best of the same number of groups, and against chance."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from spatial.clusters._agreement import adjusted_rand, group_text
from spatial.clusters._groups import (
    SAME,
    Array,
    Whole,
    enough_kinds,
    named,
    numbered,
    profile,
    silhouettes,
    standardised,
    texts,
    too_many,
    within,
)
from spatial.clusters._partitions import few_ways, first_best, partitions, within_of_all
from spatial.clusters._search import best_grouping
from spatial.errors import DataError, ModelError, complaint, counted, listed
from spatial.options import Between, Column, used
from spatial.places import Aligned, Missing, aligned, checked, columns_checked
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: Up to this many partitions the rank of the given one is counted.
MOST_PARTITIONS = 2_000_000
ALPHA = 0.05  # only for words


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparedGrouping(Result):
    """A given grouping beside the best one."""

    given: "pd.Series[Any]" = shown("Given group", theme="categories")
    best: "pd.Series[Any]" = shown("Group of the best grouping", theme="categories")
    table: "pd.DataFrame" = shown("Both groupings")
    profile: "pd.DataFrame" = shown("Means of the given groups, in the columns' own units")
    profile_best: "pd.DataFrame" = shown("Means of the best groups, in the columns' own units")
    groups: int = shown("Groups")
    within: float = shown("Sum of squares within the given groups")
    within_best: float = shown("Sum of squares within the best groups")
    total: float = shown("Total sum of squares")
    rank: int | None = shown("Rank of the given grouping, 1 is the best")
    partitions: int | None = shown("Possible groupings into as many groups")
    rank_same_sizes: int | None = shown("Rank among groupings of the same sizes")
    partitions_same_sizes: int | None = shown("Possible groupings of the same sizes")
    p: float = shown("Share of groupings of the same sizes that are at least as good (p)")
    adjusted_rand: float = shown("Agreement with the best grouping (adjusted Rand index)")
    silhouette: float = shown("Mean silhouette of the given groups")
    silhouette_best: float = shown("Mean silhouette of the best groups")
    exact: bool = shown("All groupings enumerated")
    permutations: int = shown("Random regroupings (0 where all were enumerated)")
    seed: int = shown("Seed")


def compare_grouping(
    places: "GeoDataFrame",
    *,
    columns: list[Column],
    grouping: Column,
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    starts: Annotated[int, Between(1, 10_000)] = 50,
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> ComparedGrouping:
    """
    Compare a given grouping with the best one of the same number of groups, and with chance.

    Parameters
    ----------
    places
        The table of places.
    columns
        The indicators the groups should be alike in; each is centred and divided by its standard deviation (divisor n - 1).
    grouping
        The column that names each place's group, as text or numbers.
    permutations
        How many random regroupings of the same sizes are tried; not used where all groupings are enumerated.
    starts
        From how many random starts the best grouping is searched; not used where all groupings are enumerated.
    seed
        Where the random numbers start; the same seed gives the same numbers.
    missing
        Whether a missing value or group is an error, or the place is left out.

    Returns
    -------
    ComparedGrouping
        ``within`` beside ``within_best`` (standardised columns; smaller is better). Where all groupings could be enumerated,
        ``rank`` of ``partitions``, and both among groupings of the same sizes; else None. ``p`` is the share of groupings of
        the same sizes that are at least as good: small where the given one follows the indicators. ``adjusted_rand`` is 1
        where both groupings are the same and about 0 where they agree as by chance.

    Raises
    ------
    DataError
        When a value or a group is missing, or a value is no number.
    ModelError
        When there are fewer than 2 groups, not more places than groups, fewer different places than groups, or a column is
        constant.

    Notes
    -----
    All groupings are enumerated where there are at most 2,000,000 (Stirling's number of the second kind). Otherwise the best is
    searched as in k_means, and p = (c + 1) / (m + 1) comes from random regroupings.

    References
    ----------
    Hubert, L. and Arabie, P. (1985). Comparing partitions. Journal of Classification 2, 193-218. doi:10.1007/BF01908075

    Examples
    --------
    >>> import geopandas, spatial
    >>> from shapely import Point
    >>> table = {"value": [1, 2, 7, 9], "region": ["west", "west", "west", "east"]}
    >>> places = geopandas.GeoDataFrame(table, geometry=[Point(x, 0) for x in range(4)], index=list("abcd"), crs="EPSG:32642")
    >>> found = spatial.compare_grouping(places, columns=["value"], grouping="region")
    >>> found.rank, found.partitions, found.best.tolist()
    (2, 7, ['2', '2', '1', '1'])
    """
    options = used(compare_grouping, locals())
    index, places = places.index.rename("place"), checked(places)
    columns = list(dict.fromkeys(columns))
    given, names, notes = _together(places, columns, grouping, missing)
    values = standardised(given)
    kinds, labels = np.unique(names, return_inverse=True)
    labels, count = labels.astype(np.int64), len(kinds)
    _groups_checked(len(labels), count, grouping)
    enough_kinds(values, count, f"column {grouping!r}")
    best, ranking = _ranked(values, labels, count, permutations=permutations, starts=starts, seed=seed)
    best = numbered(best, values)
    mean = [float(np.nanmean(width)) for width in silhouettes(values, [labels, best], seed)]
    profiles = profile(given, columns, labels).rename(index={str(number + 1): kind for number, kind in enumerate(kinds)})
    measured: dict[str, Any] = {
        "within": within(values, labels),
        "within_best": within(values, best),
        "total": float((values**2).sum()),
        "adjusted_rand": adjusted_rand(labels, best),
        "silhouette": mean[0],
        "silhouette_best": mean[1],
    }
    return ComparedGrouping(
        operation="compare_grouping",
        options=options,
        observations=len(labels),
        notes=notes + _how(ranking, len(labels), count, starts, permutations) + too_many(len(labels)),
        reading=_reading(len(labels), count, ranking, measured),
        given=given.series(names, fill="No data").reindex(places.index, fill_value="No data").set_axis(index),
        best=given.series(texts(best), fill="No data").reindex(places.index, fill_value="No data").set_axis(index),
        table=_both(given, names, best, measured),
        profile=profiles,
        profile_best=profile(given, columns, best),
        groups=count,
        seed=seed,
        **measured,
        **ranking,
    )


def _together(
    places: "GeoDataFrame", columns: list[str], grouping: str, missing: Missing
) -> "tuple[Aligned, np.ndarray[Any, Any], tuple[str, ...]]":
    """Align the indicators of the places that have a group, and give the groups as text in the same order."""
    columns_checked(places, [grouping])
    without = places.index[places[grouping].isna()].sort_values()
    notes: tuple[str, ...] = ()
    if len(without):
        what = f"{counted(len(without), 'place has', 'places have', of=len(places))} no group: {listed(without)}"
        if missing == "error":
            remedy = 'Fill the gaps, or set missing = "drop" to leave these places out'
            raise DataError(complaint(f"column {grouping!r}", what, "Expected a group for each place", remedy))
        words = counted(len(without), "place has no group and was", "places have no group and were", of=len(places))
        notes = (f"{words} left out: {listed(without, 10)}.",)
    given = aligned(places[places[grouping].notna()], None, columns, missing=missing)
    names = np.array([group_text(value) for value in places.loc[given.labels, grouping]], dtype=object)
    return given, names, notes + given.notes


def _groups_checked(places: int, groups: int, grouping: str) -> None:
    if not 1 < groups < places:
        raise ModelError(
            complaint(
                f"column {grouping!r}",
                f"it puts {places} places into {groups} groups",
                "Expected at least two groups, and fewer groups than places",
                "Choose another column",
            )
        )


def _ranked(
    values: Array, labels: Whole, groups: int, *, permutations: int, starts: int, seed: int
) -> tuple[Whole, dict[str, Any]]:
    """Find the best grouping and where the given one stands: among all, or among random ones of the same sizes."""
    found, close = within(values, labels), SAME * float((values**2).sum())
    if not few_ways(len(values), groups, MOST_PARTITIONS):
        best, _ = best_grouping(values, groups, seed=seed, starts=starts)
        random = np.random.default_rng(seed)
        as_good = sum(within(values, random.permutation(labels)) <= found + close for _ in range(permutations))
        unknown = dict.fromkeys(("rank", "partitions", "rank_same_sizes", "partitions_same_sizes"))
        return best, unknown | {"p": (as_good + 1) / (permutations + 1), "exact": False, "permutations": permutations}
    everything = partitions(len(values), groups)
    sums = within_of_all(values, everything, groups)
    same = (_sizes(everything, groups) == np.sort(np.bincount(labels))).all(axis=1)
    better = sums < found - close
    return first_best(everything, sums, close), {
        "rank": int(better.sum()) + 1,
        "partitions": len(sums),
        "rank_same_sizes": int((better & same).sum()) + 1,
        "partitions_same_sizes": int(same.sum()),
        "p": float((sums[same] <= found + close).mean()),
        "exact": True,
        "permutations": 0,
    }


def _sizes(everything: "np.ndarray[Any, np.dtype[np.uint8]]", groups: int) -> Whole:
    """Give the sizes of the groups of each partition, smallest first."""
    return np.sort(np.stack([(everything == group).sum(axis=1) for group in range(groups)], axis=1), axis=1)


def _how(ranking: dict[str, Any], places: int, groups: int, starts: int, permutations: int) -> tuple[str, ...]:
    if ranking["exact"]:
        return (f"All {ranking['partitions']:,} ways to put {places} places into {groups} groups were compared.",)
    return (
        (
            f"There are too many ways to put {places} places into {groups} groups to compare all: the best grouping is the best of"
            f" {starts} random starts, and p comes from {permutations:,} random regroupings of the same sizes."
        ),
    )


def _both(given: Aligned, names: "np.ndarray[Any, Any]", best: Whole, measured: dict[str, Any]) -> "pd.DataFrame":
    """Put both groupings one below the other, group by group."""
    import pandas as pd

    rows = []
    for title, groups, suffix in (("given", names, ""), ("best", texts(best), "_best")):
        rows += [
            {
                "grouping": title,
                "group": str(group),
                "n": int((groups == group).sum()),
                "places": named(given.labels[groups == group]),
            }
            for group in sorted(set(groups))
        ]
        summary = {"grouping": title, "group": "all", "n": len(groups), "places": ""}
        rows.append(summary | {"within": measured[f"within{suffix}"], "silhouette": measured[f"silhouette{suffix}"]})
    table = pd.DataFrame(rows)
    table.index = pd.Index([f"{row['grouping']}: {row['group']}" for row in rows], name="row")
    return table


def _reading(places: int, groups: int, ranking: dict[str, Any], measured: dict[str, Any]) -> tuple[str, ...]:
    share, best = (1 - measured[name] / measured["total"] for name in ("within", "within_best"))
    sentences = [
        (
            f"The given grouping of {places} places into {groups} groups accounts for {share:.0%} of the differences in the"
            f" indicators; the best grouping into as many groups for {best:.0%}."
        ),
    ]
    if ranking["exact"]:
        sentences.append(
            f"It is number {ranking['rank']:,} of the {ranking['partitions']:,} possible groupings, counted from the best."
        )
    p = ranking["p"]
    kind = "all" if ranking["exact"] else "random"
    if p < ALPHA:
        sentences.append(
            f"Only {100 * p:.2g}% of {kind} groupings with the same group sizes are as good or better: it does follow these indicators."
        )
    else:
        sentences.append(
            f"{p:.0%} of {kind} groupings with the same group sizes are as good or better: these indicators alone do not bear it out."
        )
    sentences.append(
        f"Its agreement with the best grouping is {measured['adjusted_rand']:.2f} (adjusted Rand index: 1 the same, about 0 by chance)."
        " A grouping may rest on other grounds than these columns."
    )
    return tuple(sentences)
