"""Skater beside spdep 1.2-7: runs kept for Columbus and Georgia, and live on three simulated maps; relative 1e-8."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from outside import component, reference, shared

import spatial

TOLERANCE = 1e-8
SETS = ("columbus", "georgia")  # those that have a run of skater

LIVE = """
suppressMessages(library(spdep))
folder <- commandArgs(trailingOnly = TRUE)[1]
edges <- read.csv(file.path(folder, "edges.csv"))
values <- as.matrix(read.csv(file.path(folder, "values.csv")))
nb <- lapply(seq_len(nrow(values)), function(i) as.integer(sort(edges$to[edges$from == i])))
class(nb) <- "nb"; attr(nb, "region.id") <- as.character(seq_len(nrow(values)))
z <- scale(values)
tree <- mstree(nb2listw(nb, nbcosts(nb, z), style = "B"))
out <- lapply(list(c(1, Inf), c(8, Inf)), function(crit) {
  found <- skater(tree[, 1:2], z, 5, crit)
  list(groups = found$groups, ssw = found$ssw)
})
squares <- function(data, id) sum((t(data[id, , drop = FALSE]) - colMeans(data[id, , drop = FALSE]))^2)
found <- skater(tree[, 1:2], z, 5, method = squares)
out[[3]] <- list(groups = found$groups, ssw = found$ssw)
show <- function(x) paste0("[", paste(format(x, digits = 16, trim = TRUE), collapse = ","), "]")
cat("[", paste(sapply(out, function(x) paste0('{"groups":', show(x$groups), ',"ssw":', show(x$ssw), "}")), collapse = ","), "]")
"""


def read(name):
    import geopandas
    import pandas as pd
    from libpysal.graph import Graph

    given = reference(name)["skater"]
    data = pd.read_csv(shared("references", name, "data.csv"), dtype={"id": str}).set_index("id")
    places = geopandas.GeoDataFrame(
        data[given["variables"]], geometry=geopandas.points_from_xy(np.arange(len(data)), 0), crs="EPSG:32642"
    ).rename_axis("place")
    edges = pd.read_csv(shared("references", name, f"{given['weights']}_edges.csv"), dtype={"from": str, "to": str})
    graph = Graph.from_arrays(edges["from"], edges["to"], np.ones(len(edges)))
    return places, graph, given


def runs():
    return [(name, number) for name in SETS if reference(name) for number in range(len(reference(name)["skater"]["runs"]))]


@pytest.mark.parametrize(("name", "number"), runs())
def test_groups_and_sums(name, number):
    places, graph, given = read(name)
    run = given["runs"][number]
    found = spatial.skater(places, graph, columns=given["variables"], k=run["n_clusters"], resamples=0)
    theirs = dict(zip(map(str, range(1, len(places) + 1)), run["groups"], strict=True))
    pairs = {(theirs[place], mine) for place, mine in found.cluster.items()}
    assert len(pairs) == run["n_clusters"]
    assert sorted(found.profile["n"].drop("All")) == sorted(run["sizes"])
    assert found.total == pytest.approx(run["ssto"], rel=TOLERANCE)
    np.testing.assert_allclose([found.total, *found.cuts["within"]], run["ssw_path"], rtol=TOLERANCE)
    assert found.within == pytest.approx(run["ssw_path"][-1], rel=TOLERANCE)
    assert found.share_between == pytest.approx(run["ratio_between"], rel=TOLERANCE)


@pytest.mark.parametrize("name", [name for name in SETS if reference(name)])
def test_spanning_tree(name):
    places, graph, given = read(name)
    found = spatial.skater(places, graph, columns=given["variables"], k=3, resamples=0)
    links = {tuple(sorted(map(int, pair))) for pair in found.tree[["from", "to"]].itertuples(index=False)}
    assert links == set(map(tuple, given["mst_edges"]))
    assert found.tree_length == pytest.approx(given["mst_total_cost"], rel=TOLERANCE)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_live(seed, tmp_path):
    component(shutil.which("Rscript"), "R")
    import geopandas
    import pandas as pd
    from shapely import points

    random = np.random.default_rng(seed)
    size = 150
    spots = random.uniform(0, 1000, (size, 2))
    values = np.sin(spots / 200) + random.normal(scale=0.4, size=(size, 2))
    values = np.column_stack([values, random.gamma(2, size=size)])
    labels = [f"{number:03d}" for number in range(1, size + 1)]
    places = geopandas.GeoDataFrame(
        values, columns=list("abc"), geometry=points(spots), index=labels, crs="EPSG:32642"
    ).rename_axis("place")
    graph = spatial.nearest(places, k=5)
    links = graph.adjacency.reset_index()[["focal", "neighbor"]]
    both = pd.concat([links, links.rename(columns={"focal": "neighbor", "neighbor": "focal"})]).drop_duplicates().astype(int)
    both.rename(columns={"focal": "from", "neighbor": "to"}).to_csv(tmp_path / "edges.csv", index=False)
    places[list("abc")].to_csv(tmp_path / "values.csv", index=False, float_format="%.17g")
    (tmp_path / "live.R").write_text(LIVE)
    run = subprocess.run(
        ["Rscript", str(tmp_path / "live.R"), str(tmp_path)], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
    options = ({}, {"minimum": 8}, {"criterion": "squares"})
    for theirs, more in zip(json.loads(run.stdout), options, strict=True):
        count = len(set(theirs["groups"]))
        found = spatial.skater(places, graph, columns=list("abc"), k=count, resamples=0, **more)
        assert len(set(zip(theirs["groups"], found.cluster, strict=True))) == count
        np.testing.assert_allclose([found.total, *found.cuts["within"]], theirs["ssw"], rtol=TOLERANCE)
