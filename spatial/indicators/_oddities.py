"""What the input check finds in columns that were read: odd things, and impossible ones."""

import numpy as np

from spatial.errors import counted, listed
from spatial.indicators._described import Column, Described, cells_of, title_of
from spatial.indicators._numbers import as_number, as_numbers
from spatial.indicators.plausibility import Printed, Reported, judged


def oddities(about: Described, columns: list[Column]) -> tuple[list[str], list[str]]:
    """Say what is odd in the columns, and what is impossible."""
    odd: list[str] = []
    impossible: list[str] = []
    numeric = [each for each in columns if each.digits is not None]
    for each in numeric:
        scale = {"share": 1.0, "percent": 100.0}.get(each.recipe.kind)
        odd += [f"{about.where}: {sentence}" for sentence in (*_outside(about, each, scale), *_negative(about, each))]
        if scale and each.recipe.deviation:
            never, strange = judged(each.recipe.source, _reported(about, each), scale)
            impossible += never
            odd += [f"{about.where}: {sentence}" for sentence in strange]
    return odd + _same(about, numeric) + _zero_rows(about, numeric), impossible


def _same(about: Described, columns: list[Column]) -> list[str]:
    """Name columns that hold the same numbers as an earlier one, unless all of these are equal."""
    first: dict[bytes, str] = {}
    found = []
    for each in columns:
        source = each.recipe.source
        other = first.setdefault((each.array + 0.0).tobytes(), source)  # no -0.0; a missing value is always the same NaN
        if other != source and len(set(each.array[~np.isnan(each.array)])) > 1:
            found.append(f"{about.where}: the columns '{other}' and '{source}' hold the same numbers.")
    return found


def _outside(about: Described, column: Column, scale: float | None) -> list[str]:
    if scale is None:
        return []
    outside = np.flatnonzero((column.array < 0) | (column.array > scale)).tolist()
    shown = [f"{about.rows[each]}: {column.array[each]:g}" for each in outside]
    return (
        [
            f"'{column.recipe.source}' is a {column.recipe.kind}, but {counted(len(shown), 'value is', 'values are')} outside 0 to {scale:g}: {listed(shown)}."
        ]
        if shown
        else []
    )


def _negative(about: Described, column: Column) -> list[str]:
    """Name negative numbers in a count: they are more likely missing codes."""
    if column.recipe.kind != "count":
        return []
    below = np.flatnonzero(column.array < 0).tolist()
    shown = [f"{about.rows[each]}: {column.array[each]:g}" for each in below]
    return (
        [f"'{column.recipe.source}' is a count, but {counted(len(shown), 'value is', 'values are')} negative: {listed(shown)}."]
        if shown
        else []
    )


def _zero_rows(about: Described, columns: list[Column]) -> list[str]:
    """Name rows in which every number is 0 while others are not: a unit that did not exist is often written so."""
    if len(columns) < 2:  # a single zero is a number like any other
        return []
    values = np.column_stack([each.array for each in columns])
    zero = np.flatnonzero((values == 0).all(axis=1)).tolist()
    if not len(zero) or len(zero) == len(values):
        return []
    shown = [about.rows[each] for each in zero]
    return [
        f"{about.where}: every number is 0 in {len(shown)} of {len(values)} rows: {listed(shown)}. If these did not exist, 0 stands for a missing value."
    ]


def _reported(about: Described, column: Column) -> list[Reported]:
    """Mean, deviation and number of answers as printed, for the rows that have the first two."""
    recipe, missing = about.recipe, about.recipe.missing
    deviation = as_numbers(
        cells_of(about, title_of(about, column.recipe.deviation or "")), missing, recipe.decimal, commas=about.commas
    )
    count = (
        [as_number(cell) for cell in cells_of(about, title_of(about, column.recipe.count))]
        if column.recipe.count
        else [None] * len(column.array)
    )
    rows = []
    for position, name in enumerate(about.rows):
        mean, spread, answers = column.array[position], deviation.array[position], count[position]
        if np.isnan(mean) or np.isnan(spread):
            continue
        rows.append(
            Reported(
                name=name,
                mean=Printed(value=float(mean), digits=int(column.digits[position]) if column.digits is not None else 0),
                deviation=Printed(value=float(spread), digits=int(deviation.digits[position])),
                answers=int(answers) if answers is not None and answers > 1 else None,
            )
        )
    return rows
