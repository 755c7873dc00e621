"""How far two groupings agree, and whether groups come back when the data are drawn anew."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.clusters._groups import Array, Whole
from spatial.progress import told_as

if TYPE_CHECKING:
    import pandas as pd

MOST_DRAWN = 1_000  # places in one resample
STABLE, DISSOLVED = 0.75, 0.5  # Hennig (2007), section 3

#: Groups a resample: its values, the number of the resample.
Regroup = Callable[[Array, int], Whole]


def adjusted_rand(first: Whole, second: Whole) -> float:
    """
    Measure how far two groupings agree, allowing for chance; 1 is the same, 0 is what chance gives on average.

    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    1.0
    """

    def pairs(counts: Any) -> float:
        return float((counts * (counts - 1.0)).sum() / 2)

    crossed = _crossed(first, second)
    one, other = pairs(crossed.sum(axis=1)), pairs(crossed.sum(axis=0))
    expected = one * other / pairs(np.array([float(len(first))]))
    most = (one + other) / 2
    return 1.0 if most == expected else (pairs(crossed) - expected) / (most - expected)


def _crossed(first: Whole, second: Whole) -> Array:
    """Count the places in each group of the one and each group of the other grouping."""
    _, rows = np.unique(first, return_inverse=True)
    _, columns = np.unique(second, return_inverse=True)
    crossed = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(crossed, (rows, columns), 1)
    return crossed


def group_text(value: Any) -> str:
    """Write the name of a group; whole numbers without a point."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)


def drawn_anew(values: Array, labels: Whole, regroup: Regroup, *, resamples: int, seed: int) -> "pd.DataFrame":
    """
    Group places drawn anew with replacement, and tell how well each group comes back.

    For each resample the group found there that is most like the given one (Jaccard: places in both over places in either, of the
    places drawn). Hennig (2007), doi:10.1016/j.csda.2006.11.025.
    """
    found = np.full((resamples, int(labels.max()) + 1), np.nan)
    for number in range(resamples):
        random = np.random.default_rng([seed, 2007, number])
        drawn = np.sort(random.integers(0, len(values), min(len(values), MOST_DRAWN)))
        if len(np.unique(np.round(values[drawn], 9), axis=0)) > labels.max():
            kept, first = np.unique(drawn, return_index=True)
            with told_as(number, resamples, "Grouping places drawn anew"):
                found[number] = _likeness(labels[kept], regroup(values[drawn], number)[first], found.shape[1])
    return _summary(found)


def shaken(values: Array, labels: Whole, regroup: Regroup, *, resamples: int, seed: int, share: float) -> "pd.DataFrame":
    """
    Group places with noise added to their values, and tell how well each group comes back.

    Resampled places would have no neighbours; so each standardised value gets normal noise of standard deviation ``share``
    ("jittering" in Hennig 2007).
    """
    found = np.full((resamples, int(labels.max()) + 1), np.nan)
    for number in range(resamples):
        random = np.random.default_rng([seed, 2007, number])
        moved = values + random.normal(scale=share, size=values.shape)
        with told_as(number, resamples, "Grouping shaken values"):
            found[number] = _likeness(labels, regroup(moved, number), found.shape[1])
    return _summary(found)


def _likeness(labels: Whole, other: Whole, groups: int) -> Array:
    """Give the highest Jaccard index of each group with a group of the other grouping; NaN for one nobody was drawn of."""
    mine = np.unique(labels)
    crossed = _crossed(labels, other)
    either = crossed.sum(axis=1)[:, None] + crossed.sum(axis=0) - crossed
    found = np.full(groups, np.nan)
    found[mine] = (crossed / either).max(axis=1)
    return found


def _summary(found: Array) -> "pd.DataFrame":
    import pandas as pd

    rows = {}
    for group, column in enumerate(found.T):
        known = column[np.isfinite(column)]
        rows[str(group + 1)] = {
            "jaccard": float(known.mean()) if len(known) else np.nan,
            "recovered": float((known > STABLE).mean()) if len(known) else np.nan,
            "dissolved": float((known <= DISSOLVED).mean()) if len(known) else np.nan,
            "resamples": len(known),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")
