"""Files become raw cells: nothing interpreted, nothing lost."""

import geopandas
import openpyxl
import pandas as pd
import pytest
from outside import shared
from shapely.geometry import Point

from spatial.errors import DataError
from spatial.indicators import read_table, sheets
from spatial.indicators.tables import cells

TEXT = 'code;name;value\n01;Ақтөбе;1,5\n\n"02";"Шы;мкент";"two\nlines"\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_are_told_by_their_bytes(tmp_path, encoding):
    (tmp_path / "a.csv").write_bytes(TEXT.encode(encoding))
    frame = read_table(tmp_path / "a.csv")
    assert list(frame.columns) == ["code", "name", "value"]
    assert frame.loc[2].tolist() == ["01", "Ақтөбе", "1,5"]
    assert frame.loc[4].tolist() == ["02", "Шы;мкент", "two\nlines"]
    assert frame.index.name == "row"


def test_windows_cyrillic_is_a_finding(tmp_path):
    (tmp_path / "a.csv").write_bytes("область;число\nАкмолинская;1\n".encode("cp1251"))
    table = cells(tmp_path / "a.csv")
    assert table.frame.loc[2, "область"] == "Акмолинская"
    assert "cp1251" in table.findings[0]
    assert cells(tmp_path / "a.csv", encoding="cp1251").findings == ()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_told_by_the_cells(tmp_path, separator):
    rows = [["a", "b", "c"], ["x", "1.5", "y"], ["z", "2.5", ""]]
    (tmp_path / "a.txt").write_text("\n".join(separator.join(row) for row in rows), encoding="utf-8")
    frame = read_table(tmp_path / "a.txt")
    assert frame.loc[3].tolist() == ["z", "2.5", None]


def test_decimal_commas_do_not_separate(tmp_path):
    (tmp_path / "a.csv").write_text("name;lat;lon\nA;43,25;76,91\nB;51,18;71,44\n", encoding="utf-8")
    assert read_table(tmp_path / "a.csv").loc[2].tolist() == ["A", "43,25", "76,91"]


def test_one_column_needs_no_separator(tmp_path):
    (tmp_path / "a.csv").write_text("name\nA\nB\n", encoding="utf-8")
    assert read_table(tmp_path / "a.csv")["name"].tolist() == ["A", "B"]


def workbook(path, **content):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in content.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book, path


def test_workbook(tmp_path):
    book, path = workbook(tmp_path / "a.xlsx", first=[["code", "value"], [7, 1.5], [12, None]], second=[["x"], ["y"]])
    for cell in ("A2", "A3"):
        book["first"][cell].number_format = "000"
    book.save(path)
    assert sheets(path) == ("first", "second")
    frame = read_table(path, "first")
    assert frame["code"].tolist() == ["007", "012"]
    assert frame["value"].tolist() == [1.5, None]
    with pytest.raises(DataError, match="2 sheets: 'first', 'second'"):
        read_table(path)
    with pytest.raises(DataError, match="no sheet 'frist'. Did you mean 'first'"):
        read_table(path, "frist")


def test_formulas_that_nobody_computed_are_refused(tmp_path):
    book, path = workbook(tmp_path / "a.xlsx", s=[["code", "value"], ["a", "=1+1"]])
    book.save(path)
    with pytest.raises(DataError, match="1 formula has no value: 'B2'"):
        read_table(path)


def test_failed_formulas_are_known(tmp_path):
    book, path = workbook(tmp_path / "a.xlsx", s=[["code", "value"], ["a", "#N/A"], ["b", 2]])
    book["s"]["B2"].data_type = "e"
    book.save(path)
    assert cells(path).errors == {(2, "value")}


def test_ods(tmp_path):
    frame = pd.DataFrame({"code": ["01", "02"], "value": [1.5, None], "n": [3, 4]})
    frame.to_excel(tmp_path / "a.ods", index=False, engine="odf")
    read = read_table(tmp_path / "a.ods")
    assert read["code"].tolist() == ["01", "02"]
    assert read["value"].tolist() == [1.5, None]
    assert read["n"].tolist() == [3, 4]


def test_old_workbook():
    path = shared("data", "indicators_test", "az_stat_002_2en.xls")
    assert len(sheets(path)) >= 1
    with pytest.raises(DataError, match="rows have more cells than the header"):
        read_table(path, sheets(path)[0])


def test_stata_takes_labels_only_where_all_values_have_one():
    table = cells(shared("data", "indicators_test", "synthetic", "wbes_style_SYNTHETIC.dta"))
    assert len(table.frame) == 1013
    assert all(isinstance(value, str) for value in table.frame["a2"])
    assert "'a2'" in table.findings[0]


def test_parquet_and_layers_drop_geometry(tmp_path):
    table = geopandas.GeoDataFrame({"code": ["a", "b"], "value": [1.0, None]}, geometry=[Point(0, 0), Point(1, 1)], crs="EPSG:4326")
    table.to_parquet(tmp_path / "a.parquet")
    table.to_file(tmp_path / "a.gpkg", layer="one")
    table.to_file(tmp_path / "a.gpkg", layer="two", mode="a")
    for frame in (read_table(tmp_path / "a.parquet"), read_table(tmp_path / "a.gpkg", "two")):
        assert list(frame.columns) == ["code", "value"]
        assert frame["value"].tolist() == [1.0, None]
        assert frame.index.tolist() == [1, 2]
    with pytest.raises(DataError, match="2 layers"):
        read_table(tmp_path / "a.gpkg")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the table is empty"),
        ("a,b\n1,2,3\n1,2\n", "1 of 2 rows has more cells than the header .row 1, 2 titles.: row 2"),
        ('a,b\n1,"2\n', "it cannot be taken apart"),
    ],
)
def test_broken_text(tmp_path, content, message):
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / "a.csv")


def test_other_bad_files(tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"tabel.csv: there is no such file. Did you mean 'table.csv'"):
        read_table(tmp_path / "tabel.csv")
    for name in ("a.xlsx", "a.xls", "a.ods", "a.parquet", "a.dta", "a.pdf"):
        (tmp_path / name).write_bytes(b"not this")
        with pytest.raises(DataError, match="cannot be read"):
            read_table(tmp_path / name)
    with pytest.raises(DataError, match="encoding 'klingon' is not known"):
        read_table(tmp_path / "table.csv", encoding="klingon")
    (tmp_path / "b.csv").write_bytes("a\nЖ".encode("cp1251"))
    with pytest.raises(DataError, match="byte 2 is no utf-8"):
        read_table(tmp_path / "b.csv", encoding="utf-8")


def test_the_row_that_may_be_the_header_is_named(tmp_path):
    path = tmp_path / "title.csv"
    path.write_text("Population\n\n,2021,2022,2023\nNorth,1,2,3\nSouth,4,5,6\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"3 of 3 rows have more cells than the header \(row 1, 1 title\).*Row 3 may be the header"):
        read_table(path)
    path.write_text("name,value\nNorth,1\nSouth,4,5\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_table(path)
    assert "may be the header" not in str(error.value)
