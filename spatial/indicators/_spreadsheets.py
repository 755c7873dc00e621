"""Workbooks: XLSX, XLS and ODS -> rows of cells, with the cells in which a formula failed."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spatial.boundaries.archives import size_checked
from spatial.errors import DataError, complaint, counted, listed
from spatial.indicators.tables import chosen

Rows = list[tuple[int, list[Any]]]
Failed = frozenset[tuple[int, int]]  # (row number, position of the column)

#: The last row and the last column of a sheet; a file that has more was made to do harm.
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384

#: What a formula shows when it cannot be computed.
_FAILURES = ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")


def sheet_names(path: Path) -> tuple[str, ...]:
    """Name the sheets of a workbook, in its order."""
    kind = path.suffix.casefold()
    if kind == ".xls":
        return tuple(str(name) for name in _xls_book(path).sheet_names())
    if kind == ".ods":
        return tuple(str(table.getAttribute("name")) for table in _ods_tables(path))
    with _workbook(path) as book:
        return tuple(str(sheet.title) for sheet in book.worksheets)


def read_sheet(path: Path, sheet: str | None) -> tuple[Rows, Failed]:
    """
    Read the cells of one sheet.

    Parameters
    ----------
    path
        The workbook.
    sheet
        The name of the sheet; may be None where there is only one.

    Returns
    -------
    tuple
        Rows with their numbers, and the cells in which a formula failed.

    Raises
    ------
    DataError
        When the file is no workbook, the sheet is not named or not there, or formulas were never computed.
    """
    names = list(sheet_names(path))
    chosen(path.name, "sheet", sheet, names)
    name = names[0] if sheet is None else sheet
    kind = path.suffix.casefold()
    rows = _xls(path, name) if kind == ".xls" else _ods(path, name) if kind == ".ods" else _xlsx(path, name)
    failed = {(number, position) for number, values in rows for position, value in enumerate(values) if value in _FAILURES}
    return rows, frozenset(failed)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever a reader stumbles over in a broken workbook into a message: their code expects a sound one."""
    import struct
    import zlib
    from xml.etree.ElementTree import ParseError
    from xml.sax import SAXParseException
    from zipfile import BadZipFile

    import xlrd
    from openpyxl.utils.exceptions import InvalidFileException

    broken = (
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        AssertionError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    )
    parts = (BadZipFile, InvalidFileException, xlrd.XLRDError, xlrd.compdoc.CompDocError, struct.error, zlib.error)
    try:
        yield
    except (*broken, *parts, ParseError, SAXParseException) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].replace(str(path), path.name)[:200]
        kind = path.suffix[1:].upper()
        raise DataError(
            complaint(path.name, f"it cannot be read as a workbook: {reason}", f"Expected a sound {kind} file")
        ) from None


def _sized(path: Path) -> None:
    """Look at what an archive would unpack to; a file that is none is left to its reader."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size_checked(archive, path)


@contextmanager
def _workbook(path: Path, *, formulas: bool = False) -> Iterator[Any]:
    """Open an XLSX file row by row: a sheet may be formatted down to its last row, or have a million of them."""
    import warnings

    import openpyxl

    with _readable(path):
        _sized(path)
        with path.open("rb") as file, warnings.catch_warnings():
            # drop-down lists and styles that openpyxl does not know; cells are not affected
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(file, data_only=not formulas, read_only=True)
            try:
                yield book
            finally:
                book.close()


def _xlsx(path: Path, name: str) -> Rows:
    rows, gaps = [], False
    with _workbook(path) as book:
        for number, row in _rows(book[name]):
            values = [None if cell.value is None else _xlsx_cell(cell) for cell in row]
            gaps = gaps or None in values
            if any(value is not None for value in values):
                rows.append((number, values))
    if gaps:
        _computed(path, name, rows)
    return rows


def _rows(sheet: Any) -> Iterator[tuple[int, Any]]:
    sheet.reset_dimensions()  # what the file says of its own size is not to be relied on
    return enumerate(sheet.iter_rows(), 1)


def _xlsx_cell(cell: Any) -> Any:
    """Keep the zeros in front that a number format such as 000 shows but the stored number lacks."""
    value = cell.value
    shown = str(cell.number_format)
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and len(shown) > 1
        and set(shown) == {"0"}
        and value == int(value)
    ):
        return str(int(value)).zfill(len(shown))
    return value


def _computed(path: Path, name: str, rows: Rows) -> None:
    """Refuse formulas that no spreadsheet program has computed yet: they have no value and would look like empty cells."""
    known = dict(rows)
    empty = []
    with _workbook(path, formulas=True) as book:
        for number, row in _rows(book[name]):
            values = known.get(number, [])
            for position, cell in enumerate(row):
                if cell.value is not None and cell.data_type == "f" and (position >= len(values) or values[position] is None):
                    empty.append(cell.coordinate)
    if empty:
        raise DataError(
            complaint(
                f"{path.name}, sheet '{name}'",
                f"{counted(len(empty), 'formula has', 'formulas have')} no value: {listed(empty)}",
                "Expected values that a spreadsheet program has computed",
                "Open the workbook, save it, and try again",
            )
        )


def _xls_book(path: Path) -> Any:
    import xlrd

    with _readable(path):
        return xlrd.open_workbook(path)


def _xls(path: Path, name: str) -> Rows:
    import xlrd

    book = _xls_book(path)

    def value(cell: Any) -> Any:
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, "#N/A")
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        if cell.ctype == xlrd.XL_CELL_DATE:
            return xlrd.xldate_as_datetime(cell.value, book.datemode)
        return None if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) else cell.value

    with _readable(path):
        return [(number, [value(cell) for cell in row]) for number, row in enumerate(book.sheet_by_name(name).get_rows(), 1)]


def _ods_tables(path: Path) -> list[Any]:
    from odf.opendocument import load  # type: ignore[import-untyped]
    from odf.table import Table  # type: ignore[import-untyped]

    with _readable(path):
        _sized(path)
        document = load(str(path))
        return list(document.spreadsheet.getElementsByType(Table)) if hasattr(document, "spreadsheet") else []


def _ods(path: Path, name: str) -> Rows:
    from odf.table import TableRow

    table = next(each for each in _ods_tables(path) if each.getAttribute("name") == name)
    rows: Rows = []
    number = 0
    with _readable(path):
        for row in table.getElementsByType(TableRow):
            values = _ods_row(row)
            repeated = int(row.getAttribute("numberrowsrepeated") or 1)
            if values:  # the empty rest of a sheet is one row repeated a million times
                if number + repeated > _LAST_ROW:
                    raise ValueError(f"it has {number + repeated:,} rows, more than {_LAST_ROW:,}")
                rows += [(number + each, values) for each in range(1, repeated + 1)]
            number += repeated
    return rows


def _ods_row(row: Any) -> list[Any]:
    from odf.namespaces import TABLENS  # type: ignore[import-untyped]

    values: list[Any] = []
    for cell in row.childNodes:
        if cell.qname not in ((TABLENS, "table-cell"), (TABLENS, "covered-table-cell")):
            continue
        repeated = int(cell.getAttribute("numbercolumnsrepeated") or 1)
        value = _ods_cell(cell)
        if value is not None and len(values) + repeated > _LAST_COLUMN:
            raise ValueError(f"it has {len(values) + repeated:,} columns, more than {_LAST_COLUMN:,}")
        values += [value] * (repeated if value is not None else min(repeated, 1000))
    while values and values[-1] is None:
        values.pop()
    return values


def _ods_cell(cell: Any) -> Any:
    from odf import teletype  # type: ignore[import-untyped]
    from odf.namespaces import TEXTNS

    kind = cell.getAttribute("valuetype")
    text = "\n".join(teletype.extractText(part) for part in cell.childNodes if part.qname == (TEXTNS, "p"))  # remarks stay out
    if text in _FAILURES or text.startswith("Err:"):
        return "#N/A" if text not in _FAILURES else text
    if kind in ("float", "percentage", "currency"):
        return float(cell.getAttribute("value"))
    if kind == "boolean":
        return cell.getAttribute("booleanvalue") == "true"
    if kind == "date":
        return str(cell.getAttribute("datevalue"))
    return text or None
