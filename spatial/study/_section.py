"""One table of a study file: its values, taken out by kind, with complaints that know their line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spatial.errors import complaint, listed, nearest_name
from spatial.options import shortened

Step = str | int


@dataclass(frozen=True)
class Page:
    """The file a table stands in, and what has been found wrong with it."""

    name: str
    folder: Path
    lines: Mapping[tuple[Step, ...], int]
    complaints: list[tuple[int, str]] = field(default_factory=list)

    def where(self, path: tuple[Step, ...]) -> str:
        """Name the line of a key, or of the table round it."""
        line = self.line(path)
        return f"{self.name}, line {line}" if line else self.name

    def line(self, path: tuple[Step, ...]) -> int:
        """Find the line of a key, or of the table round it; 0 for the file itself."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def say(self, path: tuple[Step, ...], sentence: str) -> None:
        """Keep a complaint that is worded already."""
        self.complaints.append((self.line(path), sentence))


@dataclass(frozen=True)
class Section:
    """One table of the file."""

    page: Page
    path: tuple[Step, ...]
    values: Mapping[str, Any]
    name: str  # what a complaint calls it

    def complain(self, key: str | None, what: str, expected: str = "", remedy: str = "") -> None:
        """Keep a complaint about a key, or about the table."""
        path = self.path if key is None else (*self.path, key)
        self.page.say(path, complaint(self.page.where(path), what, expected, remedy))

    def known(self, keys: Sequence[str]) -> None:
        """Complain about keys that nobody reads."""
        for key in self.values:
            if key not in keys:
                self.complain(key, f"unknown key {key!r} in {self.name}", nearest_name(key, keys))

    def take(self, key: str, kind: type | tuple[type, ...], words: str, *, required: bool = False) -> Any:
        """Take a value of one kind; None where it is absent or of another kind."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.complain(None, f"{self.name} has no {key!r}", f"Expected {words}", f"Add {key} = ...")
            return None
        if isinstance(value, str) and not value.strip() and not required and kind is not bool:
            return None
        wrong = isinstance(value, bool) and kind is not bool
        if wrong or not isinstance(value, kind) or (isinstance(value, str) and not value.strip()):
            self.complain(key, f"{key!r} is {shown(value)}", f"Expected {words}")
            return None
        return value

    def text(self, key: str, *, required: bool = False) -> str | None:
        """Take a text."""
        value: str | None = self.take(key, str, "a text in quotation marks", required=required)
        return value

    def truth(self, key: str, *, default: bool) -> bool:
        """Take true or false."""
        value = self.take(key, bool, "true or false")
        return default if value is None else bool(value)

    def choice(self, key: str, choices: Sequence[str], default: str) -> Any:
        """Take one of a few words."""
        value = self.text(key)
        if value is None or value in choices:
            return default if value is None else value
        self.complain(
            key, f"{key} = {value!r} is not known", nearest_name(value, choices), f"Expected one of {listed(choices, 20)}"
        )
        return default

    def many(self, key: str, kind: type | tuple[type, ...], words: str) -> tuple[Any, ...]:
        """Take a list whose members are of one kind."""
        value = self.take(key, list, words)
        for position, each in enumerate(value or ()):
            if not isinstance(each, kind) or isinstance(each, bool):
                self.page.say(
                    (*self.path, key, position),
                    complaint(
                        self.page.where((*self.path, key, position)), f"{shown(each)} stands in {key!r}", f"Expected {words}"
                    ),
                )
                return ()
        return tuple(value or ())

    def words(self, key: str, languages: Iterable[str], *, required: bool = False) -> str:
        """Take a text, or a table of texts by language, of which the first language that is there is picked."""
        value = self.take(key, (str, Mapping), "a text, or a table of texts by language", required=required)
        if value is None or isinstance(value, str):
            return (value or "").strip()
        inner = Section(self.page, (*self.path, key), value, f"{self.name}, {key}")
        texts = {language: inner.text(language) for language in value}
        ordered = [*languages, *texts]
        return next((text for text in (texts.get(language) for language in ordered) if text), "")

    def section(self, key: str, name: str) -> "Section":
        """Take a table inside this one; an empty one where there is none."""
        value = self.take(key, Mapping, f"a table [{name}]")
        return Section(self.page, (*self.path, key), value or {}, f"[{name}]")

    def named(self, key: str, name: str) -> "dict[str, Section]":
        """Take a table of tables, by name."""
        outer = self.section(key, name)
        found = {}
        for each in outer.values:
            value = outer.take(each, Mapping, f"a table [{name}.{each}]")
            if value is not None:
                found[each] = Section(self.page, (*outer.path, each), value, f"[{name}.{each}]")
        return found

    def listing(self, key: str, name: str) -> "list[Section]":
        """Take an array of tables."""
        value = self.take(key, list, f"tables headed [[{name}]]")
        found = []
        for position, each in enumerate(value or ()):
            path = (*self.path, key, position)
            if isinstance(each, Mapping):
                found.append(Section(self.page, path, each, f"[[{name}]]"))
            else:
                self.page.say(
                    path, complaint(self.page.where(path), f"{shown(each)} stands in {key!r}", f"Expected tables headed [[{name}]]")
                )
        return found

    def file(self, key: str, *, required: bool = False) -> Path | None:
        """Take a path relative to the study file, of a file that must be there."""
        value = self.text(key, required=required)
        if value is None:
            return None
        path = self.page.folder / value
        if not is_there(path) or not path.is_file():
            self.complain(key, f"there is no file {value!r}", neighbours(path), "Paths are relative to the study file")
        return path


def is_there(path: Path) -> bool:
    """
    Tell whether there is something at a path; a name no system could have is at none.

    Parameters
    ----------
    path
        Any path, also of a text that was never meant as one.

    Returns
    -------
    bool
        True for a file or a folder that may be looked at.
    """
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def neighbours(path: Path) -> str:
    """
    Offer the file of a folder that is most like one that is not there.

    Parameters
    ----------
    path
        The file that is not there.

    Returns
    -------
    str
        A sentence.
    """
    if not is_there(path.parent) or not path.parent.is_dir():
        return f"There is no folder {path.parent.name!r} either"
    names = sorted(each.name for each in path.parent.iterdir() if each.is_file() and not each.name.startswith("."))
    return nearest_name(path.name, names) if names else "Its folder is empty"


def shown(value: Any) -> str:
    """
    Say what a value is.

    Parameters
    ----------
    value
        Any value of a TOML file.

    Returns
    -------
    str
        For example ``the text 'a'``.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {shortened(value)}" if value.strip() else "an empty text"
    if isinstance(value, int | float):
        return f"the number {shortened(value)}"
    return "a table" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else f"{value}"
