"""Starts the controller on the board; returns to the REPL only in SERVICE."""

import micropython

# Before anything takes time: Ctrl-C while the program loads would leave nobody to bring a person
# home (RQ-130).
micropython.kbd_intr(-1)

from inversion_table import startup  # noqa: E402

startup.run()
