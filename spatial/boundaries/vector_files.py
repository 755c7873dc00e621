"""
Which vector files are opened: those that hold their data themselves.

GDAL goes by the content of a file, and some kinds are recipes: a virtual layer, a pipeline or a description of a service in a
file called ``towns.geojson`` makes it read other files of this machine or ask the network. Nobody has asked for that.
"""

import re
import zipfile
from pathlib import Path

from spatial.boundaries.archives import size_checked
from spatial.errors import DataError, complaint

KINDS = "Expected GeoPackage, GeoJSON, Shapefile (also zipped), FlatGeobuf, KML, GPX, MapInfo or a file geodatabase"
#: How much of a file is looked at; GDAL chooses its reader by less.
_HEAD = 1 << 20
_LAYERS = (".shp", ".gpkg", ".geojson", ".json", ".fgb", ".kml", ".gpx", ".tab", ".mif", ".dbf")
_BINARY = (b"SQLite format 3\0", b"\x00\x00\x27\x0a", b"fgb")
_TEXTS = (b"{", b"\x1e", b"!table", b"version ")
_ROOT = re.compile(rb"(?:<\?.*?\?>|<!--.*?-->|\s)*<(?:\w+:)?(?:kml|gpx)[\s>]", re.DOTALL)
_DBASE = frozenset(b"\x02\x03\x30\x31\x32\x43\x63\x83\x8b\x8e\xcb\xf5\xfb")
_RECIPES = {b"gdal_streamed_alg": "it is a pipeline that reads other files", b"<ogr": "it is a virtual layer or a service"}


def accepted(path: Path, where: str) -> None:
    """
    Refuse a file that is a recipe for reading something else, or that begins like no file that is read.

    Parameters
    ----------
    path
        A file or folder that is there.
    where
        What to call it in a complaint.

    Raises
    ------
    DataError
        When it is refused; the message says why.
    """
    if path.is_dir():
        if path.suffix.casefold() != ".gdb" and not any(path.glob("*.shp")):
            raise _refused(where, "it is a folder without a Shapefile")
    elif zipfile.is_zipfile(path):
        _archive(path, where)
    else:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        reason = _recipe(head) or _stranger(head, path.suffix)
        if reason:
            raise _refused(where, reason)


def _recipe(head: bytes) -> str:
    """Say what makes a file a recipe; GDAL looks for these words anywhere near the beginning."""
    folded = (head[:4096] if head.startswith(_BINARY) else head).lower()
    return next((why for mark, why in _RECIPES.items() if mark in folded), "")


def _stranger(head: bytes, ending: str) -> str:
    """Say that a file is of no known kind: text that is marked up is KML or GPX, GML may name a schema on the web."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    dbase = ending.casefold() == ".dbf" and head[:1] != b"" and head[0] in _DBASE
    if head.startswith(_BINARY) or text[:16].lower().startswith(_TEXTS) or dbase or _ROOT.match(text):
        return ""
    return "it begins like none of the kinds of files that are read"


def _archive(path: Path, where: str) -> None:
    """Look at every file of an archive; it may hold texts and pictures beside layers, but no recipe."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir()]
            size_checked(archive, path, where)
            if not any(each.filename.casefold().endswith(_LAYERS) for each in entries):
                raise _refused(where, "the archive holds no layer")
            for each in entries:
                ending = Path(each.filename).suffix
                with archive.open(each) as file:
                    head = file.read(_HEAD)
                reason = _recipe(head) or (_stranger(head, ending) if ending.casefold() in _LAYERS else "")
                if reason:
                    raise _refused(where, f"{Path(each.filename).name!r} in it: {reason}")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise _refused(where, f"the archive cannot be unpacked ({error})") from None


def _refused(where: str, what: str) -> DataError:
    return DataError(
        complaint(
            where,
            f"it cannot be read as a file of geometries: {what}",
            KINDS,
            "Save its layer as a GeoPackage, for example in QGIS",
        )
    )
