"""The monitors, one update at a time: what they begin with, and boundaries runs do not meet."""

import pytest

from inversion_table.safety import faults, limits
from inversion_table.safety.monitors import Monitors
from inversion_table.safety.ports import Decision, Inputs
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
        self.inputs.settings_ok = self.inputs.settled = True
        self.inputs.supply_mv = 24_000
        self.now_ms = 0
        self.update()

    def update(self, dt_ms: int = 10) -> int:
        self.now_ms += dt_ms
        self.monitors.update(self.decision, self.estimate, self.inputs, self.now_ms)
        return self.monitors.active


def test_new_monitors_suspect_nothing_and_trust_nothing() -> None:
    assert not any(vars(Monitors()).values())
    one = OneUpdate()
    assert vars(one.monitors).keys() == vars(Monitors()).keys()
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
