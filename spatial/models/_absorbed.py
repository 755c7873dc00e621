"""Absorbed factors: the only file that knows pyfixest, of which it takes the compiled part and nothing that reads formulas."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Absorbing again what was absorbed already may change a column of length 1 by no more than this.
SETTLED = 1e-11
_TOLERANCE, _STEPS, _PASSES = 1e-12, 100_000, 50
#: With three factors or more and up to so many levels, free levels are counted exactly.
_MOST_LEVELS = 1_500


def absorbed(columns: Matrix, factors: Sequence[Codes], weights: Vector) -> Matrix:
    """
    Take the means of every level of every factor out of some columns.

    Parameters
    ----------
    columns
        (n, m).
    factors
        Level numbers from 0, (n,) each; without any the columns come back as they are.
    weights
        One for each row, above 0.

    Returns
    -------
    numpy.ndarray
        (n, m): the residuals of a weighted regression of each column on the dummies of all levels.

    Raises
    ------
    ModelError
        When the projections do not settle.

    Notes
    -----
    pyfixest projects on one factor after another until nothing moves; as its rule for stopping is about steps and not about
    what is left, the projection is repeated until it changes nothing. A column of which only rounding is left becomes 0.

    References
    ----------
    Gaure, S. (2013). OLS with multiple high dimensional category variables. Computational Statistics and Data Analysis 66,
    8-18. doi:10.1016/j.csda.2013.03.024.
    """
    if not factors or not columns.shape[1]:
        return columns
    from pyfixest.core.demean import demean

    levels = np.asfortranarray(np.column_stack(factors).astype(np.uint64))
    centred = columns - np.average(columns, axis=0, weights=weights)
    lengths = np.sqrt(np.mean(centred**2, axis=0))
    scaled = np.asfortranarray(centred / np.where(lengths > 0, lengths, 1))
    for _ in range(_PASSES):
        found, _ = demean(scaled, levels, weights, tol=_TOLERANCE, maxiter=_STEPS)
        change = float(np.sqrt(np.mean((found - scaled) ** 2, axis=0)).max())
        scaled = np.asfortranarray(found)
        if change < SETTLED:
            return np.ascontiguousarray(scaled * lengths)
    raise ModelError(
        complaint(
            "absorbed factors",
            f"after {_PASSES} rounds of projections the columns still change (by {change:.1g} of their size)",
            "Expected factors whose levels occur together often enough",
            "Absorb fewer factors, or merge small levels",
        )
    )


def kept(factors: Sequence[Codes], count: int) -> "NDArray[np.bool_]":
    """
    Find the rows that share every level with another row.

    Parameters
    ----------
    factors
        Level numbers, (n,) each.
    count
        n.

    Returns
    -------
    numpy.ndarray
        False for singletons: a level with one row explains that row exactly, so it says nothing of the coefficients. Dropping
        one may make another, so it is looked again until there is none.

    References
    ----------
    Correia, S. (2015). Singletons, cluster-robust standard errors and fixed effects: a bad mix. Duke University.
    """
    stays = np.ones(count, bool)
    if not factors:
        return stays
    from pyfixest.core.detect_singletons import detect_singletons

    while stays.any():
        # Numbers without gaps: the counters inside are as many as the largest number.
        levels = np.column_stack([np.unique(each[stays], return_inverse=True)[1] for each in factors])
        alone = detect_singletons(levels)
        if not alone.any():
            break
        stays[np.flatnonzero(stays)[alone]] = False
    return stays


def free_levels(factors: Sequence[Codes]) -> tuple[int, bool]:
    """
    Count how many dummies of the levels of some factors are independent, the constant among them.

    Parameters
    ----------
    factors
        Level numbers from 0 without gaps.

    Returns
    -------
    tuple
        The number, and whether it is exact: for one factor, for two (levels less connected groups, Abowd, Creecy, Kramarz
        2002), and for more as long as there are no more than 1,500 levels; beyond, all levels less one for each further factor.
    """
    counts = [int(each.max()) + 1 for each in factors]
    if len(factors) <= 1:
        return sum(counts), True
    if len(factors) == 2:
        return sum(counts) - _connected(factors[0], factors[1], counts), True
    if sum(counts) > _MOST_LEVELS:
        return sum(counts) - len(counts) + 1, False
    dummies = _dummies(factors, counts)
    products = np.asarray((dummies.T @ dummies).todense(), dtype=float)
    size = 1 / np.sqrt(np.diag(products))
    return int(np.linalg.matrix_rank(products * np.outer(size, size), hermitian=True, tol=1e-9)), True


def nested(factor: Codes, clusters: Codes) -> bool:
    """Tell whether every level of a factor lies in one cluster."""
    first = np.full(int(factor.max()) + 1, -1)
    first[factor] = clusters
    return bool((first[factor] == clusters).all())


def _connected(one: Codes, other: Codes, counts: Sequence[int]) -> int:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = sum(counts)
    links = coo_array((np.ones(len(one)), (one, other + counts[0])), shape=(size, size))
    return int(connected_components(links, directed=False, return_labels=False))


def _dummies(factors: Sequence[Codes], counts: Sequence[int]) -> Any:
    from scipy.sparse import csr_array, hstack

    rows = np.arange(len(factors[0]))
    parts = [
        csr_array((np.ones(len(rows)), (rows, each)), shape=(len(rows), count)) for each, count in zip(factors, counts, strict=True)
    ]
    return hstack(parts, format="csr")
