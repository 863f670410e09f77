"""What both sensors have in common: analogue path, sampling, quantisation and broken states.

The path is: bed motion -> mount and errors -> low-pass -> sample and hold at the output data rate
-> noise -> scale and saturate -> registers. Vibration is handled as a sine: its amplitude after the
configured low-pass, taken at the exact instant of each sample, so that it aliases as in reality.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from table_bench.imu.errors import ALIGNED, UPSIDE_DOWN, ImuErrors, Matrix, Vector, multiply
from table_bench.imu.noise import NoiseRows

_TEMPERATURE_STEP_C = 0.1
_REFERENCE_C = 25.0
_FULL = 32767


@dataclass(frozen=True)
class Channel:
    """Settings of the accelerometer or the gyroscope as its registers say.

    `rate_hz` 0 = off; `lsb` in g or dps; `noise_density` in g or dps per root hertz.
    """

    rate_hz: float
    lsb: float
    bandwidth_hz: float
    noise_density: float


@dataclass
class SensorFaults:
    """How the sensor is broken."""

    frozen: bool = False
    noise_gain: float = 1.0
    saturated: bool = False
    upside_down: bool = False
    detached: bool = False
    accel_drift_g: float = 0.0
    gyro_drift_dps: float = 0.0
    gyro_drift_dps_per_s: float = 0.0

    def any(self) -> bool:
        """Whether anything is wrong."""
        return self != SensorFaults()


@dataclass
class Vibration:
    """A sine on the bed: amplitudes at the sensor, frequency, and phase at the present instant."""

    accel_g: float = 0.0
    rate_dps: float = 0.0
    frequency_hz: float = 0.0
    phase_rad: float = 0.0


class _Path:
    """Accelerometer or gyroscope: three low-passes, one sample clock, one linear map to counts."""

    __slots__ = (
        "alpha",
        "alpha_dt_s",
        "channel",
        "lsb_matrix",
        "lsb_offset",
        "period_s",
        "sample_index",
        "sample_s",
        "sigma",
        "x",
        "y",
        "z",
    )

    def __init__(self) -> None:
        self.x = self.y = self.z = 0.0
        self.alpha = 0.0
        self.alpha_dt_s = -1.0
        self.sample_index = -1
        self.sample_s = 0.0
        self.period_s = 0.0
        self.sigma = 0.0
        self.channel = Channel(0.0, 1.0, 1.0, 0.0)
        self.lsb_matrix: tuple[float, ...] = (0.0,) * 9
        self.lsb_offset: Vector = (0.0, 0.0, 0.0)

    def configure(self, channel: Channel, matrix: Matrix, scale: Vector, bias: Vector) -> None:
        """Take over settings and errors."""
        self.channel = channel
        self.period_s = 1.0 / channel.rate_hz if channel.rate_hz else 0.0
        self.alpha_dt_s = -1.0
        lsb = channel.lsb
        self.sigma = channel.noise_density * math.sqrt(1.57 * channel.bandwidth_hz) / lsb
        self.lsb_matrix = tuple(
            matrix[row][column] * scale[row] / lsb for row in range(3) for column in range(3)
        )
        self.lsb_offset = (bias[0] / lsb, bias[1] / lsb, bias[2] / lsb)

    def follow(self, vector: Vector, dt_s: float) -> None:
        """First-order low-pass toward `vector`."""
        if dt_s != self.alpha_dt_s:
            self.alpha_dt_s = dt_s
            self.alpha = 1.0 - math.exp(-dt_s * 2.0 * math.pi * self.channel.bandwidth_hz)
        alpha = self.alpha
        self.x += (vector[0] - self.x) * alpha
        self.y += (vector[1] - self.y) * alpha
        self.z += (vector[2] - self.z) * alpha

    def due(self, now_s: float) -> bool:
        """Whether a sample instant has passed since the last sample."""
        period_s = self.period_s
        if not period_s:
            return False
        index = int(now_s / period_s)
        if index == self.sample_index:
            return False
        self.sample_index = index
        self.sample_s = index * period_s
        return True

    def counts(self, shake: float, noise: list[float], first: int, gain: float) -> list[int]:
        """The sample in counts; `shake` is the vibration at this instant, along (0.3, 0.2, 1)."""
        x = self.x + 0.3 * shake
        y = self.y + 0.2 * shake
        z = self.z + shake
        m = self.lsb_matrix
        offset = self.lsb_offset
        sigma = self.sigma * gain
        values = [
            int(m[0] * x + m[1] * y + m[2] * z + offset[0] + sigma * noise[first] + 1048576.5)
            - 1048576,
            int(m[3] * x + m[4] * y + m[5] * z + offset[1] + sigma * noise[first + 1] + 1048576.5)
            - 1048576,
            int(m[6] * x + m[7] * y + m[8] * z + offset[2] + sigma * noise[first + 2] + 1048576.5)
            - 1048576,
        ]
        if max(values) > _FULL or min(values) < -_FULL - 1:
            return [max(-_FULL - 1, min(_FULL, value)) for value in values]
        return values


@dataclass
class Sample:
    """The latest conversion results in counts."""

    accel: list[int] = field(default_factory=lambda: [0, 0, 0])
    gyro: list[int] = field(default_factory=lambda: [0, 0, 0])


class Sensor:
    """Base of a register-level model; a subclass owns the register map."""

    ADDRESS = 0

    def __init__(self, errors: ImuErrors, seed: str) -> None:
        self.errors = errors
        self.faults = SensorFaults()
        self.vibration = Vibration()
        self.registers = bytearray(256)
        self.pointer = 0
        self.sample = Sample()
        self._noise = NoiseRows(seed)
        self._accel = _Path()
        self._gyro = _Path()
        self._now_s = 0.0
        self._temperature_c = _REFERENCE_C
        self._force: Vector = (0.0, 0.0, 0.0)
        self._held_force: Vector | None = None
        self._broken = False
        self._drifting = False
        self._drifting_since_s = 0.0
        self.power_on()

    # --- what a subclass provides ------------------------------------------------------------

    def _reset_registers(self) -> None:
        """Put the register file into its state after reset."""
        raise NotImplementedError

    def _channels(self) -> tuple[Channel, Channel]:
        """Accelerometer and gyroscope settings that the registers ask for."""
        raise NotImplementedError

    def _store(self, new_accel: bool, new_gyro: bool, temperature_c: float) -> None:
        """Write `sample` and the temperature into the output and status registers."""
        raise NotImplementedError

    def _written(self, register: int, value: int) -> None:
        """A host wrote one register."""
        raise NotImplementedError

    def read(self, register: int, count: int) -> bytes:
        """Burst read, with the side effects that reading has."""
        raise NotImplementedError

    # --- what the bench uses -----------------------------------------------------------------

    def power_on(self) -> None:
        """Registers as after power-on; the analogue state is lost."""
        self._reset_registers()
        self.pointer = 0
        self._configure()

    def write(self, register: int, data: bytes) -> None:
        """Burst write; no data only sets the register pointer."""
        self.pointer = register
        for value in data:
            self._written(self.pointer, value)
            self.pointer = (self.pointer + 1) & 0xFF
        if data:
            self._configure()

    def faults_changed(self) -> None:
        """Take note of changes in `faults`."""
        self._broken = self.faults.any()
        drifting = bool(self.faults.gyro_drift_dps_per_s)
        if drifting and not self._drifting:
            self._drifting_since_s = self._now_s
        self._drifting = drifting
        self._held_force = self._force if self.faults.detached else None
        self._configure()

    def update(
        self, specific_force_g: Vector, rate_dps: Vector, temperature_c: float, dt_s: float
    ) -> None:
        """Let `dt_s` pass with this motion of the bed (bed axes) at its end."""
        self._now_s = now_s = self._now_s + dt_s
        self._force = specific_force_g
        gain = 1.0
        vibration = self.vibration
        shake_g = vibration.accel_g
        shake_dps = vibration.rate_dps
        if abs(temperature_c - self._temperature_c) > _TEMPERATURE_STEP_C:
            self._temperature_c = temperature_c
            self._configure()
        if self._broken:
            faults = self.faults
            if faults.frozen:
                return
            gain = faults.noise_gain
            if self._held_force is not None:
                specific_force_g, rate_dps = self._held_force, (0.0, 0.0, 0.0)
                shake_g = shake_dps = 0.0
            if self._drifting:
                drift = faults.gyro_drift_dps_per_s * (now_s - self._drifting_since_s)
                rate_dps = (rate_dps[0] + drift, rate_dps[1] + drift, rate_dps[2] + drift)
        accel = self._accel
        gyro = self._gyro
        accel.follow(specific_force_g, dt_s)
        gyro.follow(rate_dps, dt_s)
        new_accel = accel.due(now_s)
        new_gyro = gyro.due(now_s)
        if not (new_accel or new_gyro):
            return
        noise = self._noise.row()
        if new_accel:
            shake = self._shake(accel, shake_g) if shake_g else 0.0
            self.sample.accel = accel.counts(shake, noise, 0, gain)
        if new_gyro:
            shake = self._shake(gyro, shake_dps) if shake_dps else 0.0
            self.sample.gyro = gyro.counts(shake, noise, 3, gain)
        if self._broken and self.faults.saturated:
            self.sample.accel = [_FULL, _FULL, _FULL]
            self.sample.gyro = [_FULL, _FULL, _FULL]
        self._store(new_accel, new_gyro, temperature_c)

    def _shake(self, path: _Path, amplitude: float) -> float:
        """Vibration that is left after a second-order low-pass, at the path's sample instant."""
        vibration = self.vibration
        ratio = vibration.frequency_hz / path.channel.bandwidth_hz
        age_s = self._now_s - path.sample_s
        phase = vibration.phase_rad - 2.0 * math.pi * vibration.frequency_hz * age_s
        return amplitude / (1.0 + ratio * ratio) * math.sin(phase)

    def _configure(self) -> None:
        errors = self.errors
        faults = self.faults
        warm = self._temperature_c - _REFERENCE_C
        accel, gyro = self._channels()
        turn = multiply(UPSIDE_DOWN if faults.upside_down else ALIGNED, errors.mount)
        self._accel.configure(
            accel,
            turn,
            errors.accel_scale,
            _shifted(
                errors.accel_bias_g, errors.accel_bias_slope_g_per_c, warm, faults.accel_drift_g
            ),
        )
        self._gyro.configure(
            gyro,
            turn,
            errors.gyro_scale,
            _shifted(
                errors.gyro_bias_dps, errors.gyro_bias_slope_dps_per_c, warm, faults.gyro_drift_dps
            ),
        )


def _shifted(bias: Vector, slope: Vector, warm_c: float, drift: float) -> Vector:
    return (
        bias[0] + slope[0] * warm_c + drift,
        bias[1] + slope[1] * warm_c + drift,
        bias[2] + slope[2] * warm_c + drift,
    )
