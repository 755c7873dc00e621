"""Charts of counts and of lags."""

from typing import TYPE_CHECKING

import numpy as np

from spatial.outputs._axes import chart, numbered, side
from spatial.outputs._paper import GREY, MARK, Sheet, measured, write
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.themes import CLUSTERS, number_words
from spatial.outputs.words import line_words, lowered, value_words
from spatial.places import is_local

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_FILL = "#a9c9e0"  # of a bar, and paler of the band
#: From this p on a lag is marked.
ALPHA = 0.05


def histogram(atlas: Atlas, step: Step, table: "pd.DataFrame", words: str) -> Sheet:
    """
    Draw how many places have none, one, two and so on.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The step the numbers come from.
    table
        Counts of places (first column) by a whole number (index).
    words
        What is shown, for the title.

    Returns
    -------
    Sheet
        A bar for each number, those at 0 in the colour that isolated places have on maps.
    """
    from matplotlib.ticker import MaxNLocator

    numbers, counts = table.index.to_numpy(int), table.iloc[:, 0].to_numpy(int)
    made, axes = chart(atlas, f"{step.title}: {lowered(words)}", 2.0, (4.1, 0.45))
    colours = [CLUSTERS["Isolated"] if number == 0 else _FILL for number in numbers]
    axes.bar(numbers, counts, width=0.8, color=colours, edgecolor=GREY, linewidth=0.4)
    low, high = min(int(numbers.min()), 1), int(numbers.max())
    axes.set_xlim(low - 0.7, high + 0.7)
    axes.set_ylim(0, 1.12 * counts.max())
    room = 3.55 / (high - low + 1.4)  # inches of the axes to each bar
    if max(measured(value_words(int(count)), 6) for count in counts) + 0.03 <= room:
        for number, count in zip(numbers, counts, strict=True):
            write(axes, number, count + 0.015 * counts.max(), value_words(int(count)), size=6, align="center", level="bottom")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    numbered(axes)
    every = max(1, int(np.ceil((high - low + 1) / 16)))
    ticks = list(range(low, high + 1, every))
    axes.set_xticks(ticks, [str(each) for each in ticks])
    name = str(table.index.name or "number").replace("_", " ")
    axes.set_xlabel(f"{name[:1].upper()}{name[1:]} of a place", parse_math=False)
    axes.set_ylabel("Places", parse_math=False)
    mean = float((numbers * counts).sum() / counts.sum())
    half = int(np.searchsorted(counts.cumsum(), (counts.sum() + 1) / 2))
    said = [f"Places: {value_words(int(counts.sum()))}", f"Mean: {number_words(mean)}", f"Median: {numbers[half]}"]
    alone = int(counts[numbers == 0].sum())
    reach = [f"From {numbers.min()} to {numbers.max()}"] if len(numbers) > 1 else [f"All have {numbers[0]}"]
    side(made, 4.35, [*said, *reach, *([f"Dark: {alone} without neighbours"] if alone else [])])
    return made


def correlogram(atlas: Atlas, step: Step, table: "pd.DataFrame", words: str) -> Sheet:
    """
    Draw a statistic lag by lag, with the band in which chance alone would keep it.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The step the numbers come from.
    table
        A row for each lag: ``nearest, farthest, links, statistic, expected, low, high, p_adjusted``.
    words
        What is shown, for the title: the statistic, " by ", the lags.

    Returns
    -------
    Sheet
        Filled points lie outside what chance gives, after correction for the number of lags.
    """
    made, axes = chart(atlas, f"{step.title}: {lowered(words)}", 2.3, (4.35, 0.62))
    x = np.arange(1, len(table) + 1)
    found, expected, low, high = (table[name].to_numpy(float) for name in ("statistic", "expected", "low", "high"))
    edge = np.r_[0.6, x, len(x) + 0.4]  # the band goes on beyond the last lag so that a single one has it too
    axes.fill_between(edge, np.r_[low[0], low, low[-1]], np.r_[high[0], high, high[-1]], color="#dbe7f0", linewidth=0, zorder=0)
    axes.axhline(0, color="#9a9a9a", linewidth=0.6, zorder=1)
    axes.plot(edge, np.r_[expected[0], expected, expected[-1]], color=GREY, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
    axes.plot(x, found, color=MARK, linewidth=0.9, zorder=2)
    out = table["p_adjusted"].to_numpy(float) <= ALPHA
    axes.scatter(x, found, s=24, c=[MARK if each else "white" for each in out], edgecolors=MARK, linewidths=1.0, zorder=3)
    axes.set_xlim(0.6, len(x) + 0.4)
    span = np.r_[found, low, high]
    room = 0.08 * float(np.ptp(span))
    axes.set_ylim(float(span.min()) - room, float(span.max()) + room)
    axes.set_xticks([])
    numbered(axes)
    _lag_ticks(axes, lag_words(atlas, table), [f"{value_words(int(each))} links" for each in table["links"]], 3.8 / (len(x) - 0.2))
    axes.set_xlabel(_lag_title(atlas, table), parse_math=False)
    axes.set_ylabel(words.partition(" by ")[0], parse_math=False)
    side(made, 4.6, _band_words(step, len(table), int(out.sum())))
    return made


def _lag_ticks(axes: "Axes", texts: list[str], links: list[str], room: float) -> None:
    """Write below each lag what it is, and its number of links where there is room; where there is none, below some lags only."""
    numbers = list(range(1, len(texts) + 1))
    if max(measured(text, 6.5) for text in (*texts, *links)) + 0.05 <= room:
        axes.set_xticks(numbers, [f"{text}\n{other}" for text, other in zip(texts, links, strict=True)])
        return
    every = max(1, int(np.ceil((max(measured(text, 6.5) for text in texts) + 0.08) / room)))
    axes.set_xticks(numbers[::every], texts[::every])


def _band_words(step: Step, lags: int, out: int) -> list[str]:
    permutations = getattr(step.result, "permutations", None)
    tried = f" {value_words(permutations)}" if isinstance(permutations, int) else ""
    return [
        f"Places: {value_words(step.result.observations)}",
        f"Band: where 95 % of{tried} permutations lie, lag by lag. Dashed: expected without pattern.",
        f"Filled: p ≤ {ALPHA:g} after correction for {lags} lags ({out} of {lags}).",
    ]


def by_steps(table: "pd.DataFrame") -> bool:
    """
    Tell whether lags are steps in the graph.

    Parameters
    ----------
    table
        A row for each lag.

    Returns
    -------
    bool
        False where they are distances.
    """
    return bool((table["nearest"] == table["farthest"]).all())


def lag_unit(atlas: Atlas, table: "pd.DataFrame") -> str:
    """
    Give the unit in which distances are written.

    Parameters
    ----------
    atlas
        The finished study.
    table
        A row for each lag.

    Returns
    -------
    str
        Empty for steps in the graph and in coordinates that belong to no place on Earth.
    """
    if by_steps(table) or is_local(atlas.places):
        return ""
    return "km" if float(table["farthest"].max()) >= 2000 else "m"  # metres


def lag_words(atlas: Atlas, table: "pd.DataFrame") -> list[str]:
    """
    Write what each lag is.

    Parameters
    ----------
    atlas
        The finished study.
    table
        A row for each lag.

    Returns
    -------
    list of str
        Steps, or distances from and to.
    """
    if by_steps(table):
        return [value_words(int(each)) for each in table["farthest"]]
    scale = 1000.0 if lag_unit(atlas, table) == "km" else 1.0
    bounds = np.r_[table["nearest"].to_numpy(float), table["farthest"].to_numpy(float)] / scale
    digits = max(0, 1 - int(np.floor(np.log10(float(np.diff(np.unique(bounds)).min())))))
    lows, highs = line_words(bounds[: len(table)], digits), line_words(bounds[len(table) :], digits)
    return [f"{low} – {high}" for low, high in zip(lows, highs, strict=True)]


def _lag_title(atlas: Atlas, table: "pd.DataFrame") -> str:
    if by_steps(table):
        return "Lag, steps in the graph"
    return f"Distance, {lag_unit(atlas, table) or 'units of the coordinates'}"
