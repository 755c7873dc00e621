"""What every operation that makes groups hands back, and how it is put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.clusters._agreement import adjusted_rand, group_text
from spatial.clusters._groups import (
    Array,
    Whole,
    choices,
    profile,
    profile_standardised,
    silhouettes,
    texts,
    too_many,
    within,
)
from spatial.clusters._reading import reading
from spatial.errors import DataError, complaint, counted, listed
from spatial.places import Aligned, columns_checked
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

#: Unless asked for, stability is measured with so many resamples, up to so many places.
RESAMPLES, MOST_RESAMPLED = 100, 2_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Grouping(Result):
    """Groups of places, and how good they are."""

    cluster: "pd.Series[Any]" = shown("Group", theme="categories")
    silhouette_places: "pd.Series[Any]" = shown("Silhouette")
    profile: "pd.DataFrame" = shown("Means of the groups, in the columns' own units")
    profile_standardised: "pd.DataFrame" = shown(
        "Means of the groups, in standard deviations from the mean of all places", figure="profiles"
    )
    choice: "pd.DataFrame" = shown("Groupings into more and more groups")
    stability: "pd.DataFrame | None" = shown("Stability of the groups when the data are drawn anew", required=False)
    groups: int = shown("Groups")
    silhouette: float = shown("Mean silhouette")
    within: float = shown("Sum of squares within groups")
    between: float = shown("Sum of squares between groups")
    total: float = shown("Total sum of squares")
    share_between: float = shown("Share of the sum of squares between groups")
    adjusted_rand: float | None = shown("Agreement with the other grouping (adjusted Rand index)", required=False)
    crossed: "pd.DataFrame | None" = shown("Places in these groups and in those of the other grouping", required=False)


def parts(
    given: Aligned,
    columns: Sequence[str],
    values: Array,
    labels: Whole,
    *,
    method: str,
    cuts: dict[int, Whole],
    summed: Callable[[Whole], float] | None = None,
    seed: int = 0,
    other: "np.ndarray[Any, Any] | None" = None,
    stability: "pd.DataFrame | None" = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """
    Work out what all groupings are measured by.

    Parameters
    ----------
    given
        The places that take part.
    columns
        The indicators.
    values
        Them, standardised.
    labels
        The group of each place from 0, numbered as they are shown.
    method
        What made the groups, for the first words of a sentence.
    cuts
        Groupings into more and more groups, for the choice.
    summed
        What is added up within groups, where that is not the sum of squares.
    seed
        Of the draw of silhouettes.
    other
        Another grouping of the same places, as text.
    stability
        Of each group, where it was measured.
    notes
        What else is to be said, after what is said of the places.

    Returns
    -------
    dict
        Fields of a ``Grouping``.
    """
    width = silhouettes(values, [labels], seed)[0]
    means = profile(given, columns, labels)
    inside = summed(labels) if summed else within(values, labels)
    total = summed(np.zeros_like(labels)) if summed else float((values**2).sum())
    mean = float(np.nanmean(width))
    choice = choices(values, cuts, seed)
    if summed:
        choice = choice.drop(columns="share_between").rename(columns={"within": "within_squares"})
        sums = np.array([summed(cuts[count]) for count in cuts])
        choice.insert(0, "within", sums)
        choice.insert(1, "share_between", 1 - sums / total)
    agreement = None if other is None else adjusted_rand(labels, other)
    return {
        "observations": len(values),
        "notes": (*given.notes, *notes, *too_many(len(values), width)),
        "reading": reading(
            method, means, columns, 1 - inside / total, mean, choice=choice, stability=stability, agreement=agreement
        ),
        "cluster": given.series(texts(labels), fill="No data"),
        "silhouette_places": given.series(width),
        "profile": means,
        "profile_standardised": profile_standardised(values, columns, labels),
        "choice": choice,
        "stability": stability,
        "groups": int(labels.max()) + 1,
        "silhouette": mean,
        "within": inside,
        "between": total - inside,
        "total": total,
        "share_between": 1 - inside / total,
        "adjusted_rand": agreement,
        "crossed": None if other is None else _crossed(labels, other),
    }


def other_grouping(places: "GeoDataFrame", given: Aligned, column: str | None) -> "np.ndarray[Any, Any] | None":
    """
    Take another grouping to compare with.

    Parameters
    ----------
    places
        The table, its index as ``given`` has it.
    given
        The places that take part.
    column
        The column; None for no comparison.

    Returns
    -------
    numpy.ndarray or None
        A text for each place that takes part.

    Raises
    ------
    DataError
        When there is no such column, or a place has no group in it.
    """
    if column is None:
        return None
    columns_checked(places, [column])
    found = places[column].set_axis(places.index.map(str)).loc[given.labels]
    without = found.index[found.isna()]
    if len(without):
        raise DataError(
            complaint(
                f"column {column!r}",
                f"{counted(len(without), 'place has', 'places have', of=len(found))} no group: {listed(without)}",
                "Expected a group for each place to compare with",
                "Fill the gaps, or leave the comparison out",
            )
        )
    return np.array([group_text(value) for value in found], dtype=object).astype(str)


def resamples_used(asked: int | None, places: int, most: int | None = None) -> tuple[int, tuple[str, ...]]:
    """
    Tell how often data are drawn anew to measure stability.

    Parameters
    ----------
    asked
        The option; None for the usual number where that takes moments.
    places
        How many places.
    most
        Up to how many places stability is measured though nobody said so; None for the usual number.

    Returns
    -------
    tuple
        The number, and what to say where there are none though nobody said so.
    """
    if asked is not None:
        return asked, ()
    most = MOST_RESAMPLED if most is None else most
    if places > most:
        return 0, (f"Stability was not measured: there are more than {most:,} places. Set resamples to measure it.",)
    return RESAMPLES, ()


def _crossed(labels: Whole, other: "np.ndarray[Any, Any]") -> "pd.DataFrame":
    import pandas as pd

    return pd.crosstab(pd.Series(texts(labels), name="group"), pd.Series(other, name="other"))
