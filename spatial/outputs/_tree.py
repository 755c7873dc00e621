"""How groups were joined, as a tree."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.outputs._axes import chart, numbered
from spatial.outputs._frame import labels_of
from spatial.outputs._paper import INK, MARK, WIDTH, Sheet, wrapped, write
from spatial.outputs.atlas import Atlas, Step

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


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
        A dendrogram; None where the table cannot be followed or there are more than 120 places.
    """
    if not {"first", "second", "height"} <= set(merges.columns) or len(merges) > 120:
        return None
    groups = getattr(step.result, "cluster", None)
    known = atlas.places.index if groups is None else groups.index[groups.notna() & (groups != "No data")]
    leaves = sorted(map(str, known))
    pairs = _pairs(merges, leaves)
    return None if pairs is None else _dendrogram(atlas, step, pairs, merges["height"].to_numpy(float), leaves)


def _pairs(merges: "pd.DataFrame", leaves: Sequence[str]) -> "np.ndarray[Any, Any] | None":
    """Turn names of what is joined into numbers: leaves from 0, then the joinings in turn."""
    if len(merges) != len(leaves) - 1:
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


def _dendrogram(
    atlas: Atlas, step: Step, pairs: "np.ndarray[Any, Any]", joined: "np.ndarray[Any, Any]", leaves: Sequence[str]
) -> Sheet:
    count = len(leaves)
    heights = np.r_[np.zeros(count), joined]
    order = _leaves(pairs, count)
    named = dict(zip(map(str, atlas.places.index), labels_of(atlas, atlas.places), strict=True))
    texts = [named[leaf] for leaf in leaves]
    row = 0.17 if count <= 40 else 0.11  # lines of text
    made, axes = chart(atlas, step.title, max(1.2, row * count), (min(WIDTH - 2.2, 4.1), 0.5), left=1.9)
    ys = np.zeros(len(heights))
    ys[order] = np.arange(count)
    for number, (first, second) in enumerate(pairs, start=count):
        ys[number] = (ys[first] + ys[second]) / 2
        axes.plot(
            [heights[first], heights[number], heights[number], heights[second]],
            [ys[first], ys[first], ys[second], ys[second]],
            color=INK,
            linewidth=0.8,
        )
    axes.set_xlim(0, heights.max() * 1.04)
    axes.set_ylim(count - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    numbered(axes)
    axes.set_xlabel("Height at which groups are joined", parse_math=False)
    for number, leaf in enumerate(order):
        short = wrapped(texts[leaf], 1.75, 6.5, most=1)[0]
        text = write(axes, -0.012, number, short, size=6.5 if row > 0.15 else 5, align="right", level="center")
        text.set_transform(axes.get_yaxis_transform())
    _cut(axes, heights[count:], step)
    return made


def _cut(axes: "Axes", heights: "np.ndarray[Any, Any]", step: Step) -> None:
    """Draw a dashed line where the tree is cut into the groups that were asked for."""
    k = step.result.options.get("k")
    if isinstance(k, int) and 2 <= k <= len(heights):  # one group has no cut
        at = (heights[-k] + heights[-k + 1]) / 2
        axes.axvline(at, color=MARK, linewidth=0.8, linestyle=(0, (4, 3)))
        text = write(axes, at, 1.005, f"{k} groups", size=6, colour=MARK, align="center", level="bottom")
        text.set_transform(axes.get_xaxis_transform())


def _leaves(pairs: "np.ndarray[Any, Any]", count: int) -> "np.ndarray[Any, Any]":
    """Find the order of the leaves in which no two branches cross."""
    order, stack = [], [count + len(pairs) - 1]
    while stack:
        node = stack.pop()
        if node < count:
            order.append(node)
        else:
            stack += [int(pairs[node - count, 1]), int(pairs[node - count, 0])]
    return np.array(order)
