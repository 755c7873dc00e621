"""How densely weighted points lie."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import numpy as np

from spatial.errors import DataError, complaint, counted
from spatial.options import Between, Column, used
from spatial.places import Missing, is_local
from spatial.results import Result, Surface, shown
from spatial.surfaces._grid import Grid, chosen_cell, grid_over, summed
from spatial.surfaces._kernels import Kernel, Numbers, density_at, reach
from spatial.surfaces._points import Weighted, areal_scale, metric_points, same_system, scott, weighted

if TYPE_CHECKING:
    from affine import Affine
    from geopandas import GeoDataFrame

SQUARE_METRES = 1e6  # in a square kilometre
#: Below so many equal points a surface shows little more than where they are.
FEW = 30
#: At so many cells a sum that is not exact is compared with the exact one.
MEASURED = 25
#: Areas on the map may be wrong by this share before it is said.
DISTORTION = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelDensity(Result):
    """A surface of density, and what it holds."""

    surface: Surface = shown("Kernel density")
    mass: float = shown("Integral of the surface")
    weight_sum: float = shown("Sum of the weights")
    mass_inside: float | None = shown("Integral inside the boundary", default=None, required=False)
    share_outside: float | None = shown("Share of the integral outside the boundary", default=None, required=False)
    bandwidth: float = shown("Bandwidth")
    bandwidth_rule: str = shown("Choice of the bandwidth")
    kernel: str = shown("Kernel")
    cell: float = shown("Side of a cell")
    unit: str = shown("Unit of bandwidth and cell")
    effective_points: float = shown("Effective number of points")
    peak: float = shown("Highest density")
    peak_near: str = shown("Point nearest to the highest density")


def kernel_density(
    points: "GeoDataFrame",
    boundary: "GeoDataFrame | None" = None,
    *,
    weight: Column | None = None,
    quantity: str | None = None,
    bandwidth: Annotated[float, Between(1e-9, 1e12)] | None = None,
    kernel: Kernel = "gaussian",
    cell: Annotated[float, Between(1e-9, 1e12)] | None = None,
    clip: bool = False,
    missing: Missing = "error",
) -> KernelDensity:
    """
    Spread weighted points out into a surface of density.

    Parameters
    ----------
    points
        Points in a projection in metres, or in local coordinates.
    boundary
        Polygons in the same reference system; what lies inside is measured, and cut out with ``clip``.
    weight
        The column of weights, 0 or more, such as a population; without it each point counts 1.
    quantity
        What is spread out, in words for the unit: ``"people"`` gives people per km². Without it the name of the column of
        weights, or events.
    bandwidth
        The standard deviation of the gaussian, the radius of the other kernels, in metres (local coordinates: in their own
        unit). Without it, Scott's rule for two dimensions.
    kernel
        The shape in which a point is spread out: ``"gaussian"``, ``"quartic"``, ``"epanechnikov"``, ``"triangular"`` or
        ``"uniform"``.
    cell
        The side of a square cell, in metres (local coordinates: in their own unit). Without it, about 400 cells on the
        longer side and at least four for the bandwidth.
    clip
        Whether cells whose centres lie outside the boundary are left empty; what was there is reported.
    missing
        What a point without a weight means: ``"error"``, or ``"drop"`` to leave it out.

    Returns
    -------
    KernelDensity
        ``surface`` in quantity per km² (local coordinates: per squared unit), 0 or more, rows from north to south; ``mass``,
        its integral before clipping, equal to ``weight_sum`` but for the rounding of float32.

    Raises
    ------
    DataError
        When points are not points, are in degrees or another unit than metres, when the two layers are in different
        reference systems, when weights are negative or all 0, or when there would be too many cells.
    StudyError
        When ``clip`` is set without a boundary.

    Notes
    -----
    f(s) = sum_i w_i K(|s - s_i| / h) / h^2 at the centre of each cell, K radial and integrating to 1: gaussian
    exp(-u^2/2) / (2 pi), quartic 3 (1 - u^2)^2 / pi, epanechnikov 2 (1 - u^2) / pi, triangular 3 (1 - u) / pi, uniform
    1 / pi, the last four for u <= 1. The gaussian is cut off at five standard deviations along each axis. The kernels are
    equally wide (the same standard deviation along an axis) when the radius is sqrt(8), sqrt(6), sqrt(20/3) or 2 times the
    standard deviation of the gaussian. MASS::kde2d takes four times that standard deviation as its bandwidth; QGIS takes a
    radius, and in its raw mode adds up K(u) / K(0) instead.

    The surface reaches as far as the kernels do, and each point's kernel is scaled so that its sum over the cells is
    exactly its weight. There is no correction at the boundary: nothing is known of what lies beyond it.

    Scott's rule: h = s n^(-1/6), s^2 the mean of the weighted variances along both axes, n = (sum w)^2 / sum w^2 the number
    of equal points that would be as good; for other kernels times the factor above. It suits one round heap of points and
    smooths several too much.

    With very many points and cells, weights are first shared among the four nearest centres of finer cells and the sum is
    done by Fourier transform. A note then says how far the surface is from the exact sum, measured at some cells.

    References
    ----------
    Silverman, B. W. (1986): Density Estimation for Statistics and Data Analysis, chapter 4. doi:10.1201/9781315140919.
    Scott, D. W. (1992): Multivariate Density Estimation, chapter 6. doi:10.1002/9780470316849.
    """
    options = used(kernel_density, locals())
    points = metric_points(points)
    boundary = same_system(points, boundary, clip=clip)
    of = weighted(points, weight, missing)
    rule = "given"
    if bandwidth is None:
        bandwidth, rule = scott(of, kernel)
    grid, cell_note = _laid(of, boundary, reach(kernel, bandwidth), bandwidth, cell)
    values, exact = summed(of.positions, of.weights, grid, kernel, bandwidth)
    scale = 1.0 if is_local(points) else SQUARE_METRES
    whole = (values * scale).astype(np.float32)
    inside, left, kept = _inside(whole, grid, boundary, clip=clip)
    area = grid.cell**2 / scale
    what = (quantity or "").strip() or weight or "events"
    unit = f"{what} per {'squared unit' if is_local(points) else 'km²'}"
    said = () if exact else _error(of, grid, values, kernel, bandwidth)
    total = float(whole.sum(dtype=float))
    found = KernelDensity(
        operation="kernel_density",
        options=options,
        observations=len(of.weights),
        notes=(*of.notes, *cell_note, *said, *_doubts(points, coarse=grid.cell > bandwidth)),
        surface=Surface(values=left, transform=_transform(kept), crs=points.crs, unit=unit, title=f"Density of {what}"),
        mass=total * area,
        weight_sum=float(of.weights.sum()),
        mass_inside=None if inside is None else inside * area,
        share_outside=None if inside is None else max(0.0, 1 - inside / total),
        bandwidth=bandwidth,
        bandwidth_rule=rule,
        kernel=kernel,
        cell=grid.cell,
        unit="local units" if is_local(points) else "m",
        effective_points=of.effective,
        peak=float(whole.max()),
        peak_near=_nearest_label(of, grid, whole),
    )
    return replace(found, reading=_reading(found, what, clip=clip))


def _laid(
    of: Weighted, boundary: "GeoDataFrame | None", margin: float, bandwidth: float, cell: float | None
) -> tuple[Grid, tuple[str, ...]]:
    low, high = of.positions.min(axis=0) - margin, of.positions.max(axis=0) + margin
    if boundary is not None:
        box = boundary.total_bounds
        low, high = np.minimum(low, box[:2]), np.maximum(high, box[2:])
    side = chosen_cell((*low, *high), bandwidth) if cell is None else cell
    # One cell more on each side: sharing a weight among centres widens a kernel by up to one cell.
    grid = grid_over((*(low - side), *(high + side)), side, "kernel_density")
    return grid, (f"Cells are {side:g} wide, {grid.columns} by {grid.rows} of them; none was asked for.",) if cell is None else ()


def _inside(whole: Numbers, grid: Grid, boundary: "GeoDataFrame | None", *, clip: bool) -> tuple[float | None, Numbers, Grid]:
    """Sum up what lies inside the boundary; with ``clip`` empty the other cells and leave out rows and columns of only such."""
    if boundary is None:
        return None, whole, grid
    from rasterio.features import geometry_mask

    mask = geometry_mask(boundary.geometry, whole.shape, _transform(grid), invert=True)
    if not mask.any():
        raise DataError(
            complaint(
                "boundary",
                f"no centre of a cell {grid.cell:g} wide lies inside it",
                "Expected a boundary wider than a cell",
                "Set a smaller cell",
            )
        )
    inside = float(whole[mask].sum(dtype=float))
    if not clip:
        return inside, whole, grid
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    kept = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    smaller = Grid(
        grid.west + columns[0] * grid.cell, grid.north - rows[0] * grid.cell, grid.cell, len(whole[kept]), len(whole[kept][0])
    )
    return inside, np.where(mask[kept], whole[kept], np.float32(np.nan)), smaller


def _transform(grid: Grid) -> "Affine":
    from affine import Affine

    return Affine(grid.cell, 0.0, grid.west, 0.0, -grid.cell, grid.north)


def _nearest_label(of: Weighted, grid: Grid, whole: Numbers) -> str:
    row, column = np.unravel_index(int(whole.argmax()), whole.shape)
    away = of.positions - (grid.x[column], grid.y[row])
    return str(of.labels[int(np.hypot(away[:, 0], away[:, 1]).argmin())])


def _error(of: Weighted, grid: Grid, values: Numbers, kernel: str, bandwidth: float) -> tuple[str, ...]:
    """Measure how far the surface is from the exact sum, at its highest cell and at others from low to high."""
    ranked = np.argsort(values, axis=None, kind="stable")[-np.count_nonzero(values) :]
    some = ranked[np.linspace(0, len(ranked) - 1, MEASURED).astype(int)]
    rows, columns = np.unravel_index(some, values.shape)
    exact = density_at(of.positions, of.weights, np.column_stack([grid.x[columns], grid.y[rows]]), kernel, bandwidth)
    worst = float(np.abs(values[rows, columns] - exact).max() / exact.max())
    return (
        f"Weights were shared among centres of cells before they were spread out; at {MEASURED} cells the density differs from the exact sum by {worst:.1g} of the highest at most.",
    )


def _doubts(points: "GeoDataFrame", *, coarse: bool) -> tuple[str, ...]:
    said = []
    if coarse:
        said.append("Cells are wider than the bandwidth: the surface shows cells, not kernels. Set a smaller cell.")
    low, high = areal_scale(points)
    if low < 1 - DISTORTION or high > 1 + DISTORTION:
        times = f"{low:.3g}" if high - low < DISTORTION else f"{low:.3g} to {high:.3g}"
        said.append(
            f"In {points.crs.name} areas at the points are {times} times as large as on the ground, so densities are wrong by as much. Use a projection with equal areas."
        )
    return tuple(said)


def _reading(found: KernelDensity, what: str, *, clip: bool) -> tuple[str, ...]:
    carried = "" if what == "events" else f" with {_figure(found.weight_sum)} {what} in all"
    said = [
        f"{counted(found.observations, 'point')}{carried} {'is' if found.observations == 1 else 'are'} spread out; the surface holds {_figure(found.mass)}."
    ]
    said.append(f"The density is highest, {_figure(found.peak)} {found.surface.unit}, near {found.peak_near!r}.")
    wide = f"{_figure(found.bandwidth / 1000)} km" if found.unit == "m" else f"{_figure(found.bandwidth)} {found.unit}"
    said.append(
        f"The bandwidth is {wide} ({found.bandwidth_rule}): nothing finer than that can be read from the surface, and another bandwidth gives another picture."
    )
    if found.effective_points < FEW:
        said.append(
            f"The points count as {found.effective_points:.3g} equal ones. So few show where they lie, not a pattern beyond them."
        )
    if found.share_outside is not None:
        said.append(
            f"{found.share_outside:.1%} of it lies outside the boundary{', and is cut off' if clip else ''}: kernels do not stop there."
        )
    return tuple(said)


def _figure(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
