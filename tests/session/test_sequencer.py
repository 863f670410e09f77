"""Plan walking: the sequencer with the real kernel on a simple bed."""

import itertools

import pytest

from inversion_table.safety import faults, limits, states
from inversion_table.session import profile
from inversion_table.session.plan import Plan, Step, StepSet
from inversion_table.session.sequencer import CREEP
from tests.int31 import attributes_are_checked
from tests.session.plans import make
from tests.session.simulated_table import SimulatedTable


def started(plan: Plan) -> SimulatedTable:
    table = SimulatedTable(plan)
    table.boot()
    table.tick(start_edge=True)
    assert table.state == states.MOVING
    return table


def whole_run(table: SimulatedTable) -> list[tuple[int, int, int, int]]:
    """(state, step, tilt in mdeg, left in ms) at every tick, to home."""
    rows = []
    while table.state != states.HOME:
        rows.append(
            (table.state, table.sequencer.step_number, table.estimate.tilt_mdeg, table.left_ms())
        )
        table.tick()
        assert table.decision.fault == faults.NO_FAULT
        assert len(rows) < 200_000
    return rows


TWO_SETS = Plan(
    "two",
    [
        StepSet(2, [Step(-40_000, 3_000, 2_000), Step(-60_000, 3_000, 1_000)]),
        StepSet(3, [Step(10_000, 3_000, 2_000), Step(0, 2_000, 1_500)]),
    ],
    3_000,
    4_000,
)


def test_every_step_in_its_order_with_its_tilt_and_its_hold() -> None:
    table = started(TWO_SETS)
    rows = whole_run(table)[1:]
    expected = [-40_000, -60_000] * 2 + [10_000, 0] * 3
    holds = [2_000, 1_000] * 2 + [2_000, 1_500] * 3
    steps = [row[1] for row in rows if row[0] in (states.MOVING, states.HOLDING)]
    assert sorted(set(steps)) == list(range(1, len(expected) + 1))
    assert steps == sorted(steps)
    for number, (tilt, hold_ms) in enumerate(zip(expected, holds, strict=True), 1):
        held = [row for row in rows if row[0] == states.HOLDING and row[1] == number]
        assert held, number
        assert abs(len(held) * 10 - hold_ms) <= 30, number
        for _, _, tilt_mdeg, _ in held:
            assert abs(tilt_mdeg - tilt) <= 200, number


@pytest.mark.requirement("RQ-027")
def test_the_way_home_rests_at_horizontal() -> None:
    table = started(make((20_000, 3_000, 1_000), rest_ms=5_000))
    table.run_until(states.RETURNING)
    flat_ticks = 0
    while table.state != states.HOME:
        still = abs(table.bed.rate_mdeg_per_s) < 20 and table.decision.duty_permille == 0
        flat_ticks += still and abs(table.estimate.tilt_mdeg) < 500
        assert table.decision.duty_permille <= 0
        table.tick()
    assert 490 <= flat_ticks <= 560


@pytest.mark.requirement("RQ-029")
def test_pressing_return_again_skips_the_rest() -> None:
    table = started(make((10_000, 3_000, 0), rest_ms=300_000))
    table.run_until(states.RETURNING)
    table.run(20_000)
    assert abs(table.estimate.tilt_mdeg) < 300
    assert table.left_ms() > 250_000
    table.tick(return_edge=True)
    assert table.left_ms() < 60_000
    assert table.run_until(states.HOME) < 60_000


@pytest.mark.requirement("RQ-028")
def test_a_fault_shortens_the_rest() -> None:
    table = started(make((10_000, 3_000, 60_000), rest_ms=300_000))
    table.run_until(states.HOLDING)
    table.monitors.active = faults.SUPPLY_LOW
    table.tick()
    assert table.state == states.RETURNING
    assert table.left_ms() < 60_000
    assert table.run_until(states.FAULT) < 60_000
    assert table.decision.at_home


@pytest.mark.parametrize("tilt", [-74_550, -74_000, -73_400, -70_000, -1_000, 400, 600, 20_000])
def test_a_return_from_anywhere_comes_home(tilt: int) -> None:
    table = SimulatedTable(make((0, 3_000, 0)))
    table.bed.tilt_mdeg = float(tilt)
    table.run(limits.SELF_TEST_MS + 100)
    assert table.state == states.STOPPED  # powered up away from home
    table.tick(return_edge=True)
    assert table.state == states.RETURNING
    table.run_until(states.FAULT, 120_000)  # POWER_RESTORED stays until it has been clear a while
    table.run_until(states.HOME, 5_000)


def test_a_return_from_just_off_home_creeps_up_to_the_switch() -> None:
    # From here the bed would have to go outward to the point where creeping begins.
    table = SimulatedTable(make((0, 3_000, 0)))
    table.bed.tilt_mdeg = -74_590.0
    table.run(limits.SELF_TEST_MS + 100)
    table.tick(return_edge=True)
    table.tick()
    assert table.sequencer.return_phase == CREEP
    table.run_until(states.FAULT, 5_000)


def test_pause_keeps_the_hold_and_resumes_where_it_was() -> None:
    table = started(make((10_000, 3_000, 10_000), (0, 3_000, 5_000)))
    table.run_until(states.HOLDING)
    table.run(4_000)
    table.tick(pause_edge=True)
    table.run_until(states.PAUSED, 4_000)
    held_ms = table.sequencer.held_ms
    table.run(30_000)
    assert table.state == states.PAUSED
    assert table.sequencer.held_ms == held_ms
    table.tick(start_edge=True)
    assert table.sequencer.step_number == 1
    assert table.run_until(states.MOVING) == pytest.approx(10_000 - held_ms, abs=40)
    assert table.sequencer.step_number == 2


def test_pause_in_motion_comes_to_rest_smoothly_and_goes_on() -> None:
    table = started(make((30_000, 3_000, 1_000)))
    table.run(10_000)
    table.tick(pause_edge=True)
    rates = []
    while table.state != states.PAUSED:
        table.tick()
        rates.append(table.bed.rate_mdeg_per_s)
    for before, after in itertools.pairwise(rates):
        assert abs(after - before) < 150  # nothing like a slammed brake
    stood_at = table.estimate.tilt_mdeg
    table.run(5_000)
    assert abs(table.estimate.tilt_mdeg - stood_at) < 100
    table.tick(start_edge=True)
    table.run_until(states.MOVING, 100)
    table.run_until(states.HOLDING)
    assert abs(table.estimate.tilt_mdeg - 30_000) < 200


def test_a_paused_return_goes_on_and_does_not_rest_again() -> None:
    table = started(make((10_000, 3_000, 0), rest_ms=8_000))
    table.run_until(states.RETURNING)
    table.run(20_000)  # the rest is over
    table.tick(pause_edge=True)
    table.run(5_000)
    assert table.state == states.PAUSED
    assert table.left_ms() > 0
    table.tick(start_edge=True)
    assert table.state == states.RETURNING
    assert table.run_until(states.HOME) < 40_000


def test_jog_runs_while_held_and_stops_at_the_limit() -> None:
    table = SimulatedTable()
    table.settings.tilt_max_mdeg = -50_000
    table.boot()
    table.tick(jog_down_edge=True, jog_down=True)
    table.inputs.jog_down = True
    table.run(30_000)
    assert abs(table.estimate.tilt_mdeg + 50_000) < 200
    assert table.left_ms() == 0
    table.inputs.jog_down = False
    table.run(500)
    assert table.state == states.HOLDING
    assert table.decision.duty_permille == 0
    table.inputs.jog_up = True
    table.run_until(states.HOME, 60_000)


def test_both_jogs_at_once_move_nothing() -> None:
    table = SimulatedTable()
    table.boot()
    table.tick(jog_down_edge=True, jog_down=True)
    table.inputs.jog_down = True
    table.run(3_000)
    table.inputs.jog_up = True
    table.run(300)
    assert table.decision.duty_permille == 0


def test_without_a_relay_nothing_is_asked_for() -> None:
    table = started(make((10_000, 3_000, 0)))
    for _ in range(3):
        assert not table.decision.ready
        assert table.wish.duty_permille == 0
        table.tick()


@pytest.mark.parametrize(
    "plan",
    [
        TWO_SETS,
        make((20_000, 3_000, 20_000), rest_ms=15_000),
        make((20_000, 1_000, 0), (5_000, 500, 0), (30_000, 3_000, 3_000), times=2),
        # Sets of one step each, far apart: nothing may be left out where they meet.
        Plan(
            "far",
            [StepSet(1, [Step(tilt, 2_000, 2_000)]) for tilt in (30_000, -70_000, 30_000, -20_000)],
            2_000,
            3_000,
        ),
    ],
    ids=lambda plan: plan.name,
)
def test_the_time_left_falls_steadily_to_zero_and_is_right(plan: Plan) -> None:
    table = started(plan)
    rows = whole_run(table)[1:]  # the sequencer sees in the next tick that it may begin
    planned_ms = sum(s.duration_ms for s in profile.segments(plan, 2_000))
    moves = max(row[1] for row in rows)
    assert rows[0][3] == pytest.approx(planned_ms, abs=200)
    for at, (before, after) in enumerate(itertools.pairwise(rows)):
        # Where a step ends, the bed stands a hair off its target, and that way counts anew.
        assert after[3] <= before[3] + 300, at
    for at, row in enumerate(rows):
        truly_left_ms = (len(rows) - at) * 10
        # Each start may take its time to feel for the load; here there is none.
        late_ms = (moves - row[1]) * profile.START_MS
        assert truly_left_ms - 6_000 <= row[3] <= truly_left_ms + 6_000 + late_ms, at
    assert rows[-1][3] < 1_500 + profile.START_MS
    assert table.left_ms() == 0


def test_the_time_left_of_a_step_falls_to_zero_where_the_next_begins() -> None:
    table = started(TWO_SETS)
    table.tick()
    held = 0
    while table.state != states.HOME:
        step, before_ms, state = table.sequencer.step_number, table.step_left_ms(), table.state
        table.tick()
        after_ms = table.step_left_ms()
        if state == table.state == states.HOLDING and table.sequencer.step_number == step:
            held += 1
            assert after_ms in (before_ms - 10, before_ms)
            assert after_ms <= 4_000  # the longest hold
        if table.sequencer.step_number != step:
            assert before_ms <= 20
        if table.state == states.RETURNING:
            assert after_ms <= TWO_SETS.rest_ms
    assert held > 500
    assert table.step_left_ms() == 0


def test_left_is_zero_without_plan_or_session() -> None:
    table = SimulatedTable(make((0, 3_000, 0)))
    assert table.left_ms() == 0
    table.boot()
    assert table.left_ms() == 0
    assert SimulatedTable().left_ms() == 0


def test_the_wrap_of_the_clock_changes_nothing() -> None:
    runs = []
    for start_ms in (0, (1 << 30) - 20_000):
        table = SimulatedTable(TWO_SETS)
        table.now_ms = start_ms
        table.boot()
        table.tick(start_edge=True)
        runs.append(whole_run(table))
    assert runs[0] == runs[1]


def test_everything_it_keeps_fits_the_chips_small_integers() -> None:
    table = started(TWO_SETS)
    while table.state != states.HOME:
        table.tick()
        assert attributes_are_checked(table.sequencer)
        assert attributes_are_checked(table.sequencer.motion)
        assert attributes_are_checked(table.wish)
