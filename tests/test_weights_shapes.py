"""Neighbours by kernel, triangulation, block and lattice, and graphs made of graphs, where a person can count them."""

import geopandas
import numpy as np
import pytest
from shapely.geometry import Point, Polygon, box

from spatial.errors import DataError, SpatialWarning, StudyError
from spatial.places import LOCAL
from spatial.weights import (
    block,
    contiguity,
    difference,
    distance_band,
    edges,
    higher_order,
    intersection,
    kernel_weights,
    nearest,
    triangulation,
    union,
)


def table(shapes, labels=None, crs="EPSG:32642", **columns):
    shapes = list(shapes)
    labels = labels or [f"p{number}" for number in range(len(shapes))]
    return geopandas.GeoDataFrame(columns, geometry=shapes, index=labels, crs=crs).rename_axis("place")


def line(*at, **options):
    return table([Point(x, 0) for x in at], **options)


def linked(graph):
    return {pair for pair, weight in graph.adjacency.items() if weight}


def both(*pairs):
    return {pair for one, two in pairs for pair in ((one, two), (two, one))}


# Kernels


@pytest.mark.parametrize(
    ("kernel", "half"),
    [
        ("triangular", 0.5),
        ("uniform", 0.5),
        ("quadratic", 0.75 * 0.75),
        ("quartic", 15 / 16 * 0.75**2),
        ("gaussian", np.exp(-1 / 8) / np.sqrt(2 * np.pi)),
    ],
)
def test_weights_at_half_the_bandwidth(kernel, half):
    graph = kernel_weights(line(0, 50, 300), kernel=kernel, bandwidth=100, islands="keep", transform="o")
    assert graph["p0"].to_dict() == pytest.approx({"p1": half})
    assert list(graph.isolates) == ["p2"]


def test_a_bandwidth_of_each_place_its_own():
    graph = kernel_weights(line(0, 10, 40), k=2, transform="o")
    assert graph["p0"].to_dict() == pytest.approx({"p1": 0.75, "p2": 1e-7}, rel=1e-6)
    assert graph["p1"].to_dict() == pytest.approx({"p0": 2 / 3, "p2": 1e-7}, rel=1e-6)
    assert graph["p2"].to_dict() == pytest.approx({"p0": 1e-7, "p1": 0.25}, rel=1e-6)


def test_a_place_as_its_own_neighbour():
    graph = kernel_weights(line(0, 50, 300), bandwidth=100, itself=True, islands="keep", transform="o")
    assert graph.sparse.diagonal().tolist() == [1, 1, 1]
    assert kernel_weights(line(0, 50), bandwidth=100, itself=True)["p0"].to_dict() == pytest.approx({"p0": 2 / 3, "p1": 1 / 3})


def test_without_a_bandwidth_nobody_is_left_alone():
    with pytest.warns(SpatialWarning, match=r"no bandwidth was given; 30 m is the smallest"):
        graph = kernel_weights(line(0, 10, 40), transform="o")
    assert linked(graph) == both(("p0", "p1"), ("p1", "p2"))


def test_places_at_the_same_point_have_the_full_weight():
    assert kernel_weights(line(0, 0, 5), bandwidth=10, transform="o")["p0"].to_dict() == pytest.approx({"p1": 1, "p2": 0.5})


def test_kernels_refuse():
    with pytest.raises(DataError, match="bandwidth and k are both given"):
        kernel_weights(line(0, 1, 2), bandwidth=3, k=1)
    with pytest.raises(DataError, match="k = 3, but there are 3 places"):
        kernel_weights(line(0, 1, 2), k=3)
    with pytest.raises(DataError, match=r"2 places lie at the same point as their 1 nearest: 'p0', 'p1'"):
        kernel_weights(line(0, 0, 2), k=1)
    with pytest.raises(DataError, match="the bandwidth is 0"):
        kernel_weights(line(0, 0, 2), bandwidth=0)
    with pytest.raises(StudyError, match="'kernel'"):
        kernel_weights(line(0, 1, 2), kernel="cosine")
    with pytest.raises(DataError, match=r"1 of 3 places has no neighbour: 'p2'.*A bandwidth beyond 50 m leaves no place alone"):
        kernel_weights(line(0, 1, 51), bandwidth=10)


def test_kernels_measure_metres_on_geographic_coordinates():
    graph = kernel_weights(line(10, 11, crs="EPSG:4326"), bandwidth=222_638.98, transform="o")
    assert graph["p0"]["p1"] == pytest.approx(0.5, rel=1e-6)


# Triangulation


def test_a_triangle_and_what_rules_leave_of_it():
    places = table([Point(0, 0), Point(10, 0), Point(5, 4)])  # the longest side sees the third point within its circle
    assert len(linked(triangulation(places))) == 6
    for rule in ("gabriel", "relative"):
        assert linked(triangulation(places, rule=rule)) == both(("p0", "p2"), ("p1", "p2"))


def test_a_gabriel_link_that_is_no_relative_one():
    places = table([Point(0, 0), Point(10, 0), Point(5, 6)])
    assert len(linked(triangulation(places, rule="gabriel"))) == 6
    assert linked(triangulation(places, rule="relative")) == both(("p0", "p2"), ("p1", "p2"))


def test_spheres_of_influence_that_meet():
    assert linked(triangulation(line(0, 1, 10, 12), rule="sphere_of_influence")) == both(("p0", "p1"), ("p2", "p3"))
    assert ("p1", "p2") in linked(triangulation(line(0, 5, 14, 18), rule="sphere_of_influence"))  # 5 + 4 = 9


@pytest.mark.parametrize("crs", ["EPSG:32642", "EPSG:4326", LOCAL])
def test_places_on_one_line_are_linked_along_it(crs):
    places = line(3, 1, 2, 7, crs=crs)
    assert linked(triangulation(places)) == both(("p1", "p2"), ("p2", "p0"), ("p0", "p3"))
    assert linked(triangulation(line(5, 9, crs=crs), rule="gabriel")) == both(("p0", "p1"))


def test_neither_diagonal_of_a_square_is_a_gabriel_link():
    places = table([Point(x, y) for x in range(3) for y in range(3)])
    graph = triangulation(places, rule="gabriel")
    assert len(linked(graph)) == 24
    assert linked(graph) == linked(triangulation(places, rule="relative"))
    assert len(linked(triangulation(places))) == 24 + 8  # one diagonal of each of four squares


def test_triangles_refuse_two_places_at_one_point():
    with pytest.raises(DataError, match=r"1 pair of places lies at the same point: 'p0 and p2'"):
        triangulation(line(0, 1, 0))
    with pytest.raises(DataError, match="there is one place"):
        triangulation(line(0))


def test_triangles_of_places_far_nearer_to_each_other_than_to_the_rest():
    near, shuffled = np.array([(0, 0), (1, 0), (1, 1.1), (0, 1), (0.5, 0.4)]), [6, 2, 9, 4, 0, 1, 8, 3, 7, 5]
    at = np.concatenate([near, near[:, ::-1] + 3e8])
    places = table([Point(xy) for xy in at], [f"p{number}" for number in range(10)]).iloc[shuffled]
    found, one = linked(triangulation(places)), linked(triangulation(table([Point(xy) for xy in near])))
    assert {pair for pair in found if max(pair) < "p5"} == one
    assert len(found) == 2 * (3 * 10 - 3 - 6)  # six of the ten lie on the outline of all


def test_triangles_reach_over_the_date_line():
    places = table([Point(179, 0), Point(-179, 0), Point(180, 1), Point(170, 0), Point(-170, 0)], crs="EPSG:4326")
    found = linked(triangulation(places))
    assert {("p0", "p1"), ("p0", "p2"), ("p1", "p2")} <= found
    assert ("p3", "p4") not in linked(triangulation(places, rule="gabriel"))


# Blocks


def test_places_of_one_region_are_neighbours():
    places = line(0, 1, 2, 3, 4, region=["a", "b", "a", "b", "a"])
    assert linked(block(places, column="region")) == both(("p0", "p2"), ("p0", "p4"), ("p2", "p4"), ("p1", "p3"))


def test_blocks_refuse():
    with pytest.raises(DataError, match=r"1 of 3 places has no neighbour: 'p2'"):
        block(line(0, 1, 2, region=[1, 1, 2]), column="region")
    with pytest.raises(DataError, match=r"column 'region': 1 of 3 places has no value: 'p1'"):
        block(line(0, 1, 2, region=["a", None, "a"]), column="region")
    with pytest.raises(DataError, match="no column 'regio'.*Did you mean 'region'"):
        block(line(0, 1, region=["a", "a"]), column="regio")
    with pytest.warns(SpatialWarning, match="'p2 and p1'"):
        block(line(0, 1, 2, region=[1, 1, 2]), column="region", islands="nearest")


# Lattices


@pytest.mark.parametrize("rule", ["queen", "rook"])
@pytest.mark.parametrize("points", [False, True])
def test_cells_and_their_centres_have_the_neighbours_of_polygons(grid, rule, points):
    cells = grid.drop(index=["cell 05", "cell 10"]).sample(frac=1, random_state=3)
    asked = cells.set_geometry(cells.centroid) if points else cells
    assert linked(contiguity(asked, by="lattice", rule=rule)) == linked(contiguity(cells, rule=rule))


def test_a_lattice_of_one_row():
    assert linked(contiguity(line(0, 30, 60, 120), by="lattice", islands="keep")) == both(("p0", "p1"), ("p1", "p2"))


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_a_lattice_round_the_globe(rule):
    cells = table([box(west, south, west + 60, south + 30) for south in (0, 30) for west in range(-180, 180, 60)], crs="EPSG:4326")
    round_it, by_borders = contiguity(cells, by="lattice", rule=rule), contiguity(cells, rule=rule)
    assert linked(round_it) == linked(by_borders)
    assert ("p0", "p5") in linked(round_it)
    part = cells.drop(index=["p5", "p11"])
    assert ("p0", "p4") not in linked(contiguity(part, by="lattice", rule=rule))


def test_no_lattice():
    with pytest.raises(DataError, match=r"the centre of 1 of 4 places is in no column of a regular grid"):
        contiguity(line(0, 10, 20, 33), by="lattice")
    with pytest.raises(DataError, match=r"1 pair of places is in one cell of the lattice: 'p1 and p2'"):
        contiguity(table([Point(0, 0), Point(1, 1), Point(1, 1)]), by="lattice")
    with pytest.raises(DataError, match="a lattice has no gaps to close"):
        contiguity(line(0, 1, 2), by="lattice", snap=1)


@pytest.mark.parametrize(
    ("west", "south", "side"), [(500_000, 5_000_000, 1000 / 3), (500_000.1, 5_000_000.3, 0.1), (-7.3, 0.7, 30)]
)
@pytest.mark.parametrize("points", [False, True])
def test_what_is_equally_far_on_a_lattice_is_so_wherever_it_lies(west, south, side, points):
    """Coordinates are rounded, to a nanometre at 5,000 km; a distance band of one side is not to lose links by that."""

    def lattice(west, south, side):
        cells = [
            box(west + side * x, south + side * y, west + side * (x + 1), south + side * (y + 1))
            for x in range(6)
            for y in range(6)
        ]
        return table([each.centroid for each in cells] if points else cells, [f"{number:02d}" for number in range(36)])

    here, there = lattice(0, 0, 1), lattice(west, south, side)
    for steps in (1, 2**0.5, 2):
        assert linked(distance_band(there, threshold=steps * side)) == linked(distance_band(here, threshold=steps))
    with pytest.warns(SpatialWarning, match="smallest that leaves no place alone"):
        assert linked(distance_band(there)) == linked(distance_band(here))
    for reach in (2**0.5, 2):  # at the bandwidth itself weights end
        assert linked(kernel_weights(there, bandwidth=reach * side)) == linked(kernel_weights(here, bandwidth=reach))
    for k in (1, 2, 3, 5, 7):
        assert linked(nearest(there, k=k)) == linked(nearest(here, k=k))
    for rule in ("gabriel", "relative"):
        assert linked(triangulation(there, rule=rule)) == linked(triangulation(here, rule=rule))


# Graphs of graphs


def test_sets():
    places = line(0, 1, 3, 7, 12)
    near, far = nearest(places, k=1, transform="o"), distance_band(places, threshold=4, islands="keep")
    assert linked(union(places, [near, far])) == linked(far) | {("p4", "p3")}
    assert linked(intersection(places, [near, far], islands="keep")) == linked(near) - {("p4", "p3")}
    assert linked(difference(places, [near, far], islands="keep")) == {("p4", "p3")}
    assert set(union(places, [near, far], transform="b").adjacency) == {1.0}


def test_sets_find_places_by_label():
    places = line(0, 1, 3, 7)
    one, two = nearest(places, k=1), nearest(places.iloc[::-1], k=2)
    assert list(union(places, [two, one]).unique_ids) == list(places.index)
    assert linked(union(places, [two, one])) == linked(two)
    assert linked(difference(places, [two, one], islands="keep")) == linked(two) - linked(one)


def test_steps_along_a_directed_graph():
    places = line(0, 1, 3, 7)
    assert linked(higher_order(places, nearest(places, k=1), islands="keep")) == {("p2", "p0"), ("p3", "p1")}
    assert ("p3", "p2") in linked(higher_order(places, nearest(places, k=1), inclusive=True))


def test_sets_refuse():
    places = line(0, 1, 3)
    graph = nearest(places, k=1)
    with pytest.raises(DataError, match="1 graph is given"):
        union(places, [graph])
    with pytest.raises(DataError, match="1 place is not in the graph: 'p2'"):
        intersection(places, [graph, nearest(places.iloc[:2], k=1)])
    with pytest.raises(DataError, match="none of the 3 places has a neighbour"):
        difference(places, [graph, graph])


def test_a_neighbour_of_oneself_draws_a_line_of_no_length():
    graph = kernel_weights(line(0, 50), bandwidth=100, itself=True)
    assert edges(line(0, 50), graph)["distance"].tolist() == [0, 50, 50, 0]


def test_polygons_that_touch_in_the_middle_of_a_side_are_named():
    # The point of the middle triangle and its two companions meet on the long side of p0, where p0 has no vertex.
    shapes = [
        box(-10, -5, 10, 0),
        Polygon([(-10, 0), (0, 0), (-5, 5)]),
        Polygon([(0, 0), (5, 5), (-5, 5)]),
        Polygon([(0, 0), (10, 0), (5, 5)]),
    ]
    with pytest.warns(SpatialWarning, match=r"1 pair of places touch or overlap without a common vertex.*'p0 and p2'"):
        contiguity(table(shapes))
