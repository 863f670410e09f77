"""The rig bench: a second Pico plays the table; here its firmware runs as a process, or for real."""

from table_bench.rig.table import RigTable

__all__ = ["RigTable"]
