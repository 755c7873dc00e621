"""Columns of a table: found by title, read as numbers or words, held against what the recipe says."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from spatial.errors import complaint, counted, listed, nearest_name
from spatial.indicators._described import Column, Described, cells_of, title_of
from spatial.indicators._numbers import Numbers, as_numbers, is_missing
from spatial.indicators._oddities import oddities
from spatial.indicators.recipes import WORDS, ColumnRecipe, TableRecipe
from spatial.indicators.tables import Cells


def columns_read(
    table: Cells, recipe: TableRecipe, rows: Sequence[str], taken: Sequence[str], parts: Sequence[bool] | None = None
) -> tuple[tuple[Column, ...], tuple[str, ...], tuple[str, ...]]:
    """
    Read the columns a recipe asks for.

    Parameters
    ----------
    table
        The cells.
    recipe
        What is known of the table; without columns, all are read as they are.
    rows
        What to call each row.
    taken
        Names of columns that places already have.
    parts
        Whether each row takes part in the join; all do where it is None.

    Returns
    -------
    tuple
        Columns, findings, complaints.
    """
    about = Described(table, recipe, rows, [True] * len(rows) if parts is None else parts, _has_commas(table, recipe))
    wanted, complaints = _wanted(about, taken)
    columns: list[Column] = []
    findings: list[str] = []
    for each in wanted:
        column, found, wrong = _words(about, each) if each.kind in WORDS else _numbers(about, each)
        findings += found
        complaints += wrong
        columns += [column] if column else []
    findings = _together(about.where, findings)
    odd, impossible = oddities(about, columns)
    findings += odd
    if recipe.implausible == "error":
        complaints += [
            complaint(about.where, each, remedy='Ask the source, use other numbers, or set implausible = "note" to go on with them')
            for each in impossible
        ]
    else:
        findings += [f"{about.where}: {each}" for each in impossible]
    return tuple(columns), tuple(findings), tuple(complaints)


def _wanted(about: Described, taken: Sequence[str]) -> tuple[list[ColumnRecipe], list[str]]:
    """Find the columns of the recipe, or take all columns of the table."""
    titles = [str(title) for title in about.cells.frame.columns]
    recipes = list(about.recipe.columns.values()) or [_guessed(about, title) for title in titles if title != about.recipe.key]
    found, complaints = [], []
    for each in recipes:
        if each.name in taken:
            what = f"the places already have a column {each.name!r}"
            complaints.append(
                complaint(
                    about.where,
                    what,
                    "Expected a new name",
                    f'Call it otherwise: [indicators.columns.other_name] from = "{each.source}"',
                )
            )
        if titles.count(each.source) == 1:
            found.append(each)
        elif each.source in titles:
            complaints.append(
                complaint(
                    about.where,
                    f"the title {each.source!r} occurs more than once",
                    "Expected each title once",
                    "Rename the columns",
                )
            )
        else:
            complaints.append(complaint(about.where, f"there is no column {each.source!r}", nearest_name(each.source, titles)))
        complaints += [
            complaint(about.where, f"there is no column {other!r}, named by '{each.name}'", nearest_name(other, titles))
            for other in (each.deviation, each.count)
            if other and titles.count(title_of(about, other)) != 1
        ]
    return found, complaints


def _guessed(about: Described, title: str) -> ColumnRecipe:
    """Take a column nobody described for numbers when most of its cells are; codes such as 007 are words."""
    column = about.cells.frame[title]
    cells = [] if column.ndim > 1 else [cell for cell in column if not is_missing(cell, about.recipe.missing)]
    codes = any(isinstance(cell, str) and len(cell) > 1 and cell[0] == "0" and cell.isdigit() for cell in cells)
    numbers = as_numbers(cells, (), about.recipe.decimal)
    words = codes or not cells or len(numbers.text) > len(cells) / 2
    return ColumnRecipe(name=title, source=title, title=title, kind="text" if words else "number")


def _has_commas(table: Cells, recipe: TableRecipe) -> bool:
    """Whether some column can only be read with a decimal comma."""
    for position in range(table.frame.shape[1]):
        column = list(table.frame.iloc[:, position])
        numbers = as_numbers(column, recipe.missing)
        if numbers.decimal == "," and not numbers.text and not numbers.open:
            return True
    return False


def _failed(about: Described, title: str) -> list[str]:
    """Cells in which a formula failed, unless their text is a missing code."""
    places = zip(about.cells.frame.index, about.rows, cells_of(about, title), about.parts, strict=True)
    return [
        f"{name}: {cell}"
        for row, name, cell, part in places
        if part and (row, title) in about.cells.errors and not is_missing(cell, about.recipe.missing)
    ]


def _words(about: Described, recipe: ColumnRecipe) -> tuple[Column, list[str], list[str]]:
    failed = _failed(about, recipe.source)
    wrong = [_failure(about, recipe, failed)] if failed else []
    cells = cells_of(about, recipe.source)
    values = [None if is_missing(cell, about.recipe.missing) else _word(cell) for cell in cells]
    return Column(recipe, values), _gaps(about, recipe, cells), wrong


def _word(cell: Any) -> str:
    if isinstance(cell, float | np.floating) and cell == int(cell):
        return str(int(cell))
    return str(cell)


def _failure(about: Described, recipe: ColumnRecipe, failed: list[str]) -> str:
    return complaint(
        f"{about.where}, column '{recipe.source}'",
        f"{counted(len(failed), 'formula')} failed: {listed(failed)}",
        "Expected values",
        "Correct them in the workbook, or name the text among the missing codes",
    )


def _numbers(about: Described, recipe: ColumnRecipe) -> tuple[Column | None, list[str], list[str]]:
    where, cells = f"{about.where}, column '{recipe.source}'", cells_of(about, recipe.source)
    failed = _failed(about, recipe.source)
    if failed:
        return None, [], [_failure(about, recipe, failed)]
    numbers = as_numbers(cells, about.recipe.missing, about.recipe.decimal, commas=about.commas)
    text = [each for each in numbers.text if about.parts[each]]
    if text:
        shown = [f"{about.rows[each]}: {cells[each]}" for each in text]
        what = f"{counted(len(shown), 'value is not a number', 'values are not numbers', of=sum(about.parts))}: {listed(shown)}"
        return None, [], [complaint(where, what, "Expected numbers", _text_remedy([cells[each] for each in text], numbers))]
    if numbers.open:
        shown = [each for each in cells if isinstance(each, str) and ("," in each or "." in each)]
        what = f"{listed(shown, 3)} may be thousands or decimals"
        return (
            None,
            [],
            [complaint(where, what, "Expected numbers that can be read one way only", 'State decimal = "," or decimal = "."')],
        )
    findings = _gaps(about, recipe, cells)
    if numbers.marked:
        mark = "decimal commas" if numbers.decimal == "," else "decimal points"
        findings.append(f"{where}: numbers were read with {mark} and with the marks between thousands left out.")
    wrong = _out_of_range(about, recipe, numbers, where)
    return Column(recipe, numbers.array, numbers.digits), findings, wrong


def _text_remedy(texts: list[Any], numbers: Numbers) -> str:
    marked = [str(text).rstrip("*†‡ ") for text in texts]
    if all(text != mark and as_numbers([mark]).text == () for text, mark in zip(map(str, texts), marked, strict=True)):
        return "Take the footnote marks out of the cells and put them in a column of their own"
    other = "," if numbers.decimal == "." else "."
    if all(isinstance(text, str) and not as_numbers([text], (), other).text for text in texts):  # type: ignore[arg-type]
        return "Write all numbers of the column with the same decimal mark"
    return 'Correct them, name them among the missing codes, or state kind = "text" under [indicators.columns]'


def _gaps(about: Described, recipe: ColumnRecipe, cells: list[Any]) -> list[str]:
    coded = [cell for cell in cells if cell is not None and is_missing(cell, about.recipe.missing)]
    empty = sum(cell is None for cell in cells)
    parts = [f"{empty} empty"] if empty else []
    if coded:
        kinds = dict.fromkeys(_word(cell) for cell in coded)
        parts.append(f"{len(coded)} with a missing code ({listed(kinds)})")
    return (
        [
            f"{about.where}, column '{recipe.source}': of {counted(len(cells), 'cell')} {' and '.join(parts)} {'is' if empty + len(coded) == 1 else 'are'} taken as missing."
        ]
        if parts
        else []
    )


def _together(where: str, findings: list[str]) -> list[str]:
    """Say once what is true of three columns or more, such as the years of one series."""
    start = f"{where}, column '"
    about: dict[str, list[str]] = {}
    for each in findings:
        name, mark, rest = each.removeprefix(start).partition("': ")
        about.setdefault(rest if each.startswith(start) and mark else each, []).append(name)
    found: list[str] = []
    for rest, names in about.items():
        if len(names) < 3:
            found += [each for each in findings if each == rest or (each.startswith(start) and each.endswith(f"': {rest}"))]
        else:
            found.append(f"{where}, each of {len(names)} columns ({listed(names, 4)}): {rest}")
    return found


def _out_of_range(about: Described, recipe: ColumnRecipe, numbers: Numbers, where: str) -> list[str]:
    low = -np.inf if recipe.low is None else recipe.low
    high = np.inf if recipe.high is None else recipe.high
    outside = np.flatnonzero((numbers.array < low) | (numbers.array > high)).tolist()
    outside = [each for each in outside if about.parts[each]]
    if not outside:
        return []
    shown = [f"{about.rows[each]}: {numbers.array[each]:g}" for each in outside]
    return [
        complaint(
            where,
            f"{counted(len(shown), 'value is', 'values are')} out of range: {listed(shown)}",
            f"Expected {low:g} to {high:g}",
            "Correct the values, or the range in the study",
        )
    ]
