"""What moves the wrong way, or by itself: found by how far the bed has moved."""

from collections.abc import Callable

import pytest

from inversion_table.safety import faults, limits, states
from tests.int31 import attributes_are_checked, wrap_attributes
from tests.safety.one_step import OneStep
from tests.safety.table import WORKING, Table, simple_program
from tests.safety.test_monitors import Watched

OUTWARD_MDEG = limits.RETURN_RISE_MDEG + 2_000
"""As far as all returns together may move anybody outward, and the last of them."""


def head_down(hold_ms: int = 300_000) -> Table:
    table = Table(simple_program(20_000, hold_ms, rest_ms=60_000))
    table.boot()
    table.start = True
    table.run(45_000)
    assert table.decision.state == states.HOLDING
    return table


def returning(duty: int = -300, rate: int = -2_000) -> Watched:
    """A return under way for a second."""
    watched = Watched()
    watched.decision.state = states.RETURNING
    watched.decision.duty_permille = duty
    watched.estimate.rate_mdeg_per_s = rate
    watched.run(1_000)
    assert watched.monitors.active == faults.NO_FAULT
    return watched


# --- a return that moves outward -------------------------------------------------------------


@pytest.mark.requirement("RQ-097")
@pytest.mark.parametrize(("rate", "after_ms"), [(2_000, 400), (650, 1_240), (4_001, 30)])
def test_a_return_that_moves_outward_ends_at_once(rate: int, after_ms: int) -> None:
    watched = returning(duty=-100)
    watched.estimate.rate_mdeg_per_s = rate
    if rate == 2_000:  # 0.8 deg at 2 deg/s; sooner than by its rate alone
        watched.decision.duty_permille = -300
        after_ms = 300  # BACKWARD_MS
    assert watched.time_to(faults.MOVED_BACKWARD, 3_000) == after_ms


@pytest.mark.requirement("RQ-097")
def test_the_way_outward_is_counted_over_jerks_and_from_the_furthest_point() -> None:
    watched = returning(duty=-100)
    for _ in range(100):
        watched.estimate.rate_mdeg_per_s = 1_400
        watched.run(200)
        watched.estimate.rate_mdeg_per_s = -1_400
        watched.run(200)
        assert watched.monitors.active == faults.NO_FAULT
    found = 0
    for _ in range(4):
        watched.estimate.rate_mdeg_per_s = 1_400
        watched.run(280)
        watched.estimate.rate_mdeg_per_s = 0
        found += watched.tick() == faults.MOVED_BACKWARD
    assert found == 2, "0.8 deg are reached in the third jerk"


@pytest.mark.requirement("RQ-097")
def test_noise_at_rest_and_a_rest_count_for_nothing() -> None:
    watched = returning(duty=-100, rate=limits.STALL_RATE_MDEG_PER_S)
    watched.run(60_000)
    assert watched.monitors.active == faults.NO_FAULT
    watched.estimate.rate_mdeg_per_s = 1_400
    watched.run(500)
    watched.decision.duty_permille = 0
    watched.run(10)
    watched.decision.duty_permille = -100
    watched.run(500)
    assert watched.monitors.active == faults.NO_FAULT


@pytest.mark.requirement("RQ-097")
def test_a_fast_way_outward_needs_three_ticks_and_the_end_of_the_motion_before() -> None:
    watched = returning(duty=-100)
    for _ in range(50):
        watched.estimate.rate_mdeg_per_s = 4_001
        watched.run(20)
        watched.estimate.rate_mdeg_per_s = -1_000
        watched.run(200)
        assert watched.monitors.active == faults.NO_FAULT
    watched = Watched()
    watched.estimate.rate_mdeg_per_s = 5_000
    watched.tick()
    watched.decision.state = states.RETURNING
    watched.decision.duty_permille = 0
    watched.run(200)
    assert watched.monitors.active == faults.NO_FAULT
    watched.estimate.rate_mdeg_per_s = 0
    watched.tick()
    watched.estimate.rate_mdeg_per_s = 5_000
    assert watched.time_to(faults.MOVED_BACKWARD, 100) == 30


def test_a_rate_that_the_other_imu_denies_ends_no_return() -> None:
    watched = returning(duty=-100)
    watched.estimate.rate_mdeg_per_s = 5_000
    watched.estimate.rate_disagreement_mdeg_per_s = 1_001
    assert watched.time_to(faults.MOVED_BACKWARD, 2_000) == -1


@pytest.mark.requirement("RQ-097")
def test_outside_a_return_outward_is_no_wrong_way() -> None:
    watched = Watched()
    watched.estimate.rate_mdeg_per_s = 5_000
    watched.run(10_000)
    assert watched.monitors.active == faults.NO_FAULT


# --- how far all returns together may move outward -------------------------------------------


def press_for_long(table: Table) -> int:
    """RETURN every two seconds for ten minutes; the furthest tilt in mdeg."""
    furthest = table.tilt_mdeg()
    for count in range(60_000):
        table.return_home = count % 200 == 0
        table.tick()
        furthest = max(furthest, table.tilt_mdeg())
    return furthest


@pytest.mark.requirement("RQ-007", "RQ-098")
def test_returns_with_swapped_wires_do_not_ratchet_outward() -> None:
    table = head_down()
    table.reversed = True
    began_mdeg = table.tilt_mdeg()
    furthest_mdeg = press_for_long(table)
    assert began_mdeg + limits.RETURN_RISE_MDEG < furthest_mdeg < began_mdeg + OUTWARD_MDEG
    out = table.decision
    assert (out.state, out.power, out.fault) == (states.FAULT, False, faults.MOVED_BACKWARD)
    assert out.refused == faults.MOVED_BACKWARD
    refusals = out.refusals
    table.host_return = True
    table.run(1_000)
    assert (out.state, out.power, out.refusals) == (states.FAULT, False, refusals + 1)
    # Lowered by hand, the drive mended: RETURN works.
    table.reversed = False
    table.tilt_udeg -= 4_000_000
    table.run(1_000)
    table.return_home = True
    assert table.run_until(states.FAULT, 200_000) > 0
    assert table.tilt_mdeg() < -74_900


@pytest.mark.requirement("RQ-098")
def test_a_return_that_worked_ends_the_count() -> None:
    table = head_down()
    table.reversed = True
    table.return_home = True
    assert table.run_until(states.FAULT, 5_000) > 0
    table.run(20)
    travel = table.monitors.travel
    assert travel.failed
    assert not travel.futile
    table.reversed = False
    table.return_home = True
    table.run_until(states.RETURNING, 100)
    assert table.run_until(states.HOME, 200_000) > 0
    assert not travel.failed


@pytest.mark.requirement("RQ-098")
def test_lowered_by_hand_and_tried_again_nothing_is_gained_outward() -> None:
    table = head_down()
    table.reversed = True
    press_for_long(table)
    table.tilt_udeg -= 10_000_000
    table.run(100)
    began_mdeg = table.tilt_mdeg()
    assert press_for_long(table) < began_mdeg + OUTWARD_MDEG


def test_only_wrong_ways_count_and_only_a_trusted_tilt() -> None:
    watched = Watched()
    travel = watched.monitors.travel

    def attempt(code: int, rise_mdeg: int) -> None:
        watched.decision.state = states.RETURNING
        watched.decision.duty_permille = 0
        watched.estimate.rate_mdeg_per_s = 0
        watched.tick()
        watched.estimate.tilt_mdeg += rise_mdeg
        watched.tick()
        watched.decision.state = states.FAULT
        watched.decision.fault = code
        watched.tick()

    attempt(faults.STALLED, 100)
    attempt(faults.OVERSPEED, -100)
    attempt(faults.OVERSPEED, 0)
    assert not travel.failed
    attempt(faults.OVERSPEED, 500)
    attempt(faults.STALLED, 1_900)
    assert (travel.failed, travel.futile) == (True, False)
    attempt(faults.MOVED_BACKWARD, 101)
    assert watched.monitors.return_futile
    watched.estimate.valid = False
    watched.tick()
    assert not travel.futile, "a blind return is not refused"
    watched.estimate.valid = True
    watched.estimate.tilt_mdeg = travel.floor_mdeg + limits.RETURN_RISE_MDEG
    watched.tick()
    assert travel.futile is False
    watched.estimate.tilt_mdeg += 1
    watched.tick()
    assert bool(travel.futile)
    watched.decision.at_home = True
    watched.tick()
    assert travel.futile is False


# --- slow drift at rest ----------------------------------------------------------------------


@pytest.mark.requirement("RQ-099")
@pytest.mark.parametrize("creep", [400, -400])
@pytest.mark.parametrize("paused", [False, True])
def test_a_bed_that_creeps_at_rest_goes_home(creep: int, paused: bool) -> None:
    table = head_down()
    if paused:
        table.pause = True
        table.run(100)
        assert table.decision.state == states.PAUSED
    at_mdeg = table.tilt_mdeg()
    table.creep_mdeg_per_s = creep
    assert table.run_until(states.RETURNING, 8_000) > 0
    assert abs(table.tilt_mdeg() - at_mdeg) < limits.CREEP_MDEG + 400
    # Outward the limit of tilt is nearer.
    code = faults.OVER_TILT if creep > 0 else faults.BED_CREEPS
    assert table.decision.fault == code
    assert table.run_until(states.FAULT, 200_000) > 0
    assert table.tilt_mdeg() < -74_900


@pytest.mark.requirement("RQ-099")
def test_a_creep_in_the_rest_at_horizontal_shortens_it() -> None:
    table = head_down()
    table.return_home = True
    table.run(25_000)
    assert table.decision.duty_permille == 0
    table.creep_mdeg_per_s = 1_000
    table.run(4_000)
    assert (table.decision.state, table.decision.fault) == (states.RETURNING, faults.BED_CREEPS)
    assert table.run_until(states.FAULT, 60_000) > 0
    assert table.tilt_mdeg() < -74_900


@pytest.mark.requirement("RQ-099")
def test_a_drift_up_to_its_bound_and_a_shake_are_no_creep() -> None:
    watched = Watched()
    watched.decision.state = states.HOLDING
    watched.decision.duty_permille = 0
    watched.estimate.rate_mdeg_per_s = 0
    watched.run(5_000)
    at_mdeg = watched.estimate.tilt_mdeg
    watched.estimate.tilt_mdeg = at_mdeg + limits.CREEP_MDEG
    watched.run(5_000)
    for _ in range(20):
        watched.estimate.tilt_mdeg = at_mdeg - 3_000
        watched.run(limits.CREEP_MS - 10)
        watched.estimate.tilt_mdeg = at_mdeg
        watched.run(10)
        assert watched.monitors.active == faults.NO_FAULT
    watched.estimate.tilt_mdeg = at_mdeg - limits.CREEP_MDEG - 1
    assert watched.time_to(faults.BED_CREEPS, 1_000) == limits.CREEP_MS


CALM: dict[str, Callable[[Watched], None]] = {
    "moving": lambda w: setattr(w.decision, "state", states.MOVING),
    "held": lambda w: setattr(w.decision, "state", states.STOPPED),
    "home": lambda w: setattr(w.decision, "at_home", True),
    "driven": lambda w: setattr(w.decision, "duty_permille", -1),
    "just at rest": lambda w: setattr(w.decision, "duty_permille", 0),
}


@pytest.mark.parametrize("calm", CALM)
def test_a_drift_elsewhere_is_none(calm: str) -> None:
    watched = Watched()
    watched.decision.state = states.HOLDING
    watched.estimate.rate_mdeg_per_s = 0
    watched.tick()
    watched.decision.duty_permille = 0
    CALM[calm](watched)
    if calm == "just at rest":
        watched.run(limits.CREEP_SETTLE_MS)
        watched.estimate.tilt_mdeg += 10_000
        watched.decision.duty_permille = -1
        watched.tick()
        watched.decision.duty_permille = 0
    else:
        watched.run(limits.CREEP_SETTLE_MS + 100)
        watched.estimate.tilt_mdeg += 10_000
    assert watched.time_to(faults.BED_CREEPS, 3_000) == -1


def test_no_count_of_the_way_grows_out_of_a_small_int() -> None:
    watched = returning(duty=-100)
    wrap_attributes(watched.monitors.travel)
    for rate in (20_000, -20_000, 2_000_000, -2_000_000):
        for duty in (-1_000, 0):
            watched.decision.duty_permille = duty
            watched.estimate.rate_mdeg_per_s = rate
            watched.tick((1 << 30) - 1)
            watched.tick()
            assert attributes_are_checked(watched.monitors.travel)


# --- what is latched until it is seen to work -------------------------------------------------


@pytest.mark.requirement("RQ-103")
def test_a_home_switch_found_stuck_refuses_until_it_is_seen_to_move() -> None:
    table = Table(simple_program(rest_ms=1_000))
    table.boot()
    table.home_switch = 2  # stuck closed
    table.start = True
    assert table.run_until(states.RETURNING, 20_000) > 0
    assert table.run_until(states.FAULT, 20_000) > 0
    table.run(60_000)
    assert (table.decision.state, table.decision.fault) == (
        states.FAULT,
        faults.HOME_SWITCH_STUCK,
    )
    table.start = True
    table.run(1_000)
    assert not table.decision.power
    table.home_switch = WORKING
    table.run(50)
    assert not table.monitors.home_stuck
    assert table.run_until(states.HOME, 10_000) == -1, "off the switch: RETURN brings it there"
    table.return_home = True
    assert table.run_until(states.FAULT, 60_000) >= 0
    assert table.run_until(states.HOME, 60_000) >= 0


@pytest.mark.requirement("RQ-086")
def test_a_dead_current_sensor_leads_home_and_refuses_until_a_restart() -> None:
    table = head_down()
    table.current_stuck_ma = 0
    table.return_home = True
    table.run(3_000)
    assert (table.decision.state, table.decision.fault) == (
        states.RETURNING,
        faults.CURRENT_SENSOR_DEAD,
    )
    assert table.run_until(states.FAULT, 120_000) > 0
    table.current_stuck_ma = -1
    table.run(60_000)
    assert (table.decision.state, table.decision.fault) == (
        states.FAULT,
        faults.CURRENT_SENSOR_DEAD,
    )


@pytest.mark.requirement("RQ-102")
def test_a_return_can_be_paused_twice_and_no_more() -> None:
    one = OneStep(states.RETURNING)
    for _ in range(limits.RETURN_PAUSES):
        one.inputs.pause_edge = True
        assert one.step().winding_down
        one.inputs.pause_edge = False
        assert one.step().state == states.PAUSED
        one.inputs.return_edge = True
        assert one.step().state == states.RETURNING
        one.inputs.return_edge = False
    one.inputs.pause_edge = True
    for _ in range(100):
        assert one.step().state == states.RETURNING
        assert not one.out.winding_down
    one.inputs.pause_edge = False
    one.estimate.tilt_mdeg = limits.HOME_TILT_MDEG
    one.inputs.home_switch = True
    assert one.step().state == states.HOME
    assert one.k.return_pauses == 0


@pytest.mark.requirement("RQ-070")
def test_settings_damaged_in_mid_session_lead_home_and_refuse_there() -> None:
    table = head_down()
    table.settings_ok = False
    table.tick()
    assert (table.decision.state, table.decision.fault) == (
        states.RETURNING,
        faults.SETTINGS_CORRUPT,
    )
    assert table.run_until(states.FAULT, 120_000) > 0
    table.run(10_000)
    assert (table.decision.state, table.decision.fault) == (states.FAULT, faults.SETTINGS_CORRUPT)


@pytest.mark.requirement("RQ-032", "RQ-070")
def test_a_start_away_from_home_with_corrupt_settings_waits_for_return() -> None:
    table = Table(simple_program(), tilt_mdeg=45_000)
    table.settings_ok = False
    table.run(30_000)
    assert (table.decision.state, table.decision.fault) == (states.STOPPED, faults.POWER_RESTORED)
    table.return_home = True
    assert table.run_until(states.FAULT, 160_000) > 0
    assert table.tilt_mdeg() < -74_900
