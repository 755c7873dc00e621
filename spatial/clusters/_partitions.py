"""All ways to put a few places into groups, and how good each is."""

from functools import lru_cache
from typing import Any

import numpy as np

from spatial.clusters._groups import SAME, Array, Whole

Labels = np.ndarray[Any, np.dtype[np.uint8]]

_BLOCK = 100_000


@lru_cache(maxsize=1024)
def ways(places: int, groups: int) -> int:
    """
    Count the partitions of places into non-empty groups (Stirling's number of the second kind).

    >>> ways(7, 3)
    301
    """
    if groups in (0, places):
        return int(groups == places)
    if groups > places:
        return 0
    return groups * ways(places - 1, groups) + ways(places - 1, groups - 1)


def few_ways(places: int, groups: int, most: int) -> bool:
    """Tell whether there are no more than ``most`` partitions, without counting astronomically far."""
    return places <= 64 and ways(places, groups) <= most


def partitions(places: int, groups: int) -> Labels:
    """
    List every partition of places into non-empty groups once.

    The first place is in group 0; a new group gets the next number. Rows are in lexicographic order.

    >>> partitions(3, 2).tolist()
    [[0, 0, 1], [0, 1, 0], [0, 1, 1]]
    """
    rows = np.zeros((1, 1), np.uint8)
    highest = np.zeros(1, np.uint8)
    for place in range(1, places):
        options = np.arange(groups, dtype=np.uint8)
        opened = np.maximum(highest[:, None], options)
        # a group may be old or the next new one, and enough places must remain to open all groups
        allowed = (options <= highest[:, None] + 1) & (groups - 1 - opened.astype(int) <= places - 1 - place)
        which, chosen = np.nonzero(allowed)
        rows = np.column_stack([rows[which], chosen.astype(np.uint8)])
        highest = opened[which, chosen]
    return rows


def within_of_all(values: Array, listed: Labels, groups: int) -> Array:
    """
    Give the within sum of squares of every partition.

    ``values`` are centred, so that the sum is what is left of the total when the groups' means are taken away.
    """
    total = float((values**2).sum())
    found = np.empty(len(listed))
    for first in range(0, len(listed), _BLOCK):
        block = listed[first : first + _BLOCK]
        between = np.zeros(len(block))
        for group in range(groups):
            member = (block == group).astype(float)
            sums = np.einsum("ij,jk->ik", member, values)
            between += (sums**2).sum(axis=1) / member.sum(axis=1)
        found[first : first + _BLOCK] = total - between
    return found


def best_of_all(values: Array, groups: int) -> Whole:
    """Give the partition with the smallest within sum of squares; of equal ones the first in order."""
    everything = partitions(len(values), groups)
    sums = within_of_all(values, everything, groups)
    close = SAME * float((values**2).sum())
    return first_best(everything, sums, close)


def first_best(everything: Labels, sums: Array, close: float) -> Whole:
    """Pick the first of the partitions with the smallest sum, equal but for rounding."""
    found: Whole = everything[int(np.flatnonzero(sums <= sums.min() + close)[0])].astype(np.int64)
    return found
