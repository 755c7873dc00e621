"""study.toml -> Study: the recipe, all complaints at once, no data."""

from spatial.indicators import ColumnRecipe, PointsRecipe, RecordsRecipe, TableRecipe
from spatial.study.beginning import new_study
from spatial.study.reading import embedded, read_study
from spatial.study.recipes import Comparison, GraphRecipe, OutputsRecipe, PlacesRecipe, StepRecipe, Study

__all__ = [
    "ColumnRecipe",
    "Comparison",
    "GraphRecipe",
    "OutputsRecipe",
    "PlacesRecipe",
    "PointsRecipe",
    "RecordsRecipe",
    "StepRecipe",
    "Study",
    "TableRecipe",
    "embedded",
    "new_study",
    "read_study",
]
