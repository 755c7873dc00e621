"""What must hold for every table: order, names and units do not matter, and the models agree where they must."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.models import _chebyshev, _log_determinant, error_model, lag_model, ols
from spatial.models._likelihood import traces

SIDE = 6
N = SIDE * SIDE
FUNCTIONS = [ols, lag_model, error_model]
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
    return np.concatenate(
        [found.coefficients.to_numpy().ravel(), found.tests.to_numpy().ravel(), [found.log_likelihood, found.aic]]
    )


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None)
@given(seed=SEEDS)
def test_row_order_does_not_matter(function, kind, seed):
    places, graph, _ = drawn(kind, seed)
    one = function(places, graph, formula="y ~ x + z")
    other = function(places.sample(frac=1, random_state=seed), graph, formula="y ~ x + z")
    assert np.array_equal(numbers(one), numbers(other), equal_nan=True)
    assert other.residuals[one.residuals.index].equals(one.residuals)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None)
@given(seed=SEEDS)
def test_names_of_places_do_not_matter(function, kind, seed):
    places, graph, w = drawn(kind, seed)
    names = [f"unit {number:03d}" for number in np.random.default_rng(seed).permutation(N)]
    other = function(places.set_axis(names, axis=0), graph_of(w, names), formula="y ~ x + z")
    np.testing.assert_allclose(numbers(other), numbers(function(places, graph, formula="y ~ x + z")), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("factor", [1e6, 1e-6, 1e12])
@settings(max_examples=4, deadline=None)
@given(seed=SEEDS, kind=st.sampled_from(KINDS))
def test_units_do_not_matter(function, factor, seed, kind):
    places, graph, _ = drawn(kind, seed)
    one = function(places, graph, formula="y ~ x + z")
    scaled = function(places.assign(y=places["y"] * factor, x=places["x"] / factor), graph, formula="y ~ x + z")
    units = np.array([factor, factor**2, factor] + [1.0] * (len(one.coefficients) - 3))
    for column in ("estimate", "std_error", "low", "high"):
        np.testing.assert_allclose(scaled.coefficients[column], one.coefficients[column] * units, rtol=1e-8, atol=1e-12 * factor)
    np.testing.assert_allclose(scaled.tests["statistic"], one.tests["statistic"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(scaled.log_likelihood, one.log_likelihood - N * np.log(factor), rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None)
@given(seed=SEEDS)
def test_impacts_are_changes_of_the_reduced_form(kind, seed):
    """Move one regressor in one place at a time and see how all expected values move."""
    places, graph, w = drawn(kind, seed)
    found = lag_model(places, graph, formula="y ~ x + z", impacts="delta")
    coefficients = found.coefficients["estimate"]
    table = np.column_stack([np.ones(N), places["x"], places["z"]])

    def expected(regressors):
        return np.linalg.solve(np.eye(N) - coefficients["rho"] * w, regressors @ coefficients.iloc[:3].to_numpy())

    for column, name in ((1, "x"), (2, "z")):
        effects = np.empty((N, N))
        for place in range(N):
            moved = table.copy()
            moved[place, column] += 1
            effects[:, place] = expected(moved) - expected(table)
        direct, total = np.trace(effects) / N, effects.sum() / N
        np.testing.assert_allclose(
            found.impacts.loc[name, ["direct", "indirect", "total"]].astype(float),
            [direct, total - direct, total],
            rtol=1e-6,
            atol=1e-9,
        )


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
    one, other = (_log_determinant.prepared(csr_array(w), method) for method in ("eigen", "lu"))
    np.testing.assert_allclose([one.low, one.high], [other.low, other.high], rtol=1e-7)
    r = one.low + share * (one.high - one.low)
    dense = np.linalg.slogdet(np.eye(N) - r * w)[1]
    g = w @ np.linalg.inv(np.eye(N) - r * w)
    for each in (one, other):
        np.testing.assert_allclose(_log_determinant.value(each, r), dense, rtol=1e-9, atol=1e-11)
        first, second, _ = _log_determinant.derivatives(each, np.array([r]))
        np.testing.assert_allclose([first[0], second[0]], [-np.trace(g), -np.trace(g @ g)], rtol=1e-6, atol=1e-7)
    sums = traces(csr_array(w), r, 0.0)
    np.testing.assert_allclose(
        [sums.g, sums.gtg, sums.wg], [np.trace(g), np.trace(g.T @ g), np.trace((w + w.T) @ g)], rtol=1e-8, atol=1e-9
    )


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
