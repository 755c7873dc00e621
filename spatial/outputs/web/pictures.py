"""Surfaces as pictures: the values are warped to Web Mercator, then coloured, then written as a PNG with few colours."""

import base64
import math
import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from spatial.outputs.atlas import Class
from spatial.outputs.themes import SEQUENTIAL, number_words
from spatial.outputs.web.ground import HALF_WORLD, Ground
from spatial.results import Surface

#: How many classes a surface has, at most.
MOST_CLASSES = 8
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
    breaks = surface_breaks(surface.values)
    colours = ramp(len(breaks) - 1)
    above = np.searchsorted(breaks, values, side="left")
    number: np.ndarray[Any, np.dtype[np.uint8]] = np.where(
        np.isnan(values) | (values <= breaks[0]), 0, np.minimum(above, len(breaks) - 1)
    ).astype(np.uint8)
    given = surface.values[np.isfinite(surface.values)]
    counts = np.histogram(given[given > breaks[0]], bins=np.array([*breaks[:-1], np.inf]))[0]
    step = min(float(high - low) for low, high in pairwise(breaks))
    classes = tuple(
        Class(
            label=f"{_short(float(low), step)} – {_short(float(high), step)}",
            colour=colour,
            count=int(count),
            low=float(low),
            high=float(high),
        )
        for low, high, colour, count in zip(breaks[:-1], breaks[1:], colours, counts, strict=True)
    )
    return Picture(png=indexed_png(number, colours), bounds=bounds, classes=classes)


def surface_breaks(values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """
    Choose the bounds of the classes of a surface.

    Parameters
    ----------
    values
        The surface; NaN where there is none.

    Returns
    -------
    numpy.ndarray
        Round numbers of the kind 1, 2, 5, 10 up to the first that is not below the highest value. A density has most of
        its area at small values, so steps that grow show both a city and the country round it. Where the numbers do not
        start at zero, equal steps from the lowest to the highest.
    """
    given = values[np.isfinite(values)].astype(float)
    lowest, highest = (float(given.min()), float(given.max())) if len(given) else (0.0, 1.0)
    if lowest < 0 or highest <= 0 or lowest > highest / 20:
        return np.linspace(lowest, highest if highest > lowest else lowest + 1, MOST_CLASSES)
    exponent = math.floor(math.log10(highest))
    series = [digit * 10.0**power for power in range(exponent - 4, exponent + 2) for digit in (1, 2, 5)]
    last = next(number for number, bound in enumerate(series) if bound >= highest * (1 - 1e-9))
    return np.array(series[last - MOST_CLASSES + 1 : last + 1])


def ramp(count: int) -> tuple[str, ...]:
    """
    Give colours from light to dark between those of the sequential palette.

    Parameters
    ----------
    count
        How many.

    Returns
    -------
    tuple of str
        ``#rrggbb``.
    """
    palette = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in SEQUENTIAL], float)
    at = np.linspace(0, len(palette) - 1, max(count, 2))[-count:]
    mixed = np.column_stack([np.interp(at, np.arange(len(palette)), channel) for channel in palette.T]).round().astype(int)
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in mixed)


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


def _short(number: float, step: float) -> str:
    words = number_words(number, step=step) if abs(number) < 1 else number_words(number)
    return words.rstrip("0").rstrip(".") if "." in words else words
