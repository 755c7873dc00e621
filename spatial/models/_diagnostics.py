"""What a linear regression says about itself: shape and spread of the residuals, and how entangled the regressors are."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.models._tables import Test, chi_squared
from spatial.models._tall import CLEAR

if TYPE_CHECKING:
    import pandas as pd

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SMALL = 1e-9
#: Numbers of one block of rows.
BLOCK = 4_000_000


def jarque_bera(residuals: Vector) -> Test:
    """
    Test whether residuals are normal, by their skewness and kurtosis.

    Parameters
    ----------
    residuals
        (n,).

    Returns
    -------
    tuple
        n/6 (skewness^2 + (kurtosis - 3)^2 / 4), 2 degrees of freedom, p.

    References
    ----------
    Jarque, C. M., Bera, A. K. (1980). Efficient tests for normality, homoscedasticity and serial independence of regression
    residuals. Economics Letters 6, 255-259. doi:10.1016/0165-1765(80)90024-5.
    """
    z = residuals - residuals.mean()
    variance = float(np.mean(z**2))
    skewness, kurtosis = float(np.mean(z**3)) / variance**1.5, float(np.mean(z**4)) / variance**2
    return chi_squared(len(z) / 6 * (skewness**2 + (kurtosis - 3) ** 2 / 4), 2)


def white(residuals: Vector, matrix: Matrix) -> Test | None:
    """
    Test whether the spread of the residuals depends on the regressors, their squares and products.

    Parameters
    ----------
    residuals
        (n,).
    matrix
        The regressors, with or without intercept.

    Returns
    -------
    tuple or None
        n R^2, with as many degrees of freedom as there are different columns; None where there are too few places.

    Notes
    -----
    By blocks of rows: with 15 regressors there are 135 columns, of which a million rows would take gigabytes. From cross products
    where no column is near to a combination of the others, else by a QR decomposition.

    References
    ----------
    White, H. (1980). A heteroskedasticity-consistent covariance matrix estimator. Econometrica 48, 817-838. doi:10.2307/1912934.
    """
    spread = np.ptp(matrix, axis=0) > 0
    scaled = matrix[:, spread] / np.abs(matrix[:, spread]).max(axis=0)
    n, one, other = len(scaled), *np.triu_indices(scaled.shape[1])
    if not scaled.shape[1]:
        return None
    means = np.append(scaled.mean(axis=0), (scaled.T @ scaled)[one, other] / n)
    deviations = residuals**2 - np.mean(residuals**2)

    def block(rows: slice) -> Matrix:
        columns = np.column_stack([scaled[rows], scaled[rows][:, one] * scaled[rows][:, other]])
        return np.asarray(np.column_stack([columns - means, deviations[rows]]))

    step = max(BLOCK // len(means), 2 * len(means))
    pieces = [slice(start, start + step) for start in range(0, n, step)]
    products = np.sum([(part := block(rows)).T @ part for rows in pieces], axis=0)
    lengths = np.sqrt(np.diag(products)[:-1])
    kept = np.append(lengths > SMALL, True)
    sizes = np.append(lengths[kept[:-1]], 1.0)
    rank, explained = _explained(products[np.ix_(kept, kept)] / np.outer(sizes, sizes))
    if rank is None:
        triangle = np.empty((0, len(sizes)))
        for rows in pieces:
            triangle = np.asarray(np.linalg.qr(np.vstack([triangle, block(rows)[:, kept] / sizes]), mode="r"))
        left, singular, _ = np.linalg.svd(triangle[:, :-1], full_matrices=False)
        rank = int((singular > SMALL * singular[0]).sum())
        explained = float(np.square(left[:, :rank].T @ triangle[:, -1]).sum())
    if not 0 < rank < n - 1:
        return None
    return chi_squared(n * explained / float(deviations @ deviations), rank)


def _explained(products: Matrix) -> tuple[int | None, float]:
    """From cross products, the last column's on the others; no rank where these are so near to dependent that a closer look must tell."""
    inner, last = products[:-1, :-1], products[:-1, -1]
    if not len(inner):
        return 0, 0.0
    if np.linalg.eigvalsh(inner)[0] <= CLEAR:
        return None, 0.0
    return len(inner), float(last @ np.linalg.solve(inner, last))


def condition_number(matrix: Matrix) -> float:
    """
    Tell how entangled the regressors are: above 30 coefficients become unreliable.

    Parameters
    ----------
    matrix
        With intercept, where there is one.

    Returns
    -------
    float
        Largest singular value / smallest, of columns scaled to length 1.

    References
    ----------
    Belsley, D. A., Kuh, E., Welsch, R. E. (1980). Regression Diagnostics. Wiley. doi:10.1002/0471725153.
    """
    sizes = np.linalg.svd(matrix / np.linalg.norm(matrix, axis=0), compute_uv=False)
    return float(sizes[0] / sizes[-1])


def variance_inflation(names: tuple[str, ...], matrix: Matrix) -> "pd.Series[float] | None":
    """
    Tell by how much the variance of each coefficient is larger than if the regressors were uncorrelated.

    Parameters
    ----------
    names
        Of the regressors other than the intercept.
    matrix
        Their columns.

    Returns
    -------
    pandas.Series or None
        1 / (1 - R^2) of each regressor on the others and an intercept; None without regressors.
    """
    import pandas as pd

    if not names:
        return None
    centred = matrix - matrix.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    varying = lengths > 0
    found = np.full(len(names), np.nan)
    scaled = centred[:, varying] / lengths[varying]
    # A pseudo-inverse would call a column that the others explain harmless; it is refused before, with an intercept at least.
    found[varying] = np.diag(np.linalg.pinv(scaled.T @ scaled))
    return pd.Series(found, index=pd.Index(list(names), name="regressor"))
