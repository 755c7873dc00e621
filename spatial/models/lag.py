"""Spatial lag model: the response of a place depends on that of its neighbours."""

from typing import TYPE_CHECKING, Annotated, Literal

from spatial.models import _impacts, _log_determinant
from spatial.models._design import Missing
from spatial.models._engine import Kind, fields_of
from spatial.models._records import LagModel
from spatial.options import Between, Formula, used

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

KIND = Kind("lag_model", "Spatial lag model", rho=True)


def lag_model(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    formula: Formula,
    vcov: Literal["asymptotic", "hessian"] = "asymptotic",
    log_determinant: _log_determinant.Method = "auto",
    impacts: _impacts.Method = "simulation",
    draws: Annotated[int, Between(100, 100_000)] = 1000,
    bootstrap: Annotated[int, Between(0, 100_000)] = 499,
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0,
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> LagModel:
    """
    Fit a spatial lag model, y = rho W y + X b + e, by maximum likelihood.

    Parameters
    ----------
    places
        The table.
    graph
        Weights W with the same labels; any standardisation, directed or not.
    formula
        The model, such as ``CRIME ~ INC + HOVAL``; C(column) for categories, functions such as log(column).
    vcov
        Standard errors from the information matrix ("asymptotic") or from the second derivatives of the likelihood ("hessian").
    log_determinant
        How log |I - r W| is computed: "eigen" (all eigenvalues), "cholesky" or "lu" (sparse factorisation), "chebyshev" (an approximation) or "auto" by the number of places.
    impacts
        How errors of the impacts are found: "simulation" from draws of the coefficients, or "delta" from derivatives.
    draws
        How many draws the simulation takes.
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
    LagModel
        Coefficients with rho last (z tests), impacts on average and on each place, tests, likelihood, residuals
        y - rho W y - X b; `prediction_trend` is X b, `prediction_signal` rho W y and `fitted` their sum, whose squared
        correlation with y is `pseudo_r2`. The statistic of "Moran residuals" is z, under randomisation.

    Raises
    ------
    StudyError
        When the formula cannot be read.
    DataError
        When columns, values or labels do not fit.
    ModelError
        When there are too few places, constant or collinear regressors, no links, or no maximum of the likelihood.

    Notes
    -----
    The likelihood is maximised over the whole interval in which I - rho W has a positive determinant, 1 / range of the
    eigenvalues of W, to about 12 digits. AIC and BIC count the coefficients, rho and the variance, as R does. "hessian" gives the
    observed information by formula; spatialreg and the literature approximate it by differences and call it numerical Hessian.
    "Breusch-Pagan spatial" assumes normal errors, "Koenker-Bassett spatial" does not.

    References
    ----------
    Ord, K. (1975). Estimation methods for models of spatial interaction. JASA 70, 120-126. doi:10.1080/01621459.1975.10480272.
    Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer. doi:10.1007/978-94-015-7799-1.
    LeSage, J., Pace, R. K. (2009). Introduction to Spatial Econometrics. CRC Press. doi:10.1201/9781420064254.
    Goulard, M., Laurent, T., Thomas-Agnan, C. (2017). About predictions in spatial autoregressive models: optimal and almost
    optimal strategies. Spatial Economic Analysis 12, 304-325. doi:10.1080/17421772.2017.1300679.
    """
    options = used(lag_model, locals())
    return LagModel(**fields_of(places, graph, KIND, options))
