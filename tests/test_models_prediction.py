"""Predictions of held-out places: better than the trend, and as uncertain as they say."""

import functools

import numpy as np
import pytest

from spatial.models import combined_model, durbin_error_model, durbin_model, error_model, lag_model, ols, slx_model

SIDE = 16
N = SIDE * SIDE


@functools.cache
def graph_and_matrix():
    from libpysal.graph import Graph

    rows, columns = np.divmod(np.arange(N), SIDE)
    near = np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns) == 1
    focal, neighbor = np.nonzero(near)
    names = np.array([f"place {number:03d}" for number in range(N)])
    return Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r"), near / near.sum(axis=1)[:, None]


def drawn(seed, rho=0.7, error=0.0, share=0.2):
    """Draw a process on a grid and hide the response of a share of the places."""
    import geopandas

    graph, w = graph_and_matrix()
    random = np.random.default_rng(seed)
    x = random.normal(size=N)
    noise = np.linalg.solve(np.eye(N) - error * w, random.normal(size=N))
    truth = np.linalg.solve(np.eye(N) - rho * w, 1 + x + noise)
    hidden = random.permutation(N) < share * N
    names = [f"place {number:03d}" for number in range(N)]
    places = geopandas.GeoDataFrame(
        {"x": x, "y": np.where(hidden, np.nan, truth)},
        geometry=geopandas.points_from_xy(np.arange(N) * 1e3, np.zeros(N)),
        index=names,
        crs="EPSG:32642",
    )
    return places.rename_axis("place"), graph, truth, hidden


@functools.cache
def predictions(function, rho, error, maps=12):
    """Errors of the prediction, of the trend, and the standard errors given, of several maps one after the other."""
    rows = []
    for seed in range(maps):
        places, graph, truth, hidden = drawn(seed, rho, error)
        found = function(places, graph, formula="y ~ x", missing="predict")
        _, w = graph_and_matrix()
        estimate = found.coefficients["estimate"]
        trend = estimate["Intercept"] + estimate["x"] * places["x"] + estimate.get("W_x", 0.0) * (w @ places["x"])
        whole = np.linalg.solve(np.eye(N) - estimate.get("rho", 0.0) * w, trend)
        rows.append(np.column_stack([found.predicted - truth, whole - truth, found.predicted_std_error])[hidden])
    return np.concatenate(rows)


CASES = [(lag_model, 0.7, 0.0), (durbin_model, 0.7, 0.0), (error_model, 0.0, 0.8), (durbin_error_model, 0.0, 0.8),
         (combined_model, 0.5, 0.5)]  # fmt: skip


@pytest.mark.parametrize(("function", "rho", "error"), CASES)
def test_neighbours_help(function, rho, error):
    """The predictor that looks at known neighbours beats the one that only knows the regressors of all places."""
    found = predictions(function, rho, error)
    ours, trend = np.sqrt((found[:, :2] ** 2).mean(axis=0))
    assert ours < 0.95 * trend


@pytest.mark.parametrize(("function", "rho", "error"), CASES)
def test_standard_errors(function, rho, error):
    """Of 600 errors, about 95 % lie within 1.96 standard errors, which leave out what the estimates themselves are unsure of."""
    found = predictions(function, rho, error)
    assert len(found) > 600
    covered = (np.abs(found[:, 0]) <= 1.96 * found[:, 2]).mean()
    assert 0.92 <= covered <= 0.97
    ratio = np.sqrt((found[:, 0] ** 2).mean() / (found[:, 2] ** 2).mean())
    assert 0.9 <= ratio <= 1.1


@pytest.mark.parametrize(("function", "rho", "error"), CASES)
def test_is_the_conditional_mean(function, rho, error):
    """Written out with dense matrices: mean and variance of a normal vector, given the part that is known."""
    places, graph, truth, hidden = drawn(1, rho, error)
    found = function(places, graph, formula="y ~ x", missing="predict")
    _, w = graph_and_matrix()
    estimate = found.coefficients["estimate"]
    trend = estimate["Intercept"] + estimate["x"] * places["x"] + estimate.get("W_x", 0.0) * (w @ places["x"])
    root = np.linalg.inv((np.eye(N) - estimate.get("lambda", 0.0) * w) @ (np.eye(N) - estimate.get("rho", 0.0) * w))
    mean = np.linalg.solve(np.eye(N) - estimate.get("rho", 0.0) * w, trend)
    covariance = found.sigma2 * root @ root.T
    known = ~hidden
    share = covariance[np.ix_(hidden, known)] @ np.linalg.inv(covariance[np.ix_(known, known)])
    np.testing.assert_allclose(found.predicted[hidden], mean[hidden] + share @ (truth - mean)[known], rtol=1e-7, atol=1e-8)
    left = covariance[np.ix_(hidden, hidden)] - share @ covariance[np.ix_(known, hidden)]
    np.testing.assert_allclose(found.predicted_std_error[hidden], np.sqrt(np.diag(left)), rtol=1e-7)


@pytest.mark.parametrize("function", [ols, slx_model, lag_model, error_model, combined_model])
def test_who_is_predicted(function):
    """Only hidden places, in the order of the table; the others are those of the fit, and a note says how many."""
    places, graph, _, hidden = drawn(2)
    found = function(places, graph, formula="y ~ x", missing="predict")
    assert list(found.predicted.index) == list(places.index)
    assert (found.predicted.notna() == hidden).all()
    assert (found.predicted_std_error.notna() == hidden).all()
    assert (found.residuals.notna() == ~hidden).all()
    assert found.observations == (~hidden).sum()
    assert any(f"{hidden.sum()} of {N} places have no 'y'; it was predicted" in note for note in found.notes)
    dropped = function(places, graph, formula="y ~ x", missing="drop")
    np.testing.assert_allclose(found.residuals, dropped.residuals, rtol=1e-9, atol=1e-12)
    assert dropped.predicted is None


@pytest.mark.parametrize("function", [ols, slx_model])
def test_linear_models_predict_the_trend(function):
    places, graph, _, hidden = drawn(3)
    found = function(places, graph, formula="y ~ x", missing="predict")
    estimate, (_, w) = found.coefficients["estimate"], graph_and_matrix()
    trend = estimate["Intercept"] + estimate["x"] * places["x"] + estimate.get("W_x", 0.0) * (w @ places["x"])
    np.testing.assert_allclose(found.predicted[hidden], trend[hidden], rtol=1e-12)


def test_nobody_to_predict():
    places, graph, truth, _ = drawn(4)
    found = lag_model(places.assign(y=truth), graph, formula="y ~ x", missing="predict")
    assert found.predicted is None
    assert found.predicted_std_error is None


def test_order_of_the_rows():
    places, graph, _, _ = drawn(5)
    one = lag_model(places, graph, formula="y ~ x", missing="predict")
    other = lag_model(places.sample(frac=1, random_state=1), graph, formula="y ~ x", missing="predict")
    assert other.predicted[one.predicted.index].equals(one.predicted)


def test_functions_of_the_response():
    """The response of the model is the logarithm, so it is the logarithm that is predicted."""
    places, graph, _, hidden = drawn(6)
    plain = lag_model(places, graph, formula="y ~ x", missing="predict")
    logarithm = lag_model(places.assign(y=np.exp(places["y"])), graph, formula="log(y) ~ x", missing="predict")
    np.testing.assert_allclose(logarithm.predicted[hidden], plain.predicted[hidden], rtol=1e-9)
