"""Graphs for others: GAL, GWT, edge lists in CSV and Parquet, and lines."""

import csv
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import OutputError, SpatialWarning, complaint, counted, listed

if TYPE_CHECKING:
    from typing import TextIO

    from libpysal.graph import Graph

ENDINGS = (".gal", ".gwt", ".csv", ".parquet")


def write_graph(graph: "Graph", path: str | Path) -> None:
    """
    Write a graph to a file that GeoDa, spdep, libpysal and this package read.

    Parameters
    ----------
    graph
        Weights on labels.
    path
        ``.gal``: links without weights, as all of these read them, with a warning where weights are lost; ``.gwt``: links with weights, without the places that
        have none; ``.csv``: columns from, to, weight, a place without neighbours as a link of weight 0 to itself;
        ``.parquet``: as libpysal's ``Graph.to_parquet``.

    Raises
    ------
    OutputError
        When the ending is another, the file cannot be written, or labels could not be told apart in it.

    Notes
    -----
    GAL and GWT separate by blanks, so a blank in a label is written as ``_``. The file appears whole or not at all.
    """
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise OutputError(
            complaint(path.name, f"a graph cannot be written as '{path.suffix}'", f"Expected one of {listed(ENDINGS)}")
        )
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        if path.suffix.lower() == ".parquet":
            graph.to_parquet(partial)
        else:
            text = {".gal": _gal, ".gwt": _gwt, ".csv": _list}[path.suffix.lower()]
            with partial.open("w", encoding="utf-8", newline="") as file:
                text(graph, file, path.name)
        partial.replace(path)
    except OSError as problem:
        raise OutputError(
            complaint(str(path), f"it cannot be written ({problem.strerror})", "Expected a path that can be written to")
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def _words(graph: "Graph", where: str) -> list[str]:
    """Give the labels without blanks."""
    labels = [str(each) for each in graph.unique_ids]
    words = ["_".join(each.split()) for each in labels]
    twice = [each for each, times in Counter(words).items() if times > 1 or not each]
    if twice:
        raise OutputError(
            complaint(
                where,
                f"{counted(len(twice), 'label')} cannot be told apart without blanks: {listed(twice)}",
                "This format separates labels by blanks",
                "Write .csv or .parquet",
            )
        )
    return words


def _gal(graph: "Graph", file: "TextIO", where: str) -> None:
    words, matrix = _words(graph, where), graph.sparse
    rows = np.repeat(np.arange(len(words)), np.diff(matrix.indptr))
    degrees = np.bincount(rows[matrix.data != 0], minlength=len(words))
    linked = matrix.data != 0
    plain = (matrix.data[linked] == 1).all() or np.allclose(matrix.data[linked] * degrees[rows[linked]], 1)
    if not plain:
        text = complaint(
            where, "this format holds links alone, so their weights are not in the file", "Write .gwt, .csv or .parquet"
        )
        warnings.warn(text, SpatialWarning, stacklevel=4)
    file.write(f"0 {len(words)} places place\n")
    for row, word in enumerate(words):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        others = matrix.indices[part][matrix.data[part] != 0]
        file.write(f"{word} {len(others)}\n{' '.join(words[each] for each in others)}\n")


def _gwt(graph: "Graph", file: "TextIO", where: str) -> None:
    words, matrix = _words(graph, where), graph.sparse
    file.write(f"0 {len(words)} places place\n")
    rows = np.repeat(np.arange(len(words)), np.diff(matrix.indptr))
    for row, column, weight in zip(rows.tolist(), matrix.indices.tolist(), matrix.data.tolist(), strict=True):
        if weight:
            file.write(f"{words[row]} {words[column]} {weight!r}\n")


def _list(graph: "Graph", file: "TextIO", where: str) -> None:
    del where
    labels, matrix = [str(each) for each in graph.unique_ids], graph.sparse
    rows = np.repeat(np.arange(len(labels)), np.diff(matrix.indptr))
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["from", "to", "weight"])
    for row, column, weight in zip(rows.tolist(), matrix.indices.tolist(), matrix.data.tolist(), strict=True):
        writer.writerow([labels[row], labels[column], repr(float(weight))])
