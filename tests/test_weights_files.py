"""Graphs from files, as others write them."""

import geopandas
import pytest
from shapely.geometry import Point

from spatial.errors import DataError, SpatialWarning
from spatial.weights import nearest, read_graph


@pytest.fixture
def places():
    return geopandas.GeoDataFrame(
        geometry=[Point(x, 0) for x in (0, 1, 3)], index=["01", "1", "Petropavl city"], crs="EPSG:32642"
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
    with pytest.raises(DataError, match=r"w.gal: 1 of 3 places have no neighbour: 'Petropavl city'"):
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
            r"1 of 3 labels are no places: '2'. Places are called '01', '1', 'Petropavl city'",
        ),
        ("w.gal", "4\n01 1\n1\n1 1\n01\n", "announces 4 places and 2 follow"),
        ("w.gal", "3\n01 1\n1\n1 2\n01\n", "'1' announces 2 neighbours and 1 follow"),
        ("w.gal", "towns\n01 1\n1\n", "its first line is 'towns'"),
        ("w.gal", "", "its first line is ''"),
        ("w.gal", "1\nOne place\n1\n", "line 'One place' cannot be understood"),
        ("w.gwt", "3\n01 1\n", "1 lines cannot be understood: '01 1'"),
        ("w.csv", "a,b,weight\n01,1,1\n", "its columns are 'a', 'b', 'weight'. Expected from, to and weight"),
        ("w.csv", "", "it is no table"),
        ("w.csv", "from,to,weight\n01,1,1\n01,1,2\n", "1 links stand in it more than once: '01 to 1'"),
        ("w.csv", "from,to,weight\n01,1,-1\n1,01,much\n", "2 weights are negative or no numbers: '01 to 1: -1', '1 to 01: nan'"),
        ("w.csv", "from,to,weight\n01,01,1\n", "1 places are their own neighbours: '01'"),
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


def test_a_file_in_another_encoding(places, tmp_path):
    (tmp_path / "w.csv").write_bytes("from,to\nҚаратау,1\n".encode("cp1251", errors="replace") + b"\xff,1\n")
    with pytest.raises(DataError, match="no UTF-8 text"):
        read_graph(tmp_path / "w.csv", places)
