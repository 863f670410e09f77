"""Nobody is left hanging: whatever breaks, wherever, RETURN brings the person home.

The bound from the press to power homeward, away from home and with the E-stop released:

    coming to rest            at most 4.0 s   WIND_DOWN_MAX_MS
    the relay closes          at most 0.4 s   RELAY_CLOSE_MAX_MS
    a sequencer that is dead  at most 3.0 s   RETURN_IDLE_MS (head down)
    the self-test after boot  at most 10 s    SETTLE_MAX_MS
"""

from collections.abc import Callable
from typing import Any

import pytest

from inversion_table.safety import faults, limits, states
from inversion_table.safety.ports import BOOT_POWER_ON, BOOT_WATCHDOG
from tests.safety.table import STUCK_CLOSED, STUCK_OPEN, WORKING, Table, simple_program

HOMEWARD_WITHIN_MS = (
    limits.WIND_DOWN_MAX_MS + limits.RELAY_CLOSE_MAX_MS + limits.RETURN_IDLE_MS + 100
)
# From 60 deg: 135 deg at 2 deg/s, a rest, the creep to the switch.
HOME_WITHIN_MS = 110_000
# Blind, at 1.95 deg/s in this plant.
BLIND_HOME_WITHIN_MS = 95_000
REST_MS = 5_000


def start(table: Table) -> Table:
    table.boot()
    table.start = True
    return table


def outward() -> Table:
    table = start(Table(simple_program(rest_ms=REST_MS)))
    assert table.run_to_tilt(40_000, 60_000)
    return table


def homeward() -> Table:
    table = held_down()
    table.return_home = True
    table.run(8_000)
    assert table.decision.state == states.RETURNING
    assert 30_000 < table.tilt_mdeg() < 57_000
    return table


def held_down() -> Table:
    table = start(Table(simple_program(hold_ms=300_000, rest_ms=REST_MS)))
    table.run(60_000)
    assert table.decision.state == states.HOLDING
    return table


def paused() -> Table:
    table = outward()
    table.pause = True
    assert table.run_until(states.PAUSED, limits.WIND_DOWN_MAX_MS) > 0
    return table


def resting() -> Table:
    table = held_down()
    table.return_home = True
    table.run(24_000)
    assert abs(table.tilt_mdeg()) < 500
    assert table.decision.duty_permille == 0
    return table


def jogged() -> Table:
    table = Table()
    table.settings.rest_ms = REST_MS
    table.boot()
    table.jog_down = True
    table.run(60_000)
    table.jog_down = False
    table.run(100)
    assert table.tilt_mdeg() > 30_000
    return table


def stopped() -> Table:
    table = held_down()
    table.estop_pressed = True
    table.run(1_000)
    table.estop_pressed = False
    table.run(1_000)
    assert table.decision.state == states.STOPPED
    return table


PHASES: dict[str, Callable[[], Table]] = {
    "outward": outward,
    "holding": held_down,
    "paused": paused,
    "homeward": homeward,
    "resting": resting,
    "jogged": jogged,
    "stopped": stopped,
}
each_phase = pytest.mark.parametrize("phase", PHASES)


def time_to_homeward_ms(table: Table, within_ms: int) -> int:
    for count in range(within_ms // 10):
        table.tick()
        if table.decision.duty_permille < 0:
            return count * 10 + 10
    return -1


def is_home(table: Table) -> bool:
    """By the plant's own word, and without power.

    With a home switch that is stuck closed, home is where the tilt no longer contradicts it.
    """
    stuck = table.home_switch == STUCK_CLOSED
    home_mdeg = limits.HOME_TILT_MDEG + (limits.HOME_TOLERANCE_MDEG if stuck else 0)
    return table.tilt_mdeg() <= home_mdeg + 100 and not table.decision.power


def time_home_ms(table: Table, within_ms: int) -> int:
    """Until the bed is home."""
    for count in range(within_ms // 10):
        if is_home(table):
            return count * 10
        table.tick()
    return -1


@pytest.mark.requirement("RQ-001")
@each_phase
def test_return_brings_one_home_from_every_phase(phase: str) -> None:
    table = PHASES[phase]()
    table.return_home = True
    if phase != "resting":  # there it may have to finish the rest's last tick first
        assert time_to_homeward_ms(table, HOMEWARD_WITHIN_MS) > 0
    assert time_home_ms(table, HOME_WITHIN_MS) > 0


@pytest.mark.requirement("RQ-005")
@each_phase
def test_a_dead_sequencer_cannot_keep_anyone_from_going_home(phase: str) -> None:
    table = PHASES[phase]()
    table.sequencer_dead = True
    table.return_home = True
    head_down = table.tilt_mdeg() > limits.HEAD_DOWN_TILT_MDEG
    # At horizontal or head up a return may rest; there its time bound ends the waiting.
    within_ms = HOMEWARD_WITHIN_MS if head_down else limits.RETURN_MAX_MS + 1_000
    assert time_to_homeward_ms(table, within_ms) > 0
    assert time_home_ms(table, BLIND_HOME_WITHIN_MS) > 0


@pytest.mark.requirement("RQ-005")
@pytest.mark.parametrize("duty", [-1, -30, 0, 1_000])
def test_a_sequencer_that_leads_nowhere_is_not_followed(
    duty: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = held_down()

    def lead(*arguments: Any) -> None:
        wish = arguments[-1]
        wish.request = states.WISH_MOVE
        wish.duty_permille = duty

    monkeypatch.setattr(table.sequencer, "step", lead)
    table.return_home = True
    table.run(HOMEWARD_WITHIN_MS)
    assert table.decision.duty_permille == -limits.RETURN_BLIND_DUTY_PERMILLE
    assert time_home_ms(table, BLIND_HOME_WITHIN_MS) > 0


# --- one thing broken, in every phase --------------------------------------------------------


def broken(**attributes: object) -> Callable[[Table], None]:
    def spoil(table: Table) -> None:
        for name, value in attributes.items():
            assert hasattr(table, name)
            setattr(table, name, value)

    return spoil


SURVIVED = {
    "both IMUs lost": broken(tilt_lost=True),
    "primary IMU lost": broken(primary_lost=True),
    "monitor IMU lost": broken(monitor_lost=True),
    "IMUs disagree": broken(disagreement_mdeg=10_000),
    "current sensor stuck high": broken(current_stuck_ma=16_500),
    "current sensor dead": broken(current_stuck_ma=0),
    "supply sensor dead": broken(supply_stuck_mv=0),
    "supply low": broken(supply_mv=16_000),
    "mirror contact open": broken(mirror=STUCK_OPEN),
    "mirror contact closed": broken(mirror=STUCK_CLOSED),
    "relay welded": broken(relay=STUCK_CLOSED),
    "home switch open": broken(home_switch=STUCK_OPEN),
    "home switch closed": broken(home_switch=STUCK_CLOSED),
    "end switch open": broken(end_switch=STUCK_OPEN),
    "end switch stuck": broken(end_switch=STUCK_CLOSED),
    "ankle lock open": broken(ankle_locked=False),
    "button stuck": broken(button_stuck=True),
    "settings corrupt": broken(settings_ok=False),
    "sequencer dead": broken(sequencer_dead=True),
    "bed creeps outward": broken(creep_mdeg_per_s=600),
    "stop from the laptop": broken(host_stop=True),
}


@pytest.mark.requirement("RQ-006")
@each_phase
@pytest.mark.parametrize("fault", SURVIVED)
def test_with_one_thing_broken_the_person_comes_home(phase: str, fault: str) -> None:
    """RETURN is pressed every three seconds while the table is held, as a person would."""
    table = PHASES[phase]()
    SURVIVED[fault](table)
    presses = 0
    before_mdeg = table.tilt_mdeg()
    for count in range(80_000):
        held = table.decision.state in (states.STOPPED, states.FAULT)
        if count % 300 == 299 and (held or presses == 0):
            table.return_home = True
            presses += 1
        table.tick()
        # Nothing drives outward after the fault was seen.
        if table.decision.fault != faults.NO_FAULT:
            assert table.decision.duty_permille <= 0
        if is_home(table):
            break
    assert is_home(table), (table.decision.state, table.decision.fault)
    # A dead relay's contact wants a second press, after the alarm.
    assert presses <= 3
    assert before_mdeg > -20_000
    table.run(5_000)
    assert not table.decision.power


@pytest.mark.requirement("RQ-007")
@each_phase
@pytest.mark.parametrize(
    ("fault", "spoil", "repair"),
    [
        ("E-stop", broken(estop_pressed=True), broken(estop_pressed=False)),
        ("relay dead", broken(relay=STUCK_OPEN), broken(relay=WORKING)),
        ("bed blocked", broken(blocked=True), broken(blocked=False)),
        ("supply gone", broken(supply_mv=0), broken(supply_mv=24_000)),
        ("motor reversed", broken(reversed=True), broken(reversed=False)),
    ],
)
def test_what_cannot_be_driven_is_held_and_return_stays_available(
    phase: str, fault: str, spoil: Callable[[Table], None], repair: Callable[[Table], None]
) -> None:
    table = PHASES[phase]()
    spoil(table)
    worst_mdeg = table.tilt_mdeg()
    for _ in range(20):
        table.return_home = True
        table.run(3_000)
        worst_mdeg = max(worst_mdeg, table.tilt_mdeg())
    # All attempts together with a motor that runs the wrong way (RQ-098).
    assert worst_mdeg < 60_000 + limits.RETURN_RISE_MDEG + 2_000
    repair(table)
    if table.monitors.return_futile:
        assert fault == "motor reversed"
        table.restart()
    table.run(20_000)
    for _ in range(2):
        table.return_home = True
        table.run(5_000)
    assert time_home_ms(table, 200_000) >= 0


@pytest.mark.requirement("RQ-007")
def test_a_relay_that_is_really_dead_is_found_out_each_time() -> None:
    table = held_down()
    table.relay = STUCK_OPEN
    table.run(1_000)
    assert (table.decision.state, table.decision.fault) == (states.FAULT, faults.RELAY_DEAD)
    table.return_home = True
    table.run(limits.STALL_MS + 500)
    assert (table.decision.state, table.decision.fault) == (states.FAULT, faults.STALLED)


@pytest.mark.requirement("RQ-036")
def test_a_real_obstacle_stops_each_return_again() -> None:
    table = held_down()
    table.return_home = True
    table.run(6_000)
    table.blocked = True
    for _ in range(5):
        table.run(limits.STALL_MS + 2_000)
        assert table.decision.state == states.FAULT
        assert table.decision.fault in (faults.STALLED, faults.OVERCURRENT)
        table.return_home = True


def test_an_open_lock_hides_no_obstacle() -> None:
    table = held_down()
    table.ankle_locked = False
    table.run(1_000)
    assert table.decision.fault == faults.ANKLE_LOCK_OPEN
    table.return_home = True
    table.run(6_000)
    assert table.decision.duty_permille < 0
    table.blocked = True
    table.run(limits.STALL_MS + 2_000)
    assert table.decision.state == states.FAULT
    assert table.decision.fault in (faults.STALLED, faults.OVERCURRENT)


def test_an_open_lock_and_a_broken_home_switch_still_end_at_home() -> None:
    table = held_down()
    table.ankle_locked = False
    table.home_switch = STUCK_OPEN
    table.run(1_000)
    table.return_home = True
    assert time_home_ms(table, HOME_WITHIN_MS + 10_000) > 0
    assert table.decision.fault == faults.HOME_SWITCH_STUCK


# --- blind ------------------------------------------------------------------------------------


def blind() -> Table:
    table = held_down()
    table.tilt_lost = True
    assert table.run_until(states.RETURNING, 500) > 0
    table.run(1_000)
    assert table.decision.duty_permille == -limits.RETURN_BLIND_DUTY_PERMILLE
    return table


@pytest.mark.requirement("RQ-003")
def test_a_blind_return_ends_by_the_home_switch() -> None:
    table = blind()
    assert time_home_ms(table, BLIND_HOME_WITHIN_MS) > 0
    assert table.tilt_mdeg() > -75_100
    assert (table.decision.state, table.decision.fault) == (states.FAULT, faults.TILT_LOST)


@pytest.mark.requirement("RQ-004")
def test_a_blind_return_with_a_broken_home_switch_ends_by_current_at_the_stop() -> None:
    table = blind()
    table.home_switch = STUCK_OPEN
    assert time_home_ms(table, BLIND_HOME_WITHIN_MS) > 0
    assert (table.decision.state, table.decision.fault) == (states.FAULT, faults.RETURN_TIMEOUT)


@pytest.mark.requirement("RQ-004")
def test_a_blind_return_ends_by_time() -> None:
    table = blind()
    table.home_switch = STUCK_OPEN
    table.current_stuck_ma = 0
    assert table.run_until(states.FAULT, limits.RETURN_BLIND_MAX_MS - 2_000) == -1
    assert table.run_until(states.FAULT, 3_000) > 0
    assert (table.decision.power, table.decision.fault) == (False, faults.RETURN_TIMEOUT)
    table.return_home = True
    table.run(1_000)
    assert table.decision.duty_permille < 0, "RETURN stays available"


@pytest.mark.requirement("RQ-004")
def test_brief_current_does_not_end_a_blind_return() -> None:
    table = blind()
    for _ in range(20):
        table.current_stuck_ma = limits.BLIND_CURRENT_TRIP_MA + 1
        table.run(limits.BLIND_CURRENT_MS - 10)
        table.current_stuck_ma = limits.BLIND_CURRENT_TRIP_MA
        table.run(500)
        assert table.decision.state == states.RETURNING
    table.current_stuck_ma = limits.BLIND_CURRENT_TRIP_MA + 1
    assert table.run_until(states.FAULT, limits.BLIND_CURRENT_MS + 20) > 0


@pytest.mark.requirement("RQ-003")
def test_once_blind_a_return_stays_blind() -> None:
    table = blind()
    table.tilt_lost = False
    table.run(5_000)
    assert table.decision.duty_permille == -limits.RETURN_BLIND_DUTY_PERMILLE
    assert time_home_ms(table, BLIND_HOME_WITHIN_MS) > 0


@pytest.mark.requirement("RQ-059")
def test_with_the_home_switch_open_a_led_return_ends_at_the_stop_and_says_why() -> None:
    table = held_down()
    table.home_switch = STUCK_OPEN
    table.return_home = True
    assert time_home_ms(table, HOME_WITHIN_MS) > 0
    assert table.tilt_mdeg() == -76_000  # the end stop, before the bound in tilt
    assert (table.decision.state, table.decision.fault) == (
        states.FAULT,
        faults.HOME_SWITCH_STUCK,
    )
    table.start = True
    table.run(3_000)
    assert table.decision.state == states.FAULT
    table.home_switch = WORKING
    assert table.run_until(states.HOME, limits.CLEAR_MS + 100) > 0


@pytest.mark.requirement("RQ-059")
def test_with_the_home_switch_open_a_return_ends_at_the_end_stop_too() -> None:
    """The tilt reads a degree too high, so that the bed meets the stop before home by tilt."""
    table = held_down()
    table.current_stuck_ma = 1_200
    table.home_switch = STUCK_OPEN
    table.return_home = True
    sense = table._sense

    def sense_with_an_error() -> None:
        sense()
        table.estimate.tilt_mdeg += 1_000

    table._sense = sense_with_an_error  # type: ignore[method-assign]
    assert table.run_until(states.FAULT, HOME_WITHIN_MS) > 0
    assert table.tilt_mdeg() == -76_000
    assert table.decision.fault == faults.HOME_SWITCH_STUCK


@pytest.mark.requirement("RQ-005")
def test_a_return_that_takes_too_long_is_finished_blindly() -> None:
    table = held_down()
    table.return_home = True
    table.run(5_000)
    table.kernel.return_ms = limits.RETURN_MAX_MS - 100
    table.guarded.complement.keep(table.kernel)
    table.run(1_000)
    assert table.decision.duty_permille == -limits.RETURN_BLIND_DUTY_PERMILLE
    assert table.run_until(states.HOME, BLIND_HOME_WITHIN_MS) > 0


# --- starting up away from home -----------------------------------------------------------------


@pytest.mark.requirement("RQ-032")
def test_after_a_power_cut_the_table_waits_for_return() -> None:
    table = Table(simple_program(), BOOT_POWER_ON, tilt_mdeg=45_000)
    table.run(120_000)
    assert (table.decision.state, table.decision.fault) == (
        states.STOPPED,
        faults.POWER_RESTORED,
    )
    assert table.tilt_mdeg() == 45_000
    table.start = table.pause = table.jog_down = True
    table.run(5_000)
    assert table.tilt_mdeg() == 45_000
    table.return_home = True
    assert time_home_ms(table, HOME_WITHIN_MS) > 0


@pytest.mark.requirement("RQ-040")
def test_after_a_watchdog_reset_the_table_returns_by_itself_after_the_alarm() -> None:
    table = Table(simple_program(), BOOT_WATCHDOG, tilt_mdeg=45_000)
    table.run(limits.SELF_TEST_MS + limits.ASSESS_MS - 20)
    assert (table.decision.state, table.decision.fault) == (states.FAULT, faults.WATCHDOG_RESET)
    assert not table.decision.power
    table.run(1_000)
    assert table.decision.state == states.RETURNING
    assert time_home_ms(table, HOME_WITHIN_MS) > 0
    assert table.decision.fault == faults.WATCHDOG_RESET


@pytest.mark.requirement("RQ-040")
def test_the_alarm_after_a_watchdog_reset_lasts_as_long_as_it_says() -> None:
    table = Table(simple_program(), BOOT_WATCHDOG, tilt_mdeg=45_000)
    assert table.run_until(states.FAULT, 5_000) == limits.SELF_TEST_MS + 10
    assert table.run_until(states.RETURNING, 5_000) == limits.ASSESS_MS


@pytest.mark.parametrize("fault", ["both IMUs lost", "IMUs disagree"])
def test_after_a_watchdog_reset_a_return_without_tilt_begins_by_itself_too(fault: str) -> None:
    table = Table(simple_program(), BOOT_WATCHDOG, tilt_mdeg=45_000)
    SURVIVED[fault](table)
    table.run(limits.SELF_TEST_MS + limits.ASSESS_MS + 1_000)
    assert table.decision.state == states.RETURNING
    assert table.decision.duty_permille == -limits.RETURN_BLIND_DUTY_PERMILLE
    assert time_home_ms(table, BLIND_HOME_WITHIN_MS) > 0


@pytest.mark.parametrize("fault", ["ankle lock open", "bed creeps outward"])
def test_after_a_watchdog_reset_a_reason_to_stop_wants_a_person(fault: str) -> None:
    table = Table(simple_program(), BOOT_WATCHDOG, tilt_mdeg=45_000)
    SURVIVED[fault](table)
    table.creep_mdeg_per_s *= 4
    table.run(15_000)
    assert (table.decision.state, table.decision.power) == (states.FAULT, False)


def test_after_a_watchdog_reset_releasing_the_estop_moves_nothing() -> None:
    table = Table(simple_program(), BOOT_WATCHDOG, tilt_mdeg=45_000)
    table.estop_pressed = True
    table.run(20_000)
    table.estop_pressed = False
    table.run(20_000)
    assert table.tilt_mdeg() == 45_000
    assert table.decision.fault == faults.ESTOP_PRESSED


@pytest.mark.parametrize("boot", [BOOT_POWER_ON, BOOT_WATCHDOG])
def test_starting_up_at_home_is_home(boot: int) -> None:
    table = Table(simple_program(), boot)
    assert table.run_until(states.HOME, 3_000) == limits.SELF_TEST_MS + 10
    table.run(20_000)
    assert (table.decision.state, table.decision.power) == (states.HOME, False)


@pytest.mark.requirement("RQ-057")
@pytest.mark.parametrize("boot", [BOOT_POWER_ON, BOOT_WATCHDOG])
def test_a_home_switch_stuck_closed_is_not_believed_at_the_start(boot: int) -> None:
    table = Table(simple_program(), boot, tilt_mdeg=45_000)
    table.home_switch = STUCK_CLOSED
    table.run(limits.SELF_TEST_MS + 500)
    assert not table.decision.at_home
    assert table.decision.state in (states.STOPPED, states.FAULT)
    table.return_home = True
    assert time_home_ms(table, HOME_WITHIN_MS) > 0


def test_a_home_switch_stuck_open_at_the_start_is_named_after_one_return() -> None:
    table = Table(simple_program())
    table.home_switch = STUCK_OPEN
    table.boot()
    assert table.decision.fault == faults.POWER_RESTORED
    table.return_home = True
    table.run(10_000)
    assert (table.decision.state, table.decision.fault) == (
        states.FAULT,
        faults.HOME_SWITCH_STUCK,
    )


@pytest.mark.parametrize("boot", [BOOT_POWER_ON, BOOT_WATCHDOG])
def test_a_contact_that_never_settles_keeps_nobody_waiting(boot: int) -> None:
    table = Table(simple_program(), boot, tilt_mdeg=45_000)
    table.settled = False
    table.run(limits.SETTLE_MAX_MS + 100)
    table.return_home = True
    assert time_home_ms(table, HOME_WITHIN_MS) > 0
    table.run(limits.CLEAR_MS + 1_000)
    assert (table.decision.state, table.decision.power) == (states.FAULT, False)
    assert table.monitors.active == faults.BUTTON_STUCK
    table.settled = True
    assert table.run_until(states.HOME, limits.CLEAR_MS + 100) > 0


@pytest.mark.requirement("RQ-066")
def test_a_contact_that_never_settles_lets_nothing_start() -> None:
    table = Table(simple_program())
    table.settled = False
    table.run(limits.SETTLE_MAX_MS - 100)
    assert table.decision.state == states.SELF_TEST
    table.run(200)
    for _ in range(50):
        table.start = True
        table.run(100)
        assert table.decision.state in (states.HOME, states.FAULT)
    assert table.decision.fault == faults.BUTTON_STUCK
