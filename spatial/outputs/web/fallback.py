"""The first map as a still picture with its table, for readers whose browser runs no script."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs.themes import LAND, SHORE
from spatial.outputs.web.ground import Ground, shapes_on
from spatial.outputs.web.packing import rings_of, spans
from spatial.outputs.web.pictures import data_address, indexed_png

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

WIDTH = 900
#: Above this the picture is made of pixels: outlines of thousands of places would weigh more than the map itself.
MOST_OUTLINES = 1_500
MOST_ROWS = 300


def still(
    theme: Mapping[str, Any],
    layer: Mapping[str, Any],
    frame: "GeoDataFrame",
    ground: Ground,
    words: Mapping[str, str],
    land: "GeoDataFrame | None" = None,
) -> str:
    """
    Draw one map without any script.

    Parameters
    ----------
    theme, layer
        As the page is told of them.
    frame
        The layer itself.
    ground
        The grid of the map.
    words
        In the language of the map.
    land
        What lies below the places.

    Returns
    -------
    str
        HTML: a picture, the legend and a table of the places. All text from data is escaped.
    """
    legend = "".join(
        f'<li><svg width="20" height="14" aria-hidden="true"><rect width="20" height="14" fill="{escape(each["colour"])}"/></svg> '
        f"{escape(each['label'])}{'' if theme['kind'] == 'surface' else ': ' + str(each['count'])}</li>"
        for each in theme["classes"]
    )
    head = f"<h2>{escape(theme['title'])}{' (' + escape(theme['unit']) + ')' if theme['unit'] else ''}</h2>"
    return f"{head}{_picture(theme, layer, frame, ground, land)}<ul>{legend}</ul>{_table(layer, words)}"


def _picture(
    theme: Mapping[str, Any], layer: Mapping[str, Any], frame: "GeoDataFrame", ground: Ground, land: "GeoDataFrame | None"
) -> str:
    left, top, right, bottom = ground.bounds
    scale = WIDTH / max(right - left, bottom - top)
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    colours = [str(each["colour"]) for each in theme["classes"]]
    if theme["kind"] == "surface":
        return f'<img alt="{escape(theme["title"])}" src="{theme["picture"]}">'
    shapes = shapes_on(ground, frame)
    numbers = np.asarray(theme["numbers"])
    label = escape(theme["title"])
    if layer["kind"] == "polygons" and len(frame) > MOST_OUTLINES:
        return f'<img alt="{label}" src="{data_address(_pixels(shapes, numbers, ground, size, colours))}">'
    draw = _circles if layer["kind"] == "points" else _outlines
    groups = "".join(
        f'<g fill="{escape(colour)}">{draw(shapes[numbers == number], ground, scale)}</g>' for number, colour in enumerate(colours)
    )
    below = "" if land is None else f'<g fill="{LAND}" stroke="{SHORE}">{_outlines(shapes_on(ground, land), ground, scale)}</g>'
    return f'<svg role="img" aria-label="{label}" viewBox="-4 -4 {size[0] + 8} {size[1] + 8}" stroke="#555" stroke-width="0.5">{below}{groups}</svg>'


def _outlines(shapes: "np.ndarray[Any, Any]", ground: Ground, scale: float) -> str:
    if not len(shapes):
        return ""
    rings = rings_of(shapes, ground.bounds[:2], 0.5 / scale)
    texts = (rings.vertices / 2).astype("U6")
    words = np.char.add(np.char.add(texts[:, 0], ","), texts[:, 1])
    starts = np.cumsum(rings.sizes) - rings.sizes
    return f'<path d="{"".join("M" + " ".join(words[spans(starts[[n]], rings.sizes[[n]])]) + "z" for n in range(len(starts)))}"/>'


def _circles(shapes: "np.ndarray[Any, Any]", ground: Ground, scale: float) -> str:
    import shapely

    places = (shapely.get_coordinates(shapely.point_on_surface(shapes)) - ground.bounds[:2]) * scale
    return "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6"/>' for x, y in places[:MOST_OUTLINES])


def _pixels(
    shapes: "np.ndarray[Any, Any]", numbers: "np.ndarray[Any, Any]", ground: Ground, size: tuple[int, int], colours: Sequence[str]
) -> bytes:
    from affine import Affine
    from rasterio.features import rasterize

    left, top, right, bottom = ground.bounds
    placed = Affine((right - left) / size[0], 0, left, 0, (bottom - top) / size[1], top)
    pairs = zip(shapes, (numbers + 1).tolist(), strict=True)
    drawn = rasterize(pairs, out_shape=(size[1], size[0]), transform=placed, fill=0, dtype="uint8")
    return indexed_png(drawn, tuple(colours))


def _table(layer: Mapping[str, Any], words: Mapping[str, str]) -> str:
    columns, names = layer["columns"], layer["names"]
    heads = "".join(
        f"<th>{escape(column['title'])}{' (' + escape(column['unit']) + ')' if column['unit'] else ''}</th>" for column in columns
    )
    written = [[escape(_value(value, words)) for value in column["values"][:MOST_ROWS]] for column in columns]
    cells = ["".join(f"<td>{value}</td>" for value in row) for row in zip(*written, strict=True)] or [""] * len(names)
    rows = "".join(f"<tr><th>{escape(name)}</th>{row}</tr>" for name, row in zip(names[:MOST_ROWS], cells, strict=False))
    cut = f"<p>{escape(words['first_rows'].format(n=MOST_ROWS, all=len(names)))}</p>" if len(names) > MOST_ROWS else ""
    return f"{cut}<table><thead><tr><th>{escape(words['place'])}</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _value(value: Any, words: Mapping[str, str]) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}".replace(".", words["decimal"]) if isinstance(value, float) else str(value)
