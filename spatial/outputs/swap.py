"""Files appear whole or not at all: everything is written beside the output folder and then moved into it."""

import errno
import json
import os
import shutil
import signal
import tempfile
import threading
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
    staging, number = _opened(folder)
    try:
        yield staging
        _moved(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        _let_go(number)


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


def _opened(folder: Path) -> tuple[Path, int | None]:
    """Make the temporary folder, and hold it so that other runs know that somebody is at work there."""
    parent = folder.absolute().parent
    made = [each for each in (parent, *parent.parents) if not each.exists()]
    staging, number = None, None
    try:
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(20, "it is a file", str(folder))
        parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(parent, _prefix(folder))
        staging, number = _taken(folder, parent)
        probe = (folder if folder.exists() else staging) / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        _let_go(number)
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
    return staging, number


def _taken(folder: Path, parent: Path) -> tuple[Path, int | None]:
    """Make a folder of our own; another run that clears up may have taken it for abandoned before we held it."""
    while True:
        staging = Path(tempfile.mkdtemp(prefix=_prefix(folder), dir=parent))
        number = _held(staging)
        if staging.exists():
            return staging, number
        _let_go(number)


def _prefix(folder: Path) -> str:
    return f".{folder.name[:100]}.partial-"  # the name of a file ends at 255 bytes


def _held(folder: Path, *, wait: bool = True) -> int | None:
    """Lock a folder until the number that is returned is closed, or the process ends in whatever way; None where there are no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(number)
        raise
    except OSError:  # a file system without locks
        os.close(number)
        return None
    return number


def _let_go(number: int | None) -> None:
    if number is not None:
        os.close(number)


def _clear_abandoned(parent: Path, prefix: str) -> None:
    """Remove what runs left that were killed: nobody holds it any more."""
    for leftover in parent.iterdir():
        if not leftover.name.startswith(prefix) or leftover.is_symlink() or not leftover.is_dir():
            continue
        with suppress(OSError):
            number = _held(leftover, wait=False)
            if number is not None:
                shutil.rmtree(leftover, ignore_errors=True)
                os.close(number)


@contextmanager
def _undisturbed(folder: Path) -> Iterator[None]:
    """Let nobody else move files into the folder, and put off Ctrl-C: it takes a moment, and half of it is worse than either."""
    late: list[int] = []
    main = threading.current_thread() is threading.main_thread()  # the only one that may ask for signals
    before = signal.signal(signal.SIGINT, lambda number, _: late.append(number)) if main else None
    number = _held(folder)
    try:
        yield
    finally:
        _let_go(number)
        if main:
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)
        if late:
            signal.raise_signal(signal.SIGINT)


def _moved(staging: Path, folder: Path) -> None:
    names = files(staging)
    name = ""
    try:
        folder.mkdir(exist_ok=True)
        with _undisturbed(folder):
            before = _recorded(folder)
            for name in sorted(names, key=lambda each: each == RECORD):  # the record last: it vouches for the rest
                target = _inside(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                _put(staging / name, target)
            for old in sorted(set(before) - set(names)):
                with suppress(OSError, OutputError):
                    _inside(folder, old).unlink()
    except OSError as error:
        raise OutputError(
            complaint(
                str(folder / name),
                f"the file cannot be replaced ({error.strerror})",
                "",
                "Close the program that has it open and run again",
            )
        ) from None


def _put(source: Path, target: Path) -> None:
    """Move a file; where the folder is a disk of its own, as in a container, copy it beside its place first."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name[:100]}.partial-{os.getpid()}")
        try:
            shutil.copyfile(source, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)


def _inside(folder: Path, name: str) -> Path:
    """Give the path of a file that really is inside the folder: a link may lead out of it, to files of somebody else."""
    target = folder / name
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise OutputError(
            complaint(
                str(target.parent),
                f"it is a link to {str(target.parent.resolve())!r}",
                "Expected a folder inside the output folder",
                "Remove the link, or choose another folder with --out",
            )
        )
    return target


def _recorded(folder: Path) -> list[str]:
    """Read which files an earlier run says it wrote; nothing outside the folder is ever believed."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    names = told.get("outputs", []) if isinstance(told, dict) else []
    texts = [name for name in names if isinstance(name, str) and "\0" not in name] if isinstance(names, list) else []
    inside = [name for name in texts if ".." not in Path(name).parts and not Path(name).is_absolute()]
    return [*inside, RECORD]
