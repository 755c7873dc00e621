"""Where do places with much of one thing have neighbours with much of another? Local bivariate Moran's I."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.explore._conditional import conditional
from spatial.explore._local import Choice, LocalStatistic, fields_of, named, notes_of, quadrants_of, reading_of
from spatial.explore._moments import above, by_column, digits_of, pair_of, row_sums, sampled_moments, standard
from spatial.explore._significance import deviate, normal_p
from spatial.options import Between, Column, used
from spatial.places import Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalBivariateMoran(LocalStatistic):
    """Local bivariate Moran's I of each place."""

    statistic: "pd.Series[Any]" = shown("Local bivariate Moran's I")
    quadrant: "pd.Series[Any]" = shown("Quadrant of the bivariate scatterplot")


def local_bivariate_moran(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    second: Column,
    alpha: Annotated[float, Between(0, 1)] = 0.05,
    correction: Literal["fdr", "none", "bonferroni"] = "fdr",
    inference: Literal["permutation", "analytical"] = "permutation",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    draws: Literal["rotated", "own", "shared"] = "rotated",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> LocalBivariateMoran:
    """
    Find places whose value goes with another column's values at the neighbours (local bivariate Moran's I).

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
    alpha
        Up to which p, after correction, a place stands out (0 to 1).
    correction
        How the many tests are allowed for: false discovery rate, not at all, or Bonferroni.
    inference
        Which p decides: that of the permutations or the analytical one.
    alternative
        Whether either sign counts, only alike ("greater"), or only unlike ("less").
    permutations
        How many draws of neighbours each place gets; where it has fewer possible sets of neighbours, all are tried.
    exact
        Whether all sets of neighbours are tried where they are no more than the permutations.
    draws
        How neighbours are sampled: at random distances on circles of places ("rotated", the errors of two places' p have a
        correlation between -1/n and 0 on average), for each place by itself ("own", slow, no correlation), or once for all
        places ("shared", fastest, but the p of all places err together).
    seed
        Where the random numbers start; the same seed gives the same numbers.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    LocalBivariateMoran
        Series on ``place``. ``quadrant`` compares the place's value with the mean of ``column`` and its neighbours' with the mean of
        ``second``; "High-Low" is a high value among low values of the second column. ``cluster`` as in ``local_moran``.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, all values of a column are equal, or nobody has a neighbour.

    Notes
    -----
    I_i = z_i sum_j w_ij u_j with both in standard deviations (divisor n). The neighbours' values of the second column are drawn
    from all other places. spdep's ``localmoran_bv`` uses n - 1 and draws with replacement. A relation of both columns at the
    same place shows here too where the columns are clustered.

    References
    ----------
    Anselin, L., Syabri, I. and Smirnov, O. (2002). Visualizing multivariate spatial correlation with dynamically linked windows.

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> table = {"one": [1, 2, 3, 4, 5], "other": [5, 4, 3, 2, 1]}
    >>> places = geopandas.GeoDataFrame(table, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> spatial.local_bivariate_moran(places, graph, column="one", second="other").statistic.round(6).tolist()
    [-1.0, -1.0, 0.0, -1.0, -1.0]
    """
    options = used(local_bivariate_moran, locals())
    given = pair_of(places, graph, column, second, missing)
    one, other = standard(by_column(given))
    lag = given.weights @ other
    mean, spread = sampled_moments(other[None], given.weights)
    z = deviate(one * lag, one * mean, one**2 * spread, row_sums(given.weights))
    digits = digits_of(by_column(given)[1]) / by_column(given)[1].std()
    drawn = conditional(other, given.weights, count=permutations, seed=seed, exact=exact, draws=draws, digits=digits)
    p_drawn = np.where(one == 0, 1.0, drawn.p(alternative, upward=one > 0))
    kinds = named(2 * (one > 0) + above(lag, other, given.weights), "Low-Low", "Low-High", "High-Low", "High-High")
    found = {"statistic": one * lag, "expected": one * mean, "variance": one**2 * spread, "z": z, "p": normal_p(z, alternative)}
    choice = Choice(alternative, inference, correction, alpha)
    filled = fields_of(given, found, drawn, p_drawn, kinds, choice, upward=one > 0)
    return LocalBivariateMoran(
        operation="local_bivariate_moran",
        options=options | {"graph": given.graph},
        observations=len(given.labels),
        notes=notes_of(given, drawn, choice, permutations, z),
        reading=reading_of("Local bivariate Moran's I", f"{column} with {second}", len(given.labels), filled, choice, drawn),
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        quadrant=quadrants_of(given, kinds),
        **filled,
    )
