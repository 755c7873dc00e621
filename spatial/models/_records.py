"""What the models hand back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatial.models._test_sentences import read_tests
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Regression(Result):
    """
    What every regression holds.

    AIC and BIC count as R does: the coefficients, the variance and the spatial parameter (spreg counts fewer).
    """

    coefficients: "pd.DataFrame" = shown("Coefficients")
    tests: "pd.DataFrame" = shown("Tests")
    test_reading: "pd.Series[str] | None" = shown("What the tests ask and say", required=False)  # filled from `tests`
    log_likelihood: float | None = shown("Log-likelihood", required=False)
    parameters: int = shown("Parameters, variance included")
    aic: float | None = shown("Akaike information criterion (AIC)", required=False)
    bic: float | None = shown("Bayesian information criterion (BIC)", required=False)
    sigma2: float = shown("Residual variance")
    sigma: float = shown("Residual standard error")
    residual_quantiles: "pd.Series[float]" = shown("Residuals: minimum, quartiles, maximum")
    fitted: "pd.Series[Any]" = shown("Fitted values")
    residuals: "pd.Series[Any]" = shown("Residuals", theme="diverging")
    vcov: "pd.DataFrame" = shown("Covariance matrix of the coefficients")
    estimator: str = shown("Estimator")
    residual_moran: float | None = shown("Moran's I of the residuals", required=False)
    predicted: "pd.Series[Any] | None" = shown("Prediction where the response is not known", theme="sequential", required=False)
    predicted_std_error: "pd.Series[Any] | None" = shown("Standard error of the prediction", required=False)

    def __post_init__(self) -> None:
        """Put a sentence beside every test, whichever estimator made it."""
        object.__setattr__(self, "test_reading", read_tests(self.tests))


@dataclass(frozen=True, kw_only=True, eq=False)
class Ols(Regression):
    """Result of `ols`; the variance is the sum of squared residuals / (n - k)."""

    r2: float = shown("R²")
    adjusted_r2: float = shown("Adjusted R²")
    f_statistic: float | None = shown("F statistic", required=False)
    f_p: float | None = shown("p of the F statistic", required=False)
    residual_moran_expected: float | None = shown("Expected Moran's I of the residuals", required=False)
    residual_moran_variance: float | None = shown("Variance of Moran's I of the residuals", required=False)
    condition_number: float = shown("Condition number")
    vif: "pd.Series[float] | None" = shown("Variance inflation factors", required=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class SlxModel(Ols):
    """Result of `slx_model`; the variance is the sum of squared residuals / (n - k)."""

    impacts: "pd.DataFrame" = shown("Direct, indirect and total impacts")
    place_impacts: "pd.DataFrame" = shown("Impacts on each place", theme="sequential", mapped=("total", "sent"))
    log_likelihood_ols: float = shown("Log-likelihood of the linear model")
    aic_ols: float = shown("AIC of the linear model")


@dataclass(frozen=True, kw_only=True, eq=False)
class SpatialRegression(Regression):
    """What models with a spatial parameter share; the variance is the sum of squared residuals / n."""

    pseudo_r2: float = shown("Pseudo R² (squared correlation)")
    log_likelihood_ols: float | None = shown("Log-likelihood of the linear model", required=False)
    aic_ols: float | None = shown("AIC of the linear model", required=False)
    admissible_low: float = shown("Lower limit of the spatial parameter")
    admissible_high: float = shown("Upper limit of the spatial parameter")
    prediction_trend: "pd.Series[Any]" = shown("Prediction: trend")
    prediction_signal: "pd.Series[Any]" = shown("Prediction: spatial signal")


@dataclass(frozen=True, kw_only=True, eq=False)
class LagRegression(SpatialRegression):
    """What models with a spatial lag of the response share."""

    impacts: "pd.DataFrame" = shown("Direct, indirect and total impacts")
    place_impacts: "pd.DataFrame" = shown("Impacts on each place", theme="sequential", mapped=("total", "direct"))


@dataclass(frozen=True, kw_only=True, eq=False)
class LagModel(LagRegression):
    """Result of `lag_model`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ErrorModel(SpatialRegression):
    """Result of `error_model`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DurbinModel(LagRegression):
    """Result of `durbin_model`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DurbinErrorModel(SpatialRegression):
    """Result of `durbin_error_model`."""

    impacts: "pd.DataFrame" = shown("Direct, indirect and total impacts")
    place_impacts: "pd.DataFrame" = shown("Impacts on each place", theme="sequential", mapped=("total", "sent"))


@dataclass(frozen=True, kw_only=True, eq=False)
class CombinedModel(LagRegression):
    """Result of `combined_model`."""
