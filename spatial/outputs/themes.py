"""Thematic maps: which column, in which classes, in which colours. Every writer draws from here."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs.atlas import Class, Indicator, Step, Theme
from spatial.outputs.class_breaks import METHODS, class_breaks
from spatial.results import place_columns

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: Light to dark; the smallest CIEDE2000 distance between two of them is stated in the tests, in four kinds of vision.
SEQUENTIAL = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
DIVERGING = ("#5e3c99", "#b2abd2", "#f7f7f7", "#fdb863", "#e66101")
CLUSTERS = {
    "High-High": "#b2182b",
    "Low-Low": "#2166ac",
    "Low-High": "#92c5de",
    "High-Low": "#f4a582",
    "Hot spot": "#b2182b",
    "Cold spot": "#2166ac",
    "Other positive": "#f4a582",
    "Positive": "#b2182b",
    "Negative": "#92c5de",
    "Cluster": "#b2182b",
    "Alone": "#f4a582",
    "High variance": "#b2182b",
    "Low variance": "#2166ac",
    "Not significant": "#f2f2f2",
    "Isolated": "#4d4d4d",
}
#: Classes of p, dark where chance is a poor explanation.
SIGNIFICANCE = {"p ≤ 0.001": "#00441b", "p ≤ 0.01": "#238b45", "p ≤ 0.05": "#a1d99b", "p > 0.05": "#f2f2f2", "No p": "#c4c4c4"}
GROUPS = ("#0072b2", "#e69f00", "#009f6b", "#d07ab2", "#56b4e9", "#d55e00", "#f0e442", "#5c3b1e", "#060679", "#b2c99c")
NO_DATA = "#8c8c8c"
NO_DATA_LABEL = "No data"
#: Land below points, and its border: pale, but the palest circle can be told from it.
LAND, SHORE = "#efefec", "#c2c2bd"
#: Of a table with many columns for each place, so many get a map.
_MOST_OF_A_TABLE = 4
_ROUNDING = 1e-9
#: With more decimals than this nobody reads a number.
_MOST_DIGITS = 12


def themes_of(places: "GeoDataFrame", indicators: Sequence[Indicator], steps: Sequence[Step]) -> tuple[Theme, ...]:
    """
    List the thematic maps of a study: one for each indicator, and those that the results declare.

    Parameters
    ----------
    places
        The layer with indicators and ``<step>_<field>`` columns.
    indicators
        The columns that came from tables.
    steps
        The finished steps.

    Returns
    -------
    tuple of Theme
        Indicators first, then steps in their order.
    """
    made = []
    for each in indicators:
        if each.kind == "text" or not places[each.column].notna().any():
            continue
        categories = each.kind == "category"
        if not categories and places[each.column].dropna().nunique() < 2:
            continue
        kind: str | None = "categories" if categories else "sequential"
        whole = each.kind == "count"
        made.append(
            theme(
                places[each.column],
                str(kind),
                id=each.column,
                title=each.title,
                unit=each.unit,
                whole=whole,
                classes=each.classes,
                count=each.class_count,
            )
        )
    for step in steps:
        mapped = _mapped(step, places)
        for column, words, each_field in mapped:
            kind = each_field.metadata["theme"]
            alone = len(mapped) == 1 and kind in ("categories", "clusters")  # the legend says what it shows
            title = step.title if alone else f"{step.title}: {words}"
            made.append(theme(places[column], kind, id=column, title=title, unit=each_field.metadata["unit"], step=step.id))
    return tuple(made)


def _mapped(step: Step, places: "GeoDataFrame") -> list[tuple[str, str, Any]]:
    """Choose the columns of a step that get a map: name, words, field."""
    found: list[tuple[str, str, Any]] = []
    tables: dict[str, dict[str, dict[str, tuple[str, str, Any]]]] = {}
    for name, each, column, _ in place_columns(step.id, step.result):
        if not each.metadata.get("theme") or name not in places.columns or not places[name].notna().any():
            continue
        title = str(each.metadata["title"])
        if not column:
            found.append((name, title, each))
            continue
        about, _, last = column.rpartition(" ")
        if last in each.metadata["mapped"] and _varies(places[name]):
            tables.setdefault(each.name, {}).setdefault(about, {})[last] = (name, f"{title}, {column}", each)
    for groups in tables.values():
        for group in list(groups.values())[:_MOST_OF_A_TABLE]:
            order = next(iter(group.values()))[2].metadata["mapped"]
            name, words, each = next(group[last] for last in order if last in group)
            like = next((at for at, (other, _, field) in enumerate(found) if field is each and _alike(places, name, other)), None)
            if like is None:
                found.append((name, words, each))
            else:  # one map for both
                about = words.removeprefix(f"{each.metadata['title']}, ").rpartition(" ")[0]
                found[like] = (
                    found[like][0],
                    f"{found[like][1]} (in proportion also {about})".replace(") (in proportion also", ","),
                    each,
                )
    return found


def _alike(places: "GeoDataFrame", name: str, other: str) -> bool:
    """Tell whether one column is a multiple of another."""
    one, two = (places[each].to_numpy(dtype=float) for each in (name, other))
    known = np.isfinite(one) & np.isfinite(two) & (two != 0)
    shares = one[known] / two[known]
    return bool(len(shares)) and float(np.ptp(shares)) <= _ROUNDING * float(np.abs(shares).max())


def _varies(column: "pd.Series[Any]") -> bool:
    """Tell values that differ from values that only rounding keeps apart."""
    values = column.dropna().to_numpy(dtype=float)
    return bool(np.ptp(values) > _ROUNDING * np.abs(values).max())


def theme(
    column: "pd.Series[Any]",
    kind: str,
    *,
    id: str,  # noqa: A002
    title: str,
    unit: str = "",
    step: str | None = None,
    whole: bool = False,
    classes: str = "natural",
    count: int | None = None,
) -> Theme:
    """
    Put the values of one column into classes.

    Parameters
    ----------
    column
        The values on places.
    kind
        ``"sequential"``, ``"diverging"``, ``"categories"`` or ``"clusters"``.
    id
        The name of the theme.
    title
        What stands above the map.
    unit
        The unit of the values.
    step
        The step the column comes from.
    whole
        Whether the values count something, so that the legend has no decimals.
    classes
        How a ``"sequential"`` theme is cut into classes: one of ``class_breaks.METHODS``.
    count
        Into how many; None for as many as the number of places bears, at most five.

    Returns
    -------
    Theme
        Every value is in exactly one class, missing ones in a class of their own.
    """
    if kind in ("categories", "clusters"):
        made, method = _categories(column, SIGNIFICANCE | CLUSTERS if kind == "clusters" else {}), ""
    elif kind == "diverging":
        made, method = _diverging(column)
    else:
        made, method = _sequential(column, whole=whole, cut=classes, count=count)
    absent = int(column.isna().sum())
    if absent:
        made = (*made, Class(label=NO_DATA_LABEL, colour=NO_DATA, count=absent))
    return Theme(id=id, title=title, column=str(column.name), kind=kind, classes=made, unit=unit, step=step, method=method)  # type: ignore[arg-type]


def class_numbers(made: Theme, column: "pd.Series[Any]") -> "np.ndarray[Any, np.dtype[np.int64]]":
    """
    Tell the class of every value.

    Parameters
    ----------
    made
        The theme.
    column
        The values it was made of.

    Returns
    -------
    numpy.ndarray
        Positions in ``made.classes``.
    """
    if made.kind in ("categories", "clusters"):
        positions = {each.value: number for number, each in enumerate(made.classes)}
        return np.array([positions[as_text(value)] for value in column], dtype=np.int64)
    ranges = [each for each in made.classes if each.low is not None]
    numbers = column.to_numpy(dtype=float, na_value=np.nan)
    uppers = np.array([each.high for each in ranges], dtype=float)
    found = np.searchsorted(uppers, numbers, side="left")
    return np.where(np.isnan(numbers), len(ranges), np.minimum(found, len(ranges) - 1)).astype(np.int64)


def as_text(value: Any) -> str | None:
    """
    Write a category the way legends, styles and layers write it.

    Parameters
    ----------
    value
        A text, a number or a missing value.

    Returns
    -------
    str or None
        Whole numbers without a point; None for a missing value.

    Examples
    --------
    >>> as_text(3.0)
    '3'
    """
    import pandas as pd

    if pd.isna(value):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def number_words(value: float) -> str:
    """
    Write a number for a reader: three significant digits, thousands set off by a narrow space.

    Parameters
    ----------
    value
        The number.

    Returns
    -------
    str
        With a true minus sign.

    Examples
    --------
    >>> number_words(-1234.5)
    '−1\u202f234'
    """
    return _written(value, _digits(value)) if math.isfinite(value) else "–"


def bound_words(bounds: Sequence[float], *, whole: bool = False, measured: bool = True) -> list[str]:
    """
    Write the bounds of the classes of one legend.

    Parameters
    ----------
    bounds
        The numbers, in their order.
    whole
        Whether they count something.
    measured
        Whether they are values of places, which are not rounded to tens or thousands.

    Returns
    -------
    list of str
        About three significant digits of what the bounds span, and no more than the bounds have; more only for those that
        would read like another.

    Examples
    --------
    >>> bound_words([0.178, 0.224, 22.541, 68.892])
    ['0.18', '0.22', '22.5', '68.9']
    """
    span = max(bounds) - min(bounds) or abs(bounds[0])
    most = 0 if whole else _digits(span) if measured else _digits(span, least=-_MOST_DIGITS)
    enough = next((digits for digits in range(most) if all(_ends(each, digits, span) for each in bounds)), most)
    digits = [enough] * len(bounds)
    for _ in range(_MOST_DIGITS):
        words = [_written(value, each) for value, each in zip(bounds, digits, strict=True)]
        alike = [any(words[at] == words[to] and bounds[at] != bounds[to] for to in range(len(bounds))) for at in range(len(bounds))]
        if not any(alike):
            break
        digits = [min(each + same, _MOST_DIGITS) for each, same in zip(digits, alike, strict=True)]
    return words


def _digits(value: float, *, least: int = 0) -> int:
    """Tell how many decimals show three significant digits; below 0 they are tens, hundreds and so on."""
    return 0 if value == 0 else min(max(least, 2 - math.floor(math.log10(abs(value)))), _MOST_DIGITS)


def _ends(value: float, digits: int, span: float) -> bool:
    return abs(value - round(value, digits)) <= 1e-9 * span


def _written(value: float, digits: int) -> str:
    words = f"{round(abs(value), digits):,.{max(digits, 0)}f}".replace(",", "\u202f")
    return f"−{words}" if value < 0 and float(words.replace("\u202f", "")) != 0 else words


def _sequential(column: "pd.Series[Any]", *, whole: bool, cut: str, count: int | None) -> tuple[tuple[Class, ...], str]:
    values = column.dropna().to_numpy(dtype=float)
    distinct = np.unique(values)
    bearable = min(len(SEQUENTIAL), max(2, round(1 + math.log2(len(values)))))
    bounds = class_breaks(values, cut, min(count or bearable, len(distinct)))
    lowest, uppers = float(bounds[0]), bounds[1:]
    colours = _spread(SEQUENTIAL if distinct[-1] >= 0 else SEQUENTIAL[::-1], len(uppers))  # dark is far from 0
    return _ranges(values, lowest, uppers, colours, whole=whole), METHODS[cut]


def _diverging(column: "pd.Series[Any]") -> tuple[tuple[Class, ...], str]:
    values = column.dropna().to_numpy(dtype=float)
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if spread == 0:
        return _ranges(values, float(values.min()), np.array([values.max()]), (DIVERGING[2],)), ""
    inner = np.array([-1.5, -0.5, 0.5, 1.5]) * spread
    lowest, highest = float(values.min()), float(values.max())
    bounds = np.concatenate([[min(lowest, -2 * spread)], inner, [max(highest, 2 * spread)]])
    return _ranges(
        values, float(bounds[0]), bounds[1:], DIVERGING, measured=False
    ), "0.5 and 1.5 standard deviations either side of 0"


def _ranges(
    values: "np.ndarray[Any, Any]",
    lowest: float,
    uppers: "np.ndarray[Any, Any]",
    colours: Sequence[str],
    *,
    whole: bool = False,
    measured: bool = True,
) -> tuple[Class, ...]:
    bounds = [lowest, *(float(each) for each in uppers)]
    words = bound_words(bounds, whole=whole, measured=measured)
    found = np.minimum(np.searchsorted(uppers, values, side="left"), len(uppers) - 1)
    counts = np.bincount(found, minlength=len(uppers))
    distinct = np.unique(values)
    if measured and len(distinct) == len(uppers) and counts.all():  # a class for each value: 0 and 1 are not "0 – 1"
        alone = bound_words([float(each) for each in distinct], whole=whole)
        pairs = list(zip(alone, alone, strict=True))
    else:
        pairs = list(pairwise(words))
    made = []
    for at, (colour, count, (first, last)) in enumerate(zip(colours, counts, pairs, strict=True)):
        label = first if first == last else f"{first} – {last}"
        made.append(Class(label=label, colour=colour, count=int(count), low=bounds[at], high=bounds[at + 1]))
    return tuple(made)


def _categories(column: "pd.Series[Any]", colours: Mapping[str, str]) -> tuple[Class, ...]:
    texts = [as_text(value) for value in column]
    found = {text for text in texts if text is not None}
    order = [name for name in colours if name in found] + sorted(found - set(colours), key=_category_order)
    extra = iter(range(len(order)))
    made = []
    for name in order:
        colour = colours[name] if name in colours else NO_DATA if name == NO_DATA_LABEL else GROUPS[next(extra) % len(GROUPS)]
        made.append(Class(label=name, colour=colour, count=texts.count(name), value=name))
    return tuple(made)


def _category_order(text: str) -> tuple[int, float, str]:
    """Order numbers by their size, then words, and last what says that there is neither."""
    if text == NO_DATA_LABEL:
        return 2, 0.0, text
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def _spread(colours: Sequence[str], count: int) -> tuple[str, ...]:
    if count == 1:
        return (colours[len(colours) // 2],)
    if count > len(colours):  # more than there are: mixed from those beside
        parts = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours], float)
        at = np.linspace(0, len(colours) - 1, count)
        mixed = np.column_stack([np.interp(at, np.arange(len(colours)), part) for part in parts.T]).round().astype(int)
        return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in mixed.tolist())
    return tuple(colours[round(position * (len(colours) - 1) / (count - 1))] for position in range(count))
