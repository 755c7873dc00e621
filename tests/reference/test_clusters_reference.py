"""Groupings beside those of R 4.2.2 (kmeans, hclust ward.D2, silhouettes from their definition; explore_clusters.R); relative 1e-8."""

from pathlib import Path

import numpy as np
import pytest
from outside import shared

import spatial
from spatial.clusters._agreement import adjusted_rand

TOLERANCE = 1e-8
COLUMNS = ["CRIME", "INC", "HOVAL"]
ROWS = {line.split()[0]: line.split()[1:] for line in (Path(__file__).parent / "explore_clusters.txt").read_text().splitlines()}


@pytest.fixture(scope="module")
def columbus():
    import geopandas
    import pandas as pd
    from shapely import Point

    table = pd.read_csv(shared("references", "columbus", "data.csv"), index_col="id")
    table.index = table.index.map(str)
    return geopandas.GeoDataFrame(table, geometry=[Point(number, 0) for number in range(len(table))], crs="EPSG:32642").rename_axis(
        "place"
    )


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_k_means(columbus, k):
    found = spatial.k_means(columbus, columns=COLUMNS, k=k)
    assert found.within == pytest.approx(float(ROWS["k_means_within"][k - 2]), rel=TOLERANCE)
    assert found.silhouette == pytest.approx(float(ROWS["k_means_silhouette"][k - 2]), rel=TOLERANCE)
    assert found.choice.loc[k, "within"] == pytest.approx(found.within)
    if k == 3:
        assert adjusted_rand(found.cluster.to_numpy(), np.array(ROWS["k_means_3"])) == 1


def test_ward(columbus):
    found = spatial.ward(columbus, columns=COLUMNS, k=4)
    np.testing.assert_allclose(found.merges["height"], np.array(ROWS["ward_heights"], float), rtol=TOLERANCE)
    assert adjusted_rand(found.cluster.to_numpy(), np.array(ROWS["ward_4"])) == 1
    np.testing.assert_allclose(found.silhouette_places, np.array(ROWS["ward_silhouette_4"], float), rtol=TOLERANCE)
