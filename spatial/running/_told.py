"""What goes wrong or is worth knowing on the way: said with its place, and kept."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from spatial.errors import SpatialError, SpatialWarning
from spatial.study import StepRecipe, Study


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collect what is said by SpatialWarning; other warnings go where they would have gone."""
    told: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SpatialWarning)
        yield told
    for warning in caught:
        if issubclass(warning.category, SpatialWarning):
            told.append(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    told[:] = list(dict.fromkeys(told))


@contextmanager
def within(place: str) -> Iterator[None]:
    """Say of every complaint where it is from."""
    try:
        yield
    except SpatialError as error:
        raise type(error)("\n".join(f"{place}: {line}" for line in str(error).splitlines())) from error


@contextmanager
def noted(complaints: list[str]) -> Iterator[None]:
    """Go on after what the user can mend, so that all of it is told at once."""
    try:
        yield
    except SpatialError as error:
        complaints += str(error).splitlines()


@contextmanager
def in_step(study: Study, recipe: StepRecipe, option: str = "") -> Iterator[None]:
    """Say in which step something went wrong and, where it is in an option of the file, in which line."""
    place = f"{study.file.name}, step '{recipe.id}'"
    if option in recipe.lines:
        place = f"{study.file.name}, line {recipe.lines[option]}: step '{recipe.id}', option '{option}'"
    with within(place):
        yield


def seldom(tell: Callable[[int, int, str], None], seconds: float = 2.0) -> Callable[[int, int, str], None]:
    """
    Pass on what a long computation tells, but not more often than a reader can follow.

    Parameters
    ----------
    tell
        Called with the work done, the work there is, and a few words.
    seconds
        How long nothing is told after something was, or after the beginning.

    Returns
    -------
    callable
        To be called as often as one likes.
    """
    last = monotonic()

    def told(done: int, total: int, words: str) -> None:
        nonlocal last
        if monotonic() - last >= seconds:
            last = monotonic()
            tell(done, total, words)

    return told
