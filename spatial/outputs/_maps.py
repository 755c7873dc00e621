"""Thematic maps on paper: places in classes, with legend, scale, graticule and names."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._paper import ALARM, FAINT, GREY, INK, WIDTH, Sheet, measured, sheet, wrapped, write
from spatial.outputs.atlas import Atlas, Class, Theme
from spatial.outputs.themes import class_numbers
from spatial.outputs.words import is_missing
from spatial.places import is_local

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes

#: Polygons beyond this number are drawn as pixels, inside the SVG too.
RASTERISED_BEYOND = 5_000
NAMED_UP_TO = 20
TALLEST = 4.6
_CHUNK = 200  # polygons to one path: Agg runs out of cells with very long ones
_GRAIN = 0.001  # inches; vertices closer than that are one, for neighbours alike
_LEGEND, _SMALL = 6.5, 5.5  # points


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


def choropleth(atlas: Atlas, theme: Theme) -> Sheet:
    """
    Draw one thematic map.

    Parameters
    ----------
    atlas
        The finished study.
    theme
        Column and classes.

    Returns
    -------
    Sheet
        With title, unit, map, legend with counts, scale bar and notes.
    """
    layer = layer_of(atlas, theme)
    bounds = bounds_of(atlas, layer)
    ratio = width_to_height(bounds, atlas.places)
    heading = wrapped(theme.title, WIDTH, 9.5, bold=True, most=3)
    notes = note_lines(atlas, WIDTH)
    circles = dict(zip(theme.classes, _circles(theme, len(layer)), strict=True)) if are_points(layer) else {}
    beside = ratio < 1.25  # a tall country leaves room to its right
    legend_width = _legend_width(theme) if beside else 0.0
    map_width = min(WIDTH - legend_width, TALLEST * ratio)
    map_height = map_width / ratio
    rows = _legend_rows(theme.classes, WIDTH) if not beside else []
    legend_height = 0.0 if beside else 0.17 * len(rows) + 0.28
    top = 0.19 * len(heading) + (0.19 if atlas.synthetic else 0) + 0.1
    foot = 0.1 * len(notes) + 0.02
    body = map_height if not beside else max(map_height, 0.17 * len(theme.classes) + 0.9)
    made = sheet(WIDTH, top + body + legend_height + foot + 0.14)
    title(made, heading, synthetic=atlas.synthetic)
    bottom = made.height - top - body + (body - map_height)
    frame = framed(bounds, 0.0, bottom, map_width, map_height)
    draw_map(made.paper, atlas, theme, frame)
    scale_bar(made.paper, atlas.places, frame, right=map_width if beside else WIDTH, y=bottom - 0.2)
    if beside:
        _legend_beside(made.paper, theme, circles, map_width + 0.22, made.height - top - 0.05)
    else:
        _legend_below(made.paper, theme, circles, rows, bottom - 0.2)
    note_text(made.paper, notes, foot)
    return made


def draw_map(axes: "Axes", atlas: Atlas, theme: Theme, frame: Frame, *, names: bool = True, lines: bool = True) -> None:
    """
    Draw the places of a theme in their colours.

    Parameters
    ----------
    axes
        The paper.
    atlas
        The finished study.
    theme
        Column and classes.
    frame
        Where the map goes.
    names
        Whether places are named, where there are few.
    lines
        Whether a graticule is drawn where the extent is wide.
    """
    layer = layer_of(atlas, theme)
    numbers = class_numbers(theme, layer[theme.column])
    if lines:
        graticule(axes, atlas.places, frame)
    if are_points(layer):
        if not are_points(atlas.places):
            outline(axes, atlas.places, frame, fill="#f4f4f1")
        _draw_points(axes, layer, theme, numbers, frame)
    else:
        _draw_polygons(axes, layer, theme, numbers, frame)
    if names:
        _names(axes, atlas, layer, theme, frame)


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
    Find what a map has to show, with a margin round points.

    Parameters
    ----------
    atlas
        The finished study; its places are shown too, unless they are points themselves.
    layer
        What is drawn.

    Returns
    -------
    tuple of float
        West, south, east, north.
    """
    boxes = [layer.total_bounds] + ([] if are_points(atlas.places) else [atlas.places.total_bounds])
    west, south = np.min([box[:2] for box in boxes], axis=0)
    east, north = np.max([box[2:] for box in boxes], axis=0)
    margin = (0.06 if are_points(layer) else 0.004) * (max(east - west, north - south) or 1.0)
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
    _patches(
        axes,
        np.asarray(places.geometry.array),
        frame,
        fill=fill,
        edge=edge,
        line=0.15 if many else 0.4,
        raster=many,
        order=4 if over else 1,
    )


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
    Word what stands under every picture: the first sentence of each note of the study, and the sources.

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
    found = [line for note in atlas.notes for line in wrapped(re.split(r"(?<=[.!?]) ", note, maxsplit=1)[0], width, _SMALL, most=2)]
    found = found if len(found) <= 6 else [*found[:5], "Further notes are in the report."]
    titles = list(dict.fromkeys(each.title for each in atlas.sources))
    return found + (wrapped(f"Source: {'; '.join(titles)}.", width, _SMALL, most=3) if titles else [])


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
        write(axes, 0, top - 0.1 * (number + 1) + 0.02, line, size=_SMALL, colour=GREY)


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
    write(axes, right - inches / 2, y + 0.045, words, size=_SMALL, align="center")


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
        write(axes, first[0] + 0.03, frame.bottom + 0.02, words, size=5, colour="#9a9a9a")
    elif axis == 1 and first[0] - frame.left < 0.12:  # it leaves at the left
        write(axes, frame.left + 0.02, first[1] + 0.025, words, size=5, colour="#9a9a9a")


def _draw_polygons(axes: "Axes", layer: "GeoDataFrame", theme: Theme, numbers: "np.ndarray[Any, Any]", frame: Frame) -> None:
    import shapely

    shapes = np.asarray(layer.geometry.array)
    many = len(shapes) > RASTERISED_BEYOND
    line = 0.1 if many else 0.25 if len(shapes) > 500 else 0.5  # points; white lines must not hide the colours
    for number, each in enumerate(theme.classes):
        _patches(axes, shapes[numbers == number], frame, fill=each.colour, edge="white", line=line, raster=many, order=2)
    if not many and len(shapes) <= 500:  # a thin outline shows pale classes against the paper
        _patches(axes, shapes, frame, fill="none", edge="#8c8c8c", line=0.25, raster=False, order=2.5)
    boxes = shapely.bounds(shapes)
    sizes = np.maximum((boxes[:, 2] - boxes[:, 0]) * frame.x_scale, (boxes[:, 3] - boxes[:, 1]) * frame.y_scale)
    tiny = (sizes < 0.09) & (sizes < np.median(sizes) / 6)  # inches; a city among provinces would not be seen
    if tiny.any() and tiny.sum() <= NAMED_UP_TO:
        spots = frame.inches(shapely.get_coordinates(shapely.point_on_surface(shapes[tiny])))
        colours = [theme.classes[number].colour for number in numbers[tiny]]
        axes.scatter(spots[:, 0], spots[:, 1], s=46, c="white", linewidths=0, zorder=2.9)
        axes.scatter(spots[:, 0], spots[:, 1], s=30, c=colours, edgecolors=INK, linewidths=0.5, zorder=3)


def _draw_points(axes: "Axes", layer: "GeoDataFrame", theme: Theme, numbers: "np.ndarray[Any, Any]", frame: Frame) -> None:
    """Circles in the colour of their class; graduated values grow with it, large ones lie below small ones."""
    spots = frame.inches(_spots(layer))
    sizes = _circles(theme, len(layer))
    for number in reversed(range(len(theme.classes))):
        chosen = spots[numbers == number]
        size = sizes[number]
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=size,
            c=theme.classes[number].colour,
            edgecolors="#4d4d4d",
            linewidths=0.4,
            zorder=3,
            rasterized=len(layer) > RASTERISED_BEYOND,
        )


def _circles(theme: Theme, count: int) -> list[float]:
    """Give the area of the circles of each class, in square points; smaller where there are many."""
    ranges = [number for number, each in enumerate(theme.classes) if each.low is not None]
    crowd = 1.0 if count <= 60 else max(0.08, 60 / count)
    growing = theme.kind == "sequential" and len(ranges) > 1
    ranks = [
        ranges.index(number) / (len(ranges) - 1) if growing and number in ranges else 0.3 for number in range(len(theme.classes))
    ]
    return [crowd * (18 + 92 * rank) for rank in ranks]


def _spots(layer: "GeoDataFrame") -> "np.ndarray[Any, Any]":
    import shapely

    return np.asarray(shapely.get_coordinates(shapely.centroid(np.asarray(layer.geometry.array))))


def _patches(
    axes: "Axes", shapes: "np.ndarray[Any, Any]", frame: Frame, *, fill: str, edge: str, line: float, raster: bool, order: float
) -> None:
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


def _names(axes: "Axes", atlas: Atlas, layer: "GeoDataFrame", theme: Theme, frame: Frame) -> None:
    """Name all places where they are few; of many points only the extreme ones."""
    import shapely

    texts = labels_of(atlas, layer)
    chosen = np.arange(len(layer))
    if len(layer) > NAMED_UP_TO:
        if not are_points(layer) or theme.kind in ("categories", "clusters"):
            return
        values = layer[theme.column].to_numpy(dtype=float, na_value=np.nan)
        order = np.argsort(
            np.where(np.isnan(values), -np.inf, np.abs(values) if theme.kind == "diverging" else values), kind="stable"
        )[::-1]
        chosen = order[:8]
    shapes = np.asarray(layer.geometry.array)[chosen]
    spots = frame.inches(
        shapely.get_coordinates(shapely.centroid(shapes) if are_points(layer) else shapely.point_on_surface(shapes))
    )
    boxes = shapely.bounds(shapes)
    rooms = (boxes[:, 2] - boxes[:, 0]) * frame.x_scale
    beside = np.full(len(spots), 0.09) if are_points(layer) else np.where(rooms < 0.3, 0.06, 0.0)  # inches; no room inside
    numbers = class_numbers(theme, layer[theme.column])
    fills = [theme.classes[numbers[row]].colour if gap == 0 else "" for row, gap in zip(chosen, beside, strict=True)]
    place_names(axes, [texts[number] for number in chosen], spots, beside, frame, fills)


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


def place_names(
    axes: "Axes",
    texts: Sequence[str],
    spots: "np.ndarray[Any, Any]",
    beside: "np.ndarray[Any, Any]",
    frame: Frame,
    fills: Sequence[str] = (),
) -> None:
    """
    Write names onto a map, each where it covers no other; a name that fits nowhere is left out.

    Parameters
    ----------
    axes
        The paper.
    texts
        The names, the important ones first.
    spots
        Where they belong, in inches.
    beside
        How far from the spot the text begins; 0 centres it there.
    frame
        Where the map is: names stay inside.
    fills
        The colour below each name where it is known; on a dark one the letters are white.
    """
    size, tall = 6.0, 0.085
    taken: list[tuple[float, float, float, float]] = []
    for text, (x, y), gap, fill in zip(texts, spots, beside, fills or [""] * len(texts), strict=True):
        short = wrapped(text, 1.6, size, most=1)[0] if measured(text, size) > 1.6 else text  # inches
        wide = measured(short, size)
        rows = [0.0, 0.09, -0.09, 0.17, -0.17]
        lefts = [x - wide / 2] if gap == 0 else [x + gap, x - gap - wide]
        spaces = [(left, y + row - tall / 2, left + wide, y + row + tall / 2) for row in rows for left in lefts]
        spaces += [(x - wide / 2, y + row - tall / 2, x + wide / 2, y + row + tall / 2) for row in (0.13, -0.13) if gap]
        inside = [box for box in spaces if box[0] >= frame.left - 0.02 and box[2] <= frame.left + frame.width + 0.02]
        free = next((box for box in inside if not any(_overlap(box, other) for other in taken)), None)
        if free is not None:
            taken.append(free)
            pale = not fill or _lightness(fill) > 0.5  # where black and white letters read equally well
            write(
                axes, free[0], free[1] + 0.015, short, size=size, colour=INK if pale else "white", halo=fill or "white"
            ).set_zorder(6)


def _lightness(colour: str) -> float:
    """Perceived lightness of ``#rrggbb``, 0 to 1."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return math.sqrt(0.299 * red**2 + 0.587 * green**2 + 0.114 * blue**2)


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _entry_width(each: Class) -> float:
    return 0.26 + measured(each.label, _LEGEND) + measured(f"  ({each.count})", _LEGEND) + 0.22


def _legend_width(theme: Theme) -> float:
    widest = max((_entry_width(each) for each in theme.classes), default=1.0)
    return min(max(widest + 0.2, 1.3), 2.6)


def _legend_rows(classes: Sequence[Class], width: float) -> list[list[Class]]:
    rows: list[list[Class]] = [[]]
    used = 0.0
    for each in classes:
        wide = _entry_width(each)
        if rows[-1] and used + wide > width:
            rows.append([])
            used = 0.0
        rows[-1].append(each)
        used += wide
    return rows


def _legend_below(axes: "Axes", theme: Theme, circles: Mapping[Class, float], rows: Sequence[Sequence[Class]], top: float) -> None:
    write(axes, 0, top, _legend_heading(theme), size=_LEGEND, colour=GREY)
    y = top - 0.19
    for row in rows:
        x = 0.0
        for each in row:
            legend_entry(axes, each, x, y, circle=circles.get(each, 0.0))
            x += _entry_width(each)
        y -= 0.17


def _legend_beside(axes: "Axes", theme: Theme, circles: Mapping[Class, float], left: float, top: float) -> None:
    y = top - 0.1
    for line in wrapped(_legend_heading(theme), WIDTH - left, _LEGEND, most=4):
        write(axes, left, y, line, size=_LEGEND, colour=GREY)
        y -= 0.13
    y -= 0.06
    for each in reversed(theme.classes) if theme.kind in ("sequential", "diverging") else theme.classes:
        legend_entry(axes, each, left, y, circle=circles.get(each, 0.0))
        y -= 0.17


def _legend_heading(theme: Theme) -> str:
    counted = "in brackets: number of places"
    words = "; ".join(part for part in (theme.unit, theme.method, counted) if part)
    return words[:1].upper() + words[1:]


def legend_entry(axes: "Axes", each: Class, x: float, y: float, *, size: float = _LEGEND, circle: float = 0.0) -> None:
    """
    Draw one entry of a legend: colour, label, number of places.

    Parameters
    ----------
    axes
        The paper.
    each
        The class.
    x, y
        The left end of its base line, in inches.
    size
        Of the letters, in points.
    circle
        The area of a circle in square points, where the class is one of points.
    """
    from matplotlib.patches import Rectangle

    if circle:
        axes.scatter([x + 0.1], [y + 0.035], s=circle, c=each.colour, edgecolors="#4d4d4d", linewidths=0.4)
    else:
        axes.add_artist(
            Rectangle((x, y - 0.02), 0.2, 0.11 * size / _LEGEND, facecolor=each.colour, edgecolor="#8c8c8c", linewidth=0.4)
        )
    write(axes, x + 0.26, y, each.label, size=size)
    write(axes, x + 0.26 + measured(each.label, size), y, f"  ({each.count})", size=size, colour=GREY)
