"""The chip's registers that a reset leaves alone, or sets: what the firmware reads of them."""

from __future__ import annotations

# RP2040 datasheet, 4.7.6 (watchdog) and 2.13.6 (voltage regulator and chip reset).
REASON = 0x4005_8008
SCRATCH0 = 0x4005_800C
SCRATCHES = 8
CHIP_RESET = 0x4006_4008

REASON_TIMER = 1
REASON_FORCE = 2
HAD_POR = 1 << 8
HAD_RUN = 1 << 16

_MASK = 0xFFFF_FFFF


class Registers:
    """Addresses and values; `content` is what a start finds."""

    def __init__(self) -> None:
        self._values: dict[int, int] = {}
        self.power_on()

    def content(self) -> list[tuple[int, int]]:
        """(address, value) of each."""
        return sorted(self._values.items())

    def power_on(self) -> None:
        """Power-on or brown-out: everything is forgotten."""
        self._reset_chip(HAD_POR)

    def run_pin(self) -> None:
        """The RUN pin forgets as much as power does."""
        self._reset_chip(HAD_RUN)

    def watchdog(self, reason: int) -> None:
        """A reset by the watchdog: scratch registers and the chip's last reset stay."""
        self._values[REASON] = reason

    def write(self, address: int, value: int) -> None:
        """The firmware writes; only scratch registers take it."""
        if SCRATCH0 <= address < SCRATCH0 + 4 * SCRATCHES:
            self._values[address] = value & _MASK

    def _reset_chip(self, flag: int) -> None:
        self._values = {SCRATCH0 + 4 * number: 0 for number in range(SCRATCHES)}
        self._values[REASON] = 0
        self._values[CHIP_RESET] = flag
