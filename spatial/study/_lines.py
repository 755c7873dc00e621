"""Where each key of a TOML text stands, which no TOML reader of Python tells."""

import bisect
import re

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_OTHER = re.compile(r"[^,\]}\n#]*")


def lines_of(text: str) -> dict[Path, int]:
    r"""
    Find the line of every key of a TOML text.

    Parameters
    ----------
    text
        A text that a TOML reader has accepted.

    Returns
    -------
    dict
        Path (keys, and positions in arrays from 0) to line, counted from 1.

    Examples
    --------
    >>> lines_of("a = 1\n[[b]]\nc = [\n 2]")[("b", 0, "c")]
    3
    """
    return _Scanner(text).found


class _Scanner:
    """Goes through the text once; knows only as much TOML as it takes to find the keys."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.breaks = [match.start() for match in re.finditer("\n", text)]
        self.found: dict[Path, int] = {}
        self.rows: dict[Path, int] = {}  # array of tables -> its last position
        self.at = 0
        self.document()

    def document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)

    def header(self) -> Path:
        start, double = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        *parents, last = self.key()
        self.at += 2 if double else 1
        path: Path = ()
        for part in parents:
            path = self.into((*path, part))
            self.note(path, start)
        path = (*path, last)
        self.note(path, start)
        if double:
            self.rows[path] = self.rows.get(path, -1) + 1
            path = (*path, self.rows[path])
            self.note(path, start)
        return path

    def into(self, path: Path) -> Path:
        """Step into the last table of an array of tables."""
        return (*path, self.rows[path]) if path in self.rows else path

    def pair(self, table: Path) -> None:
        start = self.at
        path = table
        for part in self.key():
            path = (*path, part)
            self.note(path, start)
        self.at += 1  # the sign between key and value
        self.skip(_SPACE)
        self.value(path)

    def key(self) -> list[str]:
        parts = []
        while True:
            self.skip(_SPACE)
            match = _BARE.match(self.text, self.at) or self.string()
            if match is None:
                raise ValueError("no key")
            self.at = match.end()
            word = match.group()
            parts.append(word[1:-1] if word[0] in "\"'" else word)
            self.skip(_SPACE)
            if self.text[self.at : self.at + 1] != ".":
                return parts
            self.at += 1

    def value(self, path: Path) -> None:
        first = self.text[self.at]
        if first in "\"'":
            match = self.string()
            self.at = match.end() if match else len(self.text)
        elif first in "[{":
            self.several(path, "]" if first == "[" else "}")
        else:
            self.skip(_OTHER)

    def several(self, path: Path, end: str) -> None:
        """Go through an array or a table on one line."""
        self.at += 1
        self.skip(_BLANK)
        position = 0
        while self.text[self.at] != end:
            if end == "}":
                self.pair(path)
            else:
                self.note((*path, position), self.at)
                self.value((*path, position))
                position += 1
            self.skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1
                self.skip(_BLANK)
        self.at += 1

    def string(self) -> "re.Match[str] | None":
        return next((match for match in (kind.match(self.text, self.at) for kind in _STRINGS) if match), None)

    def skip(self, what: "re.Pattern[str]") -> None:
        match = what.match(self.text, self.at)
        if match:
            self.at = match.end()

    def note(self, path: Path, start: int) -> None:
        self.found.setdefault(path, bisect.bisect_left(self.breaks, start) + 1)
