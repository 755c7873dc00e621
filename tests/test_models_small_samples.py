"""Few places: p values from simulated data are honest where those from a limit are not."""

import functools
from dataclasses import replace

import numpy as np
import pytest

from spatial.errors import ModelError
from spatial.models import combined_model, compare_models, durbin_error_model, durbin_model, error_model, lag_model, ols, slx_model
from spatial.models._determinant_methods import prepared
from spatial.models._least_squares import least_squares, log_likelihood
from spatial.models._likelihood import maximised
from spatial.models._many_responses import search_of
from spatial.models._profile import Problem, profile_of
from spatial.models._small_samples import (
    dependence_p,
    drawn_from,
    likelihood_ratios,
    ratios_of,
    remaining_autocorrelation,
    simulated_p,
)
from spatial.models._tests import dependence_tests
from spatial.models._two_parameters import maximised_pair

N, MAPS = 20, 300
DRAWS = 19  # the fewest of which p can be 0.05, and then it is exactly so often
FAMILY = [lag_model, durbin_model, error_model, durbin_error_model, combined_model]


@functools.cache
def matrix():
    """A grid of four by five: cells that share an edge, rows that sum to 1."""
    rows, columns = np.divmod(np.arange(N), 5)
    near = np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns) == 1
    return near / near.sum(axis=1)[:, None]


def grid(n=N):
    import geopandas
    from libpysal.graph import Graph

    random = np.random.default_rng(4)
    names = np.array([f"place {number:02d}" for number in range(n)])
    near = matrix() if n == N else np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    focal, neighbor = np.nonzero(near)
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
    x = random.normal(size=n)
    places = geopandas.GeoDataFrame(
        {"x": x, "y": 1 + x + random.normal(size=n)},
        geometry=geopandas.points_from_xy(np.arange(n) * 1e3, np.zeros(n)),
        index=names,
        crs="EPSG:32642",
    )
    return places.rename_axis("place"), graph


@functools.cache
def under_the_null(parameter):
    """Fit maps without spatial dependence: simulated and asymptotic p of the likelihood ratio, one of each for each map."""
    from scipy.sparse import csr_array
    from scipy.special import chdtrc

    weights = csr_array(matrix())
    determinant = prepared(weights, "eigen")
    random = np.random.default_rng(11)
    x = np.column_stack([np.ones(N), random.normal(size=N)])
    found = []
    for seed in range(MAPS):
        problem = Problem(x @ [1.0, 1.0] + random.standard_normal(N), x, weights, parameter == "rho", parameter == "lambda")
        profile = profile_of(problem, "y")
        place = 1 if problem.rho else 2

        def one(value, profile=profile, place=place):
            at = profile.at(*((value, 0.0) if place == 1 else (0.0, value)))
            return at[0], at[place]

        value = maximised(determinant, one, N, parameter).log_likelihood
        observed = 2 * (value - log_likelihood(profile.ordinary.squares, N))
        simulated = likelihood_ratios(problem, determinant, draws=DRAWS, seed=seed)
        found.append([simulated_p(observed, simulated), chdtrc(1, observed)])
    return np.array(found)


def share_error(p=0.05):
    return np.sqrt(p * (1 - p) / MAPS)


def drawn(parameter, value, random, x):
    """A map of a lag model, or of an error model, with one regressor."""
    noise, trend, system = random.standard_normal(N), x @ [1.0, 1.0], np.eye(N) - value * matrix()
    return np.linalg.solve(system, trend + noise) if parameter == "rho" else trend + np.linalg.solve(system, noise)


@pytest.mark.parametrize(("tested", "other"), [("rho", "lambda"), ("lambda", "rho")])
def test_size_of_one_parameter_beside_the_other(tested, other):
    """
    In a combined model each parameter has a p of its own, the other one being what the smaller model finds.

    100 maps on which the other is 0.4: their p are as evenly spread as random numbers are (Kolmogorov-Smirnov distance, 5 %). Of 1,000
    maps 3.9 and 4.6 % had p up to 0.05, 8.9 and 9.9 % up to 0.1, 49.5 and 50.1 % up to 0.5.
    """
    from scipy.sparse import csr_array

    weights, random = csr_array(matrix()), np.random.default_rng(13)
    determinant = prepared(weights, "eigen")
    x = np.column_stack([np.ones(N), random.normal(size=N)])
    maps, simulated = [], []
    for seed in range(100):
        problem = Problem(drawn(other, 0.4, random, x), x, weights, rho=True, error=True)
        profile = profile_of(replace(problem, rho=other == "rho", error=other == "lambda"), "y")

        def one(value, profile=profile):
            at = profile.at(*((value, 0.0) if other == "rho" else (0.0, value)))
            return at[0], at[1 if other == "rho" else 2]

        found = maximised(determinant, one, N, other).parameter
        true = (found, 0.0) if other == "rho" else (0.0, found)
        maps.append(problem.response)
        simulated.append(drawn_from(problem, true, draws=DRAWS, seed=seed))
    observed = ratios_of(problem, determinant, np.column_stack(maps), true)
    ratios = ratios_of(problem, determinant, np.hstack(simulated), true).reshape(len(maps), DRAWS)
    p = [simulated_p(one, many) for one, many in zip(observed, ratios, strict=True)]
    ranks = np.round(np.array(p) * (DRAWS + 1)).astype(int)
    reached = np.array([(ranks <= rank).mean() for rank in range(1, DRAWS + 2)])
    assert np.abs(reached - np.arange(1, DRAWS + 2) / (DRAWS + 1)).max() <= 1.36 / np.sqrt(len(p))


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize(("rho", "error"), [(True, False), (False, True), (True, True)])
def test_many_responses_at_once(rho, error, directed):
    """The search of a simulation finds what the search for one response finds, with weights of observations too."""
    from scipy.sparse import csr_array

    random = np.random.default_rng(14)
    w = np.roll(np.eye(N), 1, axis=1) + np.roll(np.eye(N), 3, axis=1) if directed else matrix()
    weights = csr_array(w / w.sum(axis=1)[:, None])
    x = np.column_stack([np.ones(N), random.normal(size=(N, 2))])
    responses = x @ [[1.0], [1.0], [0.5]] + random.standard_normal((N, 12))
    roots = None if rho else random.uniform(0.5, 2, N)
    for method in ("eigen", "lu"):
        determinant = prepared(weights, method)
        problem = Problem(responses[:, 0], x, weights, rho, error, roots)
        heights = search_of(problem, determinant).heights(responses, rho=rho, error=error)
        for response, height in zip(responses.T, heights, strict=True):
            profile = profile_of(Problem(response, x, weights, rho, error, roots), "y")

            def one(value, profile=profile):
                at = profile.at(*((value, 0.0) if rho else (0.0, value)))
                return at[0], at[1 if rho else 2]

            found = maximised_pair(determinant, profile, N) if rho and error else maximised(determinant, one, N, "one")
            constant = log_likelihood(N, N)  # of a variance of 1
            assert height + constant + N / 2 * np.log(N) == pytest.approx(found.log_likelihood, abs=1e-6)


@pytest.mark.parametrize("durbin", [False, True])
def test_each_parameter_of_a_combined_model(durbin):
    """The ratios are those of the lag and the error model, fitted on their own, and what was simulated is told."""
    places, graph = grid()
    whole = combined_model(places, graph, formula="y ~ x", bootstrap=39, durbin=durbin)
    smaller = (durbin_error_model, durbin_model) if durbin else (error_model, lag_model)
    for name, function in zip(("rho", "lambda"), smaller, strict=True):
        row = whole.tests.loc[f"Likelihood ratio of {name}"]
        one = function(places, graph, formula="y ~ x", bootstrap=0)
        assert row["statistic"] == pytest.approx(2 * (whole.log_likelihood - one.log_likelihood), abs=1e-8)
        assert row["df"] == 1
        assert (row["p_bootstrap"] * 40) == pytest.approx(round(row["p_bootstrap"] * 40))
        assert any(note.endswith(f"gives p = {row['p_bootstrap']:.3g} for {name}.") for note in whole.notes)
        assert f"without {name}?" in whole.test_reading[f"Likelihood ratio of {name}"]
    assert not any("of lambda" in name for name in combined_model(*grid(30), formula="y ~ x", durbin=durbin).tests.index)


def test_compared_models_show_the_p_of_one_parameter():
    places, graph = grid()
    found = compare_models(places, graph, formula="y ~ x", models=["lag_model", "error_model", "combined_model"], bootstrap=39)
    whole = combined_model(places, graph, formula="y ~ x", bootstrap=39).tests["p_bootstrap"]
    rows = found.nested[found.nested["larger"] == "combined_model"].set_index("smaller")["p_bootstrap"]
    assert rows["lag_model"] == whole["Likelihood ratio of lambda"]
    assert rows["error_model"] == whole["Likelihood ratio of rho"]
    assert rows["ols"] == whole["Likelihood ratio"]


@pytest.mark.parametrize("parameter", ["rho", "lambda"])
def test_size(parameter):
    """Of maps without dependence, 5 % have p up to 0.05 when it is simulated, within binomial error (the limit: 5.3 and 7.0 %)."""
    simulated, limit = (under_the_null(parameter) <= 0.05).mean(axis=0)
    assert limit >= 0.05 - share_error()
    assert abs(simulated - 0.05) <= 2 * share_error()


def test_size_of_the_tests_of_a_linear_model():
    """The same for Moran's I of the residuals and the Lagrange multiplier tests."""
    from scipy.sparse import csr_array

    weights = csr_array(matrix())
    random = np.random.default_rng(12)
    x = np.column_stack([np.ones(N), random.normal(size=N)])
    rows = []
    for seed in range(MAPS):
        y = x @ [1.0, 1.0] + random.standard_normal(N)
        rows.append(dependence_p(least_squares(y, x), y, x, weights, intercept=True, draws=DRAWS, seed=seed))
    known = dependence_tests(least_squares(y, x), y, x, weights, intercept=True)
    for name in ("Moran residuals", *known):
        p = np.array([row[name] for row in rows])
        if np.isfinite(p).all():
            assert abs((p <= 0.05).mean() - 0.05) <= 3 * share_error()


@pytest.mark.parametrize("function", FAMILY)
def test_seeds(function):
    """The same seed gives the same p, another one another; 0 data sets, or enough places, and there is no such column."""
    places, graph = grid()
    one, again, *others = (function(places, graph, formula="y ~ x", bootstrap=39, seed=seed).tests for seed in (1, 1, 2, 3, 4))
    assert one.equals(again)
    for other in others:
        assert one.drop(columns="p_bootstrap").equals(other.drop(columns="p_bootstrap"))
    drawn = [each["p_bootstrap"].dropna().iloc[0] for each in (one, *others)]
    assert 0 < min(drawn) <= max(drawn) <= 1
    assert len(set(drawn)) > 1
    assert "p_bootstrap" not in function(places, graph, formula="y ~ x", bootstrap=0).tests
    places, graph = grid(30)
    assert "p_bootstrap" not in function(places, graph, formula="y ~ x", bootstrap=39).tests


@pytest.mark.parametrize("function", [ols, slx_model])
def test_seeds_of_linear_models(function):
    places, graph = grid()
    one, again, other = (function(places, graph, formula="y ~ x", bootstrap=39, seed=seed).tests for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)
    names = ["Moran residuals", "LM lag", "LM error", "Robust LM lag", "Robust LM error", "LM SARMA"]
    assert one.loc[names, "p_bootstrap"].between(1 / 40, 1).all()
    assert (
        one.drop(index=one.index.intersection([*names, "LM WX", "Robust LM lag SDM", "Robust LM WX"]))["p_bootstrap"].isna().all()
    )
    assert "p_bootstrap" not in function(places, graph, formula="y ~ x", bootstrap=0).tests
    assert "p_bootstrap" not in function(*grid(30), formula="y ~ x", bootstrap=39).tests


@pytest.mark.parametrize("function", FAMILY)
def test_reader_is_told(function):
    found = function(*grid(), formula="y ~ x", bootstrap=39, seed=5)
    note = next(note for note in found.notes if "fewer than 30 places" in note)
    p = found.tests["p_bootstrap"].dropna().iloc[0]
    assert f"gives p = {p:.3g}" in note
    assert "of 39 data sets" in note
    assert "(seed 5)" in note


def test_share():
    """(c + 1) / (m + 1): never 0, and 1 where every simulated statistic is as large."""
    draws = np.arange(1.0, 10.0)
    assert simulated_p(8.5, draws) == pytest.approx(2 / 10)
    assert simulated_p(8.0, draws) == pytest.approx(3 / 10)  # as large counts
    assert simulated_p(100.0, draws) == pytest.approx(1 / 10)
    assert simulated_p(0.0, draws) == 1
    assert simulated_p(5.0, np.append(draws, np.nan)) == pytest.approx(6 / 10)
    assert np.isnan(simulated_p(5.0, np.full(3, np.nan)))


def test_size_of_what_is_left_beside_a_lag():
    """Of maps of a lag model with rho 0.4, 5 % have a simulated p up to 0.05 for autocorrelation that is left, within binomial error."""
    from scipy.sparse import csr_array

    weights, random = csr_array(matrix()), np.random.default_rng(15)
    determinant = prepared(weights, "eigen")
    x = np.column_stack([np.ones(N), random.normal(size=N)])
    maps = np.column_stack([drawn("rho", 0.4, random, x) for _ in range(MAPS)])
    problem = Problem(maps[:, 0], x, weights, rho=True, error=False)
    observed, rhos = remaining_autocorrelation(problem, determinant, maps, "asymptotic"), search_of(problem, determinant).lags(maps)
    p = []
    for seed in range(MAPS):
        one = replace(problem, response=maps[:, seed])
        simulated = drawn_from(one, (rhos[seed], 0.0), draws=DRAWS, seed=seed)
        p.append(simulated_p(observed[seed], remaining_autocorrelation(one, determinant, simulated, "asymptotic")))
    assert np.isfinite(p).all()
    assert abs((np.array(p) <= 0.05).mean() - 0.05) <= 2 * share_error()


@pytest.mark.parametrize("vcov", ["asymptotic", "hessian"])
@pytest.mark.parametrize("function", [lag_model, durbin_model])
def test_what_is_left_for_many_responses(function, vcov):
    """The statistic of a simulation is that of the result, whose search goes to more digits."""
    from spatial.models import durbin, lag
    from spatial.models._engine import designed, fitted

    places, graph = grid()
    found = function(places, graph, formula="y ~ x", vcov=vcov, bootstrap=39)
    determinant = prepared(graph.sparse.tocsr(), "eigen")
    kind = (lag if function is lag_model else durbin).KIND
    fit = fitted(designed(places, graph, kind, dict(found.options)), kind, determinant)
    again = remaining_autocorrelation(fit.problem, determinant, fit.problem.response[:, None], vcov)
    row = found.tests.loc["LM residual autocorrelation"]
    if np.isnan(row["statistic"]):  # the observed information may leave it no variance
        assert np.isnan(again[0])
        assert np.isnan(row["p_bootstrap"])
        assert not any("LM residual autocorrelation" in note and "gives p" in note for note in found.notes)
        return
    assert again[0] == pytest.approx(row["statistic"], rel=2e-3)
    assert 1 / 40 <= row["p_bootstrap"] <= 1
    assert any(f'gives p = {row["p_bootstrap"]:.3g} for "LM residual autocorrelation"' in note for note in found.notes)


@pytest.mark.parametrize("vcov", ["asymptotic", "robust"])
@pytest.mark.parametrize("function", [lag_model, error_model, durbin_error_model, combined_model])
class TestByMoments:
    def test_seeds(self, function, vcov):
        places, graph = grid()
        one, again, *others = (
            function(places, graph, formula="y ~ x", estimator="gmm", vcov=vcov, bootstrap=39, seed=seed) for seed in (1, 1, 2, 3)
        )
        assert one.tests.equals(again.tests)
        drawn = [each.tests.loc["Wald", "p_bootstrap"] for each in (one, *others)]
        assert 1 / 40 <= min(drawn) <= max(drawn) <= 1
        assert len(set(drawn)) > 1
        assert any("fewer than 30 places" in note and f"gives p = {drawn[0]:.3g}" in note for note in one.notes)
        assert one.tests["p_bootstrap"].notna().sum() == (2 if function is lag_model else 1)

    def test_none_is_asked_for_or_needed(self, function, vcov):
        for places, n in ((grid(), 0), (grid(30), 39)):
            assert "p_bootstrap" not in function(*places, formula="y ~ x", estimator="gmm", vcov=vcov, bootstrap=n).tests


@pytest.mark.parametrize("function", [lag_model, error_model])
def test_size_by_moments(function):
    """Of 200 maps without dependence, 5 % have a simulated p of the Wald test up to 0.05, within binomial error."""
    places, graph = grid()
    random, p = np.random.default_rng(16), []
    for seed in range(200):
        drawn_here = places.assign(y=1 + places["x"] + random.standard_normal(N))
        try:
            found = function(drawn_here, graph, formula="y ~ x", estimator="gmm", bootstrap=DRAWS, seed=seed)
        except ModelError:  # rho or lambda at a limit
            continue
        p.append(found.tests.loc["Wald", "p_bootstrap"])
    assert len(p) >= 180
    assert abs((np.array(p) <= 0.05).mean() - 0.05) <= 2 * np.sqrt(0.05 * 0.95 / len(p))


def test_endogenous_regressors_have_no_simulated_p():
    """Nobody knows how they depend on the errors, so no data can be drawn; the result says so."""
    places, graph = grid()
    places = places.assign(q=places["x"] + np.random.default_rng(6).normal(size=N))
    found = error_model(places, graph, formula="y ~ x", estimator="gmm", endogenous=["x"], instruments=["q"])
    assert "p_bootstrap" not in found.tests
    assert any("no simulated p values" in note for note in found.notes)


def test_a_filter_that_takes_the_intercept_away():
    """Moments that are met best at lambda = 1 have no estimate: an error with the interval, not a singular matrix."""
    places, graph = grid()
    y = np.linalg.solve(np.eye(N) - 0.9 * matrix(), np.random.default_rng(1016).normal(size=N))
    with pytest.raises(ModelError, match=r"parameter lambda: .* a limit of its interval, 1, .*Expected a value between -1 and 1"):
        error_model(places.assign(y=y), graph, formula="y ~ x", estimator="gmm")
