"""How much memory there is, and how much a model takes."""

import ctypes
import os
import sys
from pathlib import Path

from spatial.errors import ModelError, complaint

#: Numbers that a model keeps for each place at its peak, log-determinant aside: itself, for each coefficient, for each link of a place
#: (measured at 200,000 and 1,000,000 places with 4 to 31 coefficients).
ALONE, PER_COLUMN, PER_LINK = 70, 14, 4
#: Less than this is not worth asking the system for.
TRIFLE = 1e8


def refuse_too_large(count: int, columns: int, links: int) -> None:
    """
    Refuse a model that will not fit in memory before anything is computed.

    Parameters
    ----------
    count
        Number of places.
    columns
        Number of coefficients.
    links
        Number of links of the graph.

    Raises
    ------
    ModelError
        When it would take more than is free.
    """
    needed = 8.0 * (count * (ALONE + PER_COLUMN * columns) + PER_LINK * links)
    if needed < TRIFLE or needed <= (room := available()):
        return
    raise ModelError(
        complaint(
            "model",
            f"{columns} coefficients of {count:,} places with {links:,} links take about {needed / 1e9:,.1f} GB, and {room / 1e9:,.1f} GB are free",
            "Expected a model that fits in memory",
            "Use fewer regressors or places, or a graph with fewer links",
        )
    )


def available() -> float:
    """
    Tell how many bytes a computation may still take.

    Returns
    -------
    float
        Bytes that are free or can be freed; where the system does not say, half of what is built in; infinity where it
        says nothing.
    """
    limit = _limit()
    if sys.platform == "win32":
        return min(limit, _of_windows())
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return min(limit, 1024.0 * int(line.split()[1]))
    except OSError:
        pass
    try:
        return min(limit, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2)
    except (ValueError, OSError):
        return limit


def _limit() -> float:
    """Give what the process may take by its own limits and those of its container."""
    found = float("inf")
    try:
        import resource  # not on Windows

        address = resource.getrlimit(resource.RLIMIT_AS)[0]
        if address != resource.RLIM_INFINITY:
            found = float(address) - _addressed()
        text = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        taken = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii").strip()
        if text.isdigit() and taken.isdigit():
            found = min(found, float(text) - float(taken))
    except (ImportError, OSError):
        pass
    return found


def _addressed() -> float:
    """Give the bytes of addresses that the process has taken already, 0 where the system does not say."""
    try:
        return float(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0.0


def _of_windows() -> float:
    class Status(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ulong), ("load", ctypes.c_ulong), *((name, ctypes.c_ulonglong) for name in "abcdefg"))

    status = Status()
    status.length = ctypes.sizeof(Status)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined,unused-ignore]
        return float("inf")
    return float(status.b)  # the second number: free physical memory
