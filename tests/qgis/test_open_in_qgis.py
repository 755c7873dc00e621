"""Everything that is written for QGIS, opened in QGIS: valid, styled, every feature in one class, drawn."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from layered_atlas import COORDINATES, awkward_atlas, label, point_atlas, tiny_atlas
from outside import QGIS_PYTHON, component, has_qgis, qgis_environment

from spatial.outputs.geopackage import write_geopackage
from spatial.outputs.qgis_layers import layers_of
from spatial.outputs.qgis_project import write_project
from spatial.outputs.rasters import write_surface
from spatial.outputs.surface_classes import surface_classes
from spatial.outputs.themes import class_numbers

LOOK = Path(__file__).with_name("look.py")
STUDIES = {
    "custom": lambda: awkward_atlas(COORDINATES["custom"]),
    "local": lambda: awkward_atlas(COORDINATES["local"]),
    "degrees": lambda: awkward_atlas(COORDINATES["degrees"]),
    "points": point_atlas,
}


@pytest.fixture(scope="module", params=STUDIES)
def opened(request, tmp_path_factory):
    """Write a study, move its folder, and let QGIS tell what it sees."""
    component(has_qgis(), "QGIS with its Python")
    atlas = STUDIES[request.param]()
    base = tmp_path_factory.mktemp("opened")
    written, moved, pictures, home = (base / name for name in ("written", "Папка с картами", "pictures", "home"))
    for folder in (written, pictures, home):
        folder.mkdir()
    home.chmod(0o700)
    write_geopackage(atlas, written / "atlas.gpkg")
    write_project(atlas, "atlas.gpkg", written / "atlas.qgz")
    for name, surface in atlas.surfaces.items():
        write_surface(surface, written / f"surface-{name}.tif", surface.title)
    shutil.move(written, moved)
    command = [QGIS_PYTHON, str(LOOK), str(moved), str(pictures), str(base / "seen.json")]
    done = subprocess.run(command, env=qgis_environment(home), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return atlas, json.loads((base / "seen.json").read_text(encoding="utf-8")), pictures


def colours(picture):
    from matplotlib.image import imread

    pixels = (imread(picture)[..., :3] * 255).round().astype(int)
    return pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]


def share(picture, colour, among):
    """Tell how much of the fills of a picture has exactly this colour, paper and outlines left out."""
    found = colours(picture)
    fills = sum((found == int(each[1:], 16)).sum() for each in among)
    return (found == int(colour[1:], 16)).sum() / fills


def test_every_layer_opens_valid_and_whole(opened):
    atlas, seen, _ = opened
    layers = {layer.name: layer for layer in layers_of(atlas)}
    spatial = {name: about for name, about in seen["layers"].items() if about["spatial"]}
    assert set(spatial) == set(layers)
    for name, about in seen["layers"].items():
        assert about["valid"], name
        assert about["count"] == about["readable"] == about["ids"] > 0, name
        if about["spatial"]:
            assert about["geometries"] == about["count"], name
            assert about["fields"][0] in ("fid", "OGC_FID"), name  # the identifier of a table, and of a view
            assert about["fields"][1] in ("place", "point", "from"), name


def test_every_layer_opens_with_our_style(opened):
    atlas, seen, _ = opened
    for layer in layers_of(atlas):
        about = seen["layers"][layer.name]
        assert about["renderer"] == "RuleRenderer", layer.name
        assert bool(about["labels"]) is layer.labelled, layer.name
        if layer.theme is not None:
            assert [(rule["label"], rule["colour"]) for rule in about["rules"]] == [
                (label(each.label), each.colour) for each in layer.theme.classes
            ]


def test_every_feature_is_drawn_exactly_once(opened):
    atlas, seen, _ = opened
    for layer in layers_of(atlas):
        about = seen["layers"][layer.name]
        assert about["times"] == {"1": about["count"]}, layer.name
        assert about["asked_for"] == about["count"], layer.name  # QGIS lets the file apply the rules before it draws


def test_classes_hold_as_many_features_as_the_legend_says(opened):
    atlas, seen, _ = opened
    for layer in layers_of(atlas):
        if layer.theme is None:
            continue
        frame = atlas.points[layer.of] if layer.of else atlas.places
        numbers = class_numbers(layer.theme, frame[layer.theme.column])
        expected = np.bincount(numbers, minlength=len(layer.theme.classes)).tolist()
        assert seen["layers"][layer.name]["counts"] == expected == [each.count for each in layer.theme.classes], layer.name


def test_pictures_of_areas_show_each_class_as_large_as_it_is(opened):
    atlas, seen, pictures = opened
    for layer in layers_of(atlas):
        if layer.theme is None or layer.shape != "polygon":
            continue
        picture = pictures / seen["layers"][layer.name]["picture"]
        shades = {each.colour for each in layer.theme.classes}
        for shade in shades:
            expected = sum(each.count for each in layer.theme.classes if each.colour == shade) / layer.count
            assert share(picture, shade, shades) == pytest.approx(expected, abs=0.02), (layer.name, shade)


def test_pictures_of_points_and_links_are_not_blank(opened):
    atlas, seen, pictures = opened
    for layer in layers_of(atlas):
        if layer.shape != "polygon":
            assert len(np.unique(colours(pictures / seen["layers"][layer.name]["picture"]))) > 3, layer.name
        if layer.theme is not None and layer.shape == "point":
            found = colours(pictures / seen["layers"][layer.name]["picture"])
            assert all((found == int(each.colour[1:], 16)).any() for each in layer.theme.classes)


def test_columns_have_words_and_layers_say_what_they_are(opened):
    atlas, seen, _ = opened
    for layer in layers_of(atlas):
        about = seen["layers"][layer.name]
        assert about["aliases"] == dict(layer.aliases), layer.name
        assert about["title"] == layer.title
        assert all(note in about["abstract"] for note in atlas.notes)
        assert about["licences"] == sorted({each.licence for each in atlas.sources})
        assert len(about["history"]) == len(atlas.sources)


def test_coordinates_mean_what_they_meant(opened):
    import pyproj

    atlas, seen, _ = opened
    local = atlas.places.crs.is_engineering
    for layer in layers_of(atlas):
        known = seen["layers"][layer.name]["wkt"]
        assert "Undefined" in known if local else pyproj.CRS.from_wkt(known).equals(atlas.places.crs, ignore_axis_order=True)
    for about in seen["projects"].values():
        assert about["same_crs"] is not (not local and atlas.places.crs.is_geographic)  # degrees are drawn in metres
        assert bool(about["crs"]) is not local


def test_the_project_opens_from_the_file_and_from_inside_the_geopackage(opened):
    atlas, seen, _ = opened
    assert set(seen["projects"]) == {"file", "inside"}
    for about in seen["projects"].values():
        assert about["read"]
        assert about["error"] == ""
        assert about["title"] == atlas.title
        assert all(layer["valid"] for layer in about["layers"].values())
        assert all(layer["id"].startswith("layer_") for layer in about["layers"].values())
        assert len(about["layers"]) == len(layers_of(atlas)) + len(atlas.surfaces)
        assert set(about["renderers"].values()) <= {"RuleRenderer", "singlebandpseudocolor"}
        assert about["visible"] == [atlas.themes[0].title, *([] if atlas.outline is None else ["Outline"])]
        assert len(about["themes"]) == len(about["layouts"]) == len(atlas.themes) + len(atlas.surfaces)
        left, bottom, right, top = about["extent"]
        assert left < atlas.places.total_bounds[0] < atlas.places.total_bounds[2] < right
        assert bottom < atlas.places.total_bounds[1] < atlas.places.total_bounds[3] < top


def test_pages_are_printed_with_map_and_legend_inside_the_paper(opened):
    atlas, seen, pictures = opened
    themes = {each.title: each for each in atlas.themes}
    for about in seen["projects"].values():
        for name, page in about["layouts"].items():
            assert page["code"] == 0
            assert page["outside"] == [], name
            assert ("scale bar" in page["items"]) is not atlas.places.crs.is_engineering
            if name in themes:
                assert page["legend"] == [label(each.label) for each in themes[name].classes]
                assert all((colours(pictures / page["picture"]) == int(each.colour[1:], 16)).any() for each in themes[name].classes)
            else:
                surface = next(iter(atlas.surfaces.values()))
                assert page["legend"][1:] == [f"{each.label} {surface.unit}" for each in surface_classes(surface)]


def test_surfaces_open_coloured(opened):
    atlas, seen, pictures = opened
    assert len(seen["rasters"]) == len(atlas.surfaces)
    for about in seen["rasters"].values():
        assert about["valid"]
        assert about["renderer"] == "singlebandpseudocolor"
        assert about["band"] == "Band 1: Density of cities"
        assert about["items"][0][2] == 0
        classes = surface_classes(next(iter(atlas.surfaces.values())))
        assert [each[1:3] for each in about["items"][1:]] == [[each.colour, 255] for each in classes]
        cells = sum(each.count for each in classes)
        for each in classes:
            shown = share(pictures / about["picture"], each.colour, [every.colour for every in classes])
            assert shown == pytest.approx(each.count / cells, abs=0.02)


@pytest.fixture(scope="module", params=("custom", "degrees", "local"))
def small(request, tmp_path_factory):
    """Let QGIS tell what it sees."""
    component(has_qgis(), "QGIS with its Python")
    atlas = tiny_atlas(COORDINATES[request.param])
    base = tmp_path_factory.mktemp("tiny")
    folder, pictures, home = (base / name for name in ("written", "pictures", "home"))
    for each in (folder, pictures, home):
        each.mkdir()
    home.chmod(0o700)
    write_geopackage(atlas, folder / "atlas.gpkg")
    write_project(atlas, "atlas.gpkg", folder / "atlas.qgz")
    command = [QGIS_PYTHON, str(LOOK), str(folder), str(pictures), str(base / "seen.json")]
    done = subprocess.run(command, env=qgis_environment(home), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return atlas, json.loads((base / "seen.json").read_text(encoding="utf-8")), pictures


def test_small_places_show_their_colour_as_circles(small):
    atlas, seen, pictures = small
    (theme,) = atlas.themes
    about = seen["layers"]["value"]
    assert about["times"] == {"1": 18}
    assert about["counts"] == [each.count for each in theme.classes]
    found = colours(pictures / about["picture"])
    for each in theme.classes[1:]:
        rows, columns = np.nonzero(found == int(each.colour[1:], 16))
        assert 25 < len(rows) < 120  # a circle of 2.4 mm on a screen of 96 dots to the inch
        assert max(np.ptp(rows), np.ptp(columns)) < 12


def test_the_legend_has_the_classes_and_no_circle(small):
    from scipy import ndimage

    atlas, seen, pictures = small
    (theme,) = atlas.themes
    for about in seen["projects"].values():
        page = about["layouts"][theme.title]
        assert page["legend"] == [each.label for each in theme.classes]
        found = colours(pictures / page["picture"])
        for each in theme.classes[1:]:
            parts, _ = ndimage.label(found == int(each.colour[1:], 16))
            largest = max(ndimage.find_objects(parts), key=lambda box: (parts[box] > 0).sum())
            assert (parts[largest] > 0).sum() > 200  # the entry of the legend, larger than a circle
            assert (parts[largest] > 0).mean() > 0.98  # nothing is drawn on it
