"""Where are hot and cold spots? The local G and G* of Getis and Ord."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.explore._conditional import conditional
from spatial.explore._local import Choice, LocalStatistic, fields_of, named, notes_of, reading_of
from spatial.explore._moments import EVEN, centred, digits_of, neighbours_of, row_sums, spread_of_others, square_sums, unevenness
from spatial.explore._significance import Array, deviate, normal_p
from spatial.options import Between, Column, used
from spatial.places import Aligned, Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalGetisOrd(LocalStatistic):
    """Local G or G* of each place."""

    statistic: "pd.Series[Any]" = shown("Local Getis-Ord G")
    star: bool = shown("The place itself counts (G*)")


def local_getis_ord(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    star: bool = True,
    alpha: Annotated[float, Between(0, 1)] = 0.05,
    correction: Literal["fdr", "none", "bonferroni"] = "fdr",
    inference: Literal["permutation", "analytical"] = "permutation",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    draws: Literal["rotated", "own", "shared"] = "rotated",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> LocalGetisOrd:
    """
    Find hot and cold spots (local Getis-Ord G or G*).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight.
    column
        The numbers to look at.
    star
        Whether the place itself counts among its neighbours (G*) or not (G).
    alpha
        Up to which p, after correction, a place stands out (0 to 1).
    correction
        How the many tests are allowed for: false discovery rate, not at all, or Bonferroni.
    inference
        Which p decides: that of the permutations or the analytical one.
    alternative
        Whether hot and cold spots count, only hot ones ("greater"), or only cold ones ("less").
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
    LocalGetisOrd
        Series on ``place``. ``statistic`` is the neighbours' weighted share of the total; ``z`` is large in a hot spot and
        very negative in a cold one. ``cluster`` is "Hot spot" or "Cold spot" where the place stands out, else "Not
        significant", "Isolated" without neighbours (then p is NaN), or "No data". ``p_adjusted`` is the Benjamini-Hochberg
        value of the p that decides. ``counts`` says how many places each rule would show.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or without ``star`` a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, all values are equal, or nobody has a neighbour.

    Notes
    -----
    Moments are those of Ord and Getis (1995) for any weights, as in spdep; esda's analytical z is right for binary weights
    only. z does not change when all weights of a place are multiplied. For G* a place weighs as much as its most heavily
    weighted neighbour (1 without neighbours), and standardised weights are standardised again, as by spdep; a graph that has
    weights on its diagonal keeps them. The permutation p holds the place's own value fixed and deals out the others, for G* too: it
    asks whether the neighbours are high, the analytical p of G* also whether the place is.
    Values that sum to zero or less make the ratio meaningless, but not z.

    References
    ----------
    Getis, A. and Ord, J. K. (1992). The analysis of spatial association by use of distance statistics. Geographical
    Analysis 24, 189-206. doi:10.1111/j.1538-4632.1992.tb00261.x
    Ord, J. K. and Getis, A. (1995). Local spatial autocorrelation statistics: distributional issues and an application.
    Geographical Analysis 27, 286-306. doi:10.1111/j.1538-4632.1995.tb00912.x

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(4)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 1, 4, 4]}, geometry=row, index=list("abcd"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> spatial.local_getis_ord(places, graph, column="value").statistic.round(3).tolist()  # a: (1 + 1) / 10
    [0.2, 0.6, 0.9, 0.8]
    """
    options = used(local_getis_ord, locals())
    given = neighbours_of(places, graph, column, missing, own=star)
    given, others, itself = _own_weights(given) if star else (given, given.weights, np.zeros(len(given.labels)))
    found = (_star if star else _others)(given.vector, others, itself)
    values, digits = centred(given.vector), digits_of(given.vector)
    drawn = conditional(values, others, count=permutations, seed=seed, exact=exact, draws=draws, digits=digits)
    high = drawn.greater <= drawn.less if inference == "permutation" else found["z"] > 0  # the side of the p that decides
    kinds = named(high, "Cold spot", "Hot spot")
    choice = Choice(alternative, inference, correction, alpha)
    filled = fields_of(given, found | {"p": normal_p(found["z"], alternative)}, drawn, drawn.p(alternative), kinds, choice)
    return LocalGetisOrd(
        operation="local_getis_ord",
        options=options | {"graph": given.graph},
        observations=len(given.labels),
        notes=notes_of(given, drawn, choice, permutations, found["z"]) + _sum_note(given),
        reading=reading_of(f"Local Getis-Ord {'G*' if star else 'G'}", column, len(given.labels), filled, choice, drawn),
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        star=star,
        **filled,
    )


def _own_weights(given: Aligned) -> "tuple[Aligned, csr_array, Array]":
    """Part the weights into those of others and a place's own; places without others become islands."""
    from dataclasses import replace

    from scipy.sparse import csr_array, diags_array

    own = given.weights.diagonal()
    others = csr_array(given.weights - diags_array(own))
    others.eliminate_zeros()
    islands = np.diff(others.indptr) == 0
    if not own.any():
        others, own = _standardised(others, islands, given.graph["transform"])
    return replace(given, islands=islands), others, own


def _standardised(others: "csr_array", islands: "np.ndarray[Any, np.dtype[np.bool_]]", transform: str) -> "tuple[csr_array, Array]":
    """Let a place weigh as much as its most heavily weighted neighbour, and standardise as the graph is."""
    from scipy.sparse import csr_array, diags_array

    n, largest = len(islands), float(others.max())
    constant = largest - float(others.data.min()) <= EVEN * largest
    by_sum = constant and largest != 1 and abs(others.sum() - np.count_nonzero(~islands)) <= EVEN * n  # spdep's style C
    by_sum = by_sum and transform not in ("r", "v")
    own = np.where(islands, largest if by_sum or transform == "d" else 1.0, others.max(axis=1).toarray().ravel())
    together = row_sums(others) + own
    if transform == "r":
        scale = 1 / together
    elif transform == "v":
        scale = 1 / np.sqrt(square_sums(others) + own**2)
        scale *= n / (scale @ together)
    elif transform == "d" or by_sum:
        scale = np.full(n, (n if by_sum else 1) / together.sum())
    else:
        return others, own
    return csr_array(diags_array(scale) @ others), own * scale


def _star(values: Array, others: "csr_array", own: Array) -> dict[str, Array]:
    """Moments of G*: Ord and Getis (1995), equation 7."""
    n, mean, total = len(values), values.mean(), values.sum()
    deviation = centred(values)
    weight, squares = row_sums(others) + own, square_sums(others) + own**2
    lag = others @ deviation + own * deviation
    variance = (deviation**2).mean() * unevenness(squares, weight, n) / (n - 1)
    found = others @ values + own * values
    return _ratio(found, lag, weight * mean, variance, np.full(n, total), weight * deviation.std())


def _others(values: Array, others: "csr_array", own: Array) -> dict[str, Array]:  # noqa: ARG001  (the same form as _star)
    """Moments of G, which leaves the place itself out: Ord and Getis (1995), equation 6."""
    n, mean = len(values), values.mean()
    deviation = centred(values)
    weight, squares = row_sums(others), square_sums(others)
    rest = -deviation / (n - 1)  # the mean of the others, as a deviation
    variance = spread_of_others(deviation) / (n - 1) * unevenness(squares, weight, n - 1) / (n - 2)
    distance, expected = others @ deviation - weight * rest, weight * (mean + rest)
    return _ratio(others @ values, distance, expected, variance, values.sum() - values, weight * deviation.std())


def _ratio(found: Array, distance: Array, expected: Array, variance: Array, total: Array, scale: Array) -> dict[str, Array]:
    """Turn sums into shares of a total; z does not depend on it."""
    share = np.divide(1.0, total, out=np.full(len(total), np.nan), where=total != 0)
    z = deviate(distance, 0.0, variance, np.abs(scale))
    return {"statistic": found * share, "expected": expected * share, "variance": variance * share**2, "z": z}


def _sum_note(given: Aligned) -> tuple[str, ...]:
    if (given.vector >= 0).all():
        return ()
    if given.vector.sum() == 0:
        return ("The values sum to 0: the ratio G does not exist; z and the p values are not affected.",)
    return ("Some values are negative: the ratio G is then hard to read; z and the p values are not affected.",)
