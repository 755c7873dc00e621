"""Neighbours that spdep 1.2-7 built from the same polygons and points."""

import shutil
import subprocess
import warnings

import geopandas
import numpy as np
import pandas as pd
import pytest
from outside import DATA_SETS, component, reference, shared

from spatial.errors import SpatialWarning
from spatial.places import LOCAL
from spatial.weights import (
    connectivity,
    contiguity,
    difference,
    distance_band,
    higher_order,
    intersection,
    inverse_distance,
    kernel_weights,
    nearest,
    read_graph,
    triangulation,
    union,
    write_graph,
)

#: R was told that these coordinates are longitude and latitude.
GEODESIC = ("us48_income", "stl", "weights_only/10740", "weights_only/virginia")
MORE_SETS = (*DATA_SETS, "weights_only/10740", "weights_only/virginia", "weights_only/chicago")
#: Counties that share one point, found to be rook neighbours by spdep because that point closes a ring (see contiguity).
CORNERS = {"georgia": {(39, 96)}, "weights_only/virginia": {(115, 128)}}


def by_vertices(polygons, **options):
    """As spdep and libpysal do it; in tokyo that misses pairs, and says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialWarning)
        return contiguity(polygons, islands="keep", **options)


@pytest.fixture(scope="module", params=MORE_SETS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def polygons(name):
    table = geopandas.read_file(shared("references", *name.split("/"), "geom.gpkg"))
    table.index = table["id"].astype(int).astype(str)
    table["geometry"] = table.geometry.make_valid()
    return table[["geometry"]].set_crs(LOCAL, allow_override=True).rename_axis("place")


@pytest.fixture(scope="module")
def points(name, polygons):
    titles = {"tokyo": ["X_CENTROID", "Y_CENTROID"]}.get(name, ["x", "y"] if "/" in name else ["X", "Y"])
    at = pd.read_csv(shared("references", *name.split("/"), "data.csv"))[titles].to_numpy()
    crs = "EPSG:4326" if name in GEODESIC else LOCAL
    return geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*at.T), index=polygons.index, crs=crs)


@pytest.fixture(scope="module")
def built(name):
    if "/" in name:
        return reference("weights_only")["datasets"][name.split("/")[1]]["built"]
    return reference(name)["built_weights"]


@pytest.fixture(scope="module")
def known(name):
    table = pd.read_csv(shared("references", *name.split("/"), "built_weights_edges.csv.gz"))
    return {kind: set(zip(rows["from"], rows["to"], strict=True)) for kind, rows in table.groupby("type")}


def linked(graph):
    return {(int(start), int(end)) for (start, end), weight in graph.adjacency.items() if weight}


def test_queen(polygons, known):
    assert linked(by_vertices(polygons)) == known["queen"]


def test_rook(polygons, known, name):
    lacking = known["rook"] - linked(by_vertices(polygons, rule="rook"))
    assert {pair for pair in lacking if pair[0] < pair[1]} == CORNERS.get(name, set())
    for start, end in lacking:
        common = polygons.geometry[str(start)].intersection(polygons.geometry[str(end)])
        assert common.geom_type == "Point"


def test_geometry_finds_no_others_where_borders_were_digitised_once(polygons, known, name):
    """In tokyo neighbours were digitised apart: their outlines overlap by millimetres and have few vertices in common."""
    found = linked(contiguity(polygons, by="geometry", islands="keep"))
    assert found >= known["queen"]
    assert (found == known["queen"]) == (name != "tokyo")


def test_islands(polygons, built):
    graph = by_vertices(polygons)
    expected = built["queen"]["islands"]
    assert [int(label) for label in graph.isolates] == (expected if isinstance(expected, list) else [expected])


def test_report(polygons, built):
    found = connectivity(polygons, by_vertices(polygons))
    expected = built["queen"]
    assert (found.links, found.least_neighbours, found.most_neighbours) == (expected["links"], expected["min"], expected["max"])
    assert (found.symmetric, found.components) == (expected["symmetric"], expected["components"])
    assert found.mean_neighbours == pytest.approx(expected["mean"], rel=1e-8)


@pytest.mark.parametrize(("inclusive", "kind"), [(False, "queen_order2"), (True, "queen_cumulative2")])
def test_second_order(polygons, built, inclusive, kind):
    graph = by_vertices(polygons, order=2, inclusive=inclusive)
    assert len(linked(graph)) == built[kind]["links"]


@pytest.mark.parametrize(("inclusive", "kind"), [(False, "queen_order2"), (True, "queen_cumulative2")])
def test_second_order_of_a_graph(polygons, built, inclusive, kind):
    graph = higher_order(polygons, by_vertices(polygons), order=2, inclusive=inclusive, islands="keep")
    assert len(linked(graph)) == built[kind]["links"]


@pytest.mark.parametrize("rule", ["delaunay", "gabriel", "relative"])
def test_triangulation(points, known, built, rule):
    """Spdep takes degrees for a plane, so here they are one."""
    if rule not in built:
        pytest.skip("not among the references of this data set")
    flat = points.set_crs(LOCAL, allow_override=True)
    found = linked(triangulation(flat, rule=rule))
    assert len(found) == built[rule]["links"]
    if rule in known:
        assert found == known[rule]


@pytest.mark.parametrize("k", range(1, 7))
def test_nearest(points, known, built, k):
    found = linked(nearest(points, k=k))
    assert len(found) == built[f"knn{k}"]["links"]
    if f"knn{k}" in known:
        assert found == known[f"knn{k}"]


def test_nearest_both_ways(points, built):
    assert len(linked(nearest(points, k=4, symmetric="union"))) == built["knn4_symmetrised"]["links"]


def test_distance_that_leaves_nobody_alone(points, built, name):
    """sp computes great circles on the ellipsoid by an approximation; ours are exact, 5e-7 apart."""
    expected = built["max_nearest_neighbour_distance"] * (1000 if name in GEODESIC else 1)
    found = connectivity(points, nearest(points, k=1)).band_for_all
    assert found == pytest.approx(expected, rel=1e-5 if name in GEODESIC else 1e-12)


@pytest.mark.parametrize(("factor", "kind"), [(1.0000001, "dband_maxnn"), (1.5, "dband_1.5maxnn")])
def test_distance_band(points, known, built, name, factor, kind):
    limit = built["max_nearest_neighbour_distance"] * (1000 if name in GEODESIC else 1) * factor
    if name in GEODESIC and factor < 1.1:
        limit *= 1 + 1e-5  # room for sp's approximation of the very distance that sets the limit
    found = linked(distance_band(points, threshold=limit))
    assert len(found) == built[kind]["links"]
    if kind in known:
        assert found == known[kind]


@pytest.mark.parametrize("power", [1, 2])
def test_inverse_distance(points, built, name, power):
    unit = 1000 if name in GEODESIC else 1  # spdep weighs by kilometres there
    expected = built[f"idw_alpha{power}_on_dband_1.5maxnn"]
    limit = built["max_nearest_neighbour_distance"] * unit * 1.5
    graph = inverse_distance(points, power=power, threshold=limit, transform="o")
    tolerance = 1e-4 if name in GEODESIC else 1e-8
    assert graph.adjacency.sum() * unit**power == pytest.approx(expected["S0"], rel=tolerance)
    first = dict(zip(expected["first_unit_neighbours"], expected["first_unit_weights"], strict=True))
    found = {int(label): weight * unit**power for label, weight in graph["1"].items()}
    assert found == pytest.approx(first, rel=2e-3 if name in GEODESIC else 1e-8)


@pytest.mark.parametrize("data_set", DATA_SETS)
def test_gal_files(data_set):
    folder = shared("references", data_set)
    table = pd.read_csv(folder / "data.csv")
    places = geopandas.GeoDataFrame(
        geometry=geopandas.points_from_xy(table.index, table.index), index=table["id"].astype(str), crs=LOCAL
    )
    files = sorted(folder.glob("*.gal"))
    assert files
    for path in files:
        edges = pd.read_csv(path.with_name(f"{path.stem}_edges.csv"))
        read = read_graph(path, places, islands="keep")
        assert linked(read) == set(zip(edges["from"], edges["to"], strict=True))
        listed = read_graph(path.with_name(f"{path.stem}_edges.csv"), places, islands="keep")
        assert (read.adjacency == listed.adjacency).all()


SPHERE = """
suppressMessages({library(spdep); library(sf)})
xy <- as.matrix(read.csv("xy.csv")); nb <- tri2nb(xy)
near <- unlist(nbdists(knn2nb(knearneigh(xy, k = 1)), xy))
# soi.graph's own steps; the function itself asks for the package dbscan, for the nearest distance alone
circles <- st_buffer(st_geometry(st_as_sf(as.data.frame(xy), coords = 1:2)), dist = near, nQuadSegs = 2000)
meet <- st_intersects(circles)
for (i in seq_along(nb)) for (j in intersect(nb[[i]], meet[[i]])) cat(i, j, "\\n")
"""


def cloud(count, seed=3):
    at = np.random.default_rng(seed).random((count, 2))
    return geopandas.GeoDataFrame(
        geometry=geopandas.points_from_xy(*at.T), index=[str(number + 1) for number in range(count)], crs=LOCAL
    ).rename_axis("place")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spheres_of_influence(tmp_path, seed):
    component(shutil.which("Rscript"), "R")
    places = cloud(80, seed)
    places.get_coordinates().to_csv(tmp_path / "xy.csv", index=False)
    (tmp_path / "soi.R").write_text(SPHERE)
    printed = subprocess.run(["Rscript", "soi.R"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120).stdout
    expected = {tuple(map(int, line.split())) for line in printed.splitlines()}
    assert linked(triangulation(places, rule="sphere_of_influence")) == expected


@pytest.mark.parametrize("ending", [".gal", ".gwt"])
def test_spdep_reads_what_is_written(tmp_path, ending):
    component(shutil.which("Rscript"), "R")
    graph = nearest(cloud(30), k=3, transform="o")
    write_graph(graph, tmp_path / f"w{ending}")
    read = 'read.gal("w.gal", override.id = TRUE)' if ending == ".gal" else 'read.gwt2nb("w.gwt", region.id = as.character(1:30))'
    code = f'suppressMessages(library(spdep)); nb <- {read}; id <- attr(nb, "region.id"); for (i in seq_along(nb)) cat(id[i], id[nb[[i]]], "\\n")'
    printed = subprocess.run(["Rscript", "-e", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120).stdout
    rows = [list(map(int, line.split())) for line in printed.splitlines()]
    assert {(row[0], other) for row in rows for other in row[1:]} == linked(graph)


NAMED = """
suppressMessages(library(spdep))
table <- read.csv("places.csv"); xy <- as.matrix(table[, c("x", "y")])
nb <- knn2nb(knearneigh(xy, k = 2), row.names = table$place)
write.nb.gal(nb, "w.gal", oldstyle = FALSE, shpfile = "my map", ind = "place")
weights <- nb2listw(nb, glist = nbdists(nb, xy), style = "B")
write.sn2gwt(listw2sn(weights), "w.gwt", shpfile = "my map", ind = "place", useInd = TRUE, legacy = FALSE)
"""


def test_names_as_spdep_writes_them(tmp_path):
    component(shutil.which("Rscript"), "R")
    places = cloud(6).set_axis(["Алматы қаласы", "New York", "York", "x", "o'Hara", "007"]).rename_axis("place")
    places.get_coordinates().to_csv(tmp_path / "places.csv")
    (tmp_path / "w.R").write_text(NAMED.replace("read.csv(", 'read.csv(colClasses = c("character", "numeric", "numeric"), '))
    subprocess.run(["Rscript", "w.R"], cwd=tmp_path, capture_output=True, check=True, timeout=120)
    graph = nearest(places, k=2)
    assert linked_names(read_graph(tmp_path / "w.gal", places)) == linked_names(graph)
    with pytest.warns(SpatialWarning, match="its weights are the distances between the places"):
        assert linked_names(read_graph(tmp_path / "w.gwt", places)) == linked_names(graph)
    costs = read_graph(tmp_path / "w.gwt", places, values="costs", transform="o")
    wanted = inverse_distance(places, transform="o")
    assert all(weight == pytest.approx(wanted[start][to], rel=1e-12) for (start, to), weight in costs.adjacency.items())


def linked_names(graph):
    return {pair for pair, weight in graph.adjacency.items() if weight}


def test_files_of_pygeoda(tmp_path):
    pygeoda = pytest.importorskip("pygeoda")
    places = cloud(40)
    geopandas.GeoDataFrame({"ID": range(1, 41)}, geometry=places.buffer(0.01).to_numpy(), crs="EPSG:32642").to_file(
        tmp_path / "places.shp"
    )
    layer = pygeoda.open(str(tmp_path / "places.shp"))
    pygeoda.knn_weights(layer, 4).save_weights(str(tmp_path / "w.gwt"), "places", "ID", layer.GetIntegerCol("ID"))
    with pytest.warns(SpatialWarning, match="its weights are the distances between the places"):
        assert linked(read_graph(tmp_path / "w.gwt", places)) == linked(nearest(places, k=4))
    kernel = pygeoda.kernel_knn_weights(layer, 4, "triangular")
    kernel.save_weights(str(tmp_path / "w.kwt"), "places", "ID", layer.GetIntegerCol("ID"))
    theirs = read_graph(tmp_path / "w.kwt", places, itself="keep", transform="o")
    ours = kernel_weights(places, k=4, itself=True, transform="o")
    assert theirs.sparse.toarray() == pytest.approx(ours.sparse.toarray(), abs=2e-7)  # ours end 1e-7 farther


@pytest.mark.parametrize("kernel", ["triangular", "uniform", "quadratic", "quartic", "gaussian"])
@pytest.mark.parametrize("k", [None, 1, 5])
def test_kernels_of_libpysal(kernel, k):
    from libpysal.weights import Kernel

    places = cloud(60)
    at = places.get_coordinates().to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # several components
        theirs = Kernel(at, function=kernel, bandwidth=0.2) if k is None else Kernel(at, function=kernel, fixed=False, k=k)
    ours = kernel_weights(
        places, kernel=kernel, bandwidth=0.2 if k is None else None, k=k, itself=True, islands="keep", transform="o"
    )
    assert ours.sparse.toarray() == pytest.approx(theirs.full()[0], rel=1e-8, abs=1e-14)


def test_sets_of_libpysal():
    places = cloud(60)
    one, two = nearest(places, k=4, transform="b"), triangulation(places, rule="gabriel", transform="b")
    assert linked(union(places, [one, two])) == linked(one.union(two))
    assert linked(intersection(places, [one, two], islands="keep")) == linked(one.intersection(two))
    assert linked(difference(places, [one, two], islands="keep")) == linked(one.difference(two))
    assert linked(higher_order(places, two, order=3, islands="keep")) == linked(two.higher_order(3))


def test_swm_of_libpysal(tmp_path):
    from libpysal.io import open as opened

    graph = nearest(cloud(30), k=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = graph.to_W()
        numbered = {int(place): [int(each) for each in others] for place, others in weights.neighbors.items()}
        from libpysal.weights import W

        file = opened(str(tmp_path / "w.swm"), "w")
        file.varName, file.srs = "PLACE", "Unknown"
        file.write(W(numbered, {int(place): values for place, values in weights.weights.items()}, silence_warnings=True))
        file.close()
    read = read_graph(tmp_path / "w.swm", cloud(30), transform="o")
    assert linked(read) == linked(graph)
    assert read.sparse.toarray() == pytest.approx(graph.sparse.toarray(), rel=1e-12)


@pytest.mark.parametrize("build", ["contiguity", "nearest"])
def test_graphs_are_what_libpysal_would_make_of_the_same_links(polygons, build):
    """What is handed over ready-made, its matrix and its labels, is what libpysal works out itself."""
    from libpysal.graph import Graph

    graph = by_vertices(polygons) if build == "contiguity" else nearest(polygons, k=3)
    theirs = Graph(graph.adjacency, transformation=graph.transformation)
    assert list(theirs.unique_ids) == list(graph.unique_ids)
    assert graph.unique_ids.name == theirs.unique_ids.name
    assert (theirs.sparse != graph.sparse).nnz == 0
    assert theirs.sparse.nnz == graph.sparse.nnz
    assert list(theirs.isolates) == list(graph.isolates)
