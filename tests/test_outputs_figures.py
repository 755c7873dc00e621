"""Pictures."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from reading_atlas import HOSTILE, atlas, squares

from spatial.errors import SpatialWarning
from spatial.outputs import _charts, _frame, _maps, _paper, _shapes, _surface, _tree
from spatial.outputs.figures import pictures, write_figures
from spatial.outputs.surface_classes import surface_classes
from spatial.outputs.themes import LAND, theme, themes_of
from spatial.places import LOCAL


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    return folder, write_figures(atlas(), folder)


def pixels(path):
    from matplotlib.image import imread

    return (imread(path)[..., :3] * 255).round().astype(int)


def has_colour(image, colour, least=200):
    wanted = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return int((np.abs(image - wanted).max(axis=2) <= 1).sum()) >= least


def only_map(made, folder, name="m"):
    with _paper.styled():
        figure = _maps.choropleth(made, made.themes[0]).figure
        return _paper.saved(figure, folder, name)


def test_every_kind_of_picture_is_there(drawn):
    folder, paths = drawn
    made = pictures(atlas())
    assert {each.kind for each in made} == {"overview", "map", "scatter", "surface", "tree", "intervals"}
    assert {path.name for path in paths} == {f"{each.name}.{kind}" for each in made for kind in ("png", "svg")}
    assert {path.name for path in folder.iterdir()} == {path.name for path in paths}


@pytest.mark.parametrize("name", ["income", "jobs", "class", "lag_residuals", "ward_cluster"])
def test_every_class_has_its_colour_on_the_map(drawn, name):
    image = pixels(drawn[0] / f"{name}.png")
    found = next(each for each in atlas().themes if each.id == name)
    assert all(has_colour(image, each.colour) for each in found.classes if each.count)


def test_vector_pictures_are_well_formed_and_fetch_nothing(drawn):
    for path in drawn[1]:
        if path.suffix == ".svg":
            root = ET.fromstring(path.read_bytes())  # noqa: S314  (our own file)
            links = [value for each in root.iter() for name, value in each.attrib.items() if name.endswith("href")]
            assert all(value.startswith(("#", "data:")) for value in links)
            assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_same_in_same_out(drawn, tmp_path):
    with _paper.styled():
        for each in pictures(atlas())[::3]:
            for path in _paper.saved(each.draw().figure, tmp_path, each.name):
                assert path.read_bytes() == (drawn[0] / path.name).read_bytes()


def test_nobody_else_sees_our_style(tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    mpl.rcParams["font.size"] = 33
    try:
        one = only_map(atlas(), tmp_path, "one")
        assert mpl.rcParams["font.size"] == 33
    finally:
        mpl.rcParams["font.size"] = before["font.size"]
    two = only_map(atlas(), tmp_path, "two")
    assert one[0].read_bytes() == two[0].read_bytes()
    assert dict(mpl.rcParams) == before


def test_holes_and_several_parts_are_drawn_as_they_are(tmp_path):
    import geopandas
    from shapely.geometry import MultiPolygon, Polygon, box

    ring = Polygon(box(0, 0, 3000, 3000).exterior, [box(1000, 1000, 2000, 2000).exterior])
    places = geopandas.GeoDataFrame(
        {"value": [1.0, 5.0]},
        geometry=[ring, MultiPolygon([box(1200, 1200, 1800, 1800), box(4000, 0, 5000, 3000)])],
        index=["a", "b"],
        crs="EPSG:32642",
    ).rename_axis("place")
    made = theme(places["value"], "sequential", id="value", title="Value")
    image = pixels(only_map(replace(atlas(), places=places, themes=(made,), steps=(), label=""), tmp_path)[0])
    width = image.shape[1]
    first, second = (
        np.abs(image - [int(each.colour[at : at + 2], 16) for at in (1, 3, 5)]).max(axis=2) <= 1 for each in made.classes
    )
    assert first[:, : width // 2].sum() > 20_000
    assert second[:, : width // 2].sum() > 3_000  # the part inside the hole
    assert second[:, width // 2 :].sum() > 20_000


def test_vertices_that_print_as_one_are_one():
    import shapely

    angle = np.linspace(0, 2 * np.pi, 100_000)
    circle = np.array([shapely.Polygon(np.column_stack([np.cos(angle), np.sin(angle)]))])
    path = _shapes._path(circle, _frame.framed((-1.0, -1.0, 1.0, 1.0), 0, 0, 1, 1))
    assert 500 < len(path.vertices) < 4_000


def written_on_the_map(made):
    """Texts with a rim are outlines in the SVG, without their letters beside them."""
    from matplotlib.text import Text

    drawn = next(each for each in pictures(made) if each.kind == "map").draw()
    return [each.get_text() for each in drawn.figure.findobj(Text)]


def test_local_coordinates_have_neither_scale_nor_meridians(tmp_path):
    places = squares(crs=None).set_crs(LOCAL, allow_override=True)
    text = only_map(atlas(places), tmp_path)[1].read_text(encoding="utf-8")
    assert "<!-- 500 m -->" not in text
    assert "°" not in " ".join(written_on_the_map(atlas(places)))


def test_metres_have_a_scale_and_wide_maps_meridians(tmp_path):
    assert "<!-- 500 m -->" in only_map(atlas(), tmp_path)[1].read_text(encoding="utf-8")
    places = squares()
    wide = places.set_geometry(places.scale(500, 500, origin=(0, 0)).translate(0, 4_000_000), crs=places.crs)
    text = only_map(atlas(wide), tmp_path)[1].read_text(encoding="utf-8")
    assert " km -->" in text
    assert "°E" in " ".join(written_on_the_map(atlas(wide)))


def test_points_are_circles_over_nothing(tmp_path):
    places = squares(25)
    points = places.set_geometry(places.centroid)
    image = pixels(only_map(atlas(points), tmp_path)[0])
    assert has_colour(image, "#253494", least=50)
    assert (image == 255).all(axis=2).mean() > 0.8


def test_synthetic_data_and_notes_stand_on_every_picture(drawn):
    for path in drawn[1]:
        if path.suffix == ".svg":
            text = path.read_text(encoding="utf-8")
            assert "<!-- SYNTHETIC DATA -->" in text, path.name
            assert "Outlines are schematic" in text, path.name


def texts(made):
    with _paper.styled():
        return [each.get_text() for each in _maps.choropleth(made, made.themes[0]).paper.texts]


@pytest.mark.parametrize("unit", ["мг/м³", "t/baş", "mg"])
def test_units_keep_their_small_letters(unit):
    made = atlas()
    long = next(each for each in made.themes if each.kind == "sequential")
    for square in (made, replace(made, places=made.places.set_geometry(made.places.scale(1, 8, origin=(0, 0))))):
        on_paper = texts(replace(square, themes=(replace(long, unit=unit),)))
        assert sum(each.startswith(f"{unit}; natural breaks") for each in on_paper) == 1, on_paper
    assert any(each.startswith("Natural breaks") for each in texts(replace(made, themes=(replace(long, unit=""),))))
    surface = replace(made.surfaces["density"], unit=unit)
    with _paper.styled():
        drawn = _surface.surface_map(made, made.steps[-1], surface)
    assert unit in [each.get_text() for each in drawn.paper.texts]


@pytest.mark.parametrize("kind", ["coefficients", "impacts"])
def test_long_numbers_of_intervals_stay_on_the_paper(kind):
    made = atlas()
    if kind == "coefficients":
        rows = {"a long name of a term": (-6.6e-5, -8.1e-5, -5.1e-5), "x": (-123456789.25, -123456790.5, -123456788.0)}
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high"])
    else:
        names = [f"{name}{end}" for name in ("direct", "indirect", "total") for end in ("", "_low", "_high")]
        table = pd.DataFrame([[-6.6e-5, -8.1e-5, -5.1e-5] * 3], index=["population_density"], columns=names)
    with _paper.styled():
        drawn = _charts.intervals(made, made.steps[0], table, "words")
        figure = drawn.paper.figure
        figure.set_dpi(100)  # where letters are widest
        figure.canvas.draw()
        boxes = [each.get_window_extent() for axes in figure.axes for each in axes.texts]
    assert any("[−0.0000810, −0.0000510]" in each.get_text() for axes in figure.axes for each in axes.texts)
    assert min(each.x0 for each in boxes) >= 0
    assert max(each.x1 for each in boxes) <= figure.bbox.x1 - 4  # half the rim


def test_dollars_and_markup_are_only_letters(tmp_path):
    odd = replace(atlas().themes[0], title="$\\frac{1}{0}$ & <b>")
    made = replace(atlas(), themes=(odd,))
    assert {odd.title, HOSTILE, "50 $ & {R}_D % \\x"} <= set(texts(made))
    only_map(made, tmp_path)  # mathematics would have failed


def test_letters_the_font_does_not_have_are_told(tmp_path):
    places = squares()
    places["name"] = ["東京"] + [str(number) for number in range(15)]
    with pytest.warns(SpatialWarning, match="drawn as boxes"):
        only_map(atlas(places), tmp_path)


def test_a_crowd_of_polygons_is_pixels_in_the_svg(tmp_path):
    places = squares(5_184)
    columns = places[["income", "geometry"]]
    made = replace(atlas(), places=columns, themes=themes_of(columns, atlas().indicators[:1], ()), label="", steps=())
    svg = only_map(made, tmp_path)[1]
    assert "<image" in svg.read_text(encoding="utf-8")
    assert svg.stat().st_size < 1_000_000


def test_many_places_are_not_named():
    assert sum(text.startswith("Аудан") for text in texts(atlas(squares(20)))) == 17
    assert not any(text.startswith("Аудан") for text in texts(atlas(squares(25))))


def test_the_slope_of_the_scatterplot_is_morans_i():
    step = atlas().steps[0]
    slope = float((step.result.deviation * step.result.lag).sum() / (step.result.deviation**2).sum())
    assert _charts._scatter_words(slope, 16, step)[0].startswith("Slope of the line")
    exact = replace(step, result=replace(step.result, statistic=slope))
    assert _charts._scatter_words(slope, 16, exact)[0].startswith("Moran's I")


def test_a_tree_that_cannot_be_followed_is_left_out():
    step = atlas().steps[3]
    assert _tree.tree(atlas(), step, step.result.merges.iloc[:-1]) is None
    assert _tree.tree(atlas(), step, step.result.merges.assign(first="nobody")) is None


def test_branches_follow_the_names_of_their_members():
    import pandas as pd

    merges = pd.DataFrame(
        {"first": ["a", "a, b", "a, b, b, c and 1 more"], "second": ["b", "b, c", "d"], "height": [1.0, 2.0, 3.0]}
    )
    np.testing.assert_array_equal(_tree._pairs(merges, ["a", "b", "b, c", "d"]), [[0, 1], [4, 2], [5, 3]])


def test_long_texts_are_broken():
    lines = _paper.wrapped("word " * 50 + "x" * 300, 2.0, 7)
    assert all(_paper.measured(line, 7) <= 2.2 for line in lines)
    assert len(lines) == 8
    assert lines[-1].endswith("…")


def test_land_lies_below_points_and_is_all_on_the_paper(tmp_path):
    import geopandas
    from shapely.geometry import box

    areas = squares()
    west, south, east, north = areas.total_bounds
    wide = east - west
    land = geopandas.GeoDataFrame(geometry=[box(west - wide, south, east + wide, north)], index=["land"], crs=areas.crs)
    made = replace(atlas(areas.set_geometry(areas.centroid), graphs={}, steps=(), surfaces={}), outline=land.rename_axis("place"))
    bounds = _frame.bounds_of(made, made.places)
    assert bounds[0] < west - wide < east + wide < bounds[2]
    image = pixels(only_map(made, tmp_path)[0])
    assert has_colour(image, LAND, 20_000)
    bare = pixels(only_map(replace(made, outline=None), tmp_path, "bare")[0])
    assert not has_colour(bare, LAND, 1)


def test_a_surface_has_the_classes_of_the_map(drawn):
    surface = next(iter(atlas().surfaces.values()))
    image = pixels(next(path for path in drawn[1] if path.suffix == ".png" and "surface" in path.name))
    assert all(has_colour(image, each.colour) for each in surface_classes(surface) if each.count > 5)
