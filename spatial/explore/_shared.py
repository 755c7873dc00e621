"""
Neighbours drawn once for all places: the fastest way, at a price.

Every place takes the first k of the same drawn places, and one more where it is among them itself. To each place on its own
the draws are what they ought to be. But two places with the same number of neighbours see the same sums: if chance made the
p of one too small, it made that of the other too small as well, and the number of significant places varies more.
"""

from typing import Any

import numpy as np

from spatial.explore._draws import Counts, Task, Whole
from spatial.explore._own import taken
from spatial.explore._significance import Array
from spatial.progress import shared_out

_BLOCK = 256  # places at a time, whose sums stay in the processor's cache
_BYTE = 255  # draws that a count of one byte can hold
_MANY = 2_000_000  # sums worth another thread
_FEW = 65_536  # sums that are all held at once
_ALONE = 200_000  # products of a matrix that takes one thread: a second one would cost more than it brings


def shared(task: Task) -> Counts:
    """Count, for each place, the draws whose sum is as small and those whose sum is as large as the observed one."""
    random = np.random.default_rng([task.seed, 0])
    most = int(task.degrees[0])
    ranks = taken(random, task.count, most + 1, task.n)
    if len(task.who) * task.count <= _FEW:
        return _few(task, ranks)
    drawn: Whole = np.ascontiguousarray(ranks.T, np.int64)
    ends = np.flatnonzero(np.diff(task.degrees, append=-1)) + 1
    groups = list(zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True))
    if task.weights is None and task.share is None:
        return _sorted_once(task, drawn, groups)
    parts = [(first, min(first + _BLOCK * 16, last)) for start, last in groups for first in range(start, last, _BLOCK * 16)]
    met = _met(task, drawn)
    order = np.argsort(met[1], kind="stable")  # by place
    met = (met[0][order], met[1][order], met[2][order])
    less, greater = (np.zeros(len(task.who), np.int64) for _ in range(2))
    threads = None if task.count * len(task.who) > _MANY else 1
    found = shared_out(lambda part: _part(task, drawn, met, *part), parts, "Drawing neighbours", threads=threads)
    for (first, last), counts in zip(parts, found, strict=True):
        less[first:last], greater[first:last] = counts
    return less, greater


def _few(task: Task, ranks: "np.ndarray[Any, np.dtype[np.int32]]") -> Counts:
    """Few places: all sums of all draws at once; ``ranks`` (most + 1, draws) are the places drawn first, second and so on."""
    most, m, count = len(ranks) - 1, len(task.who), task.count
    number = np.full(task.n, -1)
    number[task.who] = np.arange(m)
    found = number.take(ranks[:most])
    real = found >= 0
    real &= np.arange(most)[:, None] < task.degrees.take(found, mode="clip")
    met = np.flatnonzero(real)  # draws that hold the place itself
    rank, row = np.divmod(met, count)
    place = found.ravel()[met]
    instead, where = task.degrees.take(place) * count + row, place * count + row
    if task.weights is None and task.share is None:
        drawn = task.values[0].take(ranks)
        sums = drawn.cumsum(axis=0).take(task.degrees - 1, axis=0)
        sums.ravel()[where] += drawn.ravel()[instead] - drawn.ravel()[met]
    else:
        sums = np.zeros((m, count))
        for column, values in enumerate(task.values):
            drawn, left = values.take(ranks), _left(task, column, most)
            step = max(1, _ALONE // (most * count))
            for start in range(0, m, step):
                sums[start : start + step] += left[start : start + step] @ drawn[:most]
            sums.ravel()[where] += left[place, rank] * (drawn.ravel()[instead] - drawn.ravel()[met])
    return np.count_nonzero(sums <= task.high[:, None], axis=1), np.count_nonzero(sums >= task.low[:, None], axis=1)


def _left(task: Task, column: int, most: int, first: int = 0, last: int | None = None) -> Array:
    """Give what each neighbour of places first to last counts in a column, 0 where a place has no more: (places, most)."""
    some = slice(first, len(task.who) if last is None else last)
    degrees = task.degrees[some]
    found = np.zeros((len(degrees), most))
    there = np.arange(most) < degrees[:, None]
    found[there] = 1.0 if task.weights is None else task.weights[task.starts[some.start] : task.starts[some.stop]]
    return found if task.share is None else found * task.share[column, some, None]


def _sorted_once(task: Task, drawn: Whole, groups: list[tuple[int, int]]) -> Counts:
    """All weights alike: the sums of a number of neighbours are sorted, and every place looks itself up."""
    values = task.values[0]
    sums = np.concatenate([np.zeros((task.count, 1)), np.cumsum(values[drawn], axis=1)], axis=1)
    less, greater = (np.zeros(len(task.who), np.int64) for _ in range(2))
    for first, last in groups:
        ordered = np.sort(sums[:, task.degrees[first]])
        low, high = task.low[first:last], task.high[first:last]
        below = np.searchsorted(ordered, low, side="left")
        upto = below.copy()
        tied = np.flatnonzero(np.append(ordered, np.inf)[below] <= high)  # mostly none: the others need not be looked up twice
        upto[tied] = np.searchsorted(ordered, high[tied], side="right")
        less[first:last], greater[first:last] = upto, task.count - below
    row, place, rank = _met(task, drawn)
    old = sums[row, task.degrees[place]]
    new = old - values[drawn[row, rank]] + values[drawn[row, task.degrees[place]]]
    np.add.at(less, place, (new <= task.high[place]).astype(int) - (old <= task.high[place]))
    np.add.at(greater, place, (new >= task.low[place]).astype(int) - (old >= task.low[place]))
    return less, greater


def _met(task: Task, drawn: Whole) -> tuple[Whole, Whole, Whole]:
    """Find the draws that hold the place itself: number of the draw, place, and its rank among the drawn."""
    number = np.full(task.n, -1)
    number[task.who] = np.arange(len(task.who))
    found = number[drawn]
    row, rank = np.nonzero((found >= 0) & (np.arange(drawn.shape[1]) < task.degrees[found]))
    return row, found[row, rank], rank


def _part(task: Task, drawn: Whole, met: tuple[Whole, Whole, Whole], first: int, last: int) -> Counts:
    """Places first to last, which have the same number of neighbours."""
    degree = int(task.degrees[first])
    values = [np.ascontiguousarray(each[drawn[:, :degree]]) for each in task.values]
    less, greater = (np.zeros(last - first, np.int64) for _ in range(2))
    held, fits = np.empty((2, _BYTE * _BLOCK)), np.empty(_BYTE * _BLOCK, bool)
    for start in range(first, last, _BLOCK):
        end = min(start + _BLOCK, last)
        left = [_left(task, column, degree, start, end).T for column in range(len(task.values))]
        here = slice(*np.searchsorted(met[1], [start, end]))
        row, place, rank = (each[here] for each in met)
        change = _change(task, drawn, (row, place, rank))
        for begin in range(0, task.count, _BYTE):
            rows = slice(begin, min(begin + _BYTE, task.count))
            shape = (rows.stop - begin, end - start)
            sums, more, some = (each[: shape[0] * shape[1]].reshape(shape) for each in (held[0], held[1], fits))
            for column, (weights, drawn_values) in enumerate(zip(left, values, strict=True)):
                np.matmul(drawn_values[rows], weights, out=more if column else sums)
                if column:
                    sums += more
            now = (row >= begin) & (row < rows.stop)
            sums[row[now] - begin, place[now] - start] += change[now]
            np.less_equal(sums, task.high[start:end], out=some)
            less[start - first : end - first] += np.add.reduce(some.view(np.uint8), axis=0, dtype=np.uint8)
            np.greater_equal(sums, task.low[start:end], out=some)
            greater[start - first : end - first] += np.add.reduce(some.view(np.uint8), axis=0, dtype=np.uint8)
    return less, greater


def _change(task: Task, drawn: Whole, met: tuple[Whole, Whole, Whole]) -> Array:
    """Tell what the sum changes by where a place is exchanged for one more."""
    row, place, rank = met
    change = task.values[:, drawn[row, task.degrees[place]]] - task.values[:, drawn[row, rank]]
    if task.weights is not None:
        change = change * task.weights[task.starts[place] + rank]
    if task.share is not None:
        change = change * task.share[:, place]
    found: Array = change.sum(axis=0)
    return found
