"""A study of firms in regions: a table of records from the study file to tables, map and record."""

import json

import numpy as np
import pandas as pd
import pytest

from spatial.errors import InputError, StudyError
from spatial.running import prepare, run
from spatial.study import read_study
from spatial.verify import verify

STUDY = """
title = "Firms in cells"
seed = 3
[places]
boundaries = "grid.gpkg"
key = "code"
[records.firms]
table = "firms.csv"
key = "cell"
missing = [-9]
values = { yes = 1, no = 0 }
source = "drawn by the test"
[records.firms.columns.innovates]
from = "new"
title = "New product"
[records.firms.columns.size]
range = [0, 1000]
[graphs.queen]
kind = "contiguity"
[[steps]]
operation = "fixed_effects"
id = "survey"
options = { formula = "innovates ~ log(size) + C(sector)", absorb = ["year"], cluster = ["cell"], missing = "drop" }
[outputs]
map = false
layers = false
"""


@pytest.fixture
def study(grid, tmp_path):
    folder = tmp_path / "survey"
    folder.mkdir()
    grid.rename_axis("code").reset_index()[["code", "geometry"]].to_file(folder / "grid.gpkg")
    random = np.random.default_rng(2)
    cells = random.integers(0, 15, 200)  # the last cell has no firms
    table = pd.DataFrame(
        {
            "cell": [f"cell {each:02d}" for each in cells],
            "new": np.where(random.uniform(size=200) < 0.3 + 0.02 * cells, "yes", "no"),
            "size": random.integers(1, 300, 200),
            "sector": random.choice(["farm", "shop"], 200),
            "year": random.integers(2018, 2021, 200),
            "comment": "1,5 or so",
        }
    )
    table.loc[[3, 4], "size"] = -9
    table.to_csv(folder / "firms.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


def replace(study, before, after):
    file = study / "study.toml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_from_file_to_record(study):
    done = run(study)
    found = done.results["survey"]
    assert (found.records, found.deleted, found.observations, found.clusters) == (200, 2, 198, 15)
    assert found.options["place"] == "cell"
    assert found.options["seed"] == 3
    assert {"p_wild", "low_wild", "high_wild"} <= set(found.coefficients.columns)
    assert list(found.tests.index)[:2] == ["Moran residuals", "Moran residuals, permutation"]
    record = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))
    assert record["steps"]["survey"]["observations"] == 198
    assert any(each["name"] == "firms.csv" and len(each["sha256"]) == 64 for each in record["inputs"])
    assert any("missing code ('-9')" in each for each in record["findings"])
    places = pd.read_csv(done.folder / "tables" / "places.csv")
    assert places["survey_place_records"].sum() == 198
    assert places["survey_residuals"].isna().sum() == 1
    report = (done.folder / "report.html").read_text(encoding="utf-8")
    assert "p (wild)" in report
    assert "only 15 clusters" in report
    assert "Within R²" in report
    assert "guide to cluster-robust inference" in report
    paper = (done.folder / "tables" / "survey_coefficients.tex").read_text(encoding="utf-8")
    assert "Clusters & " in paper
    assert "Within R" in paper
    assert verify(study).same


def test_all_complaints_of_a_study_file_come_at_once(study):
    replace(study, "values = { yes = 1, no = 0 }", 'values = { yes = "one", no = 0 }\nvalue = 3')
    replace(study, 'id = "survey"', 'id = "survey"\nrecords = "firm"')
    replace(study, 'table = "firms.csv"', 'table = "firm.csv"')
    with pytest.raises(StudyError) as told:
        read_study(study)
    for words in (
        "no file 'firm.csv'",
        "Did you mean 'firms.csv'",
        "Expected a number",
        "unknown key 'value'",
        "no records 'firm'",
    ):
        assert words in str(told.value), words
    assert str(told.value).count("study.toml, line") == 4


def test_all_complaints_of_the_tables_come_at_once(study):
    replace(study, "range = [0, 1000]", "range = [0, 200]")
    replace(study, "C(sector)", "C(sektor)")
    with pytest.raises(InputError) as told:
        prepare(read_study(study))
    assert "Did you mean 'sector'?" in str(told.value)
    assert "out of range" in str(told.value)


def test_gaps_nobody_has_spoken_of_are_found_before_anything_is_computed(study):
    replace(study, ', missing = "drop"', "")
    with pytest.raises(InputError, match=r"step 'survey': records: 2 of 200 lack a value that the step uses \(missing: 'size' 2\)"):
        prepare(read_study(study))


def test_a_step_needs_records_and_others_take_none(study):
    other = '[records.again]\ntable = "firms.csv"\n[graphs.queen]'
    more = '[[steps]]\noperation = "moran"\nrecords = "firms"\noptions = { column = "value" }\n[outputs]'
    replace(study, "[graphs.queen]", other)
    replace(study, "[outputs]", more)
    with pytest.raises(StudyError) as told:
        read_study(study)
    assert "step 'survey' works on a table of records, and there are several: 'firms', 'again'" in str(told.value)
    assert "step 'moran': moran takes no records" in str(told.value)
    without = STUDY[: STUDY.index("[records.firms]")] + STUDY[STUDY.index("[graphs.queen]") :]
    (study / "study.toml").write_text(without, encoding="utf-8")
    with pytest.raises(StudyError, match=r"works on a table of records, and the study has none.*Add \[records.NAME\]"):
        read_study(study)


def test_records_without_a_key_are_not_mapped(study):
    replace(study, 'key = "cell"\nmissing', "missing")
    found = run(study).results["survey"]
    assert found.residuals is None
    assert found.tests is None
    assert found.observations == 198
