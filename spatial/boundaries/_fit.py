"""Which reference system: what a source states, what the user states, and the metric one that fits the data."""

import math
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.boundaries._equal_area import Extent, across_degrees, fitted_crs
from spatial.errors import DataError, SpatialWarning, complaint, counted
from spatial.places import LOCAL

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import CRS


_TOLERATED = 0.05  # distances that are wrong by less need no word
_FARTHEST = 1e9  # metres or feet: no map of the Earth is as large
_LARGEST = 1e12  # in units of local coordinates: squares of areas must stay numbers
_SHOWN = 100  # letters of a reference system in a message


def projected(table: "GeoDataFrame", crs: Any, where: str, extent: Extent | None = None) -> "GeoDataFrame":
    """
    Bring a table into the reference system that is stated or, without a word, into a metric one.

    Parameters
    ----------
    table
        As it was opened; its ``crs`` is what the source states.
    crs
        What the user states: anything pyproj reads, ``"local"``, or None.
    where
        What to call the source in a complaint.
    extent
        What the metric system is fitted to; None for the extent of the table.

    Returns
    -------
    geopandas.GeoDataFrame
        The table with a reference system that fits its coordinates.

    Raises
    ------
    DataError
        When there is none, when it is not known, or when the coordinates cannot be in it.
    """
    table = stated(table, crs, where)
    wanted = table.crs if crs is None or crs == "local" else understood(crs, where)
    if crs is not None:
        return table if table.crs == wanted else table.to_crs(wanted)
    if table.crs.is_engineering or (table.crs.is_projected and _metres(table.crs) and not _web(table.crs)):
        return table
    if table.crs.is_projected:
        why = (
            "is Web Mercator, which stretches distances and areas away from the equator" if _web(table.crs) else "is not in metres"
        )
        text = complaint(
            where,
            f"its reference system {table.crs.name!r} {why}",
            "It was projected to an equal-area system in metres",
            "State crs to choose another",
        )
        warnings.warn(text, SpatialWarning, stacklevel=3)
    extent = extent or extent_of(table)
    fitted = fitted_crs(extent)
    wrong = _stretched(fitted, extent)
    if wrong > _TOLERATED:
        text = complaint(
            where,
            f"in the equal-area system it was projected to, distances are wrong by up to {wrong:.0%}",
            "Neighbours by distance should be those on the ellipsoid in so wide a layer",
            'State crs = "EPSG:4326" for that',
        )
        warnings.warn(text, SpatialWarning, stacklevel=3)
    return (_one_meridian(table) if extent[0] > extent[2] else table).to_crs(fitted)


def _one_meridian(table: "GeoDataFrame") -> "GeoDataFrame":
    """Write -180 as 180 degrees, so that corners that both sides of the antimeridian share stay the same numbers."""
    import shapely

    def turned(corners: Any) -> Any:
        return np.column_stack([np.where(corners[:, 0] == -180, 180.0, corners[:, 0]), corners[:, 1]])

    return table.set_geometry(shapely.transform(np.asarray(table.geometry.array), turned), crs=table.crs)


def _stretched(crs: "CRS", extent: Extent) -> float:
    """Tell by how much of its length a short line within an extent is too long or too short at most."""
    from pyproj import Proj

    west, south, east, north = extent
    across = across_degrees(west, east)
    longitudes, latitudes = np.meshgrid(west + across * np.linspace(0, 1, 9), np.linspace(south, north, 9))
    found = Proj(crs).get_factors((longitudes.ravel() + 180) % 360 - 180, np.clip(latitudes.ravel(), -89.9, 89.9))
    longest = np.asarray(found.tissot_semimajor)
    return float(longest[np.isfinite(longest)].max(initial=1.0)) - 1


def stated(table: "GeoDataFrame", crs: Any, where: str) -> "GeoDataFrame":
    """
    Give a table the reference system its coordinates are in, and make sure that they can be.

    Parameters
    ----------
    table
        As it was opened.
    crs
        What the user states, or None.
    where
        What to call the source in a complaint.

    Returns
    -------
    geopandas.GeoDataFrame
        The table, not moved, with a reference system.

    Raises
    ------
    DataError
        When there is none, or the coordinates cannot be in it.
    """
    from pyproj import CRS

    own = flat(table.crs, where)
    if crs == "local":
        if own is not None and not own.is_engineering:
            text = complaint(
                where,
                f"its coordinates are taken as local; the reference system {own.name!r} of the source is set aside",
                "",
                'Because crs = "local" was stated',
            )
            warnings.warn(text, SpatialWarning, stacklevel=4)
        _measurable(table, where)
        return table.set_crs(CRS.from_user_input(LOCAL), allow_override=True)
    if own is not None and not own.is_engineering and not _earthly(own):
        what = f"its reference system {own.name!r} has no latitude and longitude on Earth"
        raise DataError(complaint(where, what, "Expected geographic or projected coordinates", 'State crs = "local"'))
    if own is None and crs is None:
        raise DataError(complaint(where, "the coordinates have no reference system (CRS)", _guess(table), _REMEDY))
    if own is None or (own.is_engineering and crs is not None):
        own = understood(crs, where)
    elif own.is_engineering:
        own = CRS.from_user_input(LOCAL)
    elif crs is not None and impossible(table, own) and not impossible(table, understood(crs, where)):
        text = complaint(
            where,
            f"its coordinates cannot be in {own.name!r}, as the source says",
            "",
            f"They are taken as {understood(crs, where).name!r}, as stated",
        )
        warnings.warn(text, SpatialWarning, stacklevel=4)
        own = understood(crs, where)
    wrong = impossible(table, own) or ("" if _meant(table, own, crs, where) else swapped(table, own))
    if wrong:
        raise DataError(
            complaint(where, wrong, f"The reference system is {own.name!r}", "Correct the coordinates or the reference system")
        )
    return table.set_crs(own, allow_override=True)


def _measurable(table: "GeoDataFrame", where: str) -> None:
    """Refuse local coordinates whose areas no computer can hold, or that differ by less than it can tell apart."""
    west, south, east, north = bounds_of(table)
    size, far = max(east - west, north - south), max(abs(west), abs(east), abs(south), abs(north))
    if math.isfinite(size) and (far > _LARGEST or (0 < size < max(1 / _LARGEST, far / _FARTHEST))):
        shown = f"x from {west:g} to {east:g}, y from {south:g} to {north:g}"
        what = f"the coordinates ({shown}) are too large, too small or too close together to measure with"
        raise DataError(complaint(where, what, f"Expected coordinates up to {_LARGEST:g}", "Choose another unit or origin"))


def impossible(table: "GeoDataFrame", crs: "CRS") -> str:
    """
    Say why coordinates cannot be in a reference system.

    Parameters
    ----------
    table
        Any geometries.
    crs
        The system they are said to be in.

    Returns
    -------
    str
        The reason, empty when there is none.
    """
    west, south, east, north = bounds_of(table)
    if np.isinf([west, south, east, north]).any():
        return "coordinates are infinite"
    shown = f"x from {west:g} to {east:g}, y from {south:g} to {north:g}"
    degrees = max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90
    if crs.is_geographic and (max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 360):
        turned = max(abs(south), abs(north)) <= 360 and max(abs(west), abs(east)) <= 90
        remedy = "longitude and latitude seem to be swapped" if turned else "these look like metres or feet, not degrees"
        return f"the coordinates ({shown}) cannot be degrees of latitude and longitude: {remedy}"
    if crs.is_projected and max(abs(west), abs(east), abs(south), abs(north)) > _FARTHEST:
        return f"the coordinates ({shown}) are farther apart than anything on Earth"
    if crs.is_projected and degrees:
        return f"the coordinates ({shown}) look like degrees, but the reference system is projected"
    return ""


def swapped(table: "GeoDataFrame", crs: "CRS") -> str:
    """
    Say that latitude and longitude are swapped, where a country of the gazetteer gives it away.

    Parameters
    ----------
    table
        Any geometries.
    crs
        The system they are said to be in.

    Returns
    -------
    str
        The reason, empty when there is none.

    Notes
    -----
    Only when the swapped coordinates would lie inside one of the countries and fill most of it. Whoever has data that lie
    so by right states ``crs``.
    """
    if not crs.is_geographic:
        return ""
    west, south, east, north = bounds_of(table)
    for country, (left, bottom, right, top) in COUNTRIES.items():
        inside = south >= left and north <= right and west >= bottom and east <= top
        fills = (north - south) > 0.6 * (right - left) and (east - west) > 0.6 * (top - bottom)
        if inside and fills:
            return f"longitude and latitude seem to be swapped: with x for y the {counted(len(table), 'row lies', 'rows lie')} in {country} and {'fills' if len(table) == 1 else 'fill'} it"
    return ""


#: West, south, east, north in degrees, a little more than the countries of the gazetteer.
COUNTRIES: dict[str, Extent] = {"Kazakhstan": (46.0, 40.3, 87.8, 55.7), "Azerbaijan": (44.5, 38.1, 51.3, 42.1)}

_REMEDY = 'State it as crs = "EPSG:4326" (or what it is), or crs = "local" for coordinates that belong to no place on Earth; what it may be says: spatial boundaries check FILE'


def extent_of(table: "GeoDataFrame") -> Extent:
    """
    Find the extent of a table in degrees, the short way round the Earth.

    Parameters
    ----------
    table
        With a reference system that belongs to the Earth.

    Returns
    -------
    tuple of float
        West, south, east, north; west is greater than east where the extent crosses the antimeridian.
    """
    import shapely

    degrees = table.geometry if table.crs.is_geographic else table.geometry.to_crs("EPSG:4326")
    parts = shapely.bounds(shapely.get_parts(np.asarray(degrees.array)))
    parts = parts[np.isfinite(parts).all(axis=1)]
    if not len(parts):
        return (0.0, 0.0, 0.0, 0.0)
    south, north = float(parts[:, 1].min()), float(parts[:, 3].max())
    spans = sorted(
        (west, west + min(east - west, 360.0))
        for west, east in zip((parts[:, 0] + 180) % 360, (parts[:, 0] + 180) % 360 + parts[:, 2] - parts[:, 0], strict=True)
    )
    reached, start, gap, west = spans[0][1], spans[0][0], -1.0, 0.0
    for left, right in spans[1:]:
        if left - reached > gap:
            gap, west = left - reached, left
        reached = max(reached, right)
    if start + 360 - reached >= gap:
        gap, west = start + 360 - reached, start
    if gap <= 0:
        return (-180.0, south, 180.0, north)
    east = west + 360 - gap
    return (_turned(west - 180), south, _turned(east - 180), north)


def bounds_of(table: "GeoDataFrame") -> Extent:
    """Give west, south, east and north of a table, zeros where it has no coordinates."""
    west, south, east, north = (float(each) for each in table.geometry.total_bounds) if len(table) else (math.nan,) * 4
    return (
        (0.0, 0.0, 0.0, 0.0)
        if math.isnan(west + south + east + north) and not np.isinf([west, south, east, north]).any()
        else (west, south, east, north)
    )


def understood(crs: Any, where: str) -> "CRS":
    """Read what the user states as a reference system, or raise DataError."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # an old way of writing it that pyproj still reads
            read = CRS.from_user_input(LOCAL if crs == "local" else crs)
    except CRSError:
        shown = repr(str(crs)) if len(str(crs)) <= _SHOWN else f"{str(crs)[:_SHOWN]!r}..."
        raise DataError(
            complaint(where, f"crs = {shown} is not known", 'Expected for example "EPSG:4326", "EPSG:32642", "local" or WKT')
        ) from None
    if not read.is_engineering and not _earthly(read):
        raise DataError(
            complaint(where, f"crs = {read.name!r} has no latitude and longitude on Earth", 'Expected for example "EPSG:32642"')
        )
    return read


@cache
def _earthly(crs: "CRS") -> bool:
    """Tell whether there is a way from a reference system to degrees on Earth; for heights and the Moon there is none."""
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    try:
        Transformer.from_crs(crs, "EPSG:4326")
    except ProjError:
        return False
    return bool(crs.is_geographic or crs.is_projected or crs.is_geocentric)


def flat(crs: "CRS | None", where: str) -> "CRS | None":
    """Take the horizontal part of a reference system; None for one that says only that it is undefined."""
    if crs is None or crs.name.casefold().startswith("undefined"):
        return None
    if crs.is_engineering and crs.name.casefold().startswith(("unknown", "unnamed")):
        return None
    if crs.is_geocentric:
        raise DataError(
            complaint(
                where,
                f"its reference system {crs.name!r} is geocentric",
                "Expected geographic or projected coordinates",
                "Project the source",
            )
        )
    crs = crs.sub_crs_list[0] if crs.is_compound else crs
    return crs.to_2d() if len(crs.axis_info) > 2 else crs


def _meant(table: "GeoDataFrame", own: "CRS", crs: Any, where: str) -> bool:
    """Tell whether the user states a system in which these coordinates are at home, as they are."""
    area = None if crs is None else understood(crs, where).area_of_use
    if area is None or not own.is_geographic:
        return False
    west, south, east, north = bounds_of(table)
    return area.west <= (west + east) / 2 <= area.east and area.south <= (south + north) / 2 <= area.north


def _guess(table: "GeoDataFrame") -> str:
    west, south, east, north = bounds_of(table)
    shown = f"x from {west:g} to {east:g}, y from {south:g} to {north:g}"
    if max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90:
        return f"They run {shown}, which may be degrees of longitude and latitude, or anything else"
    return f"They run {shown}: no degrees"


def _metres(crs: "CRS") -> bool:
    return bool(crs.axis_info) and all(axis.unit_conversion_factor == 1 for axis in crs.axis_info[:2])


def _web(crs: "CRS") -> bool:
    return crs.to_epsg() == 3857 or "Pseudo-Mercator" in crs.name


def _turned(degrees: float) -> float:
    return degrees if -180 <= degrees <= 180 else (degrees + 180) % 360 - 180
