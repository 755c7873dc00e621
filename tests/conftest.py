"""What many tests share: a small grid whose answers a person can verify, and where the outside data is."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def shared(*parts):
    """A path below the shared test data; skips where it is absent."""
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
    """The numbers R computed for one data set."""
    return json.loads(shared("references", name, file).read_text(encoding="utf-8"))


@pytest.fixture
def grid():
    """Sixteen unit squares, in metres; the value grows from west to east, the noise does not."""
    import geopandas
    from shapely.geometry import box

    cells = [box(column * 1000, row * 1000, column * 1000 + 1000, row * 1000 + 1000) for row in range(4) for column in range(4)]
    random = np.random.default_rng(7)
    return geopandas.GeoDataFrame(
        {"value": [float(column) for _ in range(4) for column in range(4)], "noise": random.normal(size=16)},
        geometry=cells,
        index=[f"cell {number:02d}" for number in range(16)],
        crs="EPSG:32642",
    ).rename_axis("place")
