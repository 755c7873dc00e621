"""
Neighbours drawn by turning: every place looks at the values at the same, random, distances from itself on a circle.

The values lie on a circle in random order, and each place has a spot on it. A draw is a set of random distances; the value at
each distance from its spot is what a place draws. To each place on its own, the k values are k of all, without replacement
and with equal chances, in every draw anew: its p has the same error as with draws of its own. (Where a place meets its own
value it takes one more distance instead.) To look at all places at a distance is to read the circle from another start on:
no random number and no look-up for each place. Two places share a value in a draw as seldom as with draws of their own, and the
circle is laid anew many times, so that the errors of two places' p are all but uncorrelated: on average between -1/n (what
the sums have, for all of a circle is drawn when one place draws more than another) and 0, in single pairs up to about
1 / sqrt(n x circles).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.explore._draws import Counts, Task, Whole
from spatial.explore._own import taken
from spatial.explore._significance import Array
from spatial.progress import shared_out

_SMALL = 4096  # places up to which every draw has a circle of its own, many of them at a time
_SHUFFLED = 1_000_000  # values laid on circles where places are many, at least _CIRCLES times
_CIRCLES = 16
_EACH = 256  # places on a circle for every draw that it serves, where places are few
_WORTH = 4_000_000  # drawn values worth another thread
_APART = 32_768  # with fewer places, threads take turns at giving work to the processor more often than they work
_HELD = 65_536  # sums held at a time where places are few
_BLOCK = 65_536  # places at a time: large enough that threads need not wait for one another to be given work
_BYTE = 255  # draws that a count of one byte can hold
_HUB = 32  # ranks of neighbours that fewer places have are summed place by place
_WORDS = "Drawing neighbours"


def rotated(task: Task) -> Counts:
    """Count, for each place, the draws whose sum is as small and those whose sum is as large as the observed one."""
    if task.n <= _SMALL:
        rows = max(1, _HELD // task.n)
        parts: list[Any] = [(number, min(rows, task.count - first)) for number, first in enumerate(range(0, task.count, rows))]
        work = _few
    else:
        each = -(-task.count // min(task.count, max(_CIRCLES, _SHUFFLED // task.n)))
        parts = [(number, min(each, task.count - first)) for number, first in enumerate(range(0, task.count, each))]
        work = _many
    ready = (task.reach, task.ranked)  # made before the threads ask for them
    draws = task.count * int(task.starts[-1]) * len(task.values)
    less, greater = (np.zeros(len(ready[0]) and len(task.who), np.int32) for _ in range(2))
    worth = draws > _WORTH and not _SMALL < task.n < _APART
    for one, other in shared_out(lambda part: work(task, *part), parts, _WORDS, threads=None if worth else 1):
        less += one
        greater += other
    return less, greater


@dataclass(frozen=True)
class _Meetings:
    """Where a place meets its own value: number of the draw, place, and what the sum must be changed by."""

    row: Whole
    place: Whole
    change: Array


def _few(task: Task, number: int, rows: int) -> Counts:
    """Few places: circles for many draws, as many at a time as one byte counts and the processor's cache holds."""
    random = np.random.default_rng([task.seed, number])
    distances = np.ascontiguousarray(taken(random, rows, len(task.reach) + 1, task.n).T, np.int64)
    less, greater = (np.zeros(len(task.who), np.int32) for _ in range(2))
    for first in range(0, rows, _BYTE):
        sums = _few_sums(task, random, distances[first : first + _BYTE])
        less += _count(sums <= task.high)
        greater += _count(sums >= task.low)
    return less, greater


def _few_sums(task: Task, random: np.random.Generator, distances: Whole) -> Array:
    """Sum the values at some distances (draws, ranks + 1), on a circle for every draw or every few of them."""
    n, m, rows = task.n, len(task.who), len(distances)
    circle_of = np.arange(rows) // max(1, n // _EACH)
    everyone = np.tile(np.arange(n), (int(circle_of[-1]) + 1, 1))
    order = random.permuted(everyone, axis=1)
    circles = np.concatenate([task.values.take(order, axis=1)] * 2, axis=2)
    start = distances + circle_of[:, None] * (2 * n)
    sums = np.zeros((rows, m))
    for column, circle in enumerate(circles):
        part = sums if task.share is None else np.zeros((rows, m))
        flat = circle.ravel()
        for rank, reach in enumerate(task.reach):
            # one row for each place to start from; a row is the next `reach` values
            views = np.ndarray((len(flat) - reach + 1, reach), flat.dtype, flat, 0, flat.strides * 2)
            drawn = views[start[:, rank]]
            if task.ranked:
                drawn *= task.ranked[rank]
            part[:, :reach] += drawn
        if task.share is not None:
            sums += part * task.share[column]
    spots = np.empty_like(order)
    spots.ravel()[order + np.arange(0, order.size, n)[:, None]] = everyone
    met = _meetings(task, spots[:, task.who], distances, circles, circle_of)
    sums.ravel()[met.row * m + met.place] += met.change
    return sums


def _count(fits: "np.ndarray[Any, np.dtype[np.bool_]]") -> "np.ndarray[Any, np.dtype[np.uint8]]":
    found: np.ndarray[Any, np.dtype[np.uint8]] = np.add.reduce(fits.view(np.uint8), axis=0, dtype=np.uint8)
    return found


def _many(task: Task, number: int, rows: int) -> Counts:
    """Many places: one circle for several draws, a block of places at a time."""
    random = np.random.default_rng([task.seed, number])
    n, m = task.n, len(task.who)
    order = random.permutation(np.arange(n, dtype=np.int32))
    distances = np.stack([random.choice(n, len(task.reach) + 1, replace=False) for _ in range(rows)])
    spots = np.empty_like(order)
    spots[order] = np.arange(n, dtype=np.int32)
    circles = np.empty((len(task.values), 2 * n))
    np.take(task.values, order, axis=1, out=circles[:, :n], mode="clip")
    circles[:, n:] = circles[:, :n]
    met = _meetings(task, spots[None, task.who], distances, circles[:, None], np.zeros(rows, np.int64))
    del order, spots  # they are as long as the places are many
    blocks = -(-m // _BLOCK)
    where = met.row * blocks + met.place // _BLOCK
    sorting = np.argsort(where, kind="stable")
    bounds = np.searchsorted(where[sorting], np.arange(rows * blocks + 1))
    met = _Meetings(met.row[sorting], met.place[sorting], met.change[sorting])
    plain = int(np.searchsorted(-task.reach, -_HUB, side="right"))  # ranks that many places have
    less, greater = (np.zeros(m, np.int32) for _ in range(2))
    held = _Held(np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK, bool))
    for block in range(blocks):
        first, last = block * _BLOCK, min(m, (block + 1) * _BLOCK)
        fits = held.fits[: last - first]
        counts = np.zeros((2, last - first), np.uint8)
        for row in range(rows):
            sums = _block_sums(task, circles, distances[row], (first, last), plain, held)
            here = slice(bounds[row * blocks + block], bounds[row * blocks + block + 1])
            if here.stop > here.start:
                sums[met.place[here] - first] += met.change[here]
            np.less_equal(sums, task.high[first:last], out=fits)
            counts[0] += fits.view(np.uint8)
            np.greater_equal(sums, task.low[first:last], out=fits)
            counts[1] += fits.view(np.uint8)
            if (row + 1) % _BYTE == 0 or row + 1 == rows:
                less[first:last] += counts[0]
                greater[first:last] += counts[1]
                counts[:] = 0
    return less, greater


@dataclass(frozen=True)
class _Held:
    """Room for the sums of a block, used again and again."""

    sums: Array
    part: Array
    weighted: Array
    fits: "np.ndarray[Any, np.dtype[np.bool_]]"


def _block_sums(task: Task, circles: Array, distances: Whole, block: tuple[int, int], plain: int, held: _Held) -> Array:
    """Sum the drawn values of one draw for places first to last."""
    first, last = block
    sums = held.sums[: last - first]
    for column, circle in enumerate(circles):
        part = sums if task.share is None else held.part[: last - first]
        begin = 0
        if not task.ranked and plain > 1 and task.reach[1] >= last:  # two at once, with nothing to clear before
            begin = 2
            one, two = (circle[int(distances[rank]) + first :][: last - first] for rank in (0, 1))
            np.add(one, two, out=part)
        else:
            part[:] = 0
        for rank in range(begin, plain):
            end = min(last, int(task.reach[rank])) - first
            if end <= 0:
                break
            start = int(distances[rank]) + first
            drawn = circle[start : start + end]
            if task.ranked:
                drawn = np.multiply(drawn, task.ranked[rank][first : first + end], out=held.weighted[:end])
            np.add(part[:end], drawn, out=part[:end])
        if plain < len(task.reach):
            for place in range(first, min(last, int(task.reach[plain]))):
                drawn = circle[place + distances[plain : task.degrees[place]]]
                if task.weights is not None:
                    drawn = drawn * task.weights[task.starts[place] + plain : task.starts[place + 1]]
                part[place - first] += drawn.sum()
        if task.share is not None:
            np.multiply(part, task.share[column, first:last], out=part)
            np.copyto(sums, part) if column == 0 else np.add(sums, part, out=sums)
    return sums


def _meetings(task: Task, spots: "np.ndarray[Any, np.dtype[Any]]", distances: Whole, circles: Array, circle_of: Whole) -> _Meetings:
    """
    Find where a place drew its own value, and exchange it for the one at the next distance.

    ``spots`` (circles, m) is where on its circle a place's own value lies, ``distances`` (draws, ranks + 1), ``circles``
    (columns, circles, 2n), ``circle_of`` the circle of each draw.
    """
    row, place, rank, circle = (_met_once if len(spots) == len(distances) else _met_often)(task, spots, distances, circle_of)
    instead = distances.ravel().take(row * distances.shape[1] + task.degrees.take(place)) + place
    flat = circles.reshape(len(circles), -1)
    change = flat.take(circle * circles.shape[2] + instead, axis=1) - task.values.take(task.who.take(place), axis=1)
    if task.weights is not None:
        change = change * task.weights[task.starts[place] + rank]
    if task.share is not None:
        change = change * task.share[:, place]
    return _Meetings(row, place, change.sum(axis=0))


def _met_once(task: Task, spots: "np.ndarray[Any, np.dtype[Any]]", distances: Whole, circle_of: Whole) -> tuple[Whole, ...]:
    """Find draw, place, rank and circle of each meeting where every draw has a circle: each distance occurs but once on it."""
    n, m, most = task.n, len(task.who), len(task.reach)
    begins = circle_of[:, None] * (2 * n)
    ranks = np.full(2 * n * len(distances), most)
    at = distances[:, :most] + begins
    ranks[at] = ranks[at + n] = np.arange(most)  # once more for those who look on over the beginning of the circle
    met_at = ranks.take(spots + (begins + np.arange(n, n - m, -1)))
    where = np.flatnonzero(met_at < task.degrees)
    row, place = np.divmod(where, m)
    return row, place, met_at.ravel().take(where), row


def _met_often(task: Task, spots: "np.ndarray[Any, np.dtype[Any]]", distances: Whole, circle_of: Whole) -> tuple[Whole, ...]:
    """Find draw, place, rank and circle of each meeting where several draws share a circle."""
    n, m, most = task.n, len(task.who), len(task.reach)
    own = spots - np.arange(m, dtype=spots.dtype)  # the distance at which a place meets itself
    own[own < 0] += n
    own += (np.arange(len(spots), dtype=spots.dtype) * n)[:, None]
    keys = (distances[:, :most] + (circle_of * n)[:, None]).ravel()
    wanted = np.zeros(len(spots) * n, bool)
    wanted[keys] = True
    circle, place = np.nonzero(wanted[own])
    sorting = np.argsort(keys, kind="stable")
    ordered = keys[sorting]
    from_, to = (np.searchsorted(ordered, own[circle, place], side=side) for side in ("left", "right"))
    times = to - from_
    which = np.repeat(from_ - np.cumsum(times) + times, times) + np.arange(times.sum())
    row, rank = np.divmod(sorting[which], most)
    place, circle = np.repeat(place, times), np.repeat(circle, times)
    real = rank < task.degrees[place]
    return tuple(each[real].astype(np.int64) for each in (row, place, rank, circle))
