"""Weights that fall with distance as a kernel does, to nothing at the bandwidth."""

import warnings
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from spatial.errors import DataError, SpatialWarning, complaint, counted, in_words, listed
from spatial.options import Between, used
from spatial.places import checked
from spatial.weights._links import Islands, Links, Numbers, Transform, both_ways, graph_of, settled
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

Kernel = Literal["triangular", "uniform", "quadratic", "quartic", "gaussian"]

#: A bandwidth taken from the data reaches this much beyond the place that sets it, which so keeps a weight (libpysal's factor).
BEYOND = 1 + 1e-7


def kernel_weights(
    places: "GeoDataFrame",
    *,
    kernel: Kernel = "triangular",
    bandwidth: Annotated[float, Between(0, 1e12)] | None = None,
    k: Annotated[int, Between(1, 10_000)] | None = None,
    itself: bool = False,
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Weigh neighbours by a kernel of their distance.

    Parameters
    ----------
    places
        Points, or polygons by their centroids.
    kernel
        With z the distance over the bandwidth, up to z = 1: ``"triangular"`` 1 - z, ``"uniform"`` 1/2, ``"quadratic"``
        (Epanechnikov) 3/4 (1 - z^2), ``"quartic"`` (biweight) 15/16 (1 - z^2)^2, ``"gaussian"`` exp(-z^2/2) / sqrt(2 pi),
        cut off at the bandwidth.
    bandwidth
        The distance at which weights end, in metres (local coordinates: in their own unit), the same for all places. Without
        it and without ``k`` the smallest that leaves no place alone; a warning says which.
    k
        Instead of one bandwidth, one for each place: the distance of its k-th nearest neighbour.
    itself
        Whether a place is its own neighbour, with the kernel's weight at distance 0. Most statistics and all models here
        mean weights without; it is for kernel averages.
    islands
        What a place without another neighbour means: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to its nearest
        place both ways, with the mean weight of all links.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as computed.

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order. With ``k`` a link may go one way only, and weights differ by direction.

    Raises
    ------
    DataError
        When both ``bandwidth`` and ``k`` are given, a bandwidth would be 0, there are not more than ``k`` places, or there
        are islands without a policy.

    Notes
    -----
    The kernels and the factor 1 + 1e-7 on bandwidths taken from the data are those of libpysal's ``weights.Kernel`` and
    GeoDa; libpysal's ``Graph.build_kernel`` does not cut the gaussian off. Places at the same point have z = 0.
    """
    used(kernel_weights, locals())
    places = checked(places)
    if bandwidth is not None and k is not None:
        raise DataError(
            complaint(
                "kernel_weights",
                "bandwidth and k are both given",
                "Expected one bandwidth for all, or one for each place",
                "Leave one out",
            )
        )
    at, rank = located(places, "kernel_weights")
    links = _adaptive(places, at, rank, kernel, k) if k is not None else _fixed(places, at, kernel, bandwidth)
    mean = float(links.weights.mean()) if len(links.weights) else 0.0
    links = settled(
        places,
        links,
        islands,
        "kernel_weights",
        attached=lambda alone: (nearest_to(at, 1, rank)[alone, 0], np.full(len(alone), mean)),
        advice=lambda: (
            f"A bandwidth beyond {in_words(float(nearest_distances(at).max()), at.unit)} leaves no place alone (at the bandwidth itself weights end); or set k"
        ),
    )
    if itself:
        links = _with_itself(links, len(places), float(_height(kernel, np.zeros(1))[0]))
    return graph_of(places, links, transform)


def _height(kernel: Kernel, z: Numbers) -> Numbers:
    if kernel == "triangular":
        height: Numbers = 1 - z
    elif kernel == "uniform":
        height = np.full(z.shape, 0.5)
    elif kernel == "quadratic":
        height = 0.75 * (1 - z**2)
    elif kernel == "quartic":
        height = 15 / 16 * (1 - z**2) ** 2
    else:
        height = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return height


def _fixed(places: "GeoDataFrame", at: Positions, kernel: Kernel, bandwidth: float | None) -> Links:
    reach = bandwidth
    if reach is None:
        farthest = float(nearest_distances(at).max())
        reach = at.most(farthest) * BEYOND if farthest else 0.0
        warnings.warn(
            f"kernel_weights: no bandwidth was given; {in_words(reach, at.unit)} is the smallest that leaves no place alone, and was used.",
            SpatialWarning,
            stacklevel=3,
        )
    if not reach:
        raise DataError(complaint("kernel_weights", "the bandwidth is 0", "Expected a distance", "Set bandwidth or k"))
    first, second, apart = within(at, reach)
    z = np.where(at.most(apart) >= reach, 1.0, apart / reach)  # at the bandwidth weights end, whatever rounding says
    weights = _height(kernel, z)
    some = weights > 0
    return both_ways(first[some], second[some], len(places), weights[some])


def _adaptive(places: "GeoDataFrame", at: Positions, rank: Numbers, kernel: Kernel, k: int) -> Links:
    if k >= len(places):
        raise DataError(
            complaint(
                "kernel_weights",
                f"k = {k}, but there {'is' if len(places) == 1 else 'are'} {counted(len(places), 'place')}",
                f"Expected at most {len(places) - 1}",
                "Set a smaller k",
            )
        )
    bounded(len(places) * k // 2, f"among the nearest {k}")
    columns = np.sort(nearest_to(at, k, rank), axis=1)
    apart = distances(at, np.arange(len(places))[:, None], columns)
    reach = apart.max(axis=1) * BEYOND
    nothing = places.index[reach == 0]
    if len(nothing):
        raise DataError(
            complaint(
                "kernel_weights",
                f"{counted(len(nothing), 'place lies at the same point as its', 'places lie at the same point as their')} {k} nearest: {listed(nothing)}",
                "A bandwidth of 0 is none",
                "Set a larger k, or a bandwidth",
            )
        )
    weights = _height(kernel, apart / reach[:, None]).ravel()
    return Links(np.repeat(np.arange(len(places), dtype=np.int32), k), columns.ravel(), weights)


def _with_itself(links: Links, count: int, height: float) -> Links:
    everyone = np.arange(count, dtype=np.int32)
    rows, columns = (np.concatenate([each, everyone]) for each in (links.rows, links.columns))
    return Links(rows, columns, np.concatenate([links.weights, np.full(count, height)]))
