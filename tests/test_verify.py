"""What counts as another number."""

import pytest

from spatial.verify import _equal, _pairs


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"a": {"statistic": 1e-15}}, {"a": {"statistic": 1.1e-15}}, False),
        ({"a": {"statistic": 1.0}}, {"a": {"statistic": 1.0 + 1e-11}}, True),
        ({"a": {"statistic": 1.0}}, {"a": {"statistic": 1.0 + 1e-8}}, False),
        ({"a": {"residuals": {"x": 1e-15, "y": 5.0}}}, {"a": {"residuals": {"x": -2e-15, "y": 5.0}}}, True),
        (
            {"a": {"tests": {"Wald": {"statistic": 3e5, "p": 1e-9}}}},
            {"a": {"tests": {"Wald": {"statistic": 3e5, "p": 2e-9}}}},
            False,
        ),
        ({"a": {"p": None}}, {"a": {"p": 0.5}}, False),
        ({"a": {"notes": ["one"]}}, {"a": {"notes": ["one", "two"]}}, False),
        ({"a": {"exact": True}}, {"a": {"exact": 1}}, True),
    ],
)
def test_numbers_are_the_same_within_nine_digits(before, after, same):
    assert all(_equal(one, other, largest) for _, one, other, largest in _pairs(before, after, "", 0.0)) is same
