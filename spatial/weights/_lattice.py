"""Cells of a regular grid and which of them touch."""

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import DataError, complaint, counted, listed
from spatial.weights._centres import centroids, uncut
from spatial.weights._vertices import once

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Numbers = np.ndarray[Any, np.dtype[Any]]

#: Centres may lie this share of the spacing off their row or column.
OFF = 0.01
#: The steps between rows are at least so many times as long as those between the centres of one row.
JUMP = 40.0
#: Of several ways to number cells, those are passed over in which cells are so many times as long as wide.
LONG = 10.0
#: Cells are not taken to be so long when all but such a share of the centres stand in a lattice of squares.
FEW = 0.1
#: Steps are rounding below this many roundings of the largest coordinate.
ROUNDINGS = 16
#: So many ways to number an axis are tried, and so many lines numbered.
MOST, MOST_LINES = 6, 2**30
REMEDY = 'Use by = "vertices" or "geometry" for polygons, and nearest or distance_band for points'


@dataclass(frozen=True, eq=False)
class _Lines:
    """One way to number the rows, or the columns, of a lattice."""

    number: Numbers  # (places,) from 0
    spacing: float  # 0 where there is one line only
    off: Numbers  # positions of the places that are in none
    extent: float


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
        When the centres do not stand in rows and columns, polygons are not as large as these are apart, or two are in one cell.
    """
    polygons = places.geom_type.isin(["Polygon", "MultiPolygon"]).all()
    columns, rows = _of_cells(places) if polygons else _of_points(places)
    column, row = columns.number, rows.number
    last, apart = column.max(), columns.spacing
    round_it = bool(
        places.crs.is_geographic and apart and abs(360 - (last + 1) * apart) <= 4 * OFF * apart
    )  # the globe is a cylinder
    wide = np.int64(last + 3)  # a free column on either side: nothing touches round the corner
    cell = (row + 1) * wide + column + 1
    order = np.argsort(cell, kind="stable")
    there = cell[order]
    twice = np.flatnonzero(there[1:] == there[:-1])
    if len(twice):
        named = [f"{places.index[order[each]]} and {places.index[order[each + 1]]}" for each in twice]
        raise DataError(
            complaint(
                "contiguity",
                f"{counted(len(twice), 'pair of places is', 'pairs of places are')} in one cell of the lattice: {listed(named)}",
                "Expected one",
            )
        )
    found = []
    for down, right in ((0, 1), (1, 0)) if rule == "rook" else ((0, 1), (1, -1), (1, 0), (1, 1)):
        to = (column + right) % (last + 1) if round_it else column + right
        wanted = (row + down + 1) * wide + to + 1
        at = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
        touching = there[at] == wanted
        found.append(np.column_stack([np.flatnonzero(touching), order[at[touching]]]))
    pairs = np.concatenate(found)
    if not len(pairs) and not polygons and not _touching(cell, wide):
        raise DataError(
            complaint(
                "contiguity",
                f"in the only regular grid of {counted(len(places), 'place')} no two cells touch",
                f"It would have cells of {columns.spacing:g} by {rows.spacing:g} units of the coordinates, along the axes",
                REMEDY,
            )
        )
    return once(np.sort(pairs, axis=1))


def _touching(cell: Numbers, wide: Any) -> bool:
    """Whether any two cells touch, be it at a corner."""
    return any(np.isin(cell + step, cell).any() for step in (1, wide - 1, wide, wide + 1))


def _of_cells(places: "GeoDataFrame") -> tuple[_Lines, _Lines]:
    """Count columns and rows by the size of cells."""
    import shapely

    shapes = np.asarray(places.geometry.array)
    boxes = shapely.bounds(uncut(shapes)[0] if places.crs.is_geographic else shapes)
    sizes, points = boxes[:, 2:] - boxes[:, :2], centroids(places)
    usual = np.median(sizes, axis=0)
    odd = places.index[(np.abs(sizes - usual) > 4 * OFF * usual).any(axis=1)]
    if len(odd):
        raise DataError(
            complaint(
                "contiguity",
                f"{counted(len(odd), 'polygon is', 'polygons are', of=len(places))} not as large as the others: {listed(odd)}",
                f"Expected cells of {usual[0]:g} by {usual[1]:g} units of the coordinates",
                REMEDY,
            )
        )
    columns = _side_by_side(points[:, 0], float(usual[0]), "column", "wide")
    return columns, _side_by_side(points[:, 1], float(usual[1]), "row", "high")


def _side_by_side(values: Numbers, size: float, name: str, across: str) -> _Lines:
    """Count the columns, or rows, of cells of one size."""
    lines = _numbered(values, size / 2, size)
    if len(lines.off) or (lines.spacing and abs(lines.spacing - size) > 4 * OFF * size):
        raise DataError(
            complaint(
                "contiguity",
                f"cells are {size:g} units of the coordinates {across}, and {name}s neither that far apart nor a multiple of it",
                "Expected cells that lie side by side; some may be missing",
                f"{REMEDY}; or give the centres of cells as points",
            )
        )
    return lines


def _of_points(places: "GeoDataFrame") -> tuple[_Lines, _Lines]:
    """Count columns and rows by the steps between centres: the widest spacing that fits and leaves one place in each cell."""
    points = centroids(places)
    columns, rows = (_ways(points[:, axis]) for axis in (0, 1))
    columns = columns + _as_wide_as(rows, columns, points[:, 0])
    rows = rows + _as_wide_as(columns, rows, points[:, 1])
    fitting = [pair for pair in product(columns, rows) if not len(pair[0].off) and not len(pair[1].off) and _may_be_flat(*pair)]
    if not fitting:
        astray = [
            (min((way for way in ways if way.spacing), key=lambda way: len(way.off)), name)
            for ways, name in ((columns, "column"), (rows, "row"))
            if any(way.spacing for way in ways)
        ]
        raise _no_lattice(*max(astray, key=lambda way: len(way[0].off)), len(points))
    fitting.sort(key=_preference)
    single = (pair for pair in fitting if _one_in_each(*pair))
    best = next(single, fitting[0])
    if _preference(best)[0]:  # some that are astray may make lines of their own
        for lines, other, axis, name in ((*best, 0, "column"), (*best[::-1], 1, "row")):
            square = _numbered(points[:, axis], other.spacing / 2, other.spacing) if other.spacing > lines.spacing else lines
            if 0 < len(square.off) <= len(points) * FEW:
                raise _no_lattice(square, name, len(points))
    return best


def _ways(values: Numbers) -> list[_Lines]:
    """Count along one axis in every way that the steps between coordinates allow: as one line, and as lines wherever steps become much longer."""
    steps = np.sort(np.diff(np.sort(values)))
    steps = steps[steps > ROUNDINGS * np.finfo(float).eps * np.abs(values).max()]
    extent = float(np.ptp(values)) if len(steps) else 0.0
    ways = [_Lines(np.zeros(len(values), np.int64), 0.0, np.empty(0, np.int64), extent)]
    if len(steps):
        jumps = np.flatnonzero(steps[1:] > JUMP * steps[:-1])[-MOST:]
        limits = [steps[0] / 2, *np.sqrt(steps[jumps] * steps[jumps + 1])]
        ways += [_numbered(values, float(limit)) for limit in limits]
    return ways


def _as_wide_as(others: list[_Lines], ways: list[_Lines], values: Numbers) -> list[_Lines]:
    """Where the smallest step is none of the spacing, since too many cells are missing, cells may be square."""
    if any(way.spacing and not len(way.off) for way in ways):
        return []
    return [_numbered(values, other.spacing / 2, other.spacing) for other in others if other.spacing and not len(other.off)]


def _numbered(values: Numbers, limit: float, guess: float = 0.0) -> _Lines:
    """Give lines numbers: longer steps than a limit lead to another line, and regression tells the spacing."""
    order = np.argsort(values, kind="stable")
    ordered = values[order] - values[order[0]]
    opens = np.concatenate([[True], np.diff(ordered) > limit])
    first, line = np.flatnonzero(opens), np.cumsum(opens) - 1
    middle = (ordered[first] + ordered[np.append(first[1:], len(ordered)) - 1]) / 2
    steps, extent = np.diff(middle), float(ordered[-1])
    if not len(steps):
        return _Lines(np.zeros(len(values), np.int64), 0.0, np.empty(0, np.int64), extent)
    spacing = usual = guess or float(np.median(steps[steps < 1.5 * steps.min()]))
    off = np.abs(_astray(middle, spacing)[line] + ordered - middle[line]) > 2 * OFF * spacing
    for _ in range(3):  # across wide holes lines can be counted only when the spacing is known well
        count = np.concatenate([[0.0], np.cumsum(np.maximum(np.rint(steps / spacing), 1))])
        away = count - count.mean()
        spacing = float(away @ middle / (away @ away))
    left = ordered - middle.mean() - spacing * away[line]
    if count[-1] > MOST_LINES:
        off[:] = True
    elif (np.abs(left) <= 2 * OFF * spacing).all():
        off[:] = False
    elif off.any():
        spacing = usual
    else:
        off = np.abs(left) > 2 * OFF * spacing
    number = np.empty(len(values), np.int64)
    number[order] = count[line].astype(np.int64)
    return _Lines(number, spacing, order[off], extent)


def _astray(middle: Numbers, spacing: float) -> Numbers:
    """Tell how far off lines are when most of them are where they should be."""
    left = middle - np.rint(middle / spacing) * spacing
    left = left - np.median(left)
    astray: Numbers = left - np.rint(left / spacing) * spacing
    return astray


def _may_be_flat(one: _Lines, other: _Lines) -> bool:
    """Tell whether what is taken for one line, row or column, is not wider than the spacing of the other axis lets it be."""
    return all(
        bool(way.spacing) or way.extent <= 2 * OFF * across.spacing or not way.extent
        for way, across in ((one, other), (other, one))
    )


def _preference(pair: tuple[_Lines, _Lines]) -> tuple[bool, float]:
    """Put large cells first, and very long ones last."""
    one, other = (each.spacing or across.spacing for each, across in (pair, pair[::-1]))
    return max(one, other) > LONG * min(one, other), -one * other


def _one_in_each(columns: _Lines, rows: _Lines) -> bool:
    cell = np.sort(rows.number * (columns.number.max() + 1) + columns.number)
    return bool((cell[1:] > cell[:-1]).all())


def _no_lattice(lines: _Lines, name: str, count: int) -> DataError:
    begin, verb = ("the centre of", "is") if len(lines.off) == 1 else ("the centres of", "are")
    return DataError(
        complaint(
            "contiguity",
            f"{begin} {len(lines.off)} of {counted(count, 'place')} {verb} in no {name} of a regular grid",
            f"Expected {name}s {lines.spacing:g} units of the coordinates apart, along the axes",
            REMEDY,
        )
    )
