"""The blocks of the emulated chip that differ from the emulator's, at their registers."""

from __future__ import annotations

import struct

import pytest

from table_bench.chip import snapshot
from table_bench.chip.blocks.flash import PAGE_PROGRAM_US, SECTOR_ERASE_US
from table_bench.chip.chip import Chip
from table_bench.chip.image import FLASH_BYTES

I2C0 = 0x4004_4000
IC_CON, IC_TAR, IC_DATA_CMD = 0x00, 0x04, 0x10
IC_FS_HCNT, IC_FS_LCNT, IC_FS_SPKLEN = 0x1C, 0x20, 0xA0
IC_RAW_INTR_STAT, IC_TX_ABRT_SOURCE = 0x34, 0x80
IC_ENABLE, IC_RXFLR = 0x6C, 0x78
READ, STOP, RESTART = 1 << 8, 1 << 9, 1 << 10
TX_ABRT, TX_EMPTY, STOP_DET = 1 << 6, 1 << 4, 1 << 9
PWM = 0x4005_0000
SIO = 0xD000_0000
RESETS_SET, RESETS_CLEAR = 0x4000_E000, 0x4000_F000
SSI_ENABLE, SSI_DATA = 0x1800_0008, 0x1800_0060
QSPI_SS_CTRL = 0x4001_800C
FORCE_LOW, FORCE_HIGH = 2 << 8, 3 << 8
MILLISECOND_NS = 1_000_000

# 0x10000000: adds r0, #1; b .-2
COUNTING = struct.pack("<HH", 0x3001, 0xE7FD)


class Sensor:
    """A device with one register pointer, on an I2C bus."""

    def __init__(self) -> None:
        self.answers: bool | None = True
        self.content = bytes(range(16))
        self.pointer = 0
        self.written: list[int] = []
        self.ended = 0

    def begin(self, address: int, reading: bool) -> bool | None:
        return self.answers if address == 0x6A else False

    def write(self, value: int) -> bool:
        self.written.append(value)
        self.pointer = value
        return True

    def read(self) -> int:
        self.pointer += 1
        return self.content[self.pointer - 1]

    def end(self) -> None:
        self.ended += 1


class Desk:
    """What the chip's pins lead to when there is no table."""

    def __init__(self) -> None:
        self.sensor = Sensor()
        self.operations: list[tuple[bool, int, int]] = []
        self.done = 1.0
        self.changes = 0
        self.resets = 0

    def levels_in(self) -> int:
        return 0b1010

    def pins_changed(self) -> None:
        self.changes += 1

    def bus(self, number: int) -> Sensor:
        return self.sensor

    def convert(self, channel: int) -> int:
        return 100 + channel

    def flash_operated(self, erase: bool, address: int, size: int) -> int:
        self.operations.append((erase, address, size))
        return int(size * self.done)

    def reset_asked(self) -> None:
        self.resets += 1


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def chip(desk: Desk) -> Chip:
    flash = bytearray(b"\xff" * FLASH_BYTES)
    flash[: len(COUNTING)] = COUNTING
    return Chip(bytes(flash), desk, (10, 11))


def open_i2c(chip: Chip) -> None:
    """As the SDK sets it up for 400 kHz at 125 MHz."""
    write = chip.rp2040.write_uint32
    write(I2C0 + IC_ENABLE, 0)
    write(I2C0 + IC_FS_HCNT, 125)
    write(I2C0 + IC_FS_LCNT, 187)
    write(I2C0 + IC_TAR, 0x6A)
    write(I2C0 + IC_ENABLE, 1)


def wait_for(chip: Chip, mask: int) -> int:
    """Ask for the interrupt state until one of `mask` is there, as the firmware does."""
    for _ in range(20):
        state = chip.rp2040.read_uint32(I2C0 + IC_RAW_INTR_STAT)
        if state & mask:
            return int(state)
    raise AssertionError("it never came")


def test_a_byte_on_i2c_takes_nine_clocks(chip: Chip, desk: Desk) -> None:
    open_i2c(chip)
    # High 125 + 7 (filter) + 7, low 187 + 1 periods of 8 ns.
    bit_ns = (125 + 7 + 7 + 187 + 1) * 8
    assert chip.i2c[0].bit_ns == bit_ns
    begun_ns = chip.now_ns
    chip.rp2040.write_uint32(I2C0 + IC_DATA_CMD, 0x22 | STOP)
    assert wait_for(chip, TX_EMPTY) & TX_ABRT == 0
    assert chip.now_ns - begun_ns == (1 + 9 + 9) * bit_ns
    wait_for(chip, STOP_DET)
    assert chip.now_ns - begun_ns == (1 + 9 + 9 + 1) * bit_ns
    assert desk.sensor.written == [0x22]
    assert chip.i2c[0].waited_ns == chip.now_ns - begun_ns


def test_a_read_gives_what_the_sensor_holds(chip: Chip, desk: Desk) -> None:
    open_i2c(chip)
    chip.rp2040.write_uint32(I2C0 + IC_DATA_CMD, 5)
    wait_for(chip, TX_EMPTY)
    for command in (READ | RESTART, READ | STOP):
        chip.rp2040.write_uint32(I2C0 + IC_DATA_CMD, command)
        while not chip.rp2040.read_uint32(I2C0 + IC_RXFLR):
            pass
        value = chip.rp2040.read_uint32(I2C0 + IC_DATA_CMD) & 0xFF
        assert value == desk.sensor.content[desk.sensor.pointer - 1]
    assert desk.sensor.pointer == 7
    wait_for(chip, STOP_DET)
    assert desk.sensor.ended == 2  # at the repeated START, and at the STOP


def test_a_nack_empties_the_fifo_and_says_so(chip: Chip, desk: Desk) -> None:
    open_i2c(chip)
    desk.sensor.answers = False
    chip.rp2040.write_uint32(I2C0 + IC_DATA_CMD, 0x22 | STOP)
    state = wait_for(chip, TX_ABRT)
    assert state & TX_EMPTY
    assert chip.rp2040.read_uint32(I2C0 + IC_TX_ABRT_SOURCE) & 1  # 7-bit address, no answer


def test_a_held_line_keeps_a_transfer_from_beginning_until_the_block_is_reset(
    chip: Chip, desk: Desk
) -> None:
    open_i2c(chip)
    desk.sensor.answers = None
    chip.rp2040.write_uint32(I2C0 + IC_DATA_CMD, 0x22 | STOP)
    chip.run_to(chip.now_ns + 5 * MILLISECOND_NS)
    with pytest.raises(AssertionError):
        wait_for(chip, TX_EMPTY | TX_ABRT)
    desk.sensor.answers = True
    chip.rp2040.write_uint32(RESETS_SET, 1 << 3)
    chip.rp2040.write_uint32(RESETS_CLEAR, 1 << 3)
    open_i2c(chip)
    chip.rp2040.write_uint32(I2C0 + IC_DATA_CMD, 0x33 | STOP)
    wait_for(chip, STOP_DET)
    assert desk.sensor.written == [0x33]


def test_pwm_is_worked_out_from_its_registers(chip: Chip, desk: Desk) -> None:
    write = chip.rp2040.write_uint32
    slice5 = PWM + 5 * 0x14  # GPIO 10 is its channel A, 11 its channel B
    write(slice5 + 0x04, 1 << 4)
    write(slice5 + 0x10, 6249)
    write(slice5 + 0x0C, 3125 | 0 << 16)
    assert chip.pwm.on_pin(10) == (20_000, 0)  # not enabled yet
    before = desk.changes
    write(slice5, 1)
    assert chip.pwm.on_pin(10) == (20_000, 32_767)
    assert chip.pwm.on_pin(11) == (20_000, 0)
    assert desk.changes == before + 1
    assert chip.rp2040.read_uint32(PWM + 0xA0) == 1 << 5


@pytest.mark.parametrize(
    ("dividend", "divisor", "signed"),
    [(100, 7, False), (-100, 7, True), (100, -7, True), (-100, -7, True), (5, 0, False)],
)
def test_the_divider_rounds_as_the_chips_does(
    chip: Chip, dividend: int, divisor: int, signed: bool
) -> None:
    write, read = chip.rp2040.write_uint32, chip.rp2040.read_uint32
    write(SIO + (0x68 if signed else 0x60), dividend & 0xFFFF_FFFF)
    write(SIO + (0x6C if signed else 0x64), divisor & 0xFFFF_FFFF)
    quotient, remainder = read(SIO + 0x70), read(SIO + 0x74)
    if divisor == 0:
        assert (quotient, remainder) == (0xFFFF_FFFF, 5)
        return
    expected = int(dividend / divisor)
    assert quotient == expected & 0xFFFF_FFFF
    assert remainder == (dividend - expected * divisor) & 0xFFFF_FFFF


def flash_command(chip: Chip, *sent: int) -> int:
    """A command between chip select low and high; returns what came with its last byte."""
    write, read = chip.rp2040.write_uint32, chip.rp2040.read_uint32
    write(QSPI_SS_CTRL, FORCE_HIGH)
    write(SSI_ENABLE, 1)
    write(QSPI_SS_CTRL, FORCE_LOW)
    got = 0
    for value in sent:
        write(SSI_DATA, value)
        got = int(read(SSI_DATA))
    write(QSPI_SS_CTRL, FORCE_HIGH)
    return got


def test_an_erase_takes_its_time_and_a_program_only_clears_bits(chip: Chip, desk: Desk) -> None:
    flash_command(chip, 0x06)
    flash_command(chip, 0x02, 0x10, 0x00, 0x00, 0x0F, 0xAA)
    begun_ns = chip.now_ns
    flash_command(chip, 0x05, 0)
    assert chip.now_ns - begun_ns == PAGE_PROGRAM_US * 1000
    flash_command(chip, 0x06)
    flash_command(chip, 0x02, 0x10, 0x00, 0x00, 0xF0)
    assert chip.flash_content()[0x10_0000:0x10_0002] == b"\x00\xaa"
    flash_command(chip, 0x05, 0)
    flash_command(chip, 0x06)
    flash_command(chip, 0x20, 0x10, 0x00, 0x00)
    begun_ns = chip.now_ns
    flash_command(chip, 0x05, 0)
    assert chip.now_ns - begun_ns == SECTOR_ERASE_US * 1000
    assert chip.flash_content()[0x10_0000:0x10_1000] == b"\xff" * 4096
    assert desk.operations == [
        (False, 0x10_0000, 2),
        (False, 0x10_0000, 1),
        (True, 0x10_0000, 4096),
    ]


def test_without_write_enable_the_flash_stays_as_it_is(chip: Chip, desk: Desk) -> None:
    flash_command(chip, 0x02, 0x10, 0x00, 0x00, 0x00)
    assert chip.flash_content()[0x10_0000] == 0xFF
    assert desk.operations == []


def test_a_cut_operation_is_done_in_part(chip: Chip, desk: Desk) -> None:
    desk.done = 0.5
    flash_command(chip, 0x06)
    flash_command(chip, 0x02, 0x10, 0x00, 0x00, 1, 2, 3, 4)
    assert chip.flash_content()[0x10_0000:0x10_0004] == b"\x01\x02\xff\xff"


def test_the_chip_runs_at_its_clock_and_a_snapshot_goes_on_where_it_was(desk: Desk) -> None:
    flash = bytearray(b"\xff" * FLASH_BYTES)
    flash[: len(COUNTING)] = COUNTING
    first, second = (Chip(bytes(flash), desk, ()) for _ in range(2))
    first.run_to(MILLISECOND_NS)
    # An addition is one cycle of 8 ns, a branch two.
    assert first.rp2040.core.registers[0] == MILLISECOND_NS // 24 + 1
    kept = snapshot.take(first)
    first.run_to(2 * MILLISECOND_NS)
    snapshot.put(second, kept)
    second.run_to(2 * MILLISECOND_NS)
    assert snapshot.take(first) == snapshot.take(second)
    assert second.now_ns >= 2 * MILLISECOND_NS


def test_without_executing_timers_run_on(chip: Chip) -> None:
    chip.let_time_pass(3 * MILLISECOND_NS)
    assert chip.now_ns == 3 * MILLISECOND_NS
    assert chip.rp2040.core.registers[0] == 0
