"""The search for two spatial parameters at once, from several starts: the likelihood may have more than one peak."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint
from spatial.models._least_squares import log_likelihood
from spatial.models._log_determinant import LogDeterminant, approximately, exactly, value
from spatial.models._profile import Profile

Vector = NDArray[np.float64]

#: Up to here the search rests on exact log-determinants: random traces may hide which of two peaks on a ridge is the higher one.
SURE = 2_000
NODES, MARGIN = 41, 0.005  # how many of them, and how far from the limits, as a share of the interval
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
#: The same, whichever it is, to the digits that a search needs.
Rough = Callable[[float], tuple[float, float]]


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
    rough, inner = _searched(determinant)

    def loss(both: Vector) -> tuple[float, Vector]:
        squares, half_rho, half_error = profile.at(float(both[0]), float(both[1]))
        first, second = rough(float(both[0])), rough(float(both[1]))
        value = -(first[0] + second[0]) - log_likelihood(squares, count)
        slopes = np.array([first[1] + count * half_rho / squares, second[1] + count * half_error / squares])
        return value / count, -slopes / count

    peaks: list[tuple[float, Vector]] = []
    for start in _starts(determinant, rough, profile, count):
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
    best, height = _polished(determinant, rough, profile, count, peaks[0][1])
    if determinant.eigenvalues is None:
        best, height, peaks = _ranked(determinant, rough, profile, count, peaks, (best, height))
    return Pair(float(best[0]), float(best[1]), height, _notes(determinant, peaks, best, count))


def _searched(determinant: LogDeterminant) -> tuple[Rough, float]:
    """Give log-determinants and slopes to search with, and how far from its limits the interval is searched."""
    low, high = determinant.low, determinant.high
    if determinant.eigenvalues is not None or determinant.method == "chebyshev" or determinant.size > SURE:
        return (lambda parameter: approximately(determinant, parameter)), 1e-6 * (high - low)
    margin = MARGIN * (high - low)
    found = np.polynomial.Chebyshev.interpolate(
        lambda nodes: np.array([value(determinant, float(node)) for node in nodes]), NODES - 1, domain=[low + margin, high - margin]
    )
    slope = found.deriv(1)
    return (lambda parameter: (float(found(parameter)), float(slope(parameter)))), margin


def _ranked(
    determinant: LogDeterminant,
    rough: Rough,
    profile: Profile,
    count: int,
    peaks: list[tuple[float, Vector]],
    first: tuple[Vector, float],
) -> tuple[Vector, float, list[tuple[float, Vector]]]:
    """Rank peaks of nearly the same height by exact values: those of the search may be wrong by more than they differ."""
    found, others = [first], []
    for height, point in peaks[1:]:
        if count * (height - peaks[0][0]) > DOUBT:
            others.append((height, point))
            continue
        try:
            exact = _polished(determinant, rough, profile, count, point)
        except ModelError:  # at an end of the interval
            continue
        if all(np.abs(exact[0] - each).max() > SAME * (determinant.high - determinant.low) for each, _ in found):
            found.append(exact)
    found.sort(key=lambda each: -each[1])
    return *found[0], [*((-height / count, point) for point, height in found), *others]


def _starts(determinant: LogDeterminant, rough: Rough, profile: Profile, count: int) -> list[Vector]:
    """Take the peaks of the likelihood along lambda, rho being at its best for each, and the middle."""
    from scipy.interpolate import CubicSpline

    low, high = determinant.low, determinant.high
    points = (low + high) / 2 + (high - low) / 2 * np.cos(np.linspace(REACH, np.pi - REACH, GRID))
    logarithms = np.array([rough(float(point))[0] for point in points])
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


def _polished(determinant: LogDeterminant, rough: Rough, profile: Profile, count: int, near: Vector) -> tuple[Vector, float]:
    """
    Follow Newton's method on the derivatives, whose zero can be located to more digits than the peak itself.

    Give the point and the log-likelihood there.
    """
    width = determinant.high - determinant.low

    def roughly(_: int, parameter: float) -> tuple[float, float]:
        return rough(parameter)

    point, _ = _newton(determinant, profile, count, near, roughly)
    _, curvature = _derivatives(roughly, profile, count, point, _step(determinant, point))
    spread = np.sqrt(np.maximum(np.diag(np.linalg.pinv(-curvature)), 0.0))
    slopes = _Slopes(determinant, np.clip(REACHING * spread, NARROWEST * width, WIDEST * width))
    if determinant.eigenvalues is None:
        point, arrived = _newton(determinant, profile, count, point, slopes.at)
        if not arrived:
            point, _ = _newton(determinant, profile, count, _climbed(determinant, slopes.at, profile, count, point), slopes.at)
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


def _climbed(determinant: LogDeterminant, slope_at: SlopeAt, profile: Profile, count: int, point: Vector) -> Vector:
    """Climb from where the likelihood is not curved as at a peak, which a search on random traces may take for one."""
    from scipy.optimize import minimize

    def loss(both: Vector) -> tuple[float, Vector]:
        squares, half_rho, half_error = profile.at(float(both[0]), float(both[1]))
        first, second = slope_at(0, float(both[0])), slope_at(1, float(both[1]))
        slopes = np.array([first[1] + count * half_rho / squares, second[1] + count * half_error / squares])
        return -(first[0] + second[0] + log_likelihood(squares, count)) / count, -slopes / count

    inner = 1e-6 * (determinant.high - determinant.low)
    bounds = [(determinant.low + inner, determinant.high - inner)] * 2
    return np.asarray(minimize(loss, point, jac=True, method="L-BFGS-B", bounds=bounds, options={"gtol": 1e-9}).x)


def _newton(determinant: LogDeterminant, profile: Profile, count: int, near: Vector, slope_at: SlopeAt) -> tuple[Vector, bool]:
    """Give the point, and whether the slopes are 0 there."""
    width = determinant.high - determinant.low
    point, step = near.copy(), np.full(2, np.inf)
    for _ in range(NEWTON):
        slopes, curvature = _derivatives(slope_at, profile, count, point, _step(determinant, point))
        if np.linalg.eigvalsh(curvature)[-1] >= 0:
            return point, False  # not a peak here
        step = np.linalg.solve(curvature, -slopes)
        share = min(1.0, 0.02 * width / max(float(np.abs(step).max()), 1e-300))
        moved = point + share * step
        if (moved <= determinant.low).any() or (moved >= determinant.high).any():
            return point, False
        point = moved
        if np.abs(step).max() <= 1e-13 * width:
            break
    return point, bool(np.abs(step).max() <= 1e-6 * width)


def _step(determinant: LogDeterminant, point: Vector) -> float:
    """Give a step for differences that stays inside the interval: at its limits I - rho W may be singular."""
    low, high = determinant.low, determinant.high
    return min(1e-6 * (high - low), float(np.minimum(point - low, high - point).min()) / 2)


def _derivatives(slope_at: SlopeAt, profile: Profile, count: int, point: Vector, step: float) -> tuple[Vector, NDArray[np.float64]]:
    """Slopes by formula, curvature by differences of the slopes: it steers the steps and need not be exact."""

    def slopes(rho: float, error: float) -> Vector:
        squares, half_rho, half_error = profile.at(rho, error)
        first, second = slope_at(0, rho)[1], slope_at(1, error)[1]
        return np.array([first + count * half_rho / squares, second + count * half_error / squares])

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
