"""Neighbours on small maps, where a person can count them."""

import geopandas
import numpy as np
import pytest
from scipy.spatial import cKDTree
from shapely.affinity import rotate, translate
from shapely.geometry import Point, box

from spatial.errors import DataError, SpatialWarning, StudyError
from spatial.places import LOCAL
from spatial.weights import _near_pairs, contiguity, distance_band, edges, inverse_distance, nearest


def table(shapes, labels=None, crs="EPSG:32642"):
    shapes = list(shapes)
    labels = labels or [f"p{number}" for number in range(len(shapes))]
    return geopandas.GeoDataFrame(geometry=shapes, index=labels, crs=crs).rename_axis("place")


def neighbours(graph, place):
    return sorted(other for other, weight in graph[place].items() if weight)


def linked(graph):
    return {pair for pair, weight in graph.adjacency.items() if weight}


def line(*at, labels=None, crs="EPSG:32642"):
    return table([Point(x, 0) for x in at], labels, crs)


# Borders


def test_queen_and_rook_on_a_grid(grid):
    queen, rook = contiguity(grid), contiguity(grid, rule="rook")
    assert [len(neighbours(queen, f"cell {number:02d}")) for number in (0, 1, 5)] == [3, 5, 8]
    assert [len(neighbours(rook, f"cell {number:02d}")) for number in (0, 1, 5)] == [2, 3, 4]
    assert neighbours(rook, "cell 05") == ["cell 01", "cell 04", "cell 06", "cell 09"]
    assert list(queen.unique_ids) == list(grid.index)


def test_labels_keep_the_order_of_the_table(grid):
    turned = grid.iloc[::-1]
    graph = contiguity(turned)
    assert list(graph.unique_ids) == list(turned.index)
    assert linked(graph) == linked(contiguity(grid))
    assert graph.sparse[0].nonzero()[0].size == 3
    assert np.array_equal(graph.sparse.toarray(), contiguity(grid).sparse.toarray()[::-1, ::-1])


@pytest.mark.parametrize("angle", [0, 17, 45])
@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_a_border_without_common_vertices_counts(angle, rule):
    # One tall block; three bricks beside it whose corners lie on its side, the middle one nowhere near its corners.
    shapes = [box(0, 0, 10, 30), box(10, 5, 20, 12), box(10, 12, 20, 20), box(10, 20, 20, 25)]
    places = table(rotate(shape, angle, origin=(3, 7)) for shape in shapes)
    graph = contiguity(places, rule=rule, by="geometry")
    assert neighbours(graph, "p0") == ["p1", "p2", "p3"]
    assert neighbours(graph, "p2") == ["p0", "p1", "p3"]


def test_borders_without_common_vertices_are_named_not_linked():
    places = table([box(0, 0, 10, 30), box(10, 5, 20, 12), box(10, 12, 20, 20)])
    with pytest.warns(SpatialWarning, match="2 pairs of places touch or overlap without a common vertex.*'p0 and p1', 'p0 and p2'"):
        found = contiguity(places, islands="keep")
    assert linked(found) == {("p1", "p2"), ("p2", "p1")}


def test_snap_lets_the_geometry_decide():
    places = table([box(0, 0, 10, 30), box(10, 5, 20, 12), box(10, 12, 20, 20)])
    assert linked(contiguity(places, snap=0.5)) == linked(contiguity(places, by="geometry"))


def test_a_corner_is_no_side_even_on_a_longer_border():
    places = table([box(0, 0, 10, 10), box(10, 10, 20, 20), box(3, 10, 10, 20)])
    assert neighbours(contiguity(places, by="geometry"), "p0") == ["p1", "p2"]
    assert neighbours(contiguity(places, rule="rook", by="geometry"), "p0") == ["p2"]


def test_overlapping_polygons_are_neighbours():
    places = table([box(0, 0, 10, 10), box(8, 2, 18, 7), box(2, 2, 3, 3)])
    for rule in ("queen", "rook"):
        assert neighbours(contiguity(places, rule=rule, by="geometry"), "p0") == ["p1", "p2"]


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_snap_closes_gaps_up_to_its_width(rule):
    places = table([box(0, 0, 1000, 1000), box(1003, 0, 2000, 1000)])
    with pytest.raises(DataError, match="none of the 2 places has a neighbour"):
        contiguity(places, rule=rule, snap=2.9)
    with pytest.warns(SpatialWarning, match=r"snap = 3.1 closed the gaps between 1 pair of places, the widest of 3 m: 'p0 and p1'"):
        assert len(linked(contiguity(places, rule=rule, snap=3.1))) == 2


def test_snap_does_not_make_a_corner_a_side():
    places = table([box(0, 0, 1000, 1000), box(1000, 1000, 2000, 2000), box(1000, 0, 2000, 1000)])
    assert neighbours(contiguity(places, rule="rook", snap=5), "p0") == ["p2"]


@pytest.mark.parametrize("latitude", [0, 50, 70])
def test_snap_is_in_metres_on_geographic_coordinates(latitude):
    # A gap of 0.001 degrees of longitude is 111 m wide at the equator, 72 m at 50 and 38 m at 70 degrees.
    width = 111_320 * np.cos(np.radians(latitude)) * 0.001
    places = table([box(10, latitude, 11, latitude + 0.01), box(11.001, latitude, 12, latitude + 0.01)], crs="EPSG:4326")
    with pytest.raises(DataError, match="has a neighbour"):
        contiguity(places, snap=0.97 * width)
    with pytest.warns(SpatialWarning, match="closed the gaps between 1 pair "):
        assert len(linked(contiguity(places, snap=1.03 * width))) == 2


def test_snap_is_in_metres_on_a_projection_in_feet():
    places = table([box(0, 0, 1000, 1000), box(1010, 0, 2000, 1000)], crs="EPSG:2263")  # the gap is 10 feet, 3.05 m
    with pytest.raises(DataError, match="has a neighbour"):
        contiguity(places, snap=3.0)
    with pytest.warns(SpatialWarning, match=r"the widest of 3.048 m"):
        assert len(linked(contiguity(places, snap=3.1))) == 2


def test_neighbours_of_neighbours():
    places = table(box(x, 0, x + 1, 1) for x in range(5))
    assert neighbours(contiguity(places, order=2), "p0") == ["p2"]
    assert neighbours(contiguity(places, order=2), "p2") == ["p0", "p4"]
    assert neighbours(contiguity(places, order=2, inclusive=True), "p2") == ["p0", "p1", "p3", "p4"]
    assert neighbours(contiguity(places, order=4, islands="keep"), "p0") == ["p4"]


def test_several_parts_and_holes():
    ring = box(0, 0, 10, 10).difference(box(4, 4, 6, 6))
    apart = box(20, 0, 21, 1).union(box(10, 0, 11, 1))
    places = table([ring, box(4, 4, 6, 6), apart], ["ring", "core", "parts"])
    assert neighbours(contiguity(places), "ring") == ["core", "parts"]


def test_contiguity_needs_polygons():
    with pytest.raises(DataError, match=r"3 places are no polygons: 'p0', 'p1', 'p2'.*Use nearest or distance_band"):
        contiguity(line(0, 1, 2))


# Places without neighbours


@pytest.fixture
def archipelago():
    return table([box(0, 0, 10, 10), box(10, 0, 20, 10), box(24, 0, 30, 10), box(100, 0, 101, 1)], ["a", "b", "island", "far"])


def test_islands_are_an_error_without_a_policy(archipelago):
    with pytest.raises(DataError) as caught:
        contiguity(archipelago)
    text = str(caught.value)
    assert text.startswith("contiguity: 2 of 4 places have no neighbour: 'island', 'far'.")
    assert 'islands = "keep"' in text
    assert 'islands = "nearest"' in text
    assert "snap" in text


def test_islands_kept(archipelago):
    graph = contiguity(archipelago, islands="keep")
    assert list(graph.isolates) == ["island", "far"]
    assert list(graph.unique_ids) == list(archipelago.index)


def test_islands_attached_both_ways(archipelago):
    with pytest.warns(SpatialWarning, match="2 of 4 places without neighbours were attached.*'island and b', 'far and island'"):
        graph = contiguity(archipelago, islands="nearest", transform="b")
    assert neighbours(graph, "island") == ["b", "far"]
    assert neighbours(graph, "b") == ["a", "island"]


def test_two_islands_nearest_to_each_other_are_linked_once():
    places = table([box(0, 0, 1, 1), box(1, 0, 2, 1), box(50, 0, 51, 1), box(52, 0, 53, 1)])
    with pytest.warns(SpatialWarning, match="attached"):
        graph = contiguity(places, islands="nearest", transform="b")
    assert neighbours(graph, "p2") == ["p3"]
    assert graph.adjacency.max() == 1


# The nearest


def test_nearest_on_a_line():
    graph = nearest(line(0, 1, 3, 7), k=1)
    assert linked(graph) == {("p0", "p1"), ("p1", "p0"), ("p2", "p1"), ("p3", "p2")}


@pytest.mark.parametrize("labels", [["m", "b", "a"], ["m", "a", "b"]])
def test_of_places_equally_far_the_smaller_label_wins(labels):
    places = line(0, 1000.1, -1000.1, labels=labels)
    assert neighbours(nearest(places, k=1), "m") == ["a"]
    assert neighbours(nearest(places.iloc[::-1], k=1), "m") == ["a"]


def test_places_at_the_same_point_are_nearest():
    places = line(5, 5, 5, 5, 5, 9, labels=list("edcbaf"))
    graph = nearest(places, k=2)
    assert neighbours(graph, "e") == ["a", "b"]
    assert neighbours(graph, "a") == ["b", "c"]
    assert neighbours(graph, "f") == ["a", "b"]


def test_links_one_way_only():
    places = line(0, 1, 3, 7)
    union, common = nearest(places, k=1, symmetric="union"), nearest(places, k=1, symmetric="intersection", islands="keep")
    assert linked(union) == {("p0", "p1"), ("p1", "p0"), ("p1", "p2"), ("p2", "p1"), ("p2", "p3"), ("p3", "p2")}
    assert linked(common) == {("p0", "p1"), ("p1", "p0")}
    with pytest.raises(DataError, match=r"2 of 4 places have no neighbour: 'p2', 'p3'.*symmetric = \"union\""):
        nearest(places, k=1, symmetric="intersection")


def test_polygons_by_their_centroids(grid):
    assert neighbours(nearest(grid, k=4), "cell 05") == ["cell 01", "cell 04", "cell 06", "cell 09"]


def test_more_neighbours_than_places():
    with pytest.raises(DataError, match=r"k = 3, but there are 3 places. Expected at most 2"):
        nearest(line(0, 1, 2), k=3)
    with pytest.raises(StudyError, match="'k'"):
        nearest(line(0, 1, 2), k=0)
    with pytest.raises(DataError, match="there is one place"):
        nearest(line(0), k=1)


def test_the_way_round_the_date_line_is_short():
    places = table([Point(179.9, 0), Point(-179.9, 0), Point(178, 0)], crs="EPSG:4326")
    assert neighbours(nearest(places, k=1), "p0") == ["p1"]


def test_the_centroid_of_a_place_cut_at_the_date_line():
    cut = box(178, 60, 180, 62).union(box(-180, 60, -174, 62))  # from 178 east to 174 west: its middle is 178 west
    places = table([cut, box(-173, 60, -171, 62), box(0, 60, 2, 62)], crs="EPSG:4326")
    graph = inverse_distance(places, threshold=600_000, islands="keep", transform="o")
    assert 1 / graph["p0"]["p1"] == pytest.approx(324_000, rel=0.01)  # 6 degrees of longitude at 61 north


def globe(*shapes):
    return table(shapes, crs="EPSG:4326")


@pytest.mark.parametrize("rule", ["queen", "rook"])
@pytest.mark.parametrize("by", ["vertices", "geometry"])
@pytest.mark.parametrize("beyond", [False, True])  # longitudes of the east counted on, or as negative ones
def test_borders_on_the_180th_meridian(rule, by, beyond):
    east = box(180, 60, 182, 62) if beyond else box(-180, 60, -178, 62)
    places = globe(box(178, 60, 180, 62), east, box(170, 60, 178, 62), box(-178, 60, -170, 62), box(0, 0, 1, 1))
    found = contiguity(places, rule=rule, by=by, islands="keep")
    assert neighbours(found, "p0") == ["p1", "p2"]
    assert neighbours(found, "p1") == ["p0", "p3"]


def test_snap_over_the_180th_meridian():
    places = globe(box(178, 60, 179.9999, 62), box(-179.9999, 60, -178, 62), box(0, 0, 1, 1))
    with pytest.warns(SpatialWarning, match=r"closed the gaps between 1 pair of places, the widest of 1[0-2]\.\d+ m: 'p0 and p1'"):
        assert linked(contiguity(places, snap=20, islands="keep")) == {("p0", "p1"), ("p1", "p0")}
    with pytest.raises(DataError, match="has a neighbour"):
        contiguity(places, snap=9)


def test_a_place_that_the_180th_meridian_cuts_is_one_place():
    cut = box(170, 60, 180, 62).union(box(-180, 60, -175, 62))
    places = globe(
        cut, box(-180, 60.5, -179.5, 61).buffer(-0.1), box(-174.999, 60, -174, 62), box(169, 60, 169.999, 62), box(0, 0, 9, 9)
    )
    with pytest.warns(SpatialWarning, match="closed the gaps"):
        found = contiguity(places, snap=100, islands="keep")
    assert neighbours(found, "p0") == ["p1", "p2", "p3"]
    # A country with land far away: the mainland stays where it is though its longitudes change their sign.
    lands, far = box(-5, 42, 8, 51).union(box(-54, 2, -52, 6)).union(box(-151, -18, -149, -16)), box(163, -23, 168, -20)
    country = lands.union(far)
    places = globe(country, box(8, 45, 12, 50), box(-58, 2, -54, 6), box(100, 0, 101, 1))
    assert neighbours(contiguity(places, by="geometry", islands="keep"), "p0") == ["p1", "p2"]
    centre = edges(places, nearest(places, k=1)).geometry.iloc[0].coords[0]
    assert centre == pytest.approx(lands.union(translate(far, -360)).centroid.coords[0])


def test_islands_are_attached_over_the_180th_meridian_and_by_the_ellipsoid():
    places = globe(box(179.8, 60, 179.9, 62), box(-179.9, 60, -179.8, 62), box(170, 60, 171, 62), box(169, 60, 170, 62))
    with pytest.warns(SpatialWarning, match="'p0 and p1', 'p1 and p0'"):
        contiguity(places, islands="nearest")
    # 8 degrees of longitude at 70 north are 305 km, 3 of latitude 335 km.
    places = globe(box(0, 70, 1, 71), box(9, 70, 10, 71), box(0, 74, 1, 75), box(1, 74, 2, 75), box(10, 70, 11, 71))
    with pytest.warns(SpatialWarning, match="'p0 and p1'"):
        contiguity(places, islands="nearest")


def test_lines_over_the_180th_meridian_are_cut_there():
    places = globe(Point(179, 60), Point(-178, 63), Point(170, 60))
    lines = edges(places, nearest(places, k=1))
    assert set(lines.geom_type) == {"MultiLineString"}
    assert lines.geometry.iloc[0].wkt == "MULTILINESTRING ((179 60, 180 61), (-180 61, -178 63))"
    assert lines.geometry.iloc[1].wkt == "MULTILINESTRING ((-178 63, -180 61), (180 61, 179 60))"
    assert lines.geometry.iloc[2].wkt == "MULTILINESTRING ((170 60, 179 60))"


def test_coordinates_that_are_no_degrees():
    with pytest.raises(DataError, match=r"1 latitude is beyond 90 degrees: 'p1'. Expected longitude first"):
        nearest(globe(Point(50, 60), Point(60, 120), Point(1, 1)), k=1)
    with pytest.raises(DataError, match="coordinates are in the unit 'grad'"):
        nearest(table([Point(1, 50), Point(2, 50), Point(3, 50)], crs="EPSG:4807"), k=1)


def test_the_nearest_outline_on_a_plane_is_that_of_the_smaller_label():
    places = table([box(0, 0, 1, 1), box(5, 0, 6, 1), box(-5, 0, -4, 1), box(6, 0, 7, 1), box(-6, 0, -5, 1)], list("mzaby"))
    with pytest.warns(SpatialWarning, match="'m and a'"):
        contiguity(places, islands="nearest")


# Within a distance


def test_the_threshold_itself_is_within():
    assert linked(distance_band(line(0, 1000, 2500), threshold=1000, islands="keep")) == {("p0", "p1"), ("p1", "p0")}
    diagonal = table([Point(0, 0), Point(0.3, 0.4), Point(9, 9)])
    assert len(linked(distance_band(diagonal, threshold=0.5, islands="keep"))) == 2


def test_without_a_threshold_nobody_is_left_alone():
    with pytest.warns(SpatialWarning, match=r"no threshold was given; 1,500 m is the smallest that leaves no place alone"):
        graph = distance_band(line(0, 1000, 2500))
    assert linked(graph) == {("p0", "p1"), ("p1", "p0"), ("p1", "p2"), ("p2", "p1")}


def test_places_left_alone_by_a_band():
    with pytest.raises(DataError, match=r"1 of 3 places has no neighbour: 'p2'.*leaves no place alone is 1,500 m"):
        distance_band(line(0, 1000, 2500), threshold=1000)
    with pytest.warns(SpatialWarning, match="'p2 and p1'"):
        graph = distance_band(line(0, 1000, 2500), threshold=1000, islands="nearest")
    assert neighbours(graph, "p1") == ["p0", "p2"]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32642"])
def test_a_threshold_that_looks_like_degrees(crs):
    places = line(66, 68, 70, crs=crs) if crs == "EPSG:4326" else line(0, 100_000, 300_000)
    with pytest.raises(
        DataError, match=r"none of the 3 places has a neighbour.*A threshold is in metres; 2.5 looks like degrees.*km"
    ):
        distance_band(places, threshold=2.5, islands="keep")


def test_metres_along_the_ellipsoid():
    # One degree of the equator is 2 pi 6,378,137 m / 360 = 111,319.49 m; one of longitude at 60 north 55,800 m.
    equator = line(10, 11, 30, crs="EPSG:4326")
    assert not linked(distance_band(line(10, 11, 11.5, crs="EPSG:4326"), threshold=111_319, islands="keep")) & {("p0", "p1")}
    assert ("p0", "p1") in linked(distance_band(equator, threshold=111_320, islands="keep"))
    north = table([Point(10, 60), Point(11, 60)], crs="EPSG:4326")
    assert 1 / inverse_distance(north, transform="o")["p0"]["p1"] == pytest.approx(55_800, abs=1)


def test_metres_on_a_projection_in_feet():
    weight = inverse_distance(line(0, 1000, crs="EPSG:2263"), transform="o")["p0"]["p1"]
    assert 1 / weight == pytest.approx(304.8006, abs=1e-3)


def test_local_coordinates_keep_their_unit():
    with pytest.warns(SpatialWarning, match=r"3 local units is the smallest"):
        distance_band(line(0, 2, 5, crs=LOCAL))


def test_one_over_the_distance():
    graph = inverse_distance(line(0, 10, 40), power=2, transform="o")
    assert graph["p0"].to_dict() == pytest.approx({"p1": 1 / 100, "p2": 1 / 1600})
    near = inverse_distance(line(0, 10, 40), threshold=30, transform="o")
    assert near["p1"].to_dict() == pytest.approx({"p0": 1 / 10, "p2": 1 / 30})
    assert "p2" not in near["p0"]
    with pytest.warns(SpatialWarning, match="'p2 and p1'"):
        attached = inverse_distance(line(0, 10, 40), threshold=20, islands="nearest", transform="o")
    assert attached["p2"].to_dict() == pytest.approx({"p1": 1 / 30})


def test_one_over_nothing_is_no_weight():
    with pytest.raises(DataError, match=r"1 pair of places lies at the same point: 'p0 and p2'"):
        inverse_distance(line(3, 4, 3))


@pytest.mark.parametrize(("apart", "power"), [(1e-200, 2), (1e6, 100)])
def test_weights_that_are_no_numbers_to_a_computer(apart, power):
    with pytest.raises(DataError, match="weights are too large or too small to be computed with.*Set a smaller power"):
        inverse_distance(line(0, apart, 3 * apart), power=power)


def test_all_pairs_of_very_many_places():
    many = table([Point(x, 0) for x in range(5001)])
    with pytest.raises(DataError, match=r"5001 places make 12,502,500 pairs.*Set one. The smallest threshold .* is 1 m"):
        inverse_distance(many)


# Standardisation


@pytest.mark.parametrize("transform", ["r", "b", "d", "v"])
def test_weights_are_standardised_as_libpysal_does(transform):
    places = line(0, 10, 40, 45)
    ours = inverse_distance(places, threshold=40, transform=transform)
    theirs = inverse_distance(places, threshold=40, transform="o").transform(transform)
    assert ours.transformation == theirs.transformation == transform.upper()
    assert ours.sparse.toarray() == pytest.approx(theirs.sparse.toarray().astype(float), rel=1e-14)


def test_variance_stabilising_counts_only_places_with_neighbours():
    graph = distance_band(line(0, 1, 2, 100), threshold=1, islands="keep", transform="v")
    assert graph.adjacency.sum() == pytest.approx(3)


def test_unknown_words_are_refused(grid):
    with pytest.raises(StudyError, match="Did you mean 'queen'"):
        contiguity(grid, rule="quen")
    with pytest.raises(StudyError, match="'islands'"):
        contiguity(grid, islands="drop")


def test_slabs_of_space_find_the_same_pairs(monkeypatch):
    """Pairs of points in slabs that processors share are those of one tree, at any distance, twins included."""
    random = np.random.default_rng(5)
    points = np.concatenate([random.uniform(0, 1, (400, 2)) * [10_000, 3_000], random.uniform(0, 1, (60, 2)).round(1) * 500])
    monkeypatch.setattr(_near_pairs, "SLAB", 50)
    for limit in (0.0, 40.0, 700.0, 4_000.0, 20_000.0):
        for turned in (points, points[:, ::-1]):
            first, second = _near_pairs.near_pairs(np.ascontiguousarray(turned), limit, "near")
            expected = cKDTree(turned).query_pairs(limit)
            found = [tuple(sorted(pair)) for pair in zip(first.tolist(), second.tolist(), strict=True)]
            assert len(found) == len(set(found))
            assert set(found) == expected


def test_pairs_are_counted_before_there_are_too_many(monkeypatch):
    points = np.random.default_rng(6).uniform(0, 1_000, (600, 2))
    monkeypatch.setattr(_near_pairs, "SLAB", 100)
    everything = len(cKDTree(points).query_pairs(100.0))
    monkeypatch.setattr(_near_pairs, "MOST_PAIRS", everything)
    assert len(_near_pairs.near_pairs(points, 100.0, "near")[0]) == everything
    monkeypatch.setattr(_near_pairs, "MOST_PAIRS", everything - 1)
    with pytest.raises(DataError, match=f"{everything:,} pairs of places lie near"):
        _near_pairs.near_pairs(points, 100.0, "near")
    with pytest.raises(DataError, match="179,700 pairs of places lie near"):
        _near_pairs.near_pairs(np.zeros((600, 2)), 100.0, "near")
