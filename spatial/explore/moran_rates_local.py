"""Where are clusters of high and of low rates, whatever the size of the populations? Local Moran's I of empirical Bayes rates."""

from typing import TYPE_CHECKING, Annotated, Literal

from spatial.explore._moments import linked
from spatial.explore._rates import counts_of, standardised
from spatial.explore.moran_local import LocalMoran, local_moran_of
from spatial.options import Between, Column, used
from spatial.places import Missing

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


def local_rate_moran(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    events: Column,
    population: Column,
    alpha: Annotated[float, Between(0, 1)] = 0.05,
    correction: Literal["fdr", "none", "bonferroni"] = "fdr",
    inference: Literal["permutation", "analytical"] = "permutation",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    draws: Literal["rotated", "own", "shared"] = "rotated",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> LocalMoran:
    """
    Find clusters of high and of low rates, whatever the size of the populations (local Moran's I, empirical Bayes).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight.
    events
        How many events each place had: 0 or more.
    population
        How many could have had one: above 0.
    alpha
        Up to which p, after correction, a place stands out (0 to 1).
    correction
        How the many tests are allowed for: false discovery rate, not at all, or Bonferroni.
    inference
        Which p decides: that of the permutations or the analytical one.
    alternative
        Whether clusters and outliers count, only clusters ("greater"), or only outliers ("less").
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
    LocalMoran
        As of ``local_moran``, of rates in units of their own standard error.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When a count is negative, a population not above 0, all rates are equal, or nobody has a neighbour.

    Notes
    -----
    Rates are standardised as in ``rate_moran``, then local Moran's I is that of any column.

    References
    ----------
    Assuncao, R. M. and Reis, E. A. (1999). A new proposal to adjust Moran's I for population density. Statistics in Medicine
    18, 2147-2162. doi:10.1002/(SICI)1097-0258(19990830)18:16<2147::AID-SIM179>3.0.CO;2-I

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> table = {"ill": [1, 2, 3, 4, 5], "people": [100, 100, 100, 100, 100]}
    >>> places = geopandas.GeoDataFrame(table, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> spatial.local_rate_moran(places, graph, events="ill", population="people").statistic.round(6).abs().tolist()
    [1.0, 1.0, 0.0, 1.0, 1.0]
    """
    options = used(local_rate_moran, locals())
    given, count, base = counts_of(places, graph, events, population, missing)
    rates, _ = standardised(count, base)
    return local_moran_of("local_rate_moran", linked(given), rates, options, f"{events} for one of {population}")
