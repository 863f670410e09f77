"""Whatever is met on the way out is let go of: a little homeward, once, and then held."""

from collections.abc import Callable

import pytest

from inversion_table.safety import faults, limits, states
from tests.safety.one_step import OneStep
from tests.safety.table import Table, simple_program

MET_MDEG = 20_000
FOUND_MS = 15_000


def met_something(jogged: bool = False) -> Table:
    """Stopped by something in the way at MET_MDEG; the tick of the trip is the last one."""
    table = Table(None if jogged else simple_program(rest_ms=5_000))
    table.boot()
    table.outward_stop_udeg = MET_MDEG * 1000
    table.start = not jogged
    table.jog_down = jogged
    assert table.run_to_tilt(MET_MDEG, 60_000)
    assert table.run_until(states.FAULT, FOUND_MS) > 0
    table.jog_down = False
    assert not table.decision.power
    return table


def backing() -> Table:
    """Under way homeward, by about half a degree."""
    table = met_something()
    assert table.run_until(states.RETURNING, limits.BACK_OFF_REST_MS + 20) > 0
    table.run(400)
    assert table.decision.backing_off
    assert table.decision.duty_permille < 0
    assert MET_MDEG - 1_500 < table.tilt_mdeg() < MET_MDEG
    return table


@pytest.mark.requirement("RQ-087")
@pytest.mark.parametrize("jogged", [False, True])
def test_the_bed_backs_off_by_two_degrees_and_is_held(jogged: bool) -> None:
    table = met_something(jogged)
    code = table.decision.fault
    assert code in (faults.STALLED, faults.OVERCURRENT)
    for _ in range(limits.BACK_OFF_REST_MS // 10 - 1):
        table.tick()
        assert (table.decision.state, table.decision.power) == (states.FAULT, False)
    duties = set()
    for _ in range(limits.BACK_OFF_MAX_MS // 10):
        table.tick()
        duties.add(table.decision.duty_permille)
        assert table.decision.fault == code
        assert table.decision.backing_off is (table.decision.state == states.RETURNING)
    assert min(duties) == -limits.RETURN_BLIND_DUTY_PERMILLE
    assert max(duties) == 0
    table.run(60_000)
    assert (table.decision.state, table.decision.fault) == (states.FAULT, code)
    assert MET_MDEG - 2_200 < table.tilt_mdeg() <= MET_MDEG - 2_000
    table.return_home = True
    assert table.run_until(states.FAULT, 110_000) > 0
    assert table.tilt_mdeg() < -74_900


@pytest.mark.requirement("RQ-087")
def test_return_during_the_back_off_leads_all_the_way_home() -> None:
    table = backing()
    table.return_home = True
    table.tick()
    assert not table.decision.backing_off
    assert table.run_until(states.FAULT, 110_000) > 0
    assert table.tilt_mdeg() < -74_900


@pytest.mark.requirement("RQ-087")
def test_return_before_the_back_off_leads_all_the_way_home() -> None:
    table = met_something()
    table.run(100)
    table.return_home = True
    table.tick()
    assert (table.decision.state, table.decision.backing_off) == (states.RETURNING, False)
    assert table.run_until(states.FAULT, 110_000) > 0
    assert table.tilt_mdeg() < -74_900


@pytest.mark.requirement("RQ-087")
def test_return_in_the_back_off_through_horizontal_still_ends_at_home() -> None:
    """What the sequencer saw before the press counts for nothing."""
    table = Table(simple_program(rest_ms=5_000))
    table.boot()
    table.outward_stop_udeg = 1_200_000
    table.start = True
    assert table.run_until(states.FAULT, 90_000) > 0
    assert table.run_until(states.RETURNING, 1_000) > 0
    while table.tilt_mdeg() > -300:
        table.tick()
    assert table.decision.backing_off
    table.return_home = True
    assert table.run_until(states.FAULT, 110_000) > 0
    assert table.tilt_mdeg() < -74_900


STOPPERS = {
    "E-stop": ("estop_pressed", True),
    "laptop": ("host_stop", True),
    "PAUSE": ("pause", True),
    "ankle lock": ("ankle_locked", False),
    "tilt lost": ("tilt_lost", True),
}


@pytest.mark.requirement("RQ-087")
@pytest.mark.parametrize("begin", [met_something, backing])
@pytest.mark.parametrize("stopper", STOPPERS)
def test_any_stop_ends_it_for_good(begin: Callable[[], Table], stopper: str) -> None:
    table = begin()
    setattr(table, *STOPPERS[stopper])
    table.run(210)
    assert not table.decision.power
    at_mdeg = table.tilt_mdeg()
    table.run(limits.BACK_OFF_REST_MS + limits.BACK_OFF_MAX_MS + 1_000)
    assert not table.decision.power
    assert table.decision.state in (states.FAULT, states.STOPPED)
    assert abs(table.tilt_mdeg() - at_mdeg) < 250
    table.run(5_000)
    assert not table.decision.power


@pytest.mark.requirement("RQ-087")
def test_it_pushes_against_nothing_on_its_own_way() -> None:
    table = backing()
    table.current_stuck_ma = limits.BLIND_CURRENT_TRIP_MA + 1
    assert table.run_until(states.FAULT, limits.BLIND_CURRENT_MS + 20) > 0
    table.current_stuck_ma = -1
    table.run(5_000)
    assert (table.decision.state, table.decision.power) == (states.FAULT, False)


@pytest.mark.requirement("RQ-087")
def test_it_ends_by_time_and_never_begins_again() -> None:
    table = met_something()
    table.blocked = True
    table.current_stuck_ma = 1_000
    assert table.run_until(states.RETURNING, 1_000) > 0
    powered = 0
    for _ in range(1_000):
        table.tick()
        powered += table.decision.power
    assert 50 < powered <= limits.BACK_OFF_MAX_MS // 10
    assert table.decision.fault == faults.STALLED


def test_its_time_is_bounded_by_the_kernel_alone() -> None:
    one = OneStep(states.RETURNING)
    one.k.fault = faults.OVERCURRENT
    one.k.backing_off = True
    one.inputs.relay_closed = True
    for _ in range(limits.BACK_OFF_MAX_MS // 10 - 1):
        assert one.step().state == states.RETURNING
        assert not one.out.ready
        assert one.out.duty_permille < 0
    assert one.step().state == states.FAULT


@pytest.mark.requirement("RQ-087")
@pytest.mark.parametrize(
    ("code", "duty", "backs"),
    [
        (faults.OVERCURRENT, 1, True),
        (faults.STALLED, 300, True),
        (faults.OVERCURRENT, 0, False),
        (faults.STALLED, -300, False),
        (faults.OVERSPEED, 300, False),
        (faults.ANKLE_LOCK_OPEN, 300, False),
        (faults.MOVED_BACKWARD, 300, False),
    ],
)
def test_only_what_was_met_with_outward_power_is_backed_off_from(
    code: int, duty: int, backs: bool
) -> None:
    one = OneStep(states.MOVING)
    one.k.duty_permille = duty
    one.move(duty)
    one.watch.active = code
    assert (one.step().state, one.out.power) == (states.FAULT, False)
    one.watch.active = faults.NO_FAULT
    moved = {one.step().state for _ in range(1_000)}
    assert moved == ({states.FAULT, states.RETURNING} if backs else {states.FAULT})


def test_a_current_sensor_that_stays_high_starts_no_back_off() -> None:
    table = met_something()
    table.current_stuck_ma = 16_000
    for _ in range(500):
        table.tick()
        assert not table.decision.power


@pytest.mark.requirement("RQ-087", "RQ-033")
def test_the_input_of_the_estop_alone_ends_it() -> None:
    """Even where the monitors do not report it: found by walking every state."""
    one = OneStep(states.FAULT)
    one.k.fault = faults.OVERCURRENT
    one.k.backing_off = True
    one.k.state_ms = limits.BACK_OFF_REST_MS
    one.estimate.tilt_mdeg = 20_000
    one.inputs.home_switch = False
    one.inputs.estop_pressed = True
    assert one.step().state == states.FAULT
    one.inputs.estop_pressed = False
    assert one.step().state == states.FAULT
