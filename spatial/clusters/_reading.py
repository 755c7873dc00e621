"""What a grouping says, for somebody who is no statistician."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

CLEAR, WEAK = 0.5, 0.25  # mean silhouettes: Kaufman and Rousseeuw (1990), Finding Groups in Data, table 4 of chapter 2
FEW = 10
LISTED = 20


def reading(method: str, profile: "pd.DataFrame", columns: Sequence[str], share: float, silhouette: float) -> tuple[str, ...]:
    """Tell how the groups came about, how well apart they are, and that there always are some."""
    groups = profile.drop(index="All")
    places = int(groups["n"].sum())
    sizes = ", ".join(f"{int(size)}" for size in groups["n"])
    weights = f"{len(columns)} indicators that weigh the same" if len(columns) > 1 else "one indicator"
    sentences = [
        f"{method} puts {places} places into {len(groups)} groups (of {sizes}) by {weights}; the groups account for {share:.0%} of the differences.",
    ]
    if places <= LISTED:
        members = "; ".join(f"{group}: {names}" for group, names in groups["places"].items())
        sentences.append(f"The groups are {members}.")
    if not math.isnan(silhouette):
        words = "clearly apart" if silhouette > CLEAR else "weakly apart" if silhouette > WEAK else "hardly apart"
        sentences.append(f"The groups are {words} (mean silhouette {silhouette:.2f}, at best 1).")
    sentences.append(
        "Such a method always finds groups, whether or not there are any; another choice of indicators or of their number can give others."
    )
    if places < FEW:
        sentences.append(f"With {places} places this orders the places at hand; it shows nothing about types of places in general.")
    return tuple(sentences)
