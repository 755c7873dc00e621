"""Which places may stand in one group because links join them."""

from typing import TYPE_CHECKING

import numpy as np

from spatial.clusters._groups import Whole, named
from spatial.clusters._trees import links_of
from spatial.errors import ModelError, complaint

if TYPE_CHECKING:
    from spatial.places import Aligned

_LISTED = 3


def linked(given: "Aligned") -> tuple[Whole, Whole, tuple[str, ...]]:
    """
    Give the linked pairs of places, the component of each place, and what is to be said of them.

    A link in one direction joins as one in both does. Components are numbered by their first place.
    """
    from scipy.sparse.csgraph import connected_components

    matrix = given.weights
    pairs = links_of(matrix)
    _, found = connected_components(matrix, directed=False)
    _, first, plain = np.unique(found, return_index=True, return_inverse=True)
    components = np.argsort(np.argsort(first))[plain].astype(np.int64)
    notes = []
    directed = len(pairs) * 2 - (matrix.nnz - int((matrix.diagonal() != 0).sum()))
    if directed:
        notes.append(f"{directed:,} links of the graph go in one direction only; they join places as the others do.")
    if len(first) > 1:
        notes.append(
            f"The graph falls into {len(first)} parts that no link joins, and no group reaches over two of them;"
            f" {parts_named(given, components)}."
        )
    return pairs, components, tuple(notes)


def parts_named(given: "Aligned", components: Whole) -> str:
    """Write out the smallest parts of a graph."""
    sizes = np.bincount(components)
    order = np.argsort(sizes, kind="stable")
    words = [f"{sizes[part]:,} ({named(given.labels[components == part], 3)})" for part in order[:_LISTED]]
    return f"the {'smallest have' if len(order) > _LISTED else 'parts have'} {', '.join(words)} places"


#: What joins parts of a graph, for messages.
JOINING = 'join the parts: islands = "nearest" attaches single places, by = "geometry" or snap closes gaps, union adds the links of another graph'


def enough_groups(given: "Aligned", components: Whole, groups: int, where: str) -> None:
    """Make sure that there are at least as many groups as parts of the graph."""
    count = int(components.max()) + 1
    if count > groups:
        raise ModelError(
            complaint(
                f"{where}, option 'k'",
                f"the graph falls into {count} parts that no link joins, but {groups} groups are asked for; {parts_named(given, components)}",
                "Every group is to be connected",
                f"Ask for {count} groups or more, or {JOINING}",
            )
        )
