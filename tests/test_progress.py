"""Long computations tell how far they are, and stop without leaving anything behind."""

import pytest

import spatial
from spatial import running
from spatial.progress import telling
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
    "moran": lambda grid, graph: spatial.moran(grid, graph, column="noise"),
    "local_moran": lambda grid, graph: spatial.local_moran(grid, graph, column="noise"),
    "k_means": lambda grid, graph: spatial.k_means(grid, columns=["noise", "value"], k=2),
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
