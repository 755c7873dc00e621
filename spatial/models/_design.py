"""Formula and places -> response and design matrix, checked for everything that makes a regression meaningless."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import DataError, ModelError, complaint, counted, listed
from spatial.models._design_matrix import Levels, coded_categories, columns_behind, columns_of_matrix, finite, in_formula
from spatial.models._formula import Parsed, parsed
from spatial.models._tall import clear_basis, lengths
from spatial.places import EQUAL, Aligned, aligned, checked, columns_checked

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

#: What a missing value means to a model: "predict" keeps places that only lack the response, to be predicted.
Missing = Literal["error", "drop", "predict"]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

INTERCEPT = "Intercept"
#: Names of the spatial parameters, which stand among those of the regressors.
SPATIAL = ("rho", "lambda")
#: A column of unit length whose part not explained by the others is shorter than this is their combination.
DEPENDENT = 1e-9
#: A sum of squares below this share of the whole is a response that follows from the regressors exactly.
EXACT = 1e-20


@dataclass(frozen=True, eq=False)
class Design:
    """What a regression works on, in the order of the sorted place names."""

    response_name: str
    response: Vector  # (n,)
    names: tuple[str, ...]  # one for each column of `matrix`, "Intercept" first where there is one
    matrix: Matrix  # (n, k)
    given: Aligned
    columns: Mapping[str, frozenset[str]]  # name of a column of `matrix` -> the columns of the table it is made of
    extra: Mapping[str, Vector] = field(default_factory=dict)  # further columns that were asked for
    whole: "Whole | None" = None  # with missing = "predict", everybody

    @property
    def intercept(self) -> bool:
        """Whether there is an intercept."""
        return INTERCEPT in self.names

    @property
    def regressors(self) -> tuple[str, ...]:
        """The names of the columns other than the intercept."""
        return tuple(name for name in self.names if name != INTERCEPT)


@dataclass(frozen=True, eq=False)
class Whole:
    """All places, those to be predicted among them, in the order of the sorted place names."""

    given: Aligned
    matrix: Matrix  # (everybody, k)
    known: "NDArray[np.bool_]"  # whose response is known: these are the rows of the design

    @property
    def weights(self) -> "csr_array | None":
        """The weights among all of them, where a graph was given."""
        return self.given.matrix


def design(
    places: "GeoDataFrame",
    graph: "Graph | None",
    formula: str,
    missing: Missing,
    *,
    spatial: int = 0,
    extra: Sequence[str] = (),
) -> Design:
    """
    Build response and design matrix from a formula, aligned with the graph.

    Parameters
    ----------
    places
        The table.
    graph
        Weights with the same labels, or None.
    formula
        For example ``CRIME ~ INC + log(HOVAL) + C(region)``.
    missing
        What a missing value means, see `spatial.places.aligned`; "predict": as "drop" where the response is missing, as "error"
        elsewhere, and the rows left out are kept in `whole`.
    spatial
        How many parameters the model has besides the coefficients of the formula and the variance.
    extra
        Further columns of numbers that are needed, such as weights of observations.

    Returns
    -------
    Design
        Response, matrix and the names of its columns.

    Raises
    ------
    StudyError
        When the formula cannot be read.
    DataError
        When a column is missing, holds text or values that a function of the formula cannot take.
    ModelError
        When there are too few places, a constant column, or collinear regressors.
    """
    parts = parsed(formula)
    table = checked(places)
    columns_checked(table, [*parts.columns(category=False), *parts.columns(category=True)], f"formula {formula!r}")
    columns_checked(table, extra)
    _texts_refused(table, parts, formula)
    _names_refused(parts, formula, spatial)
    coded, levels = coded_categories(table, parts, extra)
    columns = list(dict.fromkeys([*parts.columns(category=False), *(each.column for each in levels.values()), *extra]))
    given = aligned(
        coded, graph, columns, missing="drop" if missing == "predict" else missing, varying=False, sure=True, index=places.index
    )
    values = dict(zip(columns, np.transpose(given.values), strict=True))
    response = finite(parts.response, values, given, formula)
    whole = _whole(coded, graph, parts, levels, columns, given, formula) if missing == "predict" else None
    names, matrix = (
        columns_of_matrix(parts, values, levels, given, formula) if whole is None else (whole[0], whole[1].matrix[whole[1].known])
    )
    made_of = {name: columns_behind(name, parts) for name in names}
    found = Design(
        parts.response.text, response, names, matrix, given, made_of, {name: values[name] for name in extra}, whole and whole[1]
    )
    basis = checked_design(found, spatial)
    return replace(found, given=replace(given, notes=(*_notes(given, found), *_alone(found, basis))))


def checked_design(found: Design, spatial: int) -> Matrix:
    """
    Refuse what no regression can be made of: too few places, constants, collinear columns.

    Parameters
    ----------
    found
        The design.
    spatial
        How many parameters there are besides the coefficients and the variance.

    Returns
    -------
    numpy.ndarray
        Orthonormal columns that span the regressors.

    Raises
    ------
    ModelError
        When something of this kind is found; the columns are named.
    """
    _enough(found, spatial)
    _constants_refused(found)
    return _independent(found)


def _notes(given: Aligned, found: Design) -> tuple[str, ...]:
    """Say of places that were left out that their response is predicted, where it is."""
    if found.whole is None or found.whole.known.all():
        return given.notes
    hidden = found.whole.given.labels[~found.whole.known]
    what = f"{counted(len(hidden), 'place has', 'places have', of=len(found.whole.known))} no {found.response_name!r}; it was predicted from the others"
    return (f"{what}: {listed(hidden, 10)}.", *(note for note in given.notes if "left out:" not in note))


def _alone(found: Design, basis: Matrix) -> tuple[str, ...]:
    """Name places whose leverage is 1, such as the only one of its category: a coefficient of their own takes up their response."""
    only = found.given.labels[np.einsum("ij,ij->i", basis, basis) >= 1 - DEPENDENT]
    if not len(only):
        return ()
    what = f"The regressors tell {len(only)} of {len(basis)} places from all others: {listed(only, 10)}"
    why = "A coefficient of its own takes up whatever the response of such a place is, so it says little about the others"
    return (f"{what}. {why}; a category should have more than one place.",)


def _whole(
    coded: "GeoDataFrame",
    graph: "Graph | None",
    parts: Parsed,
    levels: Mapping[str, Levels],
    columns: list[str],
    given: Aligned,
    formula: str,
) -> tuple[tuple[str, ...], Whole]:
    """Compute the regressors of all places, whether their response is known or not; other gaps are errors."""
    right = {name for each in parts.expressions.values() for name in each.columns.values()}
    response = set(parts.response.columns.values()) - right
    regressors = [name for name in columns if name not in response]
    everybody = aligned(coded, graph, regressors, missing="error", varying=False, sure=True, index=given.standing)
    values = dict(zip(regressors, np.transpose(everybody.values), strict=True))
    if not regressors:
        values = {"": np.zeros(len(everybody.labels))}
    names, matrix = columns_of_matrix(parts, values, levels, everybody, formula)
    return names, Whole(everybody, matrix, np.asarray(everybody.labels.isin(given.labels)))


def refuse_exact(found: Design, squares: float, size: float) -> None:
    """
    Refuse a response that the regressors give without any error.

    Parameters
    ----------
    found
        The design.
    squares
        Sum of squared residuals of the response / `size`.
    size
        The unit the response was divided by.

    Raises
    ------
    ModelError
        When there is nothing left: neither a variance nor a likelihood exists.
    """
    scaled = found.response / size
    if squares <= EXACT * float(scaled @ scaled):
        raise ModelError(
            complaint(
                f"column {found.response_name!r}",
                "the regressors give it exactly, without any error",
                "Expected something left to explain",
                "Leave out the regressor it was computed from",
            )
        )


def _texts_refused(table: "GeoDataFrame", parts: Parsed, formula: str) -> None:
    for name in parts.columns(category=False):
        if getattr(table[name].dtype, "kind", "O") in "fiu":
            continue  # numbers, which a million of need not be looked at one by one
        texts = [value for value in table[name].dropna() if isinstance(value, str)]
        if texts:
            raise DataError(
                complaint(
                    f"formula {formula!r}",
                    f"column {name!r} holds text: {listed(sorted(set(texts)))}",
                    "Expected numbers",
                    f"Write C({in_formula(name)}) to compare its categories, or correct the values",
                )
            )


def _names_refused(parts: Parsed, formula: str, spatial: int) -> None:
    """Refuse regressors whose coefficient would bear the name of another."""
    taken = [name for name in parts.expressions if name in (INTERCEPT, *(SPATIAL if spatial else ()))]
    if taken:
        raise ModelError(
            complaint(
                f"formula {formula!r}",
                f"a regressor is called {listed(taken)}, as a parameter of the model is",
                "Expected other names",
                "Rename the column",
            )
        )


def _enough(found: Design, spatial: int) -> None:
    n, k = found.matrix.shape
    if n <= k + spatial:
        parameters = counted(k, "coefficient") + (f" and {counted(spatial, 'spatial parameter')}" if spatial else "")
        raise ModelError(
            complaint(
                "places",
                f"there are {n} for {parameters}",
                f"Expected at least {k + spatial + 1}",
                "Use more places, or fewer regressors",
            )
        )


def _constants_refused(found: Design) -> None:
    if np.ptp(found.response) <= EQUAL * np.abs(found.response).max():  # what rounding leaves is no difference
        raise ModelError(
            complaint(
                f"column {found.response_name!r}",
                f"all {len(found.response)} values are {found.response[0]:g}",
                "Expected values that differ",
            )
        )
    if not found.intercept:
        return
    same = [name for name, column in zip(found.names, found.matrix.T, strict=True) if name != INTERCEPT and np.ptp(column) == 0]
    empty = [name for name, column in zip(found.names, found.matrix.T, strict=True) if "[" in name and not column.any()]
    if empty:
        raise ModelError(
            complaint(
                f"regressor {listed(empty)}",
                f"none of the {len(found.response)} places of the regression is of this category",
                "Expected categories of places whose response is known",
                "Join it with another category, or leave its places out",
            )
        )
    if same:
        raise ModelError(
            complaint(
                f"regressor {listed(same)}",
                f"all {len(found.response)} values are equal, which is what the intercept is for",
                "Expected values that differ",
                "Leave it out, or write '- 1' to leave the intercept out",
            )
        )


def _independent(found: Design) -> Matrix:
    """Find columns that are combinations of others, by a QR decomposition with pivoting of columns scaled to length 1."""
    from scipy.linalg import qr, solve_triangular

    clear = clear_basis(found.matrix)
    if clear is not None:
        return clear
    basis, triangle, order = qr(found.matrix / lengths(found.matrix), mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(triangle)) > DEPENDENT).sum())
    if rank == len(order):
        return np.asarray(basis)
    shares = solve_triangular(triangle[:rank, :rank], triangle[:rank, rank:])
    sentences = []
    for place, column in enumerate(order[rank:]):
        others = [found.names[order[row]] for row in np.flatnonzero(np.abs(shares[:, place]) > np.sqrt(DEPENDENT))]
        sentences.append(f"{found.names[column]!r} is a combination of {listed(sorted(others, key=found.names.index), 10)}")
    raise ModelError(
        complaint(
            "regressors",
            f"they are collinear: {'; '.join(sentences)}",
            "Expected regressors of which none follows from the others",
            "Leave one of them out",
        )
    )
