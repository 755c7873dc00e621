"""A table of records -> the columns a step needs: codes for missing values taken out, value labels kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatial.errors import DataError, complaint, counted, nearest_name
from spatial.indicators._columns import columns_read
from spatial.indicators._keys import keys_of
from spatial.indicators._numbers import as_number, as_numbers, is_missing
from spatial.indicators.recipes import ColumnRecipe, RecordsRecipe, TableRecipe
from spatial.indicators.tables import Cells, cells, numbered, stata_parts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Records:
    """A table of records, ready to be computed with."""

    table: "pd.DataFrame"  # index: the row as a person counts; numbers with NaN, texts with None
    findings: tuple[str, ...]


def read_records(recipe: RecordsRecipe, wanted: Sequence[str] = ()) -> Records:
    """
    Read the columns of a table of records that are wanted; the others may hold anything.

    Parameters
    ----------
    recipe
        The table and what is known of it.
    wanted
        Names of columns; those the recipe describes and its key are read too. None at all: every column.

    Returns
    -------
    Records
        The columns: numbers where the cells are numbers or the recipe says which number a text stands for, otherwise texts.

    Raises
    ------
    DataError
        When a column is not there, values are out of range or no numbers, or numbers of a Stata file have value labels nobody
        has declared as missing; all complaints at once.
    """
    import pandas as pd

    where, key = recipe.table.name, [recipe.key] if recipe.key else []
    stata = recipe.table.suffix.casefold() == ".dta" and recipe.table.is_file()
    table, labels = _stata(recipe) if stata else (cells(recipe.table, recipe.sheet, encoding=recipe.encoding), {})
    titles = [str(title) for title in table.frame.columns]
    named = [*wanted, *recipe.columns]
    names = list(dict.fromkeys([*key, *named] if named else titles))
    sources = {name: recipe.columns[name].source if name in recipe.columns else name for name in names}
    absent = [name for name, source in sources.items() if source not in titles and name not in recipe.columns]
    complaints = [complaint(where, f"there is no column {name!r}", nearest_name(name, titles)) for name in absent]
    there = [name for name in names if name not in absent]
    complaints += [
        _undeclared(where, sources[name], labels[sources[name]])
        for name in there
        if labels.get(sources[name]) and name not in recipe.columns
    ]
    frame = table.frame.assign(
        **{
            source: _replaced(table.frame[source], recipe)
            for source in map(sources.__getitem__, there)
            if titles.count(source) == 1
        }
    )
    like = TableRecipe(
        table=recipe.table,
        key="",
        missing=recipe.missing,
        decimal=recipe.decimal,
        implausible="note",
        columns={name: _described(frame, recipe, name, sources[name], key) for name in there},
    )
    rows = [f"row {each}" for each in frame.index]
    columns, findings, wrong = columns_read(Cells(frame, (), table.errors), like, rows, []) if like.columns else ((), (), ())
    complaints += wrong
    if complaints:
        raise DataError("\n".join(dict.fromkeys(complaints)))
    read = pd.DataFrame({each.recipe.name: each.array for each in columns}, index=frame.index)
    for name in key:
        read[name] = keys_of(read[name])
    return Records(read[there], (*table.findings, *findings))


def codes_of(text: str) -> tuple[str | float, ...]:
    """
    Read codes for missing values from the command line.

    Parameters
    ----------
    text
        Codes with commas between.

    Returns
    -------
    tuple
        Numbers where they are some, so that -9 is also found as -9.0; texts otherwise.

    Examples
    --------
    >>> codes_of("-9,n/a")
    (-9.0, 'n/a')
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    numbers = [as_number(part) for part in parts]
    return tuple(part if number is None else number for part, number in zip(parts, numbers, strict=True))


def _stata(recipe: RecordsRecipe) -> tuple[Cells, dict[str, dict[Any, int]]]:
    """
    Put value labels in the place of codes where every code that is not missing has one.

    Gives the cells, and for columns of numbers the labelled numbers left among them: most likely codes for missing values.
    """
    import pandas as pd

    plain, words = stata_parts(recipe.table)
    frame, odd = numbered(plain), {}
    for name in plain.columns:
        if not isinstance(words[name].dtype, pd.CategoricalDtype):
            continue
        codes, texts = frame[name].tolist(), words[name].astype(object).tolist()
        labelled = [isinstance(text, str) and not isinstance(code, str) for code, text in zip(codes, texts, strict=True)]
        counts = [
            not (is_missing(code, recipe.missing) or (label and is_missing(text, recipe.missing)))
            for code, text, label in zip(codes, texts, labelled, strict=True)
        ]
        if all(label for label, here in zip(labelled, counts, strict=True) if here):
            frame[name] = pd.Series(
                [text if here else code for code, text, here in zip(codes, texts, counts, strict=True)], frame.index, dtype=object
            )
        else:
            found: dict[Any, int] = {}
            for code, text, label, here in zip(codes, texts, labelled, counts, strict=True):
                if label and here:
                    found[code, text] = found.get((code, text), 0) + 1
            odd[str(name)] = found
        # A label that is declared as missing makes its code so.
        gone = {
            code for code, text, label in zip(codes, texts, labelled, strict=True) if label and is_missing(text, recipe.missing)
        }
        if gone:
            frame[name] = pd.Series([None if cell in gone else cell for cell in frame[name]], frame.index, dtype=object)
    return Cells(frame), odd


def _undeclared(where: str, name: str, odd: Mapping[Any, int]) -> str:
    shown = [f"{counted(count, 'time')} {code:g} ({text})" for (code, text), count in odd.items()]
    codes = ", ".join(f"{code:g}" for code, _ in odd)
    return complaint(
        f"{where}, column '{name}'",
        f"numbers with a label stand among numbers without: {', '.join(shown)}",
        "Such numbers are usually codes for missing values",
        f"If so, say missing = [{codes}]; if they are numbers, describe the column in the study",
    )


def _replaced(column: "pd.Series[Any]", recipe: RecordsRecipe) -> "pd.Series[Any]":
    """Put numbers for texts where the recipe gives one for every text of the column."""
    import pandas as pd

    numbers: Mapping[str, float] = recipe.values  # noqa: PD011  (a mapping of the study)
    texts = {cell for cell in column if isinstance(cell, str) and not is_missing(cell, recipe.missing)}
    if not texts or not texts <= set(numbers):
        return column
    return pd.Series([numbers.get(cell, cell) for cell in column], column.index, dtype=object)


def _described(frame: "pd.DataFrame", recipe: RecordsRecipe, name: str, source: str, key: Sequence[str]) -> ColumnRecipe:
    """Take what the study says of a column; else texts for the key, numbers where all cells are some."""
    if name in recipe.columns:
        return recipe.columns[name]
    words = name in key
    if not words and list(frame.columns).count(source) == 1:
        found = [cell for cell in frame[source] if not is_missing(cell, recipe.missing)]
        codes = any(isinstance(cell, str) and len(cell) > 1 and cell[0] == "0" and cell.isdigit() for cell in found)
        words = codes or len(as_numbers(found, (), recipe.decimal).text) > len(found) / 2
    return ColumnRecipe(name=name, source=source, title=name, kind="text" if words else "number")
