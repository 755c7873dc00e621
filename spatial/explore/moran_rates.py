"""Do neighbouring places have alike rates, apart from what small populations do to rates? Moran's I of empirical Bayes rates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from spatial.explore._global import GlobalStatistic, caution, inference, notes_of, verdict
from spatial.explore._moments import centred, constants, kurtosis, linked, moran_variance
from spatial.explore._permutations import gathered, quadratic
from spatial.explore._rates import counts_of, standardised
from spatial.explore._significance import Array
from spatial.options import Between, Column, used
from spatial.places import Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class RateMoran(GlobalStatistic):
    """Moran's I of rates that are comparable although their populations are not."""

    statistic: float = shown("Moran's I of empirical Bayes rates")
    rate: float = shown("Rate of all places together")
    between: float = shown("Variance of the rates between places")
    deviation: "pd.Series[Any]" = shown("Rate, standardised by its own error")
    lag: "pd.Series[Any]" = shown("Spatial lag of the standardised rate")


def rate_moran(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    events: Column,
    population: Column,
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> RateMoran:
    """
    Measure how alike the rates of neighbouring places are, whatever the size of their populations (empirical Bayes Moran's I).

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
    alternative
        Whether either kind of pattern counts, only alike neighbours ("greater"), or only unlike ones ("less").
    permutations
        How many random orders of the rates are tried; not used where all orders are.
    exact
        Whether all orders are tried where there are at most 50,000 of them (up to 8 places).
    seed
        Where the random numbers start; the same seed gives the same numbers.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    RateMoran
        ``statistic`` as Moran's I, of rates in units of their own standard error. ``rate`` is that of all places together,
        ``between`` the variance of the rates beyond chance (0 where there is none).

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When a count is negative, a population not above 0, all rates are equal, or nobody has a neighbour.

    Notes
    -----
    A rate of few people scatters more. z_i = (r_i - b) / sqrt(a + b / x_i) with b the overall rate, x_i the population and a the
    variance between places by moments, 0 where that is negative; then Moran's I of z, with its mean subtracted, as in spdep and
    GeoDa. The analytical variance treats the z as given values.

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
    >>> round(spatial.rate_moran(places, graph, events="ill", population="people").statistic, 3)  # equal populations: Moran's I
    0.5
    """
    options = used(rate_moran, locals())
    given, count, base = counts_of(places, graph, events, population, missing)
    linked(given)
    rates, prior = standardised(count, base)
    deviation = centred(rates)
    spread = float((deviation**2).sum())
    near, matrix = gathered(deviation, given.weights)
    sums, products = constants(given.weights), quadratic(matrix)

    def index(values: Array) -> Array:
        found: Array = sums.n / sums.s0 * products(values) / spread
        return found

    observed = (float(index(near[:, None])[0]), -1 / (sums.n - 1), moran_variance(sums, kurtosis(deviation)))
    filled, reference = inference(observed, near, index, alternative=alternative, permutations=permutations, seed=seed, exact=exact)
    negative = f"The variance between places came out as {prior.estimated:.3g} and counts as 0: the rates scatter no more than chance makes them."
    return RateMoran(
        operation="rate_moran",
        options=options | {"graph": given.graph},
        observations=sums.n,
        notes=notes_of(given, filled, reference) + ((negative,) if prior.estimated < 0 else ()),
        reading=_reading(events, population, sums.n, filled, prior.mean),
        assumption="randomization",
        rate=prior.mean,
        between=prior.variance,
        deviation=given.series(rates),
        lag=given.series(given.weights @ rates),
        **filled,
    )


def _reading(events: str, population: str, n: int, filled: dict[str, Any], rate: float) -> tuple[str, ...]:
    return (
        (
            f"All {n} places together have {rate:.4g} {events} for one of {population}. Moran's I of their rates, each in units of its"
            f" own error, is {filled['statistic']:.3f}; without spatial pattern {filled['expected']:.3f} would be expected, give or take"
            f" {filled['simulated_sd']:.3f} (one standard deviation)."
        ),
        verdict(
            filled,
            "Neighbouring places have rates more alike than chance would make them",
            "Neighbouring places have rates less alike than chance would make them",
            "This does not differ clearly from what chance alone would give",
        ),
        *caution(filled, n),
    )
