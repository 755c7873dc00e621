"""What holds for weights on any map."""

import warnings
from itertools import pairwise
from unittest.mock import patch

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from spatial.errors import DataError, SpatialWarning
from spatial.weights import (
    _vertices,
    block,
    connectivity,
    contiguity,
    difference,
    distance_band,
    higher_order,
    intersection,
    inverse_distance,
    kernel_weights,
    nearest,
    read_graph,
    triangulation,
    union,
    write_graph,
)
from spatial.weights._vertices import grouped, matched

few = settings(max_examples=40, deadline=None)
coordinates = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=3, max_size=25)


def table(at, crs="EPSG:32642"):
    shapes = shapely.points(np.asarray(at, float))
    return geopandas.GeoDataFrame(geometry=shapes, index=[f"p{number:02d}" for number in range(len(at))], crs=crs).rename_axis(
        "place"
    )


def linked(graph):
    return {pair for pair, weight in graph.adjacency.items() if weight}


def tiles(seed, count):
    """A plane cut into irregular polygons by the cells of random points, in random order."""
    random = np.random.default_rng(seed)
    at = shapely.multipoints(random.random((count, 2)) * 1000)
    shapes = random.permutation(shapely.get_parts(shapely.voronoi_polygons(at)))
    return geopandas.GeoDataFrame(
        geometry=shapes, index=[f"p{number:02d}" for number in range(count)], crs="EPSG:32642"
    ).rename_axis("place")


@few
@given(at=coordinates, k=st.integers(1, 2), seed=st.integers(0, 99))
def test_the_order_of_rows_changes_no_neighbour(at, k, seed):
    places = table(at)
    mixed = places.iloc[np.random.default_rng(seed).permutation(len(places))]
    one, two = nearest(places, k=k), nearest(mixed, k=k)
    assert list(two.unique_ids) == list(mixed.index)
    assert linked(one) == linked(two)
    assert np.allclose(one.sparse.toarray(), two.sparse.toarray()[np.ix_(*[mixed.index.get_indexer(places.index)] * 2)])


@few
@given(at=coordinates, k=st.integers(1, 2))
def test_nobody_left_out_is_nearer(at, k):
    places = table(at)
    away = np.hypot(*(np.asarray(at)[:, None] - np.asarray(at)).transpose(2, 0, 1).astype(float))
    chosen = nearest(places, k=k, transform="b").sparse.toarray().astype(bool)
    assert (chosen.sum(axis=1) == k).all()
    assert not chosen.diagonal().any()
    for place in range(len(at)):
        others = ~chosen[place]
        others[place] = False
        if others.any():
            assert away[place][chosen[place]].max() <= away[place][others].min()


@few
@given(at=coordinates, threshold=st.integers(1, 30))
def test_a_band_holds_all_pairs_within_it_and_no_other(at, threshold):
    places = table([*at, (99, 99), (99, 99)])  # two that are neighbours in any case
    away = np.hypot(*(places.get_coordinates().to_numpy()[:, None] - places.get_coordinates().to_numpy()).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    graph = distance_band(places, threshold=threshold, islands="keep", transform="b")
    assert np.array_equal(graph.sparse.toarray() > 0, away <= threshold)


@few
@given(seed=st.integers(0, 10_000), count=st.integers(4, 40), snap=st.sampled_from([0.0, 0.5]))
def test_tiles_share_borders_where_they_touch(seed, count, snap):
    places = tiles(seed, count)
    shapes = places.geometry.to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialWarning)  # says which gaps were closed
        queen, rook = (contiguity(places, rule=rule, transform="b", snap=snap).sparse.toarray() > 0 for rule in ("queen", "rook"))
    assert (queen == queen.T).all()
    assert (queen | ~rook).all()
    expected = shapely.distance(shapes[:, None].copy(), shapes) <= max(snap, 1e-6)
    np.fill_diagonal(expected, val=False)
    assert (queen == expected).all()


@few
@given(seed=st.integers(0, 10_000), angle=st.floats(0, 6.28), shift=st.floats(-1e6, 1e6))
def test_moving_and_turning_a_map_changes_no_neighbour(seed, angle, shift):
    places = tiles(seed, 20)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = places.set_geometry(shapely.transform(places.geometry.to_numpy(), lambda at: at @ turn + shift))
    moved = moved.set_crs(places.crs, allow_override=True)
    assert linked(contiguity(places)) == linked(contiguity(moved))


@few
@given(at=coordinates, k=st.integers(1, 2), transform=st.sampled_from(["r", "d", "v"]))
def test_sums_of_standardised_weights(at, k, transform):
    graph = nearest(table(at), k=k, symmetric="union", transform=transform)
    rows = graph.adjacency.groupby(level=0).sum()
    if transform == "r":
        assert np.allclose(rows, 1)
    assert graph.adjacency.sum() == pytest.approx({"r": len(at), "d": 1, "v": len(at)}[transform])


@few
@given(at=st.lists(st.tuples(st.integers(-180, 180), st.integers(-89, 89)), min_size=3, max_size=25, unique=True))
def test_nearest_on_the_globe(at):
    import pyproj

    places = table(at, "EPSG:4326")
    longitude, latitude = np.asarray(at, float).T
    grids = np.broadcast_arrays(longitude[:, None], latitude[:, None], longitude, latitude)
    away = np.reshape(pyproj.Geod(ellps="WGS84").inv(*(each.ravel() for each in grids))[2], (len(at), len(at)))
    np.fill_diagonal(away, np.inf)
    chosen = nearest(places, k=2, transform="b").sparse.toarray().astype(bool)
    for place in range(len(at)):
        assert np.allclose(np.sort(away[place][chosen[place]]), np.sort(away[place])[:2], rtol=1e-9)
    assert connectivity(places, nearest(places, k=2)).band_for_all == pytest.approx(away.min(axis=1).max(), rel=1e-9)


apart = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=3, max_size=25, unique=True)


@few
@given(at=apart, seed=st.integers(0, 99), rule=st.sampled_from(["delaunay", "gabriel", "relative", "sphere_of_influence"]))
def test_the_order_of_rows_changes_no_triangle(at, seed, rule):
    places = table(at)
    mixed = places.iloc[np.random.default_rng(seed).permutation(len(places))]
    one, two = (triangulation(each, rule=rule, islands="keep") for each in (places, mixed))
    assert linked(one) == linked(two)


@few
@given(at=apart)
def test_rules_of_triangulation_by_all_pairs(at):
    """Gabriel and relative neighbours from their definitions; each is part of the next."""
    places, away = table(at), np.asarray(at, float)
    apart_by = np.hypot(*(away[:, None] - away).transpose(2, 0, 1))
    gabriel, relative = (triangulation(places, rule=rule, transform="b").sparse.toarray() > 0 for rule in ("gabriel", "relative"))
    for one in range(len(at)):
        for other in range(one):
            thirds = [each for each in range(len(at)) if each not in (one, other)]
            length = apart_by[one, other]
            rim = apart_by[one, thirds] ** 2 + apart_by[other, thirds] ** 2
            assert gabriel[one, other] == (rim > length**2 + 1e-6).all()
            assert relative[one, other] == (np.maximum(apart_by[one, thirds], apart_by[other, thirds]) >= length - 1e-9).all()
    assert (gabriel | ~relative).all()
    assert ((triangulation(places, transform="b").sparse.toarray() > 0) | ~gabriel).all()
    assert connectivity(places, triangulation(places, rule="relative")).components == 1


@few
@given(at=apart, turn=st.floats(0, 6.28), scale=st.floats(1e-3, 1e3))
def test_turning_and_rescaling_changes_no_gabriel_link(at, turn, scale):
    random = np.random.default_rng(len(at))
    places = table(np.asarray(at) + random.random((len(at), 2)))  # no four on one circle
    around = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = table(places.get_coordinates().to_numpy() @ around * scale)
    for rule in ("gabriel", "relative"):
        assert linked(triangulation(places, rule=rule)) == linked(triangulation(moved, rule=rule))


@few
@given(at=coordinates, scale=st.sampled_from([0.001, 8.0, 1024.0]), k=st.integers(1, 2))
def test_kernels_do_not_know_units(at, scale, k):
    at = [*at, (50, 50), (60, 50), (70, 50)]
    places, larger = (table(np.unique(np.asarray(at, float), axis=0) * factor) for factor in (1, scale))
    one, two = (kernel_weights(each, k=k, kernel="quartic", transform="o") for each in (places, larger))
    assert np.allclose(one.sparse.toarray(), two.sparse.toarray(), rtol=1e-6, atol=1e-9)


@few
@given(at=coordinates, k=st.integers(1, 2), threshold=st.integers(1, 30))
def test_algebra_of_links(at, k, threshold):
    places = table([*at, (99, 99), (99, 99)])
    one, two = nearest(places, k=k), distance_band(places, threshold=threshold, islands="keep")
    a, b = linked(one), linked(two)
    assert linked(union(places, [one, two])) == a | b
    for operation, expected in ((intersection, a & b), (difference, a - b)):
        if expected:
            assert linked(operation(places, [one, two], islands="keep")) == expected


@few
@given(seed=st.integers(0, 10_000), order=st.integers(2, 4))
def test_orders_by_shortest_ways(seed, order):
    from scipy.sparse.csgraph import shortest_path

    places = tiles(seed, 30)
    first = contiguity(places, rule="rook", transform="b")
    steps = shortest_path(first.sparse.toarray(), unweighted=True)
    for inclusive in (False, True):
        expected = (steps >= 1) & (steps <= order) if inclusive else steps == order
        if expected.any():
            found = higher_order(places, first, order=order, inclusive=inclusive, islands="keep", transform="b")
            assert np.array_equal(found.sparse.toarray() > 0, expected)


@few
@given(
    values=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2**64 - 1) | st.integers(0, 3)), min_size=1, max_size=200),
)
def test_equal_pairs_come_together(values):
    first, second = np.asarray(values, np.uint64).reshape(-1, 2).T
    order, opens = grouped(first, second)
    assert sorted(order.tolist()) == list(range(len(values)))
    assert opens.sum() == len(set(values))
    group = np.cumsum(opens)
    for number in range(1, group[-1] + 1):
        members = order[group == number]
        assert (np.diff(members) > 0).all()
        assert len({values[each] for each in members}) == 1


@few
@given(
    parts=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["whole", "hole", "corner", "two"])),
        unique_by=lambda part: part[:2],
    ).filter(bool)
)
def test_vertices_of_polygons_of_any_kind(parts):
    """Pairs by comparing the sets of vertices and sides, of squares with holes, with holes at their first corner, of two parts."""
    shapes = []
    for column, row, kind in parts:
        x, y = 10 * column, 10 * row
        square = shapely.Polygon([(x, y), (x + 10, y), (x + 10, y + 10), (x, y + 10)])
        if kind == "hole":
            square = shapely.Polygon(square.exterior, [[(x + 2, y + 2), (x + 4, y + 2), (x + 2, y + 4)]])
        elif kind == "corner":
            square = shapely.Polygon(square.exterior, [[(x, y), (x + 4, y + 2), (x + 2, y + 4)]])
        elif kind == "two":
            square = shapely.MultiPolygon([square, shapely.box(x + 100, y, x + 110, y + 10)])
        shapes.append(square)
    corners, sides = [], []
    for shape in shapes:
        rings = shapely.get_rings(shape) if shape.geom_type == "Polygon" else shapely.get_rings(shapely.get_parts(shape))
        lines = [[tuple(point) for point in shapely.get_coordinates(ring).tolist()] for ring in rings]
        corners.append({point for points in lines for point in points})
        sides.append({frozenset(side) for points in lines for side in pairwise(points)})
    for of, by_sides, few_loose in ((corners, False, False), (corners, False, True), (sides, True, False)):
        with patch.object(_vertices, "FEW", 1 if few_loose else 16):  # 1: sides are always looked up by their hashes
            found = matched(np.asarray(shapes, object), sides=by_sides)
        expected = [[one, two] for one in range(len(of)) for two in range(one + 1, len(of)) if of[one] & of[two]]
        assert found.pairs.tolist() == expected
        others = [set().union(*(each for other, each in enumerate(sides) if other != one)) for one in range(len(sides))]
        assert found.loose.tolist() == [one for one in range(len(sides)) if sides[one] - others[one]]


@few
@given(at=coordinates, k=st.integers(1, 2), ending=st.sampled_from([".gwt", ".csv", ".parquet"]))
def test_files_lose_nothing(tmp_path_factory, at, k, ending):
    places = table(at)
    graph = nearest(places, k=k, transform="r")
    path = tmp_path_factory.mktemp("graphs") / f"w{ending}"
    write_graph(graph, path)
    assert (read_graph(path, places, transform="o").sparse != graph.sparse).nnz == 0


@few
@given(
    at=st.lists(st.tuples(st.integers(-180, 180), st.integers(-89, 89)), min_size=3, max_size=25), reach=st.integers(200, 20_003)
)
def test_a_band_on_the_globe(at, reach):
    import pyproj

    places = table([*at, (0, 0), (0, 0)], "EPSG:4326")
    longitude, latitude = places.get_coordinates().to_numpy().T
    grids = np.broadcast_arrays(longitude[:, None], latitude[:, None], longitude, latitude)
    away = np.reshape(pyproj.Geod(ellps="WGS84").inv(*(each.ravel() for each in grids))[2], (len(places), len(places)))
    np.fill_diagonal(away, np.inf)
    graph = distance_band(places, threshold=reach * 1000.0 + 0.5, islands="keep", transform="b")
    assert np.array_equal(graph.sparse.toarray() > 0, away <= reach * 1000.0 + 0.5)


@few
@given(at=st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=2, max_size=12))
def test_a_geodesic_is_no_longer_than_the_arc_that_bounds_it(at):
    from spatial.weights._positions import distances, positions

    where = positions(table(at, "EPSG:4326"))
    first, second = np.triu_indices(len(at), 1)
    straight = np.linalg.norm(where.space[first] - where.space[second], axis=1)
    measured = distances(where, first, second)
    assert (straight <= measured * (1 + 1e-12) + 1e-6).all()
    assert (measured <= where.longest(straight) * (1 + 1e-12) + 1e-6).all()


#: Everything that is built of places alone, in a way that does not ask for labels where distances differ.
KINDS = {
    "queen": lambda places: contiguity(places, islands="keep"),
    "rook of the geometry": lambda places: contiguity(places, rule="rook", by="geometry", islands="keep"),
    "second order": lambda places: contiguity(places, order=2, inclusive=True, islands="keep"),
    "nearest": lambda places: nearest(places, k=3),
    "nearest both ways": lambda places: nearest(places, k=3, symmetric="intersection", islands="keep"),
    "band": lambda places: distance_band(places, threshold=300, islands="keep"),
    "inverse distance": lambda places: inverse_distance(places, power=2, transform="d"),
    "kernel": lambda places: kernel_weights(places, bandwidth=400, kernel="gaussian", islands="keep", transform="v"),
    "adaptive kernel": lambda places: kernel_weights(places, k=4, itself=True),
    "triangles": triangulation,
    "block": lambda places: block(places, column="half", islands="nearest"),
    "union": lambda places: union(places, [contiguity(places), nearest(places, k=2)]),
    "steps": lambda places: higher_order(places, nearest(places, k=2), order=3, islands="keep"),
}


def by_label(graph, names=None):
    names = names or {}
    return {(names.get(one, one), names.get(other, other)): weight for (one, other), weight in graph.adjacency.items()}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_neither_the_order_of_rows_nor_labels_change_weights(kind, seed):
    places = tiles(seed, 24)
    places["half"] = places.centroid.x > 500
    random = np.random.default_rng(seed)
    names = dict(zip(places.index, random.permutation([f'{number} Ж "{number}"' for number in range(24)]), strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialWarning)
        expected = by_label(KINDS[kind](places))
        mixed = by_label(KINDS[kind](places.iloc[random.permutation(24)]))
        named = by_label(KINDS[kind](places.rename(index=names)), {new: old for old, new in names.items()})
    assert mixed == pytest.approx(expected, rel=1e-9)
    assert named == pytest.approx(expected, rel=1e-9)


@few
@given(seed=st.integers(0, 10_000), parts=st.integers(1, 10), turned=st.booleans())
def test_one_component_or_ten(seed, parts, turned):
    """Lands far apart, of some places each or of one alone."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 6, parts)
    sizes[0] = max(sizes[0], 2)
    shapes = [
        shapely.box(10_000 * land + 100 * cell, 0, 10_000 * land + 100 * (cell + 1), 100)
        for land, size in enumerate(sizes)
        for cell in range(size)
    ]
    names = [f"p{number:02d}" for number in range(len(shapes))]
    places = geopandas.GeoDataFrame(geometry=shapes, index=names, crs="EPSG:32642").rename_axis("place")
    places = places.iloc[random.permutation(len(places))] if turned else places
    found = connectivity(places, contiguity(places, islands="keep"))
    assert (found.components, len(found.islands)) == (parts, int((sizes == 1).sum()))
    assert sorted(found.component_sizes["places"], reverse=True) == sorted(sizes, reverse=True)
    assert found.component.groupby(found.component).transform("size").loc["p00"] == sizes[0]
    assert found.links == 2 * int((sizes - 1).sum())


@few
@given(at=coordinates, threshold=st.integers(1, 30))
def test_policies_for_islands_do_what_the_report_foretells(at, threshold):
    places = table([*at, (99, 99), (99, 99)])
    told = connectivity(places, distance_band(places, threshold=threshold, islands="keep")).policies
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialWarning)
        done = connectivity(places, distance_band(places, threshold=threshold, islands="nearest"))
    assert told.loc["nearest", ["islands", "links", "components"]].to_list() == [0, done.links, done.components]
    if told.loc["keep", "islands"]:
        with pytest.raises(DataError, match=f"{told.loc['keep', 'islands']} of {len(places)} places ha(s|ve) no neighbour"):
            distance_band(places, threshold=threshold)


@few
@given(
    at=coordinates,
    where=st.integers(0, 24),
    shape=st.sampled_from([None, "POINT EMPTY"]),
    kind=st.sampled_from(["nearest", "band"]),
)
def test_a_place_without_a_geometry_is_named(at, where, shape, kind):
    places = table(at)
    where %= len(places)
    shapes = places.geometry.to_numpy().copy()
    shapes[where] = shape and shapely.from_wkt(shape)
    with pytest.raises(DataError, match=f"1 place has no geometry: 'p{where:02d}'"):
        KINDS[kind](places.set_geometry(geopandas.GeoSeries(shapes, index=places.index, crs=places.crs)))


@pytest.mark.parametrize(
    "operation",
    [
        contiguity,
        triangulation,
        lambda places: inverse_distance(places, threshold=2000),
        lambda places: kernel_weights(places, k=2),
        lambda places: block(places, column="land"),
        lambda places: connectivity(places, contiguity(tiles(1, 8))),
        lambda places: higher_order(places, contiguity(tiles(1, 8))),
    ],
    ids=["contiguity", "triangulation", "inverse_distance", "kernel_weights", "block", "connectivity", "higher_order"],
)
@settings(max_examples=6, deadline=None)
@given(where=st.integers(0, 7), shape=st.sampled_from([None, "POLYGON EMPTY", "MULTIPOLYGON EMPTY"]))
def test_a_polygon_without_a_geometry_is_named_by_every_operation(operation, where, shape):
    places = tiles(1, 8).assign(land=list("AABBAABB"))
    shapes = places.geometry.to_numpy().copy()
    shapes[where] = shape and shapely.from_wkt(shape)
    with pytest.raises(DataError, match=f"1 place has no geometry: 'p{where:02d}'"):
        operation(places.set_geometry(geopandas.GeoSeries(shapes, index=places.index, crs=places.crs)))


@few
@given(at=coordinates)
def test_places_at_the_same_point_are_neighbours_or_named(at):
    places = table([*at, at[0]])
    twin = f"p{len(at):02d}"
    assert distance_band(places, threshold=0, islands="keep")["p00"].get(twin, 0) > 0
    for build in (triangulation, inverse_distance):
        with pytest.raises(DataError, match="lies? at the same point: .*'"):
            build(places)


def _turned(cell, degrees):
    """Move a cell round the globe; it never crosses the 180th meridian, but may end there."""
    west = cell.bounds[0] + degrees
    around = 360 if west < -180 else -360 if west >= 180 else 0
    return translate(cell, degrees + around)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    turn=st.sampled_from([-180.25, -180, 90, 179.625, 180, 180.125]),
    rule=st.sampled_from(["queen", "rook"]),
    snap=st.sampled_from([0.0, 50.0]),
)
def test_turning_the_globe_changes_no_neighbour(seed, turn, rule, snap):
    """Cells of one eighth of a degree, joined at random; the globe is turned until the 180th meridian passes between them."""
    random = np.random.default_rng(seed)
    groups = random.integers(0, 14, 40)
    less = 2**-13 if snap else 0  # 7 m on either side
    cells = [(each % 8 / 8, each // 8 / 8) for each in range(40)]
    here, there = [], []
    for group in np.unique(groups):
        own = [
            shapely.box(x + less, 50 + y, x + 1 / 8 - less, 50 + y + 1 / 8)
            for (x, y), one in zip(cells, groups, strict=True)
            if one == group
        ]
        here.append(shapely.union_all(own))
        there.append(shapely.union_all([_turned(each, turn - 0.5) for each in own]))
    names = [f"p{number:02d}" for number in range(len(here))]
    one, two = (geopandas.GeoDataFrame(geometry=each, index=names, crs="EPSG:4326").rename_axis("place") for each in (here, there))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialWarning)
        for by in ("vertices", "geometry"):
            built = [contiguity(each, rule=rule, snap=snap, by=by, islands="keep") for each in (one, two)]
            assert linked(built[0]) == linked(built[1])
        assert linked(nearest(one, k=2)) == linked(nearest(two, k=2))


names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6)


@few
@given(
    labels=st.lists(
        st.lists(names, min_size=1, max_size=3).map(" ".join), min_size=3, max_size=8, unique_by=lambda each: each.replace(" ", "_")
    ),
    ending=st.sampled_from([".gal", ".gwt", ".csv", ".parquet"]),
)
def test_files_keep_labels_of_any_letters(tmp_path_factory, labels, ending):
    places = table([(each * each, 0) for each in range(len(labels))]).set_axis(labels).rename_axis("place")
    graph = nearest(places, k=1, transform="b")
    path = tmp_path_factory.mktemp("graphs") / f"w{ending}"
    write_graph(graph, path)
    assert linked(read_graph(path, places)) == linked(graph)
