"""The signature is the declaration: what it says is what every shell offers and checks."""

from typing import Annotated, Literal

import numpy as np
import pytest

from spatial.errors import StudyError
from spatial.options import Between, Column, Formula, converted, data_parameters, declared, parts_of, used


def example(
    places,
    graph=None,
    *,
    column: Column,
    columns: list[Column] | None = None,
    formula: Formula = "y ~ x",
    rule: Literal["queen", "rook"] = "queen",
    permutations: Annotated[int, Between(99, 999)] = 999,
    share: Annotated[float, Between(0, 1)] | None = None,
    exact: bool = True,
):
    """
    Show what a signature may say.

    Parameters
    ----------
    places
        The table.
    column
        The column of numbers,
        over two lines.
    rule
        Which rule.
    """
    return used(example, locals())


def test_declarations_are_read():
    options = {option.name: option for option in declared(example)}
    assert data_parameters(example) == ("places", "graph")
    assert {name: option.kind for name, option in options.items()} == {
        "column": "column",
        "columns": "columns",
        "formula": "formula",
        "rule": "choice",
        "permutations": "int",
        "share": "float",
        "exact": "bool",
    }
    assert options["column"].required
    assert options["column"].help == "The column of numbers, over two lines."
    assert options["rule"].choices == ("queen", "rook")
    assert (options["permutations"].low, options["permutations"].high) == (99, 999)
    assert options["share"].optional


def test_options_are_listed_as_used():
    assert example(None, column="a", permutations=99)["permutations"] == 99
    assert example(None, column="a")["rule"] == "queen"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("permutations", 5, "out of range.*from 99 to 999"),
        ("permutations", 99.5, "cannot be used.*a whole number"),
        ("permutations", True, "cannot be used"),
        ("rule", "quen", "Did you mean 'queen'"),
        ("share", "half", "cannot be used.*a number from 0 to 1"),
        ("exact", "perhaps", "true or false"),
        ("column", 3, "the name of a column"),
        ("share", float("nan"), "cannot be used"),
        # an operation goes on with what it was given, which would be text or no whole number
        ("permutations", "199", "'199' is of the type str. Expected a whole number"),
        ("permutations", 199.0, "199.0 is of the type float. Expected a whole number"),
        ("permutations", np.uint8(199), "of the type uint8. Expected a whole number"),
        ("share", "0.5", "'0.5' is of the type str. Expected a number"),
        ("exact", "no", "'no' is of the type str. Expected true or false"),
        ("columns", "a, b", "is of the type str. Expected a list of column names"),
    ],
)
def test_wrong_values_are_refused_with_what_is_expected(name, value, message):
    with pytest.raises(StudyError, match=message):
        example(None, **({"column": "a"} | {name: value}))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("permutations", "199", 199),
        ("exact", "no", False),
        ("exact", "TRUE", True),
        ("columns", "a, b", ["a", "b"]),
        ("share", "", None),
        ("share", "0.5", 0.5),
    ],
)
def test_texts_from_a_command_line_are_converted(name, text, value):
    option = next(each for each in declared(example) if each.name == name)
    assert converted(option, text, "test") == value


def test_an_annotation_no_study_file_could_write_is_our_mistake():
    def wrong(places, *, table: dict):
        pass

    with pytest.raises(TypeError, match="no study file could write"):
        declared(wrong)


class TestFieldAndFields:
    """A formula may be given as a field and a list of fields, as dialogs ask for it."""

    def option(self):
        return next(each for each in declared(example) if each.kind == "formula")

    @pytest.mark.parametrize(
        ("given", "written"),
        [
            ({"response": "y", "regressors": ["a", "b c"]}, "`y` ~ `a` + `b c`"),
            ({"response": "y", "regressors": "a,b"}, "`y` ~ `a` + `b`"),
            ({"response": "y", "regressors": []}, "`y` ~ 1"),
        ],
    )
    def test_written(self, given, written):
        assert converted(self.option(), given, "here") == written

    @pytest.mark.parametrize(
        "given", [{"response": "y"}, {"response": "y`", "regressors": ["a"]}, {"response": 1, "regressors": ["a"]}]
    )
    def test_refused(self, given):
        with pytest.raises(StudyError, match='response = "y", regressors ='):
            converted(self.option(), given, "here")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a, b", ["a", "b"]),
        ('"a, b"', ["a, b"]),
        (' "a, b" , c,"d ""e"""', ["a, b", "c", 'd "e"']),
        ('5" a, "b" c', ['5" a', '"b" c']),  # quotes that hold no part stay
        ("a,,b,", ["a", "", "b", ""]),
        (",a", ["", "a"]),
        ("", [""]),
        ("two\nlines,b", ["two\nlines", "b"]),
    ],
)
def test_a_list_is_split_at_commas_outside_of_quotes(text, parts):
    assert parts_of(text) == parts
