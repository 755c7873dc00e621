"""What a comparison of models says, in sentences a referee would let pass."""

from collections.abc import Mapping, Sequence
from typing import Any

from spatial.models._comparison import Member, response_name
from spatial.models._reading import of_few
from spatial.models._search import LINEAR, Found, words_of

#: Differences of AIC or BIC below this are no evidence (Burnham and Anderson, 2004).
LEVEL_PEGGING = 2.0
OPTIMISTIC = (
    "The model was chosen on the same data that its p values come from, which makes those of the chosen model too small:"
    " take the search as a description, and confirm it on other data where that is possible."
)


def sentences(
    members: Sequence[Member],
    criteria: Any,
    found: Found | None,
    chosen: Mapping[str, str | None],
    alpha: float,
    words: Mapping[str, str],
) -> tuple[str, ...]:
    """
    Say what the comparison found.

    Parameters
    ----------
    members
        The models.
    criteria
        The table of criteria.
    found
        Where the search ended, or None.
    chosen
        What "tests", "aic" and "bic" choose.
    alpha
        Limit of the search.
    words
        Label of a model to what it is called.

    Returns
    -------
    tuple of str
        Criteria, search, whether they agree, whether the model without space wins, what to be careful about.
    """
    count = int(members[0].result["observations"])
    said = [
        f"{len(members)} models of {response_name(members[0])}, {count} observations.{_criteria_words(criteria, chosen, words)}"
    ]
    if found is not None:
        said.append(words_of(found, words[str(chosen["tests"])], alpha))
        said += found.remarks
    if chosen["tests"] is not None and all(each.label != chosen["tests"] for each in members):
        said.append(f"The {words[chosen['tests']]} is not among the models compared, so AIC and BIC could not choose it.")
    else:
        said += _agreement(chosen, words)
        said += _without_space(members, chosen, criteria)
    if found is not None:
        said.append(OPTIMISTIC)
    return (*said, *of_few(count, max(each.count for each in members)))


def _criteria_words(criteria: Any, chosen: Mapping[str, str | None], words: Mapping[str, str]) -> str:
    if chosen["aic"] is None:
        return " None of them has a likelihood, so AIC and BIC cannot choose."
    if chosen["aic"] == chosen["bic"]:
        both = f" AIC and BIC both are lowest for the {words[str(chosen['aic'])]}"
    else:
        both = f" AIC is lowest for the {words[str(chosen['aic'])]}, BIC for the {words[str(chosen['bic'])]}"
    close = [
        words[str(label)] for label, row in criteria.iterrows() if label != chosen["aic"] and row["aic_difference"] < LEVEL_PEGGING
    ]
    if not close:
        return f"{both}."
    named = [f"the {each}" for each in close[:3]] + ([f"{len(close) - 3} more"] if len(close) > 3 else [])
    listed = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    verb = "is" if len(close) == 1 else "are"
    return f"{both}; by AIC {listed} {verb} within {LEVEL_PEGGING:g} of it, which is too little to tell them apart."


def _agreement(chosen: Mapping[str, str | None], words: Mapping[str, str]) -> list[str]:
    named = {"tests": "the tests", "aic": "AIC", "bic": "BIC"}
    there = {name: each for name, each in chosen.items() if each is not None}
    if len(there) < 2:
        return []
    if len(set(there.values())) == 1:
        if "tests" not in there:
            return []
        return [f"Tests, AIC and BIC agree on the {words[str(there['tests'])]}."]
    parts = "; ".join(
        f"{named[name]} choose{'' if name == 'tests' else 's'} the {words[str(each)]}" for name, each in there.items()
    )
    return [f"They disagree: {parts}. Report what you conclude under each of them, not only under the one that suits."]


def _without_space(members: Sequence[Member], chosen: Mapping[str, str | None], criteria: Any) -> list[str]:
    """Say plainly where a model without neighbours wins."""
    plain = [each.label for each in members if not each.spatial and not each.lags]
    if not plain or not any((each.spatial or each.lags) and each.log_likelihood is not None for each in members):
        return []
    winners = [name for name in ("tests", "aic", "bic") if chosen.get(name) in (*plain, LINEAR)]
    there = [name for name in ("tests", "aic", "bic") if chosen.get(name) is not None]
    if there and winners == there:
        return [
            "The model without neighbours wins: these data give no reason for a spatial model, and nothing should be concluded about spillovers from one."
        ]
    if winners:
        named = {"tests": "the tests", "aic": "AIC", "bic": "BIC"}
        return [
            f"By {' and '.join(named[name] for name in winners)} the model without neighbours is enough, so evidence for a spatial model is mixed."
        ]
    best = criteria["aic"].min() if chosen["aic"] is not None else None
    if best is not None and float(criteria.loc[plain, "aic"].min()) - float(best) < LEVEL_PEGGING:
        return ["By AIC the best model is hardly better than the one without neighbours."]
    return []
