"""Standard errors when the errors of near places are correlated in any way: kernel weights and the covariance of the scores."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from scipy.sparse import csr_array

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Shape = Literal["triangular", "epanechnikov", "bisquare", "parzen", "uniform"]

#: More pairs than this and K alone takes several gigabytes.
PAIRS_AT_MOST = 200_000_000
#: An eigenvalue of the covariance of the scores below minus this share of the largest is negative.
NEGATIVE = 1e-10
INDEFINITE = (
    "The spatial HAC covariance of the scores is not positive semi-definite with this kernel and bandwidth:"
    " treat its standard errors with caution, or take another bandwidth."
)


def shaped(ratio: Vector, shape: Shape) -> Vector:
    """
    Give the kernel's value, 1 at ratio 0 and 0 beyond ratio 1.

    Parameters
    ----------
    ratio
        Distance / bandwidth, 0 to 1.
    shape
        "triangular" (Bartlett): 1 - r; "epanechnikov": 1 - r²; "bisquare": (1 - r²)²; "parzen": 1 - 6 r² + 6 r³ up to a half,
        2 (1 - r)³ beyond; "uniform": 1.

    Returns
    -------
    numpy.ndarray
        Values from 0 to 1.
    """
    r = np.minimum(ratio, 1.0)
    if shape == "triangular":
        return 1 - r
    if shape == "epanechnikov":
        return 1 - r**2
    if shape == "bisquare":
        return (1 - r**2) ** 2
    if shape == "parzen":
        return np.where(r <= 0.5, 1 - 6 * r**2 + 6 * r**3, 2 * (1 - r) ** 3)
    return np.ones_like(r)


def kernel_matrix(
    coordinates: Matrix, *, shape: Shape = "triangular", bandwidth: float | None = None, nearest: int | None = None
) -> "csr_array":
    """
    Build K: how much the product of the errors of two places counts.

    Parameters
    ----------
    coordinates
        (n, 2), in metres.
    shape
        See `shaped`.
    bandwidth
        One distance for all, in metres: places farther apart count 0.
    nearest
        Or as many nearest neighbours: each place has its own bandwidth, the distance to the last of them. K is then not
        symmetric, and what it gives counts by its symmetric part.

    Returns
    -------
    scipy.sparse.csr_array
        (n, n), 1 on the diagonal.

    Raises
    ------
    ModelError
        When neither or both of bandwidth and nearest are given, or they make no sense, or no memory holds the pairs.

    Notes
    -----
    Values are 1 at distance 0, as spreg demands of `gwk` (kernel weights of libpysal are 1 there for "triangular"; its other
    shapes are densities, and 1 only with `diagonal=True`, off the diagonal they are then 3/4 and 15/16 of these: the scale of a
    kernel of a spatial HAC is fixed by its value 1 at 0). libpysal's adaptive bandwidth is 1.0000001 times the distance to the
    k-th neighbour.

    References
    ----------
    Kelejian, H. H., Prucha, I. R. (2007). HAC estimation in a spatial framework. Journal of Econometrics 140, 131-154.
    doi:10.1016/j.jeconom.2006.09.005.
    """
    from scipy.sparse import csr_array

    n = len(coordinates)
    if (bandwidth is None) == (nearest is None):
        raise ModelError(complaint("spatial HAC", "it needs a bandwidth or a number of nearest neighbours", "Expected one of both"))
    if bandwidth is not None:
        return _within(coordinates, shape, bandwidth)
    assert nearest is not None
    if not 1 <= nearest < n:
        raise ModelError(complaint("spatial HAC", f"{nearest} nearest neighbours of {n} places", f"Expected 1 to {n - 1}"))
    distances, places = _queried(coordinates, nearest)
    reach = distances.max(axis=1)
    ratio = distances / np.where(reach > 0, reach, 1.0)[:, None]
    values = shaped(ratio, shape)
    pointer = np.arange(0, n * nearest + 1, nearest)
    return _with_diagonal(csr_array((values.ravel(), places.ravel(), pointer), shape=(n, n)))


def _queried(coordinates: Matrix, nearest: int) -> "tuple[Matrix, NDArray[np.intp]]":
    """Find the nearest others; a place itself is left out also where several share one spot."""
    from scipy.spatial import KDTree

    distances, places = KDTree(coordinates).query(coordinates, nearest + 1)
    own = places == np.arange(len(coordinates))[:, None]
    own[~own.any(axis=1), -1] = True
    return distances[~own].reshape(-1, nearest), places[~own].reshape(-1, nearest)


def _within(coordinates: Matrix, shape: Shape, bandwidth: float) -> "csr_array":
    from scipy.sparse import csr_array
    from scipy.spatial import KDTree

    if not (np.isfinite(bandwidth) and bandwidth > 0):
        raise ModelError(complaint("spatial HAC", f"a bandwidth of {bandwidth:g}", "Expected a distance in metres above 0"))
    tree, n = KDTree(coordinates), len(coordinates)
    count = int(tree.count_neighbors(tree, bandwidth))
    if count > PAIRS_AT_MOST:
        raise ModelError(
            complaint(
                "spatial HAC",
                f"{count:,} pairs of places are within {bandwidth:g} m",
                f"Expected at most {PAIRS_AT_MOST:,}",
                "Take a smaller bandwidth, or a number of nearest neighbours",
            )
        )
    pairs = tree.query_pairs(bandwidth, output_type="ndarray")
    distances = np.linalg.norm(coordinates[pairs[:, 0]] - coordinates[pairs[:, 1]], axis=1)
    upper = csr_array((shaped(distances / bandwidth, shape), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return _with_diagonal(csr_array(upper + upper.T))


def _with_diagonal(matrix: "csr_array") -> "csr_array":
    from scipy.sparse import csr_array, eye_array

    return csr_array(matrix + eye_array(matrix.shape[0], format="csr"))


def meat(columns: Matrix, residuals: Vector, kernel: "csr_array | None") -> tuple[Matrix, tuple[str, ...]]:
    """
    Sum products of scores, sum_ij K_ij e_i e_j h_i h_j'.

    Parameters
    ----------
    columns
        H, (n, l), best an orthonormal basis.
    residuals
        e, (n,).
    kernel
        K; None where errors of different places are uncorrelated (White).

    Returns
    -------
    tuple
        (l, l), symmetric; and a note where it is not positive semi-definite: some standard error may then be too small or missing.
    """
    scores = columns * residuals[:, None]
    if kernel is None:
        return scores.T @ scores, ()
    found = scores.T @ (kernel @ scores)
    found = (found + found.T) / 2
    eigenvalues = np.linalg.eigvalsh(found)
    if eigenvalues[0] < -NEGATIVE * abs(eigenvalues[-1]):
        return found, (INDEFINITE,)
    return found, ()


def kernel_of(places: "GeoDataFrame", labels: "pd.Index[str]", options: Mapping[str, Any]) -> "tuple[csr_array, tuple[str, ...]]":
    """
    Build K from the centres of places, as the options of an operation ask.

    Parameters
    ----------
    places
        The table.
    labels
        Whose centres, in the order of the rows of K.
    options
        "kernel", "bandwidth" and "nearest".

    Returns
    -------
    tuple
        K, and a note that says which.

    Raises
    ------
    ModelError
        As `kernel_matrix`.
    """
    import shapely

    shapes = np.asarray(places.geometry.array)[places.index.map(str).get_indexer(labels)]
    points = np.asarray(shapely.get_coordinates(shapely.centroid(shapes)), dtype=float)
    shape, bandwidth, nearest = options["kernel"], options["bandwidth"], options["nearest"]
    matrix = kernel_matrix(points, shape=shape, bandwidth=bandwidth, nearest=nearest)
    reach = f"bandwidth {bandwidth:g} m" if bandwidth is not None else f"bandwidths to the {nearest} nearest places"
    mean = ((matrix > 0).sum() - len(points)) / len(points)
    return matrix, (f"Kernel of the spatial HAC: {shape}, {reach}; errors are shared with {mean:.1f} other places on average.",)
