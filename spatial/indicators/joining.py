"""Rows of a table meet places: by key, all or none, with every row of both sides accounted for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spatial.errors import DataError, complaint, counted, listed, nearest_name
from spatial.indicators._columns import columns_read
from spatial.indicators._described import Column
from spatial.indicators._keys import Matched, keys_of, matched_places
from spatial.indicators.recipes import ColumnRecipe, TableRecipe
from spatial.indicators.tables import Cells, cells
from spatial.places import checked

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame


#: Words of names that say what kind of unit it is, and are often left out.
_KINDS = frozenset(
    ("область", "обл", "город", "г", "район", "края", "облысы", "қаласы", "ауданы", "region", "oblast", "oblysy", "city", "district", "rayon", "rayonu", "şəhəri")
)  # fmt: skip


class JoinedColumn(NamedTuple):
    """One column that a table gave to the places."""

    column: str
    title: str
    unit: str
    kind: str
    classes: str = "natural"
    class_count: int | None = None

    @classmethod
    def of(cls, recipe: ColumnRecipe) -> "JoinedColumn":
        """Say of a column what its recipe says."""
        return cls(recipe.name, recipe.title, recipe.unit, recipe.kind, recipe.classes, recipe.class_count)


@dataclass(frozen=True, eq=False)
class Joined:
    """Places with the columns of a table."""

    places: "GeoDataFrame"
    ledger: "pd.DataFrame"  # side, row, key, place, status: one row for each row of either side
    findings: tuple[str, ...]
    indicators: tuple[JoinedColumn, ...]


@dataclass(frozen=True, eq=False)
class Examined:
    """What a join would do, and what stands against it."""

    ledger: "pd.DataFrame"
    columns: tuple[Column, ...]
    rows: "pd.Series[Any]"  # position in the table for each place that has a row
    findings: tuple[str, ...]
    complaints: tuple[str, ...]


def join(places: "GeoDataFrame", recipe: TableRecipe) -> Joined:
    """
    Give the places the columns of a table.

    Parameters
    ----------
    places
        The table of places.
    recipe
        The table, its key and its columns. Keys are compared as texts without blanks around them: with the index of
        ``places``, or, when not all are found there, with one other column in which all are found, never with both.

    Returns
    -------
    Joined
        New places with the columns (numbers as floats, NaN where a place has no row or no value), the ledger (``side`` is
        "table" or "places", ``row`` the number in the file, ``status`` "joined", "no place", "no row" or "duplicate"),
        findings, and title, unit and kind of each column.

    Raises
    ------
    DataError
        When keys do not match and ``unmatched`` is "error", keys occur twice, columns are not there or already taken, a cell
        of a number column is no number or out of range, or numbers are impossible and ``implausible`` is "error". All
        complaints about the table come at once.
    """
    places = checked(places)
    examined = examine(places, recipe)
    if examined.complaints:
        raise DataError("\n".join(examined.complaints))
    return joined_as(places, examined)


def joined_as(places: "GeoDataFrame", examined: Examined) -> Joined:
    """
    Make the join that was examined.

    Parameters
    ----------
    places
        The table of places it was examined with.
    examined
        Without a complaint.

    Returns
    -------
    Joined
        As of ``join``.
    """
    import pandas as pd

    added = {}
    for column in examined.columns:
        values = pd.Series(column.array).iloc[examined.rows.to_numpy()]
        added[column.recipe.name] = pd.Series(values.to_numpy(), index=examined.rows.index, dtype=values.dtype).reindex(
            places.index
        )
    joined = pd.concat([places, pd.DataFrame(added, index=places.index)], axis=1)
    about = (JoinedColumn.of(each.recipe) for each in examined.columns)
    return Joined(joined, examined.ledger, examined.findings, tuple(about))


def examine(places: "GeoDataFrame", recipe: TableRecipe) -> Examined:
    """
    Find out what a join would do, without stopping at what is wrong.

    Parameters
    ----------
    places
        The table of places.
    recipe
        The table, its key and its columns.

    Returns
    -------
    Examined
        The ledger, the columns as read, findings, and all complaints; without a complaint the join can be made.

    Raises
    ------
    DataError
        When the table cannot be read at all, or has no such key column.
    """
    table = cells(recipe.table, recipe.sheet, encoding=recipe.encoding)
    where = recipe.table.name
    if recipe.key not in table.frame.columns:
        raise DataError(complaint(where, f"there is no key column {recipe.key!r}", nearest_name(recipe.key, table.frame.columns)))
    if list(table.frame.columns).count(recipe.key) > 1:
        raise DataError(
            complaint(where, f"the title {recipe.key!r} occurs more than once", "Expected one key column", "Rename the others")
        )
    keys = keys_of(table.frame[recipe.key])
    matched = matched_places(places, keys, where, drop=recipe.unmatched == "drop")
    parts = (matched.place.notna() | (recipe.unmatched == "error")).tolist()
    columns, column_findings, complaints = columns_read(
        table, recipe, rows_named(table, keys), [str(name) for name in places.columns], parts
    )
    ledger = _ledger(places, keys, matched.place)
    called = _called(places, matched.named)
    joined = ledger["side"].eq("table") & ledger["status"].eq("joined")
    rows = ledger[joined].assign(position=np.flatnonzero(joined.to_numpy())).set_index("place")["position"]
    return Examined(
        ledger=ledger,
        columns=columns,
        rows=rows,
        findings=(*table.findings, *matched.findings, *_left_out(ledger, where, called), *column_findings),
        complaints=(*matched.complaints, *_key_complaints(ledger, recipe, where, matched, called), *complaints),
    )


def _ledger(places: "GeoDataFrame", keys: "pd.Series[Any]", place: "pd.Series[Any]") -> "pd.DataFrame":
    """One row for each row of the table, then one for each place."""
    import pandas as pd

    twice = place.notna() & place.duplicated(keep=False)
    status = np.where(place.isna(), "no place", np.where(twice, "duplicate", "joined"))
    table = pd.DataFrame({"side": "table", "row": keys.index, "key": keys.to_numpy(), "place": place.to_numpy(), "status": status})
    key_of = dict(zip(place[place.notna()], keys[place.notna()], strict=True))
    found = places.index.isin(key_of)
    status = np.where(places.index.isin(place[twice]), "duplicate", np.where(found, "joined", "no row"))
    other = pd.DataFrame(
        {"side": "places", "row": None, "key": [key_of.get(each) for each in places.index], "place": places.index, "status": status}
    )
    ledger = pd.concat([table.astype(object), other.astype(object)], ignore_index=True)
    return ledger.assign(row=ledger["row"].astype("Int64"))


def _called(places: "GeoDataFrame", column: str) -> dict[str, str]:
    """Call each place what tables like this one call it, and by its own name where that says no more."""
    if not column:
        return {str(place): str(place) for place in places.index}
    names = keys_of(places[column])
    return {str(place): name or str(place) for place, name in names.items()}


def alike(keys: Iterable[Any], names: Iterable[str]) -> dict[str, str]:
    """
    Find names that keys without a place may have been meant for.

    Parameters
    ----------
    keys
        Keys that have no place.
    names
        Names of the places that have no row.

    Returns
    -------
    dict
        Key to the most similar name, or the only one that holds the key or is held by it; keys unlike any name are left
        out.
    """
    import difflib

    folded = {_bare(name): name for name in names}
    found = {}
    for key in keys:
        text = _bare(str(key))
        within = [each for each in folded if min(len(text), len(each)) > 2 and (text in each or each in text)]
        close = within if len(within) == 1 else difflib.get_close_matches(text, folded, n=1, cutoff=0.72)
        if close:
            found[str(key)] = folded[close[0]]
    return found


def _bare(name: str) -> str:
    """Take the words that say what kind of unit it is out of a name, and footnote marks."""
    words = [word for word in re.split(r"[\W_\d]+", name.casefold()) if word and word not in _KINDS]
    return " ".join(words) or name.casefold()


def _key_complaints(ledger: "pd.DataFrame", recipe: TableRecipe, where: str, matched: Matched, called: dict[str, str]) -> list[str]:
    if matched.complaints:
        return []
    found = []
    table, places = ledger[ledger["side"] == "table"], ledger[ledger["side"] == "places"]
    twice = _rows_by_key(table[table["status"] == "duplicate"])
    if twice:
        rows = "; ".join(f"rows {' and '.join(map(str, rows))}" for _, rows in twice[:5])
        found.append(
            complaint(
                where,
                f"{counted(len(twice), 'key occurs', 'keys occur')} more than once: {listed(key for key, _ in twice)} ({rows})",
                "Expected one row for each place",
                "Remove or rename the repeated rows",
            )
        )
    if recipe.unmatched == "drop" and (table["status"] == "joined").any():
        return found
    expected = f"Keys of '{recipe.key}' are looked up in {matched.looked_up}"
    remedy = 'Correct them, or set unmatched = "drop"'
    without, empty = table[table["status"] == "no place"], places[places["status"] == "no row"]
    if len(without):
        shown = [
            str(key) if isinstance(key, str) else f"no key in row {row}"
            for row, key in zip(without["row"], without["key"], strict=True)
        ]
        rows = ", ".join(map(str, without["row"].tolist()[:5]))
        hint = f". Places are called {listed([called[each] for each in places['place']], 4)}" if len(without) == len(table) else ""
        found.append(
            complaint(
                where,
                f"{counted(len(without), 'key has', 'keys have', of=len(table))} no place: {listed(shown, 20)} (row {rows}{', ...' if len(without) > 5 else ''})",
                expected + hint + _perhaps(ledger, called),
                remedy,
            )
        )
    if len(empty) and len(without) < len(table):
        names = [called[each] for each in empty["place"]]
        found.append(
            complaint(
                where,
                f"{counted(len(empty), 'place has', 'places have', of=len(places))} no row: {listed(names, 20)}",
                expected,
                remedy,
            )
        )
    return found


def _perhaps(ledger: "pd.DataFrame", called: dict[str, str]) -> str:
    """Say which keys may be misspelt names of places that have no row."""
    without = ledger.loc[ledger["status"] == "no place", "key"].dropna()
    empty = ledger.loc[ledger["status"] == "no row", "place"]
    pairs = [f"'{key}' for '{name}'" for key, name in alike(without, [called[each] for each in empty]).items()]
    more = f" and {len(pairs) - 10} more" if len(pairs) > 10 else ""
    return f". Perhaps {', '.join(pairs[:10])}{more}" if pairs else ""


def _left_out(ledger: "pd.DataFrame", where: str, called: dict[str, str]) -> list[str]:
    """Say which rows and places do not take part; without unmatched = "drop" these are complaints as well."""
    found = []
    for side, status, one, many in (
        ("table", "no place", "row has no place and was left out", "rows have no place and were left out"),
        ("places", "no row", "place has no row; its values are missing", "places have no row; their values are missing"),
    ):
        rows = ledger[ledger["side"] == side]
        without = rows[rows["status"] == status]
        if len(without):
            names = without["key"] if side == "table" else without["place"].map(called)
            perhaps = _perhaps(ledger, called) if side == "table" else ""
            found.append(
                f"{where}: {counted(len(without), one, many, of=len(rows))}: {listed(names.where(names.notna(), 'no key'), 10)}{perhaps}."
            )
    return found


def _rows_by_key(table: "pd.DataFrame") -> list[tuple[str, list[int]]]:
    rows: dict[str, list[int]] = {}
    for key, row in zip(table["key"], table["row"], strict=True):
        rows.setdefault(str(key), []).append(int(row))
    return list(rows.items())


def rows_named(table: Cells, keys: "pd.Series[Any]") -> list[str]:
    """
    Name each row as a person finds it again.

    Parameters
    ----------
    table
        The table.
    keys
        Its keys.

    Returns
    -------
    list of str
        For example ``North (row 6)``.
    """
    return [f"row {row}" if key is None else f"{key} (row {row})" for row, key in zip(table.frame.index, keys, strict=True)]
