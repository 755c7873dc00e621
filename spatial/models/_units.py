"""Units: response and regressors are divided by powers of two before anything is computed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.models._design import Design
from spatial.models._least_squares import unit

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scaled:
    """Response and regressors, each divided by a power of two near its size."""

    response: Vector
    matrix: Matrix
    response_unit: float
    matrix_units: Vector


def scaled(found: Design) -> Scaled:
    """Divide by units, so that y in billions gives the same digits as y in thousandths."""
    size = unit(found.response)
    units = np.array([unit(column) for column in found.matrix.T])
    return Scaled(found.response / size, found.matrix / units, size, units)
