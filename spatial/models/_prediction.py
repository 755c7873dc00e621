"""Prediction of the response where it is not known, from the regressors there and from neighbours whose response is known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial.models._design import Design, Whole

Vector = NDArray[np.float64]

#: Up to here standard errors of predictions are computed, one column of an inverse for each place predicted.
MOST_ERRORS = 2_000


@dataclass(frozen=True, eq=False)
class Predicted:
    """One number for each place to be predicted."""

    values: Vector
    errors: Vector | None


def predicted(whole: Whole, response: Vector, coefficients: Vector, rho: float, error: float, variance: float) -> Predicted:
    """
    Predict the response of the places that were left out.

    Parameters
    ----------
    whole
        Everybody: regressors, weights, and who is known.
    response
        Of the known places.
    coefficients, rho, error, variance
        Of the model, in the units of the data; rho or lambda 0 where the model has none.

    Returns
    -------
    Predicted
        The best linear unbiased predictor given the estimates, and the standard deviation of its error, in which the errors of
        the estimates themselves are not counted.

    Notes
    -----
    With A = I - rho W, B = I - lambda W over all places, trend A^-1 Z b and precision Q = (B A)'(B A) / s, the predictor is
    trend_o - Q_oo^-1 Q_os (y_s - trend_s) ("BP"), o being the places to be predicted, s those of the sample. W counts links
    between all places, as the spatialreg package does.

    References
    ----------
    Goulard, M., Laurent, T., Thomas-Agnan, C. (2017). About predictions in spatial autoregressive models: optimal and almost
    optimal strategies. Spatial Economic Analysis 12, 304-325. doi:10.1080/17421772.2017.1300679.
    """
    from scipy.sparse import csc_array, eye_array
    from scipy.sparse.linalg import splu

    known = whole.known
    trend = whole.matrix @ coefficients
    if whole.weights is None or (rho == 0 and error == 0):
        return Predicted(trend[~known], np.full(int((~known).sum()), np.sqrt(variance)))
    size = len(known)
    one = eye_array(size, format="csc")
    lag: Any = csc_array(one - rho * whole.weights)
    if rho:
        trend = splu(lag).solve(trend)
    root: Any = csc_array(csc_array(one - error * whole.weights) @ lag) if error else lag
    known_part, outside = root[:, np.flatnonzero(known)], root[:, np.flatnonzero(~known)]
    factors = splu(csc_array(outside.T @ outside))
    values = trend[~known] - factors.solve(outside.T @ (known_part @ (response - trend[known])))
    errors = None
    if len(values) <= MOST_ERRORS:
        errors = np.sqrt(variance * np.diag(factors.solve(np.eye(len(values)))))
    return Predicted(values, errors)


def predicted_fields(found: Design, coefficients: Vector, rho: float, error: float, variance: float) -> dict[str, Any]:
    """Predict the places whose response is not known, and put the numbers on all places."""
    whole = found.whole
    if whole is None or whole.known.all():
        return {}
    outside = predicted(whole, found.response, coefficients, rho, error, variance)
    numbers = np.full(len(whole.known), np.nan)
    numbers[~whole.known] = outside.values
    fields = {"predicted": whole.given.series(numbers)}
    if outside.errors is not None:
        errors = np.full(len(whole.known), np.nan)
        errors[~whole.known] = outside.errors
        fields["predicted_std_error"] = whole.given.series(errors)
    return fields
