"""Files that make their reader read something else: other files of this machine, or the network. None of them is opened."""

import http.server
import json
import threading
import zipfile

import geopandas
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
        ("a.gpx", {"driver": "GPX"}),
        ("a.mif", {"driver": "MapInfo File"}),
        ("a.tab", {"driver": "MapInfo File"}),
        ("a.shp", {}),
    ],
)
def test_files_that_hold_their_data_themselves_are_opened(name, options, tmp_path):
    column = "name" if name.endswith(("kml", "gpx")) else "id"
    frame = geopandas.GeoDataFrame({column: ["a", "b", "c"]}, geometry=[Point(1, 2), Point(2, 3), Point(4, 5)], crs="EPSG:4326")
    frame.to_file(tmp_path / name, **options)
    layer = "waypoints" if name.endswith("gpx") else None
    assert len(read_places(tmp_path / name, layer, "Name" if name.endswith("kml") else column)) == 3


def test_a_folder_of_shapefiles_and_a_table_beside_one(tmp_path):
    geopandas.GeoDataFrame({"id": ["a", "b"]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs="EPSG:4326").to_file(
        tmp_path / "a.shp"
    )
    assert len(read_places(tmp_path, key="id")) == 2
    assert read_table(tmp_path / "a.dbf")["id"].tolist() == ["a", "b"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="without a Shapefile"):
        read_places(tmp_path / "empty", key="id")
