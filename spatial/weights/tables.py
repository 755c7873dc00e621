"""Tables of one number for each pair of places, such as travel times or trade, and what makes links of them."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import DataError, SpatialWarning, complaint, listed
from spatial.weights._links import Links, Numbers

if TYPE_CHECKING:
    import pandas as pd

Edge = tuple[str, str, float]
Values = Literal["weights", "costs"]

FROM = ("from", "focal", "origin", "source", "i")
TO = ("to", "neighbor", "neighbour", "destination", "target", "j")
WEIGHT = ("weight", "weights", "w", "value", "time", "minutes", "hours", "distance", "cost", "flow")


@dataclass(frozen=True)
class Rules:
    """What makes links of the numbers of a table."""

    meaning: Values
    power: float | None
    threshold: float | None
    k: int | None


def edges_of(path: Path, table: "pd.DataFrame") -> tuple[list[str], list[Edge]]:
    """
    Take links out of a table: a list with one pair in each row, or a matrix with one place in each row and column.

    Parameters
    ----------
    path
        Where it comes from, for messages.
    table
        Its cells.

    Returns
    -------
    labels : list of str
        Those that are named, whether or not they have links.
    edges : list of (str, str, float)
        Empty cells of a matrix are none; what is no number is NaN.

    Raises
    ------
    DataError
        When the table is neither.
    """
    titles = {str(title).strip().casefold(): title for title in table.columns}
    start, to, weight = (next((titles[name] for name in names if name in titles), None) for names in (FROM, TO, WEIGHT))
    if start is not None and to is not None:
        weights = [1.0] * len(table) if weight is None else [number(each) for each in table[weight]]
        starts, ends = ([label_of(each) for each in table[name]] for name in (start, to))
        return starts, list(zip(starts, ends, weights, strict=True))
    rows = [label_of(each) for each in table.iloc[:, 0]] if table.shape[1] else []
    columns = [label_of(each) for each in table.columns[1:]]
    if len(columns) < 2 or set(rows) != set(columns):
        raise DataError(
            complaint(
                path.name,
                f"its columns are {listed(table.columns, 10)}",
                "Expected from, to and weight, or focal, neighbor and weight, or a matrix with the same labels in the first column and the first row",
                _lacking(rows, columns) or "Rename the columns",
            )
        )
    return _matrix(path, table, rows, columns)


def _lacking(rows: list[str], columns: list[str]) -> str:
    """Say what keeps a table from being a matrix, where it nearly is one."""
    common = set(rows) & set(columns)
    if len(common) * 2 < len(columns):
        return ""
    only = [each for each in dict.fromkeys([*rows, *columns]) if each not in common]
    return f"Of a matrix, {len(only)} labels stand only in the first column or only in the first row: {listed(only)}"


def _matrix(path: Path, table: "pd.DataFrame", rows: list[str], columns: list[str]) -> tuple[list[str], list[Edge]]:
    if len(set(rows)) < len(rows) or len(set(columns)) < len(columns):
        twice = sorted({each for each in rows if rows.count(each) > 1} | {each for each in columns if columns.count(each) > 1})
        raise DataError(
            complaint(path.name, f"labels stand in it more than once: {listed(twice)}", "Expected each once", "Correct them")
        )
    found, own = [], []
    for label, *cells in table.itertuples(index=False, name=None):
        start = label_of(label)
        for to, cell in zip(columns, cells, strict=True):
            if _is_empty(cell):
                continue
            value = number(cell)
            if start != to:
                found.append((start, to, value))
            elif value:
                own.append(start)
    if own:
        warnings.warn(
            f"{path.name}: {len(own)} numbers on the diagonal of the matrix, from a place to itself, are no links and were left out: {listed(own)}.",
            SpatialWarning,
            stacklevel=5,
        )
    return rows, found


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip()) or cell != cell  # noqa: PLR0124  (NaN is not itself)


def label_of(value: Any) -> str:
    """
    Give a label as text; a whole number that a table stored with decimals loses them.

    Parameters
    ----------
    value
        The cell.

    Returns
    -------
    str
        Without blanks around it.
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def number(value: Any) -> float:
    """
    Give a weight as a number.

    Parameters
    ----------
    value
        The cell.

    Returns
    -------
    float
        NaN for what is none.
    """
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def rules_checked(rules: Rules, where: str) -> None:
    """
    Refuse rules that do not go together.

    Parameters
    ----------
    rules
        As the user gave them.
    where
        The file, for messages.

    Raises
    ------
    DataError
        When a power is given for weights.
    """
    if rules.meaning == "weights" and rules.power is not None:
        raise DataError(
            complaint(
                where,
                f"power = {rules.power:g} is given for weights",
                "A power turns costs, such as travel times, into weights",
                'Set values = "costs", or leave power out',
            )
        )


def ruled(links: Links, rules: Rules, names: Numbers, where: str) -> Links:
    """
    Make weights of the numbers of a table.

    Parameters
    ----------
    links
        The numbers, by position; for weights without those that are 0.
    rules
        What counts, and for how much.
    names
        The labels of the places.
    where
        The file, for messages.

    Returns
    -------
    Links
        Of the numbers within the threshold the k best of each place; costs to the power of minus ``power``.

    Raises
    ------
    DataError
        When a cost of 0 would weigh without end.
    """
    costs = rules.meaning == "costs"
    keep = np.ones(len(links.rows), bool)
    if rules.threshold is not None:
        keep = links.weights <= rules.threshold if costs else links.weights >= rules.threshold
    rows, columns, values = links.rows[keep], links.columns[keep], links.weights[keep]
    if rules.k is not None and len(rows):
        rank = np.argsort(np.argsort(names, kind="stable"))
        order = np.lexsort((rank[columns], values if costs else -values, rows))
        first = np.flatnonzero(np.concatenate([[True], np.diff(rows[order]) != 0]))
        place = np.arange(len(order)) - np.repeat(first, np.diff(np.concatenate([first, [len(order)]])))
        order = order[place < rules.k]
        rows, columns, values = rows[order], columns[order], values[order]
    if not costs:
        return Links(rows, columns, values)
    power = 1.0 if rules.power is None else rules.power
    nothing = np.flatnonzero(values == 0) if power else np.empty(0, np.int64)
    if len(nothing):
        shown = [f"{names[rows[each]]} to {names[columns[each]]}" for each in nothing]
        raise DataError(
            complaint(
                where,
                f"{len(shown)} costs are 0: {listed(shown)}",
                "One over nothing is no weight",
                "Correct them, or set power = 0",
            )
        )
    return Links(rows, columns, values**-power)
