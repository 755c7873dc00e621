"""Borders where corners are sharp, gaps wide, meridians close together, polygons on top of each other, and lattices shaken."""

import geopandas
import numpy as np
import pytest
import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Point, Polygon, box

from spatial.errors import DataError, SpatialWarning
from spatial.places import LOCAL
from spatial.weights import connectivity, contiguity, nearest


def table(shapes, labels=None, crs="EPSG:32643"):
    shapes = list(shapes)
    labels = labels or [f"p{number}" for number in range(len(shapes))]
    return geopandas.GeoDataFrame(geometry=shapes, index=labels, crs=crs).rename_axis("place")


def pairs(graph):
    return {tuple(sorted(pair)) for pair, weight in graph.adjacency.items() if weight}


# Corners are no borders


def test_however_many_corners_are_no_side():
    cells = {
        (x, y): box(x, y, x + 1000, y + 1000) for x in range(0, 6000, 1000) for y in range(0, 4000, 1000) if (x + y) % 2000 == 0
    }
    places = table([MultiPolygon([cell for (_, y), cell in cells.items() if y % 2000 == row]) for row in (0, 1000)], ["a", "b"])
    assert pairs(contiguity(places, by="geometry")) == {("a", "b")}
    for snap in (0, 5):
        with pytest.warns(SpatialWarning, match="none of the 2 places has a neighbour"):
            assert not pairs(contiguity(places, rule="rook", by="geometry", snap=snap, islands="keep"))


@pytest.mark.parametrize("sectors", [72, 360, 1000])
def test_a_sharp_corner_is_no_side(sectors):
    turn = np.radians(np.arange(sectors) * 360 / sectors)
    rim = np.column_stack([500_000 + 10_000 * np.cos(turn), 5_000_000 + 10_000 * np.sin(turn)])
    shapes = [Polygon([(500_000, 5_000_000), rim[each], rim[(each + 1) % sectors]]) for each in range(min(sectors, 100))]
    some = contiguity(table(shapes), rule="rook", by="geometry")
    assert pairs(some) == pairs(contiguity(table(shapes), rule="rook"))  # without a warning
    assert len(pairs(some)) == (72 if sectors == 72 else 99)


def test_a_short_border_beside_a_sharp_corner():
    # The upper polygon leaves the common border, 20 centimetres long, at half a degree; the last one has a corner on it.
    upper, corner = Polygon([(100, 0), (100.2, 0), (9000, 77), (9000, 90)]), Polygon([(50, 0), (-900, 8), (-900, 9)])
    shapes = [box(-1000, -1000, 10_000, 0), upper, box(-1000, -2000, 10_000, -1000), corner]
    places = table(translate(shape, 500_000, 5_000_000) for shape in shapes)
    with pytest.warns(
        SpatialWarning, match=r"1 pair of places overlap or touch along a stretch without a common side .*'p0 and p1'"
    ):
        assert pairs(contiguity(places, rule="rook", islands="keep")) == {("p0", "p2")}
    assert pairs(contiguity(places, rule="rook", by="geometry", islands="keep")) == {("p0", "p1"), ("p0", "p2")}


@pytest.mark.parametrize("snap", [0, 799, 1300, 9000])
def test_snap_takes_no_border_away(snap):
    places = table([box(0, 0, 20_000, 10_000), box(0, 10_000, 8000, 20_000), box(8000, 10_000, 20_000, 20_000)], list("abc"))
    assert pairs(contiguity(places, rule="rook", by="geometry", snap=snap)) == {("a", "b"), ("a", "c"), ("b", "c")}


# Polygons on top of each other


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_what_overlaps_two_equal_polygons_is_named(rule):
    places = table([box(0, 0, 1, 1), box(0, 0, 1, 1), box(0.99, 0, 2, 1)], list("abc"), LOCAL)
    with pytest.warns(SpatialWarning, match=r"2 pairs of places .*'a and c', 'b and c'"):
        assert pairs(contiguity(places, rule=rule, islands="keep")) == {("a", "b")}


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_what_lies_loose_in_a_lake_is_named(rule):
    around = [box(-10, -10, 20, 0), box(-10, 10, 20, 20), box(-10, 0, 0, 10), box(10, 0, 20, 10)]
    land = shapely.union_all(around)
    places = table([land, box(0, 0, 10, 10), box(3, 3, 5, 5), box(-100, -100, 100, 100).difference(box(-10, -10, 20, 20))])
    with pytest.warns(SpatialWarning, match=r"1 pair of places .*'p1 and p2'"):
        contiguity(places, rule=rule, islands="keep")


def test_connectivity_lists_what_touches_without_a_link():
    places = table([box(0, 0, 10, 30), box(10, 5, 20, 12), box(10, 12, 20, 20), box(0, 30, 10, 40), box(-20, -20, 0, 0)])
    with pytest.warns(SpatialWarning, match="2 pairs of places touch"):
        queen = contiguity(places)
    found = connectivity(places, queen)
    assert found.near_misses.to_numpy().tolist() == [["p0", "p1", 0], ["p0", "p2", 0]]
    assert list(found.near_misses.columns) == ["from", "to", "gap"]
    assert any("2 pairs of polygons touch or overlap and are no neighbours" in note for note in found.notes)
    assert any("touch or nearly touch" in sentence for sentence in found.reading)
    assert connectivity(places, contiguity(places, by="geometry")).near_misses.empty
    # Where corners are no links, and where only the nearest are linked, nobody is told of corners and common sides.
    assert connectivity(places, contiguity(places, rule="rook", by="geometry", islands="keep")).near_misses.empty
    assert connectivity(places, nearest(places, k=1)).near_misses.to_numpy().tolist() == [["p0", "p1", 0]]


# Near the poles


def globe(*shapes, labels=None):
    return table(shapes, labels, "EPSG:4326")


def test_an_island_is_attached_over_the_pole():
    places = globe(
        box(0, 84, 2, 85),
        box(178, 78, 180, 84),
        box(176, 78, 178, 84),
        box(40, 69, 42, 74),
        box(42, 69, 44, 74),
        labels=["island", "a", "a2", "b", "b2"],
    )
    south = places.set_geometry(shapely.transform(places.geometry.to_numpy(), lambda at: at * [1, -1]), crs=places.crs)
    for each in (places, south):
        with pytest.warns(SpatialWarning, match="'island and a2'"):  # 1,227 km; b is 1,323 km away
            contiguity(each, islands="nearest")


def test_tall_polygons_are_measured_where_they_are_nearest():
    places = globe(box(0, 0, 1, 80), box(1.001, 0, 2, 80))  # 19.4 m at 80 degrees
    with pytest.warns(SpatialWarning, match=r"miss each other by a sliver \(19\.\d+ m\): 'p0 and p1'\. Set snap = 20 "):
        assert not pairs(contiguity(places, snap=18, islands="keep"))
    for rule in ("queen", "rook"):
        with pytest.warns(SpatialWarning, match=r"the widest of 19\.\d+ m"):
            assert pairs(contiguity(places, rule=rule, snap=20)) == {("p0", "p1")}


@pytest.mark.parametrize("pole", [1, -1])
def test_a_gap_close_to_the_pole(pole):
    near, far = sorted([pole * 89.95, pole * 89.9])
    places = globe(box(0, near, 1, far), box(5, near, 6, far))
    with pytest.warns(SpatialWarning, match=r"the widest of (38|39)\d\.\d m"):  # 4 degrees of longitude at 89.95 are 390 m
        assert pairs(contiguity(places, snap=1000)) == {("p0", "p1")}


def test_a_gap_over_the_pole():
    places = globe(box(0, 89, 1, 89.99), box(180, 89, 181, 89.99), box(90, 80, 91, 81))  # twice 0.01 degrees, 2.2 km
    with pytest.raises(DataError, match="has a neighbour"):
        contiguity(places, snap=2100)
    with pytest.warns(SpatialWarning, match=r"the widest of 2,2\d\d m: 'p0 and p1'"):
        assert pairs(contiguity(places, snap=2300, islands="keep")) == {("p0", "p1")}


def test_meridians_that_meet_at_the_pole_make_no_neighbours():
    cells = globe(*(box(west, 80, west + 60, 90) for west in range(-180, 180, 60)))
    assert pairs(contiguity(cells, by="geometry")) == pairs(contiguity(cells, by="lattice")) == pairs(contiguity(cells))
    assert connectivity(cells, contiguity(cells)).near_misses.empty


def test_gaps_in_grads_are_not_measured():
    places = table([box(0, 40, 1, 41), box(1, 40, 2, 41), box(5, 40, 6, 41)], crs="EPSG:4807")
    for options in ({"snap": 10, "islands": "keep"}, {"islands": "nearest"}):
        with pytest.raises(DataError, match="coordinates are in the unit 'grad'. Expected degrees or metres"):
            contiguity(places, **options)
    with pytest.raises(DataError, match="'p2'.* Gaps between outlines can be closed with snap in degrees or metres"):
        contiguity(places)
    assert pairs(contiguity(places, islands="keep")) == {("p0", "p1")}
    with pytest.raises(DataError, match="1 latitude is beyond 90 degrees: 'p1'"):
        contiguity(globe(box(0, 0, 1, 1), box(0, 89, 1, 91)), snap=10)


# Lattices that are not exact


def shaken(cells, by, side=100.0, decimals=9, seed=0):
    away = np.random.default_rng(seed).uniform(-by, by, (len(cells), 2))
    return np.round([500_000, 5_000_000] + side * (np.asarray(cells) + away), decimals)


def of_points(cells, by, **options):
    return table(shapely.points(shaken(cells, by, **options)))


FULL = [(x, y) for x in range(10) for y in range(10)]
GAPS = [(x, y) for x, y in FULL if (3 * x + 5 * y) % 7 > 2]
ROW = [(x, 0) for x in (0, 1, 2, 5, 6, 40, 41, 42)]
FAR = [(0, 0), (1, 1), (1, 0), (100, 1), (101, 1), (100, 0)]


@pytest.mark.parametrize("rule", ["queen", "rook"])
@pytest.mark.parametrize("cells", [FULL, GAPS, ROW, FAR])
@pytest.mark.parametrize("by", [0, 1e-6, 0.002, 0.01])
@pytest.mark.parametrize("decimals", [9, 1])
def test_centres_may_be_off_by_a_hundredth(rule, cells, by, decimals):
    found = pairs(contiguity(of_points(cells, by, decimals=decimals), by="lattice", rule=rule, islands="keep"))
    number = {cell: f"p{each}" for each, cell in enumerate(cells)}
    steps = [(0, 1), (1, 0)] + [(1, 1), (1, -1)] * (rule == "queen")
    sought = {(cell, (cell[0] + right, cell[1] + up)) for cell in cells for right, up in steps}
    assert found == {tuple(sorted((number[one], number[other]))) for one, other in sought if other in number}


def test_centres_off_by_more_are_refused():
    places = of_points(FULL, 0)
    places.loc["p37", "geometry"] = Point(500_305, 5_000_700)
    with pytest.raises(DataError, match=r"the centre of 1 of 100 places is in no column of a regular grid. Expected columns 100 "):
        contiguity(places, by="lattice")
    with pytest.raises(DataError, match=r"the centre of 1 of 4 places is in no row of a regular grid. Expected rows 10 "):
        contiguity(table([Point(5, y) for y in (0, 10, 20, 33)]), by="lattice")


def test_cells_give_the_spacing_by_their_size():
    def squares(*west, side=100.0):
        return table([box(x, 0, x + side, side) for x in west])

    with pytest.raises(DataError, match="none of the 3 places has a neighbour"):
        contiguity(squares(0, 200, 400), by="lattice")
    assert pairs(contiguity(squares(0, 200, 300), by="lattice", islands="keep")) == {("p1", "p2")}
    with pytest.raises(DataError, match="cells are 100 units of the coordinates wide, and columns neither that far apart"):
        contiguity(squares(0, 130, 260), by="lattice")
    odd = table([box(0, 0, 100, 100), box(100, 0, 200, 100), box(225, 0, 275, 100)])
    with pytest.raises(DataError, match=r"1 of 3 polygons is not as large as the others: 'p2'. Expected cells of 100 by 100"):
        contiguity(odd, by="lattice")
    centres = shaken(FULL, 0.01)
    cells = table(shapely.box(centres[:, 0] - 50, centres[:, 1] - 50, centres[:, 0] + 50, centres[:, 1] + 50))
    assert len(pairs(contiguity(cells, by="lattice"))) == 342


@pytest.mark.parametrize("degrees", [5, 10, 20])
def test_points_whose_only_grid_has_no_two_cells_side_by_side_are_refused(degrees):
    """A turned lattice fits into tiny cells along the axes."""
    angle = np.radians(degrees)
    row, column = np.divmod(np.arange(900), 30)
    at = shapely.points(
        5e5 + 1e3 * (column * np.cos(angle) - row * np.sin(angle)), 4.5e6 + 1e3 * (column * np.sin(angle) + row * np.cos(angle))
    )
    places = geopandas.GeoDataFrame(geometry=at, index=[f"p{number:03d}" for number in range(900)], crs="EPSG:32642")
    for islands in ("error", "keep", "nearest"):
        with pytest.raises(DataError, match="no two cells touch"):
            contiguity(places, by="lattice", islands=islands)
