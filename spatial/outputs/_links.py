"""A graph on paper: who is whose neighbour."""

from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._frame import TALLEST, are_points, bounds_of, framed, width_to_height
from spatial.outputs._margin import graticule, note_lines, note_text, scale_bar, title
from spatial.outputs._paper import GREY, WIDTH, Sheet, sheet, wrapped, write
from spatial.outputs._shapes import land, outline
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.themes import CLUSTERS, LAND, SEQUENTIAL
from spatial.outputs.words import value_words

if TYPE_CHECKING:
    import pandas as pd

_LINE, _ISLAND = "#7a8894", CLUSTERS["Isolated"]
_MOST_LINKS = 200_000  # beyond, a page is black with them


def links(atlas: Atlas, step: Step, counts: "pd.Series[Any]", words: str) -> Sheet | None:
    """
    Draw the graph of a step over the outlines: a line for each link, a dot for each place.

    Parameters
    ----------
    atlas
        The finished study; it holds the graph.
    step
        Names its graph.
    counts
        The number of neighbours of each place.
    words
        What the dots show.

    Returns
    -------
    Sheet or None
        Dots dark where there are many neighbours, isolated places as squares; None where there are too many links.
    """
    graph = atlas.graphs[str(step.graph)]
    pairs = graph.sparse.tocoo()
    first, second = pairs.row, pairs.col
    at = atlas.places.index.get_indexer(graph.unique_ids)
    keep = first != second
    ends = np.unique(np.sort(np.column_stack([at[first[keep]], at[second[keep]]]), axis=1), axis=0)
    if (at < 0).any() or len(ends) > _MOST_LINKS:
        return None
    bounds = bounds_of(atlas, atlas.places)
    ratio = width_to_height(bounds, atlas.places)
    wide = min(WIDTH, TALLEST * ratio)
    heading = wrapped(f"{step.title}: graph “{step.graph}”", WIDTH, 9.5, bold=True, most=3)
    notes = note_lines(atlas, WIDTH)
    top, foot = 0.19 * len(heading) + (0.19 if atlas.synthetic else 0) + 0.1, 0.1 * len(notes) + 0.02
    made = sheet(WIDTH, top + wide / ratio + 0.62 + foot)
    title(made, heading, synthetic=atlas.synthetic)
    frame = framed(bounds, 0.0, made.height - top - wide / ratio, wide, wide / ratio)
    graticule(made.paper, atlas.places, frame)
    land(made.paper, atlas, frame)
    if not are_points(atlas.places):
        outline(made.paper, atlas.places, frame, fill=LAND, edge="#c2c2bd")
    values = counts.reindex(atlas.places.index).fillna(0).to_numpy(float)
    spots = frame.inches(_centres(atlas))
    _draw(made, spots, ends, values)
    scale_bar(made.paper, atlas.places, frame, right=WIDTH, y=frame.bottom - 0.2)
    _legend(made, values, frame.bottom - 0.22, len(ends), words)
    note_text(made.paper, notes, foot)
    return made


def _centres(atlas: Atlas) -> "np.ndarray[Any, Any]":
    import shapely

    shapes = np.asarray(atlas.places.geometry.array)
    found: np.ndarray[Any, Any] = shapely.get_coordinates(
        shapely.centroid(shapes) if are_points(atlas.places) else shapely.point_on_surface(shapes)
    )
    return found


def _draw(made: Sheet, spots: "np.ndarray[Any, Any]", ends: "np.ndarray[Any, Any]", values: "np.ndarray[Any, Any]") -> None:
    from matplotlib.collections import LineCollection

    many = len(ends) > 5_000
    made.paper.add_collection(
        LineCollection(spots[ends].tolist(), colors=_LINE, linewidths=0.2 if many else 0.6, zorder=2, rasterized=many),
        autolim=False,
    )
    size = 14 * min(1.0, max(0.03, 120 / len(spots)))
    alone = values == 0
    colours = np.array(SEQUENTIAL)[_shades(values)]
    for chosen, marker in ((~alone, "o"), (alone, "s")):
        fills = [_ISLAND] * int(chosen.sum()) if marker == "s" else list(colours[chosen])
        made.paper.scatter(
            spots[chosen, 0],
            spots[chosen, 1],
            s=size,
            c=fills,
            marker=marker,
            edgecolors="#4d4d4d",
            linewidths=0.3,
            zorder=3,
            rasterized=many,
        )


def _shades(values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Spread the colours over the numbers of neighbours, from the smallest above 0 to the largest."""
    low, high = values[values > 0].min(initial=values.max()), values.max()
    if high == low:
        return np.full(len(values), len(SEQUENTIAL) // 2)
    found: np.ndarray[Any, np.dtype[np.int64]] = np.rint(
        np.clip((values - low) / (high - low), 0, 1) * (len(SEQUENTIAL) - 1)
    ).astype(np.int64)
    return found


def _legend(made: Sheet, values: "np.ndarray[Any, Any]", y: float, links: int, words: str) -> None:
    said = f"{value_words(len(values))} places, {value_words(links)} linked pairs. {words}:"
    write(made.paper, 0, y, said, size=6.5)
    x, y = 0.06, y - 0.17
    shades = _shades(values)
    for number, colour in enumerate(SEQUENTIAL):
        inside = values[(shades == number) & (values > 0)]
        if len(inside):
            low, high = int(inside.min()), int(inside.max())
            text = f"{low}" if low == high else f"{low} – {high}"
            x = _entry(made, x, y, colour, "o", text)
    alone = int((values == 0).sum())
    if alone:
        _entry(made, x, y, _ISLAND, "s", f"Without neighbours ({alone})")


def _entry(made: Sheet, x: float, y: float, colour: str, marker: str, text: str) -> float:
    from spatial.outputs._paper import measured

    made.paper.scatter([x], [y + 0.03], s=14, c=colour, marker=marker, edgecolors="#4d4d4d", linewidths=0.3)
    write(made.paper, x + 0.09, y, text, size=6.5, colour=GREY)
    return x + 0.32 + measured(text, 6.5)
