"""How far does likeness reach? Moran's I step by step, or distance by distance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from spatial.errors import DataError, ModelError, StudyError, complaint, counted, in_words
from spatial.explore._moments import LEAST, centred, constants, kurtosis, moran_variance, neighbours_of
from spatial.explore._permutations import by_chance, order_words, quadratic
from spatial.explore._significance import Array, benjamini_hochberg, deviate, normal_p
from spatial.options import Between, Column, used
from spatial.places import Missing, aligned, is_local
from spatial.results import Result, shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

_BAND = (0.025, 0.975)  # between which 95 percent of the permutations lie
_ALPHA = 0.05  # only for words


@dataclass(frozen=True, kw_only=True, eq=False)
class Correlogram(Result):
    """Moran's I of each lag, with the band in which it would lie by chance."""

    table: "pd.DataFrame" = shown("Moran's I by lag", figure="correlogram")
    by: str = shown("Lags by")
    permutations: int = shown("Permutations")
    seed: int = shown("Seed")
    alternative: str = shown("Alternative")


def correlogram(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    column: Column,
    by: Literal["order", "distance"] = "order",
    steps: Annotated[int, Between(1, 50)] = 5,
    width: Annotated[float, Between(0, 1e12)] | None = None,
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    permutations: Annotated[int, Between(99, 99_999)] = 999,
    exact: Literal["auto", "no"] = "auto",
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> Correlogram:
    """
    Show how far likeness reaches: Moran's I of neighbours, of their neighbours, and so on (correlogram).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is whose neighbour, and with what weight; for distances only how weights are standardised.
    column
        The numbers to look at.
    by
        Whether a lag is a number of steps in the graph ("order") or a band of distances ("distance").
    steps
        How many lags.
    width
        How wide a band of distances is, in metres, with by = "distance" alone; by default the smallest distance that leaves nobody alone.
    alternative
        Whether either kind of pattern counts, only alike places ("greater"), or only unlike ones ("less").
    permutations
        How many random orders of the values are tried; not used where all orders are.
    exact
        Whether all orders are tried where there are at most 50,000 of them (up to 8 places).
    seed
        Where the random numbers start; the same seed gives the same numbers.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    Correlogram
        ``table`` has a row for each lag: ``nearest`` and ``farthest`` (steps, or metres), ``links``, ``places`` that have any,
        Moran's I as in ``moran`` (``statistic, expected, variance, z, p, p_permutation``), ``p_adjusted`` over the lags
        (Benjamini-Hochberg), and ``low`` and ``high``, between which 95 percent of the permutations lie.

    Raises
    ------
    StudyError
        When a width is given for lags that are steps.
    DataError
        When labels do not match, a value is missing or no number, or no two places are as near as the last lag.
    ModelError
        When there are fewer than 4 places, all values are equal, or no lag has two places with values.

    Notes
    -----
    Steps and distances are those of all places, also through ones that are left out for want of a value. Lags that no two
    places with values have are not in the table. All lags see the same permutations. Places without neighbours at a lag count
    in n; spdep's ``sp.correlogram`` may leave them out. The band holds for each lag by itself.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981). Spatial Processes: Models and Applications. Pion, London, chapter 5.

    Examples
    --------
    >>> import geopandas, libpysal.graph, spatial
    >>> from shapely import box
    >>> row = [box(1000 * x, 0, 1000 * x + 1000, 1000) for x in range(5)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 3, 4, 5]}, geometry=row, index=list("abcde"), crs="EPSG:32642")
    >>> graph = libpysal.graph.Graph.build_contiguity(places, rook=True)
    >>> spatial.correlogram(places, graph, column="value", steps=3).table["statistic"].round(3).tolist()
    [0.5, -0.167, -1.0]
    """
    import pandas as pd

    options = used(correlogram, locals())
    if by == "order" and width is not None:
        raise StudyError(
            complaint(
                "correlogram, option 'width'",
                "lags by order are steps in the graph and have no width",
                'Expected by = "distance"',
                "Leave width out, or set by",
            )
        )
    given = neighbours_of(places, graph, column, missing)
    deviation = centred(given.vector)
    shape, rows = kurtosis(deviation), []
    lags = _orders(places, graph, steps) if by == "order" else _bands(places, graph, steps, width)
    for nearest, farthest, lag in lags:
        matrix = aligned(places, lag, column, missing=missing, least=LEAST).weights
        if not matrix.nnz:  # only places that are left out lie so far apart
            continue
        sums, products = constants(matrix), quadratic(matrix)
        scale = sums.n / sums.s0 / float(deviation @ deviation)

        def index(values: Array, scale: float = scale, products: Any = products) -> Array:
            found: Array = scale * products(values)
            return found

        reference = by_chance(deviation, index, permutations=permutations, seed=seed, exact=exact)
        found, expected = float(index(deviation[:, None])[0]), -1 / (sums.n - 1)
        variance = moran_variance(sums, shape)
        z = float(deviate(found, expected, variance, abs(found) + abs(expected)))
        low, high = np.quantile(reference.values, _BAND)
        rows.append(
            {
                "nearest": nearest,
                "farthest": farthest,
                "links": int(matrix.nnz),
                "places": int(np.count_nonzero(np.diff(matrix.indptr))),
                "statistic": found,
                "expected": expected,
                "variance": variance,
                "z": z,
                "p": float(normal_p(z, alternative)),
                "p_permutation": reference.p(found, alternative),
                "low": low,
                "high": high,
            }
        )
    if not rows:
        raise _no_lag(len(given.labels), steps)
    table = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="lag"))
    table.insert(10, "p_adjusted", benjamini_hochberg(table["p_permutation"].to_numpy()))
    notes = (*given.notes, order_words(reference, len(given.labels)))
    notes += (f"Only {len(rows)} of {steps} lags have any links.",) if len(rows) < steps else ()
    return Correlogram(
        operation="correlogram",
        options=options | {"graph": given.graph},
        observations=len(given.labels),
        notes=notes,
        reading=_reading(column, len(given.labels), table, by, "local units" if is_local(places) else "m"),
        table=table,
        by=by,
        permutations=len(reference.values),
        seed=seed,
        alternative=alternative,
    )


def _no_lag(count: int, steps: int) -> ModelError:
    return ModelError(
        complaint(
            "graph",
            f"no two of the {count} places with values are apart by {counted(steps, 'lag')} or less",
            "A correlogram compares places at each lag",
            "Ask for more or wider lags, or fill gaps",
        )
    )


def _orders(places: "GeoDataFrame", graph: "Graph", steps: int) -> "Iterator[tuple[float, float, Graph]]":
    """Give the graph itself, then those of more and more steps, standardised alike."""
    from spatial.weights import higher_order

    yield 1, 1, graph
    for order in range(2, steps + 1):
        try:
            found = higher_order(places, graph, order=order, islands="keep", transform=_transform(graph))
        except DataError:  # no two places are so many steps apart
            return
        yield order, order, found


def _bands(places: "GeoDataFrame", graph: "Graph", steps: int, width: float | None) -> "Iterator[tuple[float, float, Graph]]":
    """Give the graphs of the pairs in each band of distances."""
    from spatial.weights import difference, distance_band

    step = width or _nearest_that_leaves_nobody_alone(places)
    before = None
    for number in range(1, steps + 1):
        try:
            band = distance_band(places, threshold=number * step, islands="keep", transform=_transform(graph))
        except DataError:  # no two places are so near
            if number == steps:
                raise
            continue
        try:
            found = band if before is None else difference(places, [band, before], islands="keep", transform=_transform(graph))
        except DataError:  # no two places are as far apart as in this band
            continue
        finally:
            before = band
        yield (number - 1) * step, number * step, found


def _nearest_that_leaves_nobody_alone(places: "GeoDataFrame") -> float:
    from spatial.weights import edges, nearest

    return float(edges(places, nearest(places, k=1))["distance"].max())


def _transform(graph: "Graph") -> Literal["r", "b", "d", "v", "o"]:
    kind = str(graph.transformation).lower()
    return kind if kind in ("r", "b", "d", "v") else "b"  # type: ignore[return-value]


def _reading(column: str, n: int, table: "pd.DataFrame", by: str, unit: str) -> tuple[str, ...]:
    words = [in_words(end, unit) if by == "distance" else counted(int(end), "step") for end in table["farthest"].tolist()]
    out = (table["p_adjusted"] <= _ALPHA).to_numpy()
    alike = out & (table["statistic"] > table["expected"]).to_numpy()
    reach = int(np.argmin(alike)) if not alike.all() else len(alike)
    first = f"Moran's I of {column} over {n} places is {table['statistic'].iloc[0]:.3f} at the first lag and {table['statistic'].iloc[-1]:.3f} at the last of {len(table)}."
    second = (
        f"Places are alike, beyond what chance gives, up to {words[reach - 1]} (p adjusted for the number of lags)."
        if reach
        else "Already at the first lag no likeness can be told from chance."
    )
    return (first, second, "Lags are not independent of each other: likeness over short distances carries on to longer ones.")
