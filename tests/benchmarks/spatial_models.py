"""
How long spatial models take beside their peers, from data and weights in memory to estimates, standard errors and impacts.

Run by hand on a quiet machine: python tests/benchmarks/spatial_models.py measure [--sizes 1000,10000] [--models lag]
                                python tests/benchmarks/spatial_models.py draw
"measure" runs every contestant in a process of its own on the same simulated data (SYNTHETIC: a jittered lattice with queen
neighbours, rows standardised, three regressors, rho and lambda 0.5) and keeps seconds of the fit and peak memory of the
process in spatial_models.json; "draw" makes spatial_models.svg of it. A fit that takes less than a second is repeated, up to five
times in the same process, and the last time counts, for everybody. What does not end within the limit of time or memory is kept as
such. R is timed by its own clock, without reading the data.
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
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RESULTS, PICTURE = HERE / "spatial_models.json", HERE / "spatial_models.svg"
SIZES = (1_024, 10_000, 99_856, 1_000_000)
LIMIT_SECONDS, LIMIT_BYTES = 300, 18 * 2**30
MOST_BYTES = 21 * 2**30  # for R, which asks for more than it uses
TURNS = 5  # of what takes less than a second
OURS = {
    "lag": "lag_model",
    "error": "error_model",
    "durbin": "durbin_model",
    "durbin_error": "durbin_error_model",
    "combined": "combined_model",
    "2sls": "lag_model",
}
#: Contestants of each model, with the largest n each is tried at: beyond, memory or an hour would not do.
PEERS = {
    "lag": {
        "spatial": 1_000_000,
        "spreg full": 10_000,
        "spreg ord": 10_000,
        "spreg LU": 1_000_000,
        "spatialreg eigen": 2_000,
        "spatialreg Matrix": 1_000_000,
        "spatialreg LU": 1_000_000,
        "spatialreg Chebyshev": 1_000_000,
    },
    "error": {"spatial": 1_000_000, "spreg LU": 10_000, "spatialreg Matrix": 100_000},
    "durbin": {"spatial": 1_000_000, "spatialreg Matrix": 100_000},
    "durbin_error": {"spatial": 1_000_000, "spatialreg Matrix": 100_000},
    "combined": {"spatial": 1_000_000, "spatialreg Matrix": 10_000},
    "2sls": {"spatial": 1_000_000, "spreg": 1_000_000, "spatialreg": 1_000_000},
}
R_CALLS = {
    "lag": "m <- lagsarlm(f, d, lw, method = M, zero.policy = TRUE); i <- impacts(m, tr = trW(W, type = 'mult'), R = 1000)",
    "error": "m <- errorsarlm(f, d, lw, method = M)",
    "durbin": "m <- lagsarlm(f, d, lw, Durbin = TRUE, method = M); i <- impacts(m, tr = trW(W, type = 'mult'), R = 1000)",
    "durbin_error": "m <- errorsarlm(f, d, lw, Durbin = TRUE, method = M)",
    "combined": "m <- sacsarlm(f, d, lw, method = M); i <- impacts(m, tr = trW(W, type = 'mult'), R = 1000)",
    "2sls": "m <- stsls(f, d, lw)",
}


def lattice(size):
    """Positions, row-standardised queen weights and simulated columns of about this many places."""
    from scipy.sparse import csr_array, diags_array

    side = round(np.sqrt(size))
    n = side * side
    random = np.random.default_rng(20_261_120)
    column, row = np.divmod(np.arange(n), side)
    position = np.column_stack([column, row]) * 1000.0 + random.uniform(-300, 300, (n, 2))
    starts, ends = [], []
    for right in (-1, 0, 1):
        for up in (-1, 0, 1):
            inside = (column + right >= 0) & (column + right < side) & (row + up >= 0) & (row + up < side)
            if right or up:
                start = np.flatnonzero(inside)
                starts.append(start)
                ends.append(start + right * side + up)
    plain = csr_array((np.ones(sum(map(len, starts))), (np.concatenate(starts), np.concatenate(ends))), shape=(n, n))
    weights = csr_array(diags_array(1 / np.asarray(plain.sum(axis=1)).ravel()) @ plain)
    x = random.standard_normal((n, 3))
    return position, weights, x, random.standard_normal(n)


def response(weights, x, errors, model):
    """Simulate y of a model with rho and lambda 0.5; powers of W beyond the 60th do not show."""

    def spread(values):
        found = values.copy()
        for _ in range(60):
            found = values + 0.5 * (weights @ found)
        return found

    trend = 1 + x @ np.array([1.0, -1.0, 0.5])
    if model.startswith("durbin"):
        trend = trend + (weights @ x) @ np.array([0.5, 0.2, -0.3])
    noise = spread(errors) if model in ("error", "durbin_error", "combined") else errors
    return trend + noise if model in ("error", "durbin_error") else spread(trend + noise)


def graph_of(weights, names):
    """Make a graph without sorting the links, which are in order."""
    import pandas as pd
    from libpysal.graph import Graph

    links = weights.tocoo()
    labels = pd.Index(names)
    index = pd.MultiIndex([labels, labels], [links.row, links.col], names=["focal", "neighbor"], verify_integrity=False)
    return Graph(pd.Series(links.data, index=index, name="weight"), transformation="r", is_sorted=True)


def ours(model, position, weights, x, y):
    """Time the package; the graph and the table are given."""
    import geopandas
    import pandas as pd

    import spatial

    names = [f"place {number:07d}" for number in range(len(y))]
    table = pd.DataFrame({"y": y, "a": x[:, 0], "b": x[:, 1], "c": x[:, 2]}, index=pd.Index(names, name="place"))
    places = geopandas.GeoDataFrame(table, geometry=geopandas.points_from_xy(*position.T), crs="EPSG:32642")
    graph = graph_of(weights, names)
    options = {"estimator": "gmm"} if model == "2sls" else {}
    fit = getattr(spatial, OURS[model])
    first = names[:100]  # peers import everything before their clock starts: so does a first, small fit
    small = graph_of(lattice(100)[1], first)
    fit(places.loc[first], small, formula="y ~ a + b + c", **options)
    start = time.perf_counter()
    found = fit(places, graph, formula="y ~ a + b + c", **options)
    seconds = time.perf_counter() - start
    parameter = "rho" if "rho" in found.coefficients.index else "lambda"
    return seconds, {"parameter": float(found.coefficients.loc[parameter, "estimate"])}


def spreg(model, position, weights, x, y, method):
    """Time spreg; the weights are given."""
    import warnings

    warnings.simplefilter("ignore")
    from libpysal.weights import W
    from spreg import GM_Lag, ML_Error, ML_Lag

    links = np.split(weights.indices, weights.indptr[1:-1])
    w = W({place: list(each) for place, each in enumerate(links)}, silence_warnings=True)
    w.transform = "r"
    w.sparse  # noqa: B018
    start = time.perf_counter()
    if model == "2sls":
        found = GM_Lag(y[:, None], x, w=w, w_lags=2, latex=False)
    else:
        found = (ML_Lag if model == "lag" else ML_Error)(y[:, None], x, w=w, method=method)
    seconds = time.perf_counter() - start
    return seconds, {"parameter": float(np.asarray(found.betas).ravel()[-1])}


def r(model, position, weights, x, y, method):
    """Time R's spatialreg by its own clock."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, values in {"ends": weights.indices + 1, "counts": np.diff(weights.indptr)}.items():
            np.asarray(values, dtype="<i4").tofile(folder / title)
        np.column_stack([y, x]).ravel(order="F").astype("<f8").tofile(folder / "values")
        script = f"""
        suppressMessages({{library(spatialreg); library(spdep)}})
        n <- {len(y)}
        v <- matrix(readBin("values", "double", 4 * n), n); d <- data.frame(y = v[, 1], a = v[, 2], b = v[, 3], c = v[, 4])
        counts <- readBin("counts", "integer", n); ends <- readBin("ends", "integer", sum(counts))
        nb <- unname(split(ends, rep(seq_len(n), counts))); nb <- lapply(nb, sort)
        class(nb) <- "nb"; attr(nb, "region.id") <- as.character(seq_len(n))
        lw <- nb2listw(nb, style = "W"); W <- as(lw, "CsparseMatrix"); f <- y ~ a + b + c; M <- "{method}"; set.seed(1)
        for (turn in 1:{TURNS}) {{
            s <- system.time({{ {R_CALLS[model]} }})[["elapsed"]]
            if (s > 1) break
        }}
        p <- if (is.null(m$rho)) if (is.null(m$lambda)) coef(m)[1] else m$lambda else m$rho
        cat("SECONDS", s, "PARAMETER", p, "\\n")
        """
        (folder / "fit.R").write_text(script)
        done = subprocess.run(["Rscript", "fit.R"], cwd=folder, capture_output=True, text=True, check=False)
        words = done.stdout.split()
        if "SECONDS" not in words:
            raise RuntimeError(done.stderr[-300:])
        return float(words[words.index("SECONDS") + 1]), {"parameter": float(words[words.index("PARAMETER") + 1])}


def worker(model, contestant, size):
    """Measure one contestant in this process and print the figures."""
    most = MOST_BYTES if contestant.startswith("spatialreg") else LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    position, weights, x, errors = lattice(size)
    y = response(weights, x, errors, model)
    package, _, method = contestant.partition(" ")
    for _ in range(1 if package == "spatialreg" else TURNS):  # R takes its turns by itself
        if package == "spatial":
            seconds, found = ours(model, position, weights, x, y)
        else:
            seconds, found = {"spreg": spreg, "spatialreg": r}[package](model, position, weights, x, y, method)
        if seconds > 1:
            break
    who = resource.RUSAGE_CHILDREN if package == "spatialreg" else resource.RUSAGE_SELF
    peak = resource.getrusage(who).ru_maxrss / 1024
    print("FIGURES", json.dumps({"n": len(y), "seconds": seconds, "megabytes": peak, "estimates": found}))


def measured(model, contestant, size):
    """Run one contestant in a process of its own."""
    command = [sys.executable, __file__, "worker", model, contestant, str(size)]
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
    if any(word in wrong for word in ("MemoryError", "dmemory", "allocate", "Cholmod error 'out of memory'")):
        most = MOST_BYTES if contestant.startswith("spatialreg") else LIMIT_BYTES
        return {"n": size, "failed": f"more than {most // 2**30} GB"}
    return {"n": size, "failed": (wrong.strip().splitlines() or ["killed"])[-1][-200:]}


def measure(sizes, models, only):
    """Measure and keep what was measured; earlier figures of others stay."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for model in models:
        for size in sizes:
            for contestant, largest in PEERS[model].items():
                if size > largest or (only and contestant.partition(" ")[0] not in only):
                    continue
                runs = 3 if size <= 100_000 and contestant == "spatial" else 1
                rounds = [measured(model, contestant, size) for _ in range(runs)]
                found = sorted(rounds, key=lambda each: each.get("seconds", np.inf))[len(rounds) // 2]
                kept.setdefault(model, {}).setdefault(contestant, {})[str(size)] = found
                print(
                    model,
                    contestant,
                    size,
                    found.get("failed") or f"{found['seconds']:.2f} s, {found['megabytes']:.0f} MB",
                    flush=True,
                )
                kept["machine"] = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
                RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def draw():
    """Draw seconds and memory of the lag model against n."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt
    import matplotlib.ticker

    mpl.rcParams.update({"svg.hashsalt": "spatial", "font.size": 10, "svg.fonttype": "path"})
    kept = json.loads(RESULTS.read_text())["lag"]
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained")
    colours = {"spatial": "#0b5c8f", "spreg": "#c8641e", "spatialreg": "#6b6b6b"}
    marks = {"": "o", "full": "s", "ord": "^", "LU": "D", "eigen": "s", "Matrix": "v", "Chebyshev": "x"}
    for axis, key, title in ((axes[0], "seconds", "Seconds of the fit"), (axes[1], "megabytes", "Peak memory of the process, MB")):
        for contestant, rows in kept.items():
            package, _, method = contestant.partition(" ")
            points = sorted((each["n"], each[key]) for each in rows.values() if key in each)
            if points:
                axis.plot(
                    *zip(*points, strict=True),
                    marker=marks[method],
                    color=colours[package],
                    label=contestant,
                    linewidth=2.4 if package == "spatial" else 1,
                    alpha=1 if package == "spatial" else 0.75,
                    markersize=5,
                )
        axis.set(xscale="log", yscale="log", xlabel="Places", title=title)
        axis.yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.5g}"))
        axis.yaxis.set_minor_formatter(mpl.ticker.NullFormatter())
        axis.grid(visible=True, alpha=0.25)
    ended: dict[int, list[str]] = {}
    for rows in kept.values():
        for each in rows.values():
            if "failed" in each:
                ended.setdefault(each["n"], []).append(each["failed"].removeprefix("more than "))
    said = []
    for n, limits in sorted(ended.items()):
        height = max(float(each.split()[0]) for each in limits if each.endswith(" s"))
        axes[0].plot(n, height, marker="^", color="#999999", markersize=7)
        said.append(f"{len(limits)} peers at {n:,} places: more than {' or '.join(sorted(set(limits)))}")
    words = "\n".join(["Triangles: stopped", *said])
    axes[0].text(0.98, 0.03, words, transform=axes[0].transAxes, ha="right", va="bottom", fontsize=8)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(PICTURE, metadata={"Date": None})


def main():
    """Read the words of the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("measure")
    run.add_argument("--sizes", default=",".join(map(str, SIZES)))
    run.add_argument("--models", default=",".join(PEERS))
    run.add_argument("--only", default="", help="packages, with commas between: spatial,spreg,spatialreg")
    commands.add_parser("draw")
    one = commands.add_parser("worker")
    one.add_argument("model")
    one.add_argument("contestant")
    one.add_argument("size", type=int)
    given = parser.parse_args()
    if given.command == "worker":
        worker(given.model, given.contestant, given.size)
    elif given.command == "draw":
        draw()
    else:
        only = set(filter(None, given.only.split(",")))
        measure([int(each) for each in given.sizes.split(",")], given.models.split(","), only)


if __name__ == "__main__":
    main()
