"""Linear regression, and what its residuals say about neighbours."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from spatial.models import _hac
from spatial.models._design import Missing, design
from spatial.models._hac import kernel_of, meat
from spatial.models._linear import Linear, linear_fields, linear_of, linear_reading
from spatial.models._records import Ols
from spatial.options import Between, Column, Formula, used

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph


def ols(
    places: "GeoDataFrame",
    graph: "Graph | None" = None,
    *,
    formula: Formula,
    weights_column: Column | None = None,
    vcov: Literal["asymptotic", "robust", "hac"] = "asymptotic",
    kernel: _hac.Shape = "triangular",
    bandwidth: float | None = None,
    nearest: Annotated[int, Between(1, 10_000)] | None = None,
    bootstrap: Annotated[int, Between(0, 100_000)] = 499,
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0,
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> Ols:
    """
    Fit a linear regression by ordinary least squares and test its residuals.

    Parameters
    ----------
    places
        The table.
    graph
        Weights with the same labels, for the tests of spatial dependence; without it these tests are left out.
    formula
        The model, such as ``CRIME ~ INC + HOVAL``; C(column) for categories, functions such as log(column).
    weights_column
        Weights of observations: the variance of an error is inversely proportional to this column.
    vcov
        Standard errors: "asymptotic" for the usual ones, "robust" for White's in the small-sample form HC1, "hac" for those robust to errors shared by near places too.
    kernel
        With "hac", how the products of errors count with distance: "triangular", "epanechnikov", "bisquare", "parzen" or "uniform".
    bandwidth
        With "hac", the distance in metres beyond which errors are not shared.
    nearest
        With "hac" in place of the bandwidth, how many nearest places share errors.
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
    Ols
        Coefficients with t tests (n - k degrees of freedom), tests, R², likelihood, residuals. In `tests`, the statistic of
        "Moran residuals" is z and its p two-sided; I itself is `residual_moran`. `sigma2` is the sum of squared residuals / (n - k).

    Raises
    ------
    StudyError
        When the formula cannot be read.
    DataError
        When columns, values or labels do not fit.
    ModelError
        When there are too few places, a constant column, collinear regressors, or nothing left to explain.

    Notes
    -----
    AIC and BIC count the coefficients and the variance, as R does. With places that have no neighbours the n of Moran's I is
    that of the places which have some, as in spdep, though its moments are then not exact; a note gives the exact z. "Breusch-Pagan" assumes normal errors, "Koenker-Bassett"
    does not; "White" adds squares and products of the regressors. "hac" equals spreg's, for kernel weights that are 1 at distance 0.

    References
    ----------
    Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer. doi:10.1007/978-94-015-7799-1.
    MacKinnon, J. G., White, H. (1985). Some heteroskedasticity-consistent covariance matrix estimators with improved finite
    sample properties. Journal of Econometrics 29, 305-325. doi:10.1016/0304-4076(85)90158-7. (HC1.)
    Kelejian, H. H., Prucha, I. R. (2007). HAC estimation in a spatial framework. Journal of Econometrics 140, 131-154.
    doi:10.1016/j.jeconom.2006.09.005.
    """
    options = used(ols, locals())
    found = design(places, graph, options["formula"], missing, extra=[weights_column] if weights_column else [])
    linear = linear_of(found, weights_column)
    spread, notes = (
        _shared_errors(places, linear, options) if vcov == "hac" else (linear.robust if vcov == "robust" else linear.covariance, ())
    )
    fields = linear_fields(linear, options, covariance=spread, lags=False)
    return Ols(
        operation="ols",
        options=options | {"graph": found.given.graph},
        reading=linear_reading("Linear regression", found, fields, level),
        **fields | {"notes": fields["notes"] + notes},
    )


def _shared_errors(places: "GeoDataFrame", linear: Linear, options: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    matrix, said = kernel_of(places, linear.found.given.labels, options)
    inner, more = meat(linear.fit.basis, linear.fit.residuals, matrix)
    sentence = "Standard errors are robust to unequal variances and to errors that neighbours share (spatial HAC)."
    return linear.fit.root @ inner @ linear.fit.root.T * linear.size**2, (sentence, *said, *more)
