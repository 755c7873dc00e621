"""Do places of one kind lie together? Join counts of two and more kinds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.errors import DataError, ModelError, complaint, listed
from spatial.explore._categories import categories_of
from spatial.explore._global import GlobalStatistic, caution, notes_of, verdict
from spatial.explore._moments import Constants, constants
from spatial.explore._pairs import Likeness, pair_moments
from spatial.explore._permutations import by_chance_together, describe_reference
from spatial.explore._significance import Array, deviate, normal_p
from spatial.options import Between, Column, used
from spatial.places import Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

_MOST = 20  # kinds; there are half as many pairs as their square


@dataclass(frozen=True, kw_only=True, eq=False)
class JoinCounts(GlobalStatistic):
    """How often neighbours are of the same kind, and how often of any two kinds."""

    statistic: float = shown("Joins of the same kind")
    sampling: str = shown("Sampling of the analytical p")
    joins: "pd.DataFrame" = shown("Joins by pair of kinds")


def join_counts(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    sampling: Literal["nonfree", "free"] = "nonfree",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> JoinCounts:
    """
    Count how often neighbours are of the same kind, for two or more kinds (join counts).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight; binary weights give counts.
    column
        The kind of each place: texts, or numbers that stand for kinds; up to 20.
    sampling
        What the analytical p takes as given: how many places are of each kind ("nonfree"), or only how likely each kind is
        ("free").
    alternative
        Whether either kind of pattern counts, only more joins ("greater"), or only fewer ("less").
    permutations
        How many random orders of the kinds are tried; not used where all orders are.
    exact
        Whether all orders are tried where there are at most 50,000 of them (up to 8 places).
    seed
        Where the random numbers start; the same seed gives the same numbers.
    missing
        Whether a missing kind is an error, or the place is left out.

    Returns
    -------
    JoinCounts
        ``statistic`` is the number of joins (pairs of neighbours, by weight) of the same kind; it and the joins of two
        different kinds add up to half the sum of the weights. ``joins`` has a row for each kind, for each pair of kinds and for
        all unlike pairs together: ``count, expected, variance, z, p, p_permutation``.

    Raises
    ------
    DataError
        When labels do not match, a kind is missing, two kinds are written alike, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, one kind or more than 20, or nobody has a neighbour.

    Notes
    -----
    J_rr = (1/2) sum_ij w_ij [i and j of kind r]; J_rs counts both directions once. Moments of all rows come from the general
    cross product; they equal those of Cliff and Ord (1981, section 1.4) and of spdep's ``joincount.test`` and
    ``joincount.multi``. The permutation p belongs to nonfree sampling. Places without neighbours count in n.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London.
    Mantel, N. (1967). The detection of disease clustering and a generalized regression approach. Cancer Research 27, 209-220.

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> places = geopandas.GeoDataFrame({"kind": list("AABBB")}, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> spatial.join_counts(places, graph, column="kind").joins["count"].to_dict()
    {'A:A': 1.0, 'B:B': 2.0, 'A:B': 1.0, 'unlike': 1.0}
    """
    import pandas as pd

    options = used(join_counts, locals())
    given, kinds = categories_of(places, graph, column, missing)
    if not 1 < len(kinds) <= _MOST:
        raise ModelError(
            complaint(f"column {column!r}", f"there are {len(kinds)} kinds", f"Expected 2 to {_MOST}", "Use moran for numbers")
        )
    sums, codes = constants(given.weights), given.vector
    sizes = np.bincount(codes.astype(int), minlength=len(kinds))
    pairs = [(each, each) for each in range(len(kinds))] + [(one, two) for two in range(len(kinds)) for one in range(two)]
    names = [*_names(column, kinds, pairs), "unlike", "same"]
    counted = _counting(given.weights, len(kinds), pairs)
    found = counted(codes[:, None])[:, 0]
    references = by_chance_together(codes, counted, permutations=permutations, seed=seed, exact=exact)
    moments = [_moments(sums, sizes, pair, sampling) for pair in [*pairs, None]]
    moments.append((sums.s0 / 2 - moments[-1][0], moments[-1][1]))
    expected, variance = np.array(moments).T
    z = deviate(found, expected, variance, 1e-4 * sums.s0)
    columns = {"count": found, "expected": expected, "variance": variance, "z": z, "p": normal_p(z, alternative)}
    table = pd.DataFrame(columns, index=pd.Index(names, name="joins"))
    table["p_permutation"] = [each.p(value, alternative) for each, value in zip(references, found, strict=True)]
    same, reference = table.loc["same"].to_dict(), references[-1]
    filled: dict[str, Any] = {name: float(same[name]) for name in ("expected", "variance", "z", "p", "p_permutation")}
    filled |= {"statistic": float(same["count"]), "seed": seed, "alternative": alternative}
    filled |= {"p_smallest": reference.smallest_p(alternative)} | describe_reference(reference)
    return JoinCounts(
        operation="join_counts",
        options=options | {"graph": given.graph},
        observations=sums.n,
        notes=notes_of(given, filled, reference),
        reading=_reading(column, sums, filled),
        assumption="randomization",
        sampling=sampling,
        joins=table.iloc[:-1],
        **filled,
    )


def _names(column: str, kinds: list[str], pairs: list[tuple[int, int]]) -> list[str]:
    """Name the joins by their kinds, each in its own way."""
    names = [f"{kinds[one]}:{kinds[two]}" for one, two in pairs]
    alike = sorted({name for name in names if names.count(name) > 1})
    if alike:
        raise DataError(
            complaint(
                f"column {column!r}",
                f"joins of different kinds are written alike: {listed(alike)}",
                "Joins are told apart by the names of their kinds",
                "Write kinds in one way, as numbers or as texts, and without ':'",
            )
        )
    return names


def _counting(matrix: Any, kinds: int, pairs: list[tuple[int, int]]) -> Callable[[Array], Array]:
    """Give the function that counts, for each order of the codes, the joins of all pairs, the unlike ones and the same ones."""
    from scipy.sparse import csr_array

    mutual = csr_array((matrix + matrix.T) / 2)

    def counted(codes: Array) -> Array:
        is_kind = [(codes == kind).astype(float) for kind in range(kinds)]
        near = [mutual @ each for each in is_kind]
        joins = [np.einsum("ij,ij->j", is_kind[one], near[two]) * (0.5 if one == two else 1.0) for one, two in pairs]
        same = np.sum(joins[:kinds], axis=0)
        return np.stack([*joins, np.sum(joins[kinds:], axis=0), same])

    return counted


def _moments(sums: Constants, sizes: "np.ndarray[Any, Any]", pair: tuple[int, int] | None, sampling: str) -> tuple[float, float]:
    """Give expectation and variance of the joins of a pair of kinds; without a pair, of all unlike ones."""
    n = sums.n
    if sampling == "nonfree":
        if pair is None:
            total, rows = float(n**2 - (sizes**2).sum()), float((sizes * (n - sizes) ** 2).sum())
        elif pair[0] == pair[1]:
            size = float(sizes[pair[0]])
            total, rows = size * (size - 1), size * (size - 1) ** 2
        else:
            one, two = (float(sizes[kind]) for kind in pair)
            total, rows = 2 * one * two, one * two**2 + two * one**2
        expected, variance = pair_moments(sums, Likeness(total, 2 * total, 4 * rows))
        return expected / 2, variance / 4
    share = sizes / n
    if pair is None:
        mean, chain = 1 - float((share**2).sum()), float((share * (1 - share) ** 2).sum())
    elif pair[0] == pair[1]:
        mean, chain = float(share[pair[0]] ** 2), float(share[pair[0]] ** 3)
    else:
        one, two = (float(share[kind]) for kind in pair)
        mean, chain = 2 * one * two, one * two * (one + two)
    variance = sums.s1 * (mean - mean**2) + (sums.s2 - 2 * sums.s1) * (chain - mean**2)
    return sums.s0 * mean / 2, variance / 4


def _reading(column: str, sums: Constants, filled: dict[str, Any]) -> tuple[str, ...]:
    return (
        (
            f"Of {sums.s0 / 2:.4g} joins between {sums.n} places {filled['statistic']:.4g} are of the same kind ({column}); without"
            f" spatial pattern {filled['expected']:.4g} would be expected, give or take {filled['simulated_sd']:.2g} (one standard deviation)."
        ),
        verdict(
            filled,
            "Places of a kind lie together more than chance would make them",
            "Places of a kind lie apart more than chance would make them",
            "This does not differ clearly from what chance alone would give",
        ),
        *caution(filled, sums.n),
    )
