"""The monitors, one update at a time: what they begin with, and boundaries runs do not meet."""

import pytest

from inversion_table.safety import faults, limits, states
from inversion_table.safety.monitors import Monitors
from inversion_table.safety.ports import Decision, Inputs
from inversion_table.safety.travel import Travel
from tests.safety.table import Reading


class OneUpdate:
    """Everything good, away from home, long after the start, with power and a closed relay."""

    def __init__(self) -> None:
        self.monitors = Monitors()
        self.monitors.age_ms = limits.SETTLE_MAX_MS
        self.decision = Decision()
        self.decision.power = True
        self.estimate = Reading()
        self.estimate.tilt_mdeg = 20_000
        self.inputs = Inputs()
        self.inputs.estop_pressed = self.inputs.end_reached = False
        self.inputs.ankle_locked = self.inputs.relay_closed = True
        self.inputs.settings_ok = self.inputs.program_ok = self.inputs.clocks_ok = True
        self.inputs.home_angle_ok = self.inputs.settled = True
        self.inputs.supply_mv = 24_000
        self.now_ms = 0
        self.update()

    def update(self, dt_ms: int = 10) -> int:
        self.now_ms += dt_ms
        self.monitors.update(self.decision, self.estimate, self.inputs, self.now_ms)
        return self.monitors.active


def test_new_monitors_suspect_nothing_and_trust_nothing() -> None:
    new = vars(Monitors())
    assert not any(vars(new.pop("travel")).values())
    assert not any(new.values())
    one = OneUpdate()
    assert vars(one.monitors).keys() == vars(Monitors()).keys()
    assert vars(one.monitors.travel).keys() == vars(Travel()).keys()
    assert one.update() == faults.NO_FAULT
    assert one.monitors.tilt_trusted


def test_the_first_update_takes_no_time() -> None:
    monitors, inputs = Monitors(), Inputs()
    monitors.update(Decision(), Reading(), inputs, 500)
    assert (monitors.ankle_ms, monitors.supply_low_ms, monitors.age_ms) == (0, 0, 0)
    monitors.update(Decision(), Reading(), inputs, 517)
    assert (monitors.supply_low_ms, monitors.age_ms) == (17, 17)


@pytest.mark.requirement("RQ-066")
@pytest.mark.parametrize(("age_ms", "active"), [(0, 0), (limits.SETTLE_MAX_MS, faults.HOST_STOP)])
def test_contacts_and_laptop_wait_for_the_contacts_to_settle(age_ms: int, active: int) -> None:
    one = OneUpdate()
    one.monitors.age_ms = age_ms
    one.inputs.settled = False
    one.inputs.host_stop = True
    assert one.update() == active


@pytest.mark.requirement("RQ-070", "RQ-082", "RQ-083")
@pytest.mark.parametrize(
    ("name", "active"),
    [
        ("settings_ok", faults.SETTINGS_CORRUPT),
        ("program_ok", faults.PROGRAM_CORRUPT),
        ("clocks_ok", faults.CLOCKS_APART),
    ],
)
def test_what_the_controller_finds_in_itself_is_reported_at_once(name: str, active: int) -> None:
    one = OneUpdate()
    setattr(one.inputs, name, False)
    assert one.update() == active
    one.monitors.age_ms, one.inputs.settled = 0, False
    assert one.update() == faults.NO_FAULT  # nothing is believed before all contacts settle
    one.inputs.settled = True
    assert one.update() == active
    setattr(one.inputs, name, True)
    assert one.update() == faults.NO_FAULT


@pytest.mark.requirement("RQ-115")
@pytest.mark.parametrize(("at_home", "active"), [(False, 0), (True, faults.HOME_DRIFT)])
def test_a_home_angle_that_is_off_counts_at_home_only(at_home: bool, active: int) -> None:
    one = OneUpdate()
    one.decision.at_home = at_home
    assert one.update() == faults.NO_FAULT
    one.inputs.home_angle_ok = False
    assert one.update() == active


@pytest.mark.requirement("RQ-047")
@pytest.mark.parametrize("lost", ["primary_ok", "monitor_ok"])
def test_one_imu_alone_disagrees_with_nobody(lost: str) -> None:
    one = OneUpdate()
    one.estimate.rate_disagreement_mdeg_per_s = 9_000
    one.estimate.disagreement_mdeg = 9_000
    one.update()
    assert (one.monitors.rates_apart_ms, one.monitors.disagree_ms) == (10, 10)
    setattr(one.estimate, lost, False)
    one.update()
    assert (one.monitors.rates_apart_ms, one.monitors.disagree_ms) == (0, 0)


@pytest.mark.requirement("RQ-058")
@pytest.mark.parametrize(("valid", "lasted_ms"), [(True, 10), (False, 0)])
def test_only_a_trusted_tilt_contradicts_the_home_switch(valid: bool, lasted_ms: int) -> None:
    one = OneUpdate()
    one.inputs.home_switch = True
    one.estimate.valid = valid
    one.update()
    assert one.monitors.home_stuck_ms == lasted_ms


@pytest.mark.requirement("RQ-030", "RQ-031")
@pytest.mark.parametrize(
    ("supply_mv", "active"),
    [
        (19_000, faults.NO_FAULT),
        (18_999, faults.SUPPLY_LOW),
        (14_000, faults.SUPPLY_LOW),
        (13_999, faults.SUPPLY_DEAD),
    ],
)
def test_the_two_bounds_of_the_supply(supply_mv: int, active: int) -> None:
    one = OneUpdate()
    one.inputs.supply_mv = supply_mv
    one.monitors.supply_low_ms = limits.SUPPLY_LOW_MS - 11
    assert one.update() == faults.NO_FAULT
    assert one.update(1) == active


@pytest.mark.parametrize(("apart_mdeg_per_s", "stall_ms"), [(1_000, 10), (1_001, 0)])
def test_rates_that_differ_more_prove_nothing_about_the_motor(
    apart_mdeg_per_s: int, stall_ms: int
) -> None:
    one = OneUpdate()
    one.decision.duty_permille = 200
    one.estimate.rate_disagreement_mdeg_per_s = apart_mdeg_per_s
    one.update()
    assert one.monitors.stall_ms == stall_ms


@pytest.mark.requirement("RQ-097", "RQ-099")
def test_what_the_way_of_the_bed_shows_is_reported() -> None:
    one = OneUpdate()
    travel = one.monitors.travel
    one.decision.state = states.HOLDING
    one.estimate.rate_mdeg_per_s = 0
    travel.rest_ms, travel.rest_mdeg, travel.creep_ms = 5_000, 10_000, limits.CREEP_MS - 11
    assert one.update() == faults.NO_FAULT
    assert one.update(1) == faults.BED_CREEPS
    one.decision.state = states.RETURNING
    travel.was_slow, travel.fast_ms = True, limits.RETURN_OUTWARD_MS - 11
    one.estimate.rate_mdeg_per_s = 5_000
    assert one.update() == faults.BED_CREEPS
    assert one.update(1) == faults.MOVED_BACKWARD  # the stronger


@pytest.mark.requirement("RQ-087", "RQ-098")
def test_what_the_kernel_must_know_of_the_way_is_handed_on() -> None:
    one = OneUpdate()
    one.monitors.travel.failed = True
    one.estimate.tilt_mdeg = limits.RETURN_RISE_MDEG
    one.update()
    assert (one.monitors.return_futile, one.monitors.backed_off) == (False, False)
    one.estimate.tilt_mdeg += 1
    one.update()
    assert (one.monitors.return_futile, one.monitors.backed_off) == (True, False)
    one.decision.backing_off = True
    one.estimate.tilt_mdeg -= limits.BACK_OFF_MDEG
    one.update()
    assert (one.monitors.return_futile, one.monitors.backed_off) == (False, True)


@pytest.mark.requirement("RQ-099")
def test_a_tilt_that_is_not_trusted_shows_no_creep() -> None:
    one = OneUpdate()
    one.decision.state = states.HOLDING
    one.monitors.travel.rest_ms, one.monitors.travel.creep_ms = 5_000, 700
    one.estimate.valid = False
    one.update()
    assert one.monitors.travel.creep_ms == 0
