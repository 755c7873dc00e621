"""Which rates are high, and which only look high because few people live there? Smoothed rates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.explore._moments import linked
from spatial.explore._rates import counts_of, prior_of
from spatial.explore._significance import Array
from spatial.options import Column, used
from spatial.places import Missing
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array


@dataclass(frozen=True, kw_only=True, eq=False)
class SmoothedRates(Result):
    """Rates as they are, and drawn towards the rate of all places where they are uncertain."""

    rate: "pd.Series[Any]" = shown("Rate")
    smoothed: "pd.Series[Any]" = shown("Rate, smoothed (empirical Bayes)", theme="sequential")
    expected: "pd.Series[Any]" = shown("Events expected at the rate of all places")
    relative_risk: "pd.Series[Any]" = shown("Events over those expected")
    p: "pd.Series[Any]" = shown("Probability of as few or as many events at the rate of all places (Poisson, one-sided)")
    prior_mean: float = shown("Rate of all places together")
    prior_variance: float = shown("Variance of the rates between places")


@dataclass(frozen=True, kw_only=True, eq=False)
class SpatialRates(Result):
    """Rates of places together with their neighbours."""

    rate: "pd.Series[Any]" = shown("Rate")
    spatial_rate: "pd.Series[Any]" = shown("Rate of the place and its neighbours together", theme="sequential")
    smoothed: "pd.Series[Any]" = shown("Rate, drawn towards that of the neighbourhood (local empirical Bayes)")


def empirical_bayes(places: "GeoDataFrame", *, events: Column, population: Column, missing: Missing = "error") -> SmoothedRates:
    """
    Smooth rates towards the rate of all places, the more the smaller a population is (empirical Bayes).

    Parameters
    ----------
    places
        The table of places.
    events
        How many events each place had: 0 or more.
    population
        How many could have had one: above 0.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    SmoothedRates
        Series on ``place``. ``smoothed`` lies between ``rate`` and ``prior_mean``. ``p`` is the probability of as few events or
        fewer where they are fewer than ``expected``, else of as many or more.

    Raises
    ------
    DataError
        When a value is missing or no number.
    ModelError
        When a count is negative, a population not above 0, or all counts are 0.

    Notes
    -----
    Method of moments: b + (r_i - b) a / (a + b / x_i), with b the rate of all and a the variance between places, 0 where the
    moments make it negative; as spdep's ``EBest`` and GeoDa. ``p`` is spdep's ``choynowski``; it is no test of many places at
    once.

    References
    ----------
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics 40,
    283-294. doi:10.2307/2347593
    Choynowski, M. (1959). Maps based on probabilities. Journal of the American Statistical Association 54, 385-388.
    doi:10.1080/01621459.1959.10501983

    Examples
    --------
    >>> import geopandas, spatial
    >>> from shapely import Point
    >>> table = {"ill": [0, 4, 10, 6], "people": [10, 100, 100, 100]}
    >>> points = [Point(1000 * x, 0) for x in range(4)]
    >>> places = geopandas.GeoDataFrame(table, geometry=points, index=list("abcd"), crs="EPSG:32642")
    >>> found = spatial.empirical_bayes(places, events="ill", population="people")
    >>> round(found.prior_mean, 4), found.rate.round(3).tolist()
    (0.0645, [0.0, 0.04, 0.1, 0.06])
    """
    options = used(empirical_bayes, locals())
    given, count, base = counts_of(places, None, events, population, missing, least=2)
    prior = prior_of(count, base)
    rate, expected = count / base, prior.mean * base
    weight = prior.variance / (prior.variance + prior.mean / base)
    smoothed = prior.mean + weight * (rate - prior.mean)
    notes = given.notes
    if prior.estimated < 0:
        notes += ("The rates scatter no more than chance makes them: all are drawn to the rate of all places.",)
    return SmoothedRates(
        operation="empirical_bayes",
        options=options,
        observations=len(given.labels),
        notes=notes,
        reading=(
            (
                f"All {len(rate)} places together have {prior.mean:.4g} {events} for one of {population}; single places have"
                f" {rate.min():.4g} to {rate.max():.4g}, smoothed {smoothed.min():.4g} to {smoothed.max():.4g}."
            ),
            (
                "A rate of few people is drawn more towards that of all, because chance moves it more; a smoothed rate is an estimate,"
                " not a count."
            ),
        ),
        rate=given.series(rate),
        smoothed=given.series(smoothed),
        expected=given.series(expected),
        relative_risk=given.series(count / expected),
        p=given.series(_tail(count, expected)),
        prior_mean=prior.mean,
        prior_variance=prior.variance,
    )


def spatial_rate(
    places: "GeoDataFrame", graph: "Graph", *, events: Column, population: Column, missing: Missing = "error"
) -> SpatialRates:
    """
    Smooth rates by taking each place together with its neighbours (spatial rate, local empirical Bayes).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour; weights do not count.
    events
        How many events each place had: 0 or more.
    population
        How many could have had one: above 0.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    SpatialRates
        Series on ``place``. ``spatial_rate`` is the rate of the place and its neighbours taken together; ``smoothed`` lies
        between the place's own rate and that. A place without neighbours keeps its own.

    Raises
    ------
    DataError
        When labels do not match, or a value is missing or no number.
    ModelError
        When a count is negative, a population not above 0, all counts are 0, or nobody has a neighbour.

    Notes
    -----
    The local prior has the mean m_i of place and neighbours, and the variance by moments of their rates, each around the mean
    of its own neighbourhood, as spdep's ``EBlocal`` by default; GeoDa takes them around m_i.

    References
    ----------
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics 40,
    283-294. doi:10.2307/2347593

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(4)]
    >>> table = {"ill": [0, 4, 10, 6], "people": [10, 100, 100, 100]}
    >>> places = geopandas.GeoDataFrame(table, geometry=row, index=list("abcd"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> found = spatial.spatial_rate(places, graph, events="ill", population="people")
    >>> found.spatial_rate.round(3).tolist()  # a: (0 + 4) / (10 + 100)
    [0.036, 0.067, 0.067, 0.08]
    """
    options = used(spatial_rate, locals())
    given, count, base = counts_of(places, graph, events, population, missing)
    around = _with_themselves(linked(given, own=True).weights)
    rate, together = count / base, around @ base
    mean = (around @ count) / together
    spread = (around @ (base * (rate - mean) ** 2)) / together
    variance = np.maximum(0.0, spread - mean / (together / np.diff(around.indptr)))
    noise = mean / base
    weight = np.divide(variance, variance + noise, out=np.zeros_like(mean), where=variance + noise > 0)
    smoothed = np.where(given.islands, rate, mean + (rate - mean) * weight)
    return SpatialRates(
        operation="spatial_rate",
        options=options | {"graph": given.graph},
        observations=len(given.labels),
        notes=given.notes,
        reading=(
            (
                f"Single places have rates of {events} for one of {population} between {rate.min():.4g} and {rate.max():.4g}; taken"
                f" together with their neighbours between {mean.min():.4g} and {mean.max():.4g}."
            ),
            (
                "Rates of neighbourhoods overlap, so that neighbouring places look alike even where their own rates are not: use"
                " rate_moran to test for that, not these rates."
            ),
        ),
        rate=given.series(rate),
        spatial_rate=given.series(mean),
        smoothed=given.series(smoothed),
    )


def _with_themselves(matrix: "csr_array") -> "csr_array":
    from scipy.sparse import csr_array, eye_array

    found = csr_array((matrix != 0).astype(float) + eye_array(matrix.shape[0]))
    found.data[:] = 1.0
    return found


def _tail(count: Array, expected: Array) -> Array:
    """Probability of as few or as many events of a Poisson distribution; counts need not be whole."""
    from scipy.special import pdtr, pdtrc

    few = count < expected
    found: Array = np.where(few, pdtr(np.floor(count), expected), np.where(count >= 1, pdtrc(np.ceil(count) - 1, expected), 1.0))
    return found
