"""How surfaces look in QGIS: colours of classes, nothing below the first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from spatial.outputs.atlas import Class
from spatial.outputs.qgis_xml import VERSION, colour, document, element, options
from spatial.outputs.surface_classes import surface_classes, values_of

if TYPE_CHECKING:
    from spatial.results import Surface


def surface_style(surface: "Surface") -> str:
    """
    Write the style of a surface as QML.

    Parameters
    ----------
    surface
        The raster.

    Returns
    -------
    str
        Classes from low to high; what lies below the first is transparent.
    """
    return document(
        element(
            "qgis",
            {"version": VERSION, "styleCategories": "AllStyleCategories", "hasScaleBasedVisibilityFlag": 0},
            surface_elements(surface),
        )
    )


def surface_elements(surface: "Surface") -> list[Element]:
    """
    Give the parts of the style of a surface.

    Parameters
    ----------
    surface
        The raster.

    Returns
    -------
    list of xml.etree.ElementTree.Element
        The same for QML and project.
    """
    classes, values = surface_classes(surface), values_of(surface)
    lowest = float(classes[0].low or 0.0)
    # What lies below the first class is left open, and rounding leaves no cell above the last.
    uppers: list[object] = [*(each.high for each in classes[:-1]), "inf"]
    steps = [(each.label, high, each.colour, 255) for each, high in zip(classes, uppers, strict=True)]
    if (values < lowest).any():
        steps = [(f"up to {classes[0].label.split(' – ')[0]}", lowest, classes[0].colour, 0), *steps]
    items = [
        element("item", {"value": high, "color": shade, "alpha": alpha, "label": f"{words} {surface.unit}".strip()})
        for words, high, shade, alpha in steps
    ]
    low, high = lowest, float(classes[-1].high or 1.0)
    shader = element(
        "colorrampshader",
        {
            "colorRampType": "DISCRETE",
            "classificationMode": 1,
            "clip": 0,
            "minimumValue": low,
            "maximumValue": high,
            "labelPrecision": 6,
        },
        [_ramp(classes), *items, element("rampLegendSettings", {"useContinuousLegend": 0, "orientation": 2})],
    )
    renderer = element(
        "rasterrenderer",
        {
            "type": "singlebandpseudocolor",
            "band": 1,
            "opacity": 1,
            "alphaBand": -1,
            "classificationMin": low,
            "classificationMax": high,
            "nodataColor": "",
        },
        [element("rasterTransparency"), element("rastershader", children=[shader])],
    )
    return [element("pipe", children=[renderer, element("brightnesscontrast", {"brightness": 0, "contrast": 0, "gamma": 1})])]


def _ramp(classes: Sequence[Class]) -> Element:
    """Describe the colours as a gradient, which QGIS offers when somebody chooses other classes."""
    first, *_, last = classes
    between = [f"{number / (len(classes) - 1)!r};{colour(each.colour)}" for number, each in enumerate(classes)][1:-1]
    known = {
        "color1": colour(first.colour),
        "color2": colour(last.colour),
        "discrete": 0,
        "rampType": "gradient",
        "stops": ":".join(between),
    }
    return element("colorramp", {"type": "gradient", "name": "[source]"}, [options(known)])
