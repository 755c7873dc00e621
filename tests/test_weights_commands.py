"""Graphs on the command line and in study files."""

import geopandas
import pytest

from spatial.cli import main
from spatial.errors import SpatialError, StudyError
from spatial.running import prepare
from spatial.study import read_study
from spatial.weights import contiguity, read_graph


@pytest.fixture
def layer(grid, tmp_path):
    path = tmp_path / "grid.gpkg"
    grid.assign(region=[number % 2 for number in range(16)]).rename_axis("code").reset_index().to_file(path, layer="grid")
    return path


def do(layer, *words):
    return main(["do", words[0], "--places", str(layer), "--key", "code", *words[1:]])


@pytest.mark.parametrize("ending", ["gal", "gwt", "csv", "parquet"])
def test_do_writes_a_graph(layer, grid, tmp_path, capsys, ending):
    assert do(layer, "contiguity", "--rule", "rook", "--out", str(tmp_path / f"w.{ending}")) == 0
    assert capsys.readouterr().out == ""
    assert len(read_graph(tmp_path / f"w.{ending}", grid).adjacency) == 48


def test_do_writes_lines(layer, tmp_path, capsys):
    assert do(layer, "contiguity", "--rule", "rook", "--out", str(tmp_path / "w.gpkg")) == 0
    lines = geopandas.read_file(tmp_path / "w.gpkg", layer="links")
    assert (len(lines), set(lines.geom_type), set(lines["distance"])) == (48, {"LineString"}, {1000})


def test_do_reads_a_matrix_with_codes_for_no_link(layer, grid, tmp_path, capsys):
    names = list(grid.index)
    rows = [
        [name, *("-" if one == other else "n/a" if abs(one - other) > 1 else "2,5" for other in range(16))]
        for one, name in enumerate(names)
    ]
    (tmp_path / "trade.csv").write_text("\n".join(";".join(row) for row in [["place", *names], *rows]))
    words = f"{tmp_path / 'trade.csv'}:missing=-,missing=n/a,transform=o"
    assert do(layer, "connectivity", "--graph", words, "--json") == 0
    assert '"links": 30' in capsys.readouterr().out
    assert do(layer, "connectivity", "--graph", f"{tmp_path / 'trade.csv'}:missing=-") == 1
    assert "as missing" in capsys.readouterr().err


def test_do_says_what_cannot_be_written(layer, tmp_path, capsys):
    assert do(layer, "contiguity", "--out", str(tmp_path / "w.xyz")) == 1
    said = capsys.readouterr().err
    assert "cannot be written as '.xyz'" in said
    for ending in (".gal", ".gwt", ".csv", ".parquet", ".gpkg"):
        assert f"'{ending}'" in said
        assert do(layer, "contiguity", "--out", str(tmp_path / f"w{ending}")) == 0


def test_do_combines_graphs(layer, capsys):
    assert do(layer, "difference", "--graph", "queen", "--graph", "rook", "--transform", "b") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 36  # two diagonals of nine squares, both ways
    assert do(layer, "higher_order", "--graph", "rook") == 0
    assert do(layer, "union", "--graph", "rook") == 1
    assert "1 graph is given" in capsys.readouterr().err


def test_do_asks_for_no_policy_where_islands_are_reported_or_judged_later(layer, grid, tmp_path, capsys):
    apart = grid.iloc[[0, 1, 2, 8]].rename_axis("code").reset_index()  # the last one touches nobody
    layer.unlink()
    apart.to_file(layer, layer="grid")
    assert do(layer, "connectivity", "--graph", "queen") == 0
    assert "What each policy for places without neighbours would do" in capsys.readouterr().out
    (tmp_path / "w.gal").write_text("4\ncell_00 1\ncell_01\ncell_01 1\ncell_00\ncell_02 0\n\ncell_08 0\n\n")
    assert do(layer, "connectivity", "--graph", str(tmp_path / "w.gal")) == 0
    assert do(layer, "union", "--graph", "queen", "--graph", "nearest:k=1") == 0
    assert do(layer, "intersection", "--graph", "queen", "--graph", "nearest:k=1") == 1
    assert "intersection: 1 of 4 places has no neighbour: 'cell 08'" in capsys.readouterr().err
    assert do(layer, "connectivity", "--graph", "contiguity:islands=error") == 1


def test_do_reports_polygons_of_which_every_one_misses_its_neighbours(layer, grid, capsys):
    apart = grid.set_geometry(grid.buffer(-0.1, join_style="mitre")).rename_axis("code").reset_index()
    layer.unlink()
    apart.to_file(layer, layer="grid")
    assert do(layer, "connectivity", "--graph", "queen", "--json") == 0
    told = capsys.readouterr()
    assert '"near_misses": ' in told.out
    assert "Set snap = 0.29 to close these gaps" in told.err
    assert do(layer, "connectivity", "--graph", "contiguity:snap=0.29", "--json") == 0
    assert '"links": 84' in capsys.readouterr().out


def test_do_reads_a_file_with_options(layer, tmp_path, capsys):
    (tmp_path / "times.csv").write_text(
        "from,to,time\n" + "".join(f"cell {row:02d},cell {(row + step) % 16:02d},{step}\n" for row in range(16) for step in (1, 2))
    )
    assert do(layer, "connectivity", "--graph", f"{tmp_path / 'times.csv'}:values=costs,k=1", "--json") == 0
    assert '"links": 16' in capsys.readouterr().out
    assert do(layer, "connectivity", "--graph", f"{tmp_path / 'times.csv'}:valus=costs") == 1
    assert "read_graph has no option 'valus'" in capsys.readouterr().err


STUDY = """
title = "Graphs of graphs"

[places]
boundaries = "grid.gpkg"
key = "code"

[graphs.queen]
kind = "contiguity"

[graphs.rook]
kind = "contiguity"
rule = "rook"

[graphs.corners]
kind = "difference"
graphs = ["queen", "rook"]
transform = "b"

[graphs.second]
kind = "higher_order"
graph = "rook"

[graphs.groups]
kind = "block"
column = "region"

[[steps]]
operation = "moran"
graph = "corners"
options = { column = "value" }
"""


@pytest.fixture
def written(layer):
    def write(old="", new=""):
        (layer.parent / "study.toml").write_text(STUDY.replace(old, new) if old else STUDY)
        return read_study(layer.parent)

    return write


def test_a_study_makes_graphs_of_graphs(written, grid):
    prepared = prepare(written())
    queen, rook = contiguity(grid).adjacency.index, contiguity(grid, rule="rook").adjacency.index
    assert set(prepared.graphs["corners"].adjacency.index) == set(queen) - set(rook)
    assert prepared.graph_options["corners"] == {
        "kind": "difference",
        "graphs": ["queen", "rook"],
        "islands": "error",
        "transform": "b",
    }
    assert prepared.graphs["second"].n_edges > 0
    assert len(prepared.graphs["groups"].adjacency) == 2 * 8 * 7


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["queen", "rook"]', '["quen", "rook"]', "graph 'corners': there is no graph 'quen' above it. Did you mean 'queen'"),
        ('["queen", "rook"]', '["queen", "second"]', "there is no graph 'second' above it"),
        ('["queen", "rook"]', '["queen"]', "graph 'corners': 1 graph is named. Expected two or more"),
        ('graphs = ["queen", "rook"]\n', "", "graph 'corners': 0 graphs are named"),
        ('graph = "rook"', 'graphs = ["rook"]', "graph 'second': higher_order takes no 'graphs'"),
        ('rule = "rook"', 'graphs = ["queen"]', "graph 'rook': contiguity takes no 'graphs'"),
    ],
)
def test_what_is_wrong_with_graphs_of_graphs_is_said(written, old, new, message):
    with pytest.raises(StudyError) as caught:
        written(old, new)
    assert message in str(caught.value)


def test_a_graph_whose_parts_could_not_be_built(written, layer, grid):
    apart = grid.iloc[[0, 2, 8, 10]].assign(region=[0, 0, 1, 1]).rename_axis("code").reset_index()
    layer.unlink()
    apart.to_file(layer, layer="grid")
    with pytest.raises(SpatialError, match="'queen', 'rook' could not be built"):
        prepare(written())


def test_a_study_reads_a_file_with_options_and_records_all_of_them(written, layer, grid):
    rows = "".join(f"cell {row:02d};cell {(row + 1) % 16:02d};{row},5;-\n" for row in range(16))
    (layer.parent / "times.csv").write_text("from;to;minutes;hours\n" + rows.replace(";3,5;", ";-;"))
    file = '[graphs.corners]\nfile = "times.csv"\nvalues = "costs"\ncolumn = "minutes"\nmissing = ["-"]\nislands = "keep"\n'
    prepared = prepare(written('[graphs.corners]\nkind = "difference"\ngraphs = ["queen", "rook"]\n', file))
    assert list(prepared.graphs["corners"].isolates) == ["cell 03"]
    assert prepared.graph_options["corners"] == {
        "kind": "file", "file": "times.csv", "sheet": None, "column": "minutes", "missing": ["-"], "values": "costs", "power": None,
        "threshold": None, "k": None, "itself": "error", "islands": "keep", "transform": "b",
    }  # fmt: skip
