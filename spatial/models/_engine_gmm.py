"""The models of the lag and error family by instruments and moments: the same fields, without a likelihood."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, StudyError, complaint, listed
from spatial.models import _reading as reading
from spatial.models._by_moments import Estimated, Setting, estimated, setting_of
from spatial.models._design import INTERCEPT
from spatial.models._engine import Kind, correlation2, fields_of
from spatial.models._impacts import Effects, impacts_table, place_impacts
from spatial.models._instrument_tests import FirstStage, anselin_kelejian, first_stages, over_identification, wu_hausman
from spatial.models._lagged import roles_of
from spatial.models._log_determinant import remarks
from spatial.models._prediction import predicted_fields
from spatial.models._profile import Problem
from spatial.models._singular import solvable
from spatial.models._small_samples import FEW, simulated_note, simulated_test
from spatial.models._tables import Test, chi_squared, coefficients_table, covariance_table, quantiles, tests_table
from spatial.models._tests import moran_of
from spatial.progress import one_thread

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

Estimator = Literal["ml", "gmm"]
Conditions = Literal["auto", "classic", "equal", "unequal"]
Divisor = Literal["n - k", "n"]

#: An F of the first stage below this says that the instruments are weak (Staiger and Stock 1997).
WEAK = 10.0


def fields_by(places: "GeoDataFrame", graph: "Graph", kind: Kind, options: dict[str, Any]) -> dict[str, Any]:
    """
    Fit a model by the estimator that was asked for and fill the fields of its result.

    Parameters
    ----------
    places
        The table.
    graph
        Weights W with the same labels.
    kind
        Which model.
    options
        As used by the operation.

    Returns
    -------
    dict
        Field name to value.

    Raises
    ------
    StudyError
        When options do not go together.
    """
    _options_checked(kind, options)
    if options["estimator"] == "ml":
        return fields_of(places, graph, kind, options)
    setting = setting_of(places, graph, kind, options)
    with one_thread(len(setting.found.response)), solvable(kind.operation):
        return _fields_of_fit(setting, estimated(setting, setting.found.response), kind, options)


def _fields_of_fit(setting: Setting, fit: Estimated, kind: Kind, options: dict[str, Any]) -> dict[str, Any]:
    tests, stages = _tests(fit)
    fields = _fields(fit, tests, options)
    _inside(fit, stages)
    fields["tests"], notes = _with_simulated(setting, fit, fields["tests"])
    effects = _effects(fit)
    if effects is not None:
        fields["impacts"], more = impacts_table(
            effects,
            method=options.get("impacts", "delta"),
            draws=options.get("draws", 0),
            seed=options["seed"],
            level=options["level"],
        )
        by_place, again = place_impacts(effects, effects.roles.names)
        fields["place_impacts"] = fit.found.given.frame(by_place)
        notes += more + again
    return {
        "operation": kind.operation,
        "options": options | {"graph": fit.found.given.graph},
        "reading": _reading(fit, fields, options["level"], stages),
        **fields,
        "notes": fields["notes"] + fit.notes + _weak(fit, stages) + notes + remarks(fit.determinant),
    }


def _options_checked(kind: Kind, options: dict[str, Any]) -> None:
    """Refuse options that have no meaning together, all at once."""
    ml, vcov = options["estimator"] == "ml", options["vcov"]
    wrong = [
        complaint(f"option {name!r}", "maximum likelihood has no instruments", "Expected gmm", 'Set estimator = "gmm"')
        for name in ("endogenous", "instruments")
        if ml and options[name]
    ]
    if ml != (vcov in ("asymptotic", "hessian")) and vcov != "asymptotic":
        allowed = (
            '"asymptotic" or "hessian" with ml' if ml else '"asymptotic" or "robust" with gmm, and "hc1" or "hac" without lambda'
        )
        wrong.append(complaint("option 'vcov'", f"{vcov!r} is not defined for {options['estimator']!r}", f"Expected {allowed}"))
    if ml and options.get("divisor") == "n":
        wrong.append(complaint("option 'divisor'", "maximum likelihood divides by n in any case", "Expected gmm", "Leave it out"))
    if not ml and kind.error:
        asked = options["moments"]
        if asked == "equal" and vcov == "robust":
            wrong.append(complaint("option 'moments'", "'equal' has no robust errors", 'Expected "unequal" or "classic"'))
        if asked == "unequal" and vcov == "asymptotic":
            wrong.append(complaint("option 'moments'", "the errors of 'unequal' are robust ones", 'Expected vcov = "robust"'))
    both = sorted(set(options["endogenous"] or []) & set(options["instruments"] or []))
    if both:
        wrong.append(
            complaint(
                "option 'instruments'",
                f"{listed(both)} is endogenous too",
                "An instrument must not depend on the errors",
                "Name it in one of both",
            )
        )
    if not ml and options["endogenous"] and not options["instruments"]:
        wrong.append(
            complaint(
                "option 'endogenous'",
                "there is no instrument for it",
                "Expected columns that are related to the endogenous ones but not to the errors",
                "Name them as instruments",
            )
        )
    if options["instruments"] and not options["endogenous"] and not kind.rho:
        wrong.append(complaint("option 'instruments'", "nothing in this model is endogenous", "Expected endogenous regressors too"))
    if wrong:
        raise StudyError("\n".join(wrong))


def _wald(fit: Estimated) -> float:
    count = fit.kind.parameters
    values, spread = fit.estimate[-count:], fit.covariance[-count:, -count:]
    return float(values @ np.linalg.solve(spread, values))


def _left(fit: Estimated) -> float:
    return anselin_kelejian(fit.last, fit.found.given.weights, lag=fit.kind.rho)[0]


def _with_simulated(setting: Setting, fit: Estimated, table: "pd.DataFrame") -> tuple["pd.DataFrame", tuple[str, ...]]:
    """Add p values from simulated data where there are few places."""
    found, kind, options = setting.found, setting.kind, setting.options
    if len(found.response) >= FEW or not options["bootstrap"]:
        return table, ()
    if options["endogenous"]:
        return table, ("There are no simulated p values: how the endogenous regressors depend on the errors is not known.",)
    problem = Problem(found.response, found.matrix, found.given.weights, kind.rho, kind.error, setting.roots)
    tests: dict[str, tuple[Callable[[Estimated], float], tuple[float, float]]] = {"Wald": (_wald, (0.0, 0.0))} if fit.joint else {}
    if "Anselin-Kelejian" in table.index and setting.determinant.low < fit.rho < setting.determinant.high:
        tests["Anselin-Kelejian"] = (_left, (fit.rho, 0.0))
    if not tests:
        return table, ()
    table = table.assign(p_bootstrap=np.nan)
    notes: tuple[str, ...] = ()
    for name, (statistic, true) in tests.items():

        def simulated(response: Vector, statistic: Callable[[Estimated], float] = statistic) -> float:
            return statistic(estimated(setting, response))

        p, lost = simulated_test(problem, simulated, statistic(fit), true, draws=options["bootstrap"], seed=options["seed"])
        table.loc[name, "p_bootstrap"] = p
        notes += simulated_note(name, p, lost, true, draws=options["bootstrap"], seed=options["seed"], first=not notes)
    return table, notes


def _tests(fit: Estimated) -> tuple[dict[str, Test], dict[str, FirstStage]]:
    tests: dict[str, Test] = {"Wald": chi_squared(_wald(fit), fit.kind.parameters)} if fit.joint else {}
    if not fit.endogenous:
        return tests, {}
    n, k = fit.first.regressors.shape
    tests |= over_identification(fit.last)
    if not fit.kind.error:
        tests["Anselin-Kelejian"] = anselin_kelejian(fit.last, fit.found.given.weights, lag=fit.kind.rho)
    if n - k > len(fit.endogenous) + 1:
        tests["Wu-Hausman"] = wu_hausman(fit.first)
    stages = dict(zip(fit.endogenous, first_stages(fit.first, len(fit.instruments.names)), strict=True))
    for name, stage in stages.items():
        tests[f"First stage {name}"] = (stage.f, float(stage.freedom[0]), stage.p)
    return tests, stages


def _weak(fit: Estimated, stages: dict[str, FirstStage]) -> tuple[str, ...]:
    found = ", ".join(f"{name} (F = {stage.conditional_f:.2f})" for name, stage in stages.items() if stage.conditional_f < WEAK)
    if not found:
        return ()
    several = ", given the other endogenous columns (Sanderson and Windmeijer)" if len(fit.endogenous) > 1 else ""
    return (f"The instruments are weak for {found}{several}: estimates are biased towards least squares, and intervals too short.",)


def _inside(fit: Estimated, stages: dict[str, FirstStage]) -> None:
    """Two-stage least squares knows no interval: refuse a rho with which the effects of a change do not die out."""
    low, high = fit.determinant.low, fit.determinant.high
    if fit.kind.rho and not low < fit.rho < high:
        strength = min(stage.conditional_f for stage in stages.values())
        raise ModelError(
            complaint(
                "parameter rho",
                f"two-stage least squares gives {fit.rho:.4g} (first stage F {strength:.3g}), with which there are no impacts",
                f"Expected a value between {low:.6g} and {high:.6g}",
                'Use instruments that explain more, fewer regressors, or estimator = "ml"',
            )
        )


def _effects(fit: Estimated) -> Effects | None:
    if not (fit.kind.rho or fit.kind.lags):
        return None
    names = fit.found.names
    lags = sum(name.startswith("W_") for name in names) if fit.kind.lags else 0
    regressors = [name for name in names[: len(names) - lags] if name != INTERCEPT]
    return Effects(
        roles_of(names, regressors),
        fit.estimate,
        fit.covariance,
        len(names) if fit.kind.rho else None,
        fit.found.given.weights,
        fit.determinant if fit.kind.rho else None,
    )


def _fields(fit: Estimated, tests: dict[str, Test], options: dict[str, Any]) -> dict[str, Any]:
    found, k = fit.found, len(fit.found.names)
    names = [*found.names, *fit.parameters]
    trend = found.matrix @ fit.estimate[:k]
    signal = found.response - fit.residuals - trend
    give = found.given.series
    return {
        "observations": len(found.response),
        "notes": found.given.notes,
        "coefficients": coefficients_table(names, fit.estimate, fit.covariance, options["level"]),
        "tests": tests_table(tests),
        "parameters": len(names) + 1,
        "sigma2": fit.variance,
        "sigma": float(np.sqrt(fit.variance)),
        "residual_quantiles": quantiles(fit.residuals),
        "fitted": give(trend + signal),
        "residuals": give(fit.residuals),
        "vcov": covariance_table(names, fit.covariance),
        "estimator": "gmm",
        "residual_moran": moran_of(fit.residuals, found.given.weights),
        "pseudo_r2": correlation2(found.response, trend + fit.rho * (found.given.weights @ found.response)),
        "admissible_low": fit.determinant.low,
        "admissible_high": fit.determinant.high,
        "prediction_trend": give(trend),
        "prediction_signal": give(signal),
        **predicted_fields(found, fit.estimate[:k], fit.rho, fit.error, fit.variance),
    }


def _reading(fit: Estimated, fields: dict[str, Any], level: float, stages: dict[str, FirstStage]) -> tuple[str, ...]:
    response, n, table = fit.found.response_name, len(fit.found.response), fields["coefficients"]
    regressors = tuple(name for name in fit.found.regressors if not (fit.kind.lags and name.startswith("W_")))
    spatial = " ".join(reading.of_parameter(table, name, level, response) for name in fit.parameters)
    doubts = []
    if stages and min(stage.conditional_f for stage in stages.values()) < WEAK:
        doubts.append("The instruments explain little of what they stand for, so read estimates and p values with reserve.")
    if "Hansen" in fields["tests"].index and fields["tests"].loc["Hansen", "p"] < reading.SIGNIFICANT:
        doubts.append(
            "The instruments contradict one another (Hansen's test), so some of them depend on the errors or the model is wrong."
        )
    return (
        f"{reading.opening(f'{fit.kind.title} (instruments and moments)', response, regressors, n)} {spatial}",
        reading.of_impacts(fields["impacts"], level, response)
        if "impacts" in fields
        else reading.of_coefficients(table, level, response),
        *doubts,
        *reading.of_few(n, fields["parameters"]),
    )
