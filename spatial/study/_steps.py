"""The parts of a study file that name operations: graphs and steps."""

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from spatial.errors import StudyError, complaint, counted, listed, nearest_name
from spatial.indicators import RecordsRecipe
from spatial.operations import OPERATIONS
from spatial.options import converted, data_parameters, declared, expected
from spatial.study._section import Section
from spatial.study.recipes import GraphRecipe, StepRecipe

#: Operations of the weights room that build a graph, which is all but the report.
GRAPHS = tuple(row.name for row in OPERATIONS if row.room == "weights" and row.name != "connectivity")
_STEP = ("operation", "id", "graph", "points", "records", "steps", "title", "options")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")

#: Names that no file can have on Windows.
_NO_FILE = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


def graph_recipes(sections: Mapping[str, Section]) -> dict[str, GraphRecipe]:
    """Read every [graphs.NAME]; one that is made of others names graphs above it."""
    found: dict[str, GraphRecipe] = {}
    for name, section in sections.items():
        found[name] = _graph_recipe(name, section, tuple(found))
    return found


def _graph_recipe(name: str, section: Section, earlier: tuple[str, ...]) -> GraphRecipe:
    """Read one graph: its kind and the options of that kind, beside each other."""
    if not _usable(name):
        section.complain(None, f"a graph cannot be called {name!r}", "Expected letters, digits, - and _, a letter first")
    file = section.file("file") if "file" in section.values else None
    kind = section.text("kind", required=file is None) or "file"
    values = {key: value for key, value in section.values.items() if key not in ("kind", "file", "graphs", "graph")}
    if kind not in (*GRAPHS, "file"):
        section.complain("kind", f"there is no kind of graph {kind!r}", nearest_name(kind, (*GRAPHS, "file")))
        return GraphRecipe(name=name, kind=kind, options={})
    if (kind == "file") != (file is not None):
        section.complain(
            "kind",
            f"kind = {kind!r} and 'file' do not go together",
            "Expected kind = 'file' with file = '...', or another kind without",
        )
    function = getattr(import_module("spatial.weights"), "read_graph" if kind == "file" else kind)
    others = ("kind", "file", *data_parameters(function)[1:])
    options = _options(Section(section.page, section.path, values, section.name), function, f"graph '{name}'", others)
    return GraphRecipe(name=name, kind=kind, options=options, file=file, graphs=_made_of(name, section, function, earlier))


def _made_of(name: str, section: Section, function: Callable[..., Any], earlier: tuple[str, ...]) -> tuple[str, ...]:
    """Find the graphs that a graph is made of: ``graphs = ["a", "b"]``, or ``graph = "a"`` where one is needed."""
    wanted = {"graph", "graphs"} & set(data_parameters(function))
    for key in {"graph", "graphs"} - wanted:
        if key in section.values:
            section.complain(key, f"graph '{name}': {function.__name__} takes no '{key}'", remedy="Leave it out")
    if not wanted:
        return ()
    key = wanted.pop()
    if key == "graph":
        one = section.text("graph", required=True)
        named = () if one is None else (one,)
    else:
        named = section.many("graphs", str, "a list of names of graphs above")
        if len(named) < 2:
            section.complain(
                "graphs",
                f"graph '{name}': {counted(len(named), 'graph is', 'graphs are')} named",
                "Expected two or more",
                'graphs = ["a", "b"]',
            )
    for each in named:
        if each not in earlier:
            known = nearest_name(each, earlier) if earlier else "There is none above it"
            section.complain(key, f"graph '{name}': there is no graph {each!r} above it", known)
    return named


@dataclass(frozen=True)
class Named:
    """What steps can name: graphs, points, tables of records."""

    graphs: Mapping[str, GraphRecipe]
    points: Collection[str]
    records: Mapping[str, RecordsRecipe]


def step_recipes(sections: list[Section], there: Named, seed: int, languages: Collection[str]) -> tuple[StepRecipe, ...]:
    """Read every [[steps]]; their ids are unique."""
    found: list[StepRecipe] = []
    for section in sections:
        section.known(_STEP) if not _misplaced(section) else None
        recipe = _step(section, there, seed, languages, found)
        if recipe is None:
            continue
        twin = next((each for each in found if each.id.casefold() == recipe.id.casefold()), None)
        if twin is not None:
            section.complain(
                "id", f"two steps are called {recipe.id!r}", "Expected an id of its own for each step", 'Add id = "..."'
            )
        found.append(recipe)
    return tuple(found)


def _misplaced(section: Section) -> bool:
    """Say of options written beside the step's own keys where they belong."""
    function = _function(section.values.get("operation"))
    names = [option.name for option in declared(function)] if function else []
    stray = [key for key in section.values if key not in _STEP and key in names]
    for key in stray:
        section.complain(
            key,
            f"{key!r} is an option of the operation",
            "Expected it among the options of the step",
            f"Write options = {{ {key} = ... }}",
        )
    for key in section.values:
        if stray and key not in (*_STEP, *stray):
            section.complain(key, f"unknown key {key!r} in {section.name}", nearest_name(key, _STEP))
    return bool(stray)


def _function(name: Any) -> Callable[..., Any] | None:
    row = next((row for row in OPERATIONS if row.name == name), None)
    return row.function() if row else None


def _step(section: Section, there: Named, seed: int, languages: Collection[str], earlier: list[StepRecipe]) -> StepRecipe | None:
    name = section.text("operation", required=True)
    function = _function(name)
    if name is None or function is None:
        if name is not None:
            section.complain(
                "operation",
                f"there is no operation {name!r}",
                nearest_name(name, [row.name for row in OPERATIONS if row.name not in GRAPHS]),
            )
        return None
    if name in GRAPHS:
        section.complain(
            "operation",
            f"{name!r} builds a graph",
            "Expected a statistic, a model, a surface or a grouping",
            f'Write [graphs.NAME] with kind = "{name}"',
        )
        return None
    label = section.text("id") or name
    if not _usable(label):
        section.complain(
            "id",
            f"a step cannot be called {label!r}",
            "Expected letters, digits, - and _, a letter first, for files are named after it",
        )
    inner = section.section("options", "steps.options")
    options = _options(inner, function, f"step '{label}'", ())
    if "seed" in [each.name for each in declared(function)]:
        options = {"seed": seed} | options
    records = _records(section, function, there.records, label)
    key = there.records[records].key if records is not None and records in there.records else None
    if key and "place" in [each.name for each in declared(function)]:
        options = {"place": key} | options
    return StepRecipe(
        id=label,
        operation=name,
        graph=_graph(section, function, there.graphs, label),
        points=_points(section, function, there.points, label),
        records=records,
        steps=_steps(section, function, [each.id for each in earlier], label),
        title=section.words("title", languages),
        options=options,
        lines={key: section.page.line((*inner.path, key)) for key in inner.values},
    )


def _usable(name: str) -> bool:
    return _ID.fullmatch(name) is not None and name.casefold() not in _NO_FILE


def _options(section: Section, function: Callable[..., Any], who: str, beside: tuple[str, ...]) -> dict[str, Any]:
    """Check every option against the signature of its operation."""
    options = {option.name: option for option in declared(function)}
    found = {}
    for key, value in section.values.items():
        path = (*section.path, key)
        if key not in options:
            known = nearest_name(key, (*options, *beside)) if options or beside else "It has none"
            section.complain(key, f"{who}, unknown option {key!r} of {function.__name__}", known)
            continue
        try:
            found[key] = converted(options[key], value, f"{section.page.where(path)}: {who}")
        except StudyError as error:
            section.page.say(path, str(error))
    for option in options.values():
        if option.required and option.name not in section.values:
            path = section.path
            what = f"{who} needs the option {option.name!r}"
            section.page.say(path, complaint(section.page.where(path), what, f"Expected {expected(option)}", option.help))
    return found


def _optional(function: Callable[..., Any], data: str) -> bool:
    return inspect.signature(function).parameters[data].default is not inspect.Parameter.empty


def _graph(section: Section, function: Callable[..., Any], graphs: Mapping[str, GraphRecipe], label: str) -> str | None:
    """Find the graph of a step: the one it names, or the only one there is."""
    named = section.text("graph")
    if "graph" not in data_parameters(function):
        if named is not None:
            section.complain("graph", f"step '{label}': {function.__name__} takes no graph", remedy="Leave 'graph' out")
        return None
    if named is not None:
        if named not in graphs:
            known = nearest_name(named, graphs) if graphs else "The study has none: add [graphs.NAME]"
            section.complain("graph", f"step '{label}': there is no graph {named!r}", known)
        return named
    if len(graphs) == 1:
        return next(iter(graphs))
    if not _optional(function, "graph"):
        there = f"there are several: {listed(graphs)}" if graphs else "the study has none"
        section.complain(
            None,
            f"step '{label}' needs a graph, and {there}",
            remedy='Name one as graph = "..."' if graphs else "Add [graphs.NAME] with a kind",
        )
    return None


def _steps(section: Section, function: Callable[..., Any], earlier: list[str], label: str) -> tuple[str, ...] | None:
    """Find the earlier steps whose results a step works on."""
    if "steps" not in section.values:
        return None
    if "fits" not in data_parameters(function):
        section.complain("steps", f"step '{label}': {function.__name__} takes no results of steps", remedy="Leave 'steps' out")
        return None
    named: tuple[str, ...] = section.many("steps", str, "a list of ids of earlier steps")
    for name in named:
        if name not in earlier:
            known = nearest_name(name, earlier) if earlier else "There is none before it"
            section.complain("steps", f"step '{label}': there is no earlier step {name!r}", known)
    return named


def _points(section: Section, function: Callable[..., Any], points: Collection[str], label: str) -> str | None:
    """Find the points of a step: those it names, the only ones there are, or the places themselves."""
    named = section.text("points")
    if "points" not in data_parameters(function):
        if named is not None:
            section.complain("points", f"step '{label}': {function.__name__} takes no points", remedy="Leave 'points' out")
        return None
    if named is not None:
        if named not in points:
            known = nearest_name(named, points) if points else "The study has none: add [points.NAME]"
            section.complain("points", f"step '{label}': there are no points {named!r}", known)
        return named
    if len(points) > 1:
        section.complain(
            None, f"step '{label}' works on points, and there are several: {listed(points)}", remedy='Name them as points = "..."'
        )
    return next(iter(points)) if len(points) == 1 else None


def _records(section: Section, function: Callable[..., Any], records: Collection[str], label: str) -> str | None:
    """Find the table of records of a step: the one it names, or the only one there is."""
    named = section.text("records")
    if "records" not in data_parameters(function):
        if named is not None:
            section.complain("records", f"step '{label}': {function.__name__} takes no records", remedy="Leave 'records' out")
        return None
    if named is not None:
        if named not in records:
            known = nearest_name(named, records) if records else "The study has none: add [records.NAME] with a table"
            section.complain("records", f"step '{label}': there are no records {named!r}", known)
        return named
    if len(records) == 1:
        return next(iter(records))
    there = f"there are several: {listed(records)}" if records else "the study has none"
    remedy = 'Name them as records = "..."' if records else "Add [records.NAME] with a table"
    section.complain(None, f"step '{label}' works on a table of records, and {there}", remedy=remedy)
    return None
