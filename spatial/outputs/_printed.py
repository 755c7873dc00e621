"""How a table looks in print: the same texts for the report, for LaTeX and for Word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._collected import Table
from spatial.outputs.words import (
    NONE,
    cleaned,
    column_words,
    decimals_for,
    fixed,
    heading_words,
    is_missing,
    line_words,
    p_words,
    term_words,
    value_words,
)

if TYPE_CHECKING:
    import pandas as pd

#: Longer tables are cut in print; the CSV file holds all of it.
LONGEST = 60
_WIDEST = 9
#: Measures of shape have no unit, and go by no other column's decimals.
_SHAPE = ("skewness", "kurtosis", "cv")
#: Of likelihoods and criteria differences count, which two decimals show.
_CRITERIA = ("log_likelihood", "aic", "bic", "aic_difference", "bic_difference")
#: What ends the label of a row of standard errors.
_ERROR = " SE"
_EFFECTS = ("std_error", "z", "p", "low", "high")


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A table as texts."""

    name: str
    title: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]  # per column, whether it is set flush right
    rows: tuple[tuple[str, ...], ...]
    breaks: tuple[int, ...] = ()  # rows with a thin line above them
    left_out: int = 0  # rows that only the CSV file holds
    notes: tuple[str, ...] = ()


def printed(table: Table, *, longest: int = LONGEST) -> Printed:
    """
    Write a table out as texts.

    Parameters
    ----------
    table
        As it was computed.
    longest
        How many rows are printed at most.

    Returns
    -------
    Printed
        Numbers rounded alike where they are of one kind, p-values as journals print them.
    """
    if table.kind == "models":
        return _models(table)
    if table.kind == "comparison":
        return _comparison(table)
    if table.kind == "table" and all(column.dtype.kind not in "iuf" for _, column in table.frame.items()):
        return _side_by_side(table)
    frame, breaks = _stacked(table.frame)
    left_out = max(0, len(frame) - longest)
    frame = frame.iloc[:longest]
    labels, label_headings = _labels(frame)
    body = _body(frame)
    headings = [_heading(name, table) for name in frame.columns]
    numeric = [_is_numeric(frame.iloc[:, position]) for position in range(len(headings))]
    made = Printed(
        name=table.name,
        title=table.title + (f" ({table.unit})" if table.unit else ""),
        headings=(*label_headings, *headings),
        numeric=(*(False for _ in label_headings), *numeric),
        rows=tuple((*label, *row) for label, row in zip(labels, body, strict=True)),
        breaks=tuple(each for each in breaks if each < len(frame)),
        left_out=left_out,
    )
    if len(headings) == 1 and all(numeric) and 1 < len(body) <= 7 and len(label_headings) == 1:  # one column is a line of numbers
        line = tuple(row[1] for row in made.rows)
        return replace(
            made,
            headings=tuple(heading_words(row[0]) for row in made.rows),
            numeric=tuple(True for _ in line),
            rows=(line,),
            breaks=(),
        )
    turn = len(headings) > _WIDEST and len(body) < len(headings) - 2 and len(label_headings) == 1 and all(numeric) and not left_out
    return _turned(made) if turn else made


def _labels(frame: "pd.DataFrame") -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """Write the row labels out; a plain count of rows says nothing and is left out."""
    import pandas as pd

    if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None:
        return [() for _ in range(len(frame))], ()
    levels = [frame.index.get_level_values(number) for number in range(frame.index.nlevels)]
    headings = tuple(heading_words(name) if name is not None else "" for name in frame.index.names)
    return [tuple(term_words(value) for value in row) for row in zip(*levels, strict=True)], headings


def _body(frame: "pd.DataFrame") -> list[list[str]]:
    columns = [frame.iloc[:, position] for position in range(frame.shape[1])]
    errors = "std_error" in frame.columns
    free = [
        number
        for number, column in enumerate(columns)
        if _is_free(column) and (errors or not _is_whole(column)) and column.name not in (*_SHAPE, *_CRITERIA)
    ]
    grid = (
        np.column_stack([columns[number].to_numpy(dtype=float, na_value=np.nan) for number in free])
        if free
        else np.empty((len(frame), 0))
    )
    words = _grid(grid, [str(columns[number].name) for number in free])
    texts = []
    for number, column in enumerate(columns):
        if number in free:
            texts.append([row[free.index(number)] for row in words])
        elif column.name in (*_SHAPE, *_CRITERIA) and _is_numeric(column):
            texts.append(
                [NONE if is_missing(value) else fixed(value, 2) for value in column.to_numpy(dtype=float, na_value=np.nan)]
            )
        elif _is_free(column):
            texts.append(line_words(list(column.to_numpy(dtype=float, na_value=np.nan)), 0))
        elif _is_p(str(column.name)) and _is_numeric(column):
            texts.append([p_words(value) for value in column.to_numpy(dtype=float, na_value=np.nan)])
        else:
            texts.append([NONE if is_missing(value) else value_words(value) for value in column])
    return [list(row) for row in zip(*texts, strict=True)]


def _grid(grid: "np.ndarray[Any, Any]", names: Sequence[str]) -> list[list[str]]:
    """Round by row where rows are of one kind (terms of a model, columns described), by column otherwise."""
    if "std_error" in names:
        return _by_row(grid, names.index("std_error"), [name in ("statistic", "z", "t") for name in names])
    sizes = np.full(grid.shape, np.nan)
    np.log10(np.abs(grid), out=sizes, where=np.isfinite(grid) & (grid != 0))
    if _spread(sizes) < _spread(sizes.T):  # the numbers of a row are more alike than those of a column
        return [column_words(row) for row in grid]
    columns = [column_words(column) for column in grid.T]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in grid]


def _by_row(grid: "np.ndarray[Any, Any]", error: int, pure: Sequence[bool]) -> list[list[str]]:
    """Print a standard error with three digits, and its estimate with as many decimals."""
    made = []
    for row in grid:
        decimals = decimals_for([row[error] if np.isfinite(row[error]) else row[0]])
        made.append(
            [fixed(value, 2) if is_pure else line_words([value], decimals)[0] for value, is_pure in zip(row, pure, strict=True)]
        )
    return made


def _spread(sizes: "np.ndarray[Any, Any]") -> float:
    ranges = [float(np.ptp(row[np.isfinite(row)])) for row in sizes if np.isfinite(row).sum() > 1]
    return float(np.median(ranges)) if ranges else np.inf


def _is_p(name: str) -> bool:
    return name == "p" or name.startswith("p_") or name.endswith("_p")


def _is_numeric(column: "pd.Series[Any]") -> bool:
    return column.dtype.kind in "iuf" or (
        column.dtype.kind not in "bOUSM" and hasattr(column.dtype, "numpy_dtype") and column.dtype.numpy_dtype.kind in "iuf"
    )


def _is_free(column: "pd.Series[Any]") -> bool:
    """Whether the decimals of a column are to be chosen: not for counts and p-values."""
    return _is_numeric(column) and not _is_p(str(column.name)) and column.dtype.kind not in "iu"


def _is_whole(column: "pd.Series[Any]") -> bool:
    """Tell degrees of freedom and the like, which only missing values make floats."""
    numbers = column.to_numpy(dtype=float, na_value=np.nan)
    known = numbers[np.isfinite(numbers)]
    return bool(len(known)) and bool((known == np.round(known)).all()) and float(np.abs(known).max()) < 1e12


def _heading(name: object, table: Table) -> str:
    if name == "statistic" and table.kind == "coefficients":
        return "t" if table.step is not None and table.step.result.operation in ("ols", "fixed_effects") else "z"
    return heading_words(name)


def _stacked(frame: "pd.DataFrame") -> tuple["pd.DataFrame", list[int]]:
    """Put effects that stand beside each other, each with its error and interval, under each other."""
    import pandas as pd

    effects = [str(name) for name in frame.columns if f"{name}_std_error" in frame.columns]
    if len(effects) < 2:  # one effect is a plain table
        return frame, []
    parts = []
    for effect in effects:
        columns = {"estimate": frame[effect]} | {
            part: frame[f"{effect}_{part}"] for part in _EFFECTS if f"{effect}_{part}" in frame.columns
        }
        part = pd.DataFrame(columns)
        part.insert(0, "effect", heading_words(effect))
        parts.append(part)
    long = pd.concat(parts)
    order = np.arange(len(long)).reshape(len(effects), len(frame)).T.ravel()
    long = long.iloc[order]
    labels = [label if number % len(effects) == 0 else "" for number, label in enumerate(long.index)]
    long.index = pd.Index(labels, name=frame.index.name)
    return long, list(range(len(effects), len(long), len(effects)))


def _turned(made: Printed) -> Printed:
    """Rows for columns, where a table is wider than a page and short."""
    first, *others = made.headings
    rows = tuple((heading, *(row[number] for row in made.rows)) for number, heading in enumerate(others, start=1))
    return replace(
        made, headings=(first, *(row[0] for row in made.rows)), numeric=(False, *(True for _ in made.rows)), rows=rows, breaks=()
    )


def _models(table: Table) -> Printed:
    """Each term with its estimate, the standard error in brackets and p; then the figures of fit."""
    frame = table.frame
    rows: list[tuple[str, ...]] = []
    breaks: list[int] = []
    groups = ""
    parts = list(frame.index)
    for term, part in parts:
        values = frame.loc[(term, part)].to_numpy(dtype=float)
        if term and part == "estimate":
            errors = frame.loc[(term, "std_error")].to_numpy(dtype=float) if (term, "std_error") in parts else values
            decimals = [decimals_for([error if np.isfinite(error) else value]) for value, error in zip(values, errors, strict=True)]
        if not term and groups:
            breaks.append(len(rows))
        groups = str(term)
        words = _model_words(str(term), str(part), values, decimals if term else [])
        label = term_words(term) if part == "estimate" else heading_words(part) if not term else ""
        rows.append((label, *words))
    headings = ("", *(cleaned(name) for name in frame.columns))
    return Printed(
        name=table.name,
        title=table.title,
        headings=headings,
        numeric=(False, *(True for _ in frame.columns)),
        rows=tuple(rows),
        breaks=tuple(breaks),
        notes=("Standard errors in parentheses, p-values in brackets.",),
    )


def _side_by_side(table: Table) -> Printed:
    """Set a table of numbers that are texts already: standard errors below estimates, figures of fit below a line."""
    frame = table.frame
    labels = [str(label) for label in frame.index]
    errors = {label for label in labels if label.endswith(_ERROR) and label.removesuffix(_ERROR) in labels}
    first_fit = next((number for number, label in enumerate(labels) if label not in errors and label + _ERROR not in errors), None)
    rows = tuple(
        ("" if label in errors else term_words(label), *(_set_well(str(cell)) for cell in row))
        for label, row in zip(labels, frame.itertuples(index=False), strict=True)
    )
    stars = bool(table.step is not None and table.step.result.options.get("stars"))
    return Printed(
        name=table.name,
        title=table.title,
        headings=("", *(cleaned(name) for name in frame.columns)),
        numeric=(False, *(True for _ in frame.columns)),
        rows=rows,
        breaks=(first_fit,) if first_fit else (),
        notes=("Standard errors in parentheses." + (" * p < 0.05, ** p < 0.01, *** p < 0.001." if stars else ""),),
    )


def _set_well(text: str) -> str:
    """Give numbers inside a text a true minus, and thousands a narrow space."""
    grouped = re.sub(r"(?<![\d.])\d{4,}", lambda found: f"{int(found.group()):,}".replace(",", "\u202f"), cleaned(text))
    return re.sub(r"(?<![\w.])-(?=[\d.])|(?<=e)-(?=\d)", "−", grouped)


def _model_words(term: str, part: str, values: "np.ndarray[Any, Any]", decimals: Sequence[int | None]) -> list[str]:
    absent = ["" if np.isnan(value) else None for value in values]
    if not term:
        common = 0 if part in ("observations", "parameters") else 3 if part.endswith("r2") else None
        words = [fixed(value, common if common is not None else min(decimals_for([value], 5) or 0, 4)) for value in values]
    elif part == "p":
        words = [f"[{p_words(value)}]" for value in values]
    else:
        words = [line_words([value], each)[0] for value, each in zip(values, decimals, strict=True)]
        words = [f"({word})" for word in words] if part == "std_error" else words
    return [word if gone is None else gone for word, gone in zip(words, absent, strict=True)]


def _comparison(table: Table) -> Printed:
    """Put published beside ours, with the difference, rounded as the published number is."""
    if "column" in table.frame.columns:
        return _comparison_in_form(table)
    rows = []
    for label, published, ours in table.frame[["label", "published", "ours"]].itertuples(index=False):
        numbers = [_number(published), _number(ours)]
        if all(number is not None for number in numbers):
            theirs, own = (float(number) for number in numbers if number is not None)
            decimals = _printed_decimals(theirs)
            rows.append((cleaned(label), *line_words([theirs, own, own - theirs], decimals)))
        else:
            shown = [
                value_words(number) if number is not None else _text(value)
                for number, value in zip(numbers, (published, ours), strict=True)
            ]
            rows.append((cleaned(label), *shown, NONE))
    return Printed(
        name=table.name,
        title=table.title,
        headings=("", "Published", "This study", "Difference"),
        numeric=(False, True, True, True),
        rows=tuple(rows),
    )


def _comparison_in_form(table: Table) -> Printed:
    """Keep the columns of the published table, and set our line below each of its lines."""
    frame = table.frame
    columns = list(dict.fromkeys(frame["column"]))
    rows: list[tuple[str, ...]] = []
    breaks: list[int] = []
    for label in dict.fromkeys(frame["label"]):
        cells = frame[frame["label"] == label].set_index("column")
        lines: list[list[str]] = [[], []]
        for column in columns:
            numbers = [_number(cells.loc[column, side]) if column in cells.index else None for side in ("published", "ours")]
            decimals = _printed_decimals(numbers[0]) if numbers[0] is not None else 3
            for line, number in zip(lines, numbers, strict=True):
                line.append(NONE if number is None else line_words([number], decimals)[0])
        if rows:
            breaks.append(len(rows))
        rows += [(cleaned(label), "Published", *lines[0]), ("", "This study", *lines[1])]
    return Printed(
        name=table.name,
        title=table.title,
        headings=("", "", *(cleaned(column) for column in columns)),
        numeric=(False, False, *(True for _ in columns)),
        rows=tuple(rows),
        breaks=tuple(breaks),
    )


def _printed_decimals(value: float) -> int:
    """Count the decimals a published number was printed with, as far as its digits tell."""
    words = repr(value)
    return min(6, len(words.partition(".")[2])) if "e" not in words and not words.endswith(".0") else 0


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _text(value: Any) -> str:
    return NONE if is_missing(value) else cleaned(value)
