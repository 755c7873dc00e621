"""Statistics of two columns, of kinds and of rates beside what spdep 1.2-7 computed for six data sets."""

from dataclasses import replace

import numpy as np
import pytest
from outside import DATA_SETS, reference
from reference_explore import TOLERANCE, graph_of, moran_with_the_n_of_r, places_of

import spatial
from spatial.explore._influence import influence_on_slope
from spatial.explore._moments import constants
from spatial.explore.join_counts_global import _moments

PAIRS = [(name, block) for name in DATA_SETS for block in (reference(name) or {}).get("bivariate") or ()]
KINDS = [
    (name, column, style)
    for name in DATA_SETS
    for column in (reference(name) or {}).get("join_counts") or ()
    for style in ("B", "W")
]
COLUMNS = {"hanson98": "HANSON98", "state": "STATE_NAME"}  # the reference's own names for factors of these columns
RATES = [(name, rate) for name in DATA_SETS for rate in (reference(name) or {}).get("empirical_bayes") or ()]


@pytest.mark.parametrize(("name", "block"), PAIRS, ids=[f"{name}-{block['x']}-{block['y']}" for name, block in PAIRS])
def test_two_columns(name, block):
    places, graph = places_of(name), graph_of(name, block["weights"], block["style"])
    options = {"column": block["x"], "second": block["y"], "permutations": 99}
    assert spatial.bivariate_moran(places, graph, **options).statistic == pytest.approx(block["moran_bv"], rel=TOLERANCE)
    found = spatial.lee(places, graph, alternative="greater", **options)
    assert found.statistic == pytest.approx(block["lee_L"], rel=TOLERANCE)
    expected = block["lee_test"]
    assert found.expected == pytest.approx(expected["expectation"], rel=TOLERANCE)
    many = spatial.lee(places, graph, **options | {"permutations": 20_000})
    assert found.variance == pytest.approx(many.simulated_sd**2, rel=0.05)
    assert abs(found.variance / expected["variance"] - 1) > 0.1  # spdep 1.2-7 is wrong here; see the live comparison


@pytest.mark.parametrize(("name", "column", "style"), KINDS)
def test_join_counts(name, column, style):
    block = reference(name)["join_counts"][column]
    places, graph = places_of(name), graph_of(name, block["weights"], style)
    found = spatial.join_counts(places, graph, column=COLUMNS.get(column, column), permutations=99, alternative="greater")
    part = block["binary" if style == "B" else "row_std"]
    if len(graph.isolates):
        found = replace(found, joins=joins_with_the_n_of_r(found.joins, places[column], graph))
        # R's variance of all unlike joins mixes both n and so contradicts its own of the same joins as those of two kinds.
        assert part["multi"]["values"][-1][:2] == part["multi"]["values"][-2][:2]
        del part["multi"]["rows"][-1], part["multi"]["values"][-1]
    for expected in part["same_colour"]:
        row = found.joins.loc[f"{expected['colour']}:{expected['colour']}"]
        ours = {"stat": "count", "expected": "expected", "variance": "variance", "z": "z", "p_greater": "p"}
        for theirs, column_name in ours.items():
            assert row[column_name] == pytest.approx(expected[theirs], rel=TOLERANCE), theirs
    for title, values in zip(part["multi"]["rows"], part["multi"]["values"], strict=True):
        name_of = "unlike" if title == "Jtot" else ":".join(sorted(title.split(":")))
        row = found.joins.loc[name_of, ["count", "expected", "variance", "z"]]
        assert row.tolist() == pytest.approx(values, rel=TOLERANCE), title


def joins_with_the_n_of_r(joins, kinds, graph):
    """Take moments as spdep does: it counts the kinds of all places, but n is that of the places with neighbours."""
    from scipy.special import ndtr

    sums = replace(constants(graph.sparse.astype(float)), n=len(kinds) - len(graph.isolates))
    sizes, joins = kinds.value_counts().sort_index().to_numpy(), joins.copy()
    for title, pair in {"0:0": (0, 0), "1:1": (1, 1), "0:1": (0, 1)}.items():
        joins.loc[title, ["expected", "variance"]] = _moments(sums, sizes, pair, "nonfree")
    joins["z"] = (joins["count"] - joins["expected"]) / joins["variance"] ** 0.5
    joins["p"] = ndtr(-joins["z"])
    return joins


@pytest.mark.parametrize(("name", "rate"), RATES)
def test_rate_moran(name, rate):
    block = reference(name)["empirical_bayes"][rate]
    graph = graph_of(name, block["weights"], "W")
    found = spatial.rate_moran(places_of(name), graph, events=block["cases"], population=block["population"], alternative="greater")
    assert found.statistic == pytest.approx(block["EBImoran"]["statistic"], rel=TOLERANCE)
    assert found.rate == pytest.approx(block["EBest_moments"]["b"], rel=TOLERANCE)
    assert found.between == pytest.approx(block["EBest_moments"]["a"], rel=TOLERANCE)
    assert found.simulated_sd == pytest.approx(block["EBImoran"]["sim_sd"], rel=0.1)


LOCAL = [(name, key) for name in DATA_SETS for key in (reference(name, "local.json") or {}) if key.count("|") == 2]


def numbers(block, name):
    return np.array([np.nan if value is None else float(value) for value in block[name]])


@pytest.mark.parametrize(("name", "key"), LOCAL)
def test_local_geary_and_scatter(name, key):
    variable, weights, style = key.split("|")
    block, places, graph = reference(name, "local.json")[key], places_of(name), graph_of(name, weights, style)
    linked = ~places.index.isin(graph.isolates)
    found = spatial.local_geary(places, graph, column=variable, permutations=99)
    np.testing.assert_allclose(found.statistic[linked], numbers(block, "C_local")[linked], rtol=TOLERANCE)
    assert (found.cluster[~linked] == "Isolated").all()
    found = spatial.losh(places, graph, column=variable, permutations=99)
    if linked.all():  # R gives none where somebody is without neighbours
        np.testing.assert_allclose(found.statistic, numbers(block, "LOSH_H"), rtol=TOLERANCE)
    assert (found.cluster[~linked] == "Isolated").all()


@pytest.mark.parametrize(("name", "block"), PAIRS, ids=[f"{name}-{block['x']}-{block['y']}" for name, block in PAIRS])
def test_local_values_add_up_to_the_global_ones(name, block):
    places, graph = places_of(name), graph_of(name, block["weights"], block["style"])
    local = spatial.local_bivariate_moran(places, graph, column=block["x"], second=block["y"], permutations=99)
    assert local.statistic.sum() / graph.sparse.sum() == pytest.approx(block["moran_bv"], rel=TOLERANCE)


@pytest.mark.parametrize(("name", "rate"), RATES)
def test_smoothed_rates(name, rate):
    block, local = reference(name)["empirical_bayes"][rate], reference(name, "local.json")[f"eb:{rate}"]
    places, graph = places_of(name), graph_of(name, block["weights"], "W")
    found = spatial.empirical_bayes(places, events=block["cases"], population=block["population"])
    pairs = {"rate": "raw_rate", "smoothed": "eb_rate", "expected": "expected", "p": "choynowski_p"}
    for ours, theirs in pairs.items():
        np.testing.assert_allclose(getattr(found, ours), numbers(local, theirs), rtol=TOLERANCE, atol=1e-15, err_msg=theirs)
    np.testing.assert_allclose(100 * found.relative_risk, numbers(local, "relative_risk"), rtol=TOLERANCE)
    assert found.prior_mean == pytest.approx(block["EBest_moments"]["b"], rel=TOLERANCE)
    assert found.prior_variance == pytest.approx(block["EBest_moments"]["a"], rel=TOLERANCE)
    near = spatial.spatial_rate(places, graph, events=block["cases"], population=block["population"])
    expected = numbers(local, "eb_local")
    np.testing.assert_allclose(near.smoothed[~np.isnan(expected)], expected[~np.isnan(expected)], rtol=TOLERANCE)


CURVES = [
    (name, block)
    for name in DATA_SETS
    for block in (reference(name) or {}).get("global", ())
    if "moran" in block.get("correlogram") or ()
]


@pytest.mark.parametrize(("name", "block"), CURVES, ids=[f"{name}-{block['variable']}-{block['style']}" for name, block in CURVES])
def test_correlogram(name, block):
    places, graph = places_of(name), graph_of(name, block["weights"], "W")  # as sp.correlogram standardises, whatever the style is
    expected = block["correlogram"]["moran"]
    found = spatial.correlogram(places, graph, column=block["variable"], steps=len(expected["lag"]), permutations=99).table
    assert found["links"].tolist() == expected["links"]
    for lag in found.index[found["places"] < len(places)]:  # R takes n of the places with neighbours at this lag
        found.loc[lag, ["statistic", "expected", "variance", "z", "p"]] = lag_with_the_n_of_r(
            places, graph, block["variable"], lag, found.loc[lag]
        )
    names = {"estimate": "statistic", "expectation": "expected", "variance": "variance", "z": "z", "p_two_sided": "p"}
    for theirs, ours in names.items():
        np.testing.assert_allclose(found[ours], expected[theirs], rtol=TOLERANCE, err_msg=theirs)


def lag_with_the_n_of_r(places, graph, column, lag, row):
    from scipy.special import ndtr

    near = graph if lag == 1 else spatial.higher_order(places, graph, order=lag, islands="keep", transform="r")
    values = places[column].to_numpy(float)
    statistic, mean, variance, _ = moran_with_the_n_of_r(row["statistic"], values, near.sparse, int(row["places"]))
    z = (statistic - mean) / variance**0.5
    return [statistic, mean, variance, z, 2 * ndtr(-abs(z))]


@pytest.mark.parametrize(("name", "key"), LOCAL)
def test_influence_on_the_slope_of_the_scatterplot(name, key):
    variable, weights, style = key.split("|")
    block, places, graph = reference(name, "local.json")[key], places_of(name), graph_of(name, weights, style)
    if "mp_hat" not in block:
        pytest.skip("R gives no influence here")
    names = {"hat": "mp_hat", "cook": "mp_cook", "dffit": "mp_dffit", "cov_ratio": "mp_cov_r"}
    values = places[variable].to_numpy(float)
    order = graph.unique_ids.get_indexer(places.index)
    lag = graph.sparse[order][:, order] @ values  # spdep's moran.plot lags the values, not their deviations
    found = influence_on_slope(values - values.mean(), lag)
    for ours, theirs in names.items():
        np.testing.assert_allclose(found[ours], numbers(block, theirs), rtol=TOLERANCE, atol=1e-12, err_msg=theirs)
    assert found["influential"].astype(bool).tolist() == block["mp_influential"]
    if style == "W" and not len(graph.isolates):  # the same where all rows sum to the same
        result = spatial.moran(places, graph, column=variable, permutations=99)
        assert result.influential == sum(block["mp_influential"])
        np.testing.assert_allclose(result.influence["cook"], numbers(block, "mp_cook"), rtol=TOLERANCE, atol=1e-12)
