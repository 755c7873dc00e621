"""Tables of records: Stata with value labels and codes for missing values, and other kinds of file."""

import json

import numpy as np
import pandas as pd
import pytest
from outside import shared

from spatial.cli import main
from spatial.errors import DataError
from spatial.indicators import ColumnRecipe, RecordsRecipe, read_records


@pytest.fixture
def survey(tmp_path):
    """Eight firms as a survey leaves them: labels on answers, -9 for those who did not know."""
    path = tmp_path / "survey.dta"
    table = pd.DataFrame(
        {
            "region": [1, 1, 1, 2, 2, 2, 3, 3],
            "new": [1, 2, 2, 1, -9, 2, 1, 2],
            "outages": [0, 1, 2, -9, 4, 1, 0, 3],
            "sales": [10.5, np.nan, 8, 7, 9, 11, 12, 6],
        }
    )
    labels = {
        "region": {1: "North", 2: "South", 3: "West"},
        "new": {1: "Yes", 2: "No", -9: "Don't know"},
        "outages": {-9: "Don't know"},
    }
    table.to_stata(path, write_index=False, value_labels=labels, version=118)
    return path


def recipe(path, **more):
    return RecordsRecipe(table=path, key="region", **more)


def test_codes_are_missing_and_labels_are_kept(survey):
    found = read_records(recipe(survey, missing=(-9,)), ["new", "outages", "sales"])
    assert found.table["region"].tolist() == ["North"] * 3 + ["South"] * 3 + ["West"] * 2
    assert [None if pd.isna(each) else each for each in found.table["new"]] == ["Yes", "No", "No", "Yes", None, "No", "Yes", "No"]
    assert found.table["outages"].isna().sum() == 1
    assert found.table["outages"].dropna().tolist() == [0, 1, 2, 4, 1, 0, 3]
    assert found.table["sales"].isna().tolist() == [False, True, *[False] * 6]
    assert any("column 'outages': of 8 cells 1 with a missing code ('-9')" in each for each in found.findings)


def test_a_label_may_be_declared_missing(survey):
    found = read_records(recipe(survey, missing=("Don't know",)), ["new", "outages"]).table
    assert found.isna().sum().to_dict() == {"region": 0, "new": 1, "outages": 1}


def test_texts_become_the_numbers_the_study_says(survey):
    found = read_records(recipe(survey, missing=(-9,), values={"Yes": 1, "No": 0}), ["new"]).table
    assert found["new"].dropna().tolist() == [1, 0, 0, 1, 0, 1, 0]


def test_labelled_numbers_among_others_are_asked_about(survey):
    with pytest.raises(DataError, match=r"column 'outages': .*1 time -9 \(Don't know\).*say missing = \[-9\]"):
        read_records(recipe(survey), ["outages"])
    column = ColumnRecipe(name="outages", source="outages", title="Outages", low=0, high=31)
    with pytest.raises(DataError, match=r"1 value is out of range: 'row 4: -9'"):
        read_records(recipe(survey, columns={"outages": column}))


def test_all_complaints_come_at_once(survey):
    with pytest.raises(DataError) as told:
        read_records(recipe(survey), ["outages", "salse", "nwe"])
    assert "Did you mean 'sales'?" in str(told.value)
    assert "Did you mean 'new'?" in str(told.value)
    assert "'outages'" in str(told.value)
    assert len(str(told.value).splitlines()) == 3


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_other_files_give_the_same(ending, tmp_path):
    table = pd.DataFrame(
        {"region": ["North", "North", "South"], "n": [1.5, -9.0, 2.0], "kind": ["a", "b", "a"], "code": ["01", "02", "03"]}
    )
    path = tmp_path / f"firms.{ending}"
    {"csv": table.to_csv, "xlsx": table.to_excel, "parquet": table.to_parquet}[ending](path, index=False)
    found = read_records(recipe(path, missing=(-9,))).table
    assert list(found.columns) == ["region", "n", "kind", "code"]
    assert found["n"].tolist() == pytest.approx([1.5, np.nan, 2.0], nan_ok=True)
    assert found["kind"].tolist() == ["a", "b", "a"]
    assert found["code"].tolist() == ["01", "02", "03"]
    assert read_records(recipe(path, missing=(-9,)), ["n"]).table.columns.tolist() == ["region", "n"]


def test_the_command_line_takes_records(survey, capsys):
    words = ["do", "fixed_effects", "--records", str(survey), "--records-missing=-9", "--records-values", "Yes=1,No=0"]
    assert main([*words, "--formula", "new ~ outages", "--cluster", "region", "--missing", "drop", "--json"]) == 0
    answer = capsys.readouterr()
    found = json.loads(answer.out)
    assert found["observations"] == 6
    assert found["deleted"] == 2
    assert found["clusters"] == 3
    assert "missing code ('-9')" in answer.err
    assert main([*words, "--formula", "new ~ outages", "--graph", "queen", "--missing", "drop"]) == 1
    assert "--graph is given without --places" in capsys.readouterr().err
    assert main([*words[:4], "--records-values", "Yes", "--formula", "new ~ outages"]) == 1
    assert "'Yes' is not a text and its number" in capsys.readouterr().err


def test_the_form_of_the_survey_study(capsys):
    path = shared("data", "indicators_test", "synthetic", "wbes_style_SYNTHETIC.dta")
    words = ["do", "fixed_effects", "--records", str(path), "--records-missing=-9,-8,-7", "--records-values", "Yes=1,No=0"]
    words += ["--formula", "h1 ~ ge7 + k33 + c7", "--absorb", "a4a", "--cluster", "a2", "--missing", "drop"]
    words += ["--places", "kazakhstan/regions-7", "--graph", "queen", "--place", "a2", "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["records"], found["deleted"], found["observations"], found["clusters"], found["df"]) == (1013, 16, 997, 7, 6)
    assert {row: cells["missing"] for row, cells in found["deletions"].items()} == {"h1": 1, "ge7": 3, "c7": 12}
    plain = pd.read_stata(path, convert_categoricals=False).replace({-9: np.nan, -7: np.nan})
    plain = plain.assign(h1=2 - plain.h1, ge7=2 - plain.ge7).dropna(subset=["h1", "ge7", "c7"])
    matrix = np.column_stack([plain[["ge7", "k33", "c7"]], pd.get_dummies(plain.a4a).astype(float)])
    slopes, left, *_ = np.linalg.lstsq(matrix, plain.h1, rcond=None)
    residuals = plain.h1 - matrix @ slopes
    scores = (matrix * residuals.to_numpy()[:, None]).T @ pd.get_dummies(plain.a2).to_numpy(float)
    bread = np.linalg.inv(matrix.T @ matrix)
    errors = np.sqrt(np.diag(7 / 6 * 996 / 991 * bread @ scores @ scores.T @ bread))
    for position, name in enumerate(("ge7", "k33", "c7")):
        row = found["coefficients"][name]
        assert row["estimate"] == pytest.approx(slopes[position], rel=1e-9)
        assert row["std_error"] == pytest.approx(errors[position], rel=1e-9)
        assert row["statistic"] == pytest.approx(slopes[position] / errors[position], rel=1e-9)
        assert 2 / 128 <= row["p_wild"] <= 1
    constant = plain.h1.mean() - plain[["ge7", "k33", "c7"]].mean() @ slopes[:3]
    assert found["coefficients"]["Intercept"]["estimate"] == pytest.approx(constant, rel=1e-9)
    assert found["r2"] == pytest.approx(1 - left[0] / ((plain.h1 - plain.h1.mean()) ** 2).sum(), rel=1e-9)
    around = plain.h1 - plain.groupby("a4a").h1.transform("mean")
    assert found["r2_within"] == pytest.approx(1 - left[0] / (around**2).sum(), rel=1e-9)
    assert set(found["residuals"]) == {"Almaty", "Astana", "Center", "East", "North", "South", "West"}
    assert found["tests"]["Moran residuals, permutation"]["p"] == found["residual_moran_p_permutation"]
    assert any("All 5,040 orders" in note for note in found["notes"])
