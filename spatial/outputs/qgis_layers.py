"""Which layers a GeoPackage holds, what they and their columns are called: the plan that file, styles and project share."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import OutputError, complaint, nearest_name
from spatial.outputs.atlas import Atlas, Theme
from spatial.outputs.qgis_xml import clean

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from pyproj import CRS

Kind = Literal["places", "theme", "points", "graph", "outline"]
Shape = Literal["polygon", "line", "point"]
Storage = Literal["BOOLEAN", "INTEGER", "REAL", "TEXT"]

#: With more rows than this, names are off at first; they only cover each other.
MOST_LABELS = 300
#: More lines than this between places are no picture any more; the graph stays in the results.
MOST_LINKS = 200_000
#: What a GeoPackage, GDAL or SQLite uses for itself; a column of the data called so gets another name.
_TAKEN_COLUMNS = ("fid", "ogc_fid", "geom", "rowid", "_rowid_", "oid")
_TAKEN_TABLES = ("layer_styles", "qgis_projects")


#: A place is too small to show its colour below this share of the map, and below this share of the usual place.
_TINY, _TINY_BESIDE = 0.015, 1 / 6
_MOST_TINY = 20
#: Metres on paper from which a place shows its colour by itself.
_SEEN = 0.0025
_DEGREE = 111_320.0  # metres
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """Which places get a circle because they are too small to show their colour."""

    reach: float  # the longer side of the largest of them, in units of the layer
    scale: float | None  # the scale number above which they need it; None where a scale means nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One layer of the GeoPackage; a thematic one is a view of the table ``source``."""

    name: str
    title: str
    kind: Kind
    source: str  # the table its rows are in; its own name unless it is a view
    of: str = ""  # the points table or the graph it shows
    shape: Shape
    crs: "CRS"
    extent: tuple[float, float, float, float]  # left, bottom, right, top
    count: int
    key: str  # the column that holds the label of the row
    label: str  # the column a reader knows the row by
    columns: Mapping[str, str] = field(default_factory=dict)  # column of the table -> column of the layer
    storage: Mapping[str, Storage] = field(default_factory=dict)  # column of the layer -> how it is stored
    aliases: Mapping[str, str] = field(default_factory=dict)  # column of the layer -> words for a reader
    theme: Theme | None = None
    labelled: bool = False  # whether names stand on the map
    tiny: Tiny | None = None


def layers_of(atlas: Atlas) -> tuple[Layer, ...]:
    """
    List the layers of a study.

    Parameters
    ----------
    atlas
        The study.

    Returns
    -------
    tuple of Layer
        Tables before their views: the places, the points, one for each thematic map, the links of the graphs, the outline
        below them. A graph of more than 200,000 links has none.

    Raises
    ------
    OutputError
        When a thematic map names a layer or a column that is not there.
    """
    taken: set[str] = {name.casefold() for name in _TAKEN_TABLES}
    places = _table_layer(atlas, atlas.places, "places", unique("places", taken), "")
    points = [_table_layer(atlas, frame, "points", unique(name, taken), name) for name, frame in atlas.points.items()]
    tables = {"places": places} | {each.of: each for each in points}
    graphs = [_graph_layer(places, name, unique(f"links {name}", taken)) for name, graph in atlas.graphs.items() if drawable(graph)]
    themes = [_theme_layer(each, tables, unique(each.id, taken)) for each in atlas.themes]
    below = [] if atlas.outline is None else [_table_layer(atlas, atlas.outline, "outline", unique("outline", taken), "")]
    return places, *points, *themes, *graphs, *below


def drawable(graph: "Graph") -> bool:
    """
    Tell whether a graph can be shown as lines.

    Parameters
    ----------
    graph
        Any graph.

    Returns
    -------
    bool
        False for one of more than 200,000 links.
    """
    return int(graph.n_edges) <= MOST_LINKS


def frame_of(atlas: Atlas, layer: Layer) -> "GeoDataFrame":
    """
    Give the rows of a layer that is a table of its own: places, points or what lies below them.

    Parameters
    ----------
    atlas
        The study.
    layer
        One of its layers.

    Returns
    -------
    geopandas.GeoDataFrame
        As it stands in the atlas.
    """
    if layer.kind == "outline" and atlas.outline is not None:
        return atlas.outline
    return atlas.points[layer.of] if layer.kind == "points" else atlas.places


def unique(name: str, taken: set[str]) -> str:
    """
    Make a name that nothing else has, capitals or not, and that can stand in the address of a layer.

    QGIS 3.22 finds no style for a layer with a percent sign and a digit in its name: it fills its own query in there.

    Parameters
    ----------
    name
        What it should be called.
    taken
        The names there are, in small letters; the new one is added.

    Returns
    -------
    str
        The name, a number behind it where it is taken.

    Examples
    --------
    >>> taken = {"income"}
    >>> unique("Income", taken), unique("a|b", taken)
    ('Income 2', 'a_b')
    """
    plain = re.sub(r"[^\w .,()+-]", "_", clean(name)).strip(" .") or "layer"
    if re.match(r"(sqlite|gpkg|rtree)_", plain, flags=re.IGNORECASE):
        plain = f"_{plain}"
    return numbered(plain, taken)


def column_names(columns: Iterable[object], taken: set[str]) -> dict[str, str]:
    """
    Call every column of a table something a GeoPackage can hold, its own name wherever that is possible.

    Parameters
    ----------
    columns
        The names in the table.
    taken
        Names that are not free, in small letters; the new ones are added.

    Returns
    -------
    dict
        Name in the table to name in the layer. They differ where two names differ by capitals only, where a name is empty,
        or where a GeoPackage uses it for itself.

    Examples
    --------
    >>> column_names(["FID", "a", "A"], {"fid"})
    {'FID': 'FID 2', 'a': 'a', 'A': 'A 2'}
    """
    return {str(name): numbered(clean(name).strip() or "column", taken) for name in columns}


def storage_of(column: "pd.Series[Any]") -> Storage:
    """
    Tell how a column is stored.

    Parameters
    ----------
    column
        Any values.

    Returns
    -------
    str
        ``BOOLEAN``, ``INTEGER``, ``REAL`` or ``TEXT``; whatever is no number becomes text.
    """
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        return _storage_of_objects(column.astype(object))
    dtype = column.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return "BOOLEAN"
    if pd.api.types.is_integer_dtype(dtype):
        return "INTEGER" if column.isna().all() or column.max() <= np.iinfo(np.int64).max else "REAL"
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return "REAL"
    return _storage_of_objects(column) if pd.api.types.is_object_dtype(dtype) else "TEXT"


def _storage_of_objects(column: "pd.Series[Any]") -> Storage:
    import pandas as pd

    inside = pd.api.types.infer_dtype(column, skipna=True)
    if inside == "integer":
        return "INTEGER" if column.dropna().abs().max() <= np.iinfo(np.int64).max else "TEXT"
    known: dict[str, Storage] = {"boolean": "BOOLEAN", "floating": "REAL", "mixed-integer-float": "REAL", "decimal": "REAL"}
    return known.get(inside, "TEXT")


def numbered(name: str, taken: set[str]) -> str:
    """
    Make a name that nothing else has, capitals or not.

    Parameters
    ----------
    name
        What it should be called.
    taken
        The names there are, in small letters; the new one is added.

    Returns
    -------
    str
        The name, a number behind it where it is taken.
    """
    made, number = name, 2
    while made.casefold() in taken:
        made, number = f"{name} {number}", number + 1
    taken.add(made.casefold())
    return made


def _table_layer(atlas: Atlas, frame: "GeoDataFrame", kind: Kind, name: str, of: str) -> Layer:
    taken = set(_TAKEN_COLUMNS)
    key = numbered("place" if kind != "points" else clean(frame.index.name or "point"), taken)
    columns = column_names([column for column in frame.columns if column != frame.geometry.name], taken)
    titles = {each.column: each.title for each in atlas.indicators} | dict(atlas.titles) if kind == "places" else {}
    aliases = {new: titles.get(old, old) for old, new in columns.items()}
    label = columns.get(atlas.label, key) if kind == "places" else _first_text(frame, columns, key)
    return Layer(
        name=name,
        title={"places": "Places, all columns", "outline": "Outline"}.get(kind, of),
        kind=kind,
        source=name,
        of=of,
        shape=_shape(frame),
        crs=frame.crs,
        extent=tuple(float(each) for each in frame.total_bounds),  # type: ignore[arg-type]
        count=len(frame),
        key=key,
        label=label,
        columns=columns,
        storage={key: storage_of(frame.index.to_series())} | {new: storage_of(frame[old]) for old, new in columns.items()},
        aliases={new: words for new, words in aliases.items() if words and words != new},
        labelled=len(frame) <= MOST_LABELS and (kind == "points" or (kind == "places" and not atlas.themes)),
        tiny=None if kind == "outline" else _tiny(frame),
    )


def _theme_layer(theme: Theme, tables: Mapping[str, Layer], name: str) -> Layer:
    table = tables.get(theme.layer)
    if table is None:
        raise OutputError(complaint(f"map {theme.id!r}", f"there is no layer {theme.layer!r}", nearest_name(theme.layer, tables)))
    if theme.column not in table.columns:
        raise OutputError(
            complaint(f"map {theme.id!r}", f"there is no column {theme.column!r}", nearest_name(theme.column, table.columns))
        )
    column = table.columns[theme.column]
    shown = {old: new for old, new in table.columns.items() if new in (table.label, column)}
    words = f"{theme.title}, {theme.unit}" if theme.unit else theme.title
    return Layer(
        name=name,
        title=theme.title,
        kind="theme",
        source=table.name,
        of=table.of,
        shape=table.shape,
        crs=table.crs,
        extent=table.extent,
        count=table.count,
        key=table.key,
        label=table.label,
        columns=shown,
        storage={name: stored for name, stored in table.storage.items() if name == table.key or name in shown.values()},
        aliases={new: words if new == column else alias for new, alias in table.aliases.items() if new in shown.values()}
        | {column: words},
        theme=theme,
        labelled=table.count <= MOST_LABELS,
        tiny=table.tiny,
    )


def _graph_layer(places: Layer, graph: str, name: str) -> Layer:
    return Layer(
        name=name,
        title=f"Links: {graph}",
        kind="graph",
        source=name,
        of=graph,
        shape="line",
        crs=places.crs,
        extent=places.extent,
        count=0,
        key="from",
        label="from",
        columns={"to": "to", "weight": "weight"},
        storage={"from": "TEXT", "to": "TEXT", "weight": "REAL"},
    )


def _tiny(frame: "GeoDataFrame") -> Tiny | None:
    """Find out whether there are a few places too small for a map of all of them, such as cities among provinces."""
    if _shape(frame) != "polygon":
        return None
    boxes, (left, bottom, right, top) = frame.bounds.to_numpy(float), frame.total_bounds
    sides = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    tiny = (sides < _TINY * max(right - left, top - bottom)) & (sides < _TINY_BESIDE * np.median(sides))
    if not tiny.any() or tiny.sum() > _MOST_TINY:
        return None
    reach, crs = float(sides[tiny].max()), frame.crs
    unit = None if crs.is_engineering else _DEGREE if crs.is_geographic else float(crs.axis_info[0].unit_conversion_factor)
    return Tiny(reach=reach * (1 + _ROUNDING), scale=None if unit is None else reach * unit / _SEEN)


def _shape(frame: "GeoDataFrame") -> Shape:
    kind = str(frame.geom_type.iloc[0])
    return "polygon" if "Polygon" in kind else "line" if "Line" in kind else "point"


def _first_text(frame: "GeoDataFrame", columns: Mapping[str, str], key: str) -> str:
    """Name points by their index where that is text, else by their first column of text."""
    if storage_of(frame.index.to_series()) == "TEXT":
        return key
    return next((new for old, new in columns.items() if storage_of(frame[old]) == "TEXT"), key)
