"""Tables for spreadsheets (CSV), for papers (LaTeX) and for manuscripts (Word)."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._collected import Table, file_names, tables_of
from spatial.outputs._printed import printed
from spatial.outputs.atlas import Atlas
from spatial.outputs.record import written
from spatial.outputs.words import is_missing

if TYPE_CHECKING:
    import pandas as pd

# What a spreadsheet takes for the beginning of a formula, in the full-width forms too.
_FORMULA = re.compile(r"^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
#: Tables with more rows are left to CSV: nobody prints them.
PRINTABLE = 200


def write_tables(atlas: Atlas, folder: str | Path) -> tuple[Path, ...]:
    """
    Write every table of a study.

    Parameters
    ----------
    atlas
        The finished study.
    folder
        Where the files go; it is made if need be.

    Returns
    -------
    tuple of pathlib.Path
        The files that were written: for each table of a result ``<step>_<field>.csv`` and ``.tex``; ``places.csv`` with
        all columns of the places and ``columns.csv`` that says what they are; ``statistics``, ``models``, ``join_ledger``
        and ``sources`` where there are any; ``tables.docx`` with all that can be printed.

    Raises
    ------
    OutputError
        When a file cannot be written.

    Notes
    -----
    CSV files are UTF-8 with a byte order mark, without which Excel reads Cyrillic as gibberish; numbers have a decimal
    point and every digit. A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    from spatial.outputs._latex import latex
    from spatial.outputs._word import word_document

    folder = Path(folder)
    tables = tables_of(atlas)
    taken = file_names(["places", "columns", "tables", *(table.name for table in tables)])[3:]
    made = [written(folder / "places.csv", _places_csv(atlas)), written(folder / "columns.csv", _columns_csv(atlas))]
    short = []
    for table, name in zip(tables, taken, strict=True):
        made.append(written(folder / f"{name}.csv", _frame_csv(table)))
        if len(table.frame) <= PRINTABLE and len(table.frame):
            made.append(written(folder / f"{name}.tex", latex(table).encode("utf-8")))
            short.append(printed(table))
    made.append(written(folder / "tables.docx", word_document(atlas, short)))
    return tuple(made)


def csv_bytes(headings: Iterable[object], rows: Iterable[Iterable[Any]]) -> bytes:
    """
    Write rows as CSV that Excel, LibreOffice, R and pandas all read.

    Parameters
    ----------
    headings
        The first line.
    rows
        Values: numbers, texts, nothing.

    Returns
    -------
    bytes
        UTF-8 with a byte order mark, lines ending in CR LF (RFC 4180).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([_cell(heading) for heading in headings])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return ("\ufeff" + buffer.getvalue()).encode("utf-8", errors="replace")


def harmless(text: str) -> str:
    """
    Keep a spreadsheet from taking a text for a formula.

    Parameters
    ----------
    text
        A cell from data.

    Returns
    -------
    str
        With an apostrophe in front where it begins like a formula and is no plain number.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-9"), harmless("Almaty")
    ("'=1+1", '-9', 'Almaty')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _cell(value: Any) -> Any:
    if is_missing(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return repr(float(value))
    return harmless(str(value))


def _frame_csv(table: Table) -> bytes:
    import pandas as pd

    frame = table.frame
    if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None:
        return csv_bytes(frame.columns, frame.itertuples(index=False, name=None))
    unnamed = "term" if table.kind in ("coefficients", "impacts") else "test" if table.kind == "tests" else "row"
    names = [name if name is not None else unnamed for name in frame.index.names]
    labels = zip(*(frame.index.get_level_values(number) for number in range(frame.index.nlevels)), strict=True)
    rows = frame.itertuples(index=False, name=None)
    return csv_bytes([*names, *frame.columns], ((*label, *row) for label, row in zip(labels, rows, strict=True)))


def _places_csv(atlas: Atlas) -> bytes:
    frame = _attributes(atlas)
    return csv_bytes([frame.index.name or "place", *frame.columns], frame.itertuples(name=None))


def _columns_csv(atlas: Atlas) -> bytes:
    indicators = {each.column: each for each in atlas.indicators}
    units = {theme.column: theme.unit for theme in atlas.themes}
    rows = []
    for name in _attributes(atlas).columns:
        indicator = indicators.get(name)
        step = next((each for each in atlas.steps if str(name).startswith(f"{each.id}_")), None)
        rows.append(
            (
                name,
                indicator.title if indicator else atlas.titles.get(str(name), ""),
                indicator.unit if indicator else units.get(str(name), ""),
                "indicator" if indicator else f"result of {step.id}" if step else "boundaries",
            )
        )
    return csv_bytes(("column", "title", "unit", "origin"), rows)


def _attributes(atlas: Atlas) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(atlas.places.drop(columns=atlas.places.geometry.name))
