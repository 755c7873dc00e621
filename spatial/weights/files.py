"""Graphs that others made: GAL, GWT, SWM, edge lists and matrices in CSV, workbooks and Parquet."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from struct import error, unpack
from typing import TYPE_CHECKING, Annotated

import numpy as np

from spatial.errors import DataError, complaint, listed
from spatial.indicators import read_table
from spatial.options import Between, used
from spatial.places import checked
from spatial.weights._links import Islands, Links, Numbers, Transform, graph_of, settled
from spatial.weights._positions import nearest_to, positions
from spatial.weights.tables import Edge, Rules, Values, edges_of, number, ruled, rules_checked

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


def read_graph(
    source: str | Path,
    places: "GeoDataFrame",
    *,
    sheet: str | None = None,
    values: Values = "weights",
    power: Annotated[float, Between(0, 100)] | None = None,
    threshold: Annotated[float, Between(0, 1e300)] | None = None,
    k: Annotated[int, Between(1, 10_000)] | None = None,
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Read a graph from a file.

    Parameters
    ----------
    source
        ``.gal``, ``.gwt``, an edge list in ``.csv``, ``.tsv`` or ``.txt`` (columns ``from,to,weight`` or
        ``focal,neighbor,weight``; without a weight column each link weighs 1), such a table in ``.parquet``, ``.xlsx``,
        ``.xls`` or ``.ods``, or in any of these a matrix: labels in the first column and in the first row, such as travel
        times or trade between regions, row to column; ``.swm`` as ArcGIS writes it.
    places
        The places; their labels are what the file must speak of.
    sheet
        The sheet of a workbook; needed where there is more than one.
    values
        What the numbers are: ``"weights"``, of which more is nearer, such as flows; or ``"costs"``, of which less is nearer,
        such as minutes, turned into weights by ``power``.
    power
        For costs: the weight is one over the cost to this power; 1 if not given, 0 to let all links weigh the same.
    threshold
        The largest cost, or the smallest weight, that still makes a link.
    k
        So many links each place keeps: those of smallest cost, or of largest weight; between equal ones the smaller label
        wins.
    islands
        What a place without neighbours means: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to its nearest place
        both ways, by centroid, with the mean weight of the file.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as they stand in the file.

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order.

    Raises
    ------
    DataError
        When the file cannot be read, a label is no place, a link stands in it twice, a weight is no number or negative,
        a cost is 0, or there are islands without a policy.

    Notes
    -----
    Labels are compared as text: 1 and 01 are two labels, and no label is ever turned into a number. As GAL and GWT
    separate by blanks, a label with blanks is also found with ``_`` in their stead. Links of weight 0 are no links,
    empty cells of a matrix neither; its diagonal is left out, with a warning where it holds numbers.
    """
    used(read_graph, locals())
    places, path = checked(places), Path(source)
    where = path.name
    rules = Rules(values, power, threshold, k)
    rules_checked(rules, where)
    readers: dict[str, Callable[[Path], tuple[list[str], list[Edge]]]] = {
        ".gal": _gal,
        ".gwt": _gwt,
        ".csv": _separated,
        ".tsv": _separated,
        ".txt": _separated,
        ".parquet": _parquet,
        ".pq": _parquet,
        ".swm": _swm,
        **dict.fromkeys((".xlsx", ".xls", ".ods"), partial(_workbook, sheet=sheet)),
    }
    if path.suffix.lower() not in readers:
        raise DataError(
            complaint(
                where, f"a graph cannot be read from a file ending in '{path.suffix}'", f"Expected one of {listed(readers, 20)}"
            )
        )
    if not path.is_file():
        raise DataError(complaint(where, "there is no such file", f"Looked for {source}", "Correct the path"))
    try:
        labels, edges = readers[path.suffix.lower()](path)
    except UnicodeDecodeError as problem:
        raise DataError(
            complaint(where, f"byte {problem.start} is no UTF-8 text", "Expected UTF-8", "Save the file as UTF-8")
        ) from None
    links = ruled(_links(places, labels, edges, where, values), rules, places.index.to_numpy(object), where)

    def attached(alone: Numbers) -> tuple[Numbers, Numbers]:
        rank = np.argsort(np.argsort(places.index.to_numpy(object), kind="stable"))
        return nearest_to(positions(places), 1, rank)[alone, 0], np.full(len(alone), links.weights.mean())

    links = settled(places, links, islands, where, attached=attached, advice=lambda: "Or complete the file")
    return graph_of(places, links, transform)


def _links(places: "GeoDataFrame", labels: Iterable[str], edges: list[Edge], where: str, values: Values) -> Links:
    known = {str(label): position for position, label in enumerate(places.index)}
    joined = Counter(label.replace(" ", "_") for label in known)
    known = {label.replace(" ", "_"): position for label, position in known.items() if joined[label.replace(" ", "_")] == 1} | known
    found = _wrong(places, known, labels, edges)
    if found:
        raise DataError("\n".join(complaint(where, *each) for each in found))
    kept = [(known[start], known[to], weight) for start, to, weight in edges if (weight > 0 or values == "costs") and start != to]
    rows, columns, weights = np.asarray(kept, float).reshape(-1, 3).T
    return Links(rows.astype(np.int64), columns.astype(np.int64), weights)


def _wrong(places: "GeoDataFrame", known: dict[str, int], labels: Iterable[str], edges: list[Edge]) -> list[tuple[str, ...]]:
    """Collect what keeps edges from being links, each as what, what was expected, and what to do."""
    named = dict.fromkeys([*labels, *(end for start, to, _ in edges for end in (start, to))])
    found: list[tuple[str, ...]] = []
    unknown = [label for label in named if label not in known]
    if unknown:
        found.append(
            (
                f"{len(unknown)} of {len(named)} labels are no places: {listed(unknown)}",
                f"Places are called {listed(places.index, 3)}",
                "Correct the labels, or read places with the key that the file uses",
            )
        )
    twice = [f"{start} to {to}" for (start, to), times in Counter(edge[:2] for edge in edges).items() if times > 1]
    if twice:
        found.append(
            (f"{len(twice)} links stand in it more than once: {listed(twice)}", "Expected each link once", "Remove the repetitions")
        )
    wrong = [f"{start} to {to}: {weight:g}" for start, to, weight in edges if not 0 <= weight < np.inf]
    if wrong:
        found.append(
            (
                f"{len(wrong)} weights are negative or no numbers: {listed(wrong)}",
                "Expected finite weights of 0 or more",
                "Correct them",
            )
        )
    selves = [start for start, to, weight in edges if start == to and weight > 0]
    if selves:
        found.append(
            (
                f"{len(selves)} places are their own neighbours: {listed(selves)}",
                "Expected links between different places",
                "Remove these links",
            )
        )
    return found


def _gal(path: Path) -> tuple[list[str], list[Edge]]:
    """Each place on a line with the number of its neighbours, the neighbours on the next; the first line says how many."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    lines = [line for line in lines if line]
    announced = _announced(path, lines[0] if lines else "")
    labels: list[str] = []
    edges: list[Edge] = []
    at = 1
    while at < len(lines):
        label, _, number = lines[at].replace("\t", " ").rpartition(" ")
        if not label or not number.isdigit():
            raise DataError(
                complaint(
                    path.name, f"line {lines[at]!r} cannot be understood", "Expected a label and the number of its neighbours"
                )
            )
        label, count, at = label.strip(), int(number), at + 1
        neighbours: list[str] = []
        while len(neighbours) < count and at < len(lines):
            neighbours += lines[at].split()
            at += 1
        if len(neighbours) != count:
            raise DataError(
                complaint(
                    path.name,
                    f"{label!r} announces {count} neighbours and {len(neighbours)} follow",
                    "Expected as many as announced",
                    "A label with blanks must be written with _ in their stead",
                )
            )
        labels.append(label)
        edges += [(label, neighbour, 1.0) for neighbour in neighbours]
    if announced != len(labels):
        raise DataError(
            complaint(
                path.name,
                f"its first line announces {announced} places and {len(labels)} follow",
                "Expected as many as announced",
                "The file may be cut short",
            )
        )
    return labels, edges


def _announced(path: Path, header: str) -> int:
    """Read the number of places from a header of either form: ``n``, or ``0 n name key``."""
    words = header.split()
    number = words[1] if len(words) > 1 else "".join(words)
    if not number.isdigit():
        raise DataError(
            complaint(
                path.name, f"its first line is {header!r}", "Expected the number of places, or '0', that number, a name and a key"
            )
        )
    return int(number)


def _gwt(path: Path) -> tuple[list[str], list[Edge]]:
    """One link on each line, a place, its neighbour and the weight, below the same header as GAL."""
    lines = [line.split() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    _announced(path, " ".join(lines[0]) if lines else "")
    broken = [" ".join(line) for line in lines[1:] if len(line) != 3]
    if broken:
        raise DataError(
            complaint(
                path.name,
                f"{len(broken)} lines cannot be understood: {listed(broken)}",
                "Expected a place, its neighbour and a weight",
                "A label with blanks must be written with _ in their stead",
            )
        )
    return [], [(start, to, number(weight)) for start, to, weight in lines[1:]]


def _swm(path: Path) -> tuple[list[str], list[Edge]]:
    """One line of text, then in binary: how many places; of each its number, its neighbours, their weights and the sum."""
    header, _, body = path.read_bytes().partition(b"\n")
    fixed = b"FIXEDWEIGHTS@TRUE" in header.upper().replace(b" ", b"")
    labels: list[str] = []
    edges: list[Edge] = []
    try:
        (announced, _), at = unpack("<2i", body[:8]), 8
        for _ in range(announced):
            (start, count), at = unpack("<2i", body[at : at + 8]), at + 8
            labels.append(str(start))
            if not count:
                continue
            size = 1 if fixed else count
            numbers = unpack(f"<{count}i{size + 1}d", body[at : at + 4 * count + 8 * (size + 1)])  # the last one is the sum
            at += 4 * count + 8 * (size + 1)
            weights = numbers[count:-1] * (count if fixed else 1)
            edges += [(str(start), str(to), float(weight)) for to, weight in zip(numbers[:count], weights, strict=True)]
    except error:
        raise DataError(
            complaint(
                path.name, "it ends before all places are there", "Expected a file of ArcGIS (.swm)", "The file may be cut short"
            )
        ) from None
    return labels, edges


def _workbook(path: Path, *, sheet: str | None) -> tuple[list[str], list[Edge]]:
    return edges_of(path, read_table(path, sheet))


def _separated(path: Path) -> tuple[list[str], list[Edge]]:
    import pandas as pd

    header = path.read_text(encoding="utf-8-sig").partition("\n")[0]
    separator = max(",;\t", key=header.count)
    try:
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as problem:
        raise DataError(complaint(path.name, f"it is no table: {problem}", "Expected columns from, to, weight")) from None
    return edges_of(path, table)


def _parquet(path: Path) -> tuple[list[str], list[Edge]]:
    import pandas as pd
    import pyarrow as pa

    try:
        table = pd.read_parquet(path)
    except pa.ArrowInvalid as problem:
        raise DataError(complaint(path.name, f"it is no Parquet file: {problem}", "Expected columns from, to, weight")) from None
    return edges_of(path, table.reset_index() if table.index.names != [None] else table)
