"""How long a plan takes: against a brute-force trapezoid, and against what really runs."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.safety import limits, states
from inversion_table.session import profile
from inversion_table.session.motion import Motion
from inversion_table.session.plan import Plan, Step, StepSet
from tests.session.plans import PLANS, make, wide_open
from tests.session.simulated_table import SimulatedTable

RATES = st.integers(limits.RATE_MIN_MDEG_PER_S, limits.RATE_MAX_MDEG_PER_S)
ACCELERATIONS = st.integers(500, limits.ACCELERATION_MAX_MDEG_PER_S2)
TICK_S = 0.0005
LATE_MS = profile.ARRIVE_MS + profile.START_MS


def brute_force_ms(distance_mdeg: float, rate: float, acceleration: float) -> float:
    """The time of a move, found by stepping a body that brakes as late as it may."""
    left, speed, time = float(distance_mdeg), 0.0, 0.0
    while left > 1e-3:
        speed = min(rate, speed + acceleration * TICK_S, math.sqrt(2 * acceleration * left))
        left -= speed * TICK_S
        time += TICK_S
    return time * 1000


def late_ms(distance_mdeg: int) -> int:
    """What a move may take besides its trapezoid; the smallest ways need no start."""
    return LATE_MS if distance_mdeg > 300 else profile.ARRIVE_MS


def total(plan: Plan, acceleration: int) -> profile.Totals:
    totals = profile.Totals()
    for segment in profile.segments(plan, acceleration):
        totals.add(segment)
    return totals


@pytest.mark.parametrize(
    ("distance", "rate", "acceleration", "by_hand_ms"),
    [
        (6_000, 3_000, 2_000, 3_500),  # 6/3 s + 3/2 s
        (4_500, 3_000, 2_000, 3_000),  # just reaches its rate: 1.5 s up, 1.5 s down
        (2_000, 3_000, 2_000, 2_000),  # a triangle: 2 sqrt(2/2) s
        (135_000, 3_000, 2_000, 46_500),
        (165_000, 200, 500, 825_400),
        (1, 6_000, 5_000, 29),  # 2 sqrt(0.001/5) s = 28.3 ms
    ],
)
def test_moves_worked_out_by_hand(distance, rate, acceleration, by_hand_ms) -> None:
    assert 0 <= profile.move_ms(distance, rate, acceleration) - late_ms(distance) - by_hand_ms <= 2


def test_no_way_takes_no_time() -> None:
    assert profile.move_ms(0, 3_000, 2_000) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 20_000), RATES, ACCELERATIONS)
def test_a_move_against_brute_force(distance: int, rate: int, acceleration: int) -> None:
    time_ms = profile.move_ms(distance, rate, acceleration) - late_ms(distance)
    expected_ms = brute_force_ms(distance, rate, acceleration)
    assert time_ms == pytest.approx(expected_ms, abs=max(limits.TICK_MS, 0.003 * expected_ms))


@given(st.integers(0, 2**62))
def test_the_square_root_is_exact(value: int) -> None:
    assert profile._square_root(value) == math.isqrt(value)


def run_move_ms(motion: Motion, target: int, rate: int, acceleration: int) -> tuple[int, int]:
    """(time of a move, of it head-down) as session/motion.py makes it, on a bed that follows."""
    time_ms = down_ms = 0
    while True:
        time_ms += 10
        arrived = motion.move(
            motion.ref_mdeg(), motion.rate_mdeg_per_s, target, rate, acceleration, 10
        )
        down_ms += 10 * (motion.ref_mdeg() > limits.HEAD_DOWN_TILT_MDEG)
        if arrived and motion.ref_mdeg() == target:
            return time_ms, down_ms


@settings(max_examples=150, deadline=None)
@given(
    st.integers(-75_000, 90_000), st.integers(-75_000, 90_000), st.integers(1_000, 6_000),
    ACCELERATIONS,
)  # fmt: skip
def test_a_real_move_takes_what_the_profile_says(start, target, rate, acceleration) -> None:
    motion = Motion()
    motion.hold_at(start)
    planned_ms = profile.move_ms(abs(target - start), rate, acceleration)
    if not planned_ms:
        return
    real_ms, down_ms = run_move_ms(motion, target, rate, acceleration)
    # One tick of grace, since time here comes in whole ticks.
    assert planned_ms - LATE_MS - 20 <= real_ms <= planned_ms + 10
    segment = profile.Segment(profile.MOVE, start, target, planned_ms, 0, rate)
    assert profile.head_down_ms(segment) >= down_ms - 20
    # Nor does it count more than the way and both ramps could ever be.
    assert profile.head_down_ms(segment) <= down_ms + 2_000 * rate // acceleration + LATE_MS


def test_head_down_parts_worked_out_by_hand() -> None:
    def part(kind: int, start: int, end: int, duration: int, rate: int = 1_000) -> int:
        return profile.head_down_ms(profile.Segment(kind, start, end, duration, 0, rate))

    assert part(profile.HOLD, 60_000, 60_000, 5_000) == 5_000
    assert part(profile.HOLD, 0, 0, 5_000) == 0
    assert part(profile.MOVE, -75_000, 2_000, 80_000) == 0
    assert part(profile.MOVE, 2_000, 3_000, 1_700) == 1_700
    # 10 deg at 1 deg/s with ramps of 0.5 s: 8 of them head-down, and both ramps.
    assert part(profile.MOVE, 0, 10_000, 10_500) == 8_000 + 500
    assert part(profile.RETURN, 10_000, 0, 10_500) == 8_000 + 500


def test_a_hold_that_may_stray_into_head_down_counts_as_one() -> None:
    for tilt, counts in ((1_000, False), (1_001, True), (2_000, True), (2_001, True)):
        plan = make((tilt, 3_000, 60_000), return_rate_mdeg_per_s=3_000)
        assert (total(plan, 2_000).head_down_ms >= 60_000) == counts


@settings(max_examples=60, deadline=None)
@given(PLANS, ACCELERATIONS)
def test_totals_are_the_sums_of_the_parts(plan: Plan, acceleration: int) -> None:
    totals = total(plan, acceleration)
    parts = list(profile.segments(plan, acceleration))
    assert totals.total_ms == sum(part.duration_ms for part in parts)
    assert totals.head_down_ms == sum(profile.head_down_ms(part) for part in parts)
    assert totals.head_down_stretch_ms <= totals.head_down_ms + (
        totals.total_ms - totals.head_down_ms
    )
    here = limits.HOME_TILT_MDEG
    for part in parts:
        assert part.from_mdeg == here
        assert part.duration_ms > 0
        here = part.to_mdeg
    assert here == limits.HOME_TILT_MDEG
    steps = [step.tilt_mdeg for written in plan.sets for step in written.steps]
    assert totals.tilt_max_mdeg == max([*steps, limits.HOME_TILT_MDEG])


def worst_clock_ms(table: SimulatedTable) -> int:
    """The most that the kernel's head-down clock shows where it may trip."""
    table.boot()
    table.tick(start_edge=True)
    worst_ms = 0
    while table.state in (states.MOVING, states.HOLDING):
        worst_ms = max(worst_ms, table.decision.head_down_ms)
        table.tick()
    assert table.state == states.RETURNING, states.STATE_NAMES[table.state]
    assert table.decision.fault == 0
    return worst_ms


@pytest.mark.requirement("RQ-017")
@pytest.mark.parametrize(
    "steps",
    [
        [(30_000, 6_000, 5_000)],
        [(30_000, 6_000, 5_000), (0, 6_000, 4_000), (30_000, 6_000, 5_000)],
        [(30_000, 6_000, 5_000), (0, 6_000, 15_000), (20_000, 6_000, 5_000)],
        [(2_000, 6_000, 20_000)],
        [(1_900, 3_000, 20_000), (2_500, 200, 0), (1_500, 200, 5_000)],
        [(10_000, 6_000, 0), (12_000, 6_000, 0)] * 10,
        [(5_000, 6_000, 100), (-1_000, 6_000, 100)] * 12,
        [(90_000, 6_000, 0), (0, 6_000, 30_000)],
    ],
)
@pytest.mark.parametrize("acceleration", [500, 777, 2_000, 5_000])
def test_the_longest_stretch_is_never_underestimated(steps: list, acceleration: int) -> None:
    settings_now = wide_open()
    settings_now.acceleration_mdeg_per_s2 = acceleration
    plan = make(*steps, return_rate_mdeg_per_s=6_000, rest_ms=0)
    table = SimulatedTable(plan, settings_now)
    planned_ms = total(plan, acceleration).head_down_stretch_ms
    assert worst_clock_ms(table) <= planned_ms + 500


def test_a_plan_at_its_limit_runs_without_a_head_down_fault() -> None:
    # The kernel's clock runs on for 10 s after the bed has come up; the plan must allow for it.
    settings_now = limits.Settings()
    settings_now.head_down_max_ms = 30_000
    first = Step(10_000, 3_000, 0, 4)
    plan = Plan("n", [StepSet(1, [first, Step(0, 3_000, 30_000, 5)], 3)], 2_000, 0)
    while total(plan, 2_000).head_down_stretch_ms <= 30_000:
        first.hold_ms += 10
    first.hold_ms -= 10
    assert worst_clock_ms(SimulatedTable(plan, settings_now)) <= 30_000


def test_short_visits_to_horizontal_end_no_stretch_but_a_rest_does() -> None:
    there, back = (20_000, 3_000, 60_000), (0, 3_000, 1_000)
    short = total(make(there, back, there), 2_000).head_down_stretch_ms
    rested = total(make(there, (0, 3_000, 11_000), there), 2_000).head_down_stretch_ms
    assert short > 125_000
    assert 60_000 < rested < 95_000


def test_the_line_of_the_longest_stretch() -> None:
    rest = (0, 3_000, 20_000)
    plan = make((20_000, 3_000, 30_000), rest, (20_000, 3_000, 50_000), rest)
    assert total(plan, 2_000).head_down_line == 12
    plan = make((20_000, 3_000, 60_000), (25_000, 3_000, 30_000), rest, (20_000, 3_000, 50_000))
    assert total(plan, 2_000).head_down_line == 10


def test_head_up_time_is_counted_once_and_up_to_the_reset() -> None:
    rests = [(0, 3_000, 3_000)] * 3
    once = total(make((20_000, 3_000, 60_000), *rests, (20_000, 3_000, 0)), 2_000)
    twice = total(make((20_000, 3_000, 60_000), *rests, *rests, (20_000, 3_000, 0)), 2_000)
    # 9 s of rest and the ways are below and above the threshold for less than 10 s at a stretch,
    # or for more: then the clock has run on for just 10 s.
    up = [total(make((20_000, 3_000, 60_000), (0, 3_000, ms)), 2_000) for ms in (9_000, 30_000)]
    assert up[1].head_down_stretch_ms - up[0].head_down_stretch_ms <= 1_000
    assert once.head_down_stretch_ms > 60_000 + 9_000
    assert twice.head_down_stretch_ms <= up[1].head_down_stretch_ms
