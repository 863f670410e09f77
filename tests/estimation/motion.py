"""Synthetic table motion with known truth, seen by two imperfect IMUs. Floats: tests only.

Its sensor model is written from the datasheets, apart from the virtual bench's: true motion at
1 kHz, first-order-per-pole low-pass as configured, bias, noise, vibration, lever arm, quantisation.
"""

import math
import random
from dataclasses import dataclass, field

from inversion_table.sensing.imu import ImuSample

SUBSTEPS = 10
STEP_S = 0.01 / SUBSTEPS
G_MPS2 = 9.80665


@dataclass
class SensorModel:
    """One IMU: its filter corners, errors, and how it is mounted (sign of x and y)."""

    accel_corner_hz: float
    gyro_corner_hz: float
    ug_per_lsb: float
    udps_per_lsb: float
    mount_sign: int
    gyro_bias_dps: tuple[float, float, float] = (0.5, -0.5, 0.5)
    accel_bias_g: tuple[float, float, float] = (0.0, 0.0, 0.0)
    accel_noise_g: float = 400e-6
    """Per square root of Hz."""
    gyro_noise_dps: float = 0.005
    gyro_scale: float = 1.0
    accel_state: list[list[float]] = field(default_factory=lambda: [[0.0] * 3, [0.0] * 3])
    gyro_state: list[list[float]] = field(default_factory=lambda: [[0.0] * 3, [0.0] * 3])
    primed: bool = False

    def step(self, force_g: list[float], rate_dps: list[float], rng: random.Random) -> None:
        """Advance the sensor's analog and digital filters (two poles each) by STEP_S."""
        noise = math.sqrt(1 / (2 * STEP_S))
        for states, inputs, corner, density in (
            (self.accel_state, force_g, self.accel_corner_hz, self.accel_noise_g),
            (self.gyro_state, rate_dps, self.gyro_corner_hz, self.gyro_noise_dps),
        ):
            # Two equal poles are 3 dB down at the corner when each is at corner / 0.6436.
            gain = 1 - math.exp(-2 * math.pi * corner / 0.6436 * STEP_S)
            for axis in range(3):
                value = inputs[axis] + rng.gauss(0, density * noise)
                if not self.primed:
                    states[0][axis] = states[1][axis] = inputs[axis]
                states[0][axis] += gain * (value - states[0][axis])
                states[1][axis] += gain * (states[0][axis] - states[1][axis])
        self.primed = True

    def sample(self, out: ImuSample, now_ms: int) -> None:
        """Quantise into `out`, in sensor axes."""
        s = self.mount_sign
        force = [
            value + bias
            for value, bias in zip(
                (s * self.accel_state[1][0], s * self.accel_state[1][1], self.accel_state[1][2]),
                self.accel_bias_g,
                strict=True,
            )
        ]
        rate = [
            value * self.gyro_scale + bias
            for value, bias in zip(
                (s * self.gyro_state[1][0], s * self.gyro_state[1][1], self.gyro_state[1][2]),
                self.gyro_bias_dps,
                strict=True,
            )
        ]
        ax, ay, az = (round(v * 1e6 / self.ug_per_lsb) for v in force)
        gx, gy, gz = (round(v * 1e6 / self.udps_per_lsb) for v in rate)
        limit = 32_767
        out.saturated = any(abs(v) >= limit for v in (ax, ay, az, gx, gy, gz))
        out.ax_ug, out.ay_ug, out.az_ug = (
            int(max(-limit, min(limit, v)) * self.ug_per_lsb) for v in (ax, ay, az)
        )
        out.gx_udps, out.gy_udps, out.gz_udps = (
            int(max(-limit, min(limit, v)) * self.udps_per_lsb) for v in (gx, gy, gz)
        )
        out.read_ms = now_ms
        out.ok = True


def lsm6dsox(**changes) -> SensorModel:
    """As configured by the driver: 10.4 Hz, 23.1 Hz."""
    return SensorModel(10.4, 23.1, 61.0, 4_375.0, 1, **changes)


def mpu6050(**changes) -> SensorModel:
    """As configured by the driver: 10 Hz, 10 Hz; mounted half round."""
    return SensorModel(10.0, 10.0, 1e6 / 16_384, 1e6 / 131, -1, **changes)


@dataclass
class Table:
    """Trapezoids between tilts, the motor shaking the bed while it turns, a rider who shifts."""

    stops_deg: list[float]
    rate_dps: float = 3.0
    acceleration_dps2: float = 2.0
    hold_s: float = 8.0
    vibration_g: float = 0.1
    lever_m: float = 0.6
    seed: int = 1
    shift_g: float = 0.0
    shift_s: float = 0.3
    shift_every_s: float = 10.0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.tilt_deg = self.stops_deg[0]
        self.tilt_rate_dps = 0.0
        self.next_stop = 1
        self.wait_s = self.hold_s
        self.time_s = 0.0
        self.phases = [self.rng.uniform(0, 2 * math.pi) for _ in range(9)]
        self.phase = 0.0

    @property
    def done(self) -> bool:
        return self.next_stop >= len(self.stops_deg)

    def step(self) -> tuple[list[float], list[float]]:
        """Advance by STEP_S; specific force (g) and rate (deg/s) in bed axes."""
        acceleration = 0.0
        if self.wait_s > 0 or self.done:
            self.wait_s -= STEP_S
        else:
            left = self.stops_deg[self.next_stop] - self.tilt_deg
            direction = math.copysign(1.0, left)
            braking = self.tilt_rate_dps**2 / (2 * self.acceleration_dps2)
            speed = abs(self.tilt_rate_dps)
            wanted = 0.0 if abs(left) <= braking else self.rate_dps
            change = self.acceleration_dps2 * STEP_S
            new_speed = (
                min(wanted, speed + change) if wanted > speed else max(wanted, speed - change)
            )
            acceleration = direction * (new_speed - speed) / STEP_S
            self.tilt_rate_dps = direction * new_speed
            if new_speed <= change and abs(left) < 0.05:
                self.tilt_rate_dps = 0.0
                self.next_stop += 1
                self.wait_s = self.hold_s
        self.tilt_deg += self.tilt_rate_dps * STEP_S
        self.time_s += STEP_S
        theta = math.radians(self.tilt_deg)
        omega = math.radians(self.tilt_rate_dps)
        alpha = math.radians(acceleration)
        # The IMU sits at +x from the hinge: x' = -omega^2 r, z' = -alpha r (omega is about +y).
        force = [
            -math.sin(theta) - omega**2 * self.lever_m / G_MPS2,
            0.0,
            math.cos(theta) - alpha * self.lever_m / G_MPS2,
        ]
        if self.tilt_rate_dps and self.vibration_g:
            # The motor sweeps 25 .. 120 Hz with its speed; a second tone stays near the tick rate,
            # where it aliases.
            sweep = 25 + 95 * (0.5 + 0.5 * math.sin(2 * math.pi * self.time_s / 17))
            self.phase += 2 * math.pi * sweep * STEP_S
            tone = 2 * math.pi * 99.6 * self.time_s
            for axis in range(3):
                force[axis] += self.vibration_g * (
                    0.8 * math.sin(self.phase + self.phases[axis])
                    + 0.2 * math.sin(tone + self.phases[axis + 3])
                )
        if self.shift_g and self.time_s % self.shift_every_s < self.shift_s:
            force[0] += self.shift_g
        return force, [0.0, self.tilt_rate_dps, 0.0]


def run(table: Table, models: list[SensorModel], seconds: float = math.inf):
    """Yield (now_ms, true tilt in mdeg, true rate in mdeg/s, samples) at each 10 ms tick."""
    samples = [ImuSample() for _ in models]
    now_ms = 0
    settle_ms = 0
    while now_ms < seconds * 1_000:
        for _ in range(SUBSTEPS):
            force, rate = table.step()
            for model in models:
                model.step(force, rate, table.rng)
        now_ms += 10
        for model, sample in zip(models, samples, strict=True):
            model.sample(sample, now_ms)
        yield now_ms, table.tilt_deg * 1_000, table.tilt_rate_dps * 1_000, samples
        if table.done:
            settle_ms += 10
            if settle_ms > table.hold_s * 1_000:
                return
