"""
The tables of Anselin (1988), chapter 12, on Columbus with its own weights, to the digits printed.

Anselin, L. (1988). Spatial Econometrics: Methods and Models. Kluwer, section 12.2. doi:10.1007/978-94-015-7799-1. R keeps the data
and the 232 links of the book (``oldcol``); the example data installed with libpysal have other links.
"""

import functools
import io
import shutil
import subprocess

import numpy as np
import pytest
from outside import component

from spatial.models import error_model, lag_model, ols

SCRIPT = """
suppressMessages(library(spdep)); data(oldcol)
cat("place,CRIME,INC,HOVAL\\n"); write.table(COL.OLD[, c("CRIME", "INC", "HOVAL")], sep = ",", col.names = FALSE, quote = FALSE)
cat("LINKS\\n"); for (i in seq_along(COL.nb)) cat(i - 1, COL.nb[[i]] - 1, "\\n")
"""
PRINTED = [
    (ols, {"Intercept": 68.619, "INC": -1.597, "HOVAL": -0.274}),
    (lag_model, {"Intercept": 45.079, "INC": -1.032, "HOVAL": -0.266, "rho": 0.431}),
    (error_model, {"Intercept": 59.893, "INC": -0.941, "HOVAL": -0.302, "lambda": 0.562}),
]


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


@pytest.mark.parametrize(("model", "printed"), PRINTED, ids=lambda each: getattr(each, "__name__", ""))
def test_coefficients_as_printed(model, printed):
    places, graph = book()
    found = model(places, graph, formula="CRIME ~ INC + HOVAL").coefficients["estimate"]
    assert {name: round(float(found[name]), 3) for name in printed} == printed
