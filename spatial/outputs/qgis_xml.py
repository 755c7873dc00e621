"""How texts and numbers are written in the XML that QGIS reads."""

import math
import re
import uuid
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element, indent, tostring

import numpy as np

from spatial.errors import OutputError, complaint

#: The oldest QGIS that reads what is written here; a newer one reads it as well.
VERSION = "3.22.0-Białowieża"
DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # marks that turn the direction of all that follows
_FAMILY = uuid.UUID("5b0d3a0e-6f0c-5c53-9b1e-0f6a2f1c7d11")


def clean(text: object) -> str:
    r"""
    Take out of a text what XML cannot hold: control characters and halves of characters.

    Parameters
    ----------
    text
        Anything; it is turned to text.

    Returns
    -------
    str
        The rest, unchanged.

    Examples
    --------
    >>> clean("a\x00b & c")
    'ab & c'
    """
    return _FORBIDDEN.sub("", str(text))


def written(value: object) -> str:
    """
    Write one value the way QGIS reads it back exactly.

    QGIS takes ``np.float64(1.5)`` or ``nan`` for 0 or for nothing, without a word; so every number goes through here.

    Parameters
    ----------
    value
        A text, a truth value or a finite number.

    Returns
    -------
    str
        Numbers at full precision, truth values as 1 and 0.

    Raises
    ------
    OutputError
        When a number is not finite.

    Examples
    --------
    >>> written(np.float64(0.1)), written(3), written(True)
    ('0.1', '3', '1')
    """
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        if not math.isfinite(value):
            raise OutputError(complaint("style", f"{value} cannot be written", "Expected finite numbers"))
        return repr(float(value))
    return clean(value)


def unevaluated(text: str) -> str:
    r"""
    Keep QGIS from running a text of the data as an expression: it evaluates ``[% ... %]`` in legends and labels of a page.

    Parameters
    ----------
    text
        Words for a legend or a page.

    Returns
    -------
    str
        The same to the eye, a space of no width between bracket and sign.

    Examples
    --------
    >>> unevaluated("[% 1 + 1 %]") == "[\u200b% 1 + 1 %]"
    True
    """
    plain = _TURNING.sub("", clean(text))  # first: what is taken out must not bring the two signs together
    return plain.replace("[%", "[\u200b%")


def element(
    tag: str, attributes: Mapping[str, object] | None = None, children: Iterable[Element] = (), text: object = ""
) -> Element:
    """
    Make one element of XML.

    Parameters
    ----------
    tag
        Its name.
    attributes
        Its attributes, in this order.
    children
        The elements inside.
    text
        The text inside.

    Returns
    -------
    xml.etree.ElementTree.Element
        With every text cleaned and every number at full precision.
    """
    made = Element(tag, {name: written(value) for name, value in (attributes or {}).items()})
    made.extend(children)
    made.text = written(text) or None
    return made


def options(values: Mapping[str, object]) -> Element:
    """
    Make the ``Option`` map in which QGIS keeps the properties of symbols and the like.

    Parameters
    ----------
    values
        Name to value.

    Returns
    -------
    xml.etree.ElementTree.Element
        The map; every value is stored as text, which QGIS converts.
    """
    return element(
        "Option",
        {"type": "Map"},
        [element("Option", {"type": "QString", "name": name, "value": value}) for name, value in values.items()],
    )


def document(root: Element) -> str:
    """
    Write a whole document.

    Parameters
    ----------
    root
        The outermost element.

    Returns
    -------
    str
        With the line QGIS begins its documents with.
    """
    indent(root, " ")
    return DOCTYPE + tostring(root, encoding="unicode") + "\n"


def lasting_id(*names: object) -> str:
    """
    Give the identifier that the same names always get, so that files can be compared.

    Parameters
    ----------
    *names
        What the thing is called, from the outside in.

    Returns
    -------
    str
        A UUID in braces.

    Examples
    --------
    >>> lasting_id("map") == lasting_id("map") != lasting_id("legend")
    True
    """
    return f"{{{uuid.uuid5(_FAMILY, clean(chr(31).join(map(str, names)).replace(chr(31), '/')))}}}"


def colour(text: str, opacity: float = 1.0) -> str:
    """
    Write a colour as QGIS does.

    Parameters
    ----------
    text
        As ``#rrggbb``.
    opacity
        From 0 to 1.

    Returns
    -------
    str
        Red, green, blue and opacity from 0 to 255.

    Examples
    --------
    >>> colour("#ff8000", 0.5)
    '255,128,0,128'
    """
    red, green, blue = (int(text[start : start + 2], 16) for start in (1, 3, 5))
    return f"{red},{green},{blue},{round(opacity * 255)}"


def reference_system(crs: Any) -> Element:
    """
    Describe a coordinate reference system, also one that has no code.

    Parameters
    ----------
    crs
        A ``pyproj.CRS``; None or a local one gives the empty description, which QGIS takes for plain x and y.

    Returns
    -------
    xml.etree.ElementTree.Element
        ``spatialrefsys``.
    """
    if crs is None or crs.is_engineering:
        names = ("wkt", "proj4", "srsid", "srid", "authid", "description", "projectionacronym", "ellipsoidacronym")
        return element("spatialrefsys", children=[element(name) for name in names] + [element("geographicflag", text="false")])
    known = authority(crs)
    parts = {
        "wkt": crs.to_wkt("WKT2_2019"),
        "authid": ":".join(known) if known else "",
        "description": crs.name,
        "geographicflag": "true" if crs.is_geographic else "false",
    }
    if known and known[0] == "EPSG":
        parts["srid"] = known[1]
    return element("spatialrefsys", children=[element(name, text=text) for name, text in parts.items()])


def authority(crs: Any) -> tuple[str, str] | None:
    """
    Name the register and the code of a reference system.

    Parameters
    ----------
    crs
        A ``pyproj.CRS``.

    Returns
    -------
    tuple or None
        For example ``("EPSG", "32642")``; None where it is in no register exactly as it is.
    """
    found = _found(crs)
    return None if found is None else (str(found[0]), str(found[1]))


@cache
def _found(crs: Any) -> tuple[str, str] | None:
    """Search the register once: it takes a quarter of a second, and a study asks dozens of times."""
    found: tuple[str, str] | None = crs.to_authority(min_confidence=100)
    return found
