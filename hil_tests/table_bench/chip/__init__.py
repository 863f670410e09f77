"""The chip bench: the firmware on an emulated RP2040 that runs the real MicroPython image."""

from table_bench.chip.image import NoImageError
from table_bench.chip.table import ChipTable

__all__ = ["ChipTable", "NoImageError"]
