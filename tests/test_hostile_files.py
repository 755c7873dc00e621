"""Files that make their reader read something else: other files of this machine, or the network. None of them is opened."""

import http.server
import json
import threading
import zipfile

import geopandas
import numpy as np
import pytest
from shapely.geometry import Point, box

from spatial.boundaries import read_places
from spatial.errors import DataError
from spatial.indicators import read_table

LAYER = "<SrcLayer>secret</SrcLayer><GeometryType>wkbPoint</GeometryType>"
VIRTUAL = (
    '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{source}</SrcDataSource>' + LAYER + "</OGRVRTLayer></OGRVRTDataSource>"
)
SCHEMA = "{address}/wfs?SERVICE=WFS&amp;VERSION=1.1.0&amp;REQUEST=DescribeFeatureType&amp;TYPENAME=x:a"
GML = (
    '<?xml version="1.0"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs" xmlns:gml="http://www.opengis.net/gml"'
    ' xmlns:x="http://x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://x ' + SCHEMA + '">'
    "<gml:featureMember><x:a><x:shape><gml:Point><gml:pos>1 2</gml:pos></gml:Point></x:shape><x:id>1</x:id></x:a>"
    "</gml:featureMember></wfs:FeatureCollection>"
)


@pytest.fixture
def asked():
    """A server on this machine, and what it was asked for."""
    paths = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815  (the name the library asks for)

        def log_message(self, *_):
            """Be silent."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


def pipeline(source):
    command = f"gdal vector pipeline ! read {source} ! write --of stream streamed"
    return json.dumps({"type": "gdal_streamed_alg", "command_line": command, "relative_paths_relative_to_this_file": False})


RECIPES = {
    "virtual.vrt": lambda secret, _: VIRTUAL.format(source=secret),
    "virtual.geojson": lambda secret, _: VIRTUAL.format(source=secret),
    "below a remark.gpkg": lambda secret, _: "<!-- -->\n" + VIRTUAL.format(source=secret),
    "virtual of the web.gpkg": lambda _, address: VIRTUAL.format(source=f"/vsicurl/{address}/x.csv"),
    "virtual service.json": lambda _, address: VIRTUAL.format(source=f"WFS:{address}/wfs"),
    "service.json": lambda _, address: f"<OGRWFSDataSource><URL>{address}/wfs</URL></OGRWFSDataSource>",
    "pipeline.gdalg.json": lambda secret, _: pipeline(secret),
    "pipeline.geojson": lambda _, address: pipeline(f"/vsicurl/{address}/x.csv"),
    "schema.gml": lambda _, address: GML.format(address=address),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("packed", [False, True])
def test_a_recipe_is_not_opened(name, packed, asked, tmp_path):
    address, paths = asked
    secret = tmp_path / "secret.csv"
    secret.write_text("id,WKT\nsecret,POINT(1 2)\n", encoding="utf-8")
    path = tmp_path / name
    path.write_text(RECIPES[name](secret, address), encoding="utf-8")
    if packed:
        path = tmp_path / "packed.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(tmp_path / name, f"folder/{name}")
    with pytest.raises(DataError, match="cannot be read as a file of geometries"):
        read_places(path, key="id", crs="EPSG:32642")
    with pytest.raises(DataError, match="cannot be read as a file of geometries"):
        read_table(path)
    assert paths == []


def test_a_layer_beside_a_recipe_in_one_archive_is_not_opened(tmp_path):
    grid = geopandas.GeoDataFrame({"id": ["a"]}, geometry=[Point(1, 2)], crs="EPSG:4326")
    (tmp_path / "shapes").mkdir()
    grid.to_file(tmp_path / "shapes" / "a.shp")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in (tmp_path / "shapes").iterdir():
            archive.write(file, file.name)
    assert len(read_places(tmp_path / "a.zip", key="id")) == 1
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("readme.txt", VIRTUAL)
    with pytest.raises(DataError, match=r"'readme.txt' in it: it is a virtual layer"):
        read_places(tmp_path / "a.zip", key="id")


def test_an_archive_that_would_fill_the_disk_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.geojson", "w") as file:
        file.write(b'{"type": "FeatureCollection", "features": [], "more": "')
        for _ in range(100):
            file.write(b"a" * 1_000_000)
        file.write(b'"}')
    with pytest.raises(DataError, match=r"would unpack from 0\.\d+ to 100 megabytes"):
        read_places(tmp_path / "a.zip", key="id")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.gpkg", {}),
        ("a.geojson", {"driver": "GeoJSON"}),
        ("a.fgb", {"driver": "FlatGeobuf"}),
        ("a.kml", {"driver": "KML"}),
        ("a.mif", {"driver": "MapInfo File"}),
        ("a.tab", {"driver": "MapInfo File"}),
        ("a.shp", {}),
    ],
)
def test_files_that_hold_their_data_themselves_are_opened(name, options, tmp_path):
    column = "name" if name.endswith("kml") else "id"
    frame = geopandas.GeoDataFrame({column: ["a", "b", "c"]}, geometry=[Point(1, 2), Point(2, 3), Point(4, 5)], crs="EPSG:4326")
    frame.to_file(tmp_path / name, **options)
    assert len(read_places(tmp_path / name, None, "Name" if name.endswith("kml") else column)) == 3


def test_waypoints_are_opened(tmp_path):
    points = "".join(f'<wpt lat="{number}" lon="{number}"><name>{name}</name></wpt>' for number, name in enumerate("abc", start=1))
    (tmp_path / "a.gpx").write_text(
        f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{points}</gpx>', encoding="utf-8"
    )
    assert list(read_places(tmp_path / "a.gpx", "waypoints", "name").index) == ["a", "b", "c"]


def test_a_folder_of_shapefiles_and_a_table_beside_one(tmp_path):
    geopandas.GeoDataFrame({"id": ["a", "b"]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs="EPSG:4326").to_file(
        tmp_path / "a.shp"
    )
    assert len(read_places(tmp_path, key="id")) == 2
    assert read_table(tmp_path / "a.dbf")["id"].tolist() == ["a", "b"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="without a Shapefile"):
        read_places(tmp_path / "empty", key="id")


def workbook(path, change=lambda sheet: None):
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["code", "value"], ["a", 1], ["b", 2]):
        book.active.append(row)
    change(book.active)
    book.save(path)
    return path


def changed(path, member, change):
    """Write a zip archive again with one of its files changed."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, change(data) if name == member else data)
    return path


def test_a_sheet_may_be_formatted_or_filled_down_to_its_last_cell(tmp_path):
    def formatted(sheet):
        sheet.cell(1_048_576, 16_384).number_format = "000"

    def filled(sheet):
        sheet.cell(1_048_576, 2).value = 3

    assert len(read_table(workbook(tmp_path / "a.xlsx", formatted))) == 2
    assert read_table(workbook(tmp_path / "b.xlsx", filled)).loc[1_048_576].tolist() == [None, 3]


SHEET = "xl/worksheets/sheet1.xml"
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda data: ENTITIES + data[data.index(b"<worksheet") :].replace(b"<v>1</v>", b"<v>&b;</v>"),
            "cannot be read as a workbook",
        ),
        (
            lambda data: ENTITIES + data[data.index(b"<worksheet") :].replace(b"<v>1</v>", b"<v>&c;</v>"),
            "cannot be read as a workbook",
        ),
        (lambda data: data + b" " * 90_000_000, "would unpack from"),
        (lambda data: data[:300], "cannot be read as a workbook"),
        (lambda data: data.replace(b'r="B2"', b's="999" r="B2"'), "cannot be read as a workbook"),
        (lambda data: data.replace(b'r="A2"', b'r="!!"'), "cannot be read as a workbook"),
    ],
)
def test_a_broken_workbook_is_a_message_without_the_way_to_the_file(change, message, tmp_path):
    path = changed(workbook(tmp_path / "a.xlsx"), SHEET, change)
    with pytest.raises(DataError, match=message) as caught:
        read_table(path)
    assert str(tmp_path) not in str(caught.value)
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'office:value="1"', b'office:value="1" table:number-columns-repeated="1000000000"', "columns, more than 16,384"),
        (b"<table:table-row>", b'<table:table-row table:number-rows-repeated="1000000000">', "rows, more than 1,048,576"),
        (b'office:value="1"', b'office:value="one"', "cannot be read as a workbook"),
        (b'office:value="1"', b"", "cannot be read as a workbook"),
    ],
)
def test_a_broken_sheet_of_libreoffice_is_a_message(old, new, message, tmp_path):
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    book = OpenDocumentSpreadsheet()
    sheet = Table(name="sheet")
    for code, value in (("code", "value"), ("a", 1), ("b", 2)):
        row = TableRow()
        for each in (code, value):
            cell = TableCell(valuetype="float", value=each) if isinstance(each, int) else TableCell(valuetype="string")
            cell.addElement(P(text=str(each)))
            row.addElement(cell)
        sheet.addElement(row)
    book.spreadsheet.addElement(sheet)
    book.save(str(tmp_path / "a.ods"))
    assert len(read_table(tmp_path / "a.ods")) == 2
    path = changed(tmp_path / "a.ods", "content.xml", lambda data: data.replace(old, new))
    with pytest.raises(DataError, match=message):
        read_table(path)


@pytest.mark.parametrize("told", ["not json", "[]", '{"columns": 7}', "[" * 100_000])
@pytest.mark.parametrize("key", ["geo", "pandas"])
def test_parquet_that_says_nonsense_of_itself(key, told, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"code": ["a"], "value": [1.0]}, metadata={key: told}), tmp_path / "a.parquet")
    try:
        assert read_table(tmp_path / "a.parquet")["value"].tolist() == [1.0]
    except DataError as error:
        assert "cannot be read as Parquet" in str(error)  # noqa: PT017  (either will do, a traceback will not)


@pytest.mark.parametrize("name", ["a.xls", "a.dta", "a.xlsx", "a.ods", "a.parquet", "a.gpkg", "a.shp", "a.fgb"])
def test_noise_is_a_message(name, tmp_path):
    starts = {
        ".xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        ".dta": b"<stata_dta><header><release>118</release>",
        ".xlsx": b"PK\x03\x04",
        ".ods": b"PK\x03\x04",
        ".parquet": b"PAR1",
        ".gpkg": b"SQLite format 3\0",
        ".shp": b"\x00\x00\x27\x0a",
        ".fgb": b"fgb\x03fgb\x00",
    }
    path = tmp_path / name
    for seed in range(20):
        noise = np.random.default_rng(seed).bytes(3_000)
        path.write_bytes(starts[path.suffix] + noise + (b"PAR1" if path.suffix == ".parquet" else b""))
        with pytest.raises(DataError) as caught:
            read_table(path)
        assert str(tmp_path) not in str(caught.value)
        if path.suffix in (".gpkg", ".shp", ".fgb", ".parquet"):
            with pytest.raises(DataError):
                read_places(path, key="code")


def test_columns_that_are_the_same_are_found_soon(tmp_path):
    from spatial.indicators import TableRecipe, join

    grid = geopandas.GeoDataFrame(index=["a", "b", "c"], geometry=[Point(0, 0), Point(1, 0), Point(0, 1)], crs="EPSG:32642")
    titles = ["code", *(f"x{number}" for number in range(3_000))]
    rows = [[code, *([str(value)] * 3_000)] for code, value in (("a", 1.5), ("b", 2.5), ("c", 4.0))]
    (tmp_path / "wide.csv").write_text("\n".join(",".join(row) for row in [titles, *rows]), encoding="utf-8")
    findings = join(grid.rename_axis("place"), TableRecipe(table=tmp_path / "wide.csv", key="code")).findings
    assert sum("hold the same numbers" in each for each in findings) == 2_999
