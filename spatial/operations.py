"""The catalogue: every operation, one line each, in the order of the rooms."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from spatial.errors import StudyError, complaint, nearest_name


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: the name it is called by, the room it lives in, its title, and what it does in a few words."""

    name: str
    room: str
    title: str
    summary: str

    def function(self) -> Callable[..., Any]:
        """Load the room and give the function itself."""
        function: Callable[..., Any] = getattr(import_module(f"spatial.{self.room}"), self.name)
        return function


OPERATIONS = (
    Operation("contiguity", "weights", "Contiguity", "Neighbours share a border (queen) or an edge (rook)"),
    Operation("nearest", "weights", "Nearest neighbours", "Neighbours are the k nearest places"),
    Operation("distance_band", "weights", "Distance band", "Neighbours are all places within a distance"),
    Operation("inverse_distance", "weights", "Inverse distance", "Nearer neighbours weigh more"),
    Operation("kernel_weights", "weights", "Kernel weights", "Neighbours weigh by a kernel of their distance, fixed or adaptive"),
    Operation(
        "triangulation", "weights", "Triangulation", "Neighbours by Delaunay, Gabriel, relative neighbours or spheres of influence"
    ),
    Operation("block", "weights", "Block weights", "Neighbours have the same value in a column, such as a region"),
    Operation("union", "weights", "Union of graphs", "Links that at least one of several graphs has"),
    Operation("intersection", "weights", "Intersection of graphs", "Links that each of several graphs has"),
    Operation("difference", "weights", "Difference of graphs", "Links that the first of several graphs has and no other"),
    Operation("higher_order", "weights", "Higher order", "Neighbours of neighbours in a graph, to any order"),
    Operation("connectivity", "weights", "Connectivity", "Report islands, components, neighbours and symmetry of a graph"),
    Operation("describe", "explore", "Description", "Summarise columns: location, spread, shape, missing values"),
    Operation("moran", "explore", "Moran's I", "Global Moran's I: do neighbours resemble each other?"),
    Operation("geary", "explore", "Geary's c", "Global Geary's c: how much do neighbours differ?"),
    Operation("getis_ord", "explore", "Getis-Ord G", "Global Getis-Ord G: do high values lie together?"),
    Operation("join_counts", "explore", "Join counts", "Join counts: do places of one kind lie together?"),
    Operation("bivariate_moran", "explore", "Bivariate Moran's I", "Is a column related to another one at the neighbours?"),
    Operation("lee", "explore", "Lee's L", "Are two columns high in the same neighbourhoods?"),
    Operation("rate_moran", "explore", "Moran's I of rates", "Moran's I of rates from populations of any size (empirical Bayes)"),
    Operation(
        "heteroskedasticity",
        "explore",
        "Spatial heteroskedasticity",
        "Do values scatter more in some parts of the map than in others?",
    ),
    Operation("correlogram", "explore", "Correlogram", "How far does likeness reach? Moran's I by steps or by distance"),
    Operation("empirical_bayes", "explore", "Empirical Bayes rates", "Rates, smoothed where populations are small"),
    Operation("spatial_rate", "explore", "Spatial rates", "Rates of places together with their neighbours"),
    Operation("local_moran", "explore", "Local Moran's I", "Local Moran's I: where are the clusters and the outliers?"),
    Operation(
        "local_rate_moran", "explore", "Local Moran's I of rates", "Where are clusters of high and low rates (empirical Bayes)?"
    ),
    Operation("local_getis_ord", "explore", "Local Getis-Ord G", "Local Getis-Ord G or G*: where are hot and cold spots?"),
    Operation("local_geary", "explore", "Local Geary's c", "Local Geary's c: where are places like or unlike their neighbours?"),
    Operation("local_bivariate_moran", "explore", "Local bivariate Moran's I", "Where does one column go with another one nearby?"),
    Operation("local_join_counts", "explore", "Local join counts", "Local join counts: where do places of a kind lie together?"),
    Operation("losh", "explore", "Local scatter (LOSH)", "Where do values scatter more or less than elsewhere?"),
    Operation("ols", "models", "Linear regression", "Linear regression with tests for spatial dependence"),
    Operation("lag_model", "models", "Spatial lag model", "Spatial lag model (SAR) by maximum likelihood or moments, with impacts"),
    Operation("error_model", "models", "Spatial error model", "Spatial error model (SEM) by maximum likelihood or moments"),
    Operation("slx_model", "models", "Spatially lagged regressors", "Regression on regressors of the neighbours too (SLX)"),
    Operation(
        "durbin_model", "models", "Spatial Durbin model", "Spatial Durbin model (SDM): neighbours matter, and what they have"
    ),
    Operation(
        "durbin_error_model",
        "models",
        "Spatial Durbin error model",
        "Spatial Durbin error model (SDEM): regressors of neighbours, related errors",
    ),
    Operation("combined_model", "models", "Spatial combined model", "Spatial lag and error at once (SAC, SARAR; GNS with durbin)"),
    Operation("fixed_effects", "models", "Fixed effects regression", "Regression on records with absorbed factors and clusters"),
    Operation(
        "compare_models", "models", "Models compared", "Compare models: side by side, by tests, AIC and BIC; search from OLS on"
    ),
    Operation("kernel_density", "surfaces", "Kernel density", "Density of weighted points as a surface"),
    Operation("k_means", "clusters", "k-means grouping", "Group places by several indicators (k-means)"),
    Operation("ward", "clusters", "Ward grouping", "Group places by several indicators (Ward's hierarchy)"),
    Operation("skater", "clusters", "Skater grouping", "Group alike places into connected groups (skater)"),
    Operation(
        "constrained_ward",
        "clusters",
        "Constrained Ward grouping",
        "Group alike places into connected groups (Ward among neighbours)",
    ),
    Operation("max_p", "clusters", "Max-p regions", "Form as many connected regions as can be, each holding enough (max-p)"),
    Operation("compare_grouping", "clusters", "Grouping compared", "Compare a given grouping with the best one of the same size"),
)


def operation(name: str, where: str = "operations") -> Operation:
    """
    Look an operation up.

    Parameters
    ----------
    name
        As in the catalogue.
    where
        What to name in a complaint.

    Returns
    -------
    Operation
        Its row.

    Raises
    ------
    StudyError
        When there is none of this name; the most similar one is offered.

    Examples
    --------
    >>> operation("moran").room
    'explore'
    """
    rows = {row.name: row for row in OPERATIONS}
    if name not in rows:
        raise StudyError(complaint(where, f"there is no operation {name!r}", nearest_name(name, rows)))
    return rows[name]
