"""Can these numbers be true? What a mean, its standard deviation and the number of answers allow, and what they do not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spatial.errors import counted

#: What questionnaires write for "don't know", "refused" and "does not apply".
MISSING_CODES = (-9, -8, -7, -6, -5, -99, -98, -97, -999, -998, 9, 8, 7, 99, 98, 97, 999, 998)

#: For more answers than this left-over codes are not searched: printed digits leave too many solutions.
SEARCHED = 20_000

#: Numbers printed to some digits stand for an interval; this much is added to it for the computer's own rounding.
_SLACK = 1e-9


@dataclass(frozen=True, kw_only=True)
class Printed:
    """One printed number and the interval it stands for."""

    value: float
    digits: int = 0  # decimals that are printed

    @property
    def half(self) -> float:
        """Half the width of the interval."""
        return 0.5 * 10.0**-self.digits + _SLACK * max(1.0, abs(self.value))

    def holds(self, number: float) -> bool:
        """Whether a number would be printed like this."""
        return abs(number - self.value) <= self.half

    def __str__(self) -> str:
        """Write the number as it was printed."""
        return f"{self.value:.{self.digits}f}"


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One row of a printed column: mean, standard deviation, and how many answers there are (None where unknown)."""

    name: str
    mean: Printed
    deviation: Printed
    answers: int | None = None


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """Whole numbers of answers that give a printed mean and standard deviation with a missing code left among them."""

    zeros: int  # answers counted as 0
    ones: int  # answers counted as 100 (or 1)
    code: int  # the missing code
    coded: int  # how many of it
    first: int  # how the two answers are numbered: 0 for 0 and 1, 1 for 1 and 2
    mean: float
    deviation: float


def largest_deviation(mean: Printed, answers: int | None, scale: float = 100.0) -> float:
    """
    Say how large the standard deviation of values between 0 and ``scale`` can be when their mean is known.

    Parameters
    ----------
    mean
        The mean as printed.
    answers
        The number of values; None where it is not known, then the bound is that of a whole population.
    scale
        The highest possible value: 100 for percent, 1 for shares.

    Returns
    -------
    float
        The largest sample standard deviation (divisor ``answers`` - 1) that any mean within the printed digits allows;
        NaN for a mean outside 0 to ``scale``.

    Notes
    -----
    ``sqrt(m (scale - m) n / (n - 1))``, reached when every value is 0 or ``scale``.

    References
    ----------
    Bhatia, R. and Davis, C. (2000). A better bound on the variance. American Mathematical Monthly 107(4), 353-357,
    doi:10.1080/00029890.2000.12005203.

    Examples
    --------
    >>> round(largest_deviation(Printed(value=50, digits=0), 101), 2)
    50.25
    """
    low, high = mean.value - mean.half, mean.value + mean.half
    if high < 0 or low > scale:
        return math.nan
    middle = min(max(scale / 2, low), high)  # m (scale - m) is largest as near to the middle as the digits allow
    variance = max(middle * (scale - middle), 0.0)
    if answers is not None and answers > 1:
        variance *= answers / (answers - 1)
    return math.sqrt(variance)


def most_answers(mean: Printed, deviation: Printed, scale: float = 100.0) -> float:
    """
    Say how many values there can be at most behind a mean and a standard deviation.

    Parameters
    ----------
    mean, deviation
        As printed.
    scale
        The highest possible value.

    Returns
    -------
    float
        Infinity where any number of values could give them; below 2 where none could.
    """
    bound = largest_deviation(mean, None, scale) ** 2
    least = max(deviation.value - deviation.half, 0.0) ** 2
    return math.inf if not least > bound else least / (least - bound)


def leftovers(mean: Printed, deviation: Printed, answers: int, scale: float = 100.0) -> tuple[Leftover, ...]:
    """
    Search the answers to a yes-no question that give a printed mean and standard deviation with a missing code left in.

    Parameters
    ----------
    mean, deviation
        As printed; the mean of answers counted 0 and ``scale``, the sample standard deviation (divisor ``answers`` - 1).
    answers
        The number of answers, missing codes included.
    scale
        100 for percent, 1 for shares.

    Returns
    -------
    tuple of Leftover
        Every solution with one kind of code, at least one answer of a real kind and any number of codes; empty when there
        is none, or more than ``SEARCHED`` answers. The answers may be numbered 0 and 1 or 1 and 2; a code ``c`` then counts as ``c`` or ``c - 1`` times
        ``scale``. Different codes left in together are not searched.
    """
    if not 1 < answers <= SEARCHED:
        return ()
    found = []
    squares = (answers - 1) * (deviation.value + deviation.half) ** 2 + answers * (abs(mean.value) + mean.half) ** 2
    for first in (0, 1):
        for code in MISSING_CODES:
            weight = (code - first) * scale
            for coded in range(1, min(answers - 1, int(squares / weight**2)) + 1):
                found += [
                    each for each in _solutions(mean, answers, scale, weight, coded, code, first) if deviation.holds(each.deviation)
                ]
    return tuple(found)


def _solutions(mean: Printed, answers: int, scale: float, weight: float, coded: int, code: int, first: int) -> list[Leftover]:
    """All whole numbers of ones that give the printed mean with so many codes."""
    least = (answers * (mean.value - mean.half) - weight * coded) / scale
    most = (answers * (mean.value + mean.half) - weight * coded) / scale
    made = []
    for ones in range(max(0, math.ceil(least)), min(answers - coded, math.floor(most)) + 1):
        centre = (ones * scale + coded * weight) / answers
        squares = ones * scale**2 + coded * weight**2 - answers * centre**2
        made.append(
            Leftover(
                zeros=answers - coded - ones,
                ones=ones,
                code=code,
                coded=coded,
                first=first,
                mean=centre,
                deviation=math.sqrt(max(squares, 0.0) / (answers - 1)),
            )
        )
    return made


def is_two_valued(mean: Printed, deviation: Printed, answers: int, scale: float = 100.0) -> bool:
    """
    Tell whether a printed mean and standard deviation are those of answers of two kinds, with nothing else among them.

    Parameters
    ----------
    mean, deviation
        As printed.
    answers
        The number of answers.
    scale
        100 for percent, 1 for shares.

    Returns
    -------
    bool
        True when some whole number of answers gives both.
    """
    return any(deviation.holds(each.deviation) for each in _solutions(mean, answers, scale, 0.0, 0, 0, 0))


def judged(title: str, rows: Sequence[Reported], scale: float = 100.0) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """
    Judge one column of means of values between 0 and ``scale`` by their standard deviations.

    Parameters
    ----------
    title
        What to call the column.
    rows
        Its rows.
    scale
        The highest possible value: 100 for percent, 1 for shares.

    Returns
    -------
    tuple of tuple of str
        What is impossible, and what is odd or follows from it; a sentence or more for each. Where whole numbers of answers
        with a left-over missing code give the printed numbers, the sentences say which; rows of one column are taken to
        have been computed in one way where that leaves one explanation.
    """
    impossible = [row for row in rows if _is_impossible(row, scale)]
    every = {row.name: leftovers(row.mean, row.deviation, row.answers or 0, scale) for row in impossible}
    found = _consistent(every)
    sentences = tuple(
        f"'{title}', {_impossible(row, scale)}{_explained(row, found[row.name], len(every[row.name]), scale)}" for row in impossible
    )
    odd = [f"'{title}', {_few(row, scale)}" for row in rows if row.answers is None and row not in impossible and _few(row, scale)]
    return sentences, (*odd, *_column(title, rows, found, scale))


def _is_impossible(row: Reported, scale: float) -> bool:
    bound = largest_deviation(row.mean, row.answers, scale)
    if math.isnan(bound) or row.answers in (0, 1):
        return False
    if row.answers is None:
        return most_answers(row.mean, row.deviation, scale) < 2  # the sample deviation needs two values
    return row.deviation.value - row.deviation.half > bound


def _consistent(found: dict[str, tuple[Leftover, ...]]) -> dict[str, tuple[Leftover, ...]]:
    """Keep the explanations that all explained rows share, where that leaves any."""
    ways = [{(each.code, each.first) for each in solutions} for solutions in found.values() if solutions]
    common = set.intersection(*ways) if ways else set()
    if not common:
        return found
    return {name: tuple(each for each in solutions if (each.code, each.first) in common) for name, solutions in found.items()}


def _impossible(row: Reported, scale: float) -> str:
    values = "values" if row.answers is None else counted(row.answers, "value")
    bound = largest_deviation(row.mean, row.answers, scale)
    return (
        f"{row.name}: mean {row.mean} with SD {row.deviation} is impossible for {values} between 0 and {scale:g}; "
        f"with this mean the SD is {bound:.{max(row.deviation.digits, 1)}f} at most."
    )


def _few(row: Reported, scale: float) -> str:
    most = most_answers(row.mean, row.deviation, scale)
    if math.isinf(most):
        return ""
    return (
        f"{row.name}: mean {row.mean} with SD {row.deviation} is possible for {counted(math.floor(most), 'answer')} or fewer only."
    )


def _explained(row: Reported, solutions: tuple[Leftover, ...], before: int, scale: float) -> str:
    if row.answers is None:
        return ""
    if row.answers > SEARCHED:
        return f" Left-over missing codes are searched for up to {SEARCHED} answers."
    if not solutions:
        return " No whole numbers of answers coded 0 and 1, or 1 and 2, with one left-over missing code give these numbers."
    if len(solutions) > 1:
        shown = "; or ".join(_counts(each, scale) for each in solutions[:3])
        return f" {len(solutions)} sets of whole answers give both numbers: {shown}."
    only = solutions[0]
    whole = "One set of whole answers gives both numbers"
    if before > 1:
        whole = f"Of {before} sets of whole answers that give both numbers, one is coded like the other rows"
    words = f" {whole}: {_counts(only, scale)}."
    if only.first == 1:
        share = f"{100 * only.zeros / row.answers:.1f}%"
        return (
            f"{words} So the printed share is that of the answer coded 2. Where 1 is yes and 2 is no, as in most questionnaires, "
            f"it is the share of NO, and {only.zeros} of {row.answers} ({share}) answered YES."
        )
    valid = only.zeros + only.ones
    return f"{words} Without the code, {only.ones} of {valid} ({100 * only.ones / valid:.1f}%) gave the answer coded 1."


def _counts(solution: Leftover, scale: float) -> str:
    low, high = ("0", "1") if solution.first == 0 else ("1", "2")
    code = f"one {solution.code}" if solution.coded == 1 else f"{solution.coded} times {solution.code}"
    weight = (solution.code - solution.first) * scale
    return f"{counted(solution.zeros, 'answer')} coded {low}, {solution.ones} coded {high} and {code} counted as {weight:g}"


def _column(title: str, rows: Sequence[Reported], found: dict[str, tuple[Leftover, ...]], scale: float) -> list[str]:
    """Say what the explained rows mean for the whole column."""
    explained = {name: solutions for name, solutions in found.items() if solutions}
    if not explained:
        return []
    others = [row for row in rows if row.name not in found and row.answers is not None]
    plain = [row for row in others if is_two_valued(row.mean, row.deviation, row.answers or 0, scale)]
    words = f"'{title}': {counted(len(explained), 'row has', 'rows have', of=len(rows))} a missing code left among the answers"
    if plain:
        which = f"the other {len(plain)}" if len(plain) == len(others) else f"{len(plain)} of the other {len(others)}"
        words += f"; {which} are exactly those of two-way answers without one"
    if all(each.first == 1 for solutions in explained.values() for each in solutions):
        words += ". If the column was computed in one way, all of it is the share of the answer coded 2, not of the answer coded 1"
    return [f"{words}."]
