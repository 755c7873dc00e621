"""Which method computes log |I - r W| of a graph, what it does once, and between which limits r may lie."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint, counted
from spatial.models._design import Design
from spatial.models._from_links import coordinates_from
from spatial.models._limits import EXACT_LIMITS, SMALL, by_eigenvalues, extremes
from spatial.models._log_determinant import LogDeterminant
from spatial.models._memory import available
from spatial.models._multifrontal import Fronts, planned
from spatial.models._symmetry import Similar, similar

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Method = Literal["auto", "eigen", "cholesky", "lu", "chebyshev"]

#: Up to here dense eigenvalues are quicker than the elimination for each r.
EIGEN_SYMMETRIC, EIGEN_DIRECTED = 700, 400
#: Beyond this, dense eigenvalues take gigabytes and the best part of an hour.
MOST_EIGENVALUES = 10_000
#: More work than this for one r (some hours) is not begun unasked.
MOST_WORK = 2e14
#: Work / n^1.5 of a graph whose neighbours are near one another is some 20 to 40; far more, and other coordinates are tried.
FAR_TOO_MUCH = 100.0
#: From here on the centres of the places help to order a factorisation.
ORDERED = 1_000
#: From here on estimators without a likelihood take random traces for the average impacts.
ROUGH = 20_000
NAMES = {
    "eigen": "all eigenvalues",
    "cholesky": "Cholesky elimination by nested dissection, exact",
    "lu": "LU elimination by nested dissection, exact",
    "chebyshev": "traces of polynomials measured with random vectors, an approximation",
}


def determinant_of(places: "GeoDataFrame", found: Design, method: Any, *, searched: bool = True) -> LogDeterminant:
    """
    Prepare the log-determinant, in the order that the places' positions suggest where there are many of them.

    An estimator that does not search it needs its derivative for the average impacts alone: for many places random traces do.
    """
    if not searched and method == "auto" and len(found.response) > ROUGH:
        return prepared(found.given.weights, "chebyshev", quickly=True)
    coordinates = None
    if len(found.response) > ORDERED:
        import shapely

        shapes = np.asarray(places.geometry.array)[places.index.map(str).get_indexer(found.given.labels)]
        points = (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all()
        centres = shapes if points else shapely.centroid(shapes)
        coordinates = np.column_stack([shapely.get_x(centres), shapely.get_y(centres)])
    return prepared(found.given.weights, method, coordinates)


def prepared(matrix: "csr_array", method: Method, coordinates: Vector | None = None, *, quickly: bool = False) -> LogDeterminant:
    """
    Set the log-determinant up for one graph.

    Parameters
    ----------
    matrix
        The weights W, (n, n); any style, directed or not, with or without islands.
    method
        ``"eigen"``: all eigenvalues; ``"cholesky"``: exact, for weights that are a symmetric matrix with rows scaled; ``"lu"``:
        exact, for any; ``"chebyshev"``: random traces, with a stated error; ``"auto"``: the quickest exact one, and random traces
        only where the exact ones would not fit in memory.
    coordinates
        Where the places are, (n, 2): neighbours should be near one another. They make an elimination quicker and change no
        number beyond rounding.
    quickly
        Whether the interval may be the one that is sure from the largest row, narrower than need be: for estimators that search no
        interval.

    Returns
    -------
    LogDeterminant
        To be given to the functions of `_log_determinant`.

    Raises
    ------
    ModelError
        When the graph has no links, a place is its own neighbour, the method is not for such weights or does not fit in memory.

    Notes
    -----
    The admissible interval is 1 / range of the (real parts of the) eigenvalues, as in spatialreg.

    References
    ----------
    Ord, K. (1975). Estimation methods for models of spatial interaction. JASA 70, 120-126. doi:10.1080/01621459.1975.10480272.
    Bivand, R., Hauke, J., Kossowski, T. (2013). Computing the Jacobian in Gaussian spatial autoregressive models.
    Geographical Analysis 45, 150-179. doi:10.1111/gean.12008.
    Pace, R. K., Barry, R. (1997). Sparse spatial autoregressions. Statistics & Probability Letters 33, 291-297.
    doi:10.1016/S0167-7152(96)00140-X.
    """
    _checked(matrix)
    twin = similar(matrix)
    n = matrix.shape[0]
    basis = matrix if twin is None else twin.matrix
    kind, found, fronts, notes = _chosen(method, basis, twin, coordinates)
    notes = [f"Log-determinant: {NAMES[kind]} (method {kind!r}).", *notes]
    bound = float(np.abs(matrix).sum(axis=1).max())  # no eigenvalue is further from 0 than the largest row
    if found is not None:
        smallest, largest = float(found.real.min()), float(found.real.max())
    elif quickly:
        smallest, largest = -bound, bound
        notes.append("The limits of the spatial parameter are those that the largest row of weights makes sure.")
    else:
        smallest, largest = extremes(basis, matrix, symmetric=twin is not None)
        if n > EXACT_LIMITS:
            notes.append("The limits of the spatial parameter were found by iteration and moved inwards by what it left open.")
    if smallest > -SMALL * bound or largest < SMALL * bound:
        notes.append(
            "The graph has no eigenvalues of both signs, so one limit of the spatial parameter is set by the largest row of weights."
        )
    low = 1 / smallest if smallest < -SMALL * bound else -1 / bound
    high = 1 / largest if largest > SMALL * bound else 1 / bound
    if kind == "chebyshev" and twin is None:
        circle = high if (matrix.data >= 0).all() else 1 / bound  # one over the largest eigenvalue in size: Perron and Frobenius
        if low < -circle:
            notes.append(
                f"The series for directed weights converges down to {-circle:.4g}: below, to {low:.4g}, nothing was searched."
            )
        low, high = max(low, -circle), min(high, circle)
    return LogDeterminant(
        method=kind,
        low=low,
        high=high,
        size=n,
        eigenvalues=found,
        matrix=basis.tocsr(),
        symmetric=twin is not None,
        scale=None if twin is None else twin.scale,
        notes=tuple(notes),
        fronts=fronts,
    )


def _chosen(
    method: Method, basis: "csr_array", twin: Similar | None, coordinates: Vector | None
) -> tuple[Literal["eigen", "cholesky", "lu", "chebyshev"], "NDArray[np.complex128] | None", Fronts | None, list[str]]:
    """Choose a method, and do what it does once."""
    n, asked = basis.shape[0], method
    if method == "auto" and n <= (EIGEN_DIRECTED if twin is None else EIGEN_SYMMETRIC):
        method = "eigen"
    if method == "eigen":
        if n > MOST_EIGENVALUES:
            what = f"all eigenvalues of {n:,} places would take about {3 * 8 * n**2 / 1e9:,.0f} GB"
            expected = f"Expected at most {MOST_EIGENVALUES:,} places"
            raise ModelError(complaint("log_determinant", what, expected, 'Set log_determinant = "lu", which is as exact'))
        return "eigen", by_eigenvalues(basis, symmetric=twin is not None), None, []
    if method == "chebyshev":
        return "chebyshev", None, None, []
    if method == "cholesky" and twin is None:
        raise ModelError(
            complaint(
                "log_determinant",
                "'cholesky' needs weights that are a symmetric matrix with rows scaled, and these are not, as with nearest neighbours",
                "Expected w_ij and w_ji that are both 0 or both not",
                'Set log_determinant = "lu", which is as exact',
            )
        )
    kind: Literal["cholesky", "lu"] = "lu" if twin is None or method == "lu" else "cholesky"
    fronts = _planned(basis, coordinates, symmetric=kind == "cholesky")
    room = available()
    if fronts.bytes <= room and (asked != "auto" or fronts.flops <= MOST_WORK):
        return kind, None, fronts, []
    needed = f"elimination would take about {fronts.bytes / 1e9:,.1f} GB and {fronts.flops / 1e9:,.0f} thousand million operations for each value"
    if asked == "auto":
        return "chebyshev", None, None, [f"The exact {needed}; {room / 1e9:,.1f} GB are free."]
    raise ModelError(
        complaint(
            "log_determinant",
            f"{needed}, and {room / 1e9:,.1f} GB are free",
            "Expected a graph of near neighbours, or a smaller one",
            'Set log_determinant = "chebyshev", an approximation, or use fewer neighbours',
        )
    )


def _planned(basis: "csr_array", coordinates: Vector | None, *, symmetric: bool) -> Fronts:
    """Plan along the coordinates given, or along steps through the graph where these are none or do not suit the graph."""
    from scipy.sparse import csr_array

    n, first = basis.shape[0], None
    if coordinates is not None and np.isfinite(coordinates).all():
        first = planned(basis, coordinates, symmetric=symmetric)
        if first.flops <= FAR_TOO_MUCH * n**1.5:
            return first
    pattern = csr_array((np.ones(basis.nnz), basis.indices, basis.indptr), shape=basis.shape)
    second = planned(basis, coordinates_from(pattern if symmetric else csr_array(pattern + pattern.T)), symmetric=symmetric)
    return second if first is None or second.flops < first.flops else first


def _checked(matrix: "csr_array") -> None:
    if matrix.nnz == 0:
        raise ModelError(
            complaint(
                "graph",
                "there are no links",
                "Expected places that have neighbours",
                "Build the graph with a larger distance or more neighbours",
            )
        )
    own = int(np.count_nonzero(matrix.diagonal()))
    if own:
        raise ModelError(
            complaint(
                "graph",
                counted(own, "place is its own neighbour", "places are their own neighbours"),
                "Expected weights of 0 on the diagonal for a spatial model",
                "Build the graph without them",
            )
        )
