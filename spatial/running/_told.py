"""What goes wrong or is worth knowing on the way: said with its place, and kept."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

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
    try:
        yield
    except SpatialError as error:
        raise type(error)(f"{place}: {error}") from error


@contextmanager
def noted(complaints: list[str]) -> Iterator[None]:
    """Go on after what the user can mend, so that all of it is told at once."""
    try:
        yield
    except SpatialError as error:
        complaints += str(error).splitlines()


@contextmanager
def in_step(study: Study, recipe: StepRecipe) -> Iterator[None]:
    """Say in which step something went wrong."""
    with within(f"{study.file.name}, step '{recipe.id}'"):
        yield
