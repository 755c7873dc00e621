"""Places with several indicators -> groups of alike places."""

from spatial.clusters.grouping_compared import ComparedGrouping, compare_grouping
from spatial.clusters.k_means_groups import KMeans, k_means
from spatial.clusters.ward_groups import Ward, ward

__all__ = ["ComparedGrouping", "KMeans", "Ward", "compare_grouping", "k_means", "ward"]
