"""What the gazetteer knows: the divisions of Kazakhstan and Azerbaijan, how their units are written, who borders whom."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from spatial.boundaries._packs import Pack, pack
from spatial.shipped import shipped

Pair = frozenset[str]

#: Words that say what kind of unit it is; without them more spellings meet, though some are then ambiguous.
_KINDS = frozenset(
    [
        "region",
        "oblast",
        "oblysy",
        "province",
        "district",
        "rayon",
        "rayonu",
        "raion",
        "city",
        "c",
        "administrative",
        "republic",
        "economic",
        "of",
        "the",
        "область",
        "облысы",
        "обл",
        "район",
        "ауданы",
        "г",
        "город",
        "қаласы",
        "қ",
        "қалалық",
        "әкімдігі",
        "şəhəri",
        "şəhər",
        "vilayəti",
        "sahari",
        "shahari",
        "iqtisadi",
        "экономический",
        "autonomous",
    ]
)


@dataclass(frozen=True, eq=False)
class Division:
    """One way a country is divided, which is also one of the packs."""

    pack: Pack
    country: str
    names: Mapping[str, str]  # key of the unit -> English name
    spellings: Mapping[str, frozenset[str]]  # folded spelling or code -> keys
    areas: Mapping[str, float]  # key -> official area in km2, where known
    pairs: frozenset[Pair]  # keys that share a border
    doubtful: frozenset[Pair]  # keys of which that is not certain

    def keys_of(self, text: object) -> frozenset[str]:
        """Give the units a text may mean: all that are written so, or so but for the kind of unit."""
        exact = self.spellings.get(folded(text), frozenset())
        return exact or self.spellings.get(_bare(folded(text)), frozenset())


@cache
def divisions() -> tuple[Division, ...]:
    """
    List the divisions the gazetteer knows, the latest of a country first.

    Returns
    -------
    tuple of Division
        Regions of Kazakhstan in three vintages, the survey's regions, cities; units and economic regions of Azerbaijan.
    """
    return (*(_regions(name, flag) for name, flag in _VINTAGES), _survey(), _cities(), _units(), _stat_units(), _economic_regions())


@cache
def everything_named(country: str) -> Mapping[str, str]:
    """
    Give every first-level unit a country has had, by spelling.

    Parameters
    ----------
    country
        ``"Kazakhstan"`` or ``"Azerbaijan"``.

    Returns
    -------
    mapping
        Folded spelling to a sentence's end such as ``Turkistan Region (since 2018-06-19)``.
    """
    if country != "Kazakhstan":
        return {}
    told = {row["unit_id"]: row for row in rows("kz_regions.csv")}
    found = {}
    for row in rows("kz_region_name_variants.csv"):
        unit = told[row["unit_id"]]
        since, until = unit["valid_from"], unit["valid_to"]
        when = f"{since or '...'} to {until}" if until else f"since {since}" if since else "in every vintage"
        if not row["kind"].startswith("AMBIGUOUS"):
            found[folded(row["name"])] = f"{unit['name_en']} ({when})"
    return found


def rows(file: str) -> list[dict[str, str]]:
    """Read one table of the gazetteer."""
    with (shipped("boundaries") / "gazetteer" / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def folded(text: object) -> str:
    """
    Write a name so that spellings which differ only in case, stress, blanks or marks become equal.

    Parameters
    ----------
    text
        Any value of a table.

    Returns
    -------
    str
        Lower case; letters of other scripts stay.

    Examples
    --------
    >>> folded("  Шығыс  Қазақстан* "), folded("Ağstafa"), folded("г.Астана")
    ('шығыс қазақстан', 'ağstafa', 'г астана')
    """
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    plain = unicodedata.normalize("NFKC", str(text)).casefold().replace("ё", "е").replace("i\u0307", "i")
    return " ".join(re.findall(r"\w+", plain))


def _bare(text: str) -> str:
    return " ".join(word for word in text.split() if word not in _KINDS)


def _spellings(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Collect spelling -> keys; a spelling without its kind of unit is only kept where nothing is spelt just so."""
    exact: dict[str, set[str]] = {}
    for spelling, key in pairs:
        if folded(spelling):
            exact.setdefault(folded(spelling), set()).add(key)
    bare: dict[str, set[str]] = {}
    for spelling, keys in exact.items():
        if _bare(spelling) not in exact and _bare(spelling):
            bare.setdefault(_bare(spelling), set()).update(keys)
    return {spelling: frozenset(keys) for spelling, keys in (bare | exact).items()}


_VINTAGES = (
    ("kazakhstan/regions-20", "in_20_since2022"),
    ("kazakhstan/regions-17", "in_17_2018_2022"),
    ("kazakhstan/regions-16", "in_16_pre2018"),
)
_BEFORE_2022 = {"10": "63", "33": "19", "62": "35"}
_BEFORE_2018 = {**_BEFORE_2022, "61": "51", "79": "51"}


def _regions(name: str, flag: str) -> Division:
    units = {row["unit_id"]: row for row in rows("kz_regions.csv") if row[flag] == "1"}
    pairs = [
        (row["name"], units[row["unit_id"]]["kato2"]) for row in rows("kz_region_name_variants.csv") if row["unit_id"] in units
    ]
    for unit in units.values():
        codes = (unit["kato2"], f"{unit['kato2']}0000000", unit["iso3166_2_new"], unit["iso3166_2_old"], unit["unit_id"])
        pairs += [(code, unit["kato2"]) for code in codes]
    before = {"kazakhstan/regions-20": {}, "kazakhstan/regions-17": _BEFORE_2022, "kazakhstan/regions-16": _BEFORE_2018}[name]
    names = {unit["kato2"]: unit["name_en"].partition(" (before")[0] for unit in units.values()}
    areas = {unit["kato2"]: float(unit["area_000km2_official"]) * 1000 for unit in units.values()}
    return Division(pack(name), "Kazakhstan", names, _spellings(pairs), areas, _merged(_kazakh_pairs(), before), frozenset())


def _survey() -> Division:
    found = pack("kazakhstan/regions-7")
    member = {row["kato2"]: row["composite_region"].removesuffix(" City") for row in rows("kz_composite7_seed001.csv")}
    names = {name: name for name in member.values()}
    spellings = _spellings((name, name) for name in names)
    return Division(found, "Kazakhstan", names, spellings, {}, _merged(_kazakh_pairs(), member), frozenset())


def _cities() -> Division:
    told = [row for row in rows("kz_cities.csv") if row["in_40_of_2021"] == "1"]
    columns = ("name_en", "name_kk", "name_kk_latin2021", "name_ru", "city_id", "kato_2025")
    pairs = [(row[column], row["name_en"]) for row in told for column in columns]
    pairs += [(variant, row["name_en"]) for row in told for variant in row["variants"].split(";")]
    names = {row["name_en"]: row["name_en"] for row in told}
    return Division(pack("kazakhstan/cities-40"), "Kazakhstan", names, _spellings(pairs), {}, frozenset(), frozenset())


def _units() -> Division:
    names = {row["iso3166_2"]: row["name_en"] for row in rows("az_units.csv")}
    certain, doubtful = _azerbaijani_pairs({})
    return Division(pack("azerbaijan/units-77"), "Azerbaijan", names, _spellings(_azerbaijani_spellings({})), {}, certain, doubtful)


def _stat_units() -> Division:
    member = {row["iso3166_2"]: row["stat_unit"] for row in rows("az_units.csv")}
    names = {row["stat_unit"]: row["name_en"] for row in sorted(rows("az_units.csv"), key=lambda row: row["type"])}  # rayons win
    names["AZ-NX"] = "Nakhchivan Autonomous Republic"
    spellings = [*_azerbaijani_spellings(member), *((key, key) for key in names)]
    spellings += [
        (spelling, "AZ-NX")
        for spelling in ("Naxçıvan Muxtar Respublikası", "Naxçıvan MR", "Нахчыванская Автономная Республика", names["AZ-NX"])
    ]
    certain, doubtful = _azerbaijani_pairs(member)
    return Division(pack("azerbaijan/units-67"), "Azerbaijan", names, _spellings(spellings), {}, certain, doubtful)


def _economic_regions() -> Division:
    told = rows("az_econ_regions_2021.csv")
    names = {row["name_en"]: row["name_en"] for row in told}
    columns = ("name_az", "name_en", "name_ru", "stat_gov_az_english_form")
    spellings = _spellings((row[column], row["name_en"]) for row in told for column in columns)
    certain, doubtful = _azerbaijani_pairs({iso: row["name_en"] for row in told for iso in row["members_iso"].split()})
    return Division(pack("azerbaijan/economic-regions-14"), "Azerbaijan", names, spellings, {}, certain, doubtful)


def _azerbaijani_spellings(member: Mapping[str, str]) -> list[tuple[str, str]]:
    found = [(row["name"], row["iso3166_2"]) for row in rows("az_unit_name_variants.csv")]
    found += [(row["iso3166_2"], row["iso3166_2"]) for row in rows("az_units.csv")]
    return [(name, member.get(iso, iso)) for name, iso in found]


def _kazakh_pairs() -> frozenset[Pair]:
    return frozenset(frozenset((row["kato2_a"], row["kato2_b"])) for row in rows("kz_adjacency_20.csv"))


def _azerbaijani_pairs(member: Mapping[str, str]) -> tuple[frozenset[Pair], frozenset[Pair]]:
    told = rows("az_adjacency.csv")
    certain, doubtful = (
        _merged(
            frozenset(frozenset((row["iso_a"], row["iso_b"])) for row in told if row["evidence"].startswith("uncertain") is unsure),
            member,
        )
        for unsure in (False, True)
    )
    return certain, doubtful - certain


def _merged(pairs: frozenset[Pair], into: Mapping[str, str]) -> frozenset[Pair]:
    merged = (frozenset(into.get(key, key) for key in pair) for pair in pairs)
    return frozenset(pair for pair in merged if len(pair) > 1)
