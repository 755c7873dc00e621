"""Residuals of records, averaged by place, and what they say about neighbours."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import DataError, complaint, counted, listed
from spatial.models._least_squares import LeastSquares
from spatial.models._survey_errors import Within
from spatial.models._tables import Test
from spatial.models._tests import dependence_tests
from spatial.places import aligned, checked

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

Vector = NDArray[np.float64]

#: Mean residuals below this share of the residuals are nothing but rounding.
NOTHING = 1e-9
_COLUMN = "mean residual"


@dataclass(frozen=True, eq=False)
class AtPlaces:
    """What the places show: mean residuals and numbers of records, tests, and what has to be said of them."""

    residuals: "pd.Series[Any] | None"  # None where all are 0
    records: "pd.Series[Any]"
    tests: dict[str, Test]
    moran: float | None = None
    p_permutation: float | None = None
    notes: tuple[str, ...] = ()


def at_places(found: Within, places: "GeoDataFrame", graph: "Graph | None", *, permutations: int, seed: int) -> AtPlaces:
    """
    Average residuals by place and test whether neighbours are alike.

    Parameters
    ----------
    found
        The regression, whose sample names the place of each record.
    places
        The table of places.
    graph
        Weights with the same labels; without it nothing is tested.
    permutations, seed
        For the p of Moran's I.

    Returns
    -------
    AtPlaces
        Mean residuals (NaN where a place has no records), tests and notes.

    Raises
    ------
    DataError
        When records name places that are not there.

    Notes
    -----
    The residuals hold what the absorbed factors explain no more. Moran's I is that of any variable, with all orders of the
    places tried where they are few. The LM tests take mean residuals, mean response and mean regressors of the places as if
    they were a regression of places; as they are not, and as means of few records vary more, they are a rough check.
    """
    import pandas as pd

    places, names = checked(places), found.sample.places
    assert names is not None
    names, how = _labelled(names, places)
    residuals = pd.Series(found.fit.residuals / found.rows * found.size)
    groups = residuals.groupby(names.to_numpy())
    means, counts = groups.mean().reindex(places.index), groups.size().reindex(places.index, fill_value=0)
    without = places.index[counts == 0]
    notes = [*how]
    notes += (
        [f"{counted(len(without), 'place has', 'places have', of=len(places))} no records: {listed(without, 10)}."]
        if len(without)
        else []
    )
    nowhere = int(names.isna().sum())
    notes += (
        [
            f"{counted(nowhere, 'record names no place: it is', 'records name no place: they are')} in the regression, not in the mean residuals."
        ]
        if nowhere
        else []
    )
    empty = AtPlaces(means, counts, {}, notes=tuple(notes))
    if means.abs().max() <= NOTHING * residuals.abs().max():
        words = (
            "Absorbing a factor that holds the places leaves every place a mean residual of 0: there is nothing to test in them."
        )
        return AtPlaces(None, counts, {}, notes=(*notes, words))
    if graph is None:
        return empty
    if len(places) - len(without) < 3:
        return AtPlaces(means, counts, {}, notes=(*notes, "Fewer than three places have records: their residuals were not tested."))
    return _tested(found, names, places, graph, empty, permutations=permutations, seed=seed)


def _labelled(names: "pd.Series[Any]", places: "GeoDataFrame") -> "tuple[pd.Series[Any], list[str]]":
    """Find the places by their labels or, when not all are there, by one other column in which all are."""
    wanted = names.dropna().unique()
    unknown = [name for name in wanted if name not in places.index]
    if not unknown:
        return names, []
    for title in places.columns:
        column = places[title]
        if title == places.geometry.name or not column.is_unique or not all(isinstance(each, str) for each in column):
            continue
        labels = dict(zip(column, places.index, strict=True))
        if all(name in labels for name in wanted):
            return names.map(labels, na_action="ignore"), [f"Records name places as in the column {title!r} of the places."]
    count = int(names.isin(unknown).sum())
    raise DataError(
        complaint(
            "records",
            f"{count} of {len(names)} {'names a place that is' if count == 1 else 'name places that are'} not there: {listed(sorted(unknown), 10)}",
            f"Places are called {listed(places.index, 10)}",
            "Correct the names, or use a column of the records that names the places",
        )
    )


def _tested(
    found: Within, names: "pd.Series[Any]", places: "GeoDataFrame", graph: "Graph", empty: AtPlaces, *, permutations: int, seed: int
) -> AtPlaces:
    from spatial.explore import moran

    table = places[[places.geometry.name]].assign(**{_COLUMN: empty.residuals})
    given = aligned(table, graph, _COLUMN, missing="drop")
    if given.weights.nnz == 0:
        return AtPlaces(empty.residuals, empty.records, {}, notes=(*empty.notes, "No places with records are neighbours."))
    told = moran(table, graph, column=_COLUMN, permutations=permutations, seed=seed, missing="drop")
    tests: dict[str, Test] = {
        "Moran residuals": (told.z, float("nan"), told.p),
        "Moran residuals, permutation": (told.statistic, float("nan"), told.p_permutation),
    }
    lagrange = _lagrange(found, names, given)
    tests |= lagrange
    notes = [*empty.notes, "The residuals were averaged by place before they were tested; the LM tests of means are a rough check."]
    notes += [each for each in told.notes if each not in notes and "have no value" not in each]
    if not lagrange:
        notes.append("The LM tests were left out: there are too few places for the regressors.")
    return AtPlaces(empty.residuals, empty.records, tests, told.statistic, told.p_permutation, tuple(notes))


def _lagrange(found: Within, names: "pd.Series[Any]", given: Any) -> dict[str, Test]:
    """Test the means of the places as a regression of places would be tested."""
    import pandas as pd

    sample = found.sample
    table = pd.DataFrame(np.column_stack([sample.response / found.size, sample.matrix])).groupby(names.to_numpy()).mean()
    means = table.loc[given.labels].to_numpy()
    whole = np.column_stack([np.ones(len(means)), means[:, 1:]])
    basis, sizes, _ = np.linalg.svd(whole / np.maximum(np.linalg.norm(whole, axis=0), np.finfo(float).tiny), full_matrices=False)
    basis = basis[:, sizes > 1e-9 * sizes[0]]
    if len(means) <= basis.shape[1]:
        return {}
    residuals = given.vector / found.size
    residuals = residuals - residuals.mean()
    fit = LeastSquares(np.empty(0), residuals, basis, np.empty((0, 0)))
    tests = dependence_tests(fit, means[:, 0], whole, given.weights, intercept=True)
    return {name: tests[name] for name in ("LM lag", "LM error")}
