"""The log-determinant by every method against dense matrices, and what is refused."""

import dataclasses
import functools
import re

import numpy as np
import pytest
from scipy.sparse import block_diag, coo_array, csr_array, diags_array
from scipy.spatial import Delaunay, cKDTree

from spatial.errors import ModelError
from spatial.models import _determinant_methods, _likelihood, _limits, _log_determinant, _multifrontal, _systems, _traces, lag_model
from spatial.models._chebyshev import fitted, known_fall
from spatial.models._from_links import coordinates_from
from spatial.models._least_squares import log_likelihood
from spatial.models._nested_dissection import dissected
from spatial.models._random_traces import approximated
from spatial.models._symmetry import similar


def linked(one, other, n):
    """Links both ways, each once."""
    matrix = csr_array(coo_array((np.ones(2 * len(one)), (np.r_[one, other], np.r_[other, one])), shape=(n, n)))
    matrix.data[:] = 1
    return matrix


def queen(side):
    places = np.arange(side**2).reshape(side, side)
    pairs = [
        (places[:, :-1], places[:, 1:]),
        (places[:-1], places[1:]),
        (places[:-1, :-1], places[1:, 1:]),
        (places[:-1, 1:], places[1:, :-1]),
    ]
    one, other = (np.concatenate([pair[end].ravel() for pair in pairs]) for end in (0, 1))
    return linked(one, other, side**2), np.stack(np.divmod(np.arange(side**2), side), axis=1).astype(float)


def voronoi(n):
    points = np.random.default_rng(1).uniform(size=(n, 2))
    corners = Delaunay(points).simplices
    return linked(corners.ravel(), np.roll(corners, 1, axis=1).ravel(), n), points


@functools.cache
def with_eigenvalues(n):
    return _determinant_methods.prepared(standardised(voronoi(n)[0]), "eigen")


def near(n, k=6, copies=1):
    """Directed nearest neighbours; with copies, several places at every point."""
    points = np.repeat(np.random.default_rng(2).uniform(size=(n // copies, 2)), copies, axis=0)
    found = cKDTree(points).query(points, k + copies)[1]
    links = [[each for each in row if each != place][:k] for place, row in enumerate(found.tolist())]
    rows = np.repeat(np.arange(len(points)), k)
    return csr_array(coo_array((np.ones(len(rows)), (rows, np.concatenate(links))), shape=(len(points),) * 2)), points


def standardised(matrix):
    return csr_array(diags_array(1 / np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1)) @ matrix)


def scattered():
    """Three components, two islands, one of them in the middle of the others' numbers."""
    first, second, third = queen(9), voronoi(150), queen(5)
    empty = csr_array((1, 1))
    matrix = csr_array(block_diag([first[0], empty, second[0], third[0], empty], format="csr"))
    points = np.concatenate([first[1], [[4.5, 4.5]], second[1] * 5 + 20, third[1] - 50, [[1e4, 0]]])
    return matrix, points


def random_graph(n=300, links=4):
    """Not geographic at all: its coordinates say nothing."""
    random = np.random.default_rng(4)
    one, other = random.integers(0, n, n * links // 2), random.integers(0, n, n * links // 2)
    return linked(one[one != other], other[one != other], n), random.uniform(size=(n, 2))


MAKERS = {
    "queen rows": lambda: (standardised(queen(24)[0]), queen(24)[1]),
    "queen binary": lambda: queen(20),
    "voronoi rows": lambda: (standardised(voronoi(500)[0]), voronoi(500)[1]),
    "near rows": lambda: (standardised(near(500)[0]), near(500)[1]),
    "near binary": lambda: near(300),
    "near copies": lambda: (standardised(near(600, copies=3)[0]), near(600, copies=3)[1]),
    "scattered rows": lambda: (standardised(scattered()[0]), scattered()[1]),
    "scattered binary": scattered,
    "random rows": lambda: (standardised(random_graph()[0]), random_graph()[1]),
    "one point": lambda: (standardised(queen(12)[0]), np.zeros((144, 2))),
    "a line": lambda: (standardised(queen(12)[0]), np.stack([np.arange(144.0), np.zeros(144)], axis=1)),
    "two places": lambda: (csr_array(np.array([[0.0, 1], [1, 0]])), np.zeros((2, 2))),
}
SYMMETRIC = {name for name in MAKERS if not name.startswith("near")}


@functools.cache
def made(name):
    return MAKERS[name]()


@functools.cache
def dense(name):
    return _determinant_methods.prepared(made(name)[0], "eigen")


@functools.cache
def eliminated(name, method, given=True):
    matrix, points = made(name)
    return _determinant_methods.prepared(matrix, method, points if given else None)


def methods(name):
    return ("cholesky", "lu") if name in SYMMETRIC else ("lu",)


@pytest.mark.parametrize("share", [1e-6, 0.1, 0.5, 0.9, 1 - 1e-6])
@pytest.mark.parametrize("name", MAKERS)
def test_values_of_dense_determinants(name, share):
    exact = dense(name)
    r = exact.low + share * (exact.high - exact.low)
    sign, expected = np.linalg.slogdet(np.eye(exact.size) - r * made(name)[0].toarray())
    assert sign == 1
    tolerance = 1e-8 if share in {1e-6, 1 - 1e-6} else 1e-11  # near a limit the matrix is nearly singular
    for method in methods(name):
        for given in (True, False):
            found = eliminated(name, method, given)
            assert found.method == method
            np.testing.assert_allclose(_log_determinant.value(found, r), expected, rtol=tolerance, atol=tolerance)
            logarithm, positive = _multifrontal.log_absolute(found.fronts, r)
            assert positive == 1
            np.testing.assert_allclose(logarithm, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", MAKERS)
def test_limits(name, monkeypatch):
    """To all digits by iteration, and on the safe side of the truth where only some digits are sought."""
    exact, matrix = dense(name), made(name)[0]
    monkeypatch.setattr(_limits, "FEW", 20)
    found = _determinant_methods.prepared(matrix, "lu")
    np.testing.assert_allclose([found.low, found.high], [exact.low, exact.high], rtol=1e-7)
    if exact.size > 300:
        monkeypatch.setattr(_limits, "EXACT_LIMITS", 20)
        quick = _determinant_methods.prepared(matrix, "lu")
        np.testing.assert_allclose([quick.low, quick.high], [exact.low, exact.high], rtol=0.02 if name in SYMMETRIC else 0.1)
        if name in SYMMETRIC:
            assert quick.low >= exact.low * (1 + 1e-12)
            assert quick.high <= exact.high * (1 + 1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_derivatives_and_polynomials(name):
    exact = dense(name)
    low, high = 0.3 * exact.low, 0.6 * exact.high
    points = np.linspace(low, high, 7)
    first, second, error = _log_determinant.derivatives(exact, points)
    assert error == 0
    for method in methods(name):
        found = eliminated(name, method)
        polynomial = _log_determinant.exactly(found, low, high)
        assert polynomial.error <= 1e-11
        assert _log_determinant.exactly(found, low / 2, high / 2) is polynomial
        np.testing.assert_allclose(
            polynomial.polynomial(points), [_log_determinant.value(exact, r) for r in points], rtol=1e-10, atol=1e-10
        )
        slopes, bends, _ = _log_determinant.derivatives(found, points)
        np.testing.assert_allclose(slopes, first, rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(bends, second, rtol=1e-5, atol=1e-5)


def test_beyond_the_limits_falls_back():
    """I - r W is indefinite there: the absolute value of the determinant still has a logarithm."""
    matrix, _ = made("queen rows")
    for name, r in (("queen rows", 1.3), ("queen rows", -2.5), ("near rows", 1.3)):
        found = eliminated(name, methods(name)[0])
        expected = np.linalg.slogdet(np.eye(found.size) - r * made(name)[0].toarray())[1]
        np.testing.assert_allclose(_log_determinant.value(found, r), expected, rtol=1e-9)
    with pytest.raises(np.linalg.LinAlgError):
        _multifrontal.log_absolute(eliminated("queen rows", "cholesky").fronts, 1.3)
    assert matrix.shape == (576, 576)


def test_small_pivots_fall_back(monkeypatch):
    """With a limit for multipliers that no elimination keeps, the other factorisation gives the same number."""
    found = eliminated("near rows", "lu")
    expected = _log_determinant.value(found, 0.5)
    monkeypatch.setattr(_multifrontal, "GROWTH", 1e-3)
    with pytest.raises(np.linalg.LinAlgError):
        _multifrontal.log_absolute(found.fronts, 0.5)
    np.testing.assert_allclose(_log_determinant.value(found, 0.5), expected, rtol=1e-12)


def test_large_fronts_one_by_one(monkeypatch):
    """Fronts of many rows take another way, with pieces added where these are long."""
    matrix, points = queen(40)
    twin = similar(standardised(matrix)).matrix
    numbers = []
    for large, short, together in ((160, 32, 9), (20, 4, 2), (1, 1, 1), (10_000, 10_000, 20)):
        monkeypatch.setattr(_multifrontal, "LARGE", large)
        monkeypatch.setattr(_multifrontal, "SHORT", short)
        monkeypatch.setattr(_multifrontal, "TOGETHER", together)
        for symmetric in (True, False):
            plan = _multifrontal.planned(twin, points, symmetric=symmetric)
            numbers.append(_multifrontal.log_absolute(plan, 0.7)[0])
    np.testing.assert_allclose(numbers, numbers[0], rtol=1e-13)


class TestDissection:
    @pytest.mark.parametrize("name", MAKERS)
    def test_separates(self, name):
        """No link joins two parts unless one end lies in a separator above both; positions are a permutation."""
        matrix, points = made(name)
        pattern = csr_array(matrix + matrix.T)
        tree = dissected(pattern, points, leaf=10)
        assert np.array_equal(np.sort(tree.position), np.arange(matrix.shape[0]))
        links = pattern.tocoo()
        early = np.minimum(tree.position[links.row], tree.position[links.col])
        late = np.maximum(tree.position[links.row], tree.position[links.col])
        lower, upper = tree.nodes[early], tree.nodes[late]
        gap = np.frexp(lower.astype(float))[1] - np.frexp(upper.astype(float))[1]
        assert (gap >= 0).all()
        assert np.array_equal(lower >> gap, upper)
        assert tree.counts.sum() == matrix.shape[0]

    def test_a_lattice_is_cut_along_its_columns(self):
        matrix, points = queen(32)
        tree = dissected(matrix, points)
        assert tree.counts[1] == 32
        assert np.diff(tree.boundaries[1].starts).tolist() == [32, 32]

    def test_steps_stand_in_for_coordinates(self):
        """The work grows little where the coordinates are taken from the links."""
        matrix, points = queen(50)
        shuffled = np.random.default_rng(0).permutation(2500)
        matrix, points = csr_array(matrix[shuffled][:, shuffled]), points[shuffled]
        one = _multifrontal.planned(matrix, points, symmetric=True)
        other = _multifrontal.planned(matrix, coordinates_from(matrix), symmetric=True)
        none = _multifrontal.planned(matrix, np.random.default_rng(1).uniform(size=(2500, 2)), symmetric=True)
        assert other.flops < 6 * one.flops < none.flops / 10

    def test_useless_coordinates_are_not_used(self):
        matrix, points = queen(120)
        wrong = np.random.default_rng(1).uniform(size=points.shape)
        found = _determinant_methods.prepared(matrix, "cholesky", wrong)
        assert found.fronts.flops < 6 * _multifrontal.planned(matrix, points, symmetric=True).flops
        holes = points.copy()
        holes[7] = np.nan
        assert _determinant_methods.prepared(matrix, "cholesky", holes).fronts.flops == found.fronts.flops


class TestChoice:
    def test_by_size(self, monkeypatch):
        for name in ("queen rows", "near binary"):
            found = _determinant_methods.prepared(made(name)[0], "auto")
            assert found.method == "eigen"
        monkeypatch.setattr(_determinant_methods, "EIGEN_SYMMETRIC", 10)
        monkeypatch.setattr(_determinant_methods, "EIGEN_DIRECTED", 10)
        assert _determinant_methods.prepared(made("queen rows")[0], "auto").method == "cholesky"
        assert _determinant_methods.prepared(made("near rows")[0], "auto").method == "lu"

    def test_cholesky_needs_symmetry(self):
        with pytest.raises(ModelError, match=r"log_determinant: 'cholesky' needs weights.*Set log_determinant = \"lu\""):
            _determinant_methods.prepared(made("near rows")[0], "cholesky")

    def test_what_no_memory_holds(self, monkeypatch):
        monkeypatch.setattr(_determinant_methods, "available", lambda: 1e5)
        monkeypatch.setattr(_determinant_methods, "EIGEN_SYMMETRIC", 10)
        with pytest.raises(ModelError, match=r"elimination would take about 0\.\d GB .* 0\.0 GB are free.*\"chebyshev\""):
            _determinant_methods.prepared(made("queen rows")[0], "cholesky")
        found = _determinant_methods.prepared(made("queen rows")[0], "auto")
        assert found.method == "chebyshev"
        assert any("are free" in note for note in found.notes)

    def test_series_of_directed_weights_keeps_to_where_it_converges(self):
        exact, found = (
            _determinant_methods.prepared(made("near rows")[0], "eigen"),
            _determinant_methods.prepared(made("near rows")[0], "chebyshev"),
        )
        assert exact.low < -1.2
        assert (found.low, found.high) == pytest.approx((-1, 1), rel=1e-12)
        assert any(f"below, to {exact.low:.4g}, nothing was searched" in note for note in found.notes)

    @pytest.mark.parametrize("name", ["queen rows", "near rows", "scattered binary"])
    def test_notes_say_what_was_used(self, name):
        for method in (*methods(name), "eigen", "chebyshev"):
            found = _determinant_methods.prepared(made(name)[0], method)
            assert any(f"(method {method!r})" in note for note in found.notes)
            _log_determinant.exactly(found, 0.1 * found.high, 0.3 * found.high)
            assert any("relative error at most" in note for note in _log_determinant.remarks(found)) == (method != "eigen")


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "two places"])
@pytest.mark.parametrize("share", [-0.9, -0.5, 0.3, 0.6, 0.9])
def test_stated_error_of_the_approximation_holds(name, share):
    exact = dense(name)
    r = share * (exact.high if share > 0 or name not in SYMMETRIC else -exact.low)
    found = _determinant_methods.prepared(made(name)[0], "chebyshev")
    number, slope, bound = approximated(_log_determinant._moments(found), r)
    assert _log_determinant.value(found, r) == number
    assert abs(number - _log_determinant.value(exact, r)) <= bound
    assert bound < 0.2 * exact.size
    step = 1e-6 * exact.high
    above, below = (approximated(_log_determinant._moments(found), r + move)[0] for move in (step, -step))
    np.testing.assert_allclose(slope, (above - below) / (2 * step), rtol=1e-4, atol=1e-4 * exact.size)
    true = _log_determinant.derivatives(exact, np.array([r]))[0][0]
    assert abs(slope - true) <= _log_determinant.slope_bound(found, np.array([r]))


@pytest.mark.parametrize("impacts", ["simulation", "delta"])
def test_the_error_of_impacts_is_said_once_and_holds(impacts):
    import geopandas
    from libpysal.graph import Graph

    matrix, points = voronoi(300)
    names = np.array([f"p{each:03d}" for each in range(300)])
    links = standardised(matrix).tocoo()
    graph = Graph.from_arrays(names[links.row], names[links.col], links.data)
    random = np.random.default_rng(1)
    x = random.normal(size=300)
    y = np.linalg.solve(np.eye(300) - 0.6 * standardised(matrix).toarray(), x + random.normal(size=300))
    places = geopandas.GeoDataFrame({"x": x, "y": y}, geometry=geopandas.points_from_xy(*points.T), index=names, crs=32642)
    exact, found = (
        lag_model(places, graph, formula="y ~ x", log_determinant=method, impacts=impacts) for method in ("eigen", "chebyshev")
    )
    said = [note for note in found.notes if "impacts are approximate" in note]
    assert len(said) == 1
    stated = float(re.search(r"is wrong by (\S+) at most", said[0]).group(1))
    own, true = (each.impacts.loc["x", "direct"] / each.coefficients.loc["x", "estimate"] for each in (found, exact))
    assert abs(own - true) < stated < 0.1
    assert not any("impacts are approximate" in note for note in exact.notes)


def test_polynomials_that_only_correct():
    """With a function close by, fewer values do."""
    calls = []

    def function(x):
        calls.append(x)
        return float(np.log(1.1 - x))

    close_by = fitted(lambda x: float(np.log(1.1 - x)) * (1 + 1e-6), -0.5, 0.5, fewest=64).polynomial
    plain = fitted(function, -0.5, 0.5)
    before = len(calls)
    less = fitted(function, -0.5, 0.5, near=close_by)
    assert len(calls) - before < before
    points = np.linspace(-0.5, 0.5, 50)
    for each in (plain, less):
        np.testing.assert_allclose(each.polynomial(points), np.log(1.1 - points), atol=1e-11)


@pytest.mark.parametrize("end", [1.01, 1.1, 2.0, 20.0])
def test_known_singularities_bound_the_error(end):
    """Coefficients that must fall spare values, and the error judged from that is never below the true one."""
    calls = []

    def function(x):
        calls.append(x)
        return float(np.log(end - x))

    found = fitted(function, -1, 1, 1e-9, fewest=3, fall=known_fall(-1, 1, end))
    count, points = len(calls), np.linspace(-1, 1, 101)
    largest = np.abs(np.log(end - points)).max()
    assert np.abs(found.polynomial(points) - np.log(end - points)).max() <= (found.error + 1e-14) * largest
    assert found.error <= 1e-9
    calls.clear()
    fitted(function, -1, 1, 1e-9)
    assert count <= len(calls)
    assert known_fall(-1, 1, 1.0) == 1.0
    assert fitted(function, -1, 1, 1e-9, fall=1.0).error == fitted(function, -1, 1, 1e-9).error


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("rho", [-0.4, 0.1, 0.5, 0.8, 0.95])
def test_differences_from_random_traces_need_few_values(rho, directed):
    """What is interpolated with few nodes stays within its error, measured at other points."""
    matrix, points = near(900) if directed else voronoi(900)
    matrix = standardised(matrix)
    found = _determinant_methods.prepared(matrix, "lu", points)
    reach = 0.05 * (1 - abs(rho))
    polynomial = _log_determinant.exactly(found, rho - reach, rho + reach)
    exact = _determinant_methods.prepared(matrix, "eigen")
    places = np.linspace(rho - reach, rho + reach, 12)
    values = np.array([_log_determinant.value(exact, float(place)) for place in places])
    assert np.abs(polynomial.polynomial(places) - values).max() <= (polynomial.error + 1e-12) * np.abs(values).max()


@pytest.mark.parametrize("rho", [-0.4, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("gap", [0.0, 1e-6, 0.05, 0.3])
def test_largest_likelihood_with_few_exact_values(rho, gap, monkeypatch):
    """With a polynomial known there it takes no exact value, with one near by one, without any three."""
    matrix, points = voronoi(2_500)
    matrix = standardised(matrix)
    response = np.linalg.solve(np.eye(2_500) - rho * matrix.toarray(), np.random.default_rng(8).standard_normal(2_500))
    lag = matrix @ response

    def profile(r):
        rest = response - r * lag
        return float(rest @ rest), float(rest @ lag)

    found = _determinant_methods.prepared(matrix, "lu", points)
    if gap:
        reach = 0.01 if gap != 1e-6 else 0.2 if rho < 0.8 else 0.09
        _log_determinant.exactly(found, rho - gap - reach, rho - gap + reach)
    calls = []
    value = _likelihood.value
    monkeypatch.setattr(_likelihood, "value", lambda *given: calls.append(given) or value(*given))
    quick = _likelihood.largest(found, profile, 2_500, "rho")
    if gap == 1e-6:
        assert not calls
    elif gap == 0.05 and rho < 0.9:
        assert len(calls) == 1
    elif not gap:
        assert len(calls) >= 3
    expected = _likelihood.maximised(dataclasses.replace(with_eigenvalues(2_500), fits=[], systems={}), profile, 2_500, "rho")
    assert abs(quick - expected.log_likelihood) < 1e-3


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.5, 0.85])
@pytest.mark.parametrize("directed", [False, True])
def test_search_with_approximations_finds_the_same(rho, directed, monkeypatch):
    matrix, points = near(900) if directed else voronoi(900)
    matrix = standardised(matrix)
    random = np.random.default_rng(int(10 * rho) + 50)
    response = np.linalg.solve(np.eye(900) - rho * matrix.toarray(), random.standard_normal(900))
    lag = matrix @ response

    def profile(r):
        rest = response - r * lag
        return float(rest @ rest), float(rest @ lag)

    monkeypatch.setattr(_likelihood, "MANY", 100)
    exact = _determinant_methods.prepared(matrix, "eigen")
    expected = _likelihood.maximised(exact, profile, 900, "rho")
    found = _determinant_methods.prepared(matrix, "lu", points)
    quick = _likelihood.maximised(found, profile, 900, "rho")
    np.testing.assert_allclose(quick.parameter, expected.parameter, atol=1e-8)
    np.testing.assert_allclose(quick.log_likelihood, expected.log_likelihood, rtol=1e-11)
    slope = _log_determinant.derivatives(exact, np.array([quick.parameter]))[0][0]
    squares, half = profile(quick.parameter)
    assert abs(slope + 900 * half / squares) < 1e-4
    assert quick.log_likelihood >= max(
        _log_determinant.value(exact, r) + log_likelihood(profile(r)[0], 900) for r in np.linspace(-0.9, 0.95, 30)
    )


def test_search_moves_its_range(monkeypatch):
    """Approximate values that are far off lead to the same maximum."""
    matrix, points = voronoi(900)
    matrix = standardised(matrix)
    response = np.linalg.solve(np.eye(900) - 0.5 * matrix.toarray(), np.random.default_rng(3).standard_normal(900))
    lag = matrix @ response

    def profile(r):
        rest = response - r * lag
        return float(rest @ rest), float(rest @ lag)

    expected = _likelihood.maximised(_determinant_methods.prepared(matrix, "eigen"), profile, 900, "rho").parameter
    monkeypatch.setattr(_likelihood, "MANY", 100)
    right = _likelihood.approximately
    for wrong in (0.6, 1.7):
        monkeypatch.setattr(_likelihood, "approximately", lambda ld, r, wrong=wrong: tuple(wrong * each for each in right(ld, r)))
        found = _determinant_methods.prepared(matrix, "cholesky", points)
        np.testing.assert_allclose(_likelihood.maximised(found, profile, 900, "rho").parameter, expected, atol=1e-8)


class TestSystems:
    @pytest.mark.parametrize("name", ["queen rows", "near rows", "queen binary", "near binary", "scattered rows"])
    @pytest.mark.parametrize("share", [-0.6, 0.3, 0.95])
    @pytest.mark.parametrize("few", [0, 10**6])
    def test_solve(self, name, share, few, monkeypatch):
        monkeypatch.setattr(_systems, "FACTORS", few)
        found, matrix = eliminated(name, "lu"), made(name)[0]
        r = share * found.high
        whole = np.eye(found.size) - r * matrix.toarray()
        right = np.random.default_rng(0).standard_normal((found.size, 3))
        right[:, 1] = 0
        system = _systems.solver(found, matrix, r)
        for transposed in (False, True):
            expected = np.linalg.solve(whole.T if transposed else whole, right)
            np.testing.assert_allclose(system.solve(right, transposed=transposed), expected, rtol=1e-8, atol=1e-9)
            np.testing.assert_allclose(system.solve(right[:, 0], transposed=transposed), expected[:, 0], rtol=1e-8, atol=1e-9)
        assert (system.factors is None) == (few == 0)

    def test_factors_where_iteration_fails(self, monkeypatch):
        monkeypatch.setattr(_systems, "FACTORS", 0)
        monkeypatch.setattr(_systems, "STEPS", 2)
        found, matrix = eliminated("near rows", "lu"), made("near rows")[0]
        system = _systems.solver(found, matrix, 0.9)
        right = np.ones(found.size)
        np.testing.assert_allclose(system.solve(right * matrix.sum(axis=1)), right / 0.1, rtol=1e-9)
        assert (system.factors is None) == (np.abs(matrix.sum(axis=1) - 1).max() < 1e-15)
        system.solve(np.arange(found.size) % 7.0)
        assert system.factors is not None


class TestTraces:
    @pytest.mark.parametrize("name", ["queen rows", "near rows", "queen binary", "near binary", "scattered rows"])
    def test_exact(self, name):
        found, w = eliminated(name, "lu"), made(name)[0].toarray()
        r, s = 0.5 * found.high, 0.2 * found.high
        one, other = (w @ np.linalg.inv(np.eye(found.size) - each * w) for each in (r, s))
        np.testing.assert_allclose(_traces.crossed(found, made(name)[0], r, s), [(one * other).sum(), 0], rtol=1e-10)
        np.testing.assert_allclose(_traces.crossed(found, made(name)[0], r, r), [(one * one).sum(), 0], rtol=1e-10)
        np.testing.assert_allclose(_traces.with_transpose(found, made(name)[0], r), [np.trace((w + w.T) @ one), 0], rtol=1e-10)

    @pytest.mark.parametrize("name", ["queen rows", "near rows", "queen binary", "near binary", "scattered rows"])
    def test_random(self, name, monkeypatch):
        """Within five of the standard errors that they state."""
        found, w = eliminated(name, "lu"), made(name)[0]
        for r, s in ((0.5, 0.2), (0.5, 0.5), (0.5, 0.5 + 1e-5)):
            exact = _traces.crossed(found, w, r * found.high, s * found.high)[0]
            with monkeypatch.context() as patch:
                patch.setattr(_traces, "FULL", 0)
                number, error = _traces.crossed(found, w, r * found.high, s * found.high)
                again = _traces.crossed(found, w, r * found.high, s * found.high)
            assert (number, error) == again
            assert abs(number - exact) <= 5 * error * abs(exact) + 1e-6 * abs(exact)
            assert error < 0.03
        exact = _traces.with_transpose(found, w, 0.5 * found.high)[0]
        monkeypatch.setattr(_traces, "FULL", 0)
        number, error = _traces.with_transpose(found, w, 0.5 * found.high)
        assert abs(number - exact) <= 5 * error * abs(exact) + 1e-6 * abs(exact)


def test_same_numbers_every_time():
    """Threads finish in any order, sums do not."""
    matrix, points = queen(120)
    matrix = standardised(matrix)
    numbers = {_log_determinant.value(_determinant_methods.prepared(matrix, "cholesky", points), 0.6) for _ in range(3)}
    assert len(numbers) == 1


def test_records_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        dense("queen rows").low = 0
