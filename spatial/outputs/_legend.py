"""Legends of thematic maps: colours or circles, labels, number of places."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from spatial.outputs._paper import GREY, WIDTH, measured, wrapped, write
from spatial.outputs.atlas import Class, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEGEND = 6.5  # points


def circles(theme: Theme, count: int) -> list[float]:
    """
    Choose the circles of a theme of points.

    Parameters
    ----------
    theme
        Its classes; graduated values grow with their class.
    count
        The number of points: circles are smaller where there are many.

    Returns
    -------
    list of float
        The area of the circles of each class, in square points.
    """
    ranges = [number for number, each in enumerate(theme.classes) if each.low is not None]
    crowd = 1.0 if count <= 60 else max(0.08, 60 / count)
    growing = theme.kind == "sequential" and len(ranges) > 1
    ranks = [
        ranges.index(number) / (len(ranges) - 1) if growing and number in ranges else 0.3 for number in range(len(theme.classes))
    ]
    return [crowd * (18 + 92 * rank) for rank in ranks]


def legend_width(theme: Theme) -> float:
    """
    Measure a legend beside a map.

    Parameters
    ----------
    theme
        Its classes.

    Returns
    -------
    float
        Inches, the gap to the map included.
    """
    widest = max((_entry_width(each) for each in theme.classes), default=1.0)
    return min(max(widest + 0.2, 1.3), 2.6)


def legend_rows(classes: Sequence[Class], width: float) -> list[list[Class]]:
    """
    Break a legend below a map into lines.

    Parameters
    ----------
    classes
        The entries in their order.
    width
        Of a line, in inches.

    Returns
    -------
    list of list of Class
        The entries of each line.
    """
    rows: list[list[Class]] = [[]]
    used = 0.0
    for each in classes:
        wide = _entry_width(each)
        if rows[-1] and used + wide > width:
            rows.append([])
            used = 0.0
        rows[-1].append(each)
        used += wide
    return rows


def legend_below(axes: "Axes", theme: Theme, circles: Mapping[Class, float], rows: Sequence[Sequence[Class]], top: float) -> None:
    """
    Draw a legend below a map.

    Parameters
    ----------
    axes
        The paper.
    theme
        Its unit and method head the legend.
    circles
        The area of the circle of each class, empty for areas.
    rows
        What `legend_rows` gave.
    top
        The base line of the heading, in inches.
    """
    write(axes, 0, top, _legend_heading(theme), size=_LEGEND, colour=GREY)
    y = top - 0.19
    for row in rows:
        x = 0.0
        for each in row:
            legend_entry(axes, each, x, y, circle=circles.get(each, 0.0))
            x += _entry_width(each)
        y -= 0.17


def legend_beside(axes: "Axes", theme: Theme, circles: Mapping[Class, float], left: float, top: float) -> None:
    """
    Draw a legend beside a map, high values above.

    Parameters
    ----------
    axes
        The paper.
    theme
        Classes, unit and method.
    circles
        The area of the circle of each class, empty for areas.
    left, top
        The upper left corner in inches.
    """
    y = top - 0.1
    for line in wrapped(_legend_heading(theme), WIDTH - left, _LEGEND, most=4):
        write(axes, left, y, line, size=_LEGEND, colour=GREY)
        y -= 0.13
    y -= 0.06
    for each in reversed(theme.classes) if theme.kind in ("sequential", "diverging") else theme.classes:
        legend_entry(axes, each, left, y, circle=circles.get(each, 0.0))
        y -= 0.17


def legend_entry(axes: "Axes", each: Class, x: float, y: float, *, size: float = _LEGEND, circle: float = 0.0) -> None:
    """
    Draw one entry of a legend: colour, label, number of places.

    Parameters
    ----------
    axes
        The paper.
    each
        The class.
    x, y
        The left end of its base line, in inches.
    size
        Of the letters, in points.
    circle
        The area of a circle in square points, where the class is one of points.
    """
    from matplotlib.patches import Rectangle

    if circle:
        axes.scatter([x + 0.1], [y + 0.035], s=circle, c=each.colour, edgecolors="#4d4d4d", linewidths=0.4)
    else:
        axes.add_artist(
            Rectangle((x, y - 0.02), 0.2, 0.11 * size / _LEGEND, facecolor=each.colour, edgecolor="#8c8c8c", linewidth=0.4)
        )
    write(axes, x + 0.26, y, each.label, size=size)
    write(axes, x + 0.26 + measured(each.label, size), y, f"  ({each.count})", size=size, colour=GREY)


def _legend_heading(theme: Theme) -> str:
    counted = "in brackets: number of places"
    words = "; ".join(part for part in (theme.method, counted) if part)
    return f"{theme.unit}; {words}" if theme.unit else words[:1].upper() + words[1:]  # Mg is no mg


def _entry_width(each: Class) -> float:
    return 0.26 + measured(each.label, _LEGEND) + measured(f"  ({each.count})", _LEGEND) + 0.22
