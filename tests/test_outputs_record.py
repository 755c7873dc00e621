"""run.json."""

import json
import math

import numpy as np
import pytest
from reading_atlas import atlas

from spatial.errors import OutputError
from spatial.outputs.record import write_record


def test_every_digit_survives_and_nan_becomes_null(tmp_path):
    record = {"b": 0.1 + 0.2, "a": math.nan, "series": np.array([1.5, np.inf]), "text": "Қарағанды", "deep": {"n": np.int64(3)}}
    path = write_record(atlas(record=record), tmp_path / "new" / "run.json")
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == {"b": 0.30000000000000004, "a": None, "series": [1.5, "Inf"], "text": "Қарағанды", "deep": {"n": 3}}
    assert list(json.loads(text)) == ["b", "a", "series", "text", "deep"]  # the order it was put together in
    assert text.endswith("}\n")


def test_a_name_that_is_no_text_is_still_written(tmp_path):
    path = write_record(atlas(record={"file": "broken\udcff.csv"}), tmp_path / "run.json")
    assert json.loads(path.read_text(encoding="utf-8"))["file"].startswith("broken")


def test_what_cannot_be_written_is_said(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        write_record(atlas(), tmp_path / "taken" / "run.json")
