"""What holds for the one table, and the complaints where it does not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, complaint, counted, listed, nearest_name
from spatial.progress import shared_out

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: Shapes that a thread checks at a time; fewer labels than that may be held twice.
MANY = 50_000

#: Coordinates that belong to no place on Earth: the WKT of a reference system that says just that.
LOCAL = (
    'ENGCRS["Local coordinates, unit unknown",EDATUM["Local"],CS[Cartesian,2],'
    'AXIS["x",east],AXIS["y",north],LENGTHUNIT["unknown",1]]'
)


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
    shapes, titles = places.active_geometry_name, places.columns
    absent = [name for name in columns if name == shapes or name not in titles]
    if absent:
        known = [str(name) for name in titles if name != shapes]
        raise DataError("\n".join(complaint(where, f"there is no column {name!r}", nearest_name(name, known)) for name in absent))


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
    column = places[name]
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiu"
    found = column if column.dtype == np.float64 else column.astype(float) if plain else _read(column, name)
    endless = np.isinf(found.to_numpy())
    if endless.any():
        raise DataError(
            complaint(
                f"column {name!r}",
                f"{counted(int(endless.sum()), 'value is', 'values are')} infinite: {listed(column.index[endless])}",
                "Expected finite numbers",
            )
        )
    return found


def _read(column: "pd.Series[Any]", name: str) -> "pd.Series[Any]":
    """Take a column that is not of numbers by its type as numbers."""
    import pandas as pd

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
                f"{counted(len(shown), 'value is no number', 'values are not numbers', of=len(column))}: {listed(shown)}",
                "Expected numbers",
                "Correct them, or name them as missing codes",
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
        found.append(
            (f"{counted(int(places.index.isna().sum()), 'place has', 'places have')} no key", "Expected one text for each place")
        )
    # The index itself would keep a second copy of all its labels to look for those that occur twice.
    twice = [] if rising(places.index) else places.index[places.index.array.duplicated()].unique()
    if len(twice):
        found.append(
            (
                f"{counted(len(twice), 'key occurs', 'keys occur')} more than once: {listed(twice)}",
                "Expected each key once",
                "Dissolve or correct these rows",
            )
        )
    if not places.columns.is_unique:
        titles = [str(name) for name in places.columns[places.columns.duplicated()]]
        found.append((f"columns occur more than once: {listed(titles)}", "Expected each column once", "Rename them"))
    return found


def rising(labels: "pd.Index[Any]") -> bool:
    """Whether labels stand in order and none occurs twice, as they often do: then nothing needs to be sorted or looked up."""
    if labels.hasnans:
        return False
    if len(labels) < MANY:  # the index remembers it, at the price of a second copy of its labels
        return bool(labels.is_monotonic_increasing and labels.is_unique)
    values = labels.array
    return bool((values[1:] > values[:-1]).all())


def _geometry_complaints(places: "GeoDataFrame") -> list[tuple[str, ...]]:
    import shapely

    found: list[tuple[str, ...]] = []
    if not len(places):
        return [("there are no places", "Expected at least one row")]
    geometry = places.geometry.array
    if geometry.crs is None:
        found.append(
            (
                "the coordinates have no reference system (CRS)",
                "Expected one, for distances and areas depend on it",
                'State it as crs = "EPSG:...", or crs = "local" for coordinates that belong to no place on Earth',
            )
        )
    shapes = np.asarray(geometry)
    types, valid = shapely.get_type_id(shapes), _valid(shapes)
    if (types == max(types[0], 0)).all() and valid.all() and not shapely.is_empty(shapes).any():
        return found  # as most tables are
    absent = (types < 0) | shapely.is_empty(shapes)
    none = places.index[absent]
    if len(none):
        found.append(
            (
                f"{counted(len(none), 'place has', 'places have')} no geometry: {listed(none)}",
                "Expected a geometry for each",
                "Complete or remove these rows",
            )
        )
    types = np.where(absent, -1, types)
    firsts = [int(np.argmax(types == each)) for each in np.flatnonzero(np.bincount(types + 1)[1:])]
    kinds = {_kind(shapes[first].geom_type) for first in firsts}
    if len(kinds) > 1:
        found.append((f"there are {' and '.join(sorted(kinds))} in one table", "Expected one kind of geometry", "Split the layer"))
    wrong = ~valid & ~absent
    if wrong.any():
        reasons = shapely.is_valid_reason(shapes[wrong][:5])
        shown = [f"{label}: {reason}" for label, reason in zip(places.index[wrong], reasons, strict=False)]
        found.append(
            (
                f"{counted(int(wrong.sum()), 'geometry is', 'geometries are')} invalid: {listed(shown)}",
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
