"""study.toml -> Study: every complaint with its line, all at once."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spatial.errors import StudyError, complaint, nearest_name
from spatial.indicators import PointsRecipe, RecordsRecipe, TableRecipe
from spatial.options import shortened
from spatial.shipped import shipped
from spatial.study._lines import lines_of
from spatial.study._places import places_recipe, points_recipes, records_recipe, table_recipe
from spatial.study._section import Page, Section
from spatial.study._steps import Named, graph_recipes, step_recipes
from spatial.study.recipes import Comparison, OutputsRecipe, PlacesRecipe, Study

FILE = "study.toml"
LANGUAGES = ("en",)  # in which the outputs can speak
_STUDY = (
    "title", "description", "notes", "languages", "seed", "places", "indicators", "points", "records", "graphs", "steps", "comparisons", "outputs",
)  # fmt: skip
_LAST_SEED = 2**31 - 1
_LARGEST = 1_000_000  # bytes: a study of hundreds of columns has a tenth of that


def read_study(source: str | Path) -> Study:
    """
    Read a study file.

    Parameters
    ----------
    source
        A folder with a ``study.toml``, the file itself, or the name of an embedded study.

    Returns
    -------
    Study
        The recipe: paths made whole, options checked against the operations, seeds and the only graph filled in. No table or
        geometry has been opened.

    Raises
    ------
    StudyError
        When there is no such study, it is no TOML, or anything in it cannot be understood; all complaints come at once, each
        with its line and what to do.

    Examples
    --------
    >>> read_study("columbus").places.crs
    'local'
    """
    file = _found(source)
    text = _text(file)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(_broken(error)) from None
    except RecursionError:
        raise StudyError(
            complaint(FILE, "its tables and lists are nested too deeply to be read", "Expected a few levels")
        ) from None
    except ValueError:  # Python's own limit, which its TOML reader lets through
        raise StudyError(
            complaint(FILE, "a number in it has thousands of digits", "Expected numbers a computer can hold")
        ) from None
    page = Page(FILE, file.parent, lines_of(text))
    study = _study(file, Section(page, (), values, "the study"))
    if page.complaints:
        raise StudyError("\n".join(sentence for _, sentence in sorted(page.complaints, key=lambda each: each[0])))
    return study


def embedded() -> tuple[tuple[str, str], ...]:
    """
    List the studies that travel with the program.

    Returns
    -------
    tuple
        Name and title of each, sorted by name.

    Examples
    --------
    >>> "columbus" in dict(embedded())
    True
    """
    found = []
    for file in sorted(shipped("maps").glob(f"*/{FILE}")):
        values = tomllib.loads(_text(file))
        page = Page(FILE, file.parent, {})
        found.append((file.parent.name, Section(page, (), values, "the study").words("title", LANGUAGES)))
    return tuple(found)


def _found(source: str | Path) -> Path:
    path = Path(source)
    if path.is_file():
        return path
    if (path / FILE).is_file():
        return path / FILE
    known = sorted(file.parent.name for file in shipped("maps").glob(f"*/{FILE}"))
    if str(source) in known:
        return shipped("maps") / str(source) / FILE
    if path.is_dir():
        raise StudyError(
            complaint(str(source), f"the folder has no {FILE}", "Expected a study", f"Start one with: spatial new {source}")
        )
    raise StudyError(
        complaint(
            str(source),
            "there is no such study",
            "Expected a folder, a study file, or an embedded study",
            nearest_name(str(source), known),
        )
    )


def _text(file: Path) -> str:
    if file.stat().st_size > _LARGEST:
        raise StudyError(
            complaint(
                file.name,
                f"it has {file.stat().st_size / 1e6:.1f} megabytes",
                f"Expected a recipe of at most {_LARGEST / 1e6:g}",
                "Put tables into files of their own",
            )
        )
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise StudyError(
            complaint(file.name, f"byte {error.start} is no UTF-8", "Expected a text in UTF-8", "Save the file as UTF-8")
        ) from None


def _broken(error: tomllib.TOMLDecodeError) -> str:
    """Put the line before the words of the TOML reader, as in every other complaint."""
    what, _, position = str(error).rpartition(" (at ")
    match = re.fullmatch(r"line (\d+), column (\d+)\)", position)
    where = f"{FILE}, line {match[1]}, column {match[2]}" if match else f"{FILE}, at its end"
    return complaint(where, f"it is no TOML: {what}", 'Expected lines such as key = "text" or key = 1', "Correct this line")


def _study(file: Path, section: Section) -> Study:
    section.known(_STUDY)
    languages = section.many("languages", str, "a list of languages such as 'en'") or LANGUAGES
    outputs = _outputs(section.section("outputs", "outputs"))
    preferred = tuple(dict.fromkeys((outputs.language, *languages)))
    seed = section.take("seed", int, "a whole number")
    if seed is not None and not 0 <= seed <= _LAST_SEED:
        section.complain("seed", f"'seed' is {shortened(seed)}", f"Expected a whole number from 0 to {_LAST_SEED}")
        seed = None
    tables = tuple(table_recipe(each, preferred) for each in section.listing("indicators", "indicators"))
    _unique(section, tables)
    points = {
        name: points_recipes(section.section("points", "points"), name, preferred)
        for name in section.section("points", "points").values
    }
    graphs = graph_recipes(section.named("graphs", "graphs"))
    records = {name: records_recipe(each, preferred) for name, each in section.named("records", "records").items()}
    steps = step_recipes(section.listing("steps", "steps"), Named(graphs, points, records), seed or 0, preferred)
    if "places" not in section.values:
        section.complain(
            None, "the study has no [places]", "Expected the geometry it is about", 'Add [places] with boundaries = "..."'
        )
        places = PlacesRecipe(boundaries="")
    else:
        places = places_recipe(section.section("places", "places"), preferred)
    study = Study(
        name=file.resolve().parent.name,
        file=file,
        title=section.words("title", preferred, required=True),
        description=section.words("description", preferred),
        notes=section.many("notes", str, "a list of texts"),
        languages=tuple(languages),
        seed=seed or 0,
        places=places,
        indicators=tables,
        points=points,
        records=records,
        graphs=graphs,
        steps=steps,
        comparisons=tuple(_comparison(each, preferred) for each in section.listing("comparisons", "comparisons")),
        outputs=outputs,
    )
    return _marked(study)


def _marked(study: Study) -> Study:
    """Say SYNTHETIC in the title when a table says so in its name."""
    recipes = [*study.indicators, *study.records.values(), *(each for parts in study.points.values() for each in parts)]
    names = [each.table.name for each in recipes if isinstance(each, TableRecipe | PointsRecipe | RecordsRecipe)]
    if not any("synthetic" in name.casefold() for name in names):
        return study
    title = study.title if "SYNTHETIC" in study.title else f"{study.title} (SYNTHETIC data)"
    return replace(study, title=title, synthetic=True)


def _unique(section: Section, tables: Sequence[TableRecipe]) -> None:
    """Complain about a column that two tables give; layers do not tell large from small letters."""
    seen: dict[str, int] = {}
    for position, table in enumerate(tables):
        for name in table.columns:
            if name.casefold() in seen:
                path: tuple[Any, ...] = ("indicators", position, "columns", name)
                what = f"there are two columns {name!r}"
                section.page.say(
                    path,
                    complaint(
                        section.page.where(path),
                        what,
                        "Expected a name of its own for each column",
                        f'Write [indicators.columns.other_name] from = "{name}"',
                    ),
                )
            seen[name.casefold()] = position


def _comparison(section: Section, languages: Sequence[str]) -> Comparison:
    section.known(("title", "table", "source", "note"))
    return Comparison(
        title=section.words("title", languages, required=True),
        table=section.file("table", required=True) or Path(),
        source=section.text("source", required=True) or "",
        note=section.words("note", languages),
    )


def _outputs(section: Section) -> OutputsRecipe:
    section.known(("map", "layers", "report", "language"))
    language = section.text("language") or "en"
    if language not in LANGUAGES:
        section.complain(
            "language",
            f"the outputs cannot speak {language!r} yet",
            'Expected language = "en"',
            "Titles may be given in other languages all the same",
        )
    return OutputsRecipe(
        map=section.truth("map", default=True),
        layers=section.truth("layers", default=True),
        report=section.truth("report", default=True),
        language=language,
    )
