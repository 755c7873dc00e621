"""What tests take from outside the checkout: shared data and real components."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
QGIS_PYTHON = "/usr/bin/python3"  # the one QGIS is built for, not the tests' own
DATA_SETS = ("columbus", "georgia", "mexico", "us48_income", "stl", "tokyo")


def shared(*parts):
    """Give a path below the shared test data; skip where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(parts)} of the shared test data, which is not on this machine")
    return path


def component(present, name):
    """Skip where a real component is not installed; with CI=true that is a failure."""
    if present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing; tests/setup.sh installs it")
    pytest.skip(f"{name} is not installed; tests/setup.sh installs it")


def reference(name, file="results.json"):
    """Read the numbers R computed for one data set; None where the shared data is absent (for use at collection)."""
    path = SHARED / "references" / name / file
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def has_qgis():
    """Tell whether QGIS and its Python are installed."""
    if not Path(QGIS_PYTHON).exists():
        return False
    asked = subprocess.run(
        [QGIS_PYTHON, "-c", "import qgis.core"], env=qgis_environment("/nonexistent"), capture_output=True, check=False
    )
    return asked.returncode == 0


def qgis_environment(home):
    """Nothing of the tests' own Python may reach QGIS."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "QGIS_CUSTOM_CONFIG_PATH": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "QT_QPA_PLATFORM": "offscreen",
        "LC_ALL": "C.UTF-8",
    }
