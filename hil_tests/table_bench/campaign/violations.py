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
    "a shorted bridge drives outward as soon as the relay closes: until the trip, and anew for a"
    " moment at each RETURN, which nothing refuses"
)
_SHORTED_HOMEWARD = (
    "a shorted bridge drives homeward at full voltage, about 10 deg/s, until the trip"
)
_REVERSED = (
    "with swapped wires the bed goes the wrong way, slowly, until MOVED_BACKWARD trips, and each"
    " RETURN does so anew"
)
_BOUNCING_START = (
    "each bounce of START counts as a fresh press once the bed is at home: sessions start by"
    " themselves until someone presses the E-stop"
)
_BOUNCING_PAUSE = (
    "each bounce of PAUSE halts the way home anew; only the head-down limit or the session limit"
    " ends that"
)
_BOUNCING_JOG = (
    "each bounce of JOG_DOWN at home counts as a fresh press and moves the bed outward for as long"
    " as it lasts, by itself"
)
_CREEPS = "the bed moves without the motor; nothing in the controller can hold it at home"

_BLIND = (
    "a blind return is at its duty, 2 deg/s, within 40 ms, and the bed may fall through the gear's"
    " play in it"
)

KNOWN_VIOLATIONS: dict[tuple[str, str, str], Known] = {
    (ANY, ANY, "speeding_up"): Known(5.5, _BLIND),
    ("bridge_shorted_outward", ANY, "over_tilt"): Known(16.0, _SHORTED_OUTWARD),
    ("bridge_shorted_outward", ANY, "outward_after"): Known(20.0, _SHORTED_OUTWARD),
    ("bridge_shorted_outward", ANY, "rate"): Known(11.0, _SHORTED_OUTWARD),
    ("bridge_shorted_outward", ANY, "speeding_up"): Known(16.0, _SHORTED_OUTWARD),
    ("bridge_shorted_homeward", ANY, "rate"): Known(11.0, _SHORTED_HOMEWARD),
    ("bridge_shorted_homeward", ANY, "speeding_up"): Known(16.0, _SHORTED_HOMEWARD),
    ("motor_reversed", ANY, "outward_after"): Known(12.0, _REVERSED),
    ("button_bouncing_START", ANY, "outward_after"): Known(165.0, _BOUNCING_START),
    ("button_bouncing_START", ANY, "from_home"): Known(165.0, _BOUNCING_START),
    ("button_bouncing_START", ANY, "drive_at_end"): Known(1.0, _BOUNCING_START),
    ("button_bouncing_START", ANY, "relay_at_end"): Known(1.0, _BOUNCING_START),
    ("button_bouncing_PAUSE", ANY, "way_home"): Known(300.0, _BOUNCING_PAUSE),
    ("button_bouncing_JOG_DOWN", ANY, "outward_after"): Known(165.0, _BOUNCING_JOG),
    ("button_bouncing_JOG_DOWN", ANY, "from_home"): Known(165.0, _BOUNCING_JOG),
    ("button_bouncing_JOG_DOWN", ANY, "drive_at_end"): Known(1.0, _BOUNCING_JOG),
    ("button_bouncing_JOG_DOWN", ANY, "relay_at_end"): Known(1.0, _BOUNCING_JOG),
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
