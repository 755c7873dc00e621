"""Boundaries from a real PostgreSQL, started for these tests where it is installed; geometries as WKB, with or without PostGIS."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
import shapely
from outside import component
from shapely.geometry import box

from spatial.boundaries import get_boundaries, read_places
from spatial.errors import DataError

USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []  # it refuses to run as root


def program(name):
    """Find a server program; Debian keeps them out of PATH."""
    return shutil.which(name) or next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)


@pytest.fixture(scope="module")
def database():
    """The address of an empty database; gone afterwards."""
    initdb, control = program("initdb"), program("pg_ctl")
    component(initdb and control, "PostgreSQL with PostGIS")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    data = str(folder / "data")
    options = f"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off"
    subprocess.run([*USER, initdb, "-D", data, "-U", "me", "--auth=trust", "--no-sync"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [*USER, control, "-w", "-D", data, "-o", options, "-l", str(folder / "log"), "start"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    import psycopg

    address = f"postgresql://me:secret@127.0.0.1:{port}/postgres"
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            try:
                connection.execute("CREATE EXTENSION postgis")
            except psycopg.errors.FeatureNotSupported:
                component(present=False, name="PostGIS")
        yield address
    finally:
        subprocess.run([*USER, control, "-D", data, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def towns(database):
    """A table with an awkward name and rows out of order."""
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute('CREATE SCHEMA "My Schema"')
        connection.execute('CREATE TABLE "My Schema"."town""s" (code text, people int, outline bytea)')
        for step in (2, 0, 1):
            cell = shapely.set_srid(box(500_000 + 10_000 * step, 5_400_000, 510_000 + 10_000 * step, 5_410_000), 32642)
            row = (f"0{step}", step, shapely.to_wkb(cell, include_srid=True))
            connection.execute('INSERT INTO "My Schema"."town""s" VALUES (%s, %s, %s)', row)
    return database


def test_a_table_is_read_with_its_reference_system_and_sorted(towns):
    places = read_places(f"{towns}?geometry=outline", 'My Schema.town"s', "code")
    assert list(places.index) == ["00", "01", "02"]
    assert places.crs == "EPSG:32642"
    assert places.area.tolist() == [1e8] * 3
    same = read_places(f"{towns}?table=My%20Schema.town%22s&geometry=outline", key="code")
    assert same.equals(places)


def test_what_is_not_there_is_said_without_the_password(towns):
    for query, message in (
        ("table=absent", "there is no such table"),
        ("table=My%20Schema.town%22s", r"it has 0 geometry columns.*\?geometry=; its columns are 'code', 'people', 'outline'"),
        ("table=My%20Schema.town%22s&geometry=outlin", r"no column 'outlin'\. Did you mean 'outline'\?"),
        ("table=My%20Schema.town%22s&geometry=code", "its geometries cannot be read"),
        ("table=x;drop table y&geometry=g", "there is no such table"),
    ):
        with pytest.raises(DataError, match=message) as error:
            read_places(f"{towns}?{query}", key="code")
        assert "secret" not in str(error.value)


def test_a_pack_kept_from_a_database_has_no_password(towns, tmp_path):
    made = get_boundaries(f"{towns}?geometry=outline", tmp_path, layer='My Schema.town"s', key="code", name="towns")
    told = (made.folder / "source.toml").read_text(encoding="utf-8")
    assert "secret" not in told
    assert made.source.endswith('table My Schema.town"s')
    assert len(read_places(made.folder)) == 3


def test_postgis_tables_are_read_without_naming_the_geometry(database):
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE regions (code text, name text, shape geometry(MultiPolygon, 32642))")
        for number, name in enumerate(("Ақмола", "O'Brien")):
            cell = box(500_000 + 10_000 * number, 5_400_000, 510_000 + 10_000 * number, 5_410_000)
            connection.execute(
                "INSERT INTO regions VALUES (%s, %s, ST_Multi(ST_GeomFromText(%s, 32642)))", (f"r{number}", name, cell.wkt)
            )
        connection.execute("ALTER TABLE regions ADD COLUMN elsewhere geography(Point)")
    with pytest.raises(DataError, match="2 geometry columns: 'shape', 'elsewhere'"):
        read_places(database, "regions", "code")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER TABLE regions DROP COLUMN elsewhere")
    places = read_places(database, "regions", "code")
    assert places.crs == "EPSG:32642"
    assert places["name"].to_dict() == {"r0": "Ақмола", "r1": "O'Brien"}
    assert set(places.geom_type) == {"MultiPolygon"}
    assert places.area.tolist() == [1e8, 1e8]
