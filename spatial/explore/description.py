"""What are the columns like? Location, spread, shape, and what is missing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, complaint, counted, listed
from spatial.explore._significance import Array
from spatial.options import Column, used
from spatial.places import Missing, checked, columns_checked, numbers
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

SKEWED = 1.0  # beyond this the reading says so
FEW_SKEW = 20  # places, below which skewness is not spoken of: it cannot be large, nor is it reliable


@dataclass(frozen=True, kw_only=True, eq=False)
class Description(Result):
    """Columns in numbers."""

    table: "pd.DataFrame" = shown("Summary of the columns")


def describe(places: "GeoDataFrame", *, columns: list[Column], missing: Missing = "drop") -> Description:
    """
    Summarise columns: how many values, where they lie, how they spread, and what is missing.

    Parameters
    ----------
    places
        The table of places.
    columns
        The columns of numbers to summarise.
    missing
        Whether a missing value is an error, or is counted and left out of the other figures.

    Returns
    -------
    Description
        ``table`` is indexed by column: ``n`` values present, ``missing``, ``mean``, ``sd`` (divisor n - 1), ``min``, ``q1``,
        ``median``, ``q3``, ``max`` (quantiles interpolate linearly, R's type 7), ``skewness`` m3 / m2^1.5, ``kurtosis``
        m4 / m2^2 (3 for a normal distribution; moments with divisor n) and ``cv`` = sd / mean (only where all values are
        positive).

    Raises
    ------
    DataError
        When a column is not there or holds text, or with ``missing = "error"`` when a value is missing.

    Notes
    -----
    Each column is summarised over all places that have a value in it, whatever the others lack. The number of missing values
    stands in the table, which is why leaving them out is the default here and nowhere else.

    Examples
    --------
    >>> import geopandas, spatial
    >>> from shapely import Point
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 6]}, geometry=[Point(x, 0) for x in range(3)], index=list("abc"), crs="EPSG:32642")
    >>> spatial.describe(places, columns=["value"]).table.loc["value", ["n", "mean", "median"]].tolist()
    [3.0, 3.0, 2.0]
    """
    import pandas as pd

    options = used(describe, locals())
    places = checked(places)
    columns_checked(places, columns)
    rows, gaps = {}, []
    for name in dict.fromkeys(columns):
        found = numbers(places, name).sort_index()
        gone = found.index[found.isna()]
        if len(gone):
            gaps.append((name, f"{counted(len(gone), 'place has', 'places have', of=len(found))} no value: {listed(gone)}"))
        rows[name] = _summary(found.dropna().to_numpy(float)) | {"missing": len(gone)}
    if gaps and missing == "error":
        remedy = 'Fill the gaps, or set missing = "drop"'
        raise DataError(
            "\n".join(complaint(f"column {name!r}", what, "Expected a value for each place", remedy) for name, what in gaps)
        )
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("column")
    order = ["n", "missing", *(name for name in table.columns if name not in ("n", "missing"))]
    return Description(
        operation="describe",
        options=options,
        observations=len(places),
        notes=tuple(f"Column {name!r}: {what}." for name, what in gaps),
        reading=_reading(table, len(places)),
        table=table[order],
    )


def _summary(values: Array) -> dict[str, Any]:
    names = ("mean", "sd", "min", "q1", "median", "q3", "max", "skewness", "kurtosis", "cv")
    filled: dict[str, Any] = {"n": len(values)} | dict.fromkeys(names, np.nan)
    if not len(values):
        return filled
    filled |= dict(zip(("min", "q1", "median", "q3", "max"), map(float, np.quantile(values, [0, 0.25, 0.5, 0.75, 1])), strict=True))
    filled["mean"] = float(values.mean())
    if len(values) > 1:
        filled["sd"] = float(values.std(ddof=1))
    if np.ptp(values) > 0:
        deviation = (values - values.mean()) / values.std()
        filled["skewness"], filled["kurtosis"] = float((deviation**3).mean()), float((deviation**4).mean())
    if (values > 0).all():
        filled["cv"] = filled["sd"] / filled["mean"]
    return filled


def _reading(table: "pd.DataFrame", places: int) -> tuple[str, ...]:
    sentences = [
        f"{len(table)} columns of {places} places are summarised."
        if len(table) != 1
        else f"One column of {places} places is summarised."
    ]
    lacking = [f"{name} ({int(count)})" for name, count in table["missing"].items() if count]
    if lacking:
        sentences.append(f"Values are missing in {', '.join(lacking)}; the other figures leave them out.")
    long = [str(name) for name in table.index if abs(table.loc[name, "skewness"]) > SKEWED and table.loc[name, "n"] >= FEW_SKEW]
    if long:
        sentences.append(
            f"The values of {', '.join(long)} are strongly skewed: there the median says more about a usual place than the mean."
        )
    if places < FEW_SKEW:
        sentences.append(f"With {places} places every figure depends on each single place.")
    return tuple(sentences)
