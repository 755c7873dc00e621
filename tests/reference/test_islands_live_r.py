"""
Places without neighbours against spdep running beside, on the municipalities of Tokyo, ten of which are islands.

spdep's defaults take n of the places with neighbours but means and counts of all (see the stored references); here it is told
to do one or the other: all places count, or the islands are left out before anything is computed.
"""

import json
import shutil
import subprocess

import numpy as np
import pytest
from outside import component, shared
from reference_explore import TOLERANCE, TRANSFORMS, linked_only, places_of

import spatial

SCRIPT = """
suppressPackageStartupMessages(library(spdep))
folder <- commandArgs(TRUE)[1]
data <- read.csv(file.path(folder, "data.csv"))
all <- read.gal(file.path(folder, "queen.gal"), override.id = TRUE)
linked <- card(all) > 0
test <- function(t) c(t$estimate, t$statistic, t$p.value)
one <- function(nb, d, style) {
  lw <- nb2listw(nb, style = style, zero.policy = TRUE)
  of <- function(f, x, ...) test(f(x, lw, zero.policy = TRUE, adjust.n = FALSE, ...))
  kinds <- factor(d$smr_high)
  list(
    moran = of(moran.test, d$SMR, alternative = "two.sided"), geary = of(geary.test, d$SMR, alternative = "two.sided"),
    getis_ord = of(globalG.test, d$SMR, alternative = "two.sided", adjust.x = FALSE),
    joins = t(joincount.multi(kinds, lw, zero.policy = TRUE, adjust.n = FALSE)),
    local_moran = localmoran(d$SMR, lw, zero.policy = TRUE, alternative = "two.sided")[card(nb) > 0, ],
    local_geary = localC(d$SMR, lw, zero.policy = TRUE)[card(nb) > 0],
    losh = if (all(card(nb) > 0)) LOSH(d$SMR, lw)[, "Hi"] else numeric(0)
  )
}
number <- function(x) paste0("[", paste(ifelse(is.finite(x), sprintf("%.17g", x), "null"), collapse = ","), "]")
parts <- sapply(c("W", "B", "U", "S"), function(style) sapply(c("all", "linked"), function(who) {
  r <- if (who == "all") one(all, data, style) else one(subset(all, linked), data[linked, ], style)
  paste0('"', style, " ", who, '": {', paste(sprintf('"%s": %s', names(r), sapply(r, number)), collapse = ", "), "}") }))
cat("{", paste(parts, collapse = ",\\n"), "}")
"""
CASES = [(style, who) for style in TRANSFORMS for who in ("all", "linked")]


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """What spdep says, in one run."""
    program = shutil.which("Rscript")
    ready = program and subprocess.run([program, "-e", "library(spdep)"], capture_output=True, check=False).returncode == 0
    component(ready, "R with spdep")
    script = tmp_path_factory.mktemp("islands") / "peers.R"
    script.write_text(SCRIPT)
    answer = subprocess.run(
        [program, script, shared("references", "tokyo")], capture_output=True, text=True, check=False, timeout=240
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout)


def ours(operation, style, who, column, **options):
    """With ``missing = "drop"`` places without a value are left out and the weights standardised anew: here none but islands."""
    places = places_of("tokyo")
    graph = spatial.read_graph(shared("references", "tokyo", "queen.gal"), places, islands="keep", transform=TRANSFORMS[style])
    if who == "linked":
        places = linked_only(places, graph, column)
    return getattr(spatial, operation)(places, graph, column=column, missing="drop", permutations=99, **options)


def theirs(peers, style, who, name):
    return np.array([np.nan if each is None else each for each in peers[f"{style} {who}"][name]], float)


@pytest.mark.parametrize("operation", ["moran", "geary", "getis_ord"])
@pytest.mark.parametrize(("style", "who"), CASES)
def test_global(peers, style, who, operation):
    found = ours(operation, style, who, "SMR")
    numbers = [found.statistic, found.expected, found.variance, found.z, found.p]
    np.testing.assert_allclose(numbers, theirs(peers, style, who, operation), rtol=TOLERANCE)


@pytest.mark.parametrize(("style", "who"), CASES)
def test_join_counts(peers, style, who):
    found = ours("join_counts", style, who, "smr_high").joins
    expected = theirs(peers, style, who, "joins").reshape(4, 4)
    numbers = found.loc[["0:0", "1:1", "0:1", "unlike"], ["count", "expected", "variance", "z"]]
    np.testing.assert_allclose(numbers, expected, rtol=TOLERANCE)


@pytest.mark.parametrize(("style", "who"), CASES)
def test_local(peers, style, who):
    options = {"column": "SMR"}
    found = ours("local_moran", style, who, **options)
    tested = (found.cluster != "Isolated") & (found.cluster != "No data")
    expected = theirs(peers, style, who, "local_moran").reshape(5, -1)
    for row, name in enumerate(("statistic", "expected", "variance", "z", "p")):
        np.testing.assert_allclose(getattr(found, name)[tested], expected[row], rtol=TOLERANCE, err_msg=name)
    found = ours("local_geary", style, who, **options)
    np.testing.assert_allclose(found.statistic[tested], theirs(peers, style, who, "local_geary"), rtol=TOLERANCE)
    if who == "linked":  # R gives none where somebody is without neighbours
        found = ours("losh", style, who, **options)
        np.testing.assert_allclose(found.statistic[tested], theirs(peers, style, who, "losh"), rtol=TOLERANCE)
