"""What a regression with absorbed factors hands back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatial.models._test_sentences import read_tests
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedEffects(Result):
    """
    Result of `fixed_effects`; `observations` are the records left after listwise deletion and without singletons.

    `clusters` is the number that the degrees of freedom go by: of two columns the smaller.
    `parameters` counts the coefficients and the levels of the absorbed factors that are free; `residual_df` is the number of
    observations less that, `df` what p values and intervals go by.
    """

    coefficients: "pd.DataFrame" = shown("Coefficients")
    tests: "pd.DataFrame | None" = shown("Tests of the mean residuals of places", required=False)
    test_reading: "pd.Series[str] | None" = shown("What the tests ask and say", required=False)  # filled from `tests`
    standard_errors: str = shown("Standard errors")
    df: int = shown("Degrees of freedom of t")
    records: int = shown("Records in the table")
    deleted: int = shown("Records deleted because a value is missing")
    singletons: int = shown("Records dropped because a factor has only them (singletons)")
    deletions: "pd.DataFrame | None" = shown("Missing values by column", required=False)
    clusters: int | None = shown("Clusters", required=False)
    cluster_sizes: "pd.DataFrame | None" = shown("Records in each cluster", required=False)
    absorbed: "pd.DataFrame | None" = shown("Absorbed factors", required=False)
    r2: float = shown("R²")
    r2_within: float | None = shown("Within R²", required=False)
    adjusted_r2: float = shown("Adjusted R²")
    f_statistic: float | None = shown("F statistic", required=False)
    f_df: str | None = shown("Degrees of freedom of the F statistic", required=False)
    f_p: float | None = shown("p of the F statistic", required=False)
    parameters: int = shown("Parameters, free levels of absorbed factors included")
    residual_df: int = shown("Residual degrees of freedom")
    sigma: float = shown("Root mean squared error")
    residual_quantiles: "pd.Series[float]" = shown("Residuals: minimum, quartiles, maximum")
    vcov: "pd.DataFrame" = shown("Covariance matrix of the coefficients")
    residual_moran: float | None = shown("Moran's I of the mean residuals", required=False)
    residual_moran_p_permutation: float | None = shown("Permutation p of that Moran's I", required=False)
    residuals: "pd.Series[Any] | None" = shown("Mean residual", theme="diverging", required=False)
    place_records: "pd.Series[Any] | None" = shown("Records", required=False)

    def __post_init__(self) -> None:
        """Put a sentence beside every test."""
        object.__setattr__(self, "test_reading", read_tests(self.tests))
