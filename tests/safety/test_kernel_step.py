"""The kernel, one step at a time: exactly what it changes, at each boundary, and nothing else."""

from typing import Any

import pytest

from inversion_table.safety import faults, kernel, limits, states
from inversion_table.safety.kernel import NO_WIND_DOWN
from inversion_table.safety.ports import (
    BOOT_POWER_ON,
    BOOT_WATCHDOG,
    MODE_JOG,
    MODE_NONE,
    MODE_SESSION,
)
from inversion_table.safety.ticks import CLOCK_MAX_MS
from tests.safety.one_step import ALL_STATES, POWERED, OneStep

HOME = limits.HOME_TILT_MDEG
DIRT: dict[str, Any] = {
    "clear_ms": 11,
    "return_ms": 12,
    "idle_ms": 13,
    "blind_current_ms": 14,
    "wind_down_ms": 15,
}
"""What a new state must not take over."""
CLEAN: dict[str, Any] = {**dict.fromkeys(DIRT, 0), "state_ms": 0}


def changes(one: OneStep, dt_ms: int = 10) -> dict[str, Any]:
    """What a step changes of what the kernel remembers, the times that always run apart."""
    before = dict(vars(one.k))
    one.step(dt_ms)
    after = vars(one.k)
    assert after.keys() == before.keys()  # a first store to a new attribute would allocate
    assert after["then_ms"] == one.now_ms
    running = ("then_ms", "head_up_ms", "head_down_ms", "was_head_down", "session_ms")
    return {
        name: after[name] for name in after if name not in running and after[name] != before[name]
    }


def one_in(state: int, at_home: bool = False, **attributes: Any) -> OneStep:
    """In `state`, with these of what the kernel remembers."""
    one = OneStep(state, at_home)
    for name, value in attributes.items():
        assert hasattr(one.k, name), name
        setattr(one.k, name, value)
    return one


# --- a new kernel, and time -----------------------------------------------------------------


@pytest.mark.parametrize("boot", [BOOT_POWER_ON, BOOT_WATCHDOG])
def test_a_new_kernel_remembers_nothing(boot: int) -> None:
    k = vars(kernel.KernelState(boot))
    assert (k.pop("boot"), k.pop("state"), k.pop("mode")) == (boot, states.SELF_TEST, MODE_NONE)
    assert k.pop("head_up_ms") == limits.HEAD_UP_RESETS_MS
    assert k.pop("wind_down") == NO_WIND_DOWN
    assert NO_WIND_DOWN not in ALL_STATES
    assert k.pop("state_ms") == 0
    assert {name for name, value in k.items() if value is False} >= {
        *("started", "assessing", "was_head_down", "blind", "paused_return", "backing_off"),
    }
    assert not any(k.values())


def test_who_says_nothing_was_powered_up() -> None:
    assert kernel.KernelState().boot == BOOT_POWER_ON


def test_the_first_step_takes_no_time() -> None:
    one = one_in(states.PAUSED, started=False, then_ms=3, state_ms=70)
    assert changes(one, 400) == {"started": True}
    assert changes(one, 400) == {"state_ms": 470}


@pytest.mark.parametrize("state", [states.PAUSED, states.SERVICE, states.STOPPED])
def test_time_in_a_state_runs(state: int) -> None:
    one = one_in(state, state_ms=100)
    assert changes(one, 17) == {"state_ms": 117}
    one.k.state_ms = CLOCK_MAX_MS
    assert changes(one, 17) == {}


def test_time_wraps() -> None:
    one = one_in(states.SERVICE, then_ms=(1 << 30) - 5, state_ms=0)
    one.now_ms = (1 << 30) - 5
    assert changes(one, 12) == {"state_ms": 12}
    assert one.k.then_ms == 7


@pytest.mark.requirement("RQ-042")
@pytest.mark.parametrize("state", [-1, 9, 77])
def test_what_is_no_state_becomes_a_fault(state: int) -> None:
    one = one_in(states.PAUSED, **DIRT, blind=True, assessing=True, wind_down=states.PAUSED)
    one.k.state = state
    assert changes(one) == {
        **CLEAN,
        "state": states.FAULT, "fault": faults.INTERNAL,
        "blind": False, "assessing": False, "wind_down": NO_WIND_DOWN,
    }  # fmt: skip
    assert not one.out.power


# --- clocks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "ran_ms"), [(MODE_NONE, 0), (MODE_SESSION, 10), (MODE_JOG, 10)])
def test_the_sessions_clock_runs_from_start_to_home(mode: int, ran_ms: int) -> None:
    one = one_in(states.PAUSED, mode=mode, session_ms=500)
    one.step()
    assert one.k.session_ms == one.out.session_ms == 500 + ran_ms


@pytest.mark.requirement("RQ-012")
@pytest.mark.parametrize("state", ALL_STATES)
@pytest.mark.parametrize(("tilt_mdeg", "head_down"), [(2_000, False), (2_001, True)])
def test_the_head_down_clock_runs_in_every_state(
    state: int, tilt_mdeg: int, head_down: bool
) -> None:
    one = one_in(state, head_down_ms=500, head_up_ms=600, was_head_down=not head_down)
    one.estimate.tilt_mdeg = tilt_mdeg
    one.step()
    assert one.k.was_head_down == head_down
    assert one.k.head_up_ms == (0 if head_down else 610)
    assert one.k.head_down_ms == one.out.head_down_ms == 510


@pytest.mark.requirement("RQ-012")
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("tilt_mdeg", [-40_000, 40_000])
def test_a_tilt_that_is_not_valid_says_nothing_about_head_down(
    before: bool, tilt_mdeg: int
) -> None:
    one = one_in(states.PAUSED, was_head_down=before)
    one.estimate.tilt_mdeg, one.estimate.valid = tilt_mdeg, False
    one.step()
    assert one.k.was_head_down == before


@pytest.mark.requirement("RQ-013")
@pytest.mark.parametrize(("up_ms", "left_ms"), [(9_989, 510), (9_990, 0), (10_500, 0)])
def test_only_long_enough_head_up_sets_the_clock_back(up_ms: int, left_ms: int) -> None:
    one = one_in(states.PAUSED, head_down_ms=500, head_up_ms=up_ms)
    one.estimate.tilt_mdeg = 0
    one.step()
    assert one.k.head_down_ms == left_ms


# --- home -----------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-057")
@pytest.mark.parametrize(
    ("switch", "trusted", "tilt_mdeg", "at_home"),
    [
        (True, True, HOME + 4_000, True),
        (True, True, HOME + 4_001, False),
        (True, False, HOME + 4_001, True),
        (False, True, HOME, False),
        (False, False, HOME, False),
    ],
)
def test_where_home_is(switch: bool, trusted: bool, tilt_mdeg: int, at_home: bool) -> None:
    one = OneStep(states.SERVICE)
    one.inputs.home_switch, one.watch.tilt_trusted = switch, trusted
    one.estimate.tilt_mdeg = tilt_mdeg
    assert one.step().at_home == at_home


@pytest.mark.requirement("RQ-059")
@pytest.mark.parametrize(
    ("tilt_mdeg", "active", "trusted", "home"),
    [
        (HOME - 3_000, faults.NO_FAULT, True, False),
        (HOME - 3_001, faults.NO_FAULT, True, True),
        (HOME - 3_001, faults.NO_FAULT, False, False),
        (HOME + 4_000, faults.STALLED, True, True),
        (HOME + 4_000, faults.OVERCURRENT, True, True),
        (HOME + 4_000, faults.STALLED, False, False),
        (HOME + 4_001, faults.STALLED, True, False),
        (HOME + 4_000, faults.OVERSPEED, True, False),
        (HOME + 4_000, faults.SUPPLY_LOW, True, False),
    ],
)
def test_a_return_ends_without_its_switch(
    tilt_mdeg: int, active: int, trusted: bool, home: bool
) -> None:
    one = one_in(states.RETURNING, paused_return=True, excused=faults.RELAY_DEAD, **DIRT)
    one.estimate.tilt_mdeg = tilt_mdeg
    one.watch.active, one.watch.tilt_trusted = active, trusted
    one.step()
    arrived = one.k.fault == faults.HOME_SWITCH_STUCK
    assert arrived == home
    if home:
        assert (one.k.state, one.k.mode, one.k.paused_return) == (states.FAULT, MODE_NONE, False)
        assert one.k.excused == faults.NO_FAULT


def arriving(**attributes: Any) -> OneStep:
    one = one_in(states.RETURNING, at_home=True, **attributes)
    one.inputs.relay_closed = False
    return one


def test_a_return_that_ends_at_the_switch_is_over() -> None:
    one = arriving(
        paused_return=True, return_pauses=2, excused=faults.RELAY_DEAD, blind=True,
        wind_down=states.PAUSED, **DIRT,
    )  # fmt: skip
    assert changes(one) == {
        **CLEAN,
        "state": states.HOME, "mode": MODE_NONE, "paused_return": False, "blind": False,
        "return_pauses": 0, "excused": faults.NO_FAULT, "wind_down": NO_WIND_DOWN,
    }  # fmt: skip
    assert not one.out.winding_down
    assert changes(arriving(backing_off=True)) == {
        "state": states.HOME, "mode": MODE_NONE, "backing_off": False, "state_ms": 0,
    }  # fmt: skip
    one = arriving(fault=faults.SUPPLY_LOW)
    assert changes(one) == {"state": states.FAULT, "mode": MODE_NONE, "state_ms": 0}


# --- self-test ------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-066")
@pytest.mark.parametrize("settled", [True, False])
def test_the_self_test_waits_for_what_is_to_be_believed(settled: bool) -> None:
    wait_ms = limits.SELF_TEST_MS if settled else limits.SETTLE_MAX_MS
    one = one_in(states.SELF_TEST, at_home=True, state_ms=wait_ms - 11)
    one.inputs.settled = settled
    one.watch.active = faults.TILT_LOST  # is not looked at yet
    assert changes(one) == {"state_ms": wait_ms - 1}
    assert changes(one, 1) == {"state": states.HOME, "state_ms": 0}


@pytest.mark.requirement("RQ-032", "RQ-040")
@pytest.mark.parametrize(
    ("boot", "became"),
    [
        (BOOT_POWER_ON, {"state": states.STOPPED, "fault": faults.POWER_RESTORED}),
        (
            BOOT_WATCHDOG,
            {"state": states.FAULT, "fault": faults.WATCHDOG_RESET, "assessing": True},
        ),
    ],
)
def test_the_self_test_away_from_home(boot: int, became: dict[str, Any]) -> None:
    one = one_in(states.SELF_TEST, boot=boot, state_ms=limits.SELF_TEST_MS, **DIRT)
    assert changes(one) == {**CLEAN, **became}


# --- HOME -----------------------------------------------------------------------------------


def test_home_ends_what_was() -> None:
    one = one_in(
        states.HOME, at_home=True, mode=MODE_SESSION, session_ms=700, excused=faults.RELAY_DEAD
    )
    assert changes(one) == {"mode": MODE_NONE, "excused": faults.NO_FAULT, "state_ms": 5_010}
    assert one.k.session_ms == 0


@pytest.mark.parametrize(
    ("tilt_mdeg", "trusted", "moved"),
    [(HOME + 4_000, True, False), (HOME + 4_001, True, True), (HOME + 4_001, False, False)],
)
def test_a_bed_that_leaves_home_by_itself_is_a_fault(
    tilt_mdeg: int, trusted: bool, moved: bool
) -> None:
    one = one_in(states.HOME, at_home=True)
    one.estimate.tilt_mdeg, one.watch.tilt_trusted = tilt_mdeg, trusted
    one.inputs.start_edge = one.inputs.service_gesture = one.inputs.return_edge = moved
    one.step()
    expected = (states.FAULT, faults.MOVED_UNDRIVEN) if moved else (states.HOME, faults.NO_FAULT)
    assert (one.k.state, one.k.fault) == expected
    assert one.k.refusals == 0


@pytest.mark.requirement("RQ-067")
def test_service_comes_before_a_start() -> None:
    one = one_in(states.HOME, at_home=True, **DIRT)
    one.inputs.service_gesture = one.inputs.start_edge = True
    assert changes(one) == {**CLEAN, "state": states.SERVICE}


@pytest.mark.parametrize("button", ["return_edge", "host_return"])
def test_return_works_off_the_switch_only(button: str) -> None:
    one = one_in(states.HOME, at_home=True)
    setattr(one.inputs, button, True)
    assert changes(one) == {"state_ms": 5_010}
    one.inputs.home_switch = False
    assert changes(one) == {"state": states.RETURNING, "state_ms": 0}
    one = one_in(states.HOME, at_home=True)
    one.inputs.home_switch = False
    assert changes(one) == {"state_ms": 5_010}
    one.inputs.start_edge = True
    setattr(one.inputs, button, True)
    assert changes(one) == {"state": states.RETURNING, "state_ms": 0}  # no START was refused


@pytest.mark.requirement("RQ-064")
@pytest.mark.parametrize(
    ("edge", "mode"), [("start_edge", MODE_SESSION), ("jog_down_edge", MODE_JOG)]
)
def test_a_press_at_home_begins_a_motion(edge: str, mode: int) -> None:
    one = one_in(states.HOME, at_home=True, refused=faults.NO_PLAN, refusals=3, **DIRT)
    setattr(one.inputs, edge, True)
    one.inputs.plan_ready = mode == MODE_SESSION
    assert changes(one) == {
        **CLEAN, "state": states.MOVING, "mode": mode, "refused": faults.NO_FAULT,
    }  # fmt: skip
    assert one.out.power
    assert (one.out.refused, one.out.refusals) == (faults.NO_FAULT, 3)


def test_start_wins_over_a_jog_in_the_same_tick() -> None:
    one = one_in(states.HOME, at_home=True)
    one.inputs.start_edge = one.inputs.jog_down_edge = True
    one.step()
    assert one.k.mode == MODE_SESSION


@pytest.mark.parametrize("name", ["pause_edge", "jog_up", "jog_down", "host_stop"])
def test_nothing_else_begins_one(name: str) -> None:
    one = one_in(states.HOME, at_home=True)
    setattr(one.inputs, name, True)
    assert changes(one) == {"state_ms": 5_010}


REFUSALS = [
    ("home_switch", False, faults.NOT_AT_HOME),
    ("estop_pressed", True, faults.ESTOP_PRESSED),
    ("ankle_locked", False, faults.ANKLE_LOCK_OPEN),
    ("end_reached", True, faults.OUTWARD_END),
    ("relay_closed", True, faults.NOT_READY),
    ("settings_ok", False, faults.SETTINGS_CORRUPT),
    ("program_ok", False, faults.PROGRAM_CORRUPT),
    ("clocks_ok", False, faults.CLOCKS_APART),
    ("home_angle_ok", False, faults.HOME_DRIFT),
    ("tilt_trusted", False, faults.TILT_LOST),
    ("primary_ok", False, faults.IMU_PRIMARY_LOST),
    ("monitor_ok", False, faults.IMU_MONITOR_LOST),
    ("started_up", False, faults.NOT_READY),
    ("plan_ready", False, faults.NO_PLAN),
]


@pytest.mark.requirement("RQ-064")
@pytest.mark.parametrize("number", range(len(REFUSALS)))
def test_a_start_is_refused_with_the_first_reason(number: int) -> None:
    """Each reason alone, and with all that come behind it."""
    for together in (REFUSALS[number : number + 1], REFUSALS[number:]):
        one = one_in(states.HOME, at_home=True, refusals=0xFFFE)
        one.inputs.start_edge = True
        for name, value, _ in together:
            holder = next(h for h in (one.inputs, one.watch, one.estimate) if hasattr(h, name))
            setattr(holder, name, value)
        one.step()
        assert (one.k.state, one.k.mode) == (states.HOME, MODE_NONE)
        assert one.k.refused == one.out.refused == REFUSALS[number][2]
        assert one.k.refusals == one.out.refusals == 0xFFFF
        one.step()
        assert one.k.refusals == 0


# --- MOVING, HOLDING ------------------------------------------------------------------------


@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING])
@pytest.mark.parametrize(
    ("request_made", "became"),
    [
        (states.WISH_MOVE, states.MOVING),
        (states.WISH_HOLD, states.HOLDING),
        (states.WISH_NONE, states.HOLDING),
        (states.WISH_GO_HOME, states.RETURNING),
    ],
)
def test_a_session_follows_the_wish(state: int, request_made: int, became: int) -> None:
    one = one_in(state, state_ms=70)
    one.wish.request = request_made
    expected = {"state_ms": 80} if became == state else {"state": became, "state_ms": 0}
    assert changes(one) == expected


@pytest.mark.requirement("RQ-001", "RQ-023")
@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING])
@pytest.mark.parametrize(
    ("button", "goal"),
    [
        ("return_edge", states.RETURNING),
        ("host_return", states.RETURNING),
        ("pause_edge", states.PAUSED),
    ],
)
def test_a_button_lets_the_motion_come_to_rest_first(state: int, button: str, goal: int) -> None:
    one = one_in(state, wind_down_ms=0)
    one.wish.request = states.WISH_MOVE
    setattr(one.inputs, button, True)
    assert changes(one) == {"wind_down": goal, "wind_down_ms": 10, "state_ms": 5_010}
    assert one.out.winding_down
    setattr(one.inputs, button, False)
    assert changes(one) == {"wind_down_ms": 20, "state_ms": 5_020}
    one.k.wind_down_ms = limits.WIND_DOWN_MAX_MS - 11
    one.step()
    assert (one.k.state, one.k.wind_down_ms) == (state, limits.WIND_DOWN_MAX_MS - 1)
    assert changes(one, 1) == {
        "state": goal, "state_ms": 0, "wind_down": NO_WIND_DOWN, "wind_down_ms": 0,
    }  # fmt: skip
    assert not one.out.winding_down


@pytest.mark.parametrize("button", ["return_edge", "host_return", "pause_edge"])
@pytest.mark.parametrize("request_made", [states.WISH_HOLD, states.WISH_NONE, states.WISH_GO_HOME])
def test_what_stands_takes_the_button_at_once(button: str, request_made: int) -> None:
    one = one_in(states.HOLDING)
    one.wish.request = request_made
    setattr(one.inputs, button, True)
    goal = states.PAUSED if button == "pause_edge" else states.RETURNING
    assert changes(one) == {"state": goal, "state_ms": 0}


def test_a_return_is_not_made_a_pause_but_a_pause_a_return() -> None:
    one = one_in(states.MOVING, wind_down=states.RETURNING)
    one.wish.request = states.WISH_MOVE
    one.inputs.pause_edge = True
    one.step()
    assert one.k.wind_down == states.RETURNING
    one = one_in(states.MOVING, wind_down=states.PAUSED)
    one.wish.request = states.WISH_MOVE
    one.inputs.return_edge = True
    one.step()
    assert one.k.wind_down == states.RETURNING


@pytest.mark.parametrize("mode", [MODE_JOG, MODE_NONE])
def test_only_a_session_can_be_paused(mode: int) -> None:
    one = one_in(states.MOVING, mode=mode)
    one.wish.request = states.WISH_MOVE
    one.inputs.pause_edge = True
    assert changes(one) == {"state_ms": 5_010}


@pytest.mark.parametrize(
    ("mode", "at_home", "jog_down", "over"),
    [
        (MODE_JOG, True, False, True),
        (MODE_JOG, True, True, False),
        (MODE_JOG, False, False, False),
        (MODE_SESSION, True, False, False),
    ],
)
def test_a_jog_ends_at_home_when_its_button_is_let_go(
    mode: int, at_home: bool, jog_down: bool, over: bool
) -> None:
    one = one_in(states.MOVING, at_home=at_home, mode=mode)
    one.wish.request = states.WISH_MOVE
    one.inputs.jog_down = jog_down
    one.step()
    assert (one.k.state, one.k.mode) == (
        (states.HOME, MODE_NONE) if over else (states.MOVING, mode)
    )


# --- PAUSED ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("button", "paused_return", "became"),
    [
        ("start_edge", False, {"state": states.HOLDING}),
        ("start_edge", True, {"state": states.RETURNING, "paused_return": False}),
        ("return_edge", False, {"state": states.RETURNING}),
        ("return_edge", True, {"state": states.RETURNING, "paused_return": False}),
        ("host_return", True, {"state": states.RETURNING, "paused_return": False}),
        ("host_return", False, {"state": states.RETURNING}),
    ],
)
def test_what_ends_a_pause(button: str, paused_return: bool, became: dict[str, Any]) -> None:
    one = one_in(states.PAUSED, paused_return=paused_return, **DIRT)
    setattr(one.inputs, button, True)
    assert changes(one) == {**CLEAN, **became}


@pytest.mark.parametrize("name", ["pause_edge", "jog_up", "jog_down", "jog_down_edge"])
@pytest.mark.parametrize("paused_return", [False, True])
def test_nothing_else_ends_a_pause(name: str, paused_return: bool) -> None:
    one = one_in(states.PAUSED, paused_return=paused_return)
    setattr(one.inputs, name, True)
    one.wish.request = states.WISH_MOVE
    assert changes(one) == {"state_ms": 5_010}


# --- RETURNING ------------------------------------------------------------------------------


def test_a_led_return_only_counts() -> None:
    one = one_in(states.RETURNING, return_ms=70, duty_permille=-100)
    one.move(-100)
    one.estimate.rate_mdeg_per_s = -1_000
    assert changes(one) == {"return_ms": 80, "state_ms": 5_010}
    assert not one.k.blind
    assert not one.out.backing_off


@pytest.mark.requirement("RQ-004", "RQ-005")
@pytest.mark.parametrize("button", ["return_edge", "host_return"])
@pytest.mark.parametrize("blind", [False, True])
def test_another_press_of_return_gives_a_return_no_more_time(button: str, blind: bool) -> None:
    one = one_in(
        states.RETURNING, blind=blind, return_ms=70, blind_current_ms=14, duty_permille=-220
    )
    one.move(-220)
    one.estimate.rate_mdeg_per_s = -1_000
    one.inputs.current_ma = 4_000
    setattr(one.inputs, button, True)
    current_ms = 24 if blind else 0
    assert changes(one) == {"return_ms": 80, "blind_current_ms": current_ms, "state_ms": 5_010}


@pytest.mark.requirement("RQ-005")
@pytest.mark.parametrize(
    ("tilt_mdeg", "duty", "rate", "idle"),
    [
        (2_001, 0, 900, True),
        (2_000, 0, 900, False),
        (2_001, -100, -149, True),
        (2_001, -100, 149, True),
        (2_001, -100, -150, False),
        (2_001, -100, 150, False),
    ],
)
def test_standing_still_head_down_is_timed(
    tilt_mdeg: int, duty: int, rate: int, idle: bool
) -> None:
    one = one_in(states.RETURNING, duty_permille=duty, idle_ms=500)
    one.estimate.tilt_mdeg, one.estimate.rate_mdeg_per_s = tilt_mdeg, rate
    one.step()
    assert one.k.idle_ms == (510 if idle else 0)


@pytest.mark.requirement("RQ-003", "RQ-005")
@pytest.mark.parametrize(
    ("idle_ms", "return_ms", "trusted", "blind"),
    [
        (2_989, 644_989, True, False),
        (2_990, 0, True, True),
        (0, 644_990, True, True),
        (0, 0, False, True),
    ],
)
def test_a_return_that_nobody_leads_is_blind(
    idle_ms: int, return_ms: int, trusted: bool, blind: bool
) -> None:
    one = one_in(states.RETURNING, idle_ms=idle_ms, return_ms=return_ms)
    one.watch.tilt_trusted = trusted
    one.step()
    assert one.k.blind == blind
    assert one.k.return_ms == (0 if blind else return_ms + 10)


def test_a_blind_return_stays_blind_and_goes_on_counting() -> None:
    one = one_in(states.RETURNING, blind=True, return_ms=1_000)
    one.step()
    assert (one.k.blind, one.k.return_ms) == (True, 1_010)
    one.watch.tilt_trusted = False
    one.step()
    assert (one.k.blind, one.k.return_ms) == (True, 1_020)


@pytest.mark.parametrize(
    ("fault", "blind", "paused"),
    [
        (faults.NO_FAULT, False, True),
        (faults.SUPPLY_LOW, False, False),
        (faults.NO_FAULT, True, False),
    ],
)
def test_a_return_can_be_paused_unless_it_must_be(fault: int, blind: bool, paused: bool) -> None:
    one = one_in(states.RETURNING, fault=fault, blind=blind)
    one.inputs.pause_edge = True
    one.step()
    assert one.k.state == states.RETURNING
    assert one.out.winding_down == paused
    one.inputs.pause_edge = False
    one.step()  # the sequencer stands: it wishes to hold
    assert one.k.state == (states.PAUSED if paused else states.RETURNING)
    assert (one.k.paused_return, one.k.return_pauses) == (paused, int(paused))
    assert not one.out.winding_down


def pausing(**attributes: Any) -> OneStep:
    """On the way home at -100 permille, PAUSE pressed a while ago."""
    one = one_in(
        states.RETURNING, wind_down=states.PAUSED, return_pauses=1, duty_permille=-100, **attributes
    )
    one.estimate.rate_mdeg_per_s = -1_000
    one.move(-100)
    return one


@pytest.mark.requirement("RQ-023", "RQ-102")
def test_a_return_comes_to_rest_before_it_pauses() -> None:
    one = one_in(states.RETURNING, duty_permille=-100, wind_down_ms=77)
    one.estimate.rate_mdeg_per_s = -1_000
    one.move(-100)
    one.inputs.pause_edge = True
    assert changes(one) == {
        "wind_down": states.PAUSED, "wind_down_ms": 0, "return_pauses": 1,
        "return_ms": 10, "state_ms": 5_010,
    }  # fmt: skip
    assert one.out.winding_down
    assert one.out.duty_permille == -100
    assert changes(one) == {"wind_down_ms": 10, "return_ms": 20, "state_ms": 5_020}
    one.k.wind_down_ms = limits.WIND_DOWN_MAX_MS - 11
    one.step()
    assert (one.k.state, one.k.paused_return) == (states.RETURNING, False)
    assert changes(one, 1) == {
        "state": states.PAUSED, "state_ms": 0, "paused_return": True, "return_ms": 0,
        "wind_down": NO_WIND_DOWN, "wind_down_ms": 0, "duty_permille": 0,
    }  # fmt: skip


@pytest.mark.parametrize("request_made", [states.WISH_HOLD, states.WISH_NONE, states.WISH_GO_HOME])
def test_a_return_that_stands_pauses(request_made: int) -> None:
    one = pausing()
    one.step()
    assert one.k.state == states.RETURNING
    one.wish.request = request_made
    one.step()
    assert (one.k.state, one.k.paused_return, one.out.duty_permille) == (states.PAUSED, True, 0)


@pytest.mark.requirement("RQ-023")
@pytest.mark.parametrize(
    ("then", "wished", "given"),
    [(-100, -150, -100), (-100, -40, -40), (-100, 30, 0), (0, -30, 0), (50, -30, 0)],
)
def test_before_a_pause_homeward_power_only_falls(then: int, wished: int, given: int) -> None:
    one = pausing()
    one.k.duty_permille = then
    one.move(wished)
    assert one.step().duty_permille == given
    assert one.out.winding_down


@pytest.mark.requirement("RQ-001", "RQ-102")
@pytest.mark.parametrize("what", ["return_edge", "host_return", "fault", "blind"])
def test_what_makes_a_return_go_on_instead_of_pausing(what: str) -> None:
    one = pausing(wind_down_ms=limits.WIND_DOWN_MAX_MS - 1)
    if what == "fault":
        one.watch.active = faults.SUPPLY_LOW
    elif what == "blind":
        one.watch.tilt_trusted = False
    else:
        setattr(one.inputs, what, True)
    one.step()
    assert (one.k.state, one.k.wind_down, one.out.winding_down) == (
        states.RETURNING, NO_WIND_DOWN, False,
    )  # fmt: skip
    assert not one.k.paused_return
    assert one.k.return_pauses == 1  # a press that led to nothing counts too
    one.wish.request = states.WISH_HOLD
    one.step()
    assert one.k.state == states.RETURNING


@pytest.mark.requirement("RQ-102")
def test_another_press_of_pause_meanwhile_counts_no_more() -> None:
    one = pausing(wind_down_ms=70)
    one.inputs.pause_edge = True
    assert changes(one) == {"wind_down_ms": 80, "return_ms": 10, "state_ms": 5_010}


@pytest.mark.requirement("RQ-102")
@pytest.mark.parametrize(("pauses", "paused"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_return_is_paused_so_often_and_no_more(pauses: int, paused: bool) -> None:
    one = one_in(states.RETURNING, return_pauses=pauses)
    one.inputs.pause_edge = True
    one.step()
    assert one.out.winding_down == paused
    assert one.k.return_pauses == pauses + paused


@pytest.mark.requirement("RQ-004")
@pytest.mark.parametrize(
    ("blind", "current_ma", "before_ms", "after_ms"),
    [
        (True, 3_501, 100, 110),
        (True, 3_500, 100, 0),
        (False, 8_000, 100, 0),
        (True, 3_501, 289, 299),
    ],
)
def test_the_current_of_a_blind_return_is_timed(
    blind: bool, current_ma: int, before_ms: int, after_ms: int
) -> None:
    one = one_in(states.RETURNING, blind=blind, blind_current_ms=before_ms, duty_permille=-220)
    one.estimate.rate_mdeg_per_s = -900
    one.inputs.current_ma = current_ma
    one.step()
    assert one.k.state == states.RETURNING
    assert one.k.blind_current_ms == after_ms


@pytest.mark.requirement("RQ-004")
@pytest.mark.parametrize(
    ("blind", "current_ms", "return_ms", "over"),
    [
        (True, 290, 0, True),
        (True, 0, 149_989, False),
        (True, 0, 149_990, True),
        (False, 0, 149_990, False),
    ],
)
def test_a_blind_return_has_an_end(
    blind: bool, current_ms: int, return_ms: int, over: bool
) -> None:
    one = one_in(
        states.RETURNING, blind=blind, blind_current_ms=current_ms, return_ms=return_ms,
        duty_permille=-220,
    )  # fmt: skip
    one.estimate.rate_mdeg_per_s = -900
    one.inputs.current_ma = 4_000 if current_ms else 0
    one.step()
    if over:
        assert (one.k.state, one.k.fault) == (states.FAULT, faults.RETURN_TIMEOUT)
        assert not one.out.power
    else:
        assert (one.k.state, one.k.fault) == (states.RETURNING, faults.NO_FAULT)


# --- STOPPED, FAULT -------------------------------------------------------------------------


@pytest.mark.requirement("RQ-065")
@pytest.mark.parametrize("state", [states.STOPPED, states.FAULT])
def test_at_home_a_fault_is_forgotten_after_a_while_without_its_cause(state: int) -> None:
    one = one_in(state, at_home=True, fault=faults.STALLED, clear_ms=989, mode=MODE_SESSION)
    assert changes(one) == {"clear_ms": 999, "state_ms": 5_010}
    one.watch.active = faults.BUTTON_STUCK
    one.k.fault = faults.STALLED
    assert changes(one) == {"clear_ms": 0, "state_ms": 5_020}
    one.watch.active = faults.NO_FAULT
    one.k.clear_ms = 990
    assert changes(one) == {
        "state": states.HOME, "state_ms": 0, "clear_ms": 0, "fault": faults.NO_FAULT,
        "mode": MODE_NONE,
    }  # fmt: skip


@pytest.mark.parametrize("state", [states.STOPPED, states.FAULT])
def test_at_home_return_moves_nothing(state: int) -> None:
    one = one_in(state, at_home=True, fault=faults.STALLED)
    one.inputs.return_edge = one.inputs.host_return = True
    assert changes(one) == {"clear_ms": 10, "state_ms": 5_010}


@pytest.mark.requirement("RQ-001")
@pytest.mark.parametrize("state", [states.STOPPED, states.FAULT])
@pytest.mark.parametrize("button", ["return_edge", "host_return"])
def test_away_from_home_return_begins_the_return(state: int, button: str) -> None:
    one = one_in(state, fault=faults.OVERSPEED, **DIRT)
    setattr(one.inputs, button, True)
    assert changes(one) == {**CLEAN, "state": states.RETURNING}
    assert one.out.power
    one = one_in(state, fault=faults.WATCHDOG_RESET, assessing=True, state_ms=0)
    setattr(one.inputs, button, True)
    assert changes(one) == {"state": states.RETURNING, "assessing": False}


@pytest.mark.requirement("RQ-034")
def test_nothing_begins_with_the_emergency_stop_pressed() -> None:
    one = one_in(states.FAULT, fault=faults.WATCHDOG_RESET, assessing=True)
    one.inputs.return_edge = one.inputs.host_return = one.inputs.estop_pressed = True
    assert changes(one) == {"state_ms": 5_010}


@pytest.mark.requirement("RQ-040")
@pytest.mark.parametrize(
    ("assessing", "state_ms", "began"),
    [(True, 2_989, False), (True, 2_990, True), (False, 2_990, False), (False, 9_000, False)],
)
def test_only_after_a_reset_and_its_alarm_it_returns_by_itself(
    assessing: bool, state_ms: int, began: bool
) -> None:
    one = one_in(states.FAULT, fault=faults.WATCHDOG_RESET, assessing=assessing, state_ms=state_ms)
    one.step()
    assert one.k.state == (states.RETURNING if began else states.FAULT)


@pytest.mark.requirement("RQ-002")
@pytest.mark.parametrize(
    ("fault", "active", "state_ms", "excused"),
    [
        (faults.ANKLE_LOCK_OPEN, faults.NO_FAULT, 0, faults.ANKLE_LOCK_OPEN),
        (faults.RELAY_DEAD, faults.NO_FAULT, 0, faults.RELAY_DEAD),
        (faults.OVERCURRENT, faults.OVERCURRENT, 389, faults.NO_FAULT),
        (faults.OVERCURRENT, faults.OVERCURRENT, 390, faults.OVERCURRENT),
        (faults.OVERCURRENT, faults.STALLED, 390, faults.STALLED),
        (faults.OVERCURRENT, faults.SUPPLY_LOW, 390, faults.NO_FAULT),
        (faults.OVERCURRENT, faults.TILT_LOST, 390, faults.NO_FAULT),
        (faults.OVERCURRENT, faults.HOST_STOP, 390, faults.NO_FAULT),
        (faults.ANKLE_LOCK_OPEN, faults.OVERCURRENT, 390, faults.ANKLE_LOCK_OPEN),
        (faults.HOST_STOP, faults.HOST_STOP, 0, faults.HOST_STOP),
        (faults.HOST_STOP, faults.NO_FAULT, 390, faults.HOST_STOP),
    ],
)
def test_what_return_was_pressed_in_spite_of_is_excused(
    fault: int, active: int, state_ms: int, excused: int
) -> None:
    one = one_in(states.FAULT, fault=fault, state_ms=state_ms)
    one.watch.active = active
    one.inputs.return_edge = True
    one.step()
    assert one.k.state == states.RETURNING
    assert one.k.excused == one.out.excused == excused


@pytest.mark.requirement("RQ-001")
@pytest.mark.parametrize(
    ("active", "after"),
    [
        (faults.STALLED, states.FAULT),
        (faults.RELAY_DEAD, states.FAULT),
        (faults.HOST_STOP, states.RETURNING),
    ],
)
def test_only_the_laptops_stop_gives_way_to_a_return_in_its_very_tick(
    active: int, after: int
) -> None:
    for state in (states.MOVING, states.HOLDING, states.PAUSED, states.RETURNING):
        one = one_in(state)
        one.watch.active = active
        one.inputs.return_edge = True
        one.step()
        assert (one.out.state, one.out.fault) == (after, active)


@pytest.mark.requirement("RQ-002")
@pytest.mark.parametrize(
    ("finger", "excused"), [(True, faults.HOST_STOP), (False, faults.NO_FAULT)]
)
def test_the_laptops_stop_is_excused_to_a_finger_alone(finger: bool, excused: int) -> None:
    one = one_in(states.STOPPED, fault=faults.HOST_STOP)
    one.inputs.return_edge = finger
    one.inputs.host_return = not finger
    one.step()
    assert (one.k.state, one.k.excused) == (states.RETURNING, excused)


@pytest.mark.requirement("RQ-098")
@pytest.mark.parametrize("state", [states.STOPPED, states.FAULT])
@pytest.mark.parametrize("button", ["return_edge", "host_return"])
def test_a_return_that_would_only_go_outward_is_refused(state: int, button: str) -> None:
    one = one_in(state, fault=faults.MOVED_BACKWARD, refusals=3)
    one.watch.return_futile = True
    assert changes(one) == {"state_ms": 5_010}
    setattr(one.inputs, button, True)
    assert changes(one) == {
        "refused": faults.MOVED_BACKWARD, "refusals": 4, "state_ms": 5_020,
    }  # fmt: skip
    assert not one.out.power
    one.watch.return_futile = False
    one.step()
    assert one.k.state == states.RETURNING


# --- backing off ----------------------------------------------------------------------------


@pytest.mark.requirement("RQ-087")
@pytest.mark.parametrize(
    ("state", "active", "duty", "backs"),
    [
        (states.MOVING, faults.STALLED, 1, True),
        (states.MOVING, faults.OVERCURRENT, 1, True),
        (states.MOVING, faults.STALLED, 0, False),
        (states.MOVING, faults.STALLED, -1, False),
        (states.MOVING, faults.OVERSPEED, 300, False),
        (states.MOVING, faults.ESTOP_PRESSED, 300, False),
    ],
)
def test_what_was_met_outward_is_to_be_backed_off_from(
    state: int, active: int, duty: int, backs: bool
) -> None:
    one = one_in(state, duty_permille=duty)
    one.watch.active = active
    one.step()
    assert one.k.state in (states.FAULT, states.STOPPED)
    assert one.k.backing_off == backs
    assert not one.out.backing_off
    assert not one.out.power


def waiting(state_ms: int, active: int = faults.NO_FAULT, **attributes: Any) -> OneStep:
    """Stalled outward `state_ms` ago, and about to back off."""
    one = one_in(
        states.FAULT, fault=faults.STALLED, backing_off=True, state_ms=state_ms, **attributes
    )
    one.watch.active = active
    one.inputs.relay_closed = True
    return one


@pytest.mark.requirement("RQ-087")
def test_backing_off_begins_after_its_rest() -> None:
    one = waiting(limits.BACK_OFF_REST_MS - 11, **DIRT)
    assert changes(one) == {"state_ms": limits.BACK_OFF_REST_MS - 1}
    assert (one.out.power, one.out.backing_off) == (False, False)
    assert changes(one, 1) == {**CLEAN, "state": states.RETURNING, "duty_permille": -5}
    assert (one.out.power, one.out.backing_off, one.out.ready) == (True, True, False)


@pytest.mark.requirement("RQ-087")
@pytest.mark.parametrize(
    ("state_ms", "active", "goes_on"),
    [
        (100, faults.STALLED, True),  # what was met is still reported for a while
        (100, faults.OVERCURRENT, False),
        (100, faults.ANKLE_LOCK_OPEN, False),
        (100, faults.TILT_LOST, True),  # by its fault alone; a tilt not trusted ends it
        (490, faults.STALLED, False),
        (490, faults.SUPPLY_LOW, True),
        (490, faults.NO_FAULT, True),
    ],
)
def test_another_stop_ends_it_before_it_begins(state_ms: int, active: int, goes_on: bool) -> None:
    one = waiting(state_ms, active)
    one.step()
    assert one.k.backing_off == goes_on
    began = goes_on and state_ms == 490
    assert one.k.state == (states.RETURNING if began else states.FAULT)


@pytest.mark.requirement("RQ-087")
@pytest.mark.parametrize("state_ms", [100, 5_000])
@pytest.mark.parametrize("what", ["pause_edge", "estop_pressed", "tilt_trusted"])
def test_pause_the_estop_or_a_lost_tilt_ends_it_before_it_begins(state_ms: int, what: str) -> None:
    one = waiting(state_ms)
    if what == "tilt_trusted":
        one.watch.tilt_trusted = False
    else:
        setattr(one.inputs, what, True)
    assert changes(one) == {"backing_off": False, "state_ms": state_ms + 10}


def backing(**attributes: Any) -> OneStep:
    """On the little way homeward."""
    one = one_in(
        states.RETURNING, fault=faults.STALLED, backing_off=True, duty_permille=-220, **attributes
    )
    one.estimate.rate_mdeg_per_s = -2_000
    one.move(-700)  # what the sequencer wishes counts for nothing
    return one


@pytest.mark.requirement("RQ-087")
def test_backing_off_has_the_duty_of_a_blind_return_and_only_counts() -> None:
    one = backing(return_ms=70, idle_ms=13)
    assert changes(one) == {"return_ms": 80, "state_ms": 5_010}
    assert one.out.duty_permille == -220
    assert (one.out.power, one.out.backing_off, one.out.ready) == (True, True, False)
    one.inputs.relay_closed = False
    assert one.step().duty_permille == 0


@pytest.mark.requirement("RQ-087")
@pytest.mark.parametrize("what", ["backed_off", "tilt_trusted", "pause_edge", "current", "time"])
def test_what_ends_backing_off(what: str) -> None:
    one = backing(blind_current_ms=limits.BLIND_CURRENT_MS - 10)
    if what == "backed_off":
        one.watch.backed_off = True
    elif what == "tilt_trusted":
        one.watch.tilt_trusted = False
    elif what == "pause_edge":
        one.inputs.pause_edge = True
    elif what == "current":
        one.inputs.current_ma = limits.BLIND_CURRENT_TRIP_MA + 1
    else:
        one.k.return_ms = limits.BACK_OFF_MAX_MS - 10
    one.step()
    assert (one.k.state, one.k.fault, one.k.backing_off) == (states.FAULT, faults.STALLED, False)
    assert (one.out.power, one.out.duty_permille) == (False, 0)
    one.watch.tilt_trusted = True
    for _ in range(100):
        assert not one.step().power  # once only


@pytest.mark.requirement("RQ-087")
@pytest.mark.parametrize(
    ("current_ma", "current_ms", "return_ms"),
    [(3_500, 290, 0), (3_501, 289, 0), (0, 0, 2_489)],
)
def test_backing_off_goes_on_until_a_bound_is_reached(
    current_ma: int, current_ms: int, return_ms: int
) -> None:
    one = backing(blind_current_ms=current_ms, return_ms=return_ms)
    one.inputs.current_ma = current_ma
    one.step()
    assert (one.k.state, one.k.backing_off) == (states.RETURNING, True)
    assert one.k.blind_current_ms == (299 if current_ma == 3_501 else 0)


@pytest.mark.requirement("RQ-001", "RQ-087")
@pytest.mark.parametrize("button", ["return_edge", "host_return"])
def test_return_makes_a_whole_return_of_backing_off(button: str) -> None:
    one = backing(return_ms=70, blind_current_ms=14)
    setattr(one.inputs, button, True)
    one.watch.backed_off = True
    assert changes(one) == {
        "backing_off": False, "return_ms": 10, "blind_current_ms": 0, "state_ms": 0,
        "duty_permille": -225,
    }  # fmt: skip
    assert (one.k.state, one.out.ready) == (states.RETURNING, True)


# --- the gate -------------------------------------------------------------------------------


def outward() -> OneStep:
    """Moving outward with everything good, at the duty wished."""
    one = one_in(states.MOVING, duty_permille=100)
    one.move(100)
    return one


def test_what_is_decided_is_told_whole() -> None:
    one = one_in(
        states.MOVING, duty_permille=95, session_ms=500, head_down_ms=600, refused=3, refusals=4,
        excused=faults.RELAY_DEAD,
    )  # fmt: skip
    one.move(100)
    told = {
        "state": states.MOVING, "mode": MODE_SESSION, "power": True, "duty_permille": 100,
        "ready": True, "winding_down": False, "at_home": False, "fault": 0,
        "excused": faults.RELAY_DEAD, "refused": 3, "refusals": 4, "session_ms": 510,
        "head_down_ms": 610,
    }  # fmt: skip
    for name in told:
        setattr(one.out, name, 12345)
    one.step()
    assert {name: vars(one.out)[name] for name in told} == told
    assert one.k.duty_permille == 100


@pytest.mark.parametrize("state", ALL_STATES)
def test_power_is_in_four_states_only_and_never_against_the_emergency_stop(state: int) -> None:
    one = one_in(state, at_home=state == states.HOME, state_ms=0)
    if state == states.MOVING:
        one.move(0)
    one.inputs.relay_closed = False
    out = one.step()
    assert out.state == state
    assert (out.power, out.ready) == (state in POWERED, False)
    one.inputs.relay_closed = True
    assert one.step().ready == (state in POWERED)
    one.inputs.estop_pressed = True
    out = one.step()
    assert (out.power, out.ready) == (False, False)


@pytest.mark.parametrize(
    ("relay_closed", "excused", "ready"),
    [
        (False, faults.NO_FAULT, False),
        (False, faults.RELAY_DEAD, True),
        (False, faults.ANKLE_LOCK_OPEN, False),
        (True, faults.NO_FAULT, True),
    ],
)
def test_a_dead_relay_that_was_excused_is_taken_for_closed(
    relay_closed: bool, excused: int, ready: bool
) -> None:
    one = one_in(states.RETURNING, excused=excused, duty_permille=-50)
    one.move(-50)
    one.inputs.relay_closed = relay_closed
    assert one.step().ready == ready
    assert one.out.duty_permille == (-50 if ready else 0)


@pytest.mark.parametrize(
    ("state", "wished", "then", "given"),
    [
        (states.MOVING, 2_000, 998, 1_000),
        (states.MOVING, -2_000, -998, -1_000),
        (states.MOVING, 1_000, 996, 1_000),
        (states.MOVING, 300, 100, 105),
        (states.MOVING, 300, 297, 300),
        (states.MOVING, 300, -100, 5),
        (states.MOVING, -300, -100, -105),
        (states.MOVING, -300, -297, -300),
        (states.MOVING, -300, 100, -5),
        (states.MOVING, 20, 100, 20),
        (states.MOVING, -20, -100, -20),
        (states.MOVING, 1, 100, 1),
        (states.MOVING, -1, -100, -1),
        (states.MOVING, 0, 100, 0),
        (states.RETURNING, 300, -100, 0),
        (states.RETURNING, -300, -100, -105),
        (states.RETURNING, -1, -100, -1),
    ],
)
def test_the_duty_grows_step_by_step_and_falls_at_once(
    state: int, wished: int, then: int, given: int
) -> None:
    one = one_in(state, duty_permille=then)
    one.move(wished)
    assert one.step().duty_permille == one.k.duty_permille == given


@pytest.mark.parametrize("request_made", [states.WISH_NONE, states.WISH_HOLD])
@pytest.mark.parametrize("state", POWERED)
def test_without_a_wish_to_move_there_is_no_duty(state: int, request_made: int) -> None:
    one = one_in(state, duty_permille=100)
    one.wish.request, one.wish.duty_permille = request_made, -100
    assert one.step().duty_permille == 0


@pytest.mark.parametrize("state", [states.PAUSED, states.STOPPED, states.FAULT, states.SERVICE])
@pytest.mark.parametrize("duty", [100, -100])
def test_other_states_have_no_duty_whatever_is_wished(state: int, duty: int) -> None:
    one = one_in(state, duty_permille=duty)
    one.move(duty)
    one.inputs.relay_closed = True
    assert one.step().duty_permille == 0


@pytest.mark.requirement("RQ-003")
def test_a_blind_return_has_its_own_duty_and_none_at_home() -> None:
    one = one_in(states.RETURNING, blind=True, duty_permille=-216)
    one.wish.request, one.wish.duty_permille = states.WISH_MOVE, 500
    assert one.step().duty_permille == -220
    assert one.step().duty_permille == -220
    one.wish.request = states.WISH_NONE
    assert one.step().duty_permille == -220


@pytest.mark.requirement("RQ-023")
@pytest.mark.parametrize(
    ("then", "wished", "given"),
    [(100, 150, 100), (100, 40, 40), (-50, 40, 0), (100, -3, -3), (100, -30, -5)],
)
def test_coming_to_rest_outward_power_only_falls(then: int, wished: int, given: int) -> None:
    one = one_in(states.MOVING, duty_permille=then, wind_down=states.PAUSED)
    one.move(wished)
    assert one.step().duty_permille == given


@pytest.mark.parametrize("wished", [100, -100])
def test_before_the_relay_is_closed_there_is_no_duty(wished: int) -> None:
    one = one_in(states.MOVING, duty_permille=wished)
    one.move(wished)
    one.inputs.relay_closed = False
    assert one.step().duty_permille == 0


def test_a_dead_relay_that_was_excused_lets_nothing_outward() -> None:
    one = one_in(states.MOVING, duty_permille=100, excused=faults.RELAY_DEAD)
    one.move(100)
    one.inputs.relay_closed = False
    assert one.step().duty_permille == 0


@pytest.mark.parametrize(("at_home", "wished"), [(True, -1), (False, 1)])
def test_what_is_not_allowed_is_not_allowed_a_little(at_home: bool, wished: int) -> None:
    one = one_in(states.MOVING, at_home=at_home, duty_permille=wished)
    one.move(wished)
    one.inputs.ankle_locked = False
    assert one.step().duty_permille == 0


@pytest.mark.parametrize(("at_home", "given"), [(True, 0), (False, -5)])
def test_a_return_that_begins_at_home_drives_nothing(at_home: bool, given: int) -> None:
    one = one_in(states.PAUSED, at_home=at_home)
    one.move(-100)
    one.inputs.return_edge = True
    one.step()
    assert (one.out.state, one.out.duty_permille) == (states.RETURNING, given)


NEEDED = [
    ("estop_pressed", True),
    ("relay_closed", False),
    ("ankle_locked", False),
    ("end_reached", True),
    ("settings_ok", False),
    ("program_ok", False),
    ("clocks_ok", False),
    ("tilt_trusted", False),
    ("valid", False),
]


@pytest.mark.requirement("RQ-008", "RQ-010", "RQ-046", "RQ-049")
@pytest.mark.parametrize(("name", "value"), NEEDED)
def test_each_interlock_by_itself_ends_outward_duty(name: str, value: bool) -> None:
    one = outward()
    assert one.step().duty_permille == 100
    holder = next(h for h in (one.inputs, one.watch, one.estimate) if hasattr(h, name))
    setattr(holder, name, value)
    assert one.step().duty_permille == 0


@pytest.mark.requirement("RQ-008", "RQ-020", "RQ-049")
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("age_ms", 100, 101),
        ("tilt_mdeg", 59_999, 60_000),
        ("rate_mdeg_per_s", 7_999, 8_000),
        ("rate_mdeg_per_s", -7_999, -8_000),
    ],
)
def test_each_bound_by_itself_ends_outward_duty(name: str, good: int, bad: int) -> None:
    one = outward()
    setattr(one.estimate, name, good)
    assert one.step().duty_permille == 100
    setattr(one.estimate, name, bad)
    assert one.step().duty_permille == 0
    one = outward()
    one.k.duty_permille = -100
    one.move(-100)
    setattr(one.estimate, name, bad)
    assert one.step().duty_permille == -100  # homeward is not held by them


@pytest.mark.requirement("RQ-008")
@pytest.mark.parametrize(
    ("wished", "setting", "limit"),
    [
        (40_000, 60_000, 40_000),
        (80_000, 60_000, 60_000),
        (99_000, 99_000, 90_000),
        (-10_000, 60_000, -10_000),
    ],
)
def test_the_lowest_of_three_limits_holds(wished: int, setting: int, limit: int) -> None:
    one = outward()
    one.wish.limit_mdeg, one.settings.tilt_max_mdeg = wished, setting
    one.estimate.tilt_mdeg = limit - 1
    assert one.step().duty_permille == 100
    one.estimate.tilt_mdeg = limit
    assert one.step().duty_permille == 0
    one.estimate.tilt_mdeg = limit + limits.OVERTRAVEL_MDEG
    assert one.step().fault == faults.NO_FAULT
    one.estimate.tilt_mdeg += 1
    assert one.step().fault == faults.OVER_TILT


@pytest.mark.requirement("RQ-009")
@pytest.mark.parametrize(
    ("request_made", "fault"),
    [(states.WISH_NONE, faults.NO_FAULT), (states.WISH_HOLD, faults.OVER_TILT)],
)
def test_without_a_wish_its_limit_does_not_count(request_made: int, fault: int) -> None:
    one = one_in(states.HOLDING)
    one.wish.request, one.wish.limit_mdeg = request_made, 10_000
    assert one.step().fault == fault


def test_a_tilt_that_is_not_trusted_is_not_too_far() -> None:
    one = one_in(states.HOLDING)
    one.estimate.tilt_mdeg, one.watch.tilt_trusted = 99_000, False
    assert one.step().fault == faults.NO_FAULT


@pytest.mark.requirement("RQ-037")
@pytest.mark.parametrize(
    ("wished", "jog_down", "jog_up", "given"),
    [
        (100, True, False, 100),
        (100, False, False, 0),
        (100, False, True, 0),
        (100, True, True, 0),
        (-100, False, True, -100),
        (-100, False, False, 0),
        (-100, True, False, 0),
    ],
)
def test_a_jog_has_duty_with_its_button_only(
    wished: int, jog_down: bool, jog_up: bool, given: int
) -> None:
    one = one_in(states.MOVING, mode=MODE_JOG, duty_permille=wished)
    one.move(wished)
    one.inputs.jog_down, one.inputs.jog_up = jog_down, jog_up
    assert one.step().duty_permille == given


@pytest.mark.parametrize(("fault", "mode"), [(faults.SUPPLY_LOW, 1), (faults.NO_FAULT, MODE_NONE)])
def test_neither_with_a_fault_nor_without_a_mode_there_is_outward_duty(
    fault: int, mode: int
) -> None:
    one = one_in(states.MOVING, fault=fault, mode=mode, duty_permille=100)
    one.move(100)
    one.inputs.jog_down = True
    assert one.step().duty_permille == 0


@pytest.mark.parametrize(("at_home", "given"), [(True, 0), (False, -100)])
def test_at_home_nothing_drives_homeward(at_home: bool, given: int) -> None:
    one = one_in(states.MOVING, at_home=at_home, duty_permille=-100)
    one.move(-100)
    assert one.step().duty_permille == given


# --- faults ---------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-014", "RQ-015")
@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING, states.PAUSED])
@pytest.mark.parametrize(
    ("clock", "setting", "set_ms", "bound_ms", "fault"),
    [
        ("head_down_ms", "head_down_max_ms", 360_000, 360_000, faults.HEAD_DOWN_TIMEOUT),
        ("head_down_ms", "head_down_max_ms", 999_000, 900_000, faults.HEAD_DOWN_TIMEOUT),
        ("session_ms", "session_max_ms", 1_800_000, 1_800_000, faults.SESSION_TIMEOUT),
        ("session_ms", "session_max_ms", 9_000_000, 2_400_000, faults.SESSION_TIMEOUT),
    ],
)
def test_time_is_up_in_its_tick(
    state: int, clock: str, setting: str, set_ms: int, bound_ms: int, fault: int
) -> None:
    one = one_in(state, **DIRT)
    setattr(one.k, clock, bound_ms - 11)
    setattr(one.settings, setting, set_ms)
    one.wish.request = states.WISH_MOVE if state == states.MOVING else states.WISH_HOLD
    one.step()
    assert (one.k.state, one.k.fault) == (state, faults.NO_FAULT)
    one.step(1)
    assert (one.k.state, one.k.fault, one.k.state_ms) == (states.RETURNING, fault, 0)


@pytest.mark.requirement("RQ-016")
@pytest.mark.parametrize(
    ("state", "fault", "active", "hanging", "became"),
    [
        # The laptop's stop ends when the time is over ...
        (states.STOPPED, faults.HOST_STOP, faults.NO_FAULT, True, "returns"),
        (states.STOPPED, faults.HOST_STOP, faults.HOST_STOP, True, "returns"),
        (states.STOPPED, faults.HOST_STOP, faults.SUPPLY_LOW, True, "returns"),
        (states.STOPPED, faults.HOST_STOP, faults.TILT_LOST, True, "returns"),
        (states.STOPPED, faults.HOST_STOP, faults.NO_FAULT, False, "stays"),
        # ... unless something else stops too, or another fault holds.
        (states.STOPPED, faults.HOST_STOP, faults.ESTOP_PRESSED, True, "stops"),
        (states.STOPPED, faults.ESTOP_PRESSED, faults.NO_FAULT, True, "stays"),
        (states.FAULT, faults.OVERSPEED, faults.NO_FAULT, True, "stays"),
        (states.FAULT, faults.HOST_STOP, faults.NO_FAULT, True, "stays"),
    ],
)
def test_the_laptop_leaves_nobody_hanging(
    state: int, fault: int, active: int, hanging: bool, became: str
) -> None:
    one = one_in(state, fault=fault, head_down_ms=360_000 if hanging else 0)
    one.watch.active = active
    one.inputs.estop_pressed = active == faults.ESTOP_PRESSED
    one.step()
    expected = {
        "returns": (states.RETURNING, faults.HEAD_DOWN_TIMEOUT),
        "stays": (state, fault),
        "stops": (states.STOPPED, active),
    }[became]
    assert (one.k.state, one.k.fault) == expected


@pytest.mark.requirement("RQ-016")
@pytest.mark.parametrize("state", POWERED)
def test_when_the_time_is_over_the_laptop_stops_nothing(state: int) -> None:
    one = one_in(state, head_down_ms=360_000)
    one.wish.request = states.WISH_HOLD
    one.watch.active = faults.HOST_STOP
    one.step()
    assert one.k.state == states.RETURNING
    fault = faults.NO_FAULT if state == states.RETURNING else faults.HEAD_DOWN_TIMEOUT
    assert one.k.fault == fault


@pytest.mark.parametrize("state", [states.SERVICE, states.SELF_TEST])
@pytest.mark.parametrize("active", [faults.OVERSPEED, faults.RELAY_WELDED, faults.TILT_LOST])
def test_service_and_self_test_take_no_fault(state: int, active: int) -> None:
    one = one_in(state, state_ms=0)
    one.watch.active = active
    assert changes(one) == {"state_ms": 10}


@pytest.mark.parametrize(
    ("fault", "active", "taken"),
    [
        (faults.HOST_STOP, faults.OVERSPEED, True),
        (faults.POWER_RESTORED, faults.OVERSPEED, True),
        (faults.POWER_RESTORED, faults.HOST_STOP, False),
        (faults.POWER_RESTORED, faults.POWER_RESTORED, False),
        (faults.HOST_STOP, faults.HOST_STOP, False),
        (faults.OVERSPEED, faults.ESTOP_PRESSED, True),
        (faults.OVERSPEED, faults.STALLED, False),
        (faults.OVERSPEED, faults.HOST_STOP, False),
        (faults.ESTOP_PRESSED, faults.ESTOP_PRESSED, False),
        (faults.HOST_STOP, faults.TILT_LOST, False),
        (faults.SUPPLY_LOW, faults.TILT_LOST, True),
        (faults.SUPPLY_LOW, faults.OVER_TILT, False),
        (faults.TILT_LOST, faults.SUPPLY_LOW, False),
        (faults.RELAY_WELDED, faults.SUPPLY_LOW, True),
        (faults.SUPPLY_LOW, faults.RELAY_WELDED, False),
    ],
)
def test_what_gives_way_to_what_while_it_is_held(fault: int, active: int, taken: bool) -> None:
    one = one_in(states.FAULT, fault=fault, state_ms=70)
    one.watch.active = active
    one.step()
    assert one.k.fault == (active if taken else fault)
    if taken and faults.reaction(active) == faults.REACT_STOP:
        by_person = active in (faults.ESTOP_PRESSED, faults.HOST_STOP)
        assert one.k.state == (states.STOPPED if by_person else states.FAULT)
        assert one.k.state_ms == 0
    else:
        assert (one.k.state, one.k.state_ms) == (states.FAULT, 80)


@pytest.mark.parametrize("active", [faults.OVERSPEED, faults.ESTOP_PRESSED, faults.HOST_STOP])
@pytest.mark.parametrize("fault", [faults.NO_FAULT, faults.OVERSPEED, faults.SUPPLY_LOW])
def test_every_stop_ends_a_return_whatever_began_it(active: int, fault: int) -> None:
    one = one_in(states.RETURNING, fault=fault, paused_return=True)
    one.watch.active = active
    one.step()
    held = states.FAULT if active == faults.OVERSPEED else states.STOPPED
    assert (one.k.state, one.k.fault, one.k.paused_return) == (held, active, False)


@pytest.mark.parametrize("active", [faults.OVERCURRENT, faults.ANKLE_LOCK_OPEN, faults.RELAY_DEAD])
def test_what_is_excused_does_not_stop_the_return(active: int) -> None:
    one = one_in(states.RETURNING, fault=faults.OVERCURRENT, excused=active)
    one.watch.active = active
    one.step()
    assert (one.k.state, one.k.fault) == (states.RETURNING, faults.OVERCURRENT)


@pytest.mark.parametrize(
    ("state", "at_home", "active", "became"),
    [
        (states.HOME, True, faults.BUTTON_STUCK, states.FAULT),
        (states.HOME, True, faults.SUPPLY_LOW, states.FAULT),
        (states.HOME, True, faults.ESTOP_PRESSED, states.FAULT),
        (states.FAULT, True, faults.ESTOP_PRESSED, states.FAULT),
        (states.FAULT, False, faults.ESTOP_PRESSED, states.STOPPED),
        (states.STOPPED, True, faults.OVERSPEED, states.FAULT),
        (states.STOPPED, True, faults.ESTOP_PRESSED, states.STOPPED),
        (states.STOPPED, False, faults.SUPPLY_LOW, states.STOPPED),
        (states.MOVING, False, faults.SUPPLY_LOW, states.RETURNING),
        (states.HOLDING, False, faults.SUPPLY_LOW, states.RETURNING),
        (states.PAUSED, False, faults.SUPPLY_LOW, states.RETURNING),
        (states.PAUSED, False, faults.RELAY_WELDED, states.RETURNING),
        (states.RETURNING, False, faults.SUPPLY_LOW, states.RETURNING),
        (states.FAULT, False, faults.SUPPLY_LOW, states.FAULT),
    ],
)
def test_a_fault_acts_by_its_reaction_and_the_state(
    state: int, at_home: bool, active: int, became: int
) -> None:
    one = one_in(state, at_home=at_home, state_ms=70, paused_return=True)
    one.watch.active = active
    one.step()
    assert (one.k.state, one.k.fault) == (became, active)
    entered = became != state or (state, active) in (
        (states.FAULT, faults.ESTOP_PRESSED),
        (states.STOPPED, faults.ESTOP_PRESSED),
    )
    assert one.k.state_ms == (0 if entered else 80)


@pytest.mark.parametrize("state", [states.HOME, states.RETURNING])
def test_the_kernels_own_faults_are_for_motion_outward(state: int) -> None:
    one = one_in(state, at_home=state == states.HOME, head_down_ms=1_000_000)
    one.k.head_up_ms, one.k.session_ms = 0, 9_000_000
    one.move(0)
    one.step()
    assert one.k.fault == faults.NO_FAULT
