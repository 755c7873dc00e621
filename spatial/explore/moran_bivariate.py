"""Do the neighbours of places with much of one thing have much of another? Bivariate Moran's I."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.explore._global import GlobalStatistic, caution, inference, notes_of, verdict
from spatial.explore._moments import EVEN, by_column, pair_of, row_sums, standard
from spatial.explore._pairs import directed_moments, directed_products, directed_weights
from spatial.explore._significance import Array
from spatial.options import Between, Column, used
from spatial.places import Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class BivariateMoran(GlobalStatistic):
    """Global bivariate Moran's I."""

    statistic: float = shown("Bivariate Moran's I")
    correlation: float = shown("Correlation of both columns at the same place")
    deviation: "pd.Series[Any]" = shown("Deviation of the column from its mean, in standard deviations")
    lag: "pd.Series[Any]" = shown("Spatial lag of the second column's deviation")


def bivariate_moran(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    second: Column,
    dealt: Literal["second", "pairs"] = "second",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> BivariateMoran:
    """
    Measure whether one column is related to another one at the neighbours (bivariate Moran's I).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight.
    column
        The numbers at the places themselves.
    second
        The numbers at their neighbours.
    dealt
        What chance deals out: the second column alone ("second", no relation at all), or places with both values ("pairs",
        the relation at the same place stays as it is).
    alternative
        Whether either sign counts, only a positive relation ("greater"), or only a negative one ("less").
    permutations
        How many random orders are tried; not used where all orders are.
    exact
        Whether all orders are tried where there are at most 50,000 of them (up to 8 places).
    seed
        Where the random numbers start; the same seed gives the same numbers.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    BivariateMoran
        ``statistic`` is the slope of the neighbours' second column on the column, both in standard deviations, where weights
        are row-standardised. ``correlation`` is that at the same place.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, all values of a column are equal, or nobody has a neighbour.

    Notes
    -----
    I = (n / S0) sum_ij w_ij z_i u_j / sqrt(sum z^2 sum u^2). spdep's ``moran_bv`` is the same for weights that sum to n, and so
    is esda's ``Moran_BV``, which lags its second argument too. Where both columns are related at the same place and each is
    clustered, I is far from 0 without any relation between neighbours: that is what ``dealt = "pairs"`` allows for in part. The
    analytical p belongs to the same way of dealing out as the permutations, whether or not weights differ by direction.

    References
    ----------
    Wartenberg, D. (1985). Multivariate spatial correlation. Geographical Analysis 17, 263-283.
    doi:10.1111/j.1538-4632.1985.tb00849.x
    Anselin, L., Syabri, I. and Smirnov, O. (2002). Visualizing multivariate spatial correlation with dynamically linked windows.

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> table = {"one": [1, 2, 3, 4, 5], "other": [5, 4, 3, 2, 1]}
    >>> places = geopandas.GeoDataFrame(table, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> round(spatial.bivariate_moran(places, graph, column="one", second="other").statistic, 3)
    -0.5
    """
    options = used(bivariate_moran, locals())
    given = pair_of(places, graph, column, second, missing)
    one, other = standard(by_column(given))
    matrix, n = given.weights, len(given.labels)
    scale = 1 / float(row_sums(matrix).sum())
    pull = matrix.T @ one  # what each place's second value counts

    def index(order: Array) -> Array:
        where = order.astype(np.intp)
        found: Array = scale * (pull @ other[where] if dealt == "second" else (one[where] * (matrix @ other[where])).sum(axis=0))
        return found

    if dealt == "second":
        expected, variance = 0.0, _spread(pull, matrix.T @ np.abs(one)) * n / (n - 1)
    else:
        expected, variance = directed_moments(directed_weights(matrix), directed_products(one, other), n)
    everyone = np.arange(float(n))
    observed = float(index(everyone[:, None])[0])
    filled, reference = inference(
        (observed, expected * scale, variance * scale**2),
        everyone,
        index,
        alternative=alternative,
        permutations=permutations,
        seed=seed,
        exact=exact,
    )
    correlation = float((one * other).mean())
    return BivariateMoran(
        operation="bivariate_moran",
        options=options | {"graph": given.graph},
        observations=n,
        notes=notes_of(given, filled, reference),
        reading=_reading(column, second, n, filled, correlation),
        assumption="randomization",
        correlation=correlation,
        deviation=given.series(one),
        lag=given.series(matrix @ other),
        **filled,
    )


def _spread(values: Array, sizes: Array) -> float:
    """Sum squared deviations from the mean; 0 where they are no more than the rounding of what values are sums of, ``sizes``."""
    found = float(((values - values.mean()) ** 2).sum())
    return found if found > EVEN**2 * float(sizes @ sizes) else 0.0


def _reading(column: str, second: str, n: int, filled: dict[str, Any], correlation: float) -> tuple[str, ...]:
    return (
        (
            f"Bivariate Moran's I of {column} with {second} at the neighbours over {n} places is {filled['statistic']:.3f}; without"
            f" relation {filled['expected']:.3f} would be expected, give or take {filled['simulated_sd']:.3f} (one standard deviation)."
        ),
        verdict(
            filled,
            f"Places with much {column} have neighbours with more {second} than chance would give them",
            f"Places with much {column} have neighbours with less {second} than chance would give them",
            "This does not differ clearly from what chance alone would give",
        ),
        (
            f"At the same place both are correlated by {correlation:.2f}; where each of them is clustered too, that alone can make"
            " neighbours look related."
        ),
        *caution(filled, n),
    )
