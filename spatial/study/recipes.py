"""The records a study file becomes: a recipe, no data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from spatial.indicators import ColumnRecipe, PointsRecipe, RecordsRecipe, TableRecipe


@dataclass(frozen=True, kw_only=True)
class PlacesRecipe:
    """Where the geometry is: a pack, a file, or an address."""

    boundaries: str
    layer: str | None = None
    key: str | None = None
    crs: str | None = None
    label: str | None = None  # the column that names places for a reader
    invalid: Literal["error", "repair"] = "error"  # what a polygon that crosses itself means
    columns: Mapping[str, ColumnRecipe] = field(default_factory=dict)  # what is known of columns the layer holds already
    stated: str = ""  # as the file says it: `boundaries` itself may be a path on this machine
    outline: str | None = None  # polygons drawn below the places for orientation: a pack, a file, or an address
    outline_stated: str = ""  # as the file says it


@dataclass(frozen=True, kw_only=True)
class GraphRecipe:
    """One graph: an operation of the weights room and its options, or a file; some are made of other graphs."""

    name: str
    kind: str
    options: Mapping[str, Any]
    file: Path | None = None
    graphs: tuple[str, ...] = ()  # the names of those it is made of


@dataclass(frozen=True, kw_only=True)
class StepRecipe:
    """One operation of the catalogue and what it works on."""

    id: str
    operation: str
    graph: str | None = None
    points: str | None = None
    records: str | None = None
    steps: tuple[str, ...] | None = None  # earlier steps whose results it works on
    title: str = ""
    options: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)  # option to its line of the file, for complaints that come later


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """
    Published numbers that the report prints beside ours.

    The table has the columns ``label``, ``published`` and ``ours``; ``ours`` is a path into a result, for example
    ``lag/coefficients/rho/estimate`` (step, field, row, column), or empty. Where it has a further column ``column``, the
    numbers are printed in the form of the published table: labels down, columns across.
    """

    title: str
    table: Path
    source: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class OutputsRecipe:
    """What is left in the output folder, and in which language it speaks."""

    map: bool = True
    layers: bool = True
    report: bool = True
    language: str = "en"


@dataclass(frozen=True, kw_only=True)
class Study:
    """A recipe: everything that a study file says."""

    name: str  # the name of its folder
    file: Path
    title: str
    description: str = ""
    notes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    seed: int = 0
    synthetic: bool = False  # a table says SYNTHETIC in its name
    places: PlacesRecipe
    indicators: tuple[TableRecipe, ...] = ()
    points: Mapping[str, tuple[PlacesRecipe | PointsRecipe, ...]] = field(default_factory=dict)
    records: Mapping[str, RecordsRecipe] = field(default_factory=dict)
    graphs: Mapping[str, GraphRecipe] = field(default_factory=dict)
    steps: tuple[StepRecipe, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    outputs: OutputsRecipe = OutputsRecipe()

    @property
    def folder(self) -> Path:
        """The folder its paths are relative to."""
        return self.file.parent
