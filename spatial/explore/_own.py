"""Neighbours drawn for each place by itself: no two places have a random number in common, which takes the longest."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spatial.explore._draws import Counts, Task
from spatial.progress import shared_out

Indices = np.ndarray[tuple[int, ...], np.dtype[np.int32]]

_BLOCK = 131_072  # draws held at a time: few enough for the processor's cache, and enough that threads seldom wait for one another
_TASKS = 64  # shares of the work, or a few more: blocks of a share use the same memory
_SHUFFLED = 50  # with more times the number of others in the square of what is taken, all are shuffled
_SELDOM = 128  # with this many times the square of what is taken, hardly a set holds anything twice


def own(task: Task) -> Counts:
    """
    Count, for each place, the draws whose sum is as small and those whose sum is as large as the observed one.

    Places of one number of neighbours are handled in the order of their labels, a fixed number at a time; each such block
    has its own generator, named by seed, number of neighbours and number of the block, so that neither the order of the rows
    nor the number of processors can change a number.
    """
    step = max(1, _BLOCK // task.count)
    ends = np.flatnonzero(np.diff(task.degrees, append=-1)) + 1
    parts = [
        (number, first, min(first + step, int(last)))
        for start, last in zip([0, *ends[:-1]], ends, strict=True)
        for number, first in enumerate(range(int(start), int(last), step))
    ]
    less, greater = (np.zeros(len(task.who), np.int32) for _ in range(2))
    threads = None if task.count * int(task.starts[-1]) > 2_000_000 else 1
    run = max(1, len(parts) // _TASKS)
    runs = [parts[start : start + run] for start in range(0, len(parts), run)]
    found = shared_out(lambda blocks: _blocks(task, blocks), runs, "Drawing neighbours", threads=threads)
    for blocks, counts in zip(runs, found, strict=True):
        for (_, first, last), (one, other) in zip(blocks, counts, strict=True):
            less[first:last], greater[first:last] = one, other
    return less, greater


@dataclass
class _Held:
    """Room for what is drawn and summed, used again and again: to ask the system for memory takes as long as to fill it."""

    drawn: "np.ndarray[Any, np.dtype[np.int32]]" = field(default_factory=lambda: np.empty(0, np.int32))
    found: "np.ndarray[Any, np.dtype[np.int32]]" = field(default_factory=lambda: np.empty(0, np.int32))
    part: "np.ndarray[Any, np.dtype[np.float64]]" = field(default_factory=lambda: np.empty(0))
    total: "np.ndarray[Any, np.dtype[np.float64]]" = field(default_factory=lambda: np.empty(0))

    def room(self, name: str, shape: tuple[int, ...]) -> "np.ndarray[Any, np.dtype[Any]]":
        """Give an array of a shape whose values mean nothing."""
        size = math.prod(shape)
        if len(getattr(self, name)) < size:
            setattr(self, name, np.empty(size, getattr(self, name).dtype))
        room: np.ndarray[Any, np.dtype[Any]] = getattr(self, name)[:size].reshape(shape)
        return room


def _blocks(task: Task, blocks: list[tuple[int, int, int]]) -> list[Counts]:
    held = _Held()
    return [_block(task, *block, held) for block in blocks]


def _block(task: Task, number: int, first: int, last: int, held: _Held) -> Counts:
    """Draw for places first to last, which have the same number of neighbours."""
    degree, others, places = int(task.degrees[first]), task.n - 1, last - first
    random = np.random.default_rng([task.seed, degree, number])
    part = min(task.count, max(1, 64 * _BLOCK // ((others if _many(degree, others) else degree) * places)))
    seldom = _seldom(degree, others)
    less, greater = (np.zeros(places, np.int64) for _ in range(2))
    for begin in range(0, task.count, part):
        width = min(part, task.count - begin)
        room = held.room("drawn", (degree, places * width))
        if seldom:
            drawn = _redrawn(random, places * width, degree, task.n, room, np.repeat(task.who[first:last].astype(np.int32), width))
        else:
            drawn = taken(random, places * width, degree, others, room)
        sums = summed(task, drawn.reshape(degree, places, width), first, last, held, others=not seldom)
        less += np.count_nonzero(sums <= task.high[first:last, None], axis=1)
        greater += np.count_nonzero(sums >= task.low[first:last, None], axis=1)
    return less, greater


def summed(
    task: Task, drawn: Indices, first: int, last: int, held: _Held | None = None, *, others: bool = True
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """
    Sum weighted values of what was ``drawn`` (neighbour, place or 1, draw).

    ``others`` says that it counts the other places, leaving out the place itself, and not all places.
    """
    who = task.who[first:last, None].astype(np.int32)
    weights = None if task.weights is None else task.weights[task.starts[first] : task.starts[last]].reshape(last - first, -1)
    held, shape = held or _Held(), (last - first, drawn.shape[2])
    total, part, found = (held.room(name, shape) for name in ("total", "part", "found"))
    for rank, each in enumerate(drawn):
        places = np.add(each, each >= who, out=found) if others else each
        for column, values in enumerate(task.values):
            term = part if rank or column else total
            np.take(values, places, out=term, mode="clip")  # no place is beyond the end, so nothing is clipped
            if weights is not None:
                term *= weights[:, rank, None]
            if task.share is not None:
                term *= task.share[column, first:last, None]
            if term is part:
                total += part
    return total


def taken(random: np.random.Generator, rows: int, degree: int, others: int, room: Any = None) -> Indices:
    """Take ordered sets, the way that is fastest for their size; ``room`` (degree, rows) may be used for them."""
    if _many(degree, others):
        return _shuffled(random, rows, degree, others)
    if _seldom(degree, others):
        return _redrawn(random, rows, degree, others, room)
    return _dealt(random, rows, degree, others, room)


def _many(degree: int, others: int) -> bool:
    """Whether so many are taken that comparing each with each takes longer than to shuffle all."""
    return degree**2 > _SHUFFLED * others


def _seldom(degree: int, others: int) -> bool:
    """Whether hardly a set of so many holds anything twice."""
    return _SELDOM * degree**2 < others


def _redrawn(random: np.random.Generator, rows: int, degree: int, others: int, room: Any = None, but: Any = None) -> Indices:
    """Take a few of many, and take anew where one came twice; ``but`` (rows,) is what a row may not hold."""
    taken: Indices = np.empty((degree, rows), np.int32) if room is None else room
    for each in taken:
        each[:] = random.integers(0, others, size=rows, dtype=np.int32)
    half = None if but is None else but.astype(np.int16)
    again = np.flatnonzero(_wrong(taken.astype(np.int16), half))  # half of the digits are compared in half the time
    again = again[_wrong(taken[:, again], None if but is None else but[again])]
    while len(again):
        anew = random.integers(0, others, size=(degree, len(again)), dtype=np.int32)
        taken[:, again] = anew
        again = again[_wrong(anew, None if but is None else but[again])]
    return taken


def _wrong(
    taken: "np.ndarray[Any, np.dtype[Any]]", but: "np.ndarray[Any, np.dtype[Any]] | None"
) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Tell which sets hold something twice, or what they may not hold."""
    found: np.ndarray[Any, np.dtype[np.bool_]] = np.zeros(taken.shape[1], bool)
    same = np.empty_like(found)
    for rank, each in enumerate(taken):
        for other in (*taken[:rank], *(() if but is None else (but,))):
            np.logical_or(found, np.equal(each, other, out=same), out=found)
    return found


def _shuffled(random: np.random.Generator, rows: int, degree: int, others: int) -> Indices:
    """Shuffle all and take the first; right where many are taken."""
    everyone = np.broadcast_to(np.arange(others, dtype=np.int32), (rows, others))
    return np.ascontiguousarray(random.permuted(everyone, axis=1)[:, :degree].T)


def _dealt(random: np.random.Generator, rows: int, degree: int, others: int, room: Any = None) -> Indices:
    """
    Take one after the other, each by its number among those that are left.

    From the last but one back to the first, all numbers after one that are as large or larger are raised by 1, which makes
    numbers among those left numbers among all: no deck is held and no draw is thrown away. Lehmer (1960), Teaching
    combinatorial tricks to a computer, Proceedings of Symposia in Applied Mathematics 10, 179-193.
    """
    taken: Indices = np.empty((degree, rows), np.int32) if room is None else room
    larger = np.empty((degree, rows), bool)
    for step in range(degree):
        taken[step] = random.integers(0, others - step, size=rows, dtype=np.int32)
    for step in range(degree - 2, -1, -1):
        after = taken[step + 1 :]
        np.greater_equal(after, taken[step], out=larger[step + 1 :])
        np.add(after, larger[step + 1 :].view(np.int8), out=after)
    return taken
