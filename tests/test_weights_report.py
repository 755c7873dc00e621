"""What a graph is like."""

import geopandas
import numpy as np
import pandas as pd
import pytest
from outside import shared
from shapely.geometry import Point, box

from spatial.errors import DataError, SpatialWarning
from spatial.results import plain
from spatial.weights import connectivity, contiguity, distance_band, edges, kernel_weights, nearest, union


def points(**at):
    return geopandas.GeoDataFrame(geometry=[Point(x, 0) for x in at.values()], index=list(at), crs="EPSG:32642").rename_axis(
        "place"
    )


def test_a_grid(grid):
    found = connectivity(grid, contiguity(grid, rule="rook"))
    assert (found.observations, found.links, found.components, found.symmetric) == (16, 48, 1, True)
    assert found.share == pytest.approx(48 / (16 * 15))
    assert (found.mean_neighbours, found.least_neighbours, found.most_neighbours) == (3, 2, 4)
    assert found.histogram["places"].to_dict() == {2: 4, 3: 8, 4: 4}
    assert found.neighbours["cell 05"] == 4
    assert found.band_for_all == 1000
    assert list(found.neighbours.index) == list(grid.index)
    assert found.islands == ()
    assert len(found.near_misses) == 0  # corners that touch are no slivers
    assert plain(found.to_dict())["histogram"]["2"] == {"places": 4}


def test_parts_islands_and_one_way_links():
    places = points(e=0, d=1, c=10, b=11, a=12.5, z=100)
    found = connectivity(places, nearest(places, k=1))
    assert found.one_way == 2
    assert not found.symmetric
    assert found.component.to_dict() == {"e": 2, "d": 2, "c": 1, "b": 1, "a": 1, "z": 1}
    assert found.component_sizes["places"].to_dict() == {1: 4, 2: 2}
    assert found.longest.iloc[0].to_dict() == {"from": "a", "to": "z", "distance": 87.5}
    assert len(found.longest) == 4  # a link both ways is listed once
    assert any("2 parts" in sentence for sentence in found.reading)
    alone = connectivity(places, distance_band(places, threshold=2, islands="keep"))
    assert alone.islands == ("z",)
    assert alone.band_for_all == 87.5
    assert any("1 of 6 places has no neighbours: 'z'" in note for note in alone.notes)


def test_the_order_of_the_rows_does_not_matter(grid):
    one, two = connectivity(grid, nearest(grid, k=3)), connectivity(grid.iloc[::-1], nearest(grid.iloc[::-1], k=3))
    left, right = one.to_dict(), two.to_dict()
    assert {**left, "neighbours": None, "component": None} == {**right, "neighbours": None, "component": None}
    pd.testing.assert_series_equal(one.component, two.component.loc[grid.index])


@pytest.mark.parametrize("crs", ["EPSG:32642", "EPSG:4326"])
def test_polygons_that_miss_each_other_by_a_sliver(crs):
    unit = 1.0 if crs == "EPSG:32642" else 1 / 111_111
    shapes = [
        box(x * unit, 0, (x + width) * unit, 1000 * unit) for x, width in ((0, 1000), (1000, 1000), (2005, 1000), (3100, 1000))
    ]
    places = geopandas.GeoDataFrame(geometry=shapes, index=list("abcd"), crs=crs).rename_axis("place")
    found = connectivity(places, contiguity(places, islands="keep"))
    assert found.near_misses[["from", "to"]].to_numpy().tolist() == [["b", "c"]]
    assert found.near_misses["gap"].item() == pytest.approx(5, rel=0.01)
    assert any("'b and c'" in note and "snap" in note for note in found.notes)
    with pytest.warns(SpatialWarning, match="closed the gaps between 1 pair "):
        closed = contiguity(places, snap=6, islands="keep")
    assert len(connectivity(places, closed).near_misses) == 0


def shrunk(grid, by):
    """Every cell misses its neighbours by twice ``by`` metres."""
    return grid.set_geometry(grid.buffer(-by, join_style="mitre"))


def test_polygons_of_which_every_one_misses_its_neighbours(grid):
    places = shrunk(grid, 0.1)
    with pytest.warns(SpatialWarning, match=r"contiguity: none of the 16 places has a neighbour\. 42 pairs .* Set snap = 0\.29"):
        graph = contiguity(places, islands="keep")
    found = connectivity(places, graph)
    assert (found.links, found.components, len(found.islands)) == (0, 16, 16)
    assert len(found.near_misses) == 42  # 24 sides and 18 corners
    assert (found.near_misses["gap"].min(), found.near_misses["gap"].max()) == pytest.approx((0.2, 0.08**0.5))
    assert any("42 pairs of polygons" in note and "snap = 0.29" in note for note in found.notes)
    assert found.policies["graph"].tolist() == [
        "none: the study stops",
        "16 places with a spatial lag of 0",
        "none: nobody has a neighbour",
    ]
    for islands in ("error", "nearest"):
        with pytest.raises(
            DataError,
            match=r"none of the 16 places has a neighbour\. Expected at least one link\. 42 pairs of polygons miss each other by a sliver \(0\.2 m to 0\.2828 m\): 'cell .* and 37 more\. Set snap = 0\.29 to close these gaps",
        ):
            contiguity(places, islands=islands)
    with pytest.warns(SpatialWarning, match="closed the gaps between 42 pairs"):
        closed = contiguity(places, snap=0.29)
    assert connectivity(places, closed).links == 84


def test_an_island_that_only_a_sliver_makes_one(grid):
    places = grid.copy()
    places.loc[["cell 15"], "geometry"] = shrunk(grid, 0.1)["geometry"]
    with pytest.raises(
        DataError,
        match=r"1 of 16 places has no neighbour: 'cell 15'.* 3 pairs of polygons miss.*'cell 11 and cell 15'.* Set snap = 0\.15",
    ):
        contiguity(places)


def test_polygons_far_apart_have_no_gaps_to_close(grid):
    with pytest.raises(DataError, match=r"Expected at least one link\. Gaps between outlines can be closed with snap; places"):
        contiguity(shrunk(grid, 10))
    with pytest.warns(SpatialWarning, match="none of the 16 places has a neighbour"):
        graph = contiguity(shrunk(grid, 10), islands="keep")
    assert len(connectivity(grid, graph).near_misses) == 0


def test_forty_cities_of_kazakhstan_need_422_kilometres():
    table = pd.read_csv(shared("data", "gazetteer", "kz_cities.csv")).query("in_40_of_2021 == 1").set_index("city_id")
    cities = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(table.lon, table.lat), index=table.index, crs="EPSG:4326")
    found = connectivity(cities, nearest(cities, k=4))
    assert found.observations == 40
    assert found.band_for_all == pytest.approx(422_000, abs=500)
    assert any("421.7 km" in sentence for sentence in found.reading)
    assert (found.unit, found.longest["distance"].max() > 800_000) == ("m", True)


def test_a_graph_of_other_places(grid):
    with pytest.raises(DataError, match="2 places are not in the graph: 'cell 14', 'cell 15'"):
        connectivity(grid, contiguity(grid.iloc[:14]))


def test_weights_of_another_kind(grid):
    with pytest.raises(DataError, match=r"connectivity: a W was given. Expected a Graph of libpysal.*Graph.from_W"):
        connectivity(grid, contiguity(grid).to_W())
    with pytest.raises(DataError, match=r"union: a W was given"):
        union(grid, [contiguity(grid), contiguity(grid).to_W()])
    with pytest.raises(DataError, match=r"union: 1 graph is given"):
        union(grid, contiguity(grid))


def test_links_as_lines(grid):
    lines = edges(grid, contiguity(grid, rule="rook"))
    assert list(lines.columns) == ["from", "to", "weight", "distance", "geometry"]
    assert len(lines) == 48
    first = lines.iloc[0]
    assert (first["from"], first["to"], first["weight"], first["distance"]) == ("cell 00", "cell 01", 0.5, 1000)
    assert list(first.geometry.coords) == [(500, 500), (1500, 500)]
    assert lines.crs == grid.crs
    assert np.allclose(lines.length, lines["distance"])


def test_lines_on_geographic_coordinates_have_metres():
    places = geopandas.GeoDataFrame(geometry=[Point(10, 0), Point(11, 0)], index=["a", "b"], crs="EPSG:4326").rename_axis("place")
    assert edges(places, nearest(places, k=1))["distance"].tolist() == pytest.approx([111_319.49] * 2, abs=0.01)


def test_no_links_are_no_lines(grid):
    apart = grid.iloc[[0, 2, 8]]
    graph = contiguity(grid).subgraph(apart.index)
    assert len(edges(apart, graph)) == 0
    assert connectivity(apart, graph).components == 3


def test_what_each_policy_for_islands_would_do():
    places = points(a=0, b=1, c=5, d=30, e=32)
    found = connectivity(places, distance_band(places, threshold=1, islands="keep"))
    assert found.attachments.to_numpy().tolist() == [["c", "b", 4], ["d", "e", 2], ["e", "d", 2]]
    assert found.policies.loc["error"].to_list() == ["none: the study stops", 3, 0, 0]
    assert found.policies.loc["keep"].to_list() == ["3 places with a spatial lag of 0", 3, 2, 4]
    assert found.policies.loc["nearest"].to_list() == ["3 places attached", 0, 6, 2]
    with pytest.warns(SpatialWarning, match="attached"):
        attached = connectivity(places, distance_band(places, threshold=1, islands="nearest"))
    assert (attached.links, attached.components) == (6, 2)
    assert attached.policies["components"].tolist() == [2, 2, 2]
    assert attached.attachments.empty


def test_a_place_is_no_neighbour_of_itself_but_counted():
    places = points(a=0, b=1, c=5)
    found = connectivity(places, kernel_weights(places, bandwidth=2, itself=True, islands="keep"))
    assert (found.itself, found.links, found.islands, found.components) == (3, 2, ("c",), 2)
    assert len(found.longest) == 1
