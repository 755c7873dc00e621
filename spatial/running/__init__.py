"""
Study -> Results -> files: read everything, compute every step, write all or nothing.

The folder is not called `run`: a module of that name would hide the function `spatial.run`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from spatial.progress import telling
from spatial.results import Result
from spatial.running._record import versions
from spatial.running._told import collected, seldom
from spatial.running.computing import compute
from spatial.running.preparing import Prepared, columns_named, prepare
from spatial.study import Study, read_study

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from spatial.outputs.atlas import Atlas

__all__ = [
    "Prepared",
    "Progress",
    "Run",
    "collected",
    "columns_named",
    "compute",
    "output_folder",
    "prepare",
    "run",
    "seldom",
    "versions",
]

#: Called with the work done so far, the work there is, and what is being done.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Run:
    """A finished study: where its files are, and its numbers."""

    folder: Path
    places: "GeoDataFrame"
    results: Mapping[str, Result]
    atlas: "Atlas"


def run(source: str | Path, out: str | Path | None = None, *, progress: Progress | None = None) -> Run:
    """
    Run a study from its file to layers, maps, surfaces and a report.

    Parameters
    ----------
    source
        A folder with a ``study.toml``, the file itself, or the name of an embedded study.
    out
        The folder the files go to; by default ``out`` beside the study file. Files appear whole or not at all.
    progress
        Called with the work done, the work there is, and a few words.

    Returns
    -------
    Run
        The output folder, the places with all columns, and the result of every step by its id.

    Raises
    ------
    SpatialError
        When an input cannot be used or a number cannot be computed; then no output is left behind and older output stays.
    """
    from spatial.outputs import swap

    study = read_study(source)
    folder = Path(out) if out is not None else output_folder(study)
    tell = progress or _silent
    with swap.staged(folder) as staging:
        total = len(study.steps) + 2
        tell(0, total, "Reading and joining")
        with telling(seldom(lambda done, most, words: tell(0, total, f"{words}, {done / most:.0%}"))):
            prepared = prepare(study)
        atlas = compute(prepared, lambda done, words: tell(done + 1, total, words))
        tell(total - 1, total, "Writing maps, layers and tables")
        _write(atlas, study, staging)
        atlas = replace(atlas, record={**atlas.record, "outputs": swap.files(staging)})
        from spatial.outputs.record import write_record

        write_record(atlas, staging / "run.json")
    tell(total, total, "Done")
    return Run(folder, atlas.places, {step.id: step.result for step in atlas.steps}, atlas)


def _silent(done: int, total: int, words: str) -> None:
    del done, total, words


def output_folder(study: Study) -> Path:
    """
    Say where a study's files go by default.

    Parameters
    ----------
    study
        The recipe.

    Returns
    -------
    pathlib.Path
        ``out`` beside the study file; for a study inside an installed package ``<name>/out`` in the current folder.
    """
    return Path.cwd() / study.name / "out" if "_data" in study.folder.parts else study.folder / "out"


def _write(atlas: "Atlas", study: Study, folder: Path) -> None:
    """Let every writer of the outputs room write its part."""
    from spatial import outputs

    for name, surface in atlas.surfaces.items():
        outputs.write_surface(surface, folder / f"surface-{name}.tif", title=_step_title(atlas, name))
    outputs.write_tables(atlas, folder / "tables")
    outputs.write_figures(atlas, folder / "figures")
    if study.outputs.layers:
        outputs.write_geopackage(atlas, folder / "atlas.gpkg")
        outputs.write_project(atlas, "atlas.gpkg", folder / "atlas.qgz")
    if study.outputs.map:
        outputs.write_map(atlas, folder / "map.html")
    if study.outputs.report:
        outputs.write_report(atlas, folder / "report.html", folder / "figures")


def _step_title(atlas: "Atlas", name: str) -> str:
    return next(step.title for step in atlas.steps if step.id == name)
