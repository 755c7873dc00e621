"""What every grouping is measured by: sums of squares, silhouettes, profiles; and how groups are numbered."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import ModelError, complaint
from spatial.places import Aligned

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

#: Silhouettes need the distance between every two places; beyond this many they are left out, and a note says so.
MOST_SILHOUETTES = 20_000
_BLOCK = 4_000_000
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


def silhouettes(values: Array, groupings: Sequence[Whole]) -> "list[Array] | None":
    """
    Tell how much nearer each place is to its own group than to the next: 1 well placed, 0 between two, below 0 misplaced.

    A place that is alone in its group gets 0. None where there are too many places.
    Rousseeuw (1987), doi:10.1016/0377-0427(87)90125-7.
    """
    from scipy.spatial.distance import cdist

    n = len(values)
    if n > MOST_SILHOUETTES:
        return None
    marks = [np.eye(int(labels.max()) + 1)[labels] for labels in groupings]
    found = [np.empty(n) for _ in groupings]
    step = max(1, _BLOCK // n)
    for first in range(0, n, step):
        distances = cdist(values[first : first + step], values)
        for labels, mark, filled in zip(groupings, marks, found, strict=True):
            filled[first : first + step] = _silhouette(distances @ mark, labels[first : first + step], mark.sum(axis=0))
    return found


def _silhouette(sums: Array, labels: Whole, sizes: Array) -> Array:
    rows = np.arange(len(labels))
    mine = sizes[labels]
    own = sums[rows, labels] / np.maximum(mine - 1, 1)
    means = sums / sizes
    means[rows, labels] = np.inf
    next_best = means.min(axis=1)
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
    means = dict(zip(columns, map(float, given.values[members].mean(axis=0)), strict=True))  # noqa: PD011  (an array)
    shown = "all" if members.all() else named(given.labels[members])
    return {"n": int(members.sum()), "places": shown} | means


def named(labels: "pd.Index[str]", most: int = 10) -> str:
    """Write places out, a few of them."""
    words = ", ".join(str(label) for label in labels[:most])
    return words if len(labels) <= most else f"{words} and {len(labels) - most} more"


def choices(values: Array, groupings: dict[int, Whole]) -> "pd.DataFrame":
    """Compare groupings into more and more groups: within sum of squares, its share explained, mean silhouette."""
    import pandas as pd

    total = float((values**2).sum())
    widths = silhouettes(values, list(groupings.values()))
    rows = {}
    for position, (count, labels) in enumerate(groupings.items()):
        inside = within(values, labels)
        width = np.nan if widths is None else float(widths[position].mean())
        rows[count] = {"within": inside, "share_between": 1 - inside / total, "silhouette": width}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("groups")


def most_groups(values: Array) -> int:
    """Up to how many groups the choice is shown: 8, but fewer than places and no more than different places."""
    return min(8, len(values) - 1, len(np.unique(np.round(values, 9), axis=0)))


def too_many(places: int) -> tuple[str, ...]:
    """Admit that silhouettes were left out."""
    if places <= MOST_SILHOUETTES:
        return ()
    return (f"Silhouettes were not computed: they compare every two of {places:,} places.",)
