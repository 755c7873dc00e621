"""The models of the lag and error family by instruments and moments: the same fields, without a likelihood."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, StudyError, complaint, nearest_name
from spatial.models import _reading as reading
from spatial.models._design import INTERCEPT, Design, design, refuse_exact
from spatial.models._engine import Kind, correlation2, determinant_of, fields_of, predicted_fields
from spatial.models._filtered import Equation, FilteredFit, classic, generalised
from spatial.models._hac import kernel_of
from spatial.models._impacts import Effects, impacts_table, place_impacts
from spatial.models._instrument_tests import FirstStage, anselin_kelejian, first_stages, over_identification, wu_hausman
from spatial.models._instruments import Instruments, enough, spatial_instruments
from spatial.models._lagged import roles_of, with_lags
from spatial.models._log_determinant import LogDeterminant, remarks
from spatial.models._tables import Test, chi_squared, coefficients_table, covariance_table, quantiles, tests_table
from spatial.models._tests import moran_of
from spatial.models._two_stage import Spread, TwoStage, covariance, two_stage, variance
from spatial.progress import one_thread

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

Estimator = Literal["ml", "gmm"]
Conditions = Literal["auto", "classic", "equal", "unequal"]

#: What the errors are called in the numbers below.
SPREADS: dict[str, Spread] = {"asymptotic": "asymptotic", "robust": "hc0", "hc1": "hc1", "hac": "hac"}
#: An F of the first stage below this says that the instruments are weak (Staiger and Stock 1997).
WEAK = 10.0


@dataclass(frozen=True, eq=False)
class Estimated:
    """A model fitted by instruments and moments, in the units of the data."""

    kind: Kind
    found: Design
    determinant: LogDeterminant
    endogenous: tuple[str, ...]  # with "W_y" for the lag of y
    instruments: Instruments
    first: TwoStage  # the regression before anything is filtered
    last: TwoStage  # the one whose coefficients are reported
    estimate: Vector  # coefficients as in the design, then rho, then lambda
    covariance: Matrix
    residuals: Vector  # e
    variance: float
    notes: tuple[str, ...]

    @property
    def rho(self) -> float:
        """The coefficient of the lag of the response, 0 without one."""
        return float(self.estimate[len(self.found.names)]) if self.kind.rho else 0.0

    @property
    def error(self) -> float:
        """Lambda, 0 without one."""
        return float(self.estimate[-1]) if self.kind.error else 0.0

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the spatial parameters."""
        return ("rho",) * self.kind.rho + ("lambda",) * self.kind.error


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
    fit = estimated(places, graph, kind, options)
    with one_thread(len(fit.found.response)):
        return _fields_of_fit(fit, kind, options)


def _fields_of_fit(fit: "Estimated", kind: Kind, options: dict[str, Any]) -> dict[str, Any]:
    tests, stages = _tests(fit)
    fields = _fields(fit, tests, options)
    notes: tuple[str, ...] = ()
    effects = _effects(fit)
    if effects is not None:
        _inside(fit, stages)
        fields["impacts"], notes = impacts_table(
            effects,
            method=options.get("impacts", "delta"),
            draws=options.get("draws", 0),
            seed=options["seed"],
            level=options["level"],
        )
        if kind.rho:
            by_place, more = place_impacts(effects, effects.roles.names)
            fields["place_impacts"], notes = fit.found.given.frame(by_place), notes + more
    return {
        "operation": kind.operation,
        "options": options | {"graph": fit.found.given.graph},
        "reading": _reading(fit, fields, options["level"], stages),
        **fields,
        "notes": fields["notes"] + fit.notes + _weak(fit, stages) + notes + remarks(fit.determinant),
    }


def estimated(places: "GeoDataFrame", graph: "Graph", kind: Kind, options: dict[str, Any]) -> Estimated:
    """
    Fit a model by two-stage least squares, and lambda by moments where it has one.

    Parameters
    ----------
    places, graph, kind, options
        As in `fields_by`.

    Returns
    -------
    Estimated
        Estimates, covariance, residuals.

    Raises
    ------
    ModelError
        When there are too few instruments, or none that explain anything.
    """
    found, plain = _designed(places, graph, kind, options)
    determinant = determinant_of(places, found, options["log_determinant"], searched=False)
    inner = _endogenous(found, options["endogenous"] or [], lags=kind.lags)
    outer = [place for place in range(len(found.names)) if place not in inner]
    names = (*(found.names[place] for place in inner), *((f"W_{found.response_name}",) if kind.rho else ()))
    instruments = _instruments(found, kind, options, outer, plain)
    enough(instruments, names)
    columns = found.matrix[:, inner]
    if kind.rho:
        columns = np.column_stack([columns, found.given.weights @ found.response])
    equation = Equation(
        found.response,
        found.matrix[:, outer],
        columns,
        instruments.matrix,
        found.given.weights,
        determinant.low,
        determinant.high,
    )
    if kind.error:
        fit, notes = _filtered(equation, options)
        estimate, spread = np.append(fit.coefficients, fit.parameter), fit.covariance
        first, last, residuals, size = fit.first, fit.fit, fit.filtered_residuals, fit.variance
    else:
        first = last = two_stage(equation.response, equation.exogenous, equation.endogenous, equation.instruments)
        spread, notes = _spread(places, found, last, options)
        estimate, residuals, size = last.coefficients, last.residuals, variance(last)
    refuse_exact(found, float(residuals @ residuals), 1.0)
    order = np.argsort([*outer, *inner])  # as in the formula
    order = np.append(order, np.arange(len(order), len(order) + kind.parameters))
    return Estimated(
        kind=kind,
        found=found,
        determinant=determinant,
        endogenous=names,
        instruments=instruments,
        first=first,
        last=last,
        estimate=estimate[order],
        covariance=spread[np.ix_(order, order)],
        residuals=residuals,
        variance=size,
        notes=(*(instruments.notes if names else ()), *notes),
    )


def _designed(places: "GeoDataFrame", graph: "Graph", kind: Kind, options: dict[str, Any]) -> tuple[Design, int]:
    """Read the formula and the columns of the instruments; give the number of columns before any lags too."""
    found = design(
        places, graph, options["formula"], options["missing"], spatial=kind.parameters, extra=options["instruments"] or []
    )
    plain = len(found.names)
    return with_lags(found, options.get("lagged"), kind.parameters) if kind.lags else found, plain


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
    if not ml and options.get("weights_column"):
        wrong.append(complaint("option 'weights_column'", "it is not defined for 'gmm'", "Expected ml", 'Set estimator = "ml"'))
    if not ml and kind.error:
        asked = options["moments"]
        if asked == "equal" and vcov == "robust":
            wrong.append(complaint("option 'moments'", "'equal' has no robust errors", 'Expected "unequal" or "classic"'))
        if asked == "unequal" and vcov == "asymptotic":
            wrong.append(complaint("option 'moments'", "the errors of 'unequal' are robust ones", 'Expected vcov = "robust"'))
    if options["instruments"] and not options["endogenous"] and not kind.rho:
        wrong.append(complaint("option 'instruments'", "nothing in this model is endogenous", "Expected endogenous regressors too"))
    if wrong:
        raise StudyError("\n".join(wrong))


def _endogenous(found: Design, asked: list[str], *, lags: bool) -> list[int]:
    """Find the columns made of endogenous ones of the table, lags included."""
    names = {name for name in found.regressors if not name.startswith("W_")} | {
        each for made in found.columns.values() for each in made
    }
    wrong = [name for name in asked if name not in names]
    if wrong:
        known = sorted(names)
        raise ModelError(
            "\n".join(complaint("option 'endogenous'", f"{name!r} is no regressor", nearest_name(name, known)) for name in wrong)
        )
    return [
        place
        for place, name in enumerate(found.names)
        if name in asked or (lags and name.removeprefix("W_") in asked) or bool(found.columns.get(name, frozenset()) & set(asked))
    ]


def _instruments(found: Design, kind: Kind, options: dict[str, Any], outer: list[int], plain: int) -> Instruments:
    """Lag the exogenous regressors where y is lagged, once more where their lags are regressors; and the given instruments."""
    given = options["instruments"] or []
    lagged = [place for place in outer if place < plain] if kind.rho else []
    order = options["instrument_lags"] + kind.lags if kind.rho else int(kind.lags)
    return spatial_instruments(
        found.given.weights if order else None,
        [found.names[place] for place in lagged],
        found.matrix[:, lagged],
        order=order,
        exogenous=found.matrix[:, outer],
        present=[found.names[place] for place in outer],
        given_names=given,
        given=np.column_stack([found.extra[name] for name in given]) if given else None,
    )


def _spread(places: "GeoDataFrame", found: Design, fit: TwoStage, options: dict[str, Any]) -> tuple[Matrix, tuple[str, ...]]:
    vcov = options["vcov"]
    kernel, said = kernel_of(places, found.given.labels, options) if vcov == "hac" else (None, ())
    spread, more = covariance(fit, SPREADS[vcov], kernel=kernel)
    sentence = {
        "asymptotic": "Standard errors assume equal variances; the variance is the sum of squared residuals / (n - k), rho counted (spreg and Stata divide by n).",
        "robust": "Standard errors are robust to unequal variances (HC0).",
        "hc1": "Standard errors are robust to unequal variances (HC1: times n / (n - k)).",
        "hac": "Standard errors are robust to unequal variances and to errors that neighbours share (spatial HAC).",
    }[vcov]
    return spread, (sentence, *said, *more)


def _filtered(equation: Equation, options: dict[str, Any]) -> tuple[FilteredFit, tuple[str, ...]]:
    asked, robust = options["moments"], options["vcov"] == "robust"
    if asked == "auto":
        asked = "unequal" if robust else "classic"
    if asked == "classic":
        fit = classic(equation, robust=robust)
        size = (
            "the sum of squared filtered residuals / (n - k)"
            if equation.instrumented
            else "the mean square of the filtered residuals of the first step, as in R"
        )
        said = f"Lambda is from the three moments of Kelejian and Prucha (1999); the variance is {size}."
        more = ("Only the errors of the coefficients are robust to unequal variances, not that of lambda.",) if robust else ()
        return fit, (said, *more, *fit.notes)
    fit = generalised(equation, errors=asked)
    said = f"Lambda is from the two weighted moments of Drukker, Egger and Prucha (2013), for errors of {asked} variances; the variance is the mean square of the filtered residuals."
    return fit, (said, *fit.notes)


def _tests(fit: Estimated) -> tuple[dict[str, Test], dict[str, FirstStage]]:
    count = fit.kind.parameters
    values, spread = fit.estimate[-count:], fit.covariance[-count:, -count:]
    tests: dict[str, Test] = {"Wald": chi_squared(float(values @ np.linalg.solve(spread, values)), count)}
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
