"""Do high values lie together? The general G of Getis and Ord."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.errors import ModelError, complaint, counted, listed
from spatial.explore._global import GlobalStatistic, caution, inference, notes_of, verdict
from spatial.explore._moments import Constants, centred, constants, kurtosis, moran_variance, neighbours_of, uneven
from spatial.explore._permutations import gathered, quadratic
from spatial.explore._significance import Array
from spatial.options import Between, Column, used
from spatial.places import Aligned, Missing
from spatial.results import shown

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class GetisOrd(GlobalStatistic):
    """Global G of Getis and Ord."""

    statistic: float = shown("Getis-Ord G")


def getis_ord(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> GetisOrd:
    """
    Tell whether high values lie together or low ones (global Getis-Ord G).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour; binary weights are what the statistic was made for.
    column
        The numbers to look at: positive, with a natural zero, such as counts or amounts.
    alternative
        Whether either kind of pattern counts, only high values together ("greater"), or only low ones ("less").
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
    GetisOrd
        ``statistic`` is the share of all products of two places' values that falls on neighbours, with weights; larger than
        ``expected`` where high values lie together. The analytical variance is that under randomization.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, a value is negative, all are equal, or nobody has a neighbour.

    Notes
    -----
    G = sum_ij w_ij x_i x_j / sum_(i != j) x_i x_j. Places without neighbours count in n.

    References
    ----------
    Getis, A. and Ord, J. K. (1992). The analysis of spatial association by use of distance statistics. Geographical
    Analysis 24, 189-206. doi:10.1111/j.1538-4632.1992.tb00261.x

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(4)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 1, 2, 2]}, geometry=row, index=list("abcd"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> round(spatial.getis_ord(places, graph, column="value").statistic, 4)  # 2 (1 + 2 + 4) of 36 - 10
    0.5385
    """
    options = used(getis_ord, locals())
    given = neighbours_of(places, graph, column, missing)
    values = given.vector
    negative = given.labels[values < 0]
    if len(negative):
        raise ModelError(
            complaint(
                f"column {column!r}",
                f"{counted(len(negative), 'value is', 'values are')} negative: {listed(negative)}",
                "The global G needs values with a natural zero, none negative",
                "Use moran, or a column of counts or amounts",
            )
        )
    near, matrix = gathered(values, given.weights)
    sums, products = constants(given.weights), quadratic(matrix)
    pairs = _products(values)
    if pairs <= 0:
        raise ModelError(complaint(f"column {column!r}", "fewer than two values differ from 0", "The global G needs at least two"))

    def share(values: Array) -> Array:
        found: Array = products(values) / pairs
        return found

    observed = float(share(near[:, None])[0])
    filled, reference = inference(
        (observed, sums.s0 / (sums.n * (sums.n - 1)), _variance(sums, values)),
        near,
        share,
        alternative=alternative,
        permutations=permutations,
        seed=seed,
        exact=exact,
    )
    return GetisOrd(
        operation="getis_ord",
        options=options | {"graph": given.graph},
        observations=sums.n,
        notes=notes_of(given, filled, reference) + _weights_note(given),
        reading=_reading(column, sums.n, filled),
        assumption="randomization",
        **filled,
    )


def _products(values: Array) -> float:
    """Sum the products of all pairs of values, i before j and j before i; in rising order, so that no small one is lost."""
    ordered = np.sort(values)
    return 2 * float(ordered[1:] @ np.cumsum(ordered)[:-1])


def _variance(sums: Constants, values: Array) -> float:
    """
    Give the variance of G under randomization (Getis and Ord 1992, equation 12).

    Written in deviations z = x / mean - 1, for their formula loses all digits where values differ little: the numerator is
    S0 + sum_i s_i z_i + sum_ij w_ij z_i z_j with s the row sums plus the column sums, and its parts have the variances of a
    sample without replacement, of Moran's I, and a covariance of third moments. The first and the last are 0 where all s are equal.
    """
    n, s0 = sums.n, sums.s0
    scaled = values / values.mean()
    deviation = centred(values) / values.mean()
    square, cube = float((deviation**2).sum()), float((deviation**3).sum())
    _, differing = uneven(n, s0, sums.s1, sums.s2)  # the squared deviations of s from their mean
    linear = differing * square / (n - 1)
    both = -differing * cube / ((n - 1) * (n - 2))
    quadratic = (s0 * square / n) ** 2 * moran_variance(sums, kurtosis(deviation))
    return (linear + 2 * both + quadratic) / _products(scaled) ** 2


def _weights_note(given: Aligned) -> tuple[str, ...]:
    if np.ptp(given.weights.data) <= 1e-12 * np.abs(given.weights.data).max():
        return ()
    return ("The weights are not binary: G then mixes a place's values with its number of neighbours; binary weights are usual.",)


def _reading(column: str, n: int, filled: dict[str, Any]) -> tuple[str, ...]:
    measured = (
        f"The Getis-Ord G of {column} over {n} places is {filled['statistic']:.4g}; without spatial pattern"
        f" {filled['expected']:.4g} would be expected, give or take {filled['simulated_sd']:.2g} (one standard deviation)."
    )
    return (
        measured,
        verdict(
            filled,
            "High values lie together more than chance would make them",
            "Low values lie together, or high ones apart, more than chance would make them",
            "This does not differ clearly from what chance alone would give",
        ),
        *caution(filled, n),
    )
