"""Do places that scatter much lie together? A global test of spatial heteroskedasticity."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.errors import ModelError, complaint
from spatial.explore._global import GlobalStatistic, caution, inference_by_chance, notes_of, verdict
from spatial.explore._moments import EVEN, neighbours_of, row_sums, standard
from spatial.explore._permutations import quadratic
from spatial.explore._significance import Array
from spatial.options import Between, Column, used
from spatial.places import Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

_ISLANDS = "Places without neighbours have no residual and do not count in n; where one is somebody's neighbour its residual counts as the mean."
_MOMENTS = "Expectation and variance are those of the orders tried, for residuals that share neighbours have no formula for them."


@dataclass(frozen=True, kw_only=True, eq=False)
class Heteroskedasticity(GlobalStatistic):
    """Moran's I of the residuals' size: whether scatter is clustered."""

    statistic: float = shown("Moran's I of the residuals' size")
    p: float = shown("p (normal approximation)")
    residual: "pd.Series[Any]" = shown("Residual from the neighbours' mean, to the power")


def heteroskedasticity(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    power: Annotated[float, Between(0.5, 4)] = 2.0,
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> Heteroskedasticity:
    """
    Test whether values scatter more in some parts of the map than in others (spatial heteroskedasticity).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight.
    column
        The numbers to look at.
    power
        What residuals are raised to: 2 for variances, 1 for absolute deviations.
    alternative
        Whether either kind of pattern counts, only much scatter beside much scatter ("greater"), or only beside little ("less").
    permutations
        How many random orders of the values are tried; not used where all orders are.
    exact
        Whether all orders are tried where there are at most 50,000 of them (up to 8 places).
    seed
        Where the random numbers start; the same seed gives the same numbers.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    Heteroskedasticity
        ``statistic`` is larger than ``expected`` where places far from their neighbours' mean lie beside others that are.
        ``expected`` is not -1 / (n - 1) but mostly above: two residuals that share neighbours are alike without any pattern.
        ``residual`` is the size of each place's residual, NaN without neighbours.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, all values are equal, nobody has a neighbour, or all residuals are alike.

    Notes
    -----
    e_i = |x_i - m_i|^a with m_i the neighbours' weighted mean, the residuals of ``losh`` (Ord and Getis 2012); the statistic is
    Moran's I of e: the variance of a place goes with that of its neighbours, as in a spatial ARCH process (Otto, Schmid and
    Garthoff 2018). Chance deals out x and makes new residuals for every order, as spdep's ``LOSH.mc``: to deal out the
    residuals, as a Moran test of them would, finds far too much, for neighbours' residuals have values in common. Expectation and
    variance are those of the orders tried, and the p beside that of the permutations takes the statistic as normal. A trend or
    likeness of neighbours leaves nearly nothing in the residuals, but strong likeness or a sharp step in x does: then look at the
    residuals of a model.

    References
    ----------
    Ord, J. K. and Getis, A. (2012). Local spatial heteroscedasticity (LOSH). The Annals of Regional Science 48, 529-539.
    doi:10.1007/s00168-011-0492-y
    Otto, P., Schmid, W. and Garthoff, R. (2018). Generalised spatial and spatiotemporal autoregressive conditional
    heteroscedasticity. Spatial Statistics 26, 125-145. doi:10.1016/j.spasta.2018.07.005

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> table = {"value": [1, 1, 1, 9, 1]}
    >>> places = geopandas.GeoDataFrame(table, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> round(spatial.heteroskedasticity(places, graph, column="value").statistic, 3)  # residuals 0, 0, 16, 64, 64
    0.577
    """
    options = used(heteroskedasticity, locals())
    given = neighbours_of(places, graph, column, missing)
    some = ~given.islands
    n, weight, products = int(some.sum()), row_sums(given.weights)[:, None], quadratic(given.weights)
    deviation = standard(given.vector)  # I has no unit, and powers of large numbers would end

    def residuals(values: Array) -> Array:
        mean = np.divide(given.weights @ values, weight, out=values.copy(), where=weight > 0)
        found: Array = np.abs(values - mean) ** power
        return found

    def index(values: Array) -> Array:
        size = residuals(values)
        around = np.where(some[:, None], size - size[some].mean(axis=0), 0.0)
        spread, total = (around**2).sum(axis=0), (size**2).sum(axis=0)
        alike = spread <= EVEN * total  # residuals that are all alike have no pattern
        found: Array = np.where(alike, 0.0, n / weight.sum() * products(around) / np.where(alike, 1.0, spread))
        return found

    size = residuals(deviation[:, None])[:, 0]
    if np.ptp(size[some]) <= EVEN * size[some].max():
        raise ModelError(
            complaint(
                f"column {column!r}",
                f"all {n} places are equally far from their neighbours' mean",
                "Expected residuals that differ",
                "Use another graph",
            )
        )
    observed = float(index(deviation[:, None])[0])
    filled, reference = inference_by_chance(
        observed, deviation, index, alternative=alternative, permutations=permutations, seed=seed, exact=exact
    )
    return Heteroskedasticity(
        operation="heteroskedasticity",
        options=options | {"graph": given.graph},
        observations=len(given.labels),
        notes=(*notes_of(given, filled, reference, islands=_ISLANDS), _MOMENTS),
        reading=_reading(column, n, filled),
        assumption="randomization",
        residual=given.series(np.where(some, size * given.vector.std() ** power, np.nan)),
        **filled,
    )


def _reading(column: str, n: int, filled: dict[str, Any]) -> tuple[str, ...]:
    measured = (
        f"Moran's I of how far {column} lies from the neighbours' mean, over {n} places, is {filled['statistic']:.3f}; were the values"
        f" dealt out by chance, {filled['expected']:.3f} would be expected, give or take {filled['simulated_sd']:.3f} (one standard deviation)."
    )
    return (
        measured,
        verdict(
            filled,
            "Values scatter more in some parts of the map than in others",
            "Places that differ much from their neighbours lie apart from each other more than chance would make them",
            "Scatter that differs from part to part is not clearly shown",
        ),
        *caution(filled, n),
    )
