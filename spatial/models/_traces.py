"""Traces of products with G = W (I - r W)^-1 and its transpose, which no derivative of the log-determinant gives."""

from typing import TYPE_CHECKING

import numpy as np

from spatial.models._log_determinant import LogDeterminant
from spatial.models._systems import solver

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BLOCK = 256  # columns solved at once


def crossed(log_determinant: LogDeterminant, weights: "csr_array", one: float, other: float) -> tuple[float, float]:
    """
    Compute tr(G_r' G_s), the sum of the products of all elements of two matrices G.

    Parameters
    ----------
    log_determinant
        As prepared for W.
    weights
        W.
    one, other
        r and s, inside the admissible interval; they may be equal.

    Returns
    -------
    tuple
        The trace and the relative error it may have; 0 where it was computed exactly.
    """
    columns, total = weights.tocsc(), 0.0
    first, second = solver(log_determinant, weights, one), solver(log_determinant, weights, other)
    for start in range(0, columns.shape[0], BLOCK):
        part = columns[:, start : start + BLOCK].toarray()
        solved = first.solve(part)
        total += float((solved * (solved if one == other else second.solve(part))).sum())
    return total, 0.0


def with_transpose(log_determinant: LogDeterminant, weights: "csr_array", parameter: float) -> tuple[float, float]:
    """
    Compute tr((W + W') G).

    Parameters
    ----------
    log_determinant
        As prepared for W.
    weights
        W.
    parameter
        r, inside the admissible interval.

    Returns
    -------
    tuple
        The trace and the relative error it may have; 0 where it was computed exactly.
    """
    columns, rows, total = weights.tocsc(), weights.tocsr(), 0.0
    factors = solver(log_determinant, weights, parameter)
    for start in range(0, columns.shape[0], BLOCK):
        ahead, back = columns[:, start : start + BLOCK], rows[start : start + BLOCK, :].T
        solved = factors.solve(ahead.toarray())
        total += float(np.sum(ahead.multiply(solved)) + np.sum(back.multiply(solved)))
    return total, 0.0
