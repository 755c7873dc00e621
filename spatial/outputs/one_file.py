"""One result, or one graph, into one file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from spatial.errors import OutputError, complaint, listed

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

    from spatial.results import Result


def write_result(result: "Result", places: "GeoDataFrame | None", path: Path) -> None:
    """
    Write what belongs into a file of this kind, whole or not at all.

    Parameters
    ----------
    result
        Of any operation.
    places
        The places it is about, for values of each of them.
    path
        ``.csv``: values per place; ``.gpkg``: a layer; ``.tif``: the surface, with its colours beside it.

    Raises
    ------
    OutputError
        When there are no places, the ending is another or the file cannot be written.
    """
    if places is None:
        raise OutputError(
            complaint(str(path), "without places there is nothing to write for each of them", "", "Name them as --places")
        )
    from spatial.results import columns_of

    with _whole(path) as partial:
        if path.suffix == ".tif" and hasattr(result, "surface"):
            from spatial.outputs import write_surface

            write_surface(result.surface, partial, title=result.operation)
            style = partial.with_suffix(".qml")
            if style.exists():
                style.replace(path.with_suffix(".qml"))
        elif path.suffix in (".csv", ".gpkg"):
            import pandas as pd

            from spatial.outputs.tables import csv_bytes

            table = places.assign(**columns_of(result.operation, result, places.index))
            if path.suffix == ".csv":
                frame = pd.DataFrame(table.drop(columns=table.geometry.name))
                partial.write_bytes(csv_bytes(["place", *frame.columns], frame.itertuples(name=None)))
            else:
                table.to_file(partial, driver="GPKG", layer=result.operation, VERSION="1.2")
        else:
            raise OutputError(
                complaint(
                    str(path),
                    f"{result.operation} cannot be written as {path.suffix or 'a file without ending'}",
                    "Expected .csv, .gpkg or, for a surface, .tif",
                )
            )


def write_links(graph: "Graph", places: "GeoDataFrame", path: Path) -> None:
    """
    Write a graph: its links, or lines between places.

    Parameters
    ----------
    graph
        Weights on the places.
    places
        Where the lines begin and end.
    path
        ``.gpkg`` for lines, otherwise one of the endings of `spatial.weights.write_graph`.

    Raises
    ------
    OutputError
        When the ending is another or the file cannot be written.
    """
    from spatial.weights import edges, write_graph
    from spatial.weights.writing import ENDINGS

    ending = path.suffix.lower()
    if ending not in (*ENDINGS, ".gpkg"):
        raise OutputError(
            complaint(
                str(path),
                f"a graph cannot be written as '{path.suffix}'",
                f"Expected one of {listed((*ENDINGS, '.gpkg'), 10)}, the last for lines between places",
            )
        )
    if ending != ".gpkg":
        write_graph(graph, path)
        return
    with _whole(path) as partial:
        edges(places, graph).to_file(partial, driver="GPKG", layer="links", VERSION="1.2")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give another name to write to, which takes the place of the file once all is written; nothing is left of it otherwise."""
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise OutputError(
            complaint(str(path), f"it cannot be written ({error.strerror})", "Expected a path that can be written to")
        ) from None
    finally:
        partial.unlink(missing_ok=True)
