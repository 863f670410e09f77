"""The chip bench: the firmware on an emulated RP2040 that runs the real MicroPython image."""

from table_bench.chip import compiled

COMPILED = compiled.use()
"""Whether the emulator's fast C is used; asked for before any module here imports the emulator."""

from table_bench.chip.image import NoImageError  # noqa: E402
from table_bench.chip.table import ChipTable  # noqa: E402

__all__ = ["COMPILED", "ChipTable", "NoImageError"]
