"""A register that no real chip has: the program writes numbers to it, and each gets its time."""

from __future__ import annotations

from typing import Any

from rp2040py.peripherals.peripheral import BasePeripheral

BASE = 0x4006_8000
"""Reserved on the RP2040."""


class Marks(BasePeripheral):
    """`seen`: (number, cycle at which it was written, cycles waited for I2C until then)."""

    def __init__(self, rp2040: Any) -> None:
        super().__init__(rp2040, "MARKS")
        self.seen: list[tuple[int, int, int]] = []

    def write_uint32(self, offset: int, value: int) -> None:
        """A mark."""
        rp2040: Any = self.rp2040
        waited_ns = sum(controller.waited_ns for controller in rp2040.i2c)
        self.seen.append((value & 0xFFFF_FFFF, int(rp2040.clock.nanos) // 8, int(waited_ns) // 8))
