"""Pictures for papers: every thematic map, every chart, as PNG and SVG."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.outputs._collected import file_names, is_series
from spatial.outputs.atlas import Atlas, Step, Theme
from spatial.outputs.themes import number_words
from spatial.outputs.words import lowered, p_words, value_words

if TYPE_CHECKING:
    from spatial.outputs._paper import Sheet

_NAMED_CLASSES = 12  # more are not listed in a caption
_MULTIPLES = 6  # maps on one sheet, which then fits a page


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One picture: its file name without ending, what it shows, and how it is drawn."""

    name: str
    caption: str
    kind: str  # "overview", "map", "links", "scatter", "surface", "tree", "intervals", "histogram", "correlogram", "profiles" or "choice"
    step: str | None  # the id of the step it belongs to
    draw: "Callable[[], Sheet | None]"
    title: str = ""  # of a chart: what it shows, without the name of its step
    table: Any = None  # of a chart: the table it is drawn from


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
        Picture(
            name=each.id,
            caption=f"{each.title} ({counted(each)})",
            kind="map",
            step=each.step,
            draw=partial(_maps.choropleth, atlas, each),
        )
        for each in atlas.themes
    ]
    for step in atlas.steps:
        found += _step_pictures(atlas, step)
    names = file_names(each.name for each in found)
    return tuple(replace(each, name=name) for each, name in zip(found, names, strict=True))


def _step_pictures(atlas: Atlas, step: Step) -> list[Picture]:
    from spatial.outputs import _charts, _choice, _groups, _links, _surface, _tally, _tree

    values: dict[str, Any] = {each.name: getattr(step.result, each.name) for each in fields(step.result)}
    found = []

    def add(name: str, kind: str, caption: str, draw: "Callable[[], Sheet | None]", table: Any = None) -> None:
        words = f"{step.title}: {caption} ({'; '.join([measured_words(step), *_lag_p(kind, values), *_top(kind, step, table)])})"
        title = f"{caption[:1].upper()}{caption[1:]}"
        found.append(Picture(name=f"{step.id}_{name}", caption=words, kind=kind, step=step.id, draw=draw, title=title, table=table))

    deviation: Any = values.get("deviation")
    lag: Any = values.get("lag")
    if is_series(deviation) and is_series(lag) and float((deviation**2).sum()) > 0:
        add(
            "scatter",
            "scatter",
            "scatterplot of values and neighbours' values",
            partial(_charts.moran_scatter, atlas, step, deviation, lag),
        )
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
        add("tree", "tree", "dendrogram", partial(_tree.tree, atlas, step, values["merges"]), values["merges"])
    charts: Any = {
        "histogram": _tally.histogram,
        "correlogram": _tally.correlogram,
        "profiles": _groups.profiles,
        "links": _links.links,
    }
    for each in fields(step.result):
        figure, value = each.metadata.get("figure"), values[each.name]
        if figure and value is not None and len(value) and (figure != "links" or step.graph in atlas.graphs):
            title = str(each.metadata["title"])
            add(each.name, figure, lowered(title), partial(charts[figure], atlas, step, value, title), value)
    choice: Any = values.get("choice")
    if hasattr(choice, "columns") and "silhouette" in choice.columns and len(choice) > 1:
        title = "What speaks for each number of groups"
        add("choice", "choice", lowered(title), partial(_choice.choice, atlas, step, choice, title), choice)
    for name, needed in (("coefficients", {"estimate", "low", "high"}), ("impacts", {"direct", "direct_low", "direct_high"})):
        table: Any = values.get(name)
        if hasattr(table, "columns") and needed <= set(table.columns) and len(table):
            add(
                name,
                "intervals",
                f"{name} with intervals",
                partial(_charts.intervals, atlas, step, table, f"{name} with intervals"),
                table,
            )
    return found


def counted(theme: Theme) -> str:
    """
    Say how many places of a map have a value, and how many are in each class that has a name.

    Parameters
    ----------
    theme
        The map.

    Returns
    -------
    str
        For a caption, and for somebody who cannot see the map.
    """
    count = f"n = {sum(each.count for each in theme.classes if each.low is not None or each.value is not None)}"
    if theme.kind not in ("categories", "clusters") or len(theme.classes) > _NAMED_CLASSES:
        return count
    return "; ".join([count, *(f"{each.label}: {each.count}" for each in theme.classes)])


def measured_words(step: Step) -> str:
    """
    Say on how many places a step rests, and its statistic with p where it has them.

    Parameters
    ----------
    step
        The finished step.

    Returns
    -------
    str
        For a caption.
    """
    words = [f"n = {value_words(step.result.observations)}"]
    statistic = getattr(step.result, "statistic", None)
    if isinstance(statistic, float):
        titles = {each.name: str(each.metadata.get("title", each.name)) for each in fields(step.result)}
        words.append(f"{titles['statistic']} = {number_words(statistic)}")
        for name in ("p_permutation", "p"):
            p = getattr(step.result, name, None)
            if isinstance(p, float) and p == p:  # noqa: PLR0124  (not NaN)
                words.append(f"p ({'permutation' if name == 'p_permutation' else 'analytical'}) {_equals(p_words(p))}")
                break
    return ", ".join(words)


def _lag_p(kind: str, values: dict[str, Any]) -> list[str]:
    """Give the smallest and the largest p of a correlogram."""
    table = next((each for each in values.values() if hasattr(each, "columns") and "p_adjusted" in each.columns), None)
    if kind != "correlogram" or table is None:
        return []
    low, high = p_words(float(table["p_adjusted"].min())), p_words(float(table["p_adjusted"].max()))
    return [f"p adjusted for {len(table)} lags from {low} to {high}"]


def _top(kind: str, step: Step, table: Any) -> list[str]:
    """Tell how much of a tree is drawn where it is not the whole of it."""
    from spatial.outputs._tree import top_words

    return [words] if kind == "tree" and (words := top_words(step, table)) else []


def _equals(words: str) -> str:
    return words if words[:1] in "<>" else f"= {words}"
