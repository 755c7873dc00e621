"""Where do values scatter more than elsewhere? Local spatial heteroscedasticity (LOSH)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.errors import ModelError, complaint
from spatial.explore._conditional import conditional
from spatial.explore._local import Choice, LocalStatistic, fields_of, named, notes_of, reading_of
from spatial.explore._moments import centred, neighbours_of, row_sums, square_sums, unevenness
from spatial.explore._significance import Alternative, Array, two_tails
from spatial.options import Between, Column, used
from spatial.places import Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalScatter(LocalStatistic):
    """Local spatial heteroscedasticity of each place."""

    statistic: "pd.Series[Any]" = shown("LOSH H")
    z: "pd.Series[Any]" = shown("2 H / variance (chi-squared)")
    residual: "pd.Series[Any]" = shown("Residual from the neighbours' mean, to the power")


def losh(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    power: Annotated[float, Between(0.5, 4)] = 2.0,
    alpha: Annotated[float, Between(0, 1)] = 0.05,
    correction: Literal["fdr", "none", "bonferroni"] = "fdr",
    inference: Literal["permutation", "analytical"] = "permutation",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    draws: Literal["rotated", "own", "shared"] = "rotated",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> LocalScatter:
    """
    Find places in whose neighbourhood values scatter much or little (local spatial heteroscedasticity, LOSH).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight.
    column
        The numbers to look at.
    power
        What residuals are raised to: 2 for variances, 1 for absolute deviations.
    alpha
        Up to which p, after correction, a place stands out (0 to 1).
    correction
        How the many tests are allowed for: false discovery rate, not at all, or Bonferroni.
    inference
        Which p decides: that of the permutations or the analytical one.
    alternative
        Whether much and little scatter count, only much ("greater"), or only little ("less").
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
    LocalScatter
        Series on ``place``. ``statistic`` is the neighbours' mean residual over that of all places: 1 where the scatter is as usual.
        ``z`` is 2 H / Var(H), compared with the chi-squared distribution of 2 / Var(H) degrees of freedom for the analytical p.
        ``cluster`` is "High variance" or "Low variance" where a place stands out.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, all values of a column are equal, or nobody has a neighbour.

    Notes
    -----
    e_i = |x_i - m_i|^a with m_i the neighbours' weighted mean, H_i = sum_j w_ij e_j / (mean(e) sum_j w_ij), as in spdep's ``LOSH``
    and ``LOSH.cs``, whose p is the upper tail: ``alternative = "greater"``. Permutations deal out the residuals e among the
    neighbours; spdep's ``LOSH.mc`` deals out x and makes new residuals. A place without neighbours has no residual and counts as
    the mean where it is somebody's neighbour. A trend in x shows as scatter: look at residuals of a model where there is one.

    References
    ----------
    Ord, J. K. and Getis, A. (2012). Local spatial heteroscedasticity (LOSH). The Annals of Regional Science 48, 529-539.
    doi:10.1007/s00168-011-0492-y
    Xu, M., Mei, C.-L. and Yan, N. (2014). A note on the null distribution of the local spatial heteroscedasticity (LOSH)
    statistic. The Annals of Regional Science 52, 697-710. doi:10.1007/s00168-014-0605-5

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> table = {"value": [1, 1, 1, 9, 1]}
    >>> places = geopandas.GeoDataFrame(table, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> spatial.losh(places, graph, column="value").statistic.round(3).tolist()  # residuals 0, 0, 16, 64, 64
    [0.0, 0.278, 1.111, 1.389, 2.222]
    """
    options = used(losh, locals())
    given = neighbours_of(places, graph, column, missing)
    matrix, some = given.weights, ~given.islands
    weight, squares = row_sums(matrix), square_sums(matrix)
    values = centred(given.vector)
    residual = np.abs(values - np.divide(matrix @ values, weight, out=values.copy(), where=some)) ** power
    n, mean = int(some.sum()), float(residual[some].mean())
    if mean <= 0:
        raise ModelError(
            complaint(f"column {column!r}", "every place has its neighbours' mean", "Expected residuals", "Use another graph")
        )
    residual = np.where(some, residual, mean)
    scale = np.where(some, mean * weight, np.nan)
    statistic = (matrix @ residual) / scale
    variance = unevenness(squares, weight, n) / (n - 1) / scale**2 * residual[some].var()
    with np.errstate(divide="ignore"):
        z = np.where(variance > 0, 2 * statistic / variance, np.nan)
    drawn = conditional(residual, matrix, count=permutations, seed=seed, exact=exact, draws=draws)
    p_drawn = drawn.p(alternative)
    high = drawn.greater <= drawn.less if inference == "permutation" else statistic > 1
    kinds = named(high, "Low variance", "High variance")
    found = {
        "statistic": statistic,
        "expected": np.where(some, 1.0, np.nan),
        "variance": variance,
        "z": z,
        "p": _chi_squared(statistic, variance, alternative),
    }
    choice = Choice(alternative, inference, correction, alpha)
    filled = fields_of(given, found, drawn, p_drawn, kinds, choice)
    return LocalScatter(
        operation="losh",
        options=options | {"graph": given.graph},
        observations=len(given.labels),
        notes=notes_of(given, drawn, choice, permutations, z),
        reading=reading_of("Local scatter (LOSH)", column, len(given.labels), filled, choice, drawn),
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        residual=given.series(np.where(some, residual, np.nan)),
        **filled,
    )


def _chi_squared(statistic: Array, variance: Array, alternative: Alternative) -> Array:
    """Approximate H by a scaled chi-squared distribution with mean 1 and the same variance."""
    from scipy.special import chdtr, chdtrc

    degrees = np.divide(2.0, variance, out=np.full(len(variance), np.nan), where=variance > 0)
    greater, less = chdtrc(degrees, degrees * statistic), chdtr(degrees, degrees * statistic)
    found: Array = two_tails(less, greater, alternative)
    return found
