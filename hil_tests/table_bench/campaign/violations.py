"""Violations that are known: each is counted and shown aloud, and fails nothing up to a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from table_bench.campaign.plan_of_runs import Run

ANY = "*"


@dataclass(frozen=True)
class Known:
    """A measure that goes past its limit: up to `most` (in the measure's unit), and why."""

    most: float
    reason: str


_SHORTED_OUTWARD = (
    "a shorted bridge drives outward at full voltage, about 10 deg/s, as soon as the relay closes,"
    " until it is open again: 3 deg until the trip, and 3 deg at the one RETURN that is tried"
)
_SHORTED_HOMEWARD = (
    "a shorted bridge drives homeward at full voltage, about 10 deg/s, until the trip"
)
_REVERSED = (
    "with swapped wires the bed goes the wrong way, slowly, until MOVED_BACKWARD trips; at RETURN"
    " anew, until it has risen by limits.RETURN_RISE_MDEG"
)
_CREEPS = "the bed moves without the motor; nothing in the controller can hold it at home"

KNOWN_VIOLATIONS: dict[tuple[str, str, str], Known] = {
    ("bridge_shorted_outward", ANY, "over_tilt"): Known(8.0, _SHORTED_OUTWARD),
    ("bridge_shorted_outward", ANY, "tilt"): Known(92.5, _SHORTED_OUTWARD),
    ("bridge_shorted_outward", ANY, "outward_after"): Known(8.5, _SHORTED_OUTWARD),
    ("bridge_shorted_outward", ANY, "rate"): Known(11.0, _SHORTED_OUTWARD),
    ("bridge_shorted_outward", ANY, "speeding_up"): Known(16.0, _SHORTED_OUTWARD),
    ("bridge_shorted_homeward", ANY, "rate"): Known(11.0, _SHORTED_HOMEWARD),
    ("bridge_shorted_homeward", ANY, "speeding_up"): Known(16.0, _SHORTED_HOMEWARD),
    ("motor_reversed", ANY, "outward_after"): Known(3.5, _REVERSED),
    ("bed_creeps_outward", ANY, "from_home"): Known(6.0, _CREEPS),
    ("bed_creeps_outward", ANY, "outward_after"): Known(6.0, _CREEPS),
}
"""(fault of the catalogue or "*", phase or "*", measure) -> what is known."""


def known(run: Run, measure: str, value: float) -> str:
    """Why this run may violate this measure by so much; empty when that is not known."""
    for fault in (*run.faults, ANY):
        for phase in (run.phase, ANY):
            found = KNOWN_VIOLATIONS.get((fault, phase, measure))
            if found is not None and value <= found.most:
                return found.reason
    return ""


def unknown(run: Run, violations: tuple[str, ...], measures: Mapping[str, float]) -> list[str]:
    """Those violations that no entry declares."""
    return [measure for measure in violations if not known(run, measure, measures[measure])]
