"""Direct, indirect and total impacts: what a change of a regressor does to the response, here and through neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint, counted
from spatial.models._chebyshev import MOST, fitted
from spatial.models._lagged import Roles
from spatial.models._log_determinant import LogDeterminant, derivatives, slope_bound
from spatial.models._systems import FULL, solver
from spatial.models._tables import normal_p, normal_quantile

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Method = Literal["simulation", "delta"]

KINDS = ("direct", "indirect", "total")
#: Standard deviation of draws over that of normal ones with the same interval, beyond which z means little.
HEAVY = 1.5
#: Largest relative error of an interpolated multiplier that needs no note.
CLOSE = 1e-8
#: Share of the draws that must lie inside the admissible interval.
ENOUGH = 0.9
#: Totals that differ by less, relative to the largest, are the same.
EVEN = 1e-12


@dataclass(frozen=True, eq=False)
class Multipliers:
    """
    What coefficients are multiplied with to get average impacts, for one rho or many.

    A regressor with coefficient b and coefficient t of its lag has the direct impact b own + t own_lag and the total one
    b total + t total_lag.
    """

    own: Vector  # mean of the diagonal of A^-1
    own_lag: Vector  # mean of the diagonal of A^-1 W
    total: Vector  # mean row sum of A^-1
    total_lag: Vector  # mean row sum of A^-1 W

    def impacts(self, direct: Matrix, lagged: Matrix) -> NDArray[np.float64]:
        """(3, draws, regressors) from coefficients and coefficients of lags, (draws, regressors) each."""
        own = direct * self.own[:, None] + lagged * self.own_lag[:, None]
        total = direct * self.total[:, None] + lagged * self.total_lag[:, None]
        return np.stack([own, total - own, total])


@dataclass(frozen=True, eq=False)
class Effects:
    """Estimates from which impacts are computed."""

    roles: Roles
    estimate: Vector  # all coefficients, then the spatial parameters
    covariance: Matrix
    rho: int | None  # where rho stands; None without one
    matrix: "csr_array"
    determinant: LogDeterminant | None  # None without rho

    def taken(self, estimates: Matrix) -> tuple[Matrix, Matrix]:
        """Coefficients of the regressors and of their lags, (draws, regressors) each."""
        return estimates[:, self.roles.own], np.where(self.roles.lag >= 0, estimates[:, self.roles.lag], 0.0)


def impacts_table(
    effects: Effects, *, method: Method, draws: int, seed: int, level: float
) -> "tuple[pd.DataFrame, tuple[str, ...]]":
    """
    Compute average impacts and their errors.

    Parameters
    ----------
    effects
        The estimates.
    method
        ``"simulation"``: errors and intervals from draws of the coefficients; ``"delta"``: from derivatives. Without rho the
        impacts are sums of coefficients, whose errors both methods know exactly.
    draws
        How many draws.
    seed
        Of the draws.
    level
        Of the intervals.

    Returns
    -------
    tuple
        The table (one row for each regressor) and notes.

    Raises
    ------
    ModelError
        When rho lies outside the admissible interval.

    Notes
    -----
    With A = I - rho W the effects of regressor r are A^-1 (I b_r + W t_r), t_r being the coefficient of its lag. Direct: the mean
    of the diagonal; total: the mean row sum; indirect: the difference. With L' the derivative of log |A|, the mean of the
    diagonal of A^-1 W is -L'/n and that of A^-1 is 1 - rho L'/n. All are exact. spatialreg 1.2 takes b / (1 - rho) for the total,
    which is the mean row sum only where every row of W sums to 1: not with binary weights, nor with places without
    neighbours. z is estimate / error (spatialreg prints the mean of the
    draws / error); with draws, low and high are quantiles of the draws.

    References
    ----------
    LeSage, J., Pace, R. K. (2009). Introduction to Spatial Econometrics. CRC Press. doi:10.1201/9781420064254.
    """
    import pandas as pd

    drawn = None
    notes: tuple[str, ...] = ()
    simulated = effects.rho is not None and method == "simulation"
    if simulated:  # first, for the estimate lies among the draws: what is prepared for them serves it too
        drawn = _simulated(effects, draws=draws, seed=seed, level=level)
    scales, more = _multipliers(effects, effects.estimate[None, :])
    notes += more if drawn is None else ()  # the draws reach further, so what is said of them holds for the estimate
    points = scales.impacts(*effects.taken(effects.estimate[None, :]))[:, 0, :]
    if simulated and drawn is None:
        what = f"Errors of the impacts are by the delta method: so many of {draws} draws of rho lay outside the admissible interval"
        notes += (f"{what} that a simulation says nothing. These data hardly identify this model.",)
    if drawn is not None:
        errors, low, high, more = drawn
        notes += more
    else:
        errors = _by_derivatives(effects, scales)
        reach = normal_quantile(level) * errors
        low, high = points - reach, points + reach
    with np.errstate(divide="ignore", invalid="ignore"):  # an impact that is 0 by construction has no error
        z = points / errors
    columns: dict[str, Any] = {kind: points[place] for place, kind in enumerate(KINDS)}
    for place, kind in enumerate(KINDS):
        columns |= {
            f"{kind}_std_error": errors[place],
            f"{kind}_z": z[place],
            f"{kind}_p": normal_p(z[place]),
            f"{kind}_low": low[place],
            f"{kind}_high": high[place],
        }
    return pd.DataFrame(columns, index=pd.Index(effects.roles.names, name="regressor")), notes


def multipliers(matrix: "csr_array", determinant: LogDeterminant, rhos: Vector) -> tuple[Multipliers, tuple[str, ...]]:
    """
    Give what coefficients are multiplied with to get average impacts.

    Parameters
    ----------
    matrix
        W.
    determinant
        As prepared.
    rhos
        One rho or many.

    Returns
    -------
    tuple
        The multipliers and notes.

    Raises
    ------
    ModelError
        When a rho lies outside the admissible interval, where the effects of a change do not die out.
    """
    outside = rhos[(rhos <= determinant.low) | (rhos >= determinant.high)]
    if len(outside):
        raise ModelError(
            complaint(
                "parameter rho",
                f"{outside[0]:.6g} lies outside the admissible interval, where there are no impacts",
                f"Expected a value between {determinant.low:.6g} and {determinant.high:.6g}",
            )
        )
    slopes, _, error = derivatives(determinant, rhos)
    own_lag = -slopes / matrix.shape[0]
    total, total_lag, worse = _totals(matrix, determinant, rhos)
    notes = () if max(error, worse) <= CLOSE else (_approximate(determinant, rhos, matrix.shape[0]),)
    return Multipliers(1 + rhos * own_lag, own_lag, total, total_lag), notes


def _approximate(determinant: LogDeterminant, rhos: Vector, n: int) -> str:
    """Say what is approximate in the impacts; the error of the log-determinant itself is said where that is described."""
    what = "Direct and indirect impacts are approximate, as the slope of the log-determinant is from which they come"
    if determinant.method != "chebyshev":
        return f"{what}."
    wrong = float(np.abs(rhos).max()) * slope_bound(determinant, rhos) / n
    return f"{what}: the mean of the diagonal of (I - rho W)^-1 is wrong by {wrong:.1g} at most (four standard errors of the random vectors)."


def _multipliers(effects: Effects, estimates: Matrix) -> tuple[Multipliers, tuple[str, ...]]:
    if effects.rho is None or effects.determinant is None:
        ones = np.ones(len(estimates))
        return Multipliers(ones, 0 * ones, ones, ones * float(effects.matrix.sum()) / effects.matrix.shape[0]), ()
    return multipliers(effects.matrix, effects.determinant, estimates[:, effects.rho])


def _even_sum(matrix: "csr_array") -> tuple[float, float] | None:
    """Give the row sum and the share of places with neighbours, where all rows sum to the same and nobody links to an island."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    linked = np.diff(matrix.indptr) > 0
    if (linked.all() or linked @ (matrix @ (~linked).astype(float)) == 0) and np.ptp(sums[linked]) <= 1e-14 * np.abs(
        sums[linked]
    ).max():
        return float(sums[linked].mean()), float(linked.mean())
    return None


def _totals(matrix: "csr_array", determinant: LogDeterminant, rhos: Vector) -> tuple[Vector, Vector, float]:
    """Mean row sums of A^-1 and A^-1 W: by formula where all rows sum to the same; else by solving."""
    even = _even_sum(matrix)
    if even is not None:
        inner = even[1] / (1 - rhos * even[0])
        return 1 - even[1] + inner, even[0] * inner, 0.0
    ones = np.ones(matrix.shape[0])

    def mean_sum(rho: float) -> float:
        return float(solver(determinant, matrix, rho).solve(matrix @ ones).mean())

    if len(rhos) > MOST:
        found = fitted(mean_sum, float(rhos.min()), float(rhos.max()))
        if found.error <= CLOSE:
            lagged = found.polynomial(rhos)
            return 1 + rhos * lagged, lagged, found.error
    lagged = np.array([mean_sum(float(rho)) for rho in rhos])
    return 1 + rhos * lagged, lagged, 0.0


def _simulated(effects: Effects, *, draws: int, seed: int, level: float) -> tuple[Matrix, Matrix, Matrix, tuple[str, ...]] | None:
    """Give errors, limits and notes; None where most draws of rho have no impacts at all."""
    assert effects.determinant is not None
    random = np.random.default_rng(seed)
    names = np.unique([*effects.roles.own, *effects.roles.lag[effects.roles.lag >= 0], effects.rho or 0])
    covariance = effects.covariance[np.ix_(names, names)]
    sizes = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / np.outer(sizes, sizes))
    drawn = np.tile(effects.estimate, (draws, 1))
    drawn[:, names] += (random.standard_normal((draws, len(names))) @ root.T) * sizes
    rhos = drawn[:, effects.rho]
    inside = (rhos > effects.determinant.low) & (rhos < effects.determinant.high)
    drawn = drawn[inside]
    if len(drawn) < draws * ENOUGH:
        return None
    scales, notes = _multipliers(effects, drawn)
    found = scales.impacts(*effects.taken(drawn))
    notes = (
        f"Errors of the impacts: {draws} draws, seed {seed}; z and p take the draws as normal, the intervals are their quantiles.",
        *notes,
    )
    if not inside.all():
        notes += (
            f"{counted(int((~inside).sum()), 'draw of rho lay outside the admissible interval and was', 'draws of rho lay outside the admissible interval and were')} left out.",
        )
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=1)
    errors = found.std(axis=1, ddof=1)
    if (errors > HEAVY * (high - low) / (2 * normal_quantile(level))).any():
        notes += (
            "A few draws of rho near its limit dominate the standard errors of the impacts: trust the intervals, not z and p.",
        )
    return errors, low, high, notes


def _by_derivatives(effects: Effects, scales: Multipliers) -> Matrix:
    """Errors by the delta method: impacts are linear in the coefficients, and their derivative with respect to rho is exact."""
    slopes = _slopes(effects)
    own, lag = effects.roles.own, effects.roles.lag
    direct, lagged = effects.taken(effects.estimate[None, :])
    changes = slopes.impacts(direct, lagged)[:, 0, :]
    weights = np.array(
        [
            [scales.own[0], scales.own_lag[0]],
            [scales.total[0] - scales.own[0], scales.total_lag[0] - scales.own_lag[0]],
            [scales.total[0], scales.total_lag[0]],
        ]
    )
    errors = np.zeros_like(changes)
    for kind in range(len(KINDS)):
        for place in range(len(own)):
            gradient = np.zeros(len(effects.estimate))
            gradient[own[place]] = weights[kind, 0]
            if lag[place] >= 0:
                gradient[lag[place]] = weights[kind, 1]
            if effects.rho is not None:
                gradient[effects.rho] = changes[kind, place]
            errors[kind, place] = np.sqrt(gradient @ effects.covariance @ gradient)
    return errors


def _slopes(effects: Effects) -> Multipliers:
    """Differentiate the multipliers with respect to rho."""
    zero = np.zeros(1)
    if effects.rho is None or effects.determinant is None:
        return Multipliers(zero, zero, zero, zero)
    rho, matrix = effects.estimate[effects.rho], effects.matrix
    n = matrix.shape[0]
    first, second, _ = derivatives(effects.determinant, np.array([rho]))
    own_lag = -second / n
    own = -first / n + rho * own_lag
    system = solver(effects.determinant, matrix, float(rho))
    lagged = system.solve(matrix @ np.ones(n))
    total_lag = np.array([float(system.solve(matrix @ lagged).mean())])
    return Multipliers(own, own_lag, float(lagged.mean()) + rho * total_lag, total_lag)


def place_impacts(effects: Effects, names: Sequence[str]) -> tuple[dict[str, Vector], tuple[str, ...]]:
    """
    Compute what a change everywhere does to each place.

    Parameters
    ----------
    effects
        The estimates.
    names
        The regressors, for the names of the columns.

    Returns
    -------
    tuple
        Column name to one number for each place, and notes: "x total" is the change of the response of the place when x
        rises by one unit everywhere, "x direct" the part that is due to the rise in the place itself, with what comes back to it,
        and "x indirect" the rest. "x sent" is the change in all places together when x rises in this place alone; both totals
        have the average total impact as their mean.
    """
    direct, lagged = (each[0] for each in effects.taken(effects.estimate[None, :]))
    matrix, n = effects.matrix, effects.matrix.shape[0]
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    if effects.rho is None or effects.determinant is None:
        columns, parts = np.asarray(matrix.sum(axis=0)).ravel(), {}
        for place, name in enumerate(names):
            own, lag = direct[place], lagged[place]
            parts[f"{name} direct"], parts[f"{name} indirect"] = np.full(n, own), lag * sums
            parts[f"{name} total"], parts[f"{name} sent"] = own + lag * sums, own + lag * columns
        return parts, ()
    system = solver(effects.determinant, matrix, float(effects.estimate[effects.rho]))
    rho = float(effects.estimate[effects.rho])
    every = _even_sum(matrix)
    total_lag = system.solve(sums) if every is None else np.where(np.diff(matrix.indptr) > 0, every[0] / (1 - rho * every[0]), 0.0)
    total = 1 + rho * total_lag
    found = {f"{name} total": direct[place] * total + lagged[place] * total_lag for place, name in enumerate(names)}
    back = system.solve(np.ones(n), transposed=True)
    found |= {f"{name} sent": direct[place] * back + lagged[place] * (matrix.T @ back) for place, name in enumerate(names)}
    even = np.ptp(total) <= EVEN * np.abs(total).max()
    same = ("The total impact is the same on every place, because every row of W sums to the same; the direct one is not.",) * bool(
        even
    )
    if n > FULL:
        note = f"Impacts by place are totals only: to tell direct from indirect ones needs a full matrix, which is computed up to {FULL:,} places."
        return found, (note, *same)
    own = np.diag(system.inverse)
    own_lag = np.asarray(matrix.T.multiply(system.inverse).sum(axis=1)).ravel()
    for place, name in enumerate(names):
        found[f"{name} direct"] = direct[place] * own + lagged[place] * own_lag
        found[f"{name} indirect"] = found[f"{name} total"] - found[f"{name} direct"]
    return {f"{name} {kind}": found[f"{name} {kind}"] for name in names for kind in (*KINDS, "sent")}, same
