"""Sensors and switches of the table: each file turns one of them into readings (value, ok)."""
