"""The tables of a comparison: side by side as a journal prints them, and the numbers behind."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.models._comparison import INTERCEPT, SPATIAL, Member, special_case
from spatial.models._tables import chi_squared

if TYPE_CHECKING:
    import pandas as pd

STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
#: A likelihood that falls by more when parameters are added was not at its maximum.
FALLEN = 1e-6
_SPATIAL_RATIO = ("Likelihood ratio", "Likelihood ratio of rho and lambda")


def estimates(members: Sequence[Member]) -> "pd.DataFrame":
    """List every term of every model: one row for each."""
    import pandas as pd

    parts = []
    for each in members:
        table = each.coefficients.rename_axis("term").reset_index()
        table.insert(0, "model", each.label)
        parts.append(table[["model", "term", "estimate", "std_error", "statistic", "p", "low", "high"]])
    return pd.concat(parts, ignore_index=True)


def terms_of(members: Sequence[Member]) -> list[str]:
    """List the terms of all models: intercept, regressors, lags, spatial parameters."""
    found = list(dict.fromkeys(str(term) for each in members for term in each.coefficients.index))
    lags = frozenset(lag for each in members for lag in each.lags)

    def order(term: str) -> int:
        if term == INTERCEPT:
            return 0
        return 3 + SPATIAL.index(term) if term in SPATIAL else 2 if term in lags else 1

    return sorted(found, key=order)


def journal(members: Sequence[Member], *, stars: bool) -> "pd.DataFrame":
    """
    Set the models side by side as text.

    Parameters
    ----------
    members
        The models.
    stars
        Whether estimates get stars.

    Returns
    -------
    pandas.DataFrame
        A row for each estimate, below it one with its standard error in parentheses (its label ends in " SE"), then rows for
        the fit; empty where a model has none.
    """
    import pandas as pd

    columns: dict[str, dict[str, str]] = {}
    for each, heading in zip(members, headings(members), strict=True):
        cells: dict[str, str] = {}
        for term, row in each.coefficients.iterrows():
            digits = decimals(float(row["std_error"]))
            mark = next((mark for limit, mark in STARS if row["p"] < limit), "") if stars else ""
            cells[str(term)] = fixed(float(row["estimate"]), digits) + mark
            cells[f"{term} SE"] = f"({fixed(float(row['std_error']), digits)})"
        columns[heading] = cells | _fit_cells(each)
    rows = [name for term in terms_of(members) for name in (term, f"{term} SE")]
    rows += [name for name in _FIT if any(name in cells for cells in columns.values())]
    return pd.DataFrame(
        {heading: [cells.get(name, "") for name in rows] for heading, cells in columns.items()}, index=pd.Index(rows, name="term")
    )


def headings(members: Sequence[Member]) -> list[str]:
    """Give each column a heading; two models of a kind also the name they go by."""
    found = [each.heading for each in members]
    return [
        f"{heading}: {each.label}" if found.count(heading) > 1 else heading for each, heading in zip(members, found, strict=True)
    ]


def decimals(error: float) -> int | None:
    """Choose decimals that show three digits of a standard error; None where only a power of ten would do."""
    if not np.isfinite(error) or error <= 0:
        return 3
    needed = 2 - math.floor(math.log10(error))
    return None if needed > 8 or needed < -9 else max(0, needed)


def fixed(value: float, digits: int | None) -> str:
    """Write a number with so many decimals."""
    if not np.isfinite(value):
        return ""
    return f"{value:.2e}" if digits is None else f"{value:.{digits}f}"


_FIT = (
    "Observations",
    "Log-likelihood",
    "AIC",
    "BIC",
    "Residual standard error",
    "R²",
    "Pseudo R²",
    "Moran's I of residuals",
    "p of Moran's I",
)


def _fit_cells(given: Member) -> dict[str, str]:
    moran = moran_p(given)
    numbers: list[tuple[str, Any, int | None]] = [
        ("Observations", given.result["observations"], 0),
        ("Log-likelihood", given.log_likelihood, 2),
        ("AIC", given.result.get("aic"), 2),
        ("BIC", given.result.get("bic"), 2),
        ("Residual standard error", given.result.get("sigma"), decimals(float(given.result.get("sigma") or np.nan))),
        ("R²", given.result.get("r2"), 3),
        ("Pseudo R²", given.result.get("pseudo_r2"), 3),
        ("Moran's I of residuals", given.result.get("residual_moran"), 3),
    ]
    cells = {name: fixed(float(value), digits) for name, value, digits in numbers if value is not None}
    if np.isfinite(moran):
        cells["p of Moran's I"] = "<0.001" if moran < 0.0005 else f"{moran:.3f}"
    return cells


def moran_p(given: Member) -> float:
    """Give p of Moran's I of the residuals, NaN where it was not tested."""
    table = given.tests
    return float(table.loc["Moran residuals", "p"]) if table is not None and "Moran residuals" in table.index else float("nan")


def figures(members: Sequence[Member]) -> "pd.DataFrame":
    """List the figures of fit that are no criteria."""
    import pandas as pd

    names = ("observations", "sigma", "r2", "pseudo_r2", "residual_moran")
    rows = [
        {name: float("nan") if (value := each.result.get(name)) is None else value for name in names}
        | {"residual_moran_p": moran_p(each)}
        for each in members
    ]
    return pd.DataFrame(rows, index=pd.Index([each.label for each in members], name="model"))


def criteria(members: Sequence[Member]) -> "pd.DataFrame":
    """
    Rank the models by AIC and BIC.

    Parameters
    ----------
    members
        The models.

    Returns
    -------
    pandas.DataFrame
        Differences from the lowest and weights, exp(-difference / 2) over their sum; empty cells for models without likelihood.

    References
    ----------
    Burnham, K. P., Anderson, D. R. (2004). Multimodel inference: understanding AIC and BIC in model selection. Sociological
    Methods and Research 33, 261-304. doi:10.1177/0049124104268644.
    """
    import pandas as pd

    table = pd.DataFrame(
        {
            "parameters": [each.count for each in members],
            "log_likelihood": _numbers(each.log_likelihood for each in members),
            "aic": _numbers(each.result.get("aic") if each.log_likelihood is not None else None for each in members),
            "bic": _numbers(each.result.get("bic") if each.log_likelihood is not None else None for each in members),
        },
        index=pd.Index([each.label for each in members], name="model"),
    )
    for name in ("aic", "bic"):
        difference = table[name] - table[name].min()
        share = np.exp(-difference / 2)
        table[f"{name}_difference"] = difference
        table[f"{name}_weight"] = share / share.sum()
    return table


def _numbers(values: Any) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]


def between(members: Sequence[Member]) -> "tuple[pd.DataFrame, tuple[str, ...]]":
    """
    Test each model against each other one that it is a special case of.

    Parameters
    ----------
    members
        The models.

    Returns
    -------
    tuple
        The table, one row for each pair, with Hausman's tests of the error models against least squares; and notes.
    """
    import pandas as pd

    rows, fallen = [], []
    for smaller in members:
        for larger in members:
            test = "" if smaller is larger else special_case(smaller, larger)
            if not test or smaller.log_likelihood is None or larger.log_likelihood is None:
                continue
            ratio = 2 * (larger.log_likelihood - smaller.log_likelihood)
            if ratio < -FALLEN * max(1.0, abs(larger.log_likelihood)):
                fallen.append(f"{larger.label!r} against {smaller.label!r}")
            statistic, freedom, p = chi_squared(max(ratio, 0.0), larger.count - smaller.count)
            rows.append((smaller.label, larger.label, test, statistic, freedom, p, _simulated(smaller, larger)))
    rows += [row for each in members for row in _hausman(each, members)]
    columns = ["smaller", "larger", "test", "statistic", "df", "p", "p_bootstrap"]
    table = pd.DataFrame(rows, columns=columns).astype({"statistic": float, "df": float, "p": float, "p_bootstrap": float})
    if table["p_bootstrap"].isna().all():
        table = table.drop(columns="p_bootstrap")
    note = f"The likelihood falls though parameters are added ({', '.join(fallen)}): the larger model is not at its maximum."
    return table, ((note,) if fallen else ())


def _simulated(smaller: Member, larger: Member) -> float:
    """Take the simulated p that the larger model has of its spatial parameters, where they are all that is tested."""
    same = smaller.regressors == larger.regressors and smaller.lags == larger.lags
    if not same or larger.tests is None or "p_bootstrap" not in larger.tests:
        return float("nan")
    one = tuple(f"Likelihood ratio of {name}" for name in larger.spatial - smaller.spatial)
    names = one if smaller.spatial else _SPATIAL_RATIO
    found = [larger.tests.loc[name, "p_bootstrap"] for name in names if name in larger.tests.index]
    return next((float(p) for p in found if np.isfinite(p)), float("nan"))


def _hausman(given: Member, members: Sequence[Member]) -> list[tuple[Any, ...]]:
    if given.tests is None or "Hausman" not in given.tests.index:
        return []
    row = given.tests.loc["Hausman"]
    linear = [each.label for each in members if not each.spatial and (each.regressors, each.lags) == (given.regressors, given.lags)]
    name = linear[0] if linear else "least squares"
    return [(name, given.label, "Hausman", float(row["statistic"]), float(row["df"]), float(row["p"]), float("nan"))]
