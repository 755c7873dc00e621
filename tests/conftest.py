"""What many tests share: a small grid whose answers a person can verify."""

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True, print_blob=False)  # the same examples everywhere, never timed
settings.load_profile("house")


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
