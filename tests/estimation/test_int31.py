"""Every intermediate of the estimator is a small int on the chip, whatever the sensors give."""

import copy
import itertools
import random
from typing import Any

import pytest

from inversion_table.estimation import cells, channel, integer_math, rest, tilt
from inversion_table.estimation.calibration import Calibration, nominal_monitor, nominal_primary
from inversion_table.estimation.estimate import AGE_MAX_MS, ERROR_UNKNOWN_MDEG, Estimate
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.sensing.imu import ImuSample
from tests.benchmarks.tilt import recordings
from tests.int31 import CheckedCells, Int31, Zero, attributes_are_checked, wrap_attributes

# Full scale of the wider sensor (MPU-6050): +-32768 counts.
ACCEL_END_UG = 32_768 * 15_625 >> 8
GYRO_END_UDPS = 32_768 * 7_634
ROOT_HALF = 11_585
SKEWED_MOUNT = ((ROOT_HALF, -ROOT_HALF, 0), (ROOT_HALF, ROOT_HALF, 0), (0, 0, 16_384))


def extreme(sign: int, mount: tuple) -> Calibration:
    """Every field at its end."""
    return Calibration(
        (-sign * 200_000, sign * 200_000, -sign * 200_000),
        (50_000, 50_000, sign * 50_000),
        (-sign * 20_000_000, sign * 20_000_000, -sign * 20_000_000),
        mount, sign * 15_000, 10_000,
    )  # fmt: skip


CALIBRATIONS = [
    (nominal_primary(), nominal_monitor()),
    (extreme(1, SKEWED_MOUNT), extreme(-1, SKEWED_MOUNT)),
    (extreme(-1, nominal_monitor().mount_q14), extreme(1, nominal_monitor().mount_q14)),
]


@pytest.fixture(autouse=True)
def _numbers_stay_checked(monkeypatch) -> None:
    """`int(...)`, which compiled code needs, would turn an Int31 back into a plain int."""
    for module in (channel, tilt, integer_math):
        monkeypatch.setattr(module, "int", Int31, raising=False)
    monkeypatch.setattr(cells, "ZERO", Zero(cells.ZERO))
    for module in (channel, tilt):
        monkeypatch.setattr(module, "_ZERO", cells.ZERO)


class Harness:
    """An estimator whose numbers are all Int31, and whose cells only take what fits."""

    def __init__(self, calibrations: tuple[Calibration, Calibration]) -> None:
        self.calibrations = calibrations
        self.estimate = Estimate()
        self.samples = (ImuSample(), ImuSample())
        self.now_ms = 0
        wrap_attributes(self.estimate)
        self.restart()

    def restart(self) -> None:
        self.estimator: Any = TiltEstimator(*self.calibrations)
        for name, kept_as in (("primary", "_first"), ("monitor", "_second")):
            checked = CheckedCells(getattr(self.estimator, name).cells)
            getattr(self.estimator, name).cells = checked
            setattr(self.estimator, kept_as, checked)

    def tick(
        self, force, rate, step_ms: int = 10, ok: bool = True, saturated: bool = False
    ) -> None:
        self.now_ms = (self.now_ms + step_ms) & 0x3FFFFFFF
        for sample in self.samples:
            sample.ax_ug, sample.ay_ug, sample.az_ug = map(Int31, force)
            sample.gx_udps, sample.gy_udps, sample.gz_udps = map(Int31, rate)
            sample.ok, sample.saturated = ok, saturated
        self.estimator.update(*self.samples, Int31(self.now_ms), self.estimate)

    def check(self) -> None:
        assert attributes_are_checked(self.estimate)
        for channel_ in (self.estimator.primary, self.estimator.monitor):
            assert type(channel_.get(channel.UP_X)) is Int31
        assert type(self.estimate.tilt_mdeg) is Int31

    def settle(self) -> None:
        for _ in range(500):
            self.tick((-600_000, 0, 800_000), (0, 0, 0))
        assert self.estimator.primary.get(channel.AGE_MS) == 0


def test_what_two_modules_say_is_the_same() -> None:
    """A constant is known to MicroPython's compiler only where it is written."""
    assert {module._ZERO for module in (channel, rest, tilt)} == {cells.ZERO}
    assert channel.AGE_MAX == AGE_MAX_MS
    assert channel.ERROR_UNKNOWN == tilt.ERROR_UNKNOWN == ERROR_UNKNOWN_MDEG
    assert tilt.HELD_MDEG_PER_MS == channel.GAP_UDEG_PER_MS / 1_000
    for name in ("OK", "SETTLED", "TILT_MDEG", "RATE_MDEG_PER_S", "ERROR_MDEG", "AGE_MS"):
        assert getattr(tilt, f"_{name}") == getattr(channel, name)


def test_every_cell_has_a_place_of_its_own() -> None:
    names = [*vars(channel)]
    first, end = names.index("OK"), names.index("_COUNT")
    places = {name: getattr(channel, name) for name in names[first:end]}
    for group in ("FIXED", "FIXED_END"):
        del places[group]
    for axes in ("LAST_FORCE", "LAST_GYRO", "SCATTER"):
        places[f"{axes}_Y"] = places[f"{axes}_X"] + 1
        places[f"{axes}_Z"] = places[f"{axes}_X"] + 2
    assert sorted(places.values()) == list(range(channel._COUNT))


@pytest.mark.parametrize("calibrations", CALIBRATIONS)
def test_corners_of_force_and_rate(calibrations) -> None:
    forces = list(itertools.product((-ACCEL_END_UG, 0, ACCEL_END_UG), repeat=3))
    rates = list(itertools.product((-GYRO_END_UDPS, GYRO_END_UDPS), repeat=3))
    harness = Harness(calibrations)
    harness.settle()
    for step_ms in (0, 1, 10, 40, 41, 500, 501, 1 << 29):
        for force, rate in itertools.product(forces, rates):
            harness.tick(force, rate, step_ms)
    harness.check()


@pytest.mark.parametrize("now_ms", [(1 << 30) - 11, (1 << 30) - 1_000_000, 1 << 29])
@pytest.mark.parametrize("ok", [True, False])
def test_a_first_reading_whatever_the_clock_says(now_ms: int, ok: bool) -> None:
    """On a 32-bit MicroPython this step once left the small ints, and so took memory."""
    harness = Harness(CALIBRATIONS[0])
    harness.now_ms = now_ms
    harness.tick((0, 0, 1_000_000), (0, 0, 0), ok=ok)
    harness.tick((0, 0, 1_000_000), (0, 0, 0))
    harness.check()


@pytest.mark.parametrize("calibrations", CALIBRATIONS)
@pytest.mark.parametrize("seconds", [3])
def test_spinning_at_full_scale_with_any_gravity(calibrations, seconds: int) -> None:
    """Plausible force (so that nothing is thrown away) with the gyroscope at its ends."""
    rng = random.Random(5)
    harness = Harness(calibrations)
    for _ in range(40):
        axis = [rng.gauss(0, 1) for _ in range(3)]
        norm = sum(v * v for v in axis) ** 0.5
        length = rng.uniform(0.8, 1.2) * 1e6
        force = [round(v / norm * length) for v in axis]
        rate = [rng.choice((-1, 1)) * GYRO_END_UDPS for _ in range(3)]
        step_ms = rng.choice((10, 10, 20, 40))
        still = rng.choice((0, 20, 100))
        if still == 0:
            harness.restart()
        for tick in range(seconds * 30):
            if tick % 7 == 0:
                rate = [-value for value in rate]
            harness.tick(force, rate if tick >= still else (0, 0, 0), step_ms)
    harness.check()


@pytest.mark.parametrize("calibrations", CALIBRATIONS)
@pytest.mark.parametrize("ticks", [120, 1_000])
def test_found_then_upside_down_then_spinning(calibrations, ticks: int) -> None:
    """Up as far from the force as can be, soon after a start and at the last stage."""
    settled = Harness(calibrations)
    for _ in range(ticks):
        settled.tick((-600_000, 0, 800_000), (0, 0, 0))
    for force, rate in itertools.product(
        [(ACCEL_END_UG,) * 3, (-ACCEL_END_UG,) * 3, (600_000, 0, -800_000)],
        itertools.product((-GYRO_END_UDPS, 0, GYRO_END_UDPS), repeat=3),
    ):
        harness = copy.deepcopy(settled)
        for tick in range(30):
            harness.tick(force, rate, (10, 20, 40)[tick % 3])
        harness.check()


def test_the_fastest_moments_in_the_hand() -> None:
    """416 deg/s, with the force cut off at the end of this project's own range."""
    recording = next(iter(recordings.recordings()))
    fastest = int(abs(recording.rate_dps).sum(axis=1).argmax())
    harness = Harness(CALIBRATIONS[0])
    for tick in (*range(400), *range(fastest - 400, fastest + 400)):
        force = [
            max(-ACCEL_END_UG, min(ACCEL_END_UG, int(v * 1e6))) for v in recording.force_g[tick]
        ]
        harness.tick(force, [int(v * 1e6) for v in recording.rate_dps[tick]])
    harness.check()


@pytest.mark.parametrize("calibrations", CALIBRATIONS)
def test_random_garbage(calibrations) -> None:
    rng = random.Random(6)
    harness = Harness(calibrations)
    for tick in range(15_000):
        if tick % 1_500 == 0:
            harness.settle()
        harness.tick(
            [rng.randint(-ACCEL_END_UG, ACCEL_END_UG) for _ in range(3)],
            [rng.randint(-GYRO_END_UDPS, GYRO_END_UDPS) for _ in range(3)],
            rng.choice((0, 1, 10, 10, 10, 39, 60, 700)),
            rng.random() > 0.05,
            rng.random() < 0.05,
        )
    harness.check()
