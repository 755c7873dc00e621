"""Into how many groups: what speaks for each number."""

from typing import TYPE_CHECKING

import numpy as np

from spatial.outputs._axes import chart, numbered
from spatial.outputs._paper import GREY, MARK, WIDTH, Sheet, axes_on, write
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.words import lowered

if TYPE_CHECKING:
    import pandas as pd

#: Column to what stands above its panel.
CRITERIA = {
    "silhouette": "Mean silhouette",
    "calinski_harabasz": "Calinski-Harabasz index",
    "share_between": "Share between groups",
}
_GAP = 0.45  # inches between panels


def choice(atlas: Atlas, step: Step, table: "pd.DataFrame", words: str) -> Sheet | None:
    """
    Draw what speaks for each number of groups.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The step that made the groups.
    table
        A row for each number of groups.
    words
        What is shown, for the title.

    Returns
    -------
    Sheet or None
        A panel for each criterion, the number that the study uses filled; None where only one number was tried.
    """
    shown = [name for name in CRITERIA if name in table.columns and table[name].notna().any()]
    if len(table) < 2 or not shown:
        return None
    made, axes = chart(atlas, f"{step.title}: {lowered(words)}", 1.35, (WIDTH, 0.62), left=0.42)
    box = axes.get_position()
    axes.remove()
    wide = (WIDTH - 0.42 - _GAP * (len(shown) - 1)) / len(shown)
    bottom = box.y0 * made.figure.get_size_inches()[1] - (made.figure.get_size_inches()[0] - WIDTH) / 2
    x, used = table.index.to_numpy(int), getattr(step.result, "groups", None)
    for number, name in enumerate(shown):
        panel, y = axes_on(made, 0.42 + number * (wide + _GAP), bottom, wide, 1.2), table[name].to_numpy(float)
        panel.plot(x, y, color=MARK, linewidth=0.9, zorder=2)
        fills = [MARK if each == used else "white" for each in x]
        panel.scatter(x, y, s=20, c=fills, edgecolors=MARK, linewidths=0.9, zorder=3)
        low, high = float(np.nanmin(y)), float(np.nanmax(y))
        room = 0.12 * (high - low or abs(high) or 1.0)
        panel.set_ylim(low - room, high + room)
        panel.set_xlim(x.min() - 0.5, x.max() + 0.5)
        panel.locator_params(axis="y", nbins=5)
        numbered(panel)
        panel.set_xticks(x[:: -(-len(x) // 10)], [str(each) for each in x[:: -(-len(x) // 10)]])
        panel.set_xlabel("Groups", parse_math=False)
        text = write(panel, 0.0, 1.06, CRITERIA[name], size=7, bold=True, level="bottom")
        text.set_transform(panel.transAxes)
    write(
        made.paper,
        0,
        bottom - 0.52,
        "Filled: the number of groups used here. Higher is better but for the share, which always grows.",
        size=6,
        colour=GREY,
    )
    return made
