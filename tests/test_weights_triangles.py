"""Triangulations: what does not decide about them, round the globe, and where places are very near to each other."""

import threading

import geopandas
import numpy as np
import pytest
import scipy.spatial
import shapely

from spatial.errors import DataError
from spatial.explore import moran
from spatial.weights import connectivity, triangulation

RULES = ["delaunay", "gabriel", "relative", "sphere_of_influence"]
GLOBE = "EPSG:4326"


def table(at, labels=None, crs="EPSG:32643"):
    labels = labels or [f"p{number}" for number in range(len(at))]
    return geopandas.GeoDataFrame(geometry=shapely.points(np.asarray(at, float)), index=labels, crs=crs).rename_axis("place")


def linked(graph):
    return {pair for pair, weight in graph.adjacency.items() if weight}


def both(*pairs):
    return {pair for one, two in pairs for pair in ((one, two), (two, one))}


def ring(*names):
    return both(*zip(names, [*names[1:], names[0]], strict=True))


def lattice(width, step, x, y):
    return [(x + step * column, y + step * row) for column in range(width) for row in range(width)]


def polygon(corners):
    turn = 2 * np.pi * np.arange(corners) / corners
    return np.column_stack([500_000 + 1000 * np.cos(turn), 4_500_000 + 1000 * np.sin(turn)])


# Equally good triangulations

TIED = {
    "degrees": table(lattice(20, 0.5, 60, 40), crs=GLOBE),
    "metres": table(lattice(20, 1111.1, 500_000, 4_500_000)),
    "40 corners": table(polygon(40)),
    "54 corners": table(polygon(54)),
    "the world": table([(x, y) for x in range(-180, 180, 10) for y in range(-85, 86, 10)], crs=GLOBE),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", TIED)
def test_neither_the_order_of_rows_nor_labels_decide_between_triangulations(name, rule):
    places = TIED[name]
    expected = linked(triangulation(places, rule=rule, islands="keep"))
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(places))
        assert linked(triangulation(places.iloc[order], rule=rule, islands="keep")) == expected
        names = dict(zip(places.index, np.array([f"q{number:04d}" for number in range(len(places))])[order], strict=True))
        renamed = linked(triangulation(places.rename(index=names), rule=rule, islands="keep"))
        assert renamed == {(names[one], names[other]) for one, other in expected}


def test_a_statistic_over_a_lattice_does_not_know_the_order_of_rows():
    places = TIED["degrees"].assign(value=np.random.default_rng(1).normal(size=400))
    mixed = places.sample(frac=1, random_state=3)
    one, other = (moran(each, triangulation(each), column="value", permutations=99).statistic for each in (places, mixed))
    assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("width", [2, 3, 7])
def test_a_lattice_has_one_diagonal_in_each_square_and_no_other_link(width):
    places = table(lattice(width, 1111.1, 500_000, 4_500_000))
    straight, squares = 2 * width * (width - 1), (width - 1) ** 2
    assert len(linked(triangulation(places))) == 2 * (straight + squares)
    for rule in ("gabriel", "relative"):
        assert len(linked(triangulation(places, rule=rule))) == 2 * straight


def test_no_link_passes_over_a_place_on_a_slanting_outline():
    """Rounding puts some places of the outline a few nanometres inside; flat triangles would fill the gap."""
    steps = [(column, row) for row in range(9) for column in range(9 - row)]
    places = table([(500_000 + 1111.1 * column, 4_500_000 + 1111.1 * row) for column, row in steps])
    turned = table([(500_000 + 1111.1 * (column + row / 2), 4_500_000 + 1111.1 * row * 0.75**0.5) for column, row in steps])
    for each in (places, turned):
        for rule in ("delaunay", "sphere_of_influence"):
            found = triangulation(each, rule=rule).adjacency.index
            one, other = (np.array(steps)[each.index.get_indexer(found.get_level_values(level))] for level in (0, 1))
            assert np.abs(one - other).max() == 1
    assert len(linked(triangulation(turned))) == 2 * (3 * 36)  # the sides of 36 triangles that point up


# Round the globe


def test_places_round_the_equator_are_linked_to_the_next_ones():
    places = table([(longitude, 0) for longitude in (0, 60, 120, 180, -120, -60)], crs=GLOBE)
    for rule in RULES:
        assert linked(triangulation(places, rule=rule)) == ring("p0", "p1", "p2", "p3", "p4", "p5")
    meridian = table([(0, 10), (0, 80), (180, 30), (180, -50), (0, -40)], crs=GLOBE)
    assert linked(triangulation(meridian)) == ring("p0", "p1", "p2", "p3", "p4")


def test_no_link_reaches_half_round_the_globe_unless_there_are_but_two_places():
    quarter = table([(0, 0), (90, 0), (180, 0)], crs=GLOBE)
    assert linked(triangulation(quarter)) == both(("p0", "p1"), ("p1", "p2"))
    assert linked(triangulation(quarter.iloc[[0, 2]])) == both(("p0", "p2"))
    bowl = table([(0, 0), (90, 0), (180, 0), (-90, 0), (0, 90)], crs=GLOBE)  # nobody is on the southern half
    assert linked(triangulation(bowl)) == ring("p0", "p1", "p2", "p3") | both(*((f"p{each}", "p4") for each in range(4)))


def test_the_corners_of_an_octahedron():
    places = table([(0, 90), (0, 0), (90, 0), (180, 0), (-90, 0), (0, -90)], crs=GLOBE)
    opposite = both(("p0", "p5"), ("p1", "p3"), ("p2", "p4"))
    everyone = {(one, other) for one in places.index for other in places.index if one != other}
    for rule in ("delaunay", "gabriel"):
        assert linked(triangulation(places, rule=rule)) == everyone - opposite


def test_three_places_far_apart_and_four_on_a_small_circle():
    places = table([(0, 0), (1, 0), (170, 20)], crs=GLOBE)  # the third is more than a quarter of the globe from their middle
    assert linked(triangulation(places)) == ring("p0", "p1", "p2")
    circle = table([(0, 10), (2, 10), (4, 10), (180, 10)], crs=GLOBE)  # one diagonal of the two that are equally good
    found = linked(triangulation(circle))
    assert len(found) == 10
    assert ring("p0", "p1", "p2", "p3") <= found


def test_rows_of_a_world_grid_are_linked_to_the_next_rows_only():
    places = TIED["the world"]
    found = triangulation(places)
    at = places.get_coordinates()
    one, other = (at.loc[found.adjacency.index.get_level_values(level)].to_numpy() for level in (0, 1))
    assert np.abs(one[:, 1] - other[:, 1]).max() == pytest.approx(10)
    around = np.abs((one[:, 0] - other[:, 0] + 180) % 360 - 180)
    assert around[(np.abs(one[:, 1]) < 80) | (np.abs(other[:, 1]) < 80)].max() == pytest.approx(10)
    assert len(linked(found)) == 2 * (3 * len(places) - 6)  # as many as triangles all over a globe have sides


def test_the_main_thread_can_be_interrupted_while_the_globe_is_triangulated(monkeypatch):
    threads, hull = [], scipy.spatial.ConvexHull
    monkeypatch.setattr(scipy.spatial, "ConvexHull", lambda unit: threads.append(threading.current_thread()) or hull(unit))
    triangulation(TIED["the world"])
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


@pytest.mark.parametrize(
    ("one", "other"), [((0, 90), (120, 90)), ((7, -90), (-3, -90)), ((180, 5), (-180, 5)), ((190, 5), (-170, 5))]
)
def test_one_point_of_the_globe_written_in_two_ways(one, other):
    for rest in ([(0, 20), (30, 10)], [(0, 60), (120, -60), (-120, 0), (0, -89)]):
        with pytest.raises(DataError, match=r"1 pair of places lies at the same point: 'p\d and p\d'"):
            triangulation(table([*rest, one, other], crs=GLOBE))


def test_places_next_to_a_pole_and_on_both_sides_of_the_180th_meridian_are_apart():
    places = table([(0, 89.999), (180, 89.999), (180, 0), (-179.999, 0), (0, 0)], crs=GLOBE)
    assert {("p0", "p1"), ("p2", "p3")} <= linked(triangulation(places))


# Places very near to each other


def test_a_gabriel_graph_holds_together_where_places_are_very_near_to_each_other():
    """From afar a place beside an end of a link is on its circle; it is not within it."""
    places = table([(0, 0.5), (0, -0.5), (100_000, 0)])
    for rule in ("gabriel", "relative"):
        assert linked(triangulation(places, rule=rule)) == ring("p0", "p1", "p2")
    with_more = np.random.default_rng(4).random((2, 30, 2)) * [[[1, 1]], [[1e5, 1e5]]]
    many = table(with_more.reshape(-1, 2))
    for rule in ("gabriel", "relative"):
        assert connectivity(many, triangulation(many, rule=rule)).components == 1


def test_places_on_one_line_but_for_rounding_are_linked_along_it():
    shuffled = [5, 2, 7, 0, 3, 6, 1, 4]
    at = [(1000.0 * step, 4e6 + 1e-9 * (step * 7 % 5)) for step in range(8)]
    expected = both(*((f"p{step}", f"p{step + 1}") for step in range(7)))
    assert linked(triangulation(table(at).iloc[shuffled])) == expected


@pytest.mark.parametrize(("seed", "size"), [(18, 3e-7), (39, 1e-7), (39, 5e-8), (52, 3e-8)])
def test_places_of_distant_towns_are_linked_as_in_each_town_alone(seed, size):
    """The towns are a thousand kilometres apart: the circles of their triangles are lost in the squares of coordinates."""
    random = np.random.default_rng(seed)
    assert_links_of_towns((random.random((3, 1, 2)) + random.random((3, 5, 2)) * size) * 1e6, "EPSG:32643")


@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-6])
def test_places_of_towns_all_over_the_globe_are_linked_as_in_each_town_alone(size):
    middles = np.array([(0, 0), (100, 10), (-130, -20), (40, 60), (-60, -50), (170, 80), (150, -70)])
    at = middles[:, None] + size * np.random.default_rng(8).random((7, 12, 2))
    assert len(assert_links_of_towns(at, GLOBE)) == 2 * (3 * 7 * 12 - 6)


def assert_links_of_towns(at, crs):
    towns, count = at.shape[:2]
    labels = np.array([f"{town}{place:02d}" for town in "abcdefg"[:towns] for place in range(count)]).reshape(towns, count)
    whole = table(at.reshape(-1, 2), labels.ravel().tolist(), crs)
    found = linked(triangulation(whole, rule="gabriel"))
    for own, town in zip(labels, at, strict=True):
        expected = linked(triangulation(table(town, own.tolist(), crs), rule="gabriel"))
        assert {pair for pair in found if pair[0][0] == pair[1][0] == own[0][0]} == expected
    return linked(triangulation(whole))
