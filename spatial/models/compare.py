"""Models side by side: tests between them, information criteria, and a search from the linear model on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from spatial.errors import ModelError, StudyError, complaint
from spatial.models import _comparison_reading, _determinant_methods, combined, durbin, durbin_error, error, lag
from spatial.models import _comparison_tables as tables
from spatial.models._comparison import TITLES, Member, checked_members, labelled, member
from spatial.models._comparison_records import Comparison
from spatial.models._design import Missing
from spatial.models._determinant_methods import determinant_of
from spatial.models._engine import designed, fields_of
from spatial.models._search import LEFT, Found, searched
from spatial.models.ols import ols
from spatial.models.slx import slx_model
from spatial.options import Between, Column, Formula, used
from spatial.progress import one_thread

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

    from spatial.models._engine import Kind
    from spatial.models._log_determinant import LogDeterminant
    from spatial.results import Result

Model = Literal[
    "ols",
    "slx_model",
    "lag_model",
    "error_model",
    "durbin_model",
    "durbin_error_model",
    "combined_model",
    "general_nested_model",
]
#: Fitted where none are named; the general nested model is left out, because data hardly ever tell its parameters apart.
USUAL = ("ols", "slx_model", "lag_model", "error_model", "durbin_model", "durbin_error_model", "combined_model")
_KINDS: "Mapping[str, Kind]" = {
    "lag_model": lag.KIND,
    "error_model": error.KIND,
    "durbin_model": durbin.KIND,
    "durbin_error_model": durbin_error.KIND,
    "combined_model": combined.KIND,
    "general_nested_model": replace(combined.KIND, lags=True),
}
#: Each simulated data set costs a search in two parameters.
_MOST_TWO = 199


def compare_models(
    places: "GeoDataFrame | None" = None,
    graph: "Graph | None" = None,
    fits: "Sequence[Result] | Mapping[str, Result] | None" = None,
    *,
    formula: Formula | None = None,
    models: list[Model] | None = None,
    lagged: list[Column] | None = None,
    alpha: Annotated[float, Between(0.0001, 0.5)] = 0.05,
    stars: bool = False,
    log_determinant: _determinant_methods.Method = "auto",
    bootstrap: Annotated[int, Between(0, 100_000)] = 499,
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0,
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> Comparison:
    """
    Compare models: side by side, by tests between nested ones, by AIC and BIC, and by a search that starts from the linear model.

    Parameters
    ----------
    places
        The table, where models are to be fitted.
    graph
        Weights W with the same labels, where models are to be fitted.
    fits
        Models that were fitted already, in a list or by name, instead of a formula.
    formula
        The models to fit, such as ``CRIME ~ INC + HOVAL``; not with models that were fitted already.
    models
        Which models to fit to the formula; all but the general nested one if none are named, and the linear one always.
    lagged
        Regressors whose values among the neighbours are regressors too in the models with W X; all of them if none are named.
    alpha
        Below it a p is significant in the search.
    stars
        Whether estimates in the table get stars: * below 0.05, ** below 0.01, *** below 0.001.
    log_determinant
        How log |I - r W| is computed: "eigen" (all eigenvalues), "cholesky" or "lu" (sparse factorisation), "chebyshev" (an approximation) or "auto" by the number of places.
    bootstrap
        With fewer than 30 places, how many data sets are simulated for further p values; 0 for none.
    seed
        Start of the random numbers.
    level
        Confidence level of the intervals.
    missing
        What a missing value means: "error", "drop" to leave the place out, or "predict" to leave it out where only the response is missing.

    Returns
    -------
    Comparison
        `table` as a journal prints it and its numbers in `estimates` and `figures`; `nested`, a test for each pair of which one is
        a special case of the other; `criteria` with weights; `search`, the steps of the search; what each of the three chooses.

    Raises
    ------
    StudyError
        When there is neither a formula nor a list of models, or both, or only one model.
    DataError
        When models explain different responses or have different places, or columns, values or labels do not fit.
    ModelError
        When a model that was asked for cannot be fitted.

    Notes
    -----
    Models are nested when one has all regressors, lags and spatial parameters of the other, on the same places, graph and weights of
    observations; the error model is nested in the Durbin model by its common factor. Likelihood ratios are compared with a
    chi-squared distribution with as many degrees of freedom as there are parameters more; for all models the number of parameters
    counts the variance, as in R. Models without a likelihood (two-stage least squares, moments) stand in the table, but not in
    these tests. "Hausman" compares an error model with least squares. The general nested model is hardly identified (Elhorst,
    2014): large standard errors of rho and lambda are to be expected.

    The search goes by the tests of the linear model, by simulated p values where there are any: first lag or error (Anselin and
    Rey, 2014), then W X (Koley and Bera, 2024), then whether a Durbin model can be reduced (Elhorst, 2010). It is made for lag, error
    and Durbin models: in simulations it usually took related errors beside a lag or beside lagged regressors for a Durbin model,
    where AIC did not. Weights of criteria are exp(-difference / 2) over their sum.

    References
    ----------
    Anselin, L., Rey, S. J. (2014). Modern Spatial Econometrics in Practice. GeoDa Press, chapter 5.
    Florax, R. J. G. M., Folmer, H., Rey, S. J. (2003). Specification searches in spatial econometrics: the relevance of Hendry's
    methodology. Regional Science and Urban Economics 33, 557-579. doi:10.1016/S0166-0462(03)00002-4.
    Koley, M., Bera, A. K. (2024). To use, or not to use the spatial Durbin model? That is the question. Spatial Economic
    Analysis 19, 30-56. doi:10.1080/17421772.2023.2256810.
    Elhorst, J. P. (2010). Applied spatial econometrics: raising the bar. Spatial Economic Analysis 5, 9-28.
    doi:10.1080/17421770903541772.
    Elhorst, J. P. (2014). Spatial Econometrics: From Cross-Sectional Data to Spatial Panels. Springer.
    doi:10.1007/978-3-642-40340-8.
    Burnham, K. P., Anderson, D. R. (2004). Multimodel inference: understanding AIC and BIC in model selection. Sociological
    Methods and Research 33, 261-304. doi:10.1177/0049124104268644.
    """
    options = used(compare_models, locals())
    _asked(places, graph, fits, options)
    members, notes = (labelled(fits), ()) if fits is not None else _fitted(places, graph, options)
    checked_members(members)
    compared = _compared(members, alpha)
    chosen = {"tests": compared.end, "aic": _lowest(compared.criteria, "aic"), "bic": _lowest(compared.criteria, "bic")}
    words = {kind: titles[1] for kind, titles in TITLES.items()} | _words(members)
    graphs = [each.options["graph"] for each in members if each.options.get("graph")]
    return Comparison(
        operation="compare_models",
        options=options | ({"graph": graphs[0]} if graphs else {}),
        observations=int(members[0].result["observations"]),
        notes=(*notes, *compared.notes),
        reading=_comparison_reading.sentences(members, compared.criteria, compared.found, chosen, alpha, words),
        chosen_by_tests=chosen["tests"],
        chosen_by_aic=chosen["aic"],
        chosen_by_bic=chosen["bic"],
        table=tables.journal(members, stars=stars),
        criteria=compared.criteria,
        nested=compared.nested,
        search=None if compared.found is None else compared.found.steps,
        estimates=tables.estimates(members),
        figures=tables.figures(members),
    )


def _asked(places: Any, graph: Any, fits: Any, options: dict[str, Any]) -> None:
    """Either a formula or models that were fitted already."""
    if (fits is None) == (options["formula"] is None):
        what = "neither a formula nor fitted models are given" if fits is None else "both a formula and fitted models are given"
        raise StudyError(complaint("compare_models", what, "Expected one of them"))
    if fits is not None:
        stray = [name for name in ("models", "lagged") if options[name] is not None]
        if stray:
            raise StudyError(complaint("compare_models", f"{stray[0]!r} is given beside fitted models", "It belongs to a formula"))
    elif places is None or graph is None:
        raise StudyError(
            complaint("compare_models", f"a formula is given without {'places' if places is None else 'a graph'}", "Expected both")
        )


def _fitted(places: Any, graph: Any, options: dict[str, Any]) -> tuple[list[Member], tuple[str, ...]]:
    """Fit the models, all on one log-determinant; of those that nobody named, leave out what cannot be fitted."""
    names = list(dict.fromkeys(["ols", *(options["models"] or USUAL)]))
    if options["lagged"] is not None and not any(_has_lags(name) for name in names):
        raise StudyError(
            complaint("option 'lagged'", "none of the models has lags of regressors", "Expected one such as 'durbin_model'")
        )
    found, notes, determinant = [], [], None
    if options["models"] and "ols" not in options["models"]:
        notes.append("The linear model was added: the search starts from it.")
    for name in names:
        if determinant is None and name in _KINDS:
            lag = designed(places, graph, _KINDS["lag_model"], options)
            with one_thread(len(lag.response)):
                determinant = determinant_of(places, lag, options["log_determinant"])
        try:
            found.append(member(name, _fields(name, places, graph, options, determinant)))
        except ModelError as reason:
            if options["models"] or name == "ols":
                raise
            notes.append(f"The {TITLES[name][1]} was left out: {reason}")
    told = [note for each in found for note in each.result["notes"]]
    words = [note if told.count(note) > 1 else f"{each.heading}: {note}" for each in found for note in each.result["notes"]]
    return found, (*dict.fromkeys(words), *notes)


def _has_lags(name: str) -> bool:
    return name == "slx_model" or (name in _KINDS and _KINDS[name].lags)


def _fields(name: str, places: Any, graph: Any, options: dict[str, Any], determinant: "LogDeterminant | None") -> dict[str, Any]:
    chosen = {key: options[key] for key in ("formula", "bootstrap", "seed", "level", "missing")}
    if name == "ols":
        return vars(ols(places, graph, **chosen))
    if name == "slx_model":
        return vars(slx_model(places, graph, **chosen, lagged=options["lagged"]))
    kind = _KINDS[name]
    if kind.parameters == 2:
        chosen["bootstrap"] = min(chosen["bootstrap"], _MOST_TWO)
    more = {"vcov": "asymptotic", "impacts": None, "durbin": name == "general_nested_model"}
    if kind.lags:
        more["lagged"] = options["lagged"]
    return fields_of(places, graph, kind, chosen | more | {"log_determinant": options["log_determinant"]}, determinant)


@dataclass(frozen=True, eq=False)
class _Compared:
    criteria: Any
    nested: Any
    found: Found | None
    end: str | None  # the name of the model, where it was fitted
    notes: tuple[str, ...]


def _compared(members: Sequence[Member], alpha: float) -> _Compared:
    table = tables.criteria(members)
    nested, notes = tables.between(members)
    linear = [each for each in members if each.kind == "ols" and each.tests is not None and "LM lag" in each.tests.index]
    found = None
    if linear:
        found = searched(linear[0].tests, alpha, _later(members, linear[0], nested))
    else:
        notes = (*notes, "Without a linear model that was tested for spatial dependence there is no search.")
    end = None if found is None else _called(members, linear[0], found.end, _lowest(table, "aic"))
    without = [each.label for each in members if each.log_likelihood is None]
    if without:
        notes = (*notes, f"Without a likelihood, and so without AIC, BIC and likelihood ratio: {', '.join(without)}.")
    graphs = [each.options.get("graph") for each in members if each.spatial or each.lags]
    if any(each != graphs[0] for each in graphs):
        notes = (*notes, "The models have different graphs: those on different graphs are compared by AIC and BIC only.")
    return _Compared(table, nested, found, end, notes)


def _called(members: Sequence[Member], linear: Member, kind: str, lowest: str | None) -> str:
    """Find the name of the model the search ended at: of several the one AIC chooses, or with a likelihood and these regressors."""
    there = [each for each in members if each.kind == kind]
    order = sorted(
        there, key=lambda each: (each.label != lowest, each.regressors != linear.regressors, each.log_likelihood is None)
    )
    return order[0].label if order else kind


def _later(members: Sequence[Member], linear: Member, nested: Any) -> dict[str, tuple[float, float, float]]:
    """Collect the tests of other models that the search may come to."""
    kinds = {each.label: each.kind for each in members if each.regressors == linear.regressors}
    found: dict[str, tuple[float, float, float]] = {}
    for row in nested.itertuples():
        pair = (kinds.get(row.smaller), kinds.get(row.larger))
        if pair in (("lag_model", "durbin_model"), ("error_model", "durbin_model")) and row.test != "Hausman":
            found.setdefault(row.test, (float(row.statistic), float(row.df), float(row.p)))
    for each in members:
        name = {"slx_model": "LM error", "lag_model": LEFT}.get(each.kind, "")
        if each.label in kinds and each.tests is not None and name in each.tests.index:
            row = each.tests.loc[name]
            found.setdefault(name, (float(row["statistic"]), float(row["df"]), float(row["p"])))
    return found


def _words(members: Sequence[Member]) -> dict[str, str]:
    """Name each model in a sentence; two of a kind also by the name they go by."""
    kinds = [each.kind for each in members]
    return {each.label: each.words + (f" {each.label!r}" if kinds.count(each.kind) > 1 else "") for each in members}


def _lowest(criteria: Any, name: str) -> str | None:
    return None if criteria[name].isna().all() else str(criteria[name].idxmin())
