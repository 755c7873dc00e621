"""Study -> places with all indicators, points and graphs; nothing is computed yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatial.errors import DataError, InputError, complaint
from spatial.operations import operation
from spatial.options import Option, declared
from spatial.places import aligned, columns_checked
from spatial.running._reader import Reader
from spatial.running._told import collected, in_step, noted
from spatial.study import StepRecipe, Study

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

    from spatial.outputs.atlas import Indicator, Source

SYNTHETIC = "SYNTHETIC data: drawn by a program, observed nowhere."


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study whose inputs are read, joined and checked; nothing is computed yet."""

    study: Study
    places: "GeoDataFrame"
    outline: "GeoDataFrame | None"
    label: str
    indicators: "tuple[Indicator, ...]"
    ledger: "pd.DataFrame"
    findings: tuple[str, ...]
    marks: tuple[str, ...]
    notes: tuple[str, ...]
    points: "Mapping[str, GeoDataFrame]"
    records: "Mapping[str, pd.DataFrame]"
    graphs: "Mapping[str, Graph]"
    graph_options: Mapping[str, Mapping[str, Any]]
    sources: "tuple[Source, ...]"
    inputs: tuple[dict[str, str], ...]


def prepare(study: Study) -> Prepared:
    """
    Read, join and check everything a study names, and build its graphs.

    Parameters
    ----------
    study
        The recipe.

    Returns
    -------
    Prepared
        Places with all indicators, the join ledger, findings, points and graphs.

    Raises
    ------
    InputError
        When something cannot be used: all complaints about tables, points, graphs and the columns that steps name come at
        once, with the join ledger.
    SpatialError
        When there are no places to begin with.
    """
    import pandas as pd

    reader, complaints = Reader(study), list[str]()
    with collected() as told:
        places, label = reader.places(study.places)
        outline = reader.outline(study.places, places)
        with noted(complaints):
            label = _label(study, places) or label
        places, tables = _joined(study, places, reader, complaints)
        points, graph_options = {}, {}
        graphs: dict[str, Graph] = {}
        for title, recipes in study.points.items():
            with noted(complaints):
                points[title] = reader.points(recipes, places, title)
        records = _records(study, reader, tables, complaints)
        for name, wanted in study.graphs.items():
            with noted(complaints):
                graphs[name], graph_options[name] = reader.graph(wanted, places, graphs)
    ledger = pd.concat(tables.ledgers, ignore_index=True) if tables.ledgers else pd.DataFrame()
    if len(ledger) and label in places.columns:
        ledger.insert(4, "name", ledger["place"].map(places[label]))
    if not complaints:
        complaints += _step_complaints(study, places, points, records)
    if complaints:
        raise InputError("\n".join(dict.fromkeys(complaints)), ledger if len(ledger) else None)
    for each in study.comparisons:
        reader.remember(each.table, each.source)
    return Prepared(
        study=study,
        places=places,
        outline=outline,
        label=label,
        indicators=tuple(tables.indicators),
        ledger=ledger,
        findings=tuple(tables.findings),
        marks=tuple(dict.fromkeys((*([SYNTHETIC] if study.synthetic else []), *reader.marks))),
        notes=tuple(each for each in dict.fromkeys((*reader.notes, *told, *study.notes)) if each not in reader.marks),
        points=points,
        records=records,
        graphs=graphs,
        graph_options=graph_options,
        sources=tuple(reader.sources),
        inputs=tuple(reader.inputs),
    )


@dataclass(frozen=True)
class _Tables:
    """What the tables of a study gave, piece by piece."""

    ledgers: "list[pd.DataFrame]"
    findings: list[str]
    indicators: "list[Indicator]"


def _joined(study: Study, places: "GeoDataFrame", reader: "Reader", complaints: list[str]) -> "tuple[GeoDataFrame, _Tables]":
    """Join every table that can be joined, and note what stands against the others."""
    from spatial.indicators import examine, held, joined_as
    from spatial.outputs.atlas import Indicator

    tables = _Tables([], [], [])
    parts = []
    with noted(complaints):
        own, told = held(places, study.places.columns, study.places.stated)
        parts, tables.findings[:] = list(own), list(told)
    for recipe in study.indicators:
        with noted(complaints):
            examined = examine(places, recipe)
            tables.ledgers.append(examined.ledger.assign(table=recipe.table.name))
            if examined.complaints:
                complaints += examined.complaints
                continue
            joined = joined_as(places, examined)
            places = joined.places
            tables.findings.extend(joined.findings)
            parts += joined.indicators
            reader.remember(recipe.table, recipe.source)
    tables.indicators.extend(Indicator(**each._asdict()) for each in parts)
    return places, tables


def _label(study: Study, places: "GeoDataFrame") -> str:
    if study.places.label:
        columns_checked(places, [study.places.label], f"{study.file.name}, label")
    return study.places.label or ""


def _records(study: Study, reader: "Reader", tables: _Tables, complaints: list[str]) -> "dict[str, pd.DataFrame]":
    """Read of every table of records what the steps name."""
    found = {}
    for name, recipe in study.records.items():
        columns: list[str] = []
        with noted(complaints):
            for each in study.steps:
                if each.records == name:
                    with in_step(study, each):
                        columns += columns_named(each.operation, each.options)
            read = reader.records(recipe, list(dict.fromkeys(columns)), name)
            found[name] = read.table
            tables.findings.extend(read.findings)
    return found


def _gaps(recipe: StepRecipe, table: "pd.DataFrame", names: list[str]) -> None:
    """Refuse records with gaps that a step has not spoken of."""
    used = table[[name for name in names if name != recipe.options.get("place")]]
    counts = used.isna().sum()
    if recipe.options.get("missing", "error") == "error" and counts.any():
        shown = ", ".join(f"{name!r} {count}" for name, count in counts[counts > 0].items())
        lacking = int(used.isna().any(axis=1).sum())
        raise DataError(
            complaint(
                "records",
                f"{lacking} of {len(table)} {'lacks' if lacking == 1 else 'lack'} a value that the step uses (missing: {shown})",
                "Expected all of them, or a word on what gaps mean",
                'Fill them, or write options = { missing = "drop" } to leave these records out',
            )
        )


def _step_complaints(
    study: Study, places: "GeoDataFrame", points: "Mapping[str, GeoDataFrame]", records: "Mapping[str, pd.DataFrame]"
) -> list[str]:
    """Find steps whose columns are not there, or have gaps nobody has spoken of."""
    from pandas.api.types import is_numeric_dtype

    complaints: list[str] = []
    for recipe in study.steps:
        table = points[recipe.points] if recipe.points else places
        if recipe.records:
            with noted(complaints), in_step(study, recipe):
                _gaps(recipe, records[recipe.records], columns_named(recipe.operation, recipe.options))
            continue
        options = declared(operation(recipe.operation).function())
        policy = [each.default for each in options if each.name == "missing"]
        for option in options:
            with noted(complaints), in_step(study, recipe, option.name):
                names = _columns_of(option, recipe.options.get(option.name))
                columns_checked(table, names)
                if recipe.options.get("missing", *policy[:1] or [None]) == "error":
                    numeric = [name for name in names if is_numeric_dtype(table[name])]
                    aligned(table, None, numeric, missing="error", least=1, varying=False)
    return complaints


def columns_named(name: str, options: Mapping[str, Any]) -> list[str]:
    """List the columns that the options of an operation name."""
    found = (_columns_of(option, options.get(option.name)) for option in declared(operation(name).function()))
    return list(dict.fromkeys(column for columns in found for column in columns))


def _columns_of(option: Option, value: Any) -> list[str]:
    """List the columns that one option names."""
    from spatial.models import columns_of_formula

    if not value or option.kind not in ("column", "columns", "formula"):
        return []
    if option.kind == "formula":
        return columns_of_formula(value)
    return [value] if option.kind == "column" else list(value)
