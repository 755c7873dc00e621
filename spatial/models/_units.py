"""Units: response and regressors are divided by powers of two before anything is computed, weights of observations by their mean."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.errors import DataError, complaint, counted, listed
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


def roots_of(found: Design, column: str | None) -> Vector | None:
    """
    Take the square roots of weights of observations, scaled to a mean weight of 1.

    Raises
    ------
    DataError
        When a weight is 0 or negative.
    """
    if not column:
        return None
    values = found.extra[column]
    wrong = values <= 0
    if wrong.any():
        shown = [f"{label}: {value:g}" for label, value in zip(found.given.labels[wrong], values[wrong], strict=True)]
        raise DataError(
            complaint(
                f"column {column!r}",
                f"{counted(len(shown), 'weight of observations is', 'weights of observations are')} 0 or less: {listed(shown)}",
                "Expected positive weights, such as numbers of inhabitants or inverse variances",
                "Correct them, or leave these places out",
            )
        )
    return np.asarray(np.sqrt(values / values.mean()))
