"""Texts of the data are never run, and never steer what shows them: names, titles and notes that were made to do harm."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from layered_atlas import awkward_atlas
from outside import ROOT
from web_maps import atlas_of

from spatial.outputs._latex import escaped
from spatial.outputs.qgis_layers import layers_of, unique
from spatial.outputs.qgis_project import project_document
from spatial.outputs.qgis_xml import unevaluated
from spatial.outputs.report import write_report
from spatial.outputs.web_map import write_map
from spatial.outputs.words import cleaned


def test_letters_that_are_taken_out_do_not_make_an_expression_for_qgis():
    assert unevaluated("[\x01% env('HOME') %]") == "[\u200b% env('HOME') %]"
    atlas = awkward_atlas()
    hostile = [replace(theme, title=f"[\x02% @project_path %] {theme.title}") for theme in atlas.themes]
    atlas = replace(atlas, title="[\x01% env('HOME') %]", themes=tuple(hostile))
    document = project_document(atlas, layers_of(atlas), "atlas.gpkg")
    inside = ET.fromstring(document)  # noqa: S314  (our own)
    shown = ("labelText", "name", "label")  # what QGIS shows on pages and in legends
    found = [each.get(name) for tag in ("LayoutItem", "layer-tree-layer", "rule") for each in inside.iter(tag) for name in shown]
    found += [each.get("value") for each in inside.iter("Option") if each.get("name") == "legend/title-label"]
    assert [each for each in found if each and "[%" in each] == []
    assert any("[\u200b%" in each for each in found if each)


def test_names_of_layers_hold_no_sign_that_qgis_fills_in():
    assert unique("share %1 of %2", set()) == "share _1 of _2"


def test_what_a_folder_says_to_matplotlib_does_not_count(tmp_path):
    code = "from spatial.outputs._paper import styled\nwith styled():\n import matplotlib\n print(matplotlib.rcParams['text.usetex'], matplotlib.rcParams['font.size'])"
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: 30\nnonsense: 1\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLCONFIGDIR": "/proc/none", "HOME": "/proc/none"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False ")
    assert "30" not in done.stdout
    assert done.stderr == ""


def test_no_text_turns_the_direction_of_the_rest():
    assert cleaned("\u202egnp.\u2066exe\u2069\u202c") == "gnp.exe"


def test_pages_show_no_character_that_steers_them(grid, tmp_path):
    marks = "\x00\x07\x1b\x7f\x9b\u202e\u2066"
    grid.index = [f"{label}{marks}" for label in grid.index]
    atlas = atlas_of(grid, title=f"Title{marks}", notes=(f"Note{marks}",), description=f"Words{marks}")
    write_map(atlas, tmp_path / "map.html")
    write_report(atlas, tmp_path / "report.html", tmp_path)
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    for text in (re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL), (tmp_path / "report.html").read_text("utf-8")):
        assert "Title" in text
        assert "Note" in text
        assert [mark for mark in marks if mark in text] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1ex] of a row", "{[}1ex{]} of a row"),  # behind the end of a row LaTeX would take it for a distance
        ("*", "{*}"),
        ("one\n\ntwo\u2028three", "one  two three"),  # a blank line ends a caption
        ("\\input{/etc/passwd}%\x1b", r"\textbackslash{}input\{/etc/passwd\}\%"),
        ("^^5cinput", r"\textasciicircum{}\textasciicircum{}5cinput"),
    ],
)
def test_no_text_is_a_command_of_latex(text, expected):
    assert escaped(text) == expected
