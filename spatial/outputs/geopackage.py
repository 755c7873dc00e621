"""The GeoPackage: every column, every map, every table of a study in one file that opens styled."""

import json
import sqlite3
import warnings
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import OutputError, SpatialWarning, complaint
from spatial.outputs.atlas import Atlas, marks_of
from spatial.outputs.geopackage_tables import tables_of, too_many_links
from spatial.outputs.qgis_layers import Layer, column_names, drawable, frame_of, layers_of, storage_of, unique
from spatial.outputs.qgis_metadata import layer_metadata
from spatial.outputs.qgis_project import packed_project
from spatial.outputs.qgis_styles import vector_style
from spatial.outputs.qgis_xml import authority, clean
from spatial.outputs.themes import as_text
from spatial.weights.lines import the_short_way

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

#: Files carry no date: the day ZIP archives begin to count stands for all days.
NO_DATE = "1980-01-01T00:00:00.000Z"
GEOMETRY = "geom"

_TYPES = {
    "polygon": ("POLYGON", "MULTIPOLYGON"),
    "line": ("LINESTRING", "MULTILINESTRING"),
    "point": ("POINT", "MULTIPOINT"),
}


def write_geopackage(atlas: Atlas, path: Path) -> None:
    """
    Write a study as a GeoPackage 1.2.

    It holds the layer ``places`` with all columns, one styled view of it for each thematic map, the points, the links of the
    graphs as lines, the tables of the results, sources and notes, and the QGIS project. The same study gives the same bytes.

    Parameters
    ----------
    atlas
        The study.
    path
        Where; a file that is there is replaced once the new one is complete. The project inside refers to the file by its
        name, so it may move to another folder but not be renamed.

    Raises
    ------
    OutputError
        When it cannot be written, or a thematic map names what is not there.

    Warns
    -----
    SpatialWarning
        When a graph has too many links to be drawn.

    References
    ----------
    Open Geospatial Consortium (2018), GeoPackage Encoding Standard 1.2.1, OGC 12-128r15.
    """
    for name, graph in atlas.graphs.items():
        if not drawable(graph):
            warnings.warn(too_many_links(name, graph), SpatialWarning, stacklevel=2)
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as file:
            _fill(file, atlas, path.name)
        unfinished.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise OutputError(
            complaint(
                str(path), f"it cannot be written ({error})", "", "Close programs that have it open, or choose another folder"
            )
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _fill(file: sqlite3.Connection, atlas: Atlas, name: str) -> None:
    layers = layers_of(atlas)
    # Nothing is lost when a half-written file is thrown away, so no journal is kept.
    file.executescript(
        "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA application_id=1196444487; PRAGMA user_version=10200"
    )
    file.executescript(f"{_SCHEMA}; BEGIN")
    systems = _write_reference_systems(file, [layer.crs for layer in layers])
    for layer, system in zip(layers, systems, strict=True):
        _write_layer(file, atlas, layer, system)
        _describe(file, layer.name, "features", _identifier(layer, layers), "\n".join(marks_of(atlas)), (*layer.extent, system))
    taken = {layer.name.casefold() for layer in layers} | {"layer_styles", "qgis_projects"}
    for wanted, (title, table) in tables_of(atlas).items():
        table_name = unique(wanted, taken)
        columns = column_names(table.columns, {"fid"})
        _write_rows(file, table_name, {new: table[old] for old, new in columns.items()})
        _describe(file, table_name, "attributes", table_name, title, (None, None, None, None, 0))
    _write_styles(file, layers)
    _write_metadata(file, atlas, layers)
    _write_project(file, atlas, layers, name)
    file.execute("COMMIT")
    file.execute("VACUUM")


def _write_layer(file: sqlite3.Connection, atlas: Atlas, layer: Layer, system: int) -> None:
    if layer.kind == "theme":
        shown = ", ".join([f'fid AS OGC_FID, "{GEOMETRY}"', *(_quoted(name) for name in layer.storage)])
        file.execute(f"CREATE VIEW {_quoted(layer.name)} AS SELECT {shown} FROM {_quoted(layer.source)}")  # noqa: S608  (names are quoted)
        kind = file.execute("SELECT geometry_type_name FROM gpkg_geometry_columns WHERE table_name = ?", [layer.source]).fetchone()[
            0
        ]
    else:
        frame = links(atlas.places, atlas.graphs[layer.of]) if layer.kind == "graph" else frame_of(atlas, layer)
        shapes, kind = _one_kind(np.asarray(frame.geometry.array), layer)
        key = frame["from"] if layer.kind == "graph" else frame.index.to_series()
        columns = {layer.key: key} | {new: frame[old] for old, new in layer.columns.items()}
        _write_rows(file, layer.name, columns, kind, _blobs(shapes, system))
        _write_index(file, layer.name, shapes)
    file.execute("INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, 0, 0)", [layer.name, GEOMETRY, kind, system])


def links(places: "GeoDataFrame", graph: "Graph") -> "GeoDataFrame":
    """
    Draw the links of a graph.

    Parameters
    ----------
    places
        The places.
    graph
        Weights between them.

    Returns
    -------
    geopandas.GeoDataFrame
        One line for each link, from a point inside one place to a point inside the other, with ``from``, ``to`` and
        ``weight``, in the order of the labels. A link of a place with itself is no line and left out. In degrees a line goes the
        short way over the 180th meridian and is cut there.
    """
    import geopandas
    import shapely

    adjacency = graph.adjacency
    starts, ends = adjacency.index.get_level_values(0), adjacency.index.get_level_values(1)
    inside = places.geometry.representative_point()
    points = shapely.get_coordinates(np.asarray(inside.array))
    labels = places.index
    table = geopandas.GeoDataFrame(
        {"from": starts.to_numpy(), "to": ends.to_numpy(), "weight": adjacency.to_numpy(dtype=float)}, geometry=None
    )
    table = table[(starts != ends)].sort_values(["from", "to"], ignore_index=True)
    first, last = labels.get_indexer(table["from"]), labels.get_indexer(table["to"])
    lines: Any = shapely.linestrings(np.stack([points[first], points[last]], axis=1)) if len(table) else []
    if len(table) and places.crs is not None and places.crs.is_geographic:
        lines = the_short_way(lines, points[first], points[last])
    return table.set_geometry(geopandas.GeoSeries(lines, index=table.index, crs=places.crs))


def _write_rows(
    file: sqlite3.Connection, name: str, columns: "dict[str, pd.Series[Any]]", kind: str = "", blobs: Sequence[bytes | None] = ()
) -> None:
    defined = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", *([f'"{GEOMETRY}" {kind}'] if kind else [])]
    defined += [f"{_quoted(column)} {storage_of(values)}" for column, values in columns.items()]
    file.execute(f"CREATE TABLE {_quoted(name)} ({', '.join(defined)})")
    stored: list[Iterable[Any]] = [blobs] if kind else []
    stored += [_values(values) for values in columns.values()]
    count = max((len(values) for values in columns.values()), default=0)
    marks = ", ".join("?" * (len(stored) + 1))
    file.executemany(f"INSERT INTO {_quoted(name)} VALUES ({marks})", zip(range(1, count + 1), *stored, strict=True))  # noqa: S608  (names are quoted)


def _values(column: "pd.Series[Any]") -> list[Any]:
    """Give plain values that SQLite stores, None for missing ones."""
    import pandas as pd

    missing, storage = column.isna().to_numpy(), storage_of(column)
    values: list[Any]
    if storage == "TEXT":
        values = [clean(as_text(value)) for value in column.astype(object).mask(missing, "").tolist()]
    elif storage == "REAL":
        values = pd.to_numeric(column.astype(object).mask(missing, np.nan)).to_numpy(dtype=float).tolist()
    else:
        values = column.astype(object).mask(missing, 0).astype("int64").tolist()
    return [None if absent else value for value, absent in zip(values, missing.tolist(), strict=True)] if missing.any() else values


def _one_kind(shapes: "np.ndarray[Any, Any]", layer: Layer) -> "tuple[np.ndarray[Any, Any], str]":
    """Bring single and multiple geometries to one type, flat: a layer has one."""
    import shapely

    single, multiple = _TYPES[layer.shape]
    flat = shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes.copy()
    many = np.isin(shapely.get_type_id(flat), (4, 5, 6))
    if not many.any():
        return flat, single
    grown: Any = {"polygon": shapely.multipolygons, "line": shapely.multilinestrings, "point": shapely.multipoints}[layer.shape]
    alone = np.flatnonzero(np.isin(shapely.get_type_id(flat), (0, 1, 3)))
    flat[alone] = grown(flat[alone], indices=np.arange(len(alone)))
    return flat, multiple


def _blobs(shapes: "np.ndarray[Any, Any]", system: int) -> list[bytes | None]:
    """Encode geometries: the header of the standard with the bounding box, then well-known binary, least byte first."""
    import shapely

    heads = np.zeros(len(shapes), dtype=[("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("system", "<i4"), ("box", "<f8", 4)])
    heads["magic"], heads["flags"], heads["system"] = b"GP", 0b011, system
    heads["box"] = shapely.bounds(shapes)[:, [0, 2, 1, 3]]
    size, joined = heads.itemsize, heads.tobytes()
    bodies = shapely.to_wkb(shapes, byte_order=1, flavor="iso").tolist()
    return [joined[number * size : (number + 1) * size] + body if body else None for number, body in enumerate(bodies)]


def _write_index(file: sqlite3.Connection, name: str, shapes: "np.ndarray[Any, Any]") -> None:
    import shapely

    boxes = shapely.bounds(shapes)[:, [0, 2, 1, 3]]
    rows = ((number, *box) for number, box in enumerate(boxes.tolist(), start=1) if box[0] == box[0])
    tree = _quoted(f"rtree_{name}_{GEOMETRY}")
    file.execute(f"CREATE VIRTUAL TABLE {tree} USING rtree(id, minx, maxx, miny, maxy)")
    file.executemany(f"INSERT INTO {tree} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608  (names are quoted)
    for trigger, when, what in _index_triggers(tree):
        file.execute(
            f"CREATE TRIGGER {_quoted(f'rtree_{name}_{GEOMETRY}_{trigger}')} AFTER {when.format(table=_quoted(name))} BEGIN {what} END"
        )
    file.execute(
        "INSERT INTO gpkg_extensions VALUES (?, ?, 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        [name, GEOMETRY],
    )


def _index_triggers(tree: str) -> list[tuple[str, str, str]]:
    """Word the triggers that the standard prescribes, so that the index stays true when somebody edits the layer."""
    box = f'ST_MinX(NEW."{GEOMETRY}"), ST_MaxX(NEW."{GEOMETRY}"), ST_MinY(NEW."{GEOMETRY}"), ST_MaxY(NEW."{GEOMETRY}")'
    enter = f"INSERT OR REPLACE INTO {tree} VALUES (NEW.fid, {box});"  # noqa: S608  (names are quoted)
    leave = f"DELETE FROM {tree} WHERE id = OLD.fid;"  # noqa: S608  (names are quoted)
    full = f'(NEW."{GEOMETRY}" NOTNULL AND NOT ST_IsEmpty(NEW."{GEOMETRY}"))'
    empty = f'(NEW."{GEOMETRY}" ISNULL OR ST_IsEmpty(NEW."{GEOMETRY}"))'
    return [
        ("insert", f"INSERT ON {{table}} WHEN {full}", enter),
        ("update1", f'UPDATE OF "{GEOMETRY}" ON {{table}} WHEN OLD.fid = NEW.fid AND {full}', enter),
        ("update2", f'UPDATE OF "{GEOMETRY}" ON {{table}} WHEN OLD.fid = NEW.fid AND {empty}', leave),
        ("update3", f"UPDATE ON {{table}} WHEN OLD.fid != NEW.fid AND {full}", f"{leave} {enter}"),
        ("update4", f"UPDATE ON {{table}} WHEN OLD.fid != NEW.fid AND {empty}", f"{leave} {leave.replace('OLD', 'NEW')}"),
        ("delete", f'DELETE ON {{table}} WHEN OLD."{GEOMETRY}" NOTNULL', leave),
    ]


def _write_reference_systems(file: sqlite3.Connection, systems: Sequence[Any]) -> list[int]:
    """Enter every reference system once and give the number of each; local coordinates have the number -1."""
    import pyproj

    numbers: dict[str, int] = {}
    for crs in (pyproj.CRS.from_epsg(4326), *systems):
        if crs.is_engineering or crs.to_wkt() in numbers:
            continue
        known = authority(crs)
        usable = known is not None and known[1].isdigit() and int(known[1]) not in numbers.values()
        organisation, number = (known[0], int(known[1])) if known and usable else ("NONE", 100_000 + len(numbers))
        numbers[crs.to_wkt()] = number
        row = [crs.name, number, organisation, number, _definition(crs), "", crs.to_wkt("WKT2_2015")]
        file.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return [-1 if crs.is_engineering else numbers[crs.to_wkt()] for crs in systems]


def _definition(crs: Any) -> str:
    from pyproj.exceptions import CRSError

    try:
        return str(crs.to_wkt("WKT1_GDAL"))
    except CRSError:
        return "undefined"  # what the standard says where only the newer notation can hold it


def _describe(
    file: sqlite3.Connection, name: str, kind: str, identifier: str, description: str, box: Sequence[float | None]
) -> None:
    file.execute(
        "INSERT INTO gpkg_contents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [name, kind, identifier, clean(description), NO_DATE, *box],
    )


def _identifier(layer: Layer, layers: Sequence[Layer]) -> str:
    """Call a layer by its title where no other has the same, for identifiers are unique."""
    alike = [each for each in layers if clean(each.title) == clean(layer.title)]
    return clean(layer.title) if len(alike) == 1 else clean(f"{layer.title} ({layer.name})")


def _write_styles(file: sqlite3.Connection, layers: Sequence[Layer]) -> None:
    rows = [(layer.name, GEOMETRY, layer.name, vector_style(layer), clean(layer.title), NO_DATE) for layer in layers]
    file.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD,"
        " useAsDefault, description, owner, ui, update_time) VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', NULL, ?)",
        rows,
    )
    _describe(file, "layer_styles", "attributes", "layer_styles", "", (None, None, None, None, 0))


def _write_metadata(file: sqlite3.Connection, atlas: Atlas, layers: Sequence[Layer]) -> None:
    for number, layer in enumerate(layers, start=1):
        row = [number, layer_metadata(atlas, layer)]
        file.execute("INSERT INTO gpkg_metadata VALUES (?, 'dataset', 'http://mrcc.com/qgis.dtd', 'text/xml', ?)", row)
        file.execute(
            "INSERT INTO gpkg_metadata_reference VALUES ('table', ?, NULL, NULL, ?, ?, NULL)", [layer.name, NO_DATE, number]
        )


def _write_project(file: sqlite3.Connection, atlas: Atlas, layers: Sequence[Layer], name: str) -> None:
    about = json.dumps({"last_modified_time": NO_DATE[:19], "last_modified_user": ""})
    row = [clean(atlas.name), about.encode(), packed_project(atlas, layers, name).hex().encode()]
    file.execute("INSERT INTO qgis_projects VALUES (?, ?, ?)", row)


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


_SCHEMA = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT, definition_12_063 TEXT NOT NULL);
INSERT INTO gpkg_spatial_ref_sys VALUES ('Undefined Cartesian', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system', 'undefined');
INSERT INTO gpkg_spatial_ref_sys VALUES ('Undefined geographic', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system', 'undefined');
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
    srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
    z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
INSERT INTO gpkg_extensions VALUES
    ('gpkg_spatial_ref_sys', 'definition_12_063', 'gpkg_crs_wkt', 'http://www.geopackage.org/spec120/#extension_crs_wkt', 'read-write'),
    ('gpkg_metadata', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec120/#extension_metadata', 'read-write'),
    ('gpkg_metadata_reference', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec120/#extension_metadata', 'read-write');
CREATE TABLE gpkg_metadata (id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
    md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '');
CREATE TABLE gpkg_metadata_reference (reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
    timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
    CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id), CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id));
CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
    f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')));
CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB);
"""
