"""What each test asks and answers, in one plain sentence each: they travel with the result, so that no writer need know of models."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from spatial.models._reading import SIGNIFICANT

if TYPE_CHECKING:
    import pandas as pd

#: Test -> what it asks, what a small p says, what a large p says.
TESTS: Mapping[str, tuple[str, str, str]] = {
    "Jarque-Bera": (
        "Are the residuals normally distributed?",
        "No, and p values that rest on normality are rough.",
        "Nothing speaks against it.",
    ),
    "Breusch-Pagan": (
        "Do the residuals spread evenly, whatever the regressors?",
        "No, more for some values of the regressors than for others (heteroskedasticity): plain standard errors are doubtful.",
        "No sign that they do not.",
    ),
    "Koenker-Bassett": (
        "Do the residuals spread evenly, by a test that does not need normality?",
        "No, the spread goes with the regressors: plain standard errors are doubtful.",
        "No sign that they do not.",
    ),
    "White": (
        "Does the variance of the residuals go with regressors, their squares or products?",
        "Yes, so plain standard errors are doubtful, or the form of the model is wrong.",
        "No sign of it.",
    ),
    "Moran residuals": (
        "Are the residuals of neighbours related?",
        "Yes, the model leaves a spatial pattern behind.",
        "They show no spatial pattern that chance could not make.",
    ),
    "LM lag": (
        "Would the outcome in neighbouring places add to the model?",
        "Yes, a spatial lag is worth trying.",
        "No sign that it is missing.",
    ),
    "LM error": (
        "Are the errors of neighbours related?",
        "Yes, a spatial error model is worth trying.",
        "No sign of it.",
    ),
    "Robust LM lag": (
        "Is a spatial lag missing, related errors allowed for?",
        "Yes, a lag matters beside them.",
        "Nothing points to a lag then.",
    ),
    "Robust LM error": (
        "Are the errors of neighbours related, a spatial lag allowed for?",
        "Yes, they are related beside a lag.",
        "Nothing points to related errors then.",
    ),
    "LM SARMA": (
        "Are a spatial lag, related errors or both missing?",
        "Yes, though the test cannot say which.",
        "No sign of either.",
    ),
    "LM WX": (
        "Would the regressors of neighbouring places add to the model?",
        "Yes, unless the outcome in neighbouring places stands behind this.",
        "No sign that they are missing.",
    ),
    "Robust LM lag SDM": (
        "Is a spatial lag missing, neighbours' regressors allowed for?",
        "Yes, a lag matters beside them.",
        "Nothing points to a lag then.",
    ),
    "Robust LM WX": (
        "Are neighbours' regressors missing, a spatial lag allowed for?",
        "Yes, they matter beside a lag.",
        "Nothing points to them then.",
    ),
    "Likelihood ratio": (
        "Does the model fit better than the one without its spatial terms?",
        "Yes, beyond what chance would do.",
        "Not beyond what chance would do: nothing here speaks for these terms.",
    ),
    "Likelihood ratio of rho and lambda": (
        "Does the model fit better than the one without rho and lambda?",
        "Yes, beyond what chance would do.",
        "Not beyond what chance would do: nothing here speaks for them.",
    ),
    "Likelihood ratio of rho": (
        "Does the model fit better than the one without rho?",
        "Yes, beyond what chance would do.",
        "Not beyond what chance would do: nothing here speaks for a spatial lag beside related errors.",
    ),
    "Likelihood ratio of lambda": (
        "Does the model fit better than the one without lambda?",
        "Yes, beyond what chance would do.",
        "Not beyond what chance would do: nothing here speaks for related errors beside a spatial lag.",
    ),
    "Wald": (
        "Can the spatial parameters be told from 0?",
        "Yes, by more than their standard errors explain.",
        "No.",
    ),
    "LM residual autocorrelation": (
        "Are the errors of neighbours related although the model has a spatial lag?",
        "Yes, a spatial pattern remains.",
        "No sign of it: the lag leaves no further pattern that chance could not make.",
    ),
    "Breusch-Pagan spatial": (
        "Do the residuals of the spatial model spread evenly?",
        "No, though maximum likelihood assumes it: its standard errors are doubtful, and to a degree its estimates.",
        "No sign that they do not.",
    ),
    "Koenker-Bassett spatial": (
        "Do the residuals of the spatial model spread evenly, by a test that does not need normality?",
        "No, though maximum likelihood assumes it.",
        "No sign that they do not.",
    ),
    "Common factor": (
        "Could an error model do what this Durbin model does?",
        "No, that restriction is refused.",
        "Nothing speaks against reducing it to an error model.",
    ),
    "Hausman": (
        "Do the coefficients agree with those of least squares, as they should if the error model is right?",
        "No, so the error model is probably not the right one.",
        "Nothing speaks against it.",
    ),
    "Anselin-Kelejian": (
        "Are the errors of neighbours related beside the instrumented spatial lag?",
        "Yes, a spatial pattern remains.",
        "No sign of it.",
    ),
    "Sargan": (
        "Are the instruments unrelated to the errors?",
        "No, at least one of them is not valid, or the model is wrong.",
        "Nothing speaks against it.",
    ),
    "Hansen": (
        "Are the instruments unrelated to the errors, evenly spread or not?",
        "No, at least one of them is not valid, or the model is wrong.",
        "Nothing speaks against it.",
    ),
    "Wu-Hausman": (
        "Are the regressors called endogenous related to the errors?",
        "Yes, so least squares would be wrong and instruments are needed.",
        "No sign that they are.",
    ),
    "First stage": (
        "Do the instruments say anything of this regressor?",
        "Yes; for reliable p values an F above 10 is usually asked for.",
        "Hardly: with weak instruments neither estimates nor p values can be trusted.",
    ),
}


def read_tests(tests: "pd.DataFrame | None") -> "pd.Series[str] | None":
    """
    Say what each test asks, and what it says here.

    Parameters
    ----------
    tests
        A table of tests with a column ``p``; a column ``p_bootstrap`` counts for more where it has a number.

    Returns
    -------
    pandas.Series or None
        Two short sentences for each test that is known and could be made; None without any.

    Examples
    --------
    >>> import pandas as pd
    >>> read_tests(pd.DataFrame({"p": [0.2]}, index=["Wald"]))["Wald"]
    'Can the spatial parameters be told from 0? No.'
    """
    import pandas as pd

    if tests is None:
        return None
    found = {}
    for name, row in tests.iterrows():
        simulated = row.get("p_bootstrap", float("nan"))
        p = float(simulated if np.isfinite(simulated) else row["p"])
        known = "First stage" if str(name).startswith("First stage ") else str(name)
        if known in TESTS and np.isfinite(p):
            asks, small, large = TESTS[known]
            found[str(name)] = f"{asks} {small if p < SIGNIFICANT else large}"
    return pd.Series(found, index=pd.Index(list(found), name="test")) if found else None
