"""The same digits on one core and on several."""

import json
import os
import subprocess
import sys

#: Prints what all groupings find in 500 places, whose rows are in an order of their own.
GROUPINGS = """
import json, os, sys
cores, order = int(sys.argv[1]), int(sys.argv[2])
if cores == 1 and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import geopandas, numpy, shapely, spatial

size, columns = 500, ["one", "two", "three", "four"]
random = numpy.random.default_rng(4)
table = {name: random.gamma(2, size=size) + 4 * random.integers(0, 3, size) for name in columns}
table["group"] = [f"group {number}" for number in random.integers(0, 4, size)]
points = shapely.points(numpy.arange(size) % 25, numpy.arange(size) // 25)
places = geopandas.GeoDataFrame(table, geometry=points, index=[f"{number:03d}" for number in range(size)], crs="EPSG:32642")
places = places.rename_axis("place")
if order:
    places = places.sample(frac=1, random_state=order)
graph = spatial.nearest(places, k=6)
given = {"columns": columns, "resamples": 2}
found = {
    "k_means": spatial.k_means(places, k=4, references=2, **given),
    "ward": spatial.ward(places, k=4, references=2, **given),
    "constrained_ward": spatial.constrained_ward(places, graph, k=4, **given),
    "skater": spatial.skater(places, graph, k=4, **given),
    "max_p": spatial.max_p(places, graph, minimum=50, starts=4, patience=10, **given),
    "compare_grouping": spatial.compare_grouping(places, columns=columns, grouping="group", permutations=99, starts=5),
}
print(json.dumps({name: each.to_dict() for name, each in found.items()}, sort_keys=True))
"""


def begun(cores, order):
    environment = {**os.environ, **dict.fromkeys(["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"], str(cores))}
    command = [sys.executable, "-W", "ignore", "-c", GROUPINGS, str(cores), str(order)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_neither_cores_nor_the_order_of_rows_change_a_digit():
    both = [begun(1, 0), begun(4, 1)]
    one, four = (json.loads(process.communicate()[0]) for process in both)
    assert one.keys() == four.keys()
    differing = [(name, field) for name in one for field in one[name] if one[name][field] != four[name][field]]
    assert not differing
