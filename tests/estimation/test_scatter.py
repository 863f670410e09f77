"""Noise of a gyroscope: told from a sound one, from vibration, and from what beds and riders do."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace

import pytest

from inversion_table.estimation.calibration import nominal_monitor, nominal_primary
from inversion_table.estimation.channel import NOISY, OK, SCATTER_MAX_UDPS, GravityChannel
from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.sensing.imu import ImuSample
from tests.benchmarks.tilt import motion
from tests.benchmarks.tilt.motion import CASES
from tests.benchmarks.tilt.sensors import read
from tests.estimation.motion import Table, lsm6dsox, mpu6050, run

NOISE_DPS = {"primary": (0.0038, 23.1), "monitor": (0.005, 10.0)}
"""Data sheet: deg/s a root hertz, and the bandwidth that the driver sets."""


def sigma_udps(name: str) -> float:
    density, bandwidth_hz = NOISE_DPS[name]
    return float(density * (1.57 * bandwidth_hz) ** 0.5 * 1e6)


ACCEL_NOISE_G = {"primary": 0.0003, "monitor": 0.0016}
"""The same of the accelerometers, as a standard deviation."""


def channel_of(name: str) -> GravityChannel:
    estimator = TiltEstimator(nominal_primary(), nominal_monitor())
    return estimator.primary if name == "primary" else estimator.monitor


class Rig:
    """One channel at rest at home, with white noise of `gain` times the data sheet's."""

    def __init__(self, name: str, seed: int) -> None:
        self.sign = 1 if name == "primary" else -1
        self.channel = channel_of(name)
        self.sigma = sigma_udps(name)
        self.rng = random.Random(f"scatter {seed}")
        self.sample = ImuSample()
        self.now_ms = 0
        self.shake_g = 0.0
        self.accel_noise_g = 0.0

    def tick(
        self, gain: float, rate_dps: float = 0.0, step_ms: int = 10, axes: str = "xyz"
    ) -> None:
        self.now_ms += step_ms
        sample = self.sample
        sample.ok = True
        shaken = [
            self.shake_g * math.sin(2 * math.pi * 0.036 * self.now_ms + axis)
            + (self.rng.gauss(0, self.accel_noise_g) if self.accel_noise_g else 0.0)
            for axis in range(3)
        ]
        sample.ax_ug, sample.ay_ug, sample.az_ug = (
            round(v * 1e6 + s * 1e6)
            for v, s in zip((self.sign * 0.965926, 0.0, 0.258819), shaken, strict=True)
        )
        values = dict.fromkeys("xyz", 0.0)
        values["y"] = self.sign * rate_dps * 1e6
        for axis in "xyz":
            scale = gain if axis in axes else 1.0
            values[axis] += self.rng.gauss(0, self.sigma * scale)
        sample.gx_udps, sample.gy_udps, sample.gz_udps = (int(values[axis]) for axis in "xyz")
        self.channel.update(sample, self.now_ms)

    def run(self, seconds: float, gain: float = 1.0) -> None:
        for _ in range(round(seconds * 100)):
            self.tick(gain)


@pytest.mark.requirement("RQ-085")
@pytest.mark.parametrize("name", NOISE_DPS)
@pytest.mark.parametrize("gain", [10, 20, 60, 300])
@pytest.mark.parametrize("seed", range(10))
def test_ten_times_the_noise_is_not_believed_within_half_a_second(
    name: str, gain: int, seed: int
) -> None:
    rig = Rig(name, seed)
    rig.run(3)
    assert rig.channel.get(OK)
    rig.run(0.5, gain)
    assert (rig.channel.get(NOISY), rig.channel.get(OK)) == (1, 0)
    rig.run(2)  # and sound again, it is believed again
    assert (rig.channel.get(NOISY), rig.channel.get(OK)) == (0, 1)


@pytest.mark.requirement("RQ-085")
@pytest.mark.parametrize("name", NOISE_DPS)
def test_three_times_the_noise_is_borne(name: str) -> None:
    rig = Rig(name, 1)
    rig.run(3)
    for _ in range(6_000):
        rig.tick(3.0)
        assert not rig.channel.get(NOISY)


@pytest.mark.requirement("RQ-085")
@pytest.mark.parametrize("axes", ["xy", "yz", "xz"])
def test_two_axes_are_enough_and_one_is_not(axes: str) -> None:
    rig = Rig("primary", 2)
    rig.run(3)
    for _ in range(300):
        rig.tick(60.0, axes=axes[0])
        assert not rig.channel.get(NOISY)
    for _ in range(50):
        rig.tick(60.0, axes=axes)
    assert rig.channel.get(NOISY)


@pytest.mark.requirement("RQ-085")
def test_a_bed_that_stops_dead_again_and_again_is_no_noise() -> None:
    rig = Rig("primary", 3)
    rig.run(3)
    for turn in range(40):
        for _ in range(25):
            rig.tick(1.0, 6.0 if turn % 2 else 0.0)
            assert not rig.channel.get(NOISY)


@pytest.mark.requirement("RQ-085")
def test_late_ticks_and_gaps_are_no_noise() -> None:
    rig = Rig("primary", 4)
    rig.run(3)
    for tick in range(2_000):
        rig.tick(1.0, 3.0 if tick // 30 % 2 else -3.0, step_ms=(10, 10, 0, 20, 45)[tick % 5])
        assert not rig.channel.get(NOISY)


@pytest.mark.requirement("RQ-085")
@pytest.mark.parametrize(
    "table",
    [
        Table([-75, 60, -75], rate_dps=6.0, acceleration_dps2=3.0, hold_s=2, vibration_g=0.3),
        Table([-75, 30, -75], rate_dps=6.0, hold_s=2, shift_g=0.3, shift_s=0.5),
    ],
    ids=["strong vibration", "a rider who shifts"],
)
def test_no_vibration_and_no_shift_of_a_rider_is_noise(table: Table) -> None:
    estimator, estimate = TiltEstimator(nominal_primary(), nominal_monitor()), Estimate()
    for now_ms, _, _, (first, second) in run(table, [lsm6dsox(), mpu6050()]):
        estimator.update(first, second, now_ms, estimate)
        assert not estimator.primary.get(NOISY)
        assert not estimator.monitor.get(NOISY)


SHAKEN = replace(
    next(case for case in CASES if case.name == "vibration sweep"), moves=3, vibration_g=(0.3, 0.3)
)


@pytest.mark.requirement("RQ-085")
@pytest.mark.parametrize("monitor", [False, True], ids=["primary", "monitor"])
@pytest.mark.parametrize("dps_per_g", [(2.0, 2.0, 2.0), (1.2, 0.8, 4.0), (4.0, 2.0, 1.0)])
def test_a_bed_shaken_hard_about_every_axis_is_no_noise(
    monitor: bool, dps_per_g: tuple[float, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motion, "DPS_PER_G", dps_per_g)
    readings = read(monitor, motion.table_motion(SHAKEN, 1), SHAKEN, 1)
    channel = channel_of("monitor" if monitor else "primary")
    for tick, sample in enumerate(readings.samples):
        channel.update(sample, 10 * (tick + 1))
        assert not channel.get(NOISY)


@pytest.mark.requirement("RQ-085")
@pytest.mark.parametrize("name", NOISE_DPS)
@pytest.mark.parametrize("phase", range(3))
def test_noise_is_told_on_a_bed_that_an_ordinary_motor_shakes(name: str, phase: int) -> None:
    rig = Rig(name, phase)
    rig.run(3)
    rig.shake_g = 0.012  # more than 0.1 g at 36 Hz leaves after the low-pass at 10 Hz
    rig.run(2)
    assert rig.channel.get(OK)
    rig.run(0.5, 10)
    assert (rig.channel.get(NOISY), rig.channel.get(OK)) == (1, 0)


@pytest.mark.requirement("RQ-085")
@pytest.mark.parametrize("name", NOISE_DPS)
@pytest.mark.parametrize("seed", range(5))
def test_a_noisy_accelerometer_does_not_hide_a_noisy_gyroscope(name: str, seed: int) -> None:
    rig = Rig(name, seed)
    rig.run(3)
    rig.accel_noise_g = 10 * ACCEL_NOISE_G[name]
    rig.run(0.5, 10)
    assert rig.channel.get(NOISY)


def test_the_bound_lies_between_the_sound_and_ten_times_that() -> None:
    for name, gain in itertools.product(NOISE_DPS, (1, 10)):
        mean_step = 1.128 * sigma_udps(name) * gain
        assert (mean_step > 1.4 * SCATTER_MAX_UDPS) == (gain == 10)
        assert (mean_step < SCATTER_MAX_UDPS / 5) == (gain == 1)
