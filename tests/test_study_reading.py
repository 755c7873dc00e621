"""A study file becomes a recipe, or every complaint comes at once with its line."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import StudyError
from spatial.study import PlacesRecipe, PointsRecipe, embedded, read_study
from spatial.study._lines import lines_of

STUDY = """\
title = "A study"
seed = 7

[places]
boundaries = "kazakhstan/regions-20"

[[indicators]]
table = "table.csv"
key = "key"
missing = ["-", -9]
[indicators.columns.income]
from = "Income, per head"
title = { en = "Income", kk = "Табыс" }
unit = "tenge"
range = [0, 1e6]
[indicators.columns.share]
kind = "percent"
deviation = "sd"

[points.shops]
table = "table.csv"
key = "key"
x = "lon"
y = "lat"
crs = "EPSG:4326"

[[points.cities]]
boundaries = "kazakhstan/cities-40"

[graphs.queen]
kind = "contiguity"

[[steps]]
operation = "moran"
id = "income"
options = { column = "income" }

[[steps]]
operation = "kernel_density"
points = "cities"
[steps.options]
bandwidth = 50_000
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "table.csv").write_text("key,income\n1,2\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def complaints(folder, old="", new="", text=None):
    """What is said after one change."""
    before = (folder / "study.toml").read_text(encoding="utf-8") if text is None else text
    assert old in before
    (folder / "study.toml").write_text(before.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StudyError) as error:
        read_study(folder)
    return str(error.value)


def test_everything_that_a_study_says(folder):
    study = read_study(folder)
    assert (study.title, study.seed, study.name, study.folder) == ("A study", 7, folder.name, folder)
    assert not study.synthetic
    (table,) = study.indicators
    assert table.table == folder / "table.csv"
    assert table.missing == ("-", -9)
    income = table.columns["income"]
    assert (income.source, income.title, income.unit, income.low, income.high) == ("Income, per head", "Income", "tenge", 0, 1e6)
    assert table.columns["share"].deviation == "sd"
    assert isinstance(study.points["shops"][0], PointsRecipe)
    assert isinstance(study.points["cities"][0], PlacesRecipe)
    moran, density = study.steps
    assert (moran.graph, moran.options) == ("queen", {"seed": 7, "column": "income"})
    assert (density.id, density.points, density.graph, density.options["bandwidth"]) == ("kernel_density", "cities", None, 50_000)


def test_an_outline_is_a_pack_or_a_file_beside_the_study(folder):
    file = folder / "study.toml"
    (folder / "land.gpkg").touch()
    for stated, meant in (("kazakhstan/regions-17", "kazakhstan/regions-17"), ("land.gpkg", str(folder / "land.gpkg"))):
        file.write_text(STUDY.replace("[places]", f'[places]\noutline = "{stated}"'), encoding="utf-8")
        places = read_study(folder).places
        assert (places.outline, places.outline_stated) == (meant, stated)
    assert read_study("columbus").places.outline is None


def test_a_study_is_found_by_folder_file_or_name(folder):
    assert read_study(folder) == read_study(folder / "study.toml") == read_study(str(folder))
    assert read_study("columbus").name == "columbus"
    with pytest.raises(StudyError, match="columbos: there is no such study. .*Did you mean 'columbus'"):
        read_study("columbos")
    (folder / "study.toml").unlink()
    with pytest.raises(StudyError, match="the folder has no study.toml"):
        read_study(folder)


def test_windows_text_files_are_read(folder):
    (folder / "study.toml").write_bytes(b"\xef\xbb\xbf" + STUDY.replace("\n", "\r\n").encode())
    assert read_study(folder).title == "A study"


@pytest.mark.parametrize("name", [name for name, _ in embedded()])
def test_embedded_studies_can_be_read(name):
    study = read_study(name)
    assert study.title == dict(embedded())[name]
    assert study.steps
    assert study.synthetic == ("SYNTHETIC" in study.title)


def test_a_synthetic_table_is_said_in_the_title(folder):
    (folder / "table_SYNTHETIC.csv").write_text("key\n", encoding="utf-8")
    text = STUDY.replace('table = "table.csv"', 'table = "table_SYNTHETIC.csv"', 1)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    study = read_study(folder)
    assert (study.title, study.synthetic) == ("A study (SYNTHETIC data)", True)


CASES = {
    "unknown table": ("[graphs.queen]", "[graph.queen]", "study.toml, line 30: unknown key 'graph' in the study. Did you mean 'graphs'?"),
    "unknown key": ("table = ", "tabel = ", "study.toml, line 8: unknown key 'tabel' in [[indicators]]. Did you mean 'table'?"),
    "key left out": ('key = "key"\n', "", "study.toml, line 7: [[indicators]] has no 'key'. Expected a text in quotation marks."),
    "wrong type": ("seed = 7", 'seed = "7"', "study.toml, line 2: 'seed' is the text '7'. Expected a whole number."),
    "truth for a number": ("seed = 7", "seed = true", "study.toml, line 2: 'seed' is true"),
    "negative seed": ("seed = 7", "seed = -7", "study.toml, line 2: 'seed' is -7. Expected a whole number from 0"),
    "empty title": ('"A study"', '" "', "study.toml, line 1: 'title' is an empty text"),
    "no places": ('[places]\nboundaries = "kazakhstan/regions-20"\n', "", "study.toml: the study has no [places]"),
    "invalid polygons": ("[places]", '[places]\ninvalid = "mend"', "line 5: invalid = 'mend' is not known. Known: 'error', 'repair'"),
    "no such pack": ("regions-20", "region-20", "line 5: there is no pack and no file 'kazakhstan/region-20'. Did you mean 'kazakhstan/regions-20'?"),
    "no such outline": ("[places]", '[places]\noutline = "kazakhstan/region-17"', "line 5: there is no pack and no file 'kazakhstan/region-17'. Did you mean 'kazakhstan/regions-17'?"),
    "no such outline file": ("[places]", '[places]\noutline = "land.gpkg"', "line 5: there is no file 'land.gpkg'"),
    "outline below points": ("[[points.cities]]", '[[points.cities]]\noutline = "kazakhstan/regions-17"', "unknown key 'outline' in [[points.cities]]"),
    "no such layer": ('"kazakhstan/regions-20"', '"grid.gpkg"', "study.toml, line 5: there is no file 'grid.gpkg'"),
    "no such example": ('"kazakhstan/regions-20"', '"libpysal:columbos"', "no example 'columbos' is installed with libpysal. Did you mean 'columbus'?"),
    "no such table": ('table = "table.csv"', 'table = "tabel.csv"', "line 8: there is no file 'tabel.csv'. Did you mean 'table.csv'?"),
    "bad range": ("[0, 1e6]", "[1e6, 0]", "line 15: 'range' is [1000000.0, 0]. Expected two numbers"),
    "bad missing": ("-9]", "[9]]", "line 10: a list stands in 'missing'. Expected a list of texts and numbers"),
    "bad kind": ('"percent"', '"procent"', "line 17: kind = 'procent' is not known. Did you mean 'percent'?"),
    "gazetteer": ('missing = ["-", -9]', 'match = "gazetteer"', "line 10: matching by gazetteer is not available yet"),
    "column called geometry": ("columns.income]", "columns.geometry]", "line 11: a column cannot be called 'geometry'"),
    "column twice": ("columns.share]", "columns.Income]", "there are two columns 'Income'"),
    "points without coordinates": ('x = "lon"\n', "", "line 20: [points.shops] has no 'x'"),
    "kind of graph": ('"contiguity"', '"contiguty"', "line 31: there is no kind of graph 'contiguty'. Did you mean 'contiguity'?"),
    "option of a graph": ('kind = "contiguity"', 'kind = "contiguity"\nrul = "rook"', "line 32: graph 'queen', unknown option 'rul' of contiguity. Did you mean 'rule'?"),
    "choice of a graph": ('kind = "contiguity"', 'kind = "contiguity"\nrule = "rok"', "study.toml, line 32: graph 'queen', option 'rule': 'rok' is not known. Did you mean 'rook'?"),
    "graph without its option": ('"contiguity"', '"nearest"', "line 30: graph 'queen' needs the option 'k'"),
    "graph of a file": ('"contiguity"', '"file"', "kind = 'file' and 'file' do not go together"),
    "operation": ('"moran"', '"morans"', "line 34: there is no operation 'morans'. Did you mean 'moran'?"),
    "operation that builds a graph": ('"moran"', '"nearest"', "line 34: 'nearest' builds a graph"),
    "option": ("{ column", "{ colum", "line 36: step 'income', unknown option 'colum' of moran. Did you mean 'column'?"),
    "required option": ('{ column = "income" }', "{}", "line 36: step 'income' needs the option 'column'. Expected the name of a column"),
    "option out of range": ('"income" }', '"income", permutations = 5 }', "option 'permutations': 5 is out of range. Expected a whole number from 99 to 99999"),
    "option beside": ('options = { column = "income" }', 'column = "income"', "line 36: 'column' is an option of the operation"),
    "graph that is not there": ('id = "income"', 'graph = "quen"', "line 35: step 'moran': there is no graph 'quen'. Did you mean 'queen'?"),
    "graph for what takes none": ('points = "cities"', 'graph = "queen"', "step 'kernel_density': kernel_density takes no graph"),
    "points that are not there": ('points = "cities"', 'points = "citys"', "line 40: step 'kernel_density': there are no points 'citys'. Did you mean 'cities'?"),
    "which points": ('points = "cities"\n', "", "step 'kernel_density' works on points, and there are several: 'shops', 'cities'"),
    "steps for what takes none": ('points = "cities"', 'steps = ["income"]', "step 'kernel_density': kernel_density takes no results of steps"),
    "steps that come later": ('"moran"', '"compare_models"\nsteps = ["incme"]', "line 35: step 'income': there is no earlier step 'incme'. There is none before it"),
    "steps that are no names": ('"moran"', '"compare_models"\nsteps = [3]', "3 stands in 'steps'. Expected a list of ids of earlier steps"),
    "id as a path": ('id = "income"', 'id = "../income"', "line 35: a step cannot be called '../income'"),
    "id of a device": ('id = "income"', 'id = "con"', "line 35: a step cannot be called 'con'"),
    "id twice": ('id = "income"', 'id = "Kernel_Density"', "two steps are called 'kernel_density'"),
    "language": ("[places]", '[outputs]\nlanguage = "kk"\n[places]', "line 5: the outputs cannot speak 'kk' yet"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_with_its_line(folder, case):
    old, new, message = CASES[case]
    assert message in complaints(folder, old, new)


def test_a_step_may_work_on_earlier_ones(folder):
    more = '[[steps]]\noperation = "compare_models"\nsteps = ["income", "kernel_density"]\n'
    (folder / "study.toml").write_text(STUDY + more, encoding="utf-8")
    assert read_study(folder).steps[-1].steps == ("income", "kernel_density")
    assert "there is no earlier step 'incom'. Did you mean 'income'?" in complaints(folder, '["income"', '["incom"')


def test_a_step_needs_to_say_which_of_several_graphs(folder):
    said = complaints(folder, "[graphs.queen]", '[graphs.rook]\nkind = "contiguity"\nrule = "rook"\n[graphs.queen]')
    assert "step 'income' needs a graph, and there are several: 'rook', 'queen'. Name one as graph = " in said
    said = complaints(folder, '[graphs.queen]\nkind = "contiguity"\n', "", text=STUDY)
    assert "step 'income' needs a graph, and the study has none" in said


def test_all_complaints_come_at_once_in_the_order_of_the_file(folder):
    text = STUDY.replace("seed", "sed").replace('"contiguity"', '"border"').replace("bandwidth = 50_000", 'bandwidth = "wide"')
    said = complaints(folder, text=text).splitlines()
    assert [line.split(":")[0] for line in said] == ["study.toml, line 2", "study.toml, line 31", "study.toml, line 42"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "a"\nseed = \n', "study.toml, line 2, column 8: it is no TOML"),
        ('title = "a', "study.toml, "),
        ('title = "a"\ntitle = "b"\n', "study.toml, line 2"),
    ],
)
def test_what_is_no_toml(folder, text, message):
    assert message in complaints(folder, text=text)


def test_what_is_no_utf8(folder):
    (folder / "study.toml").write_bytes('title = "Область"'.encode("cp1251"))
    with pytest.raises(StudyError, match="byte 9 is no UTF-8"):
        read_study(folder)


def test_names_are_texts_and_nothing_else(folder):
    text = STUDY.replace("columns.income]", 'columns."<script>alert(1)</script>"]').replace(
        '{ column = "income" }', "{ column = '<b>' }"
    )
    (folder / "study.toml").write_text(text, encoding="utf-8")
    assert "<script>alert(1)</script>" in read_study(folder).indicators[0].columns


def test_a_study_is_a_frozen_recipe(folder):
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_study(folder).title = "other"


def test_lines_of_everything_toml_can_write():
    text = """\
# remark = 1
a.b = "x # no remark"  # remark
'quoted key'."é" = [1,
  [2, 3], # remark ]
  { c = 1, d = "}" },
]
long = \"\"\"
[not.a.table]
e = 1 \\\"\"\"
\"\"\"
date = 2026-01-01 10:00:00
[[t]]
f = '''
'''
[[t.u]]
[[t.u]]
g = +1
[t.v]
h = true
[[t]]
[t.v]
h = 2
"""
    tomllib.loads(text)
    lines = lines_of(text)
    assert lines["a", "b"] == 2
    assert lines["quoted key", "é"] == 3
    assert lines["quoted key", "é", 1, 1] == 4
    assert lines["quoted key", "é", 2, "d"] == 5
    assert lines["long",] == 7
    assert ("not",) not in lines
    assert lines["date",] == 11
    assert lines["t", 0, "f"] == 13
    assert lines["t", 0, "u", 1, "g"] == 17
    assert lines["t", 0, "v", "h"] == 19
    assert lines["t", 1, "v", "h"] == 22


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)
VALUES = st.recursive(
    st.one_of(st.integers(-1000, 1000), st.booleans(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


def written(value):
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)} = {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(written(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=True) if not isinstance(value, str) else json.dumps(value).replace("\x7f", "\\u007f")


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_every_key_has_the_line_it_stands_on(values):
    text = ""
    expected = {}
    for key, value in values.items():
        text += "# remark [\n"
        expected[key,] = text.count("\n") + 1
        text += f"{written(key)} = {written(value)} # remark\n"
    try:
        assert tomllib.loads(text) == values
    except tomllib.TOMLDecodeError:  # lone surrogates as \\u escapes
        return
    found = lines_of(text)
    keys = [path for path in found if len(path) == 1]
    assert len(keys) == len(values)
    assert sorted(found[path] for path in keys) == sorted(expected.values())


def test_the_study_of_readiness_names_its_inputs():
    study = read_study("kazakhstan-readiness")
    assert [table.table.name for table in study.indicators] == ["shares.csv", "printed.csv"]
    assert Path(read_study("columbus").places.boundaries).name == "columbus.shp"
    assert read_study("columbus").places.stated == "libpysal:columbus"
