"""What outlines tell: kinds, validity, overlaps, gaps, the units they are, areas, neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.boundaries._equal_area import fitted_crs
from spatial.boundaries._fit import COUNTRIES
from spatial.boundaries._gazetteer import Division, divisions
from spatial.errors import counted, listed

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Severity = Literal["error", "warning", "info"]
Found = tuple[Severity, str, tuple[str, ...]]  # severity, text, places

_SAME = 0.5  # common area in the union from which an outline is taken for a unit
_PART = 0.8  # share of an outline inside a unit from which it is a part of it
_SLIVER = 0.01  # km2 of overlap or gap that nobody minds
_NEAR = 100.0  # metres between two outlines that are still neighbours
_AREA = 0.07  # share by which an area may differ from the official one
_CITY = 5_000.0  # km2 below which a unit is a city
_CLOSE = 20_000.0  # metres from a unit within which its name is believed


@dataclass(frozen=True, eq=False)
class Shapes:
    """The outlines of a table, in metres and valid as far as that can be had."""

    kinds: str
    points: bool
    tells: bool  # whether polygons lie where they can be compared
    rows: "np.ndarray[Any, Any]"  # numbers of the rows that have an outline
    outlines: "np.ndarray[Any, Any]"  # theirs, in metres
    where: "np.ndarray[Any, Any]"  # points of a points file in degrees, shape (rows, 2)
    empty: tuple[int, ...]
    invalid: dict[int, str]
    country: str
    outside: tuple[int, ...]
    division: Division | None
    units: dict[int, str] = field(default_factory=dict)  # row -> key, each key once
    likeness: dict[int, float] = field(default_factory=dict)  # row -> common area in the union
    parts: dict[int, str] = field(default_factory=dict)  # row -> key of the unit it is a part of


def read_shapes(table: "GeoDataFrame") -> Shapes:
    """
    Look at the outlines of a table.

    Parameters
    ----------
    table
        As opened, with its reference system where that is believable, otherwise with none.

    Returns
    -------
    Shapes
        What they are and, in one of the countries of the gazetteer, which units.
    """
    import shapely

    shapes = np.asarray(table.geometry.array)
    here = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    rows = np.flatnonzero(here)
    wrong = rows[~shapely.is_valid(shapes[rows])]
    invalid = {int(row): str(reason) for row, reason in zip(wrong, shapely.is_valid_reason(shapes[wrong]), strict=True)}
    dimensions = shapely.get_dimensions(shapes[rows])
    names = {0: "points", 1: "lines", 2: "polygons"}
    kinds = " and ".join(names[each] for each in sorted(set(dimensions.tolist()), reverse=True)) or "rows without geometry"
    empty = tuple(int(row) for row in np.flatnonzero(~here))
    rows = rows[dimensions == dimensions.max()] if len(rows) else rows
    points = bool(len(rows) and dimensions.max() == 0)
    earth = table.crs is not None and not table.crs.is_engineering
    degrees = table.geometry.iloc[rows].to_crs("EPSG:4326") if earth and len(rows) else table.geometry.iloc[rows]
    country = _country(degrees) if earth and len(rows) else ""
    metres = degrees.to_crs(fitted_crs(COUNTRIES[country])) if country else degrees
    outlines = np.asarray(metres.array)
    outlines = np.where(shapely.is_valid(outlines), outlines, shapely.make_valid(outlines))
    centres = shapely.get_coordinates(shapely.centroid(np.asarray(degrees.array))) if len(rows) else np.empty((0, 2))
    tells = bool(country) and not points
    division, units, likeness, parts = _recognised(rows, outlines, country) if tells else (None, {}, {}, {})
    outside = _outside(rows, outlines, country) if country else ()
    return Shapes(kinds, points, tells, rows, outlines, centres, empty, invalid, country, outside, division, units, likeness, parts)


def completed(shapes: Shapes, told: "Mapping[str, list[frozenset[str]]]") -> Shapes:
    """
    Recognise by name and nearness what is too small or too rough to be recognised by its outline, such as cities.

    Parameters
    ----------
    shapes
        From ``read_shapes``.
    told
        For each column of names the units each row may be.

    Returns
    -------
    Shapes
        With more units, each still once; rows that name a unit which another row is already count as its parts.
    """
    import shapely

    division = shapes.division
    if division is None:
        return shapes
    keys, reference = _reference(division)
    units, parts = dict(shapes.units), dict(shapes.parts)
    for strict in (True, False):  # first the rows that can only be one unit
        for place, row in enumerate(int(each) for each in shapes.rows):
            near = {
                key
                for key, outline in zip(keys, reference, strict=True)
                if shapely.dwithin(shapes.outlines[place], outline, _CLOSE)
            }
            named = {key for column in told.values() for key in column[row]} & near
            free = sorted(named - set(units.values()))
            if row not in units and free and (len(named) == 1 or not strict):
                units[row] = free[0]
                parts.pop(row, None)
            elif row not in units and named and not strict:
                parts.setdefault(row, max(sorted(named), key=lambda key: float(reference[keys.index(key)].area)))
    return replace(shapes, units=units, parts=parts)


def shapes_found(shapes: Shapes, division: Division | None, labels: dict[int, str]) -> list[Found]:
    """
    Say what outlines tell.

    Parameters
    ----------
    shapes
        From ``read_shapes``.
    division
        The division that was recognised, or None.
    labels
        What to call each row.

    Returns
    -------
    list of tuple
        Severity, text, the rows it is about.
    """
    found: list[Found] = []
    if shapes.empty:
        found.append(
            (
                "error",
                f"{counted(len(shapes.empty), 'row')} without geometry. Complete or remove them.",
                tuple(labels[row] for row in shapes.empty),
            )
        )
    if " and " in shapes.kinds:
        found.append(("error", f"There are {shapes.kinds} in one layer. Split it.", ()))
    if shapes.invalid:
        named = tuple(labels[row] for row in shapes.invalid)
        shown = [f"{labels[row]}: {reason}" for row, reason in shapes.invalid.items()]
        found.append(
            (
                "warning",
                f"{counted(len(named), 'invalid geometry', 'invalid geometries')}: {listed(shown)}. Reading refuses them; say invalid = 'repair' in the study, or repair them in a GIS.",
                named,
            )
        )
    if shapes.outside:
        named = tuple(labels[row] for row in shapes.outside)
        found.append(
            (
                "warning",
                f"{counted(len(named), 'row lies', 'rows lie', of=len(labels))} outside {shapes.country}: {listed(named)}. Remove {'it' if len(named) == 1 else 'them'}, if only {shapes.country} is meant.",
                named,
            )
        )
    if not shapes.points and len(shapes.rows) > 1:
        found += _overlaps(shapes, labels) + _gaps(shapes)
    if division is not None and shapes.division is division:
        found += _units(shapes, division, labels) + _areas(shapes, division, labels) + _neighbours(shapes, division)
    return found


def _country(degrees: Any) -> str:
    """Name the country of the gazetteer in whose frame most rows lie."""
    centres = degrees.representative_point()
    for country, (west, south, east, north) in COUNTRIES.items():
        inside = centres.x.between(west, east) & centres.y.between(south, north)
        if inside.mean() > _SAME:
            return country
    return ""


def _recognised(rows: Any, outlines: Any, country: str) -> tuple[Division | None, dict[int, str], dict[int, float], dict[int, str]]:
    """Find the division whose units look most like the outlines."""
    best: tuple[float, Any] = (0.0, (None, {}, {}, {}))
    for division in divisions():
        if division.country != country or division.pack.geometry == "points":
            continue
        keys, reference = _reference(division)
        common, inside = _common(outlines, reference)
        units, likeness = _paired(common)
        if len(units) <= len(rows) * _SAME:
            continue
        score = sum(likeness.values()) / max(len(rows), len(keys))
        parts = {int(rows[row]): keys[column] for row, column in zip(*np.nonzero(inside >= _PART), strict=True) if row not in units}
        if score > best[0]:
            found = {int(rows[row]): keys[column] for row, column in units.items()}
            best = (score, (division, found, {int(rows[row]): share for row, share in likeness.items()}, parts))
    chosen: tuple[Division | None, dict[int, str], dict[int, float], dict[int, str]] = best[1]
    return chosen


def _reference(division: Division) -> tuple[list[str], Any]:
    import pyogrio

    table = pyogrio.read_dataframe(division.pack.file, layer="places")
    return [str(key) for key in table[division.pack.key]], np.asarray(
        table.geometry.to_crs(fitted_crs(COUNTRIES[division.country])).array
    )


def _common(outlines: Any, reference: Any) -> tuple[Any, Any]:
    """Give for each outline and unit the share of common area in the union, and of the outline inside the unit."""
    import shapely

    coarse = shapely.make_valid(shapely.simplify(outlines, 500.0))
    coarse = np.where(shapely.area(coarse) > 0, coarse, outlines)
    first, second = shapely.STRtree(reference).query(coarse, predicate="intersects")
    area, whole = shapely.area(coarse), shapely.area(reference)
    common, inside = np.zeros((len(outlines), len(reference))), np.zeros((len(outlines), len(reference)))
    shared = shapely.area(shapely.intersection(coarse[first], reference[second]))
    common[first, second] = shared / (area[first] + whole[second] - shared)
    inside[first, second] = shared / np.where(area[first] > 0, area[first], 1)
    return common, inside


def _paired(common: Any) -> tuple[dict[int, int], dict[int, float]]:
    """Pair outlines and units, each once, the most alike first."""
    units: dict[int, int] = {}
    likeness: dict[int, float] = {}
    candidates = sorted(zip(*np.nonzero(common >= _SAME), strict=True), key=lambda pair: -common[pair])
    for row, column in candidates:
        if row not in units and column not in units.values():
            units[int(row)], likeness[int(row)] = int(column), float(common[row, column])
    return units, likeness


def _outside(rows: Any, outlines: Any, country: str) -> tuple[int, ...]:
    """Give the numbers of the rows that lie outside the country, with 10 km of grace for coarse borders and the sea."""
    import shapely

    division = next(each for each in divisions() if each.country == country and each.pack.geometry != "points")
    land = shapely.buffer(shapely.union_all(_reference(division)[1]), 10_000.0)
    shapely.prepare(land)
    return tuple(int(row) for row in rows[~shapely.intersects(land, shapely.point_on_surface(outlines))])


def _overlaps(shapes: Shapes, labels: dict[int, str]) -> list[Found]:
    import shapely

    first, second = shapely.STRtree(shapes.outlines).query(shapes.outlines, predicate="intersects")
    first, second = first[first < second], second[first < second]
    shared = shapely.area(shapely.intersection(shapes.outlines[first], shapes.outlines[second]))
    least = np.minimum(shapely.area(shapes.outlines[first]), shapely.area(shapes.outlines[second]))
    unit, sliver = (1e6, _SLIVER) if shapes.country else (1.0, 0.0)
    wide = (shared / unit > sliver) & (shared > 1e-4 * least)
    if not wide.any():
        return []
    order = np.argsort(-shared[wide])
    pairs = [
        (labels[int(shapes.rows[a])], labels[int(shapes.rows[b])])
        for a, b in zip(first[wide][order], second[wide][order], strict=True)
    ]
    amount = shared[wide][order]
    word = " km2" if shapes.country else ""
    shown = [f"{a} and {b}: {each / unit:.3g}{word}" for (a, b), each in zip(pairs, amount, strict=True)]
    named = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    much = bool((shared[wide] > 0.01 * least[wide]).any())
    return [
        (
            "error" if much else "warning",
            f"{counted(len(pairs), 'pair')} of polygons {'overlaps' if len(pairs) == 1 else 'overlap'}: {listed(shown, 3)}. Neighbours and areas will be wrong there.",
            named,
        )
    ]


def _gaps(shapes: Shapes) -> list[Found]:
    """Find holes between polygons that the country does not have."""
    import shapely

    parts = shapely.get_parts(shapely.union_all(shapely.make_valid(shapes.outlines)))
    rings = [shapely.Polygon(ring) for part in parts if part.geom_type == "Polygon" for ring in part.interiors]
    if shapes.country and rings:
        division = next(each for each in divisions() if each.country == shapes.country and each.pack.geometry != "points")
        land = shapely.union_all(_reference(division)[1])
        rings = [ring for ring in rings if shapely.area(shapely.intersection(ring, land)) > _PART * ring.area]
    unit, sliver = (1e6, _SLIVER) if shapes.country else (1.0, 0.0)
    areas = sorted((ring.area / unit for ring in rings if ring.area / unit > sliver), reverse=True)
    if not areas:
        return []
    word = " km2" if shapes.country else ""
    return [
        (
            "warning",
            f"{counted(len(areas), 'gap')} between the polygons, {sum(areas):.3g}{word} in all, the largest {areas[0]:.3g}{word}. Neighbours may be missed there.",
            (),
        )
    ]


def _units(shapes: Shapes, division: Division, labels: dict[int, str]) -> list[Found]:
    found: list[Found] = []
    absent = [f"{name} ({key})" for key, name in division.names.items() if key not in shapes.units.values()]
    if absent:
        found.append(
            (
                "error",
                f"{counted(len(absent), 'unit has no polygon of its own', 'units have no polygon of their own', of=len(division.names))}: {listed(absent, 10)}.",
                (),
            )
        )
    rest = [row for row in (int(each) for each in shapes.rows) if row not in shapes.units]
    for row in rest:
        unit = shapes.parts.get(row)
        what = (
            f"is a part of {division.names[unit]} ({unit}), beside another row: dissolve the parts, or some of the unit is lost"
            if unit
            else "is no unit of this division"
        )
        found.append(("error" if unit else "warning", f"{labels[row]} {what}.", (labels[row],)))
    odd = [row for row, share in shapes.likeness.items() if share < 0.75]
    if odd:
        shown = [f"{labels[row]}: {shapes.likeness[row]:.0%} in common with {division.names[shapes.units[row]]}" for row in odd]
        found.append(
            (
                "info",
                f"{counted(len(odd), 'outline')} unlike the reference, which is generalised: {listed(shown)}.",
                tuple(labels[row] for row in odd),
            )
        )
    return found


def _areas(shapes: Shapes, division: Division, labels: dict[int, str]) -> list[Found]:
    import shapely

    found: list[Found] = []
    areas = dict(zip((int(row) for row in shapes.rows), shapely.area(shapes.outlines) / 1e6, strict=True))
    for row, key in shapes.units.items():
        official = division.areas.get(key)
        if not official or abs(areas[row] / official - 1) <= (_AREA if official > _CITY else 4 * _AREA):
            continue
        why = ""
        if areas[row] > official and key in ("23", "47"):
            why = ": it includes waters of the Caspian Sea. Cut them off before computing densities"
        elif official <= _CITY:
            why = ": a city's outline changes with time and source. Do not compute densities from it"
        found.append(
            (
                "warning" if official > _CITY else "info",
                f"{labels[row]} has {areas[row]:,.0f} km2, officially {official:,.0f} ({areas[row] / official - 1:+.0%}){why}.",
                (labels[row],),
            )
        )
    return found


def _neighbours(shapes: Shapes, division: Division) -> list[Found]:
    import shapely

    rows = [place for place, row in enumerate(shapes.rows) if int(row) in shapes.units]
    keys = [shapes.units[int(shapes.rows[place])] for place in rows]
    outlines = shapes.outlines[rows]
    first, second = shapely.STRtree(outlines).query(outlines, predicate="dwithin", distance=_NEAR)
    seen = {frozenset((keys[a], keys[b])) for a, b in zip(first, second, strict=True) if a < b}
    known = {pair for pair in division.pairs if pair <= set(keys)}
    found: list[Found] = []
    cases: tuple[tuple[Severity, Any, str], ...] = (
        ("warning", known - seen, "do not touch, though they are neighbours"),
        ("info", seen - known - division.doubtful, "touch, though the gazetteer has them apart"),
    )
    for severity, pairs, what in cases:
        if pairs:
            shown = sorted(" and ".join(sorted(division.names[key] for key in pair)) for pair in pairs)
            found.append((severity, f"{counted(len(shown), 'pair')} of units {what}: {listed(shown)}.", ()))
    return found
