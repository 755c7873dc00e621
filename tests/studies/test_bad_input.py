"""Bad input: a clear message that says where and what to do, exit 1, and no output left behind."""

import os
import signal
import subprocess
import sys
import time

import geopandas
import numpy as np
import pytest
from shapely.geometry import Polygon, box

from spatial.cli import main

STUDY = """
title = "A grid"
seed = 1
[places]
boundaries = "grid.gpkg"
key = "code"
[[indicators]]
table = "table.csv"
key = "code"
[indicators.columns.value]
[indicators.columns.other]
[graphs.queen]
kind = "contiguity"
[[steps]]
operation = "moran"
id = "moran"
options = { column = "value", permutations = 99 }
[[steps]]
operation = "ols"
id = "ols"
options = { formula = "value ~ other" }
[outputs]
map = false
layers = false
report = false
"""


@pytest.fixture
def study(tmp_path):
    """A study of 25 cells that runs as it is."""
    folder = tmp_path / "study"
    folder.mkdir()
    random = np.random.default_rng(5)
    cells = [box(column * 1000, row * 1000, column * 1000 + 1000, row * 1000 + 1000) for row in range(5) for column in range(5)]
    codes = [f"c{number:02d}" for number in range(25)]
    layer(folder, codes, cells)
    rows = [f"{code},{column + random.normal():.6f},{random.normal():.6f}" for column, code in enumerate(codes)]
    (folder / "table.csv").write_text("code,value,other\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


def layer(folder, codes, shapes, crs="EPSG:32642"):
    geopandas.GeoDataFrame({"code": codes}, geometry=shapes, crs=crs).to_file(folder / "grid.gpkg", layer="grid")


def replace(folder, file, old, new, count=1):
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, count), encoding="utf-8")


def rows(folder, change):
    lines = (folder / "table.csv").read_text(encoding="utf-8").splitlines()
    (folder / "table.csv").write_text("\n".join(change(lines)) + "\n", encoding="utf-8")


def shapes_of(folder):
    read = geopandas.read_file(folder / "grid.gpkg", layer="grid")
    return list(read["code"]), list(read.geometry)


def without_crs(folder):
    codes, shapes = shapes_of(folder)
    (folder / "grid.gpkg").unlink()
    with pytest.warns(UserWarning, match="crs"):
        layer(folder, codes, shapes, crs=None)


def crossed(folder):
    codes, shapes = shapes_of(folder)
    shapes[3] = Polygon([(3000, 0), (4000, 1000), (4000, 0), (3000, 1000)])
    layer(folder, codes, shapes)


def island(folder):
    codes, shapes = shapes_of(folder)
    shapes[7] = box(90_000, 90_000, 91_000, 91_000)
    layer(folder, codes, shapes)


def in_degrees(folder):
    codes, shapes = shapes_of(folder)
    degrees = [box(*(np.array(shape.bounds) / 1000 / 10 + [60, 45, 60, 45])) for shape in shapes]
    layer(folder, codes, degrees, crs="EPSG:4326")
    replace(folder, "study.toml", 'key = "code"', 'key = "code"\ncrs = "EPSG:4326"')
    replace(folder, "study.toml", 'kind = "contiguity"', 'kind = "distance_band"\nthreshold = 0.15')


def few(folder):
    codes, shapes = shapes_of(folder)
    (folder / "grid.gpkg").unlink()
    layer(folder, codes[:2], shapes[:2])
    rows(folder, lambda lines: lines[:3])


def collinear(folder):
    rows(folder, lambda lines: [lines[0] + ",twice", *(f"{line},{2 * float(line.split(',')[2])}" for line in lines[1:])])
    replace(folder, "study.toml", "[graphs.queen]", "[indicators.columns.twice]\n[graphs.queen]")
    replace(folder, "study.toml", "value ~ other", "value ~ other + twice")


def constant(folder):
    rows(folder, lambda lines: [lines[0], *(f"{line.split(',')[0]},7,{line.split(',')[2]}" for line in lines[1:])])


CASES = {
    "no study": (lambda folder: (folder / "study.toml").unlink(), ["study.toml"]),
    "broken TOML": (lambda folder: replace(folder, "study.toml", "seed = 1", "seed = "), ["study.toml", "line 3"]),
    "no table": (lambda folder: (folder / "table.csv").unlink(), ["table.csv"]),
    "no boundaries": (lambda folder: (folder / "grid.gpkg").unlink(), ["grid.gpkg"]),
    "unknown key": (lambda folder: replace(folder, "study.toml", "[graphs.queen]", "[graph.queen]"), ["'graph'", "Did you mean 'graphs'", "line 12"]),
    "unknown option": (lambda folder: replace(folder, "study.toml", "permutations = 99", "permutation = 99"), ["permutation", "Did you mean 'permutations'"]),
    "unknown operation": (lambda folder: replace(folder, "study.toml", '"moran"', '"morans"'), ["'morans'", "Did you mean 'moran'"]),
    "no such column": (lambda folder: replace(folder, "study.toml", 'column = "value"', 'column = "valu"'), ["'valu'", "Did you mean 'value'"]),
    "no such column in the table": (lambda folder: replace(folder, "study.toml", "[indicators.columns.value]", "[indicators.columns.vale]"), ["table.csv", "'vale'", "Did you mean 'value'"]),
    "text among numbers": (lambda folder: rows(folder, lambda lines: [*lines[:4], "c03,much,1", *lines[5:]]), ["table.csv", "much", "value", "5"]),
    "key without place": (lambda folder: rows(folder, lambda lines: [*lines, "c99,1,1"]), ["table.csv", "'c99'", 'unmatched = "drop"']),
    "place without row": (lambda folder: rows(folder, lambda lines: lines[:-1]), ["table.csv", "'c24'", 'unmatched = "drop"']),
    "duplicated key": (lambda folder: rows(folder, lambda lines: [*lines, lines[3]]), ["table.csv", "'c02'", "27"]),
    "no reference system": (without_crs, ["reference system", "crs"]),
    "degrees as distances": (in_degrees, ["metres", "degrees"]),
    "invalid polygon": (crossed, ["c03", "Self-intersection", "repair"]),
    "island": (island, ["'c07'", "islands"]),
    "constant column": (constant, ["value", "7"]),
    "collinear": (collinear, ["other", "twice"]),
    "too few places": (few, ["places", "Expected at least"]),
    "missing value": (lambda folder: rows(folder, lambda lines: [*lines[:4], "c03,,1", *lines[5:]]), ["'c03'", 'missing = "drop"']),
    "range": (lambda folder: replace(folder, "study.toml", "[indicators.columns.value]", "[indicators.columns.value]\nrange = [0, 1]"), ["table.csv", "value", "range"]),
}  # fmt: skip


def test_the_study_runs_as_it_is(study, capsys):
    assert main(["run", str(study)]) == 0
    assert (study / "out" / "run.json").is_file()
    assert str(study / "out" / "run.json") in capsys.readouterr().out


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_said_and_leaves_nothing(study, case, capsys):
    change, words = CASES[case]
    change(study)
    before = sorted(path.name for path in study.parent.rglob("*"))
    assert main(["run", str(study)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert "Traceback" not in said.err
    assert sorted(path.name for path in study.parent.rglob("*")) == before


def test_all_complaints_about_a_study_come_at_once(study, capsys):
    replace(study, "study.toml", "seed = 1", "sed = 1")
    replace(study, "study.toml", "permutations = 99", "permutation = 99")
    replace(study, "study.toml", '"ols"', '"olss"')
    assert main(["run", str(study)]) == 1
    said = capsys.readouterr().err
    assert "'sed'" in said
    assert "permutation" in said
    assert "'olss'" in said


def test_an_output_folder_that_cannot_be_written(study, capsys):
    (study / "out").write_text("a file", encoding="utf-8")
    assert main(["run", str(study)]) == 1
    assert "nothing can be written there" in capsys.readouterr().err
    assert (study / "out").read_text(encoding="utf-8") == "a file"


def test_a_wrong_call_is_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["run", "--nonsense"])
    assert stopped.value.code == 2
    assert capsys.readouterr().out == ""


def test_kill_in_the_middle_of_a_run_leaves_the_old_outputs(study):
    assert main(["run", str(study)]) == 0
    out = study / "out"
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    replace(study, "study.toml", "permutations = 99", "permutations = 99999")
    child = subprocess.Popen([sys.executable, "-m", "spatial", "run", str(study)], stderr=subprocess.PIPE)
    for line in child.stderr:
        if b"Moran" in line:
            break
    time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_check_tells_of_every_table_at_once_with_the_ledger(study, capsys):
    rows(study, lambda lines: [lines[0], *(line.replace("c03", "c3") for line in lines[1:])])
    (study / "second.csv").write_text("code,more\nc00,1\nc01,much\n", encoding="utf-8")
    second = '[[indicators]]\ntable = "second.csv"\nkey = "code"\nunmatched = "drop"\n[indicators.columns.more]\n'
    replace(study, "study.toml", "[graphs.queen]", second + "[graphs.queen]")
    replace(study, "study.toml", 'kind = "contiguity"', 'kind = "nearest"\nk = 25')
    assert main(["check", str(study)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "A grid",
        "table.csv: 24 of 25 rows meet 24 of 25 places",
        "  row 5, c3: no place",
        "  place c03: no row",
        "second.csv: 2 of 2 rows meet 2 of 25 places",
        *(f"  place c{number:02d}: no row" for number in range(2, 25)),
    ]
    told = said.err.splitlines()
    assert len(told) == 4
    assert all(line.startswith("Error: ") for line in told)
    assert "1 of 25 keys has no place: 'c3' (row 5)" in told[0]
    assert "1 of 25 places has no row: 'c03'" in told[1]
    assert "much" in told[2]
    assert "graph 'queen'" in told[3]
    assert "Traceback" not in said.err
    assert not (study / "out").exists()


def test_check_finds_steps_whose_columns_cannot_be_used(study, capsys):
    replace(study, "study.toml", "value ~ other", "value ~ othr + C(kind)")
    rows(study, lambda lines: [lines[0], lines[1].replace(lines[1].split(",")[1], ""), *lines[2:]])
    assert main(["check", str(study)]) == 1
    told = capsys.readouterr().err.splitlines()
    lines = (study / "study.toml").read_text(encoding="utf-8").splitlines()
    at = {word: 1 + next(number for number, line in enumerate(lines) if word in line) for word in ("column = ", "othr")}
    assert f"study.toml, line {at['column = ']}: step 'moran', option 'column': " in told[0]
    assert "1 of 25 places has no value: 'c00'" in told[0]
    assert f"study.toml, line {at['othr']}: step 'ols', option 'formula': " in told[1]
    assert "there is no column 'othr'. Did you mean 'other'" in told[1]
    assert f"study.toml, line {at['othr']}: step 'ols', option 'formula': " in told[2]
    assert "there is no column 'kind'" in told[2]
