"""Thematic maps on paper: places in classes, one map to a sheet or several."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._frame import TALLEST, Frame, are_points, bounds_of, framed, labels_of, layer_of, spots_of, width_to_height
from spatial.outputs._legend import circles, legend_below, legend_beside, legend_entry, legend_rows, legend_width
from spatial.outputs._margin import graticule, note_lines, note_text, scale_bar, title
from spatial.outputs._names import NAMED_UP_TO, place_names
from spatial.outputs._paper import GREY, INK, WIDTH, Sheet, sheet, wrapped, write
from spatial.outputs._shapes import RASTERISED_BEYOND, land, outline, patches
from spatial.outputs.atlas import Atlas, Theme
from spatial.outputs.themes import LAND, class_numbers

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes


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
    sizes = dict(zip(theme.classes, circles(theme, len(layer)), strict=True)) if are_points(layer) else {}
    beside = ratio < 1.25  # a tall country leaves room to its right
    legend_wide = legend_width(theme) if beside else 0.0
    map_width = min(WIDTH - legend_wide, TALLEST * ratio)
    map_height = map_width / ratio
    rows = legend_rows(theme.classes, WIDTH) if not beside else []
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
        legend_beside(made.paper, theme, sizes, map_width + 0.22, made.height - top - 0.05)
    else:
        legend_below(made.paper, theme, sizes, rows, bottom - 0.2)
    note_text(made.paper, notes, foot)
    return made


def small_multiples(atlas: Atlas, themes: Sequence[Theme], *, columns: int | None = None) -> Sheet:
    """
    Draw several maps on one sheet, for comparison at a glance.

    Parameters
    ----------
    atlas
        The finished study.
    themes
        At most as many as a page can hold.
    columns
        How many stand side by side; by default as many as leave each its room.

    Returns
    -------
    Sheet
        Each map with its own legend.
    """
    bounds = bounds_of(atlas, atlas.places)
    ratio = width_to_height(bounds, atlas.places)
    columns = columns or min(len(themes), 2 if ratio > 1.6 or len(themes) in (2, 4) else 3)  # a wide country needs a wide map
    wide = (WIDTH - 0.3 * (columns - 1)) / columns
    tall = min(wide / ratio, 2.6)
    titles = [wrapped(each.title, wide, 7, bold=True, most=2) for each in themes]
    heads = [max(len(lines) for lines in titles[start : start + columns]) for start in range(0, len(themes), columns)]
    cells = [tall + 0.13 * len(each.classes) + 0.13 * heads[number // columns] + 0.5 for number, each in enumerate(themes)]
    heights = [max(cells[start : start + columns]) for start in range(0, len(themes), columns)]
    notes = note_lines(atlas, WIDTH)
    top = 0.2 if atlas.synthetic else 0.02
    made = sheet(WIDTH, top + sum(heights) + 0.1 * len(notes))
    if atlas.synthetic:
        title(made, [], synthetic=True)
    for number, (each, lines) in enumerate(zip(themes, titles, strict=True)):
        row, column = divmod(number, columns)
        left, upper = column * (wide + 0.3), made.height - top - sum(heights[:row])
        _panel(made, atlas, each, lines, (left, upper, wide, tall), bounds, heads[row])
    note_text(made.paper, notes, 0.1 * len(notes))
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
    land(axes, atlas, frame)
    if are_points(layer):
        if not are_points(atlas.places):
            outline(axes, atlas.places, frame, fill=LAND)
        _draw_points(axes, layer, theme, numbers, frame)
    else:
        _draw_polygons(axes, layer, theme, numbers, frame)
    if names:
        _names(axes, atlas, layer, theme, frame)


def _panel(
    made: Sheet,
    atlas: Atlas,
    theme: Theme,
    lines: Sequence[str],
    box: tuple[float, float, float, float],
    bounds: tuple[float, float, float, float],
    head: int,
) -> None:
    """Draw one of several maps; those of a row begin at the same height, below the longest of their titles."""
    left, y, wide, tall = box
    top = y - 0.12 - 0.13 * head
    y -= 0.12
    for line in lines:
        write(made.paper, left, y, line, size=7, bold=True)
        y -= 0.13
    write(made.paper, left, y, theme.unit, size=6, colour=GREY)
    map_wide = min(wide, tall * width_to_height(bounds, atlas.places))
    frame = framed(bounds, left, top - 0.08 - tall, map_wide, tall)
    draw_map(made.paper, atlas, theme, frame, names=False, lines=False)
    y = frame.bottom - 0.14
    for each in theme.classes:
        legend_entry(made.paper, each, left, y, size=5.5)
        y -= 0.13


def _draw_polygons(axes: "Axes", layer: "GeoDataFrame", theme: Theme, numbers: "np.ndarray[Any, Any]", frame: Frame) -> None:
    import shapely
    from matplotlib.patches import Circle

    shapes = np.asarray(layer.geometry.array)
    many = len(shapes) > RASTERISED_BEYOND
    line = 0.1 if many else 0.25 if len(shapes) > 500 else 0.5  # points; white lines must not hide the colours
    for number, each in enumerate(theme.classes):
        patches(axes, shapes[numbers == number], frame, fill=each.colour, edge="white", line=line, raster=many, order=2)
    if not many and len(shapes) <= 500:  # a thin outline shows pale classes against the paper
        patches(axes, shapes, frame, fill="none", edge="#8c8c8c", line=0.25, raster=False, order=2.5)
    boxes = shapely.bounds(shapes)
    sizes = np.maximum((boxes[:, 2] - boxes[:, 0]) * frame.x_scale, (boxes[:, 3] - boxes[:, 1]) * frame.y_scale)
    tiny = (sizes < 0.09) & (sizes < np.median(sizes) / 6)  # inches; a city among provinces would not be seen
    if tiny.any() and tiny.sum() <= NAMED_UP_TO:
        spots = frame.inches(shapely.get_coordinates(shapely.point_on_surface(shapes[tiny])))
        colours = [theme.classes[number].colour for number in numbers[tiny]]
        for spot, colour in zip(spots, colours, strict=True):  # circles of inches: markers would be moved to whole pixels
            axes.add_artist(Circle(spot, 0.054, facecolor="white", linewidth=0, zorder=2.9))
            axes.add_artist(Circle(spot, 0.043, facecolor=colour, edgecolor=INK, linewidth=0.5, zorder=3))


def _draw_points(axes: "Axes", layer: "GeoDataFrame", theme: Theme, numbers: "np.ndarray[Any, Any]", frame: Frame) -> None:
    """Circles in the colour of their class; graduated values grow with it, large ones lie below small ones."""
    spots = frame.inches(spots_of(layer))
    sizes = circles(theme, len(layer))
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
