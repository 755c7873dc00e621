"""Regressions whose errors follow u = lambda W u + e: lambda by moments, coefficients from what is filtered with it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._conditions import Conditions, Errors, conditions_of, inverse_spread, joint_covariance
from spatial.models._log_determinant import factorised
from spatial.models._moments import (
    Minimum,
    classic_minimum,
    classic_moments,
    classic_spread,
    least,
    quartic,
)
from spatial.models._tall import DEPENDENT, lengths
from spatial.models._two_stage import Freedom, TwoStage, again, covariance, two_stage, variance, with_instruments

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: Up to here I - lambda W is factorised, beyond systems with it are solved by iteration.
FACTORISED = 20_000
#: Relative residual of a solution by iteration; it enters a standard error only.
SOLVED = 1e-10


@dataclass(frozen=True, eq=False)
class FilteredFit:
    """Coefficients d of y = Z d + u and lambda of u = lambda W u + e."""

    coefficients: Vector  # d, exogenous first, (k,)
    parameter: float  # lambda
    covariance: Matrix  # of (d, lambda), (k + 1, k + 1)
    residuals: Vector  # u = y - Z d
    filtered_residuals: Vector  # e = (I - lambda W) u
    variance: float  # of e; `variance_note` says how
    first_variance: float  # e'e / n of the first-step residuals, filtered
    fit: TwoStage  # the filtered regression
    first: TwoStage  # the regression before
    joint: bool  # whether the covariances of d with lambda are known; 0 otherwise
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Equation:
    """What is regressed on what."""

    response: Vector  # y, (n,)
    exogenous: Matrix  # X, (n, k)
    endogenous: Matrix  # (n, m), m may be 0; W y last where there is a spatial lag
    instruments: Matrix  # beyond X, (n, q), q >= m
    weights: "csr_array"  # W of the errors
    low: float  # interval of lambda
    high: float

    @property
    def instrumented(self) -> bool:
        """Whether anything depends on the errors."""
        return bool(self.endogenous.shape[1] > 0)

    def solve(self, parameter: float, right: Matrix) -> Matrix:
        """Solve (I - lambda W)' x = right."""
        from scipy.sparse.linalg import LinearOperator, bicgstab

        n = len(right)
        if n <= FACTORISED:
            return np.asarray(factorised(self.weights.tocsc(), parameter).solve(np.ascontiguousarray(right), trans="T"))
        turned = self.weights.T.tocsr()
        system = LinearOperator((n, n), matvec=lambda x: x - parameter * (turned @ x), dtype=float)
        found = [bicgstab(system, column, rtol=SOLVED, atol=0.0) for column in right.T]
        if any(stopped for _, stopped in found):
            raise ModelError(
                complaint(
                    "parameter lambda",
                    f"at {parameter:.6g} so near its limit the equations for its standard error cannot be solved",
                    "Expected an estimate well inside the interval",
                    "Use another graph, or the error model",
                )
            )
        return np.column_stack([column for column, _ in found])

    def weighted(self, roots: Vector) -> "Equation":
        """Multiply all rows by the square roots of weights of observations: what results has errors of equal variance."""
        from scipy.sparse import diags_array

        return replace(
            self,
            response=roots * self.response,
            exogenous=roots[:, None] * self.exogenous,
            endogenous=roots[:, None] * self.endogenous,
            instruments=roots[:, None] * self.instruments,
            weights=(diags_array(roots) @ self.weights @ diags_array(1 / roots)).tocsr(),
        )

    def first(self) -> TwoStage:
        """Regress without regard to the errors' neighbours."""
        return two_stage(
            self.response, self.exogenous, self.endogenous, self.instruments if self.instrumented else self.instruments[:, :0]
        )


class _Filter:
    """y and Z less lambda times their lags, which are computed once."""

    def __init__(self, equation: Equation, first: TwoStage) -> None:
        self.equation, self.before = equation, first
        self.response = equation.weights @ equation.response
        self.regressors = np.asarray(equation.weights @ first.regressors)

    def fit(self, parameter: float) -> TwoStage:
        """Regress what is filtered; the instruments stay as they are, and the exogenous regressors are their own otherwise."""
        response = self.equation.response - parameter * self.response
        regressors = self.before.regressors - parameter * self.regressors
        if (lengths(regressors) <= DEPENDENT * lengths(self.before.regressors)).any() or not regressors.any(axis=0).all():
            raise ModelError(
                complaint(
                    "parameter lambda",
                    f"the moment conditions are met best at a limit of its interval, {parameter:.6g}, where the filter leaves nothing of"
                    " a regressor such as the intercept, and no estimate means anything",
                    f"Expected a value between {self.equation.low:.6g} and {self.equation.high:.6g}",
                    'Use more places, another graph, fewer regressors or estimator = "ml"',
                )
            )
        if self.equation.instrumented:
            return again(self.before, response, regressors)
        return with_instruments(response, regressors, regressors[:, :0], regressors)


def classic(equation: Equation, *, robust: bool = False, freedom: Freedom = "n - k") -> FilteredFit:
    """
    Estimate by Kelejian and Prucha's three moments and one step of filtered least squares, or two-stage least squares.

    Parameters
    ----------
    equation
        The model.
    robust
        Whether the covariance of the coefficients allows for unequal variances (HC0), as in spatialreg's `gstsls(robust = TRUE)`.
    freedom
        With endogenous columns, what the variance divides by.

    Returns
    -------
    FilteredFit
        As `GMerrorsar` of spatialreg without, as its `gstsls` with endogenous columns. The covariance of the coefficients is as if
        lambda were known, which in large samples is the same; that of lambda, which `gstsls` does not give, is
        `classic_spread`'s, for errors of equal variance.

    Notes
    -----
    Without endogenous columns the variance is the mean square of the filtered first-step residuals, as in spatialreg (its
    `legacy = TRUE` and spreg take those of the filtered regression, `fit.squares / n`); with them e'e / (n - k) of the
    filtered regression, as in spatialreg 1.2 (from 1.3-6 on it and spreg: / n). spatialreg's second step has (I - lambda W) X among the instruments in
    place of X, which are the same instruments wherever the lag of the intercept is one, or follows from the others. Its
    `scaleU` takes the mean from residuals too, which without an intercept is not 0: then ours are its numbers without `scaleU`.

    References
    ----------
    Kelejian, H. H., Prucha, I. R. (1999). A generalized moments estimator for the autoregressive parameter in a spatial model.
    International Economic Review 40, 509-533. doi:10.1111/1468-2354.00027.
    Kelejian, H. H., Prucha, I. R. (1998). A generalized spatial two-stage least squares procedure for estimating a spatial
    autoregressive model with autoregressive disturbances. Journal of Real Estate Finance and Economics 17, 99-121.
    doi:10.1023/A:1007707430416.
    """
    first = equation.first()
    moments = classic_moments(first.residuals, equation.weights)
    found, _ = classic_minimum(moments, equation.low, equation.high)
    fit = _Filter(equation, first).fit(found.parameter)
    filtered = moments.residuals - found.parameter * moments.once
    first_variance = float(filtered @ filtered) / len(filtered) * moments.unit**2
    spread = variance(fit, freedom) if equation.instrumented else first_variance
    inner = covariance(fit, "hc0")[0] if robust else spread * fit.inverse
    moving = _moving(equation, first, found.parameter, filtered) if equation.instrumented else None
    error, moved = classic_spread(moments, equation.weights, found.parameter, first_variance, moving)
    whole = np.zeros((len(inner) + 1, len(inner) + 1))
    whole[:-1, :-1], whole[-1, -1] = inner, error**2
    if not robust:  # otherwise the two would not be of one kind
        whole[:-1, -1] = whole[-1, :-1] = fit.influence.T @ (fit.basis.T @ moved) / len(filtered)
    return _finished(equation, first, fit, found, whole, spread, first_variance, joint=not robust)


def _moving(equation: Equation, first: TwoStage, parameter: float, errors: Vector) -> Matrix:
    """Find how e moves the three conditions through first-step coefficients: their u is (I - lambda W)^-1 e."""
    weights = equation.weights
    ahead = weights @ errors
    products = np.column_stack([errors, weights.T @ ahead, (ahead + weights.T @ errors) / 2])
    lagged = np.asarray(weights @ first.regressors)
    slopes = first.regressors.T @ products - parameter * (lagged.T @ products)
    return np.asarray(equation.solve(parameter, -2 * first.basis @ (first.influence @ slopes)))


def generalised(
    equation: Equation, *, errors: Errors = "unequal", weighted: bool = False, iterations: int = 1, tolerance: float = 1e-10
) -> FilteredFit:
    """
    Estimate by the two moments of Drukker, Egger and Prucha with their joint covariance of coefficients and lambda.

    Parameters
    ----------
    equation
        The model.
    errors
        "unequal": variances may differ from place to place (Arraiz et al. 2010), the standard errors are robust to it; spreg's
        GM_Error_Het, GM_Endog_Error_Het and GM_Combo_Het. "equal": one variance, any distribution; spreg's GM_*_Hom.
    weighted
        Whether lambda is estimated a second time from the first-step residuals, with weighted moments, before anything is filtered
        (step 1c of Arraiz et al., `step1c` of spreg, which has it for unequal variances only); with endogenous columns this
        takes a factorisation of I - lambda W.
    iterations
        How often filtering and weighting are repeated, at most.
    tolerance
        A change of lambda below which they end.

    Returns
    -------
    FilteredFit
        With the full covariance of (d, lambda). `variance` is e'e / n.

    Raises
    ------
    ModelError
        When places are their own neighbours, or the weighting matrix of the moments is singular.

    Notes
    -----
    First lambda from unweighted moments of first-step residuals; coefficients from the filtered regression; lambda again from moments
    weighted by the inverse of their covariance. spreg searches (-0.99, 0.99), to about 1e-5, and cuts the
    first-step coefficient of its last column at 0.9 in size even where that is no spatial lag; here lambda is the
    exact least of a quartic polynomial on its whole interval and nothing is cut. In GM_Error_Hom the covariance between
    coefficients and lambda takes X where the filtered X belongs: ours is that of (X*'X*)^-1 X*'e with X* filtered.

    References
    ----------
    Arraiz, I., Drukker, D. M., Kelejian, H. H., Prucha, I. R. (2010). A spatial Cliff-Ord-type model with heteroskedastic
    innovations: small and large sample results. Journal of Regional Science 50, 592-614. doi:10.1111/j.1467-9787.2009.00618.x.
    Drukker, D. M., Egger, P., Prucha, I. R. (2013). On two-step estimation of a spatial autoregressive model with
    autoregressive disturbances and endogenous regressors. Econometric Reviews 32, 686-733. doi:10.1080/07474938.2013.741020.
    """
    if equation.weights.diagonal().any():
        raise ModelError(
            complaint("graph", "some places are their own neighbours", "Expected weights that are 0 there", "Leave these links out")
        )
    first = equation.first()
    conditions = conditions_of(equation.weights, errors)
    filtering = _Filter(equation, first)
    found = least(quartic(*conditions.moments(first.residuals), np.eye(2)), equation.low, equation.high)
    if weighted:
        found = _weighted(conditions, equation, filtering, found.parameter)
    for _ in range(iterations):
        before = found.parameter
        fit = filtering.fit(before)
        residuals = equation.response - first.regressors @ fit.coefficients
        spread, _ = conditions.spread(fit, residuals, before, instrumented=equation.instrumented)
        found = least(quartic(*conditions.moments(residuals), inverse_spread(spread)), equation.low, equation.high)
        if abs(found.parameter - before) <= tolerance:
            break
    last = filtering.fit(found.parameter)
    whole = joint_covariance(conditions, last, residuals, found.parameter, instrumented=equation.instrumented)
    filtered = residuals - found.parameter * (equation.weights @ residuals)
    mean = float(filtered @ filtered) / len(filtered)
    early = first.residuals - found.parameter * (equation.weights @ first.residuals)
    return _finished(equation, first, fit, found, whole, mean, float(early @ early) / len(early))


def _weighted(conditions: Conditions, equation: Equation, filtering: _Filter, parameter: float) -> Minimum:
    """Estimate lambda from first-step residuals again: the influence of e on their coefficients is through u = (I - lambda W)^-1 e."""
    first = filtering.before
    changed = replace(first, regressors=first.regressors - parameter * filtering.regressors)

    def inverse(right: Matrix) -> Matrix:
        return equation.solve(parameter, right)

    spread, _ = conditions.spread(changed, first.residuals, parameter, instrumented=equation.instrumented, inverse=inverse)
    return least(quartic(*conditions.moments(first.residuals), inverse_spread(spread)), equation.low, equation.high)


def _finished(
    equation: Equation,
    first: TwoStage,
    fit: TwoStage,
    found: Minimum,
    whole: Matrix,
    spread: float,
    first_variance: float,
    *,
    joint: bool = True,
) -> FilteredFit:
    residuals = equation.response - first.regressors @ fit.coefficients
    return FilteredFit(
        coefficients=fit.coefficients,
        parameter=found.parameter,
        covariance=whole,
        residuals=residuals,
        filtered_residuals=residuals - found.parameter * (equation.weights @ residuals),
        variance=spread,
        first_variance=first_variance,
        fit=fit,
        first=first,
        joint=joint,
        notes=found.notes,
    )
