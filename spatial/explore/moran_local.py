"""Where are the clusters and the outliers? Local Moran's I."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.errors import counted, listed
from spatial.explore._conditional import conditional
from spatial.explore._local import Choice, LocalStatistic, below, fields_of, named, notes_of, quadrants_of, reading_of
from spatial.explore._moments import (
    above,
    centred,
    digits_of,
    kurtosis,
    neighbours_of,
    row_sums,
    spread_of_others,
    square_sums,
    unevenness,
)
from spatial.explore._significance import Array, corrected, deviate, normal_p
from spatial.options import Between, Column, used
from spatial.places import Aligned, Missing
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalMoran(LocalStatistic):
    """Local Moran's I of each place."""

    statistic: "pd.Series[Any]" = shown("Local Moran's I")
    quadrant: "pd.Series[Any]" = shown("Quadrant of the Moran scatterplot")


def local_moran(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    alpha: Annotated[float, Between(0, 1)] = 0.05,
    correction: Literal["fdr", "none", "bonferroni"] = "fdr",
    inference: Literal["permutation", "analytical"] = "permutation",
    moments: Literal["conditional", "total"] = "conditional",
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    draws: Literal["rotated", "own", "shared"] = "rotated",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> LocalMoran:
    """
    Find clusters of alike places and places that differ from their neighbours (local Moran's I).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight.
    column
        The numbers to look at.
    alpha
        Up to which p, after correction, a place stands out (0 to 1).
    correction
        How the many tests are allowed for: false discovery rate, not at all, or Bonferroni.
    inference
        Which p decides: that of the permutations or the analytical one.
    moments
        What the analytical p holds fixed: each place's own value, or nothing (all orders of the values).
    alternative
        Whether clusters and outliers count, only clusters ("greater"), or only outliers ("less").
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
    LocalMoran
        Series on ``place``. ``quadrant`` compares place and neighbours with the mean; ``cluster`` is the quadrant where the
        place stands out, else "Not significant", "Isolated" without neighbours (then p is NaN), or "No data".
        ``p_adjusted`` is the Benjamini-Hochberg value of the p that decides, whatever ``correction`` says. ``counts`` says
        how many places each rule would show. ``p_smallest`` is the smallest p that the number of draws allows,
        ``ties`` the share of draws with just the observed sum, below which no tail can fall.

    Raises
    ------
    DataError
        When labels do not match, a value is missing or no number, or a place is its own neighbour.
    ModelError
        When there are fewer than 4 places, all values are equal, or nobody has a neighbour.

    Notes
    -----
    I_i = (z_i / m2) sum_j w_ij z_j with m2 = sum z^2 / n as in spdep; esda divides by n - 1 instead, so that its values are
    (n - 1) / n of these. Expectation and variance: Anselin (1995) for ``total``, Sokal, Oden and Thomson (1998) for
    ``conditional``. Quadrants split the neighbours' weighted deviations at 0. p values of GeoDa and PySAL are one-sided and
    uncorrected by default; what they would show stands in ``counts`` as "smaller tail". spdep's ``localmoran_perm`` (1.2-7)
    draws neighbours with replacement and so gives somewhat larger p than a permutation.
    The p of a place without deviation from the mean is NaN analytically and 1 by permutation.
    Each place's draws are random sets of the others in every way of drawing. The errors of two places' p are independent with
    "own", have a correlation between -1/n and 0 on average with "rotated" (all places look at the same random distances on
    circles that are laid anew many times), and rise and fall together with "shared".

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association. Geographical Analysis 27, 93-115.
    doi:10.1111/j.1538-4632.1995.tb00338.x
    Sokal, R. R., Oden, N. L. and Thomson, B. A. (1998). Local spatial autocorrelation in a biological model. Geographical
    Analysis 30, 331-354. doi:10.1111/j.1538-4632.1998.tb00406.x
    Caldas de Castro, M. and Singer, B. H. (2006). Controlling the false discovery rate. Geographical Analysis 38, 180-208.
    doi:10.1111/j.0016-7363.2006.00682.x

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 3, 4, 5]}, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> spatial.local_moran(places, graph, column="value").statistic.tolist()  # a: (-2 / 2) x -1
    [1.0, 1.0, 0.0, 1.0, 1.0]
    """
    options = used(local_moran, locals())
    given = neighbours_of(places, graph, column, missing)
    return local_moran_of("local_moran", given, given.vector, options, column)


def local_moran_of(operation: str, given: Aligned, values: Array, options: dict[str, Any], words: str) -> LocalMoran:
    """Compute local Moran's I of aligned values, with the options of ``local_moran``."""
    choice = Choice(options["alternative"], options["inference"], options["correction"], options["alpha"])
    deviation = centred(values)
    second = float((deviation**2).mean())
    lag = given.weights @ deviation
    statistic = deviation * lag / second
    expected, variance = (_total if options.get("moments") == "total" else _conditional)(deviation, given.weights)
    z = deviate(statistic, expected, variance, row_sums(given.weights))
    how = {name: options[name] for name in ("seed", "exact", "draws")}
    drawn = conditional(deviation, given.weights, count=options["permutations"], digits=digits_of(values), **how)
    p_drawn = np.where(deviation == 0, 1.0, drawn.p(choice.alternative, upward=deviation > 0))
    high = above(lag, deviation, given.weights)
    kinds = named(2 * (deviation > 0) + high, "Low-Low", "Low-High", "High-Low", "High-High")
    found = {"statistic": statistic, "expected": expected, "variance": variance, "z": z, "p": normal_p(z, choice.alternative)}
    filled = fields_of(given, found, drawn, p_drawn, kinds, choice, upward=deviation > 0)
    return LocalMoran(
        operation=operation,
        options=options | {"graph": given.graph},
        observations=len(given.labels),
        notes=notes_of(given, drawn, choice, options["permutations"], z)
        + _sides_note(given, p_drawn, (deviation != 0) & (high != (drawn.greater <= drawn.less)), choice),
        reading=reading_of("Local Moran's I", words, len(given.labels), filled, choice, drawn),
        quadrant=quadrants_of(given, kinds),
        permutations=options["permutations"],
        seed=options["seed"],
        alternative=choice.alternative,
        **filled,
    )


def _sides_note(given: Aligned, decided: Array, apart: "np.ndarray[Any, np.dtype[np.bool_]]", choice: Choice) -> tuple[str, ...]:
    """Admit places whose neighbours lie on one side of the mean and on the other side of what chance usually gives."""
    if choice.inference != "permutation" or not apart.any():
        return ()
    wrong = apart & below(corrected(decided, choice.correction), choice.alpha)
    if not wrong.any():
        return ()
    labels = given.labels[wrong]
    return (
        f"The values are so skewed that for {counted(len(labels), 'place')} the neighbours' mean lies on another side of the overall mean than of its usual range: {listed(labels)}; read their label with care.",
    )


def _conditional(deviation: Array, matrix: "csr_array") -> tuple[Array, Array]:
    """Moments given the place's own value: Sokal, Oden and Thomson (1998), appendix."""
    n = len(deviation)
    total = float((deviation**2).sum())
    rows, squares = row_sums(matrix), square_sums(matrix)
    own = n * deviation**2 / total
    expected = -own * rows / (n - 1)
    variance = own * n / ((n - 1) * (n - 2)) * unevenness(squares, rows, n - 1) * (spread_of_others(deviation) / total)
    return expected, variance


def _total(deviation: Array, matrix: "csr_array") -> tuple[Array, Array]:
    """Moments over all orders of the values: Anselin (1995), equations 13 and 14, with the terms of Sokal et al. (1998)."""
    n = len(deviation)
    shape = kurtosis(deviation)
    rows, squares = row_sums(matrix), square_sums(matrix)
    expected = -rows / (n - 1)
    variance = squares * (n - shape) / (n - 1) + (rows**2 - squares) * (2 * shape - n) / ((n - 1) * (n - 2)) - expected**2
    return expected, variance
