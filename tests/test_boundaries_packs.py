"""The packs that travel with the program, and packs of one's own."""

import importlib.util
import sqlite3
import tomllib

import geopandas
import pytest
from outside import ROOT, shared
from shapely.geometry import box

from spatial.boundaries import get_boundaries, pack, packs, read_places
from spatial.boundaries._keep import keep, write_geopackage
from spatial.boundaries._packs import sha256_of
from spatial.errors import DataError, OutputError, StudyError
from spatial.places import checked
from spatial.shipped import shipped

PACKS = {
    "azerbaijan/economic-regions-14": 14,
    "azerbaijan/units-67": 67,
    "azerbaijan/units-77": 77,
    "kazakhstan/cities-40": 40,
    "kazakhstan/regions-16": 16,
    "kazakhstan/regions-17": 17,
    "kazakhstan/regions-20": 20,
    "kazakhstan/regions-7": 7,
}


def test_all_packs_are_there():
    assert {each.name: each.rows for each in packs()} == PACKS


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_is_what_its_pedigree_says(name):
    told = pack(name)
    places = checked(read_places(name), name)
    assert len(places) == told.rows
    assert told.sha256 == sha256_of(told.file)
    assert told.label in places.columns
    assert places[told.label].is_unique
    assert places[told.label].notna().all()
    assert {*told.columns, "geometry"} == set(places.columns)
    assert all(told.columns.values())
    assert all((told.licence, told.source, told.retrieved, told.title, told.notes))
    assert "ru" in told.titles
    assert {"kk", "az"} & set(told.titles)
    if "schematic" in places:
        assert tuple(places.index[places["schematic"]]) == told.schematic


@pytest.mark.parametrize("name", PACKS)
def test_packs_of_one_country_share_one_metric_system(name):
    expected = (
        "Equal-area cone (Albers, parallels 43 and 53, centre 48 67)"
        if name.startswith("kaz")
        else "Equal-area disc (Lambert, centre 40 48)"
    )
    assert read_places(name).crs.name == expected


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_is_a_geopackage_of_version_1_2(name):
    base = sqlite3.connect(pack(name).file)
    assert base.execute("PRAGMA user_version").fetchone() == (10200,)
    assert base.execute("SELECT srs_id, table_name, last_change FROM gpkg_contents").fetchall() == [
        (4326, "places", "2000-01-01T00:00:00.000Z")
    ]
    base.close()


@pytest.mark.parametrize("name", [name for name in PACKS if "cities" not in name])
def test_outlines_fit_together(name):
    places = read_places(name)
    assert places.geometry.is_valid_coverage()


def test_schematic_outlines_are_said_on_every_map():
    for name in ("kazakhstan/regions-17", "kazakhstan/regions-20"):
        assert any("Shymkent is drawn as a disc" in note for note in pack(name).notes)
    assert any("right neighbours, approximate outlines" in note for note in pack("kazakhstan/regions-20").notes)
    assert not pack("kazakhstan/regions-7").schematic
    assert pack("kazakhstan/regions-20").schematic == ("10", "19", "33", "35", "61", "62", "63", "79")


def test_seven_regions_have_the_names_of_the_survey():
    places = read_places("kazakhstan/regions-7")
    assert sorted(places.index) == ["Almaty", "Astana", "Center", "East", "North", "South", "West"]
    assert places.loc["East", "members"] == "10 63"
    assert places.loc["South", "members_16"] == "19 31 43 51"
    members = " ".join(places["members"]).split()
    assert sorted(members) == sorted(read_places("kazakhstan/regions-20").index)


def test_cities_have_their_populations():
    cities = read_places("kazakhstan/cities-40")
    assert (cities["population_2023"].min(), cities["population_2023"].idxmin()) == (8240, "Karazhal")
    assert cities.loc["Almaty", "population_2023"] == 2_161_695
    assert cities["population_geonames"].notna().all()
    assert cities["kato"].is_unique
    assert cities["region"].isin(read_places("kazakhstan/regions-20").index).all()
    assert "CC BY 4.0" in pack("kazakhstan/cities-40").licence


def test_the_gazetteer_is_what_its_pedigree_says():
    folder = shipped("boundaries") / "gazetteer"
    told = tomllib.loads((folder / "source.toml").read_text(encoding="utf-8"))
    files = {name for name in told if name.endswith(".csv")}
    assert files == {path.name for path in folder.glob("*.csv")}
    for name in files:
        assert sha256_of(folder / name) == told[name]["sha256"]


def test_the_script_makes_the_packs_that_are_here(tmp_path):
    derived, gazetteer = shared("data", "derived_ne"), shared("data", "gazetteer")
    spec = importlib.util.spec_from_file_location("make_packs", ROOT / "boundaries" / "make_packs.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.make_packs(derived, gazetteer, tmp_path)
    for path in sorted(tmp_path.rglob("*")):
        if path.is_dir():
            continue
        here = ROOT / "boundaries" / path.relative_to(tmp_path)
        if path.suffix == ".gpkg":  # other versions of GDAL and SQLite write other bytes
            mine, theirs = geopandas.read_file(path), geopandas.read_file(here)
            assert mine.drop(columns="geometry").equals(theirs.drop(columns="geometry"))
            assert mine.geometry.to_wkb().equals(theirs.geometry.to_wkb())
        elif path.name == "source.toml":
            assert _without_hash(path) == _without_hash(here)
        else:
            assert path.read_bytes() == here.read_bytes()


def _without_hash(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("sha256")]


def test_unknown_pack_offers_the_nearest():
    with pytest.raises(StudyError, match=r"there is no pack 'kazakstan/regions-7'\. Did you mean 'kazakhstan/regions-7'\?"):
        pack("kazakstan/regions-7")


# ---------------------------------------------------------------- packs of one's own


@pytest.fixture
def squares():
    cells = [box(500_000 + 10_000 * step, 5_400_000, 510_000 + 10_000 * step, 5_410_000) for step in range(3)]
    return geopandas.GeoDataFrame({"code": ["a", "b", "c"], "title": ["A", "B", "C"]}, geometry=cells, crs="EPSG:32642")


def test_boundaries_are_kept_with_their_pedigree(squares, tmp_path):
    squares.to_file(tmp_path / "squares.geojson", driver="GeoJSON")
    made = get_boundaries(
        tmp_path / "squares.geojson",
        tmp_path / "packs",
        key="code",
        name="mine/squares",
        label="title",
        title="Squares",
        licence="CC0",
        retrieved="2025-01-31",
    )
    assert (made.rows, made.key, made.label, made.licence, made.retrieved) == (3, "code", "title", "CC0", "2025-01-31")
    assert made.source == "squares.geojson"
    assert str(tmp_path) not in (made.folder / "source.toml").read_text(encoding="utf-8")
    places = read_places(tmp_path / "packs" / "mine" / "squares")
    assert list(places.index) == ["a", "b", "c"]
    assert places.crs == squares.crs
    assert sorted(path.name for path in made.folder.parent.iterdir()) == ["squares"]


def test_boundaries_without_a_pedigree_say_so(squares, tmp_path):
    made = get_boundaries(squares, tmp_path, key="code", name="squares")
    assert (made.licence, made.retrieved, made.source) == ("not stated", "not stated", "a table in memory")


def test_local_boundaries_stay_local(squares, tmp_path):
    get_boundaries(squares.set_crs(None, allow_override=True), tmp_path, key="code", name="squares", crs="local")
    assert read_places(tmp_path / "squares").crs.is_engineering


@pytest.mark.parametrize(
    "name", ["../outside", "/absolute", "a/b/c", "a/../../b", "", ".", "..", "a b", "-x", "a/.hidden", "con\n", "a\\b"]
)
def test_unsafe_names_are_refused(squares, tmp_path, name):
    folder = tmp_path / "packs"
    with pytest.raises(StudyError, match="cannot be the name of a pack"):
        get_boundaries(squares, folder, key="code", name=name)
    assert not folder.exists()


def test_a_link_that_leads_out_is_refused(squares, tmp_path):
    (tmp_path / "packs").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "packs" / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StudyError, match="would lie outside"):
        get_boundaries(squares, tmp_path / "packs", key="code", name="link/squares")
    assert not any((tmp_path / "elsewhere").iterdir())


def test_nothing_is_overwritten_and_nothing_half_done_is_left(squares, tmp_path):
    get_boundaries(squares, tmp_path, key="code", name="squares")
    before = (tmp_path / "squares" / "source.toml").read_bytes()
    with pytest.raises(OutputError, match="there is something of this name already"):
        get_boundaries(squares, tmp_path, key="title", name="squares")
    assert (tmp_path / "squares" / "source.toml").read_bytes() == before
    with pytest.raises(DataError, match="no column"):
        get_boundaries(squares, tmp_path, key="absent", name="other")
    with pytest.raises(StudyError, match="there is no column 'absent'"):
        get_boundaries(squares, tmp_path, key="code", label="absent", name="other")
    assert [path.name for path in tmp_path.iterdir()] == ["squares"]


def test_a_write_that_fails_leaves_nothing(squares, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spatial.boundaries._keep.keep", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        get_boundaries(squares, tmp_path / "packs", key="code", name="mine/squares")
    assert [path.name for path in (tmp_path / "packs").rglob("*")] == ["mine"]


def test_a_folder_that_cannot_be_made(squares, tmp_path):
    (tmp_path / "packs").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        get_boundaries(squares, tmp_path / "packs", key="code", name="squares")


def test_a_changed_geopackage_is_noticed(squares, tmp_path):
    made = get_boundaries(squares, tmp_path, key="code", name="squares")
    made.file.unlink()
    with pytest.raises(DataError, match=r"places\.gpkg is not there"):
        pack(made.folder)
    write_geopackage(squares.iloc[:2], made.file)
    with pytest.raises(DataError, match=r"squares: places\.gpkg has the SHA-256 .*written for"):
        read_places(made.folder)


def test_a_broken_pedigree_is_named(squares, tmp_path):
    made = get_boundaries(squares, tmp_path, key="code", name="squares")
    text = (made.folder / "source.toml").read_text(encoding="utf-8")
    (made.folder / "source.toml").write_text(text.replace("licence = ", "license = "), encoding="utf-8")
    with pytest.raises(DataError, match=r"squares/source\.toml: 'licence' not told"):
        pack(made.folder)
    (made.folder / "source.toml").write_text("title = ", encoding="utf-8")
    with pytest.raises(DataError, match="not readable TOML"):
        pack(made.folder)


def test_the_same_table_gives_the_same_bytes(squares, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        keep(squares, {"title": 'Squares "quoted" \\ Қазақ', "columns": {"code": "x", "with blank": "y"}}, tmp_path / name)
    assert (tmp_path / "one" / "places.gpkg").read_bytes() == (tmp_path / "two" / "places.gpkg").read_bytes()
    told = tomllib.loads((tmp_path / "one" / "source.toml").read_text(encoding="utf-8"))
    assert told["title"] == 'Squares "quoted" \\ Қазақ'
    assert told["columns"] == {"code": "x", "with blank": "y"}
    assert told["sha256"] == sha256_of(tmp_path / "one" / "places.gpkg")
