"""How far the bed has moved, one update at a time: each count, at each boundary."""

import pytest

from inversion_table.safety import faults, limits, states
from inversion_table.safety.ports import Decision
from inversion_table.safety.ticks import CLOCK_MAX_MS
from inversion_table.safety.travel import OUTWARD_MAX_UDEG, Travel
from tests.safety.table import Reading

RESTING = (states.HOLDING, states.PAUSED, states.RETURNING)
OTHERS = (states.SELF_TEST, states.HOME, states.MOVING, states.STOPPED, states.FAULT)


class Update:
    """One `Travel`, in `state`, with the tilt trusted and the rate not denied."""

    def __init__(self, state: int = states.RETURNING, duty: int = -100, **known: int) -> None:
        self.travel = Travel()
        for name, value in known.items():
            assert hasattr(self.travel, name), name
            setattr(self.travel, name, value)
        self.decision = Decision()
        self.decision.state = state
        self.decision.duty_permille = duty
        self.estimate = Reading()
        self.trusted = True
        self.doubtful = False

    def update(
        self, tilt_mdeg: int | None = None, rate: int | None = None, dt_ms: int = 10
    ) -> Travel:
        if tilt_mdeg is not None:
            self.estimate.tilt_mdeg = tilt_mdeg
        if rate is not None:
            self.estimate.rate_mdeg_per_s = rate
        self.travel.update(self.decision, self.estimate, self.trusted, self.doubtful, dt_ms)
        return self.travel


# --- backing off ----------------------------------------------------------------------------


@pytest.mark.requirement("RQ-087")
def test_backed_off_is_two_degrees_homeward_from_where_it_began() -> None:
    one = Update(states.FAULT)
    one.update(30_000)
    one.update(20_000)
    one.decision.state, one.decision.backing_off = states.RETURNING, True
    assert not one.update(20_300).backed_off  # outward, through the play
    assert not one.update(18_001).backed_off
    assert one.update(18_000).backed_off
    assert not one.update(18_001).backed_off
    one.decision.backing_off = False
    assert not one.update(10_000).backed_off
    one.decision.backing_off = True
    assert not one.update(8_001).backed_off
    assert one.update(8_000).backed_off


# --- the wrong way --------------------------------------------------------------------------


@pytest.mark.requirement("RQ-097")
@pytest.mark.parametrize(
    ("rate", "dt_ms", "udeg"),
    [
        (150, 10, 500_000),  # noise
        (151, 10, 501_510),
        (0, 10, 500_000),
        (-1, 10, 499_990),
        (-2_000, 10, 480_000),
        (2_000, 10, 520_000),
        (200, 450, 590_000),
        (200, 451, 590_000),  # a late tick counts for no more
        (-2_000, 300, 0),
        (3_000, 110, OUTWARD_MAX_UDEG),
    ],
)
def test_the_way_of_a_driven_return_is_counted(rate: int, dt_ms: int, udeg: int) -> None:
    one = Update(outward_udeg=500_000, was_slow=True)
    assert one.update(rate=rate, dt_ms=dt_ms).outward_udeg == udeg
    assert one.travel.wrong_way == (udeg == OUTWARD_MAX_UDEG)


@pytest.mark.requirement("RQ-097")
@pytest.mark.parametrize(("before", "wrong"), [(779_990, False), (780_000, True), (799_999, True)])
def test_so_far_and_it_is_the_wrong_way(before: int, wrong: bool) -> None:
    one = Update(outward_udeg=before)
    assert one.update(rate=2_000).wrong_way == wrong


@pytest.mark.parametrize("state", RESTING)
def test_without_duty_no_way_is_counted_but_a_fast_one_is_timed(state: int) -> None:
    one = Update(state, duty=0, outward_udeg=500_000, was_slow=True, fast_ms=10)
    one.update(rate=4_001)
    assert (one.travel.outward_udeg, one.travel.fast_ms) == (0, 20)


@pytest.mark.parametrize("state", [*OTHERS, states.SERVICE])
@pytest.mark.parametrize(("rate", "slow"), [(4_000, True), (4_001, False), (-9_000, True)])
def test_elsewhere_nothing_is_counted_and_the_motion_noted(
    state: int, rate: int, slow: bool
) -> None:
    one = Update(state, outward_udeg=OUTWARD_MAX_UDEG, fast_ms=30, was_slow=not slow)
    one.update(rate=rate)
    assert (one.travel.outward_udeg, one.travel.fast_ms) == (0, 0)
    assert (one.travel.was_slow, one.travel.wrong_way) == (slow, False)


@pytest.mark.requirement("RQ-097")
@pytest.mark.parametrize("state", RESTING)
@pytest.mark.parametrize(
    ("was_slow", "rate", "fast_ms", "slow_now"),
    [
        (True, 4_001, 15, True),
        (True, 4_000, 0, True),
        (False, 4_001, 0, False),  # still from the motion before
        (False, 4_000, 0, True),
        (True, -9_000, 0, True),
    ],
)
def test_a_fast_way_outward_is_timed_once_the_motion_before_is_over(
    state: int, was_slow: bool, rate: int, fast_ms: int, slow_now: bool
) -> None:
    one = Update(state, fast_ms=5, was_slow=was_slow)
    one.update(rate=rate)
    assert (one.travel.fast_ms, one.travel.was_slow) == (fast_ms, slow_now)


@pytest.mark.requirement("RQ-097")
@pytest.mark.parametrize(("before", "wrong"), [(19, False), (20, True)])
def test_so_long_and_it_is_the_wrong_way(before: int, wrong: bool) -> None:
    one = Update(duty=0, fast_ms=before, was_slow=True)
    assert one.update(rate=5_000).wrong_way == wrong


def test_the_time_of_a_fast_way_stops_where_clocks_do() -> None:
    one = Update(fast_ms=CLOCK_MAX_MS, was_slow=True)
    assert one.update(rate=5_000).fast_ms == CLOCK_MAX_MS


@pytest.mark.parametrize(("trusted", "doubtful"), [(False, False), (True, True), (False, True)])
def test_what_cannot_be_seen_changes_no_count(trusted: bool, doubtful: bool) -> None:
    one = Update(outward_udeg=500_000, fast_ms=20, was_slow=False)
    one.trusted, one.doubtful = trusted, doubtful
    for rate in (5_000, -5_000):
        one.update(rate=rate)
        assert (one.travel.outward_udeg, one.travel.fast_ms) == (500_000, 20)
        assert not one.travel.was_slow
    one.travel.fast_ms = 30
    assert one.update().wrong_way  # nor is a finding forgotten


# --- returns that failed ---------------------------------------------------------------------


@pytest.mark.requirement("RQ-098")
@pytest.mark.parametrize(
    ("code", "rise_mdeg", "failed"),
    [
        (faults.MOVED_BACKWARD, 1, True),
        (faults.OVERSPEED, 1, True),
        (faults.MOVED_BACKWARD, 0, False),
        (faults.OVERSPEED, -1, False),
        (faults.STALLED, 900, False),
        (faults.RETURN_TIMEOUT, 900, False),
    ],
)
def test_a_return_that_ended_further_out_failed(code: int, rise_mdeg: int, failed: bool) -> None:
    one = Update(states.FAULT)
    one.update(10_000)
    one.decision.state = states.RETURNING
    one.update(20_000)
    one.update(20_900)
    one.decision.state, one.decision.fault = states.FAULT, code
    one.update(20_000 + rise_mdeg)
    assert one.travel.failed == failed
    assert one.travel.floor_mdeg == (20_000 if failed else 0)
    one.update(25_000)
    assert one.travel.failed == failed


@pytest.mark.parametrize("state", [states.HOLDING, states.PAUSED, states.HOME, states.STOPPED])
def test_only_an_end_in_a_fault_counts(state: int) -> None:
    one = Update()
    one.update(20_000)
    one.decision.state, one.decision.fault = state, faults.MOVED_BACKWARD
    one.update(21_000)
    one.decision.state = states.FAULT
    one.update(21_000)
    assert not one.travel.failed


@pytest.mark.requirement("RQ-098")
def test_the_first_of_them_sets_the_floor_and_only_a_lower_tilt_lowers_it() -> None:
    one = Update()
    for began_mdeg in (20_000, 22_000):
        one.decision.state = states.RETURNING
        one.update(began_mdeg)
        one.decision.state, one.decision.fault = states.FAULT, faults.MOVED_BACKWARD
        one.update(began_mdeg + 500)
        assert (one.travel.failed, one.travel.floor_mdeg) == (True, 20_000)
    one.trusted = False
    one.update(1_000)
    assert one.travel.floor_mdeg == 20_000
    one.trusted = True
    one.update(19_000)
    assert one.travel.floor_mdeg == 19_000


@pytest.mark.requirement("RQ-098")
@pytest.mark.parametrize(
    ("failed", "rise_mdeg", "trusted", "futile"),
    [
        (True, 2_500, True, False),
        (True, 2_501, True, True),
        (True, 2_501, False, False),
        (False, 2_501, True, False),
    ],
)
def test_another_return_is_futile_from_there_on(
    failed: bool, rise_mdeg: int, trusted: bool, futile: bool
) -> None:
    one = Update(states.FAULT, failed=failed, floor_mdeg=-4_000)
    one.trusted = trusted
    assert one.update(-4_000 + rise_mdeg).futile == futile


def test_home_ends_the_count() -> None:
    one = Update(states.FAULT, failed=True, floor_mdeg=-80_000)
    assert one.update(-75_000).futile
    one.decision.at_home = True
    assert not one.update(-75_000).futile
    assert not one.travel.failed


# --- drift at rest --------------------------------------------------------------------------


@pytest.mark.requirement("RQ-099")
@pytest.mark.parametrize("state", RESTING)
@pytest.mark.parametrize(
    ("rest_ms", "known_mdeg"), [(989, 20_500), (990, 20_500), (991, 20_000), (5_000, 20_000)]
)
def test_where_the_bed_came_to_rest_is_noted_after_a_while(
    state: int, rest_ms: int, known_mdeg: int
) -> None:
    one = Update(state, duty=0, rest_ms=rest_ms, rest_mdeg=20_000)
    one.update(20_500)
    assert (one.travel.rest_ms, one.travel.rest_mdeg) == (rest_ms + 10, known_mdeg)


@pytest.mark.requirement("RQ-099")
@pytest.mark.parametrize(
    ("drift_mdeg", "creep_ms"), [(2_000, 0), (2_001, 499), (-2_000, 0), (-2_001, 499)]
)
def test_a_drift_is_timed(drift_mdeg: int, creep_ms: int) -> None:
    one = Update(states.HOLDING, duty=0, rest_ms=5_000, rest_mdeg=20_000, creep_ms=489)
    one.update(20_000 + drift_mdeg)
    assert (one.travel.creep_ms, one.travel.crept) == (creep_ms, False)
    one.update(dt_ms=1)
    assert one.travel.crept == (creep_ms > 0)


@pytest.mark.parametrize("what", ["state", "at_home", "trusted", "outward", "homeward"])
def test_what_ends_a_rest(what: str) -> None:
    for state in OTHERS if what == "state" else RESTING:
        one = Update(state, duty=0, rest_ms=5_000, rest_mdeg=20_000, creep_ms=700)
        one.travel.crept = True
        one.decision.at_home = what == "at_home"
        one.trusted = what != "trusted"
        one.decision.duty_permille = {"outward": 1, "homeward": -1}.get(what, 0)
        one.update(30_000)
        travel = one.travel
        assert (travel.rest_ms, travel.creep_ms, travel.crept) == (0, 0, False)


def test_a_new_travel_knows_nothing_and_gets_no_new_attribute() -> None:
    new = vars(Travel())
    assert not any(new.values())
    one = Update()
    one.update()
    assert vars(one.travel).keys() == new.keys()
    assert OUTWARD_MAX_UDEG == limits.RETURN_OUTWARD_MDEG * 1_000 == 800_000
