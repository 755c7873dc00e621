"""Are two things high in the same neighbourhoods? Lee's L."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.explore._global import GlobalStatistic, caution, inference, notes_of, verdict
from spatial.explore._moments import by_column, constants, pair_of, row_sums, standard
from spatial.explore._pairs import products_of, with_own
from spatial.explore._significance import Array
from spatial.options import Between, Column, used
from spatial.places import Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class Lee(GlobalStatistic):
    """Global Lee's L."""

    statistic: float = shown("Lee's L")
    correlation: float = shown("Correlation of both columns at the same place")
    local: "pd.Series[Any]" = shown("Local L: what each place adds")


def lee(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    second: Column,
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> Lee:
    """
    Measure whether two columns are high and low in the same neighbourhoods (Lee's L).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight; a place may be its own.
    column
        One column of numbers.
    second
        The other one.
    alternative
        Whether either sign counts, only a positive relation ("greater"), or only a negative one ("less").
    permutations
        How many random orders of the places are tried; not used where all orders are.
    exact
        Whether all orders are tried where there are at most 50,000 of them (up to 8 places).
    seed
        Where the random numbers start; the same seed gives the same numbers.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    Lee
        ``statistic`` is the correlation of both columns' spatial lags, shrunk by how much the lags vary less than the columns.
        ``expected`` is not 0: it has the sign of ``correlation``. ``local`` adds up to n times ``statistic`` where weights are
        row-standardised and nobody is without neighbours.

    Raises
    ------
    DataError
        When labels do not match, or a value is missing or no number.
    ModelError
        When there are fewer than 4 places, all values of a column are equal, or nobody has a neighbour.

    Notes
    -----
    L = (n / sum_i (sum_j w_ij)^2) sum_i (Wz)_i (Wu)_i / sqrt(sum z^2 sum u^2), as in spdep. Chance deals out places with both
    values, so that their correlation stays: the question is whether neighbours add to it. Expectation and variance are those
    of Lee (2004). The variance of spdep's ``lee.test`` (1.2-7) is right only where both columns are the same: it puts z_i u_j, which
    is not symmetric, into formulas for symmetric measures. Here (z_i u_j + z_j u_i) / 2 stands there, and the variance is that of
    the permutations; from the neighbours' neighbours alone, not from full matrices.

    References
    ----------
    Lee, S.-I. (2001). Developing a bivariate spatial association measure. Journal of Geographical Systems 3, 369-385.
    doi:10.1007/s101090100064
    Lee, S.-I. (2004). A generalized significance testing method for global measures of spatial association. Environment and
    Planning A 36, 1687-1703. doi:10.1068/a34143

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> table = {"one": [1, 2, 3, 4, 5], "other": [5, 4, 3, 2, 1]}
    >>> places = geopandas.GeoDataFrame(table, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True).transform("r")
    >>> round(spatial.lee(places, graph, column="one", second="other").statistic, 3)
    -0.4
    """
    options = used(lee, locals())
    given = pair_of(places, graph, column, second, missing, own=True)
    one, other = standard(by_column(given))
    matrix, n = given.weights, len(given.labels)
    scale = 1 / float((row_sums(matrix) ** 2).sum())

    def likeness(order: Array) -> Array:
        where = order.astype(np.intp)
        found: Array = scale * ((matrix @ one[where]) * (matrix @ other[where])).sum(axis=0)
        return found

    expected, variance = _moments(matrix, one, other)
    everyone = np.arange(float(n))
    observed = float(likeness(everyone[:, None])[0])
    filled, reference = inference(
        (observed, expected * scale, variance * scale**2),
        everyone,
        likeness,
        alternative=alternative,
        permutations=permutations,
        seed=seed,
        exact=exact,
    )
    correlation = float((one * other).mean())
    return Lee(
        operation="lee",
        options=options | {"graph": given.graph},
        observations=n,
        notes=notes_of(given, filled, reference),
        reading=_reading(column, second, n, filled, correlation),
        assumption="randomization",
        correlation=correlation,
        local=given.series((matrix @ one) * (matrix @ other)),
        **filled,
    )


def _moments(matrix: Any, one: Array, other: Array) -> tuple[float, float]:
    """Give expectation and variance of sum_i (Wz)_i (Wu)_i, which is a sum over pairs with the weights W'W."""
    from scipy.sparse import csr_array, diags_array

    both = csr_array(matrix.T @ matrix)
    apart = csr_array(both - diags_array(both.diagonal()))
    apart.eliminate_zeros()
    return with_own(constants(apart), both, *products_of(one, other))


def _reading(column: str, second: str, n: int, filled: dict[str, Any], correlation: float) -> tuple[str, ...]:
    return (
        (
            f"Lee's L of {column} and {second} over {n} places is {filled['statistic']:.3f}; their correlation of {correlation:.2f} at"
            f" the same place alone would give {filled['expected']:.3f}, give or take {filled['simulated_sd']:.3f} (one standard deviation)."
        ),
        verdict(
            filled,
            "Both go together in neighbourhoods more than they would if places lay anywhere",
            "Both go apart in neighbourhoods more than they would if places lay anywhere",
            "Neighbourhoods do not clearly add to the relation that there is at the same place",
        ),
        *caution(filled, n),
    )
