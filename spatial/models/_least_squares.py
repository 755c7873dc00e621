"""Ordinary least squares by a QR decomposition that does not mind the units of the columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """One regression."""

    coefficients: Vector  # (k,)
    residuals: Vector  # (n,)
    basis: Matrix  # Q: orthonormal columns that span X, (n, k)
    root: Matrix  # X root = Q, so root root' is (X'X)^-1, (k, k)

    @property
    def inverse(self) -> Matrix:
        """(X'X)^-1."""
        return self.root @ self.root.T

    @property
    def squares(self) -> float:
        """The sum of the squared residuals."""
        return float(self.residuals @ self.residuals)


def least_squares(response: Vector, matrix: Matrix) -> LeastSquares:
    """
    Regress a response on the columns of a matrix of full rank.

    Parameters
    ----------
    response
        (n,).
    matrix
        (n, k), of rank k.

    Returns
    -------
    LeastSquares
        Coefficients, residuals, (X'X)^-1 and an orthonormal basis of the columns.
    """
    lengths = np.linalg.norm(matrix, axis=0)
    basis, triangle = np.linalg.qr(matrix / lengths)
    root = np.linalg.inv(triangle) / lengths[:, None]
    residuals = response - basis @ (basis.T @ response)
    residuals -= basis @ (basis.T @ residuals)  # once more: the first pass leaves rounding errors of the size of y
    return LeastSquares(
        coefficients=root @ (basis.T @ response),
        residuals=residuals,
        basis=basis,
        root=root,
    )


def log_likelihood(squares: float, count: int) -> float:
    """
    Give the largest Gaussian log-likelihood for a sum of squares, the variance being squares / count.

    Parameters
    ----------
    squares
        Sum of squared residuals.
    count
        Number of residuals.

    Returns
    -------
    float
        -n/2 (log(2 pi) + 1 + log(squares / n)).
    """
    return float(-count / 2 * (np.log(2 * np.pi) + 1 + np.log(squares / count)))


def unit(values: Vector) -> float:
    """
    Give the power of two nearest to the size of some numbers.

    Models divide by it before they compute, so that neither units nor a change of units matter; a power of two rounds nothing.

    Parameters
    ----------
    values
        Any numbers.

    Returns
    -------
    float
        A power of two; 1 where all are 0.
    """
    size = float(np.sqrt(np.mean(np.square(values / (np.abs(values).max() or 1.0))))) * float(np.abs(values).max())
    return float(2.0 ** np.round(np.log2(size))) if size > 0 else 1.0
