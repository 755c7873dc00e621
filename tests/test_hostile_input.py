"""Input that was made to do harm: it is refused with a message, soon, and nothing of it is run."""

import pytest

from spatial.errors import StudyError
from spatial.models._formula import parsed
from spatial.models._terms import too_many_terms
from spatial.options import converted, declared


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ " + " * ".join("abcdefghijklmnopqrs"),  # half a million terms
        "y ~ ((a + b + c + d + e + f + g + h + i + j)**4)**4",  # 386 terms, found among twenty thousand million
        "y ~ " + " + ".join(f"x{number}" for number in range(1_200)),
    ],
)
def test_a_formula_that_opens_into_too_many_terms_is_refused_before_it_is_opened(formula):
    with pytest.raises(StudyError, match="more than 1,000 terms"):
        parsed(formula)


def test_terms_are_counted_without_those_that_are_the_same():
    assert not too_many_terms("y ~ " + " + ".join(["x"] * 1_500))
    assert not too_many_terms("y ~ (((a + b + c + d)**4)**4)**4")
    assert len(parsed("y ~ (a + b + c + d + e + f + g + h + i + j)**4").terms) == 386


@pytest.mark.parametrize("value", [float("inf"), "inf", 10**400, "1e999", "9" * 5_000, int("9" * 4_000)])
def test_a_number_beyond_all_bounds_is_no_number(value):
    def moran(*, permutations: int = 999, alpha: float = 0.05) -> None:
        """Take numbers."""

    for option in declared(moran):
        with pytest.raises(StudyError, match="cannot be used") as caught:
            converted(option, value, "moran")
        assert len(str(caught.value)) < 400
