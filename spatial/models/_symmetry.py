"""Whether weights are a symmetric matrix with rows scaled, and by what."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]

#: Largest difference, relative to the largest weight, between two weights that are called symmetric.
UNEVEN = 1e-10
#: Largest relative difference between weights of a row that are called the same: what rounding leaves.
SAME = 1e-14
#: Widest range of logarithms of row scales that is still computed with (e^100).
WIDEST = 100.0


@dataclass(frozen=True, eq=False)
class Similar:
    """A symmetric matrix S with the eigenvalues of W: s_ij = scale_i w_ij / scale_j."""

    matrix: "csr_array"
    scale: Vector


def similar(matrix: "csr_array") -> Similar | None:
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
    Similar or None
        None where there is none, as for nearest neighbours.
    """
    from scipy.sparse import csr_array

    matrix = csr_array(matrix)
    matrix.sort_indices()
    back = csr_array(matrix.T)
    back.sort_indices()
    if not (np.array_equal(matrix.indptr, back.indptr) and np.array_equal(matrix.indices, back.indices)):
        return None
    if np.array_equal(matrix.data, back.data):
        return Similar(matrix, np.ones(matrix.shape[0]))
    if (matrix.data <= 0).any():
        return None
    # Rows that were divided by their sums: one over the first weight is the scale wherever all weights of a row are the same.
    degrees = np.diff(matrix.indptr)
    firsts = np.where(degrees > 0, matrix.data[np.minimum(matrix.indptr[:-1], matrix.nnz - 1)], 1.0)
    scale = 1 / np.sqrt(firsts)
    if np.abs(np.repeat(firsts, degrees) / matrix.data - 1).max() <= SAME:
        return Similar(csr_array((np.sqrt(matrix.data * back.data), matrix.indices, matrix.indptr), shape=matrix.shape), scale)
    found = _scaled(matrix, back, scale)
    if found is None:
        along = _along_links(matrix, back)
        found = None if along is None else _scaled(matrix, back, along)
    return found


def _scaled(matrix: "csr_array", back: "csr_array", scale: Vector) -> Similar | None:
    """Scale and see whether that is symmetric."""
    from scipy.sparse import csr_array

    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    ratio = scale[rows] / scale[matrix.indices]
    one, other = matrix.data * ratio, back.data / ratio
    if np.abs(one - other).max() > UNEVEN * np.abs(one).max():
        return None
    return Similar(csr_array(((one + other) / 2, matrix.indices, matrix.indptr), shape=matrix.shape), scale)


def _along_links(matrix: "csr_array", back: "csr_array") -> Vector | None:
    """
    Find sqrt(d) with d_i w_ij symmetric along a tree of links: d_j = d_i w_ij / w_ji.

    One tree reaches all components, from a root that is added and linked to one place of each.
    """
    from scipy.sparse import coo_array, csr_array, csr_matrix
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    n = matrix.shape[0]
    links = csr_array((matrix.data / back.data, matrix.indices, matrix.indptr), shape=matrix.shape).tocoo()
    starts = np.unique(connected_components(matrix, directed=False)[1], return_index=True)[1]
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
