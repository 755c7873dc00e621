"""Study files that were made to do harm, or that a broken program has written: one message, soon, never a traceback."""

import pytest

from spatial.errors import StudyError
from spatial.study import read_study

STUDY = """
title = "A grid"
{more}
[places]
boundaries = "{boundaries}"
key = "code"
[[indicators]]
table = "{table}"
key = "code"
"""


@pytest.fixture
def written(tmp_path):
    def write(more="", boundaries="kazakhstan/regions-7", table="table.csv"):
        (tmp_path / "table.csv").write_text("code,value\na,1\n", encoding="utf-8")
        text = STUDY.format(more=more, boundaries=boundaries, table=table)
        (tmp_path / "study.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("x = " + "[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("x = " + "{a=" * 5_000 + "1" + "}" * 5_000, "nested too deeply"),
        (f"seed = {'9' * 5_000}", "thousands of digits"),
        (f"seed = {'9' * 400}", "'seed' is"),
        (f"notes = {'9' * 400}", "the number 9"),
        ("# " + "x" * 1_000_000, "it has 1.0 megabytes"),
        ('"\\u001b[31m" = 1', "unknown key"),
        ('notes = "\\u001b[31m"', "'notes' is the text"),
    ],
)
def test_what_no_study_holds(written, more, message):
    with pytest.raises(StudyError, match=message) as caught:
        read_study(written(more))
    assert "\x1b" not in str(caught.value)
    assert max(len(line) for line in str(caught.value).splitlines()) < 700


@pytest.mark.parametrize("name", ["a" * 5_000, "a\\u0000b.csv", "a/" * 3_000, "table.csv/below", "CON", "\\u001b]0;x\\u0007.csv"])
@pytest.mark.parametrize("where", ["table", "boundaries"])
def test_paths_that_cannot_be(written, where, name):
    with pytest.raises(StudyError, match=r"there is no (pack and no )?file|is no file"):
        read_study(written(**{where: name}))


@pytest.mark.parametrize(
    "address",
    [
        "/vsicurl/http://127.0.0.1:9/x.gpkg",
        "/vsizip/table.zip",
        "PG:dbname=x",
        "GPSBABEL:gpx:x",
        "WFS:http://127.0.0.1:9",
        "<OGRVRTDataSource></OGRVRTDataSource>",
        "../../kazakhstan/regions-7",
        "libpysal:../../../etc",
    ],
)
def test_addresses_that_only_gdal_understands_are_no_boundaries(written, address):
    with pytest.raises(StudyError, match=r"there is no|is installed with libpysal"):
        read_study(written(boundaries=address))
