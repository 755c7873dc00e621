"""From a table of regional indicators to defensible spatial statistics and maps."""

from importlib import import_module
from typing import Any

from spatial.operations import OPERATIONS

__version__ = "0.1.0"

_DOORS = {"read_places": "boundaries", "read_graph": "weights", "run": "running"}
_ROOMS = _DOORS | {row.name: row.room for row in OPERATIONS}

__all__ = sorted(_ROOMS)  # noqa: PLE0605  (the names come from the catalogue)


def __getattr__(name: str) -> Any:
    """Load a room when something of it is first asked for, so that nothing slow is loaded before it is needed."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'spatial' has no attribute {name!r}")
    return getattr(import_module(f"spatial.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
