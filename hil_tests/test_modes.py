"""A session of each mode, from the plan file that a therapist writes to what the bed truly does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inversion_table.session.plan import Plan
from itable.plans.loading import judged
from table_bench.bench import Columns
from table_bench.operator import Operator
from table_bench.pytest_plugin.measurements import Measurements

ARRIVED_DEG = 0.6
"""So near to a step's tilt the bed counts as there."""

HEAD = 'format = 1\nname = "mode"\n[return]\nrest_s = 1\n'
MODES: dict[str, tuple[str, list[tuple[float, float]]]] = {
    "static": ("[set.static]\ntilt_deg = -55\nhold_s = 8\n", [(-55, 8)]),
    "intermittent": (
        """[set.intermittent]
tilt_deg = -50\nhold_s = 4\nrest_tilt_deg = -60\nrest_s = 3\ncycles = 2\n""",
        [(-50, 4), (-60, 3), (-50, 4)],
    ),
    "cyclic": (
        """[set.cyclic]
tilt_deg = -52\nrest_tilt_deg = -58\ncycles = 3\nrate_deg_per_s = 2\nrest_rate_deg_per_s = 1.5\n""",
        [(-52, 0), (-58, 0)] * 3,
    ),
    "progressive": (
        """[set.progressive]
from_tilt_deg = -60\nto_tilt_deg = -50\nlevels = 3\nhold_s = 2
rest_tilt_deg = -62\nrest_s = 1\n""",
        [(-60, 2), (-62, 1), (-55, 2), (-62, 1), (-50, 2)],
    ),
    "regressive": (
        """[set.regressive]
from_tilt_deg = -50\nto_tilt_deg = -60\nlevels = 3\nhold_s = 4\n""",
        [(-50, 4), (-55, 4), (-60, 4)],
    ),
    "head-down": (
        """[set.progressive]
from_tilt_deg = -5\nto_tilt_deg = 5\nlevels = 2\nhold_s = 4\n""",
        [(-5, 4), (5, 4)],
    ),
}
"""The plan file's set, and what a person expects of it: (tilt in deg, hold in s), in order."""

LONG = pytest.mark.needs("minutes")

Steps = list[tuple[float, float]]


def plan_of(mode: str) -> Plan:
    """The plan as `itable plan upload` would send it."""
    verdict = judged(Path("mode.toml"), f"{HEAD}[[set]]\n{MODES[mode][0]}".encode())
    assert not verdict.found
    return verdict.plan


def stays(steps: Steps, trace: Columns) -> Steps:
    """For each step, in order: how far off the bed stayed, and how long, in deg and s.

    Raises AssertionError where the bed never came to a step's tilt.
    """
    tilt_deg, time_s = trace["tilt_deg"], trace["time_us"] * 1e-6
    found = []
    at = 0
    for wanted_deg, _ in steps:
        there = np.abs(tilt_deg - wanted_deg) < ARRIVED_DEG
        came = np.flatnonzero(there[at:])
        assert len(came), f"the bed never came to {wanted_deg} deg after {time_s[at]:.1f} s"
        at += came[0]
        left = np.flatnonzero(~there[at:])
        end = at + (left[0] if len(left) else len(there) - at)
        off_deg = float(np.min(np.abs(tilt_deg[at:end] - wanted_deg)))
        found.append((off_deg, float(time_s[end - 1] - time_s[at])))
        at = end - 1
    return found


@pytest.mark.needs("trace")
@pytest.mark.requirement("RQ-018", "RQ-021")
@pytest.mark.measures("worst tilt at a step", "deg", at_most=0.5)
@pytest.mark.measures("shortest hold, less what was asked", "s", at_least=0.0, at_most=3.0)
@pytest.mark.measures("past the highest step", "deg", at_most=0.5)
@pytest.mark.measures("greatest rate, mean over 0.25 s", "deg/s", at_most=3.5, proves="RQ-018")
@pytest.mark.parametrize(
    "mode",
    [pytest.param(mode, marks=LONG) if mode == "head-down" else mode for mode in MODES],
)
def test_a_session_of_each_mode(operator: Operator, mode: str, measured: Measurements) -> None:
    steps = MODES[mode][1]
    table = operator.table
    operator.upload(plan_of(mode))
    operator.press("START")
    operator.wait_for_state("MOVING")
    operator.wait_for_state("HOME", 600_000, 500)
    found = stays(steps, table.trace)
    measured["worst tilt at a step"] = max(off_deg for off_deg, _ in found)
    measured["shortest hold, less what was asked"] = min(
        stay_s - hold_s for (_, stay_s), (_, hold_s) in zip(found, steps, strict=True)
    )
    tilt_deg = table.trace["tilt_deg"]
    measured["past the highest step"] = np.max(tilt_deg) - max(
        wanted_deg for wanted_deg, _ in steps
    )
    measured["greatest rate, mean over 0.25 s"] = np.max(np.abs(tilt_deg[25:] - tilt_deg[:-25])) * 4
