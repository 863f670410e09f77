"""Starts the controller on the board; returns to the REPL only in SERVICE."""

from inversion_table import startup

startup.run()
