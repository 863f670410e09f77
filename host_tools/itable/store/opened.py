"""An open store: what every part of it has in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

import sqlalchemy as sa

from itable.store import opening

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert


def insert(connection: sa.Connection, table: sa.Table) -> "Insert":
    """An INSERT that can say what to do when the row is there; each database has its own."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)  # type: ignore[return-value]  # alike, as far as it is used here


class OpenStore:
    """A store by its name (None: the user's own); a context manager. Raises StoreError."""

    def __init__(self, name: str | None = None) -> None:
        url = opening.address(name)
        self.where = opening.where_is(url)
        self._engine = opening.open_engine(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    @contextmanager
    def _begun(self) -> Iterator[sa.Connection]:
        """One transaction, with the database's errors in words."""
        with opening.told(self.where), self._engine.begin() as connection:
            yield connection
