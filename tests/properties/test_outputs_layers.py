"""Names and rules of layers hold for whatever the data brings."""

import sqlite3
from contextlib import closing

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from layered_atlas import parsed

from spatial.outputs.qgis_layers import column_names, unique
from spatial.outputs.qgis_styles import rules
from spatial.outputs.qgis_xml import document, element
from spatial.outputs.themes import class_numbers, theme

NUMBERS = st.lists(st.one_of(st.none(), st.floats(-1e12, 1e12, allow_nan=False)), min_size=2, max_size=30)


@given(st.lists(st.text(max_size=6), unique=True, max_size=12))
def test_columns_get_names_of_their_own_that_sqlite_takes(names):
    made = column_names(names, {"fid", "geom"})
    assert list(made) == names
    assert len({new.casefold() for new in made.values()} | {"fid", "geom"}) == len(names) + 2
    with closing(sqlite3.connect(":memory:")) as file:
        quoted = [f'''"{new.replace('"', '""')}"''' for new in made.values()]
        file.execute(f"CREATE TABLE t (fid, geom {''.join(f', {each}' for each in quoted)})")


@given(st.lists(st.text(max_size=6), max_size=12))
def test_layers_get_names_that_fit_an_address(names):
    taken: set[str] = set()
    made = [unique(name, taken) for name in names]
    assert len({name.casefold() for name in made}) == len(names)
    assert not any(set(name) & set("|\"'/\\") for name in made)


@given(st.text())
def test_any_text_fits_into_xml(text):
    root = parsed(document(element("a", {"b": text}, text=text)))
    kept = "".join(each for each in text if each >= " " or each in "\t\n\r")
    kept = kept.replace("\ufffe", "").replace("\uffff", "")
    assert root.get("b") == kept
    assert (root.text or "").replace("\n", "").replace("\r", "") == kept.replace("\n", "").replace("\r", "")


@given(NUMBERS)
def test_every_number_is_in_the_class_the_legend_counts_it_in(values):
    import pandas as pd

    column = pd.Series(values, name="x", dtype=float)
    if column.notna().sum() == 0:
        return
    made = theme(column, "sequential", id="x", title="x")
    with closing(sqlite3.connect(":memory:")) as file:
        file.execute('CREATE TABLE t (fid INTEGER PRIMARY KEY, "x" REAL)')
        file.executemany("INSERT INTO t VALUES (?, ?)", enumerate(None if np.isnan(value) else value for value in column.tolist()))
        found = np.full(len(column), -1)
        for number, rule in enumerate(rules(made, "x", "REAL")):
            held = [fid for (fid,) in file.execute(f"SELECT fid FROM t WHERE {rule}")]  # noqa: S608  (our own rules)
            assert (found[held] == -1).all()
            found[held] = number
    assert found.tolist() == class_numbers(made, column).tolist()
