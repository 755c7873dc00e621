"""Tables -> columns of places, and what did not match."""

from spatial.indicators._keys import keys_of
from spatial.indicators._numbers import as_numbers
from spatial.indicators.guessing import Guessed, guessed, matched_rows
from spatial.indicators.held import held
from spatial.indicators.joining import Examined, Joined, JoinedColumn, alike, examine, join, joined_as
from spatial.indicators.points import read_points
from spatial.indicators.recipes import KINDS, ColumnRecipe, Kind, PointsRecipe, RecordsRecipe, TableRecipe
from spatial.indicators.records import Records, read_records
from spatial.indicators.tables import read_table, sheets

__all__ = [
    "KINDS",
    "ColumnRecipe",
    "Examined",
    "Guessed",
    "Joined",
    "JoinedColumn",
    "Kind",
    "PointsRecipe",
    "Records",
    "RecordsRecipe",
    "TableRecipe",
    "alike",
    "as_numbers",
    "examine",
    "guessed",
    "held",
    "join",
    "joined_as",
    "keys_of",
    "matched_rows",
    "read_points",
    "read_records",
    "read_table",
    "sheets",
]
