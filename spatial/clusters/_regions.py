"""Connected regions that hold enough each, as many as can be found: the search behind max_p."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.clusters._groups import SAME, Array, Whole, within

_WAYS = 3  # ways in which regions grow, in turn
_KEPT = 3  # of the constructions with the most regions so many are improved
_SPLITS = 5  # trees on which a region is tried to be split
_ROUNDED = 12
_TENURE = 10  # moves for which a place may not go back
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Land:
    """What regions are made of: who is next to whom, values, what each place counts, and what each region must hold."""

    near: list[list[int]]
    pairs: Whole
    values: Array
    weights: Array
    minimum: float


def land(pairs: Whole, values: Array, weights: Array, minimum: float) -> Land:
    """Put together what regions are made of; sums that miss the minimum by their last digit reach it."""
    near: list[list[int]] = [[] for _ in range(len(values))]
    for one, other in pairs.tolist():
        near[one].append(other)
        near[other].append(one)
    return Land(near, pairs, values, weights, minimum * (1 - 1e-12))


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
        labels = _split(given, _grown(given, np.random.default_rng([seed, start]), start % _WAYS), seed)
        found.setdefault(int(labels.max()) + 1, []).append((within(given.values, labels), start, labels))
    most = max(found)
    ahead = sorted(found[most], key=lambda each: each[:2])[:_KEPT]
    improved = [_improved(given, labels, patience) for _, _, labels in ahead]
    sums = np.array([within(given.values, labels) for labels in improved])
    close = SAME * float((given.values**2).sum())
    return improved[int(np.flatnonzero(sums <= sums.min() + close)[0])], len(found[most])


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


def _split(given: Land, labels: Whole, seed: int) -> Whole:
    """Split regions that hold enough for two, where a tree through them can be cut so."""
    labels, count = labels.copy(), int(labels.max()) + 1
    held = np.bincount(labels, given.weights).tolist()
    region = 0
    while region < count:
        part = _part(given, labels, region, seed) if held[region] >= 2 * given.minimum else None
        if part is None:
            region += 1
            continue
        labels[part] = count
        held.append(float(given.weights[part].sum()))
        held[region] -= held[count]
        count += 1
    return labels


def _part(given: Land, labels: Whole, region: int, seed: int) -> list[int] | None:
    members = np.flatnonzero(labels == region).tolist()
    total = float(given.weights[members].sum())
    for attempt in range(_SPLITS):
        random = np.random.default_rng([seed, attempt, members[0], len(members)])
        order, above = _random_tree(given, labels, members[int(random.integers(len(members)))], random)
        held = {place: float(given.weights[place]) for place in order}
        for place in reversed(order):
            if above[place] >= 0:
                if held[place] >= given.minimum and total - held[place] >= given.minimum:
                    return _below(order, above, place)
                held[above[place]] += held[place]
    return None


def _random_tree(given: Land, labels: Whole, root: int, random: "np.random.Generator") -> tuple[list[int], dict[int, int]]:
    above, order, stack = {root: -1}, [], [root]
    while stack:
        place = stack.pop()
        order.append(place)
        beside = [other for other in given.near[place] if labels[other] == labels[root] and other not in above]
        for other in random.permutation(beside).astype(int).tolist():
            above[other] = place
            stack.append(other)
    return order, above


def _below(order: Sequence[int], above: dict[int, int], root: int) -> list[int]:
    found = {root}
    for place in order:  # what hangs on a place stands behind it
        if above[place] in found:
            found.add(place)
    return sorted(found)


class _State:
    """Regions while single places move between them."""

    def __init__(self, given: Land, labels: Whole) -> None:
        self.given, self.labels = given, labels.copy()
        count = int(labels.max()) + 1
        self.sizes: Array = np.bincount(labels, minlength=count).astype(float)
        self.held: Array = np.bincount(labels, given.weights, minlength=count).astype(float)
        self.sums: Array = np.stack([np.bincount(labels, column, minlength=count) for column in given.values.T], axis=1).astype(
            float
        )
        self.starts = np.concatenate([given.pairs[:, 0], given.pairs[:, 1]])
        self.ends = np.concatenate([given.pairs[:, 1], given.pairs[:, 0]])

    def moves(self) -> tuple[Whole, Whole, Array]:
        """List the moves of a place to a region next to it that leave its own enough, and what each adds to the sum."""
        crossing = self.labels[self.starts] != self.labels[self.ends]
        places, regions = self.starts[crossing], self.labels[self.ends[crossing]]
        own = self.labels[places]
        rich = self.held[own] - self.given.weights[places] >= self.given.minimum
        places, regions = places[rich & (self.sizes[own] > 1)], regions[rich & (self.sizes[own] > 1)]
        return places, regions, self.cost(places, regions)

    def cost(self, places: Whole, regions: Whole) -> Array:
        own, values = self.labels[places], self.given.values[places]
        means = self.sums / self.sizes[:, None]
        into, out = values - means[regions], values - means[own]
        there, here = self.sizes[regions], self.sizes[own]
        found: Array = np.einsum("ij,ij->i", into, into) * there / (there + 1)
        found -= np.einsum("ij,ij->i", out, out) * here / (here - 1)
        return found

    def move(self, place: int, region: int) -> None:
        own = self.labels[place]
        for group, sign in ((own, -1), (region, 1)):
            self.sizes[group] += sign
            self.held[group] += sign * self.given.weights[place]
            self.sums[group] += sign * self.given.values[place]
        self.labels[place] = region

    def allowed(self, place: int) -> bool:
        """Tell whether the region of a place holds enough and hangs together without it."""
        own = self.labels[place]
        if self.sizes[own] < 2 or self.held[own] - self.given.weights[place] < self.given.minimum:
            return False
        beside = {other for other in self.given.near[place] if self.labels[other] == own}
        if len(beside) < 2:
            return True
        stack, seen = [beside.pop()], {place}
        seen.add(stack[0])
        while stack and beside:
            for other in self.given.near[stack.pop()]:
                if other not in seen and self.labels[other] == own:
                    seen.add(other)
                    beside.discard(other)
                    stack.append(other)
        return not beside


def _improved(given: Land, labels: Whole, patience: int) -> Whole:
    """Move places while that lowers the sum; then make the least bad moves too, and keep the best regions met (tabu search)."""
    state = _State(given, labels)
    close = SAME * max(float((given.values**2).sum()), 1e-300)
    _descended(state, close)
    best, best_sum = state.labels.copy(), 0.0
    now, waited, number = 0.0, 0, 0
    banned: dict[tuple[int, int], int] = {}
    while waited < patience:
        step = _least_bad(state, banned, number, best_sum - now - close)
        if step is None:
            break
        place, region, cost = step
        banned[place, int(state.labels[place])] = number + _TENURE
        state.move(place, region)
        now += cost
        number, waited = number + 1, waited + 1
        if now < best_sum - close:
            best, best_sum, waited = state.labels.copy(), now, 0
    return best


def _descended(state: _State, close: float) -> None:
    for _ in range(_ROUNDS):
        places, regions, costs = state.moves()
        moved = 0
        for at in _in_order(places, regions, costs, int((costs < -close).sum())):
            place, region = int(places[at]), int(regions[at])
            still = state.labels[place] != region and any(state.labels[other] == region for other in state.given.near[place])
            if still and state.sizes[state.labels[place]] > 1:
                cost = float(state.cost(places[at : at + 1], regions[at : at + 1])[0])
                if cost < -close and state.allowed(place):
                    state.move(place, region)
                    moved += 1
        if not moved:
            return


def _least_bad(state: _State, banned: dict[tuple[int, int], int], number: int, aim: float) -> tuple[int, int, float] | None:
    """Give the best allowed move that is not forbidden, or that leads to better regions than any before."""
    places, regions, costs = state.moves()
    for at in _in_order(places, regions, costs, len(costs)):
        place, region, cost = int(places[at]), int(regions[at]), float(costs[at])
        free = banned.get((place, region), -1) < number or cost < aim
        if free and state.allowed(place):
            return place, region, cost
    return None


def _in_order(places: Whole, regions: Whole, costs: Array, count: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Sort moves by cost, equal ones by place and region; the first so many."""
    return np.lexsort((regions, places, np.round(costs, _ROUNDED)))[:count]
