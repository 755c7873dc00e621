"""Cells of a regular grid and which of them touch."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import DataError, complaint, listed
from spatial.weights._centres import centroids
from spatial.weights._vertices import once

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Numbers = np.ndarray[Any, np.dtype[Any]]

#: Centres may lie this share of the spacing off their row or column.
OFF = 0.01


def lattice_pairs(places: "GeoDataFrame", rule: Literal["queen", "rook"]) -> Numbers:
    """
    Pair the cells of a regular grid that touch.

    Parameters
    ----------
    places
        Cells as polygons, or their centres as points; cells may be missing.
    rule
        ``"queen"``: by a side or a corner; ``"rook"``: by a side.

    Returns
    -------
    numpy.ndarray
        (pairs, 2) positions, each pair once, the smaller first, sorted.

    Raises
    ------
    DataError
        When the centres do not stand in rows and columns, or two in one cell.
    """
    points = centroids(places)
    (column, apart), (row, _) = (_numbered(points[:, axis], name) for axis, name in ((0, "columns"), (1, "rows")))
    last = column.max()
    round_it = bool(places.crs.is_geographic and apart and abs(360 - (last + 1) * apart) <= OFF * apart)  # the globe is a cylinder
    wide = np.int64(last + 3)  # a free column on either side: nothing touches round the corner
    cell = (row + 1) * wide + column + 1
    order = np.argsort(cell, kind="stable")
    there = cell[order]
    twice = np.flatnonzero(there[1:] == there[:-1])
    if len(twice):
        named = [f"{places.index[order[each]]} and {places.index[order[each + 1]]}" for each in twice]
        raise DataError(
            complaint("contiguity", f"{len(twice)} pairs of places are in one cell of the lattice: {listed(named)}", "Expected one")
        )
    found = []
    for down, right in ((0, 1), (1, 0)) if rule == "rook" else ((0, 1), (1, -1), (1, 0), (1, 1)):
        to = (column + right) % (last + 1) if round_it else column + right
        wanted = (row + down + 1) * wide + to + 1
        at = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
        touching = there[at] == wanted
        found.append(np.column_stack([np.flatnonzero(touching), order[at[touching]]]))
    return once(np.sort(np.concatenate(found), axis=1))


def _numbered(values: Numbers, name: str) -> tuple[Numbers, float]:
    """Give rows or columns numbers by their coordinates, and how far they are apart: the spacing is the smallest step between different ones."""
    levels = np.unique(values)
    extent = levels[-1] - levels[0]
    steps = np.diff(levels)
    steps = steps[steps > OFF * extent / max(1, len(values))]  # smaller ones are rounding: not even all places in a row need them
    if not len(steps):
        return np.zeros(len(values), np.int64), 0.0
    number: Numbers = np.rint((values - levels[0]) / np.median(steps[steps < 1.5 * steps.min()]))
    if number.max() == 0:
        return np.zeros(len(values), np.int64), 0.0
    spacing = extent / number.max()
    off = np.abs(values - levels[0] - number * spacing) > OFF * spacing
    if off.any():
        raise DataError(
            complaint(
                "contiguity",
                f"the centres of {int(off.sum())} of {len(values)} places are in no {name} of a regular grid",
                f"Expected {name} {spacing:g} units of the coordinates apart, along the axes",
                'Use by = "vertices" or "geometry" for polygons, and nearest or distance_band for points',
            )
        )
    whole: Numbers = number.astype(np.int64)
    return whole, float(spacing)
