"""Charts share a sheet: title, axes, numbers along them, words beside them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spatial.outputs._margin import note_lines, note_text, title
from spatial.outputs._paper import INK, WIDTH, Sheet, axes_on, sheet, wrapped, write
from spatial.outputs.atlas import Atlas
from spatial.outputs.words import line_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def chart(atlas: Atlas, words: str, tall: float, box: tuple[float, float], *, left: float = 0.55) -> "tuple[Sheet, Axes]":
    """
    Take a sheet with title, notes and axes.

    Parameters
    ----------
    atlas
        The finished study: its notes stand below.
    words
        The title.
    tall
        The height of the axes in inches.
    box
        The width of the axes in inches (with `left` below 1: their right end), and how far they stand above the notes.
    left
        Where the axes begin, in inches.

    Returns
    -------
    tuple
        The sheet and the axes.
    """
    heading = wrapped(words, WIDTH, 9.5, bold=True, most=3)
    notes = note_lines(atlas, WIDTH)
    top, foot = 0.19 * len(heading) + (0.4 if atlas.synthetic else 0.2), 0.1 * len(notes) + 0.04
    made = sheet(WIDTH, top + tall + box[1] + foot)
    title(made, heading, synthetic=atlas.synthetic)
    note_text(made.paper, notes, foot)
    wide = box[0] - left if left < 1 else box[0]
    return made, axes_on(made, left, foot + box[1], wide, tall)


def numbered(axes: "Axes") -> None:
    """
    Write the numbers along the axes like those of the report.

    Parameters
    ----------
    axes
        With the limits they will keep.
    """
    for axis in (axes.xaxis, axes.yaxis):
        ticks = [float(each) for each in axis.get_majorticklocs()]
        low, high = sorted(axis.get_view_interval())
        inside = [each for each in ticks if low <= each <= high]
        step = float(np.diff(inside).min()) if len(inside) > 1 else None
        digits = 0 if step is None else max(0, -int(np.floor(np.log10(step) + 1e-9)))
        if step is not None and round(step * 10**digits, 6) % 1:
            digits += 1
        axis.set_ticks(inside, line_words(inside, digits))


def side(made: Sheet, left: float, lines: Sequence[str]) -> None:
    """
    Write a few words beside a square picture.

    Parameters
    ----------
    made
        The sheet.
    left
        Where they begin, in inches.
    lines
        One paragraph each.
    """
    y = made.height - 0.75
    for text in lines:
        for line in wrapped(text, WIDTH - left, 7):
            write(made.paper, left, y, line, size=7, colour=INK)
            y -= 0.14
        y -= 0.06
