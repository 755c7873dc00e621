"""report.html: one file to read, print and hand to a referee."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spatial.outputs import _sections
from spatial.outputs._sections import Block, Section
from spatial.outputs.atlas import Atlas
from spatial.outputs.record import written
from spatial.outputs.words import cleaned

_PAGE = Path(__file__).parent / "page"
# Beyond this an SVG is heavier than the same picture as pixels.
_HEAVY = 150_000


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A picture inside the page."""

    address: str  # a data: address
    caption: str


def write_report(atlas: Atlas, path: str | Path, figures_folder: str | Path) -> Path:
    """
    Write the report as one HTML file that fetches nothing.

    Parameters
    ----------
    atlas
        The finished study.
    path
        The file.
    figures_folder
        Where `write_figures` has put the pictures; one that is not there is left out.

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
    Everything that comes from data is escaped; a content security policy forbids scripts and every request.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    style = (_PAGE / "report.css").read_text(encoding="utf-8") + running_title(atlas)
    allowed = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    sections = numbered(_sections.sections_of(atlas), Path(figures_folder))
    environment = Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cleaned"] = cleaned
    page = environment.get_template("report.html").render(
        title=atlas.title,
        language="en",
        synthetic=atlas.synthetic,
        description=_paragraphs(atlas.description),
        facts=_sections.facts(atlas),
        marks=atlas.marks,
        notes=atlas.notes,
        sections=sections,
        style=style,
        allowed=allowed,
    )
    return written(path, _UNWRITTEN.sub("", page).encode("utf-8", errors="replace"))


# Control characters, and marks that turn the direction of writing for the rest of the page.
_UNWRITTEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def running_title(atlas: Atlas) -> str:
    """
    Write the style rule that prints the title at the head of each page.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    str
        CSS in which every letter of the title that is not plain is written as its number.
    """
    words = cleaned(atlas.title)
    words = words if len(words) <= 90 else f"{words[:88]} …"
    safe = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter == " ") else f"\\{ord(letter):x} " for letter in words
    )
    return f'\n@page {{ @top-left {{ content: "{safe}"; }} }}\n@page :first {{ @top-left {{ content: ""; }} }}\n'


def numbered(sections: tuple[Section, ...], folder: Path) -> list[Mapping[str, Any]]:
    """
    Count sections, tables and figures, and put the pictures in.

    Parameters
    ----------
    sections
        In their order.
    folder
        Where the pictures are.

    Returns
    -------
    list of dict
        What the template prints.
    """
    counts = {"table": 0, "figure": 0}
    major, minor = 0, 0
    made: list[Mapping[str, Any]] = []
    for section in sections:
        major, minor = (major + 1, 0) if section.level == 2 else (major, minor + 1)
        number = f"{major}" if section.level == 2 else f"{major}.{minor}"
        made.append(
            {
                "id": section.id,
                "title": section.title,
                "level": section.level,
                "number": number,
                "blocks": list(_filled(section, folder, counts)),
            }
        )
    return made


def _filled(section: Section, folder: Path, counts: dict[str, int]) -> Iterator[Mapping[str, Any]]:
    for block in section.blocks:
        content = block
        if block.kind == "figure":
            address = _address(folder, block.content.name)
            if not address:
                continue
            content = replace(block, content=Embedded(address=address, caption=block.content.caption))
        if block.kind in counts:
            counts[block.kind] += 1
        yield {"kind": block.kind, "title": block.title, "content": content.content, "number": counts.get(block.kind, 0)}


def _address(folder: Path, name: str) -> str:
    """Give the picture as a data: address: lines where they are light, pixels otherwise."""
    vector, pixels = folder / f"{name}.svg", folder / f"{name}.png"
    if vector.is_file() and (vector.stat().st_size <= _HEAVY or not pixels.is_file()):
        return f"data:image/svg+xml;base64,{base64.b64encode(vector.read_bytes()).decode('ascii')}"
    if pixels.is_file():
        return f"data:image/png;base64,{base64.b64encode(pixels.read_bytes()).decode('ascii')}"
    return ""


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


__all__ = ["Block", "numbered", "running_title", "write_report"]
