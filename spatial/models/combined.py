"""Spatial combined model: a spatial lag and spatially correlated errors at once."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from spatial.errors import StudyError, complaint
from spatial.models import _determinant_methods, _impacts
from spatial.models._design import Missing
from spatial.models._engine import Kind
from spatial.models._engine_gmm import Conditions, Divisor, Estimator, fields_by
from spatial.models._records import CombinedModel
from spatial.options import Between, Column, Formula, used

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

KIND = Kind("combined_model", "Spatial combined model", rho=True, error=True)


def combined_model(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    formula: Formula,
    durbin: bool = False,
    lagged: list[Column] | None = None,
    estimator: Estimator = "ml",
    endogenous: list[Column] | None = None,
    instruments: list[Column] | None = None,
    instrument_lags: Annotated[int, Between(1, 3)] = 2,
    divisor: Divisor = "n - k",
    moments: Conditions = "auto",
    vcov: Literal["asymptotic", "hessian", "robust"] = "asymptotic",
    log_determinant: _determinant_methods.Method = "auto",
    impacts: _impacts.Method = "simulation",
    draws: Annotated[int, Between(100, 100_000)] = 1000,
    bootstrap: Annotated[int, Between(0, 100_000)] = 199,
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0,
    level: Annotated[float, Between(0.5, 0.999)] = 0.95,
    missing: Missing = "error",
) -> CombinedModel:
    """
    Fit a spatial combined model (SAC, SARAR), y = rho W y + X b + u with u = lambda W u + e, by maximum likelihood or by instruments and moments.

    Parameters
    ----------
    places
        The table.
    graph
        Weights W with the same labels; any standardisation, directed or not.
    formula
        The model, such as ``CRIME ~ INC + HOVAL``; C(column) for categories, functions such as log(column).
    durbin
        Whether the regressors of the neighbours (W X) are regressors too: the general nested model.
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
    moments
        With gmm, what lambda is found by: "classic" (three moments), "equal" or "unequal" (two weighted moments, for errors of equal or unequal variances); "auto" is "unequal" for robust errors and "classic" otherwise.
    vcov
        Standard errors: "asymptotic" (from the information matrix, or for equal variances), "hessian" (from the second derivatives of the likelihood; ml) or "robust" (to unequal variances; gmm).
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
    CombinedModel
        Coefficients with rho and lambda last (z tests), impacts on average and on each place, tests, likelihood, residuals
        (I - lambda W)(y - rho W y - X b); `prediction_trend` is X b, `prediction_signal` the rest of `fitted`, and `pseudo_r2` the
        squared correlation of y and X b + rho W y.

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
    Both processes have the same W. The likelihood may have several peaks: it is searched on a grid, from the best points of it,
    and the other peaks found are listed in the notes. With `durbin` it is the general nested model (GNS), whose parameters the data
    often can hardly tell apart. "Likelihood ratio" compares with the linear model without W X.
    The likelihood is maximised over the whole interval in which I - rho W has a positive determinant, 1 / range of the
    eigenvalues of W, to about 12 digits. AIC and BIC count the coefficients, rho, lambda and the variance, as R does. "hessian" gives the
    observed information by formula; spatialreg and the literature approximate it by differences and call it numerical Hessian.
    "Breusch-Pagan spatial" assumes normal errors, "Koenker-Bassett spatial" does not.
    With gmm, "classic" is Kelejian and Prucha (1998), as R's `gstsls` with scaled residuals, to which a standard error of lambda is added; "equal" and
    "unequal" are spreg's `GM_Combo_Hom` and `GM_Combo_Het`. W y is instrumented by W X, W² X, ...; combinations of others are
    dropped, and the notes say which. There is no likelihood, so no AIC. "First stage" is the F of the instruments beyond the exogenous
    regressors (df is its first degrees of freedom); under 10 they are called weak.

    References
    ----------
    Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer. doi:10.1007/978-94-015-7799-1.
    Kelejian, H. H., Prucha, I. R. (1998). A generalized spatial two-stage least squares procedure for estimating a spatial
    autoregressive model with autoregressive disturbances. Journal of Real Estate Finance and Economics 17, 99-121.
    doi:10.1023/A:1007707430416.
    LeSage, J., Pace, R. K. (2009). Introduction to Spatial Econometrics. CRC Press. doi:10.1201/9781420064254.
    Goulard, M., Laurent, T., Thomas-Agnan, C. (2017). About predictions in spatial autoregressive models: optimal and almost
    optimal strategies. Spatial Economic Analysis 12, 304-325. doi:10.1080/17421772.2017.1300679.
    Kelejian, H. H., Prucha, I. R. (1999). A generalized moments estimator for the autoregressive parameter in a spatial model.
    International Economic Review 40, 509-533. doi:10.1111/1468-2354.00027.
    Drukker, D. M., Egger, P., Prucha, I. R. (2013). On two-step estimation of a spatial autoregressive model with
    autoregressive disturbances and endogenous regressors. Econometric Reviews 32, 686-733. doi:10.1080/07474938.2013.741020.
    Arraiz, I., Drukker, D. M., Kelejian, H. H., Prucha, I. R. (2010). A spatial Cliff-Ord-type model with heteroskedastic
    innovations: small and large sample results. Journal of Regional Science 50, 592-614. doi:10.1111/j.1467-9787.2009.00618.x.
    """
    options = used(combined_model, locals())
    if lagged is not None and not durbin:
        raise StudyError(complaint("option 'lagged'", "it is given without durbin", "Expected both or none", "Set durbin = true"))
    return CombinedModel(**fields_by(places, graph, replace(KIND, lags=durbin), options))
