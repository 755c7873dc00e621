"""A printable page of a QGIS project: map, legend, title, notes, and where they mean something scale bar and north arrow."""

import base64
import math
import textwrap
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from spatial.outputs.qgis_styles import FONT, symbol, text_style
from spatial.outputs.qgis_xml import element, lasting_id, options, unevaluated

#: A4 across, in millimetres, and where things stand on it: left, top, width, height.
PAGE = (297.0, 210.0)
_TITLE = (10.0, 7.0, 277.0, 9.0)
_STUDY = (10.0, 16.0, 277.0, 6.0)
_MAP = (10.0, 24.0, 207.0, 152.0)
_LEGEND = (221.0, 24.0, 66.0, 110.0)
_SCALE_BAR = (221.0, 160.0, 66.0, 14.0)
_ARROW = (269.0, 138.0, 14.0, 18.0)
_NOTES = (10.0, 179.0, 277.0, 26.0)
#: North is in one direction only on a map that is not wider than this, in metres.
_NARROW = 500_000.0
#: What fits into the frame for notes; the whole text is in the project's metadata and in the report.
_MOST_LETTERS = 1_500
_NORTH = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 14 18"><path d="M7 0 12 13 7 10.5 2 13Z" fill="#333"/>'
    '<text x="7" y="18" font-family="sans-serif" font-size="5" text-anchor="middle" fill="#333">N</text></svg>'
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Page:
    """What stands on one page."""

    name: str  # of the page and of the map theme it shows
    title: str
    study: str
    unit: str
    notes: str
    layer_id: str
    source: str
    provider: str
    extent: tuple[float, float, float, float]
    crs: Any
    classes: int  # entries of the legend
    steps: int = 0  # of a ramp, for a surface


def layout(page: Page) -> Element:
    """
    Describe a page.

    Parameters
    ----------
    page
        What stands on it.

    Returns
    -------
    xml.etree.ElementTree.Element
        ``Layout``.
    """
    extent = _fitted(page.extent, _MAP[2] / _MAP[3])
    items = [
        _map(page, extent),
        _legend(page),
        _label(page, "title", _TITLE, page.title, 15, bold=True),
        _label(page, "study", _STUDY, page.study if page.study != page.title else "", 9),
        _label(page, "notes", _NOTES, _shortened(page.notes), 6.5),
    ]
    metres = _metres(page.crs, extent)
    if metres is not None:
        items.append(_scale_bar(page, metres / _MAP[2]))
        if metres <= _NARROW:
            items.append(_north_arrow(page))
    paper = _item(page, "page", 65638, (0.0, 0.0, *PAGE), {}, [_white()])
    parts = [element("PageCollection", children=[_white(), paper]), *items, element("Atlas", {"enabled": 0})]
    return element("Layout", {"name": page.name, "units": "mm", "printResolution": 300}, parts)


def _item(
    page: Page, name: str, kind: int, place: tuple[float, ...], attributes: dict[str, object], children: list[Element]
) -> Element:
    left, top, width, height = place
    known: dict[str, object] = {
        "type": kind,
        "id": name,
        "uuid": lasting_id("page", page.name, name),
        "templateUuid": lasting_id("page", page.name, name),
        "position": f"{left},{top},mm",
        "positionOnPage": f"{left},{top},mm",
        "size": f"{width},{height},mm",
        "referencePoint": 0,
        "zValue": 1,
        "visibility": 1,
        "opacity": 1,
        "background": "false",
        "frame": "false",
    }
    white = element("BackgroundColor", {"red": 255, "green": 255, "blue": 255, "alpha": 255})
    grey = element("FrameColor", {"red": 140, "green": 140, "blue": 140, "alpha": 255})
    return element("LayoutItem", known | attributes, [grey, white, *children])


def _white() -> Element:
    return symbol("polygon", "", "#ffffff", width=0.0)


def _map(page: Page, extent: tuple[float, float, float, float]) -> Element:
    follows: dict[str, object] = {
        "followPreset": "true",
        "followPresetName": page.name,
        "keepLayerSet": "false",
        "mapRotation": 0,
        "drawCanvasItems": "false",
    }
    box = element("Extent", dict(zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True)))
    return _item(
        page,
        "map",
        65639,
        _MAP,
        follows | {"background": "true", "frame": "true", "outlineWidthM": "0.2,mm"},
        [box, element("LayerSet")],
    )


def _legend(page: Page) -> Element:
    small = page.classes > 18
    words = f"{page.title}, {page.unit}" if page.unit else page.title
    title = "\n".join(textwrap.wrap(unevaluated(words), 38)) or " "
    said = {"legend/title-label": title, "cached_name": title}
    if page.steps:  # the first entry of a raster only repeats the name of its band
        said["legend/node-order"] = ",".join(str(number) for number in range(1, page.steps + 1))
    named = element("customproperties", children=[options(said)])
    layer = element(
        "layer-tree-layer",
        {
            "id": page.layer_id,
            "name": page.title,
            "source": page.source,
            "providerKey": page.provider,
            "checked": "Qt::Checked",
            "expanded": 1,
        },
        [named],
    )
    known: dict[str, object] = {
        "map_uuid": lasting_id("page", page.name, "map"),
        "resizeToContents": 1,
        "symbolWidth": 6,
        "symbolHeight": 2.4 if small else 4,
        "boxSpace": 0,
        "columnCount": 1 if page.classes <= 40 else 2,
        "columnSpace": 2,
        "splitLayer": 1,
        "lineSpacing": 1,
        "fontColor": "#232323",
        "title": "",
        "wrapChar": "",
    }
    return _item(page, "legend", 65642, _LEGEND, known, [_letters(small=small), element("layer-tree-group", children=[layer])])


def _letters(*, small: bool) -> Element:
    """Describe letters and distances in a legend."""
    sizes = {"title": 10, "group": 9, "subgroup": 9, "symbol": 8, "symbolLabel": 6 if small else 8}
    margins: dict[str, dict[str, object]] = {
        "symbol": {"marginTop": 0.6 if small else 1.6},
        "symbolLabel": {"marginTop": 1.6, "marginLeft": 2},
    }
    styles = [
        element(
            "style",
            {"name": name, "alignment": 1, "indent": 0, **margins.get(name, {})},
            [element("styleFont", {"description": _font(size)})],
        )
        for name, size in sizes.items()
    ]
    return element("styles", children=styles)


def _label(page: Page, name: str, place: tuple[float, ...], text: str, size: float, *, bold: bool = False) -> Element:
    font = element("LabelFont", {"description": _font(size, bold=bold), "style": ""})
    ink = element("FontColor", {"red": 35, "green": 35, "blue": 35, "alpha": 255})
    return _item(
        page,
        name,
        65641,
        place,
        {"labelText": unevaluated(text), "htmlState": 0, "halign": 1, "valign": 32, "marginX": 0, "marginY": 0},
        [font, ink],
    )


def _scale_bar(page: Page, metres_per_millimetre: float) -> Element:
    segment = _round_number(22.0 * metres_per_millimetre)
    kilometres = segment >= 1_000
    known: dict[str, object] = {
        "mapUuid": lasting_id("page", page.name, "map"),
        "style": "Single Box",
        "unitType": "km" if kilometres else "meters",
        "unitLabel": "km" if kilometres else "m",
        "numMapUnitsPerScaleBarUnit": 1,
        "numUnitsPerSegment": segment / 1_000 if kilometres else segment,
        "numSegments": 2,
        "numSegmentsLeft": 0,
        "segmentSizeMode": 0,
        "height": 2,
        "outlineWidth": 0.2,
        "boxContentSpace": 1,
        "labelBarSpace": 1.5,
        "alignment": 0,
    }
    ink = {"red": 35, "green": 35, "blue": 35, "alpha": 255}
    children = [
        text_style(8),
        element("fillColor", ink),
        element("fillColor2", {"red": 255, "green": 255, "blue": 255, "alpha": 255}),
        element("strokeColor", ink),
        element("lineSymbol", children=[symbol("line", "", "#232323", width=0.2)]),
        element("fillSymbol1", children=[symbol("polygon", "", "#232323", width=0.0)]),
        element("fillSymbol2", children=[symbol("polygon", "", "#ffffff", outline="#232323", width=0.1)]),
    ]
    return _item(page, "scale bar", 65646, _SCALE_BAR, known, children)


def _north_arrow(page: Page) -> Element:
    drawing = base64.b64encode(_NORTH.encode()).decode()
    known: dict[str, object] = {
        "file": f"base64:{drawing}",
        "mode": 0,
        "resizeMode": 0,
        "anchorPoint": 4,
        "mapUuid": lasting_id("page", page.name, "map"),
        "northMode": 1,
    }
    return _item(page, "north arrow", 65640, _ARROW, known, [])


def _font(size: float, *, bold: bool = False) -> str:
    """Describe a font as Qt 5 does, which Qt 6 still reads."""
    return f"{FONT},{size},-1,5,{75 if bold else 50},0,0,0,0,0"


def _shortened(text: str) -> str:
    return textwrap.shorten(text, _MOST_LETTERS, placeholder=" … (continued in the project's metadata)")


def _fitted(extent: tuple[float, float, float, float], ratio: float) -> tuple[float, float, float, float]:
    """Widen an extent to the shape of the frame; QGIS would else show another part of the world."""
    left, bottom, right, top = extent
    width, height = max(right - left, (top - bottom) * ratio), max(top - bottom, (right - left) / ratio)
    middle, centre = (left + right) / 2, (bottom + top) / 2
    return middle - width / 2, centre - height / 2, middle + width / 2, centre + height / 2


def _metres(crs: Any, extent: tuple[float, float, float, float]) -> float | None:
    """Give the width of a map in metres; None where coordinates belong to no place on Earth."""
    if crs is None or crs.is_engineering:
        return None
    left, bottom, right, top = extent
    if crs.is_geographic:
        return math.radians(right - left) * 6_371_000 * max(0.05, math.cos(math.radians((bottom + top) / 2)))
    factor = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    return (right - left) * float(factor or 1.0)


def _round_number(most: float) -> float:
    """Give the largest of 1, 2 and 5 times a power of ten that is not above a number."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (5, 2, 1) if step * power <= most)
