"""The papers behind the methods."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from spatial.outputs.atlas import Step

REFERENCES: Mapping[str, tuple[str, str]] = {
    "anselin-1988": ("Anselin, L. (1988). Spatial Econometrics: Methods and Models. Dordrecht: Kluwer.", "10.1007/978-94-015-7799-1"),
    "anselin-1995": ("Anselin, L. (1995). Local indicators of spatial association – LISA. Geographical Analysis 27(2), 93–115.", "10.1111/j.1538-4632.1995.tb00338.x"),
    "anselin-1996": ("Anselin, L., Bera, A. K., Florax, R. and Yoon, M. J. (1996). Simple diagnostic tests for spatial dependence. Regional Science and Urban Economics 26(1), 77–104.", "10.1016/0166-0462(95)02111-6"),
    "benjamini-1995": ("Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate: a practical and powerful approach to multiple testing. Journal of the Royal Statistical Society B 57(1), 289–300.", "10.1111/j.2517-6161.1995.tb02031.x"),
    "breusch-1979": ("Breusch, T. S. and Pagan, A. R. (1979). A simple test for heteroscedasticity and random coefficient variation. Econometrica 47(5), 1287–1294.", "10.2307/1911963"),
    "anselin-2014": ("Anselin, L. and Rey, S. J. (2014). Modern Spatial Econometrics in Practice. Chicago: GeoDa Press.", ""),
    "burnham-2004": ("Burnham, K. P. and Anderson, D. R. (2004). Multimodel inference: understanding AIC and BIC in model selection. Sociological Methods and Research 33(2), 261–304.", "10.1177/0049124104268644"),
    "cook-1977": ("Cook, R. D. (1977). Detection of influential observation in linear regression. Technometrics 19(1), 15–18.", "10.1080/00401706.1977.10489493"),
    "elhorst-2010": ("Elhorst, J. P. (2010). Applied spatial econometrics: raising the bar. Spatial Economic Analysis 5(1), 9–28.", "10.1080/17421770903541772"),
    "florax-2003": ("Florax, R. J. G. M., Folmer, H. and Rey, S. J. (2003). Specification searches in spatial econometrics: the relevance of Hendry's methodology. Regional Science and Urban Economics 33(5), 557–579.", "10.1016/S0166-0462(03)00002-4"),
    "halleck-2015": ("Halleck Vega, S. and Elhorst, J. P. (2015). The SLX model. Journal of Regional Science 55(3), 339–363.", "10.1111/jors.12188"),
    "kelejian-1998": ("Kelejian, H. H. and Prucha, I. R. (1998). A generalized spatial two-stage least squares procedure for estimating a spatial autoregressive model with autoregressive disturbances. Journal of Real Estate Finance and Economics 17(1), 99–121.", "10.1023/A:1007707430416"),
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
    "assuncao-2006": ("Assunção, R. M., Neves, M. C., Câmara, G. and Da Costa Freitas, C. (2006). Efficient regionalization techniques for socio-economic geographical units using minimum spanning trees. International Journal of Geographical Information Science 20(7), 797–811.", "10.1080/13658810600665111"),
    "calinski-1974": ("Caliński, T. and Harabasz, J. (1974). A dendrite method for cluster analysis. Communications in Statistics 3(1), 1–27.", "10.1080/03610927408827101"),
    "duque-2012": ("Duque, J. C., Anselin, L. and Rey, S. J. (2012). The max-p-regions problem. Journal of Regional Science 52(3), 397–419.", "10.1111/j.1467-9787.2011.00743.x"),
    "guo-2008": ("Guo, D. (2008). Regionalization with dynamically constrained agglomerative clustering and partitioning (REDCAP). International Journal of Geographical Information Science 22(7), 801–823.", "10.1080/13658810701674970"),
    "hennig-2007": ("Hennig, C. (2007). Cluster-wise assessment of cluster stability. Computational Statistics & Data Analysis 52(1), 258–271.", "10.1016/j.csda.2006.11.025"),
    "tibshirani-2001": ("Tibshirani, R., Walther, G. and Hastie, T. (2001). Estimating the number of clusters in a data set via the gap statistic. Journal of the Royal Statistical Society B 63(2), 411–423.", "10.1111/1467-9868.00293"),
    "ward-1963": ("Ward, J. H. (1963). Hierarchical grouping to optimize an objective function. Journal of the American Statistical Association 58(301), 236–244.", "10.1080/01621459.1963.10500845"),
    "white-1980": ("White, H. (1980). A heteroskedasticity-consistent covariance matrix estimator and a direct test for heteroskedasticity. Econometrica 48(4), 817–838.", "10.2307/1912934"),
    "anselin-2002": ("Anselin, L., Syabri, I. and Smirnov, O. (2002). Visualizing multivariate spatial correlation with dynamically linked windows. In New Tools for Spatial Data Analysis. Santa Barbara: CSISS.", ""),
    "anselin-2019-geary": ("Anselin, L. (2019). A local indicator of multivariate spatial association: extending Geary's c. Geographical Analysis 51(2), 133–150.", "10.1111/gean.12164"),
    "anselin-2019-join": ("Anselin, L. and Li, X. (2019). Operational local join count statistics for cluster detection. Journal of Geographical Systems 21, 189–210.", "10.1007/s10109-019-00299-x"),
    "assuncao-1999": ("Assunção, R. M. and Reis, E. A. (1999). A new proposal to adjust Moran's I for population density. Statistics in Medicine 18(16), 2147–2162.", "10.1002/(SICI)1097-0258(19990830)18:16<2147::AID-SIM179>3.0.CO;2-I"),
    "choynowski-1959": ("Choynowski, M. (1959). Maps based on probabilities. Journal of the American Statistical Association 54(286), 385–388.", "10.1080/01621459.1959.10501983"),
    "lee-2001": ("Lee, S.-I. (2001). Developing a bivariate spatial association measure: an integration of Pearson's r and Moran's I. Journal of Geographical Systems 3, 369–385.", "10.1007/s101090100064"),
    "marshall-1991": ("Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics 40(2), 283–294.", "10.2307/2347593"),
    "ord-2012": ("Ord, J. K. and Getis, A. (2012). Local spatial heteroscedasticity (LOSH). The Annals of Regional Science 48, 529–539.", "10.1007/s00168-011-0492-y"),
    "otto-2018": ("Otto, P., Schmid, W. and Garthoff, R. (2018). Generalised spatial and spatiotemporal autoregressive conditional heteroscedasticity. Spatial Statistics 26, 125–145.", "10.1016/j.spasta.2018.07.005"),
    "wartenberg-1985": ("Wartenberg, D. (1985). Multivariate spatial correlation: a method for exploratory geographical analysis. Geographical Analysis 17(4), 263–283.", "10.1111/j.1538-4632.1985.tb00849.x"),
    "xu-2014": ("Xu, M., Mei, C.-L. and Yan, N. (2014). A note on the null distribution of the local spatial heteroscedasticity (LOSH) statistic. The Annals of Regional Science 52, 697–710.", "10.1007/s00168-014-0605-5"),
}  # fmt: skip

# What a result has, or a test is called -> the papers it rests on.
_BEHIND: Mapping[str, tuple[str, ...]] = {
    "moran": ("moran-1950", "cliff-1981"),
    "correlogram": ("moran-1950", "cliff-1981", "benjamini-1995", "phipson-2010"),
    "influence": ("cook-1977",),
    "geary": ("geary-1954", "cliff-1981"),
    "getis_ord": ("getis-1992",),
    "join_counts": ("cliff-1981",),
    "bivariate_moran": ("wartenberg-1985", "anselin-2002"),
    "lee": ("lee-2001",),
    "rate_moran": ("assuncao-1999",),
    "heteroskedasticity": ("ord-2012", "otto-2018"),
    "empirical_bayes": ("marshall-1991", "choynowski-1959"),
    "spatial_rate": ("marshall-1991",),
    "local_moran": ("anselin-1995", "sokal-1998"),
    "local_rate_moran": ("assuncao-1999", "anselin-1995"),
    "local_getis_ord": ("ord-1995",),
    "local_geary": ("anselin-1995", "anselin-2019-geary"),
    "local_bivariate_moran": ("anselin-2002",),
    "local_join_counts": ("anselin-2019-join",),
    "losh": ("ord-2012", "xu-2014"),
    "ols": ("anselin-1988",),
    "lag_model": ("ord-1975", "anselin-1988"),
    "error_model": ("ord-1975", "anselin-1988"),
    "slx_model": ("halleck-2015",),
    "durbin_model": ("anselin-1988", "lesage-2009"),
    "durbin_error_model": ("halleck-2015", "lesage-2009"),
    "combined_model": ("kelejian-1998", "lesage-2009"),
    "compare_models": ("anselin-2014", "burnham-2004", "elhorst-2010", "florax-2003", "koley-2024"),
    "fixed_effects": ("cameron-2008", "cameron-2015"),
    "kernel_density": ("silverman-1986",),
    "k_means": ("lloyd-1982",),
    "ward": ("ward-1963",),
    "skater": ("assuncao-2006",),
    "constrained_ward": ("ward-1963", "guo-2008"),
    "max_p": ("duque-2012",),
    "stability": ("hennig-2007",),
    "gap": ("tibshirani-2001",),
    "choice": ("calinski-1974",),
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
