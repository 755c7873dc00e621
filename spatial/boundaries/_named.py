"""What names and codes tell: which column, which units, what is unknown, double or at odds with the outline."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import hypot
from typing import TYPE_CHECKING, Any

from spatial.boundaries._gazetteer import Division, divisions, everything_named, folded, rows
from spatial.boundaries._shapes import Found, Shapes
from spatial.errors import counted, listed

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_ENOUGH = 0.3  # share of the values of a column that are known from which it is a column of names
_OTHERS = ("capital", "centre", "center", "seat", "old", "parent", "столица", "центр")  # columns of the names of something else
_FAR = 10.0  # kilometres between a city and its point in the gazetteer


@dataclass(frozen=True, eq=False)
class Names:
    """The columns of a table that may name its rows."""

    size: int
    columns: Mapping[str, list[Any]]  # column -> values, None where missing

    def column(self, division: Division | None) -> str:
        """Name the column that names most rows; the first one of texts where no division is known."""
        if division is None:
            return next((name for name, values in self.columns.items() if _texts(values) and len(set(values)) > self.size / 2), "")
        known = {
            name: sum(map(bool, keys)) + (self.size / 4 if _words(self.columns[name]) else 0)
            for name, keys in self.told(division).items()
        }
        return max(known, key=lambda name: known[name], default="")

    def labels(self, division: Division | None) -> dict[int, str]:
        """Call each row by its name or, without one, by its number."""
        column = self.column(division)
        values = self.columns.get(column, [None] * self.size)
        return {
            row: f"row {row + 1}" if value is None or not str(value).strip() else str(value) for row, value in enumerate(values)
        }

    def told(self, division: Division) -> dict[str, list[frozenset[str]]]:
        """Give for each column of names the units each row may be."""
        found = {}
        for name, values in self.columns.items():
            if any(word in folded(name) for word in _OTHERS):
                continue
            keys = [division.keys_of(value) if value is not None else frozenset() for value in values]
            given = sum(value is not None for value in values)
            if given and sum(map(bool, keys)) >= _ENOUGH * given:
                found[name] = keys
        return found

    def division(self, *, points: bool) -> Division | None:
        """Choose the division most of whose units are named."""
        best: tuple[float, Division | None] = (_ENOUGH, None)
        for division in divisions():
            if (division.pack.geometry == "points") is not points:
                continue
            for keys in self.told(division).values():
                named = {next(iter(each)) for each in keys if len(each) == 1}
                score = len(named) / max(self.size, len(division.names))
                if score > best[0]:
                    best = (score, division)
        return best[1]

    def units(self, shapes: Shapes, division: Division | None) -> dict[int, str]:
        """Say which unit each row is: by its outline or, without, by its names."""
        if division is None:
            return {}
        if shapes.division is division:
            return shapes.units
        found: dict[int, str] = {}
        for keys in self.told(division).values():
            for row, each in enumerate(keys):
                if len(each) == 1:
                    found.setdefault(row, next(iter(each)))
        return found


def read_names(table: "GeoDataFrame") -> Names:
    """
    Take the columns of a table that may name its rows: texts and whole numbers.

    Parameters
    ----------
    table
        As opened.

    Returns
    -------
    Names
        Their values.
    """
    columns = {}
    for name in table.columns:
        values = [] if name == "geometry" else table[name].astype(object).where(table[name].notna(), None).tolist()
        given = [value for value in values if value is not None]
        if given and all(isinstance(value, str | int) or (isinstance(value, float) and value.is_integer()) for value in given):
            columns[str(name)] = values
    return Names(len(table), columns)


def names_found(names: Names, shapes: Shapes, division: Division | None) -> list[Found]:
    """
    Say what names and codes tell.

    Parameters
    ----------
    names
        From ``read_names``.
    shapes
        From ``read_shapes``.
    division
        The division that was recognised, or None.

    Returns
    -------
    list of tuple
        Severity, text, the rows it is about.
    """
    found = [*_doubles(names, shapes, division), *_levels(names)]
    if division is None:
        return found
    if not names.told(division):
        return [
            *found,
            (
                "warning",
                "No column names the units as the gazetteer knows them. Join by position of the outlines, or add a column of codes.",
                (),
            ),
        ]
    found += _unknown(names, division)
    if shapes.division is division:
        found += _at_odds(names, shapes, division)
    else:
        absent = [
            f"{name} ({key})" if key != name else name
            for key, name in division.names.items()
            if key not in names.units(shapes, division).values()
        ]
        found += (
            [
                (
                    "warning",
                    f"{counted(len(absent), 'unit is', 'units are', of=len(division.names))} not named: {listed(absent, 10)}.",
                    (),
                )
            ]
            if absent
            else []
        )
    if shapes.points and division.pack.name == "kazakhstan/cities-40" and shapes.country:
        found += _misplaced(names, shapes, division)
    return found


def _texts(values: list[Any]) -> bool:
    return any(isinstance(value, str) and not value.isdecimal() for value in values)


def _words(values: list[Any]) -> bool:
    """Tell names from codes: they have no digits and are not all capitals."""
    texts = [value for value in values if isinstance(value, str)]
    return bool(texts) and not any(any(sign.isdigit() for sign in value) or value.isupper() for value in texts)


def _doubles(names: Names, shapes: Shapes, division: Division | None) -> list[Found]:
    import shapely

    column = names.column(division)
    if not column:
        return []
    found: list[Found] = []
    values = names.columns[column]
    nameless = [row for row, value in enumerate(values) if value is None or not str(value).strip()]
    if nameless:
        found.append(
            (
                "warning",
                f"{counted(len(nameless), 'row has', 'rows have', of=len(values))} no name in {column!r}: {'row' if len(nameless) == 1 else 'rows'} {', '.join(str(row + 1) for row in nameless[:10])}. Complete it, or use another column as key.",
                tuple(f"row {row + 1}" for row in nameless),
            )
        )
    areas = (
        dict(zip((int(row) for row in shapes.rows), shapely.area(shapes.outlines) / 1e6, strict=True))
        if shapes.country and not shapes.points
        else {}
    )
    for value, times in Counter(value for value in values if value is not None and str(value).strip()).items():
        if times == 1:
            continue
        sizes = [f"{areas[row]:,.0f}" for row, each in enumerate(values) if each == value and row in areas]
        text = f"{str(value)!r} occurs {times} times in {column!r}" + (f" ({' and '.join(sizes)} km2)" if sizes else "")
        found.append(
            ("error", f"{text}. Dissolve the rows if they are parts of one place, or a join repeats or loses them.", (str(value),))
        )
    return found[:12]


def _levels(names: Names) -> list[Found]:
    for name, values in names.columns.items():
        if folded(name).replace("_", "").replace(" ", "") == "adminlevel":
            counts = Counter(str(value) for value in values if value is not None)
            if len(counts) > 1:
                shown = ", ".join(f"{level}: {count}" for level, count in sorted(counts.items()))
                return [("error", f"Administrative levels are mixed ({name!r} is {shown}). Keep one.", ())]
    return []


def _unknown(names: Names, division: Division) -> list[Found]:
    """Name rows that no column tells, with the nearest spelling, or as units of another vintage."""
    told = names.told(division)
    column = names.column(division)
    blank = [row for row in range(names.size) if not any(keys[row] for keys in told.values())]
    elsewhere = everything_named(division.country)
    found: list[Found] = []
    for row in blank:
        value = names.columns[column][row]
        if value is None:
            continue
        other = elsewhere.get(folded(value))
        if other:
            found.append(
                (
                    "error",
                    f"Row {row + 1} is called {str(value)!r}: that is {other}, no unit of {division.pack.title}.",
                    (str(value),),
                )
            )
            continue
        close = get_close_matches(folded(value), division.spellings, n=1, cutoff=0.7)
        near = sorted(division.names[key] for key in division.spellings[close[0]]) if close else []
        found.append(
            (
                "warning",
                f"Row {row + 1} is called {str(value)!r}, which the gazetteer does not know."
                + (f" Is it {' or '.join(near)}?" if near else ""),
                (str(value),),
            )
        )
    return found


def _at_odds(names: Names, shapes: Shapes, division: Division) -> list[Found]:
    """Find rows whose name or code is another unit's than the outline."""
    elsewhere = everything_named(division.country)
    found: list[Found] = []
    for column, told in names.told(division).items():
        agree = [key in told[row] for row, key in shapes.units.items() if told[row]]
        if sum(agree) <= len(agree) / 2:
            continue  # a column of something else
        for row, key in shapes.units.items():
            value = names.columns[column][row]
            keys = division.keys_of(value) if value is not None else frozenset()
            other = "" if keys or value is None else elsewhere.get(folded(value), "")
            if (keys and key not in keys) or other:
                said = other or " or ".join(sorted(division.names[each] for each in keys))
                found.append(
                    (
                        "error",
                        f"Row {row + 1} is NAMED {str(value)!r} in {column!r}, that is {said}; but the shape is {division.names[key]} ({key}).",
                        (str(value),),
                    )
                )
    return found


def _misplaced(names: Names, shapes: Shapes, division: Division) -> list[Found]:
    """Find cities that are not where the gazetteer has them."""
    points = {row["name_en"]: (float(row["lon"]), float(row["lat"])) for row in rows("kz_cities.csv")}
    where = {int(row): place for row, place in zip(shapes.rows, shapes.where, strict=True)}
    far = []
    for row, key in names.units(shapes, division).items():
        if row in where:
            x, y = (
                (where[row][0] - points[key][0]) * 73.0,
                (where[row][1] - points[key][1]) * 111.0,
            )  # km per degree at 49 degrees north
            if hypot(x, y) > _FAR:
                far.append((key, hypot(x, y)))
    if not far:
        return []
    shown = [f"{key}: {distance:,.0f} km" for key, distance in far]
    return [
        (
            "error" if len(far) > len(where) / 2 else "warning",
            f"{counted(len(far), 'city lies', 'cities lie')} more than {_FAR:.0f} km from where the gazetteer has them: {listed(shown)}.",
            tuple(key for key, _ in far),
        )
    ]
