"""Starts the controller on the board; returns to the REPL only in SERVICE."""

import gc

gc.threshold(32_768)  # compiling would leave the heap in pieces too small for the log's queue
from inversion_table import startup  # noqa: E402 - after the line above

startup.run()
