"""What connected regions are made of."""

from dataclasses import dataclass

from spatial.clusters._groups import Array, Whole


@dataclass(frozen=True, slots=True)
class Land:
    """What regions are made of: who is next to whom, values, what each place counts, and what each region must hold."""

    near: list[list[int]]
    pairs: Whole
    values: Array
    weights: Array
    minimum: float


def land(pairs: Whole, values: Array, weights: Array, minimum: float) -> Land:
    """Put together what regions are made of; sums that miss the minimum by their last digit reach it."""
    near: list[list[int]] = [[] for _ in range(len(values))]
    for one, other in pairs.tolist():
        near[one].append(other)
        near[other].append(one)
    return Land(near, pairs, values, weights, minimum * (1 - 1e-12))
