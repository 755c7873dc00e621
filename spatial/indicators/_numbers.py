"""Cells -> numbers: missing codes first, then one reading for the whole column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Decimal = Literal[".", ","]

#: Blanks that stand between thousands: common, no-break, narrow no-break, thin, figure space.
_BLANKS = re.compile("(?<=\\d)[ \u00a0\u202f\u2009\u2007](?=\\d{3}(?!\\d))")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_SHOWN = {
    ".": re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(,\d{3})+)(\.\d+)?"),
    ",": re.compile(r"[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?"),
}
_POINT_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")


@dataclass(frozen=True, eq=False)
class Numbers:
    """One column as numbers."""

    array: "np.ndarray[Any, np.dtype[np.float64]]"
    digits: "np.ndarray[Any, np.dtype[np.int64]]"  # decimals that are printed in each cell
    text: tuple[int, ...]  # positions of cells that are no numbers
    open: bool  # two readings are possible and give different numbers
    decimal: Decimal  # the mark that was read as the decimal one
    marked: bool  # whether that mark or thousands had to be recognised


def is_missing(cell: Any, codes: Sequence[str | float]) -> bool:
    """
    Tell whether a cell is empty or one of the codes for a missing value.

    Parameters
    ----------
    cell
        As it stands in the file.
    codes
        Texts, or numbers; a number also matches its text.

    Returns
    -------
    bool
        True for an empty cell and for a code.
    """
    if cell is None:
        return True
    number = as_number(cell)
    return any(code in (number, cell) if isinstance(code, int | float) else str(cell).strip() == code.strip() for code in codes)


def as_number(cell: Any) -> float | None:
    """
    Read one cell with a decimal point, as a program writes it.

    Parameters
    ----------
    cell
        As it stands in the file.

    Returns
    -------
    float or None
        None for a text that is no number.
    """
    if isinstance(cell, bool | np.bool_):
        return None
    if isinstance(cell, int | float | np.integer | np.floating) or hasattr(cell, "as_tuple"):
        return float(cell)
    text = _tidy(cell) if isinstance(cell, str) else ""
    return float(text) if _PLAIN.fullmatch(text) else None


def as_numbers(
    column: Sequence[Any], missing: Sequence[str | float] = (), decimal: Decimal | None = None, *, commas: bool = False
) -> Numbers:
    """
    Read a column as numbers, all its cells in one way.

    Parameters
    ----------
    column
        Cells as they stand in the file.
    missing
        Codes for missing values.
    decimal
        The decimal mark, where it is known.
    commas
        Whether other columns of the file certainly have decimal commas; then 1.234 may mean 1234.

    Returns
    -------
    Numbers
        The numbers, with the cells that are none.

    Notes
    -----
    A column whose texts all read with a decimal point is read so. Otherwise it is read with a decimal comma, or with commas
    between thousands, when only one of the two makes numbers of all its cells; ``1,234`` alone leaves it open.
    """
    texts = {
        position: _tidy(cell) for position, cell in enumerate(column) if isinstance(cell, str) and not is_missing(cell, missing)
    }
    chosen, is_open = _mark(list(texts.values()), decimal, commas=commas)
    values, digits, wrong = np.full(len(column), np.nan), np.zeros(len(column), np.int64), []
    for position, cell in enumerate(column):
        if is_missing(cell, missing):
            continue
        text = texts.get(position)
        number = as_number(cell) if text is None else _read(text, chosen)
        if number is None or not np.isfinite(number):
            wrong.append(position)
            continue
        values[position] = number
        digits[position] = _decimals(text.replace(",", ".") if text is not None and chosen == "," else (text or repr(number)))
    marked = any(not _PLAIN.fullmatch(text) for position, text in texts.items() if position not in wrong) or any(
        _BLANKS.search(column[position]) for position in texts
    )
    return Numbers(values, digits, tuple(wrong), is_open, chosen, marked)


def _tidy(text: str) -> str:
    return _BLANKS.sub("", text.strip()).replace("\u2212", "-")


def _mark(texts: list[str], decimal: Decimal | None, *, commas: bool) -> tuple[Decimal, bool]:
    """Choose the decimal mark with which most texts are numbers, and say whether the other would do as well."""
    if decimal is not None:
        return decimal, False
    plain = sum(bool(_PLAIN.fullmatch(text)) for text in texts)
    if plain == len(texts):
        with_points = [text for text in texts if "." in text]
        return ".", commas and bool(with_points) and all(_POINT_THOUSANDS.fullmatch(text) for text in with_points)
    point = sum(_read(text, ".") is not None for text in texts)
    comma = sum(_read(text, ",") is not None for text in texts)
    if point != comma:
        return ("." if point > comma else ","), False
    different = any(_read(text, ".") != _read(text, ",") for text in texts)
    return ("." if plain or not different else ","), different and point == len(texts)


def _read(text: str, decimal: Decimal) -> float | None:
    if decimal == "." and _PLAIN.fullmatch(text):
        return float(text)
    if not _SHOWN[decimal].fullmatch(text):
        return None
    other = "," if decimal == "." else "."
    return float(text.replace(other, "").replace(decimal, "."))


def _decimals(text: str) -> int:
    mantissa, _, exponent = text.lower().partition("e")
    return max(0, len(mantissa.partition(".")[2]) - int(exponent or 0))
