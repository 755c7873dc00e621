"""Places with several indicators -> groups of alike places."""

from spatial.clusters.constrained_ward_groups import ConstrainedWard, constrained_ward
from spatial.clusters.grouping_compared import ComparedGrouping, compare_grouping
from spatial.clusters.k_means_groups import KMeans, k_means
from spatial.clusters.max_p_groups import MaxP, max_p
from spatial.clusters.skater_groups import Skater, skater
from spatial.clusters.ward_groups import Ward, ward

__all__ = [
    "ComparedGrouping",
    "ConstrainedWard",
    "KMeans",
    "MaxP",
    "Skater",
    "Ward",
    "compare_grouping",
    "constrained_ward",
    "k_means",
    "max_p",
    "skater",
    "ward",
]
