"""Names on a map, each where it covers no other."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._frame import Frame
from spatial.outputs._paper import INK, measured, wrapped, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: With more places, only some are named.
NAMED_UP_TO = 20


def place_names(
    axes: "Axes",
    texts: Sequence[str],
    spots: "np.ndarray[Any, Any]",
    beside: "np.ndarray[Any, Any]",
    frame: Frame,
    fills: Sequence[str] = (),
    avoid: "np.ndarray[Any, Any] | None" = None,
) -> None:
    """
    Write names onto a map, each where it covers no other; a name that fits nowhere is left out.

    Parameters
    ----------
    axes
        The paper.
    texts
        The names, the important ones first.
    spots
        Where they belong, in inches.
    beside
        How far from the spot the text begins; 0 centres it there.
    frame
        Where the map is: names stay inside.
    fills
        The colour below each name where it is known; on a dark one the letters are white.
    avoid
        Points that names cover only where there is no other room, in inches.
    """
    size, tall = 6.0, 0.085
    taken: list[tuple[float, float, float, float]] = []
    dots = [] if avoid is None else [(x - 0.045, y - 0.045, x + 0.045, y + 0.045) for x, y in avoid]
    for text, (x, y), gap, fill in zip(texts, spots, beside, fills or [""] * len(texts), strict=True):
        short = wrapped(text, 1.6, size, most=1)[0] if measured(text, size) > 1.6 else text  # inches
        wide = measured(short, size)
        rows = [0.0, 0.09, -0.09, 0.17, -0.17]
        lefts = [x - wide / 2] if gap == 0 else [x + gap, x - gap - wide]
        spaces = [(left, y + row - tall / 2, left + wide, y + row + tall / 2) for row in rows for left in lefts]
        spaces += [(x - wide / 2, y + row - tall / 2, x + wide / 2, y + row + tall / 2) for row in (0.13, -0.13) if gap]
        inside = [box for box in spaces if box[0] >= frame.left - 0.02 and box[2] <= frame.left + frame.width + 0.02]
        spaces = [box for box in inside if not any(_overlap(box, other) for other in taken)]
        free = min(spaces, key=lambda box: sum(_overlap(box, dot) for dot in dots), default=None)
        if free is not None:
            taken.append(free)
            pale = not fill or _lightness(fill) > 0.5  # where black and white letters read equally well
            write(
                axes, free[0], free[1] + 0.015, short, size=size, colour=INK if pale else "white", halo=fill or "white"
            ).set_zorder(6)


def _lightness(colour: str) -> float:
    """Perceived lightness of ``#rrggbb``, 0 to 1."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return math.sqrt(0.299 * red**2 + 0.587 * green**2 + 0.114 * blue**2)


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
