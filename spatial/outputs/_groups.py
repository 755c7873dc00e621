"""What is high and low in each group, one small chart for each indicator."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from spatial.outputs._margin import note_lines, note_text, title
from spatial.outputs._paper import GREY, WIDTH, Sheet, axes_on, sheet, wrapped, write
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.themes import GROUPS
from spatial.outputs.words import line_words, lowered

if TYPE_CHECKING:
    import pandas as pd

#: On one sheet that can be read.
MOST_BARS, MOST_PANELS = 12, 24
_ACROSS = 3


def group_colours(atlas: Atlas, step: Step) -> Mapping[str, str]:
    """
    Give the colour that each group of a step has on its map.

    Parameters
    ----------
    atlas
        The finished study.
    step
        A step that groups places.

    Returns
    -------
    dict
        Group to colour; empty where the step has no map of groups.
    """
    found = next((each for each in atlas.themes if each.step == step.id and each.kind == "categories"), None)
    return {} if found is None else {str(each.value): each.colour for each in found.classes if each.value is not None}


def profiles(atlas: Atlas, step: Step, table: "pd.DataFrame", words: str) -> Sheet | None:
    """
    Draw the mean of each group, indicator by indicator.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The step that made the groups.
    table
        A row for each group, a column for each indicator, in standard deviations from the mean of all places.
    words
        What is shown, for the title.

    Returns
    -------
    Sheet or None
        Bars in the colours of the map; None where there are too many groups or indicators for one sheet.
    """
    groups, columns = [str(each) for each in table.index], [str(each) for each in table.columns]
    if len(groups) > MOST_BARS or len(columns) > MOST_PANELS:
        return None
    given = group_colours(atlas, step)
    colours = [given.get(group, GROUPS[number % len(GROUPS)]) for number, group in enumerate(groups)]
    across = -(-len(columns) // -(-len(columns) // _ACROSS))  # as many in each row as there can be, and all rows alike
    wide = (WIDTH - 0.2 - 0.3 * (across - 1)) / across
    tall = 0.17 * len(groups) + 0.06
    heading = wrapped(f"{step.title}: {lowered(words)}", WIDTH, 9.5, bold=True, most=3)
    heads = [wrapped(atlas.titles.get(column, column) or column, wide, 7, bold=True, most=2) for column in columns]
    notes = note_lines(atlas, WIDTH)
    lines = [max(len(each) for each in heads[start : start + across]) for start in range(0, len(columns), across)]
    cells = [0.13 * count + tall + 0.3 for count in lines]
    top = 0.19 * len(heading) + (0.29 if atlas.synthetic else 0.1)
    foot = 0.1 * len(notes) + 0.04
    made = sheet(WIDTH, top + sum(cells) + 0.12 + foot)
    title(made, heading, synthetic=atlas.synthetic)
    reach = 1.05 * (float(np.nanmax(np.abs(table.to_numpy(float)))) or 1.0)
    for number, (column, head) in enumerate(zip(columns, heads, strict=True)):
        row, place = divmod(number, across)
        upper = made.height - top - sum(cells[:row])
        box = (0.2 + place * (wide + 0.3), upper, wide, tall)
        _panel(made, box, head, lines[row], groups, table[column].to_numpy(float), colours, reach)
    write(
        made.paper,
        0,
        foot + 0.08,
        "Groups 1, 2, … in the colours of the map; numbers: standard deviations from the mean of all places.",
        size=6,
        colour=GREY,
    )
    note_text(made.paper, notes, foot)
    return made


def _panel(
    made: Sheet,
    box: tuple[float, float, float, float],
    head: list[str],
    lines: int,
    groups: list[str],
    values: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    colours: list[str],
    reach: float,
) -> None:
    left, upper, wide, tall = box
    for number, line in enumerate(head):
        write(made.paper, left, upper - 0.1 - 0.13 * (number + lines - len(head)), line, size=7, bold=True)
    axes = axes_on(made, left, upper - 0.13 * lines - tall - 0.06, wide, tall)
    y = np.arange(len(groups))
    axes.barh(y, values, height=0.72, color=colours, edgecolor="#4d4d4d", linewidth=0.3)
    axes.axvline(0, color="#4d4d4d", linewidth=0.6)
    axes.set_xlim(-1.4 * reach, 1.4 * reach)  # room for the numbers at the ends of the bars
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.set_xticks([])
    axes.set_yticks([])
    for name in ("left", "bottom"):
        axes.spines[name].set_visible(False)
    for at, (group, value, text) in enumerate(zip(groups, values, line_words(list(values), 1), strict=True)):
        text_at = write(axes, -0.03, at, group, size=6.5, align="right", level="center")
        text_at.set_transform(axes.get_yaxis_transform())
        signed = f"+{text}" if value > 0 and text.strip("0.") else text
        write(
            axes,
            value + (0.04 if value >= 0 else -0.04) * reach,
            at,
            signed,
            size=6,
            align="left" if value >= 0 else "right",
            level="center",
        )
