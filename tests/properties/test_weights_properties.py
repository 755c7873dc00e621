"""What holds for weights on any map."""

import warnings

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import SpatialWarning
from spatial.weights import connectivity, contiguity, distance_band, nearest

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
