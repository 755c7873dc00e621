"""Draws of neighbours: each way has the right chances, repeats itself on any number of threads, tells how far it is and stops."""

from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array

from spatial.explore import _conditional, _rotated, _workers
from spatial.explore._conditional import conditional
from spatial.explore._own import _dealt, _redrawn, _shuffled, taken
from spatial.explore._permutations import _composed, by_chance, quadratic

WAYS = ("rotated", "own", "shared")


def linked(n, degrees, *, equal, seed=0):
    """A directed graph in which place i has as many neighbours as its turn in ``degrees`` says."""
    random = np.random.default_rng(seed)
    counts = np.resize(degrees, n)
    rows = np.repeat(np.arange(n), counts)
    columns = np.concatenate(
        [np.sort(random.choice(np.delete(np.arange(n), place), count, replace=False)) for place, count in enumerate(counts)]
    )
    matrix = csr_array((np.ones(len(rows)) if equal else random.uniform(0.2, 2, len(rows)), (rows, columns)), shape=(n, n))
    matrix.sort_indices()
    return matrix


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("draws", WAYS)
def test_each_way_has_the_chances_of_all_sets(draws, equal, shares):
    """Eight places: all sets of neighbours can be tried, so the right p is known."""
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
    table = np.stack([values, values**2]) if shares else values
    share = np.stack([np.linspace(-2, 2, 8), np.ones(8)]) if shares else None
    matrix = linked(8, [1, 2, 3, 4], equal=equal)
    exact = conditional(table, matrix, count=99_999, seed=0, exact="auto", share=share)
    assert exact.exact.all()
    sampled = conditional(table, matrix, count=20_000, seed=1, exact="no", draws=draws, share=share)
    for alternative in ("less", "greater"):
        right, found = exact.p(alternative), sampled.p(alternative)
        assert (np.abs(found - right) <= 5 * np.sqrt(right * (1 - right) / 20_000) + 1e-4).all()


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("draws", ["rotated", "shared"])
def test_many_places_have_the_chances_of_draws_of_their_own(draws, equal):
    n, count = 4_500, 400
    values, matrix = np.random.default_rng(2).gamma(1.5, size=n), linked(n, [1, 3, 6], equal=equal)
    own = conditional(values, matrix, count=count, seed=1, exact="no", draws="own").p("greater")
    found = conditional(values, matrix, count=count, seed=1, exact="no", draws=draws).p("greater")
    error = np.sqrt(2 * np.maximum(own * (1 - own), 4 / count) / count)
    assert np.abs((found - own) / error).max() < 6
    assert abs(np.mean(found - own)) < (0.002 if draws == "rotated" else 0.03)


def test_a_place_with_very_many_neighbours_has_the_same_chances():
    n = 4_500
    values, matrix = np.random.default_rng(3).normal(size=n), linked(n, [2], equal=True).tolil()
    matrix[5, :300] = 1.0
    matrix[5, 5] = 0.0
    matrix = csr_array(matrix.tocsr())
    matrix.eliminate_zeros()
    one, other = (
        conditional(values, matrix, count=999, seed=4, exact="no", draws=way).p("greater")[5] for way in ("rotated", "own")
    )
    assert one == pytest.approx(other, abs=5 * np.sqrt(2 * 0.25 / 999))


def test_no_place_ever_draws_itself():
    """Only the place's own value is above 0: its neighbours' sum is 0 in every draw."""
    for n in (20, 4_200):
        matrix = linked(n, [3], equal=True)
        values = np.zeros(n)
        values[7] = 1.0
        values[matrix.indices[matrix.indptr[7] : matrix.indptr[8]]] = 0.0
        for draws in WAYS:
            found = conditional(values, matrix, count=500, seed=0, exact="no", draws=draws)
            assert found.less[7] == found.greater[7] == 500


@pytest.mark.parametrize("n", [300, 5_000])
@pytest.mark.parametrize("draws", WAYS)
def test_the_number_of_threads_changes_nothing(monkeypatch, draws, n):
    values, matrix = np.random.default_rng(5).normal(size=n), linked(n, [2, 5], equal=False)
    found = []

    def always(work, tasks, words, *, threads):
        return _workers.shared_out(work, tasks, words)

    for threads in (1, 2, 5):
        monkeypatch.setattr(_workers, "cores", lambda threads=threads: threads)
        monkeypatch.setattr(_rotated, "shared_out", always)
        found.append(conditional(values, matrix, count=199, seed=6, exact="no", draws=draws))
    for other in found[1:]:
        assert (found[0].less == other.less).all()
        assert (found[0].greater == other.greater).all()


def test_the_errors_of_two_places_are_hardly_related():
    """Places with the same neighbours' sum: p that share draws are equal, p of turned circles scatter as if drawn apart."""
    n = 60
    rows = np.arange(n)
    matrix = csr_array(
        (np.ones(2 * n), (np.repeat(rows, 2), np.column_stack([(rows + 1) % n, (rows - 1) % n]).ravel())), shape=(n, n)
    )
    matrix.sort_indices()
    values = np.tile([1.0, 2.0, 3.0], 20)
    error = {}
    for draws in ("rotated", "own", "shared"):
        p = (
            np.array(
                [conditional(values, matrix, count=199, seed=seed, exact="no", draws=draws).greater[::3] for seed in range(60)]
            )
            / 199
        )
        pairs = np.corrcoef(p.T)
        error[draws] = pairs[~np.eye(20, dtype=bool)].mean()
    assert abs(error["rotated"]) < 0.05
    assert abs(error["own"]) < 0.05
    assert error["shared"] > 0.5


@pytest.mark.parametrize("draw", [_dealt, _shuffled, _redrawn, taken])
def test_all_pairs_are_drawn_alike(draw):
    drawn = draw(np.random.default_rng(7), 60_000, 2, 6)
    assert (drawn[0] != drawn[1]).all()
    counts = np.bincount(drawn[0] * 6 + drawn[1], minlength=36)[
        [one * 6 + two for one in range(6) for two in range(6) if one != two]
    ]
    assert np.abs(counts - 2_000).max() < 5 * 2_000**0.5
    assert len(list(combinations(range(6), 2))) * 2 == len(counts)


def test_composed_orders_have_the_moments_of_all_orders():
    values, matrix = np.random.default_rng(8).normal(size=400), linked(400, [4], equal=True)
    values -= values.mean()
    statistic = quadratic(matrix)
    plain = by_chance(values, statistic, permutations=4_000, seed=1, exact="no").values
    composed = np.concatenate(_composed(values, lambda block: statistic(block)[None], 4_000, 1), axis=1)[0]
    assert len(composed) == 4_000
    assert len(np.unique(composed)) == 4_000
    assert composed.mean() == pytest.approx(plain.mean(), abs=5 * plain.std() * (2 / 4_000) ** 0.5)
    assert composed.std() == pytest.approx(plain.std(), rel=0.08)


def test_progress_is_told_and_stops_the_work():
    values, matrix = np.random.default_rng(9).normal(size=5_000), linked(5_000, [4], equal=True)
    told = []
    with _workers.telling(lambda done, total, words: told.append((done, total, words))):
        conditional(values, matrix, count=999, seed=0, exact="auto")
    assert told[-1][0] == told[-1][1] == len(told)
    assert told[0][2] == "Drawing neighbours"

    def interrupt(done, total, words):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), _workers.telling(interrupt):
        conditional(values, matrix, count=999, seed=0, exact="auto")


def test_every_way_is_offered():
    assert set(_conditional._WAYS) == set(WAYS)
