"""A room imports only from rooms above it, and slow libraries load in the function that uses them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "spatial"
ROOMS = (
    "errors", "shipped", "options", "results", "progress", "places", "boundaries", "indicators", "weights", "explore", "models",
    "surfaces", "clusters", "outputs", "operations", "manifest", "study", "running", "verify", "written", "do", "cli",
)  # fmt: skip
LIGHT = {"numpy", "spatial"}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "qgis" not in path.relative_to(PACKAGE).parts)


def room(path):
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return None if first in ("__init__", "__main__") else first


def imports(tree, *, inside_functions):
    """Module names imported, leaving out what only a type checker sees."""
    found = []
    pending = [(tree, False)]
    while pending:
        node, inside = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom) and (inside_functions or not inside):
            found += [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        function = inside or isinstance(node, ast.FunctionDef | ast.Lambda)
        pending += [(child, function) for child in ast.iter_child_nodes(node)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_above(path):
    here = room(path)
    if here is None:
        return
    for module in imports(ast.parse(path.read_text(encoding="utf-8")), inside_functions=True):
        parts = module.split(".")
        if parts[0] == "spatial" and len(parts) > 1:
            assert ROOMS.index(parts[1]) <= ROOMS.index(here), f"{here} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_slow_libraries_load_in_the_function_that_uses_them(path):
    modules = imports(ast.parse(path.read_text(encoding="utf-8")), inside_functions=False)
    slow = {module.split(".")[0] for module in modules} - LIGHT - set(sys.stdlib_module_names)
    assert not slow


def test_every_file_stands_in_a_room_of_the_list():
    assert {room(path) for path in FILES} - {None} <= set(ROOMS)


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["operations"], ["do", "--help"]])
def test_help_loads_nothing_slow(words):
    code = f"import sys; from spatial.cli import main\ntry:\n main({words!r})\nexcept SystemExit: pass\nprint(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("numpy", "pandas", "scipy", "geopandas", "libpysal", "esda", "spreg", "sklearn", "folium", "rich", "numba"):
        assert f"'{name}'" not in done.stderr


def test_nothing_loads_numba():
    code = "import sys, spatial\nfor name in spatial.__all__: getattr(spatial, name)\nassert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_top_level_is_what_was_agreed():
    allowed = {
        "pyproject.toml",
        "spatial",
        "boundaries",
        "tests",
        "maps",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "requirements.lock",
    }
    listed = subprocess.run(["git", "ls-files"], cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= allowed
