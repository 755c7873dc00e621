"""Where do values scatter more than elsewhere? Local spatial heteroscedasticity (LOSH)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.errors import ModelError, complaint, listed
from spatial.explore._local import Choice, LocalStatistic, fields_of, named, notes_of, reading_of
from spatial.explore._moments import EVEN, centred, neighbours_of, row_sums, square_sums, unevenness
from spatial.explore._scatter import dealt, residuals, scatter, surroundings
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
    p_permutation: "pd.Series[Any]" = shown("p (permutation)")
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
        How many random orders of the values are tried; where there are no more than that (999: up to 6 places), all are.
    exact
        Whether all orders of the values are tried where they are no more than the permutations.
    draws
        Not used: other local statistics draw neighbours in these ways, here one order of all values serves all places.
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
        When there are fewer than 4 places, all values of a column are equal, nobody has a neighbour, or every place has its neighbours' mean.

    Notes
    -----
    e_i = |x_i - m_i|^a with m_i the neighbours' weighted mean, H_i = sum_j w_ij e_j / (mean(e) sum_j w_ij), as in spdep's ``LOSH``
    and ``LOSH.cs``, whose p is the upper tail: ``alternative = "greater"``. Chance deals out all values x over all places, islands
    too, and makes new residuals for every order; each place's H is compared with its own in all orders. If any order of x is
    as likely as another, p is at most 0.05 in 5 % of places (fewer with ties), whatever the distribution of x and the graph. To deal out
    the residuals e finds too much (in simulations up to 14 % for 5 %), for residuals of neighbours have values in common; the analytical
    p is an approximation (3 to 7 %). spdep's ``LOSH.mc``, after Xu, Mei and Yan (2014), holds the value of the place itself; here it
    is dealt out with the others. H_i looks at it only in the means of the neighbours, so that it is part of what scatters there,
    and one order serves all places. What chance leaves of error in p is alike for adjacent places, as their H are, and
    unrelated on average. A place without neighbours has no residual and counts as the mean where it is somebody's neighbour. A
    trend or likeness of neighbours in x shows as scatter: look at residuals of a model where there is one.

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
    around, some = surroundings(given.weights, power), ~given.islands
    values = centred(given.vector)
    unit = np.abs(values).max()  # H has no unit, and powers of large and of small numbers would end
    values = values / unit
    residual = residuals(around, values[:, None])
    n, weight = int(some.sum()), np.where(some, row_sums(given.weights), np.nan)
    mean, spread = float(residual[some].mean()), _variance(residual[some])
    if mean <= 0:
        raise ModelError(
            complaint(f"column {column!r}", "every place has its neighbours' mean", "Expected residuals", "Use another graph")
        )
    size = np.where(some, residual[:, 0] * unit**power, np.nan)
    statistic = np.where(some, scatter(around, residual)[:, 0], np.nan)
    variance = unevenness(square_sums(given.weights), weight, n) / (n - 1) / (mean * weight) ** 2 * spread
    with np.errstate(divide="ignore"):
        z = np.where(variance > 0, 2 * statistic / variance, np.nan)
    drawn = dealt(around, values, count=permutations, seed=seed, exact=exact)
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
        notes=_notes(
            notes_of(given, drawn, choice, permutations, statistic, sets="orders of the values"),
            draws,
            given.labels[some & np.isnan(z)],
        ),
        reading=reading_of("Local scatter (LOSH)", column, len(given.labels), filled, choice, drawn),
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        residual=given.series(size),
        **filled,
    )


def _variance(residual: Array) -> float:
    """Give the variance of the residuals; 0 where they are all alike but for rounding."""
    return float(residual.var()) if np.ptp(residual) > EVEN * residual.max() else 0.0


def _notes(notes: tuple[str, ...], draws: str, fixed: "pd.Index[str]") -> tuple[str, ...]:
    """Say that a way of drawing has no effect, and where the formula gives no variance."""
    said = [*notes]
    if draws != "rotated":
        said.append(f'draws = "{draws}" has no effect: every order of the values serves all places.')
    if len(fixed):
        said.append(f"The formula gives no variance, and so no z and no analytical p, for {listed(fixed)}.")
    return tuple(said)


def _chi_squared(statistic: Array, variance: Array, alternative: Alternative) -> Array:
    """Approximate H by a scaled chi-squared distribution with mean 1 and the same variance."""
    from scipy.special import chdtr, chdtrc

    degrees = np.divide(2.0, variance, out=np.full(len(variance), np.nan), where=variance > 0)
    greater, less = chdtrc(degrees, degrees * statistic), chdtr(degrees, degrees * statistic)
    found: Array = two_tails(less, greater, alternative)
    return found
