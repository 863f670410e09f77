"""Hand-held motion with an optical reference: inclination error of any filter (data/README.md)."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inversion_table.estimation.channel import NO_LEAD_SHIFT, UP_X, UP_Y, UP_Z, GravityChannel
from inversion_table.sensing.imu import ImuSample
from tests.benchmarks.tilt.motion import Floats
from tests.benchmarks.tilt.ours import CALIBRATED

DATA = Path(__file__).parent / "data"
COUNTS_PER_G = 2_048
COUNTS_PER_DPS = 16.384
NAMES = {"02": "slow rotation", "11": "slow translation", "25": "tapped while moving"}


@dataclass(frozen=True)
class Recording:
    """One trial, in g and deg/s; `up` is NaN where there is no reference."""

    name: str
    force_g: Floats
    rate_dps: Floats
    up: Floats
    scored: Floats

    def inclination_deg(self, up: Floats) -> tuple[float, float]:
        """RMS and worst angle to the true up vector, in the scored phases."""
        unit = up / np.linalg.norm(up, axis=1)[:, None]
        cosine = np.clip((unit * self.up).sum(axis=1), -1, 1)
        error = np.degrees(np.arccos(cosine))[(self.scored == 1) & ~np.isnan(self.up[:, 0])]
        return float(np.sqrt((error**2).mean())), float(error.max())


def recordings() -> list[Recording]:
    """All of them."""
    found = []
    for number, name in NAMES.items():
        (file,) = DATA.glob(f"broad_{number}_*.csv.gz")
        with gzip.open(file, "rt") as text:
            rows = np.genfromtxt(text, delimiter=",", skip_header=1)
        found.append(
            Recording(
                f"{number} {name}",
                rows[:, :3] / COUNTS_PER_G,
                rows[:, 3:6] / COUNTS_PER_DPS,
                rows[:, 6:9],
                rows[:, 9],
            )
        )
    return found


def ours(recording: Recording) -> Floats:
    """Up vectors of one channel of the estimator. These sensors' filters have no delay."""
    channel = GravityChannel(CALIBRATED[0], 0, NO_LEAD_SHIFT)
    sample = ImuSample()
    sample.ok = True
    forces = (recording.force_g * 1e6).astype(int).tolist()
    rates = (recording.rate_dps * 1e6).astype(int).tolist()
    result = np.empty_like(recording.force_g)
    for tick, (force, rate) in enumerate(zip(forces, rates, strict=True)):
        sample.ax_ug, sample.ay_ug, sample.az_ug = force
        sample.gx_udps, sample.gy_udps, sample.gz_udps = rate
        channel.update(sample, 10 * (tick + 1))
        result[tick] = [channel.get(cell) for cell in (UP_X, UP_Y, UP_Z)]
    return result
