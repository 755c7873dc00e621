"""Models compared: what is nested in what, where the search ends, whether it says so, and bad input."""

import json

import numpy as np
import pandas as pd
import pytest

import spatial
from spatial.errors import DataError, ModelError, StudyError
from spatial.models import compare_models, durbin_model, error_model, lag_model, ols, slx_model
from spatial.models._search import searched
from spatial.models._test_sentences import TESTS, read_tests

SIDE = 20


def simulated(seed=1, *, rho=0.0, related=0.0, lagged=0.0, side=SIDE):
    """A square grid with x, z and a response whose process is known."""
    import geopandas
    from libpysal.graph import Graph

    n = side * side
    names = np.array([f"place {number:04d}" for number in range(n)])
    rows, columns = np.divmod(np.arange(n), side)
    pairs = [
        (i, j)
        for i in range(n)
        for j in (i - side, i + side, i - 1, i + 1)
        if 0 <= j < n and abs(rows[i] - rows[j]) + abs(columns[i] - columns[j]) == 1
    ]
    focal, neighbor = np.transpose(pairs)
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
    weights = graph.sparse.toarray()
    random = np.random.default_rng(seed)
    x, z, e = random.normal(size=(3, n))
    errors = np.linalg.solve(np.eye(n) - related * weights, e)
    y = np.linalg.solve(np.eye(n) - rho * weights, 1 + x - 0.5 * z + lagged * (weights @ x) + errors)
    places = geopandas.GeoDataFrame(
        {"y": y, "x": x, "z": z}, geometry=geopandas.points_from_xy(columns * 1000.0, rows * 1000.0), index=names, crs="EPSG:32642"
    )
    return places.rename_axis("place"), graph


@pytest.fixture(scope="module")
def nothing():
    return simulated(4)


@pytest.fixture(scope="module")
def columbus():
    import libpysal

    path = libpysal.examples.get_path("columbus.shp")
    places = spatial.read_places(path, key="POLYID", crs="local")
    return places, spatial.contiguity(places, rule="queen")


@pytest.fixture(scope="module")
def everything(columbus):
    models = [*spatial.models.compare.USUAL, "general_nested_model"]
    return compare_models(*columbus, formula="CRIME ~ INC + HOVAL", models=models)


def pairs(found):
    return {(row.smaller, row.larger): (row.test, row.df) for row in found.nested.itertuples() if row.test != "Hausman"}


def test_what_is_nested_in_what(everything):
    ratio, two = "Likelihood ratio", 2
    assert pairs(everything) == {
        ("ols", "slx_model"): (ratio, 2),
        ("ols", "lag_model"): (ratio, 1),
        ("ols", "error_model"): (ratio, 1),
        ("ols", "durbin_model"): (ratio, 3),
        ("ols", "durbin_error_model"): (ratio, 3),
        ("ols", "combined_model"): (ratio, 2),
        ("ols", "general_nested_model"): (ratio, 4),
        ("slx_model", "durbin_model"): (ratio, 1),
        ("slx_model", "durbin_error_model"): (ratio, 1),
        ("slx_model", "general_nested_model"): (ratio, 2),
        ("lag_model", "durbin_model"): (ratio, two),
        ("lag_model", "combined_model"): (ratio, 1),
        ("lag_model", "general_nested_model"): (ratio, 3),
        ("error_model", "durbin_model"): ("Common factor", two),
        ("error_model", "durbin_error_model"): (ratio, two),
        ("error_model", "combined_model"): (ratio, 1),
        ("error_model", "general_nested_model"): (ratio, 3),
        ("durbin_model", "general_nested_model"): (ratio, 1),
        ("durbin_error_model", "general_nested_model"): (ratio, 1),
        ("combined_model", "general_nested_model"): (ratio, two),
    }


def test_columbus_goes_to_the_lag_as_in_the_literature(everything):
    """Anselin (1988, chapter 12); Anselin and Rey (2014): of the LM tests that of a lag is the larger."""
    assert (everything.chosen_by_tests, everything.chosen_by_aic, everything.chosen_by_bic) == ("lag_model",) * 3
    assert "Tests, AIC and BIC agree on the spatial lag model (SAR)." in everything.reading
    assert any("on the same data" in sentence for sentence in everything.reading)
    assert everything.search["test"].tolist()[:4] == ["LM lag", "LM error", "Robust LM lag", "Robust LM error"]
    assert everything.search["decision"].iloc[-1].endswith("End: lag model.")
    np.testing.assert_allclose(everything.criteria.loc["lag_model", "aic"], 375.348, atol=5e-4)


def test_the_table_is_what_the_models_say(columbus, everything):
    fit = lag_model(*columbus, formula="CRIME ~ INC + HOVAL")
    table = everything.table["Lag (SAR)"]
    assert (table["INC"], table["INC SE"], table["rho"], table["W_INC"]) == ("-1.049", "(0.307)", "0.423", "")
    assert (table["Log-likelihood"], table["AIC"], table["Observations"]) == ("-182.67", "375.35", "49")
    rows = everything.estimates[everything.estimates["model"] == "lag_model"].set_index("term")
    np.testing.assert_allclose(rows["estimate"], fit.coefficients["estimate"], rtol=1e-10)
    np.testing.assert_allclose(rows["std_error"], fit.coefficients["std_error"], rtol=1e-6)
    np.testing.assert_allclose(everything.figures.loc["lag_model", "residual_moran"], fit.residual_moran, rtol=1e-8)
    assert list(everything.table.index[:14:2]) == ["Intercept", "INC", "HOVAL", "W_INC", "W_HOVAL", "rho", "lambda"]
    json.dumps(everything.to_dict(), allow_nan=False)


def test_hausman_is_that_of_the_error_model(columbus, everything):
    row = everything.nested.set_index(["smaller", "larger", "test"]).loc[("ols", "error_model", "Hausman")]
    theirs = error_model(*columbus, formula="CRIME ~ INC + HOVAL").tests.loc["Hausman"]
    np.testing.assert_allclose(row[["statistic", "df", "p"]].astype(float), theirs[["statistic", "df", "p"]], rtol=1e-6)


def test_weights_of_criteria_by_hand(everything):
    aic = everything.criteria["aic"].to_numpy()
    shares = np.exp(-(aic - aic.min()) / 2)
    np.testing.assert_allclose(everything.criteria["aic_weight"], shares / shares.sum(), rtol=1e-12)
    np.testing.assert_allclose(everything.criteria["bic_weight"].sum(), 1, rtol=1e-12)


def test_units_and_order_of_rows_change_nothing(columbus):
    places, graph = columbus
    formula, models = "CRIME ~ INC + HOVAL", ["lag_model", "error_model", "durbin_model"]
    one = compare_models(places, graph, formula=formula, models=models)
    other = compare_models(places.assign(CRIME=places["CRIME"] * 1e6).iloc[::-1], graph, formula=formula, models=models)
    np.testing.assert_allclose(one.nested["statistic"], other.nested["statistic"], rtol=1e-6)
    np.testing.assert_allclose(one.search["statistic"], other.search["statistic"], rtol=1e-8)
    np.testing.assert_allclose(one.criteria["aic_weight"], other.criteria["aic_weight"], rtol=1e-6)
    assert one.chosen_by_tests == other.chosen_by_tests


def test_stars_only_when_asked(columbus):
    plain = compare_models(*columbus, formula="CRIME ~ INC + HOVAL", models=["lag_model"])
    starred = compare_models(*columbus, formula="CRIME ~ INC + HOVAL", models=["lag_model"], stars=True)
    assert not plain.table.map(lambda cell: "*" in cell).any(axis=None)
    assert starred.table.loc[["INC", "HOVAL", "rho"], "Lag (SAR)"].tolist() == ["-1.049***", "-0.2663**", "0.423***"]
    assert any("linear model was added" in note for note in plain.notes)


def test_fitted_models_give_what_a_formula_gives(columbus):
    formula = "CRIME ~ INC + HOVAL"
    fits = [function(*columbus, formula=formula) for function in (ols, lag_model, error_model, durbin_model)]
    ours = compare_models(fits=fits)
    theirs = compare_models(*columbus, formula=formula, models=["lag_model", "error_model", "durbin_model"])
    pd.testing.assert_frame_equal(ours.nested, theirs.nested, rtol=1e-6)
    pd.testing.assert_frame_equal(ours.table, theirs.table)
    named = compare_models(fits=dict(zip(("a", "b", "c", "d"), fits, strict=True)))
    assert (named.chosen_by_tests, named.chosen_by_aic) == ("b", "b")
    assert list(named.criteria.index) == ["a", "b", "c", "d"]


def test_regressors_decide_what_is_nested(columbus):
    fits = {
        "small": ols(*columbus, formula="CRIME ~ INC"),
        "large": lag_model(*columbus, formula="CRIME ~ INC + HOVAL"),
        "other": lag_model(*columbus, formula="CRIME ~ HOVAL"),
        "part": slx_model(*columbus, formula="CRIME ~ INC + HOVAL", lagged=["HOVAL"]),
        "whole": durbin_model(*columbus, formula="CRIME ~ INC + HOVAL", lagged=["HOVAL"]),
        "error": error_model(*columbus, formula="CRIME ~ INC + HOVAL"),
    }
    found = pairs(compare_models(fits=fits))
    assert found == {
        ("small", "large"): ("Likelihood ratio", 2),
        ("small", "part"): ("Likelihood ratio", 2),
        ("small", "whole"): ("Likelihood ratio", 3),
        ("small", "error"): ("Likelihood ratio", 2),
        ("other", "large"): ("Likelihood ratio", 1),
        ("other", "whole"): ("Likelihood ratio", 2),
        ("large", "whole"): ("Likelihood ratio", 1),
        ("part", "whole"): ("Likelihood ratio", 1),
    }  # no common factor: INC has no lag


def test_models_without_a_likelihood_stand_in_the_table_only(columbus):
    formula = "CRIME ~ INC + HOVAL"
    moments = lag_model(*columbus, formula=formula, estimator="gmm")
    found = compare_models(fits=[ols(*columbus, formula=formula), moments, lag_model(*columbus, formula=formula)])
    assert list(found.table) == ["Linear (OLS)", "Lag (SAR), GMM", "Lag (SAR)"]
    assert pairs(found) == {("ols", "lag_model_2"): ("Likelihood ratio", 1)}
    assert found.criteria.loc["lag_model", ["log_likelihood", "aic", "bic"]].isna().all()
    assert (found.chosen_by_tests, found.chosen_by_aic) == ("lag_model_2", "lag_model_2")
    assert any("likelihood ratio: lag_model." in note for note in found.notes)


def test_it_does_not_say_that_models_lost_which_were_not_there(columbus):
    formula = "CRIME ~ INC + HOVAL"
    fits = [ols(*columbus, formula=formula), ols(*columbus, formula="CRIME ~ INC")]
    found = compare_models(fits=fits)
    assert found.chosen_by_tests == "lag_model"
    assert any("The spatial lag model (SAR) is not among the models compared" in sentence for sentence in found.reading)
    assert not any("disagree" in sentence or "neighbours" in sentence for sentence in found.reading)


def test_regressions_on_records_stand_in_the_table_too(columbus):
    records = pd.DataFrame(columbus[0].drop(columns="geometry"))
    found = compare_models(fits=[ols(*columbus, formula="CRIME ~ INC"), spatial.fixed_effects(records, formula="CRIME ~ INC")])
    assert found.table.loc["INC", "Linear (OLS)"] == found.table.loc["INC", "Fixed effects"]
    assert found.nested.empty


def test_models_on_different_graphs_are_not_nested(columbus):
    places, queen = columbus
    rook = spatial.nearest(places, k=3)
    fits = [lag_model(places, queen, formula="CRIME ~ INC"), durbin_model(places, rook, formula="CRIME ~ INC")]
    found = compare_models(fits=fits)
    assert found.nested.empty
    assert any("different graphs" in note for note in found.notes)
    assert any("no search" in note for note in found.notes)
    assert found.search is None
    assert found.chosen_by_tests is None


@pytest.mark.parametrize(
    ("process", "end"),
    [
        ({}, "ols"),
        ({"rho": 0.5}, "lag_model"),
        ({"related": 0.5}, "error_model"),
        ({"rho": 0.5, "lagged": 0.8}, "durbin_model"),
        ({"lagged": 0.8}, "slx_model"),
    ],
)
def test_the_search_ends_where_the_data_come_from(process, end):
    found = compare_models(*simulated(4, **process), formula="y ~ x + z", alpha=0.01)
    assert found.chosen_by_tests == end
    assert found.chosen_by_bic == end


def test_where_nothing_is_spatial_it_says_so(nothing):
    found = compare_models(*nothing, formula="y ~ x + z", models=["lag_model", "error_model"])
    assert (found.chosen_by_tests, found.chosen_by_aic, found.chosen_by_bic) == ("ols",) * 3
    assert any(sentence.startswith("The model without neighbours wins") for sentence in found.reading)


def test_disagreement_is_said(columbus):
    """At 1 % the tests find a lag, not at 0.1 %; AIC does not care."""
    found = compare_models(*columbus, formula="CRIME ~ INC + HOVAL", alpha=0.001)
    assert (found.chosen_by_tests, found.chosen_by_aic) == ("ols", "lag_model")
    assert any(
        sentence.startswith("They disagree: the tests choose the linear model (OLS); AIC chooses") for sentence in found.reading
    )
    assert any("By the tests the model without neighbours is enough" in sentence for sentence in found.reading)


def test_with_few_places_simulated_p_values_decide():
    found = compare_models(*simulated(2, rho=0.5, side=5), formula="y ~ x", models=["lag_model", "error_model"], bootstrap=99)
    assert found.search["p_bootstrap"].notna().any()
    row = found.nested[(found.nested["smaller"] == "ols") & (found.nested["larger"] == "lag_model")].iloc[0]
    assert (row["p_bootstrap"] * 100) == pytest.approx(round(row["p_bootstrap"] * 100))
    assert any("25 places" in sentence for sentence in found.reading)


def made_up(lag, error, robust_lag, robust_error, wx=0.5, robust_wx=0.5, durbin=0.5):
    from scipy.stats import chi2

    names = ["LM lag", "LM error", "Robust LM lag", "Robust LM error", "LM WX", "Robust LM WX", "Robust LM lag SDM"]
    p = [lag, error, robust_lag, robust_error, wx, robust_wx, durbin]
    return pd.DataFrame({"statistic": chi2.isf(p, 1), "df": 1.0, "p": p}, index=names)


@pytest.mark.parametrize(
    ("p", "later", "end", "remark"),
    [
        ((0.3, 0.4, 0.5, 0.6), {}, "ols", ""),
        ((0.01, 0.4, 0.5, 0.6), {}, "lag_model", ""),
        ((0.2, 0.01, 0.5, 0.6), {}, "error_model", ""),
        ((0.01, 0.02, 0.03, 0.6), {}, "lag_model", ""),
        ((0.01, 0.02, 0.3, 0.01), {}, "error_model", ""),
        ((0.01, 0.02, 0.3, 0.4), {}, "lag_model", "cannot tell"),
        ((0.01, 0.001, 0.03, 0.002), {}, "error_model", "Both robust"),
        ((0.01, 0.001, 0.03, 0.002), {"LM residual autocorrelation": (9, 1, 0.003)}, "combined_model", ""),
        ((0.01, 0.001, 0.03, 0.002), {"LM residual autocorrelation": (0.1, 1, 0.8)}, "error_model", ""),
        ((0.01, 0.4, 0.5, 0.6, 0.001, 0.001, 0.01), {}, "durbin_model", ""),
        ((0.01, 0.4, 0.5, 0.6, 0.001, 0.001, 0.01), {"Likelihood ratio": (1, 1, 0.3)}, "lag_model", ""),
        ((0.01, 0.4, 0.5, 0.6, 0.001, 0.001, 0.01), {"Likelihood ratio": (9, 1, 0.003)}, "durbin_model", ""),
        ((0.4, 0.01, 0.5, 0.6, 0.001, 0.001, 0.01), {"Common factor": (1, 1, 0.3)}, "error_model", ""),
        ((0.4, 0.5, 0.5, 0.6, 0.001, 0.001, 0.4), {}, "slx_model", ""),
        ((0.4, 0.01, 0.5, 0.6, 0.001, 0.001, 0.4), {"LM error": (9, 1, 0.003)}, "durbin_error_model", ""),
        ((0.4, 0.5, 0.5, 0.6, 0.001, 0.4, 0.001), {}, "lag_model", ""),
        ((0.01, 0.02, float("nan"), float("nan")), {}, "lag_model", "cannot tell"),
    ],
)
def test_every_way_through_the_tree(p, later, end, remark):
    found = searched(made_up(*p), 0.05, later)
    assert found.end == end
    assert found.steps["decision"].iloc[-1].split("End: ")[1]
    assert any(remark in sentence for sentence in found.remarks) if remark else not found.remarks


def test_without_made_up_dependence_there_is_no_search():
    assert searched(pd.DataFrame({"statistic": [1.0], "df": [2.0], "p": [0.6]}, index=["Jarque-Bera"]), 0.05, {}) is None


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.parametrize("process", [{}, {"rho": 0.3}, {"related": 0.4}, {"rho": 0.4, "lagged": 0.5}, {"lagged": 0.5}])
def test_the_branches_end_where_spreg_ends(seed, process):
    import contextlib
    import io
    import warnings

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        search = pytest.importorskip("spreg.spsearch")
        places, graph = simulated(seed, side=10, **process)
        data, more = (
            (places[["y"]].to_numpy(), places[["x", "z"]].to_numpy(), graph.to_W()),
            {"p_value": 0.05, "finmod": False, "mprint": False},
        )
        classic, branch = (function(*data, **more)[0] for function in (search.stge_classic, search.stge_kb))
    found = searched(ols(places, graph, formula="y ~ x + z").tests, 0.05, {})
    ends = {"OLS": "ols", "LAG": "lag_model", "ERR": "error_model"}
    if classic != "SARSAR":  # a test of two-stage least squares in theirs
        assert found.lag_or_error == ends[classic[:3].upper()]
    assert found.koley_bera == {**ends, "SLX": "slx_model", "SDM": "durbin_model"}[branch]


def test_what_cannot_be_fitted_is_left_out_unless_it_was_named(columbus):
    places, _ = columbus
    some = places.iloc[:6]
    graph = spatial.nearest(some, k=2)
    found = compare_models(some, graph, formula="CRIME ~ INC + HOVAL", bootstrap=0)
    assert list(found.criteria.index) == ["ols", "slx_model", "lag_model", "error_model", "combined_model"]
    assert any("The spatial Durbin model (SDM) was left out: places: there are 6" in note for note in found.notes)
    with pytest.raises(ModelError, match="coefficients"):
        compare_models(some, graph, formula="CRIME ~ INC + HOVAL", models=["general_nested_model"], bootstrap=0)


def test_from_the_command_line(columbus, tmp_path, capsys):
    from spatial.cli import main

    columbus[0].reset_index().to_file(tmp_path / "places.gpkg", driver="GPKG")
    words = ["--places", str(tmp_path / "places.gpkg"), "--key", "place", "--crs", "local", "--graph", "queen"]
    words += ["--formula", "CRIME ~ INC + HOVAL", "--models", "lag_model,error_model", "--json"]
    assert main(["do", "compare_models", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["chosen_by_tests"] == "lag_model"
    assert found["table"]["rho"] == {"Linear (OLS)": "", "Lag (SAR)": "0.423", "Error (SEM)": ""}
    assert main(["do", "compare_models", *words[:-2], "lag_model,eror_model"]) == 1
    assert "'eror_model' is not known. Did you mean 'error_model'" in capsys.readouterr().err


def test_from_a_study_by_the_names_of_earlier_steps(tmp_path):
    """The steps keep their names; places and graph are not needed again."""
    study = """
title = "Two models"
[places]
boundaries = "libpysal:columbus"
key = "POLYID"
crs = "local"
[graphs.queen]
kind = "contiguity"
[[steps]]
operation = "ols"
id = "plain"
options = { formula = "CRIME ~ INC" }
[[steps]]
operation = "lag_model"
id = "lag"
options = { formula = "CRIME ~ INC" }
[[steps]]
operation = "compare_models"
id = "both"
steps = ["plain", "lag"]
[outputs]
map = false
layers = false
report = false
"""
    (tmp_path / "study.toml").write_text(study, encoding="utf-8")
    found = spatial.run(tmp_path).results["both"]
    assert list(found.criteria.index) == ["plain", "lag"]
    assert (found.chosen_by_tests, found.chosen_by_bic) == ("lag", "lag")


class TestBadInput:
    def test_neither_and_both(self, columbus):
        with pytest.raises(StudyError, match="neither a formula nor fitted models"):
            compare_models(*columbus)
        fit = ols(*columbus, formula="CRIME ~ INC")
        with pytest.raises(StudyError, match="both a formula and fitted models"):
            compare_models(*columbus, [fit, fit], formula="CRIME ~ INC")
        with pytest.raises(StudyError, match="'models' is given beside fitted models"):
            compare_models(fits=[fit, fit], models=["ols"])
        with pytest.raises(StudyError, match="without a graph"):
            compare_models(columbus[0], formula="CRIME ~ INC")

    def test_one_model(self, columbus):
        with pytest.raises(StudyError, match="there is 1 model. Expected two"):
            compare_models(*columbus, formula="CRIME ~ INC", models=["ols"])
        with pytest.raises(StudyError, match="there are 0 models"):
            compare_models(fits=[])

    def test_unknown_names(self, columbus):
        with pytest.raises(StudyError, match="'durbin' is not known. Did you mean 'durbin_model'"):
            compare_models(*columbus, formula="CRIME ~ INC", models=["ols", "durbin"])
        with pytest.raises(StudyError, match="none of the models has lags"):
            compare_models(*columbus, formula="CRIME ~ INC", models=["ols", "lag_model"], lagged=["INC"])

    def test_different_responses(self, columbus):
        fits = [ols(*columbus, formula="CRIME ~ INC"), ols(*columbus, formula="log(CRIME) ~ INC")]
        with pytest.raises(DataError, match=r"models 'ols' and 'ols_2': they explain 'CRIME' and 'log\(CRIME\)'"):
            compare_models(fits=fits)

    def test_different_places(self, columbus):
        places, graph = columbus
        gap = places.assign(HOVAL=places["HOVAL"].where(places.index != places.index[0]))
        fits = [ols(gap, graph, formula="CRIME ~ INC"), ols(gap, graph, formula="CRIME ~ INC + HOVAL", missing="drop")]
        with pytest.raises(DataError, match="49 and 48 observations"):
            compare_models(fits=fits)
        other = places.assign(INC=places["INC"].where(places.index != places.index[1]))
        fits = [ols(gap, graph, formula="CRIME ~ HOVAL", missing="drop"), ols(other, graph, formula="CRIME ~ INC", missing="drop")]
        with pytest.raises(DataError, match="other places or other values"):
            compare_models(fits=fits)

    def test_no_models(self, columbus):
        moran = spatial.moran(*columbus, column="CRIME", permutations=99)
        with pytest.raises(StudyError, match="1 of 2 is no fitted model: 'Moran'"):
            compare_models(fits=[moran, ols(*columbus, formula="CRIME ~ INC")])


class TestSentences:
    def test_every_test_of_every_model_has_words(self, columbus):
        for function in (ols, slx_model, lag_model, error_model, durbin_model):
            found = function(*columbus, formula="CRIME ~ INC + HOVAL")
            assert list(found.test_reading.index) == list(found.tests.index[found.tests["p"].notna()])

    def test_both_answers_differ(self):
        for asks, small, large in TESTS.values():
            assert asks.endswith("?")
            assert small.endswith(".")
            assert large.endswith(".")
            assert small != large

    def test_simulated_p_counts_for_more(self):
        table = pd.DataFrame({"p": [0.01, 0.01], "p_bootstrap": [0.2, np.nan]}, index=["LM lag", "LM error"])
        assert read_tests(table).tolist() == [
            "Would the outcome in neighbouring places add to the model? No sign that it is missing.",
            "Are the errors of neighbours related? Yes, a spatial error model is worth trying.",
        ]
        assert read_tests(None) is None
        assert read_tests(pd.DataFrame({"p": [np.nan]}, index=["Wald"])) is None
