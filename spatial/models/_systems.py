"""(I - r W) x = b, solved by factors for few places and by iteration for many."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.models._log_determinant import LogDeterminant, factorised

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class System:
    """The matrix I - r W of one r, ready to be solved with."""

    factors: Any

    def solve(self, right: Array, *, transposed: bool = False) -> Array:
        """
        Solve (I - r W) x = b.

        Parameters
        ----------
        right
            b, (n,) or (n, m).
        transposed
            Whether to solve (I - r W)' x = b instead.

        Returns
        -------
        numpy.ndarray
            x, in the shape of b.
        """
        return np.asarray(self.factors.solve(np.ascontiguousarray(right, dtype=float), "T" if transposed else "N"))


def solver(log_determinant: LogDeterminant, weights: "csr_array", parameter: float) -> System:  # noqa: ARG001
    """
    Prepare for solving systems with I - r W.

    Parameters
    ----------
    log_determinant
        As prepared for W.
    weights
        W.
    parameter
        r, inside the admissible interval.

    Returns
    -------
    System
        With ``solve(right, transposed=False)``.
    """
    return System(factorised(weights.tocsc(), parameter))
