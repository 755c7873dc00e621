"""The smallest and largest eigenvalue of weights: between their inverses the spatial parameter may lie."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]

SMALL = 1e-9
#: How many eigenvalues at one end are asked for: Arnoldi iteration may miss the outermost of several that lie close together.
SEVERAL = 6
#: Up to here all eigenvalues are as quick as the outermost.
FEW = 300
#: Up to here the limits of the interval are computed to all digits where there are no eigenvalues.
EXACT_LIMITS = 5_000
#: Steps of one iteration beyond that.
LANCZOS, ARNOLDI = 80, 30


def by_eigenvalues(matrix: "csr_array", *, symmetric: bool) -> "NDArray[np.complex128]":
    """
    Compute all eigenvalues.

    Parameters
    ----------
    matrix
        W, or the symmetric matrix similar to it.
    symmetric
        Whether it is symmetric.

    Returns
    -------
    numpy.ndarray
        (n,), complex.
    """
    from scipy.linalg import eigvals, eigvalsh

    dense = matrix.toarray()
    return np.asarray(eigvalsh(dense) if symmetric else eigvals(dense)).astype(complex)


def extremes(basis: "csr_array", matrix: "csr_array", *, symmetric: bool) -> tuple[float, float]:
    """
    Find the smallest and largest real part of the eigenvalues by Lanczos or Arnoldi iteration from a fixed start.

    With many places the eigenvalues crowd at the ends and the last digits would take minutes: then some steps must do,
    with the ends moved outwards by what these leave open: a tenth of a percent or so, and some percent for directed weights. Where all rows have the same sum and no weight is negative, the largest is that sum.

    Parameters
    ----------
    basis
        A matrix with the eigenvalues of W, symmetric where there is one.
    matrix
        W.
    symmetric
        Whether `basis` is symmetric.

    Returns
    -------
    tuple
        The smallest and the largest.

    References
    ----------
    Saad, Y. (2011). Numerical Methods for Large Eigenvalue Problems. SIAM. doi:10.1137/1.9781611970739.
    """
    if basis.shape[0] <= FEW:
        everything = by_eigenvalues(basis, symmetric=symmetric).real
        return float(everything.min()), float(everything.max())
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    bound = float(np.abs(matrix).sum(axis=1).max())
    start = np.random.default_rng(0).uniform(0.5, 1.5, basis.shape[0])
    even = (matrix.data > 0).all() and np.ptp(sums[sums > 0]) <= SMALL * bound and (symmetric or bool((sums > 0).all()))
    if basis.shape[0] > EXACT_LIMITS:
        ends = _lanczos(basis, start) if symmetric else _arnoldi(basis, start)
        ends = max(ends[0], -bound), min(ends[1], bound)
    else:
        highest = bound if even else _outermost(basis, start, 1.0, bound, symmetric=symmetric)
        ends = _outermost(basis, start, -1.0, bound, symmetric=symmetric), highest
    return ends[0], bound if even else ends[1]


def _outermost(basis: "csr_array", start: Vector, sign: float, bound: float, *, symmetric: bool) -> float:
    from scipy.sparse.linalg import ArpackError, eigs, eigsh

    count = 1 if symmetric else SEVERAL
    options: dict[str, Any] = {
        "k": count,
        "ncv": min(20 * count if symmetric else 8 * count, len(start)),
        "which": ("SA" if sign < 0 else "LA") if symmetric else ("SR" if sign < 0 else "LR"),
        "v0": start,
        "return_eigenvectors": False,
        "tol": 1e-10,
        "maxiter": 10 * len(start),
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reached = (eigsh if symmetric else eigs)(basis, **options).real
    except ArpackError:  # no convergence: the bound by rows is safe, if narrow
        return sign * bound
    return float(reached.max() if sign > 0 else reached.min())


def _lanczos(matrix: "csr_array", start: Vector) -> tuple[float, float]:
    """Take some steps without turning back; the ends are moved outwards by what is still unexplained of their vectors."""
    from scipy.linalg import eigh_tridiagonal

    now, before = start / np.linalg.norm(start), np.zeros_like(start)
    diagonal, beside = [], [0.0]
    for _ in range(LANCZOS):
        following = matrix @ now
        before *= beside[-1]
        following -= before
        diagonal.append(float(following @ now))
        np.multiply(now, diagonal[-1], out=before)
        following -= before
        beside.append(float(np.linalg.norm(following)))
        if beside[-1] < SMALL * abs(diagonal[0]) or beside[-1] == 0:
            break
        following /= beside[-1]
        before, now = now, following
    values, vectors = eigh_tridiagonal(np.array(diagonal), np.array(beside[1:-1]))
    unexplained = beside[-1] * np.abs(vectors[-1])
    return float(values[0] - unexplained[0]), float(values[-1] + unexplained[-1])


def _arnoldi(matrix: "csr_array", start: Vector) -> tuple[float, float]:
    """Do the same for directed weights: every step must be made orthogonal to all before."""
    basis = np.empty((ARNOLDI + 1, len(start)))
    basis[0] = start / np.linalg.norm(start)
    table = np.zeros((ARNOLDI + 1, ARNOLDI))
    for step in range(ARNOLDI):
        following = matrix @ basis[step]
        table[: step + 1, step] = basis[: step + 1] @ following
        following -= table[: step + 1, step] @ basis[: step + 1]
        size = float(np.linalg.norm(following))
        table[step + 1, step] = size
        if size < SMALL:
            break
        basis[step + 1] = following / size
    count = step + 1
    values, vectors = np.linalg.eig(table[:count, :count])
    unexplained = size * np.abs(vectors[-1])
    lowest, highest = int(values.real.argmin()), int(values.real.argmax())
    return float(values[lowest].real - unexplained[lowest]), float(values[highest].real + unexplained[highest])
