"""Few places: p values from simulated data are honest where those from a limit are not."""

import functools

import numpy as np
import pytest

from spatial.models import combined_model, durbin_error_model, durbin_model, error_model, lag_model, ols, slx_model
from spatial.models._least_squares import least_squares, log_likelihood
from spatial.models._likelihood import maximised
from spatial.models._log_determinant import prepared
from spatial.models._profile import Problem, profile_of
from spatial.models._small_samples import dependence_p, likelihood_ratios, simulated_p
from spatial.models._tests import dependence_tests

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
