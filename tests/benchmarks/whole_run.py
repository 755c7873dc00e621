"""
How long the embedded studies take as a user sees it: a new process for each run, everything written.

Run by hand: python tests/benchmarks/whole_run.py [runs]
Prints seconds (median, fastest, slowest) and peak memory of the process, after one run that is not counted.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDIES = ("kazakhstan-readiness", "kazakhstan-cities", "columbus")


def one_run(study, folder):
    """Run a study in a process of its own; give its seconds and its peak memory in MB."""
    command = [sys.executable, "-m", "spatial", "run", study, "--out", str(folder)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{study} failed")
    return seconds, used.ru_maxrss / 1024


def main():
    """Measure each study several times."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{os.cpu_count()} cores, {runs} runs each")
    for study in STUDIES:
        with tempfile.TemporaryDirectory() as folder:
            one_run(study, Path(folder) / "out")
            measured = [one_run(study, Path(folder) / "out") for _ in range(runs)]
        seconds = [each[0] for each in measured]
        words = f"{statistics.median(seconds):6.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"
        print(f"{study:<22}{words}, peak {max(each[1] for each in measured):.0f} MB")


if __name__ == "__main__":
    main()
