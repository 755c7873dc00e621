"""The one table: what holds for it, how it is checked, and how it meets a graph."""

from spatial.places._alignment import EQUAL, HUGE, Aligned, Missing, aligned, texts
from spatial.places._checks import LOCAL, checked, columns_checked, graph_checked, is_local, numbers

__all__ = [
    "EQUAL",
    "HUGE",
    "LOCAL",
    "Aligned",
    "Missing",
    "aligned",
    "checked",
    "columns_checked",
    "graph_checked",
    "is_local",
    "numbers",
    "texts",
]
