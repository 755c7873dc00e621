"""Connected regions that hold enough each, as many as can be found: the search behind max_p."""

import numpy as np

from spatial.clusters._groups import SAME, Array, Whole, within
from spatial.clusters._land import Land
from spatial.clusters._moving import improved
from spatial.clusters._winding import split, wound
from spatial.progress import tell

_WAYS = 4  # ways in which regions are begun, in turn
_KEPT = 3  # of the constructions with the most regions so many are improved


def best_regions(given: Land, *, starts: int, patience: int, seed: int) -> tuple[Whole, int]:
    """
    Search for the most regions, and of so many for those with the smallest within sum of squares.

    Returns
    -------
    tuple
        The region of each place, and in how many of the starts so many regions were found.
    """
    found: dict[int, list[tuple[float, int, Whole]]] = {}
    for start in range(starts):
        tell(start, starts, "Trying random starts")
        random = np.random.default_rng([seed, start])
        way = start % _WAYS
        labels = split(given, wound(given, random) if way == _WAYS - 1 else _grown(given, random, way), random)
        found.setdefault(int(labels.max()) + 1, []).append((within(given.values, labels), start, labels))
    most = max(found)
    ahead = sorted(found[most], key=lambda each: each[:2])[:_KEPT]
    ended = [improved(given, labels, patience) for _, _, labels in ahead]
    sums = np.array([within(given.values, labels) for labels in ended])
    close = SAME * float((given.values**2).sum())
    return ended[int(np.flatnonzero(sums <= sums.min() + close)[0])], len(found[most])


def _grown(given: Land, random: "np.random.Generator", way: int) -> Whole:
    """Let regions grow one by one until each holds enough; what is left over joins the region it changes least."""
    labels = np.full(len(given.values), -1)
    count = 0
    for seed in random.permutation(len(labels)).tolist():
        if labels[seed] == -1:
            region, enough = _one_grown(given, labels, seed, random, way)
            labels[region] = count if enough else -2
            count += enough
    _left_over(given, labels, count)
    return labels.astype(np.int64)


def _one_grown(given: Land, labels: Whole, seed: int, random: "np.random.Generator", way: int) -> tuple[list[int], bool]:
    region, held, total = [seed], float(given.weights[seed]), given.values[seed].copy()
    inside = {seed}
    edge = {other for other in given.near[seed] if labels[other] == -1}
    while held < given.minimum and edge:
        place = _next(given, labels, inside, sorted(edge), total / len(region), random, way)
        region.append(place)
        inside.add(place)
        edge.discard(place)
        edge.update(other for other in given.near[place] if labels[other] == -1 and other not in inside)
        held += float(given.weights[place])
        total += given.values[place]
    return region, held >= given.minimum


def _next(
    given: Land, labels: Whole, inside: set[int], edge: list[int], mean: Array, random: "np.random.Generator", way: int
) -> int:
    """Choose the place that joins: the most alike; the one with fewest ways out, so that none is left over; or any."""
    if way == 0:
        return edge[int(((given.values[edge] - mean) ** 2).sum(axis=1).argmin())]
    if way == 1:
        free = [sum(labels[other] == -1 and other not in inside for other in given.near[place]) for place in edge]
        fewest = min(free)
        edge = [place for place, ways in zip(edge, free, strict=True) if ways == fewest]
    return edge[int(random.integers(len(edge)))]


def _left_over(given: Land, labels: Whole, count: int) -> None:
    """Give places that no region took to a region next to them."""
    sizes = np.bincount(labels[labels >= 0], minlength=count).astype(float)
    sums = np.stack([np.bincount(labels[labels >= 0], column[labels >= 0], minlength=count) for column in given.values.T], axis=1)
    waiting = np.flatnonzero(labels < 0).tolist()
    while waiting:
        later = []
        for place in waiting:
            beside = sorted({int(labels[other]) for other in given.near[place] if labels[other] >= 0})
            if not beside:
                later.append(place)
                continue
            away = ((given.values[place] - sums[beside] / sizes[beside][:, None]) ** 2).sum(axis=1)
            region = beside[int((away * sizes[beside] / (sizes[beside] + 1)).argmin())]
            labels[place] = region
            sizes[region] += 1
            sums[region] += given.values[place]
        waiting = later
