"""Linear, lag and error models against the numbers of spdep and spatialreg, for all six data sets."""

import functools
import json

import numpy as np
import pytest
from outside import DATA_SETS, SHARED, reference

from spatial.models import _log_determinant, error_model, lag_model, ols
from spatial.models._impacts import Effects, impacts_table
from spatial.models._lagged import roles_of
from spatial.models._likelihood import traces

EXACT, LIKELIHOOD, PARAMETER, MAXIMUM = 1e-8, 1e-7, 1e-6, 1e-5
CASES = [(name, model) for name in DATA_SETS for model in (reference(name) or {"models": {}})["models"]]
WEIGHTS = [
    (name, weights, style)
    for name in DATA_SETS
    for weights, each in (reference(name) or {"weights": {}})["weights"].items()
    for style in each["styles"]
]

pytestmark = pytest.mark.skipif(not CASES, reason="needs the shared reference results, which are not on this machine")


def label(number):
    return f"place {int(number):04d}"


@functools.cache
def table(name):
    import geopandas
    import pandas as pd

    data = pd.read_csv(SHARED / "references" / name / "data.csv")
    # The geometry plays no part in a model; points in a row keep the table under contract.
    places = geopandas.GeoDataFrame(
        data, geometry=geopandas.points_from_xy(np.arange(len(data)) * 1000.0, np.zeros(len(data))), crs="EPSG:32642"
    )
    places.index = [label(number) for number in data["id"]]
    return places.rename_axis("place").sample(frac=1, random_state=1)


@functools.cache
def graph_of(name, weights, style):
    import pandas as pd
    from libpysal.graph import Graph

    edges = pd.read_csv(SHARED / "references" / name / f"{weights}_edges.csv")
    labels = sorted(table(name).index)
    alone = sorted(set(labels) - {label(number) for number in edges["from"]})
    values = styled(edges["from"].to_numpy(), edges["weight"].to_numpy(float), style)
    return Graph.from_arrays(
        np.array([*map(label, edges["from"]), *alone]),
        np.array([*map(label, edges["to"]), *alone]),
        np.concatenate([values, np.zeros(len(alone))]),
    )


def styled(rows, values, style):
    """Standardise as spdep does: n counts the places that have neighbours."""
    count = len(set(rows))
    sums = {row: values[rows == row].sum() for row in set(rows)}
    lengths = {row: np.sqrt((values[rows == row] ** 2).sum()) for row in set(rows)}
    if style == "W":
        return values / np.array([sums[row] for row in rows])
    if style == "C":
        return values * count / values.sum()
    if style == "U":
        return values / values.sum()
    if style == "S":
        scaled = values / np.array([lengths[row] for row in rows])
        return scaled * count / scaled.sum()
    return values


@functools.cache
def fitted(function, name, model, **options):
    block = reference(name)["models"][model]
    return function(table(name), graph_of(name, block["weights"], block["style"]), formula=block["formula"], **options)


@functools.cache
def vectors(name):
    return json.loads((SHARED / "references" / name / "vectors.json").read_text())


def block(name, model, part):
    found = reference(name)["models"][model][part]
    assert "error" not in found
    return found


def by_term(given, key):
    return np.array([np.nan if each is None else each for each in given["coefficients"][key]], dtype=float)


def in_order(series):
    return series.sort_index().to_numpy()


def close(ours, theirs, tolerance):
    np.testing.assert_allclose(np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=tolerance, atol=0)


QUANTILES = ["min", "q1", "median", "q3", "max"]


def residuals_close(ours, theirs, sigma, tolerance):
    """Residuals near 0 cannot agree relatively: they are compared in units of their standard error."""
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=0, atol=tolerance * sigma)


@pytest.mark.parametrize(("name", "model"), CASES)
class TestOls:
    def test_coefficients(self, name, model):
        given, found = block(name, model, "ols"), fitted(ols, name, model)
        assert ["Intercept" if term == "(Intercept)" else term for term in given["coefficients"]["names"]] == list(
            found.coefficients.index
        )
        for ours, theirs in (("estimate", "estimate"), ("std_error", "se"), ("statistic", "stat"), ("p", "p")):
            close(found.coefficients[ours], by_term(given, theirs), EXACT)

    def test_fit(self, name, model):
        given, found = block(name, model, "ols"), fitted(ols, name, model)
        n = found.observations
        assert (n, n - given["df_residual"], found.parameters) == (given["n"], given["k"], given["n_parameters_in_AIC"])
        close(
            [
                found.sigma2,
                found.sigma2 * given["df_residual"],
                found.r2,
                found.adjusted_r2,
                found.f_statistic,
                found.f_p,
                found.condition_number,
            ],
            [
                *(given[key] for key in ("sigma2_n_minus_k", "SSE", "r2", "adj_r2")),
                given["F"]["stat"],
                given["F"]["p"],
                given["condition_number_scaled_X"],
            ],
            EXACT,
        )
        close([found.log_likelihood, found.aic, found.bic], [given["log_likelihood"], given["AIC"], given["BIC"]], EXACT)

    def test_residuals(self, name, model):
        given, found = block(name, model, "ols"), fitted(ols, name, model)
        residuals_close(
            found.residual_quantiles[QUANTILES], [given["residual_quantiles"][each] for each in QUANTILES], found.sigma, EXACT
        )
        residuals_close(in_order(found.residuals), vectors(name)[model]["ols_residuals"], found.sigma, EXACT)

    def test_dependence(self, name, model):
        given, tests = block(name, model, "ols")["LM_tests"], fitted(ols, name, model).tests
        ours = {"LMerr": "LM error", "LMlag": "LM lag", "RLMerr": "Robust LM error", "RLMlag": "Robust LM lag", "SARMA": "LM SARMA"}
        assert set(given) - {"warnings"} == set(ours)  # the warning: weights that are not row-standardised
        for key in ours:
            row = given[key]
            close(tests.loc[ours[key], ["statistic", "df", "p"]], [row["stat"], row["df"], row["p"]], EXACT)

    def test_moran(self, name, model):
        given, found = block(name, model, "ols")["moran_residuals"], fitted(ols, name, model)
        close(
            [
                found.residual_moran,
                found.residual_moran_expected,
                found.residual_moran_variance,
                *found.tests.loc["Moran residuals", ["statistic", "p"]],
            ],
            [given[key] for key in ("I", "EI", "VI", "z", "p_two_sided")],
            EXACT,
        )


SPATIAL = [(lag_model, "lag_ml", "rho"), (error_model, "error_ml", "lambda")]


@pytest.mark.parametrize(("function", "part", "parameter"), SPATIAL)
@pytest.mark.parametrize(("name", "model"), CASES)
class TestSpatial:
    def test_parameter(self, name, model, function, part, parameter):
        given, found = block(name, model, part), fitted(function, name, model)
        row = found.coefficients.loc[parameter]
        assert abs(row["estimate"] - given[parameter]["estimate"]) < PARAMETER
        close([found.admissible_low, found.admissible_high], given["search_interval"], EXACT)
        assert (found.observations, found.parameters) == (given["n"], given["n_parameters"])

    def test_coefficients(self, name, model, function, part, parameter):
        given, found = block(name, model, part), fitted(function, name, model)
        rows = found.coefficients.drop(index=parameter)
        close(rows["estimate"], by_term(given, "estimate"), MAXIMUM)
        errors = given.get("asymptotic_errors_from_rescaled_y")
        assert given["asymptotic_se"] or errors, "conventions 12: these would be numerical-Hessian errors"
        close(rows["std_error"], by_term(given, "se"), MAXIMUM)
        close(found.coefficients.loc[parameter, "std_error"], given[parameter]["se"], MAXIMUM)
        close(rows["statistic"], by_term(given, "stat"), MAXIMUM)

    def test_likelihood(self, name, model, function, part, parameter):
        given, found = block(name, model, part), fitted(function, name, model)
        close(
            [found.log_likelihood, found.log_likelihood_ols, found.aic, found.aic_ols, found.bic],
            [given[key] for key in ("log_likelihood", "log_likelihood_lm", "AIC", "AIC_lm", "BIC")],
            LIKELIHOOD,
        )
        # A ratio near 0 is a difference of two log-likelihoods: its error is theirs.
        ratio = found.tests.loc["Likelihood ratio"]
        np.testing.assert_allclose(ratio["statistic"], given["LR_vs_lm"]["stat"], rtol=LIKELIHOOD, atol=4 * LIKELIHOOD * 1e-2)
        assert ratio["df"] == given["LR_vs_lm"]["df"]

    def test_wald(self, name, model, function, part, parameter):
        given, found = block(name, model, part), fitted(function, name, model)
        close(found.tests.loc["Wald", "statistic"], given["wald"]["stat"], MAXIMUM)

    def test_residuals(self, name, model, function, part, parameter):
        given, found = block(name, model, part), fitted(function, name, model)
        close(
            [found.sigma2, found.sigma, found.sigma2 * found.observations],
            [given["s2_ml"], given["sigma_ml"], given["SSE"]],
            MAXIMUM,
        )
        residuals_close(
            found.residual_quantiles[QUANTILES], [given["residual_quantiles"][each] for each in QUANTILES], found.sigma, MAXIMUM
        )
        residuals_close(in_order(found.residuals), vectors(name)[model][f"{part}_residuals"], found.sigma, MAXIMUM)

    def test_spread_and_dependence(self, name, model, function, part, parameter):
        given, found = block(name, model, part), fitted(function, name, model)
        for key, test in (
            ("breusch_pagan_studentized", "Koenker-Bassett spatial"),
            ("breusch_pagan_plain", "Breusch-Pagan spatial"),
        ):
            close(found.tests.loc[test, ["statistic", "df"]], [given[key]["stat"], given[key]["df"]], MAXIMUM)
        residuals_close(
            [found.residual_moran, found.tests.loc["Moran residuals", "statistic"]],
            [given["residual_moran"][key] for key in ("I", "z")],
            1,
            MAXIMUM,
        )

    def test_numerical_hessian(self, name, model, function, part, parameter):
        given, found = block(name, model, part), fitted(function, name, model, vcov="hessian")
        theirs = np.append(
            by_term(given, "se_numerical_hessian") if "se_numerical_hessian" in given["coefficients"] else [],
            given[parameter]["se_numerical_hessian"] or np.nan,
        )
        known = np.isfinite(theirs)
        if not known.any():
            pytest.skip("spatialreg could not compute it")
        close(found.coefficients["std_error"].to_numpy()[-len(theirs) :][known], theirs[known], 0.05)


@pytest.mark.parametrize(("name", "model"), CASES)
class TestLagOnly:
    def test_autocorrelation(self, name, model):
        given, found = block(name, model, "lag_ml")["LM_residual_autocorrelation"], fitted(lag_model, name, model)
        np.testing.assert_allclose(
            found.tests.loc["LM residual autocorrelation", "statistic"], given["stat"], rtol=MAXIMUM, atol=1e-6
        )

    def test_impacts(self, name, model):
        given, found = block(name, model, "lag_ml")["impacts"]["exact"], fitted(lag_model, name, model)
        assert list(found.impacts.index) == given["names"]
        close(found.impacts["direct"], given["direct"], MAXIMUM)
        rows = np.asarray(matrix_of(name, model).sum(axis=1)).ravel()
        if np.ptp(rows) < 1e-12 and abs(rows[0] - 1) < 1e-12:
            close(found.impacts[["indirect", "total"]], np.transpose([given["indirect"], given["total"]]), MAXIMUM)
            return
        # spatialreg divides by 1 - rho whatever the rows sum to: show that this is all that differs, and who is right.
        table = found.coefficients.drop(index="Intercept")
        rho = table.loc["rho", "estimate"]
        close(table["estimate"].iloc[:-1] / (1 - rho), given["total"], MAXIMUM)
        inverse = np.linalg.inv(np.eye(len(rows)) - rho * matrix_of(name, model).toarray())
        close(found.impacts["total"], table["estimate"].iloc[:-1] * inverse.sum() / len(rows), EXACT)

    def test_simulated_errors(self, name, model):
        given = block(name, model, "lag_ml")["impacts"]["simulated_indicative"]
        if "error" in given:
            pytest.skip(f"spatialreg: {given['error'][-50:]}")
        assert given["se"]["cols"] == ["Direct", "Indirect", "Total"]
        theirs = np.array(given["se"]["values"])
        # An error from 1,000 draws is itself a draw, and a wild one where rho comes near its limit: see how much it varies.
        ours = np.array([self.drawn(name, model, seed) for seed in range(30)])
        typical, spread = np.median(ours, axis=0), ours.std(axis=0)
        assert (np.abs(theirs - typical) <= np.maximum(0.10 * typical, 3 * spread)).all()
        assert (np.abs(theirs - typical) <= 0.10 * typical).mean() >= 0.8

    def drawn(self, name, model, seed):
        from scipy.sparse import csr_array

        found = fitted(lag_model, name, model)
        matrix = csr_array(matrix_of(name, model))
        names = list(found.coefficients.index)
        effects = Effects(
            roles_of(names, list(found.impacts.index)),
            found.coefficients["estimate"].to_numpy(),
            found.vcov.to_numpy(),
            names.index("rho"),
            matrix,
            determinant_of(name, model),
        )
        table, _ = impacts_table(effects, method="simulation", draws=1000, seed=seed, level=0.95)
        return table[["direct_std_error", "indirect_std_error", "total_std_error"]].to_numpy()

    def test_errors_by_derivatives(self, name, model):
        """The delta method agrees with many draws where the multiplier is nearly linear in rho over the range of its error."""
        drawn, found = fitted(lag_model, name, model, draws=20_000), fitted(lag_model, name, model, impacts="delta")
        close(found.impacts[["direct", "indirect", "total"]], drawn.impacts[["direct", "indirect", "total"]], 1e-14)
        close(found.impacts["direct_std_error"], drawn.impacts["direct_std_error"], 0.10)


@functools.cache
def determinant_of(name, model):
    from scipy.sparse import csr_array

    return _log_determinant.prepared(csr_array(matrix_of(name, model)), "eigen")


def matrix_of(name, model):
    given = reference(name)["models"][model]
    graph = graph_of(name, given["weights"], given["style"])
    order = graph.unique_ids.get_indexer(sorted(table(name).index))
    return graph.sparse.tocsr()[order, :][:, order]


@pytest.mark.parametrize(("name", "model"), CASES)
def test_hausman(name, model):
    """
    The reference leaves a transpose out of the covariance of least squares (see `error_model`).

    With it left out here, the statistic is the reference's; the covariance with it is the one of simulated errors.
    """
    given, found = block(name, model, "error_ml")["hausman"], fitted(error_model, name, model)
    linear = fitted(ols, name, model)
    from spatial.models._design import design

    regressors = design(table(name), None, reference(name)["models"][model]["formula"], "error").matrix
    spread = np.linalg.inv(
        np.eye(len(regressors)) - found.coefficients.loc["lambda", "estimate"] * matrix_of(name, model).toarray()
    )
    hat = np.linalg.solve(regressors.T @ regressors, regressors.T)
    gap = (linear.coefficients["estimate"] - found.coefficients["estimate"].drop("lambda"))[linear.coefficients.index].to_numpy()
    own = found.vcov.to_numpy()[:-1, :-1]
    size = np.sqrt(np.diag(own))

    def statistic(middle):
        difference = (found.sigma2 * hat @ middle @ hat.T - own) / np.outer(size, size)
        return (gap / size) @ np.linalg.solve(difference, gap / size)

    close(found.tests.loc["Hausman", "df"], given["df"], 0)
    close(statistic(spread @ spread), given["stat"], 1e-4)
    close(statistic(spread @ spread.T), found.tests.loc["Hausman", "statistic"], 1e-6)


def test_columbus_by_factorisation():
    given = reference("columbus")["extra"]["lag_LU_numerical_hessian_only"]
    found = fitted(lag_model, "columbus", "crime_inc_hoval_W", vcov="hessian", log_determinant="lu")
    assert abs(found.coefficients.loc["rho", "estimate"] - given["rho"]["estimate"]) < PARAMETER
    close(found.coefficients["std_error"], [*by_term(given, "se"), given["rho"]["se"]], 0.05)
    close(found.coefficients.loc["rho", "std_error"], reference("columbus")["extra"]["lag_optimHess"]["rho_se_optimHess"], 1e-4)
    close(found.log_likelihood, given["log_likelihood"], LIKELIHOOD)


@pytest.mark.parametrize(("name", "model"), CASES)
@pytest.mark.parametrize("function", [lag_model, error_model])
def test_factorisation_equals_eigenvalues(name, model, function):
    one, other = (fitted(function, name, model, log_determinant=method) for method in ("eigen", "lu"))
    close(other.coefficients, one.coefficients, 1e-8)
    close(other.log_likelihood, one.log_likelihood, 1e-11)


@pytest.mark.parametrize(("name", "weights", "style"), WEIGHTS)
@pytest.mark.parametrize("method", ["eigen", "lu"])
def test_log_determinant(name, weights, style, method):
    """Also beyond the admissible interval, where only the absolute value of the determinant has a logarithm."""
    from scipy.sparse import csr_array

    given = reference(name)["weights"][weights]["styles"][style]["eigen"]
    matrix = csr_array(graph_of(name, weights, style).sparse)
    matrix.eliminate_zeros()
    found = _log_determinant.prepared(matrix, method)
    assert found.symmetric == (not given["complex"])
    close([1 / found.low, 1 / found.high], [given["min_real"], given["max_real"]], EXACT)
    for row in given["logdet_I_minus_rhoW"]:
        if method == "eigen":
            singular = (
                np.abs(1 - row["rho"] * found.eigenvalues).min() < 1e-8
            )  # the reference's logarithm is that of a rounding error
        else:
            singular = not found.low < row["rho"] < found.high
        if not singular:
            np.testing.assert_allclose(_log_determinant.value(found, row["rho"]), row["logdet"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "model"), CASES)
def test_traces_of_powers(name, model):
    """tr(W'W + WW) is the reference's; at parameter 0 the traces are those of W itself."""
    given = reference(name)["models"][model]
    style = reference(name)["weights"][given["weights"]]["styles"][given["style"]]
    matrix = graph_of(name, given["weights"], given["style"]).sparse.tocsr()
    found = traces(matrix, 0.0, style["eigen"]["trace_W2"])
    assert abs(found.g) < 1e-12
    close(found.wg, style["trace_W2_plus_WtW"], EXACT)
