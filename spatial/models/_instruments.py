"""Which columns stand in for those that depend on the errors: lags of the regressors, and what the user gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint, listed
from spatial.models._design import INTERCEPT
from spatial.models._tall import independent

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Instruments:
    """The instruments beyond the regressors, which are their own."""

    names: tuple[str, ...]
    matrix: Matrix  # (n, m), none of which follows from the regressors or the others
    dropped: tuple[str, ...]  # combinations of others

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know."""
        found: tuple[str, ...] = (f"Instruments besides the exogenous regressors: {', '.join(self.names) or 'none'}.",)
        if self.dropped:
            found += (
                f"Instruments that are combinations of the others were left out ({len(self.dropped)}): {listed(self.dropped)}.",
            )
        return found


def lagged_name(name: str, order: int) -> str:
    """W_INC, W2_INC, W3_INC."""
    return f"W_{name}" if order == 1 else f"W{order}_{name}"


def lags(weights: "csr_array", names: Sequence[str], matrix: Matrix, order: int) -> tuple[list[str], list[Matrix]]:
    """
    Lag columns 1 to `order` times.

    Parameters
    ----------
    weights
        W.
    names, matrix
        The columns, (n, m).
    order
        1, 2 or 3.

    Returns
    -------
    tuple
        Names and one matrix (n, m) for each order.
    """
    found, titles = [], []
    for each in range(1, order + 1):
        matrix = np.asarray(weights @ matrix)
        found.append(matrix)
        titles += [lagged_name(name, each) for name in names]
    return titles, found


def even_rows(weights: "csr_array") -> bool:
    """Tell whether the rows of all places with neighbours sum to the same: lagging an intercept then adds nothing."""
    sums = np.asarray(weights.sum(axis=1)).ravel()[np.diff(weights.tocsr().indptr) > 0]
    return bool(len(sums) == 0 or np.ptp(sums) <= 1e-12 * np.abs(sums).max())


def spatial_instruments(
    weights: "csr_array | None",
    names: Sequence[str],
    matrix: Matrix,
    *,
    order: int,
    exogenous: Matrix,
    present: Sequence[str] = (),
    given_names: Sequence[str] = (),
    given: Matrix | None = None,
    lag_given: bool = True,
) -> Instruments:
    """
    Build the instruments of a spatial model: W X, W^2 X, ..., the given ones and their lags.

    Parameters
    ----------
    weights
        W; None for a model without a spatial lag, whose instruments are the given ones.
    names, matrix
        The regressors to lag, (n, m), "Intercept" among them.
    order
        How often they are lagged: 2 is Kelejian and Prucha's choice and R's, 1 is spreg's.
    exogenous
        All exogenous regressors of the equation (with W X in a Durbin model), (n, k): instruments that follow from them are dropped.
    present
        Names of the exogenous regressors: those among the lags need no mention.
    given_names, given
        Further instruments Q, (n, q).
    lag_given
        Whether the lags of Q are instruments too, as in spreg.

    Returns
    -------
    Instruments
        Those that are independent, and the names of those that are not.

    Raises
    ------
    ModelError
        When there are as many as places.

    Notes
    -----
    The intercept is lagged only where the rows of W have different sums (R's `stsls` does the same; its `gstsls` and spreg
    never do); where they are the same, but some places have no neighbours, it is not, as in both. In a Durbin model
    W X is exogenous already, so give `order` + 1 and its names as `present`.

    References
    ----------
    Kelejian, H. H., Prucha, I. R. (1998). A generalized spatial two-stage least squares procedure for estimating a spatial
    autoregressive model with autoregressive disturbances. Journal of Real Estate Finance and Economics 17, 99-121.
    doi:10.1023/A:1007707430416.
    """
    own = np.empty((len(exogenous), 0)) if given is None else given
    titles, parts = list(given_names), [own]
    if weights is not None:
        left_out = even_rows(weights)
        kept = [place for place, name in enumerate(names) if not (name == INTERCEPT and left_out)]
        more, found = lags(weights, [names[place] for place in kept], matrix[:, kept], order)
        titles, parts = titles + more, parts + found
        if lag_given and own.shape[1]:
            more, found = lags(weights, list(given_names), own, order)
            titles, parts = titles + more, parts + found
    new = [place for place, title in enumerate(titles) if title not in present]
    titles, whole = [titles[place] for place in new], np.hstack(parts)
    whole = whole[:, new] if len(new) < whole.shape[1] else whole
    kept_places, dropped = independent(exogenous, whole)
    if exogenous.shape[1] + len(kept_places) >= len(exogenous):
        raise ModelError(
            complaint(
                "instruments",
                f"with the regressors there are {exogenous.shape[1] + len(kept_places)} for {len(exogenous)} places",
                "Expected fewer than places: otherwise they explain everything, and nothing is gained over least squares",
                "Lag fewer times, or leave out regressors",
            )
        )
    return Instruments(
        tuple(titles[place] for place in kept_places),
        np.ascontiguousarray(whole[:, kept_places]) if len(dropped) else whole,
        tuple(titles[place] for place in dropped),
    )


def enough(found: Instruments, endogenous: Sequence[str]) -> None:
    """
    Refuse fewer instruments than endogenous columns.

    Parameters
    ----------
    found
        The instruments.
    endogenous
        Names of the columns that depend on the errors.

    Raises
    ------
    ModelError
        When the model is not identified.
    """
    if len(found.names) < len(endogenous):
        raise ModelError(
            complaint(
                "instruments",
                f"there are {len(found.names)} ({listed(found.names)}) for {len(endogenous)} endogenous: {listed(endogenous)}",
                "Expected at least as many, none of which follows from the regressors or the others",
                "Give further instruments, or regressors whose spatial lags vary",
            )
        )
