"""Atlas -> charts: what the pictures of the steps show, as plain values that the page draws itself."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._charts import interval_rows, interval_words
from spatial.outputs._choice import CRITERIA
from spatial.outputs._groups import MOST_BARS, MOST_PANELS, group_colours
from spatial.outputs._paper import INK
from spatial.outputs._tally import ALPHA, by_steps, lag_unit, lag_words
from spatial.outputs._tree import followed
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.figures import pictures
from spatial.outputs.themes import CLUSTERS, GROUPS, number_words
from spatial.outputs.words import fixed

if TYPE_CHECKING:
    import pandas as pd

Words = Mapping[str, str]
Told = dict[str, Any]


def charts_of(atlas: Atlas, words: Words) -> list[Told]:
    """
    List the charts of a study for the page.

    Parameters
    ----------
    atlas
        The finished study.
    words
        In the language of the map.

    Returns
    -------
    list of dict
        For each chart its step, its kind, its title, its name in a list of all, a caption that stands for it where it cannot be seen, sentences to stand
        beside it, and its numbers. Maps, graphs and scatterplots are not among them: the page has them already.
    """
    steps = {each.id: each for each in atlas.steps}
    found = []
    for each in pictures(atlas):
        make = _KINDS.get(each.kind)
        told = make(atlas, steps[str(each.step)], each.table, words) if make and each.table is not None else None
        if told is not None:
            step = steps[str(each.step)]
            shared = {"id": each.name, "step": step.id, "group": step.title, "title": each.title, "kind": each.kind}
            found.append({**shared, "caption": each.caption, "y": each.title.partition(" by ")[0], **told})
    return [{**each, "label": label} for each, label in zip(found, _labels(found), strict=True)]


def _labels(charts: list[Told]) -> list[str]:
    """Name charts so that a list tells them apart: by title, where several share it with the step's title, then with its id."""
    plain, told, whole = (
        [form.format_map(each) for each in charts] for form in ("{title}", "{title}: {group}", "{title}: {group} ({step})")
    )
    return [
        one if plain.count(one) == 1 else two if told.count(two) == 1 else three
        for one, two, three in zip(plain, told, whole, strict=True)
    ]


def _histogram(atlas: Atlas, step: Step, table: "pd.DataFrame", words: Words) -> Told:  # noqa: ARG001  (all kinds alike)
    numbers, counts = table.index.to_numpy(int), table.iloc[:, 0].to_numpy(int)
    mean = float((numbers * counts).sum() / counts.sum())
    half = int(numbers[np.searchsorted(counts.cumsum(), (counts.sum() + 1) / 2)])
    said = {"n": int(counts.sum()), "mean": _local(number_words(mean), words), "median": half}
    reach = {"low": int(numbers.min()), "high": int(numbers.max())}
    spread = words["histogram_words"] if len(numbers) > 1 else words["all_have"]
    return {
        "numbers": numbers.tolist(),
        "counts": counts.tolist(),
        "isolated": CLUSTERS["Isolated"],
        "words": [words["count_many"].format(n=said["n"]), spread.format(**said, **reach)],
    }


def _correlogram(atlas: Atlas, step: Step, table: "pd.DataFrame", words: Words) -> Told:
    out = table["p_adjusted"].to_numpy(float) <= ALPHA
    unit = lag_unit(atlas, table)
    far = words["lag_distance"].format(unit=words[unit]) if unit else words["lag_local"]
    tried = getattr(step.result, "permutations", None)
    band = words["band"].format(n=tried) if isinstance(tried, int) else words["band_plain"]
    said = words["filled"].format(alpha=_local(f"{ALPHA:g}", words), lags=len(table), out=int(out.sum()))
    columns = ("statistic", "expected", "low", "high", "p_adjusted")
    return {
        "lags": [_local(each, words) for each in lag_words(atlas, table)],
        "links": table["links"].astype(int).tolist(),
        **{name: table[name].astype(float).tolist() for name in columns},
        "out": out.tolist(),
        "x": words["lag_steps"] if by_steps(table) else far,
        "words": [words["count_many"].format(n=step.result.observations), band, said],
    }


def _tree(atlas: Atlas, step: Step, table: "pd.DataFrame", words: Words) -> Told | None:
    found = followed(atlas, step, table)
    if found is None:
        return None
    told = [words["height"]] + (
        [words["tree_words"].format(n=found.groups, step=step.title)] if found.kept < len(found.pairs) else []
    )
    if found.joinings > len(found.pairs):
        told.append(words["tree_top"].format(n=len(found.pairs), all=fixed(found.joinings, 0)))
    place = {name: number for number, name in enumerate(map(str, atlas.places.index))}
    return {
        "leaves": [[place[name] for name in leaf] for leaf in found.leaves],
        "pairs": found.pairs.tolist(),
        "heights": found.heights.tolist(),
        "order": found.order.tolist(),
        "colours": [None if each == INK else each for each in found.colours],
        "cut": found.cut,
        "groups": found.groups,
        "words": told,
    }


def _choice(atlas: Atlas, step: Step, table: "pd.DataFrame", words: Words) -> Told:  # noqa: ARG001  (all kinds alike)
    shown = [name for name in CRITERIA if name in table.columns and table[name].notna().any()]
    return {
        "numbers": table.index.astype(int).tolist(),
        "criteria": [words[name] for name in shown],
        "values": [table[name].astype(float).tolist() for name in shown],
        "used": getattr(step.result, "groups", None),
        "words": [words["choice_words"]],
    }


def _profiles(atlas: Atlas, step: Step, table: "pd.DataFrame", words: Words) -> Told | None:
    groups, columns = [str(each) for each in table.index], [str(each) for each in table.columns]
    if len(groups) > MOST_BARS or len(columns) > MOST_PANELS:
        return None
    given = group_colours(atlas, step)
    return {
        "groups": groups,
        "colours": [given.get(group, GROUPS[number % len(GROUPS)]) for number, group in enumerate(groups)],
        "columns": [atlas.titles.get(column, column) or column for column in columns],
        "values": [table[column].astype(float).tolist() for column in columns],
        "words": [words["profile_words"].format(step=step.title)],
    }


def _intervals(atlas: Atlas, step: Step, table: "pd.DataFrame", words: Words) -> Told:  # noqa: ARG001  (all kinds alike)
    rows = interval_rows(table)
    terms: list[str] = []
    for row in rows:
        terms.append(row[0] or terms[-1])
    return {
        "rows": [
            {
                "term": row[0],
                "name": name,
                "effect": words.get(row[1], row[1]),
                "numbers": list(row[2:5]),
                "reach": row[5],
                "text": _local(interval_words(row), words),
            }
            for row, name in zip(rows, terms, strict=True)
        ],
        "words": [words["interval_words"]],
    }


def _local(text: str, words: Words) -> str:
    return text.replace(".", words["decimal"])


_KINDS: Mapping[str, Callable[[Atlas, Step, Any, Words], Told | None]] = {
    "histogram": _histogram,
    "correlogram": _correlogram,
    "tree": _tree,
    "profiles": _profiles,
    "choice": _choice,
    "intervals": _intervals,
}
