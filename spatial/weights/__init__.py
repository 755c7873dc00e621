"""Who is whose neighbour: places -> Graph."""

from spatial.weights.border import contiguity
from spatial.weights.distance import distance_band, inverse_distance, nearest
from spatial.weights.files import read_graph
from spatial.weights.kernels import kernel_weights
from spatial.weights.lines import edges
from spatial.weights.report import Connectivity, connectivity
from spatial.weights.sets import block, difference, higher_order, intersection, union
from spatial.weights.triangles import triangulation
from spatial.weights.writing import write_graph

__all__ = [
    "Connectivity",
    "block",
    "connectivity",
    "contiguity",
    "difference",
    "distance_band",
    "edges",
    "higher_order",
    "intersection",
    "inverse_distance",
    "kernel_weights",
    "nearest",
    "read_graph",
    "triangulation",
    "union",
    "write_graph",
]
