"""Sources as they are: a pack, a file, an address or a database -> a table of geometries, nothing decided yet."""

import codecs
import io
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.boundaries._packs import Pack, is_pack, looks_like_name, pack
from spatial.boundaries.letters import letters, shapefile_letters
from spatial.boundaries.vector_files import accepted
from spatial.errors import DataError, SpatialWarning, StudyError, complaint, counted, listed, nearest_name

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: Said where a file does not state its encoding and is not UTF-8 either.
GUESSED = "its encoding is not stated, and its letters were read as Windows Cyrillic (cp1251)"
_TABLES = (".csv", ".tsv", ".txt")
_PARQUET = (".parquet", ".geoparquet", ".pq")


@dataclass(frozen=True, eq=False)
class Opened:
    """What a source holds, and what it tells of itself."""

    table: "GeoDataFrame"
    where: str  # what to call it in a complaint; never with a password
    pack: Pack | None = None
    named: bool = False  # whether its own index may serve as the key
    unordered: bool = False  # whether its rows may come in another order next time


def opened(source: Any, layer: str | None = None) -> Opened:
    """
    Open whatever holds geometries.

    Parameters
    ----------
    source
        The name or folder of a pack, a path (``file.gpkg::layer`` names a layer), an address, a database, or a GeoDataFrame.
    layer
        Which layer, where there are several.

    Returns
    -------
    Opened
        The table: column names are text, the geometry column is called ``geometry``, coordinates are two-dimensional.

    Raises
    ------
    DataError
        When the source is not there, cannot be read, or has several layers and none is chosen.
    StudyError
        When it looks like the name of a pack and there is none.
    """
    found = _opened(source, layer)
    return replace(found, table=_plain(found.table, found.where))


def _opened(source: Any, layer: str | None) -> Opened:
    import geopandas

    from spatial.boundaries._address import fetched, from_database, is_address, is_database

    if isinstance(source, geopandas.GeoDataFrame):
        return Opened(_with_geometry(source, "places"), "places", named=_has_names(source))
    if not isinstance(source, str | Path):
        expected = "Expected a pack, a path, an address, a database or a GeoDataFrame"
        raise DataError(complaint("source", f"a {type(source).__name__} was given", expected, "Read it first"))
    text = str(source)
    if is_database(text):
        table, where = from_database(text, layer)
        return Opened(table, where, unordered=True)
    if is_address(text):
        with fetched(text) as (file, where):
            return Opened(_from_file(file, layer, where), where)
    path = Path(source)
    if "::" in text and not path.exists():
        text, _, inside = text.rpartition("::")
        path, layer = Path(text), layer or inside
    if path.is_dir() and is_pack(path):
        return _from_pack(pack(path))
    if path.exists():
        return Opened(_from_file(path, layer, path.name), path.name)
    if looks_like_name(text):
        try:
            return _from_pack(pack(text))
        except StudyError as error:
            raise StudyError(f"{error} Nor is there a file {text!r}.") from None
    raise DataError(
        complaint(
            text,
            "there is no such file",
            "Expected a file of boundaries or the name of a pack",
            "Correct the path, or list packs with: spatial boundaries list",
        )
    )


def _from_pack(found: Pack) -> Opened:
    table = _from_file(found.file, "places", found.name)
    if len(table) != found.rows or found.key not in table.columns:
        raise DataError(
            complaint(
                found.name,
                f"places.gpkg has {counted(len(table), 'row')} and the columns {listed(table.columns)}",
                f"source.toml tells of {counted(found.rows, 'row')} and the key {found.key!r}",
            )
        )
    return Opened(table, found.name, pack=found)


def _from_file(path: Path, layer: str | None, where: str) -> "GeoDataFrame":
    if path.suffix.casefold() in _TABLES:
        return _from_text(path, where)
    if path.suffix.casefold() in _PARQUET:
        return _from_parquet(path, where)
    accepted(path, where)
    path = path.absolute()  # GDAL takes some relative names for the address of a service
    with _told(path, where):
        return _from_vector(path, layer, where)


@contextmanager
def _told(path: Path, where: str) -> Iterator[None]:
    """Turn what GDAL says into our own words: errors into DataError, warnings into SpatialWarning."""
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError
    from shapely.errors import ShapelyError

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            yield
        except (DataSourceError, DataLayerError, FeatureError, GeometryError, ShapelyError, UnicodeDecodeError) as error:
            reason = _reason(error, path)
            raise DataError(
                complaint(
                    where,
                    f"it cannot be read as a file of geometries ({reason})",
                    "Expected GeoPackage, GeoJSON, Shapefile, FlatGeobuf, Parquet, or CSV with longitude and latitude",
                )
            ) from None
    for text in dict.fromkeys(_reason(each.message, path) for each in heard):
        warnings.warn(complaint(where, text), SpatialWarning, stacklevel=2)


def _reason(told: object, path: Path) -> str:
    """Take the first sentence of what GDAL says, with the name of the file for its path."""
    return " ".join(str(told).replace(str(path), path.name).partition("; It might")[0].split()).rstrip(".")[:300]


def _from_vector(path: Path, layer: str | None, where: str) -> "GeoDataFrame":
    import geopandas
    import pyogrio

    layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None and name != "layer_styles"]
    everything = [str(name) for name, _ in pyogrio.list_layers(path)]
    if layer is not None and layer not in everything:
        raise DataError(complaint(where, f"there is no layer {layer!r}", nearest_name(layer, layers)))
    if not layers or (layer is not None and layer not in layers):
        raise DataError(
            complaint(
                where,
                "there are no geometries in it",
                "Expected a layer with points or polygons",
                f"Its tables are {listed(everything)}" if everything else "",
            )
        )
    if layer is None and len(layers) > 1:
        raise DataError(
            complaint(
                where,
                f"there are {len(layers)} layers: {listed(layers, 20)}",
                "Expected one, or that one is chosen",
                f"Name it, for example {where}::{layers[0]}",
            )
        )
    encoding = shapefile_letters(path, layer or layers[0])
    table = pyogrio.read_dataframe(path, layer=layer or layers[0], encoding=encoding)
    if encoding == "CP1251":
        warnings.warn(GUESSED, SpatialWarning, stacklevel=2)
    if not isinstance(table, geopandas.GeoDataFrame):
        raise DataError(complaint(where, "there are no geometries in it", "Expected a layer with points or polygons"))
    return table


def _from_parquet(path: Path, where: str) -> "GeoDataFrame":
    import geopandas
    import pandas as pd
    from pyarrow import ArrowException, parquet

    try:
        declared = b"geo" in (parquet.read_schema(path).metadata or {})
        table = geopandas.read_parquet(path) if declared else pd.read_parquet(path)
    except (ArrowException, OSError, ValueError) as error:
        raise DataError(complaint(where, f"it cannot be read as Parquet ({_reason(error, path)})")) from None
    return table if declared else _from_columns(table, where)


def _from_text(path: Path, where: str) -> "GeoDataFrame":
    """Read a table of points; all as text first, so that codes keep their leading zeros."""
    import pandas as pd

    text = _decoded(path.read_bytes(), where)
    separator = max("\t;,", key=text.partition("\n")[0].count)
    try:
        table = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False, na_values=[""])
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(complaint(where, f"it cannot be read as a table ({' '.join(str(error).split())})")) from None
    return _from_columns(table, where)


def _decoded(data: bytes, where: str) -> str:
    encoding = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    if encoding == "utf-8-sig" and letters(data) == "cp1251":
        encoding = "cp1251"
        warnings.warn(complaint(where, GUESSED), SpatialWarning, stacklevel=2)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise DataError(
            complaint(where, "its letters are not UTF-8", "Expected UTF-8", "Save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
        ) from None


def _from_columns(table: "pd.DataFrame", where: str) -> "GeoDataFrame":
    import geopandas

    across, up, degrees = _coordinate_columns(table, where)
    numbers = {name: _coordinates(table[name], where) for name in (across, up)}
    rest = table.drop(columns=[across, up])
    for name in rest.columns:
        rest[name] = _numbers_unless_codes(rest[name])
    rest[[across, up]] = list(zip(numbers[across], numbers[up], strict=True))
    points = geopandas.points_from_xy(numbers[across], numbers[up])
    gone = numbers[across].isna() | numbers[up].isna()
    shapes = geopandas.GeoSeries(points, index=table.index).where(~gone.to_numpy(), None)
    return geopandas.GeoDataFrame(rest, geometry=shapes.array, crs="EPSG:4326" if degrees else None)


def _coordinate_columns(table: "pd.DataFrame", where: str) -> tuple[str, str, bool]:
    names = {str(name).strip().casefold(): str(name) for name in table.columns}
    for across, up, degrees in (
        *((x, y, True) for x in ("longitude", "lon", "lng", "long", "долгота") for y in ("latitude", "lat", "широта")),
        *((x, y, False) for x, y in (("x", "y"), ("easting", "northing"))),
    ):
        if across in names and up in names:
            return names[across], names[up], degrees
    raise DataError(
        complaint(
            where,
            f"no columns of coordinates among {listed(table.columns, 12)}",
            "Expected 'longitude' and 'latitude' (degrees), or 'x' and 'y' with crs stated",
            "Name them so",
        )
    )


def _coordinates(column: "pd.Series[Any]", where: str) -> "pd.Series[float]":
    import pandas as pd

    texts = column.astype("string").str.strip()
    commas = texts.dropna().str.fullmatch(r"[+-]?\d+,\d+")
    if len(commas) and commas.any() and not texts.dropna().str.contains(".", regex=False).any():
        texts = texts.str.replace(",", ".", regex=False)
        warnings.warn(
            complaint(where, f"the coordinates in {column.name!r} are written with decimal commas, and were read so"),
            SpatialWarning,
            stacklevel=2,
        )
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    wrong = texts.notna() & numbers.isna()
    if wrong.any():
        shown = [f"row {row + 1}: {value}" for row, value in zip(wrong.to_numpy().nonzero()[0], column[wrong], strict=True)]
        raise DataError(
            complaint(
                where,
                f"{counted(len(shown), 'coordinate')} in {column.name!r} {'is no number' if len(shown) == 1 else 'are no numbers'}: {listed(shown)}",
                "Expected decimal degrees or metres",
            )
        )
    return numbers


def _numbers_unless_codes(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Turn a column of texts into numbers, unless a leading zero says that they are codes."""
    import pandas as pd

    given = column.dropna()
    if not len(given) or not all(isinstance(each, str) for each in given) or given.str.match(r"0\d").any():
        return column
    numbers = pd.to_numeric(given, errors="coerce")
    return column if numbers.isna().any() else pd.to_numeric(column)


def renamed(name: str, names: Collection[str], where: str) -> str:
    """Find a free name for a column whose name means something else here, and say so."""
    free = next(f"{name}_{number}" for number in range(1, len(names) + 2) if f"{name}_{number}" not in names)
    warnings.warn(
        complaint(where, f"the column {name!r} is now called {free!r}, for {name!r} has a meaning of its own here"),
        SpatialWarning,
        stacklevel=4,
    )
    return free


def _has_names(places: "GeoDataFrame") -> bool:
    import pandas as pd

    rows = isinstance(places.index, pd.RangeIndex) and places.index.name is None
    return places.index.nlevels == 1 and places.index.is_unique and not rows


def _with_geometry(places: "GeoDataFrame", where: str) -> "GeoDataFrame":
    try:
        _ = places.geometry
    except AttributeError:
        raise DataError(
            complaint(
                where, "the table has no geometry column", "Expected a GeoDataFrame with geometries", "Set one with set_geometry"
            )
        ) from None
    return places


def _plain(table: "GeoDataFrame", where: str) -> "GeoDataFrame":
    """Name columns by texts, call the geometry column ``geometry``, drop heights."""
    import shapely

    active = table.geometry.name
    table = table.copy(deep=False)
    names = [str(name) for name in table.columns]
    position = list(table.columns).index(active)
    for place, name in enumerate(names):
        if place != position and name == "geometry":
            names[place] = renamed(name, names, where)
    names[position] = "geometry"
    crs, shapes = table.crs, table.geometry.array
    table.columns = names
    flat = shapely.force_2d(shapes.to_numpy()) if shapely.has_z(shapes.to_numpy()).any() else shapes
    return table.set_geometry("geometry").set_geometry(_series(flat, table, crs))


def _series(shapes: Any, table: "GeoDataFrame", crs: Any) -> Any:
    import geopandas

    return geopandas.GeoSeries(shapes, index=table.index, crs=crs, name="geometry")
