"""What the two IMUs make of a motion, as the firmware configures, reads and converts them.

Data rate, low-pass, range and resolution are asked of the bench's register-level models after the
driver's own configuration was written into them; the counts go through the driver's conversion.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from inversion_table.sensing import imu, lsm6dsox, mpu6050
from inversion_table.sensing.imu import ImuSample
from table_bench.imu import lsm6dsox as lsm6dsox_model
from table_bench.imu import mpu6050 as mpu6050_model
from table_bench.imu.errors import ImuErrors, rotation
from table_bench.imu.sensor import Channel
from tests.benchmarks.tilt.motion import INNER_HZ, TICK_HZ, Case, Floats, Motion

ACCEL_NOISE_G = 400e-6
GYRO_NOISE_DPS = 5e-3
"""Both per square root of hertz."""
GYRO_BIAS_DPS = 0.5
GYRO_WALK_DPS = 0.003
"""Per square root of second."""
SCALE_ERROR = 0.01
SKEW_DEG = 2.0


@dataclass(frozen=True)
class Readings:
    """One IMU at TICK_HZ: what the driver hands on, and the same as floats for the peers."""

    samples: list[ImuSample]
    force_g: Floats
    rate_dps: Floats


def _low_pass(values: Floats, corner_hz: float) -> Floats:
    """Two equal poles, 3 dB down at the corner, settled on the first value."""
    gain = 1 - np.exp(-2 * np.pi * corner_hz / 0.6436 / INNER_HZ)
    taps = np.arange(2_000)
    response = gain**2 * (taps + 1) * (1 - gain) ** taps
    start = values[0]
    size = 1 << int(np.ceil(np.log2(len(values) + len(taps))))
    spectrum = np.fft.rfft(response, size)
    return start + np.stack(
        [
            np.fft.irfft(np.fft.rfft(values[:, axis] - start[axis], size) * spectrum, size)[
                : len(values)
            ]
            for axis in range(3)
        ],
        axis=1,
    )


def _counts(channel: Channel, values: Floats, noise: float, rng: np.random.Generator) -> Floats:
    """Noise, low-pass, sample and hold at the data rate, quantisation, end of range."""
    noisy = values + rng.normal(0, noise * np.sqrt(INNER_HZ / 2), values.shape)
    smooth = _low_pass(noisy, channel.bandwidth_hz)
    ticks = np.arange(1, len(values) * TICK_HZ // INNER_HZ + 1) / TICK_HZ
    taken_s = (np.floor(ticks * channel.rate_hz + rng.uniform()) - 0.5) / channel.rate_hz
    index = np.clip((taken_s * INNER_HZ).astype(int), 0, len(values) - 1)
    counts: Floats = np.clip(np.round(smooth[index] / channel.lsb), -32_768, 32_767)
    return counts


def read(monitor: bool, motion: Motion, case: Case, seed: int) -> Readings:
    """The readings of the primary, or of the monitor, with this seed's errors of the unit."""
    rng = np.random.default_rng([seed, 2 + monitor])
    model: mpu6050_model.Mpu6050 | lsm6dsox_model.Lsm6dsox
    if monitor:
        model = mpu6050_model.Mpu6050(ImuErrors(), "")
        model.write(mpu6050.PWR_MGMT_1, mpu6050.AWAKE)
        model.write(mpu6050.SMPLRT_DIV, mpu6050.CONFIGURATION)
        turned = np.diag([-1.0, -1.0, 1.0])
    else:
        model = lsm6dsox_model.Lsm6dsox(ImuErrors(), "")
        model.write(lsm6dsox.CTRL1_XL, lsm6dsox.CONFIGURATION)
        turned = np.eye(3)
    accel, gyro = model._channels()
    axis = rng.normal(size=3)
    skew = np.array(rotation(*(np.radians(SKEW_DEG) * axis / np.linalg.norm(axis))))
    mount = skew @ turned

    def signs() -> Floats:
        return rng.choice([-1.0, 1.0], 3)

    force = motion.force_g @ mount.T * (1 + SCALE_ERROR * rng.uniform(-1, 1, 3))
    force += case.offset_g * rng.uniform(-1, 1, 3)
    rate = motion.rate_dps @ mount.T * (1 + SCALE_ERROR * rng.uniform(-1, 1, 3))
    walk = rng.normal(0, GYRO_WALK_DPS / np.sqrt(INNER_HZ), rate.shape).cumsum(axis=0)
    rate += GYRO_BIAS_DPS * signs() + walk
    force_counts = _counts(accel, force, ACCEL_NOISE_G, rng).astype(int)
    rate_counts = _counts(gyro, rate, GYRO_NOISE_DPS, rng).astype(int)

    driver: mpu6050.Mpu6050 | lsm6dsox.Lsm6dsox
    driver = mpu6050.Mpu6050(None) if monitor else lsm6dsox.Lsm6dsox(None)
    samples = []
    for number, (a, g) in enumerate(zip(force_counts.tolist(), rate_counts.tolist(), strict=True)):
        data = struct.pack(">7h", *a, 0, *g) if monitor else struct.pack("<7h", 0, *g, *a)
        sample = ImuSample()
        imu._take_in(driver._words, bytearray(data), sample, 0)  # at one instant nothing is frozen
        sample.ok = True
        sample.read_ms = 10 * (number + 1)
        samples.append(sample)
    return Readings(
        samples,
        np.array([(s.ax_ug, s.ay_ug, s.az_ug) for s in samples]) / 1e6,
        np.array([(s.gx_udps, s.gy_udps, s.gz_udps) for s in samples]) / 1e6,
    )
