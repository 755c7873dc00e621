"""Files that programs for spatial weights write: GAL, GWT and SWM."""

import re
from dataclasses import replace
from pathlib import Path
from struct import error, unpack

from spatial.errors import DataError, complaint, counted, listed
from spatial.weights.tables import Cells, Edge, Names, Said, number, numbered

#: What stands between blanks; something in quotation marks may hold blanks.
_WORD = re.compile(r'"[^"]*"(?!\S)|\S+')
_BLANKS = "A label with blanks must be that of a place, stand in quotation marks, or have _ in their stead"


def gal(path: Path, names: Names) -> Said:
    """
    Read a GAL file: each place on a line with the number of its neighbours, the neighbours on the next.

    Parameters
    ----------
    path
        The file.
    names
        Of places: spdep writes those with blanks as they are.

    Returns
    -------
    Said
        Links of weight 1, and all labels that have lines of their own.

    Raises
    ------
    DataError
        When the file is not understood.
    """
    lines = [line for line in _lines(path) if line]
    announced = _announced(path, lines[0] if lines else "")
    labels: list[str] = []
    edges: list[Edge] = []
    at = 1
    while at < len(lines):
        label, _, announces = lines[at].replace("\t", " ").rpartition(" ")
        if not label or not announces.isdigit():
            raise DataError(
                complaint(
                    path.name, f"line {lines[at]!r} cannot be understood", "Expected a label and the number of its neighbours"
                )
            )
        label, count, at = _unquoted(label.strip(), names), int(announces), at + 1
        words: list[str] = []
        while len(words) < count and at < len(lines):
            words += _WORD.findall(lines[at])
            at += 1
        neighbours = _told_apart(words, count, names)
        if neighbours is None:
            raise DataError(
                complaint(
                    path.name,
                    f"{label!r} announces {counted(count, 'neighbour')} and {counted(len(words), 'follows', 'follow')}",
                    "Expected as many as announced",
                    _BLANKS,
                )
            )
        labels.append(label)
        edges += [(label, neighbour, 1.0) for neighbour in neighbours]
    if announced != len(labels):
        raise DataError(
            complaint(
                path.name,
                f"its first line announces {counted(announced, 'place')} and {counted(len(labels), 'follows', 'follow')}",
                "Expected as many as announced",
                "The file may be cut short",
            )
        )
    return Said(edges, labels)


def gwt(path: Path, names: Names) -> Said:
    """
    Read a GWT file: one link on each line, a place, its neighbour and the weight, below the same header as GAL.

    Parameters
    ----------
    path
        The file.
    names
        Of places: spdep writes those with blanks as they are.

    Returns
    -------
    Said
        The links, and how many places the header announces.

    Raises
    ------
    DataError
        When the file is not understood.
    """
    lines = [line for line in _lines(path) if line]
    header = _WORD.findall(lines[0]) if lines else []
    announced = _announced(path, "" if len(header) == 3 and number(header[2]) == number(header[2]) else " ".join(header))
    broken: list[str] = []
    pairs: list[tuple[str, str]] = []
    weights: list[str] = []
    for line in lines[1:]:
        *words, weight = _WORD.findall(line)
        ends = _told_apart(words, 2, names)
        if ends is None:
            broken.append(line)
        else:
            pairs.append((ends[0], ends[1]))
            weights.append(weight)
    if broken:
        raise DataError(
            complaint(
                path.name,
                f"{counted(len(broken), 'line')} cannot be understood: {listed(broken)}",
                "Expected a place, its neighbour and a weight",
                _BLANKS,
            )
        )
    return replace(numbered(path.name, pairs, weights, Cells(None, (), "weights"), lacking=True), announced=announced)


def swm(path: Path) -> Said:
    """
    Read an SWM file of ArcGIS: a line of text, then in binary how many places, and of each its neighbours and their weights.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Said
        The links, and all labels, which are whole numbers.

    Raises
    ------
    DataError
        When the file ends too early.
    """
    header, _, body = path.read_bytes().partition(b"\n")
    fixed = b"FIXEDWEIGHTS@TRUE" in header.upper().replace(b" ", b"")
    labels: list[str] = []
    edges: list[Edge] = []
    try:
        (announced, _), at = unpack("<2i", body[:8]), 8
        for _ in range(announced):
            (start, count), at = unpack("<2i", body[at : at + 8]), at + 8
            labels.append(str(start))
            if not count:
                continue
            size = 1 if fixed else count
            numbers = unpack(f"<{count}i{size + 1}d", body[at : at + 4 * count + 8 * (size + 1)])  # the last one is the sum
            at += 4 * count + 8 * (size + 1)
            weights = numbers[count:-1] * (count if fixed else 1)
            edges += [(str(start), str(to), float(weight)) for to, weight in zip(numbers[:count], weights, strict=True)]
    except error:
        raise DataError(
            complaint(
                path.name, "it ends before all places are there", "Expected a file of ArcGIS (.swm)", "The file may be cut short"
            )
        ) from None
    return Said(edges, labels)


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except UnicodeDecodeError as problem:
        raise DataError(
            complaint(path.name, f"byte {problem.start} is no UTF-8 text", "Expected UTF-8", "Save the file as UTF-8")
        ) from None


def _announced(path: Path, header: str) -> int:
    """Read the number of places from a header of either form: ``n``, or ``0 n name key``."""
    words = header.split()
    count = words[1] if len(words) > 1 else "".join(words)
    if not count.isdigit():
        raise DataError(
            complaint(
                path.name,
                f"its first line is {_first(path)!r}",
                "Expected the number of places, or '0', that number, a name and a key",
            )
        )
    return int(count)


def _first(path: Path) -> str:
    return next((line for line in _lines(path) if line), "")


def _told_apart(words: list[str], count: int, names: Names) -> list[str] | None:
    """Make so many labels of words; where there are more words, some belong together to the label of a place."""
    if len(words) == count:
        return [_unquoted(each, names) for each in words]
    steps: list[dict[int, tuple[int, int]]] = [
        {0: (1, 0)}
    ]  # after each label: how many words are used, in how many ways, from where
    for _ in range(count):
        steps.append({})
        for start, (ways, _) in steps[-2].items():
            for end in range(start + 1, min(start + names.longest, len(words)) + 1):
                if _unquoted(" ".join(words[start:end]), names) in names.positions:
                    steps[-1][end] = (ways + steps[-1].get(end, (0, 0))[0], start)
    if steps[-1].get(len(words), (0, 0))[0] != 1:
        return None
    found, end = [], len(words)
    for step in reversed(steps[1:]):
        start = step[end][1]
        found.append(_unquoted(" ".join(words[start:end]), names))
        end = start
    return found[::-1]


def _unquoted(label: str, names: Names) -> str:
    bare = label[1:-1] if len(label) > 1 and label[0] == label[-1] == '"' else label
    return label if label in names.positions else bare
