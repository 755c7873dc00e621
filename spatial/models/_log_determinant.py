"""log |I - r W|: prepared once for a graph, evaluated for many r, by eigenvalues, by elimination or from random traces."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._chebyshev import CAUTION, FEWEST, Fitted, fitted, known_fall
from spatial.models._from_links import coordinates_from
from spatial.models._limits import EXACT_LIMITS, SMALL, by_eigenvalues, extremes
from spatial.models._memory import available
from spatial.models._multifrontal import Fronts, log_absolute, planned
from spatial.models._random_traces import Moments, approximated, moments, ratio
from spatial.models._symmetry import Similar, similar

if TYPE_CHECKING:
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
#: Random vectors and terms: to find the neighbourhood of a maximum, and where the result itself rests on them.
PROBES, TERMS = 4, 64
MANY_PROBES, MANY_TERMS = 32, 200
#: Numbers in random vectors that are worth their time: with more places, fewer vectors are as precise.
WORTH = 4_000_000
#: What the terms of a series that are left out may amount to, relative to the number of places.
LEFT_OUT = 1e-9
#: Share of the interval of directed weights in which the series of powers is used.
INSIDE = 0.97
#: Relative error of a polynomial. Where values are dear, less: an error of d in a logarithm of size L over 6.5 standard errors
#: moves an estimate by d L / 6.5 standard errors, with L near n / 20 a hundred-thousandth of one at a million places.
CLOSEST, CLOSE = 1e-12, 1e-9
#: From here on differences from the series of random traces are interpolated, and the fewest intervals for that.
DIFFERENCES, FEWEST_DIFFERENCES = 500, 3
#: Nodes of a polynomial for what is cheap to compute.
CHEAP = 64
NAMES = {
    "eigen": "all eigenvalues",
    "cholesky": "Cholesky elimination by nested dissection, exact",
    "lu": "LU elimination by nested dissection, exact",
    "chebyshev": "traces of polynomials measured with random vectors, an approximation",
}


@dataclass(frozen=True, eq=False)
class LogDeterminant:
    """What was computed once: eigenvalues, the plan of an elimination, or traces."""

    method: Literal["eigen", "cholesky", "lu", "chebyshev"]
    low: float  # 1 / smallest eigenvalue: between these the determinant is positive
    high: float  # 1 / largest eigenvalue
    size: int
    eigenvalues: "NDArray[np.complex128] | None"
    matrix: "Any"  # sparse: symmetric and similar to W where there is such a matrix, else W
    symmetric: bool
    scale: Vector | None  # `matrix` is scale_i w_ij / scale_j where it is symmetric
    notes: tuple[str, ...]
    fronts: Fronts | None = None
    fits: list[Fitted] = field(default_factory=list)  # polynomials on parts of the interval, found on the way
    measured: list[Moments] = field(default_factory=list)  # traces, once they are needed
    systems: dict[float, Any] = field(default_factory=dict)  # what solves for a parameter, see _systems


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
        To be given to `value`, `exactly`, `approximately` and `derivatives`.

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


def value(log_determinant: LogDeterminant, parameter: float) -> float:
    """
    Evaluate log |I - r W|.

    Parameters
    ----------
    log_determinant
        As prepared.
    parameter
        r, inside the admissible interval.

    Returns
    -------
    float
        The logarithm; exact but for the method ``"chebyshev"``.
    """
    if log_determinant.eigenvalues is not None:
        return float(np.log(np.abs(1 - parameter * log_determinant.eigenvalues)).sum())
    if log_determinant.fronts is None:
        return approximated(_moments(log_determinant, parameter), parameter)[0]
    try:
        return log_absolute(log_determinant.fronts, parameter)[0]
    except np.linalg.LinAlgError:  # not positive definite, as beyond the limits; or a pivot that is too small
        found = factorised(log_determinant.matrix.tocsc(), parameter)
        return float(np.log(np.abs(found.U.diagonal())).sum())


def derivatives(log_determinant: LogDeterminant, parameters: Vector) -> tuple[Vector, Vector, float]:
    """
    Give the first and second derivative of log |I - r W| with respect to r.

    With G = W (I - r W)^-1 they are -tr(G) and -tr(G G), and n - r times the first is the trace of (I - r W)^-1: all
    traces that standard errors of the observed information and average impacts need.

    Parameters
    ----------
    log_determinant
        As prepared.
    parameters
        One r or several, inside the admissible interval.

    Returns
    -------
    tuple
        Two arrays as long as `parameters`, and the relative error of the values they come from: 0 with eigenvalues; else
        that of a Chebyshev interpolation, measured.
    """
    parameters = np.atleast_1d(np.asarray(parameters, dtype=float))
    if log_determinant.eigenvalues is not None:
        ratios = log_determinant.eigenvalues[None, :] / (1 - parameters[:, None] * log_determinant.eigenvalues[None, :])
        return -ratios.sum(axis=1).real, -(ratios**2).sum(axis=1).real, 0.0
    # Widen the range by a quarter of the way to the nearer limit: the singularities there decide how quickly this converges.
    low, high = float(parameters.min()), float(parameters.max())
    found = _covering(log_determinant, low, high)
    if found is None:
        margin = min(low - log_determinant.low, log_determinant.high - high) / 4
        found = exactly(log_determinant, low - margin, high + margin)
    return found.polynomial.deriv(1)(parameters), found.polynomial.deriv(2)(parameters), found.error


def approximately(log_determinant: LogDeterminant, parameter: float) -> tuple[float, float]:
    """
    Give log |I - r W| and its first derivative, cheaply and good enough for a search.

    With four random vectors a maximum of the likelihood that is found from these lies about half a standard error beside the
    true one: the derivative is wrong by sqrt(2 tr(G G) / 4), and the information is at least 2 tr(G G) for symmetric weights.

    Parameters
    ----------
    log_determinant
        As prepared.
    parameter
        r, inside the admissible interval.

    Returns
    -------
    tuple
        Value and slope; exact with eigenvalues.
    """
    if log_determinant.eigenvalues is not None:
        rest = 1 - parameter * log_determinant.eigenvalues
        return float(np.log(np.abs(rest)).sum()), -float((log_determinant.eigenvalues / rest).sum().real)
    if _summable(log_determinant, parameter, parameter):
        return approximated(_moments(log_determinant, parameter), parameter)[:2]
    found = _covering(log_determinant, parameter, parameter)
    if found is None:
        width = log_determinant.high - log_determinant.low
        found = exactly(log_determinant, log_determinant.low + 0.01 * width, log_determinant.high - 0.01 * width)
    return float(found.polynomial(parameter)), float(found.polynomial.deriv(1)(parameter))


def exactly(log_determinant: LogDeterminant, low: float, high: float) -> Fitted:
    """
    Replace log |I - r W| between two values of r by a polynomial through exact values, and remember it.

    Where there are many places, only the difference from the series of random traces is interpolated: it is smaller by some
    three digits, so fewer exact values do.

    Parameters
    ----------
    log_determinant
        As prepared.
    low, high
        The range, inside the admissible interval.

    Returns
    -------
    Fitted
        The polynomial and its error relative to the largest value, measured; for ``"chebyshev"`` the stated one.
    """
    found = _covering(log_determinant, low, high)
    if found is None:
        near, fewest, fall = None, FEWEST, 1.0
        dear = log_determinant.fronts is not None and log_determinant.size > DIFFERENCES
        if dear and _summable(log_determinant, low, high):
            given = _moments(log_determinant, low, high)
            near = fitted(lambda parameter: approximated(given, parameter)[0], low, high, fewest=CHEAP).polynomial
            reach = _reach(log_determinant, (low + high) / 2)
            fall, fewest = known_fall(low, high, reach), _intervals(given, low, high, reach)
        tolerance = CLOSE if dear else CLOSEST
        if log_determinant.method == "chebyshev":
            _moments(log_determinant, low, high)  # one series for the whole range
        found = fitted(
            lambda parameter: value(log_determinant, parameter), low, high, tolerance, near=near, fewest=fewest, fall=fall
        )
        if log_determinant.method == "chebyshev":
            ends = [approximated(_moments(log_determinant, low, high), end) for end in (low, high)]
            size = max(abs(end[0]) for end in ends) or 1.0
            found = Fitted(found.polynomial, max(end[2] for end in ends) / size)
        log_determinant.fits.append(found)
    return found


def _reach(log_determinant: LogDeterminant, middle: float) -> float:
    """Tell how far the nearest singularity is: none lies nearer to 0 than one over the largest eigenvalue."""
    if log_determinant.symmetric:
        return min(middle - log_determinant.low, log_determinant.high - middle)
    return log_determinant.high - abs(middle)


def _intervals(given: Moments, low: float, high: float, reach: float) -> int:
    """Choose the fewest intervals that should do, from what the series of random traces may be wrong by half-way to the singularity."""
    fall, middle, wide = known_fall(low, high, reach), (low + high) / 2, (reach + (high - low) / 2) / 2
    wrong = max(approximated(given, middle + sign * wide)[2] for sign in (-1, 1))
    size = max(abs(approximated(given, end)[0]) for end in (low, high))
    if not (wrong > 0 and size > 0 and fall < 1):
        return FEWEST
    needed = np.log(CLOSE * size * (1 - fall) / (CAUTION * wrong)) / np.log(fall) - 1
    return int(np.clip(np.ceil(needed), FEWEST_DIFFERENCES, FEWEST))


def remarks(log_determinant: LogDeterminant) -> tuple[str, ...]:
    """
    Say how the log-determinant was computed, and how well.

    Parameters
    ----------
    log_determinant
        As prepared, after its use.

    Returns
    -------
    tuple
        Notes for a result.
    """
    if not log_determinant.fits or log_determinant.eigenvalues is not None:
        return log_determinant.notes
    last = log_determinant.fits[-1]
    low, high = last.polynomial.domain
    kind = "stated" if log_determinant.method == "chebyshev" else "measured"
    text = f"Log-determinant between {low:.4g} and {high:.4g}: {kind} relative error at most {max(last.error, 1e-16):.1g}."
    if log_determinant.method == "chebyshev":
        text += " It is four standard errors of the random vectors and what the terms left out amount to."
    return (*log_determinant.notes, text)


def _summable(log_determinant: LogDeterminant, low: float, high: float) -> bool:
    """Whether the series of random traces converges: for directed weights only inside the circle of the largest eigenvalue."""
    return log_determinant.symmetric or max(-low, high) < INSIDE * log_determinant.high


def _moments(log_determinant: LogDeterminant, *parameters: float) -> Moments:
    """Measure the traces: for a search with few vectors, where the result rests on them with as many terms as parameters need."""
    many = log_determinant.method == "chebyshev"
    terms = max((_terms(log_determinant, each) for each in parameters), default=MANY_TERMS) if many else TERMS
    for found in log_determinant.measured:
        if found.traces.shape[0] >= terms:
            return found
    log_determinant.measured.append(
        moments(
            log_determinant.matrix,
            1 / log_determinant.low,
            1 / log_determinant.high,
            symmetric=log_determinant.symmetric,
            probes=max(PROBES, min(MANY_PROBES, WORTH // log_determinant.size)) if many else PROBES,
            terms=terms,
        )
    )
    return log_determinant.measured[-1]


def _terms(log_determinant: LogDeterminant, parameter: float) -> int:
    """Count the terms after which nothing is left that would show; a few more, so that near parameters need no other."""
    share = ratio(1 / log_determinant.low, 1 / log_determinant.high, 1.1 * parameter, symmetric=log_determinant.symmetric)
    return int(np.clip(np.log(LEFT_OUT) / np.log(share), 8, MANY_TERMS)) if 0 < share < 1 else MANY_TERMS


def _covering(log_determinant: LogDeterminant, low: float, high: float) -> Fitted | None:
    """Find the narrowest polynomial that is known and covers a range."""
    wide = [each for each in log_determinant.fits if each.polynomial.domain[0] <= low and high <= each.polynomial.domain[1]]
    return min(wide, key=lambda each: float(np.ptp(each.polynomial.domain)), default=None)


def factorised(matrix: Any, parameter: float, *, symmetric: bool = False) -> Any:
    """
    Factorise I - r W.

    Parameters
    ----------
    matrix
        W, sparse (n, n).
    parameter
        r.
    symmetric
        Whether W is symmetric; then an ordering for symmetric matrices is used and no pivoting is needed inside the interval.

    Returns
    -------
    scipy.sparse.linalg.SuperLU
        With ``solve`` and ``U``.

    Raises
    ------
    numpy.linalg.LinAlgError
        When it is singular.
    """
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import splu

    system = (eye_array(matrix.shape[0], format="csc") - parameter * matrix).tocsc()
    try:
        if symmetric:
            return splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        return splu(system)
    except RuntimeError as error:
        if "singular" not in str(error):
            raise
        raise np.linalg.LinAlgError(str(error)) from None


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
                f"{own} places are their own neighbours",
                "Expected weights of 0 on the diagonal for a spatial model",
                "Build the graph without them",
            )
        )
