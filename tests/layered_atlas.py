"""Small studies for the writers of layers: awkward names and values, areas and points, three kinds of coordinates."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spatial.outputs.atlas import Atlas, Indicator, Source, Step
from spatial.outputs.themes import theme, themes_of
from spatial.places import LOCAL
from spatial.results import Result, Surface, shown

if TYPE_CHECKING:
    import pandas as pd

ALBERS = "+proj=aea +lat_0=48 +lon_0=68 +lat_1=43 +lat_2=53 +ellps=WGS84 +units=m"
COORDINATES = {"custom": ALBERS, "registered": "EPSG:32642", "degrees": "EPSG:4326", "local": LOCAL}
AWKWARD_TEXTS = ("a", "A", " a", "3", "03", "it's", 'q"q', "\\", "ё", "е", "", "[% 1 + 1 %]", "x\x01y")
AWKWARD_NAMES = (
    "Доход",
    "a\"b'c",
    "fid",
    "FID",
    "Geom",
    "ROWID",
    "ogc_fid",
    "value",
    "VALUE",
    "Place",
    "a|b",
    "select",
    "rtree_x",
    "",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Found(Result):
    """A result with one thing of each kind."""

    statistic: float = shown("Moran's I")
    strongest: str = shown("Strongest place")
    coefficients: "pd.DataFrame" = shown("Coefficients")
    cluster: "pd.Series" = shown("Cluster", theme="clusters")


def parsed(text):
    """Read XML that we wrote ourselves."""
    return ET.fromstring(text)  # noqa: S314


def label(text):
    """Give a label of a legend as QGIS must show it: without control characters, and nothing to evaluate in it."""
    return text.replace("\x01", "").replace("[%", "[\u200b%")


def areas(crs=ALBERS, *, side=6, size=100_000.0):
    """Square cells, side by side; two have no income; columns are called what makes trouble."""
    import geopandas
    from shapely.geometry import box

    if crs == "EPSG:4326":
        size = 0.5
    count = side * side
    random = np.random.default_rng(3)
    value = random.normal(size=count)
    value[[3, 10]] = np.nan
    columns = {name: value * 10.0**power for power, name in enumerate(AWKWARD_NAMES, start=-6)}
    columns |= {
        "имя": [f"Область № {number}" for number in range(count)],
        "text": [AWKWARD_TEXTS[number % len(AWKWARD_TEXTS)] for number in range(count)],
        "flag": [bool(number % 2) for number in range(count)],
        "group": [float(number % 3) if number != 5 else None for number in range(count)],
        "m_cluster": [("High-High", "Low-Low", "Not significant", None)[number % 4] for number in range(count)],
    }
    cells = [
        box(column * size, row * size, column * size + size, row * size + size) for row in range(side) for column in range(side)
    ]
    return geopandas.GeoDataFrame(
        columns, geometry=cells, crs=crs, index=[f"k{number:02d}" for number in range(count)]
    ).rename_axis("place")


def cities(places, count=9):
    """Points inside the places' extent, with a size each."""
    import geopandas

    random = np.random.default_rng(5)
    left, bottom, right, top = places.total_bounds
    at = geopandas.points_from_xy(random.uniform(left, right, count), random.uniform(bottom, top, count))
    columns = {"city": [f"Город {number}" for number in range(count)], "people": np.arange(count) * 1000}
    return geopandas.GeoDataFrame(columns, geometry=at, crs=places.crs)


def hill(places, *, cells=60):
    """A surface that is highest in the west."""
    from affine import Affine

    left, _, right, top = places.total_bounds
    step = (right - left) / cells
    row, column = np.mgrid[0:cells, 0:cells]
    values = np.exp(-((column - cells / 3) ** 2 + (row - cells / 2) ** 2) / (cells * 3)).astype(np.float32)
    values[0, :] = np.nan
    return Surface(
        values=values,
        transform=Affine(step, 0, left, 0, -step, top),
        crs=places.crs,
        unit="persons per km²",
        title="Density of cities",
    )


def awkward_atlas(crs=ALBERS, *, size=100_000.0):
    """Everything a study can have, with names that need escaping everywhere."""
    import pandas as pd
    from libpysal.graph import Graph

    places = areas(crs, size=size)
    names = [name for name in AWKWARD_NAMES if name]
    indicators = [Indicator(column=name, title=f"{number} <{name}> & co", unit="тыс. ₸") for number, name in enumerate(names)]
    indicators += [Indicator(column=name, title=name, kind="category") for name in ("text", "flag", "group")]
    table = pd.DataFrame({"estimate": [1.5, np.nan], "p": [0.1, 1e-300]}, index=pd.Index(["Intercept", "INC"], name="term"))
    found = Found(
        operation="local_moran", options={}, observations=36, statistic=0.25, strongest="k03", coefficients=table,
        cluster=places["m_cluster"], notes=("Two places have no value.",), reading=("Neighbours resemble each other a little.",),
    )  # fmt: skip
    step = Step(id="m", title='Local "Moran" & more', result=found, graph="queen")
    towns = cities(places)
    population = replace(theme(towns["people"], "sequential", id="people", title="Population"), layer="cities")
    return Atlas(
        name="awkward",
        title='Study "A" & <B>, Қазақстан',
        marks=("Outlines are schematic.",),
        notes=("Population as of 2023.",),
        synthetic=True,
        places=places,
        label="имя",
        indicators=tuple(indicators),
        titles={"m_cluster": "Cluster of local Moran"},
        points={"cities": towns},
        graphs={"queen": Graph.build_contiguity(places, rook=False).transform("r")},
        steps=(step,),
        themes=(*themes_of(places, indicators, [step]), population),
        surfaces={"kde": hill(places)},
        ledger=pd.DataFrame({"key": ["k00", "zz"], "place": ["k00", None]}),
        findings=("One key has no place.",),
        sources=(
            Source(title="Natural Earth", origin="naturalearthdata.com", licence="Public domain"),
            Source(title="GeoNames", origin="geonames.org", licence="CC BY 4.0"),
        ),
    )


def point_atlas():
    """Places that are points on some land, close together: the page has a north arrow."""
    import geopandas
    from shapely.geometry import box

    random = np.random.default_rng(11)
    at = geopandas.points_from_xy(500_000 + random.uniform(0, 9_000, 40), 4_800_000 + random.uniform(0, 9_000, 40))
    places = geopandas.GeoDataFrame(
        {"residual": random.normal(size=40), "income": random.gamma(2.0, size=40)}, geometry=at, crs="EPSG:32642"
    )
    places.index = [f"town {number}" for number in range(40)]
    places = places.rename_axis("place")
    themes = (
        theme(places["residual"], "diverging", id="residual", title="Residuals"),
        theme(places["income"], "sequential", id="income", title="Income", unit="€"),
    )
    land = geopandas.GeoDataFrame(
        {"name": ["Восток", "West"]}, geometry=[box(503_000, 4_799_000, 511_000, 4_811_000), box(498_000, 4_799_000, 503_000, 4_811_000)],
        crs=places.crs, index=["e", "w"],
    )  # fmt: skip
    return Atlas(
        name="towns", title="Towns", places=places, outline=land.rename_axis("place"), themes=themes, marks=("Schematic: West.",)
    )


def tiny_atlas(crs=ALBERS):
    """Provinces with two cities in them that are too small for a map of all."""
    import geopandas
    import shapely

    places = areas(crs)[["text", "geometry"]].iloc[:16].copy()
    side = float(places.geometry.iloc[0].bounds[2] - places.geometry.iloc[0].bounds[0])
    spots = [shapely.Point(x * side, y * side) for x, y in ((1.5, 0.5), (3.5, 1.5))]
    cities_in = [shapely.box(at.x - side / 40, at.y - side / 40, at.x + side / 40, at.y + side / 40) for at in spots]
    shapes = [each.difference(shapely.union_all(cities_in)) for each in places.geometry] + cities_in
    value = [0.0] * 16 + [10.0, 20.0]
    made = geopandas.GeoDataFrame(
        {"value": value, "имя": [f"Область {number}" for number in range(16)] + ["Город А", "Город Б"]},
        geometry=shapes,
        crs=crs,
        index=[f"k{number:02d}" for number in range(18)],
    ).rename_axis("place")
    indicator = Indicator(column="value", title="Value")
    return Atlas(
        name="tiny", title="Tiny", places=made, label="имя", indicators=(indicator,), themes=themes_of(made, (indicator,), ())
    )
