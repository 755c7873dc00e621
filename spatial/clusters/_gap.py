"""How much tighter groups are than in random numbers without groups."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from spatial.clusters._groups import Array, Whole, most_groups, within
from spatial.progress import one_thread, told_as

if TYPE_CHECKING:
    import pandas as pd

MOST_PLACES = 2_000  # in the data and each set of random numbers


def gaps(values: Array, references: int, seed: int, group: Callable[[Array, int], Whole]) -> "pd.DataFrame | None":
    """
    Compare the logarithm of the within sum of squares with that of random numbers.

    They are spread evenly over a box turned to the main axes.
    Tibshirani, Walther and Hastie (2001), doi:10.1111/1467-9868.00293, section 3, reference (b). Of more than 2,000 places as
    many are drawn.
    """
    import pandas as pd

    if not references:
        return None
    random = np.random.default_rng([seed, 2001])
    if len(values) > MOST_PLACES:
        values = values[np.sort(random.choice(len(values), MOST_PLACES, replace=False))]
    centred = values - values.mean(axis=0)
    with one_thread():  # more of them would add up in another order
        _, _, turned = np.linalg.svd(centred, full_matrices=False)
        along = centred @ turned.T
        boxes = [random.uniform(along.min(axis=0), along.max(axis=0), along.shape) @ turned for _ in range(references)]
    counts = range(1, most_groups(values) + 1)
    expected, found, error = np.empty((3, len(counts)))
    for at, count in enumerate(counts):
        with told_as(at, len(counts), "Comparing with random numbers"):
            found[at] = _logarithm(centred, count, group)
            logs = np.array([_logarithm(box - box.mean(axis=0), count, group) for box in boxes])
        expected[at], error[at] = logs.mean(), logs.std() * np.sqrt(1 + 1 / references)
    gap = expected - found
    enough = gap[:-1] >= gap[1:] - error[1:]
    chosen = int(np.argmax(enough)) if enough.any() else len(counts) - 1
    table = {"log_within": found, "expected": expected, "gap": gap, "error": error, "chosen": np.arange(len(counts)) == chosen}
    return pd.DataFrame(table, index=pd.Index(counts, name="groups"))


def _logarithm(values: Array, count: int, group: Callable[[Array, int], Whole]) -> float:
    labels = np.zeros(len(values), np.int64) if count == 1 else group(values, count)
    inside = within(values, labels)
    return float(np.log(inside)) if inside > 0 else -np.inf
