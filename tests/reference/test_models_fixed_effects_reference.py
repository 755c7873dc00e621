"""Regressions on records beside R's `lm` with a dummy for each level, sandwiches written out in base R, and beside pyfixest."""

import json
import shutil
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest
from outside import component

from spatial.models import fixed_effects

# HC1, CRV1 (K given, for levels nested in clusters do not count), CRV3 by leaving out, the constant as Stata makes it.
SCRIPT = """
folder <- commandArgs(TRUE)[1]
sandwich <- function(m, meat) { b <- solve(crossprod(m)); b %*% meat %*% b }
one <- function(i) {
  d <- read.csv(file.path(folder, paste0(i, ".csv")), stringsAsFactors = TRUE)
  d$f <- factor(d$f); d$t <- factor(d$t); d$w <- d$w / mean(d$w)
  fit <- function(formula, nested) {
    l <- lm(formula, d, weights = w)
    m <- model.matrix(l) * sqrt(d$w); e <- residuals(l) * sqrt(d$w); n <- nrow(m); k <- ncol(m)
    G <- nlevels(factor(d$g)); K <- if (nested) 3 else k
    hc1 <- n / (n - k) * sandwich(m, crossprod(m * e))
    crv1 <- G / (G - 1) * (n - 1) / (n - K) * sandwich(m, crossprod(rowsum(m * e, d$g)))
    left <- sapply(unique(d$g), function(g) coef(lm(formula, d[d$g != g, ], weights = w))[c("x", "z")]) - coef(l)[c("x", "z")]
    both <- c("x", "z")
    list(beta = coef(l)[both], iid = sqrt(diag(vcov(l)))[both], hc1 = sqrt(diag(hc1))[both], crv1 = sqrt(diag(crv1))[both],
      crv3 = sqrt((G - 1) / G * rowSums(left^2)), p.crv1 = 2 * pt(-abs(coef(l)[both] / sqrt(diag(crv1))[both]), G - 1),
      r2 = c(summary(l)$r.squared, summary(l)$adj.r.squared, summary(l)$sigma, l$df.residual),
      f.crv1 = drop(coef(l)[both] %*% solve(crv1[both, both]) %*% coef(l)[both]) / 2)
  }
  two <- function(formula) {
    l <- lm(formula, d, weights = w); m <- model.matrix(l) * sqrt(d$w); e <- residuals(l) * sqrt(d$w); n <- nrow(m); k <- ncol(m)
    meat <- function(by) crossprod(rowsum(m * e, by))
    G <- min(nlevels(factor(d$g)), nlevels(d$t))
    v <- G / (G - 1) * (n - 1) / (n - k) * sandwich(m, meat(d$g) + meat(d$t) - meat(paste(d$g, d$t)))
    sqrt(diag(v))[c("x", "z")]
  }
  mean.of <- function(v) ave(v * d$w, d$f, FUN = sum) / ave(d$w, d$f, FUN = sum)
  back <- function(v) v - mean.of(v) + weighted.mean(v, d$w)
  s <- data.frame(y = back(d$y), x = back(d$x), z = back(d$z))
  l <- lm(y ~ x + z, s, weights = d$w)
  m <- model.matrix(l) * sqrt(d$w); e <- residuals(l) * sqrt(d$w); n <- nrow(m); k <- 2 + nlevels(d$f); G <- nlevels(factor(d$g))
  wide <- lm(y ~ f, d, weights = w)
  within <- 1 - sum(e^2) / sum(d$w * residuals(wide)^2)
  list(none = fit(y ~ x + z, FALSE), one = fit(y ~ x + z + f, FALSE), two = fit(y ~ x + z + f + t, FALSE),
    inside = fit(y ~ x + z + g, TRUE), clusters = two(y ~ x + z + f),
    constant = c(coef(l)[1], sqrt(sum(e^2) / (n - k) * solve(crossprod(m))[1, 1]),
      sqrt(n / (n - k) * sandwich(m, crossprod(m * e))[1, 1]),
      sqrt(G / (G - 1) * (n - 1) / (n - k) * sandwich(m, crossprod(rowsum(m * e, d$g)))[1, 1])),
    within = within)
}
number <- function(x) paste0("[", paste(sprintf("%.15g", x), collapse = ","), "]")
written <- function(r) if (is.list(r)) paste0("{", paste(sprintf('"%s": %s', names(r), sapply(r, written)), collapse = ", "), "}") else number(r)
parts <- sapply(commandArgs(TRUE)[-1], function(i) paste0('"', i, '": ', written(one(i))))
cat("{", paste(parts, collapse = ",\\n"), "}")
"""
SEEDS = (1, 2, 3)
CASES = [(seed, weighed) for seed in SEEDS for weighed in (False, True)]
FACTORS = {"none": None, "one": ["f"], "two": ["f", "t"], "inside": ["g"]}


def drawn(seed, weighed):
    """Unequal groups: clusters g of levels c, factors f and t that cross them; a level of f is rare."""
    random = np.random.default_rng(seed)
    n = 260
    g, f, t = random.integers(0, 11, n), random.choice(6, n, p=[0.3, 0.25, 0.2, 0.15, 0.07, 0.03]), random.integers(0, 5, n)
    x, z = random.normal(size=n) + 0.2 * g, random.normal(size=n) + 0.3 * f
    y = 0.4 * x - 0.2 * z + 0.5 * f + 0.1 * t + random.normal(size=11)[g] * (1 + 0.5 * x) + random.normal(size=n)
    w = random.uniform(0.3, 4, n) if weighed else np.ones(n)
    return pd.DataFrame({"y": y, "x": x, "z": z, "f": f, "t": t, "g": [f"g{each:02d}" for each in g], "w": w})


def name(seed, weighed):
    return f"{seed}-{'weights' if weighed else 'equal'}"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    component(shutil.which("Rscript"), "R")
    folder = tmp_path_factory.mktemp("records")
    for case in CASES:
        drawn(*case).to_csv(folder / f"{name(*case)}.csv", index=False, float_format="%.17g")
    (folder / "fit.R").write_text(SCRIPT, encoding="utf-8")
    words = ["Rscript", "--vanilla", str(folder / "fit.R"), str(folder), *(name(*case) for case in CASES)]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def ours(case, block, **options):
    return fixed_effects(drawn(*case), formula="y ~ x + z", absorb=FACTORS[block], weights_column="w", bootstrap=False, **options)


@pytest.mark.parametrize("block", FACTORS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: name(*case))
def test_coefficients_and_errors_are_those_of_r(told, case, block):
    r = told[name(*case)][block]
    plain = ours(case, block, vcov="iid")
    both = plain.coefficients.loc[["x", "z"]]
    np.testing.assert_allclose(both["estimate"], r["beta"], rtol=1e-9)
    np.testing.assert_allclose(both["std_error"], r["iid"], rtol=1e-9)
    np.testing.assert_allclose([plain.r2, plain.adjusted_r2, plain.sigma, plain.residual_df], r["r2"], rtol=1e-9)
    for kind, options in (
        ("hc1", {"vcov": "robust"}),
        ("crv1", {"cluster": ["g"]}),
        ("crv3", {"cluster": ["g"], "correction": "CRV3"}),
    ):
        found = ours(case, block, **options)
        np.testing.assert_allclose(found.coefficients.loc[["x", "z"], "std_error"], r[kind], rtol=1e-8)
        if kind == "crv1":
            np.testing.assert_allclose(found.coefficients.loc[["x", "z"], "p"], r["p.crv1"], rtol=1e-8)
            assert found.f_statistic == pytest.approx(r["f.crv1"][0], rel=1e-8)
            assert found.df == 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: name(*case))
def test_the_constant_is_that_of_means_put_back(told, case):
    estimate, iid, hc1, crv1 = told[name(*case)]["constant"]
    for options, error in (({"vcov": "iid"}, iid), ({"vcov": "robust"}, hc1), ({"cluster": ["g"]}, crv1)):
        found = ours(case, "one", **options)
        assert found.coefficients.loc["Intercept", "estimate"] == pytest.approx(estimate, rel=1e-9)
        assert found.coefficients.loc["Intercept", "std_error"] == pytest.approx(error, rel=1e-8)
        assert found.r2_within == pytest.approx(told[name(*case)]["within"][0], rel=1e-9)


@pytest.mark.parametrize("case", CASES, ids=lambda case: name(*case))
def test_two_columns_of_clusters_are_those_of_r(told, case):
    found = ours(case, "one", cluster=["g", "t"])
    np.testing.assert_allclose(found.coefficients.loc[["x", "z"], "std_error"], told[name(*case)]["clusters"], rtol=1e-8)


@pytest.fixture(scope="module")
def peer():
    """Load pyfixest as a whole, and let it warn of what pandas will change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyfixest

        pyfixest.feols  # noqa: B018  (loads what it needs)
    return pyfixest


@pytest.mark.parametrize("case", CASES, ids=lambda case: name(*case))
@pytest.mark.parametrize(
    ("formula", "block", "kind", "options"),
    [
        ("y ~ x + z", "none", "iid", {"vcov": "iid"}),
        ("y ~ x + z | f", "one", "HC1", {"vcov": "robust"}),
        ("y ~ x + z | f + t", "two", "iid", {"vcov": "iid"}),
        ("y ~ x + z | f + t", "two", {"CRV1": "g"}, {"cluster": ["g"]}),
        ("y ~ x + z | g", "inside", {"CRV1": "g"}, {"cluster": ["g"]}),
        ("y ~ x + z | f", "one", {"CRV1": "g+t"}, {"cluster": ["g", "t"]}),
    ],
)
def test_pyfixest_as_a_whole_says_the_same(peer, case, formula, block, kind, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact = peer.LsmrDemeaner(fixef_atol=1e-13, fixef_btol=1e-13)
        fitted = peer.feols(formula, drawn(*case), vcov=kind, weights="w", demeaner=exact)
        table = fitted.tidy().loc[["x", "z"]]
    found = ours(case, block, **options).coefficients.loc[["x", "z"]]
    for mine, theirs in (
        ("estimate", "Estimate"),
        ("std_error", "Std. Error"),
        ("p", "Pr(>|t|)"),
        ("low", "2.5%"),
        ("high", "97.5%"),
    ):
        np.testing.assert_allclose(found[mine], table[theirs], rtol=1e-7)
