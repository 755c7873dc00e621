"""Places and neighbours -> what can be seen in them: summaries, global and local spatial statistics."""

from spatial.explore.correlogram_global import Correlogram, correlogram
from spatial.explore.description import Description, describe
from spatial.explore.geary_global import Geary, geary
from spatial.explore.geary_local import LocalGeary, local_geary
from spatial.explore.getis_ord_global import GetisOrd, getis_ord
from spatial.explore.getis_ord_local import LocalGetisOrd, local_getis_ord
from spatial.explore.heteroskedasticity_global import Heteroskedasticity, heteroskedasticity
from spatial.explore.join_counts_global import JoinCounts, join_counts
from spatial.explore.join_counts_local import LocalJoinCounts, local_join_counts
from spatial.explore.lee_global import Lee, lee
from spatial.explore.losh_local import LocalScatter, losh
from spatial.explore.moran_bivariate import BivariateMoran, bivariate_moran
from spatial.explore.moran_bivariate_local import LocalBivariateMoran, local_bivariate_moran
from spatial.explore.moran_global import Moran, moran
from spatial.explore.moran_local import LocalMoran, local_moran
from spatial.explore.moran_rates import RateMoran, rate_moran
from spatial.explore.moran_rates_local import local_rate_moran
from spatial.explore.rates import SmoothedRates, SpatialRates, empirical_bayes, spatial_rate

__all__ = [
    "BivariateMoran",
    "Correlogram",
    "Description",
    "Geary",
    "GetisOrd",
    "Heteroskedasticity",
    "JoinCounts",
    "Lee",
    "LocalBivariateMoran",
    "LocalGeary",
    "LocalGetisOrd",
    "LocalJoinCounts",
    "LocalMoran",
    "LocalScatter",
    "Moran",
    "RateMoran",
    "SmoothedRates",
    "SpatialRates",
    "bivariate_moran",
    "correlogram",
    "describe",
    "empirical_bayes",
    "geary",
    "getis_ord",
    "heteroskedasticity",
    "join_counts",
    "lee",
    "local_bivariate_moran",
    "local_geary",
    "local_getis_ord",
    "local_join_counts",
    "local_moran",
    "local_rate_moran",
    "losh",
    "moran",
    "rate_moran",
    "spatial_rate",
]
