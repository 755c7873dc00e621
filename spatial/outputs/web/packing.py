"""Shapes and links in few bytes: whole numbers on a grid, every shared border once, small differences."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Whole = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Rings:
    """Closed lines on the grid, one after another; the closing vertex is not repeated."""

    shape: Whole  # per ring, the number of the shape it belongs to, not decreasing
    sizes: Whole  # per ring, how many vertices
    vertices: Whole  # (vertices, 2)


@dataclass(frozen=True)
class Arcs:
    """Rings cut where borders part; an arc that two rings share is here once."""

    sizes: Whole  # per arc, how many vertices, both ends included
    vertices: Whole  # (vertices, 2)
    uses: Whole  # per use, the number of the arc; numbers go by first use
    backward: "np.ndarray[Any, np.dtype[np.bool_]]"  # per use, whether the ring follows the arc against its direction
    ring_uses: Whole  # per ring, how many uses
    shape_rings: Whole  # per shape, how many rings


def packed_polygons(shapes: "np.ndarray[Any, Any]", corner: tuple[float, float], step: float) -> list[bytes]:
    """
    Pack polygons so that neighbours share their borders.

    Parameters
    ----------
    shapes
        Shapely polygons and multipolygons.
    corner
        The origin of the grid; no coordinate lies before it.
    step
        The width of a grid cell.

    Returns
    -------
    list of bytes
        Five streams of variable-length numbers: vertices of each arc (less 2), coordinate differences (zigzag, x and y
        in turn, running on from arc to arc), arc of each use (counted back from the newest, doubled, plus 1 where it is
        followed backwards), uses of each ring (less 1), rings of each shape.
    """
    arcs = arcs_of(rings_of(shapes, corner, step), len(shapes))
    steps = np.diff(arcs.vertices, axis=0, prepend=np.zeros((1, 2), np.int64))
    newest = np.maximum.accumulate(np.concatenate([[-1], arcs.uses]))[:-1] + 1 if len(arcs.uses) else arcs.uses
    return [
        variable_length(arcs.sizes - 2),
        variable_length(zigzag(steps.ravel())),
        variable_length((newest - arcs.uses) * 2 + arcs.backward),
        variable_length(arcs.ring_uses - 1),
        variable_length(arcs.shape_rings),
    ]


def packed_points(vertices: Whole) -> bytes:
    """
    Pack one grid point for each place.

    Parameters
    ----------
    vertices
        Whole numbers, shape (n, 2).

    Returns
    -------
    bytes
        Zigzag differences, x and y in turn.
    """
    return variable_length(zigzag(np.diff(vertices, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel()))


def packed_links(rows: Whole, columns: Whole, count: int) -> list[bytes]:
    """
    Pack who is whose neighbour.

    Parameters
    ----------
    rows
        For each link, the place whose neighbour is meant.
    columns
        For each link, the neighbour.
    count
        How many places there are.

    Returns
    -------
    list of bytes
        Neighbours of each place, and zigzag differences between the neighbours' numbers, from the place's own.
    """
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    before = np.concatenate([[0], columns[:-1]]) if len(columns) else columns
    first = np.diff(rows, prepend=-1) != 0
    return [variable_length(np.bincount(rows, minlength=count)), variable_length(zigzag(columns - np.where(first, rows, before)))]


def rings_of(shapes: "np.ndarray[Any, Any]", corner: tuple[float, float], step: float) -> Rings:
    """
    Round polygons to the grid.

    Parameters
    ----------
    shapes
        Shapely polygons and multipolygons.
    corner
        The origin of the grid.
    step
        The width of a grid cell.

    Returns
    -------
    Rings
        Outer rings turn one way and holes the other, so that drawing needs no more than that. A shape that is too small
        for the grid stays as a square of two steps: no place vanishes.
    """
    coordinates, ends, shape_of_ring, outer = _ragged(shapes)
    vertices = np.rint((coordinates - corner) / step).astype(np.int64)
    ring = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    kept = np.ones(len(vertices), bool)
    kept[ends[1:] - 1] = False  # the closing vertex
    before = np.arange(len(vertices)) - 1
    before[ends[:-1]] = ends[1:] - 2
    kept &= (vertices != vertices[before]).any(axis=1)
    sizes = np.bincount(ring[kept], minlength=len(ends) - 1)
    kept &= sizes[ring] >= 3
    ring, vertices, standing = ring[kept], vertices[kept], sizes >= 3
    sizes, shape_of_ring, outer = sizes[standing], shape_of_ring[standing], outer[standing]
    vertices = _oriented(vertices, sizes, outer)
    return _with_small_ones(Rings(shape_of_ring, sizes, vertices), shapes, corner, step)


def arcs_of(rings: Rings, shapes: int) -> Arcs:
    """
    Cut rings into arcs and keep each arc once.

    Parameters
    ----------
    rings
        Closed lines on the grid.
    shapes
        How many shapes there are.

    Returns
    -------
    Arcs
        Following the uses of a ring gives its vertices back.
    """
    keys = rings.vertices[:, 0] * (1 << 32) + rings.vertices[:, 1]
    distinct, vertex = np.unique(keys, return_inverse=True)
    starts = np.cumsum(rings.sizes) - rings.sizes
    junction = _junctions(vertex, starts, rings.sizes, len(distinct))
    # Each ring begins at its first junction, or at the vertex with the lowest number, so that a ring which fills a hole
    # exactly begins where the hole does.
    place = np.arange(len(vertex)) - np.repeat(starts, rings.sizes)
    rank = np.where(junction[vertex], place, len(vertex) + vertex)
    lowest = np.minimum.reduceat(rank, starts) if len(starts) else rank
    turn = place[rank == np.repeat(lowest, rings.sizes)]
    around = spans(np.zeros_like(starts), rings.sizes + 1)
    closed = np.repeat(starts, rings.sizes + 1) + (around + np.repeat(turn, rings.sizes + 1)) % np.repeat(
        rings.sizes, rings.sizes + 1
    )
    last = around == np.repeat(rings.sizes, rings.sizes + 1)
    path = vertex[closed]
    cut = junction[path] | last | (around == 0)
    begin, end = np.flatnonzero(cut & ~last), np.flatnonzero(cut & (around > 0))
    # Between junctions a border has only one way to go: its first edge tells the whole arc.
    there, back = path[begin] * len(distinct) + path[begin + 1], path[end] * len(distinct) + path[end - 1]
    _, first, arc = np.unique(np.minimum(there, back), return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    first, uses = first[order], number[arc]
    sizes = (end - begin + 1)[first]
    ring_of_use = np.repeat(np.arange(len(rings.sizes)), rings.sizes + 1)[begin]
    return Arcs(
        sizes=sizes,
        vertices=rings.vertices[closed[spans(begin[first], sizes)]],
        uses=uses,
        backward=there != there[first][uses],
        ring_uses=np.bincount(ring_of_use, minlength=len(rings.sizes)),
        shape_rings=np.bincount(rings.shape, minlength=shapes),
    )


def spans(starts: Whole, sizes: Whole) -> Whole:
    """
    Write several runs of whole numbers one after another.

    Parameters
    ----------
    starts
        The first number of each run.
    sizes
        How many numbers each run has.

    Returns
    -------
    numpy.ndarray
        The runs in one row.

    Examples
    --------
    >>> spans(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    return np.asarray(np.arange(int(sizes.sum())) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes))


def zigzag(values: Whole) -> Whole:
    """
    Fold negative numbers between the positive ones: 0, -1, 1, -2 become 0, 1, 2, 3.

    Parameters
    ----------
    values
        Whole numbers.

    Returns
    -------
    numpy.ndarray
        Whole numbers of at least 0.
    """
    return np.asarray((values << 1) ^ (values >> 63))


def variable_length(values: Whole) -> bytes:
    """
    Write whole numbers in as few bytes as each needs, seven bits a byte, the highest bit where more follow.

    Parameters
    ----------
    values
        Numbers from 0 to 2**35 - 1.

    Returns
    -------
    bytes
        One to five bytes a number.

    Examples
    --------
    >>> list(variable_length(np.array([1, 300])))
    [1, 172, 2]
    """
    sizes = np.searchsorted(np.array([1 << 7 * more for more in range(1, 5)]), values, side="right") + 1
    starts = np.cumsum(sizes) - sizes
    written = np.zeros(int(sizes.sum()), np.uint8)
    for position in range(5):
        there = sizes > position
        follows = np.where(sizes[there] > position + 1, 128, 0)
        written[starts[there] + position] = ((values[there] >> 7 * position) & 127) | follows
    return written.tobytes()


def _ragged(shapes: "np.ndarray[Any, Any]") -> "tuple[np.ndarray[Any, Any], Whole, Whole, np.ndarray[Any, Any]]":
    import shapely

    kind, coordinates, offsets = shapely.to_ragged_array(shapes, include_z=False)
    ring_ends, polygon_ends, *more = (np.asarray(each, np.int64) for each in offsets)
    shape_of_polygon = (
        np.arange(len(shapes)) if kind == shapely.GeometryType.POLYGON else np.repeat(np.arange(len(shapes)), np.diff(more[0]))
    )
    rings_of_polygon = np.diff(polygon_ends)
    outer = np.zeros(len(ring_ends) - 1, bool)
    outer[polygon_ends[:-1][rings_of_polygon > 0]] = True
    return coordinates, ring_ends, np.repeat(shape_of_polygon, rings_of_polygon), outer


def _oriented(vertices: Whole, sizes: Whole, outer: "np.ndarray[Any, Any]") -> Whole:
    if not len(sizes):
        return vertices
    starts = np.cumsum(sizes) - sizes
    place = np.arange(len(vertices)) - np.repeat(starts, sizes)
    after = np.repeat(starts, sizes) + (place + 1) % np.repeat(sizes, sizes)
    x, y = vertices.T
    area = np.add.reduceat(x * y[after] - x[after] * y, starts)
    turned = np.repeat((area > 0) != outer, sizes)
    mirrored = np.repeat(starts + sizes - 1, sizes) - place
    return vertices[np.where(turned, mirrored, np.arange(len(vertices)))]


def _with_small_ones(rings: Rings, shapes: "np.ndarray[Any, Any]", corner: tuple[float, float], step: float) -> Rings:
    import shapely

    gone = np.flatnonzero(np.bincount(rings.shape, minlength=len(shapes)) == 0)
    if not len(gone):
        return rings
    centres = shapely.get_coordinates(shapely.centroid(shapes[gone]))
    squares = np.rint((centres - corner) / step).astype(np.int64)[:, None, :] + np.array([[0, 0], [2, 0], [2, 2], [0, 2]])
    shape = np.concatenate([rings.shape, gone])
    sizes = np.concatenate([rings.sizes, np.full(len(gone), 4)])
    vertices = np.concatenate([rings.vertices, squares.reshape(-1, 2)])
    starts, order = np.cumsum(sizes) - sizes, np.argsort(shape, kind="stable")
    return Rings(shape[order], sizes[order], vertices[spans(starts[order], sizes[order])])


def _junctions(vertex: Whole, starts: Whole, sizes: Whole, count: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Tell the vertices at which borders part: those that do not have the same two neighbours wherever they occur."""
    if not len(vertex):
        return np.zeros(count, bool)
    place = np.arange(len(vertex)) - np.repeat(starts, sizes)
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    before, after = vertex[first + (place - 1) % size], vertex[first + (place + 1) % size]
    low, high = np.minimum(before, after), np.maximum(before, after)
    order = np.argsort(vertex, kind="stable")
    groups = np.flatnonzero(np.diff(vertex[order], prepend=-1))
    same_low = np.minimum.reduceat(low[order], groups) == np.maximum.reduceat(low[order], groups)
    same_high = np.minimum.reduceat(high[order], groups) == np.maximum.reduceat(high[order], groups)
    return np.asarray(~(same_low & same_high))
