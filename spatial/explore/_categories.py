"""A column of kinds -> codes aligned with a graph."""

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.explore._moments import LEAST, linked
from spatial.places import Aligned, Missing, aligned, checked, columns_checked

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


def categories_of(places: "GeoDataFrame", graph: "Graph", column: str, missing: Missing) -> tuple[Aligned, list[str]]:
    """
    Align a column of kinds with a graph.

    Returns
    -------
    tuple
        The alignment, whose values are the numbers of the kinds, and the names of the kinds: numbers in their order, texts in theirs.
    """
    import pandas as pd

    index, places = places.index, checked(places)
    columns_checked(places, [column])
    values = places[column]
    if values.dtype == "float16":  # pandas cannot tell the kinds of these
        values = values.astype("float32")
    kinds = sorted(values.dropna().unique(), key=_rank)
    codes = pd.Series(np.where(values.isna(), np.nan, pd.Categorical(values, categories=kinds).codes), index=places.index)
    given = linked(
        aligned(places.assign(**{column: codes}), graph, column, missing=missing, least=LEAST, varying=False, index=index)
    )
    return given, [_name(kind) for kind in kinds]


def _name(kind: Any) -> str:
    """Write a kind; whole numbers without a point, for one gap makes them floats."""
    return str(int(kind)) if isinstance(kind, float | np.floating) and float(kind).is_integer() else str(kind)


def _rank(kind: object) -> tuple[bool, float, str]:
    """Put numbers first, in their order, then everything else by its text."""
    if isinstance(kind, Real):
        return False, float(kind), ""
    return True, 0.0, str(kind)
