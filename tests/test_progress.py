"""Long computations tell how far they are, and stop without leaving anything behind."""

import pytest

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
