"""CSV, LaTeX and Word tables."""

import csv
import io
import re
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from reading_atlas import HOSTILE, atlas, squares

from spatial.outputs._collected import Table, file_names, models, statistics
from spatial.outputs._latex import escaped, latex
from spatial.outputs._printed import printed
from spatial.outputs.tables import csv_bytes, harmless, write_tables


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    return folder, write_tables(atlas(), folder)


def read(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_every_table_has_its_file(written):
    folder, paths = written
    names = {path.name for path in paths}
    assert names == {path.name for path in folder.iterdir()}
    expected = {
        "places",
        "columns",
        "statistics",
        "models",
        "join_ledger",
        "sources",
        "lag_coefficients",
        "lag_tests",
        "lag_impacts",
        "ward_profile",
        "ward_merges",
    }
    assert {f"{name}.csv" for name in (*expected, "lag_residual_quantiles", "comparison_1")} <= names
    assert {"lag_coefficients.tex", "models.tex", "tables.docx"} <= names


def test_excel_reads_cyrillic_and_pandas_every_digit(written):
    folder, _ = written
    assert (folder / "places.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(folder / "places.csv", index_col="place", dtype={"lag_residuals": str})
    places = atlas().places
    assert back["name"].iloc[0] == "Аудан 0"
    assert list(back.columns) == [name for name in places.columns if name != "geometry"]
    np.testing.assert_array_equal(back["lag_residuals"].astype(float).to_numpy(), places["lag_residuals"].to_numpy())


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1", "\n=1"])
def test_no_text_becomes_a_formula(text):
    row = next(csv.reader(io.StringIO(csv_bytes(["a"], [[text]]).decode("utf-8-sig"), newline="")))
    assert row == ["a"]
    assert harmless(text).startswith("'")


def test_formulas_in_names_columns_and_labels_are_neutralised(written):
    folder, _ = written
    assert "'=1+1" in {row[1] for row in read(folder / "places.csv")}
    made = csv_bytes(["=cmd"], [[-9.5], ["-9"], [None], [pd.NA], [True]]).decode("utf-8-sig").splitlines()
    assert made == ["'=cmd", "-9.5", "-9", '""', '""', "true"]


def test_the_codebook_names_every_column(written):
    folder, _ = written
    rows = {row[0]: row[1:] for row in read(folder / "columns.csv")}
    assert rows["income"] == ["Income per head", "thousand tenge", "indicator"]
    assert rows["moran_income_lag"] == ["Lag", "", "result of moran_income"]
    assert rows["name"][2] == "boundaries"


def test_estimates_have_the_decimals_of_their_errors():
    table = next(each for each in _tables(atlas()) if each.name == "lag_coefficients")
    made = printed(table)
    assert made.headings == ("Term", "Estimate", "SE", "z", "p", "Lower", "Upper")
    assert made.rows[0][:5] == ("Intercept", "343\u202f733", "112\u202f419", "3.06", "0.002")
    assert made.rows[1][0] == "W·income"
    assert made.rows[2] == ("ρ", "−0.193", "0.193", "−1.00", "0.317", "−0.572", "0.186")
    assert printed(next(each for each in _tables(atlas()) if each.name == "ols_coefficients")).headings[3] == "t"


def test_effects_stand_under_each_other():
    made = printed(next(each for each in _tables(atlas()) if each.name == "lag_impacts"))
    assert made.headings[1:] == ("Effect", "Estimate", "SE", "z", "p", "Lower", "Upper")
    assert [row[1] for row in made.rows] == ["Direct", "Indirect", "Total"]
    assert made.rows[1][2:6] == ("−0.300", "0.200", "−1.50", "0.130")


def test_degrees_of_freedom_are_whole():
    made = printed(next(each for each in _tables(atlas()) if each.name == "lag_tests"))
    assert made.rows[1] == ("Invented test", "12.25", "2", "<0.001")


def test_a_column_of_quantiles_becomes_a_line():
    made = printed(next(each for each in _tables(atlas()) if each.name == "lag_residual_quantiles"))
    assert made.headings == ("Minimum", "Lower quartile", "Median", "Upper quartile", "Maximum")
    assert made.rows == (("−2.000", "−0.500", "0.100", "0.400", "3.000"),)


def test_a_wide_short_table_is_turned():
    frame = pd.DataFrame(
        [np.arange(12) / 7, np.arange(12) * 1000.5], index=["a", "b"], columns=[f"c{number}" for number in range(12)]
    )
    made = printed(Table(name="t", title="T", frame=frame))
    assert len(made.rows) == 12
    assert made.headings == ("", "a", "b")


def test_long_tables_say_what_they_leave_out():
    made = printed(Table(name="t", title="T", frame=pd.DataFrame({"x": range(100)})))
    assert (len(made.rows), made.left_out) == (60, 40)


def test_comparison_rounds_like_the_published_number():
    made = printed(next(each for each in _tables(atlas()) if each.kind == "comparison"))
    assert made.rows[0] == ("rho", "−0.19328", "−0.19331", "−0.00003")
    assert made.rows[1] == ("AIC", "1\u202f144.7", "1\u202f144.7", "0.0")
    assert made.rows[2][1] == "–"


def test_statistics_of_all_steps_in_one_table():
    table = statistics(atlas().steps)
    assert list(table.frame.index) == ["moran_income"]
    assert table.frame.loc["moran_income", "p_permutation"] == 0.002


def test_models_side_by_side():
    made = printed(models(atlas().steps))
    assert made.headings == ("", "ols", "lag")
    assert ("ρ", "", "−0.193") in made.rows
    assert ("", "", "(0.193)") in made.rows
    assert ("", "", "[0.317]") in made.rows
    assert ("AIC", "1\u202f144.7", "1\u202f144.7") in made.rows
    assert models(atlas().steps[:2]) is None


def test_latex_prints_estimate_error_and_p_without_stars():
    text = latex(next(each for each in _tables(atlas()) if each.name == "lag_coefficients"))
    assert r"$\rho$ & $-$0.193 & (0.193) & 0.317 \\" in text
    assert r"\toprule" in text
    assert "*" not in text
    assert text.count("{") == text.count("}")


def test_latex_leaves_no_command_to_the_data():
    text = escaped("50 $ & {R}_D % \\x^2 ~ # < 1 × 10⁻⁹")
    assert (
        text == r"50 \$ \& \{R\}\_D \% \textbackslash{}x\textasciicircum{}2 \textasciitilde{} \# \textless{} 1 $\times$ $10^{-9}$"
    )
    assert re.search(r"(?<!\\)[$&%#_]", escaped(HOSTILE + "$&%#_")) is None


def test_word_document_has_tables_and_no_dates(written):
    import docx

    folder, _ = written
    document = docx.Document(folder / "tables.docx")
    assert len(document.tables) >= 8
    cells = [cell.text for table in document.tables for cell in table.rows[1].cells]
    assert "Intercept" in cells
    with zipfile.ZipFile(folder / "tables.docx") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert "1980-01-01" in archive.read("docProps/core.xml").decode()


def test_same_in_same_out(written, tmp_path):
    folder, paths = written
    again = write_tables(atlas(), tmp_path)
    assert [path.name for path in again] == [path.name for path in paths]
    assert all(path.read_bytes() == (folder / path.name).read_bytes() for path in again)


def test_file_names_are_safe_and_apart():
    assert file_names(["lag_tests", "LAG_tests", "../../etc", "", "con", "ж"]) == [
        "lag_tests",
        "LAG_tests-2",
        "etc",
        "unnamed",
        "con-",
        "unnamed-2",
    ]


def test_a_step_called_places_takes_no_file_of_another(tmp_path):
    odd = replace(atlas().steps[3], id="places")
    write_tables(atlas(steps=(odd,), ledger=None, comparisons=()), tmp_path)
    assert read(tmp_path / "places.csv")[0][0] == "place"
    assert (tmp_path / "places_profile.csv").exists()


def test_few_words_for_a_bare_study(tmp_path):
    bare = atlas(squares(), steps=(), ledger=None, comparisons=(), sources=(), indicators=(), themes=(), points={}, surfaces={})
    assert {path.name for path in write_tables(bare, tmp_path)} == {"places.csv", "columns.csv", "tables.docx"}


def _tables(made):
    from spatial.outputs._collected import tables_of

    return tables_of(made)


def test_measures_of_shape_keep_their_own_decimals():
    frame = pd.DataFrame(
        {
            "n": [73, 69],
            "mean": [17509.7, 0.238],
            "sd": [12929.7, 0.219],
            "skewness": [0.82, 1.0],
            "kurtosis": [3.65, np.nan],
            "cv": [0.738, 0.3214],
        },
        index=pd.Index(["heads", "hectares"], name="column"),
    )
    rows = printed(Table(name="t", title="T", frame=frame)).rows
    assert rows[0][-3:] == ("0.82", "3.65", "0.74")
    assert rows[1][-3:] == ("1.00", "–", "0.32")
