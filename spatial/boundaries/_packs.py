"""Boundary packs: a folder with ``places.gpkg`` and the pedigree ``source.toml``."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spatial.errors import DataError, StudyError, complaint, listed, nearest_name
from spatial.shipped import shipped

_TEXTS = ("title", "key", "crs", "licence", "source", "sha256")


@dataclass(frozen=True, kw_only=True)
class Pack:
    """One boundary pack, as its ``source.toml`` tells it."""

    name: str  # "kazakhstan/regions-20"; for a folder of one's own, the folder's name
    folder: Path
    title: str
    titles: Mapping[str, str] = field(default_factory=dict)  # language -> title
    key: str  # the column that becomes the index `place`
    label: str = ""  # the column that names a place for a reader; empty: the key
    crs: str  # of the file
    extent: tuple[float, float, float, float] | None = None  # west, south, east, north in degrees: what the metric CRS is fitted to
    rows: int
    geometry: str = "polygons"
    source: str  # who made it, from what
    url: str = ""
    licence: str
    retrieved: str = ""
    valid_from: str = ""
    valid_to: str = ""
    schematic: tuple[str, ...] = ()  # keys of the places whose outline is only approximate
    notes: tuple[str, ...] = ()  # sentences for every map and layer made from it
    columns: Mapping[str, str] = field(default_factory=dict)  # column -> what it holds
    sha256: str  # of places.gpkg

    @property
    def file(self) -> Path:
        """The GeoPackage itself."""
        return self.folder / "places.gpkg"


def packs() -> tuple[Pack, ...]:
    """
    List the boundary packs that travel with the program.

    Returns
    -------
    tuple of Pack
        Sorted by name.

    Raises
    ------
    DataError
        When the pedigree of one cannot be read.

    Examples
    --------
    >>> "kazakhstan/regions-20" in [pack.name for pack in packs()]
    True
    """
    root = shipped("boundaries")
    return tuple(_read(path.parent, path.parent.relative_to(root).as_posix()) for path in sorted(root.glob("*/*/source.toml")))


def pack(name: str | Path) -> Pack:
    """
    Look a boundary pack up and make sure that it is what was packed.

    Parameters
    ----------
    name
        Its name, for example ``"kazakhstan/regions-20"``, or the path of a folder that holds one.

    Returns
    -------
    Pack
        Its pedigree.

    Raises
    ------
    StudyError
        When there is none of this name; the most similar one is offered.
    DataError
        When its GeoPackage is absent or is not the one its pedigree was written for.

    Examples
    --------
    >>> pack("kazakhstan/regions-20").rows
    20
    """
    folder = shipped("boundaries") / Path(name)
    if is_pack(Path(name)):
        found = _read(Path(name), Path(name).resolve().name)
    elif isinstance(name, str) and looks_like_name(name) and is_pack(folder):
        found = _read(folder, name)
    else:
        known = [each.name for each in packs()]
        raise StudyError(
            complaint(
                "boundaries",
                f"there is no pack {str(name)!r}",
                nearest_name(str(name), known),
                "List them with: spatial boundaries list",
            )
        )
    if not found.file.is_file():
        raise DataError(
            complaint(found.name, "places.gpkg is not there", f"Expected it beside {found.name}/source.toml", "Get the pack again")
        )
    digest = sha256_of(found.file)
    if digest != found.sha256:
        raise DataError(
            complaint(
                found.name,
                f"places.gpkg has the SHA-256 {digest[:12]}...",
                f"Its source.toml was written for {found.sha256[:12]}...",
                "Get the pack again; if it was changed on purpose, keep it as a pack of its own with: spatial boundaries get",
            )
        )
    return found


def is_pack(folder: Path) -> bool:
    """Tell whether a folder holds a pack."""
    return (folder / "source.toml").is_file()


def looks_like_name(text: str) -> bool:
    """Tell whether a text may be meant as the name of a pack: two words and a stroke, no suffix."""
    parts = text.split("/")
    return len(parts) == 2 and all(part and part.replace("-", "").replace("_", "").isalnum() for part in parts)


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(folder: Path, name: str) -> Pack:
    where = f"{name}/source.toml"
    try:
        told = tomllib.loads((folder / "source.toml").read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # TOML errors and broken letters are ValueErrors
        raise DataError(
            complaint(where, f"it is not readable TOML ({error})", "Expected the pedigree of a pack", "Get the pack again")
        ) from None
    wrong = [each for each in _TEXTS if not isinstance(told.get(each), str) or not told[each]]
    wrong += [] if isinstance(told.get("rows"), int) else ["rows"]
    if wrong:
        raise DataError(
            complaint(
                where, f"{listed(wrong)} not told", f"Expected texts {listed(_TEXTS, 10)} and the number 'rows'", "Complete it"
            )
        )
    extent = told.get("extent")
    return Pack(
        name=name,
        folder=folder,
        titles={each.removeprefix("title_"): str(told[each]) for each in told if each.startswith("title_")},
        extent=(float(extent[0]), float(extent[1]), float(extent[2]), float(extent[3])) if extent else None,
        rows=told["rows"],
        schematic=_texts(told, "schematic"),
        notes=_texts(told, "notes"),
        columns={str(column): str(text) for column, text in told.get("columns", {}).items()},
        geometry=str(told.get("geometry", "polygons")),
        **{each: str(told[each]) for each in (*_TEXTS, "label", "url", "retrieved", "valid_from", "valid_to") if each in told},
    )


def _texts(told: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = told.get(name, ())
    return (value,) if isinstance(value, str) else tuple(str(each) for each in value)
