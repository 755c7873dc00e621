"""What the README shows is what happens."""

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_python_example_runs(capsys):
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102
    printed = capsys.readouterr().out
    assert printed.startswith("I = 0.500, p = 0.002, n = 49")
    assert re.search(r"rho +0\.4\d\d", printed)


def test_the_test_command_is_what_ci_calls():
    command = blocks("sh")[1].strip()
    ci = (README.parent / ".ci" / "run").read_text(encoding="utf-8")
    assert command in ci.splitlines()


@pytest.mark.parametrize("name", re.findall(r"\]\(([^)]+)\)", README.read_text(encoding="utf-8")))
def test_what_it_links_to_is_there(name):
    assert (README.parent / name).exists()


def test_the_study_file_is_understood(tmp_path):
    from spatial.study import read_study

    (tmp_path / "study.toml").write_text(blocks("toml")[0], encoding="utf-8")
    (tmp_path / "indicators.xlsx").touch()
    (tmp_path / "published.csv").touch()
    (tmp_path / "firms.dta").touch()
    study = read_study(tmp_path)
    assert study.places.boundaries == "kazakhstan/regions-20"
    assert study.indicators[0].columns["income"].source == "Income, thousand tenge"
    assert study.steps[0].options["permutations"] == 9999
