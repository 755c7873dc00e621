"""Results become plain values: NaN is null, labels are kept, nothing of a library stays."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from affine import Affine
from pyproj import CRS

from spatial.results import Result, Surface, columns_of, plain, shown


@dataclass(frozen=True, kw_only=True, eq=False)
class Example(Result):
    statistic: float = shown("Statistic")
    local: "pd.Series[float]" = shown("Local", theme="diverging")
    table: pd.DataFrame = shown("Table")
    surface: Surface | None = shown("Surface", required=False)


def example(**changes):
    places = pd.Index(["b", "a"], name="place")
    values = {
        "operation": "example",
        "options": {"column": "x", "seed": np.int64(3)},
        "observations": 2,
        "statistic": np.float64(0.1),
        "local": pd.Series([1.0, np.nan], index=places),
        "table": pd.DataFrame({"p": [0.5, np.inf]}, index=["LM lag", "LM error"]),
    }
    return Example(**(values | changes))


def test_a_result_is_json():
    found = json.loads(json.dumps(example().to_dict(), allow_nan=False))
    assert found["statistic"] == 0.1
    assert found["local"] == {"b": 1.0, "a": None}
    assert found["table"] == {"LM lag": {"p": 0.5}, "LM error": {"p": "Inf"}}
    assert found["options"] == {"column": "x", "seed": 3}
    assert found["surface"] is None


def test_a_surface_is_described_not_spelt_out():
    surface = Surface(
        values=np.array([[1, np.nan]], np.float32), transform=Affine(10, 0, 5, 0, -10, 7), crs=CRS(32642), unit="per km²"
    )
    found = plain(surface)
    assert (found["rows"], found["columns"], found["minimum"], found["maximum"]) == (1, 2, 1.0, 1.0)
    assert found["transform"] == [10.0, 0.0, 5.0, 0.0, -10.0, 7.0]
    assert found["crs"] == "EPSG:32642"


def test_missing_values_of_every_kind_are_null():
    assert plain([np.nan, pd.NA, pd.NaT, None, np.float32("nan")]) == [None] * 5
    assert plain({1: np.bool_(True), "x": -np.inf}) == {"1": True, "x": "-Inf"}


def test_columns_are_the_series_on_places_in_their_order():
    found = columns_of("step", example(), pd.Index(["a", "b", "c"], name="place"))
    assert list(found) == ["step_local"]
    assert found["step_local"].tolist()[1] == 1.0
    assert found["step_local"].index.tolist() == ["a", "b", "c"]


@dataclass(frozen=True, kw_only=True, eq=False)
class OnPlaces(Result):
    impacts: pd.DataFrame = shown("Impacts", theme="sequential", mapped=("total", "direct"))


def on_places(**columns):
    index = pd.Index(["b", "a"], name="place")
    return OnPlaces(operation="x", options={}, observations=2, impacts=pd.DataFrame(columns, index=index))


def test_a_table_on_places_becomes_columns_with_safe_names():
    found = columns_of(
        "lag", on_places(**{"INC total": [1.0, 2.0], "log(x) total": [3.0, 4.0], "inc total": [5.0, 6.0]}), pd.Index(["a", "b"])
    )
    assert {name: column.tolist() for name, column in found.items()} == {
        "lag_impacts_INC_total": [2.0, 1.0],
        "lag_impacts_log_x_total": [4.0, 3.0],
        "lag_impacts_inc_total_2": [6.0, 5.0],  # a layer does not tell INC from inc
    }


def test_a_table_on_places_is_mapped_by_the_first_of_its_kinds_that_varies(grid):
    from spatial.outputs.atlas import Step
    from spatial.outputs.themes import themes_of

    n = len(grid)
    rising = np.arange(1.0, n + 1)
    table = pd.DataFrame(
        {
            "a total": np.full(n, 0.1) * (1 + 1e-15 * rising),
            "a direct": rising,
            "b total": -2 * rising,
            "b direct": rising**2,
            "c direct": rising**3,
            "d other": rising,
        },
        index=grid.index,
    )
    result = OnPlaces(operation="x", options={}, observations=n, impacts=table)
    places = grid.assign(**columns_of("m", result, grid.index))
    themes = themes_of(places, (), (Step(id="m", title="Model", result=result),))
    assert [(each.column, each.title) for each in themes] == [
        ("m_impacts_a_direct", "Model: Impacts, a direct (in proportion also b)"),
        ("m_impacts_c_direct", "Model: Impacts, c direct"),
    ]


def test_a_table_with_repeated_rows_keeps_them_all():
    assert plain(pd.DataFrame({"n": [1, 2]}, index=["x", "x"])) == [{"n": 1}, {"n": 2}]
