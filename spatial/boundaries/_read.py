"""Geometry -> places: one key, one kind, valid, in metres."""

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.boundaries._fit import projected
from spatial.boundaries._open import Opened, opened, renamed
from spatial.errors import DataError, SpatialWarning, complaint, counted, listed, nearest_name
from spatial.places import checked

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from geopandas import GeoDataFrame
    from pyproj import CRS

#: The share of its area by which a repair may change a polygon.
MOST_CHANGE = 0.01

Invalid = Literal["error", "repair"]


def read_places(
    source: "str | Path | GeoDataFrame",
    layer: str | None = None,
    key: str | None = None,
    crs: "str | CRS | None" = None,
    *,
    invalid: Invalid = "error",
) -> "GeoDataFrame":
    """
    Read places: from a boundary pack, a file, an address, a database or a GeoDataFrame.

    Parameters
    ----------
    source
        The name of a pack (``"kazakhstan/regions-20"``) or its folder; a file (GeoPackage, GeoJSON, Shapefile also zipped,
        FlatGeobuf, Parquet, or CSV with the columns longitude and latitude, or x and y); ``"file.gpkg::layer"``; an address
        ``http(s)://``; a database ``postgresql://...?table=schema.table``; or a GeoDataFrame.
    layer
        The layer of a file or the table of a database; needed where there are several.
    key
        The column whose texts name the places; None for the key of a pack, a column called ``place``, or the named index of
        a GeoDataFrame. Numbers become text, blanks round a text are cut off.
    crs
        The reference system wanted, for example ``"EPSG:32642"``; ``"local"`` for coordinates that belong to no place on
        Earth; None for the one of the source where it is in metres, and otherwise an equal-area one fitted to the data.
        Where the source has none, ``crs`` states which one its coordinates are in. ``"EPSG:4326"`` keeps degrees.
    invalid
        What an invalid polygon means: ``"error"``, or ``"repair"`` to mend it where that hardly changes its area.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``place`` of unique text, the rows in the order of the source (of a database: sorted), the geometry column called ``geometry``.

    Raises
    ------
    DataError
        When the source cannot be read, no key is chosen or it is not unique, the reference system is absent or cannot be
        true, a geometry is empty, kinds are mixed, or a polygon is invalid and may not or cannot be repaired.
    StudyError
        When there is no pack of this name.

    Notes
    -----
    On request invalid polygons are repaired by their structure (holes stay holes), with a warning that names them; one whose area would
    change by more than 1 % is refused. Heights are dropped. Packs of one country share one reference system.

    Examples
    --------
    >>> places = read_places("kazakhstan/regions-7")
    >>> sorted(places.index)
    ['Almaty', 'Astana', 'Center', 'East', 'North', 'South', 'West']
    >>> places.crs.name
    'Equal-area cone (Albers, parallels 43 and 53, centre 48 67)'
    """
    found = opened(source, layer)
    extent = found.pack.extent if found.pack else None
    table = with_key(found, key)
    if invalid == "error":
        _valid(table, found.where)
    table = repaired(table, found.where)
    table = projected(table, crs, found.where, extent)
    return checked(repaired(table, found.where), found.where)


def with_key(found: Opened, key: str | None) -> "GeoDataFrame":
    """
    Name the rows of an opened source.

    Parameters
    ----------
    found
        The source.
    key
        The column, or None where the source has a key of its own.

    Returns
    -------
    geopandas.GeoDataFrame
        The table on the index ``place``.

    Raises
    ------
    DataError
        When no key is chosen, or a key is absent or occurs twice; the rows are named.
    """
    table, where = found.table, found.where
    if not len(table):
        raise DataError(complaint(where, "there are no rows", "Expected at least one place"))
    chosen = key or (found.pack.key if found.pack else None)
    if chosen is None and found.named:
        labels = table.index.to_series().map(_text)
    else:
        chosen = chosen or ("place" if "place" in table.columns and table["place"].is_unique else None)
        if chosen is None:
            raise DataError(
                complaint(where, "no key is chosen", _candidates(table), "Name the column that identifies the places as key")
            )
        if chosen not in table.columns or chosen == "geometry":
            names = [name for name in table.columns if name != "geometry"]
            raise DataError(
                complaint(
                    where,
                    f"there is no column {chosen!r}",
                    nearest_name(chosen, names),
                    "Name the column that identifies the places as key",
                )
            )
        labels = table[chosen].map(_text, na_action="ignore")
    _keys_checked(labels, where, chosen or "index")
    if chosen == "place":
        table = table.drop(columns="place")
    elif "place" in table.columns:
        table = table.rename(columns={"place": renamed("place", list(table.columns), where)})
    table.index = _index(labels)
    return table.sort_index() if found.unordered else table


def _valid(table: "GeoDataFrame", where: str) -> None:
    import shapely

    shapes = np.asarray(table.geometry.array)
    wrong = np.flatnonzero(~shapely.is_valid(shapes) & (shapely.get_dimensions(shapes) == 2))
    if len(wrong):
        reasons = shapely.is_valid_reason(shapes[wrong])
        names = [f"{table.index[row]} ({reason.split('[')[0].strip()})" for row, reason in zip(wrong, reasons, strict=True)]
        raise DataError(
            complaint(
                where,
                f"{counted(len(names), 'polygon is', 'polygons are')} invalid: {listed(names)}",
                "Expected polygons that do not cross themselves",
                'Repair them, or set invalid = "repair" to have it done',
            )
        )


def repaired(table: "GeoDataFrame", where: str) -> "GeoDataFrame":
    """
    Repair invalid polygons, and say so.

    Parameters
    ----------
    table
        Named rows.
    where
        What to call the source.

    Returns
    -------
    geopandas.GeoDataFrame
        The table with valid polygons; other geometries as they are.

    Raises
    ------
    DataError
        When a polygon vanishes or its area changes by more than 1 %.
    """
    import shapely

    shapes = np.asarray(table.geometry.array)
    wrong = np.flatnonzero(~shapely.is_valid(shapes) & ~shapely.is_missing(shapes) & (shapely.get_dimensions(shapes) == 2))
    if not len(wrong):
        return table
    reasons = shapely.is_valid_reason(shapes[wrong])
    mended = [polygons_of(each) for each in shapely.make_valid(shapes[wrong], method="structure", keep_collapsed=False)]
    before, after = shapely.area(shapes[wrong]), shapely.area(mended)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.abs(after - before) / before
    lost = ~(change <= MOST_CHANGE)
    names = [f"{table.index[row]} ({reason.split('[')[0].strip()})" for row, reason in zip(wrong, reasons, strict=True)]
    if lost.any():
        sizes = zip(np.array(names)[lost], before[lost], after[lost], strict=True)
        bad = [f"{name}, area {old:.6g} before and {new:.6g} after" for name, old, new in sizes]
        raise DataError(
            complaint(
                where,
                f"{counted(len(bad), 'invalid polygon')} cannot be repaired without changing the area: {listed(bad)}",
                f"Expected valid polygons, or a repair that changes an area by at most {MOST_CHANGE:.0%}",
                "Repair them in a GIS",
            )
        )
    text = complaint(
        where,
        f"{counted(len(wrong), 'invalid polygon')} of {len(table)} repaired: {listed(names)}",
        f"Their areas changed by at most {change.max():.2g} of themselves",
    )
    warnings.warn(text, SpatialWarning, stacklevel=3)
    table, shapes = table.copy(deep=False), shapes.copy()
    shapes[wrong] = mended
    return table.set_geometry(_series(shapes, table))


def polygons_of(geometry: Any) -> Any:
    """Keep the polygons of a geometry, dropping lines and points that a repair left over."""
    import shapely

    parts = [
        part
        for each in shapely.get_parts(geometry)
        for part in shapely.get_parts(each)
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _series(shapes: Any, table: "GeoDataFrame") -> Any:
    import geopandas

    return geopandas.GeoSeries(shapes, index=table.index, crs=table.crs, name="geometry")


def _text(value: Any) -> str:
    """Write a key as text: 7 and 7.0 as '7', blanks cut off."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _index(labels: "pd.Series[Any]") -> "pd.Index[Any]":
    import pandas as pd

    return pd.Index(labels.astype(str).to_numpy(), name="place")


def _keys_checked(labels: "pd.Series[Any]", where: str, key: str) -> None:
    rows = {int(row) + 1: label for row, label in enumerate(labels)}
    none = [row for row, label in rows.items() if label is None or label != label or label == ""]  # noqa: PLR0124  (NaN)
    complaints = []
    if none:
        complaints.append(
            complaint(
                where,
                f"{counted(len(none), 'row has', 'rows have', of=len(rows))} no key in {key!r}: {'row' if len(none) == 1 else 'rows'} {', '.join(map(str, none[:10]))}",
                "Expected one text for each place",
                "Complete them, or choose another key",
            )
        )
    seen: dict[str, list[int]] = {}
    for row, label in rows.items():
        if row not in none:
            seen.setdefault(label, []).append(row)
    twice = [f"{label} (rows {', '.join(map(str, many))})" for label, many in seen.items() if len(many) > 1]
    if twice:
        complaints.append(
            complaint(
                where,
                f"{counted(len(twice), 'key')} in {key!r} more than once: {listed(twice)}",
                "Expected each key once",
                "Dissolve rows that are parts of one place, or choose another key",
            )
        )
    if complaints:
        raise DataError("\n".join(complaints))


def _candidates(table: "GeoDataFrame") -> str:
    names = [name for name in table.columns if name != "geometry"]
    unique = [name for name in names if table[name].notna().all() and table[name].map(str).is_unique]
    if unique:
        return f"These columns have one value for each of the {counted(len(table), 'row')}: {listed(unique, 12)}"
    return f"No column has one value for each of the {counted(len(table), 'row')}; the columns are {listed(names, 12)}"
