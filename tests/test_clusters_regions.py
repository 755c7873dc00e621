"""Connected groups on small maps whose answer a person can see: skater, constrained Ward, max-p."""

import numpy as np
import pytest

import spatial
from spatial.clusters._agreement import shaken
from spatial.clusters._groups import within
from spatial.clusters._joining import joined_hierarchy
from spatial.clusters._land import land
from spatial.clusters._moving import _allowed, _move, _moving
from spatial.clusters._partitions import partitions
from spatial.clusters._regions import best_regions
from spatial.clusters._trees import cuts_of, dispersion, spanning_forest
from spatial.errors import DataError, ModelError, StudyError
from spatial.progress import telling

CONNECTED = ["skater", "constrained_ward"]
SHAKEN_TWICE = {"resamples": 2, "seed": 0, "share": 0.1}


def strip(*values, **more):
    """Make places in a row from west to east."""
    import geopandas
    from shapely import box

    shapes = [box(number, 0, number + 1, 1) for number in range(len(values))]
    labels = [chr(ord("a") + number) for number in range(len(values))]
    return geopandas.GeoDataFrame({"value": values, **more}, geometry=shapes, index=labels, crs="EPSG:32642").rename_axis("place")


def lattice(rows, columns):
    """List pairs of cells that share an edge."""
    cells = np.arange(rows * columns).reshape(rows, columns)
    across, down = (cells[:, :-1], cells[:, 1:]), (cells[:-1], cells[1:])
    return np.concatenate([np.column_stack([one.ravel(), other.ravel()]) for one, other in (across, down)])


def connected(near, members):
    members = set(members)
    stack = [next(iter(members))]
    seen = set(stack)
    while stack:
        for other in near[stack.pop()]:
            if other in members and other not in seen:
                seen.add(other)
                stack.append(other)
    return seen == members


@pytest.mark.parametrize("name", CONNECTED)
def test_alike_places_far_apart_stay_apart(name):
    places = strip(1, 1, 2, 9, 9, 8, 1, 2, 1)
    found = getattr(spatial, name)(places, spatial.contiguity(places), columns=["value"], k=3)
    assert (
        found.cluster.tolist() == ["2"] * 3 + ["1"] * 3 + ["3"] * 3 or found.cluster.tolist() == ["3"] * 3 + ["1"] * 3 + ["2"] * 3
    )
    assert found.profile["n"].tolist() == [3, 3, 3, 9]
    assert found.options["graph"]["links"] == 16
    assert found.stability["jaccard"].tolist() == [1, 1, 1]
    free = spatial.k_means(places, columns=["value"], k=2)
    assert free.cluster["a"] == free.cluster["g"]


def test_sums_by_hand():
    places = strip(0, 0, 6, 6, 6)
    sd = np.std([0, 0, 6, 6, 6], ddof=1)
    graph = spatial.contiguity(places)
    found = spatial.skater(places, graph, columns=["value"], k=2)
    assert found.total == pytest.approx((2 * 3.6 + 3 * 2.4) / sd)
    assert found.within == pytest.approx(0)
    assert found.cuts[["from", "to", "cut_off", "left", "groups"]].to_numpy().tolist() == [["b", "c", 3, 2, 2]]
    assert found.tree_length == pytest.approx(6 / sd)
    assert found.branches[["first", "second"]].to_numpy().tolist() == [["1", "2"]]
    assert found.branches["height"].tolist() == pytest.approx([found.total])
    squares = spatial.skater(places, graph, columns=["value"], k=2, criterion="squares")
    assert squares.total == pytest.approx(4)
    assert squares.between == pytest.approx(4)


def test_only_the_paper_squares_distances():
    """One place far off: its square counts for more than its distance."""
    places = strip(0, 0.1, 0, 0.1, 0, 0.1, 3, 3.1, 3, 3.1, 3, 3.1, 11)
    graph = spatial.contiguity(places)
    distances = spatial.skater(places, graph, columns=["value"], k=2)
    squares = spatial.skater(places, graph, columns=["value"], k=2, criterion="squares")
    assert distances.cluster.tolist() == ["2"] * 6 + ["1"] * 7
    assert squares.cluster.tolist() == ["2"] * 12 + ["1"]


def test_every_cut_is_the_best_there_is():
    random = np.random.default_rng(2)
    for criterion in ("distances", "squares"):
        values = random.normal(size=(30, 2)).cumsum(axis=0) / 3
        forest = spanning_forest(lattice(5, 6), values)
        _, steps = cuts_of(forest, values, criterion)
        groups, remaining = [list(range(30))], [tuple(link) for link in forest.tolist()]
        for _ in range(6):
            number, cut = next(steps)
            gains = []
            for link in remaining:
                group = next(each for each in groups if link[0] in each)
                part = _reached(link[0], group, [each for each in remaining if each != link])
                rest = [place for place in group if place not in part]
                gains.append(
                    sum(dispersion(values[list(each)], criterion) * sign for each, sign in ((group, 1), (part, -1), (rest, -1)))
                )
            assert cut.gain == pytest.approx(max(gains))
            assert remaining[int(np.argmax(gains))] == cut.link
            assert set(groups[number]) == set(cut.off.tolist()) | set(cut.rest.tolist())
            groups[number] = cut.rest.tolist()
            groups.append(cut.off.tolist())
            remaining.remove(cut.link)


def _reached(start, group, links):
    near = {place: [] for place in group}
    for one, other in links:
        if one in near and other in near:
            near[one].append(other)
            near[other].append(one)
    seen, stack = {start}, [start]
    while stack:
        for other in near[stack.pop()]:
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return seen


def test_every_group_holds_the_minimum():
    places = strip(0, 0, 0, 5, 0, 0, 9, 9, 9, people=[1, 2, 1, 1, 1, 2, 3, 1, 1])
    graph = spatial.contiguity(places)
    found = spatial.skater(places, graph, columns=["value"], k=3, minimum=2)
    assert found.profile["n"].drop("All").min() >= 2
    found = spatial.skater(places, graph, columns=["value"], k=3, minimum=4, size="people")
    assert places["people"].groupby(found.cluster).sum().min() >= 4
    with pytest.raises(
        ModelError, match="after 2 groups no cut of the tree leaves 4 places on either side. 5 groups are asked for"
    ):
        spatial.skater(places, graph, columns=["value"], k=5, minimum=4)
    with pytest.raises(DataError, match="1 of 9 values are below 0: 'd: -1'"):
        spatial.skater(places.assign(people=[1, 2, 1, -1, 1, 2, 3, 1, 1]), graph, columns=["value"], k=3, minimum=4, size="people")


@pytest.mark.parametrize("name", CONNECTED)
def test_parts_of_a_graph_are_groups_of_their_own(name):
    places = strip(1, 1, 9, 9, 1, 9)
    moved = places.set_geometry(places.geometry.where(places.index < "e", places.geometry.translate(xoff=10)))
    found = getattr(spatial, name)(moved, spatial.contiguity(moved), columns=["value"], k=3)
    assert sorted(found.cluster.unique()) == ["1", "2", "3"]
    assert found.cluster["e"] == found.cluster["f"]
    assert found.cluster["a"] == found.cluster["b"] != found.cluster["c"]
    assert any(
        "falls into 2 parts" in note and "the parts have 2 (e, f), 4 (a, b, c and 1 more) places" in note for note in found.notes
    )
    split = places.drop(index="b")
    graph = spatial.contiguity(split, islands="keep")
    alone = getattr(spatial, name)(split, graph, columns=["value"], k=3)
    assert alone.cluster.value_counts()[alone.cluster["a"]] == 1
    assert any("1 of 5 places has no neighbours: 'a'" in note for note in alone.notes)
    with pytest.raises(ModelError, match=r"3 parts .* but 2 groups are asked for.*islands = \"nearest\""):
        getattr(spatial, name)(
            split.drop(index="d"), spatial.contiguity(split.drop(index="d"), islands="keep"), columns=["value"], k=2
        )


def test_links_in_one_direction_join():
    places = strip(1, 2, 9, 10, 11)
    found = spatial.skater(places, spatial.nearest(places, k=1), columns=["value"], k=3)
    assert any("in one direction only" in note for note in found.notes)


@pytest.mark.parametrize("name", [*CONNECTED, "max_p"])
def test_missing_values_can_be_left_out(name):
    places = strip(1, 2, np.nan, 9, 8, 8)
    more = {"minimum": 2} if name == "max_p" else {"k": 2}
    with pytest.raises(DataError, match="1 of 6 places has no value: 'c'"):
        getattr(spatial, name)(places, spatial.contiguity(places), columns=["value"], **more)
    found = getattr(spatial, name)(places, spatial.contiguity(places), columns=["value"], missing="drop", **more)
    assert found.cluster.to_dict() == {"a": "2", "b": "2", "c": "No data", "d": "1", "e": "1", "f": "1"}


@pytest.mark.parametrize("name", CONNECTED)
@pytest.mark.parametrize(
    ("values", "k", "error", "message"),
    [
        ([1, 2, 3], 3, ModelError, "there are 3. Expected at least 4"),
        ([4, 4, 4, 4], 2, ModelError, "all 4 values are 4"),
        ([1, 2, 3, 4], 1, StudyError, "from 2 to 1000"),
    ],
)
def test_columns_and_numbers_that_cannot_be_used(name, values, k, error, message):
    places = strip(*values)
    with pytest.raises(error, match=message):
        getattr(spatial, name)(places, spatial.contiguity(places), columns=["value"], k=k)


def test_a_hierarchy_among_neighbours_by_hand():
    # 0 and 0.5 are no neighbours; 0 joins 1 at first
    values = np.array([[0.0], [1.0], [0.5], [4.0]])
    steps = joined_hierarchy(np.array([[0, 1], [1, 2], [2, 3]]), values)
    assert steps[:, :2].tolist() == [[1, 2], [0, 4], [3, 5]]
    assert steps[:, 2].tolist() == pytest.approx([0.5, np.sqrt(2 * (2 / 3) * 0.75**2), np.sqrt(2 * (3 / 4) * 3.5**2)])
    places = strip(0.0, 1.0, 0.5, 4.0)
    found = spatial.constrained_ward(places, spatial.contiguity(places), columns=["value"], k=2)
    assert found.merges["first"].tolist() == ["b", "a", "a, b, c"]
    assert found.merges["within"].iloc[-1] == pytest.approx(found.total)
    assert found.merges["height"].is_monotonic_increasing
    assert found.merges["rise"].sum() == pytest.approx(found.total)


def test_max_p_on_a_strip():
    places = strip(1, 2, 9, 8, 1, 2, 9, people=[5, 5, 5, 5, 5, 5, 5])
    graph = spatial.contiguity(places)
    found = spatial.max_p(places, graph, columns=["value"], minimum=2)
    assert found.groups == found.most_possible == 3
    assert found.most_certain
    assert found.regions["n"].tolist() == [2, 3, 2]
    assert found.reading[0] == "There are 3 connected regions with at least 2 places each; more cannot be."
    people = places.assign(people=[9, 1, 1, 1, 9, 1, 1])
    found = spatial.max_p(people, graph, columns=["value"], minimum=10, size="people")
    assert found.groups == 2
    assert found.regions["people"].min() >= 10
    assert people["people"].groupby(found.cluster).sum().tolist() == found.regions["people"].tolist()


@pytest.mark.parametrize(
    ("minimum", "message"),
    [
        (4, "with 4 places all places together hold less than twice that"),
        (8, "with 8 places all places together hold less than twice that"),
    ],
)
def test_max_p_that_cannot_be(minimum, message):
    places = strip(1, 2, 9, 8, 1, 2, 9)
    with pytest.raises(ModelError, match=message):
        spatial.max_p(places, spatial.contiguity(places), columns=["value"], minimum=minimum)


def test_max_p_says_which_islands_cannot_hold_enough():
    places = strip(1, 2, 9, 8, 1, 2)
    places = places.set_geometry(places.geometry.where(places.index != "f", places.geometry.translate(xoff=10)))
    with pytest.raises(ModelError, match=r"parts .* hold less than 2 places each \(1\): 'f \(1\)'.*islands = \"nearest\""):
        spatial.max_p(places, spatial.contiguity(places, islands="keep"), columns=["value"], minimum=2)


def squared(values, side):
    """Make square places in rows and columns; their names do not stand in the order of the rows."""
    import geopandas
    from shapely import box

    cells = [box(column, row, column + 1, row + 1) for row in range(side) for column in range(side)]
    labels = [f"p{number * 7 % side**2:02d}" for number in range(side**2)]
    return geopandas.GeoDataFrame({"value": values}, geometry=cells, index=labels, crs="EPSG:32642").rename_axis("place")


@pytest.fixture
def planted():
    """Nine squares of three by three places, each alike within."""
    rows, columns = np.indices((9, 9)) // 3
    means = np.array([[0, 5, 1], [7, 2, 8], [3, 9, 4]])[rows, columns].ravel()
    return squared(means + np.random.default_rng(1).normal(scale=0.1, size=81), 9)


def test_planted_regions_come_back_and_those_of_noise_do_not(planted):
    graph = spatial.contiguity(planted, rule="rook")
    found = spatial.max_p(planted, graph, columns=["value"], minimum=9, resamples=10)
    assert found.groups == 9
    assert (found.stability["jaccard"] > 0.95).all()
    assert found.stability["resamples"].tolist() == [10] * 9
    assert any("10 times, all groups come back" in sentence for sentence in found.reading)
    noise = planted.assign(value=np.random.default_rng(2).normal(size=81))
    found = spatial.max_p(noise, graph, columns=["value"], minimum=9, resamples=10)
    assert found.stability["jaccard"].mean() < 0.6
    assert found.stability["dissolved"].max() > 0.5


def test_the_seed_decides_what_is_shaken(planted):
    noise = planted.assign(value=np.random.default_rng(2).normal(size=81))
    graph = spatial.contiguity(noise)
    one, same, other, mixed = (
        spatial.max_p(table, graph, columns=["value"], minimum=12, resamples=4, starts=4, patience=5, seed=seed).stability
        for table, seed in ((noise, 0), (noise, 0), (noise, 1), (noise.sample(frac=1, random_state=3), 0))
    )
    assert one.equals(same)
    assert one.equals(mixed)
    assert not one["jaccard"].reset_index(drop=True).equals(other["jaccard"].reset_index(drop=True))


def test_regions_of_a_resample_may_be_more_or_fewer():
    places = strip(1, 2, 9, 8, 1, 2, 9)
    found = spatial.max_p(places, spatial.contiguity(places), columns=["value"], minimum=2)
    assert found.stability["resamples"].tolist() == [100] * 3  # measured without a word for so few places
    before = shaken(np.zeros((6, 1)), np.array([0, 0, 1, 1, 2, 2]), lambda *_: np.array([0, 0, 1, 1, 1, 1]), **SHAKEN_TWICE)
    assert before["jaccard"].tolist() == [1, 0.5, 0.5]
    before = shaken(np.zeros((4, 1)), np.array([0, 0, 1, 1]), lambda *_: np.array([0, 1, 2, 2]), **SHAKEN_TWICE)
    assert before["jaccard"].tolist() == [0.5, 1]


def test_stability_of_many_regions_is_measured_only_when_asked_for():
    places = squared(np.random.default_rng(4).normal(size=121), 11)
    graph = spatial.contiguity(places)
    found = spatial.max_p(places, graph, columns=["value"], minimum=20, starts=4)
    assert found.stability is None
    assert "Stability was not measured: there are more than 50 places. Set resamples to measure it." in found.notes
    none = spatial.max_p(places, graph, columns=["value"], minimum=20, starts=4, resamples=0)
    assert none.stability is None
    assert not any("Stability" in note for note in none.notes)
    told = []
    with telling(lambda *each: told.append(each)):
        spatial.max_p(places, graph, columns=["value"], minimum=4, starts=4, resamples=2)
    shares = [(done, total) for done, total, words in told if words == "Grouping shaken values"]
    assert sorted(set(shares)) == [(0, 2), (1, 2)]
    begun = [words for *_, words in told].index("Grouping shaken values")
    assert {words for *_, words in told[begun:]} == {"Grouping shaken values", "Measuring silhouettes"}  # not of each search


def test_very_many_groups_are_counted_where_others_are_named():
    import pandas as pd

    from spatial.clusters._reading import _stable

    table = pd.DataFrame({"jaccard": [0.9] * 25 + [0.6] + [0.3] * 30, "resamples": 100}, index=[str(n) for n in range(1, 57)])
    first, second = _stable(table)
    assert "25 of 56 groups come back (mean Jaccard index above 0.75)" in first
    assert second.startswith("30 groups dissolve")
    few = _stable(table.iloc[23:28])
    assert "groups 24, 25 come back" in few[0]
    assert few[1].startswith("Groups 27, 28 dissolve")


@pytest.mark.parametrize("resamples", [-1, 10_001, 1.5])
def test_resamples_that_cannot_be(resamples):
    places = strip(1, 2, 9, 8)
    with pytest.raises(StudyError, match="resamples"):
        spatial.max_p(places, spatial.contiguity(places), columns=["value"], minimum=2, resamples=resamples)


def optimum(given, most):
    """Give the most regions there can be, and the smallest sum of so many, by trying all partitions."""
    for groups in range(most, 0, -1):
        best = np.inf
        for row in partitions(len(given.values), groups).astype(int):
            enough = (np.bincount(row, given.weights) >= given.minimum).all()
            if enough and all(connected(given.near, np.flatnonzero(row == group).tolist()) for group in range(groups)):
                best = min(best, within(given.values, row))
        if np.isfinite(best):
            return groups, best
    raise AssertionError


@pytest.mark.parametrize("seed", range(8))
def test_max_p_finds_the_best_of_all_on_small_maps(seed):
    random = np.random.default_rng(seed)
    rows, columns = ((3, 3), (2, 4))[seed % 2]
    size = rows * columns
    weights = np.ones(size) if seed % 4 < 2 else random.gamma(2, size=size)
    minimum = 2 if seed % 4 < 2 else weights.sum() / 3.5
    given = land(lattice(rows, columns), random.normal(size=(size, 2)), weights, minimum)
    groups, least = optimum(given, int(weights.sum() / minimum))
    labels, _ = best_regions(given, starts=48, patience=100, seed=0)
    assert labels.max() + 1 == groups
    assert within(given.values, labels) == pytest.approx(least)


@pytest.mark.parametrize("seed", range(6))
def test_who_may_leave_a_region_while_places_move(seed):
    random = np.random.default_rng(seed)
    given = land(lattice(5, 6), random.normal(size=(30, 1)), np.ones(30), 3)
    labels, _ = best_regions(given, starts=1, patience=0, seed=seed)
    state = _moving(given, labels)
    for _ in range(40):
        for place in range(30):
            rest = [other for other in np.flatnonzero(state.labels == state.labels[place]).tolist() if other != place]
            assert _allowed(state, place) == (len(rest) >= 3 and connected(given.near, rest))
        links = [(one, state.labels[other]) for one in range(30) for other in given.near[one]]
        ways = [(one, region) for one, region in links if state.labels[one] != region and _allowed(state, one)]
        if not ways:
            break
        place, region = ways[random.integers(len(ways))]
        _move(state, place, int(region))


def test_max_p_finds_as_many_as_a_lattice_allows():
    for side, minimum in ((10, 4), (15, 7)):
        values = np.random.default_rng(side).normal(size=(side * side, 2))
        labels, _ = best_regions(land(lattice(side, side), values, np.ones(len(values)), minimum), starts=8, patience=20, seed=0)
        assert labels.max() + 1 == side * side // minimum


def test_agreement_with_another_grouping():
    places = strip(1, 2, 9, 8, 1, 2, region=["west", "west", "mid", "mid", "east", "east"], poor=["x", None, "x", "x", "y", "y"])
    graph = spatial.contiguity(places)
    for name in CONNECTED:
        found = getattr(spatial, name)(places, graph, columns=["value"], k=3, other="region")
        assert found.adjusted_rand == 1
        assert found.crossed.to_numpy().sum() == 6
        assert any("adjusted Rand" in sentence for sentence in found.reading)
    two = spatial.k_means(places, columns=["value"], k=2, other="region")
    assert 0 < two.adjusted_rand < 1
    with pytest.raises(DataError, match="1 of 6 places has no group: 'b'"):
        spatial.ward(places, columns=["value"], k=2, other="poor")
    with pytest.raises(DataError, match="there is no column 'regoin'. Did you mean 'region'"):
        spatial.ward(places, columns=["value"], k=2, other="regoin")
