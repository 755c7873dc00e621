"""Study -> Results -> files: read everything, compute every step, write all or nothing."""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.errors import DataError, InputError, SpatialError, SpatialWarning, complaint, listed
from spatial.operations import operation
from spatial.options import data_parameters, declared
from spatial.places import aligned, columns_checked
from spatial.results import Result, columns_of
from spatial.study import PlacesRecipe, PointsRecipe, StepRecipe, Study, read_study

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

    from spatial.outputs.atlas import Atlas, Indicator, Source, Step

SYNTHETIC = "SYNTHETIC data: drawn by a program, observed nowhere."

#: Called with the work done so far, the work there is, and what is being done.
Progress = Callable[[int, int, str], None]


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
    graphs: "Mapping[str, Graph]"
    graph_options: Mapping[str, Mapping[str, Any]]
    sources: "tuple[Source, ...]"
    inputs: tuple[dict[str, str], ...]


@dataclass(frozen=True, eq=False)
class Run:
    """A finished study: where its files are, and its numbers."""

    folder: Path
    places: "GeoDataFrame"
    results: Mapping[str, Result]
    atlas: "Atlas"


def run(source: str | Path, out: str | Path | None = None, *, progress: Progress | None = None) -> Run:
    """
    Run a study from its file to layers, maps, surfaces and a report.

    Parameters
    ----------
    source
        A folder with a ``study.toml``, the file itself, or the name of an embedded study.
    out
        The folder the files go to; by default ``out`` beside the study file. Files appear whole or not at all.
    progress
        Called with the work done, the work there is, and a few words.

    Returns
    -------
    Run
        The output folder, the places with all columns, and the result of every step by its id.

    Raises
    ------
    SpatialError
        When an input cannot be used or a number cannot be computed; then no output is left behind and older output stays.
    """
    from spatial.outputs import swap

    study = read_study(source)
    folder = Path(out) if out is not None else output_folder(study)
    tell = progress or _silent
    with swap.staged(folder) as staging:
        total = len(study.steps) + 2
        tell(0, total, "Reading and joining")
        prepared = prepare(study)
        atlas = compute(prepared, lambda done, words: tell(done + 1, total, words))
        tell(total - 1, total, "Writing maps, layers and tables")
        _write(atlas, study, staging)
        atlas = replace(atlas, record={**atlas.record, "outputs": swap.files(staging)})
        from spatial.outputs.record import write_record

        write_record(atlas, staging / "run.json")
    tell(total, total, "Done")
    return Run(folder, atlas.places, {step.id: step.result for step in atlas.steps}, atlas)


def _silent(done: int, total: int, words: str) -> None:
    del done, total, words


def output_folder(study: Study) -> Path:
    """
    Say where a study's files go by default.

    Parameters
    ----------
    study
        The recipe.

    Returns
    -------
    pathlib.Path
        ``out`` beside the study file; for a study inside an installed package ``<name>/out`` in the current folder.
    """
    return Path.cwd() / study.name / "out" if "_data" in study.folder.parts else study.folder / "out"


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

    reader, complaints = _Reader(study), list[str]()
    with collected() as told:
        places, label = reader.places(study.places)
        outline = reader.outline(study.places, places)
        with _noted(complaints):
            label = _label(study, places) or label
        places, tables = _joined(study, places, reader, complaints)
        points, graphs, graph_options = {}, {}, {}
        for title, recipes in study.points.items():
            with _noted(complaints):
                points[title] = reader.points(recipes, places, title)
        for name, wanted in study.graphs.items():
            with _noted(complaints):
                graphs[name], graph_options[name] = reader.graph(wanted, places)
    ledger = pd.concat(tables.ledgers, ignore_index=True) if tables.ledgers else pd.DataFrame()
    if len(ledger) and label in places.columns:
        ledger.insert(4, "name", ledger["place"].map(places[label]))
    if not complaints:
        complaints += _step_complaints(study, places, points)
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


def _joined(study: Study, places: "GeoDataFrame", reader: "_Reader", complaints: list[str]) -> "tuple[GeoDataFrame, _Tables]":
    """Join every table that can be joined, and note what stands against the others."""
    from spatial.indicators import examine, held, joined_as
    from spatial.outputs.atlas import Indicator

    tables = _Tables([], [], [])
    parts = []
    with _noted(complaints):
        own, told = held(places, study.places.columns, study.places.stated)
        parts, tables.findings[:] = list(own), list(told)
    for recipe in study.indicators:
        with _noted(complaints):
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
    tables.indicators.extend(Indicator(column=each.column, title=each.title, unit=each.unit, kind=each.kind) for each in parts)
    return places, tables


def _label(study: Study, places: "GeoDataFrame") -> str:
    if study.places.label:
        columns_checked(places, [study.places.label], f"{study.file.name}, label")
    return study.places.label or ""


def _step_complaints(study: Study, places: "GeoDataFrame", points: "Mapping[str, GeoDataFrame]") -> list[str]:
    """Find steps whose columns are not there, or have gaps nobody has spoken of."""
    from pandas.api.types import is_numeric_dtype

    complaints: list[str] = []
    for recipe in study.steps:
        table = points[recipe.points] if recipe.points else places
        with _noted(complaints), _named(study, recipe):
            names = _columns_named(recipe)
            columns_checked(table, names)
            policy = [each.default for each in declared(operation(recipe.operation).function()) if each.name == "missing"]
            if recipe.options.get("missing", *policy[:1] or [None]) == "error":
                numeric = [name for name in names if is_numeric_dtype(table[name])]
                aligned(table, None, numeric, missing="error", least=1, varying=False)
    return complaints


def _columns_named(recipe: StepRecipe) -> list[str]:
    """List the columns that a step names among its options."""
    from spatial.models import columns_of_formula

    names: list[str] = []
    for option in declared(operation(recipe.operation).function()):
        value = recipe.options.get(option.name)
        if option.kind == "column" and value:
            names.append(value)
        elif option.kind == "columns" and value:
            names += value
        elif option.kind == "formula" and value:
            names += columns_of_formula(value)
    return list(dict.fromkeys(names))


@contextmanager
def _noted(complaints: list[str]) -> Iterator[None]:
    """Go on after what the user can mend, so that all of it is told at once."""
    try:
        yield
    except SpatialError as error:
        complaints += str(error).splitlines()


def compute(prepared: Prepared, tell: Callable[[int, str], None] | None = None) -> "Atlas":
    """
    Compute every step of a study.

    Parameters
    ----------
    prepared
        The study with its data.
    tell
        Called with the number of finished steps and a few words.

    Returns
    -------
    Atlas
        What the writers are given.
    """
    import pandas as pd

    from spatial.outputs.atlas import Atlas, Step
    from spatial.outputs.themes import themes_of

    study, places = prepared.study, prepared.places
    steps: list[Step] = []
    columns: dict[str, Any] = {}
    titles = {each.column: each.title for each in prepared.indicators}
    for number, recipe in enumerate(study.steps):
        title = recipe.title or _title(recipe, titles)
        if tell:
            tell(number, title)
        with collected() as told, _named(study, recipe):
            result = _computed(recipe, prepared)
        result = replace(result, notes=tuple(dict.fromkeys((*result.notes, *told))))
        steps.append(Step(id=recipe.id, title=title, result=result, graph=recipe.graph if "graph" in _data(recipe) else None))
        added = columns_of(recipe.id, result, places.index)
        columns |= added
        titles |= {name: f"{title}: {_field_title(result, name.removeprefix(recipe.id + '_'))}" for name in added}
    clash = [name for name in columns if name in places.columns]
    if clash:
        raise DataError(
            complaint(
                str(study.file),
                f"results would replace the columns {listed(clash)}",
                "Expected other names",
                "Rename the step or the column",
            )
        )
    if columns:
        places = pd.concat([places, pd.DataFrame(columns, index=places.index)], axis=1)
    atlas = Atlas(
        name=study.name,
        title=study.title,
        description=study.description,
        language=study.outputs.language,
        synthetic=study.synthetic,
        marks=prepared.marks,
        notes=prepared.notes,
        places=places,
        outline=prepared.outline,
        label=prepared.label,
        indicators=prepared.indicators,
        titles=titles,
        points=prepared.points,
        graphs=prepared.graphs,
        graph_options=prepared.graph_options,
        steps=tuple(steps),
        themes=themes_of(places, prepared.indicators, steps),
        surfaces={step.id: step.result.surface for step in steps if hasattr(step.result, "surface")},
        ledger=prepared.ledger if len(prepared.ledger) else None,
        findings=prepared.findings,
        comparisons=_comparisons(study, steps),
        sources=prepared.sources,
    )
    return replace(atlas, record=_record(prepared, atlas))


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collect what is said by SpatialWarning; other warnings go where they would have gone."""
    told: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SpatialWarning)
        yield told
    for warning in caught:
        if issubclass(warning.category, SpatialWarning):
            told.append(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    told[:] = list(dict.fromkeys(told))


class _Reader:
    """Reads what a study names, and remembers where it came from."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.sources: list[Source] = []
        self.inputs: list[dict[str, str]] = []
        self.notes: list[str] = []
        self.marks: list[str] = []
        self.remember(study.file, "")

    def remember(self, path: Path, source: str) -> None:
        """Keep the hash of an input file, and its source where one is known."""
        from spatial.outputs.atlas import Source

        sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        if not any(each["name"] == path.name and each["sha256"] == sha256 for each in self.inputs):
            self.inputs.append({"name": path.name, "sha256": sha256})
        if source and not any(each.sha256 == sha256 for each in self.sources):
            self.sources.append(Source(title=path.name, origin=source, sha256=sha256))

    def places(self, recipe: PlacesRecipe, crs: Any = None) -> "tuple[GeoDataFrame, str]":
        """Read geometry: a pack with its pedigree, or a file."""
        from spatial.boundaries import read_places

        wanted = recipe.crs if recipe.crs is not None else crs
        places = read_places(recipe.boundaries, layer=recipe.layer, key=recipe.key, crs=wanted, invalid=recipe.invalid)
        return places, self.pedigree(recipe.boundaries, recipe.stated)

    def outline(self, recipe: PlacesRecipe, places: "GeoDataFrame") -> "GeoDataFrame | None":
        """Read what lies below the places for orientation."""
        from spatial.boundaries import read_outline

        if recipe.outline is None:
            return None
        found = read_outline(recipe.outline, places)
        self.pedigree(recipe.outline, recipe.outline_stated)
        return found

    def pedigree(self, boundaries: str, stated: str) -> str:
        """Remember where geometry came from and what must be said of it; give the column that names it for a reader."""
        from spatial.boundaries import pack, packs
        from spatial.outputs.atlas import Source

        if boundaries not in {each.name for each in packs()}:
            path = Path(str(boundaries).split("::")[0])
            if path.is_file():
                self.remember(path, stated or path.name)
            return ""
        shipped = pack(boundaries)
        self.notes += shipped.notes
        self.marks += [each for each in shipped.notes if shipped.schematic and "schematic" in each.casefold()]
        self.inputs.append({"name": shipped.name, "sha256": shipped.sha256})
        self.sources.append(
            Source(
                title=shipped.title,
                origin=shipped.source,
                licence=shipped.licence,
                retrieved=shipped.retrieved,
                sha256=shipped.sha256,
                notes=tuple(shipped.notes),
            )
        )
        return shipped.label

    def points(self, recipes: tuple[Any, ...], places: "GeoDataFrame", name: str) -> "GeoDataFrame":
        """Read one table of points in the reference system of the places."""
        import pandas as pd

        from spatial.boundaries import read_places
        from spatial.indicators import read_points
        from spatial.places import checked

        parts = []
        for recipe in recipes:
            if isinstance(recipe, PointsRecipe):
                part, label = read_points(recipe), recipe.label
                self.remember(recipe.table, recipe.source)
            else:
                part, label = self.places(recipe, places.crs)
            part = read_places(part, crs=places.crs) if part.crs != places.crs else part
            parts.append(part.assign(label=part[label]) if label and "label" not in part.columns else part)
        return checked(parts[0] if len(parts) == 1 else pd.concat(parts), f"points '{name}'")

    def graph(self, recipe: Any, places: "GeoDataFrame") -> "tuple[Graph, dict[str, Any]]":
        """Build or read one graph."""
        from spatial.weights import read_graph

        with _where(f"{self.study.file.name}, graph '{recipe.name}'"):
            if recipe.file is not None:
                self.remember(recipe.file, "")
                return read_graph(str(recipe.file), places, **recipe.options), {
                    "kind": "file",
                    "file": recipe.file.name,
                    **recipe.options,
                }
            function = operation(recipe.kind).function()
            used = {each.name: recipe.options.get(each.name, each.default) for each in declared(function)}
            return function(places, **used), {"kind": recipe.kind, **used}


def _data(recipe: StepRecipe) -> tuple[str, ...]:
    return data_parameters(operation(recipe.operation).function())


def _computed(recipe: StepRecipe, prepared: Prepared) -> Result:
    """Call the operation with the data its signature names."""
    function = operation(recipe.operation).function()
    data = {
        "places": prepared.places,
        "boundary": prepared.places,
        "graph": prepared.graphs.get(recipe.graph) if recipe.graph else None,
        "points": prepared.points.get(recipe.points) if recipe.points else prepared.places,
    }
    result = function(*(data[name] for name in data_parameters(function)), **recipe.options)
    if not isinstance(result, Result):
        raise DataError(
            complaint(
                f"step '{recipe.id}'",
                f"{recipe.operation} builds a graph",
                "Expected a statistic, a model, a surface or a grouping",
                "Name it under [graphs] instead",
            )
        )
    return result


@contextmanager
def _named(study: Study, recipe: StepRecipe) -> Iterator[None]:
    """Say in which step something went wrong."""
    with _where(f"{study.file.name}, step '{recipe.id}'"):
        yield


@contextmanager
def _where(place: str) -> Iterator[None]:
    try:
        yield
    except SpatialError as error:
        raise type(error)(f"{place}: {error}") from error


def _title(recipe: StepRecipe, titles: Mapping[str, str]) -> str:
    named = operation(recipe.operation).title
    column = recipe.options.get("column")
    about = titles.get(column, column) if column else recipe.options.get("formula")
    return f"{named}: {about}" if about else named


def _field_title(result: Result, name: str) -> str:
    metadata: Mapping[str, Any] = type(result).__dataclass_fields__[name].metadata
    return str(metadata.get("title", name))


def _comparisons(study: Study, steps: "list[Step]") -> tuple[Any, ...]:
    """Put our number beside each published one."""
    import pandas as pd

    from spatial.indicators import read_table
    from spatial.outputs.atlas import Comparison

    found = {step.id: step.result.to_dict() for step in steps}
    made = []
    for recipe in study.comparisons:
        table = read_table(recipe.table)
        absent = [name for name in ("label", "published", "ours") if name not in table.columns]
        if absent:
            raise DataError(
                complaint(recipe.table.name, f"there is no column {listed(absent)}", "Expected 'label', 'published' and 'ours'")
            )
        table["published"] = pd.to_numeric(table["published"], errors="coerce")
        table["ours"] = [_followed(found, path, recipe.table.name) for path in table["ours"]]
        made.append(Comparison(title=recipe.title, table=table, source=recipe.source, note=recipe.note))
    return tuple(made)


def _followed(found: Mapping[str, Any], path: Any, where: str) -> Any:
    """Follow ``step/field/row/column`` into the results; an empty path is no number of ours."""
    if path is None or path != path or not str(path).strip():  # noqa: PLR0124  (NaN)
        return None
    value: Any = found
    for part in str(path).strip().split("/"):
        if not isinstance(value, Mapping) or part not in value:
            known = listed(value, 12) if isinstance(value, Mapping) else "nothing further"
            raise DataError(complaint(where, f"{path!r} leads nowhere: there is no {part!r}", f"Known at that point: {known}"))
        value = value[part]
    return value


def _record(prepared: Prepared, atlas: "Atlas") -> dict[str, Any]:
    """Everything that says what was computed from what: no dates, no paths of a machine."""
    return {
        "study": atlas.name,
        "title": atlas.title,
        "synthetic": atlas.synthetic,
        "seed": prepared.study.seed,
        "versions": versions(),
        "inputs": list(prepared.inputs),
        "places": {
            "rows": len(atlas.places),
            "crs": atlas.places.crs.to_string(),
            "bounds": [float(each) for each in atlas.places.total_bounds],
        },
        "graphs": {
            name: {**atlas.graph_options[name], "links": int((graph.adjacency != 0).sum())} for name, graph in atlas.graphs.items()
        },
        "findings": list(atlas.findings),
        "marks": list(atlas.marks),
        "notes": list(atlas.notes),
        "steps": {step.id: {"title": step.title, "graph": step.graph, **step.result.to_dict()} for step in atlas.steps},
    }


def versions() -> dict[str, str]:
    """
    List the versions of the program and of what it computes with.

    Returns
    -------
    dict
        Distribution name to version.
    """
    from importlib.metadata import version

    import spatial

    names = ("numpy", "scipy", "pandas", "geopandas", "shapely", "pyproj", "libpysal", "formulaic", "rasterio")
    return {"spatial-econometrics": spatial.__version__, **{name: version(name) for name in names}}


def _write(atlas: "Atlas", study: Study, folder: Path) -> None:
    """Let every writer of the outputs room write its part."""
    from spatial import outputs

    for name, surface in atlas.surfaces.items():
        outputs.write_surface(surface, folder / f"surface-{name}.tif", title=_step_title(atlas, name))
    outputs.write_tables(atlas, folder / "tables")
    outputs.write_figures(atlas, folder / "figures")
    if study.outputs.layers:
        outputs.write_geopackage(atlas, folder / "atlas.gpkg")
        outputs.write_project(atlas, "atlas.gpkg", folder / "atlas.qgz")
    if study.outputs.map:
        outputs.write_map(atlas, folder / "map.html")
    if study.outputs.report:
        outputs.write_report(atlas, folder / "report.html", folder / "figures")


def _step_title(atlas: "Atlas", name: str) -> str:
    return next(step.title for step in atlas.steps if step.id == name)
