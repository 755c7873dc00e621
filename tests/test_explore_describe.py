"""Summaries of columns."""

import numpy as np
import pytest

import spatial
from spatial.errors import DataError


@pytest.fixture
def five():
    import geopandas
    from shapely import Point

    values = {
        "even": [1.0, 2, 3, 4, 5],
        "gaps": [2.0, np.nan, 4, np.nan, 9],
        "same": [3] * 5,
        "none": [np.nan] * 5,
        "text": list("vwxyz"),
    }
    points = [Point(x, 0) for x in range(5)]
    return geopandas.GeoDataFrame(values, geometry=points, index=list("edcba"), crs="EPSG:32642").rename_axis("place")


def test_five_even_numbers(five):
    row = spatial.describe(five, columns=["even"]).table.loc["even"]
    expected = {"n": 5, "missing": 0, "mean": 3, "sd": 2.5**0.5, "min": 1, "q1": 2, "median": 3, "q3": 4, "max": 5, "skewness": 0}
    for name, value in expected.items():
        assert row[name] == pytest.approx(value)
    assert row["kurtosis"] == pytest.approx(1.7)  # (16 + 1 + 0 + 1 + 16) / 5 / 2^2
    assert row["cv"] == pytest.approx(2.5**0.5 / 3)


def test_missing_values_are_counted_for_each_column(five):
    found = spatial.describe(five, columns=["even", "gaps"])
    assert found.table.loc["gaps", ["n", "missing", "mean", "median"]].tolist() == [3, 2, 5, 4]
    assert found.table.loc["even", "n"] == 5
    assert "Column 'gaps': 2 of 5 places have no value: 'b', 'd'." in found.notes
    assert any("gaps (2)" in sentence for sentence in found.reading)


def test_missing_values_can_be_an_error(five):
    with pytest.raises(DataError, match="column 'gaps': 2 of 5 places have no value"):
        spatial.describe(five, columns=["gaps"], missing="error")


def test_what_has_no_shape_is_left_open(five):
    table = spatial.describe(five, columns=["same", "none"]).table
    assert table.loc["same", "sd"] == 0
    assert np.isnan(table.loc["same", "skewness"])
    assert table.loc["none", "n"] == 0
    assert np.isnan(table.loc["none", "mean"])


def test_coefficient_of_variation_needs_positive_values(five):
    five["around"] = five["even"] - 3
    assert np.isnan(spatial.describe(five, columns=["around"]).table.loc["around", "cv"])


def test_skewed_columns_are_named(grid):
    import pandas as pd

    many = pd.concat([grid, grid.rename(index=lambda name: f"{name} again")])
    many["long"] = [1.0] * 31 + [1000.0]
    assert any(
        "The values of long are strongly skewed" in sentence
        for sentence in spatial.describe(many, columns=["long", "value"]).reading
    )


@pytest.mark.parametrize(("column", "message"), [("evne", "Did you mean 'even'"), ("text", "5 of 5 values are not numbers")])
def test_columns_that_cannot_be_described(five, column, message):
    with pytest.raises(DataError, match=message):
        spatial.describe(five, columns=[column])
