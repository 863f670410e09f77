"""Lost, late and lying sensors: never a plausible wrong tilt that is marked valid."""

import math

import pytest

from inversion_table.estimation.calibration import Calibration, nominal_monitor, nominal_primary
from inversion_table.estimation.channel import LEAD_SHIFT
from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.sensing.imu import ImuSample


class Rig:
    """A noiseless table with two IMUs that the test may spoil."""

    def __init__(self, tilt_deg: float = -75.0, start_ms: int = 0) -> None:
        self.estimator = TiltEstimator(nominal_primary(), nominal_monitor())
        self.estimate = Estimate()
        self.primary, self.monitor = ImuSample(), ImuSample()
        self.tilt_deg = tilt_deg
        self.now_ms = start_ms

    def tick(self, rate_dps: float = 0.0, step_ms: int = 10, spoil=None) -> Estimate:
        self.now_ms = (self.now_ms + step_ms) & 0x3FFFFFFF
        self.tilt_deg += rate_dps * step_ms / 1_000
        # The low-pass of real sensors, which the estimator makes up for.
        theta = math.radians(self.tilt_deg - rate_dps / (1 << LEAD_SHIFT))
        for sample, sign in ((self.primary, 1), (self.monitor, -1)):
            sample.ax_ug, sample.ay_ug = round(sign * -math.sin(theta) * 1e6), 0
            sample.az_ug = round(math.cos(theta) * 1e6)
            sample.gx_udps, sample.gy_udps, sample.gz_udps = 0, round(sign * rate_dps * 1e6), 0
            sample.ok, sample.saturated = True, False
        if spoil:
            spoil(self)
        self.estimator.update(self.primary, self.monitor, self.now_ms, self.estimate)
        return self.estimate

    def run(self, seconds: float, rate_dps: float = 0.0, spoil=None) -> Estimate:
        for _ in range(round(seconds * 100)):
            self.tick(rate_dps, spoil=spoil)
        return self.estimate

    def assert_true_or_invalid(self, allowed_mdeg: int = 0) -> None:
        estimate = self.estimate
        if estimate.valid:
            error = abs(estimate.tilt_mdeg - self.tilt_deg * 1_000)
            assert error <= max(allowed_mdeg, estimate.error_mdeg)


def test_unknown_before_the_first_sample() -> None:
    estimate = Estimate()
    assert not estimate.valid
    assert estimate.error_mdeg == 180_000
    rig = Rig()
    rig.tick()
    assert not rig.estimate.valid


def test_settles_in_three_quarters_of_a_second_and_is_right() -> None:
    rig = Rig(30.0)
    while not rig.tick().valid:
        assert rig.now_ms < 800
    assert rig.estimate.settled
    assert rig.estimate.primary_ok
    assert rig.estimate.monitor_ok
    assert abs(rig.estimate.tilt_mdeg - 30_000) < 20
    assert rig.estimate.disagreement_mdeg < 20
    assert rig.estimate.age_ms == 0


@pytest.mark.parametrize("tilt_deg", [-80, -75, -45, 0, 1, 45, 60, 90, 95])
@pytest.mark.parametrize("rate_dps", [-3.0, 3.0])
def test_sign_and_value_of_tilt_and_rate(tilt_deg: float, rate_dps: float) -> None:
    rig = Rig(tilt_deg)
    rig.run(1)
    estimate = rig.run(1, rate_dps)
    assert abs(estimate.tilt_mdeg - rig.tilt_deg * 1_000) < 30
    assert abs(estimate.rate_mdeg_per_s - rate_dps * 1_000) < 30


def no_primary(rig: Rig) -> None:
    rig.primary.ok = False


def no_monitor(rig: Rig) -> None:
    rig.monitor.ok = False


def neither(rig: Rig) -> None:
    rig.primary.ok = rig.monitor.ok = False


@pytest.mark.requirement("RQ-048")
def test_monitor_takes_over_within_60_ms_with_its_own_bound() -> None:
    rig = Rig()
    before = rig.run(2).error_mdeg
    for tick in range(5):
        estimate = rig.tick(3.0, spoil=no_primary)
        assert estimate.valid
        assert estimate.primary_ok
        assert estimate.age_ms == 10 * (tick + 1)
    estimate = rig.tick(3.0, spoil=no_primary)
    assert estimate.valid
    assert not estimate.primary_ok
    assert estimate.monitor_ok
    assert estimate.age_ms == 0
    assert estimate.disagreement_mdeg == 0
    assert estimate.error_mdeg > before
    rig.run(5, 3.0, no_primary)
    assert rig.estimate.valid
    assert abs(rig.estimate.tilt_mdeg - rig.tilt_deg * 1_000) < 100


def test_monitor_lost_leaves_the_primary() -> None:
    rig = Rig()
    rig.run(2)
    estimate = rig.run(1, 3.0, no_monitor)
    assert estimate.valid
    assert estimate.primary_ok
    assert not estimate.monitor_ok


@pytest.mark.requirement("RQ-051")
def test_both_lost_is_invalid_after_50_ms_and_stays_so_past_the_wrap() -> None:
    rig = Rig()
    rig.run(2)
    for tick in range(5):
        assert rig.tick(spoil=neither).valid, tick
    assert not rig.tick(spoil=neither).valid
    ages = [rig.tick(step_ms=1 << 28, spoil=neither).age_ms for _ in range(9)]
    assert max(ages) == 1_000_000
    assert not rig.estimate.valid
    assert rig.estimate.error_mdeg == 180_000


def test_comes_back_with_its_bias_after_a_long_gap_in_motion() -> None:
    rig = Rig(0.0)

    def biased(rig: Rig) -> None:
        rig.primary.gy_udps += 2_000_000

    rig.run(4, spoil=biased)
    rig.run(1, 3.0, no_primary)
    assert not rig.estimate.primary_ok
    estimate = rig.run(1, 3.0, biased)
    assert estimate.primary_ok
    assert abs(estimate.tilt_mdeg - rig.tilt_deg * 1_000) < 150
    assert abs(estimate.rate_mdeg_per_s - 3_000) < 150


def test_short_gaps_are_bridged_by_real_time() -> None:
    rig = Rig(0.0)
    rig.run(2)
    for _ in range(20):
        for _ in range(3):
            rig.tick(6.0, spoil=neither)
        rig.tick(6.0)
        rig.assert_true_or_invalid()
    assert rig.estimate.valid
    assert abs(rig.estimate.tilt_mdeg - rig.tilt_deg * 1_000) < 60


def test_late_and_repeated_ticks() -> None:
    rig = Rig(0.0)
    rig.run(2)
    rig.tick(step_ms=400)  # a flash erase
    for _ in range(40):
        rig.tick(step_ms=0)  # the ticks it made up for
    assert rig.estimate.valid
    assert rig.estimate.error_mdeg > 3_000, "nobody watched for 400 ms"
    rig.run(4)
    assert rig.estimate.error_mdeg < 2_000
    assert abs(rig.estimate.tilt_mdeg) < 20


def test_clock_wraps_in_motion() -> None:
    rig = Rig(-30.0, start_ms=(1 << 30) - 3_000)
    rig.run(2)
    estimate = rig.run(5, 3.0)
    assert rig.now_ms < 10_000
    assert estimate.valid
    assert abs(estimate.tilt_mdeg - rig.tilt_deg * 1_000) < 50


def test_error_bound_grows_without_the_accelerometer_until_invalid() -> None:
    def shaken(rig: Rig) -> None:
        for sample in (rig.primary, rig.monitor):
            sample.ay_ug += 900_000

    rig = Rig()
    rig.run(3)
    first = rig.tick(spoil=shaken).error_mdeg
    second = rig.run(1, spoil=shaken).error_mdeg
    assert second > first + 80
    assert rig.estimate.valid
    rig.run(1.2, spoil=shaken)
    assert not rig.estimate.valid, "after 2 s of that nothing is left but the gyroscope"


def set_force(x: int, y: int, z: int):
    def spoil(rig: Rig) -> None:
        rig.primary.ax_ug, rig.primary.ay_ug, rig.primary.az_ug = x, y, z
        rig.monitor.ax_ug, rig.monitor.ay_ug, rig.monitor.az_ug = -x, -y, z

    return spoil


@pytest.mark.requirement("RQ-055")
@pytest.mark.parametrize(
    "force",
    [
        (0, 0, 0),
        (0, 0, -1_000_000),  # upside down
        (966_000, 0, -259_000),  # home, with the mount upside down
        (0, 1_000_000, 0),  # on its side
        (0, -700_000, 700_000),  # detached, or mounted askew
        (1_998_848, 1_998_848, 1_998_848),
        (500_000, 0, 500_000),  # direction plausible, length not
        (-1_300_000, 0, 0),
        (61, 0, -61),
    ],
)
def test_a_start_with_impossible_gravity_is_never_valid(force) -> None:
    rig = Rig()
    for _ in range(1_000):
        assert not rig.tick(spoil=set_force(*force)).valid


@pytest.mark.requirement("RQ-054")
def test_stuck_gyroscope_in_motion_is_never_trusted_beyond_its_bound() -> None:
    def stuck(rig: Rig) -> None:
        rig.primary.gy_udps = rig.monitor.gy_udps = 0

    rig = Rig(-60.0)
    rig.run(5)
    lost = 0
    for _ in range(1_000):
        rig.tick(6.0, spoil=stuck)
        rig.assert_true_or_invalid()
        lost += not rig.estimate.valid
    assert lost > 500


def test_stuck_accelerometer_in_motion_is_noticed_by_the_disagreement() -> None:
    rig = Rig(-60.0)
    rig.run(5)
    held = rig.primary.ax_ug, rig.primary.az_ug

    def stuck(rig: Rig) -> None:
        rig.primary.ax_ug, rig.primary.az_ug = held

    worst = 0
    for _ in range(600):
        rig.tick(3.0, spoil=stuck)
        rig.assert_true_or_invalid()
        worst = max(worst, rig.estimate.disagreement_mdeg)
    assert not rig.estimate.primary_ok or worst > 4_000


@pytest.mark.requirement("RQ-054")
@pytest.mark.parametrize("rate_dps", [120.0, -120.0, 30.0])
def test_runaway_gyroscope_is_thrown_out(rate_dps: float) -> None:
    def runaway(rig: Rig) -> None:
        rig.primary.gy_udps = round(rate_dps * 1e6)
        rig.monitor.ok = False

    rig = Rig(0.0)
    rig.run(5)
    valid = 0
    for _ in range(1_000):
        rig.tick(spoil=runaway)
        rig.assert_true_or_invalid()
        valid += rig.estimate.valid
    assert valid < 200


@pytest.mark.requirement("RQ-051")
def test_saturated_samples_count_as_missing() -> None:
    def saturated(rig: Rig) -> None:
        rig.primary.saturated = rig.monitor.saturated = True
        rig.primary.ax_ug = rig.monitor.ax_ug = 1_998_848

    rig = Rig()
    rig.run(2)
    rig.run(0.05, spoil=saturated)
    assert rig.estimate.valid
    assert abs(rig.estimate.tilt_mdeg + 75_000) < 20
    rig.tick(spoil=saturated)
    assert not rig.estimate.valid


def test_disagreement_widens_the_bound() -> None:
    def apart(rig: Rig) -> None:
        theta = math.radians(rig.tilt_deg + 8)
        rig.monitor.ax_ug = round(math.sin(theta) * 1e6)
        rig.monitor.az_ug = round(math.cos(theta) * 1e6)

    rig = Rig(10.0)
    estimate = rig.run(3, spoil=apart)
    assert estimate.primary_ok
    assert estimate.monitor_ok
    assert abs(estimate.disagreement_mdeg - 8_000) < 50
    assert estimate.error_mdeg >= estimate.disagreement_mdeg


def test_calibration_is_applied() -> None:
    """Readings spoiled by known errors, on a mount turned 90 deg about z and tilted by 5 deg."""
    cos5, sin5 = 16_322, 1_428
    # Rows are the bed's axes in sensor axes: bed x along sensor y, tilted; bed y along sensor -x.
    mount = ((0, cos5, sin5), (-16_384, 0, 0), (0, -sin5, cos5))
    calibration = Calibration(
        (12_000, -30_000, 25_000), (20_000, -15_000, 10_000), (0, 0, 0), mount, 250, 100
    )
    rig = Rig(40.0)
    rig.estimator = TiltEstimator(calibration, nominal_monitor())

    def spoil(rig: Rig) -> None:
        bed = rig.primary.ax_ug, 0, rig.primary.az_ug
        sensor = [
            sum(mount[row][axis] * bed[row] for row in range(3)) / 16_384 for axis in range(3)
        ]
        scaled = [v / (1 + p / 1e6) for v, p in zip(sensor, (20_000, -15_000, 10_000), strict=True)]
        rig.primary.ax_ug = round(scaled[0]) + 12_000
        rig.primary.ay_ug = round(scaled[1]) - 30_000
        rig.primary.az_ug = round(scaled[2]) + 25_000
        rate = rig.primary.gy_udps
        rig.primary.gx_udps, rig.primary.gy_udps = -rate, 0

    rig.run(2, spoil=spoil)
    estimate = rig.run(2, 3.0, spoil)
    assert estimate.primary_ok
    assert abs(estimate.primary_tilt_mdeg - 250 - rig.tilt_deg * 1_000) < 40
    assert abs(estimate.rate_mdeg_per_s - 3_000) < 20
