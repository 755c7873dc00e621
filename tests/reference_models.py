"""The tables and graphs that the reference results of models were computed with, and how numbers are compared with them."""

import functools

import numpy as np
from outside import DATA_SETS, SHARED, reference

CASES = [(name, model) for name in DATA_SETS for model in (reference(name) or {"models": {}})["models"]]


def label(number):
    return f"place {int(number):04d}"


@functools.cache
def table(name):
    """Read one data set, its rows in disorder; geometry plays no part in a model, points in a row keep the table under contract."""
    import geopandas
    import pandas as pd

    data = pd.read_csv(SHARED / "references" / name / "data.csv")
    points = geopandas.points_from_xy(np.arange(len(data)) * 1000.0, np.zeros(len(data)))
    places = geopandas.GeoDataFrame(data, geometry=points, crs="EPSG:32642")
    places.index = [label(number) for number in data["id"]]
    return places.rename_axis("place").sample(frac=1, random_state=1)


@functools.cache
def graph_of(name, weights, style):
    """Read one graph, standardised as spdep does."""
    import pandas as pd
    from libpysal.graph import Graph

    edges = pd.read_csv(SHARED / "references" / name / f"{weights}_edges.csv")
    alone = sorted(set(table(name).index) - {label(number) for number in edges["from"]})
    values = styled(edges["from"], edges["weight"].astype(float), style)
    return Graph.from_arrays(
        np.array([*map(label, edges["from"]), *alone]),
        np.array([*map(label, edges["to"]), *alone]),
        np.concatenate([values, np.zeros(len(alone))]),
    )


def styled(rows, values, style):
    """Standardise; n counts the places that have neighbours."""
    count = rows.nunique()
    if style == "S":
        values = values / np.sqrt((values**2).groupby(rows).transform("sum"))
    if style == "W":
        values = values / values.groupby(rows).transform("sum")
    if style in ("C", "S"):
        values = values * count / values.sum()
    if style == "U":
        values = values / values.sum()
    return values.to_numpy()


def close(ours, theirs, tolerance):
    """Compare relatively."""
    np.testing.assert_allclose(np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=tolerance, atol=0)


def residuals_close(ours, theirs, sigma, tolerance):
    """Residuals near 0 cannot agree relatively: they are compared in units of their standard error."""
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=0, atol=tolerance * sigma)
