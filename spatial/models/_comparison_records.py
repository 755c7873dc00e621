"""What a comparison of models hands back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison(Result):
    """
    Result of `compare_models`; models are called by their operation, or by the step that fitted them.

    `estimates` and `figures` are the numbers behind `table`, which is text.
    """

    chosen_by_tests: str | None = shown("Model at the end of the search", required=False)
    chosen_by_aic: str | None = shown("Model with the lowest AIC", required=False)
    chosen_by_bic: str | None = shown("Model with the lowest BIC", required=False)
    table: "pd.DataFrame" = shown("Models side by side")
    criteria: "pd.DataFrame" = shown("Information criteria")
    nested: "pd.DataFrame" = shown("Tests between models")
    search: "pd.DataFrame | None" = shown("Specification search", required=False)
    estimates: "pd.DataFrame" = shown("Estimates of all models")
    figures: "pd.DataFrame" = shown("Fit of all models")
