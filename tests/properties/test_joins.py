"""Joins neither lose nor repeat, whatever the keys and their order."""

import csv
import tempfile
from pathlib import Path

import geopandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from spatial.errors import DataError
from spatial.indicators import TableRecipe, join

KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=6)


def places_called(names):
    return geopandas.GeoDataFrame(geometry=[Point(number, 0) for number in range(len(names))], index=names, crs="EPSG:32642")


def joined(places, rows, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["key", "value"], *rows])
        return join(places, TableRecipe(table=path, key="key", **options))


def distinct(keys):
    import unicodedata

    return list({unicodedata.normalize("NFC", key.strip()): key for key in keys if key.strip()})


@settings(max_examples=60, deadline=None)
@given(st.lists(KEYS, min_size=2, max_size=12, unique=True), st.randoms(use_true_random=False))
def test_every_value_finds_its_place(names, random):
    names = distinct(names)
    if len(names) < 2:
        return
    rows = [[name, number] for number, name in enumerate(names)]
    random.shuffle(rows)
    found = joined(places_called(names), rows)
    assert found.places["value"].tolist() == list(range(len(names)))
    assert (found.ledger["status"] == "joined").all()
    assert len(found.ledger) == 2 * len(names)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 30), min_size=1), st.sets(st.integers(0, 30), min_size=1))
def test_every_row_of_both_sides_is_accounted_for(here, there):
    places = places_called([f"p{number}" for number in sorted(here)])
    rows = [[f"p{number}", number] for number in sorted(there, reverse=True)]
    if not here & there:
        with pytest.raises(DataError, match="(have|has) no place"):
            joined(places, rows, unmatched="drop")
        return
    found = joined(places, rows, unmatched="drop")
    counts = found.ledger.groupby(["side", "status"]).size().to_dict()
    both = len(here & there)
    expected = {
        ("table", "joined"): both,
        ("places", "joined"): both,
        ("table", "no place"): len(there - here),
        ("places", "no row"): len(here - there),
    }
    assert counts == {key: count for key, count in expected.items() if count}
    assert found.places["value"].dropna().to_dict() == {f"p{number}": float(number) for number in here & there}
