"""The web map as a file: what is packed comes back, hostile text stays text, nothing points outside, bytes are equal."""

import base64
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from web_maps import HOSTILE, Moran, atlas_of, peak_surface, png_rows, two_classes, unpacked

from spatial.errors import OutputError, SpatialWarning
from spatial.outputs.atlas import Indicator, Source, Step
from spatial.outputs.surface_classes import ramp, surface_breaks
from spatial.outputs.themes import SEQUENTIAL, class_numbers
from spatial.outputs.web import assets, packing, pictures
from spatial.outputs.web.ground import ground_of, mercator
from spatial.outputs.web_map import page_of, web_map, write_map
from spatial.places import LOCAL


def numbers(data):
    found, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append(number)
            number = shift = 0
    return found


def signed(values):
    return [-(value + 1) // 2 if value % 2 else value // 2 for value in values]


def rings_back(streams, shapes):
    """Follow arcs and uses, one vertex after another: the slow and simple way round."""
    sizes, steps, uses, ring_sizes, shape_sizes = (numbers(stream) for stream in streams)
    vertices = np.cumsum(np.array(signed(steps)).reshape(-1, 2), axis=0).tolist()
    arcs, at = [], 0
    for size in sizes:
        arcs.append(vertices[at : at + size + 2])
        at += size + 2
    newest, use, ring, found = 0, 0, 0, []
    for shape in range(shapes):
        rings = []
        for _ in range(shape_sizes[shape]):
            path = []
            for _ in range(ring_sizes[ring] + 1):
                arc = newest - uses[use] // 2
                newest += arc == newest
                piece = arcs[arc][::-1] if uses[use] % 2 else arcs[arc]
                assert not path or path[-1] == piece[0]
                path += piece[1:] if path else piece
                use += 1
            assert path[0] == path[-1]
            rings.append(path)
            ring += 1
        found.append(rings)
    return found


def test_neighbours_share_their_border_and_every_polygon_comes_back(grid):
    import shapely

    shapes = np.asarray(grid.geometry.array)
    streams = packing.packed_polygons(shapes, (0.0, 0.0), 1000.0)
    back = rings_back(streams, 16)
    for shape, rings in zip(shapes, back, strict=True):
        assert shapely.Polygon(np.array(rings[0]) * 1000.0).equals(shape)
    # 40 edges of a 4 x 4 grid, those at the corners of the outline two by two
    assert len(numbers(streams[0])) == 40 - 4


def test_holes_islands_and_enclaves_come_back():
    import shapely

    hole = shapely.box(2, 2, 4, 4)
    shapes = np.array(
        [shapely.box(0, 0, 6, 6) - hole, hole, shapely.MultiPolygon([shapely.box(8, 0, 9, 1), shapely.box(8, 3, 9, 4)])]
    )
    streams = packing.packed_polygons(shapes, (0.0, 0.0), 1.0)
    back = rings_back(streams, 3)
    assert [len(rings) for rings in back] == [2, 1, 2]
    assert shapely.Polygon(back[0][0], back[0][1:]).equals(shapes[0])
    assert shapely.Polygon(back[1][0]).equals(hole)
    assert len(numbers(streams[0])) == 4  # the hole and what fills it are one arc


def test_a_place_smaller_than_the_grid_does_not_vanish():
    import shapely

    shapes = np.array([shapely.box(0, 0, 100, 100), shapely.box(50, 50, 50.1, 50.1)])
    back = rings_back(packing.packed_polygons(shapes, (0.0, 0.0), 10.0), 2)
    assert len(back[1]) == 1
    assert shapely.Polygon(back[1][0]).area > 0


def test_links_come_back():
    rows, columns = np.array([2, 0, 0, 2]), np.array([1, 2, 1, 0])
    counts, steps = (numbers(stream) for stream in packing.packed_links(rows, columns, 4))
    assert counts == [2, 0, 2, 0]
    assert signed(steps) == [1, 1, -2, 1]  # 0: 1, 2; 2: 0, 1


@pytest.mark.parametrize("value", [0, 127, 128, 16_383, 16_384, 2**31, 2**35 - 1])
def test_numbers_of_every_length_come_back(value):
    assert numbers(packing.variable_length(np.array([value, 5]))) == [value, 5]
    assert signed(numbers(packing.variable_length(packing.zigzag(np.array([-value // 2])))))[0] == -value // 2


def test_mercator_is_that_of_proj():
    from pyproj import Transformer

    degrees = np.array([[0.0, 0.0], [67.0, 48.0], [-179.0, -84.0], [180.0, 85.05]])
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(*degrees.T)
    metres = (mercator(degrees) - 128) / 128 * 20037508.342789244 * [1, -1]
    np.testing.assert_allclose(metres, np.column_stack([x, y]), atol=1e-6)


def test_the_same_atlas_gives_the_same_bytes(grid, tmp_path):
    for name in ("one.html", "two.html"):
        write_map(atlas_of(grid), tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_another_process_gives_the_same_bytes(grid, tmp_path):
    grid.to_parquet(tmp_path / "grid.parquet")
    write_map(atlas_of(grid), tmp_path / "here.html")
    script = (
        "import sys, geopandas; sys.path[:0] = sys.argv[1:3]; from pathlib import Path; import web_maps as t; from spatial.outputs.web_map import write_map;"
        "p = geopandas.read_parquet(Path(sys.argv[3]) / 'grid.parquet'); write_map(t.atlas_of(p), Path(sys.argv[3]) / 'there.html')"
    )
    from outside import ROOT

    command = [sys.executable, "-c", script, str(ROOT), str(ROOT / "tests"), str(tmp_path)]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "77", "PATH": ""})
    assert (tmp_path / "here.html").read_bytes() == (tmp_path / "there.html").read_bytes()


def test_classes_and_counts_are_those_of_the_theme(grid):
    grid.loc["cell 03", "value"] = np.nan
    atlas = atlas_of(grid)
    told, _ = unpacked(page_of(web_map(atlas)))
    theme = told["themes"][0]
    assert [(each["label"], each["colour"], each["count"]) for each in theme["classes"]] == [
        (each.label, each.colour, each.count) for each in atlas.themes[0].classes
    ]
    assert sum(each["count"] for each in theme["classes"]) == len(grid)
    assert theme["numbers"] == class_numbers(atlas.themes[0], grid["value"]).tolist()
    assert np.bincount(theme["numbers"]).tolist() == [each["count"] for each in theme["classes"]]
    assert theme["classes"][-1]["missing"]


def test_values_are_told_exactly(grid):
    atlas = atlas_of(grid, indicators=(Indicator(column="noise", title="Noise"),), themes=())
    told, _ = unpacked(page_of(web_map(atlas)))
    assert told["layers"][0]["columns"][0]["values"] == grid["noise"].tolist()


def test_hostile_text_stays_text(grid):
    grid["label"] = [*HOSTILE, *[f"cell {number}" for number in range(len(grid) - len(HOSTILE))]]
    source = Source(title=HOSTILE[0], origin=HOSTILE[1], licence=HOSTILE[2], notes=(HOSTILE[5],))
    page = page_of(
        web_map(atlas_of(grid, title=HOSTILE[1], description=HOSTILE[0], label="label", notes=(HOSTILE[5],), sources=(source,)))
    )
    assert page.count("<script") == 5  # folium's switches, data, Leaflet, runtime, start
    assert page.count("<noscript>") == page.count("</noscript>") == 1
    assert "<img src=x" not in page
    assert "49" not in re.search(r"<h1>.*?</h1>", page)[0]
    told, _ = unpacked(page)
    assert told["layers"][0]["names"][: len(HOSTILE)] == list(HOSTILE)


def test_nothing_points_outside_and_the_policy_names_every_script(grid):
    import hashlib

    page = page_of(web_map(atlas_of(grid)))
    assert not re.findall(
        r"<[^>]+(?:src|href|srcset|action)\s*=\s*[\"']?(?!data:|#|\")[^\s>]+",
        re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL),
    )
    assert "@import" not in page
    assert not re.findall(r"url\((?![\"']?(?:data:|#))", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL):
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert "user-scalable" not in page
    assert page.count('name="viewport"') == 1
    assert "Redistribution and use" in page


def test_it_is_a_folium_map_and_takes_layers_that_need_only_leaflet(grid):
    import folium

    made = web_map(atlas_of(grid))
    assert isinstance(made, folium.Map)
    folium.CircleMarker([0.01, 69.0], radius=4).add_to(made)
    assert "L.circleMarker" in page_of(made)


def test_a_layer_that_needs_the_network_is_refused(grid):
    from folium.plugins import Fullscreen

    made = web_map(atlas_of(grid))
    Fullscreen().add_to(made)
    with pytest.raises(OutputError, match=r"a layer needs https.*The map carries only Leaflet"):
        page_of(made)


def test_synthetic_data_is_said_in_the_title_and_notes_are_shown(grid):
    page = page_of(web_map(atlas_of(grid, synthetic=True, notes=("Outlines are schematic.",))))
    assert "<h1>A grid (SYNTHETIC)</h1>" in page
    assert "<li>Outlines are schematic.</li>" in page


def test_marks_stand_above_the_map_and_everything_else_behind_a_click(grid):
    notes = tuple(f"Note {number} " + "words " * 20 for number in range(4))
    marks = ("SYNTHETIC data: drawn by a program.", "Outlines are schematic.")
    text = "Five cities of Ms. Smith et al. (2024) in one table. What follows is long."
    atlas = atlas_of(grid, notes=notes, marks=marks, synthetic=True, description=text)
    page = page_of(web_map(atlas))
    above, below = page.split('<div class="map-box">')
    assert '<li class="alarm"><strong>SYNTHETIC</strong> data: drawn by a program.</li><li>Outlines are schematic.</li>' in above
    assert "Note 0" not in above
    details = re.search(r'<details id="about".*?</details>', below, re.DOTALL)[0]
    assert all(f"<li>{note.strip()}" in details for note in notes)
    assert "What follows is long." not in above
    assert text in details


def test_made_up_data_is_marked_even_without_a_mark(grid):
    assert "<strong>SYNTHETIC</strong>" in page_of(web_map(atlas_of(grid, synthetic=True)))
    assert "<strong>SYNTHETIC</strong>" not in page_of(web_map(atlas_of(grid)))


def test_land_lies_below_and_is_no_layer(grid):
    import geopandas
    import shapely

    land = geopandas.GeoDataFrame(geometry=[shapely.box(-2000, -2000, 6000, 6000)], index=["land"], crs=grid.crs)
    points = grid.set_geometry(grid.centroid)
    bare, _ = unpacked(page_of(web_map(atlas_of(points))))
    told, streams = unpacked(page_of(web_map(atlas_of(points, outline=land.rename_axis("place")))))
    assert bare["land"] == []
    assert [each["count"] for each in told["land"]] == [1]
    assert sum(told["land"][0]["streams"][-1]) <= len(streams)
    assert [each["id"] for each in told["layers"]] == ["places"]
    width = told["ground"]["bounds"][2] - told["ground"]["bounds"][0]
    assert width > 2 * (bare["ground"]["bounds"][2] - bare["ground"]["bounds"][0])  # all of the land is in view


def test_a_study_without_maps_still_shows_its_places(grid):
    told, _ = unpacked(page_of(web_map(atlas_of(grid, indicators=(), themes=()))))
    assert told["themes"][0]["numbers"] == [0] * 16


def test_local_coordinates_get_a_box_of_their_own(grid):
    places = grid.set_crs(LOCAL, allow_override=True)
    page = page_of(web_map(atlas_of(places)))
    told, _ = unpacked(page)
    assert told["ground"]["local"]
    assert told["ground"]["bounds"] == [0, 0, 256, 256]
    assert "no position on Earth" in page
    assert "L.CRS.Simple" in page


def test_local_places_and_points_on_earth_are_refused(grid):
    places = grid.set_crs(LOCAL, allow_override=True)
    with pytest.raises(OutputError, match="some layers are in local coordinates and some on Earth"):
        web_map(atlas_of(places, points={"towns": grid.set_geometry(grid.centroid)}))


def test_the_slope_of_the_plot_is_the_reported_statistic(grid):
    deviation = grid["value"] - grid["value"].mean()
    lag = deviation[::-1].set_axis(grid.index[::-1]) * 0.25
    slope = float((deviation * lag).sum() / (deviation**2).sum())
    result = Moran(operation="moran", options={"column": "value"}, observations=16, statistic=slope, deviation=deviation, lag=lag)
    told, _ = unpacked(page_of(web_map(atlas_of(grid, steps=(Step(id="moran", title="Moran", result=result),)))))
    scatter = told["scatters"][0]
    assert scatter["is_moran"]
    assert scatter["slope"] == pytest.approx(0.25)
    assert scatter["y"] == lag.reindex(grid.index).tolist()


def test_links_of_a_graph_in_another_order(grid):
    from libpysal.graph import Graph

    cells = np.arange(16).reshape(4, 4)
    one = np.concatenate([cells[:, :-1].ravel(), cells[:-1].ravel()])
    other = np.concatenate([cells[:, 1:].ravel(), cells[1:].ravel()])
    links = grid.index[np.concatenate([one, other])], grid.index[np.concatenate([other, one])]
    order = np.lexsort((links[1], links[0]))[::-1]
    turned = Graph.from_arrays(links[0][order], links[1][order], np.ones(len(order)))
    assert turned.unique_ids.tolist() == grid.index[::-1].tolist()
    told, streams = unpacked(page_of(web_map(atlas_of(grid, graphs={"rook": turned}))))
    at = told["graphs"][0]["streams"]
    counts, steps = (numbers(streams[start : start + size]) for start, size in at)
    neighbour = {}
    position = 0
    for place, count in enumerate(counts):
        other, found = place, set()
        for step in signed(steps[position : position + count]):
            other += step
            found.add(other)
        position += count
        neighbour[place] = found
    assert neighbour[0] == {1, 4}
    assert neighbour[5] == {1, 4, 6, 9}


@pytest.mark.parametrize(("longitude", "latitude"), [(52.0, 46.0), (67.0, 48.0), (83.0, 54.0)])
def test_a_peak_is_drawn_within_half_a_cell_of_where_it_is(longitude, latitude):
    import geopandas
    import shapely
    from pyproj import Transformer

    albers = "+proj=aea +lat_1=43 +lat_2=52 +lat_0=48 +lon_0=67 +datum=WGS84 +units=m"
    x, y = Transformer.from_crs(4326, albers, always_xy=True).transform(longitude, latitude)
    surface = peak_surface(albers, x, y)
    places = geopandas.GeoDataFrame(geometry=[shapely.box(46, 40, 88, 56)], index=["all"], crs=4326).rename_axis("place")
    drawn = pictures.picture(surface, ground_of(places))
    rows, palette, transparent = png_rows(drawn.png)
    spots = np.argwhere(rows == rows.max()) + 0.5
    left, top, right, bottom = drawn.bounds
    middle = spots.mean(axis=0) / rows.shape * (bottom - top, right - left) + (top, left)
    longitude_drawn = (middle[1] - 128) / 256 * 360
    latitude_drawn = np.degrees(np.arctan(np.sinh((128 - middle[0]) / 128 * np.pi)))
    back = Transformer.from_crs(4326, albers, always_xy=True).transform(longitude_drawn, latitude_drawn)
    assert np.hypot(back[0] - (x + 1_000), back[1] - (y - 700)) < 2_500
    assert transparent == b"\x00"
    assert rows[0, 0] == rows[-1, -1] == 0
    drawn_colours = {"#" + bytes(palette[number]).hex() for number in np.unique(rows[rows > 0])}
    assert drawn_colours == {each.colour for each in drawn.classes}


def test_classes_of_a_surface_are_round_numbers_and_count_its_cells():
    surface = peak_surface("EPSG:32642", 500_000, 5_000_000)
    breaks = surface_breaks(surface.values)
    assert breaks.tolist() == pytest.approx([0.2, 0.5, 1, 2, 5, 10, 20, 50])
    import geopandas
    import shapely

    places = geopandas.GeoDataFrame(geometry=[shapely.box(4e5, 4.9e6, 6e5, 5.1e6)], index=["all"], crs="EPSG:32642").rename_axis(
        "place"
    )
    drawn = pictures.picture(surface, ground_of(places))
    assert sum(each.count for each in drawn.classes) == int((surface.values > breaks[0]).sum())
    assert [each.label for each in drawn.classes][:3] == ["0.2 – 0.5", "0.5 – 1", "1 – 2"]


def test_the_ramp_keeps_the_ends_of_the_palette():
    assert ramp(5) == SEQUENTIAL
    assert ramp(8)[0] == SEQUENTIAL[0]
    assert ramp(8)[-1] == SEQUENTIAL[-1]
    assert len(set(ramp(8))) == 8


def test_without_leaflet_the_package_is_named(grid, monkeypatch, tmp_path):
    import importlib.metadata

    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(OutputError, match=r"XStatic-Leaflet is not installed.*pip install XStatic-Leaflet==1\.9\.3\.0"):
        write_map(atlas_of(grid), tmp_path / "map.html")
    assert not (tmp_path / "map.html").exists()


def test_an_exchanged_leaflet_is_refused(monkeypatch, tmp_path):
    (tmp_path / "leaflet.js").write_text("alert(1)")
    monkeypatch.setattr(assets, "_folder", lambda: tmp_path)
    with pytest.raises(OutputError, match="leaflet.js: the file hashes to"):
        assets.leaflet()


def test_a_language_it_does_not_speak_gives_english_and_a_warning(grid):
    with pytest.warns(SpatialWarning, match="does not speak 'xx' yet"):
        page = page_of(web_map(atlas_of(grid, language="xx")))
    assert '<html lang="en">' in page


def test_every_language_has_every_word():
    from spatial.outputs.web.words import ENGLISH, WORDS

    for words in WORDS.values():
        assert set(words) == set(ENGLISH)
        for key, text in words.items():
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", ENGLISH[key]))


def test_russian_numbers_have_a_comma(grid):
    told, _ = unpacked(page_of(web_map(atlas_of(grid, language="ru"))))
    assert told["words"]["decimal"] == ","
    assert "." not in told["themes"][0]["classes"][0]["label"]


def test_an_unwritable_path_is_an_error(grid, tmp_path):
    with pytest.raises(OutputError, match="the file cannot be written"):
        write_map(atlas_of(grid), tmp_path / "absent" / "map.html")


def test_many_places_get_a_still_picture_of_pixels():
    import geopandas
    import shapely

    cells = [shapely.box(column, row, column + 1, row + 1) for row in range(40) for column in range(60)]
    places = geopandas.GeoDataFrame(
        {"value": np.arange(2400) / 7}, geometry=cells, index=[f"c{n:04d}" for n in range(2400)], crs=4326
    )
    page = page_of(web_map(atlas_of(places.rename_axis("place"), themes=(two_classes(places),))))
    still = re.search(r"<noscript>.*?</noscript>", page, re.DOTALL)[0]
    rows, palette, _ = png_rows(base64.b64decode(re.search(r'src="data:image/png;base64,([^"]*)"', still)[1]))
    assert {"#" + bytes(palette[number]).hex() for number in np.unique(rows)} == {"#ff0000", "#0000ff"}
    assert rows[-1, 0] == 1  # the first class lies in the south
    assert rows[0, 0] == 2
    assert "The first 300 of 2400 places." in still


def explored(places):
    """A study with one step of every kind that has a chart."""
    from libpysal.graph import Graph

    import spatial
    from spatial.results import columns_of

    names = places.index
    graph = Graph.from_arrays(np.r_[names[:-1], names[1:]], np.r_[names[1:], names[:-1]], np.ones(2 * len(names) - 2))
    columns = ["value", "noise"]
    steps = (
        Step(id="links", title="Neighbours", result=spatial.connectivity(places, graph), graph="chain"),
        Step(id="reach", title="Reach", result=spatial.correlogram(places, graph, column="noise", steps=3), graph="chain"),
        Step(id="moran", title="Moran", result=spatial.moran(places, graph, column="noise"), graph="chain"),
        Step(id="ward", title="Ward", result=spatial.ward(places, columns=columns, k=3, resamples=0)),
        Step(id="ols", title="OLS", result=spatial.ols(places, graph, formula="value ~ noise"), graph="chain"),
    )
    filled = places.assign(
        **{name: values for step in steps for name, values in columns_of(step.id, step.result, places.index).items()}
    )
    return atlas_of(filled, steps=steps, graphs={"chain": graph}, titles={"noise": "Noise"})


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_holds_the_numbers_of_every_chart(grid, language):
    atlas = replace(explored(grid), language=language)
    content, _ = unpacked(page_of(web_map(atlas)))
    charts = {each["kind"]: each for each in content["charts"]}
    assert list(charts) == ["histogram", "correlogram", "tree", "profiles", "choice", "intervals"]
    links, reach, _, ward, ols = (step.result for step in atlas.steps)
    assert dict(zip(charts["histogram"]["numbers"], charts["histogram"]["counts"], strict=True)) == {1: 2, 2: 14}
    assert charts["histogram"]["caption"].startswith("Neighbours: places by number of neighbours (n = 16")
    assert charts["correlogram"]["statistic"] == reach.table["statistic"].tolist()
    assert charts["correlogram"]["out"] == (reach.table["p_adjusted"] <= 0.05).tolist()
    tree = charts["tree"]
    assert sorted(tree["leaves"]) == [[place] for place in range(16)]
    assert len(charts["tree"]["words"]) == 2
    assert tree["heights"][16:] == ward.merges["height"].tolist()
    assert tree["groups"] == 3
    colours = {each.value: each.colour for each in next(one for one in atlas.themes if one.step == "ward").classes}
    assert [tree["colours"][leaf] for leaf in range(16)] == [colours[ward.cluster.iloc[place]] for (place,) in tree["leaves"]]
    np.testing.assert_allclose(np.array(charts["profiles"]["values"]).T, ward.profile_standardised.to_numpy())
    assert charts["profiles"]["columns"] == ["value", "Noise"]
    assert charts["choice"]["numbers"] == ward.choice.index.tolist()
    assert charts["choice"]["values"][0] == ward.choice["silhouette"].tolist()
    assert charts["choice"]["used"] == 3
    first = charts["intervals"]["rows"][1]
    assert first["name"] == "noise"
    assert first["numbers"] == ols.coefficients.loc["noise", ["estimate", "low", "high"]].tolist()
    assert ("," in first["text"].split("  ")[0]) == (language == "ru")
    assert links.histogram is not None


def many_grouped():
    """A study of so many places that only the top of their tree is drawn."""
    import geopandas
    from shapely import box

    import spatial
    from spatial.results import columns_of

    cells = [box(60 + x / 10, 45 + y / 10, 60.1 + x / 10, 45.1 + y / 10) for y in range(20) for x in range(20)]
    table = {"value": np.arange(400) / 7, "noise": np.random.default_rng(4).normal(size=400)}
    places = geopandas.GeoDataFrame(table, geometry=cells, index=[f"place {n:03d}" for n in range(400)], crs=4326)
    places = places.rename_axis("place")
    step = Step(id="ward", title="Ward", result=spatial.ward(places, columns=["value", "noise"], k=5, resamples=0))
    return atlas_of(places.assign(**columns_of("ward", step.result, places.index)), steps=(step,))


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Only the top is drawn: the last 59 of 399 joinings."), ("ru", "последние объединения: 59 из 399.")],
)
def test_the_page_holds_the_top_of_a_large_tree(language, told):
    atlas = replace(many_grouped(), language=language)
    content, _ = unpacked(page_of(web_map(atlas)))
    tree = next(each for each in content["charts"] if each["kind"] == "tree")
    assert sorted(place for leaf in tree["leaves"] for place in leaf) == list(range(400))
    assert len(tree["leaves"]) == 60
    assert tree["heights"][60:] == atlas.steps[0].result.merges["height"].tolist()[-59:]
    assert told in tree["words"][-1]
    assert "the last 59 of 399 joinings" in tree["caption"]
    groups = atlas.steps[0].result.cluster
    for leaf, colour in zip(tree["leaves"], tree["colours"], strict=False):
        assert len(set(groups.iloc[leaf])) == 1
        assert colour is not None


def test_a_study_of_a_graph_has_a_map_of_it(grid):
    content, _ = unpacked(page_of(web_map(explored(grid))))
    shown = [each for each in content["themes"] if each["links"]]
    assert [(each["id"], each["step"], each["graph"]) for each in shown] == [("links_neighbours", "links", "chain")]
    assert [(each["label"], each["count"]) for each in shown[0]["classes"]] == [("1", 2), ("2", 14)]
    assert [each["id"] for each in content["themes"]].index("links_neighbours") == 1  # after the indicator, before what follows
    assert "links_neighbours" in [each["id"] for each in content["layers"][0]["columns"]]


def test_the_scatterplot_tells_n_and_p_and_who_moves_it(grid):
    atlas = explored(grid)
    result = atlas.steps[2].result
    content, _ = unpacked(page_of(web_map(atlas)))
    (scatter,) = content["scatters"]
    assert scatter["n"] == 16
    assert scatter["p"] == f"p (permutation) = {result.p_permutation:.3f}"
    marked = set(np.flatnonzero(result.influence["influential"].reindex(grid.index) > 0).tolist())
    assert set(scatter["rings"]) <= marked
    assert len(scatter["rings"]) == min(5, len(marked))


def paired(grid):
    """A study whose value is compared with the noise at the neighbours, and whose noise with itself as well."""
    import spatial

    atlas = explored(grid)
    graph = atlas.graphs["chain"].transform("r")
    value, noise = (
        spatial.bivariate_moran(grid, graph, column=one, second=other) for one, other in (("value", "noise"), ("noise", "value"))
    )
    first = Step(id="of_noise", title="Noise and value", result=noise, graph="chain")
    last = Step(id="of_value", title="Value and noise", result=value, graph="chain")
    return replace(atlas, steps=(first, *atlas.steps, last))


def test_a_scatterplot_of_two_columns_is_told_from_that_of_one(grid):
    content, _ = unpacked(page_of(web_map(paired(grid))))
    scatters = {each["step"]: each for each in content["scatters"]}
    assert {name: (each["column"], each["name"], each["second"]) for name, each in scatters.items()} == {
        "of_noise": ("noise", "Noise", "Value"),
        "moran": ("noise", "Noise", None),
        "of_value": ("value", "Value", "Noise"),
    }
    assert {each["graph"] for each in scatters.values()} == {None}  # there is but one
    assert scatters["of_value"]["slope"] == pytest.approx(paired(grid).steps[-1].result.statistic)


def test_scatterplots_of_a_column_in_several_graphs_name_theirs(grid):
    atlas = explored(grid)
    again = replace(atlas.steps[2], id="again", graph="other")
    content, _ = unpacked(page_of(web_map(replace(atlas, steps=(*atlas.steps, again)))))
    assert [each["graph"] for each in content["scatters"]] == ["chain", "other"]


def test_rates_have_no_scatterplot_on_the_map_of_a_column(grid):
    import spatial

    atlas = explored(grid)
    counted = grid.assign(people=100.0, value=np.round(grid["value"] - grid["value"].min()))
    result = spatial.rate_moran(counted, atlas.graphs["chain"], events="value", population="people")
    content, _ = unpacked(page_of(web_map(replace(atlas, steps=(Step(id="rates", title="Rates", result=result, graph="chain"),)))))
    assert content["scatters"] == []


@pytest.mark.parametrize(("language", "words"), [("en", "in the colours of the map of Ward"), ("ru", "в цветах карты «Ward»")])
def test_a_chart_says_whose_colours_it_has(grid, language, words):
    content, _ = unpacked(page_of(web_map(replace(explored(grid), language=language))))
    coloured = [each["kind"] for each in content["charts"] if words in " ".join(each["words"])]
    assert coloured == ["tree", "profiles"]


def test_charts_of_one_title_are_told_apart_by_their_steps(grid):
    atlas = explored(grid)
    links = atlas.steps[0]
    told, _ = unpacked(page_of(web_map(replace(atlas, steps=(links, replace(links, id="queen", title="Queen"))))))
    title = told["charts"][0]["title"]
    assert [each["label"] for each in told["charts"]] == [f"{title}: Neighbours", f"{title}: Queen"]
    told, _ = unpacked(page_of(web_map(replace(atlas, steps=(links, replace(links, id="queen"))))))
    assert [each["label"] for each in told["charts"]] == [f"{title}: Neighbours (links)", f"{title}: Neighbours (queen)"]
    told, _ = unpacked(page_of(web_map(atlas)))
    assert [each["label"] for each in told["charts"]] == [each["title"] for each in told["charts"]]


def test_sources_are_called_by_their_titles(grid):
    page = page_of(web_map(atlas_of(grid, sources=(Source(title="shares.csv", origin="Survey of 2019, Table 2"),))))
    assert "<cite>Survey of 2019, Table 2</cite>. shares.csv" in page
