"""Spatial Durbin error model: neighbours' regressors matter, and what is left is alike among neighbours."""

from typing import TYPE_CHECKING, Annotated, Literal

from spatial.models import _determinant_methods
from spatial.models._design import Missing
from spatial.models._engine import Kind
from spatial.models._engine_gmm import Conditions, Estimator, fields_by
from spatial.models._records import DurbinErrorModel
from spatial.options import Between, Column, Formula, used

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

KIND = Kind("durbin_error_model", "Spatial Durbin error model", error=True, lags=True)


def durbin_error_model(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    formula: Formula,
    lagged: list[Column] | None = None,
    weights_column: Column | None = None,
    estimator: Estimator = "ml",
    endogenous: list[Column] | None = None,
    instruments: list[Column] | None = None,
    moments: Conditions = "auto",
    vcov: Literal["asymptotic", "hessian", "robust"] = "asymptotic",
    log_determinant: _determinant_methods.Method = "auto",
    bootstrap: Annotated[int, Between(0, 100_000)] = 499,
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0,
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> DurbinErrorModel:
    """
    Fit a spatial Durbin error model, y = X b + W X t + u with u = lambda W u + e, by maximum likelihood or by instruments and moments.

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
    estimator
        "ml" for maximum likelihood, "gmm" for two-stage least squares and moments, which need no normal errors.
    endogenous
        With gmm, columns of the formula that depend on the errors.
    instruments
        With gmm, further columns that are related to the endogenous ones but not to the errors.
    moments
        With gmm, what lambda is found by: "classic" (three moments), "equal" or "unequal" (two weighted moments, for errors of equal or unequal variances); "auto" is "unequal" for robust errors and "classic" otherwise.
    vcov
        Standard errors: "asymptotic" (from the information matrix, or for equal variances), "hessian" (from the second derivatives of the likelihood; ml) or "robust" (to unequal variances; gmm).
    log_determinant
        How log |I - r W| is computed: "eigen" (all eigenvalues), "cholesky" or "lu" (sparse factorisation), "chebyshev" (an approximation) or "auto" by the number of places.
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
    DurbinErrorModel
        Coefficients with lambda last (z tests), impacts, tests, likelihood, residuals (I - lambda W)(y - X b - W X t); trend,
        signal and `pseudo_r2` as in `error_model`. The impacts are b, t times the mean row sum of W, and their sum;
        on each place its own row sum counts, and its column sum for what it sends.

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
    "Likelihood ratio" compares with the model without lambda, which is that of `slx_model`. The errors of the impacts follow from
    the covariance of the coefficients; spatialreg multiplies their squares by n / (n - k), so its direct impact has a larger error
    than the coefficient it is.
    The likelihood is maximised over the whole interval in which I - lambda W has a positive determinant, 1 / range of the
    eigenvalues of W, to about 12 digits. AIC and BIC count the coefficients, lambda and the variance, as R does. "hessian" gives the
    observed information by formula; spatialreg and the literature approximate it by differences and call it numerical Hessian.
    "Breusch-Pagan spatial" assumes normal errors, "Koenker-Bassett spatial" does not.
    With gmm, "classic" is Kelejian and Prucha (1999), as R's `GMerrorsar` with scaled residuals; the standard error of lambda is for
    errors of any distribution, where R's has a matrix wrong and is about twice too large. "equal" and "unequal" are spreg's `GM_Error_Hom` and `GM_Error_Het`.
    There is no likelihood, so no AIC.

    References
    ----------
    Ord, K. (1975). Estimation methods for models of spatial interaction. JASA 70, 120-126. doi:10.1080/01621459.1975.10480272.
    Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer. doi:10.1007/978-94-015-7799-1.
    LeSage, J., Pace, R. K. (2009). Introduction to Spatial Econometrics. CRC Press. doi:10.1201/9781420064254.
    Kelejian, H. H., Prucha, I. R. (1999). A generalized moments estimator for the autoregressive parameter in a spatial model.
    International Economic Review 40, 509-533. doi:10.1111/1468-2354.00027.
    Drukker, D. M., Egger, P., Prucha, I. R. (2013). On two-step estimation of a spatial autoregressive model with
    autoregressive disturbances and endogenous regressors. Econometric Reviews 32, 686-733. doi:10.1080/07474938.2013.741020.
    Arraiz, I., Drukker, D. M., Kelejian, H. H., Prucha, I. R. (2010). A spatial Cliff-Ord-type model with heteroskedastic
    innovations: small and large sample results. Journal of Regional Science 50, 592-614. doi:10.1111/j.1467-9787.2009.00618.x.
    """
    options = used(durbin_error_model, locals())
    return DurbinErrorModel(**fields_by(places, graph, KIND, options))
