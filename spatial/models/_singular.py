"""Equations that have no solution are a complaint with a reason, wherever in a model they turn up."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from spatial.errors import ModelError, complaint


@contextmanager
def solvable(operation: str) -> Iterator[None]:
    """
    Turn a singular matrix into a complaint.

    Parameters
    ----------
    operation
        Which model, for the complaint.

    Raises
    ------
    ModelError
        When what is computed in this block meets a singular matrix.
    """
    try:
        yield
    except np.linalg.LinAlgError:
        raise ModelError(
            complaint(
                operation,
                "its equations have no single solution: at some value of the spatial parameters, regressors, their lags or instruments"
                " follow from one another",
                "Expected more places than that, and a graph that links most of them",
                "Use fewer regressors or instruments, more places or another graph",
            )
        ) from None
