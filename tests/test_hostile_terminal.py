"""No text of the data steers the terminal it is printed on, and no refusal of the system is a traceback."""

import json
import re

import geopandas
import pytest
from shapely.geometry import box

from spatial.cli import main
from spatial.written import json_words

STEERING = "\x1b]0;title\x07\x9b31m\u202e"
STUDY = """
title = "A grid {text}"
notes = ["a note {text}"]
[places]
boundaries = "grid.gpkg"
key = "code"
label = "name"
[graphs.queen]
kind = "contiguity"
[[steps]]
operation = "moran"
title = "Moran {text}"
options = {{ column = "value", permutations = 99 }}
[outputs]
map = false
layers = false
report = false
"""


@pytest.fixture
def study(tmp_path):
    """A study of 16 cells whose every text tries to steer the terminal."""
    cells = [box(1000 * x, 1000 * y, 1000 * x + 1000, 1000 * y + 1000) for y in range(4) for x in range(4)]
    codes = [f"=c{number:02d} {STEERING}" for number in range(16)]
    frame = geopandas.GeoDataFrame({"code": codes, "name": codes, "value": range(16)}, geometry=cells, crs="EPSG:32642")
    frame.to_file(tmp_path / "grid.gpkg", layer="grid")
    text = "".join(f"\\u{ord(letter):04x}" for letter in STEERING)
    (tmp_path / "study.toml").write_text(STUDY.format(text=text), encoding="utf-8")
    return tmp_path


def steers(text):
    return re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("command", [("check",), ("run",)])
def test_a_study_steers_nothing(study, capsys, command):
    assert main([*command, str(study)]) == 0
    told = capsys.readouterr()
    assert "a note" in told.out + told.err
    assert steers(told.out + told.err) is None


@pytest.mark.parametrize("more", [(), ("--json",), ("--column", "val\x1bue"), ("--column", STEERING)])
def test_one_operation_steers_nothing(study, capsys, more):
    words = ["do", "local_moran", "--places", str(study / "grid.gpkg"), "--key", "code", "--graph", "queen"]
    main([*words, *(() if "--column" in more else ("--column", "value")), *more])
    told = capsys.readouterr()
    assert steers(told.out + told.err) is None
    if more == ("--json",):
        assert any(STEERING in place for place in json.loads(told.out)["statistic"])  # what it says is whole all the same


def test_json_keeps_what_it_says():
    assert json.loads(json_words({"a": STEERING})) == {"a": STEERING}


def test_a_table_that_is_written_holds_no_formula(study, tmp_path):
    words = ["do", "local_moran", "--places", str(study / "grid.gpkg"), "--key", "code", "--graph", "queen", "--column", "value"]
    assert main([*words, "--out", str(tmp_path / "made.csv")]) == 0
    rows = (tmp_path / "made.csv").read_text(encoding="utf-8-sig").splitlines()
    assert all(row.startswith("'=c") for row in rows[1:])


def test_an_output_folder_without_a_name_is_a_wrong_call(study, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["run", str(study), "--out", ""])
    assert caught.value.code == 2
    assert "expected the name of a folder" in capsys.readouterr().err


def test_what_the_system_refuses_is_a_message(study, capsys, monkeypatch):
    assert main(["run", str(study / ("a" * 5_000))]) == 1
    assert "name too long" in capsys.readouterr().err

    def too_much(*_):
        raise MemoryError

    monkeypatch.setattr("spatial.running.run", lambda *_, **__: too_much())
    assert main(["run", str(study)]) == 1
    assert "not enough memory" in capsys.readouterr().err
