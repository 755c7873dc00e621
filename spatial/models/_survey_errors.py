"""The within regression of a sample, and its standard errors: iid, robust, clustered, jackknifed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.errors import ModelError, complaint, listed
from spatial.models._absorbed import absorbed, free_levels, nested
from spatial.models._least_squares import LeastSquares, least_squares, unit
from spatial.models._survey_design import INTERCEPT, Grouping, Sample

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: A regressor of which absorbing leaves less than this share of its length follows from the factors.
GONE = 1e-9
#: A column of length 1 whose part not explained by the others is shorter than this is their combination.
DEPENDENT = 1e-9
#: A sum of squares below this share of the whole is a response that follows exactly.
EXACT = 1e-20
#: Where random numbers leave a smaller residual than this, any numbers would leave none.
NOTHING = 1e-7


@dataclass(frozen=True, eq=False)
class Within:
    """
    A regression after absorbing, in rows multiplied by the square root of their weights and in units of `size`.

    With absorbed factors the constant is that of Stata: the means are put back on what is left of response and regressors.
    """

    sample: Sample
    size: float  # the unit the response was divided by
    names: tuple[str, ...]  # the constant first
    fit: LeastSquares  # with the constant
    left: Matrix  # (n, k): the regressors after absorbing, without the constant where factors are absorbed
    rows: Vector  # square roots of the weights
    parameters: int  # coefficients and free levels
    exact: bool  # whether the free levels were counted exactly

    @property
    def slopes(self) -> "NDArray[np.bool_]":
        """Which coefficients are no constant."""
        return np.array([name != INTERCEPT for name in self.names])

    @property
    def factors(self) -> list["NDArray[np.int64]"]:
        """The level numbers of the absorbed factors."""
        return [each.codes for each in self.sample.factors]


def within(sample: Sample) -> Within:
    """
    Absorb the factors and regress.

    Parameters
    ----------
    sample
        Response, regressors and factors.

    Returns
    -------
    Within
        The regression.

    Raises
    ------
    ModelError
        When a regressor is absorbed, collinear or constant, nothing varies, or there are too few records.
    """
    _varying(sample)
    size = unit(sample.response)
    rows = np.sqrt(sample.weights)
    both = np.column_stack([sample.response / size, sample.matrix])
    factors = [each.codes for each in sample.factors]
    left = absorbed(both, factors, sample.weights)
    free, exact = free_levels(factors)
    parameters = sample.matrix.shape[1] + free
    if len(sample.response) <= parameters:
        raise ModelError(
            complaint(
                "records",
                f"there are {len(sample.response)} for {parameters} parameters (free levels of absorbed factors included)",
                f"Expected at least {parameters + 1}",
                "Use more records, fewer regressors or fewer factors",
            )
        )
    if factors:
        _absorbed_refused(sample, left[:, 1:])
    _collinear_refused(sample.names, left[:, 1:] * rows[:, None])
    names, whole = sample.names, left
    if factors:
        whole = left + np.average(both, axis=0, weights=sample.weights)
        names = (INTERCEPT, *names)
        whole = np.insert(whole, 1, 1.0, axis=1)
    fit = least_squares(whole[:, 0] * rows, whole[:, 1:] * rows[:, None])
    total = float(np.square(left[:, 0] * rows).sum())
    if fit.squares <= EXACT * float(np.square(whole[:, 0] * rows).sum()) or total == 0:
        raise ModelError(
            complaint(
                f"column {sample.response_name!r}",
                "the regressors and absorbed factors give it exactly, without any error",
                "Expected something left to explain",
                "Leave out the regressor or factor it was computed from",
            )
        )
    return Within(sample, size, names, fit, left[:, 1:], rows, parameters, exact)


def only_ones(found: Within) -> "NDArray[np.int64]":
    """
    Find records of leverage 1, such as the only one of its category: no response of theirs leaves a residual.

    Parameters
    ----------
    found
        The regression.

    Returns
    -------
    numpy.ndarray
        Their positions. With absorbed factors no leverage is computed: random numbers are regressed as the response was, and
        leave a residual on all other records.
    """
    basis = found.fit.basis
    if not found.factors:
        return np.flatnonzero(np.einsum("ij,ij->i", basis, basis) >= 1 - DEPENDENT)
    drawn = np.random.default_rng(0).standard_normal((len(basis), 2))
    left = absorbed(drawn, found.factors, found.sample.weights) * found.rows[:, None]
    rest = (left - basis @ (basis.T @ left)) / found.rows[:, None]
    return np.flatnonzero(np.abs(rest).max(axis=1) <= NOTHING)


def iid(found: Within) -> Matrix:
    """Give s^2 (X'X)^-1."""
    return found.fit.squares / (len(found.rows) - found.parameters) * found.fit.inverse


def robust(found: Within) -> Matrix:
    """Give the sandwich with n / (n - K), HC1."""
    scores = found.fit.basis * found.fit.residuals[:, None]
    n = len(found.rows)
    return np.asarray(n / (n - found.parameters) * (found.fit.root @ (scores.T @ scores) @ found.fit.root.T))


def counted_parameters(found: Within) -> int:
    """
    Count the parameters for the small-sample factor of clustered errors.

    Parameters
    ----------
    found
        The regression.

    Returns
    -------
    int
        Coefficients and free levels, but of factors nested in a cluster column only the constant, as reghdfe and fixest do.
    """
    outside = [
        each.codes for each in found.sample.factors if not any(nested(each.codes, one.codes) for one in found.sample.clusters)
    ]
    free = max(1, free_levels(outside)[0]) if found.sample.factors else 0
    return int(found.sample.matrix.shape[1]) + free


def clustered(found: Within) -> tuple[Matrix, bool]:
    """
    Give the sandwich of sums over clusters (CRV1), by one or two columns of clusters.

    Parameters
    ----------
    found
        The regression.

    Returns
    -------
    tuple
        The covariance, and whether negative eigenvalues had to be put to 0 (which two columns can give).

    References
    ----------
    Liang, K.-Y., Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73, 13-22.
    doi:10.1093/biomet/73.1.13.
    Cameron, A. C., Gelbach, J. B., Miller, D. L. (2011). Robust inference with multiway clustering. Journal of Business and
    Economic Statistics 29, 238-249. doi:10.1198/jbes.2010.07136.
    """
    scores = found.fit.basis * found.fit.residuals[:, None]
    clusters = found.sample.clusters
    meat = sum((_meat(scores, each.codes) for each in clusters), start=np.zeros((scores.shape[1],) * 2))
    if len(clusters) == 2:
        meat = meat - _meat(
            scores, np.unique(clusters[0].codes * len(clusters[1].labels) + clusters[1].codes, return_inverse=True)[1]
        )
    n, fewest = len(found.rows), min(len(each.labels) for each in clusters)
    meat = meat * fewest / (fewest - 1) * (n - 1) / (n - counted_parameters(found))
    values, vectors = np.linalg.eigh((meat + meat.T) / 2)
    negative = bool(values[0] < -1e-10 * max(values[-1], 0.0))
    if negative:
        meat = (vectors * np.maximum(values, 0)) @ vectors.T
    return found.fit.root @ meat @ found.fit.root.T, negative


def jackknifed(found: Within) -> Matrix:
    """
    Give (G - 1) / G times the sum of squares of what leaving out one cluster changes (CRV3).

    Parameters
    ----------
    found
        The regression, with one column of clusters.

    Returns
    -------
    numpy.ndarray
        The covariance about the estimate of all records.

    Raises
    ------
    ModelError
        When a coefficient cannot be estimated without some cluster; it is named.

    References
    ----------
    MacKinnon, J. G., Nielsen, M. O., Webb, M. D. (2023). Fast and reliable jackknife and bootstrap methods for cluster-robust
    inference. Journal of Applied Econometrics 38, 671-694. doi:10.1002/jae.2969.
    """
    clusters = found.sample.clusters[0]
    count = len(clusters.labels)
    changes = np.array([_without(found, clusters, each) for each in range(count)]) - found.fit.coefficients
    return np.asarray((count - 1) / count * changes.T @ changes)


def sums(values: Matrix, codes: "NDArray[np.int64]", count: int) -> Matrix:
    """Add rows up by group: (n, k) to (groups, k)."""
    return np.column_stack([np.bincount(codes, weights=column, minlength=count) for column in values.T])


def _meat(scores: Matrix, codes: "NDArray[np.int64]") -> Matrix:
    added = sums(scores, codes, int(codes.max()) + 1)
    return np.asarray(added.T @ added)


def _without(found: Within, clusters: Grouping, each: int) -> Vector:
    """Estimate again without one cluster; factors nested in clusters are absorbed already."""
    sample, stays = found.sample, clusters.codes != each
    rows, weights = found.rows[stays], sample.weights[stays]
    inside = all(nested(one.codes, clusters.codes) for one in sample.factors)
    both = np.column_stack([sample.response[stays] / found.size, sample.matrix[stays]])
    factors = [np.unique(one.codes[stays], return_inverse=True)[1] for one in sample.factors]
    left = (
        both
        if not factors
        else absorbed(both, factors, weights)
        if not inside
        else np.column_stack([_response(found), found.left])[stays]
    )
    matrix = left[:, 1:] * rows[:, None]
    try:
        _collinear_refused(sample.names, matrix)
    except ModelError:
        raise ModelError(
            complaint(
                f"cluster {clusters.labels[each]!r} of {clusters.name!r}",
                "without it the coefficients cannot be estimated, so there is no jackknife (CRV3)",
                "Expected regressors that vary within other clusters too",
                'Use correction = "CRV1" and the wild bootstrap, or leave out regressors that only vary there',
            )
        ) from None
    slopes = least_squares(left[:, 0] * rows, matrix).coefficients
    if not factors:
        return slopes
    means = np.average(both, axis=0, weights=weights)
    return np.append(means[0] - means[1:] @ slopes, slopes)


def _response(found: Within) -> Vector:
    """Give the response after absorbing: what the slopes explain and the residuals."""
    slopes = found.fit.coefficients[found.slopes] if found.sample.factors else found.fit.coefficients
    return np.asarray(found.left @ slopes + found.fit.residuals / found.rows)


def _varying(sample: Sample) -> None:
    if np.ptp(sample.response) == 0:
        raise ModelError(
            complaint(
                f"column {sample.response_name!r}",
                f"all {len(sample.response)} values are {sample.response[0]:g}",
                "Expected values that differ",
            )
        )
    if not any(name != INTERCEPT for name in sample.names):
        raise ModelError(complaint("formula", "there is no regressor", "Expected at least one besides the constant"))
    same = [name for name, column in zip(sample.names, sample.matrix.T, strict=True) if name != INTERCEPT and np.ptp(column) == 0]
    if same:
        raise ModelError(
            complaint(
                f"regressor {listed(same)}",
                f"all {len(sample.response)} values are equal, which is what the constant is for",
                "Expected values that differ",
                "Leave it out",
            )
        )


def _absorbed_refused(sample: Sample, left: Matrix) -> None:
    centred = sample.matrix - np.average(sample.matrix, axis=0, weights=sample.weights)
    gone = np.linalg.norm(left, axis=0) <= GONE * np.linalg.norm(centred, axis=0)
    if gone.any():
        names = [name for name, each in zip(sample.names, gone, strict=True) if each]
        raise ModelError(
            complaint(
                f"regressor {listed(names)}",
                f"the absorbed factor {listed(each.name for each in sample.factors)} takes all of it: it does not vary within the levels",
                "Expected regressors that vary within the levels of absorbed factors",
                "Leave it out, or absorb another factor",
            )
        )


def _collinear_refused(names: Sequence[str], matrix: Matrix) -> None:
    from scipy.linalg import qr, solve_triangular

    lengths = np.linalg.norm(matrix, axis=0)
    _, triangle, order = qr(matrix / np.where(lengths > 0, lengths, 1), mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(triangle)) > DEPENDENT).sum())
    if rank == len(order):
        return
    shares = solve_triangular(triangle[:rank, :rank], triangle[:rank, rank:])
    sentences = []
    for position, column in enumerate(order[rank:]):
        others = [names[order[row]] for row in np.flatnonzero(np.abs(shares[:, position]) > np.sqrt(DEPENDENT))]
        sentences.append(f"{names[column]!r} is a combination of {listed(sorted(others, key=list(names).index), 10)}")
    raise ModelError(
        complaint(
            "regressors",
            f"they are collinear: {'; '.join(sentences)}",
            "Expected regressors of which none follows from the others and the absorbed factors",
            "Leave one of them out",
        )
    )
