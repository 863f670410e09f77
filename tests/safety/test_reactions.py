"""Each fault in each state: the reaction, what RETURN does then, and how it is forgotten."""

import pytest

from inversion_table.safety import faults, limits, states
from tests.safety.one_step import ALL_FAULTS, HELD, POWERED, OneStep

BY_PERSON = (faults.ESTOP_PRESSED, faults.HOST_STOP)
NAMES = [row[0] for row in faults.FAULTS][1:]
each_fault = pytest.mark.parametrize("code", ALL_FAULTS, ids=NAMES)


def held_state(code: int) -> int:
    return states.STOPPED if code in BY_PERSON else states.FAULT


def with_active(state: int, code: int, at_home: bool = False) -> OneStep:
    one = OneStep(state, at_home)
    one.watch.active = code
    one.inputs.estop_pressed = code == faults.ESTOP_PRESSED
    return one


@pytest.mark.requirement("RQ-010")
@each_fault
@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING, states.PAUSED])
def test_away_from_home_each_fault_has_its_reaction(code: int, state: int) -> None:
    one = with_active(state, code)
    one.move(500)
    out = one.step()
    stops = faults.reaction(code) == faults.REACT_STOP
    assert out.state == (held_state(code) if stops else states.RETURNING)
    assert out.power is not stops
    assert out.fault == code
    assert out.duty_permille <= 0


@each_fault
def test_a_return_goes_on_unless_the_reaction_is_to_stop(code: int) -> None:
    one = with_active(states.RETURNING, code)
    one.move(-500)
    out = one.step()
    stops = faults.reaction(code) == faults.REACT_STOP
    assert out.state == (held_state(code) if stops else states.RETURNING)
    assert out.duty_permille == (0 if stops else -limits.DUTY_STEP_PERMILLE)
    assert out.fault == code


@pytest.mark.requirement("RQ-063")
@each_fault
def test_at_home_each_fault_locks_the_table(code: int) -> None:
    one = with_active(states.HOME, code, at_home=True)
    one.inputs.start_edge = one.inputs.jog_down_edge = one.inputs.jog_down = True
    out = one.step()
    assert (out.state, out.fault, out.power) == (states.FAULT, code, False)


@each_fault
@pytest.mark.parametrize("state", [states.SELF_TEST, states.SERVICE])
def test_where_nothing_can_move_faults_wait(code: int, state: int) -> None:
    one = with_active(state, code)
    one.k.state_ms = 0
    out = one.step()
    assert (out.state, out.fault, out.power) == (state, faults.NO_FAULT, False)


@each_fault
@pytest.mark.parametrize("state", HELD)
def test_held_by_a_stop_the_first_cause_stays_in_view(code: int, state: int) -> None:
    one = with_active(state, code)
    one.k.fault = faults.OVERSPEED
    out = one.step()
    # But for the E-stop: while it is pressed, "press RETURN" would be the wrong word.
    estop = code == faults.ESTOP_PRESSED
    expected = (states.STOPPED, code) if estop else (state, faults.OVERSPEED)
    assert (out.state, out.fault) == expected
    assert not out.power


@each_fault
@pytest.mark.parametrize("first", [faults.HOST_STOP, faults.POWER_RESTORED])
def test_a_stop_that_can_end_gives_way_to_any_other_stop(code: int, first: int) -> None:
    one = with_active(states.STOPPED, code)
    one.k.fault = first
    out = one.step()
    stops = faults.reaction(code) == faults.REACT_STOP
    takes_over = stops and code not in (faults.HOST_STOP, first)
    assert out.fault == (code if takes_over else first)
    assert out.state == (held_state(code) if takes_over else states.STOPPED)


@each_fault
@pytest.mark.parametrize("state", HELD)
@pytest.mark.parametrize("ask", ["return_edge", "host_return"])
def test_once_the_cause_is_gone_a_return_begins(code: int, state: int, ask: str) -> None:
    one = OneStep(state)
    one.k.fault = code
    setattr(one.inputs, ask, True)
    out = one.step()
    assert (out.state, out.power, out.fault) == (states.RETURNING, True, code)
    setattr(one.inputs, ask, False)
    one.inputs.relay_closed = True
    one.move(-500)
    assert one.step().duty_permille == -limits.DUTY_STEP_PERMILLE


@pytest.mark.requirement("RQ-002")
@each_fault
def test_a_cause_that_lasts_without_power_does_not_keep_anyone_from_going_home(code: int) -> None:
    one = with_active(states.FAULT, code)
    one.k.fault = code
    one.inputs.return_edge = True
    out = one.step()
    if code == faults.ESTOP_PRESSED:
        assert (out.state, out.power) == (states.FAULT, False)
        return
    assert out.state == states.RETURNING
    one.inputs.return_edge = False
    one.inputs.relay_closed = True
    one.move(-500)
    out = one.step()
    assert (out.state, out.duty_permille) == (states.RETURNING, -limits.DUTY_STEP_PERMILLE)
    stops = faults.reaction(code) == faults.REACT_STOP
    assert out.excused == (code if stops else faults.NO_FAULT)


@pytest.mark.requirement("RQ-002")
def test_a_finger_on_return_wins_over_a_laptop_that_says_stop_over_and_over() -> None:
    for by_finger in (True, False):
        one = with_active(states.MOVING, faults.HOST_STOP)
        one.k.duty_permille = 100
        assert one.step().state == states.STOPPED
        one.step(1_000)
        one.inputs.return_edge = by_finger
        one.inputs.host_return = not by_finger
        assert one.step().state == states.RETURNING
        one.inputs.return_edge = one.inputs.host_return = False
        one.inputs.relay_closed = True
        for _ in range(100):
            one.step()
        assert one.out.state == (states.RETURNING if by_finger else states.STOPPED)
        assert one.out.excused == (faults.HOST_STOP if by_finger else faults.NO_FAULT)


@pytest.mark.requirement("RQ-001")
@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING, states.PAUSED, states.RETURNING])
@each_fault
def test_a_stop_in_the_very_tick_of_return_wins_but_for_the_laptops(code: int, state: int) -> None:
    if faults.reaction(code) != faults.REACT_STOP:
        return
    one = with_active(state, code)
    one.inputs.return_edge = True
    out = one.step()
    if code == faults.HOST_STOP:
        assert out.state == states.RETURNING
        return
    assert (out.power, out.fault, out.duty_permille) == (False, code, 0)
    assert out.state == (states.STOPPED if faults.by_person(code) else states.FAULT)
    if code != faults.ESTOP_PRESSED:
        assert one.step(limits.RELAY_OPEN_MAX_MS).state == states.RETURNING


@pytest.mark.requirement("RQ-002")
@pytest.mark.parametrize("code", [faults.OVERCURRENT, faults.STALLED, faults.OVERSPEED])
def test_a_cause_seen_with_the_motor_just_off_is_not_excused(code: int) -> None:
    one = with_active(states.RETURNING, code)
    one.step()
    one.inputs.return_edge = True
    assert one.step(limits.RELAY_OPEN_MAX_MS - 10).state == states.RETURNING
    one.inputs.return_edge = False
    assert one.step().state == states.FAULT
    one.inputs.return_edge = True
    assert one.step(limits.RELAY_OPEN_MAX_MS).state == states.RETURNING
    one.inputs.return_edge = False
    assert one.step().state == states.RETURNING


@pytest.mark.requirement("RQ-002")
@pytest.mark.parametrize("excused", [faults.ANKLE_LOCK_OPEN, faults.OVERCURRENT])
def test_an_excused_cause_excuses_no_other(excused: int) -> None:
    one = OneStep(states.RETURNING)
    one.k.fault = one.k.excused = excused
    one.watch.active = faults.STALLED
    assert one.step().state == states.FAULT


@pytest.mark.requirement("RQ-065")
@each_fault
@pytest.mark.parametrize("state", HELD)
def test_at_home_a_fault_is_forgotten_a_second_after_its_cause(code: int, state: int) -> None:
    one = with_active(state, code, at_home=True)
    one.k.fault = code
    for _ in range(30):
        out = one.step(100)
        assert out.state in HELD
        assert out.fault == code
    one.watch.active = faults.NO_FAULT
    one.inputs.estop_pressed = False
    for _ in range(9):
        assert one.step(100).fault == code
    one.watch.active = code  # it comes back for a moment: the second begins anew
    one.inputs.estop_pressed = code == faults.ESTOP_PRESSED
    one.step(100)
    one.watch.active = faults.NO_FAULT
    one.inputs.estop_pressed = False
    for _ in range(9):
        assert one.step(100).fault == code
    out = one.step(100)
    assert (out.state, out.fault, out.mode) == (states.HOME, faults.NO_FAULT, 0)


@each_fault
@pytest.mark.parametrize("state", HELD)
def test_away_from_home_no_fault_is_forgotten(code: int, state: int) -> None:
    one = OneStep(state)
    one.k.fault = code
    for _ in range(100):
        assert one.step(1_000).fault == code


def test_the_second_after_the_cause_begins_anew_after_leaving_home() -> None:
    one = OneStep(states.FAULT, at_home=True)
    one.k.fault = faults.OVERCURRENT
    one.step(900)
    one.inputs.home_switch = False
    one.estimate.tilt_mdeg = -60_000
    one.inputs.return_edge = True
    assert one.step().state == states.RETURNING
    one.inputs.return_edge = False
    one.inputs.home_switch = True
    one.estimate.tilt_mdeg = limits.HOME_TILT_MDEG
    assert one.step().state == states.FAULT
    assert one.step(900).state == states.FAULT
    assert one.step(90).state == states.FAULT
    assert one.step(10).state == states.HOME


@each_fault
def test_home_with_a_fault_is_not_home(code: int) -> None:
    one = OneStep(states.RETURNING, at_home=True)
    one.k.fault = code
    out = one.step()
    assert (out.state, out.fault, out.power, out.mode) == (states.FAULT, code, False, 0)


def test_home_without_a_fault_is_home() -> None:
    one = OneStep(states.RETURNING, at_home=True)
    out = one.step()
    assert (out.state, out.fault, out.power) == (states.HOME, faults.NO_FAULT, False)


def test_a_stronger_fault_replaces_a_weaker_and_not_the_other_way_round() -> None:
    one = with_active(states.MOVING, faults.SUPPLY_LOW)
    assert one.step().fault == faults.SUPPLY_LOW
    one.watch.active = faults.TILT_LOST
    assert one.step().fault == faults.TILT_LOST
    one.watch.active = faults.SUPPLY_LOW
    assert one.step().fault == faults.TILT_LOST
    one.watch.active = faults.STALLED
    out = one.step()
    assert (out.fault, out.state) == (faults.STALLED, states.FAULT)


def test_a_stop_in_a_return_that_began_with_a_stop_stops_again() -> None:
    one = OneStep(states.RETURNING)
    one.k.fault = faults.OVERCURRENT
    one.watch.active = faults.OVERCURRENT
    assert one.step().state == states.FAULT


def test_a_weaker_fault_while_held_away_from_home_moves_nothing() -> None:
    one = OneStep(states.FAULT)
    one.k.fault = faults.WATCHDOG_RESET
    one.watch.active = faults.TILT_LOST
    out = one.step()
    assert (out.state, out.power, out.fault) == (states.FAULT, False, faults.TILT_LOST)


def test_at_home_a_stronger_fault_is_shown_instead() -> None:
    one = OneStep(states.FAULT, at_home=True)
    one.k.fault = faults.SUPPLY_LOW
    one.watch.active = faults.ESTOP_PRESSED
    out = one.step()
    assert (out.state, out.fault) == (states.FAULT, faults.ESTOP_PRESSED)


@pytest.mark.requirement("RQ-033")
@pytest.mark.parametrize("state", POWERED)
def test_the_estop_takes_power_away_in_the_same_tick_even_unreported(state: int) -> None:
    one = OneStep(state)
    one.move(-300)
    one.inputs.estop_pressed = True
    out = one.step()
    assert (out.power, out.duty_permille) == (False, 0)


# --- the kernel's own faults -----------------------------------------------------------------

FOLLOWING = [states.MOVING, states.HOLDING, states.PAUSED]


@pytest.mark.requirement("RQ-009")
@pytest.mark.parametrize("state", FOLLOWING)
@pytest.mark.parametrize(
    ("request_", "wished", "setting", "limit"),
    [
        (states.WISH_HOLD, 30_000, 60_000, 30_000),
        (states.WISH_MOVE, 80_000, 60_000, 60_000),
        (states.WISH_MOVE, 1 << 29, 1 << 29, 90_000),
        (states.WISH_NONE, 30_000, 60_000, 60_000),  # no wish lifts no limit
    ],
)
def test_over_tilt_is_one_and_a_half_degrees_past_the_lowest_limit(
    state: int, request_: int, wished: int, setting: int, limit: int
) -> None:
    one = OneStep(state)
    one.wish.request = request_
    one.wish.limit_mdeg = wished
    one.settings.tilt_max_mdeg = setting
    one.estimate.tilt_mdeg = limit + 1_500
    assert one.step().fault == faults.NO_FAULT
    one.estimate.tilt_mdeg = limit + 1_501
    out = one.step()
    assert (out.state, out.fault) == (states.RETURNING, faults.OVER_TILT)


@pytest.mark.requirement("RQ-009")
def test_over_tilt_needs_a_tilt_that_can_be_trusted() -> None:
    one = OneStep(states.HOLDING)
    one.estimate.tilt_mdeg = 80_000
    one.watch.tilt_trusted = False
    assert one.step().fault == faults.NO_FAULT


@pytest.mark.requirement("RQ-015")
@pytest.mark.parametrize("state", FOLLOWING)
@pytest.mark.parametrize(("setting", "limit"), [(60_000, 60_000), (1 << 29, 2_400_000)])
def test_the_session_has_an_end(state: int, setting: int, limit: int) -> None:
    one = OneStep(state)
    one.settings.session_max_ms = setting
    one.k.session_ms = limit - 20
    assert one.step().fault == faults.NO_FAULT
    out = one.step()
    assert (out.state, out.fault, out.session_ms) == (
        states.RETURNING,
        faults.SESSION_TIMEOUT,
        limit,
    )


@pytest.mark.requirement("RQ-014")
@pytest.mark.parametrize("state", FOLLOWING)
@pytest.mark.parametrize(("setting", "limit"), [(10_000, 10_000), (1 << 29, 900_000)])
def test_head_down_has_an_end_to_the_tick(state: int, setting: int, limit: int) -> None:
    one = OneStep(state)
    one.settings.head_down_max_ms = setting
    one.k.head_down_ms = limit - 20
    assert one.step().fault == faults.NO_FAULT
    out = one.step()
    assert (out.state, out.fault, out.head_down_ms) == (
        states.RETURNING,
        faults.HEAD_DOWN_TIMEOUT,
        limit,
    )


def test_at_home_a_bed_that_moves_away_is_a_fault() -> None:
    one = OneStep(states.HOME, at_home=True)
    one.estimate.tilt_mdeg = -71_000
    assert one.step().state == states.HOME
    one.estimate.tilt_mdeg = -70_999
    out = one.step()
    assert (out.state, out.fault) == (states.FAULT, faults.MOVED_UNDRIVEN)
