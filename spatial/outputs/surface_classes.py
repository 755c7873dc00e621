"""The classes of a surface: the same bounds and colours in the web map, on paper and in QGIS."""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from spatial.outputs.atlas import Class
from spatial.outputs.themes import SEQUENTIAL, bound_words
from spatial.results import Surface

#: How many bounds the classes of a surface have, at most.
MOST_BOUNDS = 8

Numbers = np.ndarray[Any, np.dtype[Any]]


def surface_classes(surface: Surface) -> tuple[Class, ...]:
    """
    Put the values of a surface into classes.

    Parameters
    ----------
    surface
        Numbers on a grid.

    Returns
    -------
    tuple of Class
        Lowest first; ``count`` is the number of cells, bounds are those of `surface_breaks`. What lies below the first class
        is not coloured.
    """
    given = values_of(surface)
    breaks = surface_breaks(given)
    counts = np.bincount(class_of(given, breaks), minlength=len(breaks))[1:]
    words = bound_words(breaks.tolist())
    # Bounds that grow tenfold are each written as short as they are: 0.2, 0.5, 1.
    words = [each.rstrip("0").rstrip(".") if "." in each else each for each in words]
    shades = ramp(len(breaks) - 1)
    return tuple(
        Class(label=f"{words[at]} – {words[at + 1]}", colour=shades[at], count=int(counts[at]), low=float(low), high=float(high))
        for at, (low, high) in enumerate(pairwise(breaks))
    )


def surface_breaks(values: Numbers) -> "np.ndarray[Any, np.dtype[np.float64]]":
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
        return np.linspace(lowest, highest if highest > lowest else lowest + 1, MOST_BOUNDS)
    exponent = math.floor(math.log10(highest))
    series = [float(f"{digit}e{power}") for power in range(exponent - 4, exponent + 2) for digit in (1, 2, 5)]
    last = next(number for number, bound in enumerate(series) if bound >= highest * (1 - 1e-9))
    return np.array(series[last - MOST_BOUNDS + 1 : last + 1])


def class_of(values: Numbers, breaks: Numbers) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """
    Tell the class of every value.

    Parameters
    ----------
    values
        Any numbers, NaN where there is none.
    breaks
        The bounds of the classes.

    Returns
    -------
    numpy.ndarray
        0 below the first class and for NaN, otherwise the position of the class plus 1. A class ends with its upper bound; the
        first one includes its lower bound too.
    """
    above = np.minimum(np.maximum(np.searchsorted(breaks, values, side="left"), 1), len(breaks) - 1)
    return np.where(np.isnan(values) | (values < breaks[0]), 0, above).astype(np.uint8)


def values_of(surface: Surface) -> Numbers:
    """
    Give the values that a surface has.

    Parameters
    ----------
    surface
        Numbers on a grid.

    Returns
    -------
    numpy.ndarray
        Those of its cells that are not empty, in a row.
    """
    values: Numbers = surface.values
    return np.asarray(values[np.isfinite(values) & (values != surface.nodata)])


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
