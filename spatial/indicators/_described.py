"""A table together with what the study says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.indicators.recipes import ColumnRecipe, TableRecipe
from spatial.indicators.tables import Cells


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table, ready to be joined: a value for each row."""

    recipe: ColumnRecipe
    array: Any  # of floats, or a list of texts and None
    digits: "np.ndarray[Any, np.dtype[np.int64]] | None" = None


@dataclass(frozen=True, eq=False)
class Described:
    """What reading a column needs to know of its table."""

    cells: Cells
    recipe: TableRecipe
    rows: Sequence[str]  # what to call each row
    parts: Sequence[bool]  # whether each row takes part in the join; what others hold is no complaint
    commas: bool  # other columns certainly have decimal commas

    @property
    def where(self) -> str:
        return self.recipe.table.name


def cells_of(about: Described, title: str) -> list[Any]:
    """Give the cells of one column."""
    return list(about.cells.frame[title])


def title_of(about: Described, name: str) -> str:
    """Find a column by its title in the table, or by the name the recipe gives it."""
    known = about.recipe.columns
    return known[name].source if name in known and name not in about.cells.frame.columns else name
