"""What the formulas for global statistics need to know of the weights and of the values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, ModelError, complaint, listed
from spatial.places import Aligned, Missing, aligned

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

LEAST = 4  # the variance under randomization divides by n - 3


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
    return np.asarray(matrix.sum(axis=1), dtype=float).ravel()


def kurtosis(deviation: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    """Give b2, the fourth moment over the squared second one, both with divisor n; 3 for a normal distribution."""
    return float((deviation**4).mean() / (deviation**2).mean() ** 2)


def neighbours_of(places: "GeoDataFrame", graph: "Graph", column: str, missing: Missing, *, own: bool = False) -> Aligned:
    """
    Align one column with a graph in which somebody is a neighbour of somebody.

    ``own`` says whether a place may be its own neighbour; the moments of Moran, Geary and G hold only where none is.
    """
    given = aligned(places, graph, column, missing=missing, least=LEAST)
    if not given.weights.nnz:
        raise ModelError(
            complaint(
                "graph",
                f"none of the {len(given.labels)} places has a neighbour",
                "A spatial statistic compares neighbours",
                "Build a graph with neighbours, for example the nearest places",
            )
        )
    themselves = given.labels[given.weights.diagonal() != 0]
    if len(themselves) and not own:
        raise DataError(
            complaint(
                "graph",
                f"{len(themselves)} places are their own neighbours: {listed(themselves)}",
                "This statistic compares a place with others",
                "Build the graph without weights on the diagonal",
            )
        )
    return given
