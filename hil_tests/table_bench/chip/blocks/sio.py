"""The processor's own I/O: pins are read from the table, and pins that change are told to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rp2040py.sio import RPSIO

_GPIO_IN = 0x004
_GPIO_OUT_FIRST = 0x010
_GPIO_OE_LAST = 0x02C
_UDIVIDEND = 0x060
_UDIVISOR = 0x064
_SDIVIDEND = 0x068
_SDIVISOR = 0x06C
_QUOTIENT = 0x070
_REMAINDER = 0x074
_CSR = 0x078
_READY_DIRTY = 0b11
_READY = 0b01
_FULL = 0xFFFF_FFFF
_SIGN = 0x8000_0000


class Sio(RPSIO):
    """`levels_in()` gives the level at every pin; `changed()` is called after a pin was driven.

    The divider works in integers, and only when somebody asks for what came of it: MicroPython
    divides a million times a second, at each look into a table of names.
    """

    def __init__(
        self, rp2040: Any, levels_in: Callable[[], int], changed: Callable[[], None]
    ) -> None:
        super().__init__(rp2040)
        self._levels_in = levels_in
        self._changed = changed
        self._due = False
        self._signed = False

    def read_uint32(self, offset: int) -> int:
        """A register."""
        if offset == _CSR:
            return self.div_csr
        if offset == _REMAINDER:
            if self._due:
                self._divide()
            return int(self.div_remainder)
        if offset == _QUOTIENT:
            if self._due:
                self._divide()
            self.div_csr = _READY
            return int(self.div_quotient)
        if offset == _GPIO_IN:
            return self._levels_in()
        return int(super().read_uint32(offset)) & _FULL

    def write_uint32(self, offset: int, value: int) -> None:
        """A register."""
        if _UDIVIDEND <= offset <= _SDIVISOR:
            if offset in (_UDIVIDEND, _SDIVIDEND):
                self.div_dividend = value & _FULL
            else:
                self.div_divisor = value & _FULL
            self._signed = offset >= _SDIVIDEND
            self._due = True
            self.div_csr = _READY_DIRTY
        elif offset in (_QUOTIENT, _REMAINDER):  # what an interrupt puts back
            if self._due:
                self._divide()
            super().write_uint32(offset, value)
        elif _GPIO_OUT_FIRST <= offset <= _GPIO_OE_LAST:
            before = self.gpio_value, self.gpio_output_enable
            super().write_uint32(offset, value)
            if before != (self.gpio_value, self.gpio_output_enable):
                self._changed()
        else:
            super().write_uint32(offset, value)

    def _divide(self) -> None:
        """RP2040 datasheet, 2.3.1.5; rounds toward zero, as C does."""
        self._due = False
        dividend, divisor = self.div_dividend, self.div_divisor
        if self._signed:
            dividend -= (dividend & _SIGN) << 1
            divisor -= (divisor & _SIGN) << 1
        if divisor == 0:
            quotient = 1 if self._signed and dividend < 0 else -1
            remainder = dividend
        else:
            quotient = abs(dividend) // abs(divisor)
            if (dividend < 0) != (divisor < 0):
                quotient = -quotient
            remainder = dividend - quotient * divisor
        self.div_quotient = quotient & _FULL
        self.div_remainder = remainder & _FULL
