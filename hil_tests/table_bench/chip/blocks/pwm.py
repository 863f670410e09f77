"""PWM as registers: what is on a pin is worked out from them, not simulated edge by edge.

The emulator's own block raises three alarms in each period of each slice, 20,000 times a second for
a motor bridge; nothing here looks at single edges. A new duty counts at once, not from the next
period (50 us).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rp2040py.peripherals.peripheral import BasePeripheral

_SLICES = 8
_SLICE_BYTES = 0x14
_CSR, _DIV, _CTR, _CC, _TOP = 0x00, 0x04, 0x08, 0x0C, 0x10
_REGISTERS = (_CSR, _DIV, _CTR, _CC, _TOP)
_MASKS = {_CSR: 0xFF, _DIV: 0xFFF, _CTR: 0xFFFF, _CC: 0xFFFF_FFFF, _TOP: 0xFFFF}
_AT_RESET = {_CSR: 0, _DIV: 1 << 4, _CTR: 0, _CC: 0, _TOP: 0xFFFF}
_ENABLED = 1 << 0
_PHASE_CORRECT = 1 << 1
_INVERTED = (1 << 2, 1 << 3)  # channels A and B
_EN = 0xA0
_INTERRUPT_REGISTERS = (0xA4, 0xA8, 0xAC, 0xB0)
_CLOCK_HZ = 125_000_000
_DUTY_FULL = 65535
_ALL_PINS = 0x3FFF_FFFF


class Pwm(BasePeripheral):
    """`changed()` is called when a duty or a frequency may have changed."""

    def __init__(self, rp2040: Any, changed: Callable[[], None]) -> None:
        super().__init__(rp2040, "PWM")
        self._changed = changed
        self._slices = [dict(_AT_RESET) for _ in range(_SLICES)]
        # What the emulator's pins ask: driven as soon as a pin is given to this block.
        self.gpio_direction = _ALL_PINS
        self.gpio_value = 0

    def reset(self) -> None:
        """Registers as after power-on."""
        self._slices = [dict(_AT_RESET) for _ in range(_SLICES)]

    def gpio_on_input(self, index: int) -> None:
        """Nothing here counts edges on a pin."""

    def read_uint32(self, offset: int) -> int:
        """A register; interrupts are never pending."""
        if offset < _EN:
            return self._slices[offset // _SLICE_BYTES][offset % _SLICE_BYTES]
        if offset == _EN:
            return sum(
                (registers[_CSR] & _ENABLED) << index
                for index, registers in enumerate(self._slices)
            )
        if offset in _INTERRUPT_REGISTERS:
            return 0
        return int(super().read_uint32(offset))

    def write_uint32(self, offset: int, value: int) -> None:
        """A register."""
        if offset < _EN:
            register = offset % _SLICE_BYTES
            self._slices[offset // _SLICE_BYTES][register] = value & _MASKS[register]
        elif offset == _EN:
            for index, registers in enumerate(self._slices):
                registers[_CSR] = registers[_CSR] & ~_ENABLED | value >> index & _ENABLED
        elif offset not in _INTERRUPT_REGISTERS:
            super().write_uint32(offset, value)
            return
        self._changed()

    def on_pin(self, pin: int) -> tuple[int, int]:
        """(Hz, duty of 65535) that comes out of `pin` when it belongs to this block."""
        registers = self._slices[pin >> 1 & 7]
        channel = pin & 1
        control = registers[_CSR]
        steps = registers[_TOP] + 1
        high = registers[_CC] >> 16 * channel & 0xFFFF
        duty = min(high, steps) * _DUTY_FULL // steps if control & _ENABLED else 0
        if control & _INVERTED[channel]:
            duty = _DUTY_FULL - duty
        divider_16ths = registers[_DIV] or 256 << 4
        period = divider_16ths * steps * (2 if control & _PHASE_CORRECT else 1)
        return _CLOCK_HZ * 16 // period, duty
