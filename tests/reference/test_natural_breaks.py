"""Natural breaks against those of R's classInt 0.4-9 (style "jenks"), five classes."""

import json

import numpy as np
import pytest
from outside import SHARED, shared

from spatial.outputs.natural_breaks import natural_breaks

FILE = SHARED / "references" / "class_breaks" / "results.json"
VARIABLES = sorted(json.loads(FILE.read_text(encoding="utf-8"))["class_breaks"]) if FILE.exists() else ["absent"]


@pytest.fixture(params=VARIABLES)
def case(request):
    import pandas as pd

    table = pd.read_csv(shared("references", "class_breaks", "class_variables.csv"))
    expected = json.loads(FILE.read_text(encoding="utf-8"))["class_breaks"][request.param]["jenks"]
    return table.loc[table["variable"] == request.param, "value"].to_numpy(), expected


def test_bounds(case):
    values, expected = case
    np.testing.assert_allclose(natural_breaks(values, 5), expected["breaks"][1:], rtol=1e-12)


def test_goodness_of_fit(case):
    values, expected = case
    classes = np.searchsorted(natural_breaks(values, 5), values)
    within = sum(((values[classes == number] - values[classes == number].mean()) ** 2).sum() for number in range(5))
    assert np.bincount(classes).tolist() == expected["counts"]
    assert 1 - within / ((values - values.mean()) ** 2).sum() == pytest.approx(expected["gvf"], rel=1e-12)
