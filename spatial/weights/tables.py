"""Tables of one number for each pair of places, such as travel times or trade, and what makes links of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import DataError, complaint, counted, listed, nearest_name
from spatial.indicators import as_numbers
from spatial.weights._links import Links, Numbers

if TYPE_CHECKING:
    import pandas as pd

Edge = tuple[str, str, float]
Values = Literal["weights", "costs"]

FROM = ("from", "focal", "origin", "source", "i", "from_id", "focal_id", "origin_id", "source_id", "inputid", "input_id")
TO = (
    "to", "neighbor", "neighbour", "destination", "target", "j", "to_id", "neighbor_id", "neighbour_id", "destination_id",
    "target_id", "targetid", "nid",
)  # fmt: skip
#: A column of such a name holds the weights, whatever else there is; one of the others does where it is the only one.
WEIGHT = ("weight", "weights", "w")
NUMBER = ("value", "time", "minutes", "hours", "distance", "cost", "flow", "travel_time", "duration", "total_cost")


@dataclass(frozen=True)
class Rules:
    """What makes links of the numbers of a table."""

    meaning: Values
    power: float | None
    threshold: float | None
    k: int | None


@dataclass(frozen=True)
class Names:
    """The labels of places as files may write them."""

    positions: Mapping[str, int]
    longest: int  # so many words has the longest of them


@dataclass(frozen=True)
class Said:
    """What a file says of a graph."""

    edges: list[Edge]
    labels: list[str] = field(default_factory=list)  # of a format that names places without links too: all of them
    announced: int | None = None  # how many places it says there are
    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)  # what stands where a number should
    matrix: bool = False


@dataclass(frozen=True)
class Cells:
    """How the cells of a table are to be read."""

    column: str | None  # the one that holds the numbers of an edge list
    missing: tuple[str | float, ...]
    meaning: Values


def said_by(where: str, table: "pd.DataFrame", how: Cells) -> Said:
    """
    Take links out of a table: a list with one pair in each row, or a matrix with one place in each row and column.

    Parameters
    ----------
    where
        The file, for messages.
    table
        Its cells.
    how
        How to read them.

    Returns
    -------
    Said
        Empty cells are no links; what is no number is NaN.

    Raises
    ------
    DataError
        When the table is neither, or it is not clear which column holds the numbers.
    """
    rows = [label_of(each) for each in table.iloc[:, 0]] if table.shape[1] else []
    columns = [label_of(each) for each in table.columns[1:]]
    if len(columns) > 1 and set(rows) == set(columns):
        return _matrix(where, table, rows, columns, how)
    titles = [str(title).strip().casefold() for title in table.columns]
    start, to = (next((titles.index(name) for name in names if name in titles), None) for names in (FROM, TO))
    if start is None or to is None:
        raise DataError(
            complaint(
                where,
                f"its columns are {listed(table.columns, 10)}",
                "Expected from, to and weight, or focal, neighbor and weight, or a matrix with the same labels in the first column and the first row",
                _lacking(rows, columns) or "Rename the columns",
            )
        )
    starts, ends = ([label_of(each) for each in table.iloc[:, position]] for position in (start, to))
    weight = _weight(where, table, {start, to}, how)
    if weight is None:
        return Said([(one, other, 1.0) for one, other in zip(starts, ends, strict=True)])
    pairs = list(zip(starts, ends, strict=True))
    return numbered(where, pairs, list(table.iloc[:, weight]), how, lacking=True)


def _weight(where: str, table: "pd.DataFrame", ends: set[int], how: Cells) -> int | None:
    """Find the column of numbers; none where there are no further columns and each link weighs the same."""
    others = {position: str(title).strip() for position, title in enumerate(table.columns) if position not in ends}
    if how.column is not None:
        found = [position for position, title in others.items() if title == how.column.strip()]
        if len(found) != 1:
            what = f"there {'are ' + str(len(found)) + ' columns' if found else 'is no column'} {how.column!r}"
            raise DataError(complaint(where, what, nearest_name(how.column, others.values())))
        return found[0]
    for names in (WEIGHT, NUMBER):
        found = [position for position, title in others.items() if title.casefold() in names]
        if len(found) == 1:
            return found[0]
        if found:
            break
    if others or how.meaning == "costs":
        there = f"beside the two ends its columns are {listed(others.values(), 10)}" if others else "it has no column of costs"
        raise DataError(
            complaint(
                where,
                there,
                "Expected one that is called weight, or to be told which holds the numbers",
                'Name it as column = "...", or leave only the two ends in the table for links that all weigh the same',
            )
        )
    return None


def numbered(where: str, pairs: list[tuple[str, str]], cells: list[Any], how: Cells, *, lacking: bool) -> Said:
    """
    Read the numbers of links, all in one way.

    Parameters
    ----------
    where
        The file, for messages.
    pairs
        The two ends of each link.
    cells
        What stands where its number should.
    how
        How to read them.
    lacking
        Whether an empty cell is something that is lacking, as in a list; in a matrix it is no link.

    Returns
    -------
    Said
        The links; what is no number is NaN, and its text is kept.

    Raises
    ------
    DataError
        When it is not clear which marks are decimal ones.
    """
    plain = [number(each) for each in cells]
    if not how.missing and np.isfinite(plain).all():  # most files need no more
        return Said([(*pair, value) for pair, value in zip(pairs, plain, strict=True)])
    read = as_numbers(cells, how.missing)
    if read.open:
        marked = [each for each in cells if isinstance(each, str) and {",", "."} & set(each)]
        raise DataError(
            complaint(
                where,
                f"{counted(len(marked), 'number')} can be read in two ways: {listed(marked)}",
                "Expected a decimal mark that can be told from marks between thousands",
                "Write numbers with a decimal point and without marks between thousands",
            )
        )
    wrong = set(read.text)
    if lacking and not how.missing:
        wrong |= {position for position, cell in enumerate(cells) if is_empty(cell)}
    given = [position for position in range(len(cells)) if position in wrong or not np.isnan(read.array[position])]
    texts = {pairs[each]: "nothing" if is_empty(cells[each]) else str(cells[each]) for each in sorted(wrong)}
    return Said([(*pairs[each], float(read.array[each])) for each in given], texts=texts)


def _lacking(rows: list[str], columns: list[str]) -> str:
    """Say what keeps a table from being a matrix, where it nearly is one."""
    common = set(rows) & set(columns)
    if not common or len(common) * 2 < len(columns):
        return ""
    only = [each for each in dict.fromkeys([*rows, *columns]) if each not in common]
    if not only:
        return "Write the titles of the columns into the first row"
    return f"Of a matrix, {counted(len(only), 'label stands', 'labels stand')} only in the first column or only in the first row: {listed(only)}"


def _matrix(where: str, table: "pd.DataFrame", rows: list[str], columns: list[str], how: Cells) -> Said:
    if len(set(rows)) < len(rows) or len(set(columns)) < len(columns):
        twice = sorted({each for each in rows if rows.count(each) > 1} | {each for each in columns if columns.count(each) > 1})
        raise DataError(
            complaint(where, f"labels stand in it more than once: {listed(twice)}", "Expected each once", "Correct them")
        )
    pairs = [(start, to) for start in rows for to in columns]
    read = numbered(
        where, pairs, [cell for row in table.iloc[:, 1:].itertuples(index=False, name=None) for cell in row], how, lacking=False
    )
    return replace(read, labels=rows, matrix=True)


def is_empty(cell: Any) -> bool:
    """
    Tell whether a cell holds nothing.

    Parameters
    ----------
    cell
        As it stands in the file.

    Returns
    -------
    bool
        True for nothing, blanks and NaN.
    """
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
        Without blanks around it; empty where there is nothing.
    """
    if is_empty(value):
        return ""
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
    if isinstance(value, str) and "_" in value:  # Python takes 1_0 for 10
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def rules_checked(rules: Rules, where: str, itself: str) -> None:
    """
    Refuse rules that do not go together.

    Parameters
    ----------
    rules
        As the user gave them.
    where
        The file, for messages.
    itself
        What the link of a place to itself means.

    Raises
    ------
    DataError
        When a power is given for weights, or costs of a place to itself are to be kept.
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
    if rules.meaning == "costs" and itself == "keep":
        raise DataError(
            complaint(
                where,
                "costs of places to themselves are to be kept",
                "One over the cost of staying is no weight",
                "Leave itself out",
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
                f"{counted(len(shown), 'cost is', 'costs are')} 0: {listed(shown)}",
                "One over nothing is no weight",
                "Correct them, or set power = 0",
            )
        )
    return Links(rows, columns, values**-power)
