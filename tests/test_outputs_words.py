"""Numbers as a reader meets them."""

import math

import pytest

from spatial.outputs import words


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0, "<0.001"), (0.0004, "<0.001"), (0.0005, "0.001"), (0.05, "0.050"), (1.0, "1.000"), (math.nan, "–"), (None, "–")],
)
def test_p_as_journals_print_it(p, text):
    assert words.p_words(p) == text


def test_a_number_that_rounds_to_nothing_has_no_sign():
    assert words.fixed(-0.0004, 3) == "0.000"
    assert words.fixed(-0.0006, 3) == "−0.001"
    assert words.fixed(-math.inf, 3) == "−∞"


@pytest.mark.parametrize(
    ("values", "decimals"),
    [([0.61154], 3), ([343733.063], 0), ([8, 14104], 0), ([0.0, math.nan], 0), ([1e-12], None), ([1e13 + 0.5], None)],
)
def test_as_many_decimals_as_three_digits_need(values, decimals):
    assert words.decimals_for(values) == decimals


def test_options_are_not_padded_with_zeros():
    assert words.value_words(0.05) == "0.05"
    assert words.value_words({"transform": "r", "islands": 0}) == "Transform: r; Islands: 0"
    assert words.value_words(None) == "none"


def test_control_characters_go():
    assert words.cleaned("a\x00\x1b[31m\x85b\ud800\nc") == "a[31mb c"


def test_every_kind_of_nothing_is_missing():
    import pandas as pd

    assert all(words.is_missing(value) for value in (None, math.nan, pd.NA, pd.NaT))
    assert not any(words.is_missing(value) for value in (0, "", False, [], "nan"))
