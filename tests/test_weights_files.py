"""Graphs from files, as others write them."""

import struct

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

from spatial.errors import DataError, OutputError, SpatialWarning
from spatial.weights import block, connectivity, kernel_weights, nearest, read_graph, union, write_graph
from spatial.weights._edge_lists import plain_links
from spatial.weights.files import _names


@pytest.fixture
def places():
    return geopandas.GeoDataFrame(
        geometry=[Point(x, 0) for x in (0, 1, 3)], index=["01", "1", "Petropavl city"], crs="EPSG:32642"
    ).rename_axis("place")


def points(labels):
    return geopandas.GeoDataFrame(
        geometry=[Point(1000 * number, 0) for number in range(len(labels))], index=labels, crs="EPSG:32642"
    ).rename_axis("place")


@pytest.fixture
def write(tmp_path):
    def written(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


EXPECTED = {("01", "1"): 1.0, ("1", "01"): 0.5, ("1", "Petropavl city"): 0.5, ("Petropavl city", "1"): 1.0}


def weights(graph):
    return {pair: weight for pair, weight in graph.adjacency.items() if weight}


@pytest.mark.parametrize("header", ["3", "0 3 towns POLY_ID", "\ufeff3\t"])
def test_gal(places, write, header):
    path = write("w.gal", f"{header}\n01 1\n1\n1 2\n01 Petropavl_city\nPetropavl_city 1\n1\n")
    assert weights(read_graph(path, places)) == EXPECTED


def test_gal_in_another_order_and_with_neighbours_on_two_lines(places, write):
    path = write("w.gal", "3\r\nPetropavl city 1\r\n1\r\n1 2\r\n01\r\nPetropavl_city\r\n01 1\r\n1\r\n")
    graph = read_graph(path, places)
    assert weights(graph) == EXPECTED
    assert list(graph.unique_ids) == list(places.index)


@pytest.mark.parametrize("blank", ["\n", ""])
def test_gal_with_an_island(places, write, blank):
    path = write("w.gal", f"3\nPetropavl_city 0\n{blank}01 1\n1\n1 1\n01\n")
    with pytest.raises(DataError, match=r"w.gal: 1 of 3 places has no neighbour: 'Petropavl city'"):
        read_graph(path, places)
    assert list(read_graph(path, places, islands="keep").isolates) == ["Petropavl city"]
    with pytest.warns(SpatialWarning, match="'Petropavl city and 1'"):
        assert weights(read_graph(path, places, islands="nearest")) == EXPECTED


def test_gwt(places, write):
    path = write("w.gwt", "0 3 towns POLY_ID\n01 1 2.5\n1 01 2.5\n1 Petropavl_city 2.5\nPetropavl_city 1 4\n")
    assert weights(read_graph(path, places)) == EXPECTED
    assert weights(read_graph(path, places, transform="o"))["Petropavl city", "1"] == 4


@pytest.mark.parametrize("header", ["from,to,weight", "focal,neighbor,weight", "From, To ,WEIGHT"])
def test_edge_list(places, write, header):
    path = write("w.csv", f"{header}\n01,1,3\n1,01,3\n1,Petropavl city,3\nPetropavl city,1,3\n")
    assert weights(read_graph(path, places)) == EXPECTED


def test_edge_list_without_weights_and_with_tabs(places, write):
    path = write("w.tsv", "from\tto\n01\t1\n1\t01\n1\tPetropavl city\nPetropavl city\t1\n")
    assert weights(read_graph(path, places)) == EXPECTED


def test_a_place_called_na_is_a_place(places, write):
    places = places.rename(index={"01": "NA", "1": "007"})
    path = write("w.csv", "from,to,weight\nNA,007,1\n007,NA,1\nPetropavl city,007,1\n")
    assert set(weights(read_graph(path, places))) == {("NA", "007"), ("007", "NA"), ("Petropavl city", "007")}


def test_links_of_weight_nothing_are_no_links(places, write):
    path = write("w.csv", "from,to,weight\n01,1,1\n1,01,1\n1,Petropavl city,0\nPetropavl city,Petropavl city,0\n")
    assert list(read_graph(path, places, islands="keep").isolates) == ["Petropavl city"]


def test_parquet_as_libpysal_writes_it(places, tmp_path):
    graph = nearest(places, k=1)
    graph.to_parquet(tmp_path / "w.parquet")
    assert weights(read_graph(tmp_path / "w.parquet", places)) == weights(graph)


def test_parquet_whose_labels_are_numbers(places, tmp_path):
    import pandas as pd

    places = places.rename(index={"01": "3", "1": "1", "Petropavl city": "2"})
    pd.DataFrame({"from": [3, 1, 2], "to": [1.0, 2.0, 1.0], "weight": [1, 1, 1]}).to_parquet(tmp_path / "w.parquet")
    assert set(weights(read_graph(tmp_path / "w.parquet", places))) == {("3", "1"), ("1", "2"), ("2", "1")}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "w.gal",
            "3\n01 1\n2\n1 1\n01\n2 1\n1\n",
            r"1 of 3 labels is no place: '2'. Places are called '01', '1', 'Petropavl city'",
        ),
        ("w.gal", "4\n01 1\n1\n1 1\n01\n", "announces 4 places and 2 follow"),
        ("w.gal", "3\n01 1\n1\n1 2\n01\n", "'1' announces 2 neighbours and 1 follow"),
        ("w.gal", "towns\n01 1\n1\n", "its first line is 'towns'"),
        ("w.gal", "", "its first line is ''"),
        ("w.gal", "1\nOne place\n1\n", "line 'One place' cannot be understood"),
        ("w.gwt", "3\n01 1\n", "1 line cannot be understood: '01 1'"),
        ("w.csv", "a,b,weight\n01,1,1\n", "its columns are 'a', 'b', 'weight'. Expected from, to and weight"),
        ("w.csv", "", "the table is empty"),
        ("w.csv", "from,to,weight\n01,1,1\n01,1,2\n", "1 link stands in it more than once: '01 to 1'"),
        ("w.csv", "from,to,weight\n01,1,-1\n1,01,much\n", "2 weights are negative or no numbers: '01 to 1: -1', '1 to 01: much'"),
        ("w.csv", "from,to,weight\n01,01,1\n", "1 place is its own neighbour: '01'"),
        ("w.csv", "from,to,weight\n", "none of the 3 places has a neighbour"),
        ("w.dbf", "", "cannot be read from a file ending in '.dbf'. Expected one of '.gal', '.gwt'"),
        ("w.parquet", "no parquet", "it is no Parquet file"),
    ],
)
def test_what_is_wrong_is_said(places, write, name, text, message):
    with pytest.raises(DataError, match=rf"^{name}: .*{message}"):
        read_graph(write(name, text), places)


def test_a_file_that_is_not_there(places, tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_graph(tmp_path / "none.gal", places)


def test_files_in_other_encodings(places, tmp_path):
    places = places.rename(index={"01": "Алматы"})
    text = "from;to;weight\nАлматы;1;1,5\n1;Алматы;2\nPetropavl city;1;2\n"
    (tmp_path / "w.csv").write_bytes(text.encode("cp1251"))
    with pytest.warns(SpatialWarning, match=r"not UTF-8 and was read as Windows Cyrillic"):
        assert weights(read_graph(tmp_path / "w.csv", places, transform="o"))["Алматы", "1"] == 1.5
    (tmp_path / "w.csv").write_bytes(text.encode("utf-16"))
    assert weights(read_graph(tmp_path / "w.csv", places, transform="o"))["Алматы", "1"] == 1.5
    (tmp_path / "w.gal").write_bytes("3\nАлматы 1\n1\n".encode("cp1251"))
    with pytest.raises(DataError, match="no UTF-8 text"):
        read_graph(tmp_path / "w.gal", places)


# Labels that are names


@pytest.fixture
def towns(places):
    return places.rename(index={"01": "Алматы қаласы", "1": 'the "old"  town', "Petropavl city": "x"})


def test_labels_with_blanks_as_spdep_writes_them(towns, write):
    links = {("Алматы қаласы", 'the "old"  town'), ('the "old"  town', "Алматы қаласы"), ("x", "Алматы қаласы")}
    text = '0 3 my map NAME\nАлматы қаласы 1\nthe "old" town\nthe "old" town 1\nАлматы қаласы\nx 1\nАлматы қаласы\n'
    assert set(weights(read_graph(write("w.gal", text), towns))) == links
    text = '0 3 "my map" NAME\nАлматы қаласы the "old" town 2\nthe "old" town Алматы қаласы 2\nx "Алматы қаласы" 3\n'
    assert set(weights(read_graph(write("w.gwt", text), towns))) == links


def test_several_labels_with_blanks_on_one_line(towns, write):
    text = '3\nАлматы қаласы 2\nthe "old" town x\nthe "old" town 1\nx\nx 2\nАлматы қаласы the "old" town\n'
    assert len(weights(read_graph(write("w.gal", text), towns))) == 5


def test_labels_with_blanks_that_can_be_cut_in_two_ways(write):
    places = geopandas.GeoDataFrame(geometry=[Point(x, 0) for x in range(4)], index=["a b", "b a", "a", "b"], crs="EPSG:32642")
    with pytest.raises(DataError, match="'a' announces 2 neighbours and 3 follow"):  # a, and b a; or a b, and a
        read_graph(write("w.gal", "4\na 2\na b a\na b 0\nb a 0\nb 0\n"), places)


def test_letters_composed_in_another_way(towns, write):
    towns = towns.rename(index={"x": "Йошкар"})  # the first letter is one character here and two in the file
    path = write("w.csv", "from,to\nИ\u0306ошкар,Алматы қаласы\n")
    assert set(weights(read_graph(path, towns, islands="keep"))) == {("Йошкар", "Алматы қаласы")}


@pytest.mark.parametrize("ending", [".gal", ".gwt", ".csv", ".parquet"])
def test_names_are_read_as_they_were_written(towns, tmp_path, ending):
    graph = nearest(towns, k=1)
    write_graph(graph, tmp_path / f"w{ending}")
    assert weights(read_graph(tmp_path / f"w{ending}", towns)) == weights(graph)


# Links of places to themselves


@pytest.mark.parametrize("ending", [".gal", ".gwt", ".kwt", ".csv", ".parquet"])
def test_links_of_places_to_themselves_are_kept_or_dropped(places, tmp_path, ending):
    graph = kernel_weights(places, bandwidth=4, itself=True, transform="b" if ending == ".gal" else "o")
    path = tmp_path / f"w{ending}"
    write_graph(graph, path if ending != ".kwt" else tmp_path / "w.gwt")
    if ending == ".kwt":
        (tmp_path / "w.gwt").rename(path)
    assert weights(read_graph(path, places, itself="keep", transform="o")) == weights(graph)
    with pytest.raises(DataError, match=r"3 places are their own neighbours.*itself = \"drop\""):
        read_graph(path, places)
    with pytest.warns(SpatialWarning, match="3 links, from a place to itself, were left out"):
        assert len(weights(read_graph(path, places, itself="drop"))) == 6


# Places that a file does not know


def test_places_that_are_not_in_the_file(places, write):
    with pytest.warns(SpatialWarning, match=r"w.gal: 1 of 3 places is not in it: 'Petropavl city'"):
        read_graph(write("w.gal", "2\n01 1\n1\n1 1\n01\n"), places, islands="keep")
    with pytest.warns(SpatialWarning, match=r"its first line announces 2 places, and there are 3"):
        read_graph(write("w.gwt", "2\n01 1 1\n1 01 1\n"), places, islands="keep")


def test_distances_are_no_weights(tmp_path):
    many = geopandas.GeoDataFrame(
        geometry=[Point(x * x, 0) for x in range(12)], index=[f"p{x}" for x in range(12)], crs="EPSG:32642"
    )
    rows = [
        f"p{one} p{other} {abs(one**2 - other**2) / 1000}\n" for one in range(12) for other in (one - 1, one + 1) if 0 <= other < 12
    ]
    (tmp_path / "w.gwt").write_text("0 12 towns ID\n" + "".join(rows))
    with pytest.warns(SpatialWarning, match=r"its weights are the distances between the places.*values = \"costs\""):
        read_graph(tmp_path / "w.gwt", many)
    assert set(read_graph(tmp_path / "w.gwt", many, transform="b").adjacency) == {1}
    assert read_graph(tmp_path / "w.gwt", many, values="costs", transform="o")["p1"]["p2"] == pytest.approx(1000 / 3)


# Tables as others write them


@pytest.mark.parametrize(
    "header",
    [
        "from_id,to_id,travel_time",  # r5
        "InputID,TargetID,Distance",  # QGIS
        "origin_id,destination_id,total_cost",
        "from,to,minutes",
    ],
)
def test_edge_lists_of_others(places, write, header):
    path = write("w.csv", f"{header}\n01,1,4\n1,Petropavl city,4\nPetropavl city,1,5\n")
    found = weights(read_graph(path, places, values="costs", transform="o"))
    assert found == {("01", "1"): 0.25, ("1", "Petropavl city"): 0.25, ("Petropavl city", "1"): 0.2}


def test_columns_in_another_order_and_one_of_several_numbers(places, write):
    path = write("w.csv", "time,to,distance,from\n30,1,7,01\n30,01,7,1\n10,1,8,Petropavl city\n")
    with pytest.raises(DataError, match=r"beside the two ends its columns are 'time', 'distance'.*column = \"...\""):
        read_graph(path, places)
    assert weights(read_graph(path, places, column="distance", transform="o"))["01", "1"] == 7
    with pytest.raises(DataError, match="there is no column 'tim'. Did you mean 'time'"):
        read_graph(path, places, column="tim")


def test_a_third_column_is_not_passed_over(places, write):
    path = write("w.csv", "from,to,minuten\n01,1,30\n1,01,10\n")
    with pytest.raises(DataError, match="beside the two ends its columns are 'minuten'. Expected one that is called weight"):
        read_graph(path, places)
    with pytest.raises(DataError, match="it has no column of costs"):
        read_graph(write("w.csv", "from,to\n01,1\n"), places, values="costs")


def test_a_row_with_a_cell_too_many(places, write):
    with pytest.raises(DataError, match="1 of 2 rows has more cells than the header"):
        read_graph(write("w.csv", "from,to,weight\n01,1,1,5\n1,01,1\n"), places)


def test_a_first_line_that_is_a_link_is_not_passed_over(places, write):
    with pytest.raises(DataError, match="its first line is '01 1 1'. Expected the number of places"):
        read_graph(write("w.gwt", "01 1 1\n1 01 1\n"), places)


def test_a_place_that_stands_twice_in_a_gal_file(places, write):
    with pytest.raises(DataError, match="1 label stands in it more than once: '01'"):
        read_graph(write("w.gal", "3\n01 1\n1\n1 1\n01\n01 0\n"), places)


# Matrices and costs

MATRIX = "place,01,1,Petropavl city\n01,0,3,\n1,3,0,1\nPetropavl city,,1,0\n"


def test_a_matrix_of_weights(places, write):
    graph = read_graph(write("trade.csv", MATRIX), places, transform="o")
    assert weights(graph) == {("01", "1"): 3, ("1", "01"): 3, ("1", "Petropavl city"): 1, ("Petropavl city", "1"): 1}


def test_a_matrix_of_travel_times(places, write):
    path = write("times.csv", "to;01;1;Petropavl city\n01;;10;40\n1;10;;20\nPetropavl city;50;25;\n")
    graph = read_graph(path, places, values="costs", transform="o")
    assert weights(graph)["Petropavl city", "01"] == 1 / 50
    assert weights(graph)["01", "Petropavl city"] == 1 / 40
    near = read_graph(path, places, values="costs", power=0, threshold=20, islands="keep", transform="o")
    assert weights(near) == {("01", "1"): 1, ("1", "01"): 1, ("1", "Petropavl city"): 1}
    shortest = read_graph(path, places, values="costs", power=2, k=1, transform="o")
    assert weights(shortest) == {("01", "1"): 1 / 100, ("1", "01"): 1 / 100, ("Petropavl city", "1"): 1 / 625}


def test_the_largest_flows(places, write):
    path = write("flows.csv", "from,to,flow\n01,1,5\n01,Petropavl city,9\n1,01,5\n1,Petropavl city,5\nPetropavl city,1,2\n")
    assert weights(read_graph(path, places, k=1, transform="o")) == {
        ("01", "Petropavl city"): 9,
        ("1", "01"): 5,  # of equal flows the one to the smaller label
        ("Petropavl city", "1"): 2,
    }
    assert len(weights(read_graph(path, places, threshold=5, islands="keep"))) == 4


def test_numbers_on_the_diagonal_are_said_and_left_out(places, write):
    path = write("trade.csv", MATRIX.replace("01,0,3", "01,7,3"))
    with pytest.warns(SpatialWarning, match=r"1 number on the diagonal of the matrix.*'01'"):
        assert ("01", "01") not in weights(read_graph(path, places))


def test_a_matrix_with_decimal_commas_and_codes(places, write):
    path = write("trade.csv", ";1;Petropavl city;01\n01;1 200,5;-;\n1;;2,25;…\nPetropavl city;3;;-\n")
    with pytest.raises(DataError, match=r"3 weights are negative or no numbers: '01 to Petropavl city: -'.*as missing"):
        read_graph(path, places)
    assert weights(read_graph(path, places, missing=["-", "…"], transform="o")) == {
        ("01", "1"): 1200.5,
        ("1", "Petropavl city"): 2.25,
        ("Petropavl city", "1"): 3,
    }
    with pytest.raises(DataError, match=r"2 numbers can be read in two ways: '1,234', '2,345'"):
        read_graph(write("trade.csv", 'place,01,1\n01,0,"1,234"\n1,"2,345",0\n'), places)


def test_a_matrix_of_places_called_i_and_j(places, write):
    places = places.rename(index={"01": "i", "1": "j"})
    found = read_graph(write("trade.csv", "place,i,j,Petropavl city\ni,,2,\nj,3,,\nPetropavl city,1,,\n"), places, transform="o")
    assert weights(found) == {("i", "j"): 2, ("j", "i"): 3, ("Petropavl city", "i"): 1}


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_a_matrix_with_labels_in_the_index_and_in_another_order(places, tmp_path, ending):
    import pandas as pd

    path, names = tmp_path / f"trade.{ending}", list(places.index)
    table = pd.DataFrame([[0.0, 1, 2], [3, 0, 4], [5, 6, None]], index=names, columns=names).loc[names[::-1]]
    table.to_parquet(path) if ending == "parquet" else table.to_excel(path)
    found = read_graph(path, places, transform="o")
    assert found.sparse.toarray().tolist() == [[0, 1, 2], [3, 0, 4], [5, 6, 0]]
    assert list(found.unique_ids) == names


def test_the_diagonal_of_a_matrix_may_be_kept(places, write):
    found = read_graph(write("trade.csv", MATRIX.replace("01,0,3", "01,7,3")), places, itself="keep", transform="o")
    assert weights(found)["01", "01"] == 7
    with pytest.raises(DataError, match="One over the cost of staying is no weight"):
        read_graph(write("times.csv", MATRIX), places, values="costs", itself="keep")


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_matrices_in_workbooks(places, tmp_path, ending):
    import pandas as pd

    path = tmp_path / f"times.{ending}"
    names = list(places.index)
    table = pd.DataFrame([[None, 10.0, 40.0], [10.0, None, 20.0], [50.0, 25.0, None]], columns=names)
    table.insert(0, "place", names)
    table.to_parquet(path) if ending == "parquet" else table.to_excel(path, index=False)
    found = weights(read_graph(path, places, values="costs", transform="o"))
    assert found == {
        pair: pytest.approx(weight)
        for pair, weight in {
            ("01", "1"): 1 / 10,
            ("01", "Petropavl city"): 1 / 40,
            ("1", "01"): 1 / 10,
            ("1", "Petropavl city"): 1 / 20,
            ("Petropavl city", "01"): 1 / 50,
            ("Petropavl city", "1"): 1 / 25,
        }.items()
    }


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "place,01,1,Petropavl\n01,0,3,\n1,3,0,1\nPetropavl city,,1,0\n",
            {},
            "2 labels stand only in the first column or only in the first row: 'Petropavl city', 'Petropavl'",
        ),
        ("place,01,1\n01,0,3\n1,3,0\n1,,1\n", {}, "labels stand in it more than once: '1'"),
        (MATRIX.replace("3,0,1", "x,0,1"), {}, "1 weight is negative or no number: '1 to 01: x'"),
        ("from,to,time\n01,1,0\n1,01,2\n", {"values": "costs"}, "1 cost is 0: '01 to 1'. One over nothing is no weight"),
        (MATRIX, {"power": 2}, 'power = 2 is given for weights.*values = "costs"'),
        (MATRIX, {"threshold": 99}, "none of the 3 places has a neighbour"),
    ],
)
def test_what_is_wrong_with_a_matrix_is_said(places, write, text, options, message):
    with pytest.raises(DataError, match=rf"^w.csv: .*{message}"):
        read_graph(write("w.csv", text), places, **options)


def test_a_cut_file_of_arcgis(places, tmp_path):
    (tmp_path / "w.swm").write_bytes(b"PLACE;Unknown\n" + (3).to_bytes(4, "little"))
    with pytest.raises(DataError, match="it ends before all places are there"):
        read_graph(tmp_path / "w.swm", places)


def test_fixed_weights_of_arcgis(places, tmp_path):
    places = places.rename(index={"01": "7", "1": "8", "Petropavl city": "9"})
    body = struct.pack("<2i", 3, 1)
    for one, others in ((7, (8,)), (8, (7, 9)), (9, ())):
        body += struct.pack("<2i", one, len(others))
        if others:
            body += struct.pack(f"<{len(others)}i2d", *others, 0.5, 0.5 * len(others))
    (tmp_path / "w.swm").write_bytes(b"VERSION@10.1;UNIQUEID@PLACE;SPATIALREFNAME@None;FIXEDWEIGHTS@True\n" + body)
    found = read_graph(tmp_path / "w.swm", places, islands="keep", transform="o")
    assert weights(found) == {("7", "8"): 0.5, ("8", "7"): 0.5, ("8", "9"): 0.5}
    assert list(found.isolates) == ["9"]


# Written


@pytest.mark.parametrize("ending", [".gal", ".gwt", ".csv", ".parquet"])
def test_what_is_written_is_read(places, tmp_path, ending):
    graph = kernel_weights(places, bandwidth=2.5, transform="b" if ending == ".gal" else "o")
    write_graph(graph, tmp_path / f"w{ending}")
    read = read_graph(tmp_path / f"w{ending}", places, transform="o")
    assert weights(read) == weights(graph)
    assert [path.name for path in tmp_path.iterdir()] == [f"w{ending}"]


@pytest.mark.parametrize("ending", [".gal", ".gwt", ".csv", ".parquet"])
def test_a_place_without_neighbours_is_written(places, tmp_path, ending):
    graph = kernel_weights(places, bandwidth=1.5, islands="keep", transform="b")
    write_graph(graph, tmp_path / f"w{ending}")
    assert list(read_graph(tmp_path / f"w{ending}", places, islands="keep").isolates) == ["Petropavl city"]


def test_what_cannot_be_written(places, tmp_path):
    graph = nearest(places, k=1)
    with pytest.raises(OutputError, match=r"a graph cannot be written as '.dbf'. Expected one of '.gal'"):
        write_graph(graph, tmp_path / "w.dbf")
    with pytest.raises(OutputError, match="it cannot be written"):
        write_graph(graph, tmp_path / "none" / "w.gal")
    alike = nearest(places.rename(index={"01": "Petropavl_city"}), k=1)
    with pytest.raises(OutputError, match="1 label cannot be told apart without blanks: 'Petropavl_city'"):
        write_graph(alike, tmp_path / "w.gal")
    with pytest.raises(OutputError, match="1 label cannot be told apart without blanks: ''"):
        write_graph(nearest(places.rename(index={"01": " "}), k=1), tmp_path / "w.gwt")
    assert list(tmp_path.iterdir()) == []


class TestLargeEdgeLists:
    """What is beyond doubt is read at once, and gives the graph that the careful reader gives."""

    @pytest.fixture
    def large(self, monkeypatch):
        monkeypatch.setattr("spatial.weights._edge_lists.LARGE", 0)

    @pytest.fixture
    def links(self, towns):
        labels = [str(label) for label in towns.index]
        pairs = [(start, to, 1.0 + number / 8) for number, start in enumerate(labels) for to in labels if start != to]
        return pd.DataFrame([*pairs, (labels[0], labels[0], 0.0)], columns=["to", "from", "weight"])

    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_gives_the_same_graph(self, towns, links, ending, tmp_path, large):
        path = tmp_path / f"links.{ending}"
        links.to_csv(path, index=False) if ending == "csv" else links.to_parquet(path)
        names = _names(towns)
        assert plain_links(path, names) is not None
        quick = read_graph(path, towns)
        careful = read_graph(path, towns, column="weight")
        pd.testing.assert_series_equal(quick.adjacency, careful.adjacency)

    @pytest.mark.parametrize(
        "change",
        [
            lambda table: table.rename(columns={"weight": "minutes"}),
            lambda table: table.assign(more=1),
            lambda table: table.drop(columns="weight"),
            lambda table: pd.concat([table, table.iloc[:1]]),
            lambda table: table.assign(weight=table["weight"].where(table["weight"] > 1.1)),
            lambda table: table.assign(weight=-table["weight"]),
            lambda table: table.assign(weight=np.inf),
            lambda table: table.assign(weight=table["weight"].map(lambda each: f"{each}".replace(".", ","))),
            lambda table: table.assign(to=table["to"] + "?"),
            lambda table: table.assign(to=table["to"] + " "),
            lambda table: table.assign(to=table["from"]),
            lambda table: table.assign(to=None),
        ],
    )
    def test_leaves_what_is_not_to_the_careful_reader(self, towns, links, change, tmp_path, large):
        for ending in ("csv", "parquet"):
            path = tmp_path / f"links.{ending}"
            table = change(links)
            table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path, index=False)
            assert plain_links(path, _names(towns)) is None

    def test_is_not_misled_by_what_is_no_table(self, towns, tmp_path, large):
        for ending in ("csv", "parquet"):
            path = tmp_path / f"links.{ending}"
            for content in (b"", b"\xff\xfe\x00PAR1", b"from,to,weight\n"):
                path.write_bytes(content)
                assert plain_links(path, _names(towns)) is None


def test_gal_tells_that_weights_are_lost(tmp_path):
    from libpysal.graph import Graph

    graph = Graph.from_arrays(list("abbc"), list("bacb"), [0.2, 0.7, 0.3, 0.4])
    with pytest.warns(SpatialWarning, match=r"out\.gal: this format holds links alone, so their weights are not in the file"):
        write_graph(graph, tmp_path / "out.gal")
    for plain in (graph.transform("b"), graph.transform("b").transform("r")):
        write_graph(plain, tmp_path / "out.gal")
    write_graph(graph, tmp_path / "out.gwt")


@pytest.mark.parametrize(
    ("name", "text", "twice"),
    [
        ("w.csv", "from,to,weight\nNew York,b,1\nNew_York,b,2\nb,New York,3\n", "'New York to b', 'New_York to b'"),
        ("w.csv", "from,to,weight\nй,b,1\nи\u0306,b,2\nb,й,3\n", "'й to b', 'и\u0306 to b'"),
        ("w.gal", '3\nNew_York 1\nb\n"New York" 1\nb\nb 1\nNew_York\n', "'New_York', 'New York'"),
    ],
)
def test_a_link_that_stands_twice_in_two_spellings_is_found(tmp_path, name, text, twice):
    places = points(["New York", "b", "й"])
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"stand in it more than once: {twice}"):
        read_graph(tmp_path / name, places, islands="keep")


def test_a_place_that_is_its_own_neighbour_in_two_spellings_is_found(tmp_path):
    (tmp_path / "w.csv").write_text("from,to,weight\nNew York,New_York,1\nNew York,b,2\nb,New York,3\n", encoding="utf-8")
    with pytest.raises(DataError, match="1 place is its own neighbour: 'New York'"):
        read_graph(tmp_path / "w.csv", points(["New York", "b"]))


def test_weights_of_a_gwt_file_may_have_decimal_commas_and_are_shown_as_they_stand(tmp_path):
    places, file = points(["a", "b"]), tmp_path / "w.gwt"
    file.write_text("0 2 x y\na b 0,5\nb a 1,25\n", encoding="utf-8")
    assert read_graph(file, places, transform="o").adjacency.tolist() == [0.5, 1.25]
    file.write_text("0 2 x y\na b 0.5\nb a much\n", encoding="utf-8")
    with pytest.raises(DataError, match="1 weight is negative or no number: 'b to a: much'"):
        read_graph(file, places)
    table = tmp_path / "w.csv"
    table.write_text("from,to,weight\na,b,1_0\nb,a,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="1 weight is negative or no number: 'a to b: 1_0'"):
        read_graph(table, places)


def test_a_graph_without_links_can_be_written_and_read_for_its_report(tmp_path):
    places = points(["a", "b"])
    (tmp_path / "w.csv").write_text("from,to,weight\na,a,0\nb,b,0\n", encoding="utf-8")
    with pytest.warns(SpatialWarning, match="none of the 2 places has a neighbour"):
        graph = read_graph(tmp_path / "w.csv", places, islands="keep")
    assert connectivity(places, graph).observations == 2
    with pytest.raises(DataError, match=r"none of the 2 places has a neighbour.*Complete the file"):
        read_graph(tmp_path / "w.csv", places)


def test_a_list_of_links_without_titles_is_told_so(tmp_path):
    (tmp_path / "w.csv").write_text("a,b\nb,a\n", encoding="utf-8")
    with pytest.raises(DataError, match="Write the titles of the columns into the first row"):
        read_graph(tmp_path / "w.csv", points(["a", "b"]))


def test_what_is_no_file_and_no_graphs_is_refused():
    places = points(["a", "b"]).assign(group=[[1], [1]])
    for source in (None, 3, ["a"]):
        with pytest.raises(DataError, match="Expected the path of a file"):
            read_graph(source, places)
    with pytest.raises(DataError, match="Expected a list of two graphs or more"):
        union(places, None)
    with pytest.raises(DataError, match="column 'group': a value is of the type list"):
        block(places, column="group")
