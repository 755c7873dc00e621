"""places, Graph -> Result: linear regression and its tests, and the models of the spatial lag and error family."""

from spatial.models._comparison_records import Comparison
from spatial.models._fixed_effects_records import FixedEffects
from spatial.models._formula import columns_of_formula
from spatial.models._records import (
    CombinedModel,
    DurbinErrorModel,
    DurbinModel,
    ErrorModel,
    LagModel,
    Ols,
    SlxModel,
)
from spatial.models.combined import combined_model
from spatial.models.compare import compare_models
from spatial.models.durbin import durbin_model
from spatial.models.durbin_error import durbin_error_model
from spatial.models.error import error_model
from spatial.models.fixed_effects import fixed_effects
from spatial.models.lag import lag_model
from spatial.models.ols import ols
from spatial.models.slx import slx_model

__all__ = [
    "CombinedModel",
    "Comparison",
    "DurbinErrorModel",
    "DurbinModel",
    "ErrorModel",
    "FixedEffects",
    "LagModel",
    "Ols",
    "SlxModel",
    "columns_of_formula",
    "combined_model",
    "compare_models",
    "durbin_error_model",
    "durbin_model",
    "error_model",
    "fixed_effects",
    "lag_model",
    "ols",
    "slx_model",
]
