"""
How long graphs take beside their peers, from a table in memory to weights.

Run by hand on a quiet machine: python tests/benchmarks/spatial_weights.py measure [--sizes 10000,100000] [--only spatial]
                                python tests/benchmarks/spatial_weights.py draw
"measure" runs every contestant in a process of its own on the same simulated places (SYNTHETIC: the Voronoi cells of random
points, those that leave the square left out (some are so long that an index of bounding boxes is of no use), and the points
themselves, 1 km apart on average) and keeps seconds, peak memory of the process and the number of links in
spatial_weights.json; "draw" makes spatial_weights.svg of it. What does not end within the limit is kept as such. Each
contestant has its table in its own form before the clock starts; R is timed by its own clock.
"links" shows that all did the same work: points without a neighbour, and cells that miss each other by rounding, aside.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RESULTS, PICTURE = HERE / "spatial_weights.json", HERE / "spatial_weights.svg"
SIZES = (10_000, 100_000, 1_000_000)
LIMIT_SECONDS = 300
NEIGHBOURS = 8
BAND = float(1000 * np.sqrt(NEIGHBOURS / np.pi))  # so many places lie within, on average
TASKS = ("queen", "rook", "nearest", "distance_band")
#: The largest n each contestant is tried at: beyond, it needs more than the limit.
CONTESTANTS = {"spatial": 1_000_000, "libpysal": 1_000_000, "pygeoda": 1_000_000, "spdep": 100_000}
R_CALLS = {
    "queen": "poly2nb(g, queen = TRUE)",
    "rook": "poly2nb(g, queen = FALSE)",
    "nearest": f"knn2nb(knearneigh(xy, k = {NEIGHBOURS}))",
    "distance_band": f"dnearneigh(xy, 0, {BAND!r})",
}


def simulated(size):
    """Random points and their Voronoi cells, as arrays of coordinates."""
    from scipy.spatial import Voronoi

    points = np.random.default_rng(20_261_120).random((size, 2)) * np.sqrt(size) * 1000
    mesh = Voronoi(points)
    regions = [mesh.regions[each] for each in mesh.point_region]
    lengths = np.fromiter(map(len, regions), np.int64, size)
    corner = np.fromiter((each for region in regions for each in region), np.int64, lengths.sum())
    owner = np.repeat(np.arange(size), lengths)
    outside = (corner < 0) | ((mesh.vertices[corner] < 0) | (mesh.vertices[corner] > np.sqrt(size) * 1000)).any(axis=1)
    endless = np.bincount(owner, outside, minlength=size) > 0
    corner, owner = corner[~endless[owner]], owner[~endless[owner]]
    away = mesh.vertices[corner] - points[owner]
    order = np.lexsort((np.arctan2(away[:, 1], away[:, 0]), owner))
    return points, mesh.vertices[corner[order]], np.unique(owner[order], return_inverse=True)[1]


def table(folder, task):
    """Read what was simulated as places."""
    import geopandas
    import pandas as pd
    import shapely

    if task in ("queen", "rook"):
        corners, owner = np.load(folder / "corners.npy"), np.load(folder / "owner.npy")
        shapes = shapely.polygons(shapely.linearrings(corners, indices=owner))
    else:
        shapes = shapely.points(np.load(folder / "points.npy"))
    names = pd.Index([f"place {number:07d}" for number in range(len(shapes))], name="place")
    return geopandas.GeoDataFrame(geometry=shapes, index=names, crs="EPSG:32642")


def ours(task, places):
    """Time the package."""
    import spatial
    from spatial.boundaries import read_places  # noqa: F401  (peers import everything before their clock starts)

    calls = {
        "queen": lambda table: spatial.contiguity(table, islands="keep"),
        "rook": lambda table: spatial.contiguity(table, rule="rook", islands="keep"),
        "nearest": lambda table: spatial.nearest(table, k=NEIGHBOURS),
        "distance_band": lambda table: spatial.distance_band(table, threshold=BAND, islands="keep"),
    }
    calls[task](lattice(places))
    start = time.perf_counter()
    graph = calls[task](places)
    seconds = time.perf_counter() - start
    return seconds, int((graph.adjacency > 0).sum())


def lattice(places):
    """A few squares, so that a first call loads what it needs."""
    import shapely

    column, row = (each * 1000.0 for each in np.divmod(np.arange(36), 6))
    squares = shapely.box(column, row, column + 1000, row + 1000)
    small = places.iloc[:36]
    return small.set_geometry(squares if small.geom_type.iloc[0] == "Polygon" else shapely.centroid(squares), crs=places.crs)


def libpysal(task, places):
    """Time libpysal's Graph."""
    from libpysal.graph import Graph

    calls = {
        "queen": lambda table: Graph.build_contiguity(table, rook=False),
        "rook": lambda table: Graph.build_contiguity(table, rook=True),
        "nearest": lambda table: Graph.build_knn(table, k=NEIGHBOURS),
        "distance_band": lambda table: Graph.build_distance_band(table, threshold=BAND),
    }
    calls[task](lattice(places))
    start = time.perf_counter()
    graph = calls[task](places)
    seconds = time.perf_counter() - start
    return seconds, int((graph.adjacency > 0).sum())


def pygeoda(task, places):
    """Time pygeoda; the layer is open."""
    import pygeoda as peer

    calls = {
        "queen": peer.queen_weights,
        "rook": peer.rook_weights,
        "nearest": lambda layer: peer.knn_weights(layer, NEIGHBOURS),
        "distance_band": lambda layer: peer.distance_weights(layer, BAND),
    }
    layer = peer.open(places.reset_index())
    start = time.perf_counter()
    weights = calls[task](layer)
    seconds = time.perf_counter() - start
    return seconds, round(weights.mean_neighbors() * weights.num_obs)


def spdep(task, places):
    """Time spdep by R's own clock."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if task in ("queen", "rook"):
            places.reset_index(drop=True).to_file(folder / "places.gpkg")
            read = 'g <- sf::st_read("places.gpkg", quiet = TRUE)'
        else:
            places.get_coordinates().to_numpy().ravel(order="F").astype("<f8").tofile(folder / "xy")
            read = f'xy <- matrix(readBin("xy", "double", {2 * len(places)}), {len(places)})'
        (folder / "build.R").write_text(
            f"suppressMessages(library(spdep)); {read}\n"
            f's <- system.time(nb <- {R_CALLS[task]})[["elapsed"]]\ncat("SECONDS", s, "LINKS", sum(card(nb)), "\\n")\n'
        )
        done = subprocess.run(["Rscript", "build.R"], cwd=folder, capture_output=True, text=True, check=False)
        words = done.stdout.split()
        if "SECONDS" not in words:
            raise RuntimeError(done.stderr[-300:])
        return float(words[words.index("SECONDS") + 1]), int(words[words.index("LINKS") + 1])


def worker(task, contestant, folder):
    """Measure one contestant in this process and print the figures."""
    places = table(Path(folder), task)
    warnings.simplefilter("ignore")
    seconds, links = {"spatial": ours, "libpysal": libpysal, "pygeoda": pygeoda, "spdep": spdep}[contestant](task, places)
    who = resource.RUSAGE_CHILDREN if contestant == "spdep" else resource.RUSAGE_SELF
    peak = resource.getrusage(who).ru_maxrss / 1024
    print("FIGURES", json.dumps({"n": len(places), "seconds": seconds, "megabytes": peak, "links": links}))


def simulate(size, folder):
    """Keep simulated places where every contestant finds them."""
    for title, values in zip(("points", "corners", "owner"), simulated(size), strict=True):
        np.save(Path(folder) / f"{title}.npy", values)


def measured(task, contestant, size, folder):
    """Run one contestant in a process of its own."""
    command = [sys.executable, __file__, "worker", task, contestant, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    try:
        said, wrong = running.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)  # R too, which the worker started
        running.communicate()
        return {"n": size, "failed": f"more than {LIMIT_SECONDS} s"}
    for line in said.splitlines():
        if line.startswith("FIGURES "):
            return json.loads(line.removeprefix("FIGURES "))
    return {"n": size, "failed": (wrong.strip().splitlines() or ["killed"])[-1][-200:]}


def measure(sizes, tasks, only):
    """Measure and keep what was measured; earlier figures of others stay."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            # In a process of its own: the peak memory of a child begins with what its parent holds.
            subprocess.run([sys.executable, __file__, "simulate", str(size), name], check=True)
            for task in tasks:
                for contestant, largest in CONTESTANTS.items():
                    if size > largest or (only and contestant not in only):
                        continue
                    rounds = [measured(task, contestant, size, folder) for _ in range(3 if contestant == "spatial" else 1)]
                    found = sorted(rounds, key=lambda each: each.get("seconds", np.inf))[len(rounds) // 2]
                    kept.setdefault(task, {}).setdefault(contestant, {})[str(size)] = found
                    words = found.get("failed") or f"{found['seconds']:.2f} s, {found['megabytes']:.0f} MB, {found['links']} links"
                    print(task, contestant, size, words, flush=True)
                    kept["machine"] = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
                    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def draw():
    """Draw seconds against n, one panel for each kind of graph."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "spatial", "font.size": 10, "svg.fonttype": "path"})
    kept = json.loads(RESULTS.read_text())
    titles = ("Queen contiguity", "Rook contiguity", f"{NEIGHBOURS} nearest", f"Distance band, {NEIGHBOURS} on average")
    colours = {"spatial": "#0b5c8f", "libpysal": "#c8641e", "pygeoda": "#7a5195", "spdep": "#6b6b6b"}
    marks = {"spatial": "o", "libpysal": "s", "pygeoda": "^", "spdep": "v"}
    figure, axes = plt.subplots(1, 4, figsize=(14, 3.8), layout="constrained", sharey=True)
    for axis, task, title in zip(axes, TASKS, titles, strict=True):
        for contestant, rows in kept.get(task, {}).items():
            points = sorted((int(size), each["seconds"]) for size, each in rows.items() if "seconds" in each)
            if points:
                axis.plot(
                    *zip(*points, strict=True),
                    marker=marks[contestant],
                    color=colours[contestant],
                    label=contestant,
                    linewidth=2.4 if contestant == "spatial" else 1.2,
                )
        axis.set(xscale="log", yscale="log", xlabel="Places", title=title)
        axis.grid(visible=True, alpha=0.25)
    axes[0].set_ylabel("Seconds")
    axes[0].legend(frameon=False)
    figure.savefig(PICTURE, metadata={"Date": None})


def main():
    """Read the words of the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("measure")
    run.add_argument("--sizes", default=",".join(map(str, SIZES)))
    run.add_argument("--tasks", default=",".join(TASKS))
    run.add_argument("--only", default="", help="contestants, with commas between: spatial,libpysal,pygeoda,spdep")
    commands.add_parser("draw")
    one = commands.add_parser("worker")
    one.add_argument("task")
    one.add_argument("contestant")
    one.add_argument("folder")
    places = commands.add_parser("simulate")
    places.add_argument("size", type=int)
    places.add_argument("folder")
    given = parser.parse_args()
    if given.command == "simulate":
        simulate(given.size, given.folder)
    elif given.command == "worker":
        worker(given.task, given.contestant, given.folder)
    elif given.command == "draw":
        draw()
    else:
        only = set(filter(None, given.only.split(",")))
        measure([int(each) for each in given.sizes.split(",")], given.tasks.split(","), only)


if __name__ == "__main__":
    main()
