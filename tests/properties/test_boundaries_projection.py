"""The fitted reference system keeps areas wherever the places are, and places come back from it."""

import geopandas
import numpy as np
import pyproj
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from spatial.boundaries import fitted_crs, read_places

GEODESIC = pyproj.Geod(ellps="WGS84")


@st.composite
def cells(draw):
    """Two to five squares of one degree somewhere on Earth, the poles left out."""
    west = draw(st.integers(-180, 175))
    south = draw(st.integers(-84, 79))
    steps = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=5, unique=True))
    shapes = [box(west + x, south + y, west + x + 1, south + y + 1) for x, y in steps]
    return geopandas.GeoDataFrame({"code": [f"{number:02d}" for number in range(len(shapes))]}, geometry=shapes, crs="EPSG:4326")


@settings(deadline=None, max_examples=40)
@given(cells())
def test_areas_are_those_on_the_ellipsoid(table):
    dense = table.set_geometry(table.geometry.segmentize(0.02), crs="EPSG:4326")
    places = read_places(dense, key="code")
    true = [abs(GEODESIC.geometry_area_perimeter(shape)[0]) for shape in dense.geometry]
    np.testing.assert_allclose(places.area, true, rtol=1e-5)


@settings(deadline=None, max_examples=40)
@given(cells(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing_but_the_order(table, random):
    order = list(range(len(table)))
    random.shuffle(order)
    one, two = read_places(table, key="code"), read_places(table.iloc[order], key="code")
    assert one.crs == two.crs
    assert one.geometry.geom_equals(two.geometry.loc[one.index]).all()


@settings(deadline=None, max_examples=100)
@given(st.floats(-180, 179), st.floats(-90, 89), st.floats(0.01, 360), st.floats(0.01, 180))
def test_every_extent_has_a_system_in_which_its_middle_is_finite(west, south, wide, high):
    north = min(south + high, 90.0)
    east = west + min(wide, 180 - west)
    crs = fitted_crs((west, south, east, north))
    x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform((west + east) / 2, (south + north) / 2)
    assert np.isfinite([x, y]).all()
    assert crs.axis_info[0].unit_name == "metre"
