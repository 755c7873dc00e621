"""Graphs that others made: GAL, GWT, SWM, edge lists and matrices in CSV, workbooks and Parquet."""

import unicodedata
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from spatial.errors import DataError, SpatialWarning, complaint, counted, listed
from spatial.options import Between, used
from spatial.places import checked
from spatial.weights._edge_lists import plain_links
from spatial.weights._formats import gal, gwt, swm
from spatial.weights._links import Islands, Links, Numbers, Transform, graph_of, nobody, settled
from spatial.weights._positions import distances, nearest_to, positions
from spatial.weights.tables import Cells, Names, Rules, Said, Values, ruled, rules_checked, said_by

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

Itself = Literal["error", "drop", "keep"]

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".xlsx", ".xls", ".ods")
ENDINGS = (".gal", ".gwt", ".kwt", ".swm", *TABLES)
#: Weights of at least so many links that go with distance as closely as this are taken for distances.
ENOUGH, ALIKE = 10, 0.99
NONE = Links(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def read_graph(
    source: str | Path,
    places: "GeoDataFrame",
    *,
    sheet: str | None = None,
    column: str | None = None,
    missing: list[str] | None = None,
    values: Values = "weights",
    power: Annotated[float, Between(0, 100)] | None = None,
    threshold: Annotated[float, Between(0, 1e300)] | None = None,
    k: Annotated[int, Between(1, 10_000)] | None = None,
    itself: Itself = "error",
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Read a graph from a file.

    Parameters
    ----------
    source
        ``.gal``, ``.gwt`` (``.kwt`` of GeoDa too), an edge list in ``.csv``, ``.tsv`` or ``.txt`` (columns ``from,to,weight`` or
        ``focal,neighbor,weight`` in any order; without a third column each link weighs 1), such a table in ``.parquet``,
        ``.xlsx``, ``.xls`` or ``.ods``, or in any of these a matrix: labels in the first column and in the first row, in any
        order, such as travel times or trade between regions, row to column; ``.swm`` as ArcGIS writes it.
    places
        The places; their labels are what the file must speak of.
    sheet
        The sheet of a workbook; needed where there is more than one.
    column
        The column of an edge list that holds the numbers; needed where several could, or none is called weight, time,
        minutes, hours, distance, cost, flow or value.
    missing
        What stands for no link in a table besides an empty cell, such as ``-`` or ``n/a``.
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
    itself
        What the link of a place to itself means: ``"error"``, ``"drop"`` to leave it out, or ``"keep"``, as kernel weights
        may have it. The diagonal of a matrix is left out unless it is kept.
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
        a cost is 0, places are their own neighbours, or there are islands without a policy.

    Notes
    -----
    Labels are compared as text: 1 and 01 are two labels, and no label is ever turned into a number. GAL and GWT separate by
    blanks; a label with blanks is found as it is (spdep), in quotation marks, or with ``_`` in their stead. Links of weight
    0 are no links, empty cells of a matrix neither. Numbers may have decimal commas.

    GeoDa and spdep put distances into GWT files of nearest neighbours and distance bands; read as weights, the farthest
    neighbour would weigh most. A warning says so: ``values = "costs"`` weighs by one over them, with ``power = 0`` all alike.
    Files of spdep's old style and its ``listw2sn`` number places in the order of its rows instead of naming them.
    """
    from spatial.indicators.records import codes_of

    used(read_graph, locals())
    places, path = checked(places), _path(source)
    where = path.name
    rules = Rules(values, power, threshold, k)
    rules_checked(rules, where, itself)
    _there(path, source)
    names = _names(places)
    quickly = None if column or missing or values != "weights" else plain_links(path, names)
    if quickly is not None:
        links, own = quickly, NONE
    else:
        said = _read(path, names, sheet, Cells(column, codes_of(",".join(missing or ())), values))
        links, own = _checked_links(places, names, said, values, itself, where)
    links = ruled(links, rules, places.index.to_numpy(object), where)
    if values == "weights" and transform != "b":
        _say_if_distances(places, links, where)

    def attached(alone: Numbers) -> tuple[Numbers, Numbers]:
        rank = np.argsort(np.argsort(places.index.to_numpy(object), kind="stable"))
        return nearest_to(positions(places), 1, rank)[alone, 0], np.full(len(alone), links.weights.mean())

    if islands == "keep" and not len(links.rows):  # for connectivity, which tells what is wrong with the outlines
        warnings.warn(f"{where}: {nobody(len(places))}.", SpatialWarning, stacklevel=2)
        return graph_of(places, own if itself == "keep" else links, transform)
    links = settled(places, links, islands, where, attached=attached, advice=lambda: "Complete the file")
    return graph_of(places, _joined(links, own) if itself == "keep" else links, transform)


def _checked_links(
    places: "GeoDataFrame", names: Names, said: Said, values: Values, itself: Itself, where: str
) -> tuple[Links, Links]:
    """Look at everything a file says, refuse what is wrong, and put the rest into numbers."""
    found = _wrong(places, names, said, itself)
    if found:
        raise DataError("\n".join(complaint(where, *each) for each in found))
    _say_who_is_absent(places, names, said, where)
    links, own = _links(names, said, values)
    _say_what_is_dropped(places, own, itself, where, matrix=said.matrix)
    return links, own


def _path(source: object) -> Path:
    if not isinstance(source, str | Path):
        raise DataError(complaint("read_graph", f"a {type(source).__name__} was given", "Expected the path of a file"))
    return Path(source)


def _there(path: Path, source: str | Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        what = f"a graph cannot be read from a file ending in '{path.suffix}'"
        raise DataError(complaint(path.name, what, f"Expected one of {listed(ENDINGS, 20)}"))
    if not path.is_file():
        raise DataError(complaint(path.name, "there is no such file", f"Looked for {source}", "Correct the path"))


def _names(places: "GeoDataFrame") -> Names:
    """List the labels as files may write them: as they are, composed, and with ``_`` for blanks where that stays unique."""
    known = {str(label): position for position, label in enumerate(places.index)}
    composed = {unicodedata.normalize("NFC", " ".join(label.split())): position for label, position in known.items()}
    joined = Counter("_".join(label.split()) for label in known)
    words = {"_".join(label.split()): position for label, position in known.items() if joined["_".join(label.split())] == 1}
    positions = words | composed | known
    return Names(positions, max((len(label.split()) for label in known), default=1))


def _read(path: Path, names: Names, sheet: str | None, how: Cells) -> Said:
    kind = path.suffix.lower()
    if kind == ".gal":
        return gal(path, names)
    if kind in (".gwt", ".kwt"):
        return gwt(path, names)
    if kind == ".swm":
        return swm(path)
    return said_by(path.name, _table(path, sheet), how)


def _table(path: Path, sheet: str | None) -> "pd.DataFrame":
    from spatial.indicators.tables import cells

    if path.suffix.lower() in (".parquet", ".pq"):
        return _parquet(path)
    read = cells(path, sheet)
    for finding in read.findings:
        warnings.warn(finding, SpatialWarning, stacklevel=4)
    return read.frame


def _parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    from spatial.indicators.tables import numbered

    try:
        table = pd.read_parquet(path)
    except pa.ArrowInvalid as problem:
        raise DataError(complaint(path.name, f"it is no Parquet file: {problem}", "Expected columns from, to, weight")) from None
    return numbered(table if isinstance(table.index, pd.RangeIndex) else table.reset_index())


def _known(names: Names, label: str) -> int | None:
    position = names.positions.get(label)
    return names.positions.get(unicodedata.normalize("NFC", label)) if position is None else position


def _links(names: Names, said: Said, values: Values) -> tuple[Links, Links]:
    """Put links into numbers, and apart from them those of places to themselves."""
    ends = [(_known(names, start), _known(names, to), weight) for start, to, weight in said.edges]
    rows, columns, weights = np.asarray(ends, float).reshape(-1, 3).T
    own = (rows == columns) & (weights > 0)
    others = (rows != columns) & ((weights > 0) | (values == "costs"))
    found = [Links(rows[some].astype(np.int64), columns[some].astype(np.int64), weights[some]) for some in (others, own)]
    return found[0], found[1]


def _joined(links: Links, own: Links) -> Links:
    return Links(
        np.concatenate([links.rows, own.rows]),
        np.concatenate([links.columns, own.columns]),
        np.concatenate([links.weights, own.weights]),
    )


def _wrong(places: "GeoDataFrame", names: Names, said: Said, itself: Itself) -> list[tuple[str, ...]]:
    """Collect what keeps edges from being links, each as what, what was expected, and what to do."""
    named = dict.fromkeys([*said.labels, *(end for start, to, _ in said.edges for end in (start, to))])
    place = {label: _known(names, label) for label in named}  # a label may be written in several ways
    found: list[tuple[str, ...]] = []
    unknown = [label for label in named if place[label] is None]
    if unknown:
        found.append(
            (
                f"{counted(len(unknown), 'label is no place', 'labels are no places', of=len(named))}: {listed(unknown)}",
                f"Places are called {listed(places.index, 3)}",
                "Correct the labels, or read places with the key that the file uses",
            )
        )
    again = _repeated(said.labels, [place[label] for label in said.labels])
    if again:
        found.append(
            (
                f"{counted(len(again), 'label stands', 'labels stand')} in it more than once: {listed(again)}",
                "Expected each once",
                "Correct them",
            )
        )
    links = [f"{start} to {to}" for start, to, _ in said.edges]
    twice = _repeated(links, [None if None in (ends := (place[start], place[to])) else ends for start, to, _ in said.edges])
    if twice:
        found.append(
            (
                f"{counted(len(twice), 'link stands', 'links stand')} in it more than once: {listed(twice)}",
                "Expected each link once",
                "Remove the repetitions",
            )
        )
    wrong = [
        f"{start} to {to}: {said.texts.get((start, to), f'{weight:g}')}"
        for start, to, weight in said.edges
        if not 0 <= weight < np.inf
    ]
    if wrong:
        found.append(
            (
                f"{counted(len(wrong), 'weight is negative or no number', 'weights are negative or no numbers')}: {listed(wrong)}",
                "Expected finite weights of 0 or more",
                "Correct them" + (", or say what stands for no link as missing" if said.texts else ""),
            )
        )
    selves = [start for start, to, weight in said.edges if (start == to or place[start] == place[to] is not None) and weight > 0]
    if selves and itself == "error" and not said.matrix:
        found.append(
            (
                f"{counted(len(selves), 'place is its own neighbour', 'places are their own neighbours')}: {listed(selves)}",
                "Expected links between different places",
                'Set itself = "drop" to leave these links out, or "keep" to use them',
            )
        )
    return found


def _repeated(texts: list[str], meant: Sequence[object]) -> list[str]:
    """List what means the same as something else in a list, be it written otherwise, in all its ways; None means but itself."""
    keys = [text if each is None else each for text, each in zip(texts, meant, strict=True)]
    times = Counter(keys)
    return list(dict.fromkeys(text for text, key in zip(texts, keys, strict=True) if times[key] > 1))


def _say_who_is_absent(places: "GeoDataFrame", names: Names, said: Said, where: str) -> None:
    """Tell places that a file does not know of from those that it knows to have no links."""
    there = {_known(names, label) for label in said.labels}
    absent = [label for position, label in enumerate(places.index) if position not in there] if there else []
    if absent:
        warnings.warn(
            f"{where}: {counted(len(absent), 'place is', 'places are', of=len(places))} not in it: {listed(absent)}.",
            SpatialWarning,
            stacklevel=3,
        )
    if said.announced not in (None, len(places)):
        warnings.warn(
            f"{where}: its first line announces {counted(said.announced, 'place')}, and there {'is' if len(places) == 1 else 'are'} {len(places)}.",
            SpatialWarning,
            stacklevel=3,
        )


def _say_what_is_dropped(places: "GeoDataFrame", own: Links, itself: Itself, where: str, *, matrix: bool) -> None:
    if not len(own.rows) or itself == "keep":
        return
    what = counted(len(own.rows), "number on the diagonal of the matrix", "numbers on the diagonal of the matrix")
    what = what if matrix else counted(len(own.rows), "link")
    were = "was" if len(own.rows) == 1 else "were"
    warnings.warn(
        f"{where}: {what}, from a place to itself, {were} left out: {listed(places.index[own.rows])}.",
        SpatialWarning,
        stacklevel=3,
    )


def _say_if_distances(places: "GeoDataFrame", links: Links, where: str) -> None:
    """Warn of weights that are distances, as GeoDa and spdep write them: the farther a neighbour, the more it would weigh."""
    if len(links.rows) < ENOUGH:
        return
    far = distances(positions(places), links.rows, links.columns)
    if min(np.ptp(far), np.ptp(links.weights)) > 0 and np.corrcoef(far, links.weights)[0, 1] > ALIKE:
        warnings.warn(
            f"{where}: its weights are the distances between the places, so that the farthest neighbours weigh most. "
            'Set values = "costs" to weigh by one over the distance, with power = 0 to weigh all alike.',
            SpatialWarning,
            stacklevel=3,
        )
