"""Neighbours by a common border."""

import warnings
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from spatial.errors import DataError, SpatialWarning, complaint, counted, in_words, listed
from spatial.options import Between, used
from spatial.places import checked, is_local
from spatial.weights._borders import by_geometry, gaps
from spatial.weights._centres import on_the_globe
from spatial.weights._globe import nearest_on_the_globe
from spatial.weights._lattice import lattice_pairs
from spatial.weights._links import Islands, Numbers, Transform, both_ways, graph_of, higher, nobody, settled
from spatial.weights._outlines import outlines
from spatial.weights._slivers import named, slivers
from spatial.weights._vertices import matched, once

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


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
        can report the gaps), there are islands without a policy, a lattice is none, or distances are to be measured on
        geographic coordinates that are not in degrees.

    Notes
    -----
    Polygons with a vertex (rook: a side) exactly in common are neighbours. With ``by = "geometry"``, the others whose boxes
    touch are decided by their geometry: queen when they come within ``snap`` of each other, rook when their borders run beside each
    other in one stretch for more than ten times that, or are neighbours without ``snap``. So a border counts also where only
    one of two neighbours has a vertex on it, and polygons that overlap are neighbours. Gaps below 1e-9 of the largest
    coordinate (5 mm at 5,000 km; 2 cm on geographic coordinates) are taken for rounding, and sides that leave a corner at
    however sharp an angle (0.06 degrees or more) for no border; with ``snap`` those below six degrees run beside each other.

    Comparing vertices finds fewer neighbours where a border was digitised differently on its two sides. Pairs that touch
    without a common vertex (rook: side) are looked for among those of which at least one has a side that no other polygon
    has: where polygons do not overlap there are no others. Polygons that overlap though all their sides are sides of
    others, such as layers that are there twice, are only found with ``by = "geometry"``. spdep's rook asks for two common
    points and counts the closing vertex of a ring twice, so it takes a corner for a side when that corner happens to be
    where a ring starts (counties 39 and 96 of its Georgia data); here and in libpysal a side must be shared.

    A lattice runs along the axes; cells may be missing, and centres be off their row and column by 1 % of the spacing.
    Polygons give the spacing by their size; of points it is the smallest step between rows, so some must be side by side.

    On geographic coordinates the meridians of 180 and -180 degrees are one, and places on its two sides are neighbours; a
    pole is a common point only with ``snap``. Gaps are measured in bands of latitude beyond 65 degrees, and across the
    poles; there, one of more than 100 km may be taken for up to a tenth wider than it is. Only degrees can be measured.
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
            f"contiguity: {nobody(len(places))}. {_advice(places, pairs, by)}.",
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
    if snap and of.degrees:
        on_the_globe(places, of.boxes)
    match = matched(np.asarray(places.geometry.array), sides=rule == "rook", globe=of.degrees)
    if by == "vertices" and not snap:
        _say_what_is_missed(places, by_geometry(of, rule, 0.0, match.pairs, match.loose), rule)
        return match.pairs
    further = by_geometry(of, rule, snap, match.pairs)
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
    of = outlines(places)
    if of.degrees and places.crs.axis_info[0].unit_name != "degree":  # nothing can be measured
        return f"Gaps between outlines can be closed with snap in degrees or metres; {others}"
    found = slivers(of, labels, pairs).touching(alone)
    if not len(found.pairs):
        return f"Gaps between outlines can be closed with snap; {others}"
    unit = "local units" if is_local(places) else "m"
    return (
        f"{counted(len(found.pairs), 'pair')} of polygons miss each other by a sliver ({found.widths(unit)}): {found.named(labels)}. "
        f"Set snap = {found.snap:g} to close these gaps; {others}"
    )


def _say_what_is_missed(places: "GeoDataFrame", missed: Numbers, rule: Literal["queen", "rook"]) -> None:
    if len(missed):
        how = (
            "touch or overlap without a common vertex"
            if rule == "queen"
            else "overlap or touch along a stretch without a common side"
        )
        warnings.warn(
            f"{counted(len(missed), 'pair')} of places {how} and are not neighbours: {_named(places, missed)}. "
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
        f"contiguity: snap = {snap:g} closed the gaps between {counted(len(pairs), 'pair')} of places, the widest of "
        f"{in_words(float(wide.max()), unit)}: {_named(places, pairs[longest])}.",
        SpatialWarning,
        stacklevel=4,
    )


def _named(places: "GeoDataFrame", pairs: Numbers) -> str:
    return named(np.asarray(places.index), pairs)


def _polygons_only(places: "GeoDataFrame") -> None:
    others = places.index[~places.geom_type.isin(["Polygon", "MultiPolygon"])]
    if len(others):
        raise DataError(
            complaint(
                "contiguity",
                f"{counted(len(others), 'place is no polygon', 'places are no polygons')}: {listed(others)}",
                "Only polygons have borders to share",
                "Use nearest or distance_band for points",
            )
        )


def _nearest_outlines(places: "GeoDataFrame", alone: Numbers) -> tuple[Numbers, Numbers]:
    """Find for each island the place whose outline is nearest; of several, the one with the smallest label."""
    import shapely

    of, labels = outlines(places), places.index.to_numpy(object)
    if of.degrees:
        on_the_globe(places, of.boxes)
        found = [min(nearest_on_the_globe(of, island, places.crs.get_geod()), key=labels.__getitem__) for island in alone]
        return np.asarray(found, np.int64), np.ones(len(alone))
    first, second = shapely.STRtree(of.shapes).query_nearest(of.shapes[alone], exclusive=True)
    rank = np.argsort(np.argsort(labels, kind="stable"))
    order = np.lexsort((rank[second], first))
    _, start = np.unique(first[order], return_index=True)
    return second[order][start], np.ones(len(alone))
