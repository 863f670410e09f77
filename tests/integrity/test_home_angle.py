"""The drift watch: what each IMU reads at home, against what home was at the calibration."""

import math

import pytest

from inversion_table.estimation import rest
from inversion_table.estimation.rest import RestWatch
from inversion_table.integrity.home_angle import ARRIVALS_KEPT, HomeAngle
from inversion_table.safety import faults, limits
from inversion_table.safety.monitors import Monitors
from inversion_table.safety.ports import Decision, Inputs
from inversion_table.store.calibration import KeptCalibration
from inversion_table.store.slots import Slots
from inversion_table.store.values import Store
from tests.safety.table import Reading
from tests.store.test_slots import record

BOUND = limits.HOME_DRIFT_MAX_MDEG


class Home:
    """A calibrated table whose IMUs read what a test says."""

    def __init__(self, folder, calibrated=True):
        self.store = Store(str(folder / "data"))
        if calibrated:
            Slots(self.store, "calibration").save(record())
        self.start()

    def start(self):
        self.watches = (RestWatch(0), RestWatch(2))
        self.angle = HomeAngle(self.store, KeptCalibration(self.store), *self.watches)

    def window(self, primary_mdeg=0, monitor_mdeg=0, verdict=rest.STILL, resting=True):
        """Another window ends, with the IMUs off by so much; True when `look` tells of it."""
        for watch, off, sign in zip(
            self.watches, (primary_mdeg, monitor_mdeg), (1, -1), strict=True
        ):
            tilt = math.radians((-75_000 + off) / 1000)
            watch.mean[:3] = round(-sign * math.sin(tilt) * 1e6), 0, round(math.cos(tilt) * 1e6)
            watch.verdict = verdict
            watch.windows = (watch.windows + 1) & 0xFFFFF
        return self.angle.look(resting)

    def arrive(self, *off):
        self.angle.look(False)
        return [self.window(*off), self.window(*off), self.window(*off)]


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.mark.requirement("RQ-114")
def test_each_arrival_is_measured_once_by_a_window_that_began_at_rest(home):
    assert home.arrive(300, -200) == [False, True, False]
    assert home.angle.primary_mdeg == pytest.approx(300, abs=10)
    assert home.angle.monitor_mdeg == pytest.approx(-200, abs=10)
    assert home.angle.measured
    assert home.arrive(100, 100) == [False, True, False]
    # At rest there it goes on measuring.
    home.window(500, 0)
    assert home.angle.primary_mdeg == pytest.approx(500, abs=10)


@pytest.mark.requirement("RQ-114")
@pytest.mark.parametrize("ahead", [0, 1])
def test_both_imus_must_have_had_such_a_window(home, ahead):
    home.angle.look(False)
    home.watches[ahead].windows += 1
    assert not home.window(300, 300)
    assert not home.angle.measured
    assert home.window(300, 300)


@pytest.mark.requirement("RQ-114")
def test_nothing_is_measured_away_from_home_or_while_somebody_gets_on(home):
    for _ in range(5):
        assert not home.window(3_000, 3_000, resting=False)
    for _ in range(5):
        assert not home.window(3_000, 3_000, verdict=rest.SHAKEN)
    assert not home.angle.measured
    assert home.angle.ok


@pytest.mark.requirement("RQ-115")
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("which", [0, 1])
def test_past_the_bound_it_is_not_ok_and_heals_when_it_is_back(home, sign, which):
    for off, ok in ((BOUND - 20, True), (BOUND + 20, False), (0, True)):
        both = [0, 0]
        both[which] = sign * off
        home.window(*both)
        home.window(*both)
        assert home.angle.ok == ok, off


@pytest.mark.requirement("RQ-114")
def test_the_last_arrivals_are_kept_over_a_restart_and_forgotten_with_the_calibration(home):
    for number in range(ARRIVALS_KEPT + 5):
        home.arrive(number * 10, 0)
        home.angle.keep()
    kept = home.angle.arrivals
    assert len(kept) == ARRIVALS_KEPT
    assert kept[-1][0] == pytest.approx((ARRIVALS_KEPT + 4) * 10, abs=10)
    home.start()
    assert home.angle.arrivals == kept
    Slots(home.store, "calibration").save(record())
    home.start()
    assert home.angle.arrivals == []


@pytest.mark.parametrize(
    "value", [5, {"version": 1}, {"version": 1, "arrivals": [1, [2], [1, 2, 3]]}]
)
def test_a_history_that_is_none_does_no_harm(home, value):
    home.store.save("home_angle", value)
    home.start()
    assert home.angle.arrivals in ([], [[1, 2, 3]])
    assert home.angle.ok


def test_without_a_calibration_there_is_nothing_to_compare_with(tmp_path):
    home = Home(tmp_path, calibrated=False)
    assert home.arrive(30_000, 0) == [False, False, False]
    assert home.angle.ok


@pytest.mark.requirement("RQ-115")
@pytest.mark.parametrize(
    ("ok", "at_home", "raised"),
    [
        (False, True, faults.HOME_DRIFT),
        (False, False, faults.NO_FAULT),
        (True, True, faults.NO_FAULT),
    ],
)
def test_a_moved_mount_refuses_at_home_alone(ok, at_home, raised):
    monitors, decision, inputs = Monitors(), Decision(), Inputs()
    decision.at_home = inputs.home_switch = at_home
    inputs.estop_pressed = inputs.end_reached = inputs.relay_closed = False
    inputs.settings_ok = inputs.program_ok = inputs.clocks_ok = inputs.settled = True
    inputs.started_up = True
    inputs.ankle_locked = True
    inputs.supply_mv = 24_000
    inputs.home_angle_ok = ok
    monitors.update(decision, Reading(), inputs, 1_000)
    assert monitors.active == raised
    assert faults.reaction(faults.HOME_DRIFT) == faults.REACT_REFUSE
