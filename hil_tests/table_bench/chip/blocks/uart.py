"""A UART whose transmit interrupt, once cleared, stays so until something was sent."""

from __future__ import annotations

from rp2040py.peripherals.uart import RPUART, UARTDR, UARTTXINTR


class Uart(RPUART):
    """The emulator's raises it again at every look, and the firmware never leaves its handler."""

    def write_uint32(self, offset: int, value: int) -> None:
        """A register."""
        super().write_uint32(offset, value)
        if offset == UARTDR:
            self._interrupt_status |= UARTTXINTR
            self.check_interrupts()

    def check_interrupts(self) -> None:
        """Ask for an interrupt if one is pending and wanted."""
        pending = self._interrupt_status & self._interrupt_mask
        self.rp2040.set_interrupt(self.irq, bool(pending))
