"""One operation of the catalogue on files, from the command line."""

import argparse
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.errors import DataError, StudyError, complaint, listed
from spatial.operations import OPERATIONS, Operation, operation
from spatial.options import Option, converted, data_parameters, declared, expected, parts_of

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from libpysal.graph import Graph

    from spatial.results import Result

_SHORT = {"queen": ("contiguity", {"rule": "queen"}), "rook": ("contiguity", {"rule": "rook"})}

#: Operations that report on places without neighbours, or have their own say on them, take graphs as they are.
_ISLANDS_LATER = ("connectivity", "union", "intersection", "difference", "higher_order")

#: Options that may stand several times, and how that is said.
_LISTS = ("choices", "columns", "texts", "numbers")
_AGAIN = "with commas between or given again for each; one that has a comma in double quotes, as '\"A, B\",C'"


class _Once(argparse.Action):
    """Store a value; a second one is a wrong call, where argparse would forget the first."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None) -> None:
        del parser, option_string
        given = vars(namespace).setdefault("_given", set())
        if self.dest in given:
            raise argparse.ArgumentError(self, "it is given twice, expected once")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def do(arguments: list[str]) -> int:
    """
    Read the words after ``spatial do``, call the operation, print its result.

    Parameters
    ----------
    arguments
        The name of the operation and its options.

    Returns
    -------
    int
        The exit code.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: spatial do OPERATION [options] [--json]\n\nOperations (help on one: spatial do OPERATION --help):")
        for row in OPERATIONS:
            print(f"  {row.name:<23}{row.summary}")
        return 0 if arguments else 2
    row = operation(arguments[0], "spatial do")
    function = row.function()
    options = declared(function)
    given = _parser(row, function, options).parse_args(arguments[1:])
    from spatial.progress import telling
    from spatial.running import collected, seldom

    def line(done: int, total: int, words: str) -> None:
        _aside(f"[{done}/{total}] {words}")

    with collected() as told, telling(seldom(line)):
        result = _called(row, function, options, given)
    for sentence in told:
        _aside(f"Note: {sentence}")
    return result


def _aside(sentence: str) -> None:
    """Say something beside the answer; that nobody listens any more is no reason to stop before it is written."""
    from spatial.written import safe

    with suppress(BrokenPipeError):
        print(safe(sentence), file=sys.stderr, flush=True)


def _parser(row: Operation, function: Any, options: tuple[Option, ...]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"spatial do {row.name}", description=row.summary)
    parser.register("action", None, _Once)
    files = parser.add_argument_group("data")
    names = data_parameters(function)
    main = "points" if "points" in names else "places"
    if "records" in names:
        _records_arguments(files)
    files.add_argument(
        f"--{main}",
        dest="places",
        metavar="FILE[::LAYER]",
        required="records" not in names,
        help="a vector file or a boundary pack",
    )
    files.add_argument("--key", metavar="COLUMN", help="the column that names each place")
    files.add_argument("--crs", metavar="CRS", help="the reference system: EPSG:... or local")
    files.add_argument("--table", metavar="FILE", help="a table to join to the places by its column --table-key")
    files.add_argument("--table-key", metavar="COLUMN", help="the key column of --table (default: the same as --key)")
    files.add_argument(
        "--table-missing",
        metavar="CODES",
        action="append",
        default=[],
        help="what stands for no value in --table, with commas between: --table-missing=-,…,n/a",
    )
    files.add_argument(
        "--unmatched",
        choices=("error", "drop"),
        default="error",
        help="what rows and places without a counterpart mean (default: error)",
    )
    files.add_argument(
        "--invalid", choices=("error", "repair"), default="error", help="what polygons that cross themselves mean (default: error)"
    )
    if "graph" in names:
        files.add_argument(
            "--graph",
            metavar="FILE|KIND",
            help="a .gal, .gwt, .swm, .csv, .xlsx or .parquet file, with options as times.csv:values=costs,k=4, or a kind: queen, rook, nearest:k=4, distance_band:threshold=5000",
        )
    if "graphs" in names:
        files.add_argument(
            "--graph",
            metavar="FILE|KIND",
            action="append",
            help="a file or a kind, as for other operations; given once for each graph, in their order",
        )
    if "boundary" in names:
        files.add_argument("--boundary", metavar="FILE[::LAYER]", help="polygons to clip by")
        files.add_argument("--boundary-key", metavar="COLUMN", help="the column that names each polygon of --boundary")
    answers = parser.add_argument_group("answer")
    answers.add_argument("--json", action="store_true", help="print the whole result as JSON")
    answers.add_argument(
        "--out",
        metavar="FILE",
        help="also write it: .csv (values per place), .gpkg (layer) or .tif (surface); a graph instead: .gal, .gwt, .csv, .parquet or .gpkg (lines)",
    )
    group = parser.add_argument_group("options")
    if any(option.kind == "formula" for option in options):
        group.add_argument("--response", metavar="COLUMN", help="instead of --formula: the column to be explained")
        group.add_argument(
            "--regressors",
            metavar="COLUMNS",
            action="append",
            help=f"instead of --formula: the columns that explain it, {_AGAIN}",
        )
    for option in options:
        default = "" if option.required else f" (default: {option.default})"
        again = f", {_AGAIN}" if option.kind in _LISTS else ""
        words = f"{option.help} Expected {expected(option)}{again}{default}.".strip().replace("%", "%%")
        metavar = "|".join(option.choices) if option.choices else option.kind.upper()
        group.add_argument(
            f"--{option.name.replace('_', '-')}",
            dest=f"option_{option.name}",
            action="append" if option.kind in _LISTS else _Once,
            required=option.required and option.kind != "formula",
            metavar=metavar,
            help=words,
        )
    return parser


def _records_arguments(files: Any) -> None:
    files.add_argument("--records", metavar="FILE", required=True, help="a table of records: CSV, Excel, Stata, Parquet and others")
    files.add_argument("--records-sheet", metavar="NAME", help="the sheet of a workbook")
    files.add_argument(
        "--records-missing",
        metavar="CODES",
        action="append",
        default=[],
        help="what stands for no value in --records, with commas between: --records-missing=-9,-8,n/a",
    )
    files.add_argument(
        "--records-values",
        metavar="TEXT=NUMBER",
        action="append",
        default=[],
        help="which number a text of --records stands for, with commas between: --records-values Yes=1,No=0",
    )


def _called(row: Operation, function: Any, options: tuple[Option, ...], given: argparse.Namespace) -> int:
    values = {}
    for option in options:
        text = getattr(given, f"option_{option.name}")
        if option.kind == "formula":
            text = _formula(given, text, row, required=option.required)
        if isinstance(text, list):
            text = text[0] if len(text) == 1 else [part for each in text for part in parts_of(each)]
        if text is not None:
            values[option.name] = converted(option, text, row.name)
    from spatial.running import columns_named

    names = data_parameters(function)
    data: dict[str, Any] = {"fits": None}
    if "records" in names:
        data["records"] = _records(given, columns_named(row.name, values), values)
        places = _places(given, []) if given.places else None
    else:
        places = _places(given, columns_named(row.name, values))
    data |= {"places": places, "points": places}
    data |= _graphs(row, names, given, places)
    if "boundary" in names:
        data["boundary"] = _boundary(given, places) if given.boundary else None
    result = function(*(data[name] for name in names), **values)
    _handed_over(result, places, given)
    return 0


def _graphs(row: Operation, names: tuple[str, ...], given: argparse.Namespace, places: "GeoDataFrame | None") -> dict[str, Any]:
    """Read or build the graphs an operation works on."""
    data: dict[str, Any] = {}
    if "graph" in names:
        if given.graph and places is None:
            raise StudyError(complaint(f"spatial do {row.name}", "--graph is given without --places", "Expected both, or neither"))
        data["graph"] = _graph(given.graph, places, judged=row.name not in _ISLANDS_LATER) if given.graph else None
        if data["graph"] is None and row.name != "ols" and "records" not in names:
            raise StudyError(
                complaint(
                    f"spatial do {row.name}",
                    "no graph is given",
                    "Expected --graph with a file or a kind",
                    "For example --graph queen",
                )
            )
    if "graphs" in names:
        data["graphs"] = [_graph(each, places, judged=row.name not in _ISLANDS_LATER) for each in given.graph or ()]
    return data


def _handed_over(result: Any, places: "GeoDataFrame | None", given: argparse.Namespace) -> None:
    """Write what is wanted of a result, then print it, for a reader may close the pipe; print a graph, or write it instead."""
    from spatial.outputs.one_file import write_links, write_result

    if hasattr(result, "to_dict"):
        if given.out:
            write_result(result, places, Path(given.out))
        _answer(result, given)
    elif given.out and places is not None:
        write_links(result, places, Path(given.out))
    else:
        _graph_answer(result, given)


def _records(given: argparse.Namespace, columns: list[str], options: dict[str, Any]) -> "pd.DataFrame":
    """Read from the table of records what the options name."""
    from spatial.indicators import RecordsRecipe, read_records
    from spatial.indicators.records import codes_of

    values = {}
    for part in filter(None, ",".join(given.records_values).split(",")):
        text, _, number = part.rpartition("=")
        try:
            values[text.strip()] = float(number)
        except ValueError:
            raise StudyError(
                complaint("--records-values", f"{part!r} is not a text and its number", "Expected for example Yes=1,No=0")
            ) from None
    recipe = RecordsRecipe(
        table=Path(given.records),
        sheet=given.records_sheet,
        key=options.get("place"),
        missing=codes_of(",".join(given.records_missing)),
        values=values,
    )
    found = read_records(recipe, columns)
    for finding in found.findings:
        _aside(f"Note: {finding}")
    return found.table


def _formula(given: argparse.Namespace, text: str | None, row: Operation, *, required: bool) -> Any:
    """Take the formula, or the field and the list of fields that stand for one."""
    if given.response is None and given.regressors is None:
        if text is None and required:
            raise StudyError(
                complaint(f"spatial do {row.name}", "no model is given", "Expected --formula, or --response and --regressors")
            )
        return text
    if text is not None or given.response is None:
        what = "--formula and --response exclude each other" if text is not None else "--regressors is given without --response"
        raise StudyError(complaint(f"spatial do {row.name}", what, "Expected --formula, or --response and --regressors"))
    return {
        "response": given.response,
        "regressors": [name for each in given.regressors or () for name in parts_of(each) if name],
    }


def _boundary(given: argparse.Namespace, places: "GeoDataFrame") -> "GeoDataFrame":
    """Read the boundary; in degrees it goes where the points went, in another projection it is a complaint."""
    import warnings

    from spatial.boundaries import read_places
    from spatial.errors import SpatialWarning

    name, _, layer = given.boundary.partition("::")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpatialWarning)
        native = read_places(name, layer=layer or None, key=given.boundary_key, crs=given.crs, invalid=given.invalid)
    own = read_places(name, layer=layer or None, key=given.boundary_key, crs=places.crs, invalid=given.invalid)
    return own if given.crs or native.crs.to_epsg() is None else native


def _places(given: argparse.Namespace, columns: list[str]) -> "GeoDataFrame":
    """Read the places, and from the table only what the options name: other columns may hold anything."""
    from spatial.boundaries import read_places
    from spatial.indicators import ColumnRecipe, TableRecipe, guessed, join, read_table

    name, _, layer = given.places.partition("::")
    places = read_places(name, layer=layer or None, key=given.key, crs=given.crs, invalid=given.invalid)
    if not given.table:
        return places
    key = given.table_key or given.key
    if not key:
        raise StudyError(
            complaint("spatial do", "--table is given without a key", "Expected --table-key with the column to join by")
        )
    path, wanted = Path(given.table), [each for each in columns if each not in places.columns]
    table = read_table(path)
    texts = {
        each.title
        for each in guessed(table[[each for each in wanted if each in table.columns]])
        if each.kind in ("text", "category")
    }
    recipes = {
        each: ColumnRecipe(name=each, source=each, title=each, kind="text" if each in texts else "number") for each in wanted
    }
    missing = tuple(filter(None, ",".join(given.table_missing).split(",")))
    joined = join(places, TableRecipe(table=path, key=key, columns=recipes, missing=missing, unmatched=given.unmatched))
    for finding in joined.findings:
        _aside(f"Note: {finding}")
    return joined.places


def _graph(words: str, places: "GeoDataFrame", *, judged: bool = True) -> "Graph":
    """Read or build a graph; where a complaint says how a study keeps islands, say how these words do."""
    try:
        return _graph_as_said(words, places, judged=judged)
    except DataError as error:
        if 'islands = "keep"' not in str(error):
            raise
        said = words.replace("islands=error", "islands=keep")
        if said == words:
            said += (":" if Path(words).exists() or ":" not in words else ",") + "islands=keep"
        raise DataError(f"{error} Here that is written --graph {shlex.quote(said)}.") from None


def _graph_as_said(words: str, places: "GeoDataFrame", *, judged: bool) -> "Graph":
    """
    Read a graph from a file, or build one of a kind such as ``nearest:k=4,transform=b``; a file may have options too.

    Where places without neighbours are not to be `judged` yet, they stay without as long as the words say nothing else.
    """
    from spatial.weights import read_graph

    unsaid: dict[str, Any] = {} if judged else {"islands": "keep"}
    if Path(words).suffix and Path(words).exists():
        return read_graph(words, places, **unsaid)
    file, _, chosen = words.rpartition(":")
    if Path(file).suffix and Path(file).exists():
        return read_graph(file, places, **(unsaid | _options_of(read_graph, chosen)))
    kind, _, rest = words.partition(":")
    name, preset = _SHORT.get(kind, (kind, {}))
    kinds = [
        row.name for row in OPERATIONS if row.room == "weights" and data_parameters(row.function()) == ("places",)
    ]  # others are made of graphs
    if name not in kinds:
        raise StudyError(
            complaint("--graph", f"{words!r} is neither a file nor a kind of graph", f"Kinds: {', '.join([*_SHORT, *kinds])}")
        )
    function = operation(name).function()
    options = unsaid | preset | _options_of(function, rest)
    lacking = [option.name for option in declared(function) if option.required and option.name not in options]
    if lacking:
        example = ",".join(f"{each}=VALUE" for each in lacking)
        raise StudyError(
            complaint("--graph", f"{words!r} does not say {listed(lacking)}", f"Expected for example {name}:{example}")
        )
    built: Graph = function(places, **options)
    return built


def _options_of(function: Any, text: str) -> dict[str, Any]:
    """Read ``name=value,name=value``; a name that takes several values may stand several times."""
    known = {option.name: option for option in declared(function)}
    values: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        title, _, value = part.partition("=")
        if title not in known:
            raise StudyError(complaint("--graph", f"{function.__name__} has no option {title!r}", f"Known: {', '.join(known)}"))
        if title in values and known[title].kind not in _LISTS:
            raise StudyError(complaint("--graph", f"{title!r} is given twice", "Expected once"))
        read = converted(known[title], value, function.__name__)
        values[title] = [*values.get(title, ()), *read] if isinstance(read, list) else read
    return values


def _answer(result: "Result", given: argparse.Namespace) -> None:
    from spatial.written import json_words, result_words

    if given.json:
        print(json_words(result.to_dict()))
    else:
        print(result_words(result))


def _graph_answer(graph: "Graph", given: argparse.Namespace) -> None:
    from spatial.written import json_words, safe

    links = graph.adjacency[graph.adjacency != 0]
    if given.json:
        print(json_words([[str(one), str(other), float(weight)] for (one, other), weight in links.items()], indent=None))
        return
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["from", "to", "weight"])
    for (one, other), weight in links.items():
        writer.writerow([safe(one), safe(other), repr(float(weight))])
