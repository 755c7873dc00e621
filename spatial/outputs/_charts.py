"""Pictures that are no maps: scatterplots, trees, intervals, surfaces."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs import _maps
from spatial.outputs._paper import GREY, INK, WIDTH, Sheet, axes_on, measure_out, sheet, wrapped, write
from spatial.outputs.atlas import Atlas, Step, Theme
from spatial.outputs.themes import CLUSTERS, SEQUENTIAL, number_words
from spatial.outputs.words import cleaned, decimals_for, line_words, p_words, term_words
from spatial.results import Surface

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MARK = "#2c7fb8"
_QUADRANTS = (("High-High", 1, 1), ("Low-High", 0, 1), ("Low-Low", 0, 0), ("High-Low", 1, 0))
_SHAPES = {"direct": "o", "indirect": "s", "total": "D", "": "o"}


def small_multiples(atlas: Atlas, themes: Sequence[Theme]) -> Sheet:
    """
    Draw several maps on one sheet, for comparison at a glance.

    Parameters
    ----------
    atlas
        The finished study.
    themes
        At most as many as a page can hold.

    Returns
    -------
    Sheet
        Each map with its own legend.
    """
    bounds = _maps.bounds_of(atlas, atlas.places)
    ratio = _maps.width_to_height(bounds, atlas.places)
    columns = min(len(themes), 2 if ratio > 1.6 or len(themes) in (2, 4) else 3)  # a wide country needs a wide map
    wide = (WIDTH - 0.3 * (columns - 1)) / columns
    tall = min(wide / ratio, 2.6)
    titles = [wrapped(each.title, wide, 7, bold=True, most=2) for each in themes]
    cells = [tall + 0.13 * len(each.classes) + 0.13 * len(lines) + 0.5 for each, lines in zip(themes, titles, strict=True)]
    heights = [max(cells[start : start + columns]) for start in range(0, len(themes), columns)]
    notes = _maps.note_lines(atlas, WIDTH)
    top = 0.2 if atlas.synthetic else 0.02
    made = sheet(WIDTH, top + sum(heights) + 0.1 * len(notes))
    if atlas.synthetic:
        _maps.title(made, [], synthetic=True)
    for number, (each, lines) in enumerate(zip(themes, titles, strict=True)):
        row, column = divmod(number, columns)
        left, upper = column * (wide + 0.3), made.height - top - sum(heights[:row])
        _panel(made, atlas, each, lines, (left, upper, wide, tall), bounds)
    _maps.note_text(made.paper, notes, 0.1 * len(notes))
    return made


def _panel(
    made: Sheet,
    atlas: Atlas,
    theme: Theme,
    lines: Sequence[str],
    box: tuple[float, float, float, float],
    bounds: tuple[float, float, float, float],
) -> None:
    left, y, wide, tall = box
    y -= 0.12
    for line in lines:
        write(made.paper, left, y, line, size=7, bold=True)
        y -= 0.13
    write(made.paper, left, y, theme.unit, size=6, colour=GREY)
    map_wide = min(wide, tall * _maps.width_to_height(bounds, atlas.places))
    frame = _maps.framed(bounds, left, y - 0.08 - tall, map_wide, tall)
    _maps.draw_map(made.paper, atlas, theme, frame, names=False, lines=False)
    y = frame.bottom - 0.14
    for each in theme.classes:
        _maps.legend_entry(made.paper, each, left, y, size=5.5)
        y -= 0.13


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
    made, axes = _chart(atlas, step.title, 2.9, (3.75, 0.55))
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
    _influential(made, axes, atlas, deviation[known].index, x, y)
    _numbered(axes)
    column = str(step.result.options.get("column", ""))
    words = {name: str(type(step.result).__dataclass_fields__[name].metadata.get("title", name)) for name in ("deviation", "lag")}
    about = cleaned(atlas.titles.get(column, column) or "Value")
    axes.set_xlabel(
        "\n".join(wrapped(f"{about}: {words['deviation'][:1].lower()}{words['deviation'][1:]}", 3.2, 7, most=2)), parse_math=False
    )
    axes.set_ylabel(cleaned(words["lag"]), parse_math=False)
    _side(made, 4.0, _scatter_words(slope, len(x), step))
    return made


def _scatter_words(slope: float, count: int, step: Step) -> list[str]:
    words = [f"Slope of the line: {number_words(slope)}", f"Places: {count}"]
    statistic = getattr(step.result, "statistic", None)
    if isinstance(statistic, float):
        words[0] = f"Moran's I (slope): {number_words(statistic)}" if np.isclose(statistic, slope, rtol=1e-6) else words[0]
    p = getattr(step.result, "p_permutation", None)
    if isinstance(p, float) and np.isfinite(p):
        words.append(f"p (permutation): {p_words(p)}")
    return words if count <= _maps.NAMED_UP_TO else [*words, "Named: places that move the slope most (Cook's distance above 4/n)."]


def _quadrant(x: float, y: float) -> str:
    return f"{'High' if x > 0 else 'Low'}-{'High' if y > 0 else 'Low'}"


def _influential(
    made: Sheet, axes: "Axes", atlas: Atlas, index: "pd.Index[str]", x: "np.ndarray[Any, Any]", y: "np.ndarray[Any, Any]"
) -> None:
    """Name the places whose Cook's distance in the regression of lag on deviation is large."""
    count = len(x)
    if count < 4:  # a line and its residuals need more
        return
    design = np.column_stack([np.ones(count), x])
    inverse = np.linalg.pinv(design.T @ design)
    leverage = np.minimum(np.einsum("ij,jk,ik->i", design, inverse, design), 1 - 1e-9)
    residual = y - design @ (inverse @ design.T @ y)
    variance = float(residual @ residual) / (count - 2)
    if variance <= 0:
        return
    distance = residual**2 / (2 * variance) * leverage / (1 - leverage) ** 2
    order = np.argsort(-distance, kind="stable")
    chosen = order if count <= _maps.NAMED_UP_TO else order[:8][distance[order[:8]] > 4 / count]
    named = dict(zip(atlas.places.index, _maps.labels_of(atlas, atlas.places), strict=True))
    on_paper = axes.transData + made.paper.transData.inverted()
    spots = on_paper.transform(np.column_stack([x[chosen], y[chosen]]))
    left, right = (float(on_paper.transform((edge, 0))[0]) for edge in axes.get_xlim())
    frame = _maps.Frame(left, 0, right - left, made.height, 0, 0, 1, 1)
    made.paper.set_zorder(2)
    _maps.place_names(made.paper, [named[index[number]] for number in chosen], spots, np.full(len(chosen), 0.06), frame)


def surface_map(atlas: Atlas, step: Step, surface: Surface) -> Sheet:
    """
    Draw a surface in continuous colours, with outlines and the points it was made of.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The step the surface comes from.
    surface
        Rows from north to south.

    Returns
    -------
    Sheet
        With a colour scale in the unit of the surface.
    """
    rows, columns = surface.values.shape  # noqa: PD011  (no table)
    first = surface.transform
    west, north = float(first.c), float(first.f)
    whole = (west, north + rows * float(first.e), west + columns * float(first.a), north)
    same = atlas.places.crs == surface.crs
    bounds = _shown_part(atlas, whole) if same else whole
    ratio = _maps.width_to_height(bounds, atlas.places)
    heading = wrapped(step.title, WIDTH, 9.5, bold=True, most=3)
    notes = _maps.note_lines(atlas, WIDTH)
    wide = min(WIDTH, _maps.TALLEST * ratio)
    top, foot = 0.19 * len(heading) + (0.29 if atlas.synthetic else 0.1), 0.1 * len(notes) + 0.08
    made = sheet(WIDTH, top + wide / ratio + 0.62 + foot)
    _maps.title(made, heading, synthetic=atlas.synthetic)
    frame = _maps.framed(bounds, 0.0, made.height - top - wide / ratio, wide, wide / ratio)
    _maps.graticule(made.paper, atlas.places, frame)
    limits = _raster(made.paper, surface, whole, frame)
    measure_out(made)
    if same:
        if not _maps.are_points(atlas.places):
            _maps.outline(made.paper, atlas.places, frame, edge="#6e6e6e", over=True)
        _events(made.paper, atlas, step, frame)
    _maps.scale_bar(made.paper, atlas.places, frame, right=wide, y=frame.bottom - 0.2)
    _ramp(made.paper, limits, surface.unit, frame.bottom - 0.2)
    measure_out(made)
    _maps.note_text(made.paper, notes, foot)
    return made


def _shown_part(atlas: Atlas, whole: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Give the places with a rim; the surface goes on beyond where there is next to nothing to see."""
    west, south, east, north = _maps.bounds_of(atlas, atlas.places)
    rim = 0.04 * max(east - west, north - south)
    return max(west - rim, whole[0]), max(south - rim, whole[1]), min(east + rim, whole[2]), min(north + rim, whole[3])


def _raster(axes: "Axes", surface: Surface, whole: tuple[float, float, float, float], frame: _maps.Frame) -> tuple[float, float]:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    values = np.ma.masked_invalid(np.asarray(surface.values, dtype=float))
    if np.isfinite(surface.nodata):
        values = np.ma.masked_equal(values, surface.nodata)
    low, high = (float(values.min()), float(values.max())) if values.count() else (0.0, 1.0)
    low = min(low, 0.0)
    high = high if high > low else low + 1.0
    corners = frame.inches(np.array([[whole[0], whole[1]], [whole[2], whole[3]]]))
    colours = LinearSegmentedColormap.from_list("surface", ["#ffffff", *SEQUENTIAL])
    image = axes.imshow(
        values,
        cmap=colours,
        vmin=low,
        vmax=high,
        extent=(corners[0, 0], corners[1, 0], corners[0, 1], corners[1, 1]),
        interpolation="nearest",
        aspect="auto",
        zorder=0.5,
    )
    image.set_clip_path(Rectangle((frame.left, frame.bottom), frame.width, frame.height, transform=axes.transData))
    return low, high


def _events(axes: "Axes", atlas: Atlas, step: Step, frame: _maps.Frame) -> None:
    """Draw the points behind a surface, sized by their weight; the heaviest are named."""
    import shapely

    weight = step.result.options.get("weight")
    layers = [layer for layer in atlas.points.values() if layer.crs == atlas.places.crs and (not weight or weight in layer.columns)]
    if not layers and _maps.are_points(atlas.places):
        layers = [atlas.places]
    if not layers:
        return
    layer = max(layers, key=lambda each: len(each) == step.result.observations)
    spots = frame.inches(shapely.get_coordinates(shapely.centroid(np.asarray(layer.geometry.array))))
    weights = layer[weight].to_numpy(dtype=float, na_value=0.0) if weight in layer.columns else np.ones(len(layer))
    share = weights / (weights.max() or 1.0)
    axes.scatter(
        spots[:, 0],
        spots[:, 1],
        s=3 + 60 * share if weight else 6,
        facecolors="none" if weight else INK,
        edgecolors=INK,
        linewidths=0.5,
        zorder=5,
    )
    if weight or len(layer) <= _maps.NAMED_UP_TO:
        heaviest = np.argsort(-weights, kind="stable")[:8]
        texts = _maps.labels_of(atlas, layer)
        _maps.place_names(
            axes, [texts[number] for number in heaviest], spots[heaviest], 0.04 + 0.06 * np.sqrt(share[heaviest]), frame
        )


def _ramp(axes: "Axes", limits: tuple[float, float], unit: str, top: float) -> None:
    """Draw the colour scale of a surface, with five numbers."""
    from matplotlib.colors import LinearSegmentedColormap

    low, high = limits
    colours = LinearSegmentedColormap.from_list("surface", ["#ffffff", *SEQUENTIAL])
    write(axes, 0, top, unit[:1].upper() + unit[1:], size=6.5, colour=GREY)
    axes.imshow(np.linspace(0, 1, 256)[None, :], cmap=colours, extent=(0.0, 2.6, top - 0.2, top - 0.08), aspect="auto")
    axes.plot([0, 2.6, 2.6, 0, 0], [top - 0.2, top - 0.2, top - 0.08, top - 0.08, top - 0.2], color="#8c8c8c", linewidth=0.4)
    ticks = np.linspace(low, high, 5)
    for position, words in zip(np.linspace(0, 2.6, 5), line_words(list(ticks), decimals_for(ticks[1:], 2)), strict=True):
        align = "left" if position == 0 else "right" if position > 2.5 else "center"  # the ends of the ramp
        write(axes, float(position), top - 0.31, words, size=5.5, align=align)  # type: ignore[arg-type]


def tree(atlas: Atlas, step: Step, merges: "pd.DataFrame") -> Sheet | None:
    """
    Draw how groups were joined, one after the other.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The step that grouped the places.
    merges
        One row for each joining, lowest first, with the columns ``first``, ``second`` and ``height``. What is joined is
        written as the names of its members in alphabetical order; the first of them tells the group.

    Returns
    -------
    Sheet or None
        A dendrogram; None where the table cannot be followed or there are more than 120 places.
    """
    if not {"first", "second", "height"} <= set(merges.columns) or len(merges) > 120:
        return None
    groups = getattr(step.result, "cluster", None)
    known = atlas.places.index if groups is None else groups.index[groups.notna() & (groups != "No data")]
    leaves = sorted(map(str, known))
    pairs = _pairs(merges, leaves)
    return None if pairs is None else _dendrogram(atlas, step, pairs, merges["height"].to_numpy(float), leaves)


def _pairs(merges: "pd.DataFrame", leaves: Sequence[str]) -> "np.ndarray[Any, Any] | None":
    """Turn names of what is joined into numbers: leaves from 0, then the joinings in turn."""
    if len(merges) != len(leaves) - 1:
        return None
    alive = {leaf: number for number, leaf in enumerate(leaves)}  # first member of a group -> its number
    pairs = []
    for first, second in merges[["first", "second"]].astype(str).itertuples(index=False, name=None):
        found = [
            max((name for name in alive if text == name or text.startswith((f"{name}, ", f"{name} and "))), key=len, default=None)
            for text in (first, second)
        ]
        if found[0] is None or found[1] is None or found[0] == found[1]:
            return None
        pairs.append([alive.pop(name) for name in found])  # type: ignore[arg-type]
        alive[min(found)] = len(leaves) + len(pairs) - 1  # type: ignore[type-var, index]
    return np.array(pairs)


def _dendrogram(
    atlas: Atlas, step: Step, pairs: "np.ndarray[Any, Any]", joined: "np.ndarray[Any, Any]", leaves: Sequence[str]
) -> Sheet:
    count = len(leaves)
    heights = np.r_[np.zeros(count), joined]
    order = _leaves(pairs, count)
    named = dict(zip(map(str, atlas.places.index), _maps.labels_of(atlas, atlas.places), strict=True))
    texts = [named[leaf] for leaf in leaves]
    row = 0.17 if count <= 40 else 0.11  # lines of text
    made, axes = _chart(atlas, step.title, max(1.2, row * count), (min(WIDTH - 2.2, 4.1), 0.5), left=1.9)
    ys = np.zeros(len(heights))
    ys[order] = np.arange(count)
    for number, (first, second) in enumerate(pairs, start=count):
        ys[number] = (ys[first] + ys[second]) / 2
        axes.plot(
            [heights[first], heights[number], heights[number], heights[second]],
            [ys[first], ys[first], ys[second], ys[second]],
            color=INK,
            linewidth=0.8,
        )
    axes.set_xlim(0, heights.max() * 1.04)
    axes.set_ylim(count - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    _numbered(axes)
    axes.set_xlabel("Height at which groups are joined", parse_math=False)
    for number, leaf in enumerate(order):
        short = wrapped(texts[leaf], 1.75, 6.5, most=1)[0]
        text = write(axes, -0.012, number, short, size=6.5 if row > 0.15 else 5, align="right", level="center")
        text.set_transform(axes.get_yaxis_transform())
    _cut(axes, heights[count:], step)
    return made


def _cut(axes: "Axes", heights: "np.ndarray[Any, Any]", step: Step) -> None:
    """Draw a dashed line where the tree is cut into the groups that were asked for."""
    k = step.result.options.get("k")
    if isinstance(k, int) and 2 <= k <= len(heights):  # one group has no cut
        at = (heights[-k] + heights[-k + 1]) / 2
        axes.axvline(at, color=_MARK, linewidth=0.8, linestyle=(0, (4, 3)))
        text = write(axes, at, 1.005, f"{k} groups", size=6, colour=_MARK, align="center", level="bottom")
        text.set_transform(axes.get_xaxis_transform())


def _leaves(pairs: "np.ndarray[Any, Any]", count: int) -> "np.ndarray[Any, Any]":
    """Find the order of the leaves in which no two branches cross."""
    order, stack = [], [count + len(pairs) - 1]
    while stack:
        node = stack.pop()
        if node < count:
            order.append(node)
        else:
            stack += [int(pairs[node - count, 1]), int(pairs[node - count, 0])]
    return np.array(order)


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
    effects = [name for name in ("direct", "indirect", "total") if f"{name}_low" in table.columns] or [""]
    rows: list[tuple[str, str, float, float, float, float]] = []
    for term, values in table.iterrows():
        triples = [
            [float(values[name]) for name in ((effect or "estimate"), f"{effect}_low".lstrip("_"), f"{effect}_high".lstrip("_"))]
            for effect in effects
        ]
        reach = float(np.nanmax(np.abs(np.array(triples)))) or 1.0
        for number, (effect, (middle, low, high)) in enumerate(zip(effects, triples, strict=True)):
            rows.append((term_words(term) if number == 0 else "", effect, middle, low, high, reach))
    tall = 0.2 * len(rows) + (0.08 * len(table) if len(effects) > 1 else 0) + 0.1
    made, axes = _chart(atlas, f"{step.title}: {words}", tall, (2.6, 0.42), left=1.95)
    axes.axvline(0, color="#9a9a9a", linewidth=0.6)
    y = 0.0
    numbers_x = 1.05
    for term, effect, middle, low, high, reach in rows:
        y += 0.4 if term and effect and y else 0
        axes.plot([low / reach, high / reach], [y, y], color=_MARK, linewidth=1.3, solid_capstyle="butt")
        axes.plot(
            [middle / reach], [y], marker=_SHAPES[effect], markersize=4, color=_MARK, markeredgecolor="white", markeredgewidth=0.4
        )
        _interval_words(axes, y, term, effect, (middle, low, high), numbers_x)
        y += 1
    axes.set_xlim(-1.04, 1.04)
    axes.set_ylim(y - 0.4, -0.6)
    axes.set_yticks([])
    axes.set_xticks([0], ["0"])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Each term has its own scale; the line marks zero", parse_math=False)
    return made


def _interval_words(axes: "Axes", y: float, term: str, effect: str, numbers: tuple[float, float, float], x: float) -> None:
    short = wrapped(term, 1.2 if effect else 1.8, 6.5, most=1)[0]
    written_texts = [
        write(axes, -0.74 if effect else -0.03, y, short, size=6.5, level="center", align="left" if effect else "right")
    ]
    written_texts.append(write(axes, -0.03, y, effect, size=6.5, colour=GREY, align="right", level="center"))
    spread = abs(numbers[2] - numbers[1]) / 4 or abs(numbers[0])
    middle, low, high = line_words(numbers, decimals_for([spread], 2))
    written_texts.append(write(axes, x, y, f"{middle}  [{low}, {high}]", size=6.5, level="center"))
    for text in written_texts:
        text.set_transform(axes.get_yaxis_transform())


def _chart(atlas: Atlas, words: str, tall: float, box: tuple[float, float], *, left: float = 0.55) -> "tuple[Sheet, Axes]":
    """Take a sheet with title and notes, and axes ``box[0]`` wide and ``tall`` high, ``box[1]`` above the notes."""
    heading = wrapped(words, WIDTH, 9.5, bold=True, most=3)
    notes = _maps.note_lines(atlas, WIDTH)
    top, foot = 0.19 * len(heading) + (0.4 if atlas.synthetic else 0.2), 0.1 * len(notes) + 0.04
    made = sheet(WIDTH, top + tall + box[1] + foot)
    _maps.title(made, heading, synthetic=atlas.synthetic)
    _maps.note_text(made.paper, notes, foot)
    wide = box[0] - left if left < 1 else box[0]
    return made, axes_on(made, left, foot + box[1], wide, tall)


def _numbered(axes: "Axes") -> None:
    """Write the numbers along the axes like those of the report."""
    for axis in (axes.xaxis, axes.yaxis):
        ticks = [float(each) for each in axis.get_majorticklocs()]
        low, high = sorted(axis.get_view_interval())
        inside = [each for each in ticks if low <= each <= high]
        step = float(np.diff(inside).min()) if len(inside) > 1 else None
        digits = 0 if step is None else max(0, -int(np.floor(np.log10(step) + 1e-9)))
        if step is not None and round(step * 10**digits, 6) % 1:
            digits += 1
        axis.set_ticks(inside, line_words(inside, digits))


def _side(made: Sheet, left: float, lines: Sequence[str]) -> None:
    """Write a few words beside a square picture."""
    y = made.height - 0.75
    for text in lines:
        for line in wrapped(text, WIDTH - left, 7):
            write(made.paper, left, y, line, size=7, colour=INK)
            y -= 0.14
        y -= 0.06
