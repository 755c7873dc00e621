"""run.json: every input's hash, every option, every number."""

import json
from pathlib import Path

from spatial.errors import OutputError, complaint
from spatial.outputs.atlas import Atlas
from spatial.results import plain


def write_record(atlas: Atlas, path: str | Path) -> Path:
    """
    Write the record of a run as JSON.

    Parameters
    ----------
    atlas
        The finished study; its ``record`` is written.
    path
        The file.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    OutputError
        When it cannot be written.

    Notes
    -----
    Keys keep the order in which the record was put together: the terms of a model stay in the order of its formula. NaN
    becomes null, infinity the text ``"Inf"``; a number is written with as many digits as give it back exactly.
    """
    text = json.dumps(plain(atlas.record), ensure_ascii=False, indent=1, allow_nan=False)
    # A lone surrogate is no text in any encoding; a file name on Linux can bring one.
    return written(path, (text + "\n").encode("utf-8", errors="backslashreplace"))


def written(path: str | Path, content: bytes) -> Path:
    """
    Write one file.

    Parameters
    ----------
    path
        Where; its folder is made if need be.
    content
        All of it.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OutputError
        When the system refuses.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise OutputError(
            complaint(str(path), f"the file cannot be written ({error.strerror})", "", "Choose another folder, or make room")
        ) from None
    return path
