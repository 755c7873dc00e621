"""What a hierarchy of groups says step by step, and what is left of it when it is cut."""

import heapq
from typing import TYPE_CHECKING

import numpy as np

from spatial.clusters._groups import Array, Whole
from spatial.results import leaves_drawn

if TYPE_CHECKING:
    import pandas as pd

_NAMED = 3


def cut(steps: Array, places: int, groups: int) -> Whole:
    """Stop before the last merges. (A cut by height would give fewer groups where heights are equal.)"""
    above = np.arange(2 * places - 1)
    for number in range(places - groups):
        above[int(steps[number, 0])] = above[int(steps[number, 1])] = places + number
    while True:  # each place looks twice as far up
        further = above[above]
        if (further == above).all():
            break
        above = further
    return np.unique(above[:places], return_inverse=True)[1].astype(np.int64)


def merges(steps: Array, labels: "pd.Index[str]") -> "pd.DataFrame":
    """Name the groups of each step: the first few of their places in the order of names, the group with the first place first."""
    import pandas as pd

    places, names = len(labels), [str(label) for label in labels]  # an index is slow to look into one by one
    first = {number: [number] for number in range(places)}
    sizes = [1] * places + [0] * len(steps)
    rows, inside = [], 0.0
    for number, (one, other, height, size) in enumerate(steps.tolist()):
        pair = sorted((int(one), int(other)), key=lambda each: first[each][0])
        inside += height**2 / 2
        named = [_named([names[place] for place in first[each]], sizes[each]) for each in pair]
        rows.append((named[0], named[1], height, int(size), places - number - 1, inside))
        first[places + number] = heapq.nsmallest(_NAMED, first.pop(pair[0]) + first.pop(pair[1]))
        sizes[places + number] = int(size)
    columns = ["first", "second", "height", "size", "groups", "within"]
    return pd.DataFrame(rows, columns=columns, index=pd.RangeIndex(1, len(rows) + 1, name="step"))


def unreadable(joinings: int, places: int, groups: int) -> tuple[str, ...]:
    """Say so where there are too many joinings for a dendrogram of them all."""
    drawn, parts = leaves_drawn(places, joinings, groups), places - joinings
    if drawn == places:
        return ()
    told = f"A dendrogram of {places:,} places in {parts:,} parts could not be read, so none is drawn"
    if drawn:
        above = "" if groups <= drawn else f", all of them above the {groups:,} groups"
        told = f"The dendrogram shows the last {drawn - parts} of {joinings:,} joinings{above}"
    return (f"{told}; the steps of the hierarchy are all in its table.",)


def _named(first: list[str], size: int) -> str:
    words = ", ".join(first)
    return words if size <= len(first) else f"{words} and {size - len(first)} more"
