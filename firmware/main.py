"""Starts the controller on the board; returns to the REPL only in SERVICE."""

import micropython

# Before anything takes time: Ctrl-C while the program loads would leave nobody to bring a person
# home (RQ-130).
micropython.kbd_intr(-1)

try:
    import chooser as start  # type: ignore[import-not-found]
except ImportError:  # no slots: the program lies here in single files
    from inversion_table import startup as start

start.run()
