"""What the formulas for global statistics need to know of the weights and of the values."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, ModelError, complaint, counted, listed
from spatial.places import Aligned, Missing, aligned

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

LEAST = 4  # the variance under randomization divides by n - 3
OUTLIER = 1e-6  # share of the sum of squares that the others have besides a place that has all but this
EVEN = 1e-12  # what rounding leaves of a difference that is 0
ULPS = 4  # roundings of the largest value that a mean of exact decimals may be off


@dataclass(frozen=True)
class Constants:
    """Sums over the weights: Cliff and Ord (1981), Spatial Processes, section 1.4."""

    n: int
    s0: float  # sum of the weights
    s1: float  # half the sum of (w_ij + w_ji) squared
    s2: float  # sum of (row sum + column sum) squared


def constants(matrix: "csr_array") -> Constants:
    """Sum the weights up the three ways the variances need."""
    rows, columns = row_sums(matrix), np.asarray(matrix.sum(axis=0)).ravel()
    squares = float((matrix.data**2).sum())
    crossed = float(matrix.multiply(matrix.T).sum())
    return Constants(matrix.shape[0], float(rows.sum()), squares + crossed, float(((rows + columns) ** 2).sum()))


def row_sums(matrix: "csr_array") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Sum each row."""
    return np.asarray(matrix @ np.ones(matrix.shape[1]), dtype=float)


def square_sums(matrix: "csr_array") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Sum the squares of each row."""
    from scipy.sparse import csr_array

    return row_sums(csr_array((matrix.data**2, matrix.indices, matrix.indptr), shape=matrix.shape))


def kurtosis(deviation: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    """Give b2, the fourth moment over the squared second one, both with divisor n; 3 for a normal distribution."""
    return float((deviation**4).mean() / (deviation**2).mean() ** 2)


def left_over(*terms: float) -> float:
    """Sum terms that may cancel; 0 where rounding alone keeps them from it."""
    found = math.fsum(terms)
    return found if abs(found) > EVEN * math.fsum(map(abs, terms)) else 0.0


def uneven(n: int, total: float, first: float, second: float) -> tuple[float, float]:
    """
    Give s1 and s2 of weights less their mean over all pairs: both are 0 where everybody is everybody's neighbour alike.

    A mean taken from all weights moves a cross product by the same in every order of the places. So variances may be computed
    from these, and what makes them small, or nothing at all, is not lost among much larger terms.
    """
    return left_over(first, -2 * total**2 / (n * (n - 1))), left_over(second, -4 * total**2 / n)


def moran_variance(sums: Constants, shape: float | None) -> float:
    """Give the variance of Moran's I: under normality, or with kurtosis ``shape`` under randomization (Cliff and Ord 1981, p. 46)."""
    n, square = sums.n, sums.s0**2
    s1, s2 = uneven(n, sums.s0, sums.s1, sums.s2)
    if shape is None:
        return left_over(n**2 * s1, -n * s2) / (square * (n**2 - 1))
    terms = n * (n**2 - 3 * n + 3) * s1, -(n**2) * s2, -shape * (n**2 - n) * s1, shape * 2 * n * s2
    return left_over(*terms) / ((n - 1) * (n - 2) * (n - 3) * square)


def by_column(given: Aligned) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Give the aligned numbers as (columns, places)."""
    return given.values.T


def centred(values: "np.ndarray[Any, np.dtype[np.float64]]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """
    Give deviations from the mean, of each row; of a value that is the mean but for rounding 0.

    The mean of large values is rounded to their digits: once more the mean of the deviations is taken from them.
    """
    deviation = values - values.mean(axis=-1, keepdims=True)
    found = np.asarray(deviation - deviation.mean(axis=-1, keepdims=True))
    found[np.abs(found) <= ULPS * np.finfo(float).eps * np.abs(values).max(axis=-1, keepdims=True, initial=0.0)] = 0.0
    return found


def above(
    lag: "np.ndarray[Any, np.dtype[np.float64]]", deviation: "np.ndarray[Any, np.dtype[np.float64]]", matrix: "csr_array"
) -> Any:
    """Tell which sums over the neighbours are above 0 by more than rounding."""
    return lag > EVEN * row_sums(matrix) * np.abs(deviation).max()


def digits_of(values: "np.ndarray[Any, np.dtype[np.float64]]") -> Any:
    """Tell how far deviations from the mean may be off because the values themselves are rounded, of each row."""
    return np.finfo(float).eps * np.abs(values).max(axis=-1)


def standard(values: "np.ndarray[Any, np.dtype[np.float64]]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Give deviations from the mean in standard deviations (divisor n), of each row."""
    deviation = centred(values)
    return np.asarray(deviation / deviation.std(axis=-1, keepdims=True))


def sampled_moments(
    values: "np.ndarray[Any, np.dtype[np.float64]]",
    matrix: "csr_array",
    share: "np.ndarray[Any, np.dtype[np.float64]] | None" = None,
) -> "tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]":
    """
    Give expectation and variance of each place's weighted sum where its neighbours are drawn from all others.

    Parameters
    ----------
    values
        (columns, places), drawn together.
    matrix
        Weights without a diagonal.
    share
        (columns, places): what a column counts for a place; by default 1.

    Returns
    -------
    tuple
        Moments of sum_j w_ij sum_c share_ci values_cj: those of a sample without replacement of the n - 1 others.
    """
    n = values.shape[1]
    counts = np.ones_like(values) if share is None else share
    centre = values.mean(axis=1, keepdims=True)
    around = centred(values)
    rest = -around / (n - 1)  # the mean of the others, as a deviation
    products = around @ around.T
    spread = np.zeros(n)
    for one in range(len(values)):
        for other in range(len(values)):
            without = products[one, other] - around[one] * around[other] - (n - 1) * rest[one] * rest[other]
            spread += counts[one] * counts[other] * without
    size = (np.sqrt(np.diag(products)) @ np.abs(counts)) ** 2
    for place in np.flatnonzero(spread < OUTLIER * size):  # one value makes up nearly all: the difference has lost its digits
        others = np.delete(counts[:, place] @ around, place)
        spread[place] = float(((others - others.mean()) ** 2).sum())
    rows, squares = row_sums(matrix), square_sums(matrix)
    expected = rows * (counts * (centre + rest)).sum(axis=0)
    variance = np.maximum(spread, 0.0) / (n - 1) * unevenness(squares, rows, n - 1) / (n - 2)
    return expected, variance


def spread_of_others(deviation: "np.ndarray[Any, np.dtype[np.float64]]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Give, for each place, the squared deviations of all other places from their own mean, summed."""
    n, total = len(deviation), float((deviation**2).sum())
    found = total - deviation**2 * n / (n - 1)
    for place in np.flatnonzero(found < OUTLIER * total):  # one value makes up nearly all: the difference has lost its digits
        others = np.delete(deviation, place)
        found[place] = float(((others - others.mean()) ** 2).sum())
    return found


def unevenness(
    squares: "np.ndarray[Any, np.dtype[np.float64]]", rows: "np.ndarray[Any, np.dtype[np.float64]]", count: int
) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Give count times the sum of squares of a place's ``count`` weights, less the square of their sum: 0 where all are equal."""
    found = count * squares - rows**2
    return np.where(found > EVEN * count * squares, found, 0.0)


def neighbours_of(places: "GeoDataFrame", graph: "Graph", column: str, missing: Missing, *, own: bool = False) -> Aligned:
    """
    Align one column with a graph in which somebody is a neighbour of somebody.

    ``own`` says whether a place may be its own neighbour; the moments of Moran, Geary and G hold only where none is.
    """
    return linked(aligned(places, graph, column, missing=missing, least=LEAST), own=own)


def pair_of(places: "GeoDataFrame", graph: "Graph", column: str, second: str, missing: Missing, *, own: bool = False) -> Aligned:
    """Align two columns with a graph, as ``neighbours_of`` aligns one."""
    return linked(aligned(places, graph, [column, second], missing=missing, least=LEAST), own=own)


def linked(given: Aligned, *, own: bool = False) -> Aligned:
    """Make sure that somebody is a neighbour of somebody, and nobody their own unless they may be."""
    if not given.weights.nnz:
        raise ModelError(
            complaint(
                "graph",
                f"none of the {len(given.labels)} places has a neighbour",
                "A spatial statistic compares neighbours",
                "Build a graph with neighbours, for example the nearest places",
            )
        )
    own_weights = given.weights.diagonal()
    if own_weights.any() and not own:
        themselves = given.labels[own_weights != 0]
        raise DataError(
            complaint(
                "graph",
                f"{counted(len(themselves), 'place is its own neighbour', 'places are their own neighbours')}: {listed(themselves)}",
                "This statistic compares a place with others",
                "Build the graph without weights on the diagonal",
            )
        )
    return given
