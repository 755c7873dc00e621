"""What tests ask and answer in one sentence, and the papers behind the methods."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from spatial.outputs.atlas import Step
from spatial.outputs.words import p_words

SIGNIFICANT = 0.05

#: Test -> what a small p says, what a large p says.
TESTS: Mapping[str, tuple[str, str]] = {
    "Jarque-Bera": (
        "The residuals are not normally distributed; p-values that rest on normality are rough.",
        "Nothing speaks against normally distributed residuals.",
    ),
    "Breusch-Pagan": (
        "The residuals spread more for some values of the regressors than for others (heteroskedasticity); plain standard errors are doubtful.",
        "No sign that the residuals spread unevenly with the regressors.",
    ),
    "Koenker-Bassett": (
        "The residuals spread unevenly with the regressors, also by a test that does not need normality.",
        "No sign of unevenly spread residuals, by a test that does not need normality.",
    ),
    "White": (
        "The variance of the residuals depends on regressors, their squares or products.",
        "No sign that the variance of the residuals depends on regressors, their squares or products.",
    ),
    "Moran residuals": (
        "The residuals of neighbours are related: the model leaves a spatial pattern behind.",
        "The residuals show no spatial pattern that chance could not make.",
    ),
    "LM lag": (
        "The outcome in neighbouring places would add to the model: a spatial lag is worth trying.",
        "No sign that the outcome in neighbouring places is missing from the model.",
    ),
    "LM error": (
        "The errors of neighbours are related: a spatial error model is worth trying.",
        "No sign that the errors of neighbours are related.",
    ),
    "Robust LM lag": (
        "A spatial lag matters even when related errors are allowed for.",
        "Once related errors are allowed for, nothing points to a spatial lag.",
    ),
    "Robust LM error": (
        "Related errors matter even when a spatial lag is allowed for.",
        "Once a spatial lag is allowed for, nothing points to related errors.",
    ),
    "LM SARMA": (
        "A spatial lag, related errors or both are missing from the model; the test cannot say which.",
        "No sign of a spatial lag and related errors together.",
    ),
    "LM WX": (
        "The regressors of neighbouring places would add to the model, if the outcome in neighbouring places does not stand behind this.",
        "No sign that the regressors of neighbouring places are missing from the model.",
    ),
    "Robust LM lag SDM": (
        "A spatial lag of the outcome matters even beside neighbours' regressors.",
        "Beside neighbours' regressors, nothing points to a spatial lag of the outcome.",
    ),
    "Robust LM WX": (
        "Neighbours' regressors matter even beside a spatial lag of the outcome.",
        "Beside a spatial lag of the outcome, nothing points to neighbours' regressors.",
    ),
    "Likelihood ratio": (
        "The spatial model fits better than the same model without the spatial parameter, beyond what chance would do.",
        "The spatial parameter does not improve the fit beyond what chance would do; nothing here speaks for it.",
    ),
    "Wald": (
        "The spatial parameter differs from zero by more than its standard error explains.",
        "The spatial parameter cannot be told from zero.",
    ),
    "LM residual autocorrelation": (
        "A spatial pattern remains in the residuals although the model has a spatial lag.",
        "Once the spatial lag is in the model, the residuals show no further pattern that chance could not make.",
    ),
    "Breusch-Pagan spatial": (
        "The residuals of the spatial model spread unevenly with the regressors, which maximum likelihood assumes they do not: its standard errors are doubtful, and to a degree its estimates.",
        "No sign that the residuals of the spatial model spread unevenly.",
    ),
    "Koenker-Bassett spatial": (
        "The residuals of the spatial model spread unevenly with the regressors, also by a test that does not need normality.",
        "No sign of unevenly spread residuals of the spatial model, by a test that does not need normality.",
    ),
    "Common factor": (
        "The restriction that would turn the Durbin model into an error model is refused.",
        "Nothing speaks against reducing the Durbin model to a spatial error model.",
    ),
    "Hausman": (
        "Coefficients with and without the error process differ: the error model is probably not the right one.",
        "Coefficients with and without the error process do not differ clearly, as it should be if the error model is right.",
    ),
}

REFERENCES: Mapping[str, tuple[str, str]] = {
    "anselin-1988": ("Anselin, L. (1988). Spatial Econometrics: Methods and Models. Dordrecht: Kluwer.", "10.1007/978-94-015-7799-1"),
    "anselin-1995": ("Anselin, L. (1995). Local indicators of spatial association – LISA. Geographical Analysis 27(2), 93–115.", "10.1111/j.1538-4632.1995.tb00338.x"),
    "anselin-1996": ("Anselin, L., Bera, A. K., Florax, R. and Yoon, M. J. (1996). Simple diagnostic tests for spatial dependence. Regional Science and Urban Economics 26(1), 77–104.", "10.1016/0166-0462(95)02111-6"),
    "benjamini-1995": ("Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate: a practical and powerful approach to multiple testing. Journal of the Royal Statistical Society B 57(1), 289–300.", "10.1111/j.2517-6161.1995.tb02031.x"),
    "breusch-1979": ("Breusch, T. S. and Pagan, A. R. (1979). A simple test for heteroscedasticity and random coefficient variation. Econometrica 47(5), 1287–1294.", "10.2307/1911963"),
    "cameron-2008": ("Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Bootstrap-based improvements for inference with clustered errors. Review of Economics and Statistics 90(3), 414–427.", "10.1162/rest.90.3.414"),
    "cameron-2015": ("Cameron, A. C. and Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal of Human Resources 50(2), 317–372.", "10.3368/jhr.50.2.317"),
    "cliff-1981": ("Cliff, A. D. and Ord, J. K. (1981). Spatial Processes: Models and Applications. London: Pion.", ""),
    "fisher-1958": ("Fisher, W. D. (1958). On grouping for maximum homogeneity. Journal of the American Statistical Association 53(284), 789–798.", "10.1080/01621459.1958.10501479"),
    "geary-1954": ("Geary, R. C. (1954). The contiguity ratio and statistical mapping. The Incorporated Statistician 5(3), 115–145.", "10.2307/2986645"),
    "getis-1992": ("Getis, A. and Ord, J. K. (1992). The analysis of spatial association by use of distance statistics. Geographical Analysis 24(3), 189–206.", "10.1111/j.1538-4632.1992.tb00261.x"),
    "hubert-1985": ("Hubert, L. and Arabie, P. (1985). Comparing partitions. Journal of Classification 2, 193–218.", "10.1007/BF01908075"),
    "jarque-1980": ("Jarque, C. M. and Bera, A. K. (1980). Efficient tests for normality, homoscedasticity and serial independence of regression residuals. Economics Letters 6(3), 255–259.", "10.1016/0165-1765(80)90024-5"),
    "koenker-1981": ("Koenker, R. (1981). A note on studentizing a test for heteroscedasticity. Journal of Econometrics 17(1), 107–112.", "10.1016/0304-4076(81)90062-2"),
    "koenker-1982": ("Koenker, R. and Bassett, G. (1982). Robust tests for heteroscedasticity based on regression quantiles. Econometrica 50(1), 43–61.", "10.2307/1912528"),
    "koley-2024": ("Koley, M. and Bera, A. K. (2024). To use, or not to use the spatial Durbin model? – that is the question. Spatial Economic Analysis 19(1), 30–56.", "10.1080/17421772.2023.2256810"),
    "lesage-2009": ("LeSage, J. and Pace, R. K. (2009). Introduction to Spatial Econometrics. Boca Raton: CRC Press.", "10.1201/9781420064254"),
    "lloyd-1982": ("Lloyd, S. P. (1982). Least squares quantization in PCM. IEEE Transactions on Information Theory 28(2), 129–137.", "10.1109/TIT.1982.1056489"),
    "moran-1950": ("Moran, P. A. P. (1950). Notes on continuous stochastic phenomena. Biometrika 37(1/2), 17–23.", "10.1093/biomet/37.1-2.17"),
    "ord-1975": ("Ord, K. (1975). Estimation methods for models of spatial interaction. Journal of the American Statistical Association 70(349), 120–126.", "10.1080/01621459.1975.10480272"),
    "ord-1995": ("Ord, J. K. and Getis, A. (1995). Local spatial autocorrelation statistics: distributional issues and an application. Geographical Analysis 27(4), 286–306.", "10.1111/j.1538-4632.1995.tb00912.x"),
    "pace-2008": ("Pace, R. K. and LeSage, J. P. (2008). A spatial Hausman test. Economics Letters 101(3), 282–284.", "10.1016/j.econlet.2008.09.003"),
    "phipson-2010": ("Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be zero: calculating exact p-values when permutations are randomly drawn. Statistical Applications in Genetics and Molecular Biology 9(1), article 39.", "10.2202/1544-6115.1585"),
    "rousseeuw-1987": ("Rousseeuw, P. J. (1987). Silhouettes: a graphical aid to the interpretation and validation of cluster analysis. Journal of Computational and Applied Mathematics 20, 53–65.", "10.1016/0377-0427(87)90125-7"),
    "silverman-1986": ("Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis. London: Chapman and Hall.", "10.1201/9781315140919"),
    "sokal-1998": ("Sokal, R. R., Oden, N. L. and Thomson, B. A. (1998). Local spatial autocorrelation in a biological model. Geographical Analysis 30(4), 331–354.", "10.1111/j.1538-4632.1998.tb00406.x"),
    "ward-1963": ("Ward, J. H. (1963). Hierarchical grouping to optimize an objective function. Journal of the American Statistical Association 58(301), 236–244.", "10.1080/01621459.1963.10500845"),
    "white-1980": ("White, H. (1980). A heteroskedasticity-consistent covariance matrix estimator and a direct test for heteroskedasticity. Econometrica 48(4), 817–838.", "10.2307/1912934"),
}  # fmt: skip

# What a result has, or a test is called -> the papers it rests on.
_BEHIND: Mapping[str, tuple[str, ...]] = {
    "moran": ("moran-1950", "cliff-1981"),
    "geary": ("geary-1954", "cliff-1981"),
    "getis_ord": ("getis-1992",),
    "local_moran": ("anselin-1995", "sokal-1998"),
    "local_getis_ord": ("ord-1995",),
    "ols": ("anselin-1988",),
    "lag_model": ("ord-1975", "anselin-1988"),
    "error_model": ("ord-1975", "anselin-1988"),
    "fixed_effects": ("cameron-2008", "cameron-2015"),
    "kernel_density": ("silverman-1986",),
    "k_means": ("lloyd-1982",),
    "ward": ("ward-1963",),
    "compare_grouping": ("hubert-1985",),
    "p_permutation": ("phipson-2010",),
    "p_adjusted": ("benjamini-1995",),
    "impacts": ("lesage-2009",),
    "silhouette": ("rousseeuw-1987",),
    "Jarque-Bera": ("jarque-1980",),
    "Breusch-Pagan": ("breusch-1979",),
    "Koenker-Bassett": ("koenker-1981", "koenker-1982"),
    "Koenker-Bassett spatial": ("koenker-1981", "anselin-1988"),
    "White": ("white-1980",),
    "LM lag": ("anselin-1996",),
    "LM error": ("anselin-1996",),
    "LM WX": ("koley-2024",),
    "Moran residuals": ("cliff-1981",),
    "Breusch-Pagan spatial": ("breusch-1979", "anselin-1988"),
    "Hausman": ("pace-2008",),
    "natural breaks": ("fisher-1958",),
}


def answers(names: Iterable[object], p_values: Iterable[float]) -> list[str]:
    """
    Say in a sentence what each test found.

    Parameters
    ----------
    names
        As in the table of tests.
    p_values
        One for each.

    Returns
    -------
    list of str
        For every test this room knows, in their order.

    Examples
    --------
    >>> answers(["Wald"], [0.2])
    ['Wald (p = 0.200): The spatial parameter cannot be told from zero.']
    """
    found = []
    for name, p in zip(names, p_values, strict=True):
        if str(name) not in TESTS or p is None or not 0 <= p <= 1:
            continue
        small, large = TESTS[str(name)]
        words = p_words(p)
        found.append(f"{name} (p {words if words.startswith('<') else '= ' + words}): {small if p < SIGNIFICANT else large}")
    return found


def references(steps: Iterable[Step], methods: Iterable[str] = ()) -> list[tuple[str, str]]:
    """
    List the papers behind what a study used.

    Parameters
    ----------
    steps
        The finished steps.
    methods
        Further methods, such as "natural breaks".

    Returns
    -------
    list of tuple
        Citation and DOI (empty where there is none), in alphabetical order.
    """
    used = set(methods)
    for step in steps:
        used.add(step.result.operation)
        used |= {each.name for each in fields(step.result) if _is_there(getattr(step.result, each.name))}
        tests: Any = getattr(step.result, "tests", None)
        used |= set(map(str, tests.index)) if hasattr(tests, "index") and hasattr(tests, "columns") else set()
    keys = {key for name in used for key in _BEHIND.get(name, ())}
    return [REFERENCES[key] for key in sorted(keys, key=lambda key: REFERENCES[key][0].casefold())]


def _is_there(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and value != value)  # noqa: PLR0124
