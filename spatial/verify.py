"""Compute a study again and compare every number with the recorded run.json."""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spatial.errors import DataError, complaint, counted
from spatial.outputs.swap import RECORD
from spatial.results import plain
from spatial.running import Progress, compute, output_folder, prepare
from spatial.study import read_study

#: Two machines may round the last digits differently; more than this is another number. In a column of values, those near 0
#: are held against the largest of the column.
RELATIVE, OF_THE_LARGEST = 1e-9, 1e-12


@dataclass(frozen=True)
class Verdict:
    """Whether the numbers are the same, and in words which are not and what has changed."""

    same: bool
    compared: int
    different: tuple[str, ...]
    causes: tuple[str, ...]
    words: str


def verify(source: str | Path, out: str | Path | None = None, *, progress: Progress | None = None) -> Verdict:
    """
    Compute a study again and compare with what was recorded.

    Parameters
    ----------
    source
        A folder, a study file, or the name of an embedded study.
    out
        The folder with ``run.json``; by default ``out`` beside the study file.
    progress
        Called with the work done, the work there is, and a few words.

    Returns
    -------
    Verdict
        Numbers count as the same within a relative 1e-9.

    Raises
    ------
    DataError
        When there is no readable record.
    """
    study = read_study(source)
    path = (Path(out) if out is not None else output_folder(study)) / RECORD
    recorded = _read(path)
    total = len(study.steps) + 1
    prepared = prepare(study)
    atlas = compute(prepared, lambda done, words: progress(done, total, words) if progress else None)
    now = json.loads(json.dumps(plain(atlas.record)))
    compared, different = 0, []
    for where, before, after, largest in _pairs(recorded.get("steps"), now["steps"], "", 0.0):
        compared += 1
        if not _equal(before, after, largest):
            different.append(f"{where}: recorded {before!r}, now {after!r}")
    causes = _causes(recorded, now)
    words = _words(compared, different, causes)
    return Verdict(not different, compared, tuple(different), tuple(causes), words)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise DataError(complaint(str(path), "there is no record of a run", "", "Run the study first")) from None
    except (ValueError, RecursionError) as error:
        raise DataError(complaint(str(path), f"the record cannot be read ({error})", "", "Run the study again")) from None
    inputs, versions = (found.get("inputs", []), found.get("versions", {})) if isinstance(found, dict) else (None, None)
    sound = isinstance(inputs, list) and all(isinstance(each, dict) for each in inputs) and isinstance(versions, dict)
    if not isinstance(found, dict) or not sound:
        raise DataError(complaint(str(path), "this is no record of a run", "", "Run the study again"))
    return found


def _pairs(before: Any, after: Any, where: str, largest: float) -> Iterator[tuple[str, Any, Any, float]]:
    """Walk through both records together; `largest` is that of the column a value stands in, 0 outside columns."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        column = where.count("/") == 1  # step/field: values by place, not the lines of a table
        largest = max((abs(each) for each in after.values() if _is_number(each)), default=0.0) if column else 0.0
        for key in dict.fromkeys((*before, *after)):
            yield from _pairs(before.get(key, "(nothing)"), after.get(key, "(nothing)"), f"{where}/{key}".lstrip("/"), largest)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _pairs(one, other, f"{where}/{number}", 0.0)
    else:
        yield where, before, after, largest


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _equal(before: Any, after: Any, largest: float) -> bool:
    if _is_number(before) and _is_number(after):
        if isinstance(before, int) and abs(before) > sys.float_info.max:
            return False
        return math.isclose(before, after, rel_tol=RELATIVE, abs_tol=OF_THE_LARGEST * largest)
    return bool(before == after)


def _causes(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Find what differs between then and now apart from the numbers."""
    hashes = {each.get("name"): each.get("sha256") for each in recorded.get("inputs", [])}
    current = {each["name"]: each["sha256"] for each in now["inputs"]}
    other = [name for name in dict.fromkeys((*hashes, *current)) if hashes.get(name) != current.get(name)]
    found = [
        f"the input {name} {'has changed' if name in hashes and name in current else 'was added or removed'}" for name in other
    ]
    versions = recorded.get("versions", {})
    found += [
        f"{name} was {versions.get(name)} and is {version}"
        for name, version in now["versions"].items()
        if versions.get(name) != version
    ]
    return found


def _words(compared: int, different: list[str], causes: list[str]) -> str:
    if not different:
        note = f" ({'; '.join(causes)}, which made no difference)" if causes else ""
        return f"The same: {compared} recorded values were computed again and agree{note}."
    shown = [f"- {line}" for line in different[:50]]
    more = [f"- and {len(different) - 50} more"] if len(different) > 50 else []
    why = f"What has changed since: {'; '.join(causes)}." if causes else "No input, option or version has changed."
    return "\n".join(
        [f"Different: {counted(len(different), 'value does', 'values do', of=compared)} not agree.", *shown, *more, why]
    )
