"""log |I - r W| and its derivatives for many r, from what was prepared once: eigenvalues, an elimination or random traces."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.models._chebyshev import CAUTION, FEWEST, Fitted, fitted, known_fall
from spatial.models._multifrontal import Fronts, log_absolute
from spatial.models._random_traces import Moments, approximated, moments, ratio, slope_error

Vector = NDArray[np.float64]

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


def slope_bound(log_determinant: LogDeterminant, parameters: Vector) -> float:
    """
    Tell how far the first derivatives may be from the truth where they come from random traces.

    Parameters
    ----------
    log_determinant
        As prepared, of the method ``"chebyshev"``.
    parameters
        One r or many.

    Returns
    -------
    float
        The larger bound of the ends of their range: it grows towards the limits.
    """
    ends = float(parameters.min()), float(parameters.max())
    given = _moments(log_determinant, *ends)
    return max(slope_error(given, end) for end in ends)


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
