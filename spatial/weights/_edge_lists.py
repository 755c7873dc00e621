"""Edge lists of millions of links, read at once where there is nothing in them to look at twice."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.weights._links import Links
from spatial.weights.tables import FROM, TO, WEIGHT, Names

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes from which on it pays to look: smaller files are read as carefully in no time.
LARGE = 100_000


def plain_links(path: Path, names: Names) -> Links | None:
    """
    Read an edge list that is beyond doubt.

    Parameters
    ----------
    path
        A ``.parquet`` or ``.csv`` file.
    names
        The labels of the places.

    Returns
    -------
    Links or None
        None where anything asks for a careful reader: other columns than the two ends and the weight, labels that are no places or
        no texts, gaps, decimal commas, weights below 0, a link that stands twice or leads from a place to itself. Links of
        weight 0 are left out.
    """
    if path.suffix.lower() not in (".parquet", ".pq", ".csv") or path.stat().st_size < LARGE:
        return None
    table = _read(path)
    if table is None or table.num_columns != len((FROM, TO, WEIGHT)):
        return None
    titles = [str(title).strip().casefold() for title in table.column_names]
    positions = [[place for place, title in enumerate(titles) if title in known] for known in (FROM, TO, WEIGHT)]
    if any(len(found) != 1 for found in positions):
        return None
    start, to, weight = (table.column(found[0]) for found in positions)
    weights = _weights(weight)
    rows, columns = _ends(start, names), _ends(to, names)
    if weights is None or rows is None or columns is None:
        return None
    linked = weights > 0
    rows, columns, weights = rows[linked], columns[linked], weights[linked]
    keys = rows * len(names.positions) + columns
    rising = keys if (np.diff(keys) > 0).all() else np.sort(keys)
    if (rows == columns).any() or (np.diff(rising) == 0).any():
        return None
    return Links(rows, columns, weights)


def _read(path: Path) -> "pa.Table | None":
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        if path.suffix.lower() == ".csv":
            texts = dict.fromkeys(csv.open_csv(path).schema.names[:2], pa.string())
            return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=texts))
        return parquet.read_table(path)
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError):
        return None


def _weights(column: "pa.ChunkedArray") -> "np.ndarray[Any, np.dtype[np.float64]] | None":
    import pyarrow as pa

    if column.null_count or not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        return None
    found = np.asarray(column.to_numpy(), dtype=float)
    return found if ((found >= 0) & (found < np.inf)).all() else None


def _ends(column: "pa.ChunkedArray", names: Names) -> "np.ndarray[Any, np.dtype[np.int64]] | None":
    """Find the place of each label; each label is looked up once."""
    import pyarrow as pa

    if column.null_count or not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return None
    coded = column.combine_chunks().dictionary_encode()
    places = [names.positions.get(label, -1) for label in coded.dictionary.to_pylist()]
    if min(places, default=-1) < 0:
        return None
    found: np.ndarray[Any, np.dtype[np.int64]] = np.asarray(places, np.int64)[coded.indices.to_numpy()]
    return found
