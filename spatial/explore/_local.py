"""What the local statistics have in common: their fields, which places are significant, and the words for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import counted, listed
from spatial.explore._conditional import Conditional
from spatial.explore._significance import Alternative, Array, Correction, corrected
from spatial.places import Aligned, texts
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd

Inference = Literal["permutation", "analytical"]

STEPS = (0.001, 0.01, 0.05)  # of a map of significance
NOT_SIGNIFICANT, ISOLATED, NO_P, NO_DATA = "Not significant", "Isolated", "No p", "No data"
MORE = ("Other positive", "Positive", "Negative", "Cluster", "Alone", "High variance", "Low variance")
KINDS = ("High-High", "Low-Low", "Low-High", "High-Low", "Hot spot", "Cold spot", *MORE)
NOUNS = ("Hot spot", "Cold spot", "Cluster")
FEW = 10
TOGETHER = 'All places share their draws (draws = "shared"): where chance makes one permutation p too small, it makes others too small as well, and the number of places that stand out depends more on the seed.'
RULES = {
    "none": "no correction",
    "fdr": "Benjamini-Hochberg, false discovery rate",
    "bonferroni": "Bonferroni",
    "smaller tail": "GeoDa and PySAL: one-sided pseudo p of the smaller tail, no correction",
}
MOST_FLIPS = 500  # rows of a table that somebody reads


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalStatistic(Result):
    """One number for each place, and which places stand out."""

    statistic: "pd.Series[Any]" = shown("Statistic")
    expected: "pd.Series[Any]" = shown("Expected without spatial pattern")
    variance: "pd.Series[Any]" = shown("Variance")
    z: "pd.Series[Any]" = shown("z")
    p: "pd.Series[Any]" = shown("p (analytical)")
    p_permutation: "pd.Series[Any]" = shown("p (conditional permutation)")
    p_smallest: "pd.Series[Any]" = shown("Smallest p the permutations could give")
    ties: "pd.Series[Any]" = shown("Share of draws that gave just what was observed")
    p_adjusted: "pd.Series[Any]" = shown("p adjusted for many places (Benjamini-Hochberg)")
    cluster: "pd.Series[Any]" = shown("Cluster", theme="clusters")
    significance: "pd.Series[Any]" = shown("Significance, p after the correction used", theme="clusters")
    counts: "pd.DataFrame" = shown("Significant places by rule")
    flips: "pd.DataFrame" = shown("Places that a map of one-sided, uncorrected p would show otherwise")
    permutations: int = shown("Permutations")
    seed: int = shown("Seed")
    alternative: str = shown("Alternative")


@dataclass(frozen=True)
class Choice:
    """How it is decided which places stand out."""

    alternative: Alternative
    inference: Inference
    correction: Correction
    alpha: float


@dataclass(frozen=True, eq=False)
class Named:
    """One of a few names for each place."""

    numbers: "np.ndarray[Any, np.dtype[np.int8]]"
    names: tuple[str, ...]


def named(which: Any, *names: str) -> Named:
    """Give each place one of a few names, by number or by False and True."""
    return Named(np.asarray(which).astype(np.int8), names)


def quadrants_of(given: Aligned, kinds: Named) -> "pd.Series[Any]":
    """Put the quadrants of the Moran scatterplot back on all places; none for those without neighbours."""
    return given.named(np.where(given.islands, len(kinds.names), kinds.numbers), (*kinds.names, None))


def fields_of(
    given: Aligned,
    moments: dict[str, Array],
    drawn: Conditional,
    p_drawn: Array,
    kinds: Named,
    choice: Choice,
    *,
    upward: "np.ndarray[Any, np.dtype[np.bool_]] | bool" = True,
) -> dict[str, Any]:
    """
    Fill the fields every local statistic has.

    Parameters
    ----------
    given
        The alignment, which puts values back on places.
    moments
        ``statistic``, ``expected``, ``variance``, ``z`` and analytical ``p``, one per label; these arrays and ``p_drawn`` become
        those of the result.
    drawn
        The conditional permutations.
    p_drawn
        Their p, one per label.
    kinds
        The cluster each label would belong to if it were significant.
    choice
        Which p, which correction, which alpha.
    upward
        Whether the statistic grows with the sum that was drawn.

    Returns
    -------
    dict
        Field name to value, without the fields of ``Result``.
    """
    p, p_drawn = (_without(each, given.islands) for each in (moments["p"], p_drawn))
    untested = np.isnan(p_drawn)
    tail = _without(drawn.smaller_tail(upward), untested)
    deciding = p_drawn if choice.inference == "permutation" else p
    rules: dict[Correction, Array] = {rule: corrected(deciding, rule) for rule in ("none", "fdr", "bonferroni")}
    decided, count = rules[choice.correction], len(kinds.names)
    cluster = np.where(given.islands, count + 1, np.where(below(decided, choice.alpha), kinds.numbers, count))
    filled = {name: given.series(values, keep=True) for name, values in (moments | {"p": p}).items()}
    return filled | {
        "p_permutation": given.series(p_drawn, keep=True),
        "p_smallest": given.series(_without(drawn.smallest_p(choice.alternative), untested), keep=True),
        "ties": given.series(_without(drawn.ties(), untested), keep=True),
        "p_adjusted": given.series(rules["fdr"], keep=True),
        "cluster": given.named(cluster, (*kinds.names, NOT_SIGNIFICANT, ISOLATED), NO_DATA),
        "significance": _steps(given, decided),
        "counts": _counts(rules, tail, kinds, choice),
        "flips": _flips(given, rules, tail, kinds, choice),
    }


def _without(values: Array, which: "np.ndarray[Any, np.dtype[np.bool_]]") -> Array:
    """Make some values NaN, in place: with millions of places every copy counts."""
    values[which] = np.nan
    return values


def notes_of(
    given: Aligned,
    drawn: Conditional,
    choice: Choice,
    count: int,
    z: Array,
    *,
    some: "np.ndarray[Any, np.dtype[np.bool_]] | bool" = True,
    sets: str = "sets of neighbours",
) -> tuple[str, ...]:
    """Say how the p values came about and what they cannot show; ``some`` are tested at all, ``sets`` what is drawn for them."""
    tested = ~given.islands & some
    notes = [*given.notes]
    if (~given.islands & ~tested).any():
        notes.append(
            f"{counted(int(tested.sum()), 'place with neighbours is', 'places with neighbours are', of=int((~given.islands).sum()))} of the kind; only these are tested."
        )
    exact = int(np.count_nonzero(drawn.exact & tested))
    if exact:
        ways = drawn.draws[drawn.exact & tested]
        low, high = int(ways.min()), int(ways.max())
        number = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        notes.append(
            f"For {counted(exact, 'place', of=int(tested.sum()))} all possible {sets} were enumerated ({number}): their permutation p is exact."
        )
    coarse = drawn.smallest_p(choice.alternative) > choice.alpha
    few = coarse & tested & drawn.exact
    if choice.inference == "permutation" and few.any():
        notes.append(
            f"{counted(int(few.sum()), 'place has', 'places have')} so few possible {sets} that no p up to {choice.alpha:g} can come about: {listed(given.labels[few])}."
        )
    sides = 2 if choice.alternative == "two-sided" else 1
    tied = tested & ~coarse & (sides * drawn.ties() > choice.alpha)
    if choice.inference == "permutation" and tied.any():
        notes.append(
            f"For {counted(int(tied.sum()), 'place', of=int(tested.sum()))} so many draws gave just what was observed (ties) that no p up to {choice.alpha:g}"
            f" could come about: {listed(given.labels[tied])}."
        )
    still = np.isnan(z) & tested
    if still.any():
        fixed = given.labels[still]
        notes.append(
            f"The statistic of {counted(len(fixed), 'place', of=int(tested.sum()))} cannot vary, because all others are its neighbours alike,"
            f" all others have the same value, or its own is the mean: there is no z and no analytical p for {listed(fixed)}."
        )
    return (*notes, *_sampling_notes(drawn, choice, count, tested))


def _sampling_notes(
    drawn: Conditional, choice: Choice, count: int, tested: "np.ndarray[Any, np.dtype[np.bool_]]"
) -> tuple[str, ...]:
    """Say what sampling leaves open where not all sets of neighbours were tried."""
    sampled = int(np.count_nonzero(~drawn.exact & tested))
    if not sampled:
        return ()
    floor = (2 if choice.alternative == "two-sided" else 1) / (count + 1)
    notes = [f"The smallest p that {count:,} permutations can give is {floor:.2g} ({choice.alternative})."]
    needed = int(np.ceil(round(floor * int(tested.sum()) / choice.alpha, 9))) if choice.alpha else 0  # nothing passes 0
    if choice.inference == "permutation" and floor > choice.alpha > 0:
        notes.append(f"No sampled p up to {choice.alpha:g} can come about: use more permutations.")
    elif choice.inference == "permutation" and needed > 1 and choice.correction != "none":
        notes.append(_floor_note(needed, choice, int(tested.sum())))
    if drawn.way == "shared" and sampled > 1:
        notes.append(TOGETHER)
    return tuple(notes)


def _floor_note(needed: int, choice: Choice, tested: int) -> str:
    if choice.correction == "bonferroni":
        return f'With {tested} places no permutation p can pass the Bonferroni correction at {choice.alpha:g}: use more permutations, or inference = "analytical".'
    return f"With {tested} places the correction lets a place pass only if at least {needed} places reach that smallest p; more permutations lower it."


def reading_of(
    method: str, column: str, observations: int, filled: dict[str, Any], choice: Choice, drawn: Conditional
) -> tuple[str, ...]:
    """Tell somebody who is no statistician which places stand out and how sure that is."""
    table = filled["counts"]
    totals = dict(zip(table.index, table["total"].tolist(), strict=True))
    found = totals[choice.correction]
    rule = {
        "fdr": "after correction for many tests by the false discovery rate",
        "none": "without correction for many tests",
        "bonferroni": "after Bonferroni's correction",
    }[choice.correction]
    deciding = filled["p" if choice.inference == "analytical" else "p_permutation"]
    tested = int(np.count_nonzero(~np.isnan(deciding.to_numpy())))
    decided = dict(zip(table.columns[1:], table.loc[choice.correction].tolist()[1:], strict=True)) if found else {}
    kinds = ", ".join(
        f"{decided[name]} {name}{'s' if decided[name] > 1 and name in NOUNS else ''}" for name in KINDS if decided.get(name)
    )
    first = (
        f"{method} of {column}: {counted(found, 'place stands out', 'places stand out', of=tested)} at {choice.alpha:g} {rule}"
        + (f" ({kinds})." if found else ".")
    )
    sentences = [first]
    if choice.correction != "none":
        sentences.append(
            f"Without correction it would be {totals['none']}, and about {choice.alpha * tested:.0f} would be expected by chance even without any pattern."
        )
    if observations < FEW:
        floor = float(np.min(drawn.smallest_p(choice.alternative)[drawn.draws > 0]))
        sentences.append(
            f"With only {observations} places there are few ways to deal the values out: no p below {floor:.2g} is possible, so that hardly any cluster could be shown."
        )
    sentences.append(
        "A place that does not stand out is not thereby shown to be without pattern; a cluster means the place together with its neighbours."
    )
    return tuple(sentences)


def _counts(p: dict[Correction, Array], tail: Array, kinds: Named, choice: Choice) -> "pd.DataFrame":
    import pandas as pd

    known = np.bincount(kinds.numbers, minlength=len(kinds.names))
    there = [name for name in KINDS if name in kinds.names and known[kinds.names.index(name)]]
    found = np.zeros((len(RULES), len(there) + 1), np.int64)
    for row, each in zip(found, (p["none"], p["fdr"], p["bonferroni"], tail), strict=True):
        out = np.bincount(kinds.numbers[below(each, choice.alpha)], minlength=len(kinds.names))
        row[:-1] = [out[kinds.names.index(name)] for name in there]
        row[-1] = row.sum()
    table = pd.DataFrame(found, index=pd.Index(texts(*RULES), name="correction"), columns=pd.Index(texts(*there, "total")))
    table.insert(0, "rule", texts(*RULES.values()))
    return table


def _flips(given: Aligned, p: dict[Correction, Array], tail: Array, kinds: Named, choice: Choice) -> "pd.DataFrame":
    """List the places on which the rule in force and GeoDa's default disagree, most surprising first."""
    import pandas as pd

    rules = {rule: below(each, choice.alpha) for rule, each in p.items()}
    wrong = np.flatnonzero(rules[choice.correction] != below(tail, choice.alpha))
    wrong = wrong[np.argsort(tail[wrong], kind="stable")][:MOST_FLIPS]
    named_places, kind = given.labels.array.take(wrong), texts(*kinds.names).take(kinds.numbers[wrong])
    table = {"place": named_places, "kind": kind, "smaller tail p": tail[wrong], "p": p["none"][wrong]}
    table |= {rule: out[wrong] for rule, out in rules.items()}
    return pd.DataFrame(table, index=pd.RangeIndex(1, len(wrong) + 1, name="number"), copy=False)


def _steps(given: Aligned, p: Array) -> "pd.Series[Any]":
    """Put p into the classes of a map of significance; some places have none, such as those outside a category that is counted."""
    words = (*(f"p ≤ {step:g}" for step in STEPS), f"p > {STEPS[-1]:g}", NO_P, ISOLATED)
    found = np.where(np.isnan(p), words.index(NO_P), np.add.reduce([p > step for step in STEPS], dtype=np.int8))
    return given.named(np.where(given.islands, words.index(ISOLATED), found), words, NO_DATA)


def below(p: Array, alpha: float) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Tell which p stand out; none that is NaN."""
    with np.errstate(invalid="ignore"):
        return np.asarray(p <= alpha)
