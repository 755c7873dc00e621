"""Connected groups of alike places: the spanning tree of links, cut where groups gain most."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from spatial.clusters._agreement import shaken
from spatial.clusters._grouping import Grouping, other_grouping, parts, resamples_used
from spatial.clusters._groups import Array, Whole, most_groups, numbered, standardised
from spatial.clusters._linked import enough_groups, linked
from spatial.clusters._trees import Criterion, Cut, cuts_of, dispersion, spanning_forest
from spatial.errors import DataError, ModelError, complaint, listed
from spatial.options import Between, Column, used
from spatial.places import Aligned, Missing, aligned, checked
from spatial.progress import tell
from spatial.results import shown

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

SHAKEN = 0.1  # standard deviations of the noise by which stability is measured


@dataclass(frozen=True, kw_only=True, eq=False)
class Skater(Grouping):
    """Connected groups, and the cuts that made them."""

    cluster: "pd.Series[Any]" = shown("Group (skater)", theme="categories")
    within: float = shown("Sum within groups (of distances to the mean, or of squares, as the criterion says)")
    between: float = shown("Sum between groups (total less within)")
    total: float = shown("Total sum (of distances to the mean, or of squares)")
    share_between: float = shown("Share of the total that the groups account for")
    cuts: "pd.DataFrame" = shown("Cuts of the spanning tree")
    branches: "pd.DataFrame" = shown("How the groups hang together")
    tree: "pd.DataFrame" = shown("Links of the spanning tree")
    tree_length: float = shown("Length of the spanning tree, in standardised values")


def skater(
    places: "GeoDataFrame",
    graph: "Graph",
    *,
    columns: list[Column],
    k: Annotated[int, Between(2, 1_000)],
    criterion: Criterion = "distances",
    minimum: Annotated[float, Between(0, 1e15)] | None = None,
    size: Column | None = None,
    resamples: Annotated[int, Between(0, 10_000)] | None = None,
    other: Column | None = None,
    seed: Annotated[int, Between(0, 2_147_483_647)] = 0,
    missing: Missing = "error",
) -> Skater:
    """
    Group alike places into connected groups by cutting a tree of links (skater).

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is a neighbour of whom; a link in either direction joins two places, weights play no part.
    columns
        The indicators; each is centred and divided by its standard deviation (divisor n - 1), so that all weigh the same.
    k
        How many groups.
    criterion
        What cuts are to make small: the sum of "distances" of places to the mean of their group, as R's spdep has it, or of their
        "squares", as in the paper.
    minimum
        How much each group must hold: of ``size``, or places where that is not given.
    size
        The column that ``minimum`` is counted in, such as population; no value below 0.
    resamples
        How often noise is added to the values to see whether the groups come back; 100 up to 2,000 places and 0 beyond where
        nothing is said.
    other
        A column with another grouping, to tell how far both agree.
    seed
        Where the random numbers for stability start; the groups need none.
    missing
        Whether a missing value is an error, or the place is left out.

    Returns
    -------
    Skater
        ``cluster`` is "1", "2", ... by falling mean of the first column, "No data" for places left out. ``within``, ``between`` and
        ``total`` are sums of what ``criterion`` says, of standardised columns. ``choice`` goes on cutting up to 10 groups; its
        ``within_squares`` can be compared with those of k_means. ``cuts`` has a row for each cut: the link that was removed, the
        ``gain``, and the sum ``within`` that is left. ``branches`` undoes the cuts from the last on: the groups joined and the
        ``height``, the rise of the sum within groups since all of them. ``tree`` has the links of the spanning tree.
        ``stability`` is that of k_means, but for values with normal noise of a tenth of a standard deviation: places drawn anew
        would have no neighbours.

    Raises
    ------
    DataError
        When a value is missing or no number, a ``size`` is below 0, or labels differ from the graph's.
    ModelError
        When the graph falls into more parts than groups are asked for, no cut is left that keeps ``minimum``, there are not more
        places than groups, or an indicator is constant.

    Notes
    -----
    Of all links the tree is kept that joins the places with the smallest sum of distances between their values (minimum
    spanning tree; a forest where the graph falls into parts, each a group of its own to begin with). Each cut is the one, of all
    links of all groups, that lowers the sum most. Of equally good links or cuts that of the first place names is taken. A cut
    is not taken back, so there may be better connected groups.
    spdep's ``skater`` has the same trees, cuts and sums ("distances" is its default). Its upper bound on groups is not offered:
    it refuses a cut that leaves too large a rest, though the next cut would mend that. Where ``minimum`` forbids further cuts spdep gives
    fewer groups in silence.

    References
    ----------
    Assunção, R. M., Neves, M. C., Câmara, G. and Da Costa Freitas, C. (2006). Efficient regionalization techniques for
    socio-economic geographical units using minimum spanning trees. International Journal of Geographical Information Science
    20, 797-811. doi:10.1080/13658810600665111

    Examples
    --------
    >>> import geopandas, spatial
    >>> from shapely import box
    >>> cells = [box(x, 0, x + 1, 1) for x in range(6)]
    >>> places = geopandas.GeoDataFrame({"value": [1, 2, 9, 8, 1, 2]}, geometry=cells, index=list("abcdef"), crs="EPSG:32642")
    >>> spatial.skater(places, spatial.contiguity(places), columns=["value"], k=3).cluster.tolist()
    ['2', '2', '1', '1', '3', '3']
    """
    options = used(skater, locals())
    columns = list(dict.fromkeys(columns))
    given, values, sizes = apart(places, graph, columns, size, missing=missing, least=k + 1)
    pairs, components, notes = linked(given)
    enough_groups(given, components, k, "skater")
    compared = other_grouping(places, given, other)
    floor = minimum or 0.0
    most = max(k, most_groups(values))
    tell(0, most, "Building the spanning tree")
    forest = spanning_forest(pairs, values)
    made, chain = _cut_up(forest, values, criterion, sizes, floor, most)
    if k not in made:
        raise _no_cut_left(max(made), k, floor, size)
    labels = numbered(made[k], values)
    draws, said = resamples_used(resamples, len(values))

    def regroup(moved: Array, _: int) -> Whole:
        found, _chain = _cut_up(spanning_forest(pairs, moved), moved, criterion, sizes, floor, k)
        return found[max(found)]

    common = parts(
        given,
        columns,
        values,
        labels,
        method="Skater",
        cuts={count: made[count] for count in made if count == k or 1 < count <= most_groups(values)},
        summed=lambda groups: _summed(values, groups, criterion),
        seed=seed,
        other=compared,
        stability=shaken(values, labels, regroup, resamples=draws, seed=seed, share=SHAKEN) if draws else None,
        notes=(*notes, *said),
    )
    start = int(components.max()) + 1
    return Skater(
        operation="skater",
        options=options | {"graph": given.graph},
        cuts=_cuts(given, chain[: k - start], common["total"] if start == 1 else _summed(values, components, criterion), start),
        branches=_branches(chain[: k - start], labels, made[k], start),
        tree=_tree(given, forest, values),
        tree_length=float(_lengths(forest, values).sum()),
        **common,
    )


def apart(
    places: "GeoDataFrame", graph: "Graph", columns: list[str], size: str | None, *, missing: Missing, least: int = 3
) -> tuple[Aligned, Array, Array | None]:
    """
    Align the indicators, which must vary, and what groups must hold enough of, which need not.

    Parameters
    ----------
    places
        The table of places.
    graph
        Who is a neighbour of whom.
    columns
        The indicators.
    size
        The column of sizes.
    missing
        Whether a missing value is an error, or the place is left out.
    least
        How many places the method needs.

    Returns
    -------
    tuple
        The alignment, the indicators, standardised, and the sizes; None for no sizes.

    Raises
    ------
    DataError
        When a value is missing or no number, a size is below 0, or labels differ from the graph's.
    ModelError
        When there are too few places or an indicator is constant.
    """
    if size is None:
        given = aligned(places, graph, columns, missing=missing, least=least)
        return given, standardised(given), None
    places = checked(places)
    given = aligned(places, graph, [*columns, size], missing=missing, least=least, varying=False, sure=True)
    aligned(places.loc[given.labels], columns=columns, least=least, sure=True)  # refuses indicators that do not vary
    both = np.asarray(given.values)
    values, sizes = standardised(replace(given, values=both[:, : len(columns)])), both[:, len(columns)]
    if (sizes < 0).any():
        shown_values = [f"{label}: {each:g}" for label, each in zip(given.labels, sizes, strict=True) if each < 0]
        raise DataError(
            complaint(
                f"column {size!r}",
                f"{len(shown_values)} of {len(sizes)} values are below 0: {listed(shown_values)}",
                "Expected what adds up, such as population",
                "Correct them, or choose another column",
            )
        )
    return given, values, sizes


def _cut_up(
    forest: Whole, values: Array, criterion: Criterion, sizes: Array | None, minimum: float, most: int
) -> tuple[dict[int, Whole], list[tuple[int, Cut]]]:
    """Cut until there are ``most`` groups; give the groups after each cut, and the cuts."""
    tell(0, most, "Cutting the tree")
    trees, steps = cuts_of(forest, values, criterion, sizes=sizes, minimum=minimum)
    labels = np.empty(len(values), np.int64)
    for number, tree in enumerate(trees):
        labels[tree] = number
    count = len(trees)
    made, chain = {count: labels.copy()}, []
    while count < most and (step := next(steps, None)) is not None:
        tell(count, most, "Cutting the tree")
        labels[step[1].off] = count
        count += 1
        made[count] = labels.copy()
        chain.append(step)
    return made, chain


def _summed(values: Array, labels: Whole, criterion: Criterion) -> float:
    return sum(dispersion(values[labels == group], criterion) for group in range(int(labels.max()) + 1))


def _no_cut_left(reached: int, groups: int, minimum: float, size: str | None) -> ModelError:
    unit = f"of {size!r}" if size else "places"
    return ModelError(
        complaint(
            "skater, option 'minimum'",
            f"after {reached} groups no cut of the tree leaves {minimum:g} {unit} on either side",
            f"{groups} groups are asked for",
            "Lower the minimum or ask for fewer groups; max_p looks for as many groups as the minimum allows",
        )
    )


def _cuts(given: Aligned, chain: list[tuple[int, Cut]], begun: float, start: int) -> "pd.DataFrame":
    import pandas as pd

    rows = []
    for number, (_, cut) in enumerate(chain):
        begun -= cut.gain
        one, two = (str(given.labels[place]) for place in cut.link)
        rows.append((one, two, len(cut.off), len(cut.rest), cut.gain, begun, start + number + 1))
    columns = ["from", "to", "cut_off", "left", "gain", "within", "groups"]
    return pd.DataFrame(rows, columns=columns, index=pd.RangeIndex(1, len(rows) + 1, name="step"))


def _branches(chain: list[tuple[int, Cut]], labels: Whole, made: Whole, start: int) -> "pd.DataFrame":
    """Undo the cuts from the last on; groups by the numbers they are shown under."""
    import pandas as pd

    shown_as = dict(zip(made.tolist(), labels.tolist(), strict=True))
    members = {number: [shown_as[number] + 1] for number in shown_as}
    rows, height = [], 0.0
    for number in range(len(chain) - 1, -1, -1):
        kept, cut = chain[number]
        height += cut.gain
        one, two = sorted((members[kept], members.pop(start + number)))
        members[kept] = sorted(one + two)
        rows.append((", ".join(map(str, one)), ", ".join(map(str, two)), height, start + number))
    return pd.DataFrame(rows, columns=["first", "second", "height", "groups"], index=pd.RangeIndex(1, len(rows) + 1, name="step"))


def _lengths(forest: Whole, values: Array) -> Array:
    away = values[forest[:, 0]] - values[forest[:, 1]]
    found: Array = np.sqrt((away**2).sum(axis=1))
    return found


def _tree(given: Aligned, forest: Whole, values: Array) -> "pd.DataFrame":
    import pandas as pd

    ends = {name: np.asarray(given.labels)[forest[:, at]] for at, name in enumerate(("from", "to"))}
    return pd.DataFrame({**ends, "length": _lengths(forest, values)}, index=pd.RangeIndex(1, len(forest) + 1, name="link"))
