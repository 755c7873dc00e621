"""Global and local statistics beside what R 4.2 with spdep 1.2-7 computed for six data sets; tolerances as published with them."""

import numpy as np
import pytest
from outside import DATA_SETS, reference
from reference_explore import TOLERANCE, graph_of, linked_only, moran_with_the_n_of_r, places_of

import spatial
from spatial.errors import ModelError
from spatial.explore._moments import constants

BLOCKS = [(name, block) for name in DATA_SETS for block in (reference(name) or {}).get("global", ())]
LOCAL = [(name, key) for name in DATA_SETS for key in (reference(name, "local.json") or {}) if key.count("|") == 2]
STYLES = [
    (name, weights, style)
    for name in DATA_SETS
    for weights, block in (reference(name) or {}).get("weights", {}).items()
    for style in block["styles"]
]
TITLES = [f"{name}-{block['variable']}-{block['weights']}-{block['style']}" for name, block in BLOCKS]

globally = pytest.mark.parametrize(("name", "block"), BLOCKS, ids=TITLES)
with_islands = pytest.mark.parametrize(
    ("name", "block"),
    [row for row in BLOCKS if "moran_normality_n_all" in row[1]],
    ids=[title for title, (_, block) in zip(TITLES, BLOCKS, strict=True) if "moran_normality_n_all" in block],
)
locally = pytest.mark.parametrize(("name", "key"), LOCAL)


def number(value):
    """R's globalG.test gives z and p as a one by one matrix."""
    return value["values"][0][0] if isinstance(value, dict) else value


def check(found, block, names):
    for theirs, ours in names.items():
        assert getattr(found, ours) == pytest.approx(number(block[theirs]), rel=TOLERANCE), theirs


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
@pytest.mark.parametrize("assumption", ["randomization", "normality"])
@globally
def test_moran(name, block, assumption, alternative):
    title = f"moran_{assumption.replace('z', 's')}"
    expected = block.get(f"{title}_n_all", block[title])  # with islands our n is that of all places
    places, graph = places_of(name), graph_of(name, block["weights"], block["style"])
    found = spatial.moran(places, graph, column=block["variable"], assumption=assumption, alternative=alternative, permutations=99)
    p = "p_two_sided" if alternative == "two-sided" else "p_one_sided"
    check(found, expected, {"I": "statistic", "EI": "expected", "VI": "variance", "z": "z", p: "p"})


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
@pytest.mark.parametrize("assumption", ["randomization", "normality"])
@globally
def test_geary(name, block, assumption, alternative):
    title = f"geary_{assumption.replace('z', 's')}"
    expected = block.get(f"{title}_n_all", block[title])
    places, graph = places_of(name), graph_of(name, block["weights"], block["style"])
    found = spatial.geary(places, graph, column=block["variable"], assumption=assumption, alternative=alternative, permutations=99)
    p = "p_two_sided" if alternative == "two-sided" else "p_one_sided"
    check(found, expected, {"C": "statistic", "EC": "expected", "VC": "variance", "z": "z", p: "p"})


@pytest.mark.parametrize("assumption", ["randomisation", "normality"])
@with_islands
def test_moran_and_geary_with_the_n_of_r(name, block, assumption):
    """What R gives where it is not told to count places without neighbours; its variance of Geary's c mixes both n."""
    places, graph = places_of(name), graph_of(name, block["weights"], block["style"])
    values, linked = places[block["variable"]].to_numpy(float), len(places) - len(graph.isolates)
    moran, geary = (each(places, graph, column=block["variable"], permutations=99) for each in (spatial.moran, spatial.geary))
    statistic, mean, random, normal = moran_with_the_n_of_r(moran.statistic, values, graph.sparse, linked)
    variance = random if assumption == "randomisation" else normal
    expected = block[f"moran_{assumption}"]
    assert [statistic, mean, variance, (statistic - mean) / variance**0.5] == pytest.approx(
        [expected[each] for each in ("I", "EI", "VI", "z")], rel=TOLERANCE
    )
    assert geary.statistic * (linked - 1) / (len(places) - 1) == pytest.approx(block[f"geary_{assumption}"]["C"], rel=TOLERANCE)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
@pytest.mark.parametrize("kind", ["binary", "same_style"])
@globally
def test_getis_ord(name, block, kind, alternative):
    title, column = f"getis_ord_G_{kind}", block["variable"]
    places, graph = places_of(name), graph_of(name, block["weights"], "B" if kind == "binary" else block["style"])
    if "G" not in block.get(title, {}):  # neither R nor we give a G of negative values
        with pytest.raises(ModelError, match="values are negative"):
            spatial.getis_ord(places, graph, column=column)
        return
    p = "p_two_sided" if alternative == "two-sided" else "p_one_sided"
    names = {"G": "statistic", "EG": "expected", "VG": "variance", "z": "z", p: "p"}
    options = {"column": column, "alternative": alternative, "permutations": 99, "missing": "drop"}
    # R leaves places without neighbours out altogether, of n and of the products.
    check(spatial.getis_ord(linked_only(places, graph, column), graph, **options), block[title], names)
    if f"{title}_n_all" in block:
        check(spatial.getis_ord(places, graph, **options), block[f"{title}_n_all"], names)


@globally
def test_permutations_scatter_as_in_r(name, block):
    """
    Both are random: about 10 percent, as published for indicative numbers.

    R deals out the values of all places, and multiplies each I by the n of those with neighbours instead of that of all.
    """
    indicative = block["moran_permutation_indicative"]
    graph = graph_of(name, block["weights"], block["style"])
    found = spatial.moran(places_of(name), graph, column=block["variable"], alternative="greater")
    share = 1 - len(graph.isolates) / graph.n
    assert found.simulated_sd * share == pytest.approx(indicative["sd"], rel=0.1)
    error = 4 * (2 * indicative["p_greater"] / 1000) ** 0.5
    assert found.p_permutation == pytest.approx(indicative["p_greater"], abs=error)


@globally
def test_describe(name, block):
    row = spatial.describe(places_of(name), columns=[block["variable"]]).table.loc[block["variable"]]
    assert row["n"] == block["n"]
    for theirs, ours in {"mean": "mean", "sd_n_minus_1": "sd", "kurtosis_b2": "kurtosis"}.items():
        assert row[ours] == pytest.approx(block[theirs], rel=TOLERANCE)


@pytest.mark.parametrize(("name", "weights", "style"), STYLES)
def test_sums_over_the_weights(name, weights, style):
    expected = reference(name)["weights"][weights]["styles"][style]
    graph = graph_of(name, weights, style)
    found = constants(graph.sparse.astype(float))
    for theirs, ours in {"S0": found.s0, "S1": found.s1, "S2": found.s2}.items():
        assert ours == pytest.approx(expected[theirs], rel=TOLERANCE), theirs


@pytest.mark.parametrize(("name", "weights", "style"), [row for row in STYLES if row[2] in ("C", "U")])
def test_a_constant_factor_of_the_weights_changes_no_test(name, weights, style):
    column = next(block["variable"] for title, block in BLOCKS if title == name and block["weights"] == weights)
    for operation in (spatial.moran, spatial.geary, spatial.getis_ord):
        plain, scaled = (operation(places_of(name), graph_of(name, weights, each), column=column) for each in ("B", style))
        assert scaled.z == pytest.approx(plain.z, rel=TOLERANCE)
        assert scaled.p_permutation == plain.p_permutation


def columns(name, key):
    variable, weights, style = key.split("|")
    return places_of(name), graph_of(name, weights, style), variable, reference(name, "local.json")[key]


def check_series(found, block, names, *, places=None):
    for theirs, ours in names.items():
        expected = np.array([np.nan if value is None else value for value in block[theirs]], float)
        series = getattr(found, ours)
        chosen = np.ones(len(expected), bool) if places is None else places
        np.testing.assert_allclose(series.to_numpy(float)[chosen], expected[chosen], rtol=TOLERANCE, atol=0, err_msg=theirs)


@locally
def test_local_moran(name, key):
    places, graph, variable, block = columns(name, key)
    found = spatial.local_moran(places, graph, column=variable, inference="analytical", permutations=99)
    names = {
        "Ii": "statistic",
        "E_cond": "expected",
        "Var_cond": "variance",
        "Z_cond": "z",
        "p_two_cond": "p",
        "p_two_cond_fdr": "p_adjusted",
    }
    check_series(found, block, names)
    n = len(places)
    esda = np.array(block["Ii_n_minus_1"], float)
    np.testing.assert_allclose(found.statistic.to_numpy() * (n - 1) / n, esda, rtol=TOLERANCE)
    linked = (found.cluster != "Isolated").to_numpy()
    assert found.quadrant.to_numpy()[linked].tolist() == np.array(block["quadrant_pysal"])[linked].tolist()


@locally
def test_local_moran_total(name, key):
    places, graph, variable, block = columns(name, key)
    found = spatial.local_moran(places, graph, column=variable, moments="total", permutations=99)
    check_series(found, block, {"E_total": "expected", "Var_total": "variance", "Z_total": "z"})


@locally
def test_local_moran_clusters(name, key):
    places, graph, variable, _ = columns(name, key)
    weights, style = key.split("|")[1:]
    blocks = [
        block
        for title, block in BLOCKS
        if title == name and (block["variable"], block["weights"], block["style"]) == (variable, weights, style)
    ]
    summary = blocks[0]["local_summary"]
    assert summary["alpha"] == 0.05
    for rule, title in (("none", "raw"), ("fdr", "fdr")):
        found = spatial.local_moran(places, graph, column=variable, inference="analytical", correction=rule, permutations=99)
        for kind, count in summary[title].items():
            assert (found.cluster == kind).sum() == count
            assert kind not in found.counts or found.counts.loc[rule, kind] == count
    assert found.statistic.sum() == pytest.approx(summary["sum_Ii"], rel=TOLERANCE)


@pytest.mark.parametrize("star", [False, True])
@locally
def test_local_getis_ord(name, key, star):
    places, graph, variable, block = columns(name, key)
    found = spatial.local_getis_ord(places, graph, column=variable, star=star, permutations=99)
    mark = "star" if star else ""
    names = {f"G{mark}": "statistic", f"E_G{mark}": "expected", f"V_G{mark}": "variance", f"Z_G{mark}": "z"}
    check_series(found, block, names)
