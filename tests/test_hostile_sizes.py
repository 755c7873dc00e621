"""What would not fit into memory is refused before it is tried, with an estimate; nothing here takes any."""

import geopandas
import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array

from spatial import distance_band, inverse_distance, kernel_density, nearest
from spatial.errors import DataError, ModelError
from spatial.models._log_determinant import prepared


@pytest.fixture(scope="module")
def many():
    """Twenty thousand points."""
    random = np.random.default_rng(1)
    points = geopandas.points_from_xy(random.uniform(0, 1e6, 20_000), random.uniform(0, 1e6, 20_000))
    index = [f"p{number}" for number in range(20_000)]
    return geopandas.GeoDataFrame(geometry=points, index=index, crs="EPSG:32642").rename_axis("place")


@pytest.mark.parametrize(
    "build",
    [
        lambda places: distance_band(places, threshold=1e9),
        lambda places: inverse_distance(places, threshold=1e9),
        lambda places: nearest(places, k=9_999),
    ],
)
def test_a_graph_that_no_memory_holds(many, build):
    with pytest.raises(DataError, match=r"weights: (199,990,000|99,990,000) pairs of places lie .* would take about \d+ GB"):
        build(many)


def test_eigenvalues_that_no_memory_holds():
    ring = diags_array([np.ones(29_999), np.ones(29_999)], offsets=[-1, 1])
    with pytest.raises(ModelError, match=r'all eigenvalues of 30,000 places would take about 22 GB.*log_determinant = "lu"'):
        prepared(csr_array(ring / 2), "eigen")


def test_a_surface_that_no_memory_holds(many):
    with pytest.raises(DataError, match=r"makes [\d,]+ cells of 1\. Expected at most"):
        kernel_density(many, cell=1, bandwidth=10_000)
