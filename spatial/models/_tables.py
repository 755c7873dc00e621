"""The tables every model shows: coefficients, tests, quantiles of the residuals."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: A test: statistic, degrees of freedom (NaN for a z), p.
Test = tuple[float, float, float]


def normal_p(z: Any) -> Any:
    """Two-sided p of a z."""
    from scipy.special import ndtr

    return 2 * ndtr(-np.abs(z))


def normal_quantile(level: float) -> float:
    """How many standard errors an interval reaches to either side."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def chi_squared(statistic: float, freedom: float) -> Test:
    """Make a test of a statistic that is chi-squared distributed."""
    from scipy.special import chdtrc

    return float(statistic), float(freedom), float(chdtrc(freedom, max(statistic, 0.0)))


def coefficients_table(
    names: Sequence[str], estimate: Vector, covariance: Matrix, level: float, freedom: int | None = None
) -> "pd.DataFrame":
    """
    Set estimates, errors, p and intervals side by side.

    Parameters
    ----------
    names
        The terms.
    estimate
        One number for each.
    covariance
        Of the estimates.
    level
        Of the intervals, such as 0.95.
    freedom
        Degrees of freedom of the t distribution; None for the normal one.

    Returns
    -------
    pandas.DataFrame
        Indexed by term: estimate, std_error, statistic, p, low, high.
    """
    import pandas as pd
    from scipy.special import stdtr, stdtrit

    errors = np.sqrt(np.diag(covariance))
    statistic = estimate / errors
    p = normal_p(statistic) if freedom is None else 2 * stdtr(freedom, -np.abs(statistic))
    reach = (normal_quantile(level) if freedom is None else float(stdtrit(freedom, (1 + level) / 2))) * errors
    columns = {
        "estimate": estimate,
        "std_error": errors,
        "statistic": statistic,
        "p": p,
        "low": estimate - reach,
        "high": estimate + reach,
    }
    return pd.DataFrame(columns, index=pd.Index(list(names), name="term"))


def covariance_table(names: Sequence[str], covariance: Matrix) -> "pd.DataFrame":
    """Name rows and columns of a covariance matrix."""
    import pandas as pd

    return pd.DataFrame(covariance, index=pd.Index(list(names), name="term"), columns=list(names))


def unknown_note(tests: Mapping[str, Test]) -> tuple[str, ...]:
    """Name the tests that have no value: what they divide by is 0 on this graph with these regressors."""
    without = [name for name, (statistic, _, _) in tests.items() if np.isnan(statistic)]
    return (f"These tests cannot be made with this graph and these regressors: {', '.join(without)}.",) if without else ()


def tests_table(tests: Mapping[str, Test]) -> "pd.DataFrame":
    """List tests: statistic, degrees of freedom (NaN where the statistic is a z), p."""
    import pandas as pd

    rows = list(tests.values())
    return pd.DataFrame(rows, columns=["statistic", "df", "p"], index=pd.Index(list(tests), name="test"), dtype=float)


def quantiles(residuals: Vector) -> "pd.Series[float]":
    """Minimum, quartiles and maximum of the residuals (type 7 of Hyndman and Fan, as R's ``quantile``)."""
    import pandas as pd

    return pd.Series(
        np.quantile(residuals, [0, 0.25, 0.5, 0.75, 1]), index=pd.Index(["min", "q1", "median", "q3", "max"], name="quantile")
    )
