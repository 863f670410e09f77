"""The USB device controller: packets take time, and a host that has no room lets them wait.

The emulator's own hands every packet to the host at once and without end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rp2040py.peripherals.usb import (
    EP0_IN_BUFFER_CONTROL,
    EP15_OUT_BUFFER_CONTROL,
    USB_BUF1_OFFSET,
    USB_BUF1_SHIFT,
    USB_BUF_CTRL_AVAILABLE,
    USB_BUF_CTRL_FULL,
    USB_BUF_CTRL_LEN_MASK,
    RPUSBController,
)

PACKET_US = 55
"""64 bytes at 12 Mbit/s with all that goes around them."""

_OUT = 4


class UsbController(RPUSBController):
    """`on_packet(endpoint, data)` gets what the device sends, after its time on the wire.

    `room()` says whether the host takes packets now; after it said no, `go_on` must be called.
    """

    def __init__(self, rp2040: Any, name: str) -> None:
        super().__init__(rp2040, name)
        self.read_delay_microseconds = PACKET_US
        self.room: Callable[[], bool] = lambda: True
        self._waiting: list[tuple[int, int]] = []  # (endpoint, which of its two buffers)
        self._on_wire: tuple[int, bytes] | None = None
        self._packet_alarm = rp2040.clock.create_alarm(self._sent)

    def reset(self) -> None:
        """Registers as after power-on; nothing is on its way."""
        self._waiting = []
        self._on_wire = None
        self._packet_alarm.cancel()
        super().reset()

    def dpram_updated(self, offset: int, value: int) -> None:
        """The device armed a buffer; those that it sends from wait for the wire."""
        endpoint = (offset - EP0_IN_BUFFER_CONTROL) >> 3
        inside = EP0_IN_BUFFER_CONTROL <= offset <= EP15_OUT_BUFFER_CONTROL
        if not inside or endpoint == 0 or offset & _OUT:
            super().dpram_updated(offset, value)
            return
        for buffer in (0, 1):
            if value >> buffer * USB_BUF1_SHIFT & USB_BUF_CTRL_AVAILABLE:
                self._waiting.append((endpoint, buffer))
        self.go_on()

    def go_on(self) -> None:
        """Put the next packet on the wire, if there is one and the host takes it."""
        if self._on_wire is None and self._waiting and self.room():
            endpoint, buffer = self._waiting.pop(0)
            control = self._control(endpoint) >> buffer * USB_BUF1_SHIFT
            start = self._get_endpoint_buffer_offset(endpoint, False) + buffer * USB_BUF1_OFFSET
            size = control & USB_BUF_CTRL_LEN_MASK
            data = bytes(self.rp2040.usb_dpram[start : start + size])
            self._clear(endpoint, (USB_BUF_CTRL_AVAILABLE | USB_BUF_CTRL_FULL) << buffer * 16)
            self._on_wire = (endpoint, data)
            self._packet_alarm.schedule(PACKET_US * 1000)

    def _sent(self) -> None:
        assert self._on_wire is not None
        endpoint, data = self._on_wire
        self._on_wire = None
        if self.on_endpoint_write is not None:
            self.on_endpoint_write(endpoint, data)
        self._indicate_buffer_ready(endpoint, False)
        self.go_on()

    def _control(self, endpoint: int) -> int:
        at = EP0_IN_BUFFER_CONTROL + 8 * endpoint
        return int.from_bytes(self.rp2040.usb_dpram[at : at + 4], "little")

    def _clear(self, endpoint: int, bits: int) -> None:
        at = EP0_IN_BUFFER_CONTROL + 8 * endpoint
        value = self._control(endpoint) & ~bits
        self.rp2040.usb_dpram[at : at + 4] = value.to_bytes(4, "little")
