"""The parts of a study file that name data: places, points, tables."""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from spatial.errors import listed, nearest_name
from spatial.indicators import KINDS, ColumnRecipe, PointsRecipe, RecordsRecipe, TableRecipe
from spatial.outputs.class_breaks import METHODS
from spatial.shipped import shipped
from spatial.study._section import Section, is_there, neighbours
from spatial.study.recipes import PlacesRecipe

_PLACES = ("boundaries", "key", "crs", "layer", "label")
_TABLE = ("table", "sheet", "key", "match", "missing", "unmatched", "implausible", "encoding", "decimal", "source", "columns")
_COLUMN = ("from", "title", "unit", "range", "kind", "deviation", "count", "classes", "class_count")
_RECORDS = ("table", "sheet", "key", "missing", "values", "encoding", "decimal", "source", "columns")
_POINTS = ("table", "sheet", "key", "x", "y", "crs", "label", "missing", "encoding", "decimal", "source")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_MOST_CLASSES = 9  # more shades nobody tells apart
_EXAMPLE = "libpysal:"


def places_recipe(section: Section, languages: Sequence[str]) -> PlacesRecipe:
    """Read [places], or points that come from boundaries; only [places] have an outline below them."""
    lies_over = section.name == "[places]"
    section.known((*_PLACES, "invalid", "columns", *(["outline"] if lies_over else [])))
    columns = {name: _column(each, name, languages, held=True) for name, each in section.named("columns", "places.columns").items()}
    stated = section.text("boundaries", required=True) or ""
    outline = section.text("outline") if lies_over else None
    return PlacesRecipe(
        boundaries=_located(section, "boundaries", stated) if stated else "",
        stated=stated,
        outline=_located(section, "outline", outline) if outline else None,
        outline_stated=outline or "",
        invalid=section.choice("invalid", ("error", "repair"), "error"),
        columns=columns,
        **{key: section.text(key) for key in _PLACES[1:]},
    )


def points_recipes(section: Section, name: str, languages: Sequence[str]) -> tuple[PlacesRecipe | PointsRecipe, ...]:
    """Read [points.NAME], or every [[points.NAME]]."""
    value = section.values.get(name)
    parts = section.listing(name, f"points.{name}") if isinstance(value, list) else [section.section(name, f"points.{name}")]
    found: list[PlacesRecipe | PointsRecipe] = []
    for each in parts:
        if "table" in each.values and "boundaries" in each.values:
            each.complain("table", f"{each.name} has both 'table' and 'boundaries'", "Expected one of them")
        elif "table" in each.values:
            found.append(_points_table(each))
        else:
            found.append(places_recipe(each, languages))
    return tuple(found)


def table_recipe(section: Section, languages: Sequence[str]) -> TableRecipe:
    """Read one [[indicators]]."""
    section.known(_TABLE)
    if section.values.get("match") == "gazetteer":
        section.complain(
            "match",
            "matching by gazetteer is not available yet",
            "Expected match = 'exact'",
            "Use the codes or names of the places as key",
        )
    else:
        section.choice("match", ("exact",), "exact")
    columns = {name: _column(each, name, languages) for name, each in section.named("columns", "indicators.columns").items()}
    return TableRecipe(
        columns=columns,
        unmatched=section.choice("unmatched", ("error", "drop"), "error"),
        implausible=section.choice("implausible", ("error", "note"), "error"),
        **_common(section),
    )


def records_recipe(section: Section, languages: Sequence[str]) -> RecordsRecipe:
    """Read one [records.NAME]; its key, the column that names the place of each record, may be left out."""
    section.known(_RECORDS)
    inner = section.section("values", f"{section.name[1:-1]}.values")
    values = {text: inner.take(text, (int, float), "a number") for text in inner.values}
    heading = f"{section.name[1:-1]}.columns"
    columns = {name: _column(each, name, languages) for name, each in section.named("columns", heading).items()}
    return RecordsRecipe(
        columns=columns,
        values={text: float(number) for text, number in values.items() if number is not None},
        **(_common(section, keyed=False) | {"key": section.text("key")}),
    )


def _common(section: Section, *, keyed: bool = True) -> dict[str, Any]:
    return {
        "table": section.file("table", required=True) or Path(),
        "sheet": section.text("sheet"),
        "key": section.text("key", required=keyed) or "",
        "missing": section.many("missing", (str, int, float), "a list of texts and numbers"),
        "encoding": section.text("encoding"),
        "decimal": section.choice("decimal", (".", ","), "") or None,
        "source": section.text("source") or "",
    }


def _column(section: Section, name: str, languages: Sequence[str], *, held: bool = False) -> ColumnRecipe:
    """Read what is known of a column: of a table, or of the layer, which holds it under its own name."""
    section.known([key for key in _COLUMN if not (held and key == "from")])
    if name.casefold() in ("geometry", "place") or not name.strip():
        section.complain(
            None,
            f"a column cannot be called {name!r}",
            "Expected another name",
            f'Write [indicators.columns.other_name] from = "{name}"',
        )
    low, high = _range(section)
    source = (None if held else section.text("from")) or name
    return ColumnRecipe(
        name=name,
        source=source,
        title=section.words("title", languages) or source,
        unit=section.words("unit", languages),
        low=low,
        high=high,
        kind=section.choice("kind", KINDS, "number"),
        deviation=section.text("deviation"),
        count=section.text("count"),
        classes=section.choice("classes", tuple(METHODS), "natural"),
        class_count=_class_count(section),
    )


def _class_count(section: Section) -> int | None:
    found: int | None = section.take("class_count", int, "a whole number from 2 to 9")
    if found is not None and not 2 <= found <= _MOST_CLASSES:
        section.complain("class_count", f"class_count = {found}", f"Expected a whole number from 2 to {_MOST_CLASSES}")
        return None
    return found


def _range(section: Section) -> tuple[float | None, float | None]:
    numbers = section.many("range", (int, float), "two numbers, the lowest and the highest")
    if not numbers:
        return None, None
    if len(numbers) != 2 or not numbers[0] <= numbers[1]:
        section.complain("range", f"'range' is {list(numbers)}", "Expected two numbers, the lowest and the highest")
        return None, None
    return float(numbers[0]), float(numbers[1])


def _points_table(section: Section) -> PointsRecipe:
    section.known(_POINTS)
    coordinates: dict[str, Any] = {key: section.text(key, required=True) or "" for key in ("x", "y", "crs")}
    return PointsRecipe(label=section.text("label"), **coordinates, **_common(section))


def _located(section: Section, key: str, stated: str) -> str:
    """Find what boundaries are meant: an address, an installed example, a file beside the study, or a pack."""
    if _ADDRESS.match(stated):
        return stated
    if stated.startswith(_EXAMPLE):
        return _example(section, key, stated.removeprefix(_EXAMPLE))
    file, mark, layer = stated.partition("::")
    path = section.page.folder / file
    if is_there(path):
        return f"{path}{mark}{layer}"
    packs = shipped("boundaries")
    if is_there(packs / stated / "source.toml"):
        return stated
    known = sorted(each.parent.relative_to(packs).as_posix() for each in packs.glob("*/*/source.toml"))
    if Path(file).suffix:
        section.complain(key, f"there is no file {file!r}", neighbours(path), "Paths are relative to the study file")
    else:
        section.complain(
            key,
            f"there is no pack and no file {stated!r}",
            nearest_name(stated, known),
            "List the packs with: spatial boundaries list",
        )
    return stated


def _example(section: Section, key: str, name: str) -> str:
    """Find the layer of an example that is installed with libpysal; it is read where it is."""
    spec = find_spec("libpysal")
    root = Path(spec.origin).parent / "examples" if spec is not None and spec.origin else Path()
    folder = root / Path(name).name
    layers = (
        [path for ending in (".shp", ".gpkg", ".geojson") for path in sorted(folder.glob(f"*{ending}"))] if folder.is_dir() else []
    )
    same = [path for path in layers if path.stem == folder.name]
    if same or len(layers) == 1:
        return str((same or layers)[0])
    if layers:
        section.complain(
            key,
            f"the example {name!r} has several layers: {listed(path.name for path in layers)}",
            "Expected one",
            "Give the path of the file",
        )
    else:
        known = sorted(each.name for each in root.iterdir() if each.is_dir() and any(each.glob("*.shp"))) if root.is_dir() else []
        section.complain(key, f"no example {name!r} is installed with libpysal", nearest_name(name, known))
    return ""
