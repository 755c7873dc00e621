"""Tests between nested models against the likelihood ratios of spatialreg, for all six data sets."""

import functools

import numpy as np
import pytest
from outside import reference
from reference_models import CASES, graph_of, table

from spatial.models import compare_models

LIKELIHOOD = 1e-7
RATIOS = {  # name in the reference: the smaller model, the larger one
    "durbin_vs_lag": ("lag_model", "durbin_model"),
    "durbin_vs_error_common_factor": ("error_model", "durbin_model"),
    "error_durbin_vs_error": ("error_model", "durbin_error_model"),
    "sac_vs_lag": ("lag_model", "combined_model"),
    "sac_vs_error": ("error_model", "combined_model"),
    "sac_durbin_vs_sac": ("combined_model", "general_nested_model"),
    "sac_durbin_vs_durbin": ("durbin_model", "general_nested_model"),
}
NESTED = [
    (name, model, ratio)
    for name, model in CASES
    for ratio in RATIOS
    if reference(name)["models"][model]["likelihood_ratio_tests"][ratio]
]
MODELS = list(dict.fromkeys(each for pair in RATIOS.values() for each in pair))

pytestmark = pytest.mark.skipif(not CASES, reason="needs the shared reference results, which are not on this machine")


@functools.cache
def compared(name, model):
    block = reference(name)["models"][model]
    found = compare_models(
        table(name), graph_of(name, block["weights"], block["style"]), formula=block["formula"], models=MODELS, bootstrap=0
    )
    return found, found.nested.set_index(["smaller", "larger", "test"])


@pytest.mark.parametrize(("name", "model", "ratio"), NESTED)
def test_tests_between_models(name, model, ratio):
    """A difference of two log-likelihoods: its error is theirs."""
    given, (found, rows) = reference(name)["models"][model]["likelihood_ratio_tests"][ratio], compared(name, model)
    kind = "Common factor" if ratio.endswith("common_factor") else "Likelihood ratio"
    ours = rows.loc[(*RATIOS[ratio], kind)]
    size = float(found.criteria["log_likelihood"].abs().max())
    allowed = 4 * LIKELIHOOD * max(1.0, size * 1e-2)
    np.testing.assert_allclose(ours["statistic"], given["stat"], rtol=LIKELIHOOD, atol=allowed)
    assert ours["df"] == given["df"]
    np.testing.assert_allclose(ours["p"], given["p"], rtol=1e-5, atol=allowed)
