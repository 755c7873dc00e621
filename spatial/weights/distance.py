"""Neighbours by distance: the nearest ones, those within a band, and weights that fall with distance."""

import warnings
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from spatial.errors import DataError, SpatialWarning, complaint, counted, in_words, listed
from spatial.options import Between, used
from spatial.places import HUGE, checked
from spatial.weights._links import Islands, Links, Numbers, Transform, both_ways, graph_of, links_of, settled
from spatial.weights._near_pairs import bounded
from spatial.weights._positions import (
    Positions,
    distances,
    located,
    nearest_distances,
    nearest_to,
    within,
)

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

#: More places than this make more than 12.5 million pairs; all of them are then hardly what is meant.
MOST_FOR_ALL_PAIRS = 5_000
#: A threshold this small, in metres, that leaves everyone alone was probably meant in degrees.
LIKE_DEGREES = 20.0


def nearest(
    places: "GeoDataFrame",
    *,
    k: Annotated[int, Between(1, 10_000)],
    symmetric: Literal["none", "union", "intersection"] = "none",
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Make the k nearest places neighbours.

    Parameters
    ----------
    places
        Points, or polygons by their centroids.
    k
        How many neighbours each place has.
    symmetric
        What happens to a link that goes one way only: ``"none"`` leaves it, ``"union"`` adds the way back,
        ``"intersection"`` removes it.
    islands
        What a place without neighbours means, which only ``symmetric = "intersection"`` can make: ``"error"``, ``"keep"``,
        or ``"nearest"`` to attach it to its nearest place both ways.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as computed.

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order.

    Raises
    ------
    DataError
        When there are not more than ``k`` places, or there are islands without a policy.

    Notes
    -----
    On geographic coordinates distances run along the geodesic of the ellipsoid. Between places equally far the smaller
    label wins, so the order of the rows does not matter. Places at the same point are 0 apart and so each other's nearest.
    """
    used(nearest, locals())
    places = checked(places)
    at, rank = located(places, "nearest")
    if k >= len(places):
        raise DataError(
            complaint(
                "nearest",
                f"k = {k}, but there {'is' if len(places) == 1 else 'are'} {counted(len(places), 'place')}",
                f"Expected at most {len(places) - 1}, for nobody is a neighbour of itself",
                "Set a smaller k",
            )
        )
    bounded(len(places) * k // 2, f"among the nearest {k}")
    links = _nearest_links(at, k, rank, symmetric)
    links = settled(
        places,
        links,
        islands,
        "nearest",
        attached=lambda alone: _by_distance(at, rank, alone, 0.0),
        advice=lambda: 'With symmetric = "union" places have more neighbours',
    )
    return graph_of(places, links, transform)


def _nearest_links(at: Positions, k: int, rank: Numbers, symmetric: str) -> Links:
    from scipy.sparse import csr_array

    columns, count = np.sort(nearest_to(at, k, rank), axis=1), len(rank)
    if symmetric == "none":
        return Links(np.repeat(np.arange(count, dtype=np.int32), k), columns.ravel(), np.ones(columns.size))
    there = csr_array((np.ones(columns.size), columns.ravel(), np.arange(0, columns.size + 1, k)), shape=(count, count))
    return links_of(csr_array(there.maximum(there.T) if symmetric == "union" else there.multiply(there.T)))


def distance_band(
    places: "GeoDataFrame",
    *,
    threshold: Annotated[float, Between(0, 1e12)] | None = None,
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Make all places within a distance neighbours.

    Parameters
    ----------
    places
        Points, or polygons by their centroids.
    threshold
        The largest distance, itself included, in metres (local coordinates: in their own unit). Without it, the smallest
        distance that leaves no place alone; a warning says which.
    islands
        What a place without neighbours means: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to its nearest place
        both ways.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as computed (here 1).

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order.

    Raises
    ------
    DataError
        When the threshold leaves everyone alone, or some places and ``islands`` is ``"error"``.

    Notes
    -----
    ``d <= threshold``, as spdep's dnearneigh; places at the same point are neighbours. On geographic coordinates distances
    run along the geodesic of the ellipsoid, in metres, never in degrees.
    """
    used(distance_band, locals())
    places = checked(places)
    at, rank = located(places, "distance_band")
    first, second, _ = within(at, _limit(at, threshold, "distance_band"), measured=False)
    links = settled(
        places,
        both_ways(first, second, len(places)),
        islands,
        "distance_band",
        attached=lambda alone: _by_distance(at, rank, alone, 0.0),
        advice=lambda: _wider(at, threshold),
    )
    return graph_of(places, links, transform)


def inverse_distance(
    places: "GeoDataFrame",
    *,
    power: Annotated[float, Between(0.01, 100)] = 1.0,
    threshold: Annotated[float, Between(0, 1e12)] | None = None,
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Give nearer neighbours more weight: one over the distance to a power.

    Parameters
    ----------
    places
        Points, or polygons by their centroids.
    power
        The exponent of the distance.
    threshold
        The largest distance at which places are neighbours, in metres (local coordinates: in their own unit). Without it
        all places are neighbours of each other, which is possible up to 5,000 places.
    islands
        What a place without neighbours means: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to its nearest place
        both ways.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as computed (per metre to the power).

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order.

    Raises
    ------
    DataError
        When two places lie at the same point, a weight is beyond the numbers of a computer, there are too many places for all pairs, or there are islands without a
        policy.

    Notes
    -----
    w = d^-power. Between places at the same point this is infinite; no number is put in its stead.
    """
    used(inverse_distance, locals())
    places = checked(places)
    at, rank = located(places, "inverse_distance")
    if threshold is None and len(places) > MOST_FOR_ALL_PAIRS:
        raise DataError(
            complaint(
                "inverse_distance",
                f"{len(places)} places make {len(places) * (len(places) - 1) // 2:,} pairs",
                f"Expected a threshold for more than {MOST_FOR_ALL_PAIRS:,} places",
                f"Set one. {_wider(at)}",
            )
        )
    if threshold is None:
        first, second = np.triu_indices(len(places), 1)
        apart = distances(at, first, second)
    else:
        first, second, apart = within(at, threshold)
    same = apart == 0
    if same.any():
        shown = [f"{a} and {b}" for a, b in zip(places.index[first[same]], places.index[second[same]], strict=True)]
        raise DataError(
            complaint(
                "inverse_distance",
                f"{counted(len(shown), 'pair of places lies', 'pairs of places lie')} at the same point: {listed(shown)}",
                "One over a distance of 0 is no weight",
                "Move or merge these places, or use nearest or distance_band",
            )
        )
    links = both_ways(first, second, len(places), _weights(apart, power))
    links = settled(
        places,
        links,
        islands,
        "inverse_distance",
        attached=lambda alone: _by_distance(at, rank, alone, power),
        advice=lambda: _wider(at, threshold),
    )
    return graph_of(places, links, transform)


def _weights(apart: Numbers, power: float) -> Numbers:
    """Compute d^-power, unless that is no number to a computer."""
    with np.errstate(over="ignore", under="ignore"):
        weights: Numbers = apart**-power
    wrong = (weights > HUGE) | (weights < 1 / HUGE)
    if wrong.any():
        raise DataError(
            complaint(
                "inverse_distance",
                f"{counted(int(wrong.sum()), 'weight is', 'weights are')} too large or too small to be computed with, for distances such as {apart[wrong][0]:g} to the power of -{power:g}",
                f"Expected weights from {1 / HUGE:g} to {HUGE:g}",
                "Set a smaller power or threshold, or move places that lie nearly at the same point",
            )
        )
    return weights


def _limit(at: Positions, threshold: float | None, where: str) -> float:
    if threshold is not None:
        return threshold
    limit = float(nearest_distances(at).max())
    warnings.warn(
        f"{where}: no threshold was given; {in_words(limit, at.unit)} is the smallest that leaves no place alone, and was used.",
        SpatialWarning,
        stacklevel=3,
    )
    return limit


def _wider(at: Positions, threshold: float | None = None) -> str:
    smallest = float(nearest_distances(at).max())
    advice = f"The smallest threshold that leaves no place alone is {in_words(smallest, at.unit)}"
    if threshold is not None and at.unit == "m" and threshold < LIKE_DEGREES < smallest:
        advice = f"A threshold is in metres; {threshold:g} looks like degrees. {advice}"
    return advice


def _by_distance(at: Positions, rank: Numbers, alone: Numbers, power: float) -> tuple[Numbers, Numbers]:
    partners = nearest_to(at, 1, rank)[alone, 0]
    return partners, distances(at, alone, partners) ** -power if power else np.ones(len(alone))
