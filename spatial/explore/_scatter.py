"""How much values scatter round a place, as they are and when all of them are dealt out over the places by chance."""

import math
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.explore._conditional import Conditional
from spatial.explore._draws import Counts
from spatial.explore._moments import EVEN, row_sums
from spatial.explore._permutations import Exact, gathered
from spatial.explore._significance import Array
from spatial.progress import shared_out

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_BLOCK = 262_144  # numbers held at a time, so that they stay in the processor's cache
_COLUMNS = 8  # orders looked at together at least: as many numbers as the processor fetches at once
_MANY = 2_000_000  # values dealt out that are worth another thread


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Whose mean a place is compared with, and how."""

    shares: "csr_array"  # what each neighbour counts, 1 in all; empty rows for places without neighbours
    islands: "np.ndarray[Any, np.dtype[np.bool_]]"  # places without neighbours
    power: float  # of the residuals


def surroundings(matrix: "csr_array", power: float) -> Surroundings:
    """Turn weights into shares."""
    from scipy.sparse import csr_array

    degrees = np.diff(matrix.indptr)
    shares = csr_array((matrix.data / np.repeat(row_sums(matrix), degrees), matrix.indices, matrix.indptr), shape=matrix.shape)
    return Surroundings(shares, degrees == 0, power)


def residuals(around: Surroundings, values: Array) -> Array:
    """
    Measure how far each value is from the mean of its neighbours, raised to the power; 0 for places without any.

    Parameters
    ----------
    around
        The neighbours and the power.
    values
        (places, orders), none beyond -1 and 1, so that no power of a difference is too large to be a number.

    Returns
    -------
    array
        (places, orders). What rounding leaves of a difference that is 0 is 0: small powers would make much of it.
    """
    found: Array = around.shares @ values
    np.subtract(values, found, out=found)
    np.abs(found, out=found)
    np.multiply(found, found > EVEN, out=found)
    found[around.islands] = 0.0
    return np.power(found, around.power, out=found)


def scatter(around: Surroundings, size: Array) -> Array:
    """
    Compute H of each place: the neighbours' mean residual over that of all places.

    Parameters
    ----------
    around
        The neighbours.
    size
        Residuals (places, orders), 0 for places without neighbours; these are made the mean, in place.

    Returns
    -------
    array
        (places, orders); 1 everywhere where all residuals are 0, for no place then scatters more than another.
    """
    mean = size.sum(axis=0) / np.count_nonzero(~around.islands)
    size[around.islands] = mean
    still = mean == 0
    if still.any():
        size[:, still] = mean[still] = 1.0
    found: Array = around.shares @ size
    found /= mean
    return found


def dealt(around: Surroundings, values: Array, *, count: int, seed: int, exact: Exact) -> Conditional:
    """
    Deal the values out over all places, make new residuals, and see how often H of a place is as extreme.

    Parameters
    ----------
    around
        The neighbours and the power.
    values
        One per place, in the order of the sorted labels, none beyond -1 and 1.
    count
        How many random orders are tried where not all are.
    seed
        Of the random generators.
    exact
        ``"auto"``: all orders where they are no more than ``count``.

    Returns
    -------
    Conditional
        Counts per place: each is compared with itself in all orders.

    Notes
    -----
    Orders are tried a fixed number at a time; each such block has its own generator, named by seed and number of the block, so
    that neither the order of the rows nor the number of processors can change a number.
    """
    n, islands = len(values), around.islands
    size = residuals(around, values[:, None])
    slope = np.power(size, 1 - 1 / around.power, out=np.zeros_like(size), where=size > 0)
    mean = size.sum() / np.count_nonzero(~islands)
    observed = scatter(around, size)
    close = 1e-10 * observed + around.power * EVEN / mean * (around.shares @ slope)  # residuals are known but for EVEN
    bounds = observed - close, observed + close
    every = exact == "auto" and math.factorial(min(n, 20)) <= count
    found = _every(around, values, bounds) if every else _some(around, values, bounds, count, seed)
    less, greater = (np.where(islands, 0, each).astype(np.int32) for each in found)
    tried = np.where(islands, 0, math.factorial(n) if every else count).astype(np.int32)
    return Conditional(less, greater, tried, ~islands & every, count)


def _every(around: Surroundings, values: Array, bounds: tuple[Array, Array]) -> Counts:
    return _tails(around, values[np.array(list(permutations(range(len(values))))).T], bounds)


def _some(around: Surroundings, values: Array, bounds: tuple[Array, Array], count: int, seed: int) -> Counts:
    n = len(values)
    numbers, shares = gathered(np.arange(n, dtype=float), around.shares)  # the same for any order of the rows
    order = numbers.astype(np.intp)
    values, bounds = values[order], (bounds[0][order], bounds[1][order])
    around = Surroundings(shares, around.islands[order], around.power)
    step = max(_COLUMNS, _BLOCK // n)

    def block(number: int) -> Counts:
        random = np.random.default_rng([seed, number])
        drawn = np.empty((n, min(step, count - number * step)))
        for column in drawn.T:
            column[:] = random.permutation(values)
        return _tails(around, drawn, bounds)

    less, greater = (np.zeros(n, np.int32) for _ in range(2))
    threads = None if n * count > _MANY else 1
    for one, other in shared_out(block, range(math.ceil(count / step)), "Trying random orders", threads=threads):
        less[order] += one
        greater[order] += other
    return less, greater


def _tails(around: Surroundings, values: Array, bounds: tuple[Array, Array]) -> Counts:
    """Count the orders, (places, orders), whose H is as small and those whose H is as large as was observed."""
    found, (low, high) = scatter(around, residuals(around, values)), bounds
    return np.count_nonzero(found <= high, axis=1), np.count_nonzero(found >= low, axis=1)
