"""The search for two spatial parameters at once, from several starts: the likelihood may have more than one peak."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._least_squares import log_likelihood
from spatial.models._log_determinant import LogDeterminant, approximately, exactly
from spatial.models._profile import Profile

Vector = NDArray[np.float64]

GRID = 61  # values of lambda, and of rho for each, in the first search
NARROWER = 21  # points of each further look at rho
STARTS = 5  # how many peaks are followed
REACH = 17 / 18 * np.pi  # where the grid ends: at 0.8 % of the interval from its limits
SAME = 1e-4  # peaks nearer to each other than this share of the interval are one
DOUBT = 10.0  # log-likelihoods of the search that differ by less are computed exactly
EDGE = 1e-3
NEWTON = 30
#: How far exact values reach about an estimate: in standard errors, and in shares of the interval at least and at most.
REACHING, NARROWEST, WIDEST = 6.5, 1e-4, 0.02

#: Value and slope of a log-determinant for the parameter of a number (0 rho, 1 lambda).
SlopeAt = Callable[[int, float], tuple[float, float]]


@dataclass(frozen=True)
class Pair:
    """Where the likelihood is largest."""

    rho: float
    error: float
    log_likelihood: float
    notes: tuple[str, ...]


def maximised_pair(determinant: LogDeterminant, profile: Profile, count: int) -> Pair:
    """
    Find rho and lambda with the largest likelihood.

    For each lambda of a grid the best rho is found, over the whole interval: the sum of squares is a parabola in rho. A search
    starts from each peak of the likelihood along that grid, as rho and lambda often trade off along a ridge with several peaks;
    and from the best one found Newton's method on the derivatives, with exact log-determinants.

    Parameters
    ----------
    determinant
        As prepared.
    profile
        The sums of squares.
    count
        Number of places.

    Returns
    -------
    Pair
        The parameters, the log-likelihood and notes on every peak found.

    Raises
    ------
    ModelError
        When the likelihood has no maximum inside.
    """
    from scipy.optimize import minimize

    low, high = determinant.low, determinant.high
    inner = 1e-6 * (high - low)

    def loss(both: Vector) -> tuple[float, Vector]:
        squares, half_rho, half_error = profile.at(float(both[0]), float(both[1]))
        first, second = approximately(determinant, float(both[0])), approximately(determinant, float(both[1]))
        value = -(first[0] + second[0]) - log_likelihood(squares, count)
        slopes = np.array([first[1] + count * half_rho / squares, second[1] + count * half_error / squares])
        return value / count, -slopes / count

    peaks: list[tuple[float, Vector]] = []
    for start in _starts(determinant, profile, count):
        found = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(low + inner, high - inner)] * 2,
            options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500},
        )
        if all(np.abs(found.x - each).max() > SAME * (high - low) for _, each in peaks):
            peaks.append((float(found.fun), found.x))
    peaks.sort(key=lambda each: each[0])
    best, value = _polished(determinant, profile, count, peaks[0][1])
    if determinant.eigenvalues is None:
        best, value, peaks = _ranked(determinant, profile, count, peaks, (best, value))
    return Pair(float(best[0]), float(best[1]), value, _notes(determinant, peaks, best, count))


def _ranked(
    determinant: LogDeterminant, profile: Profile, count: int, peaks: list[tuple[float, Vector]], first: tuple[Vector, float]
) -> tuple[Vector, float, list[tuple[float, Vector]]]:
    """Rank peaks of nearly the same height by exact values: those of the search may be wrong by more than they differ."""
    found, others = [first], []
    for height, point in peaks[1:]:
        if count * (height - peaks[0][0]) > DOUBT:
            others.append((height, point))
            continue
        try:
            exact = _polished(determinant, profile, count, point)
        except ModelError:  # at an end of the interval
            continue
        if all(np.abs(exact[0] - each).max() > SAME * (determinant.high - determinant.low) for each, _ in found):
            found.append(exact)
    found.sort(key=lambda each: -each[1])
    return *found[0], [*((-value / count, point) for point, value in found), *others]


def _starts(determinant: LogDeterminant, profile: Profile, count: int) -> list[Vector]:
    """Take the peaks of the likelihood along lambda, rho being at its best for each, and the middle."""
    from scipy.interpolate import CubicSpline

    low, high = determinant.low, determinant.high
    points = (low + high) / 2 + (high - low) / 2 * np.cos(np.linspace(REACH, np.pi - REACH, GRID))
    logarithms = np.array([approximately(determinant, float(point))[0] for point in points])
    between = CubicSpline(points, logarithms)
    own, mixed, lag = np.array([profile.parabola(float(point)) for point in points]).T[:, :, None]
    rows, rhos = np.arange(GRID), np.tile(points, (GRID, 1))

    def values(rhos: Vector) -> Vector:
        squares = np.maximum(own - 2 * rhos * mixed + rhos**2 * lag, np.finfo(float).tiny)
        return np.asarray(between(rhos) + logarithms[:, None] - count / 2 * np.log(squares))

    for _ in range(3):
        best = values(rhos).argmax(axis=1)
        left, right = rhos[rows, np.maximum(best - 1, 0)], rhos[rows, np.minimum(best + 1, rhos.shape[1] - 1)]
        rhos = np.linspace(left, right, NARROWER, axis=1)
    found = values(rhos)
    height, rho = found.max(axis=1), rhos[rows, found.argmax(axis=1)]
    padded = np.pad(height, 1, constant_values=-np.inf)
    peaks = np.flatnonzero((height >= padded[:-2]) & (height >= padded[2:]))
    chosen = peaks[np.argsort(-height[peaks], kind="stable")][:STARTS]
    return [*(np.array([rho[place], points[place]]) for place in chosen), np.zeros(2)]


class _Slopes:
    """Slopes of the log-determinant, exact on a range about each parameter that is only moved when it is left."""

    def __init__(self, determinant: LogDeterminant, reaches: Vector) -> None:
        self.determinant, self.reaches = determinant, reaches
        self.known: list[Any] = [None, None]

    def polynomial(self, which: int, parameter: float) -> Any:
        """Give the polynomial through exact values that holds for a parameter."""
        found = self.known[which]
        if found is None or not found.domain[0] <= parameter <= found.domain[1]:
            low, high, reach = self.determinant.low, self.determinant.high, float(self.reaches[which])
            left, right = max(parameter - reach, (parameter + low) / 2), min(parameter + reach, (parameter + high) / 2)
            found = self.known[which] = exactly(self.determinant, left, right).polynomial
        return found

    def at(self, which: int, parameter: float) -> tuple[float, float]:
        """Give value and slope."""
        if self.determinant.eigenvalues is not None:
            return approximately(self.determinant, parameter)
        found = self.polynomial(which, parameter)
        return float(found(parameter)), float(found.deriv(1)(parameter))


def _polished(determinant: LogDeterminant, profile: Profile, count: int, near: Vector) -> tuple[Vector, float]:
    """
    Follow Newton's method on the derivatives, whose zero can be located to more digits than the peak itself.

    Give the point and the log-likelihood there.
    """
    width = determinant.high - determinant.low

    def roughly(_: int, parameter: float) -> tuple[float, float]:
        return approximately(determinant, parameter)

    point = _newton(determinant, profile, count, near, roughly)
    _, curvature = _derivatives(roughly, profile, count, point, width)
    spread = np.sqrt(np.maximum(np.diag(np.linalg.pinv(-curvature)), 0.0))
    slopes = _Slopes(determinant, np.clip(REACHING * spread, NARROWEST * width, WIDEST * width))
    if determinant.eigenvalues is None:
        point = _newton(determinant, profile, count, point, slopes.at)
    edges = np.minimum(point - determinant.low, determinant.high - point)
    if (edges < 1e-5 * width).any():
        raise ModelError(
            complaint(
                "parameters rho and lambda",
                f"the likelihood is largest at an end of their interval, {determinant.low:.4g} to {determinant.high:.4g},"
                " where no estimate means anything",
                "Expected a maximum inside",
                "Use more places, another graph, fewer regressors or a model with one spatial parameter",
            )
        )
    values = [slopes.at(which, float(each))[0] for which, each in enumerate(point)]
    return point, sum(values) + log_likelihood(profile.at(float(point[0]), float(point[1]))[0], count)


def _newton(determinant: LogDeterminant, profile: Profile, count: int, near: Vector, slope_at: SlopeAt) -> Vector:
    width = determinant.high - determinant.low
    point = near.copy()
    for _ in range(NEWTON):
        slopes, curvature = _derivatives(slope_at, profile, count, point, width)
        if np.linalg.eigvalsh(curvature)[-1] >= 0:
            break  # not a peak here: the search already stands at its best
        step = np.linalg.solve(curvature, -slopes)
        share = min(1.0, 0.02 * width / max(float(np.abs(step).max()), 1e-300))
        moved = point + share * step
        if (moved <= determinant.low).any() or (moved >= determinant.high).any():
            break
        point = moved
        if np.abs(step).max() <= 1e-13 * width:
            break
    return point


def _derivatives(
    slope_at: SlopeAt, profile: Profile, count: int, point: Vector, width: float
) -> tuple[Vector, NDArray[np.float64]]:
    """Slopes by formula, curvature by differences of the slopes: it steers the steps and need not be exact."""

    def slopes(rho: float, error: float) -> Vector:
        squares, half_rho, half_error = profile.at(rho, error)
        first, second = slope_at(0, rho)[1], slope_at(1, error)[1]
        return np.array([first + count * half_rho / squares, second + count * half_error / squares])

    step = 1e-6 * width
    rows = [
        (slopes(point[0] + step, point[1]) - slopes(point[0] - step, point[1])) / (2 * step),
        (slopes(point[0], point[1] + step) - slopes(point[0], point[1] - step)) / (2 * step),
    ]
    curvature = np.array(rows)
    return slopes(float(point[0]), float(point[1])), (curvature + curvature.T) / 2


def _notes(determinant: LogDeterminant, peaks: list[tuple[float, Vector]], best: Vector, count: int) -> tuple[str, ...]:
    low, high = determinant.low, determinant.high
    notes: tuple[str, ...] = (f"Admissible interval of rho and lambda: {low:.6g} to {high:.6g}.",)
    if len(peaks) > 1:
        others = "; ".join(
            f"rho {point[0]:.3f}, lambda {point[1]:.3f} (log-likelihood lower by {count * (value - peaks[0][0]):.3g})"
            for value, point in peaks[1:]
        )
        notes += (f"The likelihood was searched from several starts. The best peak was kept; others: {others}.",)
    if min((best - low).min(), (high - best).min()) < EDGE * (high - low):
        notes += ("An estimate lies at the edge of its interval: treat all numbers of this model as unreliable.",)
    return notes
