"""The grouping with the smallest within sum of squares: by trying all where they are few, else from many starts."""

import numpy as np

from spatial.clusters._groups import SAME, Array, Whole, within
from spatial.clusters._partitions import best_of_all, few_ways
from spatial.progress import one_thread, tell

#: Up to this many partitions all of them are tried: always for up to 10 places.
MOST_PARTITIONS = 100_000
_BLOCK = 4_000_000
_WARM, _ROUNDS = 10, 300  # rounds of Lloyd's steps: for every start, and for those that go on
_FINALISTS = 5  # starts that go on, the best after the first rounds
_FINAL = 20  # rounds in which places move one by one where there are many
MOST_SEEN = 5_000  # places that the starts are tried on


def best_grouping(values: Array, groups: int, *, seed: int, starts: int, finalists: int = _FINALISTS) -> tuple[Whole, bool]:
    """
    Find groups with a small within sum of squares (k-means).

    Parameters
    ----------
    values
        Standardised, one row per place in the order of the sorted labels.
    groups
        How many.
    seed, starts
        Of the random starts; start s draws from a generator of its own.
    finalists
        How many of the starts are followed to their end.

    Returns
    -------
    tuple
        The group of each place from 0, and whether it is certain that none is better.

    Notes
    -----
    Starts are k-means++ (Arthur and Vassilvitskii 2007), then ten of Lloyd's steps for all starts at once. The best five
    go on until nothing changes; then single places move as long as the sum falls (Hartigan). Of more than 5,000 places the
    starts see a sample of so many, drawn at random; the best two go on with all places (Bradley and Fayyad 1998) until no more
    than one in a thousand changes its group, and single places move in at most 20 rounds. Written out here because the
    reductions of a library that runs on several cores give other last digits on other machines.
    """
    if few_ways(len(values), groups, MOST_PARTITIONS):
        return best_of_all(values, groups), True
    many = len(values) > MOST_SEEN
    seen = values[_sample(len(values), seed)] if many else values
    held = _begun(seen, groups, seed, starts)[: min(finalists, 2) if many else finalists]
    if many:
        held = _lloyd(seen, held, _ROUNDS)[1]
    still, rounds = (len(values) // 1000, _FINAL) if many else (0, _ROUNDS)
    ended = [_moved(values, labels, groups, rounds) for labels in _lloyd(values, held, _ROUNDS, still)[0]]
    sums = np.array([within(values, labels) for labels in ended])
    close = SAME * float((values**2).sum())
    return ended[int(np.flatnonzero(sums <= sums.min() + close)[0])], False


def _sample(places: int, seed: int) -> Whole:
    return np.sort(np.random.default_rng([seed, 1998]).choice(places, MOST_SEEN, replace=False))


def _begun(values: Array, groups: int, seed: int, starts: int) -> Array:
    """Give the centres of all starts after a few of Lloyd's steps, the best start first; equal ones once."""
    step = max(1, _BLOCK // (len(values) * groups))
    begun: dict[bytes, tuple[float, Array]] = {}
    for first in range(0, starts, step):
        tell(first, starts, "Trying random starts")
        centres = np.stack([_spread(values, groups, [seed, start]) for start in range(first, min(first + step, starts))])
        for labels, held in zip(*_lloyd(values, centres, _WARM), strict=True):
            begun[labels.tobytes()] = within(values, labels), held
    return np.stack([held for _, held in sorted(begun.values(), key=lambda each: each[0])])


def _spread(values: Array, groups: int, name: list[int]) -> Array:
    """
    Choose places as centres, each with a probability that grows with its squared distance to those chosen before.

    Of a few places drawn that way the one is taken that leaves the smallest sum.
    """
    random = np.random.default_rng(name)
    tries = 2 + int(np.log(groups))
    chosen = [int(random.integers(len(values)))]
    away = values - values[chosen[0]]
    distance = np.einsum("ij,ij->i", away, away)
    for _ in range(groups - 1):
        rising = np.cumsum(distance)
        drawn = np.minimum(np.searchsorted(rising, random.random(tries) * rising[-1], side="right"), len(values) - 1)
        away = values - values[drawn][:, None, :]
        left = np.minimum(distance, np.einsum("ijk,ijk->ij", away, away))
        winner = int(left.sum(axis=1).argmin())
        chosen.append(int(drawn[winner]))
        distance = left[winner]
    return values[chosen]


def _lloyd(values: Array, centres: Array, rounds: int, still: int = 0) -> tuple[Whole, Array]:
    """
    Move centres to the mean of their places and places to their nearest centre, for each start.

    It ends when no more than ``still`` places change their group.
    """
    centres = centres.copy()
    starts, groups, _ = centres.shape
    labels = np.full((starts, len(values)), -1)
    going = np.arange(starts)
    for _ in range(rounds):
        held = centres[going]
        with one_thread():  # more of them might add up in another order
            products = values @ held.transpose(0, 2, 1)
        distance = (held**2).sum(axis=2)[:, None, :] - 2 * products
        nearest = distance.argmin(axis=2)
        changed = (nearest != labels[going]).sum(axis=1) > still
        labels[going] = nearest
        going, nearest = going[changed], nearest[changed]
        if not len(going):
            break
        flat = (nearest + groups * np.arange(len(going))[:, None]).ravel()
        sizes = np.bincount(flat, minlength=len(going) * groups)
        for number, column in enumerate(values.T):
            sums = np.bincount(flat, np.tile(column, len(going)), minlength=len(sizes))
            before = centres[going, :, number].ravel()
            means = np.where(sizes > 0, sums / np.maximum(sizes, 1), before)  # an empty group stays where it is
            centres[going, :, number] = means.reshape(-1, groups)
    return labels, centres


def _moved(values: Array, labels: Whole, groups: int, rounds: int) -> Whole:
    """Move single places as long as that lowers the sum (Hartigan); this also fills groups that went empty."""
    labels = labels.copy()
    close = SAME * float((values**2).sum())
    sizes: Array = np.bincount(labels, minlength=groups).astype(float)
    sums: Array = np.stack([np.bincount(labels, column, minlength=groups) for column in values.T], axis=1).astype(float)
    for _ in range(rounds):
        promising = _promising(values, labels, sizes, sums, close)
        moves = 0
        for place in promising:
            own = labels[place]
            gain = _gains(values[place], own, sizes, sums)
            group = int(gain.argmax())
            if gain[group] > close:
                sizes[own] -= 1
                sums[own] -= values[place]
                sizes[group] += 1
                sums[group] += values[place]
                labels[place] = group
                moves += 1
        if not moves:
            break
    return labels


def _promising(values: Array, labels: Whole, sizes: Array, sums: Array, close: float) -> Whole:
    """List the places whose move to some group would lower the sum, as things stand."""
    rows = np.arange(len(values))
    centres = sums / np.maximum(sizes, 1)[:, None]
    with one_thread():
        away = centres @ values.T  # groups in rows: the smallest over a few long rows is found fast
    away *= -2
    away += (centres**2).sum(axis=1)[:, None]
    away += np.einsum("ij,ij->i", values, values)
    mine, own = sizes[labels], away[labels, rows]
    away *= (sizes / (sizes + 1))[:, None]
    away[labels, rows] = np.inf
    gain = own * mine / np.maximum(mine - 1, 1) - away.min(axis=0)
    return np.flatnonzero((mine > 1) & (gain > close))


def _gains(place: Array, own: int, sizes: Array, sums: Array) -> Array:
    """Tell by how much the sum falls when one place moves to each group; never from a group of its own."""
    distance = ((place - sums / np.maximum(sizes, 1)[:, None]) ** 2).sum(axis=1)
    saved = distance[own] * sizes[own] / (sizes[own] - 1) if sizes[own] > 1 else -np.inf
    gain: Array = saved - distance * (sizes / (sizes + 1))
    gain[own] = -np.inf
    return gain
