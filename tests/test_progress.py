"""Long computations tell how far they are, and stop without leaving anything behind."""

import _thread
import threading
import time

import geopandas
import numpy as np
import pytest

import spatial
from spatial import running
from spatial.progress import awaited, one_thread, tell, telling, told_as
from spatial.running import _told, computing, run, seldom

STUDY = """
title = "Grid SYNTHETIC"
[places]
boundaries = "grid.gpkg"
key = "code"
[graphs.queen]
kind = "contiguity"
[[steps]]
operation = "local_moran"
options = { column = "noise", permutations = 9999, draws = "own", exact = "no" }
"""


@pytest.fixture
def study(grid, tmp_path):
    grid.rename_axis("code").reset_index().to_file(tmp_path / "grid.gpkg")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def test_told_seldom(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(_told, "monotonic", lambda: now[0])
    told = []
    tell = seldom(lambda *each: told.append(each), seconds=2)
    for second in range(7):
        now[0] = float(second)
        tell(second, 10, "orders")
        tell(second, 10, "once more")
    assert told == [(2, 10, "orders"), (4, 10, "orders"), (6, 10, "orders")]


def test_a_long_step_tells_its_share(study, monkeypatch):
    monkeypatch.setattr(computing, "seldom", lambda tell: tell)
    told = []
    run(study, progress=lambda done, total, words: told.append((done, total, words)))
    inside = [each for each in told if each[2].endswith("%")]
    assert inside
    assert all(each[:2] == (1, 3) and each[2].startswith("Local Moran's I: noise: ") for each in inside)
    assert inside[-1][2].endswith("100%")


def test_ctrl_c_inside_a_step_leaves_nothing(study, monkeypatch):
    monkeypatch.setattr(computing, "seldom", lambda tell: tell)

    def stop(done, total, words):
        if words.endswith("%"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study, progress=stop)
    assert sorted(path.name for path in study.iterdir()) == ["grid.gpkg", "study.toml"]


LONG = {
    "contiguity": lambda grid, graph: spatial.contiguity(grid),
    "nearest": lambda grid, graph: spatial.nearest(grid, k=3),
    "distance_band": lambda grid, graph: spatial.distance_band(grid, threshold=1500),
    "triangulation": lambda grid, graph: spatial.triangulation(grid),
    "moran": lambda grid, graph: spatial.moran(grid, graph, column="noise"),
    "local_moran": lambda grid, graph: spatial.local_moran(grid, graph, column="noise"),
    "k_means": lambda grid, graph: spatial.k_means(grid, columns=["noise", "value"], k=2),
    "ward": lambda grid, graph: spatial.ward(grid, columns=["noise", "value"], k=2),
    "constrained_ward": lambda grid, graph: spatial.constrained_ward(grid, graph, columns=["noise"], k=3),
    "skater": lambda grid, graph: spatial.skater(grid, graph, columns=["noise"], k=3),
    "max_p": lambda grid, graph: spatial.max_p(grid, graph, columns=["noise"], minimum=4),
    "ols": lambda grid, graph: spatial.ols(grid, graph, formula="noise ~ value"),
    "lag_model": lambda grid, graph: spatial.lag_model(grid, graph, formula="noise ~ value"),
}


@pytest.mark.parametrize("name", LONG)
def test_what_takes_long_with_many_places_tells_its_share(grid, name):
    graph = spatial.contiguity(grid)
    told = []
    with telling(lambda *each: told.append(each)):
        LONG[name](grid, graph)
    assert told
    assert all(0 <= done <= total and words for done, total, words in told)


@pytest.mark.parametrize("name", LONG)
def test_what_takes_long_stops_when_told_to(grid, name):
    graph = spatial.contiguity(grid)

    def stop(done, total, words):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), telling(stop):
        LONG[name](grid, graph)


def test_the_graph_of_a_study_tells_its_share_too(study, monkeypatch):
    monkeypatch.setattr(running, "seldom", lambda tell: tell)
    told = []
    run(study, progress=lambda done, total, words: told.append((done, total, words)))
    assert any(done == 0 and words.endswith("%") for done, _, words in told)


def threads():
    from threadpoolctl import threadpool_info

    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_matrices_of_a_few_hundred_rows_have_one_thread():
    import scipy.linalg  # noqa: F401

    before = threads()
    with one_thread(500):
        assert threads() == {1}
    with one_thread():
        assert threads() == {1}
    assert threads() == before
    for rows in (10, 100_000):
        with one_thread(rows):
            assert threads() == before


@pytest.mark.parametrize("options", [{}, {"estimator": "gmm"}])
def test_models_of_a_few_hundred_places_have_one_thread(options, monkeypatch):
    from shapely.geometry import box

    from spatial.models import _engine, _engine_gmm

    cells = [box(column, row, column + 1, row + 1) for row in range(10) for column in range(10)]
    table = {"y": np.random.default_rng(1).normal(size=100), "x": np.random.default_rng(2).normal(size=100)}
    places = geopandas.GeoDataFrame(table, geometry=cells, index=[f"p{n:03d}" for n in range(100)], crs="EPSG:32642")
    seen = []
    for room in (_engine, _engine_gmm):
        monkeypatch.setattr(room, "impacts_table", lambda *a, f=room.impacts_table, **b: seen.append(threads()) or f(*a, **b))
    spatial.lag_model(places, spatial.contiguity(places), formula="y ~ x", **options)
    assert seen == [{1}]


def test_regions_are_told_of_while_they_are_improved_too(grid):
    told = []
    with telling(lambda *each: told.append(each)):
        spatial.max_p(grid, spatial.contiguity(grid), columns=["noise"], minimum=4)
    assert {"Trying random starts", "Improving regions"} <= {words for _, _, words in told}


@pytest.mark.parametrize("rule", ["gabriel", "relative", "sphere_of_influence"])
def test_the_stages_of_a_triangulation_are_told(grid, rule):
    told = []
    with telling(lambda *each: told.append(each)):
        spatial.triangulation(grid, rule=rule, islands="keep")
    assert told[0][2] == f"Triangulating {len(grid)} points"
    assert told[-1][2] == "Building the graph"
    assert any(words == "Comparing links with places nearby" and done == total for done, total, words in told)


def test_the_stages_of_groupings_are_told(grid):
    told = []
    with telling(lambda *each: told.append(each[2])):
        spatial.skater(grid, spatial.contiguity(grid, rule="rook"), columns=["noise"], k=3, resamples=0)
    assert list(dict.fromkeys(told))[-3:] == ["Building the spanning tree", "Cutting the tree", "Measuring silhouettes"]
    told.clear()
    with telling(lambda *each: told.append(each[2])):
        spatial.ward(grid, columns=["noise"], k=3, resamples=0)
    words = ["Merging groups", "Measuring silhouettes"]
    assert list(dict.fromkeys(told))[-2:] == words


def test_one_of_many_searches_is_told_as_a_part_of_the_whole():
    told = []
    with telling(lambda *each: told.append(each)):
        with told_as(2, 5, "Searching"):
            tell(0, 100, "A part")
            tell(99, 100, "A part")
        tell(1, 1, "Afterwards")
    assert told == [(2, 5, "Searching")] * 3 + [(1, 1, "Afterwards")]
    with told_as(2, 5, "Searching"):  # nobody listens
        tell(0, 100, "A part")


def test_a_call_waited_for_gives_what_it_found_and_is_told_of():
    told = []
    with telling(lambda *each: told.append(each)):
        assert awaited(lambda: time.sleep(0.5) or threading.current_thread().name, 0, 2, "Calling") != "MainThread"
    assert len(told) >= 2
    assert set(told) == {(0, 2, "Calling")}


@pytest.mark.parametrize("error", [ValueError("bad"), TimeoutError("late"), KeyboardInterrupt()])
def test_what_a_call_waited_for_raises_is_raised(error):
    def work():
        raise error

    with pytest.raises(type(error)) as caught:
        awaited(work, 0, 1, "Calling")
    assert caught.value is error


def test_ctrl_c_does_not_wait_for_a_call():
    release, begun = threading.Event(), time.monotonic()
    threading.Timer(0.1, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        awaited(lambda: release.wait(20), 0, 1, "Calling")
    assert time.monotonic() - begun < 5
    release.set()


def test_a_listener_stops_a_call_that_is_waited_for():
    release, heard = threading.Event(), []

    def stop(*each):
        heard.append(each)
        if len(heard) > 1:
            raise RuntimeError

    with pytest.raises(RuntimeError), telling(stop):
        awaited(lambda: release.wait(20), 0, 1, "Calling")
    release.set()


def test_only_the_main_thread_waits_for_another():
    found = []
    other = threading.Thread(target=lambda: found.append(awaited(threading.current_thread, 0, 1, "Calling")))
    other.start()
    other.join()
    assert found == [other]
