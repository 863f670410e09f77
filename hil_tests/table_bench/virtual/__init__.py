"""The virtual bench: the unmodified firmware in a real MicroPython process, in virtual time."""

from table_bench.virtual.table import BenchError, VirtualTable

__all__ = ["BenchError", "VirtualTable"]
