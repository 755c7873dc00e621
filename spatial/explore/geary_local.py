"""Where are places like their neighbours, or unlike them? Local Geary's c, of one column or several."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.explore._conditional import conditional
from spatial.explore._local import Choice, LocalStatistic, Named, fields_of, named, notes_of, reading_of
from spatial.explore._moments import LEAST, above, by_column, digits_of, linked, row_sums, sampled_moments, standard
from spatial.explore._significance import Array, deviate, normal_p
from spatial.options import Between, Column, used
from spatial.places import Missing, aligned
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalGeary(LocalStatistic):
    """Local Geary's c of each place."""

    statistic: "pd.Series[Any]" = shown("Local Geary's c")
    z: "pd.Series[Any]" = shown("z (positive where neighbours are alike)")


def local_geary(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    others: list[Column] | None = None,
    alpha: Annotated[float, Between(0, 1)] = 0.05,
    correction: Literal["fdr", "none", "bonferroni"] = "fdr",
    inference: Literal["permutation", "analytical"] = "permutation",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    draws: Literal["rotated", "own", "shared"] = "rotated",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> LocalGeary:
    """
    Find places that are like their neighbours and places that are not (local Geary's c).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight.
    column
        The numbers to look at.
    others
        Further columns: then places are compared in all of them together (multivariate local Geary).
    alpha
        Up to which p, after correction, a place stands out (0 to 1).
    correction
        How the many tests are allowed for: false discovery rate, not at all, or Bonferroni.
    inference
        Which p decides: that of the permutations or the analytical one.
    alternative
        Whether either kind counts, only places like their neighbours ("greater"), or only unlike ones ("less").
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
    LocalGeary
        Series on ``place``. ``statistic`` is the weighted sum of squared differences from the neighbours, in squared standard
        deviations: small where they are alike. ``z`` is positive where neighbours are alike, as in ``geary``. ``cluster`` is
        "High-High", "Low-Low", "Other positive" (alike, on different sides of the mean) or "Negative" (unlike) where the place
        stands out; "Positive" or "Negative" with several columns.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, all values of a column are equal, or nobody has a neighbour.

    Notes
    -----
    c_i = sum_j w_ij (z_i - z_j)^2 with z in standard deviations (divisor n - 1), as in spdep and GeoDa; with several columns
    their mean. Expectation and variance hold the place's own values fixed and draw its neighbours from all others, exactly as
    the permutations do; places keep all their values together.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association. Geographical Analysis 27, 93-115.
    doi:10.1111/j.1538-4632.1995.tb00338.x
    Anselin, L. (2019). A local indicator of multivariate spatial association: extending Geary's c. Geographical Analysis 51,
    133-150. doi:10.1111/gean.12164

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> table = {"value": [1, 2, 3, 4, 5]}
    >>> places = geopandas.GeoDataFrame(table, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> spatial.local_geary(places, graph, column="value").statistic.round(6).tolist()  # c: (1 + 1) / 2.5
    [0.4, 0.8, 0.8, 0.8, 0.4]
    """
    options = used(local_geary, locals())
    columns = [column, *(others or [])]
    given = linked(aligned(places, graph, columns, missing=missing, least=LEAST))
    n = len(given.labels)
    scores = standard(by_column(given)) * ((n - 1) / n) ** 0.5
    weight = row_sums(given.weights)
    # sum_j w_ij (z_i - z_j)^2 = w_i z_i^2 + sum_j w_ij (z_j^2 - 2 z_i z_j): what lies in the sum is drawn together
    drawn_together = np.concatenate([scores**2, scores]) / len(columns)
    share = np.concatenate([np.ones_like(scores), -2 * scores])
    fixed = weight * (scores**2).mean(axis=0)
    expected, variance = sampled_moments(drawn_together, given.weights, share)
    statistic = _differences(scores, given.weights)
    z = -deviate(statistic, fixed + expected, variance, weight)
    lost = digits_of(by_column(given)) / by_column(given).std(axis=1) / len(columns)
    digits = np.concatenate([2 * np.abs(scores).max(axis=1) * lost, lost])
    how: dict[str, Any] = {"count": permutations, "seed": seed, "exact": exact, "draws": draws}
    drawn = conditional(drawn_together, given.weights, share=share, digits=digits, **how)
    p_drawn = drawn.p(alternative, upward=False)
    alike = drawn.less <= drawn.greater if inference == "permutation" else z > 0
    kinds = _kinds(scores, given.weights, alike)
    found = {
        "statistic": statistic,
        "expected": fixed + expected,
        "variance": variance,
        "z": z,
        "p": normal_p(z, alternative),
    }
    choice = Choice(alternative, inference, correction, alpha)
    filled = fields_of(given, found, drawn, p_drawn, kinds, choice, upward=False)
    return LocalGeary(
        operation="local_geary",
        options=options | {"graph": given.graph},
        observations=len(given.labels),
        notes=notes_of(given, drawn, choice, permutations, z),
        reading=reading_of("Local Geary's c", ", ".join(columns), len(given.labels), filled, choice, drawn),
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        **filled,
    )


def _differences(scores: Array, matrix: "csr_array") -> Array:
    """Sum the weighted squared differences from the neighbours, on average over the columns."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    apart = ((scores[:, rows] - scores[:, matrix.indices]) ** 2).mean(axis=0)
    found: Array = np.bincount(rows, weights=matrix.data * apart, minlength=matrix.shape[0]).astype(float)
    return found


def _kinds(scores: Array, matrix: "csr_array", alike: "np.ndarray[Any, np.dtype[np.bool_]]") -> Named:
    """Name what a place would be if it stood out."""
    if len(scores) > 1:
        return named(alike, "Negative", "Positive")
    lag = matrix @ scores[0]
    high, low = ((sign * scores[0] > 0) & above(sign * lag, scores[0], matrix) for sign in (1, -1))
    return named(np.where(alike, 1 + high + 2 * low, 0), "Negative", "Other positive", "High-High", "Low-Low")
