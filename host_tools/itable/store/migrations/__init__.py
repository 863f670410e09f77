"""Every version of the store's schema, from the first on, as Alembic's scripts."""
