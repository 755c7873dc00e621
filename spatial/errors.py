"""What can go wrong, and how it is said."""

from typing import Any


class SpatialError(Exception):
    """Something the user can mend: the message says where, what was expected and what to do."""


class StudyError(SpatialError):
    """A study file, an option or a command that cannot be understood."""


class DataError(SpatialError):
    """A table, a geometry or a graph that cannot be used as it is."""


class InputError(DataError):
    """Inputs of a study that cannot be used together: all complaints at once, a line for each."""

    def __init__(self, text: str, ledger: Any = None) -> None:
        super().__init__(text)
        self.ledger = ledger  # the join ledger as far as tables could be read; None without tables


class ModelError(SpatialError):
    """Numbers that a method cannot be computed from."""


class OutputError(SpatialError):
    """A file that cannot be written."""


class SpatialWarning(UserWarning):
    """Something that was done and that the user should know, though it is no error."""


def complaint(where: str, what: str, expected: str = "", remedy: str = "") -> str:
    """
    Word a message the one way: where, what with values and how many, what was expected, what to do.

    Parameters
    ----------
    where
        The file, table, column or option the complaint is about.
    what
        What was found, with the values and how many of them.
    expected
        What would have been right.
    remedy
        What the user can do about it.

    Returns
    -------
    str
        ``{where}: {what}. {expected}. {remedy}.``

    Examples
    --------
    >>> complaint("towns.csv", "3 keys have no place", "Keys are looked up in 'code'", "Correct them")
    "towns.csv: 3 keys have no place. Keys are looked up in 'code'. Correct them."
    """
    sentences = [part.rstrip(". ") for part in (what, expected, remedy) if part]
    return f"{where}: " + " ".join(sentence if sentence.endswith("?") else f"{sentence}." for sentence in sentences)


def listed(values: object, most: int = 5) -> str:
    """
    Write a few values out in quotes and say how many more there are.

    Parameters
    ----------
    values
        Any iterable.
    most
        How many are written out.

    Returns
    -------
    str
        For example ``'a', 'b' and 3 more``.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    everything = [repr(str(value)) for value in values]  # type: ignore[attr-defined]
    shown = ", ".join(everything[:most])
    return shown if len(everything) <= most else f"{shown} and {len(everything) - most} more"


def counted(number: int, one: str, many: str = "", *, of: int | None = None) -> str:
    """
    Write a number and what it counts.

    Parameters
    ----------
    number
        How many.
    one
        The words for one; a verb may follow the noun.
    many
        The words for any other number; empty for ``one`` with an s.
    of
        How many there are in all: the noun, one word, goes by that, and the verb by ``number``.

    Returns
    -------
    str
        For example ``1 pair``, ``2 pairs``, or ``1 of 7 keys has``.

    Examples
    --------
    >>> counted(1, "pair"), counted(2, "geometry", "geometries")
    ('1 pair', '2 geometries')
    >>> counted(1, "key has", "keys have", of=7), counted(2, "key has", "keys have", of=7)
    ('1 of 7 keys has', '2 of 7 keys have')
    """
    several = many or f"{one}s"
    words = one if 1 in (number, of) else several
    if of is None:
        return f"{number} {words}"
    noun = (one if of == 1 else several).partition(" ")[0]
    return " ".join(filter(None, (f"{number} of {of} {noun}", words.partition(" ")[2])))


def in_words(length: float, unit: str) -> str:
    """
    Write a length out for a reader.

    Parameters
    ----------
    length
        In the unit.
    unit
        "m", or "local units".

    Returns
    -------
    str
        Long ones in kilometres.

    Examples
    --------
    >>> in_words(422_345.6, "m")
    '422.3 km'
    >>> in_words(3.374271, "local units")
    '3.374 local units'
    """
    if unit == "m" and length >= 10_000:
        return f"{length / 1000:,.1f} km"
    return f"{length:,.0f} {unit}" if length >= 1000 else f"{length:.4g} {unit}"


def nearest_name(name: str, known: object) -> str:
    """
    Offer the known name that is most like a misspelt one.

    Parameters
    ----------
    name
        What was written.
    known
        The names there are.

    Returns
    -------
    str
        ``Did you mean 'x'?`` or, where nothing is alike, the list of known names.

    Examples
    --------
    >>> nearest_name("colum", ["column", "seed"])
    "Did you mean 'column'?"
    """
    import difflib

    names = [str(each) for each in known]  # type: ignore[attr-defined]
    folded = {each.casefold(): each for each in names}
    close = difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.55)
    return f"Did you mean '{folded[close[0]]}'?" if close else f"Known: {listed(names, 30)}"
