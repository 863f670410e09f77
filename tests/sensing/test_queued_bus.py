"""Bursts that the controller reads by itself: the same bytes, and the same failures."""

import pytest

from inversion_table.sensing.i2c_bus import burst
from inversion_table.sensing.queued_bus import BURST_MOST, QueuedI2cBus
from tests.sensing.fake_controller import (
    BYTE_US,
    ENABLE,
    READ,
    RESTART,
    STOP,
    FakeClock,
    FakeController,
)
from tests.sensing.fake_i2c import FakeI2c, FakeMpu6050

TIMEOUT_US = 2_000
ADDRESS, DATA = 0x68, 0x3B
WANTED = burst(ADDRESS, DATA, 14)


def queued_bus(i2c: FakeI2c, controller: FakeController) -> QueuedI2cBus:
    """A bus on a controller that is no address."""
    bus = QueuedI2cBus(lambda: i2c, None, None, lambda _us: None, 0, 0, TIMEOUT_US)
    vars(bus)["_words"] = [controller, FakeClock(controller), TIMEOUT_US, 0, 0]
    return bus


class Rig:
    def __init__(self) -> None:
        self.device = FakeMpu6050()
        self.device.write_register(0x6B, 1)
        self.device.live = False
        self.device.set((1_000, -2_000, 16_000), (5, -6, 7), 321)
        self.i2c = FakeI2c({ADDRESS: self.device})
        self.controller = FakeController(self.i2c)
        self.bus = queued_bus(self.i2c, self.controller)
        self.buffer = bytearray(14)

    def take(self) -> int:
        return self.bus.take(WANTED, self.buffer)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_burst_is_queued_at_once_and_read_while_other_things_are_done(rig: Rig) -> None:
    began_us = rig.controller.now_us
    rig.bus.begin_read(WANTED)
    assert rig.controller.now_us - began_us < 5
    assert rig.controller.commands == [DATA, READ | RESTART, *[READ] * 12, READ | STOP]
    rig.controller.pass_time(17 * BYTE_US)
    before_us = rig.controller.now_us
    assert rig.take() == 1
    assert rig.controller.now_us - before_us < 20, "there is nothing left to wait for"
    assert rig.buffer == rig.device.data
    assert rig.i2c.transfers == 1


def test_taken_early_it_waits_for_the_last_byte(rig: Rig) -> None:
    rig.bus.begin_read(WANTED)
    assert rig.take() == 1
    assert rig.buffer == rig.device.data


@pytest.mark.parametrize("length", [2, BURST_MOST])
def test_any_length_that_the_queue_holds(rig: Rig, length: int) -> None:
    wanted = burst(ADDRESS, 0x19, length)
    rig.bus.begin_read(wanted)
    buffer = bytearray(length)
    assert rig.bus.take(wanted, buffer) == 1
    assert buffer == rig.i2c.readfrom_mem(ADDRESS, 0x19, length)


def test_a_hundred_bursts_on_end_past_the_wrap_of_the_clock(rig: Rig) -> None:
    for value in range(100):
        rig.device.set((value, -value, 3 * value), (0, 1, value))
        rig.bus.begin_read(WANTED)
        assert rig.take() == 1
        assert rig.buffer == rig.device.data


@pytest.mark.requirement("RQ-161")
def test_nobody_answers_and_then_somebody_does(rig: Rig) -> None:
    rig.i2c.nack = True
    for _ in range(3):
        before_us = rig.controller.now_us
        rig.bus.begin_read(WANTED)
        assert rig.take() == 0
        assert rig.controller.now_us - before_us < 10 * BYTE_US
    rig.i2c.nack = False
    rig.bus.begin_read(WANTED)
    assert rig.take() == 1
    assert rig.buffer == rig.device.data


@pytest.mark.requirement("RQ-161")
@pytest.mark.parametrize("after_bytes", [0, 1, 9, 15])
def test_a_bus_that_is_held_costs_its_time_out_and_leaves_nothing_behind(
    rig: Rig, after_bytes: int
) -> None:
    began_us = rig.controller.now_us
    rig.bus.begin_read(WANTED)
    rig.controller.pass_time(after_bytes * BYTE_US)
    rig.controller.held = True
    assert rig.take() == 0
    assert TIMEOUT_US <= rig.controller.now_us - began_us < TIMEOUT_US + 20
    assert not rig.controller.on, "what is queued must not begin when the bus comes free"
    rig.controller.held = False
    rig.controller.pass_time(10_000)
    rig.device.set((7, 7, 7), (8, 8, 8))
    rig.bus.begin_read(WANTED)
    assert rig.take() == 1
    assert rig.buffer == rig.device.data


@pytest.mark.requirement("RQ-161")
def test_the_time_out_counts_from_the_beginning(rig: Rig) -> None:
    rig.controller.held = True
    rig.bus.begin_read(WANTED)
    rig.controller.pass_time(TIMEOUT_US + 1)
    before_us = rig.controller.now_us
    assert rig.take() == 0
    assert rig.controller.now_us - before_us < 10


def test_complete_but_asked_for_late_it_is_good(rig: Rig) -> None:
    rig.bus.begin_read(WANTED)
    rig.controller.pass_time(10 * TIMEOUT_US)
    assert rig.take() == 1
    assert rig.buffer == rig.device.data


def test_not_begun_it_goes_through_machine_i2c(rig: Rig) -> None:
    assert rig.take() == 1
    assert rig.buffer == rig.device.data
    assert rig.controller.writes == 0
    rig.i2c.nack = True
    assert rig.take() == 0


def test_another_than_was_begun_goes_through_machine_i2c(rig: Rig) -> None:
    rig.bus.begin_read(WANTED)
    buffer = bytearray(1)
    assert rig.bus.take(burst(ADDRESS, 0x75, 1), buffer) == 1
    assert buffer == b"\x68"


def test_one_that_nobody_took_is_forgotten_by_the_next(rig: Rig) -> None:
    rig.bus.begin_read(WANTED)
    rig.controller.pass_time(5 * BYTE_US)
    rig.device.set((9, 9, 9), (1, 2, 3))
    rig.bus.begin_read(WANTED)
    assert rig.take() == 1
    assert rig.buffer == rig.device.data


def test_taken_twice_the_second_is_read_anew(rig: Rig) -> None:
    rig.bus.begin_read(WANTED)
    assert rig.take() == 1
    rig.device.set((9, 9, 9), (1, 2, 3))
    assert rig.take() == 1
    assert rig.buffer == rig.device.data
    assert rig.i2c.transfers == 2


@pytest.mark.requirement("RQ-053", "RQ-161")
def test_a_tick_during_recovery_touches_no_register(rig: Rig) -> None:
    rig.bus._busy = True
    rig.bus.begin_read(WANTED)
    assert rig.take() == 0
    assert rig.controller.writes == 0
    assert rig.i2c.transfers == 0
    rig.bus._busy = False
    rig.bus.begin_read(WANTED)
    assert rig.take() == 1


def test_the_fake_is_as_strict_as_the_part(rig: Rig) -> None:
    controller = rig.controller
    controller[ENABLE // 4] = 1
    with pytest.raises(AssertionError, match="while the controller is off"):
        controller[1] = ADDRESS
    for _ in range(16):
        controller[4] = READ
    with pytest.raises(AssertionError, match="queue is full"):
        controller[4] = READ
