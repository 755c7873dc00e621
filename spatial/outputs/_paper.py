"""A sheet of paper measured in inches: text, lines and colours on it, and how it is saved."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spatial.errors import SpatialWarning
from spatial.outputs.record import written
from spatial.outputs.words import cleaned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The width of a text block on A4, in inches; every full-width picture has it.
WIDTH = 6.3
_PAD = 0.08
INK, GREY, FAINT, ALARM, MARK = "#1a1a1a", "#5f5f5f", "#d8d8d8", "#b2182b", "#2c7fb8"
SMALL = 5.5  # points, for what stands round the picture
DOTS_PER_INCH = 200

# Text is drawn as outlines: the same picture on every machine, whichever fonts it has.
_STYLE = {
    "font.family": ["DejaVu Sans"],
    "svg.fonttype": "path",
    "svg.hashsalt": "spatial",
    "path.simplify": False,
    "axes.linewidth": 0.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass(frozen=True, eq=False)
class Sheet:
    """One picture: the figure, and axes over all of it whose coordinates are inches from the lower left corner."""

    figure: "Figure"
    paper: "Axes"
    width: float
    height: float


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of this room; what the user has set for matplotlib neither counts nor changes."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)  # where it keeps its list of fonts, and settings that do not count here, concern nobody
    try:
        from matplotlib import style

        with style.context(["default", _STYLE]):
            yield
    finally:
        logger.setLevel(level)


def sheet(width: float, height: float) -> Sheet:
    """
    Take an empty sheet.

    Parameters
    ----------
    width, height
        In inches.

    Returns
    -------
    Sheet
        White, without axes that show.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width + 2 * _PAD, height + 2 * _PAD), dpi=DOTS_PER_INCH, facecolor="white")
    paper = figure.add_axes((0, 0, 1, 1))
    paper.set_axis_off()
    made = Sheet(figure, paper, width, height)
    measure_out(made)
    return made


def measure_out(made: Sheet) -> None:
    """
    Measure the paper in inches from its lower left corner; to be done again after an image was put on it.

    Parameters
    ----------
    made
        The sheet; a narrow rim lies outside its width and height.
    """
    made.paper.set_xlim(-_PAD, made.width + _PAD)
    made.paper.set_ylim(-_PAD, made.height + _PAD)


def axes_on(made: Sheet, left: float, bottom: float, width: float, height: float) -> "Axes":
    """
    Put axes of their own on a sheet.

    Parameters
    ----------
    made
        The sheet.
    left, bottom, width, height
        Where, in inches.

    Returns
    -------
    matplotlib.axes.Axes
        See-through.
    """
    wide, tall = made.width + 2 * _PAD, made.height + 2 * _PAD
    axes = made.figure.add_axes(((left + _PAD) / wide, (bottom + _PAD) / tall, width / wide, height / tall))
    axes.patch.set_visible(False)
    return axes


def write(
    axes: "Axes",
    x: float,
    y: float,
    text: str,
    *,
    size: float = 7,
    colour: str = INK,
    bold: bool = False,
    align: Literal["left", "center", "right"] = "left",
    level: Literal["baseline", "center", "top", "bottom"] = "baseline",
    halo: str = "",
) -> Any:
    """
    Write a text as it is: a dollar sign begins no formula.

    Parameters
    ----------
    axes
        Where to.
    x, y
        The anchor in the coordinates of ``axes``.
    text
        Untrusted; one line.
    size
        In points.
    colour
        Of the letters.
    bold
        Whether they are bold.
    align, level
        Where the anchor is in the text.
    halo
        The colour of a rim that sets the letters off from the map; none where empty.

    Returns
    -------
    matplotlib.text.Text
        What was written.
    """
    from matplotlib.patheffects import withStroke

    made = axes.text(
        x,
        y,
        cleaned(text),
        fontsize=size,
        color=colour,
        fontweight="bold" if bold else "normal",
        ha=align,
        va=level,
        parse_math=False,
    )
    if halo:
        made.set_path_effects([withStroke(linewidth=1.4, foreground=halo)])
    return made


def measured(text: str, size: float, *, bold: bool = False) -> float:
    """
    Measure a text.

    Parameters
    ----------
    text
        One line.
    size
        In points.
    bold
        Whether it is bold.

    Returns
    -------
    float
        Its width in inches.
    """
    return sum(_advance(letter, bold) for letter in cleaned(text)) * size / 72


def wrapped(text: str, width: float, size: float, *, bold: bool = False, most: int = 8) -> list[str]:
    """
    Break a text into lines.

    Parameters
    ----------
    text
        Of any length.
    width
        Of the lines, in inches.
    size
        In points.
    bold
        Whether it is bold.
    most
        How many lines there may be; the last one then ends in an ellipsis.

    Returns
    -------
    list of str
        The lines; a word that is too long by itself is broken.
    """
    lines, line = [], ""
    for word in _pieces(cleaned(text).split(), width, size, bold=bold):
        longer = f"{line} {word}" if line else word
        if line and measured(longer, size, bold=bold) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} …"]


def saved(figure: "Figure", folder: Path, name: str) -> tuple[Path, Path]:
    """
    Save a picture as PNG and SVG, without dates and with the same bytes each time.

    Parameters
    ----------
    figure
        The picture.
    folder
        Where to.
    name
        The file name without ending.

    Returns
    -------
    tuple of pathlib.Path
        The PNG and the SVG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    made = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message="Glyph .* missing from font")
        for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
            buffer = io.BytesIO()
            quick: dict[str, Any] = {"pil_kwargs": {"compress_level": 4}} if kind == "png" else {}
            figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=metadata, **quick)
            made.append(written(folder / f"{name}.{kind}", buffer.getvalue()))
    if caught:
        warnings.warn(
            f"{name}: letters that the font of the pictures does not have are drawn as boxes.", SpatialWarning, stacklevel=2
        )
    return made[0], made[1]


def _pieces(words: list[str], width: float, size: float, *, bold: bool) -> Iterator[str]:
    for word in words:
        rest = word
        while rest and measured(rest, size, bold=bold) > width:
            fits = max(1, int(len(rest) * width / measured(rest, size, bold=bold)) - 1)
            yield rest[:fits]
            rest = rest[fits:]
        yield rest


@lru_cache(maxsize=4096)
def _advance(letter: str, bold: bool) -> float:  # noqa: FBT001  (a key of the cache)
    """How far a letter moves the pen, in ems; kerning is too small to matter here."""
    font = _font(bold)
    return float(font.load_glyph(font.get_char_index(ord(letter))).linearHoriAdvance) / 65_536 / 100


@lru_cache(maxsize=2)
def _font(bold: bool) -> Any:  # noqa: FBT001  (likewise)
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    font = FT2Font(findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")))
    font.set_size(100, 72)  # 100 pixels to the em, so that rounding to pixels does not matter
    return font
