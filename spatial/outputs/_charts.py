"""Charts of statistics and models: the Moran scatterplot, estimates with their intervals."""

from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._axes import chart, numbered, side
from spatial.outputs._frame import Frame, labels_of
from spatial.outputs._names import NAMED_UP_TO, place_names
from spatial.outputs._paper import GREY, INK, MARK, WIDTH, Sheet, measured, wrapped, write
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.themes import CLUSTERS, number_words
from spatial.outputs.words import cleaned, decimals_for, line_words, p_words, term_words, value_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_QUADRANTS = (("High-High", 1, 1), ("Low-High", 0, 1), ("Low-Low", 0, 0), ("High-Low", 1, 0))
_MOST_AVOIDED = 1000  # points that names try not to cover
_WORSE = 20  # times: to cover a point rather than a piece of a line
_MOST_RINGS = 5  # places marked as influential
Row = tuple[str, str, float, float, float, float]
_LEFT, _WIDE = 1.95, 2.6  # inches: where the axes of intervals begin, and how wide they are if the numbers leave the room
_GAP, _NUMBERS = 0.13, 6.5  # inches before the numbers; their size in points
_SLACK = 1.05  # times: letters that stand on pixels, a hundred to an inch, are wider than measured
_SHAPES = {"direct": "o", "indirect": "s", "total": "D", "": "o"}


def moran_scatter(atlas: Atlas, step: Step, deviation: "pd.Series[Any]", lag: "pd.Series[Any]") -> Sheet:
    """
    Draw each place against its neighbours' average.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The step the numbers come from.
    deviation, lag
        Deviation from the mean, and its spatial lag, on places.

    Returns
    -------
    Sheet
        With quadrants, the line whose slope is Moran's I, and the names of the places that move it most.
    """
    known = deviation.notna() & lag.notna()
    x, y = deviation[known].to_numpy(float), lag[known].to_numpy(float)
    slope = float((x * y).sum() / (x * x).sum())
    made, axes = chart(atlas, step.title, 2.9, (3.75, 0.55))
    high_x, high_y = 1.12 * np.abs(x).max(), 1.25 * max(np.abs(y).max(), 1e-12)
    axes.set_xlim(-high_x, high_x)
    axes.set_ylim(-high_y, high_y)
    axes.axhline(0, color="#9a9a9a", linewidth=0.6)
    axes.axvline(0, color="#9a9a9a", linewidth=0.6)
    for name, right, upper in _QUADRANTS:
        text = write(
            axes,
            0.98 if right else 0.02,
            0.98 if upper else 0.02,
            name,
            size=6,
            colour="#8a8a8a",
            align="right" if right else "left",
            level="top" if upper else "bottom",
        )
        text.set_transform(axes.transAxes)
    colours = [CLUSTERS[_quadrant(one, other)] for one, other in zip(x, y, strict=True)]
    many = len(x) > 1000  # points
    axes.scatter(
        x, y, s=4 if many else 20, c=colours, edgecolors="none" if many else "#4d4d4d", linewidths=0.4, zorder=3, rasterized=many
    )
    ends = np.array([-high_x, high_x])
    axes.plot(ends, slope * ends, color=INK, linewidth=0.9, zorder=2)
    marked = influential(step, deviation[known].index, x, y)
    axes.scatter(x[marked], y[marked], s=52, facecolors="none", edgecolors=INK, linewidths=0.8, zorder=4)
    few = np.argsort(-np.abs(x), kind="stable") if len(x) <= NAMED_UP_TO else marked[:0]
    _named(made, axes, atlas, deviation[known].index, x, y, np.array(list(dict.fromkeys([*marked, *few])), dtype=int), slope)
    numbered(axes)
    column = str(step.result.options.get("column", ""))
    words = {name: str(type(step.result).__dataclass_fields__[name].metadata.get("title", name)) for name in ("deviation", "lag")}
    about = cleaned(atlas.titles.get(column, column) or "Value")
    axes.set_xlabel(
        "\n".join(wrapped(f"{about}: {words['deviation'][:1].lower()}{words['deviation'][1:]}", 3.2, 7, most=2)), parse_math=False
    )
    axes.set_ylabel(cleaned(words["lag"]), parse_math=False)
    side(made, 4.0, [*_scatter_words(slope, len(x), step), *marked_words(step, len(marked))])
    return made


def effects_of(table: "pd.DataFrame") -> list[str]:
    """
    Tell which effects a table of impacts has.

    Parameters
    ----------
    table
        Coefficients or impacts.

    Returns
    -------
    list of str
        One empty text for coefficients.
    """
    return [name for name in ("direct", "indirect", "total") if f"{name}_low" in table.columns] or [""]


def interval_rows(table: "pd.DataFrame") -> list[Row]:
    """
    List estimates with their intervals.

    Parameters
    ----------
    table
        Coefficients or impacts.

    Returns
    -------
    list of tuple
        The term (empty where it is that of the row before), the effect, the estimate, both ends of its interval, and what is
        as far from zero as anything of this term.
    """
    rows: list[Row] = []
    for term, values in table.iterrows():
        triples = [
            [float(values[name]) for name in ((effect or "estimate"), f"{effect}_low".lstrip("_"), f"{effect}_high".lstrip("_"))]
            for effect in effects_of(table)
        ]
        reach = float(np.nanmax(np.abs(np.array(triples)))) or 1.0
        for number, (effect, (middle, low, high)) in enumerate(zip(effects_of(table), triples, strict=True)):
            rows.append((term_words(term) if number == 0 else "", effect, middle, low, high, reach))
    return rows


def interval_words(row: Row) -> str:
    """
    Write an estimate with its interval.

    Parameters
    ----------
    row
        From ``interval_rows``.

    Returns
    -------
    str
        Such as "1.20  [0.81, 1.59]".
    """
    _, _, *numbers, _ = row
    spread = abs(numbers[2] - numbers[1]) / 4 or abs(numbers[0])
    middle, low, high = line_words(numbers, decimals_for([spread], 2))
    return f"{middle}  [{low}, {high}]"


def intervals(atlas: Atlas, step: Step, table: "pd.DataFrame", words: str) -> Sheet:
    """
    Draw estimates with their intervals, each term on a scale of its own.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The model.
    table
        Coefficients (``estimate``, ``low``, ``high``) or impacts (``direct``, ``direct_low``, ``direct_high`` and so on).
    words
        What is shown, for the title.

    Returns
    -------
    Sheet
        A line for each estimate, with its numbers.
    """
    effects, rows = effects_of(table), interval_rows(table)
    tall = 0.2 * len(rows) + (0.08 * len(table) if len(effects) > 1 else 0) + 0.1
    longest = _SLACK * max(measured(interval_words(row), _NUMBERS) for row in rows)
    wide = max(1.0, min(_WIDE, WIDTH - _LEFT - _GAP - longest))
    made, axes = chart(atlas, f"{step.title}: {words}", tall, (wide, 0.42), left=_LEFT)
    axes.axvline(0, color="#9a9a9a", linewidth=0.6)
    y = 0.0
    for row in rows:
        term, effect, middle, low, high, reach = row
        y += 0.4 if term and effect and y else 0
        axes.plot([low / reach, high / reach], [y, y], color=MARK, linewidth=1.3, solid_capstyle="butt")
        axes.plot(
            [middle / reach], [y], marker=_SHAPES[effect], markersize=4, color=MARK, markeredgecolor="white", markeredgewidth=0.4
        )
        _interval_words(axes, y, row, wide)
        y += 1
    axes.set_xlim(-1.04, 1.04)
    axes.set_ylim(y - 0.4, -0.6)
    axes.set_yticks([])
    axes.set_xticks([0], ["0"])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Each term has its own scale; the line marks zero", parse_math=False)
    return made


def _scatter_words(slope: float, count: int, step: Step) -> list[str]:
    words = [f"Slope of the line: {number_words(slope)}", f"Places: {value_words(count)}"]
    statistic = getattr(step.result, "statistic", None)
    if isinstance(statistic, float):
        said = str(type(step.result).__dataclass_fields__["statistic"].metadata.get("title", "Statistic"))
        same = np.isclose(statistic, slope, rtol=1e-6)
        words[:1] = [f"{said} (slope): {number_words(statistic)}"] if same else [words[0], f"{said}: {number_words(statistic)}"]
    p = getattr(step.result, "p_permutation", None)
    if isinstance(p, float) and np.isfinite(p):
        words.append(f"p (permutation): {p_words(p)}")
    return words


def marked_words(step: Step, marked: int) -> list[str]:
    """
    Say what the rings are.

    Parameters
    ----------
    step
        The step the numbers come from.
    marked
        How many places have a ring.

    Returns
    -------
    list of str
        At most one sentence.
    """
    counted = getattr(step.result, "influential", None)
    if not isinstance(counted, int):
        return ["Ringed: places that move the slope most (Cook's distance above 4/n)."] if marked else []
    if not counted:
        return ["No place has much influence on the slope by itself."]
    return [
        f"Ringed: {'places' if counted > 1 else 'the place'} with much influence on the slope"
        + (f" ({marked} of {counted})." if counted > marked else ".")
    ]


def _quadrant(x: float, y: float) -> str:
    return f"{'High' if x > 0 else 'Low'}-{'High' if y > 0 else 'Low'}"


def influential(
    step: Step, index: "pd.Index[str]", x: "np.ndarray[Any, Any]", y: "np.ndarray[Any, Any]"
) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """
    Find the places on which the slope hangs most.

    Parameters
    ----------
    step
        The step the numbers come from.
    index
        The places of the plot.
    x, y
        Deviation from the mean, and its spatial lag.

    Returns
    -------
    numpy.ndarray
        The numbers of at most five places, the most influential first: those the result marks, else those whose Cook's
        distance is above 4/n.
    """
    none = np.zeros(0, np.int64)
    table: Any = getattr(step.result, "influence", None)
    if hasattr(table, "columns") and {"cook", "influential"} <= set(table.columns):
        given = table.reindex(index)
        distance, chosen = given["cook"].fillna(np.inf).to_numpy(float), (given["influential"] > 0).to_numpy()
    else:
        distance = _cook(x, y)
        chosen = distance > 4 / len(x)
    order = np.argsort(-distance, kind="stable").astype(np.int64)
    return order[chosen[order]][:_MOST_RINGS] if len(order) else none


def _cook(x: "np.ndarray[Any, Any]", y: "np.ndarray[Any, Any]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Cook's distance in the regression of lag on deviation; 0 where a line and its residuals say nothing."""
    count = len(x)
    if count < 4:
        return np.zeros(count)
    design = np.column_stack([np.ones(count), x])
    inverse = np.linalg.pinv(design.T @ design)
    leverage = np.minimum(np.einsum("ij,jk,ik->i", design, inverse, design), 1 - 1e-9)
    residual = y - design @ (inverse @ design.T @ y)
    variance = float(residual @ residual) / (count - 2)
    found: np.ndarray[Any, Any] = residual**2 / (2 * variance) * leverage / (1 - leverage) ** 2 if variance > 0 else np.zeros(count)
    return found


def _named(
    made: Sheet,
    axes: "Axes",
    atlas: Atlas,
    index: "pd.Index[str]",
    x: "np.ndarray[Any, Any]",
    y: "np.ndarray[Any, Any]",
    chosen: "np.ndarray[Any, np.dtype[np.int64]]",
    slope: float,
) -> None:
    """Name points beside them, the first ones first; names keep off points and lines where they can."""
    named = dict(zip(atlas.places.index, labels_of(atlas, atlas.places), strict=True))
    on_paper = axes.transData + made.paper.transData.inverted()
    spots = on_paper.transform(np.column_stack([x[chosen], y[chosen]]))
    left, right = (float(on_paper.transform((edge, 0))[0]) for edge in axes.get_xlim())
    frame = Frame(left, 0, right - left, made.height, 0, 0, 1, 1)
    made.paper.set_zorder(2)
    points = on_paper.transform(np.column_stack([x, y])) if len(x) <= _MOST_AVOIDED else spots
    points = np.vstack([np.repeat(points, _WORSE, axis=0), on_paper.transform(_on_lines(axes, slope))])
    place_names(made.paper, [named[index[number]] for number in chosen], spots, np.full(len(chosen), 0.07), frame, avoid=points)


def _on_lines(axes: "Axes", slope: float) -> "np.ndarray[Any, Any]":
    """List spots on the line of the slope and on the lines that part the quadrants."""
    xs, ys = (np.linspace(*ends, 61) for ends in (axes.get_xlim(), axes.get_ylim()))
    zero = np.zeros(61)
    spots = np.vstack([np.column_stack(each) for each in ((xs, slope * xs), (xs, zero), (zero, ys))])
    found: np.ndarray[Any, Any] = spots[(spots[:, 1] >= ys[0]) & (spots[:, 1] <= ys[-1])]
    return found


def _interval_words(axes: "Axes", y: float, row: Row, wide: float) -> None:
    term, effect = row[:2]
    short = wrapped(term, 1.2 if effect else 1.8, 6.5, most=1)[0]
    written_texts = [
        write(
            axes, -1.92 / wide if effect else -0.08 / wide, y, short, size=6.5, level="center", align="left" if effect else "right"
        )
    ]
    written_texts.append(write(axes, -0.08 / wide, y, effect, size=6.5, colour=GREY, align="right", level="center"))
    written_texts.append(write(axes, 1 + _GAP / wide, y, interval_words(row), size=_NUMBERS, level="center"))
    for text in written_texts:
        text.set_transform(axes.get_yaxis_transform())
