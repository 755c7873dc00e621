"""(I - r W) x = b, solved by factors for few places and by iteration for many."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.models._log_determinant import LogDeterminant, factorised

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[np.float64]

#: Up to here a full inverse is quicker than solving for half as many columns.
FULL = 3_000
#: Up to here factors are as quick as iteration and serve any number of right-hand sides.
FACTORS = 10_000
#: How many systems of one graph are kept: rho and lambda, and one more.
KEPT = 3
#: Largest length of what is left of b, relative to b.
TOLERANCE = 1e-12
#: Steps of an iteration, and how often it starts again from what it has reached: rounding errors grow with the steps.
STEPS, STARTS = 1_000, 3
#: Bytes of a block of rows.
CACHED = 200_000


@dataclass(eq=False)
class System:
    """The matrix I - r W of one r; factors are made when they are first needed."""

    matrix: "csr_array"  # W, or the symmetric matrix similar to it
    parameter: float
    scale: Array | None  # of that matrix; None for W itself
    factors: Any = None
    full: Array | None = None
    answers: dict[bool, Array] = field(default_factory=dict)  # to the first random vectors, see _traces; by whether transposed

    @property
    def inverse(self) -> Array:
        """All of (I - r W)^-1, for few places."""
        if self.full is None:
            inner = _inverted(
                np.eye(self.matrix.shape[0]) - self.parameter * self.matrix.toarray(), definite=self.scale is not None
            )
            self.full = inner if self.scale is None else inner * self.scale / self.scale[:, None]
        return self.full

    def solve(self, right: Array, *, transposed: bool = False, tolerance: float = TOLERANCE) -> Array:
        """
        Solve (I - r W) x = b.

        Conjugate gradients where W is a symmetric matrix with rows scaled, else stabilised biconjugate gradients; factors for few
        places, and where an iteration does not get there.

        Parameters
        ----------
        right
            b, (n,) or (n, m).
        transposed
            Whether to solve (I - r W)' x = b instead.
        tolerance
            Largest length of b - (I - r W) x that may remain, relative to b (in the scale of the symmetric matrix).

        Returns
        -------
        numpy.ndarray
            x, in the shape of b.

        References
        ----------
        Hestenes, M. R., Stiefel, E. (1952). Methods of conjugate gradients for solving linear systems. J. Research of the
        National Bureau of Standards 49, 409-436. doi:10.6028/jres.049.044.
        van der Vorst, H. A. (1992). Bi-CGSTAB. SIAM J. Scientific and Statistical Computing 13, 631-644. doi:10.1137/0913035.
        """
        columns = np.array(right, dtype=float, ndmin=2).T if np.ndim(right) == 1 else np.array(right, dtype=float)
        scale = np.ones(1) if self.scale is None else (1 / self.scale if transposed else self.scale)
        columns = scale[:, None] * columns if self.scale is not None else columns
        found = None
        if self.matrix.shape[0] > FACTORS and self.factors is None:
            found = self._iterated(columns, transposed=transposed, tolerance=tolerance)
        if found is None:
            if self.factors is None:
                self.factors = factorised(self.matrix.tocsc(), self.parameter, symmetric=self.scale is not None)
            found = self.factors.solve(columns, "T" if transposed else "N")
        if self.scale is not None:
            found = found / scale[:, None]
        return np.asarray(found[:, 0] if np.ndim(right) == 1 else found)

    def _iterated(self, columns: Array, *, transposed: bool, tolerance: float) -> Array | None:
        matrix = self.matrix.T.tocsr() if transposed and self.scale is None else self.matrix
        step = _conjugate if self.scale is not None else _stabilised
        found = np.zeros_like(columns)
        sizes = np.linalg.norm(columns, axis=0)
        for _ in range(STARTS):
            rest = columns - (found - self.parameter * (matrix @ found))
            length = np.linalg.norm(rest, axis=0)
            if not np.isfinite(length).all():
                return None
            if (length <= tolerance * sizes).all():
                return found
            found += step(matrix, self.parameter, rest, 0.5 * tolerance * sizes)
        return None


def _inverted(matrix: Array, *, definite: bool) -> Array:
    """Invert; by Cholesky's factor, in a third of the time, where the matrix should be symmetric and positive definite."""
    if definite:
        from scipy.linalg.lapack import dpotrf, dpotri

        factor, failed = dpotrf(matrix, lower=True)
        if not failed:
            half, failed = dpotri(factor, lower=True)  # the upper triangle stays 0
        if not failed:
            found = half + half.T
            found.flat[:: len(found) + 1] /= 2
            return np.asarray(found)
    return np.asarray(np.linalg.inv(matrix))


def solver(log_determinant: LogDeterminant, weights: "csr_array", parameter: float) -> System:
    """
    Prepare for solving systems with I - r W.

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
    System
        With ``solve(right, transposed=False)``.
    """
    known = log_determinant.systems.get(parameter)
    if known is None:
        if log_determinant.scale is not None:
            known = System(log_determinant.matrix, parameter, log_determinant.scale)
        else:
            known = System(weights, parameter, None)
        if len(log_determinant.systems) >= KEPT:
            log_determinant.systems.pop(next(iter(log_determinant.systems)))
        log_determinant.systems[parameter] = known
    return known


def _ratio(one: Array, other: Array) -> Array:
    """Divide, columns that are done giving 0."""
    return np.divide(one, other, out=np.zeros_like(one), where=other != 0)


def _dots(one: Array, other: Array) -> Array:
    """Multiply column by column; with few columns this is quicker than a sum of products."""
    found: Array = np.einsum("ij,ij->j", one, other)
    return found


def _blocks(array: Array) -> Iterator[slice]:
    """Cut rows into pieces that stay in the cache of a processor from one operation to the next."""
    rows = max(CACHED // (8 * max(array.shape[1], 1)), 1)
    for start in range(0, len(array), rows):
        yield slice(start, start + rows)


def _conjugate(matrix: "csr_array", parameter: float, right: Array, enough: Array) -> Array:
    """Iterate for all columns at once, from 0."""
    found, rest, way = np.zeros_like(right), right.copy(), right.copy()
    size = _dots(rest, rest)
    for _ in range(STEPS):
        if (np.sqrt(size) <= enough).all():
            break
        image = matrix @ way
        along = np.zeros(right.shape[1])
        for rows in _blocks(way):
            image[rows] *= -parameter
            image[rows] += way[rows]
            along += _dots(way[rows], image[rows])
        length = _ratio(size, along)
        before, size = size, np.zeros(right.shape[1])
        for rows in _blocks(way):
            found[rows] += length * way[rows]
            image[rows] *= length
            rest[rows] -= image[rows]
            size += _dots(rest[rows], rest[rows])
        turn = _ratio(size, before)
        for rows in _blocks(way):
            way[rows] *= turn
            way[rows] += rest[rows]
    return found


def _stabilised(matrix: "csr_array", parameter: float, right: Array, enough: Array) -> Array:
    """Iterate for all columns at once, from 0."""
    found, rest, shadow, way = np.zeros_like(right), right.copy(), right, right.copy()
    size = _dots(shadow, rest)
    for _ in range(STEPS):
        image = way - parameter * (matrix @ way)
        length = _ratio(size, _dots(shadow, image))
        rest -= length * image
        turned = rest - parameter * (matrix @ rest)
        weight = _ratio(_dots(turned, rest), _dots(turned, turned))
        found += length * way
        found += weight * rest
        rest -= weight * turned
        if (np.sqrt(_dots(rest, rest)) <= enough).all():
            break
        before, size = size, _dots(shadow, rest)
        way -= weight * image
        way *= _ratio(size * length, before * weight)
        way += rest
    return found
