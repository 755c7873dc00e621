"""Densities by MASS::kde2d, KernSmooth::bkde2D and QGIS's heat map, for the burkitt and juvenile points."""

import geopandas
import numpy as np
import pandas as pd
import pytest
from outside import reference, shared

from spatial.places import LOCAL
from spatial.surfaces import kernel_density
from spatial.surfaces._grid import Grid, _folded, _shared, summed
from spatial.surfaces._kernels import density_at


@pytest.fixture(params=["burkitt", "juvenile"])
def name(request):
    return request.param


@pytest.fixture
def at(name):
    return pd.read_csv(shared("references", "kde", f"{name}_points.csv"))[["x", "y"]].to_numpy(float)


@pytest.fixture
def expected(name):
    return reference("kde")["sets"][name]


def nodes(x, y):
    """List the nodes of a lattice whose values stand with one row for each x."""
    return np.column_stack([each.ravel() for each in np.meshgrid(x, y, indexing="ij")])


def test_kde2d(at, expected):
    block = expected["kde2d_equal_sd"]
    found = density_at(at, np.full(len(at), 1 / len(at)), nodes(block["x"], block["y"]), "gaussian", block["sd"])
    values = np.ravel(block["z"])
    assert found == pytest.approx(values, rel=1e-9, abs=1e-9 * values.max())


def test_kde2d_with_another_bandwidth_along_each_axis(at, expected):
    """The same kernel after each axis was measured in its own standard deviation, h / 4 in MASS."""
    block = expected["kde2d_nrd"]
    deviation = np.asarray(block["h"]) / 4
    found = density_at(at / deviation, np.full(len(at), 1 / len(at)), nodes(block["x"], block["y"]) / deviation, "gaussian", 1.0)
    values = np.ravel(block["z"])
    assert found / deviation.prod() == pytest.approx(values, rel=1e-9, abs=1e-9 * values.max())


def test_kde2d_on_cells(at, expected):
    """The operation itself, on cells whose centres are the nodes along one row; five deviations are all but 1e-6 of the mass."""
    block = expected["kde2d_equal_sd"]
    places = geopandas.GeoDataFrame(
        geometry=geopandas.points_from_xy(*at.T), index=[f"{row:03d}" for row in range(len(at))], crs=LOCAL
    )
    surface = kernel_density(places, bandwidth=block["sd"], cell=0.5).surface
    known, where = np.asarray(block["z"]), nodes(block["x"], block["y"])
    cells, west, north = np.asarray(surface.values), surface.transform.c, surface.transform.f
    row, column = ((north - where[:, 1]) / 0.5).astype(int), ((where[:, 0] - west) / 0.5).astype(int)
    inside = (row >= 0) & (row < cells.shape[0]) & (column >= 0) & (column < cells.shape[1])
    found = cells[row[inside], column[inside]] / len(at)
    slope = 0.25 * np.sqrt(2) * known.max() / block["sd"]  # a node lies up to half a cell's diagonal from its centre
    assert np.abs(found - known.ravel()[inside]).max() < slope


@pytest.mark.parametrize("exact", [True, False])
def test_sums_over_cells(at, expected, exact, monkeypatch):
    """Both ways of summing, on cells whose centres are kde2d's own nodes, of equal side after x is stretched."""
    block = expected["kde2d_equal_sd"]
    if not exact:
        monkeypatch.setattr("spatial.surfaces._grid.MOST_PRODUCTS_GAUSSIAN", 0)
    fine, margin = 16, 300
    x = np.asarray(block["x"])
    cell = (x[1] - x[0]) / fine
    y = block["y"][len(block["y"]) // 2]  # one row of nodes falls on centres; its neighbours need not
    columns, rows = fine * (len(x) - 1) + 1 + 2 * margin, 2001
    grid = Grid(x[0] - cell * (margin + 0.5), y + cell * rows / 2, cell, rows, columns)
    values, way = summed(at, np.full(len(at), 1 / len(at)), grid, "gaussian", block["sd"])
    assert way is exact
    found = values[rows // 2, margin : columns - margin : fine]
    known = np.asarray(block["z"])[:, len(block["y"]) // 2]
    assert grid.y[rows // 2] == pytest.approx(y, abs=1e-9)
    assert np.abs(found - known).max() < (2e-6 if exact else 1e-3) * np.max(block["z"])


def test_binned_estimate(at, expected):
    """
    Our way of sharing weights among centres and folding them, on KernSmooth's nodes and with its kernel.

    KernSmooth cuts its gaussian off after the last node within 3.4 deviations and scales the rest up to 1. For this, and
    for the width of its bins, it is 0.12 and 0.16 percent of the maximum away from the exact sum; ours is its number when
    we do the same.
    """
    block = expected["bkde2D_equal_sd"]
    first, last = (np.array([block[axis][end] for axis in "xy"]) for end in (0, -1))
    step = (last - first) / 100
    counts = _shared((at - first) / step, np.full(len(at), 1 / len(at)), Grid(-0.5, 100.5, 1.0, 101, 101))
    places = np.arange(-100, 101)
    across, up = (_cut(places * each / block["sd"]) / each for each in step)
    found = _folded(counts, up[:, None] * across)[::-10, ::10].T  # our rows go south, and every tenth node is stored
    assert np.abs(found - block["z"]).max() < 1e-9 * found.max()


def _cut(away):
    heights = np.where(np.abs(away) <= 3.4, np.exp(-0.5 * away**2), 0.0)
    return heights / heights.sum()


@pytest.mark.parametrize(("kernel", "height"), [("quartic", 3 / np.pi), ("epanechnikov", 2 / np.pi)])
def test_qgis_heat_map(name, at, kernel, height):
    """QGIS's raw mode adds up kernels of height 1: a density times the square of the radius over the height of the kernel."""
    block = reference("kde", "qgis_heatmap.json")["sets"][name]
    values = np.array(block[f"{kernel}_raw"], float).ravel()  # null becomes NaN: no point within the radius
    found = density_at(at, np.ones(len(at)), nodes(block["x"], block["y"]), kernel, block["radius"]) * block["radius"] ** 2 / height
    assert np.abs(found - np.nan_to_num(values)).max() < 1e-6 * np.nanmax(values)


def test_qgis_scaled_quartic_is_no_density(name, at):
    """Its constant 116 / (5 pi) * 15 / 16 makes it 7.25 times one."""
    block = reference("kde", "qgis_heatmap.json")["sets"][name]
    values = np.array(block["quartic_scaled"], float).ravel()
    found = density_at(at, np.ones(len(at)), nodes(block["x"], block["y"]), "quartic", block["radius"])
    assert np.abs(7.25 * found - np.nan_to_num(values)).max() < 1e-6 * np.nanmax(values)
