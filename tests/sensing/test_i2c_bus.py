import pytest

from inversion_table.sensing.i2c_bus import CLOCKS, RECOVERY_INTERVAL_MS, I2cBus
from tests.sensing.fake_i2c import FakeI2c, FakeMpu6050


class Wire:
    """One open-drain line with a pull-up; a slave may hold it low."""

    def __init__(self, name: str, log: list) -> None:
        self.name = name
        self.log = log
        self.driven_low = False
        self.held = False
        self.on_rise = lambda: None

    @property
    def level(self) -> int:
        return 0 if self.driven_low or self.held else 1


class FakePin:
    OUT, IN, PULL_UP = 1, 0, 2

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def init(self, mode: int, pull: int | None = None, value: int | None = None) -> None:
        was = self.wire.level
        if mode == self.OUT:
            assert value == 0, "an open-drain line is never driven high"
            self.wire.driven_low = True
        else:
            assert pull == self.PULL_UP
            self.wire.driven_low = False
        if self.wire.level != was:
            self.wire.log.append((self.wire.name, self.wire.level))
        if self.wire.level and not was:
            self.wire.on_rise()

    def value(self) -> int:
        return self.wire.level


class Rig:
    def __init__(self, clocks_needed: int = 0) -> None:
        self.log: list[tuple[str, int]] = []
        self.scl, self.sda = Wire("scl", self.log), Wire("sda", self.log)
        self.clocks_needed = clocks_needed
        self.clocks = 0
        self.scl.on_rise = self.clocked
        self.sda.held = clocks_needed > 0
        self.opened = 0
        self.slept_us = 0
        self.fail_open = False
        self.on_sleep = lambda: None
        self.bus = I2cBus(
            self.open, lambda: FakePin(self.scl), lambda: FakePin(self.sda), self.sleep_us
        )

    def sleep_us(self, us: int) -> None:
        self.slept_us += us
        self.on_sleep()

    def clocked(self) -> None:
        self.clocks += 1
        if self.clocks >= self.clocks_needed:
            self.sda.held = False

    def open(self) -> FakeI2c:
        if self.fail_open:
            raise OSError(5)
        self.opened += 1
        return FakeI2c({0x68: FakeMpu6050()})


@pytest.mark.requirement("RQ-053")
@pytest.mark.parametrize("clocks_needed", [1, 5, 9, 12, 18])
def test_clocks_until_sda_is_free_then_a_stop(clocks_needed: int) -> None:
    rig = Rig(clocks_needed)
    assert rig.bus.recover(1_000)
    assert rig.clocks >= max(CLOCKS, clocks_needed)
    # STOP: SDA rises while SCL is high, and that is the last thing on the bus.
    assert rig.log[-4:] == [("scl", 0), ("sda", 0), ("scl", 1), ("sda", 1)]
    assert rig.opened == 2
    assert rig.bus.recoveries == 1
    assert rig.slept_us < 500


def test_nine_clocks_even_when_sda_is_high() -> None:
    rig = Rig()
    assert rig.bus.recover(0)
    assert rig.clocks >= CLOCKS


def test_sda_held_for_good_is_reported_and_the_bus_opened_all_the_same() -> None:
    rig = Rig(10_000)
    assert not rig.bus.recover(0)
    assert rig.opened == 2
    assert rig.bus.recoveries == 0


def test_a_held_clock_is_not_fought() -> None:
    rig = Rig()
    rig.scl.held = True
    assert not rig.bus.recover(0)
    assert rig.clocks == 0


@pytest.mark.requirement("RQ-053")
def test_attempts_are_spaced_across_the_wrap() -> None:
    rig = Rig(10_000)
    start_ms = (1 << 30) - 100
    assert not rig.bus.recover(start_ms)
    clocks = rig.clocks
    rig.bus.recover((start_ms + RECOVERY_INTERVAL_MS - 1) & 0x3FFFFFFF)
    assert rig.clocks == clocks
    rig.bus.recover((start_ms + RECOVERY_INTERVAL_MS) & 0x3FFFFFFF)
    assert rig.clocks > clocks


def test_failure_to_open_is_reported_and_may_be_retried() -> None:
    rig = Rig()
    rig.fail_open = True
    assert not rig.bus.recover(0)
    rig.fail_open = False
    assert rig.bus.recover(1_000)


def test_a_tick_during_recovery_gets_an_error_at_once() -> None:
    rig = Rig(3)
    seen = []

    def tick() -> None:
        for transfer in (
            lambda: rig.bus.readfrom_mem_into(0x68, 0x75, bytearray(1)),
            lambda: rig.bus.readfrom_mem(0x68, 0x75, 1),
            lambda: rig.bus.writeto_mem(0x68, 0x6B, b"\x01"),
        ):
            with pytest.raises(OSError, match="16"):
                transfer()
            seen.append(True)

    rig.on_sleep = tick
    assert rig.bus.recover(0)
    assert seen


def test_transfers_reach_the_i2c() -> None:
    rig = Rig()
    buffer = bytearray(1)
    rig.bus.readfrom_mem_into(0x68, 0x75, buffer)
    assert buffer == b"\x68"
    assert rig.bus.readfrom_mem(0x68, 0x75, 1) == b"\x68"
    rig.bus.writeto_mem(0x68, 0x6B, b"\x01")
    assert rig.bus.readfrom_mem(0x68, 0x6B, 1) == b"\x01"
