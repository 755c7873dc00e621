"""The middle of each place, in the coordinates of the table, also where the 180th meridian cuts it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, complaint, counted, listed
from spatial.places import is_local

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Numbers = np.ndarray[Any, np.dtype[Any]]


def metres_per_unit(places: "GeoDataFrame") -> float:
    """
    Tell how long one unit of the coordinates is.

    Parameters
    ----------
    places
        A table in projected or local coordinates.

    Returns
    -------
    float
        In metres; 1 for local coordinates, whose unit nobody knows.
    """
    return 1.0 if is_local(places) else float(places.crs.axis_info[0].unit_conversion_factor)


def on_the_globe(places: "GeoDataFrame", boxes: Numbers) -> None:
    """
    Make sure that distances on the globe can be measured.

    Parameters
    ----------
    places
        A table in geographic coordinates.
    boxes
        (places, 4): west, south, east and north of each.

    Raises
    ------
    DataError
        When coordinates are not in degrees, or latitudes beyond 90.
    """
    unit = places.crs.axis_info[0].unit_name
    if unit != "degree":
        raise DataError(
            complaint("places", f"coordinates are in the unit {unit!r}", "Expected degrees or metres", "Reproject them")
        )
    beyond = places.index[np.abs(boxes[:, [1, 3]]).max(axis=1) > 90]
    if len(beyond):
        raise DataError(
            complaint(
                "places",
                f"{counted(len(beyond), 'latitude is', 'latitudes are')} beyond 90 degrees: {listed(beyond)}",
                "Expected longitude first, then latitude",
                "Exchange the coordinates, or correct the reference system",
            )
        )


def centroids(places: "GeoDataFrame") -> Numbers:
    """
    Give the centroids in the coordinates of the table.

    Parameters
    ----------
    places
        A checked table.

    Returns
    -------
    numpy.ndarray
        (places, 2).
    """
    import shapely

    shapes = np.asarray(places.geometry.array)
    if (shapely.get_type_id(shapes) == 0).all():  # points are their own centroids
        return shapely.get_coordinates(shapes)
    points = shapely.get_coordinates(shapely.centroid(shapes))
    if places.crs.is_geographic:
        whole, turned = uncut(shapes)
        points[turned] = shapely.get_coordinates(shapely.centroid(whole[turned]))
        points[turned, 0] = (points[turned, 0] + 180) % 360 - 180
    return points


def uncut(shapes: Numbers) -> tuple[Numbers, Numbers]:
    """
    Put the parts of shapes beside each other that the 180th meridian cuts apart.

    Parameters
    ----------
    shapes
        In degrees.

    Returns
    -------
    shapes : numpy.ndarray
        The same; of those that reach round more than half of the globe some parts are 360 degrees further east, so that the
        widest gap between parts lies outside.
    moved : numpy.ndarray
        Positions of the shapes that have such parts.
    """
    import shapely

    bounds = shapely.bounds(shapes)
    found, moved = shapes.copy(), []
    for each in np.flatnonzero(bounds[:, 2] - bounds[:, 0] > 180):
        parts = shapely.get_parts(shapes[each])
        west, east = shapely.bounds(parts)[:, [0, 2]].T
        order = np.argsort(west, kind="stable")
        gaps = np.append(west[order][1:], west.min() + 360) - np.maximum.accumulate(east[order])
        before = int(np.argmax(gaps[::-1]))  # so many parts are east of the widest gap; of equal gaps the last one moves nothing
        if before:
            further = order[: len(parts) - before]
            parts[further] = shapely.transform(parts[further], lambda at: at + np.array([360.0, 0.0]))
            found[each] = shapely.multipolygons(parts) if shapely.get_type_id(parts[0]) == 3 else shapely.geometrycollections(parts)
            moved.append(each)
    return found, np.asarray(moved, np.int64)
