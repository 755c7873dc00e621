"""places, Graph -> Result: linear regression and its tests, spatial lag and spatial error models."""

from spatial.models._formula import columns_of_formula
from spatial.models._records import ErrorModel, LagModel, Ols
from spatial.models.error import error_model
from spatial.models.lag import lag_model
from spatial.models.ols import ols

__all__ = ["ErrorModel", "LagModel", "Ols", "columns_of_formula", "error_model", "lag_model", "ols"]
