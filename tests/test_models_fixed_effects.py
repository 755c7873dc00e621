"""Regressions on records: answers a person can verify, the bootstrap against a naive loop, what stays the same, bad input."""

from importlib import import_module
from itertools import product

import numpy as np
import pandas as pd
import pytest

import spatial
from spatial.errors import DataError, ModelError, StudyError
from spatial.models import _absorbed as absorbing
from spatial.models import fixed_effects


def drawn(seed=1, count=120, clusters=7):
    """Firms in regions and sectors of unequal size, with an effect of the region that nobody measured."""
    random = np.random.default_rng(seed)
    region = np.sort(random.integers(0, clusters, count))
    sector = random.integers(0, 3, count)
    x, z = random.normal(size=count) + 0.3 * region, random.integers(0, 2, count).astype(float)
    y = 1 + 0.5 * x - 0.3 * z + 0.4 * sector + random.normal(size=clusters)[region] + random.normal(size=count)
    names = np.array([f"region {each}" for each in range(clusters)])
    return pd.DataFrame(
        {
            "y": y,
            "x": x,
            "z": z,
            "region": names[region],
            "sector": np.array(["farm", "shop", "works"])[sector],
            "firm": np.arange(count),
        }
    )


def test_a_slope_within_groups_that_a_person_can_verify():
    # Within "a" y rises by 2 for 1 of x, within "b" by 4 for 2 and noise that is balanced; the groups lie far apart.
    records = pd.DataFrame(
        {"y": [0.0, 2, 4, 100, 104, 108, 50, 51], "x": [0.0, 1, 2, 0, 2, 4, 1, 1], "g": ["a", "a", "a", "b", "b", "b", "c", "c"]}
    )
    found = fixed_effects(records, formula="y ~ x", absorb=["g"], vcov="iid")
    assert found.coefficients.loc["x", "estimate"] == pytest.approx(2)
    mean_y, mean_x = records.y.mean(), records.x.mean()
    assert found.coefficients.loc["Intercept", "estimate"] == pytest.approx(mean_y - 2 * mean_x)
    assert found.parameters == 4
    assert found.residual_df == 4
    # What is left: only the half in group c that x does not explain, 2 * 0.5^2, of 8 + 32 + 0.5 within the groups.
    assert found.sigma**2 == pytest.approx(0.5 / 4)
    assert found.r2_within == pytest.approx(40 / 40.5)
    assert found.coefficients.loc["x", "std_error"] ** 2 == pytest.approx(0.125 / 10)
    assert found.df == 4
    assert "mean response less mean regressors" in " ".join(found.notes)


def test_missing_values_are_counted_by_column_or_refused():
    records = drawn()
    records.loc[[0, 1], "x"] = np.nan
    records.loc[[1, 5], "region"] = None
    with pytest.raises(DataError, match=r"3 of 120 lack a value.*'x' 2, 'region' 2.*missing = \"drop\""):
        fixed_effects(records, formula="y ~ x", cluster=["region"])
    found = fixed_effects(records, formula="y ~ x", cluster=["region"], missing="drop")
    assert (found.records, found.deleted, found.observations) == (120, 3, 117)
    assert found.deletions["missing"].to_dict() == {"x": 2, "region": 2}
    assert any("3 of 120 records were deleted" in note for note in found.notes)
    assert "117 records (of 120; 3 with missing values" in found.reading[0]


def test_singletons_are_dropped_until_there_are_none():
    records = drawn()
    records.loc[0, "sector"] = "bank"
    # Firm 1 shares its street with firm 0 alone, and is alone when firm 0 has gone.
    records["street"] = ["s1", "s1", *["s2"] * 59, *["s3"] * 59]
    found = fixed_effects(records, formula="y ~ x + z", absorb=["sector", "street"], vcov="iid")
    assert found.singletons == 2
    assert found.observations == 118
    without = fixed_effects(records.iloc[2:], formula="y ~ x + z", absorb=["sector", "street"], vcov="iid")
    assert found.coefficients.loc["x"].to_numpy() == pytest.approx(without.coefficients.loc["x"].to_numpy(), rel=1e-10)


def test_the_table_of_clusters_and_the_warning_of_few():
    records = drawn()
    found = fixed_effects(records, formula="y ~ x", absorb=["sector"], cluster=["region"])
    sizes = records.groupby("region").size()
    assert found.clusters == 7
    assert found.cluster_sizes.loc["region"].to_dict() == {"number": 7, "smallest": sizes.min(), "largest": sizes.max()}
    assert found.df == 6
    assert any("only 7 clusters, fewer than 30" in note and "too narrow" in note for note in found.notes)
    assert any("only 7 clusters" in sentence for sentence in found.reading)
    assert found.absorbed.loc["sector"].to_dict() == {"levels": 3, "nested": "no"}
    many = fixed_effects(drawn(2, 600, 40), formula="y ~ x", cluster=["region"], replications=99)
    assert not any("clusters, fewer" in note for note in many.notes)


@pytest.mark.parametrize("absorb", [None, ["region"], ["region", "street"]])
@pytest.mark.parametrize("weights", [None, "size"])
def test_a_category_of_one_record_is_told(absorb, weights):
    """Its coefficient takes up its response, whatever that is: it is as if the record were not there."""
    records = drawn().assign(street=np.arange(120) % 11, size=1 + np.arange(120) % 4, town="Almaty")
    records.loc[17, "sector"] = "bank"
    options = {"formula": "y ~ x + C(sector)", "absorb": absorb, "weights_column": weights, "vcov": "iid"}
    found = fixed_effects(records, **options)
    told = [note for note in found.notes if "from all others" in note]
    assert len(told) == 1
    assert f"The regressors {'and absorbed factors ' if absorb else ''}tell 1 of 120 records from all others: '17'." in told[0]
    moved = fixed_effects(records.assign(y=records["y"] + 9 * (records.index == 17)), **options)
    assert moved.coefficients.loc["x", "estimate"] == pytest.approx(found.coefficients.loc["x", "estimate"], rel=1e-8)
    assert any("'17 (Almaty)'" in note for note in fixed_effects(records, **options, place="town").notes)
    records.loc[18, "sector"] = "bank"
    assert not any("from all others" in note for note in fixed_effects(records, **options).notes)


def dummies(records, columns):
    """A matrix with a constant, the regressors and the levels of some columns, all but the first."""
    parts = [np.ones((len(records), 1)), records[["x", "z"]].to_numpy(float)]
    parts += [pd.get_dummies(records[each], drop_first=True).to_numpy(float) for each in columns]
    return np.column_stack(parts)


def t_of(response, matrix, clusters, position):
    """Clustered t without any small-sample factor, from scratch."""
    inverse = np.linalg.inv(matrix.T @ matrix)
    slopes = inverse @ matrix.T @ response
    scores = matrix * (response - matrix @ slopes)[:, None]
    meat = sum(np.outer(s, s) for s in (scores[clusters == each].sum(axis=0) for each in np.unique(clusters)))
    return slopes[position] / np.sqrt((inverse @ meat @ inverse)[position, position])


def naive_p(records, factors, position, hypothesis=0.0):
    """The wild cluster bootstrap as its authors write it: two loops, one regression each."""
    matrix, clusters = dummies(records, factors), records["region"].to_numpy()
    response = records["y"].to_numpy() - hypothesis * matrix[:, position]
    observed = abs(t_of(response, matrix, clusters, position))
    rest = np.delete(matrix, position, axis=1)
    fitted = rest @ np.linalg.lstsq(rest, response, rcond=None)[0]
    names = np.unique(clusters)
    found = []
    for signs in product((-1.0, 1.0), repeat=len(names)):
        multiplier = pd.Series(signs, names)[clusters].to_numpy()
        found.append(abs(t_of(fitted + multiplier * (response - fitted), matrix, clusters, position)))
    return np.mean(np.array(found) >= observed * (1 - 1e-9))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("factors", [[], ["sector"], ["region"], ["sector", "region"]])
def test_the_bootstrap_is_the_naive_double_loop(seed, factors):
    records = drawn(seed, 60, 5)
    found = fixed_effects(records, formula="y ~ x + z", absorb=factors or None, cluster=["region"])
    for position, name in ((1, "x"), (2, "z")):
        assert found.coefficients.loc[name, "p_wild"] == pytest.approx(naive_p(records, factors, position), abs=1e-12)
    assert any("all 32 sign vectors of 5 clusters" in note for note in found.notes)


@pytest.mark.parametrize("factors", [["sector"], ["sector", "year"]])
def test_the_ways_to_project_agree(factors, monkeypatch):
    from spatial.models import _survey_bootstrap as bootstrap

    records = drawn(4, 150, 8).assign(year=lambda table: table.firm % 4, w=lambda table: 1 + table.firm % 3)
    options = {"formula": "y ~ x + z", "absorb": factors, "cluster": ["region"], "weights_column": "w"}
    written = fixed_effects(records, **options)
    monkeypatch.setattr(import_module("spatial.models.fixed_effects"), "projection", lambda found: None)
    monkeypatch.setattr(bootstrap, "_AT_A_TIME", 3)
    absorbed = fixed_effects(records, **options)
    np.testing.assert_allclose(written.coefficients, absorbed.coefficients, rtol=1e-7)


def test_the_interval_of_the_bootstrap_holds_what_is_not_rejected():
    records = drawn(3, 80, 6)
    found = fixed_effects(records, formula="y ~ x + z", absorb=["sector"], cluster=["region"], level=0.9).coefficients.loc["z"]
    width = found["high_wild"] - found["low_wild"]
    assert np.isfinite(width)
    assert found["low_wild"] < found["estimate"] < found["high_wild"]
    for end, inward in (("low_wild", 1), ("high_wild", -1)):
        assert naive_p(records, ["sector"], 2, found[end] + inward * 1e-6 * width) > 0.1
        assert naive_p(records, ["sector"], 2, found[end] - inward * 1e-6 * width) <= 0.1


def test_four_clusters_reject_nothing_and_say_so():
    found = fixed_effects(drawn(1, 60, 4), formula="y ~ x", cluster=["region"])
    assert found.coefficients.loc["x", "p_wild"] >= 2 / 16
    assert np.isinf(found.coefficients.loc["x", ["low_wild", "high_wild"]].to_numpy(float)).all()
    assert any("has no end" in note for note in found.notes)


def test_random_draws_are_seeded_and_near_the_exact_answer():
    records = drawn(5, 200, 12)
    exact = fixed_effects(records, formula="y ~ x + z", cluster=["region"]).coefficients["p_wild"]
    few = [
        fixed_effects(records, formula="y ~ x + z", cluster=["region"], replications=3_999, seed=seed).coefficients["p_wild"]
        for seed in (1, 1, 2)
    ]
    pd.testing.assert_series_equal(few[0], few[1])
    assert (few[0] != few[2]).any()
    assert few[0].dropna().to_numpy() == pytest.approx(exact.dropna().to_numpy(), abs=0.03)
    webb = fixed_effects(records, formula="y ~ x + z", cluster=["region"], bootstrap_weights="webb").coefficients["p_wild"]
    assert webb.dropna().to_numpy() == pytest.approx(exact.dropna().to_numpy(), abs=0.06)


def test_webb_weights_have_mean_0_and_variance_1():
    from spatial.models._survey_bootstrap import draws

    values = draws(10, "webb", 60_000, 1).multipliers
    assert sorted(set(values.ravel().round(6))) == pytest.approx([-(1.5**0.5), -1, -(0.5**0.5), 0.5**0.5, 1, 1.5**0.5], abs=1e-6)
    assert values.mean() == pytest.approx(0, abs=0.01)
    assert values.var() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("correction", ["CRV1", "CRV3"])
def test_row_order_units_and_labels_do_not_matter(seed, correction):
    records = drawn(seed)
    options = {"formula": "y ~ x + z", "absorb": ["sector"], "cluster": ["region"], "correction": correction}
    first = fixed_effects(records, **options)
    shuffled = fixed_effects(records.sample(frac=1, random_state=seed), **options)
    np.testing.assert_allclose(shuffled.coefficients, first.coefficients, rtol=1e-9)
    for factor in (1e6, 1e-6):
        scaled = fixed_effects(records.assign(y=records.y * factor, x=records.x / factor), **options)
        by = np.array([factor, factor**2, factor])
        for column in ("estimate", "std_error", "low", "high", "low_wild", "high_wild"):
            np.testing.assert_allclose(scaled.coefficients[column], first.coefficients[column] * by, rtol=1e-8)
        np.testing.assert_allclose(scaled.coefficients[["p", "p_wild"]], first.coefficients[["p", "p_wild"]], rtol=1e-8)
        assert scaled.r2_within == pytest.approx(first.r2_within, rel=1e-9)
    other = {"farm": "3", "shop": "1", "works": "2"}
    named = fixed_effects(records.assign(sector=records.sector.map(other), region=records.region.str[::-1]), **options)
    np.testing.assert_allclose(named.coefficients, first.coefficients, rtol=1e-9)


@pytest.mark.parametrize("vcov", ["iid", "robust"])
def test_dummies_and_an_absorbed_factor_give_the_same(vcov):
    records = drawn()
    absorbed = fixed_effects(records, formula="y ~ x + z", absorb=["region"], vcov=vcov)
    written = fixed_effects(records, formula="y ~ x + z + C(region)", vcov=vcov)
    for column in ("estimate", "std_error", "statistic", "p", "low", "high"):
        np.testing.assert_allclose(
            absorbed.coefficients.loc[["x", "z"], column], written.coefficients.loc[["x", "z"], column], rtol=1e-10
        )
    assert absorbed.r2 == pytest.approx(written.r2, rel=1e-12)
    assert absorbed.adjusted_r2 == pytest.approx(written.adjusted_r2, rel=1e-12)
    assert written.r2_within is None


def test_weights_count_as_copies_do():
    records = drawn(4, 40, 5)
    times = np.random.default_rng(0).integers(1, 4, len(records))
    weighed = fixed_effects(records.assign(w=times), formula="y ~ x + z", absorb=["sector"], weights_column="w", vcov="iid")
    copied = fixed_effects(records.loc[records.index.repeat(times)], formula="y ~ x + z", absorb=["sector"], vcov="iid")
    np.testing.assert_allclose(weighed.coefficients["estimate"], copied.coefficients["estimate"], rtol=1e-10)
    assert weighed.r2 == pytest.approx(copied.r2, rel=1e-10)
    with pytest.raises(DataError, match="2 weights are not above 0"):
        fixed_effects(records.assign(w=[0, -1, *times[2:]]), formula="y ~ x", weights_column="w")


def test_absorbing_leaves_what_a_regression_on_dummies_leaves():
    random = np.random.default_rng(2)
    factors = [random.integers(0, 6, 90), random.integers(0, 5, 90), random.integers(0, 4, 90)]
    weights, columns = random.uniform(0.2, 3, 90), random.normal(size=(90, 2))
    matrix = np.column_stack([pd.get_dummies(each).to_numpy(float) for each in factors])
    rows = np.sqrt(weights)[:, None]
    expected = columns - matrix @ np.linalg.lstsq(matrix * rows, columns * rows, rcond=None)[0]
    np.testing.assert_allclose(absorbing.absorbed(columns, factors, weights), expected, atol=1e-10)
    assert absorbing.free_levels(factors) == (np.linalg.matrix_rank(matrix), True)
    assert absorbing.free_levels(factors[:2]) == (10, True)


def test_two_factors_that_fall_apart_lose_a_level_each():
    one, other = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 1, 0, 1, 2, 3, 2, 3])
    assert absorbing.free_levels([one, other]) == (8 - 2, True)  # two groups that share nothing


def places_of(grid, records):
    """Put the regions of the records on the first cells of the grid."""
    names = sorted(records.region.unique())
    places = grid.iloc[[0, 1, 2, 4, 5, 6, 8, 9]].drop(columns=["value", "noise"])
    places.index = [*names, "empty"][: len(places)]
    return places.rename_axis("place")


def test_mean_residuals_of_places_are_tested(grid):
    records = drawn()
    places = places_of(grid, records)
    graph = spatial.contiguity(places)
    found = fixed_effects(records, places, graph, formula="y ~ x + z", absorb=["sector"], cluster=["region"], place="region")
    plain = fixed_effects(records, formula="y ~ x + z", absorb=["sector"], cluster=["region"])
    pd.testing.assert_frame_equal(found.coefficients, plain.coefficients)
    slopes = plain.coefficients["estimate"]
    left = records.y - slopes["x"] * records.x - slopes["z"] * records.z
    left -= left.groupby(records.sector).transform("mean")
    means = left.groupby(records.region).mean()
    np.testing.assert_allclose(found.residuals.dropna(), means, atol=1e-12)
    assert found.residuals.isna().to_dict()["empty"]
    assert found.place_records["empty"] == 0
    assert found.place_records.sum() == len(records)
    told = spatial.moran(places.assign(left=means), graph, column="left", missing="drop", permutations=9_999)
    assert found.residual_moran == pytest.approx(told.statistic)
    assert found.tests.loc["Moran residuals", "p"] == pytest.approx(told.p)
    assert found.residual_moran_p_permutation == pytest.approx(told.p_permutation)
    assert list(found.tests.index) == ["Moran residuals", "Moran residuals, permutation", "LM lag", "LM error"]
    kept = spatial.contiguity(places.iloc[:7]).sparse.toarray()
    e = means - means.mean()
    score = (e @ kept @ e / (e @ e / 7)) ** 2 / np.trace(kept.T @ kept + kept @ kept)
    assert found.tests.loc["LM error", "statistic"] == pytest.approx(score)
    assert any("1 of 8 places has no records: 'empty'" in note for note in found.notes)


def test_places_may_be_named_by_another_column_and_absorbing_them_leaves_nothing(grid):
    records = drawn()
    places = places_of(grid, records)
    other = places.assign(title=places.index).set_axis([f"code {each}" for each in range(8)]).rename_axis("place")
    graph = spatial.contiguity(other)
    found = fixed_effects(records, other, graph, formula="y ~ x + z", place="region")
    assert found.place_records["code 0"] == (records.region == "region 0").sum()
    assert any("column 'title'" in note for note in found.notes)
    nothing = fixed_effects(records, other, graph, formula="y ~ x + z", absorb=["region"], place="region")
    assert nothing.tests is None
    assert nothing.residuals is None
    assert any("nothing to test" in note for note in nothing.notes)
    with pytest.raises(DataError, match=r"name places that are not there: 'region 6'"):
        fixed_effects(records, places.drop(index="region 6"), formula="y ~ x", place="region")


def test_a_formula_is_data(tmp_path):
    records = drawn().rename(columns={"x": "__import__('os').system('touch broken')", "z": "1 + z | region"})
    found = fixed_effects(records, formula="y ~ `__import__('os').system('touch broken')` + `1 + z | region`", absorb=["sector"])
    plain = fixed_effects(drawn(), formula="y ~ x + z", absorb=["sector"])
    np.testing.assert_allclose(found.coefficients, plain.coefficients, rtol=1e-12)
    assert not list(tmp_path.iterdir())
    with pytest.raises(StudyError, match="not allowed"):
        fixed_effects(drawn(), formula="y ~ x | region")


def test_transformations_interactions_and_categories():
    records = drawn().assign(size=lambda table: np.exp(table.x))
    found = fixed_effects(records, formula="y ~ log(size) * z + C(sector, reference='shop')", absorb=["region"])
    names = [
        "Intercept",
        "C(sector, reference='shop')[T.farm]",
        "C(sector, reference='shop')[T.works]",
        "log(size)",
        "z",
        "log(size):z",
    ]
    assert sorted(found.coefficients.index) == sorted(names)
    with pytest.raises(DataError, match=r"not a finite number for 1 of 120 records: 3 \(size = 0\)"):
        fixed_effects(records.assign(size=records["size"].where(records.index != 3, 0)), formula="y ~ log(size)")


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"formula": "y ~ xx"}, DataError, "no column 'xx'"),
        ({"formula": "y ~ x", "absorb": ["sektor"]}, DataError, "Did you mean 'sector'"),
        ({"formula": "y ~ sector"}, DataError, "'sector' holds text: 'farm', 'shop', 'works'"),
        ({"formula": "y ~ x + I(2 * x)"}, ModelError, "collinear"),
        ({"formula": "y ~ x + level", "absorb": ["region"]}, ModelError, r"regressor 'level': the absorbed factor 'region'"),
        ({"formula": "y ~ x + flat"}, ModelError, "'flat': all 120 values are equal"),
        ({"formula": "flat ~ x"}, ModelError, "'flat': all 120 values are 1"),
        ({"formula": "twice ~ x"}, ModelError, "exactly, without any error"),
        ({"formula": "y ~ 1", "absorb": ["region"]}, ModelError, "there is no regressor"),
        ({"formula": "y ~ x", "absorb": ["pair", "other"], "vcov": "iid"}, ModelError, r"there are 120 for 120 parameters"),
        ({"formula": "y ~ x", "absorb": ["firm"]}, ModelError, "none is left"),
        ({"formula": "y ~ x", "cluster": ["flat"]}, ModelError, "all records are in one cluster"),
        ({"formula": "y ~ x", "vcov": "cluster"}, StudyError, "without clusters"),
        ({"formula": "y ~ x", "vcov": "iid", "cluster": ["region"]}, StudyError, "vcov is 'iid'"),
        ({"formula": "y ~ x", "cluster": ["region", "sector"], "correction": "CRV3"}, StudyError, "one column of clusters"),
        ({"formula": "y ~ x", "cluster": ["region", "sector", "firm"]}, StudyError, "3 columns of clusters"),
        (
            {"formula": "y ~ only", "cluster": ["region"], "correction": "CRV3"},
            ModelError,
            "cluster 'region 0' of 'region': without it",
        ),
        ({"formula": "y ~ x", "missing": "fill"}, StudyError, "'fill' is not known"),
    ],
)
def test_bad_input_is_named(options, kind, words):
    records = drawn().assign(
        flat=1.0, twice=lambda table: 2 * table.x, pair=np.arange(120) // 2, other=(np.arange(120) + 1) // 2 % 60
    )
    records["level"] = records.region.str[-1].astype(int)
    records["only"] = (records.region == "region 0").astype(float)
    with pytest.raises(kind, match=words):
        fixed_effects(records, **options)


def test_records_are_a_table():
    with pytest.raises(DataError, match="a list was given"):
        fixed_effects([1, 2], formula="y ~ x")


def test_two_columns_of_clusters():
    records = drawn(1, 300, 9).assign(year=lambda table: table.firm % 5)
    found = fixed_effects(records, formula="y ~ x + z", cluster=["region", "year"])
    assert found.df == 4
    assert list(found.cluster_sizes.index) == ["region", "year"]
    assert "p_wild" not in found.coefficients
    assert any("not made for two columns" in note for note in found.notes)


def test_nothing_slow_is_loaded():
    import subprocess
    import sys

    code = (
        "import sys, pandas, spatial\n"
        "records = pandas.DataFrame({'y': [1., 2, 4, 3, 7, 6], 'x': [0., 1, 2, 3, 5, 4], 'g': list('aabbcc')})\n"
        "spatial.fixed_effects(records, formula='y ~ x', absorb=['g'])\n"
        "assert 'pyfixest' in sys.modules\n"
        "assert not {'numba', 'IPython', 'seaborn', 'matplotlib', 'great_tables'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
