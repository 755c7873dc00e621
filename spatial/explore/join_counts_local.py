"""Where do places of a kind lie together? Local join counts, of one kind or of several."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.errors import ModelError, complaint, counted, listed
from spatial.explore._conditional import conditional
from spatial.explore._local import Choice, LocalStatistic, fields_of, named, notes_of, reading_of
from spatial.explore._moments import LEAST, by_column, linked, row_sums, sampled_moments
from spatial.explore._significance import Array, deviate, normal_p
from spatial.options import Between, Column, used
from spatial.places import Aligned, Missing, aligned
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalJoinCounts(LocalStatistic):
    """Local join counts of each place."""

    statistic: "pd.Series[Any]" = shown("Joins with neighbours of the kind")
    members: int = shown("Places of the kind")


#: Said where the analytical p decide.
ROUGH = (
    "The analytical p are those of a normal distribution in place of the hypergeometric one: with few neighbours or few places of the kind"
    ' they are too small, and inference = "permutation" is nearer to the truth.'
)


def local_join_counts(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    others: list[Column] | None = None,
    together: Literal["same place", "neighbours"] = "same place",
    alpha: Annotated[float, Between(0, 1)] = 0.05,
    correction: Literal["fdr", "none", "bonferroni"] = "fdr",
    inference: Literal["permutation", "analytical"] = "permutation",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    draws: Literal["rotated", "own", "shared"] = "rotated",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> LocalJoinCounts:
    """
    Find places of a kind whose neighbours are of the kind too (local join counts).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight.
    column
        1 where a place is of the kind, 0 where not.
    others
        Further columns of 0 and 1 for further kinds.
    together
        With further kinds, what is looked for: places of all kinds at once whose neighbours are too ("same place"), or places of
        the first kind alone whose neighbours are of the one other kind alone ("neighbours").
    alpha
        Up to which p, after correction, a place stands out (0 to 1).
    correction
        How the many tests are allowed for: false discovery rate, not at all, or Bonferroni.
    inference
        Which p decides: that of the permutations or the analytical one.
    alternative
        Whether more and fewer joins count, only more ("greater"), or only fewer ("less").
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
    LocalJoinCounts
        Series on ``place``. ``statistic`` is the number (by weight) of neighbours of the kind, 0 for a place that is not of the kind
        itself; only places of the kind are tested, p is NaN for the others. ``cluster`` is "Cluster" or "Alone" where a place
        stands out.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, a column holds anything but 0 and 1, nobody is of the kind, or nobody has a neighbour.

    Notes
    -----
    BJC_i = x_i sum_j w_ij x_j; for several kinds x is their product; for neighbours of another kind x_i (1 - y_i) sum_j w_ij y_j
    (1 - x_j). GeoDa prints the upper tail only: ``alternative = "greater"``. Permutations hold the place fixed and draw its
    neighbours from all others; for one or two kinds and equal weights that is a hypergeometric distribution.

    References
    ----------
    Anselin, L. and Li, X. (2019). Operational local join count statistics for cluster detection. Journal of Geographical Systems
    21, 189-210. doi:10.1007/s10109-019-00299-x

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> table = {"town": [1, 1, 1, 0, 0]}
    >>> places = geopandas.GeoDataFrame(table, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> spatial.local_join_counts(places, graph, column="town").statistic.tolist()
    [1.0, 2.0, 1.0, 0.0, 0.0]
    """
    options = used(local_join_counts, locals())
    columns = [column, *(others or [])]
    given = linked(aligned(places, graph, columns, missing=missing, least=LEAST, varying=False))
    own, near = _kinds_of(given, columns, together)
    lag = given.weights @ near
    mean, variance = sampled_moments(near[None], given.weights)
    unknown = np.where(own > 0, 1.0, np.nan)
    z = deviate(lag, mean, variance, row_sums(given.weights)) * unknown
    drawn = conditional(near, given.weights, count=permutations, seed=seed, exact=exact, draws=draws)
    p_drawn = drawn.p(alternative) * unknown
    kinds = named(lag >= mean, "Alone", "Cluster")
    found = {
        "statistic": own * lag,
        "expected": own * mean,
        "variance": own * variance,
        "z": z,
        "p": normal_p(z, alternative),
    }
    choice = Choice(alternative, inference, correction, alpha)
    filled = fields_of(given, found, drawn, p_drawn, kinds, choice)
    return LocalJoinCounts(
        operation="local_join_counts",
        options=options | {"graph": given.graph},
        observations=len(given.labels),
        notes=notes_of(given, drawn, choice, permutations, z, some=own > 0) + (ROUGH,) * (inference == "analytical"),
        reading=reading_of("Local join counts", ", ".join(columns), len(given.labels), filled, choice, drawn),
        permutations=permutations,
        seed=seed,
        alternative=alternative,
        members=int(own.sum()),
        **filled,
    )


def _kinds_of(given: Aligned, columns: list[str], together: str) -> tuple[Array, Array]:
    """Give who is of the kind, and who is the kind of neighbour that is looked for."""
    for name, values in zip(columns, by_column(given), strict=True):
        wrong = given.labels[(values != 0) & (values != 1)]
        if len(wrong):
            raise ModelError(
                complaint(
                    f"column {name!r}",
                    f"{counted(len(wrong), 'value is', 'values are')} neither 0 nor 1: {listed(wrong)}",
                    "Expected 1 for places of the kind and 0 for others",
                    "Make such a column, or use join_counts for kinds with names",
                )
            )
    if together == "neighbours" and len(columns) != 2:
        raise ModelError(
            complaint(
                "local_join_counts",
                f"{len(columns)} columns are given",
                'together = "neighbours" needs exactly two',
                "Name one in others",
            )
        )
    if together == "neighbours":
        one, other = by_column(given)
        own, near = one * (1 - other), other * (1 - one)
    else:
        own = near = by_column(given).prod(axis=0)
    if not own.any() or not near.any():
        raise ModelError(
            complaint(f"column {listed(columns)}", "no place is of the kind", "Expected some that are", "Look at the columns")
        )
    return own, near
