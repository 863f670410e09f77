"""Each button in each state, and what the laptop may ask for."""

import pytest

from inversion_table.safety import faults, kernel, limits, states
from inversion_table.safety.ports import MODE_JOG, MODE_NONE, MODE_SESSION
from tests.safety.one_step import ALL_STATES, HELD, POWERED, OneStep
from tests.safety.table import STUCK_CLOSED, STUCK_OPEN, WORKING, Table, simple_program

EDGES = ("start_edge", "pause_edge", "return_edge", "jog_down_edge", "host_return")
AFTER_START = {states.HOME: states.MOVING, states.PAUSED: states.HOLDING}
# In HOLDING the bed stands: there is nothing to come to rest from.
AFTER_PAUSE = {states.HOLDING: states.PAUSED}
AFTER_RETURN = {
    states.HOLDING: states.RETURNING,
    states.PAUSED: states.RETURNING,
    states.STOPPED: states.RETURNING,
    states.FAULT: states.RETURNING,
}
AFTER_JOG = {states.HOME: states.MOVING}


def quiet(state: int) -> OneStep:
    """In `state`, with a wish that keeps it there."""
    one = OneStep(state, at_home=state == states.HOME)
    one.k.state_ms = 0
    if state == states.MOVING:
        one.move(300)
    if state in HELD:
        one.k.fault = faults.OVERSPEED
    return one


@pytest.mark.parametrize("state", ALL_STATES, ids=states.STATE_NAMES)
def test_without_a_button_a_state_stays(state: int) -> None:
    one = quiet(state)
    for _ in range(20):
        assert one.step().state == state


@pytest.mark.requirement("RQ-001")
@pytest.mark.parametrize("state", ALL_STATES, ids=states.STATE_NAMES)
@pytest.mark.parametrize(
    ("button", "after"),
    [
        ("start_edge", AFTER_START),
        ("pause_edge", AFTER_PAUSE),
        ("return_edge", AFTER_RETURN),
        ("host_return", AFTER_RETURN),
        ("jog_down_edge", AFTER_JOG),
    ],
)
def test_each_button_in_each_state(state: int, button: str, after: dict[int, int]) -> None:
    one = quiet(state)
    setattr(one.inputs, button, True)
    out = one.step()
    setattr(one.inputs, button, False)
    assert out.state == after.get(state, state)
    stops = button in ("pause_edge", "return_edge", "host_return")
    pauses_return = state == states.RETURNING and button == "pause_edge"
    assert out.winding_down is ((state == states.MOVING and stops) or pauses_return)


@pytest.mark.requirement("RQ-023")
@pytest.mark.parametrize(
    ("button", "after"),
    [
        ("pause_edge", states.PAUSED),
        ("return_edge", states.RETURNING),
        ("host_return", states.RETURNING),
    ],
)
class TestWindingDown:
    def test_at_once_when_the_bed_stands(self, button: str, after: int) -> None:
        one = quiet(states.HOLDING)
        setattr(one.inputs, button, True)
        assert one.step().state == after

    def test_when_the_sequencer_has_come_to_rest(self, button: str, after: int) -> None:
        one = quiet(states.MOVING)
        setattr(one.inputs, button, True)
        assert one.step().winding_down
        setattr(one.inputs, button, False)
        for _ in range(100):
            assert one.step().state == states.MOVING
        one.wish.request = states.WISH_HOLD
        out = one.step()
        assert (out.state, out.winding_down) == (after, False)

    def test_after_four_seconds_at_the_latest(self, button: str, after: int) -> None:
        one = quiet(states.MOVING)
        setattr(one.inputs, button, True)
        for _ in range(limits.WIND_DOWN_MAX_MS // 10 - 1):
            assert one.step().state == states.MOVING
            setattr(one.inputs, button, False)
        assert one.step().state == after

    def test_outward_power_only_falls_meanwhile(self, button: str, after: int) -> None:
        one = quiet(states.MOVING)
        one.k.duty_permille = 300
        one.move(250)
        setattr(one.inputs, button, True)
        assert one.step().duty_permille == 250
        one.move(900)
        assert one.step().duty_permille == 250
        one.move(-900)
        assert one.step().duty_permille == -5
        one.move(900)
        assert one.step().duty_permille == 0


def test_return_overrules_pause_and_pause_does_not_overrule_return() -> None:
    one = quiet(states.MOVING)
    one.inputs.pause_edge = True
    one.step()
    assert one.k.wind_down == states.PAUSED
    one.inputs.return_edge = True
    one.step()
    assert one.k.wind_down == states.RETURNING
    one.inputs.return_edge = False
    one.step()
    one.wish.request = states.WISH_HOLD
    assert one.step().state == states.RETURNING


# --- START -----------------------------------------------------------------------------------

REFUSALS = [
    (faults.NOT_AT_HOME, "inputs", "home_switch", False),
    (faults.ESTOP_PRESSED, "inputs", "estop_pressed", True),
    (faults.ANKLE_LOCK_OPEN, "inputs", "ankle_locked", False),
    (faults.OUTWARD_END, "inputs", "end_reached", True),
    (faults.NOT_READY, "inputs", "relay_closed", True),
    (faults.SETTINGS_CORRUPT, "inputs", "settings_ok", False),
    (faults.PROGRAM_CORRUPT, "inputs", "program_ok", False),
    (faults.CLOCKS_APART, "inputs", "clocks_ok", False),
    (faults.TILT_LOST, "watch", "tilt_trusted", False),
    (faults.IMU_PRIMARY_LOST, "estimate", "primary_ok", False),
    (faults.IMU_MONITOR_LOST, "estimate", "monitor_ok", False),
    (faults.NOT_READY, "inputs", "started_up", False),
]


@pytest.mark.requirement("RQ-064")
@pytest.mark.parametrize("button", ["start_edge", "jog_down_edge"])
@pytest.mark.parametrize(("code", "part", "name", "value"), REFUSALS)
def test_start_is_refused_for_each_reason_and_says_which(
    button: str, code: int, part: str, name: str, value: bool
) -> None:
    one = quiet(states.HOME)
    setattr(getattr(one, part), name, value)
    setattr(one.inputs, button, True)
    for count in (1, 2):
        out = one.step()
        assert (out.state, out.refused, out.refusals) == (states.HOME, code, count)
        assert (out.power, out.mode) == (False, MODE_NONE)
    good = OneStep(states.HOME, at_home=True)
    setattr(getattr(one, part), name, getattr(getattr(good, part), name))
    out = one.step()
    assert (out.state, out.refused, out.refusals) == (states.MOVING, faults.NO_FAULT, 2)


def test_without_a_plan_start_is_refused_and_jog_is_not() -> None:
    one = quiet(states.HOME)
    one.inputs.plan_ready = False
    one.inputs.start_edge = True
    out = one.step()
    assert (out.state, out.refused) == (states.HOME, faults.NO_PLAN)
    one.inputs.start_edge = False
    one.inputs.jog_down_edge = True
    assert one.step().mode == MODE_JOG


def test_a_worse_reason_than_a_missing_plan_is_named() -> None:
    one = quiet(states.HOME)
    one.inputs.plan_ready = False
    one.inputs.ankle_locked = False
    one.inputs.start_edge = True
    assert one.step().refused == faults.ANKLE_LOCK_OPEN


def test_the_count_of_refusals_wraps() -> None:
    one = quiet(states.HOME)
    one.inputs.plan_ready = False
    one.inputs.start_edge = True
    one.k.refusals = 0xFFFF
    assert one.step().refusals == 0


def test_start_and_jog_at_once_is_a_session() -> None:
    one = quiet(states.HOME)
    one.inputs.start_edge = one.inputs.jog_down_edge = True
    assert one.step().mode == MODE_SESSION


def test_nothing_moves_in_the_tick_of_start() -> None:
    one = quiet(states.HOME)
    one.inputs.start_edge = True
    one.move(1_000)
    assert one.step().duty_permille == 0


@pytest.mark.requirement("RQ-067")
def test_the_service_gesture_works_at_home_alone() -> None:
    for state in ALL_STATES:
        one = quiet(state)
        one.inputs.service_gesture = True
        assert (one.step().state == states.SERVICE) is (state in (states.HOME, states.SERVICE))


# --- RETURN at home --------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ["return_edge", "host_return"])
def test_off_the_home_switch_return_works_in_home_too(ask: str) -> None:
    """Wound down by hand, or settled through the backlash: the person must get all the way up."""
    one = quiet(states.HOME)
    setattr(one.inputs, ask, True)
    assert one.step().state == states.HOME
    one.inputs.home_switch = False
    assert one.step().state == states.RETURNING


def test_a_bed_that_left_the_switch_returns_and_starts_again() -> None:
    table = Table(simple_program(), tilt_mdeg=-75_100)
    table.boot()
    table.tilt_udeg = -73_000_000
    table.start = True
    table.tick()
    assert table.decision.refused == faults.NOT_AT_HOME
    table.return_home = True
    assert table.run_until(states.HOME, 20_000) > 0
    assert table.decision.at_home
    table.run(500)
    table.start = True
    table.tick()
    assert table.decision.state == states.MOVING


# --- jog -------------------------------------------------------------------------------------


def jogging() -> Table:
    table = Table()
    table.boot()
    table.jog_down = True
    table.run(5_000)
    assert table.decision.mode == MODE_JOG
    assert table.decision.duty_permille > 0
    return table


@pytest.mark.requirement("RQ-037")
def test_jog_runs_while_held_and_stops_in_the_same_tick() -> None:
    table = jogging()
    table.jog_down = False
    table.tick()
    assert table.decision.duty_permille == 0
    table.run(100)
    assert table.decision.state == states.HOLDING
    table.jog_up = True
    table.run(500)
    assert table.decision.duty_permille < 0
    table.jog_up = False
    table.tick()
    assert table.decision.duty_permille == 0


def test_jog_down_held_since_before_the_start_moves_nothing() -> None:
    table = Table()
    table.jog_down = True
    table.boot()
    table.run(5_000)
    assert table.decision.state == states.HOME
    table.jog_down = False
    table.run(100)
    table.jog_down = True
    table.tick()
    assert table.decision.state == states.MOVING


def test_jog_goes_no_further_than_the_setting() -> None:
    table = Table()
    table.settings.tilt_max_mdeg = 20_000
    table.boot()
    table.jog_down = True
    table.run(90_000)
    assert 19_000 <= table.tilt_mdeg() <= 20_000
    assert table.decision.fault == faults.NO_FAULT


def test_jog_up_ends_at_home() -> None:
    table = jogging()
    table.jog_down = False
    table.jog_up = True
    assert table.run_until(states.HOME, 30_000) > 0
    table.run(1_000)
    assert table.decision.mode == MODE_NONE


@pytest.mark.requirement("RQ-037")
def test_both_jog_buttons_move_nothing_whatever_the_wish() -> None:
    one = quiet(states.MOVING)
    one.k.mode = MODE_JOG
    one.inputs.jog_down = one.inputs.jog_up = True
    one.move(500)
    assert one.step().duty_permille == 0
    one.inputs.jog_up = False
    assert one.step().duty_permille > 0


@pytest.mark.parametrize("mode", [MODE_SESSION, MODE_NONE])
def test_a_jog_button_moves_nothing_in_a_session(mode: int) -> None:
    one = quiet(states.HOLDING)
    one.k.mode = mode
    one.inputs.jog_down = one.inputs.jog_down_edge = True
    one.wish.request = states.WISH_HOLD
    assert one.step().duty_permille == 0


def test_jog_cannot_be_paused_and_can_be_returned() -> None:
    table = jogging()
    table.pause = True
    table.run(100)
    assert table.decision.state == states.MOVING
    table.return_home = True
    assert table.run_until(states.RETURNING, limits.WIND_DOWN_MAX_MS) > 0
    table.jog_down = True
    assert table.run_until(states.HOME, 60_000) > 0
    table.run(2_000)
    assert table.decision.state == states.HOME, "a held button is no fresh press"


def test_homeward_power_ends_at_the_home_switch_in_a_session_too() -> None:
    one = OneStep(states.MOVING, at_home=True)
    one.move(-500)
    assert one.step().duty_permille == 0


# --- PAUSE, and RETURN while resting ----------------------------------------------------------


def at_tilt(tilt_mdeg: int, **plan: int) -> Table:
    table = Table(simple_program(**plan))
    table.boot()
    table.start = True
    assert table.run_to_tilt(tilt_mdeg, 60_000)
    return table


def test_pause_holds_and_start_goes_on() -> None:
    table = at_tilt(20_000)
    table.pause = True
    assert table.run_until(states.PAUSED, limits.WIND_DOWN_MAX_MS) > 0
    here = table.tilt_mdeg()
    table.run(10_000)
    assert table.tilt_mdeg() == here
    table.start = True
    assert table.run_to_tilt(59_000, 30_000)


@pytest.mark.requirement("RQ-012")
def test_pause_never_stops_the_head_down_clock() -> None:
    table = at_tilt(20_000)
    table.pause = True
    table.run_until(states.PAUSED, limits.WIND_DOWN_MAX_MS)
    before_ms = table.decision.head_down_ms
    table.run(30_000)
    assert table.decision.state == states.PAUSED
    assert table.decision.head_down_ms == before_ms + 30_000
    assert table.run_until(states.RETURNING, table.settings.head_down_max_ms) > 0
    assert table.decision.fault == faults.HEAD_DOWN_TIMEOUT


def test_a_paused_return_goes_on_homeward_by_start_too() -> None:
    table = at_tilt(30_000)
    table.return_home = True
    table.run(6_000)
    assert table.decision.state == states.RETURNING
    for _ in range(limits.RETURN_PAUSES):
        table.pause = True
        table.tick()
        assert table.decision.winding_down
        assert table.run_until(states.PAUSED, limits.WIND_DOWN_MAX_MS) > 0
        table.run(1_000)
        assert table.decision.state == states.PAUSED
        here = table.tilt_mdeg()
        table.start = True
        table.run(1_500)
        assert table.decision.state == states.RETURNING
        assert table.tilt_mdeg() < here
    table.pause = True
    assert table.run_until(states.HOME, 60_000) > 0


@pytest.mark.parametrize("blind", [True, False])
def test_a_return_that_a_fault_began_cannot_be_paused(blind: bool) -> None:
    one = OneStep(states.RETURNING)
    one.k.blind = blind
    one.k.fault = faults.NO_FAULT if blind else faults.SUPPLY_LOW
    one.inputs.pause_edge = True
    assert one.step().state == states.RETURNING


def resting() -> Table:
    table = at_tilt(30_000, rest_ms=30_000)
    table.return_home = True
    for _ in range(3_000):
        table.tick()
        if table.decision.duty_permille == 0 and abs(table.tilt_mdeg()) < 500:
            break
    table.run(1_000)
    assert table.decision.state == states.RETURNING
    assert table.decision.duty_permille == 0
    return table


@pytest.mark.requirement("RQ-027")
def test_the_rest_at_horizontal_is_kept() -> None:
    table = resting()
    table.run(28_000)
    assert abs(table.tilt_mdeg()) < 500
    table.run(4_000)
    assert table.tilt_mdeg() < -3_000


@pytest.mark.requirement("RQ-029")
def test_return_skips_the_rest_while_resting_only() -> None:
    table = resting()
    table.return_home = True
    table.run(3_000)
    assert table.tilt_mdeg() < -3_000

    early = at_tilt(30_000, rest_ms=30_000)
    early.return_home = True
    early.run(5_000)
    assert early.tilt_mdeg() > 3_000
    early.return_home = True  # on the way to horizontal: skips nothing
    early.run(15_000)
    assert abs(early.tilt_mdeg()) < 500
    early.run(15_000)
    assert abs(early.tilt_mdeg()) < 500


@pytest.mark.requirement("RQ-029")
def test_the_laptop_skips_no_rest() -> None:
    table = resting()
    for _ in range(20):
        table.host_return = True
        table.run(500)
    assert abs(table.tilt_mdeg()) < 500


@pytest.mark.requirement("RQ-028")
def test_after_a_fault_the_rest_is_short() -> None:
    table = at_tilt(30_000, rest_ms=60_000)
    table.supply_mv = limits.SUPPLY_LOW_MV - 1
    took_ms = table.run_until(states.FAULT, 70_000)
    assert 0 < took_ms < 15_000 + limits.FAULT_REST_MS + 35_000
    assert table.decision.at_home


# --- the laptop ------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ALL_STATES, ids=states.STATE_NAMES)
def test_a_stop_from_the_laptop_stops(state: int) -> None:
    one = quiet(state)
    one.watch.active = faults.HOST_STOP
    out = one.step()
    assert not out.power
    if state in POWERED:
        assert (out.state, out.fault) == (states.STOPPED, faults.HOST_STOP)


def test_stop_and_return_in_one_tick_go_home() -> None:
    one = quiet(states.MOVING)
    one.watch.active = faults.HOST_STOP
    one.inputs.host_return = True
    assert one.step().state == states.RETURNING
    assert one.k.wind_down == kernel.NO_WIND_DOWN


@pytest.mark.requirement("RQ-045")
def test_a_welded_relay_is_found_before_the_start() -> None:
    table = Table(simple_program())
    table.boot()
    table.relay = STUCK_CLOSED
    table.run(20)
    assert (table.decision.state, table.decision.fault) == (states.FAULT, faults.RELAY_WELDED)
    table.start = True
    table.run(5_000)
    assert table.decision.state == states.FAULT
    table.relay = WORKING
    assert table.run_until(states.HOME, limits.CLEAR_MS + 100) > 0


@pytest.mark.requirement("RQ-058")
def test_a_home_switch_broken_open_is_found_before_the_start() -> None:
    table = Table(simple_program())
    table.boot()
    table.home_switch = STUCK_OPEN
    table.start = True
    table.tick()
    assert table.decision.refused == faults.NOT_AT_HOME
    table.run(1_000)
    table.return_home = True
    assert table.run_until(states.FAULT, 20_000) > 0
    assert table.decision.fault == faults.HOME_SWITCH_STUCK
