"""Classes whose bounds a person can work out, and what holds for all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.outputs.class_breaks import METHODS, class_breaks, class_counts, goodness, pretty

VALUES = np.array([1.0, 2, 2, 3, 4, 10, 11, 30])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("natural", [1, 4, 11, 30]),
        ("fisher", [1, 7, 20.5, 30]),
        ("maximum", [1, 7, 20.5, 30]),
        ("hierarchical", [1, 7, 20.5, 30]),
        ("equal", [1, 1 + 29 / 3, 1 + 58 / 3, 30]),
        ("quantile", [1, 7 / 3, 8, 30]),
        ("pretty", [0, 10, 20, 30]),
        ("head-tail", [1, 63 / 8, 17, 30]),
        ("box", [1, 2, 3.5, 10.25, 10.25 + 1.5 * 8.25, 30]),
    ],
)
def test_bounds_by_hand(method, expected):
    assert class_breaks(VALUES, method, 3).tolist() == pytest.approx(expected)


def test_standard_deviations_are_round_numbers_of_them():
    bounds = class_breaks(VALUES, "deviation", 5)
    steps = (bounds - VALUES.mean()) / VALUES.std(ddof=1)
    np.testing.assert_allclose(steps, np.arange(-1, 2.6, 0.5), atol=1e-12)


def test_counts_and_goodness_by_hand():
    bounds = np.array([1.0, 2, 10, 30])
    assert class_counts(VALUES, bounds).tolist() == [3, 3, 2]
    assert class_counts(VALUES, bounds, closed="lower").tolist() == [1, 4, 3]
    assert goodness(np.array([0.0, 0, 6, 6]), np.array([0.0, 3, 6])) == 1
    assert goodness(np.array([0.0, 2, 4, 6]), np.array([0.0, 3, 6])) == pytest.approx(1 - 4 / 20)


@pytest.mark.parametrize("method", METHODS)
@given(values=st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=1, max_size=40), count=st.integers(2, 9))
def test_every_value_is_in_one_class(method, values, count):
    values = np.array(values)
    bounds = class_breaks(values, method, count)
    slack = 1e-9 * max(1.0, np.abs(values).max())
    assert bounds[0] <= values.min() + slack
    assert bounds[-1] >= values.max() - slack
    assert (np.diff(bounds[1:]) > 0).all()
    assert bounds[0] <= bounds[1]
    assert class_counts(values, bounds).sum() == len(values)
    mixed = np.random.default_rng(0).permutation(values)
    np.testing.assert_array_equal(class_breaks(mixed, method, count), bounds)
    if method in ("natural", "fisher", "quantile", "equal", "maximum", "hierarchical"):
        assert len(bounds) <= max(count, 1) + 1


@given(values=st.lists(st.integers(-50, 50), min_size=3, max_size=30), count=st.integers(2, 6))
def test_no_classes_fit_better_than_natural_ones(values, count):
    values = np.array(values, float)
    if np.ptp(values) == 0:
        return
    best = goodness(values, class_breaks(values, "natural", count))
    for method in ("quantile", "equal", "maximum", "hierarchical"):
        assert goodness(values, class_breaks(values, method, count)) <= best + 1e-9


def test_many_zeros_are_a_class_of_their_own():
    values = np.array([0.0] * 6 + [1, 2, 3, 4])
    bounds = class_breaks(values, "quantile", 4)
    assert bounds.tolist() == [0, 0, 1.75, 4]
    assert class_counts(values, bounds).tolist() == [6, 1, 3]


def test_pretty_of_next_to_nothing():
    assert pretty(1.0, 1.0 + 1e-16 + 2**-52, 5)[0] <= 1.0
    assert pretty(0.0, 1.0, 1).tolist() == [0, 1]


@pytest.mark.parametrize("method", METHODS)
def test_maps_are_cut_as_the_study_says(method):
    import pandas as pd

    from spatial.outputs.themes import class_numbers, theme

    column = pd.Series([*VALUES, np.nan], index=list("abcdefghi"), name="income")
    made = theme(column, "sequential", id="income", title="Income", classes=method, count=7)
    bounds = class_breaks(VALUES, method, 7)
    assert [each.high for each in made.classes[:-1]] == bounds[1:].tolist()
    assert [each.count for each in made.classes[:-1]] == class_counts(VALUES, bounds).tolist()
    assert made.classes[-1].label == "No data"
    assert made.method == METHODS[method]
    assert len({each.colour for each in made.classes}) == len(made.classes)
    assert np.bincount(class_numbers(made, column), minlength=len(made.classes)).tolist() == [each.count for each in made.classes]


def test_a_study_names_the_classes_of_a_map(tmp_path):
    from spatial.errors import StudyError
    from spatial.study import read_study

    text = '[places]\nboundaries = "libpysal:columbus"\nkey = "POLYID"\n[places.columns.CRIME]\nclasses = "{}"\nclass_count = {}\n'
    (tmp_path / "study.toml").write_text('title = "Crime"\n' + text.format("box", 6))
    column = read_study(tmp_path / "study.toml").places.columns["CRIME"]
    assert (column.classes, column.class_count) == ("box", 6)
    (tmp_path / "study.toml").write_text('title = "Crime"\n' + text.format("quantiles", 12))
    with pytest.raises(
        StudyError, match=r"(?s)classes = 'quantiles' is not known. Did you mean 'quantile'.*class_count = 12.*2 to 9"
    ):
        read_study(tmp_path / "study.toml")
