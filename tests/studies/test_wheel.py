"""The wheel carries its data: built, installed into an empty environment away from the checkout, and run."""

import json
import subprocess
import sys
import sysconfig
import zipfile

import pytest
from outside import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_it_contains_packs_and_studies_but_no_outputs(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "spatial/_data/boundaries/kazakhstan/regions-7/places.gpkg" in names
    assert "spatial/_data/maps/kazakhstan-readiness/study.toml" in names
    assert not [name for name in names if "/out/" in name or name.startswith(("tests/", "boundaries/", "maps/"))]


def test_it_runs_a_study_in_an_empty_environment_away_from_the_checkout(wheel, tmp_path):
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    libraries = next(environment.glob("lib/python*/site-packages")) / "libraries.pth"
    libraries.write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")  # its dependencies, not itself
    away = tmp_path / "away"
    away.mkdir()
    where = subprocess.run(
        [str(python), "-c", "import spatial; print(spatial.__file__)"], cwd=away, capture_output=True, text=True, check=True
    )
    assert str(environment) in where.stdout
    command = [str(environment / "bin" / "spatial"), "run", "kazakhstan-readiness"]
    done = subprocess.run(command, cwd=away, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    record = away / "kazakhstan-readiness" / "out" / "run.json"
    assert json.loads(record.read_text(encoding="utf-8"))["places"]["rows"] == 7
