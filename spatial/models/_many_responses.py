"""The largest likelihoods of many responses at once, for few places: a simulation searches hundreds of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spatial.models._limits import by_eigenvalues

if TYPE_CHECKING:
    from spatial.models._log_determinant import LogDeterminant
    from spatial.models._profile import Problem

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

GRID = 41  # values of a parameter in the first look
ROUGH, ROUNDS, NARROWER = 3, 6, 9  # further looks at rho, and values in each: a fourth of the distance each time
PEAKS, LOOKS = 2, 4  # peaks of lambda that are followed, and further looks at each
EDGE = 1e-5  # a maximum nearer to a limit than this share of the interval is none


@dataclass(frozen=True, eq=False)
class Search:
    """Regressors, weights and eigenvalues of one model; the responses may be any."""

    matrix: Matrix
    weights: Matrix
    roots: Vector
    real: Vector  # real eigenvalues
    pairs: Matrix  # real and imaginary parts of those that come in pairs, one of each
    low: float
    high: float

    @property
    def grid(self) -> Vector:
        """Values of a parameter over the whole interval, closer to one another at its ends."""
        inside = np.cos(np.linspace(np.pi, 0, GRID)) * (1 - 2 * EDGE / 10)
        return np.asarray((self.low + self.high) / 2 + (self.high - self.low) / 2 * inside)

    def logarithms(self, parameters: Vector) -> Vector:
        """Compute log |I - r W| for any number of r: few eigenvalues, so that their product can neither over- nor underflow."""
        product = np.ones(parameters.shape)
        for part in self.real:
            product *= 1 - part * parameters
        for part, other in self.pairs:
            product *= (1 - part * parameters) ** 2 + (other * parameters) ** 2
        return np.asarray(np.log(np.abs(product)))

    def heights(self, responses: Matrix, *, rho: bool, error: bool) -> Vector:
        """
        Find the largest log-likelihood of each response, up to a constant that all models share.

        Parameters
        ----------
        responses
            (n, m).
        rho, error
            Which spatial parameters the model has.

        Returns
        -------
        numpy.ndarray
            (m,): log-determinants less n / 2 times the logarithm of the sum of squares; NaN where the maximum is at a limit.
        """
        if not error:
            found, parameter = self._over_rho(self._parabolas(responses, np.zeros((1, 1))), ROUNDS * rho)
            return self._inside(found[:, 0], parameter[:, 0])
        columns = np.arange(responses.shape[1])
        values = self.grid[None]
        found = self._over_rho(self._parabolas(responses, values), ROUGH * rho)[0] + self.logarithms(values)
        padded = np.pad(found, ((0, 0), (1, 1)), constant_values=-np.inf)
        peaks = np.where((found >= padded[:, :-2]) & (found >= padded[:, 2:]), found, -np.inf)
        best = np.full(len(columns), -np.inf)
        where = np.full((2, len(columns)), np.nan)
        for peak in np.argsort(-peaks, axis=1, kind="stable")[:, :PEAKS].T:
            height, lam, at = self._refined(responses, peak, rho=rho)
            higher = height > best
            best = np.where(higher, height, best)
            where = np.where(higher, [lam, at], where)
        return self._inside(self._inside(best, where[0]), where[1])

    def lags(self, responses: Matrix) -> Vector:
        """
        Find rho of a lag model for each response.

        Parameters
        ----------
        responses
            (n, m).

        Returns
        -------
        numpy.ndarray
            (m,), to about a hundred-thousandth of the interval; NaN where the likelihood is largest at a limit.
        """
        rhos = self._over_rho(self._parabolas(responses, np.zeros((1, 1))), ROUNDS)[1][:, 0]
        return self._inside(rhos, rhos)

    def _refined(self, responses: Matrix, peak: "NDArray[np.intp]", *, rho: bool) -> tuple[Vector, Vector, Vector]:
        """Look more and more closely about one value of lambda for each response."""
        rows, grid = np.arange(len(peak)), self.grid
        left, right = grid[np.maximum(peak - 1, 0)], grid[np.minimum(peak + 1, GRID - 1)]
        for _ in range(LOOKS):
            values = np.linspace(left, right, NARROWER, axis=1)
            found, at = self._over_rho(self._parabolas(responses, values), ROUNDS * rho)
            found = found + self.logarithms(values)
            best = found.argmax(axis=1)
            left, right = values[rows, np.maximum(best - 1, 0)], values[rows, np.minimum(best + 1, NARROWER - 1)]
        return found[rows, best], values[rows, best], at[rows, best]

    def _parabolas(self, responses: Matrix, values: Matrix) -> Matrix:
        """
        Give the sums of squares as parabolas in rho, a - 2 rho b + rho^2 c.

        Parameters
        ----------
        responses
            (n, m).
        values
            Of lambda, (m, l) or, the same for all responses, (1, l).

        Returns
        -------
        numpy.ndarray
            a, b and c: (3, m, l).
        """
        turned = np.stack([responses, self.weights @ responses]).transpose(2, 1, 0)  # (m, n, 2)
        lagged, regressors, once = self.weights @ turned, self.matrix, self.weights @ self.matrix
        filtered = self.roots[:, None] * (regressors - values[:, :, None, None] * once)  # (m or 1, l, n, k)
        basis = np.linalg.qr(filtered / np.linalg.norm(filtered, axis=-2, keepdims=True))[0]
        columns = self.roots[:, None] * (turned[:, None] - values[:, :, None, None] * lagged[:, None])
        columns = columns - basis @ (basis.swapaxes(-1, -2) @ columns)
        own, lag = (columns**2).sum(axis=-2).transpose(2, 0, 1)
        return np.stack([own, columns.prod(axis=-1).sum(axis=-1), lag])

    def _over_rho(self, parabolas: Matrix, rounds: int) -> tuple[Vector, Vector]:
        """Maximise over rho, which is 0 without rounds: the height without the log-determinant of lambda, and rho; (m, l) each."""
        own, mixed, lag = parabolas[..., None]
        half = len(self.roots) / 2

        def height(rhos: Vector, logarithms: Vector) -> Vector:
            squares = np.maximum(own - 2 * rhos * mixed + rhos**2 * lag, np.finfo(float).tiny)
            return np.asarray(logarithms - half * np.log(squares))

        if not rounds:
            return height(np.zeros(1), np.zeros(1))[..., 0], np.zeros(own.shape[:-1])
        rhos = np.broadcast_to(self.grid, (*own.shape[:-1], GRID))
        found = height(rhos, self.logarithms(self.grid))
        for _ in range(rounds):
            best = found.argmax(axis=-1)[..., None]
            left = np.take_along_axis(rhos, np.maximum(best - 1, 0), -1)[..., 0]
            right = np.take_along_axis(rhos, np.minimum(best + 1, rhos.shape[-1] - 1), -1)[..., 0]
            rhos = np.linspace(left, right, NARROWER, axis=-1)
            found = height(rhos, self.logarithms(rhos))
        best = found.argmax(axis=-1)[..., None]
        return np.take_along_axis(found, best, -1)[..., 0], np.take_along_axis(rhos, best, -1)[..., 0]

    def _inside(self, heights: Vector, parameters: Vector) -> Vector:
        reach = EDGE * (self.high - self.low)
        return np.where((parameters > self.low + reach) & (parameters < self.high - reach), heights, np.nan)


def search_of(problem: "Problem", determinant: "LogDeterminant") -> Search:
    """Prepare the search for one model of few places, whatever the way in which its log-determinant is computed."""
    eigenvalues = determinant.eigenvalues
    if eigenvalues is None:
        eigenvalues = by_eigenvalues(determinant.matrix, symmetric=determinant.symmetric)
    return Search(
        problem.matrix,
        problem.weights.toarray(),
        np.ones(len(problem.response)) if problem.roots is None else problem.roots,
        eigenvalues.real[eigenvalues.imag == 0],
        np.column_stack([eigenvalues.real, eigenvalues.imag])[eigenvalues.imag > 0],
        determinant.low,
        determinant.high,
    )
