"""How much do neighbours differ? Geary's c."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.explore._global import GlobalStatistic, caution, inference, notes_of, verdict
from spatial.explore._moments import Constants, centred, constants, kurtosis, left_over, neighbours_of, row_sums, uneven
from spatial.explore._permutations import gathered, quadratic
from spatial.explore._significance import Array
from spatial.options import Between, Column, used
from spatial.places import Missing
from spatial.results import shown

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class Geary(GlobalStatistic):
    """Global Geary's c."""

    statistic: float = shown("Geary's c")
    z: float = shown("z (positive where neighbours are alike)")


def geary(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    assumption: Literal["randomization", "normality"] = "randomization",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> Geary:
    """
    Measure how much neighbouring places differ (global Geary's c).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight.
    column
        The numbers to look at.
    assumption
        What the analytical variance takes as random: the order of the given values, or values from a normal distribution.
    alternative
        Whether either kind of pattern counts, only alike neighbours ("greater", c below 1), or only unlike ones ("less").
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
    Geary
        ``statistic`` is 1 without pattern, between 0 and 1 where neighbours are alike, above 1 where they differ.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, all values are equal, or nobody has a neighbour.

    Notes
    -----
    c = ((n - 1) / (2 S0)) sum_ij w_ij (x_i - x_j)^2 / sum_i z_i^2. The sign of z follows spdep, (E - c) / sd, so that a
    positive z means alike neighbours as with Moran's I, and "greater" means more alike; esda has the opposite sign.
    Places without neighbours count in n; spdep's default mixes both numbers in the variance under randomization.

    References
    ----------
    Geary, R. C. (1954). The contiguity ratio and statistical mapping. The Incorporated Statistician 5, 115-145.
    doi:10.2307/2986645
    Cliff, A. D. and Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London.

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 3, 4, 5]}, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> round(spatial.geary(places, graph, column="value").statistic, 3)
    0.2
    """
    options = used(geary, locals())
    given = neighbours_of(places, graph, column, missing)
    deviation = centred(given.vector)
    spread = float((deviation**2).sum())
    near, matrix = gathered(deviation, given.weights)
    sums, products = constants(given.weights), quadratic(matrix)
    both = row_sums(matrix) + np.asarray(matrix.sum(axis=0)).ravel()

    def contiguity(values: Array) -> Array:
        differences = both @ values**2 - 2 * products(values)
        ratio: Array = (sums.n - 1) / (2 * sums.s0) * differences / spread
        return ratio

    observed = float(contiguity(near[:, None])[0])
    variance = _variance(sums, None if assumption == "normality" else kurtosis(deviation))
    filled, reference = inference(
        (observed, 1.0, variance),
        near,
        contiguity,
        alternative=alternative,
        permutations=permutations,
        seed=seed,
        exact=exact,
        sign=-1,
    )
    return Geary(
        operation="geary",
        options=options | {"graph": given.graph},
        observations=sums.n,
        notes=notes_of(given, filled, reference),
        reading=_reading(column, sums.n, filled),
        assumption=assumption,
        **filled,
    )


def _variance(sums: Constants, shape: float | None) -> float:
    """Give the variance of c: under normality, or with kurtosis ``shape`` under randomization (Cliff and Ord 1981, p. 56)."""
    n, square = sums.n, sums.s0**2
    s1, s2 = uneven(n, sums.s0, sums.s1, sums.s2)
    if shape is None:
        return (2 * s1 + s2) * (n - 1) / (2 * (n + 1) * square)
    first = s1 * (n**2 - 3 * n + 3), -s1 * (n - 1) * shape
    second = -s2 * (n**2 + 3 * n - 6) / 4, s2 * (n**2 - n + 2) * shape / 4
    return (n - 1) * left_over(*first, *second) / (n * (n - 2) * (n - 3) * square)


def _reading(column: str, n: int, filled: dict[str, Any]) -> tuple[str, ...]:
    measured = (
        f"Geary's c of {column} over {n} places is {filled['statistic']:.3f}; without spatial pattern 1 would be expected,"
        f" give or take {filled['simulated_sd']:.3f} (one standard deviation), and less where neighbours are alike."
    )
    return (
        measured,
        verdict(
            filled,
            "Neighbouring places differ less than chance would make them",
            "Neighbouring places differ more than chance would make them",
            "This does not differ clearly from what chance alone would give",
        ),
        *caution(filled, n),
    )
