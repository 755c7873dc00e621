"""Spatial Durbin model: the response depends on that of the neighbours and on their regressors."""

from typing import TYPE_CHECKING, Annotated, Literal

from spatial.models import _determinant_methods, _hac, _impacts
from spatial.models._design import Missing
from spatial.models._engine import Kind
from spatial.models._engine_gmm import Divisor, Estimator, fields_by
from spatial.models._records import DurbinModel
from spatial.options import Between, Column, Formula, used

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

KIND = Kind("durbin_model", "Spatial Durbin model", rho=True, lags=True)


def durbin_model(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    formula: Formula,
    lagged: list[Column] | None = None,
    estimator: Estimator = "ml",
    endogenous: list[Column] | None = None,
    instruments: list[Column] | None = None,
    instrument_lags: Annotated[int, Between(1, 3)] = 2,
    divisor: Divisor = "n - k",
    vcov: Literal["asymptotic", "hessian", "robust", "hc1", "hac"] = "asymptotic",
    kernel: _hac.Shape = "triangular",
    bandwidth: float | None = None,
    nearest: Annotated[int, Between(1, 10_000)] | None = None,
    log_determinant: _determinant_methods.Method = "auto",
    impacts: _impacts.Method = "simulation",
    draws: Annotated[int, Between(100, 100_000)] = 1000,
    bootstrap: Annotated[int, Between(0, 100_000)] = 499,
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0,
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> DurbinModel:
    """
    Fit a spatial Durbin model, y = rho W y + X b + W X t + e, by maximum likelihood or by instruments and moments.

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
    estimator
        "ml" for maximum likelihood, "gmm" for two-stage least squares and moments, which need no normal errors.
    endogenous
        With gmm, columns of the formula that depend on the errors.
    instruments
        With gmm, further columns that are related to the endogenous ones but not to the errors.
    instrument_lags
        With gmm, how often the regressors are lagged as instruments for the lag of the response.
    divisor
        With gmm, what the sum of squared residuals is divided by for the variance: "n - k", as in stsls of R, or "n", as in Stata and spreg.
    vcov
        Standard errors: "asymptotic" (from the information matrix, or for equal variances), "hessian" (from the second derivatives of the likelihood; ml), "robust" (to unequal variances; gmm), "hc1" (the same with n / (n - k); gmm) or "hac" (errors shared by near places too; gmm).
    kernel
        With "hac", how the products of errors count with distance: "triangular", "epanechnikov", "bisquare", "parzen" or "uniform".
    bandwidth
        With "hac", the distance in metres beyond which errors are not shared.
    nearest
        With "hac" in place of the bandwidth, how many nearest places share errors.
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
    DurbinModel
        Coefficients with rho last (z tests), impacts on average and on each place, tests, likelihood, residuals
        y - rho W y - X b - W X t; `prediction_trend` is X b + W X t, `prediction_signal` rho W y and `fitted` their sum, whose squared
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
    "Likelihood ratio" compares with the model without rho, which is that of `slx_model`; "Common factor" with the spatial error
    model, which it becomes when t = -rho b.
    With gmm, W y is instrumented by W X, W² X, ... (R's default is twice, spreg's once), lagged once more in a Durbin model; combinations of
    others are dropped, and the notes say which. The intercept is lagged where the rows of W have different sums, as in R and Stata. Given
    instruments are lagged too. "robust" is HC0 as in R's `stsls` and spreg. There is no likelihood, so no AIC. "First stage" is the F of the
    instruments beyond the exogenous regressors (df is its first degrees of freedom); under 10 they are called weak. "Wu-Hausman" is an F too.

    References
    ----------
    Ord, K. (1975). Estimation methods for models of spatial interaction. JASA 70, 120-126. doi:10.1080/01621459.1975.10480272.
    Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer. doi:10.1007/978-94-015-7799-1.
    LeSage, J., Pace, R. K. (2009). Introduction to Spatial Econometrics. CRC Press. doi:10.1201/9781420064254.
    Goulard, M., Laurent, T., Thomas-Agnan, C. (2017). About predictions in spatial autoregressive models: optimal and almost
    optimal strategies. Spatial Economic Analysis 12, 304-325. doi:10.1080/17421772.2017.1300679.
    Kelejian, H. H., Prucha, I. R. (1998). A generalized spatial two-stage least squares procedure for estimating a spatial
    autoregressive model with autoregressive disturbances. Journal of Real Estate Finance and Economics 17, 99-121.
    doi:10.1023/A:1007707430416.
    Kelejian, H. H., Prucha, I. R. (2007). HAC estimation in a spatial framework. Journal of Econometrics 140, 131-154.
    doi:10.1016/j.jeconom.2006.09.005.
    """
    options = used(durbin_model, locals())
    return DurbinModel(**fields_by(places, graph, KIND, options))
