"""Where the values of a map are cut into classes: the ways mapmakers know, each from its source."""

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from spatial.outputs.natural_breaks import MOST_VALUES, natural_breaks

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

_FENCE = 1.5  # Tukey's hinge
_HEAD = 0.4  # Jiang (2013): heads go on while they are a minority
_ROUNDING = 1e-10  # as R's pretty() has it
_MOST_HEADS = 100
_ZERO = 1e-14  # of a step: what rounding leaves of 0


def class_breaks(values: "np.ndarray[Any, Any]", method: str, count: int) -> Numbers:
    """
    Cut values into classes.

    Parameters
    ----------
    values
        Finite numbers, in any order.
    method
        One of `METHODS`.
    count
        How many classes are wanted. The ways that go by round numbers, standard deviations, quartiles or heads and tails find
        their own number.

    Returns
    -------
    numpy.ndarray
        The bounds, ascending, from the lowest value or below to the highest or above; all different, but for the first two where
        the lowest class holds one number only. Fewer where there are fewer different values.

    Notes
    -----
    Bounds are those of R's classInt 0.4-9 by the styles ``jenks`` ("natural"), ``fisher``, ``quantile`` (type 7), ``equal``,
    ``pretty``, ``sd`` ("deviation"), ``headtails`` (threshold 0.4), ``hclust`` (complete linkage; "hierarchical") and
    ``maximum``. "box" has the quartiles and 1.5 interquartile ranges beyond them, where there are values beyond (mapclassify's
    ``BoxPlot``). A map counts a value that lies on a bound to the class below it, as ``jenks`` does; classInt's other styles
    count it to the class above. Where many values are equally far apart, R's ``hclust`` gives other classes for other orders of
    rows; here the values are sorted first, which gives what R gives for sorted values.

    References
    ----------
    Jiang, B. (2013). Head/tail breaks: a new classification scheme for data with a heavy-tailed distribution. The Professional
    Geographer 65, 482-494. doi:10.1080/00330124.2012.700499
    Tukey, J. W. (1977). Exploratory Data Analysis. Addison-Wesley.
    Slocum, T. A., McMaster, R. B., Kessler, F. C. and Howard, H. H. (2009). Thematic Cartography and Geovisualization, 3rd
    edition, chapter 4. Pearson.

    Examples
    --------
    >>> class_breaks(np.array([1.0, 2.0, 10.0, 11.0, 30.0]), "maximum", 3).tolist()
    [1.0, 6.0, 20.5, 30.0]
    """
    given = np.sort(np.asarray(values, dtype=float))
    lowest, highest = float(given[0]), float(given[-1])
    if lowest == highest:
        return np.array([lowest, highest])
    found = _WAYS[method][1](given, count)
    return np.concatenate([found[:1], np.unique(found[1:])])


def class_counts(values: "np.ndarray[Any, Any]", bounds: Numbers, *, closed: Literal["upper", "lower"] = "upper") -> Whole:
    """
    Count the values of each class.

    Parameters
    ----------
    values
        Finite numbers.
    bounds
        Those of the classes.
    closed
        Whether a value on a bound belongs to the class of which it is the upper or the lower bound. The outermost classes hold
        both their bounds.

    Returns
    -------
    numpy.ndarray
        A number for each class.
    """
    found: Whole = np.bincount(_class_of(values, bounds, closed), minlength=len(bounds) - 1)
    return found


def goodness(values: "np.ndarray[Any, Any]", bounds: Numbers, *, closed: Literal["upper", "lower"] = "upper") -> float:
    """
    Tell what share of the sum of squares lies between the classes (goodness of variance fit).

    Parameters
    ----------
    values
        Finite numbers that are not all equal.
    bounds
        Those of the classes.
    closed
        As in `class_counts`.

    Returns
    -------
    float
        1 where all values of a class are equal, 0 for one class.
    """
    numbers = np.asarray(values, dtype=float)
    classes = _class_of(numbers, bounds, closed)
    sizes = np.bincount(classes)
    means = np.bincount(classes, numbers) / np.maximum(sizes, 1)
    return 1 - float(((numbers - means[classes]) ** 2).sum() / ((numbers - numbers.mean()) ** 2).sum())


def _class_of(values: "np.ndarray[Any, Any]", bounds: Numbers, closed: str) -> Whole:
    side: Literal["left", "right"] = "left" if closed == "upper" else "right"
    found = np.searchsorted(bounds, np.asarray(values, dtype=float), side=side) - 1
    return np.clip(found, 0, max(len(bounds) - 2, 0))


def _natural(given: Numbers, count: int) -> Numbers:
    return np.concatenate([given[:1], natural_breaks(given, count)])


def _fisher(given: Numbers, count: int) -> Numbers:
    """Cut half-way between the classes of the natural breaks."""
    uppers = natural_breaks(given, count)[:-1]
    following = given[np.searchsorted(given, uppers, side="right")]
    return np.concatenate([given[:1], (uppers + following) / 2, given[-1:]])


def _quantile(given: Numbers, count: int) -> Numbers:
    return np.asarray(np.quantile(given, np.linspace(0, 1, count + 1)))


def _equal(given: Numbers, count: int) -> Numbers:
    return np.linspace(given[0], given[-1], count + 1)


def _pretty(given: Numbers, count: int) -> Numbers:
    return pretty(float(given[0]), float(given[-1]), count)


def _deviation(given: Numbers, count: int) -> Numbers:
    """Cut at round numbers of standard deviations (divisor n - 1) from the mean."""
    mean, deviation = float(given.mean()), float(given.std(ddof=1))
    return mean + deviation * pretty(float((given[0] - mean) / deviation), float((given[-1] - mean) / deviation), count)


def _heads(given: Numbers, count: int) -> Numbers:  # noqa: ARG001  (finds its own number)
    """Cut at the mean, then the values above it at theirs, as long as those above are a minority."""
    head, bounds = given, [float(given[0])]
    for _ in range(_MOST_HEADS):
        mean = float(head.mean())
        bounds.append(mean)
        above = head[head > mean]
        if len(above) < 2 or len(above) > _HEAD * len(head):
            break
        head = above
    return np.array([*bounds, float(given[-1])])


def _box(given: Numbers, count: int) -> Numbers:  # noqa: ARG001  (finds its own number)
    first, middle, third = np.quantile(given, [0.25, 0.5, 0.75])
    reach = _FENCE * (third - first)
    fences = [each for each in (first - reach, third + reach) if given[0] < each < given[-1]]
    return np.array([given[0], first, middle, third, *fences, given[-1]])


def _maximum(given: Numbers, count: int) -> Numbers:
    """Cut where the gaps are widest; of equal gaps at the lowest."""
    gaps = np.diff(given)
    widest = np.argsort(-gaps, kind="stable")[: count - 1]
    widest = widest[gaps[widest] > 0]
    return np.concatenate([given[:1], (given[widest] + given[widest + 1]) / 2, given[-1:]])


def _hierarchical(given: Numbers, count: int) -> Numbers:
    """Cut between groups joined by their farthest members (complete linkage)."""
    from scipy.cluster.hierarchy import cut_tree, linkage

    distinct = np.unique(given)
    if len(distinct) > MOST_VALUES:
        distinct = distinct[np.linspace(0, len(distinct) - 1, MOST_VALUES).round().astype(int)]
    groups = cut_tree(linkage(distinct[:, None], method="complete"), min(count, len(distinct))).ravel()
    last = np.flatnonzero(np.diff(groups) != 0)
    return np.concatenate([given[:1], (distinct[last] + distinct[last + 1]) / 2, given[-1:]])


def pretty(lowest: float, highest: float, count: int) -> Numbers:
    """
    Choose round numbers, 1, 2 or 5 times a power of ten apart, that cover a range in about so many steps.

    Parameters
    ----------
    lowest, highest
        The range; the second is larger.
    count
        How many steps are wanted.

    Returns
    -------
    numpy.ndarray
        The numbers that R's ``pretty(c(lowest, highest), count)`` gives.

    References
    ----------
    Becker, R. A., Chambers, J. M. and Wilks, A. R. (1988). The New S Language. Wadsworth & Brooks/Cole.

    Examples
    --------
    >>> pretty(0.18, 68.9, 5).tolist()
    [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]
    """
    size = max(abs(lowest), abs(highest))
    least = count // 3
    high, high_five = 1.5, 0.5 + 1.5 * 1.5  # how much larger steps are preferred
    cell = highest - lowest
    if cell < size * (1 / (1 + high)) * max(1, count) * float(np.finfo(float).eps) * 3:
        cell = (9 + size / 10 if size > 10 else size) * 0.75 / max(least, 1)
    else:
        cell /= max(count, 1)
    base = 10.0 ** math.floor(math.log10(cell))
    step = base
    for times, preferred in ((2, high), (5, high_five), (10, high)):
        if times * base - cell >= preferred * (cell - step):
            break
        step = times * base
    first, last = math.floor(lowest / step + _ROUNDING), math.ceil(highest / step - _ROUNDING)
    lacking = least - (last - first)
    if lacking > 0:
        below = lacking // 2 + (lacking % 2 if first >= 0 else 0)
        below = 0 if lowest == 0 and first == 0 else below
        first, last = first - below, last + lacking - below
    ends = min(lowest, first * step), max(highest, last * step)
    found: Numbers = np.linspace(*ends, last - first + 1)
    found[np.abs(found) < _ZERO * (ends[1] - ends[0]) / (last - first)] = 0.0
    return found


_WAYS: dict[str, tuple[str, Callable[[Numbers, int], Numbers]]] = {
    "natural": ("natural breaks (Fisher-Jenks)", _natural),
    "fisher": ("half-way between natural breaks (Fisher-Jenks)", _fisher),
    "quantile": ("quantiles: about as many places in each class", _quantile),
    "equal": ("equal intervals", _equal),
    "pretty": ("round numbers", _pretty),
    "deviation": ("standard deviations from the mean", _deviation),
    "head-tail": ("head/tail breaks: each class above the mean of those from the one below on", _heads),
    "box": ("quartiles, and 1.5 interquartile ranges beyond them", _box),
    "maximum": ("widest gaps", _maximum),
    "hierarchical": ("groups of near values (complete linkage)", _hierarchical),
}
#: The ways to cut, by the name that a study uses, and what the legend says of each.
METHODS = {name: words for name, (words, _) in _WAYS.items()}
