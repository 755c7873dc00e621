"""The shapes a point is spread out in: radial kernels of the plane that integrate to 1."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

Kernel = Literal["gaussian", "quartic", "epanechnikov", "triangular", "uniform"]
Numbers = np.ndarray[Any, np.dtype[Any]]

#: So many standard deviations east, west, north and south of its point a gaussian is cut off; 1.1e-6 of it lie beyond.
REACH = 5.0

#: Height at distance u (in radii; gaussian: in standard deviations), for a radius of 1, from Silverman (1986, ch. 4).
SHAPES: dict[str, Callable[[Numbers], Numbers]] = {
    "gaussian": lambda u: np.exp(-0.5 * u**2) / (2 * np.pi),
    "quartic": lambda u: np.where(u < 1, 3 / np.pi * (1 - u**2) ** 2, 0.0),
    "epanechnikov": lambda u: np.where(u < 1, 2 / np.pi * (1 - u**2), 0.0),
    "triangular": lambda u: np.where(u < 1, 3 / np.pi * (1 - u), 0.0),
    "uniform": lambda u: np.where(u <= 1, 1 / np.pi, 0.0),
}

#: The bandwidth at which a kernel is as wide as a gaussian of standard deviation 1: its standard deviation along each axis is 1.
EQUALLY_WIDE = {"gaussian": 1.0, "quartic": np.sqrt(8), "epanechnikov": np.sqrt(6), "triangular": np.sqrt(20 / 3), "uniform": 2.0}


def reach(kernel: str, bandwidth: float) -> float:
    """
    Tell how far a kernel reaches.

    Parameters
    ----------
    kernel
        Its name.
    bandwidth
        Standard deviation of the gaussian, radius of the others.

    Returns
    -------
    float
        In the unit of the bandwidth.
    """
    return bandwidth * (REACH if kernel == "gaussian" else 1.0)


def density_at(points: Numbers, weights: Numbers, where: Numbers, kernel: str, bandwidth: float) -> Numbers:
    """
    Evaluate the density exactly, as the plain sum over all points, the gaussian not cut off.

    Parameters
    ----------
    points
        (points, 2).
    weights
        One for each point.
    where
        (locations, 2).
    kernel, bandwidth
        As in `kernel_density`.

    Returns
    -------
    numpy.ndarray
        Weight per unit of area at each location.

    Examples
    --------
    >>> import numpy as np
    >>> float(density_at(np.zeros((1, 2)), np.ones(1), np.zeros((1, 2)), "uniform", 2.0)[0] * np.pi)
    0.25
    """
    found = np.empty(len(where))
    for rows in np.array_split(np.arange(len(where)), 1 + len(where) * len(points) // 2_000_000):  # bounds memory
        away = np.hypot(*(where[rows, None] - points).transpose(2, 0, 1))
        found[rows] = SHAPES[kernel](away / bandwidth) @ weights / bandwidth**2
    return found
