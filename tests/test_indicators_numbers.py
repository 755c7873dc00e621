"""Cells become numbers in one way for the whole column, or not at all."""

import numpy as np
import pytest

from spatial.indicators._numbers import as_numbers, is_missing

THIN, NARROW, NO_BREAK = "\u2009", "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("cells", "numbers", "decimal"),
    [
        (["1.5", "-2", "3e2"], [1.5, -2, 300], "."),
        (["1,5", "2"], [1.5, 2], ","),
        ([f"19{NO_BREAK}765{NO_BREAK}004", "78,5"], [19765004, 78.5], ","),
        ([f"1{NARROW}234", f"2{THIN}345.5", "1 000"], [1234, 2345.5, 1000], "."),
        (["1,234,567", "12"], [1234567, 12], "."),
        (["1,234.5"], [1234.5], "."),
        (["1.234,5", "1.234"], [1234.5, 1234], ","),
        (["0,123", "1,234"], [0.123, 1.234], ","),  # a group of thousands does not begin with 0
        ([10, 2.5, "3"], [10, 2.5, 3], "."),
        (["\u22125", "+4"], [-5, 4], "."),
    ],
)
def test_one_reading(cells, numbers, decimal):
    found = as_numbers(cells)
    assert found.text == ()
    assert not found.open
    assert found.array.tolist() == numbers
    assert found.decimal == decimal


def test_one_group_of_thousands_leaves_it_open():
    assert as_numbers(["1,234", "12"]).open
    assert as_numbers(["1,234"], decimal=",").array.tolist() == [1.234]
    assert as_numbers(["1,234"], decimal=".").array.tolist() == [1234]


def test_points_are_doubtful_beside_decimal_commas():
    assert not as_numbers(["1.234", "12"]).open
    assert as_numbers(["1.234", "12"], commas=True).open
    assert not as_numbers(["1.23", "12"], commas=True).open


@pytest.mark.parametrize("cell", ["much", "78,8*", "1 2", "12%", "1.2.3", "nan", "inf", "1_000", True, "#N/A"])
def test_what_is_no_number(cell):
    assert as_numbers(["1", cell]).text == (1,)


def test_missing_codes_come_first():
    found = as_numbers(["-9", "…", "н/д", None, "5", -9.0], missing=(-9, "…", "н/д"))
    assert np.isnan(found.array).tolist() == [True, True, True, True, False, True]
    assert found.text == ()


def test_a_code_is_a_whole_cell():
    assert is_missing("-9.0", (-9,))
    assert not is_missing("-99", (-9,))
    assert not is_missing("x-", ("-",))
    assert not is_missing(0, ("",))


@pytest.mark.parametrize(("cell", "digits"), [("104.0", 1), ("99,39", 2), (2.5, 1), ("7", 0), ("1e-5", 5), ("1.25e3", 0), (3, 1)])
def test_printed_digits(cell, digits):
    decimal = "," if isinstance(cell, str) and "," in cell else None
    assert as_numbers([cell], decimal=decimal).digits[0] == digits
