"""Which tables without geometry go into the GeoPackage: the join, the results, the sources, the notes."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from spatial.outputs.atlas import Atlas
from spatial.outputs.qgis_layers import MOST_LINKS, drawable

if TYPE_CHECKING:
    import pandas as pd


def tables_of(atlas: Atlas) -> "dict[str, tuple[str, pd.DataFrame]]":
    """
    List the tables of a study.

    Parameters
    ----------
    atlas
        The study.

    Returns
    -------
    dict
        Name to title and table; the index of a table has become its first columns.
    """
    import pandas as pd

    made: dict[str, tuple[str, pd.DataFrame]] = {}
    if atlas.ledger is not None:
        made["ledger"] = ("The join, row by row", _flat(atlas.ledger))
    for step in atlas.steps:
        for each in fields(step.result):
            value = getattr(step.result, each.name)
            if isinstance(value, pd.DataFrame):
                words = each.metadata.get("title") or each.name
                made[f"{step.id}_{each.name}"] = (f"{step.title}: {words}", _flat(value))
    for number, each_comparison in enumerate(atlas.comparisons, start=1):
        made[f"comparison_{number}"] = (each_comparison.title, _flat(each_comparison.table))
    numbers = _numbers(atlas)
    if numbers:
        made["results"] = ("Single numbers of the results", pd.DataFrame(numbers))
    if atlas.sources:
        made["sources"] = ("Sources", pd.DataFrame(_sources(atlas)))
    said = [{"about": about, "note": note} for about, note in notes_of(atlas)]
    if said:
        made["notes"] = ("Notes", pd.DataFrame(said))
    return made


def notes_of(atlas: Atlas) -> list[tuple[str, str]]:
    """
    Collect what a reader should know.

    Parameters
    ----------
    atlas
        The study.

    Returns
    -------
    list of tuple
        What it is about, and the sentence.
    """
    said = [(atlas.title, note) for note in (*atlas.marks, *atlas.notes)] + [("Input check", note) for note in atlas.findings]
    for step in atlas.steps:
        said += [(step.title, note) for note in (*step.result.reading, *step.result.notes)]
    said += [(f"Graph {name}", too_many_links(name, graph)) for name, graph in atlas.graphs.items() if not drawable(graph)]
    return said


def too_many_links(name: str, graph: Any) -> str:
    """
    Say that a graph is not shown as lines.

    Parameters
    ----------
    name
        Its name.
    graph
        The graph.

    Returns
    -------
    str
        One sentence.
    """
    return f"The graph '{name}' has {int(graph.n_edges)} links; more than {MOST_LINKS} are not drawn, so there is no layer of them."


def _flat(table: "pd.DataFrame") -> "pd.DataFrame":
    """Turn index and columns of several levels into columns with one name each."""
    index = table.index.to_frame(index=False)
    index.columns = [
        str(name) if name is not None else "row" if index.shape[1] == 1 else f"row {number}"
        for number, name in enumerate(table.index.names, start=1)
    ]
    body = table.reset_index(drop=True)
    body.columns = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in table.columns]
    import pandas as pd

    plain = isinstance(table.index, pd.RangeIndex) and table.index.name is None
    return body if plain else pd.concat([index, body], axis=1)


def _numbers(atlas: Atlas) -> list[dict[str, object]]:
    """List the single numbers and texts that results declare, one row each."""
    rows: list[dict[str, object]] = []
    for step in atlas.steps:
        for each in fields(step.result):
            value = getattr(step.result, each.name)
            if (
                "title" not in each.metadata
                or isinstance(value, bool)
                or not (isinstance(value, int | float | str) or hasattr(value, "dtype"))
            ):
                continue
            if hasattr(value, "ndim") and value.ndim:
                continue
            number = None if isinstance(value, str) else float(value)
            text = value if isinstance(value, str) else None
            known = {
                "step": step.id,
                "title": step.title,
                "operation": step.result.operation,
                "field": each.name,
                "words": each.metadata["title"],
            }
            rows.append(
                known | {"number": number, "text": text, "unit": each.metadata["unit"], "observations": step.result.observations}
            )
    return rows


def _sources(atlas: Atlas) -> list[dict[str, str]]:
    return [
        {
            "title": each.title,
            "origin": each.origin,
            "licence": each.licence,
            "retrieved": each.retrieved,
            "sha256": each.sha256,
            "notes": " ".join(each.notes),
        }
        for each in atlas.sources
    ]
