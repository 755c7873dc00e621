"""Small studies for the tests of the web map, and ways to read a page back."""

import base64
import gzip
import json
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.outputs.atlas import Atlas, Class, Indicator, Theme
from spatial.outputs.themes import themes_of
from spatial.results import Result, Surface

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "\"'`{{ 7*7 }}{% raw %}",
    "\u202eright to left מזרח",
    "n" * 300,
    "</noscript><b>--><!-- x",
    "=1+2",
    "@cmd",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moran(Result):
    statistic: float
    deviation: Any
    lag: Any


def atlas_of(places, **more):
    """A study with one indicator in two columns; anything can be said otherwise."""
    indicators = more.pop("indicators", (Indicator(column="value", title="Value", unit="%"),))
    themes = more.pop("themes", None)
    themes = themes_of(places, indicators, more.get("steps", ())) if themes is None else themes
    return Atlas(**{"name": "grid", "title": "A grid", "places": places, "indicators": indicators, "themes": themes, **more})


def unpacked(page):
    """Read the page's data back the way the browser does."""
    told = re.search(r'<script type="text/plain" id="atlas-data">(.*?)</script>', page, re.DOTALL)[1]
    raw = gzip.decompress(base64.b64decode(told))
    size = struct.unpack("<I", raw[:4])[0]
    return json.loads(raw[4 : 4 + size]), raw[4 + size :]


def png_rows(png):
    """Read an unfiltered PNG with a palette back."""
    at, parts = 8, {}
    while at < len(png):
        size = struct.unpack(">I", png[at : at + 4])[0]
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + data)
        parts[kind] = data
        at += 12 + size
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not lines[:, 0].any()
    return lines[:, 1:], np.frombuffer(parts[b"PLTE"], np.uint8).reshape(-1, 3), parts[b"tRNS"]


def peak_surface(crs, x, y, cell=5_000.0, cells=121):
    """A surface with one peak at a known spot, in its own projection."""
    from affine import Affine
    from pyproj import CRS

    half = cell * cells / 2
    along = np.arange(cells) * cell - half + cell / 2
    values = 40 * np.exp(-((along[None, :] - 1_000) ** 2 + (along[::-1][:, None] + 700) ** 2) / (2 * 30_000.0**2))
    values[values < 0.001] = 0
    return Surface(
        values=values.astype(np.float32),
        transform=Affine(cell, 0, x - half, 0, -cell, y + half),
        crs=CRS.from_user_input(crs),
        unit="per km²",
    )


def two_classes(places):
    low, middle, high = float(places["value"].min()), float(places["value"].median()), float(places["value"].max())
    classes = (
        Class(label="low", colour="#ff0000", count=int((places["value"] <= middle).sum()), low=low, high=middle),
        Class(label="high", colour="#0000ff", count=int((places["value"] > middle).sum()), low=middle, high=high),
    )
    return Theme(id="value", title="Value", column="value", kind="sequential", classes=classes)
