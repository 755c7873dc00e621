"""Columns that the layer of places holds already: said to be indicators, and checked like those of a table."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from spatial.errors import DataError
from spatial.indicators._columns import columns_read
from spatial.indicators.joining import JoinedColumn
from spatial.indicators.recipes import ColumnRecipe, TableRecipe
from spatial.indicators.tables import Cells
from spatial.places import checked

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def held(
    places: "GeoDataFrame", columns: Mapping[str, ColumnRecipe], where: str = "places"
) -> tuple[tuple[JoinedColumn, ...], tuple[str, ...]]:
    """
    Check columns that places have from their layer, as those of a table are checked.

    Parameters
    ----------
    places
        The table of places.
    columns
        What is known of its columns.
    where
        What to call the layer in a complaint.

    Returns
    -------
    tuple
        Title, unit and kind of each column, and findings.

    Raises
    ------
    DataError
        When a column is not there, holds text instead of numbers, or is out of range; all complaints at once.
    """
    import pandas as pd

    if not columns:
        return (), ()
    places = checked(places)
    plain = pd.DataFrame(places.drop(columns=places.geometry.name)).astype(object)
    plain = plain.where(plain.notna(), None)
    recipe = TableRecipe(table=Path(where), key="", columns=columns)
    _, findings, complaints = columns_read(Cells(plain), recipe, [str(label) for label in places.index], ())
    if complaints:
        raise DataError("\n".join(complaints))
    return tuple(JoinedColumn.of(each) for each in columns.values()), findings
