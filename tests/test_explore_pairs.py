"""Statistics of two columns, of kinds, of rates and of distances on maps small enough to compute by hand."""

from itertools import combinations, pairwise
from itertools import permutations as orders

import numpy as np
import pytest

import spatial
from spatial.errors import DataError, ModelError, StudyError


def chain(**columns):
    """Squares in a row, each next to the one before."""
    import geopandas
    from libpysal.graph import Graph
    from shapely import box

    count = len(next(iter(columns.values())))
    squares = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(count)]
    labels = [chr(ord("a") + number) for number in range(count)]
    places = geopandas.GeoDataFrame(columns, geometry=squares, index=labels, crs="EPSG:32642").rename_axis("place")
    return places, Graph.build_contiguity(places, rook=True)


VALUES = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0]
SECOND = [2.0, 7.0, 1.0, 8.0, 2.5, 8.5, 1.0]


def test_join_counts_by_hand_and_over_all_orders():
    places, graph = chain(kind=list("AABBAC"))
    found = spatial.join_counts(places, graph, column="kind")
    assert found.joins["count"].to_dict() == {"A:A": 1, "B:B": 1, "C:C": 0, "A:B": 2, "A:C": 1, "B:C": 0, "unlike": 3}
    assert found.statistic == 2
    assert found.joins["count"].iloc[:-1].sum() == 5
    tried = {name: [] for name in ("A:A", "A:B", "unlike")}
    for order in orders("AABBAC"):
        pairs = ["".join(sorted(pair)) for pair in pairwise(order)]
        tried["A:A"].append(pairs.count("AA"))
        tried["A:B"].append(pairs.count("AB"))
        tried["unlike"].append(sum(pair[0] != pair[1] for pair in pairs))
    for name, counts in tried.items():
        row = found.joins.loc[name]
        assert row["expected"] == pytest.approx(np.mean(counts))
        assert row["variance"] == pytest.approx(np.var(counts))
    less, greater = (np.array(tried["unlike"]) <= 3).mean(), (np.array(tried["unlike"]) >= 3).mean()
    assert found.exact
    assert found.p_permutation == pytest.approx(min(1, 2 * min(less, greater)))


def test_kinds_may_be_days_and_of_several_types():
    import pandas as pd

    one = spatial.join_counts(*chain(kind=list("AABBA")), column="kind")
    days = pd.to_datetime(["2020-01-01", "2020-01-01", "2021-01-01", "2021-01-01", "2020-01-01"])
    for kinds in (days, [1, 1, "B", "B", 1], pd.Categorical(list("AABBA"), categories=list("BA"))):
        other = spatial.join_counts(*chain(kind=kinds), column="kind")
        assert sorted(other.joins["count"]) == sorted(one.joins["count"])
        assert other.p_permutation == one.p_permutation


def test_kinds_that_one_gap_made_floats_keep_their_digits():
    codes = [1010101.0, 1010101.0, 1010102.0, 1010102.0, 1010101.0, None]
    found = spatial.join_counts(*chain(kind=codes), column="kind", missing="drop")
    assert found.joins.index.tolist() == ["1010101:1010101", "1010102:1010102", "1010101:1010102", "unlike"]
    halves = spatial.join_counts(*chain(kind=[0.25, 0.25, 1e-7, 12.3456789, 12.3456788]), column="kind")
    assert halves.joins.index[:4].tolist() == ["1e-07:1e-07", "0.25:0.25", "12.3456788:12.3456788", "12.3456789:12.3456789"]


@pytest.mark.parametrize(
    "kind", ["float16", "float32", "Float32", "Int64", "int8", "boolean", "bool", "category", "string", "object"]
)
def test_kinds_of_any_type_have_names(kind):
    import pandas as pd

    found = spatial.join_counts(*chain(kind=pd.Series([0, 0, 1, 1, 0]).astype(kind).to_numpy()), column="kind")
    names = {"bool": ("False", "True"), "boolean": ("False", "True")}.get(kind, ("0", "1"))
    assert found.joins.index.tolist() == [f"{names[0]}:{names[0]}", f"{names[1]}:{names[1]}", ":".join(names), "unlike"]
    assert found.joins["count"].tolist() == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ([1, "1", "1", 2, 2, 1], r"written alike: '1:1'\..*as numbers or as texts"),
        (["A", "A:B", "B:C", "C", "A", "C"], "written alike: 'A:B:C'.*without ':'"),
    ],
)
def test_kinds_that_are_written_alike_are_refused(kinds, message):
    with pytest.raises(DataError, match=message):
        spatial.join_counts(*chain(kind=kinds), column="kind")


def test_local_join_counts_of_short_floats():
    codes = np.array([1, 1, 0, 1, 0], "float16")
    assert spatial.local_join_counts(*chain(kind=codes), column="kind").statistic.tolist() == [1, 1, 0, 0, 0]


def test_free_sampling_has_the_moments_of_coloured_places():
    places, graph = chain(kind=list("AABBA"))
    found = spatial.join_counts(places, graph, column="kind", sampling="free").joins
    random = np.random.default_rng(1).random((200_000, 5)) < 0.6
    drawn = {
        "A:A": (random[:, 1:] & random[:, :-1]).sum(axis=1),
        "A:B": (random[:, 1:] != random[:, :-1]).sum(axis=1),
        "B:B": (~random[:, 1:] & ~random[:, :-1]).sum(axis=1),
    }
    for name, counts in drawn.items():
        assert found.loc[name, "expected"] == pytest.approx(counts.mean(), rel=0.01)
        assert found.loc[name, "variance"] == pytest.approx(counts.var(), rel=0.02)


@pytest.mark.parametrize("dealt", ["second", "pairs"])
def test_bivariate_moran_over_all_orders(dealt):
    places, graph = chain(one=VALUES, other=SECOND)
    found = spatial.bivariate_moran(places, graph, column="one", second="other", dealt=dealt)
    z, u = ((np.array(each) - np.mean(each)) / np.std(each) for each in (VALUES, SECOND))
    near = graph.sparse.toarray()
    index = [(z if dealt == "second" else z[list(order)]) @ near @ u[list(order)] / near.sum() for order in orders(range(7))]
    assert found.exact
    assert found.expected == pytest.approx(np.mean(index), abs=1e-12)
    assert found.variance == pytest.approx(np.var(index))
    assert found.statistic == pytest.approx(z @ near @ u / near.sum())


def test_lee_over_all_orders():
    places, graph = chain(one=VALUES, other=SECOND)
    weights = graph.transform("r")
    found = spatial.lee(places, weights, column="one", second="other")
    z, u = ((np.array(each) - np.mean(each)) / np.std(each) for each in (VALUES, SECOND))
    near = weights.sparse.toarray()
    tried = [(near @ z[list(order)]) @ (near @ u[list(order)]) / 7 for order in orders(range(7))]
    assert found.expected == pytest.approx(np.mean(tried))
    assert found.variance == pytest.approx(np.var(tried))
    assert found.local.sum() == pytest.approx(7 * found.statistic)


@pytest.mark.parametrize("others", [None, ["other"]])
def test_local_geary_over_all_sets_of_neighbours(others):
    places, graph = chain(one=VALUES, other=SECOND)
    found = spatial.local_geary(places, graph, column="one", others=others)
    columns = [VALUES, SECOND][: 2 if others else 1]
    z = np.array([(np.array(each) - np.mean(each)) / np.std(each, ddof=1) for each in columns])
    for number, label in enumerate(places.index):
        near = [each for each in (number - 1, number + 1) if 0 <= each < 7]
        rest = [each for each in range(7) if each != number]
        sums = np.array([((z[:, list(some)] - z[:, [number]]) ** 2).sum(axis=1).mean() for some in combinations(rest, len(near))])
        observed = ((z[:, near] - z[:, [number]]) ** 2).sum(axis=1).mean()
        assert found.statistic[label] == pytest.approx(observed)
        assert found.expected[label] == pytest.approx(sums.mean())
        assert found.variance[label] == pytest.approx(sums.var())
        less, greater = (sums <= observed + 1e-9).mean(), (sums >= observed - 1e-9).mean()
        assert found.p_permutation[label] == pytest.approx(min(1, 2 * min(less, greater)))


def test_local_bivariate_moran_over_all_sets_of_neighbours():
    places, graph = chain(one=VALUES, other=SECOND)
    found = spatial.local_bivariate_moran(places, graph, column="one", second="other", alternative="greater")
    z, u = ((np.array(each) - np.mean(each)) / np.std(each) for each in (VALUES, SECOND))
    sums = np.array([u[list(some)].sum() for some in combinations([0, 1, 2, 3, 4, 6], 2)]) * z[5]
    observed = z[5] * (u[4] + u[6])
    assert found.statistic["f"] == pytest.approx(observed)
    assert found.expected["f"] == pytest.approx(sums.mean())
    assert found.variance["f"] == pytest.approx(sums.var())
    assert found.p_permutation["f"] == pytest.approx((sums >= observed - 1e-9).mean())
    assert found.quadrant["f"] == "High-Low"


def test_local_join_counts_are_hypergeometric():
    from scipy.stats import hypergeom

    places, graph = chain(town=[1, 1, 1, 0, 0, 1, 0, 0], port=[1, 1, 0, 1, 0, 1, 1, 0])
    found = spatial.local_join_counts(places, graph, column="town", alternative="greater")
    assert found.statistic.tolist() == [1, 2, 1, 0, 0, 0, 0, 0]
    assert found.p_permutation["b"] == pytest.approx(hypergeom.sf(1, 7, 3, 2))
    assert found.p_permutation[["d", "e", "g", "h"]].isna().all()
    assert found.members == 4
    both = spatial.local_join_counts(places, graph, column="town", others=["port"])
    assert both.statistic.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    apart = spatial.local_join_counts(places, graph, column="town", others=["port"], together="neighbours")
    assert apart.statistic.tolist() == [0, 0, 1, 0, 0, 0, 0, 0]


def test_scatter_is_where_it_was_put():
    random = np.random.default_rng(5)
    values = np.where(np.arange(60) >= 40, 10.0, 1.0) * random.normal(size=60)
    places, graph = chain(value=values[:60].tolist())
    found = spatial.losh(places, graph.transform("r"), column="value", permutations=999)
    assert found.statistic.iloc[40:].mean() > 5 * found.statistic.iloc[:40].mean()
    assert (found.cluster.iloc[:38] != "High variance").all()


def test_correlogram_by_steps_and_by_distance_agree_on_a_row():
    places, graph = chain(value=VALUES)
    steps = spatial.correlogram(places, graph, column="value", steps=4).table
    metres = spatial.correlogram(places, graph, column="value", by="distance", steps=4, width=1000).table
    for name in ("links", "statistic", "variance", "p_permutation", "low", "high"):
        assert steps[name].tolist() == pytest.approx(metres[name].tolist())
    assert metres["farthest"].tolist() == [1000, 2000, 3000, 4000]
    assert steps["statistic"].iloc[0] == pytest.approx(spatial.moran(places, graph, column="value").statistic)
    assert spatial.correlogram(places, graph, column="value", by="distance", steps=2).table["farthest"].tolist() == [1000, 2000]
    short = spatial.correlogram(places, graph, column="value", steps=20)
    assert len(short.table) == 6
    assert any("Only 6 of 20 lags" in note for note in short.notes)


@pytest.mark.parametrize("options", [{}, {"by": "distance", "width": 1000}], ids=["order", "distance"])
def test_correlogram_leaves_out_lags_that_only_places_left_out_have(options):
    places, graph = chain(value=[1, 3, 2, 5, 4, None])
    found = spatial.correlogram(places, graph, column="value", steps=5, missing="drop", **options)
    shorter = spatial.correlogram(places, graph, column="value", steps=4, missing="drop", **options)
    np.testing.assert_array_equal(found.table, shorter.table)
    assert any("Only 4 of 5 lags" in note for note in found.notes)
    places, graph = chain(value=[1, 3, None, None, None, None, 2, 7])
    found = spatial.correlogram(places, graph, column="value", steps=7, missing="drop", **options)
    assert found.table["links"].tolist() == [4, 2, 4, 2]
    assert (found.table["farthest"] / found.table["farthest"].iloc[0]).tolist() == [1, 5, 6, 7]


def test_correlogram_without_any_lag():
    from libpysal.graph import Graph

    places, _ = chain(value=[1, None, 2, None, 4, None, 7])
    graph = Graph.from_arrays(list("acegbdf"), list("cagebdf"), [1.0] * 4 + [0.0] * 3)
    with pytest.raises(ModelError, match="no two of the 4 places with values are apart by 1 lag or less"):
        spatial.correlogram(places, graph, column="value", by="distance", width=1000, steps=1, missing="drop")


def test_rates_of_equal_populations_are_plain_values():
    places, graph = chain(ill=[1, 2, 3, 4, 9, 1], people=[100] * 6)
    for rates, plain in ((spatial.rate_moran, spatial.moran), (spatial.local_rate_moran, spatial.local_moran)):
        one, other = rates(places, graph, events="ill", population="people"), plain(places, graph, column="ill")
        np.testing.assert_allclose(one.statistic, other.statistic, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one.p_permutation, other.p_permutation)


def test_smoothed_rates_lie_between_their_own_and_that_of_all():
    places, graph = chain(ill=[0, 1, 30, 4, 9, 1], people=[10, 100, 400, 900, 50, 1000])
    found = spatial.empirical_bayes(places, events="ill", population="people")
    low, high = np.minimum(found.rate, found.prior_mean), np.maximum(found.rate, found.prior_mean)
    assert ((found.smoothed >= low) & (found.smoothed <= high)).all()
    near = spatial.spatial_rate(places, graph, events="ill", population="people")
    assert near.spatial_rate["b"] == pytest.approx(31 / 510)


@pytest.mark.parametrize(
    ("name", "columns", "options", "error", "message"),
    [
        ("join_counts", {"kind": list("AAAA")}, {"column": "kind"}, ModelError, "there are 1 kinds"),
        ("join_counts", {"kind": ["A", None, "B", "B"]}, {"column": "kind"}, DataError, "no value"),
        ("local_join_counts", {"kind": [0, 1, 2, 1]}, {"column": "kind"}, ModelError, "neither 0 nor 1: 'c'"),
        ("local_join_counts", {"kind": [0, 0, 0, 0]}, {"column": "kind"}, ModelError, "no place is of the kind"),
        ("local_join_counts", {"kind": [0, 1, 0, 1]}, {"column": "kind", "together": "neighbours"}, ModelError, "exactly two"),
        ("rate_moran", {"n": [1, 2, 3, 4], "x": [1, 0, 1, 1]}, {"events": "n", "population": "x"}, ModelError, "not above 0: 'b'"),
        ("rate_moran", {"n": [1, -2, 3, 4], "x": [1, 1, 1, 1]}, {"events": "n", "population": "x"}, ModelError, "negative: 'b'"),
        ("rate_moran", {"n": [0, 0, 0, 0], "x": [1, 1, 1, 1]}, {"events": "n", "population": "x"}, ModelError, "all counts are 0"),
        ("lee", {"a": [1, 2, 3, 4], "b": [1, 1, 1, 1]}, {"column": "a", "second": "b"}, ModelError, "all 4 values are 1"),
        ("bivariate_moran", {"a": [1, 2, 3, 4]}, {"column": "a", "second": "b"}, DataError, "no column 'b'"),
        ("losh", {"a": [1, 2, 3, 4]}, {"column": "a", "power": 9}, StudyError, "out of range"),
        ("correlogram", {"a": [1, 2, 3, 4]}, {"column": "a", "by": "distance", "width": 10}, DataError, "none of the 4 places"),
        (
            "correlogram",
            {"a": [1, 2, 3, 4]},
            {"column": "a", "width": 10},
            StudyError,
            "lags by order .* have no width.*Leave width out",
        ),
        ("local_geary", {"a": [1, 2, 3, 4]}, {"column": "a", "draws": "none"}, StudyError, "is not known"),
    ],
)
def test_bad_input_is_named(name, columns, options, error, message):
    with pytest.raises(error, match=message):
        getattr(spatial, name)(*chain(**columns), **options)


def test_a_correlogram_says_how_far_likeness_reaches_in_words():
    places, graph = chain(value=np.arange(40.0))
    wide = spatial.correlogram(
        places.set_geometry(places.scale(10, 10, origin=(0, 0))), graph, column="value", by="distance", steps=2
    ).reading
    assert "up to 20.0 km (" in wide[1]
    assert "up to 1 step (" in spatial.correlogram(places, graph, column="value", steps=1).reading[1]


def test_a_correlogram_goes_on_after_a_band_in_which_nobody_is():
    places, graph = chain(value=[1.0, 3.0, 2.0, 5.0, 4.0, 6.0])
    table = spatial.correlogram(places, graph, column="value", by="distance", width=700, steps=3).table
    assert table["nearest"].tolist() == [700, 1400]
    assert table["links"].tolist() == [10, 8]
