"""What a mean, its standard deviation and the number of answers allow."""

import csv
import math

import numpy as np
import pytest
from outside import ROOT, shared

from spatial.errors import DataError
from spatial.indicators import ColumnRecipe, TableRecipe, join
from spatial.indicators.plausibility import Printed, Reported, judged, largest_deviation, leftovers, most_answers


def printed(text):
    return Printed(value=float(text), digits=len(text.partition(".")[2]))


def test_the_bound_is_reached_by_two_kinds_of_answers():
    answers = np.array([0.0] * 3 + [100.0] * 5)
    exact = Printed(value=answers.mean(), digits=12)
    assert largest_deviation(exact, 8) == pytest.approx(answers.std(ddof=1), rel=1e-9)
    assert math.isnan(largest_deviation(printed("101"), 8))


def test_the_bound_allows_for_the_printed_digits():
    assert largest_deviation(printed("0"), None) == pytest.approx(math.sqrt(0.5 * 99.5))
    assert not judged("x", [Reported(name="a", mean=printed("0"), deviation=printed("5"), answers=400)])[0]


def test_without_the_number_of_answers_few_make_it_possible():
    assert most_answers(printed("50"), printed("50")) == math.inf
    impossible, odd = judged("x", [Reported(name="a", mean=printed("50.0"), deviation=printed("52.0"))])
    assert impossible == ()
    assert odd == ("'x', a: mean 50.0 with SD 52.0 is possible for 13 answers or fewer only.",)
    assert judged("x", [Reported(name="a", mean=printed("50.0"), deviation=printed("104"))])[0]


def answers(zeros, ones, codes, code, first):
    values = np.array([first] * zeros + [first + 1] * ones + [code] * codes, float)
    shares = 100 * (values - first)
    return Printed(value=round(shares.mean(), 2), digits=2), Printed(value=round(shares.std(ddof=1), 2), digits=2)


@pytest.mark.parametrize(("code", "first"), [(-9, 1), (-8, 1), (-7, 0), (99, 1), (9, 0), (-99, 0)])
def test_a_left_over_code_is_found_again(code, first):
    mean, deviation = answers(61, 37, 2, code, first)
    found = leftovers(mean, deviation, 100)
    assert (61, 37, 2, code, first) in {(each.zeros, each.ones, each.coded, each.code, each.first) for each in found}


def test_two_codings_that_count_alike_are_both_told():
    mean, deviation = answers(40, 59, 1, -8, 1)  # -8 counted from 1 weighs as much as -9 counted from 0
    found = leftovers(mean, deviation, 100)
    assert {(-8, 1), (-9, 0)} <= {(each.code, each.first) for each in found}
    impossible, _ = judged("x", [Reported(name="a", mean=mean, deviation=deviation, answers=100)])
    assert f"{len(found)} sets of whole answers give both numbers" in impossible[0]


def test_numbers_that_no_code_explains():
    impossible, odd = judged("x", [Reported(name="a", mean=printed("50.00"), deviation=printed("77.77"), answers=100)])
    assert "No whole numbers of answers" in impossible[0]
    assert odd == ()


def test_shares_are_judged_on_their_scale():
    assert judged("x", [Reported(name="a", mean=printed("0.5"), deviation=printed("0.9"), answers=100)], scale=1)[0]
    assert not judged("x", [Reported(name="a", mean=printed("0.5"), deviation=printed("0.5"), answers=100)], scale=1)[0]


def rows_of(name):
    path = ROOT / "maps" / "kazakhstan-readiness" / "printed.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Reported(name=row["region"], mean=printed(row[name]), deviation=printed(row[f"{name}_sd"]), answers=int(row["n"]))
        for row in rows
    ]


def test_the_printed_table_is_found_out():
    with shared("data", "published", "seed001_table2_reconstruction.csv").open(encoding="utf-8", newline="") as file:
        known = list(csv.DictReader(file))
    expected = {
        (row["indicator"], row["region"]): (int(row["yes_code1"]), int(row["no_code2"]), int(row["dont_know_code_minus9"]))
        for row in known
        if row["dont_know_code_minus9"] != "0"
    }
    found = {}
    for indicator in ("digital", "environment", "innovation"):
        for row in rows_of(indicator):
            if judged(indicator, [row])[0] and row.name != "National":
                (only,) = leftovers(row.mean, row.deviation, row.answers)
                assert (only.code, only.first) == (-9, 1)
                found[indicator, row.name] = (only.zeros, only.ones, only.coded)
    assert found == expected


def test_the_words_say_what_was_found():
    impossible, odd = judged("environment", rows_of("environment"))
    north = next(sentence for sentence in impossible if "North" in sentence)
    assert "42 answers coded 1, 89 coded 2 and one -9 counted as -1000" in north
    assert "share of NO, and 42 of 132 (31.8%) answered YES" in north
    national = next(sentence for sentence in impossible if "National" in sentence)
    assert "Of 3 sets of whole answers that give both numbers, one is coded like the other rows" in national
    assert len(impossible) == 4
    assert "all of it is the share of the answer coded 2" in odd[0]


@pytest.mark.parametrize("policy", ["error", "note"])
def test_the_policy(grid, tmp_path, policy):
    (tmp_path / "t.csv").write_text("key,mean,sd,n\ncell 00,59.8,104.0,132\ncell 01,50.4,50.18,137\n", encoding="utf-8")
    mean = ColumnRecipe(name="mean", source="mean", title="Mean", kind="percent", deviation="sd", count="n")
    recipe = TableRecipe(table=tmp_path / "t.csv", key="key", columns={"mean": mean}, implausible=policy)
    if policy == "note":
        assert sum("is impossible" in finding for finding in join(grid.iloc[:2], recipe).findings) == 1
        return
    with pytest.raises(
        DataError, match=r"'mean', cell 00 \(row 2\): mean 59.8 with SD 104.0 is impossible for 132 values.*implausible = .note."
    ):
        join(grid.iloc[:2], recipe)
