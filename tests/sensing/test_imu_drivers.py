import itertools

import pytest

from inversion_table.sensing import imu
from inversion_table.sensing.i2c_bus import I2cBus
from inversion_table.sensing.imu import ImuSample
from inversion_table.sensing.lsm6dsox import Lsm6dsox
from inversion_table.sensing.mpu6050 import Mpu6050
from tests.int31 import CheckedWords, Int31
from tests.sensing.fake_controller import FakeController
from tests.sensing.fake_i2c import FakeI2c, FakeLsm6dsox, FakeMpu6050
from tests.sensing.test_queued_bus import queued_bus


class CheckedBytes(bytearray):
    """Bytes that come out as Int31."""

    def __getitem__(self, index):
        return Int31(super().__getitem__(index))


KINDS = {"lsm6dsox": (FakeLsm6dsox, Lsm6dsox, 0x6A), "mpu6050": (FakeMpu6050, Mpu6050, 0x68)}


QUEUED = ", queued"
"""On a bus whose bursts the controller reads by itself."""
WAYS = [*KINDS, *[kind + QUEUED for kind in KINDS]]


class Rig:
    def __init__(self, kind: str) -> None:
        model, driver, address = KINDS[kind.removesuffix(QUEUED)]
        self.device = model()
        self.i2c = FakeI2c({address: self.device})
        bus = I2cBus(lambda: self.i2c, None, None, None)
        if kind.endswith(QUEUED):
            bus = queued_bus(self.i2c, FakeController(self.i2c))
        self.driver = driver(bus)
        self.sample = ImuSample()
        self.now_ms = (1 << 30) - 100  # the clock wraps while starting

    def start(self, within_ms: int = 300) -> bool:
        for _ in range(within_ms):
            if self.driver.start(self.now_ms):
                return True
            self.now_ms = (self.now_ms + 1) & 0x3FFFFFFF
        return False

    def read(self, ticks: int = 1) -> ImuSample:
        for _ in range(ticks):
            self.now_ms = (self.now_ms + 10) & 0x3FFFFFFF
            self.driver.begin()
            self.driver.read(self.sample, self.now_ms)
        return self.sample


@pytest.fixture(params=WAYS)
def rig(request) -> Rig:
    return Rig(request.param)


@pytest.fixture(params=WAYS)
def running(request) -> Rig:
    rig = Rig(request.param)
    assert rig.start()
    rig.read(20)
    assert rig.sample.ok
    return rig


def test_reads_nothing_before_start(rig: Rig) -> None:
    assert not rig.read(5).ok
    assert rig.i2c.transfers == 0
    assert rig.driver.needs_restart
    assert rig.driver.problem == "not started"


def test_starts_in_steps_without_waiting_and_settles(rig: Rig) -> None:
    began_ms = rig.now_ms
    assert not rig.driver.start(rig.now_ms), "the reset takes time"
    assert rig.driver.problem == "", "nothing has failed"
    assert not rig.driver.start(rig.now_ms)
    assert rig.start()
    assert (rig.now_ms - began_ms) & 0x3FFFFFFF <= 110
    assert not rig.driver.needs_restart
    assert rig.driver.problem == ""
    assert not rig.read().ok, "filters still settle"
    assert rig.read(10).ok
    assert rig.sample.read_ms == rig.now_ms


def test_lsm6dsox_is_configured_as_chosen() -> None:
    rig = Rig("lsm6dsox")
    rig.start()
    registers = rig.device.registers
    assert registers[0x10] == 0b0101_00_1_0, "208 Hz, 2 g, LPF2"
    assert registers[0x11] == 0b0101_00_1_0, "208 Hz, 125 dps"
    assert registers[0x12] & 0x44 == 0x44, "BDU, IF_INC"
    assert registers[0x13] & 0x02, "LPF1 of the gyroscope"
    assert registers[0x15] & 7 == 6, "23 Hz"
    assert registers[0x17] >> 5 == 2, "ODR / 20"


def test_mpu6050_is_configured_as_chosen() -> None:
    rig = Rig("mpu6050")
    rig.start()
    assert list(rig.device.registers[0x19:0x1D]) == [4, 5, 0, 0]
    assert rig.device.registers[0x6B] == 1


@pytest.mark.parametrize(
    ("kind", "ug", "udps", "mdegc"),
    [
        ("lsm6dsox", 61, 4_375, 25_000 + 1_000),
        ("mpu6050", 15_625 / 256, 1e6 / 131, 36_530 + 753),
    ],
)
def test_units_signs_and_axes(kind: str, ug: float, udps: float, mdegc: int) -> None:
    rig = Rig(kind)
    rig.start()
    rig.read(20)
    rig.device.live = False
    rig.device.set((-16_000, 2_000, 3), (-4_000, 5, 12_345), 256)
    sample = rig.read()
    for got, raw, scale in (
        (sample.ax_ug, -16_000, ug), (sample.ay_ug, 2_000, ug), (sample.az_ug, 3, ug),
        (sample.gx_udps, -4_000, udps), (sample.gy_udps, 5, udps), (sample.gz_udps, 12_345, udps),
    ):  # fmt: skip
        assert abs(got - raw * scale) <= 1 + abs(raw * scale) / 10_000
    assert abs(sample.temperature_mdegc - mdegc) <= 2
    assert sample.ok
    assert not sample.saturated


@pytest.mark.parametrize("axis", range(6))
@pytest.mark.parametrize("end", [32_767, -32_768, 32_700, -32_700])
def test_any_axis_at_its_end_is_saturated(running: Rig, axis: int, end: int) -> None:
    counts = [100, 200, 300, 400, 500, 600]
    running.device.live = False
    running.device.set(counts[:3], counts[3:])
    assert not running.read().saturated
    counts[axis] = end
    running.device.set(counts[:3], counts[3:])
    assert running.read().saturated
    assert running.sample.ok


def test_every_product_of_every_corner_is_a_small_int(running: Rig) -> None:
    for counts in itertools.product((-32_768, -1, 0, 32_767), repeat=3):
        for temperature in (-32_768, 32_767):
            running.device.set(counts, counts[::-1], temperature)
            data = bytearray(running.device.data)
            words = CheckedWords(running.driver._words)
            imu._take_in(words, CheckedBytes(data), running.sample, Int31(running.now_ms))
            assert type(running.sample.gx_udps) is Int31
            assert type(running.sample.temperature_mdegc) is Int31


def test_one_nack_costs_one_sample(running: Rig) -> None:
    running.i2c.nack = True
    assert not running.read().ok
    running.i2c.nack = False
    assert running.read().ok
    assert running.driver.failures() == 0
    assert not running.driver.needs_restart


def test_a_dead_bus_is_left_alone_until_restarted(running: Rig) -> None:
    running.i2c.nack = True
    running.read(imu.FAILURES_MAX)
    assert running.driver.needs_restart
    assert "does not answer" in running.driver.problem
    before = running.i2c.transfers
    running.read(50)
    assert running.i2c.transfers == before, "a tick must not pay for time-outs for ever"
    assert not running.start()
    running.i2c.nack = False
    assert running.start()
    assert running.read(20).ok


def test_attempts_to_start_are_spaced(rig: Rig) -> None:
    rig.i2c.nack = True
    assert not rig.start(within_ms=1_000)
    assert rig.i2c.transfers <= 1_000 // imu.RETRY_MS + 1


@pytest.mark.requirement("RQ-052")
def test_another_chip_is_refused(rig: Rig) -> None:
    rig.device.who = 0x70
    rig.device.power_on()
    assert not rig.start()
    assert "another chip" in rig.driver.problem
    assert not rig.read(5).ok


def test_a_configuration_that_does_not_stick_is_refused(rig: Rig) -> None:
    rig.device.keeps = False
    assert not rig.start()
    assert "configuration" in rig.driver.problem


@pytest.mark.requirement("RQ-052")
def test_a_sensor_that_came_back_with_defaults_is_noticed_and_restarted(running: Rig) -> None:
    running.device.power_on()
    good = 0
    for tick in itertools.count(1):
        good += running.read().ok
        if running.driver.needs_restart:
            break
        assert tick <= imu.CHECK_EVERY
    assert good <= imu.FROZEN_READS + 1, "all zeros, repeated, for 60 ms at most"
    assert running.start()
    assert running.read(20).ok


@pytest.mark.parametrize("register", [0x10, 0x11, 0x15, 0x17])
def test_lsm6dsox_any_changed_register_is_noticed(register: int) -> None:
    rig = Rig("lsm6dsox")
    rig.start()
    rig.read(20)
    rig.device.registers[register] ^= 0x08
    rig.read(imu.CHECK_EVERY)
    assert rig.driver.needs_restart


@pytest.mark.parametrize("register", [0x19, 0x1A, 0x1B, 0x1C, 0x6B])
def test_mpu6050_any_changed_register_is_noticed(register: int) -> None:
    rig = Rig("mpu6050")
    rig.start()
    rig.read(20)
    rig.device.registers[register] ^= 0x08
    rig.read(imu.CHECK_EVERY)
    assert rig.driver.needs_restart


@pytest.mark.requirement("RQ-050")
@pytest.mark.parametrize("half", [0, 1])
def test_either_half_frozen_is_noticed(running: Rig, half: int, monkeypatch) -> None:
    moving = running.device.noisy_bytes()[half]
    monkeypatch.setattr(running.device, "noisy_bytes", lambda: (moving,))
    for _ in range(12):
        running.read()
    assert running.driver.needs_restart
    assert running.driver.problem == imu.PROBLEM_FROZEN
    assert not running.sample.ok


@pytest.mark.requirement("RQ-050")
def test_ticks_made_up_for_in_a_row_are_not_a_freeze(running: Rig) -> None:
    running.device.live = False
    for _ in range(40):
        running.driver.read(running.sample, running.now_ms)
    running.device.live = True
    assert running.read().ok


def test_a_tick_inside_start_leaves_the_bus_alone(running: Rig, monkeypatch) -> None:
    """The tick may interrupt the background anywhere in start()."""
    driver, i2c = running.driver, running.i2c
    write = i2c.writeto_mem
    seen = []

    def write_and_tick(*args) -> None:
        before = i2c.transfers
        driver.begin()
        driver.read(running.sample, running.now_ms)
        seen.append((running.sample.ok, i2c.transfers - before))
        write(*args)

    monkeypatch.setattr(i2c, "writeto_mem", write_and_tick)
    driver.needs_restart = True
    assert running.start()
    assert seen
    assert set(seen) == {(False, 0)}
