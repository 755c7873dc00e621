"""A study to start from: guessed from what is given, written so that it runs as it is."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import OutputError, StudyError, complaint, listed, nearest_name
from spatial.indicators import Guessed, guessed, matched_rows, read_table, sheets
from spatial.study._template import Guess, Start, study_text
from spatial.study.reading import FILE, read_study

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_DEFAULT = "kazakhstan/regions-20"
_LAYERS = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".gml", ".kml", ".zip")


def new_study(folder: str | Path, source: str | Path | None = None) -> tuple[Path, ...]:
    """
    Write a study to start from.

    Parameters
    ----------
    folder
        Where it goes; made if it is not there.
    source
        A table of indicators, of which the boundary pack, the key, the columns and their ranges are guessed; a layer of one's
        own; or a boundary pack, for which a table to fill in is written as well. Without it, the pack
        ``kazakhstan/regions-20``.

    Returns
    -------
    tuple of pathlib.Path
        The files written; the study among them runs as it is.

    Raises
    ------
    StudyError
        When the folder has a study already, or nothing can be made of the source.
    OutputError
        When the folder cannot be written to.
    """
    folder = Path(folder)
    if (folder / FILE).exists():
        raise StudyError(complaint(str(folder), f"there is a {FILE} already", "Nothing was changed", "Choose another folder"))
    if folder.exists() and not folder.is_dir():
        raise StudyError(complaint(str(folder), "it is a file", "Expected a folder, or a name for a new one"))
    files = _files(folder, source)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            complaint(str(folder), f"nothing can be written there: {error.strerror}", remedy="Choose another folder")
        ) from None
    try:
        read_study(folder)
    except StudyError:  # what was written cannot be read back, so it is no start
        for name in files:
            (folder / name).unlink()
        raise
    return tuple(folder / name for name in files)


def _files(folder: Path, source: str | Path | None) -> dict[str, str]:
    from spatial.boundaries import packs

    known = [pack.name for pack in packs()]
    title = folder.resolve().name.replace("-", " ").replace("_", " ").strip().capitalize()
    if source is None or str(source) in known:
        return _from_pack(folder, title, str(source or _DEFAULT))
    path = Path(source)
    if not path.is_file():
        raise StudyError(complaint(str(source), "there is no such file and no such pack", nearest_name(str(source), known)))
    if path.suffix.casefold() in _LAYERS:
        return {FILE: study_text(_from_layer(folder, title, path))}
    return {FILE: study_text(_from_table(folder, title, path))}


def _from_pack(folder: Path, title: str, name: str) -> dict[str, str]:
    """Write a table with every place of the pack and one true column, to be replaced by numbers of one's own."""
    import csv
    import io

    from spatial.boundaries import pack, read_places

    known = pack(name)
    places = read_places(name)
    points = known.geometry == "points"
    what, values = _example(places, points=points)
    column = "example"
    if (folder / "indicators.csv").exists():
        raise StudyError(
            complaint(
                str(folder),
                "there is an indicators.csv already",
                "Nothing was changed",
                f"Start from it: spatial new {folder.name} --from {folder / 'indicators.csv'}",
            )
        )
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow([known.key, "label", column])
    labels = places[known.label] if known.label in places.columns else places.index
    table.writerows(zip(places.index, labels, (f"{value:g}" for value in values), strict=True))
    guess = Guess(
        name=column,
        source=column,
        kind="number",
        varies=True,
        low=0,
        high=_outward(values.max()),
        seen=f"{values.min():g} to {values.max():g}",
    )
    start = Start(
        title=f"{title}: {known.title}",
        boundaries=name,
        points=points,
        rows=len(places),
        table="indicators.csv",
        table_key=known.key,
        islands=_islands(places, points=points),
        columns=(guess,),
        remarks=(
            f"indicators.csv has a row for each place of {name}; its column {column!r} ({what}) is to be replaced by columns of your own.",
        ),
    )
    return {FILE: study_text(start), "indicators.csv": stream.getvalue()}


def _example(places: "GeoDataFrame", *, points: bool) -> tuple[str, Any]:
    """Fill one column with something true: the area of the outline in km2, or the first column of numbers."""
    import pandas as pd

    if not points:
        return "the area of the outline in km2", np.array([float(f"{area:.4g}") for area in places.area / 1e6])
    numeric = [
        name
        for name in places.columns
        if name != "geometry" and pd.api.types.is_numeric_dtype(places[name]) and places[name].notna().all()
    ]
    return f"a copy of {numeric[0]}", places[numeric[0]].to_numpy(float)


def _islands(places: "GeoDataFrame", *, points: bool) -> bool:
    from spatial.weights import contiguity

    return not points and bool(len(contiguity(places, islands="keep").isolates))


def _relative(folder: Path, path: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def _from_layer(folder: Path, title: str, path: Path) -> Start:
    """Guess the key of a layer, and describe the columns it holds."""
    from spatial.boundaries import read_places

    table = read_table(path)
    keys = [str(name) for name in table.columns if table[name].notna().all() and table[name].map(str).is_unique]
    if not keys:
        raise StudyError(
            complaint(
                path.name, "no column names each place once", f"There are {listed(table.columns, 20)}", "Add a key to the layer"
            )
        )
    texts = [name for name in keys if all(isinstance(each, str) for each in table[name])]
    key = (texts or keys)[0]
    places = read_places(path, key=key)
    points = bool((places.geom_type == "Point").all())
    guesses = guessed(table.drop(columns=key))
    return Start(
        title=title,
        boundaries=_relative(folder, path),
        points=points,
        rows=len(places),
        key=key,
        islands=_islands(places, points=points),
        columns=tuple(
            _guess(each, each.title) for each in guesses if each.title.casefold() not in ("geometry", "place") and not each.missing
        ),
        remarks=(f"The layer is {path.name}; {key!r} names its places.",),
    )


def _from_table(folder: Path, title: str, path: Path) -> Start:
    """Guess which pack a table is about, and which of its columns is the key."""
    from spatial.boundaries import packs, read_places

    best: tuple[tuple[float, ...], Any] = ((0.0,), None)
    for sheet in sheets(path) or (None,):
        table = read_table(path, sheet)
        for pack in packs():
            places = read_places(pack.name)
            for position, key in enumerate(table.columns):
                rows = matched_rows(places, table[key]) if not isinstance(table[key], type(table)) else None
                if rows is None or rows.nunique() < 3 or 2 * rows.notna().sum() < len(rows):
                    continue
                score = (float(rows.nunique()), -float(abs(len(places) - len(rows))), -float(position))
                best = max(best, (score, (sheet, table, pack, places, str(key), rows)), key=lambda each: each[0])
    if best[1] is None:
        raise StudyError(
            complaint(
                path.name,
                "no column has names or codes of places of a pack",
                f"The packs are {listed([pack.name for pack in packs()], 20)}",
                "Start from your own layer, or name the pack and add the table to the study it makes",
            )
        )
    sheet, table, pack, places, key, rows = best[1]
    twice = rows.dropna()[rows.dropna().duplicated()]
    if len(twice):
        what = f"{twice.nunique()} places of {pack.name} have several rows in {key!r}: {listed(twice.unique())}"
        raise StudyError(
            complaint(
                path.name,
                what,
                "Expected one row for each place",
                "Keep one year or one indicator, and put others into columns of their own",
            )
        )
    guesses = guessed(table.drop(columns=key).loc[rows.notna()])
    missing = tuple(dict.fromkeys(text for each in guesses for text in each.missing))
    joined = places.index.isin(rows.dropna())
    columns = _named(guesses, [str(name) for name in places.columns])
    if not joined.all():
        columns = [replace(each, complete=False) for each in columns]
    return Start(
        title=title,
        boundaries=pack.name,
        points=pack.geometry == "points",
        rows=int(joined.sum()),
        table=_relative(folder, path),
        sheet=sheet if sheet is not None and len(sheets(path)) > 1 else None,
        table_key=key,
        missing=missing,
        dropped=bool(rows.isna().any() or not joined.all()),
        islands=_islands(places, points=pack.geometry == "points"),
        columns=tuple(columns),
        remarks=(
            f"{path.name} was found to be about {pack.name}: {int(rows.notna().sum())} of its {len(rows)} rows have a place, by {key!r}.",
        ),
    )


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
    bottom, top = (0.0, 100.0) if column.kind == "percent" else (min(0.0, -_outward(-low)), max(0.0, _outward(high)))
    return Guess(
        name=name,
        source=column.title,
        kind=column.kind,
        low=bottom,
        high=top,
        seen=f"{low:.6g} to {high:.6g}",
        varies=low < high,
        complete=column.complete,
    )


def _outward(number: float) -> float:
    """Round away from zero to one digit, and away from there once more, so that next year's numbers fit as well."""
    if number <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(number))
    return float(np.ceil(number / power * 1.2) * power)
