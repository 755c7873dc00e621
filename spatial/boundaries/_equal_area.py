"""Which equal-area projection fits an extent."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyproj import CRS

Extent = tuple[float, float, float, float]

_FEW = 8.0  # degrees of ground below which every equal-area projection is as good as another
_WIDE = 1.5  # wider than this times its height: a cone fits better than a disc
_TROPIC = 15.0  # degrees from the equator within which a cone is nearly a cylinder


def fitted_crs(extent: Extent) -> "CRS":
    """
    Choose the metric equal-area reference system that fits an extent.

    Parameters
    ----------
    extent
        West, south, east, north in degrees; west may be greater than east where the extent crosses the antimeridian.

    Returns
    -------
    pyproj.CRS
        On WGS 84, unit metre. Its parameters are whole degrees, so the outlines of one country, however detailed, give the
        same system.

    Notes
    -----
    Wide extents outside the tropics get an Albers cone with standard parallels at one sixth and five sixths of the
    latitudes [1]_; compact ones, and all those near the equator or over a pole, a Lambert azimuthal disc round their
    centre; more than a hemisphere the Equal Earth projection [2]_. All three keep areas; distances are true to about 1 %
    within a country such as Kazakhstan, and worse the farther from centre or parallels.

    References
    ----------
    .. [1] Snyder, J. P. (1987). Map Projections: A Working Manual. USGS Professional Paper 1395. DOI 10.3133/pp1395
    .. [2] Savric, B., Patterson, T. and Jenny, B. (2019). The Equal Earth map projection. International Journal of
       Geographical Information Science 33(3). DOI 10.1080/13658816.2018.1504949

    Examples
    --------
    >>> fitted_crs((46.5, 40.6, 87.3, 55.4)).name
    'Equal-area cone (Albers, parallels 43 and 53, centre 48 67)'
    >>> fitted_crs((44.8, 38.4, 50.6, 41.9)).name
    'Equal-area disc (Lambert, centre 40 48)'
    """
    west, south, east, north = extent
    across = across_degrees(west, east)
    centre = _whole(west + across / 2)
    centre = (centre + 180) % 360 - 180
    high, middle = north - south, (north + south) / 2
    wide = across * math.cos(math.radians(middle))
    if across >= 180 and min(abs(south), abs(north)) >= 40 and south * north > 0:
        return _disc(90 if north > 0 else -90, 0 if across > 340 else centre)
    if across >= 180 or high > 100:
        return _earth(0 if across > 300 else centre)
    if wide > _WIDE * high and wide > _FEW and abs(middle) >= _TROPIC and south * north > 0:
        return _cone(_whole(south + high / 6), _whole(north - high / 6), _whole(middle), centre)
    return _disc(_whole(middle), centre)


def across_degrees(west: float, east: float) -> float:
    """Give the degrees from west to east, 0 to 360."""
    return (east - west) % 360 if (east - west) % 360 or east == west else 360.0


def _whole(degrees: float) -> int:
    return math.floor(degrees + 0.5)


def _cone(south: int, north: int, latitude: int, longitude: int) -> "CRS":
    from pyproj.crs.coordinate_operation import AlbersEqualAreaConversion

    name = f"Equal-area cone (Albers, parallels {south} and {north}, centre {latitude} {longitude})"
    return _system(AlbersEqualAreaConversion(south, north, latitude, longitude), name)


def _disc(latitude: int, longitude: int) -> "CRS":
    from pyproj.crs.coordinate_operation import LambertAzimuthalEqualAreaConversion

    name = f"Equal-area disc (Lambert, centre {latitude} {longitude})"
    return _system(LambertAzimuthalEqualAreaConversion(latitude, longitude), name)


def _earth(longitude: int) -> "CRS":
    from pyproj import CRS

    conversion = CRS.from_user_input(f"+proj=eqearth +lon_0={longitude} +datum=WGS84 +units=m +type=crs").coordinate_operation
    return _system(conversion, f"Equal Earth (centre {longitude})")


def _system(conversion: Any, name: str) -> "CRS":
    from pyproj import CRS
    from pyproj.crs import ProjectedCRS

    # through WKT: what pyproj builds from parts is of a class of its own, which cannot be taken apart again
    return CRS.from_wkt(ProjectedCRS(conversion, name=name, geodetic_crs=CRS.from_epsg(4326)).to_wkt())
