"""Estimates by instruments and moments, for any response: the data's, or one that was simulated."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint, nearest_name
from spatial.models._design import Design, refuse_exact
from spatial.models._determinant_methods import determinant_of
from spatial.models._engine import Kind, designed, without_lags
from spatial.models._filtered import Equation, FilteredFit, classic, generalised
from spatial.models._hac import kernel_of
from spatial.models._instruments import Instruments, enough, spatial_instruments
from spatial.models._log_determinant import LogDeterminant
from spatial.models._two_stage import Freedom, Spread, TwoStage, covariance, two_stage, variance
from spatial.models._units import roots_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: The variance is the sum of squared residuals divided by this.
DIVISORS: dict[str, str] = {"n - k": "(n - k), rho counted, as in stsls of R", "n": "n, as in Stata and spreg"}
#: What the errors are called in the numbers below.
SPREADS: dict[str, Spread] = {"asymptotic": "asymptotic", "robust": "hc0", "hc1": "hc1", "hac": "hac"}


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
    joint: bool  # whether the covariances of lambda with the others are known
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


@dataclass(frozen=True, eq=False)
class Setting:
    """A model without the values of its response."""

    kind: Kind
    found: Design
    options: dict[str, Any]
    determinant: LogDeterminant
    endogenous: tuple[str, ...]  # with "W_y" for the lag of y
    inner: list[int]  # columns that depend on the errors
    outer: list[int]  # the others
    instruments: Instruments
    roots: Vector | None  # square roots of weights of observations
    kernel: "csr_array | None"  # for errors that near places share
    said: tuple[str, ...]  # of that kernel


def setting_of(places: "GeoDataFrame", graph: "Graph", kind: Kind, options: dict[str, Any]) -> Setting:
    """
    Prepare everything that does not depend on the values of the response.

    Parameters
    ----------
    places, graph, kind, options
        As in `fields_by`.

    Returns
    -------
    Setting
        To be fitted.

    Raises
    ------
    ModelError
        When there are too few instruments.
    """
    found = designed(places, graph, kind, options)
    plain = len(without_lags(found)) if kind.lags else len(found.names)
    determinant = determinant_of(places, found, options["log_determinant"], searched=False)
    inner = _endogenous(found, options["endogenous"] or [], lags=kind.lags)
    outer = [place for place in range(len(found.names)) if place not in inner]
    names = (*(found.names[place] for place in inner), *((f"W_{found.response_name}",) if kind.rho else ()))
    instruments = _instruments(found, kind, options, outer, plain)
    enough(instruments, names)
    hac = not kind.error and options["vcov"] == "hac"
    kernel, said = kernel_of(places, found.given.labels, options) if hac else (None, ())
    return Setting(
        kind=kind,
        found=found,
        options=options,
        determinant=determinant,
        endogenous=names,
        inner=inner,
        outer=outer,
        instruments=instruments,
        roots=roots_of(found, options.get("weights_column")),
        kernel=kernel,
        said=said,
    )


def estimated(setting: Setting, response: Vector) -> Estimated:
    """
    Fit a model by two-stage least squares, and lambda by moments where it has one.

    Parameters
    ----------
    setting
        As prepared.
    response
        y, that of the data or a simulated one.

    Returns
    -------
    Estimated
        Estimates, covariance, residuals.

    Raises
    ------
    ModelError
        When the instruments explain nothing, or the regressors everything.

    Notes
    -----
    With weights of observations, R = diag(sqrt(weight)), the model of R y on R X with errors whose weights are R W R^-1 has errors of
    equal variance and the same lambda.
    """
    found, kind, roots = setting.found, setting.kind, setting.roots
    columns = found.matrix[:, setting.inner]
    if kind.rho:
        columns = np.column_stack([columns, found.given.weights @ response])
    equation = Equation(
        response,
        found.matrix[:, setting.outer],
        columns,
        setting.instruments.matrix,
        found.given.weights,
        setting.determinant.low,
        setting.determinant.high,
    )
    if roots is not None:
        equation = equation.weighted(roots)
    if kind.error:
        fit, notes = _filtered(equation, setting.options)
        joint = fit.joint or not kind.rho
        estimate, spread = np.append(fit.coefficients, fit.parameter), fit.covariance
        first, last, residuals, size = fit.first, fit.fit, fit.filtered_residuals, fit.variance
    else:
        first = last = two_stage(equation.response, equation.exogenous, equation.endogenous, equation.instruments)
        spread, notes = _spread(last, setting)
        estimate, residuals, size = last.coefficients, last.residuals, variance(last, setting.options["divisor"])
        joint = True
    refuse_exact(found, float(residuals @ residuals), 1.0)
    order = np.argsort([*setting.outer, *setting.inner])  # as in the formula
    order = np.append(order, np.arange(len(order), len(order) + kind.parameters))
    return Estimated(
        kind=kind,
        found=found,
        determinant=setting.determinant,
        endogenous=setting.endogenous,
        instruments=setting.instruments,
        first=first,
        last=last,
        estimate=estimate[order],
        covariance=spread[np.ix_(order, order)],
        residuals=residuals if roots is None else residuals / roots,
        variance=size,
        joint=joint,
        notes=(*(setting.instruments.notes if setting.endogenous else ()), *notes, *_weights_note(setting)),
    )


def _weights_note(setting: Setting) -> tuple[str, ...]:
    if setting.roots is None:
        return ()
    return (f"Observations are weighted by {setting.options['weights_column']!r} (mean weight 1).",)


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


def _spread(fit: TwoStage, setting: Setting) -> tuple[Matrix, tuple[str, ...]]:
    vcov = setting.options["vcov"]
    divisor = setting.options["divisor"]
    spread, more = covariance(fit, SPREADS[vcov], freedom=divisor, kernel=setting.kernel)
    sentence = {
        "asymptotic": f"Standard errors assume equal variances; the variance is the sum of squared residuals / {DIVISORS[divisor]}.",
        "robust": "Standard errors are robust to unequal variances (HC0).",
        "hc1": "Standard errors are robust to unequal variances (HC1: times n / (n - k)).",
        "hac": "Standard errors are robust to unequal variances and to errors that neighbours share (spatial HAC).",
    }[vcov]
    return spread, (sentence, *setting.said, *more)


def _filtered(equation: Equation, options: dict[str, Any]) -> tuple[FilteredFit, tuple[str, ...]]:
    asked, robust = options["moments"], options["vcov"] == "robust"
    if asked == "auto":
        asked = "unequal" if robust else "classic"
    if asked == "classic":
        divisor: Freedom = options.get("divisor", "n - k")
        fit = classic(equation, robust=robust, freedom=divisor)
        size = (
            f"the sum of squared filtered residuals / {DIVISORS[divisor]}"
            if equation.instrumented
            else "the mean square of the filtered residuals of the first step, as in R"
        )
        said = f"Lambda is from the three moments of Kelejian and Prucha (1999); the variance is {size}."
        said_more = "Only the errors of the coefficients are robust to unequal variances, not that of lambda"
        more = (f"{said_more}; their covariances with it are not known and 0 in the table.",) if robust else ()
        return fit, (said, *more, *fit.notes)
    fit = generalised(equation, errors=asked)
    said = f"Lambda is from the two weighted moments of Drukker, Egger and Prucha (2013), for errors of {asked} variances; the variance is the mean square of the filtered residuals."
    return fit, (said, *fit.notes)
