"""Runs the scripts on the connection that upgrading.py hands over, in its transaction."""

from alembic import context

from itable.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
