"""The one table: what holds for it, how it is checked, and how it meets a graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import DataError, ModelError, complaint, listed, nearest_name
from spatial.progress import shared_out

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
#: Shapes that a thread checks at a time.
MANY = 50_000

#: Coordinates that belong to no place on Earth: the WKT of a reference system that says just that.
LOCAL = (
    'ENGCRS["Local coordinates, unit unknown",EDATUM["Local"],CS[Cartesian,2],'
    'AXIS["x",east],AXIS["y",north],LENGTHUNIT["unknown",1]]'
)


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

    @property
    def vector(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The first column."""
        return self.values[:, 0]

    @property
    def weights(self) -> "csr_array":
        """The weights, where a graph was given."""
        if self.matrix is None:
            raise TypeError("this was aligned without a graph")
        return self.matrix

    @cached_property
    def rows(self) -> "np.ndarray[Any, np.dtype[np.intp]] | None":
        """For everyone, the row among the labels, -1 for places left out; None where both are in one order."""
        if len(self.labels) == len(self.everyone) and self.labels.equals(self.everyone):
            return None
        return np.asarray(self.labels.get_indexer(self.everyone))

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
        return pd.Series(array, index=self.everyone, copy=not keep)

    def named(self, codes: Any, names: Sequence[str | None], fill: str | None = None) -> "pd.Series[Any]":
        """Put one of a few names per label back on all places, by its number: no text is copied on the way."""
        import pandas as pd

        numbers = np.asarray(codes, dtype=np.intp)
        if self.rows is not None:
            numbers = np.where(self.rows < 0, len(names), numbers[self.rows])
        return pd.Series(pd.Series([*names, fill]).array.take(numbers), index=self.everyone)

    def frame(self, columns: Mapping[str, Any]) -> "pd.DataFrame":
        """Put columns of one value per label back on all places, in their own order; places left out get NaN."""
        import pandas as pd

        given = {name: self.series(np.asarray(values, dtype=float)).to_numpy() for name, values in columns.items()}
        return pd.DataFrame(given, index=self.everyone, dtype=float)


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


def checked(places: "GeoDataFrame", where: str = "places") -> "GeoDataFrame":
    """
    Make sure that a table is what every operation relies on.

    Parameters
    ----------
    places
        A GeoDataFrame: index of unique text, one kind of geometry, none empty or invalid, a reference system.
    where
        What to call it in a complaint.

    Returns
    -------
    geopandas.GeoDataFrame
        The same table; its index is called ``place``. A numeric index is turned to text.

    Raises
    ------
    DataError
        When something does not hold; all complaints at once.
    """
    import geopandas

    if not isinstance(places, geopandas.GeoDataFrame):
        raise DataError(
            complaint(where, f"a {type(places).__name__} was given", "Expected a GeoDataFrame", "Read it with spatial.read_places")
        )
    places = _named(places, where)
    found = [*_index_complaints(places), *_geometry_complaints(places)]
    if found:
        raise DataError("\n".join(complaint(where, *each) for each in found))
    return places


def graph_checked(graph: Any, where: str) -> None:
    """
    Make sure that a graph is one.

    Parameters
    ----------
    graph
        What was given.
    where
        The operation, for messages.

    Raises
    ------
    DataError
        When it is no libpysal Graph, such as its older W.
    """
    from libpysal.graph import Graph

    if not isinstance(graph, Graph):
        raise DataError(
            complaint(
                where,
                f"a {type(graph).__name__} was given",
                "Expected a Graph of libpysal",
                "Build one with the operations of this package, or turn an older W into one with libpysal.graph.Graph.from_W",
            )
        )


def columns_checked(places: "GeoDataFrame", columns: Sequence[str], where: str = "places") -> None:
    """
    Make sure that columns are there.

    Parameters
    ----------
    places
        The table.
    columns
        Their names.
    where
        What to call the table in a complaint.

    Raises
    ------
    DataError
        When one is missing; the most similar name is offered.
    """
    known = [str(name) for name in places.columns if name != places.geometry.name]
    absent = [name for name in columns if name not in known]
    if absent:
        raise DataError("\n".join(complaint(where, f"there is no column {name!r}", nearest_name(name, known)) for name in absent))


def aligned(
    places: "GeoDataFrame",
    graph: "Graph | None" = None,
    columns: str | Sequence[str] = (),
    *,
    missing: Missing = "error",
    least: int = 3,
    varying: bool = True,
    sure: bool = False,
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
    places = places if sure else checked(places)
    names = [columns] if isinstance(columns, str) else list(columns)
    columns_checked(places, names)
    rising = _rising(places.index)
    order = np.arange(len(places)) if rising else np.asarray(places.index.argsort())
    labels = places.index if rising else places.index[order]
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
                    f"{len(gone)} of {len(labels)} places have no value: {listed(gone)}",
                    "A statistic over places needs all of them, or must be told otherwise",
                    'Fill the gaps, or set missing = "drop" to leave these places out',
                )
            )
        notes.append(f"{len(gone)} of {len(labels)} places have no value and were left out: {listed(gone, 10)}.")
    matrix, transform = (None, "") if graph is None else _matrix(graph, places, labels, present)
    labels, values = labels[present], values[present]
    _enough(names, values, least, varying=varying)
    _sizes_checked(names, values)
    islands = np.zeros(len(labels), bool) if matrix is None else np.diff(matrix.indptr) == 0
    if islands.any():
        notes.append(f"{int(islands.sum())} of {len(labels)} places have no neighbours: {listed(labels[islands], 10)}.")
    described = {} if matrix is None else {"transform": transform, "links": int(matrix.nnz), "islands": int(islands.sum())}
    return Aligned(labels, values, matrix, described, islands, places.index, tuple(notes))


def numbers(places: "GeoDataFrame", name: str) -> "pd.Series[Any]":
    """
    Take one column as numbers.

    Parameters
    ----------
    places
        The table.
    name
        The column.

    Returns
    -------
    pandas.Series
        Floats on the index of ``places``; missing values are NaN.

    Raises
    ------
    DataError
        When a value is text, complex, or infinite; the places are named.
    """
    import pandas as pd

    column = places[name]
    if column.dtype.kind == "c":
        raise DataError(
            complaint(f"column {name!r}", "its numbers are complex", "Expected real numbers", "Take their real part or size")
        )
    given = column.notna()
    found: pd.Series[Any] = pd.to_numeric(column, errors="coerce").astype(float)
    text = given & found.isna()
    if text.any() or not (pd.api.types.is_numeric_dtype(column) or column[given].map(_is_number).all()):
        if not text.any():
            text = given & ~column.map(_is_number)
        shown = [f"{label}: {value}" for label, value in column[text].items()]
        raise DataError(
            complaint(
                f"column {name!r}",
                f"{len(shown)} of {len(column)} values are not numbers: {listed(shown)}",
                "Expected numbers",
                "Correct them, or name them as missing codes",
            )
        )
    endless = np.isinf(found)
    if endless.any():
        raise DataError(
            complaint(
                f"column {name!r}",
                f"{int(endless.sum())} values are infinite: {listed(column.index[endless])}",
                "Expected finite numbers",
            )
        )
    return found


def is_local(places: "GeoDataFrame") -> bool:
    """
    Tell whether a table is in local coordinates, which belong to no place on Earth.

    Parameters
    ----------
    places
        The table.

    Returns
    -------
    bool
        True for the reference system that ``crs="local"`` gives.
    """
    return places.crs is not None and places.crs.is_engineering


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating | np.bool_) or hasattr(value, "as_tuple")


def _named(places: "GeoDataFrame", where: str) -> "GeoDataFrame":
    import pandas as pd

    if places.index.nlevels > 1:
        raise DataError(complaint(where, "the index has several levels", "Expected one label per place", "Set one column as index"))
    kind = places.index.dtype
    texts = (
        pd.api.types.infer_dtype(places.index) == "string"
        if isinstance(kind, np.dtype) and kind.kind == "O"
        else pd.api.types.is_string_dtype(kind)
    )
    texts = texts and places.index.hasnans is False
    if texts and places.index.name == "place":
        return places
    places = places.copy(deep=False)
    if not texts and not places.index.hasnans:
        places.index = pd.Index([str(label) for label in places.index])
    places.index = places.index.rename("place")
    return places


def _index_complaints(places: "GeoDataFrame") -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    if places.index.hasnans:
        found.append((f"{int(places.index.isna().sum())} places have no key", "Expected one text for each place"))
    # The index itself would keep a second copy of all its labels to look for those that occur twice.
    twice = places.index[[] if _rising(places.index) else places.index.array.duplicated()].unique()
    if len(twice):
        found.append(
            (f"{len(twice)} keys occur more than once: {listed(twice)}", "Expected each key once", "Dissolve or correct these rows")
        )
    titles = [str(name) for name in places.columns[places.columns.duplicated()]]
    if titles:
        found.append((f"columns occur more than once: {listed(titles)}", "Expected each column once", "Rename them"))
    return found


def _rising(labels: "pd.Index[Any]") -> bool:
    """Whether labels stand in order and none occurs twice, as they often do: then nothing needs to be sorted or looked up."""
    values = labels.array
    return not labels.hasnans and bool((values[1:] > values[:-1]).all())


def _geometry_complaints(places: "GeoDataFrame") -> list[tuple[str, ...]]:
    import shapely

    found: list[tuple[str, ...]] = []
    if not len(places):
        return [("there are no places", "Expected at least one row")]
    if places.crs is None:
        found.append(
            (
                "the coordinates have no reference system (CRS)",
                "Expected one, for distances and areas depend on it",
                'State it as crs = "EPSG:...", or crs = "local" for coordinates that belong to no place on Earth',
            )
        )
    shapes = np.asarray(places.geometry.array)
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    none = places.index[absent]
    if len(none):
        found.append(
            (
                f"{len(none)} places have no geometry: {listed(none)}",
                "Expected a geometry for each",
                "Complete or remove these rows",
            )
        )
    types = np.where(absent, -1, shapely.get_type_id(shapes))
    firsts = [int(np.argmax(types == each)) for each in np.flatnonzero(np.bincount(types + 1)[1:])]
    kinds = {_kind(shapes[first].geom_type) for first in firsts}
    if len(kinds) > 1:
        found.append((f"there are {' and '.join(sorted(kinds))} in one table", "Expected one kind of geometry", "Split the layer"))
    wrong = ~_valid(shapes) & ~absent
    if wrong.any():
        reasons = shapely.is_valid_reason(shapes[wrong][:5])
        shown = [f"{label}: {reason}" for label, reason in zip(places.index[wrong], reasons, strict=False)]
        found.append(
            (
                f"{int(wrong.sum())} geometries are invalid: {listed(shown)}",
                "Expected valid geometries",
                "Repair them, or read the file with spatial.read_places",
            )
        )
    return found


def _valid(shapes: "np.ndarray[Any, Any]") -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Tell which shapes are valid; many are looked at in parts by several processors."""
    import shapely

    if len(shapes) < MANY:
        return np.asarray(shapely.is_valid(shapes))
    parts = np.array_split(shapes, -(-len(shapes) // MANY))
    return np.concatenate(list(shared_out(shapely.is_valid, parts, "Checking shapes")))


def _kind(name: str) -> str:
    return {"Polygon": "polygons", "MultiPolygon": "polygons", "Point": "points", "MultiPoint": "points"}.get(
        name, "lines" if "Line" in name else name
    )


def _refuse_other_labels(places: "GeoDataFrame", graph: "Graph") -> None:
    ids = graph.unique_ids
    without, unknown = places.index[~places.index.isin(ids)], ids[~ids.isin(places.index)]
    parts = [f"{len(without)} places are not in the graph: {listed(without)}"] if len(without) else []
    parts += [f"{len(unknown)} labels of the graph are no places: {listed(unknown)}"] if len(unknown) else []
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
                f"{len(shown)} weights are negative or no numbers: {listed(shown)}",
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
    graph: "Graph", places: "GeoDataFrame", labels: "pd.Index[str]", present: "np.ndarray[Any, Any]"
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
    starts, ends = (
        codes.astype(np.int32) if level.equals(labels) else labels.get_indexer(level).astype(np.int32)[codes]
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


def _present(matrix: "csr_array", present: "np.ndarray[Any, Any]", transform: str) -> "tuple[csr_array, str]":
    """Leave places out."""
    from scipy.sparse import csr_array

    return (matrix if present.all() else _transformed(csr_array(matrix[present, :][:, present]), transform)), transform


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
