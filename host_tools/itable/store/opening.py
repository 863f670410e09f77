"""Opening a store: SQLite in a file by default, PostgreSQL by URL; errors in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc

from itable.errors import StoreError
from itable.folders import data_folder
from itable.store import upgrading

BUSY_WAIT_S = 10
"""How long another itable that writes is waited for."""


def address(name: str | None) -> sa.URL:
    """The database that a name means: a URL, a file, or (None) the user's own store.

    Raises StoreError for a URL that is none, or of a database that itable cannot use.
    """
    if name is None:
        return _file(data_folder() / "store.sqlite")
    if "://" not in name:
        return _file(Path(name).expanduser())
    try:
        url = sa.make_url(name)
    except exc.ArgumentError as error:
        raise StoreError(
            "this is no address of a store",
            where=name,
            next_step="give a file, or a URL as in postgresql://user@host/database",
        ) from error
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"itable cannot keep a store in {url.get_backend_name()}",
            where=url.render_as_string(),
            next_step="give a file (SQLite), or a URL as in postgresql://user@host/database",
        )
    return url


def where_is(url: sa.URL) -> str:
    """The store for people: its file, or its URL without the password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def open_engine(url: sa.URL) -> sa.Engine:
    """The database, made if it is missing, with this program's schema. Raises StoreError."""
    where = where_is(url)
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot make the folder of the store: {error.strerror or error}",
                where=where,
                next_step="name another place: --store FILE",
            ) from error
    try:
        wait = {"timeout" if sqlite else "connect_timeout": BUSY_WAIT_S}
        engine = sa.create_engine(url, connect_args=wait)
    except ImportError as error:
        raise StoreError(
            f"the driver for PostgreSQL is not installed ({error})",
            where=where,
            next_step="pip install 'inversion-table-controller[postgres]'",
        ) from error
    if sqlite:
        _own_transactions(engine)
    with told(where), engine.begin() as connection:
        upgrading.upgrade(connection, where)
    return engine


def _file(path: Path) -> sa.URL:
    return sa.URL.create("sqlite", database=str(path.absolute()))


def _own_transactions(engine: sa.Engine) -> None:
    """Python's driver begins no transaction before tables are made; each is begun here instead.

    IMMEDIATE: what is read first and then written cannot be changed by another in between.
    """

    @event.listens_for(engine, "connect")
    def _plain(connection, record) -> None:  # type: ignore[no-untyped-def]
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


_WORDS = (
    ("database is locked", "the store is in use by another program", "wait, then try again"),
    (
        "not a database",
        "the file of the store is damaged, or no store",
        "put back a copy, or name another one: --store FILE; sessions that the table still keeps"
        " can be pulled again",
    ),
    (
        "malformed",
        "the store is damaged",
        "put back a copy, or name another one: --store FILE; sessions that the table still keeps"
        " can be pulled again",
    ),
    (
        "full",
        "there is no room left for the store",
        "make room, then pull again: what came over the link is kept",
    ),
    (
        "readonly",
        "the store cannot be written to",
        "give this user the right to write it, or name another one: --store FILE",
    ),
    (
        "unable to open",
        "the store cannot be opened",
        "check name and rights of the file, or name another one: --store FILE",
    ),
)


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn the database's errors into StoreError, with what to do next."""
    try:
        yield
    except exc.DBAPIError as error:
        said = str(error.orig).strip()
        for part, what, next_step in _WORDS:
            if part in said.lower():
                raise StoreError(what, where=where, next_step=next_step) from error
        lines = said.splitlines() or [type(error.orig).__name__]
        raise StoreError(
            f"the store does not answer: {lines[0]}",
            where=where,
            next_step="check the address and that its server runs, then try again",
        ) from error
