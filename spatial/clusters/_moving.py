"""Places that move from region to region until the regions are as alike within as can be found."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.clusters._groups import SAME, Array, Whole
from spatial.clusters._land import Land
from spatial.progress import tell

_ROUNDED = 12
_TENURE = 10  # moves for which a place may not go back
_ROUNDS = 100


def improved(given: Land, labels: Whole, patience: int) -> Whole:
    """Move places while that lowers the sum; then make the least bad moves too, and keep the best regions met (tabu search)."""
    state = _moving(given, labels)
    close = SAME * max(float((given.values**2).sum()), 1e-300)
    _descended(state, close)
    best, best_sum = state.labels.copy(), 0.0
    now, waited, number = 0.0, 0, 0
    banned: dict[tuple[int, int], int] = {}
    while waited < patience:
        tell(waited, patience, "Improving regions")
        step = _least_bad(state, banned, number, best_sum - now - close)
        if step is None:
            break
        place, region, cost = step
        banned[place, int(state.labels[place])] = number + _TENURE
        _move(state, place, region)
        now += cost
        number, waited = number + 1, waited + 1
        if now < best_sum - close:
            best, best_sum, waited = state.labels.copy(), now, 0
    return best


@dataclass(frozen=True, slots=True)
class _Moving:
    """Regions while single places move between them; the arrays change."""

    given: Land
    labels: Whole
    sizes: Array
    held: Array
    sums: Array
    starts: Whole  # of every link in both directions
    ends: Whole


def _moving(given: Land, labels: Whole) -> _Moving:
    count = int(labels.max()) + 1
    return _Moving(
        given=given,
        labels=labels.copy(),
        sizes=np.bincount(labels, minlength=count).astype(float),
        held=np.bincount(labels, given.weights, minlength=count).astype(float),
        sums=np.stack([np.bincount(labels, column, minlength=count) for column in given.values.T], axis=1).astype(float),
        starts=np.concatenate([given.pairs[:, 0], given.pairs[:, 1]]),
        ends=np.concatenate([given.pairs[:, 1], given.pairs[:, 0]]),
    )


def _moves(state: _Moving) -> tuple[Whole, Whole, Array]:
    """List the moves of a place to a region next to it that leave its own enough, and what each adds to the sum."""
    crossing = state.labels[state.starts] != state.labels[state.ends]
    places, regions = state.starts[crossing], state.labels[state.ends[crossing]]
    own = state.labels[places]
    rich = state.held[own] - state.given.weights[places] >= state.given.minimum
    places, regions = places[rich & (state.sizes[own] > 1)], regions[rich & (state.sizes[own] > 1)]
    return places, regions, _cost(state, places, regions)


def _cost(state: _Moving, places: Whole, regions: Whole) -> Array:
    own, values = state.labels[places], state.given.values[places]
    means = state.sums / state.sizes[:, None]
    into, out = values - means[regions], values - means[own]
    there, here = state.sizes[regions], state.sizes[own]
    found: Array = np.einsum("ij,ij->i", into, into) * there / (there + 1)
    found -= np.einsum("ij,ij->i", out, out) * here / (here - 1)
    return found


def _move(state: _Moving, place: int, region: int) -> None:
    own = state.labels[place]
    for group, sign in ((own, -1), (region, 1)):
        state.sizes[group] += sign
        state.held[group] += sign * state.given.weights[place]
        state.sums[group] += sign * state.given.values[place]
    state.labels[place] = region


def _allowed(state: _Moving, place: int) -> bool:
    """Tell whether the region of a place holds enough and hangs together without it."""
    own = state.labels[place]
    if state.sizes[own] < 2 or state.held[own] - state.given.weights[place] < state.given.minimum:
        return False
    beside = {other for other in state.given.near[place] if state.labels[other] == own}
    if len(beside) < 2:
        return True
    stack, seen = [beside.pop()], {place}
    seen.add(stack[0])
    while stack and beside:
        for other in state.given.near[stack.pop()]:
            if other not in seen and state.labels[other] == own:
                seen.add(other)
                beside.discard(other)
                stack.append(other)
    return not beside


def _descended(state: _Moving, close: float) -> None:
    for _ in range(_ROUNDS):
        places, regions, costs = _moves(state)
        moved = 0
        for at in _in_order(places, regions, costs, int((costs < -close).sum())):
            place, region = int(places[at]), int(regions[at])
            still = state.labels[place] != region and any(state.labels[other] == region for other in state.given.near[place])
            if still and state.sizes[state.labels[place]] > 1:
                cost = float(_cost(state, places[at : at + 1], regions[at : at + 1])[0])
                if cost < -close and _allowed(state, place):
                    _move(state, place, region)
                    moved += 1
        if not moved:
            return


def _least_bad(state: _Moving, banned: dict[tuple[int, int], int], number: int, aim: float) -> tuple[int, int, float] | None:
    """Give the best allowed move that is not forbidden, or that leads to better regions than any before."""
    places, regions, costs = _moves(state)
    for at in _in_order(places, regions, costs, len(costs)):
        place, region, cost = int(places[at]), int(regions[at]), float(costs[at])
        free = banned.get((place, region), -1) < number or cost < aim
        if free and _allowed(state, place):
            return place, region, cost
    return None


def _in_order(places: Whole, regions: Whole, costs: Array, count: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Sort moves by cost, equal ones by place and region; the first so many."""
    return np.lexsort((regions, places, np.round(costs, _ROUNDED)))[:count]
