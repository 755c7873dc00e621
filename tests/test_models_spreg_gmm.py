"""Two-stage least squares, moments and spatial HAC against spreg, and against the tables of its documentation."""

import contextlib
import io
import warnings

import numpy as np
import pytest

from spatial.models._filtered import Equation, classic, generalised
from spatial.models._hac import kernel_matrix
from spatial.models._instrument_tests import anselin_kelejian, wu_hausman
from spatial.models._instruments import spatial_instruments
from spatial.models._two_stage import covariance, two_stage

#: spreg's search for lambda stops at about 1e-5; what follows from lambda is as far away.
SEARCH = 2e-4
EXACT = 1e-8
NAMES = ["Intercept", "x", "z"]


def quietly(function, /, *arguments, **options):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


@pytest.fixture(scope="module")
def spreg():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("spreg")


class Simulated:
    """A grid or directed neighbours, unequal variances, an endogenous regressor with two instruments."""

    def __init__(self, seed, directed):
        from libpysal.weights import WSP
        from scipy.sparse import csr_array, csr_matrix
        from scipy.spatial import KDTree

        random = np.random.default_rng(seed)
        n = 144
        self.coordinates = random.uniform(0, 10_000, size=(n, 2))
        near = KDTree(self.coordinates).query(self.coordinates, 6)[1][:, 1:]
        matrix = np.zeros((n, n))
        matrix[np.arange(n)[:, None], near] = 1
        if not directed:
            matrix = np.maximum(matrix, matrix.T)
        matrix /= matrix.sum(axis=1, keepdims=True)
        self.weights = csr_array(matrix)
        self.theirs = quietly(WSP(csr_matrix(matrix)).to_W, silence_warnings=True)
        self.theirs.transform = "r"
        x, z, q, r = random.normal(size=(4, n))
        e = random.standard_t(6, size=n) * np.sqrt(0.5 + x**2 / 2)
        self.end = 0.8 * q + 0.5 * r + 0.5 * e + random.normal(size=n)
        self.given = np.column_stack([q, r])
        self.matrix = np.column_stack([np.ones(n), x, z])
        u = np.linalg.solve(np.eye(n) - 0.4 * matrix, e)
        self.response = np.linalg.solve(np.eye(n) - 0.3 * matrix, self.matrix @ [1, 1, -1] + 0.7 * self.end + u)
        self.lagged = self.weights @ self.response

    @property
    def columns(self):
        return {"y": self.response[:, None], "x": self.matrix[:, 1:]}

    def instruments(self, order, *, given=False, weights=True):
        return spatial_instruments(
            self.weights if weights else None,
            NAMES,
            self.matrix,
            order=order,
            exogenous=self.matrix,
            given_names=["q", "r"] if given else [],
            given=self.given if given else None,
        ).matrix

    def equation(self, endogenous, instruments):
        return Equation(self.response, self.matrix, endogenous, instruments, self.weights, -0.99, 0.99)

    def error(self):
        return self.equation(self.matrix[:, :0], self.matrix[:, :0])

    def endogenous_error(self):
        return self.equation(self.end[:, None], self.instruments(0, given=True, weights=False))

    def combined(self, *, end=False):
        if end:
            return self.equation(np.column_stack([self.end, self.lagged]), self.instruments(1, given=True))
        return self.equation(self.lagged[:, None], self.instruments(1))


@pytest.fixture(scope="module", params=[(1, False), (2, True), (3, False)], ids=str)
def data(request):
    return Simulated(*request.param)


def agree(fit, theirs, tolerance, *, error_of_lambda=True):
    estimate = np.append(fit.coefficients, fit.parameter)
    errors, others = np.sqrt(np.diag(fit.covariance)), np.sqrt(np.diag(theirs.vm))
    np.testing.assert_allclose(estimate, np.ravel(theirs.betas), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(errors if error_of_lambda else errors[:-1], others, rtol=tolerance)


@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize("lags", [1, 2])
@pytest.mark.parametrize(("robust", "spread"), [(None, "asymptotic"), ("white", "hc0")])
def test_lag(spreg, data, end, lags, robust, spread):
    more = {"yend": data.end[:, None], "q": data.given} if end else {}
    theirs = quietly(spreg.GM_Lag, **data.columns, **more, w=data.theirs, w_lags=lags, robust=robust)
    endogenous = np.column_stack([data.end, data.lagged]) if end else data.lagged[:, None]
    fit = two_stage(data.response, data.matrix, endogenous, data.instruments(lags, given=end))
    np.testing.assert_allclose(fit.coefficients, np.ravel(theirs.betas), rtol=EXACT)
    np.testing.assert_allclose(covariance(fit, spread, freedom="n")[0], theirs.vm, rtol=1e-6, atol=1e-12)


def test_two_stage_without_lag(spreg, data):
    theirs = quietly(
        spreg.TSLS, **data.columns, yend=data.end[:, None], q=data.given, w=data.theirs, spat_diag=True, nonspat_diag=True
    )
    fit = two_stage(data.response, data.matrix, data.end[:, None], data.given)
    np.testing.assert_allclose(fit.coefficients, np.ravel(theirs.betas), rtol=EXACT)
    np.testing.assert_allclose(covariance(fit, freedom="n")[0], theirs.vm, rtol=EXACT)
    ak = spreg.AKtest(theirs, data.theirs)  # `ak_test` of TSLS is that of models with a spatial lag
    np.testing.assert_allclose(anselin_kelejian(fit, data.weights, lag=False)[::2], [ak.ak, ak.p], rtol=EXACT)
    f, _, p = wu_hausman(fit)
    np.testing.assert_allclose([f, p], theirs.dwh, rtol=EXACT)


def test_residual_dependence_of_a_lag_model(spreg, data):
    theirs = quietly(spreg.GM_Lag, **data.columns, w=data.theirs, w_lags=2, spat_diag=True)
    fit = two_stage(data.response, data.matrix, data.lagged[:, None], data.instruments(2))
    np.testing.assert_allclose(anselin_kelejian(fit, data.weights, lag=True)[::2], np.ravel(theirs.ak_test)[-2:], rtol=EXACT)


@pytest.mark.parametrize("nearest", [8, None])
def test_hac(spreg, data, nearest):
    from libpysal.weights import Kernel

    options = {"k": nearest, "fixed": False} if nearest else {"bandwidth": 2500.0, "fixed": True}
    kernel = quietly(Kernel, data.coordinates, function="triangular", **options)
    ours = kernel_matrix(data.coordinates, nearest=nearest, bandwidth=None if nearest else 2500.0)
    np.testing.assert_allclose(ours.toarray(), kernel.full()[0], atol=1e-6)
    theirs = quietly(spreg.GM_Lag, **data.columns, w=data.theirs, w_lags=2, robust="hac", gwk=kernel)
    fit = two_stage(data.response, data.matrix, data.lagged[:, None], data.instruments(2))
    found, _ = covariance(fit, "hac", kernel=ours)
    np.testing.assert_allclose(np.diag(found), np.diag(theirs.vm), rtol=1e-5)
    theirs = quietly(spreg.OLS, **data.columns, robust="hac", gwk=kernel)
    none = data.matrix[:, :0]
    found, _ = covariance(two_stage(data.response, data.matrix, none, none), "hac", kernel=ours)
    np.testing.assert_allclose(found, (theirs.vm + theirs.vm.T) / 2, rtol=1e-4, atol=1e-9)


class TestClassic:
    def test_error(self, spreg, data):
        theirs, fit = quietly(spreg.GM_Error, **data.columns, w=data.theirs), classic(data.error())
        np.testing.assert_allclose(np.append(fit.coefficients, fit.parameter), np.ravel(theirs.betas), rtol=SEARCH, atol=SEARCH)
        np.testing.assert_allclose(fit.fit.squares / len(fit.residuals) * fit.fit.inverse, theirs.vm, rtol=SEARCH, atol=1e-8)

    @pytest.mark.parametrize("end", [False, True])
    def test_combined(self, spreg, data, end):
        more = {"yend": data.end[:, None], "q": data.given} if end else {}
        theirs, fit = quietly(spreg.GM_Combo, **data.columns, **more, w=data.theirs), classic(data.combined(end=end))
        np.testing.assert_allclose(np.append(fit.coefficients, fit.parameter), np.ravel(theirs.betas), rtol=SEARCH, atol=SEARCH)
        n, k = fit.fit.regressors.shape
        np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)[:-1] * (n - k) / n), np.sqrt(np.diag(theirs.vm)), rtol=SEARCH)


class TestUnequal:
    @pytest.mark.parametrize("weighted", [False, True])
    def test_error(self, spreg, data, weighted):
        theirs = quietly(spreg.GM_Error_Het, **data.columns, w=data.theirs, step1c=weighted)
        agree(generalised(data.error(), weighted=weighted), theirs, SEARCH)

    @pytest.mark.parametrize("weighted", [False, True])
    def test_endogenous(self, spreg, data, weighted):
        more = {"yend": data.end[:, None], "q": data.given}
        theirs = quietly(spreg.GM_Endog_Error_Het, **data.columns, **more, w=data.theirs, step1c=weighted)
        agree(generalised(data.endogenous_error(), weighted=weighted), theirs, SEARCH)

    @pytest.mark.parametrize("end", [False, True])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_combined(self, spreg, data, end, weighted):
        more = {"yend": data.end[:, None], "q": data.given} if end else {}
        theirs = quietly(spreg.GM_Combo_Het, **data.columns, **more, w=data.theirs, step1c=weighted)
        agree(generalised(data.combined(end=end), weighted=weighted), theirs, SEARCH)

    def test_repeated(self, spreg, data):
        theirs = quietly(spreg.GM_Error_Het, **data.columns, w=data.theirs, max_iter=20, epsilon=1e-7)
        agree(generalised(data.error(), iterations=20, tolerance=1e-7), theirs, SEARCH)

    def test_joint_covariance(self, spreg, data):
        theirs = quietly(spreg.GM_Combo_Het, **data.columns, w=data.theirs)
        found = generalised(data.combined()).covariance
        sizes = np.sqrt(np.diag(found))
        np.testing.assert_allclose(found / np.outer(sizes, sizes), theirs.vm / np.outer(sizes, sizes), atol=5 * SEARCH)


class TestEqual:
    def test_error(self, spreg, data):
        agree(generalised(data.error(), errors="equal"), quietly(spreg.GM_Error_Hom, **data.columns, w=data.theirs), SEARCH)

    def test_endogenous(self, spreg, data):
        more = {"yend": data.end[:, None], "q": data.given}
        theirs = quietly(spreg.GM_Endog_Error_Hom, **data.columns, **more, w=data.theirs)
        agree(generalised(data.endogenous_error(), errors="equal"), theirs, SEARCH)

    @pytest.mark.parametrize("end", [False, True])
    def test_combined(self, spreg, data, end):
        more = {"yend": data.end[:, None], "q": data.given} if end else {}
        theirs = quietly(spreg.GM_Combo_Hom, **data.columns, **more, w=data.theirs)
        agree(generalised(data.combined(end=end), errors="equal"), theirs, SEARCH)


@pytest.fixture(scope="module")
def columbus():
    import geopandas
    from libpysal import examples
    from libpysal.graph import Graph

    table = geopandas.read_file(examples.get_path("columbus.shp"))
    return table, quietly(Graph.build_contiguity, table, rook=True).transform("r").sparse.tocsr()


class TestColumbus:
    """The tables printed in spreg's documentation, with rook weights; they are rounded."""

    @staticmethod
    def equation(columbus, exogenous, *, end=None, lag=True, order=1):
        table, weights = columbus
        response = table["HOVAL"].to_numpy(float)
        matrix = np.column_stack([np.ones(len(table)), *(table[name] for name in exogenous)]).astype(float)
        given = table[["DISCBD"]].to_numpy(float) if end else None
        found = spatial_instruments(
            weights if lag else None,
            ["Intercept", *exogenous],
            matrix,
            order=order,
            exogenous=matrix,
            given_names=["DISCBD"] if end else [],
            given=given,
        )
        endogenous = [table[end].to_numpy(float)] if end else []
        endogenous += [weights @ response] if lag else []
        columns = np.column_stack(endogenous) if endogenous else matrix[:, :0]
        return Equation(response, matrix, columns, found.matrix, weights, -1 + 1e-9, 1 - 1e-9)

    @staticmethod
    def printed(fit, estimate, errors, digits):
        np.testing.assert_allclose(np.append(fit.coefficients, fit.parameter), estimate, atol=digits, rtol=1e-4)
        if errors is not None:
            np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), errors, atol=digits, rtol=1e-4)

    def test_error_unequal(self, columbus):
        fit = generalised(self.equation(columbus, ["INC", "CRIME"], lag=False), weighted=True)
        self.printed(fit, [47.9963, 0.7105, -0.5588, 0.4118], [11.479, 0.3681, 0.1616, 0.168], 6e-5)

    def test_combined_unequal(self, columbus):
        fit = generalised(self.equation(columbus, ["INC"]), weighted=True)
        self.printed(fit, [9.9753, 1.5742, 0.1535, 0.2103], [14.1435, 0.374, 0.3978, 0.3924], 6e-5)
        fit = generalised(self.equation(columbus, ["INC"], end="CRIME"), weighted=True)
        self.printed(fit, [113.9129, -0.3482, -1.3566, -0.5766, 0.6561], None, 6e-5)

    def test_error_equal(self, columbus):
        fit = generalised(self.equation(columbus, ["INC", "CRIME"], lag=False), errors="equal")
        self.printed(fit, [47.9479, 0.7063, -0.556, 0.4129], [12.3021, 0.4967, 0.179, 0.1835], 6e-5)

    def test_combined_equal(self, columbus):
        fit = generalised(self.equation(columbus, ["INC"]), errors="equal")
        self.printed(fit, [10.1254, 1.5683, 0.1513, 0.2103], [15.2871, 0.4407, 0.4048, 0.4226], 6e-5)
        fit = generalised(self.equation(columbus, ["INC"], end="CRIME"), errors="equal")
        printed = [67.75191, 1.16656, 0.6841, 0.84428, 0.18605]
        self.printed(fit, [111.77057, -0.30974, -1.36043, -0.52908, 0.60116], printed, 2e-5)

    def test_lag(self, columbus):
        found = self.equation(columbus, ["INC", "CRIME"], order=2)
        fit = two_stage(found.response, found.exogenous, found.endogenous, found.instruments)
        np.testing.assert_allclose(fit.coefficients, [45.30170561, 0.62088862, -0.48072345, 0.02836221], rtol=1e-7)
        errors = np.sqrt(np.diag(covariance(fit, freedom="n")[0]))
        np.testing.assert_allclose(errors, [17.91278862, 0.52486082, 0.1822815, 0.31740089], rtol=1e-7)
        errors = np.sqrt(np.diag(covariance(fit, "hc0")[0]))
        np.testing.assert_allclose(errors, [20.47077481, 0.50613931, 0.20138425, 0.38028295], rtol=1e-7)

    def test_lag_endogenous(self, columbus):
        found = self.equation(columbus, ["INC"], end="CRIME", order=2)
        fit = two_stage(found.response, found.exogenous, found.endogenous, found.instruments)
        np.testing.assert_allclose(fit.coefficients, [100.79359082, -0.50215501, -1.14881711, -0.38235022], rtol=1e-7)
        errors = np.sqrt(np.diag(covariance(fit, freedom="n")[0]))
        np.testing.assert_allclose(errors, [53.0829123, 1.02511494, 0.57589064, 0.59891744], rtol=1e-7)
