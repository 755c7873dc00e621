"""What must hold for groupings whatever the data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spatial

seeds = st.integers(0, 2**31 - 1)
COLUMNS = ["one", "two", "three"]
CONNECTED = ["skater", "constrained_ward"]
EVERY = ["k_means", "ward", "compare_grouping", *CONNECTED, "max_p"]


def drawn(seed, size):
    import geopandas
    from shapely import points

    random = np.random.default_rng(seed)
    table = {name: random.gamma(2, size=size) * 10**power for power, name in enumerate(COLUMNS)}
    shapes = points(np.arange(size), np.zeros(size))
    labels = [f"place {number:03d}" for number in range(size)]
    places = geopandas.GeoDataFrame(table, geometry=shapes, index=labels, crs="EPSG:32642").rename_axis("place")
    places["group"] = [f"group {number % 3}" for number in range(size)]
    return places


def run(name, places, **more):
    if name == "compare_grouping":
        return spatial.compare_grouping(places, columns=COLUMNS, grouping="group", **more)
    if name == "max_p":
        return spatial.max_p(places, neighbours(places), columns=COLUMNS, minimum=2, starts=8, **more)
    graph = (neighbours(places),) if name in CONNECTED else ()
    return getattr(spatial, name)(places, *graph, columns=COLUMNS, k=3, resamples=5, **more)


def neighbours(places):
    """Link each place with two that follow it by name, in one direction or both, whatever the order of the rows."""
    from libpysal.graph import Graph

    labels = sorted(places.index)
    starts = labels[:-1] + labels[2:]
    ends = labels[1:] + labels[:-2]
    return Graph.from_arrays(starts, ends, np.ones(len(starts)))


def hangs_together(members, graph):
    members = set(members)
    links = [(one, other) for one, other in graph.adjacency.index if one in members and other in members]
    seen = {min(members)}
    for _ in members:
        seen |= {other for one, other in links if one in seen} | {one for one, other in links if other in seen}
    return seen == members


@pytest.mark.parametrize("name", EVERY)
@given(seed=seeds, size=st.sampled_from([6, 9, 30]))
@settings(max_examples=8, deadline=None)
def test_the_order_of_rows_does_not_matter(name, seed, size):
    places = drawn(seed, size)
    mixed = places.sample(frac=1, random_state=seed % 1000)
    assert run(name, places).to_dict() == run(name, mixed).to_dict()


@pytest.mark.parametrize("name", EVERY)
@given(seed=seeds, size=st.sampled_from([6, 9, 30]), scale=st.floats(1e-3, 1e3), shift=st.floats(-100, 100))
@settings(max_examples=8, deadline=None)
def test_the_unit_of_a_column_does_not_matter(name, seed, size, scale, shift):
    places = drawn(seed, size)
    found, other = run(name, places), run(name, places.assign(two=places["two"] * scale + shift))
    assert found.within == pytest.approx(other.within, rel=1e-8)
    if name != "skater":  # that adds distances, not their squares
        assert found.total == pytest.approx(3 * (size - 1))
    field = "best" if name == "compare_grouping" else "cluster"
    assert getattr(found, field).equals(getattr(other, field))


@given(seed=seeds, size=st.sampled_from([6, 9, 30]))
@settings(max_examples=8, deadline=None)
def test_the_names_of_groups_do_not_matter(seed, size):
    places = drawn(seed, size)
    other = places.assign(group=places["group"].map({"group 0": 7.0, "group 1": 3.0, "group 2": 5.0}))
    found, renamed = run("compare_grouping", places), run("compare_grouping", other)
    for field in ("within", "within_best", "rank", "rank_same_sizes", "adjusted_rand", "silhouette", "exact"):
        assert getattr(found, field) == pytest.approx(getattr(renamed, field)), field
    if found.exact:
        assert found.p == renamed.p
    assert set(renamed.given) == {"3", "5", "7"}


@given(seed=seeds, size=st.integers(5, 10), k=st.integers(2, 4))
@settings(max_examples=25, deadline=None)
def test_no_grouping_of_few_places_is_better_than_k_means(seed, size, k):
    places = drawn(seed, size)
    found = spatial.k_means(places, columns=COLUMNS, k=k, resamples=0)
    assert found.best_possible
    values = ((places[COLUMNS] - places[COLUMNS].mean()) / places[COLUMNS].std()).to_numpy()
    random = np.random.default_rng(seed)
    for _ in range(50):
        labels = random.permutation(np.concatenate([np.arange(k), random.integers(0, k, size - k)]))
        inside = sum(((values[labels == group] - values[labels == group].mean(axis=0)) ** 2).sum() for group in range(k))
        assert found.within <= inside + 1e-9
    assert spatial.ward(places, columns=COLUMNS, k=k, resamples=0).within >= found.within - 1e-9


@given(seed=seeds, size=st.integers(12, 40), k=st.integers(2, 6))
@settings(max_examples=15, deadline=None)
def test_sums_of_squares_add_up_and_groups_are_filled(seed, size, k):
    places = drawn(seed, size)
    for name in ("k_means", "ward"):
        found = getattr(spatial, name)(places, columns=COLUMNS, k=k, resamples=0)
        assert found.within + found.between == pytest.approx(found.total)
        assert sorted(found.cluster.unique(), key=int) == [str(number + 1) for number in range(k)]
        assert found.profile.drop(index="All")["n"].sum() == size
        means = found.profile.drop(index="All")["one"]
        assert means.is_monotonic_decreasing
        assert found.silhouette_places.between(-1, 1).all()
        assert found.choice["within"].is_monotonic_decreasing or name == "k_means"


@given(seed=seeds, size=st.integers(20, 60))
@settings(max_examples=15, deadline=None)
def test_a_found_grouping_cannot_be_improved_by_moving_one_place(seed, size):
    places = drawn(seed, size)
    found = spatial.k_means(places, columns=COLUMNS, k=3, resamples=0)
    values = ((places[COLUMNS] - places[COLUMNS].mean()) / places[COLUMNS].std()).to_numpy()
    labels = found.cluster.to_numpy().astype(int)

    def within(labels):
        return sum(((values[labels == group] - values[labels == group].mean(axis=0)) ** 2).sum() for group in set(labels))

    assert within(labels) == pytest.approx(found.within)
    for place in range(size):
        for group in (1, 2, 3):
            moved = labels.copy()
            moved[place] = group
            if len(set(moved)) == 3:
                assert within(moved) >= found.within - 1e-6


@pytest.mark.parametrize("name", [*CONNECTED, "max_p"])
@given(seed=seeds, size=st.sampled_from([6, 9, 30]))
@settings(max_examples=10, deadline=None)
def test_every_group_hangs_together(name, seed, size):
    places = drawn(seed, size)
    found, graph = run(name, places), neighbours(places)
    assert all(hangs_together(members, graph) for members in found.cluster.groupby(found.cluster).groups.values())
    assert found.profile.drop(index="All")["n"].sum() == size
    assert found.within + found.between == pytest.approx(found.total)


@given(seed=seeds, size=st.integers(8, 40), share=st.floats(0.1, 0.45))
@settings(max_examples=15, deadline=None)
def test_every_region_holds_enough_and_there_are_no_fewer_than_by_greed(seed, size, share):
    places = drawn(seed, size)
    graph = neighbours(places)
    minimum = float(places["one"].sum() * share)
    found = spatial.max_p(
        places, graph, columns=["two", "three"], size="one", minimum=minimum, starts=8, patience=20, seed=seed % 1000
    )
    held = places["one"].groupby(found.cluster).sum()
    assert held.min() >= minimum * (1 - 1e-9)
    assert all(hangs_together(members, graph) for members in found.cluster.groupby(found.cluster).groups.values())
    greedy, sum_so_far = 0, 0.0
    for value in places["one"].sort_index():  # along the strip, a region as soon as it holds enough
        sum_so_far += value
        if sum_so_far >= minimum:
            greedy, sum_so_far = greedy + 1, 0.0
    assert greedy <= found.groups <= found.most_possible


@given(seed=seeds, parts=st.integers(1, 10))
@settings(max_examples=15, deadline=None)
def test_one_part_of_a_graph_or_ten(seed, parts):
    from libpysal.graph import Graph

    places = drawn(seed, 30)
    labels = list(places.index)
    cuts = np.array_split(np.arange(30), parts)
    pairs = [(labels[one], labels[one + 1]) for part in cuts for one in part[:-1]]
    graph = Graph.from_arrays(*zip(*(pairs + [pair[::-1] for pair in pairs]), strict=True), np.ones(2 * len(pairs)))
    for name in CONNECTED:
        found = getattr(spatial, name)(places, graph, columns=COLUMNS, k=11, resamples=0)
        assert found.groups == 11
        numbers = {label: number for number, part in enumerate(cuts) for label in np.array(labels)[part]}
        for members in found.cluster.groupby(found.cluster).groups.values():
            assert len({numbers[label] for label in members}) == 1
    regions = spatial.max_p(places, graph, columns=COLUMNS, minimum=3 if parts < 10 else 1, starts=4)
    assert regions.groups >= parts


@pytest.mark.parametrize("name", ["k_means", "ward", *CONNECTED])
def test_places_that_are_all_alike_but_one(name):
    places = drawn(1, 12)
    for column in COLUMNS:
        places[column] = [1.0] * 11 + [2.0]
    graph = (neighbours(places),) if name in CONNECTED else ()
    found = getattr(spatial, name)(places, *graph, columns=COLUMNS, k=2)
    assert found.cluster.tolist() == ["2"] * 11 + ["1"]
    assert found.within == pytest.approx(0, abs=1e-9)
