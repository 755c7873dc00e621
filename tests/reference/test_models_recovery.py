"""Known processes, drawn 200 times: do the estimates centre on the truth, and do the intervals cover it as often as they say?"""

import functools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from spatial.models import combined, durbin, error, lag
from spatial.models._determinant_methods import determinant_of
from spatial.models._engine import _effects, designed, estimates, fitted
from spatial.models._impacts import impacts_table
from spatial.models._tables import normal_quantile

SIDE, COPIES, DRAWS, LEVEL = 10, 4, 200, 0.95
#: The kind of model, rho, lambda, and the coefficients of the lags of x and z.
PROCESSES = {
    "lag": (lag.KIND, 0.5, 0.0, None),
    "error": (error.KIND, 0.0, 0.5, None),
    "durbin": (durbin.KIND, 0.4, 0.0, (0.5, -0.3)),
    "combined": (combined.KIND, 0.4, 0.3, None),
}
COEFFICIENTS = {"Intercept": 2.0, "x": 1.0, "z": -0.5}


@functools.cache
def world(copies):
    """Square grids on which cells that share an edge or a corner are neighbours, each with the same two regressors."""
    import geopandas
    from libpysal.graph import Graph

    size = SIDE * SIDE
    rows, columns = np.divmod(np.arange(size), SIDE)
    near = np.maximum(np.abs(rows[:, None] - rows), np.abs(columns[:, None] - columns)) == 1
    near = np.kron(np.eye(copies), near)
    names = np.array([f"place {number:03d}" for number in range(copies * size)])
    focal, neighbor = np.nonzero(near)
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
    table = dict(zip("xzy", np.tile(np.random.default_rng(0).normal(size=(3, size)), copies), strict=True))
    points = geopandas.points_from_xy(np.arange(len(names)) * 1e3, np.zeros(len(names)))
    places = geopandas.GeoDataFrame(table, geometry=points, index=names, crs="EPSG:32642")
    return places.rename_axis("place"), graph, near / near.sum(axis=1)[:, None]


@dataclass(frozen=True)
class Recovered:
    """Estimates and errors of all draws, (draws, parameters), with the truth; the same of impacts, flattened."""

    names: tuple[str, ...]
    truth: np.ndarray
    estimates: np.ndarray
    errors: np.ndarray
    impacts: np.ndarray  # true ones
    low: np.ndarray
    high: np.ndarray
    drawn_low: np.ndarray
    drawn_high: np.ndarray

    @property
    def bias(self):
        """Distance of the mean from the truth in Monte-Carlo standard errors."""
        return (self.estimates.mean(axis=0) - self.truth) / (self.estimates.std(axis=0, ddof=1) / np.sqrt(len(self.estimates)))

    @property
    def covered(self):
        """Share of the intervals that hold the true parameter."""
        return (np.abs(self.estimates - self.truth) <= normal_quantile(LEVEL) * self.errors).mean(axis=0)


@functools.cache
def lattice():
    """A square of 20 by 20 on which cells that share an edge are neighbours, and regressors."""
    import geopandas
    from libpysal.graph import Graph

    side = 20
    rows, columns = np.divmod(np.arange(side * side), side)
    near = np.abs(rows[:, None] - rows) + np.abs(columns[:, None] - columns) == 1
    names = np.array([f"place {number:03d}" for number in range(side * side)])
    focal, neighbor = np.nonzero(near)
    graph = Graph.from_arrays(names[focal], names[neighbor], np.ones(len(focal))).transform("r")
    table = dict(zip("xzy", np.random.default_rng(0).normal(size=(3, side * side)), strict=True))
    points = geopandas.points_from_xy(columns * 1e3, rows * 1e3)
    places = geopandas.GeoDataFrame(table, geometry=points, index=names, crs="EPSG:32642")
    return places.rename_axis("place"), graph, near / near.sum(axis=1)[:, None]


def estimated(fit):
    """Coefficients, rho and lambda in the units of the data, without their errors."""
    size = fit.units.response_unit / fit.units.matrix_units
    solution = fit.solution
    return np.array([*solution.coefficients * size, *([solution.rho] * fit.kind.rho), *([solution.error] * fit.kind.error)])


@functools.cache
def bias_in_the_open(process, related=None, spread=0.25, seed=1):
    """
    Measure the bias of each parameter, its own error, and the standard deviation of the estimates, (parameters,) each.

    The derivatives of the log-likelihood at the truth have mean 0 and explain most of what chance does to an estimate: the mean
    is taken where they are 0, by regression (control variates).
    """
    kind, rho, lam, lagged = PROCESSES[process]
    lam = lam if related is None else related
    places, graph, w = lattice()
    n = len(places)
    found = designed(places, graph, kind, {"formula": "y ~ x + z", "missing": "error"})
    determinant = determinant_of(places, found, "eigen")
    truth = COEFFICIENTS | (dict(zip(("W_x", "W_z"), lagged, strict=True)) if lagged else {})
    first, second = np.eye(n) - rho * w, np.eye(n) - lam * w
    lags = [w @ np.linalg.inv(each) for each in (first, second)]
    b = np.array([truth[name] for name in found.names])
    random = np.random.default_rng(seed)
    rows, scores = [], []
    for _ in range(DRAWS):
        noise = spread * random.standard_normal(n)
        deviations = np.linalg.solve(second, noise)
        response = np.linalg.solve(first, found.matrix @ b + deviations)
        fit = fitted(replace(found, response=response), kind, determinant)
        rows.append(estimated(fit))
        score = [*((second @ found.matrix).T @ noise / spread**2), noise @ noise / spread**2 - n]
        score += [noise @ second @ w @ response / spread**2 - np.trace(lags[0])] * kind.rho
        scores.append([*score, *([noise @ w @ deviations / spread**2 - np.trace(lags[1])] * kind.error)])
    estimates_of = np.array(rows)
    explained = np.column_stack([np.ones(DRAWS), np.array(scores)])
    coefficients, *_ = np.linalg.lstsq(explained, estimates_of, rcond=None)
    rest = (estimates_of - explained @ coefficients).std(axis=0, ddof=explained.shape[1])
    own = rest * np.sqrt(np.linalg.inv(explained.T @ explained)[0, 0])
    return coefficients[0] - [*b, *([rho] * kind.rho), *([lam] * kind.error)], own, estimates_of.std(axis=0, ddof=1)


@functools.cache
def recovered(process, copies=COPIES, draws=DRAWS, seed=1):
    kind, rho, lam, lagged = PROCESSES[process]
    places, graph, w = world(copies)
    n = len(places)
    found = designed(places, graph, kind, {"formula": "y ~ x + z", "missing": "error"})
    determinant = determinant_of(places, found, "eigen")
    truth = COEFFICIENTS | (dict(zip(("W_x", "W_z"), lagged, strict=True)) if lagged else {})
    spread, lift = np.linalg.inv(np.eye(n) - rho * w), np.linalg.inv(np.eye(n) - lam * w)
    trend = found.matrix @ np.array([truth[name] for name in found.names])
    random = np.random.default_rng(seed)
    rows, errors, impacts = [], [], []
    for draw in range(draws):
        response = spread @ (trend + lift @ random.standard_normal(n))
        fit = fitted(replace(found, response=response), kind, determinant)
        if copies != COPIES:  # of these only means are asked
            rows.append(estimated(fit))
            continue
        estimate, covariance, _ = estimates(fit, "asymptotic")
        rows.append(estimate)
        errors.append(np.sqrt(np.diag(covariance)))
        effects = _effects(fit, estimate, covariance)
        if effects is not None:
            impacts.append([intervals(effects, method, draw) for method in ("delta", "simulation")])
    names = (*found.names, *(("rho",) * kind.rho + ("lambda",) * kind.error))
    truth |= {"rho": rho, "lambda": lam}
    low, high = (
        np.moveaxis(np.array(impacts), (1, 2), (0, 1))[:, :2].transpose(1, 0, 2, 3) if impacts else (np.zeros((2, 0, 0)),) * 2
    )
    return Recovered(
        names,
        np.array([truth[name] for name in names]),
        np.array(rows),
        np.array(errors),
        true_impacts(truth, spread, w) if impacts else np.zeros(0),
        low[0],
        high[0],
        low[1],
        high[1],
    )


def intervals(effects, method, seed):
    """Limits of the direct, indirect and total impacts of x and z."""
    table, _ = impacts_table(effects, method=method, draws=400, seed=seed, level=LEVEL)
    kinds = ("direct", "indirect", "total")
    return [table[[f"{kind}_{side}" for kind in kinds]].to_numpy().ravel() for side in ("low", "high")]


def true_impacts(truth, spread, w):
    found, n = [], len(w)
    for name in ("x", "z"):
        effects = spread @ (truth[name] * np.eye(n) + truth.get(f"W_{name}", 0.0) * w)
        direct, total = np.trace(effects) / n, effects.sum() / n
        found += [direct, total - direct, total]
    return np.array(found)


@pytest.mark.parametrize(("process", "related"), [("lag", None), ("durbin", None), ("error", 0.2), ("combined", 0.2)])
def test_means_where_the_data_say_much(process, related):
    """
    With few neighbours, regressors that explain most and errors that are weakly related, means lie within two Monte-Carlo errors.

    Those are errors of 200 draws, so the bias is below 0.14 standard deviations. Of 200 independent draws chance alone would put one
    parameter in twenty outside, and with this seed does; what the derivatives at the truth explain of chance is therefore
    taken out, which leaves the bias with an error of at most 0.3 of such an error. The bias of rho in standard deviations is about
    -tr(P G) / sqrt(information), P the projection on the regressors and G = W (I - rho W)^-1, and falls as the regressors say more;
    that of lambda does not, for the information of lambda knows of W alone: it falls with lambda, see the next test.
    """
    bias, own, spread = bias_in_the_open(process, related)
    error = spread / np.sqrt(DRAWS)
    assert (own <= 0.3 * error).all()
    assert (np.abs(bias) <= 2 * error).all()


def test_lambda_of_strongly_related_errors_comes_out_low():
    """
    With lambda 0.5 the mean is 2.2 errors of 200 draws low (0.15 standard deviations), more than half of it the intercept's 1 / (1 - lambda).

    No maximum likelihood estimate is free of this term, which falls with the number of places. The limit of 3 allows for what
    the draws leave open of a value of 2.2.

    Bao, Y., Ullah, A. (2007). Finite sample properties of maximum likelihood estimator in spatial models. Journal of Econometrics
    137, 396-413. doi:10.1016/j.jeconom.2006.02.002.
    """
    bias, own, spread = bias_in_the_open("error")
    error = spread / np.sqrt(DRAWS)
    assert (own <= 0.3 * error).all()
    assert (np.abs(bias[:-1]) <= 2 * error[:-1]).all()
    assert -3 * error[-1] <= bias[-1] < 0


@pytest.mark.parametrize("process", PROCESSES)
class TestRecovery:
    def test_means(self, process):
        """
        Maximum likelihood is biased in proportion to 1 / n: rho comes out 0.01 to 0.03 too low here, which 200 draws can see.

        Copies of a grid that no link connects have the same expansion of the bias in 1 / n with n times as many places, so
        (4 m(4 copies) - m(1 copy)) / 3 is free of that first term. It lies within two of its Monte-Carlo standard errors of the
        truth, and what the coefficients of the regressors' own values have of bias is too little to be seen at all.
        """
        large, small = recovered(process), recovered(process, copies=1, draws=2 * DRAWS)
        means = (4 * large.estimates.mean(axis=0) - small.estimates.mean(axis=0)) / 3
        spreads = [each.estimates.var(axis=0, ddof=1) / len(each.estimates) for each in (large, small)]
        assert (np.abs(means - large.truth) <= 2 * np.sqrt(16 * spreads[0] + spreads[1]) / 3).all()
        assert (np.abs(large.bias[1:3]) <= 2).all()

    def test_bias_is_a_small_part_of_the_error(self, process):
        """Half a standard error with 400 places, and for the spatial parameters towards 0."""
        found = recovered(process)
        away = found.estimates.mean(axis=0) - found.truth
        assert (np.abs(away) <= 0.5 * found.estimates.std(axis=0)).all()
        assert (away[[name in ("rho", "lambda") for name in found.names]] < 0).all()

    def test_standard_errors(self, process):
        """The mean of those reported is the standard deviation of the estimates, which 200 draws show to within a tenth."""
        found = recovered(process)
        ratio = found.errors.mean(axis=0) / found.estimates.std(axis=0, ddof=1)
        assert (np.abs(ratio - 1) <= 0.15).all()

    def test_coverage(self, process):
        """
        Intervals of 95 % cover the truth in 92 to 98 % of all draws.

        200 draws show a share to within 0.03 to 0.04 only, so that each share must be one that a true share in this range
        explains (two binomial standard errors), and their mean must lie inside. With 2,000 draws all shares of parameters and
        impacts of these four models lie inside: between 0.921 (the intercept of the error model) and 0.956.
        """
        found = recovered(process)
        shares = [found.covered]
        if len(found.impacts):
            for low, high in ((found.low, found.high), (found.drawn_low, found.drawn_high)):
                shares.append(((low <= found.impacts) & (found.impacts <= high)).mean(axis=0))
        reach = [2 * np.sqrt(share * (1 - share) / DRAWS) for share in (0.92, 0.98)]
        for each in shares:
            assert ((each >= 0.92 - reach[0]) & (each <= 0.98 + reach[1])).all()
            assert 0.92 <= each.mean() <= 0.98
