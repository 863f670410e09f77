"""The host tool: checks and uploads plans, watches the table, pulls and shows its logs."""

from inversion_table import VERSION

__version__ = VERSION
