"""Where the data that travels with the program is: boundary packs and embedded studies."""

from pathlib import Path


def shipped(kind: str) -> Path:
    """
    Find a folder of data that belongs to the program.

    Parameters
    ----------
    kind
        ``"boundaries"`` or ``"maps"``.

    Returns
    -------
    pathlib.Path
        The folder inside the installed package, or beside it in a checkout or an editable install.

    Examples
    --------
    >>> shipped("maps").name
    'maps'
    """
    package = Path(__file__).resolve().parent
    installed = package / "_data" / kind
    return installed if installed.is_dir() else package.parent / kind
