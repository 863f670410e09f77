"""Head-down time at a stretch never exceeds its limit, but for one tick and the way home."""

import pytest

from inversion_table.safety import faults, limits, states
from tests.safety.one_step import AWAY_MDEG, OneStep
from tests.safety.table import Table, simple_program

LIMIT_MS = 30_000
FLAT_MDEG = 0
DOWN_MDEG = limits.HEAD_DOWN_TILT_MDEG + 1


def at_sixty(hold_ms: int = 400_000) -> Table:
    table = Table(simple_program(60_000, hold_ms))
    table.settings.head_down_max_ms = LIMIT_MS
    table.boot()
    table.start = True
    assert table.run_to_tilt(59_900, 60_000)
    return table


def clock_error_ms(table: Table, began_ms: int) -> int:
    return abs(table.decision.head_down_ms - (table.now_ms - began_ms))


@pytest.mark.requirement("RQ-012")
def test_the_clock_is_the_time_since_the_bed_passed_the_threshold() -> None:
    table = Table(simple_program(60_000, 400_000))
    table.boot()
    table.start = True
    assert table.run_to_tilt(DOWN_MDEG, 60_000)
    began_ms = table.now_ms
    table.run(20_000)
    assert clock_error_ms(table, began_ms) <= table.tick_ms


@pytest.mark.requirement("RQ-014")
@pytest.mark.parametrize("phase", ["moving", "holding", "paused", "winding down"])
def test_time_is_over_in_every_phase(phase: str) -> None:
    table = at_sixty()
    if phase == "moving":
        table = Table(simple_program(60_000, 0, rate_mdeg_per_s=200))
        table.settings.head_down_max_ms = LIMIT_MS
        table.tilt_udeg = -75_200_000
        table.boot()
        table.start = True
        table.run(1_000)
        table.tilt_udeg = DOWN_MDEG * 1000
        table.sequencer.motion.hold_at(DOWN_MDEG)
        assert table.decision.state == states.MOVING
    elif phase == "holding":
        table.run(4_000)
        assert table.decision.state == states.HOLDING
    elif phase == "paused":
        table.pause = True
        table.run(1_000)
        assert table.decision.state == states.PAUSED
    else:
        while table.decision.head_down_ms < LIMIT_MS - 50:
            table.tick()
        table.pause = True
    most_ms = 0
    for _ in range(40_000):
        table.tick()
        state = table.decision.state
        most_ms = max(most_ms, table.decision.head_down_ms)
        if state == states.RETURNING:
            break
    assert table.decision.fault == faults.HEAD_DOWN_TIMEOUT
    assert LIMIT_MS <= most_ms <= LIMIT_MS + table.tick_ms


@pytest.mark.requirement("RQ-016")
def test_a_stop_from_the_laptop_ends_when_head_down_time_is_over() -> None:
    table = at_sixty()
    table.host_stop = True
    table.tick()
    assert table.decision.state == states.STOPPED
    left_ms = LIMIT_MS - table.decision.head_down_ms
    assert table.run_until(states.RETURNING, left_ms + 20) >= left_ms - 20
    assert table.decision.fault == faults.HEAD_DOWN_TIMEOUT
    assert table.run_until(states.FAULT, 120_000) > 0
    assert table.decision.at_home


@pytest.mark.requirement("RQ-016")
def test_a_laptop_that_keeps_saying_stop_keeps_nobody_head_down() -> None:
    table = at_sixty()
    reached_flat_ms = -1
    for count in range(12_000):
        table.host_stop = True
        table.tick()
        if table.tilt_mdeg() < DOWN_MDEG:
            reached_flat_ms = count * 10
            break
    assert 0 < reached_flat_ms < LIMIT_MS + 60_000
    # Head up it may stop the table again, once the stretch is over.
    table.host_stop = False
    table.run(limits.HEAD_UP_RESETS_MS + 1_000)
    table.host_stop = True
    table.tick()
    assert table.decision.state == states.STOPPED


def test_another_fault_does_not_prolong_a_stop_from_the_laptop() -> None:
    table = at_sixty()
    table.host_stop = True
    table.monitor_lost = True
    table.run(LIMIT_MS)
    assert table.decision.state == states.RETURNING
    assert table.run_until(states.FAULT, 120_000) > 0


@pytest.mark.parametrize("weak", ["ankle", "tilt_lost"])
def test_after_a_stop_from_the_laptop_the_return_is_as_safe_as_any(weak: str) -> None:
    table = at_sixty()
    table.host_stop = True
    table.tick()
    if weak == "ankle":
        table.ankle_locked = False
        table.run(LIMIT_MS + 5_000)
        assert (table.decision.state, table.decision.fault) == (
            states.FAULT,
            faults.ANKLE_LOCK_OPEN,
        )
    else:
        table.tilt_lost = True
        table.run(LIMIT_MS + 5_000)
        assert table.decision.state == states.RETURNING
        assert table.decision.duty_permille == -limits.RETURN_BLIND_DUTY_PERMILLE


@pytest.mark.requirement("RQ-034")
def test_releasing_the_estop_moves_nothing_even_after_a_stop_from_the_laptop() -> None:
    table = at_sixty()
    table.host_stop = True
    table.run(100)
    table.estop_pressed = True
    table.run(LIMIT_MS + 10_000)
    table.estop_pressed = False
    table.run(20_000)
    assert (table.decision.state, table.decision.fault) == (states.STOPPED, faults.ESTOP_PRESSED)
    assert table.tilt_mdeg() > 59_000
    table.return_home = True
    table.run(5_000)
    assert table.decision.duty_permille < 0


@pytest.mark.requirement("RQ-013")
@pytest.mark.parametrize(("dip_ms", "goes_on"), [(9_990, True), (10_000, False)])
def test_only_ten_seconds_at_horizontal_end_a_stretch(dip_ms: int, goes_on: bool) -> None:
    one = OneStep(states.HOLDING)
    one.estimate.tilt_mdeg = DOWN_MDEG
    for _ in range(100):
        one.step()
    assert one.out.head_down_ms == 1_000
    one.estimate.tilt_mdeg = limits.HEAD_DOWN_TILT_MDEG
    for _ in range(dip_ms // 10):
        one.step()
    one.estimate.tilt_mdeg = DOWN_MDEG
    one.step()
    assert one.out.head_down_ms == (1_000 + dip_ms + 10 if goes_on else 10)


@pytest.mark.requirement("RQ-013")
def test_many_short_dips_add_up() -> None:
    one = OneStep(states.HOLDING)
    one.settings.head_down_max_ms = 60_000
    for count in range(6_100):
        one.estimate.tilt_mdeg = FLAT_MDEG if count % 1_000 >= 5 else DOWN_MDEG
        if one.step().state == states.RETURNING:
            break
    assert one.out.fault == faults.HEAD_DOWN_TIMEOUT


@pytest.mark.parametrize("state", [states.MOVING, states.HOLDING, states.PAUSED, states.STOPPED])
def test_while_the_tilt_is_unknown_the_clock_goes_on_as_before(state: int) -> None:
    one = OneStep(state)
    one.k.fault = faults.OVERSPEED if state == states.STOPPED else faults.NO_FAULT
    one.estimate.tilt_mdeg = AWAY_MDEG
    one.step()
    one.estimate.valid = False
    one.estimate.tilt_mdeg = FLAT_MDEG
    for _ in range(3_000):
        one.step()
    assert one.out.head_down_ms == 30_010


@pytest.mark.requirement("RQ-012")
@pytest.mark.parametrize("state", range(9))
def test_the_clock_runs_in_every_state(state: int) -> None:
    one = OneStep(state)
    one.k.fault = faults.OVERSPEED
    for _ in range(100):
        one.step()
    assert one.out.head_down_ms == 1_000


@pytest.mark.parametrize("state", range(9))
def test_clocks_stop_instead_of_growing_out_of_a_small_int(state: int) -> None:
    one = OneStep(state)
    one.k.fault = faults.OVERSPEED
    for _ in range(20):
        one.step((1 << 30) - 1)
    assert one.out.head_down_ms == (1 << 29) - 1
    assert one.out.session_ms <= (1 << 29) - 1


def test_the_ticks_wrap_in_the_middle_of_a_session() -> None:
    ordinary = Table(simple_program(30_000, 10_000))
    wrapping = Table(simple_program(30_000, 10_000), now_ms=(1 << 30) - 20_000)
    for table in (ordinary, wrapping):
        table.boot()
        table.start = True
    for _ in range(10_000):
        ordinary.tick()
        wrapping.tick()
        assert vars(ordinary.decision) == vars(wrapping.decision)
        assert ordinary.tilt_udeg == wrapping.tilt_udeg
    assert wrapping.now_ms < ordinary.now_ms
    assert ordinary.decision.state == states.HOME
