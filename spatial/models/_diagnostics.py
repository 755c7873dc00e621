"""What a linear regression says about itself: shape and spread of the residuals, and how entangled the regressors are."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.models._tables import Test, chi_squared

if TYPE_CHECKING:
    import pandas as pd

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SMALL = 1e-9


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

    References
    ----------
    White, H. (1980). A heteroskedasticity-consistent covariance matrix estimator. Econometrica 48, 817-838. doi:10.2307/1912934.
    """
    spread = np.ptp(matrix, axis=0) > 0
    scaled = matrix[:, spread] / np.abs(matrix[:, spread]).max(axis=0)
    pairs = [scaled[:, one] * scaled[:, other] for one in range(scaled.shape[1]) for other in range(one, scaled.shape[1])]
    auxiliary = np.column_stack([scaled, *pairs]) if pairs else scaled
    auxiliary = auxiliary - auxiliary.mean(axis=0)
    lengths = np.linalg.norm(auxiliary, axis=0)
    auxiliary = auxiliary[:, lengths > SMALL] / lengths[lengths > SMALL]
    if not auxiliary.shape[1]:
        return None
    left, sizes, _ = np.linalg.svd(auxiliary, full_matrices=False)
    rank = int((sizes > SMALL * sizes[0]).sum())
    if rank >= len(residuals) - 1:
        return None
    deviations = residuals**2 - np.mean(residuals**2)
    explained = float(np.square(left[:, :rank].T @ deviations).sum())
    return chi_squared(len(residuals) * explained / float(deviations @ deviations), rank)


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
