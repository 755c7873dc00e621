"""How much the line through a scatterplot hangs on single points."""

import math

import numpy as np

from spatial.explore._significance import Array


def influence_on_slope(x: Array, y: Array) -> dict[str, Array]:
    """
    Give the usual measures of influence on the regression of y on x.

    Parameters
    ----------
    x
        With mean 0.
    y
        As many values.

    Returns
    -------
    dict
        ``hat``, ``cook``, ``dffit``, ``cov_ratio`` and ``influential``, 1 for a point with a dfbeta above 1, a dffit above
        3 sqrt(2 / (n - 2)), a covariance ratio farther from 1 than 6 / (n - 2), a Cook's distance above the median of its F
        distribution, or a leverage above 6 / n: the bounds of R's ``influence.measures``. NaN where a point decides alone.
    """
    from scipy.special import fdtr

    n, p = len(x), 2
    spread = float(x @ x)
    hat = 1 / n + x**2 / spread
    residual = y - y.mean() - float(x @ y) / spread * x
    square = float(residual @ residual)
    free = 1 - hat
    usable = free > 1e-10
    free = np.where(usable, free, np.nan)
    without = np.maximum(square - residual**2 / free, 0.0) / (n - p - 1)  # variance of the residuals without the point
    with np.errstate(divide="ignore", invalid="ignore"):
        student = residual / np.sqrt(without * free)
        dffit = student * np.sqrt(hat / free)
        cook = residual**2 * hat / (p * square / (n - p) * free**2)
        ratio = 1 / (free * ((n - p - 1 + student**2) / (n - p)) ** p)
        slope = student * x / math.sqrt(spread) / np.sqrt(free)
        middle = student * (1 / n) / np.sqrt((1 / n) * free)
    marks = (np.abs(slope) > 1) | (np.abs(middle) > 1) | (np.abs(dffit) > 3 * math.sqrt(p / (n - p)))
    marks |= (np.abs(1 - ratio) > 3 * p / (n - p)) | (fdtr(p, n - p, np.nan_to_num(cook)) > 0.5) | (hat > 3 * p / n)
    return {"hat": hat, "cook": cook, "dffit": dffit, "cov_ratio": ratio, "influential": marks.astype(float)}
