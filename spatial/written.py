"""Results and ledgers in plain text, for a terminal."""

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from spatial.errors import counted
from spatial.results import Result, Surface, plain

if TYPE_CHECKING:
    import pandas as pd

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def result_words(result: Result) -> str:
    """
    Write a result out for a terminal.

    Parameters
    ----------
    result
        Any result.

    Returns
    -------
    str
        Sentences first, then numbers, tables and columns. Control characters in names are removed.
    """
    singles: list[tuple[str, str]] = []
    tables: list[tuple[str, Any]] = []
    columns: dict[str, tuple[str, Any]] = {}
    for each in fields(result):
        value = getattr(result, each.name)
        title = str(each.metadata.get("title", each.name.replace("_", " ")))
        if each.name in ("options", "notes", "reading", "operation") or value is None:
            continue
        if hasattr(value, "to_frame") and value.index.name == "place":
            columns[each.name] = (title, value)
        elif hasattr(value, "to_string"):
            tables.append((title, value))
        elif isinstance(value, Surface):
            rows, across = value.values.shape  # noqa: PD011  (an array)
            singles.append((title, f"{rows} rows of {across} cells, {value.unit}"))
        else:
            singles.append((title, f"{value:.10g}" if isinstance(value, float) else str(plain(value))))
    width = max((len(title) for title, _ in singles), default=0) + 2
    lines = [*result.reading, ""] if result.reading else []
    lines += [f"{title:<{width}}{words}" for title, words in singles]
    for title, table in tables:
        lines += ["", title, _shown(table)]
    if columns:
        lines += ["", *_by_place(columns)]
    lines += ["", *(f"Note: {note}" for note in result.notes)]
    return safe("\n".join(lines).rstrip())


def _shown(table: Any) -> str:
    import pandas as pd

    with pd.option_context("display.max_colwidth", None):  # sentences are not cut
        return str(table.to_string(max_rows=60) if len(table) > 60 else table.to_string())


def _by_place(columns: "dict[str, tuple[str, Any]]") -> list[str]:
    """Put all columns that stand on the same places into one table, below what their names mean."""
    import pandas as pd

    width = max(map(len, columns)) + 2
    table = pd.DataFrame({name: values for name, (_, values) in columns.items()})
    return ["For each place", *(f"  {name:<{width}}{title}" for name, (title, _) in columns.items()), _shown(table)]


def ledger_words(ledger: "pd.DataFrame") -> Iterator[str]:
    """
    Summarise a join ledger, and name every row that found no partner.

    Parameters
    ----------
    ledger
        One row for each row of either side.

    Yields
    ------
    str
        Lines for a terminal.
    """
    if not len(ledger):
        yield "No table is joined."
        return
    for table, rows in ledger.groupby("table", sort=False):
        joined = rows["status"].eq("joined")
        sides = {
            side: (int((joined & rows["side"].eq(side)).sum()), int(rows["side"].eq(side).sum())) for side in ("table", "places")
        }
        yield safe(
            f"{table}: {counted(sides['table'][0], 'row meets', 'rows meet', of=sides['table'][1])} {sides['places'][0]} of {sides['places'][1]} places"
        )
        for row in rows[~joined].to_dict("records"):
            yield safe(f"  {_side(row)}: {row['status']}")


def _side(row: "dict[Any, Any]") -> str:
    """Name one row of a ledger as a person finds it again."""
    if row["side"] == "table":
        return f"row {row['row']}, {row['key'] if isinstance(row['key'], str) else 'no key'}"
    name = row.get("name")
    return f"place {row['place']}" + (f" ({name})" if isinstance(name, str) and name != row["place"] else "")


def json_words(value: Any, *, indent: int | None = 1) -> str:
    r"""
    Write plain values as JSON that steers no terminal.

    Parameters
    ----------
    value
        What ``json`` can write.
    indent
        How far each level is set in; None for one line.

    Returns
    -------
    str
        JSON; control characters and marks of direction are written as numbers, so that nothing of the value is lost.

    Examples
    --------
    >>> json_words("\x9b31m")
    '"\\u009b31m"'
    """
    import json

    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def safe(text: Any) -> str:
    r"""
    Remove what could steer a terminal.

    Parameters
    ----------
    text
        Anything that may come from data.

    Returns
    -------
    str
        Without control characters, line ends and tabs excepted.

    Examples
    --------
    >>> safe("Al\x1b[31mmaty")
    'Al[31mmaty'
    """
    return _CONTROL.sub("", str(text))
