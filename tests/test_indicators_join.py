"""Rows meet places: all or none, every row accounted for, every complaint at once."""

import openpyxl
import pytest

from spatial.errors import DataError
from spatial.indicators import ColumnRecipe, PointsRecipe, TableRecipe, examine, held, join, read_points


@pytest.fixture
def towns(grid):
    """Four places with two other columns of codes."""
    towns = grid.iloc[:4].drop(columns=["value", "noise"])
    towns.index = ["A", "B", "C", "D"]
    return towns.rename_axis("place").assign(code=["01", "02", "03", "10"], other=["x", "y", "x", "z"])


def table(folder, text, **options):
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    columns = {each.name: each for each in options.pop("columns", ())}
    return TableRecipe(table=path, key=options.pop("key", "key"), columns=columns, **options)


def column(name, source=None, **options):
    return ColumnRecipe(name=name, source=source or name, title=options.pop("title", name), **options)


def test_values_go_to_their_places_in_any_order(towns, tmp_path):
    recipe = table(tmp_path, "key,value,word\nD,4,four\nB,2,two\nA,1,one\nC,3,three\n")
    joined = join(towns, recipe)
    assert joined.places["value"].to_dict() == {"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0}
    assert joined.places["word"].tolist() == ["one", "two", "three", "four"]
    assert joined.places.crs == towns.crs
    assert "value" not in towns.columns
    assert [each.kind for each in joined.indicators] == ["number", "text"]
    assert joined.findings == ()


def test_the_ledger_has_every_row_of_both_sides(towns, tmp_path):
    joined = join(towns, table(tmp_path, "key,value\nB,2\n\nnobody,9\nA,1\n", unmatched="drop"))
    ledger = joined.ledger
    assert ledger[["side", "key", "status"]].fillna("").to_numpy().tolist() == [
        ["table", "B", "joined"],
        ["table", "nobody", "no place"],
        ["table", "A", "joined"],
        ["places", "A", "joined"],
        ["places", "B", "joined"],
        ["places", "", "no row"],
        ["places", "", "no row"],
    ]
    assert ledger["row"].tolist()[:3] == [2, 4, 5]
    assert joined.places["value"].isna().tolist() == [False, False, True, True]
    assert joined.findings == (
        "table.csv: 1 of 3 rows has no place and was left out: 'nobody'.",
        "table.csv: 2 of 4 places have no row; their values are missing: 'C', 'D'.",
    )


def test_names_that_are_nearly_right_are_offered_and_places_called_as_in_the_table(towns, tmp_path):
    towns = towns.assign(name=["область Абай", "Акмолинская область", "Шымкент", "город Алматы"])
    text = "key,value\nг. шымкент**,1\nАкмолинская,2\nгород Алматы,3\nНикто,4\n"
    with pytest.raises(DataError) as error:
        join(towns, table(tmp_path, text))
    rows, places = str(error.value).splitlines()
    assert "Perhaps 'г. шымкент**' for 'Шымкент', 'Акмолинская' for 'Акмолинская область'. Correct them" in rows
    assert "3 of 4 places have no row: 'область Абай', 'Акмолинская область', 'Шымкент'." in places


def test_what_is_true_of_many_columns_is_said_once(towns, tmp_path):
    text = "key,2019,2020,2021,2022\nA,-,-,-,1\nB,2,3,4,2\nC,3,4,5,3\nD,4,5,6,\n"
    assert join(towns, table(tmp_path, text, missing=("-",))).findings == (
        "table.csv, each of 3 columns ('2019', '2020', '2021'): of 4 cells 1 with a missing code ('-') is taken as missing.",
        "table.csv, column '2022': of 4 cells 1 empty is taken as missing.",
    )


def test_codes_of_another_column(towns, tmp_path):
    joined = join(towns, table(tmp_path, "key,value\n10,4\n03,3\n02,2\n01,1\n"))
    assert joined.places["value"].tolist() == [1, 2, 3, 4]
    assert joined.findings == ("table.csv: keys were looked up in the column 'code' of the places, in which 4 of 4 are found.",)


def test_never_partly_by_one_column_and_partly_by_another(towns, tmp_path):
    with pytest.raises(DataError) as error:
        join(towns, table(tmp_path, "key,value\nA,1\n02,2\n03,3\n10,4\n"))
    assert "1 of 4 keys has no place: 'A' (row 2). Keys of 'key' are looked up in 'code'." in str(error.value)
    assert "1 of 4 places has no row: '01'" in str(error.value)


def test_a_column_in_which_a_key_is_ambiguous_is_not_used(towns, tmp_path):
    with pytest.raises(DataError, match="3 of 3 keys have no place"):
        join(towns, table(tmp_path, "key,value\nx,1\ny,2\nz,3\n"))


def test_a_key_that_leads_to_two_places_leads_nowhere(grid, tmp_path):
    names = [f"town {number}" for number in range(14)]
    towns = grid.assign(name=[*names, "town 0", "Сумгаит; Sumqayıt"])
    rows = "".join(f"{name},1\n" for name in [*names, "Sumqayıt"])
    examined = examine(towns, table(tmp_path, f"key,value\n{rows}"))
    assert examined.ledger["status"].value_counts().to_dict() == {"joined": 28, "no place": 1, "no row": 2}
    assert "1 of 15 keys has no place: 'town 0' (row 2)" in examined.complaints[0]
    assert "2 of 16 places have no row: 'town 0', 'town 0'" in examined.complaints[1]


def test_two_columns_that_lead_to_different_places(towns, tmp_path):
    towns = towns.assign(old=["02", "01", "03", "10"])
    with pytest.raises(DataError, match="columns 'code', 'old' of the places, which lead to different places"):
        join(towns, table(tmp_path, "key,value\n01,1\n02,2\n03,3\n10,4\n"))


def test_spreadsheet_keys_are_texts(towns, tmp_path):
    book = openpyxl.Workbook()
    for row in (["key", "value"], [1.0, 1], ["02 ", 2], [3, 3], [10.0, 4]):
        book.active.append(row)
    book["Sheet"]["A2"].number_format = "00"
    book["Sheet"]["A4"].number_format = "00"
    book.save(tmp_path / "a.xlsx")
    joined = join(towns, TableRecipe(table=tmp_path / "a.xlsx", key="key"))
    assert joined.places["value"].tolist() == [1, 2, 3, 4]


def test_unmatched_keys_are_named_with_their_rows(towns, tmp_path):
    with pytest.raises(DataError) as error:
        join(towns, table(tmp_path, "key,value\nA,1\nB,2\nQ,3\nC,4\n"))
    told = "Keys of 'key' are looked up in the names of the places. Correct them, or set unmatched = \"drop\"."
    assert str(error.value).splitlines() == [
        f"table.csv: 1 of 4 keys has no place: 'Q' (row 4). {told}",
        f"table.csv: 1 of 4 places has no row: 'D'. {told}",
    ]


def test_duplicated_keys_are_named_with_their_rows(towns, tmp_path):
    recipe = table(tmp_path, "key,value\nA,1\nB,2\nA,3\nC,4\nD,5\n", unmatched="drop")
    with pytest.raises(DataError, match=r"1 key occurs more than once: 'A' \(rows 2 and 4\)"):
        join(towns, recipe)
    assert examine(towns, recipe).ledger["status"].value_counts().to_dict() == {"joined": 6, "duplicate": 3}


ALL = "key,value,note\nA,1,a\nB,{},b\nC,3,c\nD,4,d\n"


@pytest.mark.parametrize(
    ("cell", "options", "message"),
    [
        ("much", {}, r"column 'value': 1 of 4 values is not a number: 'B \(row 3\): much'. Expected numbers. Correct them"),
        ('"78,8*"', {}, r"'B \(row 3\): 78,8\*'. Expected numbers. Take the footnote marks out"),
        ("#N/A", {}, r"'B \(row 3\): #N/A'"),
        ("200", {"high": 100, "low": 0}, r"1 value is out of range: 'B \(row 3\): 200'. Expected 0 to 100"),
        ("-1", {"low": 0}, "Expected 0 to inf"),
    ],
)
def test_bad_cells_are_named(towns, tmp_path, cell, options, message):
    with pytest.raises(DataError, match=message):
        join(towns, table(tmp_path, ALL.format(cell), columns=[column("value", **options)]))


def test_mixed_decimal_marks_and_open_ones(towns, tmp_path):
    text = "key;value\nA;{}\nB;{}\nC;1\nD;2\n"
    with pytest.raises(DataError, match="with the same decimal mark"):
        join(towns, table(tmp_path, text.format("47,4", "48.2"), columns=[column("value")]))
    with pytest.raises(DataError, match="'1,234' may be thousands or decimals"):
        join(towns, table(tmp_path, text.format("1,234", "5"), columns=[column("value")]))
    joined = join(towns, table(tmp_path, text.format("1,234", "5"), columns=[column("value")], decimal=","))
    assert joined.places["value"].tolist() == [1.234, 5, 1, 2]
    joined = join(towns, table(tmp_path, text.format("47,4", "5"), columns=[column("value")]))
    assert "numbers were read with decimal commas" in joined.findings[0]


def test_missing_codes_are_counted(towns, tmp_path):
    joined = join(towns, table(tmp_path, "key,value\nA,1\nB,…\nC,-9\nD,\n", columns=[column("value")], missing=("…", -9)))
    assert joined.places["value"].isna().tolist() == [False, True, True, True]
    assert joined.findings == (
        "table.csv, column 'value': of 4 cells 1 empty and 2 with a missing code ('…', '-9') are taken as missing.",
    )


def test_failed_formulas_are_errors_unless_named_missing(towns, tmp_path):
    book = openpyxl.Workbook()
    for row in (["key", "word"], ["A", "a"], ["B", "#DIV/0!"], ["C", "c"], ["D", "d"]):
        book.active.append(row)
    book["Sheet"]["B3"].data_type = "e"
    book.save(tmp_path / "a.xlsx")
    words = {"word": column("word", kind="text")}
    with pytest.raises(DataError, match=r"1 formula failed: 'B \(row 3\): #DIV/0!'"):
        join(towns, TableRecipe(table=tmp_path / "a.xlsx", key="key", columns=words))
    joined = join(towns, TableRecipe(table=tmp_path / "a.xlsx", key="key", columns=words, missing=("#DIV/0!",)))
    assert joined.places["word"].isna().tolist() == [False, True, False, False]


def test_columns_that_are_not_there_or_taken(towns, tmp_path):
    recipe = table(
        tmp_path, ALL.format(2), columns=[column("value", "valeu"), column("code", "value"), column("x", "note", deviation="sd")]
    )
    with pytest.raises(DataError) as error:
        join(towns, recipe)
    said = str(error.value)
    assert "there is no column 'valeu'. Did you mean 'value'?" in said
    assert "the places already have a column 'code'" in said
    assert "there is no column 'sd', named by 'x'" in said
    with pytest.raises(DataError, match="no key column 'kee'. Did you mean 'key'"):
        join(towns, table(tmp_path, ALL.format(2), key="kee"))


def test_all_complaints_at_once(towns, tmp_path):
    recipe = table(tmp_path, "key,a,b\nA,1,x\nB,y,2\nQ,300,3\n", columns=[column("a", high=5), column("b"), column("c")])
    with pytest.raises(DataError) as error:
        join(towns, recipe)
    assert len(str(error.value).splitlines()) == 5


def test_codes_with_leading_zeros_are_no_numbers(towns, tmp_path):
    joined = join(towns, table(tmp_path, "key,zip\nA,010\nB,020\nC,100\nD,200\n"))
    assert joined.places["zip"].tolist() == ["010", "020", "100", "200"]


def test_what_dropped_rows_hold_is_no_complaint(towns, tmp_path):
    text = "key,value\nA,1\nB,2\nC,3\nD,4\nTotal,1000\nSource: the office,see below\n"
    joined = join(towns, table(tmp_path, text, unmatched="drop", columns=[column("value", low=0, high=10)]))
    assert joined.places["value"].tolist() == [1, 2, 3, 4]


def test_oddities_are_findings(towns, tmp_path):
    text = "key,a,b,share,n\nA,1,1,0.5,3\nB,2,2,1.5,-9\nC,0,0,0,0\nD,4,4,0.1,7\n"
    kinds = [column("a"), column("b"), column("share", kind="share"), column("n", kind="count")]
    said = "\n".join(join(towns, table(tmp_path, text, columns=kinds)).findings)
    assert "'share' is a share, but 1 value is outside 0 to 1: 'B (row 3): 1.5'" in said
    assert "'n' is a count, but 1 value is negative: 'B (row 3): -9'" in said
    assert "the columns 'a' and 'b' hold the same numbers" in said
    assert "every number is 0 in 1 of 4 rows: 'C (row 4)'" in said


def test_columns_of_the_layer(towns):
    towns = towns.assign(value=[1.0, 2.0, None, 4.0])
    (indicator,), findings = held(towns, {"value": column("value", title="A value", unit="m")}, "towns.gpkg")
    assert indicator[:4] == ("value", "A value", "m", "number")
    assert findings == ("towns.gpkg, column 'value': of 4 cells 1 empty is taken as missing.",)
    with pytest.raises(DataError, match="towns.gpkg: there is no column 'valeu'"):
        held(towns, {"valeu": column("valeu")}, "towns.gpkg")
    with pytest.raises(DataError, match="column 'other': 4 of 4 values are not numbers"):
        held(towns, {"other": column("other")}, "towns.gpkg")


def points(folder, text, **options):
    (folder / "points.csv").write_text(text, encoding="utf-8")
    return PointsRecipe(**({"table": folder / "points.csv", "key": "name", "x": "lon", "y": "lat", "crs": "EPSG:4326"} | options))


def test_points(tmp_path):
    read = read_points(points(tmp_path, "name;lat;lon;people\nАлматы;43,2525;76,9115;2\nАстана;51,1801;71,4460;1\n"))
    assert read.index.tolist() == ["Алматы", "Астана"]
    assert read.geometry.x.tolist() == [76.9115, 71.446]
    assert read["people"].tolist() == [2, 1]
    assert read.crs == "EPSG:4326"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("name,lat,lon\nA,143,76\n", {}, r"column 'lat': 1 value is out of range: 'A \(row 2\): 143'"),
        ("name,lat,lon\nA,,76\n", {}, r"1 point has no 'lat': 'A \(row 2\)'"),
        ("name,lat,lon\n,43,76\n", {}, "row '2' has no key"),
        ("name,lat,lon\nA,43,76\nA,44,77\n", {}, "1 key occurs more than once: 'A'"),
        ("name,lat,lon\nA,43,76\n", {"x": "long"}, "there is no column 'long'. Did you mean 'lon'"),
        ("name,lat,lon\nA,43,76\n", {"crs": "EPSG:nothing"}, "the reference system 'EPSG:nothing' is not known"),
    ],
)
def test_bad_points(tmp_path, text, options, message):
    with pytest.raises(DataError, match=message):
        read_points(points(tmp_path, text, **options))
