"""In which order to eliminate places: halves by position, again and again, and what separates the halves last."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Numbers = NDArray[np.int64]

#: Places in a part that is not halved again (those that separate it from others included).
LEAF = 48
#: A trace of the other coordinate decides between places of a lattice that lie on one line.
TURN = 1e-7


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Per node of one level, the places that its elimination links: all belong to separators further up."""

    starts: Numbers  # (nodes + 1,)
    places: Numbers  # positions, rising within a node


@dataclass(frozen=True, eq=False)
class Dissection:
    """
    A binary tree of parts; node 1 is the root, 2 k and 2 k + 1 are the halves of k.

    Positions count the places in the order in which they are eliminated: level by level from the leaves to the root.
    """

    depth: int
    position: Numbers  # (n,): of every place
    nodes: Numbers  # (n,): of every position, the node that eliminates it
    starts: Numbers  # (2^(depth + 1),): first position of every node
    counts: Numbers  # as long: how many places it eliminates
    boundaries: tuple[Boundaries, ...]  # of every level, 0 to depth


def dissected(pattern: "csr_array", coordinates: Vector, leaf: int = LEAF) -> Dissection:
    """
    Order the places of a graph by nested dissection along coordinates.

    Parameters
    ----------
    pattern
        Symmetric pattern without a diagonal, (n, n).
    coordinates
        Where the places are, (n, 2); neighbours should be near one another.
    leaf
        How small parts become.

    Returns
    -------
    Dissection
        The tree and the boundary of every node.

    Notes
    -----
    Every part is halved across its longer side; the separator is the smallest set of places that touches all links between
    the halves (a minimum vertex cover, by König's theorem from a largest matching).

    References
    ----------
    George, A. (1973). Nested dissection of a regular finite element mesh. SIAM J. Numerical Analysis 10, 345-363.
    doi:10.1137/0710032.
    """
    n = pattern.shape[0]
    depth = int(np.ceil(np.log2(max(n / leaf, 1))))
    codes, along = _halved(coordinates, depth)
    rows = np.repeat(np.arange(n, dtype=np.int32), np.diff(pattern.indptr))
    upper = rows < pattern.indices
    links = np.stack([rows[upper], pattern.indices[upper]])
    levels = _separated(links, codes, depth)
    nodes = (1 << levels) + (codes >> (depth - levels))
    # Level by level from the leaves; within a separator along it, so that what a part touches of it is one piece.
    rank = ((2 << depth) - (2 << levels)) + (nodes - (1 << levels))
    order = np.lexsort((along[np.where(levels < depth, levels, 0), np.arange(n)] * (levels < depth), rank))
    position = np.empty(n, dtype=np.int64)
    position[order] = np.arange(n)
    by_position = nodes[order]
    starts, counts = _starts(by_position, depth)
    return Dissection(depth, position, by_position, starts, counts, _boundaries(position[links], by_position, depth))


def _halved(coordinates: Vector, depth: int) -> tuple[Numbers, NDArray[np.float32]]:
    """Give every place its leaf, and on every level its coordinate along the cut (across the longer side)."""
    n = len(coordinates)
    size = -(-n // (1 << depth))
    total = size << depth
    # Halves must be equal for arrays to do: some places are counted twice, evenly spread, and dropped in the end.
    members = np.concatenate([np.arange(n), np.linspace(0, n - 1, total - n).astype(np.int64)])
    x, y = (coordinates[:, 0] - coordinates[:, 0].min()), (coordinates[:, 1] - coordinates[:, 1].min())
    x, y = (x + TURN * y)[members], (y + TURN * x)[members]
    parts = np.arange(total)[None, :]
    along = np.zeros((max(depth, 1), n), dtype=np.float32)
    for level in range(depth):
        across, beside = x[parts], y[parts]
        tall = np.ptp(beside, axis=1) > np.ptp(across, axis=1)
        across[tall], beside[tall] = beside[tall], across[tall].copy()
        real = parts < n
        along[level, parts[real]] = beside[real]
        chosen = np.argpartition(across, parts.shape[1] // 2, axis=1)
        parts = np.take_along_axis(parts, chosen, 1).reshape(2 << level, -1)
    codes = np.empty(total, dtype=np.int64)
    codes[parts.ravel()] = np.repeat(np.arange(1 << depth), size)
    return codes[:n], along


def _separated(links: Any, codes: Numbers, depth: int) -> Numbers:
    """Give every place the level of the separator that it belongs to; `depth` where it stays in a leaf."""
    levels = np.full(len(codes), depth, dtype=np.int64)
    apart = depth - np.frexp((codes[links[0]] ^ codes[links[1]]).astype(float))[1]  # the level at which a link is cut
    order = np.argsort(apart.astype(np.uint8), kind="stable")
    ends = np.searchsorted(apart[order], np.arange(depth + 1))
    for level in range(depth):
        one, other = links[:, order[ends[level] : ends[level + 1]]]
        open_still = (levels[one] == depth) & (levels[other] == depth)
        one, other = one[open_still], other[open_still]
        if len(one):
            right = (codes[one] >> (depth - level - 1)) & 1 == 1
            levels[_cover(np.where(right, other, one), np.where(right, one, other))] = level
    return levels


def _cover(left: Any, right: Any) -> Any:
    """Find the smallest set of places that touches every link between two sides (König 1931)."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import breadth_first_order, maximum_bipartite_matching

    ones, one = np.unique(left, return_inverse=True)
    others, other = np.unique(right, return_inverse=True)
    first, second = len(ones), len(others)
    links = csr_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(first, second))
    match = maximum_bipartite_matching(links, perm_type="column")
    matched = np.flatnonzero(match >= 0)
    free = np.flatnonzero(match < 0)
    source = first + second
    rows = np.concatenate([one, first + match[matched], np.full(len(free), source)])
    columns = np.concatenate([first + other, matched, free])
    paths = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(source + 1, source + 1))
    seen = np.zeros(source + 1, dtype=bool)
    seen[breadth_first_order(paths, source, return_predecessors=False)] = True
    return np.concatenate([ones[~seen[:first]], others[seen[first:source]]])


def _starts(nodes: Numbers, depth: int) -> tuple[Numbers, Numbers]:
    counts = np.bincount(nodes, minlength=2 << depth)
    starts = np.zeros(2 << depth, dtype=np.int64)
    position = 0
    for level in range(depth, -1, -1):
        first, last = 1 << level, 2 << level
        sums = np.cumsum(counts[first:last])
        starts[first:last] = position + sums - counts[first:last]
        position += int(sums[-1])
    return starts, counts


def _boundaries(links: Any, nodes: Numbers, depth: int) -> tuple[Boundaries, ...]:
    n = len(nodes)
    low, high = np.minimum(links[0], links[1]), np.maximum(links[0], links[1])
    owner = nodes[low]
    outward = owner != nodes[high]
    keys = owner[outward] * n + high[outward]
    level_of = (np.frexp(owner[outward].astype(float))[1] - 1).astype(np.uint8)
    order = np.argsort(level_of, kind="stable")
    ends = np.searchsorted(level_of[order], np.arange(depth + 2))
    found: list[Boundaries] = []
    handed = np.empty(0, dtype=np.int64)
    for level in range(depth, -1, -1):
        keys_here = np.sort(np.concatenate([keys[order[ends[level] : ends[level + 1]]], handed]))  # np.unique is slower
        keys_here = keys_here[np.diff(keys_here, prepend=-1) > 0]
        owners, places = np.divmod(keys_here, n)
        counts = np.bincount(owners - (1 << level), minlength=1 << level)
        found.append(Boundaries(np.concatenate([[0], np.cumsum(counts)]), places))
        owners >>= 1
        further = owners != nodes[places]
        handed = owners[further] * n + places[further]
    return tuple(reversed(found))
