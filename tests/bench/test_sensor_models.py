"""The register-level sensors, against their datasheets."""

import math
import struct
from itertools import pairwise

import pytest

from table_bench.imu import ImuErrors, Lsm6dsox, Mpu6050
from table_bench.imu.errors import HALF_ROUND_ABOUT_Z, draw_errors

FLAT = (0.0, 0.0, 1.0)
STILL = (0.0, 0.0, 0.0)


def settle(sensor, force=FLAT, rate=STILL, seconds=1.0, temperature=25.0):
    for _ in range(int(seconds * 100)):
        sensor.update(force, rate, temperature, 0.01)


def lsm(ctrl1=0x50, ctrl2=0x50, **errors):
    sensor = Lsm6dsox(ImuErrors(**errors), "test")
    sensor.write(0x10, bytes((ctrl1, ctrl2)))
    return sensor


def lsm_values(sensor):
    return struct.unpack("<7h", sensor.read(0x20, 14))


def mpu(config=3, gyro=0, accel=0, divider=4, **errors):
    sensor = Mpu6050(ImuErrors(**errors), "test")
    sensor.write(0x6B, b"\x01")
    sensor.write(0x19, bytes((divider, config, gyro, accel)))
    return sensor


def mpu_values(sensor):
    return struct.unpack(">7h", sensor.read(0x3B, 14))


def test_identities():
    assert Lsm6dsox(ImuErrors(), "a").read(0x0F, 1) == b"\x6c"
    assert Mpu6050(ImuErrors(), "a").read(0x75, 1) == b"\x68"


def test_both_give_nothing_before_they_are_configured():
    primary, monitor = Lsm6dsox(ImuErrors(), "a"), Mpu6050(ImuErrors(), "a")
    assert monitor.read(0x6B, 1) == b"\x40"  # asleep
    settle(primary)
    settle(monitor)
    assert primary.read(0x1E, 1) == b"\0"
    assert primary.read(0x22, 12) == bytes(12)
    assert monitor.read(0x3A, 15) == bytes(15)


@pytest.mark.parametrize(
    ("ctrl1", "counts_per_g"),
    [(0x50, 1 / 0.061e-3), (0x58, 1 / 0.122e-3), (0x5C, 1 / 0.244e-3), (0x54, 1 / 0.488e-3)],
)
def test_lsm_accelerometer_range(ctrl1, counts_per_g):
    sensor = lsm(ctrl1)
    settle(sensor, (-0.6, 0.0, 0.8))
    x, y, z = lsm_values(sensor)[4:]
    assert x == pytest.approx(-0.6 * counts_per_g, abs=0.006 * counts_per_g)
    assert y == pytest.approx(0, abs=0.006 * counts_per_g)
    assert z == pytest.approx(0.8 * counts_per_g, abs=0.006 * counts_per_g)


@pytest.mark.parametrize(
    ("ctrl2", "mdps"), [(0x52, 4.375), (0x50, 8.75), (0x54, 17.5), (0x58, 35), (0x5C, 70)]
)
def test_lsm_gyroscope_range(ctrl2, mdps):
    sensor = lsm(ctrl2=ctrl2)
    settle(sensor, rate=(0.0, 50.0, -20.0))
    x, y, z = lsm_values(sensor)[1:4]
    assert (x * mdps, y * mdps, z * mdps) == pytest.approx((0, 50_000, -20_000), abs=250)


@pytest.mark.parametrize(("code", "per_g"), [(0, 16384), (8, 8192), (16, 4096), (24, 2048)])
def test_mpu_ranges(code, per_g):
    sensor = mpu(gyro=code, accel=code)
    settle(sensor, (-0.6, 0.0, 0.8), (0.0, 50.0, 0.0))
    values = mpu_values(sensor)
    assert values[0] / per_g == pytest.approx(-0.6, abs=0.02)
    assert values[2] / per_g == pytest.approx(0.8, abs=0.02)
    assert values[5] * 8 * per_g / 16384 / 131 * (16384 / per_g) ** 2 / 8 == pytest.approx(
        50, rel=0.02
    )


def test_values_past_the_range_saturate():
    sensor = lsm()
    settle(sensor, (3.0, 0.0, -3.0), (400.0, 0.0, -400.0))
    values = lsm_values(sensor)
    assert (values[1], values[3], values[4], values[6]) == (32767, -32768, 32767, -32768)


def test_lsm_holds_a_sample_until_the_next_one_is_due():
    sensor = lsm(ctrl1=0x10, ctrl2=0x10)  # 12.5 Hz: a sample every 80 ms
    settle(sensor)
    seen = []
    for _ in range(80):
        settle(sensor, seconds=0.01)
        seen.append(sensor.read(0x20, 14))
    changes = sum(a != b for a, b in pairwise(seen))
    assert changes == 10


def test_data_ready_flags_rise_with_a_sample_and_fall_with_reading():
    sensor = lsm()
    settle(sensor)
    assert sensor.read(0x1E, 1)[0] & 3 == 3
    sensor.read(0x28, 6)
    assert sensor.read(0x1E, 1)[0] & 3 == 2
    sensor.read(0x22, 6)
    assert sensor.read(0x1E, 1)[0] & 3 == 0
    monitor = mpu()
    settle(monitor)
    assert monitor.read(0x3A, 1) == b"\x01"
    assert monitor.read(0x3A, 1) == b"\x00"


def rms(values):
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))


def test_the_low_pass_takes_noise_and_vibration_away():
    def spread(config, shake_g):
        sensor = mpu(config=config)
        settle(sensor)
        sensor.vibration.accel_g = shake_g
        sensor.vibration.frequency_hz = 63.0
        values = []
        for i in range(400):
            sensor.vibration.phase_rad = 2 * math.pi * 63.0 * 0.01 * i
            settle(sensor, seconds=0.01)
            values.append(mpu_values(sensor)[2] / 16384)
        return rms(values)

    assert spread(1, 0.0) > 3 * spread(6, 0.0)
    # A sine of 0.1 g has 0.071 g rms; it stays whole at 184 Hz bandwidth, vanishes at 5 Hz.
    assert spread(1, 0.1) == pytest.approx(0.071 / (1 + (63 / 184) ** 2), rel=0.15)
    assert spread(6, 0.1) < 0.003


def test_the_low_pass_delays_a_step():
    slow, fast = mpu(config=6), mpu(config=1)
    for sensor in (slow, fast):
        settle(sensor)
        settle(sensor, force=(1.0, 0.0, 0.0), seconds=0.02)
    assert mpu_values(fast)[0] / 16384 > 0.95
    # 5 Hz: after 20 ms a first-order low-pass has reached 1 - exp(-2 pi 5 0.02) = 0.47.
    assert mpu_values(slow)[0] / 16384 == pytest.approx(0.47, abs=0.05)


def test_temperature_registers():
    primary, monitor = lsm(), mpu()
    settle(primary, temperature=31.0)
    settle(monitor, temperature=31.0)
    assert lsm_values(primary)[0] / 256 + 25 == pytest.approx(31.0, abs=0.02)
    assert mpu_values(monitor)[3] / 340 + 36.53 == pytest.approx(31.0, abs=0.02)


def test_errors_act_as_declared():
    sensor = lsm(
        mount=HALF_ROUND_ABOUT_Z,
        accel_scale=(1.02, 1.0, 1.0),
        accel_bias_g=(0.0, 0.0, 0.03),
        gyro_bias_dps=(0.0, 1.5, 0.0),
        gyro_bias_slope_dps_per_c=(0.0, 0.1, 0.0),
    )
    settle(sensor, (-0.6, 0.0, 0.8), (0.0, 3.0, 0.0), temperature=35.0)
    values = lsm_values(sensor)
    assert values[4] * 0.061e-3 == pytest.approx(0.612, abs=0.006)
    assert values[6] * 0.061e-3 == pytest.approx(0.83, abs=0.006)
    assert values[2] * 8.75e-3 == pytest.approx(-3.0 + 1.5 + 1.0, abs=0.2)


def test_a_drawn_specimen_has_an_orthonormal_mount_and_depends_on_its_seed_only():
    figures = {
        "misalignment_deg": 1.0,
        "accel_bias_g": 0.02,
        "accel_scale": 0.01,
        "accel_slope_g_per_c": 0.0,
        "gyro_bias_dps": 1.0,
        "gyro_scale": 0.01,
        "gyro_slope_dps_per_c": 0.0,
    }
    first = draw_errors("a", HALF_ROUND_ABOUT_Z, **figures)
    assert first == draw_errors("a", HALF_ROUND_ABOUT_Z, **figures)
    assert first != draw_errors("b", HALF_ROUND_ABOUT_Z, **figures)
    for i in range(3):
        for j in range(3):
            dot = sum(first.mount[i][k] * first.mount[j][k] for k in range(3))
            assert dot == pytest.approx(float(i == j), abs=1e-9)
    assert first.mount[0][0] < -0.99


def test_broken_states():
    sensor = lsm()
    settle(sensor)
    sensor.faults.frozen = True
    sensor.faults_changed()
    before = sensor.read(0x20, 14)
    settle(sensor, (0.5, 0.0, 0.5))
    assert sensor.read(0x20, 14) == before
    sensor.faults.frozen = False
    sensor.faults.upside_down = True
    sensor.faults_changed()
    settle(sensor)
    assert lsm_values(sensor)[6] * 0.061e-3 == pytest.approx(-1.0, abs=0.01)
    sensor.faults.upside_down = False
    sensor.faults.saturated = True
    sensor.faults_changed()
    settle(sensor)
    assert set(lsm_values(sensor)[1:]) == {32767}
    sensor.faults.saturated = False
    sensor.faults.gyro_drift_dps_per_s = 0.5
    sensor.faults_changed()
    settle(sensor, seconds=4.0)
    assert lsm_values(sensor)[2] * 8.75e-3 == pytest.approx(2.0, abs=0.2)


def test_a_detached_sensor_no_longer_follows_the_bed():
    sensor = lsm()
    settle(sensor)
    sensor.faults.detached = True
    sensor.faults_changed()
    settle(sensor, (-0.8, 0.0, 0.6), (0.0, 3.0, 0.0))
    values = lsm_values(sensor)
    assert values[6] * 0.061e-3 == pytest.approx(1.0, abs=0.01)
    assert values[2] * 8.75e-3 == pytest.approx(0.0, abs=0.2)


def test_software_reset_brings_defaults_back():
    sensor = lsm()
    sensor.write(0x12, b"\x05")
    assert sensor.read(0x10, 3) == b"\x00\x00\x04"
    monitor = mpu()
    monitor.write(0x6B, b"\x80")
    assert monitor.read(0x6B, 1) == b"\x40"
    assert monitor.read(0x1A, 1) == b"\x00"
    monitor.write(0x75, b"\x00")
    assert monitor.read(0x75, 1) == b"\x68"


def test_lsm_repeats_one_register_without_auto_increment():
    sensor = lsm()
    sensor.write(0x12, b"\x00")
    assert sensor.read(0x0F, 3) == b"\x6c\x6c\x6c"
