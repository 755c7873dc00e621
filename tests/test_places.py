"""Places hold what every operation relies on, and meet a graph by label."""

import geopandas
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from shapely.geometry import Point, Polygon

import spatial
from spatial.errors import DataError, ModelError
from spatial.places import LOCAL, aligned, checked, is_local


@pytest.fixture
def queen(grid):
    return Graph.build_contiguity(grid).transform("R")


def test_rows_in_another_order_give_the_same_numbers(grid, queen):
    shuffled = grid.sample(frac=1, random_state=3)
    one, other = aligned(grid, queen, "noise"), aligned(shuffled, queen, "noise")
    assert np.array_equal(one.vector, other.vector)
    assert (one.weights != other.weights).nnz == 0
    assert other.series(other.vector).equals(shuffled["noise"])


def test_a_graph_in_another_order_gives_the_same_weights(grid, queen):
    shuffled = Graph.build_contiguity(grid.sample(frac=1, random_state=4)).transform("R")
    assert (aligned(grid, queen, "noise").weights != aligned(grid, shuffled, "noise").weights).nnz == 0


def test_missing_values_are_an_error_unless_told_otherwise(grid, queen):
    grid.loc["cell 05", "noise"] = np.nan
    with pytest.raises(DataError, match=r"1 of 16 places has no value: 'cell 05'.*missing = \"drop\""):
        aligned(grid, queen, "noise")
    dropped = aligned(grid, queen, "noise", missing="drop")
    assert len(dropped.labels) == 15
    assert "cell 05" in dropped.notes[0]
    assert np.allclose(np.asarray(dropped.weights.sum(axis=1)).ravel(), 1)
    assert np.isnan(dropped.series(dropped.vector)["cell 05"])


@pytest.mark.parametrize("transform", ["B", "D", "V", "R"])
def test_weights_are_standardised_again_after_dropping(grid, transform):
    graph = Graph.build_contiguity(grid)
    grid.loc["cell 00", "noise"] = np.nan
    found = aligned(grid, graph.transform(transform), "noise", missing="drop").weights.toarray()
    kept = grid.index[1:]
    expected = Graph.build_contiguity(grid.loc[kept]).transform(transform).sparse.toarray()
    assert np.allclose(found, expected)


def test_labels_that_differ_are_an_error(grid, queen):
    with pytest.raises(DataError, match="1 label of the graph is no place: 'cell 15'"):
        aligned(grid.iloc[:-1], queen, "noise")


def test_text_among_numbers_names_the_rows(grid, queen):
    grid["text"] = ["1"] * 15 + ["none"]
    with pytest.raises(DataError, match="16 values are not numbers|1 of 16 values is no number: 'cell 15: none'"):
        aligned(grid, queen, "text")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda places: places.set_crs(None, allow_override=True), "no reference system"),
        (lambda places: places.set_axis(["a", "a", *places.index[2:]]), "1 key occurs more than once: 'a'"),
        (lambda places: places.set_geometry([None, *places.geometry[1:]]), "1 place has no geometry"),
        (lambda places: places.set_geometry([Point(0, 0), *places.geometry[1:]], crs=places.crs), "points and polygons"),
        (lambda places: places.set_geometry([Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), *places.geometry[1:]], crs=places.crs), "1 geometry is invalid.*Self-intersection"),
        (lambda places: places.iloc[:0], "there are no places"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_places_is_refused(grid, change, message):
    with pytest.raises(DataError, match=message):
        checked(change(grid))


def test_a_missing_column_is_named_with_the_nearest(grid, queen):
    with pytest.raises(DataError, match="no column 'valu'. Did you mean 'value'"):
        aligned(grid, queen, "valu")


def test_constant_columns_and_too_few_places_are_refused(grid, queen):
    with pytest.raises(ModelError, match="all 16 values are 1"):
        aligned(grid.assign(one=1.0), queen, "one")
    with pytest.raises(ModelError, match="Expected at least 3"):
        aligned(grid.iloc[:2], None, "noise")


def test_numeric_labels_become_text(grid):
    assert list(checked(grid.reset_index(drop=True)).index[:2]) == ["0", "1"]


def test_local_coordinates_say_so(grid):
    assert not is_local(grid)
    assert is_local(grid.set_crs(LOCAL, allow_override=True))


@pytest.mark.parametrize("weight", [-1.0, np.inf])
def test_weights_that_no_formula_is_meant_for_are_refused(grid, weight):
    others = grid.index[2:]
    graph = Graph.from_arrays([*grid.index[:2], *others], [grid.index[1], grid.index[0], *others], [1.0, weight, *[0.0] * 14])
    with pytest.raises(DataError, match="1 weight is negative or no number: 'cell 01 to cell 00"):
        aligned(grid, graph, "noise")


@pytest.mark.parametrize("factor", [1e300, 1e-200])
def test_numbers_whose_squares_are_none_are_refused(grid, factor):
    with pytest.raises(DataError, match="too large or too small to be computed with"):
        aligned(grid.assign(far=grid["noise"] * factor), None, "far")


def test_differences_that_rounding_made_are_none(grid):
    close = grid.assign(close=1 + 2e-16 * np.arange(16))
    with pytest.raises(ModelError, match="all 16 values are 1"):
        aligned(close, None, "close")
    assert len(aligned(close, None, "close", varying=False).vector) == 16


def test_an_older_w_is_refused_with_the_way_to_mend_it(grid, queen):
    with pytest.raises(DataError, match=r"graph: a W was given. Expected a Graph of libpysal.*from_W"):
        aligned(grid, queen.to_W(), "noise")


def test_weights_are_the_same_whether_the_graph_has_made_its_matrix_or_not(grid, queen):
    """The matrix that a graph keeps is taken where its order is that of the labels, and never changed."""
    isolated = queen.adjacency.copy()
    isolated[isolated.index.get_level_values("focal") == grid.index[3]] = 0.0
    fresh, asked = Graph(isolated, is_sorted=True), Graph(isolated, is_sorted=True)
    before = asked.sparse.copy()
    one, other = aligned(grid, fresh, "noise"), aligned(grid, asked, "noise")
    assert (one.weights != other.weights).nnz == 0
    assert one.weights.nnz == other.weights.nnz
    assert other.islands[list(other.labels).index(grid.index[3])]
    assert (asked.sparse != before).nnz == 0
    assert asked.sparse.nnz == before.nnz


def test_complex_numbers_are_refused(grid, queen):
    with pytest.raises(DataError, match="column 'noise': its numbers are complex"):
        aligned(grid.assign(noise=grid["noise"] * 1j), queen, "noise")


@pytest.mark.parametrize(
    "labels", [pd.CategoricalIndex(["b", "a", "c"]), pd.Index(["b", 1, 2.5], dtype=object), pd.Index([3, 1, 2])]
)
def test_labels_of_any_kind_become_texts_in_order(grid, labels):
    table = grid.iloc[:3].set_index(labels)
    found = aligned(table, None, "noise", varying=False)
    assert list(found.labels) == sorted(str(label) for label in labels)
    assert list(found.series(found.vector)) == list(table["noise"])


def test_labels_in_order_are_not_sorted_and_twins_among_them_are_found(grid):
    rising = grid.set_index(pd.Index([f"{number:03d}" for number in range(len(grid))]))
    assert list(aligned(rising, None, "noise").vector) == list(rising["noise"])
    with pytest.raises(DataError, match="1 key occurs more than once: '001'"):
        checked(rising.rename(index={"002": "001"}))


def test_rows_that_no_longer_sum_to_one_are_told_of():
    """A graph with weights of its own was perhaps standardised; one with transform "r" is standardised again."""
    import geopandas
    from libpysal.graph import Graph

    names = ["a", "b", "c", "d"]
    places = geopandas.GeoDataFrame(
        {"x": [1.0, 2.0, 4.0, None]}, geometry=geopandas.points_from_xy([0, 1, 2, 3], [0] * 4), index=names, crs="EPSG:32642"
    )
    own = Graph.from_arrays(list("abbccd"), list("bacbdc"), [1, 0.5, 0.5, 0.5, 0.5, 1])
    found = aligned(places, own, "x", missing="drop")
    assert any("rows of weights that summed to 1 no longer do" in note for note in found.notes)
    again = aligned(places, own.transform("r"), "x", missing="drop")
    assert not any("summed to 1" in note for note in again.notes)
    assert again.weights.sum(axis=1).tolist() == [1, 1, 1]
    binary = aligned(places, own.transform("b"), "x", missing="drop")
    assert not any("summed to 1" in note for note in binary.notes)


def test_a_numeric_index_meets_a_graph_of_libpysal_and_results_stand_on_it():
    """As geopandas reads a table: rows numbered from 0, and a graph built of it."""
    from libpysal.graph import Graph
    from shapely import Point

    places = geopandas.GeoDataFrame(
        {"value": [1.0, 3.0, 2.0, 5.0, 4.0, 6.0], "other": [1.0, 0.0, 2.0, 2.0, 1.0, 3.0], "group": list("aabbab")},
        geometry=[Point(1000 * number**2, 0) for number in range(6)],
        crs="EPSG:32642",
    ).iloc[[3, 0, 5, 1, 4, 2]]
    theirs, ours = Graph.build_knn(places, k=2).transform("r"), spatial.nearest(places, k=2)
    assert spatial.moran(places, theirs, column="value").statistic == spatial.moran(places, ours, column="value").statistic
    found = [
        spatial.local_moran(places, theirs, column="value").cluster,
        spatial.k_means(places, columns=["value"], k=2).cluster,
        spatial.ols(places, formula="value ~ other").residuals,
        spatial.compare_grouping(places, columns=["value"], grouping="group").best,
    ]
    for each in found:
        assert each.index.tolist() == places.index.tolist()
        assert each.index.name == "place"
        assert places.assign(new=each)["new"].tolist() == each.tolist()
    gone = places.assign(value=places["value"].where(places.index != 4))
    assert spatial.local_moran(gone, theirs, column="value", missing="drop").cluster[4] == "No data"
    with pytest.raises(DataError, match="1 place is not in the graph: '0'; 1 label of the graph is no place: '6'"):
        spatial.moran(places, Graph.build_knn(places.set_index(places.index + 1), k=2), column="value")
