"""The one search that lag and error models share: the spatial parameter with the largest concentrated likelihood."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._least_squares import log_likelihood
from spatial.models._log_determinant import INSIDE, LogDeterminant, approximately, exactly, factorised, value

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Matrix = NDArray[np.float64]

#: For one r, the sum of squared residuals and minus half its derivative.
Profile = Callable[[float], tuple[float, float]]

GRID = 15  # points of the first, coarse search: the likelihood of an error model may have more than one peak
COARSE_GRID = 9  # the same where each point costs a factorisation
FINE_GRID = 41  # and where it costs nothing
MANY = 2_000  # more places than this and the search begins with approximate values
REACH = 6.5  # standard errors on both sides: one or two for the approximation, the rest for draws
MOVES = 4  # how often the range may be moved
EDGE = 1e-3  # an estimate nearer to a limit than this share of the interval gets a note
BLOCK = 256  # columns solved at once
#: More places than this and the exact traces for the information matrix take minutes.
TRACES_AT_MOST = 20_000


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


def _quickly(log_determinant: LogDeterminant, profile: Profile, count: int) -> float | None:
    """
    Search with approximate values, then with a polynomial through exact ones about what was found.

    The polynomial reaches so far that it also serves the draws of the impacts. None where this finds no maximum inside, or
    where directed weights leave a part of the interval to be searched in which there are no approximate values.
    """
    inside = INSIDE * log_determinant.high
    low = log_determinant.low if log_determinant.symmetric else max(log_determinant.low, -inside)
    high = log_determinant.high if log_determinant.symmetric else inside
    width = high - low

    def score(parameter: float) -> float:
        squares, half = profile(parameter)
        return approximately(log_determinant, parameter)[1] + count * half / squares

    def loss(parameter: float) -> float:
        return -approximately(log_determinant, parameter)[0] - log_likelihood(profile(parameter)[0], count)

    points = (low + high) / 2 + width / 2 * np.cos(np.pi * (np.arange(FINE_GRID, 0, -1) - 0.5) / FINE_GRID)
    best = int(np.argmin([loss(float(point)) for point in points]))
    if not 0 < best < FINE_GRID - 1:
        return None
    near = _root(score, float(points[best - 1]), float(points[best + 1]), width)
    for _ in range(MOVES if near is not None else 0):
        assert near is not None
        step = 1e-4 * min(near - low, high - near)
        bend = (score(near - step) - score(near + step)) / (2 * step)
        if bend <= 0:
            return None
        reach = REACH / float(np.sqrt(bend))
        left, right = max(near - reach, (near + low) / 2), min(near + reach, (near + high) / 2)
        slope = exactly(log_determinant, left, right).polynomial.deriv(1)

        def exact(parameter: float, slope: Callable[[float], float] = slope) -> float:
            squares, half = profile(parameter)
            return float(slope(parameter)) + count * half / squares

        found = _root(exact, left, right, width)
        if found is not None:
            return found
        near = left if exact(left) < 0 else right
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


@dataclass(frozen=True)
class Traces:
    """Traces with G = W (I - r W)^-1 that the information matrix and the test on residuals need."""

    g: float  # tr(G)
    gg: float  # tr(G G)
    gtg: float  # tr(G'G)
    wg: float  # tr((W + W') G)


def traces(matrix: "csr_array", parameter: float, gg: float) -> Traces:
    """
    Compute the traces exactly, solving for some columns of G at a time.

    Parameters
    ----------
    matrix
        W.
    parameter
        r.
    gg
        tr(G G), minus the second derivative of the log-determinant: a block of columns does not show it.

    Returns
    -------
    Traces
        Four numbers.

    Raises
    ------
    ModelError
        When there are so many places that this would take very long.
    """
    n = matrix.shape[0]
    if n > TRACES_AT_MOST:
        raise ModelError(
            complaint(
                "option 'vcov'",
                f"'asymptotic' needs the inverse of a matrix of {n:,} places",
                f"Expected at most {TRACES_AT_MOST:,}",
                'Set vcov = "hessian": the observed information needs no such inverse',
            )
        )
    factors = factorised(matrix.tocsc(), parameter)
    columns, rows = matrix.tocsc(), matrix.tocsr()
    total = np.zeros(3)
    for start in range(0, n, BLOCK):
        part = factors.solve(columns[:, start : start + BLOCK].toarray())
        ahead, back = columns[:, start : start + BLOCK], rows[start : start + BLOCK, :].T
        total += [
            float(np.trace(part[start : start + BLOCK])),
            float((part * part).sum()),
            float(ahead.multiply(part).sum() + back.multiply(part).sum()),
        ]
    return Traces(g=float(total[0]), gg=gg, gtg=float(total[1]), wg=float(total[2]))


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
