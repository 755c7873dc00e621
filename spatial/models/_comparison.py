"""Fitted models side by side: what each one is, whether they can be compared, and which are special cases of which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import DataError, StudyError, complaint, counted, listed

if TYPE_CHECKING:
    import pandas as pd

INTERCEPT = "Intercept"
SPATIAL = ("rho", "lambda")
#: Responses that differ by less, relative to their largest value, are the same.
SAME = 1e-9

#: Model -> heading of a column, words in a sentence.
TITLES: Mapping[str, tuple[str, str]] = {
    "ols": ("Linear (OLS)", "linear model (OLS)"),
    "slx_model": ("SLX", "model with lagged regressors (SLX)"),
    "lag_model": ("Lag (SAR)", "spatial lag model (SAR)"),
    "error_model": ("Error (SEM)", "spatial error model (SEM)"),
    "durbin_model": ("Durbin (SDM)", "spatial Durbin model (SDM)"),
    "durbin_error_model": ("Durbin error (SDEM)", "spatial Durbin error model (SDEM)"),
    "combined_model": ("Combined (SAC)", "spatial combined model (SAC)"),
    "general_nested_model": ("General nested (GNS)", "general nested model (GNS)"),
    "fixed_effects": ("Fixed effects", "regression with fixed effects"),
}
#: Models with lags of regressors.
_LAGS = ("slx_model", "durbin_model", "durbin_error_model", "general_nested_model")


@dataclass(frozen=True, eq=False)
class Member:
    """One fitted model of a comparison."""

    label: str  # the name it goes by: that of the model, or of the step
    kind: str
    result: Mapping[str, Any]  # the fields of its result
    regressors: frozenset[str]
    lags: frozenset[str]

    @property
    def coefficients(self) -> "pd.DataFrame":
        """The table of terms."""
        table: pd.DataFrame = self.result["coefficients"]
        return table

    @property
    def tests(self) -> Any:
        """The table of tests, or None."""
        return self.result.get("tests")

    @property
    def options(self) -> Mapping[str, Any]:
        """The options as used."""
        found: Mapping[str, Any] = self.result["options"]
        return found

    @property
    def spatial(self) -> frozenset[str]:
        """Which of rho and lambda it has."""
        return frozenset(SPATIAL) & frozenset(self.coefficients.index)

    @property
    def heading(self) -> str:
        """What stands above its column."""
        return TITLES.get(self.kind, (self.label, ""))[0] + (", GMM" if self.result.get("estimator") == "gmm" else "")

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return TITLES.get(self.kind, ("", self.label))[1] + (" by GMM" if self.result.get("estimator") == "gmm" else "")

    @property
    def log_likelihood(self) -> float | None:
        """None where it was not fitted by maximum likelihood."""
        value = self.result.get("log_likelihood")
        return None if value is None or not np.isfinite(value) else float(value)

    @property
    def count(self) -> int:
        """Number of parameters, the variance included."""
        return int(self.result["parameters"])


def member(label: str, values: Mapping[str, Any]) -> Member:
    """
    Describe a fitted model.

    Parameters
    ----------
    label
        The name it goes by.
    values
        The fields of its result.

    Returns
    -------
    Member
        With its regressors and lags told apart; a regressor called "W_..." in a model without lags is a regressor.
    """
    kind = str(values["operation"])
    if kind == "combined_model" and values["options"].get("durbin"):
        kind = "general_nested_model"
    terms = [str(term) for term in values["coefficients"].index if term not in SPATIAL]
    lags = frozenset(term for term in terms if kind in _LAGS and term.startswith("W_"))
    return Member(label, kind, values, frozenset(terms) - lags, lags)


def labelled(fits: Any) -> list[Member]:
    """
    Give every fitted model a name.

    Parameters
    ----------
    fits
        Results of models, in a list or by name.

    Returns
    -------
    list of Member
        In a list they are called after their model; a second one of a kind gets a number.

    Raises
    ------
    StudyError
        When something is no fitted model.
    """
    pairs = list(fits.items()) if isinstance(fits, Mapping) else [("", fit) for fit in fits]
    wrong = [name or type(fit).__name__ for name, fit in pairs if not hasattr(getattr(fit, "coefficients", None), "columns")]
    if wrong:
        raise StudyError(
            complaint(
                "compare_models",
                f"{len(wrong)} of {len(pairs)} {'is no fitted model' if len(wrong) == 1 else 'are no fitted models'}: {listed(wrong)}",
                "Expected results with coefficients, such as those of ols or lag_model",
            )
        )
    taken: dict[str, int] = {}
    found = []
    for name, fit in pairs:
        made = member(str(name), vars(fit))
        if not name:
            taken[made.kind] = taken.get(made.kind, 0) + 1
            number = taken[made.kind]
            made = member(made.kind if number == 1 else f"{made.kind}_{number}", vars(fit))
        found.append(made)
    return found


def checked_members(members: Sequence[Member]) -> None:
    """
    Refuse models that cannot stand side by side.

    Parameters
    ----------
    members
        The models.

    Raises
    ------
    StudyError
        When there is only one.
    DataError
        When they explain different responses, or have other places.
    """
    if len(members) < 2:
        raise StudyError(
            complaint(
                "compare_models", f"there {'is' if members else 'are'} {counted(len(members), 'model')}", "Expected two or more"
            )
        )
    first = members[0]
    for other in members[1:]:
        both = f"models {first.label!r} and {other.label!r}"
        names = [response_name(each) for each in (first, other)]
        if names[0] != names[1]:
            raise DataError(
                complaint(
                    both,
                    f"they explain {names[0]!r} and {names[1]!r}",
                    "Expected the same response",
                    "Likelihoods and errors of different responses cannot be compared",
                )
            )
        counts = [each.result["observations"] for each in (first, other)]
        if counts[0] != counts[1]:
            raise DataError(
                complaint(
                    both,
                    f"they have {counts[0]} and {counts[1]} observations",
                    "Expected the same places in all models",
                    "Leave out of all what one of them lacks",
                )
            )
        ours, theirs = response(first), response(other)
        if ours is not None and theirs is not None and not _same(ours, theirs):
            raise DataError(
                complaint(
                    both,
                    "they were fitted on other places or other values of the response",
                    "Expected the same",
                    "Fit all models on one table",
                )
            )


def response_name(given: Member) -> str:
    """Name what a model explains."""
    return str(given.options.get("formula", "")).partition("~")[0].strip()


def response(given: Member) -> "pd.Series[Any] | None":
    """Give the response: fitted values and residuals together; None where the model does not hold both."""
    parts = [given.result.get(name) for name in ("fitted", "residuals")]
    if any(part is None for part in parts):
        return None
    total: pd.Series[Any] = parts[0] + parts[1]  # type: ignore[operator]
    return total


def _same(ours: "pd.Series[Any]", theirs: "pd.Series[Any]") -> bool:
    if set(ours.index) != set(theirs.index):
        return False
    one, other = ours.to_numpy(float), theirs.reindex(ours.index).to_numpy(float)
    size = float(np.nanmax(np.abs(one), initial=0.0)) or 1.0
    return bool(np.allclose(one, other, rtol=0, atol=SAME * size, equal_nan=True))


def same_graph(one: Member, other: Member) -> bool:
    """Tell whether the neighbours are the same, as far as results record them; without W in one of them it does not matter."""
    if not all(each.spatial or each.lags for each in (one, other)):
        return True
    if one.options.get("graph") != other.options.get("graph"):
        return False
    limits = [[each.result.get(name) for name in ("admissible_low", "admissible_high")] for each in (one, other)]
    known = [(a, b) for a, b in zip(*limits, strict=True) if a is not None and b is not None]
    return all(np.isclose(a, b, rtol=1e-6) or a == b for a, b in known)


def special_case(smaller: Member, larger: Member) -> str:
    """
    Tell whether one model is another one with restricted parameters.

    Parameters
    ----------
    smaller, larger
        Two models.

    Returns
    -------
    str
        "Likelihood ratio" where parameters of the larger one are 0 in the smaller one, "Common factor" where the coefficients of
        W X are -rho times those of X (an error model in a Durbin model), otherwise empty.

    References
    ----------
    Elhorst, J. P. (2010). Applied spatial econometrics: raising the bar. Spatial Economic Analysis 5, 9-28.
    doi:10.1080/17421770903541772.
    Burridge, P. (1981). Testing for a common factor in a spatial autoregression model. Environment and Planning A 13, 795-800.
    doi:10.1068/a130795.
    """
    alike = same_graph(smaller, larger) and smaller.options.get("weights_column") == larger.options.get("weights_column")
    if not alike or smaller.log_likelihood is None or larger.log_likelihood is None or smaller.count >= larger.count:
        return ""
    if smaller.regressors <= larger.regressors and smaller.lags <= larger.lags and smaller.spatial <= larger.spatial:
        return "Likelihood ratio"
    lags = {f"W_{name}" for name in smaller.regressors if name != INTERCEPT}
    factors = smaller.spatial == {"lambda"} and not smaller.lags and larger.spatial == {"rho"}
    return "Common factor" if factors and smaller.regressors <= larger.regressors and lags and lags <= larger.lags else ""
