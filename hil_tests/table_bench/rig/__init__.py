"""The rig bench: a second Pico plays the table, as a process or for real."""

from table_bench.rig.table import DeskRigTable, RigTable

__all__ = ["DeskRigTable", "RigTable"]
