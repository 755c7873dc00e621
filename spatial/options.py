"""The words a signature may use, and how they are read: one converter for Python, command line, study file and QGIS."""

import inspect
import math
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from spatial.errors import StudyError, complaint, listed, nearest_name


@dataclass(frozen=True, slots=True)
class Word:
    """A text that means more than itself: the name of a column, or a formula."""

    meaning: str


@dataclass(frozen=True, slots=True)
class Between:
    """The lowest and the highest number an option takes, both included."""

    low: float
    high: float


Column = Annotated[str, Word("column")]
Formula = Annotated[str, Word("formula")]


@dataclass(frozen=True, slots=True)
class Option:
    """One keyword option of an operation, as its signature declares it."""

    name: str
    kind: str  # "int", "float", "bool", "str", "choice", "choices", "column", "columns", "formula", "texts", "numbers"
    required: bool
    default: Any
    optional: bool
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    help: str


@cache
def declared(function: Callable[..., Any]) -> tuple[Option, ...]:
    """
    Read the keyword options of an operation from its signature and docstring.

    Parameters
    ----------
    function
        An operation of the catalogue.

    Returns
    -------
    tuple of Option
        In the order of the signature.

    Raises
    ------
    TypeError
        When an annotation is none of the words this module knows.
    """
    help_texts = sentences(function)
    found = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        annotation = parameter.annotation
        if isinstance(annotation, str):
            annotation = eval(annotation, function.__globals__)  # noqa: S307  (our own source, never data)
        required = parameter.default is inspect.Parameter.empty
        kind, optional, choices, low, high = _read(annotation, parameter.name)
        found.append(
            Option(
                name=parameter.name,
                kind=kind,
                required=required,
                default=None if required else parameter.default,
                optional=optional,
                choices=choices,
                low=low,
                high=high,
                help=help_texts.get(parameter.name, ""),
            )
        )
    return tuple(found)


def data_parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """
    Name the data an operation works on, such as ``places`` and ``graph``.

    Parameters
    ----------
    function
        An operation of the catalogue.

    Returns
    -------
    tuple of str
        The positional parameters, in order.
    """
    return tuple(
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    )


def used(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Check the options an operation was called with, and list them as used.

    Parameters
    ----------
    function
        The operation itself.
    values
        Its ``locals()``, taken on its first line.

    Returns
    -------
    dict
        Every keyword option with its value, defaults filled in.

    Raises
    ------
    StudyError
        When a value is not of the declared kind, range or choice; a text is no number here, for the operation would go on with it.
    """
    found = {}
    for option in declared(function):
        value = values[option.name]
        found[option.name] = converted(option, value, function.__name__)
        if value is not None and not _fits(option.kind, value):
            place, kind = f"{function.__name__}, option '{option.name}'", type(value).__name__
            raise StudyError(complaint(place, f"{shortened(value)} is of the type {kind}", f"Expected {expected(option)}"))
    return found


def converted(option: Option, value: Any, where: str) -> Any:
    """
    Turn a value from the command line, a study file or Python into what the signature asks for.

    Parameters
    ----------
    option
        The declaration.
    value
        A text or a value that already has its type.
    where
        What to name in a complaint.

    Returns
    -------
    object
        The value in the declared type.

    Raises
    ------
    StudyError
        When that cannot be done; the message says what is expected.
    """
    place = f"{where}, option '{option.name}'"
    if value is None or (isinstance(value, str) and value == "" and option.optional):
        if option.optional or (not option.required and option.default is None):
            return None
        raise StudyError(complaint(place, "no value is given", f"Expected {expected(option)}"))
    converter = _CONVERTERS[option.kind]
    try:
        result = converter(value)
    except (TypeError, ValueError, OverflowError):
        raise StudyError(complaint(place, f"{shortened(value)} cannot be used", f"Expected {expected(option)}")) from None
    strange = [each for each in (result if isinstance(result, list) else [result]) if option.choices and each not in option.choices]
    if strange:
        raise StudyError(
            complaint(
                place, f"{strange[0]!r} is not known", nearest_name(str(strange[0]), option.choices), f"Expected {expected(option)}"
            )
        )
    if option.low is not None and option.high is not None:
        numbers = result if isinstance(result, list) else [result]
        if any(not option.low <= number <= option.high for number in numbers):
            raise StudyError(complaint(place, f"{value!r} is out of range", f"Expected {expected(option)}"))
    return result


def expected(option: Option) -> str:
    """
    Say in words what an option takes.

    Parameters
    ----------
    option
        The declaration.

    Returns
    -------
    str
        For example ``a whole number from 99 to 99999``.
    """
    words = {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "str": "a text",
        "choice": f"one of {listed(option.choices, 20)}",
        "choices": f"a list of {listed(option.choices, 20)}",
        "column": "the name of a column",
        "columns": "a list of column names",
        "formula": 'a formula such as \'y ~ x1 + x2\', or { response = "y", regressors = ["x1", "x2"] }',
        "texts": "a list of texts",
        "numbers": "a list of numbers",
    }[option.kind]
    if option.low is not None and option.high is not None:
        words += f" from {option.low:g} to {option.high:g}"
    return words


def sentences(function: Callable[..., Any]) -> dict[str, str]:
    """
    Read each parameter's sentence from a numpy docstring.

    Parameters
    ----------
    function
        Anything with a docstring.

    Returns
    -------
    dict
        Parameter name to its text on one line, without the marks of code.
    """
    text = inspect.getdoc(function) or ""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in section.group(1).splitlines() if section else ():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.split(":")[0].split(",")]
            for name in names:
                found[name] = []
        elif line.strip():
            for name in names:
                found[name].append(line.strip())
    return {name: " ".join(lines).replace("``", "") for name, lines in found.items()}


def formula_of(response: str, regressors: Sequence[str]) -> str:
    """
    Write a formula from a field and a list of fields.

    Parameters
    ----------
    response
        The column to be explained.
    regressors
        The columns that explain it; none for a mean alone.

    Returns
    -------
    str
        The formula, every name in back-quotes.

    Raises
    ------
    ValueError
        When a name holds a back-quote.

    Examples
    --------
    >>> formula_of("rate, %", ["INC", "HOVAL"])
    '`rate, %` ~ `INC` + `HOVAL`'
    """
    names = [response, *regressors]
    if not all(isinstance(name, str) and name and "`" not in name for name in names):
        raise ValueError
    right = " + ".join(f"`{name}`" for name in regressors) or "1"
    return f"`{response}` ~ {right}"


def parts_of(text: str) -> list[str]:
    """
    Split a list that is written as one text at its commas; a part in double quotes keeps its own.

    Parameters
    ----------
    text
        Parts with commas between; in double quotes, as in CSV, a quote stands twice.

    Returns
    -------
    list of str
        The parts, without the blanks around them.

    Examples
    --------
    >>> parts_of('INC, "milk, tons", 5" pipes')
    ['INC', 'milk, tons', '5" pipes']
    """
    found = re.findall(r'(?:\A|,)(?:\s*"((?:[^"]|"")+)"\s*(?=,|\Z)|([^,]*))', text)
    return [(quoted.replace('""', '"') or plain).strip() for quoted, plain in found]


def shortened(value: Any) -> str:
    r"""
    Write a value into a message, in code points that steer nothing and not without end.

    Parameters
    ----------
    value
        Anything that was given.

    Returns
    -------
    str
        Its ``repr``, at most 200 letters of it.

    Examples
    --------
    >>> shortened("a\x1b")
    "'a\\x1b'"
    """
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 200 else f"{text[:200]}..."


def _read(annotation: Any, name: str) -> tuple[str, bool, tuple[str, ...], float | None, float | None]:
    optional, low, high = False, None, None
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        if len(inner) != 1:
            raise TypeError(f"option '{name}' has more than one type: {annotation}")
        kind, _, choices, low, high = _read(inner[0], name)
        return kind, True, choices, low, high
    if origin is Annotated:
        base, *marks = get_args(annotation)
        words = [mark for mark in marks if isinstance(mark, Word)]
        if words:
            return words[0].meaning, False, (), None, None
        ranges = [mark for mark in marks if isinstance(mark, Between)]
        kind, optional, choices, low, high = _read(base, name)
        if ranges:
            low, high = ranges[0].low, ranges[0].high
        return kind, optional, choices, low, high
    if origin is Literal:
        return "choice", False, tuple(str(each) for each in get_args(annotation)), None, None
    if origin is list:
        kind, _, choices, low, high = _read(get_args(annotation)[0], name)
        many = {"column": "columns", "str": "texts", "float": "numbers", "int": "numbers", "choice": "choices"}.get(kind)
        if many:
            return many, False, choices, low, high
    if annotation in (int, float, bool, str):
        return annotation.__name__, False, (), None, None
    raise TypeError(f"option '{name}' is declared as {annotation}, which no study file could write")


def _fits(kind: str, value: Any) -> bool:
    """Whether a value is of a kind as it is; the command line and study files convert it before."""
    if kind in ("int", "float"):
        small = str(getattr(value, "dtype", "int64")) in ("int8", "int16", "uint8", "uint16", "uint32", "uint64")  # would overflow
        return isinstance(value, Integral if kind == "int" else Real) and not small
    return kind not in ("bool", "choices", "columns", "texts", "numbers") or not isinstance(value, str)


def _whole(value: Any) -> int:
    number = float(value)
    if isinstance(value, bool) or number != int(number):
        raise ValueError
    return int(number)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise ValueError
    return float(value)


def _truth(value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
    if str(value).casefold() not in words:
        raise ValueError
    return words[str(value).casefold()]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _formula(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _text(value)
    if set(value) != {"response", "regressors"}:
        raise ValueError
    return formula_of(value["response"], _texts(value["regressors"]) if value["regressors"] else [])


def _texts(value: Any) -> list[str]:
    parts = parts_of(value) if isinstance(value, str) else list(value)
    if not parts or not all(isinstance(part, str) and part for part in parts):
        raise ValueError
    return parts


def _numbers(value: Any) -> list[float]:
    parts = value.split(",") if isinstance(value, str) else list(value)
    return [_number(part) for part in parts]


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "int": _whole,
    "float": _number,
    "bool": _truth,
    "str": _text,
    "choice": str,
    "choices": _texts,
    "column": _text,
    "columns": _texts,
    "formula": _formula,
    "texts": _texts,
    "numbers": _numbers,
}
