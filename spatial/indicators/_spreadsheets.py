"""Workbooks: XLSX, XLS and ODS -> rows of cells, with the cells in which a formula failed."""

from pathlib import Path
from typing import Any

from spatial.errors import DataError, complaint, listed
from spatial.indicators.tables import chosen

Rows = list[tuple[int, list[Any]]]
Failed = frozenset[tuple[int, int]]  # (row number, position of the column)

#: What a formula shows when it cannot be computed.
_FAILURES = ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")


def sheet_names(path: Path) -> tuple[str, ...]:
    """Name the sheets of a workbook, in its order."""
    kind = path.suffix.casefold()
    if kind == ".xls":
        return tuple(str(name) for name in _xls_book(path).sheet_names())
    if kind == ".ods":
        return tuple(str(table.getAttribute("name")) for table in _ods_tables(path))
    book = _xlsx_book(path)
    try:
        return tuple(str(sheet.title) for sheet in book.worksheets)
    finally:
        book.close()


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


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        complaint(path.name, f"it cannot be read as a workbook: {error}", f"Expected a {path.suffix[1:].upper()} file")
    )


def _xlsx_book(path: Path, *, formulas: bool = False) -> Any:
    import warnings
    import zlib
    from xml.etree.ElementTree import ParseError
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # drop-down lists and styles that openpyxl does not know; cells are not affected
            return openpyxl.load_workbook(path, data_only=not formulas)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, EOFError, zlib.error, ParseError) as error:
        raise _unreadable(path, error) from None


def _xlsx(path: Path, name: str) -> Rows:
    book = _xlsx_book(path)
    sheet = book[name]
    rows = [(number, [_xlsx_cell(cell) for cell in row]) for number, row in enumerate(sheet.iter_rows(), 1)]
    book.close()
    if any(value is None for _, values in rows for value in values):
        _computed(path, name, rows)
    return rows


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
    book = _xlsx_book(path, formulas=True)
    written = [[cell for cell in row if cell.data_type == "f"] for row in book[name].iter_rows()]
    empty = [cell.coordinate for row in written for cell in row if rows[cell.row - 1][1][cell.column - 1] is None]
    book.close()
    if empty:
        raise DataError(
            complaint(
                f"{path.name}, sheet '{name}'",
                f"{len(empty)} formulas have no value: {listed(empty)}",
                "Expected values that a spreadsheet program has computed",
                "Open the workbook, save it, and try again",
            )
        )


def _xls_book(path: Path) -> Any:
    import xlrd

    try:
        return xlrd.open_workbook(path)
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError, ValueError, AssertionError) as error:
        raise _unreadable(path, error) from None


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

    return [(number, [value(cell) for cell in row]) for number, row in enumerate(book.sheet_by_name(name).get_rows(), 1)]


def _ods_tables(path: Path) -> list[Any]:
    import zlib
    from xml.sax import SAXParseException
    from zipfile import BadZipFile

    from odf.opendocument import load  # type: ignore[import-untyped]
    from odf.table import Table  # type: ignore[import-untyped]

    try:
        document = load(str(path))
    except (BadZipFile, KeyError, ValueError, EOFError, zlib.error, SAXParseException) as error:
        raise _unreadable(path, error) from None
    return list(document.spreadsheet.getElementsByType(Table)) if hasattr(document, "spreadsheet") else []


def _ods(path: Path, name: str) -> Rows:
    from odf.table import TableRow

    table = next(each for each in _ods_tables(path) if each.getAttribute("name") == name)
    rows: Rows = []
    number = 0
    for row in table.getElementsByType(TableRow):
        values = _ods_row(row)
        repeated = int(row.getAttribute("numberrowsrepeated") or 1)
        if values:  # the empty rest of a sheet is one row repeated a million times
            rows += [(number + each, list(values)) for each in range(1, repeated + 1)]
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
