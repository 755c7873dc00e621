"""Cells, and the sums of kernels over them."""

import math
from dataclasses import dataclass

import numpy as np

from spatial.errors import DataError, complaint
from spatial.surfaces._kernels import REACH, SHAPES, Numbers, reach

#: A surface has no more cells than this (400 MB while it is computed).
MOST_CELLS = 25_000_000
#: Left to itself, the longer side has about so many cells.
USUAL_CELLS = 400
#: A kernel's bandwidth spans at least so many cells that were not asked for.
FINEST = 4
#: Products of points and cells up to which sums are exact.
MOST_PRODUCTS_GAUSSIAN = 10_000_000_000
MOST_PRODUCTS = 200_000_000
MOST_POINTS = 20_000
#: Where sums are not exact, the bandwidth spans so many of the finer cells between which weights are shared.
SMOOTH = 30
#: There are no more of these than so many (300 MB while they are folded), unless the surface itself has more.
MOST_FINER = 8_000_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Square cells: the west and north edge, the side of a cell, and how many there are."""

    west: float
    north: float
    cell: float
    rows: int
    columns: int

    @property
    def x(self) -> Numbers:
        """The centres from west to east."""
        return self.west + self.cell * (np.arange(self.columns) + 0.5)

    @property
    def y(self) -> Numbers:
        """The centres from north to south."""
        return self.north - self.cell * (np.arange(self.rows) + 0.5)


def grid_over(bounds: tuple[float, float, float, float], cell: float, where: str) -> Grid:
    """
    Lay cells over an extent, the surplus on all sides alike.

    Parameters
    ----------
    bounds
        West, south, east, north.
    cell
        The side of a cell.
    where
        What to name in a complaint.

    Returns
    -------
    Grid
        Covering the extent.

    Raises
    ------
    DataError
        When there would be too many cells.
    """
    west, south, east, north = bounds
    columns, rows = (max(1, math.ceil(round(length / cell, 6))) for length in (east - west, north - south))
    if columns * rows > MOST_CELLS:
        raise DataError(
            complaint(
                where,
                f"an extent of {east - west:,.6g} by {north - south:,.6g} makes {columns * rows:,} cells of {cell:g}",
                f"Expected at most {MOST_CELLS:,}",
                "Set a larger cell, or look whether a point lies far outside",
            )
        )
    return Grid((west + east - columns * cell) / 2, (south + north + rows * cell) / 2, cell, rows, columns)


def chosen_cell(bounds: tuple[float, float, float, float], bandwidth: float) -> float:
    """
    Choose the side of a cell: 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    bounds
        West, south, east, north.
    bandwidth
        Of the kernel.

    Returns
    -------
    float
        About 400 cells on the longer side, a quarter of the bandwidth at most, but never more cells than are possible.
    """
    west, south, east, north = bounds
    wanted = min(max(east - west, north - south) / USUAL_CELLS, bandwidth / FINEST)
    wanted = max(wanted, 2.6 * math.sqrt((east - west) * (north - south) / MOST_CELLS))
    power = 10.0 ** math.floor(math.log10(wanted))
    return max(step * power for step in (1, 2, 5) if step * power <= wanted * (1 + 1e-9))


def summed(points: Numbers, weights: Numbers, grid: Grid, kernel: str, bandwidth: float) -> tuple[Numbers, bool]:
    """
    Sum the kernels of all points over the cells.

    Parameters
    ----------
    points, weights
        (points, 2), and one weight each.
    grid
        The cells, which must cover the reach of every kernel.
    kernel, bandwidth
        As in `kernel_density`.

    Returns
    -------
    values : numpy.ndarray
        (rows, columns): weight per unit of area at the centres of the cells. Each point's kernel is scaled by what makes
        its sum over the cells exactly 1, so the surface holds the sum of the weights however coarse the cells are.
    exact : bool
        Whether each point was taken where it is; otherwise its weight was first shared among the four nearest centres.
    """
    span = (2 * reach(kernel, bandwidth) / grid.cell + 1) ** 2
    if kernel == "gaussian" and len(points) * grid.rows * grid.columns <= MOST_PRODUCTS_GAUSSIAN:
        return _gaussians(points, weights, grid, bandwidth), True
    if kernel != "gaussian" and len(points) <= MOST_POINTS and len(points) * span <= MOST_PRODUCTS:
        return _one_by_one(points, weights, grid, kernel, bandwidth), True
    return _binned(points, weights, grid, kernel, bandwidth), False


def _gaussians(points: Numbers, weights: Numbers, grid: Grid, bandwidth: float) -> Numbers:
    """Sum gaussians, each of which is a product of one along x and one along y."""
    values: Numbers = np.zeros((grid.rows, grid.columns))
    for some in np.array_split(np.arange(len(points)), 1 + len(points) * (grid.rows + grid.columns) // 20_000_000):
        along = _profiles(grid.x, points[some, 0], bandwidth, grid.cell)
        down = _profiles(grid.y, points[some, 1], bandwidth, grid.cell)
        values += (down * weights[some, None]).T @ along
    return values


def _profiles(centres: Numbers, points: Numbers, bandwidth: float, cell: float) -> Numbers:
    away = (centres - points[:, None]) / bandwidth
    heights = np.where(np.abs(away) <= REACH, np.exp(-0.5 * away**2), 0.0)
    empty = ~heights.any(axis=1)
    heights[empty, np.abs(away[empty]).argmin(axis=1)] = 1.0
    scaled: Numbers = heights / (heights.sum(axis=1, keepdims=True) * cell)
    return scaled


def _one_by_one(points: Numbers, weights: Numbers, grid: Grid, kernel: str, radius: float) -> Numbers:
    values: Numbers = np.zeros((grid.rows, grid.columns))
    x, y = grid.x, grid.y
    margin = int(radius / grid.cell) + 1
    column = ((points[:, 0] - grid.west) / grid.cell).astype(int).clip(0, grid.columns - 1)
    row = ((grid.north - points[:, 1]) / grid.cell).astype(int).clip(0, grid.rows - 1)
    for (at_x, at_y), weight, down, along in zip(points, weights, row, column, strict=True):
        rows, columns = slice(max(0, down - margin), down + margin + 1), slice(max(0, along - margin), along + margin + 1)
        heights = SHAPES[kernel](np.hypot(x[columns] - at_x, (y[rows] - at_y)[:, None]) / radius)
        total = heights.sum()
        if total > 0:
            values[rows, columns] += heights * (weight / (total * grid.cell**2))
        else:  # a kernel that misses all centres falls into the cell of its point
            values[down, along] += weight / grid.cell**2
    return values


def _binned(points: Numbers, weights: Numbers, grid: Grid, kernel: str, bandwidth: float) -> Numbers:
    """Share weights among the four nearest centres (Jones and Lotwick 1984), then fold with one kernel by Fourier transform."""
    times = _finer(grid, bandwidth)
    fine = Grid(grid.west, grid.north, grid.cell / times, grid.rows * times, grid.columns * times)
    margin = math.ceil(reach(kernel, bandwidth) / fine.cell)
    steps = np.arange(-margin, margin + 1) * fine.cell
    heights = SHAPES[kernel](np.hypot(steps, steps[:, None]) / bandwidth)
    middle = slice(times // 2, None, times)  # an odd number of finer cells has the old centre as its middle one
    values = _folded(_shared(points, weights, fine), heights)[middle, middle]
    values[values < 1e-12 * values.max()] = 0.0  # the transform leaves such noise where nothing is
    scaled: Numbers = values * (weights.sum() / (values.sum() * grid.cell**2))
    return scaled


def _finer(grid: Grid, bandwidth: float) -> int:
    """Choose an odd number of finer cells for the side of a cell: enough for sharing to hurt little, as far as memory goes."""
    wanted = math.ceil(SMOOTH * grid.cell / bandwidth)
    possible = max(1, math.isqrt(MOST_FINER // (grid.rows * grid.columns)))
    times = min(wanted, possible)
    return max(1, times if times % 2 else times + 1 if times < possible else times - 1)


def _shared(points: Numbers, weights: Numbers, grid: Grid) -> Numbers:
    """Add each weight to the four centres around its point, to the nearer ones more."""
    across = np.clip((points[:, 0] - grid.west) / grid.cell - 0.5, 0, grid.columns - 1)
    down = np.clip((grid.north - points[:, 1]) / grid.cell - 0.5, 0, grid.rows - 1)
    column, row = across.astype(np.int64), down.astype(np.int64)
    east, south = across - column, down - row
    next_column, next_row = np.minimum(column + 1, grid.columns - 1), np.minimum(row + 1, grid.rows - 1)
    corners = (
        (row, column, (1 - south) * (1 - east)),
        (row, next_column, (1 - south) * east),
        (next_row, column, south * (1 - east)),
        (next_row, next_column, south * east),
    )
    counts: Numbers = np.zeros(grid.rows * grid.columns)
    for rows, columns, share in corners:
        counts += np.bincount(rows * grid.columns + columns, weights * share, minlength=len(counts))
    return counts.reshape(grid.rows, grid.columns)


def _folded(counts: Numbers, heights: Numbers) -> Numbers:
    """Convolve; the middle of ``heights`` stays on each count."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    margin = len(heights) // 2
    shape = tuple(next_fast_len(side + 2 * margin, real=True) for side in counts.shape)
    full = irfft2(rfft2(counts, shape) * rfft2(heights, shape), shape)
    middle: Numbers = full[margin : margin + counts.shape[0], margin : margin + counts.shape[1]]
    return middle
