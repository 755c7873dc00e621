"""What the writers are given: places with all their columns, the finished steps, and where everything came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from spatial.results import Result, Surface

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """One column that came from a table."""

    column: str
    title: str
    unit: str = ""
    kind: str = "number"  # "number", "count", "share" (0 to 1), "percent" (0 to 100), "category", "text"
    classes: str = "natural"  # how its map is cut into classes
    class_count: int | None = None  # into how many; None where the number of places tells


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One finished step of the study."""

    id: str
    title: str
    result: Result
    graph: str | None = None  # the name of the graph it used


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where something came from: a boundary pack, a table, a point file."""

    title: str
    origin: str  # publisher, paper, repository
    licence: str = ""
    retrieved: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Class:
    """One entry of a legend."""

    label: str
    colour: str  # "#rrggbb"
    count: int
    low: float | None = None  # graduated: low < value <= high at full precision (the first class includes its low)
    high: float | None = None
    value: str | None = None  # categories: the value as text; None together with low None means "no data"


@dataclass(frozen=True, kw_only=True)
class Theme:
    """One thematic map: which column, in which classes; the same for layer, web map and picture."""

    id: str  # unique, usable as a file and layer name
    title: str
    column: str
    kind: Literal["sequential", "diverging", "categories", "clusters"]
    classes: tuple[Class, ...]
    unit: str = ""
    layer: str = "places"  # or the name of a points table
    step: str | None = None  # the step it belongs to, None for an indicator
    method: str = ""  # how the classes were made, for the legend's foot


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Published numbers beside ours; the table has the columns label, published, ours, and column where it has several."""

    title: str
    table: "pd.DataFrame"
    source: str
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Atlas:
    """A finished study, as every writer of this room receives it."""

    name: str  # short name of the study, usable as a file name
    title: str
    description: str = ""
    language: str = "en"
    synthetic: bool = False  # then the title says SYNTHETIC already
    marks: tuple[str, ...] = ()  # short sentences shown on every map and layer: schematic outlines, synthetic data
    notes: tuple[str, ...] = ()  # everything else a reader should know; in the report and behind a click
    places: "GeoDataFrame"  # index `place`; indicators and `<step>_<field>` columns
    outline: "GeoDataFrame | None" = None  # polygons below the places for orientation, in the same reference system
    label: str = ""  # the column that names places for a reader; empty: the index
    indicators: tuple[Indicator, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)  # column of places -> words for a reader, result columns included
    points: "Mapping[str, GeoDataFrame]" = field(default_factory=dict)
    graphs: "Mapping[str, Graph]" = field(default_factory=dict)
    graph_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # graph -> kind and options as used
    steps: tuple[Step, ...] = ()
    themes: tuple[Theme, ...] = ()
    surfaces: Mapping[str, Surface] = field(default_factory=dict)  # "<step>" -> surface
    ledger: "pd.DataFrame | None" = None  # the join, one row for each row of either side
    findings: tuple[str, ...] = ()  # what the input check found
    comparisons: tuple[Comparison, ...] = ()
    sources: tuple[Source, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)  # what run.json holds


def marks_of(atlas: Atlas) -> list[str]:
    """
    List what must stand on every map.

    Parameters
    ----------
    atlas
        The study.

    Returns
    -------
    list of str
        The study's marks; that its data is synthetic even where no mark says so.
    """
    said = any("SYNTHETIC" in mark for mark in atlas.marks)
    return [*(["SYNTHETIC data: drawn at random, not observed."] if atlas.synthetic and not said else []), *atlas.marks]
