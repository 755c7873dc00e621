"""Triangulations against their definitions: every pair of places is tried, with all others."""

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.weights import connectivity, triangulation
from spatial.weights._positions import positions

CLEAR = 1e-9  # what is decided by less than this is not decided


def table(at, crs="EPSG:32642"):
    labels = [f"p{number:02d}" for number in range(len(at))]
    return geopandas.GeoDataFrame(geometry=shapely.points(np.asarray(at, float)), index=labels, crs=crs).rename_axis("place")


def matrix(places, rule):
    return triangulation(places, rule=rule, transform="b", islands="keep").sparse.toarray() > 0


def all_over(seed, count):
    """Scatter points evenly over the globe, in degrees."""
    at = np.random.default_rng(seed).normal(size=(count, 3))
    return np.degrees(np.column_stack([np.arctan2(at[:, 1], at[:, 0]), np.arcsin(at[:, 2] / np.linalg.norm(at, axis=1))]))


def room(slope, limit):
    """Measure how much room the unknown t has where slope * t <= limit must hold for each place; circles that are lines are none."""
    if (limit[slope == 0] < 0).any():
        return -np.inf
    low, high = slope < 0, slope > 0
    least = np.append(limit[low] / slope[low], -1 / CLEAR).max()
    most = np.append(limit[high] / slope[high], 1 / CLEAR).min()
    return (most - least) / (1 + min(abs(least), abs(most)))


def rooms_on_the_plane(at):
    """For each pair, how far the middle of a circle through both that holds nobody may move, against their distance."""
    found = np.full((len(at), len(at)), -np.inf)
    for one, other in zip(*np.triu_indices(len(at), 1), strict=True):
        apart = np.hypot(*(at[one] - at[other]))
        rest = (np.delete(at, [one, other], axis=0) - (at[one] + at[other]) / 2) / apart
        upright = np.array([at[one, 1] - at[other, 1], at[other, 0] - at[one, 0]]) / apart
        found[one, other] = found[other, one] = room(2 * rest @ upright, (rest**2).sum(axis=1) - 0.25)
    return found


def rooms_on_the_globe(unit):
    """The same for circles smaller than half the globe: planes through both with all others on the side of its middle."""
    found = np.full((len(unit), len(unit)), -np.inf)
    for one, other in zip(*np.triu_indices(len(unit), 1), strict=True):
        middle, upright = unit[one] + unit[other], np.cross(unit[one], unit[other])
        rest = np.delete(unit, [one, other], axis=0) - unit[one]
        found[one, other] = found[other, one] = room(
            rest @ upright / np.linalg.norm(upright), -rest @ middle / np.linalg.norm(middle)
        )
    return found


def is_as_defined(places, rooms):
    found = matrix(places, "delaunay")
    assert not (found & (rooms < -CLEAR)).any()
    assert not (~found & (rooms > CLEAR)).any()
    space = positions(places).space
    gabriel, relative = matrix(places, "gabriel"), matrix(places, "relative")
    for one, other in zip(*np.triu_indices(len(space), 1), strict=True):
        rest = np.delete(space, [one, other], axis=0)
        first, second = rest - space[one], rest - space[other]
        far = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
        clear = bool(((first * second).sum(axis=1) > CLEAR * far[0] * far[1]).all()) and found[one, other]
        assert gabriel[one, other] == clear
        nearer = np.maximum(*far) < np.linalg.norm(space[one] - space[other]) * (1 - CLEAR)
        assert relative[one, other] == (clear and not nearer.any())
    assert connectivity(places, triangulation(places, rule="relative")).components == 1
    return found


def sphere(places):
    space = positions(places).space
    return space / np.linalg.norm(space, axis=1, keepdims=True)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(3, 40), lattice=st.sampled_from([0, 4, 8]))
def test_on_the_plane(seed, count, lattice):
    random = np.random.default_rng(seed)
    at = np.unique(random.integers(0, lattice, (count, 2)), axis=0) * 1111.1 if lattice else random.random((count, 2)) * 1e5
    places = table(at + np.array([5e5, 4.5e6]))
    outline = shapely.MultiPoint(at).convex_hull
    if outline.area < 1:  # one line
        return
    found = is_as_defined(places, rooms_on_the_plane(positions(places).space))
    rim = (shapely.distance(shapely.points(at), outline.exterior) < 1e-6).sum()
    assert found.sum() == 2 * (3 * len(at) - 3 - rim)  # nothing more can be linked without crossing (Euler)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(12, 40))
def test_all_over_the_globe(seed, count):
    places = table(all_over(seed, count), "EPSG:4326")
    unit = sphere(places)
    middle = unit.mean(axis=0)
    if (unit @ middle > 0).all():
        return
    found = is_as_defined(places, rooms_on_the_globe(unit))
    assert found.sum() <= 2 * (3 * count - 6)


@pytest.mark.parametrize("count", [20, 60, 150])
def test_no_link_between_places_of_the_world_is_missing(count):
    places = table(all_over(count, count), "EPSG:4326")
    assert is_as_defined(places, rooms_on_the_globe(sphere(places))).sum() == 2 * (3 * count - 6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), width=st.sampled_from([1, 20, 100]))
def test_in_one_part_of_the_globe(seed, width):
    """Circles do not hold the point opposite to the middle of all places."""
    at = (np.random.default_rng(seed).random((25, 2)) - 0.5) * [width, width] + [70, 20]
    places = table(at, "EPSG:4326")
    unit = sphere(places)
    middle = unit.mean(axis=0) / np.linalg.norm(unit.mean(axis=0))
    east = np.cross([0, 0, 1], middle) / np.linalg.norm(np.cross([0, 0, 1], middle))
    plane = np.column_stack([unit @ east, unit @ np.cross(middle, east)]) / (1 + unit @ middle)[:, None]
    is_as_defined(places, rooms_on_the_plane(plane))


@pytest.mark.parametrize("turn", [0, 17.5, 123])
def test_turning_the_globe_turns_its_triangles(turn):
    at = all_over(3, 50)
    turned = np.column_stack([(at[:, 0] + turn + 180) % 360 - 180, at[:, 1]])
    for rule in ("delaunay", "gabriel", "relative", "sphere_of_influence"):
        assert np.array_equal(matrix(table(at, "EPSG:4326"), rule), matrix(table(turned, "EPSG:4326"), rule))
