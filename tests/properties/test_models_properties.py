"""What must hold for every table: order, names and units do not matter, and the models agree where they must."""

import functools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spatial.errors import ModelError
from spatial.models import (
    _chebyshev,
    _determinant_methods,
    _log_determinant,
    combined_model,
    durbin_error_model,
    durbin_model,
    error_model,
    lag_model,
    ols,
    slx_model,
)
from spatial.models._traces import crossed, with_transpose

SIDE = 6
N = SIDE * SIDE
FUNCTIONS = [
    ols,
    slx_model,
    functools.partial(lag_model, impacts="delta"),
    functools.partial(durbin_model, impacts="delta"),
    error_model,
    durbin_error_model,
    functools.partial(combined_model, impacts="delta"),
    functools.partial(combined_model, durbin=True, impacts="delta"),
]
NAMES = ["linear", "lagged-x", "lag", "durbin", "error", "durbin-error", "combined", "nested"]
SEEDS = st.integers(0, 10_000)


def weights(kind, seed):
    """A grid's contiguity (row-standardised or not), or links to random places that are not mutual."""
    random = np.random.default_rng(seed)
    rows, columns = np.divmod(np.arange(N), SIDE)
    near = (np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns) == 1).astype(float)
    if kind == "directed":
        near = np.zeros((N, N))
        for place in range(N):
            near[place, random.choice(np.delete(np.arange(N), place), 4, replace=False)] = 1
    if kind == "island":
        near[0, :] = near[:, 0] = 0
    if kind == "uneven":
        near *= random.uniform(0.5, 2, (N, N))
    return near if kind == "binary" else near / np.maximum(near.sum(axis=1), 1e-300)[:, None]


KINDS = ["rows", "binary", "directed", "island", "uneven"]


def drawn(kind, seed, rho=0.3):
    import geopandas

    random = np.random.default_rng(seed)
    w = weights(kind, seed)
    x, z = random.normal(size=(2, N))
    scale = 1 if kind != "binary" else 0.25
    y = np.linalg.solve(np.eye(N) - rho * scale * w, 3 + x - 2 * z + random.normal(size=N))
    names = [f"place {number:02d}" for number in range(N)]
    places = geopandas.GeoDataFrame(
        {"y": y, "x": x, "z": z}, geometry=geopandas.points_from_xy(np.arange(N) * 1e3, np.zeros(N)), index=names, crs="EPSG:32642"
    )
    return places.rename_axis("place"), graph_of(w, names), w


def graph_of(w, names):
    from libpysal.graph import Graph

    names = np.array(names)
    focal, neighbor = np.nonzero(w)
    alone = np.flatnonzero(~w.any(axis=1))
    return Graph.from_arrays(
        names[np.append(focal, alone)], names[np.append(neighbor, alone)], np.append(w[focal, neighbor], np.zeros(len(alone)))
    )


def numbers(found):
    impacts = found.impacts.to_numpy().ravel() if hasattr(found, "impacts") else []
    return np.concatenate(
        [found.coefficients.to_numpy().ravel(), found.tests.to_numpy().ravel(), [found.log_likelihood, found.aic], impacts]
    )


def fitted(function, places, graph):
    """Draw again where two parameters have no maximum inside their interval: that is said, and tested elsewhere."""
    found = or_reason(function, places, graph)
    if isinstance(found, str):
        assert "largest at an end" in found or "not positive definite" in found
        assume(False)
    return found


def or_reason(function, places, graph):
    try:
        return function(places, graph, formula="y ~ x + z")
    except ModelError as error:
        return str(error)


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=2, deadline=None)
@given(seed=SEEDS)
def test_row_order_does_not_matter(function, kind, seed):
    places, graph, _ = drawn(kind, seed)
    one = fitted(function, places, graph)
    other = fitted(function, places.sample(frac=1, random_state=seed), graph)
    assert np.array_equal(numbers(one), numbers(other), equal_nan=True)
    assert other.residuals[one.residuals.index].equals(one.residuals)


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=2, deadline=None)
@given(seed=SEEDS)
def test_names_of_places_do_not_matter(function, kind, seed):
    places, graph, w = drawn(kind, seed)
    names = [f"unit {number:03d}" for number in np.random.default_rng(seed).permutation(N)]
    other = fitted(function, places.set_axis(names, axis=0), graph_of(w, names))
    np.testing.assert_allclose(numbers(other), numbers(fitted(function, places, graph)), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
@pytest.mark.parametrize("factor", [1e6, 1e-6, 1e12])
@settings(max_examples=4, deadline=None)
@given(seed=SEEDS, kind=st.sampled_from(KINDS))
def test_units_do_not_matter(function, factor, seed, kind):
    places, graph, _ = drawn(kind, seed)
    one = fitted(function, places, graph)
    scaled = fitted(function, places.assign(y=places["y"] * factor, x=places["x"] / factor), graph)
    sizes = {"Intercept": factor, "x": factor**2, "z": factor}
    units = np.array([sizes.get(name.removeprefix("W_"), 1.0) for name in one.coefficients.index])
    for column in ("estimate", "std_error", "low", "high"):
        typical = one.coefficients["std_error"] * units
        gap = (scaled.coefficients[column] - one.coefficients[column] * units) / typical
        assert gap.abs().max() < 1e-7
    np.testing.assert_allclose(scaled.tests["statistic"], one.tests["statistic"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(scaled.log_likelihood, one.log_likelihood - N * np.log(factor), rtol=1e-10)
    np.testing.assert_allclose(scaled.residuals, one.residuals * factor, rtol=0, atol=1e-8 * scaled.sigma)
    if hasattr(one, "impacts"):
        impacts = [column for column in one.impacts if not column.endswith(("_p", "_z"))]
        ours, theirs = scaled.impacts[impacts], one.impacts[impacts].mul([factor**2, factor], axis=0)
        assert ((ours - theirs).abs().to_numpy() <= 1e-7 * ours.abs().max(axis=1).to_numpy()[:, None]).all()
        ratios = [column for column in one.impacts if column.endswith(("_p", "_z"))]
        np.testing.assert_allclose(scaled.impacts[ratios], one.impacts[ratios], rtol=1e-6, atol=1e-7)


def expected_values(found, w, regressors):
    """Compute A^-1 (a + X b + W X t)."""
    estimate = found.coefficients["estimate"]
    trend = estimate["Intercept"] + estimate.get("W_Intercept", 0.0) * w.sum(axis=1)
    for name, values in regressors.items():
        trend = trend + estimate[name] * values + estimate.get(f"W_{name}", 0.0) * (w @ values)
    return np.linalg.solve(np.eye(N) - estimate.get("rho", 0.0) * w, trend)


@pytest.mark.parametrize("place", [2, 3, 1, 5, 6, 7])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=3, deadline=None)
@given(seed=SEEDS)
def test_impacts_are_changes_of_the_reduced_form(place, kind, seed):
    """Move one regressor in one place at a time, then everywhere, and see how all expected values move."""
    places, graph, w = drawn(kind, seed)
    found = fitted(FUNCTIONS[place], places, graph)
    table = {name: places[name].to_numpy() for name in ("x", "z")}
    before = expected_values(found, w, table)
    for name, values in table.items():
        effects = np.column_stack([expected_values(found, w, table | {name: values + row}) - before for row in np.eye(N)])
        everywhere = expected_values(found, w, table | {name: values + 1}) - before
        direct, total = np.trace(effects) / N, effects.sum() / N
        ours = found.impacts.loc[name, ["direct", "indirect", "total"]].astype(float)
        np.testing.assert_allclose(ours, [direct, total - direct, total], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(everywhere.mean(), total, rtol=1e-6, atol=1e-9)
        if hasattr(found, "place_impacts"):
            on_place = found.place_impacts.loc[places.index]
            np.testing.assert_allclose(on_place[f"{name} total"], everywhere, rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(on_place[f"{name} direct"], np.diag(effects), rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(on_place[f"{name} indirect"], everywhere - np.diag(effects), rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(on_place[f"{name} sent"], effects.sum(axis=0), rtol=1e-6, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_total_impacts_of_rows_that_sum_to_one(seed):
    places, graph, _ = drawn("rows", seed)
    found = durbin_model(places, graph, formula="y ~ x + z", impacts="delta")
    b = found.coefficients["estimate"]
    np.testing.assert_allclose(found.impacts["total"], [(b[name] + b[f"W_{name}"]) / (1 - b["rho"]) for name in "xz"], rtol=1e-10)


NESTED = [("lagged-x", "linear"), ("lag", "linear"), ("error", "linear"), ("durbin", "lag"), ("durbin", "lagged-x"),
          ("durbin", "error"), ("durbin-error", "error"), ("durbin-error", "lagged-x"), ("combined", "lag"),
          ("combined", "error"), ("nested", "durbin"), ("nested", "durbin-error"), ("nested", "combined")]  # fmt: skip


@pytest.mark.parametrize("kind", ["rows", "directed", "uneven"])
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS, rho=st.sampled_from([-0.5, 0.0, 0.6]))
def test_larger_models_fit_no_worse(kind, seed, rho):
    """Every model contains those it is compared with; for the error model in the Durbin model that is the common factor."""
    places, graph, _ = drawn(kind, seed, rho)
    found = {name: fitted(function, places, graph) for name, function in zip(NAMES, FUNCTIONS, strict=True)}
    for larger, smaller in NESTED:
        assert found[larger].log_likelihood >= found[smaller].log_likelihood - 1e-8
        assert found[larger].parameters > found[smaller].parameters
    ratio = 2 * (found["durbin"].log_likelihood - found["error"].log_likelihood)
    np.testing.assert_allclose(found["durbin"].tests.loc["Common factor", "statistic"], ratio, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found["durbin"].log_likelihood_ols, found["lagged-x"].log_likelihood, rtol=1e-10)
    np.testing.assert_allclose(found["durbin-error"].log_likelihood_ols, found["lagged-x"].log_likelihood, rtol=1e-10)


@pytest.mark.parametrize("place", [6, 7])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None)
@given(seed=SEEDS)
def test_no_point_of_a_grid_is_higher(place, kind, seed):
    """The likelihood of rho and lambda may have several peaks; written out with dense matrices, no point exceeds the one found."""
    places, graph, w = drawn(kind, seed)
    found = fitted(FUNCTIONS[place], places, graph)
    y = places["y"].to_numpy()
    x = np.column_stack([np.ones(N), places[["x", "z"]]])
    lags = w @ x if kind == "binary" else w @ x[:, 1:]
    z = np.column_stack([x, lags]) if place == 7 else x
    roots = np.linalg.eigvals(w)

    def likelihood(rho, error):
        response, filtered = y - rho * (w @ y), np.eye(N) - error * w
        left = filtered @ response
        squares = np.sum((left - (filtered @ z) @ np.linalg.lstsq(filtered @ z, left, rcond=None)[0]) ** 2)
        logarithm = np.log(np.abs(1 - rho * roots)).sum() + np.log(np.abs(1 - error * roots)).sum()
        return logarithm - N / 2 * (np.log(2 * np.pi * squares / N) + 1)

    at = found.coefficients.loc[["rho", "lambda"], "estimate"]
    np.testing.assert_allclose(found.log_likelihood, likelihood(*at), rtol=1e-9)
    points = np.linspace(found.admissible_low, found.admissible_high, 27)[1:-1]
    assert max(likelihood(rho, error) for rho in points for error in points) <= found.log_likelihood + 1e-9


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_lags_without_effect(seed):
    """Where neighbours' regressors do not matter, the Durbin model says so and its impacts are those of the lag model."""
    places, graph, _ = drawn("rows", seed)
    durbin, lag = (each(places, graph, formula="y ~ x + z", impacts="delta") for each in (durbin_model, lag_model))
    assert (durbin.coefficients.loc[["W_x", "W_z"], "statistic"].abs() < 5).all()
    gap = (durbin.impacts["total"] - lag.impacts["total"]) / durbin.impacts["total_std_error"]
    assert (gap.abs() < 5).all()


def two_parts():
    """Two grids that no link connects, and one place alone."""
    near = np.zeros((N, N))
    rows, columns = np.divmod(np.arange(N), SIDE)
    touching = np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns) == 1
    near[touching & ((rows < 3)[:, None] == (rows < 3))] = 1
    near[0] = near[:, 0] = 0
    return near


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
@pytest.mark.parametrize("style", ["b", "d", "v", "r"])
@pytest.mark.parametrize("factor", [1.0, 1e-3, 1e3])
def test_any_weights_give_a_result_or_a_reason(function, style, factor):
    """Islands, two components, weights of any style and size: finite numbers, or a complaint; never NaN without a word."""
    places, _, _ = drawn("rows", 5)
    near = two_parts()
    near = {
        "b": near,
        "d": near / near.sum(),
        "v": near / np.maximum(np.sqrt((near**2).sum(axis=1)), 1e-300)[:, None],
        "r": near / np.maximum(near.sum(axis=1), 1e-300)[:, None],
    }[style]
    found = or_reason(function, places, graph_of(near * factor, list(places.index)))
    if isinstance(found, str):
        assert "Expected" in found
        return
    assert np.isfinite(found.coefficients.to_numpy()).all()
    assert np.isfinite(found.vcov.to_numpy()).all()
    assert np.isfinite([found.log_likelihood, found.aic, found.sigma2, found.residual_moran]).all()
    if hasattr(found, "impacts"):
        assert np.isfinite(found.impacts.to_numpy()).all()
    unknown = found.tests.index[found.tests["statistic"].isna()]
    assert all(any(name in note for note in found.notes) for name in unknown)


@pytest.mark.parametrize("function", [lag_model, error_model])
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS)
def test_never_below_the_linear_model(function, seed):
    """At parameter 0 both are the linear model, so the maximum cannot lie below it; and near 0 the coefficients are its."""
    places, graph, _ = drawn("rows", seed, rho=0.0)
    found, linear = function(places, graph, formula="y ~ x + z"), ols(places, graph, formula="y ~ x + z")
    assert found.log_likelihood >= linear.log_likelihood - 1e-9
    np.testing.assert_allclose([found.log_likelihood_ols, found.aic_ols], [linear.log_likelihood, linear.aic], rtol=1e-10)
    parameter = found.coefficients["estimate"].iloc[-1]
    gap = (found.coefficients["estimate"].iloc[1:3] - linear.coefficients["estimate"].iloc[1:]) / linear.coefficients[
        "std_error"
    ].iloc[1:]
    assert (np.abs(gap) <= 20 * abs(parameter) + 1e-9).all()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS, share=st.floats(0.02, 0.98))
def test_log_determinant_and_traces(kind, seed, share):
    """Both ways against a dense determinant and a dense inverse, and the slopes against the traces."""
    from scipy.sparse import csr_array

    w = weights(kind, seed)
    one, other = (_determinant_methods.prepared(csr_array(w), method) for method in ("eigen", "lu"))
    np.testing.assert_allclose([one.low, one.high], [other.low, other.high], rtol=1e-7)
    r = one.low + share * (one.high - one.low)
    dense = np.linalg.slogdet(np.eye(N) - r * w)[1]
    g = w @ np.linalg.inv(np.eye(N) - r * w)
    for each in (one, other):
        np.testing.assert_allclose(_log_determinant.value(each, r), dense, rtol=1e-9, atol=1e-11)
        first, second, _ = _log_determinant.derivatives(each, np.array([r]))
        np.testing.assert_allclose([first[0], second[0]], [-np.trace(g), -np.trace(g @ g)], rtol=1e-6, atol=1e-7)
        sums = [crossed(each, csr_array(w), r, r)[0], with_transpose(each, csr_array(w), r)[0]]
        np.testing.assert_allclose(sums, [np.trace(g.T @ g), np.trace((w + w.T) @ g)], rtol=1e-8, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(low=st.floats(-0.9, 0.5), width=st.floats(0.01, 0.4), peak=st.floats(1.0, 1.5))
def test_interpolation_is_as_good_as_it_says(low, width, peak):
    """log(peak - x) has the singularity that a log-determinant has."""
    function = functools.partial(lambda x: float(np.log(peak - x)))
    found = _chebyshev.fitted(function, low, low + width)
    points = np.linspace(low, low + width, 200)
    size = np.abs(np.log(peak - points)).max()
    assert found.error <= 1e-12
    assert np.abs(found.polynomial(points) - np.log(peak - points)).max() <= 1e-11 * size
