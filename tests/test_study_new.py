"""A new study is guessed from what is given, can be read back, and its inputs join."""

import csv
import shutil

import geopandas
import openpyxl
import pytest
from shapely.geometry import box

from spatial.boundaries import packs, read_places
from spatial.errors import OutputError, StudyError
from spatial.indicators import join
from spatial.run import prepare
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
    assert [step.operation for step in study.steps] == ["connectivity", "describe", "moran"]


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
    with pytest.raises(StudyError, match="20 places of kazakhstan/regions-20 have several rows in 'name'"):
        new_study(tmp_path / "new", twice)
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
