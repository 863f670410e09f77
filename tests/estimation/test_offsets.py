"""Offsets of an accelerometer that nobody calibrated: learned from the length of gravity."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import pytest

from inversion_table.estimation import channel
from inversion_table.estimation.calibration import Calibration, nominal_monitor, nominal_primary
from inversion_table.estimation.channel import (
    HOME_MDEG,
    OFFSET_X,
    OFFSET_Y,
    OFFSET_Z,
    TILT_MDEG,
    GravityChannel,
)
from inversion_table.safety.limits import HOME_TILT_MDEG
from inversion_table.sensing.imu import ImuSample

HOME_DEG = HOME_TILT_MDEG / 1_000
DATA_SHEET = {  # offset by axis in g, scale
    "primary": (nominal_primary, 1, (0.02, 0.02, 0.02), 0.01),
    "monitor": (nominal_monitor, -1, (0.05, 0.05, 0.08), 0.03),
}


class Rig:
    """One channel on a bed that stops here and there, its accelerometer off by offset and scale."""

    def __init__(
        self,
        calibration: Calibration,
        sign: int,
        offset_g: tuple[float, ...] = (0.0, 0.0, 0.0),
        scale: tuple[float, ...] = (1.0, 1.0, 1.0),
        seed: int = 1,
    ) -> None:
        self.channel = GravityChannel(calibration, 0)
        self.sign, self.offset_g, self.scale = sign, offset_g, scale
        self.rng = random.Random(f"offsets {seed}")
        self.sample = ImuSample()
        self.sample.ok = True
        self.tilt_deg = HOME_DEG
        self.now_ms = 0

    def tick(self, rate_dps: float = 0.0) -> float:
        """On by 10 ms; the channel's error in deg."""
        self.tilt_deg += rate_dps * 0.01
        self.now_ms += 10
        theta = math.radians(self.tilt_deg)
        force = (-self.sign * math.sin(theta), 0.0, math.cos(theta))
        sample = self.sample
        sample.ax_ug, sample.ay_ug, sample.az_ug = (
            round((f * s + b + self.rng.gauss(0, 1.5e-3)) * 1e6)
            for f, s, b in zip(force, self.scale, self.offset_g, strict=True)
        )
        sample.gx_udps, sample.gz_udps = 0, 0
        sample.gy_udps = round(self.sign * rate_dps * 1e6)
        self.channel.update(sample, self.now_ms)
        # The tilt is led by what the sensors' filters are behind; these have none.
        return self.channel.get(TILT_MDEG) / 1_000 - self.tilt_deg - rate_dps / 64

    def rest(self, seconds: float) -> float:
        """Mean error over the last second."""
        errors = [self.tick() for _ in range(round(seconds * 100))]
        return sum(errors[-100:]) / 100

    def go(self, tilt_deg: float, rate_dps: float = 4.0) -> Iterator[float]:
        ticks = max(1, round(abs(tilt_deg - self.tilt_deg) / rate_dps * 100))
        rate_dps = (tilt_deg - self.tilt_deg) / ticks * 100
        for _ in range(ticks):
            yield self.tick(rate_dps)

    def session(self) -> tuple[float, float]:
        """Rests at home and on the way, twice out and back; RMS error and worst of the second.

        Zeroed at home, as a table is that was never calibrated.
        """
        zero = self.rest(20)
        errors: list[float] = []
        for turn in range(2):
            for stop in (0.0, 60.0, 30.0, -40.0, HOME_DEG):
                way = [*self.go(stop), *(self.tick() for _ in range(800))]
                if turn:
                    errors += [error - zero for error in way]
        return math.sqrt(sum(e * e for e in errors) / len(errors)), max(map(abs, errors))


def unit(name: str, seed: int, learns: bool) -> Rig:
    """A unit drawn from its data sheet."""
    nominal, sign, offset_g, scale = DATA_SHEET[name]
    calibration = nominal()
    if not learns:
        residual_mdeg = channel.OFFSET_RESIDUAL_MDEG - 1
        calibration = Calibration.from_dict(
            {**calibration.to_dict(), "residual_mdeg": residual_mdeg}
        )
    rng = random.Random(f"unit {seed}")
    return Rig(
        calibration,
        sign,
        tuple(rng.uniform(-b, b) for b in offset_g),
        tuple(1 + rng.uniform(-scale, scale) for _ in range(3)),
        seed,
    )


@pytest.mark.requirement("RQ-118")
@pytest.mark.parametrize("name", DATA_SHEET)
def test_units_never_calibrated_become_better_than_their_data_sheet(name: str) -> None:
    before, after = [], []
    for seed in range(8):
        before.append(unit(name, seed, False).session())
        after.append(unit(name, seed, True).session())

    def rms(runs: list[tuple[float, float]]) -> float:
        return math.sqrt(sum(run[0] ** 2 for run in runs) / len(runs))

    assert rms(after) < 0.55 * rms(before), (rms(before), rms(after))
    assert max(run[1] for run in after) < max(run[1] for run in before)
    if name == "primary":
        assert max(run[1] for run in after) < 1.2


@pytest.mark.requirement("RQ-118")
@pytest.mark.parametrize("offset_g", [(0.02, 0.0, 0.0), (0.0, 0.0, 0.02), (-0.015, 0.01, -0.018)])
@pytest.mark.parametrize("name", DATA_SHEET)
def test_an_offset_is_found_and_home_stays_where_it_was(
    name: str, offset_g: tuple[float, float, float]
) -> None:
    nominal, sign, _, _ = DATA_SHEET[name]
    rig = Rig(nominal(), sign, offset_g)
    zero = rig.rest(3)
    for _ in range(5):
        for stop in (0.0, 75.0, 0.0, HOME_DEG):
            *_, _ = rig.go(stop)
            off = rig.rest(20) - zero
            if stop == HOME_DEG:
                assert abs(off) < 0.05
    assert abs(off) < 0.05
    *_, _ = rig.go(75.0)
    assert abs(rig.rest(10) - zero) < 0.15
    for cell, true in ((OFFSET_X, offset_g[0]), (OFFSET_Z, offset_g[2])):
        assert abs(rig.channel.get(cell) / 64e6 - true) < 0.002


@pytest.mark.requirement("RQ-118")
def test_nothing_is_learned_by_an_imu_that_is_calibrated() -> None:
    rig = unit("primary", 3, False)
    rig.session()
    for cell in (OFFSET_X, OFFSET_Y, OFFSET_Z, HOME_MDEG):
        assert rig.channel.get(cell) == 0


@pytest.mark.requirement("RQ-118")
@pytest.mark.parametrize("length", [0.85, 1.15])
def test_a_gravity_of_a_wrong_length_moves_the_tilt_within_the_promise(length: float) -> None:
    """A broken accelerometer: what is learned from it stays inside the calibration's bound."""
    rig = Rig(nominal_primary(), 1, scale=(length, length, length))
    zero = rig.rest(120)
    span_g = nominal_primary().residual_mdeg * channel.OFFSET_UG_PER_MDEG / 1e6
    for stop in (0.0, 60.0, HOME_DEG):
        errors = [*rig.go(stop)]
        errors.append(rig.rest(60))
        for cell in (OFFSET_X, OFFSET_Y, OFFSET_Z):
            assert abs(rig.channel.get(cell) / 64e6) <= span_g
        # Two axes, here and at home.
        assert max(abs(e - zero) for e in errors) < math.degrees(2 * math.sqrt(2) * span_g) + 0.3
    assert abs(rig.channel.get(OFFSET_Z) / 64e6) > 0.5 * span_g


@pytest.mark.requirement("RQ-118")
def test_a_push_teaches_nothing() -> None:
    rig = Rig(nominal_primary(), 1)
    rig.rest(30)
    learned = rig.channel.get(OFFSET_X), rig.channel.get(OFFSET_Z)
    rig.offset_g = (0.2, 0.0, 0.1)  # a push that lasts: far more than 33 mg beside up
    for _ in range(100):
        rig.tick()
    assert abs(rig.channel.get(OFFSET_X) - learned[0]) < 64_000
    assert abs(rig.channel.get(OFFSET_Z) - learned[1]) < 64_000


def test_home_s_sine_and_cosine() -> None:
    angle = math.radians(HOME_DEG)
    assert round(math.cos(angle) * 16_384) == channel.HOME_COS_Q14
    assert round(math.sin(angle) * 16_384) == channel.HOME_SIN_Q14
    assert abs(channel.MDEG_PER_8_UG_Q14 - math.degrees(8e-6) * 1e3 * 16_384) < 1
