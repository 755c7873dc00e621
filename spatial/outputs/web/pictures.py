"""Surfaces as pictures: the values are warped to Web Mercator, then coloured, then written as a PNG with few colours."""

import base64
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.outputs.atlas import Class
from spatial.outputs.surface_classes import class_of, surface_classes
from spatial.outputs.web.ground import HALF_WORLD, Ground
from spatial.results import Surface

#: How many pixels a surface of few cells is drawn with, along its longer side.
FINEST = 1200


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A surface ready to be laid on the map."""

    png: bytes
    bounds: tuple[float, float, float, float]  # left, top, right, bottom, in pixels at zoom 0
    classes: tuple[Class, ...]  # lowest first; `count` is the number of cells of the surface itself


def picture(surface: Surface, ground: Ground) -> Picture:
    """
    Lay a surface on the map.

    Parameters
    ----------
    surface
        Numbers on a grid of its own.
    ground
        The grid of the map.

    Returns
    -------
    Picture
        At least one pixel a cell, more where cells are few, so that classes have smooth edges. Everything below the lowest class is transparent.

    Notes
    -----
    Stretching a picture between its corners misplaces its middle by tens of kilometres over a country, and colouring
    before warping mixes colours that stand in no legend; therefore values are warped (bilinear), and coloured after that.
    """
    values, bounds = _in_map_units(surface, ground)
    classes = surface_classes(surface)
    number = class_of(values, np.array([classes[0].low, *(each.high for each in classes)], dtype=float))
    return Picture(png=indexed_png(number, tuple(each.colour for each in classes)), bounds=bounds, classes=classes)


def indexed_png(numbers: "np.ndarray[Any, np.dtype[np.uint8]]", colours: tuple[str, ...]) -> bytes:
    """
    Write a picture with a palette; number 0 is transparent.

    Parameters
    ----------
    numbers
        Rows from the top; 0, or the position of a colour plus 1.
    colours
        ``#rrggbb``.

    Returns
    -------
    bytes
        A PNG with only the chunks it needs, so that equal pictures are equal bytes.
    """
    height, width = numbers.shape
    lines = np.zeros((height, width + 1), np.uint8)  # the first byte of each line says that it is not filtered
    lines[:, 1:] = numbers
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes([255, 255, 255]) + bytes.fromhex("".join(colour.lstrip("#") for colour in colours))),
        (b"tRNS", bytes([0])),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    written = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def data_address(png: bytes) -> str:
    """
    Write a PNG as an address that holds it.

    Parameters
    ----------
    png
        The picture.

    Returns
    -------
    str
        ``data:image/png;base64,...``.
    """
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _in_map_units(surface: Surface, ground: Ground) -> "tuple[np.ndarray[Any, Any], tuple[float, float, float, float]]":
    from affine import Affine
    from rasterio.crs import CRS
    from rasterio.warp import Resampling, reproject, transform_bounds

    values = np.where(surface.values == surface.nodata, np.nan, surface.values).astype(np.float32)
    rows, columns = values.shape
    left, low, right, high = _corners(surface.transform, rows, columns)
    if ground.local:
        (x0, y0), (x1, y1) = ground.placed(np.array([[left, high], [right, low]]))
        return values, (float(x0), float(y0), float(x1), float(y1))
    given, wanted = CRS.from_wkt(surface.crs.to_wkt()), CRS.from_epsg(3857)
    finer = min(4, max(1, FINEST // max(rows, columns)))
    width, height = columns * finer, rows * finer
    left, low, right, high = transform_bounds(given, wanted, left, low, right, high, densify_pts=101)
    transform = Affine((right - left) / width, 0, left, 0, (low - high) / height, high)
    warped = np.full((height, width), np.nan, np.float32)
    reproject(
        values,
        warped,
        src_transform=surface.transform,
        src_crs=given,
        src_nodata=np.nan,
        dst_transform=transform,
        dst_crs=wanted,
        dst_nodata=np.nan,
        resampling=Resampling.bilinear,
    )
    metres = np.array([left, low, right, high])
    x0, y1, x1, y0 = (128 + metres / HALF_WORLD * 128 * np.array([1, -1, 1, -1])).tolist()
    return warped, (x0, y0, x1, y1)


def _corners(transform: Any, rows: int, columns: int) -> tuple[float, float, float, float]:
    """Give left, low, right and high of a grid whose rows go from north to south."""
    return transform.c, transform.f + rows * transform.e, transform.c + columns * transform.a, transform.f
