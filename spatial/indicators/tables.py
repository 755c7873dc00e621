"""Files -> raw cells: nothing is interpreted yet, nothing is lost."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.boundaries.letters import shapefile_letters
from spatial.boundaries.vector_files import accepted
from spatial.errors import DataError, SpatialWarning, complaint, counted, listed, nearest_name

if TYPE_CHECKING:
    import pandas as pd

TEXT = (".csv", ".tsv", ".txt")
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods")


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one table as they stand in the file."""

    frame: "pd.DataFrame"  # index: row as a person counts (the header of a text file or sheet is a row, too)
    findings: tuple[str, ...] = ()
    errors: frozenset[tuple[int, str]] = frozenset()  # (row, column) of cells in which a spreadsheet formula failed


def read_table(path: str | Path, sheet: str | None = None, *, encoding: str | None = None) -> "pd.DataFrame":
    """
    Read a table and leave its cells as they are.

    Parameters
    ----------
    path
        CSV or TSV (separator ``,`` ``;`` tab or ``|``; UTF-8, UTF-16 or, failing these, Windows Cyrillic cp1251), XLSX, XLS,
        ODS, Parquet, Stata, or a vector file, whose geometry is dropped.
    sheet
        The sheet of a workbook or the layer of a vector file; needed where there is more than one.
    encoding
        The encoding of a text file, where it cannot be told from its bytes.

    Returns
    -------
    pandas.DataFrame
        One row for each row that is not empty; the index ``row`` is its number as a person counts them in the file (the
        header is row 1 of a text file). Cells of a text file are texts, those of other files have their own types; an empty
        cell is None.

    Raises
    ------
    DataError
        When there is no such file or sheet, when the file cannot be decoded or taken apart, or has no header.
    """
    return cells(path, sheet, encoding=encoding).frame


def cells(path: str | Path, sheet: str | None = None, *, encoding: str | None = None) -> Cells:
    """
    Read a table with what had to be found out about the file to read it.

    Parameters
    ----------
    path, sheet, encoding
        As for ``read_table``.

    Returns
    -------
    Cells
        The cells, the findings, and where formulas failed.

    Raises
    ------
    DataError
        As for ``read_table``.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(complaint(path.name, "there is no such file", _neighbours(path)))
    kind = path.suffix.casefold()
    if kind in TEXT:
        from spatial.indicators._text_files import read_text_file

        rows, findings = read_text_file(path, encoding)
        return Cells(_framed(rows, path.name), findings)
    if kind in SPREADSHEETS:
        from spatial.indicators._spreadsheets import read_sheet

        rows, failed = read_sheet(path, sheet)
        return Cells(_framed(rows, path.name if sheet is None else f"{path.name}, sheet '{sheet}'"), (), _failures(rows, failed))
    if kind == ".parquet":
        return Cells(numbered(_parquet(path)))
    if kind == ".dta":
        return _stata(path)
    return Cells(numbered(_vector(path, sheet)))


def sheets(path: str | Path) -> tuple[str, ...]:
    """
    Name the sheets of a workbook.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    tuple of str
        In the order of the workbook; empty for a file that has none.
    """
    path = Path(path)
    if path.suffix.casefold() not in SPREADSHEETS:
        return ()
    from spatial.indicators._spreadsheets import sheet_names

    return sheet_names(path)


def _neighbours(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder '{folder.name}' either"
    return nearest_name(
        path.name, sorted(each.name for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
    )


def _framed(rows: list[tuple[int, list[Any]]], where: str) -> "pd.DataFrame":
    """Take the first row that is not empty as the header and put the others below it."""
    import pandas as pd

    rows = [(number, [_cell(each) for each in values]) for number, values in rows]
    rows = [(number, values) for number, values in rows if any(each is not None for each in values)]
    if not rows:
        raise DataError(complaint(where, "the table is empty", "Expected a header and at least one row"))
    header = rows[0][1]
    while header and header[-1] is None:
        header.pop()
    width = len(header)
    long = [number for number, values in rows[1:] if any(each is not None for each in values[width:])]
    if long:
        raise DataError(
            complaint(
                where,
                f"{counted(len(long), 'row has', 'rows have', of=len(rows) - 1)} more cells than the header (row {rows[0][0]}, {counted(width, 'title')}): {'row' if len(long) == 1 else 'rows'} {_few(long)}",
                "Expected one cell for each title" + _header_hint(rows, width),
                "Remove lines above the header, complete it, or put values that contain the separator in quotes",
            )
        )
    body = [[*values[:width], *[None] * (width - len(values))] for _, values in rows[1:]]
    titles = [f"column {position}" if each is None else str(each) for position, each in enumerate(header, 1)]
    index = pd.Index([number for number, _ in rows[1:]], name="row", dtype="int64")
    return pd.DataFrame(body, columns=titles, index=index, dtype=object)


def _header_hint(rows: list[tuple[int, list[Any]]], width: int) -> str:
    """Point at the first row that is filled like the rows below it; cells merged over several rows or columns stay guesswork."""
    filled = [(number, sum(each is not None for each in values)) for number, values in rows]
    most = max(count for _, count in filled)
    likely = next(number for number, count in filled if count >= 0.6 * most)
    if likely == rows[0][0] or most <= width:
        return ""
    return f". Row {likely} may be the header: if it is, remove the rows above it, and give each column a title of its own"


def _few(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"


def _failures(rows: list[tuple[int, list[Any]]], failed: frozenset[tuple[int, int]]) -> frozenset[tuple[int, str]]:
    titles = next((values for _, values in rows if any(_cell(each) is not None for each in values)), [])
    return frozenset((row, str(_cell(titles[column]))) for row, column in failed if column < len(titles))


def _cell(value: Any) -> Any:
    if value is None or value != value:  # noqa: PLR0124  (NaN and NaT)
        return None
    if isinstance(value, str):
        value = value.strip()
        return value or None
    return value


def numbered(frame: "pd.DataFrame") -> "pd.DataFrame":
    """
    Give a table without a header row of its own the row numbers 1, 2, 3.

    Parameters
    ----------
    frame
        Any table.

    Returns
    -------
    pandas.DataFrame
        Its cells, None where there is nothing.
    """
    import pandas as pd

    columns = {
        str(name): [None if pd.api.types.is_scalar(each) and pd.isna(each) else _cell(each) for each in frame[name]]
        for name in frame.columns
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(frame) + 1, name="row"), dtype=object)


def _parquet(path: Path) -> "pd.DataFrame":
    import json

    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(path)
        told = json.loads((table.schema.metadata or {}).get(b"geo", b"{}"))
        shapes = told.get("columns", {}) if isinstance(told, dict) else {}
        frame = table.drop_columns([name for name in table.column_names if name in shapes]).to_pandas()
    except (
        ArrowException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        RecursionError,
    ) as error:  # what it says of itself may be broken
        raise DataError(complaint(path.name, f"it cannot be read as Parquet: {_told(error, path)}")) from None
    named: pd.DataFrame = frame if frame.index.names == [None] else frame.reset_index()
    return named


def stata_parts(path: Path) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """
    Read a Stata file twice: its numbers, and its value labels.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    tuple of pandas.DataFrame
        The codes as they are, and the same with each value that has a label replaced by it.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    import struct
    import warnings

    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UnicodeWarning)  # letters that are no UTF-8 would be read as West European ones
            plain = pd.read_stata(path, convert_categoricals=False)
    except UnicodeWarning:
        raise DataError(
            complaint(
                path.name, "its letters are not UTF-8", "Expected a file of Stata 14 or newer", "Save it again with a newer Stata"
            )
        ) from None
    except (ValueError, TypeError, IndexError, OSError, KeyError, OverflowError, struct.error) as error:
        raise DataError(complaint(path.name, f"it cannot be read as a Stata file: {_told(error, path)}")) from None
    try:
        return plain, pd.read_stata(path, convert_categoricals=True)
    except ValueError:  # a label that stands for two values
        return plain, plain.copy()


def _stata(path: Path) -> Cells:
    """Take value labels for a column where every value has one; otherwise the numbers."""
    import pandas as pd

    plain, words = stata_parts(path)
    labelled = []
    for name in plain.columns:
        column = words[name]
        if isinstance(column.dtype, pd.CategoricalDtype) and all(isinstance(each, str) for each in column.cat.categories):
            plain[name] = column.astype(object)
            labelled.append(str(name))
    findings = (f"{path.name}: the value labels were taken for {listed(labelled, 20)}.",) if labelled else ()
    return Cells(numbered(plain), findings)


def _told(error: Exception, path: Path) -> str:
    """Take the first line of what a reader says, with the name of the file for the way to it."""
    return (str(error) or type(error).__name__).splitlines()[0].replace(str(path), path.name)[:200]


def _vector(path: Path, layer: str | None) -> "pd.DataFrame":
    import warnings

    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    accepted(path, path.name)
    path = path.absolute()  # GDAL takes some relative names for the address of a service
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
            chosen(path.name, "layer", layer, names)
            encoding = shapefile_letters(path, layer or names[0])
            frame: pd.DataFrame = pyogrio.read_dataframe(path, layer=layer or names[0], read_geometry=False, encoding=encoding)
        except DataSourceError:
            known = "CSV, TSV, XLSX, XLS, ODS, Parquet, Stata or a vector file"
            raise DataError(complaint(path.name, "this kind of file cannot be read", f"Expected {known}")) from None
        except (DataLayerError, UnicodeDecodeError) as error:
            raise DataError(complaint(path.name, f"its rows cannot be read ({_told(error, path)})")) from None
    for text in dict.fromkeys(" ".join(str(each.message).replace(str(path), path.name).split()) for each in heard):
        warnings.warn(complaint(path.name, text), SpatialWarning, stacklevel=2)
    return frame


def chosen(where: str, what: str, name: str | None, known: list[str]) -> None:
    """
    Make sure that it is said which sheet or layer is meant.

    Parameters
    ----------
    where
        The file, for a complaint.
    what
        ``"sheet"`` or ``"layer"``.
    name
        What was asked for.
    known
        What there is.

    Raises
    ------
    DataError
        When there are several and none is named, or when there is none of this name.
    """
    if name is None and len(known) != 1:
        raise DataError(
            complaint(
                where,
                f"there are {len(known)} {what}s: {listed(known, 20)}",
                f"Expected to be told which {what} to read",
                'State it as sheet = "..."',
            )
        )
    if name is not None and name not in known:
        raise DataError(complaint(where, f"there is no {what} {name!r}", nearest_name(name, known)))
