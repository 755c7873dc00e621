"""The tree of a hierarchy of many places: its top, with branches folded up."""

import time
from dataclasses import replace

import geopandas
import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from shapely import box

import spatial
from spatial.outputs import _groups, _paper, _tree
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.figures import pictures
from spatial.outputs.themes import themes_of
from spatial.results import READABLE, columns_of, leaves_drawn

COLUMNS = ["height", "width"]
ALL = ("alike", "whole", "parts", "many")


def cells(count, far=0):
    """A square of cells, of which the first few lie far from all others."""
    side = int(np.ceil(np.sqrt(count)))
    corners = [(number % side, number // side) for number in range(count)]
    corners[:far] = [(100 + 3 * number, 0) for number in range(far)]
    random = np.random.default_rng(2)
    return geopandas.GeoDataFrame(
        {"height": [x + y / 3 for x, y in corners] + random.normal(size=count), "width": random.normal(size=count)},
        geometry=[box(1000 * x, 1000 * y, 1000 * x + 1000, 1000 * y + 1000) for x, y in corners],
        index=[f"p{number:03d}" for number in range(count)],
        crs="EPSG:32642",
    ).rename_axis("place")


def grouped(places, k):
    return spatial.constrained_ward(places, spatial.contiguity(places, islands="keep"), columns=COLUMNS, k=k, resamples=0)


def atlas_with(places, results):
    steps = tuple(Step(id=name, title=f"Step {name}", result=result) for name, result in results.items())
    columns = {name: values for step in steps for name, values in columns_of(step.id, step.result, places.index).items()}
    filled = places.assign(**columns)
    return Atlas(name="grid", title="Grid", places=filled, steps=steps, themes=themes_of(filled, (), steps))


@pytest.fixture(scope="module")
def results():
    places = cells(400)
    return {
        "alike": spatial.ward(places, columns=COLUMNS, k=7, resamples=0),
        "whole": grouped(places, 7),
        "parts": grouped(cells(400, far=5), 9),
        "many": grouped(places, 80),
    }


@pytest.fixture(scope="module")
def made(results):
    return atlas_with(cells(400), results)


def top(made, name):
    step = next(each for each in made.steps if each.id == name)
    return step, _tree.followed(made, step, step.result.merges)


def texts_of(sheet):
    from matplotlib.text import Text

    return [each.get_text() for each in sheet.figure.findobj(Text) if each.get_text() and each.get_visible()]


@pytest.mark.parametrize("name", ALL)
def test_the_leaves_of_a_top_hold_every_place_once(made, name):
    step, found = top(made, name)
    held = [place for leaf in found.leaves for place in leaf]
    assert sorted(held) == list(made.places.index)
    assert len(found.leaves) == (80 if name == "many" else 60)
    assert sorted(found.order) == list(range(len(found.leaves)))
    assert found.joinings == len(step.result.merges)
    assert all(leaf == sorted(leaf) for leaf in found.leaves)


@pytest.mark.parametrize("name", ALL)
def test_a_top_has_the_heights_of_the_last_joinings(made, name):
    step, found = top(made, name)
    merges, count = step.result.merges, len(found.leaves)
    last = merges.iloc[-len(found.pairs) :]
    np.testing.assert_array_equal(found.heights[count:], last["height"])
    earlier = merges.iloc[: -len(found.pairs)]
    for leaf, height in zip(found.leaves, found.heights, strict=False):
        own = earlier[(earlier["size"] == len(leaf)) & earlier["first"].str.startswith(leaf[0])]
        assert height == (own["height"].max() if len(leaf) > 1 else 0)
    sizes = [len(leaf) for leaf in found.leaves]
    for first, second in found.pairs:
        sizes.append(sizes[first] + sizes[second])
    assert sizes[count:] == last["size"].tolist()


def test_the_leaves_of_a_top_are_the_groups_of_a_finer_cut(made):
    places = cells(400)
    values = (places[COLUMNS] - places[COLUMNS].mean()) / places[COLUMNS].std()
    cuts = {"alike": fcluster(linkage(values, "ward"), 60, "maxclust"), "whole": grouped(places, 60).cluster.to_numpy()}
    for name, cut in cuts.items():
        groups = {frozenset(part.index) for _, part in places.groupby(cut)}
        assert {frozenset(leaf) for leaf in top(made, name)[1].leaves} == groups


@pytest.mark.parametrize("name", ALL)
def test_the_branches_of_a_top_have_the_colour_of_their_group(made, name):
    step, found = top(made, name)
    given, count = _groups.group_colours(made, step), len(found.leaves)
    for leaf, colour in zip(found.leaves, found.colours, strict=False):
        assert {given[group] for group in step.result.cluster[leaf]} == {colour}
    for number, (first, second) in enumerate(found.pairs):
        if number < found.kept:
            assert found.colours[first] == found.colours[second] == found.colours[count + number]
    assert set(found.colours[count + found.kept :]) == {_paper.INK}
    assert found.groups == step.result.options["k"]
    merges = step.result.merges
    assert found.cut == pytest.approx(merges["height"].iloc[-found.groups + 400 - len(merges) - 1 :].iloc[:2].mean())


def test_joinings_that_sink_are_folded_up_in_their_order(made):
    step, _ = top(made, "whole")
    merges = step.result.merges.assign(height=np.sqrt(2 * step.result.merges["rise"]))
    assert (np.diff(merges["height"].iloc[-59:]) < 0).any()
    found = _tree.followed(made, step, merges)
    np.testing.assert_array_equal(found.heights[60:], merges["height"].iloc[-59:])
    with _paper.styled():
        assert _tree.tree(made, step, merges) is not None


@pytest.mark.parametrize(
    ("name", "shown"), [("alike", "the last 59 of 399"), ("parts", "the last 54 of 394"), ("many", "the last 79 of 399")]
)
def test_a_picture_of_a_top_says_so(made, name, shown):
    step, found = top(made, name)
    with _paper.styled():
        sheet = _tree.tree(made, step, step.result.merges)
    told = texts_of(sheet)
    assert sum(f"Only the top: {shown} joinings; each triangle is a branch folded up" in text for text in told) == 1
    assert f"{found.groups} groups" in told
    for leaf in found.leaves:
        assert (leaf[0] if len(leaf) == 1 else f"{leaf[0]} and {len(leaf) - 1} more") in told
    assert len(sheet.figure.axes[1].patches) == sum(len(leaf) > 1 for leaf in found.leaves)
    picture = next(each for each in pictures(made) if each.name == f"{name}_tree")
    assert picture.caption == f"Step {name}: dendrogram (n = 400; {shown} joinings)"
    assert picture.title == "Dendrogram"


def test_long_names_leave_room_for_how_many_are_folded_up(made):
    _, found = top(made, "alike")
    long = replace(made, places=made.places.assign(name="a very long name " * 5), label="name")
    with _paper.styled():
        sheet = _tree.tree(long, long.steps[0], long.steps[0].result.merges)
        cut = [text for text in texts_of(sheet) if text.endswith(" more")]
    assert len(cut) == sum(len(leaf) > 1 for leaf in found.leaves)
    assert all(text.startswith("a very") and "…" in text and _paper.measured(text, 6) < 1.85 for text in cut)


def test_more_groups_than_leaves_are_not_seen_in_a_top():
    places = cells(400)
    result = grouped(places, 150)
    _, found = top(atlas_with(places, {"fine": result}), "fine")
    assert len(found.leaves) == 60
    assert set(found.colours) == {_paper.INK}
    assert found.cut is None
    assert any("the last 59 of 399 joinings, all of them above the 150 groups;" in note for note in result.notes)


def test_a_hierarchy_of_very_many_parts_has_no_top():
    places = cells(400, far=101)
    result = grouped(places, 110)
    made = atlas_with(places, {"apart": result})
    assert result.merges["groups"].iloc[-1] == 102
    assert top(made, "apart")[1] is None
    assert any("A dendrogram of 400 places in 102 parts could not be read, so none is drawn" in note for note in result.notes)
    assert _tree.tree(made, made.steps[0], result.merges) is None
    assert "last" not in next(each.caption for each in pictures(made) if each.kind == "tree")


@pytest.mark.parametrize("places", [2, 60, READABLE, READABLE + 1, 200, 5000])
@pytest.mark.parametrize("parts", [1, 2, 40, 101, 102, 1000])
@pytest.mark.parametrize("groups", [0, 2, 50, 61, 121, 122, 1000])
def test_no_more_leaves_are_drawn_than_can_be_read(places, parts, groups):
    if parts > places:
        return
    drawn = leaves_drawn(places, places - parts, groups)
    assert 0 <= drawn <= min(places, READABLE)
    if drawn:
        assert drawn > parts or places <= READABLE
        assert drawn >= min(groups, places) or groups > READABLE
    else:
        assert parts > 101


def test_names_with_commas_and_ands_are_followed():
    names = ["a", "a and b", "a, and b", "a, b", "b", "x,"]
    texts = {
        "a and 3 more": "a", "a and b and 3 more": "a and b", "a and b, c, d": "a and b", "a, b, b": "a, b", "a, and b and 7 more": "a, and b",
        "a, c": "a", "x, and 2 more": "x,", "b": "b", "c": None, "ab": None,
    }  # fmt: skip
    alive = dict.fromkeys(names, 0)
    assert {text: _tree._first_member(text, alive) for text in texts} == texts


def test_sixteen_thousand_places_are_followed_quickly():
    names = [f"p{number:05d}" for number in range(16_000)]
    steps = linkage(np.random.default_rng(0).normal(size=(16_000, 1)), "single")
    from spatial.clusters._hierarchy import merges

    table = merges(steps, pd.Index(names))
    start = time.perf_counter()
    pairs = _tree._pairs(table, names)
    assert time.perf_counter() - start < 5  # half a second on a free machine; a minute where each name is compared with all
    np.testing.assert_array_equal(np.sort(pairs), np.sort(steps[:, :2]))
