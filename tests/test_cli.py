"""The command: stdout is the answer, stderr the progress; one catalogue for every shell."""

import json
import re
import subprocess
import sys

import geopandas
import pytest
from outside import ROOT

import spatial
from spatial.cli import main
from spatial.operations import OPERATIONS, operation
from spatial.options import data_parameters, declared


def test_the_bundled_manifest_is_what_the_command_prints(capsys):
    assert main(["operations", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((ROOT / "spatial" / "qgis" / "operations.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in printed["operations"]] == [row.name for row in OPERATIONS]


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_every_operation_is_exported_and_every_option_has_its_sentence(row):
    function = getattr(spatial, row.name)
    assert function is row.function()
    for option in declared(function):
        assert re.match(r"^[A-Z\"'0-9].{8,}", option.help, re.DOTALL), f"{row.name}: {option.name}: {option.help!r}"
    assert data_parameters(function)[0] in ("places", "points", "records")
    for word in ("Parameters", "Returns", "Raises"):
        assert f"\n    {word}\n" in function.__doc__, f"{row.name} says nothing under {word}"


def test_nothing_else_is_exported():
    assert set(spatial.__all__) == {row.name for row in OPERATIONS} | {"read_places", "read_graph", "run"}
    assert set(spatial.__all__) <= set(dir(spatial))
    with pytest.raises(AttributeError):
        _ = spatial.morans


def test_no_module_hides_a_function():
    code = "import spatial.cli, spatial.running, spatial.verify, spatial\nfor name in 2 * spatial.__all__: assert callable(getattr(spatial, name)), name"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def layer(grid, tmp_path):
    path = tmp_path / "grid.gpkg"
    grid.rename_axis("code").reset_index().to_file(path, layer="grid")
    return path


def test_do_prints_json(layer, capsys):
    words = [
        "do",
        "moran",
        "--places",
        str(layer),
        "--key",
        "code",
        "--graph",
        "queen",
        "--column",
        "value",
        "--permutations",
        "99",
        "--json",
    ]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["operation"] == "moran"
    assert found["options"]["permutations"] == 99
    assert found["statistic"] > 0.5


def test_do_prints_words(layer, capsys):
    assert main(["do", "moran", "--places", f"{layer}::grid", "--key", "code", "--graph", "nearest:k=3", "--column", "value"]) == 0
    assert "Moran" in capsys.readouterr().out


def test_do_takes_of_a_table_only_what_is_named(layer, tmp_path, capsys):
    table = tmp_path / "table.csv"
    rows = [f"cell {number:02d},{'-' if number == 3 else number**2},text" for number in range(15)]
    table.write_text("\n".join(["code,income,remark", *rows, "total,999,x"]), encoding="utf-8")
    words = [
        "do",
        "moran",
        "--places",
        str(layer),
        "--key",
        "code",
        "--table",
        str(table),
        "--graph",
        "queen",
        "--column",
        "income",
    ]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "1 of 16 keys has no place: 'total'" in said
    assert "'income'" in said
    assert "remark" not in said
    assert main([*words, "--unmatched", "drop", "--table-missing=-,…", "--missing", "drop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["observations"] == 14


def test_words_stand_in_columns_and_places_in_one_table(layer, capsys):
    assert main(["do", "local_moran", "--places", str(layer), "--key", "code", "--graph", "queen", "--column", "value"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "observations  16" in lines
    assert sum(line.startswith("cell 00") for line in lines) == 1
    head = next(line for line in lines if line.split()[:2] == ["statistic", "expected"])
    assert head.split()[-3:] == ["cluster", "significance", "quadrant"]


def test_do_prints_a_graph_and_reads_it_again(layer, tmp_path, capsys):
    assert main(["do", "contiguity", "--places", str(layer), "--key", "code", "--rule", "rook", "--transform", "b"]) == 0
    edges = tmp_path / "edges.csv"
    edges.write_text(capsys.readouterr().out, encoding="utf-8")
    assert edges.read_text(encoding="utf-8").splitlines()[0] == "from,to,weight"
    assert len(edges.read_text(encoding="utf-8").splitlines()) == 1 + 48
    assert main(["do", "moran", "--places", str(layer), "--key", "code", "--graph", str(edges), "--column", "value", "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert main(["do", "moran", "--places", str(layer), "--key", "code", "--graph", "rook", "--column", "value", "--json"]) == 0
    assert read["statistic"] == pytest.approx(json.loads(capsys.readouterr().out)["statistic"])


@pytest.mark.parametrize("suffix", ["csv", "gpkg"])
def test_do_writes_values_per_place(layer, tmp_path, suffix, capsys):
    out = tmp_path / f"local.{suffix}"
    words = ["do", "local_moran", "--places", str(layer), "--key", "code", "--graph", "queen", "--column", "value"]
    assert main([*words, "--out", str(out)]) == 0
    capsys.readouterr()
    read = geopandas.read_file(out)
    assert "local_moran_cluster" in read.columns
    assert len(read) == 16
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_do_writes_a_surface(grid, tmp_path, capsys):
    points = tmp_path / "points.gpkg"
    grid.assign(code=grid.index, geometry=grid.centroid).to_file(points, layer="points")
    out = tmp_path / "density.tif"
    assert main(["do", "kernel_density", "--points", str(points), "--key", "code", "--bandwidth", "500", "--out", str(out)]) == 0
    capsys.readouterr()
    assert out.is_file()
    assert out.with_suffix(".qml").is_file()


def test_layers_in_different_reference_systems_are_refused(grid, tmp_path, capsys):
    points, boundary = tmp_path / "points.gpkg", tmp_path / "boundary.gpkg"
    grid.assign(code=grid.index, geometry=grid.centroid).to_file(points, layer="points")
    grid.assign(code=grid.index).to_crs("EPSG:32641").to_file(boundary, layer="boundary")
    words = [
        "do",
        "kernel_density",
        "--points",
        str(points),
        "--key",
        "code",
        "--boundary",
        str(boundary),
        "--boundary-key",
        "code",
        "--clip",
        "yes",
    ]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "UTM zone 41N" in said
    assert "UTM zone 42N" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["do", "morans"], "Did you mean 'moran'"),
        (["do", "moran", "--places", "absent.gpkg", "--graph", "queen", "--column", "x"], "absent.gpkg"),
        (["do", "moran", "--places", "kazakhstan/regions-7", "--column", "x"], "no graph is given"),
        (["do", "moran", "--places", "kazakhstan/regions-7", "--graph", "quen", "--column", "x"], "neither a file nor a kind"),
        (
            ["do", "moran", "--places", "kazakhstan/regions-7", "--graph", "nearest", "--column", "x"],
            "'nearest' does not say 'k'. Expected for example nearest:k=VALUE",
        ),
        (["do", "moran", "--places", "kazakhstan/regions-7", "--graph", "nearest:n=3", "--column", "x"], "no option 'n'"),
        (
            ["do", "moran", "--places", "kazakhstan/regions-7", "--graph", "queen", "--column", "x", "--permutations", "3"],
            "out of range",
        ),
        (["boundaries", "show", "kazakstan/regions-7"], "Did you mean 'kazakhstan/regions-7'"),
        (["run", "colombus"], "columbus"),
        (["verify", "columbus", "--out", "absent"], "no record of a run"),
    ],
)
def test_what_the_user_can_mend_is_1_without_a_traceback(words, message, capsys):
    assert main(words) == 1
    said = capsys.readouterr()
    assert message in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_do_without_what_it_needs_is_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["do", "moran"])
    assert stopped.value.code == 2
    assert main(["do"]) == 2
    capsys.readouterr()


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["do", "local_moran", "--help"])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    for option in declared(operation("local_moran").function()):
        assert f"--{option.name.replace('_', '-')}" in printed


def test_packs_are_listed_shown_and_checked(capsys):
    assert main(["boundaries"]) == 0
    assert "kazakhstan/regions-20\t20\t" in capsys.readouterr().out
    assert main(["boundaries", "show", "kazakhstan/regions-20"]) == 0
    assert "schematic" in capsys.readouterr().out
    file = ROOT / "boundaries" / "kazakhstan" / "regions-20" / "places.gpkg"
    assert main(["boundaries", "check", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pack"] == "kazakhstan/regions-20"


def test_a_pack_of_ones_own_is_made_and_shown(grid, tmp_path, capsys):
    grid.assign(имя=[f"город {number}" for number in range(16)]).to_file(tmp_path / "grid.shp", encoding="cp1251")
    (tmp_path / "grid.cpg").unlink()
    assert (
        main(["boundaries", "get", str(tmp_path / "grid.shp"), str(tmp_path / "packs"), "--name", "my/grid", "--key", "имя"]) == 0
    )
    said = capsys.readouterr()
    assert said.err.startswith("Note: grid.shp: its encoding is not stated")
    assert main(["boundaries", "show", said.out.strip()]) == 0
    assert "город 15" in capsys.readouterr().out


def test_the_embedded_studies_are_listed(capsys):
    assert main(["run"]) == 0
    listed = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == ["columbus", "kazakhstan-cities", "kazakhstan-readiness"]


def test_terminals_are_not_steered_by_names(grid, tmp_path, capsys):
    layer = tmp_path / "grid.gpkg"
    grid.rename(index={"cell 00": "cell \x1b[31m00"}).rename_axis("code").reset_index().to_file(layer, layer="grid")
    assert main(["do", "local_moran", "--places", str(layer), "--key", "code", "--graph", "queen", "--column", "value"]) == 0
    assert "\x1b" not in capsys.readouterr().out


MODELS = [row.name for row in OPERATIONS if row.room == "models" and row.name not in ("fixed_effects", "compare_models")]


@pytest.mark.parametrize("name", MODELS)
def test_models_take_a_field_and_a_list_of_fields(layer, capsys, name):
    words = ["do", name, "--places", str(layer), "--key", "code", "--graph", "queen", "--json"]
    assert main([*words, "--response", "noise", "--regressors", "value"]) == 0
    fields = json.loads(capsys.readouterr().out)
    assert main([*words, "--formula", "noise ~ value"]) == 0
    formula = json.loads(capsys.readouterr().out)
    assert fields["options"].pop("formula") == "`noise` ~ `value`"
    formula["options"].pop("formula")
    assert fields["coefficients"] == formula["coefficients"]
    assert fields["options"] == formula["options"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "no model is given. Expected --formula, or --response and --regressors"),
        (["--formula", "noise ~ value", "--response", "noise"], "exclude each other"),
        (["--regressors", "value"], "--regressors is given without --response"),
    ],
)
def test_a_model_needs_one_of_both(layer, capsys, more, message):
    assert main(["do", "ols", "--places", str(layer), "--key", "code", *more]) == 1
    assert message in capsys.readouterr().err


def _lattice(path, side, *, without=()):
    """Write a lattice of squares with a code and a few columns, one of them with a comma in its name."""
    from shapely.geometry import box

    corners = [(column * 1000, row * 1000) for row in range(side) for column in range(side)]
    cells = [box(x, y, x + 1000, y + 1000) for x, y in corners]
    numbers = range(len(cells))
    frame = geopandas.GeoDataFrame(
        {
            "code": [f"cell {number}" for number in numbers],
            "value": [float(number % side) for number in numbers],
            "noise": [float(number * 7 % 11) for number in numbers],
            "süd/inək, ton": [float(number * 5 % 13) for number in numbers],
        },
        geometry=cells,
        crs="EPSG:32642",
    )
    frame.drop(index=list(without)).to_file(path, layer="lattice")
    return ["--places", str(path), "--key", "code"]


@pytest.mark.parametrize(("side", "lines"), [(50, 1), (4, 0)])  # more than a pipe holds; so little that it is written at the exit
@pytest.mark.parametrize("together", [False, True])
def test_a_closed_pipe_ends_quietly_with_the_file_in_place(tmp_path, side, lines, together):
    out = tmp_path / "local.csv"
    words = ["do", "local_moran", *_lattice(tmp_path / "lattice.gpkg", side), "--graph", "queen", "--column", "value"]
    call = [sys.executable, "-m", "spatial.cli", *words, "--permutations", "99", "--out", str(out)]
    with (tmp_path / "said.txt").open("w+", encoding="utf-8") as said:
        with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT if together else said) as process:
            for _ in range(lines):
                assert process.stdout.readline()
            process.stdout.close()
            assert process.wait(120) == 0
        said.seek(0)
        assert [line for line in said if not line.startswith(("[", "Note: "))] == []
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1 + side**2


def _columns(words, capsys):
    assert main([*words, "--k", "2", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["options"]["columns"]


def test_a_list_may_be_given_in_parts_and_with_commas_in_quotes(tmp_path, capsys):
    words = ["do", "k_means", *_lattice(tmp_path / "lattice.gpkg", 4)]
    assert _columns([*words, "--columns", "value", "--columns", "noise"], capsys) == ["value", "noise"]
    assert _columns([*words, "--columns", '"süd/inək, ton"'], capsys) == ["süd/inək, ton"]
    assert _columns([*words, "--columns", 'value, "süd/inək, ton"', "--columns", "noise"], capsys) == [
        "value",
        "süd/inək, ton",
        "noise",
    ]
    model = ["do", "ols", *words[2:], "--response", "value", "--regressors", '"süd/inək, ton"', "--regressors", "noise", "--json"]
    assert main(model) == 0
    assert json.loads(capsys.readouterr().out)["options"]["formula"] == "`value` ~ `süd/inək, ton` + `noise`"


@pytest.mark.parametrize("more", [["--column", "value"], ["--column", "noise"], ["--graph", "rook"], ["--unmatched", "error"] * 2])
def test_a_single_option_given_twice_is_2(layer, capsys, more):
    words = ["do", "moran", "--places", str(layer), "--key", "code", "--graph", "queen", "--column", "value"]
    with pytest.raises(SystemExit) as stopped:
        main([*words, *more])
    assert stopped.value.code == 2
    assert f"argument {more[0]}: it is given twice" in " ".join(capsys.readouterr().err.split())


def test_an_option_of_a_graph_given_twice_is_refused(layer, capsys):
    words = ["do", "moran", "--places", str(layer), "--key", "code", "--column", "value"]
    assert main([*words, "--graph", "nearest:k=3,k=4"]) == 1
    assert "--graph: 'k' is given twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        ("queen", "queen:islands=keep"),
        ("distance_band:threshold=1200", "distance_band:threshold=1200,islands=keep"),
        ("rook:islands=error", "rook:islands=keep"),
        ("graph.gal", "graph.gal:islands=keep"),
        ("graph.csv:transform=b", "graph.csv:transform=b,islands=keep"),
    ],
)
def test_a_graph_with_islands_says_how_to_keep_them_here(tmp_path, monkeypatch, capsys, graph, said):
    monkeypatch.chdir(tmp_path)
    words = _lattice(tmp_path / "lattice.gpkg", 4, without=[10, 11, 14])  # leaves the last corner alone
    for file in ("graph.gal", "graph.csv"):
        assert main(["do", "contiguity", *words, "--rule", "rook", "--islands", "keep", "--out", file]) == 0
    capsys.readouterr()
    assert main(["do", "moran", *words, "--column", "value", "--graph", graph]) == 1
    complained = capsys.readouterr().err
    assert 'Set islands = "keep"' in complained
    assert complained.endswith(f"Here that is written --graph {said}.\n")
    assert main(["do", "moran", *words, "--column", "value", "--graph", said]) == 0
