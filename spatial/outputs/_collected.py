"""Which tables a study has: those of the results, and those over all of it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs.atlas import Atlas, Source, Step
from spatial.outputs.words import cleaned, heading_words
from spatial.results import Result, on_places

if TYPE_CHECKING:
    import pandas as pd

GLOBAL = ("statistic", "expected", "variance", "z", "p", "p_permutation")
_FILE = re.compile(r"\.[A-Za-z0-9]{2,10}$")
_UNSTATED = "origin not stated"
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
#: Words that stand beside the rows of another table.
_BESIDE = ("test_reading",)
_FIT = ("observations", "parameters", "log_likelihood", "aic", "bic", "sigma2", "r2", "adjusted_r2", "pseudo_r2")


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """One table as it was computed."""

    name: str  # its file name without ending
    title: str
    frame: "pd.DataFrame"
    kind: str = ""  # the field it comes from, such as "coefficients"
    step: Step | None = None
    unit: str = ""


def tables_of(atlas: Atlas) -> tuple[Table, ...]:
    """
    List every table of a study.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    tuple of Table
        Those of the steps in their order, then those over the whole study; file names are unique whatever the case.
    """
    found = [*(table for step in atlas.steps for table in step_tables(step))]
    found += [table for table in (statistics(atlas.steps), models(atlas.steps)) if table is not None]
    for number, each in enumerate(atlas.comparisons, start=1):
        found.append(Table(name=f"comparison_{number}", title=each.title, frame=each.table, kind="comparison"))
    if atlas.ledger is not None:
        found.append(Table(name="join_ledger", title="Join ledger", frame=atlas.ledger, kind="ledger"))
    if atlas.sources:
        found.append(Table(name="sources", title="Sources", frame=sources(atlas), kind="sources"))
    names = file_names(table.name for table in found)
    return tuple(
        Table(name=name, title=table.title, frame=table.frame, kind=table.kind, step=table.step, unit=table.unit)
        for name, table in zip(names, found, strict=True)
    )


def step_tables(step: Step) -> tuple[Table, ...]:
    """
    List the tables of one step: its data frames, and series over anything but places.

    Parameters
    ----------
    step
        A finished step.

    Returns
    -------
    tuple of Table
        In the order of the result's fields.
    """
    found = []
    for each in fields(step.result):
        value, metadata = getattr(step.result, each.name), each.metadata
        title = str(metadata.get("title") or heading_words(each.name))
        if each.name in _BESIDE:
            continue
        if hasattr(value, "columns"):
            if on_places(value):  # in places.csv
                continue
            frame = value
        elif is_series(value) and value.index.name != "place" and len(value) != step.result.observations:
            frame = value.to_frame(name=title)
        else:
            continue
        if len(frame.columns):
            found.append(
                Table(
                    name=f"{step.id}_{each.name}",
                    title=title,
                    frame=frame,
                    kind=each.name,
                    step=step,
                    unit=str(metadata.get("unit") or ""),
                )
            )
    return tuple(found)


def single_values(result: Result) -> list[tuple[str, str, Any, str]]:
    """
    List the single numbers and texts of a result.

    Parameters
    ----------
    result
        What a step found.

    Returns
    -------
    list of tuple
        Field, title, value and unit of each; those that do not apply are left out.
    """
    own = {each.name for each in fields(Result)}
    found = []
    for each in fields(result):
        value = getattr(result, each.name)
        if each.name in own or value is None or not isinstance(value, str | bool | int | float | np.generic):
            continue
        found.append(
            (each.name, str(each.metadata.get("title") or heading_words(each.name)), value, str(each.metadata.get("unit") or ""))
        )
    return found


def statistics(steps: Iterable[Step]) -> Table | None:
    """
    Put the global statistics of all steps under each other.

    Parameters
    ----------
    steps
        The finished steps.

    Returns
    -------
    Table or None
        One row for each step that has a statistic with its expectation.
    """
    import pandas as pd

    rows, labels = [], []
    for step in steps:
        values = {name: getattr(step.result, name, None) for name in GLOBAL}
        if not all(isinstance(values[name], int | float | np.number) for name in ("statistic", "expected")):
            continue
        labels.append(step.id)
        title = {"title": cleaned(step.title), "operation": step.result.operation, "n": step.result.observations}
        rows.append(title | {name: np.nan if value is None else float(value) for name, value in values.items()})
    if not rows:
        return None
    frame = pd.DataFrame(rows, index=pd.Index(labels, name="step")).dropna(axis="columns", how="all")
    return Table(name="statistics", title="Global statistics", frame=frame, kind="statistics")


def models(steps: Iterable[Step]) -> Table | None:
    """
    Put the models of a study side by side.

    Parameters
    ----------
    steps
        The finished steps.

    Returns
    -------
    Table or None
        Estimate, standard error and p of each term, then the figures of fit; None with fewer than two models.
    """
    import pandas as pd

    fitted = [step for step in steps if hasattr(getattr(step.result, "coefficients", None), "columns")]
    if len(fitted) < 2:  # side by side takes two
        return None
    columns: dict[str, dict[tuple[str, str], float]] = {}
    terms: dict[str, None] = {}
    for step in fitted:
        table = step.result.coefficients  # type: ignore[attr-defined]
        columns[step.id] = {
            (str(term), part): float(row[part])
            for term, row in table.iterrows()
            for part in ("estimate", "std_error", "p")
            if part in row
        }
        terms |= dict.fromkeys(map(str, table.index))
        for name in _FIT:
            value = getattr(step.result, name, None)
            if isinstance(value, int | float | np.number):
                columns[step.id][("", name)] = float(value)
    spatial_last = sorted(terms, key=lambda term: ("rho", "lambda").index(term) + 1 if term in ("rho", "lambda") else 0)
    order = [(term, part) for term in spatial_last for part in ("estimate", "std_error", "p")] + [("", name) for name in _FIT]
    order = [each for each in order if any(each in column for column in columns.values())]
    index = pd.MultiIndex.from_tuples(order, names=["term", "value"])
    frame = pd.DataFrame({name: [column.get(each, np.nan) for each in order] for name, column in columns.items()}, index=index)
    return Table(name="models", title="Models side by side", frame=frame, kind="models")


def sources(atlas: Atlas) -> "pd.DataFrame":
    """
    Put the sources of a study into a table.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    pandas.DataFrame
        One row for each source.
    """
    import pandas as pd

    rows = [[each.title, each.origin, each.licence, each.retrieved, each.sha256, " ".join(each.notes)] for each in atlas.sources]
    return pd.DataFrame(rows, columns=["title", "origin", "licence", "retrieved", "sha256", "notes"])


def named_sources(atlas: Atlas) -> list[str]:
    """
    Name where the data of the maps comes from, for a line under a picture.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    list of str
        The title of each source, without a full stop. Tables that numbers are only compared with are left out.
    """
    compared = {each.source for each in atlas.comparisons}
    found = [title_and_origin(each)[0] for each in atlas.sources if each.origin not in compared]
    return list(dict.fromkeys(words.rstrip(". ") for words in found))


def title_and_origin(source: Source) -> tuple[str, str]:
    """
    Say what a source is called, and what else is known of it.

    Parameters
    ----------
    source
        As the study names it.

    Returns
    -------
    tuple of str
        A file name is no title: where something is said of the file's origin, that stands first.

    Examples
    --------
    >>> from spatial.outputs.atlas import Source
    >>> title_and_origin(Source(title="shares.csv", origin="Survey of 2019, Table 2"))
    ('Survey of 2019, Table 2', 'shares.csv')
    >>> title_and_origin(Source(title="Regions of 2018", origin="Natural Earth"))
    ('Regions of 2018', 'Natural Earth')
    """
    file = _FILE.search(source.title) and source.origin not in ("", _UNSTATED)
    return (source.origin, source.title) if file else (source.title, source.origin)


def is_series(value: Any) -> bool:
    """
    Tell a series from everything else, without loading pandas.

    Parameters
    ----------
    value
        A value of a result.

    Returns
    -------
    bool
        True for a ``pandas.Series``.
    """
    return hasattr(value, "to_frame") and hasattr(value, "index") and not hasattr(value, "columns")


def file_names(names: Iterable[str]) -> list[str]:
    """
    Make names that every file system keeps apart.

    Parameters
    ----------
    names
        The names wanted, such as ids of steps.

    Returns
    -------
    list of str
        ASCII letters, digits, ``-`` and ``_`` only; what would collide gets a number.

    Examples
    --------
    >>> file_names(["lag_tests", "LAG tests", "../x", "con"])
    ['lag_tests', 'LAG-tests', 'x', 'con-']
    >>> file_names(["a", "A"])
    ['a', 'A-2']
    """
    taken: set[str] = set()
    made = []
    for name in names:
        safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:100] or "unnamed"
        safe = f"{safe}-" if safe.casefold() in _RESERVED else safe
        number, free = 2, safe
        while free.casefold() in taken:
            free, number = f"{safe}-{number}", number + 1
        taken.add(free.casefold())
        made.append(free)
    return made
