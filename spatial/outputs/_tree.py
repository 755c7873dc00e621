"""How groups were joined, as a tree."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._axes import chart, numbered
from spatial.outputs._frame import labels_of
from spatial.outputs._groups import group_colours
from spatial.outputs._paper import INK, MARK, WIDTH, Sheet, measured, wrapped, write
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.words import fixed
from spatial.results import leaves_drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_NAME = 1.75  # inches for the name of a leaf
# Up to how many leaves: inches from one to the next, points of text.
_LINES = {40: (0.17, 6.5), 64: (0.13, 6.0), np.inf: (0.11, 5.0)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree:
    """A tree that can be drawn: leaves count from 0, after them the joinings in turn."""

    leaves: list[list[str]]  # the places that each holds, by key; several where a branch is folded up
    pairs: "np.ndarray[Any, Any]"  # what each joining joins
    heights: "np.ndarray[Any, Any]"  # of leaves (0; where a branch is folded up, that of its last joining) and joinings
    order: "np.ndarray[Any, Any]"  # the leaves as they are drawn, so that no two branches cross
    colours: list[str]  # of leaves and joinings, that of the group; ink above the cut
    kept: int  # how many of these joinings lie below the cut
    cut: float | None  # a height that parts the groups, if there is one: among neighbours a later joining may be lower
    joinings: int  # how many there are in all, those of folded branches too

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
        A dendrogram, of its top alone where there are more joinings than can be read; None where the table cannot be followed
        or even the parts of the hierarchy are too many.
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
        With branches folded up where there are more joinings than can be read; None where the table cannot be followed or even
        the parts of the hierarchy are too many.
    """
    drawn = _drawn(step, merges)
    if not {"first", "second", "height"} <= set(merges.columns) or not drawn:
        return None
    groups = getattr(step.result, "cluster", None)
    known = atlas.places.index if groups is None else groups.index[groups.notna() & (groups != "No data")]
    leaves = sorted(map(str, known))
    pairs = _pairs(merges, leaves)
    if pairs is None:
        return None
    joined = merges["height"].to_numpy(float)
    colours, kept = _coloured(atlas, step, pairs, leaves, drawn)
    whole = Tree(
        leaves=[[leaf] for leaf in leaves],
        pairs=pairs,
        heights=np.r_[np.zeros(len(leaves)), joined],
        order=_leaves(pairs, len(leaves)),
        colours=colours,
        kept=kept,
        cut=_cut(joined[:kept], joined[kept:]),
        joinings=len(pairs),
    )
    return whole if drawn == len(leaves) else _top(whole, len(leaves) - drawn)


def top_words(step: Step, merges: "pd.DataFrame") -> str:
    """
    Tell how much of a tree is drawn.

    Parameters
    ----------
    step
        The step that grouped the places.
    merges
        As for ``tree``.

    Returns
    -------
    str
        Such as "the last 59 of 4 999 joinings"; empty where it is drawn whole or not at all.
    """
    drawn, parts = _drawn(step, merges), _parts(merges)
    whole = drawn in (0, len(merges) + parts)
    return "" if whole else f"the last {drawn - parts} of {fixed(len(merges), 0)} joinings"


def _parts(merges: "pd.DataFrame") -> int:
    """How many groups the last joining leaves: more than one where a graph falls apart."""
    return int(merges["groups"].iloc[-1]) if "groups" in merges and len(merges) else 1


def _drawn(step: Step, merges: "pd.DataFrame") -> int:
    k = step.result.options.get("k")
    return leaves_drawn(len(merges) + _parts(merges), len(merges), k if isinstance(k, int) else 0)


def _pairs(merges: "pd.DataFrame", leaves: Sequence[str]) -> "np.ndarray[Any, Any] | None":
    """Turn names of what is joined into numbers: leaves from 0, then the joinings in turn."""
    if len(merges) != len(leaves) - _parts(merges):
        return None
    alive = {leaf: number for number, leaf in enumerate(leaves)}  # first member of a group -> its number
    pairs = []
    for first, second in merges[["first", "second"]].astype(str).itertuples(index=False, name=None):
        found = [name for name in (_first_member(first, alive), _first_member(second, alive)) if name is not None]
        if len(set(found)) < 2:
            return None
        pairs.append([alive.pop(name) for name in found])
        alive[min(found)] = len(leaves) + len(pairs) - 1
    return np.array(pairs)


def _first_member(text: str, alive: Mapping[str, int]) -> str | None:
    """Find the group whose members are listed: the longest name that the list can begin with, for names hold commas too."""
    ends = [len(text), *reversed([each.start() for each in re.finditer("(?=, | and )", text)])]
    return next((text[:end] for end in ends if text[:end] in alive), None)


def _top(whole: Tree, folded: int) -> Tree:
    """Fold up the branches that the first joinings made; later ones may lie lower."""
    count = len(whole.leaves)
    branch = np.arange(count + len(whole.pairs))
    for number in range(folded - 1, -1, -1):
        branch[whole.pairs[number]] = branch[count + number]
    held: dict[int, list[str]] = {}
    for node, leaf in zip(branch[:count].tolist(), whole.leaves, strict=True):
        held.setdefault(node, []).extend(leaf)
    nodes = [*held, *range(count + folded, len(branch))]
    branch[nodes] = np.arange(len(nodes))
    pairs = branch[whole.pairs[folded:]]
    return replace(
        whole,
        leaves=list(held.values()),
        pairs=pairs,
        heights=whole.heights[nodes],
        order=_leaves(pairs, len(held)),
        colours=[whole.colours[node] for node in nodes],
        kept=whole.kept - folded,
    )


def _dendrogram(atlas: Atlas, step: Step, found: Tree) -> Sheet:
    count, heights, colours, top = len(found.leaves), found.heights, found.colours, found.joinings > len(found.pairs)
    row, size = next(look for most, look in _LINES.items() if count <= most)
    made, axes = chart(atlas, step.title, max(1.2, row * count), (min(WIDTH - 2.2, 4.1), 0.62 if top else 0.5), left=1.9)
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
    axes.set_xlabel(_axis_words(found), parse_math=False)
    _leaves_drawn(axes, found, dict(zip(map(str, atlas.places.index), labels_of(atlas, atlas.places), strict=True)), size)
    if found.cut is not None:
        axes.axvline(found.cut, color=MARK, linewidth=0.8, linestyle=(0, (4, 3)))
        text = write(axes, found.cut, 1.005, f"{found.groups} groups", size=6, colour=MARK, align="center", level="bottom")
        text.set_transform(axes.get_xaxis_transform())
    return made


def _axis_words(found: Tree) -> str:
    words = "Height at which groups are joined" + ("; groups in the colours of the map" if found.kept < len(found.pairs) else "")
    if found.joinings == len(found.pairs):
        return words
    shown = f"{len(found.pairs)} of {fixed(found.joinings, 0)}"
    return f"{words}\nOnly the top: the last {shown} joinings; each triangle is a branch folded up"


def _leaves_drawn(axes: "Axes", found: Tree, named: Mapping[str, str], size: float) -> None:
    """Name the leaves, and draw what is folded up as a triangle that ends where it was last joined."""
    for number, leaf in enumerate(found.order):
        held, colour = found.leaves[leaf], found.colours[leaf]
        more = f" and {fixed(len(held) - 1, 0)} more" if len(held) > 1 else ""
        name = wrapped(named[held[0]], _NAME - measured(more, size), size, most=1)[0]
        text = write(axes, -0.012, number, f"{name}{more}", size=size, align="right", level="center")
        text.set_transform(axes.get_yaxis_transform())
        if len(held) > 1:
            tip = max(found.heights[leaf], 0.015 * found.heights.max())  # seen even where alike places were joined at once
            axes.fill([0, tip, 0], [number - 0.3, number, number + 0.3], facecolor="white", edgecolor=colour, linewidth=0.7)
        if colour != INK:
            axes.plot([0], [number], marker="s", markersize=3.2, color=colour, markeredgewidth=0, clip_on=False, zorder=4)


def _coloured(atlas: Atlas, step: Step, pairs: "np.ndarray[Any, Any]", leaves: Sequence[str], drawn: int) -> tuple[list[str], int]:
    """Give each leaf and each joining the colour of its group, ink above the cut; and how many joinings lie below it."""
    count, k = len(leaves), step.result.options.get("k")
    whole = len(leaves) - len(pairs)
    # One group has no cut, and that of more groups than leaves is not seen.
    if not isinstance(k, int) or not max(2, whole) <= k <= drawn:
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
