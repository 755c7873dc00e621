"""Places and neighbours -> what can be seen in them: summaries, global and local spatial statistics."""

from spatial.explore.description import Description, describe
from spatial.explore.geary_global import Geary, geary
from spatial.explore.getis_ord_global import GetisOrd, getis_ord
from spatial.explore.getis_ord_local import LocalGetisOrd, local_getis_ord
from spatial.explore.moran_global import Moran, moran
from spatial.explore.moran_local import LocalMoran, local_moran

__all__ = [
    "Description",
    "Geary",
    "GetisOrd",
    "LocalGetisOrd",
    "LocalMoran",
    "Moran",
    "describe",
    "geary",
    "getis_ord",
    "local_getis_ord",
    "local_moran",
    "moran",
]
