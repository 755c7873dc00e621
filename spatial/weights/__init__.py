"""Who is whose neighbour: places -> Graph."""

from spatial.weights.border import contiguity
from spatial.weights.distance import distance_band, inverse_distance, nearest

__all__ = ["contiguity", "distance_band", "inverse_distance", "nearest"]
