"""Surfaces as GeoTIFF, and the colours beside them."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from layered_atlas import COORDINATES, areas, hill, parsed

from spatial.errors import OutputError
from spatial.outputs.rasters import write_surface
from spatial.outputs.themes import SEQUENTIAL


@pytest.fixture(scope="module")
def surface():
    return hill(areas())


def ramp(path):
    return list(parsed(path.read_text(encoding="utf-8")).iter("item"))


@pytest.mark.parametrize("crs", COORDINATES.values(), ids=COORDINATES)
def test_what_was_written_comes_back(crs, tmp_path):
    import rasterio

    surface = hill(areas(crs))
    write_surface(surface, tmp_path / "surface-kde.tif", "Плотность <&>")
    with rasterio.open(tmp_path / "surface-kde.tif") as file:
        np.testing.assert_array_equal(file.read(1), surface.values)
        assert file.transform.almost_equals(surface.transform, precision=1e-9)
        assert file.crs == rasterio.CRS.from_wkt(surface.crs.to_wkt()) or surface.crs.is_engineering
        assert np.isnan(file.nodata)
        assert file.dtypes == ("float32",)
        assert (file.descriptions, file.units) == (("Плотность <&>",), ("persons per km²",))
        assert file.compression.name == "deflate"
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_the_same_surface_gives_the_same_bytes(surface, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_surface(surface, tmp_path / name / "s.tif", "Density")
    for file in ("s.tif", "s.qml"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert sorted(each.name for each in (tmp_path / "a").iterdir()) == ["s.qml", "s.tif"]


def test_a_large_surface_has_overviews(surface, tmp_path):
    import rasterio

    large = replace(surface, values=np.tile(surface.values, (20, 20)))
    write_surface(large, tmp_path / "s.tif", "Density")
    with rasterio.open(tmp_path / "s.tif") as file:
        assert file.shape == (1200, 1200)
        assert file.overviews(1)


def test_another_mark_for_missing_values_becomes_nan(surface, tmp_path):
    import rasterio

    marked = replace(surface, values=np.nan_to_num(surface.values, nan=-9999), nodata=-9999.0)
    write_surface(marked, tmp_path / "s.tif", "Density")
    with rasterio.open(tmp_path / "s.tif") as file:
        np.testing.assert_array_equal(file.read(1), surface.values)
    assert float(ramp(tmp_path / "s.qml")[0].get("value")) == float(np.nanmin(surface.values))


def test_colours_rise_from_the_lowest_value_which_is_transparent(surface, tmp_path):
    write_surface(surface, tmp_path / "s.tif", "Density")
    items = ramp(tmp_path / "s.qml")
    assert [each.get("color") for each in items[1:]] == list(SEQUENTIAL)
    assert [each.get("alpha") for each in items] == ["0"] + ["255"] * 5
    values = [float(each.get("value")) for each in items]
    assert (values[0], values[-1]) == (float(np.nanmin(surface.values)), float(np.nanmax(surface.values)))
    np.testing.assert_allclose(np.diff(values), np.ptp(values) / 5)
    assert items[-1].get("label") == "1.00 persons per km²"


@pytest.mark.parametrize("value", [0.0, 7.5, np.nan])
def test_a_surface_of_one_value_can_be_drawn(surface, tmp_path, value):
    flat = replace(surface, values=np.full_like(surface.values, value))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_surface(flat, tmp_path / "s.tif", "Density")
    values = [float(each.get("value")) for each in ramp(tmp_path / "s.qml")]
    assert np.all(np.diff(values) > 0)


def test_a_folder_that_is_not_there(surface, tmp_path):
    with pytest.raises(OutputError, match=r"s.tif: it cannot be written"):
        write_surface(surface, tmp_path / "no" / "s.tif", "Density")
