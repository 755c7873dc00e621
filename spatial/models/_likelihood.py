"""The one search that lag and error models share: the spatial parameter with the largest concentrated likelihood."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._least_squares import log_likelihood
from spatial.models._log_determinant import INSIDE, LogDeterminant, approximately, exactly, value

Matrix = NDArray[np.float64]

#: For one r, the sum of squared residuals and minus half its derivative.
Profile = Callable[[float], tuple[float, float]]

GRID = 15  # points of the first, coarse search: the likelihood of an error model may have more than one peak
COARSE_GRID = 9  # the same where each point costs a factorisation
FINE_GRID = 41  # and where it costs nothing
MANY = 500  # more places than this and the search begins with approximate values
REACH = 6.5  # standard errors on both sides: one or two for the approximation, the rest for draws
MOVES = 4  # how often the range may be moved
WIDER = 3  # standard errors in which a largest value is looked for near an approximate one
MOVED = 0.15  # and if it is found further away, looked for again there
BETWEEN = 0.6  # a known polynomial is near enough when it is nearer than this share of the way to 0 (twice) or to a limit
EDGE = 1e-3  # an estimate nearer to a limit than this share of the interval gets a note


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is largest."""

    parameter: float
    squares: float
    log_likelihood: float
    notes: tuple[str, ...]


def maximised(log_determinant: LogDeterminant, profile: Profile, count: int, name: str) -> Maximum:
    """
    Find the maximum of the likelihood over the whole admissible interval.

    A coarse search, a finer one around the best point, and at last the root of the derivative: a maximum itself cannot be
    located better than the square root of the rounding error. With many places the first two use approximate values, and the
    root is that of a polynomial through a few exact ones.

    Parameters
    ----------
    log_determinant
        As prepared; it knows the interval.
    profile
        Sum of squares and minus half its derivative, with the other coefficients at their best.
    count
        Number of places.
    name
        ``"rho"`` or ``"lambda"``, for complaints.

    Returns
    -------
    Maximum
        The parameter, right to about 12 digits, and the log-likelihood there.

    Raises
    ------
    ModelError
        When the likelihood has no maximum inside the interval.
    """
    parameter = _quickly(log_determinant, profile, count) if _worthwhile(log_determinant) else None
    if parameter is None:
        parameter = _thoroughly(log_determinant, profile, count)
    low, high = log_determinant.low, log_determinant.high
    if parameter is None:
        raise ModelError(
            complaint(
                f"parameter {name}",
                f"the likelihood is largest at an end of its interval, {low:.4g} to {high:.4g}, where no estimate means anything",
                "Expected a maximum inside",
                "Use more places, another graph or fewer regressors",
            )
        )
    notes: tuple[str, ...] = (f"Admissible interval of {name}: {low:.6g} to {high:.6g}.",)
    if min(parameter - low, high - parameter) < EDGE * (high - low):
        notes += (f"The estimate of {name} lies at the edge of its interval: treat all numbers of this model as unreliable.",)
    squares = profile(parameter)[0]
    known = log_determinant.fronts is not None and log_determinant.fits
    best = (
        float(exactly(log_determinant, parameter, parameter).polynomial(parameter)) if known else value(log_determinant, parameter)
    )
    return Maximum(parameter, squares, best + log_likelihood(squares, count), notes)


def _worthwhile(log_determinant: LogDeterminant) -> bool:
    """Whether one exact value takes so long that the search should begin with approximate ones."""
    return log_determinant.fronts is not None and log_determinant.size > MANY


def _range(log_determinant: LogDeterminant) -> tuple[float, float]:
    """Give the part of the interval in which there are approximate values."""
    inside = INSIDE * log_determinant.high
    if log_determinant.symmetric:
        return log_determinant.low, log_determinant.high
    return max(log_determinant.low, -inside), inside


def _score(log_determinant: LogDeterminant, profile: Profile, count: int, parameter: float) -> float:
    """Approximate the derivative of the log-likelihood."""
    squares, half = profile(parameter)
    return approximately(log_determinant, parameter)[1] + count * half / squares


def _error(log_determinant: LogDeterminant, profile: Profile, count: int, near: float) -> float | None:
    """Approximate the standard error of a parameter by the bend of the likelihood; None where it is no maximum."""
    low, high = _range(log_determinant)
    step = 1e-4 * min(near - low, high - near)
    ends = [_score(log_determinant, profile, count, near + sign * step) for sign in (-1, 1)]
    bend = (ends[0] - ends[1]) / (2 * step)
    return 1 / float(np.sqrt(bend)) if bend > 0 else None


def _near(log_determinant: LogDeterminant, profile: Profile, count: int) -> tuple[float, float] | None:
    """Search with approximate values: the parameter and its standard error, or None where there is no maximum inside."""
    low, high = _range(log_determinant)

    def loss(parameter: float) -> float:
        return -approximately(log_determinant, parameter)[0] - log_likelihood(profile(parameter)[0], count)

    points = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(FINE_GRID, 0, -1) - 0.5) / FINE_GRID)
    best = int(np.argmin([loss(float(point)) for point in points]))
    if not 0 < best < FINE_GRID - 1:
        return None

    def score(parameter: float) -> float:
        return _score(log_determinant, profile, count, parameter)

    near = _root(score, float(points[best - 1]), float(points[best + 1]), high - low)
    error = None if near is None else _error(log_determinant, profile, count, near)
    return None if near is None or error is None else (near, error)


def _quickly(log_determinant: LogDeterminant, profile: Profile, count: int) -> float | None:
    """
    Search with approximate values, then with a polynomial through exact ones about what was found.

    The polynomial reaches so far that it also serves the draws of the impacts. None where this finds no maximum inside, or
    where directed weights leave a part of the interval to be searched in which there are no approximate values.
    """
    low, high = _range(log_determinant)
    found = _near(log_determinant, profile, count)
    for _ in range(MOVES):
        if found is None:
            return None
        near, error = found
        left, right = max(near - REACH * error, (near + low) / 2), min(near + REACH * error, (near + high) / 2)
        slope = exactly(log_determinant, left, right).polynomial.deriv(1)

        def exact(parameter: float, slope: Callable[[float], float] = slope) -> float:
            squares, half = profile(parameter)
            return float(slope(parameter)) + count * half / squares

        root = _root(exact, left, right, high - low)
        if root is not None:
            return root
        moved = left if exact(left) < 0 else right
        error_there = _error(log_determinant, profile, count, moved)
        found = None if error_there is None else (moved, error_there)
    return None


def _root(score: Callable[[float], float], low: float, high: float, width: float) -> float | None:
    """Find where the derivative falls through 0; None where it does not."""
    from scipy.optimize import brentq

    if not score(low) > 0 > score(high):
        return None
    return float(brentq(score, low, high, xtol=1e-15 * width, rtol=1e-14))


def _thoroughly(log_determinant: LogDeterminant, profile: Profile, count: int) -> float | None:
    """Search with exact values only."""
    from scipy.optimize import minimize_scalar

    low, high = log_determinant.low, log_determinant.high

    def loss(parameter: float) -> float:
        return -value(log_determinant, parameter) - log_likelihood(profile(parameter)[0], count)

    grid = GRID if log_determinant.method == "eigen" else COARSE_GRID
    points = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(grid, 0, -1) - 0.5) / grid)
    best = int(np.argmin([loss(float(point)) for point in points]))
    left = float(points[best - 1]) if best > 0 else low
    right = float(points[best + 1]) if best < grid - 1 else high
    near = float(minimize_scalar(loss, bounds=(left, right), method="bounded", options={"xatol": 1e-4 * (high - low)}).x)
    return _polished(log_determinant, profile, count, near)


def _polished(log_determinant: LogDeterminant, profile: Profile, count: int, near: float) -> float | None:
    """Find where the derivative is 0, close to a maximum that is known to about 4 digits; None where it is nowhere 0."""
    width = log_determinant.high - log_determinant.low
    for reach in (1e-3, 1e-2, 1e-1):
        low = max(near - reach * width, (near + log_determinant.low) / 2)
        high = min(near + reach * width, (near + log_determinant.high) / 2)
        slope_at = _slopes(log_determinant, low, high)

        def score(parameter: float, slope_at: Callable[[float], float] = slope_at) -> float:
            squares, half = profile(parameter)
            return slope_at(parameter) + count * half / squares

        found = _root(score, low, high, width)
        if found is not None:
            return found
    return None


def _slopes(log_determinant: LogDeterminant, low: float, high: float) -> Callable[[float], float]:
    """Give the derivative of the log-determinant as a function, on a short range."""
    if log_determinant.eigenvalues is not None:
        eigenvalues = log_determinant.eigenvalues
        return lambda parameter: -float((eigenvalues / (1 - parameter * eigenvalues)).sum().real)
    margin = min(low - log_determinant.low, log_determinant.high - high, 0.02 * (log_determinant.high - log_determinant.low)) / 2
    slope = exactly(log_determinant, low - margin, high + margin).polynomial.deriv(1)
    return lambda parameter: float(slope(parameter))


def largest(log_determinant: LogDeterminant, profile: Profile, count: int, name: str) -> float:
    """
    Find the largest log-likelihood alone, right to about a thousandth, with as few exact values as will do.

    Within a hundredth of the limit of the parameter, with fewer than 20,000 places, to about five thousandths.

    Parameters
    ----------
    log_determinant, profile, count, name
        As for `maximised`.

    Returns
    -------
    float
        The log-likelihood at its maximum.

    Raises
    ------
    ModelError
        When the likelihood has no maximum inside the interval.
    """
    from scipy.optimize import minimize_scalar

    near = _near(log_determinant, profile, count) if _worthwhile(log_determinant) else None
    if near is None:
        return maximised(log_determinant, profile, count, name).log_likelihood
    parameter, error = near
    for _ in range(MOVES):
        correction = _missed(log_determinant, parameter, error)

        def loss(parameter: float, correction: Callable[[float], float] = correction) -> float:
            missed = float(correction(parameter))
            return -approximately(log_determinant, parameter)[0] - missed - log_likelihood(profile(parameter)[0], count)

        reach = WIDER * error
        low, high = max(parameter - reach, log_determinant.low), min(parameter + reach, log_determinant.high)
        found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-3 * error})
        if abs(found.x - parameter) <= MOVED * error:
            break
        parameter = float(found.x)
    return -float(found.fun)


def _missed(log_determinant: LogDeterminant, parameter: float, error: float) -> np.polynomial.Polynomial:
    """
    Find by how much the series of random traces is wrong near a parameter, with as few exact values as will do.

    It is smooth: a parabola through three exact values, or those of a polynomial that is known there. Where one is known
    elsewhere, one more exact value does: three traces of the series are exact, so it is r^3 times something that varies slowly.
    """
    nodes = parameter + np.array([-2.0, 0.0, 2.0]) * error
    known = min(log_determinant.fits, key=lambda each: abs(np.mean(each.polynomial.domain) - parameter), default=None)
    other = 0.0 if known is None else float(np.mean(known.polynomial.domain))
    gap = other - parameter
    covered = known is not None and known.polynomial.domain[0] <= nodes[0] and nodes[2] <= known.polynomial.domain[1]

    def missed(parameter: float) -> float:
        exact = float(known.polynomial(parameter)) if known is not None and covered else value(log_determinant, parameter)
        return exact - approximately(log_determinant, parameter)[0]

    room = min(parameter - log_determinant.low, log_determinant.high - parameter, 2 * abs(parameter), 2 * abs(other))
    if known is None or covered or not gap or max(abs(gap), error) > BETWEEN * room:
        return np.polynomial.Polynomial.fit(nodes, [missed(float(node)) for node in nodes], 2)
    rough, rough_slope = approximately(log_determinant, other)
    there = (float(known.polynomial(other)) - rough) / other**3
    slope = (float(known.polynomial.deriv(1)(other)) - rough_slope) / other**3 - 3 * there / other
    here = missed(parameter) / parameter**3
    bend = (slope * gap - (there - here)) / gap**2
    shifted = np.polynomial.Polynomial([-parameter, 1.0])
    return np.polynomial.Polynomial([0.0, 0.0, 0.0, 1.0]) * (here + (slope - 2 * bend * gap) * shifted + bend * shifted**2)


def inverse_of(information: Any, name: str) -> Matrix:
    """
    Invert an information matrix whose rows have very different sizes.

    Parameters
    ----------
    information
        Symmetric (m, m).
    name
        What to name in a complaint.

    Returns
    -------
    numpy.ndarray
        The covariance matrix.

    Raises
    ------
    ModelError
        When the matrix is not positive definite.
    """
    information = np.asarray(information, dtype=float)
    diagonal = np.diag(information)
    try:
        if (diagonal <= 0).any():
            raise np.linalg.LinAlgError  # noqa: TRY301
        scale = 1 / np.sqrt(diagonal)
        root = np.linalg.inv(np.linalg.cholesky(information * np.outer(scale, scale)))
    except np.linalg.LinAlgError:
        raise ModelError(
            complaint(
                name,
                "the information matrix is not positive definite, so there are no standard errors",
                "Expected a maximum with curvature",
                "Use fewer regressors or another graph",
            )
        ) from None
    return np.asarray((root.T @ root) * np.outer(scale, scale), dtype=float)
