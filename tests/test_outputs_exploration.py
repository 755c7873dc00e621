"""Pictures of exploration: graphs, lags, groups, significance."""

from dataclasses import replace

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import box

import spatial
from spatial.explore import _local
from spatial.outputs import _charts, _groups, _links, _names, _paper, _tally, _tree
from spatial.outputs._frame import Frame
from spatial.outputs.atlas import Atlas, Step
from spatial.outputs.figures import counted, measured_words, pictures
from spatial.outputs.themes import CLUSTERS, SIGNIFICANCE, theme, themes_of
from spatial.places import Aligned
from spatial.results import columns_of


@pytest.fixture(scope="module")
def places():
    """Six by six cells with a ridge, and one far from all others."""
    cells = [box(1000 * x, 1000 * y, 1000 * x + 1000, 1000 * y + 1000) for y in range(6) for x in range(6)]
    cells.append(box(50_000, 0, 51_000, 1000))
    random = np.random.default_rng(1)
    height = [x + random.normal(scale=0.3) for _ in range(6) for x in range(6)] + [2.0]
    return geopandas.GeoDataFrame(
        {"height": height, "width": random.normal(size=37)},
        geometry=cells,
        index=[f"p{at:02d}" for at in range(37)],
        crs="EPSG:32642",
    ).rename_axis("place")


@pytest.fixture(scope="module")
def made(places):
    graph = spatial.contiguity(places, islands="keep")
    connected = spatial.nearest(places, k=4)
    columns = ["height", "width"]
    steps = (
        Step(id="links", title="Neighbours", result=spatial.connectivity(places, graph), graph="queen"),
        Step(id="reach", title="Reach", result=spatial.correlogram(places, graph, column="height", steps=4), graph="queen"),
        Step(id="far", title="By distance", result=spatial.correlogram(places, graph, column="height", by="distance", width=1500, steps=3), graph="queen"),
        Step(id="moran", title="Moran", result=spatial.moran(places, graph, column="height"), graph="queen"),
        Step(id="local", title="Local", result=spatial.local_moran(places, graph, column="height"), graph="queen"),
        Step(id="groups", title="Groups", result=spatial.constrained_ward(places, graph, columns=columns, k=4, resamples=0), graph="queen"),
        Step(id="whole", title="Whole", result=spatial.constrained_ward(places, connected, columns=columns, k=3, resamples=0), graph="queen"),
    )  # fmt: skip
    filled = places.assign(
        **{name: values for step in steps for name, values in columns_of(step.id, step.result, places.index).items()}
    )
    return Atlas(
        name="grid", title="Grid", places=filled, steps=steps, graphs={"queen": graph}, themes=themes_of(filled, (), steps)
    )


def step_of(made, name):
    return next(each for each in made.steps if each.id == name)


def texts_of(sheet):
    from matplotlib.text import Text

    return [each.get_text() for each in sheet.figure.findobj(Text) if each.get_text() and each.get_visible()]


def test_each_result_brings_its_pictures(made):
    found = {(each.step, each.kind) for each in pictures(made)}
    wanted = {("links", "histogram"), ("links", "links"), ("reach", "correlogram"), ("far", "correlogram"), ("moran", "scatter")}
    wanted |= {("groups", "tree"), ("groups", "profiles"), ("local", "map")}
    assert wanted <= found
    assert [each.name for each in pictures(made) if each.step == "local"] == ["local_cluster", "local_significance"]


def test_every_picture_can_be_drawn_and_saved(made, tmp_path):
    with _paper.styled():
        for each in pictures(made):
            drawn = each.draw()
            assert drawn is not None, each.name
            for path in _paper.saved(drawn.figure, tmp_path, each.name):
                assert path.stat().st_size > 1000


def test_captions_tell_places_statistic_and_p(made):
    captions = {each.name: each.caption for each in pictures(made)}
    found = step_of(made, "moran").result
    assert captions["moran_scatter"].startswith("Moran: ")
    assert "(n = 37, Moran's I = 0." in captions["moran_scatter"]
    assert f"p (permutation) = {found.p_permutation:.3f}" in captions["moran_scatter"]
    assert "n = 37; " in captions["local_significance"]
    assert "Isolated: 1" in captions["local_significance"]
    assert captions["reach_table"].startswith("Reach: Moran's I by lag (n = 37; p adjusted for 4 lags from 0.0")


def test_a_caption_without_p_says_none(made):
    step = step_of(made, "moran")
    no_p = replace(step, result=replace(step.result, p_permutation=float("nan"), p=float("nan")))
    assert measured_words(no_p).endswith(f"{step.result.statistic:.3f}")


def test_a_caption_lists_no_crowd_of_classes():
    many = theme(pd.Series([str(each) for each in range(40)], name="c"), "categories", id="c", title="C")
    assert counted(many) == "n = 40"


def test_a_caption_counts_places_with_a_value():
    lacking = pd.Series([1.0, 2.0, 4.0, None, None], name="c")
    assert counted(theme(lacking, "sequential", id="c", title="C")) == "n = 3"
    named = pd.Series(["a", "b", "a", None, None], name="c")
    assert counted(theme(named, "categories", id="c", title="C")) == "n = 3; a: 2; b: 1; No data: 2"


def test_classes_of_p_include_their_bounds():
    p = np.array([0.001, 0.0011, 0.01, 0.05, 0.0501, np.nan, np.nan])
    islands = np.array([False] * 6 + [True])
    names = pd.Index(list("abcdefg"))
    given = Aligned(names, np.empty((7, 0)), None, {}, islands, names, ())
    assert _local._steps(given, p).tolist() == [
        "p ≤ 0.001",
        "p ≤ 0.01",
        "p ≤ 0.01",
        "p ≤ 0.05",
        "p > 0.05",
        "No p",
        "Isolated",
    ]


@pytest.mark.parametrize("correction", ["fdr", "none", "bonferroni"])
def test_the_map_of_significance_agrees_with_that_of_clusters(places, correction):
    graph = spatial.contiguity(places, islands="keep")
    found = spatial.local_moran(places, graph, column="height", correction=correction, permutations=9999)
    out = found.cluster.isin(["High-High", "Low-Low", "High-Low", "Low-High"])
    assert (found.significance.isin(["p ≤ 0.001", "p ≤ 0.01", "p ≤ 0.05"]) == out).all()
    assert out.any()
    assert found.significance["p36"] == "Isolated"


def test_places_without_a_value_have_no_significance(places):
    graph = spatial.contiguity(places, islands="keep")
    holey = places.assign(height=places["height"].mask(places.index == "p03"))
    found = spatial.local_moran(holey, graph, column="height", missing="drop")
    assert found.significance["p03"] == "No data"


def test_classes_of_p_keep_order_and_colours():
    shown = theme(pd.Series(["p > 0.05", "Isolated", "p ≤ 0.05", "p ≤ 0.001", "No data"], name="s"), "clusters", id="s", title="S")
    assert [each.label for each in shown.classes] == ["p ≤ 0.001", "p ≤ 0.05", "p > 0.05", "Isolated", "No data"]
    assert [each.colour for each in shown.classes[:2]] == [SIGNIFICANCE["p ≤ 0.001"], SIGNIFICANCE["p ≤ 0.05"]]


def test_whatever_a_local_statistic_finds_has_its_own_colour():
    assert set(_local.KINDS) | {"Not significant", "Isolated"} <= set(CLUSTERS)


def test_the_histogram_counts_all_and_sets_isolated_places_apart(made):
    step = step_of(made, "links")
    drawn = _tally.histogram(made, step, step.result.histogram, "Places by number of neighbours")
    bars = [bar for axes in drawn.figure.axes for bar in axes.patches]
    assert sum(bar.get_height() for bar in bars) == 37
    assert "Places: 37" in texts_of(drawn)
    assert "Dark: 1 without neighbours" in texts_of(drawn)
    assert "Median: 5" in texts_of(drawn)  # 1 with none, 4 with three, 16 with five, 16 with eight


def test_the_graph_is_drawn_link_by_link(made):
    from matplotlib.collections import LineCollection

    step = step_of(made, "links")
    drawn = _links.links(made, step, step.result.neighbours, "Number of neighbours")
    lines = [each for each in drawn.paper.collections if isinstance(each, LineCollection)]
    assert len(lines[0].get_segments()) == 2 * 30 + 2 * 25  # sides and diagonals
    assert "37 places, 110 linked pairs. Number of neighbours:" in texts_of(drawn)
    assert "Without neighbours (1)" in texts_of(drawn)


def test_a_step_without_graph_draws_none(made):
    assert not any(each.kind == "links" for each in pictures(replace(made, graphs={})))


def test_a_graph_of_other_places_is_not_drawn(made, places):
    other = replace(made, places=made.places.iloc[:-1])
    step = step_of(made, "links")
    assert _links.links(other, step, step.result.neighbours, "Number of neighbours") is None


def test_points_of_the_correlogram_are_filled_where_chance_is_left_behind(made):
    step = step_of(made, "reach")
    table = step.result.table
    drawn = _tally.correlogram(made, step, table, "Moran's I by lag")
    axes = drawn.figure.axes[1]
    points = next(each for each in axes.collections if len(each.get_offsets()) == len(table))
    np.testing.assert_allclose(points.get_offsets()[:, 1], table["statistic"])
    white = (points.get_facecolors()[:, :3] == 1).all(axis=1)
    assert (white == (table["p_adjusted"] > 0.05).to_numpy()).all()
    assert not white.all()
    assert axes.get_ylabel() == "Moran's I"
    assert axes.get_xlabel() == "Lag, steps in the graph"


@pytest.mark.parametrize(("scale", "title", "first"), [(1, "Distance, km", "0.0 – 1.5"), (0.1, "Distance, m", "0 – 150")])
def test_distances_are_in_the_unit_that_fits(made, scale, title, first):
    table = step_of(made, "far").result.table
    table = table.assign(nearest=scale * table["nearest"], farthest=scale * table["farthest"])
    assert _tally._lag_title(made, table) == title
    assert _tally.lag_words(made, table)[0] == first


def test_many_lags_are_not_all_spelt_out(made):
    step = step_of(made, "reach")
    table = pd.concat([step.result.table] * 10, ignore_index=True)
    drawn = _tally.correlogram(made, step, table.assign(nearest=range(40), farthest=range(40)), "I by lag")
    assert not any("links" in text for text in texts_of(drawn))


def test_bars_of_a_profile_have_the_colours_of_the_map(made):
    from matplotlib.colors import to_hex

    step = step_of(made, "groups")
    drawn = _groups.profiles(made, step, step.result.profile_standardised, "Profiles")
    shown = next(each for each in made.themes if each.id == "groups_cluster")
    panel = drawn.figure.axes[1]
    assert [to_hex(bar.get_facecolor()) for bar in panel.patches] == [each.colour for each in shown.classes]
    np.testing.assert_allclose([bar.get_width() for bar in panel.patches], step.result.profile_standardised["height"])


def test_profiles_of_a_crowd_are_left_out(made):
    step = step_of(made, "groups")
    assert _groups.profiles(made, step, pd.DataFrame(np.zeros((13, 2))), "Profiles") is None
    assert _groups.profiles(made, step, pd.DataFrame(np.zeros((2, 25))), "Profiles") is None


@pytest.mark.parametrize("name", ["groups", "whole"])
def test_branches_have_the_colour_of_their_group(made, name):
    step = step_of(made, name)
    leaves = sorted(made.places.index)
    pairs = _tree._pairs(step.result.merges, leaves)
    colours, kept = _tree._coloured(made, step, pairs, leaves, len(leaves))
    assert kept == len(leaves) - step.result.options["k"]
    assert len(set(colours[: len(leaves)])) == step.result.options["k"]
    for number, (first, second) in enumerate(pairs[:kept]):
        assert colours[first] == colours[second] == colours[len(leaves) + number]
    assert set(colours[len(leaves) + kept :]) <= {_paper.INK}
    assert sorted(_tree._leaves(pairs, len(leaves))) == list(range(len(leaves)))


def test_a_tree_in_parts_is_drawn_in_parts(made):
    assert step_of(made, "groups").result.merges["groups"].iloc[-1] == 2  # the far cell joins nobody
    assert _tree.tree(made, step_of(made, "groups"), step_of(made, "groups").result.merges) is not None


def test_no_line_cuts_a_tree_whose_joinings_sink():
    def cut(below, above):
        return _tree._cut(np.array(below), np.array(above))

    assert cut([1.0, 2.0], [4.0]) == 3.0
    assert cut([], [4.0]) == 2.0
    assert cut([1.0, 5.0], [4.0]) is None
    assert cut([1.0], []) is None


def test_at_most_five_places_are_ringed_and_those_the_result_marks(made):
    step = step_of(made, "moran")
    result = step.result
    index, x, y = result.deviation.index, result.deviation.to_numpy(), result.lag.to_numpy()
    marked = _charts.influential(step, index, x, y)
    assert len(marked) == min(5, result.influential)
    assert (result.influence["influential"].iloc[marked] == 1).all()
    many = replace(step, result=replace(result, influence=result.influence.assign(influential=1.0), influential=37))
    assert len(_charts.influential(many, index, x, y)) == 5
    assert "(5 of 37)" in _charts.marked_words(many, 5)[0]
    none = replace(step, result=replace(result, influential=0))
    assert _charts.marked_words(none, 0) == ["No place has much influence on the slope by itself."]


def test_names_go_where_no_point_is():
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    frame = Frame(0, 0, 5, 5, 0, 0, 1, 1)
    spot = np.array([[2.0, 2.0]])
    _names.place_names(axes, ["ab"], spot, np.array([0.07]), frame)
    free = axes.texts[-1].get_position()
    _names.place_names(axes, ["ab"], spot, np.array([0.07]), frame, avoid=np.array([[2.0, 2.0], [2.1, 2.0]]))
    assert axes.texts[-1].get_position()[0] < free[0]


@pytest.mark.parametrize(("room", "wanted"), [(2.0, ["0 – 25\n4 links", "25 – 50\n6 links"]), (0.3, ["0 – 25"])])
def test_words_below_lags_never_meet(room, wanted):
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    _tally._lag_ticks(axes, ["0 – 25", "25 – 50"], ["4 links", "6 links"], room)
    assert [each.get_text() for each in axes.get_xticklabels()] == wanted


def test_names_in_a_scatterplot_keep_off_its_lines(made):
    with _paper.styled():
        made_axes = _charts.moran_scatter(
            made, step_of(made, "moran"), *(getattr(step_of(made, "moran").result, name) for name in ("deviation", "lag"))
        ).figure.axes[1]
    spots = _charts._on_lines(made_axes, 0.5)
    on_slope, on_zero, on_side = spots[:, 1] == 0.5 * spots[:, 0], spots[:, 1] == 0, spots[:, 0] == 0
    assert (on_slope | on_zero | on_side).all()
    assert min(on_slope.sum(), on_zero.sum(), on_side.sum()) > 50


def test_places_are_counted_in_whole_numbers(made):
    few = pd.DataFrame({"places": [2, 0, 2, 3]}, index=pd.Index([1, 2, 3, 4], name="neighbours"))
    axes = _tally.histogram(made, step_of(made, "links"), few, "Places").figure.axes[1]
    assert [each.get_text() for each in axes.get_yticklabels()] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(("columns", "across"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (7, 3)])
def test_panels_of_a_profile_fill_their_rows(made, columns, across):
    table = pd.DataFrame(np.ones((2, columns)), index=["1", "2"], columns=list("abcdefg"[:columns]))
    drawn = _groups.profiles(made, step_of(made, "groups"), table, "Profiles")
    assert len({round(axes.get_position().x0, 6) for axes in drawn.figure.axes[1:]}) == across


def test_nothing_has_no_sign(made):
    table = pd.DataFrame({"a": [0.04, -0.04, 0.06]}, index=["1", "2", "3"])
    texts = texts_of(_groups.profiles(made, step_of(made, "groups"), table, "Profiles"))
    assert [text for text in texts if text.strip("+−").startswith("0.")] == ["0.0", "0.0", "+0.1"]


def test_pictures_name_titles_and_not_files(made):
    from spatial.outputs._margin import note_lines
    from spatial.outputs.atlas import Comparison, Source

    sources = (
        Source(title="Regions of 2018", origin="Natural Earth"),
        Source(title="shares.csv", origin="Survey of 2019, Table 2."),
        Source(title="own.gpkg", origin="origin not stated"),
        Source(title="published.csv", origin="A paper of 2020, Table 1"),
    )
    compared = Comparison(title="Table 1", table=pd.DataFrame(), source="A paper of 2020, Table 1")
    atlas = replace(made, sources=sources, comparisons=(compared,))
    assert note_lines(atlas, 6.3) == ["Sources: Regions of 2018. Survey of 2019, Table 2. own.gpkg."]
    assert note_lines(replace(made, sources=sources[:1]), 6.3) == ["Source: Regions of 2018."]


def test_numbers_of_meridians_stand_above_the_map():
    wide = geopandas.GeoDataFrame({"v": [1.0]}, geometry=[box(50, 40, 80, 55)], index=["a"], crs=4326).to_crs(3857)
    wide = wide.rename_axis("place").assign(w=2.0)
    from spatial.outputs._maps import choropleth

    atlas = Atlas(name="w", title="W", places=wide, themes=(theme(wide["v"], "sequential", id="v", title="V"),))
    drawn = choropleth(atlas, atlas.themes[0])
    from matplotlib.text import Text

    degrees = [each for each in drawn.figure.findobj(Text) if "°" in each.get_text()]
    assert degrees
    assert min(each.get_zorder() for each in degrees) > 3


def test_the_choice_of_a_number_of_groups_is_drawn(made):
    from matplotlib.colors import to_hex

    from spatial.outputs import _choice

    step = step_of(made, "groups")
    assert "groups_choice" in [each.name for each in pictures(made)]
    drawn = _choice.choice(made, step, step.result.choice, "What speaks for each number of groups")
    panels = drawn.figure.axes[1:]
    assert len(panels) == 3
    for panel in panels:
        fills = [to_hex(each) for each in panel.collections[0].get_facecolor()]
        assert [number for number, fill in zip(step.result.choice.index, fills, strict=True) if fill != "#ffffff"] == [4]
    assert _choice.choice(made, step, step.result.choice.iloc[:1], "") is None  # max-p tries one number only
