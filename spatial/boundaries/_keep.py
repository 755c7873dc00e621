"""Keep geometries as a pack: ``places.gpkg`` and ``source.toml``, whole or not at all."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.boundaries._address import is_address, is_database, without_password
from spatial.boundaries._fit import bounds_of, extent_of, stated
from spatial.boundaries._open import opened
from spatial.boundaries._packs import Pack, pack, sha256_of
from spatial.boundaries._read import repaired, with_key
from spatial.errors import DataError, OutputError, StudyError, complaint
from spatial.places import checked

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_NO_DATE = "2000-01-01T00:00:00.000Z"  # stands wherever the format wants a date: same in, same out


def get_boundaries(
    source: "str | Path | GeoDataFrame",
    folder: str | Path,
    *,
    key: str,
    name: str,
    layer: str | None = None,
    crs: str | None = None,
    label: str = "",
    title: str = "",
    licence: str = "",
    retrieved: str = "",
) -> Pack:
    """
    Keep boundaries from a file, an address or a database as a pack of one's own.

    Parameters
    ----------
    source
        As for ``read_places``.
    folder
        The folder that holds the packs; it is made where it is not there.
    key
        The column whose texts name the places.
    name
        The name of the pack: letters, digits, ``-`` and ``_``, with at most one stroke, for example ``"georgia/regions"``.
    layer
        The layer of a file or the table of a database.
    crs
        The reference system the coordinates are in, where the source does not state one; ``"local"`` for none on Earth.
    label
        The column that names a place for a reader; empty for the key.
    title
        What the boundaries are; empty for the name of the pack.
    licence
        Under which terms they may be used; empty is recorded as ``"not stated"``.
    retrieved
        The day they were fetched, as ``"2025-01-31"``; empty is recorded as ``"not stated"``.

    Returns
    -------
    Pack
        What was kept. Coordinates are those of the source; invalid polygons are repaired.

    Raises
    ------
    DataError
        When the source cannot be read or does not hold places.
    StudyError
        When the name is not safe as the name of a folder, or the label is not a column.
    OutputError
        When there is such a pack already or the folder cannot be written.
    """
    target = _target(Path(folder), name)
    found = opened(source, layer)
    table = repaired(with_key(found, key), found.where)
    table = checked(stated(table, crs, found.where), found.where)
    chosen = key if key in table.columns else "place"
    if label and label not in table.columns:
        raise StudyError(
            complaint(found.where, f"there is no column {label!r}", "Expected the column that names a place for a reader")
        )
    local = table.crs.is_engineering
    told: dict[str, Any] = {
        "title": title or name,
        "key": chosen,
        "label": label,
        "crs": "local" if local else table.crs.to_string(),
        "geometry": "points" if table.geom_type.iloc[0].endswith("Point") else "polygons",
        "rows": len(table),
        "source": _origin(source, layer, found.where),
        "licence": licence or "not stated",
        "retrieved": retrieved or "not stated",
    }
    if not local:
        told["extent"] = [round(each, 4) for each in extent_of(table)]
    if sum(map(abs, bounds_of(table))) == 0:
        raise DataError(complaint(found.where, "all coordinates are zero", "Expected places"))
    with _whole(target) as partial:
        keep(table.reset_index() if chosen == "place" else table.reset_index(drop=True), told, partial)
    return pack(target)


def keep(table: "GeoDataFrame", told: Mapping[str, Any], folder: Path) -> None:
    """
    Write ``places.gpkg`` and ``source.toml`` into a folder that is there.

    Parameters
    ----------
    table
        Plain columns and ``geometry``.
    told
        The pedigree without the hash, in the order it is written; a mapping in it becomes a table of TOML.
    folder
        Where to.
    """
    file = folder / "places.gpkg"
    write_geopackage(table, file)
    told = {**told, "sha256": sha256_of(file)}
    lines = [f"{name} = {_toml(value)}" for name, value in told.items() if not isinstance(value, Mapping)]
    for name, value in told.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{name}]", *(f"{_bare(each)} = {_toml(text)}" for each, text in value.items())]
    (folder / "source.toml").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write_geopackage(table: "GeoDataFrame", file: Path) -> None:
    """
    Write one layer ``places`` as GeoPackage 1.2, the same bytes for the same table.

    Parameters
    ----------
    table
        Columns and ``geometry``; one kind of geometry.
    file
        Where to; its folder must be there.
    """
    import pyogrio

    polygons = not table.geom_type.iloc[0].endswith("Point")
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _NO_DATE})
    try:
        pyogrio.write_dataframe(
            table,
            file,
            layer="places",
            driver="GPKG",
            geometry_type="MultiPolygon" if polygons else "Point",
            promote_to_multi=polygons,
            dataset_options={"VERSION": "1.2"},
            layer_options={"GEOMETRY_NAME": "geom", "IDENTIFIER": "places"},
        )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _target(folder: Path, name: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)?", name):
        raise StudyError(
            complaint(
                "boundaries",
                f"{name!r} cannot be the name of a pack",
                "Expected letters, digits, - and _, with at most one stroke, for example 'georgia/regions'",
                "Choose another name",
            )
        )
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise StudyError(
            complaint(
                "boundaries",
                f"{name!r} would lie outside {folder}",
                "Expected a pack inside the folder",
                "Remove the link that leads out of it",
            )
        )
    if target.exists() or target.is_symlink():
        raise OutputError(
            complaint(
                str(target),
                "there is something of this name already",
                "Expected a new name",
                "Delete it first, or choose another name",
            )
        )
    return target


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Give a folder beside the target that takes its place when everything is written, and is gone when not."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise OutputError(
            complaint(
                str(target.parent),
                f"it cannot be written ({error.strerror})",
                "Expected a folder one may write to",
                "Choose another folder",
            )
        ) from None
    try:
        yield partial
        partial.chmod(0o755)
        os.rename(partial, target)  # noqa: PTH104  (fails where the target has come into being; Path.rename may replace it)
    except OSError as error:
        raise OutputError(
            complaint(
                str(target),
                f"it cannot be written ({error.strerror})",
                "Expected room and the right to write",
                "Choose another folder",
            )
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _origin(source: Any, layer: str | None, where: str) -> str:
    """Say where something came from, without passwords and folders of this machine."""
    text = str(source) if isinstance(source, str | Path) else "a table in memory"
    if is_database(text):
        return where
    if is_address(text):
        text = without_password(text)
    elif isinstance(source, str | Path):
        text = Path(text).name
    return f"{text}, layer {layer}" if layer else text


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _bare(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)
