"""The rest watch: what it means by still, how well it averages, and that it fits the tick."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.estimation import cells, rest
from inversion_table.estimation.calibration import Calibration, nominal_monitor, nominal_primary
from inversion_table.estimation.rest import RestWatch, root, tilt_of
from inversion_table.sensing.imu import ImuSample
from tests.int31 import CheckedCells, Int31, Zero, attributes_are_checked, wrap_attributes
from tests.micropython import run_on_cpython, run_on_micropython

SCRIPT = Path(__file__).with_name("rest_vectors.py")
WINDOW = rest.SAMPLES * rest.TAKE_EVERY
STILL_READING = (-20_000, 15_000, 1_010_000, 400_000, -2_100_000, 30_000)


def watched(reading, ticks=WINDOW, watch=None):
    """A watch that has seen `reading(tick) -> six numbers, or None for none`."""
    watch = watch or RestWatch(0)
    sample = ImuSample()
    for tick in range(ticks):
        values = reading(tick)
        sample.ok = values is not None
        if values is not None:
            sample.ax_ug, sample.ay_ug, sample.az_ug = values[:3]
            sample.gx_udps, sample.gy_udps, sample.gz_udps = values[3:]
        watch.update(sample)
    return watch


def noisy(accel_ug: float, gyro_udps: float, seed: int = 1, centre=STILL_READING):
    draw = random.Random(seed)
    sigmas = (accel_ug,) * 3 + (gyro_udps,) * 3
    return lambda tick: [
        round(value + draw.gauss(0, sigma)) for value, sigma in zip(centre, sigmas, strict=True)
    ]


def test_nothing_is_said_before_the_first_window_is_whole() -> None:
    watch = watched(noisy(1_000, 50_000), WINDOW - rest.TAKE_EVERY)
    assert (watch.windows, watch.verdict) == (0, rest.LOST)


@pytest.mark.requirement("RQ-116")
def test_sensor_noise_is_still_and_is_averaged_away() -> None:
    # The noisier part: 400 ug/rtHz in 16 Hz is 1.6 mg; the mean of 50 keeps 1.6 mg / 7.
    for seed in range(40):
        watch = watched(noisy(1_600, 50_000, seed))
        assert watch.verdict == rest.STILL, seed
        for axis in range(3):
            assert abs(watch.mean[axis] - STILL_READING[axis]) < 4.5 * 1_600 / 7
            assert abs(watch.mean[axis + 3] - STILL_READING[axis + 3]) < 4.5 * 50_000 / 7
        assert watch.accel_scatter_ug == pytest.approx(1_600 * 3**0.5, rel=0.35)
        assert watch.gyro_scatter_udps == pytest.approx(50_000 * 3**0.5, rel=0.35)


@pytest.mark.requirement("RQ-116")
@pytest.mark.parametrize("rate_mdeg_per_s", [200, 1_000, 6_000])
def test_the_slowest_motion_of_the_table_is_no_rest(rate_mdeg_per_s) -> None:
    # 1 mdeg is 17.45 ug across gravity; a tick is 10 ms. The gyroscope turns evenly all the time,
    # so that only the accelerometer can tell this from a bias.
    still = noisy(1_000, 50_000)
    watch = watched(
        lambda tick: [
            value + (round(rate_mdeg_per_s * tick * 0.01745 * 10) if axis == 0 else 0)
            for axis, value in enumerate(still(tick))
        ]
    )
    assert watch.verdict == rest.MOVING


@pytest.mark.requirement("RQ-116")
def test_shaking_is_no_rest_whichever_sensor_feels_it() -> None:
    assert watched(noisy(6_000, 50_000)).verdict in (rest.SHAKEN, rest.MOVING)
    assert watched(noisy(1_000, 400_000)).verdict in (rest.SHAKEN, rest.MOVING)
    # An even oscillation moves neither half's mean: scatter alone shows it.
    watch = watched(lambda tick: (10_000 if tick // 4 % 2 else -10_000, 0, 0, 0, 0, 0))
    assert watch.verdict == rest.SHAKEN
    assert watch.accel_scatter_ug == pytest.approx(10_000, rel=0.01)


def test_a_jolt_is_no_rest() -> None:
    assert (
        watched(lambda tick: (300_000 if tick == 40 else 0, 0, 0, 0, 0, 0)).verdict == rest.MOVING
    )


@pytest.mark.requirement("RQ-116")
def test_missing_readings_are_said_and_the_next_window_is_a_new_one() -> None:
    watch = watched(lambda tick: None, (rest.MISSED_MAX + 1) * rest.TAKE_EVERY)
    assert (watch.windows, watch.verdict) == (1, rest.LOST)
    watched(noisy(1_000, 50_000), WINDOW, watch)
    assert (watch.windows, watch.verdict) == (2, rest.STILL)
    # A few missing ones only make the window longer.
    few = watched(lambda tick: None if tick < 4 * rest.MISSED_MAX else STILL_READING, WINDOW)
    assert few.windows == 0
    watched(lambda tick: STILL_READING, 4 * rest.MISSED_MAX, few)
    assert (few.windows, few.verdict) == (1, rest.STILL)


def test_the_temperature_is_the_last_one() -> None:
    watch, sample = RestWatch(0), ImuSample()
    sample.ok = True
    for tick in range(WINDOW):
        sample.temperature_mdegc = 20_000 + tick
        watch.update(sample)
    assert watch.temperature_mdegc == 20_000 + WINDOW - rest.TAKE_EVERY


@pytest.mark.parametrize("seed", range(4))
def test_every_intermediate_is_a_small_int_at_the_ends_of_the_sensors(seed, monkeypatch) -> None:
    monkeypatch.setattr(rest, "int", Int31, raising=False)
    monkeypatch.setattr(rest, "_ZERO", Zero(cells.ZERO))
    draw = random.Random(seed)
    ends = (32_768 * 15_625 >> 8,) * 3 + (32_768 * 7_634,) * 3
    watch: Any = RestWatch(0)
    sample = ImuSample()
    for thing in (watch, sample):
        wrap_attributes(thing)
    watch.cells = CheckedCells(watch.cells)
    watch.mean = [Int31(0)] * 6
    sample.ok = True
    for _ in range(20 * WINDOW):
        values = [Int31(draw.choice((-end, end, 0))) for end in ends]
        sample.ax_ug, sample.ay_ug, sample.az_ug = values[:3]
        sample.gx_udps, sample.gy_udps, sample.gz_udps = values[3:]
        watch.update(sample)
        assert attributes_are_checked(watch)
    assert watch.windows >= 19
    assert watch.verdict == rest.MOVING


def test_cpython_and_micropython_agree_and_every_verdict_is_met() -> None:
    here, there = run_on_cpython(SCRIPT), run_on_micropython(SCRIPT)
    assert here == there
    assert {line.split()[1] for line in here} == {"0", "1", "2", "3"}


@pytest.mark.requirement("RQ-043")
def test_ten_thousand_ticks_under_a_locked_heap() -> None:
    (line,) = run_on_micropython(SCRIPT, "locked")
    assert int(line.split()[1]) > 40


@settings(derandomize=True)
@given(st.integers(-5, (1 << 30) - 1))
def test_root_is_the_whole_part_of_the_square_root(square) -> None:
    answer = root(square)
    if square < 1:
        assert answer == 0
    else:
        assert answer**2 <= square < (answer + 1) ** 2


@settings(derandomize=True)
@given(st.integers(-100, 110))
def test_the_tilt_of_a_force_at_rest(tilt_deg) -> None:
    from math import cos, radians, sin

    x, z = -sin(radians(tilt_deg)), cos(radians(tilt_deg))
    ideal = (round(x * 1e6), 0, round(z * 1e6))
    assert tilt_of(nominal_primary(), *ideal) == pytest.approx(tilt_deg * 1_000, abs=8)
    turned = (-ideal[0], 0, ideal[2])
    assert tilt_of(nominal_monitor(), *turned) == pytest.approx(tilt_deg * 1_000, abs=8)
    # With bias, scale and offset: what the calibration undoes, put in.
    calibration = Calibration(
        (20_000, -5_000, -30_000), (10_000, 0, -20_000), (0, 0, 0),
        nominal_primary().mount_q14, 500, 300,
    )  # fmt: skip
    raw = (round(ideal[0] / 1.01) + 20_000, -5_000, round(ideal[2] / 0.98) - 30_000)
    assert tilt_of(calibration, *raw) == pytest.approx(tilt_deg * 1_000 + 500, abs=12)
