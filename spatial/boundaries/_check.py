"""What is wrong with a file of boundaries, beside what the gazetteer knows of the country."""

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from spatial.boundaries._fit import COUNTRIES, bounds_of, flat, impossible, swapped, understood
from spatial.boundaries._gazetteer import Division
from spatial.boundaries._named import Names, names_found, read_names
from spatial.boundaries._open import opened
from spatial.boundaries._shapes import Severity, Shapes, completed, read_shapes, shapes_found
from spatial.errors import DataError, SpatialWarning, counted
from spatial.places import LOCAL

if TYPE_CHECKING:
    from pathlib import Path

    from geopandas import GeoDataFrame


@dataclass(frozen=True)
class Finding:
    """One thing found: an error stops the use of the file, a warning wants a decision, an info wants to be known."""

    severity: Severity
    text: str  # what was found, and what to do
    places: tuple[str, ...] = ()  # the rows it is about, by name


@dataclass(frozen=True, kw_only=True)
class BoundaryCheck:
    """What was found in a file of boundaries."""

    source: str
    rows: int
    geometry: str  # "polygons", "points", "polygons and points", ...
    crs: str  # name of the reference system; empty where there is none
    country: str  # empty where it is none of the gazetteer's
    pack: str  # the pack that divides the country in the same way; empty where none does
    column: str  # the column that names the rows best; empty where none does
    units: dict[str, str]  # row, by name -> key of the unit it is
    findings: tuple[Finding, ...]  # errors first
    verdict: str  # one line

    @property
    def usable(self) -> bool:
        """Whether there is no error."""
        return not any(each.severity == "error" for each in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain values for JSON."""
        return asdict(self) | {
            "usable": self.usable,
            "findings": [asdict(each) | {"places": list(each.places)} for each in self.findings],
        }


def check_boundaries(source: "str | Path | GeoDataFrame", layer: str | None = None, crs: str | None = None) -> BoundaryCheck:
    """
    Compare a file of boundaries with the gazetteer, and look for what makes trouble later.

    Parameters
    ----------
    source
        As for ``read_places``.
    layer
        The layer, where there are several.
    crs
        The reference system its coordinates are in, where the file does not state one.

    Returns
    -------
    BoundaryCheck
        Country and vintage, findings in order of severity, and a verdict in one line. Nothing is repaired or written.

    Raises
    ------
    StudyError
        When the source looks like the name of a pack and there is none.
    DataError
        When ``crs`` is not known; a source that cannot be read is a finding.

    Notes
    -----
    Units are recognised twice: by their outline (share of common area in the union with a unit of each pack) and by their
    names and codes. Where the two disagree the file is named wrongly, or is of another vintage than it says.

    Examples
    --------
    >>> check_boundaries("kazakhstan/regions-17").verdict
    'Regions of Kazakhstan, 2018-2022 (17): 17 of 17 units found, no errors, no warnings.'
    """
    findings: list[Finding] = []
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", SpatialWarning)
        try:
            found = opened(source, layer)
        except DataError as error:
            return _unreadable(str(source), str(error))
    findings += [Finding("warning", str(each.message)) for each in heard if issubclass(each.category, SpatialWarning)]
    table = found.table.reset_index(drop=True)
    if not len(table):
        return _unreadable(found.where, "There are no rows.")
    table, trouble = _on_earth(table, crs, found.where)
    findings += trouble
    outlines = read_shapes(table)
    names = read_names(table)
    division = _division(outlines, names)
    outlines = completed(outlines, names.told(division)) if division else outlines
    labels = names.labels(division)
    findings += [
        Finding(severity, text, places)
        for severity, text, places in (*shapes_found(outlines, division, labels), *names_found(names, outlines, division))
    ]
    units = names.units(outlines, division)
    return _concluded(found.where, table, findings, names, outlines, division, {labels[row]: key for row, key in units.items()})


def _unreadable(where: str, text: str) -> BoundaryCheck:
    finding = Finding("error", text)
    return BoundaryCheck(
        source=where,
        rows=0,
        geometry="",
        crs="",
        country="",
        pack="",
        column="",
        units={},
        findings=(finding,),
        verdict="It cannot be used: 1 error.",
    )


def _on_earth(table: "GeoDataFrame", crs: str | None, where: str) -> "tuple[GeoDataFrame, list[Finding]]":
    """State the reference system as far as it can be known; without one the table comes back without."""
    findings = []
    if crs == "local":
        table = table.set_crs(LOCAL, allow_override=True)
    try:
        own = flat(table.crs, where)
    except DataError as error:
        own, findings = None, [Finding("error", str(error))]
    if own is None and crs is None:
        return table.set_crs(None, allow_override=True), [
            *findings,
            Finding("error", f"The coordinates have no reference system (CRS). {_likely(table)}"),
        ]
    own = own if crs in (None, "local") or (own is not None and not impossible(table, own)) else understood(crs, where)
    assert own is not None
    wrong = impossible(table, own) or swapped(table, own)
    table = table.set_crs(own, allow_override=True)
    if wrong:
        return table.set_crs(None, allow_override=True), [
            *findings,
            Finding("error", f"{wrong[0].upper()}{wrong[1:]} (reference system: {own.name}). Correct them before use."),
        ]
    if own.is_engineering:
        return table, [
            *findings,
            Finding(
                "info",
                "The coordinates are local: they belong to no place on Earth, so nothing can be compared with the gazetteer.",
            ),
        ]
    return table, findings


def _likely(table: "GeoDataFrame") -> str:
    """Guess which reference system coordinates may be in."""
    from geopandas import GeoSeries

    west, south, east, north = bounds_of(table)
    if table.set_crs("EPSG:4326", allow_override=True).pipe(swapped, understood("EPSG:4326", "")):
        return "They look like degrees with longitude and latitude swapped."
    if abs(west) <= 180 and abs(east) <= 180 and abs(south) <= 90 and abs(north) <= 90:
        return "They look like degrees; if they are longitude and latitude, state EPSG:4326."
    middle = float(table.geometry.bounds["minx"].median())
    zone = int(middle // 1_000_000)
    if 4 <= zone <= 32:  # zones of the EPSG register
        crs = understood(f"EPSG:{28400 + zone}", "")
        degrees = GeoSeries(table.geometry, crs=crs).to_crs("EPSG:4326").total_bounds
        for country, (left, bottom, right, top) in COUNTRIES.items():
            if left <= degrees[0] and bottom <= degrees[1] and degrees[2] <= right and degrees[3] <= top:
                return f"They look like Gauss-Krueger coordinates with the zone in front: as EPSG:{28400 + zone} ({crs.name}) all rows lie in {country}. Make sure, and state it."
    return f"They run x from {west:.0f} to {east:.0f}, y from {south:.0f} to {north:.0f}: a projected system; ask whoever made the file which."


def _division(outlines: Shapes, names: Names) -> Division | None:
    """Choose the division that fits the outlines best and, where outlines tell nothing, the names."""
    return outlines.division if outlines.division is not None or outlines.tells else names.division(points=outlines.points)


def _concluded(
    where: str,
    table: "GeoDataFrame",
    findings: list[Finding],
    names: Names,
    outlines: Shapes,
    division: Division | None,
    units: dict[str, str],
) -> BoundaryCheck:
    order = {"error": 0, "warning": 1, "info": 2}
    findings = sorted(findings, key=lambda each: order[each.severity])
    errors, doubts = (sum(each.severity == severity for each in findings) for severity in ("error", "warning"))
    wrong = f"{counted(errors, 'error') if errors else 'no errors'}, {counted(doubts, 'warning') if doubts else 'no warnings'}"
    country = division.country if division else outlines.country
    if division:
        many = len(set(units.values()))
        text = f"{division.pack.title}: {many} of {len(division.names)} units found, {wrong}."
    elif country:
        text = f"{len(table)} {outlines.kinds} in {country}, in no division the gazetteer knows; {wrong}."
    else:
        text = f"{len(table)} {outlines.kinds}, nothing to do with the countries of the gazetteer; {wrong}."
    return BoundaryCheck(
        source=where,
        rows=len(table),
        geometry=outlines.kinds,
        crs="" if table.crs is None else "local" if table.crs == LOCAL or table.crs.is_engineering else str(table.crs.name),
        country=country,
        pack=division.pack.name if division else "",
        column=names.column(division),
        units=units,
        findings=tuple(findings),
        verdict=text,
    )
