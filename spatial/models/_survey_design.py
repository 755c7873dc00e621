"""Records and a formula -> what a regression works on: listwise deletion counted, singletons dropped, factors numbered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import DataError, ModelError, complaint, counted, listed, nearest_name
from spatial.models._absorbed import kept
from spatial.models._formula import Parsed, evaluated, parsed
from spatial.places import Missing, numbers

if TYPE_CHECKING:
    import pandas as pd

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

INTERCEPT = "Intercept"


@dataclass(frozen=True, eq=False)
class Grouping:
    """A column that puts records into groups: an absorbed factor, or clusters."""

    name: str
    codes: Codes  # (n,), from 0 without gaps, in the order of the sorted labels
    labels: tuple[str, ...]

    @property
    def sizes(self) -> "NDArray[np.int64]":
        """How many records each group has."""
        return np.bincount(self.codes, minlength=len(self.labels))


@dataclass(frozen=True, eq=False)
class Sample:
    """What is left of the records, as numbers."""

    response_name: str
    response: Vector  # (n,)
    names: tuple[str, ...]  # of the columns of `matrix`
    matrix: Matrix  # (n, k), the intercept first where nothing is absorbed
    weights: Vector  # (n,), all 1 without weights
    factors: tuple[Grouping, ...]
    clusters: tuple[Grouping, ...]
    labels: "pd.Index[Any]"  # (n,), of the records in their table
    places: "pd.Series[Any] | None"  # (n,), the name of the place of each record, None where it has none
    given: int  # records in the table
    gaps: Mapping[str, int]  # missing values by column
    deleted: int
    singletons: int


def sample(
    records: "pd.DataFrame",
    formula: str,
    *,
    absorb: Sequence[str],
    cluster: Sequence[str],
    weights_column: str | None,
    place: str | None,
    missing: Missing,
) -> Sample:
    """
    Build what a regression on records works on.

    Parameters
    ----------
    records
        One row for each record, such as a firm.
    formula
        For example ``sales ~ log(size) + C(sector)``.
    absorb, cluster
        Columns of factors and of clusters.
    weights_column
        The column of weights, or None.
    place
        The column that names the place of each record, or None.
    missing
        ``"error"``, or ``"drop"`` for listwise deletion.

    Returns
    -------
    Sample
        Response, regressors, factors and clusters of the records that have all of them.

    Raises
    ------
    StudyError
        When the formula cannot be read.
    DataError
        When a column is not there, holds text where numbers are needed, or has gaps nobody has spoken of.
    ModelError
        When no record is left.
    """
    import pandas as pd

    if not isinstance(records, pd.DataFrame):
        raise DataError(complaint("records", f"a {type(records).__name__} was given", "Expected a DataFrame, one row per record"))
    records = records.rename(columns=str)
    parts = parsed(formula)
    numeric, categories = parts.columns(category=False), parts.columns(category=True)
    groups = list(dict.fromkeys([*categories, *absorb, *cluster]))
    _columns_checked(records, [*numeric, *groups, *filter(None, [weights_column, place])])
    _texts_refused(records, numeric, formula)
    weighed = [weights_column] if weights_column else []
    values = {name: numbers(records, name).to_numpy() for name in dict.fromkeys([*numeric, *weighed])}
    coded = {name: _coded(records[name]) for name in groups}
    complete, gaps = _complete(records, values, coded, missing)
    used_factors = [coded[name][0][complete] for name in absorb]
    alone = ~kept(used_factors, int(complete.sum()))
    rows = np.flatnonzero(complete)[~alone]
    if not len(rows):
        raise ModelError(complaint("records", "none is left", "Expected records that have all values, and factors that repeat"))
    values = {name: column[rows] for name, column in values.items()}
    factors = tuple(_grouping(name, coded[name], rows) for name in absorb)
    names, matrix = _matrix(parts, values, {name: coded[name] for name in categories}, rows, formula, records.index)
    if absorb and INTERCEPT in names:
        matrix, names = np.delete(matrix, names.index(INTERCEPT), axis=1), tuple(name for name in names if name != INTERCEPT)
    return Sample(
        response_name=parts.response.text,
        response=_finite(parts.response, values, rows, formula, records.index),
        names=names,
        matrix=matrix,
        weights=_weights(values[weights_column], weights_column) if weights_column else np.ones(len(rows)),
        factors=factors,
        clusters=tuple(_grouping(name, coded[name], rows) for name in cluster),
        labels=records.index[rows],
        places=_places(records[place].iloc[rows]) if place else None,
        given=len(records),
        gaps=gaps,
        deleted=int((~complete).sum()),
        singletons=int(alone.sum()),
    )


def label_of(value: Any) -> str:
    """Write a label as a table of places does: 3 for 3.0."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)


def _columns_checked(records: "pd.DataFrame", columns: Sequence[str]) -> None:
    known = [str(name) for name in records.columns]
    twice = [name for name in dict.fromkeys(columns) if known.count(name) > 1]
    absent = [name for name in dict.fromkeys(columns) if name not in known]
    found = [complaint("records", f"there is no column {name!r}", nearest_name(name, known)) for name in absent]
    found += [complaint("records", f"there are several columns {name!r}", "Expected each column once") for name in twice]
    if found:
        raise DataError("\n".join(found))


def _texts_refused(records: "pd.DataFrame", columns: Sequence[str], formula: str) -> None:
    for name in columns:
        texts = sorted({str(value) for value in records[name].dropna().unique() if isinstance(value, str)})
        if texts:
            raise DataError(
                complaint(
                    f"formula {formula!r}",
                    f"column {name!r} holds text: {listed(texts)}",
                    "Expected numbers",
                    "Write C() around it to compare its categories, or say which number each text stands for",
                )
            )


def _coded(column: "pd.Series[Any]") -> tuple[Codes, tuple[str, ...]]:
    """Give the groups of a column numbers, in the order of their labels, numbers by size; -1 where there is none."""
    import pandas as pd

    present = column.dropna().unique().tolist()
    numeric = all(isinstance(each, int | float) and not isinstance(each, bool) for each in present)
    ordered = sorted(present) if numeric else sorted(present, key=str)
    codes = pd.Index(ordered, dtype=object).get_indexer(pd.Index(column.astype(object)))
    return np.where(column.notna(), codes, -1).astype(np.int64), tuple(label_of(each) for each in ordered)


def _complete(
    records: "pd.DataFrame", values: Mapping[str, Vector], coded: Mapping[str, tuple[Codes, Any]], missing: Missing
) -> tuple["NDArray[np.bool_]", dict[str, int]]:
    """Find the records that have every value, and count what is missing in which column."""
    present = {name: np.isfinite(column) for name, column in values.items()}
    for name, (codes, _) in coded.items():
        present[name] = present.get(name, True) & (codes >= 0)
    complete = np.logical_and.reduce([*present.values()])
    gaps = {name: int((~each).sum()) for name, each in present.items() if not each.all()}
    if gaps and missing == "error":
        counts = ", ".join(f"{name!r} {count}" for name, count in gaps.items())
        raise DataError(
            complaint(
                "records",
                f"{int((~complete).sum())} of {len(records)} {'lacks' if (~complete).sum() == 1 else 'lack'} a value that the model uses (missing: {counts})",
                "A regression needs all of them, or must be told otherwise",
                'Fill the gaps, or set missing = "drop" to delete these records (listwise)',
            )
        )
    return complete, gaps


def _grouping(name: str, coded: tuple[Codes, tuple[str, ...]], rows: "NDArray[np.int64]") -> Grouping:
    """Give the groups that are left new numbers."""
    found, codes = np.unique(coded[0][rows], return_inverse=True)
    return Grouping(name, codes.astype(np.int64), tuple(coded[1][each] for each in found))


def _weights(values: Vector, name: str) -> Vector:
    if not (values > 0).all():
        raise DataError(
            complaint(
                f"column {name!r}",
                f"{counted(int((values <= 0).sum()), 'weight is', 'weights are')} not above 0",
                "Expected weights above 0",
            )
        )
    return np.asarray(values / values.mean())


def _places(column: "pd.Series[Any]") -> "pd.Series[Any]":
    import pandas as pd

    return pd.Series([label_of(each) if given else None for each, given in zip(column, column.notna(), strict=True)], dtype=object)


def _finite(
    expression: Any, values: Mapping[str, Vector], rows: "NDArray[np.int64]", formula: str, index: "pd.Index[Any]"
) -> Vector:
    found = evaluated(expression, values)
    wrong = np.flatnonzero(~np.isfinite(found))
    if len(wrong):
        shown = [
            f"{index[rows[each]]} ({', '.join(f'{name} = {values[name][each]:g}' for name in expression.columns.values())})"
            for each in wrong[:6]
        ]
        raise DataError(
            complaint(
                f"formula {formula!r}",
                f"{expression.text!r} is not a finite number for {len(wrong)} of {len(found)} records: {', '.join(shown)}",
                "Expected values the function is defined for",
                "Correct the values, or use another function, such as log1p for counts with zeros",
            )
        )
    return found


def _matrix(
    parts: Parsed,
    values: Mapping[str, Vector],
    categories: Mapping[str, tuple[Codes, tuple[str, ...]]],
    rows: "NDArray[np.int64]",
    formula: str,
    index: "pd.Index[Any]",
) -> tuple[tuple[str, ...], Matrix]:
    """Let formulaic cross and encode columns that are computed already: it only looks them up."""
    import pandas as pd
    from formulaic import Formula
    from formulaic.parser.types import Factor, Term

    columns: dict[str, Any] = {}
    for text, expression in parts.expressions.items():
        if not expression.category:
            columns[text] = _finite(expression, values, rows, formula, index)
            continue
        codes, labels = categories[next(iter(expression.columns.values()))]
        found = [labels[each] for each in np.unique(codes[rows])]
        if expression.reference is not None and expression.reference not in found:
            raise DataError(
                complaint(f"formula {formula!r}", f"{text!r} names a category that no record has", f"Known: {listed(found, 30)}")
            )
        first = [] if expression.reference is None else [expression.reference]
        order = [*first, *(each for each in found if each not in first)]
        columns[text] = pd.Categorical([labels[each] for each in codes[rows]], categories=order)
    terms = [
        Term([each if each.eval_method.value == "literal" else Factor(each.expr, eval_method="lookup") for each in term.factors])
        for term in parts.terms
    ]
    built = Formula(terms).get_model_matrix(pd.DataFrame(columns, index=range(len(rows))), ensure_full_rank=True, na_action="raise")
    return tuple(str(name) for name in built.columns), np.asarray(built, dtype=float)
