"""Polygons that miss each other by a sliver: perhaps a border that was digitised twice."""

import math
from dataclasses import dataclass

import numpy as np

from spatial.errors import in_words, listed
from spatial.weights._borders import among, gaps, near_boxes, with_a_border
from spatial.weights._outlines import Numbers, Outlines, in_one_plane, over_a_pole
from spatial.weights._vertices import matched

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
    met: Numbers  # (pairs, 2): those without any gap

    def touching(self, some: Numbers) -> "Slivers":
        """Keep the pairs that hold at least one of ``some`` positions."""
        kept = np.isin(self.pairs, some).any(axis=1)
        return Slivers(self.pairs[kept], self.gap[kept], self.limit, self.met[np.isin(self.met, some).any(axis=1)])

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
        return named(labels, self.pairs)


def named(labels: Numbers, pairs: Numbers) -> str:
    """Name pairs of places; of very many only the first are put into words."""
    shown = [f"{one} and {other}" for one, other in labels[pairs[:SHOWN]]]
    return listed(shown, SHOWN) + (f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else "")


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
        Those whose gap is more than rounding and less than 1 % of the side of a square as large as the median polygon; and
        those that touch or overlap.
    """
    limit = SLIVER * _side(of)
    pairs = near_boxes(of, limit)
    pairs = pairs[~among(pairs, linked) & ~over_a_pole(of, pairs)]
    gap = gaps(of, pairs)
    met, near = pairs[gap == 0], (gap > 0) & (gap <= limit)
    pairs, gap = pairs[near], gap[near]
    rank = np.argsort(np.argsort(labels, kind="stable"))
    order = np.lexsort((rank[pairs[:, 1]], rank[pairs[:, 0]], gap))
    return Slivers(pairs[order], gap[order], limit, met)


def without_a_link(of: Outlines, shapes: Numbers, met: Numbers) -> Numbers:
    """
    Keep those of the pairs without a link that comparing vertices could not link.

    Parameters
    ----------
    of
        The polygons.
    shapes
        The same, as they stand in the table.
    met
        (pairs, 2) positions, the smaller first: those that touch or overlap and are not linked.

    Returns
    -------
    numpy.ndarray
        Those without a common vertex, where all that have one are linked. Where not all are, corners are no links in the
        graph: those that run beside each other, or overlap, without a common side.
    """
    if not len(met):
        return met
    involved = np.unique(met)
    at, shapes = np.searchsorted(involved, met), shapes[involved]
    if not among(at, matched(shapes, sides=False, globe=of.degrees).pairs).any():
        return met
    met = met[~among(at, matched(shapes, sides=True, globe=of.degrees).pairs)]
    return with_a_border(of, met, of.rounding)


def _side(of: Outlines) -> float:
    """Give the side of a square as large as the median polygon, in metres."""
    import shapely

    each = np.arange(len(of.shapes))
    shapes, _, metres = in_one_plane(of, np.column_stack([each, each]))
    return float(np.sqrt(np.median(shapely.area(shapes))) * metres)
