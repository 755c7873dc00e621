"""The command: new, check, run, verify, do, operations, boundaries. stdout is the answer, stderr the progress."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spatial.errors import InputError, SpatialError

if TYPE_CHECKING:
    from spatial.running import Progress

DESCRIPTION = "From a table of regional indicators to defensible spatial statistics and maps."


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Parameters
    ----------
    arguments
        The words after ``spatial``; those of the process by default.

    Returns
    -------
    int
        0 when all went well, 1 for something the user can mend, 2 for a wrong call.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):  # names in Kazakh or Azerbaijani must not end in an encoding error
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        return _done(given)
    except SpatialError as error:
        for line in str(error).splitlines():
            print(_safe(f"Error: {line}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was not finished was not written.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        _muted()
        return 0
    except (OSError, MemoryError) as error:
        print(_system(error), file=sys.stderr)
        return 1


def _done(given: list[str]) -> int:
    """Do what was asked, and have all of it read: at the exit nobody would catch that the pipe is closed."""
    if given[:1] == ["do"]:
        from spatial.do import do

        code = do(given[1:])
    else:
        code = _called(_parser().parse_args(given or ["--help"]))
    print(end="", flush=True)
    return code


def _muted() -> None:
    """Let what is still to be said go nowhere: whoever read it has closed the pipe."""
    import os

    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _safe(text: str) -> str:
    from spatial.written import safe

    return safe(text)


def _system(error: OSError | MemoryError) -> str:
    """Say what the system refused, with the name of the file and not the way to it."""
    from pathlib import Path

    if isinstance(error, MemoryError):
        return "Error: there is not enough memory for this. Use fewer places, a larger cell or a graph with fewer links."
    name = f"{Path(str(error.filename)).name[:100]}: " if error.filename else ""
    expected = "Expected files that can be read and written. Correct the path or the rights."
    return _safe(f"Error: {name}{error.strerror or error}. {expected}")


def _called(parsed: argparse.Namespace) -> int:
    """Do what was asked; what the program says on the way goes to stderr in its own words."""
    import warnings

    from spatial.errors import SpatialWarning

    with warnings.catch_warnings():
        warnings.simplefilter("always", SpatialWarning)
        show = warnings.showwarning

        def told(message: Any, category: Any, *where: Any, **more: Any) -> None:
            if issubclass(category, SpatialWarning):
                print(_safe(f"Note: {message}"), file=sys.stderr)
            else:
                show(message, category, *where, **more)

        warnings.showwarning = told
        return int(parsed.call(parsed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spatial", description=DESCRIPTION, epilog="Help on one command: spatial COMMAND --help")
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    new = commands.add_parser("new", help="start a study: write a study.toml filled in from the data it is given")
    new.add_argument("folder", metavar="DIR", type=_folder, help="the folder of the study, made if it is not there")
    new.add_argument(
        "--from",
        dest="source",
        metavar="PACK_OR_TABLE",
        help="what to start from: a table of indicators, a layer of your own (FILE or FILE::LAYER), or a boundary pack",
    )
    new.add_argument(
        "--boundaries", metavar="PACK_OR_FILE", help="the pack or layer the table is about (default: the pack that fits best)"
    )
    new.add_argument(
        "--crs", metavar="CRS", help="the reference system of your own layer, where the file does not say it: EPSG:... or local"
    )
    new.set_defaults(call=_new)

    check = commands.add_parser("check", help="read and join everything, compute nothing; print the join ledger and all complaints")
    check.add_argument("study", metavar="STUDY", help="a folder, a study.toml, or the name of an embedded study")
    check.set_defaults(call=_check)

    run = commands.add_parser("run", help="run a study: layers, maps, surfaces, tables and a report")
    run.add_argument(
        "study",
        metavar="STUDY",
        nargs="?",
        help="a folder, a study.toml, or the name of an embedded study; without it the embedded studies are listed",
    )
    run.add_argument("--out", metavar="DIR", type=_folder, help="the output folder (default: out beside the study file)")
    run.set_defaults(call=_run)

    verify = commands.add_parser("verify", help="compute a study again and compare every number with its run.json")
    verify.add_argument("study", metavar="STUDY", help="a folder, a study.toml, or the name of an embedded study")
    verify.add_argument("--out", metavar="DIR", type=_folder, help="the folder with run.json (default: out beside the study file)")
    verify.set_defaults(call=_verify)

    commands.add_parser("do", help="one operation of the catalogue on files; see: spatial do --help")

    operations = commands.add_parser("operations", help="list the catalogue")
    operations.add_argument("--json", action="store_true", help="with every option, as JSON")
    operations.set_defaults(call=_operations)

    boundaries = commands.add_parser("boundaries", help="list, show, get or check boundary packs")
    verbs = boundaries.add_subparsers(title="what to do", metavar="VERB")
    boundaries.set_defaults(call=_boundaries_list)
    verbs.add_parser("list", help="list the packs that travel with the program").set_defaults(call=_boundaries_list)
    show = verbs.add_parser("show", help="show one pack: source, licence, places")
    show.add_argument("pack", metavar="PACK")
    show.set_defaults(call=_boundaries_show)
    get = verbs.add_parser("get", help="make a pack of one's own from a file, an address or a database")
    get.add_argument("source", metavar="SOURCE", help="a file, file.gpkg::layer, http(s) address or postgresql:// address")
    get.add_argument("folder", metavar="DIR", help="the folder the pack is written to")
    get.add_argument("--name", required=True, help="the name of the pack, for example mycountry/districts")
    get.add_argument("--key", required=True, help="the column of the key")
    get.add_argument("--label", default="", help="the column that names the places for a reader")
    get.add_argument("--layer", help="the layer of a file with several")
    get.add_argument("--crs", help="the reference system, where the source does not say it")
    get.add_argument("--title", default="", help="the title of the pack")
    get.add_argument("--licence", default="", help="the licence of the source")
    get.set_defaults(call=_boundaries_get)
    inspect = verbs.add_parser("check", help="compare a file with the gazetteer")
    inspect.add_argument("source", metavar="FILE")
    inspect.add_argument("--layer", help="the layer of a file with several")
    inspect.add_argument("--crs", help="the reference system, where the source does not say it")
    inspect.add_argument("--json", action="store_true", help="as JSON")
    inspect.set_defaults(call=_boundaries_check)
    return parser


def _folder(text: str) -> str:
    """Refuse an empty text, which would mean the current folder: it stands for a variable that was not set."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected the name of a folder")
    return text


def _version() -> str:
    from spatial import __version__

    return f"spatial {__version__}"


def _new(given: argparse.Namespace) -> int:
    from pathlib import Path

    from spatial.study import new_study
    from spatial.written import safe

    def tell(sentence: str) -> None:
        print(f"Note: {safe(sentence)}", file=sys.stderr)

    for path in new_study(given.folder, given.source, given.boundaries, given.crs, tell=tell):
        print(path)
    print(f"Next: spatial check {Path(given.folder)}, then: spatial run {Path(given.folder)}", file=sys.stderr)
    return 0


def _check(given: argparse.Namespace) -> int:
    from spatial.running import prepare
    from spatial.study import read_study
    from spatial.written import ledger_words, safe

    study = read_study(given.study)
    print(safe(study.title))
    try:
        prepared = prepare(study)
    except InputError as error:
        for line in ledger_words(error.ledger) if error.ledger is not None else ():
            print(line)
        raise
    counts = ((len(prepared.places), "place"), (len(prepared.indicators), "indicator"), (len(study.steps), "step"))
    print(", ".join(f"{count} {word if count == 1 else word + 's'}" for count, word in counts))
    for line in ledger_words(prepared.ledger):
        print(line)
    for heading, sentences in (("Findings", prepared.findings), ("Notes", (*prepared.marks, *prepared.notes))):
        if sentences:
            print(f"\n{heading}")
            print("\n".join(safe(f"- {sentence}") for sentence in sentences))
    return 0


def _run(given: argparse.Namespace) -> int:
    from spatial.study import embedded

    if given.study is None:
        for name, title in embedded():
            print(f"{name}\t{title}")
        print("Run one with: spatial run NAME", file=sys.stderr)
        return 0
    from spatial.running import run
    from spatial.written import safe

    with progress_bar() as progress:
        finished = run(given.study, given.out, progress=progress)
    for sentence in (*finished.atlas.marks, *finished.atlas.notes):
        print(safe(f"Note: {sentence}"), file=sys.stderr)
    if finished.atlas.findings:
        count = len(finished.atlas.findings)
        findings = "1 finding; it is" if count == 1 else f"{count} findings; they are"
        print(f"The input check has {findings} in the report and in: spatial check {given.study}", file=sys.stderr)
    for name in ("map.html", "report.html", "atlas.gpkg", "atlas.qgz", "run.json"):
        if (finished.folder / name).is_file():
            print(finished.folder / name)
    print(f"Done. Open {finished.folder / 'report.html'} in a browser, {finished.folder / 'atlas.qgz'} in QGIS.", file=sys.stderr)
    return 0


def _verify(given: argparse.Namespace) -> int:
    from spatial.verify import verify
    from spatial.written import safe

    with progress_bar() as progress:
        verdict = verify(given.study, given.out, progress=progress)
    print(safe(verdict.words))
    return 0 if verdict.same else 1


def _operations(given: argparse.Namespace) -> int:
    from spatial.manifest import manifest
    from spatial.operations import OPERATIONS

    if given.json:
        print(json.dumps(manifest(), ensure_ascii=False, indent=1))
        return 0
    for row in OPERATIONS:
        print(f"{row.room:<10}{row.name:<23}{row.summary}")
    return 0


def _boundaries_list(given: argparse.Namespace) -> int:
    from spatial.boundaries import packs

    del given
    for each in packs():
        print(f"{each.name}\t{each.rows}\t{each.title}")
    return 0


def _boundaries_show(given: argparse.Namespace) -> int:
    from pandas.api.types import is_string_dtype

    from spatial.boundaries import pack, read_places
    from spatial.written import safe

    shown = pack(given.pack)
    print(safe(f"{shown.title}\n{shown.rows} places, key '{shown.key}'\nSource: {shown.source}\nLicence: {shown.licence}"))
    print(safe("\n".join(shown.notes)))
    places = read_places(given.pack)
    columns = [name for name in dict.fromkeys((shown.label, *places.columns)) if name and is_string_dtype(places[name])]
    columns = [name for name in columns if name != shown.key and places[name].notna().all() and places[name].is_unique]
    print(safe("\n" + "\t".join((shown.key, *columns))))
    for place, *names in places[columns].itertuples(name=None):
        print(safe("\t".join((place, *names))))
    print("Tables are joined by any one of these columns.", file=sys.stderr)
    return 0


def _boundaries_get(given: argparse.Namespace) -> int:
    from spatial.boundaries import get_boundaries

    made = get_boundaries(
        given.source,
        given.folder,
        key=given.key,
        name=given.name,
        layer=given.layer,
        crs=given.crs,
        label=given.label,
        title=given.title,
        licence=given.licence,
    )
    print(made.folder)
    return 0


def _boundaries_check(given: argparse.Namespace) -> int:
    from spatial.boundaries import check_boundaries
    from spatial.results import plain
    from spatial.written import json_words, safe

    found = check_boundaries(given.source, layer=given.layer, crs=given.crs)
    if given.json:
        print(json_words({name: plain(getattr(found, name)) for name in found.__dataclass_fields__}))
    else:
        print(safe(found.verdict))
        for each in found.findings:
            print(safe(f"{each.severity}: {each.text}"))
    return 1 if any(each.severity == "error" for each in found.findings) else 0


@contextmanager
def progress_bar() -> "Iterator[Progress]":
    """Show progress on stderr: a live bar on a terminal, plain lines otherwise."""
    from spatial.written import safe

    if not sys.stderr.isatty():

        def line(done: int, total: int, words: str) -> None:
            print(safe(f"[{done}/{total}] {words}"), file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: tuple[Any, ...] = (
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def live(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total, description=escape(safe(words)))

        yield live


if __name__ == "__main__":
    sys.exit(main())
