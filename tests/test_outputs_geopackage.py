"""The GeoPackage: what is in it, and that a reader gets back what was put in."""

import re
import sqlite3
import warnings
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from layered_atlas import AWKWARD_NAMES, COORDINATES, areas, awkward_atlas, label, parsed

from spatial.errors import OutputError, SpatialWarning
from spatial.outputs import geopackage, qgis_layers
from spatial.outputs.atlas import Atlas
from spatial.outputs.geopackage import links, write_geopackage
from spatial.outputs.qgis_layers import column_names, layers_of, storage_of
from spatial.outputs.qgis_styles import rules
from spatial.outputs.themes import class_numbers, theme


@pytest.fixture(scope="module")
def atlas():
    return awkward_atlas()


@pytest.fixture(scope="module")
def path(atlas, tmp_path_factory):
    made = tmp_path_factory.mktemp("layers") / "atlas.gpkg"
    write_geopackage(atlas, made)
    return made


def ask(path, question, *values):
    with closing(sqlite3.connect(path)) as file:
        return file.execute(question, values).fetchall()


def read(path, layer, **options):
    import geopandas

    return geopandas.read_file(path, layer=layer, **options)


def test_it_is_a_sound_geopackage_of_version_1_2(path):
    assert ask(path, "PRAGMA application_id") == [(int.from_bytes(b"GPKG", "big"),)]
    assert ask(path, "PRAGMA user_version") == [(10200,)]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert ask(path, "PRAGMA foreign_key_check") == []


def test_the_same_study_gives_the_same_bytes(atlas, path, tmp_path):
    again = tmp_path / "somewhere else" / "atlas.gpkg"
    again.parent.mkdir()
    write_geopackage(awkward_atlas(), again)
    assert again.read_bytes() == path.read_bytes()
    assert str(tmp_path).encode() not in again.read_bytes()
    assert ask(path, "SELECT DISTINCT last_change FROM gpkg_contents") == [("1980-01-01T00:00:00.000Z",)]


def test_places_come_back_with_every_column_and_value(atlas, path):
    back = read(path, "places").set_index("place")
    names = layers_of(atlas)[0].columns
    assert list(back.index) == list(atlas.places.index)
    assert back.crs.equals(atlas.places.crs)
    assert back.geometry.geom_equals(atlas.places.geometry).all()
    for old, new in names.items():
        if storage_of(atlas.places[old]) == "REAL":
            np.testing.assert_array_equal(back[new].to_numpy(dtype=float), atlas.places[old].to_numpy(dtype=float))
    assert back["имя"].equals(atlas.places["имя"].astype(back["имя"].dtype))
    assert back["text"].iloc[12] == "xy"  # a control character, which no style could name, is left out
    assert back["m_cluster"].isna().sum() == atlas.places["m_cluster"].isna().sum() == 9


def test_columns_keep_their_names_unless_they_cannot(atlas):
    names = layers_of(atlas)[0].columns
    kept = {old for old, new in names.items() if old == new}
    assert {"Доход", "a\"b'c", "value", "a|b", "select", "rtree_x", "имя"} <= kept
    assert {old: new for old, new in names.items() if old not in kept} == {
        "fid": "fid 2", "FID": "FID 3", "Geom": "Geom 2", "ROWID": "ROWID 2", "ogc_fid": "ogc_fid 2", "VALUE": "VALUE 2", "Place": "Place 2", "": "column",
    }  # fmt: skip
    assert len({new.casefold() for new in names.values()}) == len(AWKWARD_NAMES) + 5


def test_a_renamed_column_never_takes_the_name_of_another():
    assert column_names(["a 2", "A", "a"], set()) == {"a 2": "a 2", "A": "A", "a": "a 3"}


def test_each_map_is_a_layer_with_label_and_column_only(atlas, path):
    import pyogrio

    names = {name for name, kind in pyogrio.list_layers(path) if kind is not None}
    layers = {layer.name: layer for layer in layers_of(atlas)}
    assert names == set(layers)
    shown = {layer.theme.id: layer.name for layer in layers.values() if layer.theme}
    assert len(shown) == len(atlas.themes)
    assert shown["Доход"] == "Доход"
    assert shown["a|b"] == "a_b"  # a bar would cut the address of the layer
    back = read(path, "Доход")
    assert list(back.columns) == ["place", "Доход", "имя", "geometry"]
    np.testing.assert_array_equal(back["Доход"], atlas.places["Доход"])
    assert list(read(path, "people").columns) == ["point", "city", "people", "geometry"]


def test_every_layer_has_a_style_that_qgis_finds(atlas, path):
    geometry = dict(ask(path, "SELECT table_name, column_name FROM gpkg_geometry_columns"))
    rows = ask(
        path, "SELECT f_table_name, f_table_catalog, f_table_schema, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
    )
    assert {row[0] for row in rows} == set(geometry) == {layer.name for layer in layers_of(atlas)}
    for name, catalog, schema, column, default, style in rows:
        assert (catalog, schema, column, default) == ("", "", geometry[name], 1)
        assert not re.search(r"np\.|\bnan\b|\binf\b", style)
        parsed(style)


def test_styles_hold_the_classes_of_the_map_exactly(atlas, path):
    styles = dict(ask(path, "SELECT f_table_name, styleQML FROM layer_styles"))
    for layer in layers_of(atlas):
        if layer.theme is None:
            continue
        renderer = parsed(styles[layer.name]).find("renderer-v2")
        labels = [rule.get("label") for rule in renderer.iter("rule")]
        colours = [option.get("value") for option in renderer.iter("Option") if option.get("name") == "color"]
        assert labels == [label(each.label) for each in layer.theme.classes]
        assert [tuple(map(int, each.split(",")[:3])) for each in colours] == [
            tuple(bytes.fromhex(each.colour[1:])) for each in layer.theme.classes
        ]


def test_every_value_is_in_one_class_even_beside_a_bound():
    import pandas as pd

    values = np.array([-1e-7, 0.1, 0.2, 0.30000000000000004, 7.0, 1e22, np.nan] * 3 + list(np.linspace(0, 9, 30)))
    made = theme(pd.Series(values, name="x"), "sequential", id="x", title="x")
    bounds = [each.high for each in made.classes if each.high is not None]
    probes = [*values, *np.nextafter(bounds, -np.inf), *np.nextafter(bounds, np.inf)]
    conditions = rules(made, "x", "REAL")
    with closing(sqlite3.connect(":memory:")) as file:
        file.execute('CREATE TABLE t ("x" REAL)')
        for probe, number in zip(probes, class_numbers(made, pd.Series(probes)), strict=True):
            file.execute("DELETE FROM t")
            file.execute("INSERT INTO t VALUES (?)", [None if np.isnan(probe) else float(probe)])
            held = [
                position
                for position, rule in enumerate(conditions)
                if file.execute(f"SELECT count(*) FROM t WHERE {rule}").fetchone()[0]  # noqa: S608  (our own rules)
            ]
            assert held == [number]


def test_links_of_a_grid_are_the_sides_cells_share(grid):
    from libpysal.graph import Graph

    graph = Graph.build_contiguity(grid, rook=True).transform("r")
    drawn = links(grid, graph)
    assert len(drawn) == 48  # 24 sides, each in both directions
    assert (drawn.geometry.length == 1000).all()
    np.testing.assert_allclose(drawn.groupby("from")["weight"].sum(), 1)
    corner = drawn[drawn["from"] == "cell 00"]
    assert list(corner["to"]) == ["cell 01", "cell 04"]
    assert list(corner["weight"]) == [0.5, 0.5]
    shuffled = links(grid.sample(frac=1, random_state=1), graph)
    assert shuffled.equals(drawn)


def test_links_over_the_180th_meridian_go_the_short_way(tmp_path):
    import geopandas
    from shapely.geometry import box

    import spatial

    cells = [box(178, 60, 180, 62), box(-180, 60, -178, 62), box(176, 60, 178, 62)]
    places = geopandas.GeoDataFrame(geometry=cells, index=["east", "west", "far"], crs="EPSG:4326").rename_axis("place")
    drawn = links(places, spatial.contiguity(places)).set_index(["from", "to"]).geometry
    assert len(drawn) == 4
    np.testing.assert_allclose([line.length for line in drawn], 2, atol=0.1)
    assert drawn["east", "west"].bounds == (-180, 61, 180, 61)


def test_a_place_without_neighbours_has_no_line(grid):
    from libpysal.graph import Graph

    graph = Graph.from_arrays(["cell 00", "cell 01", "cell 15"], ["cell 01", "cell 00", "cell 15"], [1.0, 1.0, 0.0])
    assert len(links(grid, graph)) == 2
    alone = Graph.from_arrays(["cell 00", "cell 01"], ["cell 00", "cell 01"], [0.0, 0.0])
    assert len(links(grid, alone)) == 0
    assert alone.isolates.size == 2


def test_a_study_whose_graph_links_nothing_can_be_written(grid, tmp_path):
    from libpysal.graph import Graph

    alone = Graph.from_arrays(grid.index, grid.index, np.zeros(len(grid)))
    write_geopackage(Atlas(name="x", title="x", places=grid, graphs={"none": alone}), tmp_path / "x.gpkg")
    assert ask(tmp_path / "x.gpkg", 'SELECT count(*) FROM "links none"') == [(0,)]


def test_too_many_links_are_not_drawn_but_said(atlas, tmp_path, monkeypatch):
    monkeypatch.setattr(qgis_layers, "MOST_LINKS", 3)
    with pytest.warns(SpatialWarning, match="220 links"):
        write_geopackage(atlas, tmp_path / "atlas.gpkg")
    assert "links queen" not in [name for (name,) in ask(tmp_path / "atlas.gpkg", "SELECT table_name FROM gpkg_contents")]
    assert ask(tmp_path / "atlas.gpkg", "SELECT count(*) FROM notes WHERE note LIKE '%220 links%'") == [(1,)]


def test_tables_of_results_sources_and_notes(path):
    assert ask(path, "SELECT term, estimate, p FROM m_coefficients") == [("Intercept", 1.5, 0.1), ("INC", None, 1e-300)]
    assert ask(path, "SELECT key, place FROM ledger") == [("k00", "k00"), ("zz", None)]
    assert ask(path, "SELECT field, number, text FROM results") == [("statistic", 0.25, None), ("strongest", None, "k03")]
    assert ask(path, "SELECT title, licence FROM sources") == [("Natural Earth", "Public domain"), ("GeoNames", "CC BY 4.0")]
    said = [note for (note,) in ask(path, "SELECT note FROM notes")]
    assert {"Outlines are schematic.", "Population as of 2023.", "One key has no place.", "Two places have no value."} <= set(said)


def test_layers_say_that_they_are_synthetic_and_schematic(path):
    for (text,) in ask(path, "SELECT metadata FROM gpkg_metadata"):
        about = parsed(text)
        assert "SYNTHETIC" in about.findtext("abstract")
        assert "Outlines are schematic.\nPopulation as of 2023." in about.findtext("abstract")
        assert [each.text for each in about.findall("license")] == ["CC BY 4.0", "Public domain"]


@pytest.mark.parametrize("crs", COORDINATES.values(), ids=COORDINATES)
def test_coordinates_of_every_kind(crs, tmp_path):
    import pyproj

    places = areas(crs)
    write_geopackage(Atlas(name="x", title="x", places=places), tmp_path / "x.gpkg")
    number = ask(tmp_path / "x.gpkg", "SELECT srs_id FROM gpkg_geometry_columns")[0][0]
    expected = {"EPSG:32642": 32642, "EPSG:4326": 4326, COORDINATES["local"]: -1}.get(crs, 100_001)
    assert number == expected
    back = read(tmp_path / "x.gpkg", "places").crs
    assert back.is_engineering if expected == -1 else back.equals(pyproj.CRS(crs))


def test_single_and_multiple_outlines_share_a_layer(tmp_path, grid):
    import shapely

    shapes = grid.geometry.copy()
    shapes.iloc[0] = shapely.union(shapes.iloc[0], shapes.iloc[15])
    grid = grid.set_geometry(shapes)
    write_geopackage(Atlas(name="x", title="x", places=grid), tmp_path / "x.gpkg")
    assert ask(tmp_path / "x.gpkg", "SELECT geometry_type_name FROM gpkg_geometry_columns") == [("MULTIPOLYGON",)]
    back = read(tmp_path / "x.gpkg", "places")
    assert set(back.geom_type) == {"MultiPolygon"}
    assert back.geometry.geom_equals(grid.geometry.reset_index(drop=True)).all()


def test_a_window_is_read_through_the_index(path):
    assert len(read(path, "places", bbox=(10_000, 10_000, 20_000, 20_000))) == 1
    assert len(read(path, "Доход", bbox=(10_000, 10_000, 20_000, 20_000))) == 1


def test_a_layer_can_be_edited_and_the_index_follows(path, tmp_path):
    import geopandas
    import pyogrio
    from shapely.geometry import box

    copy = tmp_path / "copy.gpkg"
    copy.write_bytes(path.read_bytes())
    far = geopandas.GeoDataFrame({"place": ["new"]}, geometry=[box(5e6, 5e6, 6e6, 6e6)], crs=read(path, "places").crs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about columns that stay empty
        pyogrio.write_dataframe(far, copy, layer="places", append=True)
    assert list(read(copy, "places", bbox=(5.4e6, 5.4e6, 5.5e6, 5.5e6))["place"]) == ["new"]


def test_numbers_texts_and_truth_are_stored_as_such():
    import pandas as pd

    assert storage_of(pd.Series([1, 2])) == "INTEGER"
    assert storage_of(pd.Series([1, None], dtype="Int64")) == "INTEGER"
    assert storage_of(pd.Series([2**64 - 1], dtype="uint64")) == "REAL"
    assert storage_of(pd.Series([True, False])) == "BOOLEAN"
    assert storage_of(pd.Series(["a", None])) == "TEXT"
    assert storage_of(pd.Series(pd.to_datetime(["2020-01-01"]))) == "TEXT"
    assert storage_of(pd.Series([1.5, None], dtype=object)) == "REAL"
    assert storage_of(pd.Series([1, "a"], dtype=object)) == "TEXT"
    assert storage_of(pd.Series([10**30], dtype=object)) == "TEXT"
    assert storage_of(pd.Series([1, 2], dtype="category")) == "INTEGER"


def test_values_of_every_type_survive(tmp_path, grid):
    import pandas as pd

    few = grid.iloc[:3].copy()
    few["whole"] = pd.array([1, None, 2**62], dtype="Int64")
    few["truth"] = pd.array([True, None, False], dtype="boolean")
    few["kind"] = pd.Categorical(["a", None, "b"])
    few["level"] = pd.Categorical([1, None, 2])
    few["mixed"] = pd.Series([1, "a", None], dtype=object).to_numpy()
    few["day"] = pd.to_datetime(["2020-01-01", None, "2021-05-05"])
    few["half"] = ["\x00x", "\x0bx", "\ufffex"]
    write_geopackage(Atlas(name="x", title="x", places=few), tmp_path / "x.gpkg")
    rows = ask(tmp_path / "x.gpkg", "SELECT whole, truth, kind, level, mixed, day, half FROM places")
    assert rows == [
        (1, 1, "a", 1, "1", "2020-01-01 00:00:00", "x"),
        (None, None, None, None, "a", None, "x"),
        (2**62, 0, "b", 2, None, "2021-05-05 00:00:00", "x"),
    ]


def test_a_map_of_a_column_that_is_not_there(atlas, tmp_path):
    wrong = replace(atlas.themes[0], column="Дохд")
    with pytest.raises(OutputError, match="there is no column 'Дохд'. Did you mean 'Доход'"):
        write_geopackage(replace(atlas, themes=(wrong,)), tmp_path / "x.gpkg")
    with pytest.raises(OutputError, match="there is no layer 'citys'. Did you mean 'cities'"):
        write_geopackage(replace(atlas, themes=(replace(wrong, layer="citys"),)), tmp_path / "x.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(atlas, tmp_path):
    with pytest.raises(OutputError, match=r"atlas.gpkg: it cannot be written"):
        write_geopackage(atlas, tmp_path / "no" / "atlas.gpkg")


def test_the_old_file_stays_when_the_new_one_fails(atlas, tmp_path, monkeypatch):
    path = tmp_path / "atlas.gpkg"
    path.write_bytes(b"old")

    def broken(*_):
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(geopackage, "_write_styles", broken)
    with pytest.raises(OutputError, match="disk full"):
        write_geopackage(atlas, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
