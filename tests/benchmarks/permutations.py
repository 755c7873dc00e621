"""
How long permutations take, beside pygeoda and esda, each measurement in a process of its own.

    python tests/benchmarks/permutations.py [--peers] [--smallest 49] [--largest 1000000] [--only kernel]

writes permutations.json beside this file: seconds (the second of two runs where the first takes less than ten seconds), seconds
of processor time, and the peak memory of the process in MB, for local Moran's I with 8 neighbours and 999 permutations in every
way of drawing, for Moran's I with 999 permutations, and for the same from the start of Python to the result over 49 places. The
load of the machine is noted, for times grow with it. Peers: pygeoda with 2 threads (complete permutations and its lookup table),
esda as it is installed (numba makes it faster once it is compiled).
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

SIZES = (49, 1_000, 10_000, 100_000, 1_000_000)
OURS = ("local_moran rotated", "local_moran shared", "local_moran own", "kernel rotated", "kernel shared", "moran")
PEERS = ("pygeoda complete", "pygeoda lookup", "esda Moran_Local", "esda Moran")
LARGEST = {"local_moran own": 100_000, "pygeoda complete": 100_000, "esda Moran_Local": 10_000, "esda Moran": 100_000}

MEASURE = """
import os, resource, sys, time
begin = time.perf_counter()
import numpy as np, pandas as pd, geopandas, shapely, warnings
warnings.simplefilter("ignore")
what, n = sys.argv[1], int(sys.argv[2])
random, number = np.random.default_rng(0), np.arange(n)
side = int(np.ceil(n**0.5))
points = np.column_stack([number % side, number // side]) * 1000.0 + random.uniform(0, 100, (n, 2))
labels = pd.Index(np.char.zfill(number.astype(str), 7), name="place")
places = geopandas.GeoDataFrame({"v": random.normal(size=n)}, geometry=shapely.points(points), index=labels, crs="EPSG:32642")
import spatial
graph = spatial.nearest(places, k=8)
kind, _, way = what.partition(" ")
if kind == "local_moran":
    run = lambda: spatial.local_moran(places, graph, column="v", draws=way)
elif kind == "kernel":
    from spatial.explore._conditional import conditional
    from spatial.places import aligned
    given = aligned(places, graph, "v")
    run = lambda: conditional(given.vector - given.vector.mean(), given.weights, count=999, seed=0, exact="auto", draws=way)
elif kind == "moran":
    run = lambda: spatial.moran(places, graph, column="v")
elif kind == "pygeoda":
    import pygeoda, tempfile
    folder = tempfile.mkdtemp()
    places.reset_index(drop=True).to_file(folder + "/places.shp")
    layer = pygeoda.open(folder + "/places.shp")
    weights = pygeoda.knn_weights(layer, 8)
    method = "complete" if way == "complete" else "lookup-table"
    run = lambda: pygeoda.local_moran(weights, layer["v"], permutations=999, permutation_method=method, cpu_threads=2)
else:
    import esda
    weights = graph.to_W() if way == "Moran" else graph
    run = lambda: getattr(esda, way)(places["v"].to_numpy(), weights, permutations=999, **({"n_jobs": 1} if way != "Moran" else {}))
for turn in range(2):
    start, worked = time.perf_counter(), time.process_time()
    run()
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    if turn == 0:
        first = time.perf_counter() - begin
    if seconds > 10:
        break
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"{seconds:.4f} {worked:.4f} {peak} {first:.2f}")
"""


def measured(what: str, n: int) -> dict[str, float | str]:
    """Measure one of them; an error is a finding too."""
    done = subprocess.run([sys.executable, "-c", MEASURE, what, str(n)], capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        return {"what": what, "n": n, "error": done.stderr.strip().splitlines()[-1][:200]}
    seconds, worked, peak, first = map(float, done.stdout.split())
    return {"what": what, "n": n, "seconds": seconds, "processor": worked, "MB": peak, "from_start": first}


def main() -> None:
    """Measure everything and write the table."""
    words = argparse.ArgumentParser()
    words.add_argument("--peers", action="store_true")
    words.add_argument("--largest", type=int, default=SIZES[-1])
    words.add_argument("--only", default="", help="a part of the names of what is measured")
    words.add_argument("--smallest", type=int, default=0)
    given = words.parse_args()
    file = Path(__file__).with_suffix(".json")
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []
    for n in (each for each in SIZES if given.smallest <= each <= given.largest):
        for what in (each for each in OURS + (PEERS if given.peers else ()) if given.only in each):
            if n <= LARGEST.get(what, SIZES[-1]):
                load = round(os.getloadavg()[0], 1)
                rows = [row for row in rows if (row["what"], row["n"]) != (what, n)] + [measured(what, n) | {"load": load}]
                print(rows[-1], flush=True)
                found = {"cores": os.cpu_count(), "permutations": 999, "neighbours": 8, "rows": rows}
                file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
