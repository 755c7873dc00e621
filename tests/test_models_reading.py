"""What the models say in sentences: cautious where the numbers are, and never out of a number that is not there."""

import numpy as np
import pandas as pd
import pytest

from spatial.models import _reading as reading
from spatial.models import lag_model, ols


def simulated(n=60, rho=0.3, noise=1.0, seed=3):
    import geopandas
    from libpysal.graph import Graph

    random = np.random.default_rng(seed)
    names = np.array([f"place {number:02d}" for number in range(n)])
    ring = np.arange(n)
    graph = Graph.from_arrays(np.tile(names, 2), names[np.concatenate([np.roll(ring, 1), np.roll(ring, -1)])], np.full(2 * n, 0.5))
    x = random.normal(size=n)
    y = np.linalg.solve(np.eye(n) - rho * graph.sparse.toarray(), 1 + x + noise * random.normal(size=n))
    table = {"y": y, "x": x, "twin": x + 0.01 * random.normal(size=n), "kind": np.where(ring % 3 == 0, "coast", "inland")}
    points = geopandas.points_from_xy(1000 * ring, 0 * ring)
    return geopandas.GeoDataFrame(table, geometry=points, index=names, crs="EPSG:32642").rename_axis("place"), graph


def of_tests(moran, lag, error):
    return pd.DataFrame(
        {"statistic": [2.0, 1.0, 1.0], "p": [moran, lag, error]}, index=["Moran residuals", "Robust LM lag", "Robust LM error"]
    )


@pytest.mark.parametrize(
    ("moran", "lag", "error", "words"),
    [
        (0.2, 0.01, 0.01, "no clear spatial dependence"),
        (0.01, 0.054, 0.83, "do not tell lag from error (lag p = 0.054, error p = 0.83)"),
        (0.01, 0.01, 0.3, "point to the lag model"),
        (0.01, 0.3, 0.01, "point to the error model"),
        (0.01, 0.001, 0.01, "neither a lag nor an error alone"),
        (0.01, np.nan, np.nan, "not to be trusted."),
        (np.nan, 0.01, 0.01, "could not be tested"),
    ],
)
def test_dependence(moran, lag, error, words):
    said = reading.of_dependence(of_tests(moran, lag, error))
    assert words in said
    assert "nan" not in said


def test_regressors_that_repeat_each_other_are_named():
    places, graph = simulated()
    assert any("nearly repeat each other" in said and "twin" in said for said in ols(places, graph, formula="y ~ x + twin").reading)
    assert not any("repeat" in said for said in ols(places, graph, formula="y ~ x").reading)


def test_a_category_is_no_unit_more():
    places, graph = simulated()
    places["y"] += 5 * (places["kind"] == "inland")
    assert "for a category, the difference" in ols(places, graph, formula="y ~ x + C(kind)").reading[0]


def test_an_impact_that_may_be_nothing_is_called_so():
    places, graph = simulated(noise=50)
    said = lag_model(places, graph, formula="y ~ x").reading
    assert any("cannot be told from 0, and" in sentence for sentence in said)


def test_draws_near_the_limit_are_admitted():
    """With rho close to 1 and few places, a few draws with rho nearly 1 make the standard deviation of the total impact."""
    places, graph = simulated(n=20, rho=0.97, seed=1)
    found = lag_model(places, graph, formula="y ~ x", draws=5000)
    spread = found.impacts.loc["x", "total_std_error"]
    interval = found.impacts.loc["x", "total_high"] - found.impacts.loc["x", "total_low"]
    assert spread > 1.5 * interval / (2 * 1.96)
    assert any("dominate the standard errors" in note for note in found.notes)
    calm = lag_model(*simulated(rho=0.3), formula="y ~ x")
    assert not any("dominate" in note for note in calm.notes)
    assert any("z and p take the draws as normal" in note for note in calm.notes)


def test_tests_that_cannot_be_made_are_named():
    from libpysal.graph import Graph

    places, _ = simulated(n=12)
    everyone = [(one, other) for one in places.index for other in places.index if one != other]
    found = ols(places, Graph.from_arrays(*zip(*everyone, strict=True), [1 / 11] * len(everyone)), formula="y ~ x")
    without = found.tests.index[found.tests["statistic"].isna()]
    assert "Robust LM lag" in without
    assert any("cannot be made" in note and all(name in note for name in without) for note in found.notes)


@pytest.mark.parametrize(("low", "words"), [(0.4, "interval -0.2000 to 9.000)."), (-0.4, "This cannot be told from 0.")])
def test_impacts_of_which_a_few_draws_make_the_error(low, words):
    """Their p says nothing, as the note on them has it: the interval decides, and no p stands beside it."""
    table = pd.DataFrame(
        {
            "direct": 0.9, "indirect": 0.5, "indirect_low": -0.2, "indirect_high": 9.0,
            "total": 1.4, "total_low": low, "total_high": 12.8, "total_std_error": 80.0, "total_p": 0.98,
        },
        index=["x"],
    )  # fmt: skip
    said = reading.of_impacts(table, 0.95, "y")
    assert said.endswith(words)
    assert "p = " not in said
    assert "p = 0.98" in reading.of_impacts(table.assign(total_std_error=3.0), 0.95, "y")
