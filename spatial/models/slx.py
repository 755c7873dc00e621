"""Model with spatially lagged regressors: what neighbours have matters, not how they fare."""

from typing import TYPE_CHECKING, Annotated, Literal

from spatial.models._design import Missing, design
from spatial.models._impacts import Effects, impacts_table, place_impacts
from spatial.models._lagged import roles_of, with_lags
from spatial.models._linear import linear_fields, linear_of, linear_reading
from spatial.models._records import SlxModel
from spatial.models._tables import chi_squared, tests_table
from spatial.options import Between, Column, Formula, used

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


def slx_model(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    formula: Formula,
    lagged: list[Column] | None = None,
    weights_column: Column | None = None,
    vcov: Literal["asymptotic", "robust"] = "asymptotic",
    bootstrap: Annotated[int, Between(0, 100_000)] = 499,
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0,
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> SlxModel:
    """
    Fit a model with spatially lagged regressors (SLX), y = X b + W X t + e, by least squares.

    Parameters
    ----------
    places
        The table.
    graph
        Weights W with the same labels; any standardisation, directed or not.
    formula
        The model, such as ``CRIME ~ INC + HOVAL``; C(column) for categories, functions such as log(column).
    lagged
        Regressors whose values among the neighbours are regressors too (W X); all of them if none are named.
    weights_column
        Weights of observations: the variance of an error is inversely proportional to this column.
    vcov
        Standard errors: "asymptotic" for the usual ones, "robust" for White's in the small-sample form HC1.
    bootstrap
        With fewer than 30 places, how many data sets are simulated for further p values; 0 for none.
    seed
        Start of the random numbers.
    level
        Confidence level of the intervals.
    missing
        What a missing value means: "error", "drop" to leave the place out, or "predict" to predict the response where only it is missing.

    Returns
    -------
    SlxModel
        As `ols`, with the lags as terms "W_..." and with impacts: direct b, indirect t times the mean row sum of W, total their
        sum, with errors from the covariance of the coefficients and z tests. On each place: indirect is t times its own row sum,
        and "sent", b + t times its column sum, what a rise in this place alone does to all places together.

    Raises
    ------
    StudyError
        When the formula cannot be read.
    DataError
        When columns, values or labels do not fit.
    ModelError
        When there are too few places, constant or collinear regressors, no links, or nothing left to explain.

    Notes
    -----
    "Likelihood ratio" compares with the linear model without W X.

    References
    ----------
    Halleck Vega, S., Elhorst, J. P. (2015). The SLX model. Journal of Regional Science 55, 339-363. doi:10.1111/jors.12188.
    """
    options = used(slx_model, locals())
    plain = design(places, graph, options["formula"], missing, extra=[weights_column] if weights_column else [])
    found = with_lags(plain, lagged, 0)
    linear = linear_of(found, weights_column)
    covariance = linear.robust if vcov == "robust" else linear.covariance
    fields = linear_fields(linear, options, covariance=covariance, lags=True)
    weights = found.given.weights
    effects = Effects(
        roles_of(found.names, plain.regressors), fields["coefficients"]["estimate"].to_numpy(), covariance, None, weights, None
    )
    table, _ = impacts_table(effects, method="delta", draws=0, seed=0, level=level)
    by_place, _ = place_impacts(effects, plain.regressors)
    without = linear_of(plain, weights_column).log_likelihood
    lags = len(found.names) - len(plain.names)
    ratio = tests_table({"Likelihood ratio": chi_squared(2 * (linear.log_likelihood - without), lags)})
    import pandas as pd

    return SlxModel(
        operation="slx_model",
        options=options | {"graph": found.given.graph},
        reading=linear_reading("Model with spatially lagged regressors", found, fields, level, lags=True),
        **fields | {"tests": pd.concat([fields["tests"], ratio])},
        impacts=table,
        place_impacts=found.given.frame(by_place),
        log_likelihood_ols=without,
        aic_ols=2 * (len(plain.names) + 1) - 2 * without,
    )
