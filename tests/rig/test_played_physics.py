"""The rig's integer table beside the benches' float table: same input, same motion."""

from __future__ import annotations

import math
import random
import statistics
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inversion_table.sensing import lsm6dsox as primary_driver
from inversion_table.sensing import mpu6050 as monitor_driver
from table_bench.imu import Lsm6dsox, Mpu6050
from table_bench.physics import DriveFaults, Drivetrain, Rider, SafetyRelay
from table_bench.plant.imu_specimens import draw_specimens
from table_bench.rig.parameters import sensor_parameters, table_parameters
from table_rig import chance as played_chance
from table_rig import drivetrain as played
from table_rig import (
    lsm6dsox,
    machine_code,
    motion,
    mpu6050,
    relay,
    sensor,
    trigonometry,
    truth,
    units,
)
from table_rig import table as played_table
from tests.int31 import Int31, attributes_are_checked, wrap_attributes

ONE = 1 << 14
LEAST_TILT_DEG, MOST_TILT_DEG = -76.0, 92.0


def both(rider: Rider, tilt_deg: float) -> tuple[Drivetrain, played.Drivetrain]:
    table = played.Table()
    for name, value in table_parameters(rider).items():
        assert name in table.NAMES
        setattr(table, name, value)
    mine = played.Drivetrain()
    mine.use(table)
    mine.place(units.angle_of_mdeg(round(tilt_deg * 1000)))
    return Drivetrain(rider, tilt_deg, 1), mine


Script = Callable[[float], tuple[float, bool]]


def there_and_back(s: float) -> tuple[float, bool]:
    """Out past horizontal, hold braked, hold free, home, into the stop."""
    for end_s, drive, enabled in (
        (1, 0.0, False),
        (60, 0.2, True),
        (62, 0.0, True),
        (64, 0.0, False),
        (110, -0.25, True),
    ):
        if s < end_s:
            return drive, enabled
    return 0.0, False


def compare(theirs: Drivetrain, mine: played.Drivetrain, script: Script, seconds: float):
    """Errors in tilt (deg) and current (A), one a millisecond."""
    tilt_deg, current_a = [], []
    for ms in range(round(seconds * 1000)):
        drive, enabled = script(ms / 1000)
        mine.step(round(drive * ONE), 1, int(enabled))
        theirs.advance(0.001, max(drive, 0.0), max(-drive, 0.0), enabled, True)
        tilt_deg.append(units.mdeg_of_angle(mine.angle) / 1000 - math.degrees(theirs.tilt_rad))
        current_a.append(mine.current_ma / 1000 - theirs.current_a)
    return tilt_deg, current_a


@pytest.mark.parametrize("mass_kg", [50, 80, 200])
def test_a_whole_way_stays_within_bounds(mass_kg: int) -> None:
    theirs, mine = both(Rider(mass_kg=mass_kg, restless=0.0), -75.3)
    tilt_deg, current_a = compare(theirs, mine, there_and_back, 112)
    assert max(map(abs, tilt_deg)) < 0.06  # over two minutes without any correction
    assert math.sqrt(statistics.fmean(error * error for error in tilt_deg)) < 0.03
    # At its turning points the current is sharper than a millisecond; everywhere else it agrees.
    assert statistics.quantiles([abs(error) for error in current_a], n=100)[97] < 0.02


FAULTS = {
    "stalled": (DriveFaults(stalled=True), {"stalled": 1}),
    "disconnected": (DriveFaults(disconnected=True), {"disconnected": 1}),
    "reversed": (DriveFaults(reversed=True), {"reversed": 1}),
    "runaway": (DriveFaults(runaway=-1), {"runaway": -1}),
    "slips": (DriveFaults(gear_slips=True), {"slips": 1}),
    "creeps": (DriveFaults(creep_deg_per_s=0.5), {"creep": 500 * 8_042 // 1000}),
    "sags": (DriveFaults(sag_v=8.0), {"sag_mv": 8_000}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_does_the_same_to_both(fault: str) -> None:
    theirs, mine = both(Rider(restless=0.0), -20.0)
    theirs_broken, mine_broken = FAULTS[fault]

    def script(s: float) -> tuple[float, bool]:
        if s >= 1.0 and theirs.faults != theirs_broken:
            theirs.faults = replace(theirs_broken)
            for name, value in mine_broken.items():
                mine.put(getattr(played, name.upper()), value)
        return 0.3, True

    tilt_deg, _ = compare(theirs, mine, script, 6)
    assert abs(math.degrees(theirs.tilt_rad) + 20.0) > 1.0
    assert max(map(abs, tilt_deg)) < 0.06


def test_the_relay_is_the_other_relay() -> None:
    draw = random.Random(3)
    theirs, mine = SafetyRelay(), relay.Relay()
    level, closed_ms = 0, 0
    for ms in range(1, 60_000):
        if ms % 10 == 0 and (ms // 2_000 % 3 or draw.random() < 0.1):
            level ^= 1
            theirs.edge(ms * 1000)
        theirs.estop_pressed = ms // 7_000 % 4 == 3
        mine.update(level, theirs.estop_pressed, ms)
        assert theirs.update(ms * 1000) == mine.closed, ms
        closed_ms += mine.closed
    assert 10_000 < closed_ms < 50_000


def test_a_measured_coil_leads_the_contact_whatever_the_heartbeat_does() -> None:
    mine = relay.Relay()
    closed = []
    for ms in range(1, 400):
        mine.measured(ms // 10 % 2, 100 <= ms < 200, ms)
        closed.append(mine.closed)
    assert [ms for ms in range(1, 399) if closed[ms] != closed[ms - 1]] == [109, 209]
    assert mine.last_edge_ms == 390


@pytest.mark.parametrize("role", ["primary", "monitor"])
def test_a_played_sensor_reads_as_the_other(role: str) -> None:
    errors = draw_specimens(3)[role]
    if role == "primary":
        theirs, mine = Lsm6dsox(errors, "x"), lsm6dsox.Lsm6dsox(1)
        writes = [(0x10 + i, value) for i, value in enumerate(primary_driver.CONFIGURATION)]
        layout = "<7h"
    else:
        theirs, mine = Mpu6050(errors, "x"), mpu6050.Mpu6050(1)  # type: ignore[assignment]
        writes = [(monitor_driver.PWR_MGMT_1, 1)]
        writes += [(0x19 + i, value) for i, value in enumerate(monitor_driver.CONFIGURATION)]
        layout = ">7h"
    mine.use(sensor_parameters(errors))
    for register, value in writes:
        mine.memory[register] = value
        theirs.write(register, bytes((value,)))
    mine.written()
    moved = motion.Motion()
    speed = 24_127  # 3 deg/s
    tilt_rad = math.radians(30.0)
    bed = played.Drivetrain()
    bed.put(played.RATE, speed)
    bed.put(played.SINE, round(math.sin(tilt_rad) * ONE))
    bed.put(played.COSINE, round(math.cos(tilt_rad) * ONE))
    rate = speed / units.ANGLES_PER_RAD * 1000
    force = (-math.sin(tilt_rad) - rate * rate * 0.6 / 9.81, 0.0, math.cos(tilt_rad))
    ours, others = [], []
    for ms in range(4_000):
        moved.step(bed)
        if ms % sensor.STEP_MS == 0:
            mine.follow(moved)
            mine.publish()
        theirs.update(force, (0.0, math.degrees(rate), 0.0), 25.0, 0.001)
        if ms > 500:
            ours.append(struct.unpack(layout, bytes(mine.memory[mine.DATA : mine.DATA + 14])))
            others.append(struct.unpack(layout, theirs.read(mine.DATA, 14)))
    for word in range(7):
        a = [row[word] for row in ours]
        b = [row[word] for row in others]
        sigma = statistics.pstdev(b)
        assert abs(statistics.fmean(a) - statistics.fmean(b)) < 3 + 0.15 * sigma, word
        assert abs(statistics.pstdev(a) - sigma) <= 0.1 * sigma, word


class Zero(int):
    """What a cell's number is offset by: what it is added to leaves the small ints on purpose."""

    def __radd__(self, number: int) -> Stored:
        return Stored(int.__add__(int(number), int(self)))


class Stored(int):
    """A number as it lies in its cell; less ZERO it is checked again."""

    def __sub__(self, zero: int) -> Int31:
        return Int31(int(self) - int(zero))


class Checked:
    """Cells whose numbers come out as Int31, and go in as a cell can hold them."""

    def __init__(self, cells: Any) -> None:
        self._cells = cells

    def __getitem__(self, index: int) -> Stored:
        return Stored(self._cells[index])

    def __setitem__(self, index: int, value: int) -> None:
        assert 0 <= value < 1 << 31
        self._cells[index] = value


def test_every_number_of_the_tick_is_a_small_int(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigonometry, "int", Int31, raising=False)
    for module in (played, motion, sensor):
        monkeypatch.setattr(module, "int", Int31, raising=False)
        monkeypatch.setattr(module, "ptr32", Checked)
        monkeypatch.setattr(module, "_ZERO", Zero(machine_code.ZERO))
    draw = random.Random(7)
    for rider in (
        Rider(200, 2.3, 0.12, 0.18, 0.0),
        Rider(20, 1.0, -0.3, -0.2, 0.0),
        Rider(restless=0.0),
    ):
        _, bed = both(rider, -75.3)
        moved = motion.Motion()
        sensors = (lsm6dsox.Lsm6dsox(1), mpu6050.Mpu6050(2))
        for one, role in zip(sensors, ("primary", "monitor"), strict=True):
            one.use(sensor_parameters(draw_specimens(2)[role]))
            one.noise_gain = 60
        sensors[0].memory[0x10:0x12] = b"\xa2\xa2"
        sensors[1].memory[0x6B] = 0
        for one in sensors:
            one.written()
        lowest, highest = 0, 0
        for ms in range(2_500):
            if ms % 150 == 0:
                drive = draw.choice((ONE, -ONE, 0, ONE // 5))
                bed.put(played.RUNAWAY, draw.choice((0, 0, 0, 1, -1)))
                bed.put(played.DISCONNECTED, draw.choice((0, 0, 1)))
                bed.put(played.CREEP, draw.choice((0, 160_840, -160_840)))  # 20 deg/s
                bed.put(played.STALLED, draw.choice((0, 0, 1)))
            for part in (bed, *(one.chance for one in sensors)):
                wrap_attributes(part)
            bed.step(Int31(drive), Int31(1), Int31(1))
            moved.step(bed)
            for one in sensors:
                one.follow(moved)
            assert attributes_are_checked(bed)
            lowest, highest = min(lowest, bed.angle), max(highest, bed.angle)
        assert units.mdeg_of_angle(lowest) / 1000 >= LEAST_TILT_DEG - 0.01
        assert units.mdeg_of_angle(highest) / 1000 <= MOST_TILT_DEG + 0.01
        assert highest - lowest > units.angle_of_mdeg(10_000)


def test_what_two_modules_say_is_the_same() -> None:
    """A constant is known to MicroPython's compiler only where it is written."""
    assert {module._ZERO for module in (played, motion, sensor)} == {machine_code.ZERO}
    assert (motion._SPEED_OF_ROTOR, motion._RATE_OF_BED) == (played.SPEED, played.RATE)
    assert (motion._SINE, motion._COSINE) == (played.SINE, played.COSINE)
    assert (sensor._FORCE_X, sensor._FORCE_Z) == (motion.FORCE_X, motion.FORCE_Z)
    assert sensor._RATE_OF_BED == motion.RATE
    assert (played_table._ZERO, played_table._RATE) == (machine_code.ZERO, played.RATE)
    assert played_table._NO_BEAT_YET == truth.NO_BEAT_YET
    for name in ("_MULTIPLIER", "_MASK", "_MEAN"):
        assert getattr(sensor, name) == getattr(played_chance, name)


def test_a_rider_past_the_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        table_parameters(Rider(200, 2.0, 0.3, 0.3))


def test_sine_is_the_sine() -> None:
    for angle in range(-65_536, 65_536, 7):
        exact = math.sin(angle * 2 * math.pi / 65_536) * trigonometry.ONE
        assert abs(trigonometry.sine(angle) - exact) <= 1.0


def test_chance_is_even_and_bells_are_wide_as_said() -> None:
    draw = played_chance.Chance(1)
    uniform = [draw.uniform() for _ in range(50_000)]
    bells = [draw.bell() for _ in range(50_000)]
    assert abs(statistics.fmean(uniform) - 16_383.5) < 150
    assert abs(statistics.fmean(bells)) < 250
    assert abs(statistics.pstdev(bells) / (1 << played_chance.SIGMA_SHIFT) - 1) < 0.02
    close = played_chance.Chance(2)
    assert [draw.uniform() & 1 for _ in range(64)] != [close.uniform() & 1 for _ in range(64)]
