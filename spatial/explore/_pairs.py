"""What the sum of weights times a measure of two places is when places are dealt out by chance."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.explore._moments import Constants
from spatial.explore._significance import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Likeness:
    """A symmetric measure of all pairs of two different places, summed the three ways that the weights are summed."""

    t0: float  # over all pairs, each twice
    t1: float  # half the squares of twice the measure
    t2: float  # squares of twice the sum of each place


def pair_moments(sums: Constants, likeness: Likeness) -> tuple[float, float]:
    """
    Give expectation and variance of sum_ij w_ij y_ij over all orders of the places.

    Cliff and Ord (1981), Spatial Processes, section 1.4.2: the general cross product, after Mantel (1967).
    """
    n = sums.n
    two, three, four = n * (n - 1), n * (n - 1) * (n - 2), n * (n - 1) * (n - 2) * (n - 3)
    expected = sums.s0 * likeness.t0 / two
    pairs = sums.s1 * likeness.t1 / (2 * two)
    chains = (sums.s2 - 2 * sums.s1) * (likeness.t2 - 2 * likeness.t1) / (4 * three)
    apart = (sums.s0**2 + sums.s1 - sums.s2) * (likeness.t0**2 + likeness.t1 - likeness.t2) / four
    return expected, pairs + chains + apart - expected**2


def products_of(one: Array, other: Array) -> tuple[Likeness, Array]:
    """Sum (x_i y_j + x_j y_i) / 2 over pairs, for deviations from the mean; and give x_i y_i of each place."""
    own = one * other
    squares = 0.5 * (float(one @ one) * float(other @ other) + float(own.sum()) ** 2) - float((own**2).sum())
    return Likeness(-float(own.sum()), 2 * squares, 4 * float((own**2).sum())), own


def with_own(sums: Constants, matrix: "csr_array", likeness: Likeness, own: Array) -> tuple[float, float]:
    """
    Give expectation and variance where the matrix is symmetric and has a diagonal, for the measure of ``products_of``.

    ``sums`` are those of the matrix without its diagonal. Lee (2004), appendix, in three sums: a place with itself, two
    places, and both together.
    """
    n = sums.n
    diagonal = matrix.diagonal()
    beside = np.asarray(matrix.sum(axis=1)).ravel() - diagonal
    alone = float(diagonal.sum()) * float(own.mean())
    spread = float(((diagonal - diagonal.mean()) ** 2).sum()) * float(((own - own.mean()) ** 2).sum()) / (n - 1)
    pairs, pair_variance = pair_moments(sums, likeness)
    touching = 2 * float(diagonal @ beside)
    apart = float(diagonal.sum()) * sums.s0 - touching
    touching_own = -2 * float((own**2).sum())  # twice sum_a q_aa sum_(b != a) q_ab, whose inner sum is -x_a y_a
    apart_own = float(own.sum()) * likeness.t0 - touching_own
    together = touching * touching_own / (2 * n * (n - 1)) + apart * apart_own / (n * (n - 1) * (n - 2)) - alone * pairs
    return alone + pairs, spread + pair_variance + 2 * together
