"""The points a surface is made of, and what must hold for them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import DataError, StudyError, complaint, counted, listed
from spatial.places import Missing, aligned, checked, is_local
from spatial.surfaces._kernels import EQUALLY_WIDE, Kernel, Numbers

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame


@dataclass(frozen=True, eq=False)
class Weighted:
    """Points with their weights, in the order of their labels."""

    labels: "pd.Index[str]"
    positions: Numbers  # (points, 2)
    weights: Numbers
    notes: tuple[str, ...]

    @property
    def effective(self) -> float:
        """How many points of equal weight would be as good (Kish 1965)."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())


def metric_points(points: "GeoDataFrame") -> "GeoDataFrame":
    """
    Make sure that a density can be summed over a table.

    Parameters
    ----------
    points
        The table.

    Returns
    -------
    geopandas.GeoDataFrame
        The same, checked.

    Raises
    ------
    DataError
        When there is anything but points, or coordinates are neither metres nor local.
    """
    points = checked(points, "points")
    others = points.index[points.geom_type != "Point"]
    if len(others):
        raise DataError(
            complaint(
                "points",
                f"{len(others)} of {len(points)} {'is no point' if len(others) == 1 else 'are no points'} but {listed(sorted(set(points.geom_type[others])))}: {listed(others)}",
                "A density is summed over points",
                "Use their centroids, if that is what is meant",
            )
        )
    crs = points.crs
    if crs.is_geographic:
        raise DataError(
            complaint(
                "points",
                f"the coordinates are degrees ({crs.name})",
                "A density per square kilometre needs metres",
                "Read the points with a projection in metres, best one with equal areas, as crs",
            )
        )
    if not is_local(points) and any(axis.unit_conversion_factor != 1 for axis in crs.axis_info[:2]):
        raise DataError(
            complaint(
                "points",
                f"the coordinates are in {crs.axis_info[0].unit_name} ({crs.name})",
                "Expected metres",
                "Read the points with a projection in metres as crs",
            )
        )
    return points


def same_system(points: "GeoDataFrame", boundary: "GeoDataFrame | None", *, clip: bool) -> "GeoDataFrame | None":
    """
    Make sure that a boundary lies where the points lie.

    Parameters
    ----------
    points
        The points.
    boundary
        Polygons, or None.
    clip
        Whether there must be some.

    Returns
    -------
    geopandas.GeoDataFrame or None
        The boundary, checked.

    Raises
    ------
    DataError
        When the reference systems differ or there is anything but polygons.
    StudyError
        When a boundary is needed and there is none.
    """
    if boundary is None:
        if clip:
            raise StudyError(
                complaint(
                    "kernel_density",
                    "clip is set, but there is no boundary",
                    "Expected polygons to cut the surface out with",
                    "Give a boundary, or set clip = false",
                )
            )
        return None
    boundary = checked(boundary, "boundary")
    if not points.crs.equals(boundary.crs, ignore_axis_order=True):
        raise DataError(
            complaint(
                "kernel_density",
                f"the points are in {points.crs.name}, the boundary in {boundary.crs.name}",
                "Expected two layers in one reference system (CRS)",
                "Read both with the same crs",
            )
        )
    if not boundary.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        raise DataError(complaint("boundary", f"it holds {listed(sorted(set(boundary.geom_type)))}", "Expected polygons"))
    return boundary


def weighted(points: "GeoDataFrame", weight: str | None, missing: Missing) -> Weighted:
    """
    Take positions and weights, in the order of the labels.

    Parameters
    ----------
    points
        The points.
    weight
        The column of weights; without it each point counts 1.
    missing
        What a missing weight means.

    Returns
    -------
    Weighted
        Weights of 0 or more, not all 0.

    Raises
    ------
    DataError
        When a weight is missing, negative or no number, or all are 0.
    """
    given = aligned(points, None, [weight] if weight else [], missing=missing, least=1, varying=False)
    weights = given.vector if weight else np.ones(len(given.labels))
    below = given.labels[weights < 0]
    if len(below):
        raise DataError(
            complaint(
                f"column {weight!r}",
                f"{counted(len(below), 'weight is', 'weights are')} negative: {listed(below)}",
                "Expected weights of 0 or more",
            )
        )
    if not weights.sum() > 0:
        raise DataError(
            complaint(
                f"column {weight!r}",
                "the only weight is 0" if len(weights) == 1 else f"all {len(weights)} weights are 0",
                "Expected at least one above 0",
            )
        )
    return Weighted(given.labels, points.geometry.loc[given.labels].get_coordinates().to_numpy(), weights, given.notes)


def scott(of: Weighted, kernel: Kernel) -> tuple[float, str]:
    """
    Choose a bandwidth by Scott's rule for two dimensions.

    Parameters
    ----------
    of
        The points.
    kernel
        The kernel, as some must be wider than others to be as wide.

    Returns
    -------
    bandwidth : float
        In the unit of the coordinates.
    rule : str
        In words.

    Raises
    ------
    DataError
        When all points lie at one place.
    """
    share = of.weights / of.weights.sum()
    variance = float((share @ (of.positions - share @ of.positions) ** 2).mean())
    if not variance > 0:
        raise DataError(
            complaint(
                "kernel_density", "all points with a weight lie at one place", "No bandwidth can be told from them", "Set bandwidth"
            )
        )
    width = np.sqrt(variance) * of.effective ** (-1 / 6)
    return float(width * EQUALLY_WIDE[kernel]), f"Scott's rule, for {of.effective:.4g} effective points"


def areal_scale(points: "GeoDataFrame") -> tuple[float, float]:
    """
    Give the least and the greatest ratio of an area on the map to that on the ground.

    Parameters
    ----------
    points
        Where to look.

    Returns
    -------
    low, high : float
        1 where areas are true, and for local coordinates.
    """
    from pyproj import Proj

    if is_local(points):
        return 1.0, 1.0
    projection = Proj(points.crs)
    if not projection.has_inverse:
        return 1.0, 1.0
    at = points.geometry.get_coordinates().to_numpy()
    longitude, latitude = projection(at[:, 0], at[:, 1], inverse=True)
    scale = np.asarray(projection.get_factors(longitude, latitude).areal_scale, float)
    return float(scale.min()), float(scale.max())
