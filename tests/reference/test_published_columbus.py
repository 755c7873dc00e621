"""
Published tables of Columbus with the weights of Anselin's book, to the digits printed.

Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer, section 12.2. doi:10.1007/978-94-015-7799-1. R keeps the data
and the 232 links of the book (``oldcol``); the example data installed with libpysal have other links. Standard errors, further models
and impacts are those of the manual of spatialreg, GPL (>= 2): github.com/r-spatial/spatialreg, docs/reference, of ML_models.md at commit
849cd230b56effd47de8e80d951a60b2a296ef71, of stsls.md, gstsls.md, GMerrorsar.md, SLX.md at 3ba6b0982fcb3f792232678774babbab2e4bab11.
"""

import functools
import io
import shutil
import subprocess

import numpy as np
import pytest
from outside import component

from spatial.models import combined_model, durbin_error_model, durbin_model, error_model, lag_model, ols, slx_model

SCRIPT = """
suppressMessages(library(spdep)); data(oldcol)
cat("place,CRIME,INC,HOVAL,DISCBD\\n")
write.table(COL.OLD[, c("CRIME", "INC", "HOVAL", "DISCBD")], sep = ",", col.names = FALSE, quote = FALSE)
cat("LINKS\\n"); for (i in seq_along(COL.nb)) cat(i - 1, COL.nb[[i]] - 1, "\\n")
"""
BOOK = [
    (ols, {"Intercept": 68.619, "INC": -1.597, "HOVAL": -0.274}),
    (lag_model, {"Intercept": 45.079, "INC": -1.032, "HOVAL": -0.266, "rho": 0.431}),
    (error_model, {"Intercept": 59.893, "INC": -0.941, "HOVAL": -0.302, "lambda": 0.562}),
]
SHORT, LONG = "CRIME ~ INC + HOVAL", "CRIME ~ DISCBD + INC + HOVAL"
#: Estimates and standard errors as printed: of the coefficients in their order, of rho, of lambda. Last the log-likelihood.
LIKELIHOOD = {
    "lag": (
        (lag_model, SHORT, {}),
        "45.079251 -1.031616 -0.265926 0.43102",
        "7.177347 0.305143 0.088499 0.11768",
        "-182.3904",
    ),
    "durbin": (
        (durbin_model, SHORT, {}),
        "42.822413 -0.914223 -0.293738 -0.520283 0.245640 0.42634",
        "12.667204 0.331094 0.089212 0.565129 0.178917 0.15623",
        "-181.3935",
    ),
    "durbin of one": (
        (durbin_model, SHORT, {"lagged": ["INC"]}),
        "48.814687 -1.006620 -0.265514 -0.186684 0.39229",
        "12.198232 0.330641 0.088768 0.530550 0.1561",
        "-182.3328",
    ),
    "error": (
        (error_model, SHORT, {}),
        "59.893220 -0.941312 -0.302250 0.56179",
        "5.366162 0.330569 0.090476 0.13387",
        "-183.3805",
    ),
    "durbin error": (
        (durbin_error_model, SHORT, {}),
        "73.545133 -1.051673 -0.275608 -1.156711 0.111691 0.4254",
        "8.783543 0.319514 0.091151 0.578629 0.198993 0.15842",
        "-181.5846",
    ),
    "durbin error of one": (
        (durbin_error_model, LONG, {"lagged": ["INC"]}),
        "68.961912 -5.412936 -0.899425 -0.202846 0.161858 0.24524",
        "6.985784 2.009281 0.315174 0.090125 0.603859 0.18393",
        "-178.9895",
    ),
    "combined": (
        (combined_model, SHORT, {}),
        "47.783764 -1.025894 -0.281651 0.36807 0.16668",
        "9.902659 0.326326 0.090033 0.19668 0.29661",
        "-182.2348",
    ),
    "general nested": (
        (combined_model, SHORT, {"durbin": True}),
        "50.92026 -0.95072 -0.28650 -0.69261 0.20852 0.31557 0.15415",
        "68.25722 0.44033 0.09994 1.69113 0.28702 0.94581 1.0643",
        "-181.3422",
    ),
    "general nested of one": (
        (combined_model, LONG, {"durbin": True, "lagged": ["INC"]}),
        "74.064502 -5.707678 -0.900975 -0.203399 0.061568 -0.077599 0.29646",
        "37.738940 3.248629 0.314996 0.092982 0.926947 0.57955 0.51021",
        "-178.963",
    ),
}
#: The same of two-stage least squares and moments, but for the error of lambda: there is none, or a wrong one (see `error_model`).
MOMENTS = {
    "twice": ((lag_model, {}), "43.793442 -1.000716 -0.265489 0.454567", "10.952229 0.383858 0.091852 0.185118"),
    "once": (
        (lag_model, {"instrument_lags": 1}),
        "44.359512 -1.014319 -0.265681 0.444202",
        "11.157079 0.387469 0.091954 0.189141",
    ),
    "robust": (
        (lag_model, {"instrument_lags": 1, "vcov": "robust"}),
        "44.35951 -1.01432 -0.26568 0.44420",
        "7.67306 0.44113 0.17353 0.13748",
    ),
    "combined": (
        (combined_model, {}),
        "43.782818 -0.994831 -0.267076 0.454171 0.016647",
        "10.467857 0.366818 0.088149 0.177939",
    ),
    "error": ((error_model, {}), "62.513752 -1.128283 -0.296957 0.40196", "5.121339 0.339745 0.095699"),
}
#: Direct, indirect and total impacts of INC, and of HOVAL.
IMPACTS = {
    "lag": "-1.0860220 -0.7270849 -1.8131068 -0.2799509 -0.1874254 -0.4673763",
    "combined": "-1.0632722 -0.5601502 -1.6234224 -0.2919129 -0.1537848 -0.4456977",
    "general nested": "-1.0317003 -1.3693141 -2.4010144 -0.2768608 0.1629265 -0.1139344",
}


@functools.cache
def book():
    import geopandas
    import pandas as pd
    from libpysal.graph import Graph

    component(shutil.which("Rscript"), "R")
    done = subprocess.run(["Rscript", "-e", SCRIPT], capture_output=True, text=True, check=True)
    table, _, links = done.stdout.partition("LINKS\n")
    data = pd.read_csv(io.StringIO(table), dtype={"place": str}).set_index("place")
    rows = [[int(each) for each in line.split()] for line in links.splitlines() if line.strip()]
    ends = [(row[0], other) for row in rows for other in row[1:]]
    names = data.index.to_numpy(str)
    graph = Graph.from_arrays(names[[one for one, _ in ends]], names[[other for _, other in ends]], np.ones(len(ends)))
    places = geopandas.GeoDataFrame(data, geometry=geopandas.points_from_xy(np.arange(49.0), np.zeros(49)), crs="EPSG:32616")
    assert len(ends) == 232
    return places, graph.transform("r")


def as_printed(ours, printed, *, search=2e-7):
    """Allow half a unit of the last digit, and what the search of the reference leaves, relatively."""
    texts = printed.split()
    theirs = np.array(texts, dtype=float)
    halves = np.array([0.5 * 10.0 ** -len(text.partition(".")[2]) for text in texts])
    difference = np.abs(np.asarray(ours, dtype=float) - theirs)
    assert (difference <= halves + search * np.abs(theirs)).all(), f"{list(ours)} differ from {printed}"


@pytest.mark.parametrize(("model", "printed"), BOOK, ids=lambda each: getattr(each, "__name__", ""))
def test_coefficients_of_the_book(model, printed):
    places, graph = book()
    found = model(places, graph, formula=SHORT).coefficients["estimate"]
    assert {name: round(float(found[name]), 3) for name in printed} == printed


@functools.cache
def fitted(name):
    function, formula, options = LIKELIHOOD[name][0]
    return function(*book(), formula=formula, **options)


@pytest.mark.parametrize("name", LIKELIHOOD)
def test_likelihood(name):
    found, (_, estimates, errors, value) = fitted(name), LIKELIHOOD[name]
    as_printed(found.coefficients["estimate"], estimates)
    as_printed(found.coefficients["std_error"], errors)
    as_printed([found.log_likelihood], value)


@pytest.mark.parametrize("name", IMPACTS)
def test_impacts(name):
    as_printed(fitted(name).impacts[["direct", "indirect", "total"]].to_numpy().ravel(), IMPACTS[name])


@pytest.mark.parametrize("name", MOMENTS)
def test_moments(name):
    """Since version 1.3-6 the combined model of the reference divides the sum of squares by n: we, as it did before, by n - k."""
    (function, options), estimates, errors = MOMENTS[name]
    places, graph = book()
    found = function(places, graph, formula=SHORT, estimator="gmm", **options).coefficients
    as_printed(found["estimate"], estimates, search=1e-6)
    freedom = np.sqrt(45 / 49) if name == "combined" else 1
    as_printed(freedom * found["std_error"].drop(index="lambda", errors="ignore"), errors, search=1e-6)


def test_lagged_regressors():
    found = slx_model(*book(), formula=SHORT).impacts
    kinds = ["direct", "indirect", "total"]
    as_printed(found[kinds].to_numpy().ravel(), "-1.1089293 -1.3709725 -2.47990173 -0.2897283 0.1917608 -0.09796753")
    errors = found[[f"{kind}_std_error" for kind in kinds]].to_numpy().ravel()
    as_printed(errors, "0.3738129 0.5612771 0.4965456 0.1013673 0.2003335 0.2028016")
