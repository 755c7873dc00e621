"""What the numbers of a model say, in sentences a referee would let pass."""

import math
from typing import Any

from spatial.models._impacts import HEAVY
from spatial.models._tables import normal_quantile

#: A table of a result; the stubs of pandas would have every cell be a date as well.
Table = Any

FEW = 30
INFLATED = 10.0  # beyond this a variance inflation factor is usually called high
SIGNIFICANT = 0.05


def number(value: float) -> str:
    """Write a number with about four digits."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    size = math.floor(math.log10(abs(value)))
    if not -4 <= size <= 9:  # outside, zeros would be all there is to see
        return f"{value:.3g}"
    return f"{value:,.{min(max(0, 3 - size), 6)}f}"


def probability(p: float) -> str:
    """Write a p."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def opening(kind: str, response: str, regressors: tuple[str, ...], count: int) -> str:
    """Say which model it is and of how many places."""
    named = ", ".join(regressors[:8]) + (f" and {len(regressors) - 8} more" if len(regressors) > 8 else "")
    return f"{kind} of {response} on {named or 'nothing but a mean'}, {count} places."


def of_few(count: int, parameters: int) -> tuple[str, ...]:
    """Admit that there are few places."""
    if count >= FEW and count >= 8 * parameters:
        return ()
    sentence = f"With {count} places for {parameters} parameters, p values and intervals are rough approximations: read them as a description of these places, not as proof."
    return (sentence,)


def of_coefficients(table: Table, level: float, response: str) -> str:
    """Name the regressors whose coefficients are told from 0."""
    rows = table.drop(index=[name for name in ("Intercept", "rho", "lambda") if name in table.index])
    if rows.empty:
        return "There are no regressors."
    clear = rows[rows["p"] < SIGNIFICANT].sort_values("p").head(3)
    if len(rows) == 1 and clear.empty:
        return f"The coefficient of {rows.index[0]} does not differ clearly from 0 ({probability(float(rows['p'].iloc[0]))}); this does not show that it is 0."
    if clear.empty:
        return f"None of the {len(rows)} coefficients differs clearly from 0 (smallest {probability(float(rows['p'].min()))}); this does not show that they are 0."
    parts = [
        f"{name} {number(row.estimate)} ({level:.0%} interval {number(row.low)} to {number(row.high)}, {probability(row.p)})"
        for name, row in zip(clear.index, clear.itertuples(), strict=True)
    ]
    marks = (("[", "for a category, the difference from the one left out"), (":", "a product changes what its parts mean"))
    remarks = "".join(f" ({words})" for mark, words in marks if any(mark in str(name) for name in clear.index))
    return f"Change of {response} that goes with one unit more, the other regressors being equal{remarks}: {'; '.join(parts)}. An association, not proof of a cause."


def of_entangled(factors: Any) -> tuple[str, ...]:
    """Admit that regressors nearly repeat each other."""
    if factors is None or not (factors > INFLATED).any():
        return ()
    high = factors[factors > INFLATED].sort_values(ascending=False)
    named = ", ".join(f"{name} {number(float(factor))}" for name, factor in high.head(3).items())
    return (f"Some regressors nearly repeat each other (variance inflation: {named}), so what is due to which can hardly be told.",)


def of_dependence(tests: Table) -> str:
    """Say what the tests of the residuals say of spatial dependence."""
    moran = tests.loc["Moran residuals"]
    if math.isnan(moran["p"]):
        return "Moran's I of the residuals could not be tested: on this graph and with these regressors it cannot vary."
    if moran["p"] >= SIGNIFICANT:
        return f"Moran's I finds no clear spatial dependence in the residuals (z = {moran['statistic']:.2f}, {probability(moran['p'])})."
    sentence = f"The residuals of neighbours are {'alike' if moran['statistic'] > 0 else 'unlike'} (Moran's I, z = {moran['statistic']:.2f}, {probability(moran['p'])}), so the standard errors of the linear model are not to be trusted"
    lag, error = tests.loc["Robust LM lag", "p"], tests.loc["Robust LM error", "p"]
    if math.isnan(lag) or math.isnan(error):
        return f"{sentence}."
    both = f"(lag {probability(lag)}, error {probability(error)})"
    if min(lag, error) >= SIGNIFICANT:
        return f"{sentence}; the robust LM tests do not tell lag from error {both}."
    if max(lag, error) < SIGNIFICANT:
        return f"{sentence}; both robust LM tests find something {both}: neither a lag nor an error alone may be enough."
    return f"{sentence}; the robust LM tests point to the {'lag' if lag < error else 'error'} model {both}."


def of_parameter(table: Table, name: str, level: float, response: str) -> str:
    """Say what the spatial parameter is, and whether it can be told from 0."""
    row = table.loc[name]
    found = f"{name} = {row['estimate']:.3f} ({level:.0%} interval {row['low']:.3f} to {row['high']:.3f}, {probability(row['p'])})"
    if row["p"] >= SIGNIFICANT:
        return f"{found}: it cannot be told from 0, so these data do not show that neighbours matter in this way, nor that they do not."
    if name == "rho":
        return f"{found}: {response} tends to be {'higher' if row['estimate'] > 0 else 'lower'} where that of the neighbours is high, the regressors being equal."
    return f"{found}: what the regressors leave unexplained is {'alike' if row['estimate'] > 0 else 'unlike'} among neighbours."


def of_criterion(aic: float, aic_ols: float, p: float) -> str:
    """Say plainly which model AIC and the likelihood ratio test prefer."""
    numbers = f"AIC {aic:.1f} against {aic_ols:.1f}; likelihood ratio {probability(p)}"
    if aic_ols <= aic:
        return f"The linear model without a spatial term is preferred ({numbers}): nothing should be concluded about spillovers from this model."
    if aic_ols - aic < 2:  # Burnham and Anderson: less than 2 is no evidence
        return f"This model is hardly better than the linear one ({numbers})."
    return f"This model describes the data better than the linear one ({numbers})."


def of_impacts(table: Table, level: float, response: str) -> str:
    """Say what the impacts of the clearest regressor mean."""
    if table.empty:
        return "Without regressors there are no impacts."
    name = table["total_p"].idxmin()
    row = table.loc[name]
    width = float(row["total_high"] - row["total_low"]) / (2 * normal_quantile(level))
    heavy = row["total_std_error"] > HEAVY * width  # a few draws make the error, and with it p, and not the interval
    clear = row["total_low"] * row["total_high"] > 0 if heavy else row["total_p"] < SIGNIFICANT
    unclear = "" if clear else " This cannot be told from 0" + (".", ", and the other regressors' less.")[not heavy]
    p = "" if heavy else f", {probability(row['total_p'])}"
    return (
        f"One unit more of {name} everywhere goes with a change of {response} by {number(row['total'])} on average"
        f" ({level:.0%} interval {number(row['total_low'])} to {number(row['total_high'])}{p}):"
        f" {number(row['direct'])} in the place that changes, what comes back to it from its neighbours included, and"
        f" {number(row['indirect'])} through changes in the others"
        f" (interval {number(row['indirect_low'])} to {number(row['indirect_high'])}).{unclear}"
    )
