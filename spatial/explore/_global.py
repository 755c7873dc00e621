"""What the global statistics have in common: their fields, their inference and their words."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spatial.explore._permutations import Exact, Reference, by_chance, describe_reference, order_words
from spatial.explore._significance import Alternative, Array, deviate, normal_p, p_words
from spatial.places import Aligned
from spatial.results import Result, shown

ALPHA = 0.05  # only for words; no number depends on it
FEW = 10  # places, below which the reading warns
ISLANDS = "Places without neighbours count in n and in the mean, as in PySAL; R's spdep leaves them out of n."


@dataclass(frozen=True, kw_only=True, eq=False)
class GlobalStatistic(Result):
    """One number for the whole map, and how surprising it is."""

    statistic: float = shown("Statistic")
    expected: float = shown("Expected without spatial pattern")
    variance: float = shown("Variance")
    z: float = shown("z")
    p: float = shown("p (analytical)")
    p_permutation: float = shown("p (permutation)")
    p_smallest: float = shown("Smallest p the permutations could give")
    permutations: int = shown("Permutations")
    exact: bool = shown("All orders enumerated")
    simulated_mean: float = shown("Mean over permutations")
    simulated_sd: float = shown("Standard deviation over permutations")
    seed: int = shown("Seed")
    alternative: str = shown("Alternative")
    assumption: str = shown("Assumption of the analytical p")


def inference(
    observed: tuple[float, float, float],
    values: Array,
    statistic: Callable[[Array], Array],
    *,
    alternative: Alternative,
    permutations: int,
    seed: int,
    exact: Exact,
    sign: int = 1,
) -> tuple[dict[str, Any], Reference]:
    """
    Fill the fields every global statistic has.

    Parameters
    ----------
    observed
        Statistic, expectation and variance.
    values
        What is dealt out to the places.
    statistic
        Takes (places, orders) and gives a statistic for each order.
    alternative, permutations, seed, exact
        As in the operations.
    sign
        -1 where a small statistic means that neighbours are alike; z is turned so that positive always does.

    Returns
    -------
    tuple
        Field values, and the permutation distribution.
    """
    reference = by_chance(values, statistic, permutations=permutations, seed=seed, exact=exact)
    return _filled(observed, reference, alternative, seed, sign), reference


def inference_by_chance(
    observed: float,
    values: Array,
    statistic: Callable[[Array], Array],
    *,
    alternative: Alternative,
    permutations: int,
    seed: int,
    exact: Exact,
) -> tuple[dict[str, Any], Reference]:
    """Fill the fields every global statistic has where no formula gives its moments: with those of the orders tried."""
    reference = by_chance(values, statistic, permutations=permutations, seed=seed, exact=exact)
    moments = observed, float(reference.values.mean()), float(reference.values.var())
    return _filled(moments, reference, alternative, seed), reference


def _filled(
    observed: tuple[float, float, float], reference: Reference, alternative: Alternative, seed: int, sign: int = 1
) -> dict[str, Any]:
    found, expected, variance = observed
    z = sign * float(deviate(found, expected, variance, abs(found) + abs(expected)))
    filled = {
        "statistic": found,
        "expected": expected,
        "variance": variance,
        "z": z,
        "p": float(normal_p(z, alternative)),
        "p_permutation": reference.p(found, alternative, sign),
        "p_smallest": reference.smallest_p(alternative, sign),
        "seed": seed,
        "alternative": alternative,
    }
    return filled | describe_reference(reference)


def notes_of(given: Aligned, filled: dict[str, Any], reference: Reference, *, islands: str = ISLANDS) -> tuple[str, ...]:
    """Collect what a reader of the numbers must know; ``islands`` says what becomes of places without neighbours."""
    notes = [*given.notes]
    if given.islands.any():
        notes.append(islands)
    notes.append(order_words(reference, len(given.labels)))
    if math.isnan(filled["z"]):
        notes.append("The statistic cannot vary on this graph (its variance is 0): there is no z and no analytical p.")
    elif (filled["p"] < ALPHA) != (filled["p_permutation"] < ALPHA):
        notes.append(
            f"The analytical p ({filled['p']:.2g}) and the permutation p ({filled['p_permutation']:.2g}) lie on different sides of"
            f" {ALPHA:g}; the permutation p assumes less about the distribution of the values."
        )
    return tuple(notes)


def verdict(filled: dict[str, Any], alike: str, unlike: str, nothing: str) -> str:
    """Choose the sentence that the permutation p allows."""
    p = filled["p_permutation"]
    if p >= ALPHA:
        return f"{nothing} ({p_words(p)}, {_tail(filled)}); that is no proof that there is none."
    return f"{alike if filled['z'] > 0 else unlike} ({p_words(p)}, {_tail(filled)})."


def caution(filled: dict[str, Any], observations: int) -> tuple[str, ...]:
    """Admit what few places cannot show, and what no such statistic can."""
    limits = "It says nothing about where the pattern is, nor about its cause."
    if observations >= FEW:
        return (limits,)
    smallest = f"with these values and this graph the smallest possible p is {filled['p_smallest']:.2g}"
    return (f"With only {observations} places no more than a very strong pattern could be detected: {smallest}.", limits)


def _tail(filled: dict[str, Any]) -> str:
    return {"two-sided": "two-sided", "greater": "one-sided, greater", "less": "one-sided, less"}[filled["alternative"]]
