"""What is really the case at one instant, as an independent observer would measure it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Truth:
    """One instant. `motor_drive` is the bridge's effective input, -1 homeward .. 1 outward."""

    time_ms: float
    tilt_deg: float
    rate_deg_per_s: float
    current_a: float
    supply_v: float
    relay_closed: bool
    motor_drive: float
    motor_enabled: bool
    led: tuple[float, float, float]
    buzzer_hz: int
    heartbeat_age_ms: float
    at_home_switch: bool
    at_outward_end: bool
    estop_pressed: bool
    ankle_locked: bool
