"""The words of a new study file."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from spatial.errors import counted

#: For so many columns steps are written; the others are described only.
MOST = 6
#: With fewer places a regression is no example to follow.
LEAST = 20
_YEAR = re.compile(r"(19|20)\d\d")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What is written of one column."""

    name: str
    source: str
    kind: str
    low: float | None = None
    high: float | None = None
    seen: str = ""  # in words, for a remark
    varies: bool = False
    complete: bool = True
    given: float = 1.0  # the share of rows that have a number


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a new study is about."""

    title: str
    boundaries: str
    points: bool
    rows: int
    key: str | None = None  # what the places are called by
    label: str | None = None  # what a reader is shown instead
    layer: str | None = None
    crs: str | None = None
    table: str | None = None
    sheet: str | None = None
    table_key: str = ""
    missing: tuple[str, ...] = ()
    decimal: str | None = None
    dropped: bool = False  # rows or places without a counterpart
    islands: bool = False
    repaired: int = 0  # polygons that cross themselves
    columns: tuple[Guess, ...] = ()  # of the table, or those the layer holds
    remarks: tuple[str, ...] = field(default_factory=tuple)


def quoted(text: str) -> str:
    """
    Write a text as TOML does.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        In quotation marks, nothing of it can be taken for anything else.
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key_of(name: str) -> str:
    """
    Write a key as TOML does.

    Parameters
    ----------
    name
        Any text.

    Returns
    -------
    str
        Quoted where it has to be.
    """
    return name if _BARE.fullmatch(name) else quoted(name)


def study_text(start: Start) -> str:
    """
    Write a study file that runs as it is and says what can be changed.

    Parameters
    ----------
    start
        What the study is about.

    Returns
    -------
    str
        TOML with remarks.
    """
    parts = [
        _head(start),
        _places(start),
        _table(start) if start.table else "",
        _graph(start),
        *_steps(start),
        _examples(start),
        _foot(),
    ]
    return "\n".join(part for part in parts if part)


def _remark(*lines: str) -> str:
    return "".join(f"# {' '.join(line.split())}\n" for line in lines)


def _head(start: Start) -> str:
    return (
        _remark(
            "A study: what is read, what is computed, what is written. Lines that begin with # are remarks.",
            "See what it reads, without computing: spatial check FOLDER. Compute it: spatial run FOLDER",
            "All operations: spatial operations. All options of one: spatial do OPERATION --help",
            *start.remarks,
        )
        + f"\ntitle = {quoted(start.title)}\n"
        + '# description = "What the study is about, in a few sentences."\n# notes = ["What a reader should know, on every map."]\nlanguages = ["en"]\nseed = 1 # of everything that is drawn by chance\n'
    )


def _places(start: Start) -> str:
    lines = ["[places]", f"boundaries = {quoted(start.boundaries)} # a pack (see: spatial boundaries list), a file or an address"]
    lines += [f"layer = {quoted(start.layer)}"] if start.layer else []
    lines += [f"key = {quoted(start.key)} # the column that names each place"] if start.key else []
    lines += [f"label = {quoted(start.label)} # the column that a reader sees on maps"] if start.label else []
    lines += [f"crs = {quoted(start.crs)} # the reference system of the coordinates"] if start.crs else []
    if start.repaired:
        crossed = "one outline crosses itself" if start.repaired == 1 else f"{start.repaired} outlines cross themselves"
        lines += [f'invalid = "repair" # {crossed} and will be repaired; "error" stops there']
    text = "\n".join(lines) + "\n"
    return text if start.table else text + "".join(_column("places.columns", each) for each in start.columns)


def _table(start: Start) -> str:
    lines = ["[[indicators]]", f"table = {quoted(start.table or '')}"]
    lines += [f"sheet = {quoted(start.sheet)}"] if start.sheet else []
    lines += [f"key = {quoted(start.table_key)} # its texts are the names or codes of the places"]
    lines += [f"missing = [{', '.join(map(quoted, start.missing))}] # texts that mean: no value"] if start.missing else []
    lines += [f"decimal = {quoted(start.decimal)}"] if start.decimal else []
    lines += (
        ['unmatched = "drop" # rows without a place are left out, places without a row have no values; "error" stops there']
        if start.dropped
        else []
    )
    lines += ['# source = "Who published these numbers, where and when"']
    return "\n".join(lines) + "\n" + "".join(_column("indicators.columns", each) for each in start.columns)


def _column(table: str, guess: Guess) -> str:
    lines = [f"[{table}.{key_of(guess.name)}]"]
    lines += [f"from = {quoted(guess.source)}"] if guess.source != guess.name else []
    lines += [f"title = {quoted(guess.source)}", f'kind = "{guess.kind}"']
    if guess.low is not None and guess.high is not None:
        lines += [f"range = [{guess.low:.15g}, {guess.high:.15g}] # seen: {guess.seen}; a value outside is an error"]
    lines += ['# unit = ""'] if guess.kind not in ("text", "category") else []
    return "\n".join(lines) + "\n"


def _graph(start: Start) -> str:
    if start.points:
        return _remark("Neighbours: the nearest places. Also: distance_band, inverse_distance") + (
            f'[graphs.neighbours]\nkind = "nearest"\nk = {min(4, start.rows - 1)}\n'
        )
    islands = (
        'islands = "nearest" # some places touch no other; "keep" leaves them alone, "error" stops there\n' if start.islands else ""
    )
    return _remark("Neighbours: places that share a border. Also: nearest, distance_band, inverse_distance") + (
        f'[graphs.neighbours]\nkind = "contiguity"\nrule = "queen"\n{islands}'
    )


def _useful(start: Start) -> list[Guess]:
    return [each for each in start.columns if each.varies and each.kind not in ("text", "category")]


def _chosen(start: Start) -> list[Guess]:
    """Take the first columns, of years the last ones; those with many gaps only where there are no others."""
    useful = _useful(start)
    if all(_YEAR.fullmatch(each.name) for each in useful):
        useful = sorted(useful, key=lambda each: each.name, reverse=True)
    full = [each for each in useful if each.given >= 0.8]
    return (full or useful)[:MOST]


def _steps(start: Start) -> list[str]:
    useful, chosen = _useful(start), _chosen(start)
    steps = [_remark("Who is whose neighbour, and every column in a few numbers") + _step("connectivity", "links", {})]
    if useful:
        steps.append(_step("describe", "summary", {"columns": [each.name for each in useful]}))
    left = f"; here for {MOST} of {len(useful)} columns, copy them for others" if len(useful) > MOST else ""
    remark = _remark(f"Do neighbours resemble each other (moran), and where (local_moran){left}")
    for number, each in enumerate(chosen, 1):
        steps.append(remark + _step("moran", f"moran_{number}", {"column": each.name}, complete=each.complete))
        steps.append(_step("local_moran", f"clusters_{number}", {"column": each.name}, complete=each.complete))
        remark = ""
    grouped = [each for each in useful if each.given >= 0.8][:8]
    if len(grouped) > 1 and start.rows >= 6:
        options = {"columns": [each.name for each in grouped], "k": min(5, max(2, round((start.rows / 2) ** 0.5)))}
        steps.append(
            _remark("Places grouped by several columns; k is the number of groups")
            + _step("k_means", "groups", options, complete=all(each.complete for each in grouped))
        )
    return steps


def _step(operation: str, label: str, options: dict[str, str | int | list[str]], *, complete: bool = True) -> str:
    written = [f"{name} = {_value(value)}" for name, value in options.items()] + ([] if complete else ['missing = "drop"'])
    lines = ["[[steps]]", f'operation = "{operation}"', f'id = "{label}"']
    lines += [f"options = {{ {', '.join(written)} }}"] if written else []
    return "\n".join(lines) + "\n"


def _value(value: str | int | Sequence[str]) -> str:
    if isinstance(value, int):
        return str(value)
    return quoted(value) if isinstance(value, str) else f"[{', '.join(map(quoted, value))}]"


def _examples(start: Start) -> str:
    """Write models as remarks: which column depends on which is a question the data cannot answer."""
    useful = _useful(start)
    if len(useful) < 2:
        return ""
    if start.rows < LEAST:
        return _remark(
            f"Regressions (ols, lag_model, error_model) ask for more than these {counted(start.rows, 'place')}; {LEAST} are few already."
        )
    full = [each for each in useful if each.given >= 0.8]
    y, *x = full if len(full) > 1 else useful
    chosen = [y, *x[: 2 if start.rows >= 2 * LEAST else 1]]
    formula = f"{_term(y.name)} ~ {' + '.join(_term(each.name) for each in chosen[1:])}"
    complete = all(each.complete for each in chosen)
    steps = [_step(name, label, {"formula": formula}, complete=complete) for name, label in _MODELS]
    return _remark(
        "A regression and its two spatial forms: what depends (left of ~) on what (right of it)? Put in the columns of your",
        "question and take the number sign and the blank behind it away. The tests of the regression say which form fits.",
    ) + "\n".join("".join(f"# {line}\n" for line in step.splitlines()) for step in steps)


_MODELS = (("ols", "regression"), ("lag_model", "lag"), ("error_model", "error"))


def _term(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"


def _foot() -> str:
    return '[outputs]\nmap = true\nlayers = true\nreport = true\nlanguage = "en"\n'
