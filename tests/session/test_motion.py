"""The trajectory: bounded rate and acceleration, no overshoot, any target from anywhere."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.session import motion as motions
from inversion_table.session.motion import Motion
from tests.int31 import Int31, attributes_are_checked, wrap_attributes

TILTS = st.integers(-78_000, 92_000)
RATES = st.integers(200, 6_000)
ACCELERATIONS = st.integers(500, 5_000)
# Steady, jittering, stalling, stalled and then catching up back to back, and always too slow.
GAPS = st.sampled_from(
    [
        (10,),
        (9, 10, 11),
        (10, 10, 10, 400),
        (400, 0, 0, 0, 0, 10, 10),
        (1, 0, 10, 45),
        (50,),
        (400,),
    ]
)
MOST_TICKS = 60_000


class Watch:
    """Advances a motion on a bed that follows it exactly, and checks each tick's bounds."""

    def __init__(self, motion: Motion, acceleration: int, rate_max: int) -> None:
        self.motion = motion
        self.acceleration = acceleration
        self.rate_max = rate_max
        self.worst_stop = 0

    def tick(self, target: int, rate: int, dt_ms: int) -> bool:
        motion = self.motion
        ref, before = motion.ref_udeg, motion.rate_udeg_per_s
        arrived = motion.move(
            motion.ref_mdeg(), motion.rate_mdeg_per_s, target, rate, self.acceleration, dt_ms
        )
        dt_ms = min(dt_ms, motions.DT_MAX_MS)
        after = motion.rate_udeg_per_s
        change = self.acceleration * dt_ms
        if after == 0 and motion.ref_udeg == target * 1_000:
            self.worst_stop = max(self.worst_stop, abs(before))
        else:
            assert abs(after - before) <= change, "acceleration"
            assert before * after >= 0 or abs(after - before) <= change, "direction"
        assert abs(after) <= max(self.rate_max * 1_000, abs(before)), "rate"
        moved = abs(motion.ref_udeg - ref)
        assert moved <= max(abs(before), abs(after), 1_000 * self.rate_max) * dt_ms // 1_000 + 1
        assert motion.rate_mdeg_per_s == (abs(after) // 1_000) * (1 if after >= 0 else -1)
        assert -1_000 <= motion.duty_permille <= 1_000
        return arrived

    def until_there(self, target: int, rate: int, gaps: tuple) -> None:
        for tick in range(MOST_TICKS):
            self.tick(target, rate, gaps[tick % len(gaps)])
            if self.motion.ref_udeg == target * 1_000 and self.motion.rate_udeg_per_s == 0:
                return
        raise AssertionError("never arrived")


@pytest.mark.requirement("RQ-018", "RQ-021")
@settings(max_examples=200, deadline=None)
@given(TILTS, TILTS, RATES, ACCELERATIONS, GAPS)
def test_any_target_from_any_start(start, target, rate, acceleration, gaps) -> None:
    if abs(target - start) > 40_000 and rate < 1_000:
        rate += 1_000  # keep the runs short
    motion = Motion()
    motion.hold_at(start)
    watch = Watch(motion, acceleration, rate)
    low, high = min(start, target) * 1_000, max(start, target) * 1_000
    for tick in range(MOST_TICKS):
        watch.tick(target, rate, gaps[tick % len(gaps)])
        assert low <= motion.ref_udeg <= high, "the reference overshoots"
        if motion.ref_udeg == target * 1_000 and motion.rate_udeg_per_s == 0:
            break
    else:
        raise AssertionError("never arrived")
    # It ends softly: from 0.11 deg/s or less; in the slowest ticks from two steps of braking.
    assert watch.worst_stop <= (110_000 if max(gaps) <= 11 else max(110_000, 2 * acceleration * 50))


@pytest.mark.parametrize("distance", [*range(-20, 21), -100, 100, -1_000, 1_000])
@pytest.mark.parametrize("gaps", [(1,), (10,), (50,), (400,)])
def test_the_smallest_ways_are_gone_too(distance: int, gaps: tuple) -> None:
    motion = Motion()
    motion.hold_at(16_249)
    for acceleration in (500, 599, 5_000):
        Watch(motion, acceleration, 6_000).until_there(16_249 + distance, 6_000, gaps)


@pytest.mark.requirement("RQ-021")
@settings(max_examples=100, deadline=None)
@given(TILTS, st.lists(st.tuples(TILTS, RATES, st.integers(1, 200)), min_size=1, max_size=6),
       ACCELERATIONS, GAPS)  # fmt: skip
def test_reversals_and_changes_of_limit_on_the_way(start, wishes, acceleration, gaps) -> None:
    motion = Motion()
    motion.hold_at(start)
    watch = Watch(motion, acceleration, 6_000)
    for target, rate, ticks in wishes:
        for tick in range(ticks):
            # A target nearer than the way to stop cannot be met: nobody asks for one in motion.
            speed = abs(motion.rate_udeg_per_s) // 1_000 + 1
            way = (target * 1_000 - motion.ref_udeg) // 1_000
            towards = way * motion.rate_udeg_per_s > 0
            if towards and abs(way) < speed * speed // (2 * acceleration) + speed:
                break
            watch.tick(target, rate, gaps[tick % len(gaps)])
    target = -75_000 if motion.rate_udeg_per_s <= 0 else 90_000
    way = abs(target * 1_000 - motion.ref_udeg) // 1_000
    speed = abs(motion.rate_udeg_per_s) // 1_000
    if way > speed * speed // (2 * acceleration) + speed:
        watch.until_there(target, 6_000, (10,))


@pytest.mark.requirement("RQ-018")
def test_a_lower_limit_is_approached_and_then_kept() -> None:
    motion = Motion()
    motion.hold_at(-75_000)
    watch = Watch(motion, 2_000, 6_000)
    for _ in range(400):
        watch.tick(60_000, 6_000, 10)
    assert motion.rate_mdeg_per_s == 6_000
    for _ in range(200):
        watch.tick(60_000, 2_000, 10)
    assert motion.rate_mdeg_per_s == 2_000
    for _ in range(200):
        watch.tick(60_000, 3_000, 10)
    assert motion.rate_mdeg_per_s == 3_000


def test_turning_round_passes_through_zero_at_the_acceleration() -> None:
    motion = Motion()
    motion.hold_at(0)
    watch = Watch(motion, 2_000, 3_000)
    for _ in range(300):
        watch.tick(50_000, 3_000, 10)
    rates = []
    start_ticks = motions.START_MAX_MS // 10
    for _ in range(301 + start_ticks):
        watch.tick(-50_000, 3_000, 10)
        rates.append(motion.rate_mdeg_per_s)
    assert rates[149] == 0  # 3 deg/s at 2 deg/s2 takes 1.5 s
    assert rates[299 + start_ticks] == -3_000  # the load the other way is felt for anew
    assert rates == sorted(rates, reverse=True)


@settings(max_examples=60, deadline=None)
@given(TILTS, RATES, ACCELERATIONS, st.integers(1, 400), GAPS)
def test_come_to_rest_brakes_at_the_acceleration(start, rate, acceleration, ticks, gaps) -> None:
    target = 92_000 if start < 0 else -78_000
    motion = Motion()
    motion.hold_at(start)
    for _ in range(ticks):
        motion.move(motion.ref_mdeg(), motion.rate_mdeg_per_s, target, rate, acceleration, 10)
    speed = abs(motion.rate_udeg_per_s)
    from_udeg = motion.ref_udeg
    spent_ms = 0
    for tick in range(10_000):
        before = motion.rate_udeg_per_s
        dt_ms = gaps[tick % len(gaps)]
        stands = motion.come_to_rest(motion.ref_mdeg(), 0, acceleration, dt_ms)
        dt_ms = min(dt_ms, motions.DT_MAX_MS)
        spent_ms += dt_ms
        if motion.started:
            assert abs(motion.rate_udeg_per_s - before) <= acceleration * dt_ms
        else:
            assert abs(before) <= motions.START_RATE_MDEG_PER_S * 1_000
        if stands:
            break
    assert stands
    assert motion.rate_udeg_per_s == motion.rate_mdeg_per_s == 0
    assert spent_ms <= speed // acceleration + 2 * motions.DT_MAX_MS
    assert abs(motion.ref_udeg - from_udeg) <= speed * (speed // acceleration + 50) // 1_000


def test_no_time_no_motion() -> None:
    motion = Motion()
    motion.hold_at(5_000)
    for _ in range(50):
        motion.move(5_000, 0, 60_000, 6_000, 5_000, 0)
    assert motion.ref_udeg == 5_000_000
    assert motion.rate_udeg_per_s == 0


def test_hold_at_leaves_nothing_behind() -> None:
    fresh, used = Motion(), Motion()
    for _ in range(300):
        used.move(0, 0, 60_000, 6_000, 5_000, 10)
    used.hold_at(1_234)
    fresh.hold_at(1_234)
    assert vars(used) == vars(fresh)


def test_arrival_waits_for_the_bed_but_not_for_ever() -> None:
    for off, ticks in ((120, 1), (121, 250), (1_000, 250), (1_001, None)):
        motion = Motion()
        motion.hold_at(10_000)
        took = next(
            (n for n in range(1, 1_000) if motion.move(10_000 - off, 0, 10_000, 3_000, 2_000, 10)),
            None,
        )
        assert took == ticks, off


@settings(max_examples=100, deadline=None)
@given(
    st.integers(-180_000, 180_000), st.integers(-78_000, 92_000), RATES, ACCELERATIONS,
    st.lists(st.tuples(st.sampled_from([0, 1, 9, 10, 11, 50, 400]), st.integers(-180_000, 180_000),
                       st.integers(-300_000, 300_000)),
             min_size=1, max_size=40),
)  # fmt: skip
def test_everything_fits_the_chips_small_integers(start, target, rate, acceleration, ticks) -> None:
    motion = Motion()
    motion.hold_at(Int31(start))
    motion.rate_udeg_per_s = 6_000_000
    motion.rate_mdeg_per_s = 6_000
    wrap_attributes(motion)
    for dt_ms, tilt, turning in ticks:
        motion.move(
            Int31(tilt),
            Int31(turning),
            Int31(target),
            Int31(rate),
            Int31(acceleration),
            Int31(dt_ms),
        )
        wrap_attributes(motion)
        motion.come_to_rest(Int31(tilt), Int31(turning), Int31(acceleration), Int31(dt_ms))
        wrap_attributes(motion)
        assert attributes_are_checked(motion)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80_000), RATES, ACCELERATIONS, GAPS)
def test_homeward_is_the_mirror_of_outward(distance, rate, acceleration, gaps) -> None:
    out, back = Motion(), Motion()
    for tick in range(300):
        dt_ms = gaps[tick % len(gaps)]
        out.move(out.ref_mdeg(), out.rate_mdeg_per_s, distance, rate, acceleration, dt_ms)
        back.move(-out.ref_mdeg(), -out.rate_mdeg_per_s, -distance, rate, acceleration, dt_ms)
        assert back.ref_udeg == -out.ref_udeg
        assert back.rate_mdeg_per_s == -out.rate_mdeg_per_s
    out.come_to_rest(0, 0, acceleration, 10)
    back.come_to_rest(0, 0, acceleration, 10)
    assert back.ref_udeg == -out.ref_udeg
    assert back.rate_mdeg_per_s == -out.rate_mdeg_per_s


def test_the_rate_is_what_the_reference_moves_by() -> None:
    motion = Motion()
    motion.hold_at(-50_000)
    for _ in range(400):
        motion.move(motion.ref_mdeg(), motion.rate_mdeg_per_s, 50_000, 3_000, 2_000, 10)
    before = motion.ref_udeg
    for _ in range(100):
        motion.move(motion.ref_mdeg(), motion.rate_mdeg_per_s, 50_000, 3_000, 2_000, 10)
    assert motion.ref_udeg - before == 3_000_000  # 3 deg in one second


def test_duty_ends_at_its_bounds() -> None:
    bound = motions.FRICTION_PERMILLE + motions.CORRECTION_MAX_PERMILLE
    standing = motions.SURGE_MDEG_PER_S // motions.FEED_FORWARD_MDEG_PER_S_PER_PERMILLE
    for sign in (1, -1):
        # Far behind, at full rate: what the rate needs, and the whole correction.
        motion = Motion()
        motion.hold_at(0)
        for _ in range(200):
            motion.move(motion.ref_mdeg(), sign * 6_000, sign * 60_000, 6_000, 5_000, 10)
        for _ in range(1_000):
            motion.move(
                motion.ref_mdeg() - sign * 5_000, sign * 6_000, sign * 60_000, 6_000, 5_000, 10
            )
        assert motion.duty_permille == sign * (600 + bound)
        # A bed that does not move at all: what might set it free must not fling it.
        for _ in range(1_000):
            motion.move(motion.ref_mdeg() - sign * 5_000, 0, sign * 60_000, 6_000, 5_000, 10)
        assert motion.duty_permille == sign * (standing + bound)


def test_held_where_it_is_there_is_no_drive() -> None:
    motion = Motion()
    for _ in range(300):
        motion.move(0, 0, 60_000, 6_000, 5_000, 10)
    motion.hold_at(7_000)
    assert vars(motion) == {
        "ref_udeg": 7_000_000, "rate_udeg_per_s": 0, "rate_mdeg_per_s": 0, "duty_permille": 0,
        "outward": True, "load_mdeg_ms": 0, "started": False, "start_ms": 0, "start_mdeg": 0,
        "settle_ms": 0,
    }  # fmt: skip
    for _ in range(10):
        assert motion.move(7_000, 0, 7_000, 3_000, 2_000, 10)
        assert motion.duty_permille == 0


def test_each_arrival_settles_for_its_own_time() -> None:
    motion = Motion()
    motion.hold_at(10_000)
    for _ in range(240):
        assert not motion.move(9_500, 0, 10_000, 3_000, 2_000, 10)
    ticks = 0
    while not motion.move(
        motion.ref_mdeg() - 500, motion.rate_mdeg_per_s, 12_000, 3_000, 2_000, 10
    ):
        ticks += 1
    assert ticks * 10 >= motions.SETTLE_MS
