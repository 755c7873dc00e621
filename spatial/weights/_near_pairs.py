"""All pairs of points within a distance, and no more of them than fit into memory."""

from typing import Any

import numpy as np

from spatial.errors import DataError, complaint
from spatial.progress import shared_out

Numbers = np.ndarray[Any, np.dtype[Any]]

#: What fits into the memory of a small computer: 5,000 places, each paired with each.
MOST_PAIRS = 12_500_000
BYTES = 230  # that a pair was measured to take while a graph is built of it
#: Points are cut into so many slabs at most, each of so many points at least; and so many are looked at to judge the whole.
SLABS, SLAB, SAMPLED = 4, 100_000, 20_000


def near_pairs(space: Numbers, limit: float, which: str) -> tuple[Numbers, Numbers]:
    """Find all pairs of points within a distance, in slabs of space that several processors share."""
    along = space[:, int(np.ptp(space, axis=0).argmax())]
    cuts = _cuts(along, limit)
    slab = np.searchsorted(cuts, along)
    members = [rows for rows in (np.flatnonzero(slab == number) for number in range(len(cuts) + 1)) if len(rows)]
    # A pair in two slabs lies in the strips on both sides of the cut between them: slabs are wider than the distance.
    wide = limit * (1 + 1e-9)
    strips = [np.flatnonzero(np.abs(along - cut) <= wide) for cut in cuts]

    def planted(rows: Numbers) -> tuple[Any, Numbers]:
        rows = rows[along_a_curve(space[rows])]
        return planted_tree(space[rows]), rows

    def about(tree: Any) -> float:
        step = 1 + len(space) // SAMPLED
        return step * float((tree.query_ball_point(tree.data[::step], limit, return_length=True) - 1).sum()) / 2

    def paired(plant: tuple[Any, Numbers]) -> tuple[Numbers, Numbers]:
        pairs = plant[0].query_pairs(limit, output_type="ndarray")
        return plant[1][pairs[:, 0]], plant[1][pairs[:, 1]]

    plants = list(shared_out(planted, members, "Sorting places"))
    if sum(shared_out(about, [tree for tree, _ in plants], "Counting pairs")) > MOST_PAIRS / 2:  # else there cannot be too many
        inside = sum((int(tree.count_neighbors(tree, limit)) - len(rows)) // 2 for tree, rows in plants)
        across = sum(_across(space[rows], slab[rows] <= number, limit) for number, rows in enumerate(strips))
        bounded(inside + across, which)
    found = list(shared_out(paired, plants, "Finding pairs"))
    for number, rows in enumerate(strips):
        if len(rows):
            first, second = paired(planted(rows))
            crossing = (slab[first] <= number) != (slab[second] <= number)
            found.append((first[crossing], second[crossing]))
    return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])


def _cuts(along: Numbers, limit: float) -> Numbers:
    """Choose where to cut points into slabs of as many each, all wider than a distance."""
    parts = min(SLABS, len(along) // SLAB)
    found = np.quantile(along[:: 1 + len(along) // SAMPLED], np.arange(1, parts) / parts) if parts > 1 else np.empty(0)
    return found if len(found) < 2 or np.diff(found).min() > 2 * limit else found[:0]


def _across(points: Numbers, left: Numbers, limit: float) -> int:
    """Count the pairs of a point on the left and one on the right."""
    return (
        int(planted_tree(points[left]).count_neighbors(planted_tree(points[~left]), limit)) if left.any() and not left.all() else 0
    )


def along_a_curve(points: Numbers) -> Numbers:
    """
    Sort points so that near ones mostly stand near each other (Z-order; Morton 1966).

    Parameters
    ----------
    points
        (places, 2 or 3).

    Returns
    -------
    numpy.ndarray
        Positions. Looking neighbours up in this order finds most of them in the processor's cache.
    """
    axes = points.shape[1]
    bits = 32 // axes
    low, high = points.min(axis=0), points.max(axis=0)
    span = float((high - low).max()) or 1.0
    cells = ((points - low) * ((2**bits - 1) / span)).astype(np.uint64)
    packed = np.arange(len(points), dtype=np.uint64)
    for axis in range(axes):
        packed |= _spread(cells[:, axis], axes) << np.uint64(32 + axis)
    packed.sort()
    return (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _spread(values: Numbers, axes: int) -> Numbers:
    """Put the bits of numbers apart, one of them on every second or third place."""
    steps = (
        ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555))
        if axes == 2
        else ((16, 0x030000FF), (8, 0x0300F00F), (4, 0x030C30C3), (2, 0x09249249))
    )
    for shift, mask in steps:
        values = (values | values << np.uint64(shift)) & np.uint64(mask)
    return values


def planted_tree(points: Numbers) -> Any:
    """Build a k-d tree; of points along a curve an unbalanced one is as good, and made in half the time."""
    from scipy.spatial import cKDTree

    return cKDTree(points, balanced_tree=False, compact_nodes=True)


def bounded(pairs: int, which: str) -> None:
    """
    Refuse more pairs of places than a computer holds, before they are made.

    Parameters
    ----------
    pairs
        How many there would be.
    which
        What makes two places a pair, in words.

    Raises
    ------
    DataError
        When there would be too many; the message estimates the memory.
    """
    if pairs > MOST_PAIRS:
        what = f"{pairs:,} pairs of places lie {which}, which would take about {pairs * BYTES / 1e9:,.0f} GB"
        raise DataError(
            complaint("weights", what, f"Expected at most {MOST_PAIRS:,} pairs", "Choose nearer neighbours, or fewer places")
        )
