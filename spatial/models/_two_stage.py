"""Two-stage least squares: regressors that depend on the errors are replaced by what the instruments explain of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._hac import meat
from spatial.models._tables import Test, chi_squared
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


def over_identification(fit: TwoStage) -> dict[str, Test]:
    """
    Test whether the instruments agree, where there are more than needed.

    Parameters
    ----------
    fit
        The regression.

    Returns
    -------
    dict
        "Sargan" (n R2 of the residuals on the instruments, for equal variances) and "Hansen" (robust to unequal ones, from the
        two-step efficient estimates, whose first step are those of `fit`); empty where the model is just identified.

    References
    ----------
    Sargan, J. D. (1958). The estimation of economic relationships using instrumental variables. Econometrica 26, 393-415.
    doi:10.2307/1907619.
    Hansen, L. P. (1982). Large sample properties of generalized method of moments estimators. Econometrica 50, 1029-1054.
    doi:10.2307/1912775.
    """
    l, k = fit.projected.shape  # noqa: E741
    if l == k:
        return {}
    n = len(fit.residuals)
    part = fit.basis.T @ fit.residuals
    inner, _ = meat(fit.basis, fit.residuals, None)
    # Units of the regressors cancel, units of the errors do not: the weights are scaled before their inverse is taken.
    size = float(np.trace(inner)) / l
    turn = np.linalg.inv(np.linalg.cholesky(inner / size))
    left, right = turn @ (fit.projected / lengths(fit.regressors)), turn @ part
    gap = right - left @ np.linalg.lstsq(left, right, rcond=None)[0]
    return {
        "Sargan": chi_squared(float(part @ part) * n / fit.squares, l - k),
        "Hansen": chi_squared(float(gap @ gap) / size, l - k),
    }


@dataclass(frozen=True, eq=False)
class FirstStage:
    """How well the instruments explain one endogenous column beyond the exogenous regressors."""

    f: float
    freedom: tuple[int, int]
    p: float
    partial_r2: float
    conditional_f: float  # Sanderson and Windmeijer's; the same as f where there is one endogenous column


def first_stages(fit: TwoStage, excluded: int) -> tuple[FirstStage, ...]:
    """
    Measure the strength of the instruments for each endogenous column.

    Parameters
    ----------
    fit
        The regression, made by `two_stage`.
    excluded
        How many instruments are not regressors.

    Returns
    -------
    tuple
        One for each endogenous column, in order. An F under 10 is the usual warning of weak instruments.

    References
    ----------
    Staiger, D., Stock, J. H. (1997). Instrumental variables regression with weak instruments. Econometrica 65, 557-586.
    doi:10.2307/2171753.
    Sanderson, E., Windmeijer, F. (2016). A weak instrument F-test in linear IV models with multiple endogenous variables.
    Journal of Econometrics 190, 212-221. doi:10.1016/j.jeconom.2015.06.004.
    """
    from scipy.special import fdtrc

    n, own = len(fit.residuals), fit.exogenous
    free = n - fit.basis.shape[1]
    ends = fit.regressors[:, own:] / lengths(fit.regressors[:, own:])
    # In the basis of the instruments the exogenous regressors are the first columns.
    held = np.linalg.qr(fit.projected[:, :own] / lengths(fit.regressors[:, :own]))[0]
    explained = fit.basis.T @ ends
    partial = explained - held @ (held.T @ explained)
    left = ends - fit.basis @ explained
    inside, outside = partial.T @ partial, left.T @ left
    found = []
    for place in range(ends.shape[1]):
        whole, rest = float(inside[place, place]), float(outside[place, place])
        f = whole / excluded / (rest / free)
        found.append(
            FirstStage(
                f=f,
                freedom=(excluded, free),
                p=float(fdtrc(excluded, free, f)),
                partial_r2=whole / (whole + rest),
                conditional_f=_conditional(inside, outside, place, excluded, free),
            )
        )
    return tuple(found)


def _conditional(inside: Matrix, outside: Matrix, place: int, excluded: int, free: int) -> float:
    """F of one column less its two-stage regression on the other endogenous ones."""
    others = [each for each in range(len(inside)) if each != place]
    slopes = np.linalg.lstsq(inside[np.ix_(others, others)], inside[others, place], rcond=None)[0]
    turn = np.zeros(len(inside))
    turn[place] = 1.0
    turn[others] = -slopes
    return (
        float(turn @ inside @ turn) / (excluded - len(others)) / (float(turn @ outside @ turn) / free)
        if excluded > len(others)
        else float("nan")
    )


def wu_hausman(fit: TwoStage) -> Test:
    """
    Test whether the endogenous columns depend on the errors at all (Durbin, Wu, Hausman).

    Parameters
    ----------
    fit
        The regression.

    Returns
    -------
    tuple
        F of the first-stage residuals in the regression of y on Z and them, its first degrees of freedom, p. The second are n - k -
        the number of endogenous columns.

    References
    ----------
    Hausman, J. A. (1978). Specification tests in econometrics. Econometrica 46, 1251-1271. doi:10.2307/1913827.
    """
    from scipy.special import fdtrc

    n, k = fit.regressors.shape
    count = k - fit.exogenous
    ends = fit.regressors[:, fit.exogenous :] / lengths(fit.regressors[:, fit.exogenous :])
    response = fit.residuals  # y less a combination of Z: the same F
    smaller = basis(fit.regressors).columns
    larger = basis(np.hstack([fit.regressors / lengths(fit.regressors), ends - fit.basis @ (fit.basis.T @ ends)])).columns
    rest = response - larger @ (larger.T @ response)
    before = response - smaller @ (smaller.T @ response)
    free = n - k - count
    f = (float(before @ before) - float(rest @ rest)) / count / (float(rest @ rest) / free)
    return f, float(count), float(fdtrc(count, free, f))


def anselin_kelejian(fit: TwoStage, weights: "csr_array", *, lag: bool) -> Test:
    """
    Test the residuals for spatial dependence that is left (Anselin and Kelejian).

    Parameters
    ----------
    fit
        The regression.
    weights
        W.
    lag
        Whether a spatial lag of y is among the regressors: then the coefficients being estimated counts too.

    Returns
    -------
    tuple
        n I² / phi², chi-squared with 1 degree of freedom.

    Notes
    -----
    Without a spatial lag this is the Lagrange multiplier test, with it phi² has a further term, 4 a / s2 with
    a = e'W Z (Z'H (H'H)^-1 H'Z)^-1 Z'W'e and s2 = e'e / n, as in spreg.

    References
    ----------
    Anselin, L., Kelejian, H. H. (1997). Testing for spatial error autocorrelation in the presence of endogenous regressors.
    International Regional Science Review 20, 153-182. doi:10.1177/016001769702000109.
    """
    residuals = fit.residuals
    n = len(residuals)
    scaled = residuals / np.sqrt(fit.squares / n)
    ahead = weights @ scaled
    both = weights.multiply(weights).sum() + weights.multiply(weights.T).sum()
    further = 0.0
    if lag:
        turned = fit.root.T @ (fit.regressors.T @ (weights.T @ scaled))
        further = 4 * float(turned @ turned)
    score = float(scaled @ ahead)
    return chi_squared(score**2 / (float(both) + further), 1)
