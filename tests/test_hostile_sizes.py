"""What would not fit into memory is refused before it is tried, with an estimate; nothing here takes any."""

from pathlib import Path

import geopandas
import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array

from spatial import distance_band, durbin_model, error_model, inverse_distance, kernel_density, lag_model, nearest, ols
from spatial.errors import DataError, ModelError
from spatial.models import _memory
from spatial.models._determinant_methods import prepared


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


@pytest.mark.parametrize("options", [{}, {"estimator": "gmm"}])
@pytest.mark.parametrize("model", [lag_model, error_model, durbin_model])
def test_a_model_that_no_memory_holds(many, monkeypatch, model, options):
    monkeypatch.setattr(_memory, "available", lambda: 1e6)
    monkeypatch.setattr(_memory, "TRIFLE", 0.0)
    some = many.iloc[:2_000].assign(x=np.arange(2_000) % 7, y=np.arange(2_000) % 13)
    with pytest.raises(ModelError, match=r"coefficients of 2,000 places with \d+,\d+ links take about 0.0 GB, and 0.0 GB are free"):
        model(some, nearest(some, k=5), formula="y ~ x", **options)
    with pytest.raises(ModelError, match="2 coefficients of 2,000 places with 0 links"):
        ols(some, formula="y ~ x")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not say how many addresses are taken")
def test_a_limit_of_addresses_counts_what_is_taken(monkeypatch):
    import resource

    limit = 8 * 2**30
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    left = _memory._limit()
    assert left <= limit - 2**27  # Python with numpy takes more
    assert left == pytest.approx(limit - _memory._addressed(), abs=2**24)


def test_a_surface_that_no_memory_holds(many):
    with pytest.raises(DataError, match=r"makes [\d,]+ cells of 1\. Expected at most"):
        kernel_density(many, cell=1, bandwidth=10_000)
