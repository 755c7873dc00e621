"""What holds for weights on any map."""

import warnings
from itertools import pairwise

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import SpatialWarning
from spatial.weights import (
    connectivity,
    contiguity,
    difference,
    distance_band,
    higher_order,
    intersection,
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
    for of, by_sides in ((corners, False), (sides, True)):
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
