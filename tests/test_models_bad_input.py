"""What models say of tables, formulas and options that no model can be made of: where, what with values, and what to do."""

import numpy as np
import pytest

from spatial.errors import DataError, ModelError, StudyError
from spatial.models import combined_model, durbin_error_model, durbin_model, error_model, lag_model, ols, slx_model

N = 40
EVERY = [ols, slx_model, lag_model, durbin_model, error_model, durbin_error_model, combined_model]
WITH_LAGS = [slx_model, durbin_model, durbin_error_model]


def row(n=N):
    """Draw a row of places, each the neighbour of the next."""
    import geopandas
    from libpysal.graph import Graph

    random = np.random.default_rng(0)
    names = np.array([f"place {number:02d}" for number in range(n)])
    columns = {name: random.normal(size=n) for name in ("y", "x", "z")}
    columns |= {"size": random.uniform(1, 2, n), "region": [*(["north", "south"] * n)[: n - 1], "west"]}
    places = geopandas.GeoDataFrame(
        columns, geometry=geopandas.points_from_xy(np.arange(n) * 1e3, np.zeros(n)), index=names, crs="EPSG:32642"
    )
    one, other = np.arange(1, n), np.arange(n - 1)
    focal, neighbor = np.append(one, other), np.append(other, one)
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
    return places.rename_axis("place"), graph


@pytest.fixture
def places():
    return row()[0]


@pytest.fixture
def graph():
    return row()[1]


def hidden(places):
    """Hide the response of every fifth place."""
    return places.assign(y=places["y"].where(np.arange(N) % 5 > 0))


class TestRegressors:
    @pytest.mark.parametrize("function", EVERY)
    def test_collinear(self, places, graph, function):
        with pytest.raises(ModelError, match="collinear: 'w' is a combination of 'x', 'z'.*Leave one of them out"):
            function(places.assign(w=2 * places["x"] + places["z"]), graph, formula="y ~ x + z + w")

    @pytest.mark.parametrize("function", WITH_LAGS)
    def test_lag_that_is_a_regressor(self, places, graph, function):
        """A column that holds the means of the neighbours already: its name and that of the lag."""
        lag = graph.sparse @ places.loc[graph.unique_ids, "x"].to_numpy()
        table = places.assign(near=dict(zip(graph.unique_ids, lag, strict=True)))
        table["near"] = [lag[graph.unique_ids.get_loc(place)] for place in table.index]
        with pytest.raises(ModelError, match=r"collinear: '(W_x|near)' is a combination of '(near|W_x)'"):
            function(table, graph, formula="y ~ x + near", lagged=["x"])

    @pytest.mark.parametrize("function", WITH_LAGS)
    def test_only_one_neighbourhood(self, places, graph, function):
        """North and south take turns, so what neighbours are follows from what a place is."""
        with pytest.raises(ModelError, match=r"'W_C\(region\)\[T.south\]' is a combination of 'Intercept'"):
            function(places, graph, formula="y ~ x + C(region)")

    @pytest.mark.parametrize("function", [ols, lag_model, error_model, combined_model])
    @pytest.mark.parametrize("formula", ["y ~ x + C(region)", "y ~ x + alone", "y ~ x + x:alone"])
    def test_category_of_one_place(self, places, graph, function, formula):
        """The linear model's perfect separation: nothing goes wrong, but the place counts for nothing, and the reader is told."""
        table = places.assign(alone=(places.index == "place 39").astype(float))
        found = function(table, graph, formula=formula)
        assert any(note.startswith("The regressors tell 1 of 40 places from all others: 'place 39'.") for note in found.notes)
        moved = function(table.assign(y=table["y"] + 5 * (table.index == "place 39")), graph, formula=formula)
        if function in (ols, error_model):  # with a lag of the response it counts as a neighbour
            np.testing.assert_allclose(moved.coefficients.loc["x", "estimate"], found.coefficients.loc["x", "estimate"], rtol=1e-7)

    @pytest.mark.parametrize("function", EVERY)
    def test_categories_of_several_places_need_no_note(self, places, graph, function):
        found = function(places, graph, formula="y ~ x + z")
        assert not any("from all others" in note for note in found.notes)

    @pytest.mark.parametrize("function", EVERY)
    @pytest.mark.parametrize("missing", ["error", "predict"])
    def test_gap_in_a_category(self, places, graph, function, missing):
        """The column is called what it is called in the table."""
        region = places["region"].mask(places.index == "place 03")
        with pytest.raises(DataError, match="column 'region': 1 of 40 places ha.* no value: 'place 03'"):
            function(places.assign(region=region), graph, formula="y ~ x + C(region)", missing=missing)

    def test_column_that_is_number_and_category(self, places, graph):
        table = places.assign(kind=np.arange(N) % 3)
        assert "C(kind)[T.1]" in ols(table, graph, formula="y ~ I(kind * x) + C(kind)").coefficients.index
        found = ols(table.assign(kind=table["kind"] + 1), graph, formula="y ~ x + C(kind)", weights_column="kind")
        assert "C(kind)[T.3]" in found.coefficients.index

    @pytest.mark.parametrize("function", EVERY)
    def test_category_that_all_places_have(self, places, graph, function):
        with pytest.raises(ModelError, match=r"all places are of one category of C\(region\), 'south'. Expected at least two"):
            function(places.assign(region="south"), graph, formula="y ~ x + C(region)")

    @pytest.mark.parametrize("function", EVERY)
    def test_unknown_term(self, places, graph, function):
        with pytest.raises(DataError, match=r"formula 'y ~ x \+ regio': there is no column 'regio'. Did you mean 'region'"):
            function(places, graph, formula="y ~ x + regio")

    @pytest.mark.parametrize("function", WITH_LAGS)
    def test_unknown_lag(self, places, graph, function):
        with pytest.raises(ModelError, match="option 'lagged': 'zz' is no regressor. Did you mean 'z'"):
            function(places, graph, formula="y ~ x + z", lagged=["x", "zz"])

    @pytest.mark.parametrize("function", WITH_LAGS)
    def test_no_lags_at_all(self, places, graph, function):
        with pytest.raises(ModelError, match="none whose lag could be taken. Expected at least one besides the intercept"):
            function(places, graph, formula="y ~ 1")
        with pytest.raises(StudyError, match=r"option 'lagged': \[\]"):
            function(places, graph, formula="y ~ x", lagged=[])
        with pytest.raises(ModelError, match="'Intercept' is no regressor. Known: 'x', 'z'"):
            function(places, graph, formula="y ~ x + z", lagged=["Intercept"])

    @pytest.mark.parametrize(
        ("function", "options", "message"),
        [
            (durbin_error_model, {"estimator": "gmm"}, "durbin_error_model: its equations have no single solution"),
            (
                combined_model,
                {"estimator": "gmm", "moments": "classic", "vcov": "robust"},
                "combined_model: its equations have no single solution",
            ),
            (durbin_model, {}, "column 'y': its spatial lag is a combination of the regressors"),
        ],
    )
    def test_next_to_no_links(self, places, function, options, message):
        """Whatever the equations of two linked places among forty are, there is a message, and no singular matrix."""
        from libpysal.graph import Graph

        names = places.index.to_numpy()
        graph = Graph.from_arrays(names, [names[1], names[0], *names[2:]], [1, 1, *[0] * (N - 2)])
        with pytest.raises(ModelError, match=message):
            function(places, graph, formula="y ~ x + z", **options)

    def test_lags_of_a_model_that_has_none(self, places, graph):
        with pytest.raises(StudyError, match="option 'lagged': it is given without durbin.*Set durbin = true"):
            combined_model(places, graph, formula="y ~ x + z", lagged=["x"])

    def test_general_nested_model_without_regressors(self, places, graph):
        with pytest.raises(ModelError, match="none whose lag could be taken"):
            combined_model(places, graph, formula="y ~ 1", durbin=True)


class TestResponse:
    @pytest.mark.parametrize("function", EVERY)
    @pytest.mark.parametrize("noise", [0.0, 1e-16])
    def test_constant(self, places, graph, function, noise):
        """Also where rounding makes the values differ in the last digit."""
        with pytest.raises(ModelError, match="column 'y': all 40 values are 3. Expected values that differ"):
            function(places.assign(y=3 + noise * 3 * (np.arange(N) % 2) * 2), graph, formula="y ~ x")

    @pytest.mark.parametrize("function", EVERY)
    def test_exact(self, places, graph, function):
        with pytest.raises(
            ModelError, match="'y': (the regressors give it exactly|its spatial lag is a combination of the regressors)"
        ):
            function(places.assign(y=1 + 3 * places["x"]), graph, formula="y ~ x")

    def test_exact_by_two_parameters(self, places, graph):
        """Nothing but rounding is left for rho and lambda to explain, and of that there is always a best explanation."""
        for durbin in (False, True):
            with pytest.raises(ModelError, match="'y': (the regressors give it exactly|its spatial lag is a combination)"):
                combined_model(places.assign(y=1 + 2 * places["x"]), graph, formula="y ~ x", durbin=durbin)

    @pytest.mark.parametrize("function", EVERY)
    def test_logarithm(self, places, graph, function):
        table = places.assign(y=1 + places["y"] ** 2)
        table.loc[["place 03", "place 07"], "y"] = [0.0, -2.0]
        expected = r"'log\(y\)' is not a finite number for 2 of 40 places: 'place 03 \(y = 0\)', 'place 07 \(y = -2\)'.*log1p"
        with pytest.raises(DataError, match=expected):
            function(table, graph, formula="log(y) ~ x")

    @pytest.mark.parametrize("function", EVERY)
    def test_logarithm_of_a_regressor(self, places, graph, function):
        table = places.assign(x=places["x"].where(places.index != "place 05", -1.0).abs() * np.where(np.arange(N) == 5, -1, 1))
        with pytest.raises(DataError, match=r"'sqrt\(x\)' is not a finite number for 1 of 40 places: 'place 05 \(x = -1\)'"):
            function(table, graph, formula="y ~ sqrt(x)")


class TestPlaces:
    @pytest.mark.parametrize("function", EVERY)
    def test_missing_values_without_a_policy(self, places, graph, function):
        table = places.assign(x=places["x"].where(~places.index.isin(["place 03", "place 07"])))
        expected = "column 'x': 2 of 40 places have no value: 'place 03', 'place 07'.*missing = \"drop\""
        with pytest.raises(DataError, match=expected):
            function(table, graph, formula="y ~ x")
        found = function(table, graph, formula="y ~ x", missing="drop")
        assert found.observations == N - 2
        assert found.residuals.isna().sum() == 2

    @pytest.mark.parametrize(
        ("function", "least"), [(ols, 4), (slx_model, 6), (lag_model, 5), (error_model, 5), (durbin_model, 7), (combined_model, 6)]
    )
    def test_too_few(self, function, least):
        places, graph = row(least - 1)
        with pytest.raises(ModelError, match=f"places: there are {least - 1} for .*Expected at least {least}. Use more places"):
            function(places, graph, formula="y ~ x + z")

    @pytest.mark.parametrize("function", EVERY)
    def test_graph_of_other_places(self, places, function):
        with pytest.raises(DataError, match="graph: 35 places are not in the graph: 'place 05'.*Build the graph from these places"):
            function(places, row(5)[1], formula="y ~ x")

    @pytest.mark.parametrize("function", EVERY)
    def test_no_links(self, places, function):
        from libpysal.graph import Graph

        names = np.array(places.index)
        with pytest.raises(ModelError, match="graph: there are no links"):
            function(places, Graph.from_arrays(names, names, np.zeros(N)), formula="y ~ x")


class TestWeightsOfObservations:
    @pytest.mark.parametrize("function", [ols, slx_model, error_model, durbin_error_model])
    def test_not_positive(self, places, graph, function):
        table = places.assign(size=places["size"].where(~places.index.isin(["place 03"]), 0.0))
        table.loc["place 07", "size"] = -1.5
        expected = "column 'size': 2 weights of observations are 0 or less: 'place 03: 0', 'place 07: -1.5'.*Correct them"
        with pytest.raises(DataError, match=expected):
            function(table, graph, formula="y ~ x", weights_column="size")

    @pytest.mark.parametrize("function", [ols, slx_model, error_model, durbin_error_model])
    def test_missing_or_unknown(self, places, graph, function):
        with pytest.raises(DataError, match="there is no column 'sise'. Did you mean 'size'"):
            function(places, graph, formula="y ~ x", weights_column="sise")
        table = places.assign(size=places["size"].where(places.index != "place 03"))
        with pytest.raises(DataError, match="'size': 1 of 40 places has no value: 'place 03'"):
            function(table, graph, formula="y ~ x", weights_column="size")


class TestPrediction:
    @pytest.mark.parametrize("function", EVERY)
    def test_missing_regressors(self, places, graph, function):
        """A place without regressors cannot be predicted, whether its response is known or not."""
        for place in ("place 05", "place 07"):
            table = hidden(places).assign(x=places["x"].where(places.index != place))
            with pytest.raises(DataError, match=f"column 'x': 1 of 40 places has no value: '{place}'"):
                function(table, graph, formula="y ~ x", missing="predict")

    @pytest.mark.parametrize("function", EVERY)
    @pytest.mark.parametrize("missing", ["drop", "predict"])
    def test_no_response_at_all(self, places, graph, function, missing):
        with pytest.raises(ModelError, match="places: there are 0. Expected at least 3"):
            function(places.assign(y=np.nan), graph, formula="y ~ x", missing=missing)

    def test_response_among_the_regressors(self, places, graph):
        with pytest.raises(DataError, match="column 'y': 8 of 40 places have no value"):
            lag_model(hidden(places), graph, formula="y ~ I(y**2)", missing="predict")

    def test_category_that_only_hidden_places_have(self, places, graph):
        table = places.assign(y=places["y"].where(places.index != "place 39"))
        with pytest.raises(
            ModelError, match=r"'C\(region\)\[T.west\]': none of the 39 places of the regression is of this category"
        ):
            lag_model(table, graph, formula="y ~ x + C(region)", missing="predict")

    def test_function_that_hidden_places_do_not_allow(self, places, graph):
        table = hidden(places).assign(x=np.where(np.arange(N) % 5 > 0, np.exp(places["x"]), -1.0))
        with pytest.raises(DataError, match=r"'log\(x\)' is not a finite number for 8 of 40 places: 'place 00 \(x = -1\)'"):
            lag_model(table, graph, formula="y ~ log(x)", missing="predict")


@pytest.mark.parametrize("name", ["rho", "lambda"])
@pytest.mark.parametrize("options", [{}, {"estimator": "gmm"}])
@pytest.mark.parametrize("model", [lag_model, error_model, durbin_model, combined_model])
def test_a_regressor_called_as_a_parameter_is(model, options, name, places, graph):
    with pytest.raises(ModelError, match=f"a regressor is called '{name}'"):
        model(places.rename(columns={"z": name}), graph, formula=f"y ~ x + {'`lambda`' if name == 'lambda' else name}", **options)
    assert name in ols(places.rename(columns={"z": name}), graph, formula=f"y ~ `{name}`").coefficients.index


@pytest.mark.parametrize("model", EVERY)
def test_a_regressor_called_as_the_intercept_is(model, places, graph):
    with pytest.raises(ModelError, match="a regressor is called 'Intercept'"):
        model(places.rename(columns={"z": "Intercept"}), graph, formula="y ~ x + Intercept")


@pytest.mark.parametrize("model", [each for each in EVERY if each is not ols])
def test_no_graph(model, places):
    with pytest.raises(DataError, match="graph: none was given"):
        model(places, None, formula="y ~ x")
