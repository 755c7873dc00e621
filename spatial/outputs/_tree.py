"""How groups were joined, as a tree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._axes import chart, numbered
from spatial.outputs._frame import labels_of
from spatial.outputs._groups import group_colours
from spatial.outputs._paper import INK, MARK, WIDTH, Sheet, wrapped, write
from spatial.outputs.atlas import Atlas, Step
from spatial.results import READABLE

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree:
    """A tree that can be drawn: leaves count from 0, after them the joinings in turn."""

    leaves: list[str]  # the places, by key
    pairs: "np.ndarray[Any, Any]"  # what each joining joins
    heights: "np.ndarray[Any, Any]"  # of leaves (0) and joinings
    order: "np.ndarray[Any, Any]"  # the leaves as they are drawn, so that no two branches cross
    colours: list[str]  # of leaves and joinings, that of the group; ink above the cut
    kept: int  # how many joinings lie below the cut
    cut: float | None  # a height that parts the groups, if there is one: among neighbours a later joining may be lower

    @property
    def groups(self) -> int:
        """How many groups the cut leaves."""
        return len(self.leaves) - self.kept


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
        A dendrogram; None where the table cannot be followed or there are more joinings than can be read.
    """
    found = followed(atlas, step, merges)
    return None if found is None else _dendrogram(atlas, step, found)


def followed(atlas: Atlas, step: Step, merges: "pd.DataFrame") -> Tree | None:
    """
    Follow how groups were joined.

    Parameters
    ----------
    atlas
        The finished study.
    step
        The step that grouped the places.
    merges
        As for ``tree``.

    Returns
    -------
    Tree or None
        None where the table cannot be followed or there are more joinings than can be read.
    """
    if not {"first", "second", "height"} <= set(merges.columns) or len(merges) > READABLE:
        return None
    groups = getattr(step.result, "cluster", None)
    known = atlas.places.index if groups is None else groups.index[groups.notna() & (groups != "No data")]
    leaves = sorted(map(str, known))
    pairs = _pairs(merges, leaves)
    if pairs is None:
        return None
    joined = merges["height"].to_numpy(float)
    colours, kept = _coloured(atlas, step, pairs, leaves)
    return Tree(
        leaves=leaves,
        pairs=pairs,
        heights=np.r_[np.zeros(len(leaves)), joined],
        order=_leaves(pairs, len(leaves)),
        colours=colours,
        kept=kept,
        cut=_cut(joined[:kept], joined[kept:]),
    )


def _pairs(merges: "pd.DataFrame", leaves: Sequence[str]) -> "np.ndarray[Any, Any] | None":
    """Turn names of what is joined into numbers: leaves from 0, then the joinings in turn."""
    parts = int(merges["groups"].iloc[-1]) if "groups" in merges and len(merges) else 1  # of a graph that falls apart
    if len(merges) != len(leaves) - parts:
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


def _dendrogram(atlas: Atlas, step: Step, found: Tree) -> Sheet:
    count, heights, colours = len(found.leaves), found.heights, found.colours
    named = dict(zip(map(str, atlas.places.index), labels_of(atlas, atlas.places), strict=True))
    row = 0.17 if count <= 40 else 0.11  # lines of text
    made, axes = chart(atlas, step.title, max(1.2, row * count), (min(WIDTH - 2.2, 4.1), 0.5), left=1.9)
    ys = np.zeros(len(heights))
    ys[found.order] = np.arange(count)
    for number, (first, second) in enumerate(found.pairs, start=count):
        ys[number] = (ys[first] + ys[second]) / 2
        axes.plot(
            [heights[first], heights[number], heights[number], heights[second]],
            [ys[first], ys[first], ys[second], ys[second]],
            color=colours[number],
            linewidth=0.8 if colours[number] == INK else 1.3,
        )
    axes.set_xlim(0, heights.max() * 1.04)
    axes.set_ylim(count - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    numbered(axes)
    axes.set_xlabel(
        "Height at which groups are joined" + ("; groups in the colours of the map" if found.kept < len(found.pairs) else ""),
        parse_math=False,
    )
    for number, leaf in enumerate(found.order):
        short = wrapped(named[found.leaves[leaf]], 1.75, 6.5, most=1)[0]
        text = write(axes, -0.012, number, short, size=6.5 if row > 0.15 else 5, align="right", level="center")
        text.set_transform(axes.get_yaxis_transform())
        if colours[leaf] != INK:
            axes.plot([0], [number], marker="s", markersize=3.2, color=colours[leaf], markeredgewidth=0, clip_on=False, zorder=4)
    if found.cut is not None:
        axes.axvline(found.cut, color=MARK, linewidth=0.8, linestyle=(0, (4, 3)))
        text = write(axes, found.cut, 1.005, f"{found.groups} groups", size=6, colour=MARK, align="center", level="bottom")
        text.set_transform(axes.get_xaxis_transform())
    return made


def _coloured(atlas: Atlas, step: Step, pairs: "np.ndarray[Any, Any]", leaves: Sequence[str]) -> tuple[list[str], int]:
    """Give each leaf and each joining the colour of its group, ink above the cut; and how many joinings lie below it."""
    count, k = len(leaves), step.result.options.get("k")
    whole = len(leaves) - len(pairs)
    if not isinstance(k, int) or not max(2, whole) <= k <= count:  # one group has no cut
        return [INK] * (count + len(pairs)), len(pairs)
    kept = count - k
    given, groups = group_colours(atlas, step), getattr(step.result, "cluster", None)
    of = {} if groups is None else dict(zip(map(str, groups.index), map(str, groups), strict=True))
    colours = [given.get(of.get(leaf, ""), INK) for leaf in leaves]
    for number, (first, _) in enumerate(pairs):
        colours.append(colours[first] if number < kept else INK)
    return colours, kept


def _cut(below: "np.ndarray[Any, Any]", above: "np.ndarray[Any, Any]") -> float | None:
    """Find a height between the joinings below the cut and those above it."""
    highest = float(below.max()) if len(below) else 0.0
    return (highest + float(above.min())) / 2 if len(above) and highest <= above.min() else None


def _leaves(pairs: "np.ndarray[Any, Any]", count: int) -> "np.ndarray[Any, Any]":
    """Find the order of the leaves in which no two branches cross."""
    joined = set(pairs.ravel().tolist())
    order, stack = [], [number for number in range(count + len(pairs)) if number not in joined]  # one root for each part
    while stack:
        node = stack.pop()
        if node < count:
            order.append(node)
        else:
            stack += [int(pairs[node - count, 1]), int(pairs[node - count, 0])]
    return np.array(order)
