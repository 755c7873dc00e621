"""Formula and columns of numbers -> the columns of the design matrix, categories coded."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatial.errors import DataError, ModelError, complaint, listed
from spatial.models._formula import Expression, Parsed, evaluated
from spatial.places import Aligned

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


class Levels(NamedTuple):
    """The categories of a column of the table."""

    column: str  # where their numbers stand
    labels: list[str]


def columns_behind(name: str, parts: Parsed) -> frozenset[str]:
    """Find the columns of the table behind a column of the matrix, such as ``log(x):C(region)[T.North]``."""
    texts = sorted(parts.expressions, key=len, reverse=True)
    found: set[str] = set()
    rest = name
    for text in texts:
        if rest == text or rest.startswith((f"{text}:", f"{text}[")) or f":{text}" in rest:
            found |= set(parts.expressions[text].columns.values())
            rest = rest.replace(text, "", 1)
    return frozenset(found)


def coded_categories(table: "GeoDataFrame", parts: Parsed, extra: Sequence[str]) -> "tuple[GeoDataFrame, dict[str, Levels]]":
    """
    Turn each column used as categories into numbers 0, 1, ... so that it is aligned like any other, and complained of by its name.

    One that is also used as numbers keeps them, and its categories stand beside it.
    """
    import pandas as pd

    plain = {*parts.columns(category=False), *extra}
    levels: dict[str, Levels] = {}
    for name in parts.columns(category=True):
        column = table[name]
        present = column.dropna().unique().tolist()
        ordered = sorted(present) if all(isinstance(each, int | float) for each in present) else sorted(present, key=str)
        codes = {value: float(place) for place, value in enumerate(ordered)}
        title = f"C({in_formula(name)})" if name in plain else name
        numbers = pd.Series(
            [codes.get(value, np.nan) if given else np.nan for value, given in zip(column, column.notna(), strict=True)],
            column.index,
        )
        table = table.assign(**{title: numbers})
        levels[name] = Levels(title, [f"{value:g}" if isinstance(value, float) else str(value) for value in ordered])
    return table, levels


def in_formula(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"


def finite(expression: Expression, values: Mapping[str, Vector], given: Aligned, formula: str) -> Vector:
    found = evaluated(expression, values)
    wrong = ~np.isfinite(found)
    if wrong.any():
        shown = [
            f"{label} ({', '.join(f'{name} = {values[name][place]:g}' for name in expression.columns.values())})"
            for place, label in enumerate(given.labels)
            if wrong[place]
        ]
        raise DataError(
            complaint(
                f"formula {formula!r}",
                f"{expression.text!r} is not a finite number for {len(shown)} of {len(found)} places: {listed(shown)}",
                "Expected values the function is defined for",
                "Correct the values, leave these places out, or use another function, such as log1p for counts with zeros",
            )
        )
    return found


def columns_of_matrix(
    parts: Parsed, values: Mapping[str, Vector], levels: Mapping[str, Levels], given: Aligned, formula: str
) -> tuple[tuple[str, ...], Matrix]:
    """Let formulaic cross and encode columns that are computed already: it only looks them up."""
    import pandas as pd
    from formulaic import Formula
    from formulaic.parser.types import Factor, Term

    columns: dict[str, Any] = {}
    for text, expression in parts.expressions.items():
        if expression.category:
            columns[text] = _categories(expression, values, levels, formula)
        else:
            columns[text] = finite(expression, values, given, formula)
    terms = [
        Term([each if each.eval_method.value == "literal" else Factor(each.expr, eval_method="lookup") for each in term.factors])
        for term in parts.terms
    ]
    table = pd.DataFrame(columns, index=range(len(given.labels)))
    built = Formula(terms).get_model_matrix(table, ensure_full_rank=True, na_action="raise")
    return tuple(str(name) for name in built.columns), np.asarray(built, dtype=float)


def _categories(
    expression: Expression, values: Mapping[str, Vector], levels: Mapping[str, Levels], formula: str
) -> "pd.Categorical[Any]":
    import pandas as pd

    column, known = levels[next(iter(expression.columns.values()))]
    labels = [known[int(code)] for code in values[column]]
    found = [label for label in known if label in set(labels)]
    if len(found) == 1:
        raise ModelError(
            complaint(
                f"formula {formula!r}",
                f"all places are of one category of {expression.text}, {found[0]!r}",
                "Expected at least two categories",
                "Leave it out",
            )
        )
    if expression.reference is not None:
        if expression.reference not in found:
            raise DataError(
                complaint(
                    f"formula {formula!r}", f"{expression.text!r} names a category that no place has", f"Known: {listed(found, 30)}"
                )
            )
        found = [expression.reference, *(label for label in found if label != expression.reference)]
    return pd.Categorical(labels, categories=found)
