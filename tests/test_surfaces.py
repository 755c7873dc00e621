"""Surfaces whose values a person can work out."""

import geopandas
import numpy as np
import pytest
from shapely.geometry import Point, Polygon, box

from spatial.errors import DataError, StudyError
from spatial.places import LOCAL
from spatial.surfaces import kernel_density
from spatial.surfaces._grid import Grid, summed
from spatial.surfaces._kernels import EQUALLY_WIDE, SHAPES, density_at

KERNELS = list(SHAPES)
EQUAL_AREA = "EPSG:6933"


def points(*at, crs=EQUAL_AREA, **columns):
    shapes = [Point(each) for each in at]
    return geopandas.GeoDataFrame(columns, geometry=shapes, index=[f"p{number}" for number in range(len(at))], crs=crs).rename_axis(
        "place"
    )


def polygons(*shapes, crs=EQUAL_AREA):
    return geopandas.GeoDataFrame(
        geometry=list(shapes), index=[f"b{number}" for number in range(len(shapes))], crs=crs
    ).rename_axis("place")


def value_at(surface, x, y):
    west, north, cell = surface.transform.c, surface.transform.f, surface.transform.a
    return float(surface.values[int((north - y) / cell), int((x - west) / cell)])


@pytest.mark.parametrize(
    ("kernel", "peak"),
    [
        ("gaussian", 1 / (2 * np.pi)),
        ("quartic", 3 / np.pi),
        ("epanechnikov", 2 / np.pi),
        ("triangular", 3 / np.pi),
        ("uniform", 1 / np.pi),
    ],
)
def test_one_point_has_the_height_of_its_kernel(kernel, peak):
    found = kernel_density(points((0, 0)), bandwidth=1000, kernel=kernel, cell=10)
    assert found.peak == pytest.approx(peak, rel=0.011 if kernel == "triangular" else 2e-3)  # per km², the radius is 1 km
    assert found.mass == pytest.approx(1, rel=1e-6)
    assert found.surface.unit == "events per km²"
    assert value_at(found.surface, 600, 0) == pytest.approx(float(SHAPES[kernel](np.array(0.6))), rel=0.02)


def test_the_unit_says_what_is_spread_out():
    towns = points((0, 0), (5000, 0)).assign(population_2023=[3, 1])
    found = kernel_density(towns, weight="population_2023", quantity="people", bandwidth=1000)
    assert (found.surface.unit, found.options["quantity"]) == ("people per km²", "people")
    assert found.reading[0] == "2 points with 4 people in all are spread out; the surface holds 4."
    assert kernel_density(towns, weight="population_2023", bandwidth=1000).surface.unit == "population_2023 per km²"
    assert kernel_density(towns, bandwidth=1000).reading[0] == "2 points are spread out; the surface holds 2."


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_integrate_to_one_and_are_as_wide_as_said(kernel):
    step = 0.005
    axis = np.arange(-7, 7, step) + step / 2
    heights = SHAPES[kernel](np.hypot(axis, axis[:, None]))
    assert heights.sum() * step**2 == pytest.approx(1, abs=1e-4)
    deviation = np.sqrt((heights * axis**2).sum() * step**2)
    assert deviation * EQUALLY_WIDE[kernel] == pytest.approx(1, abs=1e-3)


def test_the_same_bandwidth_by_rule_for_every_kernel():
    places = points((0, 0), (3000, 0), (0, 3000), (3000, 3000))
    found = {kernel: kernel_density(places, kernel=kernel) for kernel in KERNELS}
    # Variance 1500² along both axes, four equal points: 1500 * 4^(-1/6).
    assert found["gaussian"].bandwidth == pytest.approx(1500 * 4 ** (-1 / 6))
    for kernel, each in found.items():
        assert each.bandwidth == pytest.approx(found["gaussian"].bandwidth * EQUALLY_WIDE[kernel])
        assert each.bandwidth_rule == "Scott's rule, for 4 effective points"
    assert kernel_density(places, bandwidth=5.0, cell=5).bandwidth_rule == "given"


def test_effective_number_of_points():
    found = kernel_density(points((0, 0), (1, 0), (2, 0), people=[1, 1, 2]), weight="people")
    assert found.effective_points == pytest.approx(16 / 6)
    assert any("2.67 equal ones" in sentence for sentence in found.reading)


def test_north_is_up():
    found = kernel_density(points((0, 0), (0, 10_000), people=[1, 5]), weight="people", bandwidth=1000, cell=200)
    surface = found.surface
    assert surface.transform.e < 0 < surface.transform.a
    assert value_at(surface, 0, 10_000) == pytest.approx(5 * value_at(surface, 0, 0), rel=1e-3)
    assert surface.values[: len(surface.values) // 2].sum() > surface.values[len(surface.values) // 2 :].sum()
    assert found.peak_near == "p1"
    assert surface.values.dtype == np.float32
    assert surface.unit == "people per km²"


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("cell", [3, 70, 5000])
def test_mass_is_kept_however_coarse_the_cells(kernel, cell):
    places = points((0, 0), (123, 456), (770, 31), people=[3, 1.5, 0])
    found = kernel_density(places, weight="people", bandwidth=100, kernel=kernel, cell=cell)
    assert found.mass == pytest.approx(4.5, rel=1e-6)
    assert found.weight_sum == 4.5
    assert any("Cells are wider than the bandwidth" in note for note in found.notes) == (cell == 5000)
    assert found.surface.values.sum(dtype=float) * (cell / 1000) ** 2 == pytest.approx(4.5, rel=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_quick_way_agrees_with_the_exact_one(kernel, monkeypatch):
    random = np.random.default_rng(3)
    at, weights = random.random((400, 2)) * 4000, random.random(400)
    grid = Grid(-4000, 8000, 40, 300, 300)
    exact, first = summed(at, weights, grid, kernel, 700)
    monkeypatch.setattr("spatial.surfaces._grid.MOST_PRODUCTS_GAUSSIAN", 0)
    monkeypatch.setattr("spatial.surfaces._grid.MOST_POINTS", 0)
    quick, second = summed(at, weights, grid, kernel, 700)
    assert (first, second) == (True, False)
    assert quick.sum() == pytest.approx(exact.sum(), rel=1e-12)
    # Sharing among centres blurs the kink at the rim of a kernel, and more so the jump at that of a disc.
    allowed = {"gaussian": 1e-4, "quartic": 2e-3, "epanechnikov": 5e-3, "triangular": 5e-3, "uniform": 0.1}[kernel]
    assert np.abs(quick - exact).max() < allowed * exact.max()


def test_the_quick_way_on_a_grid_narrower_than_the_kernel(monkeypatch):
    monkeypatch.setattr("spatial.surfaces._grid.MOST_PRODUCTS_GAUSSIAN", 0)
    found = kernel_density(points((0, 0), (5, 0)), bandwidth=100, cell=900)
    assert found.mass == pytest.approx(2, rel=1e-6)
    assert any("Weights were shared among centres" in note for note in found.notes)


@pytest.mark.parametrize("kernel", KERNELS)
def test_surfaces_are_the_plain_sum(kernel):
    places = points((0, 0), (1500, 400), (1600, 900), (-200, 2000), people=[1.0, 2, 3, 4])
    found = kernel_density(places, weight="people", bandwidth=800, kernel=kernel, cell=20)
    surface = found.surface
    rows, columns = surface.values.shape
    x, y = np.meshgrid(surface.transform.c + 20 * (np.arange(columns) + 0.5), surface.transform.f - 20 * (np.arange(rows) + 0.5))
    plain = density_at(
        places.get_coordinates().to_numpy(), places["people"].to_numpy(), np.column_stack([x.ravel(), y.ravel()]), kernel, 800
    )
    off = np.abs(surface.values.ravel() - plain * 1e6).max()
    assert off < (5e-3 if kernel == "uniform" else 1e-4) * found.peak  # what makes the cells sum up to the weights exactly


# Boundary


def test_half_of_a_point_on_the_border_lies_outside():
    boundary = polygons(box(0, -10_000, 10_000, 10_000))
    found = kernel_density(points((0, 0)), boundary, bandwidth=1000, cell=100, clip=True)
    assert found.mass == pytest.approx(1, rel=1e-6)
    assert found.mass_inside == pytest.approx(0.5, rel=1e-3)
    assert found.share_outside == pytest.approx(0.5, rel=1e-3)
    surface = found.surface
    assert np.nansum(surface.values) * 0.01 == pytest.approx(0.5, rel=1e-3)
    assert surface.transform.c == pytest.approx(0, abs=100)
    assert surface.values.shape == (200, 100)
    assert any("50.0% of it lies outside the boundary, and is cut off" in sentence for sentence in found.reading)


def test_the_surface_reaches_to_the_whole_boundary():
    boundary = polygons(box(-50_000, -50_000, 50_000, 50_000))
    found = kernel_density(points((0, 0)), boundary, bandwidth=1000, cell=500)
    assert not np.isnan(found.surface.values).any()
    assert found.surface.values.shape[0] * 500 >= 100_000
    assert found.share_outside == 0


def test_cells_outside_are_empty():
    triangle = polygons(Polygon([(0, 0), (10_000, 0), (0, 10_000)]))
    found = kernel_density(points((1000, 1000)), triangle, bandwidth=2000, cell=250, clip=True)
    assert np.isnan(value_at(found.surface, 9000, 9000))
    assert value_at(found.surface, 1000, 1000) > 0
    assert np.isnan(found.surface.nodata)
    assert found.peak == pytest.approx(np.nanmax(found.surface.values))


def test_local_coordinates():
    found = kernel_density(points((0, 0), (1, 1), crs=LOCAL), bandwidth=0.5)
    assert found.surface.unit == "events per squared unit"
    assert found.unit == "local units"
    assert found.mass == pytest.approx(2, rel=1e-6)
    assert kernel_density(points((0, 0), crs=LOCAL), bandwidth=1, kernel="uniform", cell=0.01).peak == pytest.approx(
        1 / np.pi, rel=1e-3
    )


# What was not asked for is said, and what cannot be done


def test_a_cell_that_was_not_asked_for_is_said():
    found = kernel_density(points((0, 0), (100_000, 50_000)), bandwidth=10_000)
    assert found.cell == 500  # 200 km in 400 cells
    assert found.notes == ("Cells are 500 wide, 402 by 302 of them; none was asked for.",)
    assert kernel_density(points((0, 0), (100_000, 50_000)), bandwidth=1000).cell == 200  # a quarter of the bandwidth, rounded


def test_areas_that_the_projection_distorts():
    found = kernel_density(points((7_000_000, 6_500_000), crs="EPSG:3857"), bandwidth=10_000)
    assert any("are 2.45 times as large as on the ground" in note for note in found.notes)  # 1 / cos² of 50.3 degrees north


def test_points_without_a_weight():
    places = points((0, 0), (100, 0), (0, 100), people=[1.0, np.nan, 2.0])
    with pytest.raises(DataError, match="1 of 3 places has no value: 'p1'"):
        kernel_density(places, weight="people", bandwidth=100)
    found = kernel_density(places, weight="people", bandwidth=100, missing="drop")
    assert (found.observations, found.weight_sum) == (2, 3)
    assert any("'p1'" in note for note in found.notes)


@pytest.mark.parametrize(
    ("places", "options", "message"),
    [
        (points((60, 50), crs="EPSG:4326"), {"bandwidth": 1}, r"the coordinates are degrees \(WGS 84\).*needs metres"),
        (points((60, 50), crs="EPSG:2263"), {"bandwidth": 1}, "the coordinates are in US survey foot"),
        (points((0, 0), (1, 1), people=[1, -1]), {"weight": "people"}, "1 weight is negative: 'p1'"),
        (points((0, 0), (1, 1), people=[0, 0]), {"weight": "people"}, "all 2 weights are 0"),
        (points((0, 0), (1, 1), people=["x", "1"]), {"weight": "people"}, "is no number"),
        (points((0, 0), (1, 1), people=[1, 2]), {"weight": "peple"}, "Did you mean 'people'"),
        (points((0, 0)), {}, "all points with a weight lie at one place.*Set bandwidth"),
        (points((0, 0), (5, 5), people=[0, 3]), {"weight": "people"}, "all points with a weight lie at one place"),
        (points((0, 0), (1e6, 1e6)), {"bandwidth": 1000, "cell": 1}, "makes 1,020,[0-9,]+ cells of 1. Expected at most 25,000,000"),
        (polygons(box(0, 0, 1, 1)), {"bandwidth": 1}, "1 of 1 is no point but 'Polygon': 'b0'"),
    ],
)
def test_what_is_wrong_is_said(places, options, message):
    with pytest.raises(DataError, match=message):
        kernel_density(places, **options)


def test_a_boundary_in_another_reference_system():
    with pytest.raises(
        DataError, match=r"the points are in WGS 84 / NSIDC.*, the boundary in WGS 84\. Expected two layers in one reference system"
    ):
        kernel_density(points((0, 0)), polygons(box(0, 0, 1, 1), crs="EPSG:4326"), bandwidth=1)


def test_a_boundary_that_is_none():
    with pytest.raises(DataError, match="boundary: it holds 'Point'. Expected polygons"):
        kernel_density(points((0, 0)), points((0, 0)), bandwidth=1)
    with pytest.raises(DataError, match="no centre of a cell 1000 wide lies inside it"):
        kernel_density(points((0, 0)), polygons(box(1, 1, 2, 2)), bandwidth=1000, cell=1000)
    with pytest.raises(StudyError, match="clip is set, but there is no boundary"):
        kernel_density(points((0, 0)), bandwidth=1, clip=True)


def test_options_out_of_range():
    with pytest.raises(StudyError, match="'bandwidth'.*out of range"):
        kernel_density(points((0, 0)), bandwidth=-5)
    with pytest.raises(StudyError, match="Did you mean 'gaussian'"):
        kernel_density(points((0, 0)), bandwidth=5, kernel="gausian")
