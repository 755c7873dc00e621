"""What stands round a map: title, notes, scale bar, meridians and parallels."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._collected import named_sources
from spatial.outputs._frame import Frame
from spatial.outputs._paper import ALARM, FAINT, GREY, INK, SMALL, Sheet, wrapped, write
from spatial.outputs.atlas import Atlas
from spatial.places import is_local

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes


def title(made: Sheet, lines: Sequence[str], *, synthetic: bool) -> None:
    """
    Write the title at the top left.

    Parameters
    ----------
    made
        The sheet.
    lines
        The title, broken.
    synthetic
        Whether the data is invented, which then stands above.
    """
    y = made.height - 0.15
    if synthetic:
        write(made.paper, 0, y, "SYNTHETIC DATA", size=6.5, bold=True, colour=ALARM)
        y -= 0.19
    for line in lines:
        write(made.paper, 0, y, line, size=9.5, bold=True)
        y -= 0.19


def note_lines(atlas: Atlas, width: float) -> list[str]:
    """
    Word what stands under every picture: what must be said on every map, and the sources.

    Parameters
    ----------
    atlas
        The finished study.
    width
        Of the lines in inches.

    Returns
    -------
    list of str
        The lines.
    """
    found = [line for mark in atlas.marks for line in wrapped(mark, width, SMALL, most=3)]
    named = named_sources(atlas)
    words = f"Source{'s' if len(named) > 1 else ''}: {' '.join(f'{each}.' for each in named)}"
    return found + (wrapped(words, width, SMALL, most=4) if named else [])


def note_text(axes: "Axes", lines: Sequence[str], top: float) -> None:
    """
    Write the notes at the foot.

    Parameters
    ----------
    axes
        The paper.
    lines
        What `note_lines` gave.
    top
        Where they begin, in inches from the lower edge.
    """
    for number, line in enumerate(lines):
        write(axes, 0, top - 0.1 * (number + 1) + 0.02, line, size=SMALL, colour=GREY)


def scale_bar(axes: "Axes", places: "GeoDataFrame", frame: Frame, *, right: float, y: float) -> None:
    """
    Draw a scale bar where coordinates are metres on Earth.

    Parameters
    ----------
    axes
        The paper.
    places
        Their reference system says whether one unit is a metre.
    frame
        Where the map is.
    right, y
        The right end of the bar in inches.
    """
    crs = places.crs
    if crs is None or is_local(places) or not crs.is_projected or crs.axis_info[0].unit_conversion_factor != 1:
        return
    reach = 0.22 * frame.width / frame.x_scale
    power = 10.0 ** math.floor(math.log10(reach))
    length = next(step * power for step in (5, 2, 1) if step * power <= reach)
    inches = length * frame.x_scale
    words = f"{length / 1000:,.0f} km".replace(",", "\u202f") if length >= 1000 else f"{length:.0f} m"  # metres to a kilometre
    axes.plot(
        [right - inches, right - inches, right, right],
        [y + 0.04, y, y, y + 0.04],
        color=INK,
        linewidth=0.7,
        solid_joinstyle="miter",
        solid_capstyle="butt",
    )
    write(axes, right - inches / 2, y + 0.045, words, size=SMALL, align="center")


def graticule(axes: "Axes", places: "GeoDataFrame", frame: Frame) -> None:
    """
    Draw meridians and parallels where the extent is wide enough to need them.

    Parameters
    ----------
    axes
        The paper.
    places
        Their reference system.
    frame
        Where the map is.
    """
    if places.crs is None or is_local(places):
        return
    from pyproj import Transformer

    there = Transformer.from_crs("EPSG:4326", places.crs, always_xy=True)
    east, north = frame.west + frame.width / frame.x_scale, frame.south + frame.height / frame.y_scale
    edges = np.linspace(0, 1, 25)
    xs = np.concatenate([frame.west + edges * (east - frame.west)] * 2 + [np.full(25, frame.west), np.full(25, east)])
    ys = np.concatenate([np.full(25, frame.south), np.full(25, north)] + [frame.south + edges * (north - frame.south)] * 2)
    longitudes, latitudes = there.transform(xs, ys, direction="INVERSE")
    known = np.isfinite(longitudes) & np.isfinite(latitudes)
    if (
        not known.any() or max(np.ptp(longitudes[known]), np.ptp(latitudes[known])) < 4
    ):  # degrees; a map of a city needs no meridians
        return
    spans = (
        (float(longitudes[known].min()), float(longitudes[known].max())),
        (float(latitudes[known].min()), float(latitudes[known].max())),
    )
    for axis, (low, high) in enumerate(spans):
        step = next((each for each in (1, 2, 5, 10, 15, 20, 30, 45) if (high - low) / each <= 7), 60)  # lines across a map
        for degrees in np.arange(math.ceil(low / step) * step, high + 1e-9, step):
            along = np.linspace(*spans[1 - axis], 121)
            fixed = np.full(121, degrees)
            line = np.column_stack(there.transform(fixed, along) if axis == 0 else there.transform(along, fixed))
            _meridian(axes, frame.inches(line), frame, axis, float(degrees))


def _meridian(axes: "Axes", line: "np.ndarray[Any, Any]", frame: Frame, axis: int, degrees: float) -> None:
    """One line of the graticule with its number where it leaves the map at the bottom or at the left."""
    low, high = np.array([frame.left, frame.bottom]), np.array([frame.left + frame.width, frame.bottom + frame.height])
    inside = np.isfinite(line).all(axis=1) & (line >= low).all(axis=1) & (line <= high).all(axis=1)
    if not inside.any():
        return
    axes.plot(*np.where(inside[:, None], line, np.nan).T, color=FAINT, linewidth=0.35, zorder=0)
    first = line[inside][np.argmin(line[inside][:, 1 - axis])]
    letter = "" if degrees == 0 else ("E" if degrees > 0 else "W") if axis == 0 else ("N" if degrees > 0 else "S")
    words = f"{abs(degrees):g}°{letter}"
    if axis == 0 and first[1] - frame.bottom < 0.12:  # inches: it leaves at the bottom
        write(axes, first[0] + 0.03, frame.bottom + 0.02, words, size=5, colour=GREY, halo="white").set_zorder(5)
    elif axis == 1 and first[0] - frame.left < 0.12:  # it leaves at the left
        write(axes, frame.left + 0.02, first[1] + 0.025, words, size=5, colour=GREY, halo="white").set_zorder(5)
