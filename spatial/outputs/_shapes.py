"""Areas as outlines on paper."""

from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._frame import Frame
from spatial.outputs.atlas import Atlas
from spatial.outputs.themes import LAND, SHORE

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes

#: Polygons beyond this number are drawn as pixels, inside the SVG too.
RASTERISED_BEYOND = 5_000
_CHUNK = 200  # polygons to one path: Agg runs out of cells with very long ones
_GRAIN = 0.001  # inches; vertices closer than that are one, for neighbours alike


def outline(
    axes: "Axes", places: "GeoDataFrame", frame: Frame, *, fill: str = "none", edge: str = "#9a9a9a", over: bool = False
) -> None:
    """
    Draw the outlines of areas.

    Parameters
    ----------
    axes
        The paper.
    places
        Areas.
    frame
        Where the map is.
    fill, edge
        Colours.
    over
        Whether they lie over everything drawn so far.
    """
    many = len(places) > RASTERISED_BEYOND
    patches(
        axes,
        np.asarray(places.geometry.array),
        frame,
        fill=fill,
        edge=edge,
        line=0.15 if many else 0.4,
        raster=many,
        order=4 if over else 1,
    )


def land(axes: "Axes", atlas: Atlas, frame: Frame) -> None:
    """
    Draw what lies below the places for orientation, where a study has it.

    Parameters
    ----------
    axes
        The paper.
    atlas
        The finished study.
    frame
        Where the map is.
    """
    if atlas.outline is not None:
        shapes = np.asarray(atlas.outline.geometry.array)
        patches(axes, shapes, frame, fill=LAND, edge=SHORE, line=0.4, raster=len(shapes) > RASTERISED_BEYOND, order=0.3)


def patches(
    axes: "Axes", shapes: "np.ndarray[Any, Any]", frame: Frame, *, fill: str, edge: str, line: float, raster: bool, order: float
) -> None:
    """
    Draw areas as few long paths.

    Parameters
    ----------
    axes
        The paper.
    shapes
        Polygons and multipolygons.
    frame
        Where the map is.
    fill, edge
        Colours.
    line
        The width of the edge in points.
    raster
        Whether they become pixels, in the SVG too.
    order
        What lies above what.
    """
    from matplotlib.patches import PathPatch

    for start in range(0, len(shapes), _CHUNK):
        path = _path(shapes[start : start + _CHUNK], frame)
        if path is not None:
            patch = PathPatch(
                path, facecolor=fill, edgecolor=edge, linewidth=line, joinstyle="round", rasterized=raster, zorder=order
            )
            axes.add_artist(patch)  # not add_patch, which goes through every vertex to find limits that are set already


def _path(shapes: "np.ndarray[Any, Any]", frame: Frame) -> Any:
    """One path of many polygons; holes run the other way round, and vertices that print as one are one."""
    import shapely
    from matplotlib.path import Path

    rings = shapely.get_rings(shapely.get_parts(shapely.normalize(shapes)))
    coordinates, owners = shapely.get_coordinates(rings, return_index=True)
    points = np.round(frame.inches(coordinates) / _GRAIN) * _GRAIN
    keep = np.ones(len(points), bool)
    keep[1:] = (owners[1:] != owners[:-1]) | (points[1:] != points[:-1]).any(axis=1)
    points, owners = points[keep], owners[keep]
    if not len(points):
        return None
    codes = np.full(len(points), Path.LINETO, dtype=np.uint8)
    starts = np.r_[True, owners[1:] != owners[:-1]]
    codes[np.r_[owners[1:] != owners[:-1], True]] = Path.CLOSEPOLY
    codes[starts] = Path.MOVETO
    return Path(points, codes)
