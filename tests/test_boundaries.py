"""Geometry -> places: every kind of source, the key, the reference system, repairs, and what is refused."""

import functools
import http.server
import shutil
import threading
from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon, box

from spatial.boundaries import fitted_crs, read_places
from spatial.errors import DataError, SpatialWarning, StudyError
from spatial.indicators import read_table
from spatial.places import LOCAL, checked, is_local
from spatial.weights import contiguity


@pytest.fixture
def squares():
    """Four squares of 10 km side by side near the middle of Kazakhstan, in metres."""
    cells = [box(500_000 + 10_000 * step, 5_400_000, 510_000 + 10_000 * step, 5_410_000) for step in range(4)]
    return geopandas.GeoDataFrame({"code": ["01", "02", "03", "04"], "people": [10, 20, 30, 40]}, geometry=cells, crs="EPSG:32642")


@pytest.fixture
def file(squares, tmp_path):
    """The squares as a GeoPackage."""
    path = tmp_path / "squares.gpkg"
    squares.to_file(path, layer="cells")
    return path


# ---------------------------------------------------------------- sources


@pytest.mark.parametrize(
    ("suffix", "driver"), [("gpkg", "GPKG"), ("shp", "ESRI Shapefile"), ("geojson", "GeoJSON"), ("fgb", "FlatGeobuf")]
)
def test_every_vector_format_gives_the_same_places(squares, tmp_path, suffix, driver):
    path = tmp_path / f"squares.{suffix}"
    table = squares.to_crs("EPSG:4326") if suffix == "geojson" else squares
    table.to_file(path, driver=driver)
    places = read_places(path, key="code", crs="EPSG:32642")
    assert sorted(places.index) == ["01", "02", "03", "04"]
    assert places.index.name == "place"
    assert places.loc["03", "people"] == 30
    np.testing.assert_allclose(places.area, 1e8, rtol=1e-9)
    checked(places)


def test_parquet_with_geometry_and_with_columns_of_coordinates(squares, tmp_path):
    squares.to_parquet(tmp_path / "squares.parquet")
    assert list(read_places(tmp_path / "squares.parquet", key="code").index) == ["01", "02", "03", "04"]
    squares.drop(columns="geometry").assign(lon=[70.0, 71.0, 72.0, 73.0], lat=48.0).to_parquet(tmp_path / "points.parquet")
    assert set(read_places(tmp_path / "points.parquet", key="code").geom_type) == {"Point"}


def test_zipped_shapefile(squares, tmp_path):
    folder = tmp_path / "shape"
    folder.mkdir()
    squares.to_file(folder / "squares.shp")
    packed = shutil.make_archive(str(tmp_path / "squares"), "zip", folder)
    assert list(read_places(packed, key="code").index) == ["01", "02", "03", "04"]


@pytest.mark.parametrize(("encoding", "told"), [("cp1251", True), ("utf-8", False)])
@pytest.mark.parametrize("packed", [False, True])
def test_a_shapefile_that_does_not_state_its_letters(squares, tmp_path, encoding, told, packed):
    folder = tmp_path / "shape"
    folder.mkdir()
    names = ["Алматы қаласы", "Абай", "Жетісу", "Шымкент"] if encoding == "utf-8" else ["Алматы", "Абай", "Астана", "Шымкент"]
    squares.assign(имя=names).drop(columns="code").to_file(folder / "cells.shp", encoding=encoding)
    (folder / "cells.cpg").unlink()
    path = Path(shutil.make_archive(str(tmp_path / "cells"), "zip", folder)) if packed else folder / "cells.shp"
    if told:
        with pytest.warns(SpatialWarning, match="Windows Cyrillic"):
            places = read_places(path, key="имя")
    else:
        places = read_places(path, key="имя")
    assert list(places.index) == names
    assert list(read_table(path)["имя"]) == names


def test_a_shapefile_with_west_european_letters_is_left_to_gdal(squares, tmp_path):
    squares.assign(name=["Köln", "Århus", "Málaga", "Oslo"]).to_file(tmp_path / "cells.shp", encoding="ISO-8859-1")
    (tmp_path / "cells.cpg").unlink()
    assert list(read_places(tmp_path / "cells.shp", key="name").index) == ["Köln", "Århus", "Málaga", "Oslo"]


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16"])
def test_a_table_of_points_from_a_spreadsheet_of_windows(tmp_path, encoding):
    path = tmp_path / "towns.csv"
    path.write_text("город;долгота;широта\nАктау;51,17;43,66\nАлматы;76,95;43,25\n", encoding=encoding)
    with pytest.warns(SpatialWarning) as told:
        places = read_places(path, key="город", crs="EPSG:4326")
    assert any("cp1251" in str(each.message) for each in told) == (encoding == "cp1251")
    assert list(places.index) == ["Актау", "Алматы"]
    assert places.geometry["Актау"].x == 51.17


def test_a_table_of_points_keeps_codes_with_leading_zeros(tmp_path):
    path = tmp_path / "towns.csv"
    path.write_text("code,Longitude,Latitude,people\n01,70.5,48.25,1000\n02,71.5,49.25,\n", encoding="utf-8-sig")
    places = read_places(path, key="code", crs="EPSG:4326")
    assert list(places.index) == ["01", "02"]
    assert (places.geometry["01"].x, places.geometry["01"].y) == (70.5, 48.25)
    assert places.loc["01", "people"] == 1000
    assert np.isnan(places.loc["02", "people"])


def test_a_table_with_tabs_and_decimal_commas_says_so(tmp_path):
    path = tmp_path / "towns.tsv"
    path.write_text("name\tlat\tlon\nA\t48,25\t70,5\nB\t49,25\t71,5\n", encoding="utf-8")
    with pytest.warns(SpatialWarning, match="decimal commas"):
        places = read_places(path, key="name", crs="EPSG:4326")
    assert (places.geometry["A"].x, places.geometry["A"].y) == (70.5, 48.25)


def test_x_and_y_need_a_reference_system(tmp_path):
    path = tmp_path / "towns.csv"
    path.write_text("name,x,y\nA,500000,5400000\nB,510000,5400000\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"towns.csv: the coordinates have no reference system \(CRS\).*x from 500000 to 510000"):
        read_places(path, key="name")
    places = read_places(path, key="name", crs="EPSG:32642")
    assert places.geometry["B"].x == 510_000
    assert places.crs == "EPSG:32642"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,a,b\nA,1,2\n", r"no columns of coordinates among 'name', 'a', 'b'"),
        ("name,lon,lat\nA,70.5,48\nB,seventy,48\n", r"1 coordinate in 'lon' is no number: 'row 2: seventy'"),
        ("", "cannot be read as a table"),
        ("name,lon,lat\nA,,48\nB,70,48\n", "1 place has no geometry: 'A'"),
    ],
)
def test_tables_of_points_that_cannot_be_used(tmp_path, text, message):
    path = tmp_path / "towns.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_places(path, key="name")


def test_letters_that_are_not_utf8(tmp_path):
    path = tmp_path / "towns.csv"
    path.write_bytes("name,lon,lat\nKøbenhavn,12.6,55.7\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        read_places(path, key="name")


def test_one_of_several_layers_must_be_chosen(squares, file):
    squares.to_file(file, layer="other")
    with pytest.raises(DataError, match=r"squares.gpkg: there are 2 layers: 'cells', 'other'.*squares.gpkg::cells"):
        read_places(file, key="code")
    assert len(read_places(f"{file}::other", key="code")) == 4
    assert len(read_places(file, "cells", "code")) == 4
    with pytest.raises(DataError, match=r"no layer 'cell'\. Did you mean 'cells'\?"):
        read_places(file, "cell", "code")


def test_styles_and_tables_are_no_layers(squares, file):
    import sqlite3

    with sqlite3.connect(file) as base:
        base.execute("CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, styleQML TEXT)")
        base.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        for name in ("layer_styles", "notes"):
            base.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)", (name, name))
    base.close()
    assert len(read_places(file, key="code")) == 4
    with pytest.raises(DataError, match="no geometries in it"):
        read_places(file, "notes", "code")


@pytest.mark.parametrize(
    "content", [b"", b"nothing at all", b"SQLite format 3\0junk", b'{"type": "FeatureCollection", "features": [']
)
def test_files_that_are_none(tmp_path, content):
    for name in ("broken.gpkg", "broken.geojson", "broken.parquet"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DataError, match=name) as error:
            read_places(path, key="code")
        assert str(tmp_path) not in str(error.value)


def test_no_such_file():
    with pytest.raises(DataError, match=r"towns\.gpkg: there is no such file"):
        read_places("towns.gpkg", key="code")
    with pytest.raises(StudyError, match=r"there is no pack 'kazakhstan/region-20'\. Did you mean 'kazakhstan/regions-20'\?"):
        read_places("kazakhstan/region-20")
    with pytest.raises(DataError, match="a dict was given"):
        read_places({})


# ---------------------------------------------------------------- addresses and databases


@pytest.fixture
def server(tmp_path):
    """A web server on this machine that gives out the files of a folder."""
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_an_address_is_fetched(server, file):
    places = read_places(f"{server}/{file.name}?token=secret", key="code")
    assert list(places.index) == ["01", "02", "03", "04"]


def test_an_address_that_does_not_answer(server, tmp_path):
    with pytest.raises(DataError, match=r"127\.0\.0\.1.*could not be fetched \(404 File not found\)") as error:
        read_places(f"{server}/absent.gpkg?token=secret", key="code")
    assert "secret" not in str(error.value)
    (tmp_path / "empty.gpkg").write_bytes(b"")
    with pytest.raises(DataError, match="the answer is empty"):
        read_places(f"{server}/empty.gpkg", key="code")
    (tmp_path / "page.gpkg").write_text("<html>not found</html>", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read as a file of geometries"):
        read_places(f"{server}/page.gpkg", key="code")
    with pytest.raises(DataError, match="could not be fetched"):
        read_places("http://127.0.0.1:9/x.gpkg", key="code")


def test_a_database_without_its_packages(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(DataError, match=r"pip install .*spatial-econometrics\[database\]"):
        read_places("postgresql://me:secret@localhost/base?table=towns", key="code")


def test_a_database_that_does_not_answer_keeps_the_password():
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg")
    with pytest.raises(DataError, match=r"postgresql://localhost:9/base table public\.towns: the database says") as error:
        read_places("postgresql://me:secret@localhost:9/base?table=towns", key="code")
    assert "secret" not in str(error.value)
    with pytest.raises(DataError, match="no table is named"):
        read_places("postgresql://me:secret@localhost:9/base", key="code")


# ---------------------------------------------------------------- keys


def test_without_a_key_the_candidates_are_named(squares):
    with pytest.raises(
        DataError, match=r"places: no key is chosen\. These columns have one value for each of the 4 rows: 'code', 'people'"
    ):
        read_places(squares)
    with pytest.raises(DataError, match="No column has one value for each of the 4 rows; the columns are 'code'"):
        read_places(squares[["geometry"]].assign(code="same"))
    with pytest.raises(DataError, match=r"there is no column 'cod'\. Did you mean 'code'\?"):
        read_places(squares, key="cod")


def test_the_named_index_of_a_table_serves(squares):
    assert list(read_places(squares.set_index("code")).index) == ["01", "02", "03", "04"]
    again = read_places(squares, key="code")
    assert list(read_places(again).index) == ["01", "02", "03", "04"]
    assert "code" in again.columns


def test_keys_become_text(squares):
    assert list(read_places(squares.assign(code=[1, 2, 3, 4]), key="code").index) == ["1", "2", "3", "4"]
    assert list(read_places(squares.assign(code=[1.0, 2.0, 3.0, 4.5]), key="code").index) == ["1", "2", "3", "4.5"]
    assert list(read_places(squares.assign(code=[" a", "b ", "c", "d"]), key="code").index) == ["a", "b", "c", "d"]


def test_double_and_absent_keys_are_named_by_row(squares):
    with pytest.raises(DataError, match=r"1 key in 'code' more than once: 'a \(rows 1, 3\)'"):
        read_places(squares.assign(code=["a", "b", "a", "c"]), key="code")
    with pytest.raises(DataError, match=r"2 of 4 rows have no key in 'code': rows 2, 4"):
        read_places(squares.assign(code=["a", None, "c", " "]), key="code")


def test_columns_with_a_meaning_of_their_own_are_renamed(squares):
    table = squares.rename_geometry("shape").assign(geometry=1, place="town")
    with pytest.warns(SpatialWarning, match="is now called") as told:
        places = read_places(table, key="code")
    assert len(told) == 2
    assert list(places.columns) == ["code", "people", "geometry", "geometry_1", "place_1"]
    assert list(places.reset_index()["place"]) == ["01", "02", "03", "04"]


# ---------------------------------------------------------------- reference systems


def test_metres_stay_as_they_are(squares):
    assert read_places(squares, key="code").crs == squares.crs


def test_degrees_become_equal_areas_in_metres(squares):
    geodesic = pyproj.Geod(ellps="WGS84")
    degrees = squares.to_crs("EPSG:4326")
    places = read_places(degrees, key="code")
    assert places.crs.is_projected
    assert places.crs.axis_info[0].unit_name == "metre"
    true = [abs(geodesic.geometry_area_perimeter(shape.segmentize(0.001))[0]) for shape in degrees.geometry]
    np.testing.assert_allclose(places.area, true, rtol=1e-6)


def test_degrees_stay_when_asked(squares):
    assert read_places(squares, key="code", crs="EPSG:4326").crs == "EPSG:4326"


def test_feet_and_web_mercator_are_projected_and_said(squares):
    with pytest.warns(SpatialWarning, match="is not in metres"):
        places = read_places(
            squares.to_crs("EPSG:4326").assign(geometry=lambda t: t.translate(-143, -7)).to_crs("EPSG:2263"), key="code"
        )
    assert "Equal-area" in places.crs.name
    with pytest.warns(SpatialWarning, match="Web Mercator"):
        places = read_places(squares.to_crs("EPSG:3857"), key="code")
    np.testing.assert_allclose(places.area, squares.area, rtol=2e-3)
    assert read_places(squares.to_crs("EPSG:3857"), key="code", crs="EPSG:3857").crs == "EPSG:3857"


def test_without_a_reference_system_it_must_be_stated(squares, tmp_path):
    bare = squares.set_crs(None, allow_override=True)
    with pytest.raises(DataError, match="have no reference system"):
        read_places(bare, key="code")
    assert read_places(bare, key="code", crs="EPSG:32642").crs == "EPSG:32642"
    local = read_places(bare, key="code", crs="local")
    assert is_local(local)
    assert local.crs == pyproj.CRS(LOCAL)
    local.to_file(tmp_path / "local.gpkg")
    assert read_places(tmp_path / "local.gpkg").crs == pyproj.CRS(LOCAL)


def test_local_sets_a_stated_system_aside_and_says_so(squares):
    with pytest.warns(SpatialWarning, match="is set aside"):
        assert is_local(read_places(squares, key="code", crs="local"))


def test_an_undefined_system_in_a_geopackage_is_none(squares, tmp_path):
    import sqlite3

    squares.to_file(tmp_path / "squares.gpkg")
    for number, degrees in ((-1, False), (0, True)):
        with sqlite3.connect(tmp_path / "squares.gpkg") as base:
            for table in ("gpkg_contents", "gpkg_geometry_columns"):
                base.execute(f"UPDATE {table} SET srs_id = ?", (number,))  # noqa: S608  (two names of our own)
        base.close()
        with pytest.raises(DataError, match="have no reference system"):
            read_places(tmp_path / "squares.gpkg", key="code")
        assert read_places(tmp_path / "squares.gpkg", key="code", crs="EPSG:32642").crs == "EPSG:32642", degrees


def test_coordinates_that_cannot_be_what_they_are_said_to_be(squares):
    metres = squares.set_crs("EPSG:4326", allow_override=True)
    with pytest.raises(DataError, match="cannot be degrees of latitude and longitude: these look like metres or feet"):
        read_places(metres, key="code")
    with pytest.warns(SpatialWarning, match="They are taken as 'WGS 84 / UTM zone 42N', as stated"):
        assert read_places(metres, key="code", crs="EPSG:32642").area.iloc[0] == 1e8
    degrees = squares.to_crs("EPSG:4326").set_crs("EPSG:32642", allow_override=True)
    with pytest.raises(DataError, match="look like degrees, but the reference system is projected"):
        read_places(degrees, key="code")
    with pytest.raises(DataError, match="crs = 'EPSG:999999' is not known"):
        read_places(squares, key="code", crs="EPSG:999999")


def test_swapped_coordinates_are_seen():
    east = geopandas.GeoDataFrame({"code": ["a", "b"]}, geometry=[Point(10, 100), Point(20, 150)], crs="EPSG:4326")
    with pytest.raises(DataError, match="longitude and latitude seem to be swapped"):
        read_places(east, key="code")
    regions = read_places("kazakhstan/regions-16", crs="EPSG:4326")
    turned = regions.set_geometry(shapely.transform(regions.geometry.array, lambda pairs: pairs[:, ::-1]), crs="EPSG:4326")
    with pytest.raises(DataError, match="with x for y the 16 rows lie in Kazakhstan and fill it"):
        read_places(turned)
    with pytest.raises(DataError, match="swapped"):
        read_places(turned, crs="EPSG:32642")
    assert len(read_places(turned, crs="EPSG:4326")) == 16  # whoever states degrees means them


def test_places_in_the_steppe_of_the_don_are_not_taken_for_swapped_ones():
    table = geopandas.GeoDataFrame(
        {"code": list("abcd")}, geometry=[Point(38.3, 46.0), Point(44.2, 50.1), Point(41, 47), Point(40, 49)], crs="EPSG:4326"
    )
    assert len(read_places(table, key="code")) == 4


@pytest.mark.parametrize(
    ("extent", "name"),
    [
        ((46.5, 40.6, 87.3, 55.4), "Equal-area cone (Albers, parallels 43 and 53, centre 48 67)"),
        ((44.8, 38.4, 50.6, 41.9), "Equal-area disc (Lambert, centre 40 48)"),
        ((-125, 25, -67, 49), "Equal-area cone (Albers, parallels 29 and 45, centre 37 -96)"),
        ((-17.5, -35, 51.4, 37.3), "Equal-area disc (Lambert, centre 1 17)"),
        ((19.6, 41.2, -169, 81.9), "Equal-area cone (Albers, parallels 48 and 75, centre 62 105)"),
        ((177, -21, -178, -12), "Equal-area disc (Lambert, centre -16 -180)"),
        ((-180, -90, 180, -60), "Equal-area disc (Lambert, centre -90 0)"),
        ((-180, 60, 180, 90), "Equal-area disc (Lambert, centre 90 0)"),
        ((-180, -56, 180, 84), "Equal Earth (centre 0)"),
    ],
)
def test_the_fitted_system(extent, name):
    crs = fitted_crs(extent)
    assert crs.name == name
    assert crs.is_projected
    assert {axis.unit_name for axis in crs.axis_info} == {"metre"}
    assert pyproj.CRS.from_wkt(crs.to_wkt()) == crs


def test_islands_on_both_sides_of_the_antimeridian_stay_together():
    table = geopandas.GeoDataFrame(
        {"code": ["a", "b"]}, geometry=[box(178, -19, 179, -18), box(-180, -19, -179, -18)], crs="EPSG:4326"
    )
    west, _, east, _ = read_places(table, key="code").total_bounds
    assert east - west < 400_000


# ---------------------------------------------------------------- geometries


def test_invalid_polygons_are_repaired_and_named(squares):
    x, y = 500_000, 5_500_000
    spike = Polygon(
        [(x, y), (x + 10_000, y), (x + 10_000, y + 10_000), (x, y + 10_000), (x, y + 5_000), (x - 5, y + 5_000), (x, y + 5_000)]
    )
    table = squares.set_geometry([spike, *squares.geometry[1:]], crs=squares.crs)
    with pytest.warns(SpatialWarning, match=r"1 invalid polygon of 4 repaired: '01 \(Self-intersection|Ring Self-intersection"):
        places = read_places(table, key="code", invalid="repair")
    assert places.is_valid.all()
    np.testing.assert_allclose(places.area, 1e8)


def test_invalid_polygons_are_an_error_unless_told_otherwise(squares):
    bowtie = Polygon([(500_000, 5_400_000), (510_000, 5_410_000), (510_000, 5_400_000), (500_000, 5_410_000)])
    table = squares.set_geometry([bowtie, *squares.geometry[1:]], crs=squares.crs)
    with pytest.raises(DataError, match=r"1 polygon is invalid: '01 \(Self-intersection\)'.*invalid = \"repair\""):
        read_places(table, key="code")


def test_a_repair_that_changes_the_area_is_refused(squares):
    bowtie = Polygon([(500_000, 5_400_000), (510_000, 5_410_000), (510_000, 5_400_000), (500_000, 5_410_000)])
    table = squares.set_geometry([bowtie, *squares.geometry[1:]], crs=squares.crs)
    with pytest.raises(
        DataError, match=r"1 invalid polygon cannot be repaired.*'01 \(Self-intersection\), area 0 before and 5e\+07 after'"
    ):
        read_places(table, key="code", invalid="repair")


def test_empty_and_mixed_geometries_are_refused(squares):
    table = squares.set_geometry([None, Polygon(), *squares.geometry[2:]], crs=squares.crs)
    with pytest.raises(DataError, match="2 places have no geometry: '01', '02'"):
        read_places(table, key="code")
    mixed = squares.set_geometry([Point(500_000, 5_400_000), *squares.geometry[1:]], crs=squares.crs)
    with pytest.raises(DataError, match="points and polygons in one table"):
        read_places(mixed, key="code")
    lines = squares.set_geometry([LineString([(500_000, 5e6), (510_000, 5e6)]), *squares.geometry[1:]], crs=squares.crs)
    with pytest.raises(DataError, match="lines and polygons in one table"):
        read_places(lines, key="code")
    with pytest.raises(DataError, match="there are no rows"):
        read_places(squares.iloc[:0], key="code")


def test_polygons_and_multipolygons_are_one_kind(squares):
    table = squares.set_geometry([shapely.MultiPolygon([squares.geometry[0]]), *squares.geometry[1:]], crs=squares.crs)
    assert len(read_places(table, key="code")) == 4


def test_heights_are_dropped_and_the_source_is_not_touched(squares):
    high = squares.set_geometry(shapely.force_3d(squares.geometry.array, 7.0), crs=squares.crs)
    assert not read_places(high, key="code").has_z.any()
    assert high.has_z.all()
    assert high.index.name is None


def test_infinite_coordinates_are_refused(squares):
    table = geopandas.GeoDataFrame({"code": ["a", "b"]}, geometry=[Point(np.inf, 1), Point(5, 5)], crs="EPSG:4326")
    with pytest.raises(DataError, match="infinite"):
        read_places(table, key="code")


def test_corners_on_the_antimeridian_stay_shared(tmp_path):
    import geopandas
    import shapely

    cells = [shapely.box(178, 0, 180, 2), shapely.box(-180, 0, -178, 2), shapely.box(-178, 0, -176, 2)]
    file = tmp_path / "across.gpkg"
    geopandas.GeoDataFrame({"id": list("abc")}, geometry=cells, crs="EPSG:4326").to_file(file)
    places = read_places(file, key="id")
    assert places.area.to_numpy() == pytest.approx(np.full(3, places.area.mean()), rel=1e-3)
    assert sorted(contiguity(places).adjacency.index) == [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")]


def test_layers_too_wide_for_one_plane_are_told_of(tmp_path):
    """Distances in the fitted system are wrong by a lot; those in degrees are measured on the ellipsoid."""
    import geopandas

    file = tmp_path / "world.gpkg"
    points = geopandas.points_from_xy(np.linspace(-170, 170, 30), np.linspace(-60, 70, 30))
    geopandas.GeoDataFrame({"id": [f"p{number}" for number in range(30)]}, geometry=points, crs="EPSG:4326").to_file(file)
    with pytest.warns(SpatialWarning, match=r'distances are wrong by up to \d+%.*State crs = "EPSG:4326"'):
        read_places(file, key="id")
    assert read_places(file, key="id", crs="EPSG:4326").crs.is_geographic
