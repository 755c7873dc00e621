"""Ward's hierarchy step by step: beside a search through all pairs, with ties, and stopped on the way."""

import numpy as np
import pytest

from spatial.clusters import _ward
from spatial.clusters._ward import ward_hierarchy
from spatial.progress import telling


def naive(values):
    """Merge the pair with the smallest height, of equal ones the first, after looking at all."""
    groups = {number: [number] for number in range(len(values))}
    steps = []
    numbers = {number: number for number in groups}
    while len(groups) > 1:
        best = min(
            (round(height(values[groups[one]], values[groups[other]]), 12), one, other)
            for one in groups
            for other in groups
            if one < other
        )
        _, one, other = best
        groups[one] += groups.pop(other)
        steps.append((*sorted((numbers[one], numbers[other])), best[0], len(groups[one])))
        numbers[one] = len(values) + len(steps) - 1
    return np.array(steps)


def height(one, other):
    away = one.mean(axis=0) - other.mean(axis=0)
    return float(np.sqrt(2 * len(one) * len(other) / (len(one) + len(other)) * (away**2).sum()))


TIED = {
    "steps of one": np.arange(30.0)[:, None],
    "steps of one the other way": np.arange(30.0)[::-1, None],
    "lattice": np.array([[x, y] for x in range(6) for y in range(5)], float),
    "few answers": np.random.default_rng(2).integers(1, 4, (40, 2)).astype(float),
    "all alike but one": np.array([[1.0]] * 12 + [[2.0]]),
    "pairs": np.repeat(np.random.default_rng(3).normal(size=(15, 3)), 2, axis=0),
    "no ties": np.random.default_rng(4).gamma(2, size=(30, 4)),
    "steps that grow": np.cumsum(np.arange(30.0))[:, None],
    "three": np.array([[0.0], [1.0], [5.0]]),
}


@pytest.mark.parametrize("rounds", [True, False])
@pytest.mark.parametrize("name", TIED)
def test_every_merge_is_the_best_there_is_and_of_equal_ones_the_first(name, rounds, monkeypatch):
    """Whichever of the two ways to look for neighbours finds the merges."""
    monkeypatch.setattr(_ward, "_FEW", 8 if rounds else 1_000)
    monkeypatch.setattr(_ward, "_WORTHWHILE", 1_000)
    values = (TIED[name] - TIED[name].mean(axis=0)) / TIED[name].std(axis=0, ddof=1)
    found, expected = ward_hierarchy(values), naive(values)
    assert found[:, [0, 1, 3]].tolist() == expected[:, [0, 1, 3]].tolist()
    np.testing.assert_allclose(found[:, 2], expected[:, 2], atol=2e-12)


@pytest.mark.parametrize("columns", [1, 3, 15])
def test_rounds_and_chains_find_the_same_merges(columns, monkeypatch):
    values = np.random.default_rng(columns).lognormal(size=(700, columns))
    values = np.concatenate([values, values[:50]]) / values.std(axis=0)
    found = ward_hierarchy(values)
    monkeypatch.setattr(_ward, "_WORTHWHILE", 0)
    chained = ward_hierarchy(values)
    assert (found == chained).all()
    assert (found[:50, 2] == 0).all()


def test_few_groups_looked_at_give_the_same_merges(monkeypatch):
    """Where the tree is not certain of a neighbour, all groups are looked at."""
    values = np.random.default_rng(7).normal(size=(300, 5))
    found = ward_hierarchy(values)
    monkeypatch.setattr(_ward, "_BESIDE", 2)
    monkeypatch.setattr(_ward, "_BLOCK", 500)
    monkeypatch.setattr(_ward, "_ASKED", 70)
    assert (ward_hierarchy(values) == found).all()


def test_a_chain_through_all_places():
    """Each place is nearest to the next one, so that the first merge is found at the far end."""
    values = np.cumsum(np.arange(3_000, 0, -1.0))[:, None]
    steps = ward_hierarchy(values / values.std())
    assert steps[0].tolist() == [2_998, 2_999, pytest.approx(1 / values.std()), 2]
    assert (np.diff(steps[:, 2]) >= 0).all()
    assert steps[-1, 3] == 3_000


@pytest.mark.parametrize("equal_steps", [True, False])
def test_it_tells_how_far_it_is_and_stops(equal_steps):
    values = np.arange(3_000.0)[:, None] / 1_000 if equal_steps else np.random.default_rng(1).normal(size=(3_000, 3))
    told = []

    def stop(*each):
        told.append(each)
        if len(told) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), telling(stop):
        ward_hierarchy(values)
    assert {words for _, _, words in told} == {"Merging groups"}
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert {total for _, total, _ in told} == {3_000}
