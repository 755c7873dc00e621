"""Regions cut from long winding trees: about as many as there can be."""

from typing import Any

import numpy as np

from spatial.clusters._groups import Whole
from spatial.clusters._land import Land

_SPLITS = 3  # trees on which regions are tried to be formed anew


def split(given: Land, labels: Whole, random: "np.random.Generator") -> Whole:
    """Form regions anew, alone and two together, where a tree through them yields one more."""
    labels, count = labels.copy(), int(labels.max()) + 1
    held = np.bincount(labels, given.weights).tolist()
    region = 0
    while region < count:
        for chosen in _together(given, labels, held, region):
            members = np.flatnonzero(np.isin(labels, chosen))
            found = max((_peeled(given, members, random) for _ in range(_SPLITS)), key=len)
            if len(found) > len(chosen):
                numbers = [*chosen, *range(count, count + len(found) - len(chosen))]
                count += len(found) - len(chosen)
                held += [0.0] * (count - len(held))
                for number, part in zip(numbers, found, strict=True):
                    labels[part] = number
                    held[number] = float(given.weights[part].sum())
                break
        else:
            region += 1
    return labels


def _together(given: Land, labels: Whole, held: list[float], region: int) -> list[list[int]]:
    """List a region and its pairs with regions next to it, where they hold enough for one more."""
    if given.minimum <= 0:
        return [[region]]
    chosen = [[region]] if held[region] >= 2 * given.minimum else []
    if held[region] >= 1.5 * given.minimum:  # of a pair that holds enough for three, one does
        places = np.flatnonzero(labels == region).tolist()
        beside = sorted({int(labels[other]) for place in places for other in given.near[place]} - {region})
        chosen += [[region, other] for other in beside if held[region] + held[other] >= 3 * given.minimum]
    return chosen


def _peeled(given: Land, members: "np.ndarray[Any, Any]", random: "np.random.Generator") -> list[list[int]]:
    """
    Cut a long winding tree through places from its ends inwards, a part as soon as it holds enough.

    That yields the most parts the tree can have. What is left round the root joins the part cut off last next to it.
    """
    order, above = _winding(given, members, random)
    held = {place: float(given.weights[place]) for place in order}
    hanging: dict[int, list[int]] = {place: [place] for place in order}
    found: list[list[int]] = []
    cut_from: dict[int, int] = {}
    for place in reversed(order):
        if held[place] >= given.minimum:
            found.append(hanging[place])
            if above[place] >= 0:
                cut_from[above[place]] = len(found) - 1
        elif above[place] >= 0:
            held[above[place]] += held[place]
            hanging[above[place]] += hanging[place]
        elif found:
            found[next(cut_from[each] for each in hanging[place] if each in cut_from)] += hanging[place]
    return found or [order]


def _winding(given: Land, members: "np.ndarray[Any, Any]", random: "np.random.Generator") -> tuple[list[int], dict[int, int]]:
    """Walk through places, each time on to the one with fewest ways on, back only from dead ends (Warnsdorff's rule)."""
    near = given.near
    free = set(members.tolist())
    lot = dict(zip(members.tolist(), random.permutation(len(members)).tolist(), strict=True))
    root = min(free, key=lambda place: (sum(other in free for other in near[place]), lot[place]))
    above, order, path = {root: -1}, [root], [root]
    free.discard(root)
    ways = {place: sum(other in free for other in near[place]) for place in members.tolist()}
    while path:
        place = path[-1]
        beside = [other for other in near[place] if other in free]
        if not beside:
            path.pop()
            continue
        following = min(beside, key=lambda other: (ways[other], lot[other]))
        above[following] = place
        order.append(following)
        path.append(following)
        free.discard(following)
        for other in near[following]:
            if other in ways:
                ways[other] -= 1
    return order, above


def wound(given: Land, random: "np.random.Generator") -> Whole:
    """Form regions of one winding tree through each part of the map."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    size = len(given.values)
    links = csr_matrix((np.ones(len(given.pairs)), (given.pairs[:, 0], given.pairs[:, 1])), shape=(size, size))
    components = connected_components(links, directed=False)[1]
    labels, count = np.empty(size, np.int64), 0
    for component in range(int(components.max()) + 1):
        for part in _peeled(given, np.flatnonzero(components == component), random):
            labels[part] = count
            count += 1
    return labels
