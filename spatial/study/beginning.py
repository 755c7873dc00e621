"""A study to start from: guessed from what is given, written so that it runs as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, OutputError, StudyError, complaint, nearest_name
from spatial.study._origins import Ground, layer_ground, outward, pack_ground, start_from_ground, start_from_table
from spatial.study._template import Guess, Start, study_text
from spatial.study.reading import FILE, read_study

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_DEFAULT = "kazakhstan/regions-20"
_POINTS = (".csv", ".tsv", ".txt")
_LAYERS = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".gml", ".kml", ".zip")


def new_study(
    folder: str | Path,
    source: str | Path | None = None,
    boundaries: str | Path | None = None,
    crs: str | None = None,
    *,
    tell: Callable[[str], None] | None = None,
) -> tuple[Path, ...]:
    """
    Write a study to start from.

    Parameters
    ----------
    folder
        Where it goes; made if it is not there.
    source
        A table of indicators, of which the boundary pack, the key, the columns and their ranges are guessed; a layer of one's
        own, also as ``file.gpkg::layer``; or a boundary pack, for which a table to fill in is written as well. Without it,
        the pack ``kazakhstan/regions-20``.
    boundaries
        The pack or layer that a table is about, where it is not to be guessed.
    crs
        The reference system of a layer of one's own, where its file does not state one.
    tell
        Called with each sentence about what was guessed.

    Returns
    -------
    tuple of pathlib.Path
        The files written; the study among them runs as it is.

    Raises
    ------
    StudyError
        When the folder has a study already, or nothing can be made of the source.
    DataError
        When a file cannot be read.
    OutputError
        When the folder cannot be written to.
    """
    folder = Path(folder)
    if (folder / FILE).exists():
        raise StudyError(complaint(str(folder), f"there is a {FILE} already", "Nothing was changed", "Choose another folder"))
    if folder.exists() and not folder.is_dir():
        raise StudyError(complaint(str(folder), "it is a file", "Expected a folder, or a name for a new one"))
    start, files = _begun(folder, source, boundaries, crs)
    files = {FILE: study_text(start), **files}
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
    if tell is not None:
        for sentence in start.remarks:
            tell(sentence)
    return tuple(folder / name for name in files)


def _begun(folder: Path, source: str | Path | None, boundaries: str | Path | None, crs: str | None) -> tuple[Start, dict[str, str]]:
    """Find out what kind of thing the study starts from; give what it says, and files beside it."""
    from spatial.boundaries import packs

    known = [pack.name for pack in packs()]
    title = folder.resolve().name.replace("-", " ").replace("_", " ").strip().capitalize()
    if source is None or str(source) in known:
        if source is not None and boundaries is not None:
            raise StudyError(
                complaint("--boundaries", f"{source} is a boundary pack itself", "Expected a table with --from", "Leave one out")
            )
        if source is None and boundaries is not None:
            return _begun(folder, boundaries, None, crs)
        return _from_pack(folder, title, str(source or _DEFAULT))
    path = _file(source, known)
    if boundaries is not None:
        return start_from_table(folder, title, path, [_ground(folder, str(boundaries), known, crs)]), {}
    if path.suffix.casefold() in _LAYERS:
        return start_from_ground(title, layer_ground(folder, str(source), crs)), {}
    try:
        return start_from_table(folder, title, path, [pack_ground(name) for name in known]), {}
    except StudyError as unmatched:
        if path.suffix.casefold() not in _POINTS or "no column has names" not in str(unmatched):
            raise
        try:
            return start_from_ground(title, layer_ground(folder, str(source), crs)), {}
        except DataError:  # no table of points either
            raise unmatched from None


def _file(source: str | Path, known: list[str]) -> Path:
    path = Path(str(source).partition("::")[0])
    if path.is_dir():
        raise StudyError(complaint(str(source), "it is a folder", "Expected a table, a layer or a boundary pack"))
    if not path.is_file():
        raise StudyError(complaint(str(source), "there is no such file and no such pack", nearest_name(str(source), known)))
    return path


def _ground(folder: Path, boundaries: str, known: list[str], crs: str | None) -> Ground:
    if boundaries in known:
        return pack_ground(boundaries)
    _file(boundaries, known)
    return layer_ground(folder, boundaries, crs)


def _from_pack(folder: Path, title: str, name: str) -> tuple[Start, dict[str, str]]:
    """Write a table with every place of the pack and one true column, to be replaced by numbers of one's own."""
    import csv
    import io

    from spatial.boundaries import pack

    known, ground = pack(name), pack_ground(name)
    places = ground.places
    what, values = _example(places, points=ground.points)
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
    key = ground.label or known.key
    titles = list(dict.fromkeys((key, known.key)))
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow([*titles, column])
    table.writerows(zip(*(places[each] for each in titles), (f"{value:g}" for value in values), strict=True))
    guess = Guess(
        name=column,
        source=column,
        kind="number",
        varies=True,
        low=0,
        high=outward(values.max()),
        seen=f"{values.min():g} to {values.max():g}",
    )
    start = Start(
        title=f"{title}: {known.title}",
        boundaries=name,
        points=ground.points,
        rows=len(places),
        key=ground.label or None,
        table="indicators.csv",
        table_key=key,
        islands=ground.islands,
        columns=(guess,),
        remarks=(
            f"indicators.csv has a row for each place of {name}; its column {column!r} ({what}) is to be replaced by columns of your own.",
        ),
    )
    return start, {"indicators.csv": stream.getvalue()}


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
