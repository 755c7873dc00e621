"""Do neighbours resemble each other? Moran's I."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from spatial.explore._global import GlobalStatistic, caution, inference, notes_of, verdict
from spatial.explore._influence import influence_on_slope
from spatial.explore._moments import centred, constants, kurtosis, moran_variance, neighbours_of
from spatial.explore._permutations import gathered, quadratic
from spatial.explore._significance import Array
from spatial.options import Between, Column, used
from spatial.places import Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array


@dataclass(frozen=True, kw_only=True, eq=False)
class Moran(GlobalStatistic):
    """Global Moran's I, and the two columns of its scatterplot."""

    statistic: float = shown("Moran's I")
    deviation: "pd.Series[Any]" = shown("Deviation from the mean, in standard deviations")
    lag: "pd.Series[Any]" = shown("Spatial lag of the deviation")
    influence: "pd.DataFrame" = shown("Influence of single places on the slope of the scatterplot")
    influential: int = shown("Places with much influence on the slope")


def moran(
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
) -> Moran:
    """
    Measure how alike neighbouring places are (global Moran's I).

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
        Whether either kind of pattern counts, only alike neighbours ("greater"), or only unlike ones ("less").
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
    Moran
        ``statistic`` is near ``expected`` = -1/(n-1) without pattern, larger where neighbours are alike, smaller where they
        differ; with row-standardised weights it usually lies between -1 and 1. ``deviation`` and ``lag`` are the axes of the
        Moran scatterplot: z over its standard deviation (divisor n), and its weighted sum over the neighbours. ``influence`` says of
        each place how much the line through the scatterplot hangs on it: ``hat`` (leverage), ``cook`` (Cook's distance),
        ``dffit``, ``cov_ratio`` and ``influential`` (1 where one of them is beyond the usual bounds); ``influential`` counts
        these.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, all values are equal, or nobody has a neighbour.

    Notes
    -----
    I = (n / S0) sum_ij w_ij z_i z_j / sum_i z_i^2 with z the deviations from the mean and S0 the sum of the weights.
    Places without neighbours count in n, as in PySAL; spdep leaves them out of n unless told otherwise.
    The line of the scatterplot is that of deviations, whose slope is I where rows sum to 1; spdep's ``moran.plot`` lags the
    values themselves, which is another line, and other influence, where the rows' sums differ.
    A two-sided permutation p is twice the smaller of both tails, at most 1.

    References
    ----------
    Moran, P. A. P. (1950). Notes on continuous stochastic phenomena. Biometrika 37, 17-23. doi:10.1093/biomet/37.1-2.17
    Cliff, A. D. and Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London.

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 3, 4, 5]}, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> found = spatial.moran(places, graph, column="value")
    >>> round(found.statistic, 3), round(found.p_permutation, 3), found.permutations
    (0.5, 0.133, 120)
    """
    options = used(moran, locals())
    given = neighbours_of(places, graph, column, missing)
    deviation = centred(given.vector)
    spread = float((deviation**2).sum())
    sums = constants(given.weights)
    near, matrix = gathered(deviation, given.weights)
    products = quadratic(matrix)

    def index(values: Array) -> Array:
        found: Array = sums.n / sums.s0 * products(values) / spread
        return found

    observed = float(index(near[:, None])[0])
    variance = moran_variance(sums, None if assumption == "normality" else kurtosis(deviation))
    filled, reference = inference(
        (observed, -1 / (sums.n - 1), variance),
        near,
        index,
        alternative=alternative,
        permutations=permutations,
        seed=seed,
        exact=exact,
    )
    standard = deviation / (spread / sums.n) ** 0.5
    lag = _lag(given.weights, standard)
    influence = influence_on_slope(standard, lag)
    return Moran(
        operation="moran",
        options=options | {"graph": given.graph},
        observations=sums.n,
        notes=notes_of(given, filled, reference),
        reading=_reading(column, sums.n, filled),
        assumption=assumption,
        deviation=given.series(standard),
        lag=given.series(lag),
        influence=given.frame(influence),
        influential=int(influence["influential"].sum()),
        **filled,
    )


def _lag(matrix: "csr_array", values: Array) -> Array:
    lagged: Array = matrix @ values
    return lagged


def _reading(column: str, n: int, filled: dict[str, Any]) -> tuple[str, ...]:
    measured = (
        f"Moran's I of {column} over {n} places is {filled['statistic']:.3f}; without spatial pattern {filled['expected']:.3f}"
        f" would be expected, give or take {filled['simulated_sd']:.3f} (one standard deviation)."
    )
    return (
        measured,
        verdict(
            filled,
            "Neighbouring places are more alike than chance would make them",
            "Neighbouring places are less alike than chance would make them",
            "This does not differ clearly from what chance alone would give",
        ),
        *caution(filled, n),
    )
