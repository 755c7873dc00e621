"""
How long groupings take beside their peers, from data and links in memory to everything the result holds, and how good they are.

Run by hand on a quiet machine: python tests/benchmarks/regions.py measure [--cases k_means,skater] [--sizes 1024,10000]
                                [--spopt PYTHON]
Every contestant runs in a process of its own on the same simulated data (SYNTHETIC: a lattice with rook neighbours, smooth
indicators and noise); seconds, peak memory of the process, the within sum of squares and the number of groups are kept in
regions.json. Ours tabulate the choice of 2 to 10 groups, silhouettes and profiles in the same time; resamples are left out. --spopt
names the Python of an environment in which spopt is installed, which this project does not depend on. R is timed by its own clock.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RESULTS = HERE / "regions.json"
SIZES = (1_024, 10_000, 99_856)
LIMIT_SECONDS = 300
GROUPS, MINIMUM, COLUMNS = 5, 20, 4
#: Contestants of each case, with the largest n each is tried at.
PEERS = {
    "k_means": {"spatial": 100_000, "sklearn": 100_000},
    "ward": {"spatial": 100_000, "sklearn": 10_000},
    "skater": {"spatial": 100_000, "spdep": 1_024, "spopt": 1_024},
    "constrained_ward": {"spatial": 100_000, "sklearn": 100_000},
    "max_p": {"spatial": 10_000, "spopt": 1_024},
}


def data(size):
    """Simulate a lattice: pairs of neighbours, and standardised indicators that are smooth but for noise."""
    from scipy.ndimage import gaussian_filter

    side = round(np.sqrt(size))
    random = np.random.default_rng(20_261_120)
    fields = [gaussian_filter(random.standard_normal((side, side)), 4, mode="nearest").ravel() for _ in range(COLUMNS)]
    values = np.column_stack([field / field.std() for field in fields]) + random.normal(scale=0.5, size=(side * side, COLUMNS))
    cells = np.arange(side * side).reshape(side, side)
    across = np.column_stack([cells[:, :-1].ravel(), cells[:, 1:].ravel()])
    down = np.column_stack([cells[:-1].ravel(), cells[1:].ravel()])
    return np.vstack([across, down]), (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)


def within(values, labels):
    """Sum squared distances to the means of the groups."""
    _, groups = np.unique(labels, return_inverse=True)
    sizes = np.bincount(groups)
    return float(sum(((column - (np.bincount(groups, column) / sizes)[groups]) ** 2).sum() for column in values.T))


def tables(pairs, values):
    """Make the table and the graph that ours and spopt take."""
    import geopandas
    import pandas as pd
    from libpysal.graph import Graph

    names = [f"place {number:07d}" for number in range(len(values))]
    places = geopandas.GeoDataFrame(
        pd.DataFrame(values, columns=[f"x{number}" for number in range(COLUMNS)], index=pd.Index(names, name="place")),
        geometry=geopandas.points_from_xy(np.arange(len(values)), 0),
        crs="EPSG:32642",
    )
    both = np.vstack([pairs, pairs[:, ::-1]])
    labels = np.array(names, dtype=object)
    return places, Graph.from_arrays(labels[both[:, 0]], labels[both[:, 1]], np.ones(len(both)))


def ours(case, pairs, values):
    """Time the package; a first, small run imports everything."""
    import spatial

    def run(places, graph):
        columns = [name for name in places.columns if name != "geometry"]
        if case == "max_p":
            return spatial.max_p(places, graph, columns=columns, minimum=MINIMUM, resamples=0)
        given = (graph,) if case in ("skater", "constrained_ward") else ()
        return getattr(spatial, case)(places, *given, columns=columns, k=GROUPS, resamples=0)

    run(*tables(*data(100)))
    given = tables(pairs, values)
    start = time.perf_counter()
    found = run(*given)
    return time.perf_counter() - start, found.cluster.to_numpy()


def sklearn(case, pairs, values):
    """Time scikit-learn: the grouping alone, k-means from as many starts as ours."""
    from scipy.sparse import coo_array
    from sklearn.cluster import AgglomerativeClustering, KMeans

    options = {}
    if case == "constrained_ward":
        both = np.vstack([pairs, pairs[:, ::-1]])
        options["connectivity"] = coo_array((np.ones(len(both)), (both[:, 0], both[:, 1]))).tocsr()
    model = KMeans(GROUPS, n_init=50, random_state=0) if case == "k_means" else AgglomerativeClustering(GROUPS, **options)
    start = time.perf_counter()
    labels = model.fit(values).labels_
    return time.perf_counter() - start, labels


def spopt(case, pairs, values):
    """Time spopt: the grouping alone; a first, small run compiles what it compiles."""
    import warnings

    warnings.simplefilter("ignore")
    from libpysal.weights import W
    from spopt.region import MaxPHeuristic, Skater

    def run(places, graph):
        columns = [name for name in places.columns if name != "geometry"]
        numbers = dict(zip(places.index, range(len(places)), strict=True))  # it looks places up by position
        places = places.reset_index(drop=True)
        w = W({numbers[place]: [numbers[each] for each in beside] for place, beside in graph.to_W().neighbors.items()})
        np.random.seed(0)  # noqa: NPY002  (the only seed it takes)
        places["one"] = 1
        start = time.perf_counter()
        model = (
            Skater(places, w, columns, n_clusters=GROUPS)
            if case == "skater"
            else MaxPHeuristic(places, w, columns, "one", MINIMUM, top_n=2)
        )
        model.solve()
        return time.perf_counter() - start, np.asarray(model.labels_)

    run(*tables(*data(100)))
    return run(*tables(pairs, values))


def spdep(case, pairs, values):
    """Time R's spdep by its own clock: costs, tree and cuts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        both = np.vstack([pairs, pairs[:, ::-1]])
        both = both[np.lexsort((both[:, 1], both[:, 0]))] + 1
        np.savetxt(folder / "links", both, fmt="%d")
        np.savetxt(folder / "values", values, fmt="%.17g")
        script = f"""
        suppressMessages(library(spdep)); set.seed(1)
        z <- as.matrix(read.table("values")); l <- as.matrix(read.table("links"))
        nb <- unname(split(as.integer(l[, 2]), l[, 1])); class(nb) <- "nb"; attr(nb, "region.id") <- as.character(seq_along(nb))
        s <- system.time({{
          tree <- mstree(nb2listw(nb, nbcosts(nb, z), style = "B")); found <- skater(tree[, 1:2], z, {GROUPS - 1})
        }})[["elapsed"]]
        write(found$groups, "groups", 1); cat("SECONDS", s, "\\n")
        """
        (folder / "fit.R").write_text(script)
        done = subprocess.run(["Rscript", "fit.R"], cwd=folder, capture_output=True, text=True, check=False)
        words = done.stdout.split()
        if "SECONDS" not in words:
            raise RuntimeError(done.stderr[-300:])
        return float(words[words.index("SECONDS") + 1]), np.loadtxt(folder / "groups", dtype=int)


def worker(case, contestant, size):
    """Measure one contestant in this process and print the figures."""
    pairs, values = data(size)
    seconds, labels = {"spatial": ours, "sklearn": sklearn, "spopt": spopt, "spdep": spdep}[contestant](case, pairs, values)
    who = resource.RUSAGE_CHILDREN if contestant == "spdep" else resource.RUSAGE_SELF
    figures = {
        "n": len(values),
        "seconds": seconds,
        "megabytes": resource.getrusage(who).ru_maxrss / 1024,
        "within": within(values, labels),
        "groups": len(set(labels.tolist())),
    }
    print("FIGURES", json.dumps(figures))


def measured(case, contestant, size, spopt_python):
    """Run one contestant in a process of its own."""
    python = spopt_python if contestant == "spopt" else sys.executable
    if not python:
        return {"n": size, "failed": "no Python with spopt was named"}
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
    try:
        command = [python, __file__, "worker", case, contestant, str(size)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False, env=environment)
    except subprocess.TimeoutExpired:
        return {"n": size, "failed": f"more than {LIMIT_SECONDS} s"}
    for line in done.stdout.splitlines():
        if line.startswith("FIGURES "):
            return json.loads(line.removeprefix("FIGURES "))
    return {"n": size, "failed": (done.stderr.strip().splitlines() or ["killed"])[-1][-200:]}


def measure(cases, sizes, spopt_python):
    """Measure and keep what was measured; earlier figures of others stay."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for case in cases:
        for size in sizes:
            for contestant, largest in PEERS[case].items():
                if size > largest:
                    continue
                found = measured(case, contestant, size, spopt_python)
                kept.setdefault(case, {}).setdefault(contestant, {})[str(size)] = found
                words = found.get("failed") or (
                    f"{found['seconds']:.2f} s, {found['megabytes']:.0f} MB, within {found['within']:.1f}, {found['groups']} groups"
                )
                print(case, contestant, size, words, flush=True)
                kept["machine"] = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
                RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def main():
    """Read the words of the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("measure")
    run.add_argument("--cases", default=",".join(PEERS))
    run.add_argument("--sizes", default=",".join(map(str, SIZES)))
    run.add_argument("--spopt", default="")
    one = commands.add_parser("worker")
    one.add_argument("case")
    one.add_argument("contestant")
    one.add_argument("size", type=int)
    given = parser.parse_args()
    if given.command == "worker":
        worker(given.case, given.contestant, given.size)
    else:
        measure(given.cases.split(","), [int(each) for each in given.sizes.split(",")], given.spopt)


if __name__ == "__main__":
    main()
