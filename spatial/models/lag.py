"""Spatial lag model: the response of a place depends on that of its neighbours."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models import _impacts, _log_determinant
from spatial.models import _reading as reading
from spatial.models._design import Design, design
from spatial.models._least_squares import LeastSquares, least_squares
from spatial.models._likelihood import Maximum, Traces, inverse_of, maximised, traces
from spatial.models._log_determinant import LogDeterminant, derivatives, factorised, prepared
from spatial.models._records import LagModel
from spatial.models._spatial_fields import FEWER_TRACES, Scaled, common_tests, rescaled, scaled, shared_fields
from spatial.models._tables import Test, chi_squared
from spatial.models._tests import trace
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
    maximum: Maximum
    coefficients: NDArray[np.float64]
    residuals: NDArray[np.float64]
    lagged: NDArray[np.float64]  # W y

    @property
    def variance(self) -> float:
        return self.maximum.squares / len(self.residuals)


def lag_model(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    formula: Formula,
    vcov: Literal["asymptotic", "hessian"] = "asymptotic",
    log_determinant: _log_determinant.Method = "auto",
    impacts: _impacts.Method = "simulation",
    draws: Annotated[int, Between(100, 100_000)] = 1000,
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0,
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> LagModel:
    """
    Fit a spatial lag model, y = rho W y + X b + e, by maximum likelihood.

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
        How log |I - rho W| is computed: "eigen" (all eigenvalues), "lu" (sparse factorisation) or "auto" by the number of places.
    impacts
        How errors of the impacts are found: "simulation" from draws of the coefficients, or "delta" from derivatives.
    draws
        How many draws the simulation takes.
    seed
        Start of the random numbers of the simulation.
    level
        Confidence level of the intervals.
    missing
        What a missing value means: "error", or "drop" to leave the place out.

    Returns
    -------
    LagModel
        Coefficients with rho last (z tests), impacts, tests, likelihood, residuals y - rho W y - X b; `prediction_trend` is
        X b, `prediction_signal` rho W y and `fitted` their sum, whose squared correlation with y is `pseudo_r2`. The statistic of
        "Moran residuals" is z, under randomisation.

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
    The likelihood is maximised over the whole interval in which I - rho W has a positive determinant, 1 / range of the
    eigenvalues of W, to about 12 digits. AIC and BIC count the coefficients, rho and the variance, as R does. "hessian" gives the
    observed information by formula; spatialreg and the literature approximate it by differences and call it numerical Hessian.
    "Breusch-Pagan spatial" assumes normal errors, "Koenker-Bassett spatial" does not.

    References
    ----------
    Ord, K. (1975). Estimation methods for models of spatial interaction. JASA 70, 120-126. doi:10.1080/01621459.1975.10480272.
    Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer. doi:10.1007/978-94-015-7799-1.
    LeSage, J., Pace, R. K. (2009). Introduction to Spatial Econometrics. CRC Press. doi:10.1201/9781420064254.
    """
    options = used(lag_model, locals())
    found = design(places, graph, formula, missing, spatial=1)
    weights = found.given.weights
    determinant = prepared(weights, log_determinant)
    units = scaled(found)
    fit = _fitted(found, units, weights, determinant)
    covariance, sums = _covariance(fit, units, weights, determinant, vcov)
    rho = fit.maximum.parameter
    estimate, covariance = rescaled(np.append(fit.coefficients, rho), covariance, units)
    start = 1 if found.intercept else 0
    table, more = _impacts.impacts_table(
        found.regressors,
        estimate[start:],
        covariance[start:, start:],
        weights,
        determinant,
        method=impacts,
        draws=draws,
        seed=seed,
        level=level,
    )
    tests = common_tests(fit.ordinary, fit.maximum, fit.residuals, units.matrix, found, covariance[-1, -1])
    tests |= _autocorrelation(fit, weights, sums, float(covariance[-1, -1]))
    fields = shared_fields(
        found,
        units,
        fit.ordinary,
        fit.maximum,
        tests,
        determinant,
        name="rho",
        estimate=estimate,
        covariance=covariance,
        level=level,
        residuals=fit.residuals,
        signal=rho * fit.lagged,
    )
    response = found.response_name
    return LagModel(
        operation="lag_model",
        options=options | {"graph": found.given.graph},
        reading=(
            f"{reading.opening('Spatial lag model', response, found.regressors, len(fit.residuals))} {reading.of_parameter(fields['coefficients'], 'rho', level, response)}",
            reading.of_criterion(fields["aic"], fields["aic_ols"], tests["Likelihood ratio"][2]),
            reading.of_impacts(table, level, response),
            *reading.of_few(len(fit.residuals), fields["parameters"]),
        ),
        impacts=table,
        **fields | {"notes": fields["notes"] + more},
    )


def _fitted(found: Design, units: Scaled, weights: Any, determinant: LogDeterminant) -> _Fit:
    """Regress y and W y on X once; for every rho the residuals are the difference of both residuals."""
    ordinary = least_squares(units.response, units.matrix)
    lagged = weights @ units.response
    spatial = least_squares(lagged, units.matrix)
    if spatial.squares <= 1e-18 * float(lagged @ lagged):
        raise ModelError(
            complaint(
                f"column {found.response_name!r}",
                "its spatial lag is a combination of the regressors",
                "Expected a lag that varies on its own",
                "Use another graph or fewer regressors",
            )
        )

    def profile(rho: float) -> tuple[float, float]:
        residuals = ordinary.residuals - rho * spatial.residuals
        return float(residuals @ residuals), float(residuals @ spatial.residuals)

    maximum = maximised(determinant, profile, len(lagged), "rho")
    rho = maximum.parameter
    return _Fit(
        ordinary, maximum, ordinary.coefficients - rho * spatial.coefficients, ordinary.residuals - rho * spatial.residuals, lagged
    )


def _covariance(fit: _Fit, units: Scaled, weights: Any, determinant: LogDeterminant, vcov: str) -> tuple[Matrix, Traces | None]:
    """Covariance of (b, rho), the variance of the errors being estimated too; in a basis in which X is orthonormal."""
    n, k = units.matrix.shape
    rho, s = fit.maximum.parameter, fit.variance
    _, second, _ = derivatives(determinant, np.array([rho]))
    sums = traces(weights, rho, -float(second[0])) if vcov == "asymptotic" or n <= FEWER_TRACES else None
    if vcov == "asymptotic":
        assert sums is not None
        spread = weights @ factorised(weights.tocsc(), rho).solve(units.matrix @ fit.coefficients)
        own, across = sums.gg + sums.gtg + float(spread @ spread) / s, sums.g / s
    else:
        spread = fit.lagged
        own, across = -float(second[0]) + float(spread @ spread) / s, float(fit.residuals @ spread) / s**2
    information = np.zeros((k + 2, k + 2))
    information[:k, :k] = np.eye(k) / s
    information[:k, k] = information[k, :k] = fit.ordinary.basis.T @ spread / s
    information[k, k] = own
    information[k, k + 1] = information[k + 1, k] = across
    information[k + 1, k + 1] = n / (2 * s**2)
    turn = np.eye(k + 1)
    turn[:k, :k] = fit.ordinary.root
    return turn @ inverse_of(information, "lag_model")[: k + 1, : k + 1] @ turn.T, sums


def _autocorrelation(fit: _Fit, weights: Any, sums: Traces | None, variance_rho: float) -> dict[str, Test]:
    """Test the residuals for what is left of spatial dependence (Anselin 1988, p. 106)."""
    if sums is None:
        return {}
    score = float(fit.residuals @ (weights @ fit.residuals)) / fit.variance
    spread = trace(weights) - sums.wg**2 * variance_rho
    return {"LM residual autocorrelation": chi_squared(score**2 / spread, 1) if spread > 0 else (float("nan"), 1.0, float("nan"))}
