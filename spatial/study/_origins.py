"""What a new study starts from: a layer, or a table and the boundaries it seems to be about."""

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, SpatialWarning, StudyError, complaint, counted, listed
from spatial.indicators import Guessed, alike, guessed, matched_rows, read_table, sheets
from spatial.study._template import Guess, Start

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: Titles of columns that name places for a reader, the best first.
_NAMES = ("name_en", "name", "name_ru", "название", "наименование", "имя", "ad", "adı", "shapename", "nazvanie", "title", "label")
#: How many different cells are held against all names of a pack, where hardly any is found exactly.
_TRIED = 40


@dataclass(frozen=True, eq=False)
class Ground:
    """Boundaries a table may be about."""

    name: str  # as it is said
    boundaries: str  # as the study file says it
    places: "GeoDataFrame"
    label: str = ""
    shown: str = ""  # the label a reader sees unless the study says another
    key: str | None = None  # of a layer of one's own
    layer: str | None = None
    crs: str | None = None
    repaired: int = 0

    @property
    def points(self) -> bool:
        """Whether the places are points."""
        return bool((self.places.geom_type == "Point").all())

    @property
    def islands(self) -> bool:
        """Whether some polygon touches no other."""
        from spatial.weights import contiguity

        return not self.points and bool(len(contiguity(self.places, islands="keep").isolates))


@dataclass(frozen=True, eq=False)
class _Match:
    """One column of a table held against one ground."""

    score: tuple[float, ...]
    ground: Ground
    sheet: str | None
    table: "pd.DataFrame"
    key: str
    rows: "pd.Series[Any]"


def relative(folder: Path, path: Path) -> str:
    """Write a path as the study file does."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def pack_ground(name: str) -> Ground:
    """Take a boundary pack, its places called by their names."""
    from spatial.boundaries import pack, read_places

    known = pack(name)
    places = read_places(name)
    label = known.label if known.label in places.columns and places[known.label].is_unique else ""
    return Ground(name, name, places, label, known.label)


def layer_ground(folder: Path, source: str, crs: str | None = None) -> Ground:
    """Take a layer of one's own: find its key, and the column that names its places."""
    file, _, layer = source.partition("::")
    path = Path(file)
    table = read_table(path, layer or None)
    keys = [str(name) for name in table.columns if table[name].notna().all() and table[name].map(str).is_unique]
    keys = [name for name in keys if name.casefold() != "geometry"]
    if not keys:
        raise StudyError(
            complaint(
                path.name,
                "no column names each place once",
                f"There are {listed(table.columns, 20)}",
                "Add such a column to the layer, or dissolve rows that are parts of one place",
            )
        )
    texts = [name for name in keys if all(isinstance(each, str) for each in table[name])]
    named = [name for title in _NAMES for name in texts if name.casefold() == title]
    key = (named or texts or keys)[0]
    places, repaired = _repaired(source, key, crs)
    where = relative(folder, path)
    label = _label(table, key)
    return Ground(path.name, where, places, label, key=key, layer=layer or None, crs=crs, repaired=repaired)


def _label(table: "pd.DataFrame", key: str) -> str:
    """Find the column that names places for a reader, where the key does not."""
    titles = {str(name).casefold(): str(name) for name in table.columns}
    found = [titles[title] for title in _NAMES if title in titles and table[titles[title]].notna().all()]
    return "" if not found or key.casefold() in _NAMES else found[0]


def _repaired(source: str, key: str, crs: str | None) -> "tuple[GeoDataFrame, int]":
    """Read a layer; polygons that cross themselves are repaired, and counted."""
    from spatial.boundaries import read_places

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", SpatialWarning)
        places = read_places(source, key=key, crs=crs, invalid="repair")
    counts = [re.search(r"(\d+) invalid polygons? of", str(each.message)) for each in told]
    return places, sum(int(found[1]) for found in counts if found)


def start_from_ground(title: str, ground: Ground) -> Start:
    """Describe the columns that a layer holds already."""
    columns = [each for each in _layer_guesses(ground) if not each.missing]
    seen = f", shown to a reader as {ground.label!r}" if ground.label else ""
    remarks = [f"The layer is {ground.name}: {counted(len(ground.places), 'place')}, named by {ground.key!r}{seen}."]
    if not any(each.kind not in ("text", "category") for each in columns):
        remarks.append(f"It holds no column of numbers. To join a table: spatial new DIR --from TABLE --boundaries {ground.name}")
    return Start(
        title=title,
        columns=tuple(_guess(each, each.title) for each in columns),
        remarks=tuple(remarks),
        **_of(ground),
    )


def _layer_guesses(ground: Ground) -> "Sequence[Guessed]":
    import pandas as pd

    rest = pd.DataFrame(ground.places.drop(columns=["geometry", *([ground.key] if ground.key in ground.places.columns else [])]))
    rest = rest.astype(object).where(rest.notna(), None)
    return [each for each in guessed(rest) if each.title.casefold() not in ("geometry", "place") and each.title != ground.label]


def _of(ground: Ground) -> dict[str, Any]:
    key = ground.key or ground.label or None
    return {
        "boundaries": ground.boundaries,
        "points": ground.points,
        "rows": len(ground.places),
        "key": key,
        "label": ground.label if ground.label != (ground.shown or key) else None,
        "layer": ground.layer,
        "crs": ground.crs,
        "islands": ground.islands,
        "repaired": ground.repaired,
    }


def start_from_table(folder: Path, title: str, path: Path, grounds: Sequence[Ground]) -> Start:
    """Guess which ground a table is about, and which of its columns is the key."""
    matches = list(_matches(path, grounds))
    if not matches:
        raise StudyError(_unmatched(path, grounds))
    best = max(matches, key=lambda each: each.score)
    _once(path, best)
    table, rows, ground = best.table, best.rows, _called_as(best)
    guesses = guessed(table.drop(columns=best.key).loc[rows.notna()])
    joined = ground.places.index.isin(rows.dropna())
    columns = _named(guesses, [str(name) for name in ground.places.columns])
    if not joined.all():
        columns = [replace(each, complete=False) for each in columns]
    return Start(
        title=title,
        table=relative(folder, path),
        sheet=best.sheet if best.sheet is not None and len(sheets(path)) > 1 else None,
        table_key=best.key,
        missing=tuple(dict.fromkeys(text for each in guesses for text in each.missing)),
        dropped=bool(rows.isna().any() or not joined.all()),
        columns=tuple(columns),
        remarks=tuple(_remarks(path, best)),
        **(_of(ground) | {"rows": int(joined.sum())}),
    )


def _matches(path: Path, grounds: Sequence[Ground]) -> Iterator[_Match]:
    for sheet, table in _tables(path):
        for ground in grounds:
            for position, key in enumerate(table.columns):
                rows = matched_rows(ground.places, table[key]) if not isinstance(table[key], type(table)) else None
                if rows is None or rows.nunique() < min(3, len(ground.places)) or 2 * rows.notna().sum() < len(rows):
                    continue
                score = (float(rows.nunique()), -float(abs(len(ground.places) - len(rows))), -float(position))
                yield _Match(score, ground, sheet, table, str(key), rows)


def _tables(path: Path) -> "list[tuple[str | None, pd.DataFrame]]":
    """Read every sheet that is a table; where none is, say why of the first that has something in it."""
    found, errors = [], []
    for sheet in sheets(path) or (None,):
        try:
            found.append((sheet, read_table(path, sheet)))
        except DataError as error:
            errors.append(error)
    if not found:
        raise next((error for error in errors if "empty" not in str(error)), errors[0])
    return found


def _called_as(match: _Match) -> Ground:
    """Call the places of a pack as the table does, where it has names and not codes."""
    ground, name = match.ground, str(match.rows.name)
    if ground.key is not None or not name.startswith("name"):
        return ground
    column = ground.places[name]
    return replace(ground, label=name) if column.notna().all() and column.is_unique else ground


def _remarks(path: Path, match: _Match) -> Iterator[str]:
    rows, ground = match.rows, match.ground
    met = int(rows.notna().sum())
    yield f"{path.name} was found to be about {ground.name}: {met} of its {counted(len(rows), 'row')} {'has' if met == 1 else 'have'} a place, by {match.key!r}."
    without = [str(each) for each in match.table.loc[rows.isna(), match.key].dropna()]
    names = ground.places[rows.name] if rows.name in ground.places.columns else ground.places.index.to_series()
    empty = [str(each) for each in names[~ground.places.index.isin(rows.dropna())]]
    if without:
        yield f"Rows without a place: {listed(without, 20)}."
    if empty:
        yield f"Places without a row: {listed(empty, 20)}."
    pairs = [f"{key!r} for {name!r}" for key, name in alike(without, empty).items() if key not in empty]
    if pairs:
        yield f"Perhaps {', '.join(pairs[:20])}: correct the names in the table, then take the line 'unmatched' out."


def _once(path: Path, match: _Match) -> None:
    """Refuse a table with several rows for a place, and say what tells them apart."""
    rows = match.rows.dropna()
    twice = rows[rows.duplicated()]
    if not len(twice):
        return
    names = twice.unique()
    what = f"{counted(len(names), 'place')} of {match.ground.name} {'has' if len(names) == 1 else 'have'} several rows in {match.key!r}: {listed(names)}"
    apart = [str(name) for name in match.table.columns if str(name) != match.key and _tells_apart(match, name)]
    hint = ""
    if apart:
        values = match.table[apart[0]].dropna().map(str)
        hint = f". The rows of a place differ by {apart[0]!r}: {listed(sorted(values.unique()), 4)}"
    raise StudyError(
        complaint(
            path.name,
            what + hint,
            "Expected one row for each place",
            "Keep one year or one indicator, and put others into columns of their own",
        )
    )


def _tells_apart(match: _Match, name: Any) -> bool:
    column = match.table[name]
    if isinstance(column, type(match.table)):
        return False
    few = column.map(str).nunique() < len(column) / 2
    return few and not match.table.assign(_place=match.rows)[["_place", name]].dropna().map(str).duplicated().any()


def _unmatched(path: Path, grounds: Sequence[Ground]) -> str:
    """Say which ground comes nearest, and what it calls its places."""
    known = (
        f"The packs are {listed([each.name for each in grounds], 20)}" if len(grounds) > 1 else f"Looked up in {grounds[0].name}"
    )
    remedy = "Write names or codes as 'spatial boundaries show PACK' lists them, or name your own layer with --boundaries"
    tried = [near for _, table in _tables(path) for near in _near(table, grounds)]
    best = max(tried, default=(0, ""), key=lambda near: near[0])
    known = f"The packs are {listed([each.name for each in grounds], 20)}"
    if len(grounds) == 1:
        return complaint(path.name, f"no column has names or codes of the places of {grounds[0].name}", best[1], remedy)
    return complaint(path.name, "no column has names or codes of places of a pack", best[1] or known, remedy)


def _near(table: "pd.DataFrame", grounds: Sequence[Ground]) -> Iterator[tuple[int, str]]:
    """Hold columns of texts against the names of each ground: how many are the same or alike, and in words."""
    for key in table.columns[~table.columns.duplicated(keep=False)]:
        texts = [each for each in dict.fromkeys(table[key].dropna()) if isinstance(each, str)][:_TRIED]
        for ground in grounds if len(texts) > 1 else ():
            for column in [each for each in ground.places.columns if str(each).startswith(("name", "stat"))]:
                names = [str(each) for each in ground.places[column].dropna()]
                pairs = alike([each for each in texts if each not in names], names)
                shown = ", ".join(f"{name!r} for {text!r}" for text, name in list(pairs.items())[:4])
                if pairs:
                    same = sum(each in names for each in texts)
                    yield len(pairs) + same, f"Nearest comes {ground.name} by {str(key)!r}; it has {shown}"


def _named(guesses: "Sequence[Guessed]", taken: list[str]) -> list[Guess]:
    """Give each column a name that neither places nor another column have."""
    used = {name.casefold() for name in (*taken, "geometry", "place", "fid")}
    found = []
    for each in guesses:
        name = each.title
        while name.casefold() in used:
            name += "_table"
        used.add(name.casefold())
        found.append(_guess(each, name))
    return found


def _guess(column: "Guessed", name: str) -> Guess:
    if column.kind in ("text", "category"):
        return Guess(name=name, source=column.title, kind=column.kind)
    low, high = column.low, column.high
    bottom, top = (0.0, 100.0) if column.kind == "percent" else (min(0.0, -outward(-low)), max(0.0, outward(high)))
    return Guess(
        name=name,
        source=column.title,
        kind=column.kind,
        low=bottom,
        high=top,
        seen=f"{low:.6g} to {high:.6g}",
        varies=low < high,
        complete=column.complete,
        given=column.given,
    )


def outward(number: float) -> float:
    """Round away from zero to one digit, and away from there once more, so that next year's numbers fit as well."""
    if number <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(number))
    return float(np.ceil(number / power * 1.2) * power)
