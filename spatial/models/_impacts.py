"""Direct, indirect and total impacts: what a change of a regressor does to the response, here and through neighbours."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.models._chebyshev import MOST, fitted
from spatial.models._log_determinant import LogDeterminant, derivatives, factorised
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


def impacts_table(
    names: tuple[str, ...],
    estimate: Vector,
    covariance: Matrix,
    matrix: "csr_array",
    log_determinant: LogDeterminant,
    *,
    method: Method,
    draws: int,
    seed: int,
    level: float,
) -> "tuple[pd.DataFrame, tuple[str, ...]]":
    """
    Compute average impacts and their errors.

    Parameters
    ----------
    names
        The regressors without the intercept.
    estimate
        Their coefficients, and rho last.
    covariance
        Of `estimate`.
    matrix
        W.
    log_determinant
        As prepared for W.
    method
        ``"simulation"``: errors and intervals from draws of the coefficients; ``"delta"``: from derivatives.
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

    Notes
    -----
    With A = I - rho W the effects of regressor r are A^-1 b_r. Direct: the mean of the diagonal, b_r (1 - rho L'/n), where L' is
    the derivative of log |A|. Total: the mean row sum of A^-1 b_r. Both are exact. spatialreg 1.2 takes b_r / (1 - rho) for the total,
    which is the mean row sum only where every row of W sums to 1: not with binary weights, nor with places without
    neighbours. z is estimate / error (spatialreg prints the mean of the
    draws / error); with draws, low and high are quantiles of the draws.

    References
    ----------
    LeSage, J., Pace, R. K. (2009). Introduction to Spatial Econometrics. CRC Press. doi:10.1201/9781420064254.
    """
    import pandas as pd

    direct, total, notes = multipliers(matrix, log_determinant, estimate[-1:])
    points = _stacked(estimate[None, :], direct, total)[:, 0, :]
    if method == "simulation":
        errors, low, high, more = _simulated(estimate, covariance, matrix, log_determinant, draws=draws, seed=seed, level=level)
        notes += more
    else:
        errors = _by_derivatives(estimate, covariance, matrix, log_determinant)
        reach = normal_quantile(level) * errors
        low, high = points - reach, points + reach
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
    return pd.DataFrame(columns, index=pd.Index(names, name="regressor")), notes


def multipliers(matrix: "csr_array", log_determinant: LogDeterminant, rhos: Vector) -> tuple[Vector, Vector, tuple[str, ...]]:
    """
    Give what a coefficient is multiplied with to get the average direct and the average total impact.

    Parameters
    ----------
    matrix
        W.
    log_determinant
        As prepared.
    rhos
        One rho or many.

    Returns
    -------
    tuple
        Mean of the diagonal of A^-1, mean of its row sums, and notes.
    """
    slopes, _, error = derivatives(log_determinant, rhos)
    direct = 1 - rhos * slopes / matrix.shape[0]
    total, worse = _totals(matrix, rhos)
    notes = (
        ()
        if max(error, worse) <= CLOSE
        else (f"Multipliers of the impacts were interpolated with a relative error up to {max(error, worse):.1g}.",)
    )
    return direct, total, notes


def _totals(matrix: "csr_array", rhos: Vector) -> tuple[Vector, float]:
    """Mean row sum of A^-1: by formula where all rows sum to the same, or are empty and nobody's neighbours; else by solving."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    linked = np.diff(matrix.indptr) > 0
    to_island = linked @ (matrix @ (~linked).astype(float))
    if to_island == 0 and np.ptp(sums[linked]) <= 1e-14 * np.abs(sums[linked]).max():
        share = linked.mean()
        return 1 - share + share / (1 - rhos * sums[linked].mean()), 0.0
    columns, ones = matrix.tocsc(), np.ones(matrix.shape[0])

    def mean_sum(rho: float) -> float:
        return float(factorised(columns, rho).solve(ones).mean())

    if len(rhos) > MOST:
        found = fitted(mean_sum, float(rhos.min()), float(rhos.max()))
        if found.error <= CLOSE:
            return found.polynomial(rhos), found.error
    return np.array([mean_sum(float(rho)) for rho in rhos]), 0.0


def _stacked(estimates: Matrix, direct: Vector, total: Vector) -> NDArray[np.float64]:
    """(3, draws, regressors) from (draws, regressors + 1) coefficients and (draws,) multipliers."""
    slopes = estimates[:, :-1]
    return np.stack([slopes * direct[:, None], slopes * (total - direct)[:, None], slopes * total[:, None]])


def _simulated(
    estimate: Vector,
    covariance: Matrix,
    matrix: "csr_array",
    log_determinant: LogDeterminant,
    *,
    draws: int,
    seed: int,
    level: float,
) -> tuple[Matrix, Matrix, Matrix, tuple[str, ...]]:
    random = np.random.default_rng(seed)
    sizes = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / np.outer(sizes, sizes))
    drawn = estimate + (random.standard_normal((draws, len(estimate))) @ root.T) * sizes
    inside = (drawn[:, -1] > log_determinant.low) & (drawn[:, -1] < log_determinant.high)
    drawn = drawn[inside]
    direct, total, notes = multipliers(matrix, log_determinant, drawn[:, -1])
    found = _stacked(drawn, direct, total)
    notes = (
        f"Errors of the impacts: {draws} draws, seed {seed}; z and p take the draws as normal, the intervals are their quantiles.",
        *notes,
    )
    if not inside.all():
        notes += (f"{int((~inside).sum())} draws of rho lay outside the admissible interval and were left out.",)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=1)
    errors = found.std(axis=1, ddof=1)
    if (errors > HEAVY * (high - low) / (2 * normal_quantile(level))).any():
        notes += (
            "A few draws of rho near its limit dominate the standard errors of the impacts: trust the intervals, not z and p.",
        )
    return errors, low, high, notes


def _by_derivatives(estimate: Vector, covariance: Matrix, matrix: "csr_array", log_determinant: LogDeterminant) -> Matrix:
    """Errors by the delta method: the derivative of direct and total multiplier with respect to rho is exact."""
    rho, n = float(estimate[-1]), matrix.shape[0]
    first, second, _ = derivatives(log_determinant, estimate[-1:])
    factors = factorised(matrix.tocsc(), rho)
    sums = factors.solve(np.ones(n))
    direct, direct_slope = 1 - rho * first[0] / n, -(first[0] + rho * second[0]) / n
    total, total_slope = float(sums.mean()), float(factors.solve(matrix @ sums).mean())
    errors = []
    for multiplier, slope in ((direct, direct_slope), (total - direct, total_slope - direct_slope), (total, total_slope)):
        row = []
        for place, coefficient in enumerate(estimate[:-1]):
            gradient = np.zeros(len(estimate))
            gradient[place], gradient[-1] = multiplier, coefficient * slope
            row.append(float(np.sqrt(gradient @ covariance @ gradient)))
        errors.append(row)
    return np.array(errors)
