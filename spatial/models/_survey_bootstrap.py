"""The wild cluster bootstrap: p and intervals that do not lean on there being many clusters."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spatial.models._absorbed import absorbed, nested
from spatial.models._least_squares import least_squares
from spatial.models._survey_errors import Within, sums
from spatial.progress import tell

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Weights = Literal["rademacher", "webb"]

#: With more clusters the bootstrap is not worth its memory.
MOST_CLUSTERS = 1_000
#: Statistics that differ by less than this share are equal but for rounding.
EQUAL = 1e-9
_BLOCK = 4_000_000  # numbers held at a time
_AT_A_TIME = 16  # columns absorbed at a time
_MOST_LEVELS, _MOST_PAIRS = 600, 20_000_000  # of further factors, up to which their products are inverted


@dataclass(frozen=True, eq=False)
class Wild:
    """p and interval of one coefficient."""

    p: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Draws:
    """The multipliers of the clusters, one row for each replication."""

    multipliers: Matrix  # (replications, clusters)
    exact: bool  # whether these are all there are


@dataclass(frozen=True, eq=False)
class Projection:
    """
    What projecting on the dummies of all levels needs.

    With D = [F, O] the dummies of the factor that has most levels and of the others, F'F is diagonal, and what is left to
    invert is O'O - O'F (F'F)^-1 F'O, in the sense of a generalised inverse, of which any will do.
    """

    first: "NDArray[np.int64]"  # the factor with most levels
    sizes: Vector  # F'F
    others: "list[NDArray[np.int64]]"  # the other factors, their levels numbered on
    across: Matrix  # F'O
    inverse: Matrix


@dataclass(frozen=True, eq=False)
class _Statistics:
    """What t^2 is made of, as polynomials in the value b of the hypothesis: (top0 - b top1)^2 / (a - 2 b m + b^2 c)."""

    top0: Vector
    top1: Vector
    a: Vector
    m: Vector
    c: Vector

    def squared(self, value: float) -> Vector:
        top = np.square(self.top0 - value * self.top1)
        below = self.a - 2 * value * self.m + value**2 * self.c
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.asarray(top / below)
        return np.where(below > 0, found, np.where(top > 0, np.inf, 0.0))


def draws(clusters: int, weights: Weights, replications: int, seed: int) -> Draws:
    """
    Draw the multipliers of the clusters, or list all there are.

    Parameters
    ----------
    clusters
        G.
    weights
        "rademacher": -1 and 1; "webb": six points, for when there are too few sign vectors.
    replications
        How many are drawn; where 2^G is no more than that, all sign vectors are listed instead.
    seed
        Of the random generator.

    Returns
    -------
    Draws
        The multipliers.

    References
    ----------
    Webb, M. D. (2023). Reworking wild bootstrap-based inference for clustered errors. Canadian Journal of Economics 56,
    839-858. doi:10.1111/caje.12661.
    """
    if weights == "rademacher" and clusters < 60 and 2**clusters <= replications:
        numbers = np.arange(2**clusters)[:, None] >> np.arange(clusters)
        return Draws(np.asarray(1.0 - 2.0 * (numbers & 1), dtype=np.float64), exact=True)
    random = np.random.default_rng(seed)
    points: Vector = (
        np.array([-1.0, 1.0]) if weights == "rademacher" else np.sqrt([0.5, 1.0, 1.5, 0.5, 1.0, 1.5]) * [-1, -1, -1, 1, 1, 1]
    )
    return Draws(points[random.integers(len(points), size=(replications, clusters))], exact=False)


def wild(found: Within, made: Projection | None, term: int, drawn: Draws, level: float) -> Wild:
    """
    Test one coefficient by the wild cluster bootstrap, and invert the test for an interval.

    Parameters
    ----------
    found
        The regression, with one column of clusters.
    made
        Its `projection`.
    term
        The position of a slope among the coefficients.
    drawn
        The multipliers.
    level
        Of the interval.

    Returns
    -------
    Wild
        The two-sided p of the coefficient being 0: the share of replications with a t (CRV1) at least as large, the hypothesis
        imposed on the residuals (the observed one counted among random draws), and the interval of all values not rejected, in
        the units of the response; without end where even values far away are not rejected.

    Notes
    -----
    With r the part of the regressor that nothing else explains and u the residuals under the hypothesis b, u is linear in b,
    and the bootstrap sums of scores are linear in the multipliers: nothing is regressed again. Roodman and others (2019) show
    the algebra.

    References
    ----------
    Cameron, A. C., Gelbach, J. B., Miller, D. L. (2008). Bootstrap-based improvements for inference with clustered errors.
    Review of Economics and Statistics 90, 414-427. doi:10.1162/rest.90.3.414.
    Roodman, D., Nielsen, M. O., MacKinnon, J. G., Webb, M. D. (2019). Fast and wild: bootstrap inference in Stata using
    boottest. Stata Journal 19, 4-60. doi:10.1177/1536867X19830877.
    """
    own, free, scores = _scores(found, made, term)
    tops = (free[0], free[1])
    everything = np.concatenate(list(_blocks(drawn.multipliers, tops, scores)), axis=1)
    statistics = _Statistics(*everything)
    observed = _Statistics(*_row(np.ones((1, len(tops[0]))), tops, scores))

    def p(value: float) -> float:
        least = float(observed.squared(value)[0]) * (1 - EQUAL)
        above = int(np.count_nonzero(statistics.squared(value) >= least))
        return above / len(statistics.a) if drawn.exact else (above + 1) / (len(statistics.a) + 1)

    step = float(np.sqrt(max(observed.a[0] - 2 * own * observed.m[0] + own**2 * observed.c[0], 0.0)) / tops[1].sum())
    ends = [_end(p, own, direction * step, 1 - level) for direction in (-1, 1)]
    return Wild(p(0.0), ends[0] * found.size, ends[1] * found.size)


def _scores(found: Within, made: Projection | None, term: int) -> tuple[float, tuple[Vector, Vector], tuple[Matrix, Matrix]]:
    """
    Sum up by cluster what the bootstrap needs, for residuals under 0 and for what a hypothesis b takes from them.

    Gives the estimate, r'u by cluster, and the matrices that turn multipliers into sums of scores.
    """
    slope = term - 1 if found.sample.factors else term
    clusters = found.sample.clusters[0]
    count = len(clusters.labels)
    own = found.left[:, slope] * found.rows
    if found.left.shape[1] > 1:
        own = least_squares(own, np.delete(found.left, slope, axis=1) * found.rows[:, None]).residuals
    estimate = float(found.fit.coefficients[term])
    under = found.fit.residuals + estimate * own
    basis = np.linalg.qr(found.left * found.rows[:, None] / np.linalg.norm(found.left, axis=0))[0]
    mine = sums(basis * own[:, None], clusters.codes, count)
    tops: list[Vector] = []
    matrices: list[Matrix] = []
    for each in (under, own):
        top = sums((own * each)[:, None], clusters.codes, count)[:, 0]
        theirs = sums(basis * each[:, None], clusters.codes, count)
        tops.append(top)
        matrices.append(_projected(found, made, own, each, top) - mine @ theirs.T)
    return estimate, (tops[0], tops[1]), (matrices[0], matrices[1])


def projection(found: Within) -> "Projection | None":
    """
    Prepare the means of absorbed factors, once for all coefficients.

    Parameters
    ----------
    found
        The regression, with one column of clusters.

    Returns
    -------
    Projection or None
        None where it is not needed, because the residuals of a cluster hold no level any more, or too large to be written out.
    """
    clusters = found.sample.clusters[0]
    if all(nested(factor, clusters.codes) for factor in found.factors):
        return None
    first, *others = sorted(found.factors, key=lambda each: -int(each.max()))
    counts = [int(each.max()) + 1 for each in (first, *others)]
    starts = np.cumsum([0, *counts[1:]])
    weights, whole = found.sample.weights, int(starts[-1])
    if whole > _MOST_LEVELS or whole * counts[0] > _MOST_PAIRS:
        return None
    levels = [each + int(start) for each, start in zip(others, starts, strict=False)]
    sizes = np.asarray(np.bincount(first, weights=weights), dtype=np.float64)
    across, products = np.zeros((counts[0], whole)), np.zeros((whole, whole))
    for one in levels:
        np.add.at(across, (first, one), weights)
        for other in levels:
            np.add.at(products, (one, other), weights)
    rest = products - across.T @ (across / sizes[:, None])
    return Projection(
        first, sizes, levels, across, np.linalg.pinv(rest / weights.sum(), rcond=1e-10, hermitian=True) / weights.sum()
    )


def _projected(found: Within, made: Projection | None, own: Vector, each: Vector, top: Vector) -> Matrix:
    """Give r' A (residuals of one cluster, 0 elsewhere) by cluster, A taking out the absorbed factors."""
    clusters = found.sample.clusters[0]
    if all(nested(factor, clusters.codes) for factor in found.factors):
        return np.diag(top)  # the residuals of a cluster hold no level any more
    if made is not None:
        ours, theirs = (_by_level(found, made, values) for values in (own, each))
        shared = ours[0] @ (theirs[0] / made.sizes).T + ours[1] @ made.inverse @ theirs[1].T
        return np.asarray(np.diag(top) - shared)
    count, parts = len(clusters.labels), []
    for first in range(0, count, _AT_A_TIME):
        which = np.arange(first, min(first + _AT_A_TIME, count))
        columns = np.where(clusters.codes[:, None] == which, (each / found.rows)[:, None], 0.0)
        left = absorbed(columns, found.factors, found.sample.weights) * (found.rows * own)[:, None]
        parts.append(sums(left, clusters.codes, count))
    return np.concatenate(parts, axis=1)


def _by_level(found: Within, made: Projection, values: Vector) -> tuple[Matrix, Matrix]:
    """Add values up by cluster and level: of the first factor, and of the others after taking out the first."""
    clusters = found.sample.clusters[0]
    own = np.zeros((len(clusters.labels), len(made.sizes)))
    np.add.at(own, (clusters.codes, made.first), values * found.rows)
    rest = np.zeros((len(clusters.labels), made.across.shape[1]))
    for each in made.others:
        np.add.at(rest, (clusters.codes, each), values * found.rows)
    return own, rest - (own / made.sizes) @ made.across


def _blocks(values: Matrix, tops: tuple[Vector, Vector], scores: tuple[Matrix, Matrix]) -> Iterator[Matrix]:
    step = max(1, _BLOCK // values.shape[1])
    for first in range(0, len(values), step):
        tell(first, len(values), "Wild cluster bootstrap")
        yield _row(values[first : first + step], tops, scores)


def _row(values: Matrix, tops: tuple[Vector, Vector], scores: tuple[Matrix, Matrix]) -> Matrix:
    zero, one = values @ scores[0].T, values @ scores[1].T
    parts = (values @ tops[0], values @ tops[1], (zero * zero).sum(axis=1), (zero * one).sum(axis=1), (one * one).sum(axis=1))
    return np.array(parts)


def _end(p: Callable[[float], float], start: float, step: float, alpha: float) -> float:
    """Go outward until the hypothesis is rejected, then halve the way."""
    inside, outside = start, start + step
    for _ in range(40):
        if p(outside) <= alpha:
            break
        inside, outside = outside, start + 2 * (outside - start)
    else:
        return float(np.sign(step) * np.inf)
    for _ in range(50):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p(middle) > alpha else (inside, middle)
    return (inside + outside) / 2
