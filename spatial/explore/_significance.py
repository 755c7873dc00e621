"""How surprising a value is: tails of the normal curve, corrections for many tests, and the words for a p value."""

from typing import Any, Literal

import numpy as np

Alternative = Literal["two-sided", "greater", "less"]
Correction = Literal["fdr", "none", "bonferroni"]
Array = np.ndarray[Any, np.dtype[np.float64]]

TINY = 0.0001  # below this a p value is only called small


def normal_p(z: Any, alternative: Alternative) -> Any:
    """Give the p value of a standard normal deviate; NaN stays NaN."""
    from scipy.special import ndtr

    if alternative == "greater":
        return ndtr(-np.asarray(z))
    if alternative == "less":
        return ndtr(np.asarray(z))
    return 2 * ndtr(-np.abs(z))


def deviate(statistic: Any, expected: Any, variance: Any, scale: Any = 1.0) -> Any:
    """
    Standardise; NaN where the variance is zero but for rounding.

    ``scale`` is a size that the standard deviation can be compared with, so that a variance of 1e-33 that rounding left
    over is not taken for one.
    """
    statistic, expected, variance = np.asarray(statistic), np.asarray(expected), np.asarray(variance)
    usable = variance > (1e-10 * np.asarray(scale)) ** 2
    root = np.sqrt(np.where(usable, variance, 1.0))
    return np.where(usable, (statistic - expected) / root, np.nan)


def two_tails(less: Any, greater: Any, alternative: Alternative) -> Any:
    """Combine the two one-sided p values; the two-sided one is twice the smaller, never above 1."""
    if alternative == "greater":
        return greater
    if alternative == "less":
        return less
    return np.minimum(1.0, 2 * np.minimum(less, greater))


def benjamini_hochberg(p: Array) -> Array:
    """
    Adjust p values so that a cut at alpha keeps the expected share of false finds below alpha.

    NaN are no tests: they stay NaN and do not count. Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    adjusted = np.full(len(p), np.nan)
    known = ~np.isnan(p)
    tested = p[known]
    if not len(tested):
        return adjusted
    ordered = np.sort(tested)
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # equal p have the rank of the last of them
    distinct = ordered[last]
    raised = distinct * len(tested) / (last + 1)
    found = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    adjusted[known] = found[np.searchsorted(distinct, tested)]
    return adjusted


def corrected(p: Array, correction: Correction) -> Array:
    """Adjust p values for the number of tests, the way that was asked for."""
    if correction == "fdr":
        return benjamini_hochberg(p)
    if correction == "bonferroni":
        return np.minimum(1.0, p * np.count_nonzero(~np.isnan(p)))
    return p


def p_words(p: float) -> str:
    """Write a p value for a reader, for example ``p = 0.034`` or ``p < 0.0001``."""
    if np.isnan(p):
        return "no p value"
    return f"p < {TINY:.4f}" if p < TINY else f"p = {p:.2g}" if p < 1 else "p = 1"
