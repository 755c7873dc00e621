"""Neighbours by a common border."""

import warnings
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from spatial.errors import DataError, SpatialWarning, complaint, listed
from spatial.options import Between, used
from spatial.places import checked
from spatial.weights._borders import in_one_plane, outlines, shared_borders
from spatial.weights._links import Islands, Links, Numbers, Transform, both_ways, graph_of, settled

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

    from spatial.weights._borders import Outlines


def contiguity(
    places: "GeoDataFrame",
    *,
    rule: Literal["queen", "rook"] = "queen",
    order: Annotated[int, Between(1, 100)] = 1,
    inclusive: bool = False,
    by: Literal["vertices", "geometry"] = "vertices",
    snap: Annotated[float, Between(0, 1_000_000)] = 0.0,
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Make places neighbours that share a border.

    Parameters
    ----------
    places
        Polygons.
    rule
        ``"queen"``: at least one point of the border is shared; ``"rook"``: a stretch of it, a mere corner is not enough.
    order
        How many borders lie between a place and its neighbours: 2 for the neighbours of neighbours, by the shortest way.
    inclusive
        Whether neighbours of lower orders are neighbours too.
    by
        What decides: ``"vertices"`` that are exactly equal, as in spdep, libpysal and GeoDa, with a warning that names pairs
        which touch or overlap without one; or the ``"geometry"``, which links those pairs too.
    snap
        The widest gap between two polygons, in metres (local coordinates: in their own unit), at which they still touch;
        0 for none but rounding. With ``snap`` the geometry decides.
    islands
        What a place without neighbours means: ``"error"``, ``"keep"``, or ``"nearest"`` to attach it to the place whose
        outline is nearest, both ways.
    transform
        How weights are standardised: ``"r"`` rows sum to 1, ``"b"`` all 1, ``"d"`` all sum to 1, ``"v"`` variance
        stabilising, ``"o"`` as computed (here 1).

    Returns
    -------
    libpysal.graph.Graph
        On the index of ``places``, in its order.

    Raises
    ------
    DataError
        When places are not polygons, no two of them touch, or there are islands without a policy.

    Notes
    -----
    Polygons with a vertex (rook: a side) exactly in common are neighbours. With ``by = "geometry"``, the others whose boxes
    touch are decided by their geometry: queen when they come within ``snap`` of each other, rook when their borders run beside each
    other for more than ten times that. So a border counts also where only one of two neighbours has a vertex on it, and
    polygons that overlap are neighbours. Gaps below 1e-9 of the largest coordinate (5 mm at 5,000 km; 2 cm on geographic
    coordinates) are taken for rounding.

    Comparing vertices finds fewer neighbours where a border was digitised differently on its two sides. spdep's rook asks for two common points and counts the closing vertex of a
    ring twice, so it takes a corner for a side when that corner happens to be where a ring starts (counties 39 and 96 of
    its Georgia data); here and in libpysal a side must be shared.
    """
    used(contiguity, locals())
    places = checked(places)
    _polygons_only(places)
    of = outlines(places)
    pairs = shared_borders(of, rule, snap)
    if by == "vertices" and not snap:
        matched = shared_borders(of, rule, snap, vertices_only=True)
        _say_what_is_missed(places, pairs, matched)
        pairs = matched
    links = both_ways(*pairs.T)
    if order > 1:
        links = _higher(links, len(places), order, inclusive=inclusive)
    links = settled(
        places,
        links,
        islands,
        "contiguity",
        attached=lambda alone: (_nearest_outline(places, of, alone), np.ones(len(alone))),
        advice=lambda: (
            "Gaps between outlines can be closed with snap; places without a common border can use nearest or distance_band"
        ),
    )
    return graph_of(places, links, transform)


def _say_what_is_missed(places: "GeoDataFrame", pairs: Numbers, matched: Numbers) -> None:
    missed = sorted({tuple(sorted(pair)) for pair in pairs.tolist()} - {tuple(sorted(pair)) for pair in matched.tolist()})
    if missed:
        named = [f"{places.index[one]} and {places.index[other]}" for one, other in missed]
        warnings.warn(
            f"{len(named)} pairs of places touch or overlap without a common vertex and are not neighbours: {listed(named)}. "
            'Set by = "geometry" to make them neighbours.',
            SpatialWarning,
            stacklevel=3,
        )


def _polygons_only(places: "GeoDataFrame") -> None:
    others = places.index[~places.geom_type.isin(["Polygon", "MultiPolygon"])]
    if len(others):
        raise DataError(
            complaint(
                "contiguity",
                f"{len(others)} places are no polygons: {listed(others)}",
                "Only polygons have borders to share",
                "Use nearest or distance_band for points",
            )
        )


def _higher(links: Links, count: int, order: int, *, inclusive: bool) -> Links:
    from scipy.sparse import csr_array, eye_array

    step = csr_array((links.weights > 0, (links.rows, links.columns)), shape=(count, count), dtype=bool)
    reached, last = csr_array(eye_array(count, dtype=bool)), csr_array(eye_array(count, dtype=bool))
    for _ in range(order):
        further = last @ step
        last = csr_array(further > (further.multiply(reached)))
        reached = csr_array(reached + last)
    wanted = (reached - csr_array(eye_array(count, dtype=bool)) if inclusive else last).tocoo()
    rows, columns = wanted.coords
    return Links(rows.astype(np.int64), columns.astype(np.int64), np.ones(len(rows)))


def _nearest_outline(places: "GeoDataFrame", of: "Outlines", alone: Numbers) -> Numbers:
    """Find for each island the place whose outline is nearest; of several, the one with the smallest label."""
    import shapely

    labels = places.index.to_numpy(object)
    found = []
    for island in alone:
        others = np.delete(np.arange(len(labels)), island)
        first, second, _ = in_one_plane(of, np.column_stack([np.full(len(others), island), others]))
        gaps = shapely.distance(first, second)
        found.append(min(others[gaps <= gaps.min()], key=lambda position: labels[position]))
    return np.asarray(found, np.int64)
