"""The QGIS project, read without QGIS."""

import io
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from layered_atlas import COORDINATES, awkward_atlas, parsed, point_atlas, tiny_atlas

from spatial.errors import OutputError
from spatial.outputs.atlas import Atlas, Source
from spatial.outputs.geopackage import write_geopackage
from spatial.outputs.qgis_layers import layers_of
from spatial.outputs.qgis_metadata import credits_of, foot_of
from spatial.outputs.qgis_project import project_document, write_project
from spatial.outputs.qgis_styles import vector_style


@pytest.fixture(scope="module")
def atlas():
    return awkward_atlas()


@pytest.fixture(scope="module")
def project(atlas):
    return parsed(project_document(atlas, layers_of(atlas), "atlas.gpkg"))


def items(project, name):
    return [each for each in project.iter("LayoutItem") if each.get("id") == name]


def test_the_archive_is_the_same_every_time_and_inside_the_geopackage(atlas, tmp_path):
    for name in ("a.qgz", "b.qgz"):
        write_project(atlas, "atlas.gpkg", tmp_path / name)
    packed = (tmp_path / "a.qgz").read_bytes()
    assert packed == (tmp_path / "b.qgz").read_bytes()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["awkward.qgs"]
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)
        assert str(tmp_path).encode() not in archive.read("awkward.qgs")
    write_geopackage(atlas, tmp_path / "atlas.gpkg")
    with closing(sqlite3.connect(tmp_path / "atlas.gpkg")) as file:
        ((name, content),) = file.execute("SELECT name, content FROM qgis_projects").fetchall()
    assert name == "awkward"
    assert bytes.fromhex(content.decode()) == packed


def test_addresses_are_relative_and_identifiers_long_enough_to_be_kept(project):
    layers = list(project.iter("maplayer"))
    assert all(each.findtext("datasource").startswith(("./atlas.gpkg|layername=", "./surface-kde.tif")) for each in layers)
    ids = [each.findtext("id") for each in layers]
    assert len(set(ids)) == len(ids)
    assert min(map(len, ids)) > 10
    assert {each.get("id") for each in project.iter("layer-tree-layer")} == set(ids)


def test_layers_stand_in_groups_and_only_the_first_map_is_on(atlas, project):
    tree = project.find("layer-tree-group")
    assert [each.get("name") for each in tree.findall("layer-tree-group")] == [
        "Points",
        "Graphs",
        "Surfaces",
        "Indicators",
        atlas.steps[0].title,
    ]
    shown = [each.get("name") for each in tree.iter("layer-tree-layer") if each.get("checked") == "Qt::Checked"]
    assert shown == [atlas.themes[0].title]


def test_every_map_has_a_theme_and_a_page(atlas, project):
    maps = [each.title for each in atlas.themes] + ["Density of cities"]
    presets = {each.get("name"): [layer.get("id") for layer in each.iter("layer")] for each in project.iter("visibility-preset")}
    assert list(presets) == maps == [each.get("name") for each in project.iter("Layout")]
    assert [each.get("followPresetName") for each in items(project, "map")] == maps
    titles = {each.findtext("id"): each.findtext("layername") for each in project.iter("maplayer")}
    assert [titles[each] for each in presets["Density of cities"]] == ["cities", "Density of cities", "Places, all columns"]
    assert [titles[each] for each in presets["Population"]] == ["Population", "Places, all columns"]


def test_pages_say_what_must_be_said(project):
    for each in items(project, "notes"):
        text = each.get("labelText")
        assert text.startswith("SYNTHETIC data: drawn at random, not observed. Outlines are schematic.")
        assert text.endswith("Natural Earth. naturalearthdata.com. Public domain. GeoNames. geonames.org. CC BY 4.0.")


def test_text_of_the_data_is_not_run_as_an_expression():
    atlas = replace(awkward_atlas(), title="[% env('HOME') %]")
    project = parsed(project_document(atlas, layers_of(atlas), "atlas.gpkg"))
    assert {each.get("labelText") for each in items(project, "study")} == {"[\u200b% env('HOME') %]"}


@pytest.mark.parametrize(("crs", "bars"), [("custom", True), ("registered", True), ("degrees", True), ("local", False)])
def test_a_scale_bar_stands_where_coordinates_are_of_this_earth(crs, bars):
    atlas = awkward_atlas(COORDINATES[crs])
    project = parsed(project_document(atlas, layers_of(atlas), "atlas.gpkg"))
    assert bool(items(project, "scale bar")) is bars
    for bar in items(project, "scale bar"):
        width = float(items(project, "map")[0].get("size").split(",")[0])
        extent = project.find(".//LayoutItem[@id='map']/Extent")
        metres = float(extent.get("xmax")) - float(extent.get("xmin"))
        length = 2 * float(bar.get("numUnitsPerSegment")) * 1000 / metres * width
        assert 10 < length < 50  # millimetres, of 66 that are there


def test_degrees_are_drawn_in_metres_so_that_areas_are_right():
    import pyproj

    atlas = awkward_atlas("EPSG:4326")
    project = parsed(project_document(atlas, layers_of(atlas), "x.gpkg"))
    drawn = pyproj.CRS.from_wkt(project.findtext("projectCrs/spatialrefsys/wkt"))
    assert drawn.is_projected
    assert {each.findtext("srs/spatialrefsys/authid") for each in project.iter("maplayer")} == {"EPSG:4326"}
    box = {name: float(value) for name, value in project.find("ProjectViewSettings/DefaultViewExtent").items()}
    left, bottom, right, top = atlas.places.to_crs(drawn).total_bounds
    assert box["xmin"] < left < right < box["xmax"]
    assert box["ymin"] < bottom < top < box["ymax"]


def test_north_is_shown_only_on_a_narrow_map():
    atlas = awkward_atlas()
    assert items(parsed(project_document(atlas, layers_of(atlas), "x.gpkg")), "north arrow") == []
    towns = point_atlas()
    assert len(items(parsed(project_document(towns, layers_of(towns), "x.gpkg")), "north arrow")) == 2


def test_a_map_keeps_the_shape_of_its_frame_and_shows_everything(atlas, project):
    left, bottom, right, top = atlas.places.total_bounds
    for each in items(project, "map"):
        width, height = (float(part) for part in each.get("size").split(",")[:2])
        box = {name: float(value) for name, value in each.find("Extent").items()}
        assert (box["xmax"] - box["xmin"]) / (box["ymax"] - box["ymin"]) == pytest.approx(width / height)
        assert box["xmin"] < left
        assert box["ymin"] < bottom
        assert box["xmax"] > right
        assert box["ymax"] > top


def test_maps_of_one_title_are_told_apart(grid):
    from spatial.outputs.themes import theme

    both = (
        theme(grid["value"], "sequential", id="value", title="Same"),
        theme(grid["noise"], "sequential", id="noise", title="Same"),
    )
    atlas = Atlas(name="x", title="x", places=grid, themes=both)
    project = parsed(project_document(atlas, layers_of(atlas), "x.gpkg"))
    assert [each.get("name") for each in project.iter("Layout")] == ["Same", "Same 2"]


def test_a_study_without_maps_has_a_page_of_its_places(grid):
    atlas = Atlas(name="x", title="x", places=grid)
    project = parsed(project_document(atlas, layers_of(atlas), "x.gpkg"))
    assert [each.get("name") for each in project.iter("Layout")] == ["Places, all columns"]


def test_a_folder_that_is_not_there(grid, tmp_path):
    with pytest.raises(OutputError, match=r"atlas.qgz: it cannot be written"):
        write_project(Atlas(name="x", title="x", places=grid), "atlas.gpkg", tmp_path / "no" / "atlas.qgz")


def test_land_lies_below_everything_on_every_page_and_says_its_marks(tmp_path):
    towns = point_atlas()
    project = parsed(project_document(towns, layers_of(towns), "x.gpkg"))
    order = [each.findtext("layername") for each in project.find("projectlayers")]
    assert order[-1] == "Outline"
    last = project.find("projectlayers")[-1]
    assert {"Schematic: West.", "Towns."} <= set(last.findtext("resourceMetadata/abstract").splitlines())
    assert last.get("labelsEnabled") == "0"
    assert [option.get("value") for option in last.iter("Option") if option.get("name") == "color"] == ["239,239,236,255"]
    for each in project.find("visibility-presets"):
        assert each.findall("layer")[-1].get("id") == last.findtext("id")
    left, _, right, _ = towns.outline.total_bounds
    box = project.find("ProjectViewSettings/DefaultViewExtent")
    assert float(box.get("xmin")) < left < right < float(box.get("xmax"))
    write_geopackage(towns, tmp_path / "towns.gpkg")
    import geopandas

    found = geopandas.read_file(tmp_path / "towns.gpkg", layer="outline")
    assert list(found["name"]) == ["Восток", "West"]
    assert found.geometry.geom_equals(towns.outline.geometry.reset_index(drop=True)).all()


@pytest.mark.parametrize("kind", ["custom", "degrees", "local"])
def test_places_too_small_for_the_map_get_a_circle(kind):
    atlas = tiny_atlas(COORDINATES[kind])
    layer = next(each for each in layers_of(atlas) if each.theme is not None)
    sides = np.array([max(box[2] - box[0], box[3] - box[1]) for box in atlas.places.bounds.to_numpy()])
    assert ((sides <= layer.tiny.reach) == ([False] * 16 + [True] * 2)).all()
    assert (layer.tiny.scale is None) == (kind == "local")
    root = parsed(vector_style(layer))
    circles = root.findall(".//renderer-v2/symbols/symbol/layer[@class='CentroidFill']")
    assert len(circles) == len(layer.theme.classes)
    for each in circles:
        assert each.get("pass") == "1"  # above all areas
        (rule,) = (one.get("value") for one in each.iter("Option") if one.get("name") == "expression")
        assert rule.startswith("if(coalesce(max(bounds_width($geometry), bounds_height($geometry)) <= ")
        assert rule.endswith(", 2.4, 0)")  # nothing in the legend, which has no geometry
        assert ("@map_scale" in rule) == (kind != "local")
    assert root.find("renderer-v2").get("symbollevels") == "1"
    assert {one.get("name") for one in root.findall(".//dd_properties/Option/Option[@name='properties']/Option")} == {
        "OffsetQuad",
        "OffsetXY",
    }


def test_where_all_places_can_be_seen_no_circle_is_drawn(atlas):
    for layer in layers_of(atlas):
        assert layer.tiny is None
        assert "CentroidFill" not in vector_style(layer)


def test_the_foot_of_a_page_names_titles_and_not_files():
    sources = (Source(title="shares.csv", origin="Survey of 2019, Table 2"), Source(title="Regions", origin="Natural Earth"))
    atlas = replace(tiny_atlas(), sources=sources)
    assert foot_of(atlas) == ["Survey of 2019, Table 2.", "Regions. Natural Earth."]
    assert credits_of(atlas) == ["Survey of 2019, Table 2. shares.csv.", "Regions. Natural Earth."]
