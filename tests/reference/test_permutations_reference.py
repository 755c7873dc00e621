"""Permutation p beside those R drew (4.2.2, spdep 1.2-7; explore_clusters.R): both are random, so they agree within their error."""

from pathlib import Path

import numpy as np
import pytest
from outside import shared

import spatial

DRAWS = 9999
ROWS = {line.split()[0]: line.split()[1:] for line in (Path(__file__).parent / "explore_clusters.txt").read_text().splitlines()}


@pytest.fixture(scope="module")
def columbus():
    import geopandas
    import pandas as pd
    from libpysal.graph import Graph
    from shapely import Point

    table = pd.read_csv(shared("references", "columbus", "data.csv"), index_col="id")
    table.index = table.index.map(str)
    edges = pd.read_csv(shared("references", "columbus", "col_gal_edges.csv"))
    points = [Point(number, 0) for number in range(len(table))]
    places = geopandas.GeoDataFrame(table, geometry=points, crs="EPSG:32642").rename_axis("place")
    return places, Graph.from_arrays(*([*map(str, edges[side])] for side in ("from", "to")), [*edges["weight"]]).transform("r")


def error_of(p):
    """Five standard errors of the difference of two sampled p; a two-sided one is twice a tail."""
    tail = np.maximum(np.minimum(p / 2, 0.5), 1 / DRAWS)
    return 5 * 2 * np.sqrt(2 * tail * (1 - tail) / DRAWS)


def test_local_moran(columbus):
    expected = np.array(ROWS["local_moran_p"], float)
    found = spatial.local_moran(*columbus, column="CRIME", permutations=DRAWS).p_permutation.to_numpy()
    assert (np.abs(found - expected) <= error_of(expected)).all()
    assert np.corrcoef(found, expected)[0, 1] > 0.999


@pytest.mark.parametrize(
    ("operation", "row", "position", "column"),
    [("moran", "moran_p", 0, "CRIME"), ("moran", "moran_p", 1, "HOVAL"), ("geary", "geary_p", 0, "HOVAL")],
)
def test_global(columbus, operation, row, position, column):
    expected = float(ROWS[row][position])
    found = getattr(spatial, operation)(*columbus, column=column, permutations=DRAWS, alternative="greater").p_permutation
    assert found == pytest.approx(expected, abs=float(error_of(np.array(expected))))
