"""Surfaces on paper: continuous colours, outlines, and the points they were made of."""

from typing import TYPE_CHECKING

import numpy as np

from spatial.outputs._frame import TALLEST, Frame, are_points, bounds_of, framed, labels_of, width_to_height
from spatial.outputs._margin import graticule, note_lines, note_text, scale_bar, title
from spatial.outputs._names import NAMED_UP_TO, place_names
from spatial.outputs._paper import GREY, INK, WIDTH, Sheet, measure_out, sheet, wrapped, write
from spatial.outputs._shapes import outline
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.themes import SEQUENTIAL
from spatial.outputs.words import decimals_for, line_words
from spatial.results import Surface

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def surface_map(atlas: Atlas, step: Step, surface: Surface) -> Sheet:
    """
    Draw a surface in continuous colours, with outlines and the points it was made of.

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
        With a colour scale in the unit of the surface.
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
    limits = _raster(made.paper, surface, whole, frame)
    measure_out(made)
    if same:
        if not are_points(atlas.places):
            outline(made.paper, atlas.places, frame, edge="#6e6e6e", over=True)
        _events(made.paper, atlas, step, frame)
    scale_bar(made.paper, atlas.places, frame, right=wide, y=frame.bottom - 0.2)
    _ramp(made.paper, limits, surface.unit, frame.bottom - 0.2)
    measure_out(made)
    note_text(made.paper, notes, foot)
    return made


def _shown_part(atlas: Atlas, whole: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Give the places with a rim; the surface goes on beyond where there is next to nothing to see."""
    west, south, east, north = bounds_of(atlas, atlas.places)
    rim = 0.04 * max(east - west, north - south)
    return max(west - rim, whole[0]), max(south - rim, whole[1]), min(east + rim, whole[2]), min(north + rim, whole[3])


def _raster(axes: "Axes", surface: Surface, whole: tuple[float, float, float, float], frame: Frame) -> tuple[float, float]:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    values = np.ma.masked_invalid(np.asarray(surface.values, dtype=float))
    if np.isfinite(surface.nodata):
        values = np.ma.masked_equal(values, surface.nodata)
    low, high = (float(values.min()), float(values.max())) if values.count() else (0.0, 1.0)
    low = min(low, 0.0)
    high = high if high > low else low + 1.0
    corners = frame.inches(np.array([[whole[0], whole[1]], [whole[2], whole[3]]]))
    colours = LinearSegmentedColormap.from_list("surface", ["#ffffff", *SEQUENTIAL])
    image = axes.imshow(
        values,
        cmap=colours,
        vmin=low,
        vmax=high,
        extent=(corners[0, 0], corners[1, 0], corners[0, 1], corners[1, 1]),
        interpolation="nearest",
        aspect="auto",
        zorder=0.5,
    )
    image.set_clip_path(Rectangle((frame.left, frame.bottom), frame.width, frame.height, transform=axes.transData))
    return low, high


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


def _ramp(axes: "Axes", limits: tuple[float, float], unit: str, top: float) -> None:
    """Draw the colour scale of a surface, with five numbers."""
    from matplotlib.colors import LinearSegmentedColormap

    low, high = limits
    colours = LinearSegmentedColormap.from_list("surface", ["#ffffff", *SEQUENTIAL])
    write(axes, 0, top, unit[:1].upper() + unit[1:], size=6.5, colour=GREY)
    axes.imshow(np.linspace(0, 1, 256)[None, :], cmap=colours, extent=(0.0, 2.6, top - 0.2, top - 0.08), aspect="auto")
    axes.plot([0, 2.6, 2.6, 0, 0], [top - 0.2, top - 0.2, top - 0.08, top - 0.08, top - 0.2], color="#8c8c8c", linewidth=0.4)
    ticks = np.linspace(low, high, 5)
    for position, words in zip(np.linspace(0, 2.6, 5), line_words(list(ticks), decimals_for(ticks[1:], 2)), strict=True):
        align = "left" if position == 0 else "right" if position > 2.5 else "center"  # the ends of the ramp
        write(axes, float(position), top - 0.31, words, size=5.5, align=align)  # type: ignore[arg-type]
