"""What the sum of weights times a measure of two places is when places are dealt out by chance."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.explore._moments import Constants, left_over, row_sums, uneven
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
    s1, s2 = uneven(n, sums.s0, sums.s1, sums.s2)
    t1, t2 = uneven(n, likeness.t0, likeness.t1, likeness.t2)
    chains = (s2 - 2 * s1) * (t2 - 2 * t1) / (4 * three)
    return sums.s0 * likeness.t0 / two, left_over(s1 * t1 / (2 * two), chains, (s1 - s2) * (t1 - t2) / four)


@dataclass(frozen=True)
class Directed:
    """Weights, or a measure of two different places that need not be symmetric, summed over all ordered pairs."""

    total: float
    squares: float
    turned: float  # products of both directions of a pair
    starts: float  # squares of the sum over the pairs that start at a place
    ends: float  # squares of the sum over those that end there
    through: float  # products of both sums


def directed_weights(matrix: "csr_array") -> Directed:
    """Sum weights without a diagonal."""
    starts, ends = row_sums(matrix), np.asarray(matrix.sum(axis=0)).ravel()
    turned = float(matrix.multiply(matrix.T).sum())
    squares = float((matrix.data**2).sum())
    return Directed(float(starts.sum()), squares, turned, float(starts @ starts), float(ends @ ends), float(starts @ ends))


def directed_products(one: Array, other: Array) -> Directed:
    """Sum x_i y_j, for deviations from the mean: from and to a place that is -x_i y_i."""
    own = one * other
    alone, total = float(own @ own), -float(own.sum())
    return Directed(total, float(one @ one) * float(other @ other) - alone, total**2 - alone, alone, alone, alone)


def directed_moments(weights: Directed, measure: Directed, n: int) -> tuple[float, float]:
    """
    Give expectation and variance of sum_ij w_ij a_ij over all orders of n places.

    Two pairs are the same one, one turned round, start or end at the same place, follow one another (in two ways), or share no
    place; either pattern has the same chance wherever it lies. Mantel (1967), Hubert (1987), Assignment Methods in Combinatorial
    Data Analysis, chapter 4.
    """
    two, three, four = n * (n - 1), n * (n - 1) * (n - 2), n * (n - 1) * (n - 2) * (n - 3)
    chances = [1 / two, 1 / two, 1 / three, 1 / three, 2 / three, 1 / four]
    patterns = zip(_patterns(weights, n), _patterns(measure, n), chances, strict=True)
    return weights.total * measure.total / two, left_over(*(one * other * chance for one, other, chance in patterns))


def _patterns(sums: Directed, n: int) -> tuple[float, ...]:
    """Sum the products of two pairs, less their mean, that are the same, turned, start or end together, follow, or are apart."""
    even = sums.total**2 / n
    squares, turned = (left_over(each, -even / (n - 1)) for each in (sums.squares, sums.turned))
    starts, ends, through = (left_over(each, -even) for each in (sums.starts, sums.ends, sums.through))
    apart = squares + turned - starts - ends - 2 * through
    return squares, turned, starts - squares, ends - squares, through - turned, apart


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
    together = touching * touching_own / (n * (n - 1)), 2 * apart * apart_own / (n * (n - 1) * (n - 2)), -2 * alone * pairs
    return alone + pairs, left_over(spread, pair_variance, *together)
