"""Tests after two-stage least squares: do the instruments agree, are they strong, were they needed, what is left among neighbours?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.models._hac import meat
from spatial.models._tables import Test, chi_squared
from spatial.models._tall import basis, lengths
from spatial.models._tests import trace
from spatial.models._two_stage import TwoStage

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Matrix = NDArray[np.float64]


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
    # The first k columns of the basis are one of Z alone: what the others explain is what the first stage adds.
    columns = basis(np.hstack([fit.regressors, ends - fit.basis @ (fit.basis.T @ ends)])).columns
    explained = columns.T @ response
    rest = response - columns @ explained
    free = n - k - count
    f = float(np.square(explained[k:]).sum()) / count / (float(rest @ rest) / free)
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
    further = 0.0
    if lag:
        turned = fit.root.T @ (fit.regressors.T @ (weights.T @ scaled))
        further = 4 * float(turned @ turned)
    score = float(scaled @ ahead)
    return chi_squared(score**2 / (trace(weights) + further), 1)
