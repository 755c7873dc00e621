"""A new study is guessed from what is given, can be read back, and its inputs join."""

import csv
import shutil

import geopandas
import numpy as np
import openpyxl
import pytest
from shapely.geometry import Polygon, box

from spatial.boundaries import packs, read_places
from spatial.errors import DataError, OutputError, StudyError
from spatial.indicators import join
from spatial.running import compute, prepare
from spatial.study import new_study, read_study


def written(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def regions(column):
    return [str(value) for value in read_places("kazakhstan/regions-20")[column]]


@pytest.mark.parametrize("name", [pack.name for pack in packs()])
def test_every_pack_makes_a_study_whose_table_joins(tmp_path, name):
    files = new_study(tmp_path / "new", name)
    assert [file.name for file in files] == ["study.toml", "indicators.csv"]
    study = read_study(tmp_path / "new")
    places = join(read_places(name), study.indicators[0]).places
    assert places["example"].notna().all()
    assert [step.operation for step in study.steps] == ["connectivity", "describe", "moran", "local_moran"]


def test_without_a_source_the_regions_of_kazakhstan(tmp_path):
    new_study(tmp_path / "first study")
    study = read_study(tmp_path / "first study")
    assert study.places.boundaries == "kazakhstan/regions-20"
    assert study.title.startswith("First study")
    assert len(prepare(study).places) == 20


def test_a_table_tells_its_pack_key_columns_and_ranges(tmp_path):
    rows = [
        [name, f"{10 + number},5", number, f"{number % 3}", "…" if number == 4 else number]
        for number, name in enumerate(regions("name_ru"))
    ]
    table = written(
        tmp_path / "table.csv", [["№ области", "Доля, %", "id", "name_en", "x"], *rows, ["Всего", "1000,5", 99, "", 900]]
    )
    new_study(tmp_path / "new", table)
    study = read_study(tmp_path / "new")
    assert study.places.boundaries == "kazakhstan/regions-20"
    (recipe,) = study.indicators
    assert (recipe.key, recipe.unmatched, recipe.missing) == ("№ области", "drop", ("…",))
    assert recipe.table.resolve() == table
    assert list(recipe.columns) == ["Доля, %", "name_en_table", "x"]
    share = recipe.columns["Доля, %"]
    assert (share.kind, share.low, share.high) == ("percent", 0, 100)
    prepared = prepare(study)
    assert prepared.places["x"].isna().sum() == 1
    assert {step.id: step.options.get("missing") for step in study.steps}["moran_3"] == "drop"


def test_a_workbook_tells_its_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["cover"])
    sheet = book.create_sheet("data")
    for row in [["code", "income"], *([code, number] for number, code in enumerate(regions("iso")))]:
        sheet.append(row)
    book.save(tmp_path / "book.xlsx")
    new_study(tmp_path / "new", tmp_path / "book.xlsx")
    (recipe,) = read_study(tmp_path / "new").indicators
    assert (recipe.sheet, recipe.key) == ("data", "code")


def test_a_layer_of_ones_own(tmp_path):
    cells = [box(column * 1000, 0, column * 1000 + 1000, 1000) for column in range(5)]
    table = geopandas.GeoDataFrame(
        {"code": list("abcde"), "value": [1.0, 2, 3, 4, 9], "kind": list("xyxyx")}, geometry=cells, crs="EPSG:32642"
    )
    table.to_file(tmp_path / "layer.gpkg")
    new_study(tmp_path / "new", tmp_path / "layer.gpkg")
    study = read_study(tmp_path / "new")
    assert study.places.key == "code"
    assert {name: each.kind for name, each in study.places.columns.items()} == {"value": "number", "kind": "category"}
    assert [each.column for each in prepare(study).indicators] == ["value", "kind"]


def test_titles_are_texts_and_nothing_else(tmp_path):
    evil = 'x"]\nseed = 5 #\\'
    table = written(
        tmp_path / 'a"b.csv', [["key", evil, "a.b"], *([code, number, number**2] for number, code in enumerate(regions("iso")))]
    )
    new_study(tmp_path / "new", table)
    study = read_study(tmp_path / "new")
    assert study.seed == 1
    assert list(study.indicators[0].columns) == [evil, "a.b"]
    assert study.indicators[0].table.name == 'a"b.csv'


def cells(number, folder, **columns):
    shapes = [box(column * 1000, 0, column * 1000 + 1000, 1000) for column in range(number)]
    path = folder / "layer.gpkg"
    geopandas.GeoDataFrame(columns, geometry=shapes, crs="EPSG:32642").to_file(path, layer="cells")
    return path


def test_places_are_called_as_the_table_calls_them(tmp_path):
    table = written(tmp_path / "table.csv", [["область", "x"], *([name, number] for number, name in enumerate(regions("name_kk")))])
    new_study(tmp_path / "new", table)
    study = read_study(tmp_path / "new")
    assert (study.places.key, study.places.label) == ("name_kk", "name_kk")
    assert prepare(study).label == "name_kk"
    assert "Абай облысы" in prepare(study).places.index
    by_code = written(tmp_path / "codes.csv", [["kato", "x"], *([code, number] for number, code in enumerate(regions("kato")))])
    new_study(tmp_path / "other", by_code)
    assert (read_study(tmp_path / "other").places.key, read_study(tmp_path / "other").places.label) == ("name_en", None)


def test_what_was_guessed_is_told_with_the_names_that_may_be_meant(tmp_path):
    names = [name.replace("Abai", "Abay") for name in regions("name_en")]
    table = written(
        tmp_path / "table.csv", [["region", "x"], *([name, number] for number, name in enumerate(names)), ["Total", 190]]
    )
    told = []
    (file,) = new_study(tmp_path / "new", table, tell=told.append)
    assert told == [
        "table.csv was found to be about kazakhstan/regions-20: 19 of its 21 rows have a place, by 'region'.",
        "Rows without a place: 'Abay Region', 'Total'.",
        "Places without a row: 'Abai Region'.",
        "Perhaps 'Abay Region' for 'Abai Region': correct the names in the table, then take the line 'unmatched' out.",
    ]
    for sentence in told:
        assert f"# {sentence}" in file.read_text(encoding="utf-8")


def test_statistics_for_every_column_of_numbers_and_models_to_uncomment(tmp_path):
    random = np.random.default_rng(1)
    numbers = random.normal(50, 10, (20, 8)).round(2)
    titles = [f"column {position}" for position in range(8)]
    rows = [
        [name, 100 + position, 71.5, *row] for position, (name, row) in enumerate(zip(regions("name_en"), numbers, strict=True))
    ]
    table = written(tmp_path / "table.csv", [["region", "unit_id", "year", *titles], *rows])
    (file,) = new_study(tmp_path / "new", table)
    steps = read_study(file).steps
    assert [step.options["column"] for step in steps if step.operation == "moran"] == titles[:6]
    assert [step.options["column"] for step in steps if step.operation == "local_moran"] == titles[:6]
    assert next(step.options["columns"] for step in steps if step.operation == "describe") == titles
    text = file.read_text(encoding="utf-8")
    lines = [
        line.removeprefix("# ") if line.startswith(("# [[steps]]", "# operation", "# id", "# options")) else line
        for line in text.splitlines()
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    study = read_study(file)
    assert [step.operation for step in study.steps[-3:]] == ["ols", "lag_model", "error_model"]
    atlas = compute(prepare(study))
    assert len(atlas.steps) == len(steps) + 3


def test_a_table_about_a_layer_of_ones_own(tmp_path):
    layer = cells(5, tmp_path, code=["01", "02", "03", "04", "05"], Name=list("abcba"))
    table = written(tmp_path / "table.csv", [["code", "value"], *([f"0{number}", number**2] for number in range(1, 6))])
    with pytest.raises(StudyError, match="no column has names or codes"):
        new_study(tmp_path / "new", table)
    new_study(tmp_path / "new", table, layer)
    study = read_study(tmp_path / "new")
    assert (study.places.key, study.places.label) == ("code", "Name")
    assert prepare(study).places["value"].tolist() == [1, 4, 9, 16, 25]
    new_study(tmp_path / "again", table, f"{layer}::cells")
    assert read_study(tmp_path / "again").places.layer == "cells"
    with pytest.raises(StudyError, match="it is a folder"):
        new_study(tmp_path / "other", tmp_path)


def test_identifiers_coordinates_and_constants_are_no_indicators(tmp_path):
    layer = cells(
        5,
        tmp_path,
        name=list("abcde"),
        osm_id=[5, 9, 1, 4, 7],
        country=["KZ"] * 5,
        centre_lat=[1.5, 2, 3, 4, 5],
        centre_lon=[6.5, 7, 8, 9, 3],
        people=[1, 2, 3, 4, 9],
    )
    new_study(tmp_path / "new", layer)
    study = read_study(tmp_path / "new")
    assert study.places.key == "name"
    assert list(study.places.columns) == ["people"]


def test_a_layer_with_a_polygon_that_crosses_itself(tmp_path):
    sound, crossed = (
        box(0, 0, 1000, 1000),
        Polygon([(1000, 0), (2000, 0), (2000, 1000), (1000, 1000), (1000, 1500), (1001, 1500), (999, 1000)]),
    )
    geopandas.GeoDataFrame({"name": ["a", "b"]}, geometry=[sound, crossed], crs="EPSG:32642").to_file(tmp_path / "layer.gpkg")
    (file,) = new_study(tmp_path / "new", tmp_path / "layer.gpkg")
    assert 'invalid = "repair" # one outline crosses itself' in file.read_text(encoding="utf-8")
    assert len(prepare(read_study(file)).places) == 2


def test_a_layer_that_does_not_say_its_reference_system(tmp_path):
    path = cells(5, tmp_path, name=list("abcde"), people=[1, 2, 3, 4, 9]).with_suffix(".shp")
    geopandas.read_file(path.with_suffix(".gpkg")).to_file(path)
    path.with_suffix(".prj").unlink()
    with pytest.raises(DataError, match="spatial boundaries check FILE"):
        new_study(tmp_path / "new", path)
    new_study(tmp_path / "new", path, crs="EPSG:32642")
    assert prepare(read_study(tmp_path / "new")).places.crs.to_epsg() == 32642


def test_a_table_of_points(tmp_path):
    rows = [[f"object {number}", 70 + number / 10, 48 + number % 3 / 10, number**2] for number in range(8)]
    table = written(tmp_path / "points.csv", [["object", "longitude", "latitude", "power"], *rows])
    new_study(tmp_path / "new", table)
    study = read_study(tmp_path / "new")
    assert study.places.key == "object"
    assert list(study.places.columns) == ["power"]
    assert study.graphs["neighbours"].kind == "nearest"
    assert len(prepare(study).places) == 8


def test_the_same_table_makes_the_same_study(tmp_path):
    table = written(tmp_path / "table.csv", [["key", "x"], *([code, number] for number, code in enumerate(regions("iso")))])
    (first,) = new_study(tmp_path / "new", table)
    text = first.read_bytes()
    shutil.rmtree(tmp_path / "new")
    (again,) = new_study(tmp_path / "new", table)
    assert again.read_bytes() == text


def test_what_nothing_can_be_made_of(tmp_path):
    table = written(tmp_path / "table.csv", [["name", "x"], ["Atlantis", 1], ["Eldorado", 2], ["Utopia", 3]])
    with pytest.raises(StudyError, match="no column has names or codes of places of a pack"):
        new_study(tmp_path / "new", table)
    twice = written(
        tmp_path / "twice.csv", [["name", "year", "x"], *([name, year, 1] for name in regions("name_en") for year in (2020, 2021))]
    )
    with pytest.raises(
        StudyError, match=r"20 places of kazakhstan/regions-20 have several rows in 'name'.*differ by 'year': '2020', '2021'"
    ):
        new_study(tmp_path / "new", twice)
    forms = written(tmp_path / "forms.csv", [["область", "x"], ["Акмолинская", 1], ["Костанайская", 2], ["Павлодарская", 3]])
    with pytest.raises(
        StudyError, match=r"Nearest comes kazakhstan/regions-\d+ by 'область'; it has 'Акмолинская область' for 'Акмолинская'"
    ):
        new_study(tmp_path / "new", forms)
    with pytest.raises(StudyError, match="no such file and no such pack. Did you mean 'kazakhstan/regions-20'"):
        new_study(tmp_path / "new", "kazakhstan/region-20")
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "study.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="there is a study.toml already"):
        new_study(tmp_path)
    assert (tmp_path / "study.toml").read_text(encoding="utf-8") == "mine"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "indicators.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="there is an indicators.csv already"):
        new_study(tmp_path / "other")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="it is a file"):
        new_study(tmp_path / "file")
    with pytest.raises(OutputError, match="nothing can be written there"):
        new_study(tmp_path / "file" / "below")
