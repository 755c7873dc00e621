"""The land below a map: polygons that are only looked at, so they need no key."""

from typing import TYPE_CHECKING, Any

from spatial.boundaries._fit import flat, projected
from spatial.boundaries._open import opened
from spatial.boundaries._read import repaired, with_key
from spatial.errors import DataError, complaint, listed
from spatial.places import checked, is_local

if TYPE_CHECKING:
    from pathlib import Path

    from geopandas import GeoDataFrame


def read_outline(source: "str | Path", places: "GeoDataFrame") -> "GeoDataFrame":
    """
    Read polygons that are drawn below places for orientation, in the reference system of the places.

    Parameters
    ----------
    source
        A pack, a file, an address or a database, as for ``read_places``.
    places
        What lies above.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``place``: the key of a pack, otherwise the number of the row. The one column besides the geometry is ``name``,
        where a pack names its places.

    Raises
    ------
    DataError
        When the source cannot be read, holds no polygons, or lies on Earth while the places are in local coordinates.

    Notes
    -----
    Nothing is computed from an outline, so invalid polygons are repaired, with a warning that names them.

    Examples
    --------
    >>> from spatial import read_places
    >>> read_outline("kazakhstan/regions-17", read_places("kazakhstan/cities-40", crs="EPSG:4326")).crs.to_string()
    'EPSG:4326'
    """
    found = opened(source)
    table, where = found.table, found.where
    if not len(table):
        raise DataError(complaint(where, "there are no rows", "Expected polygons to draw below the places"))
    kinds = sorted(set(table.geom_type.dropna().astype(str)) - {"Polygon", "MultiPolygon"})
    if kinds:
        raise DataError(
            complaint(where, f"an outline cannot be made of {listed(kinds)}", "Expected polygons", "Choose another file")
        )
    _one_world(table, places, where)
    label = found.pack.label if found.pack else ""
    table = with_key(found, None) if found.pack else table.set_axis([str(row) for row in range(1, len(table) + 1)])
    table = table[[label, "geometry"]].rename(columns={label: "name"}) if label else table[["geometry"]]
    crs: Any = "local" if is_local(places) else places.crs
    return checked(repaired(projected(repaired(table, where), crs, where), where), where)


def _one_world(table: "GeoDataFrame", places: "GeoDataFrame", where: str) -> None:
    """Refuse to lay land on Earth below places that are nowhere on it, and the other way round."""
    crs = flat(table.crs, where)
    local = crs is None or crs.is_engineering
    if is_local(places) != local:
        one, other = ("has no position on Earth", "are on Earth") if local else ("is on Earth", "have no position on it")
        raise DataError(
            complaint(where, f"the outline {one}, the places {other}", "Expected both in one world", "Choose another outline")
        )
