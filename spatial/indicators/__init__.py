"""Tables -> columns of places, and what did not match."""

from spatial.indicators.recipes import KINDS, ColumnRecipe, Kind, PointsRecipe, TableRecipe

__all__ = ["KINDS", "ColumnRecipe", "Kind", "PointsRecipe", "TableRecipe"]
