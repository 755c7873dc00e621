"""Surfaces on paper: classes of colour, outlines, and the points they were made of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from spatial.outputs._frame import TALLEST, Frame, are_points, bounds_of, framed, labels_of, width_to_height
from spatial.outputs._margin import graticule, note_lines, note_text, scale_bar, title
from spatial.outputs._names import NAMED_UP_TO, place_names
from spatial.outputs._paper import GREY, INK, WIDTH, Sheet, measure_out, measured, sheet, wrapped, write
from spatial.outputs._shapes import land, outline
from spatial.outputs.atlas import Atlas, Class, Step
from spatial.outputs.surface_classes import class_of, surface_classes
from spatial.results import Surface

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TICKS = 5.5  # points


def surface_map(atlas: Atlas, step: Step, surface: Surface) -> Sheet:
    """
    Draw a surface in classes of colour, with outlines and the points it was made of.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The step the surface comes from.
    surface
        Rows from north to south.

    Returns
    -------
    Sheet
        With the bounds of the classes in the unit of the surface.
    """
    rows, columns = surface.values.shape
    first = surface.transform
    west, north = float(first.c), float(first.f)
    whole = (west, north + rows * float(first.e), west + columns * float(first.a), north)
    same = atlas.places.crs == surface.crs
    bounds = _shown_part(atlas, whole) if same else whole
    ratio = width_to_height(bounds, atlas.places)
    heading = wrapped(step.title, WIDTH, 9.5, bold=True, most=3)
    notes = note_lines(atlas, WIDTH)
    wide = min(WIDTH, TALLEST * ratio)
    top, foot = 0.19 * len(heading) + (0.29 if atlas.synthetic else 0.1), 0.1 * len(notes) + 0.08
    made = sheet(WIDTH, top + wide / ratio + 0.62 + foot)
    title(made, heading, synthetic=atlas.synthetic)
    frame = framed(bounds, 0.0, made.height - top - wide / ratio, wide, wide / ratio)
    graticule(made.paper, atlas.places, frame)
    classes = _raster(made.paper, surface, whole, frame)
    measure_out(made)
    if same:
        land(made.paper, atlas, frame)
        if not are_points(atlas.places):
            outline(made.paper, atlas.places, frame, edge="#6e6e6e", over=True)
        _events(made.paper, atlas, step, frame)
    scale_bar(made.paper, atlas.places, frame, right=wide, y=frame.bottom - 0.2)
    _ramp(made.paper, classes, surface.unit, frame.bottom - 0.2)
    measure_out(made)
    note_text(made.paper, notes, foot)
    return made


def _shown_part(atlas: Atlas, whole: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Give the places with a rim; the surface goes on beyond where there is next to nothing to see."""
    west, south, east, north = bounds_of(atlas, atlas.places)
    rim = 0.04 * max(east - west, north - south)
    low, high = np.minimum((west, south), whole[:2]), np.maximum((east, north), whole[2:])
    west, south = np.maximum((west - rim, south - rim), low)
    east, north = np.minimum((east + rim, north + rim), high)
    return float(west), float(south), float(east), float(north)


def _raster(axes: "Axes", surface: Surface, whole: tuple[float, float, float, float], frame: Frame) -> tuple[Class, ...]:
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Rectangle

    classes = surface_classes(surface)
    values = np.where(surface.values == surface.nodata, np.nan, surface.values)
    numbers = np.ma.masked_equal(class_of(values, np.array([classes[0].low, *(each.high for each in classes)], dtype=float)), 0)
    corners = frame.inches(np.array([[whole[0], whole[1]], [whole[2], whole[3]]]))
    image = axes.imshow(
        numbers,
        cmap=ListedColormap([each.colour for each in classes]),
        vmin=0.5,
        vmax=len(classes) + 0.5,
        extent=(corners[0, 0], corners[1, 0], corners[0, 1], corners[1, 1]),
        interpolation="nearest",
        aspect="auto",
        zorder=0.5,
    )
    image.set_clip_path(Rectangle((frame.left, frame.bottom), frame.width, frame.height, transform=axes.transData))
    return classes


def _events(axes: "Axes", atlas: Atlas, step: Step, frame: Frame) -> None:
    """Draw the points behind a surface, sized by their weight; the heaviest are named."""
    import shapely

    weight = step.result.options.get("weight")
    layers = [layer for layer in atlas.points.values() if layer.crs == atlas.places.crs and (not weight or weight in layer.columns)]
    if not layers and are_points(atlas.places):
        layers = [atlas.places]
    if not layers:
        return
    layer = max(layers, key=lambda each: len(each) == step.result.observations)
    spots = frame.inches(shapely.get_coordinates(shapely.centroid(np.asarray(layer.geometry.array))))
    weights = layer[weight].to_numpy(dtype=float, na_value=0.0) if weight in layer.columns else np.ones(len(layer))
    share = weights / (weights.max() or 1.0)
    axes.scatter(
        spots[:, 0],
        spots[:, 1],
        s=3 + 60 * share if weight else 6,
        facecolors="none" if weight else INK,
        edgecolors=INK,
        linewidths=0.5,
        zorder=5,
    )
    if weight or len(layer) <= NAMED_UP_TO:
        heaviest = np.argsort(-weights, kind="stable")[:8]
        texts = labels_of(atlas, layer)
        place_names(axes, [texts[number] for number in heaviest], spots[heaviest], 0.04 + 0.06 * np.sqrt(share[heaviest]), frame)


def _ramp(axes: "Axes", classes: Sequence[Class], unit: str, top: float) -> None:
    """Draw the colours of a surface side by side, with the bounds of the classes below them."""
    from matplotlib.patches import Rectangle

    words = [classes[0].label.split(" – ")[0], *(each.label.split(" – ")[1] for each in classes)]
    wide = max(0.42, max(measured(each, _TICKS) for each in words) + 0.1)
    write(axes, 0, top, unit, size=6.5, colour=GREY)
    for at, each in enumerate(classes):
        axes.add_artist(Rectangle((at * wide, top - 0.2), wide, 0.12, facecolor=each.colour, edgecolor="#8c8c8c", linewidth=0.4))
    for at, text in enumerate(words):
        align: Literal["left", "center", "right"] = "left" if at == 0 else "right" if at == len(classes) else "center"
        write(axes, at * wide, top - 0.31, text, size=_TICKS, align=align)
