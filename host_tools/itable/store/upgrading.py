"""Brings a store's schema up to this program's version, in one transaction."""

from pathlib import Path

import sqlalchemy as sa

from itable.errors import StoreError
from itable.store import schema

_SCRIPTS = Path(__file__).parent / "migrations"
_VERSION_TABLE = "alembic_version"
_LOCK = 4_902_184_411
"""Any number, the same in every itable: PostgreSQL's lock for one upgrade at a time."""


def version(connection: sa.Connection) -> str | None:
    """The version of the schema that the database has; None: it has none yet."""
    if not sa.inspect(connection).has_table(_VERSION_TABLE):
        return None
    return connection.execute(sa.text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()


def upgrade(connection: sa.Connection, where: str, scripts: Path = _SCRIPTS) -> None:
    """Upgrade inside the caller's transaction; raises StoreError for a newer schema."""
    found = version(connection)
    if found == schema.HEAD and scripts == _SCRIPTS:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = version(connection)
    if found is not None and found not in known:
        raise StoreError(
            f"the store was written by a newer itable (its schema is {found})",
            where=where,
            next_step="update itable, or name another store: --store",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
