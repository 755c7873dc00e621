"""How large an archive may become: a few kilobytes can unpack to what fills a disk."""

import zipfile
from pathlib import Path

from spatial.errors import DataError, complaint

#: The files of an archive may be this large together, and beyond the second figure this many times as large as it.
_LARGEST, _SMALL, _RATIO = 4 << 30, 64 << 20, 200


def size_checked(archive: zipfile.ZipFile, path: Path, where: str = "") -> None:
    """
    Refuse an archive that would unpack to far more than an honest one.

    Parameters
    ----------
    archive
        Opened; nothing is unpacked.
    path
        Its file.
    where
        What to call it in a complaint; empty for its name.

    Raises
    ------
    DataError
        When it would unpack to more than 4 GB, or to more than 64 MB and 200 times its own size.
    """
    size, packed = sum(each.file_size for each in archive.infolist()), path.stat().st_size
    if size > _LARGEST or (size > _SMALL and size > _RATIO * packed):
        what = f"it would unpack from {packed / 1e6:.3g} to {size / 1e6:,.0f} megabytes"
        raise DataError(complaint(where or path.name, what, "Expected an archive that someone has packed to be read"))
