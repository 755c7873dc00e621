"""Pictures for papers: every thematic map, every chart, as PNG and SVG."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.outputs._collected import file_names, is_series
from spatial.outputs.atlas import Atlas, Step

if TYPE_CHECKING:
    from spatial.outputs._paper import Sheet

_MULTIPLES = 6  # maps on one sheet, which then fits a page


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One picture: its file name without ending, what it shows, and how it is drawn."""

    name: str
    caption: str
    kind: str  # "overview", "map", "scatter", "surface", "tree" or "intervals"
    step: str | None  # the id of the step it belongs to
    draw: "Callable[[], Sheet | None]"


def write_figures(atlas: Atlas, folder: str | Path) -> tuple[Path, ...]:
    """
    Draw every picture of a study.

    Parameters
    ----------
    atlas
        The finished study.
    folder
        Where the files go; it is made if need be.

    Returns
    -------
    tuple of pathlib.Path
        A PNG file (200 dots per inch) and an SVG file for each picture: the same input gives the same bytes.

    Raises
    ------
    OutputError
        When a file cannot be written.
    """
    from spatial.outputs._paper import saved, styled

    made: list[Path] = []
    with styled():
        for each in pictures(atlas):
            drawn = each.draw()
            if drawn is not None:
                made += saved(drawn.figure, Path(folder), each.name)
    return tuple(made)


def pictures(atlas: Atlas) -> tuple[Picture, ...]:
    """
    List the pictures of a study, without drawing them.

    Parameters
    ----------
    atlas
        The finished study.

    Returns
    -------
    tuple of Picture
        Small multiples of the indicators, a map for each theme, then the charts of each step.
    """
    from spatial.outputs import _maps

    found: list[Picture] = []
    first = [each for each in atlas.themes if each.step is None and each.layer == "places"]
    if len(first) > 1:
        for start in range(0, len(first), _MULTIPLES):
            part = first[start : start + _MULTIPLES]
            found.append(
                Picture(
                    name="indicators",
                    caption=f"Indicators: {'; '.join(each.title for each in part)}",
                    kind="overview",
                    step=None,
                    draw=partial(_maps.small_multiples, atlas, part),
                )
            )
    found += [
        Picture(name=each.id, caption=each.title, kind="map", step=each.step, draw=partial(_maps.choropleth, atlas, each))
        for each in atlas.themes
    ]
    for step in atlas.steps:
        found += _step_pictures(atlas, step)
    names = file_names(each.name for each in found)
    return tuple(replace(each, name=name) for each, name in zip(found, names, strict=True))


def _step_pictures(atlas: Atlas, step: Step) -> list[Picture]:
    from spatial.outputs import _charts, _surface, _tree

    values: dict[str, Any] = {each.name: getattr(step.result, each.name) for each in fields(step.result)}
    found = []

    def add(name: str, kind: str, caption: str, draw: "Callable[[], Sheet | None]") -> None:
        found.append(Picture(name=f"{step.id}_{name}", caption=f"{step.title}: {caption}", kind=kind, step=step.id, draw=draw))

    deviation: Any = values.get("deviation")
    lag: Any = values.get("lag")
    if is_series(deviation) and is_series(lag) and float((deviation**2).sum()) > 0:
        add("scatter", "scatter", "Moran scatterplot", partial(_charts.moran_scatter, atlas, step, deviation, lag))
    surface = atlas.surfaces.get(step.id)
    if surface is not None:
        found.append(
            Picture(
                name=f"{step.id}_surface",
                caption=step.title,
                kind="surface",
                step=step.id,
                draw=partial(_surface.surface_map, atlas, step, surface),
            )
        )
    if hasattr(values.get("merges"), "columns"):
        add("tree", "tree", "dendrogram", partial(_tree.tree, atlas, step, values["merges"]))
    for name, needed in (("coefficients", {"estimate", "low", "high"}), ("impacts", {"direct", "direct_low", "direct_high"})):
        table: Any = values.get(name)
        if hasattr(table, "columns") and needed <= set(table.columns) and len(table):
            add(
                name,
                "intervals",
                f"{name} with intervals",
                partial(_charts.intervals, atlas, step, table, f"{name} with intervals"),
            )
    return found
