"""Who is whose neighbour: places -> Graph."""

from spatial.weights.border import contiguity
from spatial.weights.distance import distance_band, inverse_distance, nearest
from spatial.weights.files import read_graph
from spatial.weights.lines import edges
from spatial.weights.report import Connectivity, connectivity

__all__ = ["Connectivity", "connectivity", "contiguity", "distance_band", "edges", "inverse_distance", "nearest", "read_graph"]
