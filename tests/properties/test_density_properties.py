"""What holds for densities of any points."""

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.surfaces import kernel_density
from spatial.surfaces._kernels import SHAPES

few = settings(max_examples=40, deadline=None)
coordinates = st.lists(st.tuples(st.integers(-5000, 5000), st.integers(-5000, 5000)), min_size=1, max_size=20)
kernels = st.sampled_from(sorted(SHAPES))


def table(at, weights=None, shift=(0.0, 0.0)):
    shapes = shapely.points(np.asarray(at, float) + shift)
    columns = {"people": np.ones(len(at)) if weights is None else weights}
    return geopandas.GeoDataFrame(
        columns, geometry=shapes, index=[f"p{number:02d}" for number in range(len(at))], crs="EPSG:6933"
    ).rename_axis("place")


@few
@given(at=coordinates, kernel=kernels, bandwidth=st.floats(20, 20_000), cell=st.floats(200, 3000), seed=st.integers(0, 99))
def test_a_density_integrates_to_its_mass(at, kernel, bandwidth, cell, seed):
    places = table(at, np.random.default_rng(seed).random(len(at)) + 0.01)
    found = kernel_density(places, weight="people", bandwidth=bandwidth, kernel=kernel, cell=cell)
    integral = found.surface.values.sum(dtype=float) * (cell / 1000) ** 2
    assert integral == pytest.approx(places["people"].sum(), rel=1e-6)
    assert found.mass == pytest.approx(integral, rel=1e-12)
    assert found.surface.values.min() >= 0


@few
@given(at=coordinates, kernel=kernels, shift=st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000)))
def test_moving_points_moves_the_surface(at, kernel, shift):
    move = np.asarray(shift, float) * 1024  # exact in binary, so that no centre changes sides
    one, two = (kernel_density(table(at, shift=by), bandwidth=2048, kernel=kernel, cell=256) for by in ((0, 0), move))
    assert two.surface.values.shape == one.surface.values.shape
    assert np.allclose(one.surface.values, two.surface.values, rtol=1e-5, atol=1e-7 * one.peak)
    assert (two.surface.transform.c - one.surface.transform.c, two.surface.transform.f - one.surface.transform.f) == pytest.approx(
        tuple(move)
    )


@few
@given(at=coordinates, kernel=kernels, times=st.sampled_from([2.0, 0.5, 3.7]))
def test_twice_the_weights_are_twice_the_density(at, kernel, times):
    options = {"weight": "people", "bandwidth": 3000, "kernel": kernel, "cell": 700}
    one = kernel_density(table(at), **options)
    two = kernel_density(table(at, np.full(len(at), times)), **options)
    assert np.allclose(two.surface.values, times * one.surface.values, rtol=1e-6)
    assert two.effective_points == pytest.approx(one.effective_points)


@few
@given(at=coordinates, kernel=kernels, seed=st.integers(0, 99))
def test_the_order_of_rows_changes_no_bit(at, kernel, seed):
    random = np.random.default_rng(seed)
    places = table(at, random.random(len(at)) + 0.1)
    mixed = places.iloc[random.permutation(len(places))]
    one, two = (kernel_density(each, weight="people", bandwidth=1500, kernel=kernel, cell=500) for each in (places, mixed))
    assert one.to_dict() == two.to_dict()
    assert np.array_equal(one.surface.values, two.surface.values)


@few
@given(at=coordinates, kernel=kernels)
def test_a_point_twice_is_a_point_of_twice_the_weight(at, kernel):
    options = {"weight": "people", "bandwidth": 2000, "kernel": kernel, "cell": 500}
    twice, heavy = kernel_density(table([*at, *at]), **options), kernel_density(table(at, np.full(len(at), 2.0)), **options)
    assert np.allclose(twice.surface.values, heavy.surface.values, rtol=1e-5, atol=1e-7 * heavy.peak)


@few
@given(at=coordinates, kernel=kernels, west=st.integers(-4000, 0), south=st.integers(-4000, 0))
def test_inside_and_outside_are_everything(at, kernel, west, south):
    boundary = geopandas.GeoDataFrame(
        geometry=[shapely.box(west, south, west + 5000, south + 5000)], index=["b"], crs="EPSG:6933"
    ).rename_axis("place")
    found, clipped = (
        kernel_density(table(at), boundary, bandwidth=1500, kernel=kernel, cell=250, clip=clip) for clip in (False, True)
    )
    assert found.mass_inside == clipped.mass_inside
    assert found.mass == clipped.mass == pytest.approx(len(at), rel=1e-6)
    assert 0 <= found.mass_inside <= found.mass * (1 + 1e-12)
    assert found.share_outside == pytest.approx(1 - found.mass_inside / found.mass, abs=1e-9)
    assert np.nansum(clipped.surface.values.astype(float)) * 0.0625 == pytest.approx(clipped.mass_inside, rel=1e-6, abs=1e-12)
