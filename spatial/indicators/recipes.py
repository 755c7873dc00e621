"""What a study says about its tables, before any of them is opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

Kind = Literal["number", "count", "share", "percent", "category", "text"]
KINDS: tuple[str, ...] = get_args(Kind)

#: Kinds whose cells are texts; all others are numbers.
WORDS = ("category", "text")


@dataclass(frozen=True, kw_only=True)
class ColumnRecipe:
    """What is known of one column of an indicator table."""

    name: str  # the column of places it becomes
    source: str  # the title it has in the table ("from" in the file; the same as `name` unless said)
    title: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    kind: Kind = "number"
    deviation: str | None = None  # the column of its standard deviation, for the plausibility check
    count: str | None = None  # the column of the number of answers behind it
    classes: str = "natural"  # how its map is cut into classes
    class_count: int | None = None  # into how many; None where the map is to choose


@dataclass(frozen=True, kw_only=True)
class TableRecipe:
    """One table to join."""

    table: Path
    sheet: str | None = None
    key: str
    match: Literal["exact"] = "exact"
    missing: tuple[str | float, ...] = ()
    unmatched: Literal["error", "drop"] = "error"
    implausible: Literal["error", "note"] = "error"
    encoding: str | None = None  # of a text file, where it cannot be told from the bytes
    decimal: Literal[".", ","] | None = None  # of numbers written as text, where the column leaves it open
    columns: Mapping[str, ColumnRecipe] = field(default_factory=dict)  # empty: all columns, as they are
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class RecordsRecipe:
    """A table of records, such as the firms of a survey: many for each place, or none."""

    table: Path
    sheet: str | None = None
    key: str | None = None  # the column that names the place of each record
    missing: tuple[str | float, ...] = ()  # a code of a Stata file, or its label
    values: Mapping[str, float] = field(default_factory=dict)  # which number a text stands for, such as Yes = 1
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    columns: Mapping[str, ColumnRecipe] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class PointsRecipe:
    """A table of points: two of its columns are coordinates."""

    table: Path
    sheet: str | None = None
    key: str
    x: str  # longitude or easting
    y: str  # latitude or northing
    crs: str
    label: str | None = None  # the column that names the points for a reader
    missing: tuple[str | float, ...] = ()
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    source: str = ""
