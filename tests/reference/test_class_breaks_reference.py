"""Classes of maps against R's classInt 0.4-9, five asked for, and against mapclassify; relative 1e-12."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from outside import SHARED, component, shared

from spatial.outputs.class_breaks import METHODS, class_breaks, class_counts, goodness, pretty

FILE = SHARED / "references" / "class_breaks" / "results.json"
STYLES = {
    "natural": "jenks",
    "fisher": "fisher",
    "quantile": "quantile",
    "equal": "equal",
    "pretty": "pretty",
    "deviation": "sd",
    "head-tail": "headtails",
    "hierarchical": "hclust",
    "maximum": "maximum",
}
VARIABLES = sorted(json.loads(FILE.read_text(encoding="utf-8"))["class_breaks"]) if FILE.exists() else ["absent"]


def numbers(variable):
    import pandas as pd

    table = pd.read_csv(shared("references", "class_breaks", "class_variables.csv"))
    return table.loc[table["variable"] == variable, "value"].to_numpy()


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("method", STYLES)
def test_beside_class_int(variable, method):
    if (variable, method) == ("georgia_PctBach", "hierarchical"):
        pytest.skip("values of one decimal are often equally far apart: R's answer depends on the order of rows; see below")
    values = numbers(variable)
    expected = json.loads(FILE.read_text(encoding="utf-8"))["class_breaks"][variable][STYLES[method]]
    bounds = class_breaks(values, method, 5)
    closed = "upper" if method == "natural" else "lower"
    np.testing.assert_allclose(bounds, expected["breaks"], rtol=1e-12, atol=1e-12 * np.abs(values).max())
    assert class_counts(values, bounds, closed=closed).tolist() == expected["counts"]
    assert goodness(values, bounds, closed=closed) == pytest.approx(expected["gvf"], rel=1e-12)


@pytest.mark.parametrize("variable", VARIABLES)
def test_hierarchical_beside_r_on_sorted_values(variable):
    component(shutil.which("Rscript"), "R")
    values = np.sort(numbers(variable))
    script = "v <- scan(file('stdin'), quiet = TRUE); cat(sprintf('%.17g', sort(tapply(v, cutree(hclust(dist(v)), 5), max))))"
    run = subprocess.run(
        ["Rscript", "-e", script],
        input="\n".join(map(repr, values.tolist())),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    uppers = np.array(run.stdout.split(), float)[:-1]
    following = values[np.searchsorted(values, uppers, side="right")]
    np.testing.assert_allclose(class_breaks(values, "hierarchical", 5)[1:-1], (uppers + following) / 2, rtol=1e-12)


def test_every_style_of_the_reference_has_a_method():
    found = json.loads(shared("references", "class_breaks", "results.json").read_text(encoding="utf-8"))["class_breaks"]
    assert {style for styles in found.values() for style in styles} == set(STYLES.values())
    assert set(METHODS) == {*STYLES, "box"}


@pytest.mark.parametrize("variable", VARIABLES)
def test_box_beside_mapclassify(variable):
    from mapclassify import BoxPlot

    values = numbers(variable)
    theirs = BoxPlot(values, hinge=1.5).bins
    ours = class_breaks(values, "box", 5)
    inside = theirs[(theirs > values.min()) & (theirs < values.max())]  # theirs has fences where nothing lies beyond, too
    np.testing.assert_allclose(ours, [values.min(), *inside, values.max()], rtol=1e-12)


def test_pretty_beside_r():
    component(shutil.which("Rscript"), "R")
    random = np.random.default_rng(4)
    low = random.normal(size=120) * 10.0 ** random.integers(-6, 7, 120)
    high = low + random.gamma(1, size=120) * 10.0 ** random.integers(-6, 7, 120) + 1e-9 * np.abs(low)
    low[:5], high[5:10] = 0, 0
    low[5:10] = -np.abs(low[5:10])
    high[:5] = np.abs(high[:5])
    counts = random.integers(1, 13, 120)
    lines = "\n".join(f"{one!r} {other!r} {count}" for one, other, count in zip(low.tolist(), high.tolist(), counts, strict=True))
    script = (
        "d <- read.table(file('stdin'), colClasses = 'numeric'); "
        "for (i in seq_len(nrow(d))) cat(format(pretty(c(d[i, 1], d[i, 2]), d[i, 3]), digits = 17), '\\n')"
    )
    run = subprocess.run(["Rscript", "-e", script], input=lines, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    for one, other, count, line in zip(low, high, counts, run.stdout.splitlines(), strict=True):
        theirs = np.array(line.split(), float)
        np.testing.assert_allclose(pretty(one, other, int(count)), theirs, rtol=1e-12, atol=1e-12 * np.abs(theirs).max())
