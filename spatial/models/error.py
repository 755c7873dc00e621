"""Spatial error model: what the regressors leave unexplained is alike among neighbours."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.models import _log_determinant
from spatial.models import _reading as reading
from spatial.models._design import design
from spatial.models._least_squares import LeastSquares, least_squares
from spatial.models._likelihood import Maximum, inverse_of, maximised, traces
from spatial.models._log_determinant import LogDeterminant, derivatives, factorised, prepared
from spatial.models._records import ErrorModel
from spatial.models._spatial_fields import Scaled, common_tests, rescaled, scaled, shared_fields
from spatial.models._tables import Test, chi_squared
from spatial.options import Between, Formula, used
from spatial.places import Missing

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Fit:
    """The maximum and what belongs to it, in scaled units."""

    ordinary: LeastSquares  # of y on X
    filtered: LeastSquares  # of (I - lambda W) y on (I - lambda W) X
    filtered_matrix: Matrix
    maximum: Maximum
    deviations: NDArray[np.float64]  # y - X b

    @property
    def variance(self) -> float:
        return self.maximum.squares / len(self.deviations)


def error_model(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    formula: Formula,
    vcov: Literal["asymptotic", "hessian"] = "asymptotic",
    log_determinant: _log_determinant.Method = "auto",
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> ErrorModel:
    """
    Fit a spatial error model, y = X b + u with u = lambda W u + e, by maximum likelihood.

    Parameters
    ----------
    places
        The table.
    graph
        Weights W with the same labels; any standardisation, directed or not.
    formula
        The model, such as ``CRIME ~ INC + HOVAL``; C(column) for categories, functions such as log(column).
    vcov
        Standard errors from the information matrix ("asymptotic") or from the second derivatives of the likelihood ("hessian").
    log_determinant
        How log |I - lambda W| is computed: "eigen" (all eigenvalues), "lu" (sparse factorisation) or "auto" by the number of places.
    level
        Confidence level of the intervals.
    missing
        What a missing value means: "error", or "drop" to leave the place out.

    Returns
    -------
    ErrorModel
        Coefficients with lambda last (z tests), tests, likelihood, residuals (I - lambda W)(y - X b); `prediction_trend` is X b,
        `prediction_signal` lambda W (y - X b) and `fitted` their sum. `pseudo_r2` is the squared correlation of y and the trend.
        The statistic of "Moran residuals" is z, under randomisation.

    Raises
    ------
    StudyError
        When the formula cannot be read.
    DataError
        When columns, values or labels do not fit.
    ModelError
        When there are too few places, constant or collinear regressors, no links, or no maximum of the likelihood.

    Notes
    -----
    "Hausman" compares the coefficients with those of least squares: where they differ, the model is misspecified, for both are
    consistent if it is right. Its covariance of least squares is (X'X)^-1 X' A A' X (X'X)^-1 s with A = (I - lambda W)^-1;
    spatialreg 1.2 writes A A without the transpose, which differs for every W that is not symmetric. Search, counting of parameters, "hessian" and the tests of the spread as in `lag_model`; these are
    computed with the filtered regressors (I - lambda W) X.

    References
    ----------
    Ord, K. (1975). Estimation methods for models of spatial interaction. JASA 70, 120-126. doi:10.1080/01621459.1975.10480272.
    Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer. doi:10.1007/978-94-015-7799-1.
    Pace, R. K., LeSage, J. (2008). A spatial Hausman test. Economics Letters 101, 282-284. doi:10.1016/j.econlet.2008.09.003.
    """
    options = used(error_model, locals())
    found = design(places, graph, formula, missing, spatial=1)
    weights = found.given.weights
    determinant = prepared(weights, log_determinant)
    units = scaled(found)
    fit = _fitted(units, weights, determinant)
    parameter = fit.maximum.parameter
    estimate, covariance = rescaled(
        np.append(fit.filtered.coefficients, parameter), _covariance(fit, units, weights, determinant, vcov), units
    )
    tests = common_tests(fit.ordinary, fit.maximum, fit.filtered.residuals, fit.filtered_matrix, found, covariance[-1, -1])
    hausman = _hausman(fit, weights)
    notes = (
        () if hausman else ("The Hausman test was left out: the two covariance matrices do not differ by a positive definite one.",)
    )
    fields = shared_fields(
        found,
        units,
        fit.ordinary,
        fit.maximum,
        tests | hausman,
        determinant,
        name="lambda",
        estimate=estimate,
        covariance=covariance,
        level=level,
        residuals=fit.filtered.residuals,
        signal=parameter * (weights @ fit.deviations),
    )
    response, n = found.response_name, len(fit.deviations)
    return ErrorModel(
        operation="error_model",
        options=options | {"graph": found.given.graph},
        reading=(
            f"{reading.opening('Spatial error model', response, found.regressors, n)} {reading.of_parameter(fields['coefficients'], 'lambda', level, response)}",
            reading.of_criterion(fields["aic"], fields["aic_ols"], tests["Likelihood ratio"][2]),
            reading.of_coefficients(fields["coefficients"], level, response),
            *reading.of_few(n, fields["parameters"]),
        ),
        **fields | {"notes": fields["notes"] + notes},
    )


def _fitted(units: Scaled, weights: Any, determinant: LogDeterminant) -> _Fit:
    lagged_response, lagged_matrix = weights @ units.response, weights @ units.matrix

    def regression(parameter: float) -> LeastSquares:
        return least_squares(units.response - parameter * lagged_response, units.matrix - parameter * lagged_matrix)

    def profile(parameter: float) -> tuple[float, float]:
        fit = regression(parameter)
        return fit.squares, float(fit.residuals @ (lagged_response - lagged_matrix @ fit.coefficients))

    maximum = maximised(determinant, profile, len(units.response), "lambda")
    filtered = regression(maximum.parameter)
    return _Fit(
        ordinary=least_squares(units.response, units.matrix),
        filtered=filtered,
        filtered_matrix=units.matrix - maximum.parameter * lagged_matrix,
        maximum=maximum,
        deviations=units.response - units.matrix @ filtered.coefficients,
    )


def _covariance(fit: _Fit, units: Scaled, weights: Any, determinant: LogDeterminant, vcov: str) -> Matrix:
    """Covariance of (b, lambda), the variance of the errors being estimated too; in a basis in which the filtered X is orthonormal."""
    n, k = units.matrix.shape
    parameter, s = fit.maximum.parameter, fit.variance
    _, second, _ = derivatives(determinant, np.array([parameter]))
    information = np.zeros((k + 2, k + 2))
    information[:k, :k] = np.eye(k) / s
    if vcov == "asymptotic":
        sums = traces(weights, parameter, -float(second[0]))
        own, across = sums.gg + sums.gtg, sums.g / s
    else:
        lagged = weights @ fit.deviations
        shared = fit.filtered.root.T @ ((weights @ units.matrix).T @ fit.filtered.residuals) + fit.filtered.basis.T @ lagged
        information[:k, k] = information[k, :k] = shared / s
        own, across = -float(second[0]) + float(lagged @ lagged) / s, float(fit.filtered.residuals @ lagged) / s**2
    information[k, k] = own
    information[k, k + 1] = information[k + 1, k] = across
    information[k + 1, k + 1] = n / (2 * s**2)
    turn = np.eye(k + 1)
    turn[:k, :k] = fit.filtered.root
    return turn @ inverse_of(information, "error_model")[: k + 1, : k + 1] @ turn.T


def _hausman(fit: _Fit, weights: Any) -> dict[str, Test]:
    """Compare with least squares, whose covariance under the error model is (X'X)^-1 X'(B'B)^-1 X (X'X)^-1 with B = I - lambda W."""
    factors = factorised(weights.tocsc(), fit.maximum.parameter)
    spread = factors.solve(factors.solve(fit.ordinary.basis, trans="T"))
    ordinary = fit.ordinary.basis.T @ spread
    turn = np.linalg.solve(fit.ordinary.root, fit.filtered.root)
    difference = fit.variance * (ordinary - turn @ turn.T)
    gap = np.linalg.solve(fit.ordinary.root, fit.ordinary.coefficients - fit.filtered.coefficients)
    eigenvalues = np.linalg.eigvalsh(difference)
    if eigenvalues[0] <= 1e-10 * abs(eigenvalues[-1]):
        return {}
    return {"Hausman": chi_squared(float(gap @ np.linalg.solve(difference, gap)), len(gap))}
