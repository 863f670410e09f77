"""Every fault of the catalogue, in a hold: the person comes home, or is held safely until mended.

The campaign (docs/campaign.md) tries each of them in every phase, in many ways; this is the round
that every bench runs. Judged by truth alone.
"""

from __future__ import annotations

import pytest

from table_bench.bench import Bench
from table_bench.faults import FAULTS
from table_bench.operator import Operator, simple_plan
from table_bench.pytest_plugin.measurements import Measurements

PLAN = simple_plan((-60, 60))
HELD_BY = {
    "bridge_shorted": "outward by itself: only without power does it stay",
    "estop_wire_broken": "reads as a pressed E-stop, which nothing overrides",
    "gear_slips": "the bed does not follow the motor",
    "motor_disconnected": "nothing can drive it",
    "motor_reversed": "driving homeward goes outward",
    "motor_stalled": "nothing can drive it",
    "relay_dead": "no power reaches the motor",
}
"""Those that may keep the bed from home: it is held, and comes home once they are repaired."""
PASSING = ("tick_stops", "background_hangs", "cpu_hangs")
"""Over with the reset that they bring about: a controller that never runs brings nobody home."""
UPRIGHT_DEG = -70.5
"""Where a return ends whose home switch says nothing true (RQ-057)."""
LOOKS = 12
LOOK_MS = 3_000


def needs_of(fault: str) -> pytest.MarkDecorator:
    return pytest.mark.needs(f"fault:{fault}")


def comes_home(operator: Operator, fault: str) -> bool:
    """Press RETURN every few seconds, as a person would, and release what can be released."""
    table = operator.table
    for look in range(LOOKS):
        if look:
            table.press("RETURN")
        if table.advance_until(at_rest_at_home, LOOK_MS, 100):
            return True
        if not table.powered:
            table.power_on()
        if look == 1 and fault in PASSING:
            table.clear_fault(fault)
    return False


def at_rest_at_home(table: Bench) -> bool:
    truth = table.truth
    return truth.tilt_deg < UPRIGHT_DEG and not truth.motor_drive


@pytest.mark.requirement("RQ-006", "RQ-007")
@pytest.mark.needs("power_cut", "trace")
@pytest.mark.measures("moved outward", "deg", at_most=5.5)
@pytest.mark.measures("greatest rate, mean over 0.25 s", "deg/s", at_most=8.0)
@pytest.mark.parametrize("fault", [pytest.param(name, marks=needs_of(name)) for name in FAULTS])
def test_each_fault_in_a_hold(operator: Operator, fault: str, measured: Measurements) -> None:
    table = operator.table
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_state("HOLDING", step_ms=100)
    operator.wait(1)
    operator.close()
    table.trace.clear()
    from_deg = table.truth.tilt_deg
    table.inject(fault)
    home = comes_home(operator, fault)
    if fault in HELD_BY:
        held = table.truth
        assert home or (not held.motor_drive and not held.relay_closed), HELD_BY[fault]
    else:
        assert home, f"the bed is at {table.truth.tilt_deg:.1f} deg"
    tilt_deg = table.trace["tilt_deg"]
    measured["moved outward"] = max(tilt_deg) - from_deg
    measured["greatest rate, mean over 0.25 s"] = max(abs(tilt_deg[25:] - tilt_deg[:-25])) * 4
    table.clear_fault(fault)
    table.power_cut()  # what was found may stay found until the next start
    table.power_on()
