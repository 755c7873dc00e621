"""Natural breaks beside those of mapclassify, whose search is the same, and beside every way to cut a few values."""

import warnings
from itertools import combinations

import numpy as np
import pytest

from spatial.outputs.natural_breaks import natural_breaks


def within(values, uppers):
    classes = np.searchsorted(uppers, values)
    return sum(((values[classes == number] - values[classes == number].mean()) ** 2).sum() for number in np.unique(classes))


def drawn(kind, seed, n=60):
    random = np.random.default_rng(seed)
    return {
        "uniform": random.uniform(0, 1, n),
        "skewed": np.exp(random.normal(0, 2, n)),
        "ties": random.integers(0, 12, n).astype(float),
        "negative": random.normal(-5, 3, n),
        "large": random.gamma(2, 1e12, n),
        "small": random.gamma(2, 1e-12, n),
    }[kind]


KINDS = ("uniform", "skewed", "ties", "negative", "large", "small")


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_as_good_as_mapclassify(kind, count):
    """Theirs computes in single precision, so that it may stop a hair above the best; ours is never above it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mapclassify = pytest.importorskip("mapclassify")
        values = drawn(kind, 1)
        theirs = mapclassify.FisherJenks(values, k=count).bins
    ours = natural_breaks(values, count)
    assert within(values, ours) <= within(values, theirs) * (1 + 1e-12)
    assert within(values, ours) == pytest.approx(within(values, theirs), rel=1e-4)
    if kind != "ties":  # equally good cuts
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_no_cut_is_better(kind, count, seed):
    values = drawn(kind, seed, 14)
    distinct = np.unique(values)
    if len(distinct) <= count:
        pytest.fail("the drawn values are too few to be cut")
    every = [within(values, np.array([*cut, distinct[-1]])) for cut in combinations(distinct[:-1], count - 1)]
    assert within(values, natural_breaks(values, count)) == pytest.approx(min(every), rel=1e-9)
