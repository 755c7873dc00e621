"""Files appear whole or not at all."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from spatial.errors import OutputError
from spatial.outputs.swap import files, staged


def write(folder, **contents):
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "run.json").write_text(json.dumps({"outputs": sorted(contents)}), encoding="utf-8")


def test_files_appear_together(tmp_path):
    with staged(tmp_path / "out") as staging:
        write(staging, a="1", b="2")
        assert not (tmp_path / "out").exists()
    assert files(tmp_path / "out") == ["a", "b", "run.json"]
    assert files(tmp_path) == ["out/a", "out/b", "out/run.json"]


def test_an_error_leaves_nothing_behind(tmp_path):
    with pytest.raises(RuntimeError), staged(tmp_path / "deep" / "out") as staging:
        write(staging, a="1")
        raise RuntimeError
    assert files(tmp_path) == []


def test_an_error_leaves_the_old_files(tmp_path):
    with staged(tmp_path / "out") as staging:
        write(staging, a="old")
    with pytest.raises(RuntimeError), staged(tmp_path / "out") as staging:
        write(staging, a="new")
        raise RuntimeError
    assert (tmp_path / "out" / "a").read_text(encoding="utf-8") == "old"


def test_what_an_earlier_run_left_goes_and_the_users_files_stay(tmp_path):
    with staged(tmp_path / "out") as staging:
        write(staging, a="1", b="2")
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    with staged(tmp_path / "out") as staging:
        write(staging, a="3")
    assert files(tmp_path / "out") == ["a", "mine.txt", "run.json"]


def test_a_record_never_makes_it_remove_anything_outside(tmp_path):
    (tmp_path / "precious").write_text("x", encoding="utf-8")
    (tmp_path / "out").mkdir()
    record = {"outputs": ["../precious", str(tmp_path / "precious"), 7]}
    (tmp_path / "out" / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with staged(tmp_path / "out") as staging:
        write(staging, a="1")
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_folder_that_cannot_be_written_is_an_error(tmp_path, where):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="nothing can be written there"), staged(tmp_path / where):
        pass
    assert files(tmp_path) == ["file"]


def test_kill_in_the_middle_leaves_the_old_files_and_the_next_run_cleans_up(tmp_path):
    with staged(tmp_path / "out") as staging:
        write(staging, a="old")
    code = (
        "import sys, time, pathlib\nfrom spatial.outputs.swap import staged\n"
        "with staged(pathlib.Path(sys.argv[1])) as staging:\n (staging / 'a').write_text('half')\n print('ready', flush=True)\n time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "out")], stdout=subprocess.PIPE)
    assert child.stdout.readline().strip() == b"ready"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert (tmp_path / "out" / "a").read_text(encoding="utf-8") == "old"
    assert any(path.name.startswith(".out.partial-") for path in tmp_path.iterdir())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(path.name.startswith(".out.partial-") for path in tmp_path.iterdir()):
        with staged(tmp_path / "out") as staging:
            write(staging, a="new")
    assert files(tmp_path) == ["out/a", "out/run.json"]
    assert (tmp_path / "out" / "a").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("linked", ["tables", "link"])
def test_a_link_out_of_the_folder_is_followed_neither_to_write_nor_to_remove(tmp_path, linked):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious").write_text("x", encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / linked).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "out" / "run.json").write_text(json.dumps({"outputs": [f"{linked}/precious"]}), encoding="utf-8")
    try:
        with staged(tmp_path / "out") as staging:
            (staging / "tables").mkdir()
            (staging / "tables" / "precious").write_text("new", encoding="utf-8")
    except OutputError as error:
        assert "is a link to" in str(error)  # noqa: PT017  (only where it would have to be followed)
        assert linked == "tables"
    assert (tmp_path / "elsewhere" / "precious").read_text(encoding="utf-8") == "x"


def test_an_output_folder_that_is_a_link_itself_is_the_users_wish(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    with staged(tmp_path / "out") as staging:
        write(staging, a="1")
    assert files(tmp_path / "disk") == ["a", "run.json"]


@pytest.mark.parametrize(
    "text", ["[1]", '{"outputs": 5}', '{"outputs": {"a": 1}}', '{"outputs": [".", "", "a\\u0000b", null]}', "[" * 100_000, "\udcff"]
)
def test_a_record_that_is_nonsense_is_no_record(tmp_path, text):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with staged(tmp_path / "out") as staging:
        (staging / "a").write_text("1", encoding="utf-8")
    assert (tmp_path / "out" / "a").exists()


@pytest.mark.parametrize("name", ["a" * 255, "[x]", "*", " ", "-x", "a%20b#?", "Папка"])
def test_folders_of_any_name(tmp_path, name):
    for text in ("old", "new"):
        with staged(tmp_path / name) as staging:
            write(staging, a=text)
    assert files(tmp_path) == [f"{name}/a", f"{name}/run.json"]


def test_an_output_folder_on_a_disk_of_its_own(tmp_path, monkeypatch):
    import errno
    from pathlib import Path

    move = Path.replace

    def across(source, target):
        if source.parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link", str(source))
        return move(source, target)

    monkeypatch.setattr(Path, "replace", across)
    with staged(tmp_path / "out") as staging:
        write(staging, a="1")
    assert files(tmp_path) == ["out/a", "out/run.json"]
    assert (tmp_path / "out" / "a").read_text(encoding="utf-8") == "1"


def test_a_living_run_is_left_alone_and_what_a_dead_one_left_is_removed(tmp_path):
    with staged(tmp_path / "out") as first:
        write(first, a="first")
        left = tmp_path / f".out.partial-{os.getpid()}"  # the number of a process that ended may be ours today
        left.mkdir()
        with staged(tmp_path / "out") as second:
            write(second, a="second")
            assert first.exists()
    assert (tmp_path / "out" / "a").read_text(encoding="utf-8") == "first"
    assert files(tmp_path) == ["out/a", "out/run.json"]
    assert not left.exists()


def test_an_interrupt_while_files_are_moved_comes_when_all_are(tmp_path, monkeypatch):
    from spatial.outputs import swap

    inside = swap._inside

    def interrupted(folder, name):
        os.kill(os.getpid(), signal.SIGINT)
        return inside(folder, name)

    monkeypatch.setattr(swap, "_inside", interrupted)
    with pytest.raises(KeyboardInterrupt), staged(tmp_path / "out") as staging:
        write(staging, a="1", b="2")
    assert files(tmp_path) == ["out/a", "out/b", "out/run.json"]
