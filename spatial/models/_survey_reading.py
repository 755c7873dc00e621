"""What a regression on records says, in sentences a referee would let pass."""

import math
from typing import Any

from spatial.errors import counted
from spatial.models import _reading as reading
from spatial.models._survey_errors import Within
from spatial.models._survey_places import AtPlaces

FEW_CLUSTERS = 30
KINDS = {
    "iid": "as if errors were independent and of one variance",
    "robust": "robust to heteroskedasticity (HC1)",
    "CRV1": "clustered (CRV1)",
    "CRV3": "clustered, jackknife (CRV3)",
}


def few_clusters(count: int, kind: str) -> str:
    """Warn of few clusters."""
    advice = (
        "intervals and p values of CRV1 are then usually too narrow and too small: go by the wild bootstrap, or use CRV3"
        if kind == "CRV1"
        else "even the jackknife is then a rough approximation: compare it with the wild bootstrap"
    )
    return f"There are only {count} clusters, fewer than {FEW_CLUSTERS}; {advice}."


def sentences(found: Within, kind: str, table: Any, level: float, shown: AtPlaces | None) -> tuple[str, ...]:
    """Say what was estimated, how sure it is, and what the places add."""
    sample = found.sample
    regressors = tuple(name for name, slope in zip(found.names, found.slopes, strict=True) if slope)
    opening = reading.opening("Linear regression", sample.response_name, regressors, len(found.rows)).replace(
        " places.", " records"
    )
    if sample.deleted or sample.singletons:
        opening += (
            f" (of {sample.given}; {sample.deleted} with missing values and {counted(sample.singletons, 'singleton')} left out)"
        )
    if sample.factors:
        opening += f", {' and '.join(each.name for each in sample.factors)} absorbed"
    said = [f"{opening}. {reading.of_coefficients(table, level, sample.response_name)}"]
    if kind.startswith("CRV"):
        fewest = min(len(each.labels) for each in sample.clusters)
        if fewest < FEW_CLUSTERS:
            said.append(few_clusters(fewest, kind))
    if "p_wild" in table.columns:
        said.append(_bootstrap(table.dropna(subset=["p_wild"]), level))
    if shown is not None and shown.tests and not math.isnan(shown.tests["Moran residuals, permutation"][2]):
        said.append(_dependence(shown))
    return tuple(said)


def _bootstrap(table: Any, level: float) -> str:
    """Say what the wild bootstrap makes of the clearest coefficients, and where it disagrees."""
    rows = table.sort_values("p").head(3)
    parts = [
        f"{name} {reading.probability(row.p_wild)} ({level:.0%} interval {_end(row.low_wild)} to {_end(row.high_wild)})"
        for name, row in zip(rows.index, rows.itertuples(), strict=True)
    ]
    lost = [
        str(name) for name, row in zip(table.index, table.itertuples(), strict=True) if row.p < reading.SIGNIFICANT <= row.p_wild
    ]
    more = f" It does not confirm what the t test finds for {', '.join(lost)}." if lost else ""
    return f"By the wild cluster bootstrap: {'; '.join(parts)}.{more}"


def _end(value: float) -> str:
    return reading.number(value) if math.isfinite(value) else "no limit"


def _dependence(shown: AtPlaces) -> str:
    statistic, _, p = shown.tests["Moran residuals, permutation"]
    count = int((shown.records > 0).sum())
    start = f"Mean residuals of {count} places: Moran's I {statistic:.2f}, permutation {reading.probability(p)}"
    if p >= reading.SIGNIFICANT:
        return f"{start}; no clear spatial dependence, which with so few places proves little."
    return f"{start}: neighbours are {'alike' if (shown.tests['Moran residuals'][0] > 0) else 'unlike'} in what the model leaves unexplained."
