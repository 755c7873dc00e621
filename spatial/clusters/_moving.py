"""Places that move from region to region until the regions are as alike within as can be found."""

from collections.abc import Iterator
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
    holding: dict[int, set[int]]  # of regions that were looked at since they changed: who may not leave


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
        holding={},
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
        state.holding.pop(int(group), None)
    state.labels[place] = region


def _allowed(state: _Moving, place: int) -> bool:
    """Tell whether the region of a place holds enough and hangs together without it."""
    own = int(state.labels[place])
    if state.sizes[own] < 2 or state.held[own] - state.given.weights[place] < state.given.minimum:
        return False
    if own not in state.holding:
        state.holding[own] = _holding_together(state, place)
    return place not in state.holding[own]


def _holding_together(state: _Moving, root: int) -> set[int]:
    """
    List the places of a region, that of ``root``, without which it would fall apart.

    Places are walked through in depth; one holds together what hangs on it if that has no link to a place walked before.
    Hopcroft, J. and Tarjan, R. (1973), algorithm 447, doi:10.1145/362248.362272.
    """
    near = state.given.near
    walked, earliest = {root: 0}, {root: 0}  # when each place was walked, and the first place that what hangs on it has a link to
    found, hanging = set(), 0
    path = [(root, iter(near[root]))]
    while path:
        place, others = path[-1]
        following = _onward(state.labels, walked, earliest, place, others)
        if following is not None:
            walked[following] = earliest[following] = len(walked)
            path.append((following, iter(near[following])))
            continue
        path.pop()
        if len(path) == 1:
            hanging += 1
        elif path:
            above = path[-1][0]
            earliest[above] = min(earliest[above], earliest[place])
            if earliest[place] >= walked[above]:
                found.add(above)
    return found | {root} if hanging > 1 else found


def _onward(labels: Whole, walked: dict[int, int], earliest: dict[int, int], place: int, others: Iterator[int]) -> int | None:
    """Give the next place of the region that was not walked yet; note the links to those that were."""
    own = labels[place]
    for other in others:
        if other in walked:
            earliest[place] = min(earliest[place], walked[other])
        elif labels[other] == own:
            return other
    return None


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
