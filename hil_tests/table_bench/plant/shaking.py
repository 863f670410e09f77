"""Vibration of the bed while the motor runs."""

from __future__ import annotations

import math
import random

from table_bench.imu.sensor import Vibration

_SLOWEST_HZ = 25.0
_FASTEST_HZ = 120.0
_FULL_SPEED_RAD_S = 314.0
_WEAKEST_G = 0.05
_STRONGEST_G = 0.1
_FULL_AMPLITUDE_RAD_S = 60.0  # from about 2 deg/s at the bed on, it no longer grows
_DPS_PER_G = 4.0


class Shaking:
    """A sine whose frequency follows the rotor; each table has its own strength."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(f"shaking {seed}")
        self.strength_g = draw.uniform(_WEAKEST_G, _STRONGEST_G)
        self._phase_rad = draw.uniform(0.0, 2.0 * math.pi)

    def advance(self, dt_s: float, rotor_rad_s: float, *sensors: Vibration) -> None:
        """Let `dt_s` pass at this rotor speed and tell every sensor what it feels."""
        speed = abs(rotor_rad_s)
        if speed == 0.0:
            for sensor in sensors:
                sensor.accel_g = sensor.rate_dps = 0.0
            return
        share = speed / _FULL_SPEED_RAD_S
        frequency_hz = _SLOWEST_HZ + (_FASTEST_HZ - _SLOWEST_HZ) * min(share, 1.0)
        amplitude_g = self.strength_g * min(speed / _FULL_AMPLITUDE_RAD_S, 1.0)
        self._phase_rad = (self._phase_rad + 2.0 * math.pi * frequency_hz * dt_s) % (2.0 * math.pi)
        for sensor in sensors:
            sensor.accel_g = amplitude_g
            sensor.rate_dps = amplitude_g * _DPS_PER_G
            sensor.frequency_hz = frequency_hz
            sensor.phase_rad = self._phase_rad
