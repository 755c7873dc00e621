"""Global and local statistics against spdep running beside, on values drawn here: all styles of weights, mutual and directed."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from outside import component

import spatial

TOLERANCE = 1e-8
SCRIPT = """
suppressPackageStartupMessages(library(spdep))
folder <- commandArgs(TRUE)[1]
test <- function(t) c(t$estimate, t$statistic, t$p.value)
scatter <- function(v, lw) {
  of <- function(x) moran.test(LOSH(x, lw, var_hi = FALSE)[, "ei"], lw)$estimate[[1]]
  if (length(v) > 50) return(of(v))
  set.seed(1)
  drawn <- replicate(199, of(sample(v)))
  c(of(v), mean(drawn), sd(drawn), mean(drawn >= of(v) - 1e-9))
}
dealt <- function(v, lw) {
  of <- function(x) LOSH(x, lw, var_hi = FALSE)[, "Hi"]
  if (length(v) > 50) return(numeric(0))
  set.seed(2)
  rowMeans(replicate(199, of(sample(v))) >= of(v) - 1e-9)
}
one <- function(i) {
  v <- read.csv(file.path(folder, paste0(i, "-data.csv")))$v
  e <- read.csv(file.path(folder, paste0(i, "-edges.csv")))
  from <- factor(e$from, levels = seq_along(v))
  nb <- lapply(unname(split(e$to, from)), function(x) if (length(x)) as.integer(x) else 0L)
  class(nb) <- "nb"; attr(nb, "region.id") <- as.character(seq_along(v))
  weights <- lapply(unname(split(e$weight, from)), function(x) if (length(x)) x else NULL)
  lw <- nb2listw(nb, glist = weights, style = "B", zero.policy = TRUE)
  of <- function(f, ...) test(f(v, lw, zero.policy = TRUE, adjust.n = FALSE, ...))
  g <- localG(v, lw, zero.policy = TRUE)
  list(
    moran.randomization = of(moran.test, alternative = "two.sided"),
    moran.normality = of(moran.test, randomisation = FALSE, alternative = "two.sided"),
    geary.randomization = of(geary.test, alternative = "greater"),
    geary.normality = of(geary.test, randomisation = FALSE, alternative = "greater"),
    g = of(globalG.test, alternative = "two.sided", adjust.x = FALSE),
    local.conditional = localmoran(v, lw, zero.policy = TRUE, alternative = "two.sided", conditional = TRUE),
    local.total = localmoran(v, lw, zero.policy = TRUE, alternative = "two.sided", conditional = FALSE),
    local.g = g,
    lee = lee(v, rev(v), lw, length(v), zero.policy = TRUE)$L,
    local.c = localC(v, lw, zero.policy = TRUE), local.c2 = localC(cbind(v, rev(v)), lw, zero.policy = TRUE),
    losh = if (any(card(nb) == 0)) numeric(0) else LOSH.cs(v, lw),
    joins = sapply(joincount.test(factor(v > median(v)), lw, zero.policy = TRUE, alternative = "two.sided", adjust.n = FALSE), test),
    scatter = if (any(card(nb) == 0)) numeric(0) else scatter(v, lw),
    dealt = if (any(card(nb) == 0)) numeric(0) else dealt(v, lw))
}
number <- function(x) paste0("[", paste(ifelse(is.finite(x), sprintf("%.17g", x), "null"), collapse = ","), "]")
parts <- sapply(commandArgs(TRUE)[-1], function(i) { r <- one(i)
  paste0('"', i, '": {', paste(sprintf('"%s": %s', names(r), sapply(r, number)), collapse = ", "), "}") })
cat("{", paste(parts, collapse = ",\\n"), "}")
"""
CASES = [
    (seed, kind, style) for seed in (1, 2, 3) for kind in ("mutual", "directed", "islands") for style in ("r", "b", "d", "v", "o")
]


def name_of(case):
    return "-".join(map(str, case))


def styled(weights, style):
    """Standardise by the book, not by the package."""
    if style == "b":
        return (weights > 0).astype(float)
    if style == "r":
        rows = weights.sum(axis=1, keepdims=True)
        return weights / np.where(rows > 0, rows, 1)
    if style == "d":
        return weights / weights.sum()
    if style == "v":
        lengths = np.sqrt((weights**2).sum(axis=1, keepdims=True))
        stable = weights / np.where(lengths > 0, lengths, 1)
        return stable * np.count_nonzero(lengths) / stable.sum()
    return weights


def drawn(seed, kind, style):
    """Places and the matrix of weights; the seeds differ in size, skewness, ties, zeros and unit."""
    n = {1: 20, 2: 40, 3: 90}[seed]
    random = np.random.default_rng([seed, len(kind)])
    points = random.uniform(0, 1e5, (n, 2))
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    near = np.zeros((n, n), bool)
    near[np.arange(n)[:, None], np.argsort(apart, axis=1)[:, :4]] = True
    if kind != "directed":
        near |= near.T
    if kind == "islands":
        near[[0, 5]] = near[:, [0, 5]] = False
    weights = styled(np.where(near, 1e4 / apart, 0), style)
    values = {1: np.exp(random.normal(0, 2, n)), 2: random.integers(0, 4, n).astype(float), 3: random.gamma(2, 1e12, n)}[seed]
    return values, weights, points


def tables(case):
    import geopandas
    from libpysal.graph import Graph

    values, weights, points = drawn(*case)
    names = np.array([f"place {number:02d}" for number in range(len(values))])
    places = geopandas.GeoDataFrame(
        {"v": values}, geometry=geopandas.points_from_xy(*points.T), index=names, crs="EPSG:32642"
    ).rename_axis("place")
    focal, neighbor = np.nonzero(weights)
    alone = names[~weights.any(axis=1)]
    return places, Graph.from_arrays(
        np.append(names[focal], alone), np.append(names[neighbor], alone), np.append(weights[focal, neighbor], np.zeros(len(alone)))
    )


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """What spdep says of all cases, in one run."""
    import pandas as pd

    program = shutil.which("Rscript")
    ready = program and subprocess.run([program, "-e", "library(spdep)"], capture_output=True, check=False).returncode == 0
    component(ready, "R with spdep")
    folder = tmp_path_factory.mktemp("live")
    for case in CASES:
        values, weights, _ = drawn(*case)
        focal, neighbor = np.nonzero(weights)
        edges = {"from": focal + 1, "to": neighbor + 1, "weight": weights[focal, neighbor]}
        pd.DataFrame({"v": values}).to_csv(folder / f"{name_of(case)}-data.csv", index=False, float_format="%.17g")
        pd.DataFrame(edges).to_csv(folder / f"{name_of(case)}-edges.csv", index=False, float_format="%.17g")
    (folder / "peers.R").write_text(SCRIPT)
    answer = subprocess.run(
        [program, folder / "peers.R", folder, *map(name_of, CASES)], capture_output=True, text=True, check=False, timeout=240
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout)


def theirs(peers, case, name):
    return np.array([np.nan if each is None else each for each in peers[name_of(case)][name]], float)


@pytest.mark.parametrize("assumption", ["randomization", "normality"])
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_moran_and_geary(peers, case, assumption):
    for name, alternative in (("moran", "two-sided"), ("geary", "greater")):
        found = getattr(spatial, name)(*tables(case), column="v", permutations=99, assumption=assumption, alternative=alternative)
        ours = [found.statistic, found.expected, found.variance, found.z, found.p]
        np.testing.assert_allclose(ours, theirs(peers, case, f"{name}.{assumption}"), rtol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_getis_ord(peers, case):
    found = spatial.getis_ord(*tables(case), column="v", permutations=99)
    ours = [found.statistic, found.expected, found.variance, found.z, found.p]
    np.testing.assert_allclose(ours, theirs(peers, case, "g"), rtol=TOLERANCE)


@pytest.mark.parametrize("moments", ["conditional", "total"])
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_local_moran(peers, case, moments):
    found = spatial.local_moran(*tables(case), column="v", permutations=99, moments=moments)
    expected = theirs(peers, case, f"local.{moments}").reshape(5, -1)
    tested = drawn(*case)[1].any(axis=1)
    for row, name in enumerate(("statistic", "expected", "variance", "z", "p")):
        np.testing.assert_allclose(getattr(found, name)[tested], expected[row, tested], rtol=TOLERANCE, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_local_getis_ord(peers, case):
    """The z of any weights: spdep's localG gives no other number."""
    tested = drawn(*case)[1].any(axis=1)
    found = spatial.local_getis_ord(*tables(case), column="v", star=False, permutations=99)
    np.testing.assert_allclose(found.z[tested], theirs(peers, case, "local.g")[tested], rtol=TOLERANCE)


@pytest.mark.parametrize("case", [case for case in CASES if case[1] != "islands"], ids=name_of)
def test_heteroskedasticity(peers, case):
    """Moran's I of the residuals that spdep's LOSH gives, and of those it gives for values dealt out, within the error of both."""
    found = spatial.heteroskedasticity(*tables(case), column="v", alternative="greater")
    statistic, *drawn = theirs(peers, case, "scatter")
    assert found.statistic == pytest.approx(statistic, rel=TOLERANCE)
    if drawn:
        mean, sd, p = drawn
        assert found.expected == pytest.approx(mean, abs=5 * sd * (1 / 199 + 1 / 999) ** 0.5)
        assert found.p_permutation == pytest.approx(p, abs=5 * (max(p * (1 - p), 1 / 199) * (1 / 199 + 1 / 999)) ** 0.5)


@pytest.mark.parametrize("case", [case for case in CASES if case[1] != "islands"], ids=name_of)
def test_scatter_by_chance(peers, case):
    """Each place's H among those that spdep's LOSH gives for values dealt out, within the error of both."""
    p = theirs(peers, case, "dealt")
    if len(p):
        found = spatial.losh(*tables(case), column="v", alternative="greater").p_permutation
        error = (np.maximum(p * (1 - p), 1 / 199) * (1 / 199 + 1 / 999)) ** 0.5
        assert (np.abs(found - p) < 5 * error).all()


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_pairs_kinds_and_scatter(peers, case):
    places, graph = tables(case)
    values, tested = places["v"].to_numpy(), drawn(*case)[1].any(axis=1)
    places = places.assign(reverse=values[::-1], high=values > np.median(values))
    found = spatial.lee(places, graph, column="v", second="reverse", permutations=99)
    np.testing.assert_allclose(found.statistic, theirs(peers, case, "lee")[0], rtol=TOLERANCE)
    for name, others in (("local.c", None), ("local.c2", ["reverse"])):
        found = spatial.local_geary(places, graph, column="v", others=others, permutations=99)
        np.testing.assert_allclose(found.statistic[tested], theirs(peers, case, name)[tested], rtol=TOLERANCE, atol=1e-12)
    table = spatial.join_counts(places, graph, column="high", permutations=99).joins
    ours = table.loc[["False:False", "True:True"], ["count", "expected", "variance", "z", "p"]]
    np.testing.assert_allclose(ours, theirs(peers, case, "joins").reshape(2, 5), rtol=TOLERANCE)
    if tested.all():
        found = spatial.losh(places, graph, column="v", alternative="greater", permutations=99)
        rows = theirs(peers, case, "losh").reshape(7, -1)
        for row, name in ((0, "statistic"), (2, "variance"), (3, "z"), (5, "residual"), (6, "p")):
            np.testing.assert_allclose(getattr(found, name), rows[row], rtol=TOLERANCE, atol=1e-12, err_msg=name)
