"""How much memory there is."""

import ctypes
import os
import sys
from pathlib import Path


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
            found = float(address)
        text = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        taken = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii").strip()
        if text.isdigit() and taken.isdigit():
            found = min(found, float(text) - float(taken))
    except (ImportError, OSError):
        pass
    return found


def _of_windows() -> float:
    class Status(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ulong), ("load", ctypes.c_ulong), *((name, ctypes.c_ulonglong) for name in "abcdefg"))

    status = Status()
    status.length = ctypes.sizeof(Status)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined,unused-ignore]
        return float("inf")
    return float(status.b)  # the second number: free physical memory
