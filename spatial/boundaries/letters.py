"""Which letters the bytes of a file mean, where the file does not say so itself."""

import re
from pathlib import Path

#: What a dBase file says of its letters when nobody has thought of them: nothing, or "the Windows of this machine".
_UNSAID = (0x00, 0x03, 0x57)
_WORD = re.compile(rb"[A-Za-z\xa8\xb8\xc0-\xff]{2,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_RUN = re.compile(rb"[\x80-\xff]+")
_ENOUGH = 2_000_000


def shapefile_letters(path: Path, layer: str | None = None) -> str | None:
    """
    Find the encoding of a Shapefile that does not state one; GDAL would take its letters for West European ones.

    Parameters
    ----------
    path
        A ``.shp``, a ``.dbf``, or a ``.zip`` with them; any other file states its encoding.
    layer
        Which Shapefile of a zip is meant.

    Returns
    -------
    str or None
        ``"UTF-8"`` or ``"CP1251"`` (Windows Cyrillic); None where the file states its encoding, or there is nothing to tell.
    """
    table, stated = _zipped(path, layer) if path.suffix.casefold() == ".zip" else _beside(path)
    if stated or len(table) < 34 or table[29] not in _UNSAID:
        return None
    start = int.from_bytes(table[8:10], "little")
    titles = [table[at : at + 11].partition(b"\x00")[0] for at in range(32, start - 1, 32)]
    data = b" ".join([*titles, table[start:]])
    return {"utf-8": "UTF-8", "cp1251": "CP1251"}.get(letters(data) or "")


def letters(data: bytes) -> str | None:
    """
    Tell UTF-8 from Windows Cyrillic.

    Parameters
    ----------
    data
        Text as bytes, perhaps cut off anywhere.

    Returns
    -------
    str or None
        ``"utf-8"``, ``"cp1251"``, or None where all bytes are ASCII or neither is likely: in cp1251 the words are written in
        high bytes throughout, in West European encodings only letters here and there.

    Examples
    --------
    >>> letters("Абай облысы".encode()), letters("Абай".encode("cp1251")), letters("Køln".encode("latin-1")), letters(b"Oslo")
    ('utf-8', 'cp1251', None, None)
    """
    runs = _RUN.findall(data)
    if not runs:
        return None
    if sum(_is_utf8(run) for run in runs) >= 0.9 * len(runs):
        return "utf-8"
    words = [word for word in _WORD.findall(data) if _HIGH.search(word)]
    cyrillic = [word for word in words if len(_HIGH.findall(word)) > 0.7 * len(word)]
    return "cp1251" if words and len(cyrillic) > 0.7 * len(words) else None


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _beside(path: Path) -> tuple[bytes, bool]:
    if path.suffix.casefold() not in (".shp", ".dbf"):
        return b"", False
    same = [each for each in path.parent.iterdir() if each.stem.casefold() == path.stem.casefold()]
    endings = {each.suffix.casefold(): each for each in same}
    if ".dbf" not in endings:
        return b"", False
    with endings[".dbf"].open("rb") as file:
        return file.read(_ENOUGH), ".cpg" in endings


def _zipped(path: Path, layer: str | None) -> tuple[bytes, bool]:
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as packed:
            names = packed.namelist()
            tables = [name for name in names if name.casefold().endswith(".dbf") and (layer is None or Path(name).stem == layer)]
            if len(tables) != 1:
                return b"", False
            stated = any(name.casefold() == f"{tables[0][:-4]}.cpg".casefold() for name in names)
            with packed.open(tables[0]) as file:
                return file.read(_ENOUGH), stated
    except (BadZipFile, OSError, RuntimeError, NotImplementedError):  # GDAL says what is wrong with it
        return b"", False
