"""What a table nobody has described seems to hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.indicators._keys import keys_of, looked_up
from spatial.indicators._numbers import as_numbers

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: Titles of columns that number the rows.
_NUMBERING = ("id", "fid", "objectid", "no", "no.", "nr", "nr.", "№", "#", "index", "unnamed: 0")

#: Titles of columns that identify rows, where their values are whole numbers that occur once.
_IDENTIFYING = re.compile(r"(^|[\W_])(id|fid|gid|oid|objectid|osm|code|kato|iso|код|като|инн|бин)($|[\W_])|[a-z]ID$", re.IGNORECASE)

#: Titles of columns of coordinates, which come in pairs.
_COORDINATES = (
    (("longitude", "lon", "lng", "long", "долгота"), ("latitude", "lat", "широта")),
    (("x", "easting"), ("y", "northing")),
)

#: What statistical tables print where there is no number.
NO_NUMBER = ("-", "–", "—", "…", "...", "..", ".", "x", "X", "х", "Х", "н/д", "n/a", "N/A", "NA", "#N/A", "нет данных")


@dataclass(frozen=True, kw_only=True)
class Guessed:
    """One column."""

    title: str
    kind: str  # "number", "percent", "category" or "text"
    low: float = 0.0
    high: float = 0.0
    complete: bool = True
    given: float = 1.0  # the share of rows that have a number
    missing: tuple[str, ...] = ()  # texts in it that stand for no number


def guessed(table: "pd.DataFrame") -> tuple[Guessed, ...]:
    """
    Guess what the columns of a table hold.

    Parameters
    ----------
    table
        Raw cells, the key left out.

    Returns
    -------
    tuple of Guessed
        In the order of the table; columns that are empty, number or identify the rows, hold coordinates or the same text in
        every row, or have a title that is not unique are left out.
    """
    titles = [str(name) for name in table.columns]
    skipped = _coordinates(titles)
    usable = [
        title
        for title in titles
        if titles.count(title) == 1 and title not in skipped and title.casefold() not in _NUMBERING and table[title].notna().any()
    ]
    found = [_column(title, list(table[title])) for title in usable]
    return tuple(each for each in found if not _says_nothing(each, table[each.title]))


def _coordinates(titles: Sequence[str]) -> set[str]:
    """Find pairs of columns of coordinates, such as centre_lat and centre_lon."""
    found = set()
    for across, up in _COORDINATES:
        for title in titles:
            head, _, last = title.casefold().replace(" ", "_").rpartition("_")
            if last not in across:
                continue
            twins = [each for each in titles if each.casefold().replace(" ", "_") in [f"{head}_{end}".lstrip("_") for end in up]]
            found |= {title, *twins} if twins else set()
    return found


def _says_nothing(guess: Guessed, column: "pd.Series[Any]") -> bool:
    """Tell a column of identifiers, or of one text over and over."""
    values = column.dropna()
    if guess.kind in ("text", "category"):
        return len(values) > 1 and len(set(values)) == 1
    return (
        bool(_IDENTIFYING.search(guess.title))
        and values.is_unique
        and all(float(each).is_integer() for each in (guess.low, guess.high))
    )


def _column(title: str, cells: list[Any]) -> Guessed:
    missing = tuple(dict.fromkeys(cell for cell in cells if isinstance(cell, str) and cell in NO_NUMBER))
    numbers = as_numbers(cells, missing)
    given = numbers.array[np.isfinite(numbers.array)]
    codes = any(isinstance(cell, str) and len(cell) > 1 and cell[0] == "0" and cell.isdigit() for cell in cells)
    if numbers.text or numbers.open or codes or not len(given):
        kinds = {cell for cell in cells if cell is not None}
        return Guessed(title=title, kind="category" if 1 < len(kinds) <= min(12, len(cells) / 2) else "text")
    percent = "%" in title and given.min() >= 0 and given.max() <= 100
    return Guessed(
        title=title,
        kind="percent" if percent else "number",
        low=float(given.min()),
        high=float(given.max()),
        complete=len(given) == len(cells),
        given=len(given) / len(cells),
        missing=missing,
    )


def matched_rows(places: "GeoDataFrame", column: "pd.Series[Any]") -> "pd.Series[Any]":
    """
    Look the cells of a column up among places, as a join would.

    Parameters
    ----------
    places
        The table of places.
    column
        Raw cells.

    Returns
    -------
    pandas.Series
        For each row its place, None without one; named after the column of the places in which they were found, "" for the
        index.
    """
    return looked_up(places, keys_of(column))
