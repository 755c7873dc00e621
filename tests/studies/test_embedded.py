"""The embedded studies, from file to outputs, as a user sees them: complete, reproducible, honest."""

import csv
import hashlib
import json
import re
import sqlite3
import zipfile

import geopandas
import pytest

from spatial.cli import main


def only(name):
    """Run a test for one of the studies."""
    return pytest.mark.parametrize("finished", [name], indirect=True)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_study_twice_gives_the_same_bytes(finished):
    _, first, second = finished
    assert contents(first) == contents(second)


def test_everything_promised_is_there(finished):
    name, out, _ = finished
    files = set(contents(out))
    assert {"atlas.gpkg", "atlas.qgz", "map.html", "report.html", "run.json", "tables/tables.docx"} <= files
    assert any(file.startswith("tables/") and file.endswith(".csv") for file in files)
    assert any(file.startswith("tables/") and file.endswith(".tex") for file in files)
    assert any(file.startswith("figures/") and file.endswith(".png") for file in files)
    assert any(file.startswith("figures/") and file.endswith(".svg") for file in files)
    surfaces = {file for file in files if file.startswith("surface-")}
    assert bool(surfaces) == (name == "kazakhstan-readiness")
    assert all(file.replace(".tif", ".qml") in surfaces for file in surfaces)
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert sorted([*record["outputs"], "run.json"]) == sorted(files)


def test_the_record_holds_no_date_and_no_path_of_a_machine(finished):
    _, out, _ = finished
    text = (out / "run.json").read_text(encoding="utf-8")
    record = json.loads(text)
    assert all(re.fullmatch(r"[0-9a-f]{64}", each["sha256"]) for each in record["inputs"])
    assert str(out.parent) not in text
    assert not re.search(r"20\d\d-\d\d-\d\dT\d\d:", text)
    for page in ("report.html", "map.html"):
        assert str(out.parent) not in (out / page).read_text(encoding="utf-8")


def test_every_part_of_a_shapefile_is_in_the_record(finished):
    name, out, _ = finished
    names = {each["name"] for each in json.loads((out / "run.json").read_text(encoding="utf-8"))["inputs"]}
    assert ({"columbus.shp", "columbus.dbf", "columbus.shx"} <= names) == (name == "columbus")


def test_synthetic_data_says_so_everywhere(finished):
    name, out, _ = finished
    pages = [(out / page).read_text(encoding="utf-8") for page in ("report.html", "map.html")]
    synthetic = name == "kazakhstan-cities"
    for page in pages:
        assert ("SYNTHETIC" in re.search(r"<title>(.*?)</title>", page, re.DOTALL).group(1)) == synthetic
        assert ("SYNTHETIC" in page) == synthetic
    with sqlite3.connect(out / "atlas.gpkg") as database:
        titles = [row[0] for row in database.execute("select description from gpkg_contents where data_type = 'features'")]
    database.close()
    assert all(("SYNTHETIC" in title) == synthetic for title in titles)
    project = zipfile.ZipFile(out / "atlas.qgz")
    assert ("SYNTHETIC" in "".join(project.read(each).decode() for each in project.namelist())) == synthetic


def test_nothing_is_fetched_from_anywhere(finished):
    _, out, _ = finished
    for page in ("report.html", "map.html"):
        text = (out / page).read_text(encoding="utf-8")
        assert "Content-Security-Policy" in text
        assert not re.search(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"']?https?:", text)


def test_the_layer_keeps_every_place_and_number(finished):
    _, out, _ = finished
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    places = geopandas.read_file(out / "atlas.gpkg", layer="places")
    assert len(places) == record["places"]["rows"]
    for step, result in record["steps"].items():
        for field, values in result.items():
            if (
                isinstance(values, dict)
                and set(values) == set(places["place"])
                and not isinstance(next(iter(values.values())), dict)
            ):
                column = places.set_index("place")[f"{step}_{field}"]
                for place, value in values.items():
                    assert (value is None and column.isna()[place]) or column[place] == value


def test_verify_finds_the_same_numbers(finished, capsys):
    name, out, _ = finished
    assert main(["verify", name, "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("The same:")


def test_verify_names_a_number_that_differs(finished, capsys, tmp_path):
    name, out, _ = finished
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    step = next(
        step for step, result in record["steps"].items() if "statistic" in result and isinstance(result["statistic"], float)
    )
    record["steps"][step]["statistic"] += 0.001
    record["versions"]["numpy"] = "0.1"
    (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert main(["verify", name, "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert f"{step}/statistic: recorded" in said
    assert "numpy was 0.1" in said


def test_csv_tables_hold_what_the_record_holds(finished):
    _, out, _ = finished
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    with (out / "tables" / "statistics.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert len(rows) == sum(
        "expected" in result and isinstance(result.get("statistic"), float) for result in record["steps"].values()
    )


@only("kazakhstan-readiness")
def test_readiness_says_what_seven_regions_can_show(finished):
    _, out, _ = finished
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    steps = record["steps"]
    morans = [result for result in steps.values() if result["operation"] == "moran"]
    assert len(morans) == 5
    for result in morans:
        assert result["exact"] is True
        assert any("5,040" in note for note in result["notes"])
        assert any("7" in sentence for sentence in result["reading"])
    groupings = [result for result in steps.values() if result["operation"] == "compare_grouping"]
    assert [result["partitions"] for result in groupings] == [301, 301]
    assert sorted(result["rank"] for result in groupings) == [255, 285]
    regression = steps["innovation"]
    assert regression["observations"] == 7
    assert regression["coefficients"]["digital"]["estimate"] == pytest.approx(0.43022, abs=1e-5)  # numpy.polyfit, weighted
    assert all(1 / 500 <= regression["tests"][name]["p_bootstrap"] <= 1 for name in ("Moran residuals", "LM lag", "LM error"))
    assert any("With 7 places for 3 parameters" in sentence for sentence in regression["reading"])
    surfaces = [result for result in steps.values() if result["operation"] == "kernel_density"]
    assert all(result["mass"] == pytest.approx(result["weight_sum"], rel=1e-6) for result in surfaces)
    impossible = [finding for finding in record["findings"] if "impossible" in finding]
    assert any("'environment', North" in finding and "42 answers coded 1, 89 coded 2" in finding for finding in impossible)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "impossible" in report


@only("kazakhstan-cities")
def test_cities_stand_beside_the_published_tables(finished):
    _, out, _ = finished
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    links = next(result for result in record["steps"].values() if result["operation"] == "connectivity")
    assert links["band_for_all"] == pytest.approx(422_000, rel=0.005)
    report = (out / "report.html").read_text(encoding="utf-8")
    for printed in ("Table 1: coefficients", "Table 2: quantiles", "Table 3: fit"):
        assert printed in report
    with sqlite3.connect(out / "atlas.gpkg") as database:
        layers = {row[0] for row in database.execute("select table_name from gpkg_contents where data_type = 'features'")}
    database.close()
    assert {"lag_residuals", "error_residuals", "ols_residuals"} <= layers


@only("columbus")
def test_columbus_prints_its_models_as_a_journal_does(finished):
    """What the tests, AIC and BIC choose, the words beside each test, and impacts by place as columns and a map."""
    _, out, _ = finished
    compared = json.loads((out / "run.json").read_text(encoding="utf-8"))["steps"]["compared"]
    assert [compared[f"chosen_by_{each}"] for each in ("tests", "aic", "bic")] == ["lag", "lag", "lag"]
    assert compared["table"]["rho"] == {"Linear (OLS)": "", "Lag (SAR)": "0.423", "Error (SEM)": "", "Durbin (SDM)": "0.403"}
    report = (out / "report.html").read_text(encoding="utf-8")
    for words in ("What it asks, and what it says here", "Could an error model do what this Durbin model does?", "SE: asymptotic"):
        assert words in report
    assert "Impacts on each place, INC direct (in proportion also HOVAL)" in report
    assert not list((out / "tables").glob("*place_impacts*"))  # in places.csv
    places = geopandas.read_file(out / "atlas.gpkg", layer="places")
    total = places["lag_place_impacts_INC_direct"] + places["lag_place_impacts_INC_indirect"]
    assert total.to_numpy() == pytest.approx(places["lag_place_impacts_INC_total"].to_numpy(), rel=1e-9)
