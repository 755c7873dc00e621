"""What the report says, in which order; the page says how it looks."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spatial.errors import counted
from spatial.outputs._collected import Table, models, single_values, sources, statistics, step_tables
from spatial.outputs._explained import references
from spatial.outputs._printed import Printed, printed
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.figures import Picture, pictures
from spatial.outputs.words import cleaned, fixed, heading_words, p_words, value_words

if TYPE_CHECKING:
    import pandas as pd

#: With more places, the values of the indicators are left to places.csv.
_SHOWN_PLACES = 60
_FEW = 30
_NOT_PRINTED = frozenset({"vcov", "merges", "estimates", "figures"})  # for further computing; they are among the tables


@dataclass(frozen=True, kw_only=True)
class Block:
    """One piece of a section: paragraphs, a list, a table, a figure, and so on."""

    kind: str  # "paragraphs", "list", "table", "figure", "pairs", "notes", "details", "references", "code"
    content: Any
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with what stands below it."""

    id: str
    title: str
    level: int = 2
    blocks: tuple[Block, ...] = field(default=())


def sections_of(atlas: Atlas) -> tuple[Section, ...]:
    """
    Put the report together.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    tuple of Section
        From what the numbers say to how to compute them again.
    """
    drawn = pictures(atlas)
    found = [_said(atlas), _done(atlas), *_data(atlas, drawn)]
    if atlas.steps:
        found.append(_results(atlas))
        found += [_step(atlas, step, number, drawn) for number, step in enumerate(atlas.steps, start=1)]
    if atlas.comparisons:
        found.append(_comparisons(atlas))
    found += [_methods(atlas), _again(atlas)]
    return tuple(each for each in found if each.blocks or each.id == "results")


def facts(atlas: Atlas) -> list[tuple[str, str]]:
    """
    Give the few numbers that stand under the title.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    list of tuple
        Words and number.
    """
    found = [
        ("Places", len(atlas.places)),
        ("Indicators", len(atlas.indicators)),
        ("Steps", len(atlas.steps)),
        ("Published tables compared", len(atlas.comparisons)),
    ]
    return [(words, value_words(count)) for words, count in found if count]


def _said(atlas: Atlas) -> Section:
    """Give the first sentence of each step, with a way to the rest."""
    entries = [
        {"term": step.title, "anchor": _anchor(number), "texts": list(step.result.reading[:2])}
        for number, step in enumerate(atlas.steps, start=1)
        if step.result.reading
    ]
    blocks = [Block(kind="readings", content=entries)] if entries else []
    count = len(atlas.places)
    if entries and count < _FEW:
        words = f"The study has {counted(count, 'place')}. With so few, only strong patterns can be told from chance, and a single place can decide a result: read every number below with that in mind."
        blocks.append(Block(kind="caution", content=[words]))
    return Section(id="said", title="What the numbers say", blocks=tuple(blocks))


def _done(atlas: Atlas) -> Section:
    tables = [
        counted(len(atlas.places), "place"),
        *(
            [f"{counted(len(atlas.indicators), 'indicator')} ({', '.join(each.title for each in atlas.indicators)})"]
            if atlas.indicators
            else []
        ),
    ]
    opening = f"The study works on {' and '.join(tables)}."
    if atlas.points:
        opening += " Further points: " + "; ".join(f"{name} ({len(points)})" for name, points in atlas.points.items()) + "."
    rows = tuple(
        (str(number), step.title, step.result.operation, step.graph or "–", value_words(step.result.observations))
        for number, step in enumerate(atlas.steps, start=1)
    )
    blocks = [Block(kind="paragraphs", content=[opening])]
    if rows:
        table = Printed(
            name="steps",
            title="Steps of the study",
            headings=("", "Step", "Operation", "Graph", "n"),
            numeric=(True, False, False, False, True),
            rows=rows,
        )
        blocks.append(Block(kind="table", content=table))
    return Section(id="done", title="What was done", blocks=tuple(blocks))


def _data(atlas: Atlas, drawn: Sequence[Picture]) -> list[Section]:
    checked = (
        [Block(kind="list", content=list(atlas.findings))]
        if atlas.findings
        else [Block(kind="paragraphs", content=["The check of the input found nothing to report."])]
    )
    found = [
        Section(
            id="data",
            title="Data",
            blocks=(Block(kind="table", content=_sources_table(atlas)),)
            if atlas.sources
            else (Block(kind="paragraphs", content=["The study names no sources."]),),
        ),
        Section(id="check", title="Input check", level=3, blocks=tuple(checked)),
    ]
    if atlas.ledger is not None and len(atlas.ledger):
        found.append(Section(id="join", title="Join of tables and places", level=3, blocks=_join(atlas)))
    if atlas.graph_options:
        found.append(Section(id="graphs", title="Neighbours", level=3, blocks=_graphs(atlas)))
    if atlas.indicators:
        found.append(Section(id="indicators", title="Indicators", level=3, blocks=_indicators(atlas, drawn)))
    return found


def _sources_table(atlas: Atlas) -> Printed:
    rows = [
        (str(row.title), str(row.origin), str(row.licence) or "–", str(row.retrieved) or "–", str(row.notes) or "–")
        for row in sources(atlas).itertuples(index=False)
    ]
    headings = ("Source", "From", "Licence", "Retrieved", "Remarks")
    used = [column for column in range(5) if column < 2 or any(row[column] != "–" for row in rows)]
    return Printed(
        name="sources",
        title="Sources",
        headings=tuple(headings[column] for column in used),
        numeric=tuple(False for _ in used),
        rows=tuple(tuple(cleaned(row[column]) for column in used) for row in rows),
    )


def _join(atlas: Atlas) -> tuple[Block, ...]:
    """How many rows met, and which did not."""
    ledger = atlas.ledger
    if ledger is None:
        return ()
    rest = ledger[ledger["status"] != "joined"]
    tables = ledger.groupby("table", sort=False) if "table" in ledger else [("The table", ledger)]
    sentences = [
        f"{name}: {_met(rows, 'table', 'row meets', 'rows meet')} a place, {_met(rows, 'places', 'place has', 'places have')} a row."
        for name, rows in tables
    ]
    everything = ["Every row of either side has its counterpart."] if rest.empty else []
    blocks = [Block(kind="paragraphs", content=[*sentences, *everything])]
    if not rest.empty:
        shown = rest.reset_index(drop=True).dropna(axis="columns", how="all")
        if len(sentences) == 1:
            shown = shown.drop(columns="table", errors="ignore")
        blocks.append(
            Block(
                kind="table",
                content=printed(
                    Table(name="join_ledger", title="Rows without counterpart", frame=shown, kind="ledger"), longest=40
                ),
            )
        )
    return tuple(blocks)


def _met(ledger: "pd.DataFrame", side: str, one: str, many: str) -> str:
    rows = ledger[ledger["side"] == side]
    return counted(int((rows["status"] == "joined").sum()), one, many, of=len(rows))


def _graphs(atlas: Atlas) -> tuple[Block, ...]:
    blocks = []
    for name, options in atlas.graph_options.items():
        graph = atlas.graphs.get(name)
        pairs = [(heading_words(key), value_words(value)) for key, value in options.items() if value is not None]
        if graph is not None:
            counts = graph.cardinalities
            pairs += [
                ("Links", value_words(int(counts.sum()))),
                ("Neighbours per place", f"{counts.min()} to {counts.max()}, {value_words(float(counts.mean()))} on average"),
            ]
        blocks.append(Block(kind="pairs", content=pairs, title=f"Graph “{name}”"))
    return tuple(blocks)


def _indicators(atlas: Atlas, drawn: Sequence[Picture]) -> tuple[Block, ...]:
    blocks = [Block(kind="figure", content=each) for each in drawn if each.kind == "overview"]
    if not blocks:
        blocks = [Block(kind="figure", content=each) for each in drawn if each.kind == "map" and each.step is None]
    if len(atlas.places) <= _SHOWN_PLACES:
        import pandas as pd

        columns = [each.column for each in atlas.indicators]
        names = atlas.places[atlas.label] if atlas.label in atlas.places.columns else atlas.places.index.to_series()
        frame = pd.DataFrame(atlas.places[columns]).set_axis(pd.Index(names.astype(str), name="place"), axis="index")
        made = printed(Table(name="places", title="Values of the indicators", frame=frame, kind="places"))
        if made.headings[0] == "Place":  # not turned
            titles = [each.title + (f" ({each.unit})" if each.unit else "") for each in atlas.indicators]
            made = Printed(
                name=made.name,
                title=made.title,
                headings=("Place", *titles),
                numeric=made.numeric,
                rows=made.rows,
                breaks=made.breaks,
            )
        blocks.append(Block(kind="table", content=made))
    return tuple(blocks)


def _results(atlas: Atlas) -> Section:
    """Statistics under each other; models beside each other, unless a step of the study does that."""
    tables = [table for table in (statistics(atlas.steps), models(atlas.steps)) if table is not None]
    compared = any(
        table.kind == "table" and hasattr(step.result, "criteria") for step in atlas.steps for table in step_tables(step)
    )
    shown = [each for each in tables if (not compared if each.kind == "models" else len(each.frame) > 1)]
    return Section(id="results", title="Results", blocks=tuple(Block(kind="table", content=_readable(each)) for each in shown))


def _readable(table: Table) -> Printed:
    """Print the statistics without the columns that repeat what their title says."""
    if table.kind != "statistics":
        return printed(table)
    frame = table.frame.drop(columns=["operation"]).set_index("title").rename_axis("")
    return printed(Table(name=table.name, title=table.title, frame=frame, kind=table.kind))


def _step(atlas: Atlas, step: Step, number: int, drawn: Iterable[Picture]) -> Section:
    result = step.result
    blocks = [Block(kind="paragraphs", content=list(result.reading))] if result.reading else []
    values = [(title, _single(name, value, unit)) for name, title, value, unit in single_values(result)]
    if values:
        blocks.append(Block(kind="pairs", content=[("Observations", value_words(result.observations)), *values]))
    for table in step_tables(step):
        if table.kind in _NOT_PRINTED or not len(table.frame):
            continue
        made = _with_legend(printed(table), atlas, table)
        made = _with_answers(made, getattr(result, "test_reading", None)) if table.kind == "tests" else made
        blocks.append(Block(kind="table", content=made))
    blocks += [Block(kind="figure", content=each) for each in drawn if each.step == step.id]
    if result.notes:
        blocks.append(Block(kind="notes", content=list(result.notes)))
    options = [(heading_words(key), _option(key, value)) for key, value in result.options.items()]
    blocks.append(Block(kind="details", content=[("Operation", result.operation), *options], title="Options as used"))
    return Section(id=_anchor(number), title=step.title, level=3, blocks=tuple(blocks))


def _option(name: str, value: Any) -> str:
    """Write an option; a seed is a name rather than a number and is not grouped by thousands."""
    return str(value) if name == "seed" else value_words(value)


def _single(name: str, value: Any, unit: str) -> str:
    if name == "seed":
        return str(value)
    words = (
        p_words(float(value))
        if re.fullmatch(r"p|p_permutation|p_adjusted|\w+_p", name) and isinstance(value, float)
        else value_words(value)
    )
    if re.match(r"log_likelihood|aic|bic", name):
        words = fixed(float(value), 2)
    return f"{words} {unit}" if unit and words != "–" else words


def _with_legend(made: Printed, atlas: Atlas, table: Table) -> Printed:
    """Say under a table of a model what its terms stand for."""
    if table.kind not in ("coefficients", "impacts"):
        return made
    titles = {each.column: each.title + (f", {each.unit}" if each.unit else "") for each in atlas.indicators}
    terms = {part for label in map(str, table.frame.index) for part in re.findall(r"\w+", label.removeprefix("W_"))}
    meant = [f"{name}: {title}" for name, title in titles.items() if name in terms and title != name]
    if any(str(label).startswith("W_") for label in table.frame.index):
        meant.append("W·: mean over the neighbours" if _row_standardised(table) else "W·: weighted sum over the neighbours")
    notes = [f"{'; '.join(meant)}."] if meant else []
    if table.kind == "coefficients" and table.step is not None:
        notes.append(_fit_note(table.step.result))
    return Printed(**{**vars(made), "notes": (*made.notes, *notes)})


def _fit_note(result: Any) -> str:
    """Write the line that stands under a table of coefficients: places, fit, what errors and intervals are."""
    figures = [("n", "observations", 0), ("log-likelihood", "log_likelihood", 2), ("AIC", "aic", 2), ("BIC", "bic", 2)]
    parts = [
        f"{words} = {fixed(float(value), decimals)}"
        for words, name, decimals in figures
        if (value := getattr(result, name, None)) is not None
    ]
    kind = getattr(result, "standard_errors", None) or result.options.get("vcov")
    parts += [f"SE: {kind}"] if kind else []
    level = result.options.get("level")
    parts += [f"Lower and Upper: {level:.0%} interval"] if isinstance(level, float) else []
    return f"{'; '.join(parts)}."


def _with_answers(made: Printed, answers: "pd.Series[str] | None") -> Printed:
    """Set beside each test what it asks and what it says here, where the result has words for it."""
    if answers is None:
        return made
    rows = tuple((*row, str(answers.get(row[0], ""))) for row in made.rows)
    return Printed(
        **{
            **vars(made),
            "headings": (*made.headings, "What it asks, and what it says here"),
            "numeric": (*made.numeric, False),
            "rows": rows,
        }
    )


def _row_standardised(table: Table) -> bool:
    graph = table.step.result.options.get("graph") if table.step else None
    return isinstance(graph, Mapping) and str(graph.get("transform", "")).lower() == "r"


def _comparisons(atlas: Atlas) -> Section:
    blocks: list[Block] = []
    for number, each in enumerate(atlas.comparisons, start=1):
        made = printed(Table(name=f"comparison_{number}", title=each.title, frame=each.table, kind="comparison"))
        notes = tuple(cleaned(text) for text in (f"Published: {each.source}." if each.source else "", each.note) if text)
        blocks.append(Block(kind="table", content=Printed(**{**vars(made), "notes": notes})))
    return Section(id="comparisons", title="Published numbers beside ours", blocks=tuple(blocks))


def _methods(atlas: Atlas) -> Section:
    named = ("natural breaks",) if any("natural breaks" in each.method for each in atlas.themes) else ()
    found = references(atlas.steps, named)
    opening = "Cite these papers for the methods used; the numbers themselves are this study's."
    blocks = (Block(kind="paragraphs", content=[opening]), Block(kind="references", content=found)) if found else ()
    return Section(id="methods", title="Methods and references", blocks=blocks)


def _again(atlas: Atlas) -> Section:
    """Say how the same numbers come out again."""
    record = atlas.record
    name = atlas.name if re.fullmatch(r"[\w.-]+", atlas.name) else "STUDY"
    texts = [
        "The study file, its tables and the versions below give the same numbers again, to nine digits and, on the same machine, to the last; the second command compares every one of them with run.json.",
    ]
    if "seed" in record:
        texts.append(f"Random numbers start from seed {record['seed']} unless a step says otherwise.")
    blocks = [
        Block(kind="paragraphs", content=texts),
        Block(kind="code", content=[f"spatial run {name}", f"spatial verify {name}"]),
    ]
    versions = record.get("versions")
    if isinstance(versions, Mapping) and versions:
        blocks.append(Block(kind="pairs", content=[(str(key), str(value)) for key, value in versions.items()], title="Versions"))
    inputs = record.get("inputs")
    if isinstance(inputs, Sequence) and inputs:
        pairs = [(str(each.get("name", "")), str(each.get("sha256", ""))) for each in inputs if isinstance(each, Mapping)]
        blocks.append(Block(kind="details", content=pairs, title="Input files and their SHA-256"))
    return Section(id="again", title="How to compute this again", blocks=tuple(blocks))


def _anchor(number: int) -> str:
    return f"step-{number}"


__all__ = ["Block", "Section", "facts", "sections_of"]
