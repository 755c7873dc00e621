"""Sources that are not on this machine: an address of the web, or a database."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit, urlunsplit

from spatial.errors import DataError, complaint, counted, listed, nearest_name

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from geopandas import GeoDataFrame

_PATIENCE = 60  # seconds without an answer
_LARGEST, _PART = 2_000_000_000, 1 << 20  # bytes that are fetched at most, and at a time


def is_address(text: str) -> bool:
    """Tell whether a text is an address of the web."""
    return text.casefold().startswith(("http://", "https://"))


def is_database(text: str) -> bool:
    """Tell whether a text is the address of a PostgreSQL database."""
    return text.casefold().startswith(("postgresql://", "postgres://"))


def without_password(address: str) -> str:
    """Give an address without user, password and query, as it may stand in a message or a record."""
    parts = split(address)
    host = parts.hostname or ""
    return urlunsplit((parts.scheme, f"{host}:{parts.port}" if parts.port else host, parts.path, "", ""))


def split(address: str) -> "SplitResult":
    """Take an address apart, or raise DataError; the message does not repeat it, for it may hold a password."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # looked at only when it is asked for
    except ValueError as error:
        kind = address.partition(":")[0][:20]
        what = f"it cannot be taken apart ({error})"
        raise DataError(complaint(f"the address {kind}://...", what, "Expected scheme://host/path", "Correct it")) from None
    return parts


@contextmanager
def fetched(address: str) -> Iterator[tuple[Path, str]]:
    """
    Fetch a file because the user named its address.

    Parameters
    ----------
    address
        ``http://`` or ``https://``.

    Yields
    ------
    tuple
        The file, which is gone afterwards, and what to call it in a complaint.

    Raises
    ------
    DataError
        When it cannot be fetched.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    where = without_password(address)
    name = Path(unquote(split(address).path)).name or "boundaries"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        try:
            request = Request(address, headers={"User-Agent": "spatial-econometrics"})  # noqa: S310  (is_address lets http and https in)
            with urlopen(request, timeout=_PATIENCE) as answer, file.open("wb") as target:  # noqa: S310  (likewise)
                _copied(answer, target, where)
        except (URLError, HTTPException, OSError, ValueError) as error:
            if isinstance(error, HTTPError):
                error.close()  # it holds the connection
            reason = " ".join(str(each) for each in (getattr(error, "code", ""), getattr(error, "reason", None) or error) if each)
            raise DataError(
                complaint(
                    where,
                    f"it could not be fetched ({reason})",
                    "Expected a file of boundaries at this address",
                    "Check the address and the connection, or fetch it by hand",
                )
            ) from None
        if file.stat().st_size == 0:
            raise DataError(
                complaint(where, "the answer is empty", "Expected a file of boundaries at this address", "Check the address")
            )
        yield file, where


def _copied(answer: Any, target: Any, where: str) -> None:
    """Keep what is sent, as long as it is no more than boundaries can have."""
    size = 0
    while part := answer.read(_PART):
        size += len(part)
        if size > _LARGEST:
            what = f"more than {_LARGEST / 1e9:g} GB are sent"
            raise DataError(complaint(where, what, "Expected a file of boundaries at this address", "Fetch it by hand"))
        target.write(part)


def from_database(address: str, layer: str | None) -> "tuple[GeoDataFrame, str]":
    """
    Read a table of a PostgreSQL database with PostGIS.

    Parameters
    ----------
    address
        ``postgresql://user:password@host:port/database?table=schema.table&geometry=column``; ``table`` may be given as
        the layer, ``geometry`` is needed only where the table has several geometry columns or stores plain WKB.
    layer
        The table, with its schema unless it is ``public``.

    Returns
    -------
    tuple
        The table, and what to call it in a complaint.

    Raises
    ------
    DataError
        When the optional packages are absent, the database does not answer, or the table is not there.
    """
    try:
        import psycopg  # noqa: F401
        import sqlalchemy
    except ImportError:
        raise DataError(
            complaint(
                "database",
                "SQLAlchemy and psycopg are not installed",
                "Reading a database needs them",
                'Install them with: pip install "spatial-econometrics[database]"',
            )
        ) from None
    from pandas.errors import DatabaseError
    from shapely.errors import ShapelyError
    from sqlalchemy.exc import SQLAlchemyError

    table, column, plain = _asked(address, layer)
    where = f"{without_password(address)} table {'.'.join(table)}"
    try:
        engine = sqlalchemy.create_engine(plain, connect_args={"connect_timeout": _PATIENCE}, poolclass=sqlalchemy.pool.NullPool)
        with engine.connect() as connection:
            return _selected(connection, table, _geometry_column(connection, table, column, where)), where
    except (SQLAlchemyError, DatabaseError) as error:
        said = str(getattr(error, "orig", None) or error).replace(plain, where)  # older SQLAlchemy repeats the address
        reason = " ".join(said.split())[:300]
        raise DataError(
            complaint(where, f"the database says: {reason}", "Expected a table with geometries", "Check address, table and rights")
        ) from None
    except (ValueError, ShapelyError) as error:
        reason = " ".join(str(error).split())[:300]
        raise DataError(
            complaint(where, f"its geometries cannot be read ({reason})", "Expected WKB", "Name the column with ?geometry=")
        ) from None


def _selected(connection: Any, table: tuple[str, str], column: str) -> "GeoDataFrame":
    import geopandas
    import sqlalchemy

    quote = connection.dialect.identifier_preparer.quote_identifier
    query = f"SELECT * FROM {'.'.join(quote(part) for part in table)}"  # noqa: S608  (identifiers are quoted)
    with warnings.catch_warnings():
        # geopandas takes the number of the reference system for EPSG's where there is no PostGIS; so do we
        warnings.filterwarnings("ignore", message="Could not find the spatial reference system table")
        return geopandas.read_postgis(sqlalchemy.text(query), connection, geom_col=column)


def _asked(address: str, layer: str | None) -> tuple[tuple[str, str], str, str]:
    parts = split(address)
    query = parse_qs(parts.query)
    table = layer or (query.pop("table", [""])[0])
    query.pop("table", None)
    column = query.pop("geometry", [""])[0]
    if not table:
        raise DataError(
            complaint(
                without_password(address), "no table is named", "Expected ?table=schema.table at the end of the address, or a layer"
            )
        )
    schema, _, name = table.rpartition(".")
    plain = urlunsplit(("postgresql+psycopg", parts.netloc, parts.path, urlencode(query, doseq=True), ""))
    return (schema or "public", name), column, plain


def _geometry_column(connection: Any, table: tuple[str, str], column: str, where: str) -> str:
    import sqlalchemy

    query = "SELECT column_name, udt_name FROM information_schema.columns WHERE table_schema = :schema AND table_name = :name ORDER BY ordinal_position"
    rows = connection.execute(sqlalchemy.text(query), {"schema": table[0], "name": table[1]}).all()
    if not rows:
        raise DataError(
            complaint(
                where, "there is no such table, or no right to see it", "Expected schema.table", "Check the name and the rights"
            )
        )
    names = [str(name) for name, _ in rows]
    if column and column not in names:
        raise DataError(complaint(where, f"there is no column {column!r}", nearest_name(column, names)))
    found = [column] if column else [str(name) for name, kind in rows if kind in ("geometry", "geography")]
    if len(found) != 1:
        what = f"it has {counted(len(found), 'geometry column')}{': ' + listed(found) if found else ''}"
        raise DataError(complaint(where, what, "Expected one", f"Name it with ?geometry=; its columns are {listed(names, 20)}"))
    return found[0]
