"""Orthonormal bases of tall matrices, block by block: a million rows cost no copy of the whole and no squared condition number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ROWS = 65_536  # of one block
#: A column of unit length whose part not explained by the others is shorter than this is their combination.
DEPENDENT = 1e-9
#: Products of columns of unit length whose smallest eigenvalue is above this lose nothing that a second pass does not repair.
SAFE = 1e-8
#: And above this no column can be a combination of the others.
CLEAR = 1e-5


@dataclass(frozen=True, eq=False)
class Basis:
    """An orthonormal basis of the columns of a tall matrix."""

    columns: Matrix  # Q, (n, l)
    root: Matrix  # matrix root = Q, (l, l)


def triangle(matrix: Matrix) -> Matrix:
    """
    Give the triangular factor of a QR decomposition, of blocks of rows first and of their factors then.

    Parameters
    ----------
    matrix
        (n, l), n >= l.

    Returns
    -------
    numpy.ndarray
        R, (l, l), with R'R = matrix' matrix; as accurate as a decomposition of the whole.

    References
    ----------
    Demmel, J., Grigori, L., Hoemmen, M., Langou, J. (2012). Communication-optimal parallel and sequential QR and LU
    factorizations. SIAM Journal on Scientific Computing 34, A206-A239. doi:10.1137/080731992.
    """
    blocks = [np.linalg.qr(matrix[start : start + ROWS], mode="r") for start in range(0, len(matrix), ROWS)]
    return np.asarray(blocks[0] if len(blocks) == 1 else np.linalg.qr(np.vstack(blocks), mode="r"), dtype=float)


def lengths(matrix: Matrix) -> Vector:
    """Give the length of each column, 1 where it is 0."""
    found = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    return np.where(found > 0, found, 1.0)


def basis(matrix: Matrix) -> Basis:
    """
    Orthonormalise the columns of a matrix of full rank.

    Parameters
    ----------
    matrix
        (n, l), of rank l; columns may have very different sizes.

    Returns
    -------
    Basis
        Q and the matrix that makes it; the second pass makes Q orthonormal to rounding.

    Notes
    -----
    Cholesky's factor of the cross products twice, where they are far enough from singular, which costs a tenth of a QR decomposition
    (Yamamoto, Y., Nakatsukasa, Y., Yanagisawa, Y., Fukaya, T. (2015). Roundoff error analysis of the CholeskyQR2 algorithm.
    Electronic Transactions on Numerical Analysis 44, 306-326); a QR decomposition by blocks first otherwise.
    """
    sizes = lengths(matrix)
    products = _products(matrix, sizes)
    safe = np.linalg.eigvalsh(products)[0] > SAFE
    first = np.linalg.cholesky(products).T if safe else triangle(matrix / sizes)
    root = np.linalg.inv(first) / sizes[:, None]
    columns = matrix @ root
    again = np.linalg.inv(np.linalg.cholesky(columns.T @ columns).T)
    return Basis(columns @ again, root @ again)


def clear_basis(matrix: Matrix) -> Matrix | None:
    """
    Orthonormalise columns that are far from collinear, quickly.

    Parameters
    ----------
    matrix
        (n, l); columns may have very different sizes.

    Returns
    -------
    numpy.ndarray or None
        Q, (n, l), orthonormal to about 1e-10; None where columns may be combinations of others, which a closer look must tell.
    """
    sizes = lengths(matrix)
    products = _products(matrix, sizes)
    if np.linalg.eigvalsh(products)[0] <= CLEAR:
        return None
    return np.asarray(matrix @ (np.linalg.inv(np.linalg.cholesky(products).T) / sizes[:, None]))


def _products(matrix: Matrix, sizes: Vector) -> Matrix:
    return np.asarray(matrix.T @ matrix / np.outer(sizes, sizes), dtype=float)


def independent(first: Matrix, more: Matrix) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """
    Choose columns that follow neither from given ones nor from one another.

    Parameters
    ----------
    first
        (n, k), of rank k: these stay.
    more
        (n, m): of these as many are kept as are independent.

    Returns
    -------
    tuple
        Places of the columns of `more` to keep and to drop, each in order.
    """
    from scipy.linalg import qr

    k, m = first.shape[1], more.shape[1]
    if m == 0:
        return np.arange(0), np.arange(0)
    products = np.block([[first.T @ first, first.T @ more], [more.T @ first, more.T @ more]])
    sizes = np.where(np.diag(products) > 0, np.sqrt(np.diag(products)), 1.0)
    if np.linalg.eigvalsh(products / np.outer(sizes, sizes))[0] > CLEAR:
        return np.arange(m), np.arange(0)
    whole = np.hstack([first, more])
    left = triangle(whole / sizes)[k:, k:]  # what the first columns leave of the others, in an orthonormal basis
    _, small, order = qr(left, mode="economic", pivoting=True)
    diagonal = np.zeros(m)
    diagonal[: min(small.shape)] = np.abs(np.diag(small))
    rank = int((diagonal > DEPENDENT).sum())
    return np.sort(order[:rank]), np.sort(order[rank:])
