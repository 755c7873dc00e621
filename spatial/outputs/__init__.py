"""Results -> GeoPackage, GeoTIFF, web map, report, tables, pictures, run record."""

from importlib import import_module
from typing import Any

_WRITERS = {
    "write_geopackage": "geopackage",
    "write_project": "qgis_project",
    "write_surface": "rasters",
    "write_map": "web_map",
    "write_report": "report",
    "write_tables": "tables",
    "write_figures": "figures",
    "write_record": "record",
}

__all__ = sorted(_WRITERS)  # noqa: PLE0605  (the names come from the list above)


def __getattr__(name: str) -> Any:
    """Load a writer when it is first asked for: each brings slow libraries of its own."""
    if name not in _WRITERS:
        raise AttributeError(f"module 'spatial.outputs' has no attribute {name!r}")
    return getattr(import_module(f"spatial.outputs.{_WRITERS[name]}"), name)
