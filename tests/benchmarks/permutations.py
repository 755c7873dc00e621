"""
How long permutations take, beside pygeoda, esda and spdep, each measurement in a process of its own.

    python tests/benchmarks/permutations.py [--peers] [--smallest 49] [--largest 1000000] [--only kernel] [--esda PYTHON]

writes permutations.json beside this file: seconds (the last of several runs where one takes less than ten seconds; everybody has
imported, compiled and run on 100 places before), seconds of processor time, the peak memory of the process in MB and what of it
was there before (libraries, table and graph), for local Moran's I with 8 neighbours and 999 permutations in every way of
drawing, for Moran's I with 999 permutations, and for local Moran's I of 49 places from the start of Python to the result. The
load of the machine is noted, for times grow with it. Peers: pygeoda with 2 threads (complete permutations and its lookup
table), esda with 2 jobs in the environment of --esda (one with numba, which makes it faster), spdep by R's own clock. What does
not end within the limit is kept as such. The data are SYNTHETIC: a jittered lattice with normal values.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = (49, 1_000, 10_000, 100_000, 1_000_000)
LIMIT_SECONDS = 600
OURS = ("local_moran rotated", "local_moran shared", "local_moran own", "kernel rotated", "kernel shared", "moran")
PEERS = (
    "pygeoda complete",
    "pygeoda lookup",
    "esda Moran_Local",
    "esda Moran",
    "spdep localmoran_perm",
    "spdep moran.mc",
)
LARGEST = {"spdep localmoran_perm": 100_000, "spdep moran.mc": 100_000}

MEASURE = """
import os, resource, sys, time
begin = time.perf_counter()
import numpy as np, pandas as pd, geopandas, shapely, warnings
warnings.simplefilter("ignore")
what, n = sys.argv[1], int(sys.argv[2])
kind, _, way = what.partition(" ")

def world(n):
    random, number = np.random.default_rng(0), np.arange(n)
    side = int(np.ceil(n**0.5))
    points = np.column_stack([number % side, number // side]) * 1000.0 + random.uniform(0, 100, (n, 2))
    labels = pd.Index(np.char.zfill(number.astype(str), 7), name="place")
    return geopandas.GeoDataFrame({"v": random.normal(size=n)}, geometry=shapely.points(points), index=labels, crs="EPSG:32642")

def prepared(n):
    places = world(n)
    if kind == "pygeoda":
        import pygeoda
        layer = pygeoda.open(places.reset_index(drop=True))
        weights = pygeoda.knn_weights(layer, 8)
        method = "complete" if way == "complete" else "lookup-table"
        return lambda: pygeoda.local_moran(weights, layer["v"], permutations=999, permutation_method=method, cpu_threads=2)
    if kind == "esda":
        import esda
        from libpysal.graph import Graph
        values, graph = places["v"].to_numpy(), Graph.build_knn(places.reset_index(drop=True), k=8).transform("r")
        if way == "Moran":
            return lambda: esda.Moran(values, graph, permutations=999)
        return lambda: esda.Moran_Local(values, graph, permutations=999, n_jobs=2, seed=1, keep_simulations=False)
    import spatial
    graph = spatial.nearest(places, k=8)
    if kind == "local_moran":
        return lambda: spatial.local_moran(places, graph, column="v", draws=way)
    if kind == "kernel":
        from spatial.explore._conditional import conditional
        from spatial.places import aligned
        given = aligned(places, graph, "v")
        z = given.vector - given.vector.mean()
        return lambda: conditional(z, given.weights, count=999, seed=0, exact="auto", draws=way)
    return lambda: spatial.moran(places, graph, column="v")

def resident():
    words = open("/proc/self/status").read() if os.path.exists("/proc/self/status") else "VmRSS: 0"
    return int(words.split("VmRSS:")[1].split()[0]) // 1024

if n > 100:
    prepared(100)()
run = prepared(n)
before = resident()
for turn in range(5):
    start, worked = time.perf_counter(), time.process_time()
    run()
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    if turn == 0:
        first = time.perf_counter() - begin
    if seconds > 10 and (turn or n > 100):
        break
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"{seconds:.4f} {worked:.4f} {peak} {first:.2f} {before}")
"""

R = """
suppressMessages(library(spdep))
n <- {n}; side <- ceiling(sqrt(n)); set.seed(0); number <- 0:(n - 1)
xy <- cbind(number %% side, number %/% side) * 1000 + matrix(runif(2 * n, 0, 100), n); v <- rnorm(n)
lw <- nb2listw(knn2nb(knearneigh(xy, k = 8)), style = "W")
before <- sum(gc(reset = TRUE)[, 2])
s <- system.time({{ {call} }})
cat("FIGURES", s[["elapsed"]], s[["user.self"]] + s[["sys.self"]], sum(gc()[, 6]), NA, before, "\n")
"""
R_CALLS = {"localmoran_perm": "localmoran_perm(v, lw, nsim = 999)", "moran.mc": "moran.mc(v, lw, nsim = 999)"}


def measured(what: str, n: int, esda: str) -> dict[str, float | str]:
    """Measure one of them; an error is a finding too."""
    kind, _, way = what.partition(" ")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / ("measure.R" if kind == "spdep" else "measure.py")
        script.write_text(R.format(n=n, call=R_CALLS[way]) if kind == "spdep" else MEASURE, encoding="utf-8")
        command = (
            ["Rscript", str(script)] if kind == "spdep" else [esda if kind == "esda" else sys.executable, str(script), what, str(n)]
        )
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        try:
            said, wrong = running.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # its workers too
            running.communicate()
            return {"what": what, "n": n, "failed": f"more than {LIMIT_SECONDS} s"}
    if running.returncode:
        return {"what": what, "n": n, "failed": (wrong.strip().splitlines() or ["killed"])[-1][:200]}
    figures = said.split("FIGURES")[-1].split()
    seconds, worked, peak, first, before = (None if each == "NA" else float(each) for each in figures)
    found = {"what": what, "n": n, "seconds": seconds, "processor": worked, "MB": peak, "from_start": first, "MB_before": before}
    return {name: value for name, value in found.items() if value is not None}


def main() -> None:
    """Measure everything and write the table."""
    words = argparse.ArgumentParser()
    words.add_argument("--peers", action="store_true")
    words.add_argument("--largest", type=int, default=SIZES[-1])
    words.add_argument("--only", default="", help="a part of the names of what is measured")
    words.add_argument("--smallest", type=int, default=0)
    words.add_argument("--esda", default=sys.executable, help="the Python that runs esda, such as one with numba")
    given = words.parse_args()
    file = Path(__file__).with_suffix(".json")
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []
    for n in (each for each in SIZES if given.smallest <= each <= given.largest):
        for what in (each for each in OURS + (PEERS if given.peers else ()) if given.only in each):
            if n <= LARGEST.get(what, SIZES[-1]):
                load = round(os.getloadavg()[0], 1)
                rows = [row for row in rows if (row["what"], row["n"]) != (what, n)] + [
                    measured(what, n, given.esda) | {"load": load}
                ]
                print(rows[-1], flush=True)
                found = {"cores": os.cpu_count(), "permutations": 999, "neighbours": 8, "rows": rows}
                file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
