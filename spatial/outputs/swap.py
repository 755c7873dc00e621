"""Files appear whole or not at all: everything is written beside the output folder and then moved into it."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spatial.errors import OutputError, complaint

RECORD = "run.json"


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """
    Give a temporary folder, and move what was written there into ``folder`` if nothing went wrong.

    Parameters
    ----------
    folder
        Where the files are to appear. Files that an earlier run left there and this one did not write are removed; files
        of the user's own stay.

    Yields
    ------
    pathlib.Path
        The temporary folder, on the same file system.

    Raises
    ------
    OutputError
        When nothing can be written there.
    """
    staging = _opened(folder)
    try:
        yield staging
        _moved(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def files(folder: Path) -> list[str]:
    """
    List the files below a folder.

    Parameters
    ----------
    folder
        Any folder.

    Returns
    -------
    list of str
        Relative paths with ``/``, sorted.
    """
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _opened(folder: Path) -> Path:
    parent = folder.absolute().parent
    staging = parent / f".{folder.name}.partial-{os.getpid()}"
    made = [each for each in (parent, *parent.parents) if not each.exists()]
    try:
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(20, "it is a file", str(folder))
        parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(parent, folder.name)
        staging.mkdir()
        probe = folder / f".probe-{os.getpid()}" if folder.exists() else staging / "probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        for each in made:
            with suppress(OSError):
                each.rmdir()
        raise OutputError(
            complaint(
                str(folder),
                f"nothing can be written there ({error.strerror})",
                "Expected a folder that can be written to",
                "Choose another with --out",
            )
        ) from None
    return staging


def _clear_abandoned(parent: Path, name: str) -> None:
    """Remove what runs left that were killed."""
    for leftover in parent.glob(f".{name}.partial-*"):
        number = leftover.name.rpartition("-")[2]
        if number.isdigit() and not _alive(int(number)):
            shutil.rmtree(leftover, ignore_errors=True)


def _alive(process: int) -> bool:
    if os.name == "nt":  # there, asking would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _moved(staging: Path, folder: Path) -> None:
    before = _recorded(folder)
    names = files(staging)
    try:
        for name in sorted(names, key=lambda each: each == RECORD):  # the record last: it vouches for the rest
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(target)
    except OSError as error:
        raise OutputError(
            complaint(
                str(folder / name),
                f"the file cannot be replaced ({error.strerror})",
                "",
                "Close the program that has it open and run again",
            )
        ) from None
    for name in set(before) - set(names):
        with suppress(OSError):
            (folder / name).unlink()


def _recorded(folder: Path) -> list[str]:
    """Read which files an earlier run says it wrote; nothing outside the folder is ever believed."""
    try:
        names = json.loads((folder / RECORD).read_text(encoding="utf-8")).get("outputs", [])
    except (OSError, ValueError, AttributeError):
        return []
    inside = [name for name in names if isinstance(name, str) and ".." not in Path(name).parts and not Path(name).is_absolute()]
    return [*inside, RECORD]
