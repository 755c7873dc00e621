"""What a statistic is when values are dealt out to places by chance."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations as orders
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.explore._significance import Alternative, Array, two_tails
from spatial.progress import shared_out, tell

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Exact = Literal["auto", "no"]
Whole = np.ndarray[Any, np.dtype[np.int64]]

#: Up to this many orders all of them are tried: 8! = 40,320, but not 9! = 362,880.
MOST_ORDERS = 50_000
_WORDS = "Trying random orders"
_BLOCK = 250_000  # numbers held at a time: few enough for the cache of a processor
_MANY = 50_000_000  # values to be dealt out from which on a few orders are dealt out in many ways
_COLUMNS = 8  # orders looked at together: as many numbers as the processor fetches at once
_ROWS = 16_384  # rows of weights at a time, so that what they give stays in the processor's cache
_ROOM = 16_384  # places of a room, so that their values stay in the processor's cache
_PAIRS = 10_000  # weights from which on it pays to look at each pair once
_FAR_APART, _NEAR = 100_000, 0.02  # places from which on, and the mean distance of neighbours as a share of all, that are gathered


@dataclass(frozen=True)
class Reference:
    """The distribution of a statistic over orders of the values."""

    values: Array  # one per order
    exact: bool  # whether these are all n! orders

    def p(self, observed: float, alternative: Alternative, sign: int = 1) -> float:
        """
        Tell how often chance gives a statistic at least as extreme.

        Parameters
        ----------
        observed
            The statistic of the data as they are.
        alternative
            Which tail.
        sign
            -1 where a small statistic means that neighbours are alike, as with Geary's c.

        Returns
        -------
        float
            A share of all orders where these were enumerated. Otherwise (c + 1) / (m + 1), which counts the observed order
            among the sampled ones and is never 0: Phipson and Smyth (2010), doi:10.2202/1544-6115.1585.
        """
        less, greater = self._tails(observed)
        if sign < 0:
            less, greater = greater, less
        return float(two_tails(less, greater, alternative))

    def smallest_p(self, alternative: Alternative, sign: int = 1) -> float:
        """Give the smallest p that any order of these values could have had."""
        if not self.exact:
            return (2 if alternative == "two-sided" else 1) / (len(self.values) + 1)
        return min(self.p(float(end), alternative, sign) for end in (self.values.min(), self.values.max()))

    def _tails(self, observed: float) -> tuple[float, float]:
        # Equal statistics of different orders differ in the last digits; they must count as equal.
        close = 1e-8 * float(self.values.std()) + 1e-12 * abs(observed)
        less = int(np.count_nonzero(self.values <= observed + close))
        greater = int(np.count_nonzero(self.values >= observed - close))
        total = len(self.values)
        return (less / total, greater / total) if self.exact else ((less + 1) / (total + 1), (greater + 1) / (total + 1))


def by_chance(values: Array, statistic: Callable[[Array], Array], *, permutations: int, seed: int, exact: Exact) -> Reference:
    """
    Compute a statistic over orders of the values: over all of them where they are few, else over a sample.

    Parameters
    ----------
    values
        One per place, in the order of the sorted labels; therefore the order of the rows does not matter.
    statistic
        Takes values as (places, orders) and gives one number for each order.
    permutations
        How many orders are sampled where not all are tried.
    seed
        Of the random generator.
    exact
        ``"auto"``: all orders where there are at most 50,000; ``"no"``: always a sample.

    Returns
    -------
    Reference
        The statistic of every order tried.
    """
    return by_chance_together(values, lambda block: statistic(block)[None], permutations=permutations, seed=seed, exact=exact)[0]


def by_chance_together(
    values: Array, statistics: Callable[[Array], Array], *, permutations: int, seed: int, exact: Exact
) -> list[Reference]:
    """
    Compute several statistics over the same orders of the values.

    Parameters
    ----------
    values
        One per place; positions where whole rows of a table are dealt out.
    statistics
        Takes values as (places, orders) and gives (statistics, orders).
    permutations, seed, exact
        As in ``by_chance``.

    Returns
    -------
    list of Reference
        One for each statistic.
    """
    everything = exact == "auto" and math.factorial(min(len(values), 20)) <= MOST_ORDERS
    if everything:
        found = [statistics(_all_orders(values))]
    elif len(values) * permutations > _MANY:
        found = _many_orders(values, statistics, permutations, seed)
    else:
        found = [statistics(block) for block in _some_orders(values, permutations, seed)]
    return [Reference(row, everything) for row in np.concatenate(found, axis=1)]


def gathered(values: Array, matrix: "csr_array") -> "tuple[Array, csr_array]":
    """
    Put many places into an order in which neighbours stand near one another, where they do not.

    Sums over all links are then looked up where the processor has them at hand. They do not depend on the order of the places,
    and a random order of the values stays one.

    Parameters
    ----------
    values
        One per place.
    matrix
        Weights, rows and columns in the same order.

    Returns
    -------
    tuple
        Both in the other order, by Cuthill and McKee (1969, doi:10.1145/800195.805928) reversed; as they came for fewer places.
    """
    from scipy.sparse import csr_array, csr_matrix
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    n = len(values)
    if n < _FAR_APART:
        return values, matrix
    rows = np.repeat(np.arange(n), np.diff(matrix.indptr))
    if np.abs(rows - matrix.indices).mean() < _NEAR * n:
        return values, matrix
    order = reverse_cuthill_mckee(csr_matrix(matrix + matrix.T), symmetric_mode=True)
    return values[order], csr_array(matrix[order][:, order])


def quadratic(matrix: "csr_array") -> Callable[[Array], Array]:
    """Give the function that sums w_ij x_i x_j over all pairs, for each column x; each pair is looked at once."""
    from scipy.sparse import csr_array, triu

    both: csr_array = csr_array(triu(matrix + matrix.T, format="csr")) if matrix.nnz > _PAIRS else matrix
    starts = range(0, both.shape[0], _ROWS)
    parts = [(first, both[first : first + _ROWS]) for first in starts] if len(starts) > 1 else [(0, both)]

    def sums(values: Array) -> Array:
        found: Array = np.zeros(values.shape[1])
        for first, part in parts:
            found += np.einsum("ij,ij->j", values[first : first + part.shape[0]], part @ values)
        return found

    return sums


def _all_orders(values: Array) -> Array:
    found: Array = values[np.array(list(orders(range(len(values))))).T]
    return found


def _some_orders(values: Array, count: int, seed: int) -> Iterator[Array]:
    random = np.random.default_rng(seed)
    step = max(1, _BLOCK // len(values))
    for first in range(0, count, step):
        tell(first, count, _WORDS)
        yield np.column_stack([random.permutation(values) for _ in range(min(step, count - first))])


def _many_orders(values: Array, statistics: Callable[[Array], Array], count: int, seed: int) -> list[Array]:
    """
    Deal a few random orders of the values out to the places in many ways.

    Places are cut into rooms, and so is a random order. A way to deal gives each room of places one of the rooms of values, at
    random, turned by a random angle, and seats them in an order that was drawn for this room of places once: values are looked
    up where the processor has them at hand, which is several times as fast as anywhere. An order that is dealt out in a way
    that does not look at it is a random order, so every statistic has the distribution it ought to have. Two that share an order
    have a correlation of about twice the neighbours of a place over the places of a room, some 0.001: two links of one
    room meet the same two values where their ends are equally far apart on the seats, and both turned there.
    """
    n = len(values)
    rooms = max(1, round(n / _ROOM))
    size = n // rooms
    seats = np.stack([np.random.default_rng([seed, 1, room]).permutation(size) for room in range(rooms)])
    together = math.ceil(count**0.5 / _COLUMNS) * _COLUMNS

    def orders(number: int) -> Array:
        random = np.random.default_rng([seed, 0, number])
        first = random.permutation(values)
        circles = first[: rooms * size].reshape(rooms, size)[:, np.arange(2 * size + _COLUMNS) % size]
        held = np.empty((n, _COLUMNS), values.dtype)  # one room for all: to ask the system for memory takes as long as to fill it
        held[rooms * size :] = first[rooms * size :, None]  # the few that fit in no room
        width = min(together, count - number * together)
        found = []
        for _ in range(math.ceil(width / _COLUMNS)):
            _seated(circles, seats, random, held)
            found.append(statistics(held))
        block: Array = np.concatenate(found, axis=1)[:, :width]
        return block

    return list(shared_out(orders, [*range(math.ceil(count / together))], _WORDS))


def _seated(circles: Array, seats: Whole, random: np.random.Generator, held: Array) -> None:
    """Seat values, (rooms, 2 size and some), in `held`, (places, columns); columns are turned by one seat against each other."""
    rooms, size = seats.shape
    turned = np.empty((size, held.shape[1]), held.dtype)
    chosen, starts = random.permutation(rooms), random.integers(0, size, rooms)
    for room in range(rooms):
        circle = circles[chosen[room], starts[room] :]
        for column in range(held.shape[1]):
            turned[:, column] = circle[column : column + size]
        np.take(turned, seats[room], axis=0, out=held[room * size : (room + 1) * size], mode="clip")


def order_words(reference: Reference, places: int) -> str:
    """Say for the notes which orders were tried."""
    if reference.exact:
        return (
            f"All {len(reference.values):,} orders of the values over {places} places were enumerated: the permutation p is exact."
        )
    return f"The permutation p comes from {len(reference.values):,} random orders of the values."


def describe_reference(reference: Reference) -> dict[str, Any]:
    """Give the fields of a result that describe the distribution."""
    return {
        "permutations": len(reference.values),
        "exact": reference.exact,
        "simulated_mean": float(reference.values.mean()),
        "simulated_sd": float(reference.values.std()),
    }
