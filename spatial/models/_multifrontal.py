"""log |I - r W| by elimination along a dissection, fronts of one level together, for many r: only the logarithm is kept."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.models._nested_dissection import Dissection, dissected
from spatial.progress import cores, one_thread

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Numbers = NDArray[np.int64]

#: Fronts of at least so many rows are eliminated one by one.
LARGE = 160
#: Smaller ones are not worth adding piece by piece.
SHORT = 32
#: Levels of the tree whose fronts share one task: some 500 leaves stay in the cache of a processor.
TOGETHER = 9
#: Added to the diagonal of what is not eliminated, so that one Cholesky factorisation of a whole front gives both its factors.
HUGE = 1e30
#: Larger multipliers than this mean a pivot that is too small.
GROWTH = 1e8


@dataclass(frozen=True, eq=False)
class Group:
    """Fronts of similar size on one level, filled up to the same one: rows 0 to `pivots` are eliminated."""

    offset: int  # in the buffer of the level
    count: int
    second: bool  # whether these are second halves of the parts of the next level
    pivots: int
    boundary: int
    rows: Numbers  # (count, boundary): where each row of what is left goes in the buffer of the next level
    columns: Numbers  # (count, boundary): and each column within that row

    @property
    def side(self) -> int:
        """Rows of a front."""
        return self.pivots + self.boundary


Left = list[tuple[Group, Vector]]


@dataclass(frozen=True, eq=False)
class Level:
    """One level of one task; a front has a row length of one more than its columns, the last taking what is filled up."""

    size: int
    entries: Numbers  # where the links go in the buffer
    first: int  # the first of them in the list of all links
    ones: Numbers  # where the diagonal goes
    groups: tuple[Group, ...]


@dataclass(frozen=True, eq=False)
class Fronts:
    """All that does not depend on r."""

    tasks: tuple[tuple[Level, ...], ...]  # subtrees, independent of one another
    top: tuple[Level, ...]  # what is left above them
    lower: Vector  # weights in the order of the links, from the place eliminated first
    upper: Vector | None  # and to it; None where W is symmetric
    transposed: tuple[Numbers, ...]  # the counterparts of the entries, where W is not symmetric
    flops: float
    bytes: float


def planned(matrix: "csr_array", coordinates: Vector, *, symmetric: bool) -> Fronts:
    """
    Plan the elimination.

    Parameters
    ----------
    matrix
        W, (n, n), without a diagonal.
    coordinates
        Where the places are, (n, 2).
    symmetric
        Whether W is symmetric.

    Returns
    -------
    Fronts
        To be given to `log_absolute`.
    """
    whole = matrix if symmetric else _with_transpose(matrix)
    tree = dissected(whole, coordinates)
    n, depth = whole.shape[0], tree.depth
    cut = max(depth - TOGETHER, 0)
    sizes = _Sizes(tree, cut)
    rows = np.repeat(np.arange(n, dtype=np.int64), np.diff(whole.indptr))
    upper = rows < whole.indices
    one, other = tree.position[rows[upper]], tree.position[whole.indices[upper]]
    ahead = whole.data[upper]
    back = ahead if symmetric else whole.T.tocsr().data[upper]
    early, late = np.minimum(one, other), np.maximum(one, other)
    owner = tree.nodes[early]
    order = np.argsort(owner * n + late)
    swapped = (one < other)[order]
    early, late, owner, ahead, back = early[order], late[order], owner[order], ahead[order], back[order]
    row, column = sizes.places(owner, late), early - tree.starts[owner]
    entries = sizes.offset[owner] + row * sizes.stride[owner] + column
    across = None if symmetric else sizes.offset[owner] + column * sizes.stride[owner] + row
    ends = np.searchsorted(owner, np.arange((2 << depth) + 1))
    tasks, mirrored = _tasks(sizes, entries, across, ends)
    counts, boundary = tree.counts.astype(float), sizes.boundary.astype(float)
    work = float((counts**3 / 3 + counts**2 * boundary + counts * boundary**2).sum()) * (1 if symmetric else 2)
    return Fronts(
        tasks=tasks[:-1],
        top=tasks[-1],
        lower=np.where(swapped, back, ahead),
        upper=None if symmetric else np.where(swapped, ahead, back),
        transposed=mirrored,
        flops=work,
        bytes=_bytes(tasks, len(owner)),
    )


def _bytes(tasks: Sequence[tuple[Level, ...]], links: int) -> float:
    """Judge the most memory at one time: fronts with two copies in every thread, what tasks hand on, and the plan itself."""
    below = max((level.size for task in tasks[:-1] for level in task), default=0)
    above = max((level.size for level in tasks[-1]), default=0)
    handed = sum(group.count * group.boundary**2 for task in tasks[:-1] for group in task[-1].groups)
    return 8.0 * (max(3 * cores() * below, 3 * above) + handed + 10 * links)


def _with_transpose(matrix: "csr_array") -> "csr_array":
    """Give W a symmetric pattern, with zeros where a link has no counterpart."""
    from scipy.sparse import coo_array, csr_array

    links = matrix.tocoo()
    both = np.concatenate([links.row, links.col]), np.concatenate([links.col, links.row])
    found = csr_array(coo_array((np.concatenate([links.data, np.zeros(links.nnz)]), both), shape=matrix.shape))
    found.sort_indices()
    return found


class _Sizes:
    """Where every front lies and how large it is, all arrays by node."""

    def __init__(self, tree: Dissection, cut: int) -> None:
        self.tree, self.cut, n = tree, cut, len(tree.nodes)
        self.boundary = np.concatenate([[0], *(np.diff(level.starts) for level in tree.boundaries)])
        self.begins = np.cumsum(self.boundary) - self.boundary
        self.members = np.concatenate([level.places for level in tree.boundaries])
        self.owners = np.repeat(np.arange(2 << tree.depth), self.boundary)
        self.keys = self.owners * n + self.members
        self.pivots = np.zeros(2 << tree.depth, dtype=np.int64)  # as filled up
        self.offset = self.pivots.copy()
        self.stride = self.pivots.copy()
        self.lengths: dict[tuple[int, int], int] = {}
        self.grouped: dict[tuple[int, int], list[Numbers]] = {}
        for level in range(tree.depth + 1):
            for task in range(1 << cut) if level >= cut else (-1,):
                self._group(level, task)
        parents = self.owners >> 1
        self.rows, self.columns = self._destinations(parents)

    def nodes(self, level: int, task: int) -> Numbers:
        """Nodes of one level in one task; -1 is the top."""
        if task < 0:
            return np.arange(1 << level, 2 << level)
        first = ((1 << self.cut) + task) << (level - self.cut)
        return np.arange(first, first + (1 << (level - self.cut)))

    def _group(self, level: int, task: int) -> None:
        """Put fronts of similar size together, never two halves of the same part: both are added to the same front."""
        nodes = self.nodes(level, task)
        counts, boundary = self.tree.counts[nodes], self.boundary[nodes]
        large = counts + boundary >= LARGE
        step, wide = max(3, int(counts.max()) // 4), max(4, int(boundary.max()) // 6)
        kind = ((-(-counts // step) * 1000 + -(-boundary // wide)) * 2 + nodes % 2) + large * (nodes + 1) * 10_000_000
        order = np.argsort(kind, kind="stable")
        groups = np.split(nodes[order], np.flatnonzero(np.diff(kind[order])) + 1)
        length = 0
        for group in groups:
            pivots, side = int(self.tree.counts[group].max()), int(self.boundary[group].max())
            side += pivots
            self.pivots[group] = pivots
            self.stride[group] = side + 1
            self.offset[group] = length + np.arange(len(group)) * side * (side + 1)
            length += len(group) * side * (side + 1)
        self.lengths[level, task], self.grouped[level, task] = length, groups

    def places(self, owner: Numbers, late: Numbers) -> Numbers:
        """Row of a place in the front of a node."""
        found = late - self.tree.starts[owner]
        outside = self.tree.nodes[late] != owner
        keys = owner[outside] * len(self.tree.nodes) + late[outside]
        found[outside] = np.searchsorted(self.keys, keys) - self.begins[owner[outside]] + self.pivots[owner[outside]]
        return found

    def _destinations(self, parents: Numbers) -> tuple[Numbers, Numbers]:
        columns = self.places(parents, self.members)
        return self.offset[parents] + columns * self.stride[parents], columns


def _tasks(
    sizes: _Sizes, entries: Numbers, across: Numbers | None, ends: Numbers
) -> tuple[tuple[tuple[Level, ...], ...], tuple[Numbers, ...]]:
    """Cut everything into tasks; the top comes last."""
    depth, cut = sizes.tree.depth, sizes.cut
    ones = sizes.offset[sizes.tree.nodes] + (np.arange(len(sizes.tree.nodes)) - sizes.tree.starts[sizes.tree.nodes]) * (
        sizes.stride[sizes.tree.nodes] + 1
    )
    tasks = []
    for task in [*range(1 << cut), -1]:
        levels = []
        for level in range(depth, cut - 1, -1) if task >= 0 else range(cut - 1, -1, -1):
            nodes = sizes.nodes(level, task)
            first, last = ends[nodes[0]], ends[nodes[-1] + 1]
            start, stop = sizes.tree.starts[nodes[0]], sizes.tree.starts[nodes[-1]] + sizes.tree.counts[nodes[-1]]
            groups = tuple(_made(sizes, group) for group in sizes.grouped[level, task])
            fill = [_filled(sizes, group) for group in sizes.grouped[level, task]]
            diagonal = np.concatenate([ones[start:stop], *fill])
            length = sizes.lengths[level, task]
            # What is filled up goes to a row behind the last front.
            room = max((group.side for group in groups), default=0) + 1
            levels.append(Level(length + room, entries[first:last], int(first), diagonal, groups))
        tasks.append(tuple(levels))
    return tuple(tasks), () if across is None else (across,)


def _filled(sizes: _Sizes, group: Numbers) -> Numbers:
    """Diagonal of the pivots that only fill up."""
    pivots, counts = int(sizes.pivots[group[0]]), sizes.tree.counts[group]
    slot, pivot = np.nonzero(np.arange(pivots)[None, :] >= counts[:, None])
    found: Numbers = sizes.offset[group[slot]] + pivot * (sizes.stride[group[slot]] + 1)
    return found


def _made(sizes: _Sizes, group: Numbers) -> Group:
    pivots = int(sizes.pivots[group[0]])
    side = int(sizes.stride[group[0]]) - 1
    boundary = side - pivots
    index = sizes.begins[group][:, None] + np.arange(boundary)[None, :]
    real = np.arange(boundary)[None, :] < sizes.boundary[group][:, None]
    index = np.where(real, index, 0)
    rows = columns = np.zeros((len(group), boundary), dtype=np.int64)
    if boundary and group[0] > 1:
        level = int(group[0]).bit_length() - 2
        task = -1 if level < sizes.cut else (int(group[0]) >> (level + 1 - sizes.cut)) - (1 << sizes.cut)
        rows = np.where(real, sizes.rows[index], sizes.lengths[level, task])
        columns = np.where(real, sizes.columns[index], sizes.stride[group >> 1][:, None] - 1)
    return Group(int(sizes.offset[group[0]]), len(group), bool(group[0] % 2), pivots, boundary, rows, columns)


def log_absolute(fronts: Fronts, parameter: float) -> tuple[float, float]:
    """
    Compute log |det(I - r W)|.

    Parameters
    ----------
    fronts
        As planned.
    parameter
        r.

    Returns
    -------
    tuple
        The logarithm and the sign of the determinant.

    Raises
    ------
    numpy.linalg.LinAlgError
        When I - r W is not positive definite and W symmetric, or when a pivot is too small.
    """
    left: Left = []
    total, sign = 0.0, 1.0
    with one_thread(), ThreadPoolExecutor(cores()) as pool:
        each = pool.map if len(fronts.tasks) > 1 else map
        for found in each(lambda task: _eliminated(fronts, task, parameter, [], map), fronts.tasks):
            total, sign = total + found[0], sign * found[1]
            left += found[2]
        above = _eliminated(fronts, fronts.top, parameter, left, pool.map)
    return total + above[0], sign * above[1]


def _eliminated(
    fronts: Fronts, levels: Sequence[Level], parameter: float, left: Left, each: Callable[..., Any]
) -> tuple[float, float, Left]:
    """Go up the levels of one task; `each` is the map that does independent work, in threads or not."""
    total, sign = 0.0, 1.0
    for level in levels:
        buffer = np.zeros(level.size)
        last = level.first + len(level.entries)
        buffer[level.entries] = -parameter * fronts.lower[level.first : last]
        if fronts.upper is not None:
            buffer[fronts.transposed[0][level.first : last]] = -parameter * fronts.upper[level.first : last]
        buffer[level.ones] = 1.0
        for second in (False, True):  # both halves of a part add to the same front
            halves = [half for half in left if half[0].second == second]
            list(each(lambda half, buffer=buffer: _added(buffer, *half), halves))
        left = []
        symmetric = fronts.upper is None
        work = each(lambda group, buffer=buffer, symmetric=symmetric: _front(buffer, group, symmetric=symmetric), level.groups)
        for group, (logarithm, signed, rest) in zip(level.groups, work, strict=True):
            total, sign = total + logarithm, sign * signed
            if group.boundary:
                left.append((group, rest))
    return total, sign, left


def _added(buffer: Vector, group: Group, rest: Vector) -> None:
    """Add what is left of fronts to those of the next level."""
    if group.count == 1 and group.boundary >= SHORT:
        cuts = np.flatnonzero(np.diff(group.columns[0]) != 1) + 1
        if len(cuts) * 6 < group.boundary:
            return _added_by_pieces(buffer, group, rest[0], [0, *cuts.tolist(), group.boundary])
    places = (group.rows[:, :, None] + group.columns[:, None, :]).ravel()
    buffer[places] += rest.ravel()
    return None


def _added_by_pieces(buffer: Vector, group: Group, rest: Vector, cuts: list[int]) -> None:
    rows, columns = group.rows[0], group.columns[0]
    stride = int((rows[1] - rows[0]) // (columns[1] - columns[0]))
    corner = int(rows[0] - columns[0] * stride)
    side = stride - 1
    front = buffer[corner : corner + side * stride].reshape(side, stride)
    for first, last in pairwise(cuts):
        down = slice(columns[first], columns[last - 1] + 1)
        for start, stop in pairwise(cuts):
            front[down, columns[start] : columns[stop - 1] + 1] += rest[first:last, start:stop]


def _front(buffer: Vector, group: Group, *, symmetric: bool) -> tuple[float, float, Vector]:
    """Eliminate the pivots of fronts: the logarithm of their determinant, its sign, and what is left."""
    side, pivots = group.side, group.pivots
    stack = buffer[group.offset : group.offset + group.count * side * (side + 1)].reshape(group.count, side, side + 1)
    stack = stack[:, :, :side]
    if pivots == 0:
        return 0.0, 1.0, stack
    if symmetric:
        logarithm, rest = _one(stack[0], pivots) if len(stack) == 1 else _many(stack, pivots)
        return logarithm, 1.0, rest
    signs, logarithms = np.linalg.slogdet(stack[:, :pivots, :pivots])
    if not np.isfinite(logarithms).all():
        raise np.linalg.LinAlgError
    if stack.shape[1] == pivots:
        return float(logarithms.sum()), float(signs.prod()), stack[:, pivots:, pivots:]
    solved = np.linalg.solve(stack[:, :pivots, :pivots], stack[:, :pivots, pivots:])
    if not np.abs(solved).max() < GROWTH:
        raise np.linalg.LinAlgError
    return float(logarithms.sum()), float(signs.prod()), stack[:, pivots:, pivots:] - stack[:, pivots:, :pivots] @ solved


def _many(stack: Vector, pivots: int) -> tuple[float, Vector]:
    rest = stack[:, pivots:, pivots:].copy()
    stack[:, pivots:, pivots:] = 0
    places = np.arange(pivots, stack.shape[1])
    stack[:, places, places] = HUGE
    factor = np.linalg.cholesky(stack)
    inner = np.arange(pivots)
    below = factor[:, pivots:, :pivots]
    rest -= below @ below.transpose(0, 2, 1)
    return 2 * float(np.log(factor[:, inner, inner]).sum()), rest


def _one(front: Vector, pivots: int) -> tuple[float, Vector]:
    from scipy.linalg import cholesky, solve_triangular

    factor = cholesky(front[:pivots, :pivots], lower=True, check_finite=False)
    logarithm = 2 * float(np.log(np.diag(factor)).sum())
    below = solve_triangular(factor, front[pivots:, :pivots].T, lower=True, check_finite=False)
    rest = front[pivots:, pivots:] - below.T @ below
    return logarithm, rest[None]
