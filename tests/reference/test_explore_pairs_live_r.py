"""Statistics of two columns, kinds and rates against spdep running beside, on values drawn here with three seeds."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from outside import component

import spatial

TOLERANCE = 1e-8
SEEDS = (1, 2, 3)
SCRIPT = """
suppressPackageStartupMessages(library(spdep))
folder <- commandArgs(TRUE)[1]
inside <- function(name) getFromNamespace(name, "spdep")
one <- function(i) {
  d <- read.csv(file.path(folder, paste0(i, "-data.csv")))
  e <- read.csv(file.path(folder, paste0(i, "-edges.csv")))
  nb <- lapply(unname(split(e$to, factor(e$from, levels = seq_len(nrow(d))))), as.integer)
  class(nb) <- "nb"; attr(nb, "region.id") <- as.character(seq_len(nrow(d)))
  lw <- nb2listw(nb, style = "W"); b <- nb2listw(nb, style = "B")
  L <- lee.test(d$x, d$y, lw)
  Q <- inside("Qmatrix")(d$x, d$y); Q <- (Q + t(Q)) / 2
  V <- inside("VarGamma")(d$x, d$y, listw2mat(lw), Q = inside("PQquant")(Q))
  f <- factor(d$kind)
  free <- joincount.test(f, b, sampling = "free", alternative = "two.sided")
  multi <- joincount.multi(f, b)
  eb <- EBest(d$events, d$population)
  list(lee = L$estimate[1:2], lee.variance = V$varGammaon + V$varGammaoff + 2 * V$varGammaonoff,
    free = sapply(free, function(t) c(t$estimate, t$statistic, t$p.value)), multi = t(multi),
    geary = localC(d$x, lw), geary2 = localC(cbind(d$x, d$y), lw), losh = LOSH.cs(d$x, lw), bivariate = moran_bv(d$x, d$y, lw, nsim = 9)$t0,
    eb = eb$estmm, local.eb = EBlocal(d$events, d$population, nb)$est,
    correlogram = sp.correlogram(nb, d$x, order = 2, method = "I", style = "B", zero.policy = TRUE)$res)
}
number <- function(x) paste0("[", paste(ifelse(is.finite(x), sprintf("%.17g", x), "null"), collapse = ","), "]")
parts <- sapply(commandArgs(TRUE)[-1], function(i) { r <- one(i)
  paste0('"', i, '": {', paste(sprintf('"%s": %s', names(r), sapply(r, number)), collapse = ", "), "}") })
cat("{", paste(parts, collapse = ",\\n"), "}")
"""


def tables(seed):
    """Random points, the nearest three both ways, two columns that are related, four kinds, events in populations."""
    import geopandas
    from libpysal.graph import Graph

    n = 20 + 20 * seed
    random = np.random.default_rng([seed, 77])
    points = random.uniform(0, 1e5, (n, 2))
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    near = np.zeros((n, n), bool)
    near[np.arange(n)[:, None], np.argsort(apart, axis=1)[:, :3]] = True
    near |= near.T
    x, population = random.gamma(2, size=n) + points[:, 0] / 5e4, random.integers(50, 5_000, n)
    columns = {
        "x": x,
        "y": x + random.normal(size=n),
        "kind": np.array(list("ABCD"))[random.permutation(np.arange(n) % 4)],
        "events": random.binomial(population, 0.03),
        "population": population,
    }
    labels = np.array([f"{number:03d}" for number in range(n)])
    places = geopandas.GeoDataFrame(
        columns, geometry=geopandas.points_from_xy(*points.T), index=labels, crs="EPSG:32642"
    ).rename_axis("place")
    focal, other = np.nonzero(near)
    return places, Graph.from_arrays(labels[focal], labels[other], np.ones(len(focal))), (focal, other)


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """What spdep says of all seeds, in one run."""
    import pandas as pd

    program = shutil.which("Rscript")
    ready = program and subprocess.run([program, "-e", "library(spdep)"], capture_output=True, check=False).returncode == 0
    component(ready, "R with spdep")
    folder = tmp_path_factory.mktemp("live")
    for seed in SEEDS:
        places, _, (focal, other) = tables(seed)
        places.drop(columns="geometry").to_csv(folder / f"{seed}-data.csv", index=False, float_format="%.17g")
        pd.DataFrame({"from": focal + 1, "to": other + 1}).to_csv(folder / f"{seed}-edges.csv", index=False)
    (folder / "peers.R").write_text(SCRIPT)
    answer = subprocess.run(
        [program, folder / "peers.R", folder, *map(str, SEEDS)], capture_output=True, text=True, check=False, timeout=240
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return {
        int(seed): {name: np.array(values, float) for name, values in found.items()}
        for seed, found in json.loads(answer.stdout).items()
    }


def close(ours, theirs):
    np.testing.assert_allclose(np.asarray(ours, float), theirs, rtol=TOLERANCE, atol=1e-13)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_columns(peers, seed):
    places, graph, _ = tables(seed)
    found = spatial.lee(places, graph.transform("r"), column="x", second="y", permutations=99)
    close([found.statistic, found.expected], peers[seed]["lee"])
    close([found.variance], peers[seed]["lee.variance"])  # their formulas, given a symmetric measure
    found = spatial.bivariate_moran(places, graph.transform("r"), column="x", second="y", permutations=99)
    close([found.statistic], peers[seed]["bivariate"])


@pytest.mark.parametrize("seed", SEEDS)
def test_join_counts(peers, seed):
    places, graph, _ = tables(seed)
    columns = ["count", "expected", "variance", "z"]
    found = spatial.join_counts(places, graph, column="kind", permutations=99).joins
    multi = peers[seed]["multi"].reshape(-1, 4)
    close(found.loc[["A:A", "B:B", "C:C", "D:D"], columns], multi[:4])
    close(found.loc[["A:B", "A:C", "B:C", "A:D", "B:D", "C:D"], columns], multi[4:10])
    close(found.loc["unlike", columns], multi[10])
    free = spatial.join_counts(places, graph, column="kind", sampling="free", permutations=99).joins
    close(free.loc[["A:A", "B:B", "C:C", "D:D"], [*columns, "p"]], peers[seed]["free"].reshape(-1, 5))


@pytest.mark.parametrize("seed", SEEDS)
def test_local(peers, seed):
    places, graph, _ = tables(seed)
    rows = graph.transform("r")
    close(spatial.local_geary(places, rows, column="x", permutations=99).statistic, peers[seed]["geary"])
    close(spatial.local_geary(places, rows, column="x", others=["y"], permutations=99).statistic, peers[seed]["geary2"])
    found = spatial.losh(places, rows, column="x", alternative="greater", permutations=99)
    theirs = peers[seed]["losh"].reshape(7, -1)
    for row, ours in (
        (0, found.statistic),
        (1, found.expected),
        (2, found.variance),
        (3, found.z),
        (5, found.residual),
        (6, found.p),
    ):
        close(ours, theirs[row])


@pytest.mark.parametrize("seed", SEEDS)
def test_rates_and_lags(peers, seed):
    places, graph, _ = tables(seed)
    rate = {"events": "events", "population": "population"}
    close(spatial.empirical_bayes(places, **rate).smoothed, peers[seed]["eb"])
    close(spatial.spatial_rate(places, graph, **rate).smoothed, peers[seed]["local.eb"])
    found = spatial.correlogram(places, graph, column="x", steps=2, permutations=99).table
    everybody = (found["places"] == len(places)).to_numpy()  # R leaves places without neighbours at a lag out of n
    theirs = peers[seed]["correlogram"].reshape(3, 2).T
    close(found[["statistic", "expected", "variance"]][everybody], theirs[everybody])
