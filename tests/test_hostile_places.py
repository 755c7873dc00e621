"""Places that cannot be: coordinates off the Earth, systems without latitude, outlines that are none. Each is a message."""

import geopandas
import pytest
from shapely.geometry import GeometryCollection, LineString, MultiPoint, Point, Polygon, box

from spatial.boundaries import read_places
from spatial.errors import DataError, SpatialWarning


def cells(size, corner=0.0):
    return [
        box(corner + x * size, corner + y * size, corner + x * size + size, corner + y * size + size)
        for y in range(3)
        for x in range(3)
    ]


def table(shapes, crs="EPSG:32642"):
    return geopandas.GeoDataFrame({"code": [f"c{number}" for number in range(len(shapes))]}, geometry=list(shapes), crs=crs)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (cells(1e15), "farther apart than anything on Earth"),
        (cells(1e300), "farther apart than anything on Earth"),
        ([Point(float("nan"), 1.0), *(Point(1000.0 * each, 5.0) for each in range(5))], "Invalid Coordinate"),
        ([Point(float("inf"), 1.0), *(Point(1000.0 * each, 5.0) for each in range(5))], "infinite"),
        ([Polygon(), *cells(1000)], "no geometry"),
        ([None, *cells(1000)], "no geometry"),
        ([Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)]), *cells(1000)], "Self-intersection"),
        ([Point(0, 0), *cells(1000)], "points and polygons in one table"),
    ],
)
def test_outlines_that_cannot_be(shapes, message):
    with pytest.raises(DataError, match=message):
        read_places(table(shapes), key="code")


@pytest.mark.parametrize("size", [1e-300, 1e-13, 1e13, 1e150, 1e300])
def test_local_coordinates_that_cannot_be_measured_with(size):
    with pytest.raises(DataError, match="too large, too small or too close together"):
        read_places(table(cells(size), None), key="code", crs="local")


def test_local_coordinates_closer_together_than_numbers_can_tell():
    with pytest.raises(DataError, match="too close together"):
        read_places(table(cells(1e-3, 1e9), None), key="code", crs="local")
    assert len(read_places(table(cells(0.1), None), key="code", crs="local")) == 9  # a unit square is an honest picture


@pytest.mark.parametrize(
    "crs", ["EPSG:5703", "IAU_2015:30100", "EPSG:" * 20_000, "/etc/passwd", "+init=/etc/passwd:x", '{"type": 5}', "\x1b[31m"]
)
def test_systems_that_are_none(crs):
    with pytest.raises(DataError, match="crs = ") as caught:
        read_places(table(cells(1000)), key="code", crs=crs)
    assert len(str(caught.value)) < 400
    assert "\x1b" not in str(caught.value)


def test_a_layer_of_the_moon():
    with pytest.raises(DataError, match="no latitude and longitude on Earth"):
        read_places(table(cells(1), "IAU_2015:30100"), key="code")
    with pytest.warns(SpatialWarning, match="taken as local"):
        assert len(read_places(table(cells(1), "IAU_2015:30100"), key="code", crs="local")) == 9


@pytest.mark.parametrize(
    "shape", [LineString([(0, 0), (9, 9000)]), GeometryCollection([box(0, 0, 1000, 1000)]), MultiPoint([(0, 0), (5000, 1)])]
)
def test_other_kinds_of_geometries_are_read_or_refused_in_words(shape):
    try:
        read = read_places(table([shape, shape, shape]), key="code")
    except DataError as error:
        assert "code" not in str(error)  # noqa: PT017  (either will do, a traceback will not)
    else:
        assert len(read) == 3
