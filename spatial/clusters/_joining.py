"""Groups that lie side by side joined again and again: Ward's hierarchy on a map."""

import heapq

import numpy as np

from spatial.clusters._groups import Array, Whole
from spatial.progress import tell

_ROUNDED = 12
_TOLD = 1_000  # merges from one word on progress to the next


def joined_hierarchy(pairs: Whole, values: Array) -> Array:
    """
    Merge the two linked groups that raise the within sum of squares least, until no link is left.

    Parameters
    ----------
    pairs
        Linked places.
    values
        One row per place.

    Returns
    -------
    numpy.ndarray
        As scipy's table of merges: two groups, height, size; groups from n on are the merged ones. Fewer than n - 1 rows where
        the links leave several parts. Of equal rises that of the groups with the first places comes first.
    """
    size = len(values)
    sums = np.vstack([values, np.zeros((max(size - 1, 0), values.shape[1]))])
    sizes = np.concatenate([np.ones(size), np.zeros(max(size - 1, 0))])
    first = [*range(size), *[0] * max(size - 1, 0)]
    near: dict[int, set[int]] = {place: set() for place in range(size)}
    for one, other in pairs.tolist():
        near[one].add(other)
        near[other].add(one)
    rises = np.round(((values[pairs[:, 0]] - values[pairs[:, 1]]) ** 2).sum(axis=1) / 2, _ROUNDED).tolist()
    waiting = [(rise, one, other, one, other) for rise, (one, other) in zip(rises, pairs.tolist(), strict=True)]
    heapq.heapify(waiting)
    steps: list[tuple[float, ...]] = []
    while waiting:
        if len(steps) % _TOLD == 0:
            tell(len(steps), size, "Merging groups")
        rise, _, _, one, other = heapq.heappop(waiting)
        if one not in near or other not in near:
            continue
        new = size + len(steps)
        sums[new], sizes[new] = sums[one] + sums[other], sizes[one] + sizes[other]
        first[new] = min(first[one], first[other])
        steps.append((min(one, other), max(one, other), float(np.sqrt(2 * rise)), sizes[new]))
        beside = sorted((near.pop(one) | near.pop(other)) - {one, other})
        near[new] = set(beside)
        if beside:
            away = sums[beside] / sizes[beside][:, None] - sums[new] / sizes[new]
            costs = np.einsum("ij,ij->i", away, away) * sizes[beside] * sizes[new] / (sizes[beside] + sizes[new])
            for each, cost in zip(beside, np.round(costs, _ROUNDED).tolist(), strict=True):
                near[each] -= {one, other}
                near[each].add(new)
                low, high = sorted((first[each], first[new]))
                heapq.heappush(waiting, (cost, low, high, each, new))
    return np.array(steps).reshape(-1, 4)
