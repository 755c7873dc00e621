"""A table with coordinates -> points under the contract of places."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, complaint, counted, listed, nearest_name
from spatial.indicators._columns import columns_read
from spatial.indicators._keys import keys_of
from spatial.indicators.joining import rows_named
from spatial.indicators.recipes import ColumnRecipe, PointsRecipe, TableRecipe
from spatial.indicators.tables import Cells, cells
from spatial.places import checked

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def read_points(recipe: PointsRecipe) -> "GeoDataFrame":
    """
    Read points from a table with two columns of coordinates.

    Parameters
    ----------
    recipe
        The table, its key, its coordinates (``x`` is longitude or easting, ``y`` latitude or northing) and their reference
        system.

    Returns
    -------
    geopandas.GeoDataFrame
        One point for each row, index ``place``, in the reference system of the table; all other columns as they are.

    Raises
    ------
    DataError
        When a column is not there, a key is missing or occurs twice, or a coordinate is missing, no number or not on Earth.
    """
    import geopandas

    where = recipe.table.name
    table = cells(recipe.table, recipe.sheet, encoding=recipe.encoding)
    titles = [str(title) for title in table.frame.columns]
    absent = [name for name in (recipe.key, recipe.x, recipe.y, *filter(None, [recipe.label])) if titles.count(name) != 1]
    if absent:
        raise DataError("\n".join(complaint(where, f"there is no column {name!r}", nearest_name(name, titles)) for name in absent))
    crs = _reference_system(recipe)
    keys = keys_of(table.frame[recipe.key])
    if keys.isna().any():
        without = listed(keys.index[keys.isna()])
        said = f"row {without} has" if keys.isna().sum() == 1 else f"rows {without} have"
        raise DataError(
            complaint(
                where,
                f"{said} no key",
                "Expected one for each point",
            )
        )
    x, y = _coordinates(table, recipe, rows_named(table, keys), degrees=crs.is_geographic)
    like = TableRecipe(table=recipe.table, key=recipe.key, missing=recipe.missing, decimal=recipe.decimal)
    columns, _, complaints = columns_read(table, like, rows_named(table, keys), [])
    if complaints:
        raise DataError("\n".join(complaints))
    data = {each.recipe.name: each.array for each in columns if each.recipe.name not in (recipe.x, recipe.y)}
    points = geopandas.GeoDataFrame(data, geometry=geopandas.points_from_xy(x, y), crs=crs)
    points.index = keys.to_numpy(dtype=str).astype(object)
    return checked(points.rename_axis("place"), where)


def _reference_system(recipe: PointsRecipe) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(recipe.crs)
    except CRSError:
        raise DataError(
            complaint(recipe.table.name, f"the reference system {recipe.crs!r} is not known", "Expected a code such as 'EPSG:4326'")
        ) from None


def _coordinates(table: Cells, recipe: PointsRecipe, rows: list[str], *, degrees: bool) -> list[Any]:
    """Read both columns as numbers; degrees must lie on Earth."""
    x = ColumnRecipe(name=recipe.x, source=recipe.x, title=recipe.x)
    y = replace(x, name=recipe.y, source=recipe.y, title=recipe.y)
    if degrees:
        x, y = replace(x, low=-180, high=360), replace(y, low=-90, high=90)
    like = TableRecipe(table=recipe.table, key=recipe.key, decimal=recipe.decimal, missing=recipe.missing, columns={"x": x, "y": y})
    columns, _, complaints = columns_read(table, like, rows, [])
    for each in columns:
        gaps = [rows[position] for position in np.flatnonzero(np.isnan(each.array))]
        if gaps:
            complaints = (
                *complaints,
                complaint(
                    recipe.table.name, f"{counted(len(gaps), 'point has', 'points have')} no {each.recipe.name!r}: {listed(gaps)}"
                ),
            )
    if complaints:
        raise DataError("\n".join(complaints))
    return [each.array for each in columns]
