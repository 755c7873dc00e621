"""log |I - r W|: prepared once for a graph, evaluated for many r, by eigenvalues or by sparse factorisation."""

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._chebyshev import Fitted, fitted

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Method = Literal["auto", "eigen", "lu"]

#: Up to here dense eigenvalues are quicker than one factorisation for each r (symmetric 2,000: 0.7 s; directed 1,000: 1 s).
EIGEN_SYMMETRIC, EIGEN_DIRECTED = 2_000, 1_000
#: Beyond this, dense eigenvalues take gigabytes and the best part of an hour.
MOST_EIGENVALUES = 10_000
SMALL = 1e-9
#: How many eigenvalues at one end are asked for: Arnoldi iteration may miss the outermost of several that lie close together.
SEVERAL = 6
#: Up to here the limits of the interval are computed to all digits where there are no eigenvalues.
EXACT_LIMITS = 5_000
#: Largest difference, relative to the largest weight, between two weights that are called symmetric.
UNEVEN = 1e-10
#: Widest range of logarithms of row scales that is still computed with (e^100).
WIDEST = 100.0


@dataclass(frozen=True, eq=False)
class LogDeterminant:
    """What was computed once: eigenvalues, or the matrix to factorise."""

    method: Literal["eigen", "lu"]
    low: float  # 1 / smallest eigenvalue: between these the determinant is positive
    high: float  # 1 / largest eigenvalue
    size: int
    eigenvalues: "NDArray[np.complex128] | None"
    matrix: "Any"  # sparse: symmetric and similar to W where there is such a matrix, else W
    symmetric: bool
    notes: tuple[str, ...]
    coordinates: Vector | None = None  # (n, 2)
    fits: list[Fitted] = field(default_factory=list)  # polynomials on parts of the interval, found on the way


def prepared(matrix: "csr_array", method: Method, coordinates: Vector | None = None) -> LogDeterminant:
    """
    Set the log-determinant up for one graph.

    Parameters
    ----------
    matrix
        The weights W, (n, n); any style, directed or not, with or without islands.
    method
        ``"eigen"``, ``"lu"``, or ``"auto"`` to choose by the number of places.
    coordinates
        Where the places are, (n, 2): neighbours should be near one another. They make a factorisation quicker and change no
        number beyond rounding.

    Returns
    -------
    LogDeterminant
        To be given to `value` and `derivatives`.

    Raises
    ------
    ModelError
        When the graph has no links or a place is its own neighbour.

    Notes
    -----
    The admissible interval is 1 / range of the (real parts of the) eigenvalues, as in spatialreg.

    References
    ----------
    Ord, K. (1975). Estimation methods for models of spatial interaction. JASA 70, 120-126. doi:10.1080/01621459.1975.10480272.
    Bivand, R., Hauke, J., Kossowski, T. (2013). Computing the Jacobian in Gaussian spatial autoregressive models.
    Geographical Analysis 45, 150-179. doi:10.1111/gean.12008.
    """
    _checked(matrix)
    similar = symmetrised(matrix)
    n = matrix.shape[0]
    if method == "auto":
        method = "eigen" if n <= (EIGEN_DIRECTED if similar is None else EIGEN_SYMMETRIC) else "lu"
    basis = matrix if similar is None else similar
    if method == "eigen" and n > MOST_EIGENVALUES:
        what = f"all eigenvalues of {n:,} places would take about {3 * 8 * n**2 / 1e9:,.0f} GB"
        expected = f"Expected at most {MOST_EIGENVALUES:,} places"
        raise ModelError(complaint("log_determinant", what, expected, 'Set log_determinant = "lu", which is as exact'))
    found = _by_eigenvalues(basis, symmetric=similar is not None) if method == "eigen" else None
    notes = [
        f"Log-determinant: {'all eigenvalues' if found is not None else 'sparse LU factorisation, exact'} (method {method!r})."
    ]
    smallest, largest = (
        (float(found.real.min()), float(found.real.max())) if found is not None else _extremes(basis, matrix, similar is not None)
    )
    if found is None and n > EXACT_LIMITS:
        notes.append("The limits of the spatial parameter were computed to four digits.")
    bound = float(np.abs(matrix).sum(axis=1).max())  # no eigenvalue is further from 0 than the largest row
    if smallest > -SMALL * bound or largest < SMALL * bound:
        notes.append(
            "The graph has no eigenvalues of both signs, so one limit of the spatial parameter is set by the largest row of weights."
        )
    low = 1 / smallest if smallest < -SMALL * bound else -1 / bound
    high = 1 / largest if largest > SMALL * bound else 1 / bound
    return LogDeterminant(
        method="eigen" if found is not None else "lu",
        low=low,
        high=high,
        size=n,
        eigenvalues=found,
        matrix=basis.tocsc(),
        symmetric=similar is not None,
        notes=tuple(notes),
        coordinates=coordinates,
    )


def value(log_determinant: LogDeterminant, parameter: float) -> float:
    """
    Evaluate log |I - r W|.

    Parameters
    ----------
    log_determinant
        As prepared.
    parameter
        r, inside the admissible interval.

    Returns
    -------
    float
        The logarithm.
    """
    if log_determinant.eigenvalues is not None:
        return float(np.log(np.abs(1 - parameter * log_determinant.eigenvalues)).sum())
    return float(
        np.log(np.abs(factorised(log_determinant.matrix, parameter, symmetric=log_determinant.symmetric).U.diagonal())).sum()
    )


def derivatives(log_determinant: LogDeterminant, parameters: Vector) -> tuple[Vector, Vector, float]:
    """
    Give the first and second derivative of log |I - r W| with respect to r.

    With G = W (I - r W)^-1 they are -tr(G) and -tr(G G), and n - r times the first is the trace of (I - r W)^-1: all
    traces that standard errors of the observed information and average impacts need.

    Parameters
    ----------
    log_determinant
        As prepared.
    parameters
        One r or several, inside the admissible interval.

    Returns
    -------
    tuple
        Two arrays as long as `parameters`, and the relative error of the values they come from: 0 with eigenvalues; with
        LU that of a Chebyshev interpolation, measured between its nodes.
    """
    parameters = np.atleast_1d(np.asarray(parameters, dtype=float))
    if log_determinant.eigenvalues is not None:
        ratios = log_determinant.eigenvalues[None, :] / (1 - parameters[:, None] * log_determinant.eigenvalues[None, :])
        return -ratios.sum(axis=1).real, -(ratios**2).sum(axis=1).real, 0.0
    # Widen the range by a quarter of the way to the nearer limit: the singularities there decide how quickly this converges.
    low, high = float(parameters.min()), float(parameters.max())
    found = _covering(log_determinant, low, high)
    if found is None:
        margin = min(low - log_determinant.low, log_determinant.high - high) / 4
        found = exactly(log_determinant, low - margin, high + margin)
    return found.polynomial.deriv(1)(parameters), found.polynomial.deriv(2)(parameters), found.error


def approximately(log_determinant: LogDeterminant, parameter: float) -> tuple[float, float]:
    """
    Give log |I - r W| and its first derivative, cheaply and good enough for a search.

    Parameters
    ----------
    log_determinant
        As prepared.
    parameter
        r, inside the admissible interval.

    Returns
    -------
    tuple
        Value and slope; exact with eigenvalues.
    """
    if log_determinant.eigenvalues is not None:
        rest = 1 - parameter * log_determinant.eigenvalues
        return float(np.log(np.abs(rest)).sum()), -float((log_determinant.eigenvalues / rest).sum().real)
    found = _covering(log_determinant, parameter, parameter)
    if found is None:
        width = log_determinant.high - log_determinant.low
        found = exactly(log_determinant, log_determinant.low + 0.01 * width, log_determinant.high - 0.01 * width)
    return float(found.polynomial(parameter)), float(found.polynomial.deriv(1)(parameter))


def exactly(log_determinant: LogDeterminant, low: float, high: float) -> Fitted:
    """
    Replace log |I - r W| between two values of r by a polynomial through exact values, and remember it.

    Parameters
    ----------
    log_determinant
        As prepared.
    low, high
        The range, inside the admissible interval.

    Returns
    -------
    Fitted
        The polynomial and its error relative to the largest value, measured.
    """
    found = _covering(log_determinant, low, high)
    if found is None:
        found = fitted(lambda parameter: value(log_determinant, parameter), low, high)
        log_determinant.fits.append(found)
    return found


def remarks(log_determinant: LogDeterminant) -> tuple[str, ...]:
    """
    Say how the log-determinant was computed, and how well.

    Parameters
    ----------
    log_determinant
        As prepared, after its use.

    Returns
    -------
    tuple
        Notes for a result.
    """
    return log_determinant.notes


def _covering(log_determinant: LogDeterminant, low: float, high: float) -> Fitted | None:
    """Find the narrowest polynomial that is known and covers a range."""
    wide = [each for each in log_determinant.fits if each.polynomial.domain[0] <= low and high <= each.polynomial.domain[1]]
    return min(wide, key=lambda each: float(np.ptp(each.polynomial.domain)), default=None)


def factorised(matrix: Any, parameter: float, *, symmetric: bool = False) -> Any:
    """
    Factorise I - r W.

    Parameters
    ----------
    matrix
        W, sparse (n, n).
    parameter
        r.
    symmetric
        Whether W is symmetric; then an ordering for symmetric matrices is used and no pivoting is needed inside the interval.

    Returns
    -------
    scipy.sparse.linalg.SuperLU
        With ``solve`` and ``U``.
    """
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import splu

    system = (eye_array(matrix.shape[0], format="csc") - parameter * matrix).tocsc()
    if symmetric:
        return splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return splu(system)


def symmetrised(matrix: "csr_array") -> "csr_array | None":
    """
    Find the symmetric matrix D^(1/2) W D^(-1/2) that has the eigenvalues of W.

    It exists for every graph whose weights are a symmetric matrix with rows scaled: standardised by rows, variance-stabilised,
    or not at all.

    Parameters
    ----------
    matrix
        W.

    Returns
    -------
    scipy.sparse.csr_array or None
        None where there is none, as for nearest neighbours.
    """
    from scipy.sparse import csr_array, diags_array

    matrix = csr_array(matrix)
    matrix.sort_indices()
    if not (matrix != matrix.T).nnz:
        return matrix
    pattern = csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    if (matrix.data <= 0).any() or (pattern != pattern.T).nnz:
        return None
    scale = _row_scale(matrix, pattern)
    if scale is None:
        return None
    similar = csr_array(diags_array(scale) @ matrix @ diags_array(1 / scale))
    uneven = abs(similar - similar.T)
    if uneven.nnz and uneven.max() > UNEVEN * abs(similar).max():
        return None
    return csr_array((similar + similar.T) / 2)


def _row_scale(matrix: "csr_array", pattern: "csr_array") -> Vector | None:
    """
    Find sqrt(d) with d_i w_ij symmetric along a tree of links: d_j = d_i w_ij / w_ji.

    One tree reaches all components, from a root that is added and linked to one place of each.
    """
    from scipy.sparse import coo_array, csr_array, csr_matrix
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    n = matrix.shape[0]
    back = csr_array(matrix.T)
    back.sort_indices()
    links = csr_array((matrix.data / back.data, matrix.indices, matrix.indptr), shape=matrix.shape).tocoo()
    starts = np.unique(connected_components(pattern, directed=False)[1], return_index=True)[1]
    rows, columns = np.concatenate([links.row, np.full(len(starts), n)]), np.concatenate([links.col, starts])
    ratios = csr_matrix(coo_array((np.concatenate([links.data, np.ones(len(starts))]), (rows, columns)), shape=(n + 1, n + 1)))
    order, before = breadth_first_order(ratios, n, directed=True)
    steps = np.log(np.asarray(ratios[before[order[1:]], order[1:]]).ravel())
    logarithm = np.zeros(n + 1)
    for place, step in zip(order[1:].tolist(), steps.tolist(), strict=True):
        logarithm[place] = logarithm[before[place]] + step
    if np.ptp(logarithm) > WIDEST:
        return None
    found: Vector = np.exp(logarithm[:n] / 2)
    return found


def _checked(matrix: "csr_array") -> None:
    if matrix.nnz == 0:
        raise ModelError(
            complaint(
                "graph",
                "there are no links",
                "Expected places that have neighbours",
                "Build the graph with a larger distance or more neighbours",
            )
        )
    own = int(np.count_nonzero(matrix.diagonal()))
    if own:
        raise ModelError(
            complaint(
                "graph",
                f"{own} places are their own neighbours",
                "Expected weights of 0 on the diagonal for a spatial model",
                "Build the graph without them",
            )
        )


def _by_eigenvalues(matrix: "csr_array", *, symmetric: bool) -> "NDArray[np.complex128]":
    from scipy.linalg import eigvals, eigvalsh

    dense = matrix.toarray()
    return np.asarray(eigvalsh(dense) if symmetric else eigvals(dense)).astype(complex)


def _extremes(basis: "csr_array", matrix: "csr_array", symmetric: bool) -> tuple[float, float]:  # noqa: FBT001
    """
    Find the smallest and largest real part of the eigenvalues by Lanczos or Arnoldi iteration from a fixed start.

    With many places the eigenvalues crowd at the ends and the last digits would take minutes: then four digits must do, on
    the safe side. Where all rows have the same sum and no weight is negative, the largest is that sum.
    """
    from scipy.sparse.linalg import ArpackError, eigs, eigsh

    n = basis.shape[0]
    if n <= EIGEN_DIRECTED:
        everything = _by_eigenvalues(basis, symmetric=symmetric).real
        return float(everything.min()), float(everything.max())
    start = np.random.default_rng(0).uniform(0.5, 1.5, n)
    tolerance, cycles = (1e-10, 10 * n) if n <= EXACT_LIMITS else (1e-4, 300)
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    bound = float(np.abs(matrix).sum(axis=1).max())
    found, count = [], 1 if symmetric else SEVERAL
    for which, sign in (("SA" if symmetric else "SR", -1.0), ("LA" if symmetric else "LR", 1.0)):
        even = (matrix.data > 0).all() and np.ptp(sums[sums > 0]) <= SMALL * bound and (symmetric or (sums > 0).all())
        if sign > 0 and even:
            found.append(bound)
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                solver = eigsh if symmetric else eigs
                options = {
                    "k": count,
                    "ncv": 20 * count if symmetric else 8 * count,
                    "which": which,
                    "v0": start,
                    "return_eigenvectors": False,
                    "tol": tolerance,
                    "maxiter": cycles,
                }
                reached = solver(basis, **options).real
                value_found = float(reached.max() if sign > 0 else reached.min())
            margin = tolerance * abs(value_found) if n > EXACT_LIMITS else 0.0
            found.append(value_found + sign * margin)
        except ArpackError:  # no convergence: the bound by rows is safe, if narrow
            found.append(sign * bound)
    return found[0], found[1]
