"""Numbers and weights in one order, by label: how the one table meets a graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import DataError, ModelError, complaint, counted, listed
from spatial.places._checks import checked, columns_checked, graph_checked, numbers, rising

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

Missing = Literal["error", "drop"]

#: Values of this size, to the fourth power and times their number, are still numbers to a computer; so are those of 1 / HUGE.
HUGE = 1e70
#: A column whose values differ by no more than this share of their size is constant but for rounding.
EQUAL = 1e-14
#: A row of weights whose sum differs from 1 by no more was standardised.
SUM = 1e-9


@dataclass(frozen=True, eq=False)
class Aligned:
    """
    Numbers and weights in one order, that of the sorted place names.

    The order does not depend on the order of the rows of either table, so neither does any number computed from it.
    """

    labels: "pd.Index[str]"  # the places that take part, sorted
    values: "np.ndarray[Any, np.dtype[np.float64]]"  # (places, columns)
    matrix: "csr_array | None"  # weights, rows and columns in the order of `labels`
    graph: dict[str, Any]  # what a result records of the graph: transform, links, islands
    islands: "np.ndarray[Any, np.dtype[np.bool_]]"  # per label, whether it has no neighbours
    everyone: "pd.Index[str]"  # the index of the table that was given, in its order
    notes: tuple[str, ...]
    order: "np.ndarray[Any, np.dtype[np.intp]] | None" = None  # the rows of the table behind the labels, where nobody was left out
    index: "pd.Index[Any] | None" = None  # what results stand on, where that is other than everyone: the numbers a caller had

    @property
    def vector(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The first column."""
        return self.values[:, 0]

    @property
    def weights(self) -> "csr_array":
        """The weights, where a graph was given."""
        if self.matrix is None:
            raise DataError(complaint("graph", "none was given", "Expected neighbours", "Build a graph from these places"))
        return self.matrix

    @cached_property
    def rows(self) -> "np.ndarray[Any, np.dtype[np.intp]] | None":
        """For everyone, the row among the labels, -1 for places left out; None where both are in one order."""
        if len(self.labels) == len(self.everyone) and self.labels.equals(self.everyone):
            return None
        return np.asarray(self.labels.get_indexer(self.everyone)) if self.order is None else _turned(self.order)

    @property
    def standing(self) -> "pd.Index[Any]":
        """What results stand on: the index that was given, in its order and of its kind."""
        return self.everyone if self.index is None else self.index

    def series(self, values: Any, fill: Any = np.nan, *, keep: bool = False) -> "pd.Series[Any]":
        """
        Put one value per label back on all places, in their own order; places left out get ``fill``.

        ``keep`` gives the array away to the series instead of copying it: nobody else may use it.
        """
        import pandas as pd

        array = np.asarray(values)
        if self.rows is not None:
            left_out = self.rows < 0
            array = array[self.rows] if not left_out.any() else _filled(array, self.rows, left_out, fill)
        return pd.Series(array, index=self.standing, copy=not keep)

    def named(self, codes: Any, names: Sequence[str | None], fill: str | None = None) -> "pd.Series[Any]":
        """Put one of a few names per label back on all places, by its number: no text is copied on the way."""
        import pandas as pd

        numbers = np.asarray(codes, dtype=np.intp)
        if self.rows is not None:
            numbers = np.where(self.rows < 0, len(names), numbers[self.rows])
        return pd.Series(texts(*names, fill).take(numbers), index=self.standing)

    def frame(self, columns: Mapping[str, Any]) -> "pd.DataFrame":
        """Put columns of one value per label back on all places, in their own order; places left out get NaN."""
        import pandas as pd

        given = {name: self.series(np.asarray(values, dtype=float)).to_numpy() for name, values in columns.items()}
        return pd.DataFrame(given, index=self.standing, dtype=float)


@cache
def texts(*names: str | None) -> Any:
    """
    Make an array of a few texts, of the kind that columns have, once.

    Parameters
    ----------
    names
        The texts; None where there is none.

    Returns
    -------
    pandas.api.extensions.ExtensionArray
        As pandas keeps columns of text; not to be changed.
    """
    import pandas as pd

    return pd.Series(list(names)).array


def _filled(array: Any, rows: Any, left_out: Any, fill: Any) -> Any:
    """Take rows, with something else where there is none."""
    if array.dtype.kind in "OUS":
        array = array.astype(object)
    elif array.dtype.kind in "biu" and isinstance(fill, float):
        array = array.astype(object if array.dtype.kind == "b" else float)
    elif isinstance(fill, str):
        array = array.astype(object)
    found = array[np.maximum(rows, 0)]
    found[left_out] = fill
    return found


def aligned(
    places: "GeoDataFrame",
    graph: "Graph | None" = None,
    columns: str | Sequence[str] = (),
    *,
    missing: Missing = "error",
    least: int = 3,
    varying: bool = True,
    sure: bool = False,
    index: "pd.Index[Any] | None" = None,
) -> Aligned:
    """
    Bring numbers and weights into one order, by label.

    Every operation takes its numbers through this door: libpysal, esda and spreg match by position and stay silent when
    the rows are in another order.

    Parameters
    ----------
    places
        The table.
    graph
        Weights whose labels are the index of ``places``, in any order; None where an operation needs none.
    columns
        One name or several, of columns of numbers.
    missing
        What a missing value means: ``"error"``, or ``"drop"`` to leave the place out (a note says which).
    least
        How many places the method needs.
    varying
        Whether a column in which all values are equal is refused.
    sure
        Whether the table has been checked already.
    index
        What results stand on; None for the index of ``places``, be it of texts or of numbers.

    Returns
    -------
    Aligned
        Values, weights and labels in the order of the sorted labels.

    Raises
    ------
    DataError
        When labels differ, the graph is none of libpysal's ``Graph``, a column is missing or not numeric, a value is missing and
        ``missing`` is ``"error"``, values are too large or too small to be squared, or weights are negative or not finite.
    ModelError
        When there are too few places or a column is constant.
    """
    index = places.index if index is None else index
    places = places if sure else checked(places)
    names = [columns] if isinstance(columns, str) else list(columns)
    columns_checked(places, names)
    in_order = rising(places.index)
    order = np.arange(len(places)) if in_order else np.asarray(places.index.argsort())
    labels = places.index if in_order else places.index[order]
    if graph is not None:
        graph_checked(graph, "graph")
        _weights_checked(graph)
    values = (
        np.column_stack([numbers(places, name).to_numpy(float)[order] for name in names]) if names else np.empty((len(labels), 0))
    )
    present = np.asarray(np.isfinite(values).all(axis=1))
    notes: list[str] = []
    if not present.all():
        gone = labels[~present]
        if missing == "error":
            which = [name for name, column in zip(names, values.T, strict=True) if not np.isfinite(column).all()]
            raise DataError(
                complaint(
                    f"column {listed(which)}",
                    f"{counted(len(gone), 'place has', 'places have', of=len(labels))} no value: {listed(gone)}",
                    "A statistic over places needs all of them, or must be told otherwise",
                    'Fill the gaps, or set missing = "drop" to leave these places out',
                )
            )
        notes.append(
            f"{counted(len(gone), 'place has no value and was', 'places have no value and were', of=len(labels))} left out: {listed(gone, 10)}."
        )
    matrix, transform = (None, "") if graph is None else _matrix(graph, places, labels, present, order)
    if matrix is not None and graph is not None and not present.all():
        notes += _row_notes(graph, matrix)
    if not present.all():
        labels, values = labels[present], values[present]
    _enough(names, values, least, varying=varying)
    _sizes_checked(names, values)
    islands = np.zeros(len(labels), bool) if matrix is None else np.diff(matrix.indptr) == 0
    if islands.any():
        notes.append(
            f"{counted(int(islands.sum()), 'place has', 'places have', of=len(labels))} no neighbours: {listed(labels[islands], 10)}."
        )
    described = {} if matrix is None else {"transform": transform, "links": int(matrix.nnz), "islands": int(islands.sum())}
    return Aligned(
        labels=labels,
        values=values,
        matrix=matrix,
        graph=described,
        islands=islands,
        everyone=places.index,
        notes=tuple(notes),
        order=order if present.all() else None,
        index=None if index.equals(places.index) else index.rename("place"),
    )


def _refuse_other_labels(places: "GeoDataFrame", graph: "Graph") -> None:
    ids = _as_texts(graph.unique_ids)
    without, unknown = places.index[~places.index.isin(ids)], ids[~ids.isin(places.index)]
    parts = [f"{counted(len(without), 'place is', 'places are')} not in the graph: {listed(without)}"] if len(without) else []
    parts += (
        [f"{counted(len(unknown), 'label of the graph is no place', 'labels of the graph are no places')}: {listed(unknown)}"]
        if len(unknown)
        else []
    )
    raise DataError(complaint("graph", "; ".join(parts), "Expected the same labels in both", "Build the graph from these places"))


def _weights_checked(graph: "Graph") -> None:
    """Refuse weights that no formula here is meant for: a negative one would turn a neighbour into its opposite."""
    known = vars(graph).get("sparse")
    values = graph.adjacency.to_numpy() if known is None else known.data
    if not ((values >= 0) & (values < np.inf)).all():
        weights = graph.adjacency
        wrong = weights[~((weights >= 0) & (weights < np.inf))]
        shown = [f"{start} to {to}: {weight:g}" for (start, to), weight in wrong.items()]
        raise DataError(
            complaint(
                "graph",
                f"{counted(len(shown), 'weight is negative or no number', 'weights are negative or no numbers')}: {listed(shown)}",
                "Expected finite weights of 0 or more",
                "Correct them",
            )
        )


def _sizes_checked(names: Sequence[str], values: "np.ndarray[Any, Any]") -> None:
    """Refuse numbers whose squares a computer cannot hold, instead of computing with infinity or 0."""
    largest = np.abs(values).max(axis=0, initial=0.0)
    wrong = [f"{name} ({size:.3g})" for name, size in zip(names, largest, strict=True) if size and not 1 / HUGE <= size <= HUGE]
    if wrong:
        raise DataError(
            complaint(
                f"column {listed(wrong)}",
                "the largest value is too large or too small to be computed with",
                f"Expected a size between {1 / HUGE:g} and {HUGE:g}",
                "Look for a missing code, or use another unit",
            )
        )


def _matrix(
    graph: "Graph",
    places: "GeoDataFrame",
    labels: "pd.Index[str]",
    present: "np.ndarray[Any, Any]",
    order: "np.ndarray[Any, Any]",
) -> "tuple[csr_array, str]":
    """Take the weights in the order of the labels: graph.sparse would sort millions of links first."""
    from scipy.sparse import coo_array, csr_array

    transform = str(graph.transformation).lower()
    known = vars(graph).get("sparse")  # made when the graph was, or asked for before, in the order of unique_ids
    if known is not None and known.format == "csr" and known.has_canonical_format and graph.unique_ids.equals(labels):
        matrix = csr_array((known.data, known.indices, known.indptr), shape=known.shape)
        if not matrix.data.all():
            matrix = matrix.copy()
            matrix.eliminate_zeros()
        return _present(matrix, present, transform)
    adjacency = graph.adjacency
    index: Any = adjacency.index
    known_levels: list[tuple[Any, Any]] = [(places.index, _turned(order))]  # labels whose positions are known
    starts, ends = (
        _positions(level, labels, known_levels).astype(np.int32)[codes]
        for level, codes in zip(index.levels, index.codes, strict=True)
    )
    if min(int(each.min(initial=0)) for each in (starts, ends)) < 0:
        _refuse_other_labels(places, graph)
    degrees = np.bincount(starts, minlength=len(labels))
    if not degrees.all():
        _refuse_other_labels(places, graph)
    values, shape = adjacency.to_numpy(dtype=float), (len(labels), len(labels))
    if (starts[1:] >= starts[:-1]).all():  # row after row, as graphs mostly are: nothing to sort
        matrix = csr_array((values.copy(), ends, np.concatenate([[0], np.cumsum(degrees)]).astype(np.int32)), shape=shape)
        matrix.sum_duplicates()
    else:
        matrix = csr_array(coo_array((values, (starts, ends)), shape=shape))
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return _present(matrix, present, transform)


def _turned(order: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Invert an order: where each row went."""
    found = np.empty_like(order)
    found[order] = np.arange(len(order), dtype=order.dtype)
    return found


def _positions(level: "pd.Index[str]", labels: "pd.Index[str]", known: list[tuple[Any, Any]]) -> "np.ndarray[Any, Any]":
    """Find each of some labels among the sorted ones; labels are compared before they are looked up, which takes much longer."""
    for others, positions in known:
        if level.equals(others):
            return np.asarray(positions)
    found = np.asarray(labels.get_indexer(_as_texts(level)))
    known.append((level, found))
    return found


def _as_texts(labels: "pd.Index[Any]") -> "pd.Index[Any]":
    """Write labels that are numbers as texts, as those of a table are."""
    import pandas as pd

    return pd.Index([str(label) for label in labels]) if pd.api.types.is_numeric_dtype(labels.dtype) else labels


def _present(matrix: "csr_array", present: "np.ndarray[Any, Any]", transform: str) -> "tuple[csr_array, str]":
    """Leave places out."""
    from scipy.sparse import csr_array

    return (matrix if present.all() else _transformed(csr_array(matrix[present, :][:, present]), transform)), transform


def _row_notes(graph: "Graph", matrix: "csr_array") -> list[str]:
    """Say so when rows that summed to 1 no longer do: of a graph with weights of its own nobody knows that they were standardised."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    sums = sums[np.diff(matrix.indptr) > 0]
    if (np.abs(sums - 1) <= SUM).all():
        return []
    before = graph.adjacency.groupby(level=0).sum().to_numpy()
    if not (np.abs(before[before > 0] - 1) <= SUM).all():
        return []
    what = "Without the places left out, rows of weights that summed to 1 no longer do"
    return [f"{what}: where they were standardised, use the graph's transform 'r', which is taken again for those that are left."]


def _transformed(matrix: "csr_array", transform: str) -> "csr_array":
    """Standardise again after places were left out."""
    from scipy.sparse import csr_array, diags_array

    rows = np.asarray(matrix.sum(axis=1)).ravel()
    if transform == "r":
        scale = np.divide(1.0, rows, out=np.zeros_like(rows), where=rows != 0)
    elif transform == "d":
        scale = np.full(len(rows), 1.0 / rows.sum() if rows.sum() else 0.0)
    elif transform == "v":
        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths != 0)
        total = (rows * scale).sum()
        scale = scale * (np.count_nonzero(lengths) / total if total else 0.0)
    else:
        return matrix
    return csr_array(diags_array(scale) @ matrix)


def _enough(names: Sequence[str], values: "np.ndarray[Any, Any]", least: int, *, varying: bool) -> None:
    if len(values) < least:
        raise ModelError(
            complaint(
                "places",
                f"there are {len(values)}",
                f"Expected at least {least} for this method",
                "Use more places, or a simpler method",
            )
        )
    same = [
        name
        for name, column in zip(names, values.T, strict=True)
        if varying and np.ptp(column) <= EQUAL * np.abs(column).max()  # what rounding leaves is no difference
    ]
    if same:
        raise ModelError(
            complaint(
                f"column {listed(same)}",
                f"all {len(values)} values are {values[0][list(names).index(same[0])]:g}",
                "Expected values that differ",
                "Leave the column out",
            )
        )
