"""The names that states and faults have on the wire and in the log."""

from inversion_table.safety.faults import FAULTS
from inversion_table.safety.states import STATE_NAMES

FAULT_NAMES = tuple([fault[0] for fault in FAULTS])

__all__ = ["FAULT_NAMES", "STATE_NAMES"]
