"""Prepared study -> results of every step, gathered for the writers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spatial.errors import DataError, complaint, listed
from spatial.operations import operation
from spatial.options import data_parameters
from spatial.progress import telling
from spatial.results import Result, columns_of, place_columns
from spatial.running._record import record_of
from spatial.running._told import collected, in_step, seldom
from spatial.running.preparing import Prepared
from spatial.study import StepRecipe, Study

if TYPE_CHECKING:
    from spatial.outputs.atlas import Atlas, Step


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
        inner = _inner(tell, number, title)
        with collected() as told, in_step(study, recipe), telling(inner):
            result = _computed(recipe, prepared, steps)
        result = replace(result, notes=tuple(dict.fromkeys((*result.notes, *told))))
        steps.append(Step(id=recipe.id, title=title, result=result, graph=recipe.graph if "graph" in _data(recipe) else None))
        added = columns_of(recipe.id, result, places.index)
        columns |= added
        titles |= {name: f"{title}: {words}" for name, words in _column_titles(recipe.id, result).items() if name in added}
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
    return replace(atlas, record=record_of(prepared, atlas))


def _inner(tell: Callable[[int, str], None] | None, number: int, title: str) -> Callable[[int, int, str], None]:
    """Tell how far a long step is."""

    def inner(done: int, total: int, words: str) -> None:
        if tell:
            tell(number, f"{title}: {words}, {done / total:.0%}")

    return seldom(inner)


def _data(recipe: StepRecipe) -> tuple[str, ...]:
    return data_parameters(operation(recipe.operation).function())


def _computed(recipe: StepRecipe, prepared: Prepared, earlier: "list[Step]") -> Result:
    """Call the operation with the data its signature names."""
    function = operation(recipe.operation).function()
    found = {each.id: each.result for each in earlier}
    located = recipe.records is None or recipe.options.get("place") is not None
    data = {
        "places": prepared.places if located else None,
        "records": prepared.records.get(recipe.records) if recipe.records else None,
        "boundary": prepared.places,
        "graph": prepared.graphs.get(recipe.graph) if recipe.graph and located else None,
        "points": prepared.points.get(recipe.points) if recipe.points else prepared.places,
        "fits": None if recipe.steps is None else {name: found[name] for name in recipe.steps},
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


def _title(recipe: StepRecipe, titles: Mapping[str, str]) -> str:
    named = operation(recipe.operation).title
    column = recipe.options.get("column")
    about = titles.get(column, column) if column else recipe.options.get("formula")
    return f"{named}: {about}" if about else named


def _column_titles(step: str, result: Result) -> dict[str, str]:
    return {
        name: str(each.metadata.get("title", each.name)) + (f", {column}" if column else "")
        for name, each, column, _ in place_columns(step, result)
    }


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
