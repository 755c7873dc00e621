"""Tests of spatial dependence in the residuals of a model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.models._least_squares import LeastSquares
from spatial.models._tables import Test, chi_squared, normal_p

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: A singular value of columns of length 1 below which they are combinations of each other.
DEPENDENT = 1e-9
#: Places with neighbours of which more are needed for Moran's I of residuals and its moments.
FEWEST = 3


@dataclass(frozen=True)
class ResidualMoran:
    """Moran's I of residuals and its moments."""

    statistic: float
    expected: float
    variance: float

    @property
    def test(self) -> Test:
        """Its z, which has no degrees of freedom, and the two-sided p."""
        z = (self.statistic - self.expected) / float(np.sqrt(self.variance)) if self.variance > 0 else float("nan")
        return z, float("nan"), float(normal_p(z))


def trace(matrix: "csr_array") -> float:
    """tr(W'W + W W)."""
    back = matrix.T.tocsr()
    # Where every link goes both ways the two have their numbers at the same positions.
    mutual = np.array_equal(matrix.indptr, back.indptr) and np.array_equal(matrix.indices, back.indices)
    return float(matrix.data @ matrix.data + (matrix.data @ back.data if mutual else matrix.multiply(back).sum()))


def dependence_tests(
    fit: LeastSquares, response: Vector, matrix: Matrix, weights: "csr_array", *, intercept: bool
) -> dict[str, Test]:
    """
    Compute the Lagrange multiplier tests after least squares.

    Parameters
    ----------
    fit
        The regression.
    response
        (n,).
    matrix
        The regressors, the intercept in the first column where there is one.
    weights
        W.
    intercept
        Whether there is an intercept: its lag is no regressor for the tests of W X.

    Returns
    -------
    dict
        Name to test. With e the residuals, s = e'e/n, T = tr(W'W + WW) and J = (W X b)'M(W X b)/s + T: LM error (e'We/s)^2/T,
        LM lag (e'Wy/s)^2/J; the robust forms correct each for the presence of the other.

    References
    ----------
    Anselin, L., Bera, A. K., Florax, R., Yoon, M. J. (1996). Simple diagnostic tests for spatial dependence. Regional Science
    and Urban Economics 26, 77-104. doi:10.1016/0166-0462(95)02111-6.
    Koley, M., Bera, A. K. (2024). To use, or not to use the spatial Durbin model? That is the question. Spatial Economic
    Analysis 19, 30-56. doi:10.1080/17421772.2023.2256810. (The three tests with W X.)
    """
    residuals, n = fit.residuals, len(response)
    variance = fit.squares / n
    t = trace(weights)
    predicted = response - residuals
    lagged = weights @ predicted
    unexplained = lagged - fit.basis @ (fit.basis.T @ lagged)
    j = float(unexplained @ unexplained) / variance + t
    error = float(residuals @ (weights @ residuals)) / variance
    lag = float(residuals @ (weights @ response)) / variance
    found = {"LM lag": chi_squared(lag**2 / j, 1), "LM error": chi_squared(error**2 / t, 1)}
    robust_lag = (lag - error) ** 2 / (j - t) if j > t else float("nan")
    found["Robust LM lag"] = chi_squared(robust_lag, 1)
    found["Robust LM error"] = (
        chi_squared((error - t / j * lag) ** 2 / (t * (1 - t / j)), 1) if j > t else (float("nan"), 1.0, float("nan"))
    )
    found["LM SARMA"] = chi_squared(error**2 / t + robust_lag, 2)
    return found | _durbin_tests(fit, matrix[:, 1:] if intercept else matrix, weights, lagged, lag, t, variance, found["LM lag"][0])


def _durbin_tests(
    fit: LeastSquares,
    regressors: Matrix,
    weights: "csr_array",
    lagged: Vector,
    lag: float,
    t: float,
    variance: float,
    lm_lag: float,
) -> dict[str, Test]:
    """
    Test W X, alone and together with W y.

    All in units of s, the score of (rho, gamma) is (e'Wy, (WX)'e) and its variance the part of (WXb, WX) that X does not
    explain, with T s added for rho. Columns of W X that X explains (an intercept's lag, a category's) carry no information.
    """
    columns = weights @ regressors
    columns = columns / np.where((lengths := np.linalg.norm(columns, axis=0)) > 0, lengths, 1)
    free = columns - fit.basis @ (fit.basis.T @ columns)
    basis, sizes, _ = np.linalg.svd(free, full_matrices=False)
    rank = int((sizes > DEPENDENT).sum())  # columns have length 1
    if rank == 0:
        return {}
    basis = basis[:, :rank]
    gamma = basis.T @ fit.residuals
    wx = float(gamma @ gamma) / variance
    # rho given gamma: what of the score and of its variance is left when W X is accounted for.
    own = lagged - fit.basis @ (fit.basis.T @ lagged)
    shared = basis.T @ own
    score = lag * variance - float(shared @ gamma)
    robust_lag = score**2 / (float(own @ own) - float(shared @ shared) + t * variance) / variance
    return {
        "LM WX": chi_squared(wx, rank),
        "Robust LM lag SDM": chi_squared(robust_lag, 1),
        "Robust LM WX": chi_squared(wx + robust_lag - lm_lag, rank),
    }


def regression_moran(fit: LeastSquares, matrix: Matrix, weights: "csr_array", count: int | None = None) -> ResidualMoran:
    """
    Measure Moran's I of the residuals of least squares.

    Parameters
    ----------
    fit
        The regression.
    matrix
        Its regressors.
    weights
        W.
    count
        The n of the formulas; None for the number of residuals, which makes the moments exact. spdep takes the number of
        places that have neighbours, here `linked`.

    Returns
    -------
    ResidualMoran
        With the moments under normal errors.

    References
    ----------
    Cliff, A. D., Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, chapter 8.
    """
    residuals, k = fit.residuals, matrix.shape[1]
    count = len(residuals) if count is None else count
    if count <= k:
        return ResidualMoran(float("nan"), float("nan"), float("nan"))
    scale, freedom = count / float(weights.sum()), count - k
    even = (weights + weights.T) / 2
    lagged = even @ fit.basis
    inside = fit.basis.T @ lagged
    first = float(np.trace(inside))
    second = float((inside * inside).sum())
    spread = float((even.multiply(even)).sum()) * 2
    whole = spread + 2 * second - 4 * float((lagged * lagged).sum()) - 2 * first**2 / freedom
    statistic = scale * float(residuals @ (even @ residuals)) / fit.squares
    return ResidualMoran(statistic, -scale * first / freedom, scale**2 * whole / (freedom * (freedom + 2)))


def linked(weights: "csr_array") -> int:
    """Count the places that have neighbours."""
    return int((np.diff(weights.indptr) > 0).sum())


def moran_of(residuals: Vector, weights: "csr_array") -> float:
    """
    Compute Moran's I of residuals of a spatial model.

    Parameters
    ----------
    residuals
        (n,).
    weights
        W.

    Returns
    -------
    float
        As in spdep, places without neighbours do not count in n; NaN where fewer than four count.
    """
    n = linked(weights)
    if n <= FEWEST:
        return float("nan")
    z = residuals - residuals.mean()
    return n / float(weights.sum()) * float(z @ (weights @ z)) / float(z @ z)


def residual_moran(residuals: Vector, weights: "csr_array") -> ResidualMoran:
    """
    Measure Moran's I of residuals of a spatial model as of any variable.

    Parameters
    ----------
    residuals
        (n,).
    weights
        W.

    Returns
    -------
    ResidualMoran
        With the moments under randomisation; that they are residuals is not accounted for, so this is a rough check. As in
        spdep, places without neighbours do not count in n.
    """
    z = residuals - residuals.mean()
    n = linked(weights)
    if n <= FEWEST:
        return ResidualMoran(float("nan"), float("nan"), float("nan"))
    s0 = float(weights.sum())
    s1 = trace(weights)
    s2 = float(np.square(np.asarray(weights.sum(axis=1)).ravel() + np.asarray(weights.sum(axis=0)).ravel()).sum())
    kurtosis = len(z) * float((z**4).sum()) / float(z @ z) ** 2
    expected = -1 / (n - 1)
    square = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - kurtosis * (n * (n - 1) * s1 - 2 * n * s2 + 6 * s0**2)
    variance = square / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2
    return ResidualMoran(moran_of(residuals, weights), expected, variance)


def heteroskedasticity(residuals: Vector, matrix: Matrix, *, intercept: bool) -> dict[str, Test]:
    """
    Test whether the spread of the residuals depends on the regressors.

    Parameters
    ----------
    residuals
        (n,).
    matrix
        The regressors.
    intercept
        Whether they hold an intercept; without one it is added.

    Returns
    -------
    dict
        "Breusch-Pagan" (explained sum of squares / (2 s^2), right for normal residuals) and "Koenker-Bassett" (n R^2, the
        studentised form that does not need normality), both by the regressors as they are, as in R; spreg takes their
        squares, and spatialreg adds no intercept where there is none, so that its statistic is no n R^2. Empty where there is nothing but an intercept.

    References
    ----------
    Breusch, T. S., Pagan, A. R. (1979). A simple test for heteroscedasticity. Econometrica 47, 1287-1294. doi:10.2307/1911963.
    Koenker, R. (1981). A note on studentizing a test for heteroscedasticity. Journal of Econometrics 17, 107-112.
    doi:10.1016/0304-4076(81)90062-2.
    """
    whole = matrix if intercept else np.column_stack([np.ones(len(residuals)), matrix])
    basis, sizes, _ = np.linalg.svd(whole / np.linalg.norm(whole, axis=0), full_matrices=False)
    rank = int((sizes > DEPENDENT * sizes[0]).sum())  # an intercept that was added may follow from categories
    freedom = rank - 1
    if freedom == 0:
        return {}
    squares = residuals**2
    deviations = squares - squares.mean()
    explained = float(np.square(basis[:, :rank].T @ deviations).sum())
    return {
        "Breusch-Pagan": chi_squared(explained / (2 * squares.mean() ** 2), freedom),
        "Koenker-Bassett": chi_squared(len(residuals) * explained / float(deviations @ deviations), freedom),
    }
