"""Where a coordinate stands on the page: in pixels of the map at zoom 0, 256 of them across."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import OutputError, complaint
from spatial.places import is_local

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: Half the width of the Web Mercator world, in metres.
HALF_WORLD = 20037508.342789244
#: Web Mercator ends where its world is a square; beyond that latitude coordinates are put on its edge.
LAST_LATITUDE = 85.0511287798066

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """
    The grid that all coordinates of one map are rounded to.

    On Earth it lies over Web Mercator, in local coordinates over a square box round the places. Rows go down.
    """

    local: bool
    bounds: tuple[float, float, float, float]  # left, top, right, bottom of everything shown, in pixels at zoom 0
    step: float  # width of one grid cell, in pixels at zoom 0
    corner: tuple[float, float]  # local only: x of the left edge and y of the upper edge, in local units
    scale: float  # local only: pixels per local unit at zoom 0

    @property
    def tolerance(self) -> float:
        """How far a vertex may be from where it was, at most: metres at the equator, or local units."""
        unit = self.scale if self.local else 128 / HALF_WORLD
        return self.step / unit * math.sqrt(0.5)

    def placed(self, coordinates: Numbers) -> Numbers:
        """Turn longitude and latitude (WGS 84), or local x and y, into pixels at zoom 0."""
        if self.local:
            return (coordinates - self.corner) * (self.scale, -self.scale)
        return mercator(coordinates)

    def rounded(self, pixels: Numbers) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Round pixels to whole steps from the upper left corner."""
        return np.maximum(np.rint((pixels - self.bounds[:2]) / self.step), 0).astype(np.int64)


def mercator(coordinates: Numbers) -> Numbers:
    """
    Turn longitude and latitude into pixels of Web Mercator at zoom 0.

    Parameters
    ----------
    coordinates
        Degrees on WGS 84, shape (n, 2).

    Returns
    -------
    numpy.ndarray
        Shape (n, 2), from 0 to 256; y grows to the south.
    """
    latitude = np.radians(np.clip(coordinates[:, 1], -LAST_LATITUDE, LAST_LATITUDE))
    return np.column_stack([128 + coordinates[:, 0] * (256 / 360), 128 - np.arcsinh(np.tan(latitude)) * (128 / math.pi)])


def ground_of(places: "GeoDataFrame", others: "tuple[GeoDataFrame, ...]" = ()) -> Ground:
    """
    Choose the grid for a map.

    Parameters
    ----------
    places
        The places; their reference system says whether the map is on Earth.
    others
        Further layers of the map, which must lie in the same world.

    Returns
    -------
    Ground
        The step is 1/262144 of the extent, or 1/65536 where there are more than 150,000 vertices.

    Raises
    ------
    OutputError
        When places are in local coordinates and another layer is on Earth, or the other way round.
    """
    import shapely

    local = is_local(places)
    frames = [frame for frame in (places, *others) if len(frame)]
    if any(is_local(frame) != local for frame in frames):
        raise OutputError(
            complaint(
                "web map",
                "some layers are in local coordinates and some on Earth",
                "Expected all layers of a map in one world",
                "State the reference system of each table",
            )
        )
    sides = np.array([_extent(frame, local=local) for frame in frames])
    left, low, right, high = sides[:, 0].min(), sides[:, 1].min(), sides[:, 2].max(), sides[:, 3].max()
    scale = 256 / max(right - left, high - low, 1e-9)
    corner = (float(left), float(high))
    if local:
        bounds = (0.0, 0.0, float((right - left) * scale), float((high - low) * scale))
    else:
        (x0, y1), (x1, y0) = mercator(np.array([[left, low], [right, high]]))
        bounds = (float(x0), float(y0), float(x1), float(y1))
    vertices = sum(int(shapely.get_num_coordinates(np.asarray(frame.geometry.array)).sum()) for frame in frames)
    extent = max(bounds[2] - bounds[0], bounds[3] - bounds[1], 1e-5)
    step = extent / 2 ** (16 if vertices > 150_000 else 18)
    return Ground(local=local, bounds=bounds, step=step, corner=corner, scale=float(scale))


def shapes_on(ground: Ground, frame: "GeoDataFrame") -> "np.ndarray[Any, Any]":
    """
    Give the geometries of a layer in pixels at zoom 0.

    Parameters
    ----------
    ground
        The grid of the map.
    frame
        A layer.

    Returns
    -------
    numpy.ndarray
        Shapely geometries, in the order of the rows.
    """
    import shapely

    shapes = np.asarray(_in_degrees(frame, local=ground.local).geometry.array)
    return np.asarray(shapely.transform(shapes, ground.placed))


def _extent(frame: "GeoDataFrame", *, local: bool) -> tuple[float, float, float, float]:
    left, low, right, high = (float(each) for each in _in_degrees(frame, local=local).total_bounds)
    return left, low, right, high


def _in_degrees(frame: "GeoDataFrame", *, local: bool) -> "GeoDataFrame":
    return frame if local or str(frame.crs) == "EPSG:4326" else frame.to_crs("EPSG:4326")
