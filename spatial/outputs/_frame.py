"""Where a map is on the paper: its extent, its shape, and how coordinates become inches."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs.atlas import Atlas, Theme
from spatial.outputs.words import is_missing

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: The tallest a map gets, in inches.
TALLEST = 4.6


@dataclass(frozen=True, eq=False)
class Frame:
    """Where on the paper a map is, and how coordinates become inches."""

    left: float
    bottom: float
    width: float
    height: float
    west: float
    south: float
    x_scale: float  # inches per unit
    y_scale: float

    def inches(self, coordinates: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """Turn coordinates (n, 2) into inches on the paper."""
        return (coordinates - (self.west, self.south)) * (self.x_scale, self.y_scale) + (self.left, self.bottom)


def layer_of(atlas: Atlas, theme: Theme) -> "GeoDataFrame":
    """
    Find the table a theme is drawn from.

    Parameters
    ----------
    atlas
        The finished study.
    theme
        Names its layer.

    Returns
    -------
    geopandas.GeoDataFrame
        Places, or a table of points.
    """
    return atlas.points.get(theme.layer, atlas.places) if theme.layer != "places" else atlas.places


def are_points(layer: "GeoDataFrame") -> bool:
    """
    Tell points from areas.

    Parameters
    ----------
    layer
        A table with one kind of geometry.

    Returns
    -------
    bool
        True for points.
    """
    return "Point" in str(layer.geom_type.iloc[0])


def bounds_of(atlas: Atlas, layer: "GeoDataFrame") -> tuple[float, float, float, float]:
    """
    Find what a map has to show, with a margin round points that lie on no land.

    Parameters
    ----------
    atlas
        The finished study; its places are shown too, unless they are points themselves, and so is the land below them.
    layer
        What is drawn.

    Returns
    -------
    tuple of float
        West, south, east, north.
    """
    land = [] if are_points(atlas.places) else [atlas.places.total_bounds]
    land += [] if atlas.outline is None else [atlas.outline.total_bounds]
    boxes = [layer.total_bounds, *land]
    west, south = np.min([box[:2] for box in boxes], axis=0)
    east, north = np.max([box[2:] for box in boxes], axis=0)
    on_land = atlas.outline is not None or not are_points(layer)
    margin = (0.004 if on_land else 0.06) * (max(east - west, north - south) or 1.0)
    return float(west - margin), float(south - margin), float(east + margin), float(north + margin)


def width_to_height(bounds: tuple[float, float, float, float], places: "GeoDataFrame") -> float:
    """
    Give the shape of a map.

    Parameters
    ----------
    bounds
        What is shown.
    places
        Their reference system: degrees of longitude are shorter than those of latitude.

    Returns
    -------
    float
        Width over height, from 0.2 to 6.
    """
    west, south, east, north = bounds
    squeeze = math.cos(math.radians((south + north) / 2)) if places.crs is not None and places.crs.is_geographic else 1.0
    return float(np.clip((east - west) * max(squeeze, 0.05) / (north - south), 0.2, 6.0))


def framed(bounds: tuple[float, float, float, float], left: float, bottom: float, width: float, height: float) -> Frame:
    """
    Fit an extent into a box on the paper.

    Parameters
    ----------
    bounds
        West, south, east, north.
    left, bottom, width, height
        The box in inches; its shape is that of the extent.

    Returns
    -------
    Frame
        The box and its scales.
    """
    west, south, east, north = bounds
    return Frame(left, bottom, width, height, west, south, width / (east - west), height / (north - south))


def labels_of(atlas: Atlas, layer: "GeoDataFrame") -> list[str]:
    """
    Give the names of places for a reader.

    Parameters
    ----------
    atlas
        Says which column holds them.
    layer
        Places or points.

    Returns
    -------
    list of str
        One for each row.
    """
    column = atlas.label if layer is atlas.places else "label"
    names = layer[column] if column and column in layer.columns else layer.index.to_series()
    return [str(index) if is_missing(name) else str(name) for index, name in zip(layer.index, names, strict=True)]


def spots_of(layer: "GeoDataFrame") -> "np.ndarray[Any, Any]":
    """
    Give the coordinates of points.

    Parameters
    ----------
    layer
        Points; of several to a row the middle.

    Returns
    -------
    numpy.ndarray
        (rows, 2) in the units of the layer.
    """
    import shapely

    return np.asarray(shapely.get_coordinates(shapely.centroid(np.asarray(layer.geometry.array))))
