"""What an operation hands back: records whose field types say where each value goes."""

import math
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from affine import Affine
    from pyproj import CRS

Theme = Literal["sequential", "diverging", "categories", "clusters"]
Figure = Literal["histogram", "links", "correlogram", "profiles"]


#: Leaves of a tree that can be read on a page, and how many are left where it has more and only its top is drawn.
READABLE, TOP = 121, 60
_JOINED = 20  # joinings that a top shows at least, however many parts the hierarchy has


def leaves_drawn(places: int, joinings: int, groups: int) -> int:
    """
    Choose how many leaves the drawn tree of a hierarchy has.

    Parameters
    ----------
    places
        How many places were joined.
    joinings
        How often; as many as that is less than the places, so many parts were left.
    groups
        Into how many groups the hierarchy is cut, 0 where it is not.

    Returns
    -------
    int
        All places where they can be read. Beyond, the branches that stand before the last joinings: about sixty, as many as there
        are groups where they can be read, and more than there are parts. 0 where the parts alone are too many.

    Examples
    --------
    >>> leaves_drawn(20, 19, 5), leaves_drawn(5000, 4999, 5), leaves_drawn(5000, 4999, 80), leaves_drawn(5000, 4800, 300)
    (20, 60, 80, 0)
    """
    least = places - joinings + _JOINED
    if places <= READABLE:
        return places
    return 0 if least > READABLE else max(TOP, least, groups if groups <= READABLE else 0)


def shown(
    title: str,
    *,
    unit: str = "",
    theme: Theme | None = None,
    mapped: tuple[str, ...] = (),
    figure: Figure | None = None,
    default: Any = None,
    required: bool = True,
) -> Any:
    """
    Declare a field of a result: what a reader sees above it, and how it looks on a map.

    Parameters
    ----------
    title
        The words over a column, a row of the report or a map.
    unit
        The unit of the values, empty for a pure number.
    theme
        For a ``Series`` on places, the kind of thematic map that is drawn of it without being asked: ``"sequential"``,
        ``"diverging"`` (around 0), ``"categories"`` (groups without order) or ``"clusters"`` (High-High and so on, classes of p).
    figure
        The chart that is drawn of it. Of a ``DataFrame``: ``"histogram"`` (how many places, its first column, by a whole number,
        its index), ``"correlogram"`` (a row for each lag with ``nearest, farthest, links, statistic, expected, p_adjusted`` and
        ``low`` and ``high``, between which 95 percent of the permutations lie) or ``"profiles"`` (a row for each group, a column
        for each indicator, in standard deviations from the mean of all). Of a ``Series`` on places with the number of
        neighbours: ``"links"``, a map of the graph.
    default
        The value where the field does not apply; only used with ``required=False``.
    required
        Whether the operation must fill the field.

    Returns
    -------
    dataclasses.Field
        With this in its ``metadata`` under ``title``, ``unit``, ``theme``, ``mapped`` and ``figure``.
    """
    metadata = {"title": title, "unit": unit, "theme": theme, "mapped": mapped, "figure": figure}
    return field(metadata=metadata) if required else field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """
    What every result holds.

    A child adds fields. Where a value goes follows from its type: a number or a text to the report, a ``Series`` indexed
    by place to a column of the layer, a ``DataFrame`` to a table, a ``Surface`` to a raster.
    """

    operation: str
    options: dict[str, Any]
    observations: int
    notes: tuple[str, ...] = ()  # what was assumed, dropped or did not converge
    reading: tuple[str, ...] = ()  # what the numbers say, in sentences for somebody who is no statistician

    def to_dict(self) -> dict[str, Any]:
        """
        Give the result as plain values for JSON.

        Returns
        -------
        dict
            Field name to value. A ``Series`` becomes label to value, a ``DataFrame`` row label to column to value, NaN
            becomes ``None``, infinity the text ``"Inf"`` or ``"-Inf"``.
        """
        return {each.name: plain(getattr(self, each.name)) for each in fields(self)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """A raster of numbers: rows from north to south, columns from west to east."""

    values: "np.ndarray[tuple[int, int], np.dtype[np.float32]]"
    transform: "Affine"
    crs: "CRS"
    unit: str
    nodata: float = math.nan
    title: str = ""


def plain(value: Any) -> Any:
    """
    Turn a value of a result into what JSON knows.

    Parameters
    ----------
    value
        A number, text, tuple, mapping, ``Series``, ``DataFrame``, array or ``Surface``.

    Returns
    -------
    object
        None, bool, int, float, str, list or dict.

    Examples
    --------
    >>> plain({"a": float("nan"), "b": (1, 2)})
    {'a': None, 'b': [1, 2]}
    """
    for kinds, writer in _WRITERS:
        if isinstance(value, kinds):
            return writer(value)
    if hasattr(value, "columns"):
        return _plain_table(value)
    if hasattr(value, "index") and hasattr(value, "to_numpy"):
        return {str(label): plain(each) for label, each in zip(value.index, value.tolist(), strict=True)}
    return None if str(value) in ("<NA>", "NaT") else str(value)


def columns_of(step: str, result: Result, places: "pd.Index[str]") -> "dict[str, pd.Series[Any]]":
    """
    Give the columns a result adds to the places layer.

    Parameters
    ----------
    step
        The name of the step; columns are called ``<step>_<field>``.
    result
        What the step found.
    places
        The index of the layer; a series indexed by anything else stays out.

    Returns
    -------
    dict
        Column name to values on ``places``.
    """
    found = {}
    for name, _, _, values in place_columns(step, result):
        if values.index.isin(places).all():
            found[name] = values.reindex(places)
    return found


def place_columns(step: str, result: Result) -> "list[tuple[str, Field[Any], str, pd.Series[Any]]]":
    """
    List what a result says of places, a column each.

    Parameters
    ----------
    step
        The name of the step.
    result
        What the step found.

    Returns
    -------
    list of tuple
        Name of the column, field, column of the field's table (empty for a ``Series``) and values. Columns of a table are
        called ``<step>_<field>_<column>`` with ``_`` for everything that is neither letter nor digit; names that differ by
        upper and lower case only get a number.
    """
    found: list[tuple[str, Field[Any], str, Any]] = []
    for each in fields(result):
        value = getattr(result, each.name)
        if not hasattr(value, "reindex"):
            continue
        if not hasattr(value, "columns"):
            found.append((f"{step}_{each.name}", each, "", value))
        elif on_places(value):
            found += [(f"{step}_{each.name}_{_safe(column)}", each, str(column), value[column]) for column in value.columns]
    taken: dict[str, int] = {}
    made = []
    for name, each, column, values in found:
        number = taken[name.casefold()] = taken.get(name.casefold(), 0) + 1
        made.append((name if number == 1 else f"{name}_{number}", each, column, values))
    return made


def on_places(table: Any) -> bool:
    """
    Tell whether a table has a row for each place, and so belongs to the layer.

    Parameters
    ----------
    table
        A ``DataFrame``.

    Returns
    -------
    bool
        Whether its index is called "place".
    """
    return bool(table.index.nlevels == 1 and table.index.name == "place" and table.index.is_unique)


def _safe(column: object) -> str:
    return re.sub(r"[\W_]+", "_", str(column)).strip("_") or "column"


def _plain_number(number: float) -> float | str | None:
    if math.isnan(number):
        return None
    if math.isinf(number):
        return "Inf" if number > 0 else "-Inf"
    return number


def _plain_table(table: "pd.DataFrame") -> Any:
    rows = [dict(zip(map(str, table.columns), map(plain, row), strict=True)) for row in table.itertuples(index=False)]
    if table.index.is_unique and table.index.nlevels == 1:
        return {str(label): row for label, row in zip(table.index, rows, strict=True)}
    return rows


def _plain_surface(surface: Surface) -> dict[str, Any]:
    import hashlib

    values = np.ascontiguousarray(surface.values, dtype=np.float32)
    rows, columns = values.shape
    return {
        "rows": rows,
        "columns": columns,
        "transform": [float(each) for each in tuple(surface.transform)[:6]],
        "crs": surface.crs.to_string(),
        "unit": surface.unit,
        "nodata": plain(float(surface.nodata)),
        "minimum": plain(float(np.nanmin(values))) if not np.isnan(values).all() else None,
        "maximum": plain(float(np.nanmax(values))) if not np.isnan(values).all() else None,
        "sha256": hashlib.sha256(values.tobytes()).hexdigest(),
    }


_WRITERS: tuple[tuple[Any, Any], ...] = (
    ((type(None), bool, str), lambda value: value),
    (np.bool_, bool),
    ((int, np.integer), int),
    ((float, np.floating), lambda value: _plain_number(float(value))),
    (Mapping, lambda value: {str(key): plain(each) for key, each in value.items()}),
    (Surface, _plain_surface),
    ((tuple, list, np.ndarray), lambda value: [plain(each) for each in value]),
)
