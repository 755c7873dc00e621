"""Text tables: which encoding, which separator, which cells."""

import codecs
import csv
import io
from pathlib import Path

from spatial.errors import DataError, complaint

SEPARATORS = (",", ";", "\t", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 60


def read_text_file(path: Path, encoding: str | None) -> tuple[list[tuple[int, list[str]]], tuple[str, ...]]:
    """
    Take a text table apart.

    Parameters
    ----------
    path
        The file.
    encoding
        Its encoding; found out where it is None.

    Returns
    -------
    tuple
        Rows with their numbers, and the findings.

    Raises
    ------
    DataError
        When the bytes cannot be decoded or a quotation mark is left open.
    """
    text, findings = _decoded(path, encoding)
    separator = _separator(text, path)
    try:
        rows = list(enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1))
    except csv.Error as error:
        expected = f"Expected quotation marks in pairs, and cells of at most {csv.field_size_limit():,} letters"
        raise DataError(complaint(path.name, f"it cannot be taken apart: {error}", expected, "Correct the file")) from None
    return rows, findings


def _decoded(path: Path, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    data = path.read_bytes()
    guess = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), None) or _unmarked(data)
    remedy = 'Save the file as UTF-8, or state its encoding as encoding = "..."'
    try:
        text = data.decode(guess)
    except LookupError:
        raise DataError(
            complaint(path.name, f"the encoding {guess!r} is not known", "Expected a name such as 'utf-8' or 'cp1251'")
        ) from None
    except UnicodeError as error:
        at = f"byte {error.start} is no {guess}" if isinstance(error, UnicodeDecodeError) else f"it is no {guess}"
        raise DataError(complaint(path.name, at, "Expected text in one encoding", remedy)) from None
    if guess == "cp1251" and encoding is None:
        return text, (
            f"{path.name} is not UTF-8 and was read as Windows Cyrillic (cp1251). If letters look wrong, state its encoding.",
        )
    return text, ()


def _unmarked(data: bytes) -> str:
    """Tell UTF-16 without a mark by its zero bytes, UTF-8 by being valid; what remains is taken for Windows Cyrillic."""
    head = data[:2000]
    if head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1251"
    return "utf-8"


def _separator(text: str, path: Path) -> str:
    """Take the separator that cuts most rows into as many cells as the header, and the header into most."""
    best, score = ("\t" if path.suffix.casefold() == ".tsv" else ","), (0.0, 0)
    for separator in SEPARATORS:
        counts = []
        try:
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
                if any(cell.strip() for cell in row):
                    counts.append(len(row))
                if len(counts) == _SAMPLE:
                    break
        except csv.Error:
            continue
        if not counts or counts[0] == 1:
            continue
        found = (round(sum(each == counts[0] for each in counts) / len(counts), 1), counts[0])
        if found > score:
            best, score = separator, found
    return best
