"""Linear regression on records with absorbed factors, and honest standard errors where there are few clusters."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, StudyError, complaint, counted, listed
from spatial.models import _survey_reading as reading
from spatial.models._absorbed import nested
from spatial.models._fixed_effects_records import FixedEffects
from spatial.models._survey_bootstrap import MOST_CLUSTERS, draws, projection, wild
from spatial.models._survey_design import Sample, sample
from spatial.models._survey_errors import Within, clustered, counted_parameters, iid, jackknifed, only_ones, robust, within
from spatial.models._survey_places import AtPlaces, at_places
from spatial.models._tables import coefficients_table, covariance_table, quantiles, tests_table
from spatial.options import Between, Column, Formula, used
from spatial.places import Missing

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

Matrix = NDArray[np.float64]


def fixed_effects(
    records: "pd.DataFrame",
    places: "GeoDataFrame | None" = None,
    graph: "Graph | None" = None,
    *,
    formula: Formula,
    absorb: list[Column] | None = None,
    cluster: list[Column] | None = None,
    vcov: Literal["iid", "robust", "cluster"] | None = None,
    correction: Literal["CRV1", "CRV3"] = "CRV1",
    bootstrap: bool = True,
    replications: Annotated[int, Between(99, 999_999)] = 9_999,
    bootstrap_weights: Literal["rademacher", "webb"] = "rademacher",
    seed: Annotated[int, Between(0, 2**31 - 1)] = 0,
    permutations: Annotated[int, Between(99, 99_999)] = 9_999,
    weights_column: Column | None = None,
    place: Column | None = None,
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> FixedEffects:
    """
    Fit a linear regression on records, such as firms in regions, with absorbed factors and errors clustered by group.

    Parameters
    ----------
    records
        One row for each record; any table, without geometry.
    places
        The places the records are in, for maps and tests of their mean residuals.
    graph
        Weights with the labels of the places, for tests of spatial dependence in the mean residuals.
    formula
        The model, such as ``sales ~ log(size) + C(sector)``; C(column) for categories whose coefficients are wanted.
    absorb
        Factors whose levels each have a mean of their own that is taken out (fixed effects), without coefficients in the table.
    cluster
        One or two columns of groups within which errors may depend on each other.
    vcov
        Standard errors: "iid" for the usual ones, "robust" for HC1, "cluster"; by default "cluster" where clusters are named, else "robust".
    correction
        Of clustered errors: "CRV1" for the sandwich, "CRV3" for the jackknife, which is more careful with few clusters.
    bootstrap
        Whether to add p and interval of the wild cluster bootstrap, where there is one column of clusters.
    replications
        Of the bootstrap; where all sign vectors are no more than that they are all tried, so that p is exact.
    bootstrap_weights
        Multipliers of the bootstrap: "rademacher" for signs, "webb" for six points, which helps below ten clusters or so.
    seed
        Of the random draws.
    permutations
        How many random orders of the places the permutation p of Moran's I rests on; of up to eight places all orders are tried.
    weights_column
        The column of weights, such as those of a survey; above 0, their unit does not matter.
    place
        The column that names the place of each record, as the places are labelled.
    level
        Confidence level of the intervals.
    missing
        What a missing value means: "error", or "drop" to delete the record (listwise; places may be missing).

    Returns
    -------
    FixedEffects
        Coefficients with t tests and, with clusters, `p_wild`, `low_wild` and `high_wild` of the bootstrap; what was deleted, the
        clusters, R² and within R²; mean residuals on the places and tests of them.

    Raises
    ------
    StudyError
        When the formula cannot be read, or options contradict each other.
    DataError
        When columns, values or labels do not fit.
    ModelError
        When there are too few records or clusters, or a regressor is constant, absorbed or collinear.

    Notes
    -----
    Records that are alone in a level of a factor (singletons) are dropped, as in reghdfe. With K coefficients and free levels
    (exactly counted for two factors), "iid" divides by n - K and "robust" multiplies by n / (n - K); both go by n - K degrees of
    freedom. "CRV1" multiplies by G / (G - 1) (n - 1) / (n - K), where factors nested in clusters do not count but for the
    constant, as in reghdfe and R's fixest (Stata's areg counts them); "CRV3" is (G - 1) / G times the squared changes that
    leaving out a cluster makes, without the factor (n - 1) / (n - K) G / (G - 1) that pyfixest puts before it. Both go by G - 1
    degrees of freedom; for two columns of clusters G is the smaller number.

    With absorbed factors the constant is that of Stata's areg and reghdfe: mean response less mean regressors times
    coefficients, so it belongs to the average level. R² counts what the factors explain, within R² does not. F tests all
    coefficients but the constant with the same standard errors.

    Weights are divided by their mean, as Stata's aweights are: only the root mean squared error would notice. The order
    in which factors are written does not matter; pyfixest 0.60 counts K by it where one of two factors is nested.

    The bootstrap imposes the hypothesis (the restricted wild cluster bootstrap of Cameron, Gelbach and Miller, 2008); its interval holds all values that are
    not rejected and may have no end. The factors are absorbed by pyfixest's compiled projections; no text of a formula reaches it.

    References
    ----------
    Cameron, A. C., Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal of Human Resources 50,
    317-372. doi:10.3368/jhr.50.2.317.
    Cameron, A. C., Gelbach, J. B., Miller, D. L. (2008). Bootstrap-based improvements for inference with clustered errors.
    Review of Economics and Statistics 90, 414-427. doi:10.1162/rest.90.3.414.
    MacKinnon, J. G., Nielsen, M. O., Webb, M. D. (2023). Cluster-robust inference: a guide to empirical practice. Journal of
    Econometrics 232, 272-299. doi:10.1016/j.jeconom.2022.04.001.
    """
    options = used(fixed_effects, locals())
    kind = _kind(options, places, graph)
    chosen = sample(
        records,
        options["formula"],
        absorb=options["absorb"] or (),
        cluster=options["cluster"] or (),
        weights_column=weights_column,
        place=place,
        missing=missing,
    )
    _clusters_checked(chosen)
    found = within(chosen)
    covariance, notes = _covariance(found, kind)
    freedom = (
        min(len(each.labels) for each in chosen.clusters) - 1 if kind.startswith("CRV") else len(found.rows) - found.parameters
    )
    table = coefficients_table(found.names, found.fit.coefficients * found.size, covariance, level, freedom)
    if bootstrap and kind.startswith("CRV") and len(chosen.clusters) == 1:
        notes += _bootstrapped(found, table, options)
    elif bootstrap and len(chosen.clusters) == 2:
        notes += ("The wild bootstrap is not made for two columns of clusters.",)
    shown = None
    if places is not None and place is not None:
        shown = at_places(found, places, graph, permutations=permutations, seed=seed)
    return FixedEffects(
        operation="fixed_effects",
        options=options | {"vcov": vcov or ("cluster" if kind.startswith("CRV") else kind), "graph": _graph(graph)},
        observations=len(found.rows),
        notes=(*_notes(found, kind), *notes, *(shown.notes if shown else ())),
        reading=reading.sentences(found, kind, table, level, shown),
        coefficients=table,
        standard_errors=reading.KINDS[kind],
        df=freedom,
        vcov=covariance_table(found.names, covariance),
        **_accounts(chosen, kind),
        **_shares(found, covariance, freedom),
        **_shown(shown),
    )


def _kind(options: dict[str, Any], places: Any, graph: Any) -> str:
    """Choose the standard errors, and refuse options that contradict each other."""
    where, cluster, vcov = "fixed_effects", options["cluster"] or [], options["vcov"]
    found = []
    if vcov == "cluster" and not cluster:
        found.append(
            complaint(where, 'vcov = "cluster" without clusters', "Expected one or two columns", 'Name them as cluster = ["..."]')
        )
    if cluster and vcov in ("iid", "robust"):
        found.append(complaint(where, f"clusters are named, and vcov is {vcov!r}", remedy='Leave vcov out, or "cluster"'))
    if len(cluster) > 2 or len(set(cluster)) < len(cluster):
        found.append(complaint(where, f"there are {len(cluster)} columns of clusters", "Expected one, or two that differ"))
    if len(cluster) == 2 and options["correction"] == "CRV3":
        found.append(complaint(where, "the jackknife (CRV3) is made for one column of clusters", "", 'Use correction = "CRV1"'))
    if places is not None and options["place"] is None:
        found.append(complaint(where, "places are given, but not which column names them", "", 'Name it as place = "..."'))
    if graph is not None and places is None:
        found.append(complaint(where, "a graph is given without places", "Expected both, or neither"))
    if found:
        raise StudyError("\n".join(found))
    return str(options["correction"]) if cluster else str(vcov or "robust")


def _clusters_checked(chosen: Sample) -> None:
    for each in chosen.clusters:
        if len(each.labels) < 2:
            raise ModelError(
                complaint(f"cluster {each.name!r}", "all records are in one cluster", "Expected two or more", "Use another column")
            )


def _covariance(found: Within, kind: str) -> tuple[Matrix, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    if kind == "CRV1":
        covariance, negative = clustered(found)
        if negative:
            notes = ("The covariance of two columns of clusters had negative eigenvalues, which were put to 0.",)
    else:
        covariance = {"iid": iid, "robust": robust, "CRV3": jackknifed}[kind](found)
    return covariance * found.size**2, notes


def _bootstrapped(found: Within, table: "pd.DataFrame", options: dict[str, Any]) -> tuple[str, ...]:
    """Add the columns of the bootstrap to the table of coefficients."""
    clusters = len(found.sample.clusters[0].labels)
    if clusters > MOST_CLUSTERS:
        return (f"With more than {MOST_CLUSTERS:,} clusters the wild bootstrap is left out: the t tests do not need it.",)
    drawn = draws(clusters, options["bootstrap_weights"], options["replications"], options["seed"])
    made = projection(found)
    tests = {
        name: wild(found, made, position, drawn, options["level"])
        for position, (name, slope) in enumerate(zip(found.names, found.slopes, strict=True))
        if slope
    }
    for column, part in (("p_wild", "p"), ("low_wild", "low"), ("high_wild", "high")):
        table[column] = [getattr(tests[name], part) if name in tests else np.nan for name in found.names]
    if drawn.exact:
        note = (
            f"Wild cluster bootstrap: all {len(drawn.multipliers):,} sign vectors of {clusters} clusters were tried, so p_wild is exact;"
            f" it cannot be below {2 / len(drawn.multipliers):.2g}."
        )
        notes = [note]
    else:
        notes = [f"Wild cluster bootstrap: {len(drawn.multipliers):,} random draws of {options['bootstrap_weights']} weights."]
    if np.isinf(table[["low_wild", "high_wild"]].to_numpy(dtype=float)).any():
        notes.append("Where an interval of the bootstrap has no end, even values far away are not rejected with so few clusters.")
    return tuple(notes)


def _accounts(chosen: Sample, kind: str) -> dict[str, Any]:
    """Say what became of the records, and which groups there are."""
    import pandas as pd

    accounts: dict[str, Any] = {"records": chosen.given, "deleted": chosen.deleted, "singletons": chosen.singletons}
    if chosen.gaps:
        accounts["deletions"] = pd.DataFrame(
            {"missing": list(chosen.gaps.values())}, index=pd.Index(list(chosen.gaps), name="column")
        )
    if kind.startswith("CRV"):
        sizes = [each.sizes for each in chosen.clusters]
        accounts["clusters"] = min(len(each) for each in sizes)
        accounts["cluster_sizes"] = pd.DataFrame(
            {
                "number": [len(each) for each in sizes],
                "smallest": [int(each.min()) for each in sizes],
                "largest": [int(each.max()) for each in sizes],
            },
            index=pd.Index([each.name for each in chosen.clusters], name="column"),
        )
    if chosen.factors:
        inside = [any(nested(each.codes, one.codes) for one in chosen.clusters) for each in chosen.factors]
        accounts["absorbed"] = pd.DataFrame(
            {"levels": [len(each.labels) for each in chosen.factors], "nested": ["yes" if each else "no" for each in inside]},
            index=pd.Index([each.name for each in chosen.factors], name="factor"),
        )
    return accounts


def _shares(found: Within, covariance: Matrix, freedom: int) -> dict[str, Any]:
    """Compute what is explained."""
    from scipy.special import fdtrc

    n, weights = len(found.rows), found.sample.weights
    response = found.sample.response / found.size
    constant = bool(found.sample.factors) or not found.slopes.all()
    centred = response - np.average(response, weights=weights) if constant else response
    whole, squares = float(weights @ centred**2), found.fit.squares
    r2 = 1 - squares / whole
    residual = n - found.parameters
    shares: dict[str, Any] = {
        "r2": r2,
        "adjusted_r2": 1 - (1 - r2) * (n - constant) / residual,
        "parameters": found.parameters,
        "residual_df": residual,
        "sigma": float(np.sqrt(squares / residual)) * found.size,
        "residual_quantiles": quantiles(found.fit.residuals / found.rows * found.size),
    }
    slopes = found.slopes
    if found.sample.factors:
        explained = found.left @ found.fit.coefficients[slopes]
        inside = squares + float(weights @ explained**2)
        shares["r2_within"] = 1 - squares / inside
    part = covariance[np.ix_(slopes, slopes)]
    size = np.sqrt(np.diag(part))
    if int(slopes.sum()) <= freedom and np.linalg.cond(part / np.outer(size, size)) < 1e12:
        estimate = found.fit.coefficients[slopes] * found.size
        statistic = float(estimate @ np.linalg.solve(part, estimate)) / int(slopes.sum())
        shares |= {
            "f_statistic": statistic,
            "f_df": f"{int(slopes.sum())}, {freedom}",
            "f_p": float(fdtrc(int(slopes.sum()), freedom, statistic)),
        }
    return shares


def _notes(found: Within, kind: str) -> tuple[str, ...]:
    chosen, notes = found.sample, []
    if chosen.deleted:
        counts = ", ".join(f"{name} {count}" for name, count in chosen.gaps.items())
        notes.append(
            f"{counted(chosen.deleted, 'record was', 'records were', of=chosen.given)} deleted because a value is missing (missing: {counts})."
        )
    if chosen.singletons:
        notes.append(
            f"{counted(chosen.singletons, 'record was dropped because it is', 'records were dropped because they are')} alone in a level of an absorbed factor."
        )
    if chosen.factors:
        names = ", ".join(f"{each.name} ({counted(len(each.labels), 'level')})" for each in chosen.factors)
        notes.append(
            f"Absorbed: {names}. The intercept is mean response less mean regressors times coefficients, as Stata reports it."
        )
    notes += _alone(found)
    if not found.exact:
        notes.append(
            "With so many levels of three factors or more, free levels are counted as all less one for each further factor."
        )
    if kind.startswith("CRV"):
        parts = [
            f"{len(each.labels)} clusters of {each.name} ({each.sizes.min()} to {each.sizes.max()} records)"
            for each in chosen.clusters
        ]
        notes.append(f"Standard errors allow for dependence within {' and '.join(parts)}.")
        if kind == "CRV1":
            notes.append(f"CRV1 counts {counted(counted_parameters(found), 'parameter')} in its small-sample factor.")
        fewest = min(len(each.labels) for each in chosen.clusters)
        if fewest < reading.FEW_CLUSTERS:
            notes.append(reading.few_clusters(fewest, kind))
    return tuple(notes)


def _alone(found: Within) -> list[str]:
    """Name records that a coefficient of their own takes up, as the other models name places."""
    only, places = only_ones(found), found.sample.places
    if not len(only):
        return []
    labels = [found.sample.labels[each] if places is None else f"{found.sample.labels[each]} ({places[each]})" for each in only]
    told = f"The regressors {'and absorbed factors ' if found.factors else ''}tell"
    what = f"{told} {counted(len(only), 'record', of=len(found.rows))} from all others: {listed(labels, 10)}"
    why = "A coefficient of its own takes up whatever the response of such a record is, so it says little about the others"
    return [f"{what}. {why}; a category should have more than one record."]


def _graph(graph: "Graph | None") -> dict[str, Any]:
    return {} if graph is None else {"transform": str(graph.transformation).lower(), "links": int(graph.nonzero)}


def _shown(shown: AtPlaces | None) -> dict[str, Any]:
    if shown is None:
        return {}
    return {
        "tests": tests_table(shown.tests) if shown.tests else None,
        "residual_moran": shown.moran,
        "residual_moran_p_permutation": shown.p_permutation,
        "residuals": shown.residuals,
        "place_records": shown.records,
    }
