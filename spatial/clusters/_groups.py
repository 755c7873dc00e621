"""What every grouping is measured by: sums of squares, silhouettes, profiles; and how groups are numbered."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import ModelError, complaint
from spatial.places import Aligned
from spatial.progress import one_thread, shared_out

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

#: Silhouettes need the distances of a place to all others. Beyond so many distances they are worked out for places drawn at
#: random only, each exactly, and a note says so.
MOST_DISTANCES = 50_000_000
LEAST_DRAWN = 200
MOST_GROUPS = 10  # up to how many groups the choice is shown
_BLOCK = 1_000_000  # distances that are held at a time
SAME = 1e-9  # sums of squares that differ by less than this share of the total are the same but for rounding


def standardised(given: Aligned) -> Array:
    """Centre each column and divide it by its standard deviation (divisor n - 1), so that all columns weigh the same."""
    values = np.asarray(given.values)
    found: Array = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    return found


def enough_kinds(values: Array, groups: int, where: str) -> None:
    """Make sure that there are at least as many different places as groups."""
    kinds = len(np.unique(np.round(values, 9), axis=0))
    if kinds < groups:
        raise ModelError(
            complaint(
                where,
                f"there are {kinds} different places, but {groups} groups are asked for",
                "Places with the same values cannot be told apart",
                "Ask for fewer groups, or use more columns",
            )
        )


def within(values: Array, labels: Whole) -> float:
    """Sum the squared distances of the places to the mean of their group."""
    count = int(labels.max()) + 1
    sizes = np.bincount(labels, minlength=count)
    total = 0.0
    for column in values.T:
        means = np.bincount(labels, column, minlength=count) / np.maximum(sizes, 1)
        total += float(((column - means[labels]) ** 2).sum())
    return total


def numbered(labels: Whole, values: Array) -> Whole:
    """
    Call the groups by number from 0, in the order of falling mean of the first column, equal ones by their first place.

    Any two labellings of the same groups get the same numbers, whatever found them.
    """
    _, first, plain = np.unique(labels, return_index=True, return_inverse=True)
    means = np.bincount(plain, values[:, 0]) / np.bincount(plain)
    order = np.lexsort((first, -np.round(means, 9)))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place[plain]


def silhouettes(values: Array, groupings: Sequence[Whole], seed: int = 0) -> list[Array]:
    """
    Tell how much nearer each place is to its own group than to the next: 1 well placed, 0 between two, below 0 misplaced.

    A place that is alone in its group gets 0. NaN for places that were not drawn where there are too many.
    Rousseeuw (1987), doi:10.1016/0377-0427(87)90125-7.
    """
    from scipy.spatial.distance import cdist

    drawn = _drawn(len(values), seed)
    marks = [np.eye(int(labels.max()) + 1)[labels] for labels in groupings]
    found = [np.full(len(values), np.nan) for _ in groupings]
    step = max(1, _BLOCK // len(values))
    blocks = [drawn[first : first + step] for first in range(0, len(drawn), step)]

    def measure(rows: Whole) -> list[Array]:
        distances = cdist(values[rows], values)
        return [
            _silhouette(distances @ mark, labels[rows], mark.sum(axis=0)) for labels, mark in zip(groupings, marks, strict=True)
        ]

    with one_thread():  # in each thread of ours; more would add up in another order
        for rows, widths in zip(blocks, shared_out(measure, blocks, "Measuring silhouettes"), strict=True):
            for filled, width in zip(found, widths, strict=True):
                filled[rows] = width
    return found


def _drawn(places: int, seed: int) -> Whole:
    """Draw places whose silhouettes are worked out; all of them where they are few."""
    count = max(LEAST_DRAWN, MOST_DISTANCES // places)
    if count >= places:
        return np.arange(places)
    return np.sort(np.random.default_rng([seed, 1987]).choice(places, count, replace=False))


def _silhouette(sums: Array, labels: Whole, sizes: Array) -> Array:
    rows = np.arange(len(labels))
    mine = sizes[labels]
    own = sums[rows, labels] / np.maximum(mine - 1, 1)
    means = sums / sizes
    means[rows, labels] = np.inf
    next_best = np.ascontiguousarray(means.T).min(axis=0)
    larger = np.maximum(own, next_best)
    return np.where((mine > 1) & (larger > 0), (next_best - own) / np.where(larger > 0, larger, 1.0), 0.0)


def texts(labels: Whole) -> "np.ndarray[Any, Any]":
    """Write group numbers the way they are shown, from 1."""
    return np.array([str(label + 1) for label in labels], dtype=object)


def profile(given: Aligned, columns: Sequence[str], labels: Whole) -> "pd.DataFrame":
    """Give size, places and means in the columns' own units for each group, and for all places."""
    import pandas as pd

    rows = {}
    for group in range(int(labels.max()) + 1):
        rows[str(group + 1)] = _row(given, columns, labels == group)
    rows["All"] = _row(given, columns, np.ones(len(labels), bool))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")


def _row(given: Aligned, columns: Sequence[str], members: "np.ndarray[Any, np.dtype[np.bool_]]") -> dict[str, Any]:
    means = dict(zip(columns, map(float, given.values[members, : len(columns)].mean(axis=0)), strict=True))  # noqa: PD011  (an array)
    shown = "all" if members.all() else named(given.labels[members])
    return {"n": int(members.sum()), "places": shown} | means


def named(labels: "pd.Index[str]", most: int = 10) -> str:
    """Write places out, a few of them."""
    words = ", ".join(str(label) for label in labels[:most])
    return words if len(labels) <= most else f"{words} and {len(labels) - most} more"


def profile_standardised(values: Array, columns: Sequence[str], labels: Whole) -> "pd.DataFrame":
    """Give the means of each group in standard deviations from the mean of all places: what is high and low in it."""
    import pandas as pd

    groups = range(int(labels.max()) + 1)
    means = [values[labels == group].mean(axis=0) for group in groups]
    index = pd.Index([str(group + 1) for group in groups], name="group")
    return pd.DataFrame(np.round(means, 12), columns=list(columns), index=index)


def choices(values: Array, groupings: dict[int, Whole], seed: int = 0) -> "pd.DataFrame":
    """
    Compare groupings into more and more groups.

    Within sum of squares, its share explained, mean silhouette, and the index of Calinski and Harabasz (1974),
    doi:10.1080/03610927408827101: between over within, each by its degrees of freedom.
    """
    import pandas as pd

    total, size = float((values**2).sum()), len(values)
    widths = silhouettes(values, list(groupings.values()), seed)
    rows = {}
    for (count, labels), width in zip(groupings.items(), widths, strict=True):
        inside = within(values, labels)
        between = (total - inside) / (count - 1) if count > 1 else np.nan
        index = between / (inside / (size - count)) if inside > SAME * total and size > count else np.nan
        silhouette = float(np.nanmean(width)) if count > 1 else np.nan
        rows[count] = {"within": inside, "share_between": 1 - inside / total, "silhouette": silhouette, "calinski_harabasz": index}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("groups")


def most_groups(values: Array) -> int:
    """Up to how many groups the choice is shown: 10, but fewer than places and no more than different places."""
    return min(MOST_GROUPS, len(values) - 1, len(np.unique(np.round(values, 9), axis=0)))


def too_many(places: int, widths: Array | None = None) -> tuple[str, ...]:
    """Admit that silhouettes are of a sample."""
    count = max(LEAST_DRAWN, MOST_DISTANCES // places)
    if count >= places:
        return ()
    sentence = f"Silhouettes were worked out for {count:,} of {places:,} places, drawn at random, each against all others"
    if widths is not None:
        error = float(np.nanstd(widths, ddof=1)) * np.sqrt((1 - count / places) / count)
        sentence += f"; the standard error of their mean is {error:.2g}"
    return (f"{sentence}.",)
