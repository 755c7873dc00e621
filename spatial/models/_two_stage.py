"""Two-stage least squares: regressors that depend on the errors are replaced by what the instruments explain of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._hac import meat
from spatial.models._tall import DEPENDENT, basis, lengths

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Spread = Literal["asymptotic", "hc0", "hc1", "hac"]
Freedom = Literal["n - k", "n"]


@dataclass(frozen=True, eq=False)
class TwoStage:
    """
    One regression y = Z d + e, Z = [exogenous, endogenous], with instruments H = [exogenous, others].

    With Q an orthonormal basis of H and C = Q'Z, what the instruments explain of Z is Q C.
    """

    coefficients: Vector  # d, exogenous first, (k,)
    residuals: Vector  # y - Z d, (n,)
    regressors: Matrix  # Z, (n, k)
    basis: Matrix  # Q, (n, l)
    basis_root: Matrix  # H basis_root = Q, (l, l)
    projected: Matrix  # C, (l, k)
    root: Matrix  # C root has orthonormal columns, so root root' is (C'C)^-1, (k, k)
    exogenous: int  # how many of the k

    @property
    def inverse(self) -> Matrix:
        """(Z' H (H'H)^-1 H' Z)^-1."""
        return self.root @ self.root.T

    @property
    def squares(self) -> float:
        """The sum of the squared residuals."""
        return float(self.residuals @ self.residuals)

    @property
    def influence(self) -> Matrix:
        """T with d - true d = T' Q'e, (l, k)."""
        return self.projected @ self.inverse


def two_stage(response: Vector, exogenous: Matrix, endogenous: Matrix, instruments: Matrix) -> TwoStage:
    """
    Regress with instruments.

    Parameters
    ----------
    response
        y, (n,).
    exogenous
        X, (n, k).
    endogenous
        Columns that depend on the errors, (n, m), such as W y.
    instruments
        Further instruments, (n, q), q >= m, so that [exogenous, instruments] has full rank (see `spatial_instruments`).

    Returns
    -------
    TwoStage
        Coefficients of X, then of the endogenous columns.

    Raises
    ------
    ModelError
        When the instruments do not explain the endogenous columns apart from X: the model is not identified.

    Notes
    -----
    Nothing depends on units: every column is divided by its length first.

    References
    ----------
    Kelejian, H. H., Prucha, I. R. (1998). A generalized spatial two-stage least squares procedure for estimating a spatial
    autoregressive model with autoregressive disturbances. Journal of Real Estate Finance and Economics 17, 99-121.
    doi:10.1023/A:1007707430416.
    """
    return with_instruments(response, exogenous, endogenous, np.hstack([exogenous, instruments]))


def with_instruments(response: Vector, exogenous: Matrix, endogenous: Matrix, instruments: Matrix) -> TwoStage:
    """
    Regress with a full set of instruments that need not contain the regressors, as the second step of GS2SLS does.

    Parameters
    ----------
    response, exogenous, endogenous
        As in `two_stage`.
    instruments
        H, all of them, (n, l), of full rank.

    Returns
    -------
    TwoStage
        As `two_stage`.

    Raises
    ------
    ModelError
        When the model is not identified.
    """
    regressors = np.hstack([exogenous, endogenous])
    found = basis(instruments)
    return _regressed(response, regressors, found.columns, found.root, exogenous.shape[1])


def again(fit: TwoStage, response: Vector, regressors: Matrix) -> TwoStage:
    """
    Regress other columns with the instruments of another regression: their basis is there already.

    Parameters
    ----------
    fit
        The other regression.
    response, regressors
        y and Z, such as the filtered ones.

    Returns
    -------
    TwoStage
        As `two_stage`.

    Raises
    ------
    ModelError
        When the model is not identified.
    """
    return _regressed(response, regressors, fit.basis, fit.basis_root, fit.exogenous)


def _regressed(response: Vector, regressors: Matrix, columns: Matrix, basis_root: Matrix, exogenous: int) -> TwoStage:
    projected = columns.T @ regressors
    sizes = lengths(regressors)
    orthonormal, triangular = np.linalg.qr(projected / sizes)
    if len(projected) < projected.shape[1] or np.linalg.svd(triangular, compute_uv=False)[-1] <= DEPENDENT:
        raise ModelError(
            complaint(
                "instruments",
                "they explain nothing of the endogenous columns beyond what the exogenous regressors do",
                "Expected at least as many instruments as endogenous columns, and that they are related to them",
                "Give other instruments",
            )
        )
    root = np.linalg.inv(triangular) / sizes[:, None]
    coefficients = root @ (orthonormal.T @ (columns.T @ response))
    residuals = response - regressors @ coefficients
    # Once more on the residuals: the first pass leaves rounding errors of the size of y.
    correction = root @ (orthonormal.T @ (columns.T @ residuals))
    return TwoStage(
        coefficients=coefficients + correction,
        residuals=residuals - regressors @ correction,
        regressors=regressors,
        basis=columns,
        basis_root=basis_root,
        projected=projected,
        root=root,
        exogenous=exogenous,
    )


def variance(fit: TwoStage, freedom: Freedom = "n - k") -> float:
    """Sum of squared residuals / (n - k), rho counted among the k, as R's `stsls`; or / n, as spreg."""
    n, k = fit.regressors.shape
    return float(fit.squares / (n - k if freedom == "n - k" else n))


def covariance(
    fit: TwoStage, spread: Spread = "asymptotic", *, freedom: Freedom = "n - k", kernel: "csr_array | None" = None
) -> tuple[Matrix, tuple[str, ...]]:
    """
    Give the covariance of the coefficients.

    Parameters
    ----------
    fit
        The regression.
    spread
        "asymptotic": s2 (Z'H (H'H)^-1 H'Z)^-1. "hc0": White's. "hc1": White's times n / (n - k). "hac": errors of places
        less than a bandwidth apart may be correlated in any way.
    freedom
        What s2 divides by, for "asymptotic".
    kernel
        K, (n, n) with ones on the diagonal, for "hac".

    Returns
    -------
    tuple
        (k, k), and notes.

    Notes
    -----
    "hc0", "hc1" equal R's `stsls(robust = TRUE)`; spreg's "white" is "hc0", its `sig2n_k` "hc1"; "hac" equals spreg's, which does not
    symmetrise: of a kernel with adaptive bandwidths only the symmetric part counts for any variance.

    References
    ----------
    White, H. (1980). A heteroskedasticity-consistent covariance matrix estimator and a direct test for heteroskedasticity.
    Econometrica 48, 817-838. doi:10.2307/1912934.
    Kelejian, H. H., Prucha, I. R. (2007). HAC estimation in a spatial framework. Journal of Econometrics 140, 131-154.
    doi:10.1016/j.jeconom.2006.09.005.
    """
    n, k = fit.regressors.shape
    if spread == "asymptotic":
        return variance(fit, freedom) * fit.inverse, ()
    inner, notes = meat(fit.basis, fit.residuals, kernel if spread == "hac" else None)
    turned = fit.influence.T @ inner @ fit.influence
    return turned * (n / (n - k) if spread == "hc1" else 1.0), notes
