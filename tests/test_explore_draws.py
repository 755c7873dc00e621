"""Draws of neighbours: each way has the right chances, repeats itself on any number of threads, tells how far it is and stops."""

from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array

from spatial import progress
from spatial.explore import _conditional, _permutations, _rotated
from spatial.explore._conditional import conditional
from spatial.explore._moments import constants, kurtosis, moran_variance
from spatial.explore._own import _dealt, _redrawn, _shuffled, taken
from spatial.explore._permutations import _many_orders, quadratic

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
        return progress.shared_out(work, tasks, words)

    for threads in (1, 2, 5):
        monkeypatch.setattr(progress, "cores", lambda threads=threads: threads)
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


def test_orders_dealt_out_in_rooms_have_the_moments_of_all_orders_and_are_independent():
    """On a lattice, whose links look alike everywhere, with values of a heavy tail."""
    side, count = 245, 992
    n = side * side
    number = np.arange(n).reshape(side, side)
    ends = np.concatenate(
        [np.stack([number[1:].ravel(), number[:-1].ravel()]), np.stack([number[:, 1:].ravel(), number[:, :-1].ravel()])], 1
    )
    matrix = csr_array((np.ones(2 * ends.shape[1]), (np.append(*ends), np.append(*ends[::-1]))), shape=(n, n))
    values = np.random.default_rng(8).lognormal(size=n)
    values -= values.mean()
    statistic = quadratic(matrix)
    found = np.concatenate(_many_orders(values, lambda block: statistic(block)[None], count, 1), axis=1)[0]
    sums = constants(matrix)
    z = (found * n / sums.s0 / (values @ values) + 1 / (n - 1)) / moran_variance(sums, kurtosis(values)) ** 0.5
    assert len(np.unique(z)) == count
    assert abs(z.mean()) < 4 / count**0.5
    assert z.std() == pytest.approx(1, abs=4 * (kurtosis(z - z.mean()) / count) ** 0.5 / 2)
    together = z.reshape(31, 32)  # orders dealt from one another stand in a row
    assert 0.4 < together.mean(axis=1).var(ddof=1) * 32 < 1.9  # 31 means of independent ones: 1 +- 0.26


@pytest.mark.parametrize("room", [300, 2_000])
def test_every_order_holds_every_value_once(room, monkeypatch):
    monkeypatch.setattr(_permutations, "_ROOM", room)
    values = np.arange(1_003.0)
    seen = []
    _many_orders(values, lambda block: seen.append(np.sort(block, axis=0)) or np.zeros((1, block.shape[1])), 100, 2)
    assert len(seen) == 13  # six times 16 orders, and four, by eights
    assert all((block == values[:, None]).all() for block in seen)


def test_progress_is_told_and_stops_the_work():
    values, matrix = np.random.default_rng(9).normal(size=5_000), linked(5_000, [4], equal=True)
    told = []
    with progress.telling(lambda done, total, words: told.append((done, total, words))):
        conditional(values, matrix, count=999, seed=0, exact="auto")
    assert told[-1][0] == told[-1][1] == len(told)
    assert told[0][2] == "Drawing neighbours"

    def interrupt(done, total, words):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), progress.telling(interrupt):
        conditional(values, matrix, count=999, seed=0, exact="auto")


def test_every_way_is_offered():
    assert set(_conditional._WAYS) == set(WAYS)


@pytest.mark.parametrize("equal", [True, False])
def test_as_many_places_are_significant_by_chance_as_with_draws_of_their_own(equal):
    """Over seeds: the number of places with p below 0.05 varies alike, and neighbours' errors of p are not related."""
    side, seeds = 10, 150
    row, column = np.divmod(np.arange(side**2), side)
    apart = np.maximum(abs(row[:, None] - row), abs(column[:, None] - column))
    random = np.random.default_rng(12)
    dense = (apart == 1) * (1.0 if equal else random.uniform(0.5, 2, apart.shape))
    matrix, values = csr_array(dense), random.exponential(size=side**2) ** 2
    values = values + matrix @ values / matrix.sum(axis=1)  # many places are near the threshold
    one, other = np.nonzero(apart == 1)
    counts, pairs = {}, {}
    for draws in WAYS:
        found = [
            conditional(values - values.mean(), matrix, count=199, seed=seed, exact="no", draws=draws) for seed in range(seeds)
        ]
        counts[draws] = np.array([(each.p("two-sided") < 0.05).sum() for each in found])
        greater = np.array([each.greater for each in found], float)
        errors = (greater - greater.mean(axis=0)) / np.maximum(greater.std(axis=0), 1e-9)
        pairs[draws] = (errors[:, one] * errors[:, other]).mean(axis=0)
    assert counts["rotated"].mean() == pytest.approx(counts["own"].mean(), abs=5 * counts["own"].std() * (2 / seeds) ** 0.5)
    assert abs(np.log(counts["rotated"].var() / counts["own"].var())) < 3.5 * (4 / (seeds - 1)) ** 0.5
    assert counts["shared"].var() > 2 * counts["own"].var()
    for draws in ("rotated", "own"):
        assert abs(pairs[draws].mean()) < 0.03
        assert pairs[draws].std() == pytest.approx(seeds**-0.5, rel=0.2)
    assert pairs["shared"].mean() > 0.2


@pytest.mark.parametrize(
    ("operation", "columns"),
    [
        ("moran", {"column": "v"}),
        ("geary", {"column": "v"}),
        ("getis_ord", {"column": "v"}),
        ("rate_moran", {"events": "ill", "population": "people"}),
    ],
)
def test_far_neighbours_are_gathered(monkeypatch, operation, columns):
    """Places in a random order give the same statistic and, of as many random orders, the same spread as places row by row."""
    import geopandas

    import spatial

    measure, options = getattr(spatial, operation), columns | {"permutations": 49_999}
    random, side = np.random.default_rng(8), 30
    number = random.permutation(side * side)
    points = geopandas.points_from_xy(1e3 * (number % side), 1e3 * (number // side))
    table = {"v": random.gamma(2, size=side * side), "people": random.integers(500, 900, side * side)}
    table["ill"] = random.binomial(table["people"], 0.1)
    names = [f"p{each:03d}" for each in range(side * side)]
    places = geopandas.GeoDataFrame(table, geometry=points, index=names, crs="EPSG:32642").rename_axis("place")
    graph = spatial.nearest(places, k=4)
    one = measure(places, graph, **options)
    monkeypatch.setattr(_permutations, "_FAR_APART", 100)
    other = measure(places, graph, **options)
    assert other.statistic == pytest.approx(one.statistic, rel=1e-12)
    assert other.simulated_sd == pytest.approx(one.simulated_sd, rel=0.05)
    assert other.simulated_mean != one.simulated_mean  # orders are dealt to other places
    assert other.p_permutation == pytest.approx(one.p_permutation, abs=0.03)
    if operation == "moran":
        assert other.lag.equals(one.lag)
    mixed = places.sample(frac=1, random_state=1)
    again = measure(mixed, graph, **options)
    assert (again.statistic, again.p_permutation) == (other.statistic, other.p_permutation)


def test_what_may_not_be_drawn_is_not_and_all_other_pairs_are_drawn_alike():
    """In sets that are redrawn a place is not left out beforehand but refused like a repetition."""
    but = np.repeat(np.arange(5, dtype=np.int32), 40_000)
    drawn = _redrawn(np.random.default_rng(0), 200_000, 2, 7, None, but)
    assert not (drawn == but).any()
    for place in range(5):
        first, second = drawn[:, but == place]
        counts = np.bincount(first * 7 + second, minlength=49)
        assert np.count_nonzero(counts) == 30  # 6 x 5, none twice
        assert np.abs(counts[counts > 0] - 40_000 / 30).max() < 5 * (40_000 / 30) ** 0.5
