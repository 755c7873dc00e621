"""Models of the lag and error family, written out with dense matrices: likelihood, its slopes and its curvature."""

import functools

import numpy as np
import pytest

from spatial.models import combined_model, durbin_error_model, durbin_model, error_model, lag_model, ols, slx_model

SIDE = 8
N = SIDE * SIDE
FAMILY = {
    "lag": functools.partial(lag_model, impacts="delta"),
    "durbin": functools.partial(durbin_model, impacts="delta"),
    "error": error_model,
    "durbin-error": durbin_error_model,
    "combined": functools.partial(combined_model, impacts="delta"),
    "nested": functools.partial(combined_model, durbin=True, impacts="delta"),
}
WEIGHTED = ["error", "durbin-error"]


@functools.cache
def drawn(directed=False):
    """Draw a general nested process on a grid, or on links to five random places."""
    import geopandas
    from libpysal.graph import Graph

    random = np.random.default_rng(8)
    rows, columns = np.divmod(np.arange(N), SIDE)
    near = np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns) == 1
    if directed:
        near = np.argsort(np.where(np.eye(N), np.inf, random.uniform(size=(N, N))), axis=1).argsort(axis=1) < 5
    w = near / near.sum(axis=1)[:, None]
    x, z, noise = random.normal(size=(3, N))
    y = np.linalg.solve(np.eye(N) - 0.4 * w, 1 + x - z + 0.5 * w @ x + np.linalg.solve(np.eye(N) - 0.3 * w, noise))
    names = np.array([f"place {number:02d}" for number in range(N)])
    focal, neighbor = np.nonzero(near)
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
    columns = {"y": y, "x": x, "z": z, "size": random.uniform(0.5, 3, N)}
    places = geopandas.GeoDataFrame(
        columns, geometry=geopandas.points_from_xy(np.arange(N) * 1e3, np.zeros(N)), index=names, crs="EPSG:32642"
    )
    return places.rename_axis("place"), graph, w


@functools.cache
def fitted(name, directed=False, vcov="asymptotic", weights_column=None):
    places, graph, _ = drawn(directed)
    more = {"weights_column": weights_column} if weights_column else {}
    return FAMILY[name](places, graph, formula="y ~ x + z", vcov=vcov, **more)


def parts(found, directed, values=None):
    """Deviations y - rho W y - Z b and residuals (I - lambda W) of them, for the estimates or other values of the parameters."""
    places, _, w = drawn(directed)
    values = found.coefficients["estimate"] if values is None else values
    columns = {"Intercept": np.ones(N), "x": places["x"].to_numpy(), "z": places["z"].to_numpy()}
    columns |= {f"W_{name}": w @ column for name, column in columns.items()}
    trend = sum(value * columns[name] for name, value in values.items() if name in columns)
    y = places["y"].to_numpy()
    deviations = y - values.get("rho", 0.0) * (w @ y) - trend
    return trend, deviations, deviations - values.get("lambda", 0.0) * (w @ deviations)


def likelihood(found, directed, weights=None, change=0.0):
    """The whole log-likelihood; the last parameter is the logarithm of the variance."""
    change = np.broadcast_to(change, len(found.coefficients) + 1)
    values = found.coefficients["estimate"] + change[:-1]
    variance = found.sigma2 * np.exp(change[-1])
    _, _, residuals = parts(found, directed, values)
    w, weights = drawn(directed)[2], np.ones(N) if weights is None else weights
    logarithm = sum(np.linalg.slogdet(np.eye(N) - values.get(name, 0.0) * w)[1] for name in ("rho", "lambda"))
    squares = residuals @ (weights * residuals)
    return logarithm + np.log(weights).sum() / 2 - N / 2 * np.log(2 * np.pi * variance) - squares / 2 / variance


CASES = [(name, directed, weights) for name in FAMILY for directed in (False, True) for weights in (None, "size")
         if weights is None or (name in WEIGHTED and not directed)]  # fmt: skip


def weights_of(column):
    return None if column is None else (drawn()[0][column] / drawn()[0][column].mean()).to_numpy()


@pytest.mark.parametrize(("name", "directed", "weights"), CASES)
class TestLikelihood:
    def test_value(self, name, directed, weights):
        found = fitted(name, directed, "asymptotic", weights)
        np.testing.assert_allclose(found.log_likelihood, likelihood(found, directed, weights_of(weights)), rtol=1e-12)
        np.testing.assert_allclose(found.aic, 2 * found.parameters - 2 * found.log_likelihood, rtol=1e-12)
        np.testing.assert_allclose(found.bic, np.log(N) * found.parameters - 2 * found.log_likelihood, rtol=1e-12)
        assert found.parameters == len(found.coefficients) + 1

    def test_maximum(self, name, directed, weights):
        """All slopes are 0, and whichever way one parameter moves the likelihood falls."""
        found = fitted(name, directed, "asymptotic", weights)
        best = found.log_likelihood
        steps = np.append(0.01 * found.coefficients["std_error"], 0.01)
        for place, step in enumerate(steps):
            moved = step * np.eye(len(steps))[place]
            far, back, ahead, beyond = (likelihood(found, directed, weights_of(weights), each * moved) for each in (-2, -1, 1, 2))
            assert max(back, ahead) < best
            slope = (8 * (ahead - back) - (beyond - far)) / 12
            assert abs(slope) < 1e-4 * (2 * best - ahead - back)

    def test_hessian(self, name, directed, weights):
        """The observed information by formula against second differences."""
        found = fitted(name, directed, "hessian", weights)
        steps = np.append(0.02 * found.coefficients["std_error"], 0.02)
        size = len(steps)
        hessian = np.empty((size, size))
        for one, other in np.ndindex(size, size):
            ahead, aside = np.eye(size)[one] * steps, np.eye(size)[other] * steps
            at = [
                likelihood(found, directed, weights_of(weights), change)
                for change in (ahead + aside, ahead - aside, aside - ahead, -ahead - aside)
            ]
            hessian[one, other] = (at[0] - at[1] - at[2] + at[3]) / (4 * steps[one] * steps[other])
        errors = found.coefficients["std_error"].to_numpy()
        ours = found.vcov.to_numpy() / np.outer(errors, errors)
        theirs = np.linalg.inv(-hessian)[:-1, :-1] / np.outer(errors, errors)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.005)


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("directed", [False, True])
class TestParts:
    def test_parts_add_up(self, name, directed):
        found, places = fitted(name, directed), drawn(directed)[0]
        trend, _, residuals = parts(found, directed)
        np.testing.assert_allclose(found.residuals, residuals, rtol=0, atol=1e-9)
        np.testing.assert_allclose(found.prediction_trend, trend, rtol=1e-9)
        np.testing.assert_allclose(found.fitted, found.prediction_trend + found.prediction_signal, rtol=1e-12)
        np.testing.assert_allclose(found.fitted + found.residuals, places["y"], rtol=1e-9)
        np.testing.assert_allclose(found.sigma2, (residuals**2).mean(), rtol=1e-9)

    def test_expected_information(self, name, directed):
        """Its inverse is that of the mean of the outer products of scores, drawn from the fitted model."""
        found, (_, _, w) = fitted(name, directed), drawn(directed)
        names = list(found.coefficients.index)
        values, k = found.coefficients["estimate"], len(names)
        rho, error = values.get("rho", 0.0), values.get("lambda", 0.0)
        lag, filtered = np.linalg.inv(np.eye(N) - rho * w), np.eye(N) - error * w
        places = drawn(directed)[0]
        columns = {"Intercept": np.ones(N), "x": places["x"].to_numpy(), "z": places["z"].to_numpy()}
        columns |= {f"W_{each}": w @ column for each, column in columns.items()}
        z = np.column_stack([columns[each] for each in names if each in columns])
        mean = lag @ z @ values[[each for each in names if each in columns]].to_numpy()
        spread = np.linalg.inv(filtered)
        # Derivatives of e = B (A y - Z b): linear in e, so the information follows from matrices without a draw.
        linear, constant = np.zeros((k, N, N)), np.zeros((k, N))
        constant[: z.shape[1]] = -(filtered @ z).T
        for place, each in enumerate(names):
            if each == "rho":
                linear[place] = -filtered @ w @ lag @ spread
                constant[place] = -filtered @ w @ mean
            if each == "lambda":
                linear[place] = -w @ spread
        s = found.sigma2
        information = np.zeros((k + 1, k + 1))
        for one, other in np.ndindex(k, k):
            information[one, other] = constant[one] @ constant[other] / s + np.sum(linear[one] * linear[other])
            information[one, other] += np.sum(linear[one] * linear[other].T)
        information[:k, k] = information[k, :k] = [-np.trace(each) / s for each in linear]
        information[k, k] = N / 2 / s**2
        np.testing.assert_allclose(found.vcov, np.linalg.inv(information)[:k, :k], rtol=1e-6, atol=1e-9)


def test_impacts_without_a_lag_are_coefficients():
    """Also of one regressor only; one without a lag has no indirect impact."""
    places, graph, _ = drawn()
    for function in (slx_model, durbin_error_model):
        found = function(places, graph, formula="y ~ x + z", lagged=["x"])
        assert list(found.coefficients.index[:4]) == ["Intercept", "x", "z", "W_x"]
        b = found.coefficients["estimate"]
        np.testing.assert_allclose(found.impacts.loc["x", ["direct", "indirect", "total"]], [b["x"], b["W_x"], b["x"] + b["W_x"]])
        np.testing.assert_allclose(found.impacts.loc["z", ["direct", "indirect", "total"]], [b["z"], 0, b["z"]])
        covariance = found.vcov.loc[["x", "W_x"], ["x", "W_x"]].to_numpy()
        np.testing.assert_allclose(found.impacts.loc["x", "total_std_error"], np.sqrt(covariance.sum()), rtol=1e-10)


def test_lags_of_terms_made_of_several_columns():
    """A column of the table names all terms made of it alone; an interaction is lagged when both columns are named."""
    places, graph, _ = drawn()
    formula = "y ~ x + z + I(x**2) + x:z"
    one = slx_model(places, graph, formula=formula, lagged=["x"]).coefficients.index
    both = slx_model(places, graph, formula=formula, lagged=["x", "z"]).coefficients.index
    term = slx_model(places, graph, formula=formula, lagged=["x:z"]).coefficients.index
    assert [name for name in one if name.startswith("W_")] == ["W_x", "W_I(x ** 2)"]
    assert [name for name in both if name.startswith("W_")] == ["W_x", "W_z", "W_I(x ** 2)", "W_x:z"]
    assert [name for name in term if name.startswith("W_")] == ["W_x:z"]


@pytest.mark.parametrize("function", [ols, slx_model, error_model, durbin_error_model])
def test_equal_weights_of_observations_change_nothing(function):
    places, graph, _ = drawn()
    one = function(places, graph, formula="y ~ x + z")
    other = function(places.assign(size=7.5), graph, formula="y ~ x + z", weights_column="size")
    np.testing.assert_allclose(other.coefficients, one.coefficients, rtol=1e-9)
    np.testing.assert_allclose(other.log_likelihood, one.log_likelihood, rtol=1e-12)


def test_no_smaller_model_fits_better():
    found = fitted("nested")
    assert all(found.log_likelihood >= fitted(name).log_likelihood - 1e-9 for name in FAMILY)


def test_the_higher_of_two_peaks():
    """
    On this map rho and lambda trade off along a ridge with two peaks, 0.2 of a log-likelihood apart.

    A grid of nine values each sees only the lower one, near rho 0.41 and lambda 0.05; spatialreg finds the higher one.
    """
    import geopandas
    from libpysal.graph import Graph
    from scipy.spatial import cKDTree

    random, n = np.random.default_rng(2), 500
    points = random.uniform(0, 1e5, (n, 2))
    focal, neighbor = np.repeat(np.arange(n), 6), np.sort(cKDTree(points).query(points, k=7)[1][:, 1:], axis=1).ravel()
    w = np.zeros((n, n))
    w[focal, neighbor] = 1 / 6
    x, z, noise = random.normal(size=(3, n))
    errors = np.linalg.solve(np.eye(n) - 0.3 * w, noise)
    y = np.linalg.solve(np.eye(n) - 0.2 * w, 2 + x - 0.5 * z + 0.7 * (w @ x) + errors)
    names = np.array([f"place {number:03d}" for number in range(n)])
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
    places = geopandas.GeoDataFrame(
        {"y": y, "x": x, "z": z}, geometry=geopandas.points_from_xy(*points.T), index=names, crs="EPSG:32642"
    ).rename_axis("place")
    found = combined_model(places, graph, formula="y ~ x + z", durbin=True, lagged=["x"], impacts="delta")
    np.testing.assert_allclose(found.coefficients.loc[["rho", "lambda"], "estimate"], [-0.1259, 0.5671], atol=1e-3)
    np.testing.assert_allclose(found.log_likelihood, -702.845902, atol=1e-5)
    assert any("rho 0.413, lambda 0.055 (log-likelihood lower by 0.206)" in note for note in found.notes)


@pytest.mark.parametrize("vcov", ["asymptotic", "hessian"])
@pytest.mark.parametrize("name", list(FAMILY))
def test_a_large_constant_changes_no_standard_error(name, vcov):
    """With rows of W that sum to 1 a constant added to y moves the intercept alone: y near 1e8 has eight digits left after it."""
    places, graph, _ = drawn()
    plain = fitted(name, vcov=vcov).coefficients
    moved = FAMILY[name](places.assign(y=places["y"] + 1e8), graph, formula="y ~ x + z", vcov=vcov).coefficients
    others = [term for term in plain.index if term != "Intercept"]
    np.testing.assert_allclose(moved.loc[others, "std_error"], plain.loc[others, "std_error"], rtol=1e-6)
    np.testing.assert_allclose(moved.loc[others, "estimate"], plain.loc[others, "estimate"], atol=1e-6)


@pytest.mark.parametrize("function", [slx_model, durbin_error_model])
def test_impacts_on_each_place_without_a_lag_of_the_response(function):
    """With rows of W that sum to different numbers: what the trend changes when x rises everywhere, or in one place alone."""
    places, graph, _ = drawn()
    binary = graph.transform("b")
    found = function(places, binary, formula="y ~ x + z", lagged=["x"])
    w = binary.sparse.toarray()
    beta, theta = found.coefficients["estimate"][["x", "W_x"]]
    effects = beta * np.eye(N) + theta * w  # of a rise in each place (columns) on each place (rows)
    table = found.place_impacts
    np.testing.assert_allclose(table["x total"], effects.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(table["x sent"], effects.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(table["x direct"], np.diag(effects), rtol=1e-12)
    np.testing.assert_allclose(table["x direct"] + table["x indirect"], table["x total"], rtol=1e-12)
    np.testing.assert_allclose(table["z indirect"], 0, atol=0)
    assert np.ptp(table["x total"]) > 0
    for kind in ("direct", "indirect", "total"):
        assert table[f"x {kind}"].mean() == pytest.approx(found.impacts.loc["x", kind], rel=1e-12)


@pytest.mark.parametrize(
    "options", [{"moments": "classic"}, {"moments": "equal"}, {"vcov": "robust"}, {"moments": "classic", "vcov": "robust"}]
)
@pytest.mark.parametrize("function", [error_model, durbin_error_model])
class TestWeightsOfObservationsByMoments:
    def test_equal_weights_are_none(self, function, options):
        places, graph, _ = drawn()
        one = function(places, graph, formula="y ~ x + z", estimator="gmm", **options)
        two = function(places.assign(w=7.5), graph, formula="y ~ x + z", estimator="gmm", weights_column="w", **options)
        np.testing.assert_allclose(
            two.coefficients[["estimate", "std_error"]], one.coefficients[["estimate", "std_error"]], rtol=1e-9
        )
        assert two.sigma2 == pytest.approx(one.sigma2)

    def test_they_are_the_model_of_what_was_multiplied_with_their_roots(self, function, options):
        """R u = lambda (R W R^-1) R u + R e: a user could multiply columns and graph himself, and lose the intercept's name."""
        from libpysal.graph import Graph

        places, graph, w = drawn()
        found = function(places, graph, formula="y ~ x + z", estimator="gmm", weights_column="size", **options)
        roots = np.sqrt(places["size"] / places["size"].mean()).to_numpy()
        focal, neighbor = np.nonzero(w)
        turned = Graph.from_arrays(places.index[focal], places.index[neighbor], w[focal, neighbor] * roots[focal] / roots[neighbor])
        columns = {"one": np.ones(N), "x": places["x"], "z": places["z"]}
        if function is durbin_error_model:
            columns |= {"wx": w @ places["x"], "wz": w @ places["z"]}
        by_hand = places.assign(y=places["y"] * roots, **{name: column * roots for name, column in columns.items()})
        other = error_model(by_hand, turned, formula=f"y ~ 0 + {' + '.join(columns)}", estimator="gmm", **options)
        np.testing.assert_allclose(
            found.coefficients[["estimate", "std_error"]], other.coefficients[["estimate", "std_error"]], rtol=1e-8
        )
        np.testing.assert_allclose(found.residuals, other.residuals / roots, rtol=1e-8, atol=1e-10)
        assert found.sigma2 == pytest.approx(other.sigma2)
