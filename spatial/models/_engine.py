"""One way through all models with spatial parameters: design, search, covariance, impacts, tests, fields of the result."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError
from spatial.models import _reading as reading
from spatial.models._design import Design, design, refuse_exact
from spatial.models._determinant_methods import determinant_of
from spatial.models._impacts import Effects, impacts_table, place_impacts
from spatial.models._information import information_of
from spatial.models._lagged import roles_of, with_lags
from spatial.models._least_squares import least_squares, log_likelihood
from spatial.models._likelihood import largest, maximised
from spatial.models._log_determinant import LogDeterminant, remarks
from spatial.models._memory import refuse_too_large
from spatial.models._prediction import predicted_fields
from spatial.models._profile import Problem, Profile, Solution, profile_of, solution_at
from spatial.models._singular import solvable
from spatial.models._small_samples import (
    FEW,
    drawn_from,
    remaining_autocorrelation,
    simulated_note,
    simulated_notes,
    simulated_p,
    simulated_ratios,
)
from spatial.models._spatial_tests import spatial_tests
from spatial.models._tables import chi_squared, coefficients_table, covariance_table, quantiles, tests_table, unknown_note
from spatial.models._tests import moran_of
from spatial.models._two_parameters import maximised_pair
from spatial.models._units import Scaled, roots_of, scaled
from spatial.progress import one_thread, tell

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: What is told of a fit: four of these, and the design before.
STAGES = 5
#: Relative error of a trace that needs no note.
TRACED = 1e-12


@dataclass(frozen=True)
class Kind:
    """Which of the models it is."""

    operation: str
    title: str  # as the first words of a sentence
    rho: bool = False
    error: bool = False
    lags: bool = False

    @property
    def parameters(self) -> int:
        """How many spatial parameters it has."""
        return self.rho + self.error


@dataclass(frozen=True, eq=False)
class Fit:
    """A model fitted by maximum likelihood, in scaled units."""

    kind: Kind
    found: Design
    units: Scaled
    problem: Problem
    profile: Profile
    determinant: LogDeterminant
    solution: Solution
    log_likelihood: float  # in scaled units, weights of observations counted
    notes: tuple[str, ...]


def fields_of(
    places: "GeoDataFrame", graph: "Graph", kind: Kind, options: dict[str, Any], determinant: LogDeterminant | None = None
) -> dict[str, Any]:
    """
    Fit a model by maximum likelihood and fill the fields of its result.

    Parameters
    ----------
    places
        The table.
    graph
        Weights W with the same labels.
    kind
        Which model.
    options
        As used by the operation; with ``impacts`` None they are left out.
    determinant
        As prepared for these weights; None to prepare it.

    Returns
    -------
    dict
        Field name to value.
    """
    found = designed(places, graph, kind, options)
    with one_thread(len(found.response)), solvable(kind.operation):
        return _fields_of_design(places, found, kind, options, determinant)


def _fields_of_design(
    places: "GeoDataFrame", found: Design, kind: Kind, options: dict[str, Any], determinant: LogDeterminant | None
) -> dict[str, Any]:
    tell(1, STAGES, "Preparing the log-determinant")
    if determinant is None:
        determinant = determinant_of(places, found, options["log_determinant"])
    tell(2, STAGES, "Searching the largest likelihood")
    fit = fitted(found, kind, determinant, options.get("weights_column"))
    tell(3, STAGES, "Standard errors")
    estimate, covariance, error = estimates(fit, options["vcov"])
    tell(4, STAGES, "Impacts and tests")
    effects = None if options.get("impacts", "delta") is None else _effects(fit, estimate, covariance)
    tests = spatial_tests(
        fit.problem,
        fit.solution,
        determinant,
        covariance,
        linear=_linear(fit),
        value=fit.log_likelihood,
        intercept=found.intercept,
    )
    if kind.rho and kind.lags and not kind.error:
        tests |= _common_factor(fit)
    fields = _fields(fit, estimate, covariance, tests, options)
    notes = fields["notes"] + fit.notes + _error_note(error) + unknown_note(tests)
    if effects is not None:
        table, more = impacts_table(
            effects,
            method=options.get("impacts", "delta"),
            draws=options.get("draws", 0),
            seed=options["seed"],
            level=options["level"],
        )
        by_place, again = place_impacts(effects, effects.roles.names)
        fields["impacts"], fields["place_impacts"] = table, found.given.frame(by_place)
        notes += more + again
    fields["tests"], more = _with_simulated(fit, fields["tests"], options)
    notes += more
    return {
        "operation": kind.operation,
        "options": options | {"graph": found.given.graph},
        "reading": _reading(fit, fields, options["level"]),
        **fields,
        "notes": notes + remarks(determinant),
    }


def designed(places: "GeoDataFrame", graph: "Graph", kind: Kind, options: dict[str, Any]) -> Design:
    """Read the formula; add the lags of regressors where the model has them."""
    weighting = options.get("weights_column")
    found = design(
        places,
        graph,
        options["formula"],
        options["missing"],
        spatial=kind.parameters,
        extra=[*(options.get("instruments") or []), *([weighting] if weighting else [])],
    )
    refuse_too_large(len(found.response), len(found.names) * (1 + kind.lags), found.given.weights.nnz)
    return with_lags(found, options.get("lagged"), kind.parameters) if kind.lags else found


def fitted(found: Design, kind: Kind, determinant: LogDeterminant, weights_column: str | None = None) -> Fit:
    """
    Find the parameters with the largest likelihood.

    Parameters
    ----------
    found
        The design, lags included.
    kind
        Which model.
    determinant
        As prepared for its weights.
    weights_column
        Weights of observations, one of the extra columns of the design.

    Returns
    -------
    Fit
        The model in scaled units.
    """
    units = scaled(found)
    problem = Problem(units.response, units.matrix, found.given.weights, kind.rho, kind.error, roots_of(found, weights_column))
    profile = profile_of(problem, found.response_name)
    refuse_exact(found, profile.ordinary.squares, units.response_unit)
    n = len(units.response)
    if kind.rho and kind.error:
        pair = maximised_pair(determinant, profile, n)
        rho, error, value, notes = pair.rho, pair.error, pair.log_likelihood, pair.notes
    else:
        maximum = maximised(determinant, _one(profile, rho=kind.rho), n, problem.parameters[0])
        rho, error = (maximum.parameter, 0.0) if kind.rho else (0.0, maximum.parameter)
        value, notes = maximum.log_likelihood, maximum.notes
    solution = solution_at(problem, rho, error)
    refuse_exact(found, solution.filtered.squares, units.response_unit)
    value += log_likelihood(solution.filtered.squares, n) - log_likelihood(profile.at(rho, error)[0], n) + _weights_part(problem)
    return Fit(kind, found, units, problem, profile, determinant, solution, value, notes)


def _one(profile: Profile, *, rho: bool) -> Callable[[float], tuple[float, float]]:
    def one(parameter: float) -> tuple[float, float]:
        squares, half_rho, half_error = profile.at(parameter, 0.0) if rho else profile.at(0.0, parameter)
        return squares, half_rho if rho else half_error

    return one


def _weights_part(problem: Problem) -> float:
    return 0.0 if problem.roots is None else float(np.log(problem.roots).sum())


def estimates(fit: Fit, vcov: str) -> tuple[Vector, Matrix, float]:
    """Put coefficients, spatial parameters and their covariance into the units of the data; the relative error of traces too."""
    found = information_of(fit.problem, fit.solution, fit.determinant, vcov, fit.kind.operation)
    values = [fit.solution.rho] * fit.kind.rho + [fit.solution.error] * fit.kind.error
    factors = np.append(fit.units.response_unit / fit.units.matrix_units, np.ones(len(values)))
    estimate = np.append(fit.solution.coefficients, values) * factors
    return estimate, found.covariance * np.outer(factors, factors), found.error


def _effects(fit: Fit, estimate: Vector, covariance: Matrix) -> Effects | None:
    if not (fit.kind.rho or fit.kind.lags):
        return None
    plain = without_lags(fit.found) if fit.kind.lags else range(len(fit.found.names))
    regressors = [fit.found.names[place] for place in plain if fit.found.names[place] != "Intercept"]
    return Effects(
        roles_of(fit.found.names, regressors),
        estimate,
        covariance,
        len(fit.found.names) if fit.kind.rho else None,
        fit.problem.weights,
        fit.determinant if fit.kind.rho else None,
    )


def without_lags(found: Design) -> list[int]:
    """Find the columns that are no lags, in a model that has some: no other name may begin so."""
    return [place for place, name in enumerate(found.names) if not name.startswith("W_")]


def _linear(fit: Fit) -> tuple[float, int]:
    """
    Give the log-likelihood of the model without spatial parameters, in scaled units, and its number of coefficients.

    For the models with W X it is the one with W X, but for the general nested one the one without, as in spatialreg.
    """
    problem, ordinary = fit.problem, fit.profile.ordinary
    count = problem.matrix.shape[1]
    if fit.kind.lags and fit.kind.rho and fit.kind.error:
        plain = without_lags(fit.found)
        ordinary = least_squares(problem.weighted(problem.response), problem.weighted(problem.matrix[:, plain]))
        count = len(plain)
    return log_likelihood(ordinary.squares, len(problem.response)) + _weights_part(problem), count


def _common_factor(fit: Fit) -> dict[str, Any]:
    """Compare with the error model, in which the coefficients of W X are -rho times those of X."""
    plain = without_lags(fit.found)
    lags = len(fit.found.names) - len(plain)
    regressors = [fit.found.names[place] for place in plain if fit.found.names[place] != "Intercept"]
    if any(f"W_{name}" not in fit.found.names for name in regressors):
        return {}  # not nested: a regressor without a lag
    inner = replace(
        fit.found, names=tuple(fit.found.names[place] for place in plain), matrix=fit.found.matrix[:, plain], whole=None
    )
    units = scaled(inner)
    problem = Problem(units.response, units.matrix, fit.problem.weights, rho=False, error=True)
    try:
        other = largest(fit.determinant, _one(profile_of(problem, inner.response_name), rho=False), len(units.response), "lambda")
    except ModelError:  # the error model has no maximum inside: no reason to refuse this one
        return {"Common factor": (float("nan"), float(lags), float("nan"))}
    return {"Common factor": chi_squared(max(2 * (fit.log_likelihood - other), 0.0), lags)}


def _fields(fit: Fit, estimate: Vector, covariance: Matrix, tests: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    found, solution, size = fit.found, fit.solution, fit.units.response_unit
    n, k = found.matrix.shape
    shift = n * float(np.log(size))
    count = k + fit.kind.parameters + 1
    value = fit.log_likelihood - shift
    linear, linear_count = _linear(fit)
    trend = found.matrix @ estimate[:k]
    lag_part = solution.rho * solution.lag * size
    residuals = solution.residuals * size
    signal = found.response - residuals - trend
    names = [*found.names, *fit.problem.parameters]
    give = found.given.series
    variance = solution.variance * size**2
    return {
        "observations": n,
        "notes": found.given.notes,
        "coefficients": coefficients_table(names, estimate, covariance, options["level"]),
        "tests": tests_table(tests),
        "log_likelihood": value,
        "parameters": count,
        "aic": 2 * count - 2 * value,
        "bic": float(np.log(n)) * count - 2 * value,
        "sigma2": variance,
        "sigma": float(np.sqrt(variance)),
        "residual_quantiles": quantiles(residuals),
        "fitted": give(trend + signal),
        "residuals": give(residuals),
        "vcov": covariance_table(names, covariance),
        "estimator": "ml",
        "residual_moran": moran_of(residuals, found.given.weights),
        "pseudo_r2": correlation2(found.response, trend + lag_part),
        "log_likelihood_ols": linear - shift,
        "aic_ols": 2 * (linear_count + 1) - 2 * (linear - shift),
        "admissible_low": fit.determinant.low,
        "admissible_high": fit.determinant.high,
        "prediction_trend": give(trend),
        "prediction_signal": give(signal),
        **predicted_fields(found, estimate[:k], solution.rho, solution.error, variance),
    }


def correlation2(response: Vector, other: Vector) -> float:
    """Squared correlation; NaN where one does not vary."""
    return float(np.corrcoef(response, other)[0, 1] ** 2) if np.ptp(other) > 0 else float("nan")


def _error_note(error: float) -> tuple[str, ...]:
    if error <= TRACED:
        return ()
    what = (
        f"Traces for the standard errors were estimated from random vectors (fixed seed); their relative error is about {error:.1g}"
    )
    return (f"{what}, that of the standard errors smaller.",)


def _with_simulated(fit: Fit, table: Any, options: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """Add p values from simulated data where there are few places."""
    draws, n = options["bootstrap"], len(fit.found.response)
    if n >= FEW or not draws:
        return table, ()
    value = fit.log_likelihood - _weights_part(fit.problem)
    ratios = simulated_ratios(fit.problem, fit.determinant, value, draws=draws, seed=options["seed"])
    table = table.assign(p_bootstrap=np.nan)
    for each in ratios:
        name = "Likelihood ratio"
        if len(each.tested) < fit.kind.parameters or (fit.kind.rho and fit.kind.error and fit.kind.lags):
            name = f"Likelihood ratio of {' and '.join(each.tested)}"
            table.loc[name] = [*chi_squared(each.observed, len(each.tested)), np.nan]
        table.loc[name, "p_bootstrap"] = each.p
    notes = simulated_notes(ratios, draws, options["seed"])
    name = "LM residual autocorrelation"
    if name in table.index and np.isfinite(table.loc[name, "statistic"]):
        true = (fit.solution.rho, 0.0)
        responses = drawn_from(fit.problem, true, draws=draws, seed=options["seed"])
        found = remaining_autocorrelation(fit.problem, fit.determinant, responses, options["vcov"])
        p = table.loc[name, "p_bootstrap"] = simulated_p(float(table.loc[name, "statistic"]), found)
        notes += simulated_note(name, p, int(np.isnan(found).sum()), true, draws=draws, seed=options["seed"], first=False)
    return table, notes


def _reading(fit: Fit, fields: dict[str, Any], level: float) -> tuple[str, ...]:
    response, n, table = fit.found.response_name, len(fit.found.response), fields["coefficients"]
    regressors = tuple(name for name in fit.found.regressors if not (fit.kind.lags and name.startswith("W_")))
    spatial = " ".join(reading.of_parameter(table, name, level, response) for name in fit.problem.parameters)
    return (
        f"{reading.opening(fit.kind.title, response, regressors, n)} {spatial}",
        reading.of_criterion(fields["aic"], fields["aic_ols"], fields["tests"].loc["Likelihood ratio", "p"]),
        reading.of_impacts(fields["impacts"], level, response)
        if "impacts" in fields
        else reading.of_coefficients(table, level, response),
        *reading.of_few(n, fields["parameters"]),
    )
