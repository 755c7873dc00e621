"""Two-stage least squares, moments and spatial HAC: small cases, properties, units, refusals."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.sparse import csr_array

from spatial.errors import ModelError, StudyError
from spatial.models import combined_model, durbin_error_model, durbin_model, error_model, lag_model, ols
from spatial.models._filtered import Equation, classic, generalised
from spatial.models._hac import kernel_matrix, meat, shaped
from spatial.models._instrument_tests import first_stages, over_identification, wu_hausman
from spatial.models._instruments import spatial_instruments
from spatial.models._moments import least
from spatial.models._tall import basis, independent, triangle
from spatial.models._two_stage import covariance, two_stage, with_instruments

SIDE = 12
N = SIDE**2


def rook(side=SIDE, *, standardised=True):
    rows, columns = np.divmod(np.arange(side**2), side)
    matrix = (np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns) == 1).astype(float)
    return csr_array(matrix / matrix.sum(axis=1, keepdims=True) if standardised else matrix)


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(3)
    weights = rook()
    q, r, x, z = random.normal(size=(4, N))
    e = random.normal(size=N)
    end = 0.9 * q + 0.6 * r + 0.6 * e + random.normal(size=N)
    matrix = np.column_stack([np.ones(N), x, z])
    u = np.linalg.solve(np.eye(N) - 0.4 * weights.toarray(), e)
    response = np.linalg.solve(np.eye(N) - 0.3 * weights.toarray(), matrix @ [2, 1, -1] + 0.7 * end + u)
    return {"weights": weights, "matrix": matrix, "end": end, "given": np.column_stack([q, r]), "response": response}


@pytest.fixture(scope="module")
def places(data):
    import geopandas

    rows, columns = np.divmod(np.arange(N), SIDE)
    names = [f"place {number:03d}" for number in range(N)]
    table = {"y": data["response"], "x": data["matrix"][:, 1], "z": data["matrix"][:, 2], "end": data["end"]}
    table |= {"q": data["given"][:, 0], "r": data["given"][:, 1]}
    found = geopandas.GeoDataFrame(
        table, geometry=geopandas.points_from_xy(columns * 1e3, rows * 1e3), index=names, crs="EPSG:32642"
    )
    return found.rename_axis("place")


@pytest.fixture(scope="module")
def graph(data, places):
    from libpysal.graph import Graph

    focal, neighbor = data["weights"].nonzero()
    return Graph.from_arrays(places.index[focal].to_numpy(), places.index[neighbor].to_numpy(), np.ones(len(focal))).transform("r")


def lagged(data, order=2, *, given=False):
    names = ["Intercept", "x", "z"]
    more = {"given_names": ["q", "r"], "given": data["given"]} if given else {}
    return spatial_instruments(data["weights"], names, data["matrix"], order=order, exogenous=data["matrix"], **more)


def equation(data, *, scale=1.0, shape=(1.0, 1.0, 1.0), end=False):
    weights, matrix, response = data["weights"], data["matrix"] * shape, data["response"] * scale
    columns = [weights @ response]
    found = spatial_instruments(
        weights,
        ["Intercept", "x", "z"],
        matrix,
        order=2,
        exogenous=matrix,
        given_names=["q", "r"] if end else [],
        given=data["given"] if end else None,
    )
    if end:
        columns.insert(0, data["end"])
    return Equation(response, matrix, np.column_stack(columns), found.matrix, weights, -1.0, 1.0)


class TestTall:
    def test_blocks(self, monkeypatch):
        from spatial.models import _tall

        matrix = np.random.default_rng(0).normal(size=(100, 4))
        whole = triangle(matrix)
        monkeypatch.setattr(_tall, "ROWS", 17)
        np.testing.assert_allclose(triangle(matrix).T @ triangle(matrix), whole.T @ whole, rtol=1e-12)

    @pytest.mark.parametrize("close", [1.0, 1e-3, 1e-6])
    def test_orthonormal_though_nearly_collinear(self, close):
        random = np.random.default_rng(1)
        x = random.normal(size=200)
        matrix = np.column_stack([x * 1e6, x + close * random.normal(size=200), np.ones(200) * 1e-9])
        found = basis(matrix)
        np.testing.assert_allclose(found.columns.T @ found.columns, np.eye(3), atol=1e-13)
        np.testing.assert_allclose(matrix @ found.root, found.columns, atol=1e-8)

    def test_independent(self):
        random = np.random.default_rng(2)
        first = random.normal(size=(50, 2))
        more = random.normal(size=(50, 3))
        more = np.column_stack([more[:, 0], first @ [1, 2], more[:, 1], more[:, 0] - 3 * first[:, 1], more[:, 2]])
        kept, dropped = independent(first, more)
        assert 1 in dropped
        assert len(dropped) == 2
        assert set(dropped) <= {0, 1, 3}
        assert np.linalg.matrix_rank(np.column_stack([first, more[:, kept]])) == 5

    def test_more_columns_than_rows(self):
        kept, dropped = independent(np.ones((4, 1)), np.random.default_rng(0).normal(size=(4, 6)))
        assert (len(kept), len(dropped)) == (3, 3)


class TestInstruments:
    def test_names(self, data):
        assert lagged(data).names == ("W_x", "W_z", "W2_x", "W2_z")
        assert lagged(data, 3).names[-2:] == ("W3_x", "W3_z")
        assert lagged(data, 1, given=True).names == ("q", "r", "W_x", "W_z", "W_q", "W_r")

    def test_intercept_is_lagged_where_rows_differ(self, data):
        found = spatial_instruments(
            rook(standardised=False), ["Intercept"], data["matrix"][:, :1], order=2, exogenous=data["matrix"]
        )
        assert found.names == ("W_Intercept", "W2_Intercept")

    def test_combinations_are_dropped_and_named(self, data):
        found = spatial_instruments(
            None,
            [],
            data["matrix"],
            order=0,
            exogenous=data["matrix"],
            given_names=["a", "b"],
            given=np.column_stack([data["end"], data["matrix"] @ [1, 2, 3]]),
        )
        assert (found.names, found.dropped) == (("a",), ("b",))
        assert "left out (1): 'b'" in found.notes[1]

    def test_as_many_as_places(self):
        matrix = np.random.default_rng(0).normal(size=(9, 4))
        with pytest.raises(ModelError, match="there are 9 for 9 places"):
            spatial_instruments(rook(3), list("abcd"), matrix, order=3, exogenous=matrix)


class TestTwoStage:
    def test_formula(self, data):
        """Z'P y and Z'P Z, written out."""
        z = np.column_stack([data["matrix"], data["end"]])
        h = np.column_stack([data["matrix"], data["given"]])
        p = h @ np.linalg.inv(h.T @ h) @ h.T
        inverse = np.linalg.inv(z.T @ p @ z)
        expected = inverse @ z.T @ p @ data["response"]
        e = data["response"] - z @ expected
        fit = two_stage(data["response"], data["matrix"], data["end"][:, None], data["given"])
        np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-10)
        np.testing.assert_allclose(covariance(fit)[0], inverse * (e @ e) / (N - 4), rtol=1e-9)
        inner = inverse @ z.T @ p @ np.diag(e**2) @ p @ z @ inverse
        np.testing.assert_allclose(covariance(fit, "hc0")[0], inner, rtol=1e-8)
        np.testing.assert_allclose(covariance(fit, "hc1")[0], inner * N / (N - 4), rtol=1e-8)
        np.testing.assert_allclose(over_identification(fit)["Sargan"][0], N * (e @ p @ e) / (e @ e), rtol=1e-9)
        s = np.linalg.inv(h.T @ np.diag(e**2) @ h)
        efficient = np.linalg.solve(z.T @ h @ s @ h.T @ z, z.T @ h @ s @ h.T @ data["response"])
        g = h.T @ (data["response"] - z @ efficient)
        np.testing.assert_allclose(
            over_identification(fit)["Hansen"], [g @ s @ g, 1, over_identification(fit)["Hansen"][2]], rtol=1e-8
        )

    def test_first_stage(self, data):
        """F of leaving q and r out of the regression of the endogenous column."""

        def squares(columns):
            return np.linalg.lstsq(columns, data["end"], rcond=None)[1][0]

        whole, less = squares(np.column_stack([data["matrix"], data["given"]])), squares(data["matrix"])
        fit = two_stage(data["response"], data["matrix"], data["end"][:, None], data["given"])
        found = first_stages(fit, 2)[0]
        np.testing.assert_allclose(
            [found.f, found.partial_r2], [(less - whole) / 2 / (whole / (N - 5)), 1 - whole / less], rtol=1e-9
        )
        np.testing.assert_allclose(found.conditional_f, found.f, rtol=1e-9)

    def test_conditional_f_sees_one_instrument_for_two(self):
        """Both columns depend on the first instrument only: each F is large, but they cannot be told apart."""
        random = np.random.default_rng(5)
        given = random.normal(size=(500, 3))
        ends = given[:, :1] + 0.5 * random.normal(size=(500, 2))
        fit = two_stage(random.normal(size=500), np.ones((500, 1)), ends, given)
        for stage in first_stages(fit, 3):
            assert stage.f > 100
            assert stage.conditional_f < 10

    def test_own_instruments_are_least_squares(self, data):
        none = data["matrix"][:, :0]
        fit = two_stage(data["response"], data["matrix"], none, none)
        np.testing.assert_allclose(fit.coefficients, np.linalg.lstsq(data["matrix"], data["response"], rcond=None)[0], rtol=1e-10)
        assert over_identification(fit) == {}

    def test_not_identified(self, data):
        with pytest.raises(ModelError, match="explain nothing of the endogenous columns"):
            with_instruments(data["response"], data["matrix"], data["end"][:, None], data["matrix"])

    def test_wu_hausman_notices(self, data):
        fit = two_stage(data["response"], data["matrix"], data["end"][:, None], data["given"])
        assert wu_hausman(fit)[2] < 0.01


class TestLeast:
    def test_best_of_two_minima(self):
        found = least(Polynomial.fromroots([-0.5, -0.5, 0.5, 0.5]) + Polynomial([0, 0.01]), -1, 1)
        assert found.parameter == pytest.approx(-0.5, abs=0.01)
        assert not found.at_limit

    def test_almost_equal_minima_are_told(self):
        loss = Polynomial.fromroots([-0.5, -0.5, 0.5, 0.5]) + 1 + Polynomial([0, 0.01])
        found = least(loss, -1, 1)
        assert [parameter for parameter, _ in found.rivals] == pytest.approx([0.5], abs=0.02)
        assert "met almost as well by lambda = 0.49" in found.notes[0]

    def test_limit(self):
        found = least(Polynomial([0, 1, 0, 0, 1e-9]), -1, 1)
        assert found.parameter == -1
        assert "at a limit of lambda" in found.notes[0]


class TestUnits:
    """Nothing but units changes."""

    @pytest.mark.parametrize("scale", [1e6, 1e-6])
    @pytest.mark.parametrize("method", [classic, generalised, lambda given: generalised(given, errors="equal")])
    def test_response(self, data, scale, method):
        one, other = method(equation(data)), method(equation(data, scale=scale))
        factors = np.append(np.ones(3) * scale, [1, 1])
        np.testing.assert_allclose(
            np.append(other.coefficients, other.parameter), np.append(one.coefficients, one.parameter) * factors, rtol=1e-8
        )
        np.testing.assert_allclose(other.covariance, one.covariance * np.outer(factors, factors), rtol=1e-7)

    def test_regressor(self, data):
        one, other = generalised(equation(data)), generalised(equation(data, shape=(1.0, 1e5, 1.0)))
        factors = np.array([1, 1e-5, 1, 1, 1])
        np.testing.assert_allclose(
            np.append(other.coefficients, other.parameter), np.append(one.coefficients, one.parameter) * factors, rtol=1e-8
        )
        np.testing.assert_allclose(other.covariance, one.covariance * np.outer(factors, factors), rtol=1e-7)

    def test_tests(self, data):
        one, other = (equation(data, scale=scale, end=True).first() for scale in (1.0, 1e6))
        for left, right in zip(over_identification(one).values(), over_identification(other).values(), strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-8)
        np.testing.assert_allclose(wu_hausman(one), wu_hausman(other), rtol=1e-8)
        for left, right in zip(first_stages(one, 10), first_stages(other, 10), strict=True):
            np.testing.assert_allclose([left.f, left.conditional_f], [right.f, right.conditional_f], rtol=1e-8)


class TestMoments:
    @pytest.mark.parametrize("method", [classic, generalised])
    def test_known_errors(self, data, method):
        """Errors so small that they hide nothing: lambda is the true one."""
        random = np.random.default_rng(8)
        weights, many = rook(40), 1600
        matrix = np.column_stack([np.ones(many), random.normal(size=many)])
        from scipy.sparse import eye_array
        from scipy.sparse.linalg import spsolve

        u = spsolve((eye_array(many) - 0.5 * weights).tocsc(), random.normal(size=many))
        none = matrix[:, :0]
        fit = method(Equation(matrix @ [1, 1] + u, matrix, none, none, weights, -1.0, 1.0))
        error = np.sqrt(fit.covariance[-1, -1])
        assert abs(fit.parameter - 0.5) < 3 * error
        assert error < 0.05

    def test_without_correlation_the_filter_is_least_squares(self, data):
        """With lambda held at 0 the coefficients are those of two-stage least squares."""
        given = equation(data)
        held = Equation(given.response, given.exogenous, given.endogenous, given.instruments, given.weights, -1e-12, 1e-12)
        np.testing.assert_allclose(classic(held).coefficients, held.first().coefficients, rtol=1e-9)

    def test_error_of_lambda_by_simulation(self):
        """Skewed errors, a lag: standard errors of lambda against the spread of 300 estimates; spatialreg's is twice as large."""
        from spatial.models._moments import classic_moments, spatialreg_error

        random = np.random.default_rng(11)
        weights, matrix = rook(), np.column_stack([np.ones(N), random.normal(size=(N, 2))])
        spread = np.linalg.inv(np.eye(N) - 0.4 * weights.toarray())
        none, found, peers = matrix[:, :0], {"classic": [], "equal": []}, []
        for _ in range(300):
            response = matrix @ [1, 1, -1] + spread @ (random.exponential(size=N) - 1)
            given = Equation(response, matrix, none, none, weights, -1.0, 1.0)
            fits = {"classic": classic(given), "equal": generalised(given, errors="equal")}
            for name, fit in fits.items():
                found[name].append([fit.parameter, np.sqrt(fit.covariance[-1, -1])])
            first = classic_moments(fits["classic"].first.residuals, weights)
            peers.append(spatialreg_error(first, weights, fits["classic"].parameter, fits["classic"].first_variance))
        for rows in found.values():
            estimates, errors = np.transpose(rows)
            assert np.median(errors) == pytest.approx(estimates.std(), rel=0.15)
        assert np.median(peers) > 1.6 * np.std([row[0] for row in found["classic"]])

    def test_own_neighbours(self, data):
        weights = csr_array(data["weights"] + np.eye(N))
        with pytest.raises(ModelError, match="their own neighbours"):
            generalised(
                Equation(data["response"], data["matrix"], data["matrix"][:, :0], data["matrix"][:, :0], weights, -1.0, 1.0)
            )


class TestHac:
    def test_shapes(self):
        ratio = np.array([0.0, 0.5, 1.0])
        expected = {"triangular": 0.5, "epanechnikov": 0.75, "bisquare": 0.5625, "parzen": 0.25, "uniform": 1.0}
        for shape, half in expected.items():
            np.testing.assert_allclose(shaped(ratio, shape)[:2], [1, half])
        assert shaped(ratio, "parzen")[2] == 0

    def test_kernel(self):
        points = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
        np.testing.assert_allclose(kernel_matrix(points, bandwidth=2.0).toarray(), [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]])
        np.testing.assert_allclose(
            kernel_matrix(points, nearest=2).toarray(), [[1, 2 / 3, 0], [0.5, 1, 0], [0, 1 / 3, 1]], atol=1e-12
        )

    def test_places_on_one_spot(self):
        found = kernel_matrix(np.zeros((4, 2)), nearest=2).toarray()
        np.testing.assert_allclose(np.diag(found), 1)
        np.testing.assert_allclose(found.sum(axis=1), 3)

    def test_no_reach_is_white(self, data):
        rows, columns = np.divmod(np.arange(N), SIDE)
        kernel = kernel_matrix(np.column_stack([rows, columns]) * 1e3, bandwidth=10.0)
        fit = two_stage(data["response"], data["matrix"], data["end"][:, None], data["given"])
        np.testing.assert_allclose(covariance(fit, "hac", kernel=kernel)[0], covariance(fit, "hc0")[0], rtol=1e-12)

    def test_not_positive(self):
        kernel = csr_array(np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]]))
        found, notes = meat(np.eye(3)[:, :2] * [1, 1] + 0.0, np.array([1.0, -1.0, 1.0]), kernel)
        assert notes == ()
        found, notes = meat(np.eye(3), np.ones(3), kernel)
        assert np.linalg.eigvalsh(found)[0] < 0
        assert "not positive semi-definite" in notes[0]

    @pytest.mark.parametrize("options", [{}, {"bandwidth": 1.0, "nearest": 1}, {"bandwidth": -1.0}, {"nearest": 9}])
    def test_refusals(self, options):
        with pytest.raises(ModelError, match="spatial HAC"):
            kernel_matrix(np.random.default_rng(0).normal(size=(4, 2)), **options)


EVERY = [lag_model, durbin_model, error_model, durbin_error_model, combined_model]


class TestOperations:
    @pytest.mark.parametrize("vcov", ["asymptotic", "robust"])
    @pytest.mark.parametrize("function", EVERY)
    def test_all(self, places, graph, function, vcov):
        found = function(places, graph, formula="y ~ x + z + end", estimator="gmm", vcov=vcov)
        assert found.estimator == "gmm"
        assert found.aic is None
        np.testing.assert_allclose(found.fitted + found.residuals, places["y"], rtol=1e-10)
        assert (found.coefficients["std_error"] > 0).all()

    @pytest.mark.parametrize("function", EVERY)
    def test_endogenous(self, places, graph, function):
        options = {"estimator": "gmm", "endogenous": ["end"], "instruments": ["q", "r"]}
        found = function(places, graph, formula="y ~ x + end + z", **options)
        assert list(found.coefficients.index[:4]) == ["Intercept", "x", "end", "z"]
        plain = function(places, graph, formula="y ~ x + end + z", estimator="gmm")
        assert abs(found.coefficients.loc["end", "estimate"] - 0.7) < 0.2
        assert plain.coefficients.loc["end", "estimate"] > found.coefficients.loc["end", "estimate"]
        assert "First stage end" in found.tests.index

    def test_row_order_and_instruments(self, places, graph):
        options = {"formula": "y ~ x + z", "estimator": "gmm"}
        one, other = (lag_model(each, graph, **options) for each in (places, places.sample(frac=1, random_state=2)))
        assert (one.coefficients == other.coefficients).all(axis=None)
        assert "W_x, W_z, W2_x, W2_z" in " ".join(one.notes)
        assert "(n - k)" in " ".join(one.notes)

    def test_durbin_instruments(self, places, graph):
        found = durbin_model(places, graph, formula="y ~ x + z", lagged=["x"], estimator="gmm")
        assert found.notes[0].endswith("besides the exogenous regressors: W_z, W2_x, W2_z, W3_x, W3_z.")

    def test_impacts_are_differences_of_the_reduced_form(self, places, graph):
        found = durbin_model(places, graph, formula="y ~ x + z", estimator="gmm")
        estimate = found.coefficients["estimate"]
        weights = graph.sparse.toarray()
        effects = np.linalg.solve(np.eye(N) - estimate["rho"] * weights, np.eye(N) * estimate["x"] + weights * estimate["W_x"])
        np.testing.assert_allclose(
            found.impacts.loc["x", ["direct", "total"]].to_numpy(float), [np.trace(effects) / N, effects.sum() / N], rtol=1e-8
        )

    def test_hac(self, places, graph):
        for function, options in ((lag_model, {"estimator": "gmm"}), (ols, {})):
            found = function(places, graph, formula="y ~ x + z", vcov="hac", bandwidth=2500.0, **options)
            plain = function(places, graph, formula="y ~ x + z", **options)
            np.testing.assert_allclose(found.coefficients["estimate"], plain.coefficients["estimate"])
            assert (found.coefficients["std_error"] != plain.coefficients["std_error"]).all()
            assert "bandwidth 2500 m" in " ".join(found.notes)

    @pytest.mark.parametrize("scale", [1e6, 1e-6])
    @pytest.mark.parametrize("function", EVERY)
    def test_units(self, places, graph, function, scale):
        one, other = (
            function(each, graph, formula="y ~ x + z", estimator="gmm", vcov="robust")
            for each in (places, places.assign(y=places["y"] * scale))
        )
        factors = [1.0 if name in ("rho", "lambda") else scale for name in one.coefficients.index]
        for column in ("estimate", "std_error"):
            np.testing.assert_allclose(other.coefficients[column], one.coefficients[column] * factors, rtol=1e-7)

    @pytest.mark.parametrize(
        ("function", "options", "message"),
        [
            (lag_model, {"vcov": "robust"}, "'robust' is not defined for 'ml'"),
            (lag_model, {"estimator": "gmm", "vcov": "hessian"}, "'hessian' is not defined for 'gmm'"),
            (lag_model, {"endogenous": ["end"]}, 'Set estimator = "gmm"'),
            (lag_model, {"divisor": "n"}, "divides by n in any case"),
            (lag_model, {"estimator": "gmm", "endogenous": ["end"], "instruments": ["end"]}, "'end' is endogenous too"),
            (lag_model, {"estimator": "gmm", "endogenous": ["end"]}, "there is no instrument for it"),
            (error_model, {"estimator": "gmm", "moments": "unequal"}, "robust ones"),
            (error_model, {"estimator": "gmm", "moments": "equal", "vcov": "robust"}, "'equal' has no robust errors"),
            (error_model, {"estimator": "gmm", "instruments": ["q"]}, "nothing in this model is endogenous"),
        ],
    )
    def test_options_that_do_not_go_together(self, places, graph, function, options, message):
        with pytest.raises(StudyError, match=message):
            function(places, graph, formula="y ~ x + end", **options)

    @pytest.mark.parametrize("function", [lag_model, durbin_model, combined_model])
    def test_divisor(self, places, graph, function):
        """Squared errors of coefficients are in proportion to the variance; that of lambda is not."""
        one, other = (function(places, graph, formula="y ~ x", estimator="gmm", divisor=each) for each in ("n - k", "n"))
        n, k = one.observations, len(one.coefficients) - (function is combined_model)
        assert other.sigma2 == pytest.approx(one.sigma2 * (n - k) / n)
        terms = one.coefficients.index.drop("lambda", errors="ignore")
        ratio = other.coefficients.loc[terms, "std_error"] / one.coefficients.loc[terms, "std_error"]
        np.testing.assert_allclose(ratio, np.sqrt((n - k) / n))
        assert any("/ n, as in Stata and spreg" in note for note in other.notes)

    @pytest.mark.parametrize("durbin", [False, True])
    def test_robust_errors_of_classic_moments(self, places, graph, durbin):
        """The covariances of lambda with the others are not known: 0, no joint test, and the reader is told."""
        found = combined_model(places, graph, formula="y ~ x", estimator="gmm", moments="classic", vcov="robust", durbin=durbin)
        assert (found.vcov.loc["lambda"].drop("lambda") == 0).all()
        assert np.linalg.eigvalsh(found.vcov)[0] > 0
        assert "Wald" not in found.tests.index
        assert any("covariances with it are not known" in note for note in found.notes)
        assert "Wald" in error_model(places, graph, formula="y ~ x", estimator="gmm", moments="classic", vcov="robust").tests.index

    def test_unknown_endogenous(self, places, graph):
        with pytest.raises(ModelError, match="'ends' is no regressor.*'end'"):
            lag_model(places, graph, formula="y ~ x + end", estimator="gmm", endogenous=["ends"], instruments=["q"])

    def test_too_few_instruments(self, places, graph):
        with pytest.raises(ModelError, match="there are 0 .* for 1 endogenous: 'end'"):
            table = places.assign(twice=2 * places["x"])  # follows from the exogenous regressors
            error_model(table, graph, formula="y ~ x + end", estimator="gmm", endogenous=["end"], instruments=["twice"])
