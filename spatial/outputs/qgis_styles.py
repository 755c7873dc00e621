"""How layers look in QGIS: symbols, classes, labels, names of columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from spatial.outputs.atlas import Class, Theme
from spatial.outputs.qgis_layers import Layer, Storage
from spatial.outputs.qgis_xml import VERSION, clean, colour, document, element, lasting_id, options, unevaluated, written
from spatial.outputs.themes import LAND, SHORE

if TYPE_CHECKING:
    pass

FONT = "DejaVu Sans"
_NEUTRAL = "#e6e6e6"
_OUTLINE = "#8c8c8c"
_LINK = "#4d4d4d"
_POINT = "#ffffff"
_RIM = "#1a1a1a"
#: The diameter of the circle of a place too small to be seen, in millimetres.
_CIRCLE = 2.4
_BESIDE = 1.7  # how far from its middle the name begins


def vector_style(layer: Layer) -> str:
    """
    Write the style of a layer as QML.

    Parameters
    ----------
    layer
        The layer.

    Returns
    -------
    str
        Rules that draw every feature exactly once, labels, and the names of columns.
    """
    return document(element("qgis", {"version": VERSION, **style_attributes(layer)}, style_elements(layer)))


def style_attributes(layer: Layer) -> dict[str, object]:
    """
    Give what a style says on its outermost element.

    Parameters
    ----------
    layer
        The layer.

    Returns
    -------
    dict
        Name to value; the same for QML and project.
    """
    return {
        "styleCategories": "AllStyleCategories",
        "labelsEnabled": layer.labelled,
        "hasScaleBasedVisibilityFlag": 0,
        "simplifyDrawingHints": 1,
    }


def style_elements(layer: Layer) -> list[Element]:
    """
    Give the parts of a style.

    Parameters
    ----------
    layer
        The layer.

    Returns
    -------
    list of xml.etree.ElementTree.Element
        Renderer, labels and columns; the same for QML and project.
    """
    titled = layer.theme.title if layer.theme else layer.title
    parts = [_renderer(layer, titled)]
    if layer.kind != "graph":
        parts.append(_labeling(layer))
    parts.append(element("layerOpacity", text=1))
    names = [element("alias", {"field": name, "index": number, "name": words}) for number, (name, words) in _fields(layer)]
    parts.append(element("aliases", children=names))
    parts.append(element("previewExpression", text=_column(layer.label)))
    return parts


def rules(theme: Theme, column: str, storage: Storage) -> list[str]:
    """
    Write the condition of each class of a map.

    Parameters
    ----------
    theme
        The map.
    column
        Its column in the layer.
    storage
        How that column is stored.

    Returns
    -------
    list of str
        One QGIS expression for each class. Together they hold for every value, missing ones included, and never two at once.
    """
    name = _column(column)
    ranges = [each for each in theme.classes if each.low is not None]
    made = []
    for each in theme.classes:
        if each.low is not None:
            made.append(_range_rule(name, ranges, ranges.index(each)))
        elif each.value is None:
            made.append(f"{name} IS NULL")
        else:
            made.append(f"{name} = {_literal(each.value, storage)}")
    return made


def symbol(
    shape: str,
    name: str,
    shade: str,
    *,
    size: float = 3.0,
    outline: str = "#ffffff",
    width: float = 0.15,
    circled: str = "",
) -> Element:
    """
    Make one symbol.

    Parameters
    ----------
    shape
        ``"polygon"``, ``"line"`` or ``"point"``.
    name
        What a renderer calls it.
    shade
        Its colour as ``#rrggbb``.
    size
        The diameter of a point, in millimetres.
    outline
        The colour of its outline.
    width
        The width of the outline or the line, in millimetres; 0 for none.
    circled
        An expression that tells which polygons get a circle in their colour on top; none where empty.

    Returns
    -------
    xml.etree.ElementTree.Element
        ``symbol``.
    """
    pen = {
        "outline_color": colour(outline),
        "outline_style": "solid" if width else "no",
        "outline_width": width,
        "outline_width_unit": "MM",
    }
    own: dict[str, object]
    if shape == "polygon":
        kind, drawn, own = "fill", "SimpleFill", {"color": colour(shade), "style": "solid", "joinstyle": "bevel", **pen}
    elif shape == "line":
        kind, drawn, own = "line", "SimpleLine", {"line_color": colour(shade, 0.55), "line_width": width, "line_width_unit": "MM"}
    else:
        kind, drawn, own = (
            "marker",
            "SimpleMarker",
            {"name": "circle", "color": colour(shade), "size": size, "size_unit": "MM", **pen},
        )
    inner = [element("layer", {"class": drawn, "enabled": 1, "locked": 0, "pass": 0}, [options(own)])]
    if circled:
        inner.append(_circle(name, shade, circled))
    return element("symbol", {"type": kind, "name": name, "alpha": 1, "clip_to_extent": 1, "force_rhr": 0}, inner)


def _circle(name: str, shade: str, circled: str) -> Element:
    """Draw a circle above all areas. Where the expression does not hold, and in the legend, its diameter is 0."""
    pen = {"outline_color": colour(_RIM), "outline_style": "solid", "outline_width": 0.2, "outline_width_unit": "MM"}
    own = {"name": "circle", "color": colour(shade), "size": _CIRCLE, "size_unit": "MM", **pen}
    drawn = [options(own), _decided({"size": f"if({circled}, {written(_CIRCLE)}, 0)"})]
    marker = element(
        "symbol",
        {"type": "marker", "name": f"@{name}@1", "alpha": 1, "clip_to_extent": 1, "force_rhr": 0},
        [element("layer", {"class": "SimpleMarker", "enabled": 1, "locked": 0, "pass": 0}, drawn)],
    )
    place = {"point_on_surface": 1, "point_on_all_parts": 0, "clip_points": 0, "clip_on_current_part_only": 0}
    return element("layer", {"class": "CentroidFill", "enabled": 1, "locked": 0, "pass": 1}, [options(place), marker])


def _decided(by: "dict[str, str]") -> Element:
    """Let expressions decide over properties of a symbol."""
    rules = [
        element(
            "Option",
            {"type": "Map", "name": name},
            [
                element("Option", {"type": "bool", "name": "active", "value": "true"}),
                element("Option", {"type": "QString", "name": "expression", "value": expression}),
                element("Option", {"type": "int", "name": "type", "value": 3}),
            ],
        )
        for name, expression in by.items()
    ]
    inner = [
        element("Option", {"type": "QString", "name": "name", "value": ""}),
        element("Option", {"type": "Map", "name": "properties"}, rules),
        element("Option", {"type": "QString", "name": "type", "value": "collection"}),
    ]
    return element("data_defined_properties", children=[element("Option", {"type": "Map"}, inner)])


def _is_tiny(layer: Layer) -> str:
    """Write the condition under which a place is too small to show its colour; empty where no place ever is."""
    if layer.tiny is None:
        return ""
    small = f"coalesce(max(bounds_width($geometry), bounds_height($geometry)) <= {written(layer.tiny.reach)}, false)"
    return small if layer.tiny.scale is None else f"{small} AND coalesce(@map_scale > {written(layer.tiny.scale)}, true)"


def text_style(size: float, *, attributes: "dict[str, object] | None" = None, buffer: float = 0.0) -> Element:
    """
    Describe letters.

    Parameters
    ----------
    size
        In points.
    attributes
        What else the element says.
    buffer
        The width of the white rim, in millimetres.

    Returns
    -------
    xml.etree.ElementTree.Element
        ``text-style``.
    """
    rim = {
        "bufferDraw": buffer > 0,
        "bufferSize": buffer,
        "bufferSizeUnits": "MM",
        "bufferColor": "255,255,255,255",
        "bufferOpacity": 1,
        "bufferNoFill": 1,
    }
    plain = {
        "fontFamily": FONT,
        "fontSize": size,
        "fontSizeUnit": "Point",
        "fontWeight": 50,
        "fontItalic": 0,
        "textColor": "35,35,35,255",
        "textOpacity": 1,
    }
    return element("text-style", {**plain, **(attributes or {})}, [element("text-buffer", rim)])


def _range_rule(name: str, ranges: Sequence[Class], number: int) -> str:
    """Leave the outermost classes open, so that no value falls between two notations of the same bound."""
    if len(ranges) == 1:
        return f"{name} IS NOT NULL"
    low, high = written(ranges[number].low), written(ranges[number].high)
    if number == 0:
        return f"{name} <= {high}"
    if number == len(ranges) - 1:
        return f"{name} > {low}"
    return f"{name} > {low} AND {name} <= {high}"


def _literal(value: str, storage: Storage) -> str:
    if storage == "BOOLEAN":
        return "true" if value in ("True", "1") else "false"
    if storage in ("INTEGER", "REAL"):
        return written(int(value)) if value.lstrip("-").isdigit() else written(float(value))
    escaped = clean(value).replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _column(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _fields(layer: Layer) -> list[tuple[int, tuple[str, str]]]:
    """Give the columns that have words for a reader the numbers QGIS gives them; the identifier comes first."""
    known = ["identifier", *layer.storage]
    return [(known.index(name), (name, words)) for name, words in layer.aliases.items()]


def _renderer(layer: Layer, title: str) -> Element:
    width = 0.2 if layer.count <= 1_000 else 0.05 if layer.count <= 20_000 else 0.0
    conditions, labels = [""], [title]
    if layer.theme is None:
        below = layer.kind == "outline"
        shade = LAND if below else {"polygon": _NEUTRAL, "line": _LINK, "point": _POINT}[layer.shape]
        size, pen = 0.6 * _diameter(layer.count), SHORE if below else _LINK if layer.shape == "point" else _OUTLINE
        symbols = [symbol(layer.shape, "0", shade, size=size, outline=pen, width=0.2 if layer.shape == "line" else width)]
    else:
        theme, column = layer.theme, layer.columns[layer.theme.column]
        conditions, labels = rules(theme, column, layer.storage[column]), [each.label for each in theme.classes]
        symbols = [
            symbol(layer.shape, str(number), each.colour, size=size, outline=_OUTLINE, width=width, circled=_is_tiny(layer))
            for number, (each, size) in enumerate(zip(theme.classes, _diameters(theme, layer.count), strict=True))
        ]
    made = []
    for number, (condition, words) in enumerate(zip(conditions, labels, strict=True)):
        known = {"key": lasting_id(layer.name, "rule", number), "symbol": number, "label": unevaluated(words)}
        made.append(element("rule", known | ({"filter": condition} if condition else {})))
    root = element("rules", {"key": lasting_id(layer.name, "rules")}, made)
    known = {"type": "RuleRenderer", "symbollevels": int(layer.tiny is not None), "enableorderby": 0, "forceraster": 0}
    return element("renderer-v2", known, [root, element("symbols", children=symbols)])


def _diameter(count: int) -> float:
    return 3.0 if count <= 200 else 2.0 if count <= 2_000 else 1.0


def _diameters(theme: Theme, count: int) -> list[float]:
    """Let circles grow with the class where classes have an order; missing values are small."""
    usual = _diameter(count)
    ranges = sum(each.low is not None for each in theme.classes)
    sizes = []
    for number, each in enumerate(theme.classes):
        missing = each.low is None and each.value is None
        grown = theme.kind == "sequential" and each.low is not None
        sizes.append(usual * (0.7 if missing else 0.8 + 0.9 * number / max(ranges - 1, 1) if grown else 1.0))
    return sizes


def _labeling(layer: Layer) -> Element:
    style = text_style(8 if layer.count <= 60 else 7, attributes={"fieldName": layer.label, "isExpression": 0}, buffer=0.7)
    place: dict[str, object] = {
        "placement": 1,
        "centroidInside": 1,
        "centroidWhole": 1,
        "polygonPlacementFlags": 2,
        "offsetUnits": "MM",
        "priority": 5,
    }
    if layer.shape == "point":  # beside the circle, wherever there is room
        place = {
            "placement": 6,
            "offsetType": 1,
            "dist": 0.5,
            "distUnits": "MM",
            "predefinedPositionOrder": "TR,TL,BR,BL,R,L,TSR,BSR",
            "priority": 5,
        }
    rendering = {"drawLabels": 1, "displayAll": 0, "obstacle": 1, "fitInPolygonOnly": 0, "labelPerPart": 0, "scaleVisibility": 0}
    wrap = {"autoWrapLength": 18, "useMaxLineLengthForAutoWrap": 1, "multilineAlign": 1, "formatNumbers": 0}
    parts = [style, element("text-format", wrap), element("placement", place), element("rendering", rendering)]
    if tiny := _is_tiny(layer) if layer.theme is not None else "":  # the name stands beside the circle
        beside = {"OffsetQuad": f"if({tiny}, 5, 4)", "OffsetXY": f"if({tiny}, '{written(_BESIDE)},0', '0,0')"}
        (decided,) = _decided(beside)
        parts.append(element("dd_properties", children=[decided]))
    settings = element("settings", {"calloutType": "simple"}, parts)
    return element("labeling", {"type": "simple"}, [settings])
