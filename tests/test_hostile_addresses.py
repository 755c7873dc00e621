"""Addresses and records that cannot be taken apart are a message, without the password that stood in them."""

import pytest

from spatial.boundaries import _address, pack, read_places
from spatial.errors import DataError
from spatial.verify import _causes, _equal, _read


@pytest.mark.parametrize(
    "address",
    [
        "http://user:SECRET@host:99999999/x.gpkg",
        "http://user:SECRET@[::1/x.gpkg",
        "http://user:SECRET@127.0.0.1:1/x.gpkg?token=SECRET#SECRET",
        "http://127.0.0.1:1/..",
        "http://",
        "postgresql://user:SECRET@[::1/d?table=a",
        "postgresql://user:SECRET@host:99999999/d?table=a",
        "postgresql://user:SECRET@127.0.0.1:1/d",
        "postgresql:///d?table=x&service=SECRET",
    ],
)
def test_an_address_that_leads_nowhere(address):
    if address.startswith("postgresql"):
        pytest.importorskip("sqlalchemy")
        pytest.importorskip("psycopg")
    with pytest.raises(DataError) as caught:
        read_places(address, key="code")
    assert "SECRET" not in str(caught.value)


def test_no_more_is_fetched_than_boundaries_can_have(tmp_path, monkeypatch):
    class Endless:
        def read(self, size):
            return b"x" * size

    monkeypatch.setattr(_address, "_LARGEST", 5_000_000)
    with (tmp_path / "x").open("wb") as target, pytest.raises(DataError, match=r"more than 0.005 GB are sent"):
        _address._copied(Endless(), target, "http://host/x")
    assert (tmp_path / "x").stat().st_size <= 5_000_000


@pytest.mark.parametrize(
    "text", ["[1]", "[" * 100_000, '{"inputs": [5]}', '{"versions": "x"}', '{"inputs": {"a": 1}}', "9" * 5_000, "\x1b"]
)
def test_a_record_that_is_none(tmp_path, text):
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"no record of a run|cannot be read"):
        _read(tmp_path / "run.json")


def test_a_record_with_numbers_no_computer_holds():
    assert not _equal(10**400, 1.0, 0.0)
    assert _causes({}, {"inputs": [], "versions": {}}) == []


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, f"rows = {'9' * 5_000}", "x", "\\udcff"])
def test_a_pedigree_that_is_none(tmp_path, text):
    (tmp_path / "source.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="is not readable TOML"):
        pack(str(tmp_path))
