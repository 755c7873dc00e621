"""The land below a map: it lies where the places lie, needs no key, and is never nowhere."""

import geopandas
import pytest
from shapely.geometry import Point, Polygon, box

from spatial.boundaries import read_outline, read_places
from spatial.errors import DataError, SpatialWarning
from spatial.places import LOCAL


def points(crs):
    return geopandas.GeoDataFrame(geometry=[Point(0, 0), Point(1, 1)], index=["a", "b"], crs=crs).rename_axis("place")


def written(tmp_path, shapes, crs, **columns):
    path = tmp_path / "land.gpkg"
    geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs).to_file(path)
    return path


def test_a_pack_comes_in_the_system_of_the_places_with_its_names():
    places = read_places("kazakhstan/cities-40")
    land = read_outline("kazakhstan/regions-17", places)
    assert land.crs == places.crs
    assert len(land) == 17
    assert set(land.columns) == {"geometry", "name"}
    assert land.union_all().buffer(30_000).contains(places.union_all())  # a town on the border, the outline is generalised


def test_a_file_needs_no_key(tmp_path):
    path = written(tmp_path, [box(-1, -1, 0, 2), box(0, -1, 2, 2)], "EPSG:4326", other=[7, 7])
    land = read_outline(path, points("EPSG:3857"))
    assert list(land.index) == ["1", "2"]
    assert list(land.columns) == ["geometry"]
    assert land.crs.to_string() == "EPSG:3857"
    assert land.total_bounds[0] == pytest.approx(-111_319.49, abs=0.01)  # a degree of longitude in Web Mercator


def test_polygons_that_cross_themselves_are_repaired_and_named(tmp_path):
    corners = [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0), (-1, 0), (0, 0)]
    spike = Polygon([(500_000 + 1000 * x, 5_400_000 + 1000 * y) for x, y in corners])
    path = written(tmp_path, [spike], "EPSG:32642")
    with pytest.warns(SpatialWarning, match="1 invalid polygon of 1 repaired"):
        assert read_outline(path, points("EPSG:32642")).geometry.iloc[0].area == 16e6


def test_local_land_lies_below_local_places_only(tmp_path):
    path = written(tmp_path, [box(-1, -1, 2, 2)], LOCAL)
    assert read_outline(path, points(LOCAL)).total_bounds.tolist() == [-1, -1, 2, 2]
    with pytest.raises(DataError, match="the outline has no position on Earth, the places are on Earth"):
        read_outline(path, points("EPSG:32642"))
    with pytest.raises(DataError, match="the outline is on Earth, the places have no position on it"):
        read_outline("kazakhstan/regions-17", points(LOCAL))


def test_points_are_no_land():
    with pytest.raises(DataError, match="an outline cannot be made of 'Point'. Expected polygons"):
        read_outline("kazakhstan/cities-40", points("EPSG:4326"))
