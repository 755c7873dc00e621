"""Geometry file, pack, address or database -> places; and what is wrong with a file of boundaries."""

from spatial.boundaries._check import BoundaryCheck, Finding, check_boundaries
from spatial.boundaries._equal_area import fitted_crs
from spatial.boundaries._keep import get_boundaries
from spatial.boundaries._outline import read_outline
from spatial.boundaries._packs import Pack, pack, packs
from spatial.boundaries._read import read_places

__all__ = [
    "BoundaryCheck",
    "Finding",
    "Pack",
    "check_boundaries",
    "fitted_crs",
    "get_boundaries",
    "pack",
    "packs",
    "read_outline",
    "read_places",
]
