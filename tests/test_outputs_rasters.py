"""Surfaces as GeoTIFF, and the colours beside them."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from layered_atlas import COORDINATES, areas, hill, parsed

from spatial.errors import OutputError
from spatial.outputs.qgis_surface_styles import surface_style
from spatial.outputs.rasters import write_surface
from spatial.outputs.surface_classes import surface_classes


@pytest.fixture(scope="module")
def surface():
    return hill(areas())


def ramp(path):
    return list(parsed(path.read_text(encoding="utf-8")).iter("item"))


def ramp_of(surface):
    return list(parsed(surface_style(surface)).iter("item"))


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
    write_surface(surface, tmp_path / "t.tif", "Density")
    assert (tmp_path / "s.qml").read_text(encoding="utf-8") == (tmp_path / "t.qml").read_text(encoding="utf-8")


def test_the_style_has_the_classes_of_the_map(surface, tmp_path):
    write_surface(surface, tmp_path / "s.tif", "Density")
    below, *items = ramp(tmp_path / "s.qml")
    classes = surface_classes(surface)
    assert (below.get("alpha"), float(below.get("value"))) == ("0", 0.005)
    assert [each.get("alpha") for each in items] == ["255"] * len(classes)
    assert [each.get("color") for each in items] == [each.colour for each in classes]
    assert [each.get("label") for each in items] == [f"{each.label} persons per km²" for each in classes]
    values = [float(each.get("value")) for each in items]
    assert values == pytest.approx([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, np.inf])  # the highest cell is 1


def test_every_cell_above_the_lowest_bound_is_in_one_class(surface):
    classes = surface_classes(surface)
    counted = [int(((surface.values > each.low) & (surface.values <= each.high)).sum()) for each in classes]
    assert [each.count for each in classes] == counted
    shifted = replace(surface, values=surface.values + 5)  # classes of equal width, from the lowest value
    assert sum(each.count for each in surface_classes(shifted)) == np.isfinite(surface.values).sum()
    assert ramp_of(shifted)[0].get("alpha") == "255"


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
