"""Table motion with known truth, computed fast enough that vibration aliases as it does in life."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

INNER_HZ = 2_000
TICK_HZ = 100
REST_S = 20.0
"""At home, before the first move: the filters settle and are zeroed here."""
ZERO_FROM_S = 15.0
LEVER_M = 0.6
G_MPS2 = 9.80665
SLOWEST_HZ, FASTEST_HZ = 25.0, 120.0
DPS_PER_G = (0.6, 0.4, 2.0)
"""The frame turns a little with what shakes it, about one axis above all."""


@dataclass(frozen=True)
class Case:
    """What happens to the table; the defaults are the ordinary case."""

    name: str
    moves: int = 7
    hold_at_deg: float | None = None
    """Drive there, and hold for two minutes: nothing else."""
    vibration_g: tuple[float, float] = (0.05, 0.3)
    """Each move draws its own between these."""
    sweep: bool = False
    """The motor sweeps from the slowest to the fastest tone and back, holds included."""
    shift_g: float = 0.1
    shift_s: float = 0.3
    shift_every_s: float = 10.0
    offset_g: float = 0.0
    """Accelerometer offset of every axis, drawn up to this: not calibrated away."""
    primary_dies: bool = False
    """Half-way, and never comes back."""


ORDINARY = Case("ordinary")
CASES = (
    ORDINARY,
    replace(ORDINARY, name="hard shifting", shift_g=0.3, shift_s=0.5, shift_every_s=5.0),
    replace(ORDINARY, name="uncalibrated", offset_g=0.02),
    replace(ORDINARY, name="hold only", hold_at_deg=60.0),
    replace(ORDINARY, name="vibration sweep", vibration_g=(0.3, 0.3), sweep=True, shift_g=0.0),
    replace(ORDINARY, name="one IMU dead", primary_dies=True),
)


@dataclass(frozen=True)
class Motion:
    """At INNER_HZ, in bed axes: specific force (g), rate (deg/s), and the tilt behind them."""

    time_s: Floats
    force_g: Floats
    rate_dps: Floats
    tilt_deg: Floats


def _acceleration(case: Case, rng: np.random.Generator) -> tuple[Floats, Floats, float]:
    """Trapezoids: acceleration (deg/s2) and vibration's amplitude (g) over time, first tilt."""
    step_s = 1 / INNER_HZ
    tilt = first = -75.0
    stops = rng.uniform(-75.0, 60.0, case.moves)
    stops[0], stops[-1] = 60.0, -75.0
    if case.hold_at_deg is not None:
        stops = np.array([case.hold_at_deg])
    acceleration = [np.zeros(round(REST_S * INNER_HZ))]
    shaking = [np.zeros(round(REST_S * INNER_HZ))]
    for stop in stops:
        way = abs(stop - tilt)
        ramp_dps2 = rng.uniform(2.0, 5.0)
        top = min(rng.uniform(3.0, 6.0), np.sqrt(way * ramp_dps2))
        ramp = round(top / ramp_dps2 * INNER_HZ)
        top = ramp * ramp_dps2 * step_s
        flat = max(0, round((way / top - ramp * step_s) * INNER_HZ)) if ramp else 0
        one = np.full(ramp, ramp_dps2) * np.sign(stop - tilt)
        acceleration += [one, np.zeros(flat), -one]
        shaking.append(np.full(2 * ramp + flat, rng.uniform(*case.vibration_g)))
        tilt += np.sign(stop - tilt) * top * (ramp + flat) * step_s
        hold = round((120.0 if case.hold_at_deg is not None else rng.uniform(4, 12)) * INNER_HZ)
        acceleration.append(np.zeros(hold))
        shaking.append(np.full(hold, case.vibration_g[1] if case.sweep else 0.0))
    return np.concatenate(acceleration), np.concatenate(shaking), first


def table_motion(case: Case, seed: int) -> Motion:
    """One run of the table; the same for the same seed."""
    rng = np.random.default_rng([seed, 1])
    acceleration, shaking, first = _acceleration(case, rng)
    time_s = np.arange(1, len(acceleration) + 1) / INNER_HZ
    rate = np.cumsum(acceleration) / INNER_HZ
    tilt = first + np.cumsum(rate) / INNER_HZ
    theta, omega, alpha = np.radians(tilt), np.radians(rate), np.radians(acceleration)
    force = np.zeros((len(time_s), 3))
    force[:, 0] = -np.sin(theta) - omega**2 * LEVER_M / G_MPS2
    force[:, 2] = np.cos(theta) - alpha * LEVER_M / G_MPS2
    rates = np.zeros_like(force)
    rates[:, 1] = rate

    # The rotor's tone follows the speed, wandering a little, so that it crosses the tick's
    # frequency again and again.
    share = np.abs(rate) / 6.0 + 0.05 * np.sin(2 * np.pi * time_s / 7.3)
    if case.sweep:
        share = 0.5 - 0.5 * np.cos(2 * np.pi * time_s / 41.0)
    tone_hz = SLOWEST_HZ + (FASTEST_HZ - SLOWEST_HZ) * np.clip(share, 0, 1)
    phase = 2 * np.pi * np.cumsum(tone_hz) / INNER_HZ
    for axis in range(3):
        shake = shaking * np.sin(phase + rng.uniform(0, 2 * np.pi))
        force[:, axis] += shake
        rates[:, axis] += DPS_PER_G[axis] * shake

    # Each push has a direction of its own, along the bed, square to it, or in between.
    pushed = (time_s > REST_S) & (time_s % case.shift_every_s < case.shift_s)
    angles = rng.uniform(0, 2 * np.pi, 1 + int(time_s[-1] / case.shift_every_s))
    angle = angles[(time_s / case.shift_every_s).astype(int)]
    force[:, 0] += pushed * case.shift_g * np.cos(angle)
    force[:, 2] += pushed * case.shift_g * np.sin(angle)
    return Motion(time_s, force, rates, tilt)
