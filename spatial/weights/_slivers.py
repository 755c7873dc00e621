"""Polygons that miss each other by a sliver: perhaps a border that was digitised twice."""

import math
from dataclasses import dataclass

import numpy as np

from spatial.errors import listed
from spatial.weights._borders import Numbers, Outlines, among, in_one_plane, near_boxes
from spatial.weights._positions import in_words

#: Two polygons miss each other by a sliver when the gap is below this share of the side of a usual polygon.
SLIVER = 0.01
#: So many pairs are named in a sentence.
SHOWN = 5


@dataclass(frozen=True, eq=False)
class Slivers:
    """Pairs of polygons with a narrow gap between them, the narrowest first."""

    pairs: Numbers  # (pairs, 2) positions, the smaller first
    gap: Numbers  # metres; local coordinates: their own unit
    limit: float  # the widest gap that counts as narrow

    def touching(self, some: Numbers) -> "Slivers":
        """Keep the pairs that hold at least one of ``some`` positions."""
        kept = np.isin(self.pairs, some).any(axis=1)
        return Slivers(self.pairs[kept], self.gap[kept], self.limit)

    @property
    def snap(self) -> float:
        """The snap that closes all gaps: the widest one, rounded up to two digits."""
        widest = float(self.gap.max()) * (1 + 1e-6)
        unit: float = 10.0 ** (math.floor(math.log10(widest)) - 1)
        return float(f"{math.ceil(widest / unit) * unit:.2g}")

    def widths(self, unit: str) -> str:
        """Say how wide the gaps are."""
        low, high = in_words(float(self.gap[0]), unit), in_words(float(self.gap[-1]), unit)
        return low if low == high else f"{low} to {high}"

    def named(self, labels: Numbers) -> str:
        """Name the pairs with the narrowest gaps."""
        shown = [f"{one} and {other}" for one, other in labels[self.pairs[:SHOWN]]]
        return listed(shown, SHOWN) + (f" and {len(self.pairs) - SHOWN} more" if len(self.pairs) > SHOWN else "")


def slivers(of: Outlines, labels: Numbers, linked: Numbers) -> Slivers:
    """
    Find polygons that are no neighbours but nearly touch.

    Parameters
    ----------
    of
        The polygons.
    labels
        Their names, which decide between gaps of the same width.
    linked
        (pairs, 2) positions of the neighbours, each pair once and sorted, the smaller first.

    Returns
    -------
    Slivers
        Those whose gap is more than rounding and less than 1 % of the side of a square as large as the median polygon.
    """
    import shapely

    limit = SLIVER * _side(of)
    pairs = near_boxes(of, limit)
    pairs = pairs[~among(pairs, linked)]
    first, second, metres = in_one_plane(of, pairs)
    gap: Numbers = np.asarray(shapely.distance(first, second)) * metres
    near = (gap > of.rounding) & (gap <= limit)
    pairs, gap = pairs[near], gap[near]
    rank = np.argsort(np.argsort(labels, kind="stable"))
    order = np.lexsort((rank[pairs[:, 1]], rank[pairs[:, 0]], gap))
    return Slivers(pairs[order], gap[order], limit)


def _side(of: Outlines) -> float:
    """Give the side of a square as large as the median polygon, in metres."""
    import shapely

    each = np.arange(len(of.shapes))
    shapes, _, metres = in_one_plane(of, np.column_stack([each, each]))
    return float(np.sqrt(np.median(shapely.area(shapes))) * metres)
