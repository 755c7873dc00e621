"""Regressors of the neighbours: which columns are lagged, what they are called, and where they stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint, listed, nearest_name
from spatial.models._design import INTERCEPT, Design, Whole, checked_design

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Row sums that differ by less, relative to the largest, are the same.
EVEN = 1e-12


@dataclass(frozen=True, eq=False)
class Roles:
    """Where each regressor and its lag stand among the coefficients."""

    names: tuple[str, ...]  # the regressors without the intercept
    own: NDArray[np.intp]
    lag: NDArray[np.intp]  # -1 where a regressor has no lag

    @property
    def lags(self) -> int:
        """How many regressors have a lag."""
        return int((self.lag >= 0).sum())


def roles_of(names: Sequence[str], regressors: Sequence[str]) -> Roles:
    """
    Find each regressor and its lag among the names of the coefficients.

    Parameters
    ----------
    names
        Of all coefficients.
    regressors
        Of the formula, without the intercept.

    Returns
    -------
    Roles
        Positions.
    """
    places = {name: place for place, name in enumerate(names)}
    return Roles(
        tuple(regressors),
        np.array([places[name] for name in regressors], dtype=np.intp),
        np.array([places.get(f"W_{name}", -1) for name in regressors], dtype=np.intp),
    )


def with_lags(found: Design, lagged: Sequence[str] | None, spatial: int) -> Design:
    """
    Add W X to a design.

    Parameters
    ----------
    found
        Response and X, aligned with a graph.
    lagged
        Columns of the table, or columns of X, whose lags are added; None for all. A column of X made of several columns of the
        table is lagged when all of them are named.
    spatial
        How many spatial parameters the model has.

    Returns
    -------
    Design
        With columns "W_..." after the others. The lag of the intercept is among them where it tells places apart: not
        where all rows of W that have neighbours sum to the same, as in R (spatialreg goes by the style "W").

    Raises
    ------
    ModelError
        When a name is none of the regressors', one of them begins with W_, or the lags are collinear with the rest.
    """
    weights = found.given.weights
    if weights.nnz == 0:
        raise ModelError(complaint("graph", "there are no links", "Expected places that have neighbours", "Build another graph"))
    taken = [name for name in found.names if name.startswith("W_")]
    if taken:
        raise ModelError(
            complaint(
                f"regressor {listed(taken)}",
                "in a model with lagged regressors, names that begin with W_ are those of lags",
                "Expected other names for the columns of the formula",
                "Rename the columns",
            )
        )
    chosen = [name for name in found.names if _chosen(name, found, lagged)]
    if lagged is not None:
        _known(found, lagged)
    elif INTERCEPT in found.names and not _even(weights):
        chosen.insert(0, INTERCEPT)
    if not chosen:
        raise ModelError(
            complaint("regressors", "there are none whose lag could be taken", "Expected at least one besides the intercept")
        )
    positions = [found.names.index(name) for name in chosen]
    whole = found.whole
    if whole is not None and whole.weights is not None:
        whole = Whole(whole.given, np.column_stack([whole.matrix, whole.weights @ whole.matrix[:, positions]]), whole.known)
    lagged_design = replace(
        found,
        names=(*found.names, *(f"W_{name}" for name in chosen)),
        matrix=np.column_stack([found.matrix, weights @ found.matrix[:, positions]]),
        whole=whole,
        columns={**found.columns, **{f"W_{name}": found.columns.get(name, frozenset()) for name in chosen}},
    )
    checked_design(lagged_design, spatial)
    return lagged_design


def _chosen(name: str, found: Design, lagged: Sequence[str] | None) -> bool:
    if name == INTERCEPT:
        return False
    return lagged is None or name in lagged or (bool(found.columns[name]) and found.columns[name] <= set(lagged))


def _known(found: Design, lagged: Sequence[str]) -> None:
    names = {name for name in found.names if name != INTERCEPT} | {each for made in found.columns.values() for each in made}
    wrong = [name for name in lagged if name not in names]
    if wrong:
        raise ModelError(
            "\n".join(
                complaint("option 'lagged'", f"{name!r} is no regressor", nearest_name(name, sorted(names))) for name in wrong
            )
        )


def _even(weights: "csr_array") -> bool:
    sums = np.asarray(weights.sum(axis=1)).ravel()
    sums = sums[np.diff(weights.indptr) > 0]
    return bool(np.ptp(sums) <= EVEN * np.abs(sums).max())
