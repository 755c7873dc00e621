"""What the check finds in clean packs, in packs that were spoilt on purpose, and in files as they are found."""

import json

import geopandas
import pytest
import shapely
from outside import shared
from shapely.geometry import Point, box

from spatial.boundaries import check_boundaries, packs, read_places


def texts(check, severity=None):
    """Give the texts of the findings in one line."""
    return " | ".join(each.text for each in check.findings if severity in (None, each.severity))


@pytest.fixture
def regions():
    """The 20 regions with English names only."""
    return read_places("kazakhstan/regions-20", crs="EPSG:4326")[["name_en", "geometry"]].reset_index(drop=True)


@pytest.mark.parametrize("each", packs(), ids=lambda each: each.name)
def test_a_pack_is_recognised_and_clean(each):
    check = check_boundaries(each.name)
    assert check.pack == each.name
    assert len(check.units) == each.rows
    assert check.usable
    assert not [found for found in check.findings if found.severity == "warning"]
    assert check.verdict.endswith(f"{each.rows} of {each.rows} units found, no errors, no warnings.")
    json.dumps(check.to_dict())


def test_a_name_of_another_vintage_is_found(regions):
    regions = read_places("kazakhstan/regions-16", crs="EPSG:4326")[["name_en", "geometry"]].reset_index(drop=True)
    regions.loc[regions["name_en"] == "South Kazakhstan Region", "name_en"] = "Turkistan Region"
    check = check_boundaries(regions)
    assert check.pack == "kazakhstan/regions-16"
    assert (
        "NAMED 'Turkistan Region' in 'name_en', that is Turkistan Region (since 2018-06-19); but the shape is South Kazakhstan Region (51)"
        in texts(check, "error")
    )


def test_two_names_exchanged_are_found(regions):
    order = regions["name_en"].tolist()
    one, two = order.index("Abai Region"), order.index("Ulytau Region")
    order[one], order[two] = order[two], order[one]
    errors = texts(check_boundaries(regions.assign(name_en=order)), "error")
    assert "NAMED 'Ulytau Region' in 'name_en', that is Ulytau Region; but the shape is Abai Region (10)" in errors
    assert "NAMED 'Abai Region'" in errors


def test_an_unknown_name_gets_the_nearest_offered(regions):
    regions["name_en"] = regions["name_en"].replace("Kostanay Region", "Kostonay Regon")
    assert "called 'Kostonay Regon', which the gazetteer does not know. Is it Kostanay Region?" in texts(check_boundaries(regions))


def test_a_missing_unit_is_named(regions):
    check = check_boundaries(regions[regions["name_en"] != "Abai Region"])
    assert check.verdict.startswith("Regions of Kazakhstan, since 8 June 2022 (20): 19 of 20 units found")
    assert "1 of 20 units has no polygon of its own: 'Abai Region (10)'" in texts(check, "error")


def test_parts_of_one_unit_are_not_taken_for_units(regions):
    row = regions[regions["name_en"] == "Aktobe Region"]
    west, south, east, north = row.total_bounds
    middle = (south + north) / 2
    halves = [
        row.geometry.iloc[0].intersection(box(west, south, east, middle)),
        row.geometry.iloc[0].intersection(box(west, middle, east, north)),
    ]
    split = geopandas.GeoDataFrame({"name_en": ["Aktobe Region"] * 2}, geometry=halves, crs="EPSG:4326")
    rest = regions[regions["name_en"] != "Aktobe Region"]
    check = check_boundaries(geopandas.pd.concat([rest, split]))
    assert "'Aktobe Region' occurs 2 times in 'name_en'" in texts(check, "error")
    assert "Aktobe Region is a part of Aktobe Region (15)" in texts(check, "error")


def test_overlaps_and_gaps_are_measured(regions):
    metres = regions.to_crs(read_places("kazakhstan/regions-20").crs)
    kostanay = metres.index[metres["name_en"] == "Kostanay Region"][0]
    grown = metres.copy()
    grown.loc[kostanay, "geometry"] = metres.geometry[kostanay].buffer(5_000)
    assert "of polygons overlap" in texts(check_boundaries(grown))
    centre = metres.geometry[kostanay].representative_point()
    holed = metres.copy()
    holed.loc[kostanay, "geometry"] = metres.geometry[kostanay].difference(centre.buffer(10_000))
    assert "1 gap between the polygons, 314 km2 in all" in texts(check_boundaries(holed), "warning")


def test_neighbours_that_do_not_touch_are_named(regions):
    metres = regions.to_crs(read_places("kazakhstan/regions-20").crs)
    astana = metres.index[metres["name_en"] == "Astana"][0]
    shrunk = metres.copy()
    shrunk.loc[astana, "geometry"] = metres.geometry[astana].buffer(-1_000)
    assert "1 pair of units do not touch, though they are neighbours: 'Akmola Region and Astana'" in texts(
        check_boundaries(shrunk), "warning"
    )


def test_coordinates_swapped_unset_or_impossible(regions):
    turned = regions.set_geometry(shapely.transform(regions.geometry.array, lambda pairs: pairs[:, ::-1]), crs="EPSG:4326")
    check = check_boundaries(turned)
    assert "seem to be swapped" in texts(check, "error")
    assert check.pack == "kazakhstan/regions-20"  # by the names
    assert "state EPSG:4326" in texts(check_boundaries(regions.set_crs(None, allow_override=True)), "error")
    assert check_boundaries(regions.set_crs(None, allow_override=True), crs="EPSG:4326").usable
    metres = regions.to_crs("EPSG:32642").set_crs("EPSG:4326", allow_override=True)
    assert "cannot be degrees" in texts(check_boundaries(metres), "error")


def test_geometries_that_are_empty_mixed_or_invalid(regions):
    shapes = list(regions.geometry)
    shapes[0], shapes[1] = None, Point(70, 50)
    check = check_boundaries(regions.set_geometry(shapes, crs="EPSG:4326"))
    assert "1 row without geometry" in texts(check, "error")
    assert "polygons and points in one layer" in texts(check, "error")
    bowtie = shapely.Polygon([(60, 48), (61, 49), (61, 48), (60, 49)])
    odd = geopandas.GeoDataFrame({"name": ["a", "b"]}, geometry=[bowtie, box(62, 48, 63, 49)], crs="EPSG:4326")
    check = check_boundaries(odd)
    assert "1 invalid geometry: 'a: Self-intersection" in texts(check, "warning")
    assert check.verdict == "2 polygons in Kazakhstan, in no division the gazetteer knows; no errors, 1 warning."


def test_a_file_from_elsewhere_is_no_error(tmp_path):
    france = geopandas.GeoDataFrame({"name": ["a", "b"]}, geometry=[box(1, 45, 2, 46), box(2, 45, 3, 46)], crs="EPSG:4326")
    check = check_boundaries(france)
    assert (check.country, check.pack, check.usable) == ("", "", True)
    assert check.verdict == "2 polygons, nothing to do with the countries of the gazetteer; no errors, no warnings."
    local = check_boundaries(france, crs="local")
    assert local.crs == "local"
    (tmp_path / "broken.gpkg").write_bytes(b"nothing")
    check = check_boundaries(tmp_path / "broken.gpkg")
    assert not check.usable
    assert check.verdict == "It cannot be used: 1 error."
    assert not check_boundaries(tmp_path / "absent.gpkg").usable
    assert "There are no rows" in texts(check_boundaries(france.iloc[:0]))
    json.dumps(check.to_dict())


# ---------------------------------------------------------------- files as they are found


@pytest.mark.parametrize(
    ("file", "pack", "units", "told"),
    [
        (
            "kaz_adm1_16units_geoboundaries",
            "kazakhstan/regions-16",
            16,
            [
                "NAMED 'Туркестанская область' in 'shapeName', that is Turkistan Region (since 2018-06-19); but the shape is South Kazakhstan Region (51)"
            ],
        ),
        ("kaz_adm1_16units_cgaz_invalid", "kazakhstan/regions-16", 16, ["2 invalid geometries"]),
        (
            "kaz_adm1_2013_osm_multilingual",
            "kazakhstan/regions-16",
            16,
            ["no name in 'name': row 1", "includes waters of the Caspian Sea"],
        ),
        (
            "kaz_adm1_2023_20units_osm",
            "kazakhstan/regions-20",
            20,
            ["Mangystau Region has 184,204 km2, officially 165,600 (+11%): it includes waters", "Atyrau Region has 128,066 km2"],
        ),
        ("kaz_adm2_174_geoboundaries", "", 0, ["'Zhambylskiy' occurs 3 times"]),
        ("kaz_adm2_99_partial_osm", "", 0, ["polygons overlap", "levels are mixed"]),
        (
            "aze_adm2_79_geoboundaries",
            "azerbaijan/units-77",
            77,
            ["'Lankaran District' occurs 2 times in 'shapeName' (542 and 608 km2)", "Shusha City is a part of Shusha (AZ-SUS)"],
        ),
        ("aze_adm2_79_cgaz_invalid", "azerbaijan/units-77", 77, ["1 invalid geometry", "'Lankaran District' occurs 2 times"]),
        ("aze_adm1_2units_cgaz", "", 0, []),
        (
            "aze_osm_bbox_clip_dirty",
            "",
            0,
            ["levels are mixed", "rows lie outside Azerbaijan", "2 of 79 rows have no name", "pairs of polygons overlap"],
        ),
    ],
)
def test_real_files(file, pack, units, told):
    check = check_boundaries(shared("data", "boundaries_test", f"{file}.geojson"))
    assert check.pack == pack
    assert len(set(check.units.values())) == units
    for text in told:
        assert text in texts(check)


@pytest.mark.parametrize(
    ("file", "told", "usable"),
    [
        ("kz_cities_swapped_SYNTHETIC", "seem to be swapped", False),
        ("kz_cities_decimal_comma_SYNTHETIC", "written with decimal commas", True),
        (
            "kz_cities_gk_zone12_nocrs_SYNTHETIC",
            "as EPSG:28412 (Pulkovo 1942 / Gauss-Kruger zone 12) all rows lie in Kazakhstan",
            False,
        ),
        ("taldau_style_cp1251_SYNTHETIC", "no columns of coordinates", False),
    ],
)
def test_broken_tables_of_points(file, told, usable):
    check = check_boundaries(shared("data", "indicators_test", "synthetic", f"{file}.csv"))
    assert told in texts(check)
    assert check.usable is usable


def test_cities_in_gauss_krueger_are_where_they_belong_once_that_is_stated():
    check = check_boundaries(
        shared("data", "indicators_test", "synthetic", "kz_cities_gk_zone12_nocrs_SYNTHETIC.csv"), crs="EPSG:28412"
    )
    assert check.verdict == "Kazakhstan: 40 cities of a 2021 study: 40 of 40 units found, no errors, no warnings."
    wrong = check_boundaries(
        shared("data", "indicators_test", "synthetic", "kz_cities_gk_zone12_nocrs_SYNTHETIC.csv"), crs="EPSG:28413"
    )
    assert "cities lie more than 10 km from where the gazetteer has them" in texts(wrong)
