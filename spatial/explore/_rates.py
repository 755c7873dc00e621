"""Counts and the populations they come from: what both must fulfil, and rates that small populations do not shake."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import ModelError, complaint, counted, listed
from spatial.explore._moments import by_column
from spatial.explore._significance import Array
from spatial.places import EQUAL, Aligned, Missing, aligned

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True)
class Prior:
    """What all places together tell of the rate of one: its mean, and its variance between places beyond chance."""

    mean: float
    variance: float  # not below 0
    estimated: float  # as the moments give it, perhaps below 0


def counts_of(
    places: "GeoDataFrame", graph: "Graph | None", events: str, population: str, missing: Missing, least: int = 4
) -> tuple[Aligned, Array, Array]:
    """Align counts and populations; refuse negative counts, populations of 0 and a total of 0."""
    given = aligned(places, graph, [events, population], missing=missing, least=least, varying=False)
    count, base = by_column(given)
    for column, wrong, words in ((events, count < 0, "negative"), (population, base <= 0, "not above 0")):
        if wrong.any():
            raise ModelError(
                complaint(
                    f"column {column!r}",
                    f"{counted(int(wrong.sum()), 'value is', 'values are')} {words}: {listed(given.labels[wrong])}",
                    "A rate is a count, 0 or more, over a population above 0",
                    "Correct them, or leave these places out",
                )
            )
    if not count.any():
        raise ModelError(complaint(f"column {events!r}", "all counts are 0", "A rate needs at least one event"))
    return given, count, base


def prior_of(count: Array, base: Array) -> Prior:
    """Estimate mean and variance of the rate by moments: Marshall (1991), equation 3."""
    mean = float(count.sum() / base.sum())
    spread = float((base * (count / base - mean) ** 2).sum() / base.sum())
    variance = spread - mean / float(base.mean())
    return Prior(mean, max(variance, 0.0), variance)


def standardised(count: Array, base: Array) -> tuple[Array, Prior]:
    """
    Give each rate's distance from the mean rate, over its own standard error: Assuncao and Reis (1999), equation 8.

    Where the moments give a variance between places below 0 it counts as 0, as in GeoDa and spdep.
    """
    rates = count / base
    if np.ptp(rates) <= EQUAL * rates.max():  # what rounding leaves is no difference
        raise ModelError(
            complaint(
                "rates",
                f"all {len(rates)} are {rates[0]:g}",
                "Expected rates that differ",
                "Look at the columns of counts and populations",
            )
        )
    prior = prior_of(count, base)
    return (count / base - prior.mean) / np.sqrt(prior.variance + prior.mean / base), prior
