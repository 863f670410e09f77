"""The flash chip behind the SSI: erasing and programming take time, and power may fail in it.

Times are typical ones of the Pico's W25Q16JV (its datasheet, 9.6). The boot ROM waits for the end
by reading the chip's status, with interrupts off: time moves on in the first such reading.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rp2040py.peripherals.ssi import (
    CMD_BLOCK_ERASE,
    CMD_PAGE_PROGRAM,
    CMD_READ_STATUS_1,
    CMD_SECTOR_ERASE,
    FLASH_BLOCK_SIZE,
    FLASH_PAGE_SIZE,
    FLASH_SECTOR_SIZE,
    RPSSI,
)

SECTOR_ERASE_US = 45_000
BLOCK_ERASE_US = 150_000
PAGE_PROGRAM_US = 1_000
"""Between the typical 0.7 ms and the 3 ms at worst."""

_ERASED = 0xFF


class FlashChip(RPSSI):
    """`operated(erase, address, size)` returns how many bytes are done before power fails."""

    def __init__(self, rp2040: Any, name: str, operated: Callable[[bool, int, int], int]) -> None:
        rp2040.qspi[1]._listeners.clear()  # of the block replaced here
        super().__init__(rp2040, name)
        self._operated = operated
        self._clock = rp2040.clock
        self._busy_until_ns = 0.0
        self.waited_ns = 0.0
        """Time spent waiting for the chip, all in all."""

    def _shift_byte(self, byte_out: int) -> int:
        if self._tx_buffer and self._tx_buffer[0] == CMD_READ_STATUS_1:
            left_ns = self._busy_until_ns - self._clock.nanos
            if left_ns > 0:
                self.waited_ns += left_ns
                self._clock.tick(left_ns)
        return super()._shift_byte(byte_out)

    def _apply_command(self) -> None:
        buffer = self._tx_buffer
        if len(buffer) < 4 or not self._write_enabled:
            super()._apply_command()
            return
        command = buffer[0]
        flash = self.rp2040.flash
        if command in (CMD_SECTOR_ERASE, CMD_BLOCK_ERASE):
            block = command == CMD_BLOCK_ERASE
            size = FLASH_BLOCK_SIZE if block else FLASH_SECTOR_SIZE
            address = self._address_from_buffer() & ~(size - 1)
            done = self._operated(True, address, size)
            flash[address : address + done] = bytes((_ERASED,)) * done
            self._begin(BLOCK_ERASE_US if block else SECTOR_ERASE_US)
        elif command == CMD_PAGE_PROGRAM:
            address = self._address_from_buffer()
            data = buffer[4 : 4 + FLASH_PAGE_SIZE]
            done = self._operated(False, address, len(data))
            for index in range(done):
                flash[address + index] &= data[index]
            self._begin(PAGE_PROGRAM_US)
        else:
            super()._apply_command()

    def _begin(self, duration_us: int) -> None:
        self._busy_until_ns = self._clock.nanos + duration_us * 1000
        self._write_enabled = False
        self._tx_buffer = bytearray()
