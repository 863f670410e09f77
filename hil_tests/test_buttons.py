"""Each button in each state, pressed on the table, and the states' lights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from inversion_table.indication.patterns import BLUE, GREEN, RED
from inversion_table.indication.patterns import pattern_of as pattern
from inversion_table.safety import faults, states
from table_bench.operator import Operator, simple_plan
from table_bench.pytest_plugin.measurements import Measurements

# A short way out and a long hold; head-up all the way, so that nothing rests at horizontal.
PLAN = simple_plan((-60, 120))
LONG_WAY = simple_plan((30, 5))


def to_home(operator: Operator) -> None:
    operator.upload(PLAN)


def to_moving(operator: Operator) -> None:
    operator.upload(LONG_WAY)
    operator.press("START")
    operator.wait_for_tilt(-70)


def to_holding(operator: Operator) -> None:
    to_home(operator)
    operator.press("START")
    operator.wait_for_state("HOLDING")
    operator.wait(1)
    operator.wait_for_state("HOLDING", 20_000)
    assert operator.table.truth.tilt_deg > -61


def to_paused(operator: Operator) -> None:
    to_moving(operator)
    operator.press("PAUSE")
    operator.wait_for_state("PAUSED", 5_000)


def to_returning(operator: Operator) -> None:
    to_moving(operator)
    operator.wait_for_tilt(-50)
    operator.press("RETURN")
    operator.wait_for_state("RETURNING", 5_000)


def to_stopped(operator: Operator) -> None:
    to_holding(operator)
    operator.table.set_estop(True)
    operator.wait(0.5)
    operator.table.set_estop(False)
    operator.wait(0.5)


def to_fault(operator: Operator) -> None:
    to_holding(operator)
    operator.table.set_ankle_lock(False)
    operator.wait(0.5)
    operator.table.set_ankle_lock(True)
    operator.wait(0.5)


REACH: dict[str, Callable[[Operator], None]] = {
    "HOME": to_home,
    "MOVING": to_moving,
    "HOLDING": to_holding,
    "PAUSED": to_paused,
    "RETURNING": to_returning,
    "STOPPED": to_stopped,
    "FAULT": to_fault,
}

# What is different from "nothing happens". A jog too short to leave the home switch ends at home.
CHANGES = {
    ("HOME", "START"): "MOVING",
    ("MOVING", "PAUSE"): "PAUSED",
    ("MOVING", "RETURN"): "RETURNING",
    ("HOLDING", "PAUSE"): "PAUSED",
    ("HOLDING", "RETURN"): "RETURNING",
    ("PAUSED", "START"): "MOVING",
    ("PAUSED", "RETURN"): "RETURNING",
    ("RETURNING", "PAUSE"): "PAUSED",
    ("STOPPED", "RETURN"): "RETURNING",
    ("FAULT", "RETURN"): "RETURNING",
}


@pytest.mark.requirement("RQ-001")
@pytest.mark.parametrize("state", REACH)
@pytest.mark.parametrize("button", ["START", "PAUSE", "RETURN", "JOG_UP", "JOG_DOWN"])
def test_button_in_state(operator: Operator, state: str, button: str) -> None:
    REACH[state](operator)
    assert operator.status()["state"] == state
    operator.press(button, 600)
    operator.wait(1.0)
    assert operator.status()["state"] == CHANGES.get((state, button), state)


@pytest.mark.requirement("RQ-078")
@pytest.mark.parametrize("state", REACH)
def test_light_tells_the_state(operator: Operator, state: str) -> None:
    REACH[state](operator)
    decision = operator.status()
    number = states.STATE_NAMES.index(state)
    fault = faults.NO_FAULT if decision["fault"] == "NO_FAULT" else faults.ANKLE_LOCK_OPEN
    expected = pattern(number, fault, state == "HOME")
    seen = set()
    for _ in range(40):
        operator.table.advance(50)
        red, green, blue = operator.table.truth.led
        seen.add((RED if red else 0) | (GREEN if green else 0) | (BLUE if blue else 0))
    steady = expected.light_ms == expected.period_ms
    assert seen == ({expected.colour} if steady else {expected.colour, 0})


@pytest.mark.needs("minutes")
def test_resume_goes_on_with_the_plan(operator: Operator) -> None:
    to_paused(operator)
    paused_deg = operator.table.truth.tilt_deg
    operator.wait(5)
    assert abs(operator.table.truth.tilt_deg - paused_deg) < 0.1
    operator.press("START")
    operator.wait_for_tilt(29)


@pytest.mark.requirement("RQ-089", "RQ-101")
@pytest.mark.parametrize("button", ["START", "JOG_DOWN"])
@pytest.mark.needs("trace", "minutes")
def test_a_bouncing_button_starts_one_motion_at_most(operator: Operator, button: str) -> None:
    table = operator.table
    operator.upload(simple_plan((-60, 1)))
    table.trace.clear()
    table.inject("button_bouncing", button=button)
    operator.wait(120)
    starts = np.count_nonzero(np.diff((table.trace["tilt_deg"] > -74).astype(int)) > 0)
    assert starts <= 1
    table.press("RETURN")
    operator.wait(40)
    assert table.truth.tilt_deg < -74
    assert operator.status()["fault"] == "BUTTON_STUCK"
    table.clear_fault("button_bouncing")
    operator.wait_for_state("HOME", 15_000)


@pytest.mark.requirement("RQ-101", "RQ-102")
def test_a_bouncing_pause_keeps_nobody_from_home(operator: Operator) -> None:
    to_returning(operator)
    table = operator.table
    table.inject("button_bouncing", button="PAUSE")
    operator.wait(5)
    assert operator.status()["state"] == "PAUSED"
    operator.press("RETURN")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 60_000)


@pytest.mark.requirement("RQ-067")
@pytest.mark.leaves("SERVICE")
@pytest.mark.needs("boot_count", "tick_count", "console")
def test_service_needs_the_gesture_at_home(operator: Operator) -> None:
    table = operator.table
    boots = table.boots
    operator.close()
    table.hold("START")
    table.hold("PAUSE")
    operator.wait(8)
    table.release("START")
    table.release("PAUSE")
    operator.wait(2)
    assert table.boots == boots + 1
    assert table.program_ended  # the REPL has the chip; no watchdog, no tick, no heartbeat
    ticks = table.ticks
    operator.wait(10)
    assert table.ticks == ticks
    assert table.boots == boots + 1
    assert not table.truth.relay_closed
    assert table.truth.tilt_deg < -74


@pytest.mark.requirement("RQ-043")
@pytest.mark.needs("tick_count", "heap_lock", "minutes")
def test_tick_allocates_nothing_in_any_state(operator: Operator) -> None:
    """The bench runs every tick under heap_lock: one allocation would end the timer for good."""
    visited = set()

    def note() -> None:
        visited.add(operator.status()["state"])

    table = operator.table
    to_paused(operator)
    note()
    operator.press("START")
    note()
    operator.wait_for_tilt(29.8)
    operator.wait_for_state("HOLDING")
    note()
    operator.wait_for_state("RETURNING")
    note()
    table.set_ankle_lock(False)
    operator.wait(0.5)
    note()
    table.set_ankle_lock(True)
    operator.press("RETURN")
    table.inject("imu_primary_nack")
    table.inject("imu_monitor_nack")  # blind from here
    operator.wait(2)
    table.clear_fault("imu_primary_nack")
    table.clear_fault("imu_monitor_nack")
    table.set_estop(True)
    operator.wait(1)
    note()
    table.set_estop(False)
    operator.press("RETURN")
    operator.wait_for_state("HOME")
    note()
    operator.press("RETURN")
    operator.wait(max(0.0, 101 - table.now_ms / 1000))
    assert visited == {"PAUSED", "MOVING", "HOLDING", "RETURNING", "FAULT", "STOPPED", "HOME"}
    assert table.ticks >= 10_000
    assert table.timer_failures == 0
    table.hold("START")
    table.hold("PAUSE")
    operator.wait(4)  # the last ticks before SERVICE are ticks too
    assert table.timer_failures == 0


# --- stuck, two at once, held at power-up -------------------------------------------------------

BUTTONS = ("START", "PAUSE", "RETURN", "JOG_UP", "JOG_DOWN")
QUIET_PAIRS = [
    ("START", "PAUSE"),
    *itertools.combinations(("PAUSE", "RETURN", "JOG_UP"), 2),
    ("JOG_UP", "JOG_DOWN"),
]


@pytest.mark.requirement("RQ-037", "RQ-067")
@pytest.mark.measures("moved outward", "deg", at_most=0.0)
@pytest.mark.parametrize("pair", QUIET_PAIRS, ids="+".join)
def test_two_buttons_at_home_move_nothing(
    operator: Operator, pair: tuple[str, str], measured: Measurements
) -> None:
    """START with PAUSE held before it, both jogs at once, and what does nothing by itself."""
    table = operator.table
    to_home(operator)
    from_deg = table.truth.tilt_deg
    for button in reversed(pair):  # PAUSE before START
        table.hold(button)
    operator.wait(2)
    for button in pair:
        table.release(button)
    operator.wait(1)
    measured["moved outward"] = max(0.0, round(table.truth.tilt_deg - from_deg, 2))


DEAF_TO_JOG_UP = """
from inversion_table import startup
from inversion_table.session import sequencer

class JogDownAlone:
    def __init__(self):
        self.jog_down = False
        self.jog_up = False

heard = JogDownAlone()
plain = sequencer.Sequencer._jog

def deaf(self, decision, inputs, tilt_mdeg, settings, dt_ms, wish):
    heard.jog_down = inputs.jog_down
    plain(self, decision, heard, tilt_mdeg, settings, dt_ms, wish)

sequencer.Sequencer._jog = deaf
startup.run()
"""


@pytest.mark.requirement("RQ-037")
@pytest.mark.measures("moved outward by both at home", "deg", at_most=0.0)
@pytest.mark.measures("moved outward after JOG UP joined", "deg", at_most=0.3)
@pytest.mark.needs("entry")
def test_both_jogs_stop_also_a_sequencer_that_would_go_on(
    make_operator: Callable[..., Operator], measured: Measurements
) -> None:
    """Kernel and sequencer both see to it, so that only without the one can the other be seen."""
    operator = make_operator(entry=DEAF_TO_JOG_UP)
    table = operator.table
    from_deg = table.truth.tilt_deg
    for button in ("JOG_UP", "JOG_DOWN"):
        table.hold(button)
    operator.wait(2)
    measured["moved outward by both at home"] = max(0.0, round(table.truth.tilt_deg - from_deg, 2))
    table.release("JOG_UP")
    operator.wait(2)
    from_deg = table.truth.tilt_deg
    assert from_deg > -73  # on its way, by the one button
    table.hold("JOG_UP")
    operator.wait(2)
    measured["moved outward after JOG UP joined"] = table.truth.tilt_deg - from_deg
    for button in ("JOG_DOWN", "JOG_UP"):
        table.release(button)


@pytest.mark.requirement("RQ-001")
@pytest.mark.measures("half a degree homeward after", "s", at_most=4.0)
@pytest.mark.parametrize("other", [name for name in BUTTONS if name != "RETURN"])
@pytest.mark.parametrize("state", ["MOVING", "PAUSED"])
def test_return_with_any_other_button_leads_home(
    operator: Operator, state: str, other: str, measured: Measurements
) -> None:
    REACH[state](operator)
    table = operator.table
    from_deg, from_ms = table.truth.tilt_deg, table.now_ms
    table.press("RETURN", 400)
    table.press(other, 400)
    nearer = table.advance_until(lambda t: t.truth.tilt_deg < from_deg - 0.5, 10_000)
    measured["half a degree homeward after"] = (
        (table.now_ms - from_ms) / 1_000 if nearer else math.inf
    )


@pytest.mark.requirement("RQ-060")
@pytest.mark.measures("moved outward", "deg", at_most=0.0)
@pytest.mark.parametrize("button", BUTTONS)
@pytest.mark.needs("power_cut")
def test_a_button_held_at_power_up_moves_nothing(
    operator: Operator, button: str, measured: Measurements
) -> None:
    table = operator.table
    to_home(operator)
    operator.close()
    table.power_cut()
    from_deg = table.truth.tilt_deg
    table.hold(button)
    table.power_on()
    operator.wait(8)
    assert not table.truth.relay_closed
    measured["moved outward"] = max(0.0, round(table.truth.tilt_deg - from_deg, 2))
    table.release(button)
    operator.wait_for_state("HOME", 10_000)
    operator.wait(0.7)
    operator.press("START")
    assert operator.status()["state"] == "MOVING"


@pytest.mark.requirement("RQ-060")
@pytest.mark.measures("moved by JOG UP before it was let go of", "deg", at_most=0.1)
@pytest.mark.needs("power_cut")
def test_a_jog_up_held_at_power_up_is_as_if_not_there(
    operator: Operator, measured: Measurements
) -> None:
    """It neither keeps JOG DOWN from moving nor moves the bed, until it is pressed afresh."""
    table = operator.table
    to_home(operator)
    operator.close()
    table.power_cut()
    table.hold("JOG_UP")
    table.power_on()
    operator.wait_for_state("HOME", 20_000)
    operator.wait(0.7)
    operator.press("JOG_DOWN", 2_500)
    operator.wait(1)
    from_deg = table.truth.tilt_deg
    assert from_deg > -74
    operator.wait(2)
    measured["moved by JOG UP before it was let go of"] = abs(table.truth.tilt_deg - from_deg)
    table.release("JOG_UP")
    operator.wait(0.5)
    operator.press("JOG_UP", 1_000)
    assert table.truth.tilt_deg < from_deg - 0.3


@pytest.mark.requirement("RQ-032", "RQ-060")
@pytest.mark.measures("moved while RETURN was held", "deg", at_most=0.2)
@pytest.mark.needs("power_cut")
def test_return_held_at_power_up_away_from_home_waits_for_a_fresh_press(
    operator: Operator, measured: Measurements
) -> None:
    to_holding(operator)
    table = operator.table
    operator.close()
    table.power_cut()
    from_deg = table.truth.tilt_deg
    table.hold("RETURN")
    table.power_on()
    operator.wait(8)
    measured["moved while RETURN was held"] = abs(table.truth.tilt_deg - from_deg)
    table.release("RETURN")
    operator.wait(0.7)
    operator.return_home()


@pytest.mark.requirement("RQ-001", "RQ-089")
@pytest.mark.parametrize("button", [name for name in BUTTONS if name != "RETURN"])
def test_a_button_that_sticks_in_a_session_keeps_nobody_from_home(
    operator: Operator, button: str
) -> None:
    to_holding(operator)
    table = operator.table
    table.inject("button_stuck", button=button)
    operator.wait(3)
    assert table.truth.tilt_deg < -58  # nothing goes further out for it
    operator.return_home()
    operator.wait(3)
    assert table.truth.tilt_deg < -74  # and it starts nothing there
    assert not table.truth.relay_closed


@pytest.mark.requirement("RQ-007")
def test_a_return_button_that_sticks_or_bounces_leads_home_and_stays_there(
    operator: Operator,
) -> None:
    table = operator.table
    for fault in ("button_stuck", "button_bouncing"):
        to_holding(operator)
        table.inject(fault, button="RETURN")
        assert table.advance_until(lambda t: t.truth.at_home_switch, 30_000)
        operator.wait(3)
        assert not table.truth.relay_closed
        table.clear_fault(fault)
        operator.wait_for_state("HOME", 15_000)


@pytest.mark.requirement("RQ-006")
def test_a_return_button_that_is_dead_leaves_the_laptop_and_the_end_of_the_plan(
    operator: Operator,
) -> None:
    to_holding(operator)
    table = operator.table
    table.inject("button_dead", button="RETURN")
    operator.press("RETURN")
    operator.wait(2)
    assert operator.status()["state"] == "HOLDING"
    operator.result("session.return")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 30_000)
