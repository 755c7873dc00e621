"""Neighbours by a common border."""

import warnings
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from spatial.errors import DataError, SpatialWarning, complaint, listed
from spatial.options import Between, used
from spatial.places import checked, is_local
from spatial.weights._borders import by_geometry, gaps, nearest_on_the_globe, not_settled, outlines
from spatial.weights._lattice import lattice_pairs
from spatial.weights._links import Islands, Numbers, Transform, both_ways, graph_of, higher, settled
from spatial.weights._positions import in_words
from spatial.weights._slivers import slivers
from spatial.weights._vertices import matched, once

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

#: So many pairs of places are named in a warning.
SHOWN = 5


def contiguity(
    places: "GeoDataFrame",
    *,
    rule: Literal["queen", "rook"] = "queen",
    order: Annotated[int, Between(1, 100)] = 1,
    inclusive: bool = False,
    by: Literal["vertices", "geometry", "lattice"] = "vertices",
    snap: Annotated[float, Between(0, 1_000_000)] = 0.0,
    islands: Islands = "error",
    transform: Transform = "r",
) -> "Graph":
    """
    Make places neighbours that share a border.

    Parameters
    ----------
    places
        Polygons; with ``by = "lattice"`` also points.
    rule
        ``"queen"``: at least one point of the border is shared; ``"rook"``: a stretch of it, a mere corner is not enough.
    order
        How many borders lie between a place and its neighbours: 2 for the neighbours of neighbours, by the shortest way.
    inclusive
        Whether neighbours of lower orders are neighbours too.
    by
        What decides: ``"vertices"`` that are exactly equal, as in spdep, libpysal and GeoDa, with a warning that names pairs
        which touch or overlap without one; the ``"geometry"``, which links those pairs too; or the ``"lattice"``: places
        are cells of a regular grid, polygons or their centres as points, and rows and columns decide.
    snap
        The widest gap between two polygons, in metres (local coordinates: in their own unit), at which they still touch;
        0 for none but rounding. With ``snap`` the geometry decides, and a warning says how many gaps were closed.
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
        When places are not polygons, no two of them touch (with ``islands = "keep"`` that is a warning, so that connectivity
        can report the gaps), there are islands without a policy, or a lattice is none.

    Notes
    -----
    Polygons with a vertex (rook: a side) exactly in common are neighbours. With ``by = "geometry"``, the others whose boxes
    touch are decided by their geometry: queen when they come within ``snap`` of each other, rook when their borders run beside each
    other for more than ten times that. So a border counts also where only one of two neighbours has a vertex on it, and
    polygons that overlap are neighbours. Gaps below 1e-9 of the largest coordinate (5 mm at 5,000 km; 2 cm on geographic
    coordinates) are taken for rounding.

    Comparing vertices finds fewer neighbours where a border was digitised differently on its two sides. Pairs that touch
    without a common vertex are looked for among polygons with a side that no other polygon has, and their neighbours: where
    polygons do not overlap there are no others. A polygon that lies within another one, all its sides being sides of a
    third, is only found with ``by = "geometry"``. spdep's rook asks for two common points and counts the closing vertex of a
    ring twice, so it takes a corner for a side when that corner happens to be where a ring starts (counties 39 and 96 of
    its Georgia data); here and in libpysal a side must be shared.

    A lattice runs along the axes; cells may be missing. Rows and columns are found to 1 % of the spacing. On geographic
    coordinates the meridians of 180 and -180 degrees are one, and places on its two sides are neighbours.
    """
    used(contiguity, locals())
    places = checked(places)
    if by == "lattice":
        if snap:
            raise DataError(complaint("contiguity", "a lattice has no gaps to close", "Expected by without snap", "Leave snap out"))
        pairs = lattice_pairs(places, rule)
    else:
        _polygons_only(places)
        pairs = _bordering(places, rule, by, snap)
    links = both_ways(pairs[:, 0], pairs[:, 1], len(places))
    if order > 1:
        links = higher(links, len(places), order, inclusive=inclusive)
    if islands == "keep" and not len(pairs):
        # A graph without any link is of use to connectivity alone, which tells what is wrong with the outlines.
        warnings.warn(
            f"contiguity: none of the {len(places)} places has a neighbour. {_advice(places, pairs, by)}.",
            SpatialWarning,
            stacklevel=2,
        )
        return graph_of(places, links, transform)
    links = settled(
        places,
        links,
        islands,
        "contiguity",
        attached=lambda alone: _nearest_outlines(places, alone),
        advice=lambda: _advice(places, pairs, by),
    )
    return graph_of(places, links, transform)


def _bordering(places: "GeoDataFrame", rule: Literal["queen", "rook"], by: str, snap: float) -> Numbers:
    """Pair the polygons that share a border, and say what was missed or closed."""
    of = outlines(places)
    match = matched(np.asarray(places.geometry.array), sides=rule == "rook", globe=of.degrees)
    if by == "vertices" and not snap:
        _say_what_is_missed(places, by_geometry(of, rule, 0.0, match, not_settled(match, rule)))
        return match.pairs
    further = by_geometry(of, rule, snap, match)
    if snap:
        _say_what_is_closed(places, snap, further, gaps(of, further), "local units" if is_local(places) else "m")
    return once(np.concatenate([match.pairs, further]))


def _advice(places: "GeoDataFrame", pairs: Numbers, by: str) -> str:
    """Say how places without neighbours could get some: where outlines nearly touch, by closing the gaps."""
    if by == "lattice":
        return "Places that are no cells side by side can use nearest or distance_band"
    others = "places without a common border can use nearest or distance_band"
    labels = np.asarray(places.index)
    alone = np.setdiff1d(np.arange(len(places)), pairs)
    found = slivers(outlines(places), labels, pairs).touching(alone)
    if not len(found.pairs):
        return f"Gaps between outlines can be closed with snap; {others}"
    unit = "local units" if is_local(places) else "m"
    return (
        f"{len(found.pairs)} pairs of polygons miss each other by a sliver ({found.widths(unit)}): {found.named(labels)}. "
        f"Set snap = {found.snap:g} to close these gaps; {others}"
    )


def _say_what_is_missed(places: "GeoDataFrame", missed: Numbers) -> None:
    if len(missed):
        warnings.warn(
            f"{len(missed)} pairs of places touch or overlap without a common vertex and are not neighbours: {_named(places, missed)}. "
            'Set by = "geometry" to make them neighbours.',
            SpatialWarning,
            stacklevel=4,
        )


def _say_what_is_closed(places: "GeoDataFrame", snap: float, pairs: Numbers, wide: Numbers, unit: str) -> None:
    closed = wide > 0
    if not closed.any():
        return
    pairs, wide = pairs[closed], wide[closed]
    longest = np.argsort(-wide, kind="stable")
    warnings.warn(
        f"contiguity: snap = {snap:g} closed the gaps between {len(pairs)} pairs of places, the widest of "
        f"{in_words(float(wide.max()), unit)}: {_named(places, pairs[longest])}.",
        SpatialWarning,
        stacklevel=4,
    )


def _named(places: "GeoDataFrame", pairs: Numbers) -> str:
    """Name pairs of places; of very many only the first are put into words."""
    shown = [f"{places.index[one]} and {places.index[other]}" for one, other in pairs[:SHOWN]]
    return listed(shown, SHOWN) + (f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else "")


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


def _nearest_outlines(places: "GeoDataFrame", alone: Numbers) -> tuple[Numbers, Numbers]:
    """Find for each island the place whose outline is nearest; of several, the one with the smallest label."""
    import shapely

    of, labels = outlines(places), places.index.to_numpy(object)
    if of.degrees:
        found = [min(nearest_on_the_globe(of, island, places.crs.get_geod()), key=labels.__getitem__) for island in alone]
        return np.asarray(found, np.int64), np.ones(len(alone))
    first, second = shapely.STRtree(of.shapes).query_nearest(of.shapes[alone], exclusive=True)
    rank = np.argsort(np.argsort(labels, kind="stable"))
    order = np.lexsort((rank[second], first))
    _, start = np.unique(first[order], return_index=True)
    return second[order][start], np.ones(len(alone))
