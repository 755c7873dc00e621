"""What a grouping says, for somebody who is no statistician."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spatial.clusters._agreement import DISSOLVED, STABLE

if TYPE_CHECKING:
    import pandas as pd

CLEAR, WEAK = 0.5, 0.25  # mean silhouettes: Kaufman and Rousseeuw (1990), Finding Groups in Data, table 4 of chapter 2
FEW = 10
LISTED = 20


def reading(
    method: str,
    profile: "pd.DataFrame",
    columns: Sequence[str],
    share: float,
    silhouette: float,
    *,
    choice: "pd.DataFrame | None" = None,
    stability: "pd.DataFrame | None" = None,
    agreement: float | None = None,
) -> tuple[str, ...]:
    """Tell how the groups came about, how well apart and how stable they are, and that there always are some."""
    groups = profile.drop(index="All")
    places = int(groups["n"].sum())
    sentences = [_beginning(method, groups, places, columns, share)]
    if places <= LISTED:
        members = "; ".join(f"{group}: {names}" for group, names in groups["places"].items())
        sentences.append(f"The groups are {members}.")
    if not math.isnan(silhouette):
        words = "clearly apart" if silhouette > CLEAR else "weakly apart" if silhouette > WEAK else "hardly apart"
        sentences.append(f"The groups are {words} (mean silhouette {round(silhouette, 2) + 0:.2f}, at best 1).")
    sentences += _chosen(choice, len(groups))
    sentences += _stable(stability)
    if agreement is not None:
        sentences.append(
            f"The agreement with the other grouping is {agreement:.2f} (adjusted Rand index: 1 the same, about 0 by chance)."
        )
    sentences.append(
        "Such a method always finds groups, whether or not there are any; another choice of indicators or of their number can give others."
    )
    if places < FEW:
        sentences.append(f"With {places} places this orders the places at hand; it shows nothing about types of places in general.")
    return tuple(sentences)


def _beginning(method: str, groups: "pd.DataFrame", places: int, columns: Sequence[str], share: float) -> str:
    sizes = ", ".join(f"{int(size):,}" for size in groups["n"])
    if len(groups) > LISTED:
        sizes = f"{int(groups['n'].min()):,} to {int(groups['n'].max()):,}"
    weights = f"{len(columns)} indicators that weigh the same" if len(columns) > 1 else "one indicator"
    number = f"{len(groups)} group" if len(groups) == 1 else f"{len(groups)} groups"
    return f"{method} puts {places:,} places into {number} (of {sizes}) by {weights}; the groups account for {share:.0%} of the differences."


def _chosen(choice: "pd.DataFrame | None", groups: int) -> list[str]:
    """Say what the table of choices speaks for, where it has a choice."""
    if choice is None:
        return []
    widths, index = choice["silhouette"].dropna(), choice["calinski_harabasz"].dropna()
    if len(widths) < 2 or not len(index):
        return []
    best, other = (int(each.index.to_numpy()[each.argmax()]) for each in (widths, index))
    span = f"Of {int(choice.index.min())} to {int(choice.index.max())} groups"
    if best == other == groups:
        return [f"{span}, {groups} are furthest apart by silhouette and by the index of Calinski and Harabasz."]
    if best == other:
        return [
            f"{span}, {best} are furthest apart by silhouette and by the index of Calinski and Harabasz; {groups} were asked for."
        ]
    return [
        f"{span}, {best} are furthest apart by silhouette, {other} by the index of Calinski and Harabasz: no number stands out."
    ]


def _stable(stability: "pd.DataFrame | None") -> list[str]:
    """Say which groups come back."""
    if stability is None or not stability["jaccard"].notna().any():
        return []
    known = stability["jaccard"].dropna()
    firm, loose = (list(map(str, known.index[chosen])) for chosen in (known > STABLE, known <= DISSOLVED))
    words = [f"With the data drawn or shaken anew {int(stability['resamples'].max())} times,"]
    if len(firm) == len(known):
        words.append(f"all groups come back (mean Jaccard index {known.min():.2f} or more, at best 1).")
    elif len(firm):
        words.append(f"{_several(firm, len(known))} (mean Jaccard index above {STABLE}), the others less surely.")
    else:
        words.append("no group comes back reliably (mean Jaccard index at most 0.75).")
    sentences = [" ".join(words)]
    if len(loose):
        which = f"Group {loose[0]} dissolves" if len(loose) == 1 else f"Groups {', '.join(loose)} dissolve"
        if len(loose) > LISTED:
            which = f"{len(loose):,} groups dissolve"
        sentences.append(f"{which} more often than not and should not be read as a type of its own.")
    return sentences


def _several(groups: Sequence[str], total: int) -> str:
    if len(groups) > LISTED:
        return f"{len(groups):,} of {total:,} groups come back"
    return f"group {groups[0]} comes back" if len(groups) == 1 else f"groups {', '.join(groups)} come back"
