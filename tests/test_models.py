"""Linear, lag and error models on tables small enough to verify, and what they say about bad input."""

import json

import numpy as np
import pytest

from spatial import models
from spatial.errors import DataError, ModelError, StudyError
from spatial.models import error_model, lag_model, ols
from spatial.results import plain


@pytest.fixture
def line():
    """Eight places in a row; each is the neighbour of the next."""
    import geopandas

    x = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    return geopandas.GeoDataFrame(
        {
            "x": x,
            "y": 1 + 2 * x + np.array([1.0, -1, -1, 1, 1, -1, -1, 1]),
            "z": [3.0, 1, 4, 1, 5, 9, 2, 6],
            "region": ["north", "north", "south", "south", "west", "west", "north", "south"],
        },
        geometry=geopandas.points_from_xy(x * 1000, np.zeros(8)),
        index=[f"place {number}" for number in range(8)],
        crs="EPSG:32642",
    ).rename_axis("place")


@pytest.fixture
def chain(line):
    from libpysal.graph import Graph

    names = list(line.index)
    pairs = [(names[place], names[place + step]) for place in range(8) for step in (-1, 1) if 0 <= place + step < 8]
    focal, neighbor = zip(*pairs, strict=True)
    return Graph.from_arrays(np.array(focal), np.array(neighbor), np.ones(len(pairs))).transform("r")


def simulated(side=12, rho=0.5, process="lag", seed=3):
    """A square grid with a known process on it."""
    import geopandas
    from libpysal.graph import Graph

    n = side * side
    names = np.array([f"place {number:04d}" for number in range(n)])
    rows, columns = np.divmod(np.arange(n), side)
    pairs = [
        (i, j)
        for i in range(n)
        for j in (i - side, i + side, i - 1, i + 1)
        if 0 <= j < n and abs(rows[i] - rows[j]) + abs(columns[i] - columns[j]) == 1
    ]
    focal, neighbor = np.transpose(pairs)
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
    random = np.random.default_rng(seed)
    x, noise = random.normal(size=n), random.normal(size=n)
    inverse = np.linalg.inv(np.eye(n) - rho * graph.sparse.toarray())
    y = inverse @ (1 + 2 * x + noise) if process == "lag" else 1 + 2 * x + inverse @ noise
    places = geopandas.GeoDataFrame(
        {"y": y, "x": x}, geometry=geopandas.points_from_xy(columns * 1000.0, rows * 1000.0), index=names, crs="EPSG:32642"
    )
    return places.rename_axis("place"), graph


class TestOls:
    def test_by_hand(self, line):
        """The deviations are orthogonal to 1 and to x, so the line is exactly 1 + 2 x and the squares sum to 8."""
        found = ols(line, formula="y ~ x")
        assert list(found.coefficients.index) == ["Intercept", "x"]
        np.testing.assert_allclose(found.coefficients["estimate"], [1, 2], rtol=1e-12)
        np.testing.assert_allclose(found.sigma2, 8 / 6, rtol=1e-12)
        np.testing.assert_allclose(found.coefficients.loc["x", "std_error"], np.sqrt(8 / 6 / 42), rtol=1e-12)
        np.testing.assert_allclose(found.log_likelihood, -4 * (np.log(2 * np.pi) + 1), rtol=1e-12)
        np.testing.assert_allclose(found.aic, 8 * (np.log(2 * np.pi) + 1) + 6, rtol=1e-12)
        np.testing.assert_allclose(found.r2, 1 - 8 / (4 * 42 + 8), rtol=1e-12)
        assert found.residual_quantiles.to_dict() == pytest.approx({"min": -1, "q1": -1, "median": 0, "q3": 1, "max": 1}, abs=1e-12)
        assert list(found.residuals.index) == list(line.index)

    def test_without_a_graph_says_so(self, line):
        found = ols(line, formula="y ~ x")
        assert "LM lag" not in found.tests.index
        assert found.residual_moran is None
        assert any("not tested for spatial dependence" in note for note in found.notes)

    def test_names_of_the_tests(self, line, chain):
        found = ols(line, chain, formula="y ~ x")
        assert list(found.tests.index) == [
            "Jarque-Bera", "Breusch-Pagan", "Koenker-Bassett", "White", "Moran residuals",
            "LM lag", "LM error", "Robust LM lag", "Robust LM error", "LM SARMA", "LM WX", "Robust LM lag SDM", "Robust LM WX",
        ]  # fmt: skip
        assert list(found.tests.columns) == ["statistic", "df", "p", "p_bootstrap"]

    def test_robust_errors(self, line):
        """HC1 written out: n/(n-k) (X'X)^-1 X' diag(e^2) X (X'X)^-1; here all e^2 are 1."""
        found = ols(line, formula="y ~ x", vcov="robust")
        np.testing.assert_allclose(found.coefficients.loc["x", "std_error"], np.sqrt(8 / 6 / 42), rtol=1e-12)
        assert any("HC1" in note for note in found.notes)

    def test_variance_inflation(self, line):
        found = ols(line, formula="y ~ x + z")
        expected = 1 / (1 - np.corrcoef(line["x"], line["z"])[0, 1] ** 2)
        np.testing.assert_allclose(found.vif, [expected, expected], rtol=1e-12)

    def test_only_a_mean(self, line, chain):
        found = ols(line, chain, formula="y ~ 1")
        np.testing.assert_allclose(found.coefficients.loc["Intercept", "estimate"], line["y"].mean())
        assert found.vif is None
        assert "Breusch-Pagan" not in found.tests.index

    def test_without_intercept(self, line):
        found = ols(line, formula="y ~ x - 1")
        assert list(found.coefficients.index) == ["x"]
        np.testing.assert_allclose(found.coefficients.loc["x", "estimate"], line["x"] @ line["y"] / (line["x"] @ line["x"]))
        np.testing.assert_allclose(found.r2, 1 - (found.residuals**2).sum() / (line["y"] ** 2).sum())

    def test_places_without_neighbours(self, line):
        """The first place is left alone: I counts seven places, the note gives the exact z for eight."""
        from libpysal.graph import Graph

        names = list(line.index)
        pairs = [(names[place], names[place + step]) for place in range(1, 8) for step in (-1, 1) if 1 <= place + step < 8]
        focal, neighbor = zip((names[0], names[0]), *pairs, strict=True)
        graph = Graph.from_arrays(np.array(focal), np.array(neighbor), np.append(0.0, np.ones(len(pairs)))).transform("r")
        found = ols(line, graph, formula="y ~ z")
        e, w = found.residuals.to_numpy(), graph.sparse.toarray()
        np.testing.assert_allclose(found.residual_moran, e @ w @ e / (e @ e))  # all rows but the first sum to 1
        table = np.column_stack([np.ones(8), line["z"]])
        m = np.eye(8) - table @ np.linalg.pinv(table)
        even = m @ (w + w.T) @ m / 2
        variance = (2 * np.trace(even @ even) - np.trace(even) ** 2 / 3) / (6 * 8)
        assert list(graph.unique_ids) == names
        z = (e @ w @ e / (e @ e) - np.trace(even) / 6) / np.sqrt(variance)
        assert any(f"z is {z:.3f}" in note for note in found.notes)

    @pytest.mark.parametrize("function", [ols, lag_model, error_model])
    def test_plain_values(self, line, chain, function):
        values = json.loads(json.dumps(plain(function(line, chain, formula="y ~ x").to_dict()), allow_nan=False))
        assert set(values["residuals"]) == set(line.index)
        assert set(values["coefficients"]["x"]) == {"estimate", "std_error", "statistic", "p", "low", "high"}
        assert values["options"]["graph"]["transform"] == "r"


class TestFormula:
    def test_functions_and_arithmetic(self, line):
        found = ols(line, formula="log(y) ~ sqrt(x) + I(z ** 2 / 10 - 1) + log1p(z)")
        table = np.column_stack([np.ones(8), np.sqrt(line["x"]), line["z"] ** 2 / 10 - 1, np.log1p(line["z"])])
        np.testing.assert_allclose(
            found.coefficients["estimate"], np.linalg.lstsq(table, np.log(line["y"]), rcond=None)[0], rtol=1e-9
        )

    def test_interactions(self, line):
        found = ols(line, formula="y ~ x * z")
        assert list(found.coefficients.index) == ["Intercept", "x", "z", "x:z"]

    def test_categories(self, line):
        found = ols(line, formula="x ~ C(region)")
        assert list(found.coefficients.index) == ["Intercept", "C(region)[T.south]", "C(region)[T.west]"]
        north = line.loc[line["region"] == "north", "x"].mean()
        np.testing.assert_allclose(found.coefficients.loc["Intercept", "estimate"], north)

    def test_category_to_compare_with(self, line):
        found = ols(line, formula='x ~ C(region, reference="west")')
        np.testing.assert_allclose(found.coefficients.loc["Intercept", "estimate"], 5.5)

    def test_names_in_quotes_and_in_cyrillic(self, line):
        places = line.rename(columns={"x": "Число серверов", "z": "й.2"})
        found = ols(places, formula="y ~ `Число серверов` + log(`й.2`)")
        assert list(found.coefficients.index) == ["Intercept", "Число серверов", "log(`й.2`)"]
        assert list(ols(line.rename(columns={"x": "Й"}), formula="y ~ log(Й)").coefficients.index) == ["Intercept", "log(Й)"]

    def test_scale_and_center(self, line):
        found = ols(line, formula="y ~ scale(x) + center(z)")
        np.testing.assert_allclose(found.coefficients.loc["Intercept", "estimate"], line["y"].mean())

    @pytest.mark.parametrize(
        "formula",
        [
            'y ~ __import__("os").system("touch hacked")',
            'y ~ I(__import__("os").system("touch hacked"))',
            "y ~ x.__class__.__mro__",
            "y ~ I(x.__class__)",
            "y ~ ().__class__",
            "y ~ x[0]",
            "y ~ {x + 1}",
            'y ~ eval("x")',
            "y ~ np.log(x)",
            "y ~ I((lambda: x)())",
            "y ~ I([x for x in z])",
            "y ~ I(x if y else z)",
            "y ~ I(x := 3)",
            "y ~ I(f'{x}')",
            'y ~ I("text")',
            'y ~ C(region, contr.treatment("north"))',
            'y ~ C(open("/etc/passwd"))',
            "y ~ log(x, 2)",
            "y ~ I(True)",
            "y ~ x / z",
            "y ~ x | z",
            "y ~ [x ~ z]",
            "y ~ .",
            "y ~ (x + z) ** 99",
            "y ~ 7",
            "y ~",
            "~ x",
            "y",
            "",
            "y ~ x ~ z",
            "y + z ~ x",
            "C(region) ~ x",
            "y ~ (x",
            "y ~ log(x",
            "y ~ `x",
            "y ~ x - x - 1",
            "y ~ " + "(" * 6000 + "x",
            "y ~ log(" + "-" * 5000 + "x)",
        ],
    )
    def test_nothing_runs(self, line, formula, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises((StudyError, DataError)):
            ols(line, formula=formula)
        assert not list(tmp_path.iterdir())

    def test_unknown_function_offers_the_nearest(self, line):
        with pytest.raises(StudyError, match="Did you mean 'sqrt'"):
            ols(line, formula="y ~ sqr(x)")


class TestBadInput:
    @pytest.mark.parametrize("function", [ols, lag_model, error_model])
    def test_collinear_regressors_are_named(self, line, chain, function):
        places = line.assign(sum=line["x"] + 2 * line["z"])
        with pytest.raises(ModelError, match=r"collinear: '(x|z|sum)' is a combination of '(x|z)', '(z|sum)'"):
            function(places, chain, formula="y ~ x + z + sum")

    def test_constant_response(self, line, chain):
        with pytest.raises(ModelError, match="'y': all 8 values are 3"):
            lag_model(line.assign(y=3.0), chain, formula="y ~ x")

    def test_constant_regressor(self, line):
        with pytest.raises(ModelError, match=r"regressor 'x': all 8 values are equal.*'- 1'"):
            ols(line.assign(x=3.0), formula="y ~ x + z")
        assert list(ols(line.assign(x=3.0), formula="y ~ x + z - 1").coefficients.index) == ["x", "z"]

    def test_too_few_places(self, line, chain):
        with pytest.raises(ModelError, match="there are 8 for 8 coefficients. Expected at least 9"):
            ols(line, formula="y ~ x + z + I(x**2) + I(x**3) + I(z**2) + I(z**3) + x:z")
        with pytest.raises(ModelError, match="there are 8 for 7 coefficients and 1 spatial parameter"):
            lag_model(line, chain, formula="y ~ x + z + I(x**2) + I(x**3) + I(z**2) + I(z**3)")

    def test_missing_values(self, line, chain):
        places = line.assign(x=line["x"].where(line["x"] != 3))
        with pytest.raises(DataError, match=r"'x'.*1 of 8 places has no value: 'place 2'"):
            ols(places, chain, formula="y ~ x")
        found = ols(places, chain, formula="y ~ x", missing="drop")
        assert found.observations == 7
        assert np.isnan(found.residuals["place 2"])
        assert "place 2" in found.notes[0]

    def test_missing_category(self, line):
        places = line.assign(region=line["region"].where(line["region"] != "west"))
        with pytest.raises(DataError, match="2 of 8 places have no value"):
            ols(places, formula="y ~ C(region)")
        assert ols(places, formula="y ~ C(region)", missing="drop").observations == 6

    def test_unknown_column_offers_the_nearest(self, line):
        with pytest.raises(DataError, match=r"formula 'y ~ x \+ regoin'.*'regoin'.*Did you mean 'region'"):
            ols(line, formula="y ~ x + regoin")

    def test_text_without_c(self, line):
        with pytest.raises(DataError, match=r"'region' holds text: 'north', 'south', 'west'.*Write C\(region\)"):
            ols(line, formula="y ~ region")

    def test_unknown_category(self, line):
        with pytest.raises(DataError, match="names a category that no place has. Known: 'north', 'south', 'west'"):
            ols(line, formula='y ~ C(region, reference="east")')

    def test_logarithm_of_nothing(self, line):
        with pytest.raises(
            DataError, match=r"'log\(z\)' is not a finite number for 2 of 8 places: 'place 1 \(z = 0\)', 'place 3 \(z = 0\)'.*log1p"
        ):
            ols(line.assign(z=line["z"] - (line["z"] == 1)), formula="y ~ log(z)")

    def test_infinite_values(self, line):
        with pytest.raises(DataError, match="'x': 1 value is infinite: 'place 3'"):
            ols(line.assign(x=line["x"].where(line["x"] != 4, np.inf)), formula="y ~ x")

    def test_graph_of_other_places(self, line, chain):
        with pytest.raises(DataError, match="labels of the graph are no places"):
            lag_model(line.iloc[:6], chain, formula="y ~ x")

    def test_graph_without_links(self, line):
        from libpysal.graph import Graph

        names = np.array(line.index)
        for function in (ols, lag_model, error_model):
            with pytest.raises(ModelError, match="there are no links"):
                function(line, Graph.from_arrays(names, names, np.zeros(8)), formula="y ~ x")

    def test_own_neighbours(self, line, chain):
        with pytest.raises(ModelError, match="8 places are their own neighbours"):
            lag_model(line, chain.assign_self_weight(1.0), formula="y ~ x")

    @pytest.mark.parametrize("function", [ols, lag_model, error_model])
    def test_nothing_left_to_explain(self, line, chain, function):
        with pytest.raises(ModelError, match="'z': the regressors give it exactly"):
            function(line.assign(z=1 + 3 * line["x"]), chain, formula="z ~ x")

    def test_options(self, line, chain):
        with pytest.raises(StudyError, match="'newton' is not known"):
            lag_model(line, chain, formula="y ~ x", log_determinant="newton")


class TestLag:
    def test_finds_the_process(self):
        places, graph = simulated(side=16, rho=0.5)
        found = lag_model(places, graph, formula="y ~ x")
        for term, truth in {"Intercept": 1, "x": 2, "rho": 0.5}.items():
            row = found.coefficients.loc[term]
            assert abs(row["estimate"] - truth) < 3 * row["std_error"]
        assert found.aic < found.aic_ols
        assert found.admissible_high == pytest.approx(1)
        assert -1.1 < found.admissible_low < -0.9

    def test_parts_add_up(self):
        places, graph = simulated()
        for found in (lag_model(places, graph, formula="y ~ x"), error_model(places, graph, formula="y ~ x")):
            np.testing.assert_allclose(found.fitted, found.prediction_trend + found.prediction_signal, rtol=1e-12)
            np.testing.assert_allclose(found.fitted + found.residuals, places["y"], rtol=1e-12)
            assert found.parameters == 4
            np.testing.assert_allclose(found.aic, 8 - 2 * found.log_likelihood)
            np.testing.assert_allclose(found.sigma2, (found.residuals**2).mean())

    def test_the_maximum_is_one(self):
        """Likelihood written out with a dense determinant: it falls to both sides of rho."""
        places, graph = simulated(side=6)
        found = lag_model(places, graph, formula="y ~ x")
        w, y = graph.sparse.toarray(), places["y"].to_numpy()
        x = np.column_stack([np.ones(36), places["x"]])

        def likelihood(rho):
            response = y - rho * w @ y
            residuals = response - x @ np.linalg.lstsq(x, response, rcond=None)[0]
            return np.linalg.slogdet(np.eye(36) - rho * w)[1] - 18 * (np.log(2 * np.pi * residuals @ residuals / 36) + 1)

        rho = found.coefficients.loc["rho", "estimate"]
        np.testing.assert_allclose(found.log_likelihood, likelihood(rho), rtol=1e-12)
        everywhere = [likelihood(each) for each in np.linspace(found.admissible_low + 1e-6, found.admissible_high - 1e-6, 400)]
        assert max(everywhere) <= found.log_likelihood
        assert max(likelihood(rho - 1e-5), likelihood(rho + 1e-5)) < found.log_likelihood

    @pytest.mark.parametrize(("function", "process"), [(lag_model, "lag"), (error_model, "error")])
    def test_hessian_is_the_second_derivative(self, function, process):
        """Central differences of the full likelihood in (b, spatial parameter, log variance)."""
        places, graph = simulated(side=7, process=process)
        found = function(places, graph, formula="y ~ x", vcov="hessian")
        w, y = graph.sparse.toarray(), places["y"].to_numpy()
        x = np.column_stack([np.ones(49), places["x"]])

        def likelihood(point):
            b, parameter, logarithm = point[:2], point[2], point[3]
            a = np.eye(49) - parameter * w
            residuals = a @ y - x @ b if process == "lag" else a @ (y - x @ b)
            return np.linalg.slogdet(a)[1] - 24.5 * (np.log(2 * np.pi) + logarithm) - residuals @ residuals / 2 / np.exp(logarithm)

        at, step = np.append(found.coefficients["estimate"], np.log(found.sigma2)), 1e-3
        hessian = np.empty((4, 4))
        for i, j in np.ndindex(4, 4):
            one, other = step * np.eye(4)[i], step * np.eye(4)[j]
            hessian[i, j] = (
                likelihood(at + one + other)
                - likelihood(at + one - other)
                - likelihood(at - one + other)
                + likelihood(at - one - other)
            ) / (4 * step**2)
        np.testing.assert_allclose(found.vcov, np.linalg.inv(-hessian)[:3, :3], rtol=1e-4, atol=1e-7)

    def test_simulation_is_repeatable(self):
        places, graph = simulated(side=6)
        one, again, other = (lag_model(places, graph, formula="y ~ x", seed=seed).impacts for seed in (1, 1, 2))
        assert one.equals(again)
        assert not one.equals(other)
        assert one[["direct", "indirect", "total"]].equals(other[["direct", "indirect", "total"]])

    def test_delta_errors_are_derivatives(self):
        """The gradient by central differences of the reduced form, times the covariance."""
        places, graph = simulated(side=6)
        found = lag_model(places, graph, formula="y ~ x", impacts="delta")
        w = graph.sparse.toarray()

        def measures(point):
            inverse = np.linalg.inv(np.eye(36) - point[1] * w) * point[0]
            direct, total = np.trace(inverse) / 36, inverse.sum() / 36
            return np.array([direct, total - direct, total])

        at = found.coefficients.loc[["x", "rho"], "estimate"].to_numpy()
        gradient = np.column_stack([(measures(at + step) - measures(at - step)) / 2e-5 for step in 1e-5 * np.eye(2)])
        covariance = found.vcov.loc[["x", "rho"], ["x", "rho"]].to_numpy()
        row = found.impacts.loc["x"]
        np.testing.assert_allclose(row[["direct", "indirect", "total"]].astype(float), measures(at), rtol=1e-12)
        np.testing.assert_allclose(
            row[["direct_std_error", "indirect_std_error", "total_std_error"]].astype(float),
            np.sqrt(np.diag(gradient @ covariance @ gradient.T)),
            rtol=1e-6,
        )

    def test_only_a_mean(self):
        places, graph = simulated(side=6)
        found = lag_model(places, graph, formula="y ~ 1")
        assert found.impacts.empty
        assert list(found.coefficients.index) == ["Intercept", "rho"]
        error_model(places, graph, formula="y ~ 1")

    def test_graph_in_a_circle_of_one_way_links(self):
        """No link leads back: the determinant is 1 for every rho, and the lower limit cannot come from an eigenvalue."""
        from libpysal.graph import Graph

        places, _ = simulated(side=6)
        names = np.array(places.index)
        graph = Graph.from_arrays(np.append(names[1:], names[0]), np.append(names[:-1], names[0]), np.append(np.ones(35), 0.0))
        found = lag_model(places, graph, formula="y ~ x")
        assert any("no eigenvalues of both signs" in note for note in found.notes)
        y = places["y"].to_numpy()
        x = np.column_stack([np.ones(36), places["x"], np.append(0.0, y[:-1])])
        np.testing.assert_allclose(found.coefficients["estimate"], np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-6)

    def test_many_places_by_factorisation(self):
        places, graph = simulated(side=16)
        one, other = (lag_model(places, graph, formula="y ~ x", log_determinant=method) for method in ("eigen", "lu"))
        np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-9)
        np.testing.assert_allclose(one.impacts, other.impacts, rtol=1e-7)
        assert any("'lu'" in note for note in other.notes)


@pytest.mark.parametrize("mutual", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_limits_without_all_eigenvalues(mutual, seed, monkeypatch):
    """Iteration finds the ends of the spectrum that dense eigenvalues show."""
    from scipy.sparse import csr_array

    from spatial.models import _determinant_methods, _limits

    random, n = np.random.default_rng(seed), 300
    near = np.zeros((n, n))
    for place in range(n):
        near[place, random.choice(np.delete(np.arange(n), place), 4, replace=False)] = 1
    near = np.maximum(near, near.T) if mutual else near
    matrix = csr_array(near / near.sum(axis=1)[:, None])
    exact = _determinant_methods.prepared(matrix, "eigen")
    monkeypatch.setattr(_limits, "FEW", 0)
    found = _determinant_methods.prepared(matrix, "lu")
    assert found.eigenvalues is None
    assert found.symmetric == mutual
    np.testing.assert_allclose([found.low, found.high], [exact.low, exact.high], rtol=1e-8)


class TestReading:
    def test_few_places(self, line, chain):
        for found in (
            ols(line, chain, formula="y ~ x"),
            lag_model(line, chain, formula="y ~ x"),
            error_model(line, chain, formula="y ~ x"),
        ):
            assert 2 <= len(found.reading) <= 5
            assert any("8 places" in sentence and "rough" in sentence for sentence in found.reading)

    def test_says_when_the_linear_model_is_preferred(self):
        places, graph = simulated(rho=0.0)
        found = lag_model(places, graph, formula="y ~ x")
        assert found.aic > found.aic_ols
        assert any("linear model without a spatial term is preferred" in sentence for sentence in found.reading)
        assert any("cannot be told from 0" in sentence for sentence in found.reading)

    def test_says_what_was_found(self):
        places, graph = simulated()
        text = " ".join(lag_model(places, graph, formula="y ~ x").reading)
        assert "144 places" in text
        assert "95% interval" in text
        assert "through changes in the others" in text


def test_public_names():
    assert {"ols", "lag_model", "error_model", "slx_model", "durbin_model", "durbin_error_model", "combined_model"} <= set(
        models.__all__
    )


def test_a_durbin_model_stands_without_an_error_model(line, chain, monkeypatch):
    """Where the error model has no maximum inside its interval, the test against it is left out and named."""
    from spatial.models import _engine, durbin_model

    def none(*_):
        raise ModelError("no maximum")

    monkeypatch.setattr(_engine, "largest", none)
    found = durbin_model(line, chain, formula="y ~ x", impacts="delta", bootstrap=0)
    assert np.isnan(found.tests.loc["Common factor", "statistic"])
    assert any("cannot be made" in note and "Common factor" in note for note in found.notes)
