"""Traces of products with G = W (I - r W)^-1 and its transpose, which no derivative of the log-determinant gives."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.models._log_determinant import LogDeterminant, derivatives
from spatial.models._systems import FULL, System, solver

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[np.float64]

#: Parameters that differ by less share a control: its error is a millionth.
SAME = 1e-3
#: Random vectors at once and at most; where many places make few of them do, the first block is enough.
TOGETHER, MOST = 4, 256
#: Fewer places than this need two blocks before their spread can be judged.
MANY = 50_000
#: The standard error to reach, relative to the trace, and the precision with which systems are solved for it.
ENOUGH, PRECISION = 1e-3, 1e-7


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
        The trace and its relative standard error; 0 where it was computed exactly.

    Notes
    -----
    For many places z' G_r' G_s z is averaged over seeded random vectors z of +1 and -1, less its counterpart z' G_r G_s z, whose
    expectation tr(G_r G_s) = (tr G_r - tr G_s) / (r - s) is known: for weights that are nearly symmetric little remains
    that is random. It stops when the standard error over the vectors is below 0.1 %.

    References
    ----------
    Hutchinson, M. F. (1990). A stochastic estimator of the trace of the influence matrix for Laplacian smoothing splines.
    Communications in Statistics - Simulation and Computation 19, 433-450. doi:10.1080/03610919008812866.
    """
    first, second = solver(log_determinant, weights, one), solver(log_determinant, weights, other)
    if log_determinant.size <= FULL:
        product = weights @ first.inverse
        return float((product * (product if one == other else weights @ second.inverse)).sum()), 0.0
    back = weights.T.tocsr()

    def probe(vectors: Array, *, begins: bool) -> tuple[Array, Array]:
        ahead = weights @ _answer(second, vectors, begins=begins)
        beside = ahead if one == other else weights @ _answer(first, vectors, begins=begins)
        behind = back @ _answer(first, vectors, begins=begins, transposed=True)
        return (beside * ahead).sum(axis=0), (behind * ahead).sum(axis=0)

    return _averaged(probe, _plain(log_determinant, one, other), log_determinant.size)


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
        The trace and its relative standard error; 0 where it was computed exactly.

    Notes
    -----
    For many places as in `crossed`; tr(W G) = tr(G_0 G_r) is known.
    """
    factors = solver(log_determinant, weights, parameter)
    if log_determinant.size <= FULL:
        both = weights @ (weights + weights.T)  # tr((W + W') W A^-1) = tr(W (W + W') A^-1), products in another turn
        return float(both.T.multiply(factors.inverse).sum()), 0.0
    transposed = weights.T.tocsr()

    def probe(vectors: Array, *, begins: bool) -> tuple[Array, Array]:
        image = weights @ _answer(factors, vectors, begins=begins)
        control = ((transposed @ vectors) * image).sum(axis=0)
        return ((weights @ vectors) * image).sum(axis=0) + control, 2 * control

    return _averaged(probe, 2 * _plain(log_determinant, 0.0, parameter), log_determinant.size)


def _answer(system: System, vectors: Array, *, begins: bool, transposed: bool = False) -> Array:
    """Solve for random vectors; the first ones are the same every time, so their answers are kept."""
    if not begins:
        return system.solve(vectors, transposed=transposed, tolerance=PRECISION)
    if transposed not in system.answers:
        system.answers[transposed] = system.solve(vectors, transposed=transposed, tolerance=PRECISION)
    return system.answers[transposed]


def _plain(log_determinant: LogDeterminant, one: float, other: float) -> float:
    """Compute tr(G_r G_s), from derivatives of the log-determinant; tr(G_0) is 0, for nobody is his own neighbour."""
    if abs(one - other) <= SAME:  # the difference of slopes would be one of rounding errors
        return -float(derivatives(log_determinant, np.array([(one + other) / 2]))[1][0])
    sums = [0.0 if each == 0 else -float(derivatives(log_determinant, np.array([each]))[0][0]) for each in (one, other)]
    return (sums[0] - sums[1]) / (one - other)


def _averaged(probe: Callable[..., tuple[Array, Array]], known: float, size: int) -> tuple[float, float]:
    """Average what is random, with as much of the control taken off as makes it vary least."""
    random = np.random.default_rng(0)
    values, controls = np.empty(0), np.empty(0)
    while True:
        found = probe(random.integers(0, 2, (size, TOGETHER), dtype=np.int8) * 2.0 - 1.0, begins=not len(values))
        values, controls = np.append(values, found[0]), np.append(controls, found[1])
        left = values - controls
        mean = float(left.mean()) + known
        error = float(left.std(ddof=1)) / np.sqrt(len(left)) / (abs(mean) or 1.0)
        if len(values) >= (TOGETHER if size >= MANY else 2 * TOGETHER) and (error <= ENOUGH or len(values) >= MOST):
            return mean, float(error)
